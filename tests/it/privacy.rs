//! Every field × every role with a value of its own in every field: what leaves the hub, by whatever way, is exactly what the options of
//! the contract and the relation to the case grant. The generated projection by itself is tested with the contract.

pub mod orakel;
pub mod toneel;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex};

use jeugdketen_proto::pool;
use jeugdketen_proto::v1::{self, Rol};
use ketenhub::domain::ids::Oin;
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::draad::velden;
use crate::support::zaak::{DEELNEMERS, Zaak, oin};
use crate::telemetrie::sporen::gelekt;
use orakel::{Blad, Hooiberg, bladen, spoor, sporen, vergund};
use toneel::{Akte, Stuk, Vangst, dien, speel, stukken, vang};

/// Fields whose values are too few to be unique, or are in the register for everybody to see. In views they are compared all the same.
const NIET_UNIEK: [&str; 13] = [
    "Aanbodregel.productcategorie",
    "Capaciteit.regio",
    "Escalatie.productcategorie",
    "Escalatie.regio",
    "HulpBeeindigd.reden",
    "HulpGestart.productcategorie",
    "Inzetbesluit.productcategorie",
    "Omvang.eenheid",
    "Omvang.frequentie",
    "Voorziening.productcategorie",
    "Woonplaatsmelding.gemeentecode",
    "Uitspraak.woonplaats_gemeentecode",
    "TaakNietUitvoerbaar.regio",
];

/// Collects what is logged on this thread.
#[derive(Clone, Default)]
struct Logboek(Arc<Mutex<Vec<u8>>>);

impl io::Write for Logboek {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Logboek {
    type Writer = Logboek;

    fn make_writer(&self) -> Logboek {
        self.clone()
    }
}

impl Logboek {
    /// Everything the hub says, and what others say down to DEBUG; without the time, which would look like a date of a message.
    fn begin(&self) -> (tracing::Dispatch, tracing::subscriber::DefaultGuard) {
        // As long as there is only one subscriber, tracing asks that of the thread that comes by first. With two it asks all.
        let tweede = tracing::Dispatch::new(tracing_subscriber::registry());
        let schrijver = tracing_subscriber::fmt().with_env_filter("debug,ketenhub=trace").with_ansi(false).without_time();
        (tweede, tracing::subscriber::set_default(schrijver.with_writer(self.clone()).finish()))
    }

