//! What takes as long as there are cases or mailboxes, counted beside the pages and kept: who asks gets what was counted last, with its
//! moment, and sets off the next count when that one is old. Nobody waits long, however many cases there are. It holds numbers about
//! organisations; who sees which is decided on each page.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Datelike as _, Months, NaiveDate, Utc};
use tokio::time::{Instant, timeout};

use crate::domain::ids::Oin;
use crate::domain::rapport::percentiel;
use crate::store::{Store, StoreError, paginas, postvak, tekens};
use crate::wire::Hub;
use crate::wire::pagina::{Landelijk, Nee};

/// How old what is shown may be before it is counted again.
const OUD: Duration = Duration::from_secs(5);
/// Of the time that goes by, at most this part is spent counting one thing.
const DEEL: u32 = 50;
/// How long who asks waits for a count: with nothing to show, and with something old.
const GEDULD: [Duration; 2] = [Duration::from_secs(2), Duration::from_millis(200)];
/// Deliveries to each mailbox of which latencies are worked out.
const LAATSTE: i64 = 250;
/// Quarters of which figures are kept, the running one among them.
const KWARTALEN: u32 = 8;

/// Something counted, and when.
#[derive(Debug)]
pub(super) struct Geteld<T> {
    /// By the clock of the hub, when it began.
    pub(super) op: DateTime<Utc>,
    /// What.
    pub(super) wat: T,
}

/// One thing that is counted now and then.
#[derive(Debug)]
struct Kast<T> {
    laatste: Mutex<Option<Arc<Geteld<T>>>>,
    /// When the next count may begin; held while it counts.
    volgende: Arc<tokio::sync::Mutex<Option<Instant>>>,
}

impl<T> Default for Kast<T> {
    fn default() -> Kast<T> {
        Kast { laatste: Mutex::default(), volgende: Arc::default() }
    }
}

impl<T: Send + Sync + 'static> Kast<T> {
    fn laatste(&self) -> Option<Arc<Geteld<T>>> {
        self.laatste.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was counted last; none when that takes longer than anybody waits.
    async fn geef<F>(self: &Arc<Self>, hub: &Hub, tel: impl FnOnce(Hub) -> F + Send + 'static) -> Option<Arc<Geteld<T>>>
    where
        F: Future<Output = Result<T, Nee>> + Send,
    {
        let geduld = GEDULD[usize::from(self.laatste().is_some())];
        match Arc::clone(&self.volgende).try_lock_owned() {
            Ok(slot) if slot.is_some_and(|volgende| Instant::now() < volgende) => {}
            Ok(mut slot) => {
                let (kast, hub) = (Arc::clone(self), hub.clone());
                // It goes on when nobody waits any more.
                let taak = tokio::spawn(async move {
                    let (begin, op) = (Instant::now(), hub.clock.now());
                    match tel(hub).await {
                        Ok(wat) => *kast.laatste.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(Geteld { op, wat })),
                        Err(nee) => tracing::warn!(reden = nee.reden, "what the pages show could not be counted"),
                    }
                    *slot = Some(begin + OUD.max(begin.elapsed() * DEEL));
                });
                let _ = timeout(geduld, taak).await;
            }
            // Somebody else set it off. With nothing to show there is nothing to do but wait for it.
            Err(_) if self.laatste().is_none() => drop(timeout(geduld, self.volgende.lock()).await),
            Err(_) => {}
        }
        self.laatste()
    }
}

/// What is between two participants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Relatie {
    /// How many deliveries the recipient has not confirmed.
    pub(super) wachtend: i64,
    /// The moment the oldest of them was offered, in microseconds.
    pub(super) oudste_op: Option<i64>,
    /// Of the last deliveries: how many were confirmed, and the median and 95th percentile of the time that took, in microseconds.
    pub(super) bevestigd: usize,
    /// See above.
    pub(super) duur: [u64; 2],
    /// The moment of the last delivery, and of the last confirmation, in microseconds.
    pub(super) laatste_op: [Option<i64>; 2],
    /// How often the message that the whole mailbox waits for was handed out, when it is of this relation.
    pub(super) uitgereikt: i64,
}

/// What is between participants, and when each was last there.
#[derive(Clone, Debug, Default)]
pub(super) struct Keten {
    /// Every relation, by sender and recipient.
    pub(super) relaties: BTreeMap<(String, String), Relatie>,
    /// The last sign of life at any hub, in microseconds.
    pub(super) tekens: HashMap<String, i64>,
}

