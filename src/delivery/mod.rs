//! The way out: one recipient's mailbox, page by page or as a stream without end, each message in the view that is the recipient's by the
//! rules of today. It hands out views only; reading them off the wire is for `wire`.

mod plaats;
mod stroom;
pub mod view;

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use jeugdketen_proto::v1::{RedenNietZichtbaar, Rol, Veldbewijs};
use prost::Message;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::admission::wake::Wekker;
use crate::admission::{Admission, Gestaakt, volgend_spoor};
use crate::domain::deelnemer::datum;
use crate::domain::ids::Oin;
use crate::identity::register::Peer;
use crate::kluis::Kluis;
use crate::store::audit::Aantekening;
use crate::store::postvak::{self, Post, Stand};
use crate::store::{Store, StoreError, corrupt};
use crate::time::Clock;
use stroom::Stroom;
use view::View;

/// How many deliveries are read at a time for a stream.
const PAGINA: i64 = 64;
/// How many events wait for a slow reader before its stream stops reading ahead.
const VOORUIT: usize = 64;

/// One message as it is delivered.
#[derive(Debug)]
pub struct Levering {
    /// Number in the mailbox.
    pub nr: i64,
    /// The sender and its role.
    pub afzender: String,
    /// Role of the sender.
    pub afzender_rol: i32,
    /// The moment it was offered, in microseconds.
    pub aangeboden_op: i64,
    /// The view, or why there is none.
    pub view: Result<View, RedenNietZichtbaar>,
    /// The proof that the fields of the view are the sender's; none when the rules of visibility changed since the message was accepted.
    pub bewijs: Option<Veldbewijs>,
    /// W3C trace context: the trace of the submission, the step of this delivery.
    pub traceparent: String,
    /// What goes on record of it.
    aantekening: Aantekening,
}

impl Levering {
    /// Its size on the wire, rather too large than too small.
    fn omvang(&self) -> usize {
        256 + self.view.as_ref().map_or(0, View::omvang) + self.bewijs.as_ref().map_or(0, Message::encoded_len)
    }
}

/// One event of a stream.
#[derive(Debug)]
pub enum Gebeurtenis {
    /// A message.
    Levering(Box<Levering>),
    /// It is quiet; the last number given out, all of which were sent.
    Hartslag(i64),
    /// The database did not answer, or not what was delivered could be put on record; the stream ends.
    Fout(Gestaakt),
    /// The hub stops; the stream ends.
    Stopt,
}

/// What the way out works with.
#[derive(Clone, Debug)]
pub struct Onderdelen {
    /// The database.
    pub store: Store,
    /// What opens bodies.
    pub kluis: Arc<Kluis>,
    /// What puts deliveries on record.
    pub admission: Admission,
    /// Who is to be woken.
    pub wekker: Wekker,
    /// The time.
    pub clock: Clock,
}

/// The way out.
#[derive(Clone, Debug)]
pub struct Delivery {
    store: Store,
    kluis: Arc<Kluis>,
    admission: Admission,
    wekker: Wekker,
    clock: Clock,
    hartslag: Duration,
    stop: CancellationToken,
}

impl Delivery {
    /// Starts nothing: streams are made when they are asked for.
    pub fn new(delen: Onderdelen, hartslag: Duration, stop: CancellationToken) -> Delivery {
        let Onderdelen { store, kluis, admission, wekker, clock } = delen;
        Delivery { store, kluis, admission, wekker, clock, hartslag, stop }
    }

    /// Where the mailbox stands.
    pub async fn stand(&self, peer: &Peer) -> Result<Stand, StoreError> {
        postvak::stand(&mut self.store.read().await?.conn(), peer.oin()).await
    }

    /// One page after a number.
    async fn pagina(&self, peer: &Peer, na: i64, maximaal: i64) -> Result<Vec<Levering>, Gestaakt> {
        let leveringen = self.lees(peer, na, maximaal).await.map_err(Arc::new)?;
        self.leg_vast(&leveringen).await?;
        Ok(leveringen)
    }

    async fn lees(&self, peer: &Peer, na: i64, maximaal: i64) -> Result<Vec<Levering>, StoreError> {
        let post = postvak::pagina(&mut self.store.read().await?.conn(), &self.kluis, peer.oin(), na, maximaal).await?;
        post.iter().map(|post| self.levering(post, peer.oin())).collect()
    }

