//! What a batch needs of its cases and of earlier messages, read while the batch before it is written. It may be out of date by the time that
//! it is used, so it is held against what was written since, which the writer remembers or the audit log tells under the lock: whatever
//! changes a case puts it on record in the same transaction. Nothing is decided by it; what is missing here is read then.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use uuid::Uuid;

use super::batch::Sleutel;
use super::geheugen::Geheugen;
use super::kast::{Gevonden, Kast};
use super::{Dien, Opdracht, Werkplaats};
use crate::domain::ids::MaatregelId;
use crate::domain::zaak::Feit;
use crate::kluis::{Kluis, Zaaksleutels};
use crate::store::berichten::{self, Eerder};
use crate::store::zaken::{self, Bewaard};
use crate::store::{Conn, StoreError, audit};

/// Reading takes milliseconds. Where it takes this long somebody holds every connection for it, or the one that it got is dead: a transaction
/// then reads by itself.
const GEDULD: Duration = Duration::from_secs(1);

/// So many records later, looking what they changed costs more than reading all of it anew.
const LANG_GELEDEN: i64 = 10_000;

/// Cases that were read: all of each, or nothing.
#[derive(Default)]
pub(super) struct Zaken {
    pub sleutels: HashMap<Uuid, Zaaksleutels>,
    pub feiten: HashMap<MaatregelId, Vec<Feit>>,
    /// The same as it is stored.
    pub bewaard: HashMap<MaatregelId, Arc<Bewaard>>,
}

impl Zaken {
    /// Takes up cases as they are stored.
    pub(super) fn neem_op(
        &mut self,
        kluis: &Kluis,
        zaken: impl IntoIterator<Item = (MaatregelId, Arc<Bewaard>)>,
    ) -> Result<(), StoreError> {
        for (id, zaak) in zaken {
            let (sleutels, feiten) = zaak.open(kluis)?;
            self.sleutels.insert(id.0, sleutels);
            self.feiten.insert(id, feiten);
            self.bewaard.insert(id, zaak);
        }
        Ok(())
    }

    /// Reads those that are not in there yet.
    pub(super) async fn lees(&mut self, conn: &mut Conn<'_>, kluis: &Kluis, zaken: &[MaatregelId]) -> Result<(), StoreError> {
        let onbekend: Vec<_> = zaken.iter().filter(|id| !self.bewaard.contains_key(id)).copied().collect();
        let gelezen = zaken::bewaard(conn, &onbekend).await?;
        self.neem_op(kluis, gelezen.into_iter().map(|(id, zaak)| (id, Arc::new(zaak))))
    }

    fn vergeet(&mut self, zaak: MaatregelId) {
        self.sleutels.remove(&zaak.0);
        self.feiten.remove(&zaak);
        self.bewaard.remove(&zaak);
    }
}

/// What was read, as it was at some number of the audit log or later.
#[derive(Default)]
pub(super) struct Vooruit {
    /// All of it was read when the log went up to this number or further; none when nothing was read.
    vanaf: Option<i64>,
    pub zaken: Zaken,
    /// The messages of which it is known whether there is an earlier one.
    pub gezocht: HashSet<Sleutel>,
    /// Those of them that there are.
    pub eerder: Vec<Eerder>,
    /// What it was read from, beside the database.
    uit: Vec<Kast>,
}

impl Vooruit {
    /// Reads what there is for these requests, except what `kast` tells. None when it cannot be read now.
    pub(super) fn lees(werkplaats: Werkplaats, kast: Kast, opdrachten: &[Opdracht]) -> impl Future<Output = Option<Vooruit>> + use<> {
        let dienen = || opdrachten.iter().filter_map(Opdracht::dien);
        let mut maatregelen: Vec<MaatregelId> = dienen().filter_map(|dien| dien.gelezen.maatregel).collect();
        maatregelen.sort_unstable();
        maatregelen.dedup();
        let sleutel = |dien: &Dien, id| (dien.afzender.oin, id);
        let berichten: Vec<Sleutel> = dienen().map(|dien| sleutel(dien, dien.gelezen.id)).collect();
        let betreft: Vec<Sleutel> = dienen().filter_map(|dien| Some(sleutel(dien, dien.gelezen.betreft?))).collect();
        async move { timeout(GEDULD, gelezen(&werkplaats, &kast, &maatregelen, (berichten, betreft))).await.ok()?.ok() }
    }

    /// Adds what was read later.
    pub(super) fn neem_op(&mut self, later: Vooruit) {
        self.vanaf = self.vanaf.into_iter().chain(later.vanaf).min();
        self.zaken.sleutels.extend(later.zaken.sleutels);
        self.zaken.feiten.extend(later.zaken.feiten);
        self.zaken.bewaard.extend(later.zaken.bewaard);
        self.gezocht.extend(later.gezocht);
        self.eerder.extend(later.eerder);
        self.uit.extend(later.uit);
    }

    /// What still holds when the log goes up to `audit`: nothing of a case that was touched since or of a message that was accepted since, and
    /// nothing at all when keys were wrapped anew or too much happened.
    pub(super) async fn geldig(mut self, conn: &mut Conn<'_>, audit: i64, bekend: &Geheugen) -> Result<Vooruit, StoreError> {
        let Some(vanaf) = self.vanaf else { return Ok(self) };
        if audit - vanaf > LANG_GELEDEN || self.uit.iter().any(Kast::is_verworpen) {
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
            self.zaken.vergeet(zaak);
        }
        Ok(self)
    }
}

/// `berichten` are submitted, `betreft` are what they correct: of those it must be known what they are, not only whether they are.
async fn gelezen(
    werkplaats: &Werkplaats,
    kast: &Kast,
    maatregelen: &[MaatregelId],
    (berichten, betreft): (Vec<Sleutel>, Vec<Sleutel>),
) -> Result<Vooruit, StoreError> {
    let Gevonden { stand, duurzaam, zaken: bekend, mut vragen } = kast.zoek(maatregelen, &berichten, werkplaats.clock.micros());
    let mut zaken = Zaken::default();
    zaken.neem_op(&werkplaats.kluis, bekend)?;
    vragen.extend_from_slice(&betreft);
    let gezocht = berichten.into_iter().chain(betreft).collect();
    if stand.is_some() && vragen.is_empty() && maatregelen.iter().all(|id| zaken.bewaard.contains_key(id)) {
        return Ok(Vooruit { vanaf: stand, zaken, gezocht, eerder: Vec::new(), uit: vec![kast.clone()] });
    }
    let mut lezing = werkplaats.store.read().await?;
    let conn = &mut lezing.conn();
    // The number first: what is committed while the rest is read has a higher one.
    let vanaf = match stand {
        Some(_) => duurzaam,
        None => audit::hoogste(conn).await?,
    };
    let eerder = berichten::zoek(conn, &vragen).await?;
    zaken.lees(conn, &werkplaats.kluis, maatregelen).await?;
    Ok(Vooruit { vanaf: Some(vanaf), zaken, gezocht, eerder, uit: vec![kast.clone()] })
}
