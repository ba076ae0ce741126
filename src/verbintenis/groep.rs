//! The hashes of the commitment: seeds, groups, the tree of own parts and the root. It knows no message.

use super::Hash;
use crate::mac::{Sleutel, sha256};

const VELD: u8 = 0x10;
const GROEP: u8 = 0x11;
const WORTEL: u8 = 0x12;
const EIGEN: u8 = 0x13;
const KNOOP: u8 = 0x14;

/// Height of the tree of own parts.
const HOOGTE: u32 = 5;
/// Its leaves: more than a list has elements, so that their number does not show.
const PLAATSEN: u32 = 1 << HOOGTE;

/// The seed of a message, from which all others come.
#[derive(Clone)]
pub(super) struct Zaad(Sleutel);

impl Zaad {
    pub(super) fn van(zaad: &Hash) -> Zaad {
        Zaad(Sleutel::van(zaad))
    }

    /// The seed of the group with these readers.
    pub(super) fn groep(&self, lezers: u32) -> Hash {
        self.0.over(&[b"groep", &lezers.to_be_bytes()])
    }

    /// The seed of the own part of a participant.
    pub(super) fn eigen(&self, oin: &[u8]) -> Hash {
        self.0.over(&[b"eigen", oin])
    }

    /// What fills a branch of the tree of own parts that holds none.
    fn leeg(&self, tak: Tak) -> Hash {
        self.0.over(&[b"leeg", &tak.hoogte.to_be_bytes(), &tak.nummer.to_be_bytes()])
    }

    /// Which of so many free places the own part with this number takes.
    fn plaats(&self, nummer: u32, vrij: usize) -> Option<usize> {
        let mac = self.0.over(&[b"plaats", &nummer.to_be_bytes()]);
        let kans = u64::from_be_bytes(*mac.first_chunk()?);
        usize::try_from(kans.checked_rem(vrij as u64)?).ok()
    }
}

/// A group of fields.
pub(super) struct Groep {
    zaad: Hash,
    sleutel: Sleutel,
    /// What the hash of the group is taken over.
    bytes: Vec<u8>,
}

impl Groep {
    /// A group by its readers, still empty.
    pub(super) fn nieuw(zaad: &Hash, lezers: u32) -> Groep {
        Groep::begin(zaad, &[&[GROEP], &lezers.to_be_bytes()])
    }

    /// The own part of a participant, still empty.
    pub(super) fn eigen(zaad: &Hash, oin: &[u8]) -> Groep {
        Groep::begin(zaad, &[&[EIGEN], &lengte(oin), oin])
    }

    fn begin(zaad: &Hash, kop: &[&[u8]]) -> Groep {
        let sleutel = Sleutel::van(zaad);
        // Most groups have fewer than eight fields.
        let mut bytes = Vec::with_capacity(320);
        kop.iter().for_each(|deel| bytes.extend_from_slice(deel));
        // Else all empty groups with the same readers would look the same.
        bytes.extend_from_slice(&sleutel.over(&[]));
        Groep { zaad: *zaad, sleutel, bytes }
    }

    /// Adds the next field.
    pub(super) fn voeg_toe(&mut self, pad: &[u8], waarde: &[u8]) {
        let zout = self.sleutel.over(&[pad]);
        self.bytes.extend_from_slice(&sha256(&[&[VELD], &zout, &lengte(pad), pad, waarde]));
    }

    pub(super) fn zaad(&self) -> &Hash {
        &self.zaad
    }

    pub(super) fn hash(&self) -> Hash {
        sha256(&[&self.bytes])
    }
}

/// The commitment.
pub(super) fn wortel(groepen: impl Iterator<Item = Hash>, eigen: Option<Hash>) -> Hash {
    let mut bytes = vec![WORTEL];
    groepen.chain(eigen).for_each(|hash| bytes.extend(hash));
    sha256(&[&bytes])
}

/// A branch: the leaves with these numbers, divided by two so many times.
#[derive(Clone, Copy)]
struct Tak {
    hoogte: u32,
    nummer: u32,
}

impl Tak {
    const ALLES: Tak = Tak { hoogte: HOOGTE, nummer: 0 };

    fn omvat(self, plaats: u32) -> bool {
        plaats >> self.hoogte == self.nummer
    }

    fn helften(self) -> Option<[Tak; 2]> {
        let hoogte = self.hoogte.checked_sub(1)?;
        Some([2 * self.nummer, 2 * self.nummer + 1].map(|nummer| Tak { hoogte, nummer }))
    }
}

/// The own parts, each at a place that chance gave it. Branches that hold none are filled as a whole: who sees the hash of one cannot tell.
pub(super) struct Boom {
    zaad: Zaad,
    eigen: Vec<(u32, Hash)>,
}

