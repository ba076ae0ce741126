//! `inzage` end to end: by case and by child, whose BSN comes from a file or standard input and from nowhere else.

use std::process::Stdio;

use serde_json::Value;

use super::{Als, gelukt, mislukt, schrijf};
use crate::support::berichten::voorbeeld_tekst;
use crate::support::proces::{self, Proces, voorbeeld_certs};

#[tokio::test(flavor = "multi_thread")]
async fn a_gi_prints_who_saw_what_of_a_case_and_of_a_child_whose_bsn_is_no_argument() {
    let map = tempfile::tempdir().unwrap();
    let hub = Proces::start(&proces::config(map.path(), &voorbeeld_certs(), "sqlite:hub.db", ""), &[]).await;
    let als = |wie: &str| Als::nieuw(&hub.address, &voorbeeld_certs(), wie);
    let uitspraak = schrijf(map.path(), "uitspraak.json", &voorbeeld_tekst("02-uitspraak.json", &[]));
    let receipt: Value = serde_json::from_str(&gelukt(&als("rechtbank").doet(&["submit", uitspraak.to_str().unwrap()]).await)).unwrap();
    let maatregel = receipt["maatregel_id"].as_str().unwrap();
    gelukt(&als("gi").doet(&["receive", "--bevestig"]).await);

    let tabel = gelukt(&als("gi").doet(&["inzage", "--maatregel", maatregel]).await);
    let regels: Vec<&str> = tabel.lines().collect();
    assert!(regels[0].starts_with("Wanneer (UTC)") && regels.len() == 3, "{tabel}");
    assert!(regels[1].contains("verzond") && regels[2].contains("kreeg, en bevestigde"), "{tabel}");
    assert!(regels[2].contains("uitspraak.jeugdige.bsn (Jw ") && !tabel.contains("999990019"), "{tabel}");

    let bsn = schrijf(map.path(), "bsn", "999990019\n");
    let json = gelukt(&als("gi").doet(&["inzage", "--bsn-van", bsn.to_str().unwrap(), "--json"]).await);
    let blad: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(blad["regels"].as_array().unwrap().len(), 2);
    assert!(mislukt(&als("gi-2").doet(&["inzage", "--bsn-van", bsn.to_str().unwrap()]).await).contains("NotFound"));

    let mut command = proces::programma(&["inzage", "--bsn-van", "-"]);
    command.args(&als("gi").opties).stdin(Stdio::from(std::fs::File::open(&bsn).unwrap()));
    assert!(gelukt(&proces::draai(command).await).contains("kreeg, en bevestigde"));
}
