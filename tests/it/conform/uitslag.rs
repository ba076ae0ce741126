//! The command: a client in another language through the shell, a signed result that holds until it is altered, and a page by itself.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use ketenhub::conform::loper::Uitkomst;
use ketenhub::conform::uitslag::{OngeldigeUitslag, verifieer};

use crate::support::hub::TestHub;
use crate::support::proces::{draai, programma};
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

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_is_tried_as_one_of_its_participants_and_says_which_cases_it_could_not_judge() {
    let (map, hub) = (tempfile::tempdir().unwrap(), TestHub::sqlite().await);
    let adres = hub.running.address.to_string();
    let eigen = ["--hub", &adres, "--rol", "GI", "--ca", "certs-example/ca.pem", "--cert", "certs-example/gi.pem", "--key"];
    let rest = ["certs-example/gi.key", "--uit", map.path().to_str().unwrap(), "--geduld", "5", "--json"];
    let gevallen = ["--geval", "HUB-01", "--geval", "HUB-05", "--geval", "HUB-06", "--geval", "HUB-20"];
    let uitvoer = conform(&[&eigen[..], &rest[..], &gevallen[..]].concat()).await;
    assert!(uitvoer.status.success(), "{}", tekst(&uitvoer.stderr));
    let (uitslag, _) = verifieer(&tekst(&uitvoer.stdout), None).unwrap();
    let uitkomsten: Vec<_> = uitslag.bevindingen.iter().map(|een| (een.id.as_str(), een.uitkomst)).collect();
    let goed = |id| (id, Uitkomst::Geslaagd);
    // Nobody gave it a certificate that was revoked.
    assert_eq!(uitkomsten, [goed("HUB-01"), goed("HUB-05"), goed("HUB-06"), ("HUB-20", Uitkomst::NietVanToepassing)]);
    assert_eq!((uitslag.richting.as_str(), uitslag.beproefd), ("hub", adres.clone()));
    hub.running.stop().await.unwrap();
    let weg = conform(&[&eigen[..], &rest[..], &gevallen[..2]].concat()).await;
    assert!(!weg.status.success() && tekst(&weg.stderr).contains("mandatory cases did not succeed"), "{}", tekst(&weg.stderr));
}

/// The client here is the programme itself, as a back-office with a hook would run it.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_somebody_starts_by_hand_is_waited_for_and_judged_by_what_it_does() {
    let map = tempfile::tempdir().unwrap();
    let pad = |naam: &str| map.path().join(naam).to_str().unwrap().to_owned();
    let (uit, certs) = (pad("uit"), pad("certs"));
    let mut kit = programma(&["conform", "--rol", "GEMEENTE", "--wacht", "30", "--geval", "ONT-01", "--json"]);
    let mut kit = kit.args(["--uit", &uit, "--certs", &certs]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut gezegd = BufReader::new(kit.stderr.take().unwrap());
    let (regel, mut gezegd) = tokio::task::spawn_blocking(move || {
        let mut regel = String::new();
        gezegd.read_line(&mut regel).map(|_| (regel, gezegd))
    })
    .await
    .unwrap()
    .unwrap();
    let (adres, wie) = regel.trim().strip_prefix("Laat de client verbinden met ").unwrap().split_once(" als ").unwrap();
    let bestand = |einde: &str| format!("{certs}/{}.{einde}", wie.trim_end_matches(':'));
    let (ca, cert, key) = (format!("{certs}/ca.pem"), bestand("pem"), bestand("key"));
    let mut client = programma(&["receive", "--volg", "--exec", "true", "--endpoint", adres, "--ca", &ca, "--cert", &cert, "--key", &key]);
    let mut client = client.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let uitvoer = tokio::task::spawn_blocking(move || {
        let uitvoer = kit.wait_with_output();
        let mut rest = String::new();
        gezegd.read_to_string(&mut rest).map(|_| (uitvoer.unwrap(), rest))
    });
    let (uitvoer, rest) = uitvoer.await.unwrap().unwrap();
    client.kill().unwrap();
    client.wait().unwrap();
    assert!(uitvoer.status.success(), "{}{rest}", tekst(&uitvoer.stdout));
    let (uitslag, _) = verifieer(&tekst(&uitvoer.stdout), None).unwrap();
    assert_eq!(uitslag.bevindingen[0].uitkomst, Uitkomst::Geslaagd, "{uitslag:?}");
}
