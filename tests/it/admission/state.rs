//! The state of a case forbids what cannot be: every such state is reached here. Who may speak at all is tested elsewhere.

use jeugdketen_proto::v1::SoortMaatregel;
use ketenhub::domain::refusal::{Refusal, Toestand};

use crate::support::chain::{Chain, oin};
use crate::support::verhaal::{Verhaal, bericht, inhoud, intrekking_van, nieuw_id};

async fn verhaal(chain: &Chain, nummers: &[&str]) -> Verhaal {
    let mut verhaal = Verhaal::default();
    chain.speel(&mut verhaal, nummers).await;
    verhaal
}

#[tokio::test]
async fn help_begins_while_the_maatregel_is_in_force() {
    let chain = Chain::sqlite().await;
    let mut verhaal = verhaal(&chain, &["02"]).await;
    for (dag, van_kracht) in [("2026-03-17", false), ("2026-03-18", true), ("2027-03-17", true), ("2027-03-18", false)] {
        let mut bepaling = bericht(&mut verhaal, "05");
        let voorziening = &mut inhoud!(bepaling, Jeugdhulpbepaling).voorzieningen[0];
        (voorziening.ingangsdatum, voorziening.einddatum) = (dag.to_owned(), String::new());
        if van_kracht {
            chain.aanvaard("gi", &bepaling).await;
        } else {
            chain.verboden("gi", &bepaling, Toestand::MaatregelNietVanKracht).await;
        }
    }
    // A verlenging moves the last day; an opheffing comes before it.
    chain.speel(&mut verhaal, &["22"]).await;
    let mut later = bericht(&mut verhaal, "05");
    for voorziening in &mut inhoud!(later, Jeugdhulpbepaling).voorzieningen {
        (voorziening.ingangsdatum, voorziening.einddatum) = ("2027-06-30".to_owned(), "2027-06-30".to_owned());
    }
    chain.aanvaard("gi", &later).await;
    chain.speel(&mut verhaal, &["25"]).await;
    let mut bepaling = bericht(&mut verhaal, "05");
    inhoud!(bepaling, Jeugdhulpbepaling).voorzieningen[0].ingangsdatum = "2026-06-30".to_owned();
    chain.verboden("gi", &bepaling, Toestand::MaatregelNietVanKracht).await;
}

#[tokio::test]
async fn nothing_is_done_in_a_case_after_its_end() {
    let chain = Chain::sqlite().await;
    let mut verhaal = verhaal(&chain, &["02", "25"]).await;
    for nummer in ["22", "23", "25"] {
        chain.verboden("rechtbank", &bericht(&mut verhaal, nummer), Toestand::MaatregelBeeindigd).await;
    }
    for (dag, mag) in [("2026-06-29", true), ("2026-06-30", false)] {
        let (mut koers, mut koppeling) = (bericht(&mut verhaal, "04"), bericht(&mut verhaal, "03"));
        inhoud!(koers, Koers).bepaald_op = dag.to_owned();
        (inhoud!(koppeling, Koppeling).gekoppeld_op, inhoud!(koppeling, Koppeling).actief_contact_sinds) = (dag.to_owned(), String::new());
        for bericht in [koers, koppeling] {
            if mag {
                chain.aanvaard("gi", &bericht).await;
            } else {
                chain.verboden("gi", &bericht, Toestand::MaatregelBeeindigd).await;
            }
        }
    }
}

#[tokio::test]
async fn an_oplegging_that_is_withdrawn_takes_its_whole_case_with_it() {
    let chain = Chain::sqlite().await;
    let mut verhaal = verhaal(&chain, &["02", "05"]).await;
    chain.aanvaard("rechtbank", &intrekking_van(&verhaal.ids["02"], &verhaal.zaak)).await;
    for (naam, nummer) in [("rechtbank", "22"), ("gi", "04"), ("gi", "05"), ("aanbieder", "06"), ("gemeente", "09")] {
        chain.verboden(naam, &bericht(&mut verhaal, nummer), Toestand::MaatregelBeeindigd).await;
    }
}

