//! Connections to PostgreSQL, kept in stock. A connection goes back only when nothing is under way on it: what was left in the middle of a
//! statement or a transaction is closed, and its place is free again at once, also when the other side never answers. It knows no table.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

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
        Ok(Verbinding { conn: Some(conn), lichting, actueel, opdracht: false, transactie: false, stand, _plaats: plaats })
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
    stand: Arc<Mutex<Stand>>,
    _plaats: OwnedSemaphorePermit,
}

impl Verbinding {
    /// The connection, for one statement. Unless another statement of the store ends well after it, it is closed instead of kept.
    pub fn opdracht(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
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

    /// Opens a transaction.
    pub(super) async fn begin(&mut self) -> Result<(), sqlx::Error> {
        self.transactie = true;
        self.zeg("begin").await
    }

    /// Ends it. After an error it is not known whether it is durable.
    pub(super) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        self.zeg("commit").await?;
        self.transactie = false;
        Ok(())
    }

    async fn zeg(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        let uitkomst = binnen_de_tijd(sqlx::raw_sql(sql).execute(self.opdracht()?)).await;
        self.klaar(uitkomst).map(drop)
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
