//! Choices that look arbitrary and are the same every time: SplitMix64 (Steele, Lea and Flood 2014) from a fixed seed.

/// A sequence of choices.
pub(super) struct Keuze(u64);

impl Keuze {
    /// The sequence of a seed.
    pub(super) fn new(zaad: u64) -> Keuze {
        Keuze(zaad)
    }

    fn volgende(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `van` up to and including `tot`; `van` when `tot` lies before it.
    pub(super) fn tussen(&mut self, van: i64, tot: i64) -> i64 {
        let breedte = u64::try_from(tot.saturating_sub(van)).unwrap_or_default().saturating_add(1);
        van.saturating_add(i64::try_from(self.volgende() % breedte).unwrap_or_default())
    }

    /// Yes, that many times in a hundred.
    pub(super) fn kans(&mut self, procent: i64) -> bool {
        self.tussen(0, 99) < procent
    }

    /// An index below a length.
    pub(super) fn index(&mut self, lengte: usize) -> usize {
        let laatste = i64::try_from(lengte.saturating_sub(1)).unwrap_or_default();
        usize::try_from(self.tussen(0, laatste)).unwrap_or_default()
    }

    /// One of these.
    pub(super) fn een_van<T: Copy>(&mut self, keuzes: &[T]) -> T {
        keuzes[self.index(keuzes.len())]
    }

    /// Another order.
    pub(super) fn schud<T>(&mut self, lijst: &mut [T]) {
        for plaats in (1..lijst.len()).rev() {
            let ander = self.index(plaats + 1);
            lijst.swap(plaats, ander);
        }
    }
}
