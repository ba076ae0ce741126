//! The clocks yield every figure of the report, and the page that sets ours beside it says what they yield.

use jeugdketen_proto::v1::{Indicator, RedenNietBeoordeeld};

use super::telling::{Telling, inspectie, redenen};

/// The report, in the order of `CIJFERS` (chapter 3, chapter 4).
const LANDELIJK: [(u64, u64); 7] = [(307, 354), (367, 400), (262, 283), (230, 258), (249, 278), (284, 366), (239, 357)];

#[test]
fn the_clocks_yield_the_national_figures_of_the_report() {
    let inspectie = inspectie();
    let telling = Telling::over(&inspectie.dossiers, inspectie);
    assert_eq!(inspectie.dossiers.len(), 400);
    assert_eq!(telling.cijfers(""), LANDELIJK);
    assert_eq!(telling.van("", Indicator::JeugdbeschermerTijdigStrikt), (300, 354));
    assert_eq!(telling.gis().len(), 15);
}

#[test]
fn the_clocks_yield_the_figures_of_the_three_gis_that_the_report_gives() {
    let inspectie = inspectie();
    let telling = Telling::over(&inspectie.dossiers, inspectie);
    assert_eq!(telling.cijfers("Briedis")[..4], [(5, 11), (11, 11), (4, 4), (3, 4)]);
    assert_eq!(telling.cijfers("LJ&R")[..5], [(18, 26), (22, 26), (24, 24), (19, 24), (23, 24)]);
    assert_eq!(telling.cijfers("WSS")[..5], [(45, 48), (67, 68), (34, 34), (13, 13), (34, 34)]);
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
