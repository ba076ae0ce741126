//! The yardstick of the database: how many rows of the size of a message it makes durable in a second, each in a transaction of its own,
//! without a hub. PostgreSQL is measured by its own `pgbench`, SQLite by single-row transactions on one connection.

use std::path::Path;
use std::process::Command;
use std::str::FromStr as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};

use super::postgres;

/// Clients of pgbench at once.
const CLIENTS: usize = 32;
/// Its table.
const TABLE: &str =
    "create table if not exists ketenhub_bench_rij (nr bigint generated always as identity primary key, inhoud text not null)";

/// What is inserted into, and how.
#[derive(Debug)]
pub(super) enum Bare {
    /// A server, by pgbench.
    Postgres { url: String, bytes: usize, script: std::path::PathBuf, program: std::path::PathBuf },
    /// A file of its own beside that of the hub.
    Sqlite { connection: SqliteConnection, inhoud: String },
}

impl Bare {
    /// Makes the table. An error says why this yardstick cannot be used.
    pub(super) async fn prepare(url: &str, folder: &Path, bytes: usize) -> anyhow::Result<Bare> {
        if url.starts_with("sqlite:") {
            return Bare::sqlite(folder, bytes).await;
        }
        let program = postgres::program("pgbench").context("pgbench is not installed, so the bare insert rate is not measured")?;
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql(TABLE).execute(&mut connection).await?;
        connection.close().await?;
        let script = folder.join("rij.sql");
        std::fs::write(&script, "insert into ketenhub_bench_rij (inhoud) values (:inhoud);\n")?;
        Ok(Bare::Postgres { url: url.to_owned(), bytes, script, program })
    }

    async fn sqlite(folder: &Path, bytes: usize) -> anyhow::Result<Bare> {
        let options = SqliteConnectOptions::from_str(&format!("sqlite:{}", folder.join("rij.db").display()))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let mut connection = options.connect().await?;
        sqlx::raw_sql("create table ketenhub_bench_rij (nr integer primary key, inhoud text not null)").execute(&mut connection).await?;
        Ok(Bare::Sqlite { connection, inhoud: "m".repeat(bytes) })
    }

    /// What it does, in words.
    pub(super) fn how(&self) -> String {
        match self {
            Bare::Postgres { bytes, .. } => format!("pgbench -M prepared, {CLIENTS} clients, a row of {bytes} bytes a transaction"),
            Bare::Sqlite { inhoud, .. } => format!("SQLite, one connection, a row of {} bytes a transaction", inhoud.len()),
        }
    }

    /// Rows a second.
    pub(super) async fn measure(&mut self, duration: Duration) -> anyhow::Result<f64> {
        match self {
            Bare::Postgres { url, bytes, script, program } => {
                let mut command = Command::new(program);
                command.args(["-n", "-M", "prepared", "-j", "2", "-c", &CLIENTS.to_string()]);
                command.args(["-T", &duration.as_secs().max(1).to_string(), "-D", &format!("inhoud={}", "m".repeat(*bytes))]);
                command.arg("-f").arg(script).arg(url);
                let output = tokio::task::spawn_blocking(move || command.output()).await??;
                let text = String::from_utf8_lossy(&output.stdout);
                let Some(tps) = tps(&text).filter(|_| output.status.success()) else {
                    bail!("pgbench failed: {}", String::from_utf8_lossy(&output.stderr));
                };
                Ok(tps)
            }
            Bare::Sqlite { connection, inhoud } => {
                let begin = Instant::now();
                let mut rows = 0_u32;
                while begin.elapsed() < duration {
                    sqlx::query("insert into ketenhub_bench_rij (inhoud) values ($1)").bind(&*inhoud).execute(&mut *connection).await?;
                    rows += 1;
                }
                Ok(f64::from(rows) / begin.elapsed().as_secs_f64())
            }
        }
    }
}

/// Transactions a second, without the time that connecting took.
fn tps(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("tps = "))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_from_what_pgbench_says() {
        let said =
            "number of failed transactions: 0 (0.000%)\nlatency average = 1.5 ms\ntps = 20876.125 (without initial connection time)\n";
        assert_eq!(tps(said), Some(20876.125));
        assert_eq!(tps("pgbench: error: connection failed\n"), None);
    }
}
