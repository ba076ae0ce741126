//! `serve` and `migrate`.

use std::path::Path;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use super::uitvoer::{Balk, Vorm};
use crate::config::Config;
use crate::hub::{Running, open_store};
use crate::telemetry;
use crate::time::Clock;

/// Runs until SIGINT or SIGTERM; SIGHUP makes it look at its certificates and master keys at once.
pub(super) async fn serve(path: &Path) -> anyhow::Result<()> {
    let config = Config::load(path)?;
    telemetry::start(&config.log);
    // Before anything else: a signal that nobody listens to ends the process at once.
    let (mut int, mut term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut hup = signal(SignalKind::hangup())?;
    let mut running = Running::start(&config, Clock::machine()).await?;
    loop {
        tokio::select! {
            outcome = running.ended() => { outcome?; anyhow::bail!("the hub stopped serving by itself") }
            _ = int.recv() => break,
            _ = term.recv() => break,
            _ = hup.recv() => running.herlaad(),
        }
    }
    Ok(running.stop().await?)
}

/// Brings the database up to date.
pub(super) async fn migrate(path: &Path, vorm: Vorm) -> anyhow::Result<()> {
    let config = Config::load(path)?;
    let balk = Balk::draait("bringing the database up to date");
    let store = open_store(&config).await.context("the database could not be brought up to date")?;
    store.close().await;
    drop(balk);
    vorm.toon(&serde_json::json!({ "up_to_date": true }), || "the database is up to date\n".to_owned())
}
