//! A client as it should be, small and whole: it subscribes, deduplicates, confirms, repeats and verifies. Beside it, for every case of the
//! conformance kit, one way to break exactly that. It shares no code with the kit but the words in which it is told what to do.

mod lijn;
mod ontvangst;
mod verzending;

use std::time::Duration;

use ketenhub::conform::logboek::Logboek;
use ketenhub::conform::proef::{Lopend, Opdracht, Proef, Taak};
use ketenhub::time::Clock;
use tonic::Status;
use tonic_types::StatusExt as _;

/// How long it stays away when nobody says how long.
const PAUZE: Duration = Duration::from_millis(60);

/// The client; with the id of a case, that which breaks it.
pub struct Referentie(pub Option<&'static str>);

impl Proef for Referentie {
    fn start(&self, opdracht: Opdracht, log: Logboek) -> anyhow::Result<Lopend> {
        let klant = Klant { opdracht, log, breuk: self.0, begin: Clock::machine().micros() };
        Ok(Box::pin(async move {
            match klant.opdracht.taak {
                Taak::Ontvang => ontvangst::ontvang(klant).await,
                Taak::Verzend => verzending::verzend(klant).await,
            }
        }))
    }
}

/// One run of it.
struct Klant {
    opdracht: Opdracht,
    log: Logboek,
    breuk: Option<&'static str>,
    /// When it began, in microseconds since 1970.
    begin: i64,
}

impl Klant {
    /// Whether it is the one that breaks this case.
    fn breekt(&self, geval: &str) -> bool {
        self.breuk == Some(geval)
    }
}

/// When the hub wants it back.
fn wanneer(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

/// The stable reason.
fn reden(status: &Status) -> String {
    status.get_details_error_info().map_or_else(|| format!("{:?}", status.code()), |info| info.reason)
}

/// Whether the line broke; otherwise the hub said this.
fn is_breuk(status: &Status) -> bool {
    std::error::Error::source(status).is_some()
}
