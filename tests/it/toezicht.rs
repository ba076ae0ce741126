//! What supervision and the register answer over the network: the tally, the latencies, the shortages, room and supply. Who may ask is
//! tested in `authz`.

use chrono::TimeDelta;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::register_service_client::RegisterServiceClient;
use jeugdketen_proto::v1::toezicht_service_client::ToezichtServiceClient;
use jeugdketen_proto::v1::{self, Bericht, Kennisgevingen};
use ketenhub::time::timestamp;
use tonic::Code;
use tonic::transport::Channel;

use crate::support::zaak::{Zaak, nu, oin};

async fn toezicht(zaak: &Zaak, wie: &str) -> ToezichtServiceClient<Channel> {
    ToezichtServiceClient::new(zaak.kanaal(wie).await)
}

fn moment(zaak: &Zaak) -> Option<prost_types::Timestamp> {
    Some(timestamp(zaak.clock.micros()))
}

async fn pogingen(zaak: &Zaak, vanaf: Option<prost_types::Timestamp>, tot: Option<prost_types::Timestamp>) -> Vec<(String, u64)> {
    let vraag = v1::ListToetsingspogingenRequest { vanaf, tot };
    let regels = toezicht(zaak, "inspectie").await.list_toetsingspogingen(vraag).await.unwrap().into_inner().regels;
    regels.into_iter().map(|regel| (regel.gemeente_oin, regel.aantal)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attempt_of_a_gemeente_to_question_a_bepaling_is_counted_and_nothing_else() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&["01", "02", "03", "04", "05"]).await;
        assert!(pogingen(&zaak, None, None).await.is_empty());

        let niet_te_zeggen = |zaak: &mut Zaak, reden| {
            let mut bericht = zaak.nieuw("28");
            let Some(Inhoud::Woonplaatsmelding(m)) = &mut bericht.inhoud else { panic!("28 is a woonplaatsmelding") };
            m.reden = reden;
            bericht
        };
        for reden in [2, 3] {
            let bericht = niet_te_zeggen(&mut zaak, reden);
            assert_eq!(zaak.dien("gemeente", &bericht).await.unwrap_err().code(), Code::InvalidArgument);
        }
        zaak.clock.advance(TimeDelta::hours(1));
        let grens = moment(&zaak);
        let bepaling = zaak.nieuw("05");
        assert_eq!(zaak.dien("gemeente", &bepaling).await.unwrap_err().code(), Code::PermissionDenied);
        // A stranger to the case tries too, and in a stream.
        let vraag = v1::SubmitStreamRequest { bericht: Some(niet_te_zeggen(&mut zaak, 4)), ..Default::default() };
        let stroom = zaak.exchange("gemeente-2").await.submit_stream(tokio_stream::iter([vraag])).await;
        assert!(stroom.unwrap().into_inner().message().await.unwrap().is_some());

        // An honest mistake is not one, nor is what another role may not say.
        let mut fout = zaak.nieuw("09");
        let Some(Inhoud::Verwerking(m)) = &mut fout.inhoud else { panic!("09 is a verwerking") };
        m.toewijzingnummer = "geen".to_owned();
        assert_eq!(zaak.dien("gemeente", &fout).await.unwrap_err().code(), Code::InvalidArgument);
        assert_eq!(zaak.dien("inspectie", &bepaling).await.unwrap_err().code(), Code::PermissionDenied);
        assert_eq!(zaak.dien("gemeente", &zaak.berichten["03"].clone()).await.unwrap_err().code(), Code::PermissionDenied);

        let (den_haag, leidschendam) = (oin("gemeente"), oin("gemeente-2"));
        assert_eq!(pogingen(&zaak, None, None).await, [(den_haag.clone(), 3), (leidschendam.clone(), 1)]);
        assert_eq!(pogingen(&zaak, grens, None).await, [(den_haag.clone(), 1), (leidschendam, 1)]);
        assert_eq!(pogingen(&zaak, None, grens).await, [(den_haag, 2)]);
        let alle = toezicht(&zaak, "inspectie").await.list_toetsingspogingen(v1::ListToetsingspogingenRequest::default()).await.unwrap();
        assert!(alle.into_inner().regels.iter().all(|regel| regel.laatste_op == grens));
    }
}

/// An uitspraak that opens a case, pronounced so many seconds ago.
fn uitspraak(zaak: &mut Zaak, nr: &str, seconden: i64) -> Bericht {
    let mut bericht = zaak.nieuw(nr);
    bericht.maatregel_id.clear();
    let Some(Inhoud::Uitspraak(m)) = &mut bericht.inhoud else { panic!("{nr} is an uitspraak") };
    m.uitgesproken_op = Some(timestamp(zaak.clock.micros() - seconden * 1_000_000));
    bericht
}

