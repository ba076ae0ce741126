//! `replay`: plays a chain of many participants through a whole hub on simulated time: mutual TLS over loopback, a real database, every
//! participant a client with a certificate of its own. A scenario says what happened to each child; the hub judges.

mod agenda;
mod cijfers;
mod deelnemers;
mod gangen;
mod inspectie_2021;
mod keuze;
mod klanten;
mod landelijk_jaar;
mod motor;
mod schrijver;
mod verloop;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use chrono::{DateTime, NaiveDate, Utc};

pub use cijfers::{Breuk, Cijfers, Uitslag};
pub use deelnemers::{Deelnemers, Speler};
pub use motor::Telling;

use crate::config::Config;
use crate::hub::{Running, open_store};
use crate::store::lees_reeks;
use crate::time::Clock;
use klanten::Klanten;
use motor::Motor;
use verloop::Verloop;

/// The scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Welk {
    /// The 400 children of the inspection of 2021.
    #[value(name = "inspectie-2021")]
    Inspectie2021,
    /// A year of national volume.
    LandelijkJaar,
}

/// What is played.
pub struct Scenario {
    /// Its name.
    naam: &'static str,
    /// The first day.
    begin: NaiveDate,
    /// The last day, at the end of which is looked.
    peildatum: NaiveDate,
    /// Only maatregelen pronounced from this day on are judged.
    vanaf: Option<NaiveDate>,
    /// Who takes part.
    spelers: Deelnemers,
    /// What happened to each child, in the order of the uitspraken.
    verlopen: Box<dyn Iterator<Item = Verloop> + Send>,
    /// Who reads its mailbox from a moment on without confirming it.
    stopt_bevestigen: Vec<(usize, DateTime<Utc>)>,
}

/// A scenario that was played, and its hub, which still runs.
pub struct Gespeeld {
    /// The hub.
    pub running: Running,
    /// What was played.
    pub telling: Telling,
    /// How long it took.
    pub duur: Duration,
    /// Who took part.
    pub spelers: Deelnemers,
    /// The day at the end of which is looked.
    pub peildatum: NaiveDate,
    /// The name of the scenario.
    pub naam: &'static str,
    vanaf: Option<NaiveDate>,
    klanten: Arc<Klanten>,
    folder: PathBuf,
}

/// Plays a scenario on a hub of its own. An error when anything was refused.
pub async fn speel(welk: Welk, deel: f64, database: Option<&str>) -> anyhow::Result<Gespeeld> {
    let mut scenario = match welk {
        Welk::Inspectie2021 => inspectie_2021::scenario()?,
        Welk::LandelijkJaar => landelijk_jaar::scenario(deel)?,
    };
    let folder = std::env::temp_dir().join(format!("ketenhub-replay-{}", Clock::machine().new_id()));
    let certs = folder.join("certs");
    scenario.spelers.schrijf(&certs)?;
    let mut config = Config::on_loopback(&certs, &folder, 0);
    if let Some(url) = database {
        url.clone_into(&mut config.database);
        config.check()?;
    }
    // Before the hub starts, which would miss the keys of what is there.
    let store = open_store(&config).await?;
    let berichten = lees_reeks(&mut store.read().await?.conn()).await?.bericht;
    store.close().await;
    ensure!(berichten == 0, "the database holds messages already; a replay needs an empty database");
    let clock = Clock::manual(agenda::om(scenario.begin, 5));
    let running = Running::start(&config, clock.clone()).await?;
    let publiek = running.hub.sleutel.load().publiek().to_vec();
    let klanten = Arc::new(Klanten::new(&running.address.to_string(), &certs, &publiek, scenario.spelers.clone())?);
    let begin = Instant::now();
    let telling = Motor::new(&running, Arc::clone(&klanten), clock).speel(&mut scenario).await;
    let duur = begin.elapsed();
    let Scenario { naam, peildatum, vanaf, spelers, .. } = scenario;
    match telling {
        Ok(telling) => Ok(Gespeeld { running, telling, duur, spelers, peildatum, naam, vanaf, klanten, folder }),
        Err(fout) => {
            running.stop().await?;
            let _ = std::fs::remove_dir_all(&folder);
            Err(fout)
        }
    }
}

impl Gespeeld {
    /// The figures that the hub gives the inspectie.
    pub async fn uitslag(&self) -> anyhow::Result<Uitslag> {
        let vanaf = self.vanaf.map(|dag| dag.to_string()).unwrap_or_default();
        cijfers::vraag(&self.klanten, &vanaf, &self.peildatum.to_string()).await
    }

    /// Stops the hub and removes what it kept in its own folder: made-up children only.
    pub async fn ruim_op(self) -> anyhow::Result<()> {
        self.running.stop().await?;
        let _ = std::fs::remove_dir_all(&self.folder);
        Ok(())
    }
}
