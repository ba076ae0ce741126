//! `submit`, `receive` and `receipt`: messages and receipts as protobuf JSON.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jeugdketen_proto::v1::beheer_service_client::BeheerServiceClient;
use jeugdketen_proto::v1::subscribe_response::Gebeurtenis;
use jeugdketen_proto::v1::{AcknowledgeRequest, Bericht, FetchRequest, Levering, ListSleutelsRequest, SubmitRequest, SubscribeRequest};

use super::bewijs;
use super::client::{Naar, uitleg};
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
        println!("{}", json::write(&receipt)?);
    }
    Ok(())
}

/// What to receive.
#[derive(Debug, Args)]
pub(super) struct Receive {
    /// Begin after this mailbox number; without it after what was acknowledged.
    #[arg(long)]
    na: Option<u64>,
    /// Go on waiting for new deliveries.
    #[arg(long)]
    volg: bool,
    /// Acknowledge what was printed.
    #[arg(long)]
    bevestig: bool,
    #[command(flatten)]
    naar: Naar,
}

/// Prints deliveries, one a line.
pub(super) async fn receive(args: &Receive) -> anyhow::Result<()> {
    let mut exchange = args.naar.exchange().await?;
    let mut na = args.na;
    loop {
        let vraag = FetchRequest { na, maximaal: 0 };
        let pagina = exchange.fetch(vraag).await.map_err(|status| uitleg(&status))?.into_inner();
        let Some(laatste) = pagina.leveringen.last().map(|levering| levering.postvaknummer) else { break };
        for levering in &pagina.leveringen {
            print(levering)?;
        }
        if args.bevestig {
            exchange.acknowledge(AcknowledgeRequest { tot_en_met: laatste }).await.map_err(|status| uitleg(&status))?;
        }
        na = Some(laatste);
    }
    if !args.volg {
        return Ok(());
    }
    let mut stroom = exchange.subscribe(SubscribeRequest { na }).await.map_err(|status| uitleg(&status))?.into_inner();
    while let Some(antwoord) = stroom.message().await.map_err(|status| uitleg(&status))? {
        let Some(Gebeurtenis::Levering(levering)) = antwoord.gebeurtenis else { continue };
        print(&levering)?;
        if args.bevestig {
            let tot_en_met = levering.postvaknummer;
            exchange.acknowledge(AcknowledgeRequest { tot_en_met }).await.map_err(|status| uitleg(&status))?;
        }
    }
    Ok(())
}

fn print(levering: &Levering) -> anyhow::Result<()> {
    println!("{}", json::write_line(levering)?);
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
        naar: Naar,
    },
}

/// Runs one of them.
pub(super) async fn receipt(command: &ReceiptCommand) -> anyhow::Result<()> {
    match command {
        ReceiptCommand::Verify(args) => bewijs::receipt(args),
        ReceiptCommand::Sleutels { naar } => {
            let mut beheer = BeheerServiceClient::new(naar.kanaal().await?);
            let sleutels = beheer.list_sleutels(ListSleutelsRequest {}).await.map_err(|status| uitleg(&status))?.into_inner().sleutels;
            for sleutel in sleutels {
                println!("{}  {}", sleutel.sleutel_id, hex::encode(&sleutel.publieke_sleutel));
            }
            Ok(())
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
