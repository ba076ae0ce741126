//! From the moment a message should have been sent to the view in the hands of every recipient, at a fixed rate.

use serde::Serialize;

use super::berichten::{GEMETEN, Maker, bepalingen, bereid_voor};
use super::lezers::{Geleverd, Lezers};
use super::load::{self, Load, Measured, Pace, Target, Way};
use super::machine::Spent;
use super::rapport::{Cpu, Figures, Machine, median};
use super::stage::{Stage, Welke, no_quota};
use super::{Plan, Voortgang};
use std::sync::Arc;

/// What was measured; all latencies from the intended moment.
#[derive(Debug, Serialize)]
pub struct E2eReport {
    /// `e2e`.
    pub case: &'static str,
    /// The database of the hub.
    pub database: &'static str,
    /// Messages a second that were asked.
    pub asked_per_second: f64,
    /// Messages that were delivered to everybody.
    pub messages: u64,
    /// Size of a message.
    pub bytes: usize,
    /// Cases that were prepared.
    pub zaken: usize,
    /// Rounds.
    pub rounds: usize,
    /// Until the view is in the hands of every recipient.
    pub everybody: Figures,
    /// Until the aanbieder has it.
    pub aanbieder: Figures,
    /// Until the gemeente has it.
    pub gemeente: Figures,
    /// Until the sender has its receipt.
    pub receipt: Figures,
    /// The raw mTLS echo of the same message at the same rate.
    pub echo: Figures,
    /// Everybody ÷ echo at the median.
    pub ratio_p50: f64,
    /// Rows a second that the database makes durable without a hub.
    pub bare_per_second: Option<f64>,
    /// How that was measured, or why not.
    pub bare_how: String,
    /// Processor time of a message, with its deliveries and acknowledgements.
    pub cpu: Cpu,
    /// The machine.
    pub machine: Machine,
}

/// The measured chain, prepared: who sends, what, and who reads.
pub(super) struct Opstelling {
    pub(super) hub: Target,
    pub(super) maker: Arc<Maker>,
    pub(super) lezers: Lezers,
}

impl Opstelling {
    pub(super) async fn prepare(plan: &Plan, stage: &Stage, welke: Welke) -> anyhow::Result<Opstelling> {
        let hub = stage.to(welke, GEMETEN.gi, plan.connections).await?;
        let rechtbank = stage.to(welke, GEMETEN.rechtbank, plan.connections).await?;
        let zaken = bereid_voor(&GEMETEN, &rechtbank.channels, &hub.channels, plan.zaken, &stage.clock).await?;
        let maker = bepalingen(&GEMETEN, plan.bytes, zaken, &stage.clock)?;
        let lezers = Lezers::start(stage, welke, &[GEMETEN.aanbieder, GEMETEN.gemeente]).await?;
        Ok(Opstelling { hub, maker, lezers })
    }
}

/// Measures.
pub(super) async fn e2e(plan: &Plan, rate: f64, voortgang: &dyn Voortgang) -> anyhow::Result<E2eReport> {
    voortgang.stap("starting");
    let mut stage = Stage::open(plan, &no_quota()).await?;
    voortgang.stap("preparing cases");
    let opstelling = Opstelling::prepare(plan, &stage, Welke::Gemeten).await?;
    let echo = stage.to_echo(GEMETEN.gi, plan.connections).await?;
    let load = Load { way: Way::Unary, pace: Pace::Open(rate), in_flight: plan.in_flight, duration: plan.duration, tolerant: false };
    let begin = stage.processes.cpu();
    let (mut delivered, mut echoed, mut bare, mut spent) = (Vec::new(), Vec::new(), Vec::new(), Spent::default());
    for nr in 0..plan.rounds {
        voortgang.ronde(nr, plan.rounds);
        echoed.push(load::run(&load, &echo, &opstelling.maker).await?);
        bare.extend(stage.bare_rate(plan.duration).await?);
        let before = stage.processes.cpu();
        delivered.push(opstelling.lezers.meet(&load, rate, &opstelling.hub, &opstelling.maker).await?);
        spent = spent + stage.processes.since(&before);
        stage.hub_runs()?;
    }
    let machine = Machine::judge(stage.fsync_per_second, stage.processes.since(&begin));
    voortgang.klaar();
    let messages = delivered.iter().map(|one: &Geleverd| one.all.len()).sum();
    let echo = Figures::of(&echoed.iter().collect::<Vec<_>>())?;
    let everybody = until(&delivered, |one| Some(&one.all))?;
    Ok(E2eReport {
        case: "e2e",
        database: stage.database.soort,
        asked_per_second: rate,
        messages,
        bytes: opstelling.maker.bytes(),
        zaken: plan.zaken,
        rounds: plan.rounds,
        ratio_p50: everybody.p50_us as f64 / echo.p50_us.max(1) as f64,
        everybody,
        aanbieder: until(&delivered, |one| one.each.first())?,
        gemeente: until(&delivered, |one| one.each.get(1))?,
        receipt: Figures::of(&delivered.iter().map(|one| &one.submit).collect::<Vec<_>>())?,
        echo,
        bare_per_second: (!bare.is_empty()).then(|| median(bare)),
        bare_how: stage.bare_how(),
        cpu: Cpu::of(spent, messages),
        machine,
    })
}

/// Figures of one of the histograms over all rounds; the rate is that of the receipts.
pub(super) fn until(delivered: &[Geleverd], which: fn(&Geleverd) -> Option<&hdrhistogram::Histogram<u64>>) -> anyhow::Result<Figures> {
    let mut all = load::histogram()?;
    for one in delivered.iter().filter_map(which) {
        all.add(one)?;
    }
    Ok(Figures::from(&all, median(delivered.iter().map(|one| Measured::per_second(&one.submit)).collect())))
}
