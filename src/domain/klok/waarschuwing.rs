//! Early warning: when a clock passes a part of its term. Once each, whatever happened meanwhile: what was sent is a fact of the case.

use chrono::{DateTime, NaiveDate, TimeZone as _, Utc};
use chrono_tz::Europe::Amsterdam;
use jeugdketen_proto::v1::Norm;

use super::{Klok, Looptijd, Stand};

/// A part of a term that has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waarschuwing {
    /// Which clock.
    pub norm: Norm,
    /// Number of the machtiging; 0 for the others.
    pub nummer: u32,
    /// How much of the term, in percent.
    pub procent: u32,
    /// The moment it had passed.
    pub bereikt_op: DateTime<Utc>,
    /// The term.
    pub looptijd: Looptijd,
    /// Whether the GI is advised to go to the expertteam: norm 3, from 75 percent on, and no firm start lies within the term.
    pub escalatie: bool,
}

impl Stand {
    /// The warnings that are still to be sent for one clock, in order, also those whose moment has not come.
    pub fn waarschuwingen<'a>(&'a self, klok: &'a Klok) -> impl Iterator<Item = Waarschuwing> + 'a {
        let looptijd = klok.looptijd.filter(|_| klok.gestopt.is_none());
        let momenten = looptijd.into_iter().flat_map(move |looptijd| drempels(klok.norm).iter().map(move |procent| (looptijd, *procent)));
        let alle = momenten.map(|(looptijd, procent)| Waarschuwing {
            norm: klok.norm,
            nummer: klok.nummer,
            procent,
            bereikt_op: moment(&looptijd, procent),
            looptijd,
            escalatie: klok.norm == Norm::PassendeHulp && procent >= 75 && !self.start_gepland_voor(looptijd.uiterlijk),
        });
        let einde = klok.einde.map(middernacht);
        alle.filter(move |w| einde.is_none_or(|einde| w.bereikt_op < einde))
            .filter(|w| !self.verzonden.contains(&(w.norm, w.nummer, w.procent)))
    }

    /// The warnings whose moment has come, of all clocks.
    pub fn te_verzenden(&self, nu: DateTime<Utc>) -> Vec<Waarschuwing> {
        let mut alle: Vec<_> = self.klokken.iter().flat_map(|klok| self.waarschuwingen(klok)).filter(|w| w.bereikt_op <= nu).collect();
        alle.sort_by_key(|waarschuwing| (waarschuwing.bereikt_op, waarschuwing.norm as i32));
        alle
    }

    fn start_gepland_voor(&self, uiterlijk: NaiveDate) -> bool {
        self.geplande_starts.iter().any(|start| *start <= uiterlijk)
    }
}

/// The parts of a term that are told. The kennisgeving is the court's to guard: it is told when the term is over.
fn drempels(norm: Norm) -> &'static [u32] {
    match norm {
        Norm::Kennisgeving => &[100],
        _ => &[50, 75, 90, 100],
    }
}

/// The moment at which a part of a term has passed. The term is what lies between the end of its first and of its last day.
fn moment(looptijd: &Looptijd, procent: u32) -> DateTime<Utc> {
    let einde = |dag: NaiveDate| middernacht(dag.succ_opt().unwrap_or(dag));
    let (begin, eind) = (einde(looptijd.start), einde(looptijd.uiterlijk));
    // A day has whole seconds, so this is exact to a second.
    begin + chrono::TimeDelta::seconds((eind - begin).num_seconds().max(0) * i64::from(procent) / 100)
}

/// The moment at which a day begins in the Netherlands.
pub fn middernacht(dag: NaiveDate) -> DateTime<Utc> {
    let lokaal = dag.and_time(chrono::NaiveTime::MIN);
    // Clocks change at night but never at midnight.
    Amsterdam.from_local_datetime(&lokaal).earliest().map_or_else(|| lokaal.and_utc(), |moment| moment.to_utc())
}
