//! Killed at a named place around the commit: the same message afterwards has one number and one receipt.

use jeugdketen_proto::v1::{FetchRequest, Receipt};
use ketenhub::receipt::verifieer;
use prost::Message as _;
use tempfile::TempDir;

use crate::support::berichten::{Exchange, GI, bericht_id, bytes, dien_ruw_in, zitting};
use crate::support::hub::channel;
use crate::support::postgres;
use crate::support::proces::{self, Proces, voorbeeld_certs};

/// The hub's public key; made at its first start.
pub fn publiek(map: &TempDir) -> Vec<u8> {
    ketenhub::receipt::Sleutel::laad_of_maak(&map.path().join("receipt.key")).unwrap().publiek().to_vec()
}

async fn gedood_bij(plaats: &str, database: &str, was_er_al: bool) {
    let (map, certs) = (tempfile::tempdir().unwrap(), voorbeeld_certs());
    let config = proces::config(map.path(), &certs, database, "");
    let (eerste, tweede) = (bytes(&zitting(GI)), bytes(&zitting(GI)));

    let mut hub = Proces::start(&config, &[("KETENHUB_HALT_AT", plaats)]).await;
    let kanaal = channel(&hub.address, &certs, "rechtbank").await;
    let bericht = eerste.clone();
    let wacht = tokio::spawn(async move { dien_ruw_in(&kanaal, bericht).await });
    hub.zegt(&format!("halted at {plaats}")).await;
    hub.dood();
    wacht.await.unwrap().expect_err("nothing was answered");

    let hub = Proces::start(&config, &[]).await;
    let mut gi = Exchange::new(channel(&hub.address, &certs, "gi").await);
    let haal = FetchRequest { na: Some(0), maximaal: 0 };
    let al_daar = gi.fetch(haal).await.unwrap().into_inner().leveringen.len();
    assert_eq!(al_daar, usize::from(was_er_al), "after a kill at {plaats}");

    let kanaal = channel(&hub.address, &certs, "rechtbank").await;
    let een = dien_ruw_in(&kanaal, eerste.clone()).await.expect("repeating is accepted");
    let nog_een = dien_ruw_in(&kanaal, eerste.clone()).await.unwrap();
    assert_eq!(een, nog_een, "byte for byte");
    let receipt = Receipt::decode(een).unwrap();
    assert_eq!(verifieer(&receipt, &publiek(&map)), Ok(()));
    assert_eq!(receipt.digest, ketenhub::receipt::sha256(&eerste).as_slice());
    assert_eq!(receipt.volgnummer, 1);
    let volgende = Receipt::decode(dien_ruw_in(&kanaal, tweede).await.unwrap()).unwrap();
    assert_eq!(volgende.volgnummer, 2, "no number was lost or given twice");

    let geleverd: Vec<_> = gi.fetch(haal).await.unwrap().into_inner().leveringen;
    let geleverd: Vec<_> = geleverd.iter().map(|levering| (levering.postvaknummer, bericht_id(levering))).collect();
    assert_eq!(geleverd, [(1, receipt.bericht_id), (2, volgende.bericht_id)]);
    assert_eq!(receipt.ontvangers.iter().map(|o| o.postvaknummer).collect::<Vec<_>>(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_commit_and_answer_a_message_has_one_number_and_one_receipt_on_sqlite() {
    gedood_bij("after-commit", "sqlite:hub.db", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_commit_and_answer_a_message_has_one_number_and_one_receipt_on_postgresql() {
    gedood_bij("after-commit", &postgres::database().await, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_its_commit_a_message_is_not_there_and_is_accepted_again_on_sqlite() {
    gedood_bij("before-commit", "sqlite:hub.db", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_its_commit_a_message_is_not_there_and_is_accepted_again_on_postgresql() {
    gedood_bij("before-commit", &postgres::database().await, false).await;
}
