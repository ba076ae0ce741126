//! How far the audit log was handed to an external logbook. It says nothing of what is in the records, and sends nothing.

use super::StoreError;
use super::statement::Conn;

/// Every record up to this number was acknowledged by the external logbook.
pub async fn tot(conn: &mut Conn<'_>) -> Result<i64, StoreError> {
    let sql = "-- logboek::tot
        select tot from logboek where id = 1";
    Ok(fetch_one!(conn, (i64,), sql)?.0)
}

/// Moves the cursor on, when it still is where it was read: whether it moved. Another hub may have been first.
pub async fn verzet(conn: &mut Conn<'_>, van: i64, tot: i64) -> Result<bool, StoreError> {
    let sql = "-- logboek::verzet
        update logboek set tot = $2 where id = 1 and tot = $1";
    Ok(execute!(conn, sql, van, tot)? == 1)
}

/// The moment of the oldest record about a person that was not handed over, in microseconds.
pub async fn oudste(conn: &mut Conn<'_>) -> Result<Option<i64>, StoreError> {
    let sql = "-- logboek::oudste
        select op from audit where betrokkene is not null and nr > (select tot from logboek where id = 1) order by nr limit 1";
    Ok(fetch_optional!(conn, (i64,), sql)?.map(|rij| rij.0))
}

/// How many records about a person were not handed over.
pub async fn achterstand(conn: &mut Conn<'_>) -> Result<i64, StoreError> {
    let sql = "-- logboek::achterstand
        select count(*) from audit where betrokkene is not null and nr > (select tot from logboek where id = 1)";
    Ok(fetch_one!(conn, (i64,), sql)?.0)
}
