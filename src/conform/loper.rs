//! Plays cases one after another and gathers the judgements. Nothing of one case is left for the next but the mailbox that goes on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jeugdketen_proto::v1::Rol;
use serde::{Deserialize, Serialize};

use super::proef::Proef;
use super::spel::{Afkeuring, Spel, Tijden, rolnaam};
use super::toneel::Toneel;
use super::{Geval, Gewicht};

/// The outcome of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Uitkomst {
    /// The client did as it should.
    Geslaagd,
    /// It did not.
    Gezakt,
    /// The case says nothing of this client.
    NietVanToepassing,
    /// The test itself failed.
    NietBeoordeeld,
}

impl Uitkomst {
    /// In Dutch.
    pub fn naam(self) -> &'static str {
        match self {
            Uitkomst::Geslaagd => "geslaagd",
            Uitkomst::Gezakt => "gezakt",
            Uitkomst::NietVanToepassing => "n.v.t.",
            Uitkomst::NietBeoordeeld => "niet beoordeeld",
        }
    }
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bevinding {
    /// The case.
    pub id: String,
    /// Its title.
    pub titel: String,
    /// `verplicht` or `aanbevolen`.
    pub gewicht: String,
    /// The outcome.
    pub uitkomst: Uitkomst,
    /// Why, when it did not succeed; empty otherwise. Holds no value of a message.
    pub reden: String,
    /// Milliseconds that it took.
    pub duur_ms: u64,
}

impl Bevinding {
    pub(super) fn van(id: &str, titel: &str, gewicht: Gewicht, oordeel: Result<(), Afkeuring>, duur: Duration) -> Bevinding {
        let (uitkomst, reden) = match oordeel {
            Ok(()) => (Uitkomst::Geslaagd, String::new()),
            Err(Afkeuring::Gezakt(reden)) => (Uitkomst::Gezakt, reden),
            Err(Afkeuring::NietVanToepassing(reden)) => (Uitkomst::NietVanToepassing, reden),
            Err(Afkeuring::Kapot(fout)) => (Uitkomst::NietBeoordeeld, format!("{fout:#}")),
        };
        let duur_ms = u64::try_from(duur.as_millis()).unwrap_or(u64::MAX);
        Bevinding { id: id.to_owned(), titel: titel.to_owned(), gewicht: gewicht.naam().to_owned(), uitkomst, reden, duur_ms }
    }
}

/// Plays one case against a client.
pub async fn speel(toneel: &Arc<Toneel>, proef: &Arc<dyn Proef>, geval: &'static Geval, tijden: Tijden) -> Bevinding {
    let begin = Instant::now();
    let oordeel = oordeel(toneel, proef, geval, tijden).await;
    Bevinding::van(geval.id, geval.titel, geval.gewicht, oordeel, begin.elapsed())
}

async fn oordeel(toneel: &Arc<Toneel>, proef: &Arc<dyn Proef>, geval: &'static Geval, tijden: Tijden) -> Result<(), Afkeuring> {
    if let Some(reden) = niet_voor(geval, toneel.rol, proef.as_ref()) {
        return Err(Afkeuring::NietVanToepassing(reden));
    }
    let mut spel = Spel::begin(toneel, proef, geval, tijden).await?;
    let oordeel = (geval.speel)(&mut spel).await;
    spel.stop_client();
    toneel.voorkant.dicht();
    oordeel
}

fn niet_voor(geval: &Geval, rol: Rol, proef: &dyn Proef) -> Option<String> {
    if !geval.rollen.contains(&rol) {
        return Some(format!("niet voor de rol {}", rolnaam(rol)));
    }
    (geval.opdracht && !proef.luistert()).then(|| "vraagt een client die per geval wordt gestart (--client)".to_owned())
}
