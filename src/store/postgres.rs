//! Connections to PostgreSQL, kept in stock. A connection goes back only when nothing is under way on it: what was left in the middle of a
//! statement or a transaction is closed, and its place is free again at once, also when the other side never answers. It knows no table but
//! the row that all who write hold.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, FromRow};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use super::statement::{kolommen, parameters};
use super::{REEKS_ONVERANDERD, REEKS_OP_SLOT, Reeks, StoreError, Verschoven, dialect};

/// How long to wait for a place, and for a connection.
const PLAATS: Duration = Duration::from_secs(5);
/// How long a statement may take before the connection is given up. The server gives up earlier, when it is there: see `open_postgres`.
const OPDRACHT: Duration = Duration::from_secs(12);

/// Raised when a connection turned out dead: others of its time are not trusted either, of whichever stock.
pub type Lichting = Arc<AtomicU64>;

/// Becomes true when a transaction is durable, for who follows upon it; closed before that when it is not, or nobody knows.
pub type Duurzaam = watch::Receiver<bool>;

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
            transactie: Transactie::Geen,
            buiten: false,
            na: None,
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
    transactie: Transactie,
    /// What is asked now is asked outside a transaction that was only promised.
    buiten: bool,
    /// Says that the transaction before this one is durable. Until then nothing is asked.
    na: Option<Duurzaam>,
    uitgesteld: Uitgesteld,
    stand: Arc<Mutex<Stand>>,
    _plaats: OwnedSemaphorePermit,
}

impl Verbinding {
    /// The connection, for one statement. Unless another statement of the store ends well after it, it is closed instead of kept.
    async fn opdracht(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        self.volg().await?;
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

    /// Opens a transaction with the statement that holds the row of numbers, and reads them.
    pub(super) async fn begin(&mut self) -> Result<Reeks, sqlx::Error> {
        self.transactie = Transactie::Open;
        let sql = AssertSqlSafe(format!("begin; {REEKS_OP_SLOT}"));
        let uitkomst = binnen_de_tijd(sqlx::raw_sql(sql).fetch_one(self.opdracht().await?)).await;
        Reeks::from_row(&self.klaar(uitkomst)?)
    }

    /// Promises a transaction to whoever believes that these are the numbers still. It is opened by the first statement that cannot be put
    /// off; without one it is a single statement, which does nothing when they are others.
    pub(super) fn beloof(&mut self, reeks: Reeks) {
        self.transactie = Transactie::Beloofd(Box::new(reeks));
    }

    /// Asks nothing before the transaction that it follows upon is durable.
    pub(super) fn wacht_op(&mut self, na: Duurzaam) {
        self.na = Some(na);
    }

    /// Waits until the transaction that it follows upon is durable. When it is not, nothing is as it was expected.
    pub(super) async fn volg(&mut self) -> Result<(), sqlx::Error> {
        let Some(na) = &mut self.na else { return Ok(()) };
        na.wait_for(|duurzaam| *duurzaam).await.map(drop).map_err(|_| verschoven())
    }

    /// Whether what is asked from here on may be asked before a promised transaction begins.
    pub(super) fn vraag_buiten(&mut self, buiten: bool) -> &mut Verbinding {
        self.buiten = buiten;
        self
    }

    /// Opens a transaction that was promised.
    async fn kom_na(&mut self) -> Result<(), sqlx::Error> {
        let Transactie::Beloofd(verwacht) = &mut self.transactie else { return Ok(()) };
        let verwacht = std::mem::take(&mut **verwacht);
        if self.begin().await? == verwacht {
            return Ok(());
        }
        self.beeindig("rollback").await?;
        Err(verschoven())
    }

    /// Makes it durable. After an error of the connection it is not known whether it is.
    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        if let Transactie::Beloofd(verwacht) = &self.transactie {
            let (sql, waarden) = self.uitgesteld.neem_als(verwacht).map_err(sqlx::Error::Encode)?;
            // All rows to the end: only after the last word of the server is it durable.
            let gelukt = binnen_de_tijd(sqlx::query_as_with(AssertSqlSafe(sql), waarden).fetch_all(self.opdracht().await?)).await;
            let gelukt: Vec<(i64,)> = self.klaar(gelukt)?;
            self.transactie = Transactie::Geen;
            return if gelukt == [(1,)] { Ok(()) } else { Err(verschoven().into()) };
        }
        self.verstuur().await?;
        // Whatever it says now: whether it is durable is not known.
        self.beeindig("commit").await.map_err(StoreError::Unavailable)
    }

    async fn beeindig(&mut self, hoe: &'static str) -> Result<(), sqlx::Error> {
        let uitkomst = binnen_de_tijd(sqlx::raw_sql(hoe).execute(self.opdracht().await?)).await;
        self.klaar(uitkomst)?;
        self.transactie = Transactie::Geen;
        Ok(())
    }

