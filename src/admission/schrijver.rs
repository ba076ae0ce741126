//! The writer: takes what is queued, a transaction at a time, and answers when it is durable. While one batch is written the next gathers,
//! and what it will need is read ahead. What is in a transaction stands in `batch`.

use std::pin::pin;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::geheugen::Geheugen;
use super::kast::Kast;
use super::klokken::Klokken;
use super::vooruit::Vooruit;
use super::{Gestaakt, Opdracht, Vraag, Werkplaats, batch, telling};
use crate::store::StoreError;

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

/// Writes until the token fires and what was queued has been answered.
pub(super) async fn schrijf(werkplaats: Werkplaats, mut rij: mpsc::Receiver<Opdracht>, stop: CancellationToken) {
    let (mut volgende, mut geheugen) = (Volgende::default(), Geheugen::default());
    loop {
        let kast = geheugen.kast();
        while volgende.is_te_klein() {
            tokio::select! {
                biased;
                // What was queued is still answered; nothing more is taken in.
                () = stop.cancelled(), if !rij.is_closed() => rij.close(),
                komt_meer = volgende.stap(&werkplaats, &mut rij, &kast) => if !komt_meer { return },
                () = geheugen.kast.verval() => {}
            }
        }
        if stop.is_cancelled() {
            rij.close();
        }
        let (gereed, vooruit) = (std::mem::take(&mut volgende.gereed), std::mem::take(&mut volgende.vooruit));
        let mut schrijven = pin!(verwerk(&werkplaats, &mut geheugen, gereed, vooruit));
        let mut komt_meer = true;
        loop {
            tokio::select! {
                biased;
                () = &mut schrijven => break,
                meer = volgende.stap(&werkplaats, &mut rij, &kast), if komt_meer => komt_meer = meer,
            }
        }
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

/// One transaction for all; when that fails for a reason of its own, one each, so that nobody suffers for a neighbour.
async fn verwerk(werkplaats: &Werkplaats, geheugen: &mut Geheugen, mut opdrachten: Vec<Opdracht>, vooruit: Vooruit) {
    match voer_uit(werkplaats, geheugen, &mut opdrachten, vooruit).await {
        Ok(()) => opdrachten.into_iter().for_each(|opdracht| opdracht.beantwoord(Ok(()))),
        Err(StoreError::Statement(_) | StoreError::Corrupt { .. } | StoreError::LogboekAchter) if opdrachten.len() > 1 => {
            for opdracht in opdrachten {
                Box::pin(verwerk(werkplaats, geheugen, vec![opdracht], Vooruit::default())).await;
            }
        }
        Err(error @ StoreError::Corrupt { .. }) if let [Opdracht::Tik(None, vraag)] = &mut *opdrachten => {
            // With nothing sent the caller must hear why, and stop asking.
            let gedaan = match een_voor_een(werkplaats, geheugen).await {
                Ok(0) => Err(Gestaakt::Store(Arc::new(error))),
                Ok(zaken) => {
                    vraag.uitkomst = Some(zaken);
                    Ok(())
                }
                Err(error) => Err(Gestaakt::Store(Arc::new(error))),
            };
            if let Some(opdracht) = opdrachten.pop() {
                opdracht.beantwoord(gedaan);
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            opdrachten.into_iter().for_each(|opdracht| opdracht.beantwoord(Err(Gestaakt::Store(Arc::clone(&error)))));
        }
    }
}

/// Does it, with a span for all and, when it is durable, what became of each submission told to the meters.
async fn voer_uit(
    werkplaats: &Werkplaats,
    geheugen: &mut Geheugen,
    opdrachten: &mut [Opdracht],
    vooruit: Vooruit,
) -> Result<(), StoreError> {
    let aanroepen = opdrachten.iter().filter_map(Opdracht::dien).filter_map(|dien| dien.aanroep.as_ref());
    let mut spoor = werkplaats.sporen.batch(opdrachten.len(), aanroepen);
    spoor.soorten(|| telling::gevraagd(opdrachten));
    let uitkomst = match batch::voer_uit(werkplaats, geheugen, opdrachten, vooruit).await {
        // Another hub wrote, or may be writing what does not look right, or an id was there already. Now nothing is taken for granted.
        Err(StoreError::Verschoven(_) | StoreError::Corrupt { .. } | StoreError::Statement(_)) => {
            batch::voer_uit(werkplaats, geheugen, opdrachten, Vooruit::default()).await
        }
        uitkomst => uitkomst,
    };
    uitkomst.inspect_err(|_| spoor.mislukt())?;
    werkplaats.meters.batch(opdrachten.len());
    for opdracht in opdrachten.iter() {
        if let Opdracht::Dien(dien, vraag) = opdracht {
            werkplaats.meters.aanname(dien.begin.elapsed());
            if let Some(Err(refusal)) = &vraag.uitkomst {
                werkplaats.meters.geweigerd(Some(dien.gelezen.kind), refusal.code());
            }
        }
    }
    Ok(())
}

/// Sends the warnings of one case at a time: one whose facts are corrupt must not silence the others.
async fn een_voor_een(werkplaats: &Werkplaats, geheugen: &mut Geheugen) -> Result<usize, StoreError> {
    let mut zaken = 0;
    for zaak in Klokken::aan_de_beurt_nu(werkplaats).await? {
        let (vraag, _) = Vraag::nieuw();
        let mut tik = [Opdracht::Tik(Some(zaak), vraag)];
        match batch::voer_uit(werkplaats, geheugen, &mut tik, Vooruit::default()).await {
            Ok(()) => zaken += 1,
            Err(error @ StoreError::Corrupt { .. }) => tracing::error!(%error, %zaak, "the clocks of a case cannot be measured"),
            Err(error) => return Err(error),
        }
    }
    Ok(zaken)
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
}
