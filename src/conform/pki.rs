//! The certificates of one run: an own CA, everybody of the example with a certificate of it, and the certificates that the front can show
//! to see whether a client looks at them. It serves nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use chrono::TimeDelta;
use rustls::crypto::aws_lc_rs as voorziening;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde::Deserialize;

use crate::bestand;
use crate::certs::{Aanvraag, CrlPlan, Doel, Geldigheid, Uitgegeven, Uitgever};
use crate::domain::ids::Oin;
use crate::identity::certificaat::KlantCertificaat;
use crate::identity::client::ClientTls;
use crate::identity::tls::ALPN_H2;
use crate::time::Clock;

/// Who takes part, by the names of the example.
const HOUDERS: &str = include_str!("../../certs-example/houders.json");
/// The register that goes with it.
const DEELNEMERS: &str = include_str!("../../certs-example/deelnemers.json");
/// The OIN of the hub.
const HUB: &str = "00000099120000001000";
/// The names of the front.
const NAMEN: [&str; 2] = ["localhost", "127.0.0.1"];
/// The name of who left its key about: a participant whose certificate is on the list.
const VOORVOEGSEL: &str = "EXAMPLE ";

/// Which certificate the front shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vertoon {
    /// One that is as it should be.
    Goed,
    /// One that expired yesterday.
    Verlopen,
    /// One that becomes valid tomorrow.
    NogNietGeldig,
    /// One of an issuer that the client was not given.
    VreemdeUitgever,
    /// One for another host.
    AndereNaam,
    /// One that is for clients only.
    VerkeerdDoel,
    /// One that is on the revocation list.
    Ingetrokken,
}

/// Whom the front lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toegang {
    /// Who has a certificate of the CA that is valid and not on the list.
    Certificaat,
    /// That, and who has one that is on the list.
    OokIngetrokken,
    /// Who has a certificate of whatever issuer.
    ElkeUitgever,
    /// Anybody, also without a certificate.
    Iedereen,
}

/// The CA of a run and the folder with what it issued.
pub struct Pki {
    map: PathBuf,
    ca: Uitgever,
    vreemde: Uitgever,
    ingetrokken: Uitgegeven,
    van_nu: Geldigheid,
}

#[derive(Deserialize)]
struct Houder {
    bestand: String,
    oin: String,
    naam: String,
    ingetrokken: bool,
}

/// The base name of the files of a participant and its OIN, of everybody.
pub(super) fn houders() -> anyhow::Result<Vec<(String, String)>> {
    let houders: Vec<Houder> = serde_json::from_str(HOUDERS)?;
    Ok(houders.into_iter().map(|houder| (houder.bestand, houder.oin)).collect())
}

impl Pki {
    /// Makes it in a folder: `ca.pem`, `crl.pem`, `hub.pem`, `deelnemers.json`, and of every participant certificate and key.
    pub(super) fn maak(map: &Path, clock: &Clock) -> anyhow::Result<Pki> {
        std::fs::create_dir_all(map).with_context(|| format!("cannot make {}", map.display()))?;
        let van_nu = Geldigheid { van: clock.now() - TimeDelta::days(1), tot: clock.now() + TimeDelta::days(365) };
        let ca = Uitgever::nieuw("Conformiteit CA", van_nu)?;
        let vreemde = Uitgever::nieuw("Vreemde CA", van_nu)?;
        let ingetrokken = ca.geef_uit(&aanvraag(van_nu, &NAMEN, Doel::Server)?)?;
        let pki = Pki { map: map.to_owned(), ca, vreemde, ingetrokken, van_nu };
        let mut op_lijst = vec![pki.ingetrokken.serienummer.clone()];
        pki.schrijf_paar("hub", &pki.ca.geef_uit(&aanvraag(van_nu, &NAMEN, Doel::Server)?)?)?;
        for houder in serde_json::from_str::<Vec<Houder>>(HOUDERS)? {
            let naam = houder.naam.strip_prefix(VOORVOEGSEL).unwrap_or(&houder.naam);
            let uitgegeven = pki.ca.geef_uit(&Aanvraag::voor(Oin::parse(&houder.oin)?, naam, van_nu))?;
            if houder.ingetrokken {
                op_lijst.push(uitgegeven.serienummer.clone());
            }
            pki.schrijf_paar(&houder.bestand, &uitgegeven)?;
        }
        pki.schrijf("ca.pem", pki.ca.pem().as_bytes())?;
        pki.schrijf("crl.pem", pki.ca.crl(&CrlPlan { nummer: 1, geldig: van_nu, ingetrokken: op_lijst })?.as_bytes())?;
        pki.schrijf("deelnemers.json", DEELNEMERS.as_bytes())?;
        Ok(pki)
    }

    /// The folder.
    pub fn map(&self) -> &Path {
        &self.map
    }

    /// What a participant connects with.
    pub fn klant(&self, bestand: &str) -> ClientTls {
        let file = |einde: &str| self.map.join(format!("{bestand}.{einde}"));
        ClientTls { ca: self.map.join("ca.pem"), certificaat: file("pem"), sleutel: file("key") }
    }

