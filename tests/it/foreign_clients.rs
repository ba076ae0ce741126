//! Clients that share no code with the hub: Python's grpcio and `buf curl`, over mTLS, with nothing but the .proto files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use jeugdketen_proto::v1::Receipt;
use ketenhub::json;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::berichten::{GI, dien_alle_in, dien_in, voorbeeld, voorbeeld_tekst, zitting};
use crate::support::hub::{CERTS, TestHub};
use crate::support::proces::draai;
use crate::support::repository;

/// The GI whose competence has ended.
const GI_FAILLIET: &str = "00000099020000004000";

fn programma(variabele: &str) -> Command {
    let pad = std::env::var(variabele);
    let pad = pad.unwrap_or_else(|_| panic!("{variabele} is not set: run ./test, which installs the foreign clients and sets it"));
    let mut command = Command::new(pad);
    command.current_dir(repository()).stdin(Stdio::null());
    command
}

fn gelukt(uitvoer: &Output) -> String {
    assert!(uitvoer.status.success(), "{}", String::from_utf8_lossy(&uitvoer.stderr));
    String::from_utf8(uitvoer.stdout.clone()).unwrap()
}

fn certs(bestand: &str) -> PathBuf {
    Path::new(CERTS).join(bestand)
}

async fn python(hub: &TestHub, wie: &str, argumenten: &[&str]) -> Output {
    let mut command = programma("KETENHUB_PYTHON");
    command.arg("tests/python/client.py").arg("--endpoint").arg(hub.running.address.to_string());
    command.arg("--ca").arg(certs("ca.pem")).arg("--cert").arg(certs(&format!("{wie}.pem")));
    command.arg("--key").arg(certs(&format!("{wie}.key"))).args(argumenten);
    draai(command).await
}

/// Lets Python verify a receipt with the hub's public key alone.
async fn python_verifieert(hub: &TestHub, receipt: &str, bericht: Option<&Path>) -> Output {
    let bestand = hub.folder.path().join("receipt.json");
    std::fs::write(&bestand, receipt).unwrap();
    let mut command = programma("KETENHUB_PYTHON");
    command.args(["tests/python/client.py", "verify"]).arg(bestand).arg(publiek(hub));
    if let Some(bericht) = bericht {
        command.arg("--bericht").arg(bericht);
    }
    draai(command).await
}

fn publiek(hub: &TestHub) -> String {
    hex::encode(hub.running.hub.sleutel.load().publiek())
}

