//! What a court asks: is it with the GI, and since when; and which GI has room, before a hearing. Of a case what the sender of an uitspraak
//! may see of it, no person.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use jeugdketen_proto::v1::{self, CapaciteitVanGi};
use serde::Deserialize;

use super::kader::{Kader, Plek, antwoord};
use super::traject::naam;
use super::wacht::Gevraagd;
use super::{Paginas, taal};
use crate::domain::register::Register;
use crate::identity::register::Peer;
use crate::store::paginas::Uitspraak;
use crate::time::from_micros;
use crate::wire::pagina::Nee;

/// Uitspraken on a page.
const PER_PAGINA: usize = 25;
/// Waiting longer than a day for a GI is wrong, in microseconds.
const DAG: i64 = 86_400_000_000;

/// Before which uitspraak the page begins.
#[derive(Debug, Deserialize)]
pub(super) struct Vraag {
    voor: Option<i64>,
}

#[derive(Template)]
#[template(path = "rechtbank.html")]
struct Rechtbank {
    kader: Kader,
    uitspraken: Vec<Regel>,
    verder: Option<i64>,
    eerste_pagina: bool,
    capaciteit: Vec<Ruimte>,
    termijnen: Vec<Termijn>,
}

struct Regel {
    zaak: String,
    correctie: bool,
    aanvaard_op: String,
    gi: String,
    stand: String,
    klasse: &'static str,
}

struct Ruimte {
    gi: String,
    regio: String,
    stand: String,
    klasse: &'static str,
    vanaf: String,
    tot_en_met: String,
}

struct Termijn {
    vorm: &'static str,
    aantal: String,
    open: String,
    duren: [String; 3],
}

/// Shows it.
pub(super) async fn toon(
    State(paginas): State<Paginas>,
    Extension(peer): Extension<Peer>,
    Gevraagd(vraag): Gevraagd<Vraag>,
) -> Result<Response, Nee> {
    let kader = Kader::van(Plek::Rechtbank, &peer, "Rechtbank")?;
    let uitspraken = paginas.hub.uitspraken_van(&peer, vraag.voor.unwrap_or(i64::MAX), PER_PAGINA).await?;
    let capaciteit = paginas.hub.toon_capaciteit(&peer).await?;
    let landelijk = paginas.opname.landelijk(&paginas.hub).await;
    let (register, nu) = (paginas.hub.register.nu(), paginas.hub.clock.micros());
    let eigen = landelijk.iter().flat_map(|geteld| &geteld.wat.kennisgevingen);
    Ok(antwoord(&Rechtbank {
        kader,
        verder: uitspraken.last().filter(|_| uitspraken.len() == PER_PAGINA).map(|uitspraak| uitspraak.volgnummer),
        eerste_pagina: vraag.voor.is_none(),
        uitspraken: uitspraken.iter().map(|uitspraak| regel(&register, uitspraak, nu)).collect(),
        capaciteit: capaciteit.iter().map(|van_gi| ruimte(&register, van_gi)).collect(),
        termijnen: eigen.filter(|regel| regel.rechtbank_oin == peer.oin().as_str()).map(termijn).collect(),
    }))
}

fn regel(register: &Register, uitspraak: &Uitspraak, nu: i64) -> Regel {
    let wacht = nu - uitspraak.aanvaard_op;
    let (stand, klasse) = match (&uitspraak.gi, uitspraak.ontvangen_op) {
        (None, _) => ("naar geen GI gezonden".to_owned(), "gewoon"),
        (Some(_), Some(op)) => {
            (format!("bij de GI sinds {}, na {}", taal::moment(from_micros(op)), taal::duur(op - uitspraak.aanvaard_op)), "goed")
        }
        (Some(_), None) if wacht > DAG => (format!("nog niet ontvangen, al {}", taal::duur(wacht)), "fout"),
        (Some(_), None) => (format!("nog niet ontvangen, {} onderweg", taal::duur(wacht)), "let-op"),
    };
    Regel {
        zaak: uitspraak.maatregel_id.to_string(),
        correctie: uitspraak.is_correctie,
        aanvaard_op: taal::moment(from_micros(uitspraak.aanvaard_op)),
        gi: uitspraak.gi.as_deref().map(|oin| naam(register, oin)).unwrap_or_default(),
        stand,
        klasse,
    }
}

fn ruimte(register: &Register, van_gi: &CapaciteitVanGi) -> Ruimte {
    let leeg = v1::Capaciteit::default();
    let capaciteit = van_gi.capaciteit.as_ref().unwrap_or(&leeg);
    let stand = capaciteit.stand();
    Ruimte {
        gi: naam(register, &van_gi.gi_oin),
        regio: capaciteit.regio.clone(),
        stand: taal::woorden(stand.as_str_name().trim_start_matches("STAND_CAPACITEIT_")),
        klasse: match stand {
            v1::StandCapaciteit::Ruim => "goed",
            v1::StandCapaciteit::Opnamestop => "fout",
            _ => "let-op",
        },
        vanaf: taal::dag_uit(&capaciteit.vanaf),
        tot_en_met: taal::dag_uit(&capaciteit.tot_en_met),
    }
}

fn termijn(regel: &v1::Kennisgevingen) -> Termijn {
    let duur = |seconden: u64| taal::duur(i64::try_from(seconden).unwrap_or(i64::MAX).saturating_mul(1_000_000));
    Termijn {
        vorm: if regel.vonnissen { "Vonnissen (jeugdreclassering)" } else { "Beschikkingen (jeugdbescherming)" },
        aantal: taal::getal(regel.aantal),
        open: taal::getal(regel.open),
        duren: [regel.p50_seconden, regel.p95_seconden, regel.max_seconden].map(duur),
    }
}
