//! Another GI on a case (BW 1:259): exactly one holder on every day, and each sees and says what is its own. The overdracht itself is a
//! message like others.

use jeugdketen_proto::v1::Bericht;
use ketenhub::domain::refusal::{Refusal, Toestand};

use crate::support::chain::{Chain, both, oin};
use crate::support::verhaal::{Verhaal, bericht, inhoud, intrekking_van};

/// A vervanging by a GI from a day on.
fn vervanging(verhaal: &mut Verhaal, gi: &str, per: &str) -> Bericht {
    let mut bericht = bericht(verhaal, "23");
    let m = inhoud!(bericht, Uitspraak);
    (m.gi_oin, m.ingangsdatum) = (oin(gi).to_string(), per.to_owned());
    bericht
}

/// Which of the GIs may act on the case today.
async fn handelt(chain: &Chain, verhaal: &mut Verhaal) -> Vec<&'static str> {
    let mut gevonden = Vec::new();
    for gi in ["gi", "gi-2", "gi-3"] {
        match chain.dien_in(gi, &bericht(verhaal, "04")).await {
            Ok(_) => gevonden.push(gi),
            Err(refusal) => assert_eq!(refusal, Refusal::NietGevonden),
        }
    }
    gevonden
}

/// The kinds a participant sees, by the number of their field.
async fn ziet(chain: &Chain, naam: &str) -> Vec<i32> {
    chain.ziet(naam).await.iter().map(|bericht| bericht.inhoud.as_ref().expect("content").kind() as i32).collect()
}

both! {
    async fn the_old_gi_holds_the_case_until_the_day_and_the_new_one_from_it(chain: Chain) {
        let (mut verhaal, mut ander) = (Verhaal::default(), Verhaal::default());
        chain.speel(&mut verhaal, &["02", "05", "06"]).await;
        chain.speel(&mut ander, &["02"]).await;
        chain.aanvaard("rechtbank", &vervanging(&mut verhaal, "gi-3", "2026-07-10")).await;
        assert_eq!(handelt(&chain, &mut verhaal).await, ["gi"]);
        assert_eq!(ziet(&chain, "gi").await, [11, 19, 11, 11]);
        chain.dagen_later(8);
        assert_eq!(handelt(&chain, &mut verhaal).await, ["gi"]);
        chain.dagen_later(1);
        assert_eq!(handelt(&chain, &mut verhaal).await, ["gi-3"]);
        // Of this case the old GI sees the message that ended it, of the other case everything; and the numbers stay.
        let gezien = chain.ziet("gi").await;
        let soorten: Vec<_> = gezien.iter().map(|bericht| (bericht.maatregel_id.clone(), bericht.bericht_id.clone())).collect();
        assert_eq!(soorten, [(ander.zaak.clone(), ander.ids["02"].clone()), (verhaal.zaak.clone(), verhaal.ids["23"].clone())]);
        assert!(chain.postvak("gi").await.iter().map(|levering| levering.nr).eq(1..=4));
        // What comes goes to the new one.
        let receipt = chain.speel(&mut verhaal, &["07"]).await;
        assert_eq!(receipt.ontvangers[0].oin, oin("gi-3").as_str());
        // One thing is left to the old GI.
        let receipt = chain.speel(&mut verhaal, &["24"]).await;
        let kregen: Vec<_> = receipt.ontvangers.iter().map(|ontvanger| ontvanger.oin.as_str()).collect();
        assert_eq!(kregen, [oin("gi-3").as_str(), oin("inspectie").as_str()]);
        assert_eq!(chain.geweigerd("gi", &bericht(&mut verhaal, "12")).await, Refusal::NietGevonden);
    }

    async fn a_gi_that_gets_its_case_back_sees_all_of_it_again(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05", "06"]).await;
        chain.aanvaard("rechtbank", &vervanging(&mut verhaal, "gi-3", "2026-06-22")).await;
        assert_eq!(ziet(&chain, "gi").await, [11]);
        chain.aanvaard("rechtbank", &vervanging(&mut verhaal, "gi", "2026-07-01")).await;
        assert_eq!(handelt(&chain, &mut verhaal).await, ["gi"]);
        assert_eq!(ziet(&chain, "gi").await, [11, 19, 11, 11]);
        assert_eq!(ziet(&chain, "gi-3").await, [11]);
    }

    async fn a_vervanging_that_is_withdrawn_was_none_and_who_got_the_case_by_it_sees_nothing_more(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05"]).await;
        chain.aanvaard("rechtbank", &vervanging(&mut verhaal, "gi-3", "2026-06-22")).await;
        chain.speel(&mut verhaal, &["06"]).await;
        assert_eq!(ziet(&chain, "gi-3").await, [11, 19]);
        chain.aanvaard("rechtbank", &intrekking_van(&verhaal.ids["23"], &verhaal.zaak)).await;
        assert_eq!(handelt(&chain, &mut verhaal).await, ["gi"]);
        assert_eq!(ziet(&chain, "gi").await, [11, 11, 28]);
        assert_eq!(ziet(&chain, "gi-3").await, [28]);
        // Appointed after all, it sees everything again.
        chain.aanvaard("rechtbank", &vervanging(&mut verhaal, "gi-3", "2026-07-01")).await;
        assert_eq!(ziet(&chain, "gi-3").await, [11, 19, 28, 11]);
    }

    async fn a_gi_that_was_to_come_is_told_when_another_comes_before_it(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05", "06"]).await;
        chain.aanvaard("rechtbank", &vervanging(&mut verhaal, "gi-3", "2026-07-10")).await;
        let receipt = chain.aanvaard("rechtbank", &vervanging(&mut verhaal, "gi-2", "2026-07-05")).await;
        let kregen: Vec<_> = receipt.ontvangers.iter().map(|ontvanger| ontvanger.oin.clone()).collect();
        assert_eq!(kregen, ["gi-2", "gi", "gi-3", "gemeente"].map(|naam| oin(naam).to_string()));
        assert_eq!(handelt(&chain, &mut verhaal).await, ["gi"]);
        chain.dagen_later(4);
        assert_eq!(handelt(&chain, &mut verhaal).await, ["gi-2"]);
        assert_eq!(ziet(&chain, "gi").await, [11]);
        assert_eq!(ziet(&chain, "gi-3").await, [11]);
        chain.dagen_later(10);
        assert_eq!(handelt(&chain, &mut verhaal).await, ["gi-2"]);
    }
}

