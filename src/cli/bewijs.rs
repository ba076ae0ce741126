//! `receipt verify` and `view verify`: proofs from files, without a hub. It trusts the public key that it is given, and nothing else.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jeugdketen_proto::v1::levering::Inhoud;
use jeugdketen_proto::v1::{Bericht, Levering, Receipt, Rol};
use prost::Message as _;
use serde_json::json;

use super::berichten::read;
use super::uitvoer::Vorm;
use crate::json;
use crate::receipt::{herkomst_bewijs, sha256, verifieer};
use crate::verbintenis;

/// A receipt to verify.
#[derive(Debug, Args)]
pub(super) struct ReceiptVerify {
    /// File with the receipt as protobuf JSON; `-` is standard input.
    receipt: PathBuf,
    /// The hub's public receipt key, 64 hexadecimal digits.
    #[arg(long, visible_alias = "key", value_name = "HEX")]
    sleutel: String,
    /// File with the message as it was submitted, to check that the receipt and its commitment are for it.
    #[arg(long, value_name = "FILE")]
    bericht: Option<PathBuf>,
    #[command(flatten)]
    vorm: Vorm,
}

/// What to do with views.
#[derive(Debug, Subcommand)]
pub(super) enum ViewCommand {
    /// Verify, without the hub, that every field of a view is the sender's.
    Verify(ViewVerify),
}

/// A view to verify.
#[derive(Debug, Args)]
pub(super) struct ViewVerify {
    /// File with one delivery as `receive` prints it; `-` is standard input.
    levering: PathBuf,
    /// The hub's public receipt key, 64 hexadecimal digits.
    #[arg(long, visible_alias = "key", value_name = "HEX")]
    sleutel: String,
    /// The role in which it was received, such as AANBIEDER.
    #[arg(long, value_parser = rol)]
    rol: Rol,
    /// The OIN of the recipient, 20 digits.
    #[arg(long)]
    oin: String,
    /// File with the receipt of the sender, to check that the view is of the message that it is for.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    vorm: Vorm,
}

/// Verifies a receipt.
pub(super) fn receipt(args: &ReceiptVerify) -> anyhow::Result<()> {
    let receipt = echt_receipt(&args.receipt, &sleutel(&args.sleutel)?)?;
    if let Some(file) = &args.bericht {
        let bericht: Bericht = json::read(&read(file)?)?;
        voor_bericht(&receipt, &bericht.encode_to_vec(), file)?;
    }
    let uitkomst = json!({ "holds": true, "bericht_id": receipt.bericht_id, "volgnummer": receipt.volgnummer });
    args.vorm.toon(&uitkomst, || format!("the receipt holds: message {} has number {}\n", receipt.bericht_id, receipt.volgnummer))
}

fn echt_receipt(file: &Path, publiek: &[u8]) -> anyhow::Result<Receipt> {
    let receipt: Receipt = json::read(&read(file)?)?;
    verifieer(&receipt, publiek)?;
    if let Some(zegel) = &receipt.zegel {
        verbintenis::verifieer_zegel(zegel, &receipt.verbintenis, &receipt.afzender_oin)?;
    }
    Ok(receipt)
}

fn voor_bericht(receipt: &Receipt, canonical: &[u8], file: &Path) -> anyhow::Result<()> {
    if receipt.digest != sha256(canonical).as_slice() {
        bail!("the receipt holds, but it is for another message than {}", file.display());
    }
    // A receipt of before has no commitment, and one that was made to be shown has no seed.
    if receipt.zaad.is_empty() {
        return Ok(());
    }
    let zaad = <[u8; 32]>::try_from(receipt.zaad.as_ref()).context("the seed in the receipt is not one of 32 bytes")?;
    if verbintenis::wortel(canonical, &zaad).is_none_or(|wortel| receipt.verbintenis != wortel.as_slice()) {
        bail!("the receipt holds, but its commitment is to something else than {}", file.display());
    }
    Ok(())
}

/// Verifies a view.
pub(super) fn view(command: &ViewCommand) -> anyhow::Result<()> {
    let ViewCommand::Verify(args) = command;
    let publiek = sleutel(&args.sleutel)?;
    let levering: Levering = json::read(&read(&args.levering)?)?;
    let Some(Inhoud::Bericht(bericht)) = &levering.inhoud else { bail!("the delivery shows no message") };
    let bewijs = levering.bewijs.as_ref().context("the delivery holds no proof")?;
    let herkomst = verbintenis::verifieer(&bericht.encode_to_vec(), args.rol, &args.oin, bewijs, &publiek)?;
    if herkomst.afzender_oin != levering.afzender_oin {
        bail!("the proof holds, but it names another sender than the delivery");
    }
    if let Some(file) = &args.receipt {
        let van_receipt = herkomst_bewijs(&echt_receipt(file, &publiek)?).map(|(herkomst, _)| herkomst);
        if van_receipt.as_ref() != Some(&herkomst) {
            bail!("the proof holds, but it is for another message than {}", file.display());
        }
    }
    let verzegeld = bewijs.zegel.is_some();
    let (id, nummer, afzender) = (&herkomst.bericht_id, herkomst.volgnummer, &herkomst.afzender_oin);
    let uitkomst = json!({ "holds": true, "bericht_id": id, "volgnummer": nummer, "afzender_oin": afzender, "sealed": verzegeld });
    args.vorm.toon(&uitkomst, || {
        let zegel = if verzegeld { ", who sealed it" } else { "" };
        format!("the view holds: message {id} has number {nummer}, from {afzender}{zegel}\n")
    })
}

fn sleutel(tekst: &str) -> anyhow::Result<Vec<u8>> {
    let bytes = hex::decode(tekst).ok().filter(|bytes| bytes.len() == 32);
    bytes.context("--sleutel must be 64 hexadecimal digits")
}

fn rol(naam: &str) -> Result<Rol, String> {
    let gevonden = Rol::from_str_name(&format!("ROL_{}", naam.to_uppercase().replace('-', "_")));
    gevonden.filter(|rol| *rol != Rol::Unspecified).ok_or_else(|| "no role of the contract".to_owned())
}
