//! HMAC-SHA-256 (RFC 2104) under keys that are made ready once. It knows nothing of what the keys are for.

use std::fmt;

use hmac::digest::Key;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// A key, as the state after each of its two blocks: to a few bytes, hashing the key again would be half of the work, and copying what
/// `aws-lc` keeps of a key takes several times as long as that.
#[derive(Clone)]
pub struct Sleutel(Hmac<Sha256>);

impl Sleutel {
    /// With a key of any length.
    pub fn van(bytes: &[u8]) -> Sleutel {
        let mut blok = Key::<Hmac<Sha256>>::default();
        match blok.get_mut(..bytes.len()) {
            Some(begin) => begin.copy_from_slice(bytes),
            None => blok[..32].copy_from_slice(&sha256(&[bytes])),
        }
        Sleutel(Hmac::new(&blok))
    }

    /// Over parts that follow each other.
    pub fn over(&self, delen: &[&[u8]]) -> [u8; 32] {
        delen.iter().fold(self.0.clone(), |mac, deel| mac.chain_update(deel)).finalize().into_bytes().into()
    }
}

/// Without the key.
impl fmt::Debug for Sleutel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sleutel")
    }
}

/// SHA-256 over parts that follow each other: for the few bytes of a field, of which a message has many.
pub fn sha256(delen: &[&[u8]]) -> [u8; 32] {
    delen.iter().fold(Sha256::new(), |som, deel| som.chain_update(deel)).finalize().into()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{digest, hmac};

    use super::*;

    #[test]
    fn it_is_hmac_sha_256_and_sha_256_for_keys_and_texts_of_any_length() {
        for lengte in [0, 1, 20, 32, 55, 56, 63, 64, 65, 127, 191, 192, 193, 300, 5000] {
            let (sleutel, tekst) = (vec![lengte as u8; lengte], vec![0xa5; lengte]);
            let verwacht = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &sleutel), &[b"leeg", &*tekst].concat());
            assert_eq!(Sleutel::van(&sleutel).over(&[b"leeg", &tekst]), verwacht.as_ref(), "{lengte}");
            assert_eq!(sha256(&[b"leeg", &tekst]), digest::digest(&digest::SHA256, &[b"leeg", &*tekst].concat()).as_ref(), "{lengte}");
        }
    }
}
