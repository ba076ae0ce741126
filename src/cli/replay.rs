//! `replay`: what to play, and how what came of it is shown.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::uitvoer;
use crate::config::Log;
use crate::replay::{Cijfers, Gespeeld, Telling, Uitslag, Welk, speel};
use crate::telemetry;

/// What stands above the figures, in the order of the report.
const KOPPEN: [&str; 8] = ["", ">1 tijdig", ">1 vast", ">2 uitgezet", ">2 tijdig", ">2 gedragen", ">3 ingezet", ">3 tijdig"];

/// What to play, and where.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The scenario.
    #[arg(value_enum)]
    scenario: Welk,
    /// Which part of landelijk-jaar, above 0 and up to 1.
    #[arg(long, default_value_t = 1.0)]
    deel: f64,
    /// An empty database, `sqlite:PATH` or `postgres://…`; without it SQLite in a temporary folder.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Write the figures to this file as JSON; `-` prints them, and nothing else.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Serialize)]
struct Verslag<'a> {
    scenario: &'a str,
    #[serde(flatten)]
    uitslag: &'a Uitslag,
}

/// Plays and reports.
pub(super) async fn run(args: &Args) -> anyhow::Result<()> {
    telemetry::start(&Log { filter: "warn".to_owned(), json: false });
    let gespeeld = speel(args.scenario, args.deel, args.database.as_deref()).await?;
    let uitslag = gespeeld.uitslag().await;
    // Figures for a programme are not mixed with those for people.
    if args.json.as_deref() != Some(Path::new("-")) {
        uitvoer::druk(&vertel(&gespeeld))?;
        if let Ok(uitslag) = &uitslag {
            uitvoer::druk(&toon(uitslag))?;
        }
    }
    let naam = gespeeld.naam;
    gespeeld.ruim_op().await?;
    let uitslag = uitslag?;
    let Some(file) = &args.json else { return Ok(()) };
    let verslag = Verslag { scenario: naam, uitslag: &uitslag };
    if file == Path::new("-") {
        return uitvoer::json(&verslag);
    }
    let text = serde_json::to_string_pretty(&verslag)?;
    std::fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))
}

/// Tells what was played.
fn vertel(gespeeld: &Gespeeld) -> String {
    let Telling { jeugdigen, berichten, bevestigingen } = gespeeld.telling;
    let seconden = gespeeld.duur.as_secs_f64();
    format!(
        "{}: alles is aanvaard.\n\n  {jeugdigen} jeugdigen, {} deelnemers\n  {berichten} berichten ingediend, elk met een ondertekend \
         ontvangstbewijs\n  {bevestigingen} ontvangstbevestigingen\n  {seconden:.1} seconden, {:.0} berichten per seconde\n\n",
        gespeeld.naam,
        gespeeld.spelers.alle().len(),
        berichten as f64 / seconden.max(0.001)
    )
}

/// The figures as a table.
fn toon(uitslag: &Uitslag) -> String {
    let landelijk = [("landelijk", &uitslag.landelijk)];
    let alle = landelijk.into_iter().chain(uitslag.per_gi.iter().map(|(naam, cijfers)| (naam.as_str(), cijfers)));
    let rij = |(naam, cijfers): (&str, &Cijfers)| {
        std::iter::once(naam.to_owned()).chain(cijfers.alle().iter().map(|breuk| breuk.to_string())).collect()
    };
    let rijen: Vec<Vec<String>> = alle.map(rij).collect();
    format!(
        "Stand per {}, beleid {}, {} zaken:\n\n{}\nNorm 1 strikt (een minimale variant telt niet): {}\n",
        uitslag.peildatum,
        uitslag.beleid,
        uitslag.jeugdigen,
        uitvoer::tabel(&KOPPEN, &rijen),
        uitslag.norm1_strikt
    )
}
