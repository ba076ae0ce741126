//! Proofs as the hub answers them: who gets which record, and what they prove. Against the arithmetic there are tests in `boom`.

use std::collections::BTreeSet;

use jeugdketen_proto::v1::audit_service_client::AuditServiceClient;
use jeugdketen_proto::v1::get_inclusion_proof_request::Wat;
use jeugdketen_proto::v1::{
    AcknowledgeRequest, GetCheckpointRequest, GetConsistencyProofRequest, GetConsistencyProofResponse, GetInclusionProofRequest,
    GetInclusionProofResponse, Handeling,
};
use ketenhub::audit::bewijs::{Ongeldig, verifieer_consistentie, verifieer_inclusie};
use ketenhub::audit::hoofd::Logsleutel;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::support::draad::{op_de_draad, velden};
use crate::support::zaak::{HEEL, Zaak, oin};

async fn audit(zaak: &Zaak, wie: &str) -> AuditServiceClient<Channel> {
    AuditServiceClient::new(zaak.kanaal(wie).await)
}

async fn bewijs(zaak: &Zaak, wie: &str, wat: Wat) -> Result<GetInclusionProofResponse, Status> {
    let vraag = GetInclusionProofRequest { wat: Some(wat) };
    audit(zaak, wie).await.get_inclusion_proof(vraag).await.map(tonic::Response::into_inner)
}

async fn consistentie(zaak: &Zaak, van: u64, tot: u64) -> Result<GetConsistencyProofResponse, Status> {
    let vraag = GetConsistencyProofRequest { van, tot };
    audit(zaak, "gemeente").await.get_consistency_proof(vraag).await.map(tonic::Response::into_inner)
}

/// The public key of the log, as a participant learns it.
async fn sleutel(zaak: &Zaak) -> Logsleutel {
    let antwoord = audit(zaak, "aanbieder").await.get_checkpoint(GetCheckpointRequest {}).await.unwrap().into_inner();
    let sleutel = Logsleutel::parse(&antwoord.sleutel).unwrap();
    sleutel.verifieer(&antwoord.checkpoint).unwrap();
    sleutel
}

