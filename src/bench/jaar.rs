//! The national year through the wire: how long a hub takes over a year of messages of the whole country, each by its own sender. The hub
//! runs in this process, since its time is simulated.

use serde::Serialize;

use super::machine::{self, Processes};
use super::postgres;
use super::rapport::Machine;
use super::stage::{Database, Folder};
use super::{Plan, Voortgang};
use crate::replay::{Welk, speel};

/// What was played. Whatever is refused ends the run with an error, so a report says that nothing was.
#[derive(Debug, Serialize)]
pub struct JaarReport {
    /// `jaar`.
    pub case: &'static str,
    /// The database of the hub.
    pub database: &'static str,
    /// Part of the year.
    pub share: f64,
    /// Children.
    pub children: u64,
    /// Messages, each accepted with a signed receipt that was checked.
    pub messages: u64,
    /// Messages that were refused.
    pub refused: u64,
    /// Deliveries that were acknowledged.
    pub acknowledged: u64,
    /// How long it took.
    pub seconds: f64,
    /// Messages a second.
    pub per_second: f64,
    /// How many times faster than the year itself.
    pub times_faster: f64,
    /// The machine; the hub and its clients are one process here.
    pub machine: Machine,
}

/// Plays.
pub(super) async fn jaar(plan: &Plan, deel: f64, voortgang: &dyn Voortgang) -> anyhow::Result<JaarReport> {
    anyhow::ensure!(plan.hub.is_none(), "the year is played on simulated time, which a hub elsewhere does not have");
    voortgang.stap("playing the year");
    let folder = Folder::new()?;
    let fsync = machine::fsync_rate(&folder.0)?;
    let database = Database::open(plan, &folder.0).await?;
    let url = database.url.as_deref();
    let postgres = match url.filter(|url| !url.starts_with("sqlite:")) {
        Some(url) => postgres::first_process(url).await,
        None => None,
    };
    let processes = Processes { postgres, ..Processes::default() };
    let begin = processes.cpu();
    let played = speel(Welk::LandelijkJaar, deel, url).await?;
    let spent = processes.since(&begin);
    let (telling, seconds) = (played.telling, played.duur.as_secs_f64());
    played.ruim_op().await?;
    voortgang.klaar();
    Ok(JaarReport {
        case: "jaar",
        database: database.soort,
        share: deel,
        children: telling.jeugdigen,
        messages: telling.berichten,
        refused: 0,
        acknowledged: telling.bevestigingen,
        seconds,
        per_second: telling.berichten as f64 / seconds,
        times_faster: 366.0 * 86_400.0 * deel / seconds,
        machine: Machine::judge(fsync, spent),
    })
}