#[tokio::test]
async fn the_form_of_the_maatregel_and_its_gi_stay_those_of_the_case() {
    let chain = Chain::sqlite().await;
    let mut verhaal = verhaal(&chain, &["02"]).await;
    let mut verlenging = bericht(&mut verhaal, "22");
    inhoud!(verlenging, Uitspraak).maatregel = SoortMaatregel::Vots.into();
    chain.verboden("rechtbank", &verlenging, Toestand::AndereMaatregel).await;
    let mut bepaling = bericht(&mut verhaal, "05");
    inhoud!(bepaling, Jeugdhulpbepaling).maatregel = SoortMaatregel::Vots.into();
    chain.verboden("gi", &bepaling, Toestand::AndereMaatregel).await;
    for nummer in ["22", "25"] {
        let mut uitspraak = bericht(&mut verhaal, nummer);
        inhoud!(uitspraak, Uitspraak).gi_oin = oin("gi-2").to_string();
        chain.verboden("rechtbank", &uitspraak, Toestand::AndereGi).await;
    }
    let mut vervanging = bericht(&mut verhaal, "23");
    inhoud!(vervanging, Uitspraak).gi_oin = oin("gi").to_string();
    chain.verboden("rechtbank", &vervanging, Toestand::GiIsAlHouder).await;
}

#[tokio::test]
async fn help_starts_once_and_ends_after_it_started() {
    let chain = Chain::sqlite().await;
    let mut verhaal = verhaal(&chain, &["02", "05"]).await;
    chain.verboden("aanbieder-3", &bericht(&mut verhaal, "29"), Toestand::HulpNietGestart).await;
    chain.verboden("gi", &bericht(&mut verhaal, "11"), Toestand::HulpNietGestart).await;
    let mut ander = bericht(&mut verhaal, "10");
    inhoud!(ander, HulpGestart).productcategorie = "43".to_owned();
    chain.verboden("aanbieder-3", &ander, Toestand::AndereProductcategorie).await;
    chain.speel(&mut verhaal, &["08", "10"]).await;
    for nummer in ["08", "10"] {
        chain.verboden("aanbieder-3", &bericht(&mut verhaal, nummer), Toestand::HulpAlGestart).await;
    }
    let mut eerder = bericht(&mut verhaal, "29");
    inhoud!(eerder, HulpBeeindigd).beeindigd_op = "2026-05-11".to_owned();
    let Refusal::Inhoud(faults) = chain.geweigerd("aanbieder-3", &eerder).await else { panic!("an end before the start") };
    assert_eq!(faults[0].veld, "hulp_beeindigd.beeindigd_op");
    chain.speel(&mut verhaal, &["29"]).await;
    chain.verboden("aanbieder-3", &bericht(&mut verhaal, "29"), Toestand::HulpAlGestart).await;
}

#[tokio::test]
async fn only_an_expertteam_with_mandaat_places_and_the_aanbieder_reports_on_it_as_on_a_bepaling() {
    let chain = Chain::sqlite().await;
    let mut verhaal = verhaal(&chain, &["02", "05"]).await;
    let mut escalatie = bericht(&mut verhaal, "12");
    inhoud!(escalatie, Escalatie).expertteam_oin = oin("expertteam-2").to_string();
    chain.aanvaard("gi", &escalatie).await;
    chain.verboden("expertteam-2", &bericht(&mut verhaal, "30"), Toestand::GeenMandaat).await;
    chain.speel(&mut verhaal, &["12", "30"]).await;
    let besluit = verhaal.ids["30"].clone();
    let mut start = bericht(&mut verhaal, "10");
    let m = inhoud!(start, HulpGestart);
    (m.bepaling_id, m.voorziening_nr) = (besluit, 1);
    (m.productcategorie, m.eerste_nacht, m.gestart_op) = ("54".to_owned(), String::new(), "2026-06-15".to_owned());
    chain.aanvaard("aanbieder", &start).await;
}

#[tokio::test]
async fn a_gi_speaks_of_its_own_regions() {
    let chain = Chain::sqlite().await;
    let mut verhaal = verhaal(&chain, &["02", "05"]).await;
    let (mut capaciteit, mut taak, mut escalatie) = (bericht(&mut verhaal, "31"), bericht(&mut verhaal, "32"), bericht(&mut verhaal, "12"));
    inhoud!(capaciteit, Capaciteit).regio = "Rijnmond".to_owned();
    inhoud!(taak, TaakNietUitvoerbaar).regio = "Rijnmond".to_owned();
    inhoud!(escalatie, Escalatie).regio = "Rijnmond".to_owned();
    for bericht in [capaciteit, taak, escalatie] {
        chain.verboden("gi", &bericht, Toestand::AndereRegio).await;
    }
}

