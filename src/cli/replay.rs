//! `replay`: what to play, and how what came of it is shown.

use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;

use crate::config::Log;
use crate::replay::{Gespeeld, Telling, Uitslag, Welk, speel};
use crate::telemetry;

/// What stands above the figures, in the order of the report.
const KOPPEN: [&str; 7] = ["1 tijdig", "1 vast", "2 uitgezet", "2 tijdig", "2 gedragen", "3 ingezet", "3 tijdig"];

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
    /// Write the figures to this file.
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
    vertel(&gespeeld);
    let uitslag = gespeeld.uitslag().await;
    if let Ok(uitslag) = &uitslag {
        toon(uitslag);
    }
    let naam = gespeeld.naam;
    gespeeld.ruim_op().await?;
    let uitslag = uitslag?;
    if let Some(file) = &args.json {
        let text = serde_json::to_string_pretty(&Verslag { scenario: naam, uitslag: &uitslag })?;
        std::fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// Tells what was played.
fn vertel(gespeeld: &Gespeeld) {
    let Telling { jeugdigen, berichten, bevestigingen } = gespeeld.telling;
    let seconden = gespeeld.duur.as_secs_f64();
    println!("{}: alles is aanvaard.\n", gespeeld.naam);
    println!("  {jeugdigen} jeugdigen, {} deelnemers", gespeeld.spelers.alle().len());
    println!("  {berichten} berichten ingediend, elk met een ondertekend ontvangstbewijs");
    println!("  {bevestigingen} ontvangstbevestigingen");
    println!("  {seconden:.1} seconden, {:.0} berichten per seconde\n", berichten as f64 / seconden.max(0.001));
}

/// The figures as a table.
fn toon(uitslag: &Uitslag) {
    println!("Stand per {}, beleid {}, {} zaken:\n", uitslag.peildatum, uitslag.beleid, uitslag.jeugdigen);
    print!("{:16}", "");
    KOPPEN.iter().for_each(|kop| print!("{kop:>19}"));
    println!();
    let landelijk = [("landelijk", &uitslag.landelijk)];
    for (naam, cijfers) in landelijk.into_iter().chain(uitslag.per_gi.iter().map(|(naam, cijfers)| (naam.as_str(), cijfers))) {
        print!("{naam:16}");
        cijfers.alle().iter().for_each(|breuk| print!("{:>19}", breuk.to_string()));
        println!();
    }
    println!("\nNorm 1 strikt (een minimale variant telt niet): {}", uitslag.norm1_strikt);
}
