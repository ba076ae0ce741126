//! One stream of a mailbox, without end. It reads until it has had everything, and is then handed what comes (`admission::uitreiken`), or
//! told by its bell that there is something to read.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};

use super::plaats::Plaats;
use super::{Delivery, Gebeurtenis, PAGINA};
use crate::admission::Gestaakt;
use crate::admission::uitreiken::{Toehoorder, Uitreiking};
use crate::identity::register::Peer;
use crate::store::postvak::Post;

/// A stream.
pub(super) struct Stroom {
    delivery: Delivery,
    peer: Peer,
    zender: mpsc::Sender<Gebeurtenis>,
    plaats: watch::Sender<Plaats>,
}

impl Stroom {
    pub(super) fn nieuw(delivery: Delivery, peer: Peer, zender: mpsc::Sender<Gebeurtenis>) -> Arc<Stroom> {
        Arc::new(Stroom { delivery, peer, zender, plaats: watch::Sender::new(Plaats::leest()) })
    }

    /// Sends all that comes after a number; after the last acknowledged one when no number is given. Ends when nobody takes it any more.
    pub(super) async fn lever(self: Arc<Self>, na: Option<i64>) {
        // Listening begins before the first look, so that nothing falls in between.
        let (wekker, oin) = (&self.delivery.wekker, self.peer.oin());
        let (mut bel, _aanmelding) = (wekker.luister(oin), wekker.meld_aan(oin, Arc::clone(&self) as Arc<dyn Toehoorder>));
        let begin = match na {
            Some(na) => Ok(na),
            None => self.delivery.stand(&self.peer).await.map(|stand| stand.bevestigd_tot),
        };
        let mut gezien = match begin {
            Ok(begin) => begin,
            Err(error) => return drop(self.zender.send(Gebeurtenis::Fout(Gestaakt::Store(Arc::new(error)))).await),
        };
        loop {
            let geluid = *bel.borrow_and_update();
            let leveringen = match self.delivery.pagina(&self.peer, gezien, PAGINA).await {
                Ok(pagina) => pagina,
                Err(error) => return drop(self.zender.send(Gebeurtenis::Fout(error)).await),
            };
            gezien = leveringen.last().map_or(gezien, |levering| levering.nr);
            let vol = leveringen.len() >= usize::try_from(PAGINA).unwrap_or(usize::MAX);
            for levering in leveringen {
                if self.zender.send(Gebeurtenis::Levering(Box::new(levering))).await.is_err() {
                    return;
                }
            }
            if !vol {
                match self.luister(gezien, geluid, &mut bel).await {
                    Some(verder) => gezien = verder,
                    None => return,
                }
            }
        }
    }

    /// Waits until there is something to read, and tells what was sent by then. From here it costs the database nothing until its bell rings
    /// for a number that it was not handed and has not looked for. None when nobody takes what is sent any more.
    async fn luister(&self, gezien: i64, geluid: i64, bel: &mut watch::Receiver<i64>) -> Option<i64> {
        let mut plaats = self.plaats.subscribe();
        self.plaats.send_replace(Plaats::luistert_na(gezien));
        loop {
            let hartslag = self.plaats.borrow().stil_sinds() + self.delivery.hartslag;
            tokio::select! {
                belt = timeout_at(hartslag, bel.wait_for(|nr| *nr > geluid.max(self.plaats.borrow().beloofd()))) => if belt.is_ok() { break },
                _ = plaats.wait_for(|plaats| !plaats.luistert()) => break,
            }
            let nu = *self.plaats.borrow();
            if nu.stil_sinds() + self.delivery.hartslag <= Instant::now() {
                self.zender.send(Gebeurtenis::Hartslag(nu.gezien())).await.ok()?;
                self.wijzig(Plaats::sloeg);
            }
        }
        // Nothing more is promised, and what was is waited for.
        self.wijzig(Plaats::stop);
        plaats.wait_for(Plaats::is_afgedaan).await.ok().map(|plaats| plaats.gezien())
    }

    /// Wakes itself only when it is to read: a message that it is handed needs nothing of it.
    fn wijzig(&self, wijziging: impl FnOnce(&mut Plaats)) {
        self.plaats.send_if_modified(|plaats| {
            wijziging(plaats);
            !plaats.luistert()
        });
    }
}

impl Toehoorder for Stroom {
    fn bied_aan(self: Arc<Self>, post: &Post) -> Option<Uitreiking> {
        if !self.plaats.borrow().wacht_op(post.nr) {
            return None;
        }
        let plek = self.zender.clone().try_reserve_owned().ok()?;
        // What cannot be shown is left for who can say why.
        let levering = self.delivery.levering(post, self.peer.oin()).ok().filter(|levering| levering.view.is_ok())?;
        let belofte = Belofte::doe(&self, post.nr)?;
        Some(Uitreiking::nieuw(levering.aantekening.clone(), move || {
            plek.send(Gebeurtenis::Levering(Box::new(levering)));
            belofte.houd();
        }))
    }
}

/// That an entry will be sent. Dropped before it was, the stream reads it.
struct Belofte {
    stroom: Arc<Stroom>,
    nr: Option<i64>,
}

impl Belofte {
    fn doe(stroom: &Arc<Stroom>, nr: i64) -> Option<Belofte> {
        let mut beloofd = false;
        stroom.wijzig(|plaats| beloofd = plaats.beloof(nr));
        beloofd.then(|| Belofte { stroom: Arc::clone(stroom), nr: Some(nr) })
    }

    fn houd(mut self) {
        if let Some(nr) = self.nr.take() {
            self.stroom.wijzig(|plaats| plaats.houd(nr));
        }
    }
}

impl Drop for Belofte {
    fn drop(&mut self) {
        if self.nr.is_some() {
            self.stroom.wijzig(Plaats::breek);
        }
    }
}
