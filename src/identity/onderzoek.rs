//! What a client's own files say before any hub sees them, one question at a time, so that each fault has one name. It deliberately
//! decides nothing: the hub asks all of this again, of its own files and by its own clock.

use std::path::Path;

use chrono::{DateTime, Utc};
use rustls::Error;
use rustls::crypto::aws_lc_rs as voorziening;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;

use super::certificaat::{CertificaatFout, KlantCertificaat, ontleed};
use super::client::{ClientTls, VerbindFout, bestand, certificaten};
use super::crl::{Crl, CrlFout};

/// The files of a client, read.
pub struct Dossier {
    cas: Vec<CertificateDer<'static>>,
    /// The client's certificate first; never empty.
    keten: Vec<CertificateDer<'static>>,
    sleutel: PrivateKeyDer<'static>,
}

/// Where a chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keteneinde {
    /// At a CA of the file.
    Ca,
    /// At an issuer that the file does not hold. The hub may accept another CA for its participants than it has its own certificate from.
    Onbekend,
    /// At a CA of the file by name, but that did not sign it: it was made anew under the same name, or this is a forgery.
    Vervalst,
    /// The certificates of the file do not follow each other.
    Onderbroken,
}

/// Why a certificate is not meant for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DoelFout {
    /// Its extended key usage lacks clientAuth.
    #[error("the extended key usage does not hold clientAuth")]
    GeenClient,
    /// Its key usage lacks digitalSignature.
    #[error("the key usage does not hold digitalSignature")]
    GeenHandtekening,
    /// It is the certificate of a CA.
    #[error("it is the certificate of a CA")]
    Ca,
    /// Its extensions cannot be read.
    #[error("its extensions cannot be read")]
    Onleesbaar,
}

/// What a file with revocation lists says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lijst {
    /// When the newest list of its issuer was made.
    pub gemaakt_op: DateTime<Utc>,
    /// When the next one was promised.
    pub einde: DateTime<Utc>,
    /// Whether the certificate is on it.
    pub ingetrokken: bool,
}

/// Why a file with revocation lists says nothing of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LijstFout {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Lezen(String),
    /// A list is unusable.
    #[error("{0}")]
    Ongeldig(#[from] CrlFout),
    /// No list in it is of the issuer of the certificate.
    #[error("it holds no list of the issuer of your certificate")]
    AndereUitgever,
}

impl Dossier {
    /// Reads the files; it compares nothing yet.
    pub fn lees(tls: &ClientTls) -> Result<Dossier, VerbindFout> {
        let (cas, keten) = (certificaten(&tls.ca)?, certificaten(&tls.certificaat)?);
        for (pad, lijst) in [(&tls.ca, &cas), (&tls.certificaat, &keten)] {
            lijst.iter().try_for_each(|der| ontleed(der).map(drop)).map_err(|e| bestand(pad, &e))?;
        }
        let sleutel = PrivateKeyDer::from_pem_file(&tls.sleutel).map_err(|e| bestand(&tls.sleutel, &e))?;
        Ok(Dossier { cas, keten, sleutel })
    }

    /// From when until when every certificate of the chain is valid.
    pub fn geldig(&self) -> Result<(DateTime<Utc>, DateTime<Utc>), CertificaatFout> {
        let moment = |tijd: i64| DateTime::from_timestamp(tijd, 0).ok_or(CertificaatFout::Onleesbaar);
        let mut grenzen = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
        for der in &self.keten {
            let geldig = ontleed(der)?.validity().clone();
            grenzen.0 = grenzen.0.max(moment(geldig.not_before.timestamp())?);
            grenzen.1 = grenzen.1.min(moment(geldig.not_after.timestamp())?);
        }
        Ok(grenzen)
    }

    /// Whom the certificate names.
    pub fn identiteit(&self) -> Result<KlantCertificaat, CertificaatFout> {
        self.keten.first().map_or(Err(CertificaatFout::Onleesbaar), KlantCertificaat::lees)
    }

