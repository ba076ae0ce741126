//! Wakes the subscriptions of a recipient when something is put in its mailbox. A hint only: who waits also looks by itself now and then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::ids::Oin;

/// The bells, one a recipient that ever listened.
#[derive(Clone, Debug, Default)]
pub struct Wekker {
    bellen: Arc<Mutex<HashMap<Oin, watch::Sender<()>>>>,
}

impl Wekker {
    /// Rings for a recipient.
    pub fn wek(&self, oin: Oin) {
        if let Some(bel) = self.bellen().get(&oin) {
            bel.send_replace(());
        }
    }

    /// Hears every ring from now on.
    pub fn luister(&self, oin: Oin) -> watch::Receiver<()> {
        self.bellen().entry(oin).or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    fn bellen(&self) -> MutexGuard<'_, HashMap<Oin, watch::Sender<()>>> {
        self.bellen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
