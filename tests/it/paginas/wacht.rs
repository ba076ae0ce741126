//! What stands before every page and goes with every answer.

use std::path::Path;

use jeugdketen_proto::v1::beheer_service_client::BeheerServiceClient;
use jeugdketen_proto::v1::{SetStatusRequest, StatusDeelnemer};
use ketenhub::identity::client::{ClientTls, verbind};
use tokio::time::{sleep, timeout};

use crate::support::berichten::GEDULD;
use crate::support::browser::{Browser, als, raadplegingen};
use crate::support::hub::{CERTS, TestHub};
use crate::support::pki::Pki;
use crate::support::zaak::{DEELNEMERS, Zaak, oin};
use crate::telemetrie::vraag;

const CSP: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_tells_the_browser_to_allow_nothing_that_is_not_ours() {
    let zaak = Zaak::met_voorbeelden(&["02"]).await;
    let mut gi = als(&zaak, "gi").await;
    let stijl = gi.haal("/").await.text();
    let stijl = stijl.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let cases = [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/traject", 200),
        ("GET", "/traject/geen-id", 404),
        ("GET", "/bestaat-niet", 404),
        ("GET", "/traject/%FF", 404),
        ("GET", "/normklokken?indicator=x", 400),
        ("GET", stijl.as_str(), 200),
        ("GET", "/merk.svg", 200),
        ("POST", "/", 405),
        ("DELETE", "/traject", 405),
        ("TRACE", "/", 405),
    ];
    for (methode, pad, code) in cases {
        let antwoord = als(&zaak, "gi").await.vraag(methode, pad, &[]).await.unwrap();
        assert_eq!(antwoord.code, code, "{methode} {pad}");
        for (kop, waarde) in [
            ("content-security-policy", CSP),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            let gegeven: Vec<_> = antwoord.koppen.iter().filter(|(naam, _)| naam == kop).map(|(_, waarde)| waarde.as_str()).collect();
            assert_eq!(gegeven, [waarde], "{kop} of {methode} {pad}");
        }
        assert_eq!(antwoord.kop("set-cookie"), None);
        assert_eq!(antwoord.kop("allow").is_some(), code == 405);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_site_makes_a_browser_ask_is_refused() {
    let zaak = Zaak::met_voorbeelden(&["02"]).await;
    let pad = format!("/traject/{}", zaak.maatregel);
    for (herkomst, code) in [("cross-site", 403), ("same-site", 403), ("iets", 403)] {
        let antwoord = als(&zaak, "gi").await.vraag("GET", &pad, &[("Sec-Fetch-Site", herkomst)]).await.unwrap();
        assert_eq!(antwoord.code, code, "{herkomst}");
        assert!(!antwoord.text().contains(&zaak.maatregel));
    }
    let dubbel = [("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "cross-site")];
    assert_eq!(als(&zaak, "gi").await.vraag("GET", &pad, &dubbel).await.unwrap().code, 403);
    assert_eq!(raadplegingen(&zaak, 0).await, [], "nothing was consulted");
    for herkomst in ["same-origin", "none"] {
        let antwoord = als(&zaak, "gi").await.vraag("GET", &pad, &[("Sec-Fetch-Site", herkomst)]).await.unwrap();
        assert_eq!(antwoord.code, 200, "{herkomst}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_for_who_is_in_the_register_and_competent_today() {
    let zaak = Zaak::leeg().await;
    for wie in DEELNEMERS {
        let mut browser = als(&zaak, wie).await;
        let begin = browser.haal("/").await;
        assert_eq!(begin.code, 200, "{wie}");
        let naam = zaak.hub.running.hub.register.nu().zoek(crate::support::chain::oin(wie)).unwrap().naam.clone();
        assert!(begin.gelezen().contains(&naam), "{wie}");
    }
    let onbekend = als(&zaak, "onbekend").await.haal("/").await;
    assert_eq!(onbekend.code, 403);
    assert!(onbekend.text().contains("staat niet in het register"));

    // Suspended while it looks: the page is refused at once, and then the connection is gone.
    let mut open = als(&zaak, "gi-2").await;
    assert_eq!(open.haal("/").await.code, 200);
    let geschorst = SetStatusRequest { oin: oin("gi-2"), status: StatusDeelnemer::Geschorst.into() };
    BeheerServiceClient::new(zaak.kanaal("beheerder").await).set_status(geschorst).await.unwrap();
    wordt_verbroken(&mut open, 403).await;
    let nieuw = als(&zaak, "gi-2").await.vraag("GET", "/", &[]).await;
    assert!(nieuw.is_err() || nieuw.is_ok_and(|antwoord| antwoord.code == 403));
}

/// Asks until the connection is cut; every answer until then has this code.
async fn wordt_verbroken(browser: &mut Browser, code: u16) {
    let wachten = async {
        while let Ok(antwoord) = browser.vraag("GET", "/", &[]).await {
            assert_eq!(antwoord.code, code);
            sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    timeout(GEDULD, wachten).await.expect("the connection is cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_loses_the_connection_that_it_opened() {
    let gi = oin("gi");
    let mut pki = Pki::nieuw(&[("rechtbank", &oin("rechtbank"))]);
    let certificaat = pki.geef_uit("gi", &gi);
    let hub = TestHub::with(|config| {
        pki.voor(config);
        config.paginas.listen = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    let adres = hub.running.paginas.unwrap().to_string();
    let mut open = Browser::open(&adres, pki.pad(), "gi").await.unwrap();
    let mut ander = Browser::open(&adres, pki.pad(), "rechtbank").await.unwrap();
    assert_eq!(open.haal("/").await.code, 200);
    pki.trek_in(&[&certificaat]);
    hub.running.herlaad();
    wordt_verbroken(&mut open, 200).await;
    assert_eq!(ander.haal("/").await.code, 200, "nobody else is cut");
    let opnieuw = async { Browser::open(&adres, pki.pad(), "gi").await.map_err(drop)?.vraag("GET", "/", &[]).await.map_err(drop) };
    assert!(opnieuw.await.is_err(), "and it does not get in again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_take_no_connection_without_a_certificate_of_a_known_issuer() {
    let zaak = Zaak::leeg().await;
    let adres = zaak.hub.running.paginas.unwrap().to_string();
    let vreemd = Pki::nieuw(&[("gi", &oin("gi"))]);
    // The CA of the hub, so that it is the hub that refuses.
    std::fs::copy(Path::new("certs-example/ca.pem"), vreemd.pad().join("ca.pem")).unwrap();
    let antwoord = async { Browser::open(&adres, vreemd.pad(), "gi").await.map_err(drop)?.vraag("GET", "/", &[]).await.map_err(drop) };
    assert!(antwoord.await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_beyond_its_quota_is_refused_late_and_its_neighbour_and_its_messages_are_not() {
    let mut zaak = Zaak::met(|config| {
        (config.limits.quota_per_s, config.limits.quota_burst) = (1, 5);
        config.telemetrie.metrics = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    let (mut gi, mut buur) = (als(&zaak, "gi").await, als(&zaak, "gi-2").await);
    for _ in 0..5 {
        assert_eq!(gi.haal("/").await.code, 200, "within the burst");
    }
    let begin = tokio::time::Instant::now();
    let antwoord = gi.haal("/ketenbord").await;
    assert_eq!((antwoord.code, antwoord.kop("content-security-policy")), (429, Some(CSP)));
    assert!(begin.elapsed() >= std::time::Duration::from_millis(900), "{:?}", begin.elapsed());
    assert_eq!(buur.haal("/ketenbord").await.code, 200);
    zaak.speel(&["02"]).await;
    zaak.bevestig("gi").await;
    let metrics = vraag(&zaak.hub.running.operator.unwrap().to_string(), "/metrics").await.1;
    for reeks in ["{code=\"200\",page=\"/\"} 5", "{code=\"200\",page=\"/ketenbord\"} 1", "{code=\"429\",page=\"/ketenbord\"} 1"] {
        assert!(metrics.contains(&format!("ketenhub_page_duration_seconds_count{reeks}")), "{reeks} in {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_speaks_http2_has_the_same_pages_and_the_same_bounds() {
    let zaak = Zaak::met_voorbeelden(&["02"]).await;
    let bestand = |ending: &str| Path::new(CERTS).join(format!("gi.{ending}"));
    let tls = ClientTls { ca: Path::new(CERTS).join("ca.pem"), certificaat: bestand("pem"), sleutel: bestand("key") };
    let adres = zaak.hub.running.paginas.unwrap().to_string();
    let stroom = verbind(&adres, "127.0.0.1", tls.laad().unwrap()).await.unwrap();
    let (mut vragen, verbinding) = h2::client::handshake(stroom).await.unwrap();
    tokio::spawn(verbinding);
    for (methode, pad, code) in [("GET", "/normklokken", 200), ("GET", "/deelnemers", 403), ("POST", "/normklokken", 405)] {
        let vraag = http::Request::builder().method(methode).uri(format!("https://127.0.0.1{pad}")).body(()).unwrap();
        let (antwoord, _) = vragen.send_request(vraag, true).unwrap();
        let (kop, mut inhoud) = antwoord.await.unwrap().into_parts();
        let (mut text, mut einde) = (String::new(), false);
        while let Some(stuk) = inhoud.data().await {
            let stuk = stuk.unwrap();
            inhoud.flow_control().release_capacity(stuk.len()).unwrap();
            text.push_str(std::str::from_utf8(&stuk).unwrap());
            einde = text.ends_with("</html>\n") || text.ends_with("</html>");
        }
        assert_eq!((kop.status.as_u16(), einde), (code, true), "{methode} {pad}: {text}");
        assert_eq!(kop.headers["content-security-policy"], CSP);
        assert_eq!(text.contains(&zaak.maatregel), code == 200, "{methode} {pad}");
    }
}