    /// What the front needs to show a certificate.
    pub(super) fn server(&self, vertoon: Vertoon, toegang: Toegang) -> anyhow::Result<Arc<ServerConfig>> {
        let Geldigheid { van, tot } = self.van_nu;
        let dag = TimeDelta::days(1);
        let verlopen = Geldigheid { van: van - dag * 9, tot: van };
        let straks = Geldigheid { van: van + dag * 2, tot };
        let eigen = |geldig, namen: &[&str], doel| anyhow::Ok(self.ca.geef_uit(&aanvraag(geldig, namen, doel)?)?);
        let uitgegeven = match vertoon {
            Vertoon::Goed => eigen(self.van_nu, &NAMEN, Doel::Server)?,
            Vertoon::Verlopen => eigen(verlopen, &NAMEN, Doel::Server)?,
            Vertoon::NogNietGeldig => eigen(straks, &NAMEN, Doel::Server)?,
            Vertoon::VreemdeUitgever => self.vreemde.geef_uit(&aanvraag(self.van_nu, &NAMEN, Doel::Server)?)?,
            Vertoon::AndereNaam => eigen(self.van_nu, &["elders.example"], Doel::Server)?,
            Vertoon::VerkeerdDoel => eigen(self.van_nu, &NAMEN, Doel::Client)?,
            Vertoon::Ingetrokken => self.ingetrokken.clone(),
        };
        let sleutel = PrivateKeyDer::from_pem_slice(uitgegeven.sleutel_pem.as_bytes()).context("the key of the front")?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(voorziening::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(self.toegang(toegang)?)
            .with_single_cert(vec![uitgegeven.der], sleutel)?;
        config.alpn_protocols = vec![ALPN_H2.to_vec()];
        // Every connection is a whole handshake: whether the client looks must be seen each time.
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    fn toegang(&self, toegang: Toegang) -> anyhow::Result<Arc<dyn rustls::server::danger::ClientCertVerifier>> {
        let mut anker = RootCertStore::empty();
        anker.add(self.ca.der().clone())?;
        if toegang == Toegang::ElkeUitgever {
            anker.add(self.vreemde.der().clone())?;
        }
        let bouwer = WebPkiClientVerifier::builder_with_provider(Arc::new(anker), Arc::new(voorziening::default_provider()));
        let lijst = CertificateRevocationListDer::from_pem_file(self.map.join("crl.pem"))?;
        Ok(match toegang {
            Toegang::Certificaat => bouwer.with_crls([lijst]).build()?,
            Toegang::OokIngetrokken => bouwer.build()?,
            Toegang::ElkeUitgever => bouwer.with_crls([lijst]).allow_unknown_revocation_status().build()?,
            Toegang::Iedereen => bouwer.with_crls([lijst]).allow_unauthenticated().build()?,
        })
    }

    /// Gives a participant a certificate of another issuer, under a name of its own.
    pub(super) fn buitenstaander(&self, bestand: &str, oin: &str) -> anyhow::Result<ClientTls> {
        self.schrijf_paar(bestand, &self.vreemde.geef_uit(&Aanvraag::voor(Oin::parse(oin)?, "Buitenstaander", self.van_nu))?)?;
        Ok(self.klant(bestand))
    }

    fn schrijf_paar(&self, naam: &str, uitgegeven: &Uitgegeven) -> anyhow::Result<()> {
        self.schrijf(&format!("{naam}.pem"), uitgegeven.keten_pem.as_bytes())?;
        self.schrijf(&format!("{naam}.key"), uitgegeven.sleutel_pem.as_bytes())
    }

    fn schrijf(&self, naam: &str, inhoud: &[u8]) -> anyhow::Result<()> {
        let file = self.map.join(naam);
        bestand::vervang(&file, inhoud).with_context(|| format!("cannot write {}", file.display()))
    }
}

fn aanvraag(geldig: Geldigheid, namen: &[&str], doel: Doel) -> anyhow::Result<Aanvraag> {
    let aanvraag = Aanvraag::voor(Oin::parse(HUB)?, "Hub van de conformiteitsproef", geldig);
    Ok(Aanvraag { namen: namen.iter().map(|&naam| naam.to_owned()).collect(), doelen: vec![doel], ..aanvraag })
}

/// A certificate like a client's own, of an issuer that nobody knows; and the OIN in it.
pub fn vreemde(eigen: &ClientTls, map: &Path, clock: &Clock) -> anyhow::Result<(ClientTls, String)> {
    let blad = CertificateDer::from_pem_file(&eigen.certificaat).context("the own certificate")?;
    let oin = KlantCertificaat::lees(&blad)?.oin;
    let geldig = Geldigheid { van: clock.now() - TimeDelta::days(1), tot: clock.now() + TimeDelta::days(1) };
    let uitgegeven = Uitgever::nieuw("Vreemde CA", geldig)?.geef_uit(&Aanvraag::voor(oin, "Buitenstaander", geldig))?;
    std::fs::create_dir_all(map)?;
    let (certificaat, sleutel) = (map.join("buitenstaander.pem"), map.join("buitenstaander.key"));
    bestand::vervang(&certificaat, uitgegeven.keten_pem.as_bytes())?;
    bestand::vervang(&sleutel, uitgegeven.sleutel_pem.as_bytes())?;
    Ok((ClientTls { ca: eigen.ca.clone(), certificaat, sleutel }, oin.to_string()))
}

/// What a client connects with that has no certificate.
pub(super) fn zonder_certificaat(tls: &ClientTls) -> anyhow::Result<Arc<ClientConfig>> {
    let mut anker = RootCertStore::empty();
    for ca in CertificateDer::pem_file_iter(&tls.ca)? {
        anker.add(ca?)?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(voorziening::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(anker)
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN_H2.to_vec()];
    Ok(Arc::new(config))
}
