//! The clocks yield every figure of the report, and the page that sets ours beside it says what they yield.

use jeugdketen_proto::v1::{Indicator, RedenNietBeoordeeld};
use ketenhub::replay::Breuk;

use super::telling::{Telling, inspectie, redenen};
use crate::support::{may_refresh, repository};

/// The report, in the order of `CIJFERS` (chapters 3 and 4), with the percentages that it prints.
const LANDELIJK: [(u64, u64); 7] = [(307, 354), (367, 400), (262, 283), (230, 258), (249, 278), (284, 366), (239, 357)];
const GEDRUKT: [u64; 7] = [87, 92, 93, 89, 90, 78, 67];
const NAMEN: [&str; 7] = [
    "norm 1 tijdig",
    "norm 1 vast",
    "norm 2 koers uitgezet",
    "norm 2 koers tijdig",
    "norm 2 koers gedragen",
    "norm 3 hulp ingezet",
    "norm 3 hulp tijdig",
];
/// What the report gives of GIs (Bijlage 3), the first figures in the same order.
const GIS: [(&str, &[(u64, u64)]); 3] = [
    ("Briedis", &[(5, 11), (11, 11), (4, 4), (3, 4)]),
    ("LJ&R", &[(18, 26), (22, 26), (24, 24), (19, 24), (23, 24)]),
    ("WSS", &[(45, 48), (67, 68), (34, 34), (13, 13), (34, 34)]),
];

#[test]
fn the_clocks_yield_the_national_figures_of_the_report() {
    let inspectie = inspectie();
    let telling = Telling::over(&inspectie.dossiers, inspectie);
    assert_eq!(inspectie.dossiers.len(), 400);
    assert_eq!(telling.cijfers(""), LANDELIJK);
    let procenten = telling.cijfers("").map(|(n, van)| Breuk::new(n, van).procent);
    assert_eq!(procenten, GEDRUKT.map(Some));
    assert_eq!(telling.van("", Indicator::JeugdbeschermerTijdigStrikt), (300, 354));
    assert_eq!(telling.gis().len(), 15);
}

#[test]
fn the_clocks_yield_the_figures_of_the_three_gis_that_the_report_gives() {
    let inspectie = inspectie();
    let telling = Telling::over(&inspectie.dossiers, inspectie);
    for (gi, rapport) in GIS {
        assert_eq!(telling.cijfers(gi)[..rapport.len()], *rapport, "{gi}");
    }
}

#[test]
fn who_is_not_judged_has_the_reason_that_the_scenario_means() {
    use RedenNietBeoordeeld::{DeelnameOnbekend, GeenOntvangst, LooptNog, MaatregelGeeindigd, VoorUitspraak};
    let inspectie = inspectie();
    let van = |indicator| redenen(inspectie, indicator).into_iter().collect::<Vec<_>>();
    assert_eq!(van(Indicator::JeugdbeschermerTijdig), [(GeenOntvangst, 46)]);
    assert_eq!(van(Indicator::KoersUitgezet), [(LooptNog, 34), (MaatregelGeeindigd, 83)]);
    assert_eq!(van(Indicator::KoersTijdig), [(LooptNog, 34), (VoorUitspraak, 25), (MaatregelGeeindigd, 83)]);
    assert_eq!(van(Indicator::KoersGedragen), [(LooptNog, 34), (MaatregelGeeindigd, 83), (DeelnameOnbekend, 5)]);
    assert_eq!(van(Indicator::HulpIngezet), [(LooptNog, 34)]);
    assert_eq!(van(Indicator::HulpTijdig), [(LooptNog, 34), (VoorUitspraak, 9)]);
}

#[test]
fn the_page_says_what_the_clocks_yield() {
    let inspectie = inspectie();
    let telling = Telling::over(&inspectie.dossiers, inspectie);
    let file = repository().join("docs/replay-2021.md");
    let page = std::fs::read_to_string(&file).unwrap();
    let fresh = met_tabel(&met_tabel(&page, "landelijk", &landelijk(&telling)), "per-gi", &per_gi(&telling));
    if may_refresh() {
        std::fs::write(&file, &fresh).unwrap();
    } else {
        assert!(page == fresh, "docs/replay-2021.md is stale; BIJWERKEN=1 cargo test --workspace --test it replay");
    }
}

/// The page with another text between the marks of this name.
fn met_tabel(page: &str, naam: &str, tabel: &str) -> String {
    let (begin, eind) = (format!("<!-- {naam} -->\n"), format!("<!-- /{naam} -->\n"));
    let (ervoor, rest) = page.split_once(&begin).unwrap();
    let (_, erna) = rest.split_once(&eind).unwrap();
    format!("{ervoor}{begin}{tabel}{eind}{erna}")
}

fn breuk((n, van): (u64, u64)) -> String {
    format!("{n}/{van}")
}

fn procent((n, van): (u64, u64)) -> String {
    Breuk::new(n, van).procent.map_or_else(|| "–".to_owned(), |procent| format!("{procent} %"))
}

fn landelijk(telling: &Telling) -> String {
    let mut tabel = "| figure | report | printed | replay | |\n|---|---|---|---|---|\n".to_owned();
    for (index, eigen) in telling.cijfers("").into_iter().enumerate() {
        let (naam, rapport, gedrukt) = (NAMEN[index], breuk(LANDELIJK[index]), GEDRUKT[index]);
        tabel += &format!("| {naam} | {rapport} | {gedrukt} % | {} | {} |\n", breuk(eigen), procent(eigen));
    }
    let strikt = telling.van("", Indicator::JeugdbeschermerTijdigStrikt);
    tabel + &format!("| norm 1 tijdig, strict | – | – | {} | {} |\n", breuk(strikt), procent(strikt))
}

fn per_gi(telling: &Telling) -> String {
    let kop: String = NAMEN.iter().map(|naam| format!(" {naam} |")).collect();
    let mut tabel = format!("| GI |{kop}\n|---|{}\n", "---|".repeat(NAMEN.len()));
    for gi in telling.gis() {
        let rapport = GIS.iter().find(|(naam, _)| *naam == gi).map_or(&[][..], |(_, cijfers)| cijfers);
        let cel = |(index, eigen): (usize, (u64, u64))| match rapport.get(index) {
            Some(rapport) => format!(" {} ({}) |", breuk(eigen), breuk(*rapport)),
            None => format!(" {} |", breuk(eigen)),
        };
        tabel += &format!("| {gi} |{}\n", telling.cijfers(gi).into_iter().enumerate().map(cel).collect::<String>());
    }
    tabel
}
