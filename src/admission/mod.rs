//! The way in: a message is read and judged, joins a batch, becomes durable in one transaction with all that belongs to it, and only then
//! is answered with a signed receipt. What may pass is decided in `domain`; what it looks like on the wire in `wire`.

mod batch;
mod bevestiging;
mod failpoint;
mod geheugen;
mod kast;
mod klokken;
pub mod leiding;
pub mod luisteraar;
mod nummering;
mod onderhoud;
mod plaatsen;
mod poging;
mod postvakken;
mod recent;
mod schrijver;
mod telling;
pub mod uitreiken;
mod voorbereid;
mod vooruit;
pub mod wake;

use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use bytes::Bytes;
use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::{Bericht, Zegel};
use opentelemetry::trace::SpanContext;
use prost::Message as _;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::audit::Journaal;
use crate::domain::admit::{Gelezen, lees};
use crate::domain::beleid::Beleid;
use crate::domain::deelnemer::Deelnemer;
use crate::domain::ids::{MaatregelId, Oin};
use crate::domain::refusal::Refusal;
use crate::identity::register::{LiveRegister, Peer};
use crate::kluis::Kluis;
use crate::receipt::{Sleutel, sha256};
use crate::store::audit::Aantekening;
use crate::store::{Store, StoreError};
use crate::telemetry::meters::Meters;
use crate::telemetry::sporen::{self, Sporen};
use crate::time::Clock;
pub use onderhoud::Onderhoud;
use plaatsen::{Plaats, Plaatsen};
use voorbereid::Voorbereid;
pub use voorbereid::volgend_spoor;
use wake::Wekker;

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
    Dien(Box<Dien>, Vraag<Antwoord>),
    /// Receipt of everything up to a mailbox number is confirmed. None: the number was never given out.
    Bevestig(Bevestig, Vraag<Option<i64>>),
    /// Time has passed: warnings are due, of one case or of any. Answered with the number of cases that had one.
    Tik(Option<MaatregelId>, Vraag<usize>),
    /// Something was done outside the writer and must be on record before its outcome is handed out.
    Leg(Vec<Aantekening>, Vraag<()>),
    /// A piece of what the hub does by itself to what it keeps. Answered with whether there may be more.
    Onderhoud(Vraag<bool>),
}

struct Dien {
    afzender: Arc<Deelnemer>,
    gelezen: Arc<Gelezen>,
    voorbereid: Voorbereid,
    /// When its bytes were there.
    begin: Instant,
    /// The span of the call that brought it.
    aanroep: Option<SpanContext>,
}

struct Bevestig {
    peer: Peer,
    tot: i64,
}

/// Who waits for the outcome, and the outcome once there is one.
struct Vraag<T> {
    antwoord: oneshot::Sender<Result<T, Gestaakt>>,
    uitkomst: Option<T>,
    /// The place of the participant that asks; none for what the hub asks of itself.
    plaats: Option<Plaats>,
}

impl<T> Vraag<T> {
    fn nieuw() -> (Vraag<T>, oneshot::Receiver<Result<T, Gestaakt>>) {
        let (antwoord, wacht) = oneshot::channel();
        (Vraag { antwoord, uitkomst: None, plaats: None }, wacht)
    }

    fn op(plaats: Plaats) -> (Vraag<T>, oneshot::Receiver<Result<T, Gestaakt>>) {
        let (vraag, wacht) = Vraag::nieuw();
        (Vraag { plaats: Some(plaats), ..vraag }, wacht)
    }

    /// A caller that went away is not an error: its message is durable, and a repetition finds the receipt.
    fn beantwoord(self, gedaan: Result<(), Gestaakt>) {
        let Vraag { antwoord, uitkomst, plaats } = self;
        // Who has its answer has its place back.
        drop(plaats);
        drop(antwoord.send(gedaan.and_then(|()| uitkomst.ok_or(Gestaakt::Stopt))));
    }
}

impl Opdracht {
    /// Nothing was due.
    fn niets_te_doen(&mut self) {
        match self {
            Opdracht::Tik(_, vraag) => vraag.uitkomst = Some(0),
            Opdracht::Onderhoud(vraag) => vraag.uitkomst = Some(false),
            _ => {}
        }
    }

    /// Not something that the hub does by itself.
    fn van_een_deelnemer(&self) -> bool {
        !matches!(self, Opdracht::Tik(..) | Opdracht::Onderhoud(_))
    }

    fn dien(&self) -> Option<&Dien> {
        if let Opdracht::Dien(dien, _) = self { Some(dien) } else { None }
    }

