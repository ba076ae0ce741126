//! The other side of the line: connecting to a hub with a client certificate, and saying in one sentence why that fails and what to
//! do about it. It deliberately does not speak HTTP/2 and does not try again.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::{Resumption, WantsClientCert};
use rustls::crypto::aws_lc_rs as voorziening;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig, ConfigBuilder, Error, RootCertStore};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::tls::{ALPN_H2, ALPN_HTTP11};

/// The time to reach the hub and finish the handshake.
const VERBINDTIJD: Duration = Duration::from_secs(10);
/// How long [`verklaar`] waits for an alert. The hub speaks first when it accepts, so this is only waited out by a silent hub.
const LUISTERTIJD: Duration = Duration::from_secs(2);

/// Where a client's TLS material is (PEM).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTls {
    /// The CAs that the hub's certificate may come from.
    pub ca: PathBuf,
    /// The client's own certificate, followed by its intermediates.
    pub certificaat: PathBuf,
    /// The private key of that certificate.
    pub sleutel: PathBuf,
}

/// Why there is no connection. Every text is one sentence for the person at the keyboard, with what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerbindFout {
    /// A file of our own is missing or unusable.
    #[error("{} cannot be used: {reden}", pad.display())]
    Bestand {
        /// The file.
        pad: PathBuf,
        /// What is wrong with it.
        reden: String,
    },
    /// The certificate and the key do not belong together.
    #[error("your certificate and private key do not belong together ({0}); give the key that the certificate was requested with")]
    EigenSleutel(String),
    /// The name to check the hub's certificate against is not a name.
    #[error("{0:?} is not a host name or IP address that a certificate can be checked against; correct the server name")]
    Naam(String),
    /// The host name does not resolve.
    #[error("{adres} cannot be found ({reden}); check the host name and your DNS")]
    NietGevonden {
        /// The address that was tried.
        adres: String,
        /// What the resolver says.
        reden: String,
    },
    /// Nobody listens.
    #[error("{0} refuses the connection: nothing listens there; check the address and port, and whether the hub runs")]
    Geweigerd(String),
    /// No answer in time.
    #[error("{0} does not answer in time; check the address, the firewall on the way, and whether the hub runs")]
    TeLaat(String),
    /// The connection was lost without an explanation.
    #[error("the connection with {adres} was lost ({reden}) without an explanation; ask the hub's operator to look in its log")]
    Verbroken {
        /// The address that was tried.
        adres: String,
        /// What the operating system says.
        reden: String,
    },
    /// The hub's certificate does not come from one of our CAs.
    #[error("the hub's certificate was not issued by a CA in your --ca file; use the CA file that the hub's operator published")]
    HubNietVertrouwd,
    /// The hub's certificate is for another name.
    #[error("the hub's certificate is not valid for {naam}; connect by a name it holds, or set the server name ({reden})")]
    HubAndereNaam {
        /// The name that was expected.
        naam: String,
        /// Which names the certificate holds.
        reden: String,
    },
    /// The hub's certificate expired or is not valid yet.
    #[error("the hub's certificate is not valid now ({0}); check this machine's clock, then ask the hub's operator to renew it")]
    HubNietGeldig(String),
    /// The hub's certificate is unusable for another reason.
    #[error("the hub's certificate is not accepted ({0}); ask the hub's operator")]
    HubOngeldig(String),
    /// Our certificate was revoked.
    #[error("your certificate was revoked by its issuer; ask your issuer for a new certificate, and use that with its own key")]
    Ingetrokken,
    /// Our certificate expired or is not valid yet.
    #[error("your certificate has expired or is not valid yet; ask your issuer for a new certificate")]
    Verlopen,
    /// The hub does not know our issuer, or has no current revocation list of it.
    #[error(
        "the hub does not accept the issuer of your certificate: it does not know this CA, an intermediate is missing from your \
         certificate file, or its revocation list at the hub is missing or out of date; use a certificate of a CA that the hub \
         accepts, and otherwise ask the hub's operator to renew the list"
    )]
    OnbekendeCa,
    /// We sent no certificate.
    #[error("the hub asked for a certificate and got none; give your certificate and key, issued by a CA that the hub accepts")]
    GeenCertificaat,
    /// Our certificate is not meant for clients.
    #[error("your certificate is not meant for clients; ask your issuer for one with the extended key usage clientAuth")]
    VerkeerdDoel,
    /// Our certificate names no participant, or its key is too weak.
    #[error(
        "the hub cannot use your certificate: its subject must hold exactly one serialNumber, an OIN of 20 digits, and an \
         organisation name, and its key must be RSA from 2048 bits, P-256, P-384, P-521 or Ed25519; ask your issuer for such a one"
    )]
    OinOngeldig,
    /// The certificate or its signature is malformed.
    #[error(
        "the hub cannot verify your certificate ({0}); check that the file is whole, that key and certificate belong together, and \
         that it comes from the CA the hub uses now, not from another of the same name"
    )]
    CertificaatOngeldig(String),
    /// The other side speaks another protocol.
    #[error("{adres} does not speak what this client speaks, TLS 1.3 with HTTP/2 ({reden}); check that address and port are a hub's")]
    GeenHub {
        /// The address that was tried.
        adres: String,
        /// What was wrong.
        reden: String,
    },
}

