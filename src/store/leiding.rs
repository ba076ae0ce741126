//! The row that says which hub leads. Who may take it and when is not decided here.

use super::StoreError;
use super::statement::Conn;

/// Who leads, and the count of its beats.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Stand {
    /// The name that the leading hub made at its start; empty when none leads.
    pub houder: String,
    /// Raised with every change.
    pub slag: i64,
}

/// As it is now.
pub async fn lees(conn: &mut Conn<'_>) -> Result<Stand, StoreError> {
    let sql = "-- leiding::lees
        select houder, slag from leiding where id = 1";
    Ok(fetch_one!(conn, Stand, sql)?)
}

/// Takes or keeps the lead, when the row still is as it was read: whether it did. An empty name gives the lead up.
pub async fn zet(conn: &mut Conn<'_>, houder: &str, was: &Stand) -> Result<bool, StoreError> {
    let sql = "-- leiding::zet
        update leiding set houder = $1, slag = slag + 1 where id = 1 and houder = $2 and slag = $3";
    Ok(execute!(conn, sql, houder, was.houder.as_str(), was.slag)? == 1)
}
