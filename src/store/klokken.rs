//! Where the norm clocks stand: kept beside the messages, in the same transaction. It measures nothing: that is `domain::klok`.

use chrono::{Datelike as _, NaiveDate};
use jeugdketen_proto::v1::{Norm, RedenNietBeoordeeld};
use prost::Message as _;
use uuid::Uuid;

use super::statement::Conn;
use super::{StoreError, corrupt};
use crate::domain::ids::MaatregelId;
use crate::domain::klok::{Klok, Looptijd, Stand};
use crate::time::from_micros;

/// The clocks of one case as they are kept; see the schema.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Rij {
    maatregel_id: Uuid,
    volgende_op: Option<i64>,
    stand: Vec<u8>,
    houder: Option<String>,
    vorige_houder: Option<String>,
    overgang: Option<String>,
    eerste: Option<String>,
    tot: Option<String>,
}

/// Every clock of a case, encoded as protobuf. Two stands with the same bytes are the same.
#[derive(Clone, PartialEq, prost::Message)]
struct Bewaard {
    #[prost(message, repeated, tag = "1")]
    klokken: Vec<BewaardeKlok>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct BewaardeKlok {
    #[prost(int32, tag = "1")]
    norm: i32,
    #[prost(uint32, tag = "2")]
    nummer: u32,
    /// Days since the first of year 1, here and below; absent while there is none.
    #[prost(int32, optional, tag = "3")]
    start: Option<i32>,
    #[prost(int32, optional, tag = "4")]
    uiterlijk: Option<i32>,
    #[prost(int32, optional, tag = "5")]
    gestopt: Option<i32>,
    #[prost(int32, optional, tag = "6")]
    gestopt_inspectie: Option<i32>,
    /// Microseconds since 1970 UTC.
    #[prost(int64, optional, tag = "7")]
    toegelicht_op: Option<i64>,
    #[prost(bool, tag = "8")]
    doorbraak: bool,
    #[prost(int32, tag = "9")]
    bezwaar: i32,
    #[prost(int32, optional, tag = "10")]
    einde: Option<i32>,
}

impl Rij {
    /// What is kept of the clocks of a case.
    pub fn van(stand: &Stand) -> Rij {
        let momenten = stand.klokken.iter().flat_map(|klok| stand.waarschuwingen(klok)).map(|waarschuwing| waarschuwing.bereikt_op);
        let bewaard = Bewaard { klokken: stand.klokken.iter().map(bewaar).collect() };
        let lopend = || stand.klokken.iter().filter(|klok| klok.gestopt.is_none());
        let (laatste, vorige) = stand.zaak.houders.split_last().map_or((None, None), |(laatste, eerder)| (Some(laatste), eerder.last()));
        // As long as one of them has no end, none is the last.
        let tot = lopend().map(|klok| klok.einde).collect::<Option<Vec<_>>>().and_then(|eindes| eindes.into_iter().max());
        Rij {
            houder: laatste.map(|houder| houder.gi.to_string()),
            vorige_houder: vorige.map(|houder| houder.gi.to_string()),
            overgang: vorige.and(laatste).map(|houder| houder.per.to_string()),
            eerste: lopend().filter_map(|klok| klok.looptijd).map(|looptijd| looptijd.uiterlijk).min().map(|dag| dag.to_string()),
            tot: tot.map(|dag| dag.to_string()),
            maatregel_id: stand.zaak.id.0,
            volgende_op: momenten.min().map(|moment| moment.timestamp_micros()),
            stand: bewaard.encode_to_vec(),
        }
    }

    /// The clocks as they were measured, of which what depends on the day can be asked.
    pub fn klokken(&self) -> Result<Vec<Klok>, StoreError> {
        let fout = || corrupt("klokken", "stand", self.maatregel_id);
        let bewaard = Bewaard::decode(self.stand.as_slice()).map_err(|_| fout())?.klokken;
        // The kennisgeving, which every case has, starts with the uitspraak.
        let kennisgeving = bewaard.iter().find(|klok| klok.norm == i32::from(Norm::Kennisgeving));
        let uitgesproken = kennisgeving.and_then(|klok| dag(klok.start));
        bewaard.iter().map(|klok| lees_klok(klok, uitgesproken?)).collect::<Option<_>>().ok_or_else(fout)
    }

