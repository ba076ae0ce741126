//! The seal of a sender over the commitment to its message: made with the key of its certificate, verified with the certificate alone. The
//! form is documented at `Zegel` in the contract. Whether a certificate was valid, and whose chain it is in, is judged elsewhere.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use jeugdketen_proto::v1::Zegel;
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521, OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519,
};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::identity::certificaat::{CertificaatFout, KlantCertificaat};

/// What is signed begins with this text and one zero byte: a key of a connection signs other things too.
const CONTEXT: &[u8] = b"ketenhub-zegel-v1\0";

/// How each kind of key seals; a key can do one of them.
const SCHEMAS: [SignatureScheme; 5] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PKCS1_SHA256,
];

/// Why a seal does not show that the sender wrote the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OngeldigZegel {
    /// Its certificate identifies nobody.
    #[error("the certificate of the seal identifies nobody: {0}")]
    Certificaat(#[from] CertificaatFout),
    /// Its certificate is that of another participant than the sender.
    #[error("the certificate of the seal is not the sender's")]
    AndereAfzender,
    /// The signature does not hold.
    #[error("the signature of the seal does not hold over this commitment")]
    Handtekening,
}

/// Verifies the seal of a sender over a commitment.
pub fn verifieer_zegel(zegel: &Zegel, verbintenis: &[u8], afzender_oin: &str) -> Result<(), OngeldigZegel> {
    let der = CertificateDer::from(zegel.certificaat.as_ref());
    if KlantCertificaat::lees(&der)?.oin.as_str() != afzender_oin {
        return Err(OngeldigZegel::AndereAfzender);
    }
    let (_, certificaat) = X509Certificate::from_der(&der).map_err(|_| CertificaatFout::Onleesbaar)?;
    let sleutel = certificaat.public_key();
    let soort = soort(sleutel).ok_or(CertificaatFout::SleutelOnbekend)?;
    UnparsedPublicKey::new(soort, sleutel.subject_public_key.data.as_ref())
        .verify(&[CONTEXT, verbintenis].concat(), &zegel.handtekening)
        .map_err(|_| OngeldigZegel::Handtekening)
}

/// Seals a commitment with the key of a certificate; none when the key is of no kind that can.
pub fn verzegel(verbintenis: &[u8; 32], sleutel: &PrivateKeyDer<'_>, certificaat: &CertificateDer<'_>) -> Option<Zegel> {
    let tekenaar = any_supported_type(sleutel).ok()?.choose_scheme(&SCHEMAS)?;
    let handtekening = tekenaar.sign(&[CONTEXT, verbintenis].concat()).ok()?;
    Some(Zegel { handtekening: handtekening.into(), certificaat: certificaat.to_vec().into() })
}

fn soort(sleutel: &SubjectPublicKeyInfo<'_>) -> Option<&'static dyn VerificationAlgorithm> {
    let algoritme = &sleutel.algorithm;
    let curve = algoritme.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    Some(match &algoritme.algorithm {
        soort if *soort == OID_SIG_ED25519 => &ED25519,
        soort if *soort == OID_PKCS1_RSAENCRYPTION => &RSA_PKCS1_2048_8192_SHA256,
        soort if *soort == OID_KEY_TYPE_EC_PUBLIC_KEY => match curve? {
            curve if curve == OID_EC_P256 => &ECDSA_P256_SHA256_ASN1,
            curve if curve == OID_NIST_EC_P384 => &ECDSA_P384_SHA384_ASN1,
            curve if curve == OID_NIST_EC_P521 => &ECDSA_P521_SHA512_ASN1,
            _ => return None,
        },
        _ => return None,
    })
}
