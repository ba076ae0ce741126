//! A message that one hub accepts arrives on streams of another: at once when the database tells, and otherwise when the hub looks.

use std::time::{Duration, Instant};

use jeugdketen_proto::v1::beheer_service_client::BeheerServiceClient;
use jeugdketen_proto::v1::{OpvolgenRequest, SubscribeResponse};
use ketenhub::store::Lezing;
use tokio::time::timeout;
use tonic::Streaming;
use tonic::transport::Channel;

use super::{Hub, Samen, binnen};
use crate::support::berichten::{GEDULD, GI, GI_2, abonneer, bericht_id, bytes, dien_in, dien_ruw_in, hartslag, volgende, zitting};
use crate::support::hub::TestHub;

/// How long it takes from the receipt at one hub to the delivery at the other.
async fn reistijd(rechtbank: &Channel, stroom: &mut Streaming<SubscribeResponse>) -> Duration {
    let bericht = zitting(GI);
    dien_ruw_in(rechtbank, bytes(&bericht)).await.unwrap();
    let begin = Instant::now();
    assert_eq!(bericht_id(&volgende(stroom).await.unwrap()), bericht.bericht_id);
    begin.elapsed()
}

/// The median of some, so that a moment in which the machine does something else does not count.
async fn mediaan(rechtbank: &Channel, stroom: &mut Streaming<SubscribeResponse>) -> Duration {
    let mut tijden = Vec::new();
    for _ in 0..11 {
        tijden.push(reistijd(rechtbank, stroom).await);
    }
    tijden.sort();
    tijden[5]
}

async fn beide(samen: &Samen) -> (Hub, Hub, Channel, Streaming<SubscribeResponse>) {
    let [een, twee] = samen.twee().await;
    let rechtbank = een.kanaal("rechtbank").await;
    let stroom = abonneer(&mut twee.exchange("gi").await, Some(0)).await.unwrap();
    (een, twee, rechtbank, stroom)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_accepted_at_one_hub_arrives_at_another_within_200_ms() {
    let samen = Samen::nieuw().await;
    let (_een, _twee, rechtbank, mut stroom) = beide(&samen).await;
    reistijd(&rechtbank, &mut stroom).await;
    let mediaan = mediaan(&rechtbank, &mut stroom).await;
    println!("from a receipt at one hub to the delivery at another: median {mediaan:?}");
    assert!(mediaan < Duration::from_millis(200), "{mediaan:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_whose_listening_connection_is_ended_misses_nothing_and_listens_again() {
    let samen = Samen::nieuw().await;
    let (_een, _twee, rechtbank, mut stroom) = beide(&samen).await;
    reistijd(&rechtbank, &mut stroom).await;
    for _ in 0..3 {
        let einde = "select pg_terminate_backend(pid)::text from pg_stat_activity
            where application_name = 'ketenhub-luisteraar' and datname = current_database()";
        binnen(GEDULD, "a connection that listens", || async { !samen.sql(einde).await.is_empty() }).await;
        let tijd = reistijd(&rechtbank, &mut stroom).await;
        assert!(tijd < Duration::from_secs(6), "{tijd:?}, with a look every 5 seconds");
    }
    // Waits until a round was fast: it listens again.
    let weer = async { while mediaan(&rechtbank, &mut stroom).await > Duration::from_millis(200) {} };
    timeout(GEDULD, weer).await.expect("it listens again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_told_nothing_finds_out_by_looking() {
    let samen = Samen::nieuw().await;
    let een = samen.hub("een", "").await;
    samen.knoei("drop function ketenhub_postvak cascade").await;
    let twee = samen.hub("twee", "").await;
    let rechtbank = een.kanaal("rechtbank").await;
    let mut stroom = abonneer(&mut twee.exchange("gi").await, Some(0)).await.unwrap();
    for _ in 0..3 {
        let tijd = reistijd(&rechtbank, &mut stroom).await;
        assert!(tijd < Duration::from_secs(3), "{tijd:?}, with a look every 2 seconds");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_successor_hears_at_another_hub_what_it_takes_over() {
    let samen = Samen::nieuw().await;
    let [een, twee] = samen.twee().await;
    let mut stroom = abonneer(&mut twee.exchange("gi-2").await, Some(0)).await.unwrap();
    let bericht = zitting(GI);
    dien_in(&mut een.exchange("rechtbank").await, &bericht).await.unwrap();
    let mut beheer = BeheerServiceClient::new(een.kanaal("beheerder").await);
    let per = ketenhub::time::Clock::machine().today().to_string();
    beheer.opvolgen(OpvolgenRequest { oin: GI.to_owned(), opvolger_oin: GI_2.to_owned(), per }).await.unwrap();
    let begin = Instant::now();
    assert_eq!(bericht_id(&volgende(&mut stroom).await.unwrap()), bericht.bericht_id);
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_moves_from_hub_to_hub_misses_and_doubles_nothing() {
    const AANTAL: u64 = 150;
    let samen = Samen::nieuw().await;
    let hubs = samen.twee().await;
    let zenders = [hubs[0].kanaal("rechtbank").await, hubs[1].kanaal("rechtbank-2").await];
    let zenders = zenders.map(|kanaal| {
        tokio::spawn(async move {
            let mut verzonden = Vec::new();
            for _ in 0..AANTAL / 2 {
                let bericht = zitting(GI);
                dien_ruw_in(&kanaal, bytes(&bericht)).await.unwrap();
                verzonden.push(bericht.bericht_id);
            }
            verzonden
        })
    });
    let mut gelezen: Vec<(u64, String)> = Vec::new();
    for hub in hubs.iter().cycle() {
        let mut stroom = abonneer(&mut hub.exchange("gi").await, Some(gelezen.last().map_or(0, |(nr, _)| *nr))).await.unwrap();
        while gelezen.len() < AANTAL as usize {
            let levering = volgende(&mut stroom).await.unwrap();
            gelezen.push((levering.postvaknummer, bericht_id(&levering)));
            if gelezen.len().is_multiple_of(13) {
                break;
            }
        }
        if gelezen.len() == AANTAL as usize {
            break;
        }
    }
    assert!(gelezen.iter().map(|(nr, _)| *nr).eq(1..=AANTAL));
    let mut verzonden = Vec::new();
    for zender in zenders {
        verzonden.extend(timeout(GEDULD, zender).await.unwrap().unwrap());
    }
    let mut ids: Vec<_> = gelezen.into_iter().map(|(_, id)| id).collect();
    ids.sort();
    verzonden.sort();
    assert_eq!(ids, verzonden);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_stream_asks_the_database_nothing() {
    let hub = TestHub::with(|config| config.limits.heartbeat_s = 1).await;
    dien_in(&mut hub.exchange("rechtbank").await, &zitting(GI)).await.unwrap();
    let mut stroom = abonneer(&mut hub.exchange("gi").await, Some(0)).await.unwrap();
    volgende(&mut stroom).await.unwrap();
    assert_eq!(hartslag(&mut stroom).await.laatste_postvaknummer, 1);
    let mut bezet: Vec<Lezing> = Vec::new();
    for _ in 0..4 {
        bezet.push(hub.running.hub.store.read().await.unwrap());
    }
    // Longer than anybody waits for a connection: who asks gets an error by then.
    for _ in 0..7 {
        assert_eq!(hartslag(&mut stroom).await.laatste_postvaknummer, 1);
    }
    drop(bezet);
    dien_in(&mut hub.exchange("rechtbank").await, &zitting(GI)).await.unwrap();
    assert_eq!(volgende(&mut stroom).await.unwrap().postvaknummer, 2);
}