async fn met_driehonderd_records() -> [Zaak; 2] {
    let mut zaken = Zaak::op_beide().await;
    for zaak in &mut zaken {
        zaak.speel(&HEEL).await;
        let mut gi = zaak.exchange("gi").await;
        for _ in 0..286 {
            gi.acknowledge(AcknowledgeRequest { tot_en_met: 1 }).await.unwrap();
        }
    }
    zaken
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_is_proved_and_an_altered_one_is_not() {
    for zaak in met_driehonderd_records().await {
        let sleutel = sleutel(&zaak).await;
        for nr in (1..=20).chain([255, 256, 257, 299, 300]) {
            let bewijs = bewijs(&zaak, "inspectie", Wat::Nr(nr)).await.unwrap();
            let hoofd = verifieer_inclusie(&bewijs, &sleutel).unwrap();
            assert_eq!((hoofd.grootte, bewijs.record.as_ref().unwrap().nr), (300, nr));
            let mut anders = bewijs.clone();
            anders.record.as_mut().unwrap().reden = "x".to_owned();
            assert_eq!(verifieer_inclusie(&anders, &sleutel), Err(Ongeldig::Inclusie));
            let ander = GetInclusionProofResponse { blad_index: nr, ..bewijs.clone() };
            assert_eq!(verifieer_inclusie(&ander, &sleutel), Err(Ongeldig::Inclusie));
            let kleiner = GetInclusionProofResponse { boomgrootte: 299, ..bewijs };
            assert_eq!(verifieer_inclusie(&kleiner, &sleutel), Err(Ongeldig::Grootte));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_every_earlier_size_is_the_beginning_of_that_of_now_and_no_other_root_is() {
    for zaak in met_driehonderd_records().await {
        let sleutel = sleutel(&zaak).await;
        for van in [0, 1, 2, 3, 64, 255, 256, 257, 299, 300] {
            let mut bewijs = consistentie(&zaak, van, 0).await.unwrap();
            assert_eq!(verifieer_consistentie(&bewijs, &sleutel).unwrap().grootte, 300, "{van}");
            bewijs.wortel_van = vec![7; 32].into();
            assert_eq!(verifieer_consistentie(&bewijs, &sleutel), Err(Ongeldig::Consistentie), "{van}");
        }
        // Between two earlier sizes too; the roots are those of then.
        let (een, twee) = (consistentie(&zaak, 100, 290).await.unwrap(), consistentie(&zaak, 290, 0).await.unwrap());
        assert_eq!(een.wortel_tot, twee.wortel_van);
        assert_eq!(verifieer_consistentie(&een, &sleutel), Err(Ongeldig::Grootte), "it is of no checkpoint of now");
        assert_eq!(velden(&consistentie(&zaak, 1, 301).await.unwrap_err()), ["tot"]);
        assert_eq!(velden(&consistentie(&zaak, 300, 299).await.unwrap_err()), ["van"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_participant_gets_the_records_of_its_own_messages_and_acts_and_the_rest_does_not_exist_for_it() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&["02", "05", "06"]).await;
        zaak.bevestig("gi").await;
        let (mut gezien, mut nergens) = (Vec::new(), BTreeSet::new());
        for wie in ["rechtbank", "gi", "aanbieder", "gemeente", "accounthoudende-regio", "beheerder", "inspectie"] {
            for wat in [Wat::Nr(1), Wat::Nr(2), Wat::Nr(3), Wat::Nr(4), Wat::Volgnummer(3), Wat::Nr(5), Wat::Nr(0), Wat::Volgnummer(9)] {
                match bewijs(&zaak, wie, wat).await {
                    Ok(bewijs) => gezien.push((wie, wat, bewijs.record.unwrap().nr)),
                    Err(status) => {
                        assert_eq!(status.code(), Code::NotFound);
                        nergens.insert(op_de_draad(&status));
                    }
                }
            }
        }
        // The first record is of the keys of the hub, the fifth of the uitspraak that was handed to the GI.
        let mut verwacht = vec![("rechtbank", Wat::Nr(2), 2), ("rechtbank", Wat::Nr(5), 5), ("gi", Wat::Nr(3), 3), ("gi", Wat::Nr(5), 5)];
        verwacht.extend([("aanbieder", Wat::Nr(4), 4), ("aanbieder", Wat::Volgnummer(3), 4)]);
        for wie in ["beheerder", "inspectie"] {
            verwacht.extend((1..=4).map(|nr| (wie, Wat::Nr(nr), nr)));
            verwacht.extend([(wie, Wat::Volgnummer(3), 4), (wie, Wat::Nr(5), 5)]);
        }
        assert_eq!(gezien, verwacht);
        assert_eq!(nergens.len(), 1, "not there and not yours are one answer, byte for byte: {nergens:?}");
        let record = bewijs(&zaak, "aanbieder", Wat::Volgnummer(3)).await.unwrap().record.unwrap();
        assert_eq!((record.handeling(), record.wie.as_str()), (Handeling::Aanvaard, oin("aanbieder").as_str()));
        assert_eq!(record.maatregel_id.as_deref(), Some(zaak.maatregel.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_new_hub_begins_with_its_keys() {
    let zaak = Zaak::leeg().await;
    let hoofd = audit(&zaak, "gi").await.get_checkpoint(GetCheckpointRequest {}).await.unwrap().into_inner().checkpoint;
    assert_eq!(sleutel(&zaak).await.verifieer(&hoofd).unwrap().grootte, 1);
    assert!(hoofd.starts_with("ketenhub.example/audit\n1\n"), "{hoofd}");
    let record = bewijs(&zaak, "inspectie", Wat::Nr(1)).await.unwrap().record.unwrap();
    assert_eq!((record.handeling(), record.reden.as_str()), (Handeling::Sleutel, "NIEUW"));
}
