//! One task for all bells of a hub: it hears what other hubs on the same database accepted, and looks now and then for what it did not hear.
//! An idle subscription costs the database nothing. It delivers nothing and changes nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::wake::Wekker;
use crate::store::bel::{self, Oor, Roep};
use crate::store::{Store, StoreError};

/// How long the connection that listens may take to say that it is there.
const GEDULD: Duration = Duration::from_secs(2);

/// Hears and looks.
#[derive(Debug)]
pub struct Luisteraar {
    /// The database.
    pub store: Store,
    /// The bells.
    pub wekker: Wekker,
    /// How often it looks, also when it hears.
    pub kijk: Duration,
    /// Told when the register was changed.
    pub register: Arc<Notify>,
}

impl Luisteraar {
    /// Goes on until the token fires. What fails is tried again at the next look.
    pub async fn draai(self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.volg() => {}
        }
    }

    async fn volg(&self) {
        let mut tick = interval(self.kijk);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut oor, mut gezien, mut klaagde) = (None, None, false);
        loop {
            tokio::select! {
                _ = tick.tick() => {
                    let gedaan = self.kijk(&mut oor, &mut gezien).await;
                    if let Err(error) = &gedaan && !klaagde {
                        tracing::warn!(error = %crate::telemetry::causes(error), "other hubs are not heard; it is tried again");
                    }
                    klaagde = gedaan.is_err();
                }
                roep = hoor(&mut oor) => match roep {
                    Ok(Roep::Postvak(oin, nr)) => self.wekker.wek(oin, nr),
                    Ok(Roep::Register) => self.register.notify_one(),
                    Ok(Roep::Iets) => (gezien = None, tick.reset_immediately()).1,
                    Err(_) => (oor = None, tick.reset_immediately()).1,
                },
            }
        }
    }

    /// Sees to it that it listens, and looks what it did not hear. Listening begins before the look, so that nothing falls in between; what was
    /// lost with a connection shows as a number that moved.
    async fn kijk(&self, oor: &mut Option<Oor>, gezien: &mut Option<(i64, i64)>) -> Result<(), StoreError> {
        let leeft = match oor.as_mut() {
            Some(oor) => matches!(timeout(GEDULD, oor.leeft()).await, Ok(Ok(()))),
            None => false,
        };
        let mut geluisterd = Ok(());
        if !leeft {
            *oor = None;
            match self.store.luister().await {
                Ok(nieuw) => *oor = nieuw,
                Err(error) => geluisterd = Err(error),
            }
        }
        let mut lezing = self.store.read().await?;
        let stand = bel::stand(&mut lezing.conn()).await?;
        if *gezien == Some(stand) {
            return geluisterd;
        }
        if gezien.is_none_or(|(_, register)| register != stand.1) {
            self.register.notify_one();
        }
        if !self.wekker.is_stil() {
            bel::postvakken(&mut lezing.conn()).await?.into_iter().for_each(|(oin, nr)| self.wekker.wek(oin, nr));
        }
        *gezien = Some(stand);
        geluisterd
    }
}

/// The next call; waits for ever where there is nothing to hear.
async fn hoor(oor: &mut Option<Oor>) -> Result<Roep, StoreError> {
    match oor {
        Some(oor) => oor.hoor().await,
        None => std::future::pending().await,
    }
}
