//! Connections to PostgreSQL, kept in stock. A connection goes back only when nothing is under way on it: what was left in the middle of a
//! statement or a transaction is closed, and its place is free again at once, also when the other side never answers. It knows no table.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, FromRow};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::statement::parameters;
use super::{StoreError, dialect};

/// How long to wait for a place, and for a connection.
const PLAATS: Duration = Duration::from_secs(5);
/// How long a statement may take before the connection is given up. The server gives up earlier, when it is there: see `open_postgres`.
const OPDRACHT: Duration = Duration::from_secs(12);

/// Raised when a connection turned out dead: others of its time are not trusted either, of whichever stock.
pub type Lichting = Arc<AtomicU64>;

/// A stock of connections with the same settings.
#[derive(Clone, Debug)]
pub struct Voorraad {
    opties: Box<PgConnectOptions>,
    lichting: Lichting,
    plaatsen: Arc<Semaphore>,
    stand: Arc<Mutex<Stand>>,
}

#[derive(Debug, Default)]
struct Stand {
    /// Each with its lichting.
    vrij: Vec<(u64, PgConnection)>,
    /// How many are open, in use or not.
    open: u32,
    gesloten: bool,
}

impl Voorraad {
    /// A stock of at most so many; makes none yet.
    pub fn nieuw(opties: PgConnectOptions, maximaal: usize, lichting: Lichting) -> Voorraad {
        Voorraad { opties: Box::new(opties), lichting, plaatsen: Arc::new(Semaphore::new(maximaal)), stand: Arc::default() }
    }

    /// Takes one, a new one when none is free.
    pub async fn neem(&self) -> Result<Verbinding, StoreError> {
        let plaats = timeout(PLAATS, Arc::clone(&self.plaatsen).acquire_owned()).await;
        let plaats = plaats.map_err(|_| StoreError::Unavailable(sqlx::Error::PoolTimedOut))?;
        let plaats = plaats.map_err(|_| StoreError::Unavailable(sqlx::Error::PoolClosed))?;
        let lichting = self.lichting.load(Ordering::Relaxed);
        let bekend = {
            let mut stand = slot(&self.stand);
            let voor = stand.vrij.len();
            stand.vrij.retain(|(van, _)| *van == lichting);
            stand.open -= u32::try_from(voor - stand.vrij.len()).unwrap_or(stand.open);
            stand.vrij.pop().map(|(_, conn)| conn)
        };
        let conn = match bekend {
            Some(conn) => conn,
            None => {
                let nieuw = timeout(PLAATS, self.opties.connect()).await;
                let nieuw = nieuw.map_err(|_| StoreError::Unavailable(sqlx::Error::PoolTimedOut))?;
                // Whatever kept it from being made, the database is not there for us.
                let nieuw = nieuw.map_err(StoreError::Unavailable)?;
                slot(&self.stand).open += 1;
                nieuw
            }
        };
        let (stand, actueel) = (Arc::clone(&self.stand), Arc::clone(&self.lichting));
        Ok(Verbinding {
            conn: Some(conn),
            lichting,
            actueel,
            opdracht: false,
            transactie: false,
            uitgesteld: Uitgesteld::default(),
            stand,
            _plaats: plaats,
        })
    }

    /// How many are open, and how many of them free.
    pub fn telling(&self) -> (u32, usize) {
        let stand = slot(&self.stand);
        (stand.open, stand.vrij.len())
    }

    /// Closes those that are free, and the others when they come back. Nobody gets one any more.
    pub async fn sluit(&self) {
        self.plaatsen.close();
        let vrij = {
            let mut stand = slot(&self.stand);
            stand.gesloten = true;
            stand.open -= u32::try_from(stand.vrij.len()).unwrap_or(stand.open);
            std::mem::take(&mut stand.vrij)
        };
        for (_, conn) in vrij {
            // A server that is gone needs no goodbye.
            let _ = timeout(PLAATS, conn.close()).await;
        }
    }
}

fn slot(stand: &Mutex<Stand>) -> MutexGuard<'_, Stand> {
    stand.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection in use.
#[derive(Debug)]
pub struct Verbinding {
    /// Absent only while it is dropped.
    conn: Option<PgConnection>,
    lichting: u64,
    actueel: Lichting,
    /// A statement is under way, or was when its caller went away.
    opdracht: bool,
    /// A transaction is open.
    transactie: bool,
    uitgesteld: Uitgesteld,
    stand: Arc<Mutex<Stand>>,
    _plaats: OwnedSemaphorePermit,
}

