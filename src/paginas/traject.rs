//! One case as a timeline: what GetTraject answers the same caller, field by field. What is not in that answer cannot be here.

use askama::Template;
use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use jeugdketen_proto::v1::{self, GetTrajectResponse};
use prost::Message as _;
use prost_reflect::{DynamicMessage, EnumDescriptor, Kind, ReflectMessage as _, Value};
use serde::Deserialize;

use super::kader::{Kader, Plek, antwoord};
use super::wacht::Gevraagd;
use super::{Paginas, taal};
use crate::domain::ids::{MaatregelId, Oin};
use crate::domain::register::Register;
use crate::identity::register::Peer;
use crate::wire::pagina::Nee;

/// Which case.
#[derive(Debug, Deserialize)]
pub(super) struct Vraag {
    #[serde(default)]
    maatregel: String,
}

#[derive(Template)]
#[template(path = "traject_zoek.html")]
struct Zoek {
    kader: Kader,
    ongeldig: bool,
}

#[derive(Template)]
#[template(path = "traject.html")]
struct Traject {
    kader: Kader,
    maatregel: String,
    stukken: Vec<Stuk>,
    klokken: Vec<Klok>,
    oordelen: Vec<Oordeel>,
    beleid: String,
    overdrachtsmomenten: u32,
}

struct Stuk {
    volgnummer: u64,
    soort: String,
    afzender: String,
    rol: &'static str,
    aanvaard_op: String,
    bezorgingen: Vec<Bezorging>,
    vernietigd: bool,
    velden: Vec<Veld>,
}

struct Bezorging {
    wie: String,
    aangeboden_op: String,
    ontvangen_op: Option<String>,
}

struct Veld {
    naam: String,
    waarde: String,
}

struct Klok {
    norm: String,
    start: String,
    uiterlijk: String,
    gestopt: String,
    uitkomst: &'static str,
    klasse: &'static str,
    reden: String,
}

struct Oordeel {
    indicator: &'static str,
    gehaald: &'static str,
    reden: String,
}

/// Asks which case; with one it goes there.
pub(super) async fn zoek(Extension(peer): Extension<Peer>, Gevraagd(vraag): Gevraagd<Vraag>) -> Result<Response, Nee> {
    let kader = Kader::van(Plek::Traject, &peer, "Traject")?;
    let gevraagd = vraag.maatregel.trim();
    match MaatregelId::parse(gevraagd) {
        // Written anew from what was read: nothing of a stranger's text goes into a header.
        Some(maatregel) => Ok(Redirect::to(&format!("/traject/{maatregel}")).into_response()),
        None => Ok(antwoord(&Zoek { kader, ongeldig: !gevraagd.is_empty() })),
    }
}

/// Shows a case.
pub(super) async fn toon(
    State(paginas): State<Paginas>,
    Extension(peer): Extension<Peer>,
    maatregel: Result<Path<String>, PathRejection>,
) -> Result<Response, Nee> {
    let kader = Kader::van(Plek::Traject, &peer, "Traject")?;
    // What is no text is no case.
    let maatregel = maatregel.map(|Path(maatregel)| maatregel).unwrap_or_default();
    let traject = paginas.hub.toon_traject(&peer, &maatregel).await?;
    let register = paginas.hub.register.nu();
    let GetTrajectResponse { maatregel_id, gebeurtenissen, klokken, oordelen, beleid, overdrachtsmomenten } = traject;
    Ok(antwoord(&Traject {
        kader,
        maatregel: maatregel_id,
        stukken: gebeurtenissen.into_iter().map(|gebeurtenis| stuk(&register, gebeurtenis)).collect(),
        klokken: klokken.iter().map(klok).collect(),
        oordelen: oordelen.iter().map(oordeel).collect(),
        beleid,
        overdrachtsmomenten,
    }))
}

fn stuk(register: &Register, gebeurtenis: v1::Gebeurtenis) -> Stuk {
    let rol = taal::rol(gebeurtenis.afzender_rol());
    let bezorging = |bezorging: &v1::Bezorging| Bezorging {
        wie: naam(register, &bezorging.oin),
        aangeboden_op: taal::tijdstip(bezorging.aangeboden_op.as_ref()).unwrap_or_default(),
        ontvangen_op: taal::tijdstip(bezorging.ontvangen_op.as_ref()),
    };
    let inhoud = gebeurtenis.bericht.as_ref().and_then(|bericht| bericht.inhoud.as_ref());
    let soort = inhoud.map(|inhoud| taal::soort(&format!("{:?}", inhoud.kind()))).unwrap_or_else(|| "Bericht".to_owned());
    Stuk {
        volgnummer: gebeurtenis.volgnummer,
        soort,
        afzender: naam(register, &gebeurtenis.afzender_oin),
        rol,
        aanvaard_op: taal::tijdstip(gebeurtenis.aanvaard_op.as_ref()).unwrap_or_default(),
        bezorgingen: gebeurtenis.bezorgingen.iter().map(bezorging).collect(),
        vernietigd: gebeurtenis.bericht.is_none(),
        velden: gebeurtenis.bericht.as_ref().map(velden).unwrap_or_default(),
    }
}

