//! Who is refused in the handshake, and under which reason.

use ketenhub::certs::{Aanvraag, Doel, Sleutel, Uitgever};
use ketenhub::identity::weigering::Reden;
use rcgen::{CertificateParams, DnType, Issuer, KeyPair, PublicKeyData, SigningKey};
use rustls::AlertDescription as Alert;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::opstelling::{GEDULD, Hub, aanvraag, begin, ca, crl, geldig};

/// An RSA key of 1024 bits. Its private half was thrown away: the hub must refuse before it asks for a proof of possession.
const RSA_1024: &str = "30819f300d06092a864886f70d010101050003818d0030818902818100dc18930e50bfcc03abcbecba2ed217dec8ae1173cfd00a80e0191d311c9142ed7b98d987ba8cf3eb75d973d2ea342421f71b6defcb5df0cf47828236321ee401bd4636b860fa951ac4fb97a49b0e2bea4049e71e4b95c59dfd591093204aae2e27881789410330f54d38540e5a05a2f2e14f9baa989a20438296c4226abdc2b30203010001";

#[tokio::test]
async fn a_good_certificate_is_accepted_with_its_identity() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let houder = ca.geef_uit(&aanvraag()).unwrap();
    let mut lijn = hub.verbind(hub.client(&houder)).await.unwrap();
    assert!(lijn.leeft().await);
    let [identiteit] = &hub.verbindingen.overzicht()[..] else { panic!("one connection") };
    assert_eq!(identiteit.oin.as_str(), super::opstelling::OIN);
    assert_eq!(identiteit.organisatie, "Stichting Voorbeeld");
    assert_eq!(identiteit.serienummer, houder.serienummer.iter().map(|b| format!("{b:02x}")).collect::<String>());
    assert_eq!(identiteit.niet_na, aanvraag().geldig.tot);
    assert_eq!(identiteit.peer, lijn.0.get_ref().0.local_addr().unwrap());
    assert_eq!(hub.tellers.aangenomen(), 1);
}

#[tokio::test]
async fn a_client_without_certificate_is_refused() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let mut config = hub.client_bouwer().with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    assert_eq!(hub.weigert(config, Reden::GeenCertificaat).await.alert(), Some(Alert::CertificateRequired));
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let sleutel = KeyPair::generate().unwrap();
    let certificaat = parameters(&aanvraag()).self_signed(&sleutel).unwrap();
    let config = hub.client_met(vec![certificaat.der().clone()], privaat(&sleutel));
    assert_eq!(hub.weigert(config, Reden::OnbekendeCa).await.alert(), Some(Alert::UnknownCA));
}

#[tokio::test]
async fn a_certificate_of_another_root_is_refused() {
    let (ca, vreemd) = (ca("CA"), ca("Another CA"));
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let houder = vreemd.geef_uit(&aanvraag()).unwrap();
    assert_eq!(hub.weigert(hub.client(&houder), Reden::OnbekendeCa).await.alert(), Some(Alert::UnknownCA));
}

#[tokio::test]
async fn a_root_that_borrows_the_name_of_ours_is_refused() {
    let (ca, nep) = (ca("CA"), ca("CA"));
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let houder = nep.geef_uit(&aanvraag()).unwrap();
    hub.weigert(hub.client(&houder), Reden::CertificaatOngeldig).await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let houder = ca.geef_uit(&Aanvraag { geldig: geldig(-20, -1), ..aanvraag() }).unwrap();
    assert_eq!(hub.weigert(hub.client(&houder), Reden::CertificaatVerlopen).await.alert(), Some(Alert::CertificateExpired));
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_yet_is_refused() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let houder = ca.geef_uit(&Aanvraag { geldig: geldig(1, 20), ..aanvraag() }).unwrap();
    hub.weigert(hub.client(&houder), Reden::CertificaatNogNietGeldig).await;
}

#[tokio::test]
async fn a_certificate_for_servers_only_is_refused() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let houder = ca.geef_uit(&Aanvraag { doelen: vec![Doel::Server], ..aanvraag() }).unwrap();
    let weigering = hub.weigert(hub.client(&houder), Reden::CertificaatVerkeerdDoel).await;
    assert_eq!(weigering.alert(), Some(Alert::UnsupportedCertificate));
}

#[tokio::test]
async fn a_missing_or_malformed_oin_is_refused() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    for nummer in [None, Some("0000000100321434500"), Some("000000010032143450000"), Some("0000000100321434500A"), Some("")] {
        let aanvraag = Aanvraag { serial_number: nummer.map(str::to_owned), ..aanvraag() };
        let houder = ca.geef_uit(&aanvraag).unwrap();
        let weigering = hub.weigert(hub.client(&houder), Reden::OinOngeldig).await;
        assert_eq!(weigering.alert(), Some(Alert::CertificateUnknown), "{nummer:?}");
    }
}

