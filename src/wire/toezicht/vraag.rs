//! Reads the questions of supervision. What may be asked by whom so that answers cannot be subtracted from each other is decided here and
//! explained in `docs/decisions/0007-small-cells.md`.

use chrono::{DateTime, NaiveDate, Utc};
use jeugdketen_proto::v1::{GetNormcijfersRequest, GetOverdrachtenRequest, Rol, Uitsplitsing};
use prost_types::Timestamp;
use tonic::Status;

use super::status;
use crate::domain::deelnemer::datum;
use crate::domain::ids::Oin;
use crate::domain::rapport::{Kijker, Kwartaal, Vraag, is_maandeinde, laatste_maandeinde};
use crate::domain::register::Register;

/// A moment, when there is one. `Timestamp`s that do not exist are refused.
pub(super) fn moment(veld: &str, moment: Option<Timestamp>) -> Result<Option<DateTime<Utc>>, Status> {
    let lees = |moment: Timestamp| DateTime::from_timestamp(moment.seconds, u32::try_from(moment.nanos).ok()?);
    moment.map(|moment| lees(moment).ok_or_else(|| status::veld(veld, "must be a moment that exists"))).transpose()
}

/// A day that is not in the future, when one is named.
pub(super) fn dag(veld: &str, text: &str, kijker: Kijker) -> Result<Option<NaiveDate>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    let dag = datum(text).ok_or_else(|| status::veld(veld, "must be a date yyyy-mm-dd"))?;
    if dag > kijker.vandaag { Err(status::veld(veld, "must not be in the future")) } else { Ok(Some(dag)) }
}

/// The day of a shortage.
pub(super) fn peildag(text: &str, kijker: Kijker) -> Result<NaiveDate, Status> {
    match dag("op", text, kijker)? {
        gevraagd if kijker.ziet_alles() => Ok(gevraagd.unwrap_or(kijker.vandaag)),
        None => Ok(laatste_maandeinde(kijker.vandaag)),
        Some(dag) if is_maandeinde(dag) && dag < kijker.vandaag => Ok(dag),
        Some(_) => Err(status::veld("op", "must be the last day of a month that has passed")),
    }
}

/// Which GI stops, and when.
pub(super) fn overdrachten(vraag: &GetOverdrachtenRequest, register: &Register) -> Result<(Oin, NaiveDate), Status> {
    let gi = oin("gi_oin", &vraag.gi_oin)?.filter(|oin| register.zoek_rol(*oin, Rol::Gi).is_some());
    let gi = gi.ok_or_else(|| status::veld("gi_oin", "must be the OIN of a GI in the register"))?;
    let per = datum(&vraag.per).ok_or_else(|| status::veld("per", "must be a date yyyy-mm-dd"))?;
    Ok((gi, per))
}

/// Which figures.
pub(in crate::wire) fn normcijfers(vraag: &GetNormcijfersRequest, kijker: Kijker) -> Result<Vraag, Status> {
    let per = Uitsplitsing::try_from(vraag.uitsplitsing).map_err(|_| status::veld("uitsplitsing", "unknown code"))?;
    let gi = oin("gi_oin", &vraag.gi_oin)?;
    let mut gelezen = Vraag {
        gi,
        regio: vraag.regio.clone(),
        rechtbank: oin("rechtbank_oin", &vraag.rechtbank_oin)?,
        vanaf: dag("vanaf", &vraag.vanaf, kijker)?,
        tot_en_met: dag("tot_en_met", &vraag.tot_en_met, kijker)?.unwrap_or(kijker.vandaag),
        peildatum: dag("peildatum", &vraag.peildatum, kijker)?.unwrap_or(kijker.vandaag),
        per,
    };
    if !kijker.ziet_alles() && gi != Some(kijker.oin) {
        gelezen.peildatum = enige_peildatum(vraag, &gelezen, kijker)?;
    }
    Ok(gelezen)
}

/// Checks a question whose answer is also about others, and says on which day it is answered.
fn enige_peildatum(vraag: &GetNormcijfersRequest, gelezen: &Vraag, kijker: Kijker) -> Result<NaiveDate, Status> {
    let eigen = if kijker.rol == Rol::Gi { Uitsplitsing::Gi } else { Uitsplitsing::Regio };
    for (veld, gevuld) in [("gi_oin", &vraag.gi_oin), ("regio", &vraag.regio), ("rechtbank_oin", &vraag.rechtbank_oin)] {
        if !gevuld.is_empty() {
            return Err(status::veld(veld, "figures that are also about others have no filters; a GI may name itself"));
        }
    }
    if gelezen.per != Uitsplitsing::Unspecified && gelezen.per != eigen {
        return Err(status::veld("uitsplitsing", "a GI may divide by GI, an accounthoudende regio by region"));
    }
    let kwartaal = gelezen.vanaf.and_then(|vanaf| Kwartaal::lees(vanaf, gelezen.tot_en_met));
    let kwartaal = kwartaal.ok_or_else(|| {
        status::veld("vanaf", "with tot_en_met must be exactly one calendar quarter; a GI that names itself in gi_oin may ask any period")
    })?;
    let peildatum = kwartaal.peildatum();
    if peildatum >= kijker.vandaag {
        return Err(status::veld("tot_en_met", "figures of a quarter are closed when the quarter after it has passed"));
    }
    if !vraag.peildatum.is_empty() && gelezen.peildatum != peildatum {
        return Err(status::veld("peildatum", "must be empty or the last day of the quarter after the one that is asked"));
    }
    Ok(peildatum)
}

fn oin(veld: &str, text: &str) -> Result<Option<Oin>, Status> {
    let lees = || Oin::parse(text).map(Some).map_err(|_| status::veld(veld, "must be an OIN of 20 digits"));
    if text.is_empty() { Ok(None) } else { lees() }
}
