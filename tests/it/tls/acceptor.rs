//! The acceptor's limits: deadlines, caps, no resumption.

use std::sync::Arc;
use std::time::Duration;

use ketenhub::identity::acceptor::AcceptorInstellingen;
use ketenhub::identity::weigering::Reden;
use rustls::HandshakeKind;
use rustls::client::Resumption;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::opstelling::{GEDULD, Hub, aanvraag, ca, crl, wacht_tot};

#[tokio::test]
async fn a_slow_handshake_is_dropped_at_the_deadline_and_its_place_returns() {
    let ca = ca("CA");
    let deadline = Duration::from_millis(300);
    let instellingen = AcceptorInstellingen { handshake_deadline: deadline, max_handshakes: 1, ..Default::default() };
    let hub = Hub::start_met(&[&ca], &[crl(&ca, 1, &[])], instellingen).await;
    let begin = Instant::now();
    let mut zwijger = TcpStream::connect(&hub.adres).await.unwrap();
    let gelezen = timeout(GEDULD, zwijger.read(&mut [0; 16])).await.expect("the hub closes");
    assert!(matches!(gelezen, Ok(0) | Err(_)), "without a word");
    assert!(begin.elapsed() >= deadline, "not before the deadline");
    wacht_tot("the refusal is counted", || hub.tellers.geweigerd(Reden::HandshakeTeTraag) == 1).await;
    hub.verbind(hub.client(&ca.geef_uit(&aanvraag()).unwrap())).await.unwrap();
}

#[tokio::test]
async fn no_more_handshakes_run_than_the_cap_allows() {
    let ca = ca("CA");
    let instellingen = AcceptorInstellingen { handshake_deadline: Duration::from_secs(60), max_handshakes: 2, ..Default::default() };
    let hub = Hub::start_met(&[&ca], &[crl(&ca, 1, &[])], instellingen).await;
    let zwijgers = [TcpStream::connect(&hub.adres).await.unwrap(), TcpStream::connect(&hub.adres).await.unwrap()];
    let config = hub.client(&ca.geef_uit(&aanvraag()).unwrap());
    let mut verbinden = Box::pin(hub.verbind(config));
    assert!(timeout(Duration::from_millis(500), &mut verbinden).await.is_err(), "no place while both are taken");
    assert_eq!(hub.tellers.aangenomen(), 0);
    drop(zwijgers);
    verbinden.await.expect("a place as soon as one is free");
}

#[tokio::test]
async fn handshakes_do_not_wait_for_each_other() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let _zwijger = TcpStream::connect(&hub.adres).await.unwrap();
    let config = hub.client(&ca.geef_uit(&aanvraag()).unwrap());
    timeout(Duration::from_secs(3), hub.verbind(config)).await.expect("before the deadline of the other").unwrap();
}

#[tokio::test]
async fn no_more_connections_live_than_the_cap_allows() {
    let ca = ca("CA");
    let hub = Hub::start_met(&[&ca], &[crl(&ca, 1, &[])], AcceptorInstellingen { max_verbindingen: 1, ..Default::default() }).await;
    let config = Arc::new(hub.client(&ca.geef_uit(&aanvraag()).unwrap()));
    let lijn = hub.verbind(config.clone()).await.unwrap();
    hub.weigert(config.clone(), Reden::TeVeelVerbindingen).await;
    drop(lijn);
    wacht_tot("the first has left the register", || hub.verbindingen.aantal() == 0).await;
    hub.verbind(config).await.unwrap();
}

#[tokio::test]
async fn no_session_is_ever_resumed() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let mut config = hub.client(&ca.geef_uit(&aanvraag()).unwrap());
    config.resumption = Resumption::in_memory_sessions(8);
    config.enable_early_data = true;
    let config = Arc::new(config);
    for _ in 0..3 {
        let mut lijn = hub.verbind(config.clone()).await.unwrap();
        assert!(lijn.leeft().await);
        assert_eq!(lijn.0.get_ref().1.handshake_kind(), Some(HandshakeKind::Full));
    }
}

#[tokio::test]
async fn a_small_message_does_not_wait_for_a_delayed_acknowledgement() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let mut lijn = hub.verbind(hub.client(&ca.geef_uit(&aanvraag()).unwrap())).await.unwrap();
    lijn.0.get_ref().0.set_nodelay(true).unwrap();
    let mut tijden = Vec::new();
    for _ in 0..31 {
        let begin = Instant::now();
        // Two answers to one question: with Nagle's algorithm the second waits until the first is acknowledged.
        lijn.0.write_all(b"xy").await.unwrap();
        lijn.0.flush().await.unwrap();
        timeout(GEDULD, lijn.0.read_exact(&mut [0; 2])).await.unwrap().unwrap();
        tijden.push(begin.elapsed());
    }
    tijden.sort();
    assert!(tijden[15] < Duration::from_millis(20), "{tijden:?}");
}

#[tokio::test]
async fn stopping_closes_the_door_and_leaves_who_is_inside() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let config = Arc::new(hub.client(&ca.geef_uit(&aanvraag()).unwrap()));
    let mut lijn = hub.verbind(config.clone()).await.unwrap();
    hub.stop.cancel();
    let dicht = async { while TcpStream::connect(&hub.adres).await.is_ok() {} };
    timeout(GEDULD, dicht).await.expect("nobody listens any more");
    assert!(lijn.leeft().await);
    assert_eq!(hub.verbindingen.verbreek_waar(|_| true), 1);
    lijn.dood().await;
}
