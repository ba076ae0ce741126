//! What holds for every day and every calendar.

use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use jeugdketen_proto::v1::Norm;
use ketenhub::domain::beleid::{Beleid, Norm2Begin};
use ketenhub::domain::dagen::{Kalender, pasen};
use proptest::prelude::*;

use super::dag;

const NORMEN: [Norm; 5] = [Norm::Kennisgeving, Norm::Jeugdbeschermer, Norm::Koers, Norm::PassendeHulp, Norm::Machtiging];

/// Any day of 1900 to 2198.
fn dagen() -> impl Strategy<Value = NaiveDate> {
    (0_u64..109_000).prop_map(|later| na(dag("1900-01-01"), later))
}

/// A day and a policy with some equated days near it.
fn gevallen() -> impl Strategy<Value = (NaiveDate, Beleid)> {
    let vrij = proptest::collection::vec(0_u64..110, 0..12);
    (dagen(), vrij, any::<bool>()).prop_map(|(start, vrij, verleng)| {
        let kalender = Kalender::new(vrij.iter().map(|later| na(start, *later)));
        (start, Beleid { kalender, verleng, ..Beleid::default() })
    })
}

fn na(dag: NaiveDate, later: u64) -> NaiveDate {
    dag + Days::new(later)
}

fn strikt(beleid: Beleid) -> Beleid {
    Beleid { verleng: false, ..beleid }
}

/// Werkdagen after one day, up to and including another.
fn werkdagen(kalender: &Kalender, na: NaiveDate, tot: NaiveDate) -> usize {
    na.iter_days().skip(1).take_while(|dag| *dag <= tot).filter(|dag| kalender.is_werkdag(*dag)).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn norm_1_ends_on_the_fifth_werkdag((start, beleid) in gevallen()) {
        let einde = beleid.termijn(Norm::Jeugdbeschermer, start).uiterlijk;
        prop_assert!(beleid.kalender.is_werkdag(einde));
        prop_assert_eq!(werkdagen(&beleid.kalender, start, einde), 5);
    }

    #[test]
    fn norm_2_ends_42_days_later((start, beleid) in gevallen()) {
        let einde = strikt(beleid).termijn(Norm::Koers, start).uiterlijk;
        prop_assert_eq!((einde - start).num_days(), 42);
    }

    #[test]
    fn three_months_end_on_the_same_day_or_the_last_of_the_month((start, beleid) in gevallen()) {
        let beleid = strikt(beleid);
        let einde = beleid.termijn(Norm::PassendeHulp, start).uiterlijk;
        let maanden = |dag: NaiveDate| dag.year() * 12 + dag.month0() as i32;
        prop_assert_eq!(maanden(einde), maanden(start) + 3);
        let laatste = na(einde, 1).day() == 1;
        prop_assert!(einde.day() == start.day() || laatste && einde.day() < start.day());
        prop_assert_eq!(beleid.termijn(Norm::Machtiging, start).uiterlijk, einde);
    }

    #[test]
    fn an_extended_term_ends_on_the_first_werkdag_from_its_strict_end((start, beleid) in gevallen()) {
        let zonder = strikt(beleid.clone());
        for norm in NORMEN {
            let strikt = zonder.termijn(norm, start);
            prop_assert!(strikt.verlengd >= strikt.uiterlijk && beleid.kalender.is_werkdag(strikt.verlengd));
            let eerder = strikt.uiterlijk.iter_days().take_while(|dag| *dag < strikt.verlengd);
            prop_assert_eq!(eerder.filter(|dag| beleid.kalender.is_werkdag(*dag)).count(), 0);
            let verlengbaar = beleid.verleng && matches!(norm, Norm::Koers | Norm::PassendeHulp);
            let einde = if verlengbaar { strikt.verlengd } else { strikt.uiterlijk };
            prop_assert_eq!(beleid.termijn(norm, start).uiterlijk, einde);
        }
    }

    #[test]
    fn who_starts_later_never_ends_earlier((start, beleid) in gevallen(), later in 0_u64..40) {
        for norm in NORMEN {
            let (eerst, dan) = (beleid.termijn(norm, start), beleid.termijn(norm, na(start, later)));
            prop_assert!(eerst.uiterlijk <= dan.uiterlijk && eerst.verlengd <= dan.verlengd);
        }
    }

    #[test]
    fn an_equated_day_never_makes_a_term_end_earlier((start, beleid) in gevallen(), vrij in 0_u64..110) {
        let dagen = beleid.kalender.aangewezen().chain([na(start, vrij)]);
        let ruimer = Beleid { kalender: Kalender::new(dagen), ..beleid.clone() };
        for norm in NORMEN {
            let (zonder, met) = (beleid.termijn(norm, start), ruimer.termijn(norm, start));
            prop_assert!(zonder.uiterlijk <= met.uiterlijk && zonder.verlengd <= met.verlengd);
        }
    }

    #[test]
    fn no_werkdag_is_in_a_weekend_on_a_holiday_or_equated(een in dagen(), (start, beleid) in gevallen()) {
        let vrij = matches!(een.weekday(), Weekday::Sat | Weekday::Sun) || beleid.kalender.is_feestdag(een);
        prop_assert_eq!(beleid.kalender.is_werkdag(een), !vrij);
        prop_assert!(beleid.kalender.aangewezen().all(|dag| dag >= start && !beleid.kalender.is_werkdag(dag)));
    }

    #[test]
    fn a_result_names_everything_it_depends_on(een in beleid(), ander in beleid()) {
        prop_assert_eq!(een.to_string() == ander.to_string(), een == ander);
    }
}