#[tokio::test]
async fn a_second_oin_is_refused() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let mut parameters = parameters(&aanvraag());
    parameters.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 127]), "00000001000000000000");
    let sleutel = KeyPair::generate().unwrap();
    // The certificate library cannot write an attribute twice: write another one, and rename it before it is signed.
    let certificaat = ondertekend_na_wijziging(&ca, &parameters, &sleutel, &[0x55, 4, 127], &[0x55, 4, 5]);
    hub.weigert(hub.client_met(vec![certificaat], privaat(&sleutel)), Reden::OinOngeldig).await;
}

#[tokio::test]
async fn a_certificate_without_a_readable_organisation_is_refused() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    for organisatie in [None, Some(" "), Some("Stichting\nVoorbeeld"), Some("Stichting \u{202e}dleebrooV")] {
        let aanvraag = Aanvraag { organisatie: organisatie.map(str::to_owned), ..aanvraag() };
        let houder = ca.geef_uit(&aanvraag).unwrap();
        hub.weigert(hub.client(&houder), Reden::OinOngeldig).await;
    }
}

#[tokio::test]
async fn a_weak_rsa_key_is_refused() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let spki = (0..RSA_1024.len()).step_by(2).map(|i| u8::from_str_radix(&RSA_1024[i..i + 2], 16).unwrap()).collect();
    let houder = ca.geef_uit(&Aanvraag { sleutel: Sleutel::Bestaand(spki), ..aanvraag() }).unwrap();
    let config = hub.client_met(vec![houder.der], privaat(&KeyPair::generate().unwrap()));
    hub.weigert(config, Reden::SleutelTeZwak).await;
}

#[tokio::test]
async fn a_small_elliptic_curve_is_refused() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let sleutel = KeyPair::generate().unwrap();
    // From P-256 (1.2.840.10045.3.1.7) to P-192 (1.2.840.10045.3.1.1).
    let (p256, p192) = ([0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7], [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1]);
    let certificaat = ondertekend_na_wijziging(&ca, &parameters(&aanvraag()), &sleutel, &p256, &p192);
    hub.weigert(hub.client_met(vec![certificaat], privaat(&sleutel)), Reden::SleutelTeZwak).await;
}

#[tokio::test]
async fn somebody_elses_certificate_is_refused() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let gestolen = ca.geef_uit(&aanvraag()).unwrap();
    let config = hub.client_met(vec![gestolen.der], privaat(&KeyPair::generate().unwrap()));
    hub.weigert(config, Reden::CertificaatOngeldig).await;
}

#[tokio::test]
async fn a_revoked_certificate_is_refused() {
    let ca = ca("CA");
    let (goed, fout) = (ca.geef_uit(&aanvraag()).unwrap(), ca.geef_uit(&aanvraag()).unwrap());
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[&fout.serienummer])]).await;
    assert_eq!(hub.weigert(hub.client(&fout), Reden::CertificaatIngetrokken).await.alert(), Some(Alert::CertificateRevoked));
    hub.verbind(hub.client(&goed)).await.unwrap();
}

#[tokio::test]
async fn a_revoked_intermediate_takes_its_certificates_along() {
    let ca = ca("CA");
    let (goed, fout) = (tussen(&ca, "Good"), tussen(&ca, "Bad"));
    let lijsten = [crl(&ca, 1, &[fout.serienummer()]), crl(&goed, 1, &[]) + &crl(&fout, 1, &[])];
    let hub = Hub::start(&[&ca], &lijsten).await;
    hub.verbind(hub.client(&goed.geef_uit(&aanvraag()).unwrap())).await.unwrap();
    let houder = fout.geef_uit(&aanvraag()).unwrap();
    hub.weigert(hub.client(&houder), Reden::CertificaatIngetrokken).await;
}

#[tokio::test]
async fn a_ca_without_revocation_list_is_refused() {
    let (ca, zonder) = (ca("CA"), ca("CA without list"));
    let hub = Hub::start(&[&ca, &zonder], &[crl(&ca, 1, &[])]).await;
    let houder = zonder.geef_uit(&aanvraag()).unwrap();
    hub.weigert(hub.client(&houder), Reden::CrlOntbreekt).await;
}

