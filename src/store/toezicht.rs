//! What supervision counts. Numbers only; the judgement of a norm is not made here.

use super::StoreError;
use super::statement::Conn;

/// Attempts of one gemeente to question a bepaling.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Pogingen {
    /// OIN of the gemeente.
    pub gemeente: String,
    /// How many.
    pub aantal: i64,
    /// The latest, in microseconds.
    pub laatste_op: i64,
}

/// Attempts per gemeente from one moment up to another, in microseconds.
pub async fn toetsingspogingen(conn: &mut Conn<'_>, vanaf: i64, tot: i64) -> Result<Vec<Pogingen>, StoreError> {
    let sql = "-- toezicht::toetsingspogingen
        select gemeente, count(*) as aantal, max(op) as laatste_op from toetsingspogingen
        where op >= $1 and op < $2 group by gemeente order by gemeente";
    Ok(fetch_all!(conn, Pogingen, sql, vanaf, tot)?)
}

/// An uitspraak that opened a case, with the moment its GI acknowledged it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Kennisgeving {
    /// OIN of the rechtbank.
    pub rechtbank: String,
    /// The Uitspraak as the hub keeps it.
    pub feit: Vec<u8>,
    /// The moment the first GI acknowledged it, in microseconds.
    pub ontvangen_op: Option<i64>,
}

/// Uitspraken that opened a case, accepted from one moment up to another, in microseconds.
pub async fn kennisgevingen(conn: &mut Conn<'_>, vanaf: i64, tot: i64) -> Result<Vec<Kennisgeving>, StoreError> {
    let sql = "-- toezicht::kennisgevingen
        select g.betrokkene as rechtbank, g.feit as feit,
            (select min(o.op) from gebeurtenissen o
             where o.maatregel_id = g.maatregel_id and o.volgnummer = g.volgnummer and o.soort = 1 and o.rol = 2) as ontvangen_op
        from gebeurtenissen g
        where g.soort = 0 and g.op >= $1 and g.op < $2 and g.feit is not null
            and g.volgnummer = (select min(e.volgnummer) from gebeurtenissen e where e.maatregel_id = g.maatregel_id)
        order by g.volgnummer";
    Ok(fetch_all!(conn, Kennisgeving, sql, vanaf, tot)?)
}

/// The ids of all cases.
pub async fn zaken(conn: &mut Conn<'_>) -> Result<Vec<uuid::Uuid>, StoreError> {
    let sql = "-- toezicht::zaken
        select distinct maatregel_id from gebeurtenissen order by maatregel_id";
    let rijen: Vec<(uuid::Uuid,)> = fetch_all!(conn, (uuid::Uuid,), sql)?;
    Ok(rijen.into_iter().map(|(id,)| id).collect())
}
