//! Stopping in order, and looking at new certificates at once.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tonic::{Code, Status};

use crate::support::berichten::{Exchange, GEDULD, GI, GI_2, abonneer, bytes, dien_ruw_in, einde, reden, volgende, zegt_wanneer, zitting};
use crate::support::hub::channel;
use crate::support::pki::Pki;
use crate::support::proces::{self, Proces, voorbeeld_certs};
use crate::support::{postgres, ruw};

/// Submits without pause until the hub does not answer any more; returns what was answered, and what was not with its status.
async fn zend(adres: String, geteld: watch::Sender<usize>) -> (Vec<(Bytes, Bytes)>, Bytes, Status) {
    let kanaal = channel(&adres, &voorbeeld_certs(), "rechtbank").await;
    let mut beantwoord = Vec::new();
    loop {
        let bericht = bytes(&zitting(GI));
        match dien_ruw_in(&kanaal, bericht.clone()).await {
            Ok(receipt) => beantwoord.push((bericht, receipt)),
            Err(status) => return (beantwoord, bericht, status),
        }
        geteld.send_modify(|aantal| *aantal += 1);
    }
}

async fn stopt_in_orde(database: &str) {
    let (map, certs) = (tempfile::tempdir().unwrap(), voorbeeld_certs());
    let config = proces::config(map.path(), &certs, database, "shutdown_s = 2");
    let hub = Proces::start(&config, &[]).await;
    let mut gi = Exchange::new(channel(&hub.address, &certs, "gi-2").await);
    let mut stroom = abonneer(&mut gi, None).await.unwrap();
    // Two that would keep it alive for ever: one without a TLS handshake, one that never speaks HTTP/2 after it.
    let _stil = TcpStream::connect(&hub.address).await.unwrap();
    let _zonder_preface = ruw::tls(&hub.address, &certs, "gi").await;
    let (geteld, mut gezien) = watch::channel(0);
    let zender = tokio::spawn(zend(hub.address.clone(), geteld));
    timeout(GEDULD, gezien.wait_for(|aantal| *aantal >= 10)).await.unwrap().unwrap();

    let begin = Instant::now();
    hub.sein("TERM");
    let status = einde(&mut stroom, Duration::from_secs(1)).await;
    assert_eq!((status.code(), &*reden(&status)), (Code::Unavailable, "HUB_STOPT"));
    assert!(zegt_wanneer(&status), "it says when to come back");
    let uitgang = hub.einde(Duration::from_secs(4)).await;
    println!("ended {:?} after the signal", begin.elapsed());
    assert_eq!(uitgang.code(), Some(0));
    let (beantwoord, laatste, status) = timeout(GEDULD, zender).await.unwrap().unwrap();
    assert!([Code::Unavailable, Code::Unknown, Code::Cancelled].contains(&status.code()), "{status:?}");

    let hub = Proces::start(&config, &[]).await;
    let kanaal = channel(&hub.address, &certs, "rechtbank").await;
    for (bericht, receipt) in beantwoord {
        assert_eq!(dien_ruw_in(&kanaal, bericht).await.unwrap(), receipt);
    }
    let receipt = dien_ruw_in(&kanaal, laatste.clone()).await.expect("what was not answered can be repeated");
    assert_eq!(dien_ruw_in(&kanaal, laatste).await.unwrap(), receipt);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_hub_answers_tells_and_ends_in_time_whoever_stays_on_sqlite() {
    stopt_in_orde("sqlite:hub.db").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_hub_answers_tells_and_ends_in_time_whoever_stays_on_postgresql() {
    stopt_in_orde(&postgres::database().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_with_nobody_on_it_stops_at_once() {
    let map = tempfile::tempdir().unwrap();
    let hub = Proces::start(&proces::config(map.path(), &voorbeeld_certs(), "sqlite:hub.db", ""), &[]).await;
    let mut gi = Exchange::new(channel(&hub.address, &voorbeeld_certs(), "gi").await);
    let _stroom = abonneer(&mut gi, None).await.unwrap();
    hub.sein("INT");
    let uitgang = hub.einde(Duration::from_secs(3)).await;
    assert_eq!(uitgang.code(), Some(0), "well within the ten seconds that it may take");
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_makes_it_look_at_its_certificates_at_once() {
    let mut pki = Pki::nieuw(&[("rechtbank", "00000099010000001000"), ("gi-2", GI_2)]);
    let ingetrokken = pki.geef_uit("gi", GI);
    let map = tempfile::tempdir().unwrap();
    // By itself it looks every five seconds.
    let hub = Proces::start(&proces::config(map.path(), pki.pad(), "sqlite:hub.db", ""), &[]).await;
    let begin = Instant::now();
    let (mut gi, mut buur) =
        (Exchange::new(channel(&hub.address, pki.pad(), "gi").await), Exchange::new(channel(&hub.address, pki.pad(), "gi-2").await));
    let mut stroom = abonneer(&mut gi, None).await.unwrap();
    let mut blijver = abonneer(&mut buur, None).await.unwrap();
    pki.trek_in(&[&ingetrokken]);
    hub.sein("HUP");
    einde(&mut stroom, GEDULD).await;
    assert!(begin.elapsed() < Duration::from_millis(4500), "it took {:?}", begin.elapsed());
    dien_ruw_in(&channel(&hub.address, pki.pad(), "rechtbank").await, bytes(&zitting(GI_2))).await.expect("it serves on");
    volgende(&mut blijver).await.expect("its neighbour stays");
}
