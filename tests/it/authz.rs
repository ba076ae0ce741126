//! Who may call what: every method of every service × every role × every relation to a case, generated from the descriptors. A method or
//! a kind of message without a row fails. What is in the answers is not looked at; `privacy` does that.

use std::collections::BTreeSet;

use bytes::Bytes;
use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::beheer_service_client::BeheerServiceClient;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::submit_stream_response::Uitkomst;
use jeugdketen_proto::v1::{self, Bericht, Rol, StatusDeelnemer};
use ketenhub::domain::ids::Oin;
use prost::Message;
use tonic::{Code, Status};

use crate::support::draad::{Methode, eenmaal_bytes, methoden, op_de_draad, reden, roep};
use crate::support::verhaal::afzender;
use crate::support::zaak::{DAARNA, DEELNEMERS, HEEL, Zaak, oin};

const ALLE: &[Rol] =
    &[Rol::Rechtbank, Rol::Gi, Rol::Gemeente, Rol::Aanbieder, Rol::Expertteam, Rol::Inspectie, Rol::AccounthoudendeRegio, Rol::Beheerder];

/// The child of the examples.
const BSN: &str = "999990019";

const BIJ_TEKORTEN: [Rol; 5] = [Rol::Inspectie, Rol::Gi, Rol::Gemeente, Rol::Aanbieder, Rol::AccounthoudendeRegio];

/// In the register as suspended, as ended, and not at all.
const BUITENSPEL: [(&str, Code, &str); 3] = [
    ("aanbieder-2", Code::PermissionDenied, "DEELNEMER_GESCHORST"),
    ("gi-failliet", Code::PermissionDenied, "BEVOEGDHEID_BEEINDIGD"),
    ("onbekend", Code::Unauthenticated, "DEELNEMER_ONBEKEND"),
];

/// A call that has nothing to do with one case: who may make it, with what, and what comes of it then.
struct Rij {
    methode: &'static str,
    rollen: &'static [Rol],
    vraag: Vec<u8>,
    uitkomst: (Code, &'static str),
}

/// What takes part in no case: everything but submitting and the timeline.
fn rijen() -> Vec<Rij> {
    let rij = |methode, rollen, vraag, uitkomst| Rij { methode, rollen, vraag, uitkomst };
    let goed = (Code::Ok, "");
    let niemand = || "00000099030000099000".to_owned();
    let aanbod = v1::ListAanbodRequest { gemeentecode: "0518".to_owned(), ..Default::default() };
    let kwartaal = v1::GetNormcijfersRequest { vanaf: "2026-01-01".to_owned(), tot_en_met: "2026-03-31".to_owned(), ..Default::default() };
    let stopt = v1::GetOverdrachtenRequest { gi_oin: oin("gi"), per: "2026-06-01".to_owned() };
    let status = v1::SetStatusRequest { oin: niemand(), status: StatusDeelnemer::Geschorst.into() };
    let opvolgen = v1::OpvolgenRequest { oin: niemand(), opvolger_oin: niemand(), per: "2026-01-01".to_owned() };
    let bericht_aan_niemand = (Code::NotFound, "");
    vec![
        rij("ExchangeService/Subscribe", ALLE, Vec::new(), goed),
        rij("ExchangeService/Fetch", ALLE, Vec::new(), goed),
        rij("ExchangeService/Acknowledge", ALLE, Vec::new(), goed),
        rij("RegisterService/ListDeelnemers", ALLE, Vec::new(), goed),
        rij("RegisterService/ListCapaciteit", &[Rol::Rechtbank, Rol::Inspectie, Rol::AccounthoudendeRegio], Vec::new(), goed),
        rij("RegisterService/ListAanbod", &[Rol::Gi], aanbod.encode_to_vec(), goed),
        rij("ToezichtService/ListToetsingspogingen", &[Rol::Inspectie], Vec::new(), goed),
        rij("ToezichtService/ListKennisgevingen", &[Rol::Inspectie, Rol::Rechtbank], Vec::new(), goed),
        rij("ToezichtService/ListTekorten", &BIJ_TEKORTEN, Vec::new(), goed),
        rij("ToezichtService/GetNormcijfers", &[Rol::Inspectie, Rol::Gi, Rol::AccounthoudendeRegio], kwartaal.encode_to_vec(), goed),
        rij("ToezichtService/ListWachtenden", &[Rol::Inspectie, Rol::Gi], Vec::new(), goed),
        rij("ToezichtService/GetOverdrachten", &[Rol::Inspectie], stopt.encode_to_vec(), goed),
        rij("ToezichtService/ListDoorlooptijden", &[Rol::Inspectie], Vec::new(), goed),
        rij("AuditService/GetCheckpoint", ALLE, Vec::new(), goed),
        // Not there and not yours are one answer: `audit::bewijs` asks for records that are.
        rij("AuditService/GetInclusionProof", ALLE, Vec::new(), bericht_aan_niemand),
        rij("AuditService/GetConsistencyProof", ALLE, Vec::new(), goed),
        rij("BeheerService/PutDeelnemer", &[Rol::Beheerder], Vec::new(), (Code::InvalidArgument, "ONGELDIGE_INHOUD")),
        rij("BeheerService/SetStatus", &[Rol::Beheerder], status.encode_to_vec(), bericht_aan_niemand),
        rij("BeheerService/Opvolgen", &[Rol::Beheerder], opvolgen.encode_to_vec(), bericht_aan_niemand),
        rij("BeheerService/ListSleutels", &[Rol::Beheerder], Vec::new(), goed),
        rij("BeheerService/RoteerSleutel", &[Rol::Beheerder], Vec::new(), goed),
        rij("BeheerService/SetBewaartermijn", &[Rol::Beheerder], Vec::new(), (Code::InvalidArgument, "ONGELDIGE_INHOUD")),
    ]
}

/// What is about one case, and has tests of its own below.
const OVER_EEN_ZAAK: [&str; 4] =
    ["ExchangeService/Submit", "ExchangeService/SubmitStream", "TrajectService/GetTraject", "TrajectService/GetInzage"];

fn alle_bellers() -> Vec<&'static str> {
    DEELNEMERS.into_iter().chain(["gi-failliet", "onbekend"]).collect()
}

