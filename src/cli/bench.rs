//! `bench`: what to measure, and how it is shown.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;

use crate::bench::{self, Figures, Plan, Report};

/// What to measure.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Unary submits of an uitspraak with two recipients, accepted and durable, beside a raw mTLS echo in turn.
    Submit {
        /// Folder with the example certificates.
        #[arg(long, value_name = "DIR", default_value = "certs-example", env = "KETENHUB_CERTS")]
        certs: PathBuf,
        /// Database to measure on: an empty one. Without it SQLite in a temporary folder.
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
}

/// Measures.
pub(super) async fn run(command: &Command) -> anyhow::Result<()> {
    let Command::Submit { certs, database, seconds, rounds, in_flight, connections, bytes, json } = command;
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
    if *json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        show(&report);
    }
    Ok(())
}

fn show(report: &Report) {
    println!("{} bytes, {} in flight, {} connections", report.bytes, report.in_flight, report.connections);
    let line = |name: &str, f: &Figures| {
        println!("{name:<22} {:>9.0}/s   p50 {:>7} us   p99 {:>7} us   max {:>8} us", f.per_second, f.p50_us, f.p99_us, f.max_us);
    };
    line("raw mTLS echo", &report.echo);
    line("accepted and durable", &report.submit);
    println!("ratio                  {:>9.3}", report.ratio);
    println!("raw fsync of 4 KiB     {:>9.0}/s   other CPU {:.0} % of a core", report.fsync_per_second, report.other_cpu * 100.0);
    for reason in &report.distrust {
        println!("do not trust this run: {reason}");
    }
}
