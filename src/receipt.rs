//! Signed receipts: one Ed25519 signature over the root of a tree of receipts that became durable together, and its verification without
//! the hub. The form is documented at `Ondertekening` in the contract. It stores nothing and decides nothing.

use std::path::Path;

use aws_lc_rs::digest::{self, SHA256};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use jeugdketen_proto::v1::{Ondertekening, Receipt};
use prost::Message as _;

/// What is signed begins with this text and one zero byte, so that the key can never be made to sign something else.
const CONTEXT: &[u8] = b"ketenhub-receipt-v1\0";

type Hash = [u8; 32];

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> Hash {
    hash(&[bytes])
}

/// The key that signs receipts.
#[derive(Debug)]
pub struct Sleutel {
    pair: Ed25519KeyPair,
    id: String,
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SleutelFout {
    /// The file cannot be read or written.
    #[error("the receipt key {0} cannot be read or written")]
    Bestand(String, #[source] std::io::Error),
    /// The file holds no Ed25519 key in PKCS #8 DER.
    #[error("the receipt key {0} is not an Ed25519 key in PKCS #8 DER")]
    Vorm(String),
}

impl Sleutel {
    /// Makes a new key.
    pub fn nieuw() -> Result<Sleutel, SleutelFout> {
        let pair = Ed25519KeyPair::generate().map_err(|_| SleutelFout::Vorm("(new)".to_owned()))?;
        Ok(Sleutel::uit(pair))
    }

    /// Reads the key from a file; makes the file, readable by its owner only, when it is not there.
    pub fn laad_of_maak(path: &Path) -> Result<Sleutel, SleutelFout> {
        let shown = path.display().to_string();
        let fout = |error| SleutelFout::Bestand(shown.clone(), error);
        if !path.exists() {
            let nieuw = Sleutel::nieuw()?;
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(fout)?;
            }
            let der = nieuw.pair.to_pkcs8v1().map_err(|_| SleutelFout::Vorm(shown.clone()))?;
            write_private(path, der.as_ref()).map_err(fout)?;
            return Ok(nieuw);
        }
        let der = std::fs::read(path).map_err(fout)?;
        Ed25519KeyPair::from_pkcs8(&der).map(Sleutel::uit).map_err(|_| SleutelFout::Vorm(shown))
    }

    fn uit(pair: Ed25519KeyPair) -> Sleutel {
        let id = sleutel_id(pair.public_key().as_ref());
        Sleutel { pair, id }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The raw public key, 32 bytes.
    pub fn publiek(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Signs receipts that become durable together.
    pub fn onderteken(&self, receipts: &mut [Receipt]) {
        let bladeren: Vec<Hash> = receipts.iter().map(blad).collect();
        let lagen = lagen(bladeren);
        let Some([wortel]) = lagen.last().map(Vec::as_slice) else { return };
        let handtekening = self.pair.sign(&[CONTEXT, wortel].concat());
        let boomgrootte = u32::try_from(receipts.len()).unwrap_or(u32::MAX);
        for (index, receipt) in (0_u32..).zip(receipts) {
            receipt.ondertekening = Some(Ondertekening {
                sleutel_id: self.id.clone(),
                handtekening: handtekening.as_ref().to_vec().into(),
                blad_index: index,
                boomgrootte,
                pad: pad(&lagen, index as usize).into_iter().map(|hash| hash.to_vec().into()).collect(),
            });
        }
    }
}

#[cfg(unix)]
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(not(unix))]
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::write(path, bytes)
}

/// The first 16 hexadecimal digits of SHA-256 over the raw public key.
pub fn sleutel_id(publiek: &[u8]) -> String {
    hex(&sha256(publiek)[..8])
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why a receipt proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ongeldig {
    /// It has no signature.
    #[error("the receipt is not signed")]
    NietOndertekend,
    /// It names another key.
    #[error("the receipt was signed with another key than the one given")]
    AndereSleutel,
    /// Its path does not fit its place in the tree.
    #[error("the inclusion path of the receipt does not fit its place")]
    Pad,
    /// The signature does not hold: the receipt is not the hub's, or was altered.
    #[error("the signature does not hold: the receipt is not the hub's, or was altered")]
    Handtekening,
}

/// Verifies a receipt with the raw public key of the hub.
pub fn verifieer(receipt: &Receipt, publiek: &[u8]) -> Result<(), Ongeldig> {
    let ondertekening = receipt.ondertekening.as_ref().ok_or(Ongeldig::NietOndertekend)?;
    if ondertekening.sleutel_id != sleutel_id(publiek) {
        return Err(Ongeldig::AndereSleutel);
    }
    let stappen: Option<Vec<Hash>> = ondertekening.pad.iter().map(|stap| Hash::try_from(stap.as_ref()).ok()).collect();
    let stappen = stappen.ok_or(Ongeldig::Pad)?;
    let (index, grootte) = (u64::from(ondertekening.blad_index), u64::from(ondertekening.boomgrootte));
    let wortel = wortel_uit_pad(blad(receipt), index, grootte, &stappen).ok_or(Ongeldig::Pad)?;
    UnparsedPublicKey::new(&ED25519, publiek)
        .verify(&[CONTEXT, &wortel].concat(), &ondertekening.handtekening)
        .map_err(|_| Ongeldig::Handtekening)
}

fn blad(receipt: &Receipt) -> Hash {
    let zonder = Receipt { ondertekening: None, ..receipt.clone() };
    hash(&[&[0], &zonder.encode_to_vec()])
}

fn knoop(links: &Hash, rechts: &Hash) -> Hash {
    hash(&[&[1], links, rechts])
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = digest::Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut out = Hash::default();
    out.copy_from_slice(context.finish().as_ref());
    out
}

/// The tree of RFC 9162 layer by layer: pairs are hashed, the odd one out moves up as it is.
fn lagen(bladeren: Vec<Hash>) -> Vec<Vec<Hash>> {
    let mut lagen = vec![bladeren];
    while let Some(laag) = lagen.last().filter(|laag| laag.len() > 1) {
        let hoger = laag.chunks(2).map(|paar| if let [l, r] = paar { knoop(l, r) } else { paar[0] }).collect();
        lagen.push(hoger);
    }
    lagen
}

fn pad(lagen: &[Vec<Hash>], mut index: usize) -> Vec<Hash> {
    let mut stappen = Vec::new();
    for laag in lagen {
        stappen.extend(laag.get(index ^ 1));
        index /= 2;
    }
    stappen
}

/// RFC 9162 §2.1.3.2.
fn wortel_uit_pad(blad: Hash, index: u64, grootte: u64, stappen: &[Hash]) -> Option<Hash> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn receipts(aantal: u64) -> Vec<Receipt> {
        (1..=aantal)
            .map(|volgnummer| Receipt { volgnummer, afzender_oin: "00000099010000001000".to_owned(), ..Receipt::default() })
            .collect()
    }

    #[test]
    fn every_receipt_of_a_batch_of_any_size_verifies_and_no_altered_one_does() {
        let sleutel = Sleutel::nieuw().unwrap();
        for aantal in [1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 100] {
            let mut batch = receipts(aantal);
            sleutel.onderteken(&mut batch);
            for receipt in &batch {
                assert_eq!(verifieer(receipt, sleutel.publiek()), Ok(()), "{aantal}");
                let altered = Receipt { volgnummer: receipt.volgnummer + 1, ..receipt.clone() };
                assert!(verifieer(&altered, sleutel.publiek()).is_err());
                let mut moved = receipt.clone();
                moved.ondertekening.as_mut().unwrap().blad_index += 1;
                assert!(verifieer(&moved, sleutel.publiek()).is_err());
                let mut longer = receipt.clone();
                longer.ondertekening.as_mut().unwrap().pad.push(vec![0; 32].into());
                assert_eq!(verifieer(&longer, sleutel.publiek()), Err(Ongeldig::Pad));
            }
        }
    }

    #[test]
    fn a_receipt_of_another_key_or_without_signature_is_named_as_such() {
        let (sleutel, andere) = (Sleutel::nieuw().unwrap(), Sleutel::nieuw().unwrap());
        let mut batch = receipts(1);
        assert_eq!(verifieer(&batch[0], sleutel.publiek()), Err(Ongeldig::NietOndertekend));
        sleutel.onderteken(&mut batch);
        assert_eq!(verifieer(&batch[0], andere.publiek()), Err(Ongeldig::AndereSleutel));
        batch[0].ondertekening.as_mut().unwrap().sleutel_id = andere.id().to_owned();
        assert_eq!(verifieer(&batch[0], andere.publiek()), Err(Ongeldig::Handtekening));
    }
}
