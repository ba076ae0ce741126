//! Pages, acknowledgement, and how many subscriptions a participant may hold.

use jeugdketen_proto::v1::{AcknowledgeRequest, FetchRequest, FetchResponse};
use tokio::time::timeout;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::support::berichten::{
    Exchange, GEDULD, GI, GI_2, abonneer, bericht_id, dien_alle_in, dien_in, reden, volgende, voorbeeld, zegt_wanneer, zitting,
};
use crate::support::hub::TestHub;

async fn haal(exchange: &mut Exchange, na: Option<u64>, maximaal: u32) -> FetchResponse {
    exchange.fetch(FetchRequest { na, maximaal }).await.unwrap().into_inner()
}

async fn bevestig(exchange: &mut Exchange, tot_en_met: u64) -> u64 {
    exchange.acknowledge(AcknowledgeRequest { tot_en_met }).await.unwrap().into_inner().bevestigd_tot_en_met
}

fn nummers(pagina: &FetchResponse) -> Vec<u64> {
    pagina.leveringen.iter().map(|levering| levering.postvaknummer).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_and_say_whether_there_is_more() {
    let hub = TestHub::sqlite().await;
    let receipts = dien_alle_in(&mut hub.exchange("rechtbank").await, (0..130).map(|_| zitting(GI)).collect()).await;
    let mut gi = hub.exchange("gi").await;
    let eerste = haal(&mut gi, None, 0).await;
    assert_eq!(nummers(&eerste), (1..=100).collect::<Vec<_>>(), "a hundred when no size is asked");
    assert_eq!(eerste.laatste_postvaknummer, 130);
    assert_eq!(nummers(&haal(&mut gi, Some(100), 0).await), (101..=130).collect::<Vec<_>>());
    assert_eq!(nummers(&haal(&mut gi, Some(7), 3).await), [8, 9, 10]);
    assert_eq!(haal(&mut gi, None, 500).await.leveringen.len(), 130);
    let leeg = haal(&mut gi, Some(130), 0).await;
    assert_eq!((leeg.leveringen.len(), leeg.laatste_postvaknummer), (0, 130));
    for (levering, receipt) in eerste.leveringen.iter().zip(receipts) {
        assert_eq!(bericht_id(levering), receipt.bericht_id);
    }
    let niets = haal(&mut hub.exchange("gi-2").await, None, 0).await;
    assert_eq!((niets.leveringen.len(), niets.laatste_postvaknummer), (0, 0), "a mailbox that was never used is empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_too_large_and_a_number_that_is_none_are_refused_by_name() {
    let hub = TestHub::sqlite().await;
    let mut gi = hub.exchange("gi").await;
    for (vraag, veld) in [(FetchRequest { na: None, maximaal: 501 }, "maximaal"), (FetchRequest { na: Some(u64::MAX), maximaal: 1 }, "na")]
    {
        let status = gi.fetch(vraag).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, veld);
    }
    let status = abonneer(&mut gi, Some(u64::MAX)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_was_never_given_out_is_refused_and_the_last_one_is_not() {
    let hub = TestHub::sqlite().await;
    dien_alle_in(&mut hub.exchange("rechtbank").await, (0..3).map(|_| zitting(GI)).collect()).await;
    let mut gi = hub.exchange("gi").await;
    assert_eq!(nummers(&haal(&mut gi, Some(3), 0).await), [0; 0]);
    abonneer(&mut gi, Some(3)).await.unwrap();
    let status = gi.fetch(FetchRequest { na: Some(4), maximaal: 0 }).await.unwrap_err();
    assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "na");
    assert_eq!(abonneer(&mut gi, Some(4)).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_large_messages_fits_the_limit_that_every_client_has_by_default() {
    let hub = TestHub::sqlite().await;
    let lang = "é".repeat(95_000);
    let groot = || {
        let mut bericht = voorbeeld("02-uitspraak.json", &[]);
        if let Some(jeugdketen_proto::v1::bericht::Inhoud::Uitspraak(uitspraak)) = &mut bericht.inhoud {
            uitspraak.motivering.clone_from(&lang);
            uitspraak.tekst.clone_from(&lang);
        }
        bericht
    };
    dien_alle_in(&mut hub.exchange("rechtbank").await, (0..25).map(|_| groot()).collect()).await;
    let mut gi = hub.exchange("gi").await;
    let mut gehaald = Vec::new();
    while gehaald.len() < 25 {
        let pagina = haal(&mut gi, gehaald.last().copied(), 500).await;
        assert_eq!(pagina.laatste_postvaknummer, 25);
        assert!(pagina.leveringen.len() > 5 || pagina.leveringen.last().unwrap().postvaknummer == 25, "a page holds what fits");
        gehaald.extend(nummers(&pagina));
    }
    assert_eq!(gehaald, (1..=25).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledging_moves_the_beginning_and_never_goes_back() {
    let hub = TestHub::sqlite().await;
    let mut rechtbank = hub.exchange("rechtbank").await;
    dien_alle_in(&mut rechtbank, (0..4).map(|_| zitting(GI)).collect()).await;
    dien_in(&mut rechtbank, &zitting(GI_2)).await.unwrap();
    let mut gi = hub.exchange("gi").await;
    assert_eq!(bevestig(&mut gi, 0).await, 0);
    assert_eq!(bevestig(&mut gi, 3).await, 3);
    assert_eq!(bevestig(&mut gi, 3).await, 3, "repeating is safe");
    assert_eq!(bevestig(&mut gi, 1).await, 3, "a lower number changes nothing");
    assert_eq!(nummers(&haal(&mut gi, None, 0).await), [4]);
    assert_eq!(nummers(&haal(&mut gi, Some(0), 0).await), [1, 2, 3, 4], "what was acknowledged can be read again");
    for nooit in [5, u64::MAX] {
        let status = gi.acknowledge(AcknowledgeRequest { tot_en_met: nooit }).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "tot_en_met");
    }
    assert_eq!(nummers(&haal(&mut hub.exchange("gi-2").await, None, 0).await), [1], "another mailbox is as it was");
    let hub = hub.restart().await;
    assert_eq!(nummers(&haal(&mut hub.exchange("gi").await, None, 0).await), [4], "it is on record");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_participant_holds_as_many_subscriptions_as_it_may_and_gets_a_place_back_when_one_ends() {
    let hub = TestHub::with(|config| config.limits.subscriptions = 2).await;
    let (mut een, mut ander) = (hub.exchange("gi").await, hub.exchange("gi").await);
    let eerste = abonneer(&mut een, None).await.unwrap();
    let mut tweede = abonneer(&mut ander, None).await.unwrap();
    let status = abonneer(&mut een, None).await.unwrap_err();
    assert_eq!((status.code(), &*reden(&status)), (Code::ResourceExhausted, "TE_VEEL_ABONNEMENTEN"));
    assert!(zegt_wanneer(&status));
    abonneer(&mut hub.exchange("gi-2").await, None).await.expect("another participant has its own places");
    drop(eerste);
    let opnieuw = async {
        loop {
            match abonneer(&mut een, None).await {
                Ok(stroom) => return stroom,
                Err(status) => assert_eq!(status.code(), Code::ResourceExhausted),
            }
        }
    };
    let mut derde = timeout(GEDULD, opnieuw).await.expect("the place is given back");
    dien_in(&mut hub.exchange("rechtbank").await, &zitting(GI)).await.unwrap();
    assert_eq!(volgende(&mut tweede).await.unwrap().postvaknummer, 1);
    assert_eq!(volgende(&mut derde).await.unwrap().postvaknummer, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_subscription_and_a_broken_connection_give_their_places_back() {
    let hub = TestHub::with(|config| config.limits.subscriptions = 1).await;
    let mut gi = hub.exchange("gi").await;
    for _ in 0..3 {
        abonneer(&mut gi, Some(u64::MAX)).await.unwrap_err();
    }
    for _ in 0..3 {
        let opnieuw = async {
            loop {
                let mut eigen = hub.exchange("gi").await;
                if let Ok(stroom) = abonneer(&mut eigen, None).await {
                    return (eigen, stroom);
                }
            }
        };
        // Connection and stream go at once, without a word.
        drop(timeout(GEDULD, opnieuw).await.expect("the place is given back"));
    }
}
