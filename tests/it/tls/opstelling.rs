//! A hub with an echo behind it, and clients of every kind. It deliberately mocks nothing: sockets, files, certificates and
//! handshakes are real; only the hub's clock is ours.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, TimeDelta, Utc};
use ketenhub::certs::{Aanvraag, CrlPlan, Geldigheid, Uitgegeven, Uitgever};
use ketenhub::domain::ids::Oin;
use ketenhub::identity::Klok;
use ketenhub::identity::acceptor::{Acceptor, AcceptorInstellingen};
use ketenhub::identity::client::ClientTls;
use ketenhub::identity::herladen::{HerlaadInstellingen, Herlader};
use ketenhub::identity::tls::{TlsBestanden, TlsStand};
use ketenhub::identity::verbindingen::Verbindingen;
use ketenhub::identity::weigering::{Reden, Tellers};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs as voorziening;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, ClientConfig, Error, RootCertStore, SignatureScheme};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

pub const OIN: &str = "00000001003214345000";
pub const HUB_OIN: &str = "00000001999999999000";
/// The longest that anything may take before a test fails.
pub const GEDULD: Duration = Duration::from_secs(10);
/// What the hub says first to whom it accepts.
const GROET: u8 = b'!';

/// The hub's clock at the start of a test: 2030-01-01. The clients' clock is the machine's, so the hub's certificate is valid long
/// before and after.
pub fn begin() -> DateTime<Utc> {
    DateTime::from_timestamp(1_893_456_000, 0).unwrap()
}

pub fn geldig(van_dagen: i64, tot_dagen: i64) -> Geldigheid {
    Geldigheid { van: begin() + TimeDelta::days(van_dagen), tot: begin() + TimeDelta::days(tot_dagen) }
}

pub fn ca(naam: &str) -> Uitgever {
    Uitgever::nieuw(naam, geldig(-10_000, 10_000)).unwrap()
}

pub fn aanvraag() -> Aanvraag {
    Aanvraag::voor(Oin::parse(OIN).unwrap(), "Stichting Voorbeeld", geldig(-1, 365))
}

pub fn crl(ca: &Uitgever, nummer: u64, ingetrokken: &[&[u8]]) -> String {
    let ingetrokken = ingetrokken.iter().map(|serienummer| serienummer.to_vec()).collect();
    ca.crl(&CrlPlan { nummer, geldig: geldig(-1, 30), ingetrokken }).unwrap()
}

/// A running hub and its files.
pub struct Hub {
    pub map: TempDir,
    pub bestanden: TlsBestanden,
    pub verbindingen: Arc<Verbindingen>,
    pub tellers: Arc<Tellers>,
    pub stand: Arc<ArcSwap<TlsStand>>,
    pub klok: Klok,
    pub adres: String,
    pub stop: CancellationToken,
    /// How the hub's side of each connection ended.
    pub einden: mpsc::UnboundedReceiver<std::io::ErrorKind>,
    nu: Arc<AtomicU64>,
    hub_ca: Uitgever,
}

impl Hub {
    /// A hub that accepts clients of these CAs, with one list per file: `crl0.pem`, `crl1.pem`, ...
    pub async fn start(cas: &[&Uitgever], crls: &[String]) -> Self {
        Self::start_met(cas, crls, AcceptorInstellingen::default()).await
    }

