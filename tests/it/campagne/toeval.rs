//! Numbers that look random and are the same for the same seed (xorshift64*). Not for secrets.

/// A source of numbers.
#[derive(Clone, Debug)]
pub struct Toeval(u64);

impl Toeval {
    /// From a seed; streams of one seed with different numbers differ.
    pub fn nieuw(zaad: u64, stroom: u64) -> Toeval {
        let mut toeval = Toeval((zaad ^ stroom.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1);
        // The first numbers of seeds that resemble each other do too.
        for _ in 0..8 {
            toeval.onder(2);
        }
        toeval
    }

    /// A number below a bound, which is not 0.
    pub fn onder(&mut self, grens: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) % grens
    }

    /// One of a list.
    pub fn kies<T: Copy>(&mut self, lijst: &[T]) -> T {
        lijst[usize::try_from(self.onder(lijst.len() as u64)).unwrap()]
    }
}
