//! `bekijk`: the pages of a hub in a browser on this machine, with a certificate in files.

use std::net::SocketAddr;

use anyhow::Context as _;
use axum::http::Method;
use axum::http::uri::PathAndQuery;
use tokio_util::sync::CancellationToken;

use super::client::Wie;
use crate::paginas::klant::Klant;
use crate::paginas::venster;
use crate::wire::client::Adres;

/// As whom, of which hub, and where.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// Address of the pages of the hub.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8444", env = "KETENHUB_PAGINAS")]
    paginas: String,
    /// Address to listen on for the browser; only loopback.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    #[command(flatten)]
    wie: Wie,
}

const HELP: &str = "Whoever can reach the address on this machine sees what the participant sees, for as long as it runs.

Examples:
  ketenhub bekijk --als GI                                    the pages of the demo, as a GI
  ketenhub bekijk --als INSPECTIE --listen 127.0.0.1:8081     another role beside it
  ketenhub bekijk --paginas hub.example.nl:8444 --ca ca.pem --cert own.pem --key own.key";

/// Opens the window and keeps it open.
pub(super) async fn run(args: &Args) -> anyhow::Result<()> {
    let adres = Adres::parse(&args.paginas).with_context(|| format!("{:?} is not HOST:PORT", args.paginas))?;
    let klant = Klant::nieuw(adres, args.wie.tls()?.laad_voor_paginas()?);
    // What is wrong with the certificate or the address is said now, and not in the browser.
    let eerste = klant.haal(Method::GET, PathAndQuery::from_static("/")).await?;
    let stop = CancellationToken::new();
    let hier = venster::open(args.listen, klant, stop.clone()).await.with_context(|| format!("cannot listen on {}", args.listen))?;
    if !eerste.status().is_success() {
        eprintln!("the hub answers {}: the page says why", eerste.status());
    }
    println!("http://{hier}/");
    eprintln!("Open this address in a browser on this machine. Ctrl-C closes it.");
    tokio::signal::ctrl_c().await?;
    stop.cancel();
    Ok(())
}
