//! The arithmetic of the hash trees: RFC 6962 §2.1, which RFC 9162 §2.1 repeats. Receipts and the audit log both use it. It stores nothing,
//! signs nothing and knows no record: only hashes and numbers of leaves.

use crate::mac::sha256;

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// The hash of a leaf: SHA-256 over a zero byte and the data.
pub fn blad(data: &[u8]) -> Hash {
    sha256(&[&[0], data])
}

/// The hash of a node: SHA-256 over a one byte and both children.
pub fn knoop(links: &Hash, rechts: &Hash) -> Hash {
    sha256(&[&[1], links, rechts])
}

/// The root of a tree without leaves: SHA-256 over nothing.
pub fn leeg() -> Hash {
    sha256(&[])
}

/// How many leaves a kept node spans: 256 to the power of its level.
const BITS: u32 = 8;

/// A subtree whose leaves are all there: `2^hoogte` of them, from leaf `nr × 2^hoogte` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vol {
    /// Logarithm of the number of leaves.
    pub hoogte: u32,
    /// Its place among the subtrees of its height, from 0.
    pub nr: u64,
}

/// A subtree that is kept once it is full, so that a proof needs no scan: of `256^niveau` leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boomknoop {
    /// 1 for 256 leaves, 2 for 65,536 and so on.
    pub niveau: u32,
    /// Its place among those of its level, from 0.
    pub nr: u64,
    /// Its hash.
    pub hash: Hash,
}

/// The frontier of a growing tree: the hashes of the full subtrees it consists of, the largest first. All that appending needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grens {
    grootte: u64,
    toppen: Vec<Hash>,
}

impl Grens {
    /// Of a tree of so many leaves, from the hashes one after the other; none when they do not fit.
    pub fn lees(grootte: u64, bytes: &[u8]) -> Option<Grens> {
        let (toppen, rest) = bytes.as_chunks::<32>();
        let past = rest.is_empty() && toppen.len() == grootte.count_ones() as usize;
        past.then(|| Grens { grootte, toppen: toppen.to_vec() })
    }

    /// The hashes one after the other.
    pub fn bytes(&self) -> Vec<u8> {
        self.toppen.concat()
    }

    /// The number of leaves.
    pub fn grootte(&self) -> u64 {
        self.grootte
    }

    /// Appends a leaf; tells of each subtree that became full and is to be kept.
    pub fn voeg_toe(&mut self, blad: Hash, mut bewaar: impl FnMut(Boomknoop)) {
        let (index, mut hash) = (self.grootte, blad);
        for hoogte in 1..=index.trailing_ones() {
            if let Some(links) = self.toppen.pop() {
                hash = knoop(&links, &hash);
            }
            if hoogte % BITS == 0 {
                bewaar(Boomknoop { niveau: hoogte / BITS, nr: index >> hoogte, hash });
            }
        }
        self.toppen.push(hash);
        self.grootte += 1;
    }

    /// The root.
    pub fn wortel(&self) -> Hash {
        vouw(&self.toppen)
    }
}

/// The root over full subtrees that follow each other, the largest first.
pub fn vouw(toppen: &[Hash]) -> Hash {
    let hoger = |rechts: Hash, links: &Hash| knoop(links, &rechts);
    toppen.split_last().map_or_else(leeg, |(laatste, voor)| voor.iter().rev().fold(*laatste, hoger))
}

/// Folds an inclusion path: RFC 9162 §2.1.3.2. None when the path does not fit the place.
pub fn wortel_uit_pad(blad: Hash, index: u64, grootte: u64, stappen: &[Hash]) -> Option<Hash> {
    if index >= grootte {
        return None;
    }
    let (mut plaats, mut laatste, mut wortel) = (index, grootte - 1, blad);
    for stap in stappen {
        if laatste == 0 {
            return None;
        }
        if plaats & 1 == 1 || plaats == laatste {
            wortel = knoop(stap, &wortel);
            while plaats & 1 == 0 && plaats != 0 {
                plaats >>= 1;
                laatste >>= 1;
            }
        } else {
            wortel = knoop(&wortel, stap);
        }
        plaats >>= 1;
        laatste >>= 1;
    }
    (laatste == 0).then_some(wortel)
}

/// Leaves `van` up to and not including `tot`, as the proofs of RFC 6962 name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bereik {
    /// The first leaf.
    pub van: u64,
    /// After the last leaf.
    pub tot: u64,
}

impl Bereik {
    /// The full subtrees it consists of, the largest first; `vouw` over their hashes is its root.
    pub fn volle(self) -> Vec<Vol> {
        let mut van = self.van;
        let mut volle = Vec::new();
        while van < self.tot {
            let hoogte = (self.tot - van).ilog2();
            volle.push(Vol { hoogte, nr: van >> hoogte });
            van += 1 << hoogte;
        }
        volle
    }

    /// Where RFC 6962 splits it: after the largest power of two that is smaller. Only for two leaves or more.
    fn snede(self) -> u64 {
        self.van + (1 << (self.tot - self.van - 1).ilog2())
    }
}

