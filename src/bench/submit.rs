//! Submit, unary or streamed: accepted and durable, beside its yardsticks in turn.

use std::sync::Arc;
use std::time::Duration;

use jeugdketen_proto::v1::Receipt;
use prost::Message as _;
use serde::Serialize;
use tonic::client::Grpc;

use super::berichten::{GEMETEN, Maker, bepalingen, bereid_voor, uitspraken};
use super::load::{self, Load, Measured, Pace, SUBMIT, Target, Way};
use super::machine::Spent;
use super::rapport::{Cpu, Figures, Machine, median};
use super::stage::{Stage, Welke, no_quota};
use super::{Plan, Soort, Voortgang};
use crate::wire::client::uitleg;

/// What else to measure.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opties {
    /// One at a time too.
    pub een: bool,
    /// A hub that protects nothing too.
    pub onbeschermd: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `submit` or `stream`.
    pub case: &'static str,
    /// `bepaling` or `uitspraak`.
    pub soort: &'static str,
    /// The database of the hub.
    pub database: &'static str,
    /// Messages at once; in an open loop the most that may be.
    pub in_flight: usize,
    /// Connections, and streams.
    pub connections: usize,
    /// Messages a second that were asked, in an open loop.
    pub asked_per_second: Option<f64>,
    /// Size of a message.
    pub bytes: usize,
    /// Cases that were prepared.
    pub zaken: usize,
    /// Messages in each of them, on average, at the end.
    pub berichten_per_zaak: f64,
    /// Rounds.
    pub rounds: usize,
    /// The hub: accepted and durable.
    pub hub: Figures,
    /// The raw mTLS echo of the same message, at the same pace.
    pub echo: Figures,
    /// Hub ÷ echo, the median of the rounds; in an open loop there are no ratios, since the rate was asked.
    pub ratio_echo: Option<f64>,
    /// Rows a second that the database makes durable without a hub.
    pub bare_per_second: Option<f64>,
    /// How that was measured, or why not.
    pub bare_how: String,
    /// Hub ÷ bare, the median of the rounds.
    pub ratio_bare: Option<f64>,
    /// The hub with one message at a time.
    pub one: Option<Figures>,
    /// Hub ÷ one at a time, the median of the rounds.
    pub ratio_one: Option<f64>,
    /// The same by a hub that seals nothing, commits to nothing and keeps no logbook, which exists for this comparison alone.
    pub unprotected: Option<Figures>,
    /// Hub ÷ unprotected, the median of the rounds.
    pub ratio_unprotected: Option<f64>,
    /// Processor time of a message.
    pub cpu: Cpu,
    /// The rates of each round, a second.
    pub per_round: Vec<RoundRates>,
    /// The machine.
    pub machine: Machine,
}

/// Rates of one round, a second.
#[derive(Debug, Serialize)]
pub struct RoundRates {
    /// The hub.
    pub hub: f64,
    /// The echo.
    pub echo: f64,
    /// The database without a hub.
    pub bare: Option<f64>,
}

struct Round {
    hub: Measured,
    echo: Measured,
    bare: Option<f64>,
    one: Option<Measured>,
    unprotected: Option<Measured>,
    spent: Spent,
}

/// Measures.
pub(super) async fn submit(plan: &Plan, way: Way, soort: Soort, opties: Opties, voortgang: &dyn Voortgang) -> anyhow::Result<Report> {
    voortgang.stap("starting");
    let mut stage = Stage::open(plan, &no_quota()).await?;
    let mut run = Run::prepare(plan, way, soort, opties, &mut stage, voortgang).await?;
    run.warm_up().await?;
    let begin = stage.processes.cpu();
    let mut rounds = Vec::new();
    for nr in 0..plan.rounds {
        voortgang.ronde(nr, plan.rounds);
        rounds.push(run.round(&mut stage, nr).await?);
        stage.hub_runs()?;
    }
    let spent = stage.processes.since(&begin);
    voortgang.klaar();
    run.report(&stage, &rounds, Machine::judge(stage.fsync_per_second, spent))
}

struct Run<'a> {
    plan: &'a Plan,
    load: Load,
    soort: Soort,
    een: bool,
    zaken: usize,
    hub: Target,
    echo: Target,
    maker: Arc<Maker>,
    unprotected: Option<(Target, Arc<Maker>)>,
}

