//! Subscriptions: where they begin, how soon something arrives, signs of life, and going on after a break.

use std::time::{Duration, Instant};

use jeugdketen_proto::v1::{AcknowledgeRequest, Receipt};
use ketenhub::config::Config;
use prost::Message as _;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::support::berichten::{
    Exchange, GEDULD, GI, GI_2, abonneer, bericht_id, bytes, dien_alle_in, dien_in, dien_ruw_in, einde, hartslag, reden, volgende,
    zegt_wanneer, zitting,
};
use crate::support::hub::{CERTS, TestHub, channel, connect};
use crate::support::postgres;

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_begins_after_its_cursor_or_else_after_what_was_acknowledged() {
    let hub = TestHub::sqlite().await;
    let receipts = dien_alle_in(&mut hub.exchange("rechtbank").await, (0..5).map(|_| zitting(GI)).collect()).await;
    let mut gi = hub.exchange("gi").await;
    gi.acknowledge(AcknowledgeRequest { tot_en_met: 3 }).await.unwrap();
    for (na, eerste) in [(Some(0), 1), (Some(1), 2), (Some(4), 5), (None, 4)] {
        let mut stroom = abonneer(&mut gi, na).await.unwrap();
        for nr in eerste..=5_u64 {
            let levering = volgende(&mut stroom).await.unwrap();
            assert_eq!(levering.postvaknummer, nr, "after {na:?}");
            assert_eq!(bericht_id(&levering), receipts[usize::try_from(nr).unwrap() - 1].bericht_id);
        }
    }
}

async fn levertijden(hub: &TestHub, na: u64, aantal: u64) -> Vec<Duration> {
    let (rechtbank, mut gi) = (hub.channel("rechtbank").await, hub.exchange("gi").await);
    let mut stroom = abonneer(&mut gi, Some(na)).await.unwrap();
    let mut tijden = Vec::new();
    for nr in na + 1..=na + aantal {
        let bericht = zitting(GI);
        let begin = Instant::now();
        // The answer and the delivery race; both must be there before the next one.
        let (receipt, levering) = tokio::join!(dien_ruw_in(&rechtbank, bytes(&bericht)), async {
            let levering = volgende(&mut stroom).await.unwrap();
            tijden.push(begin.elapsed());
            levering
        });
        receipt.unwrap();
        assert_eq!((levering.postvaknummer, bericht_id(&levering)), (nr, bericht.bericht_id));
    }
    tijden.sort();
    tijden
}

