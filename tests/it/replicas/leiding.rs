//! One hub leads, whatever happens to it, and only who leads sends warnings.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ketenhub::admission::leiding::{Dinger, Leiding, werk};
use ketenhub::store::leiding;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Hub, Samen, TIEN_SECONDEN, binnen};
use crate::support::berichten::GEDULD;
use crate::support::chain::both;
use crate::support::proces::Proces;
use crate::support::verhaal::Verhaal;
use crate::telemetrie::vraag;

async fn leidt(operator: &str) -> bool {
    let metrics = vraag(operator, "/metrics").await.1;
    match metrics.lines().find_map(|regel| regel.strip_prefix("ketenhub_leader ")) {
        Some("1") => true,
        Some("0") => false,
        ander => panic!("{ander:?} in {metrics}"),
    }
}

/// Two hubs of which the first leads.
async fn leider_en_volger(samen: &Samen) -> (Hub, Hub) {
    let een = samen.hub("een", "").await;
    binnen(GEDULD, "the only hub leads", || leidt(&een.operator)).await;
    let twee = samen.hub("twee", "").await;
    assert!(!leidt(&twee.operator).await, "there is a leader");
    (een, twee)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_killed_is_replaced_within_ten_seconds() {
    let samen = Samen::nieuw().await;
    let (een, twee) = leider_en_volger(&samen).await;
    een.proces.dood();
    let duur = binnen(TIEN_SECONDEN, "the other leads", || leidt(&twee.operator)).await;
    println!("a killed leader is replaced after {duur:?}");
    assert!(duur > Duration::from_secs(3), "a leader that is late is not gone: {duur:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_stands_still_is_replaced_and_knows_it_when_it_goes_on() {
    let samen = Samen::nieuw().await;
    let (een, twee) = leider_en_volger(&samen).await;
    een.proces.sein("STOP");
    binnen(TIEN_SECONDEN, "the other leads", || leidt(&twee.operator)).await;
    een.proces.sein("CONT");
    assert!(!leidt(&een.operator).await, "the first answer after it stood still");
    assert!(leidt(&twee.operator).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_cut_off_stops_leading_and_another_begins() {
    let samen = Samen::nieuw().await;
    let lijn = Lijn::naar(&samen.url).await;
    let config = samen.config_op("een", &lijn.url, "", "");
    let (een, een_operator) = Proces::start_met_operator(&config).await;
    binnen(GEDULD, "the only hub leads", || leidt(&een_operator)).await;
    let twee = samen.hub("twee", "").await;
    drop(lijn);
    binnen(TIEN_SECONDEN, "the other leads", || leidt(&twee.operator)).await;
    assert!(!leidt(&een_operator).await, "it had stopped before");
    drop(een);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_stops_in_order_gives_the_lead_up_at_once() {
    let samen = Samen::nieuw().await;
    let (een, twee) = leider_en_volger(&samen).await;
    een.proces.sein("TERM");
    let duur = binnen(TIEN_SECONDEN, "the other leads", || leidt(&twee.operator)).await;
    assert!(duur < Duration::from_secs(4), "{duur:?}");
    assert!(een.proces.einde(GEDULD).await.success());
}

/// A way to the database that can be cut.
struct Lijn {
    url: String,
    _taken: JoinSet<()>,
}

impl Lijn {
    async fn naar(url: &str) -> Lijn {
        let (voor, rest) = url.split_once("127.0.0.1:").unwrap();
        let (poort, database) = rest.split_once('/').unwrap();
        let doel = format!("127.0.0.1:{poort}");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{voor}{}/{database}", listener.local_addr().unwrap());
        let mut taken = JoinSet::new();
        taken.spawn(async move {
            // Dropped with the task, each connection is cut.
            let mut verbindingen = JoinSet::new();
            while let Ok((mut van, _)) = listener.accept().await {
                let doel = doel.clone();
                verbindingen.spawn(async move {
                    let mut naar = TcpStream::connect(doel).await.unwrap();
                    let _ = copy_bidirectional(&mut van, &mut naar).await;
                });
            }
        });
        Lijn { url, _taken: taken }
    }
}

both! {
    async fn warnings_are_sent_by_who_leads_and_by_nobody_else(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02"]).await;
        chain.bevestig("gi", 1).await.expect("a number that was given out");
        chain.dagen_later(9);
        let mut eigen = chain.hub.store.eigen("ketenhub-toets").await.expect("a connection");
        let niemand = leiding::lees(&mut eigen.conn()).await.expect("who leads");
        assert!(leiding::zet(&mut eigen.conn(), "een ander", &niemand).await.expect("an answer"));
        let begin = Instant::now();
        let (leidt, stop) = (Arc::new(Leiding::default()), CancellationToken::new());
        let dinger = Dinger { store: chain.hub.store.clone(), naam: "deze".to_owned(), leiding: Arc::clone(&leidt) };
        let dinger = tokio::spawn(dinger.draai(stop.clone()));
        let (admission, onderhoud) = (chain.hub.admission.clone(), Arc::clone(&chain.hub.onderhoud));
        tokio::spawn(werk(admission, onderhoud, Arc::clone(&leidt), Duration::from_millis(50), stop.clone()));
        let voor = chain.postvak("gi").await.len();
        binnen(GEDULD, "a warning", || async { chain.postvak("gi").await.len() > voor }).await;
        assert!(leidt.leidt());
        assert!(begin.elapsed() > Duration::from_secs(5), "it was sent while another led: {:?}", begin.elapsed());
        stop.cancel();
        dinger.await.expect("it ends");
        assert!(!leidt.leidt());
        assert_eq!(leiding::lees(&mut eigen.conn()).await.expect("who leads").houder, "", "it gave the lead up");
    }
}