async fn kennisgevingen(zaak: &Zaak, wie: &str) -> Vec<Kennisgevingen> {
    toezicht(zaak, wie).await.list_kennisgevingen(v1::ListKennisgevingenRequest::default()).await.unwrap().into_inner().regels
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_from_pronouncement_to_receipt_is_shown_per_rechtbank_with_criminal_judgments_apart() {
    for mut zaak in Zaak::op_beide().await {
        for seconden in [60, 3600, 600] {
            let bericht = uitspraak(&mut zaak, "02", seconden);
            zaak.dien("rechtbank", &bericht).await.unwrap();
        }
        for seconden in [86_400, 172_800] {
            let bericht = uitspraak(&mut zaak, "21", seconden);
            zaak.dien("rechtbank", &bericht).await.unwrap();
        }
        zaak.clock.advance(TimeDelta::seconds(40));
        zaak.bevestig("gi").await;
        let mut later = uitspraak(&mut zaak, "02", 5);
        let Some(Inhoud::Uitspraak(m)) = &mut later.inhoud else { panic!("02 is an uitspraak") };
        m.gi_uitgenodigd = false;
        zaak.dien("rechtbank", &later).await.unwrap();
        let ander = uitspraak(&mut zaak, "02", 7);
        zaak.dien("rechtbank-2", &ander).await.unwrap();

        let regel = |wie: &str, vonnissen, aantal, open, gi_niet_uitgenodigd, duren: [u64; 3]| Kennisgevingen {
            rechtbank_oin: oin(wie),
            vonnissen,
            aantal,
            open,
            gi_niet_uitgenodigd,
            p50_seconden: duren[0],
            p95_seconden: duren[1],
            max_seconden: duren[2],
        };
        let den_haag = [
            regel("rechtbank", false, 4, 1, 1, [640, 3640, 3640]),
            // Nobody was invited, and nobody acknowledged: what the GI does not know of cannot be late by its doing.
            regel("rechtbank", true, 2, 2, 2, [0; 3]),
        ];
        let rotterdam = [regel("rechtbank-2", false, 1, 1, 0, [0; 3])];
        assert_eq!(kennisgevingen(&zaak, "inspectie").await, [&den_haag[..], &rotterdam].concat());
        assert_eq!(kennisgevingen(&zaak, "rechtbank").await, den_haag);
        assert_eq!(kennisgevingen(&zaak, "rechtbank-2").await, rotterdam);

        zaak.bevestig("gi-2").await;
        assert_eq!(kennisgevingen(&zaak, "rechtbank").await[1], regel("rechtbank", true, 2, 0, 2, [86_440, 172_840, 172_840]));
        let begin = timestamp(nu().timestamp_micros());
        let vraag = v1::ListKennisgevingenRequest { vanaf: None, tot: Some(begin) };
        assert!(toezicht(&zaak, "inspectie").await.list_kennisgevingen(vraag).await.unwrap().into_inner().regels.is_empty());
    }
}

async fn tekorten(zaak: &Zaak, op: &str) -> Vec<(String, u64, u64, u64)> {
    let vraag = v1::ListTekortenRequest { op: op.to_owned() };
    let regels = toezicht(zaak, "inspectie").await.list_tekorten(vraag).await.unwrap().into_inner().regels;
    let landelijk = regels.into_iter().filter(|regel| regel.regio.is_empty());
    landelijk.map(|r| (r.productcategorie, r.aantal, r.op_wachtlijst, r.langste_wachttijd_dagen)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn help_that_should_run_and_did_not_start_is_a_shortage_from_its_first_day_to_its_last() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&["01", "02", "03", "04"]).await;
        let mut bepaling = zaak.bericht("05");
        let Some(Inhoud::Jeugdhulpbepaling(m)) = &mut bepaling.inhoud else { panic!("05 is a jeugdhulpbepaling") };
        m.voorzieningen.iter_mut().for_each(|voorziening| voorziening.ingangsdatum = "2026-11-25".to_owned());
        zaak.dien("gi", &bepaling).await.unwrap();
        let regel = |categorie: &str, wacht, dagen| (categorie.to_owned(), 1, wacht, dagen);
        zaak.clock.advance(TimeDelta::days(4));
        assert!(tekorten(&zaak, "").await.is_empty(), "it should not run yet");
        zaak.clock.advance(TimeDelta::days(2));
        let eerst = [regel("41", 0, 1), regel("44", 0, 1), regel("54", 0, 1)];
        assert_eq!(tekorten(&zaak, "2026-11-26").await, eerst);
        zaak.clock.advance(TimeDelta::days(29));
        zaak.speel(&["06", "07", "08", "09", "10"]).await;
        assert_eq!(tekorten(&zaak, "").await, [regel("41", 0, 30), regel("54", 1, 30)]);
        assert_eq!(tekorten(&zaak, "2026-11-26").await, eerst, "what was not known then does not count then");
        zaak.clock.advance(TimeDelta::days(7));
        assert!(tekorten(&zaak, "").await.is_empty(), "its last day has passed");
        zaak.speel(&["25"]).await;
        assert!(tekorten(&zaak, "").await.is_empty(), "the maatregel was lifted");
        assert_eq!(tekorten(&zaak, "2026-11-26").await, eerst);
    }
}

