//! What a hub hears and sees of what other hubs did: which mailboxes moved. PostgreSQL tells it at once, by the triggers of migration 0007;
//! on either database it can be looked up. A notification is a hint only: it is lost when the connection is.

use sqlx::postgres::{PgListener, PgPoolOptions};

use super::statement::Conn;
use super::{ACQUIRE, Store, StoreError, corrupt};
use crate::domain::ids::Oin;

/// The channel of the triggers.
const KANAAL: &str = "ketenhub";
/// What PostgreSQL shows of the connection that listens.
const NAAM: &str = "ketenhub-luisteraar";

/// What another hub did, or this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roep {
    /// A mailbox moved, up to this number.
    Postvak(Oin, i64),
    /// The register was changed.
    Register,
    /// Something that this version does not know: look.
    Iets,
}

impl Roep {
    fn lees(payload: &str) -> Roep {
        if payload == "register" {
            return Roep::Register;
        }
        let postvak = |(oin, nr): (&str, &str)| Some(Roep::Postvak(Oin::parse(oin).ok()?, nr.parse().ok()?));
        payload.split_once(' ').and_then(postvak).unwrap_or(Roep::Iets)
    }
}

/// A connection that hears, outside the pools.
#[derive(Debug)]
pub struct Oor {
    listener: PgListener,
}

impl Oor {
    /// The next call. An error means that calls may have been missed: this connection is of no more use.
    pub async fn hoor(&mut self) -> Result<Roep, StoreError> {
        // None is a connection that was lost; it is for the caller to know, since what came meanwhile was lost with it.
        let gehoord = self.listener.try_recv().await?.ok_or_else(|| StoreError::Unavailable(sqlx::Error::WorkerCrashed))?;
        Ok(Roep::lees(gehoord.payload()))
    }

    /// Whether the other side still answers: one that is gone without a word would be waited for in vain.
    pub async fn leeft(&mut self) -> Result<(), StoreError> {
        sqlx::query("select 1").execute(&mut self.listener).await?;
        Ok(())
    }
}

impl Store {
    /// Begins to listen; none on SQLite, which tells nothing.
    pub async fn luister(&self) -> Result<Option<Oor>, StoreError> {
        let Some(options) = self.postgres_met_naam(NAAM) else { return Ok(None) };
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None).acquire_timeout(ACQUIRE);
        let mut listener = PgListener::connect_with(&pool.connect_with(options).await?).await?;
        listener.eager_reconnect(false);
        listener.listen(KANAAL).await?;
        Ok(Some(Oor { listener }))
    }
}

/// What moves when anything happened that a mailbox can notice: the last number of a message and the version of the register.
pub async fn stand(conn: &mut Conn<'_>) -> Result<(i64, i64), StoreError> {
    let sql = "-- bel::stand
        select bericht, register from reeks where id = 1";
    Ok(fetch_one!(conn, (i64, i64), sql)?)
}

/// The last number of every mailbox.
pub async fn postvakken(conn: &mut Conn<'_>) -> Result<Vec<(Oin, i64)>, StoreError> {
    let sql = "-- bel::postvakken
        select oin, laatste_nr from postvakken";
    let rijen: Vec<(String, i64)> = fetch_all!(conn, (String, i64), sql)?;
    rijen.into_iter().map(|(oin, nr)| Oin::parse(&oin).map(|oin| (oin, nr)).map_err(|_| corrupt("postvakken", "oin", "?"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_a_reason_to_look() {
        let oin = Oin::parse("00000099020000001000").unwrap();
        assert_eq!(Roep::lees("00000099020000001000 7"), Roep::Postvak(oin, 7));
        assert_eq!(Roep::lees("register"), Roep::Register);
        for vreemd in ["", "00000099020000001000", "00000099020000001000 x", "x 7", "registers"] {
            assert_eq!(Roep::lees(vreemd), Roep::Iets, "{vreemd}");
        }
    }
}
