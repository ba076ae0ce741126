//! The campaign: load, faults drawn from a seed, and the checker. Short in the ordinary tests; as long as `KETENHUB_CAMPAGNE_BERICHTEN` and
//! `KETENHUB_CAMPAGNE_DODEN` say by hand (docs/campagne.md).

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::eindstand::Eindstand;
use super::keurder::{Overtreding, Telling, keur};
use super::klanten::{Veld, ontvang, zend, zend_stromend};
use super::last::ONTVANGERS;
use super::opstelling::{Opstelling, START};
use super::toeval::Toeval;
use crate::support::postgres;

/// Named places at which a hub is killed, and how often at most each is passed before that.
const PLAATSEN: [(&str, u64); 4] = [("before-commit", 60), ("after-commit", 60), ("before-acknowledge", 20), ("after-acknowledge", 20)];
/// The longest that nothing may move.
const STILSTAND: Duration = Duration::from_secs(90);

/// The participants of one campaign at work.
pub struct Spel {
    /// What they share.
    pub veld: Arc<Veld>,
    zenders: JoinSet<()>,
    ontvangers: JoinSet<()>,
}

impl Spel {
    /// Senders, unary and streaming, of rechtbanken and GIs, and everybody who receives.
    pub fn begin(opstelling: &Opstelling, zaad: u64) -> Spel {
        let veld = Veld::nieuw(opstelling.adressen(), zaad);
        let (mut zenders, mut ontvangers) = (JoinSet::new(), JoinSet::new());
        for (nr, wie) in ["rechtbank", "rechtbank-2", "rechtbank", "rechtbank-2", "gi", "gi-2", "gi-3", "gi"].into_iter().enumerate() {
            zenders.spawn(zend(Arc::clone(&veld), wie, nr));
        }
        for (nr, wie) in ["rechtbank", "rechtbank-2", "gi-2"].into_iter().enumerate() {
            zenders.spawn(zend_stromend(Arc::clone(&veld), wie, 50 + nr));
        }
        for (nr, (wie, oin)) in ONTVANGERS.into_iter().enumerate() {
            ontvangers.spawn(ontvang(Arc::clone(&veld), wie, oin, nr));
        }
        Spel { veld, zenders, ontvangers }
    }

    /// Waits until so many messages have their receipt.
    pub async fn beantwoord(&self, aantal: u64) {
        let mut geteld = self.veld.boek.beantwoord();
        let nu = || *self.veld.boek.beantwoord().borrow();
        while nu() < aantal {
            let verder = timeout(STILSTAND, geteld.changed()).await;
            assert!(verder.is_ok(), "nothing was accepted for {STILSTAND:?}; {} of {aantal} have a receipt", nu());
        }
    }

    /// Ends when everything that may be sent has its receipt and every recipient has acknowledged all of it; then checks.
    pub async fn einde(mut self, opstelling: &mut Opstelling, toegestaan: u64) -> (Vec<Overtreding>, Eindstand) {
        self.beantwoord(toegestaan).await;
        self.gelezen().await;
        self.veld.klaar();
        while let Some(klaar) = timeout(STILSTAND, self.zenders.join_next()).await.expect("senders end") {
            klaar.expect("a sender");
        }
        while let Some(klaar) = timeout(STILSTAND, self.ontvangers.join_next()).await.expect("recipients end") {
            klaar.expect("a recipient");
        }
        let geschiedenis = self.veld.boek.lees(Clone::clone);
        let einde = Eindstand::lees(opstelling, &geschiedenis).await;
        (keur(&geschiedenis, &einde), einde)
    }

    /// Waits until every recipient has acknowledged what the receipts say that it has.
    async fn gelezen(&self) {
        let laatste = self.veld.boek.lees(super::geschiedenis::Geschiedenis::laatste_nummers);
        let begin = Instant::now();
        loop {
            let bevestigd = self.veld.boek.lees(super::geschiedenis::Geschiedenis::bevestigd);
            let achter: Vec<_> = laatste.iter().filter(|(oin, nr)| bevestigd.get(*oin).is_none_or(|tot| tot < nr)).collect();
            if achter.is_empty() {
                return;
            }
            assert!(begin.elapsed() < STILSTAND, "not read in time: {achter:?}, acknowledged {bevestigd:?}");
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// How long a campaign is.
struct Omvang {
    zaad: u64,
    berichten: u64,
    doden: u64,
}

impl Omvang {
    fn uit_omgeving(berichten: u64, doden: u64) -> Omvang {
        let getal = |naam: &str, anders: u64| std::env::var(naam).map_or(anders, |waarde| waarde.parse().expect(naam));
        Omvang {
            zaad: getal("KETENHUB_CAMPAGNE_ZAAD", 2026),
            berichten: getal("KETENHUB_CAMPAGNE_BERICHTEN", berichten),
            doden: getal("KETENHUB_CAMPAGNE_DODEN", doden),
        }
    }
}

/// Two hubs on one PostgreSQL; one of them is killed again and again, at random or at a named place, while the other works.
#[tokio::test(flavor = "multi_thread")]
async fn hubs_killed_while_participants_work_lose_double_and_reorder_nothing() {
    let omvang = Omvang::uit_omgeving(600, 6);
    let begin = Instant::now();
    let mut opstelling = Opstelling::met(2, &postgres::database().await).await;
    let spel = Spel::begin(&opstelling, omvang.zaad);
    let mut toeval = Toeval::nieuw(omvang.zaad, 1);
    for ronde in 0..omvang.doden {
        let (van, tot) = (omvang.berichten * ronde / omvang.doden, omvang.berichten * (ronde + 1) / omvang.doden);
        spel.veld.sta_toe(tot);
        let plek = &mut opstelling.hubs[usize::try_from(toeval.onder(2)).unwrap()];
        spel.beantwoord(van + toeval.onder((tot - van).max(2) / 2)).await;
        sleep(Duration::from_micros(toeval.onder(20_000))).await;
        plek.dood();
        plek.voordeur.knip();
        plek.start(&[], START).await.unwrap_or_else(|gezegd| panic!("{gezegd:#?}"));
    }
    let (overtredingen, einde) = spel.einde(&mut opstelling, omvang.berichten).await;
    let seconden = begin.elapsed().as_secs();
    println!(
        "{{\"zaad\":{},\"berichten\":{},\"gedood\":{},{},\"records\":{},\"seconden\":{seconden}}}",
        omvang.zaad,
        omvang.berichten,
        omvang.doden,
        Telling::van(&overtredingen),
        einde.records
    );
    assert_eq!(overtredingen, []);
}
