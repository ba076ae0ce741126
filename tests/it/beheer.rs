//! The register changed by its operator over the network, and what the change means for mail, cases and live connections at once.

use jeugdketen_proto::v1::beheer_service_client::BeheerServiceClient;
use jeugdketen_proto::v1::register_service_client::RegisterServiceClient;
use jeugdketen_proto::v1::{
    self, AcknowledgeRequest, Deelnemer, FetchRequest, Levering, ListDeelnemersRequest, OpvolgenRequest, PutDeelnemerRequest, Rol,
    SetStatusRequest, StatusDeelnemer,
};
use jeugdketen_proto::v1::{levering, submit_stream_response::Uitkomst};
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::support::draad::reden;
use crate::support::zaak::{Zaak, oin};

/// The day of [`crate::support::zaak::nu`].
const VANDAAG: &str = "2026-11-20";

async fn beheer(zaak: &Zaak) -> BeheerServiceClient<Channel> {
    BeheerServiceClient::new(zaak.kanaal("beheerder").await)
}

async fn zet(zaak: &Zaak, deelnemer: Deelnemer) -> Result<Deelnemer, Status> {
    let vraag = PutDeelnemerRequest { deelnemer: Some(deelnemer) };
    beheer(zaak).await.put_deelnemer(vraag).await.map(|antwoord| antwoord.into_inner().deelnemer.unwrap())
}

async fn zet_status(zaak: &Zaak, wie: &str, status: StatusDeelnemer) -> Result<Deelnemer, Status> {
    let vraag = SetStatusRequest { oin: oin(wie), status: status.into() };
    beheer(zaak).await.set_status(vraag).await.map(|antwoord| antwoord.into_inner().deelnemer.unwrap())
}

async fn volg_op(zaak: &Zaak, wie: &str, opvolger: &str, per: &str) -> Result<Deelnemer, Status> {
    let vraag = OpvolgenRequest { oin: oin(wie), opvolger_oin: oin(opvolger), per: per.to_owned() };
    beheer(zaak).await.opvolgen(vraag).await.map(|antwoord| antwoord.into_inner().deelnemer.unwrap())
}

async fn deelnemer(zaak: &Zaak, wie: &str) -> Deelnemer {
    let mut register = RegisterServiceClient::new(zaak.kanaal("inspectie").await);
    let alle = register.list_deelnemers(ListDeelnemersRequest { rol: 0 }).await.unwrap().into_inner().deelnemers;
    alle.into_iter().find(|deelnemer| deelnemer.oin == oin(wie)).unwrap()
}

fn verboden<T: std::fmt::Debug>(antwoord: Result<T, Status>, waarom: &str) {
    let status = antwoord.expect_err(waarom);
    assert_eq!((status.code(), reden(&status).as_str()), (Code::FailedPrecondition, waarom));
}