impl ClientTls {
    /// Reads the files, to speak with the port for messages.
    pub fn laad(&self) -> Result<Arc<ClientConfig>, VerbindFout> {
        self.laad_voor(ALPN_H2)
    }

    /// Reads the files, to speak HTTP/1.1 with the port of the pages.
    pub fn laad_voor_paginas(&self) -> Result<Arc<ClientConfig>, VerbindFout> {
        self.laad_voor(ALPN_HTTP11)
    }

    /// Reads the CAs only: enough to look at the hub's certificate, and never enough to be let in.
    pub fn laad_zonder_certificaat(&self) -> Result<Arc<ClientConfig>, VerbindFout> {
        Ok(afgemaakt(self.vertrouwen()?.with_no_client_auth(), ALPN_H2))
    }

    fn laad_voor(&self, protocol: &[u8]) -> Result<Arc<ClientConfig>, VerbindFout> {
        let keten = certificaten(&self.certificaat)?;
        let sleutel = PrivateKeyDer::from_pem_file(&self.sleutel).map_err(|e| bestand(&self.sleutel, &e))?;
        let config = self.vertrouwen()?.with_client_auth_cert(keten, sleutel);
        Ok(afgemaakt(config.map_err(|e| VerbindFout::EigenSleutel(e.to_string()))?, protocol))
    }

    fn vertrouwen(&self) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, VerbindFout> {
        let mut anker = RootCertStore::empty();
        for ca in certificaten(&self.ca)? {
            anker.add(ca).map_err(|e| bestand(&self.ca, &e))?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(voorziening::default_provider()));
        let config = config.with_protocol_versions(&[&rustls::version::TLS13]).map_err(|e| VerbindFout::EigenSleutel(e.to_string()))?;
        Ok(config.with_root_certificates(anker))
    }
}

fn afgemaakt(mut config: ClientConfig, protocol: &[u8]) -> Arc<ClientConfig> {
    config.alpn_protocols = vec![protocol.to_vec()];
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

pub(super) fn certificaten(pad: &Path) -> Result<Vec<CertificateDer<'static>>, VerbindFout> {
    let alle: Result<Vec<_>, _> = CertificateDer::pem_file_iter(pad).map_err(|e| bestand(pad, &e))?.collect();
    let alle = alle.map_err(|e| bestand(pad, &e))?;
    if alle.is_empty() {
        return Err(bestand(pad, &"it holds no certificate"));
    }
    Ok(alle)
}

pub(super) fn bestand(pad: &Path, reden: &dyn std::fmt::Display) -> VerbindFout {
    VerbindFout::Bestand { pad: pad.to_owned(), reden: reden.to_string() }
}

/// Connects to a hub at `adres` (`host:port`) and checks that its certificate is for `naam`.
///
/// In TLS 1.3 the client's handshake is over before the hub has looked at the client's certificate: success here does not mean that
/// the hub accepts it. Ask [`verklaar`] when the first call fails.
pub async fn verbind(adres: &str, naam: &str, config: Arc<ClientConfig>) -> Result<TlsStream<TcpStream>, VerbindFout> {
    // What no certificate can be for is said before anything is tried.
    servernaam(naam)?;
    let verbinden = async {
        let tcp = bereik(adres, &zoek(adres).await?).await?;
        handdruk(adres, naam, tcp, config).await
    };
    timeout(VERBINDTIJD, verbinden).await.unwrap_or_else(|_| Err(VerbindFout::TeLaat(adres.to_owned())))
}

/// Looks up `adres` (`host:port`).
pub async fn zoek(adres: &str) -> Result<Vec<SocketAddr>, VerbindFout> {
    let fout = |reden: String| VerbindFout::NietGevonden { adres: adres.to_owned(), reden };
    let gevonden: Vec<_> = lookup_host(adres).await.map_err(|e| fout(e.to_string()))?.collect();
    if gevonden.is_empty() { Err(fout("the name has no address".to_owned())) } else { Ok(gevonden) }
}

