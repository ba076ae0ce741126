//! One accepted connection: TLS bytes, the identity behind them, and an end that comes from outside. It deliberately does not know
//! HTTP/2 or tonic.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use chrono::{DateTime, Utc};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::certificaat::KlantCertificaat;
use super::verbindingen::Inschrijving;
use super::weigering::Reden;
use crate::domain::ids::Oin;

/// Who is at the other end, as the certificate says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identiteit {
    /// The organisation.
    pub oin: Oin,
    /// Its name in the certificate.
    pub organisatie: String,
    /// The certificate's serial number in hexadecimal.
    pub serienummer: String,
    /// When the certificate expires.
    pub niet_na: DateTime<Utc>,
    /// SHA-256 over the certificate in DER.
    pub certificaat: [u8; 32],
    /// Where the connection comes from.
    pub peer: SocketAddr,
    /// The connection's number, unique while the hub runs.
    pub verbinding_id: u64,
}

impl Identiteit {
    pub(super) fn nieuw(certificaat: KlantCertificaat, peer: SocketAddr, verbinding_id: u64) -> Self {
        let serienummer = certificaat.serienummer_hex();
        let KlantCertificaat { oin, organisatie, niet_na, vingerafdruk, .. } = certificaat;
        Self { oin, organisatie, serienummer, niet_na, certificaat: vingerafdruk, peer, verbinding_id }
    }

    pub(super) fn meld_verbroken(&self, reden: Reden) {
        tracing::info!(
            oin = %self.oin, organisatie = %self.organisatie, serienummer = %self.serienummer, peer = %self.peer,
            verbinding = self.verbinding_id, reden = reden.code(), "connection cut"
        );
    }
}

/// An accepted connection. It is in the register of live connections until it is dropped, and every operation on it fails with
/// `ConnectionAborted` as soon as the register cuts it.
pub struct Verbinding {
    // Declared first, so dropped first: the socket is closed before the register says that it is.
    stroom: TlsStream<TcpStream>,
    afgebroken: Pin<Box<WaitForCancellationFutureOwned>>,
    inschrijving: Inschrijving,
}

impl Verbinding {
    pub(super) fn nieuw(stroom: TlsStream<TcpStream>, inschrijving: Inschrijving) -> Self {
        let afgebroken = Box::pin(inschrijving.afbreken.clone().cancelled_owned());
        Self { stroom, afgebroken, inschrijving }
    }

    /// Who is at the other end.
    #[must_use]
    pub fn identiteit(&self) -> &Arc<Identiteit> {
        &self.inschrijving.identiteit
    }

    /// Fires when this connection is cut; for work that must end with it. Cancelling it cuts the connection.
    #[must_use]
    pub fn afbreken(&self) -> CancellationToken {
        self.inschrijving.afbreken.clone()
    }

    /// The stream, unless the connection was cut. Asked before every operation: this also registers the task, so that a reader that
    /// waits for a silent peer wakes up when the connection is cut.
    fn stroom(&mut self, cx: &mut Context<'_>) -> io::Result<Pin<&mut TlsStream<TcpStream>>> {
        match self.afgebroken.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the connection was cut by the hub")),
            Poll::Pending => Ok(Pin::new(&mut self.stroom)),
        }
    }
}

impl AsyncRead for Verbinding {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.stroom(cx)?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Verbinding {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.stroom(cx)?.poll_write(cx, buf)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.stroom(cx)?.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stroom.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stroom(cx)?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stroom(cx)?.poll_shutdown(cx)
    }
}