impl Boom {
    /// None when there are more own parts than places.
    pub(super) fn van(eigen: impl Iterator<Item = Hash>, zaad: &Zaad) -> Option<Boom> {
        let mut vrij: Vec<u32> = (0..PLAATSEN).collect();
        let met_plaats = |(nummer, hash)| Some((vrij.remove(zaad.plaats(nummer, vrij.len())?), hash));
        Some(Boom { zaad: zaad.clone(), eigen: (0..).zip(eigen).map(met_plaats).collect::<Option<_>>()? })
    }

    pub(super) fn wortel(&self) -> Hash {
        self.hash(Tak::ALLES)
    }

    /// The place of a leaf, and the hashes beside its way to the root.
    pub(super) fn pad(&self, blad: &Hash) -> Option<(u32, Vec<Hash>)> {
        let (plaats, _) = self.eigen.iter().find(|(_, hash)| hash == blad)?;
        let naast = |hoogte| self.hash(Tak { hoogte, nummer: (plaats >> hoogte) ^ 1 });
        Some((*plaats, (0..HOOGTE).map(naast).collect()))
    }

    fn hash(&self, tak: Tak) -> Hash {
        let Some((_, eerste)) = self.eigen.iter().find(|(plaats, _)| tak.omvat(*plaats)) else { return self.zaad.leeg(tak) };
        match tak.helften() {
            Some([links, rechts]) => knoop(&self.hash(links), &self.hash(rechts)),
            None => *eerste,
        }
    }
}

/// The root that a leaf and the hashes beside its way lead to; none when the way does not fit the tree.
pub(super) fn wortel_uit_pad(blad: Hash, plaats: u32, pad: &[Hash]) -> Option<Hash> {
    if plaats >= PLAATSEN || pad.len() != HOOGTE as usize {
        return None;
    }
    let stap =
        |(plaats, hash): (u32, Hash), naast: &Hash| (plaats / 2, if plaats % 2 == 0 { knoop(&hash, naast) } else { knoop(naast, &hash) });
    Some(pad.iter().fold((plaats, blad), stap).1)
}

fn knoop(links: &Hash, rechts: &Hash) -> Hash {
    sha256(&[&[KNOOP], links, rechts])
}

fn lengte(bytes: &[u8]) -> [u8; 2] {
    // Paths and OINs are far shorter; an OIN in a message that was not checked yet need not be.
    u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boom(aantal: u8, zaad: u32) -> Option<Boom> {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&zaad.to_be_bytes());
        Boom::van((0..aantal).map(|nummer| [nummer; 32]), &Zaad::van(&bytes))
    }

    #[test]
    fn every_own_part_has_a_place_of_its_own_and_a_way_to_the_root() {
        for aantal in 0..=32 {
            let boom = boom(aantal, 7).unwrap();
            let mut plaatsen: Vec<u32> = Vec::new();
            for nummer in 0..aantal {
                let (plaats, pad) = boom.pad(&[nummer; 32]).unwrap();
                assert_eq!(wortel_uit_pad([nummer; 32], plaats, &pad), Some(boom.wortel()), "{nummer} of {aantal}");
                assert_ne!(wortel_uit_pad([nummer; 32], plaats ^ 1, &pad), Some(boom.wortel()));
                plaatsen.push(plaats);
            }
            plaatsen.sort_unstable();
            plaatsen.dedup();
            assert_eq!(plaatsen.len(), usize::from(aantal));
        }
        assert!(boom(33, 7).is_none());
    }

    #[test]
    fn a_part_that_is_alone_and_one_of_many_are_found_at_every_place() {
        for aantal in [1, 5] {
            let mut geteld = [0; PLAATSEN as usize];
            for zaad in 0..3200 {
                let (plaats, _) = boom(aantal, zaad).unwrap().pad(&[aantal - 1; 32]).unwrap();
                geteld[plaats as usize] += 1;
            }
            // A hundred each, give or take six times the square root of it.
            assert!(geteld.iter().all(|keer| (40..160).contains(keer)), "{geteld:?}");
        }
    }

    #[test]
    fn what_stands_beside_a_way_is_never_the_same_twice() {
        let mut gezien = std::collections::HashSet::new();
        for (aantal, zaad) in [(1, 1), (1, 2), (2, 3), (20, 4)] {
            let (_, pad) = boom(aantal, zaad).unwrap().pad(&[0; 32]).unwrap();
            assert!(pad.into_iter().all(|hash| gezien.insert(hash)), "{aantal} {zaad}");
        }
    }
}
