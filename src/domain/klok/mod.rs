//! The norm clocks of a case: a pure, total function of its messages and a policy. Nobody can pause, move or restart one: there is no message
//! that does. What is known now is one value; what was known on a day is the same function over what had been accepted by then.
//! Source: Bijlage 5 of the 2021 report of the inspectorates.

mod koppelingen;
mod meting;
mod oordeel;
mod waarschuwing;

use chrono::{DateTime, NaiveDate, Utc};
use jeugdketen_proto::v1::{Norm, RedenNietBeoordeeld, Rol, UitkomstKlok};

pub use koppelingen::Koppelingen;
pub use meting::meet;
pub use oordeel::Beoordeling;
pub use waarschuwing::{Waarschuwing, middernacht};

use super::ids::{MaatregelId, Oin};
use super::zaak::{Feit, Zaak};

/// Everything that was accepted about one case.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// The case.
    pub id: MaatregelId,
    /// Its facts, in order.
    pub feiten: Vec<Feit>,
    /// What was acknowledged, in no order.
    pub ontvangsten: Vec<Ontvangst>,
}

/// The acknowledgement of one message of a case by one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ontvangst {
    /// The message.
    pub volgnummer: i64,
    /// Who acknowledged it.
    pub wie: Oin,
    /// In which role it received.
    pub rol: Rol,
    /// When.
    pub op: DateTime<Utc>,
}

impl Dossier {
    /// The case as it was known before a moment; none when it was not known at all.
    pub fn bekend_voor(mut self, moment: DateTime<Utc>) -> Option<Dossier> {
        self.feiten.retain(|feit| feit.op < moment);
        self.ontvangsten.retain(|ontvangst| ontvangst.op < moment);
        (!self.feiten.is_empty()).then_some(self)
    }
}

/// The clocks of a case and what else is judged.
#[derive(Clone, Debug)]
pub struct Stand {
    /// The case.
    pub zaak: Zaak,
    /// Its clocks; none when the uitspraak that opened it was withdrawn.
    pub klokken: Vec<Klok>,
    /// Who was linked.
    pub koppelingen: Koppelingen,
    /// The koers; none when there is none.
    pub koers: Option<Koers>,
    /// Whether passende hulp started, before or after the uitspraak.
    pub passende_hulp: bool,
    /// Warnings that were sent.
    verzonden: Vec<(Norm, u32, u32)>,
    /// First days that aanbieders planned.
    geplande_starts: Vec<NaiveDate>,
}

/// A koers as it counts for norm 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Koers {
    /// The day the latest one was set.
    pub bepaald_op: NaiveDate,
    /// Whether it was set together with jeugdige, parents, network and professionals; none when part of that is not stated.
    pub gedragen: Option<bool>,
}

/// One clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Klok {
    /// Which.
    pub norm: Norm,
    /// Number of the machtiging from 1; 0 for the others.
    pub nummer: u32,
    /// Since when it runs and until when it may; none while it has not started.
    pub looptijd: Option<Looptijd>,
    /// The day it stopped. For norm 1 in the strict reading.
    pub gestopt: Option<NaiveDate>,
    /// For norm 1: the day it stopped when a minimal variant with active contact counts. The same as `gestopt` for the others.
    pub gestopt_inspectie: Option<NaiveDate>,
    /// The moment the first Toelichting was accepted.
    pub toegelicht_op: Option<DateTime<Utc>>,
    /// Whether what stopped it came about through the doorbraakaanpak.
    pub doorbraak: bool,
    /// Why it cannot be judged if it is past its term without having stopped.
    pub bezwaar: Option<RedenNietBeoordeeld>,
    /// The day on which its subject is no longer in force.
    pub einde: Option<NaiveDate>,
    /// The day of the uitspraak: what happened by then took no time.
    pub uitgesproken: NaiveDate,
}

/// The term of a clock that started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looptijd {
    /// The day it started; it does not count.
    pub start: NaiveDate,
    /// The last day that is on time.
    pub uiterlijk: NaiveDate,
    /// That day as the Algemene termijnenwet would extend it.
    pub verlengd: NaiveDate,
    /// Whether an earlier deadline than the norm was set.
    pub eerder: bool,
}

/// How norm 1 is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lezing {
    /// A minimal variant is no jeugdbeschermer.
    Strikt,
    /// A minimal variant with active contact is, as the inspectorates held in 2021.
    Inspectie,
}

impl Klok {
    /// Where it stands at the end of a day, and why when it cannot be judged.
    pub fn uitkomst(&self, lezing: Lezing, dag: NaiveDate) -> (UitkomstKlok, RedenNietBeoordeeld) {
        let niet = |reden| (UitkomstKlok::NietBeoordeeld, reden);
        let uit = |uitkomst| (uitkomst, RedenNietBeoordeeld::Unspecified);
        let gestopt = self.gestopt(lezing);
        if self.norm == Norm::Jeugdbeschermer && gestopt.is_some_and(|gestopt| gestopt <= self.uitgesproken) {
            return uit(UitkomstKlok::Gehaald);
        }
        let Some(looptijd) = self.looptijd else { return niet(RedenNietBeoordeeld::GeenOntvangst) };
        let toegelicht = self.toegelicht_op.is_some();
        match gestopt {
            Some(gestopt) if gestopt <= looptijd.uiterlijk => uit(UitkomstKlok::Gehaald),
            Some(_) if self.doorbraak => uit(UitkomstKlok::Doorbraak),
            Some(_) if toegelicht => uit(UitkomstKlok::Toegelicht),
            Some(_) => uit(UitkomstKlok::TeLaat),
            None if self.einde.is_some_and(|einde| einde <= looptijd.uiterlijk && einde <= dag) => {
                niet(RedenNietBeoordeeld::MaatregelGeeindigd)
            }
            None if dag <= looptijd.uiterlijk => uit(UitkomstKlok::Loopt),
            None => match self.bezwaar {
                Some(bezwaar) => niet(bezwaar),
                None if toegelicht => uit(UitkomstKlok::Toegelicht),
                None => uit(UitkomstKlok::Verstreken),
            },
        }
    }

    /// The day it stopped in a reading.
    pub fn gestopt(&self, lezing: Lezing) -> Option<NaiveDate> {
        match lezing {
            Lezing::Strikt => self.gestopt,
            Lezing::Inspectie => self.gestopt_inspectie,
        }
    }
}
