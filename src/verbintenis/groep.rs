//! The hashes of the commitment: seeds, groups, the tree of own parts and the root. It knows no message.

use hmac::digest::Key;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::Hash;

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
        self.0.mac(b"groep", &lezers.to_be_bytes())
    }

    /// The seed of the own part of a participant.
    pub(super) fn eigen(&self, oin: &[u8]) -> Hash {
        self.0.mac(b"eigen", oin)
    }

    fn leeg(&self, nummer: u32) -> Hash {
        self.0.mac(b"leeg", &nummer.to_be_bytes())
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
        bytes.extend_from_slice(&sleutel.mac(&[], &[]));
        Groep { zaad: *zaad, sleutel, bytes }
    }

    /// Adds the next field.
    pub(super) fn voeg_toe(&mut self, pad: &[u8], waarde: &[u8]) {
        let zout = self.sleutel.mac(pad, &[]);
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

/// A key of HMAC-SHA-256 (RFC 2104), with the state after each of its two blocks: a field costs one of these over a few bytes, so that
/// hashing the key again for each would be half of the work.
struct Sleutel(Hmac<Sha256>);

impl Sleutel {
    fn van(zaad: &Hash) -> Sleutel {
        // A block: what follows a shorter key is zeros.
        let mut sleutel = Key::<Hmac<Sha256>>::default();
        sleutel[..zaad.len()].copy_from_slice(zaad);
        Sleutel(Hmac::new(&sleutel))
    }

    /// Over two parts that follow each other.
    fn mac(&self, een: &[u8], twee: &[u8]) -> Hash {
        self.0.clone().chain_update(een).chain_update(twee).finalize().into_bytes().into()
    }
}

/// SHA-256 over parts that follow each other.
fn sha256(delen: &[&[u8]]) -> Hash {
    delen.iter().fold(Sha256::new(), |som, deel| som.chain_update(deel)).finalize().into()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;

    use super::*;

    #[test]
    fn the_mac_of_a_seed_is_hmac_sha_256_over_texts_of_any_length() {
        for lengte in [0, 1, 20, 55, 56, 64, 127, 191, 192, 193, 300, 5000] {
            let (zaad, text) = ([lengte as u8; 32], vec![0xa5; lengte]);
            let verwacht = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &zaad), &[b"leeg", &*text].concat());
            assert_eq!(Sleutel::van(&zaad).mac(b"leeg", &text), verwacht.as_ref(), "{lengte}");
        }
    }
}
