//! A synchronous standby that is gone: nothing is answered that is on one machine only, and what waited is there once when it may go on.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use tokio::time::{Instant, timeout};
use tonic::Code;

use super::{Opstelling, dien, staat_in_het_draaiboek};
use crate::support::berichten::{GEDULD, GI, bytes, dien_ruw_in, zitting};
use crate::support::hub::channel;
use crate::support::postgres::Server;
use crate::support::proces::voorbeeld_certs;

const ZONDER: &str = "alter system set synchronous_standby_names = ''";

async fn zeg(url: &str, opdrachten: &[&'static str]) {
    let mut conn = PgConnection::connect(url).await.unwrap();
    for sql in opdrachten.iter().chain(&["select pg_reload_conf()"]) {
        sqlx::raw_sql(*sql).execute(&mut conn).await.unwrap();
    }
    conn.close().await.unwrap();
}

/// Waits until a commit waits for the standby, or until none does.
async fn wacht_op_commit(url: &str, aantal: i64) {
    let mut conn = PgConnection::connect(url).await.unwrap();
    let sql = "select count(*) from pg_stat_activity where application_name = 'ketenhub' and wait_event = 'SyncRep'";
    let wachten = async {
        while sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut conn).await.unwrap() != aantal {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(GEDULD, wachten).await.expect("the commit waits for the standby");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_synchronous_standby_nothing_is_answered_and_what_waited_is_there_once() {
    staat_in_het_draaiboek("Standby and failover", ZONDER);
    let server = tokio::task::spawn_blocking(Server::start).await.unwrap().expect("a server of its own");
    let url = server.url("postgres");
    let opstelling = Opstelling::nieuw(&url);
    let hub = opstelling.hub().await;
    // After the second the hub believes that it is alone, and a transaction is one statement.
    assert_eq!(dien(&hub, 3).await.len(), 3);
    zeg(&url, &["alter system set synchronous_standby_names = 'weg'"]).await;
    let mut conn = PgConnection::connect(&url).await.unwrap();
    let gezet = async {
        while sqlx::query_scalar::<_, String>("show synchronous_standby_names").fetch_one(&mut conn).await.unwrap() != "weg" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(GEDULD, gezet).await.expect("the setting holds");

    let kanaal = channel(&hub.address, &voorbeeld_certs(), "rechtbank").await;
    let bericht = bytes(&zitting(GI));
    let begin = Instant::now();
    let antwoord = timeout(Duration::from_secs(40), dien_ruw_in(&kanaal, bericht.clone())).await.expect("the sender is not left waiting");
    let status = antwoord.expect_err("no receipt for what is on one machine only");
    println!("refused after {:?}: {:?}", begin.elapsed(), status.code());
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    // The commit of before still waits, and holds what every other would need.
    wacht_op_commit(&url, 1).await;
    let nog_eens = timeout(Duration::from_secs(40), dien_ruw_in(&kanaal, bericht.clone())).await.expect("the sender is not left waiting");
    assert_eq!(nog_eens.expect_err("still none").code(), Code::Unavailable);

    zeg(&url, &[ZONDER]).await;
    wacht_op_commit(&url, 0).await;
    let begin = Instant::now();
    let receipt = loop {
        match dien_ruw_in(&kanaal, bericht.clone()).await {
            Ok(receipt) => break receipt,
            Err(status) => assert!(status.code() == Code::Unavailable && begin.elapsed() < GEDULD, "{status:?}"),
        }
    };
    assert_eq!(dien_ruw_in(&kanaal, bericht.clone()).await.expect("repeating is accepted"), receipt, "byte for byte");
    // The keys of the hub, four messages.
    assert_eq!(opstelling.keur().await.records, 5, "what waited is there once");
    server.ruim_op();
}
