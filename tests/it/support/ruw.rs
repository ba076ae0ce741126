//! HTTP/2 below gRPC: a TLS connection with a real certificate, frames by hand, and the h2 client with settings of one's own. It keeps
//! to no rule that its caller does not keep.

use std::path::Path;

use bytes::{BufMut as _, Bytes, BytesMut};
use http::Request;
use ketenhub::identity::client::{ClientTls, verbind};
use prost::Message;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::berichten::GEDULD;

/// What every HTTP/2 connection begins with.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Frame types (RFC 9113 §6).
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

/// A TLS connection as a participant of a folder with certificates, after the handshake and with nothing sent on it.
pub async fn tls(address: &str, certs: &Path, wie: &str) -> TlsStream<TcpStream> {
    let bestand = |naam: String| certs.join(naam);
    let client =
        ClientTls { ca: bestand("ca.pem".to_owned()), certificaat: bestand(format!("{wie}.pem")), sleutel: bestand(format!("{wie}.key")) };
    verbind(address, "127.0.0.1", client.laad().unwrap()).await.unwrap()
}

/// One frame.
pub fn frame(soort: u8, vlaggen: u8, stroom: u32, inhoud: &[u8]) -> Vec<u8> {
    let lengte = u32::try_from(inhoud.len()).unwrap().to_be_bytes();
    let mut frame = lengte[1..].to_vec();
    frame.extend([soort, vlaggen]);
    frame.extend(stroom.to_be_bytes());
    frame.extend(inhoud);
    frame
}

/// A header block without compression: literals that are not indexed.
pub fn kopregels(paren: &[(&str, &str)]) -> Vec<u8> {
    let mut blok = Vec::new();
    for (naam, waarde) in paren {
        blok.push(0);
        for text in [naam, waarde] {
            assert!(text.len() < 127);
            blok.push(u8::try_from(text.len()).unwrap());
            blok.extend(text.as_bytes());
        }
    }
    blok
}

/// The header block of a gRPC call.
pub fn aanroep(pad: &str) -> Vec<u8> {
    kopregels(&[
        (":method", "POST"),
        (":scheme", "https"),
        (":path", pad),
        (":authority", "ketenhub"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ])
}

/// A connection on which frames are read and written by hand.
pub struct Lijn(pub TlsStream<TcpStream>);

impl Lijn {
    /// Connects and sends the preface and empty settings.
    pub async fn open(address: &str, certs: &Path, wie: &str) -> Lijn {
        let mut lijn = Lijn(tls(address, certs, wie).await);
        lijn.schrijf(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await.unwrap();
        lijn
    }

    /// Writes bytes.
    pub async fn schrijf(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }

    /// Reads one frame: type, flags, stream and payload; none when the connection has ended.
    pub async fn lees(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let lezen = async {
            let mut kop = [0; 9];
            self.0.read_exact(&mut kop).await.ok()?;
            let mut inhoud = vec![0; usize::try_from(u32::from_be_bytes([0, kop[0], kop[1], kop[2]])).unwrap()];
            self.0.read_exact(&mut inhoud).await.ok()?;
            Some((kop[3], kop[4], u32::from_be_bytes([kop[5], kop[6], kop[7], kop[8]]), inhoud))
        };
        timeout(GEDULD, lezen).await.expect("the hub answers or closes")
    }

    /// Reads until this stream is reset; or returns how the connection ended instead.
    pub async fn tot_reset(&mut self, nr: u32) -> Result<(), Option<(u32, String)>> {
        loop {
            match self.lees().await {
                Some((RST_STREAM, _, stroom, _)) if stroom == nr => return Ok(()),
                Some((GOAWAY, _, _, inhoud)) => return Err(Some(afscheid(&inhoud))),
                Some(_) => {}
                None => return Err(None),
            }
        }
    }

    /// Reads until GOAWAY and returns its error code and its text; none when the connection ends without.
    pub async fn afscheid(&mut self) -> Option<(u32, String)> {
        loop {
            let (soort, _, _, inhoud) = self.lees().await?;
            if soort == GOAWAY {
                return Some(afscheid(&inhoud));
            }
        }
    }
}

/// Error code and text of a GOAWAY.
fn afscheid(inhoud: &[u8]) -> (u32, String) {
    let code = u32::from_be_bytes([inhoud[4], inhoud[5], inhoud[6], inhoud[7]]);
    (code, String::from_utf8_lossy(&inhoud[8..]).into_owned())
}

/// A gRPC message with its five bytes of prefix.
pub fn verpakt(bericht: &impl Message) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(bericht.encoded_len()).unwrap());
    bericht.encode(&mut bytes).unwrap();
    bytes.freeze()
}

/// The request of a gRPC call, for the h2 client.
pub fn vraag(pad: &str) -> Request<()> {
    let bouwer = Request::post(format!("https://ketenhub{pad}"));
    bouwer.header("content-type", "application/grpc").header("te", "trailers").body(()).unwrap()
}
