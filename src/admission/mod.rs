//! The way in: a message is read and judged, joins a batch, becomes durable in one transaction with all that belongs to it, and only then
//! is answered with a signed receipt. What may pass is decided in `domain`; what it looks like on the wire in `wire`.

mod batch;
mod failpoint;
mod klokken;

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::delivery::wake::Wekker;
use crate::domain::admit::{Gelezen, lees};
use crate::domain::beleid::Beleid;
use crate::domain::deelnemer::Deelnemer;
use crate::domain::ids::{MaatregelId, Oin};
use crate::domain::refusal::Refusal;
use crate::identity::register::{LiveRegister, Peer};
use crate::receipt::{Sleutel, sha256};
use crate::store::{Store, StoreError};
use crate::time::Clock;

/// At most this many requests share one transaction.
const GROOTSTE_BATCH: usize = 256;
/// At most this many requests wait for their transaction; beyond it the sender is told to come back.
const WACHTRIJ: usize = 4096;

/// What a sender gets: the signed receipt, encoded, or why not.
pub type Antwoord = Result<Bytes, Refusal>;

/// Why there is no answer. Nothing is known to be stored; repeating the message is safe and tells.
#[derive(Debug, thiserror::Error)]
pub enum Gestaakt {
    /// Too many wait already.
    #[error("too many requests wait")]
    Vol,
    /// The hub is stopping.
    #[error("the hub is stopping")]
    Stopt,
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
    /// The number that is acknowledged was never given out.
    #[error("the mailbox number was never given out")]
    OnbekendNummer,
}

/// One request to the writer.
enum Opdracht {
    /// A message is submitted.
    Dien(Dien, Vraag<Antwoord>),
    /// Receipt of everything up to a mailbox number is confirmed. None: the number was never given out.
    Bevestig(Bevestig, Vraag<Option<i64>>),
    /// Time has passed: warnings are due, of one case or of any. Answered with the number of cases that had one.
    Tik(Option<MaatregelId>, Vraag<usize>),
}

struct Dien {
    afzender: Arc<Deelnemer>,
    gelezen: Arc<Gelezen>,
    digest: [u8; 32],
    traceparent: String,
}

struct Bevestig {
    peer: Peer,
    tot: i64,
}

/// Who waits for the outcome, and the outcome once there is one.
struct Vraag<T> {
    antwoord: oneshot::Sender<Result<T, Gestaakt>>,
    uitkomst: Option<T>,
}

impl<T> Vraag<T> {
    fn nieuw() -> (Vraag<T>, oneshot::Receiver<Result<T, Gestaakt>>) {
        let (antwoord, wacht) = oneshot::channel();
        (Vraag { antwoord, uitkomst: None }, wacht)
    }

    /// A caller that went away is not an error: its message is durable, and a repetition finds the receipt.
    fn beantwoord(self, gedaan: Result<(), Gestaakt>) {
        drop(self.antwoord.send(gedaan.and_then(|()| self.uitkomst.ok_or(Gestaakt::Stopt))));
    }
}

impl Opdracht {
    /// Nothing was due.
    fn niets_te_doen(&mut self) {
        if let Opdracht::Tik(_, vraag) = self {
            vraag.uitkomst = Some(0);
        }
    }

    fn beantwoord(self, gedaan: Result<(), Gestaakt>) {
        match self {
            Opdracht::Dien(_, vraag) => vraag.beantwoord(gedaan),
            Opdracht::Bevestig(_, vraag) => vraag.beantwoord(gedaan),
            Opdracht::Tik(_, vraag) => vraag.beantwoord(gedaan),
        }
    }
}

type Wacht = oneshot::Receiver<Result<Antwoord, Gestaakt>>;

/// An answer that is still to come.
#[derive(Debug)]
pub enum Wachtend {
    /// Queued.
    Wacht(oneshot::Receiver<Result<Antwoord, Gestaakt>>),
    /// Refused before it could be queued.
    Geweigerd(Refusal),
    /// The hub stops.
    Gestopt,
}

impl Wachtend {
    /// The answer.
    pub async fn antwoord(self) -> Result<Antwoord, Gestaakt> {
        match self {
            Wachtend::Wacht(wacht) => wacht.await.unwrap_or(Err(Gestaakt::Stopt)),
            Wachtend::Geweigerd(refusal) => Ok(Err(refusal)),
            Wachtend::Gestopt => Err(Gestaakt::Stopt),
        }
    }
}

/// The way in. Clones share one writer.
#[derive(Clone, Debug)]
pub struct Admission {
    wachtrij: mpsc::Sender<Opdracht>,
    clock: Clock,
}

/// What the writer works with.
#[derive(Clone, Debug)]
pub struct Werkplaats {
    /// The database.
    pub store: Store,
    /// The participants.
    pub register: LiveRegister,
    /// The time.
    pub clock: Clock,
    /// The key that signs receipts.
    pub sleutel: Arc<Sleutel>,
    /// Who must be woken.
    pub wekker: Wekker,
    /// The OIN of the hub, as sender of signals.
    pub hub: Oin,
    /// The policy of the norm clocks.
    pub beleid: Arc<Beleid>,
}

