//! A whole client of the hub, for every role: it submits, receives, deduplicates, confirms, tries again and verifies.

mod bewijs;
mod contract;
mod inbox;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use contract::Hub;
use jeugdketen_proto::v1::{Bericht, SubmitRequest};
use tonic::{Code, Status};

#[derive(Parser)]
struct Options {
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8443")]
    endpoint: String,
    /// Where ca.pem, NAAM.pem and NAAM.key are.
    #[arg(long, value_name = "DIR", default_value = "certs-example")]
    certs: PathBuf,
    /// Who you are: the name of a certificate.
    #[arg(long, value_name = "NAAM")]
    als: String,
    /// The public key of the hub (ask its operator): with it what it signed is verified.
    #[arg(long, value_name = "HEX")]
    sleutel: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Submit messages from files with protobuf JSON, and print the receipt of each.
    Submit { files: Vec<PathBuf> },
    /// Add each delivery to the inbox, once, and confirm it.
    Receive {
        inbox: PathBuf,
        /// End after so many new ones.
        #[arg(long, value_name = "N")]
        aantal: Option<u64>,
    },
}

/// Waits before the next try of what was lost in passing; gives up on anything else.
async fn again(lost: Status, pause: &mut Duration) -> Result<(), Status> {
    if ![Code::Unavailable, Code::ResourceExhausted, Code::Internal, Code::Unknown].contains(&lost.code()) {
        return Err(lost);
    }
    eprintln!("{:?}: again in {pause:?}", lost.code());
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(Duration::from_secs(30));
    Ok(())
}

async fn submit(hub: &mut Hub, files: &[PathBuf], key: Option<&[u8]>) -> anyhow::Result<()> {
    for file in files {
        let bericht: Bericht = contract::read("Bericht", &std::fs::read_to_string(file)?)?;
        let mut pause = Duration::from_millis(500);
        let receipt = loop {
            // The same id makes a repetition safe.
            match hub.submit(SubmitRequest { bericht: Some(bericht.clone()), ..Default::default() }).await {
                Ok(answer) => break answer.into_inner().receipt.context("no receipt")?,
                Err(lost) => again(lost, &mut pause).await?,
            }
        };
        key.map(|key| bewijs::receipt(&receipt, &bericht, key)).transpose()?;
        println!("{}", contract::line("Receipt", &receipt)?);
    }
    Ok(())
}

async fn run(options: Options) -> anyhow::Result<()> {
    let mut hub = contract::connect(&options.endpoint, &options.certs, &options.als)?;
    let key = options.sleutel.map(hex::decode).transpose()?;
    match options.command {
        Command::Submit { files } => submit(&mut hub, &files, key.as_deref()).await,
        Command::Receive { inbox, aantal } => inbox::Inbox::open(&inbox)?.receive(&mut hub, aantal, key.as_deref()).await,
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Err(wrong) = run(Options::parse()).await else { return ExitCode::SUCCESS };
    match wrong.downcast_ref::<Status>() {
        Some(refused) => eprintln!("{:?}: {}", refused.code(), refused.message()),
        None => eprintln!("INVALID: {wrong:#}"),
    }
    ExitCode::FAILURE
}
