//! The hashes of the commitment: seeds, groups, the tree of own parts and the root. It knows no message.

use aws_lc_rs::digest::{SHA256, digest};

use super::Hash;

const VELD: u8 = 0x10;
const GROEP: u8 = 0x11;
const WORTEL: u8 = 0x12;
const EIGEN: u8 = 0x13;
const KNOOP: u8 = 0x14;

/// Leaves of the tree of own parts: more than a list has elements, so that their number does not show.
const PLAATSEN: usize = 32;

/// Bytes of a block of SHA-256.
const BLOK: usize = 64;

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
            laag = boven(&laag);
        }
        laag[0]
    }

    /// The place of a leaf, and the hashes beside its way to the root.
    pub(super) fn pad(&self, blad: &Hash) -> Option<(u32, Vec<Hash>)> {
        let plaats = self.0.iter().position(|ander| ander == blad)?;
        let (mut laag, mut hier, mut pad) = (self.0.clone(), plaats, Vec::new());
        while laag.len() > 1 {
            pad.push(laag[hier ^ 1]);
            laag = boven(&laag);
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

fn boven(laag: &[Hash]) -> Vec<Hash> {
    laag.chunks_exact(2).map(|paar| knoop(&paar[0], &paar[1])).collect()
}

fn knoop(links: &Hash, rechts: &Hash) -> Hash {
    sha256(&[&[KNOOP], links, rechts])
}

fn lengte(bytes: &[u8]) -> [u8; 2] {
    // Paths and OINs are far shorter; an OIN in a message that was not checked yet need not be.
    u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes()
}

/// A key of HMAC-SHA-256 (RFC 2104), as the two blocks that it comes down to. A field costs one of these over a few bytes: hashing both
/// blocks again is then several times as fast as copying the context that the library keeps of a key.
struct Sleutel {
    binnen: [u8; BLOK],
    buiten: [u8; BLOK],
}

impl Sleutel {
    fn van(zaad: &Hash) -> Sleutel {
        let (mut binnen, mut buiten) = ([0x36; BLOK], [0x5c; BLOK]);
        for (plaats, byte) in zaad.iter().enumerate() {
            binnen[plaats] ^= byte;
            buiten[plaats] ^= byte;
        }
        Sleutel { binnen, buiten }
    }

    /// Over two parts that follow each other.
    fn mac(&self, een: &[u8], twee: &[u8]) -> Hash {
        sha256(&[&self.buiten, &sha256(&[&self.binnen, een, twee])])
    }
}

/// SHA-256 over parts that follow each other: in one call over a buffer, which for the few bytes of a field is the fastest way.
fn sha256(delen: &[&[u8]]) -> Hash {
    let mut uit = Hash::default();
    let som = match delen {
        [heel] => digest(&SHA256, heel),
        delen => {
            let mut buffer = [0; 256];
            match vul(&mut buffer, delen) {
                Some(lengte) => digest(&SHA256, &buffer[..lengte]),
                None => digest(&SHA256, &delen.concat()),
            }
        }
    };
    uit.copy_from_slice(som.as_ref());
    uit
}

/// Puts parts after each other in a buffer; none when they do not fit.
fn vul(buffer: &mut [u8], delen: &[&[u8]]) -> Option<usize> {
    let mut lengte = 0;
    for deel in delen {
        buffer.get_mut(lengte..lengte + deel.len())?.copy_from_slice(deel);
        lengte += deel.len();
    }
    Some(lengte)
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
