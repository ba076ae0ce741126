//! `tijd`: moves the clock of a sandbox (`demo --tijd`), through a socket in the file system that only who started it can open. A hub of
//! `serve` has no such socket, and no configuration gives it one: its clock is the machine's.

use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Europe::Amsterdam;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::termijn::weekdag;
use crate::domain::deelnemer::datum;
use crate::domain::klok::middernacht;

/// Where a sandbox listens unless it is told otherwise, in the folder where it was started.
pub(super) const SOCKET: &str = "ketenhub-tijd.sock";

/// How to move it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  ketenhub tijd                    what time it is there\n  ketenhub tijd +5d                five days on; also +3w and +12u\n  \
                        ketenhub tijd tot 2026-12-01     to the beginning of that day"
)]
pub(super) struct Args {
    /// `+5d`, `+3w`, `+12u`, or `tot` and a date; nothing to ask the time.
    #[arg(value_name = "WANNEER", num_args = 0..=2)]
    wanneer: Vec<String>,
    /// The socket of the sandbox.
    #[arg(long, value_name = "FILE", default_value = SOCKET)]
    socket: PathBuf,
    /// As one JSON object.
    #[arg(long)]
    json: bool,
}

/// What a sandbox answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Antwoord {
    /// The time there; absent when it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nu: Option<DateTime<Utc>>,
    /// How many cases had a warning on the way.
    #[serde(default)]
    pub(super) gewaarschuwd: usize,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fout: Option<String>,
}

/// Asks the sandbox to move its clock.
pub(super) async fn run(args: &Args) -> anyhow::Result<()> {
    let opdracht = args.wanneer.join(" ");
    Stap::lees(&opdracht)?;
    let socket = args.socket.display();
    let verbonden = UnixStream::connect(&args.socket).await;
    let mut lijn = verbonden.with_context(|| format!("no sandbox at {socket}; start one here with `ketenhub demo --tijd`"))?;
    lijn.write_all(format!("{opdracht}\n").as_bytes()).await?;
    let mut text = String::new();
    lijn.read_to_string(&mut text).await?;
    let antwoord: Antwoord = serde_json::from_str(&text).context("the sandbox ended before it answered")?;
    if let Some(fout) = antwoord.fout {
        bail!(fout);
    }
    match args.json {
        true => println!("{}", text.trim_end()),
        false => println!("{antwoord}"),
    }
    Ok(())
}

impl std::fmt::Display for Antwoord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.fout, self.nu) {
            (Some(fout), _) => write!(f, "{fout}"),
            (None, nu) => write!(f, "Het is nu {}.", nu.map(moment).unwrap_or_default()),
        }?;
        match self.gewaarschuwd {
            0 => Ok(()),
            1 => write!(f, " Onderweg kreeg 1 zaak waarschuwingen."),
            meer => write!(f, " Onderweg kregen {meer} zaken waarschuwingen."),
        }
    }
}

/// A moment as people in the Netherlands say it.
pub(super) fn moment(moment: DateTime<Utc>) -> String {
    let hier = moment.with_timezone(&Amsterdam);
    format!("{} {}", weekdag(hier.date_naive()), hier.format("%Y-%m-%d %H:%M"))
}

/// How far to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stap {
    /// Not at all.
    Nu,
    /// By so much.
    Verder(TimeDelta),
    /// To the beginning of a day in the Netherlands.
    Tot(NaiveDate),
}

impl Stap {
    /// Reads `+5d`, `+3w`, `+12u`, `tot 2026-12-01`; `nu` or nothing stands for no step.
    pub(super) fn lees(text: &str) -> anyhow::Result<Stap> {
        let text = text.trim();
        if text.is_empty() || text == "nu" {
            return Ok(Stap::Nu);
        }
        if let Some(dag) = text.strip_prefix("tot ") {
            return datum(dag.trim()).map(Stap::Tot).with_context(|| format!("{dag:?} is geen datum jjjj-mm-dd"));
        }
        let aantal = text.strip_prefix('+').and_then(|rest| rest.strip_suffix(['d', 'w', 'u']));
        let aantal = aantal.and_then(|aantal| aantal.parse::<u16>().ok()).map(i64::from);
        let stap = aantal.map(|aantal| match text.as_bytes().last() {
            Some(b'w') => TimeDelta::weeks(aantal),
            Some(b'u') => TimeDelta::hours(aantal),
            _ => TimeDelta::days(aantal),
        });
        stap.map(Stap::Verder).with_context(|| format!("{text:?} is geen stap: zeg +5d, +3w, +12u of tot 2026-12-01"))
    }

    /// Where the clock stands after it.
    pub(super) fn doel(self, nu: DateTime<Utc>) -> anyhow::Result<DateTime<Utc>> {
        let doel = match self {
            Stap::Nu => nu,
            Stap::Verder(stap) => nu + stap,
            Stap::Tot(dag) => middernacht(dag),
        };
        ensure!(doel >= nu, "de tijd gaat alleen vooruit: het is al {}", moment(nu));
        Ok(doel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_a_number_of_hours_days_or_weeks_or_a_day_to_come() {
        let nu: DateTime<Utc> = "2026-11-25T16:00:00Z".parse().unwrap();
        let na = |text: &str| Stap::lees(text).unwrap().doel(nu).unwrap().to_rfc3339();
        assert_eq!(na("+5d"), "2026-11-30T16:00:00+00:00");
        assert_eq!(na(" +3w\n"), "2026-12-16T16:00:00+00:00");
        assert_eq!(na("+12u"), "2026-11-26T04:00:00+00:00");
        assert_eq!(na("tot 2026-12-01"), "2026-11-30T23:00:00+00:00", "midnight in the Netherlands");
        assert_eq!((na(""), na("nu")), (nu.to_rfc3339(), nu.to_rfc3339()));
        for geen in ["5d", "+5", "+d", "-5d", "+99999d", "tot", "tot 1-12-2026", "morgen"] {
            assert!(Stap::lees(geen).is_err(), "{geen}");
        }
        let terug = Stap::lees("tot 2026-11-25").unwrap().doel(nu).unwrap_err().to_string();
        assert_eq!(terug, "de tijd gaat alleen vooruit: het is al woensdag 2026-11-25 17:00");
    }
}