async fn ruimte(zaak: &Zaak, regio: &str, op: &str) -> Vec<(String, i32)> {
    let vraag = v1::ListCapaciteitRequest { regio: regio.to_owned(), op: op.to_owned() };
    let mut register = RegisterServiceClient::new(zaak.kanaal("rechtbank").await);
    let regels = register.list_capaciteit(vraag).await.unwrap().into_inner().regels;
    regels.into_iter().map(|regel| (regel.gi_oin, regel.capaciteit.unwrap().stand)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rechtbank_finds_the_room_that_gis_published_last_for_the_day_and_region_it_asks() {
    let mut zaak = Zaak::met_voorbeelden(&["31"]).await;
    let (west, schrikker) = (oin("gi"), oin("gi-2"));
    let mut rijnmond = zaak.nieuw("31");
    let Some(Inhoud::Capaciteit(m)) = &mut rijnmond.inhoud else { panic!("31 is a capaciteit") };
    (m.regio, m.stand, m.reden, m.tot_en_met) = ("Rijnmond".to_owned(), 1, 0, String::new());
    zaak.dien("gi-2", &rijnmond).await.unwrap();

    assert_eq!(ruimte(&zaak, "", "2026-05-04").await, [(west.clone(), 4), (schrikker.clone(), 1)]);
    assert_eq!(ruimte(&zaak, "Rijnmond", "2026-05-04").await, [(schrikker.clone(), 1)]);
    assert_eq!(ruimte(&zaak, "Zuid-West", "2026-06-28").await, [(west.clone(), 4)], "the last day counts");
    assert_eq!(ruimte(&zaak, "Zuid-West", "2026-06-29").await, []);
    assert_eq!(ruimte(&zaak, "", "2026-05-03").await, []);
    assert_eq!(ruimte(&zaak, "", "").await, [(schrikker, 1)], "today");

    let mut nieuw = zaak.nieuw("31");
    let Some(Inhoud::Capaciteit(m)) = &mut nieuw.inhoud else { panic!("31 is a capaciteit") };
    (m.stand, m.reden) = (2, 0);
    zaak.dien("gi", &nieuw).await.unwrap();
    assert_eq!(ruimte(&zaak, "Zuid-West", "2026-06-01").await, [(west, 2)], "the new one replaces the earlier one");
}

async fn aanbod(zaak: &Zaak, gemeentecode: &str, productcategorie: &str, op: &str) -> Result<Vec<(String, String)>, Code> {
    let vraag =
        v1::ListAanbodRequest { gemeentecode: gemeentecode.to_owned(), productcategorie: productcategorie.to_owned(), op: op.to_owned() };
    let mut register = RegisterServiceClient::new(zaak.kanaal("gi").await);
    let regels = register.list_aanbod(vraag).await.map_err(|status| status.code())?.into_inner().regels;
    Ok(regels.into_iter().map(|regel| (regel.aanbieder_oin, regel.productcategorie)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gi_looks_up_what_a_gemeente_contracted_instead_of_asking_it() {
    let mut zaak = Zaak::met_voorbeelden(&["34"]).await;
    let regel = |wie: &str, categorie: &str| (oin(wie), categorie.to_owned());
    let (ggz, dagbehandeling, gezinshuis) = (regel("aanbieder", "54"), regel("aanbieder-2", "41"), regel("aanbieder-3", "44"));
    let alle = vec![ggz.clone(), regel("aanbieder", "45"), dagbehandeling.clone(), gezinshuis.clone()];
    assert_eq!(aanbod(&zaak, "0518", "", "2026-06-30").await.unwrap(), alle);
    assert!(!aanbod(&zaak, "0518", "", "2026-07-01").await.unwrap().contains(&dagbehandeling), "its last day has passed");
    assert_eq!(aanbod(&zaak, "0518", "44", "").await.unwrap(), [gezinshuis]);
    assert_eq!(aanbod(&zaak, "0518", "", "2026-03-01").await.unwrap(), []);
    assert_eq!(aanbod(&zaak, "0599", "", "").await.unwrap(), [], "this gemeente published nothing");
    assert_eq!(aanbod(&zaak, "0001", "", "").await.unwrap_err(), Code::NotFound, "nobody has this code");

    let mut nieuw = zaak.nieuw("34");
    let Some(Inhoud::Aanbod(m)) = &mut nieuw.inhoud else { panic!("34 is an aanbod") };
    m.regels.truncate(1);
    zaak.dien("gemeente", &nieuw).await.unwrap();
    assert_eq!(aanbod(&zaak, "0518", "", "2026-06-30").await.unwrap(), [ggz], "the new one replaces the earlier one");
}
