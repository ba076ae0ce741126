//! An attempt to do what was asked, in one transaction, and what is done when it fails: once more with nothing taken for granted, and then one
//! request at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::{JoinError, JoinHandle};

use super::batch::{Gereed, bereid};
use super::geheugen::Geheugen;
use super::klokken::Klokken;
use super::vooruit::Vooruit;
use super::{Gestaakt, Opdracht, Vraag, Werkplaats, telling};
use crate::store::{Duurzaam, StoreError};
use crate::telemetry::sporen::Batch;

/// A transaction that is being made durable; what was asked in it is answered, unless it fails.
pub(super) type Onderweg = JoinHandle<Result<(), Mislukt>>;

/// What was asked in a transaction that did not become durable, and why.
pub(super) type Mislukt = (Vec<Opdracht>, StoreError);

/// An attempt to do what was asked, in one transaction.
pub(super) struct Poging {
    opdrachten: Vec<Opdracht>,
    /// None when there was nothing to do.
    gereed: Result<Option<Gereed>, StoreError>,
    /// A span for all.
    spoor: Batch,
}

impl Poging {
    /// Prepares it. When that fails nothing is remembered.
    pub(super) async fn begin(
        werkplaats: &Werkplaats,
        geheugen: &mut Geheugen,
        mut opdrachten: Vec<Opdracht>,
        vooruit: Vooruit,
        na: Option<Duurzaam>,
    ) -> Poging {
        let aanroepen = opdrachten.iter().filter_map(Opdracht::dien).filter_map(|dien| dien.aanroep.as_ref());
        let mut spoor = werkplaats.sporen.batch(opdrachten.len(), aanroepen);
        spoor.soorten(|| telling::gevraagd(&opdrachten));
        let kast = geheugen.kast.clone();
        let gereed = bereid(werkplaats, geheugen, &mut opdrachten, vooruit, na).await;
        if gereed.is_err() {
            kast.verwerp();
            geheugen.vergeet();
        }
        Poging { opdrachten, gereed, spoor }
    }

    /// Tells when it is durable, for who follows upon it.
    pub(super) fn duurzaam(&self) -> Option<Duurzaam> {
        self.gereed.as_ref().ok()?.as_ref().map(Gereed::duurzaam)
    }

    /// Makes it durable, tells the meters what became of each submission, and answers.
    pub(super) async fn rond_af(self, werkplaats: Werkplaats) -> Result<(), Mislukt> {
        let Poging { opdrachten, gereed, mut spoor } = self;
        let gedaan = match gereed {
            Ok(Some(gereed)) => gereed.maak_duurzaam(&werkplaats).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = gedaan {
            spoor.mislukt();
            return Err((opdrachten, error));
        }
        werkplaats.meters.batch(opdrachten.len());
        for opdracht in opdrachten {
            if let Opdracht::Dien(dien, vraag) = &opdracht {
                werkplaats.meters.aanname(dien.begin.elapsed());
                if let Some(Err(refusal)) = &vraag.uitkomst {
                    werkplaats.meters.geweigerd(Some(dien.gelezen.kind), refusal.code());
                }
            }
            opdracht.beantwoord(Ok(()));
        }
        Ok(())
    }
}

/// Does what was asked with nothing read ahead and nothing on its way.
async fn doe(werkplaats: &Werkplaats, geheugen: &mut Geheugen, opdrachten: Vec<Opdracht>) -> Result<(), Mislukt> {
    let poging = Poging::begin(werkplaats, geheugen, opdrachten, Vooruit::default(), None).await;
    poging.rond_af(werkplaats.clone()).await.inspect_err(|_| geheugen.vergeet())
}

/// Does once more what did not succeed, and what followed upon it, in their order.
pub(super) async fn herstel(werkplaats: &Werkplaats, geheugen: &mut Geheugen, eerste: Mislukt, daarna: VecDeque<Onderweg>) {
    let mut alle = vec![eerste];
    for onderweg in daarna {
        alle.extend(afloop(onderweg).await.err());
    }
    geheugen.vergeet();
    for mislukt in alle {
        doe_opnieuw(werkplaats, geheugen, mislukt).await;
    }
}

/// Does once more what did not succeed, when that can help: for all, and when that fails for a reason of its own, for each, so that nobody
/// suffers for a neighbour.
async fn doe_opnieuw(werkplaats: &Werkplaats, geheugen: &mut Geheugen, (mut opdrachten, mut error): Mislukt) {
    // Another hub wrote, or may be writing what does not look right, or an id was there already, or what it followed upon failed. Now nothing
    // is taken for granted.
    if matches!(error, StoreError::Verschoven(_) | StoreError::Corrupt { .. } | StoreError::Statement(_)) {
        match doe(werkplaats, geheugen, opdrachten).await {
            Ok(()) => return,
            Err(mislukt) => (opdrachten, error) = mislukt,
        }
    }
    match error {
        StoreError::Statement(_) | StoreError::Corrupt { .. } | StoreError::LogboekAchter if opdrachten.len() > 1 => {
            for opdracht in opdrachten {
                if let Err(mislukt) = doe(werkplaats, geheugen, vec![opdracht]).await {
                    Box::pin(doe_opnieuw(werkplaats, geheugen, mislukt)).await;
                }
            }
        }
        error @ StoreError::Corrupt { .. } if let [Opdracht::Tik(None, vraag)] = &mut *opdrachten => {
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
        error => {
            let error = Arc::new(error);
            opdrachten.into_iter().for_each(|opdracht| opdracht.beantwoord(Err(Gestaakt::Store(Arc::clone(&error)))));
        }
    }
}

/// Sends the warnings of one case at a time: one whose facts are corrupt must not silence the others.
async fn een_voor_een(werkplaats: &Werkplaats, geheugen: &mut Geheugen) -> Result<usize, StoreError> {
    let mut zaken = 0;
    for zaak in Klokken::aan_de_beurt_nu(werkplaats).await? {
        let (vraag, _) = Vraag::nieuw();
        match doe(werkplaats, geheugen, vec![Opdracht::Tik(Some(zaak), vraag)]).await {
            Ok(()) => zaken += 1,
            Err((_, error @ StoreError::Corrupt { .. })) => tracing::error!(%error, %zaak, "the clocks of a case cannot be measured"),
            Err((_, error)) => return Err(error),
        }
    }
    Ok(zaken)
}

/// What became of a transaction. A panic goes on here.
pub(super) async fn afloop(onderweg: impl Future<Output = Result<Result<(), Mislukt>, JoinError>>) -> Result<(), Mislukt> {
    onderweg.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
