//! Another version beside a running hub: a schema that is newer is refused at start and goes unnoticed by who runs; hubs that start together
//! both come up. And a database that does not keep what it says is refused, unless the configuration says in words that it is accepted.

use jeugdketen_proto::v1::AcknowledgeRequest;

use super::Samen;
use crate::support::berichten::{GI, abonneer, dien_in, volgende, zitting};
use crate::support::proces::{Proces, voer_uit};

const LATER: &str = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
    values (9999, 'later', true, 'x', 1)";

#[tokio::test(flavor = "multi_thread")]
async fn a_running_hub_goes_on_while_a_newer_version_expands_the_schema_and_an_older_one_does_not_start() {
    let samen = Samen::nieuw().await;
    let een = samen.hub("een", "").await;
    let (mut rechtbank, mut gi) = (een.exchange("rechtbank").await, een.exchange("gi").await);
    let mut stroom = abonneer(&mut gi, Some(0)).await.unwrap();
    let mut nr = 0;
    for stap in [
        "select 1",
        "create table later (nr bigint primary key)",
        "alter table reeks add column later bigint not null default 0",
        "alter table berichten add column later text",
        "alter table postvak add column later text; alter table postvakken add column later text not null default ''",
        "alter table zaaksleutels add column later text; alter table audit add column later text",
        "alter table deelnemers add column later text; alter table leiding add column later text",
        LATER,
    ] {
        samen.knoei(stap).await;
        nr += 1;
        dien_in(&mut rechtbank, &zitting(GI)).await.unwrap_or_else(|fout| panic!("after {stap}: {fout}"));
        assert_eq!(volgende(&mut stroom).await.unwrap().postvaknummer, nr, "after {stap}");
        gi.acknowledge(AcknowledgeRequest { tot_en_met: nr }).await.unwrap();
    }
    let config = samen.config("twee", "", "");
    let uitvoer = voer_uit(&["serve", "--config", config.to_str().unwrap()]).await;
    let gezegd = String::from_utf8_lossy(&uitvoer.stderr).into_owned();
    assert!(!uitvoer.status.success() && gezegd.contains("9999") && gezegd.contains("newer than this programme"), "{gezegd}");
    dien_in(&mut rechtbank, &zitting(GI)).await.expect("who ran goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn hubs_that_start_together_on_an_empty_database_both_come_up() {
    for _ in 0..2 {
        let samen = Samen::nieuw().await;
        let (een, twee) = tokio::join!(samen.hub("een", ""), samen.hub("twee", ""));
        let mut stroom = abonneer(&mut twee.exchange("gi").await, Some(0)).await.unwrap();
        dien_in(&mut een.exchange("rechtbank").await, &zitting(GI)).await.unwrap();
        dien_in(&mut twee.exchange("rechtbank").await, &zitting(GI)).await.unwrap();
        for nr in 1..=2 {
            assert_eq!(volgende(&mut stroom).await.unwrap().postvaknummer, nr);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_may_lose_what_it_acknowledged_is_used_only_by_who_says_so_in_words() {
    let samen = Samen::nieuw().await;
    let naam = samen.url.rsplit('/').next().unwrap().to_owned();
    samen.knoei(&format!("alter database {naam} set synchronous_commit = off")).await;
    for (kop, waarom) in [("", "synchronous_commit is off"), ("onveilig_duurzaamheid = \"Ja\"", "onveilig_duurzaamheid must")] {
        let config = samen.config("een", kop, "");
        let uitvoer = voer_uit(&["serve", "--config", config.to_str().unwrap()]).await;
        let gezegd = String::from_utf8_lossy(&uitvoer.stderr).into_owned();
        assert!(!uitvoer.status.success() && gezegd.contains(waarom), "{gezegd}");
    }
    let zin = format!("onveilig_duurzaamheid = {:?}", ketenhub::config::ONVEILIG);
    for _ in 0..2 {
        let hub = Proces::start(&samen.config("een", &zin, ""), &[]).await;
        let gezegd = hub.gezegd().lock().unwrap().clone();
        assert!(gezegd.contains("RECEIPTS MAY BE LOST") && gezegd.contains("synchronous_commit is off"), "{gezegd}");
    }
}