/// The name of a participant in the register, which everybody may read; its OIN when it is in none.
pub(super) fn naam(register: &Register, oin: &str) -> String {
    let deelnemer = Oin::parse(oin).ok().and_then(|oin| register.zoek(oin));
    deelnemer.map_or_else(|| oin.to_owned(), |deelnemer| deelnemer.naam.clone())
}

pub(super) fn norm_met_nummer(klok: &v1::Klok) -> String {
    let norm = taal::norm(klok.norm());
    if klok.nummer == 0 { norm.to_owned() } else { format!("{norm} {}", klok.nummer) }
}

fn klok(klok: &v1::Klok) -> Klok {
    Klok {
        norm: norm_met_nummer(klok),
        start: taal::dag_uit(&klok.start),
        uiterlijk: taal::dag_uit(&klok.uiterlijk),
        gestopt: taal::dag_uit(&klok.gestopt),
        uitkomst: taal::uitkomst(klok.uitkomst()),
        klasse: klasse(klok.uitkomst()),
        reden: taal::niet_beoordeeld(klok.reden_niet_beoordeeld()),
    }
}

/// How an outcome looks: beside its word, never in its place.
pub(super) fn klasse(uitkomst: v1::UitkomstKlok) -> &'static str {
    match uitkomst {
        v1::UitkomstKlok::Gehaald | v1::UitkomstKlok::Doorbraak => "goed",
        v1::UitkomstKlok::TeLaat | v1::UitkomstKlok::Verstreken => "fout",
        v1::UitkomstKlok::Toegelicht => "let-op",
        _ => "gewoon",
    }
}

fn oordeel(oordeel: &v1::Oordeel) -> Oordeel {
    Oordeel {
        indicator: taal::indicator(oordeel.indicator()),
        gehaald: match oordeel.gehaald {
            Some(true) => "gehaald",
            Some(false) => "niet gehaald",
            None => "niet beoordeeld",
        },
        reden: taal::niet_beoordeeld(oordeel.reden()),
    }
}

/// Every field of a view that holds something, by its path in the contract.
fn velden(bericht: &v1::Bericht) -> Vec<Veld> {
    let Some(descriptor) = jeugdketen_proto::pool().get_message_by_name("jeugdketen.hub.v1.Bericht") else { return Vec::new() };
    let Ok(bericht) = DynamicMessage::decode(descriptor, bericht.encode_to_vec().as_slice()) else { return Vec::new() };
    let mut velden = Vec::new();
    for (veld, waarde) in bericht.fields() {
        // The path begins inside the message: its kind is the heading.
        let begin = if veld.containing_oneof().is_some() { String::new() } else { veld.name().replace('_', " ") };
        plat(&begin, &veld.kind(), waarde, &mut velden);
    }
    velden
}

fn plat(naam: &str, kind: &Kind, waarde: &Value, velden: &mut Vec<Veld>) {
    match waarde {
        Value::List(lijst) => {
            for (nr, een) in (1..).zip(lijst) {
                plat(&format!("{naam} {nr}"), kind, een, velden);
            }
        }
        Value::Message(moment) if moment.descriptor().full_name() == "google.protobuf.Timestamp" => {
            let moment = moment.transcode_to::<prost_types::Timestamp>().ok();
            zet(naam, taal::tijdstip(moment.as_ref()).unwrap_or_default(), velden);
        }
        Value::Message(bericht) => {
            for (veld, waarde) in bericht.fields() {
                let eigen = veld.name().replace('_', " ");
                let pad = if naam.is_empty() { eigen } else { format!("{naam} › {eigen}") };
                plat(&pad, &veld.kind(), waarde, velden);
            }
        }
        Value::EnumNumber(nummer) => zet(naam, code(kind.as_enum(), *nummer), velden),
        Value::Bool(ja) => zet(naam, if *ja { "ja" } else { "nee" }.to_owned(), velden),
        Value::String(text) => zet(naam, text.clone(), velden),
        Value::I32(getal) => zet(naam, getal.to_string(), velden),
        Value::I64(getal) => zet(naam, getal.to_string(), velden),
        Value::U32(getal) => zet(naam, getal.to_string(), velden),
        Value::U64(getal) => zet(naam, getal.to_string(), velden),
        Value::F32(getal) => zet(naam, getal.to_string(), velden),
        Value::F64(getal) => zet(naam, getal.to_string(), velden),
        // Bytes are for programmes, and the contract holds no maps.
        Value::Bytes(_) | Value::Map(_) => {}
    }
}

fn zet(naam: &str, waarde: String, velden: &mut Vec<Veld>) {
    velden.push(Veld { naam: naam.to_owned(), waarde });
}

/// A code without the name of its list.
fn code(lijst: Option<&EnumDescriptor>, nummer: i32) -> String {
    let naam = lijst.and_then(|lijst| lijst.get_value(nummer)).map(|waarde| waarde.name().to_owned()).unwrap_or_default();
    // Every list begins with its UNSPECIFIED, whose name holds what all others begin with.
    let leeg = lijst.and_then(|lijst| lijst.get_value(0)).map(|waarde| waarde.name().replace("UNSPECIFIED", "")).unwrap_or_default();
    taal::woorden(naam.strip_prefix(&leeg).unwrap_or(&naam))
}
