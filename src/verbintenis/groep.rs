//! The hashes of the commitment: seeds, groups, the tree of own parts and the root. It knows no message.

use super::Hash;
use crate::mac::{Sleutel, sha256};

const VELD: u8 = 0x10;
const GROEP: u8 = 0x11;
const WORTEL: u8 = 0x12;
const EIGEN: u8 = 0x13;
const KNOOP: u8 = 0x14;

/// Leaves of the tree of own parts: more than a list has elements, so that their number does not show.
const PLAATSEN: usize = 32;

/// The seed of a message, from which all others come.
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

    fn leeg(&self, nummer: u32) -> Hash {
        self.0.over(&[b"leeg", &nummer.to_be_bytes()])
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

/// The own parts with their filling, sorted: a place says nothing.
pub(super) struct Boom(Vec<Hash>);

impl Boom {
    /// None when there are more own parts than places.
    pub(super) fn van(eigen: impl Iterator<Item = Hash>, zaad: &Zaad) -> Option<Boom> {
        let mut bladeren: Vec<Hash> = eigen.collect();
        let vrij = PLAATSEN.checked_sub(bladeren.len())?;
        bladeren.extend((0..).take(vrij).map(|nummer| zaad.leeg(nummer)));
        bladeren.sort_unstable();
        Some(Boom(bladeren))
    }

    pub(super) fn wortel(&self) -> Hash {
        let mut laag = self.0.clone();
        while laag.len() > 1 {
            omhoog(&mut laag);
        }
        laag[0]
    }

    /// The place of a leaf, and the hashes beside its way to the root.
    pub(super) fn pad(&self, blad: &Hash) -> Option<(u32, Vec<Hash>)> {
        let plaats = self.0.iter().position(|ander| ander == blad)?;
        let (mut laag, mut hier, mut pad) = (self.0.clone(), plaats, Vec::new());
        while laag.len() > 1 {
            pad.push(laag[hier ^ 1]);
            omhoog(&mut laag);
            hier /= 2;
        }
        Some((u32::try_from(plaats).ok()?, pad))
    }
}

/// The root that a leaf and the hashes beside its way lead to; none when the way does not fit the tree.
pub(super) fn wortel_uit_pad(blad: Hash, plaats: u32, pad: &[Hash]) -> Option<Hash> {
    if plaats as usize >= PLAATSEN || 1 << pad.len() != PLAATSEN {
        return None;
    }
    let stap =
        |(plaats, hash): (u32, Hash), naast: &Hash| (plaats / 2, if plaats % 2 == 0 { knoop(&hash, naast) } else { knoop(naast, &hash) });
    Some(pad.iter().fold((plaats, blad), stap).1)
}

/// Puts the layer above in the place of a layer.
fn omhoog(laag: &mut Vec<Hash>) {
    let helft = laag.len() / 2;
    for plaats in 0..helft {
        laag[plaats] = knoop(&laag[2 * plaats], &laag[2 * plaats + 1]);
    }
    laag.truncate(helft);
}

fn knoop(links: &Hash, rechts: &Hash) -> Hash {
    sha256(&[&[KNOOP], links, rechts])
}

fn lengte(bytes: &[u8]) -> [u8; 2] {
    // Paths and OINs are far shorter; an OIN in a message that was not checked yet need not be.
    u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes()
}
