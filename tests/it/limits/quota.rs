//! The quota of a participant: what is beyond it is refused late and unread, a stream is read slower, and nobody else notices.

use std::time::{Duration, Instant};

use jeugdketen_proto::v1::FetchRequest;
use ketenhub::admission::Gestaakt;
use prost::Message as _;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::Code;

use crate::support::berichten::{GEDULD, GI, bytes, dien_alle_in, dien_in, dien_ruw_in, reden, zegt_wanneer, zitting};
use crate::support::chain::Chain;
use crate::support::hub::TestHub;
use crate::support::verhaal::{Verhaal, bericht};
use crate::telemetrie::vraag;

async fn hub(per_s: u32, burst: u32) -> TestHub {
    TestHub::with(|config| {
        config.limits.quota_per_s = per_s;
        config.limits.quota_burst = burst;
        config.telemetrie.metrics = Some(([127, 0, 0, 1], 0).into());
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_beyond_the_quota_is_refused_late_and_unread_and_a_neighbour_is_served() {
    let hub = hub(1, 5).await;
    let rechtbank = hub.channel("rechtbank").await;
    for _ in 0..5 {
        dien_ruw_in(&rechtbank, bytes(&zitting(GI))).await.expect("within the burst");
    }
    let buur = dien_in(&mut hub.exchange("rechtbank-2").await, &zitting(GI)).await;
    buur.expect("its neighbour is served");
    let (mut geweigerd, einde) = (0, Instant::now() + GEDULD);
    let status = loop {
        let begin = Instant::now();
        // No message at all: whoever reads it says something else.
        let Err(status) = dien_ruw_in(&rechtbank, &b"geen bericht"[..]).await else { panic!("it is no message") };
        if status.code() != Code::ResourceExhausted {
            break status;
        }
        assert_eq!((&*reden(&status), zegt_wanneer(&status)), ("QUOTUM_OVERSCHREDEN", true));
        assert!(begin.elapsed() > Duration::from_millis(900), "{:?}", begin.elapsed());
        assert!(begin < einde, "a second later there is one more");
        geweigerd += 1;
    };
    assert_eq!(status.code(), Code::InvalidArgument, "then it is read");
    assert!(geweigerd > 0);
    let metrics = vraag(&hub.running.operator.unwrap().to_string(), "/metrics").await.1;
    let reeks = "ketenhub_calls_refused_total{method=\"jeugdketen.hub.v1.ExchangeService/Submit\",reason=\"QUOTUM_OVERSCHREDEN\"}";
    assert!(metrics.contains(reeks), "{metrics}");
    // Reading mail counts too, and is another's own.
    let mut gi = hub.exchange("gi").await;
    let mut gelezen = Vec::new();
    for _ in 0..8 {
        gelezen.push(gi.fetch(FetchRequest::default()).await.map_err(|status| reden(&status)).map(drop));
    }
    assert!(gelezen[..5].iter().all(Result::is_ok), "{gelezen:?}");
    assert!(gelezen[5..].contains(&Err("QUOTUM_OVERSCHREDEN".to_owned())), "{gelezen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_beyond_the_quota_is_read_slower_and_loses_nothing() {
    let hub = hub(10, 5).await;
    let mut rechtbank = hub.exchange("rechtbank").await;
    let begin = Instant::now();
    let receipts = dien_alle_in(&mut rechtbank, (0..25).map(|_| zitting(GI)).collect()).await;
    assert_eq!(receipts.len(), 25);
    assert!(begin.elapsed() > Duration::from_millis(1900), "twenty at ten a second: {:?}", begin.elapsed());
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_participant_cannot_fill_the_queue_for_others() {
    let chain = Chain::sqlite().await;
    // Nothing is written while this is held.
    let (slot, _) = chain.hub.store.write().await.expect("a transaction");
    let dien = |wie: &str| {
        let (admission, peer) = (chain.hub.admission.clone(), chain.peer(wie));
        let bytes = bericht(&mut Verhaal::default(), "01").encode_to_vec();
        async move { admission.dien_in(&peer, bytes.as_slice()).await }
    };
    let mut vloed = JoinSet::new();
    (0..1100).for_each(|_| drop(vloed.spawn(dien("rechtbank"))));
    // The first answers are of those for whom there is no place.
    for _ in 0..20 {
        let eerste = timeout(GEDULD, vloed.join_next()).await.expect("an answer").expect("a task").expect("it ends");
        assert!(matches!(eerste, Err(Gestaakt::Vol)), "{eerste:?}");
    }
    let buur = tokio::spawn(dien("rechtbank-2"));
    drop(slot);
    let buur = timeout(GEDULD, buur).await.expect("an answer").expect("it ends");
    assert!(!matches!(buur, Err(Gestaakt::Vol)), "its neighbour has a place");
    let geweest = vloed.join_all().await;
    assert!(geweest.iter().filter(|antwoord| !matches!(antwoord, Err(Gestaakt::Vol))).count() >= 1000, "a quarter of the queue");
    assert!(matches!(dien("rechtbank").await, Ok(Ok(_))), "its places came back");
}
