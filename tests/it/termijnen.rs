//! The days of the norm clocks against a table that other libraries wrote (`tests/python/termijnen.py`), against worked deadlines,
//! and by what must hold for every day.

mod eigenschappen;

use chrono::NaiveDate;
use jeugdketen_proto::v1::Norm;
use ketenhub::domain::beleid::Beleid;

const GOLDEN: &str = include_str!("termijnen/golden.csv");

fn dag(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The row of the table that begins on a day.
fn rij(beleid: &Beleid, vanaf: &str) -> String {
    let [norm1, norm2, norm3] = [Norm::Jeugdbeschermer, Norm::Koers, Norm::PassendeHulp].map(|norm| beleid.termijn(norm, dag(vanaf)));
    let dagen = [norm1.uiterlijk, norm2.uiterlijk, norm3.uiterlijk, norm2.verlengd, norm3.verlengd];
    dagen.iter().fold(vanaf.to_owned(), |rij, dag| format!("{rij},{dag}"))
}

#[test]
fn every_deadline_of_the_independent_table_comes_out() {
    let mut rijen = GOLDEN.lines();
    assert_eq!(rijen.next(), Some("vanaf,norm1,norm2,norm3,norm2_verlengd,norm3_verlengd"));
    let beleid = Beleid::default();
    let paren: Vec<_> = rijen.map(|tabel| (tabel, rij(&beleid, tabel.split(',').next().unwrap()))).collect();
    assert!(paren.len() >= 2000, "{} rows", paren.len());
    let anders: Vec<_> = paren.iter().filter(|(tabel, hier)| tabel != hier).collect();
    let eerste: Vec<_> = anders.iter().take(10).map(|(tabel, hier)| format!("table {tabel}\nhere  {hier}")).collect();
    assert!(anders.is_empty(), "{} of {} rows differ, first:\n{}", anders.len(), paren.len(), eerste.join("\n"));
}

#[test]
fn worked_deadlines_come_out() {
    let beleid = Beleid::default();
    for (waarom, vanaf, norm1, norm2, norm3, norm2_verlengd, norm3_verlengd) in [
        ("nothing special", "2020-08-03", "2020-08-10", "2020-09-14", "2020-11-03", "2020-09-14", "2020-11-03"),
        ("6 weeks end on Eerste Kerstdag", "2020-11-13", "2020-11-20", "2020-12-25", "2021-02-13", "2020-12-28", "2021-02-15"),
        ("February has no 30th", "2020-11-30", "2020-12-07", "2021-01-11", "2021-02-28", "2021-01-11", "2021-03-01"),
        ("Kerst on Friday and Saturday", "2020-12-23", "2020-12-31", "2021-02-03", "2021-03-23", "2021-02-03", "2021-03-23"),
        ("Nieuwjaarsdag", "2020-12-31", "2021-01-08", "2021-02-11", "2021-03-31", "2021-02-11", "2021-03-31"),
        ("Goede Vrijdag, Tweede Paasdag", "2021-03-31", "2021-04-09", "2021-05-12", "2021-06-30", "2021-05-12", "2021-06-30"),
        ("Koningsdag", "2021-04-26", "2021-05-04", "2021-06-07", "2021-07-26", "2021-06-07", "2021-07-26"),
        ("5 mei, no lustrum", "2021-05-03", "2021-05-11", "2021-06-14", "2021-08-03", "2021-06-14", "2021-08-03"),
        ("Hemelvaartsdag", "2021-05-12", "2021-05-20", "2021-06-23", "2021-08-12", "2021-06-23", "2021-08-12"),
        ("Tweede Pinksterdag", "2021-05-21", "2021-05-31", "2021-07-02", "2021-08-21", "2021-07-02", "2021-08-23"),
        ("6 weeks end on Hemelvaartsdag", "2023-04-06", "2023-04-17", "2023-05-18", "2023-07-06", "2023-05-19", "2023-07-06"),
        ("leap day", "2023-11-30", "2023-12-07", "2024-01-11", "2024-02-29", "2024-01-11", "2024-02-29"),
        ("Kerst and Nieuwjaarsdag", "2024-12-23", "2025-01-02", "2025-02-03", "2025-03-23", "2025-02-03", "2025-03-24"),
        ("Pasen; Koningsdag on a Saturday", "2025-04-17", "2025-04-28", "2025-05-29", "2025-07-17", "2025-05-30", "2025-07-17"),
        ("Koningsdag that costs no werkdag", "2025-04-25", "2025-05-02", "2025-06-06", "2025-07-25", "2025-06-06", "2025-07-25"),
        ("Pasen", "2026-04-01", "2026-04-10", "2026-05-13", "2026-07-01", "2026-05-13", "2026-07-01"),
        ("5 mei", "2026-05-01", "2026-05-11", "2026-06-12", "2026-08-01", "2026-06-12", "2026-08-03"),
        ("Koningsdag again", "2027-04-26", "2027-05-04", "2027-06-07", "2027-07-26", "2027-06-07", "2027-07-26"),
    ] {
        let verwacht = [vanaf, norm1, norm2, norm3, norm2_verlengd, norm3_verlengd].join(",");
        assert_eq!(rij(&beleid, vanaf), verwacht, "{waarom}");
    }
}
