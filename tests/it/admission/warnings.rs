//! Warnings: the message counts all the same, the sender knows, and where it must the accounthoudende regio hears of it without a person.

use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{Bericht, Receipt, SoortSignaal, StatusDeelnemer, Waarschuwing};
use prost::Message as _;

use crate::support::chain::{Chain, HUB, both, oin};
use crate::support::verhaal::{Verhaal, bericht, inhoud};

fn uitspraak(gi: &str) -> Bericht {
    let mut bericht = bericht(&mut Verhaal::default(), "02");
    inhoud!(bericht, Uitspraak).gi_oin = oin(gi).to_string();
    bericht
}

fn opnamestop(gi: &str, regio: &str) -> (String, Bericht) {
    let mut bericht = bericht(&mut Verhaal::default(), "31");
    let m = inhoud!(bericht, Capaciteit);
    (m.regio, m.tot_en_met) = (regio.to_owned(), String::new());
    (gi.to_owned(), bericht)
}

fn waarschuwingen(receipt: &Receipt) -> Vec<Waarschuwing> {
    receipt.waarschuwingen.iter().map(|code| Waarschuwing::try_from(*code).expect("a warning")).collect()
}

/// The signals in a mailbox: what happened, about which GI, to how many; and nothing else is in them.
async fn signalen(chain: &Chain, naam: &str) -> Vec<(SoortSignaal, String)> {
    let mut gevonden = Vec::new();
    for levering in chain.postvak(naam).await {
        let bericht = levering.view.expect("a view").into_bericht();
        if let Some(Inhoud::Signaal(signaal)) = &bericht.inhoud {
            assert_eq!((levering.afzender.as_str(), bericht.maatregel_id.as_str(), signaal.aantal), (HUB, "", 1));
            gevonden.push((signaal.soort(), signaal.gi_oin.clone()));
        }
    }
    gevonden
}

both! {
    async fn an_uitspraak_to_a_gi_with_an_opnamestop_is_delivered_and_its_regio_is_told(chain: Chain) {
        let (gi, stop) = opnamestop("gi", "Zuid-West");
        chain.aanvaard(&gi, &stop).await;
        let receipt = chain.aanvaard("rechtbank", &uitspraak("gi")).await;
        assert_eq!(waarschuwingen(&receipt), [Waarschuwing::GiHeeftOpnamestop]);
        assert_eq!(receipt.ontvangers[0].oin, oin("gi").as_str());
        assert_eq!(chain.ziet("gi").await.len(), 1);
        let verwacht = [(SoortSignaal::UitspraakBijOpnamestop, oin("gi").to_string())];
        assert_eq!(signalen(&chain, "accounthoudende-regio").await, verwacht);
        assert_eq!(signalen(&chain, "accounthoudende-regio-2").await, []);
    }

    async fn an_uitspraak_to_a_bankrupt_gi_is_accepted_and_its_regio_is_told(chain: Chain) {
        let receipt = chain.aanvaard("rechtbank", &uitspraak("gi-failliet")).await;
        assert_eq!(waarschuwingen(&receipt), [Waarschuwing::GiNietBevoegd]);
        assert_eq!((receipt.ontvangers[0].oin.as_str(), receipt.ontvangers[0].postvaknummer), (oin("gi-failliet").as_str(), 1));
        let verwacht = [(SoortSignaal::UitspraakBijOnbevoegdeGi, oin("gi-failliet").to_string())];
        assert_eq!(signalen(&chain, "accounthoudende-regio-2").await, verwacht);
    }

    async fn a_stop_counts_for_an_uitspraak_in_the_same_batch(chain: Chain) {
        let (_, stop) = opnamestop("gi", "Zuid-West");
        let (vulling, uitspraak) = (bericht(&mut Verhaal::default(), "01"), uitspraak("gi"));
        let (slot, _) = chain.hub.store.write().await.expect("a transaction");
        let vrijgeven = async {
            tokio::task::yield_now().await;
            drop(slot);
        };
        // The writer takes the first and waits for the lock; the others queue and share the next transaction.
        let (een, twee) = (chain.dien_in("rechtbank", &vulling), chain.dien_in("gi", &stop));
        let (een, twee, drie, ()) = tokio::join!(een, twee, chain.dien_in("rechtbank", &uitspraak), vrijgeven);
        een.expect("a receipt");
        twee.expect("a receipt");
        let receipt = Receipt::decode(drie.expect("a receipt")).expect("a receipt");
        assert_eq!(waarschuwingen(&receipt), [Waarschuwing::GiHeeftOpnamestop]);
    }
}

