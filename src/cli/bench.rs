//! `bench`: what to measure, and how it is shown.

mod tabel;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::uitvoer::{Balk, Vorm};
use crate::bench::{self, Buurman, Opslag, Opties, Plan, Soort, Voortgang, Weg};
use crate::config::Log;
use crate::telemetry;

/// What to measure.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Submit, a call each: accepted and durable, beside a raw mTLS echo and the bare insert rate of the same database in turn.
    #[command(after_help = SUBMIT_HELP)]
    Submit {
        #[command(flatten)]
        gemeen: Gemeen,
        #[command(flatten)]
        zending: Zending,
        /// Messages at once; in an open loop the most that may be.
        #[arg(long, default_value_t = 64, value_name = "N")]
        in_flight: usize,
    },
    /// Submit over streams that stay open, one a connection.
    #[command(after_help = STREAM_HELP)]
    Stream {
        #[command(flatten)]
        gemeen: Gemeen,
        #[command(flatten)]
        zending: Zending,
        /// Messages at once, over all streams; in an open loop there is no such limit.
        #[arg(long, default_value_t = 256, value_name = "N")]
        in_flight: usize,
    },
    /// From the moment a message should have been sent to the view in the hands of every recipient, who acknowledge as they go.
    #[command(after_help = E2E_HELP)]
    E2e {
        #[command(flatten)]
        gemeen: Gemeen,
        /// Messages a second.
        #[arg(long, default_value_t = 500.0, value_name = "N")]
        per_second: f64,
    },
    /// What subscribers cost that have nothing to do, beside a server that only holds a stream open. Memory and processor time.
    #[command(after_help = IDLE_HELP)]
    Idle {
        #[command(flatten)]
        gemeen: Gemeen,
        /// Subscribers, each on a connection of its own.
        #[arg(long, default_value_t = 10_000, value_name = "N")]
        abonnees: usize,
    },
    /// What a backlog costs those who are no part of it: submit and delivery while the mailboxes of others fill up.
    #[command(after_help = ACHTERSTAND_HELP)]
    Achterstand {
        #[command(flatten)]
        gemeen: Gemeen,
        /// Messages of others at one hub.
        #[arg(long, default_value_t = 200_000, value_name = "M")]
        berichten: usize,
        /// Messages of others at the hub beside it.
        #[arg(long, default_value_t = 10_000, value_name = "M")]
        weinig: usize,
        /// Messages a second while delivery is measured.
        #[arg(long, default_value_t = 500.0, value_name = "N")]
        per_second: f64,
        /// Messages at once while submit is measured.
        #[arg(long, default_value_t = 64, value_name = "N")]
        in_flight: usize,
    },
    /// What a participant costs the others that sends 50 times its quota: their latency at a fixed rate, without and with it.
    #[command(after_help = BUURMAN_HELP)]
    Buurman {
        #[command(flatten)]
        gemeen: Gemeen,
        /// Messages a second that a participant may send.
        #[arg(long, default_value_t = 100, value_name = "N")]
        quota: u64,
        /// Messages a second that the neighbour sends, when not 50 times the quota.
        #[arg(long, value_name = "N")]
        buurman_per_second: Option<f64>,
        /// Messages a second that the others send.
        #[arg(long, default_value_t = 50.0, value_name = "N")]
        per_second: f64,
    },
    /// A year of the whole country through the wire, on simulated time.
    #[command(after_help = JAAR_HELP)]
    Jaar {
        #[command(flatten)]
        gemeen: Gemeen,
        /// Part of the year, above 0 and up to 1.
        #[arg(long, default_value_t = 1.0)]
        deel: f64,
    },
    /// What the norm clocks cost: one case, a message, and a tick, with many open cases. Below the wire.
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
        #[command(flatten)]
        vorm: Vorm,
    },
    /// What the pages cost: the 95th percentile of each page's answer with few and with many open cases, in one run.
    Paginas {
        /// Folder with the example certificates.
        #[arg(long, value_name = "DIR", default_value = "certs-example", env = "KETENHUB_CERTS")]
        certs: PathBuf,
        /// Database to measure on: an empty one. Without it SQLite in a temporary folder.
        #[arg(long, value_name = "URL")]
        database: Option<String>,
        /// Open cases in the second part; the first has a hundredth of them.
        #[arg(long, default_value_t = 100_000)]
        zaken: usize,
        #[command(flatten)]
        vorm: Vorm,
    },
    /// The raw mTLS echo, as a process of its own.
    #[command(hide = true)]
    Yardstick {
        /// Configuration of the hub it stands beside.
        #[arg(long)]
        config: PathBuf,
    },
    /// A hub that protects nothing, as a process of its own, to measure what protection costs.
    #[command(hide = true)]
    Unprotected {
        /// Its configuration.
        #[arg(long)]
        config: PathBuf,
    },
}

