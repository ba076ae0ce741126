//! What a client is told when it cannot connect.

use std::sync::Arc;

use ketenhub::certs::{Aanvraag, Doel};
use ketenhub::identity::client::{ClientTls, VerbindFout, verbind, verklaar};
use rustls::ClientConfig;
use tokio::net::TcpListener;

use super::opstelling::{Hub, aanvraag, ca, crl, geldig};

#[tokio::test]
async fn a_welcome_client_is_told_nothing() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let config = hub.client_bestanden(&ca.geef_uit(&aanvraag()).unwrap()).laad().unwrap();
    assert_eq!(verklaar(&hub.adres, "localhost", config.clone()).await, Ok(()));
    let stroom = verbind(&hub.adres, "localhost", config).await.unwrap();
    assert!(stroom.get_ref().0.nodelay().unwrap());
    assert_eq!(stroom.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
}

#[tokio::test]
async fn every_refusal_of_the_clients_certificate_is_named_with_its_remedy() {
    let (ca, vreemd) = (ca("CA"), ca("Another CA"));
    let ingetrokken = ca.geef_uit(&aanvraag()).unwrap();
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[&ingetrokken.serienummer])]).await;
    let verlopen = ca.geef_uit(&Aanvraag { geldig: geldig(-20, -1), ..aanvraag() }).unwrap();
    let zonder_oin = ca.geef_uit(&Aanvraag { serial_number: None, ..aanvraag() }).unwrap();
    let voor_servers = ca.geef_uit(&Aanvraag { doelen: vec![Doel::Server], ..aanvraag() }).unwrap();
    for (houder, fout, woorden) in [
        (ingetrokken, VerbindFout::Ingetrokken, "was revoked by its issuer; ask your issuer"),
        (verlopen, VerbindFout::Verlopen, "has expired or is not valid yet; ask your issuer"),
        (vreemd.geef_uit(&aanvraag()).unwrap(), VerbindFout::OnbekendeCa, "use a certificate of a CA that the hub accepts"),
        (zonder_oin, VerbindFout::OinOngeldig, "an OIN of 20 digits"),
        (voor_servers, VerbindFout::VerkeerdDoel, "clientAuth"),
    ] {
        let config = hub.client_bestanden(&houder).laad().unwrap();
        let gevonden = verklaar(&hub.adres, "localhost", config).await.unwrap_err();
        assert_eq!(gevonden, fout);
        assert!(gevonden.to_string().contains(woorden), "{gevonden}");
    }
    let mut zonder = hub.client_bouwer().with_no_client_auth();
    zonder.alpn_protocols = vec![b"h2".to_vec()];
    assert_eq!(verklaar(&hub.adres, "localhost", Arc::new(zonder)).await, Err(VerbindFout::GeenCertificaat));
}

#[tokio::test]
async fn a_hub_that_cannot_be_trusted_is_named() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let bestanden = hub.client_bestanden(&ca.geef_uit(&aanvraag()).unwrap());
    let gevonden = verklaar(&hub.adres, "hub.example", bestanden.laad().unwrap()).await.unwrap_err();
    assert!(matches!(&gevonden, VerbindFout::HubAndereNaam { naam, reden } if naam == "hub.example" && reden.contains("localhost")));
    std::fs::write(&bestanden.ca, ca.pem()).unwrap();
    assert_eq!(verklaar(&hub.adres, "localhost", bestanden.laad().unwrap()).await, Err(VerbindFout::HubNietVertrouwd));
    assert!(VerbindFout::HubNietVertrouwd.to_string().contains("--ca"));
}

#[tokio::test]
async fn nobody_there_and_nobody_answering_are_told_apart() {
    let config = willekeurige_client().await;
    let deur = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let adres = deur.local_addr().unwrap().to_string();
    assert_eq!(verklaar(&adres, "localhost", config.clone()).await, Err(VerbindFout::TeLaat(adres.clone())));
    drop(deur);
    assert_eq!(verklaar(&adres, "localhost", config.clone()).await, Err(VerbindFout::Geweigerd(adres.clone())));
    assert_eq!(verklaar(&adres, "not a name", config.clone()).await, Err(VerbindFout::Naam("not a name".to_owned())));
    let gevonden = verklaar("no-port", "localhost", config).await.unwrap_err();
    assert!(matches!(gevonden, VerbindFout::NietGevonden { .. }), "{gevonden}");
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_named() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let goed = hub.client_bestanden(&ca.geef_uit(&aanvraag()).unwrap());
    let weg = hub.map.path().join("weg.pem");
    for fout in [
        ClientTls { ca: weg.clone(), ..goed.clone() },
        ClientTls { certificaat: weg.clone(), ..goed.clone() },
        ClientTls { sleutel: weg.clone(), ..goed.clone() },
    ] {
        assert!(matches!(fout.laad(), Err(VerbindFout::Bestand { pad, .. }) if pad == weg));
    }
    let gewisseld = ClientTls { sleutel: hub.bestanden.sleutel.clone(), ..goed };
    assert!(matches!(gewisseld.laad(), Err(VerbindFout::EigenSleutel(_))));
}

async fn willekeurige_client() -> Arc<ClientConfig> {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    hub.client_bestanden(&ca.geef_uit(&aanvraag()).unwrap()).laad().unwrap()
}
