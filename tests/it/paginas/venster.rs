//! The window on loopback: the pages of one participant for a browser without a certificate, and for nobody else's pages.

use std::net::SocketAddr;
use std::path::Path;

use ketenhub::identity::client::ClientTls;
use ketenhub::paginas::klant::Klant;
use ketenhub::paginas::venster;
use ketenhub::wire::client::Adres;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::support::browser::raadplegingen;
use crate::support::hub::CERTS;
use crate::support::zaak::Zaak;

fn klant(zaak: &Zaak, wie: &str) -> Klant {
    let bestand = |ending: &str| Path::new(CERTS).join(format!("{wie}.{ending}"));
    let tls = ClientTls { ca: Path::new(CERTS).join("ca.pem"), certificaat: bestand("pem"), sleutel: bestand("key") };
    let adres = Adres::parse(&zaak.hub.running.paginas.unwrap().to_string()).unwrap();
    Klant::nieuw(adres, tls.laad_voor_paginas().unwrap())
}

/// Asks in plain text, and returns everything that comes back.
async fn vraag(adres: SocketAddr, eerste_regel: &str, koppen: &str) -> String {
    let mut stroom = TcpStream::connect(adres).await.unwrap();
    stroom.write_all(format!("{eerste_regel} HTTP/1.1\r\n{koppen}Connection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut antwoord = Vec::new();
    stroom.read_to_end(&mut antwoord).await.unwrap();
    String::from_utf8(antwoord).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_shows_the_pages_of_its_participant_to_this_machine_only() {
    let zaak = Zaak::met_voorbeelden(&["02"]).await;
    let stop = CancellationToken::new();
    let adres = venster::open(([127, 0, 0, 1], 0).into(), klant(&zaak, "gi"), stop.clone()).await.unwrap();
    let host = |naam: &str| format!("Host: {naam}:{}\r\n", adres.port());
    let pad = format!("GET /traject/{}", zaak.maatregel);
    for naam in ["127.0.0.1", "localhost", "[::1]"] {
        let antwoord = vraag(adres, &pad, &host(naam)).await;
        assert!(antwoord.starts_with("HTTP/1.1 200") && antwoord.contains(&zaak.maatregel), "{naam}: {antwoord}");
        assert!(antwoord.to_lowercase().contains("content-security-policy: default-src 'none'; style-src 'self'"), "{antwoord}");
    }
    assert!(
        vraag(adres, "GET /audit", &host("localhost")).await.starts_with("HTTP/1.1 403"),
        "what a GI does not have, it does not have here"
    );
    let records = raadplegingen(&zaak, 0).await;
    let eigen = host("127.0.0.1");
    let geweigerd = [
        (pad.clone(), "Host: rebound.example\r\n".to_owned(), "421"),
        (pad.clone(), "Host: rebound.example:80\r\n".to_owned(), "421"),
        (pad.clone(), format!("Host: 127.0.0.1:{}\r\n", adres.port() ^ 1), "421"),
        (pad.clone(), format!("{eigen}Sec-Fetch-Site: cross-site\r\n"), "403"),
        (pad.clone(), format!("{eigen}Sec-Fetch-Site: same-site\r\n"), "403"),
        (pad.replace("GET", "POST"), eigen.clone(), "405"),
    ];
    for (regel, koppen, code) in geweigerd {
        let antwoord = vraag(adres, &regel, &koppen).await;
        assert!(antwoord.starts_with(&format!("HTTP/1.1 {code}")), "{koppen}: {antwoord}");
        assert!(!antwoord.contains(&zaak.maatregel), "{koppen}");
    }
    assert_eq!(raadplegingen(&zaak, 0).await, records, "what is refused never reaches the hub");
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_opens_on_loopback_only_and_says_why_the_hub_is_not_there() {
    let zaak = Zaak::leeg().await;
    let stop = CancellationToken::new();
    let buiten = venster::open(([0, 0, 0, 0], 0).into(), klant(&zaak, "gi"), stop.clone()).await.unwrap_err();
    assert!(buiten.to_string().contains("must be on loopback"), "{buiten}");
    // A port on which nobody listens.
    let dicht = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let tls = ClientTls {
        ca: Path::new(CERTS).join("ca.pem"),
        certificaat: Path::new(CERTS).join("gi.pem"),
        sleutel: Path::new(CERTS).join("gi.key"),
    };
    let nergens = Klant::nieuw(Adres::parse(&dicht.to_string()).unwrap(), tls.laad_voor_paginas().unwrap());
    let adres = venster::open(([127, 0, 0, 1], 0).into(), nergens, stop.clone()).await.unwrap();
    let antwoord = vraag(adres, "GET /", &format!("Host: localhost:{}\r\n", adres.port())).await;
    assert!(antwoord.starts_with("HTTP/1.1 502") && antwoord.contains("nothing listens there"), "{antwoord}");
    stop.cancel();
}
