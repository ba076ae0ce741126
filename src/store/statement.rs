//! Binds one SQL text to both drivers. Results come back as one `FromRow` type per query.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::SqliteConnection;

pub use super::postgres::Verbinding;

/// A connection to either database.
#[derive(Debug)]
pub enum Conn<'a> {
    /// SQLite.
    Sqlite(&'a mut SqliteConnection),
    /// PostgreSQL.
    Postgres(&'a mut Verbinding),
}

/// At most this many rows in one statement, and about so many parameters: what is bound is held until it is done.
const GROUP: usize = 32;
const PARAMETERS: usize = 320;

/// Splits rows of so many columns into groups for one statement each. There is one text for each size, so that all of them stay prepared.
pub fn groups<T>(rows: &[T], columns: usize) -> std::slice::Chunks<'_, T> {
    rows.chunks((PARAMETERS / columns).clamp(1, GROUP))
}

/// How many statement texts a connection keeps prepared: every size of every statement for many rows, and the single ones.
pub const PREPARED: usize = 16 * GROUP;

/// `(?, ?), (?, ?)` for two rows of two columns; made once for each shape. Without numbers: SQLite finds a parameter with a name by walking
/// through those before it, so that the cost of a statement would grow with their square.
pub fn placeholders(columns: usize, rows: usize) -> Arc<str> {
    static MADE: Mutex<BTreeMap<(usize, usize), Arc<str>>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let row = format!("({})", vec!["?"; columns].join(", "));
    Arc::clone(made.entry((columns, rows)).or_insert_with(|| vec![row; rows].join(", ").into()))
}

/// `unnest($1), unnest($2)`, after so many others: rows from an array a column. As a list of what is selected, the server makes a row when it
/// is needed; in a `from` it keeps them all first.
pub fn kolommen(before: usize, columns: usize) -> String {
    (before + 1..=before + columns).map(|column| format!("unnest(${column})")).collect::<Vec<_>>().join(", ")
}

/// `$1, $2, $3`, after so many others.
pub fn parameters(before: usize, columns: usize) -> String {
    (before + 1..=before + columns).map(|column| format!("${column}")).collect::<Vec<_>>().join(", ")
}

/// Runs a query on a connection to PostgreSQL, after what was put off there, within its time, and says to the connection how it ended.
macro_rules! on_postgres {
    ($conn:expr, $query:expr, $method:ident) => {{
        let conn = $conn;
        let query = $query;
        match conn.aan_de_beurt().await {
            Ok(open) => {
                let outcome = $crate::store::postgres::binnen_de_tijd(query.$method(open)).await;
                conn.klaar(outcome)
            }
            Err(error) => Err(error),
        }
    }};
}

/// Runs a query text with its binds on either driver and hands the future's result back.
macro_rules! on_both {
    ($conn:expr, $query:expr, $method:ident $(, $bind:expr)*) => {
        match $conn {
            $crate::store::statement::Conn::Sqlite(conn) => $query$(.bind($bind))*.$method(&mut **conn).await,
            $crate::store::statement::Conn::Postgres(conn) => on_postgres!(conn, $query$(.bind($bind))*, $method),
        }
    };
}

macro_rules! fetch_all {
    ($conn:expr, $row:ty, $sql:expr $(, $bind:expr)*) => { on_both!($conn, sqlx::query_as::<_, $row>($sql), fetch_all $(, $bind)*) };
}

macro_rules! fetch_optional {
    ($conn:expr, $row:ty, $sql:expr $(, $bind:expr)*) => { on_both!($conn, sqlx::query_as::<_, $row>($sql), fetch_optional $(, $bind)*) };
}

macro_rules! fetch_one {
    ($conn:expr, $row:ty, $sql:expr $(, $bind:expr)*) => { on_both!($conn, sqlx::query_as::<_, $row>($sql), fetch_one $(, $bind)*) };
}

