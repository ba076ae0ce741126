//! Corrections and withdrawals: what counts afterwards, who hears of it, and which cannot be. Nothing is overwritten.

use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{Receipt, SoortUitspraak};
use ketenhub::domain::refusal::{Refusal, Toestand};

use crate::support::chain::{Chain, oin};
use crate::support::verhaal::{Verhaal, bericht, correctie_van, inhoud, intrekking_van, nieuw_id};

/// Who got a message.
fn kregen(receipt: &Receipt) -> Vec<String> {
    receipt.ontvangers.iter().map(|ontvanger| ontvanger.oin.clone()).collect()
}

fn oins(namen: &[&str]) -> Vec<String> {
    namen.iter().map(|naam| oin(naam).to_string()).collect()
}

async fn verhaal(nummers: &[&str]) -> (Chain, Verhaal) {
    let (chain, mut verhaal) = (Chain::sqlite().await, Verhaal::default());
    chain.speel(&mut verhaal, nummers).await;
    (chain, verhaal)
}

#[tokio::test]
async fn a_correction_takes_the_place_of_the_original_and_of_an_earlier_correction() {
    let (chain, mut verhaal) = verhaal(&["02", "05", "10"]).await;
    let receipt = chain.speel(&mut verhaal, &["26"]).await;
    assert_eq!(kregen(&receipt), oins(&["gi", "gemeente"]));
    let mut einde = bericht(&mut verhaal, "29");
    inhoud!(einde, HulpBeeindigd).beeindigd_op = "2026-05-12".to_owned();
    // Since the correction the help started on the 13th.
    assert!(matches!(chain.geweigerd("aanbieder-3", &einde).await, Refusal::Inhoud(_)));
    let origineel = verhaal.ids["10"].clone();
    let weer = correctie_van(&origineel, bericht(&mut verhaal, "10"));
    chain.aanvaard("aanbieder-3", &weer).await;
    chain.aanvaard("aanbieder-3", &einde).await;
    assert_eq!(chain.ziet("gi").await.len(), 5, "nothing was overwritten");
}

#[tokio::test]
async fn what_was_withdrawn_does_not_count_and_can_be_withdrawn_once() {
    let (chain, mut verhaal) = verhaal(&["02", "05", "10"]).await;
    let intrekking = intrekking_van(&verhaal.ids["10"], &verhaal.zaak);
    assert_eq!(kregen(&chain.aanvaard("aanbieder-3", &intrekking).await), oins(&["gi", "gemeente"]));
    chain.verboden("aanbieder-3", &bericht(&mut verhaal, "29"), Toestand::HulpNietGestart).await;
    chain.verboden("aanbieder-3", &intrekking_van(&verhaal.ids["10"], &verhaal.zaak), Toestand::AlIngetrokken).await;
    chain.verboden("aanbieder-3", &bericht(&mut verhaal, "26"), Toestand::AlIngetrokken).await;
    chain.speel(&mut verhaal, &["10"]).await;
    // A bepaling that was withdrawn is there for nobody.
    chain.aanvaard("gi", &intrekking_van(&verhaal.ids["05"], &verhaal.zaak)).await;
    assert_eq!(chain.geweigerd("aanbieder", &bericht(&mut verhaal, "06")).await, Refusal::NietGevonden);
    assert_eq!(chain.geweigerd("gemeente", &bericht(&mut verhaal, "09")).await, Refusal::NietGevonden);
    assert_eq!(chain.geweigerd("gemeente", &bericht(&mut verhaal, "28")).await, Refusal::NietGevonden);
}

#[tokio::test]
async fn a_correction_has_the_kind_of_the_original_and_names_the_original() {
    let (chain, mut verhaal) = verhaal(&["02", "05", "08", "10", "26"]).await;
    let (intake, correctie) = (verhaal.ids["08"].clone(), verhaal.ids["26"].clone());
    for betreft in [&intake, &correctie] {
        let bericht = correctie_van(betreft, bericht(&mut verhaal, "26"));
        chain.verboden("aanbieder-3", &bericht, Toestand::CorrectieAndereSoort).await;
    }
    chain.verboden("aanbieder-3", &intrekking_van(&correctie, &verhaal.zaak), Toestand::NietTeCorrigeren).await;
}

