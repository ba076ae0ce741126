//! What is changed at one hub holds at all of them within ten seconds, with the longest times between two looks that a configuration may set.

use std::time::Duration;

use jeugdketen_proto::v1::beheer_service_client::BeheerServiceClient;
use jeugdketen_proto::v1::{
    AcknowledgeRequest, ListSleutelsRequest, RoteerSleutelRequest, SetBewaartermijnRequest, SetStatusRequest, SoortSleutel, StatusDeelnemer,
};

use super::{Samen, TIEN_SECONDEN, binnen};
use crate::support::berichten::{GI, abonneer, dien_in, einde, volgende, voorbeeld, zitting};
use crate::support::pki::Pki;
use crate::support::proces::voer_uit;

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_at_one_hub_ends_the_streams_at_another() {
    let samen = Samen::nieuw().await;
    let [een, twee] = samen.twee().await;
    let mut stroom = abonneer(&mut twee.exchange("gi").await, None).await.unwrap();
    let mut beheer = BeheerServiceClient::new(een.kanaal("beheerder").await);
    beheer.set_status(SetStatusRequest { oin: GI.to_owned(), status: StatusDeelnemer::Geschorst.into() }).await.unwrap();
    let begin = std::time::Instant::now();
    assert_ne!(einde(&mut stroom, TIEN_SECONDEN).await.code(), tonic::Code::Ok);
    // The register is told of: nobody waits for the next look.
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_loses_its_streams_at_every_hub() {
    let mut pki = Pki::nieuw(&[]);
    let ingetrokken = pki.geef_uit("gi", GI);
    let samen = Samen::met(pki.pad()).await;
    let [een, twee] = samen.twee().await;
    let mut stromen = Vec::new();
    for hub in [&een, &twee] {
        stromen.push(abonneer(&mut hub.exchange("gi").await, None).await.unwrap());
    }
    pki.trek_in(&[&ingetrokken]);
    for mut stroom in stromen {
        assert_ne!(einde(&mut stroom, TIEN_SECONDEN).await.code(), tonic::Code::Ok);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_receipt_key_signs_at_every_hub_that_has_its_file() {
    let samen = Samen::nieuw().await;
    let [een, twee] = samen.twee().await;
    let mut beheer = BeheerServiceClient::new(een.kanaal("beheerder").await);
    let nieuw = beheer.roteer_sleutel(RoteerSleutelRequest { soort: SoortSleutel::Receipt.into() }).await.unwrap().into_inner();
    let nieuw = nieuw.sleutel.unwrap().sleutel_id;
    let mut daar = BeheerServiceClient::new(twee.kanaal("beheerder").await);
    let bekend = daar.list_sleutels(ListSleutelsRequest {}).await.unwrap().into_inner().sleutels;
    assert!(bekend.iter().any(|sleutel| sleutel.sleutel_id == nieuw), "whoever asks can verify at once");
    let rechtbank = twee.exchange("rechtbank").await;
    binnen(TIEN_SECONDEN, "a receipt under the new key", || async {
        let receipt = dien_in(&mut rechtbank.clone(), &zitting(GI)).await.unwrap();
        receipt.ondertekening.unwrap().sleutel_id == nieuw
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_epoch_of_pseudonyms_and_a_new_master_key_are_taken_up_everywhere() {
    let samen = Samen::nieuw().await;
    let [een, twee] = samen.twee().await;
    let mut beheer = BeheerServiceClient::new(een.kanaal("beheerder").await);
    let rechtbank = twee.exchange("rechtbank").await;
    let uitspraak = || voorbeeld("02-uitspraak.json", &[]);
    dien_in(&mut rechtbank.clone(), &uitspraak()).await.unwrap();
    beheer.roteer_sleutel(RoteerSleutelRequest { soort: SoortSleutel::Pseudoniem.into() }).await.unwrap();
    binnen(TIEN_SECONDEN, "a pseudonym under the new key", || async {
        dien_in(&mut rechtbank.clone(), &uitspraak()).await.unwrap();
        samen.sql("select max(epoche)::text from zaaksleutels").await == ["2"]
    })
    .await;

    let oud = samen.sql("select distinct kek from zaaksleutels").await;
    assert_eq!(oud.len(), 1);
    let pad = samen.map.path().join("een.toml");
    let uitvoer = voer_uit(&["kluis", "nieuw", "--config", pad.to_str().unwrap()]).await;
    assert!(uitvoer.status.success(), "{uitvoer:?}");
    binnen(TIEN_SECONDEN, "keys under the new master key", || async {
        let nu = samen.sql("select distinct kek from zaaksleutels").await;
        nu.len() == 1 && nu != oud
    })
    .await;
    binnen(TIEN_SECONDEN, "new cases under it at both", || async {
        for hub in [&een, &twee] {
            dien_in(&mut hub.exchange("rechtbank").await, &uitspraak()).await.unwrap();
        }
        samen.sql("select distinct kek from zaaksleutels").await.len() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shorter_term_set_at_one_hub_is_carried_out_by_the_one_that_leads() {
    let samen = Samen::nieuw().await;
    let een = samen.hub("een", "tik_s = 60").await;
    dien_in(&mut een.exchange("rechtbank").await, &zitting(GI)).await.unwrap();
    let mut gi = een.exchange("gi").await;
    volgende(&mut abonneer(&mut gi, Some(0)).await.unwrap()).await.unwrap();
    gi.acknowledge(AcknowledgeRequest { tot_en_met: 1 }).await.unwrap();
    let dagen = 3 * 86_400_000_000_i64;
    samen.knoei(&format!("update berichten set aanvaard_op = aanvaard_op - {dagen}")).await;
    samen.knoei(&format!("update postvak set aangeboden_op = aangeboden_op - {dagen}, ontvangen_op = ontvangen_op - {dagen}")).await;
    let twee = samen.hub("twee", "tik_s = 60").await;
    let mut beheer = BeheerServiceClient::new(twee.kanaal("beheerder").await);
    beheer.set_bewaartermijn(SetBewaartermijnRequest { dagen: 2 }).await.unwrap();
    binnen(TIEN_SECONDEN, "the body is destroyed", || async {
        samen.sql("select count(*)::text from berichten where inhoud is not null").await == ["0"]
    })
    .await;
}
