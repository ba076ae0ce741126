//! `termijn`: the deadlines of the norms from one day, with nothing but a calendar. Officials read it: it speaks Dutch.

use std::path::PathBuf;

use chrono::{Datelike as _, NaiveDate, Weekday};
use jeugdketen_proto::v1::Norm;
use serde::Serialize;

use super::uitvoer::{self, Vorm};
use crate::domain::beleid::{Beleid, Termijn};
use crate::domain::deelnemer::datum;
use crate::hub::kalender;

/// From which day, and how to show it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// First day, yyyy-mm-dd; the day itself does not count.
    #[arg(long, value_name = "DATE", value_parser = dag)]
    vanaf: NaiveDate,
    /// Days equated with a holiday by royal decree, a date yyyy-mm-dd a line.
    #[arg(long, value_name = "FILE")]
    aangewezen: Option<PathBuf>,
    #[command(flatten)]
    vorm: Vorm,
}

#[derive(Serialize)]
struct Termijnen {
    vanaf: NaiveDate,
    norm1: NaiveDate,
    norm2: NaiveDate,
    norm3: NaiveDate,
    norm2_verlengd: NaiveDate,
    norm3_verlengd: NaiveDate,
}

/// Works them out and prints them.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let beleid = Beleid { kalender: kalender(args.aangewezen.as_deref())?, ..Beleid::default() };
    let vanaf = args.vanaf;
    let [norm1, norm2, norm3] = [Norm::Jeugdbeschermer, Norm::Koers, Norm::PassendeHulp].map(|norm| beleid.termijn(norm, vanaf));
    if args.vorm.json {
        let (norm2_verlengd, norm3_verlengd) = (norm2.verlengd, norm3.verlengd);
        let (norm1, norm2, norm3) = (norm1.uiterlijk, norm2.uiterlijk, norm3.uiterlijk);
        return uitvoer::json_regel(&Termijnen { vanaf, norm1, norm2, norm3, norm2_verlengd, norm3_verlengd });
    }
    uitvoer::regel(format!("Termijnen vanaf {} {vanaf} (die dag telt niet mee)\n", weekdag(vanaf)))?;
    uitvoer::regel(format!("{:29}  {:11}  {:20}  volgens de Algemene termijnenwet", "", "termijn", "uiterlijk"))?;
    let norm1_duur = format!("{} werkdagen", beleid.norm1_werkdagen);
    uitvoer::regel(regel("norm 1  vaste jeugdbeschermer", &norm1_duur, norm1.uiterlijk))?;
    for (norm, duur, termijn) in [
        ("norm 2  gedragen koers", format!("{} weken", beleid.norm2_weken), norm2),
        ("norm 3  passende hulp", format!("{} maanden", beleid.norm3_maanden), norm3),
    ] {
        uitvoer::regel(format!("{}  {}", regel(norm, &duur, termijn.uiterlijk), verlengd(&beleid, termijn)))?;
    }
    Ok(())
}

fn regel(norm: &str, duur: &str, uiterlijk: NaiveDate) -> String {
    format!("{norm:29}  {duur:11}  {:9} {uiterlijk}", weekdag(uiterlijk))
}

fn verlengd(beleid: &Beleid, Termijn { uiterlijk, verlengd }: Termijn) -> String {
    let reden = match (verlengd == uiterlijk, beleid.kalender.is_feestdag(uiterlijk)) {
        (true, _) => "",
        (false, true) => " (feestdag)",
        (false, false) => " (weekend)",
    };
    format!("{:9} {verlengd}{reden}", weekdag(verlengd))
}

/// The name of the day of the week.
pub(super) fn weekdag(dag: NaiveDate) -> &'static str {
    match dag.weekday() {
        Weekday::Mon => "maandag",
        Weekday::Tue => "dinsdag",
        Weekday::Wed => "woensdag",
        Weekday::Thu => "donderdag",
        Weekday::Fri => "vrijdag",
        Weekday::Sat => "zaterdag",
        Weekday::Sun => "zondag",
    }
}

fn dag(text: &str) -> Result<NaiveDate, &'static str> {
    datum(text).ok_or("must be a date yyyy-mm-dd, from 1900 to 2199")
}