/// What is kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Opname {
    keten: Arc<Kast<Keten>>,
    landelijk: Arc<Kast<Landelijk>>,
}

impl Opname {
    /// What is between participants.
    pub(super) async fn keten(&self, hub: &Hub) -> Option<Arc<Geteld<Keten>>> {
        self.keten.geef(hub, |hub| async move { Ok(tel_keten(&hub.store, hub.clock.today()).await?) }).await
    }

    /// The figures of the country.
    pub(super) async fn landelijk(&self, hub: &Hub) -> Option<Arc<Geteld<Landelijk>>> {
        self.landelijk.geef(hub, |hub| async move { hub.tel_landelijk(&kwartalen(hub.clock.today())).await }).await
    }
}

/// Mailbox by mailbox, each with a connection for a moment.
async fn tel_keten(store: &Store, vandaag: NaiveDate) -> Result<Keten, StoreError> {
    let mut lezing = store.read().await?;
    let postvakken = postvak::achterstanden(&mut lezing.conn(), vandaag).await?;
    let tekens = tekens::lees(&mut lezing.conn()).await?.into_iter().collect();
    drop(lezing);
    let mut relaties: BTreeMap<(String, String), Relatie> = BTreeMap::new();
    for postvak in postvakken {
        let Ok(oin) = Oin::parse(&postvak.oin) else { continue };
        let mut lezing = store.read().await?;
        let laatste = paginas::laatste(&mut lezing.conn(), oin, LAATSTE).await?;
        let (wachtend, kop) = match postvak.aantal {
            0 => (Vec::new(), None),
            _ => (paginas::wachtend(&mut lezing.conn(), oin).await?, paginas::kop(&mut lezing.conn(), oin).await?),
        };
        drop(lezing);
        let mut duren: HashMap<String, Vec<u64>> = HashMap::new();
        for bezorgd in laatste {
            let relatie = relaties.entry((bezorgd.afzender.clone(), postvak.oin.clone())).or_default();
            let [bezorgd_op, bevestigd_op] = &mut relatie.laatste_op;
            *bezorgd_op = (*bezorgd_op).max(Some(bezorgd.aangeboden_op));
            *bevestigd_op = (*bevestigd_op).max(bezorgd.ontvangen_op);
            if let Some(op) = bezorgd.ontvangen_op {
                duren.entry(bezorgd.afzender).or_default().push((op - bezorgd.aangeboden_op).max(0).unsigned_abs());
            }
        }
        for (afzender, mut duren) in duren {
            duren.sort_unstable();
            let relatie = relaties.entry((afzender, postvak.oin.clone())).or_default();
            relatie.bevestigd = duren.len();
            relatie.duur = [50, 95].map(|procent| percentiel(&duren, procent));
        }
        for rij in wachtend {
            let relatie = relaties.entry((rij.afzender, postvak.oin.clone())).or_default();
            (relatie.wachtend, relatie.oudste_op) = (rij.aantal, Some(rij.oudste_op));
        }
        if let Some(kop) = kop {
            relaties.entry((kop.afzender, postvak.oin)).or_default().uitgereikt = kop.uitgereikt;
        }
    }
    Ok(Keten { relaties, tekens })
}

/// The last quarters, the running one last.
fn kwartalen(vandaag: NaiveDate) -> Vec<(NaiveDate, NaiveDate)> {
    let eerste = vandaag.with_day(1).and_then(|dag| dag.checked_sub_months(Months::new(vandaag.month0() % 3))).unwrap_or(vandaag);
    let kwartaal = |terug| {
        let vanaf = eerste.checked_sub_months(Months::new(3 * terug))?;
        Some((vanaf, vanaf.checked_add_months(Months::new(3))?.pred_opt()?))
    };
    (0..KWARTALEN).rev().filter_map(kwartaal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_eight_quarters_are_whole_and_follow_each_other() {
        for dag in ["2026-11-20", "2026-10-01", "2026-12-31", "2024-02-29"] {
            let vandaag: NaiveDate = dag.parse().unwrap();
            let alle = kwartalen(vandaag);
            assert_eq!(alle.len(), 8);
            assert!(alle.windows(2).all(|paar| paar[0].1.succ_opt() == Some(paar[1].0)));
            assert!(alle[7].0 <= vandaag && vandaag <= alle[7].1, "{dag}");
        }
        assert_eq!(kwartalen("2026-11-20".parse().unwrap())[0].0.to_string(), "2025-01-01");
    }
}
