//! `klokken`: what is kept of the norm clocks, rebuilt from the messages or compared with them.

use std::path::PathBuf;

use anyhow::bail;

use super::uitvoer::{Balk, Vorm};
use crate::hub::{beleid, open_met_kluis};
use crate::klokken::herbouw_met;

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
        #[command(flatten)]
        vorm: Vorm,
    },
}

pub(super) async fn run(command: &Command) -> anyhow::Result<()> {
    let Command::Rebuild { config, check, vorm } = command;
    let config = Config::load(config)?;
    let beleid = beleid(&config)?;
    let (store, kluis) = open_met_kluis(&config).await?;
    let balk = Balk::loopt("zaken");
    let uitkomst = herbouw_met(&store, &kluis, &beleid, !check, |gedaan| balk.op(gedaan as u64)).await?;
    drop(balk);
    store.close().await;
    let anders = uitkomst.verschillen.len();
    let gelijk = anders == 0 && !(uitkomst.ander_beleid && *check);
    let als_json = serde_json::json!({
        "zaken": uitkomst.zaken,
        "klokken": uitkomst.klokken,
        "beleid": beleid.to_string(),
        "ander_beleid": uitkomst.ander_beleid,
        "verschillen": uitkomst.verschillen.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "hersteld": !check && anders > 0,
    });
    vorm.toon(&als_json, || {
        let mut regels = vec![format!("{} zaken, {} klokken gemeten; beleid {beleid}", uitkomst.zaken, uitkomst.klokken)];
        if uitkomst.ander_beleid {
            regels.push("wat bewaard was volgde een ander beleid".to_owned());
        }
        regels.extend(uitkomst.verschillen.iter().map(|zaak| format!("verschil: {zaak}")));
        if gelijk {
            regels.push("bewaard en gemeten zijn gelijk".to_owned());
        } else if !check {
            regels.push(format!("{anders} zaken hersteld"));
        }
        regels.join("\n") + "\n"
    })?;
    if *check && !gelijk {
        bail!("what is kept of the clocks differs from the messages in {anders} cases; run without --check to put it right");
    }
    Ok(())
}