/// The case of the examples, a second one among strangers to it, and a participant that was suspended since.
async fn twee_zaken() -> (Zaak, String) {
    let mut zaak = Zaak::met_voorbeelden(&HEEL).await;
    zaak.speel(&DAARNA).await;
    zaak.speel(&["22"]).await;
    let mut tweede = zaak.nieuw("02");
    let Some(Inhoud::Uitspraak(m)) = &mut tweede.inhoud else { panic!("02 is an uitspraak") };
    (m.gi_oin, m.woonplaats_gemeentecode) = (oin("gi-2"), "0599".to_owned());
    let andere = zaak.dien("rechtbank-2", &tweede).await.unwrap().maatregel_id;
    let geschorst = v1::SetStatusRequest { oin: oin("aanbieder-2"), status: StatusDeelnemer::Geschorst.into() };
    BeheerServiceClient::new(zaak.kanaal("beheerder").await).set_status(geschorst).await.unwrap();
    zaak.vergeet("aanbieder-2").await;
    (zaak, andere)
}

fn rol(zaak: &Zaak, wie: &str) -> Rol {
    let oin = Oin::parse(&oin(wie)).unwrap();
    zaak.hub.running.hub.register.nu().zoek(oin).unwrap().rol
}

fn buitenspel(wie: &str) -> Option<(Code, &'static str)> {
    BUITENSPEL.into_iter().find(|(naam, _, _)| *naam == wie).map(|(_, code, reden)| (code, reden))
}

/// Calls again when the connection was cut under the call, as the hub does now and then to whoever may not use it any more.
async fn blijf<T>(bel: impl AsyncFn() -> Result<T, Status>) -> Result<T, Status> {
    let verbroken = |status: &Status| std::error::Error::source(status).is_some() && status.metadata().get("x-request-id").is_none();
    for _ in 0..20 {
        match bel().await {
            Err(status) if verbroken(&status) => {}
            antwoord => return antwoord,
        }
    }
    bel().await
}

