//! Every refusal as it leaves the hub: code, reason and paths, alone and in a stream, with nothing of it stored and no value from a message
//! in it. Which rule refuses what in detail is tested at the rules.

use bytes::Bytes;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::submit_stream_response::Uitkomst;
use jeugdketen_proto::v1::{self, Bericht};
use ketenhub::config::Limits;
use prost::Message;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::support::draad::{eenmaal, eenmaal_bytes, methoden, reden, roep, roep_met, velden};
use crate::support::zaak::{DAARNA, Zaak, oin};

/// One message that is refused: who sends it, as what bytes, and what must come back.
struct Geval {
    naam: &'static str,
    wie: &'static str,
    bytes: Bytes,
    code: Code,
    reden: &'static str,
    velden: Vec<&'static str>,
    /// Texts of the message, none of which may come back.
    geheim: Vec<String>,
}

/// Builds the cases; each changes one example.
struct Gevallen<'a> {
    zaak: &'a mut Zaak,
    alle: Vec<Geval>,
}

impl Gevallen<'_> {
    fn bytes(&mut self, naam: &'static str, wie: &'static str, bytes: Vec<u8>, verwacht: (Code, &'static str), velden: &[&'static str]) {
        let geheim = Bericht::decode(bytes.as_slice()).map(|bericht| teksten(&bericht)).unwrap_or_default();
        let (code, reden) = verwacht;
        self.alle.push(Geval { naam, wie, bytes: bytes.into(), code, reden, velden: velden.to_vec(), geheim });
    }

    /// The example of a number, changed, under a new id.
    fn geval(
        &mut self,
        naam: &'static str,
        (wie, nr): (&'static str, &str),
        verander: impl FnOnce(&mut Bericht),
        verwacht: (Code, &'static str),
        velden: &[&'static str],
    ) {
        let mut bericht = self.zaak.nieuw(nr);
        verander(&mut bericht);
        self.bytes(naam, wie, bericht.encode_to_vec(), verwacht, velden);
    }
}

const INHOUD: (Code, &str) = (Code::InvalidArgument, "ONGELDIGE_INHOUD");
const NIET_GEVONDEN: (Code, &str) = (Code::NotFound, "");

fn toestand(reden: &'static str) -> (Code, &'static str) {
    (Code::FailedPrecondition, reden)
}

/// Changes the content of one kind.
macro_rules! met {
    ($kind:ident, |$m:ident| $doe:expr) => {
        |bericht: &mut Bericht| {
            let Some(Inhoud::$kind($m)) = &mut bericht.inhoud else { panic!("another kind") };
            $doe;
        }
    };
}

fn gevallen(zaak: &mut Zaak) -> Vec<Geval> {
    let mut g = Gevallen { zaak, alle: Vec::new() };
    inhoudelijk(&mut g);
    naar_toestand(&mut g);
    g.alle
}

fn inhoudelijk(g: &mut Gevallen<'_>) {
    g.bytes("no protobuf", "gi", vec![0xff; 7], (Code::InvalidArgument, "ONLEESBAAR"), &[]);
    g.bytes("no message at all", "gi", Vec::new(), INHOUD, &["bericht_id"]);
    g.geval("no content", ("gi", "03"), |b| b.inhoud = None, INHOUD, &["inhoud"]);
    g.geval("an id that is none", ("gi", "03"), |b| "vertrouwelijk".clone_into(&mut b.bericht_id), INHOUD, &["bericht_id"]);
    g.geval("a case that is none", ("gi", "03"), |b| "vertrouwelijk".clone_into(&mut b.maatregel_id), INHOUD, &["maatregel_id"]);
    g.geval("a code that is none", ("gi", "03"), met!(Koppeling, |m| m.soort = 99), INHOUD, &["koppeling.soort"]);
    let fouten = met!(Jeugdhulpbepaling, |m| {
        m.jeugdige = Some(v1::Jeugdige { identiteit: Some(v1::jeugdige::Identiteit::Bsn("999990018".to_owned())), geheim_adres: None });
        m.voorzieningen[1].productcategorie = "VERTROUWELIJK".to_owned();
        m.voorzieningen[2].einddatum = "2026-04-01".to_owned();
        m.doelen[3].clear();
    });
    let paden = [
        "jeugdhulpbepaling.jeugdige.bsn",
        "jeugdhulpbepaling.voorzieningen[1].productcategorie",
        "jeugdhulpbepaling.voorzieningen[2].einddatum",
        "jeugdhulpbepaling.doelen[3]",
    ];
    g.geval("every fault at once", ("gi", "05"), fouten, INHOUD, &paden);
    let ongezien = met!(Jeugdhulpbepaling, |m| m.jeugdige.as_mut().unwrap().geheim_adres =
        Some(v1::GeheimAdres { postcode: "2500ZZ".to_owned(), huisnummer: "vertrouwelijk".to_owned(), bereikbaar_via: String::new() }));
    g.geval("a field that no recipient may see", ("gi", "05"), ongezien, INHOUD, &["jeugdhulpbepaling.jeugdige.geheim_adres"]);
    let mut met_vreemd_veld = g.zaak.nieuw("03").encode_to_vec();
    met_vreemd_veld.extend([0xfa, 0x3f, 13]);
    met_vreemd_veld.extend(b"vertrouwelijk");
    g.bytes("a field that the contract does not know", "gi", met_vreemd_veld, INHOUD, &[""]);
    let onbekende = met!(Zittingsaankondiging, |m| m.gi_oin = "00000099029999999000".to_owned());
    g.geval("a GI that is not in the register", ("rechtbank", "01"), onbekende, INHOUD, &["zittingsaankondiging.gi_oin"]);
    let gemeente = met!(Zittingsaankondiging, |m| m.gi_oin = oin("gemeente"));
    g.geval("a GI that is a gemeente", ("rechtbank", "01"), gemeente, INHOUD, &["zittingsaankondiging.gi_oin"]);

    let rol = (Code::PermissionDenied, "ROL_MAG_NIET_VERZENDEN");
    g.geval("a role that may not", ("gi", "01"), |_| {}, rol, &[]);
    g.geval("a role that may not, with faults", ("inspectie", "03"), met!(Koppeling, |m| m.soort = 99), rol, &[]);
    let toetsing = (Code::PermissionDenied, "ONGEOORLOOFDE_TOETSING");
    g.geval("a gemeente that writes a bepaling", ("gemeente", "05"), |_| {}, toetsing, &[]);
    let reden = met!(Woonplaatsmelding, |m| m.reden = 3);
    let toetsing = (Code::InvalidArgument, "ONGEOORLOOFDE_TOETSING");
    g.geval("a gemeente that questions a bepaling", ("gemeente", "28"), reden, toetsing, &["woonplaatsmelding.reden"]);

    let vreemd = g.zaak.id();
    g.geval("a case that does not exist", ("gi", "03"), |b| b.maatregel_id.clone_from(&vreemd), NIET_GEVONDEN, &[]);
    g.geval("a case of others", ("gi-2", "03"), |_| {}, NIET_GEVONDEN, &[]);
    let vreemd = g.zaak.id();
    g.geval("a bepaling that does not exist", ("gi", "11"), met!(Passendheid, |m| m.bepaling_id = vreemd), NIET_GEVONDEN, &[]);
    g.geval("a voorziening of another", ("aanbieder", "29"), |_| {}, NIET_GEVONDEN, &[]);
    let eigen = g.zaak.berichten["03"].bericht_id.clone();
    let gebruikt = (Code::AlreadyExists, "BERICHT_ID_MET_ANDERE_INHOUD");
    let anders = |b: &mut Bericht| {
        b.bericht_id = eigen;
        met!(Koppeling, |m| m.gekoppeld_op = "2026-03-19".to_owned())(b);
    };
    g.geval("an id that was used", ("gi", "03"), anders, gebruikt, &[]);
}

fn naar_toestand(g: &mut Gevallen<'_>) {
    let laat = met!(Jeugdhulpbepaling, |m| {
        m.voorzieningen.truncate(1);
        (m.voorzieningen[0].ingangsdatum, m.voorzieningen[0].einddatum) = ("2027-05-01".to_owned(), String::new());
    });
    g.geval("help after the maatregel", ("gi", "05"), laat, toestand("MAATREGEL_NIET_VAN_KRACHT"), &[]);
    let andere = met!(Uitspraak, |m| m.maatregel = v1::SoortMaatregel::Vots.into());
    g.geval("another maatregel", ("rechtbank", "22"), andere, toestand("ANDERE_MAATREGEL"), &[]);
    g.geval("another GI", ("rechtbank", "22"), met!(Uitspraak, |m| m.gi_oin = oin("gi-2")), toestand("ANDERE_GI"), &[]);
    g.geval("a GI that has it already", ("rechtbank", "23"), met!(Uitspraak, |m| m.gi_oin = oin("gi")), toestand("GI_IS_AL_HOUDER"), &[]);
    g.geval("help that started", ("aanbieder-3", "10"), |_| {}, toestand("HULP_AL_GESTART"), &[]);
    g.geval("help that did not start", ("gi", "11"), met!(Passendheid, |m| m.voorziening_nr = 1), toestand("HULP_NIET_GESTART"), &[]);
    let categorie = |b: &mut Bericht| {
        met!(HulpGestart, |m| {
            (m.voorziening_nr, m.productcategorie, m.eerste_nacht) = (1, "45".to_owned(), String::new());
        })(b);
    };
    g.geval("other help", ("aanbieder", "10"), categorie, toestand("ANDERE_PRODUCTCATEGORIE"), &[]);
    g.geval("no vervanging", ("gi", "24"), |_| {}, toestand("GEEN_VERVANGING"), &[]);
    g.geval("another region", ("gi", "31"), met!(Capaciteit, |m| m.regio = "Rijnmond".to_owned()), toestand("ANDERE_REGIO"), &[]);
    g.geval("withdrawn before", ("aanbieder-2", "33"), |_| {}, toestand("AL_INGETROKKEN"), &[]);
    let melding = g.zaak.berichten["09"].bericht_id.clone();
    let soort = |b: &mut Bericht| b.correctie = Some(v1::Correctie { betreft_bericht_id: melding, reden: 1 });
    g.geval("a correction of another kind", ("gemeente", "28"), soort, toestand("CORRECTIE_ANDERE_SOORT"), &[]);
}

/// Texts of a message that are more than a code, at every depth.
fn teksten(bericht: &Bericht) -> Vec<String> {
    fn verzamel(waarde: &serde_json::Value, gevonden: &mut Vec<String>) {
        match waarde {
            serde_json::Value::String(text) if text.len() >= 5 => gevonden.push(text.clone()),
            serde_json::Value::Array(elementen) => elementen.iter().for_each(|element| verzamel(element, gevonden)),
            serde_json::Value::Object(velden) => velden.values().for_each(|veld| verzamel(veld, gevonden)),
            _ => {}
        }
    }
    let mut gevonden = Vec::new();
    // Faulty codes cannot be shown as JSON names; they are numbers then.
    verzamel(&ketenhub::json::to_value(bericht).unwrap(), &mut gevonden);
    gevonden
}

fn zwijgt(naam: &str, gezegd: &[u8], geheim: &[String]) {
    for geheim in geheim {
        let lekt = gezegd.windows(geheim.len()).any(|deel| deel == geheim.as_bytes());
        assert!(!lekt, "{naam}: the refusal says {geheim}");
    }
}

async fn zaak() -> Zaak {
    let mut zaak = Zaak::heel().await;
    zaak.speel(&DAARNA).await;
    zaak
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_has_its_code_its_reason_and_exactly_its_paths_and_leaves_only_an_audit_record() {
    let mut zaak = zaak().await;
    let (voor, aangetekend) = (zaak.rijen().await, zaak.aantal("audit").await);
    let (mut geboekt, mut pogingen) = (0, 0);
    for geval in gevallen(&mut zaak) {
        let vraag = jeugdketen_proto::raw::SubmitRequest { bericht: Some(geval.bytes.clone()), ..Default::default() };
        let status = eenmaal(&zaak.kanaal(geval.wie).await, "ExchangeService/Submit", &vraag).await.expect_err(geval.naam);
        assert_eq!((status.code(), reden(&status).as_str()), (geval.code, geval.reden), "{}: {status:?}", geval.naam);
        assert_eq!(velden(&status), geval.velden, "{}", geval.naam);
        zwijgt(geval.naam, &[status.message().as_bytes(), status.details()].concat(), &geval.geheim);
        assert_eq!(status.details().is_empty(), geval.code == Code::NotFound, "{}", geval.naam);
        geboekt += 1;
        pogingen += i64::from(geval.reden == "ONGEOORLOOFDE_TOETSING");
    }
    assert!(geboekt > 20);
    assert_eq!(zaak.rijen().await, voor, "nothing of a refused message is stored");
    assert_eq!((zaak.aantal("audit").await - aangetekend, zaak.aantal("toetsingspogingen").await), (geboekt, pogingen));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_says_of_each_message_what_a_single_call_says_and_goes_on() {
    let mut zaak = zaak().await;
    let voor = zaak.rijen().await;
    let goed: Bytes = zaak.berichten["03"].encode_to_vec().into();
    for geval in gevallen(&mut zaak) {
        let vraag = |bytes: &Bytes| {
            Bytes::from(jeugdketen_proto::raw::SubmitStreamRequest { bericht: Some(bytes.clone()), ..Default::default() }.encode_to_vec())
        };
        let vragen = vec![vraag(&geval.bytes), vraag(&goed)];
        let mut antwoorden = roep(&zaak.kanaal(geval.wie).await, "ExchangeService/SubmitStream", vragen).await.unwrap().into_inner();
        let eerste = antwoorden.message().await.unwrap().unwrap();
        let Some(Uitkomst::Weigering(weigering)) = v1::SubmitStreamResponse::decode(eerste.clone()).unwrap().uitkomst else {
            panic!("{} is accepted", geval.naam)
        };
        let paden: Vec<_> = weigering.veldfouten.iter().map(|fout| fout.veld.as_str()).collect();
        let reden = if geval.code == Code::NotFound { "NIET_GEVONDEN" } else { geval.reden };
        assert_eq!((weigering.code, weigering.reden.as_str(), paden), (geval.code as i32, reden, geval.velden), "{}", geval.naam);
        // It says which message it is about, and of that no more than the id.
        let geheim: Vec<_> = geval.geheim.into_iter().filter(|geheim| *geheim != weigering.bericht_id).collect();
        zwijgt(geval.naam, &eerste, &geheim);
        assert!(antwoorden.message().await.unwrap().is_some(), "{} ends the stream", geval.naam);
        assert!(antwoorden.message().await.unwrap().is_none());
    }
    assert_eq!(zaak.rijen().await, voor, "nothing of a refused message is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_messages_sent_without_waiting_are_answered_in_their_order() {
    let mut zaak = Zaak::leeg().await;
    let berichten: Vec<_> = (0..300)
        .map(|nr| {
            let mut bericht = zaak.nieuw("31");
            met!(Capaciteit, |m| m.regio = if nr % 3 == 0 { "Rijnmond" } else { "Zuid-West" }.to_owned())(&mut bericht);
            bericht
        })
        .collect();
    let vragen: Vec<_> =
        berichten.iter().map(|bericht| v1::SubmitStreamRequest { bericht: Some(bericht.clone()), ..Default::default() }).collect();
    let mut antwoorden = zaak.exchange("gi").await.submit_stream(tokio_stream::iter(vragen)).await.unwrap().into_inner();
    let mut volgnummer = 0;
    for (nr, bericht) in berichten.iter().enumerate() {
        match antwoorden.message().await.unwrap().unwrap().uitkomst.unwrap() {
            Uitkomst::Receipt(receipt) => {
                assert_eq!((receipt.bericht_id, receipt.volgnummer), (bericht.bericht_id.clone(), volgnummer + 1));
                volgnummer += 1;
                assert_ne!(nr % 3, 0);
            }
            Uitkomst::Weigering(weigering) => {
                assert_eq!((weigering.bericht_id, weigering.reden.as_str()), (bericht.bericht_id.clone(), "ANDERE_REGIO"));
                assert_eq!(nr % 3, 0);
            }
        }
    }
    assert!(antwoorden.message().await.unwrap().is_none());
    assert_eq!((volgnummer, zaak.post("rechtbank").await.len()), (200, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_request_are_the_fault_of_the_caller_for_every_method() {
    let zaak = Zaak::leeg().await;
    let kanaal = zaak.kanaal("gi").await;
    // Field 1 with a length that is not there.
    let kapot = Bytes::from_static(&[0x0a, 0x7f, b'v', b'e', b'r']);
    for methode in methoden() {
        let status = match roep(&kanaal, &methode.naam, vec![kapot.clone()]).await {
            Err(status) => status,
            Ok(antwoord) => antwoord.into_inner().message().await.expect_err(&methode.naam),
        };
        assert_eq!((status.code(), reden(&status).as_str()), (Code::InvalidArgument, "ONLEESBAAR"), "{}: {status:?}", methode.naam);
        zwijgt(&methode.naam, status.message().as_bytes(), &["ver".to_owned()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_is_answered_up_to_there_and_then_says_why() {
    let mut zaak = Zaak::leeg().await;
    let kanaal = zaak.kanaal("rechtbank").await;
    let goed: Bytes = v1::SubmitStreamRequest { bericht: Some(zaak.bericht("01")), ..Default::default() }.encode_to_vec().into();
    let te_groot = Bytes::from(vec![0; 2 * Limits::default().message_bytes]);
    let kapot = Bytes::from_static(&[0x0a, 0x7f, 1]);
    for (breuk, code) in [(kapot, Code::InvalidArgument), (te_groot, Code::OutOfRange)] {
        let vragen = vec![goed.clone(), breuk, goed.clone()];
        let mut antwoorden = roep(&kanaal, "ExchangeService/SubmitStream", vragen).await.unwrap().into_inner();
        assert!(antwoorden.message().await.unwrap().is_some());
        assert_eq!(antwoorden.message().await.unwrap_err().code(), code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_is_refused_before_it_is_read_and_is_not_an_error_of_the_hub() {
    let zaak = Zaak::leeg().await;
    let kanaal = zaak.kanaal("gi").await;
    let grens = Limits::default().message_bytes;
    let tekst = |bytes: usize| v1::Toelichting { tekst: "x".repeat(bytes), ..v1::Toelichting::default() };
    let bericht = |bytes: usize| Bericht { inhoud: Some(Inhoud::Toelichting(tekst(bytes))), ..Bericht::default() };
    let past = eenmaal(&kanaal, "ExchangeService/Submit", &v1::SubmitRequest { bericht: Some(bericht(grens - 16)), ..Default::default() })
        .await
        .unwrap_err();
    assert_eq!((past.code(), velden(&past)), (Code::InvalidArgument, vec!["bericht_id".to_owned()]), "the largest message is read");
    for methode in methoden() {
        let te_groot = Bytes::from(bericht(grens + 2048).encode_to_vec());
        let status = match roep(&kanaal, &methode.naam, vec![te_groot]).await {
            Err(status) => status,
            Ok(antwoord) => antwoord.into_inner().message().await.expect_err(&methode.naam),
        };
        assert_eq!((status.code(), status.details()), (Code::OutOfRange, &[][..]), "{}", methode.naam);
        assert!(!status.message().contains("xxx"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_over_its_limit_is_refused_and_the_connection_goes_on() {
    let zaak = Zaak::leeg().await;
    let kanaal = zaak.kanaal("gi").await;
    let met_kop = |bytes: usize| {
        let mut vraag = Request::new(tokio_stream::iter([Bytes::new()]));
        vraag.metadata_mut().insert("x-vertrouwelijk", "v".repeat(bytes).parse().unwrap());
        vraag
    };
    let grens = usize::try_from(Limits::default().header_bytes).unwrap();
    roep_met(&kanaal, "ExchangeService/Fetch", met_kop(grens / 2)).await.unwrap();
    let mut antwoord = roep_met(&kanaal, "ExchangeService/Fetch", met_kop(grens)).await.unwrap().into_inner();
    let status = antwoord.message().await.expect_err("over the limit");
    // HTTP says it, by 431; gRPC has no code for that.
    assert_eq!(status.code(), Code::Unknown, "{status:?}");
    assert!(status.message().contains("431"), "{status:?}");
    zwijgt("metadata", status.message().as_bytes(), &["vvv".to_owned()]);
    eenmaal(&kanaal, "ExchangeService/Fetch", &v1::FetchRequest::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_in_what_is_asked_name_their_field() {
    let zaak = Zaak::leeg().await;
    let geen = || "vertrouwelijk".to_owned();
    let na = Some(u64::MAX);
    let deelnemer = v1::Deelnemer { naam: geen(), ..Default::default() };
    let put = v1::PutDeelnemerRequest { deelnemer: Some(deelnemer) };
    let aanbod = v1::ListAanbodRequest { gemeentecode: geen(), ..Default::default() };
    let aanbod_op = v1::ListAanbodRequest { gemeentecode: "0518".to_owned(), op: geen(), ..Default::default() };
    let status = |status| v1::SetStatusRequest { oin: oin("gi"), status }.encode_to_vec();
    let opvolgen = v1::OpvolgenRequest { oin: oin("gi"), opvolger_oin: oin("gi-2"), per: geen() };
    for (wie, methode, vraag, paden) in [
        ("gi", "ExchangeService/Fetch", v1::FetchRequest { na, maximaal: 0 }.encode_to_vec(), &["na"][..]),
        ("gi", "ExchangeService/Fetch", v1::FetchRequest { na: None, maximaal: 501 }.encode_to_vec(), &["maximaal"]),
        ("gi", "ExchangeService/Subscribe", v1::SubscribeRequest { na }.encode_to_vec(), &["na"]),
        ("gi", "ExchangeService/Acknowledge", v1::AcknowledgeRequest { tot_en_met: 1 }.encode_to_vec(), &["tot_en_met"]),
        ("gi", "ExchangeService/Acknowledge", v1::AcknowledgeRequest { tot_en_met: u64::MAX }.encode_to_vec(), &["tot_en_met"]),
        ("gi", "RegisterService/ListDeelnemers", v1::ListDeelnemersRequest { rol: 99 }.encode_to_vec(), &["rol"]),
        ("gi", "RegisterService/ListAanbod", aanbod.encode_to_vec(), &["gemeentecode"]),
        ("gi", "RegisterService/ListAanbod", aanbod_op.encode_to_vec(), &["op"]),
        ("inspectie", "RegisterService/ListCapaciteit", v1::ListCapaciteitRequest { regio: geen(), op: geen() }.encode_to_vec(), &["op"]),
        ("inspectie", "ToezichtService/ListTekorten", v1::ListTekortenRequest { op: geen() }.encode_to_vec(), &["op"]),
        ("beheerder", "BeheerService/SetStatus", status(0), &["status"]),
        ("beheerder", "BeheerService/SetStatus", status(99), &["status"]),
        ("beheerder", "BeheerService/Opvolgen", opvolgen.encode_to_vec(), &["per"]),
        ("beheerder", "BeheerService/PutDeelnemer", put.encode_to_vec(), &["deelnemer.oin", "deelnemer.rol", "deelnemer.geldig_vanaf"]),
    ] {
        let antwoord = eenmaal_bytes(&zaak.kanaal(wie).await, methode, vraag.into()).await;
        let status: Status = antwoord.expect_err(methode);
        assert_eq!((status.code(), reden(&status).as_str()), INHOUD, "{methode}: {status:?}");
        assert_eq!(velden(&status), paden, "{methode}");
        zwijgt(methode, &[status.message().as_bytes(), status.details()].concat(), &[geen()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_subscription_too_many_is_refused_with_when_to_come_back_and_room_is_given_back() {
    let zaak = Zaak::met(|config| config.limits.subscriptions = 2).await;
    let mut client = zaak.exchange("gi").await;
    let (eerste, _tweede) = (
        client.subscribe(v1::SubscribeRequest::default()).await.unwrap(),
        client.subscribe(v1::SubscribeRequest::default()).await.unwrap(),
    );
    let status = client.subscribe(v1::SubscribeRequest::default()).await.unwrap_err();
    assert_eq!((status.code(), reden(&status).as_str()), (Code::ResourceExhausted, "TE_VEEL_ABONNEMENTEN"));
    assert!(status.get_details_retry_info().is_some_and(|info| info.retry_delay.is_some()));
    zaak.exchange("gi-2").await.subscribe(v1::SubscribeRequest::default()).await.expect("others are not concerned");
    drop(eerste);
    let weer = async {
        while client.subscribe(v1::SubscribeRequest::default()).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), weer).await.expect("the room of a subscription that ended is given back");
}