const SUBMIT_HELP: &str = "\
Examples:
  ketenhub bench submit                                  SQLite, jeugdhulpbepalingen, 64 at once
  ketenhub bench submit --postgres                       a PostgreSQL server of its own
  ketenhub bench submit --per-second 2000                open loop: latency counts from the intended moment
  ketenhub bench submit --vergelijk-een --sync-ms 5 --shim libshim.so
                                                         64 at once against one at a time on a slow disk
  ketenhub bench submit --hub hub:8443 --certs DIR       a hub elsewhere";

const STREAM_HELP: &str = "\
Examples:
  ketenhub bench stream --postgres --json
  ketenhub bench stream --per-second 5000";

const E2E_HELP: &str = "\
Examples:
  ketenhub bench e2e --postgres
  ketenhub bench e2e --per-second 1000 --seconds 10";

const IDLE_HELP: &str = "\
Every subscriber is an open file in the hub and in the load generator; both raise their limit to 65,536 as far as they may. Where
they may not, `ulimit -n` says how many there can be.

Examples:
  ketenhub bench idle
  ketenhub bench idle --abonnees 2000 --seconds 30";

const ACHTERSTAND_HELP: &str = "\
Examples:
  ketenhub bench achterstand --postgres
  ketenhub bench achterstand --postgres --berichten 5000000";

const BUURMAN_HELP: &str = "\
Examples:
  ketenhub bench buurman --postgres
  ketenhub bench buurman --quota 200 --per-second 100";

const JAAR_HELP: &str = "\
Examples:
  ketenhub bench jaar --postgres
  ketenhub bench jaar --deel 0.01";

/// What every case asks.
#[derive(Debug, Args)]
pub(super) struct Gemeen {
    /// Folder with the example certificates.
    #[arg(long, value_name = "DIR", default_value = "certs-example", env = "KETENHUB_CERTS")]
    certs: PathBuf,
    /// A hub that runs already, `host:port`. Without it one is started as a process of its own.
    #[arg(long, value_name = "HOST:PORT")]
    hub: Option<String>,
    /// An empty database, `sqlite:PATH` or `postgres://…`. Without it SQLite in a temporary folder.
    #[arg(long, value_name = "URL", conflicts_with = "postgres")]
    database: Option<String>,
    /// Start a PostgreSQL server for the run, reached over TCP or a Unix socket.
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "tcp", conflicts_with = "hub")]
    postgres: Option<Hoe>,
    /// Put NAME=VALUE into the surroundings of the hub, and of the PostgreSQL server that is started. Can be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = paar)]
    hub_env: Vec<(String, String)>,
    /// Milliseconds that every sync takes longer; needs --shim.
    #[arg(long, value_name = "MS", requires = "shim", conflicts_with = "hub")]
    sync_ms: Option<u64>,
    /// The library that makes syncs slow (built from tests/shim/shim.c).
    #[arg(long, value_name = "FILE")]
    shim: Option<PathBuf>,
    /// Seconds of one measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Measurements of each, in turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Connections of a sender.
    #[arg(long, default_value_t = 4, value_name = "N")]
    connections: usize,
    /// Bytes of one message.
    #[arg(long, default_value_t = 1024)]
    bytes: usize,
    /// Cases to prepare, so that each gets only some messages: the facts of a case are read for every message in it.
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    zaken: usize,
    #[command(flatten)]
    vorm: Vorm,
}

