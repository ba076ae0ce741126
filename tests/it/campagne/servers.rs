//! The database server fails: killed, one of its processes killed, its machine lost with a standby that takes over, and a reader that holds
//! it back.

use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection};

use super::cluster::Cluster;
use super::opstelling::Opstelling;
use super::spel::onder_last;
use crate::support::postgres;

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_server_that_is_killed_and_recovers_costs_no_message() {
    let mut cluster = Cluster::nieuw().await;
    let mut opstelling = Opstelling::met(2, &cluster.url()).await;
    onder_last(&mut opstelling, 11, 300, async |_, spel| {
        cluster.dood();
        cluster.herstart().await;
        spel.nog(60).await;
        cluster.dood_backend().await;
        spel.nog(60).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synchronous_standby_that_takes_over_has_every_acknowledged_message() {
    let primair = Cluster::nieuw().await;
    let mut opstelling = Opstelling::met(2, &primair.url()).await;
    let mut standby = primair.synchrone_standby().await;
    onder_last(&mut opstelling, 13, 240, async |opstelling, spel| {
        primair.dood();
        standby.bevorder();
        opstelling.verhuis(&standby.url());
        spel.nog(40).await;
    })
    .await;
}

/// A reader that holds back what may be cleaned up: rows that every commit changes grow old versions.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_held_open_stops_nobody() {
    let url = postgres::database().await;
    let mut opstelling = Opstelling::met(2, &url).await;
    onder_last(&mut opstelling, 17, 160, async |_, spel| {
        let begin = Instant::now();
        spel.nog(120).await;
        let zonder = begin.elapsed();
        let mut lezer = PgConnection::connect(&url).await.unwrap();
        sqlx::raw_sql("begin isolation level repeatable read").execute(&mut lezer).await.unwrap();
        let tel = || sqlx::query_scalar::<_, i64>("select count(*) from berichten");
        let toen = tel().fetch_one(&mut lezer).await.unwrap();
        let begin = Instant::now();
        spel.nog(120).await;
        let met = begin.elapsed();
        println!("60 messages took {zonder:?}, and {met:?} while a transaction was held open");
        assert!(met < zonder * 5 + Duration::from_secs(3), "{met:?} instead of {zonder:?}");
        // It really was held: it sees what was there then.
        assert_eq!(tel().fetch_one(&mut lezer).await.unwrap(), toen);
    })
    .await;
}