    /// The case.
    pub fn zaak(&self) -> MaatregelId {
        MaatregelId(self.maatregel_id)
    }
}

fn bewaar(klok: &Klok) -> BewaardeKlok {
    let dag = |dag: Option<NaiveDate>| dag.map(|dag| dag.num_days_from_ce());
    BewaardeKlok {
        norm: klok.norm.into(),
        nummer: klok.nummer,
        start: dag(klok.looptijd.map(|looptijd| looptijd.start)),
        uiterlijk: dag(klok.looptijd.map(|looptijd| looptijd.uiterlijk)),
        gestopt: dag(klok.gestopt),
        gestopt_inspectie: dag(klok.gestopt_inspectie),
        toegelicht_op: klok.toegelicht_op.map(|moment| moment.timestamp_micros()),
        doorbraak: klok.doorbraak,
        bezwaar: klok.bezwaar.map_or(0, Into::into),
        einde: dag(klok.einde),
    }
}

fn dag(dag: Option<i32>) -> Option<NaiveDate> {
    dag.and_then(NaiveDate::from_num_days_from_ce_opt)
}

fn lees_klok(klok: &BewaardeKlok, uitgesproken: NaiveDate) -> Option<Klok> {
    let looptijd = dag(klok.start).zip(dag(klok.uiterlijk));
    // Whether the term was extended or set earlier is not kept: no outcome depends on it.
    let looptijd = looptijd.map(|(start, uiterlijk)| Looptijd { start, uiterlijk, verlengd: uiterlijk, eerder: false });
    Some(Klok {
        norm: Norm::try_from(klok.norm).ok()?,
        nummer: klok.nummer,
        looptijd,
        gestopt: dag(klok.gestopt),
        gestopt_inspectie: dag(klok.gestopt_inspectie),
        toegelicht_op: klok.toegelicht_op.map(from_micros),
        doorbraak: klok.doorbraak,
        bezwaar: RedenNietBeoordeeld::try_from(klok.bezwaar).ok().filter(|bezwaar| *bezwaar != RedenNietBeoordeeld::Unspecified),
        einde: dag(klok.einde),
        uitgesproken,
    })
}

/// Writes the clocks of cases in the place of what was kept of them.
pub async fn schrijf(conn: &mut Conn<'_>, rijen: &[Rij]) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- klokken::schrijf
        insert into klokken (maatregel_id, volgende_op, stand, houder, vorige_houder, overgang, eerste, tot)",
        "on conflict (maatregel_id) do update set volgende_op = excluded.volgende_op, stand = excluded.stand, houder = excluded.houder,
            vorige_houder = excluded.vorige_houder, overgang = excluded.overgang, eerste = excluded.eerste, tot = excluded.tot",
        rijen,
        |rij| [
            rij.maatregel_id,
            rij.volgende_op,
            rij.stand.as_slice(),
            rij.houder.as_deref(),
            rij.vorige_houder.as_deref(),
            rij.overgang.as_deref(),
            rij.eerste.as_deref(),
            rij.tot.as_deref(),
        ]
    );
    Ok(())
}

/// What is kept of the clocks of cases, in order.
pub async fn lees(conn: &mut Conn<'_>, maatregelen: &[MaatregelId]) -> Result<Vec<Rij>, StoreError> {
    Ok(fetch_rows!(
        conn,
        Rij,
        "-- klokken::lees
        select maatregel_id, volgende_op, stand, houder, vorige_houder, overgang, eerste, tot from klokken where maatregel_id in (",
        ") order by maatregel_id",
        maatregelen,
        |maatregel| [maatregel.0]
    ))
}

/// What is kept of the clocks of at most `maximaal` cases after this one, in order.
pub async fn na(conn: &mut Conn<'_>, na: Option<MaatregelId>, maximaal: i64) -> Result<Vec<Rij>, StoreError> {
    let sql = "-- klokken::na
        select maatregel_id, volgende_op, stand, houder, vorige_houder, overgang, eerste, tot from klokken where maatregel_id > $1 order by maatregel_id limit $2";
    Ok(fetch_all!(conn, Rij, sql, na.map_or(Uuid::nil(), |id| id.0), maximaal)?)
}

/// Cases with a warning whose moment has come, the longest due first, at most `maximaal`.
pub async fn aan_de_beurt(conn: &mut Conn<'_>, nu: i64, maximaal: i64) -> Result<Vec<MaatregelId>, StoreError> {
    let sql = "-- klokken::aan_de_beurt
        select maatregel_id from klokken where volgende_op is not null and volgende_op <= $1 order by volgende_op limit $2";
    let rijen: Vec<(Uuid,)> = fetch_all!(conn, (Uuid,), sql, nu, maximaal)?;
    Ok(rijen.into_iter().map(|(id,)| MaatregelId(id)).collect())
}

/// The policy that the kept clocks follow, in one line; none when they were never built.
pub async fn beleid(conn: &mut Conn<'_>) -> Result<Option<String>, StoreError> {
    let sql = "-- klokken::beleid
        select regel from beleid where id = 1";
    let rij: Option<(String,)> = fetch_optional!(conn, (String,), sql)?;
    Ok(rij.map(|(regel,)| regel))
}

/// Notes the policy that the kept clocks follow.
pub async fn zet_beleid(conn: &mut Conn<'_>, regel: &str) -> Result<(), StoreError> {
    let sql = "-- klokken::zet_beleid
        insert into beleid (id, regel) values (1, $1) on conflict (id) do update set regel = excluded.regel";
    execute!(conn, sql, regel)?;
    Ok(())
}

/// Cases that clocks are kept of and that do not exist.
pub async fn zonder_zaak(conn: &mut Conn<'_>) -> Result<Vec<MaatregelId>, StoreError> {
    let sql = "-- klokken::zonder_zaak
        select maatregel_id from klokken where not exists (
            select 1 from gebeurtenissen g where g.maatregel_id = klokken.maatregel_id)";
    let rijen: Vec<(Uuid,)> = fetch_all!(conn, (Uuid,), sql)?;
    Ok(rijen.into_iter().map(|(id,)| MaatregelId(id)).collect())
}

/// Removes the clocks of cases that do not exist.
pub async fn wis_zonder_zaak(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    let sql = "-- klokken::wis_zonder_zaak
        delete from klokken where not exists (
            select 1 from gebeurtenissen g where g.maatregel_id = klokken.maatregel_id)";
    execute!(conn, sql)?;
    Ok(())
}
