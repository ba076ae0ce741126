//! The stock of connections to PostgreSQL when something goes wrong in the middle: a caller that goes away, a server that ends connections,
//! a line that is dead and does not say so. No place is ever lost, and nothing that is not as it should be is used again.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use ketenhub::store::{Conn, Lezing, Store, StoreError, bel, lees_reeks, schrijf_reeks};
use sqlx::{Connection as _, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::support::postgres;

/// What the store says of itself: so many read at once.
const LEZERS: usize = 8;
/// Longer than anything may take that waits for nobody.
const DADELIJK: Duration = Duration::from_secs(4);

async fn nieuw() -> (Store, String) {
    let url = postgres::database().await;
    (op(&url).await, url)
}

async fn op(url: &str) -> Store {
    let store = Store::open(url).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// Which connection of the server this is. Afterwards nothing is under way on it.
async fn pid(lezing: &mut Lezing) -> i32 {
    let Conn::Postgres(verbinding) = lezing.conn() else { panic!("not PostgreSQL") };
    let pid = sqlx::query_scalar("select pg_backend_pid()").fetch_one(verbinding.aan_de_beurt().await.unwrap()).await.unwrap();
    bel::postvakken(&mut lezing.conn()).await.unwrap();
    pid
}

/// All readers at once.
async fn allen(store: &Store) -> Vec<Lezing> {
    let mut bezig = JoinSet::new();
    for _ in 0..LEZERS {
        let store = store.clone();
        bezig.spawn(async move { store.read().await.expect("a place") });
    }
    timeout(DADELIJK, bezig.join_all()).await.expect("every reader has a place at once")
}

/// Reads on all readers at once: what each said.
async fn lees_allen(store: &Store) -> Vec<Result<(), StoreError>> {
    let mut bezig = JoinSet::new();
    let samen = std::sync::Arc::new(tokio::sync::Barrier::new(LEZERS));
    for _ in 0..LEZERS {
        let (store, samen) = (store.clone(), samen.clone());
        bezig.spawn(async move {
            let lezing = store.read().await;
            samen.wait().await;
            lees_reeks(&mut lezing?.conn()).await.map(drop)
        });
    }
    bezig.join_all().await
}

/// Writes something and makes it durable.
async fn schrijf(store: &Store) -> Result<(), StoreError> {
    let (mut tx, mut reeks) = store.write().await?;
    reeks.register += 1;
    schrijf_reeks(&mut tx.conn(), &reeks).await?;
    tx.commit().await
}

/// Waits until the server says that so many connections of the hub are as the condition says.
async fn wacht_op(url: &str, voorwaarde: &str, aantal: impl Fn(i64) -> bool) {
    let mut conn = PgConnection::connect(url).await.unwrap();
    let sql = format!(
        "select count(*) from pg_stat_activity where application_name = 'ketenhub' and datname = current_database() and {voorwaarde}"
    );
    let wachten = async {
        while !aantal(sqlx::query_scalar(sqlx::AssertSqlSafe(sql.as_str())).fetch_one(&mut conn).await.unwrap()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(15), wachten).await.unwrap_or_else(|_| panic!("the server never says that: {voorwaarde}"));
}

fn stand(store: &Store, pool: &str) -> (u32, usize) {
    let (_, open, vrij) = store.pools().into_iter().find(|(naam, ..)| *naam == pool).unwrap();
    (open, vrij)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_in_the_middle_of_a_statement_costs_no_place_and_its_connection_is_not_used_again() {
    let (store, url) = nieuw().await;
    let mut houder = PgConnection::connect(&url).await.unwrap();
    let mut gebruikt = BTreeSet::new();
    while gebruikt.len() < 100 {
        let mut slot = houder.begin().await.unwrap();
        sqlx::raw_sql("lock table reeks in access exclusive mode").execute(&mut *slot).await.unwrap();
        let mut weg = JoinSet::new();
        for mut lezing in allen(&store).await {
            assert!(gebruikt.insert(pid(&mut lezing).await), "a connection that was left in the middle is used again");
            weg.spawn(async move { lees_reeks(&mut lezing.conn()).await.map(drop) });
        }
        wacht_op(&url, "wait_event_type = 'Lock'", |aantal| aantal >= LEZERS as i64).await;
        // Whoever waits for an answer goes away; the server is still at it.
        weg.shutdown().await;
        assert_eq!(stand(&store, "read"), (0, 0), "nothing is kept, and nothing counts as open");
        let mut opnieuw = allen(&store).await;
        for lezing in &mut opnieuw {
            assert!(!gebruikt.contains(&pid(lezing).await), "a connection that was left in the middle is used again");
        }
        slot.rollback().await.unwrap();
    }
    assert!(lees_allen(&store).await.iter().all(Result::is_ok));
    assert_eq!(stand(&store, "read"), (LEZERS as u32, LEZERS));
    wacht_op(&url, "true", |aantal| aantal <= 2 + LEZERS as i64).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_dropped_is_rolled_back_and_its_lock_is_free_at_once() {
    let (store, url) = nieuw().await;
    let mut ander = PgConnection::connect(&url).await.unwrap();
    for _ in 0..20 {
        let (mut tx, mut reeks) = store.write().await.unwrap();
        reeks.register += 1_000;
        schrijf_reeks(&mut tx.conn(), &reeks).await.unwrap();
        drop(tx);
        // Sooner than the server would end a transaction that does nothing (5 s).
        let vrij = async {
            loop {
                match sqlx::query_as("select register from reeks where id = 1 for update nowait").fetch_one(&mut ander).await {
                    Ok((register,)) => return register,
                    Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
                }
            }
        };
        let register: i64 = timeout(Duration::from_secs(3), vrij).await.expect("the lock is free at once");
        assert_eq!(register, 0, "what was not committed did not happen");
        let (tx, reeks) = timeout(DADELIJK, store.write()).await.expect("the next transaction begins").unwrap();
        assert_eq!(reeks.register, 0);
        drop(tx);
    }
    schrijf(&store).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_server_ends_all_at_once_cost_one_failed_call() {
    let (store, url) = nieuw().await;
    for eerst_schrijven in [false, true] {
        let (een, twee) = tokio::join!(schrijf(&store), schrijf(&store));
        assert!(een.is_ok() && twee.is_ok());
        assert!(lees_allen(&store).await.iter().all(Result::is_ok));
        assert_eq!((stand(&store, "read"), stand(&store, "write")), ((LEZERS as u32, LEZERS), (2, 2)));
        let mut beheerder = PgConnection::connect(&url).await.unwrap();
        let sql =
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ketenhub' and datname = current_database()";
        assert_eq!(sqlx::query(sql).fetch_all(&mut beheerder).await.unwrap().len(), LEZERS + 2);
        wacht_op(&url, "true", |aantal| aantal == 0).await;

        let eerste = match eerst_schrijven {
            true => schrijf(&store).await,
            false => lees_reeks(&mut store.read().await.unwrap().conn()).await.map(drop),
        };
        assert!(matches!(eerste, Err(StoreError::Unavailable(_))), "{eerste:?}");
        schrijf(&store).await.expect("the first call that fails tells it for all");
        for uitkomst in lees_allen(&store).await {
            uitkomst.expect("the first call that fails tells it for all");
        }
        let open = stand(&store, "read").0 + stand(&store, "write").0;
        wacht_op(&url, "true", |aantal| aantal == i64::from(open)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_does_not_hold_up_the_writer() {
    let (store, url) = nieuw().await;
    let mut houder = PgConnection::connect(&url).await.unwrap();
    let mut slot = houder.begin().await.unwrap();
    sqlx::raw_sql("lock table postvakken in access exclusive mode").execute(&mut *slot).await.unwrap();
    let mut traag = JoinSet::new();
    for mut lezing in allen(&store).await {
        traag.spawn(async move { bel::postvakken(&mut lezing.conn()).await.map(drop) });
    }
    wacht_op(&url, "wait_event_type = 'Lock'", |aantal| aantal == LEZERS as i64).await;
    schrijf(&store).await.expect("the writer has connections of its own");
    wacht_op(&url, "wait_event_type = 'Lock'", |aantal| aantal == LEZERS as i64).await;
    slot.rollback().await.unwrap();
    assert!(traag.join_all().await.iter().all(Result::is_ok), "who was slow still gets an answer");
}

/// Between a hub and its database: forwards, or keeps what it gets without a word.
struct Lijn {
    url: String,
    open: watch::Sender<bool>,
    _aannemen: AbortOnDropHandle<()>,
}

impl Lijn {
    async fn naar(url: &str) -> Lijn {
        let (voor, database) = url.rsplit_once('/').unwrap();
        let doel = voor.rsplit_once('@').unwrap().1.to_owned();
        let luisteraar = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("postgres://postgres@{}/{database}", luisteraar.local_addr().unwrap());
        let (open, zien) = watch::channel(true);
        let aannemen = tokio::spawn(async move {
            let mut lopend = JoinSet::new();
            while let Ok((hub, _)) = luisteraar.accept().await {
                let (hub_in, hub_uit) = hub.into_split();
                let (pg_in, pg_uit) = TcpStream::connect(&doel).await.unwrap().into_split();
                lopend.spawn(draag(hub_in, pg_uit, zien.clone()));
                lopend.spawn(draag(pg_in, hub_uit, zien.clone()));
            }
        });
        Lijn { url, open, _aannemen: AbortOnDropHandle::new(aannemen) }
    }

    fn zet(&self, open: bool) {
        self.open.send_replace(open);
    }
}

/// Carries bytes one way. That a side hung up is carried too, and not while the line is dead.
async fn draag(mut van: OwnedReadHalf, mut naar: OwnedWriteHalf, mut open: watch::Receiver<bool>) {
    let mut buffer = vec![0; 16_384];
    loop {
        let aantal = van.read(&mut buffer).await.unwrap_or(0);
        if open.wait_for(|open| *open).await.is_err() || aantal == 0 || naar.write_all(&buffer[..aantal]).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_silent_without_hanging_up_makes_calls_fail_in_time_and_costs_no_place() {
    let url = postgres::database().await;
    let lijn = Lijn::naar(&url).await;
    let store = op(&lijn.url).await;
    schrijf(&store).await.unwrap();
    assert!(lees_allen(&store).await.iter().all(Result::is_ok));
    let (tx, _) = store.write().await.unwrap();

    lijn.zet(false);
    let begin = Instant::now();
    // Twelve seconds for a statement, and room for a machine that is busy.
    let op_tijd = Duration::from_secs(12)..Duration::from_secs(20);
    let samen = async { tokio::join!(lees_allen(&store), schrijf(&store), tx.commit()) };
    let (lezen, schrijven, bezig) = timeout(Duration::from_secs(25), samen).await.expect("no call waits for ever");
    assert!(op_tijd.contains(&begin.elapsed()), "{:?}", begin.elapsed());
    for uitkomst in lezen.into_iter().chain([schrijven, bezig]) {
        assert!(matches!(uitkomst, Err(StoreError::Unavailable(_))), "{uitkomst:?}");
    }
    assert_eq!((stand(&store, "read"), stand(&store, "write")), ((0, 0), (0, 0)));
    // The lock of who is cut off is given up by the server, so that another hub goes on.
    let ander = Store::open(&url).await.unwrap();
    let begin = Instant::now();
    while let Err(error) = schrijf(&ander).await {
        assert!(matches!(error, StoreError::Unavailable(_)) && begin.elapsed() < Duration::from_secs(10), "{error:?}");
    }
    // A new connection is not waited for either.
    let begin = Instant::now();
    let nieuw = timeout(Duration::from_secs(12), store.read()).await.expect("no call waits for ever");
    assert!(matches!(nieuw, Err(StoreError::Unavailable(_))) && begin.elapsed() >= DADELIJK, "{:?}", begin.elapsed());

    lijn.zet(true);
    let begin = Instant::now();
    schrijf(&store).await.expect("the line is there again");
    for uitkomst in lees_allen(&store).await {
        uitkomst.expect("the line is there again");
    }
    assert!(begin.elapsed() < Duration::from_secs(5), "at once: {:?}", begin.elapsed());
    assert_eq!((stand(&store, "read").0, stand(&store, "write").1), (LEZERS as u32, 1));
}
