//! A transaction that is decided while the one before it is written: it follows upon that one, or nothing of it happened yet.

use std::time::Duration;

use jeugdketen_proto::v1::Receipt;
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

    /// Each was accepted once, in the order in which they were sent.
    async fn is_geheel(&self) {
        let nummers: Vec<_> = self.andere.iter().map(|receipt| receipt.volgnummer).collect();
        assert!(nummers.is_sorted() && self.herhaald.volgnummer < self.ingetrokken.volgnummer);
        let bepalingen =
            format!("{:?}", self.chain.rijen::<(i64, i64)>("select count(*), count(distinct volgnummer) from berichten").await);
        let verwacht = i64::try_from(5 + 1 + 1 + VEEL).unwrap();
        assert_eq!(bepalingen, format!("[({verwacht}, {verwacht})]"));
        let post: Vec<_> = self.chain.postvak("gemeente").await.into_iter().map(|levering| levering.nr).collect();
        assert_eq!(post, (1..=i64::try_from(post.len()).unwrap()).collect::<Vec<_>>());
    }
}

/// Keeps a transaction of one message waiting, sends many behind it, lets an hour pass, and ends the wait.
async fn speel(einde: &'static str) -> Afloop {
    let chain = Chain::postgres().await;
    let (mut verhaal, gi) = (Verhaal::default(), chain.peer("gi"));
    chain.speel(&mut verhaal, &["02", "03", "04", "05", "05"]).await;
    let mut ander = PgConnection::connect(&chain.url).await.unwrap();
    sqlx::raw_sql("begin; update reeks set bericht = bericht").execute(&mut ander).await.unwrap();
    let zet = async |bericht: &jeugdketen_proto::v1::Bericht| {
        chain.hub.admission.zet(&gi, Inzending::from(bericht.encode_to_vec().as_slice())).await
    };
    let bezig = async |aantal| {
        let bezig =
            async || chain.hub.store.pools().into_iter().any(|(naam, open, vrij)| naam == "write" && open as usize - vrij == aantal);
        let wacht = async {
            while !bezig().await {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LANG, wacht).await.expect("so many transactions have begun");
        sleep(Duration::from_millis(300)).await;
    };
    let bepaling = bericht(&mut verhaal, "05");
    let eerste = zet(&bepaling).await;
    bezig(1).await;
    let mut rest = vec![zet(&bepaling).await, zet(&intrekking(&verhaal, &bepaling.bericht_id)).await];
    for _ in 0..VEEL {
        rest.push(zet(&bericht(&mut verhaal, "05")).await);
    }
    bezig(2).await;
    chain.clock.advance(chrono::TimeDelta::hours(1));
    sqlx::raw_sql(einde).execute(&mut ander).await.unwrap();
    let wacht = async |wachtend: Wachtend| timeout(LANG, wachtend.antwoord()).await.expect("an answer in time");
    let eerste = wacht(eerste).await;
    let mut receipts = Vec::new();
    for wachtend in rest {
        let receipt = wacht(wachtend).await.expect("an answer").expect("a receipt");
        receipts.push(Receipt::decode(receipt).unwrap());
    }
    let andere = receipts.split_off(2);
    let [herhaald, ingetrokken] = receipts.try_into().unwrap();
    Afloop { chain, eerste, herhaald, ingetrokken, andere }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_decided_meanwhile_and_knows_what_was_in_the_one_before() {
    let afloop = speel("rollback").await;
    let eerste = Receipt::decode(afloop.eerste.as_ref().unwrap().clone().unwrap()).unwrap();
    assert_eq!(eerste, afloop.herhaald);
    assert_eq!(eerste.volgnummer + 1, afloop.ingetrokken.volgnummer);
    assert!(afloop.vooruit() > VEEL / 2, "{} of them were decided meanwhile", afloop.vooruit());
    afloop.is_geheel().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_are_decided_again_when_another_hub_wrote() {
    let afloop = speel("update reeks set register = register + 1; commit").await;
    let eerste = Receipt::decode(afloop.eerste.as_ref().unwrap().clone().unwrap()).unwrap();
    assert_eq!(eerste, afloop.herhaald);
    assert_eq!(afloop.vooruit(), 0);
    afloop.is_geheel().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_decided_again_when_nobody_knows_what_became_of_the_one_before() {
    let weg = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'ketenhub' and wait_event_type = 'Lock'; rollback";
    let afloop = speel(weg).await;
    let onbekend = matches!(&afloop.eerste, Err(Gestaakt::Store(error)) if matches!(**error, StoreError::Unavailable(_)));
    assert!(onbekend, "{:?}", afloop.eerste);
    assert_eq!(afloop.vooruit(), 0);
    afloop.is_geheel().await;
}
