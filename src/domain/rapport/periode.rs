//! The periods that whoever is not the inspectie may ask about. They do not overlap, and each has one day on which it is looked at, so that
//! two answers cannot be subtracted from each other to find what one child added.

use chrono::{Datelike as _, NaiveDate};

use crate::domain::dagen::plus_maanden;

/// A calendar quarter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kwartaal(NaiveDate);

impl Kwartaal {
    /// The quarter of these days, when they are exactly one.
    pub fn lees(vanaf: NaiveDate, tot_en_met: NaiveDate) -> Option<Kwartaal> {
        let begint = vanaf.day() == 1 && vanaf.month0().is_multiple_of(3);
        (begint && tot_en_met == laatste_dag(vanaf, 3)).then_some(Kwartaal(vanaf))
    }

    /// The one day on which it is looked at: three months on, when the last day of every term of it has come.
    pub fn peildatum(self) -> NaiveDate {
        laatste_dag(self.0, 6)
    }
}

/// Whether a day is the last of its month.
pub fn is_maandeinde(dag: NaiveDate) -> bool {
    dag.succ_opt().is_some_and(|morgen| morgen.day() == 1)
}

/// The latest last day of a month that has passed.
pub fn laatste_maandeinde(vandaag: NaiveDate) -> NaiveDate {
    vandaag.with_day(1).and_then(|eerste| eerste.pred_opt()).unwrap_or(vandaag)
}

fn laatste_dag(eerste: NaiveDate, maanden: u32) -> NaiveDate {
    plus_maanden(eerste, maanden).pred_opt().unwrap_or(eerste)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dag(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_quarter_is_three_whole_months_from_january_april_july_or_october() {
        let kwartaal = |vanaf, tot| Kwartaal::lees(dag(vanaf), dag(tot)).map(|kwartaal| kwartaal.peildatum().to_string());
        assert_eq!(kwartaal("2026-01-01", "2026-03-31").as_deref(), Some("2026-06-30"));
        assert_eq!(kwartaal("2025-10-01", "2025-12-31").as_deref(), Some("2026-03-31"));
        for (vanaf, tot) in [("2026-02-01", "2026-04-30"), ("2026-01-02", "2026-03-31"), ("2026-01-01", "2026-03-30")] {
            assert_eq!(kwartaal(vanaf, tot), None, "{vanaf} {tot}");
        }
        assert_eq!(kwartaal("2026-01-01", "2026-06-30"), None, "two quarters");
    }

    #[test]
    fn the_end_of_a_month_has_passed_when_the_next_has_begun() {
        assert_eq!(laatste_maandeinde(dag("2026-03-01")), dag("2026-02-28"));
        assert_eq!(laatste_maandeinde(dag("2026-03-31")), dag("2026-02-28"));
        assert!(is_maandeinde(dag("2028-02-29")) && !is_maandeinde(dag("2028-02-28")));
    }
}