/// Whether and why a participant is turned away, on a connection of its own.
async fn toegang(zaak: &Zaak, wie: &str) -> Result<(), String> {
    // The hub cuts the connections of whoever it turned away, which can be in the middle of being told.
    for _ in 0..20 {
        zaak.vergeet(wie).await;
        match zaak.exchange(wie).await.fetch(FetchRequest::default()).await {
            Ok(_) => return Ok(()),
            Err(status) if reden(&status).is_empty() => {}
            Err(status) => return Err(reden(&status)),
        }
    }
    panic!("{wie} hears nothing")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_participant_that_is_added_takes_part_at_once() {
    let zaak = Zaak::leeg().await;
    assert_eq!(toegang(&zaak, "onbekend").await, Err("DEELNEMER_ONBEKEND".to_owned()));
    let aantal = zaak.aantal("audit").await;
    let nieuw = Deelnemer {
        oin: oin("onbekend"),
        rol: Rol::Gemeente.into(),
        naam: "EXAMPLE Gemeente Delft".to_owned(),
        code: "0503".to_owned(),
        geldig_vanaf: VANDAAG.to_owned(),
        ..Deelnemer::default()
    };
    let gezet = zet(&zaak, nieuw.clone()).await.unwrap();
    assert_eq!(gezet, Deelnemer { status: StatusDeelnemer::Actief.into(), ..nieuw.clone() });
    assert_eq!(toegang(&zaak, "onbekend").await, Ok(()));
    assert_eq!(deelnemer(&zaak, "onbekend").await, gezet);
    assert_eq!(zaak.aantal("audit").await, aantal + 1, "every change is on record");

    let verlopen = Deelnemer { geldig_tot_en_met: "2026-11-19".to_owned(), geldig_vanaf: "2026-01-01".to_owned(), ..nieuw };
    zet(&zaak, verlopen).await.unwrap();
    assert_eq!(toegang(&zaak, "onbekend").await, Err("BEVOEGDHEID_BEEINDIGD".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gemeentecode_a_role_a_standing_and_a_succession_are_not_changed_in_passing() {
    let zaak = Zaak::leeg().await;
    let rotterdam = deelnemer(&zaak, "gemeente-3").await;
    let aantal = zaak.aantal("audit").await;
    verboden(zet(&zaak, Deelnemer { code: "0518".to_owned(), ..rotterdam.clone() }).await, "GEMEENTECODE_BEZET");
    verboden(zet(&zaak, Deelnemer { rol: Rol::Gi.into(), code: String::new(), ..rotterdam.clone() }).await, "ANDERE_ROL");
    let geschorst = Deelnemer { status: StatusDeelnemer::Geschorst.into(), ..rotterdam.clone() };
    verboden(zet(&zaak, geschorst).await, "ANDERE_STATUS");
    let opgevolgd = Deelnemer { opvolger_oin: oin("gemeente"), opvolging_per: VANDAAG.to_owned(), ..rotterdam.clone() };
    verboden(zet(&zaak, opgevolgd).await, "ANDERE_OPVOLGING");
    let nieuw = Deelnemer { oin: oin("onbekend"), code: "0518".to_owned(), ..rotterdam.clone() };
    verboden(zet(&zaak, nieuw).await, "GEMEENTECODE_BEZET");
    assert_eq!(deelnemer(&zaak, "gemeente-3").await, rotterdam);
    assert_eq!(zaak.aantal("audit").await, aantal);

    let naam = Deelnemer { naam: "EXAMPLE Rotterdam".to_owned(), status: 0, ..rotterdam };
    let gezet = zet(&zaak, naam.clone()).await.unwrap();
    assert_eq!(gezet, Deelnemer { status: StatusDeelnemer::Actief.into(), ..naam });
    let onbekend = SetStatusRequest { oin: oin("onbekend"), status: StatusDeelnemer::Actief.into() };
    assert_eq!(beheer(&zaak).await.set_status(onbekend).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_cannot_end_itself_by_any_way() {
    let zaak = Zaak::leeg().await;
    let ik = deelnemer(&zaak, "beheerder").await;
    verboden(zet_status(&zaak, "beheerder", StatusDeelnemer::Geschorst).await, "EIGEN_STATUS");
    verboden(zet(&zaak, Deelnemer { geldig_tot_en_met: "2026-11-19".to_owned(), ..ik.clone() }).await, "EIGEN_STATUS");
    verboden(zet(&zaak, Deelnemer { geldig_vanaf: "2026-11-21".to_owned(), ..ik.clone() }).await, "EIGEN_STATUS");
    let tweede = Deelnemer { oin: oin("onbekend"), naam: "EXAMPLE Tweede beheerder".to_owned(), ..ik.clone() };
    zet(&zaak, tweede).await.unwrap();
    verboden(volg_op(&zaak, "beheerder", "onbekend", VANDAAG).await, "EIGEN_STATUS");
    assert_eq!(deelnemer(&zaak, "beheerder").await, ik);
    assert_eq!(toegang(&zaak, "beheerder").await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_suspended_loses_its_streams_and_its_access_and_gets_both_back_with_its_mail() {
    let mut zaak = Zaak::met_voorbeelden(&["01"]).await;
    let mut abonnement = zaak.exchange("gi").await.subscribe(v1::SubscribeRequest::default()).await.unwrap().into_inner();
    assert!(abonnement.message().await.unwrap().is_some());
    zet_status(&zaak, "gi", StatusDeelnemer::Geschorst).await.unwrap();
    abonnement.message().await.expect_err("the connection is cut");
    assert_eq!(toegang(&zaak, "gi").await, Err("DEELNEMER_GESCHORST".to_owned()));
    // The judge decides all the same; the mail waits.
    let bericht = zaak.nieuw("01");
    zaak.dien("rechtbank", &bericht).await.unwrap();
    zet_status(&zaak, "gi", StatusDeelnemer::Actief).await.unwrap();
    assert_eq!(toegang(&zaak, "gi").await, Ok(()));
    assert_eq!(nummers(&zaak.post("gi").await), [1, 2]);
}

fn nummers(post: &[Levering]) -> Vec<u64> {
    post.iter().map(|levering| levering.postvaknummer).collect()
}

fn getoond(post: &[Levering]) -> Vec<bool> {
    post.iter().map(|levering| matches!(levering.inhoud, Some(levering::Inhoud::Bericht(_)))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_successor_gets_the_mail_that_was_not_acknowledged_the_case_and_what_comes_after() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&["01", "02", "03", "04", "05", "06", "07", "08"]).await;
        let eigen = {
            let mut eigen = zaak.nieuw("02");
            let Some(v1::bericht::Inhoud::Uitspraak(m)) = &mut eigen.inhoud else { panic!("02 is an uitspraak") };
            m.woonplaats_gemeentecode = "0599".to_owned();
            eigen
        };
        zaak.dien("rechtbank", &eigen).await.unwrap();
        let ids = |post: &[Levering]| -> Vec<String> {
            let id = |levering: &Levering| match &levering.inhoud {
                Some(levering::Inhoud::Bericht(bericht)) => bericht.bericht_id.clone(),
                _ => String::new(),
            };
            post.iter().map(id).collect()
        };
        let den_haag = zaak.post("gemeente").await;
        assert_eq!(den_haag.len(), 3);
        zaak.exchange("gemeente").await.acknowledge(AcknowledgeRequest { tot_en_met: 1 }).await.unwrap();
        assert_eq!(zaak.traject("gemeente-3").await.unwrap_err().code(), Code::NotFound);

        let opgevolgd = volg_op(&zaak, "gemeente", "gemeente-3", VANDAAG).await.unwrap();
        assert_eq!((opgevolgd.status(), opgevolgd.opvolger_oin), (StatusDeelnemer::Beeindigd, oin("gemeente-3")));
        assert_eq!(toegang(&zaak, "gemeente").await, Err("BEVOEGDHEID_BEEINDIGD".to_owned()));

        let post = zaak.post("gemeente-3").await;
        assert_eq!(nummers(&post), [1, 2, 3], "its own, and what was not acknowledged, without a gap");
        assert_eq!(ids(&post), [&[eigen.bericht_id][..], &ids(&den_haag)[1..]].concat());
        let tijdlijn = zaak.traject("gemeente-3").await.unwrap().gebeurtenissen;
        let verwacht: Vec<_> = ["02", "03", "05"].iter().map(|nr| zaak.berichten[*nr].bericht_id.clone()).collect();
        let gezien: Vec<_> = tijdlijn.iter().map(|gebeurtenis| gebeurtenis.bericht.clone().unwrap().bericht_id).collect();
        assert_eq!(gezien, verwacht, "also what the predecessor had acknowledged");
        assert_eq!(tijdlijn[0].bezorgingen.len(), 1, "what became of it at the predecessor");

        let verwerking = zaak.bericht("09");
        zaak.dien("gemeente-3", &verwerking).await.expect("open matters go on under the successor");
        zaak.speel(&["10"]).await;
        assert_eq!(nummers(&zaak.post("gemeente-3").await), [1, 2, 3, 4], "help that starts is told to the successor");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_succession_is_within_one_role_on_its_day_and_once() {
    let zaak = Zaak::leeg().await;
    verboden(volg_op(&zaak, "gemeente", "gi", VANDAAG).await, "ANDERE_ROL");
    verboden(volg_op(&zaak, "gemeente", "gemeente-2", "2026-11-21").await, "NOG_NIET");
    verboden(volg_op(&zaak, "gemeente", "gemeente", VANDAAG).await, "AL_OPGEVOLGD");
    assert_eq!(volg_op(&zaak, "gemeente", "onbekend", VANDAAG).await.unwrap_err().code(), Code::NotFound);
    volg_op(&zaak, "gemeente", "gemeente-2", VANDAAG).await.unwrap();
    verboden(volg_op(&zaak, "gemeente", "gemeente-3", VANDAAG).await, "AL_OPGEVOLGD");
    verboden(volg_op(&zaak, "gemeente-2", "gemeente", VANDAAG).await, "AL_OPGEVOLGD");
    // The cases of a gemeente go by its code, which is therefore free for the successor alone.
    verboden(zet(&zaak, Deelnemer { code: "0518".to_owned(), ..deelnemer(&zaak, "gemeente-3").await }).await, "GEMEENTECODE_BEZET");
    zet(&zaak, Deelnemer { code: "0518".to_owned(), ..deelnemer(&zaak, "gemeente-2").await }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_successor_of_a_former_holder_sees_no_more_of_the_case_than_that_one_did() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&["01", "02", "03", "04", "05", "06"]).await;
        zaak.speel(&["23"]).await;
        assert_eq!(getoond(&zaak.post("gi").await), [true, false, false, true], "the hearing, and what ended it");
        volg_op(&zaak, "gi", "gi-2", VANDAAG).await.unwrap();
        let post = zaak.post("gi-2").await;
        assert_eq!((nummers(&post), getoond(&post)), (vec![1, 2, 3, 4], vec![true, false, false, true]));
        assert_eq!(zaak.traject("gi-2").await.unwrap_err().code(), Code::NotFound);
        zaak.traject("gi-3").await.expect("the GI that holds the maatregel");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_took_over_from_another_loses_the_case_when_it_is_replaced() {
    let mut zaak = Zaak::met_voorbeelden(&["01", "02", "03", "04", "05"]).await;
    volg_op(&zaak, "gi", "gi-2", VANDAAG).await.unwrap();
    assert_eq!(zaak.traject("gi-2").await.unwrap().gebeurtenissen.len(), 4, "all that the predecessor saw and sent");
    zaak.speel(&["06", "23"]).await;
    assert_eq!(getoond(&zaak.post("gi-2").await), [true, false, false, true]);
    assert_eq!(zaak.traject("gi-2").await.unwrap_err().code(), Code::NotFound);
    let nieuw = zaak.nieuw("03");
    assert_eq!(zaak.dien("gi-2", &nieuw).await.unwrap_err().code(), Code::NotFound);
    zaak.dien("gi-3", &nieuw).await.unwrap();
    // What is left to the old GI is left to who took its place.
    let overdracht = zaak.bericht("24");
    let vraag = v1::SubmitStreamRequest { bericht: Some(overdracht), ..Default::default() };
    let mut stroom = zaak.exchange("gi-2").await.submit_stream(tokio_stream::iter([vraag])).await.unwrap().into_inner();
    assert!(matches!(stroom.message().await.unwrap().unwrap().uitkomst, Some(Uitkomst::Receipt(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_takes_over_from_the_one_before_keeps_its_case() {
    let mut zaak = Zaak::met_voorbeelden(&["01", "02", "03", "04", "05"]).await;
    zaak.speel(&["23"]).await;
    volg_op(&zaak, "gi", "gi-3", VANDAAG).await.unwrap();
    assert!(zaak.traject("gi-3").await.unwrap().gebeurtenissen.len() >= 2);
    zaak.speel(&["06"]).await;
    assert_eq!(getoond(&zaak.post("gi-3").await).last(), Some(&true), "mail of the case is shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_that_signs_receipts_is_the_first_that_is_listed() {
    let zaak = Zaak::met_voorbeelden(&["01"]).await;
    let sleutels = beheer(&zaak).await.list_sleutels(v1::ListSleutelsRequest {}).await.unwrap().into_inner().sleutels;
    let receipt = &zaak.receipts["01"];
    assert_eq!(sleutels[0].sleutel_id, receipt.ondertekening.as_ref().unwrap().sleutel_id);
    assert_eq!(ketenhub::receipt::verifieer(receipt, &sleutels[0].publieke_sleutel), Ok(()));
}
