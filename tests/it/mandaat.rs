//! A lokaal team acts in the name of a gemeente, and narrower than it: it processes a bepaling and takes back what it said. Who is
//! responsible shows everywhere.

use std::time::Duration;

use jeugdketen_proto::v1::beheer_service_client::BeheerServiceClient;
use jeugdketen_proto::v1::register_service_client::RegisterServiceClient;
use jeugdketen_proto::v1::{
    self, ListDeelnemersRequest, OpvolgenRequest, PutDeelnemerRequest, Rol, SetStatusRequest, StatusDeelnemer, SubscribeRequest,
};
use ketenhub::domain::deelnemer::Deelnemer;
use ketenhub::domain::refusal::Refusal;
use ketenhub::domain::register::Register;
use tonic::{Code, Status};

use crate::support::chain::{Chain, both, oin};
use crate::support::draad::{reden, velden};
use crate::support::verhaal::{Verhaal, bericht, correctie_van, inhoud, intrekking_van};
use crate::support::zaak::Zaak;

/// The certificate of the lokaal team in these tests: one that nobody in the register of the examples has.
const TEAM: &str = "onbekend";

fn een_team(namens: &str) -> v1::Deelnemer {
    v1::Deelnemer {
        oin: oin(TEAM).to_string(),
        rol: Rol::LokaalTeam.into(),
        naam: "EXAMPLE Wijkteam Laak".to_owned(),
        geldig_vanaf: "2015-01-01".to_owned(),
        namens_oin: oin(namens).to_string(),
        ..v1::Deelnemer::default()
    }
}

/// A lokaal team in the register, in the name of a gemeente.
fn met_team(chain: &Chain, namens: &str) {
    let team = Deelnemer::lees(&een_team(namens)).expect("a participant");
    let alle = chain.register.nu().alle().into_iter().filter(|ander| ander.oin != team.oin).cloned().collect::<Vec<_>>();
    chain.register.vervang(chain.register.versie() + 1, Register::new(alle.into_iter().chain([team])));
}

both! {
    async fn a_lokaal_team_processes_in_the_cases_of_its_gemeente_and_says_nothing_else(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05", "10", "12"]).await;
        let voor_gemeente = chain.postvak("gemeente").await.len();
        met_team(&chain, "gemeente-2");
        assert_eq!(chain.geweigerd(TEAM, &bericht(&mut verhaal, "09")).await, Refusal::NietGevonden, "a case of another gemeente");
        met_team(&chain, "gemeente");

        let verwerking = bericht(&mut verhaal, "09");
        let receipt = chain.aanvaard(TEAM, &verwerking).await;
        assert_eq!(receipt.afzender_oin, oin(TEAM).as_str());
        assert_eq!(receipt.ontvangers.iter().map(|o| o.oin.as_str()).collect::<Vec<_>>(), [oin("gi").as_str(), oin("aanbieder-3").as_str()]);
        for naam in ["gi", "aanbieder-3"] {
            let levering = chain.postvak(naam).await.pop().expect("the Verwerking");
            assert_eq!((levering.afzender.as_str(), levering.afzender_rol), (oin(TEAM).as_str(), Rol::LokaalTeam as i32));
        }
        let wie = chain.rijen::<(String,)>("select wie from audit where nr = (select max(nr) from audit where handeling = 'AANVAARD')").await;
        assert_eq!(wie, [(oin(TEAM).to_string(),)]);
        // The gemeente cannot take back the words of its team, the team can.
        assert_eq!(chain.geweigerd("gemeente", &intrekking_van(&verwerking.bericht_id, &verhaal.zaak)).await, Refusal::NietGevonden);
        chain.aanvaard(TEAM, &correctie_van(&verwerking.bericht_id, bericht(&mut verhaal, "09"))).await;
        chain.aanvaard(TEAM, &intrekking_van(&verwerking.bericht_id, &verhaal.zaak)).await;

        for nummer in ["01", "02", "03", "04", "13", "22", "24", "27", "28", "31", "32", "34"] {
            assert_eq!(chain.geweigerd(TEAM, &bericht(&mut verhaal, nummer)).await, Refusal::RolMagNiet, "{nummer}");
        }
        assert!(chain.postvak(TEAM).await.is_empty());
        assert_eq!(chain.postvak("gemeente").await.len(), voor_gemeente);

        chain.aanvaard("gemeente", &bericht(&mut verhaal, "28")).await;
        assert_eq!(chain.geweigerd(TEAM, &bericht(&mut verhaal, "09")).await, Refusal::NietGevonden, "the residence is elsewhere");
    }

    async fn an_attempt_of_a_lokaal_team_to_question_a_bepaling_counts_for_its_gemeente(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05", "10"]).await;
        met_team(&chain, "gemeente");
        let mut budget = bericht(&mut verhaal, "28");
        inhoud!(budget, Woonplaatsmelding).reden = 2;
        let gi_zei = verhaal.ids["05"].clone();
        let pogingen = [budget, bericht(&mut verhaal, "11"), bericht(&mut verhaal, "12"), intrekking_van(&gi_zei, &verhaal.zaak)];
        for poging in &pogingen {
            let refusal = chain.geweigerd(TEAM, poging).await;
            assert!(matches!(refusal, Refusal::OngeoorloofdeToetsing(_)), "{refusal:?}");
        }
        let geteld: Vec<(String, i64)> = chain.rijen("select gemeente, count(*) from toetsingspogingen group by gemeente").await;
        assert_eq!(geteld, [(oin("gemeente").to_string(), 4)]);
        let wie: Vec<(String, i64)> = chain.rijen("select wie, count(*) from audit where handeling = 'GEWEIGERD' group by wie").await;
        assert_eq!(wie, [(oin(TEAM).to_string(), 4)]);
    }
}

