//! The connection: TLS with everything looked at, and calls with messages as bytes.

use std::sync::Arc;

use bytes::Bytes;
use http::uri::PathAndQuery;
use ketenhub::conform::lijn::Bytecodec;
use ketenhub::identity::client::VerbindFout;
use ketenhub::wire::client::{Adres, kanaal};
use prost::Message;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs as voorziening;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};

use super::Klant;

/// An open line to the hub.
#[derive(Clone)]
pub struct Lijn(Grpc<Channel>);

impl Lijn {
    pub async fn open(klant: &Klant) -> Result<Lijn, VerbindFout> {
        let adres = Adres::parse(&klant.opdracht.endpoint).unwrap();
        let grootste = if klant.breekt("TRG-03") { 256 * 1024 } else { 16 * 1024 * 1024 };
        Ok(Lijn(Grpc::new(kanaal(&adres, tls(klant)).await?).max_decoding_message_size(grootste)))
    }

    pub async fn vraag(&mut self, methode: &str, vraag: &impl Message) -> Result<Bytes, Status> {
        self.klaar().await?;
        Ok(self.0.unary(Request::new(vraag.encode_to_vec().into()), pad(methode), Bytecodec).await?.into_inner())
    }

    pub async fn stroom(&mut self, methode: &str, vraag: &impl Message) -> Result<Streaming<Bytes>, Status> {
        self.klaar().await?;
        Ok(self.0.server_streaming(Request::new(vraag.encode_to_vec().into()), pad(methode), Bytecodec).await?.into_inner())
    }

    async fn klaar(&mut self) -> Result<(), Status> {
        self.0.ready().await.map_err(|error| Status::from_error(Box::new(error)))
    }
}

fn pad(methode: &str) -> PathAndQuery {
    format!("/jeugdketen.hub.v1.ExchangeService/{methode}").parse().unwrap()
}

fn tls(klant: &Klant) -> Arc<ClientConfig> {
    let mut anker = RootCertStore::empty();
    anker.add(CertificateDer::from_pem_file(&klant.opdracht.ca).unwrap()).unwrap();
    let lijst = CertificateRevocationListDer::from_pem_file(&klant.opdracht.crl).unwrap();
    let provider = Arc::new(voorziening::default_provider());
    let keurder = WebPkiServerVerifier::builder_with_provider(Arc::new(anker), Arc::clone(&provider)).with_crls([lijst]).build().unwrap();
    let keten = vec![CertificateDer::from_pem_file(&klant.opdracht.cert).unwrap()];
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Keurder { keurder, breuk: klant.breuk }))
        .with_client_auth_cert(keten, PrivateKeyDer::from_pem_file(&klant.opdracht.key).unwrap())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(config)
}

/// Looks at the certificate of the hub as the library does, but for what the broken client overlooks.
#[derive(Debug)]
struct Keurder {
    keurder: Arc<WebPkiServerVerifier>,
    breuk: Option<&'static str>,
}

impl Keurder {
    fn ziet_over_het_hoofd(&self, fout: &Error) -> bool {
        use CertificateError as C;
        let Error::InvalidCertificate(fout) = fout else { return false };
        match fout {
            C::Expired | C::ExpiredContext { .. } => self.breuk == Some("CRT-01"),
            C::UnknownIssuer => self.breuk == Some("CRT-02"),
            C::NotValidForName | C::NotValidForNameContext { .. } => self.breuk == Some("CRT-03"),
            C::NotValidYet | C::NotValidYetContext { .. } => self.breuk == Some("CRT-04"),
            C::InvalidPurpose | C::InvalidPurposeContext { .. } => self.breuk == Some("CRT-05"),
            C::Revoked => self.breuk == Some("CRT-06"),
            _ => false,
        }
    }
}

impl ServerCertVerifier for Keurder {
    fn verify_server_cert(
        &self,
        blad: &CertificateDer<'_>,
        tussen: &[CertificateDer<'_>],
        naam: &ServerName<'_>,
        ocsp: &[u8],
        nu: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.keurder.verify_server_cert(blad, tussen, naam, ocsp, nu) {
            Err(fout) if self.ziet_over_het_hoofd(&fout) => Ok(ServerCertVerified::assertion()),
            oordeel => oordeel,
        }
    }

    fn verify_tls12_signature(
        &self,
        bericht: &[u8],
        certificaat: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.keurder.verify_tls12_signature(bericht, certificaat, dss)
    }

    fn verify_tls13_signature(
        &self,
        bericht: &[u8],
        certificaat: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.keurder.verify_tls13_signature(bericht, certificaat, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.keurder.supported_verify_schemes()
    }
}
