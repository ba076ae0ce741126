//! The list that is kept per participant: each aanbieder proves its own part, and learns nothing of the others.

use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{Jeugdhulpbepaling, Voorziening};

use super::*;

fn oin(nummer: usize) -> String {
    format!("000000990400{nummer:08}")
}

/// A bepaling whose voorzieningen name these aanbieders.
fn bepaling(aanbieders: &[usize]) -> Bericht {
    let voorziening = |(nr, aanbieder): (u32, &usize)| Voorziening {
        nr,
        aanbieder_oin: oin(*aanbieder),
        productcategorie: format!("{nr:02}"),
        ..Voorziening::default()
    };
    let voorzieningen = (1..).zip(aanbieders).map(voorziening).collect();
    Bericht {
        bericht_id: "0197a2b0-0000-7000-8000-000000000001".to_owned(),
        maatregel_id: MAATREGEL.to_owned(),
        inhoud: Some(Inhoud::Jeugdhulpbepaling(Jeugdhulpbepaling { voorzieningen, ..Jeugdhulpbepaling::default() })),
        ..Bericht::default()
    }
}

fn voorzieningen(bericht: &mut Bericht) -> &mut Vec<Voorziening> {
    let Some(Inhoud::Jeugdhulpbepaling(bepaling)) = &mut bericht.inhoud else { panic!("a bepaling") };
    &mut bepaling.voorzieningen
}

#[test]
fn each_of_twenty_aanbieders_proves_its_own_part() {
    let alle: Vec<usize> = (0..20).collect();
    let bericht = bepaling(&alle);
    let mut plaatsen = Vec::new();
    for aanbieder in alle {
        let geleverd = Geleverd::aan(&bericht, Rol::Aanbieder, &oin(aanbieder));
        assert_eq!(geleverd.oordeel(), Ok(()));
        plaatsen.push(geleverd.bewijs.eigen_deel.unwrap().plaats.unwrap());
    }
    assert!(!plaatsen.is_sorted(), "the place does not follow the order of the list");
    plaatsen.sort_unstable();
    plaatsen.dedup();
    assert_eq!(plaatsen.len(), 20);
}

#[test]
fn an_aanbieder_cannot_tell_how_many_others_there_are() {
    let lengte = |aanbieders: &[usize]| {
        let geleverd = Geleverd::aan(&bepaling(aanbieders), Rol::Aanbieder, &oin(7));
        assert_eq!(geleverd.oordeel(), Ok(()));
        let mut view = geleverd.view.clone();
        voorzieningen(&mut view).iter_mut().for_each(|voorziening| (voorziening.nr, voorziening.productcategorie) = (1, String::new()));
        (view, geleverd.bewijs.encoded_len())
    };
    let alleen = lengte(&[7]);
    assert!(lengte(&[7, 8]) == alleen);
    assert!(lengte(&[8, 8, 8, 7]) == alleen);
    assert!(lengte(&(0..20).collect::<Vec<_>>()) == alleen);
}

#[test]
fn the_elements_of_another_do_not_verify_as_ones_own() {
    let bericht = bepaling(&[7, 8, 7]);
    let mut geleverd = Geleverd::aan(&bericht, Rol::Aanbieder, &oin(7));
    let alle = bericht.encode_to_vec();
    assert_eq!(geleverd.oordeel_over(&alle), Err(OngeldigBewijs::NietVoorLezer), "more than its own");
    let mut omgekeerd = geleverd.view.clone();
    voorzieningen(&mut omgekeerd).reverse();
    assert_eq!(geleverd.oordeel_over(&omgekeerd.encode_to_vec()), Err(OngeldigBewijs::Verbintenis), "its own in another order");
    let mut minder = geleverd.view.clone();
    voorzieningen(&mut minder).pop();
    assert_eq!(geleverd.oordeel_over(&minder.encode_to_vec()), Err(OngeldigBewijs::Verbintenis));
    geleverd.oin = oin(8);
    assert!(geleverd.oordeel().is_err());
    let van_8 = view(&bericht, Rol::Aanbieder, &oin(8));
    assert!(geleverd.oordeel_over(&van_8.encode_to_vec()).is_err());
}

#[test]
fn an_aanbieder_that_is_named_nowhere_verifies_the_rest_and_sees_no_element() {
    let bericht = bepaling(&[1, 2]);
    let geleverd = Geleverd::aan(&bericht, Rol::Aanbieder, &oin(3));
    assert_eq!(geleverd.oordeel(), Ok(()));
    assert!(geleverd.bewijs.eigen_deel.as_ref().unwrap().zaad.is_empty());
    let van_1 = view(&bericht, Rol::Aanbieder, &oin(1));
    assert_eq!(geleverd.oordeel_over(&van_1.encode_to_vec()), Err(OngeldigBewijs::NietVoorLezer));
    let mut verzonnen = van_1;
    voorzieningen(&mut verzonnen)[0].aanbieder_oin = oin(3);
    assert_eq!(geleverd.oordeel_over(&verzonnen.encode_to_vec()), Err(OngeldigBewijs::EigenDeel));
}

#[test]
fn who_sees_the_whole_list_proves_its_order_too() {
    let bericht = bepaling(&[1, 2, 3]);
    let geleverd = Geleverd::aan(&bericht, Rol::Gemeente, "");
    assert_eq!(geleverd.oordeel(), Ok(()));
    let mut anders = geleverd.view.clone();
    voorzieningen(&mut anders).swap(0, 2);
    assert_eq!(geleverd.oordeel_over(&anders.encode_to_vec()), Err(OngeldigBewijs::Verbintenis));
}

#[test]
fn a_list_that_names_more_participants_than_the_tree_has_places_has_no_commitment() {
    let aantal = |aantal: usize| verbintenis::wortel(&bepaling(&(0..aantal).collect::<Vec<_>>()).encode_to_vec(), &ZAAD);
    assert!(aantal(32).is_some());
    assert!(aantal(33).is_none());
}