#[tokio::test]
async fn a_later_uitspraak_names_the_gi_that_was_appointed_last() {
    let (chain, mut verhaal) = (Chain::sqlite().await, Verhaal::default());
    chain.speel(&mut verhaal, &["02"]).await;
    chain.aanvaard("rechtbank", &vervanging(&mut verhaal, "gi-3", "2026-07-10")).await;
    chain.verboden("rechtbank", &bericht(&mut verhaal, "22"), Toestand::AndereGi).await;
    let mut verlenging = bericht(&mut verhaal, "22");
    inhoud!(verlenging, Uitspraak).gi_oin = oin("gi-3").to_string();
    let receipt = chain.aanvaard("rechtbank", &verlenging).await;
    let kregen: Vec<_> = receipt.ontvangers.iter().map(|ontvanger| ontvanger.oin.clone()).collect();
    assert_eq!(kregen, ["gi-3", "gi", "gemeente"].map(|naam| oin(naam).to_string()));
}

#[tokio::test]
async fn a_gi_that_took_over_another_takes_its_place_in_every_case() {
    let (chain, mut verhaal) = (Chain::sqlite().await, Verhaal::default());
    chain.speel(&mut verhaal, &["02", "05"]).await;
    chain.wijzig("gi", |gi| gi.opvolging = Some((oin("gi-3"), "2026-07-02".parse().expect("a date"))));
    assert_eq!(handelt(&chain, &mut verhaal).await, ["gi"]);
    chain.dagen_later(1);
    assert_eq!(handelt(&chain, &mut verhaal).await, ["gi-3"]);
    assert_eq!(chain.speel(&mut verhaal, &["06"]).await.ontvangers[0].oin, oin("gi-3").as_str());
    // The judge may use the new name, and still the old one.
    for gi in ["gi-3", "gi"] {
        let mut verlenging = bericht(&mut verhaal, "22");
        inhoud!(verlenging, Uitspraak).gi_oin = oin(gi).to_string();
        let receipt = chain.aanvaard("rechtbank", &verlenging).await;
        assert_eq!(receipt.ontvangers[0].oin, oin("gi-3").as_str());
        assert_eq!(receipt.ontvangers.len(), 2);
    }
    chain.verboden("rechtbank", &vervanging(&mut verhaal, "gi-3", "2026-07-10"), Toestand::GiIsAlHouder).await;
    // And it loses the case as the other would.
    assert_eq!(ziet(&chain, "gi-3").await, [19, 11, 11]);
    chain.aanvaard("rechtbank", &vervanging(&mut verhaal, "gi-2", "2026-07-02")).await;
    assert_eq!(handelt(&chain, &mut verhaal).await, ["gi-2"]);
    assert_eq!(ziet(&chain, "gi-3").await, [11]);
}
