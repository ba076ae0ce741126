//! Opens a database that may say "done" before it is on disk, for who said in words that this is accepted. Whoever opens it so says so again.

use super::{Pools, Store, StoreError, dialect, open_postgres, open_sqlite};

impl Store {
    /// As `open`, without its refusal: with the database comes what it would have been refused for, if anything.
    pub async fn open_zonder_waarborg(url: &str) -> Result<(Store, Option<String>), StoreError> {
        let pools: Pools = if url.starts_with("sqlite:") { open_sqlite(url).await? } else { open_postgres(url).await? };
        let store = Store { pools };
        let oordeel = dialect::require_durable(&mut store.read().await?.conn()).await;
        match oordeel {
            Ok(()) => Ok((store, None)),
            Err(StoreError::Unfit(reden)) => Ok((store, Some(reden))),
            Err(error) => Err(error),
        }
    }
}