async fn zet(zaak: &Zaak, deelnemer: v1::Deelnemer) -> Result<v1::Deelnemer, Status> {
    let vraag = PutDeelnemerRequest { deelnemer: Some(deelnemer) };
    let antwoord = BeheerServiceClient::new(zaak.kanaal("beheerder").await).put_deelnemer(vraag).await?;
    Ok(antwoord.into_inner().deelnemer.unwrap())
}

async fn zet_status(zaak: &Zaak, wie: &str, status: StatusDeelnemer) {
    let vraag = SetStatusRequest { oin: oin(wie).to_string(), status: status.into() };
    BeheerServiceClient::new(zaak.kanaal("beheerder").await).set_status(vraag).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_register_knows_in_whose_name_a_lokaal_team_acts() {
    for zaak in Zaak::op_beide().await {
        for (namens, waarom) in [("gi", "no gemeente"), (TEAM, "itself"), ("gemeente-onbekend", "nobody")] {
            let oin = if namens == "gemeente-onbekend" { "00000099030000099000".to_owned() } else { oin(namens).to_string() };
            let status = zet(&zaak, v1::Deelnemer { namens_oin: oin, ..een_team("gemeente") }).await.expect_err(waarom);
            assert_eq!((status.code(), reden(&status).as_str()), (Code::FailedPrecondition, "NAMENS_GEEN_GEMEENTE"), "{waarom}");
        }
        let los = v1::Deelnemer { namens_oin: String::new(), ..een_team("gemeente") };
        let gemeente = v1::Deelnemer { rol: Rol::Gemeente.into(), code: "0503".to_owned(), ..een_team("gemeente") };
        let geen_oin = v1::Deelnemer { namens_oin: "518".to_owned(), ..een_team("gemeente") };
        for fout in [los, gemeente, geen_oin] {
            assert_eq!(velden(&zet(&zaak, fout).await.unwrap_err()), ["deelnemer.namens_oin"]);
        }
        let gezet = zet(&zaak, een_team("gemeente")).await.unwrap();
        assert_eq!(gezet, v1::Deelnemer { status: StatusDeelnemer::Actief.into(), ..een_team("gemeente") });
        let vraag = ListDeelnemersRequest { rol: Rol::LokaalTeam.into() };
        let lijst = RegisterServiceClient::new(zaak.kanaal("aanbieder").await).list_deelnemers(vraag).await.unwrap();
        assert_eq!(lijst.into_inner().deelnemers, [gezet]);
        zet(&zaak, een_team("gemeente-2")).await.unwrap();
        let lijst = RegisterServiceClient::new(zaak.kanaal("gi").await).list_deelnemers(vraag).await.unwrap();
        assert_eq!(lijst.into_inner().deelnemers[0].namens_oin, oin("gemeente-2").as_str(), "another gemeente gives the mandate");
        let opvolger =
            OpvolgenRequest { oin: oin("gemeente").to_string(), opvolger_oin: oin(TEAM).to_string(), per: "2026-11-20".to_owned() };
        let status = BeheerServiceClient::new(zaak.kanaal("beheerder").await).opvolgen(opvolger).await.unwrap_err();
        assert_eq!(reden(&status), "ANDERE_ROL", "the mail of a gemeente never goes to its team");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lokaal_team_reads_nothing_of_the_case_its_gemeente_does_and_loses_its_mandate_with_it() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&["02", "05"]).await;
        zet(&zaak, een_team("gemeente")).await.unwrap();
        let verwerking = zaak.bericht("09");
        zaak.dien(TEAM, &verwerking).await.unwrap();
        assert_eq!(zaak.traject(TEAM).await.unwrap_err().code(), Code::NotFound);
        assert!(zaak.post(TEAM).await.is_empty());
        let gezien = zaak.traject("gemeente").await.unwrap().gebeurtenissen.pop().unwrap();
        assert_eq!((gezien.afzender_oin, gezien.afzender_rol), (oin(TEAM).to_string(), Rol::LokaalTeam as i32));
        assert_eq!((gezien.bericht.unwrap().bericht_id, gezien.bezorgingen.len()), (verwerking.bericht_id.clone(), 2));

        let mut stroom = zaak.exchange(TEAM).await.subscribe(SubscribeRequest::default()).await.unwrap().into_inner();
        zet_status(&zaak, "gemeente", StatusDeelnemer::Geschorst).await;
        let tot_het_einde = async { while let Ok(Some(_)) = stroom.message().await {} };
        tokio::time::timeout(Duration::from_secs(10), tot_het_einde).await.expect("the connection is cut");
        let mut geweigerd = String::new();
        // The connection can be cut in the middle of being told why.
        for _ in 0..20 {
            zaak.vergeet(TEAM).await;
            let status = zaak.dien(TEAM, &verwerking).await.unwrap_err();
            geweigerd = reden(&status);
            if !geweigerd.is_empty() {
                break;
            }
        }
        assert_eq!(geweigerd, "MANDAAT_VERVALLEN");
        zet_status(&zaak, "gemeente", StatusDeelnemer::Actief).await;
        zaak.vergeet(TEAM).await;
        zaak.dien(TEAM, &verwerking).await.expect("the mandate is there again");
    }
}
