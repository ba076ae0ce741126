//! The tally of attempts to question a bepaling; what else supervision counts, it counts in cases.

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
