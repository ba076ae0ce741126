//! Wakes the subscriptions of a recipient when something is put in its mailbox, by this hub or another: each bell holds the last number that
//! is known. What is in the mailbox it does not know; how this hub hears of others is for `luisteraar`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::ids::Oin;
use crate::store::berichten::Genummerd;

/// The bells, one a recipient that ever listened.
#[derive(Clone, Debug, Default)]
pub struct Wekker {
    bellen: Arc<Mutex<HashMap<Oin, watch::Sender<i64>>>>,
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
