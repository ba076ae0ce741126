//! Changing one message of one child changes exactly the figures it should, by one, and no other. On the stored dossiers: one fact is
//! altered and everything is measured again.

use std::sync::Arc;

use chrono::{Days, NaiveDate};
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{self, Indicator, OordeelPassendheid, RedenWisseling, Rol};
use ketenhub::domain::klok::Dossier;

use super::telling::{Inspectie, Telling, beoordelingen, inspectie};

/// An indicator, and by how much its two numbers moved.
type Beweging = (Indicator, i64, i64);

/// Alters the first dossier for which this can be done, and says what moved for the country. For its GI the same must have moved, and for
/// no other GI anything.
fn na_wijziging(wijzig: impl Fn(&mut Dossier, &Inspectie) -> bool) -> Vec<Beweging> {
    let inspectie = inspectie();
    let mut dossiers = inspectie.dossiers.clone();
    let een = |dossier: &Dossier| {
        let mut ander = dossier.clone();
        wijzig(&mut ander, inspectie).then_some(ander)
    };
    let (plaats, gewijzigd) = dossiers.iter().enumerate().find_map(|(plaats, dossier)| Some((plaats, een(dossier)?))).unwrap();
    dossiers[plaats] = gewijzigd;
    let eigenaar = &inspectie.dossiers[plaats];
    let gi = &inspectie.namen[&beoordelingen(eigenaar, inspectie.peildatum)[0].gi.to_string()];
    let (eerst, dan) = (Telling::over(&inspectie.dossiers, inspectie), Telling::over(&dossiers, inspectie));
    let bewogen = bewegingen(&eerst, &dan, "");
    for groep in eerst.gis() {
        let verwacht = if groep == gi { bewogen.clone() } else { Vec::new() };
        assert_eq!(bewegingen(&eerst, &dan, groep), verwacht, "{groep}");
    }
    bewogen
}

fn bewegingen(eerst: &Telling, dan: &Telling, groep: &str) -> Vec<Beweging> {
    let verschil = |dan: u64, eerst: u64| i64::try_from(dan).unwrap() - i64::try_from(eerst).unwrap();
    let alle = (1..=10).filter_map(|code| Indicator::try_from(code).ok());
    let beweging = |indicator| {
        let ((n, van), (n_dan, van_dan)) = (eerst.van(groep, indicator), dan.van(groep, indicator));
        (indicator, verschil(n_dan, n), verschil(van_dan, van))
    };
    alle.map(beweging).filter(|(_, n, van)| (*n, *van) != (0, 0)).collect()
}

/// Whether a dossier was judged so on an indicator.
fn is(dossier: &Dossier, inspectie: &Inspectie, indicator: Indicator, gehaald: bool) -> bool {
    beoordelingen(dossier, inspectie.peildatum).iter().any(|b| b.indicator == indicator && b.oordeel == Ok(gehaald))
}

/// The contents of the facts of a dossier.
fn inhoud(dossier: &mut Dossier) -> impl Iterator<Item = &mut Inhoud> {
    dossier.feiten.iter_mut().filter_map(|feit| Arc::make_mut(&mut feit.bericht).inhoud.as_mut())
}

fn koppelingen(dossier: &mut Dossier) -> Vec<&mut v1::Koppeling> {
    inhoud(dossier).filter_map(|inhoud| if let Inhoud::Koppeling(m) = inhoud { Some(m) } else { None }).collect()
}

fn koersen(dossier: &mut Dossier) -> Vec<&mut v1::Koers> {
    inhoud(dossier).filter_map(|inhoud| if let Inhoud::Koers(m) = inhoud { Some(m) } else { None }).collect()
}

fn later(dag: &str, dagen: u64) -> String {
    let dag: NaiveDate = dag.parse().unwrap();
    (dag + Days::new(dagen)).to_string()
}

#[test]
fn a_jeugdbeschermer_a_month_later_is_one_less_in_time() {
    let bewogen = na_wijziging(|dossier, inspectie| {
        let tijdig = is(dossier, inspectie, Indicator::JeugdbeschermerTijdigStrikt, true);
        match koppelingen(dossier).as_mut_slice() {
            [enige] if tijdig => enige.gekoppeld_op = later(&enige.gekoppeld_op, 31),
            _ => return false,
        }
        true
    });
    assert_eq!(bewogen, [(Indicator::JeugdbeschermerTijdig, -1, 0), (Indicator::JeugdbeschermerTijdigStrikt, -1, 0)]);
}

