//! Which of several hubs on one database sends warnings and looks after what is kept. A lease without clocks: the leader raises a count; who
//! sees the same count for long enough, on a clock of its own that only goes forward, takes over. It guards against double work, not against
//! error: what is led stays right when two believe that they lead, because the facts stand in the transaction.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::{Admission, Onderhoud};
use crate::store::eigen::Eigen;
use crate::store::leiding::{self, Stand};
use crate::store::{Store, StoreError};

/// How often a hub looks who leads.
const BLIK: Duration = Duration::from_secs(1);
/// How often the leader raises the count.
const SLAG: Duration = Duration::from_millis(1500);
/// How long a leader goes by its last beat. Shorter than the others wait, so that it has stopped before they begin.
const GELDIG: Duration = Duration::from_secs(5);
/// How long another hub sees the same count before it takes over.
const STIL: Duration = Duration::from_secs(6);
/// How long the database may take to answer.
const GEDULD: Duration = Duration::from_secs(2);
/// What PostgreSQL shows of the connection.
const NAAM: &str = "ketenhub-leiding";

/// Whether this hub leads.
#[derive(Debug, Default)]
pub struct Leiding {
    tot: Mutex<Option<Instant>>,
    begonnen: Notify,
}

impl Leiding {
    /// Whether it leads at this moment. A hub that stood still or was cut off knows that it does not, before it asks anybody.
    pub fn leidt(&self) -> bool {
        self.tot.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|tot| Instant::now() < tot)
    }

    fn zet(&self, tot: Option<Instant>) {
        let leidde = self.leidt();
        *self.tot.lock().unwrap_or_else(PoisonError::into_inner) = tot;
        if leidde != self.leidt() {
            tracing::info!(leads = !leidde, "which hub sends warnings changed");
            self.begonnen.notify_one();
        }
    }
}

/// Takes and keeps the lead when nobody else does.
#[derive(Debug)]
pub struct Dinger {
    /// The database.
    pub store: Store,
    /// What it is called in the database; another at each start.
    pub naam: String,
    /// What it tells.
    pub leiding: Arc<Leiding>,
}

/// What is known of the row: as it was seen last, since when, and for a leader when it beat.
struct Gezien {
    stand: Stand,
    sinds: Instant,
}

impl Dinger {
    /// Goes on until the token fires, and gives the lead up then.
    pub async fn draai(self, stop: CancellationToken) {
        let mut blik = interval(BLIK);
        blik.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut conn, mut gezien, mut klaagde) = (None, None, false);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = blik.tick() => {}
            }
            let gedaan = timeout(GEDULD, self.blik(&mut conn, &mut gezien)).await;
            if let Ok(Ok(())) = gedaan {
                klaagde = false;
                continue;
            }
            if !klaagde {
                tracing::warn!("who leads could not be read; it is tried again");
            }
            // Whether the last statement was carried out is not known: a connection that failed is of no more use.
            (conn, klaagde) = (None, true);
            if !self.leiding.leidt() {
                self.leiding.zet(None);
            }
        }
        let (Some(mut conn), Some(Gezien { stand, .. })) = (conn, gezien) else { return };
        if stand.houder == self.naam {
            self.leiding.zet(None);
            let _ = timeout(GEDULD, leiding::zet(&mut conn.conn(), "", &stand)).await;
        }
        let _ = timeout(GEDULD, conn.sluit()).await;
    }

    async fn blik(&self, conn: &mut Option<Eigen>, gezien: &mut Option<Gezien>) -> Result<(), StoreError> {
        let eigen = match conn {
            Some(eigen) => eigen,
            None => conn.insert(self.store.eigen(NAAM).await?),
        };
        // Before it is asked: what is known is from then.
        let nu = Instant::now();
        let stand = leiding::lees(&mut eigen.conn()).await?;
        let zelfde = gezien.as_ref().is_some_and(|gezien| gezien.stand == stand);
        if !zelfde {
            *gezien = Some(Gezien { stand: stand.clone(), sinds: nu });
        }
        let rust = gezien.as_ref().map_or(Duration::ZERO, |gezien| nu - gezien.sinds);
        let van_mij = stand.houder == self.naam;
        if !van_mij {
            self.leiding.zet(None);
        }
        let aan_zet = if van_mij { rust >= SLAG || !zelfde } else { stand.houder.is_empty() || rust >= STIL };
        if aan_zet && leiding::zet(&mut eigen.conn(), &self.naam, &stand).await? {
            *gezien = Some(Gezien { stand: Stand { houder: self.naam.clone(), slag: stand.slag + 1 }, sinds: nu });
            self.leiding.zet(Some(nu + GELDIG));
        }
        Ok(())
    }
}

/// Sends clock warnings as they come due and looks after what is kept, while this hub leads: at its interval, at once when it begins to
/// lead, and at once when there is a reason to.
pub async fn werk(admission: Admission, onderhoud: Arc<Onderhoud>, leiding: Arc<Leiding>, interval: Duration, stop: CancellationToken) {
    let mut tick = tokio::time::interval(interval);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
            () = leiding.begonnen.notified() => {}
            () = onderhoud.gewekt() => {}
        }
        if !leiding.leidt() {
            continue;
        }
        if let Err(error) = admission.tik().await {
            tracing::warn!(error = %crate::telemetry::causes(&error), "clock warnings could not be sent; they are tried again");
        }
        if let Err(error) = admission.onderhoud().await {
            tracing::warn!(error = %crate::telemetry::causes(&error), "what is kept could not be looked after; it is tried again");
        }
    }
}