    pub async fn start_met(cas: &[&Uitgever], crls: &[String], instellingen: AcceptorInstellingen) -> Self {
        let map = tempfile::tempdir().unwrap();
        let pad = |naam: &str| map.path().join(naam);
        let bestanden = TlsBestanden {
            certificaat: pad("hub.pem"),
            sleutel: pad("hub.key"),
            client_ca: pad("ca.pem"),
            crls: (0..crls.len()).map(|i| pad(&format!("crl{i}.pem"))).collect(),
        };
        let hub_ca = ca("Hub CA");
        schrijf_hub(&bestanden, &hub_ca);
        fs::write(&bestanden.client_ca, pems(cas)).unwrap();
        for (bestand, inhoud) in bestanden.crls.iter().zip(crls) {
            fs::write(bestand, inhoud).unwrap();
        }
        let nu = Arc::new(AtomicU64::new(begin().timestamp() as u64));
        let wijzer = nu.clone();
        let klok: Klok = Arc::new(move || UnixTime::since_unix_epoch(Duration::from_secs(wijzer.load(Ordering::SeqCst))));
        let stand = Arc::new(ArcSwap::from_pointee(TlsStand::laad(&bestanden, &klok, None).unwrap()));
        let verbindingen = Arc::new(Verbindingen::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let adres = listener.local_addr().unwrap().to_string();
        let stop = CancellationToken::new();
        let (mut aangenomen, tellers) =
            Acceptor::start(listener, stand.clone(), verbindingen.clone(), klok.clone(), instellingen, stop.clone());
        let (eind, einden) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(verbinding) = aangenomen.recv().await {
                let (mut verbinding, eind) = (verbinding.unwrap(), eind.clone());
                tokio::spawn(async move {
                    let fout = echo(&mut verbinding).await.unwrap_err().kind();
                    drop(verbinding);
                    let _ = eind.send(fout);
                });
            }
        });
        Self { map, bestanden, verbindingen, tellers, stand, klok, adres, stop, einden, nu, hub_ca }
    }

    pub fn zet_klok(&self, dagen: i64) {
        self.nu.store((begin() + TimeDelta::days(dagen)).timestamp() as u64, Ordering::SeqCst);
    }

    pub fn herlader(&self) -> Herlader {
        self.herlader_met(HerlaadInstellingen::default())
    }

    pub fn herlader_met(&self, instellingen: HerlaadInstellingen) -> Herlader {
        Herlader::nieuw(self.bestanden.clone(), self.stand.clone(), self.verbindingen.clone(), self.klok.clone(), instellingen)
    }

    pub fn schrijf_crl(&self, welke: usize, inhoud: &str) {
        fs::write(&self.bestanden.crls[welke], inhoud).unwrap();
    }

    pub fn schrijf_cas(&self, cas: &[&Uitgever]) {
        fs::write(&self.bestanden.client_ca, pems(cas)).unwrap();
    }

    pub fn vernieuw_hubcertificaat(&self) {
        schrijf_hub(&self.bestanden, &self.hub_ca);
    }

    pub fn ankers(&self) -> RootCertStore {
        let mut ankers = RootCertStore::empty();
        ankers.add(self.hub_ca.der().clone()).unwrap();
        ankers
    }

    /// A client with this certificate.
    pub fn client(&self, houder: &Uitgegeven) -> ClientConfig {
        self.client_met(keten(houder), PrivateKeyDer::from_pem_slice(houder.sleutel_pem.as_bytes()).unwrap())
    }

    /// A client that sends this chain and signs with this key, whether or not they belong together.
    pub fn client_met(&self, keten: Vec<CertificateDer<'static>>, sleutel: PrivateKeyDer<'static>) -> ClientConfig {
        let sleutel = voorziening::sign::any_supported_type(&sleutel).unwrap();
        let resolver = Arc::new(Eigenwijs(Arc::new(CertifiedKey::new(keten, sleutel))));
        let mut config = self.client_bouwer().with_client_cert_resolver(resolver);
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }

    pub fn client_bouwer(&self) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
        ClientConfig::builder_with_provider(Arc::new(voorziening::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(self.ankers())
    }

    /// The same client, as files for the product's own client side.
    pub fn client_bestanden(&self, houder: &Uitgegeven) -> ClientTls {
        let pad = |naam: &str| -> PathBuf { self.map.path().join(naam) };
        fs::write(pad("hub-ca.pem"), self.hub_ca.pem()).unwrap();
        fs::write(pad("ik.pem"), &houder.keten_pem).unwrap();
        fs::write(pad("ik.key"), &houder.sleutel_pem).unwrap();
        ClientTls { ca: pad("hub-ca.pem"), certificaat: pad("ik.pem"), sleutel: pad("ik.key") }
    }

    /// Connects and waits for the hub's greeting; or says what the hub said instead.
    pub async fn verbind(&self, config: impl Into<Arc<ClientConfig>>) -> Result<Lijn, Weigering> {
        verbind_met(&self.adres, config).await
    }

    /// Connects, must be refused for this reason, and returns what the client heard of it.
    pub async fn weigert(&self, config: impl Into<Arc<ClientConfig>>, reden: Reden) -> Weigering {
        let voor = self.tellers.geweigerd(reden);
        let weigering = self.verbind(config).await.expect_err("the hub accepted a connection that it must refuse");
        wacht_tot("the refusal is counted under its reason", || self.tellers.geweigerd(reden) == voor + 1).await;
        weigering
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub async fn verbind_met(adres: &str, config: impl Into<Arc<ClientConfig>>) -> Result<Lijn, Weigering> {
    let poging = async {
        let tcp = TcpStream::connect(adres).await?;
        let mut stroom = TlsConnector::from(config.into()).connect("localhost".try_into().unwrap(), tcp).await?;
        if stroom.read_u8().await? != GROET {
            return Err(std::io::Error::other("not the greeting"));
        }
        Ok(Lijn(stroom))
    };
    timeout(GEDULD, poging).await.expect("the hub answers").map_err(Weigering)
}

/// A connection that the hub accepted.
#[derive(Debug)]
pub struct Lijn(pub TlsStream<TcpStream>);

impl Lijn {
    /// Whether the hub still echoes.
    pub async fn leeft(&mut self) -> bool {
        let heen_en_weer = async {
            self.0.write_all(b"x").await?;
            self.0.flush().await?;
            self.0.read_u8().await
        };
        matches!(timeout(GEDULD, heen_en_weer).await.expect("the hub answers or closes"), Ok(b'x'))
    }

    /// Waits, saying nothing, until the hub closes the line.
    pub async fn dood(&mut self) {
        let niets = timeout(GEDULD, self.0.read_u8()).await.expect("the hub cuts the line");
        assert!(niets.is_err(), "the hub said something");
    }
}

/// What a refused client saw.
#[derive(Debug)]
pub struct Weigering(std::io::Error);

impl Weigering {
    pub fn alert(&self) -> Option<AlertDescription> {
        match self.0.get_ref().and_then(|fout| fout.downcast_ref::<Error>()) {
            Some(Error::AlertReceived(alert)) => Some(*alert),
            _ => None,
        }
    }
}

/// Sends its one certificate to everybody, without looking.
#[derive(Debug)]
struct Eigenwijs(Arc<CertifiedKey>);

impl ResolvesClientCert for Eigenwijs {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

pub fn keten(houder: &Uitgegeven) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(houder.keten_pem.as_bytes()).map(Result::unwrap).collect()
}

/// Gives other tasks their turn until it is so; fails when it does not become so.
pub async fn wacht_tot(wat: &str, mut is_zo: impl FnMut() -> bool) {
    let wachten = async {
        while !is_zo() {
            tokio::task::yield_now().await;
        }
    };
    timeout(GEDULD, wachten).await.unwrap_or_else(|_| panic!("waited in vain until {wat}"));
}

fn pems(cas: &[&Uitgever]) -> String {
    cas.iter().map(|ca| ca.pem()).collect()
}

fn schrijf_hub(bestanden: &TlsBestanden, hub_ca: &Uitgever) {
    let oin = Oin::parse(HUB_OIN).unwrap();
    let geldig = geldig(-10_000, 10_000);
    let hub = hub_ca.geef_uit(&Aanvraag {
        namen: vec!["localhost".to_owned()],
        doelen: vec![ketenhub::certs::Doel::Server],
        ..Aanvraag::voor(oin, "Hub", geldig)
    });
    let hub = hub.unwrap();
    fs::write(&bestanden.certificaat, hub.keten_pem).unwrap();
    fs::write(&bestanden.sleutel, hub.sleutel_pem).unwrap();
}

/// Greets, and returns every byte, until the line breaks.
async fn echo(stroom: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin)) -> std::io::Result<std::convert::Infallible> {
    stroom.write_u8(GROET).await?;
    stroom.flush().await?;
    loop {
        let byte = stroom.read_u8().await?;
        stroom.write_u8(byte).await?;
        stroom.flush().await?;
    }
}