/// Policies that differ in little.
fn beleid() -> impl Strategy<Value = Beleid> {
    (0_u32..1024).prop_map(|bits| {
        let bit = |nr: u32| bits >> nr & 1;
        Beleid {
            naam: format!("b{}", bit(0)),
            kennisgeving_werkdagen: bit(1),
            norm1_werkdagen: bit(2),
            norm2_weken: bit(3),
            norm2_begin: if bit(4) == 1 { Norm2Begin::Ontvangen } else { Norm2Begin::Uitgesproken },
            norm3_maanden: bit(5),
            machtiging_maanden: bit(6),
            verleng: bit(7) == 1,
            kalender: Kalender::new((0..bit(8) + bit(9)).map(|later| na(dag("2021-05-14"), later.into()))),
        }
    })
}

#[test]
fn koningsdag_moves_off_a_sunday_and_5_mei_never_moves() {
    let kalender = Kalender::default();
    let mut verplaatst = Vec::new();
    for jaar in 2015..2200 {
        let dag = |maand, dag| NaiveDate::from_ymd_opt(jaar, maand, dag).unwrap();
        let zondag = dag(4, 27).weekday() == Weekday::Sun;
        assert_eq!(kalender.is_feestdag(dag(4, 27)), !zondag, "{jaar}");
        // The day before is Tweede Paasdag when Easter is as late as it can be.
        assert_eq!(kalender.is_feestdag(dag(4, 26)), zondag || pasen(jaar) == Some(dag(4, 25)), "{jaar}");
        assert!(kalender.is_feestdag(dag(5, 5)), "{jaar}");
        verplaatst.extend(zondag.then_some(jaar));
    }
    assert_eq!(verplaatst[..5], [2025, 2031, 2036, 2042, 2053]);
}

#[test]
fn a_year_has_nine_holidays_or_eight_when_hemelvaartsdag_is_5_mei() {
    for jaar in 1900..2200 {
        let dagen = NaiveDate::from_ymd_opt(jaar, 1, 1).unwrap().iter_days().take_while(|dag| dag.year() == jaar);
        let samen = na(pasen(jaar).unwrap(), 39) == NaiveDate::from_ymd_opt(jaar, 5, 5).unwrap();
        let aantal = dagen.filter(|dag| Kalender::default().is_feestdag(*dag)).count();
        assert_eq!(aantal, if samen { 8 } else { 9 }, "{jaar}");
    }
}