#[test]
fn a_change_that_was_foreseen_after_all_is_one_more_vast() {
    let bewogen = na_wijziging(|dossier, inspectie| {
        let wisselde = is(dossier, inspectie, Indicator::JeugdbeschermerVast, false);
        let ziekte = RedenWisseling::Ziekte as i32;
        let mut alle = koppelingen(dossier);
        let steeds_iemand = alle.iter().all(|koppeling| koppeling.soort == v1::SoortKoppeling::Vast as i32);
        let Some(laatste) = alle.iter_mut().find(|koppeling| koppeling.reden_wisseling == ziekte) else { return false };
        laatste.reden_wisseling = RedenWisseling::VoorspelbaarMoment.into();
        wisselde && steeds_iemand
    });
    assert_eq!(bewogen, [(Indicator::JeugdbeschermerVast, 1, 0)]);
}

#[test]
fn goals_without_the_help_they_need_are_one_koers_less_and_one_less_gedragen() {
    let bewogen = na_wijziging(|dossier, inspectie| {
        let laat = is(dossier, inspectie, Indicator::KoersUitgezet, true) && is(dossier, inspectie, Indicator::KoersTijdig, false);
        koersen(dossier).into_iter().for_each(|koers| koers.noodzakelijke_hulp_bepaald = !laat);
        laat
    });
    assert_eq!(bewogen, [(Indicator::KoersUitgezet, -1, 0), (Indicator::KoersGedragen, -1, 0)]);
}

#[test]
fn a_koers_six_weeks_later_is_one_less_in_time() {
    let bewogen = na_wijziging(|dossier, inspectie| {
        let tijdig = is(dossier, inspectie, Indicator::KoersTijdig, true);
        koersen(dossier).into_iter().for_each(|koers| koers.bepaald_op = later(&koers.bepaald_op, 42));
        tijdig
    });
    assert_eq!(bewogen, [(Indicator::KoersTijdig, -1, 0)]);
}

#[test]
fn a_koers_without_the_network_is_one_less_gedragen() {
    let bewogen = na_wijziging(|dossier, inspectie| {
        let gedragen = is(dossier, inspectie, Indicator::KoersGedragen, true);
        koersen(dossier).into_iter().for_each(|koers| koers.met_netwerk = Some(false));
        gedragen
    });
    assert_eq!(bewogen, [(Indicator::KoersGedragen, -1, 0)]);
}

#[test]
fn late_help_that_only_bridges_is_one_less_started() {
    let bewogen = na_wijziging(|dossier, inspectie| {
        let laat = is(dossier, inspectie, Indicator::HulpIngezet, true) && is(dossier, inspectie, Indicator::HulpTijdig, false);
        for inhoud in inhoud(dossier) {
            if let Inhoud::Passendheid(m) = inhoud {
                m.oordeel = OordeelPassendheid::Overbrugging.into();
            }
        }
        laat
    });
    assert_eq!(bewogen, [(Indicator::HulpIngezet, -1, 0)]);
}

#[test]
fn help_four_months_later_is_one_less_in_time_and_started_all_the_same() {
    let bewogen = na_wijziging(|dossier, inspectie| {
        let tijdig = is(dossier, inspectie, Indicator::HulpTijdig, true);
        let alleen_hulp = !is(dossier, inspectie, Indicator::MachtigingTijdig, true);
        for inhoud in inhoud(dossier) {
            if let Inhoud::HulpGestart(m) = inhoud {
                m.gestart_op = later(&m.gestart_op, 122);
            }
        }
        tijdig && alleen_hulp
    });
    assert_eq!(bewogen, [(Indicator::HulpTijdig, -1, 0)]);
}

#[test]
fn an_acknowledgement_that_never_came_makes_norm_1_unjudged() {
    let bewogen = na_wijziging(|dossier, inspectie| {
        let tijdig = [Indicator::KennisgevingTijdig, Indicator::JeugdbeschermerTijdigStrikt];
        let tijdig = tijdig.iter().all(|indicator| is(dossier, inspectie, *indicator, true));
        dossier.ontvangsten.retain(|ontvangst| ontvangst.rol != Rol::Gi);
        let erna = beoordelingen(dossier, inspectie.peildatum);
        tijdig && erna.iter().any(|b| b.indicator == Indicator::JeugdbeschermerTijdig && b.oordeel.is_err())
    });
    let norm1 = [Indicator::JeugdbeschermerTijdig, Indicator::JeugdbeschermerTijdigStrikt];
    assert_eq!(bewogen, [(Indicator::KennisgevingTijdig, -1, 0), (norm1[0], -1, -1), (norm1[1], -1, -1)]);
}
