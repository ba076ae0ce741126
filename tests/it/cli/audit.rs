//! `audit` end to end: a checkpoint, proofs that another implementation verifies from the files alone, a check of the database, and a witness
//! that signs for no history but the one it saw.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::{Als, gelukt, mislukt, schrijf};
use crate::support::berichten::voorbeeld_tekst;
use crate::support::proces::{self, Proces, draai, voer_uit, voorbeeld_certs};
use crate::support::repository;

/// Lets Python verify a file with a public key alone.
async fn python(wat: &str, file: &Path, sleutel: &str) -> std::process::Output {
    let pad =
        std::env::var("KETENHUB_PYTHON").expect("KETENHUB_PYTHON is not set: run ./test, which installs the foreign clients and sets it");
    let mut command = std::process::Command::new(pad);
    command.current_dir(repository()).args(["tests/python/audit.py", wat]).arg(file).arg(sleutel);
    draai(command).await
}

async fn dien_in(hub: &Proces, map: &Path, aantal: usize) {
    for nr in 0..aantal {
        let bericht = schrijf(map, &format!("zitting-{nr}.json"), &voorbeeld_tekst("01-zittingsaankondiging.json", &[]));
        gelukt(&Als::nieuw(&hub.address, &voorbeeld_certs(), "rechtbank").doet(&["submit", bericht.to_str().unwrap()]).await);
    }
}

/// A hub in a folder of its own under `map`, with the audit key of `sleutel` when there is one.
async fn hub(map: &Path, naam: &str, sleutel: Option<&Path>) -> (Proces, PathBuf) {
    let map = map.join(naam);
    std::fs::create_dir_all(map.join("data")).unwrap();
    if let Some(sleutel) = sleutel {
        std::fs::copy(sleutel, map.join("data/audit.key")).unwrap();
    }
    let config = proces::config(&map, &voorbeeld_certs(), "sqlite:hub.db", "");
    (Proces::start(&config, &[]).await, config)
}

