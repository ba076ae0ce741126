//! A transaction that is decided while the one before it is written: it follows upon that one, or nothing of it happened yet.

use std::time::Duration;

use chrono::TimeDelta;
use jeugdketen_proto::v1::{Bericht, Receipt, Rol};
use ketenhub::admission::{Antwoord, Gestaakt, Inzending, Wachtend};
use ketenhub::store::StoreError;
use prost::Message as _;
use sqlx::{Connection as _, PgConnection};
use tokio::time::{sleep, timeout};

use super::vooruit::intrekking;
use crate::support::chain::Chain;
use crate::support::verhaal::{Verhaal, bericht};

/// More than it takes to be decided ahead.
const VEEL: usize = 80;
/// Longer than anything takes here.
const LANG: Duration = Duration::from_secs(30);

/// What became of one message, of many that came while it was written, and of some among those that refer to it.
struct Afloop {
    chain: Chain,
    eerste: Result<Antwoord, Gestaakt>,
    /// The first message once more.
    herhaald: Receipt,
    /// Its withdrawal.
    ingetrokken: Receipt,
    andere: Vec<Receipt>,
}

impl Afloop {
    /// How many of the many were decided before the first was written.
    fn vooruit(&self) -> usize {
        let begonnen = self.chain.clock.now().timestamp() - 3_600;
        self.andere.iter().filter(|receipt| receipt.aanvaard_op.as_ref().unwrap().seconds <= begonnen).count()
    }

    /// Each was accepted once, in the order in which they were sent, and so many that kept the others waiting.
    async fn is_geheel(&self, zittingen: usize) {
        let nummers: Vec<_> = self.andere.iter().map(|receipt| receipt.volgnummer).collect();
        assert!(nummers.is_sorted() && self.herhaald.volgnummer < self.ingetrokken.volgnummer);
        let alle = i64::try_from(5 + zittingen + 1 + 1 + VEEL).unwrap();
        assert_eq!(self.chain.rijen::<(i64, i64)>("select count(*), max(volgnummer) from berichten").await, [(alle, alle)]);
        let post: Vec<_> = self.chain.postvak("gemeente").await.into_iter().map(|levering| levering.nr).collect();
        assert_eq!(post, (1..=i64::try_from(post.len()).unwrap()).collect::<Vec<_>>());
    }
}

/// Keeps the next transaction waiting.
pub(super) async fn houd_op(url: &str) -> PgConnection {
    let mut ander = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql("begin; update reeks set bericht = bericht").execute(&mut ander).await.unwrap();
    ander
}

/// Keeps a transaction waiting that holds this message and one more: they gather behind another, and somebody is there before them.
async fn houd_op_met(chain: &Chain, bepaling: &Bericht) -> (PgConnection, Wachtend) {
    let zitting = || bericht(&mut Verhaal::default(), "01");
    let mut eerst = houd_op(&chain.url).await;
    let voor = zet(chain, "rechtbank", &zitting()).await;
    begonnen(chain, 1).await;
    let dan = {
        let url = chain.url.clone();
        tokio::spawn(async move { houd_op(&url).await })
    };
    sleep(Duration::from_millis(300)).await;
    let bepaling = zet(chain, "gi", bepaling).await;
    zet(chain, "rechtbank", &zitting()).await;
    sleep(Duration::from_millis(300)).await;
    sqlx::raw_sql("rollback").execute(&mut eerst).await.unwrap();
    antwoord(voor).await.expect("an answer").expect("a receipt");
    let dan = timeout(LANG, dan).await.expect("its turn").unwrap();
    begonnen(chain, 1).await;
    (dan, bepaling)
}

pub(super) async fn zet(chain: &Chain, wie: &str, bericht: &Bericht) -> Wachtend {
    chain.hub.admission.zet(&chain.peer(wie), Inzending::from(bericht.encode_to_vec().as_slice())).await
}

async fn antwoord(wachtend: Wachtend) -> Result<Antwoord, Gestaakt> {
    timeout(LANG, wachtend.antwoord()).await.expect("an answer in time")
}

fn receipt(antwoord: &Result<Antwoord, Gestaakt>) -> Receipt {
    Receipt::decode(antwoord.as_ref().expect("an answer").as_ref().expect("a receipt").clone()).unwrap()
}

