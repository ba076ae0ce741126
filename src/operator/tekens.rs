//! Signs of life: at every heartbeat each hub notes which participants are connected to it, so that any hub can say when somebody was last
//! there. Beside the messages and never in their way: a connection of its own, no lock, and a beat that is missed is not made up for.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::domain::ids::Oin;
use crate::identity::verbindingen::Verbindingen;
use crate::store::{Store, StoreError, tekens};
use crate::time::Clock;

/// How long the database may take to take a beat.
const GEDULD: Duration = Duration::from_secs(5);
/// What PostgreSQL shows of the connection.
const NAAM: &str = "ketenhub-tekens";

/// Goes on until the token fires.
pub async fn noteer(store: Store, verbindingen: Arc<Verbindingen>, clock: Clock, slag: Duration, stop: CancellationToken) {
    let mut tik = interval(slag);
    tik.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tik.tick() => {}
        }
        let verbonden: BTreeSet<Oin> = verbindingen.overzicht().iter().map(|identiteit| identiteit.oin).collect();
        if !verbonden.is_empty() && !matches!(timeout(GEDULD, schrijf(&store, &verbonden, clock.micros())).await, Ok(Ok(()))) {
            tracing::warn!(connected = verbonden.len(), "signs of life could not be noted; the next beat says it again");
        }
    }
}

async fn schrijf(store: &Store, verbonden: &BTreeSet<Oin>, op: i64) -> Result<(), StoreError> {
    let wie: Vec<Oin> = verbonden.iter().copied().collect();
    let mut eigen = store.eigen(NAAM).await?;
    tekens::schrijf(&mut eigen.conn(), &wie, op).await?;
    eigen.sluit().await
}