async fn probeer(zaak: &Zaak, wie: &str, methode: &Methode, vraag: &[u8]) -> (Code, String) {
    let kanaal = zaak.kanaal(wie).await;
    let vraag = Bytes::copy_from_slice(vraag);
    let uitkomst = match methode.stroom {
        true => blijf(async || roep(&kanaal, &methode.naam, vec![vraag.clone()]).await.map(drop)).await,
        false => blijf(async || eenmaal_bytes(&kanaal, &methode.naam, vraag.clone()).await.map(drop)).await,
    };
    uitkomst.map_or_else(|status| (status.code(), reden(&status)), |()| (Code::Ok, String::new()))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_answers_exactly_the_roles_that_its_row_names() {
    let (zaak, _) = twee_zaken().await;
    let (rijen, mut cellen) = (rijen(), 0);
    let mut gezien = BTreeSet::from(OVER_EEN_ZAAK);
    for methode in methoden() {
        if OVER_EEN_ZAAK.contains(&methode.naam.as_str()) {
            continue;
        }
        let rij = rijen.iter().find(|rij| rij.methode == methode.naam).unwrap_or_else(|| panic!("{} has no row", methode.naam));
        gezien.insert(rij.methode);
        for wie in alle_bellers() {
            let verwacht = match buitenspel(wie) {
                Some(verwacht) => verwacht,
                None if rij.rollen.contains(&rol(&zaak, wie)) => rij.uitkomst,
                None => (Code::PermissionDenied, "ROL_MAG_NIET_AANROEPEN"),
            };
            let (code, reden) = probeer(&zaak, wie, &methode, &rij.vraag).await;
            assert_eq!((code, reden.as_str()), verwacht, "{} as {wie}", methode.naam);
            cellen += 1;
        }
    }
    assert_eq!(gezien.len(), methoden().len(), "a row for every method, and a method for every row");
    assert_eq!(cellen, 22 * 19);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timeline_of_a_case_is_for_who_stands_in_relation_to_it_and_for_others_it_does_not_exist() {
    let (zaak, andere) = twee_zaken().await;
    let eerste = ["rechtbank", "gi", "gemeente", "aanbieder", "aanbieder-3", "expertteam", "inspectie"];
    let tweede = ["rechtbank-2", "gi-2", "gemeente-3", "inspectie"];
    let geen = zaak.id();
    let zaken = [(zaak.maatregel.as_str(), &eerste[..]), (&andere, &tweede), (&geen, &[]), ("geen-id", &[]), ("", &[])];
    let (mut cellen, mut nergens) = (0, BTreeSet::new());
    for wie in alle_bellers() {
        let kanaal = zaak.kanaal(wie).await;
        for (maatregel, betrokken) in &zaken {
            let vraag = v1::GetTrajectRequest { maatregel_id: (*maatregel).to_owned() };
            let vraag = Bytes::from(vraag.encode_to_vec());
            let antwoord = blijf(async || eenmaal_bytes(&kanaal, "TrajectService/GetTraject", vraag.clone()).await).await;
            let code = antwoord.as_ref().map_or_else(|status| status.code(), |_| Code::Ok);
            match (buitenspel(wie), antwoord) {
                (Some((code, verwacht)), Err(status)) => assert_eq!((status.code(), reden(&status).as_str()), (code, verwacht), "{wie}"),
                (None, Ok(_)) => assert!(betrokken.contains(&wie), "{wie} sees {maatregel}"),
                (None, Err(status)) => {
                    assert!(!betrokken.contains(&wie), "{wie} does not see its own case: {status:?}");
                    nergens.insert(op_de_draad(&status));
                }
                (Some(_), Ok(_)) => panic!("{wie} is let in: {code:?}"),
            }
            cellen += 1;
        }
    }
    assert_eq!(nergens.len(), 1, "not there and not yours are one answer, byte for byte: {nergens:?}");
    assert_eq!(cellen, 19 * 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_saw_what_is_for_the_gi_that_holds_the_case_and_for_others_neither_the_case_nor_the_child_exists() {
    let (zaak, andere) = twee_zaken().await;
    let geen = zaak.id();
    let op_id = |id: &str| v1::get_inzage_request::Wie::MaatregelId(id.to_owned());
    let op_bsn = |bsn: &str| v1::get_inzage_request::Wie::Bsn(bsn.to_owned());
    // Both cases are about the child of the example.
    let vragen = [
        (op_id(&zaak.maatregel), &["gi"][..]),
        (op_id(&andere), &["gi-2"]),
        (op_id(&geen), &[]),
        (op_id("geen-id"), &[]),
        (op_bsn(BSN), &["gi", "gi-2"]),
        (op_bsn("999990007"), &[]),
    ];
    let (mut cellen, mut nergens) = (0, BTreeSet::new());
    for wie in alle_bellers() {
        let kanaal = zaak.kanaal(wie).await;
        for (vraag, houders) in &vragen {
            let vraag = Bytes::from(v1::GetInzageRequest { wie: Some(vraag.clone()), ..Default::default() }.encode_to_vec());
            let antwoord = blijf(async || eenmaal_bytes(&kanaal, "TrajectService/GetInzage", vraag.clone()).await).await;
            match (buitenspel(wie), antwoord) {
                (Some((code, verwacht)), Err(status)) => assert_eq!((status.code(), reden(&status).as_str()), (code, verwacht), "{wie}"),
                (None, Ok(_)) => assert!(houders.contains(&wie), "{wie} sees it"),
                (None, Err(status)) => {
                    assert!(!houders.contains(&wie), "{wie} does not see its own case: {status:?}");
                    nergens.insert(op_de_draad(&status));
                }
                (Some(_), Ok(_)) => panic!("{wie} is let in"),
            }
            cellen += 1;
        }
    }
    assert_eq!(nergens.len(), 1, "not there and not yours are one answer, byte for byte: {nergens:?}");
    assert_eq!(cellen, 19 * 6);
}

/// The example that stands for a kind of message. An uitspraak that opens no case, so that it has a relation to one.
fn voorbeeld_van(kind: Kind) -> &'static str {
    match kind {
        Kind::Zittingsaankondiging => "01",
        Kind::Uitspraak => "22",
        Kind::Retour => "27",
        Kind::Koppeling => "03",
        Kind::Koers => "04",
        Kind::Toelichting => "13",
        Kind::Jeugdhulpbepaling => "05",
        Kind::Verwerking => "09",
        Kind::Woonplaatsmelding => "28",
        Kind::Intakeresultaat => "06",
        Kind::HulpGestart => "10",
        Kind::Passendheid => "11",
        Kind::HulpBeeindigd => "29",
        Kind::Escalatie => "12",
        Kind::Inzetbesluit => "30",
        Kind::Capaciteit => "31",
        Kind::Overdracht => "24",
        Kind::TaakNietUitvoerbaar => "32",
        Kind::Intrekking => "33",
        Kind::Aanbod => "34",
        Kind::Signaal => "signaal",
        Kind::Klokwaarschuwing => "klokwaarschuwing",
    }
}

fn bericht_van(zaak: &mut Zaak, kind: Kind, wie: &str) -> Bericht {
    match voorbeeld_van(kind) {
        "signaal" => {
            let signaal = v1::Signaal { soort: 1, gi_oin: oin("gi"), aantal: 1, ..v1::Signaal::default() };
            Bericht { bericht_id: zaak.id(), inhoud: Some(Inhoud::Signaal(signaal)), ..Bericht::default() }
        }
        "klokwaarschuwing" => {
            let melding = v1::Klokwaarschuwing { norm: 1, procent: 50, ..v1::Klokwaarschuwing::default() };
            Bericht {
                bericht_id: zaak.id(),
                maatregel_id: zaak.maatregel.clone(),
                inhoud: Some(Inhoud::Klokwaarschuwing(melding)),
                ..Bericht::default()
            }
        }
        // Who sent it in the case repeats it; others say the same under an id of their own.
        nr if afzender(nr) == wie && zaak.berichten.contains_key(nr) => zaak.berichten[nr].clone(),
        nr => zaak.nieuw(nr),
    }
}

/// What the contract says of a message of this kind, by somebody in the case or a stranger to it. Read from the options, not from the
/// tables that were generated from them.
fn verwacht(zaak: &Zaak, kind: Kind, wie: &str, bestaat: bool) -> (Code, &'static str) {
    if let Some(buitenspel) = buitenspel(wie) {
        return buitenspel;
    }
    let route = Route::van(kind);
    let rol = rol(zaak, wie);
    if !route.van.contains(&(rol as i32)) {
        let toetsing = rol == Rol::Gemeente && route.over_bepaling;
        return (Code::PermissionDenied, if toetsing { "ONGEOORLOOFDE_TOETSING" } else { "ROL_MAG_NIET_VERZENDEN" });
    }
    let nr = voorbeeld_van(kind);
    match route.zonder_zaak {
        true => (Code::Ok, ""),
        false if !bestaat || afzender(nr) != wie => (Code::NotFound, ""),
        // There was no vervanging; the sender is not turned away, the message is.
        false if kind == Kind::Overdracht => (Code::FailedPrecondition, "GEEN_VERVANGING"),
        false => (Code::Ok, ""),
    }
}

struct Route {
    van: Vec<i32>,
    over_bepaling: bool,
    zonder_zaak: bool,
}

impl Route {
    fn van(kind: Kind) -> Route {
        let pool = jeugdketen_proto::pool();
        let bericht = pool.get_message_by_name("jeugdketen.hub.v1.Bericht").unwrap();
        let prost_reflect::Kind::Message(inhoud) = bericht.get_field_by_name(kind.field()).unwrap().kind() else { panic!("a message") };
        let optie = pool.get_extension_by_name("jeugdketen.hub.v1.route").unwrap();
        let options = inhoud.options();
        let route = options.get_extension(&optie).as_message().unwrap().clone();
        let van = route.get_field_by_name("van").unwrap();
        Route {
            van: van.as_list().unwrap().iter().filter_map(prost_reflect::Value::as_enum_number).collect(),
            over_bepaling: route.get_field_by_name("over_bepaling").unwrap().as_bool().unwrap(),
            zonder_zaak: route.get_field_by_name("zaak").unwrap().as_enum_number() == Some(v1::Zaakband::Geen as i32),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_sends_exactly_what_its_routes_and_its_relation_to_the_case_allow_alone_and_in_a_stream() {
    let (mut zaak, _) = twee_zaken().await;
    let (mut cellen, mut toegelaten, mut nergens) = (0, 0, BTreeSet::new());
    for wie in alle_bellers() {
        let mut beurten = Vec::new();
        for kind in Kind::ALL {
            // The gemeente of residence really may send this, and then it is not that any more.
            if (kind, wie) == (Kind::Woonplaatsmelding, "gemeente") {
                continue;
            }
            let bericht = bericht_van(&mut zaak, kind, wie);
            if !bericht.maatregel_id.is_empty() {
                let zonder = Bericht { bericht_id: zaak.id(), maatregel_id: zaak.id(), ..bericht.clone() };
                beurten.push((kind, zonder, verwacht(&zaak, kind, wie, false)));
            }
            beurten.push((kind, bericht, verwacht(&zaak, kind, wie, true)));
        }
        let mut los = Vec::new();
        for (kind, bericht, verwacht) in &beurten {
            let status = blijf(async || zaak.dien(wie, bericht).await).await.err();
            let (code, reden) = status.as_ref().map_or((Code::Ok, String::new()), |status| (status.code(), reden(status)));
            assert_eq!((code, reden.as_str()), *verwacht, "{kind:?} by {wie}: {status:?}");
            if let (Code::NotFound, Some(status)) = (code, &status) {
                nergens.insert(op_de_draad(status));
            }
            toegelaten += usize::from(code == Code::Ok);
            cellen += 1;
            los.push(status);
        }
        assert_eq!(in_een_stroom(&zaak, wie, beurten.into_iter().map(|(_, bericht, _)| bericht)).await, stroomvorm(wie, &los), "{wie}");
    }
    assert_eq!(nergens.len(), 1, "not there and not yours are one answer, byte for byte: {nergens:?}");
    // 22 kinds, of which 17 belong to a case and are tried in a case that does not exist too; one kind of one caller was left out.
    assert_eq!(cellen, 19 * (22 + 17) - 2);
    assert!(toegelaten > 15 && toegelaten < 40, "{toegelaten} allowed");
    // And last, what was left out: it may.
    let melding = zaak.bericht("28");
    zaak.dien("gemeente", &melding).await.unwrap();
    assert_eq!(zaak.traject("gemeente").await.unwrap_err().code(), Code::NotFound, "the gemeente of residence was another");
}

/// What a stream says of each message: the code and the reason, 0 and nothing when it was accepted.
async fn in_een_stroom(zaak: &Zaak, wie: &str, berichten: impl Iterator<Item = Bericht>) -> Result<Vec<(i32, String)>, Code> {
    let vragen: Vec<_> = berichten.map(|bericht| v1::SubmitStreamRequest { bericht: Some(bericht), ..Default::default() }).collect();
    let stroom = blijf(async || zaak.exchange(wie).await.submit_stream(tokio_stream::iter(vragen.clone())).await).await;
    let mut antwoorden = stroom.map_err(|status| status.code())?.into_inner();
    let mut gezegd = Vec::new();
    while let Some(antwoord) = antwoorden.message().await.unwrap() {
        gezegd.push(match antwoord.uitkomst.unwrap() {
            Uitkomst::Receipt(_) => (0, String::new()),
            Uitkomst::Weigering(weigering) => (weigering.code, weigering.reden),
        });
    }
    Ok(gezegd)
}

/// What a stream should say when single calls said this. NOT_FOUND has a reason of its own there, since it has no bytes to compare.
fn stroomvorm(wie: &str, los: &[Option<Status>]) -> Result<Vec<(i32, String)>, Code> {
    if let Some((code, _)) = buitenspel(wie) {
        return Err(code);
    }
    let vorm = |status: &Option<Status>| match status {
        None => (0, String::new()),
        Some(status) if status.code() == Code::NotFound => (Code::NotFound as i32, "NIET_GEVONDEN".to_owned()),
        Some(status) => (status.code() as i32, reden(status)),
    };
    Ok(los.iter().map(vorm).collect())
}
