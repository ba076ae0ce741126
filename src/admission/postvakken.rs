//! The mailboxes that a batch touches: it gives out their next numbers and notes how far each is confirmed. One row a mailbox is written for
//! all of that.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::ids::Oin;
use crate::store::postvak::{self, Stand};
use crate::store::{Conn, StoreError};

/// Where mailboxes stand.
#[derive(Default)]
pub(super) struct Postvakken {
    standen: HashMap<Oin, Stand>,
    /// Those that stand elsewhere than is stored, with the last number that is.
    veranderd: BTreeMap<Oin, i64>,
}

impl Postvakken {
    /// Reads those that are not known yet. One to which nothing was ever sent is empty.
    pub(super) async fn lees(&mut self, conn: &mut Conn<'_>, wie: impl IntoIterator<Item = Oin>) -> Result<(), StoreError> {
        let onbekend: BTreeSet<Oin> = wie.into_iter().filter(|oin| !self.standen.contains_key(oin)).collect();
        let onbekend: Vec<Oin> = onbekend.into_iter().collect();
        let gelezen = postvak::standen(conn, &onbekend).await?;
        self.standen.extend(onbekend.into_iter().map(|oin| (oin, gelezen.get(&oin).copied().unwrap_or_default())));
        Ok(())
    }

    /// Where one stands that was read.
    pub(super) fn stand(&self, oin: Oin) -> Stand {
        self.standen.get(&oin).copied().unwrap_or_default()
    }

    /// The last of its numbers that is stored.
    pub(super) fn opgeslagen(&self, oin: Oin) -> i64 {
        self.veranderd.get(&oin).copied().unwrap_or_else(|| self.stand(oin).laatste_nr)
    }

    /// Gives out its next number.
    pub(super) fn volgende(&mut self, oin: Oin) -> i64 {
        let stand = self.verander(oin);
        stand.laatste_nr += 1;
        stand.laatste_nr
    }

    /// Notes that it is confirmed up to and including a number.
    pub(super) fn bevestig(&mut self, oin: Oin, tot: i64) {
        self.verander(oin).bevestigd_tot = tot;
    }

    fn verander(&mut self, oin: Oin) -> &mut Stand {
        let stand = self.standen.entry(oin).or_default();
        self.veranderd.entry(oin).or_insert(stand.laatste_nr);
        stand
    }

    /// Writes those that changed.
    pub(super) async fn schrijf(&mut self, conn: &mut Conn<'_>) -> Result<(), StoreError> {
        let veranderd: Vec<_> = std::mem::take(&mut self.veranderd).into_keys().map(|oin| (oin, self.stand(oin))).collect();
        postvak::schrijf_standen(conn, &veranderd).await
    }
}
