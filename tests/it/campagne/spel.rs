//! Participants at work at the hubs of a set-up, while something goes wrong, and the checker after them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::eindstand::Eindstand;
use super::geschiedenis::Geschiedenis;
use super::keurder::{Overtreding, keur};
use super::klanten::{Veld, ontvang, zend, zend_stromend};
use super::last::ONTVANGERS;
use super::opstelling::Opstelling;

/// The longest that nothing may move.
const STILSTAND: Duration = Duration::from_secs(90);

/// Participants work; halfway through the first half of the messages something is done to the set-up, after which everything that they know
/// must still hold. Returns the final state.
pub async fn onder_last(
    opstelling: &mut Opstelling,
    zaad: u64,
    berichten: u64,
    fout: impl AsyncFnOnce(&mut Opstelling, &Spel),
) -> (Geschiedenis, Eindstand) {
    let spel = Spel::begin(opstelling, zaad);
    spel.veld.sta_toe(berichten / 2);
    spel.beantwoord(berichten / 4).await;
    fout(opstelling, &spel).await;
    spel.veld.sta_toe(berichten);
    let veld = Arc::clone(&spel.veld);
    let (overtredingen, einde) = spel.einde(opstelling, berichten).await;
    assert_eq!(overtredingen, []);
    (veld.boek.lees(Clone::clone), einde)
}

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

    /// How many messages have their receipt now.
    pub fn beantwoord_nu(&self) -> u64 {
        *self.veld.boek.beantwoord().borrow()
    }

    /// Allows so many more messages than have their receipt now, and waits until half of those have it.
    pub async fn nog(&self, aantal: u64) {
        let nu = self.beantwoord_nu();
        self.veld.sta_toe(nu + aantal);
        self.beantwoord(nu + aantal / 2).await;
    }

    /// Waits until so many messages have their receipt.
    pub async fn beantwoord(&self, aantal: u64) {
        let mut geteld = self.veld.boek.beantwoord();
        while self.beantwoord_nu() < aantal {
            let verder = timeout(STILSTAND, geteld.changed()).await;
            assert!(verder.is_ok(), "nothing was accepted for {STILSTAND:?}; {} of {aantal} have a receipt", self.beantwoord_nu());
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
        for regel in opstelling.interne_fouten() {
            println!("{regel}");
        }
        let geschiedenis = self.veld.boek.lees(Clone::clone);
        let einde = Eindstand::lees(opstelling, &geschiedenis).await;
        (keur(&geschiedenis, &einde), einde)
    }

    /// Waits until every recipient has acknowledged what the receipts say that it has.
    async fn gelezen(&self) {
        let laatste = self.veld.boek.lees(Geschiedenis::laatste_nummers);
        let begin = Instant::now();
        loop {
            let bevestigd = self.veld.boek.lees(Geschiedenis::bevestigd);
            let achter: Vec<_> = laatste.iter().filter(|(oin, nr)| bevestigd.get(*oin).is_none_or(|tot| tot < nr)).collect();
            if achter.is_empty() {
                return;
            }
            assert!(begin.elapsed() < STILSTAND, "not read in time: {achter:?}, acknowledged {bevestigd:?}");
            sleep(Duration::from_millis(100)).await;
        }
    }
}
