//! How often each norm was met: for the inspectie everything, for an accounthoudende regio the closed quarters with small cells hidden, as
//! GetNormcijfers answers them. Every plot has its numbers in a table beside it.

use askama::Template;
use axum::response::Response;
use chrono::{Datelike as _, NaiveDate};
use jeugdketen_proto::v1::{self, Indicator, Normcijfer, Rol};

use super::kader::{Kader, Plek, antwoord};
use super::normklokken::Vraag;
use super::svg::{self, Waarde};
use super::traject::naam;
use super::wacht::nee;
use super::{Paginas, taal};
use crate::domain::rapport::INDICATOREN;
use crate::identity::register::Peer;
use crate::wire::pagina::{Kwartaalcijfers, Nee};

#[derive(Template)]
#[template(path = "normcijfers.html")]
struct Normcijfers {
    kader: Kader,
    stand_van: Option<String>,
    onderdrukt: bool,
    kwartaal: String,
    kwartalen: Vec<Keuze>,
    indicator: &'static str,
    indicatoren: Vec<Keuze>,
    normen: Tabel,
    regios: Tabel,
    verloop: Tabel,
    kennisgevingen: Vec<Kennisgeving>,
    pogingen: Option<Vec<(String, String, String)>>,
}

struct Keuze {
    waarde: String,
    naam: String,
    gekozen: bool,
}

/// A plot and the table beside it.
struct Tabel {
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

/// Shows them to who has them.
pub(super) async fn toon(paginas: &Paginas, peer: &Peer, vraag: &Vraag) -> Result<Response, Nee> {
    let kader = Kader::van(Plek::Normklokken, peer, "Normcijfers")?;
    let alles = peer.rol() == Rol::Inspectie;
    let geteld = paginas.opname.landelijk(&paginas.hub).await;
    let indicator = match vraag.indicator {
        None => Indicator::JeugdbeschermerTijdig,
        Some(nummer) => Indicator::try_from(nummer).ok().filter(|een| INDICATOREN.contains(een)).ok_or_else(onleesbaar)?,
    };
    let kwartalen: Vec<(&Kwartaalcijfers, &[Normcijfer])> = match &geteld {
        None => Vec::new(),
        Some(geteld) if alles => geteld.wat.kwartalen.iter().map(|een| (een, een.inspectie.as_slice())).collect(),
        Some(geteld) => geteld.wat.kwartalen.iter().filter_map(|een| Some((een, een.regio.as_deref()?))).collect(),
    };
    let gekozen = match &vraag.kwartaal {
        Some(naam) => kwartalen.iter().position(|(een, _)| kwartaalnaam(een.vanaf) == *naam),
        // The latest with anything in it.
        None => kwartalen.iter().rposition(|(_, cijfers)| cijfers.iter().any(|cijfer| cijfer.beoordeeld > 0)),
    };
    if geteld.is_some() && vraag.kwartaal.is_some() && gekozen.is_none() {
        return Err(onleesbaar());
    }
    let gekozen = gekozen.or(kwartalen.len().checked_sub(1));
    let (kwartaal, cijfers) = gekozen.map_or_else(Default::default, |nr| (kwartaalnaam(kwartalen[nr].0.vanaf), kwartalen[nr].1));
    let register = paginas.hub.register.nu();
    let titel = |wat: &str| format!("{} {wat}, {kwartaal}", taal::indicator(indicator));
    let wie = |oin: &str| naam(&register, oin);
    let bij_inspectie = geteld.as_ref().filter(|_| alles);
    Ok(antwoord(&Normcijfers {
        kader,
        stand_van: geteld.as_ref().map(|geteld| taal::moment(geteld.op)),
        onderdrukt: !alles,
        normen: normen(&format!("Alle normen, landelijk, {kwartaal}"), cijfers),
        regios: regios(&titel("per regio"), cijfers, indicator),
        verloop: verloop(&format!("{} per kwartaal, landelijk", taal::indicator(indicator)), &kwartalen, indicator),
        kwartalen: kwartalen.iter().rev().map(|(een, _)| keuze(kwartaalnaam(een.vanaf), &kwartaal)).collect(),
        indicator: taal::indicator(indicator),
        indicatoren: INDICATOREN.iter().map(|een| indicatorkeuze(*een, indicator)).collect(),
        kwartaal,
        kennisgevingen: bij_inspectie.iter().flat_map(|geteld| &geteld.wat.kennisgevingen).map(|regel| kennisgeving(regel, wie)).collect(),
        pogingen: bij_inspectie.map(|geteld| geteld.wat.pogingen.iter().map(|regel| poging(regel, wie)).collect()),
    }))
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

/// The total of every indicator.
fn normen(titel: &str, cijfers: &[Normcijfer]) -> Tabel {
    let totalen: Vec<_> =
        cijfers.iter().filter(|cijfer| cijfer.groep.is_empty()).map(|c| (taal::indicator(c.indicator()).to_owned(), c)).collect();
    tabel(titel, &totalen, svg::staven)
}

/// Every region of one indicator.
fn regios(titel: &str, cijfers: &[Normcijfer], indicator: Indicator) -> Tabel {
    let van = cijfers.iter().filter(|cijfer| cijfer.indicator() == indicator && !cijfer.groep.is_empty());
    tabel(titel, &van.map(|cijfer| (cijfer.naam.clone(), cijfer)).collect::<Vec<_>>(), svg::kaart)
}

/// The total of one indicator, quarter by quarter.
fn verloop(titel: &str, kwartalen: &[(&Kwartaalcijfers, &[Normcijfer])], indicator: Indicator) -> Tabel {
    let totaal = |cijfers: &&[Normcijfer]| cijfers.iter().position(|cijfer| cijfer.indicator() == indicator && cijfer.groep.is_empty());
    let van = kwartalen.iter().filter_map(|(een, cijfers)| Some((kwartaalnaam(een.vanaf), &cijfers[totaal(cijfers)?])));
    tabel(titel, &van.collect::<Vec<_>>(), svg::verloop)
}

fn tabel(titel: &str, cijfers: &[(String, &Normcijfer)], plot: fn(&str, &[Waarde]) -> String) -> Tabel {
    let deel = |cijfer: &Normcijfer| (!cijfer.onderdrukt).then_some((cijfer.gehaald, cijfer.beoordeeld));
    let waarden: Vec<_> = cijfers.iter().map(|(naam, cijfer)| Waarde { naam: naam.clone(), deel: deel(cijfer) }).collect();
    Tabel { plaat: plot(titel, &waarden), regels: cijfers.iter().map(|(naam, cijfer)| regel(naam, cijfer)).collect() }
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
