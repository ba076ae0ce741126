//! The only code that knows sqlx, but for the yardstick of the load generator. One SQL text serves SQLite and PostgreSQL; what really differs
//! stands in `dialect`. It takes no decisions: what may be stored was decided in `domain`, and only what was admitted there can be stored.

#[macro_use]
mod statement;
mod dialect;
mod postgres;

pub mod audit;
pub mod bel;
pub mod berichten;
pub mod bewaring;
pub mod catalogus;
pub mod deelnemers;
pub mod eigen;
pub mod klokken;
pub mod leiding;
pub mod logboek;
pub mod paginas;
pub mod postvak;
mod ruimte;
pub mod sleutels;
pub mod tekens;
pub mod toezicht;
mod waarborg;
pub mod zaken;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, PgConnection, Sqlite, SqlitePool};

pub use postgres::{Duurzaam, Verbinding};
use postgres::{Lichting, Voorraad};
pub use statement::Conn;

use crate::kluis::KluisFout;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, is too busy or went away; whether the last commit counts is not known. Trying again helps.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// It holds what cannot be: stop and look.
    #[error("the database holds what cannot be: table {table}, column {column}, key {key}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The key of the row.
        key: String,
    },
    /// Its settings or schema are not those this programme can work with.
    #[error("the database is not fit for use: {0}")]
    Unfit(String),
    /// Too much of it was not handed to the external logbook yet. Trying again helps when that is back.
    #[error("the external logbook is too far behind")]
    LogboekAchter,
    /// What is sealed in it cannot be opened with the keys at hand.
    #[error(transparent)]
    Kluis(#[from] KluisFout),
    /// Somebody else wrote since it was last looked at, and nothing was done. Looking again helps.
    #[error(transparent)]
    Verschoven(#[from] Verschoven),
    /// A statement failed: an error of the programme.
    #[error("a statement failed")]
    Statement(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        match &error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::Tls(_) => {
                StoreError::Unavailable(error)
            }
            // Somebody else answered, or the server stopped in the middle of a word.
            sqlx::Error::Protocol(_) => StoreError::Unavailable(error),
            sqlx::Error::Database(database) if dialect::is_passing(database.code().as_deref()) => StoreError::Unavailable(error),
            sqlx::Error::AnyDriverError(fout) if fout.is::<Verschoven>() => StoreError::Verschoven(Verschoven),
            _ => StoreError::Statement(error),
        }
    }
}

/// Somebody else wrote.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the database is not as it was last seen")]
pub struct Verschoven;

/// A row that should not exist.
pub fn corrupt(table: &'static str, column: &'static str, key: impl ToString) -> StoreError {
    StoreError::Corrupt { table, column, key: key.to_string() }
}

/// The database.
#[derive(Clone, Debug)]
pub struct Store {
    pools: Pools,
}

#[derive(Clone, Debug)]
enum Pools {
    /// One connection writes, some read beside it.
    Sqlite { write: SqlitePool, read: SqlitePool },
    /// Those that write wait for each other; nobody who reads waits for them.
    Postgres { write: Voorraad, read: Voorraad, opties: Box<PgConnectOptions> },
}

/// How many connections read beside the writer.
const READERS: u32 = 4;
/// How many connections to PostgreSQL read at most, and how many write: the writer with what it prepares, and beside it changes of the
/// register and keys.
const POSTGRES_READERS: usize = 8;
const POSTGRES_WRITERS: usize = 3;
/// How long to wait for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);

impl Store {
    /// Opens `sqlite:PATH` (made when it is not there) or `postgres://…`, and refuses a database that acknowledges before it is durable.
    pub async fn open(url: &str) -> Result<Store, StoreError> {
        let pools = if url.starts_with("sqlite:") { open_sqlite(url).await? } else { open_postgres(url).await? };
        let store = Store { pools };
        dialect::require_durable(&mut store.read().await?.conn()).await?;
        Ok(store)
    }

