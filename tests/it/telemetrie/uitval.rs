//! A collector that is down or slow: nobody who submits notices, and the hub stops in time.

use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::time::timeout;

use super::sporen::hub;
use crate::support::berichten::{GEDULD, GI, dien_in, zitting};

/// As long as the hub waits for one export; a submission that waited for one would take that long.
const EXPORT: Duration = Duration::from_secs(2);

async fn gaat_door(otlp: &str) {
    let map = tempfile::tempdir().unwrap();
    let (hub, mut rechtbank, _) = hub(map.path(), otlp).await;
    // More than two exports hold, and for longer than one may take.
    let (begin, mut langste, mut aantal) = (Instant::now(), Duration::ZERO, 0);
    while begin.elapsed() < EXPORT + Duration::from_secs(2) || aantal < 1100 {
        let een = Instant::now();
        timeout(GEDULD, dien_in(&mut rechtbank, &zitting(GI))).await.expect("an answer in time").unwrap();
        (langste, aantal) = (langste.max(een.elapsed()), aantal + 1);
    }
    assert!(langste < EXPORT, "a submission took {langste:?}");
    drop(rechtbank);
    hub.sein("TERM");
    let begin = Instant::now();
    assert!(hub.einde(Duration::from_secs(8)).await.success());
    println!("{aantal} accepted, the slowest in {langste:?}; stopped in {:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_not_there_holds_nothing_up() {
    let vrij = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    gaat_door(&format!("http://{vrij}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_accepts_and_never_answers_holds_nothing_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let adres = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut stil = Vec::new();
        while let Ok((tcp, _)) = listener.accept().await {
            stil.push(tcp);
        }
    });
    gaat_door(&format!("http://{adres}")).await;
}
