//! The command line: parses, calls, prints. Results go to standard output, everything else to standard error. It holds no rules of the
//! chain.

mod audit;
mod bekijk;
mod bench;
mod berichten;
mod bewijs;
mod certs_command;
mod client;
mod completions;
mod conform;
mod deelnemer;
mod demo;
mod doctor;
mod fout;
mod getuige;
mod inzage;
mod klokken;
mod kluis;
mod ontvangen;
mod openbaar;
mod rapport;
mod replay;
mod serve;
mod termijn;
mod tijd;
mod uitvoer;
mod voorbeelden;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use client::Naar;
use fout::fail;
use uitvoer::Vorm;

/// Data-exchange hub between the chain partners of Dutch youth protection.
#[derive(Debug, Parser)]
#[command(name = "ketenhub", version, propagate_version = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a hub.
    Serve {
        /// Configuration; `ketenhub.example.toml` is annotated.
        #[arg(long, env = "KETENHUB_CONFIG")]
        config: PathBuf,
    },
    /// Bring the database up to date and stop.
    Migrate {
        /// Configuration of the hub.
        #[arg(long, env = "KETENHUB_CONFIG")]
        config: PathBuf,
        #[command(flatten)]
        vorm: Vorm,
    },
    /// Check why this participant does or does not get through to a hub, step by step, and say what to do.
    Doctor(doctor::Args),
    /// Rebuild or check what is kept of the norm clocks.
    #[command(subcommand)]
    Klokken(klokken::Command),
    /// Look after the master keys, and give back the space of what was destroyed.
    #[command(subcommand)]
    Kluis(kluis::Command),
    /// Start a hub on loopback with the example certificates and play one whole case through it.
    Demo(demo::Args),
    /// Move the clock of a sandbox (`demo --tijd`).
    Tijd(tijd::Args),
    /// Play a chain of many participants through a whole hub on simulated time.
    Replay(replay::Args),
    /// Try a partner's client, or a hub, against the contract.
    Conform(Box<conform::Args>),
    /// Make a small PKI to try things out with.
    Certs(certs_command::Args),
    /// Look at and change the register of participants (needs the certificate of an operator).
    #[command(subcommand)]
    Deelnemer(deelnemer::Command),
    /// Submit messages from files with protobuf JSON; prints each receipt.
    Submit {
        /// Files with one Bericht each; `-` is standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        naar: Naar,
    },
    /// Print what is in the mailbox, one delivery a line.
    Receive(ontvangen::Receive),
    /// Open the pages of a hub in a browser on this machine, with a certificate in files.
    Bekijk(bekijk::Args),
    /// Print a report for supervision.
    #[command(subcommand)]
    Rapport(rapport::Command),
    /// Measure this machine and this hub.
    #[command(subcommand)]
    Bench(bench::Command),
    /// Work out the deadlines of the norms from a day; needs no hub.
    Termijn(termijn::Args),
    /// Work with receipts.
    #[command(subcommand)]
    Receipt(berichten::ReceiptCommand),
    /// Work with views.
    #[command(subcommand)]
    View(bewijs::ViewCommand),
    /// Who saw what of a child, for the GI that holds its case (AVG art. 15).
    Inzage(inzage::Args),
    /// Check the sealed audit log, prove what is in it, and witness that it only grows.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Write the whole contract, with the privacy matrix and every refusal, as one page for a browser.
    Openbaar(openbaar::Args),
    /// Print what a shell needs to complete commands and options.
    Completions(completions::Args),
}

/// Every command with its options, for who wants to show or complete them.
pub fn opdrachten() -> clap::Command {
    voorbeelden::met_voorbeelden(Args::command())
}

/// Runs the programme and returns its exit code.
pub fn run() -> ExitCode {
    let args = Args::from_arg_matches(&opdrachten().get_matches()).unwrap_or_else(|fout| fout.exit());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::from(error)),
    };
    match runtime.block_on(dispatch(args.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn dispatch(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve { config } => serve::serve(&config).await,
        Command::Migrate { config, vorm } => serve::migrate(&config, vorm).await,
        Command::Doctor(args) => doctor::run(&args).await,
        Command::Klokken(command) => klokken::run(&command).await,
        Command::Kluis(command) => kluis::run(&command).await,
        Command::Demo(args) => demo::run(&args).await,
        Command::Tijd(args) => tijd::run(&args).await,
        Command::Replay(args) => replay::run(&args).await,
        Command::Conform(args) => conform::run(&args).await,
        Command::Certs(args) => certs_command::run(&args),
        Command::Deelnemer(command) => deelnemer::run(&command).await,
        Command::Submit { files, naar } => berichten::submit(&files, &naar).await,
        Command::Receive(args) => ontvangen::receive(&args).await,
        Command::Bekijk(args) => bekijk::run(&args).await,
        Command::Rapport(command) => rapport::run(&command).await,
        Command::Bench(command) => bench::run(&command).await,
        Command::Termijn(args) => termijn::run(&args),
        Command::Receipt(command) => berichten::receipt(&command).await,
        Command::View(command) => bewijs::view(&command),
        Command::Inzage(args) => inzage::run(&args).await,
        Command::Audit(command) => audit::run(command).await,
        Command::Openbaar(args) => openbaar::run(&args),
        Command::Completions(args) => completions::run(&args),
    }
}
