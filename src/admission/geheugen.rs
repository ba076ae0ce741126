//! What the writer knows of the database without asking, since it wrote last itself. The numbers that it gave out are the proof: whatever
//! changes anything that a batch looks at raises one of them, so as long as they are what they were, so is the rest. A batch takes it all and
//! gives it back when it is prepared; when it does not become durable all is forgotten.

use std::collections::VecDeque;

use super::batch::Sleutel;
use super::kast::Kast;
use super::postvakken::Postvakken;
use crate::domain::ids::MaatregelId;
use crate::store::Reeks;

/// At most this many transactions are remembered one by one. What is read ahead is read during the one before.
const RECENT: usize = 8;

#[derive(Default)]
pub(super) struct Geheugen {
    /// The numbers that were given out last, by this hub.
    reeks: Option<Reeks>,
    /// Nobody else wrote before that either: then it is believed of the next time, too.
    alleen: bool,
    /// Where mailboxes stand.
    pub postvakken: Postvakken,
    /// Cases and messages, as they are when these are the numbers.
    pub kast: Kast,
    recent: VecDeque<Geschreven>,
}

/// What a transaction of this hub wrote.
pub(super) struct Geschreven {
    /// The last number of the audit log before it.
    pub na: i64,
    /// The cases whose facts or keys it changed; none for all keys.
    pub zaken: Vec<Option<MaatregelId>>,
    /// The messages that it accepted.
    pub berichten: Vec<Sleutel>,
}

impl Geheugen {
    /// The numbers to expect; none when others write, too.
    pub(super) fn verwacht(&self) -> Option<&Reeks> {
        self.reeks.as_ref().filter(|_| self.alleen)
    }

    /// What is kept, for who reads ahead: nothing when others write, too.
    pub(super) fn kast(&self) -> Kast {
        self.verwacht().map(|_| self.kast.clone()).unwrap_or_default()
    }

    /// Takes what holds when these are the numbers now, and forgets the rest.
    pub(super) fn neem(&mut self, reeks: &Reeks) -> Geheugen {
        let was = std::mem::take(self);
        if was.reeks.as_ref() == Some(reeks) { Geheugen { alleen: true, ..was } } else { Geheugen::default() }
    }

    /// What was written after a number of the audit log; none when that is too long ago, or not only this hub wrote.
    pub(super) fn geschreven_na(&self, nr: i64) -> Option<impl Iterator<Item = &Geschreven>> {
        let eerste = self.recent.front()?;
        (eerste.na <= nr).then(|| self.recent.iter().filter(move |geschreven| geschreven.na >= nr))
    }

    /// A transaction that it took up did not become durable, or nobody knows: nothing counts, also not what was read by it.
    pub(super) fn vergeet(&mut self) {
        self.kast.verwerp();
        *self = Geheugen::default();
    }

    /// Takes up what was written, when it is durable or about to be.
    pub(super) fn onthoud(&mut self, reeks: Reeks, geschreven: Geschreven) {
        self.reeks = Some(reeks);
        self.recent.push_back(geschreven);
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reeks(audit: i64) -> Reeks {
        Reeks { audit, ..Reeks::default() }
    }

    fn geschreven(na: i64) -> Geschreven {
        Geschreven { na, zaken: Vec::new(), berichten: Vec::new() }
    }

    #[test]
    fn it_believes_to_be_alone_after_it_wrote_twice_in_a_row_and_until_somebody_else_does() {
        let mut geheugen = Geheugen::default();
        for (begin, alleen) in [(0, false), (1, true), (2, true), (4, false), (5, true)] {
            let mut bekend = geheugen.neem(&reeks(begin));
            assert!(geheugen.verwacht().is_none(), "what a batch took is gone until it gives it back");
            bekend.onthoud(reeks(begin + 1), geschreven(begin));
            geheugen = bekend;
            assert_eq!(geheugen.verwacht().is_some(), alleen, "{begin}");
        }
    }

    #[test]
    fn it_says_what_was_written_since_as_far_as_it_goes_back() {
        let mut geheugen = Geheugen::default();
        assert!(geheugen.geschreven_na(0).is_none());
        for na in 10..30 {
            geheugen.onthoud(reeks(na + 1), geschreven(na));
        }
        assert!(geheugen.geschreven_na(21).is_none());
        let sinds = |nr| geheugen.geschreven_na(nr).map(|alle| alle.map(|geschreven| geschreven.na).collect::<Vec<_>>());
        assert_eq!(sinds(22).unwrap().len(), RECENT);
        assert_eq!(sinds(28).unwrap(), [28, 29]);
        assert_eq!(sinds(30).unwrap(), [0; 0]);
    }
}
