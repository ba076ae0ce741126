//! The writer: takes what is queued, a transaction at a time, and answers when it is durable. While one batch is written the next gathers,
//! what it will need is read ahead, and when it is large and the hub writes alone all of it is decided. What becomes of one stands in
//! `poging`, what is in it in `batch`.

use std::collections::VecDeque;
use std::pin::pin;

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, yield_now};
use tokio_util::sync::CancellationToken;

use super::geheugen::Geheugen;
use super::kast::Kast;
use super::poging::{Mislukt, Onderweg, Poging, afloop, herstel};
use super::vooruit::Vooruit;
use super::{Opdracht, Werkplaats};
use crate::store::Duurzaam;

/// At most this many requests share one transaction.
const GROOTSTE_BATCH: usize = 256;

/// The requests that are still to be written. Before a message is, what it needs is read: beside the transaction that is being written, so
/// that a transaction waits for nothing that can be read outside it.
#[derive(Default)]
struct Volgende {
    /// These can be written.
    gereed: Vec<Opdracht>,
    /// What was read for them.
    vooruit: Vooruit,
    /// For these it is being read.
    bezig: Option<(Vec<Opdracht>, JoinHandle<Option<Vooruit>>)>,
    /// For these it must be.
    ongelezen: Vec<Opdracht>,
}

/// From so many requests on, a transaction is prepared while the one before it is made durable. Fewer become more by waiting, and a
/// transaction has a cost of its own. In a build with named halts two are enough, so that whatever is tested there meets it.
const VOORUIT: usize = if cfg!(debug_assertions) { 2 } else { 48 };

/// Writes until the token fires and what was queued has been answered.
pub(super) async fn schrijf(werkplaats: Werkplaats, mut rij: mpsc::Receiver<Opdracht>, stop: CancellationToken) {
    let (mut volgende, mut geheugen, mut komt_meer) = (Volgende::default(), Geheugen::default(), true);
    let (mut onderweg, mut laatste): (VecDeque<Onderweg>, Option<Duurzaam>) = (VecDeque::new(), None);
    loop {
        let kast = geheugen.kast();
        let kan_vooruit = geheugen.verwacht().is_some() && werkplaats.store.loopt_vooruit();
        let gedaan = if volgende.is_groot_genoeg(onderweg.len(), kan_vooruit) {
            if stop.is_cancelled() {
                rij.close();
            }
            let (opdrachten, vooruit) = (std::mem::take(&mut volgende.gereed), std::mem::take(&mut volgende.vooruit));
            let loopt_vooruit = kan_vooruit && opdrachten.len() >= VOORUIT;
            let begin = Poging::begin(&werkplaats, &mut geheugen, opdrachten, vooruit, laatste.take());
            let poging = volgende.verzamel_tijdens(begin, &werkplaats, &mut rij, &kast).await;
            if loopt_vooruit {
                laatste = poging.duurzaam();
                onderweg.push_back(tokio::spawn(poging.rond_af(werkplaats.clone())));
                // It goes first.
                yield_now().await;
                Ok(())
            } else {
                volgende.verzamel_tijdens(poging.rond_af(werkplaats.clone()), &werkplaats, &mut rij, &kast).await
            }
        } else if komt_meer || !onderweg.is_empty() {
            tokio::select! {
                biased;
                // What was queued is still answered; nothing more is taken in.
                () = stop.cancelled(), if !rij.is_closed() => {
                    rij.close();
                    Ok(())
                }
                gedaan = eerste(&mut onderweg) => {
                    onderweg.pop_front();
                    gedaan
                }
                meer = volgende.stap(&werkplaats, &mut rij, &kast), if komt_meer => {
                    komt_meer = meer;
                    Ok(())
                }
                () = geheugen.kast.verval() => Ok(()),
            }
        } else {
            return;
        };
        if let Err(mislukt) = gedaan {
            laatste = None;
            let herstel = herstel(&werkplaats, &mut geheugen, mislukt, std::mem::take(&mut onderweg));
            volgende.verzamel_tijdens(herstel, &werkplaats, &mut rij, &Kast::default()).await;
        }
    }
}

/// What became of the transaction that is made durable first; for ever when none is.
async fn eerste(onderweg: &mut VecDeque<Onderweg>) -> Result<(), Mislukt> {
    match onderweg.front_mut() {
        Some(eerste) => afloop(eerste).await,
        None => std::future::pending().await,
    }
}

