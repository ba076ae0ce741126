//! Which ids cannot be those of earlier messages. An id says when it was made (UUID version 7), and a hub that writes alone remembers what it
//! accepted lately: an id that was made since, and is not among those, was not there before. Unless it was made ahead of its time; then the
//! database refuses it and the transaction is done again with everything looked up. So nothing rests on this but what need not be asked.

use std::collections::HashSet;

use uuid::Uuid;

use crate::domain::ids::BerichtId;

/// So many ids on a shelf; there are two.
const PLANK: usize = 1 << 16;

/// An id counts as made after a moment when it was made so many milliseconds later: clocks differ.
const MARGE: u64 = 1_000;

#[derive(Default)]
pub(super) struct Recent {
    voor: Plank,
    achter: Plank,
}

#[derive(Default)]
struct Plank {
    /// All that was accepted since is here or on the shelf before it; none before the first.
    sinds: Option<u64>,
    ids: HashSet<Uuid>,
}

impl Recent {
    /// Whether no message with this id can have been accepted before; `nu` in microseconds.
    pub(super) fn is_nieuw(&self, id: BerichtId, nu: i64) -> bool {
        let gemaakt = gemaakt(id);
        let bekend = self.voor.ids.contains(&id.0) || self.achter.ids.contains(&id.0);
        let sinds = self.achter.sinds.or(self.voor.sinds);
        !bekend && gemaakt <= millis(nu) && sinds.is_some_and(|sinds| sinds + MARGE <= gemaakt)
    }

    /// Takes up what was accepted.
    pub(super) fn neem_op(&mut self, ids: impl Iterator<Item = BerichtId>, nu: i64) {
        self.voor.sinds.get_or_insert(millis(nu));
        self.voor.ids.extend(ids.map(|id| id.0));
        if self.voor.ids.len() >= PLANK {
            let leeg = Plank { sinds: Some(millis(nu)), ids: HashSet::new() };
            self.achter = std::mem::replace(&mut self.voor, leeg);
        }
    }
}

/// When an id was made, in milliseconds: its first 48 bits (RFC 9562 §5.7).
fn gemaakt(id: BerichtId) -> u64 {
    let [a, b, c, d, e, f, ..] = *id.0.as_bytes();
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

fn millis(micros: i64) -> u64 {
    micros.unsigned_abs() / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(millis: u64, nr: u64) -> BerichtId {
        BerichtId(Uuid::from_u64_pair(millis << 16 | 0x7000, nr))
    }

    #[test]
    fn an_id_is_new_when_it_was_made_since_and_until_it_is_accepted() {
        let mut recent = Recent::default();
        assert!(!recent.is_nieuw(id(5_000, 1), 5_000_000), "nothing is known yet");
        recent.neem_op([id(1_000, 0)].into_iter(), 2_000_000);
        for (gemaakt, nieuw) in [(1_999, false), (2_999, false), (3_000, true), (5_000, true), (5_001, false)] {
            assert_eq!(recent.is_nieuw(id(gemaakt, 1), 5_000_000), nieuw, "{gemaakt}");
        }
        recent.neem_op([id(5_000, 1)].into_iter(), 5_000_000);
        assert!(!recent.is_nieuw(id(5_000, 1), 5_000_000) && recent.is_nieuw(id(5_000, 2), 5_000_000));
    }

    #[test]
    fn what_is_forgotten_is_too_old_to_be_new() {
        let mut recent = Recent::default();
        let ids = |sinds: u64| (0..PLANK as u64).map(move |nr| id(sinds, nr));
        for ronde in 1..4 {
            recent.neem_op(ids(ronde * 10_000), i64::try_from(ronde * 10_000_000).unwrap());
        }
        let nu = 40_000_000;
        assert_eq!(recent.voor.ids.len() + recent.achter.ids.len(), PLANK);
        assert!(ids(10_000).chain(ids(20_000)).chain(ids(30_000)).all(|id| !recent.is_nieuw(id, nu)));
        assert!(!recent.is_nieuw(id(20_999, 1 << 40), nu), "on the shelf that is gone, perhaps");
        assert!(recent.is_nieuw(id(21_000, 1 << 40), nu));
    }
}
