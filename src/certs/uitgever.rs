//! Issuing certificates and revocation lists, good ones and, for who wants to see a refusal, bad ones. It deliberately writes no
//! files and keeps no administration: what was issued is known to the caller alone.

use std::ops::Add;
use std::time::Duration;

use aws_lc_rs::rand;
use chrono::{DateTime, Utc};
use rcgen::string::PrintableString;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams, SerialNumber, SubjectPublicKeyInfo,
    date_time_ymd,
};
use rustls::pki_types::CertificateDer;

use super::CertsFout;
use crate::domain::ids::Oin;

/// `subject.serialNumber`, where PKIoverheid puts the OIN (X.520).
const SERIAL_NUMBER: [u64; 4] = [2, 5, 4, 5];

/// From when until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geldigheid {
    /// The first valid instant.
    pub van: DateTime<Utc>,
    /// The last valid instant; for a list, its `nextUpdate`.
    pub tot: DateTime<Utc>,
}

/// What a certificate may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doel {
    /// Being a server.
    Server,
    /// Being a client.
    Client,
}

/// Which key a certificate is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sleutel {
    /// A new one, on the curve P-256.
    NieuwP256,
    /// An existing one, as `SubjectPublicKeyInfo` in DER. Its private half is not known here, so no key file comes out.
    Bestaand(Vec<u8>),
}

/// A request for a certificate. What is `None` is left out, which makes a certificate that a hub must refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aanvraag {
    /// `subject.serialNumber`: an OIN, unless somebody wants to see a refusal.
    pub serial_number: Option<String>,
    /// `subject.organizationName`.
    pub organisatie: Option<String>,
    /// `subject.commonName`.
    pub common_name: String,
    /// Host names and IP addresses.
    pub namen: Vec<String>,
    /// The extended key usages; empty means any.
    pub doelen: Vec<Doel>,
    /// When it is valid.
    pub geldig: Geldigheid,
    /// Its key.
    pub sleutel: Sleutel,
}

impl Aanvraag {
    /// A client certificate for a participant, as it should be.
    #[must_use]
    pub fn voor(oin: Oin, naam: &str, geldig: Geldigheid) -> Self {
        Self {
            serial_number: Some(oin.to_string()),
            organisatie: Some(naam.to_owned()),
            common_name: naam.to_owned(),
            namen: Vec::new(),
            doelen: vec![Doel::Client],
            geldig,
            sleutel: Sleutel::NieuwP256,
        }
    }

    /// The subject.
    pub fn onderwerp(&self) -> Result<DistinguishedName, CertsFout> {
        let mut onderwerp = DistinguishedName::new();
        onderwerp.push(DnType::CountryName, DnValue::PrintableString(printable("NL")?));
        if let Some(organisatie) = &self.organisatie {
            onderwerp.push(DnType::OrganizationName, organisatie);
        }
        if let Some(nummer) = &self.serial_number {
            onderwerp.push(DnType::CustomDnType(SERIAL_NUMBER.to_vec()), DnValue::PrintableString(printable(nummer)?));
        }
        onderwerp.push(DnType::CommonName, &self.common_name);
        Ok(onderwerp)
    }
}

/// A certificate that was issued.
#[derive(Clone)]
pub struct Uitgegeven {
    /// The certificate.
    pub der: CertificateDer<'static>,
    /// The certificate and the intermediates above it, in PEM.
    pub keten_pem: String,
    /// The private key in PEM; empty when it is not known here.
    pub sleutel_pem: String,
    /// The serial number, as it must stand in a revocation list.
    pub serienummer: Vec<u8>,
}

/// A revocation list to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlPlan {
    /// The list's number; each next list has a higher one.
    pub nummer: u64,
    /// When it was made, and when the next one comes.
    pub geldig: Geldigheid,
    /// The serial numbers on it.
    pub ingetrokken: Vec<Vec<u8>>,
}

/// A certificate authority, as long as this program runs.
pub struct Uitgever {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    der: CertificateDer<'static>,
    pem: String,
    /// Its own certificate and those above it, in PEM, without the root: what a client must send along. Empty for a root.
    tussen_pem: String,
    serienummer: Vec<u8>,
}

impl Uitgever {
    /// A root CA.
    pub fn nieuw(naam: &str, geldig: Geldigheid) -> Result<Self, CertsFout> {
        let (parameters, sleutel, serienummer) = ca_parameters(naam, geldig)?;
        let certificaat = parameters.self_signed(&sleutel)?;
        let (der, pem) = (certificaat.der().clone(), certificaat.pem());
        Ok(Self { issuer: Issuer::new(parameters, sleutel), der, pem, tussen_pem: String::new(), serienummer })
    }

    /// An intermediate CA below this one.
    pub fn tussen(&self, naam: &str, geldig: Geldigheid) -> Result<Self, CertsFout> {
        let (parameters, sleutel, serienummer) = ca_parameters(naam, geldig)?;
        let certificaat = parameters.signed_by(&sleutel, &self.issuer)?;
        let (der, pem) = (certificaat.der().clone(), certificaat.pem());
        let tussen_pem = format!("{pem}{}", self.tussen_pem);
        Ok(Self { issuer: Issuer::new(parameters, sleutel), der, pem, tussen_pem, serienummer })
    }

