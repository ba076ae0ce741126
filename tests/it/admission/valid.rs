//! Every example is accepted, and reaches exactly those that the route of its kind names. What each of them sees is the contract's.

use std::collections::BTreeSet;

use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::{Bericht, RedenVertraging};

use crate::support::chain::{Chain, both, oin};
use crate::support::verhaal::{Verhaal, afzender, bericht, inhoud, nummers, vooraf};

/// Who gets an example, in the order of the receipt.
fn ontvangers(nummer: &str) -> &'static [&'static str] {
    match nummer {
        "01" | "06" | "07" | "08" | "33" => &["gi"],
        "02" | "10" | "22" | "25" | "26" | "29" => &["gi", "gemeente"],
        "03" => &["gemeente"],
        "05" => &["aanbieder", "aanbieder-2", "aanbieder-3", "gemeente"],
        "09" => &["gi", "aanbieder-3"],
        "12" => &["expertteam", "accounthoudende-regio"],
        "13" => &["inspectie"],
        "21" => &["gi-2", "gemeente"],
        "23" => &["gi-3", "gi", "gemeente"],
        "24" => &["gi-3", "inspectie"],
        "27" => &["rechtbank"],
        "28" => &["gi"],
        "30" => &["aanbieder", "gi"],
        "31" => &["rechtbank", "accounthoudende-regio"],
        "32" => &["inspectie", "accounthoudende-regio"],
        _ => &[],
    }
}

both! {
    async fn every_example_is_accepted_and_reaches_exactly_whom_it_must(chain: Chain) {
        let mut kinds = BTreeSet::new();
        for nummer in nummers() {
            let mut verhaal = Verhaal::default();
            chain.speel(&mut verhaal, vooraf(nummer)).await;
            let bericht = bericht(&mut verhaal, nummer);
            kinds.insert(bericht.inhoud.as_ref().expect("content").kind() as i32);
            let receipt = chain.aanvaard(afzender(nummer), &bericht).await;
            let gekregen: Vec<_> = receipt.ontvangers.iter().map(|ontvanger| ontvanger.oin.clone()).collect();
            let bedoeld: Vec<_> = ontvangers(nummer).iter().map(|naam| oin(naam).to_string()).collect();
            assert_eq!(gekregen, bedoeld, "example {nummer}");
            assert_eq!(receipt.waarschuwingen, [0_i32; 0], "example {nummer}");
        }
        // The hub alone sends these.
        let van_hub = [Kind::Signaal, Kind::Klokwaarschuwing];
        let alle: BTreeSet<_> = Kind::ALL.into_iter().filter(|kind| !van_hub.contains(kind)).map(|kind| kind as i32).collect();
        assert_eq!(kinds, alle);
    }

    async fn the_case_of_the_examples_is_accepted_as_it_is_told(chain: Chain) {
        let mut verhaal = Verhaal::default();
        let nummers = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13"];
        chain.speel(&mut verhaal, &nummers).await;
        let gezien: Vec<_> = chain.ziet("aanbieder-3").await;
        assert_eq!(gezien.len(), 2);
        let mut bepaling = gezien[0].clone();
        let voorzieningen = &crate::support::verhaal::inhoud!(bepaling, Jeugdhulpbepaling).voorzieningen;
        assert_eq!(voorzieningen.iter().map(|voorziening| voorziening.nr).collect::<Vec<_>>(), [3]);
    }
}

#[tokio::test]
async fn every_reason_of_delay_can_be_given_by_its_code() {
    let (chain, mut verhaal) = (Chain::sqlite().await, Verhaal::default());
    chain.speel(&mut verhaal, &["02"]).await;
    let redenen = (1..).map_while(|code| RedenVertraging::try_from(code).ok());
    let mut gegeven = Vec::new();
    for reden in redenen {
        let mut toelichting = bericht(&mut verhaal, "13");
        inhoud!(toelichting, Toelichting).reden = reden.into();
        chain.aanvaard("gi", &toelichting).await;
        gegeven.push(reden);
    }
    let zag = |mut bericht: Bericht| inhoud!(bericht, Toelichting).reden();
    assert_eq!(chain.ziet("inspectie").await.into_iter().map(zag).collect::<Vec<_>>(), gegeven);
    assert!([RedenVertraging::ToestemmingOntbreekt, RedenVertraging::ComplexeProblematiek].iter().all(|reden| gegeven.contains(reden)));
}
