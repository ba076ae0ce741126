//! `certs`: what to make of the holders of a file, or of those of the example.

use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use super::uitvoer::Vorm;
use crate::certs::{Houder, PkiPlan, maak};
use crate::domain::ids::Oin;
use crate::time::Clock;

/// The holders of the example certificates.
const VOORBEELD: &str = include_str!("../../certs-example/houders.json");
/// What stands before every name of the example.
const VOORVOEGSEL: &str = "EXAMPLE ";

/// What to make.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder to write to; nothing in it is overwritten.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// JSON array of holders: bestand, oin, naam, ingetrokken. Without it those of the example.
    #[arg(long, value_name = "FILE")]
    houders: Option<PathBuf>,
    /// What stands before every name. With `EXAMPLE ` the hub serves it on loopback only.
    #[arg(long, default_value = "TEST ")]
    voorvoegsel: String,
    /// OIN of the hub.
    #[arg(long, default_value = "00000099120000001000")]
    hub_oin: Oin,
    /// Name or address of the hub, besides localhost; can be given more than once.
    #[arg(long = "hub", value_name = "NAAM")]
    hub_namen: Vec<String>,
    /// First day of validity in UTC, yyyy-mm-dd; without it today.
    #[arg(long)]
    vanaf: Option<NaiveDate>,
    /// Years of validity.
    #[arg(long, default_value_t = 1)]
    jaren: u32,
    #[command(flatten)]
    vorm: Vorm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Regel {
    bestand: String,
    oin: String,
    naam: String,
    ingetrokken: bool,
}

/// Makes it.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let text = match &args.houders {
        Some(file) => std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?,
        None => VOORBEELD.to_owned(),
    };
    let regels: Vec<Regel> = serde_json::from_str(&text).context("the holders are not as they should be")?;
    let houder = |regel: &Regel| -> anyhow::Result<Houder> {
        let oin = Oin::parse(&regel.oin).with_context(|| format!("holder {}", regel.bestand))?;
        let naam = regel.naam.strip_prefix(VOORVOEGSEL).unwrap_or(&regel.naam).to_owned();
        Ok(Houder { bestand: regel.bestand.clone(), oin, naam })
    };
    let vanaf = args.vanaf.unwrap_or_else(|| eerste_dag(Clock::machine().now()));
    let plan = PkiPlan {
        voorvoegsel: args.voorvoegsel.clone(),
        van: vanaf.and_time(chrono::NaiveTime::MIN).and_utc(),
        jaren: args.jaren,
        hub_oin: args.hub_oin,
        hub_naam: "Ketenhub".to_owned(),
        hub_namen: args.hub_namen.clone(),
        houders: regels.iter().map(houder).collect::<Result<_, _>>()?,
        ingetrokken: regels.iter().filter(|regel| regel.ingetrokken).map(|regel| regel.bestand.clone()).collect(),
    };
    let files = maak(&args.out, &plan)?;
    args.vorm.toon(&serde_json::json!({ "files": files }), || format!("{} files in {}\n", files.len(), args.out.display()))
}

/// The day in UTC, as certificates count. In the Netherlands it begins an hour or two earlier: its certificates would not be valid yet.
fn eerste_dag(nu: DateTime<Utc>) -> NaiveDate {
    nu.date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_of_today_are_valid_at_once_also_in_the_first_hours_of_a_dutch_day() {
        for nu in ["2026-11-21T23:30:00Z", "2026-07-01T22:00:00Z", "2026-07-01T12:00:00Z"] {
            let nu: DateTime<Utc> = nu.parse().unwrap();
            assert!(eerste_dag(nu).and_time(chrono::NaiveTime::MIN).and_utc() <= nu);
        }
    }
}
