//! Statements that are put off on PostgreSQL: whoever writes notices nothing of it but the time it saves.

use ketenhub::store::{Reeks, Store, StoreError, audit, lees_reeks, schrijf_reeks, tekens};
use sqlx::{Connection as _, PgConnection};

use crate::support::chain::oin;
use crate::support::postgres;

async fn nieuw() -> (Store, PgConnection) {
    let url = postgres::database().await;
    let store = Store::open(&url).await.unwrap();
    store.migrate().await.unwrap();
    (store, PgConnection::connect(&url).await.unwrap())
}

async fn geschreven(store: &Store) -> (Vec<(String, i64)>, Reeks) {
    let mut lezing = store.read().await.unwrap();
    (tekens::lees(&mut lezing.conn()).await.unwrap(), lees_reeks(&mut lezing.conn()).await.unwrap())
}

#[tokio::test]
async fn what_follows_each_other_is_one_statement_and_what_is_asked_then_sees_it() {
    let (store, mut server) = nieuw().await;
    let (mut tx, mut reeks) = store.write().await.unwrap();
    let conn = &mut tx.conn();
    tekens::schrijf(conn, &[oin("gi")], 5).await.unwrap();
    reeks.register = 7;
    schrijf_reeks(conn, &reeks).await.unwrap();
    audit::schrijf_knopen(conn, &[(1, 1, [1; 32])]).await.unwrap();
    assert_eq!(lees_reeks(conn).await.unwrap(), reeks);
    // The same once more is not one with the first, since a statement writes no row twice.
    for op in [6, 8] {
        tekens::schrijf(conn, &[oin("gi")], op).await.unwrap();
    }
    assert_eq!(tekens::lees(conn).await.unwrap(), [(oin("gi").to_string(), 8)]);
    audit::schrijf_knopen(conn, &[(1, 2, [2; 32])]).await.unwrap();
    tekens::schrijf(conn, &[oin("gi-2")], 9).await.unwrap();
    tx.voltooi().await.unwrap();
    let vraag = "select query from pg_stat_activity where datname = current_database() and state = 'idle in transaction'";
    let (laatste,): (String,) = sqlx::query_as(vraag).fetch_one(&mut server).await.unwrap();
    assert!(laatste.starts_with("with deel0 as (-- boomknopen") && laatste.contains("deel1 as (-- tekens"), "{laatste}");
    tx.commit().await.unwrap();
    let (geschreven, nu) = geschreven(&store).await;
    assert_eq!((geschreven, nu.register), (vec![(oin("gi").to_string(), 8), (oin("gi-2").to_string(), 9)], 7));
}

#[tokio::test]
async fn one_that_fails_is_told_from_a_commit_that_nobody_answered_and_leaves_nothing() {
    let (store, _) = nieuw().await;
    for voltooid in [false, true] {
        let (mut tx, mut reeks) = store.write().await.unwrap();
        reeks.register = 7;
        tekens::schrijf(&mut tx.conn(), &[oin("gi")], 5).await.unwrap();
        schrijf_reeks(&mut tx.conn(), &reeks).await.unwrap();
        // Twice the same node.
        audit::schrijf_knopen(&mut tx.conn(), &[(1, 1, [1; 32]), (1, 1, [2; 32])]).await.unwrap();
        let fout = if voltooid { tx.voltooi().await } else { tx.commit().await };
        assert!(matches!(fout, Err(StoreError::Statement(_))), "{fout:?}");
        let (geschreven, nu) = geschreven(&store).await;
        assert_eq!((geschreven, nu.register), (Vec::new(), 0));
    }
}

#[tokio::test]
async fn what_was_put_off_in_a_transaction_that_is_dropped_never_happens() {
    let (store, _) = nieuw().await;
    let (mut tx, _) = store.write().await.unwrap();
    tekens::schrijf(&mut tx.conn(), &[oin("gi")], 5).await.unwrap();
    drop(tx);
    let (mut tx, _) = store.write().await.unwrap();
    assert_eq!(tekens::lees(&mut tx.conn()).await.unwrap(), []);
    tx.commit().await.unwrap();
    assert_eq!(geschreven(&store).await.0, []);
}