impl<'a> Run<'a> {
    async fn prepare(
        plan: &'a Plan,
        way: Way,
        soort: Soort,
        opties: Opties,
        stage: &mut Stage,
        voortgang: &dyn Voortgang,
    ) -> anyhow::Result<Run<'a>> {
        let wie = if soort == Soort::Bepaling { GEMETEN.gi } else { GEMETEN.rechtbank };
        let connections = plan.connections;
        let hub = stage.to_hub(wie, connections).await?;
        voortgang.stap("preparing cases");
        let maker = prepared(plan, soort, &hub, &stage.to_hub(GEMETEN.rechtbank, connections).await?, stage).await?;
        let mut unprotected = None;
        if opties.onbeschermd {
            stage.start_ernaast(plan, &no_quota(), false).await?;
            let target = stage.to(Welke::Ernaast, wie, connections).await?;
            let rechtbank = stage.to(Welke::Ernaast, GEMETEN.rechtbank, connections).await?;
            let maker = prepared(plan, soort, &target, &rechtbank, stage).await?;
            unprotected = Some((target, maker));
        }
        let load = Load { way, pace: plan.pace(), in_flight: plan.in_flight, duration: plan.duration, tolerant: false };
        let zaken = if soort == Soort::Bepaling { plan.zaken } else { 0 };
        let echo = stage.to_echo(wie, connections).await?;
        Ok(Run { plan, load, soort, een: opties.een, zaken, hub, echo, maker, unprotected })
    }

    /// What is compiled, prepared and allocated at the first use is not measured.
    async fn warm_up(&self) -> anyhow::Result<()> {
        let load = Load { pace: Pace::Closed, duration: self.plan.duration.min(Duration::from_secs(1)) / 2, ..self.load };
        load::run(&load, &self.echo, &self.maker).await?;
        load::run(&load, &self.hub, &self.maker).await?;
        Ok(())
    }

    /// One of each; every other round in the other order: what one does to the disk is not always the same one's.
    async fn round(&mut self, stage: &mut Stage, nr: usize) -> anyhow::Result<Round> {
        let closed = Load { pace: Pace::Closed, ..self.load };
        let mut spent = Spent::default();
        let (hub, echo, bare);
        if nr.is_multiple_of(2) {
            echo = load::run(&self.load, &self.echo, &self.maker).await?;
            bare = stage.bare_rate(self.plan.duration).await?;
            hub = self.hub(stage, &mut spent).await?;
        } else {
            hub = self.hub(stage, &mut spent).await?;
            bare = stage.bare_rate(self.plan.duration).await?;
            echo = load::run(&self.load, &self.echo, &self.maker).await?;
        }
        let one = match self.een {
            true => {
                let channels = self.hub.channels[..1].to_vec();
                Some(load::run(&Load { in_flight: 1, ..closed }, &Target { channels, ..self.hub.clone() }, &self.maker).await?)
            }
            false => None,
        };
        let unprotected = match &self.unprotected {
            Some((target, maker)) => Some(load::run(&self.load, target, maker).await?),
            None => None,
        };
        Ok(Round { hub, echo, bare, one, unprotected, spent })
    }

    async fn hub(&self, stage: &Stage, spent: &mut Spent) -> anyhow::Result<Measured> {
        let begin = stage.processes.cpu();
        let measured = load::run(&self.load, &self.hub, &self.maker).await?;
        *spent = stage.processes.since(&begin);
        Ok(measured)
    }

    fn report(&self, stage: &Stage, rounds: &[Round], machine: Machine) -> anyhow::Result<Report> {
        let of = |which: fn(&Round) -> Option<&Measured>| -> anyhow::Result<Option<Figures>> {
            let all: Vec<_> = rounds.iter().filter_map(which).collect();
            if all.is_empty() { Ok(None) } else { Figures::of(&all).map(Some) }
        };
        let ratio = |to: fn(&Round) -> Option<f64>| {
            let ratios: Vec<_> = rounds.iter().filter_map(|round| Some(round.hub.per_second() / to(round)?)).collect();
            (self.plan.per_second.is_none() && !ratios.is_empty()).then(|| median(ratios))
        };
        let messages = rounds.iter().map(|round| round.hub.calls).sum();
        let spent = rounds.iter().fold(Spent::default(), |spent, round| spent + round.spent);
        let bare: Vec<_> = rounds.iter().filter_map(|round| round.bare).collect();
        Ok(Report {
            case: if self.load.way == Way::Unary { "submit" } else { "stream" },
            soort: if self.soort == Soort::Bepaling { "bepaling" } else { "uitspraak" },
            database: stage.database.soort,
            in_flight: self.plan.in_flight,
            connections: self.plan.connections,
            asked_per_second: if let Pace::Open(rate) = self.plan.pace() { Some(rate) } else { None },
            bytes: self.maker.bytes(),
            zaken: self.zaken,
            berichten_per_zaak: if self.zaken == 0 { 1.0 } else { 2.0 + messages as f64 / self.zaken as f64 },
            rounds: rounds.len(),
            hub: Figures::of(&rounds.iter().map(|round| &round.hub).collect::<Vec<_>>())?,
            echo: Figures::of(&rounds.iter().map(|round| &round.echo).collect::<Vec<_>>())?,
            ratio_echo: ratio(|round| Some(round.echo.per_second())),
            bare_per_second: (!bare.is_empty()).then(|| median(bare)),
            bare_how: stage.bare_how(),
            ratio_bare: ratio(|round| round.bare),
            one: of(|round| round.one.as_ref())?,
            ratio_one: ratio(|round| round.one.as_ref().map(Measured::per_second)),
            unprotected: of(|round| round.unprotected.as_ref())?,
            ratio_unprotected: ratio(|round| round.unprotected.as_ref().map(Measured::per_second)),
            cpu: Cpu::of(spent, messages),
            per_round: rounds
                .iter()
                .map(|round| RoundRates { hub: round.hub.per_second(), echo: round.echo.per_second(), bare: round.bare })
                .collect(),
            machine,
        })
    }
}

/// Prepares what the messages need and what makes them.
async fn prepared(plan: &Plan, soort: Soort, sender: &Target, rechtbank: &Target, stage: &Stage) -> anyhow::Result<Arc<Maker>> {
    if soort == Soort::Uitspraak {
        return uitspraken(&GEMETEN, plan.bytes, &stage.clock);
    }
    let zaken = bereid_voor(&GEMETEN, &rechtbank.channels, &sender.channels, plan.zaken, &stage.clock).await?;
    let maker = bepalingen(&GEMETEN, plan.bytes, zaken, &stage.clock)?;
    let receipt = load::unary(&mut Grpc::new(sender.channels[0].clone()), SUBMIT, maker.next()).await;
    let receipt = Receipt::decode(receipt.map_err(|status| anyhow::anyhow!(uitleg(&status)))?)?;
    anyhow::ensure!(receipt.ontvangers.len() == 2, "a bepaling has {} recipients and not two", receipt.ontvangers.len());
    Ok(maker)
}