macro_rules! execute {
    ($conn:expr, $sql:expr $(, $bind:expr)*) => {
        match $conn {
            $crate::store::statement::Conn::Sqlite(conn) => sqlx::query($sql)$(.bind($bind))*.execute(&mut **conn).await.map(|done| done.rows_affected()),
            $crate::store::statement::Conn::Postgres(conn) => {
                on_postgres!(conn, sqlx::query($sql)$(.bind($bind))*, execute).map(|done| done.rows_affected())
            }
        }
    };
}

/// One statement for many rows that returns none. SQLite gets `$head values (…), (…) $tail`, in groups; PostgreSQL
/// `$head select unnest(…), … $tail` with one array a column, whose text is the same for any number of rows: always prepared, and in a
/// transaction put off until something is asked or it ends, so that those that follow each other are one round trip. They must not need each
/// other's outcome. The text is built from constants only.
macro_rules! execute_rows {
    ($conn:expr, $head:expr, $tail:expr, $rows:expr, |$row:ident| [$($bind:expr),+ $(,)?]) => {{
        const COLUMNS: usize = [$(stringify!($bind)),+].len();
        let rows = $rows;
        match $conn {
            $crate::store::statement::Conn::Sqlite(conn) => {
                for group in $crate::store::statement::groups(rows, COLUMNS) {
                    let sql = format!("{} values {} {}", $head, $crate::store::statement::placeholders(COLUMNS, group.len()), $tail);
                    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
                    for $row in group { query = query$(.bind($bind))+; }
                    query.execute(&mut **conn).await?;
                }
            }
            $crate::store::statement::Conn::Postgres(conn) if !rows.is_empty() => {
                conn.stel_uit(($head, $tail), COLUMNS, |values| {
                    $(sqlx::Arguments::add(values, rows.iter().map(|$row| ($row, $bind).1).collect::<Vec<_>>())?;)+
                    Ok(())
                })
                .await?;
            }
            $crate::store::statement::Conn::Postgres(_) => {}
        }
    }};
}

/// As `execute_rows!`, for statements that return rows.
macro_rules! fetch_rows {
    ($conn:expr, $type:ty, $head:expr, $tail:expr, $rows:expr, |$row:ident| [$($bind:expr),+ $(,)?]) => {{
        const COLUMNS: usize = [$(stringify!($bind)),+].len();
        let rows = $rows;
        let mut found: Vec<$type> = Vec::new();
        match $conn {
            $crate::store::statement::Conn::Sqlite(conn) => {
                for group in $crate::store::statement::groups(rows, COLUMNS) {
                    let sql = format!("{} values {} {}", $head, $crate::store::statement::placeholders(COLUMNS, group.len()), $tail);
                    let mut query = sqlx::query_as::<_, $type>(sqlx::AssertSqlSafe(sql));
                    for $row in group { query = query$(.bind($bind))+; }
                    found.extend(query.fetch_all(&mut **conn).await?);
                }
            }
            $crate::store::statement::Conn::Postgres(conn) if !rows.is_empty() => {
                let sql = format!("{} select {} {}", $head, $crate::store::statement::kolommen(0, COLUMNS), $tail);
                let query = sqlx::query_as::<_, $type>(sqlx::AssertSqlSafe(sql))$(.bind(rows.iter().map(|$row| ($row, $bind).1).collect::<Vec<_>>()))+;
                found = on_postgres!(conn, query, fetch_all)?;
            }
            $crate::store::statement::Conn::Postgres(_) => {}
        }
        found
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_hold_every_row_once_and_in_order() {
        for length in [0, 1, 3, 4, 5, 63, 64, 65, 200] {
            let rows: Vec<usize> = (0..length).collect();
            for columns in [1, 2, 16, 200] {
                let grouped: Vec<usize> = groups(&rows, columns).flatten().copied().collect();
                assert_eq!(grouped, rows);
                assert!(groups(&rows, columns).all(|group| group.len() == 1 || group.len() * columns <= PARAMETERS));
            }
        }
        assert_eq!(&*placeholders(2, 2), "(?, ?), (?, ?)");
    }
}
