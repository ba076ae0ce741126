//! `receive --exec`: a command for each delivery, which decides whether it is acknowledged.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::time::timeout;

use super::{Als, gelukt, mislukt, schrijf};
use crate::support::berichten::{GEDULD, voorbeeld_tekst};
use crate::support::proces::{self, Proces, programma, voorbeeld_certs};

async fn zending(hub: &str, map: &Path, naam: &str) {
    let bericht = schrijf(map, naam, &voorbeeld_tekst("01-zittingsaankondiging.json", &[]));
    gelukt(&Als::nieuw(hub, &voorbeeld_certs(), "rechtbank").doet(&["submit", bericht.to_str().unwrap()]).await);
}

fn regels(pad: &Path) -> Vec<String> {
    std::fs::read_to_string(pad).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_acknowledged_when_the_command_took_it_and_given_again_otherwise() {
    let map = tempfile::tempdir().unwrap();
    let hub = Proces::start(&proces::config(map.path(), &voorbeeld_certs(), "sqlite:hub.db", ""), &[]).await;
    zending(&hub.address, map.path(), "een.json").await;
    zending(&hub.address, map.path(), "twee.json").await;
    let gi = Als::nieuw(&hub.address, &voorbeeld_certs(), "gi");
    let uit = map.path().join("uit");

    // A command that never takes it: the next one is not given, nothing is acknowledged.
    let weigert = format!("echo \"$KETENHUB_POSTVAKNUMMER $KETENHUB_POGING\" >> {}; exit 7", uit.display());
    let gezegd = mislukt_met_voortgang(&gi.doet(&["receive", "--wacht", "0", "--pogingen", "3", "--exec", &weigert]).await);
    assert!(gezegd.contains("delivery 1 was not acknowledged") && gezegd.contains("exit status: 7, 3 times"), "{gezegd}");
    assert_eq!(regels(&uit), ["1 1", "1 2", "1 3"]);
    assert_eq!(gelukt(&gi.doet(&["receive"]).await).lines().count(), 2);

    // One that takes the first at its second attempt: both are acknowledged, in their order.
    let json = map.path().join("json");
    let hapert = format!("cat >> {}; test $KETENHUB_POSTVAKNUMMER.$KETENHUB_POGING != 1.1", json.display());
    let uitvoer = gi.doet(&["receive", "--wacht", "0", "--exec", &hapert]).await;
    assert_eq!(gelukt(&uitvoer), "", "what the command wrote, and nothing else");
    let gegeven = regels(&json);
    assert_eq!((gegeven.len(), &gegeven[0]), (3, &gegeven[1]), "the same delivery again");
    let nummers: Vec<_> =
        gegeven.iter().map(|regel| serde_json::from_str::<serde_json::Value>(regel).unwrap()["postvaknummer"].clone()).collect();
    assert_eq!(nummers, ["1", "1", "2"]);
    assert_eq!(gelukt(&gi.doet(&["receive"]).await), "", "acknowledged");

    // One that does not read what it is given.
    zending(&hub.address, map.path(), "drie.json").await;
    gelukt(&gi.doet(&["receive", "--exec", "true"]).await);
    assert_eq!(gelukt(&gi.doet(&["receive"]).await), "");
}

/// As `mislukt`, for what tells of its attempts first.
fn mislukt_met_voortgang(uitvoer: &std::process::Output) -> String {
    assert_eq!((uitvoer.status.code(), uitvoer.stdout.len()), (Some(1), 0));
    String::from_utf8(uitvoer.stderr.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_while_it_reads_has_acknowledged_nothing() {
    let map = tempfile::tempdir().unwrap();
    let hub = Proces::start(&proces::config(map.path(), &voorbeeld_certs(), "sqlite:hub.db", ""), &[]).await;
    zending(&hub.address, map.path(), "een.json").await;
    let als = Als::nieuw(&hub.address, &voorbeeld_certs(), "gi");
    let mut command = programma(&["receive", "--bevestig"]);
    let (lezer, schrijver) = std::io::pipe().unwrap();
    drop(lezer);
    let uitvoer = tokio::task::spawn_blocking({
        command.args(&als.opties).stdout(schrijver).stderr(Stdio::piped());
        move || command.spawn().unwrap().wait_with_output().unwrap()
    });
    let uitvoer = timeout(GEDULD, uitvoer).await.unwrap().unwrap();
    assert_eq!((uitvoer.status.code(), String::from_utf8(uitvoer.stderr).unwrap().as_str()), (Some(141), ""));
    assert_eq!(gelukt(&als.doet(&["receive"]).await).lines().count(), 1, "it is still there");
    let _ = mislukt(&als.doet(&["receive", "--na", "9"]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_goes_on_after_the_hub_was_away() {
    let map = tempfile::tempdir().unwrap();
    let config = proces::config(map.path(), &voorbeeld_certs(), "sqlite:hub.db", "");
    let adres = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let tekst = std::fs::read_to_string(&config).unwrap().replace("127.0.0.1:0", &adres);
    std::fs::write(&config, tekst).unwrap();
    let hub = Proces::start(&config, &[]).await;
    let uit = map.path().join("uit");
    let gi = Als::nieuw(&adres, &voorbeeld_certs(), "gi");
    let mut command = programma(&["receive", "--volg", "--exec", &format!("cat >> {}", uit.display())]);
    command.args(&gi.opties).stdout(Stdio::null()).stderr(Stdio::null());
    let mut volger = command.spawn().unwrap();
    zending(&adres, map.path(), "een.json").await;
    wacht_op(&uit, 1).await;
    // Acknowledged, or else it is given again.
    timeout(GEDULD, async { while !gelukt(&gi.doet(&["receive"]).await).is_empty() {} }).await.expect("an acknowledgement");
    hub.dood();
    let _hub = Proces::start(&config, &[]).await;
    zending(&adres, map.path(), "twee.json").await;
    wacht_op(&uit, 2).await;
    volger.kill().unwrap();
    volger.wait().unwrap();
}

async fn wacht_op(pad: &Path, aantal: usize) {
    let genoeg = async {
        while regels(pad).len() < aantal {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(GEDULD, genoeg).await.unwrap_or_else(|_| panic!("{} deliveries came", regels(pad).len()));
    assert_eq!(regels(pad).len(), aantal);
}
