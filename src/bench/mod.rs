//! The load generator: how many messages the hub accepts and makes durable, beside a raw mTLS echo of the same message in turn on the
//! same machine, so that a ratio within one run can be trusted where an absolute number cannot. It measures; it tunes nothing.

mod echo;
mod klokken;
mod load;
mod machine;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jeugdketen_proto::v1::{self, Bericht, SoortMaatregel, SoortUitspraak, VormUitspraak, bericht::Inhoud};
use prost::Message as _;
use serde::Serialize;

use crate::config::{Config, Limits};
use crate::hub::Running;
use crate::identity::client::ClientTls;
use crate::time::{Clock, timestamp};
use crate::wire::client::{Adres, kanaal};
pub use klokken::{Klokkenrapport, klokken};
use load::Measured;

/// How to measure.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Folder with the example certificates.
    pub certs: PathBuf,
    /// `sqlite:PATH` or `postgres://…`; a file in a folder of its own when none is given.
    pub database: Option<String>,
    /// Length of one measurement.
    pub duration: Duration,
    /// How often echo and submit are measured, in turn.
    pub rounds: usize,
    /// Calls at once.
    pub in_flight: usize,
    /// Connections they are spread over.
    pub connections: usize,
    /// Size of the encoded message, in bytes.
    pub bytes: usize,
}

/// What was measured. Rates are medians over the rounds; latencies are over all rounds.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Calls at once.
    pub in_flight: usize,
    /// Connections.
    pub connections: usize,
    /// Size of the message, in bytes.
    pub bytes: usize,
    /// The raw mTLS echo.
    pub echo: Figures,
    /// Accepted and durable.
    pub submit: Figures,
    /// The same by a hub that seals nothing, commits to nothing and keeps no logbook, which exists for this comparison alone.
    pub unprotected: Figures,
    /// Submit ÷ echo, the median of the rounds.
    pub ratio: f64,
    /// Submit ÷ submit to the hub that protects nothing, the median of the rounds.
    pub protected_ratio: f64,
    /// Writes of 4 KiB with fsync a second, before the run.
    pub fsync_per_second: f64,
    /// Share of one core that other processes took during the run.
    pub other_cpu: f64,
    /// Why the run cannot be trusted, when it cannot.
    pub distrust: Vec<String>,
}

/// Figures of one kind of call.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// Calls a second.
    pub per_second: f64,
    /// Median latency in microseconds.
    pub p50_us: u64,
    /// 99th percentile in microseconds.
    pub p99_us: u64,
    /// Longest in microseconds.
    pub max_us: u64,
}

/// Measures `submit`: unary, an uitspraak with two recipients, closed loop.
pub async fn submit(plan: &Plan, progress: impl Fn(usize)) -> anyhow::Result<Report> {
    let clock = Clock::machine();
    let folder = std::env::temp_dir().join(format!("ketenhub-bench-{}", clock.new_id()));
    std::fs::create_dir_all(&folder)?;
    let fsync_per_second = machine::fsync_rate(&folder)?;
    let config = config(plan, &folder);
    let running = Running::start(&config, clock.clone()).await?;
    let bare_folder = folder.join("unprotected");
    let bare_config = Config { database: plan.second_database(&bare_folder), ..self::config(plan, &bare_folder) };
    let bare = Running::start_zonder_bescherming(&bare_config, clock.clone()).await?;
    let echo = echo::start(&config, &clock).await?;
    let cpu = machine::Cpu::now();

    let tls = ClientTls {
        ca: plan.certs.join("ca.pem"),
        certificaat: plan.certs.join("rechtbank.pem"),
        sleutel: plan.certs.join("rechtbank.key"),
    };
    let tls = tls.laad()?;
    let mut channels = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.connections {
        for (address, list) in [(echo.address, &mut channels.0), (running.address, &mut channels.1), (bare.address, &mut channels.2)] {
            let adres = Adres::parse(&address.to_string()).ok_or_else(|| anyhow::anyhow!("the address of the hub"))?;
            list.push(kanaal(&adres, Arc::clone(&tls)).await?);
        }
    }
    let message = message(plan.bytes, &clock);
    let mut rounds = Vec::new();
    for round in 0..plan.rounds {
        let echoed = load::run(plan, &channels.0, load::Call::Echo(message.clone())).await?;
        // First the one, then the other: what a round does to the disk is not always the same one's.
        let submit = async |channels| load::run(plan, channels, load::Call::Submit(message.clone(), clock.clone())).await;
        let (submitted, unprotected) = match round % 2 {
            0 => (submit(&channels.1).await?, submit(&channels.2).await?),
            _ => {
                let unprotected = submit(&channels.2).await?;
                (submit(&channels.1).await?, unprotected)
            }
        };
        rounds.push(Round { echoed, submitted, unprotected });
        progress(round + 1);
    }
    let other_cpu = cpu.others();
    drop(channels);
    echo.stop();
    running.stop().await?;
    bare.stop().await?;
    let _ = std::fs::remove_dir_all(&folder);
    report(plan, &rounds, fsync_per_second, other_cpu)
}

