//! A connection outside the pools, for who must not wait for a place in them: the listener and the lease. It runs no statement by itself.

use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};

use super::{Conn, Pools, Store, StoreError};

/// A connection of its own. Dropped, it is closed.
#[derive(Debug)]
pub enum Eigen {
    /// To SQLite.
    Sqlite(SqliteConnection),
    /// To PostgreSQL.
    Postgres(PgConnection),
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
        Ok(match self {
            Eigen::Sqlite(conn) => conn.close().await?,
            Eigen::Postgres(conn) => conn.close().await?,
        })
    }
}

impl Store {
    /// Opens a connection of its own; `naam` is what PostgreSQL shows of it.
    pub async fn eigen(&self, naam: &str) -> Result<Eigen, StoreError> {
        Ok(match (&self.pools, self.postgres_met_naam(naam)) {
            (Pools::Sqlite { write, .. }, _) => Eigen::Sqlite(write.connect_options().connect().await?),
            (Pools::Postgres(_), Some(options)) => Eigen::Postgres(options.connect().await?),
            (Pools::Postgres(pool), None) => Eigen::Postgres(pool.connect_options().connect().await?),
        })
    }

    /// How PostgreSQL is reached, under another name; none on SQLite.
    pub(super) fn postgres_met_naam(&self, naam: &str) -> Option<PgConnectOptions> {
        match &self.pools {
            Pools::Sqlite { .. } => None,
            Pools::Postgres(pool) => Some(Arc::unwrap_or_clone(pool.connect_options()).application_name(naam)),
        }
    }
}
