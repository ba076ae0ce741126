//! The messages that the partners send: those of `examples/`, moved to the days of today, so that what was in force there is in force now.
//! It submits nothing.

use anyhow::Context as _;
use chrono::{Days, NaiveDate};
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{Bericht, Correctie, Intrekking, RedenCorrectie, RedenIntrekking, Rol};
use serde_json::Value;

use crate::json;
use crate::time::Clock;

/// The day on which the story of the examples is told.
const VERTELD: NaiveDate = NaiveDate::from_ymd_opt(2026, 7, 1).expect("a day");

macro_rules! voorbeelden {
    ($($naam:ident = $bestand:literal),* $(,)?) => {$(
        pub(super) const $naam: &str = include_str!(concat!("../../examples/", $bestand, ".json"));
    )*};
}

voorbeelden! {
    ZITTING = "01-zittingsaankondiging",
    UITSPRAAK = "02-uitspraak",
    KOPPELING = "03-koppeling",
    BEPALING = "05-jeugdhulpbepaling",
    INTAKE = "06-intakeresultaat-wachtlijst",
    VERWERKING = "09-verwerking",
    TOELICHTING = "13-toelichting",
    ESCALATIE = "12-escalatie",
    RETOUR = "los/27-retour",
    INZETBESLUIT = "los/30-inzetbesluit",
    CAPACITEIT = "los/31-capaciteit",
    TAAK = "los/32-taak-niet-uitvoerbaar",
    AANBOD = "los/34-aanbod",
}

/// What makes of every message below one with other content, valid as well.
pub(super) const ANDERS: &[(&str, &str)] = &[
    ("999041 / JE", "999042 / JE"),
    ("STAND_CAPACITEIT_OPNAMESTOP", "STAND_CAPACITEIT_KRAP"),
    ("2026-06-30", "2026-06-29"),
    ("\"aantal_kinderen\": 14", "\"aantal_kinderen\": 15"),
    ("Langer wachten", "Nog langer wachten"),
];

/// A message that a role can submit apart from any case.
pub(super) fn los(rol: Rol) -> Option<&'static str> {
    Some(match rol {
        Rol::Rechtbank => ZITTING,
        Rol::Gi => CAPACITEIT,
        Rol::Gemeente => AANBOD,
        Rol::Aanbieder => TAAK,
        _ => return None,
    })
}

/// Makes a message of an example: a new id, its dates moved, and texts put in the place of others.
pub(super) fn maak(voorbeeld: &str, clock: &Clock, vervang: &[(&str, &str)]) -> anyhow::Result<Bericht> {
    let mut tekst = voorbeeld.replace("{{bericht_id}}", &clock.new_id().to_string());
    for (oud, nieuw) in vervang {
        tekst = tekst.replace(oud, nieuw);
    }
    let mut waarde: Value = serde_json::from_str(&tekst)?;
    let dagen = u64::try_from((clock.today() - VERTELD).num_days()).context("the clock stands before the examples")?;
    verschuif(&mut waarde, Days::new(dagen));
    if let Some(uitspraak) = waarde.get_mut("uitspraak").and_then(Value::as_object_mut) {
        // The hearing was announced to nobody here.
        uitspraak.remove("zittingsaankondiging_id");
    }
    Ok(json::read(&waarde.to_string())?)
}

fn verschuif(waarde: &mut Value, dagen: Days) {
    match waarde {
        Value::Object(velden) => velden.values_mut().for_each(|veld| verschuif(veld, dagen)),
        Value::Array(rij) => rij.iter_mut().for_each(|element| verschuif(element, dagen)),
        Value::String(tekst) => {
            let dag = tekst.get(..10).and_then(|dag| dag.parse::<NaiveDate>().ok());
            if let (Some(dag), Some(rest)) = (dag.and_then(|dag| dag.checked_add_days(dagen)), tekst.get(10..)) {
                *tekst = format!("{dag}{rest}");
            }
        }
        _ => {}
    }
}

/// The same message again under an id of its own.
pub(super) fn nog_een(bericht: &Bericht, clock: &Clock) -> Bericht {
    Bericht { bericht_id: clock.new_id().to_string(), ..bericht.clone() }
}

/// The correction of a message, in the case that its receipt names.
pub(super) fn correctie(van: &Bericht, maatregel_id: &str, clock: &Clock) -> Bericht {
    let correctie = Correctie { betreft_bericht_id: van.bericht_id.clone(), reden: RedenCorrectie::Registratiefout.into() };
    Bericht { correctie: Some(correctie), maatregel_id: maatregel_id.to_owned(), ..nog_een(van, clock) }
}

/// The withdrawal of a message.
pub(super) fn intrekking(van: &Bericht, maatregel_id: &str, clock: &Clock) -> Bericht {
    let reden = RedenIntrekking::TenOnrechteVerzonden.into();
    let intrekking = Intrekking { betreft_bericht_id: van.bericht_id.clone(), reden };
    let inhoud = Some(Inhoud::Intrekking(intrekking));
    Bericht { bericht_id: clock.new_id().to_string(), maatregel_id: maatregel_id.to_owned(), correctie: None, inhoud }
}
