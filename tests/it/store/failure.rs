//! A database that goes away, and rows that should not exist: the sender learns that nothing is known to be stored, and a repetition tells.

use ketenhub::admission::Gestaakt;
use ketenhub::delivery::Gebeurtenis;
use ketenhub::store::{StoreError, deelnemers};
use prost::Message as _;
use sqlx::{Connection as _, PgConnection};

use crate::support::chain::{Chain, both};
use crate::support::verhaal::{Verhaal, bericht};

/// Ends every connection of the hub, as a restart of the server would.
async fn verbreek(chain: &Chain) {
    let mut connection = PgConnection::connect(&chain.url).await.expect("a connection");
    let sql = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ketenhub' and datname = current_database()";
    let ended = sqlx::query(sql).fetch_all(&mut connection).await.expect("the connections end");
    assert!(!ended.is_empty());
}

/// Waits until a connection of the hub waits for the lock that another holds.
async fn wacht_op_slot(chain: &Chain) {
    let mut connection = PgConnection::connect(&chain.url).await.expect("a connection");
    let sql = "select count(*) from pg_stat_activity
        where application_name = 'ketenhub' and datname = current_database() and wait_event_type = 'Lock'";
    let wacht = async {
        while sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut connection).await.expect("an answer") == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), wacht).await.expect("the hub waits for the lock");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_during_a_batch_is_said_to_be_unavailable_and_a_repetition_gives_one_receipt() {
    let chain = Chain::postgres().await;
    let bericht = bericht(&mut Verhaal::default(), "02");
    let bytes = bericht.encode_to_vec();
    let mut houder = PgConnection::connect(&chain.url).await.expect("a connection");
    let mut slot = houder.begin().await.expect("a transaction");
    sqlx::query("update reeks set bericht = bericht").execute(&mut *slot).await.expect("the lock");
    let breek = async {
        wacht_op_slot(&chain).await;
        verbreek(&chain).await;
    };
    let (uitkomst, ()) = tokio::join!(chain.dien_bytes_in("rechtbank", &bytes), breek);
    let Err(Gestaakt::Store(error)) = uitkomst else { panic!("{uitkomst:?}") };
    assert!(matches!(*error, StoreError::Unavailable(_)), "{error:?}");
    slot.rollback().await.expect("the lock is given up");
    let mut receipt = None;
    // Each connection that was ended is noticed once.
    for _ in 0..20 {
        match chain.dien_bytes_in("rechtbank", &bytes).await {
            Ok(uitkomst) => {
                receipt = Some(uitkomst.expect("a receipt"));
                break;
            }
            Err(Gestaakt::Store(error)) => assert!(matches!(*error, StoreError::Unavailable(_)), "{error:?}"),
            Err(other) => panic!("{other:?}"),
        }
    }
    let receipt = receipt.expect("the database is back");
    assert_eq!(chain.dien_in("rechtbank", &bericht).await.expect("a receipt"), receipt);
    assert_eq!(chain.rijen::<(i64, i64)>("select bericht, audit from reeks").await, [(1, 2)]);
    assert_eq!(chain.postvak("gi").await.len(), 1);
}

both! {
    async fn a_fact_that_cannot_be_is_corrupt_and_harms_no_other_case(chain: Chain) {
        let (mut verhaal, mut ander) = (Verhaal::default(), Verhaal::default());
        chain.speel(&mut verhaal, &["02"]).await;
        chain.knoei("update gebeurtenissen set betrokkene = 'nobody'").await;
        chain.speel(&mut ander, &["02"]).await;
        let (stuk, gaaf) = (bericht(&mut verhaal, "03").encode_to_vec(), bericht(&mut ander, "03").encode_to_vec());
        let (slot, _) = chain.hub.store.write().await.expect("a transaction");
        let vrijgeven = async {
            tokio::task::yield_now().await;
            drop(slot);
        };
        let (stuk, gaaf, ()) = tokio::join!(chain.dien_bytes_in("gi", &stuk), chain.dien_bytes_in("gi", &gaaf), vrijgeven);
        gaaf.expect("an answer").expect("a receipt");
        let Err(Gestaakt::Store(error)) = stuk else { panic!("{stuk:?}") };
        assert!(matches!(&*error, StoreError::Corrupt { table: "gebeurtenissen", column: "betrokkene", key } if key == "1"), "{error:?}");
    }

    async fn a_case_whose_facts_contradict_each_other_is_corrupt(chain: Chain) {
        let (mut een, mut ander) = (Verhaal::default(), Verhaal::default());
        chain.speel(&mut een, &["02"]).await;
        chain.speel(&mut ander, &["02"]).await;
        // Two opleggingen in one case.
        chain.knoei("update gebeurtenissen set maatregel_id = (select maatregel_id from gebeurtenissen where volgnummer = 1)").await;
        let uitkomst = chain.dien_bytes_in("gi", &bericht(&mut een, "03").encode_to_vec()).await;
        let Err(Gestaakt::Store(error)) = uitkomst else { panic!("{uitkomst:?}") };
        assert!(matches!(&*error, StoreError::Corrupt { table: "gebeurtenissen", column: "feit", .. }), "{error:?}");
    }

    async fn a_message_that_cannot_be_read_is_corrupt_and_not_delivered(chain: Chain) {
        chain.speel(&mut Verhaal::default(), &["02"]).await;
        chain.knoei("update postvak set rol = 99").await;
        let error = chain.hub.delivery.blad(&chain.peer("gi"), None, 10, usize::MAX).await.expect_err("a role that is none");
        let Gestaakt::Store(error) = error else { panic!("{error:?}") };
        assert!(matches!(&*error, StoreError::Corrupt { table: "postvak", column: "rol", .. }), "{error:?}");
        let mut stroom = chain.hub.delivery.abonneer(chain.peer("gi"), None);
        let Some(Gebeurtenis::Fout(Gestaakt::Store(error))) = stroom.recv().await else { panic!("the stream goes on") };
        assert!(matches!(&*error, StoreError::Corrupt { .. }), "{error:?}");
    }

    async fn a_receipt_that_cannot_be_read_is_corrupt(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05", "10"]).await;
        chain.knoei("update berichten set soort = 99").await;
        let uitkomst = chain.dien_bytes_in("aanbieder-3", &bericht(&mut verhaal, "26").encode_to_vec()).await;
        let Err(Gestaakt::Store(error)) = uitkomst else { panic!("{uitkomst:?}") };
        assert!(matches!(&*error, StoreError::Corrupt { table: "berichten", column: "soort", .. }), "{error:?}");
    }

    async fn a_participant_that_cannot_be_is_corrupt(chain: Chain) {
        let (mut tx, _) = chain.hub.store.write().await.expect("a transaction");
        let alle: Vec<_> = chain.register.nu().alle().into_iter().cloned().collect();
        deelnemers::schrijf(&mut tx.conn(), &alle).await.expect("participants");
        tx.commit().await.expect("it is durable");
        chain.knoei("update deelnemers set geldig_vanaf = 'gisteren'").await;
        let error = deelnemers::alle(&mut chain.hub.store.read().await.expect("a connection").conn()).await.expect_err("no date");
        assert!(matches!(&error, StoreError::Corrupt { table: "deelnemers", column: "geldig_vanaf", .. }), "{error:?}");
    }
}
