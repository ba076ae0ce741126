//! What a backlog costs those who are no part of it: submit and delivery at a hub at which others never read what many messages brought them,
//! and in turn at one beside it, on a second database of the same server, with few of those.

use serde::Serialize;

use super::berichten::{ANDEREN, bepalingen, bereid_voor, vul};
use super::e2e::{Opstelling, until};
use super::lezers::Geleverd;
use super::load::{self, Load, Measured, Pace, Way};
use super::rapport::{Figures, Machine, median, ratios_p99};
use super::stage::{Stage, Welke, no_quota};
use super::{Plan, Voortgang};

/// Messages of others in one case: its uitspraak, its koppeling, and bepalingen.
const PER_ZAAK: usize = 10;
/// Messages between two looks at how far it is.
const STAP: usize = 20_000;

/// What was measured.
#[derive(Debug, Serialize)]
pub struct AchterstandReport {
    /// `achterstand`.
    pub case: &'static str,
    /// The database of the hubs.
    pub database: &'static str,
    /// Messages at once.
    pub in_flight: usize,
    /// Messages a second while delivery is measured.
    pub asked_per_second: f64,
    /// With few messages of others stored.
    pub few: Level,
    /// With many.
    pub many: Level,
    /// The raw mTLS echo.
    pub echo: Figures,
    /// Messages a second while the many were filled.
    pub filled_per_second: f64,
    /// Rate of submit with many ÷ with few, the median of the rounds.
    pub ratio_rate: f64,
    /// 99th percentile of submit with many ÷ with few, the median of the rounds.
    pub ratio_p99: f64,
    /// 99th percentile until every recipient has it, with many ÷ with few, the median of the rounds.
    pub ratio_e2e_p99: f64,
    /// The machine.
    pub machine: Machine,
}

/// One of the hubs.
#[derive(Debug, Serialize)]
pub struct Level {
    /// Messages of others before the first round, whose bepalingen nobody read.
    pub stored: usize,
    /// Submit in a closed loop.
    pub submit: Figures,
    /// Until every recipient that reads has it, at a fixed rate.
    pub e2e: Figures,
}

/// Measures; `berichten` are few and many.
pub(super) async fn achterstand(
    plan: &Plan,
    [weinig, veel]: [usize; 2],
    rate: f64,
    voortgang: &dyn Voortgang,
) -> anyhow::Result<AchterstandReport> {
    anyhow::ensure!(plan.hub.is_none(), "a backlog is measured beside a second hub; both are started here");
    voortgang.stap("starting");
    let mut stage = Stage::open(plan, &no_quota()).await?;
    stage.start_ernaast(plan, &no_quota(), true).await?;
    let begin = stage.processes.cpu();
    let mut few = Kant::prepare(plan, &stage, (Welke::Ernaast, weinig), rate, voortgang).await?;
    let mut many = Kant::prepare(plan, &stage, (Welke::Gemeten, veel), rate, voortgang).await?;
    let (echo, mut echoed) = (stage.to_echo("gi", plan.connections).await?, Vec::new());
    for nr in 0..plan.rounds {
        voortgang.ronde(nr, plan.rounds);
        echoed.push(load::run(&closed(plan), &echo, &few.opstelling.maker).await?);
        // Every other round in the other order.
        let order = if nr.is_multiple_of(2) { [&mut few, &mut many] } else { [&mut many, &mut few] };
        for kant in order {
            kant.ronde(plan).await?;
        }
        stage.hub_runs()?;
    }
    let machine = Machine::judge(stage.fsync_per_second, stage.processes.since(&begin));
    voortgang.klaar();
    let rates = many.submitted.iter().zip(&few.submitted).map(|(many, few)| many.per_second() / few.per_second());
    Ok(AchterstandReport {
        case: "achterstand",
        database: stage.database.soort,
        in_flight: plan.in_flight,
        asked_per_second: rate,
        filled_per_second: many.filled_per_second,
        ratio_rate: median(rates.collect()),
        ratio_p99: median(ratios_p99(many.submitted.iter().map(|m| &m.latencies), few.submitted.iter().map(|m| &m.latencies))),
        ratio_e2e_p99: median(ratios_p99(many.delivered.iter().map(|m| &m.all), few.delivered.iter().map(|m| &m.all))),
        few: few.level()?,
        many: many.level()?,
        echo: Figures::of(&echoed.iter().collect::<Vec<_>>())?,
        machine,
    })
}

fn closed(plan: &Plan) -> Load {
    Load { way: Way::Unary, pace: Pace::Closed, in_flight: plan.in_flight, duration: plan.duration, tolerant: false }
}

/// One hub with its backlog, and what was measured there.
struct Kant {
    opstelling: Opstelling,
    stored: usize,
    filled_per_second: f64,
    rate: f64,
    submitted: Vec<Measured>,
    delivered: Vec<Geleverd>,
}

impl Kant {
    async fn prepare(
        plan: &Plan,
        stage: &Stage,
        (welke, berichten): (Welke, usize),
        rate: f64,
        voortgang: &dyn Voortgang,
    ) -> anyhow::Result<Kant> {
        voortgang.stap("preparing cases");
        let opstelling = Opstelling::prepare(plan, stage, welke).await?;
        let begin = std::time::Instant::now();
        let stored = fill(plan, stage, (welke, berichten), voortgang).await?;
        let filled_per_second = stored as f64 / begin.elapsed().as_secs_f64();
        Ok(Kant { opstelling, stored, filled_per_second, rate, submitted: Vec::new(), delivered: Vec::new() })
    }

    async fn ronde(&mut self, plan: &Plan) -> anyhow::Result<()> {
        let Opstelling { hub, maker, lezers } = &self.opstelling;
        self.submitted.push(load::run(&closed(plan), hub, maker).await?);
        // What those who read still have to read of that is no part of what comes next.
        lezers.bij().await?;
        self.delivered.push(lezers.meet(&closed(plan), self.rate, hub, maker).await?);
        Ok(())
    }

    fn level(&self) -> anyhow::Result<Level> {
        let submit = Figures::of(&self.submitted.iter().collect::<Vec<_>>())?;
        Ok(Level { stored: self.stored, submit, e2e: until(&self.delivered, |one| Some(&one.all))? })
    }
}

/// Sends messages of others that nobody reads; returns how many.
async fn fill(plan: &Plan, stage: &Stage, (welke, berichten): (Welke, usize), voortgang: &dyn Voortgang) -> anyhow::Result<usize> {
    let zaken = berichten / PER_ZAAK;
    if zaken == 0 {
        return Ok(0);
    }
    voortgang.stap("opening cases of others");
    let rechtbank = stage.to(welke, ANDEREN.rechtbank, plan.connections).await?;
    let gi = stage.to(welke, ANDEREN.gi, plan.connections).await?;
    let geopend = bereid_voor(&ANDEREN, &rechtbank.channels, &gi.channels, zaken, &stage.clock).await?;
    let maker = bepalingen(&ANDEREN, plan.bytes, geopend, &stage.clock)?;
    let mut left = berichten - 2 * zaken;
    while left > 0 {
        voortgang.stap(&format!("{left} messages of others to go"));
        let now = left.min(STAP);
        vul(&gi.channels, &maker, now).await?;
        left -= now;
    }
    Ok(berichten)
}