    fn inhoud(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

fn rol(zaak: &Zaak, wie: &str) -> Rol {
    zaak.hub.running.hub.register.nu().zoek(Oin::parse(&oin(wie)).unwrap()).unwrap().rol
}

/// What everybody finds in the register.
fn openbaar(zaak: &Zaak) -> Vec<String> {
    let register = zaak.hub.running.hub.register.nu();
    register.alle().into_iter().flat_map(|d| [vec![d.oin.to_string(), d.code.clone()], d.regios.clone()].concat()).collect()
}

/// What a participant may find of a message, by all ways together.
pub fn mag_vinden(stuk: &Stuk, wie: &str, rol: Rol, akte: Akte) -> Vec<Blad> {
    let kan_vragen = rol != Rol::AccounthoudendeRegio;
    let ziet = stuk.in_postvak(wie, akte) == Some(true) || (kan_vragen && stuk.op_tijdlijn(wie, akte));
    let mut bladen = bladen(&vergund(&stuk.bericht, rol, &oin(wie)));
    // The register shows the content, and not who said it when.
    bladen.retain(|blad| ziet || (stuk.in_register(rol) && blad.pad.contains('.')));
    bladen
}

fn veld(message: &DynamicMessage, naam: &str) -> Value {
    message.get_field_by_name(naam).unwrap().into_owned()
}

fn lijst(bytes: &[u8], soort: &str, naam: &str) -> Vec<DynamicMessage> {
    let descriptor = pool().get_message_by_name(&format!("jeugdketen.hub.v1.{soort}")).unwrap();
    let message = DynamicMessage::decode(descriptor, bytes).unwrap();
    veld(&message, naam).as_list().unwrap().iter().map(|element| element.as_message().unwrap().clone()).collect()
}

/// The messages in these deliveries or events, by their ids, and how many were not shown.
fn berichten(van: &[DynamicMessage]) -> (BTreeMap<String, Vec<Blad>>, usize) {
    let getoond: BTreeMap<_, _> = van
        .iter()
        .filter(|element| element.has_field_by_name("bericht"))
        .map(|element| veld(element, "bericht").as_message().unwrap().clone())
        .map(|bericht| (veld(&bericht, "bericht_id").as_str().unwrap().to_owned(), bladen(&bericht)))
        .collect();
    let verborgen = van.len() - getoond.len();
    (getoond, verborgen)
}

/// Two sets of views are equal; says by path what is not.
fn gelijk(kreeg: &BTreeMap<String, Vec<Blad>>, verwacht: &BTreeMap<String, Vec<Blad>>, waar: &str) {
    let paden = |een: &BTreeMap<String, Vec<Blad>>, ander: &BTreeMap<String, Vec<Blad>>| -> Vec<String> {
        let anders = |id: &str, blad: &Blad| !ander.get(id).is_some_and(|bladen| bladen.contains(blad));
        een.iter().flat_map(|(id, bladen)| bladen.iter().filter(|blad| anders(id, blad)).map(|blad| blad.pad.clone())).collect()
    };
    assert!(kreeg == verwacht, "{waar}: too much {:?}, too little {:?}", paden(kreeg, verwacht), paden(verwacht, kreeg));
}

/// Compares what one participant got with what it should get, view by view and then byte by byte. Returns how many values it may and may
/// not see.
fn vergelijk(stukken: &[Stuk], wie: &str, rol: Rol, akte: Akte, vangst: &Vangst, openbaar: &[String]) -> (usize, usize) {
    let id = |stuk: &Stuk| veld(&stuk.bericht, "bericht_id").as_str().unwrap().to_owned();
    let view = |stuk: &Stuk| (id(stuk), bladen(&vergund(&stuk.bericht, rol, &oin(wie))));

    let (mut post, verborgen) = berichten(&lijst(&vangst.pagina, "FetchResponse", "leveringen"));
    // What the hub itself signals is not one of the messages.
    post.retain(|_, bladen| !bladen.iter().any(|blad| blad.veld.contains(".Signaal.")));
    let verwacht: BTreeMap<_, _> = stukken.iter().filter(|stuk| stuk.in_postvak(wie, akte) == Some(true)).map(view).collect();
    gelijk(&post, &verwacht, &format!("the mailbox of {wie} in the {akte:?}"));
    assert_eq!(verborgen, stukken.iter().filter(|stuk| stuk.in_postvak(wie, akte) == Some(false)).count(), "{wie}");

    let tijdlijn = vangst.tijdlijn.as_ref().map(|bytes| berichten(&lijst(bytes, "GetTrajectResponse", "gebeurtenissen")).0);
    // Whoever may not see the id of a case cannot ask for its timeline.
    let kan_vragen = rol != Rol::AccounthoudendeRegio;
    let verwacht: BTreeMap<_, _> = stukken.iter().filter(|stuk| kan_vragen && stuk.op_tijdlijn(wie, akte)).map(view).collect();
    gelijk(&tijdlijn.unwrap_or_default(), &verwacht, &format!("the timeline of {wie} in the {akte:?}"));

    // The clocks are for the GI that holds the case and the inspectie, the kennisgeving for the rechtbank too.
    let ziet_klokken = vangst.tijdlijn.is_some() && matches!(rol, Rol::Gi | Rol::Inspectie);
    assert!(vangst.oordelen.is_empty() != ziet_klokken, "the judgements of {wie} in the {akte:?}");
    let ziet_kennisgeving = vangst.tijdlijn.is_some() && rol == Rol::Rechtbank;
    let alleen_kennisgeving = vangst.klokken.iter().all(|klok| klok.norm() == v1::Norm::Kennisgeving);
    assert_eq!(vangst.klokken.is_empty(), !ziet_klokken && !ziet_kennisgeving, "the clocks of {wie} in the {akte:?}");
    assert!(ziet_klokken || alleen_kennisgeving, "the clocks of {wie} in the {akte:?}");

    let mut cellen = (0, 0);
    let mag: Vec<Blad> = stukken.iter().flat_map(|stuk| mag_vinden(stuk, wie, rol, akte)).collect();
    let mag_sporen = sporen(&mag, openbaar);
    let alles = Hooiberg::van(&vangst.alles);
    for stuk in stukken {
        for blad in bladen(&stuk.bericht) {
            let Some(spoor) = spoor(&blad, openbaar) else { continue };
            let (gevonden, toegestaan) = (alles.bevat(&spoor), mag_sporen.contains_key(&spoor));
            assert_eq!(gevonden, toegestaan, "{} of {} at {wie} in the {akte:?}", blad.pad, stuk.naam);
            *(if toegestaan { &mut cellen.0 } else { &mut cellen.1 }) += 1;
        }
    }
    cellen
}

#[tokio::test]
async fn every_value_reaches_exactly_whom_its_field_and_the_case_allow_and_nobody_by_any_other_way() {
    let logboek = Logboek::default();
    let bewaker = logboek.begin();
    let mut zaak = Zaak::met(|config| config.limits.heartbeat_s = 1).await;
    let openbaar = openbaar(&zaak);
    let mut stukken = stukken();
    let (mut getoond, mut verborgen) = (0, 0);
    for akte in [Akte::Eerste, Akte::Tweede] {
        let antwoorden = speel(&mut zaak, &mut stukken, akte).await;
        let vangsten = DEELNEMERS.map(|wie| vang(&zaak, wie));
        for (wie, vangst) in DEELNEMERS.into_iter().zip(tegelijk(vangsten).await) {
            let (wel, niet) = vergelijk(&stukken, wie, rol(&zaak, wie), akte, &vangst, &openbaar);
            let buitenstaander = ["rechtbank-2", "gemeente-3", "expertteam-2", "accounthoudende-regio-2", "beheerder"].contains(&wie);
            // What a GI with room published and a gemeente contracted may be looked up by all of a role.
            let uit_register =
                stukken.iter().filter(|stuk| stuk.in_register(rol(&zaak, wie))).map(|stuk| bladen(&stuk.bericht).len()).sum();
            assert!(wel > 0 || wie != "gi", "the GI sees nothing");
            assert!(!buitenstaander || wel <= uit_register, "{wie} sees {wel}");
            (getoond, verborgen) = (getoond + wel, verborgen + niet);
        }
        for (naam, antwoord) in antwoorden {
            let stuk = stukken.iter().find(|stuk| stuk.naam == naam).unwrap();
            let antwoord = Hooiberg::van(&antwoord);
            let mag = [veld(&stuk.bericht, "bericht_id"), Value::String(zaak.maatregel.clone())];
            for blad in stukken.iter().flat_map(|stuk| bladen(&stuk.bericht)).filter(|blad| !mag.contains(&blad.waarde)) {
                let Some(spoor) = spoor(&blad, &openbaar) else { continue };
                assert!(!antwoord.bevat(&spoor), "the receipt of {naam} holds {}", blad.pad);
            }
        }
    }
    assert!(getoond > 500 && verborgen > 4000, "only {getoond} values shown and {verborgen} hidden; is the oracle blind?");

    drop(bewaker);
    let gelogd = String::from_utf8_lossy(&logboek.inhoud()).into_owned();
    assert!(gelogd.len() > 100_000, "little was logged");
    assert!(gelogd.contains("ketenhub::wire"), "nothing of the hub was logged");
    for blad in stukken.iter().flat_map(|stuk| bladen(&stuk.bericht)) {
        let text: BTreeSet<_> = in_druk(&blad.waarde).filter(|text| !openbaar.contains(text)).into_iter().collect();
        assert!(gelekt(&text, &gelogd).is_empty(), "{} is in the log", blad.pad);
    }
}

/// How a value would look in a log; ids of messages and cases are no content.
fn in_druk(waarde: &Value) -> Option<String> {
    match waarde {
        Value::String(text) if text.len() >= 5 && uuid::Uuid::try_parse(text).is_err() => Some(text.clone()),
        Value::U32(getal) if *getal > 1_000_000 => Some(getal.to_string()),
        Value::Message(moment) => veld(moment, "seconds").as_i64().map(|seconden| seconden.to_string()),
        _ => None,
    }
}

/// Runs futures on one thread, together.
pub async fn tegelijk<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut wachtend: Vec<_> = futures.into_iter().map(|future| (Some(Box::pin(future)), None)).collect();
    std::future::poll_fn(|cx| {
        for (future, uitkomst) in &mut wachtend {
            if let Some(std::task::Poll::Ready(gereed)) = future.as_mut().map(|future| future.as_mut().poll(cx)) {
                (*future, *uitkomst) = (None, Some(gereed));
            }
        }
        if wachtend.iter().all(|(future, _)| future.is_none()) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    wachtend.into_iter().filter_map(|(_, uitkomst)| uitkomst).collect()
}

#[tokio::test]
async fn the_case_fills_every_field_of_the_contract_and_every_value_that_can_be_unique_is() {
    let zaak = Zaak::leeg().await;
    let openbaar = openbaar(&zaak);
    let alle: Vec<(String, Blad)> =
        stukken().iter().flat_map(|stuk| bladen(&stuk.bericht).into_iter().map(|blad| (stuk.naam.clone(), blad))).collect();
    let gevuld: BTreeSet<_> = alle.iter().map(|(_, blad)| blad.veld.clone()).collect();
    let mut ontbreekt = BTreeSet::new();
    let mut te_gaan = vec![pool().get_message_by_name("jeugdketen.hub.v1.Bericht").unwrap()];
    let mut geweest = BTreeSet::new();
    while let Some(soort) = te_gaan.pop() {
        for field in soort.fields() {
            match field.kind() {
                // The hub alone sends these, and they hold no person: a signal, and a warning that a clock runs out.
                prost_reflect::Kind::Message(inner) if ["Signaal", "Klokwaarschuwing"].contains(&inner.name()) => {}
                prost_reflect::Kind::Message(inner) if inner.package_name() == "jeugdketen.hub.v1" => {
                    let nieuw = geweest.insert(inner.full_name().to_owned());
                    te_gaan.extend(nieuw.then_some(inner));
                }
                // Filled in when the case is there.
                _ if field.name() == "maatregel_id" => {}
                _ if !gevuld.contains(field.full_name()) => drop(ontbreekt.insert(field.full_name().to_owned())),
                _ => {}
            }
        }
    }
    assert_eq!(ontbreekt, BTreeSet::new(), "fields without a value");

    let mut plaatsen: BTreeMap<Vec<u8>, BTreeSet<String>> = BTreeMap::new();
    let mut zonder_spoor = BTreeSet::new();
    for (naam, blad) in &alle {
        let verwijst = blad.waarde.as_str().is_some_and(|text| uuid::Uuid::try_parse(text).is_ok());
        let nummer = blad.pad.ends_with(".nr") || blad.pad.ends_with("voorziening_nr");
        match spoor(blad, &openbaar) {
            Some(spoor) if !verwijst && !nummer => drop(plaatsen.entry(spoor).or_default().insert(format!("{naam}: {}", blad.pad))),
            None if matches!(blad.waarde, Value::String(_)) && !blad.veld.ends_with("_oin") => {
                zonder_spoor.insert(blad.veld.trim_start_matches("jeugdketen.hub.v1.").to_owned());
            }
            _ => {}
        }
    }
    let dubbel: Vec<_> = plaatsen.values().filter(|plaatsen| plaatsen.len() > 1).collect();
    assert!(dubbel.is_empty(), "values in more than one place: {dubbel:?}");
    assert_eq!(zonder_spoor, NIET_UNIEK.into_iter().map(str::to_owned).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_text_that_is_spoiled_is_refused_by_its_path_and_no_refusal_repeats_any_value() {
    let mut zaak = Zaak::leeg().await;
    let openbaar = openbaar(&zaak);
    let mut stukken = stukken();
    speel(&mut zaak, &mut stukken, Akte::Eerste).await;
    let voor = zaak.rijen().await;
    let mut geprobeerd = 0;
    for stuk in stukken.iter().filter(|stuk| !stuk.daarna) {
        let alle = bladen(&stuk.bericht);
        for blad in alle.iter().filter(|blad| matches!(blad.waarde, Value::String(_))) {
            let bedorven = "GEHEIM-\u{1}-bedorven";
            let mut bericht = stuk.bericht.clone();
            bederf(&mut bericht, &blad.pad, bedorven);
            if blad.pad != "bericht_id" {
                bericht.set_field_by_name("bericht_id", Value::String(zaak.id()));
            }
            let status = dien(&zaak, &stuk.van, prost::Message::encode_to_vec(&bericht)).await.expect_err(&blad.pad);
            assert_eq!(status.code(), tonic::Code::InvalidArgument, "{} of {}: {status:?}", blad.pad, stuk.naam);
            assert!(velden(&status).contains(&blad.pad), "{} of {}: {:?}", blad.pad, stuk.naam, velden(&status));
            let gezegd = [status.message().as_bytes(), status.details(), format!("{:?}", status.metadata()).as_bytes()].concat();
            let gezegd = Hooiberg::van(&gezegd);
            assert!(!gezegd.bevat(b"GEHEIM") && !gezegd.bevat(b"bedorven"), "{} of {}", blad.pad, stuk.naam);
            for ander in sporen(&alle, &openbaar) {
                assert!(!gezegd.bevat(&ander.0), "{} is in the refusal of {}", ander.1, blad.pad);
            }
            geprobeerd += 1;
        }
    }
    assert!(geprobeerd > 150, "{geprobeerd}");
    assert_eq!(zaak.rijen().await, voor);
}

/// Puts another text at a path.
pub fn bederf(message: &mut DynamicMessage, pad: &str, text: &str) {
    let (hier, rest) = pad.split_once('.').map_or((pad, None), |(hier, rest)| (hier, Some(rest)));
    let (naam, nr) = hier.split_once('[').map_or((hier, None), |(naam, nr)| (naam, nr.trim_end_matches(']').parse::<usize>().ok()));
    let field = message.descriptor().get_field_by_name(naam).unwrap();
    let mut waarde = message.get_field(&field).into_owned();
    let doel = match nr {
        Some(nr) => &mut waarde.as_list_mut().unwrap()[nr],
        None => &mut waarde,
    };
    match rest {
        Some(rest) => bederf(doel.as_message_mut().unwrap(), rest, text),
        None => *doel = Value::String(text.to_owned()),
    }
    message.set_field(&field, waarde);
}