    fn beantwoord(self, gedaan: Result<(), Gestaakt>) {
        match self {
            Opdracht::Dien(_, vraag) => vraag.beantwoord(gedaan),
            Opdracht::Bevestig(_, vraag) => vraag.beantwoord(gedaan),
            Opdracht::Tik(_, vraag) => vraag.beantwoord(gedaan),
            Opdracht::Leg(_, vraag) => vraag.beantwoord(gedaan),
            Opdracht::Onderhoud(vraag) => vraag.beantwoord(gedaan),
        }
    }
}

type Wacht = oneshot::Receiver<Result<Antwoord, Gestaakt>>;

/// A message that was read, ready for the writer; or why it cannot be, with the place of its sender.
type Gelezene = Result<(Opdracht, Wacht), (Refusal, Plaats)>;

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

/// What a sender submits.
#[derive(Clone, Copy, Default)]
pub struct Inzending<'a> {
    /// The message, as it came.
    pub bericht: &'a [u8],
    /// W3C trace context; empty when there is none.
    pub traceparent: &'a str,
    /// The sender's own seal over the commitment.
    pub zegel: Option<&'a Zegel>,
    /// The seed of the commitment that was sealed; empty without a seal.
    pub zaad: &'a [u8],
}

/// A message and nothing with it.
impl<'a> From<&'a [u8]> for Inzending<'a> {
    fn from(bericht: &'a [u8]) -> Inzending<'a> {
        Inzending { bericht, ..Inzending::default() }
    }
}

/// The way in. Clones share one writer.
#[derive(Clone, Debug)]
pub struct Admission {
    wachtrij: mpsc::Sender<Opdracht>,
    plaatsen: Plaatsen,
    clock: Clock,
    kluis: Arc<Kluis>,
    meters: Arc<Meters>,
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
    pub sleutel: Arc<ArcSwap<Sleutel>>,
    /// What bodies, facts and receipts are sealed with.
    pub kluis: Arc<Kluis>,
    /// The audit log.
    pub journaal: Arc<Journaal>,
    /// What the hub does by itself to what it keeps.
    pub onderhoud: Arc<Onderhoud>,
    /// Who must be woken.
    pub wekker: Wekker,
    /// The OIN of the hub, as sender of signals.
    pub hub: Oin,
    /// The policy of the norm clocks.
    pub beleid: Arc<Beleid>,
    /// How old, in microseconds, the oldest record may be that an external logbook has not taken; none when it may be any.
    pub achterstand_max: Option<i64>,
    /// What is counted.
    pub meters: Arc<Meters>,
    /// Spans.
    pub sporen: Sporen,
}

impl Admission {
    /// Starts the writer; it ends when the token fires and what was queued has been answered.
    pub fn start(werkplaats: Werkplaats, stop: CancellationToken) -> (Admission, tokio::task::JoinHandle<()>) {
        let (wachtrij, rij) = mpsc::channel(WACHTRIJ);
        let (clock, kluis, meters) = (werkplaats.clock.clone(), Arc::clone(&werkplaats.kluis), Arc::clone(&werkplaats.meters));
        let schrijver = tokio::spawn(schrijver::schrijf(werkplaats, rij, stop));
        (Admission { wachtrij, plaatsen: Plaatsen::default(), clock, kluis, meters }, schrijver)
    }

