//! A transaction that is only promised, by a hub that gave out the last numbers itself: one statement on PostgreSQL, which does nothing when
//! somebody else wrote.

use std::pin::pin;
use std::time::Duration;

use jeugdketen_proto::v1::{Handeling, Rol};
use ketenhub::domain::ids::MaatregelId;
use ketenhub::store::audit::{self, Aantekening};
use ketenhub::store::{Reeks, Store, StoreError, lees_reeks, schrijf_reeks, tekens};
use prost::Message as _;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::support::chain::{both, oin};
use crate::support::postgres;
use crate::support::verhaal::{Verhaal, bericht};

/// Longer than anything may take that waits for nobody.
const DADELIJK: Duration = Duration::from_secs(4);
/// What the server says of the connection that writes.
const SCHRIJVER: &str = "select pid, state, query from pg_stat_activity
    where datname = current_database() and application_name = 'ketenhub' and query ~ 'reeks' order by state_change desc limit 1";

async fn nieuw() -> (Store, PgConnection, Reeks) {
    let url = postgres::database().await;
    let store = Store::open(&url).await.unwrap();
    store.migrate().await.unwrap();
    let reeks = lees_reeks(&mut store.read().await.unwrap().conn()).await.unwrap();
    (store, PgConnection::connect(&url).await.unwrap(), reeks)
}

/// What a batch does: something in two tables, and the numbers.
async fn schrijf(store: &Store, verwacht: &Reeks, wie: &str, register: i64) -> Result<(), StoreError> {
    let (mut tx, mut reeks) = store.write_na(Some(verwacht), None).await?;
    assert_eq!(&reeks, verwacht);
    tekens::schrijf(&mut tx.conn(), &[oin(wie)], register).await?;
    audit::schrijf_knopen(&mut tx.conn(), &[(1, register, [1; 32])]).await?;
    reeks.register = register;
    schrijf_reeks(&mut tx.conn(), &reeks).await?;
    tx.voltooi().await?;
    tx.commit().await
}

/// Who has something in the database, and the last version of the register.
async fn geschreven(store: &Store) -> (Vec<String>, i64) {
    let mut lezing = store.read().await.unwrap();
    let tekens = tekens::lees(&mut lezing.conn()).await.unwrap();
    (tekens.into_iter().map(|(wie, _)| wie).collect(), lees_reeks(&mut lezing.conn()).await.unwrap().register)
}

fn verschoven(uitkomst: &Result<(), StoreError>) -> bool {
    matches!(uitkomst, Err(StoreError::Verschoven(_)))
}

