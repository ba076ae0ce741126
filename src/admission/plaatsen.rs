//! The places of each participant among what waits for its transaction: nobody can fill the queue for others. What the hub asks of itself has
//! no such bound.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Gestaakt, WACHTRIJ};
use crate::domain::ids::Oin;

/// The part of the queue that one participant can hold.
pub(super) const PER_DEELNEMER: usize = WACHTRIJ / 4;

/// A place, held until the request was answered.
pub(super) type Plaats = OwnedSemaphorePermit;

/// Places by participant.
#[derive(Clone, Debug, Default)]
pub(super) struct Plaatsen {
    alle: Arc<Mutex<HashMap<Oin, Arc<Semaphore>>>>,
}

impl Plaatsen {
    /// Takes a place when there is one.
    pub(super) fn neem(&self, oin: Oin) -> Result<Plaats, Gestaakt> {
        self.van(oin).try_acquire_owned().map_err(|_| Gestaakt::Vol)
    }

    /// Waits for a place.
    pub(super) async fn wacht(&self, oin: Oin) -> Result<Plaats, Gestaakt> {
        // Nobody closes it.
        self.van(oin).acquire_owned().await.map_err(|_| Gestaakt::Stopt)
    }

    fn van(&self, oin: Oin) -> Arc<Semaphore> {
        let mut alle = self.alle.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(alle.entry(oin).or_insert_with(|| Arc::new(Semaphore::new(PER_DEELNEMER))))
    }
}