    /// Submits one message. The answer comes when it is durable. The work goes on when the caller goes away.
    pub async fn dien_in<'a>(&self, peer: &Peer, inzending: impl Into<Inzending<'a>>) -> Result<Antwoord, Gestaakt> {
        let inzending = inzending.into();
        // Before anything is read: who has no place costs next to nothing.
        let plaats = self.plaatsen.neem(peer.oin())?;
        match self.lees(peer, inzending, plaats)? {
            Ok((opdracht, wacht)) => {
                self.zet_in_rij(opdracht)?;
                wacht.await.unwrap_or(Err(Gestaakt::Stopt))
            }
            // The place is held until that is on record too.
            Err((refusal, _plaats)) => self.weiger(peer, inzending.bericht, refusal).await.map(Err),
        }
    }

    /// Queues one message of a stream, waiting for a place; the answer is awaited later.
    pub async fn zet(&self, peer: &Peer, inzending: Inzending<'_>) -> Wachtend {
        let Ok(plaats) = self.plaatsen.wacht(peer.oin()).await else { return Wachtend::Gestopt };
        match self.lees(peer, inzending, plaats) {
            // When the writer has gone the receiver says so.
            Ok(Ok((opdracht, wacht))) => self.wachtrij.send(opdracht).await.map_or(Wachtend::Gestopt, |()| Wachtend::Wacht(wacht)),
            Ok(Err((refusal, _plaats))) => {
                self.weiger(peer, inzending.bericht, refusal).await.map_or(Wachtend::Gestopt, Wachtend::Geweigerd)
            }
            Err(_) => Wachtend::Gestopt,
        }
    }

    /// Reads a message outside the transaction, so that many are read at once.
    fn lees(&self, peer: &Peer, inzending: Inzending<'_>, plaats: Plaats) -> Result<Gelezene, Gestaakt> {
        let (begin, begonnen_op) = (Instant::now(), self.clock.micros());
        let mut gelezen = match lees(inzending.bericht, peer.rol(), self.clock.now(), self.clock.today()) {
            Ok(gelezen) => gelezen,
            Err(refusal) => {
                self.meters.geweigerd(soort(inzending.bericht), refusal.code());
                return Ok(Err((refusal, plaats)));
            }
        };
        let voorbereid = Voorbereid::van(&self.kluis, &gelezen.canonical, inzending, begonnen_op);
        let voorbereid = voorbereid.map_err(|fout| Arc::new(StoreError::Kluis(fout)))?;
        if let Err(fault) = voorbereid.zegel_klopt(peer) {
            gelezen.oordeel = gelezen.oordeel.and(Err(Refusal::Inhoud(vec![fault])));
        }
        let gelezen = Arc::new(gelezen);
        let (vraag, wacht) = Vraag::op(plaats);
        let dien = Dien { afzender: Arc::clone(peer.deelnemer()), gelezen, voorbereid, begin, aanroep: sporen::huidig() };
        Ok(Ok((Opdracht::Dien(Box::new(dien), vraag), wacht)))
    }

    /// Puts on record that something was refused of which not even the kind could be read.
    async fn weiger(&self, peer: &Peer, bytes: &[u8], refusal: Refusal) -> Result<Refusal, Gestaakt> {
        let geweigerd = Aantekening::onleesbaar(peer.deelnemer(), &refusal).met(self.kluis.kenmerk(&sha256(bytes)));
        self.leg_vast(vec![geweigerd]).await?;
        Ok(refusal)
    }

    /// Confirms receipt of everything in a mailbox up to and including a number; returns the highest number that is confirmed. A batch takes
    /// a part at a time: who gets no answer may have confirmed some of it.
    pub async fn bevestig(&self, peer: &Peer, tot: i64) -> Result<i64, Gestaakt> {
        loop {
            let (vraag, wacht) = Vraag::op(self.plaatsen.neem(peer.oin())?);
            failpoint::here("before-acknowledge").await;
            self.zet_in_rij(Opdracht::Bevestig(Bevestig { peer: peer.clone(), tot }, vraag))?;
            let bevestigd = wacht.await.unwrap_or(Err(Gestaakt::Stopt))?.ok_or(Gestaakt::OnbekendNummer);
            failpoint::here("after-acknowledge").await;
            match bevestigd {
                Ok(nummer) if nummer < tot => {}
                klaar => return klaar,
            }
        }
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

    /// Puts on record what was done outside the writer. Only when this returns may the outcome be handed out: no record, no act.
    pub async fn leg_vast(&self, aantekeningen: Vec<Aantekening>) -> Result<(), Gestaakt> {
        if aantekeningen.is_empty() {
            return Ok(());
        }
        let (vraag, wacht) = Vraag::nieuw();
        // Waits for a place: who reads its mail is not sent away because others send.
        self.wachtrij.send(Opdracht::Leg(aantekeningen, vraag)).await.map_err(|_| Gestaakt::Stopt)?;
        wacht.await.unwrap_or(Err(Gestaakt::Stopt))
    }

    /// Destroys what has been kept long enough and wraps keys anew, a piece at a time, until there is no more to do.
    pub async fn onderhoud(&self) -> Result<(), Gestaakt> {
        loop {
            let (vraag, wacht) = Vraag::nieuw();
            self.wachtrij.send(Opdracht::Onderhoud(vraag)).await.map_err(|_| Gestaakt::Stopt)?;
            if !wacht.await.unwrap_or(Err(Gestaakt::Stopt))? {
                return Ok(());
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

/// The kind of a message that was refused, when it has one.
fn soort(bytes: &[u8]) -> Option<Kind> {
    Some(Bericht::decode(bytes).ok()?.inhoud?.kind())
}
