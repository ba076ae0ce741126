//! Floods of streams, frames and headers end the connection that sends them, and no other.

use std::path::Path;

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::time::timeout;

use crate::support::berichten::{GEDULD, GI, dien_in, zitting};
use crate::support::hub::{CERTS, TestHub};
use crate::support::ruw::{CONTINUATION, DATA, HEADERS, Lijn, RST_STREAM, SETTINGS, WINDOW_UPDATE, aanroep, frame, kopregels, tls, vraag};

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;
const SUBSCRIBE: &str = "/jeugdketen.hub.v1.ExchangeService/Subscribe";
const SUBMIT: &str = "/jeugdketen.hub.v1.ExchangeService/Submit";
/// `SETTINGS_MAX_CONCURRENT_STREAMS` and `SETTINGS_MAX_HEADER_LIST_SIZE`.
const STROMEN: u16 = 3;
const KOPREGELS: u16 = 6;
/// Error codes of HTTP/2 (RFC 9113 §7).
const PROTOCOL_ERROR: u32 = 1;
const ENHANCE_YOUR_CALM: u32 = 11;

async fn lijn(hub: &TestHub) -> Lijn {
    Lijn::open(&hub.running.address.to_string(), Path::new(CERTS), "rechtbank").await
}

/// A client that keeps to the rules.
async fn h2_client(hub: &TestHub) -> SendRequest<Bytes> {
    let tls = tls(&hub.running.address.to_string(), Path::new(CERTS), "gi").await;
    let (vragen, verbinding) = h2::client::handshake(tls).await.unwrap();
    tokio::spawn(verbinding);
    vragen.ready().await.unwrap()
}

/// The numbers of the streams that a client opens.
fn stromen() -> impl Iterator<Item = u32> {
    (1..).step_by(2)
}

