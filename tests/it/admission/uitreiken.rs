//! Who listens and has had everything is handed a message with the transaction that holds it: what it would read, on record once, and nothing
//! that did not happen. How soon is measured elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use ketenhub::admission::Wachtend;
use ketenhub::delivery::{Gebeurtenis, Levering};
use ketenhub::time::Clock;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::opvolging::{houd_op, zet};
use crate::support::chain::{Chain, both};
use crate::support::verhaal::{Verhaal, bericht, intrekking_van};

/// Longer than anything takes here.
const LANG: Duration = Duration::from_secs(30);
/// More than a stream takes without being read.
const VEEL: usize = 100;

/// A stream of a participant, and what came of it.
struct Lezer {
    naam: &'static str,
    stroom: mpsc::Receiver<Gebeurtenis>,
    gekregen: Vec<Levering>,
}

impl Lezer {
    /// Listens from the beginning, and takes what there is.
    async fn nieuw(chain: &Chain, naam: &'static str) -> Lezer {
        let stroom = chain.hub.delivery.abonneer(chain.peer(naam), Some(0));
        let mut lezer = Lezer { naam, stroom, gekregen: Vec::new() };
        lezer.bij(chain).await;
        luistert().await;
        lezer
    }

    /// Takes all that is in the mailbox, and nothing more.
    async fn bij(&mut self, chain: &Chain) {
        let laatste = chain.hub.delivery.stand(&chain.peer(self.naam)).await.unwrap().laatste_nr;
        while self.gekregen.last().map_or(0, |levering| levering.nr) < laatste {
            match timeout(LANG, self.stroom.recv()).await.expect("something comes") {
                Some(Gebeurtenis::Levering(levering)) => self.gekregen.push(*levering),
                Some(Gebeurtenis::Hartslag(_)) => {}
                ander => panic!("{} gets {ander:?}", self.naam),
            }
        }
        self.krijgt_niets_meer();
    }

    fn krijgt_niets_meer(&mut self) {
        while let Ok(meer) = self.stroom.try_recv() {
            assert!(matches!(meer, Gebeurtenis::Hartslag(_)), "{} gets {meer:?}", self.naam);
        }
    }

    /// It got what it reads of its mailbox, each once and in order.
    async fn kreeg_wat_er_staat(&mut self, chain: &Chain) {
        self.krijgt_niets_meer();
        let gelezen = chain.postvak(self.naam).await;
        assert_eq!(self.gekregen.len(), gelezen.len(), "{}", self.naam);
        for (kreeg, leest) in self.gekregen.iter().zip(&gelezen) {
            let kop = |van: &Levering| (van.nr, van.afzender.clone(), van.afzender_rol, van.aangeboden_op, van.bewijs.clone());
            assert_eq!(kop(kreeg), kop(leest), "{}", self.naam);
            let view = |van: &Levering| van.view.as_ref().map(|view| view.encode()).map_err(|reden| *reden);
            assert_eq!(view(kreeg), view(leest), "{} {}", self.naam, kreeg.nr);
            assert_eq!(kreeg.traceparent[..36], leest.traceparent[..36], "the trace of the submission");
        }
    }
}

/// Who has had everything looks once more, and then it listens.
async fn luistert() {
    sleep(Duration::from_millis(200)).await;
}

/// A clock that does not stand still, so that every transaction has a moment of its own.
struct Loopt(Arc<AtomicBool>);

impl Loopt {
    fn laat(clock: &Clock) -> Loopt {
        let (loopt, clock) = (Arc::new(AtomicBool::new(true)), clock.clone());
        let nog = Arc::clone(&loopt);
        std::thread::spawn(move || {
            while nog.load(Ordering::Relaxed) {
                clock.advance(TimeDelta::microseconds(1));
                std::thread::sleep(Duration::from_micros(20));
            }
        });
        Loopt(loopt)
    }
}

