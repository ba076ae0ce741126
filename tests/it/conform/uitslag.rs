//! The command: a client in another language through the shell, a signed result that holds until it is altered, and a page by itself.

use std::path::Path;
use std::process::{Command, Output};

use ketenhub::conform::loper::Uitkomst;
use ketenhub::conform::uitslag::{OngeldigeUitslag, verifieer};

use crate::support::proces::draai;
use crate::support::repository;

async fn conform(argumenten: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ketenhub"));
    command.current_dir(repository()).env("NO_COLOR", "1").arg("conform").args(argumenten);
    draai(command).await
}

fn python(vooraf: &str) -> String {
    let python = std::env::var("KETENHUB_PYTHON").expect("KETENHUB_PYTHON names Python; ./test sets it");
    format!("env {vooraf} {python} tests/python/conform_client.py")
}

fn tekst(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_in_python_is_tried_and_its_signed_result_holds_until_it_is_altered() {
    let map = tempfile::tempdir().unwrap();
    let (uit, client) = (map.path().to_str().unwrap(), python("X=1"));
    let gevallen = ["--geval", "ONT-01", "--geval", "DUB-02", "--geval", "GAT-01", "--geval", "CRT-02", "--geval", "INZ-04"];
    let gewoon = ["--rol", "GI", "--client", client.as_str(), "--uit", uit];
    let uitvoer = conform(&[&gewoon[..], &gevallen[..]].concat()).await;
    let gezegd = tekst(&uitvoer.stdout);
    assert!(uitvoer.status.success(), "{gezegd}{}", tekst(&uitvoer.stderr));
    assert!(gezegd.lines().any(|regel| regel.split_whitespace().take(2).eq(["ONT-01", "geslaagd"])), "{gezegd}");
    assert!(gezegd.contains("GI: 5 geslaagd, 0 niet") && !gezegd.contains('\u{1b}'), "{gezegd}");

    let bestand = map.path().join("conform-GI-client.json");
    let json = std::fs::read_to_string(&bestand).unwrap();
    let (uitslag, sleutel) = verifieer(&json, None).unwrap();
    assert!(uitslag.voldoet() && uitslag.aantal(Uitkomst::Geslaagd) == 5, "{uitslag:?}");
    assert_eq!(verifieer(&json, Some(&"0".repeat(64))), Err(OngeldigeUitslag::AndereSleutel));
    assert_eq!(verifieer(&json.replace("DUB-02", "DUB-03"), None), Err(OngeldigeUitslag::Handtekening));
    assert_eq!(verifieer("{}", None), Err(OngeldigeUitslag::Vorm));
    assert!(controleer(&bestand, &sleutel).await.status.success());
    std::fs::write(&bestand, json.replace("geslaagd", "gezakt")).unwrap();
    assert!(!controleer(&bestand, &sleutel).await.status.success());

    let pagina = std::fs::read_to_string(map.path().join("conform-GI-client.html")).unwrap();
    assert!(pagina.contains("<strong class=\"geslaagd\">Voldoet</strong>") && pagina.contains("DUB-02"), "{pagina}");
    assert!(!pagina.contains("<script") && !pagina.contains("http"), "it needs nothing from elsewhere");
}

async fn controleer(bestand: &Path, sleutel: &str) -> Output {
    conform(&["verify", bestand.to_str().unwrap(), "--sleutel", sleutel]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_in_python_that_processes_twice_does_not_pass() {
    let map = tempfile::tempdir().unwrap();
    let client = python("DUBBEL=1");
    let uitvoer =
        conform(&["--rol", "GI", "--client", &client, "--uit", map.path().to_str().unwrap(), "--geval", "DUB-01", "--json"]).await;
    assert!(!uitvoer.status.success());
    let (uitslag, _) = verifieer(&tekst(&uitvoer.stdout), None).unwrap();
    assert!(!uitslag.voldoet());
    assert_eq!(uitslag.bevindingen[0].uitkomst, Uitkomst::Gezakt, "{uitslag:?}");
    assert!(tekst(&uitvoer.stderr).contains("1 mandatory cases did not succeed"));
}