    /// Whether certificate and key belong together; the error says what the library says.
    pub fn sleutel_past(&self) -> Result<(), Error> {
        CertifiedKey::from_der(self.keten.clone(), self.sleutel.clone_key(), &voorziening::default_provider()).map(drop)
    }

    /// Whether the certificate is meant for a client.
    pub fn doel(&self) -> Result<(), DoelFout> {
        let blad = self.blad().map_err(|_| DoelFout::Onleesbaar)?;
        let uitgebreid = blad.extended_key_usage().map_err(|_| DoelFout::Onleesbaar)?;
        if uitgebreid.is_some_and(|doelen| !doelen.value.client_auth) {
            return Err(DoelFout::GeenClient);
        }
        let gebruik = blad.key_usage().map_err(|_| DoelFout::Onleesbaar)?;
        if gebruik.is_some_and(|gebruik| !gebruik.value.digital_signature()) {
            return Err(DoelFout::GeenHandtekening);
        }
        if blad.is_ca() { Err(DoelFout::Ca) } else { Ok(()) }
    }

    /// Where the chain of the certificate ends.
    pub fn keten(&self) -> Result<Keteneinde, CertificaatFout> {
        let schakels = self.keten.iter().map(ontleed).collect::<Result<Vec<_>, _>>()?;
        if schakels.windows(2).any(|paar| !gaf_uit(&paar[1], &paar[0])) {
            return Ok(Keteneinde::Onderbroken);
        }
        let Some(laatste) = schakels.last() else { return Err(CertificaatFout::Onleesbaar) };
        let mut einde = Keteneinde::Onbekend;
        for ca in &self.cas {
            let ca = ontleed(ca)?;
            if ca.as_ref() == laatste.as_ref() || gaf_uit(&ca, laatste) {
                return Ok(Keteneinde::Ca);
            }
            if ca.subject().as_raw() == laatste.issuer().as_raw() {
                einde = Keteneinde::Vervalst;
            }
        }
        Ok(einde)
    }

    /// What the revocation lists in a file say of the certificate.
    pub fn lijst(&self, pad: &Path) -> Result<Lijst, LijstFout> {
        let inhoud = std::fs::read(pad).map_err(|e| LijstFout::Lezen(e.to_string()))?;
        let blad = self.blad().map_err(|e| LijstFout::Lezen(e.to_string()))?;
        let lijsten = Crl::lees_alle(&inhoud, &self.cas)?;
        let eigen = lijsten.iter().filter(|lijst| lijst.is_van(blad.issuer().as_raw()));
        let nieuwste = eigen.max_by_key(|lijst| lijst.gemaakt_op()).ok_or(LijstFout::AndereUitgever)?;
        let (gemaakt_op, einde) = (nieuwste.gemaakt_op(), nieuwste.einde());
        Ok(Lijst { gemaakt_op, einde, ingetrokken: nieuwste.bevat(blad.raw_serial()) })
    }

    fn blad(&self) -> Result<X509Certificate<'_>, CertificaatFout> {
        self.keten.first().map_or(Err(CertificaatFout::Onleesbaar), ontleed)
    }
}

/// Whether the one certificate is of the issuer of the other, and signed it.
fn gaf_uit(ca: &X509Certificate<'_>, onder: &X509Certificate<'_>) -> bool {
    ca.subject().as_raw() == onder.issuer().as_raw() && onder.verify_signature(Some(ca.public_key())).is_ok()
}

/// Until when a certificate is valid, and who issued it; for a hub's certificate that the handshake verified.
pub fn einde_en_uitgever(der: &CertificateDer<'_>) -> Option<(DateTime<Utc>, String)> {
    let certificaat = ontleed(der).ok()?;
    Some((DateTime::from_timestamp(certificaat.validity().not_after.timestamp(), 0)?, certificaat.issuer().to_string()))
}
