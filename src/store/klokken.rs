//! Where the norm clocks stand: kept beside the messages, in the same transaction. It measures nothing: that is `domain::klok`.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::StoreError;
use super::statement::Conn;
use crate::domain::ids::MaatregelId;
use crate::domain::klok::{Klok, Stand};

/// One clock as it is kept; see the schema.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Rij {
    maatregel_id: Uuid,
    norm: i16,
    nummer: i32,
    houder: String,
    start: Option<String>,
    uiterlijk: Option<String>,
    gestopt: Option<String>,
    gestopt_inspectie: Option<String>,
    toegelicht_op: Option<i64>,
    doorbraak: i16,
    bezwaar: i16,
    einde: Option<String>,
    volgende_op: Option<i64>,
}

impl Rij {
    /// The case.
    pub fn zaak(&self) -> MaatregelId {
        MaatregelId(self.maatregel_id)
    }
}

/// What is kept of the clocks of a case, in their order.
pub fn rijen(stand: &Stand) -> Vec<Rij> {
    let mut rijen: Vec<_> = stand.klokken.iter().map(|klok| rij(stand, klok)).collect();
    rijen.sort_by_key(|rij| (rij.norm, rij.nummer));
    rijen
}

fn rij(stand: &Stand, klok: &Klok) -> Rij {
    let text = |dag: Option<NaiveDate>| dag.map(|dag| dag.to_string());
    let micros = |moment: DateTime<Utc>| moment.timestamp_micros();
    let volgende = stand.waarschuwingen(klok).map(|waarschuwing| waarschuwing.bereikt_op).min();
    Rij {
        maatregel_id: stand.zaak.id.0,
        norm: i16::try_from(klok.norm as i32).unwrap_or_default(),
        nummer: i32::try_from(klok.nummer).unwrap_or_default(),
        houder: stand.zaak.laatste_houder().to_string(),
        start: text(klok.looptijd.map(|looptijd| looptijd.start)),
        uiterlijk: text(klok.looptijd.map(|looptijd| looptijd.uiterlijk)),
        gestopt: text(klok.gestopt),
        gestopt_inspectie: text(klok.gestopt_inspectie),
        toegelicht_op: klok.toegelicht_op.map(micros),
        doorbraak: i16::from(klok.doorbraak),
        bezwaar: klok.bezwaar.map_or(0, |bezwaar| i16::try_from(bezwaar as i32).unwrap_or_default()),
        einde: text(klok.einde),
        volgende_op: volgende.map(micros),
    }
}

/// Writes the clocks of cases in the place of what was kept of them. `bekend` are those cases that were there before.
pub async fn schrijf(conn: &mut Conn<'_>, bekend: &[MaatregelId], rijen: &[Rij]) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- klokken::wis
        delete from klokken where maatregel_id in (",
        ")",
        bekend,
        |maatregel| [maatregel.0]
    );
    execute_rows!(
        conn,
        "-- klokken::schrijf
        insert into klokken (maatregel_id, norm, nummer, houder, start, uiterlijk, gestopt, gestopt_inspectie, toegelicht_op, doorbraak,
            bezwaar, einde, volgende_op)",
        "",
        rijen,
        |rij| [
            rij.maatregel_id,
            rij.norm,
            rij.nummer,
            &rij.houder,
            &rij.start,
            &rij.uiterlijk,
            &rij.gestopt,
            &rij.gestopt_inspectie,
            rij.toegelicht_op,
            rij.doorbraak,
            rij.bezwaar,
            &rij.einde,
            rij.volgende_op
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
        select maatregel_id, norm, nummer, houder, start, uiterlijk, gestopt, gestopt_inspectie, toegelicht_op, doorbraak, bezwaar, einde,
            volgende_op
        from klokken where maatregel_id in (",
        ") order by maatregel_id, norm, nummer",
        maatregelen,
        |maatregel| [maatregel.0]
    ))
}

/// Cases with a warning whose moment has come, the longest due first, at most `maximaal` clocks.
pub async fn aan_de_beurt(conn: &mut Conn<'_>, nu: i64, maximaal: i64) -> Result<Vec<MaatregelId>, StoreError> {
    let sql = "-- klokken::aan_de_beurt
        select maatregel_id from klokken where volgende_op is not null and volgende_op <= $1 order by volgende_op limit $2";
    let rijen: Vec<(Uuid,)> = fetch_all!(conn, (Uuid,), sql, nu, maximaal)?;
    let mut zaken: Vec<_> = rijen.into_iter().map(|(id,)| MaatregelId(id)).collect();
    zaken.sort_unstable();
    zaken.dedup();
    Ok(zaken)
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
        select distinct maatregel_id from klokken where maatregel_id not in (select maatregel_id from gebeurtenissen)";
    let rijen: Vec<(Uuid,)> = fetch_all!(conn, (Uuid,), sql)?;
    Ok(rijen.into_iter().map(|(id,)| MaatregelId(id)).collect())
}

/// Removes the clocks of cases that do not exist.
pub async fn wis_zonder_zaak(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    let sql = "-- klokken::wis_zonder_zaak
        delete from klokken where maatregel_id not in (select maatregel_id from gebeurtenissen)";
    execute!(conn, sql)?;
    Ok(())
}
