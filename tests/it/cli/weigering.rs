//! What is refused, and that the words say why: connections, configurations, databases, messages.

use std::path::Path;

use ketenhub::store::{Conn, Store};

use super::{Als, gelukt, mislukt, schrijf};
use crate::support::berichten::{GI, voorbeeld_tekst};
use crate::support::pki::Pki;
use crate::support::proces::{self, Proces, voer_uit, voorbeeld_certs};

fn kopie(van: &Path, naar: &Path, bestanden: &[(&str, &str)]) {
    for (bron, doel) in bestanden {
        std::fs::copy(van.join(bron), naar.join(doel)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_of_a_certificate_is_explained_in_words() {
    let mut pki = Pki::nieuw(&[("rechtbank", "00000099010000001000"), ("vreemd", "00000099000000001000")]);
    let ingetrokken = pki.geef_uit("ingetrokken", GI);
    pki.geef_verlopen_uit("verlopen", GI);
    pki.trek_in(&[&ingetrokken]);
    // Certificates of other CAs, one of the same name, for who trusts ours.
    let mut anders = Pki::nieuw(&[("gi", GI)]);
    kopie(anders.pad(), pki.pad(), &[("gi.pem", "gelijknamig.pem"), ("gi.key", "gelijknamig.key")]);
    anders.nieuwe_ca();
    anders.geef_uit("gi", GI);
    kopie(anders.pad(), pki.pad(), &[("gi.pem", "anders.pem"), ("gi.key", "anders.key")]);
    kopie(pki.pad(), anders.pad(), &[("rechtbank.pem", "rechtbank.pem"), ("rechtbank.key", "rechtbank.key")]);
    kopie(pki.pad(), pki.pad(), &[("rechtbank.pem", "gemengd.pem"), ("vreemd.key", "gemengd.key")]);
    let map = tempfile::tempdir().unwrap();
    let hub = Proces::start(&proces::config(map.path(), pki.pad(), "sqlite:hub.db", ""), &[]).await;
    let poort = hub.address.rsplit_once(':').unwrap().1;
    let niemand = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for (adres, certs, wie, zin) in [
        (&*hub.address, pki.pad(), "ingetrokken", "your certificate was revoked by its issuer"),
        (&hub.address, pki.pad(), "verlopen", "your certificate has expired"),
        (&hub.address, pki.pad(), "anders", "the hub does not accept the issuer of your certificate"),
        (&hub.address, pki.pad(), "gelijknamig", "comes from the CA the hub uses now, not from another of the same name"),
        (&hub.address, anders.pad(), "rechtbank", "the hub's certificate was not issued by a CA in your --ca file"),
        (&hub.address, pki.pad(), "gemengd", "do not belong together"),
        (&hub.address, pki.pad(), "nergens", "cannot be used"),
        (
            &hub.address,
            pki.pad(),
            "vreemd",
            "Unauthenticated DEELNEMER_ONBEKEND: your certificate is valid, but its OIN is not in the register",
        ),
        (&niemand, pki.pad(), "rechtbank", "nothing listens there"),
        // Another address of the same machine, which the certificate does not hold.
        (&format!("127.0.0.2:{poort}"), pki.pad(), "rechtbank", "nothing listens there"),
        ("nergens.invalid:8443", pki.pad(), "rechtbank", "cannot be found"),
        ("zonder-poort", pki.pad(), "rechtbank", "is not HOST:PORT"),
    ] {
        let gezegd = mislukt(&Als::nieuw(adres, certs, wie).doet(&["receive"]).await);
        assert!(gezegd.contains(zin), "{wie} at {adres}: {gezegd}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_under_another_name_and_something_that_is_no_hub_are_explained_in_words() {
    let pki = Pki::nieuw(&[("gi", GI)]);
    let map = tempfile::tempdir().unwrap();
    let config = proces::config(map.path(), pki.pad(), "sqlite:hub.db", "");
    let tekst = std::fs::read_to_string(&config).unwrap().replace("127.0.0.1:0", "0.0.0.0:0");
    std::fs::write(&config, tekst).unwrap();
    let hub = Proces::start(&config, &[]).await;
    let adres = hub.address.replace("0.0.0.0", "127.0.0.2");
    let gezegd = mislukt(&Als::nieuw(&adres, pki.pad(), "gi").doet(&["receive"]).await);
    assert!(gezegd.starts_with("error: the hub's certificate is not valid for 127.0.0.2\n  to do: connect by a name it holds"), "{gezegd}");
    assert!(gezegd.trim_end().ends_with("`ketenhub doctor` with the same options checks step by step"), "{gezegd}");

    let ander = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let adres = ander.local_addr().unwrap().to_string();
    let spreekt = tokio::spawn(async move {
        let (mut stroom, _) = ander.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stroom, b"220 mail.example ESMTP\r\n").await.unwrap();
        stroom
    });
    let gezegd = mislukt(&Als::nieuw(&adres, pki.pad(), "gi").doet(&["receive"]).await);
    assert!(gezegd.contains("does not speak what this client speaks"), "{gezegd}");
    drop(spreekt.await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_example_certificates_are_served_on_loopback_only() {
    let map = tempfile::tempdir().unwrap();
    let config = proces::config(map.path(), &voorbeeld_certs(), "sqlite:hub.db", "");
    let tekst = std::fs::read_to_string(&config).unwrap();
    for adres in ["0.0.0.0:0", "[::]:0"] {
        std::fs::write(&config, tekst.replace("127.0.0.1:0", adres)).unwrap();
        let gezegd = mislukt_met_logboek(&voer_uit(&["serve", "--config", config.to_str().unwrap()]).await);
        let waar = adres.trim_end_matches(":0").trim_matches(['[', ']']);
        let zin = format!("the example certificates are public: the hub serves them on loopback only, not on {waar}");
        assert!(gezegd.contains(&zin), "{gezegd}");
    }
    assert!(!map.path().join("hub.db").exists(), "nothing was made");
}

/// As `mislukt`, for a hub, which may log before it fails.
fn mislukt_met_logboek(uitvoer: &std::process::Output) -> String {
    assert_eq!(uitvoer.status.code(), Some(1));
    String::from_utf8(uitvoer.stderr.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_with_an_unknown_key_or_an_unsafe_value_is_refused_by_name() {
    let map = tempfile::tempdir().unwrap();
    for (limieten, zin) in [("stroom = 3", "unknown field `stroom`"), ("streams = 0", "limits.streams is 0; it must be 1 to 1000")] {
        let config = proces::config(map.path(), &voorbeeld_certs(), "sqlite:hub.db", limieten);
        for commando in ["serve", "migrate"] {
            let gezegd = mislukt(&voer_uit(&[commando, "--config", config.to_str().unwrap()]).await);
            assert!(gezegd.contains(zin), "{gezegd}");
        }
    }
    let gezegd = mislukt(&voer_uit(&["serve", "--config", "/nergens/hub.toml"]).await);
    assert!(gezegd.contains("cannot read /nergens/hub.toml"), "{gezegd}");
}

async fn een_nieuwer_schema(database: &str) {
    let map = tempfile::tempdir().unwrap();
    let config = proces::config(map.path(), &voorbeeld_certs(), database, "");
    let config = config.to_str().unwrap();
    for _ in 0..2 {
        assert_eq!(gelukt(&voer_uit(&["migrate", "--config", config]).await), "the database is up to date\n");
    }
    let url = if database.starts_with("sqlite:") { format!("sqlite:{}", map.path().join("hub.db").display()) } else { database.to_owned() };
    let store = Store::open(&url).await.unwrap();
    let (mut tx, _) = store.write().await.unwrap();
    let sql = "insert into _sqlx_migrations (version, description, installed_on, success, checksum, execution_time)
        select 9999, description, installed_on, success, checksum, execution_time from _sqlx_migrations where version = 1";
    match tx.conn() {
        Conn::Sqlite(conn) => assert_eq!(sqlx::raw_sql(sql).execute(conn).await.unwrap().rows_affected(), 1),
        Conn::Postgres(conn) => {
            assert_eq!(sqlx::raw_sql(sql).execute(conn.aan_de_beurt().await.unwrap()).await.unwrap().rows_affected(), 1)
        }
    }
    tx.commit().await.unwrap();
    store.close().await;
    for commando in ["migrate", "serve"] {
        let gezegd = mislukt_met_logboek(&voer_uit(&[commando, "--config", config]).await);
        assert!(gezegd.contains("its schema has version 9999, which is newer than this programme"), "{gezegd}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_programme_is_refused_on_sqlite() {
    een_nieuwer_schema("sqlite:hub.db").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_programme_is_refused_on_postgresql() {
    een_nieuwer_schema(&crate::support::postgres::database().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_says_which_fields_and_no_value() {
    let map = tempfile::tempdir().unwrap();
    let certs = voorbeeld_certs();
    let hub = Proces::start(&proces::config(map.path(), &certs, "sqlite:hub.db", ""), &[]).await;
    let rechtbank = Als::nieuw(&hub.address, &certs, "rechtbank");
    let tekst = voorbeeld_tekst("01-zittingsaankondiging.json", &[("999990019", "999990018")]);
    let bericht = schrijf(map.path(), "fout.json", &tekst);
    let gezegd = mislukt(&rechtbank.doet(&["submit", bericht.to_str().unwrap()]).await);
    assert!(gezegd.contains("InvalidArgument ONGELDIGE_INHOUD"), "{gezegd}");
    assert!(gezegd.contains("zittingsaankondiging.jeugdige.bsn: must be a BSN"), "{gezegd}");
    assert!(!gezegd.contains("999990018"), "{gezegd}");
    let bericht = schrijf(map.path(), "geen.json", "{\"bericht_id\": 1");
    let gezegd = mislukt(&rechtbank.doet(&["submit", bericht.to_str().unwrap()]).await);
    assert!(gezegd.contains("line 1, column") && gezegd.contains("not the protobuf JSON of a Bericht"), "{gezegd}");
}
