//! The one way in which the commands print: results on standard output, the rest on standard error; colours only where somebody sees them
//! (`NO_COLOR`, `CLICOLOR` and a pipe turn them off); bars only on a terminal. It decides nothing about what is printed.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use indicatif::{ProgressBar, ProgressStyle};
use owo_colors::OwoColorize as _;
use serde::Serialize;

use crate::json::{self, Named};

/// Whether programmes read it.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Vorm {
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

impl Vorm {
    /// Prints a result: its JSON, or the text for people.
    pub(super) fn toon(self, waarde: &impl Serialize, tekst: impl FnOnce() -> String) -> anyhow::Result<()> {
        if self.json { json(waarde) } else { druk(&tekst()) }
    }
}

/// Prints text as it is. Who reads it may go away: that is an error like any other, so that nothing is acknowledged that nobody read.
pub(super) fn druk(tekst: &str) -> anyhow::Result<()> {
    let mut uit = anstream::stdout().lock();
    uit.write_all(tekst.as_bytes())?;
    Ok(uit.flush()?)
}

/// Prints a line.
pub(super) fn regel(tekst: impl Display) -> anyhow::Result<()> {
    druk(&format!("{tekst}\n"))
}

/// Prints a value as JSON on many lines.
pub(super) fn json(waarde: &impl Serialize) -> anyhow::Result<()> {
    regel(serde_json::to_string_pretty(waarde)?)
}

/// Prints a value as JSON on one line.
pub(super) fn json_regel(waarde: &impl Serialize) -> anyhow::Result<()> {
    regel(serde_json::to_string(waarde)?)
}

/// Prints a message of the contract as protobuf JSON on many lines.
pub(super) fn bericht<M: Named>(bericht: &M) -> anyhow::Result<()> {
    regel(json::write(bericht)?)
}

/// The same on one line.
pub(super) fn bericht_regel<M: Named>(bericht: &M) -> anyhow::Result<()> {
    regel(json::write_line(bericht)?)
}

/// Says something that is no result. Nobody need hear it.
pub(super) fn meld(tekst: impl Display) {
    let _ = writeln!(anstream::stderr(), "{tekst}");
}

/// Columns as wide as their widest cell, two spaces between them; numbers to the right, which is every column that the head names after a
/// `>`. The lines are not broken: what reads them, a person or `grep`, finds a row on one.
pub(super) fn tabel(koppen: &[&str], rijen: &[Vec<String>]) -> String {
    let mut tabel = Table::new();
    tabel.load_style(NOTHING).set_header(koppen.iter().map(|kop| kop.trim_start_matches('>'))).add_rows(rijen);
    for (nr, kop) in koppen.iter().enumerate() {
        let Some(kolom) = tabel.column_mut(nr) else { continue };
        kolom.set_padding((if nr == 0 { 0 } else { 2 }, 0));
        kolom.set_cell_alignment(if kop.starts_with('>') { CellAlignment::Right } else { CellAlignment::Left });
    }
    let regels = tabel.lines().enumerate().map(|(nr, regel)| match (nr, regel.trim_end()) {
        (0, kop) => format!("{}\n", kop.bold()),
        (_, regel) => format!("{regel}\n"),
    });
    regels.collect()
}

/// Good.
pub(super) fn goed(tekst: &str) -> String {
    tekst.green().to_string()
}

/// Wrong.
pub(super) fn fout(tekst: &str) -> String {
    tekst.red().bold().to_string()
}

/// To look at.
pub(super) fn letop(tekst: &str) -> String {
    tekst.yellow().to_string()
}

/// Beside the point.
pub(super) fn stil(tekst: &str) -> String {
    tekst.dimmed().to_string()
}

/// Progress on standard error; nothing when that is no terminal.
pub(super) struct Balk(ProgressBar);

impl Balk {
    /// A bar that counts these.
    pub(super) fn telt(wat: &str) -> Balk {
        Balk::met(&format!("{{elapsed_precise}}  {{bar:30}}  {{human_pos}}/{{human_len}} {wat}, {{per_sec}}  {{msg}}"))
    }

    /// Something that turns, for work of which nobody knows how much it is.
    pub(super) fn draait(wat: &str) -> Balk {
        let balk = Balk::met("{elapsed_precise}  {spinner}  {msg}");
        balk.zegt(wat);
        balk
    }

    /// A number that grows, for work of which nobody knows how much it is.
    pub(super) fn loopt(wat: &str) -> Balk {
        Balk::met(&format!("{{elapsed_precise}}  {{spinner}}  {{human_pos}} {wat}, {{per_sec}}"))
    }

    fn met(vorm: &str) -> Balk {
        if !std::io::stderr().is_terminal() {
            return Balk(ProgressBar::hidden());
        }
        let balk = ProgressBar::new(0).with_style(ProgressStyle::with_template(vorm).unwrap_or_else(|_| ProgressStyle::default_bar()));
        balk.enable_steady_tick(Duration::from_millis(250));
        Balk(balk)
    }

    /// How many it did.
    pub(super) fn op(&self, gedaan: u64) {
        self.0.set_position(gedaan);
    }

    /// How far it is.
    pub(super) fn stand(&self, gedaan: u64, van: u64) {
        self.0.set_length(van);
        self.0.set_position(gedaan);
    }

    /// It is done: the line is for others.
    pub(super) fn wis(&self) {
        self.0.finish_and_clear();
    }

    /// What it is doing.
    pub(super) fn zegt(&self, wat: &str) {
        self.0.set_message(wat.to_owned());
    }
}

impl Drop for Balk {
    fn drop(&mut self) {
        self.wis();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_their_letters_and_numbers_stand_to_the_right() {
        let rij = |cellen: [&str; 2]| cellen.map(str::to_owned).to_vec();
        let rijen = [rij(["Één", "1"]), rij(["a,b", "10"]), rij(["zegt \"ja\"", ""])];
        let zonder_kleur = anstream::adapter::strip_str(&tabel(&["Naam", ">N"], &rijen)).to_string();
        assert_eq!(zonder_kleur, "Naam        N\nÉén         1\na,b        10\nzegt \"ja\"\n");
    }
}