async fn dient_een_ander_nog(hub: &TestHub) {
    dien_in(&mut hub.exchange("rechtbank").await, &zitting(GI)).await.expect("the hub serves others");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_says_how_many_streams_and_how_large_a_header_list_it_takes() {
    let hub = TestHub::sqlite().await;
    let mut lijn = lijn(&hub).await;
    let instellingen = loop {
        match lijn.lees().await.expect("settings") {
            (SETTINGS, vlaggen, 0, inhoud) if vlaggen & ACK == 0 => break inhoud,
            _ => {}
        }
    };
    let waarde = |wat: u16| {
        let gevonden = instellingen.chunks(6).find(|een| een[..2] == wat.to_be_bytes());
        gevonden.map(|een| u32::from_be_bytes([een[2], een[3], een[4], een[5]]))
    };
    assert_eq!(waarde(STROMEN), Some(200));
    assert_eq!(waarde(KOPREGELS), Some(16 * 1024));
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_beyond_the_limit_wait_at_the_client_and_are_refused_when_it_does_not_wait() {
    let hub = TestHub::with(|config| config.limits.streams = 10).await;
    let mut vragen = h2_client(&hub).await;
    let (antwoord, _) = vragen.send_request(vraag("/geen/methode"), true).unwrap();
    timeout(GEDULD, antwoord).await.unwrap().unwrap();
    assert_eq!(vragen.current_max_send_streams(), 10, "a client that keeps to the rules knows");
    let mut lijn = lijn(&hub).await;
    let alle: Vec<u8> = stromen().take(11).flat_map(|nr| frame(HEADERS, END_HEADERS, nr, &aanroep(SUBSCRIBE))).collect();
    lijn.schrijf(&alle).await.unwrap();
    loop {
        let (soort, _, stroom, inhoud) = lijn.lees().await.expect("the connection stays");
        if soort == RST_STREAM {
            assert_eq!((stroom, inhoud), (21, 7_u32.to_be_bytes().to_vec()), "the eleventh is refused, and only that one");
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_resets_what_it_just_opened_is_sent_away() {
    let hub = TestHub::sqlite().await;
    let mut lijn = lijn(&hub).await;
    // CVE-2023-44487. All in one write, so that the hub finds them together.
    let een = |nr| [frame(HEADERS, END_HEADERS, nr, &aanroep(SUBMIT)), frame(RST_STREAM, 0, nr, &8_u32.to_be_bytes())].concat();
    let alle: Vec<u8> = stromen().take(1000).flat_map(een).collect();
    let _ = lijn.schrijf(&alle).await;
    let (code, reden) = lijn.afscheid().await.expect("GOAWAY");
    assert_eq!((code, &*reden), (ENHANCE_YOUR_CALM, "too_many_resets"));
    dient_een_ander_nog(&hub).await;
}

/// The client breaks a rule on each stream, so that the hub resets it: the same work for the hub, without a reset by the client
/// (CVE-2025-8671).
async fn laat_resetten(fout: impl Fn(u32) -> Vec<u8>) {
    const RESETS: usize = 40;
    let hub = TestHub::with(|config| config.limits.local_resets = RESETS).await;
    let mut lijn = lijn(&hub).await;
    let mut gereset = 0;
    let mut nummers = stromen();
    let afscheid = loop {
        // One at a time: nothing here comes too fast.
        let nr = nummers.next().unwrap();
        let opening = [frame(HEADERS, END_HEADERS, nr, &aanroep(SUBSCRIBE)), fout(nr)].concat();
        if lijn.schrijf(&opening).await.is_err() {
            break lijn.afscheid().await;
        }
        match lijn.tot_reset(nr).await {
            Ok(()) => gereset += 1,
            Err(afscheid) => break afscheid,
        }
        assert!(gereset <= RESETS, "{gereset} streams were reset on one connection");
    };
    let (code, reden) = afscheid.expect("GOAWAY");
    assert_eq!((code, &*reden), (ENHANCE_YOUR_CALM, "too_many_internal_resets"));
    assert_eq!(gereset, RESETS, "a client that errs now and then is not sent away");
    dient_een_ander_nog(&hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_makes_the_hub_reset_streams_by_a_window_that_overflows_is_sent_away() {
    laat_resetten(|nr| frame(WINDOW_UPDATE, 0, nr, &0x7fff_ffff_u32.to_be_bytes())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_gives_a_window_of_zero_or_data_after_the_end_is_sent_away_at_once() {
    let hub = TestHub::sqlite().await;
    let einde = frame(DATA, END_STREAM, 1, &[0; 5]);
    for fout in [frame(WINDOW_UPDATE, 0, 1, &0_u32.to_be_bytes()), [einde.clone(), einde].concat()] {
        let mut lijn = lijn(&hub).await;
        lijn.schrijf(&[frame(HEADERS, END_HEADERS, 1, &aanroep(SUBSCRIBE)), fout].concat()).await.unwrap();
        assert_eq!(lijn.afscheid().await.map(|(code, _)| code), Some(PROTOCOL_ERROR));
    }
    dient_een_ander_nog(&hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_makes_the_hub_reset_streams_by_more_data_than_it_announced_is_sent_away() {
    const RESETS: usize = 40;
    let hub = TestHub::with(|config| config.limits.local_resets = RESETS).await;
    let mut lijn = lijn(&hub).await;
    let kop = [aanroep(SUBMIT), kopregels(&[("content-length", "5")])].concat();
    let een = |nr| [frame(HEADERS, END_HEADERS, nr, &kop), frame(DATA, 0, nr, &[0; 64])].concat();
    let alle: Vec<u8> = stromen().take(RESETS * 3).flat_map(een).collect();
    let _ = lijn.schrijf(&alle).await;
    let (code, reden) = lijn.afscheid().await.expect("GOAWAY");
    assert_eq!((code, &*reden), (ENHANCE_YOUR_CALM, "too_many_internal_resets"));
    dient_een_ander_nog(&hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_list_over_the_limit_is_refused_and_the_connection_serves_on() {
    let hub = TestHub::sqlite().await;
    let mut vragen = h2_client(&hub).await;
    for (velden, status) in [(0, 200), (90, 200), (110, 431), (0, 200)] {
        let mut vraag = vraag("/geen/methode");
        for _ in 0..velden {
            // Each counts for 32 bytes more than its name and value (RFC 9113 §6.5.2).
            vraag.headers_mut().append("x-veel", "x".repeat(120).try_into().unwrap());
        }
        let (antwoord, _) = vragen.send_request(vraag, true).unwrap();
        let antwoord = timeout(GEDULD, antwoord).await.unwrap().unwrap();
        assert_eq!(antwoord.status(), status, "{velden} header fields");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_continuation_frames_ends_the_connection() {
    let hub = TestHub::sqlite().await;
    let mut lijn = lijn(&hub).await;
    lijn.schrijf(&frame(HEADERS, 0, 1, &aanroep(SUBMIT))).await.unwrap();
    let vervolg = frame(CONTINUATION, 0, 1, &kopregels(&[("x-meer", "y")]));
    let mut verstuurd = 0;
    // It ends by itself, long before all are sent.
    while verstuurd < 1_000_000 && lijn.schrijf(&vervolg.repeat(100)).await.is_ok() {
        verstuurd += 100;
    }
    assert!(verstuurd < 1_000_000, "the hub took a million of them");
    if let Some((code, _)) = lijn.afscheid().await {
        assert!([PROTOCOL_ERROR, ENHANCE_YOUR_CALM].contains(&code), "{code}");
    }
    dient_een_ander_nog(&hub).await;
}
