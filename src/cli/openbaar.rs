//! `openbaar`: writes the contract as a page.

use std::path::PathBuf;

use anyhow::Context as _;

use super::uitvoer::Vorm;
use crate::openbaar::pagina;

/// Where to.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder to write `index.html` to; it is made when it is not there, and an older page is replaced.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    vorm: Vorm,
}

/// Writes it.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let pagina = pagina()?;
    let bestand = args.out.join("index.html");
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    std::fs::write(&bestand, &pagina).with_context(|| format!("cannot write {}", bestand.display()))?;
    let uitkomst = serde_json::json!({ "file": bestand, "bytes": pagina.len() });
    args.vorm.toon(&uitkomst, || format!("the contract is in {}\n", bestand.display()))
}