impl Verbinding {
    /// The connection, for one statement. Unless another statement of the store ends well after it, it is closed instead of kept.
    fn opdracht(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        self.opdracht = true;
        self.conn.as_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Says how the statement ended. A connection that failed is not used again, nor are those of its time.
    pub(super) fn klaar<T>(&mut self, uitkomst: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if uitkomst.as_ref().is_err_and(is_verbroken) {
            // Whoever says it first says it for all.
            let _ = self.actueel.compare_exchange(self.lichting, self.lichting + 1, Ordering::Relaxed, Ordering::Relaxed);
        } else {
            self.opdracht = false;
        }
        uitkomst
    }

    /// Opens a transaction with its first statement, which has no parameters and returns one row.
    pub(super) async fn begin<T: for<'r> FromRow<'r, PgRow>>(&mut self, sql: &'static str) -> Result<T, sqlx::Error> {
        self.transactie = true;
        let sql = AssertSqlSafe(format!("begin; {sql}"));
        let uitkomst = binnen_de_tijd(sqlx::raw_sql(sql).fetch_one(self.opdracht()?)).await;
        T::from_row(&self.klaar(uitkomst)?)
    }

    /// Ends it. After an error it is not known whether it is durable. Nothing may have been put off.
    pub(super) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        let uitkomst = binnen_de_tijd(sqlx::raw_sql("commit").execute(self.opdracht()?)).await;
        self.klaar(uitkomst)?;
        self.transactie = false;
        Ok(())
    }

    /// Puts off a statement for rows, `waarden` adding an array for each of its columns. Outside a transaction it is sent at once.
    pub async fn stel_uit(
        &mut self,
        (begin, einde): (&str, &str),
        kolommen: usize,
        waarden: impl FnOnce(&mut PgArguments) -> Result<(), BoxDynError>,
    ) -> Result<(), sqlx::Error> {
        // No row is written twice in one statement.
        if self.uitgesteld.teksten.iter().any(|tekst| tekst.starts_with(begin)) {
            self.verstuur().await?;
        }
        let Uitgesteld { teksten, waarden: alle } = &mut self.uitgesteld;
        teksten.push(format!("{begin} select * from unnest({}) {einde}", parameters(alle.len(), kolommen)));
        waarden(alle).map_err(sqlx::Error::Encode)?;
        if self.transactie { Ok(()) } else { self.verstuur().await }
    }

    /// Sends what was put off.
    pub(super) async fn verstuur(&mut self) -> Result<(), sqlx::Error> {
        let Some((sql, waarden)) = self.uitgesteld.neem() else { return Ok(()) };
        let uitkomst = binnen_de_tijd(sqlx::query_with(AssertSqlSafe(sql), waarden).execute(self.opdracht()?)).await;
        self.klaar(uitkomst).map(drop)
    }

    /// The connection, for one statement, when what was put off has been sent.
    pub async fn aan_de_beurt(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        self.verstuur().await?;
        self.opdracht()
    }
}

/// Statements that return nothing and wait for the next that does, or for the end of the transaction: together they are one round trip.
#[derive(Default)]
struct Uitgesteld {
    teksten: Vec<String>,
    waarden: PgArguments,
}

impl Uitgesteld {
    /// One statement for all, with the values of all in turn.
    fn neem(&mut self) -> Option<(String, PgArguments)> {
        let Uitgesteld { mut teksten, waarden } = std::mem::take(self);
        if teksten.len() < 2 {
            return teksten.pop().map(|sql| (sql, waarden));
        }
        let delen: Vec<_> = teksten.iter().enumerate().map(|(nr, sql)| format!("deel{nr} as ({sql})")).collect();
        Some((format!("with {} select", delen.join(", ")), waarden))
    }
}

/// Without what they write.
impl fmt::Debug for Uitgesteld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.teksten).finish()
    }
}

impl Drop for Verbinding {
    fn drop(&mut self) {
        let mut stand = slot(&self.stand);
        let bruikbaar = !self.opdracht && !self.transactie && !stand.gesloten;
        match self.conn.take().filter(|_| bruikbaar) {
            Some(conn) => stand.vrij.push((self.lichting, conn)),
            // Closing the socket is all it takes: the server rolls back.
            None => stand.open = stand.open.saturating_sub(1),
        }
    }
}

/// Whether there is nobody at the other side any more.
fn is_verbroken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => dialect::ends_connection(database.code().as_deref()),
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => true,
        _ => false,
    }
}

/// Gives up on a statement that nobody answers any more.
pub(super) async fn binnen_de_tijd<T>(opdracht: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let te_laat = || sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the database does not answer"));
    timeout(OPDRACHT, opdracht).await.unwrap_or_else(|_| Err(te_laat()))
}
