//! The sealed form: one byte that names it, a nonce, the ciphertext with its tag. The same for bodies and for keys, each bound to its place.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};

use super::KluisFout;

/// First byte of everything that is sealed: AES-256-GCM, a nonce of 12 bytes, the ciphertext, a tag of 16.
const VORM: u8 = 1;
const NONCE: usize = 12;
/// What stands before the ciphertext.
const BEGIN: usize = 1 + NONCE;

/// What is sealed, under which key, and its number: whatever was sealed for one place opens in no other.
pub(super) type Context = [u8; 25];

/// Seals.
pub(super) fn sluit(sleutel: &RandomizedNonceKey, context: Context, inhoud: &[u8]) -> Result<Vec<u8>, KluisFout> {
    let mut dicht = Vec::with_capacity(BEGIN + inhoud.len() + AES_256_GCM.tag_len());
    dicht.extend_from_slice(&[VORM; BEGIN]);
    dicht.extend_from_slice(inhoud);
    let verzegeld = sleutel.seal_in_place_separate_tag(Aad::from(context), &mut dicht[BEGIN..]);
    let (nonce, merk) = verzegeld.map_err(|_| KluisFout::Toeval)?;
    dicht[1..BEGIN].copy_from_slice(nonce.as_ref());
    dicht.extend_from_slice(merk.as_ref());
    Ok(dicht)
}

/// Opens.
pub(super) fn open(sleutel: &RandomizedNonceKey, context: Context, gesloten: &[u8]) -> Result<Vec<u8>, KluisFout> {
    let Some((&VORM, rest)) = gesloten.split_first() else { return Err(KluisFout::Onleesbaar) };
    let (nonce, dicht) = rest.split_at_checked(NONCE).ok_or(KluisFout::Onleesbaar)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| KluisFout::Onleesbaar)?;
    let mut inhoud = dicht.to_vec();
    let lengte = sleutel.open_in_place(nonce, Aad::from(context), &mut inhoud).map_err(|_| KluisFout::Onleesbaar)?.len();
    inhoud.truncate(lengte);
    Ok(inhoud)
}