    /// Issues a certificate.
    pub fn geef_uit(&self, aanvraag: &Aanvraag) -> Result<Uitgegeven, CertsFout> {
        let (mut parameters, serienummer) = parameters(aanvraag.onderwerp()?, &aanvraag.namen, aanvraag.geldig)?;
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = aanvraag.doelen.iter().map(|doel| doel.eku()).collect();
        let (certificaat, sleutel_pem) = match &aanvraag.sleutel {
            Sleutel::NieuwP256 => {
                let sleutel = KeyPair::generate()?;
                (parameters.signed_by(&sleutel, &self.issuer)?, sleutel.serialize_pem())
            }
            Sleutel::Bestaand(spki) => (parameters.signed_by(&SubjectPublicKeyInfo::from_der(spki)?, &self.issuer)?, String::new()),
        };
        let keten_pem = format!("{}{}", certificaat.pem(), self.tussen_pem);
        Ok(Uitgegeven { der: certificaat.der().clone(), keten_pem, sleutel_pem, serienummer })
    }

    /// Makes a revocation list, in PEM.
    pub fn crl(&self, plan: &CrlPlan) -> Result<String, CertsFout> {
        let ingetrokken = plan.ingetrokken.iter().map(|serienummer| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serienummer),
            revocation_time: sinds_1970(date_time_ymd(1970, 1, 1), plan.geldig.van),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        });
        let lijst = CertificateRevocationListParams {
            this_update: sinds_1970(date_time_ymd(1970, 1, 1), plan.geldig.van),
            next_update: sinds_1970(date_time_ymd(1970, 1, 1), plan.geldig.tot),
            crl_number: SerialNumber::from(plan.nummer),
            issuing_distribution_point: None,
            revoked_certs: ingetrokken.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(lijst.signed_by(&self.issuer)?.pem()?)
    }

    /// The CA's certificate in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.pem.clone()
    }

    /// The CA's certificate.
    #[must_use]
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// The CA's own serial number, for the list of the CA above it.
    #[must_use]
    pub fn serienummer(&self) -> &[u8] {
        &self.serienummer
    }

    /// The CA's name and key, for who needs a certificate that this module refuses to make.
    #[must_use]
    pub fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }
}

impl Doel {
    fn eku(self) -> ExtendedKeyUsagePurpose {
        match self {
            Self::Server => ExtendedKeyUsagePurpose::ServerAuth,
            Self::Client => ExtendedKeyUsagePurpose::ClientAuth,
        }
    }
}

fn ca_parameters(naam: &str, geldig: Geldigheid) -> Result<(CertificateParams, KeyPair, Vec<u8>), CertsFout> {
    let mut onderwerp = DistinguishedName::new();
    onderwerp.push(DnType::CountryName, DnValue::PrintableString(printable("NL")?));
    onderwerp.push(DnType::CommonName, naam);
    let (mut parameters, serienummer) = parameters(onderwerp, &[], geldig)?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok((parameters, KeyPair::generate()?, serienummer))
}

fn parameters(onderwerp: DistinguishedName, namen: &[String], geldig: Geldigheid) -> Result<(CertificateParams, Vec<u8>), CertsFout> {
    let serienummer = willekeurig_serienummer()?;
    let mut parameters = CertificateParams::new(namen)?;
    parameters.distinguished_name = onderwerp;
    parameters.not_before = sinds_1970(date_time_ymd(1970, 1, 1), geldig.van);
    parameters.not_after = sinds_1970(date_time_ymd(1970, 1, 1), geldig.tot);
    parameters.serial_number = Some(SerialNumber::from_slice(&serienummer));
    parameters.use_authority_key_identifier_extension = true;
    Ok((parameters, serienummer))
}

/// Twenty bytes, the most RFC 5280 §4.1.2.2 allows. The first is between 64 and 127: the number is positive, and always of the same
/// length.
fn willekeurig_serienummer() -> Result<Vec<u8>, CertsFout> {
    let mut nummer = vec![0; 20];
    rand::fill(&mut nummer).map_err(|_| CertsFout::Maken("there is no randomness".to_owned()))?;
    nummer[0] = (nummer[0] & 0x3f) | 0x40;
    Ok(nummer)
}

fn printable(tekst: &str) -> Result<PrintableString, CertsFout> {
    PrintableString::try_from(tekst).map_err(|_| CertsFout::Naam(tekst.to_owned()))
}

/// An instant in the certificate library's own kind of time, which it does not export by name: counted up from 1970, which it does.
fn sinds_1970<T: Add<Duration, Output = T>>(begin: T, tijd: DateTime<Utc>) -> T {
    begin + Duration::from_secs(u64::try_from(tijd.timestamp()).unwrap_or(0))
}
