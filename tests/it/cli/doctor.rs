//! `doctor` against real hubs: everything in order, and faults planted one at a time, each of which it names and nothing else.

use std::path::Path;

use chrono::TimeDelta;
use ketenhub::certs::{Aanvraag, Doel};
use ketenhub::domain::ids::Oin;
use ketenhub::time::Clock;
use serde_json::Value;

use super::{Als, gelukt};
use crate::support::berichten::GI;
use crate::support::hub::TestHub;
use crate::support::pki::{Pki, geldig};
use crate::support::proces::{self, Proces};

const BEHEERDER: &str = "00000099110000001000";
const GEMEENTE: &str = "00000099030000001000";

/// What it says of each check: name, result, what it found, what to do.
struct Gezegd {
    code: Option<i32>,
    regels: Vec<(String, String, String, String)>,
}

impl Gezegd {
    fn met(&self, uitkomst: &str) -> Vec<&str> {
        self.regels.iter().filter(|regel| regel.1 == uitkomst).map(|regel| &*regel.0).collect()
    }

    /// One fault, under this name, in these words, with something to do; no warning besides.
    fn noemt(&self, naam: &str, woorden: &str) {
        assert_eq!((self.code, self.met("fail"), self.met("warn")), (Some(1), vec![naam], vec![]), "{:#?}", self.regels);
        let regel = self.regels.iter().find(|regel| regel.0 == naam).unwrap();
        assert!(regel.2.contains(woorden), "{regel:?}");
        assert!(regel.3.len() > 10, "{regel:?}");
    }
}

async fn doctor(adres: &str, certs: &Path, wie: &str, extra: &[&str]) -> Gezegd {
    let uitvoer = Als::nieuw(adres, certs, wie).doet(&[&["doctor", "--json"], extra].concat()).await;
    let json: Value = serde_json::from_slice(&uitvoer.stdout).unwrap();
    let tekst = |regel: &Value, naam: &str| regel[naam].as_str().unwrap_or_default().to_owned();
    let regels = json["checks"].as_array().unwrap().iter();
    let regels: Vec<_> = regels.map(|regel| ["check", "result", "found", "to_do"].map(|naam| tekst(regel, naam)).into()).collect();
    let code = uitvoer.status.code();
    assert_eq!(json["ok"], Value::from(code == Some(0)));
    Gezegd { code, regels }
}

fn kopie(van: &Path, naar: &Path, bestanden: &[(&str, &str)]) {
    for (bron, doel) in bestanden {
        std::fs::copy(van.join(bron), naar.join(doel)).unwrap();
    }
}

