//! Everything the hub needs for TLS, read from files as one consistent state: its own certificate, the CAs of its clients, and
//! their revocation lists. It deliberately does not watch the files (see [`super::herladen`]) and opens no socket.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use rustls::crypto::{CryptoProvider, aws_lc_rs as voorziening};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;
use rustls::{Error, RootCertStore, ServerConfig};

use super::Klok;
use super::certificaat;
use super::crl::{self, Crl, CrlFout, Hoogste};
use super::verifier::KlantVerifier;

/// The only application protocol of the port for messages.
pub const ALPN_H2: &[u8] = b"h2";
/// What the pages speak besides.
pub const ALPN_HTTP11: &[u8] = b"http/1.1";

/// The largest input file that is read. PKIoverheid's largest lists are a few megabytes.
const GROOTSTE_BESTAND: u64 = 64 << 20;

/// Where the hub's TLS material is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsBestanden {
    /// The hub's own certificate, followed by its intermediates (PEM).
    pub certificaat: PathBuf,
    /// The private key of that certificate (PEM).
    pub sleutel: PathBuf,
    /// The CAs whose certificates are accepted from clients (PEM, one or more). Each is a trust anchor: its own revocation is not
    /// checked, so an intermediate belongs here only when it is meant to be trusted by itself.
    pub client_ca: PathBuf,
    /// The revocation lists of those CAs and of every intermediate below them (PEM with one or more lists, or DER).
    pub crls: Vec<PathBuf>,
}

/// Why a TLS state could not be made, or which part of it is not the newest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsFout {
    /// A file cannot be read.
    #[error("{}: cannot be read: {reden}", pad.display())]
    Lezen {
        /// The file.
        pad: PathBuf,
        /// What the operating system says.
        reden: String,
    },
    /// The hub's certificate or key is unusable, or they do not belong together.
    #[error("{}: the hub's certificate cannot be used: {reden}", pad.display())]
    HubCertificaat {
        /// The certificate's file.
        pad: PathBuf,
        /// What is wrong.
        reden: String,
    },
    /// A client CA is unusable.
    #[error("{}: the client CAs cannot be used: {reden}", pad.display())]
    ClientCa {
        /// The file.
        pad: PathBuf,
        /// What is wrong.
        reden: String,
    },
    /// A revocation list is unusable.
    #[error("{}: the revocation list is not used: {fout}", pad.display())]
    Crl {
        /// The file.
        pad: PathBuf,
        /// What is wrong.
        fout: CrlFout,
    },
    /// No revocation list was configured: the verifier would then accept revoked certificates.
    #[error("no revocation list is configured, so revocation cannot be checked")]
    GeenCrl,
    /// The TLS library refuses the combination.
    #[error("TLS cannot be set up: {0}")]
    Opbouw(String),
}

/// The contents of all files at one moment, so that what is compared, parsed and remembered is the same.
pub(super) struct Invoer {
    certificaat: Inhoud,
    sleutel: Inhoud,
    client_ca: Inhoud,
    crls: Vec<Inhoud>,
}

struct Inhoud {
    pad: PathBuf,
    bytes: Result<Vec<u8>, TlsFout>,
}

/// A digest of all input files; only to see whether something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vingerafdruk([u8; digest::SHA256_OUTPUT_LEN]);

/// One consistent TLS state. It is never changed: new files make a new state.
pub struct TlsStand {
    config: Arc<ServerConfig>,
    config_paginas: Arc<ServerConfig>,
    verifier: Arc<KlantVerifier>,
    hub: Arc<CertifiedKey>,
    cas: Vec<CertificateDer<'static>>,
    crls: Vec<(PathBuf, Vec<Crl>)>,
    hoogste: Hoogste,
    vingerafdruk: Vingerafdruk,
    bezwaren: Vec<TlsFout>,
    hub_niet_na: DateTime<Utc>,
    voorbeeld_pki: bool,
}

impl TlsStand {
    /// Reads the files. At the start (`vorige` is `None`) every fault is an error. At a reload a part that is unusable keeps what
    /// the previous state had, and is named in [`TlsStand::bezwaren`]: one issuer's damaged list must not hold back another
    /// issuer's revocations, and the list that was kept runs out by itself and then blocks its own issuer only.
    pub fn laad(bestanden: &TlsBestanden, klok: &Klok, vorige: Option<&Self>) -> Result<Self, TlsFout> {
        Self::bouw(&Invoer::lees(bestanden), klok, vorige)
    }