#[tokio::test]
async fn an_original_of_somebody_else_or_of_another_case_is_not_there() {
    let (chain, mut een) = verhaal(&["01", "02", "03"]).await;
    let mut ander = Verhaal::default();
    chain.speel(&mut ander, &["02", "03"]).await;
    let vreemd = correctie_van(&een.ids["02"].clone(), bericht(&mut een, "04"));
    assert_eq!(chain.geweigerd("gi", &vreemd).await, Refusal::NietGevonden);
    let onbekend = correctie_van(&nieuw_id(), bericht(&mut een, "04"));
    assert_eq!(chain.geweigerd("gi", &onbekend).await, Refusal::NietGevonden);
    for zaak in [een.zaak.as_str(), ""] {
        assert_eq!(chain.geweigerd("gi", &intrekking_van(&ander.ids["03"], zaak)).await, Refusal::NietGevonden);
    }
    assert_eq!(chain.geweigerd("rechtbank", &intrekking_van(&een.ids["01"], &een.zaak)).await, Refusal::NietGevonden);
    chain.aanvaard("rechtbank", &intrekking_van(&een.ids["01"], "")).await;
}

#[tokio::test]
async fn some_messages_can_be_neither_corrected_nor_withdrawn() {
    let (chain, mut verhaal) = verhaal(&["02", "05", "07", "28", "31"]).await;
    chain.wijzig("gemeente-2", |gemeente| gemeente.opvolging = Some((oin("gemeente"), "2026-01-01".parse().expect("a date"))));
    let melding = verhaal.ids["28"].clone();
    chain.verboden("gemeente", &intrekking_van(&melding, &verhaal.zaak), Toestand::NietTeCorrigeren).await;
    let correctie = correctie_van(&melding, bericht(&mut verhaal, "28"));
    chain.verboden("gemeente", &correctie, Toestand::NietTeCorrigeren).await;
    chain.verboden("gi", &intrekking_van(&verhaal.ids["31"], ""), Toestand::NietTeCorrigeren).await;
    chain.speel(&mut verhaal, &["33"]).await;
    chain.verboden("aanbieder-2", &intrekking_van(&verhaal.ids["33"], &verhaal.zaak), Toestand::NietTeCorrigeren).await;
    let intrekking = correctie_van(&verhaal.ids["33"], intrekking_van(&verhaal.ids["07"], &verhaal.zaak));
    chain.verboden("aanbieder-2", &intrekking, Toestand::NietTeCorrigeren).await;
}

#[tokio::test]
async fn a_correction_names_no_party_that_did_not_get_the_original() {
    let (chain, mut verhaal) = verhaal(&["02", "05"]).await;
    let origineel = verhaal.ids["05"].clone();
    let mut ander = correctie_van(&origineel, bericht(&mut verhaal, "05"));
    inhoud!(ander, Jeugdhulpbepaling).voorzieningen[0].aanbieder_oin = oin("aanbieder-ingetrokken").to_string();
    chain.verboden("gi", &ander, Toestand::CorrectieAndereOntvangers).await;
    // Who is left out hears that it is, and sees nothing of the others.
    let mut zonder = correctie_van(&origineel, bericht(&mut verhaal, "05"));
    inhoud!(zonder, Jeugdhulpbepaling).voorzieningen.remove(0);
    let receipt = chain.aanvaard("gi", &zonder).await;
    assert_eq!(kregen(&receipt), oins(&["aanbieder", "aanbieder-2", "aanbieder-3", "gemeente"]));
    let mut laatste = chain.ziet("aanbieder").await.pop().expect("the correction");
    assert!(inhoud!(laatste, Jeugdhulpbepaling).voorzieningen.is_empty());
    let mut intake = bericht(&mut verhaal, "06");
    inhoud!(intake, Intakeresultaat).bepaling_id = origineel;
    assert_eq!(chain.geweigerd("aanbieder", &intake).await, Refusal::NietGevonden);
}

