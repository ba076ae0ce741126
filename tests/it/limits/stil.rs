//! Clients that say too little: nothing, half a preface, or nothing after it. None of them stays, and none keeps a place.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::berichten::{GEDULD, GI, abonneer, dien_in, volgende, zitting};
use crate::support::hub::{CERTS, TestHub};
use crate::support::ruw::{Lijn, PREFACE, tls};

/// Reads until the hub closes, and says how long that took.
async fn tot_het_einde(mut lezer: impl tokio::io::AsyncRead + Unpin, begin: Instant) -> Duration {
    let lezen = async {
        let mut emmer = [0; 4096];
        while matches!(lezer.read(&mut emmer).await, Ok(1..)) {}
    };
    timeout(GEDULD, lezen).await.expect("the hub closes the connection");
    begin.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_a_handshake_is_closed_at_the_deadline() {
    let hub = TestHub::with(|config| config.limits.handshake_s = 1).await;
    let begin = Instant::now();
    let stil = TcpStream::connect(hub.running.address).await.unwrap();
    let duur = tot_het_einde(stil, begin).await;
    assert!(duur > Duration::from_millis(900) && duur < Duration::from_secs(4), "{duur:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_half_a_preface_or_nothing_after_it_is_closed_when_its_age_is_up() {
    let hub = TestHub::with(|config| (config.limits.connection_age_s, config.limits.connection_grace_s) = (1, 1)).await;
    let adres = hub.running.address.to_string();
    for begroeting in [&b""[..], &PREFACE[..10], PREFACE] {
        let begin = Instant::now();
        let mut lijn = Lijn(tls(&adres, Path::new(CERTS), "gi").await);
        lijn.schrijf(begroeting).await.unwrap();
        let duur = tot_het_einde(lijn.0, begin).await;
        assert!(duur > Duration::from_millis(900) && duur < Duration::from_secs(6), "{} bytes: {duur:?}", begroeting.len());
    }
    let leeg = async {
        while hub.running.hub.verbindingen.aantal() > 0 {
            tokio::task::yield_now().await
        }
    };
    timeout(GEDULD, leeg).await.expect("none of them is still in the register");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_gives_no_sign_of_life_is_closed() {
    let hub = TestHub::with(|config| (config.limits.keepalive_s, config.limits.keepalive_timeout_s) = (1, 1)).await;
    let begin = Instant::now();
    let lijn = Lijn::open(&hub.running.address.to_string(), Path::new(CERTS), "gi").await;
    let duur = tot_het_einde(lijn.0, begin).await;
    assert!(duur > Duration::from_millis(900) && duur < Duration::from_secs(6), "{duur:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_and_answers_outlives_every_deadline_but_its_age() {
    let hub = TestHub::with(|config| {
        (config.limits.keepalive_s, config.limits.keepalive_timeout_s, config.limits.heartbeat_s) = (1, 1, 60);
    })
    .await;
    let mut gi = hub.exchange("gi").await;
    let mut stroom = abonneer(&mut gi, None).await.unwrap();
    // Longer than a client without signs of life lasts; nothing else happens meanwhile.
    let stilte = timeout(Duration::from_secs(4), stroom.message()).await;
    assert!(stilte.is_err(), "the stream ended: {stilte:?}");
    dien_in(&mut hub.exchange("rechtbank").await, &zitting(GI)).await.unwrap();
    assert_eq!(volgende(&mut stroom).await.unwrap().postvaknummer, 1);
}
