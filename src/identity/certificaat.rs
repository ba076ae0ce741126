//! What a client certificate says about its holder. It deliberately does not verify signatures, validity or revocation: that is
//! the verifier's work (see [`super::tls`]), and it has been done before anything here is believed.

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::oid::Oid;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521, OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519,
    OID_X509_SERIALNUMBER,
};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name};

use crate::domain::ids::Oin;

/// The smallest RSA modulus that is accepted. PKIoverheid and the NCSC guidelines ask for at least this much.
const RSA_MINIMUM_BITS: usize = 2048;

/// What the hub takes from a client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KlantCertificaat {
    /// The holder's OIN, from `subject.serialNumber`, where PKIoverheid puts it.
    pub oin: Oin,
    /// The holder's name, from `subject.organizationName`.
    pub organisatie: String,
    /// The certificate's serial number: the bytes of the INTEGER as encoded, so possibly with a leading zero byte.
    pub serienummer: Vec<u8>,
    /// The issuer's name, for people to read.
    pub uitgever: String,
    /// The certificate is not valid before this instant.
    pub niet_voor: DateTime<Utc>,
    /// The certificate is not valid after this instant.
    pub niet_na: DateTime<Utc>,
    /// SHA-256 over the certificate in DER.
    pub vingerafdruk: [u8; 32],
}

/// Why a certificate cannot identify anybody. The texts repeat nothing from the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificaatFout {
    /// Not an X.509 certificate, or more than one.
    #[error("the certificate cannot be read")]
    Onleesbaar,
    /// `subject.serialNumber` is absent.
    #[error("the subject has no serialNumber, so there is no OIN")]
    OinOntbreekt,
    /// `subject.serialNumber` occurs more than once; choosing one would let two systems see two identities.
    #[error("the subject has more than one serialNumber, so it is not clear which one is the OIN")]
    OinDubbel,
    /// `subject.serialNumber` is not an OIN.
    #[error("the subject's serialNumber is not an OIN of 20 digits")]
    OinMisvormd,
    /// `subject.organizationName` is absent or empty.
    #[error("the subject has no organizationName")]
    OrganisatieOntbreekt,
    /// `subject.organizationName` is not text that can be shown: it could forge lines in a log or on a page.
    #[error("the subject's organizationName is not printable text")]
    OrganisatieMisvormd,
    /// The key is of a known kind but too small.
    #[error("the key is too weak: RSA from 2048 bits, or the curves P-256, P-384, P-521 or Ed25519")]
    SleutelTeZwak,
    /// The key is of a kind that is not accepted.
    #[error("the kind of key is not accepted: RSA from 2048 bits, or the curves P-256, P-384, P-521 or Ed25519")]
    SleutelOnbekend,
}

impl KlantCertificaat {
    /// Reads a certificate; everything it must say to identify a participant is checked here.
    pub fn lees(der: &CertificateDer<'_>) -> Result<Self, CertificaatFout> {
        let certificaat = ontleed(der)?;
        sterke_sleutel(certificaat.public_key())?;
        let onderwerp = certificaat.subject();
        Ok(Self {
            oin: oin(onderwerp)?,
            organisatie: organisatie(onderwerp)?,
            serienummer: certificaat.raw_serial().to_vec(),
            uitgever: certificaat.issuer().to_string(),
            niet_voor: moment(certificaat.validity().not_before)?,
            niet_na: moment(certificaat.validity().not_after)?,
            vingerafdruk: vingerafdruk(der),
        })
    }

    /// The serial number in hexadecimal, without leading zero bytes: as it stands in a revocation list.
    #[must_use]
    pub fn serienummer_hex(&self) -> String {
        let begin = self.serienummer.iter().position(|&b| b != 0).unwrap_or(self.serienummer.len().saturating_sub(1));
        self.serienummer.iter().skip(begin).map(|b| format!("{b:02x}")).collect()
    }
}

/// SHA-256 over a certificate in DER.
pub fn vingerafdruk(der: &[u8]) -> [u8; 32] {
    let mut som = [0; 32];
    som.copy_from_slice(digest::digest(&digest::SHA256, der).as_ref());
    som
}

