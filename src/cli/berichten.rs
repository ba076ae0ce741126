//! `submit` and `receipt`: messages and receipts as protobuf JSON.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use jeugdketen_proto::v1::beheer_service_client::BeheerServiceClient;
use jeugdketen_proto::v1::{Bericht, ListSleutelsRequest, SubmitRequest};

use super::bewijs;
use super::client::{Naar, uitleg};
use super::uitvoer::{self, Vorm};
use crate::json;

/// Submits files in their order and prints the receipts; stops at the first refusal.
pub(super) async fn submit(files: &[PathBuf], naar: &Naar) -> anyhow::Result<()> {
    let mut berichten = Vec::new();
    for file in files {
        berichten.push(json::read::<Bericht>(&read(file)?).with_context(|| file.display().to_string())?);
    }
    let mut exchange = naar.exchange().await?;
    for (file, bericht) in files.iter().zip(berichten) {
        let antwoord =
            exchange.submit(SubmitRequest { bericht: Some(bericht), ..Default::default() }).await.map_err(|status| uitleg(&status));
        let receipt = antwoord.with_context(|| file.display().to_string())?.into_inner().receipt.unwrap_or_default();
        uitvoer::bericht(&receipt)?;
    }
    Ok(())
}

/// What to do with receipts.
#[derive(Debug, Subcommand)]
pub(super) enum ReceiptCommand {
    /// Verify a receipt without the hub.
    Verify(bewijs::ReceiptVerify),
    /// Print the public keys with which receipts verify (needs the certificate of an operator).
    Sleutels {
        #[command(flatten)]
        vorm: Vorm,
        #[command(flatten)]
        naar: Naar,
    },
}

/// Runs one of them.
pub(super) async fn receipt(command: &ReceiptCommand) -> anyhow::Result<()> {
    match command {
        ReceiptCommand::Verify(args) => bewijs::receipt(args),
        ReceiptCommand::Sleutels { vorm, naar } => {
            let mut beheer = BeheerServiceClient::new(naar.kanaal().await?);
            let sleutels = beheer.list_sleutels(ListSleutelsRequest {}).await.map_err(|status| uitleg(&status))?.into_inner().sleutels;
            let paren: Vec<_> = sleutels.iter().map(|een| (&een.sleutel_id, hex::encode(&een.publieke_sleutel))).collect();
            let als_json: Vec<_> = paren.iter().map(|(id, hex)| serde_json::json!({ "sleutel_id": id, "publieke_sleutel": hex })).collect();
            vorm.toon(&als_json, || paren.iter().map(|(id, hex)| format!("{id}  {hex}\n")).collect())
        }
    }
}

/// The text of a file; `-` is standard input.
pub(super) fn read(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