#[tokio::test]
async fn a_stop_elsewhere_or_in_the_past_or_lifted_is_no_stop() {
    let chain = Chain::sqlite().await;
    let (gi, elders) = opnamestop("gi-2", "Rijnmond");
    chain.aanvaard(&gi, &elders).await;
    assert_eq!(waarschuwingen(&chain.aanvaard("rechtbank", &uitspraak("gi-2")).await), []);
    assert_eq!(waarschuwingen(&chain.aanvaard("rechtbank-2", &uitspraak("gi-2")).await), [Waarschuwing::GiHeeftOpnamestop]);
    // That of the examples ended on 28 June.
    chain.aanvaard("gi", &bericht(&mut Verhaal::default(), "31")).await;
    assert_eq!(waarschuwingen(&chain.aanvaard("rechtbank", &uitspraak("gi")).await), []);
    let (gi, mut later) = opnamestop("gi", "Zuid-West");
    chain.aanvaard(&gi, &later).await;
    assert_eq!(waarschuwingen(&chain.aanvaard("rechtbank", &uitspraak("gi")).await), [Waarschuwing::GiHeeftOpnamestop]);
    later.bericht_id = crate::support::verhaal::nieuw_id();
    inhoud!(later, Capaciteit).stand = 1;
    chain.aanvaard(&gi, &later).await;
    assert_eq!(waarschuwingen(&chain.aanvaard("rechtbank", &uitspraak("gi")).await), []);
}

#[tokio::test]
async fn every_standing_but_active_warns_the_rechtbank() {
    let chain = Chain::sqlite().await;
    for status in
        [StatusDeelnemer::Geschorst, StatusDeelnemer::Beeindigd, StatusDeelnemer::Failliet, StatusDeelnemer::Beeindigingscertificaat]
    {
        chain.wijzig("gi-2", |gi| gi.status = status);
        assert_eq!(waarschuwingen(&chain.aanvaard("rechtbank", &uitspraak("gi-2")).await), [Waarschuwing::GiNietBevoegd], "{status:?}");
    }
}

#[tokio::test]
async fn a_gemeente_that_is_not_connected_must_be_told_by_other_means() {
    let (chain, mut verhaal) = (Chain::sqlite().await, Verhaal::default());
    let mut bericht_02 = bericht(&mut verhaal, "02");
    inhoud!(bericht_02, Uitspraak).woonplaats_gemeentecode = "0363".to_owned();
    let receipt = chain.aanvaard("rechtbank", &bericht_02).await;
    assert_eq!(waarschuwingen(&receipt), [Waarschuwing::GemeenteNietAangesloten]);
    verhaal.zaak = receipt.maatregel_id;
    let receipt = chain.speel(&mut verhaal, &["05"]).await;
    assert_eq!(waarschuwingen(&receipt), [Waarschuwing::GemeenteNietAangesloten]);
    assert_eq!(receipt.ontvangers.len(), 3);
}

#[tokio::test]
async fn a_bepaling_waits_in_the_mailbox_of_a_suspended_aanbieder() {
    let (chain, mut verhaal) = (Chain::sqlite().await, Verhaal::default());
    chain.wijzig("aanbieder-2", |aanbieder| aanbieder.status = StatusDeelnemer::Geschorst);
    let receipt = chain.speel(&mut verhaal, &["02", "05"]).await;
    assert_eq!(waarschuwingen(&receipt), [Waarschuwing::AanbiederNietActief]);
    chain.wijzig("aanbieder-2", |aanbieder| aanbieder.status = StatusDeelnemer::Actief);
    assert_eq!(chain.ziet("aanbieder-2").await.len(), 1);
}
