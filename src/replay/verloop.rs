//! What happened to one child: deeds in order, each at a moment. It says nothing of norms; the hub judges.

use chrono::{DateTime, NaiveDate, Utc};
use jeugdketen_proto::v1::{
    ContraIndicatie, OordeelPassendheid, RedenEinde, RedenVertraging, RedenWisseling, SoortKoppeling, SoortMaatregel, SoortSamenwerking,
    ToelichtbareNorm,
};

/// The history of one child. Participants are places in the list of `Deelnemers`.
#[derive(Clone, Debug)]
pub(super) struct Verloop {
    /// Number of the child in the scenario, from 0.
    pub(super) nr: u32,
    /// The rechtbank that imposes the maatregel.
    pub(super) rechtbank: usize,
    /// The GI that carries it out.
    pub(super) gi: usize,
    /// The gemeente of residence.
    pub(super) gemeente: usize,
    /// The expertteam for when help does not get going.
    pub(super) expertteam: usize,
    /// The form of the maatregel.
    pub(super) maatregel: SoortMaatregel,
    /// When it was pronounced.
    pub(super) uitgesproken: DateTime<Utc>,
    /// Its last day.
    pub(super) einddatum: NaiveDate,
    /// Whether the child may be placed out of home.
    pub(super) machtiging: bool,
    /// What happened, the oplegging first.
    pub(super) stappen: Vec<Stap>,
}

/// One deed.
#[derive(Clone, Debug)]
pub(super) struct Stap {
    /// The hour at which it is told to the hub.
    pub(super) op: DateTime<Utc>,
    /// What.
    pub(super) daad: Daad,
}

/// Something that becomes a message. What has no date of its own happens on the day it is told.
#[derive(Clone, Debug)]
pub(super) enum Daad {
    Oplegging,
    Verlenging { vanaf: NaiveDate, tot: NaiveDate, machtiging: bool },
    Einde { per: NaiveDate, reden: RedenEinde },
    Koppeling { soort: SoortKoppeling, op: NaiveDate, actief_contact: Option<NaiveDate>, wisseling: Option<RedenWisseling> },
    Koers { op: NaiveDate, hulp_bepaald: bool, deelname: Deelname },
    Bepaling { aanbieders: Vec<usize>, categorie: &'static str, ingang: NaiveDate },
    Verwerking,
    Intake { nr: u32, uitkomst: Intake },
    Start { op: NaiveDate },
    Passend { oordeel: OordeelPassendheid, doorbraak: bool },
    Escalatie,
    Inzetbesluit { aanbieder: usize },
    Toelichting { norm: ToelichtbareNorm, reden: RedenVertraging },
}

/// Who took part in a koers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deelname {
    Allen,
    ZonderJeugdige,
    ZonderNetwerk,
    JeugdigeOnbekend,
    NetwerkOnbekend,
}

/// What an intake brought.
#[derive(Clone, Copy, Debug)]
pub(super) enum Intake {
    Gepland(NaiveDate),
    Wachtlijst { verwacht: NaiveDate },
    NietPassend(ContraIndicatie, SoortSamenwerking),
}

impl Daad {
    /// What to call it when it was refused.
    pub(super) fn naam(&self) -> &'static str {
        match self {
            Daad::Oplegging => "oplegging",
            Daad::Verlenging { .. } => "verlenging",
            Daad::Einde { .. } => "einde",
            Daad::Koppeling { .. } => "koppeling",
            Daad::Koers { .. } => "koers",
            Daad::Bepaling { .. } => "bepaling",
            Daad::Verwerking => "verwerking",
            Daad::Intake { .. } => "intake",
            Daad::Start { .. } => "start van hulp",
            Daad::Passend { .. } => "passendheid",
            Daad::Escalatie => "escalatie",
            Daad::Inzetbesluit { .. } => "inzetbesluit",
            Daad::Toelichting { .. } => "toelichting",
        }
    }
}