    /// Brings the schema up to date; refuses a schema that is newer than this programme, and one of before the audit log was sealed when it
    /// holds messages.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        dialect::require_sealed(&mut self.read().await?.conn()).await?;
        let outcome = match &self.pools {
            Pools::Sqlite { write, .. } => sqlx::migrate!("migrations/sqlite").run(write).await,
            Pools::Postgres { opties, .. } => sqlx::migrate!("migrations/postgres").run(&mut onbegrensd(opties).await?).await,
        };
        outcome.map_err(|error| match error {
            sqlx::migrate::MigrateError::VersionMissing(version) => {
                StoreError::Unfit(format!("its schema has version {version}, which is newer than this programme"))
            }
            sqlx::migrate::MigrateError::Execute(error) => StoreError::from(error),
            other => StoreError::Unfit(other.to_string()),
        })
    }

    /// Begins a writing transaction. It holds the row of `reeks`, so it is the only one, on whichever hub.
    pub async fn write(&self) -> Result<(Tx, Reeks), StoreError> {
        self.write_na(None, None).await
    }

    /// The same for whoever knows the numbers since it gave them out itself. On PostgreSQL nothing is asked then: the transaction begins with
    /// the first statement that cannot be put off, and is a single statement when there is none. When somebody else wrote since, it ends in
    /// `StoreError::Verschoven`, having done nothing.
    ///
    /// With `na` it follows upon a transaction that gave out those numbers and may not be durable yet: what needs no question goes on
    /// meanwhile, and the first question waits for it. When it does not become durable this one ends in the same way.
    pub async fn write_na(&self, bekend: Option<&Reeks>, na: Option<Duurzaam>) -> Result<(Tx, Reeks), StoreError> {
        match &self.pools {
            Pools::Sqlite { write, .. } => {
                if let Some(mut na) = na {
                    na.wait_for(|duurzaam| *duurzaam).await.map_err(|_| Verschoven)?;
                }
                let mut tx = Tx::Sqlite(Schrijving::begin(write.acquire().await?).await?);
                let reeks = fetch_one!(&mut tx.conn(), Reeks, REEKS_OP_SLOT)?;
                Ok((tx, reeks))
            }
            Pools::Postgres { write, .. } => {
                let mut conn = write.neem().await?;
                if let Some(na) = na {
                    conn.wacht_op(na);
                }
                let reeks = match bekend {
                    None => conn.begin().await?,
                    Some(reeks) => {
                        conn.beloof(reeks.clone());
                        reeks.clone()
                    }
                };
                Ok((Tx::Postgres(conn), reeks))
            }
        }
    }

    /// Whether there is something to prepare of a transaction while the one before it is made durable.
    pub fn loopt_vooruit(&self) -> bool {
        matches!(self.pools, Pools::Postgres { .. })
    }

    /// Takes a connection for reading. Each statement sees all that was committed before it.
    pub async fn read(&self) -> Result<Lezing, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { read, .. } => Lezing::Sqlite(read.acquire().await?),
            Pools::Postgres { read, .. } => Lezing::Postgres(read.neem().await?),
        })
    }

    /// The connections of each pool: its name, how many there are and how many of them are idle.
    pub fn pools(&self) -> Vec<(&'static str, u32, usize)> {
        match &self.pools {
            Pools::Sqlite { write, read } => vec![("write", write.size(), write.num_idle()), ("read", read.size(), read.num_idle())],
            Pools::Postgres { write, read, .. } => {
                [("write", write), ("read", read)].map(|(naam, voorraad)| (naam, voorraad.telling().0, voorraad.telling().1)).to_vec()
            }
        }
    }

    /// Closes every connection; on SQLite this folds the write-ahead log into the file.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres { write, read, .. } => {
                read.sluit().await;
                write.sluit().await;
            }
        }
    }
}

async fn open_sqlite(url: &str) -> Result<Pools, StoreError> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(ACQUIRE)
        .pragma("secure_delete", "on")
        .pragma("wal_autocheckpoint", "4000")
        .statement_cache_capacity(statement::PREPARED)
        .disable_statement_logging();
    // The writer opens first: it makes the file and turns the write-ahead log on.
    let write = SqlitePoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE).connect_with(options.clone()).await?;
    let readers = SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(ACQUIRE);
    let read = readers.connect_with(options.pragma("query_only", "on")).await?;
    Ok(Pools::Sqlite { write, read })
}

async fn open_postgres(url: &str) -> Result<Pools, StoreError> {
    let opties = PgConnectOptions::from_str(url)?
        .application_name("ketenhub")
        .statement_cache_capacity(statement::PREPARED)
        // Work is bounded on the server too: a hub that is cut off must not hold the lock that the others wait for.
        .options([("statement_timeout", "10s"), ("idle_in_transaction_session_timeout", "5s"), ("lock_timeout", "5s"), ("jit", "off")])
        // Every statement asks for few rows by their key, or for all in the order of one. Planning each time costs more than most of them
        // do, a plan that was made while the tables were empty must not read them whole when they are full, and a plan that knows no limit
        // must not start workers for a page.
        .options([("plan_cache_mode", "force_generic_plan"), ("max_parallel_workers_per_gather", "0")])
        .options([("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")])
        .options([("enable_bitmapscan", "off"), ("enable_material", "off")])
        .disable_statement_logging();
    let lichting = Lichting::default();
    let write = Voorraad::nieuw(opties.clone(), POSTGRES_WRITERS, Arc::clone(&lichting));
    let read = Voorraad::nieuw(opties.clone(), POSTGRES_READERS, lichting);
    Ok(Pools::Postgres { write, read, opties: Box::new(opties) })
}

/// A connection for work that takes its time, outside the stock.
async fn onbegrensd(opties: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let opties = opties.clone().options([("statement_timeout", "0"), ("idle_in_transaction_session_timeout", "0"), ("lock_timeout", "0")]);
    opties.connect().await.map_err(StoreError::Unavailable)
}

