//! Certificate revocation lists: reading them, refusing forged ones, and never going back to an older one. It deliberately does
//! not fetch lists (that is the operator's work) and does not look up serial numbers (that is the verifier's).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::error::X509Error;
use x509_parser::oid_registry::OID_X509_EXT_ISSUER_DISTRIBUTION_POINT;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::certificaat;

/// One revocation list.
#[derive(Clone, Debug)]
pub struct Crl {
    pub(super) der: CertificateRevocationListDer<'static>,
    bron: Bron,
    versie: Versie,
    einde: DateTime<Utc>,
}

/// What a list is about. Two lists with the same source are two versions of one list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bron {
    /// The issuer's name, in DER.
    uitgever: Vec<u8>,
    /// The issuing distribution point in DER: a large issuer splits its list into parts. Empty when it does not.
    deel: Vec<u8>,
}

/// How new a list is: its number first (RFC 5280 §5.2.3), then the time it was made. The number is unsigned and without leading
/// zeros, so a longer one is a larger one: the order of the fields is the order of the numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Versie {
    lengte: usize,
    nummer: Vec<u8>,
    gemaakt_op: i64,
}

/// Why a revocation list is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrlFout {
    /// Neither PEM nor DER, or cut off.
    #[error("it is not a revocation list, or it is damaged")]
    Onleesbaar,
    /// The file is readable but holds no list at all.
    #[error("it holds no revocation list")]
    Leeg,
    /// Without a number a roll-back cannot be seen, so the list is not used (RFC 5280 §5.2.3 requires one).
    #[error("the list has no CRL number")]
    ZonderNummer,
    /// Without an end a list would be believed for ever.
    #[error("the list has no nextUpdate")]
    ZonderEinde,
    /// The list names one of our CAs as its issuer but was not signed by it.
    #[error("the list was not signed by the CA it names")]
    Vervalst,
    /// An older version than the one that was in use.
    #[error("the list is older than the one that was loaded before")]
    Teruggedraaid,
}

/// The newest version ever seen of every list. It only grows, also when a list disappears and comes back.
#[derive(Clone, Debug, Default)]
pub(super) struct Hoogste(BTreeMap<Bron, Versie>);

impl Crl {
    /// Reads every list in a file: PEM with one or more lists, or a single list in DER, as issuers publish them.
    pub(super) fn lees_alle(inhoud: &[u8], cas: &[CertificateDer<'_>]) -> Result<Vec<Self>, CrlFout> {
        let lijsten = if inhoud.first() == Some(&0x30) {
            vec![CertificateRevocationListDer::from(inhoud.to_vec())]
        } else {
            let gelezen: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(inhoud).collect();
            gelezen.map_err(|_| CrlFout::Onleesbaar)?
        };
        if lijsten.is_empty() {
            return Err(CrlFout::Leeg);
        }
        lijsten.into_iter().map(|der| Self::lees(der, cas)).collect()
    }

    fn lees(der: CertificateRevocationListDer<'static>, cas: &[CertificateDer<'_>]) -> Result<Self, CrlFout> {
        let Ok(([], lijst)) = CertificateRevocationList::from_der(&der) else {
            return Err(CrlFout::Onleesbaar);
        };
        echt(&lijst, cas)?;
        let nummer = lijst.crl_number().ok_or(CrlFout::ZonderNummer)?.to_bytes_be();
        let einde = lijst.next_update().ok_or(CrlFout::ZonderEinde)?;
        let deel = lijst.tbs_cert_list.find_extension(&OID_X509_EXT_ISSUER_DISTRIBUTION_POINT);
        let bron =
            Bron { uitgever: lijst.issuer().as_raw().to_vec(), deel: deel.map(|extensie| extensie.value.to_vec()).unwrap_or_default() };
        let versie = Versie { lengte: nummer.len(), nummer, gemaakt_op: lijst.last_update().timestamp() };
        let einde = DateTime::from_timestamp(einde.timestamp(), 0).ok_or(CrlFout::Onleesbaar)?;
        drop(lijst);
        Ok(Self { der, bron, versie, einde })
    }

    /// When the list was made.
    #[must_use]
    pub fn gemaakt_op(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.versie.gemaakt_op, 0).unwrap_or_default()
    }

    /// Whether this list is of the issuer with this name in DER.
    pub(super) fn is_van(&self, uitgever: &[u8]) -> bool {
        self.bron.uitgever == uitgever
    }

    /// Whether the certificate with this serial number, as it is encoded, is on the list.
    pub(super) fn bevat(&self, serienummer: &[u8]) -> bool {
        let Ok((_, lijst)) = CertificateRevocationList::from_der(&self.der) else { return false };
        lijst.iter_revoked_certificates().any(|een| een.raw_serial() == serienummer)
    }

    /// The list's `nextUpdate`: from then on it blocks the certificates of its issuer.
    #[must_use]
    pub fn einde(&self) -> DateTime<Utc> {
        self.einde
    }
}

/// Refuses a list that one of our own CAs should have signed but did not. The verifier would find this too, but only in a
/// handshake, when the good list is already gone. Lists of intermediates are left to the verifier: their key is not known here.
fn echt(lijst: &CertificateRevocationList<'_>, cas: &[CertificateDer<'_>]) -> Result<(), CrlFout> {
    let mut vervalst = false;
    for ca in cas {
        let Ok(ca) = certificaat::ontleed(ca) else { continue };
        if ca.subject().as_raw() != lijst.issuer().as_raw() {
            continue;
        }
        match lijst.verify_signature(ca.public_key()) {
            Err(X509Error::SignatureVerificationError) => vervalst = true,
            // Signed by this CA; or by an algorithm that only the verifier knows, which then decides.
            _ => return Ok(()),
        }
    }
    if vervalst { Err(CrlFout::Vervalst) } else { Ok(()) }
}

impl Hoogste {
    /// Refuses a list that is older than one seen before.
    pub(super) fn toets(&self, lijst: &Crl) -> Result<(), CrlFout> {
        match self.0.get(&lijst.bron) {
            Some(gezien) if lijst.versie < *gezien => Err(CrlFout::Teruggedraaid),
            _ => Ok(()),
        }
    }

    /// Remembers the lists that are in use from now on.
    pub(super) fn onthoud<'a>(&mut self, lijsten: impl IntoIterator<Item = &'a Crl>) {
        for lijst in lijsten {
            let gezien = self.0.entry(lijst.bron.clone()).or_insert_with(|| lijst.versie.clone());
            if lijst.versie > *gezien {
                *gezien = lijst.versie.clone();
            }
        }
    }
}

/// The newest version of every list. The verifier stops at the first list of an issuer that it meets, so two versions in two files
/// would make the order of the files decide.
pub(super) fn nieuwste<'a>(lijsten: impl IntoIterator<Item = &'a Crl>) -> Vec<&'a Crl> {
    let mut per_bron: BTreeMap<&Bron, &Crl> = BTreeMap::new();
    for lijst in lijsten {
        let gekozen = per_bron.entry(&lijst.bron).or_insert(lijst);
        if lijst.versie > gekozen.versie {
            *gekozen = lijst;
        }
    }
    per_bron.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_crl_number_is_a_larger_one() {
        let versie = |nummer: &[u8], gemaakt_op| Versie { lengte: nummer.len(), nummer: nummer.to_vec(), gemaakt_op };
        assert!(versie(&[1, 0], 0) > versie(&[255], 9));
        assert!(versie(&[2], 0) > versie(&[1], 9));
        assert!(versie(&[2], 5) > versie(&[2], 4));
    }
}