#[tokio::test]
async fn the_oplegging_can_be_corrected_but_not_into_another_case() {
    let (chain, mut verhaal) = verhaal(&["02"]).await;
    let origineel = verhaal.ids["02"].clone();
    let mut correctie = || {
        let mut correctie = correctie_van(&origineel, bericht(&mut verhaal, "02"));
        correctie.maatregel_id.clone_from(&verhaal.zaak);
        correctie
    };
    let (mut gi, mut maatregel, mut soort, mut los, mut goed) = (correctie(), correctie(), correctie(), correctie(), correctie());
    inhoud!(gi, Uitspraak).gi_oin = oin("gi-2").to_string();
    inhoud!(maatregel, Uitspraak).maatregel = 12;
    inhoud!(soort, Uitspraak).soort = SoortUitspraak::Verlenging.into();
    los.maatregel_id.clear();
    chain.verboden("rechtbank", &gi, Toestand::CorrectieAndereOntvangers).await;
    chain.verboden("rechtbank", &maatregel, Toestand::AndereMaatregel).await;
    chain.verboden("rechtbank", &soort, Toestand::CorrectieAndereSoort).await;
    assert_eq!(chain.geweigerd("rechtbank", &los).await.faults()[0].veld, "maatregel_id");
    inhoud!(goed, Uitspraak).einddatum = "2026-05-01".to_owned();
    chain.aanvaard("rechtbank", &goed).await;
    let mut bepaling = bericht(&mut verhaal, "05");
    inhoud!(bepaling, Jeugdhulpbepaling).voorzieningen[0].ingangsdatum = "2026-05-02".to_owned();
    chain.verboden("gi", &bepaling, Toestand::MaatregelNietVanKracht).await;
}

#[tokio::test]
async fn a_later_uitspraak_cannot_be_corrected_into_an_oplegging() {
    let (chain, mut verhaal) = verhaal(&["02", "22"]).await;
    let mut correctie = correctie_van(&verhaal.ids["22"].clone(), bericht(&mut verhaal, "22"));
    inhoud!(correctie, Uitspraak).soort = SoortUitspraak::Oplegging.into();
    chain.verboden("rechtbank", &correctie, Toestand::CorrectieAndereSoort).await;
}

#[tokio::test]
async fn a_correction_cannot_let_help_start_after_its_end() {
    let (chain, mut verhaal) = verhaal(&["02", "05", "10", "29"]).await;
    let mut correctie = correctie_van(&verhaal.ids["10"].clone(), bericht(&mut verhaal, "26"));
    let m = inhoud!(correctie, HulpGestart);
    (m.eerste_nacht, m.gestart_op) = ("2026-06-28".to_owned(), "2026-06-29".to_owned());
    assert_eq!(chain.geweigerd("aanbieder-3", &correctie).await.faults()[0].veld, "hulp_gestart.gestart_op");
}

#[tokio::test]
async fn who_took_the_place_of_a_recipient_hears_of_a_correction_and_a_withdrawal_too() {
    let (chain, mut verhaal) = verhaal(&["02", "05", "08", "10", "23", "28"]).await;
    // Since then the gemeente is gemeente-2 and the GI is gi-3.
    let correctie = chain.speel(&mut verhaal, &["26"]).await;
    assert_eq!(kregen(&correctie), oins(&["gi", "gemeente", "gi-3", "gemeente-2"]));
    for (naam, nummer, wie) in
        [("aanbieder-3", "08", &["gi", "gi-3"][..]), ("aanbieder-3", "10", &["gi", "gemeente", "gi-3", "gemeente-2"])]
    {
        let intrekking = intrekking_van(&verhaal.ids[nummer], &verhaal.zaak);
        assert_eq!(kregen(&chain.aanvaard(naam, &intrekking).await), oins(wie), "{nummer}");
    }
    let mut oplegging = correctie_van(&verhaal.ids["02"].clone(), bericht(&mut verhaal, "02"));
    oplegging.maatregel_id.clone_from(&verhaal.zaak);
    assert_eq!(kregen(&chain.aanvaard("rechtbank", &oplegging).await), oins(&["gi", "gemeente", "gi-3", "gemeente-2"]));
    // The old ones have a number for it, but see nothing of it any more.
    let gezien = chain.ziet("gemeente").await;
    assert_eq!(gezien.len(), 0);
    assert!(chain.ziet("gemeente-2").await.iter().any(|bericht| matches!(bericht.inhoud, Some(Inhoud::Intrekking(_)))));
}
