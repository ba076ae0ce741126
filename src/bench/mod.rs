//! The load generator: what the hub takes in and hands out, beside yardsticks of the same run on the same machine, so that a ratio can be
//! trusted where an absolute number cannot. The hub and the raw mTLS echo are processes of their own. It measures; it tunes nothing.

mod achterstand;
mod bare;
mod berichten;
mod buurman;
mod child;
mod e2e;
mod echo;
mod idle;
mod jaar;
mod klokken;
mod lezers;
mod load;
mod machine;
mod paginas;
mod postgres;
mod rapport;
mod stage;
mod submit;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::hub::Running;
use crate::time::Clock;
pub use achterstand::{AchterstandReport, Level};
pub use buurman::{Buurman, BuurmanReport, KEER};
pub use e2e::E2eReport;
pub use idle::IdleReport;
pub use jaar::JaarReport;
pub use klokken::{Klokkenrapport, klokken};
pub use paginas::{Paginameting, Paginarapport, paginas};
pub use postgres::Weg;
pub use rapport::{Cpu, Figures, Machine};
pub use submit::{Opties, Report};

/// Where the messages go that are measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opslag {
    /// SQLite in a folder that goes away after the run.
    Folder,
    /// An empty database, `sqlite:PATH` or `postgres://…`.
    Url(String),
    /// A PostgreSQL server of its own that goes away after the run.
    Postgres(Weg),
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Soort {
    /// A jeugdhulpbepaling to an aanbieder and a gemeente, in one of the cases that were prepared.
    Bepaling,
    /// An uitspraak that opens a case.
    Uitspraak,
}

/// How to measure.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Folder with the example certificates.
    pub certs: PathBuf,
    /// `host:port` of a hub that runs already; without it one is started.
    pub hub: Option<String>,
    /// The database of the hub.
    pub opslag: Opslag,
    /// Put into the surroundings of the hub and of a PostgreSQL server that is started.
    pub env: Vec<(String, String)>,
    /// Length of one measurement.
    pub duration: Duration,
    /// How often everything is measured, in turn.
    pub rounds: usize,
    /// Messages at once.
    pub in_flight: usize,
    /// Connections they are spread over; each has one stream when streams are measured.
    pub connections: usize,
    /// Size of an encoded message, in bytes.
    pub bytes: usize,
    /// Cases to prepare.
    pub zaken: usize,
    /// Messages a second in an open loop; none is a closed loop.
    pub per_second: Option<f64>,
}

impl Plan {
    fn pace(&self) -> load::Pace {
        self.per_second.map_or(load::Pace::Closed, load::Pace::Open)
    }
}

/// Told how far a run is.
pub trait Voortgang: Sync {
    /// What is being done.
    fn stap(&self, wat: &str);
    /// That a round begins, of so many.
    fn ronde(&self, nr: usize, van: usize);
    /// That it is done.
    fn klaar(&self);
}

/// Measures unary submits.
pub async fn submit(plan: &Plan, soort: Soort, opties: Opties, voortgang: &dyn Voortgang) -> anyhow::Result<Report> {
    submit::submit(plan, load::Way::Unary, soort, opties, voortgang).await
}

/// Measures submits over streams.
pub async fn stream(plan: &Plan, soort: Soort, opties: Opties, voortgang: &dyn Voortgang) -> anyhow::Result<Report> {
    submit::submit(plan, load::Way::Stream, soort, opties, voortgang).await
}

/// Measures from the intended moment of sending to the view in the hands of every recipient, at so many messages a second.
pub async fn e2e(plan: &Plan, rate: f64, voortgang: &dyn Voortgang) -> anyhow::Result<E2eReport> {
    e2e::e2e(plan, rate, voortgang).await
}

/// Measures what so many subscribers cost that have nothing to do.
pub async fn idle(plan: &Plan, aantal: usize, voortgang: &dyn Voortgang) -> anyhow::Result<IdleReport> {
    idle::idle(plan, aantal, voortgang).await
}

/// Measures what many unread messages of others cost beside few, with delivery at so many messages a second.
pub async fn achterstand(plan: &Plan, berichten: [usize; 2], rate: f64, voortgang: &dyn Voortgang) -> anyhow::Result<AchterstandReport> {
    achterstand::achterstand(plan, berichten, rate, voortgang).await
}

/// Measures what a participant costs the others that sends far more than it may.
pub async fn buurman(plan: &Plan, wie: Buurman, voortgang: &dyn Voortgang) -> anyhow::Result<BuurmanReport> {
    buurman::buurman(plan, wie, voortgang).await
}

/// Plays a part of the national year, above 0 and up to 1.
pub async fn jaar(plan: &Plan, deel: f64, voortgang: &dyn Voortgang) -> anyhow::Result<JaarReport> {
    jaar::jaar(plan, deel, voortgang).await
}

/// Serves the yardstick of the wire until standard input ends: a process of its own beside the hub.
pub async fn yardstick(config: &Path) -> anyhow::Result<()> {
    echo::serve(&Config::load(config)?, stopped()).await
}

/// Runs a hub that protects nothing until standard input ends. What it stores is readable: for measurements only.
pub async fn unprotected(config: &Path) -> anyhow::Result<()> {
    let running = Running::start_zonder_bescherming(&Config::load(config)?, Clock::machine()).await?;
    eprintln!("the unprotected hub listens on {}", running.address);
    stopped().cancelled().await;
    Ok(running.stop().await?)
}

/// Fires when standard input ends, which it does when the load generator ends.
fn stopped() -> CancellationToken {
    let stop = CancellationToken::new();
    let token = stop.clone();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        token.cancel();
    });
    stop
}