/// Waits until so many transactions have begun.
async fn begonnen(chain: &Chain, aantal: usize) {
    let bezig = || chain.hub.store.pools().into_iter().any(|(naam, open, vrij)| naam == "write" && open as usize - vrij == aantal);
    let wacht = async {
        while !bezig() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LANG, wacht).await.expect("so many transactions");
    sleep(Duration::from_millis(300)).await;
}

/// Keeps a transaction waiting, sends many messages behind it, lets an hour pass, and ends the wait.
async fn speel(einde: &'static str) -> Afloop {
    let (chain, mut verhaal) = (Chain::postgres().await, Verhaal::default());
    chain.speel(&mut verhaal, &["02", "03", "04", "05", "05"]).await;
    let bepaling = bericht(&mut verhaal, "05");
    let (mut ander, eerste) = houd_op_met(&chain, &bepaling).await;
    let mut rest = Vec::new();
    for nr in 0..VEEL {
        rest.push(zet(&chain, "gi", &bericht(&mut verhaal, "05")).await);
        if nr == 0 {
            rest.push(zet(&chain, "gi", &bepaling).await);
            rest.push(zet(&chain, "gi", &intrekking(&verhaal, &bepaling.bericht_id)).await);
        }
    }
    begonnen(&chain, 2).await;
    chain.clock.advance(TimeDelta::hours(1));
    sqlx::raw_sql(einde).execute(&mut ander).await.unwrap();
    let eerste = antwoord(eerste).await;
    let mut receipts = Vec::new();
    for wachtend in rest {
        receipts.push(receipt(&antwoord(wachtend).await));
    }
    let (herhaald, ingetrokken) = (receipts.remove(1), receipts.remove(1));
    Afloop { chain, eerste, herhaald, ingetrokken, andere: receipts }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_decided_meanwhile_and_knows_what_was_in_the_one_before() {
    let afloop = speel("rollback").await;
    let eerste = receipt(&afloop.eerste);
    assert_eq!(eerste, afloop.herhaald);
    assert_eq!(eerste.volgnummer + 3, afloop.ingetrokken.volgnummer);
    assert_ne!(afloop.vooruit(), 0, "some were decided meanwhile");
    afloop.is_geheel(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_are_decided_again_when_another_hub_wrote() {
    let afloop = speel("update reeks set register = register + 1; commit").await;
    let eerste = receipt(&afloop.eerste);
    assert_eq!(eerste, afloop.herhaald);
    assert_eq!(afloop.vooruit(), 0);
    afloop.is_geheel(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_decided_again_when_nobody_knows_what_became_of_the_one_before() {
    let weg = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'ketenhub' and wait_event_type = 'Lock'; rollback";
    let afloop = speel(weg).await;
    let onbekend = matches!(&afloop.eerste, Err(Gestaakt::Store(error)) if matches!(**error, StoreError::Unavailable(_)));
    assert!(onbekend, "{:?}", afloop.eerste);
    assert_eq!(afloop.vooruit(), 0);
    // The sender of what was in it repeats, and here one of the two did.
    afloop.is_geheel(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_of_it_counts_for_nothing_when_it_did_not_happen() {
    let (chain, mut verhaal) = (Chain::postgres().await, Verhaal::default());
    chain.speel(&mut verhaal, &["02", "03", "04"]).await;
    let (bepaling, intake) = (bericht(&mut verhaal, "05"), bericht(&mut verhaal, "10"));
    let (mut ander, eerste) = houd_op_met(&chain, &bepaling).await;
    let mut rest = Vec::new();
    for _ in 0..VEEL {
        rest.push(zet(&chain, "gi", &bericht(&mut verhaal, "05")).await);
    }
    begonnen(&chain, 2).await;
    // Read from what is prepared: there is a bepaling to take in for. But its aanbieder is none any more when it is written.
    let intake = zet(&chain, "aanbieder-3", &intake).await;
    sleep(Duration::from_millis(300)).await;
    chain.wijzig("aanbieder-3", |aanbieder| aanbieder.rol = Rol::Expertteam);
    sqlx::raw_sql("update reeks set register = register + 1; commit").execute(&mut ander).await.unwrap();
    for wachtend in [eerste].into_iter().chain(rest).chain([intake]) {
        let antwoord = antwoord(wachtend).await.expect("an answer");
        assert!(antwoord.is_err(), "{:?}", Receipt::decode(antwoord.unwrap()));
    }
}
