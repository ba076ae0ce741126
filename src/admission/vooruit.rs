//! What a batch needs of its cases and of earlier messages, read while the batch before it is written. It may be out of date by the time that
//! it is used, so it is held against what was written since, which the writer remembers or the audit log tells under the lock: whatever
//! changes a case puts it on record in the same transaction. Nothing is decided by it; what is missing here is read then.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::timeout;
use uuid::Uuid;

use super::batch::{Sleutel, sleutels_van};
use super::geheugen::Geheugen;
use super::{Opdracht, Werkplaats};
use crate::domain::ids::MaatregelId;
use crate::domain::zaak::Feit;
use crate::kluis::Zaaksleutels;
use crate::store::berichten::{self, Eerder};
use crate::store::{Conn, StoreError, audit, sleutels, zaken};

/// Reading takes milliseconds. Where it takes this long somebody holds every connection for it, or the one that it got is dead: a transaction
/// then reads by itself.
const GEDULD: Duration = Duration::from_secs(1);

/// So many records later, looking what they changed costs more than reading all of it anew.
const LANG_GELEDEN: i64 = 10_000;

/// What was read, as it was at some number of the audit log or later.
#[derive(Default)]
pub(super) struct Vooruit {
    /// All of it was read when the log went up to this number or further; none when nothing was read.
    vanaf: Option<i64>,
    pub sleutels: HashMap<Uuid, Zaaksleutels>,
    pub feiten: HashMap<MaatregelId, Vec<Feit>>,
    /// The messages that were looked for.
    pub gezocht: HashSet<Sleutel>,
    /// Those of them that there are.
    pub eerder: Vec<Eerder>,
}

impl Vooruit {
    /// Reads what there is for these requests; `audit` is a number that the log is known to go up to, when there is one. None when it cannot
    /// be read now.
    pub(super) fn lees(
        werkplaats: Werkplaats,
        audit: Option<i64>,
        opdrachten: &[Opdracht],
    ) -> impl Future<Output = Option<Vooruit>> + use<> {
        let mut maatregelen: Vec<MaatregelId> = opdrachten.iter().filter_map(|opdracht| opdracht.dien()?.gelezen.maatregel).collect();
        maatregelen.sort_unstable();
        maatregelen.dedup();
        let gezocht: HashSet<Sleutel> = opdrachten.iter().filter_map(Opdracht::dien).flat_map(sleutels_van).collect();
        async move { timeout(GEDULD, gelezen(&werkplaats, audit, &maatregelen, gezocht)).await.ok()?.ok() }
    }

    /// Adds what was read later.
    pub(super) fn neem_op(&mut self, later: Vooruit) {
        self.vanaf = self.vanaf.into_iter().chain(later.vanaf).min();
        self.sleutels.extend(later.sleutels);
        self.feiten.extend(later.feiten);
        self.gezocht.extend(later.gezocht);
        self.eerder.extend(later.eerder);
    }

    /// What still holds when the log goes up to `audit`: nothing of a case that was touched since or of a message that was accepted since, and
    /// nothing at all when keys were wrapped anew or too much happened.
    pub(super) async fn geldig(mut self, conn: &mut Conn<'_>, audit: i64, bekend: &Geheugen) -> Result<Vooruit, StoreError> {
        let Some(vanaf) = self.vanaf else { return Ok(self) };
        if audit - vanaf > LANG_GELEDEN {
            return Ok(Vooruit::default());
        }
        let geraakt = match bekend.geschreven_na(vanaf) {
            Some(geschreven) => {
                let mut geraakt = Vec::new();
                for geschreven in geschreven {
                    geraakt.extend_from_slice(&geschreven.zaken);
                    // They may not have been there yet when they were looked for.
                    for sleutel in &geschreven.berichten {
                        self.gezocht.remove(sleutel);
                    }
                }
                geraakt
            }
            None => {
                self.gezocht.clear();
                self.eerder.clear();
                audit::geraakt_na(conn, vanaf).await?
            }
        };
        for zaak in geraakt {
            let Some(zaak) = zaak else { return Ok(Vooruit::default()) };
            self.sleutels.remove(&zaak.0);
            self.feiten.remove(&zaak);
        }
        // A case without facts was not read, as far as a batch is concerned.
        self.sleutels.retain(|id, _| self.feiten.contains_key(&MaatregelId(*id)));
        Ok(self)
    }
}

async fn gelezen(
    werkplaats: &Werkplaats,
    audit: Option<i64>,
    maatregelen: &[MaatregelId],
    gezocht: HashSet<Sleutel>,
) -> Result<Vooruit, StoreError> {
    let mut lezing = werkplaats.store.read().await?;
    let conn = &mut lezing.conn();
    // The number first: what is committed while the rest is read has a higher one.
    let vanaf = match audit {
        Some(nr) => nr,
        None => audit::hoogste(conn).await?,
    };
    let eerder = berichten::zoek(conn, &gezocht.iter().copied().collect::<Vec<_>>()).await?;
    let ids: Vec<Uuid> = maatregelen.iter().map(|id| id.0).collect();
    let sleutels = sleutels::zaken(conn, &werkplaats.kluis, &ids).await?;
    let feiten = zaken::feiten_met(conn, &sleutels, maatregelen).await?;
    Ok(Vooruit { vanaf: Some(vanaf), sleutels, feiten, gezocht, eerder })
}
