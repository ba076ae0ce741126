//! `doctor`: why a participant does not get through to a hub, one check at a time, each with what to do. It sends no message, reads no
//! mailbox and changes nothing.

mod eigen;
mod hub;
mod verslag;

use std::path::PathBuf;

use anyhow::bail;

use super::client::Naar;
use super::uitvoer::Vorm;
use crate::time::Clock;
use verslag::Verslag;

/// Which hub, as whom, and with which list.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File with the revocation lists of your issuer, PEM or DER, as it publishes them: their age is checked, and whether you are on one.
    #[arg(long, value_name = "FILE")]
    crl: Option<PathBuf>,
    #[command(flatten)]
    vorm: Vorm,
    #[command(flatten)]
    naar: Naar,
}

/// Checks everything and prints what it found; fails when anything is wrong.
pub(super) async fn run(args: &Args) -> anyhow::Result<()> {
    let clock = Clock::machine();
    let tls = args.naar.tls()?;
    let mut verslag = Verslag::default();
    let dossier = eigen::keur(&tls, args.crl.as_deref(), &clock, &mut verslag);
    hub::keur(args.naar.endpoint(), &tls, dossier.as_ref(), &clock, &mut verslag).await;
    verslag.toon(args.naar.endpoint(), args.vorm)?;
    let fout = verslag.mislukt();
    if fout.is_empty() { Ok(()) } else { bail!("not in order: {}", fout.join(", ")) }
}
