//! Verifies what the hub signed with nothing but its public key: a receipt, and where a delivery came from. The form is written at
//! `Ondertekening` in receipt.proto. That every field of a view is the sender's own is proved by more, see `Veldbewijs` in bewijs.proto;
//! `ketenhub view verify` does it.

use anyhow::{Context as _, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use jeugdketen_proto::v1::levering::Inhoud;
use jeugdketen_proto::v1::{Bericht, Levering, Ondertekening, Receipt};
use prost::Message as _;

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    digest(&SHA256, &parts.concat()).as_ref().to_vec()
}

/// Fails unless the holder of the key signed a tree with this leaf (RFC 9162, 2.1.3.2).
fn leaf(leaf: &[&[u8]], signed: Option<&Ondertekening>, key: &[u8]) -> anyhow::Result<()> {
    let signed = signed.context("it is not signed")?;
    let (mut at, size, mut root) = (signed.blad_index, signed.boomgrootte, sha256(leaf));
    ensure!(at < size, "the leaf lies outside the tree");
    let mut last = size - 1;
    for beside in &signed.pad {
        ensure!(last != 0, "the path is too long");
        if at & 1 == 1 || at == last {
            root = sha256(&[&[1], beside, &root]);
            while at != 0 && at & 1 == 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            root = sha256(&[&[1], &root, beside]);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    ensure!(last == 0, "the path is too short");
    let text = [b"ketenhub-receipt-v1\0", root.as_slice()].concat();
    let valid = UnparsedPublicKey::new(&ED25519, key).verify(&text, &signed.handtekening);
    valid.map_err(|_| anyhow::anyhow!("the signature is not of this hub"))
}

/// Fails unless the hub accepted this very message, to these recipients, at this moment.
pub fn receipt(receipt: &Receipt, bericht: &Bericht, key: &[u8]) -> anyhow::Result<()> {
    let body = Receipt { ondertekening: None, zaad: Default::default(), ..receipt.clone() };
    leaf(&[&[0], &body.encode_to_vec()], receipt.ondertekening.as_ref(), key)?;
    ensure!(receipt.digest == sha256(&[&bericht.encode_to_vec()]), "the receipt is of another message");
    Ok(())
}

/// Fails unless the hub signed that this sender submitted the message with this id.
pub fn origin(levering: &Levering, key: &[u8]) -> anyhow::Result<()> {
    let (Some(bewijs), Some(Inhoud::Bericht(bericht))) = (&levering.bewijs, &levering.inhoud) else { anyhow::bail!("it is not proved") };
    let herkomst = bewijs.herkomst.as_ref().context("it says nothing of its origin")?;
    leaf(&[&[2], &herkomst.encode_to_vec()], bewijs.ondertekening.as_ref(), key)?;
    let same = herkomst.afzender_oin == levering.afzender_oin && herkomst.bericht_id == bericht.bericht_id;
    ensure!(same, "the proof is of another message");
    Ok(())
}