/// Reads exactly one certificate, and nothing after it.
pub(super) fn ontleed<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, CertificaatFout> {
    match X509Certificate::from_der(der) {
        Ok(([], certificaat)) => Ok(certificaat),
        _ => Err(CertificaatFout::Onleesbaar),
    }
}

fn oin(onderwerp: &X509Name<'_>) -> Result<Oin, CertificaatFout> {
    let mut nummers = onderwerp.iter_by_oid(&OID_X509_SERIALNUMBER);
    let nummer = nummers.next().ok_or(CertificaatFout::OinOntbreekt)?;
    if nummers.next().is_some() {
        return Err(CertificaatFout::OinDubbel);
    }
    let tekst = nummer.as_str().map_err(|_| CertificaatFout::OinMisvormd)?;
    Oin::parse(tekst).map_err(|_| CertificaatFout::OinMisvormd)
}

fn organisatie(onderwerp: &X509Name<'_>) -> Result<String, CertificaatFout> {
    let naam = onderwerp.iter_organization().next().ok_or(CertificaatFout::OrganisatieOntbreekt)?;
    let tekst = naam.as_str().map_err(|_| CertificaatFout::OrganisatieMisvormd)?.trim();
    if tekst.is_empty() {
        return Err(CertificaatFout::OrganisatieOntbreekt);
    }
    if tekst.chars().any(onzichtbaar) {
        return Err(CertificaatFout::OrganisatieMisvormd);
    }
    Ok(tekst.to_owned())
}

/// Characters that change how the text around them is shown: control characters, and the marks that reverse its direction.
fn onzichtbaar(teken: char) -> bool {
    teken.is_control() || matches!(teken, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn sterke_sleutel(sleutel: &SubjectPublicKeyInfo<'_>) -> Result<(), CertificaatFout> {
    let soort = &sleutel.algorithm.algorithm;
    if *soort == OID_PKCS1_RSAENCRYPTION {
        return match sleutel.parsed() {
            Ok(PublicKey::RSA(rsa)) if bits(rsa.modulus) >= RSA_MINIMUM_BITS => Ok(()),
            Ok(PublicKey::RSA(_)) => Err(CertificaatFout::SleutelTeZwak),
            _ => Err(CertificaatFout::Onleesbaar),
        };
    }
    if *soort == OID_KEY_TYPE_EC_PUBLIC_KEY {
        // Only named curves: explicit parameters are how CVE-2020-0601 forged certificates.
        let curve: Option<Oid<'_>> = sleutel.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok());
        return match curve {
            Some(curve) if [OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521].contains(&curve) => Ok(()),
            _ => Err(CertificaatFout::SleutelTeZwak),
        };
    }
    if *soort == OID_SIG_ED25519 {
        return Ok(());
    }
    Err(CertificaatFout::SleutelOnbekend)
}

/// The size of a number in bits. Counted here, because leading zero bytes must not make a key look stronger.
fn bits(getal: &[u8]) -> usize {
    let begin = getal.iter().position(|&b| b != 0).unwrap_or(getal.len());
    match getal.get(begin..) {
        Some([eerste, rest @ ..]) => rest.len() * 8 + (u8::BITS - eerste.leading_zeros()) as usize,
        _ => 0,
    }
}

fn moment(tijd: ASN1Time) -> Result<DateTime<Utc>, CertificaatFout> {
    DateTime::from_timestamp(tijd.timestamp(), 0).ok_or(CertificaatFout::Onleesbaar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zero_bytes_do_not_make_a_key_stronger() {
        assert_eq!(bits(&[]), 0);
        assert_eq!(bits(&[0, 0, 1]), 1);
        let mut modulus = vec![0; 200];
        modulus.extend([0xff; 128]);
        assert_eq!(bits(&modulus), 1024);
        assert_eq!(bits(&[0x7f; 256]), 2047);
        assert_eq!(bits(&[0x80; 256]), 2048);
    }

    #[test]
    fn garbage_is_not_a_certificate() {
        let rommel = CertificateDer::from(vec![0x30, 0x03, 1, 2, 3]);
        assert_eq!(KlantCertificaat::lees(&rommel), Err(CertificaatFout::Onleesbaar));
    }
}