#[tokio::test]
async fn an_overdracht_follows_a_vervanging_of_the_gi_that_sends_it() {
    let chain = Chain::sqlite().await;
    let mut verhaal = verhaal(&chain, &["02", "05"]).await;
    chain.verboden("gi", &bericht(&mut verhaal, "24"), Toestand::GeenVervanging).await;
    chain.speel(&mut verhaal, &["23"]).await;
    chain.verboden("gi-3", &bericht(&mut verhaal, "24"), Toestand::GeenVervanging).await;
    let mut onbekend = bericht(&mut verhaal, "24");
    inhoud!(onbekend, Overdracht).lopende_bepalingen.push(nieuw_id());
    assert_eq!(chain.geweigerd("gi", &onbekend).await, Refusal::NietGevonden);
    chain.speel(&mut verhaal, &["24"]).await;
}

#[tokio::test]
async fn an_earlier_deadline_is_never_later_than_the_norm() {
    let chain = Chain::sqlite().await;
    let mut verhaal = verhaal(&chain, &["02"]).await;
    for (koers, hulp, veld) in [
        ("2026-04-29", "2026-06-18", None),
        ("2026-04-30", "", Some("koers.eerdere_termijn_koers")),
        ("", "2026-06-19", Some("koers.eerdere_termijn_hulp")),
    ] {
        let mut bericht = bericht(&mut verhaal, "04");
        let m = inhoud!(bericht, Koers);
        (m.eerdere_termijn_koers, m.eerdere_termijn_hulp, m.reden_eerdere_termijn) = (koers.to_owned(), hulp.to_owned(), 1);
        match veld {
            None => drop(chain.aanvaard("gi", &bericht).await),
            Some(veld) => assert_eq!(chain.geweigerd("gi", &bericht).await.faults()[0].veld, veld),
        }
    }
}

#[tokio::test]
async fn only_an_oplegging_opens_a_case_and_only_once() {
    let chain = Chain::sqlite().await;
    let mut verhaal = verhaal(&chain, &["02"]).await;
    let mut tweede = bericht(&mut verhaal, "02");
    tweede.maatregel_id.clone_from(&verhaal.zaak);
    let mut los = bericht(&mut verhaal, "22");
    los.maatregel_id.clear();
    for bericht in [tweede, los] {
        assert_eq!(chain.geweigerd("rechtbank", &bericht).await.faults()[0].veld, "maatregel_id");
    }
}

#[tokio::test]
async fn whoever_a_message_names_takes_part_in_that_role() {
    let chain = Chain::sqlite().await;
    let mut verhaal = verhaal(&chain, &["02", "05", "12"]).await;
    let vreemd = oin("onbekend").to_string();
    let (mut besluit, mut escalatie) = (bericht(&mut verhaal, "30"), bericht(&mut verhaal, "12"));
    let (mut uitspraak, mut bepaling) = (bericht(&mut verhaal, "02"), bericht(&mut verhaal, "05"));
    inhoud!(uitspraak, Uitspraak).gi_oin.clone_from(&vreemd);
    inhoud!(bepaling, Jeugdhulpbepaling).voorzieningen[1].aanbieder_oin = oin("gi").to_string();
    inhoud!(escalatie, Escalatie).expertteam_oin = oin("inspectie").to_string();
    inhoud!(besluit, Inzetbesluit).aanbieder_oin = vreemd;
    let tabel = [
        ("rechtbank", uitspraak, "uitspraak.gi_oin"),
        ("gi", bepaling, "jeugdhulpbepaling.voorzieningen[1].aanbieder_oin"),
        ("gi", escalatie, "escalatie.expertteam_oin"),
        ("expertteam", besluit, "inzetbesluit.aanbieder_oin"),
    ];
    for (naam, bericht, veld) in tabel {
        assert_eq!(chain.geweigerd(naam, &bericht).await.faults()[0].veld, veld);
    }
}