    /// Puts off a statement for rows, `waarden` adding an array for each of its columns. Outside a transaction it is sent at once.
    pub async fn stel_uit(
        &mut self,
        (begin, einde): (&str, &str),
        aantal: usize,
        waarden: impl FnOnce(&mut PgArguments) -> Result<(), BoxDynError>,
    ) -> Result<(), sqlx::Error> {
        // No row is written twice in one statement.
        if self.uitgesteld.delen.iter().any(|(bekend, _)| bekend.starts_with(begin)) {
            self.verstuur().await?;
        }
        let Uitgesteld { delen, waarden: alle } = &mut self.uitgesteld;
        delen.push((format!("{begin} select {}", kolommen(alle.len(), aantal)), einde.to_owned()));
        waarden(alle).map_err(sqlx::Error::Encode)?;
        if matches!(self.transactie, Transactie::Geen) { self.verstuur().await } else { Ok(()) }
    }

    /// Sends what was put off; a promised transaction is open then.
    async fn verstuur(&mut self) -> Result<(), sqlx::Error> {
        self.kom_na().await?;
        let Some((sql, waarden)) = self.uitgesteld.neem() else { return Ok(()) };
        let uitkomst = binnen_de_tijd(sqlx::query_with(AssertSqlSafe(sql), waarden).execute(self.opdracht().await?)).await;
        self.klaar(uitkomst).map(drop)
    }

    /// Sends what was put off, so that nothing can be wrong with it any more; of a transaction that was only promised nothing is sent before
    /// its commit.
    pub(super) async fn voltooi(&mut self) -> Result<(), sqlx::Error> {
        if matches!(self.transactie, Transactie::Beloofd(_)) { Ok(()) } else { self.verstuur().await }
    }

    /// The connection, for one statement, when what was put off has been sent.
    pub async fn aan_de_beurt(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        if !(self.buiten && matches!(self.transactie, Transactie::Beloofd(_))) {
            self.verstuur().await?;
        }
        self.opdracht().await
    }
}

/// Where a connection is with a transaction.
#[derive(Debug)]
enum Transactie {
    Geen,
    /// It begins when it must, if these are the numbers then.
    Beloofd(Box<Reeks>),
    Open,
}

fn verschoven() -> sqlx::Error {
    sqlx::Error::AnyDriverError(Box::new(Verschoven))
}

/// Statements that return nothing and wait for the next that does, or for the end of the transaction: together they are one round trip.
#[derive(Default)]
struct Uitgesteld {
    /// What stands before and after the point where rows could be left out.
    delen: Vec<(String, String)>,
    waarden: PgArguments,
}

impl Uitgesteld {
    /// One statement for all, with the values of all in turn.
    fn neem(&mut self) -> Option<(String, PgArguments)> {
        let Uitgesteld { mut delen, waarden } = std::mem::take(self);
        if delen.len() < 2 {
            return delen.pop().map(|(begin, einde)| (format!("{begin} {einde}"), waarden));
        }
        Some((format!("with {} select", opgesomd(&delen, "")), waarden))
    }

    /// One statement for all, that holds the row of numbers first and does nothing unless they are these. It returns whether they were, as 1
    /// or 0.
    fn neem_als(&mut self, reeks: &Reeks) -> Result<(String, PgArguments), BoxDynError> {
        let Uitgesteld { delen, mut waarden } = std::mem::take(self);
        let eerste = waarden.len();
        waarden.add(reeks.bericht)?;
        waarden.add(reeks.audit)?;
        waarden.add(reeks.register)?;
        waarden.add(&reeks.boom)?;
        waarden.add(&reeks.hoofd)?;
        let slot = format!("{REEKS_ONVERANDERD} ({})", parameters(eerste, waarden.len() - eerste));
        let mut sql = format!("with slot as materialized ({slot} for update)");
        if !delen.is_empty() {
            sql += &format!(", {}", opgesomd(&delen, "where exists (select from slot)"));
        }
        Ok((sql + " select count(*) from slot", waarden))
    }
}

fn opgesomd(delen: &[(String, String)], mits: &str) -> String {
    let delen = delen.iter().enumerate();
    let delen: Vec<_> = delen.map(|(nr, (begin, einde))| format!("deel{nr} as ({begin} {mits} {einde})")).collect();
    delen.join(", ")
}

/// Without what they write.
impl fmt::Debug for Uitgesteld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.delen).finish()
    }
}

impl Drop for Verbinding {
    fn drop(&mut self) {
        let mut stand = slot(&self.stand);
        let bruikbaar = !self.opdracht && !matches!(self.transactie, Transactie::Open) && !stand.gesloten;
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
