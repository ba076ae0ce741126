//! A connection outside the pools, for who must not wait for a place in them: the listener and the lease. It runs no statement by itself.

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::postgres::{Lichting, Verbinding, Voorraad};
use super::{Conn, Pools, Store, StoreError};

/// A connection of its own. Dropped, it is closed.
#[derive(Debug)]
pub enum Eigen {
    /// To SQLite.
    Sqlite(SqliteConnection),
    /// To PostgreSQL.
    Postgres(Box<Verbinding>),
}

impl Eigen {
    /// The connection, for statements.
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Eigen::Sqlite(conn) => Conn::Sqlite(conn),
            Eigen::Postgres(conn) => Conn::Postgres(conn),
        }
    }

    /// Closes it in order.
    pub async fn sluit(self) -> Result<(), StoreError> {
        match self {
            Eigen::Sqlite(conn) => Ok(conn.close().await?),
            // Its stock is gone, and closes it.
            Eigen::Postgres(_) => Ok(()),
        }
    }
}

impl Store {
    /// Opens a connection of its own; `naam` is what PostgreSQL shows of it.
    pub async fn eigen(&self, naam: &str) -> Result<Eigen, StoreError> {
        match &self.pools {
            Pools::Sqlite { write, .. } => Ok(Eigen::Sqlite(write.connect_options().connect().await?)),
            Pools::Postgres { opties, .. } => {
                let opties = PgConnectOptions::clone(opties).application_name(naam);
                Ok(Eigen::Postgres(Box::new(Voorraad::nieuw(opties, 1, Lichting::default()).neem().await?)))
            }
        }
    }

    /// How PostgreSQL is reached, under another name; none on SQLite.
    pub(super) fn postgres_met_naam(&self, naam: &str) -> Option<PgConnectOptions> {
        match &self.pools {
            Pools::Sqlite { .. } => None,
            Pools::Postgres { opties, .. } => Some(PgConnectOptions::clone(opties).application_name(naam)),
        }
    }
}
