//! Days as Dutch law counts them: public holidays computed, days equated by royal decree given, werkdagen, weeks, months and the extension
//! of the Algemene termijnenwet. Sources: Algemene termijnenwet art. 1 and 3; Easter by the Gregorian computus of Meeus, Jones and Butcher.

use std::collections::BTreeSet;

use chrono::{Datelike as _, Days, Months, NaiveDate, Weekday};

/// Which days are no werkdag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kalender {
    aangewezen: BTreeSet<NaiveDate>,
}

/// A line that is no date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {0} is no date yyyy-mm-dd")]
pub struct GeenDatum(pub usize);

impl Kalender {
    /// With days that were equated with a public holiday by royal decree (Atw art. 3 lid 3).
    pub fn new(aangewezen: impl IntoIterator<Item = NaiveDate>) -> Kalender {
        Kalender { aangewezen: aangewezen.into_iter().collect() }
    }

    /// Reads equated days from a text: one date `yyyy-mm-dd` a line, `#` begins a comment, empty lines do not count.
    pub fn lees(text: &str) -> Result<Kalender, GeenDatum> {
        let regels = text.lines().enumerate().map(|(nr, regel)| (nr + 1, regel.split('#').next().unwrap_or_default().trim()));
        let dagen = regels.filter(|(_, regel)| !regel.is_empty());
        let lees = |(nr, regel)| super::deelnemer::datum(regel).ok_or(GeenDatum(nr));
        Ok(Kalender { aangewezen: dagen.map(lees).collect::<Result<_, _>>()? })
    }

    /// The days equated by decree, in order.
    pub fn aangewezen(&self) -> impl Iterator<Item = NaiveDate> + '_ {
        self.aangewezen.iter().copied()
    }

    /// Whether it is a public holiday of the law as it stands since 2014, Goede Vrijdag or a day equated by decree. Sundays are not counted
    /// here.
    pub fn is_feestdag(&self, dag: NaiveDate) -> bool {
        is_wettelijke_feestdag(dag) || self.aangewezen.contains(&dag)
    }

    /// Whether it is Monday to Friday and no holiday.
    pub fn is_werkdag(&self, dag: NaiveDate) -> bool {
        !matches!(dag.weekday(), Weekday::Sat | Weekday::Sun) && !self.is_feestdag(dag)
    }

    /// The last of a number of werkdagen after a day; the day itself does not count. With none it is the day itself.
    pub fn plus_werkdagen(&self, dag: NaiveDate, aantal: u32) -> NaiveDate {
        let later = dag.iter_days().skip(1).filter(|dag| self.is_werkdag(*dag));
        if aantal == 0 { dag } else { later.take(aantal as usize).last().unwrap_or(NaiveDate::MAX) }
    }

    /// The day itself, or the first werkdag after it when it is none (Atw art. 1).
    pub fn verleng(&self, dag: NaiveDate) -> NaiveDate {
        dag.iter_days().find(|dag| self.is_werkdag(*dag)).unwrap_or(NaiveDate::MAX)
    }
}

/// A number of weeks later.
pub fn plus_weken(dag: NaiveDate, weken: u32) -> NaiveDate {
    dag.checked_add_days(Days::new(u64::from(weken) * 7)).unwrap_or(NaiveDate::MAX)
}

/// The same day some months later, or the last of that month when it has no such day.
pub fn plus_maanden(dag: NaiveDate, maanden: u32) -> NaiveDate {
    dag.checked_add_months(Months::new(maanden)).unwrap_or(NaiveDate::MAX)
}

/// First Easter day of a year of the Gregorian calendar.
pub fn pasen(jaar: i32) -> Option<NaiveDate> {
    let (a, b, c) = (jaar.rem_euclid(19), jaar.div_euclid(100), jaar.rem_euclid(100));
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let maand = (h + l - 7 * m + 90) / 25;
    let dag = (h + l - 7 * m + 33 * maand + 19) % 32;
    NaiveDate::from_ymd_opt(jaar, u32::try_from(maand).ok()?, u32::try_from(dag).ok()?)
}

fn is_wettelijke_feestdag(dag: NaiveDate) -> bool {
    let vast = match (dag.month(), dag.day()) {
        (1, 1) | (5, 5) | (12, 25 | 26) => true,
        // Koningsdag is kept on Saturday when 27 April is a Sunday.
        (4, 27) => dag.weekday() != Weekday::Sun,
        (4, 26) => dag.weekday() == Weekday::Sat,
        _ => false,
    };
    // Days from Easter: Goede Vrijdag, Tweede Paasdag, Hemelvaartsdag, Tweede Pinksterdag.
    vast || pasen(dag.year()).is_some_and(|pasen| matches!((dag - pasen).num_days(), -2 | 1 | 39 | 50))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dag(text: &str) -> NaiveDate {
        super::super::deelnemer::datum(text).unwrap()
    }

    #[test]
    fn easter_is_where_the_church_has_it() {
        let bekend = ["1954-04-18", "1981-04-19", "2000-04-23", "2008-03-23", "2019-04-21", "2021-04-04", "2038-04-25", "2049-04-18"];
        for dag in bekend.map(dag) {
            assert_eq!(pasen(dag.year()), Some(dag));
        }
    }

    #[test]
    fn a_decree_makes_a_day_a_holiday() {
        let kalender = Kalender::lees("# Friday after Hemelvaart\n2021-05-14 # equated\n\n").unwrap();
        assert!(!kalender.is_werkdag(dag("2021-05-14")) && Kalender::default().is_werkdag(dag("2021-05-14")));
        assert_eq!(kalender.plus_werkdagen(dag("2021-05-12"), 1), dag("2021-05-17"));
        assert_eq!(Kalender::lees("2021-05-14\n14-05-2021"), Err(GeenDatum(2)));
    }

    #[test]
    fn an_extended_day_is_a_werkdag() {
        let kalender = Kalender::default();
        assert_eq!(kalender.verleng(dag("2020-12-25")), dag("2020-12-28"));
        assert_eq!(kalender.verleng(dag("2020-12-28")), dag("2020-12-28"));
    }
}
