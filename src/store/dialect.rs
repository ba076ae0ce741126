//! The few real differences between SQLite and PostgreSQL. Everything else is one SQL text.

use super::StoreError;
use super::statement::Conn;

/// SQLSTATE classes and SQLite codes after which trying again helps: connection, resources, operator intervention, lock and
/// serialisation on PostgreSQL; busy, locked, an error of the disk, a full one and a file that cannot be opened on SQLite.
pub fn is_passing(code: Option<&str>) -> bool {
    let Some(code) = code else { return false };
    if code.len() == 5 {
        return ends_connection(Some(code)) || ["08", "53", "57", "40", "55"].iter().any(|class| code.starts_with(class));
    }
    // The low byte of an extended code is the primary one.
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14))
}

/// SQLSTATEs after which a connection to PostgreSQL is of no more use: connection exceptions, shutdown and crash, a transaction left idle
/// too long, and a server that only reads, which is a standby that another connection may find promoted.
pub fn ends_connection(code: Option<&str>) -> bool {
    code.is_some_and(|code| code.len() == 5 && ["08", "57P", "25P03", "25006"].iter().any(|class| code.starts_with(class)))
}

/// The schema in which the audit log was sealed. What an earlier one holds of messages cannot be made whole.
const VERZEGELD: i64 = 4;

/// Refuses messages of an earlier version, which kept their bodies in clear and its records without a seal.
pub async fn require_sealed(conn: &mut Conn<'_>) -> Result<(), StoreError> {
    let sql = match conn {
        Conn::Sqlite(_) => "select count(*) from sqlite_master where type = 'table' and name = '_sqlx_migrations'",
        Conn::Postgres(_) => {
            "select count(*) from pg_catalog.pg_tables where schemaname = current_schema() and tablename = '_sqlx_migrations'"
        }
    };
    if fetch_one!(conn, (i64,), sql)?.0 == 0 {
        return Ok(());
    }
    let versie: (Option<i64>,) = fetch_one!(conn, (Option<i64>,), "select max(version) from _sqlx_migrations")?;
    let Some(versie) = versie.0.filter(|versie| (1..VERZEGELD).contains(versie)) else { return Ok(()) };
    if fetch_one!(conn, (bool,), "select exists (select 1 from berichten)")?.0 {
        return Err(StoreError::Unfit(format!(
            "its schema has version {versie}, of which messages and audit records are neither encrypted nor sealed; finish them with that version and begin with an empty database"
        )));
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        for code in ["5", "6", "13", "778", "1034", "53100", "57P01", "40001", "55P03", "25006", "08006"] {
            assert!(is_passing(Some(code)), "{code}");
        }
        for code in ["1", "19", "2067", "23505", "42P01", "22003"] {
            assert!(!is_passing(Some(code)), "{code}");
        }
        assert!(!is_passing(None));
    }
}
