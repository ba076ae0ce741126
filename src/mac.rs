//! SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) for short texts, of which a message has hundreds. The rounds are the library's. What
//! stands around them there, which copies more than it hashes when a text is shorter than a block, is done here. It knows nothing of what
//! keys and texts are for.

use std::fmt;
use std::slice::from_ref;

use sha2::block_api::compress256;

/// Bytes of a block.
const BLOK: usize = 64;
/// Where its length stands in the last block.
const LENGTE: usize = BLOK - size_of::<u64>();

type Stand = [u32; 8];

/// FIPS 180-4 §5.3.3.
const BEGIN: Stand = [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// SHA-256 over parts that follow each other.
pub fn sha256(delen: &[&[u8]]) -> [u8; 32] {
    Som::vanaf(BEGIN, 0).over(delen)
}

/// A key, as the states after each of its two blocks: to a few bytes, hashing the key again would be half of the work.
#[derive(Clone)]
pub struct Sleutel {
    binnen: Stand,
    buiten: Stand,
}

impl Sleutel {
    /// With a key of any length.
    pub fn van(bytes: &[u8]) -> Sleutel {
        let mut blok = [0; BLOK];
        match blok.get_mut(..bytes.len()) {
            Some(begin) => begin.copy_from_slice(bytes),
            None => blok[..32].copy_from_slice(&sha256(&[bytes])),
        }
        let na = |masker: u8| {
            let mut stand = BEGIN;
            compress256(&mut stand, &[blok.map(|byte| byte ^ masker)]);
            stand
        };
        Sleutel { binnen: na(0x36), buiten: na(0x5c) }
    }

    /// Over parts that follow each other.
    pub fn over(&self, delen: &[&[u8]]) -> [u8; 32] {
        let binnen = Som::vanaf(self.binnen, BLOK).over(delen);
        Som::vanaf(self.buiten, BLOK).over(&[&binnen])
    }
}

/// Without the key.
impl fmt::Debug for Sleutel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sleutel")
    }
}

/// A hash on its way: the state after whole blocks, and what has come of the next.
struct Som {
    stand: Stand,
    blok: [u8; BLOK],
    /// Bytes so far.
    lengte: usize,
}

impl Som {
    /// After so many bytes, which are whole blocks.
    fn vanaf(stand: Stand, lengte: usize) -> Som {
        Som { stand, blok: [0; BLOK], lengte }
    }

    fn over(mut self, delen: &[&[u8]]) -> [u8; 32] {
        delen.iter().for_each(|deel| self.neem_op(deel));
        self.sluit()
    }

    fn neem_op(&mut self, deel: &[u8]) {
        let vol = self.lengte % BLOK;
        self.lengte += deel.len();
        let (begin, rest) = deel.split_at(deel.len().min(BLOK - vol));
        self.blok[vol..vol + begin.len()].copy_from_slice(begin);
        if vol + begin.len() < BLOK {
            return;
        }
        compress256(&mut self.stand, from_ref(&self.blok));
        let (blokken, rest) = rest.as_chunks();
        compress256(&mut self.stand, blokken);
        self.blok[..rest.len()].copy_from_slice(rest);
    }

    fn sluit(mut self) -> [u8; 32] {
        let vol = self.lengte % BLOK;
        self.blok[vol] = 0x80;
        self.blok[vol + 1..].fill(0);
        if vol >= LENGTE {
            compress256(&mut self.stand, from_ref(&self.blok));
            self.blok.fill(0);
        }
        self.blok[LENGTE..].copy_from_slice(&(8 * self.lengte as u64).to_be_bytes());
        compress256(&mut self.stand, from_ref(&self.blok));
        let mut som = [0; 32];
        for (bytes, woord) in som.as_chunks_mut().0.iter_mut().zip(self.stand) {
            *bytes = woord.to_be_bytes();
        }
        som
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{digest, hmac};

    use super::*;

    #[test]
    fn it_is_hmac_sha_256_and_sha_256_for_keys_and_texts_of_any_length() {
        for lengte in (0..300).chain([5000]) {
            let (sleutel, tekst) = (vec![lengte as u8; lengte], vec![0xa5; lengte]);
            let verwacht = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &sleutel), &[b"leeg", &*tekst].concat());
            assert_eq!(Sleutel::van(&sleutel).over(&[b"leeg", &tekst]), verwacht.as_ref(), "{lengte}");
            let som = digest::digest(&digest::SHA256, &tekst);
            assert_eq!(sha256(&[&tekst]), som.as_ref(), "{lengte}");
            assert_eq!(sha256(&[&tekst[..lengte / 3], &[], &tekst[lengte / 3..]]), som.as_ref(), "{lengte}");
        }
    }
}