    /// Puts on record what is about to be handed out.
    async fn leg_vast(&self, leveringen: &[Levering]) -> Result<(), Gestaakt> {
        let gezien = leveringen.iter().filter(|levering| levering.view.is_ok());
        self.admission.leg_vast(gezien.map(|levering| levering.aantekening.clone()).collect()).await
    }

    fn levering(&self, post: &Post, oin: Oin) -> Result<Levering, StoreError> {
        let spoor = volgend_spoor(&post.traceparent)?;
        let gemaakt = if relatie_beeindigd(post, self.clock.today()) {
            Err(RedenNietZichtbaar::RelatieBeeindigd)
        } else {
            View::maak(post, oin)?.ok_or(RedenNietZichtbaar::Vernietigd)
        };
        let (view, bewijs) = match gemaakt {
            Ok((view, bewijs)) => (Ok(view), bewijs),
            Err(reden) => (Err(reden), None),
        };
        let rol = Rol::try_from(post.rol).map_err(|_| corrupt("postvak", "rol", post.volgnummer))?;
        let persoon = post.sleutels.as_ref().and_then(|sleutels| sleutels.persoon()).map(|persoon| persoon.waarde);
        let nieuw = Aantekening::geleverd((oin, rol), post.soort, post.volgnummer).in_zaak(post.zaak()).over(persoon);
        let aantekening = nieuw.langs(Some(spoor)).sinds(self.clock.micros());
        Ok(Levering {
            nr: post.nr,
            afzender: post.afzender.clone(),
            afzender_rol: post.afzender_rol,
            aangeboden_op: post.aangeboden_op,
            view,
            bewijs,
            traceparent: spoor.traceparent(),
            aantekening,
        })
    }

    /// As many deliveries after a number as fit in so many bytes, at most `maximaal` but always one when there is one; after the last
    /// acknowledged one when no number is given. With where the mailbox stands. Read in pieces, so that what does not fit costs no memory.
    pub async fn blad(&self, peer: &Peer, na: Option<i64>, maximaal: i64, bytes: usize) -> Result<(Vec<Levering>, Stand), Gestaakt> {
        // Where the mailbox stands is read first: the page can hold more, never less.
        let stand = self.stand(peer).await.map_err(Arc::new)?;
        let (mut na, mut blad, mut omvang, mut rest) = (na.unwrap_or(stand.bevestigd_tot), Vec::new(), 0, maximaal);
        'vol: while rest > 0 {
            let gevraagd = rest.min(PAGINA);
            let stuk = self.lees(peer, na, gevraagd).await.map_err(Arc::new)?;
            let gelezen = i64::try_from(stuk.len()).unwrap_or(i64::MAX);
            for levering in stuk {
                omvang += levering.omvang();
                if omvang > bytes && !blad.is_empty() {
                    break 'vol;
                }
                na = levering.nr;
                blad.push(levering);
            }
            rest = if gelezen < gevraagd { 0 } else { rest - gelezen };
        }
        self.leg_vast(&blad).await?;
        Ok((blad, stand))
    }

    /// A stream from a number on, without end. It reads no further ahead than some dozens of events: a slow reader costs nobody else.
    pub fn abonneer(&self, peer: Peer, na: Option<i64>) -> mpsc::Receiver<Gebeurtenis> {
        let (zender, ontvanger) = mpsc::channel(VOORUIT);
        let delivery = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = delivery.stop.cancelled() => drop(zender.send(Gebeurtenis::Stopt).await),
                () = Stroom::nieuw(delivery.clone(), peer, zender.clone()).lever(na) => {}
                () = zender.closed() => {}
            }
        });
        ontvanger
    }
}

/// A participant whose relation ended sees of the case only the message that ended it. A date that cannot be read ends it too.
fn relatie_beeindigd(post: &Post, vandaag: NaiveDate) -> bool {
    let (Some(per), Some(laatste)) = (&post.einde_per, post.einde_volgnummer) else { return false };
    post.volgnummer != laatste && datum(per).is_none_or(|per| vandaag >= per)
}