fn aanvraag(oin: &str) -> Aanvraag {
    Aanvraag::voor(Oin::parse(oin).unwrap(), "TEST doctor", geldig(-1, 30))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_participant_that_gets_through_has_every_check_in_order() {
    let pki = Pki::nieuw(&[("gi", GI)]);
    let map = tempfile::tempdir().unwrap();
    let hub = Proces::start(&proces::config(map.path(), pki.pad(), "sqlite:hub.db", ""), &[]).await;
    let crl = pki.pad().join("crl.pem");
    let gezegd = doctor(&hub.address, pki.pad(), "gi", &["--crl", crl.to_str().unwrap()]).await;
    assert_eq!((gezegd.code, gezegd.regels.len(), gezegd.met("ok").len()), (Some(0), 18, 18), "{:#?}", gezegd.regels);
    // Without a list everything else is checked.
    assert_eq!(doctor(&hub.address, pki.pad(), "gi", &[]).await.met("skip"), ["crl"]);
    // Nothing was read or acknowledged, and people can read it.
    let tekst = gelukt(&Als::nieuw(&hub.address, pki.pad(), "gi").doet(&["doctor"]).await);
    assert!(tekst.contains(&format!("ok    identity         OIN {GI}, TEST gi")), "{tekst}");
    assert!(tekst.lines().any(|regel| regel.starts_with("ok    round-trip") && regel.contains(" ms to the database")), "{tekst}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_the_own_files_is_named_and_nothing_else() {
    let pki = Pki::nieuw(&[("gi", GI), ("gemeente", GEMEENTE)]);
    let map = tempfile::tempdir().unwrap();
    let hub = Proces::start(&proces::config(map.path(), pki.pad(), "sqlite:hub.db", ""), &[]).await;
    let certs = pki.pad();
    pki.geef_verlopen_uit("verlopen", GI);
    pki.geef_uit_met("straks", Aanvraag { geldig: geldig(2, 30), ..aanvraag(GI) });
    pki.geef_uit_met("server", Aanvraag { doelen: vec![Doel::Server], ..aanvraag(GI) });
    pki.geef_uit_met("zonder-oin", Aanvraag { serial_number: None, ..aanvraag(GI) });
    kopie(certs, certs, &[("gi.pem", "gemengd.pem"), ("gemeente.key", "gemengd.key"), ("gi.pem", "zonder-sleutel.pem")]);
    kopie(certs, certs, &[("gi.pem", "rommel.pem"), ("gi.key", "rommel.key")]);
    std::fs::write(certs.join("rommel.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    pki.lijst_van("oud.crl", geldig(-9, -1));
    let oud = certs.join("oud.crl");
    for (wie, extra, naam, woorden) in [
        ("verlopen", &[][..], "validity", "expired on"),
        ("straks", &[], "validity", "not valid before"),
        ("server", &[], "usage", "does not hold clientAuth"),
        ("zonder-oin", &[], "identity", "has no serialNumber"),
        ("gemengd", &[], "key", "does not belong to the certificate"),
        ("zonder-sleutel", &[], "files", "zonder-sleutel.key cannot be used"),
        ("rommel", &[], "files", "rommel.pem cannot be used"),
        ("gi", &["--crl", oud.to_str().unwrap()], "crl", "the next was promised for"),
        ("gi", &["--crl", certs.join("gi.pem").to_str().unwrap()], "crl", "holds no revocation list"),
    ] {
        doctor(&hub.address, certs, wie, extra).await.noemt(naam, woorden);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_between_two_issuers_is_named_and_nothing_else() {
    let mut pki = Pki::nieuw(&[("gi", GI)]);
    let ingetrokken = pki.geef_uit("ingetrokken", GI);
    pki.trek_in(&[&ingetrokken]);
    let mut anders = Pki::nieuw(&[("gi", GI)]);
    kopie(anders.pad(), pki.pad(), &[("gi.pem", "gelijknamig.pem"), ("gi.key", "gelijknamig.key")]);
    anders.nieuwe_ca();
    anders.geef_uit("gi", GI);
    kopie(anders.pad(), pki.pad(), &[("gi.pem", "anders.pem"), ("gi.key", "anders.key")]);
    let vreemde_ca = tempfile::tempdir().unwrap();
    std::fs::write(vreemde_ca.path().join("ca.pem"), Pki::vreemde_ca()).unwrap();
    kopie(pki.pad(), vreemde_ca.path(), &[("gi.pem", "gi.pem"), ("gi.key", "gi.key")]);
    let map = tempfile::tempdir().unwrap();
    let hub = Proces::start(&proces::config(map.path(), pki.pad(), "sqlite:hub.db", ""), &[]).await;
    let lijst = pki.pad().join("crl.pem");
    for (certs, wie, extra, naam, woorden) in [
        (pki.pad(), "anders", &[][..], "chain", "does not accept the issuer of your certificate"),
        (pki.pad(), "gelijknamig", &[], "chain", "has the name of your issuer, but did not sign"),
        (vreemde_ca.path(), "gi", &[], "hub-certificate", "was not issued by a CA in your --ca file"),
        (pki.pad(), "ingetrokken", &[], "revocation", "was revoked by its issuer"),
        (pki.pad(), "ingetrokken", &["--crl", lijst.to_str().unwrap()], "revocation", "is on the list"),
    ] {
        doctor(&hub.address, certs, wie, extra).await.noemt(naam, woorden);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_on_the_way_is_named_and_nothing_else() {
    let pki = Pki::nieuw(&[("gi", GI)]);
    let map = tempfile::tempdir().unwrap();
    let config = proces::config(map.path(), pki.pad(), "sqlite:hub.db", "");
    let tekst = std::fs::read_to_string(&config).unwrap().replace("127.0.0.1:0", "0.0.0.0:0");
    std::fs::write(&config, tekst).unwrap();
    let hub = Proces::start(&config, &[]).await;
    let niemand = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let ander = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let geen_hub = ander.local_addr().unwrap().to_string();
    let spreekt = tokio::spawn(async move {
        let (mut stroom, _) = ander.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stroom, b"220 mail.example ESMTP\r\n").await.unwrap();
        stroom
    });
    for (adres, naam, woorden) in [
        ("zonder-poort", "address", "is not HOST:PORT"),
        ("nergens.invalid:8443", "dns", "cannot be found"),
        (&niemand, "tcp", "refuses the connection"),
        (&geen_hub, "tls", "does not speak what this client speaks"),
        (&hub.address.replace("0.0.0.0", "127.0.0.2"), "hub-name", "not valid for 127.0.0.2"),
    ] {
        doctor(adres, pki.pad(), "gi", &[]).await.noemt(naam, woorden);
    }
    drop(spreekt.await.unwrap());

    // A hub whose own certificate ended.
    pki.geef_uit_met(
        "hub",
        Aanvraag { geldig: geldig(-9, -1), doelen: vec![Doel::Server], namen: vec!["127.0.0.1".to_owned()], ..aanvraag(GI) },
    );
    let map = tempfile::tempdir().unwrap();
    let hub = Proces::start(&proces::config(map.path(), pki.pad(), "sqlite:hub.db", ""), &[]).await;
    doctor(&hub.address, pki.pad(), "gi", &[]).await.noemt("hub-certificate", "is not valid now");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_in_the_register_is_named_and_nothing_else() {
    let pki = Pki::nieuw(&[("gi", GI), ("vreemd", "00000099000000001000"), ("beheerder", BEHEERDER), ("straks", "00000099030000009000")]);
    let map = tempfile::tempdir().unwrap();
    let hub = Proces::start(&proces::config(map.path(), pki.pad(), "sqlite:hub.db", ""), &[]).await;
    let beheerder = Als::nieuw(&hub.address, pki.pad(), "beheerder");
    let nieuw = r#"{"oin": "00000099030000009000", "rol": "ROL_GEMEENTE", "naam": "EXAMPLE Gemeente Delft", "code": "0503",
        "geldig_vanaf": "2199-01-01", "status": "STATUS_DEELNEMER_ACTIEF"}"#;
    let bestand = super::schrijf(map.path(), "straks.json", nieuw);
    gelukt(&beheerder.doet(&["deelnemer", "add", bestand.to_str().unwrap()]).await);
    doctor(&hub.address, pki.pad(), "vreemd", &[]).await.noemt("register", "DEELNEMER_ONBEKEND");
    doctor(&hub.address, pki.pad(), "straks", &[]).await.noemt("register", "BEVOEGDHEID_NOG_NIET_BEGONNEN");
    for (status, woorden) in [("geschorst", "DEELNEMER_GESCHORST"), ("beeindigd", "BEVOEGDHEID_BEEINDIGD")] {
        gelukt(&beheerder.doet(&["deelnemer", "suspend", GI, "--status", status]).await);
        doctor(&hub.address, pki.pad(), "gi", &[]).await.noemt("register", woorden);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_differ_are_named_with_how_much() {
    let pki = Pki::nieuw(&[("gi", GI)]);
    for (verschil, woorden) in [(TimeDelta::hours(1), "s behind the hub"), (TimeDelta::minutes(-10), "s ahead of the hub")] {
        let clock = Clock::manual(Clock::machine().now() + verschil);
        let hub = TestHub::with_clock(clock, |config| pki.voor(config)).await;
        let gezegd = doctor(&hub.running.address.to_string(), pki.pad(), "gi", &[]).await;
        gezegd.noemt("clock", woorden);
        hub.running.stop().await.unwrap();
    }
    // So far apart that the one finds a certificate valid that the other does not.
    let clock = Clock::manual(Clock::machine().now() + TimeDelta::days(31));
    let hub = TestHub::with_clock(clock, |config| pki.voor(config)).await;
    let gezegd = doctor(&hub.running.address.to_string(), pki.pad(), "gi", &[]).await;
    gezegd.noemt("clock", "the hub finds your certificate not valid now");
    hub.running.stop().await.unwrap();
}
