//! The question every handshake asks: is this chain good, and does its certificate name a participant? It deliberately does not
//! ask whether that participant is in the register.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs as voorziening;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore, SignatureScheme};

use super::certificaat::KlantCertificaat;
use super::crl::{self, Crl};
use super::tls::TlsFout;

/// The library's verifier, and then our own question: does this certificate name a participant? Asked here, so that the answer no
/// is given in the handshake, and no connection without an identity ever exists.
#[derive(Debug)]
pub(super) struct KlantVerifier {
    webpki: Arc<dyn ClientCertVerifier>,
}

impl KlantVerifier {
    /// A verifier for these CAs with these revocation lists, of which there must be at least one.
    pub(super) fn nieuw<'a>(cas: &[CertificateDer<'static>], crls: impl IntoIterator<Item = &'a Crl>) -> Result<Self, TlsFout> {
        let mut anker = RootCertStore::empty();
        for ca in cas {
            anker.add(ca.clone()).map_err(|e| TlsFout::Opbouw(e.to_string()))?;
        }
        let crls = crl::nieuwste(crls);
        if crls.is_empty() {
            return Err(TlsFout::GeenCrl);
        }
        // Not called, on purpose: `allow_unauthenticated`, `allow_unknown_revocation_status`, `only_check_end_entity_revocation`.
        let webpki = WebPkiClientVerifier::builder_with_provider(Arc::new(anker), Arc::new(voorziening::default_provider()))
            .with_crls(crls.into_iter().map(|lijst| lijst.der.clone()))
            .enforce_revocation_expiration()
            .build()
            .map_err(|e| TlsFout::Opbouw(e.to_string()))?;
        Ok(Self { webpki })
    }
}

impl ClientCertVerifier for KlantVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.webpki.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        blad: &CertificateDer<'_>,
        tussen: &[CertificateDer<'_>],
        nu: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let geverifieerd = self.webpki.verify_client_cert(blad, tussen, nu)?;
        match KlantCertificaat::lees(blad) {
            Ok(_) => Ok(geverifieerd),
            Err(fout) => Err(CertificateError::Other(OtherError(Arc::new(fout))).into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        bericht: &[u8],
        certificaat: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(bericht, certificaat, dss)
    }

    fn verify_tls13_signature(
        &self,
        bericht: &[u8],
        certificaat: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(bericht, certificaat, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}
