//! Public keys with which receipts verify. Private keys are never in the database.

use super::StoreError;
use super::statement::Conn;

/// Keeps a public key; one that is known stays as it is.
pub async fn bewaar(conn: &mut Conn<'_>, sleutel_id: &str, publiek: &[u8], sinds: i64) -> Result<(), StoreError> {
    let sql = "-- sleutels::bewaar
        insert into sleutels (sleutel_id, publieke_sleutel, sinds) values ($1, $2, $3) on conflict do nothing";
    execute!(conn, sql, sleutel_id, publiek, sinds)?;
    Ok(())
}

/// Every key, the latest first.
pub async fn alle(conn: &mut Conn<'_>) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let sql = "-- sleutels::alle
        select sleutel_id, publieke_sleutel from sleutels order by sinds desc, sleutel_id";
    Ok(fetch_all!(conn, (String, Vec<u8>), sql)?)
}
