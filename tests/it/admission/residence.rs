//! Another gemeente of residence: the payer's view follows the jeugdige, the aanbieder notices nothing. What a gemeente may not say is
//! tested elsewhere.

use jeugdketen_proto::v1::Bericht;
use ketenhub::domain::ids::MaatregelId;
use ketenhub::domain::refusal::Refusal;
use ketenhub::store::zaken;

use crate::support::chain::{Chain, both, oin};
use crate::support::verhaal::{Verhaal, bericht, inhoud};

/// A report of another residence.
fn melding(verhaal: &mut Verhaal, gemeentecode: &str) -> Bericht {
    let mut bericht = bericht(verhaal, "28");
    inhoud!(bericht, Woonplaatsmelding).gemeentecode = gemeentecode.to_owned();
    bericht
}

/// The ids a participant sees, in order.
async fn ziet(chain: &Chain, naam: &str) -> Vec<String> {
    chain.ziet(naam).await.into_iter().map(|bericht| bericht.bericht_id).collect()
}

both! {
    async fn the_new_gemeente_gets_the_case_from_its_beginning_and_the_old_one_loses_it(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "03", "05", "10"]).await;
        let vroeger: Vec<_> = ["02", "03", "05", "10"].map(|nummer| verhaal.ids[nummer].clone()).into();
        assert_eq!(ziet(&chain, "gemeente").await, vroeger);
        let aanbieder = chain.postvak("aanbieder").await.len();
        let receipt = chain.aanvaard("gemeente", &melding(&mut verhaal, "1916")).await;
        assert_eq!(receipt.ontvangers.iter().map(|o| o.oin.as_str()).collect::<Vec<_>>(), [oin("gi").as_str()]);
        assert_eq!(ziet(&chain, "gemeente-2").await, vroeger);
        assert_eq!(ziet(&chain, "gemeente").await, [""; 0]);
        assert_eq!(chain.postvak("aanbieder").await.len(), aanbieder);
        // The payer's view, also of what was sent before.
        let mut bepaling = chain.ziet("gemeente-2").await.remove(2);
        let m = inhoud!(bepaling, Jeugdhulpbepaling);
        assert!(m.voorzieningen.len() == 3 && m.onderbouwing.is_empty() && m.doelen.is_empty());
        // What comes goes to the new one, and the new one may speak.
        let receipt = chain.speel(&mut verhaal, &["29"]).await;
        assert!(receipt.ontvangers.iter().any(|o| o.oin == oin("gemeente-2").as_str()));
        let verwerking = bericht(&mut verhaal, "09");
        assert_eq!(chain.geweigerd("gemeente", &verwerking).await, Refusal::NietGevonden);
        chain.aanvaard("gemeente-2", &verwerking).await;
        let mut lezing = chain.hub.store.read().await.expect("a connection");
        let zaak = MaatregelId::parse(&verhaal.zaak).expect("a case");
        let events = zaken::gebeurtenissen(&mut lezing.conn(), zaak).await.expect("events");
        let omgeleid = events.iter().filter(|event| event.soort == 2);
        let omgeleid: Vec<_> = omgeleid.map(|event| (event.volgnummer, event.betrokkene.clone())).collect();
        assert_eq!(omgeleid, [1, 2, 3, 4].map(|volgnummer| (volgnummer, oin("gemeente-2").to_string())));
    }

    async fn a_gemeente_that_gets_the_case_back_sees_all_of_it_again(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05"]).await;
        chain.aanvaard("gemeente", &melding(&mut verhaal, "1916")).await;
        chain.speel(&mut verhaal, &["10"]).await;
        chain.aanvaard("gemeente-2", &melding(&mut verhaal, "0518")).await;
        let alles: Vec<_> = ["02", "05", "02", "05", "10"].map(|nummer| verhaal.ids[nummer].clone()).into();
        assert_eq!(ziet(&chain, "gemeente").await, alles);
        assert_eq!(ziet(&chain, "gemeente-2").await, [""; 0]);
        // A second time at the same gemeente is one event, but again a delivery.
        chain.aanvaard("gemeente", &melding(&mut verhaal, "1916")).await;
        let weer: Vec<_> = ["02", "05", "10", "02", "05", "10"].map(|nummer| verhaal.ids[nummer].clone()).into();
        assert_eq!(ziet(&chain, "gemeente-2").await, weer);
        chain.bevestig("gemeente-2", 6).await.expect("given out");
    }

    async fn an_uitspraak_that_names_another_residence_moves_the_case_too(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05"]).await;
        let mut verlenging = bericht(&mut verhaal, "22");
        inhoud!(verlenging, Uitspraak).woonplaats_gemeentecode = "0599".to_owned();
        chain.aanvaard("rechtbank", &verlenging).await;
        let alles: Vec<_> = ["02", "05", "22"].map(|nummer| verhaal.ids[nummer].clone()).into();
        assert_eq!(ziet(&chain, "gemeente-3").await, alles);
        assert_eq!(ziet(&chain, "gemeente").await, [""; 0]);
    }
}

#[tokio::test]
async fn a_report_names_another_gemeente_that_is_in_the_register() {
    let (chain, mut verhaal) = (Chain::sqlite().await, Verhaal::default());
    chain.speel(&mut verhaal, &["02", "05"]).await;
    for code in ["0363", "0518"] {
        let melding = melding(&mut verhaal, code);
        assert_eq!(chain.geweigerd("gemeente", &melding).await.faults()[0].veld, "woonplaatsmelding.gemeentecode");
    }
}

#[tokio::test]
async fn a_gemeente_that_took_over_another_gets_what_goes_to_it_from_the_day_on() {
    let (chain, mut verhaal) = (Chain::sqlite().await, Verhaal::default());
    chain.wijzig("gemeente", |gemeente| gemeente.opvolging = Some((oin("gemeente-2"), "2026-07-02".parse().expect("a date"))));
    let receipt = chain.speel(&mut verhaal, &["02", "05"]).await;
    assert!(receipt.ontvangers.iter().any(|o| o.oin == oin("gemeente").as_str()));
    chain.dagen_later(1);
    let receipt = chain.speel(&mut verhaal, &["03"]).await;
    assert_eq!(receipt.ontvangers.iter().map(|o| o.oin.as_str()).collect::<Vec<_>>(), [oin("gemeente-2").as_str()]);
    let verwerking = bericht(&mut verhaal, "09");
    assert_eq!(chain.geweigerd("gemeente", &verwerking).await, Refusal::NietGevonden);
    chain.aanvaard("gemeente-2", &verwerking).await;
    // The code of the one that took over is the same residence: nothing moves.
    let post = chain.postvak("gemeente-2").await.len();
    let mut verlenging = bericht(&mut verhaal, "22");
    inhoud!(verlenging, Uitspraak).woonplaats_gemeentecode = "1916".to_owned();
    chain.aanvaard("rechtbank", &verlenging).await;
    assert_eq!(chain.postvak("gemeente-2").await.len(), post + 1);
    assert_eq!(ziet(&chain, "gemeente-2").await.len(), post + 1);
}
