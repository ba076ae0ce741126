//! The pages of the operator: who takes part, with which certificate and when it was last there; and the audit log, without what its records
//! are about.

use std::collections::{HashMap, HashSet};

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::{Auditrecord, Handeling};
use serde::Deserialize;

use super::kader::{Kader, Plek, antwoord};
use super::traject::naam;
use super::wacht::Gevraagd;
use super::{Paginas, taal};
use crate::domain::deelnemer::Deelnemer;
use crate::domain::register::Register;
use crate::identity::register::Peer;
use crate::identity::verbindingen::Gezien;
use crate::store::tekens;
use crate::time::from_micros;
use crate::wire::pagina::Nee;

/// Participants on a page.
const DEELNEMERS: usize = 100;
/// Records on a page.
const RECORDS: i64 = 50;
/// A certificate that expires within so many days asks for attention.
const BIJNA: i64 = 30;

/// Where the page begins: how many participants come before it, or the last record on it.
#[derive(Debug, Deserialize)]
pub(super) struct Vraag {
    vanaf: Option<usize>,
    tot: Option<i64>,
}

#[derive(Template)]
#[template(path = "deelnemers.html")]
struct Deelnemers {
    kader: Kader,
    aantal: usize,
    verbonden: usize,
    regels: Vec<Regel>,
    terug: Option<usize>,
    verder: Option<usize>,
}

struct Regel {
    naam: String,
    oin: String,
    rol: &'static str,
    status: &'static str,
    klasse: &'static str,
    geldig: String,
    certificaat: String,
    certificaatklasse: &'static str,
    gezien: String,
    verbonden: bool,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Audit {
    kader: Kader,
    omvang: String,
    checkpoint: String,
    sleutel: String,
    records: Vec<Record>,
    verder: Option<i64>,
    eerste_pagina: bool,
}

struct Record {
    nr: u64,
    op: String,
    handeling: String,
    wie: String,
    rol: &'static str,
    soort: String,
    reden: String,
}

/// Shows the register.
pub(super) async fn deelnemers(
    State(paginas): State<Paginas>,
    Extension(peer): Extension<Peer>,
    Gevraagd(vraag): Gevraagd<Vraag>,
) -> Result<Response, Nee> {
    let kader = Kader::van(Plek::Deelnemers, &peer, "Deelnemers")?;
    let (register, nu) = (paginas.hub.register.nu(), paginas.hub.clock.now());
    let gezien = paginas.hub.verbindingen.laatst_gezien();
    let verbonden: HashSet<_> = paginas.hub.verbindingen.overzicht().iter().map(|identiteit| identiteit.oin).collect();
    let (alle, vanaf) = (register.alle(), vraag.vanaf.unwrap_or_default());
    let tekens: HashMap<String, i64> = tekens::lees(&mut paginas.hub.store.read().await?.conn()).await?.into_iter().collect();
    let regel = |deelnemer: &&Deelnemer| {
        let teken = tekens.get(deelnemer.oin.as_str()).copied();
        regel(deelnemer, gezien.get(&deelnemer.oin), verbonden.contains(&deelnemer.oin), (teken, nu))
    };
    Ok(antwoord(&Deelnemers {
        kader,
        aantal: alle.len(),
        verbonden: alle.iter().filter(|deelnemer| verbonden.contains(&deelnemer.oin)).count(),
        regels: alle.iter().skip(vanaf).take(DEELNEMERS).map(regel).collect(),
        terug: (vanaf > 0).then(|| vanaf.saturating_sub(DEELNEMERS)),
        verder: vanaf.checked_add(DEELNEMERS).filter(|verder| *verder < alle.len()),
    }))
}

fn regel(deelnemer: &Deelnemer, gezien: Option<&Gezien>, verbonden: bool, (teken, nu): (Option<i64>, DateTime<Utc>)) -> Regel {
    let over = gezien.map(|gezien| (gezien.identiteit.niet_na - nu).num_days());
    let begonnen = gezien.and_then(|gezien| DateTime::from_timestamp(i64::try_from(gezien.op.as_secs()).ok()?, 0));
    let bevoegd = deelnemer.bevoegd_op(crate::domain::zaak::datum_in_nederland(nu)).is_ok();
    Regel {
        naam: deelnemer.naam.clone(),
        oin: deelnemer.oin.to_string(),
        rol: taal::rol(deelnemer.rol),
        status: taal::status(deelnemer.status),
        klasse: if bevoegd { "goed" } else { "fout" },
        geldig: match deelnemer.geldig_tot_en_met {
            None => format!("vanaf {}", taal::dag(deelnemer.geldig_vanaf)),
            Some(tot) => format!("{} tot en met {}", taal::dag(deelnemer.geldig_vanaf), taal::dag(tot)),
        },
        certificaat: gezien.map(|gezien| taal::moment(gezien.identiteit.niet_na)).unwrap_or_else(|| "nog niet gezien".to_owned()),
        certificaatklasse: match over {
            None => "gewoon",
            Some(over) if over < 0 => "fout",
            Some(over) if over <= BIJNA => "let-op",
            Some(_) => "goed",
        },
        gezien: begonnen.filter(|_| verbonden).or(teken.map(from_micros)).map(taal::moment).unwrap_or_default(),
        verbonden,
    }
}

/// Shows the audit log.
pub(super) async fn audit(
    State(paginas): State<Paginas>,
    Extension(peer): Extension<Peer>,
    Gevraagd(vraag): Gevraagd<Vraag>,
) -> Result<Response, Nee> {
    let kader = Kader::van(Plek::Audit, &peer, "Audit")?;
    let (omvang, checkpoint, records) = paginas.hub.auditlogboek(vraag.tot, RECORDS).await?;
    let register = paginas.hub.register.nu();
    Ok(antwoord(&Audit {
        kader,
        omvang: taal::getal(omvang.max(0).unsigned_abs()),
        checkpoint,
        sleutel: paginas.hub.journaal.publiek().to_string(),
        verder: records.last().and_then(|record| i64::try_from(record.nr).ok()?.checked_sub(1)).filter(|nr| *nr > 0),
        eerste_pagina: vraag.tot.is_none(),
        records: records.iter().map(|record| toon_record(&register, record)).collect(),
    }))
}

/// What was done, by whom and when: not about which case, message or child.
fn toon_record(register: &Register, record: &Auditrecord) -> Record {
    let soort = u32::try_from(record.soort).ok().and_then(|nummer| Kind::ALL.into_iter().find(|kind| *kind as u32 == nummer));
    Record {
        nr: record.nr,
        op: taal::tijdstip(record.op.as_ref()).unwrap_or_default(),
        handeling: handeling(record.handeling()),
        wie: naam(register, &record.wie),
        rol: taal::rol(record.rol()),
        soort: soort.map(|kind| taal::soort(&format!("{kind:?}"))).unwrap_or_default(),
        reden: taal::woorden(&record.reden),
    }
}

fn handeling(handeling: Handeling) -> String {
    taal::woorden(handeling.as_str_name().trim_start_matches("HANDELING_"))
}
