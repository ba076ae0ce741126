//! The messages of the load: announcements of hearings, uitspraken that open a case and reach two recipients, koppelingen that follow on
//! them. Each has an id of its own. It sends nothing.

use std::sync::LazyLock;

use chrono::{Days, Months, NaiveDate};
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::jeugdige::Identiteit;
use jeugdketen_proto::v1::{Bericht, Jeugdige};
use ketenhub::domain::ids::is_bsn;
use ketenhub::time::{Clock, timestamp};

use super::toeval::Toeval;
use crate::support::berichten::{GI, GI_2, nieuw_id, voorbeeld};

/// The gemeente of the example cases.
pub const GEMEENTE: &str = "00000099030000001000";
/// The third GI.
pub const GI_3: &str = "00000099020000003000";
/// Who gets what the load sends, with the name of its certificate.
pub const ONTVANGERS: [(&str, &str); 4] = [("gi", GI), ("gi-2", GI_2), ("gi-3", GI_3), ("gemeente", GEMEENTE)];

/// Days before today on which everything is pronounced: also a hub of which the clock is a day behind takes that for past.
const GELEDEN: u64 = 2;

static BSNS: LazyLock<Vec<String>> =
    LazyLock::new(|| (999_990_000..999_992_000_u32).map(|nr| nr.to_string()).filter(|nr| is_bsn(nr)).collect());
static ZITTING: LazyLock<Bericht> = LazyLock::new(|| voorbeeld("01-zittingsaankondiging.json", &[]));
static UITSPRAAK: LazyLock<Bericht> = LazyLock::new(|| voorbeeld("02-uitspraak.json", &[]));
static KOPPELING: LazyLock<Bericht> = LazyLock::new(|| voorbeeld("03-koppeling.json", &[]));

/// A new message of a rechtbank: an uitspraak somewhat less than half of the time, else the announcement of a hearing.
pub fn van_rechtbank(toeval: &mut Toeval) -> Bericht {
    let gi = toeval.kies(&[GI, GI_2, GI_3]);
    if toeval.onder(100) < 45 { uitspraak(gi, toeval) } else { zitting(gi, toeval) }
}

fn zitting(gi: &str, toeval: &mut Toeval) -> Bericht {
    let mut bericht = Bericht { bericht_id: nieuw_id(), ..ZITTING.clone() };
    if let Some(Inhoud::Zittingsaankondiging(zitting)) = &mut bericht.inhoud {
        (zitting.gi_oin, zitting.jeugdige) = (gi.to_owned(), Some(jeugdige(toeval)));
    }
    bericht
}

fn uitspraak(gi: &str, toeval: &mut Toeval) -> Bericht {
    let mut bericht = Bericht { bericht_id: nieuw_id(), ..UITSPRAAK.clone() };
    let dag = dag();
    let einde = dag.checked_add_months(Months::new(12)).unwrap();
    if let Some(Inhoud::Uitspraak(uitspraak)) = &mut bericht.inhoud {
        (uitspraak.gi_oin, uitspraak.jeugdige) = (gi.to_owned(), Some(jeugdige(toeval)));
        uitspraak.uitgesproken_op = Some(timestamp(dag.and_hms_opt(9, 30, 0).unwrap().and_utc().timestamp_micros()));
        (uitspraak.ingangsdatum, uitspraak.einddatum) = (dag.to_string(), einde.to_string());
        for machtiging in &mut uitspraak.machtigingen {
            (machtiging.ingangsdatum, machtiging.einddatum) = (dag.to_string(), einde.to_string());
        }
    }
    bericht
}

/// The koppeling of a case.
pub fn koppeling(maatregel: &str) -> Bericht {
    let mut bericht = Bericht { bericht_id: nieuw_id(), maatregel_id: maatregel.to_owned(), ..KOPPELING.clone() };
    if let Some(Inhoud::Koppeling(koppeling)) = &mut bericht.inhoud {
        (koppeling.gekoppeld_op, koppeling.actief_contact_sinds) = (dag().to_string(), dag().to_string());
    }
    bericht
}

fn dag() -> NaiveDate {
    Clock::machine().today().checked_sub_days(Days::new(GELEDEN)).unwrap()
}

fn jeugdige(toeval: &mut Toeval) -> Jeugdige {
    let plaats = usize::try_from(toeval.onder(BSNS.len() as u64)).unwrap();
    Jeugdige { identiteit: Some(Identiteit::Bsn(BSNS[plaats].clone())), ..Jeugdige::default() }
}