impl Volgende {
    /// Goes on until there is a request more, or more to write; dropped meanwhile, it loses nothing. What `kast` tells is not
    /// read. False when there will be nothing more.
    async fn stap(&mut self, werkplaats: &Werkplaats, rij: &mut mpsc::Receiver<Opdracht>, kast: &Kast) -> bool {
        let gereed = self.gereed.len();
        while self.is_plaats()
            && let Ok(opdracht) = rij.try_recv()
        {
            self.zet(opdracht);
        }
        if self.bezig.is_none() && !self.ongelezen.is_empty() {
            let opdrachten = std::mem::take(&mut self.ongelezen);
            let lezen = tokio::spawn(Vooruit::lees(werkplaats.clone(), kast.clone(), &opdrachten));
            self.bezig = Some((opdrachten, lezen));
        }
        if self.gereed.len() > gereed {
            return true;
        }
        let is_plaats = self.is_plaats();
        tokio::select! {
            biased;
            gelezen = gelezen(&mut self.bezig) => self.neem_op(gelezen),
            opdracht = rij.recv(), if is_plaats => match opdracht {
                Some(opdracht) => self.zet(opdracht),
                None if self.bezig.is_none() => return false,
                None => {
                    let gelezen = gelezen(&mut self.bezig).await;
                    self.neem_op(gelezen);
                }
            },
        }
        true
    }

    /// Goes on until something else is done.
    async fn verzamel_tijdens<T>(
        &mut self,
        iets: impl Future<Output = T>,
        werkplaats: &Werkplaats,
        rij: &mut mpsc::Receiver<Opdracht>,
        kast: &Kast,
    ) -> T {
        let (mut iets, mut komt_meer) = (pin!(iets), true);
        loop {
            tokio::select! {
                biased;
                gedaan = &mut iets => return gedaan,
                meer = self.stap(werkplaats, rij, kast), if komt_meer => komt_meer = meer,
            }
        }
    }

    /// Whether it is time to prepare a transaction, with so many on their way.
    fn is_groot_genoeg(&self, onderweg: usize, kan_vooruit: bool) -> bool {
        match onderweg {
            0 => !self.is_te_klein(),
            1 => kan_vooruit && self.gereed.len() >= VOORUIT,
            _ => false,
        }
    }

    /// Whether there is nothing to write, or more to come in a moment than there is: a transaction has a cost of its own.
    fn is_te_klein(&self) -> bool {
        self.gereed.is_empty() || self.gereed.len() < self.worden_gelezen()
    }

    fn is_plaats(&self) -> bool {
        self.gereed.len() + self.worden_gelezen() + self.ongelezen.len() < GROOTSTE_BATCH
    }

    fn worden_gelezen(&self) -> usize {
        self.bezig.as_ref().map_or(0, |(opdrachten, _)| opdrachten.len())
    }

    fn zet(&mut self, opdracht: Opdracht) {
        if opdracht.dien().is_some() { self.ongelezen.push(opdracht) } else { self.gereed.push(opdracht) }
    }

    /// What could not be read now is left for the transaction, when it is known who must be told.
    fn neem_op(&mut self, gelezen: Option<Vooruit>) {
        if let Some(gelezen) = gelezen {
            self.vooruit.neem_op(gelezen);
        }
        self.gereed.extend(self.bezig.take().into_iter().flat_map(|(opdrachten, _)| opdrachten));
    }
}

/// What is being read, when it is there; for ever when nothing is.
async fn gelezen<T>(bezig: &mut Option<(T, JoinHandle<Option<Vooruit>>)>) -> Option<Vooruit> {
    match bezig {
        Some((_, lezen)) => lezen.await.ok().flatten(),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Vraag;
    use super::*;

    fn opdrachten(aantal: usize) -> Vec<Opdracht> {
        (0..aantal).map(|_| Opdracht::Onderhoud(Vraag::nieuw().0)).collect()
    }

    #[tokio::test]
    async fn it_waits_for_nothing_but_the_larger_half_of_what_is_read() {
        for (gereed, bezig, wacht) in [(0, 0, true), (0, 1, true), (1, 0, false), (1, 1, false), (1, 2, true), (2, 1, false)] {
            let lezen = tokio::spawn(std::future::pending());
            let volgende = Volgende { gereed: opdrachten(gereed), bezig: Some((opdrachten(bezig), lezen)), ..Volgende::default() };
            assert_eq!(volgende.is_te_klein(), wacht, "{gereed} ready, {bezig} being read");
        }
    }

    #[tokio::test]
    async fn it_runs_ahead_of_one_transaction_with_many_requests_when_nobody_else_writes() {
        for (gereed, onderweg, kan_vooruit, begint) in
            [(1, 0, false, true), (1, 1, true, false), (VOORUIT, 1, true, true), (VOORUIT, 1, false, false), (VOORUIT, 2, true, false)]
        {
            let volgende = Volgende { gereed: opdrachten(gereed), ..Volgende::default() };
            assert_eq!(volgende.is_groot_genoeg(onderweg, kan_vooruit), begint, "{gereed} ready, {onderweg} on their way");
        }
    }
}
