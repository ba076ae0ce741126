//! From listening socket to accepted connections: TLS handshakes, a deadline on each, and a cap on how many run at once. It
//! deliberately does not judge certificates (the verifier does) and does not serve calls.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConnection;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::Klok;
use super::certificaat::KlantCertificaat;
use super::tls::{ALPN_H2, ALPN_HTTP11, TlsStand};
use super::verbinding::Verbinding;
use super::verbindingen::Verbindingen;
use super::weigering::{Reden, Tellers};

/// How long to wait after a failed `accept`. Out of file descriptors, the next one fails at once: without this the loop would burn
/// a whole core.
const ADEMPAUZE: Duration = Duration::from_millis(50);
/// How long a refused client gets to read why. Closing at once, with its bytes unread, would make the kernel send a reset that can
/// overtake the alert.
const UITZWAAI: Duration = Duration::from_millis(500);
/// How many accepted connections may wait for the server to take them.
const WACHTRIJ: usize = 64;

/// What is spoken on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// gRPC: HTTP/2.
    Grpc,
    /// Pages: HTTP/2 or HTTP/1.1, as a browser likes.
    Paginas,
}

impl Protocol {
    fn spreekt(self, alpn: Option<&[u8]>) -> bool {
        alpn == Some(ALPN_H2) || self == Protocol::Paginas && alpn == Some(ALPN_HTTP11)
    }
}

/// The limits of the acceptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptorInstellingen {
    /// The time a client has to finish its handshake.
    pub handshake_deadline: Duration,
    /// How many handshakes may run at once; more clients wait in the kernel's queue.
    pub max_handshakes: usize,
    /// How many live connections there may be.
    pub max_verbindingen: usize,
    /// What is spoken.
    pub protocol: Protocol,
}

impl Default for AcceptorInstellingen {
    fn default() -> Self {
        Self { handshake_deadline: Duration::from_secs(5), max_handshakes: 512, max_verbindingen: 10_000, protocol: Protocol::Grpc }
    }
}

/// Accepts connections until it is told to stop, or nobody takes them any more.
pub struct Acceptor {
    stand: Arc<ArcSwap<TlsStand>>,
    verbindingen: Arc<Verbindingen>,
    klok: Klok,
    instellingen: AcceptorInstellingen,
    tellers: Arc<Tellers>,
    stop: CancellationToken,
}

impl Acceptor {
    /// Starts accepting. The receiver ends when `stop` fires; handshakes under way are then abandoned, accepted connections live
    /// on.
    pub fn start(
        listener: TcpListener,
        stand: Arc<ArcSwap<TlsStand>>,
        verbindingen: Arc<Verbindingen>,
        klok: Klok,
        instellingen: AcceptorInstellingen,
        stop: CancellationToken,
    ) -> (mpsc::Receiver<io::Result<Verbinding>>, Arc<Tellers>) {
        let tellers = Arc::new(Tellers::default());
        let (uit, ontvanger) = mpsc::channel(WACHTRIJ);
        let acceptor = Self { stand, verbindingen, klok, instellingen, tellers: tellers.clone(), stop };
        tokio::spawn(Arc::new(acceptor).luister(listener, uit));
        (ontvanger, tellers)
    }

