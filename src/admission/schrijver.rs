//! The writer: takes what is queued, a transaction at a time, and answers when it is durable. While one batch is written the next gathers,
//! and what it will need is read ahead. What is in a transaction stands in `batch`.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::klokken::Klokken;
use super::vooruit::Vooruit;
use super::{Gestaakt, Opdracht, Vraag, Werkplaats, batch, telling};
use crate::domain::ids::MaatregelId;
use crate::store::StoreError;

/// At most this many requests share one transaction.
const GROOTSTE_BATCH: usize = 256;
/// Nothing is read ahead for fewer messages than this: under the lock that costs less than asking twice.
const VOORUIT: usize = 32;

/// The requests of the next transaction, and what was read for them already.
#[derive(Default)]
struct Volgende {
    opdrachten: Vec<Opdracht>,
    vooruit: Vooruit,
}

/// Writes until the token fires and what was queued has been answered.
pub(super) async fn schrijf(werkplaats: Werkplaats, mut rij: mpsc::Receiver<Opdracht>, stop: CancellationToken) {
    let mut volgende = Volgende::default();
    loop {
        if stop.is_cancelled() {
            // What was queued is still answered; nothing more is taken in.
            rij.close();
        }
        if volgende.opdrachten.is_empty() {
            tokio::select! {
                biased;
                () = stop.cancelled(), if !rij.is_closed() => continue,
                aantal = rij.recv_many(&mut volgende.opdrachten, GROOTSTE_BATCH) => if aantal == 0 { return },
            }
        }
        while volgende.opdrachten.len() < GROOTSTE_BATCH
            && let Ok(opdracht) = rij.try_recv()
        {
            volgende.opdrachten.push(opdracht);
        }
        let Volgende { opdrachten, vooruit } = std::mem::take(&mut volgende);
        let geschreven = CancellationToken::new();
        let schrijven = async {
            verwerk(&werkplaats, opdrachten, vooruit).await;
            geschreven.cancel();
        };
        tokio::join!(schrijven, volgende.verzamel(&werkplaats, &mut rij, &geschreven));
    }
}

impl Volgende {
    /// Takes from the queue until the present batch is written, and reads ahead whenever enough has come.
    async fn verzamel(&mut self, werkplaats: &Werkplaats, rij: &mut mpsc::Receiver<Opdracht>, geschreven: &CancellationToken) {
        let mut gelezen = 0;
        loop {
            let plaats = GROOTSTE_BATCH - self.opdrachten.len();
            if plaats == 0 {
                return;
            }
            tokio::select! {
                biased;
                () = geschreven.cancelled() => return,
                aantal = rij.recv_many(&mut self.opdrachten, plaats) => if aantal == 0 { return },
            }
            if self.opdrachten.len() - gelezen < VOORUIT {
                continue;
            }
            let nieuw = &self.opdrachten[gelezen..];
            let zaken: Vec<MaatregelId> = nieuw.iter().filter_map(|opdracht| opdracht.dien()?.gelezen.maatregel).collect();
            gelezen = self.opdrachten.len();
            self.vooruit.lees(werkplaats, zaken).await;
        }
    }
}

/// One transaction for all; when that fails for a reason of its own, one each, so that nobody suffers for a neighbour.
async fn verwerk(werkplaats: &Werkplaats, mut opdrachten: Vec<Opdracht>, vooruit: Vooruit) {
    match voer_uit(werkplaats, &mut opdrachten, vooruit).await {
        Ok(()) => opdrachten.into_iter().for_each(|opdracht| opdracht.beantwoord(Ok(()))),
        Err(StoreError::Statement(_) | StoreError::Corrupt { .. } | StoreError::LogboekAchter) if opdrachten.len() > 1 => {
            for opdracht in opdrachten {
                Box::pin(verwerk(werkplaats, vec![opdracht], Vooruit::default())).await;
            }
        }
        Err(error @ StoreError::Corrupt { .. }) if let [Opdracht::Tik(None, vraag)] = &mut *opdrachten => {
            // With nothing sent the caller must hear why, and stop asking.
            let gedaan = match een_voor_een(werkplaats).await {
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
async fn voer_uit(werkplaats: &Werkplaats, opdrachten: &mut [Opdracht], vooruit: Vooruit) -> Result<(), StoreError> {
    let aanroepen = opdrachten.iter().filter_map(Opdracht::dien).filter_map(|dien| dien.aanroep.as_ref());
    let mut spoor = werkplaats.sporen.batch(opdrachten.len(), aanroepen);
    spoor.soorten(|| telling::gevraagd(opdrachten));
    batch::voer_uit(werkplaats, opdrachten, vooruit).await.inspect_err(|_| spoor.mislukt())?;
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
async fn een_voor_een(werkplaats: &Werkplaats) -> Result<usize, StoreError> {
    let mut zaken = 0;
    for zaak in Klokken::aan_de_beurt_nu(werkplaats).await? {
        let (vraag, _) = Vraag::nieuw();
        let mut tik = [Opdracht::Tik(Some(zaak), vraag)];
        match batch::voer_uit(werkplaats, &mut tik, Vooruit::default()).await {
            Ok(()) => zaken += 1,
            Err(error @ StoreError::Corrupt { .. }) => tracing::error!(%error, %zaak, "the clocks of a case cannot be measured"),
            Err(error) => return Err(error),
        }
    }
    Ok(zaken)
}
