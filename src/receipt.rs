//! Signed receipts: one Ed25519 signature over the root of a tree of receipts that became durable together, and its verification without
//! the hub. Beside every receipt stands what its recipients may know of it. The form is documented at `Ondertekening` in the contract. It
//! stores nothing and decides nothing.

use std::path::Path;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use bytes::Bytes;
use jeugdketen_proto::v1::{Herkomst, Ondertekening, Receipt};
use prost::Message as _;

use crate::bestand;
use crate::boom::{Hash, lagen, pad, wortel_uit_pad};
use crate::mac;

/// What is signed begins with this text and one zero byte, so that the key can never be made to sign something else.
const CONTEXT: &[u8] = b"ketenhub-receipt-v1\0";

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> Hash {
    mac::sha256(&[bytes])
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
    #[error("the signing key {0} cannot be read or written")]
    Bestand(String, #[source] std::io::Error),
    /// The file holds no Ed25519 key in PKCS #8 DER.
    #[error("the signing key {0} is not an Ed25519 key in PKCS #8 DER")]
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
            let der = Sleutel::nieuw()?.pair.to_pkcs8v1().map_err(|_| SleutelFout::Vorm(shown.clone()))?;
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(fout)?;
            }
            // Another hub may make the same file at this moment; one of the two keys is that of both.
            bestand::maak(path, der.as_ref()).map_err(fout)?;
        }
        Sleutel::laad(path)
    }

    /// Reads the key from a file.
    pub fn laad(path: &Path) -> Result<Sleutel, SleutelFout> {
        let shown = path.display().to_string();
        let der = std::fs::read(path).map_err(|error| SleutelFout::Bestand(shown.clone(), error))?;
        Ed25519KeyPair::from_pkcs8(&der).map(Sleutel::uit).map_err(|_| SleutelFout::Vorm(shown))
    }

    /// Writes it in the place of what a file holds, readable by its owner only.
    pub fn bewaar(&self, path: &Path) -> Result<(), SleutelFout> {
        let shown = path.display().to_string();
        let der = self.pair.to_pkcs8v1().map_err(|_| SleutelFout::Vorm(shown.clone()))?;
        bestand::vervang(path, der.as_ref()).map_err(|error| SleutelFout::Bestand(shown, error))
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

    /// Signs bytes. Whoever calls this sees to it that what one key signs is of one kind.
    pub(crate) fn teken(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(bytes).as_ref().to_vec()
    }

    /// Signs receipts that become durable together, and what their recipients may know of them. Fills in `zout` where there is a `zaad`.
    pub fn onderteken(&self, receipts: &mut [Receipt]) {
        for receipt in receipts.iter_mut().filter(|receipt| !receipt.zaad.is_empty()) {
            receipt.zout = Bytes::copy_from_slice(&mac::Sleutel::van(&receipt.zaad).over(&[b"receipt"]));
        }
        let bladeren: Vec<Hash> = receipts.iter().flat_map(|receipt| [blad(receipt), herkomst_blad(&herkomst(receipt))]).collect();
        let lagen = lagen(bladeren);
        let Some([wortel]) = lagen.last().map(Vec::as_slice) else { return };
        let handtekening = self.pair.sign(&[CONTEXT, wortel].concat());
        let boomgrootte = u32::try_from(2 * receipts.len()).unwrap_or(u32::MAX);
        for (index, receipt) in (0_u32..).step_by(2).zip(receipts) {
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

/// The first 16 hexadecimal digits of SHA-256 over the raw public key.
pub fn sleutel_id(publiek: &[u8]) -> String {
    hex::encode(&sha256(publiek)[..8])
}

/// What the recipients of a message may know of its receipt, with the signature that holds for it; none for a receipt without commitment.
pub fn herkomst_bewijs(receipt: &Receipt) -> Option<(Herkomst, Ondertekening)> {
    let herkomst = herkomst(receipt);
    let mut ondertekening = receipt.ondertekening.clone()?;
    // Of two neighbours each is the first step of the other; a receipt of before has another neighbour.
    let stap = ondertekening.pad.first_mut()?;
    if herkomst.verbintenis.is_empty() || *stap != herkomst_blad(&herkomst).as_slice() {
        return None;
    }
    *stap = blad(receipt).to_vec().into();
    ondertekening.blad_index += 1;
    Some((herkomst, ondertekening))
}

fn herkomst(receipt: &Receipt) -> Herkomst {
    Herkomst {
        afzender_oin: receipt.afzender_oin.clone(),
        bericht_id: receipt.bericht_id.clone(),
        volgnummer: receipt.volgnummer,
        aanvaard_op: receipt.aanvaard_op,
        verbintenis: receipt.verbintenis.clone(),
        zaak_geopend: receipt.zaak_geopend,
    }
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
    verifieer_blad(blad(receipt), receipt.ondertekening.as_ref(), publiek)
}

/// Verifies what the hub says of a message to its recipients, with the raw public key of the hub.
pub fn verifieer_herkomst(herkomst: &Herkomst, ondertekening: Option<&Ondertekening>, publiek: &[u8]) -> Result<(), Ongeldig> {
    verifieer_blad(herkomst_blad(herkomst), ondertekening, publiek)
}

fn verifieer_blad(blad: Hash, ondertekening: Option<&Ondertekening>, publiek: &[u8]) -> Result<(), Ongeldig> {
    let ondertekening = ondertekening.ok_or(Ongeldig::NietOndertekend)?;
    if ondertekening.sleutel_id != sleutel_id(publiek) {
        return Err(Ongeldig::AndereSleutel);
    }
    let stappen: Option<Vec<Hash>> = ondertekening.pad.iter().map(|stap| Hash::try_from(stap.as_ref()).ok()).collect();
    let stappen = stappen.ok_or(Ongeldig::Pad)?;
    let (index, grootte) = (u64::from(ondertekening.blad_index), u64::from(ondertekening.boomgrootte));
    let wortel = wortel_uit_pad(blad, index, grootte, &stappen).ok_or(Ongeldig::Pad)?;
    UnparsedPublicKey::new(&ED25519, publiek)
        .verify(&[CONTEXT, &wortel].concat(), &ondertekening.handtekening)
        .map_err(|_| Ongeldig::Handtekening)
}

fn blad(receipt: &Receipt) -> Hash {
    let getekend = Receipt { ondertekening: None, zaad: Bytes::new(), ..receipt.clone() };
    mac::sha256(&[&[0], &getekend.encode_to_vec()])
}

fn herkomst_blad(herkomst: &Herkomst) -> Hash {
    mac::sha256(&[&[2], &herkomst.encode_to_vec()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipts(aantal: u64) -> Vec<Receipt> {
        (1..=aantal)
            .map(|volgnummer| Receipt {
                volgnummer,
                afzender_oin: "00000099010000001000".to_owned(),
                verbintenis: vec![7; 32].into(),
                zaad: vec![9; 32].into(),
                ..Receipt::default()
            })
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
                let shown = Receipt { zaad: Bytes::new(), ..receipt.clone() };
                assert_eq!(verifieer(&shown, sleutel.publiek()), Ok(()), "without the seed");
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
    fn what_recipients_may_know_of_a_receipt_verifies_without_it_and_not_when_altered() {
        let sleutel = Sleutel::nieuw().unwrap();
        for aantal in [1, 2, 3, 5, 8, 33] {
            let mut batch = receipts(aantal);
            sleutel.onderteken(&mut batch);
            for receipt in &batch {
                let (herkomst, ondertekening) = herkomst_bewijs(receipt).unwrap();
                assert_eq!(herkomst.volgnummer, receipt.volgnummer);
                assert_eq!(verifieer_herkomst(&herkomst, Some(&ondertekening), sleutel.publiek()), Ok(()), "{aantal}");
                let altered = Herkomst { verbintenis: vec![8; 32].into(), ..herkomst.clone() };
                assert!(verifieer_herkomst(&altered, Some(&ondertekening), sleutel.publiek()).is_err());
                assert!(verifieer_herkomst(&herkomst, receipt.ondertekening.as_ref(), sleutel.publiek()).is_err(), "not in its own place");
            }
        }
        assert_eq!(herkomst_bewijs(&receipts(1)[0]), None, "not signed");
    }

    #[test]
    fn a_receipt_without_commitment_gives_its_recipients_no_proof() {
        let sleutel = Sleutel::nieuw().unwrap();
        let mut batch = [Receipt { volgnummer: 1, ..Receipt::default() }];
        sleutel.onderteken(&mut batch);
        assert_eq!(verifieer(&batch[0], sleutel.publiek()), Ok(()));
        assert!(batch[0].zout.is_empty());
        assert_eq!(herkomst_bewijs(&batch[0]), None);
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
