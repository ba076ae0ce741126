//! Connections fail: between client and hub, and between hub and PostgreSQL.

use std::time::{Duration, Instant};

use jeugdketen_proto::v1::Receipt;
use prost::Message as _;
use tokio::time::{sleep, timeout};
use tonic::Code;

use super::cluster::Cluster;
use super::doorgang::Knip;
use super::opstelling::Opstelling;
use super::spel::onder_last;
use crate::support::berichten::{GEDULD, GI, bytes, dien_ruw_in, reden, zitting};
use crate::support::hub::channel;
use crate::support::postgres;
use crate::support::proces::voorbeeld_certs;

/// Within this time a hub accepts again after its connections to the database went silent.
const WEER_AANVAARD: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn connections_of_clients_that_are_cut_stalled_or_half_open_cost_nothing() {
    let mut opstelling = Opstelling::met(2, &postgres::database().await).await;
    onder_last(&mut opstelling, 19, 240, async |opstelling, spel| {
        for (i, fout) in [(0, "cut"), (1, "half open"), (0, "stalled"), (1, "cut")] {
            let deur = &opstelling.hubs[i].voordeur;
            match fout {
                "cut" => deur.knip(),
                "stalled" => deur.bevries(),
                _ => deur.halfopen(),
            }
            spel.nog(30).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_the_database_that_are_cut_cost_nothing() {
    let mut opstelling = Opstelling::met(2, &postgres::database().await).await;
    onder_last(&mut opstelling, 23, 200, async |opstelling, spel| {
        for (i, waar) in [(0, None), (1, Some(Knip::Achteraf)), (0, Some(Knip::Vooraf)), (1, None)] {
            let deur = opstelling.hubs[i].achterdeur.as_ref().unwrap();
            match waar {
                Some(waar) => drop(deur.knip_bij_commit(waar)),
                None => deur.knip(),
            }
            spel.nog(30).await;
        }
    })
    .await;
}

/// The sender hears that it is not known, repeats, and has one receipt of one message, whether it was committed or not. After two
/// transactions a hub believes that it is alone, and the next is one statement.
async fn commit_onderweg_geknipt(waar: Knip, eerder: u64) {
    let cluster = Cluster::nieuw().await;
    let opstelling = Opstelling::met(1, &cluster.url()).await;
    let plek = &opstelling.hubs[0];
    let kanaal = channel(&plek.voordeur.adres, &voorbeeld_certs(), "rechtbank").await;
    for _ in 0..eerder {
        dien_ruw_in(&kanaal, bytes(&zitting(GI))).await.unwrap();
    }
    let bericht = bytes(&zitting(GI));
    let deur = plek.achterdeur.as_ref().unwrap();
    let mut geknipt = deur.knip_bij_commit(waar);
    let status = timeout(GEDULD, dien_ruw_in(&kanaal, bericht.clone())).await.unwrap().unwrap_err();
    assert_eq!((status.code(), &*reden(&status)), (Code::Unavailable, "DATABASE_NIET_BESCHIKBAAR"), "{status:?}");
    timeout(GEDULD, geknipt.changed()).await.expect("the COMMIT was cut").unwrap();
    assert_eq!(deur.was_enkel(), eerder > 0, "one statement after others, and only then");
    let daar = eerder.cast_signed() + i64::from(waar == Knip::Achteraf);
    assert_eq!(cluster.vraag("select count(*) from berichten").await, daar);

    let begin = Instant::now();
    let receipt = loop {
        match dien_ruw_in(&kanaal, bericht.clone()).await {
            Ok(receipt) => break receipt,
            Err(status) => assert_eq!(status.code(), Code::Unavailable, "{status:?}"),
        }
        assert!(begin.elapsed() < GEDULD, "it is not accepted again");
        sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(dien_ruw_in(&kanaal, bericht).await.unwrap(), receipt, "byte for byte");
    assert_eq!(Receipt::decode(receipt).unwrap().volgnummer, eerder + 1);
    let volgende = dien_ruw_in(&kanaal, bytes(&zitting(GI))).await.unwrap();
    assert_eq!(Receipt::decode(volgende).unwrap().volgnummer, eerder + 2);
    assert_eq!(cluster.vraag("select count(*) from berichten").await, eerder.cast_signed() + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_cut_before_the_server_has_it_leaves_nothing_and_the_repetition_counts() {
    for eerder in [0, 3] {
        commit_onderweg_geknipt(Knip::Vooraf, eerder).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_which_the_answer_is_cut_off_counts_and_the_repetition_gets_its_receipt() {
    for eerder in [0, 3] {
        commit_onderweg_geknipt(Knip::Achteraf, eerder).await;
    }
}

/// Both ends of every connection stay open and nothing passes, as when a switch between them is gone; new connections pass.
#[tokio::test(flavor = "multi_thread")]
async fn connections_to_the_database_that_went_silent_are_given_up_in_time() {
    let opstelling = Opstelling::met(1, &postgres::database().await).await;
    let plek = &opstelling.hubs[0];
    let kanaal = channel(&plek.voordeur.adres, &voorbeeld_certs(), "rechtbank").await;
    dien_ruw_in(&kanaal, bytes(&zitting(GI))).await.unwrap();
    plek.achterdeur.as_ref().unwrap().bevries();
    let (begin, bericht) = (Instant::now(), bytes(&zitting(GI)));
    let weer = async {
        // Each attempt may hang; the next one comes beside it.
        while !timeout(Duration::from_secs(2), dien_ruw_in(&kanaal, bericht.clone())).await.is_ok_and(|antwoord| antwoord.is_ok()) {
            sleep(Duration::from_millis(100)).await;
        }
    };
    let binnen = timeout(WEER_AANVAARD, weer).await;
    println!("accepted again after {:?}", begin.elapsed());
    assert!(binnen.is_ok(), "nothing was accepted within {WEER_AANVAARD:?} after the connections went silent");
    let receipt = Receipt::decode(dien_ruw_in(&kanaal, bericht).await.unwrap()).unwrap();
    assert_eq!(receipt.volgnummer, 2);
}