impl Drop for Loopt {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Of this message: how many deliveries are on record, and how many of them with its acceptance.
async fn geleverd(chain: &Chain, volgnummer: u64) -> (usize, usize) {
    let sql = "select nummer, op, handeling from audit where handeling in ('AANVAARD', 'GELEVERD')";
    let rijen: Vec<(i64, i64, String)> = chain.rijen(sql).await;
    let van = |soort: &str| {
        let rijen = rijen.iter().filter(|rij| rij.0 == i64::try_from(volgnummer).unwrap() && rij.2 == soort);
        rijen.map(|rij| rij.1).collect::<Vec<_>>()
    };
    let (aanvaard, geleverd) = (van("AANVAARD"), van("GELEVERD"));
    (geleverd.len(), geleverd.iter().filter(|op| aanvaard.contains(op)).count())
}

async fn antwoord(wachtend: Wachtend) -> bool {
    matches!(timeout(LANG, wachtend.antwoord()).await.expect("an answer in time"), Ok(Ok(_)))
}

both! {
    async fn it_is_handed_what_it_would_read_and_that_is_on_record_with_it(chain: Chain) {
        let (mut verhaal, _loopt) = (Verhaal::default(), Loopt::laat(&chain.clock));
        let mut lezers = Vec::new();
        for naam in ["rechtbank", "gi", "gemeente", "aanbieder", "aanbieder-2", "aanbieder-3", "expertteam", "inspectie", "accounthoudende-regio"] {
            lezers.push(Lezer::nieuw(&chain, naam).await);
        }
        for nummer in ["02", "03", "04", "05", "06", "07", "10", "12", "26"] {
            let receipt = chain.speel(&mut verhaal, &[nummer]).await;
            for lezer in &mut lezers {
                lezer.bij(&chain).await;
            }
            luistert().await;
            let ontvangers = receipt.ontvangers.len();
            assert_eq!(geleverd(&chain, receipt.volgnummer).await, (ontvangers, ontvangers), "{nummer}");
        }
        for lezer in &mut lezers {
            lezer.kreeg_wat_er_staat(&chain).await;
        }
    }

    async fn two_streams_of_one_recipient_both_get_it_and_both_are_on_record(chain: Chain) {
        let (mut verhaal, _loopt) = (Verhaal::default(), Loopt::laat(&chain.clock));
        let (mut een, mut ander) = (Lezer::nieuw(&chain, "gi").await, Lezer::nieuw(&chain, "gi").await);
        let receipt = chain.speel(&mut verhaal, &["02"]).await;
        een.bij(&chain).await;
        ander.bij(&chain).await;
        assert_eq!(geleverd(&chain, receipt.volgnummer).await, (2, 0));
        // The one that stays is alone.
        drop(ander);
        luistert().await;
        let receipt = chain.speel(&mut verhaal, &["22"]).await;
        een.bij(&chain).await;
        assert_eq!(geleverd(&chain, receipt.volgnummer).await, (1, 1));
        een.kreeg_wat_er_staat(&chain).await;
    }

    async fn who_does_not_read_gets_all_of_it_in_order_when_it_reads(chain: Chain) {
        let (mut verhaal, _loopt) = (Verhaal::default(), Loopt::laat(&chain.clock));
        chain.speel(&mut verhaal, &["02"]).await;
        let mut lezer = Lezer::nieuw(&chain, "gemeente").await;
        for _ in 0..VEEL {
            chain.speel(&mut verhaal, &["05"]).await;
        }
        lezer.bij(&chain).await;
        lezer.kreeg_wat_er_staat(&chain).await;
        luistert().await;
        let receipt = chain.speel(&mut verhaal, &["05"]).await;
        lezer.bij(&chain).await;
        assert_eq!(geleverd(&chain, receipt.volgnummer).await, (1, 1), "it listens again");
    }

    async fn whose_relation_ended_is_handed_nothing_that_it_may_not_see(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05"]).await;
        let mut lezer = Lezer::nieuw(&chain, "gemeente").await;
        chain.speel(&mut verhaal, &["28"]).await;
        // Of the original it was a recipient, so it gets a number of its withdrawal.
        let intrekking = intrekking_van(&verhaal.ids["05"], &verhaal.zaak);
        chain.aanvaard("gi", &intrekking).await;
        lezer.bij(&chain).await;
        assert!(lezer.gekregen.last().unwrap().view.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_relation_ends_in_the_same_transaction_is_handed_nothing_that_it_may_not_see() {
    let (chain, mut verhaal) = (Chain::postgres().await, Verhaal::default());
    let _loopt = Loopt::laat(&chain.clock);
    chain.speel(&mut verhaal, &["02", "05"]).await;
    let mut lezer = Lezer::nieuw(&chain, "gemeente").await;
    let mut ander = houd_op(&chain.url).await;
    let voor = zet(&chain, "rechtbank", &bericht(&mut Verhaal::default(), "01")).await;
    sleep(Duration::from_millis(300)).await;
    // These gather behind the first, and are one transaction.
    let melding = zet(&chain, "gemeente", &bericht(&mut verhaal, "28")).await;
    let weg = zet(&chain, "gi", &intrekking_van(&verhaal.ids["05"], &verhaal.zaak)).await;
    sleep(Duration::from_millis(300)).await;
    sqlx::raw_sql("rollback").execute(&mut ander).await.unwrap();
    for wachtend in [voor, melding, weg] {
        assert!(antwoord(wachtend).await);
    }
    lezer.bij(&chain).await;
    let momenten: Vec<(i64,)> = chain.rijen("select op from audit where handeling = 'AANVAARD' order by nr desc limit 2").await;
    assert_eq!(momenten[0], momenten[1]);
    assert!(lezer.gekregen.last().unwrap().view.is_err());
}

/// Messages that are prepared behind a lock, two transactions after each other, when the wait ends so.
async fn uitgereikt_na(einde: &'static str) {
    let (chain, mut verhaal) = (Chain::postgres().await, Verhaal::default());
    chain.speel(&mut verhaal, &["02", "05"]).await;
    let (mut gemeente, mut gi) = (Lezer::nieuw(&chain, "gemeente").await, Lezer::nieuw(&chain, "gi").await);
    let mut ander = houd_op(&chain.url).await;
    let mut wachtend = Vec::new();
    for _ in 0..10 {
        wachtend.push(zet(&chain, "gi", &bericht(&mut verhaal, "05")).await);
        wachtend.push(zet(&chain, "aanbieder-3", &bericht(&mut verhaal, "10")).await);
        sleep(Duration::from_millis(20)).await;
    }
    sqlx::raw_sql(einde).execute(&mut ander).await.unwrap();
    let mut aanvaard = 0;
    for wachtend in wachtend {
        aanvaard += usize::from(antwoord(wachtend).await);
    }
    assert!(aanvaard >= 9, "{aanvaard} were accepted");
    for _ in 0..3 {
        chain.speel(&mut verhaal, &["05"]).await;
    }
    for lezer in [&mut gemeente, &mut gi] {
        lezer.bij(&chain).await;
        luistert().await;
        lezer.kreeg_wat_er_staat(&chain).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_follow_upon_each_other_are_handed_out_in_order() {
    uitgereikt_na("rollback").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_promised_is_read_when_another_hub_wrote() {
    uitgereikt_na("update reeks set register = register + 1; commit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_promised_is_not_handed_out_when_nobody_knows_what_became_of_it() {
    uitgereikt_na(
        "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'ketenhub' and wait_event_type = 'Lock'; rollback",
    )
    .await;
}
