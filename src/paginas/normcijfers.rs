//! How often each norm was met: for the inspectie everything, for an accounthoudende regio the closed quarters with small cells hidden, for a
//! GI its own, as GetNormcijfers answers them. Every plot has its numbers in a table beside it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use chrono::{Datelike as _, NaiveDate};
use jeugdketen_proto::v1::{self, Indicator, Normcijfer, Rol};

use super::kader::{Kader, Plek, antwoord};
use super::normklokken::Vraag;
use super::svg::{self, Waarde};
use super::traject::naam;
use super::wacht::{Gevraagd, nee};
use super::{Paginas, taal};
use crate::domain::ids::Oin;
use crate::domain::rapport::INDICATOREN;
use crate::domain::register::Register;
use crate::identity::register::Peer;
use crate::wire::pagina::{Kwartaalcijfers, Nee};

#[derive(Template)]
#[template(path = "normcijfers.html")]
struct Normcijfers {
    kader: Kader,
    pad: &'static str,
    stand_van: Option<String>,
    onderdrukt: bool,
    gis: Vec<Keuze>,
    kwartalen: Vec<Keuze>,
    indicatoren: Vec<Keuze>,
    delen: Vec<Tabel>,
    kennisgevingen: Vec<Kennisgeving>,
    pogingen: Option<Vec<(String, String, String)>>,
}

struct Keuze {
    waarde: String,
    naam: String,
    gekozen: bool,
}

/// A plot and the table beside it, under one title.
struct Tabel {
    /// Where a link on the page finds it.
    id: &'static str,
    titel: String,
    /// What each line is of.
    kolom: &'static str,
    plaat: String,
    regels: Vec<Cijfer>,
}

struct Cijfer {
    naam: String,
    gehaald: String,
    beoordeeld: String,
    procent: String,
    loopt: String,
}

struct Kennisgeving {
    rechtbank: String,
    vorm: &'static str,
    aantal: String,
    open: String,
    duren: [String; 3],
}

/// Shows a GI its own.
pub(super) async fn eigen(
    State(paginas): State<Paginas>,
    Extension(peer): Extension<Peer>,
    Gevraagd(vraag): Gevraagd<Vraag>,
) -> Result<Response, Nee> {
    toon(&paginas, &peer, Plek::Normcijfers, &vraag).await
}

