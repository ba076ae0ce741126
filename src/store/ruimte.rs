//! Gives back the space of what was deleted or replaced, so that nothing of it is left in the files of the database.

use std::time::Duration;

use sqlx::PgConnection;

use super::{Pools, Store, StoreError, onbegrensd};

/// The tables that hold what is destroyed one day, and the keys that opened it.
const TABELLEN: [&str; 6] = ["berichten", "zaaksleutels", "gebeurtenissen", "klokken", "relatie_einden", "hubsleutels"];

/// How long to wait before looking again who is still there.
const KIJK: Duration = Duration::from_millis(200);

impl Store {
    /// Rewrites the files so that nothing of what was deleted or replaced is left in them. On PostgreSQL this waits until every transaction
    /// has ended that was open, and then the tables are locked; its write-ahead log keeps what it holds until it is recycled.
    pub async fn verdicht(&self) -> Result<(), StoreError> {
        match &self.pools {
            Pools::Sqlite { write, .. } => {
                let mut conn = write.acquire().await?;
                for sql in ["vacuum", "pragma wal_checkpoint(truncate)"] {
                    sqlx::raw_sql(sql).execute(&mut *conn).await?;
                }
            }
            Pools::Postgres { opties, .. } => {
                let mut conn = onbegrensd(opties).await?;
                wacht_op_lezers(&mut conn).await?;
                for tabel in TABELLEN {
                    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("vacuum full {tabel}"))).execute(&mut conn).await?;
                }
                // What was rewritten reaches the disk with the next checkpoint, which not every role may ask for.
                let _ = sqlx::raw_sql("checkpoint").execute(&mut conn).await;
            }
        }
        Ok(())
    }
}

/// Waits until every transaction has ended that is open in this database now: what one of them may still read, a vacuum keeps. A vacuum of
/// the server itself reads nothing.
async fn wacht_op_lezers(conn: &mut PgConnection) -> Result<(), StoreError> {
    let open = "select l.virtualxid from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'virtualxid' and l.mode = 'ExclusiveLock' and a.datname = current_database() and a.pid <> pg_backend_pid()
          and not exists (select 1 from pg_stat_progress_vacuum v where v.pid = a.pid)";
    let mut lezers: Vec<String> = sqlx::query_scalar(open).fetch_all(&mut *conn).await?;
    while !lezers.is_empty() {
        tokio::time::sleep(KIJK).await;
        let er_nog: Vec<String> = sqlx::query_scalar(open).fetch_all(&mut *conn).await?;
        lezers.retain(|lezer| er_nog.contains(lezer));
    }
    Ok(())
}