    pub(super) fn bouw(invoer: &Invoer, klok: &Klok, vorige: Option<&Self>) -> Result<Self, TlsFout> {
        let mut bezwaren = Vec::new();
        let hub = of_vorige(lees_hub(invoer), vorige.map(|v| v.hub.clone()), &mut bezwaren)?;
        let cas = of_vorige(lees_cas(&invoer.client_ca), vorige.map(|v| v.cas.clone()), &mut bezwaren)?;
        let mut hoogste = vorige.map(|v| v.hoogste.clone()).unwrap_or_default();
        let mut crls = Vec::with_capacity(invoer.crls.len());
        for inhoud in &invoer.crls {
            let lijsten = of_vorige(lees_crls(inhoud, &cas, &hoogste), vorige.and_then(|v| v.crls_van(&inhoud.pad)), &mut bezwaren)?;
            crls.push((inhoud.pad.clone(), lijsten));
        }
        hoogste.onthoud(crls.iter().flat_map(|(_, lijsten)| lijsten));

        let verifier = Arc::new(KlantVerifier::nieuw(&cas, crls.iter().flat_map(|(_, lijsten)| lijsten))?);
        let config = maak_config(klok, verifier.clone(), hub.clone())?;
        let mut config_paginas = config.clone();
        config_paginas.alpn_protocols.push(ALPN_HTTP11.to_vec());
        let (config, config_paginas) = (Arc::new(config), Arc::new(config_paginas));
        let onderwerpen = cas.iter().chain(&hub.cert).filter_map(|der| certificaat::ontleed(der).ok());
        let voorbeeld_pki = onderwerpen.into_iter().any(|c| c.subject().to_string().contains("EXAMPLE"));
        Ok(Self {
            config,
            config_paginas,
            verifier,
            hub_niet_na: einde_van(&hub),
            hub,
            cas,
            crls,
            hoogste,
            vingerafdruk: invoer.vingerafdruk(),
            bezwaren,
            voorbeeld_pki,
        })
    }

    /// The configuration for the next handshake.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }

    /// The same for the pages: it differs in the application protocols only.
    #[must_use]
    pub fn config_paginas(&self) -> Arc<ServerConfig> {
        self.config_paginas.clone()
    }

    /// Verifies a client's chain, leaf first, as a handshake would at this moment.
    pub fn verifieer(&self, keten: &[CertificateDer<'_>], nu: UnixTime) -> Result<(), Error> {
        let (blad, tussen) = keten.split_first().ok_or(Error::NoCertificatesPresented)?;
        self.verifier.verify_client_cert(blad, tussen, nu).map(drop)
    }

    /// The digest of the files this state was made of.
    #[must_use]
    pub fn vingerafdruk(&self) -> Vingerafdruk {
        self.vingerafdruk
    }

    /// What could not be taken over from the files, and is therefore still as it was before. Empty is good.
    #[must_use]
    pub fn bezwaren(&self) -> &[TlsFout] {
        &self.bezwaren
    }

    /// Whether this is an example PKI, whose keys are public: a CA's or the hub's subject says EXAMPLE.
    #[must_use]
    pub fn voorbeeld_pki(&self) -> bool {
        self.voorbeeld_pki
    }

    /// When the hub's own certificate expires.
    #[must_use]
    pub fn hub_niet_na(&self) -> DateTime<Utc> {
        self.hub_niet_na
    }

    /// When the first revocation list in use runs out, and begins to block its issuer.
    #[must_use]
    pub fn eerste_crl_einde(&self) -> Option<DateTime<Utc>> {
        crl::nieuwste(self.crls.iter().flat_map(|(_, lijsten)| lijsten)).into_iter().map(Crl::einde).min()
    }

    /// When each revocation list in use runs out, by the name of its file.
    #[must_use]
    pub fn crl_eindes(&self) -> Vec<(String, DateTime<Utc>)> {
        let naam = |pad: &Path| pad.file_name().map(|naam| naam.to_string_lossy().into_owned()).unwrap_or_default();
        let einde = |(pad, lijsten): &(PathBuf, Vec<Crl>)| lijsten.iter().map(Crl::einde).min().map(|einde| (naam(pad), einde));
        self.crls.iter().filter_map(einde).collect()
    }

    fn crls_van(&self, pad: &Path) -> Option<Vec<Crl>> {
        self.crls.iter().find(|(bestand, _)| bestand == pad).map(|(_, lijsten)| lijsten.clone())
    }
}

impl fmt::Debug for TlsStand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStand").field("hub_niet_na", &self.hub_niet_na).field("bezwaren", &self.bezwaren).finish_non_exhaustive()
    }
}

/// The new part; or, when it is unusable and there is a previous one, that one and an objection.
fn of_vorige<T>(nieuw: Result<T, TlsFout>, vorige: Option<T>, bezwaren: &mut Vec<TlsFout>) -> Result<T, TlsFout> {
    match (nieuw, vorige) {
        (Ok(nieuw), _) => Ok(nieuw),
        (Err(fout), None) => Err(fout),
        (Err(fout), Some(vorige)) => {
            bezwaren.push(fout);
            Ok(vorige)
        }
    }
}

impl Invoer {
    pub(super) fn lees(bestanden: &TlsBestanden) -> Self {
        Self {
            certificaat: Inhoud::lees(&bestanden.certificaat),
            sleutel: Inhoud::lees(&bestanden.sleutel),
            client_ca: Inhoud::lees(&bestanden.client_ca),
            crls: bestanden.crls.iter().map(|pad| Inhoud::lees(pad)).collect(),
        }
    }

