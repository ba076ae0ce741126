//! `kluis`: the master keys that everything at rest is sealed under, and the space that destroyed bodies leave.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

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
    },
    /// How many keys each master key wraps. One that wraps none may go, once no backup is needed that it opens.
    Stand {
        /// Configuration of the hub.
        #[arg(long, env = "KETENHUB_CONFIG")]
        config: PathBuf,
    },
    /// Give back the space of what was destroyed, so that nothing of it is left in the files of the database. On PostgreSQL the tables are
    /// locked meanwhile.
    Verdicht {
        /// Configuration of the hub.
        #[arg(long, env = "KETENHUB_CONFIG")]
        config: PathBuf,
    },
}

pub(super) async fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Nieuw { config } => {
            let config = Config::load(config)?;
            if !config.kluis.opdracht.is_empty() {
                bail!("the master keys come from a command; add the new one there, and send the hub SIGHUP");
            }
            voeg_toe(&config.kluis.hoofdsleutels)?;
            println!("a new master key stands first in {}", config.kluis.hoofdsleutels.display());
        }
        Command::Stand { config } => {
            let (store, kluis) = open_met_kluis(&Config::load(config)?).await?;
            let aantallen = sleutels::per_hoofdsleutel(&mut store.read().await?.conn()).await?;
            store.close().await;
            let huidig = kluis.huidige_hoofdsleutel();
            for id in kluis.hoofdsleutels() {
                let aantal = aantallen.iter().find(|(kek, _)| *kek == id).map_or(0, |(_, aantal)| *aantal);
                println!("{id}  {aantal:>10} keys{}", if id == huidig { "  current" } else { "" });
            }
        }
        Command::Verdicht { config } => {
            let (store, _) = open_met_kluis(&Config::load(config)?).await?;
            store.verdicht().await.context("the database could not give back its space")?;
            store.close().await;
            println!("nothing that was destroyed is left in the files of the database");
        }
    }
    Ok(())
}
