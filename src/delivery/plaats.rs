//! How far a stream is: what it sent, and what it promised to send when that is durable. Sending is for `stroom`.

use tokio::time::Instant;

/// Where a stream is in its mailbox.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plaats {
    gezien: i64,
    beloofd: i64,
    /// So many promises are neither kept nor broken.
    open: usize,
    luistert: bool,
    stil_sinds: Instant,
}

impl Plaats {
    /// It has sent everything up to this number, and listens for what comes.
    pub(super) fn luistert_na(gezien: i64) -> Plaats {
        Plaats { gezien, beloofd: gezien, open: 0, luistert: true, stil_sinds: Instant::now() }
    }

    /// It reads, and nothing is promised.
    pub(super) fn leest() -> Plaats {
        Plaats { luistert: false, ..Plaats::luistert_na(0) }
    }

    /// The last number that was sent.
    pub(super) fn gezien(&self) -> i64 {
        self.gezien
    }

    /// The last number that was sent or promised.
    pub(super) fn beloofd(&self) -> i64 {
        self.beloofd
    }

    /// Nothing was sent since.
    pub(super) fn stil_sinds(&self) -> Instant {
        self.stil_sinds
    }

    /// Whether it reads nothing and can be handed what is next.
    pub(super) fn luistert(&self) -> bool {
        self.luistert
    }

    /// Whether every promise was kept or broken.
    pub(super) fn is_afgedaan(&self) -> bool {
        self.open == 0
    }

    /// Whether it listens, and this is the number that it waits for.
    pub(super) fn wacht_op(&self, nr: i64) -> bool {
        self.luistert && self.beloofd + 1 == nr
    }

    /// Promises a number; false when it does not wait for it.
    pub(super) fn beloof(&mut self, nr: i64) -> bool {
        let wacht = self.wacht_op(nr);
        if wacht {
            (self.beloofd, self.open) = (nr, self.open + 1);
        }
        wacht
    }

    /// What was promised was sent.
    pub(super) fn houd(&mut self, nr: i64) {
        (self.gezien, self.open, self.stil_sinds) = (nr, self.open - 1, Instant::now());
    }

    /// What was promised was not sent: it reads again.
    pub(super) fn breek(&mut self) {
        (self.luistert, self.open) = (false, self.open - 1);
    }

    /// It reads again: nothing more is promised.
    pub(super) fn stop(&mut self) {
        self.luistert = false;
    }

    /// A sign of life was sent.
    pub(super) fn sloeg(&mut self) {
        self.stil_sinds = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_next_number_is_promised_and_only_while_it_listens() {
        let mut plaats = Plaats::luistert_na(4);
        assert_eq!([4, 6, 5, 5, 6].map(|nr| plaats.beloof(nr)), [false, false, true, false, true]);
        assert_eq!((plaats.gezien(), plaats.beloofd()), (4, 6));
        plaats.stop();
        assert!(!plaats.beloof(7) && !Plaats::leest().beloof(1));
    }

    #[test]
    fn it_reads_on_after_what_was_sent_when_every_promise_was_kept_or_broken() {
        let mut plaats = Plaats::luistert_na(4);
        assert!(plaats.beloof(5) && plaats.beloof(6) && !plaats.is_afgedaan());
        // A transaction fails while the one that it follows upon is being written.
        plaats.breek();
        assert!(!plaats.luistert() && !plaats.is_afgedaan());
        plaats.houd(5);
        assert!(plaats.is_afgedaan());
        assert_eq!(plaats.gezien(), 5);
    }
}