#[tokio::test]
async fn a_list_that_ran_out_blocks_its_own_issuer_and_no_other() {
    let (ca_a, ca_b) = (ca("CA A"), ca("CA B"));
    let kort = ca_b.crl(&ketenhub::certs::CrlPlan { nummer: 1, geldig: geldig(-2, 1), ingetrokken: Vec::new() }).unwrap();
    let hub = Hub::start(&[&ca_a, &ca_b], &[kort, crl(&ca_a, 1, &[])]).await;
    let (a, b) = (ca_a.geef_uit(&aanvraag()).unwrap(), ca_b.geef_uit(&aanvraag()).unwrap());
    hub.verbind(hub.client(&b)).await.unwrap();
    hub.zet_klok(2);
    hub.verbind(hub.client(&a)).await.unwrap();
    assert_eq!(hub.weigert(hub.client(&b), Reden::CrlVerlopen).await.alert(), Some(Alert::UnknownCA));
    assert_eq!(hub.stand.load().eerste_crl_einde(), Some(begin() + chrono::TimeDelta::days(1)));
}

#[tokio::test]
async fn tls_1_2_is_refused() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let mut tcp = TcpStream::connect(&hub.adres).await.unwrap();
    tcp.write_all(&client_hello_tls12()).await.unwrap();
    let mut antwoord = [0; 7];
    timeout(GEDULD, tcp.read_exact(&mut antwoord)).await.unwrap().unwrap();
    assert_eq!(antwoord, [0x15, 3, 3, 0, 2, 2, 70], "a fatal alert: protocol_version");
    drop(tcp);
    super::opstelling::wacht_tot("the refusal is counted", || hub.tellers.geweigerd(Reden::TlsVersie) == 1).await;
}

#[tokio::test]
async fn another_protocol_than_http_2_is_refused() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let mut config = hub.client(&ca.geef_uit(&aanvraag()).unwrap());
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    assert_eq!(hub.weigert(config.clone(), Reden::GeenH2).await.alert(), Some(Alert::NoApplicationProtocol));
    config.alpn_protocols.clear();
    hub.weigert(config, Reden::GeenH2).await;
}

#[tokio::test]
async fn bytes_that_are_not_tls_are_refused() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let mut tcp = TcpStream::connect(&hub.adres).await.unwrap();
    tcp.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    tcp.shutdown().await.unwrap();
    super::opstelling::wacht_tot("the refusal is counted", || hub.tellers.geweigerd(Reden::Protocolfout) == 1).await;
}

fn tussen(ca: &Uitgever, naam: &str) -> Uitgever {
    ca.tussen(naam, geldig(-100, 1000)).unwrap()
}

fn parameters(aanvraag: &Aanvraag) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = aanvraag.onderwerp().unwrap();
    parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    parameters
}

fn privaat(sleutel: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(sleutel.serialize_der()).unwrap()
}

/// A certificate with a valid signature over contents that the certificate library would not write.
fn ondertekend_na_wijziging(
    ca: &Uitgever,
    parameters: &CertificateParams,
    sleutel: &KeyPair,
    van: &[u8],
    naar: &[u8],
) -> CertificateDer<'static> {
    let wijziger = Wijziger { sleutel: ca.issuer().key(), van, naar };
    let issuer = Issuer::from_ca_cert_der(ca.der(), &wijziger).unwrap();
    wijziger.gewijzigd(parameters.signed_by(sleutel, &issuer).unwrap().der()).into()
}

struct Wijziger<'a> {
    sleutel: &'a KeyPair,
    van: &'a [u8],
    naar: &'a [u8],
}

impl Wijziger<'_> {
    fn gewijzigd(&self, bytes: &[u8]) -> Vec<u8> {
        let plaatsen: Vec<_> = bytes.windows(self.van.len()).enumerate().filter(|(_, w)| *w == self.van).collect();
        let [(plaats, _)] = plaatsen[..] else { panic!("exactly one place to change") };
        let mut uit = bytes.to_vec();
        uit[plaats..plaats + self.naar.len()].copy_from_slice(self.naar);
        uit
    }
}

impl PublicKeyData for Wijziger<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.sleutel.der_bytes()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        self.sleutel.algorithm()
    }
}

impl SigningKey for Wijziger<'_> {
    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.sleutel.sign(&self.gewijzigd(bytes))
    }
}

/// A ClientHello as TLS 1.2 clients send it: without `supported_versions`.
fn client_hello_tls12() -> Vec<u8> {
    let extensies: &[u8] = &[
        0, 10, 0, 4, 0, 2, 0, 23, // supported_groups: secp256r1
        0, 13, 0, 6, 0, 4, 4, 3, 8, 4, // signature_algorithms
    ];
    let mut inhoud = vec![3, 3];
    inhoud.extend([7; 32]);
    inhoud.extend([0, 0, 4, 0xc0, 0x2b, 0xc0, 0x2f, 1, 0]);
    inhoud.extend((extensies.len() as u16).to_be_bytes());
    inhoud.extend(extensies);
    let mut bericht = vec![1, 0];
    bericht.extend((inhoud.len() as u16).to_be_bytes());
    bericht.extend(inhoud);
    let mut record = vec![0x16, 3, 1];
    record.extend((bericht.len() as u16).to_be_bytes());
    record.extend(bericht);
    record
}
