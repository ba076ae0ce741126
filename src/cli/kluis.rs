//! `kluis`: the master keys that everything at rest is sealed under, and the space that destroyed bodies leave.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use serde_json::json;

use super::uitvoer::{Balk, Vorm};
use crate::config::Config;
use crate::hub::open_met_kluis;
use crate::kluis::voeg_toe;
use crate::store::sleutels;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Put a new master key before those in the file that the configuration names. A hub that runs takes it up within seconds and wraps
    /// every key anew with it; other hubs on the same database need the file too, before this one is told.
    Nieuw {
        /// Configuration of the hub.
        #[arg(long, env = "KETENHUB_CONFIG")]
        config: PathBuf,
        #[command(flatten)]
        vorm: Vorm,
    },
    /// How many keys each master key wraps. One that wraps none may go, once no backup is needed that it opens.
    Stand {
        /// Configuration of the hub.
        #[arg(long, env = "KETENHUB_CONFIG")]
        config: PathBuf,
        #[command(flatten)]
        vorm: Vorm,
    },
    /// Give back the space of what was destroyed, so that nothing of it is left in the files of the database. On PostgreSQL the tables are
    /// locked meanwhile.
    Verdicht {
        /// Configuration of the hub.
        #[arg(long, env = "KETENHUB_CONFIG")]
        config: PathBuf,
        #[command(flatten)]
        vorm: Vorm,
    },
}

pub(super) async fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Nieuw { config, vorm } => nieuw(&Config::load(config)?, *vorm),
        Command::Stand { config, vorm } => stand(&Config::load(config)?, *vorm).await,
        Command::Verdicht { config, vorm } => verdicht(&Config::load(config)?, *vorm).await,
    }
}

fn nieuw(config: &Config, vorm: Vorm) -> anyhow::Result<()> {
    if !config.kluis.opdracht.is_empty() {
        bail!("the master keys come from a command; add the new one there, and send the hub SIGHUP");
    }
    let file = &config.kluis.hoofdsleutels;
    voeg_toe(file)?;
    vorm.toon(&json!({ "hoofdsleutels": file }), || format!("a new master key stands first in {}\n", file.display()))
}

async fn stand(config: &Config, vorm: Vorm) -> anyhow::Result<()> {
    let (store, kluis) = open_met_kluis(config).await?;
    let aantallen = sleutels::per_hoofdsleutel(&mut store.read().await?.conn()).await?;
    store.close().await;
    let huidig = kluis.huidige_hoofdsleutel();
    let van = |id: &str| aantallen.iter().find(|(kek, _)| kek == id).map_or(0, |(_, aantal)| *aantal);
    let standen: Vec<_> = kluis.hoofdsleutels().into_iter().map(|id| (id.clone(), van(&id), id == huidig)).collect();
    let als_json: Vec<_> = standen.iter().map(|(id, keys, current)| json!({ "id": id, "keys": keys, "current": current })).collect();
    vorm.toon(&als_json, || {
        let regel =
            |(id, aantal, huidig): &(String, _, bool)| format!("{id}  {aantal:>10} keys{}\n", if *huidig { "  current" } else { "" });
        standen.iter().map(regel).collect()
    })
}

async fn verdicht(config: &Config, vorm: Vorm) -> anyhow::Result<()> {
    let balk = Balk::draait("giving back the space of what was destroyed");
    let (store, _) = open_met_kluis(config).await?;
    store.verdicht().await.context("the database could not give back its space")?;
    store.close().await;
    drop(balk);
    vorm.toon(&json!({ "destroyed_is_gone": true }), || "nothing that was destroyed is left in the files of the database\n".to_owned())
}