fn bestand(map: &TempDir, naam: &str, inhoud: &str) -> PathBuf {
    let pad = map.path().join(naam);
    std::fs::write(&pad, inhoud).unwrap();
    pad
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_client_submits_an_uitspraak_verifies_its_receipt_and_fetches_a_view() {
    let hub = TestHub::sqlite().await;
    let bericht = bestand(&hub.folder, "uitspraak.json", &voorbeeld_tekst("02-uitspraak.json", &[]));
    let receipt = gelukt(&python(&hub, "rechtbank", &["submit", bericht.to_str().unwrap()]).await);
    assert_eq!(gelukt(&python_verifieert(&hub, &receipt, Some(&bericht)).await).trim(), "geldig");
    let nog_een = gelukt(&python(&hub, "rechtbank", &["submit", bericht.to_str().unwrap()]).await);
    assert_eq!(nog_een, receipt, "repeating is safe");
    let (gi, gemeente) = (python(&hub, "gi", &["fetch"]).await, python(&hub, "gemeente", &["fetch"]).await);
    for (rol, oin, uitvoer) in [("GI", GI, &gi), ("GEMEENTE", "00000099030000001000", &gemeente)] {
        let levering = bestand(&hub.folder, "levering.json", &gelukt(uitvoer));
        let view = async |rol: &str| python(&hub, "gi", &["view", levering.to_str().unwrap(), &publiek(&hub), rol, oin]).await;
        assert_eq!(gelukt(&view(rol).await).trim(), "geldig", "{rol}");
        assert!(!view("INSPECTIE").await.status.success(), "a view is of its reader");
    }
    let views = [gi, gemeente].map(|uitvoer| serde_json::from_str::<Value>(gelukt(&uitvoer).trim()).unwrap());
    let receipt: Value = serde_json::from_str(&receipt).unwrap();
    for view in &views {
        assert_eq!(view["bericht"]["bericht_id"], receipt["bericht_id"]);
        assert_eq!(view["bericht"]["maatregel_id"], receipt["maatregel_id"]);
    }
    assert!(views[0]["bericht"]["uitspraak"]["gronden"].is_string(), "the GI reads the grounds");
    assert!(views[1]["bericht"]["uitspraak"]["gronden"].is_null(), "the gemeente does not");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_client_verifies_receipts_with_warnings_and_with_a_path_and_no_altered_one() {
    let hub = TestHub::sqlite().await;
    let mut rechtbank = hub.exchange("rechtbank").await;
    let gewaarschuwd = dien_in(&mut rechtbank, &voorbeeld("02-uitspraak.json", &[(GI, GI_FAILLIET)])).await.unwrap();
    assert!(!gewaarschuwd.waarschuwingen.is_empty());
    let samen = dien_alle_in(&mut rechtbank, (0..100).map(|_| zitting(GI)).collect()).await;
    let met_pad = |receipt: &&Receipt| receipt.ondertekening.as_ref().is_some_and(|o| o.pad.len() > 1 && o.blad_index > 0);
    let met_pad = samen.iter().find(met_pad).expect("some of a hundred at once share a transaction");
    for receipt in [&gewaarschuwd, met_pad] {
        assert_eq!(gelukt(&python_verifieert(&hub, &json::write(receipt).unwrap(), None).await).trim(), "geldig");
        let vervalst = Receipt { volgnummer: receipt.volgnummer + 1, ..receipt.clone() };
        let uitvoer = python_verifieert(&hub, &json::write(&vervalst).unwrap(), None).await;
        assert_eq!(uitvoer.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&uitvoer.stderr).contains("ONGELDIG"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_client_that_sends_a_field_the_contract_does_not_know_is_refused() {
    let hub = TestHub::sqlite().await;
    let bericht = bestand(&hub.folder, "zitting.json", &voorbeeld_tekst("01-zittingsaankondiging.json", &[]));
    let uitvoer = python(&hub, "rechtbank", &["onbekend", bericht.to_str().unwrap()]).await;
    assert_eq!(uitvoer.status.code(), Some(1));
    let gezegd = String::from_utf8_lossy(&uitvoer.stderr);
    assert!(gezegd.starts_with("INVALID_ARGUMENT: the message has faults"), "{gezegd}");
    // The same message without it.
    gelukt(&python(&hub, "rechtbank", &["submit", bericht.to_str().unwrap()]).await);
}

async fn buf_curl(hub: &TestHub, wie: &str, methode: &str, vraag: &Path) -> Output {
    let mut command = programma("KETENHUB_BUF");
    command.args(["curl", "--protocol", "grpc", "--schema", "proto", "--cacert"]).arg(certs("ca.pem"));
    command.arg("--cert").arg(certs(&format!("{wie}.pem"))).arg("--key").arg(certs(&format!("{wie}.key")));
    command.arg("--data").arg(format!("@{}", vraag.display()));
    command.arg(format!("https://{}/jeugdketen.hub.v1.ExchangeService/{methode}", hub.running.address));
    draai(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn buf_curl_submits_an_uitspraak_and_fetches_a_view() {
    let hub = TestHub::sqlite().await;
    let tekst = voorbeeld_tekst("02-uitspraak.json", &[]);
    let vraag = bestand(&hub.folder, "submit.json", &format!("{{\"bericht\": {tekst}}}"));
    let antwoord: Value = serde_json::from_str(&gelukt(&buf_curl(&hub, "rechtbank", "Submit", &vraag).await)).unwrap();
    let bericht = bestand(&hub.folder, "bericht.json", &tekst);
    let receipt = antwoord["receipt"].to_string();
    assert_eq!(gelukt(&python_verifieert(&hub, &receipt, Some(&bericht)).await).trim(), "geldig");

    let haal = bestand(&hub.folder, "fetch.json", "{}");
    let pagina: Value = serde_json::from_str(&gelukt(&buf_curl(&hub, "gi", "Fetch", &haal).await)).unwrap();
    assert_eq!(pagina["leveringen"][0]["bericht"]["uitspraak"]["ecli"], "ECLI:NL:RBDHA:2026:99041");

    let geweigerd = buf_curl(&hub, "gi", "Submit", &vraag).await;
    assert!(!geweigerd.status.success());
    let gezegd = String::from_utf8_lossy(&geweigerd.stderr);
    assert!(gezegd.contains("permission_denied") && gezegd.contains("this role may not send this kind of message"), "{gezegd}");
}
