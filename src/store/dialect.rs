//! The few real differences between SQLite and PostgreSQL. Everything else is one SQL text.

use super::StoreError;
use super::statement::Conn;

/// SQLSTATE classes and SQLite codes after which trying again helps: connection, resources, operator intervention, lock and
/// serialisation on PostgreSQL; busy and locked on SQLite.
pub fn is_passing(code: Option<&str>) -> bool {
    let Some(code) = code else { return false };
    let sqlite_busy = matches!(code, "5" | "6" | "261" | "517" | "262");
    sqlite_busy || ["08", "53", "57", "40", "55"].iter().any(|class| code.len() == 5 && code.starts_with(class))
}

/// Refuses a database that says "done" before it is on disk.
pub async fn require_durable(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(_) => {
            let mode: (String,) = fetch_one!(conn, (String,), "pragma journal_mode")?;
            let level: (i64,) = fetch_one!(conn, (i64,), "pragma synchronous")?;
            if mode.0 != "wal" || level.0 < 2 {
                return Err(StoreError::Unfit(format!("journal_mode is {}, synchronous is {}; wal and FULL are needed", mode.0, level.0)));
            }
        }
        Conn::Postgres(_) => {
            for (setting, sql) in
                [("fsync", "show fsync"), ("synchronous_commit", "show synchronous_commit"), ("full_page_writes", "show full_page_writes")]
            {
                let value: (String,) = fetch_one!(conn, (String,), sql)?;
                if !matches!(value.0.as_str(), "on" | "remote_apply" | "remote_write") {
                    return Err(StoreError::Unfit(format!("{setting} is {}; a receipt would be sent before it is durable", value.0)));
                }
            }
        }
    }
    Ok(())
}