/// Opens a TCP connection to the first of these that answers; `adres` is for the words.
pub async fn bereik(adres: &str, gevonden: &[SocketAddr]) -> Result<TcpStream, VerbindFout> {
    let verbinden = async {
        let tcp = TcpStream::connect(gevonden).await?;
        tcp.set_nodelay(true)?;
        Ok(tcp)
    };
    let tcp = timeout(VERBINDTIJD, verbinden).await.map_err(|_| VerbindFout::TeLaat(adres.to_owned()))?;
    tcp.map_err(|e: io::Error| vertaal(adres, "", &e))
}

fn servernaam(naam: &str) -> Result<ServerName<'static>, VerbindFout> {
    ServerName::try_from(naam.to_owned()).map_err(|_| VerbindFout::Naam(naam.to_owned()))
}

/// Does the TLS handshake on a connection, and checks that the hub's certificate is for `naam`.
pub async fn handdruk(adres: &str, naam: &str, tcp: TcpStream, config: Arc<ClientConfig>) -> Result<TlsStream<TcpStream>, VerbindFout> {
    let handen = TlsConnector::from(config).connect(servernaam(naam)?, tcp);
    let stroom = timeout(VERBINDTIJD, handen).await.map_err(|_| VerbindFout::TeLaat(adres.to_owned()))?;
    stroom.map_err(|e| vertaal(adres, naam, &e))
}

/// Connects, and then listens for a moment to hear whether the hub really accepts us. `Ok` means that it said so, or at least did
/// not say otherwise.
pub async fn verklaar(adres: &str, naam: &str, config: Arc<ClientConfig>) -> Result<(), VerbindFout> {
    let mut stroom = verbind(adres, naam, config).await?;
    luister(adres, naam, &mut stroom).await
}

/// Listens for a moment on a new connection: the hub speaks first to whom it accepts, and says why to others.
pub async fn luister(adres: &str, naam: &str, stroom: &mut TlsStream<TcpStream>) -> Result<(), VerbindFout> {
    let mut eerste = [0; 1];
    match timeout(LUISTERTIJD, stroom.read(&mut eerste)).await {
        Err(_) | Ok(Ok(1..)) => Ok(()),
        Ok(Ok(0)) => Err(VerbindFout::Verbroken { adres: adres.to_owned(), reden: "closed by the hub".to_owned() }),
        Ok(Err(fout)) => Err(vertaal(adres, naam, &fout)),
    }
}

fn vertaal(adres: &str, naam: &str, fout: &io::Error) -> VerbindFout {
    let adres = adres.to_owned();
    let Some(tls) = fout.get_ref().and_then(|binnen| binnen.downcast_ref::<Error>()) else {
        return match fout.kind() {
            io::ErrorKind::ConnectionRefused => VerbindFout::Geweigerd(adres),
            io::ErrorKind::TimedOut => VerbindFout::TeLaat(adres),
            _ => VerbindFout::Verbroken { adres, reden: fout.to_string() },
        };
    };
    match tls {
        Error::AlertReceived(alert) => vertaal_alert(adres, *alert),
        Error::InvalidCertificate(certificaat) => vertaal_hub(naam, certificaat),
        _ => VerbindFout::GeenHub { adres, reden: tls.to_string() },
    }
}

/// What the hub said of our certificate.
fn vertaal_alert(adres: String, alert: AlertDescription) -> VerbindFout {
    use AlertDescription as A;
    match alert {
        A::CertificateRevoked => VerbindFout::Ingetrokken,
        A::CertificateExpired => VerbindFout::Verlopen,
        A::UnknownCA => VerbindFout::OnbekendeCa,
        A::CertificateRequired | A::NoCertificate => VerbindFout::GeenCertificaat,
        A::UnsupportedCertificate => VerbindFout::VerkeerdDoel,
        // What the hub's own verifier says, see `verifier`.
        A::CertificateUnknown => VerbindFout::OinOngeldig,
        A::BadCertificate | A::DecryptError | A::AccessDenied => VerbindFout::CertificaatOngeldig(format!("{alert:?}")),
        _ => VerbindFout::GeenHub { adres, reden: format!("{alert:?}") },
    }
}

/// What we think of the hub's certificate.
fn vertaal_hub(naam: &str, fout: &CertificateError) -> VerbindFout {
    use CertificateError as F;
    match fout {
        // A self-signed CA certificate that is used as the hub's own certificate counts as untrusted too.
        F::UnknownIssuer | F::BadSignature => VerbindFout::HubNietVertrouwd,
        F::NotValidForName | F::NotValidForNameContext { .. } => {
            VerbindFout::HubAndereNaam { naam: naam.to_owned(), reden: fout.to_string() }
        }
        F::Expired | F::ExpiredContext { .. } | F::NotValidYet | F::NotValidYetContext { .. } => {
            VerbindFout::HubNietGeldig(fout.to_string())
        }
        _ => VerbindFout::HubOngeldig(fout.to_string()),
    }
}