impl Admission {
    /// Starts the writer; it ends when the token fires and what was queued has been answered.
    pub fn start(werkplaats: Werkplaats, stop: CancellationToken) -> (Admission, tokio::task::JoinHandle<()>) {
        let (wachtrij, rij) = mpsc::channel(WACHTRIJ);
        let clock = werkplaats.clock.clone();
        let schrijver = tokio::spawn(schrijf(werkplaats, rij, stop));
        (Admission { wachtrij, clock }, schrijver)
    }

    /// Submits one message. The answer comes when it is durable. The work goes on when the caller goes away.
    pub async fn dien_in(&self, peer: &Peer, bytes: &[u8], traceparent: String) -> Result<Antwoord, Gestaakt> {
        match self.lees(peer, bytes, traceparent) {
            Ok((opdracht, wacht)) => {
                self.zet_in_rij(opdracht)?;
                wacht.await.unwrap_or(Err(Gestaakt::Stopt))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Queues one message of a stream, waiting for a place; the answer is awaited later.
    pub async fn zet(&self, peer: &Peer, bytes: &[u8], traceparent: String) -> Wachtend {
        match self.lees(peer, bytes, traceparent) {
            // When the writer has gone the receiver says so.
            Ok((opdracht, wacht)) => self.wachtrij.send(opdracht).await.map_or(Wachtend::Gestopt, |()| Wachtend::Wacht(wacht)),
            Err(refusal) => Wachtend::Geweigerd(refusal),
        }
    }

    /// Reads a message outside the transaction, so that many are read at once.
    fn lees(&self, peer: &Peer, bytes: &[u8], traceparent: String) -> Result<(Opdracht, Wacht), Refusal> {
        let gelezen = Arc::new(lees(bytes, peer.rol(), self.clock.now(), self.clock.today())?);
        let digest = sha256(&gelezen.canonical);
        let (vraag, wacht) = Vraag::nieuw();
        Ok((Opdracht::Dien(Dien { afzender: Arc::clone(peer.deelnemer()), gelezen, digest, traceparent }, vraag), wacht))
    }

    /// Confirms receipt of everything in a mailbox up to and including a number; returns the highest number that is confirmed.
    pub async fn bevestig(&self, peer: &Peer, tot: i64) -> Result<i64, Gestaakt> {
        let (vraag, wacht) = Vraag::nieuw();
        self.zet_in_rij(Opdracht::Bevestig(Bevestig { peer: peer.clone(), tot }, vraag))?;
        wacht.await.unwrap_or(Err(Gestaakt::Stopt))?.ok_or(Gestaakt::OnbekendNummer)
    }

    /// Sends every clock warning that is due; returns how many cases had one. Warnings are sent once, whichever hub does it.
    pub async fn tik(&self) -> Result<usize, Gestaakt> {
        let mut zaken = 0;
        loop {
            let (vraag, wacht) = Vraag::nieuw();
            self.wachtrij.send(Opdracht::Tik(None, vraag)).await.map_err(|_| Gestaakt::Stopt)?;
            match wacht.await.unwrap_or(Err(Gestaakt::Stopt))? {
                0 => return Ok(zaken),
                meer => zaken += meer,
            }
        }
    }

    fn zet_in_rij(&self, opdracht: Opdracht) -> Result<(), Gestaakt> {
        self.wachtrij.try_send(opdracht).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Gestaakt::Vol,
            mpsc::error::TrySendError::Closed(_) => Gestaakt::Stopt,
        })
    }
}

async fn schrijf(werkplaats: Werkplaats, mut rij: mpsc::Receiver<Opdracht>, stop: CancellationToken) {
    let mut opdrachten = Vec::with_capacity(GROOTSTE_BATCH);
    loop {
        tokio::select! {
            biased;
            // What was queued is still answered; nothing more is taken in.
            () = stop.cancelled(), if !rij.is_closed() => { rij.close(); continue },
            aantal = rij.recv_many(&mut opdrachten, GROOTSTE_BATCH) => if aantal == 0 { return },
        }
        verwerk(&werkplaats, std::mem::take(&mut opdrachten)).await;
    }
}

/// One transaction for all; when that fails for a reason of its own, one each, so that nobody suffers for a neighbour.
async fn verwerk(werkplaats: &Werkplaats, mut opdrachten: Vec<Opdracht>) {
    match batch::voer_uit(werkplaats, &mut opdrachten).await {
        Ok(()) => opdrachten.into_iter().for_each(|opdracht| opdracht.beantwoord(Ok(()))),
        Err(StoreError::Statement(_) | StoreError::Corrupt { .. }) if opdrachten.len() > 1 => {
            for opdracht in opdrachten {
                Box::pin(verwerk(werkplaats, vec![opdracht])).await;
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

/// Sends the warnings of one case at a time: one whose facts are corrupt must not silence the others.
async fn een_voor_een(werkplaats: &Werkplaats) -> Result<usize, StoreError> {
    let mut zaken = 0;
    for zaak in klokken::Klokken::aan_de_beurt_nu(werkplaats).await? {
        let (vraag, _) = Vraag::nieuw();
        let mut tik = [Opdracht::Tik(Some(zaak), vraag)];
        match batch::voer_uit(werkplaats, &mut tik).await {
            Ok(()) => zaken += 1,
            Err(error @ StoreError::Corrupt { .. }) => tracing::error!(%error, %zaak, "the clocks of a case cannot be measured"),
            Err(error) => return Err(error),
        }
    }
    Ok(zaken)
}
