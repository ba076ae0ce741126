//! `klokken`: what is kept of the norm clocks, rebuilt from the messages or compared with them.

use std::path::PathBuf;

use anyhow::bail;

use crate::hub::{beleid, open_met_kluis};
use crate::klokken::herbouw;

use crate::config::Config;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Measure every clock anew from the messages and put right what is kept of them. The hub may go on meanwhile.
    Rebuild {
        /// Configuration of the hub.
        #[arg(long, env = "KETENHUB_CONFIG")]
        config: PathBuf,
        /// Change nothing: compare, and fail when anything differs.
        #[arg(long)]
        check: bool,
    },
}

pub(super) async fn run(command: &Command) -> anyhow::Result<()> {
    let Command::Rebuild { config, check } = command;
    let config = Config::load(config)?;
    let beleid = beleid(&config)?;
    let (store, kluis) = open_met_kluis(&config).await?;
    let uitkomst = herbouw(&store, &kluis, &beleid, !check).await?;
    store.close().await;
    println!("{} zaken, {} klokken gemeten; beleid {beleid}", uitkomst.zaken, uitkomst.klokken);
    if uitkomst.ander_beleid {
        println!("wat bewaard was volgde een ander beleid");
    }
    let anders = uitkomst.verschillen.len();
    for zaak in &uitkomst.verschillen {
        println!("verschil: {zaak}");
    }
    match (anders, check) {
        (0, _) if !(uitkomst.ander_beleid && *check) => println!("bewaard en gemeten zijn gelijk"),
        (_, false) => println!("{anders} zaken hersteld"),
        (_, true) => bail!("what is kept of the clocks differs from the messages in {anders} cases; run without --check to put it right"),
    }
    Ok(())
}