#[tokio::test]
async fn it_is_one_statement_and_does_nothing_when_somebody_else_wrote() {
    let (store, mut server, reeks) = nieuw().await;
    schrijf(&store, &reeks, "gi", 7).await.unwrap();
    let (pid, stand, laatste): (i32, String, String) = sqlx::query_as(SCHRIJVER).fetch_one(&mut server).await.unwrap();
    assert!(stand == "idle" && laatste.starts_with("with slot as") && laatste.contains("schrijf_reeks"), "{stand}: {laatste}");
    assert_eq!(geschreven(&store).await, (vec![oin("gi").to_string()], 7));
    // Each of the numbers counts, also those that seldom move.
    let nu = Reeks { register: 7, ..reeks };
    let anders = [
        Reeks { bericht: 1, ..nu.clone() },
        Reeks { audit: 1, ..nu.clone() },
        Reeks { register: 6, ..nu.clone() },
        Reeks { boom: vec![1], ..nu.clone() },
        Reeks { hoofd: "anders".to_owned(), ..nu.clone() },
    ];
    for anders in anders {
        assert!(verschoven(&schrijf(&store, &anders, "gi-2", 8).await), "{anders:?}");
        assert_eq!(geschreven(&store).await, (vec![oin("gi").to_string()], 7));
    }
    schrijf(&store, &nu, "gi-2", 8).await.unwrap();
    let (zelfde, _, _): (i32, String, String) = sqlx::query_as(SCHRIJVER).fetch_one(&mut server).await.unwrap();
    assert_eq!(zelfde, pid, "none of it costs a connection");
    assert_eq!(geschreven(&store).await.1, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_who_holds_the_numbers_and_then_sees_what_that_one_did() {
    let (store, mut server, mut reeks) = nieuw().await;
    let daden = [("rollback", "register = 50", false), ("commit", "bericht = bericht", false), ("commit", "hoofd = 'elders'", true)];
    for (nr, (einde, daad, verandert)) in (1..).zip(daden) {
        let daad = sqlx::AssertSqlSafe(format!("begin; update reeks set {daad} where id = 1"));
        sqlx::raw_sql(daad).execute(&mut server).await.unwrap();
        let (bezig, verwacht) = (store.clone(), reeks.clone());
        let mut schrijven = tokio::spawn(async move { schrijf(&bezig, &verwacht, "gi", nr).await });
        assert!(timeout(Duration::from_millis(200), &mut schrijven).await.is_err(), "it does not wait");
        sqlx::raw_sql(einde).execute(&mut server).await.unwrap();
        let uitkomst = timeout(DADELIJK, schrijven).await.expect("it goes on").unwrap();
        assert_eq!(verschoven(&uitkomst), verandert, "{einde}: {uitkomst:?}");
        assert_eq!(geschreven(&store).await.1, if verandert { nr - 1 } else { nr });
        reeks.register = nr;
    }
}

#[tokio::test]
async fn the_first_statement_that_cannot_be_put_off_opens_it_or_finds_that_somebody_else_wrote() {
    let (store, mut server, reeks) = nieuw().await;
    let (mut tx, _) = store.write_na(Some(&reeks), None).await.unwrap();
    tekens::schrijf(&mut tx.conn(), &[oin("gi")], 5).await.unwrap();
    assert_eq!(tekens::lees(&mut tx.lees()).await.unwrap(), [], "what is asked outside does not see what was put off");
    let open = "select count(*) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'";
    let aantal: i64 = sqlx::query_scalar(open).fetch_one(&mut server).await.unwrap();
    assert_eq!(aantal, 0, "nor does it open anything");
    assert_eq!(tekens::lees(&mut tx.conn()).await.unwrap().len(), 1, "what is asked inside does");
    let aantal: i64 = sqlx::query_scalar(open).fetch_one(&mut server).await.unwrap();
    assert_eq!(aantal, 1);
    assert_eq!(tekens::lees(&mut tx.lees()).await.unwrap().len(), 1, "once open, there is no outside");
    // The same table once more is a statement of its own.
    tekens::schrijf(&mut tx.conn(), &[oin("gi-2")], 6).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(geschreven(&store).await.0.len(), 2);

    let (mut tx, _) = store.write_na(Some(&Reeks { audit: 9, ..reeks }), None).await.unwrap();
    tekens::schrijf(&mut tx.conn(), &[oin("gemeente")], 5).await.unwrap();
    let gevraagd = tekens::lees(&mut tx.conn()).await;
    assert!(matches!(gevraagd, Err(StoreError::Verschoven(_))), "{gevraagd:?}");
    drop(tx);
    let (_, vrij) = store.pools().into_iter().find(|pool| pool.0 == "write").map(|(_, open, vrij)| (open, vrij)).unwrap();
    assert_eq!(vrij, 1, "its connection is good for the next");
    assert_eq!(geschreven(&store).await.0.len(), 2);
}

#[tokio::test]
async fn one_that_fails_leaves_nothing_and_is_told_from_one_that_nobody_answered() {
    let (store, mut server, reeks) = nieuw().await;
    schrijf(&store, &reeks, "gi", 7).await.unwrap();
    let nu = Reeks { register: 7, ..reeks };
    let (mut tx, _) = store.write_na(Some(&nu), None).await.unwrap();
    tekens::schrijf(&mut tx.conn(), &[oin("gi-2")], 5).await.unwrap();
    // A node that is there already.
    audit::schrijf_knopen(&mut tx.conn(), &[(1, 7, [2; 32])]).await.unwrap();
    let fout = tx.commit().await;
    assert!(matches!(fout, Err(StoreError::Statement(_))), "{fout:?}");
    assert_eq!(geschreven(&store).await, (vec![oin("gi").to_string()], 7));

    let weg = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'ketenhub'";
    sqlx::raw_sql("begin; update reeks set bericht = bericht where id = 1").execute(&mut server).await.unwrap();
    let (bezig, verwacht) = (store.clone(), nu.clone());
    let schrijven = tokio::spawn(async move { schrijf(&bezig, &verwacht, "gi-2", 8).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    sqlx::raw_sql(weg).execute(&mut server).await.unwrap();
    let fout = timeout(DADELIJK, schrijven).await.expect("it ends").unwrap();
    assert!(matches!(fout, Err(StoreError::Unavailable(_))), "{fout:?}");
    sqlx::raw_sql("rollback").execute(&mut server).await.unwrap();
    schrijf(&store, &nu, "gi-2", 8).await.unwrap();
}

/// The writer remembers of a record what `audit::geraakt_na` would have read of it.
#[test]
fn a_record_touches_keys_always_and_a_case_when_something_of_it_came_or_went() {
    let zaak = Some(MaatregelId(uuid::Uuid::from_u128(1)));
    for handeling in (1..).map_while(|nr| Handeling::try_from(nr).ok()) {
        let record = |zaak| Aantekening::nieuw(handeling, oin("gi"), Rol::Gi).in_zaak(zaak);
        let zonder = (handeling == Handeling::Sleutel).then_some(None);
        assert_eq!(audit::raakt(&record(None)), zonder, "{handeling:?}");
        let met = matches!(handeling, Handeling::Sleutel | Handeling::Aanvaard | Handeling::Vernietigd).then_some(zaak);
        assert_eq!(audit::raakt(&record(zaak)), met, "{handeling:?}");
    }
}

both! {
    async fn two_hubs_in_turn_and_together_remember_nothing_that_the_other_changed(chain: Chain) {
        let tweede = chain.tweede_hub().await;
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "03", "04"]).await;
        let mut gezien = 0;
        for beurt in 0..8 {
            let (hub, ander) = if beurt % 4 == 3 { (&tweede, &chain.hub) } else { (&chain.hub, &tweede) };
            // Three in a row make a hub believe that it is alone. Then the other writes, and the next belief is wrong.
            for _ in 0..3 {
                let bytes = bericht(&mut verhaal, "05").encode_to_vec();
                hub.admission.dien_in(&chain.peer("gi"), bytes.as_slice()).await.expect("an answer").expect("a receipt");
            }
            let tussendoor = bericht(&mut verhaal, "05").encode_to_vec();
            ander.admission.dien_in(&chain.peer("gi"), tussendoor.as_slice()).await.expect("an answer").expect("a receipt");
            let bytes = bericht(&mut verhaal, "05").encode_to_vec();
            let eerste = hub.admission.dien_in(&chain.peer("gi"), bytes.as_slice()).await.expect("an answer").expect("a receipt");
            let herhaald = ander.admission.dien_in(&chain.peer("gi"), bytes.as_slice()).await.expect("an answer").expect("a receipt");
            assert_eq!(eerste, herhaald, "the other hub knows it, byte for byte");
            let post = chain.postvak("gemeente").await;
            assert!(post.len() > gezien && post.iter().map(|levering| levering.nr).eq(1..=i64::try_from(post.len()).unwrap()));
            gezien = post.len();
            let peer = chain.peer("gemeente");
            let tot = i64::try_from(gezien).unwrap();
            assert_eq!(ander.admission.bevestig(&peer, tot).await.expect("it was given out"), tot);
            assert!(hub.admission.bevestig(&peer, tot + 1).await.is_err(), "it was never given out");
        }
    }

    async fn what_one_hub_accepts_and_confirms_at_once_is_one_row_a_mailbox(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "03", "04"]).await;
        let gi = chain.peer("gi");
        let eerder = chain.postvak("gemeente").await.len();
        let (slot, _) = chain.hub.store.write().await.expect("a transaction");
        let mut wachtend = Vec::new();
        for _ in 0..5 {
            let bytes = bericht(&mut verhaal, "05").encode_to_vec();
            wachtend.push(chain.hub.admission.zet(&gi, bytes.as_slice().into()).await);
        }
        let (admission, gemeente) = (chain.hub.admission.clone(), chain.peer("gemeente"));
        // The last of these is confirmed in the transaction that gives out its number, or after it.
        let bevestigd = tokio::spawn(async move {
            loop {
                if let Ok(tot) = admission.bevestig(&gemeente, i64::try_from(eerder).unwrap() + 5).await {
                    return tot;
                }
            }
        });
        drop(slot);
        for wachtend in wachtend {
            wachtend.antwoord().await.expect("an answer").expect("a receipt");
        }
        let alle = i64::try_from(eerder).unwrap() + 5;
        assert_eq!(timeout(Duration::from_secs(30), bevestigd).await.expect("in time").unwrap(), alle);
        let standen = chain.rijen::<(i64, i64)>("select laatste_nr, bevestigd_tot from postvakken where laatste_nr = bevestigd_tot").await;
        assert_eq!(standen, [(alle, alle)]);
        assert_eq!(chain.rijen::<(i64,)>("select count(*) from postvak where ontvangen_op is not null").await, [(alle,)]);
    }

    async fn what_is_confirmed_as_it_is_remembered_is_what_is_stored_of_it(chain: Chain) {
        let mut verhaal = Verhaal::default();
        // The gemeente gets more than is remembered of one mailbox, so that some is read. The GI confirms the uitspraken, which clocks look at.
        for ronde in 0..36 {
            chain.speel(&mut verhaal, &["02", "03", "04", "05", "05"]).await;
            if ronde % 12 == 0 {
                let gi = chain.peer("gi");
                let tot = i64::try_from(chain.postvak("gi").await.len()).unwrap();
                assert_eq!(chain.hub.admission.bevestig(&gi, tot).await.unwrap(), tot);
            }
            verhaal = Verhaal::default();
        }
        let gemeente = chain.peer("gemeente");
        let alle = i64::try_from(chain.postvak("gemeente").await.len()).unwrap();
        assert!(alle > 70);
        for tot in [1, 5, alle - 1, alle] {
            assert_eq!(chain.hub.admission.bevestig(&gemeente, tot).await.unwrap(), tot);
        }
        let verwacht = "select p.ontvanger, p.volgnummer, p.rol, p.ontvangen_op, b.maatregel_id from postvak p
            join berichten b on b.volgnummer = p.volgnummer where p.ontvangen_op is not null and b.maatregel_id is not null order by 1, 2";
        let verwacht = chain.rijen::<(String, i64, i32, i64, uuid::Uuid)>(verwacht).await;
        let bevestigd = "select betrokkene, volgnummer, rol, op, maatregel_id from gebeurtenissen where soort = 1 order by 1, 2";
        let bevestigd = chain.rijen::<(String, i64, i32, i64, uuid::Uuid)>(bevestigd).await;
        assert!(verwacht.len() > 70);
        assert_eq!(bevestigd, verwacht);
    }

    async fn who_holds_every_connection_for_reading_keeps_nobody_from_sending_and_confirming(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "03", "04", "05"]).await;
        let (gi, gemeente) = (chain.peer("gi"), chain.peer("gemeente"));
        let mut lezers = Vec::new();
        while let Ok(lezer) = timeout(Duration::from_millis(200), chain.hub.store.read()).await {
            lezers.push(lezer.expect("a connection"));
        }
        let alles = async {
            let mut wachtend = Vec::new();
            for _ in 0..3 {
                let bytes = bericht(&mut verhaal, "05").encode_to_vec();
                wachtend.push(chain.hub.admission.zet(&gi, bytes.as_slice().into()).await);
            }
            assert_eq!(chain.hub.admission.bevestig(&gemeente, 1).await.expect("it was given out"), 1);
            for wachtend in wachtend {
                wachtend.antwoord().await.expect("an answer").expect("a receipt");
            }
        };
        timeout(Duration::from_secs(3), alles).await.expect("long before a reader gives up waiting");
        drop(lezers);
    }
}

