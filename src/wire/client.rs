//! The other side: a gRPC channel with a client certificate, for the command line, the demo and the load generator. It retries nothing;
//! repeating a message is safe, so whoever calls decides.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tonic::Status;
use tonic::transport::{Channel, Endpoint, Uri};

use super::bundel::Bundel;
pub use super::uitleg::Uitleg;
use crate::identity::client::{VerbindFout, verbind};

/// Where a hub is: `host:port`, and the name its certificate must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adres {
    /// `host:port`.
    pub adres: String,
    /// The name or address that the hub's certificate must be for.
    pub naam: String,
}

impl Adres {
    /// Reads `host:port` or `https://host:port`.
    pub fn parse(text: &str) -> Option<Adres> {
        let adres = text.strip_prefix("https://").unwrap_or(text).trim_end_matches('/');
        let (host, port) = adres.rsplit_once(':')?;
        port.parse::<u16>().ok()?;
        let naam = host.trim_start_matches('[').trim_end_matches(']');
        (!naam.is_empty()).then(|| Adres { adres: adres.to_owned(), naam: naam.to_owned() })
    }
}

/// Connects. The first handshake is done here, so that what is wrong with it is known at once.
pub async fn kanaal(adres: &Adres, config: Arc<ClientConfig>) -> Result<Channel, VerbindFout> {
    let endpoint = Endpoint::from_static("http://ketenhub").http2_keep_alive_interval(Duration::from_secs(30)).keep_alive_while_idle(true);
    let doel = adres.clone();
    // tonic wraps the error of a connector beyond recognition; it is kept beside.
    let laatste: Arc<Mutex<Option<VerbindFout>>> = Arc::default();
    let bewaar = Arc::clone(&laatste);
    let connector = tower::service_fn(move |_: Uri| {
        let (doel, config, bewaar) = (doel.clone(), Arc::clone(&config), Arc::clone(&bewaar));
        async move {
            verbind(&doel.adres, &doel.naam, config).await.map(|stroom| TokioIo::new(Bundel::om(stroom))).map_err(|fout| {
                let text = fout.to_string();
                *bewaar.lock().unwrap_or_else(PoisonError::into_inner) = Some(fout);
                std::io::Error::other(text)
            })
        }
    });
    endpoint.connect_with_connector(connector).await.map_err(|error| {
        let fout = laatste.lock().unwrap_or_else(PoisonError::into_inner).take();
        fout.unwrap_or_else(|| VerbindFout::Verbroken { adres: adres.adres.clone(), reden: error.to_string() })
    })
}

/// A refusal of the hub in words: the reason, the sentence, every faulty field, and whether to come back.
pub fn uitleg(status: &Status) -> String {
    Uitleg::van(status).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        let read = |text: &str| Adres::parse(text).map(|adres| (adres.adres, adres.naam));
        let own = |adres: &str, naam: &str| Some((adres.to_owned(), naam.to_owned()));
        assert_eq!(read("https://hub.example.nl:443/"), own("hub.example.nl:443", "hub.example.nl"));
        assert_eq!(read("[::1]:8443"), own("[::1]:8443", "::1"));
        assert_eq!(read("127.0.0.1:8443"), own("127.0.0.1:8443", "127.0.0.1"));
        assert!(read("hub").is_none() && read(":8443").is_none() && read("hub:x").is_none());
    }
}
