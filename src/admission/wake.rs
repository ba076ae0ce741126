//! Wakes the subscriptions of a recipient when something is put in its mailbox, by this hub or another: each bell holds the last number that
//! is known. What is in the mailbox it does not know; how this hub hears of others is for `luisteraar`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::uitreiken::Toehoorder;
use crate::domain::ids::Oin;
use crate::store::berichten::Genummerd;

/// The bells, one a recipient that ever listened, and the streams that listen now.
#[derive(Clone, Default)]
pub struct Wekker {
    bellen: Arc<Mutex<HashMap<Oin, watch::Sender<i64>>>>,
    toehoorders: Arc<Mutex<Toehoorders>>,
}

type Toehoorders = HashMap<Oin, Vec<Arc<dyn Toehoorder>>>;

/// That a stream listens, until it is dropped.
pub struct Aanmelding {
    wekker: Wekker,
    oin: Oin,
    toehoorder: Arc<dyn Toehoorder>,
}

impl Drop for Aanmelding {
    fn drop(&mut self) {
        let mut toehoorders = self.wekker.toehoorders();
        if let Entry::Occupied(mut van) = toehoorders.entry(self.oin) {
            van.get_mut().retain(|ander| !Arc::ptr_eq(ander, &self.toehoorder));
            if van.get().is_empty() {
                van.remove();
            }
        }
    }
}

impl std::fmt::Debug for Wekker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wekker")
    }
}

impl Wekker {
    /// Rings for a recipient whose mailbox goes up to a number. A number that was rung for before rings no more.
    pub fn wek(&self, oin: Oin, nr: i64) {
        if let Some(bel) = self.bellen().get(&oin) {
            bel.send_if_modified(|bekend| std::mem::replace(bekend, nr.max(*bekend)) < nr);
        }
    }

    /// Rings for everybody who got a message.
    pub fn wek_alle(&self, genummerd: &Genummerd) {
        let Genummerd { admitted, postvaknummers, omgeleid, .. } = genummerd;
        let naar = admitted.omgeleid().iter().map(|omleiding| omleiding.naar);
        let alle = naar.zip(omgeleid).chain(admitted.ontvangers().iter().copied().zip(postvaknummers));
        alle.for_each(|(ontvanger, nr)| self.wek(ontvanger.oin, *nr));
    }

    /// Hears every ring from now on.
    pub fn luister(&self, oin: Oin) -> watch::Receiver<i64> {
        self.bellen().entry(oin).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Whether anybody ever listened.
    pub fn is_stil(&self) -> bool {
        self.bellen().is_empty()
    }

    /// A stream listens, until what is returned is dropped.
    pub fn meld_aan(&self, oin: Oin, toehoorder: Arc<dyn Toehoorder>) -> Aanmelding {
        self.toehoorders().entry(oin).or_default().push(Arc::clone(&toehoorder));
        Aanmelding { wekker: self.clone(), oin, toehoorder }
    }

    /// The stream of a recipient that listens here, when it is the only one.
    pub(super) fn enige(&self, oin: Oin) -> Option<Arc<dyn Toehoorder>> {
        let toehoorders = self.toehoorders();
        let [enige] = toehoorders.get(&oin)?.as_slice() else { return None };
        Some(Arc::clone(enige))
    }

    fn toehoorders(&self) -> MutexGuard<'_, Toehoorders> {
        self.toehoorders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bellen(&self) -> MutexGuard<'_, HashMap<Oin, watch::Sender<i64>>> {
        self.bellen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bell_rings_for_numbers_that_are_new_and_never_goes_back() {
        let (wekker, oin) = (Wekker::default(), Oin::parse("00000099020000001000").unwrap());
        wekker.wek(oin, 3);
        assert!(wekker.is_stil(), "nobody listened");
        let mut bel = wekker.luister(oin);
        for (nr, belt, bekend) in [(3, true, 3), (3, false, 3), (2, false, 3), (4, true, 4)] {
            wekker.wek(oin, nr);
            assert_eq!((bel.has_changed().unwrap(), *bel.borrow_and_update()), (belt, bekend), "{nr}");
        }
    }
}