/// Of what an inclusion path consists, from the leaf upwards; none when the leaf is not in the tree.
pub fn inclusie(index: u64, grootte: u64) -> Option<Vec<Bereik>> {
    let mut hier = Bereik { van: 0, tot: grootte };
    let mut stappen = Vec::new();
    while hier.tot - hier.van > 1 {
        let snede = hier.snede();
        let (links, rechts) = (Bereik { tot: snede, ..hier }, Bereik { van: snede, ..hier });
        let (binnen, ernaast) = if index < snede { (links, rechts) } else { (rechts, links) };
        stappen.push(ernaast);
        hier = binnen;
    }
    stappen.reverse();
    (index < grootte).then_some(stappen)
}

/// Of what a consistency path consists, from a tree to the larger one it became; none when it did not become larger. The empty tree is
/// consistent with every other: nothing to show.
pub fn consistentie(van: u64, tot: u64) -> Option<Vec<Bereik>> {
    let mut hier = Bereik { van: 0, tot };
    let mut stappen = Vec::new();
    while van != 0 && van < hier.tot {
        let snede = hier.snede();
        let (links, rechts) = (Bereik { tot: snede, ..hier }, Bereik { van: snede, ..hier });
        let (binnen, ernaast) = if van <= snede { (links, rechts) } else { (rechts, links) };
        stappen.push(ernaast);
        hier = binnen;
    }
    // Whoever verifies knows the root of the earlier tree, so that it is no step when it is a subtree as it was.
    if hier.van != 0 {
        stappen.push(hier);
    }
    stappen.reverse();
    (van <= tot).then_some(stappen)
}

/// Whether a tree of `van` leaves and this root became one of `tot` leaves and that root: RFC 9162 §2.1.4.2.
pub fn is_consistent(van: (u64, &Hash), tot: (u64, &Hash), stappen: &[Hash]) -> bool {
    let ((van, wortel_van), (tot, wortel_tot)) = (van, tot);
    if van == 0 || van >= tot {
        return stappen.is_empty() && if van == 0 { *wortel_van == leeg() } else { van == tot && wortel_van == wortel_tot };
    }
    let zelf = van.is_power_of_two().then_some(wortel_van);
    let mut stappen = zelf.into_iter().chain(stappen);
    let Some(eerste) = stappen.next() else { return false };
    let over = (van - 1).trailing_ones();
    let (mut plaats, mut laatste) = ((van - 1) >> over, (tot - 1) >> over);
    let (mut klein, mut groot) = (*eerste, *eerste);
    for stap in stappen {
        if laatste == 0 {
            return false;
        }
        if plaats & 1 == 1 || plaats == laatste {
            (klein, groot) = (knoop(stap, &klein), knoop(stap, &groot));
            while plaats & 1 == 0 && plaats != 0 {
                plaats >>= 1;
                laatste >>= 1;
            }
        } else {
            groot = knoop(&groot, stap);
        }
        plaats >>= 1;
        laatste >>= 1;
    }
    laatste == 0 && klein == *wortel_van && groot == *wortel_tot
}

/// The tree layer by layer: pairs are hashed, the odd one out moves up as it is.
pub fn lagen(bladeren: Vec<Hash>) -> Vec<Vec<Hash>> {
    let mut lagen = vec![bladeren];
    while let Some(laag) = lagen.last().filter(|laag| laag.len() > 1) {
        let hoger = laag.chunks(2).map(|paar| if let [l, r] = paar { knoop(l, r) } else { paar[0] }).collect();
        lagen.push(hoger);
    }
    lagen
}