/// What is sent, and how fast.
#[derive(Debug, Args)]
pub(super) struct Zending {
    /// What is sent.
    #[arg(long, value_enum, default_value = "bepaling")]
    bericht: Wat,
    /// Open loop: so many messages a second, whatever becomes of them. Without it a closed loop.
    #[arg(long, value_name = "N")]
    per_second: Option<f64>,
    /// Measure one message at a time too.
    #[arg(long)]
    vergelijk_een: bool,
    /// Measure a hub that protects nothing too; on a PostgreSQL database that was given one more with `_ernaast` behind its name.
    #[arg(long, conflicts_with = "hub")]
    onbeschermd: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Hoe {
    Tcp,
    Socket,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Wat {
    /// A jeugdhulpbepaling to an aanbieder and a gemeente.
    Bepaling,
    /// An uitspraak that opens a case with a GI and a gemeente.
    Uitspraak,
}

fn paar(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Gemeen {
    fn plan(&self, in_flight: usize, per_second: Option<f64>) -> anyhow::Result<Plan> {
        let opslag = match (&self.database, self.postgres) {
            (Some(url), _) => Opslag::Url(url.clone()),
            (None, Some(Hoe::Tcp)) => Opslag::Postgres(Weg::Tcp),
            (None, Some(Hoe::Socket)) => Opslag::Postgres(Weg::Socket),
            (None, None) => Opslag::Folder,
        };
        anyhow::ensure!(per_second.is_none_or(|rate| rate > 0.0), "--per-second must be above 0");
        let mut env = self.hub_env.clone();
        if let (Some(ms), Some(shim)) = (self.sync_ms, &self.shim) {
            env.push(("LD_PRELOAD".to_owned(), std::fs::canonicalize(shim)?.display().to_string()));
            env.push(("KETENHUB_SHIM_SYNC_MS".to_owned(), ms.to_string()));
        }
        Ok(Plan {
            certs: self.certs.clone(),
            hub: self.hub.clone(),
            opslag,
            env,
            duration: Duration::from_secs(self.seconds.max(1)),
            rounds: self.rounds.max(1),
            in_flight: in_flight.max(1),
            connections: self.connections.max(1),
            bytes: self.bytes,
            zaken: self.zaken.max(1),
            per_second,
        })
    }
}

impl Zending {
    fn soort(&self) -> Soort {
        match self.bericht {
            Wat::Bepaling => Soort::Bepaling,
            Wat::Uitspraak => Soort::Uitspraak,
        }
    }

    fn opties(&self) -> Opties {
        Opties { een: self.vergelijk_een, onbeschermd: self.onbeschermd }
    }
}

impl Voortgang for Balk {
    fn stap(&self, wat: &str) {
        self.zegt(wat);
    }

    fn ronde(&self, nr: usize, van: usize) {
        self.stand(nr as u64, van as u64);
        self.zegt("measuring");
    }

    fn klaar(&self) {
        self.wis();
    }
}

/// For cases that have no number of messages at once.
const ONE: usize = 1;

/// Measures.
pub(super) async fn run(command: &Command) -> anyhow::Result<()> {
    let balk = Balk::telt("measurements");
    match command {
        Command::Submit { gemeen, zending, in_flight } => {
            let plan = gemeen.plan(*in_flight, zending.per_second)?;
            let report = bench::submit(&plan, zending.soort(), zending.opties(), &balk).await?;
            print(&report, gemeen.vorm, tabel::submit)
        }
        Command::Stream { gemeen, zending, in_flight } => {
            let plan = gemeen.plan(*in_flight, zending.per_second)?;
            let report = bench::stream(&plan, zending.soort(), zending.opties(), &balk).await?;
            print(&report, gemeen.vorm, tabel::submit)
        }
        Command::E2e { gemeen, per_second } => {
            let report = bench::e2e(&gemeen.plan(ONE, Some(*per_second))?, *per_second, &balk).await?;
            print(&report, gemeen.vorm, tabel::e2e)
        }
        Command::Idle { gemeen, abonnees } => {
            let report = bench::idle(&gemeen.plan(ONE, None)?, *abonnees, &balk).await?;
            print(&report, gemeen.vorm, tabel::idle)
        }
        Command::Achterstand { gemeen, berichten, weinig, per_second, in_flight } => {
            let plan = gemeen.plan(*in_flight, Some(*per_second))?;
            let report = bench::achterstand(&plan, [*weinig, *berichten], *per_second, &balk).await?;
            print(&report, gemeen.vorm, tabel::achterstand)
        }
        Command::Buurman { gemeen, quota, buurman_per_second, per_second } => {
            let wie = Buurman { quota: *quota, buurman: *buurman_per_second, anderen: *per_second };
            let report = bench::buurman(&gemeen.plan(ONE, Some(*per_second))?, wie, &balk).await?;
            print(&report, gemeen.vorm, tabel::buurman)
        }
        Command::Jaar { gemeen, deel } => {
            telemetry::start(&Log { filter: "warn".to_owned(), json: false });
            let report = bench::jaar(&gemeen.plan(ONE, None)?, *deel, &balk).await?;
            print(&report, gemeen.vorm, tabel::jaar)
        }
        Command::Klokken { certs, database, zaken, vorm } => {
            let report = bench::klokken(certs, database.as_deref(), (*zaken).max(1000), |wat| balk.stap(wat)).await?;
            print(&report, *vorm, tabel::klokken)
        }
        Command::Paginas { certs, database, zaken, vorm } => {
            let report = bench::paginas(certs, database.as_deref(), (*zaken).max(100), |wat| balk.stap(wat)).await?;
            print(&report, *vorm, tabel::paginas)
        }
        Command::Yardstick { config } => bench::yardstick(config).await,
        Command::Unprotected { config } => bench::unprotected(config).await,
    }
}

fn print<R: serde::Serialize>(report: &R, vorm: Vorm, show: impl Fn(&R) -> String) -> anyhow::Result<()> {
    vorm.toon(report, || show(report))
}