/// Shows them to who has them, at a place that its role has.
pub(super) async fn toon(paginas: &Paginas, peer: &Peer, plek: Plek, vraag: &Vraag) -> Result<Response, Nee> {
    let kader = Kader::van(plek, peer, "Normcijfers")?;
    let alles = peer.rol() == Rol::Inspectie;
    let geteld = paginas.opname.landelijk(&paginas.hub).await;
    let indicator = match vraag.indicator {
        None => Indicator::JeugdbeschermerTijdig,
        Some(nummer) => Indicator::try_from(nummer).ok().filter(|een| INDICATOREN.contains(een)).ok_or_else(onleesbaar)?,
    };
    let register = paginas.hub.register.nu();
    let wie = |oin: &str| naam(&register, oin);
    let gevraagd = vraag.gi.as_deref().filter(|gi| !gi.is_empty());
    let gi = match peer.rol() {
        Rol::Gi => Some(peer.oin().to_string()),
        Rol::Inspectie => gevraagd.map(|gi| bekende_gi(&register, gi)).transpose()?,
        // Which GI does what is not a region's to see.
        _ if gevraagd.is_some() => return Err(onleesbaar()),
        _ => None,
    };
    let alle = geteld.as_ref().map(|geteld| geteld.wat.kwartalen.as_slice()).unwrap_or_default();
    let kwartalen: Vec<(&Kwartaalcijfers, Cow<'_, [Normcijfer]>)> = match &gi {
        Some(gi) => alle.iter().map(|een| (een, Cow::Owned(van_gi(&een.per_gi, gi)))).collect(),
        None if alles => alle.iter().map(|een| (een, Cow::Borrowed(een.inspectie.as_slice()))).collect(),
        None => alle.iter().filter_map(|een| Some((een, Cow::Borrowed(een.regio.as_deref()?)))).collect(),
    };
    let gekozen = match &vraag.kwartaal {
        Some(naam) => kwartalen.iter().position(|(een, _)| kwartaalnaam(een.vanaf) == *naam),
        // The latest with anything in it.
        None => kwartalen.iter().rposition(|(_, cijfers)| cijfers.iter().any(|cijfer| cijfer.beoordeeld > 0)),
    };
    if geteld.is_some() && vraag.kwartaal.is_some() && gekozen.is_none() {
        return Err(onleesbaar());
    }
    let gekozen = gekozen.or(kwartalen.len().checked_sub(1)).map(|nr| &kwartalen[nr]);
    let (kwartaal, cijfers) = gekozen.map_or_else(Default::default, |(een, cijfers)| (kwartaalnaam(een.vanaf), &cijfers[..]));
    let per_gi = gekozen.map(|(een, _)| een.per_gi.as_slice()).filter(|_| alles).unwrap_or_default();
    let landelijk = gi.is_none();
    let over = gi.as_deref().map_or_else(|| "landelijk".to_owned(), wie);
    let norm = taal::indicator(indicator);
    let per_regio = || groepen(("regios", "Regio"), format!("{norm} per regio, {kwartaal}"), cijfers, indicator, svg::kaart);
    let per_instelling = || groepen(("per-gi", "GI"), format!("{norm} per GI, {kwartaal}"), per_gi, indicator, svg::staven);
    let altijd = [
        verloop(format!("{norm} per kwartaal, {over}"), &kwartalen, indicator),
        normen(format!("Alle normen, {over}, {kwartaal}"), cijfers),
    ];
    let delen = landelijk.then(per_regio).into_iter().chain((alles && landelijk).then(per_instelling)).chain(altijd).collect();
    let bij_inspectie = geteld.as_ref().filter(|_| alles && landelijk);
    Ok(antwoord(&Normcijfers {
        kader,
        pad: plek.pad(),
        stand_van: geteld.as_ref().map(|geteld| taal::moment(geteld.op)),
        onderdrukt: peer.rol() == Rol::AccounthoudendeRegio,
        kwartalen: kwartalen.iter().rev().map(|(een, _)| keuze(kwartaalnaam(een.vanaf), &kwartaal)).collect(),
        gis: gikeuzes(alle.iter().filter(|_| alles), gi.as_deref()),
        indicatoren: INDICATOREN.iter().map(|een| indicatorkeuze(*een, indicator)).collect(),
        delen,
        kennisgevingen: bij_inspectie.iter().flat_map(|geteld| &geteld.wat.kennisgevingen).map(|regel| kennisgeving(regel, wie)).collect(),
        pogingen: bij_inspectie.map(|geteld| geteld.wat.pogingen.iter().map(|regel| poging(regel, wie)).collect()),
    }))
}

/// The figures of one GI in every norm, as those of the country stand beside their regions.
fn van_gi(per_gi: &[Normcijfer], gi: &str) -> Vec<Normcijfer> {
    let van = |indicator: Indicator| match per_gi.iter().find(|cijfer| cijfer.groep == gi && cijfer.indicator() == indicator) {
        Some(cijfer) => Normcijfer { groep: String::new(), naam: String::new(), ..cijfer.clone() },
        None => Normcijfer { indicator: indicator.into(), ..Normcijfer::default() },
    };
    INDICATOREN.into_iter().map(van).collect()
}

/// The country, and each GI of which there is a figure.
fn gikeuzes<'a>(kwartalen: impl Iterator<Item = &'a Kwartaalcijfers>, gekozen: Option<&str>) -> Vec<Keuze> {
    let alle: BTreeSet<_> = kwartalen.flat_map(|een| &een.per_gi).map(|cijfer| (cijfer.naam.as_str(), cijfer.groep.as_str())).collect();
    let keuze = |(naam, oin): (&str, &str)| Keuze { naam: naam.to_owned(), gekozen: gekozen == Some(oin), waarde: oin.to_owned() };
    alle.into_iter().filter(|(_, oin)| !oin.is_empty()).map(keuze).collect()
}

fn bekende_gi(register: &Register, gi: &str) -> Result<String, Nee> {
    let oin = Oin::parse(gi).ok().filter(|oin| register.zoek_rol(*oin, Rol::Gi).is_some());
    oin.map(|oin| oin.to_string()).ok_or_else(onleesbaar)
}

fn onleesbaar() -> Nee {
    nee(axum::http::StatusCode::BAD_REQUEST, "VRAAG")
}