/// What one round measured, one after the other.
struct Round {
    echoed: Measured,
    submitted: Measured,
    unprotected: Measured,
}

impl Plan {
    /// A database for the hub that protects nothing, beside the first.
    fn second_database(&self, folder: &Path) -> String {
        match &self.database {
            Some(url) if url.starts_with("postgres") => format!("{url}_unprotected"),
            _ => format!("sqlite:{}", folder.join("ketenhub.db").display()),
        }
    }
}

fn report(plan: &Plan, rounds: &[Round], fsync_per_second: f64, other_cpu: f64) -> anyhow::Result<Report> {
    let all = |which: fn(&Round) -> &Measured| rounds.iter().map(which).collect::<Vec<_>>();
    let (echo, submit) = (all(|round| &round.echoed), all(|round| &round.submitted));
    let ratio =
        |to: fn(&Round) -> &Measured| median(rounds.iter().map(|round| round.submitted.per_second() / to(round).per_second()).collect());
    let mut distrust = Vec::new();
    if fsync_per_second < 2000.0 {
        distrust.push("an fsync takes more than 0.5 ms: the disk, or another load, decides".to_owned());
    }
    if other_cpu > 0.15 {
        distrust.push("other processes took more than 15 % of a core".to_owned());
    }
    Ok(Report {
        in_flight: plan.in_flight,
        connections: plan.connections,
        bytes: plan.bytes,
        ratio: ratio(|round| &round.echoed),
        protected_ratio: ratio(|round| &round.unprotected),
        echo: figures(&echo)?,
        submit: figures(&submit)?,
        unprotected: figures(&all(|round| &round.unprotected))?,
        fsync_per_second,
        other_cpu,
        distrust,
    })
}

fn figures(measured: &[&Measured]) -> anyhow::Result<Figures> {
    let histogram = load::merged(measured)?;
    Ok(Figures {
        per_second: median(measured.iter().map(|m| m.per_second()).collect()),
        p50_us: histogram.value_at_quantile(0.5),
        p99_us: histogram.value_at_quantile(0.99),
        max_us: histogram.max(),
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// An uitspraak of about this size that opens a case with a GI and a gemeente.
fn message(bytes: usize, clock: &Clock) -> Bericht {
    let mut uitspraak = v1::Uitspraak {
        soort: SoortUitspraak::Oplegging.into(),
        vorm: VormUitspraak::Beschikking.into(),
        maatregel: SoortMaatregel::Ots.into(),
        zaaknummer: "C/09/999001 / JE RK 26-9001".to_owned(),
        uitgesproken_op: Some(timestamp(clock.micros() - 3_600_000_000)),
        ingangsdatum: "2026-03-02".to_owned(),
        einddatum: "2027-03-01".to_owned(),
        gi_oin: "00000099020000001000".to_owned(),
        woonplaats_gemeentecode: "0518".to_owned(),
        jeugdige: Some(v1::Jeugdige { identiteit: Some(v1::jeugdige::Identiteit::Bsn("999990019".to_owned())), geheim_adres: None }),
        gi_uitgenodigd: true,
        ..v1::Uitspraak::default()
    };
    let with = |uitspraak: v1::Uitspraak| Bericht {
        bericht_id: clock.new_id().to_string(),
        inhoud: Some(Inhoud::Uitspraak(uitspraak)),
        ..Bericht::default()
    };
    let bare = with(uitspraak.clone()).encoded_len();
    uitspraak.motivering = "m".repeat(bytes.saturating_sub(bare + 6));
    with(uitspraak)
}

fn config(plan: &Plan, folder: &Path) -> Config {
    let config = Config::on_loopback(&plan.certs, folder, 0);
    let database = plan.database.clone().unwrap_or_else(|| config.database.clone());
    Config { database, limits: Limits { streams: 1000, tik_s: 60, ..Limits::default() }, ..config }
}
