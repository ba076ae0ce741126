//! The mailboxes that a batch touches: it gives out their next numbers and notes how far each is confirmed. One row a mailbox is written for
//! all of that. Who listens confirms at once what was given out last, so that is remembered for a while.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::ids::Oin;
use crate::store::postvak::{self, Poststuk, Stand};
use crate::store::{Conn, StoreError};

/// Entries of one mailbox that are remembered at most: as many as a stream reads at a time.
const RECENT: usize = 64;

/// Where mailboxes stand.
#[derive(Default)]
pub(super) struct Postvakken {
    standen: HashMap<Oin, Stand>,
    /// Those that stand elsewhere than is stored, with the last number that is.
    veranderd: BTreeMap<Oin, i64>,
    /// What was given out last and is not confirmed.
    gegeven: HashMap<Oin, BTreeMap<i64, Poststuk>>,
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

    /// Remembers what it gave out a number for.
    pub(super) fn onthoud(&mut self, oin: Oin, een: Poststuk) {
        let gegeven = self.gegeven.entry(oin).or_default();
        gegeven.insert(een.nr, een);
        if gegeven.len() > RECENT {
            gegeven.pop_first();
        }
    }

    /// What it gave out a number for, when that is remembered.
    pub(super) fn gegeven(&self, oin: Oin, nr: i64) -> Option<&Poststuk> {
        self.gegeven.get(&oin)?.get(&nr)
    }

    /// Notes that it is confirmed up to and including a number.
    pub(super) fn bevestig(&mut self, oin: Oin, tot: i64) {
        if self.stand(oin).bevestigd_tot == tot {
            return;
        }
        self.verander(oin).bevestigd_tot = tot;
        if let Some(gegeven) = self.gegeven.get_mut(&oin) {
            *gegeven = gegeven.split_off(&(tot + 1));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers_what_it_gave_out_last_until_that_is_confirmed() {
        let (mut postvakken, oin) = (Postvakken::default(), Oin::parse("00000099020000001000").unwrap());
        for nr in 1..=100 {
            let een =
                Poststuk { ontvanger: oin.to_string(), nr, volgnummer: 7 * nr, rol: 2, aangeboden_op: 3, soort: 4, maatregel_id: None };
            assert_eq!(postvakken.volgende(oin), nr);
            postvakken.onthoud(oin, een);
        }
        let bekend = |postvakken: &Postvakken| (1..=100).filter(|nr| postvakken.gegeven(oin, *nr).is_some()).collect::<Vec<_>>();
        assert_eq!(bekend(&postvakken), (37..=100).collect::<Vec<_>>());
        assert_eq!(postvakken.gegeven(oin, 50).unwrap().volgnummer, 350);
        postvakken.bevestig(oin, 60);
        assert_eq!(bekend(&postvakken), (61..=100).collect::<Vec<_>>());
        postvakken.bevestig(oin, 100);
        assert_eq!(bekend(&postvakken), [0; 0]);
    }
}