fn kwartaalnaam(vanaf: NaiveDate) -> String {
    format!("{}-K{}", vanaf.year(), vanaf.month0() / 3 + 1)
}

fn keuze(waarde: String, gekozen: &str) -> Keuze {
    Keuze { naam: waarde.replace("-K", ", kwartaal "), gekozen: waarde == gekozen, waarde }
}

fn indicatorkeuze(een: Indicator, gekozen: Indicator) -> Keuze {
    Keuze { waarde: i32::from(een).to_string(), naam: taal::indicator(een).to_owned(), gekozen: een == gekozen }
}

type Plot = fn(&str, &[Waarde]) -> String;

/// The total of every indicator.
fn normen(titel: String, cijfers: &[Normcijfer]) -> Tabel {
    let totalen = cijfers.iter().filter(|cijfer| cijfer.groep.is_empty());
    tabel(("normen", "Norm"), titel, totalen.map(|cijfer| (taal::indicator(cijfer.indicator()).to_owned(), cijfer)).collect(), svg::staven)
}

/// Every group of one indicator.
fn groepen(kop: (&'static str, &'static str), titel: String, cijfers: &[Normcijfer], indicator: Indicator, plot: Plot) -> Tabel {
    let van = cijfers.iter().filter(|cijfer| cijfer.indicator() == indicator && !cijfer.groep.is_empty());
    tabel(kop, titel, van.map(|cijfer| (cijfer.naam.clone(), cijfer)).collect(), plot)
}

/// The total of one indicator, quarter by quarter.
fn verloop(titel: String, kwartalen: &[(&Kwartaalcijfers, Cow<'_, [Normcijfer]>)], indicator: Indicator) -> Tabel {
    let is_totaal = |cijfer: &&Normcijfer| cijfer.indicator() == indicator && cijfer.groep.is_empty();
    let van = kwartalen.iter().filter_map(|(een, cijfers)| Some((kwartaalnaam(een.vanaf), cijfers.iter().find(is_totaal)?)));
    tabel(("verloop", "Kwartaal"), titel, van.collect(), svg::verloop)
}

fn tabel((id, kolom): (&'static str, &'static str), titel: String, cijfers: Vec<(String, &Normcijfer)>, plot: Plot) -> Tabel {
    let deel = |cijfer: &Normcijfer| (!cijfer.onderdrukt).then_some((cijfer.gehaald, cijfer.beoordeeld));
    let waarden: Vec<_> = cijfers.iter().map(|(naam, cijfer)| Waarde { naam: naam.clone(), deel: deel(cijfer) }).collect();
    Tabel { id, plaat: plot(&titel, &waarden), titel, kolom, regels: cijfers.iter().map(|(naam, cijfer)| regel(naam, cijfer)).collect() }
}

fn regel(naam: &str, cijfer: &Normcijfer) -> Cijfer {
    let getal = |getal: u64| if cijfer.onderdrukt { "verborgen".to_owned() } else { taal::getal(getal) };
    Cijfer {
        naam: naam.to_owned(),
        gehaald: getal(cijfer.gehaald),
        beoordeeld: getal(cijfer.beoordeeld),
        procent: cijfer.procent.map_or_else(|| "–".to_owned(), |procent| format!("{procent}%")),
        loopt: cijfer.loopt.map_or_else(|| "–".to_owned(), taal::getal),
    }
}

/// How long uitspraken of a rechtbank took to reach the GI.
fn kennisgeving(regel: &v1::Kennisgevingen, wie: impl Fn(&str) -> String) -> Kennisgeving {
    let duur = |seconden: u64| taal::duur(i64::try_from(seconden).unwrap_or(i64::MAX).saturating_mul(1_000_000));
    Kennisgeving {
        rechtbank: wie(&regel.rechtbank_oin),
        vorm: if regel.vonnissen { "vonnis" } else { "beschikking" },
        aantal: taal::getal(regel.aantal),
        open: taal::getal(regel.open),
        duren: [regel.p50_seconden, regel.p95_seconden, regel.max_seconden].map(duur),
    }
}

fn poging(regel: &v1::Toetsingspogingen, wie: impl Fn(&str) -> String) -> (String, String, String) {
    (wie(&regel.gemeente_oin), taal::getal(regel.aantal), taal::tijdstip(regel.laatste_op.as_ref()).unwrap_or_default())
}