/// Polling would show as seconds, Nagle's algorithm with delayed acknowledgements as forty milliseconds, each time. Other tests on the same
/// disk may cost a round its time, so the best of a few counts.
async fn is_snel(hub: TestHub) {
    let mut beste = Duration::MAX;
    for ronde in 0..5 {
        let tijden = levertijden(&hub, ronde * 40, 40).await;
        let (midden, laatste) = (tijden[tijden.len() / 2], tijden[tijden.len() - 1]);
        println!("submit to delivered: median {midden:?}, largest {laatste:?}");
        assert!(laatste < Duration::from_secs(1), "the largest is {laatste:?}");
        beste = beste.min(midden);
        if beste < Duration::from_millis(30) {
            return;
        }
    }
    panic!("the best median is {beste:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_arrives_on_an_open_stream_within_milliseconds_on_sqlite() {
    is_snel(TestHub::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_arrives_on_an_open_stream_within_milliseconds_on_postgresql() {
    is_snel(TestHub::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_stream_gets_heartbeats_with_the_last_number_given_out() {
    let hub = TestHub::with(|config| config.limits.heartbeat_s = 1).await;
    let mut gi = hub.exchange("gi").await;
    let mut stroom = abonneer(&mut gi, None).await.unwrap();
    let eerste = hartslag(&mut stroom).await;
    assert_eq!(eerste.laatste_postvaknummer, 0);
    sleep(Duration::from_millis(600)).await;
    dien_in(&mut hub.exchange("rechtbank").await, &zitting(GI)).await.unwrap();
    dien_in(&mut hub.exchange("rechtbank").await, &zitting(GI_2)).await.unwrap();
    assert_eq!(volgende(&mut stroom).await.unwrap().postvaknummer, 1);
    let begin = Instant::now();
    let tweede = hartslag(&mut stroom).await;
    assert_eq!(tweede.laatste_postvaknummer, 1, "another mailbox does not count");
    assert!(tweede.tijdstip.unwrap().seconds >= eerste.tijdstip.unwrap().seconds);
    // The time of quiet begins again at the last delivery.
    assert!(begin.elapsed() > Duration::from_millis(500), "a heartbeat came though it was not quiet");
    assert!(begin.elapsed() < Duration::from_secs(3), "a heartbeat came late");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_hub_tells_an_open_stream_to_come_back() {
    let hub = TestHub::sqlite().await;
    let mut gi = hub.exchange("gi").await;
    let mut stroom = abonneer(&mut gi, None).await.unwrap();
    let _hub = hub.restart().await;
    let status = einde(&mut stroom, GEDULD).await;
    assert_eq!((status.code(), &*reden(&status)), (tonic::Code::Unavailable, "HUB_STOPT"));
    assert!(zegt_wanneer(&status));
}

/// A sender goes on whatever breaks; a reader drops its connection every so many messages; the hub restarts twice in between. What the
/// reader saw must be what was sent, in the order of acceptance, without gap or double.
async fn breekt_en_gaat_verder(change: impl FnOnce(&mut Config)) {
    const AANTAL: u64 = 400;
    let mut hub = TestHub::with(change).await;
    let (adres_bekend, adres) = watch::channel(hub.running.address.to_string());
    let zender_adres = adres.clone();
    let zender = tokio::spawn(async move {
        let (mut verzonden, mut kanaal) = (Vec::new(), None);
        while verzonden.len() < AANTAL as usize {
            let bericht = zitting(GI);
            // Until it is answered: repeating is safe.
            let receipt = loop {
                let waar = zender_adres.borrow().clone();
                let over = match kanaal.take() {
                    Some(kanaal) => kanaal,
                    None => match connect(&waar, CERTS.as_ref(), "rechtbank").await {
                        Ok(kanaal) => kanaal,
                        Err(_) => continue,
                    },
                };
                if let Ok(receipt) = dien_ruw_in(&over, bytes(&bericht)).await {
                    kanaal = Some(over);
                    break Receipt::decode(receipt).unwrap();
                }
            };
            verzonden.push((receipt.ontvangers[0].postvaknummer, receipt.bericht_id));
        }
        verzonden
    });
    let mut gelezen: Vec<(u64, String)> = Vec::new();
    let mut herstarts = 0;
    while gelezen.len() < AANTAL as usize {
        let waar = adres.borrow().clone();
        let mut gi = Exchange::new(channel(&waar, CERTS.as_ref(), "gi").await);
        let mut stroom = abonneer(&mut gi, gelezen.last().map(|(nr, _)| *nr)).await.unwrap();
        for _ in 0..37 {
            if gelezen.len() == AANTAL as usize {
                break;
            }
            let Ok(levering) = volgende(&mut stroom).await else { break };
            gelezen.push((levering.postvaknummer, bericht_id(&levering)));
        }
        if gelezen.len() >= 100 * (herstarts + 1) && herstarts < 2 {
            herstarts += 1;
            hub = hub.restart().await;
            adres_bekend.send_replace(hub.running.address.to_string());
        }
    }
    assert_eq!(herstarts, 2);
    let verzonden = timeout(GEDULD, zender).await.unwrap().unwrap();
    assert_eq!(gelezen, verzonden);
    assert!(gelezen.iter().map(|(nr, _)| *nr).eq(1..=AANTAL));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_goes_on_after_broken_connections_and_restarts_without_loss_gap_or_disorder_on_sqlite() {
    breekt_en_gaat_verder(|_| {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_goes_on_after_broken_connections_and_restarts_without_loss_gap_or_disorder_on_postgresql() {
    let url = postgres::database().await;
    breekt_en_gaat_verder(|config| config.database = url).await;
}