async fn sleutel_van(hub: &Proces) -> String {
    let antwoord = gelukt(&Als::nieuw(&hub.address, &voorbeeld_certs(), "gi").doet(&["audit", "checkpoint", "--json"]).await);
    serde_json::from_str::<Value>(&antwoord).unwrap()["sleutel"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_and_proofs_are_fetched_and_verified_here_and_in_python_and_no_altered_one_is() {
    let map = tempfile::tempdir().unwrap();
    let (hub, _) = hub(map.path(), "een", None).await;
    dien_in(&hub, map.path(), 2).await;
    let rechtbank = Als::nieuw(&hub.address, &voorbeeld_certs(), "rechtbank");
    let sleutel = sleutel_van(&hub).await;
    let toen = schrijf(map.path(), "toen.txt", &gelukt(&rechtbank.doet(&["audit", "checkpoint"]).await));
    dien_in(&hub, map.path(), 3).await;
    let (inclusie, consistentie) = (map.path().join("inclusie.json"), map.path().join("consistentie.json"));
    gelukt(&rechtbank.doet(&["audit", "prove", "--volgnummer", "2", "--out", inclusie.to_str().unwrap()]).await);
    gelukt(&rechtbank.doet(&["audit", "prove", "--since", "3", "--out", consistentie.to_str().unwrap()]).await);

    let verify = async |file: &Path, sleutel: &str, meer: &[&str]| {
        voer_uit(&[&["audit", "verify", file.to_str().unwrap(), "--key", sleutel], meer].concat()).await
    };
    assert!(gelukt(&verify(&inclusie, &sleutel, &[]).await).starts_with("the proof holds: record 3 is in the log of 6 records"));
    let since = ["--since", toen.to_str().unwrap()];
    assert!(gelukt(&verify(&consistentie, &sleutel, &since).await).starts_with("the proof holds: the log of 3 records"));
    for (wat, file) in [("checkpoint", &toen), ("inclusion", &inclusie), ("consistency", &consistentie)] {
        gelukt(&python(wat, file, &sleutel).await);
    }

    let vervals = |file: &Path, van: &str, naar: &str| {
        let tekst = std::fs::read_to_string(file).unwrap();
        assert!(tekst.contains(van), "{van}");
        schrijf(map.path(), "vervalst.json", &tekst.replace(van, naar))
    };
    let vervalst = vervals(&inclusie, "HANDELING_AANVAARD", "HANDELING_GEWEIGERD");
    assert!(mislukt(&verify(&vervalst, &sleutel, &[]).await).contains("not in the log that was signed"));
    assert!(!python("inclusion", &vervalst, &sleutel).await.status.success());
    let vervalst = vervals(&consistentie, "\"van\": \"3\"", "\"van\": \"2\"");
    assert!(mislukt(&verify(&vervalst, &sleutel, &[]).await).contains("its history was rewritten"));
    assert!(!python("consistency", &vervalst, &sleutel).await.status.success());
    let (ander, _) = self::hub(map.path(), "ander", None).await;
    assert!(mislukt(&verify(&inclusie, &sleutel_van(&ander).await, &[]).await).contains("not signed with this key"));
    let gi = Als::nieuw(&hub.address, &voorbeeld_certs(), "gi");
    assert!(mislukt(&gi.doet(&["audit", "prove", "--record", "2"]).await).contains("NotFound"));
}

#[tokio::test(flavor = "multi_thread")]
async fn fsck_says_that_a_log_is_whole_and_makes_nothing_that_is_not_there() {
    let map = tempfile::tempdir().unwrap();
    let (hub, config) = hub(map.path(), "een", None).await;
    dien_in(&hub, map.path(), 3).await;
    let config_pad = config.to_str().unwrap();
    // While it runs, and after it stopped.
    assert!(gelukt(&voer_uit(&["audit", "fsck", "--config", config_pad]).await).contains("every record is as it was sealed"));
    hub.sein("TERM");
    hub.einde(Duration::from_secs(30)).await;
    let uitkomst: Value = serde_json::from_str(&gelukt(&voer_uit(&["audit", "fsck", "--json", "--config", config_pad]).await)).unwrap();
    assert_eq!((uitkomst["records"].as_u64(), uitkomst["stand"].as_bool()), (Some(4), Some(true)));
    assert_eq!(uitkomst["gebreken"].as_array().map(Vec::len), Some(0));
    // Put back to before there was anything.
    let data = config.parent().unwrap();
    std::fs::rename(data.join("hub.db"), data.join("weg.db")).unwrap();
    assert!(mislukt(&voer_uit(&["audit", "fsck", "--config", config_pad]).await).contains("there is no "));
    assert!(!data.join("hub.db").exists());
    gelukt(&voer_uit(&["migrate", "--config", config_pad]).await);
    let leeg = voer_uit(&["audit", "fsck", "--config", config_pad]).await;
    assert!(
        !leeg.status.success()
            && String::from_utf8_lossy(&leeg.stdout).contains("the database was put back to an earlier state: 4 records")
    );
    let start = mislukt(&voer_uit(&["serve", "--config", config_pad]).await);
    assert!(start.contains("the database was put back to an earlier state"), "{start}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_cosigns_a_log_that_grew_and_neither_a_smaller_one_nor_another() {
    let map = tempfile::tempdir().unwrap();
    let (hub, config) = hub(map.path(), "een", None).await;
    dien_in(&hub, map.path(), 3).await;
    let sleutel = sleutel_van(&hub).await;
    let (state, key) = (map.path().join("getuige.txt"), map.path().join("getuige.key"));
    let getuigt = async |hub: &Proces| {
        let gi = Als::nieuw(&hub.address, &voorbeeld_certs(), "inspectie");
        let (state, key) = (state.to_str().unwrap(), key.to_str().unwrap());
        gi.doet(&["audit", "witness", "--state", state, "--witness-key", key, "--log", &sleutel]).await
    };
    let eerst = getuigt(&hub).await;
    let note = gelukt(&eerst);
    let gezegd = String::from_utf8(eerst.stderr).unwrap();
    let eigen = gezegd.trim().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(std::fs::read_to_string(&state).unwrap(), note);
    gelukt(&python("checkpoint", &state, &sleutel).await);
    assert!(gelukt(&python("cosignature", &state, &eigen).await).trim().parse::<u64>().unwrap() > 1_700_000_000);
    gelukt(&getuigt(&hub).await);
    dien_in(&hub, map.path(), 2).await;
    let later = gelukt(&getuigt(&hub).await);
    assert!(later.contains("\n6\n"), "{later}");

    // The same log by name and key, with another history: first shorter, then longer.
    let (ander, _) = self::hub(map.path(), "ander", Some(&config.with_file_name("data").join("audit.key"))).await;
    dien_in(&ander, map.path(), 4).await;
    assert!(mislukt(&getuigt(&ander).await).contains("NOT COSIGNED: the log has 5 records and had 6"));
    dien_in(&ander, map.path(), 1).await;
    assert!(mislukt(&getuigt(&ander).await).contains("its history was rewritten"));
    dien_in(&ander, map.path(), 3).await;
    assert!(mislukt(&getuigt(&ander).await).contains("its history was rewritten"));
    assert_eq!(std::fs::read_to_string(&state).unwrap(), later, "what was seen is kept");
    gelukt(&getuigt(&hub).await);
}
