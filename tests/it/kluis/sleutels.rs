//! What is sealed opens in its own place only; the receipt key is changed while the hub serves.

use jeugdketen_proto::v1::beheer_service_client::BeheerServiceClient;
use jeugdketen_proto::v1::{ListSleutelsRequest, RoteerSleutelRequest, SetBewaartermijnRequest, SoortSleutel};
use ketenhub::admission::Gestaakt;
use ketenhub::receipt::{Sleutel, verifieer};
use ketenhub::store::StoreError;

use crate::support::chain::both;
use crate::support::verhaal::Verhaal;
use crate::support::zaak::Zaak;

both! {
    async fn a_body_that_was_altered_or_moved_is_corrupt_and_not_delivered(chain: Chain) {
        // Each pair of messages loses its second.
        for (na, knoei) in [
            (0, "update berichten set inhoud = (select inhoud from berichten where volgnummer = 1) where volgnummer = 2"),
            (2, "update berichten set inhoud = receipt where volgnummer = 4"),
            (4, "update berichten set sleutel = (select sleutel from berichten where volgnummer = 5) where volgnummer = 6"),
        ] {
            chain.speel(&mut Verhaal::default(), &["02"]).await;
            chain.speel(&mut Verhaal::default(), &["02"]).await;
            chain.knoei(knoei).await;
            let (goed, _) = chain.hub.delivery.blad(&chain.peer("gi"), Some(na), 1, usize::MAX).await.expect("the first is whole");
            assert!(goed[0].view.is_ok());
            let fout = chain.hub.delivery.blad(&chain.peer("gi"), Some(na + 1), 10, usize::MAX).await.expect_err(knoei);
            let Gestaakt::Store(fout) = fout else { panic!("{fout:?}") };
            assert!(matches!(&*fout, StoreError::Corrupt { .. }), "{knoei}: {fout:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_are_signed_with_a_new_key_from_its_call_on_and_those_of_before_stay_good() {
    let mut zaak = Zaak::leeg().await;
    let vroeger = {
        let nieuw = zaak.nieuw("01");
        zaak.dien("rechtbank", &nieuw).await.unwrap()
    };
    let mut beheer = BeheerServiceClient::new(zaak.kanaal("beheerder").await);
    let oud = beheer.list_sleutels(ListSleutelsRequest {}).await.unwrap().into_inner().sleutels.remove(0);
    let nieuw = beheer.roteer_sleutel(RoteerSleutelRequest::default()).await.unwrap().into_inner().sleutel.unwrap();
    assert_ne!(oud.sleutel_id, nieuw.sleutel_id);
    let later = {
        let nieuw = zaak.nieuw("01");
        zaak.dien("rechtbank", &nieuw).await.unwrap()
    };
    assert_eq!(verifieer(&vroeger, &oud.publieke_sleutel), Ok(()));
    assert_eq!(verifieer(&later, &nieuw.publieke_sleutel), Ok(()));
    let alle = beheer.list_sleutels(ListSleutelsRequest {}).await.unwrap().into_inner().sleutels;
    let mut ids: Vec<_> = alle.iter().map(|sleutel| sleutel.sleutel_id.clone()).collect();
    ids.sort();
    let mut verwacht = vec![oud.sleutel_id, nieuw.sleutel_id.clone()];
    verwacht.sort();
    assert_eq!(ids, verwacht);
    // A restart goes on with the new one.
    assert_eq!(Sleutel::laad_of_maak(&zaak.hub.config.receipt_key).unwrap().id(), nieuw.sleutel_id);

    let epoche = beheer.roteer_sleutel(RoteerSleutelRequest { soort: SoortSleutel::Pseudoniem.into() }).await.unwrap().into_inner();
    assert_eq!((epoche.sleutel, epoche.epoche), (None, 2));
    assert_eq!(beheer.set_bewaartermijn(SetBewaartermijnRequest { dagen: 7 }).await.unwrap().into_inner().dagen, 7);
    let fout = beheer.set_bewaartermijn(SetBewaartermijnRequest { dagen: 4000 }).await.unwrap_err();
    assert_eq!(fout.code(), tonic::Code::InvalidArgument);
}
