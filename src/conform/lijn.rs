//! A connection that the front can cut in the middle of anything, and messages that it passes on as bytes. It looks at nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, BufMut as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::server::Connected;

/// Who is behind a connection: its OIN, or nobody.
#[derive(Clone, Debug)]
pub(super) struct Wie(pub(super) Option<String>);

/// An accepted connection.
pub(super) struct Lijn {
    stroom: TlsStream<TcpStream>,
    afgebroken: Pin<Box<WaitForCancellationFutureOwned>>,
    wie: Wie,
}

impl Lijn {
    pub(super) fn nieuw(stroom: TlsStream<TcpStream>, afbreken: CancellationToken, wie: Wie) -> Lijn {
        Lijn { stroom, afgebroken: Box::pin(afbreken.cancelled_owned()), wie }
    }

    fn stroom(&mut self, cx: &mut Context<'_>) -> io::Result<Pin<&mut TlsStream<TcpStream>>> {
        match self.afgebroken.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(Pin::new(&mut self.stroom)),
        }
    }
}

impl Connected for Lijn {
    type ConnectInfo = Wie;

    fn connect_info(&self) -> Wie {
        self.wie.clone()
    }
}

impl AsyncRead for Lijn {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.stroom(cx)?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Lijn {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.stroom(cx)?.poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stroom(cx)?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stroom(cx)?.poll_shutdown(cx)
    }
}

/// Messages as the bytes that they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bytecodec;

impl Codec for Bytecodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Bytecodec;
    type Decoder = Bytecodec;

    fn encoder(&mut self) -> Bytecodec {
        Bytecodec
    }

    fn decoder(&mut self) -> Bytecodec {
        Bytecodec
    }
}

impl Encoder for Bytecodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, uit: &mut EncodeBuf<'_>) -> Result<(), Status> {
        uit.put(item);
        Ok(())
    }
}

impl Decoder for Bytecodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, van: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let lengte = van.remaining();
        Ok(Some(van.copy_to_bytes(lengte)))
    }
}