/// The inclusion path of a leaf, from the layers of a small tree.
pub fn pad(lagen: &[Vec<Hash>], mut index: usize) -> Vec<Hash> {
    let mut stappen = Vec::new();
    for laag in lagen {
        stappen.extend(laag.get(index ^ 1));
        index /= 2;
    }
    stappen
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MTH of RFC 6962 §2.1, as it is written there.
    fn mth(bladeren: &[Hash]) -> Hash {
        match bladeren {
            [] => leeg(),
            [blad] => *blad,
            _ => {
                let (links, rechts) = bladeren.split_at(k(bladeren.len()));
                knoop(&mth(links), &mth(rechts))
            }
        }
    }

    /// The largest power of two smaller than n.
    fn k(n: usize) -> usize {
        n.next_power_of_two() / 2
    }

    /// PATH of RFC 6962 §2.1.1.
    fn path(m: usize, bladeren: &[Hash]) -> Vec<Hash> {
        if bladeren.len() < 2 {
            return Vec::new();
        }
        let (links, rechts) = bladeren.split_at(k(bladeren.len()));
        let (mut stappen, naast) = if m < links.len() { (path(m, links), rechts) } else { (path(m - links.len(), rechts), links) };
        stappen.push(mth(naast));
        stappen
    }

    /// SUBPROOF of RFC 6962 §2.1.2.
    fn subproof(m: usize, bladeren: &[Hash], bekend: bool) -> Vec<Hash> {
        if m == bladeren.len() {
            return if bekend { Vec::new() } else { vec![mth(bladeren)] };
        }
        let (links, rechts) = bladeren.split_at(k(bladeren.len()));
        let (mut stappen, naast) =
            if m <= links.len() { (subproof(m, links, bekend), rechts) } else { (subproof(m - links.len(), rechts, false), links) };
        stappen.push(mth(naast));
        stappen
    }

    fn bladeren(aantal: u64) -> Vec<Hash> {
        (0..aantal).map(|nr| blad(&nr.to_be_bytes())).collect()
    }

    /// The root of a range from the hashes of its full subtrees.
    fn wortel(bereik: Bereik, bladeren: &[Hash]) -> Hash {
        let vol = |vol: Vol| mth(&bladeren[(vol.nr << vol.hoogte) as usize..((vol.nr + 1) << vol.hoogte) as usize]);
        vouw(&bereik.volle().into_iter().map(vol).collect::<Vec<_>>())
    }

    #[test]
    fn the_frontier_gives_the_root_of_rfc_6962_at_every_size_and_keeps_each_full_subtree_once() {
        let alle = bladeren(1100);
        let (mut grens, mut bewaard) = (Grens::default(), Vec::new());
        assert_eq!(grens.wortel(), leeg());
        for (index, blad) in alle.iter().enumerate() {
            grens.voeg_toe(*blad, |knoop| bewaard.push(knoop));
            assert_eq!(grens.wortel(), mth(&alle[..=index]), "{index}");
            assert_eq!(Grens::lees(grens.grootte(), &grens.bytes()), Some(grens.clone()));
        }
        let verwacht: Vec<_> = (0..4).map(|nr| Boomknoop { niveau: 1, nr, hash: mth(&alle[nr as usize * 256..][..256]) }).collect();
        assert_eq!(bewaard, verwacht);
    }

    #[test]
    fn a_frontier_that_does_not_fit_its_size_is_none() {
        for (grootte, bytes) in [(1, 0), (0, 32), (3, 32), (2, 33), (7, 64)] {
            assert_eq!(Grens::lees(grootte, &vec![0; bytes]), None, "{grootte} {bytes}");
        }
    }

    #[test]
    fn a_subtree_of_65536_leaves_is_kept_on_its_level() {
        let mut bewaard = Vec::new();
        let mut grens = Grens::default();
        (0..65_536_u64 * 2).for_each(|nr| grens.voeg_toe(blad(&nr.to_be_bytes()), |knoop| bewaard.push(knoop)));
        let hoog: Vec<_> = bewaard.iter().filter(|knoop| knoop.niveau == 2).collect();
        assert_eq!((bewaard.len(), hoog.len(), hoog[1].nr), (514, 2, 1));
        assert_eq!(knoop(&hoog[0].hash, &hoog[1].hash), grens.wortel());
    }

    #[test]
    fn every_inclusion_path_up_to_300_leaves_is_that_of_rfc_6962_and_proves_its_leaf_alone() {
        let alle = bladeren(300);
        for grootte in 1..=300_u64 {
            let boom = &alle[..grootte as usize];
            let hoofd = mth(boom);
            for index in 0..grootte {
                let stappen: Vec<_> = inclusie(index, grootte).unwrap().into_iter().map(|bereik| wortel(bereik, boom)).collect();
                assert_eq!(stappen, path(index as usize, boom), "{index} of {grootte}");
                assert_eq!(wortel_uit_pad(boom[index as usize], index, grootte, &stappen), Some(hoofd));
                assert_ne!(wortel_uit_pad(boom[index as usize], index ^ 1, grootte, &stappen).filter(|_| grootte > 1), Some(hoofd));
            }
            assert_eq!(inclusie(grootte, grootte), None);
        }
    }

    #[test]
    fn every_consistency_path_up_to_300_leaves_is_that_of_rfc_6962_and_proves_no_other_root() {
        let alle = bladeren(300);
        let wortels: Vec<_> = (0..=300).map(|grootte| mth(&alle[..grootte])).collect();
        for tot in 1..=300_u64 {
            for van in 1..=tot {
                let (oud, nieuw) = ((van, &wortels[van as usize]), (tot, &wortels[tot as usize]));
                let stappen: Vec<_> = consistentie(van, tot).unwrap().into_iter().map(|bereik| wortel(bereik, &alle)).collect();
                assert_eq!(stappen, subproof(van as usize, &alle[..tot as usize], true), "{van} to {tot}");
                assert!(is_consistent(oud, nieuw, &stappen), "{van} to {tot}");
                assert!(!is_consistent((van, &wortels[0]), nieuw, &stappen));
                assert!(!is_consistent(oud, (tot, &wortels[0]), &stappen));
                assert!(!is_consistent(oud, nieuw, &[&stappen[..], &[wortels[0]]].concat()));
                if let Some((_, korter)) = stappen.split_first() {
                    assert!(!is_consistent(oud, nieuw, korter));
                }
            }
            assert_eq!(consistentie(tot + 1, tot), None);
            assert!(is_consistent((0, &leeg()), (tot, &wortels[tot as usize]), &[]));
            assert!(!is_consistent((tot, &wortels[tot as usize]), (tot - 1, &wortels[tot as usize - 1]), &[]));
        }
    }
}
