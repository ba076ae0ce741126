//! `bench`: what to measure, and how it is shown.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;

use crate::bench::{self, Figures, Klokkenrapport, Plan, Report};

/// What to measure.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Unary submits of an uitspraak with two recipients, accepted and durable, beside a raw mTLS echo and a hub that protects nothing in turn.
    Submit {
        /// Folder with the example certificates.
        #[arg(long, value_name = "DIR", default_value = "certs-example", env = "KETENHUB_CERTS")]
        certs: PathBuf,
        /// Database to measure on: an empty one, and for PostgreSQL one more with `_unprotected` behind its name. Without it SQLite in a
        /// temporary folder.
        #[arg(long, value_name = "URL")]
        database: Option<String>,
        /// Seconds of one measurement.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Measurements of each.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// Calls at once.
        #[arg(long, default_value_t = 64)]
        in_flight: usize,
        /// Connections.
        #[arg(long, default_value_t = 4)]
        connections: usize,
        /// Bytes of one message.
        #[arg(long, default_value_t = 1024)]
        bytes: usize,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// What the norm clocks cost: one case, a message, and a tick, with many open cases.
    Klokken {
        /// Folder with the example certificates.
        #[arg(long, value_name = "DIR", default_value = "certs-example", env = "KETENHUB_CERTS")]
        certs: PathBuf,
        /// Database to measure on: an empty one. Without it SQLite in a temporary folder.
        #[arg(long, value_name = "URL")]
        database: Option<String>,
        /// Open cases.
        #[arg(long, default_value_t = 100_000)]
        zaken: usize,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Measures.
pub(super) async fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Submit { certs, database, seconds, rounds, in_flight, connections, bytes, json } => {
            let plan = Plan {
                certs: certs.clone(),
                database: database.clone(),
                duration: Duration::from_secs(*seconds),
                rounds: (*rounds).max(1),
                in_flight: (*in_flight).max(1),
                connections: (*connections).max(1),
                bytes: *bytes,
            };
            let report = bench::submit(&plan, |round| eprintln!("round {round} of {}", plan.rounds)).await?;
            print(&report, *json, show)
        }
        Command::Klokken { certs, database, zaken, json } => {
            let plan = Plan {
                certs: certs.clone(),
                database: database.clone(),
                duration: Duration::ZERO,
                rounds: 1,
                in_flight: 256,
                connections: 0,
                bytes: 0,
            };
            let report = bench::klokken(&plan, (*zaken).max(1000), |wat| eprintln!("{wat}")).await?;
            print(&report, *json, show_klokken)
        }
    }
}

fn print<R: serde::Serialize>(report: &R, json: bool, show: impl Fn(&R)) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        show(report);
    }
    Ok(())
}

fn show_klokken(r: &Klokkenrapport) {
    println!("{} open cases", r.zaken);
    println!("measuring one case                {:>10.1} us   {} messages", r.een_zaak_us, r.een_zaak_berichten);
    println!("messages a second, a tenth open   {:>10.0}", r.koppelingen_bij_weinig);
    println!("messages a second, all open       {:>10.0}   ratio {:.2}", r.koppelingen_bij_veel, r.verhouding);
    println!("tick, nothing due                 {:>10.1} us", r.tik_niets_us);
    println!("tick, {:>6} cases due            {:>10.1} ms", r.tik_weinig_zaken, r.tik_weinig_ms);
    println!("tick, {:>6} cases due            {:>10.1} ms", r.tik_alles_zaken, r.tik_alles_ms);
    println!("measuring and comparing all       {:>10.1} ms", r.herbouw_ms);
    println!("raw fsync of 4 KiB                {:>10.0}/s   other CPU {:.0} % of a core", r.fsync_per_second, r.other_cpu * 100.0);
}

fn show(report: &Report) {
    println!("{} bytes, {} in flight, {} connections", report.bytes, report.in_flight, report.connections);
    let line = |name: &str, f: &Figures| {
        println!("{name:<22} {:>9.0}/s   p50 {:>7} us   p99 {:>7} us   max {:>8} us", f.per_second, f.p50_us, f.p99_us, f.max_us);
    };
    line("raw mTLS echo", &report.echo);
    line("accepted and durable", &report.submit);
    line("nothing protected", &report.unprotected);
    println!("ratio to the echo      {:>9.3}", report.ratio);
    println!("ratio to unprotected   {:>9.3}", report.protected_ratio);
    println!("raw fsync of 4 KiB     {:>9.0}/s   other CPU {:.0} % of a core", report.fsync_per_second, report.other_cpu * 100.0);
    for reason in &report.distrust {
        println!("do not trust this run: {reason}");
    }
}
