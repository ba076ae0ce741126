//! What a batch needs of its cases, read while the batch before it is written. It may be out of date by the time that it is used, so it is
//! held against the audit log under the lock: whatever changes a case puts it on record in the same transaction. Nothing is decided by it;
//! what is missing here is read under the lock.

use std::collections::HashMap;

use uuid::Uuid;

use super::Werkplaats;
use crate::domain::ids::MaatregelId;
use crate::domain::zaak::Feit;
use crate::kluis::Zaaksleutels;
use crate::store::{Conn, StoreError, audit, sleutels, zaken};

/// The keys and facts of cases, as they were at some number of the audit log or later.
#[derive(Default)]
pub(super) struct Vooruit {
    /// The lowest number that any of it was read at.
    vanaf: i64,
    pub sleutels: HashMap<Uuid, Zaaksleutels>,
    pub feiten: HashMap<MaatregelId, Vec<Feit>>,
}

impl Vooruit {
    /// Adds what there is of cases, on a task of its own. What cannot be read now is left for later, when it is known who must be told.
    pub(super) async fn lees(&mut self, werkplaats: &Werkplaats, mut zaken: Vec<MaatregelId>) {
        zaken.sort_unstable();
        zaken.dedup();
        zaken.retain(|zaak| !self.feiten.contains_key(zaak));
        if zaken.is_empty() {
            return;
        }
        let werkplaats = werkplaats.clone();
        let Ok(Ok(nieuw)) = tokio::spawn(async move { gelezen(&werkplaats, &zaken).await }).await else { return };
        self.vanaf = if self.feiten.is_empty() { nieuw.vanaf } else { self.vanaf.min(nieuw.vanaf) };
        self.sleutels.extend(nieuw.sleutels);
        self.feiten.extend(nieuw.feiten);
    }

    /// What still holds: nothing of a case that was touched since, and nothing at all when keys were wrapped anew. Asked under the lock.
    pub(super) async fn geldig(mut self, conn: &mut Conn<'_>) -> Result<Vooruit, StoreError> {
        if self.feiten.is_empty() {
            return Ok(self);
        }
        for zaak in audit::geraakt_na(conn, self.vanaf).await? {
            let Some(zaak) = zaak else { return Ok(Vooruit::default()) };
            self.sleutels.remove(&zaak.0);
            self.feiten.remove(&zaak);
        }
        // A case without facts was not read, as far as a batch is concerned.
        self.sleutels.retain(|id, _| self.feiten.contains_key(&MaatregelId(*id)));
        Ok(self)
    }
}

async fn gelezen(werkplaats: &Werkplaats, maatregelen: &[MaatregelId]) -> Result<Vooruit, StoreError> {
    let mut lezing = werkplaats.store.read().await?;
    let conn = &mut lezing.conn();
    // The number first: what is committed while the rest is read has a higher one.
    let vanaf = audit::hoogste(conn).await?;
    let ids: Vec<Uuid> = maatregelen.iter().map(|id| id.0).collect();
    let sleutels = sleutels::zaken(conn, &werkplaats.kluis, &ids).await?;
    let feiten = zaken::feiten_met(conn, &sleutels, maatregelen).await?;
    Ok(Vooruit { vanaf, sleutels, feiten })
}