    async fn luister(self: Arc<Self>, listener: TcpListener, uit: mpsc::Sender<io::Result<Verbinding>>) {
        let plaatsen = Arc::new(Semaphore::new(self.instellingen.max_handshakes));
        loop {
            // The place first, the connection then: who waits for a place waits in the kernel, and costs us nothing.
            let plaats_en_tcp = async {
                let plaats = plaatsen.clone().acquire_owned().await.map_err(io::Error::other)?;
                Ok((plaats, listener.accept().await?))
            };
            let aangenomen: io::Result<_> = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                () = uit.closed() => return,
                aangenomen = plaats_en_tcp => aangenomen,
            };
            let (plaats, (tcp, peer)) = match aangenomen {
                Ok(aangenomen) => aangenomen,
                Err(fout) => {
                    tracing::warn!(%fout, "accepting a connection failed");
                    sleep(ADEMPAUZE).await;
                    continue;
                }
            };
            let (acceptor, uit) = (self.clone(), uit.clone());
            tokio::spawn(async move {
                let verbinding = tokio::select! {
                    biased;
                    () = acceptor.stop.cancelled() => return,
                    verbinding = acceptor.neem_aan(tcp, peer) => verbinding,
                };
                // Given back before the queue: a slow server must not keep others from their handshake.
                drop(plaats);
                if let Some(verbinding) = verbinding {
                    // Failure means that nobody takes connections any more; dropping it closes it.
                    let _ = uit.send(Ok(verbinding)).await;
                }
            });
        }
    }

    async fn neem_aan(&self, tcp: TcpStream, peer: SocketAddr) -> Option<Verbinding> {
        match self.handshake(tcp, peer).await {
            Ok(verbinding) => {
                self.tellers.tel_aangenomen();
                Some(verbinding)
            }
            Err(reden) => {
                self.tellers.tel_geweigerd(reden);
                tracing::info!(%peer, reden = reden.code(), "connection refused");
                None
            }
        }
    }

    async fn handshake(&self, tcp: TcpStream, peer: SocketAddr) -> Result<Verbinding, Reden> {
        let einde = Instant::now() + self.instellingen.handshake_deadline;
        // Without it every small message waits for a delayed acknowledgement, some 40 ms; tonic does not do this for us.
        tcp.set_nodelay(true).map_err(|_| Reden::Verbroken)?;
        let stand = self.stand.load_full();
        let config = match self.instellingen.protocol {
            Protocol::Grpc => stand.config(),
            Protocol::Paginas => stand.config_paginas(),
        };
        let handshake = TlsAcceptor::from(config).accept(tcp).into_fallible();
        let mut stroom = match timeout_at(einde, handshake).await {
            Err(_) => return Err(Reden::HandshakeTeTraag),
            Ok(Ok(stroom)) => stroom,
            Ok(Err((fout, tcp))) => {
                let reden = Reden::from(&fout);
                let _ = timeout_at(einde, zwaai_uit(tcp)).await;
                return Err(reden);
            }
        };
        match self.schrijf_in(&stroom, peer, &stand) {
            Ok(inschrijving) => Ok(Verbinding::nieuw(stroom, inschrijving)),
            Err(reden) => {
                let _ = timeout_at(einde, stroom.shutdown()).await;
                Err(reden)
            }
        }
    }

    fn schrijf_in(
        &self,
        stroom: &TlsStream<TcpStream>,
        peer: SocketAddr,
        stand: &Arc<TlsStand>,
    ) -> Result<super::verbindingen::Inschrijving, Reden> {
        let tls: &ServerConnection = stroom.get_ref().1;
        // The library refuses another protocol than ours, but not the absence of any.
        if !self.instellingen.protocol.spreekt(tls.alpn_protocol()) {
            return Err(Reden::GeenH2);
        }
        let keten = tls.peer_certificates().ok_or(Reden::GeenCertificaat)?;
        let blad: &CertificateDer<'_> = keten.first().ok_or(Reden::GeenCertificaat)?;
        let certificaat = KlantCertificaat::lees(blad).map_err(|fout| Reden::from(&fout))?;
        let maximum = self.instellingen.max_verbindingen;
        let inschrijving = self.verbindingen.schrijf_in(certificaat, (peer, (self.klok)()), keten.into(), maximum);
        let inschrijving = inschrijving.ok_or(Reden::TeVeelVerbindingen)?;
        // A reload stores the new state first and then visits the register. If it happened during this handshake, the visit may
        // have come before we were in the register; the state that is current now is then a new one, and judges us here.
        let huidig = self.stand.load();
        if !Arc::ptr_eq(&huidig, stand) {
            huidig.verifieer(keten, (self.klok)()).map_err(|fout| Reden::from(&fout))?;
        }
        Ok(inschrijving)
    }
}

/// Says that nothing more follows, and reads what the client still sends, for a moment.
async fn zwaai_uit(mut tcp: TcpStream) {
    let lezen = async {
        let mut emmer = [0; 4096];
        if tcp.shutdown().await.is_ok() {
            while matches!(tcp.read(&mut emmer).await, Ok(n) if n > 0) {}
        }
    };
    let _ = timeout(UITZWAAI, lezen).await;
}