    pub(super) fn vingerafdruk(&self) -> Vingerafdruk {
        let mut som = digest::Context::new(&digest::SHA256);
        for inhoud in [&self.certificaat, &self.sleutel, &self.client_ca].into_iter().chain(&self.crls) {
            // The length in front keeps the border between two files where it is.
            match &inhoud.bytes {
                Ok(bytes) => {
                    som.update(&bytes.len().to_be_bytes());
                    som.update(bytes);
                }
                Err(_) => som.update(&u64::MAX.to_be_bytes()),
            }
        }
        let mut uit = [0; digest::SHA256_OUTPUT_LEN];
        uit.copy_from_slice(som.finish().as_ref());
        Vingerafdruk(uit)
    }
}

impl Inhoud {
    fn lees(pad: &Path) -> Self {
        let lezen = || -> io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            File::open(pad)?.take(GROOTSTE_BESTAND + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > GROOTSTE_BESTAND {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 64 MiB"));
            }
            Ok(bytes)
        };
        let bytes = lezen().map_err(|fout| TlsFout::Lezen { pad: pad.to_owned(), reden: fout.to_string() });
        Self { pad: pad.to_owned(), bytes }
    }

    fn bytes(&self) -> Result<&[u8], TlsFout> {
        self.bytes.as_deref().map_err(TlsFout::clone)
    }
}

fn lees_hub(invoer: &Invoer) -> Result<Arc<CertifiedKey>, TlsFout> {
    let pad = &invoer.certificaat.pad;
    let fout = |reden: String| TlsFout::HubCertificaat { pad: pad.clone(), reden };
    let keten: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(invoer.certificaat.bytes()?).collect();
    let keten = keten.map_err(|e| fout(e.to_string()))?;
    if keten.is_empty() {
        return Err(fout("the file holds no certificate".to_owned()));
    }
    let sleutel = PrivateKeyDer::from_pem_slice(invoer.sleutel.bytes()?)
        .map_err(|e| fout(format!("its key {} cannot be read: {e}", invoer.sleutel.pad.display())))?;
    // Also compares the two: half of a rotation is refused here, and the next look finds the other half.
    CertifiedKey::from_der(keten, sleutel, &voorziening::default_provider()).map(Arc::new).map_err(|e| fout(e.to_string()))
}

fn lees_cas(inhoud: &Inhoud) -> Result<Vec<CertificateDer<'static>>, TlsFout> {
    let fout = |reden: String| TlsFout::ClientCa { pad: inhoud.pad.clone(), reden };
    let cas: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(inhoud.bytes()?).collect();
    let cas = cas.map_err(|e| fout(e.to_string()))?;
    if cas.is_empty() {
        return Err(fout("the file holds no certificate".to_owned()));
    }
    let mut proef = RootCertStore::empty();
    for ca in &cas {
        proef.add(ca.clone()).map_err(|e| fout(e.to_string()))?;
    }
    Ok(cas)
}

fn lees_crls(inhoud: &Inhoud, cas: &[CertificateDer<'static>], hoogste: &Hoogste) -> Result<Vec<Crl>, TlsFout> {
    let fout = |fout: CrlFout| TlsFout::Crl { pad: inhoud.pad.clone(), fout };
    let lijsten = Crl::lees_alle(inhoud.bytes()?, cas).map_err(fout)?;
    lijsten.iter().try_for_each(|lijst| hoogste.toets(lijst)).map_err(fout)?;
    // The verifier's own parser is stricter (no delta lists, no indirect lists): let it speak per file, not over all of them.
    KlantVerifier::nieuw(cas, &lijsten).map_err(|_| fout(CrlFout::Onleesbaar))?;
    Ok(lijsten)
}

fn maak_config(klok: &Klok, verifier: Arc<KlantVerifier>, hub: Arc<CertifiedKey>) -> Result<ServerConfig, TlsFout> {
    let voorziening: Arc<CryptoProvider> = Arc::new(voorziening::default_provider());
    let mut config = ServerConfig::builder_with_details(voorziening, Arc::new(Tijd(klok.clone())))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| TlsFout::Opbouw(e.to_string()))?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(hub)));
    config.alpn_protocols = vec![ALPN_H2.to_vec()];
    // A resumed session would not verify the client's certificate again, and so would outlive its revocation.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}

fn einde_van(hub: &CertifiedKey) -> DateTime<Utc> {
    let blad = hub.cert.first().and_then(|der| certificaat::ontleed(der).ok());
    let tijd = blad.map(|c| c.validity().not_after.timestamp()).unwrap_or_default();
    DateTime::from_timestamp(tijd, 0).unwrap_or_default()
}

/// The house's clock, in the shape the TLS library wants.
struct Tijd(Klok);

impl fmt::Debug for Tijd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tijd")
    }
}

impl TimeProvider for Tijd {
    fn current_time(&self) -> Option<UnixTime> {
        Some((self.0)())
    }
}