/// A writing transaction. Dropped without `commit`, nothing of it happened.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Schrijving),
    /// On PostgreSQL.
    Postgres(Verbinding),
}

impl Tx {
    /// The connection, for statements.
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Tx::Sqlite(tx) => Conn::Sqlite(&mut tx.conn),
            Tx::Postgres(tx) => Conn::Postgres(tx.vraag_buiten(false)),
        }
    }

    /// The connection, for questions to which nobody but this hub can change the answer without changing the numbers. A transaction that did
    /// not begin yet does not begin for them, and they do not see what it put off.
    pub fn lees(&mut self) -> Conn<'_> {
        match self {
            Tx::Sqlite(tx) => Conn::Sqlite(&mut tx.conn),
            Tx::Postgres(tx) => Conn::Postgres(tx.vraag_buiten(true)),
        }
    }

    /// Waits until the transaction that it follows upon is durable.
    pub async fn volg(&mut self) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite(_) => Ok(()),
            Tx::Postgres(conn) => Ok(conn.volg().await?),
        }
    }

    /// Writes what was put off, so that nothing can be wrong with it any more when it is made durable.
    pub async fn voltooi(&mut self) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite(_) => Ok(()),
            Tx::Postgres(conn) => Ok(conn.voltooi().await?),
        }
    }

    /// Makes it durable. After `StoreError::Unavailable` it is not known whether it is; a repetition of the same messages tells.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Tx::Sqlite(mut tx) => tx.commit().await.map_err(StoreError::Unavailable),
            Tx::Postgres(mut conn) => conn.commit().await,
        }
    }
}

/// A writing transaction on SQLite. Left open, its connection is closed: SQLite ends a transaction by itself when the disk is full, and a
/// connection of which that is not known is of no more use.
#[derive(Debug)]
pub struct Schrijving {
    conn: PoolConnection<Sqlite>,
    open: bool,
}

impl Schrijving {
    async fn begin(conn: PoolConnection<Sqlite>) -> Result<Schrijving, sqlx::Error> {
        let mut begonnen = Schrijving { conn, open: true };
        sqlx::raw_sql("begin immediate").execute(&mut *begonnen.conn).await?;
        Ok(begonnen)
    }

    async fn commit(&mut self) -> Result<(), sqlx::Error> {
        sqlx::raw_sql("commit").execute(&mut *self.conn).await?;
        self.open = false;
        Ok(())
    }
}

impl Drop for Schrijving {
    fn drop(&mut self) {
        if self.open {
            self.conn.close_on_drop();
        }
    }
}

/// A connection for reading.
#[derive(Debug)]
pub enum Lezing {
    /// To SQLite.
    Sqlite(PoolConnection<Sqlite>),
    /// To PostgreSQL.
    Postgres(Verbinding),
}

impl Lezing {
    /// The connection, for statements.
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Lezing::Sqlite(conn) => Conn::Sqlite(conn),
            Lezing::Postgres(conn) => Conn::Postgres(conn),
        }
    }
}

/// The numbers last given out.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Reeks {
    /// To a message.
    pub bericht: i64,
    /// To an audit record.
    pub audit: i64,
    /// To a change of the register.
    pub register: i64,
    /// Frontier of the audit tree: hashes of the full subtrees it consists of, the largest first.
    pub boom: Vec<u8>,
    /// The last signed checkpoint of the audit log; empty while it is.
    pub hoofd: String,
}

/// The update changes nothing: it locks the row where rows can be locked, and reads it.
const REEKS_OP_SLOT: &str = "-- reeks_op_slot
    update reeks set bericht = bericht where id = 1 returning bericht, audit, register, boom, hoofd";

/// Reads the row when the numbers are those that follow.
const REEKS_ONVERANDERD: &str = "-- reeks_onveranderd
    select from reeks where id = 1 and (bericht, audit, register, boom, hoofd) =";

/// Writes the numbers last given out.
pub async fn schrijf_reeks(conn: &mut Conn<'_>, reeks: &Reeks) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- schrijf_reeks
        with nu (bericht, audit, register, boom, hoofd) as (",
        ") update reeks set bericht = nu.bericht, audit = nu.audit, register = nu.register, boom = nu.boom, hoofd = nu.hoofd
        from nu where id = 1",
        &[reeks],
        |r| [r.bericht, r.audit, r.register, r.boom.as_slice(), r.hoofd.as_str()]
    );
    Ok(())
}

/// Reads the numbers last given out, without locking.
pub async fn lees_reeks(conn: &mut Conn<'_>) -> Result<Reeks, StoreError> {
    let sql = "-- lees_reeks
        select bericht, audit, register, boom, hoofd from reeks where id = 1";
    Ok(fetch_one!(conn, Reeks, sql)?)
}
