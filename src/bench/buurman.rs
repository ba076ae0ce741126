//! What a participant that sends far too much costs the others: their latency at a fixed rate, without and with it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::berichten::{ANDEREN, GEMETEN, Keten, Maker, bepalingen, bereid_voor};
use super::load::{self, Load, Measured, Pace, Target, Way};
use super::rapport::{Figures, Machine, median, ratios_p99};
use super::stage::{Stage, no_quota, quota, quota_exists};
use super::{Plan, Voortgang};

/// How many times its quota the neighbour sends.
pub const KEER: f64 = 50.0;
/// How long the neighbour sends before the others are measured.
const VOORSPRONG: Duration = Duration::from_millis(500);

/// Who sends how much.
#[derive(Clone, Copy, Debug)]
pub struct Buurman {
    /// Messages a second that each participant may send.
    pub quota: u64,
    /// Messages a second that the neighbour sends; 50 times the quota when nothing else is said.
    pub buurman: Option<f64>,
    /// Messages a second that the others send.
    pub anderen: f64,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct BuurmanReport {
    /// `buurman`.
    pub case: &'static str,
    /// The database of the hub.
    pub database: &'static str,
    /// Messages a second that each participant may send; none when this hub knows no quota.
    pub quota_per_second: Option<u64>,
    /// Messages a second that the others sent.
    pub others_per_second: f64,
    /// The others without the neighbour.
    pub without: Figures,
    /// The others with it.
    pub with: Figures,
    /// 99th percentile with ÷ without, the median of the rounds.
    pub ratio_p99: f64,
    /// The same of each round.
    pub ratios_p99: Vec<f64>,
    /// Messages a second that the neighbour tried to send.
    pub neighbour_asked_per_second: f64,
    /// Messages of the neighbour that were accepted.
    pub neighbour_accepted: u64,
    /// Messages of the neighbour that were refused for being too many.
    pub neighbour_refused: u64,
    /// Messages that the neighbour could not send, since as many calls as it may have were open.
    pub neighbour_unsent: u64,
    /// The machine.
    pub machine: Machine,
}

/// Measures.
pub(super) async fn buurman(plan: &Plan, wie: Buurman, voortgang: &dyn Voortgang) -> anyhow::Result<BuurmanReport> {
    voortgang.stap("starting");
    let mut stage = Stage::open(plan, &no_quota()).await?;
    voortgang.stap("preparing cases");
    let maker = prepare(plan, &stage, &GEMETEN).await?;
    let too_much = prepare(plan, &stage, &ANDEREN).await?;
    // Preparing sends more than anybody may.
    stage.restart(plan, &quota(wie.quota)).await?;
    let others = stage.to_hub(GEMETEN.gi, plan.connections).await?;
    let neighbour = stage.to_hub(ANDEREN.gi, plan.connections).await?;
    let load = Load { way: Way::Unary, pace: Pace::Open(wie.anderen), in_flight: plan.in_flight, duration: plan.duration, tolerant: false };
    let asked = wie.buurman.unwrap_or(wie.quota as f64 * KEER);
    let noise = Load { pace: Pace::Open(asked), duration: plan.duration + VOORSPRONG, tolerant: true, ..load };
    let begin = stage.processes.cpu();
    let (mut without, mut with, mut noises) = (Vec::new(), Vec::new(), Vec::new());
    for nr in 0..plan.rounds {
        voortgang.ronde(nr, plan.rounds);
        // Every other round in the other order.
        if nr.is_multiple_of(2) {
            without.push(load::run(&load, &others, &maker).await?);
        }
        let (one, noise) = beside(load, &others, &maker, noise, &neighbour, &too_much).await?;
        with.push(one);
        noises.push(noise);
        if without.len() < with.len() {
            without.push(load::run(&load, &others, &maker).await?);
        }
        stage.hub_runs()?;
    }
    let machine = Machine::judge(stage.fsync_per_second, stage.processes.since(&begin));
    voortgang.klaar();
    let ratios_p99 = ratios_p99(with.iter().map(|m| &m.latencies), without.iter().map(|m| &m.latencies));
    let (without, with) = (Figures::of(&without.iter().collect::<Vec<_>>())?, Figures::of(&with.iter().collect::<Vec<_>>())?);
    Ok(BuurmanReport {
        case: "buurman",
        database: stage.database.soort,
        quota_per_second: (plan.hub.is_none() && quota_exists()).then_some(wie.quota),
        others_per_second: wie.anderen,
        ratio_p99: median(ratios_p99.clone()),
        ratios_p99,
        without,
        with,
        neighbour_asked_per_second: asked,
        neighbour_accepted: noises.iter().map(|noise| noise.calls).sum(),
        neighbour_refused: noises.iter().map(|noise| noise.refused).sum(),
        neighbour_unsent: noises.iter().map(|noise| noise.unsent).sum(),
        machine,
    })
}

/// The others, while the neighbour sends.
async fn beside(
    load: Load,
    others: &Target,
    maker: &Arc<Maker>,
    noise: Load,
    neighbour: &Target,
    too_much: &Arc<Maker>,
) -> anyhow::Result<(Measured, Measured)> {
    let (neighbour, too_much) = (neighbour.clone(), Arc::clone(too_much));
    let sending = tokio::spawn(async move { load::run(&noise, &neighbour, &too_much).await });
    tokio::time::sleep(VOORSPRONG).await;
    let measured = load::run(&load, others, maker).await?;
    Ok((measured, sending.await??))
}

async fn prepare(plan: &Plan, stage: &Stage, keten: &Keten) -> anyhow::Result<Arc<Maker>> {
    let rechtbank = stage.to_hub(keten.rechtbank, plan.connections).await?;
    let gi = stage.to_hub(keten.gi, plan.connections).await?;
    let zaken = bereid_voor(keten, &rechtbank.channels, &gi.channels, plan.zaken, &stage.clock).await?;
    bepalingen(keten, plan.bytes, zaken, &stage.clock)
}