#[tokio::test]
async fn one_that_follows_upon_another_asks_nothing_until_that_is_durable_and_nothing_happens_when_it_is_not() {
    let (store, mut server, reeks) = nieuw().await;
    let vrij = || store.pools().into_iter().find(|pool| pool.0 == "write").map(|(_, open, vrij)| (open, vrij)).unwrap();
    for (nr, duurzaam) in [(1, true), (2, false)] {
        for vraagt in [false, true] {
            let eerder = watch::Sender::new(false);
            let (mut tx, _) = store.write_na(Some(&reeks), Some(eerder.subscribe())).await.unwrap();
            tekens::schrijf(&mut tx.conn(), &[oin("gi")], nr).await.unwrap();
            let volgt = async move {
                if vraagt {
                    tekens::lees(&mut tx.lees()).await?;
                }
                tx.volg().await?;
                tx.commit().await
            };
            let mut volgt = pin!(volgt);
            assert!(timeout(Duration::from_millis(200), &mut volgt).await.is_err(), "it waits");
            let gevraagd: Vec<(i32, String, String)> = sqlx::query_as(SCHRIJVER).fetch_all(&mut server).await.unwrap();
            assert!(gevraagd.iter().all(|(_, stand, _)| stand == "idle"), "{gevraagd:?}");
            if duurzaam {
                eerder.send_replace(true);
            }
            drop(eerder);
            let uitkomst = timeout(DADELIJK, volgt).await.expect("it goes on");
            assert_eq!(uitkomst.is_ok(), duurzaam, "{uitkomst:?}");
            assert!(duurzaam || verschoven(&uitkomst), "{uitkomst:?}");
            assert_eq!(vrij(), (1, 1), "its connection is good for the next");
        }
    }
    assert_eq!(geschreven(&store).await.0, [oin("gi").to_string()]);
}

#[tokio::test]
async fn on_sqlite_it_begins_when_the_other_is_durable() {
    let dir = tempfile::TempDir::new().unwrap();
    let store = Store::open(&format!("sqlite:{}", dir.path().join("hub.db").display())).await.unwrap();
    store.migrate().await.unwrap();
    let eerder = watch::Sender::new(false);
    let mut volgt = pin!(store.write_na(None, Some(eerder.subscribe())));
    assert!(timeout(Duration::from_millis(200), &mut volgt).await.is_err(), "it waits");
    eerder.send_replace(true);
    volgt.await.unwrap();
    let eerder = watch::Sender::new(false);
    let volgt = store.write_na(None, Some(eerder.subscribe()));
    drop(eerder);
    assert!(matches!(volgt.await, Err(StoreError::Verschoven(_))));
}
