//! What a backlog costs those who are no part of it: submit and delivery while the mailboxes of others, who never read, fill up.

use serde::Serialize;

use super::berichten::{ANDEREN, bepalingen, bereid_voor, vul};
use super::e2e::{Opstelling, until};
use super::load::{self, Load, Pace, Target, Way};
use super::rapport::{Figures, Machine};
use super::stage::{Stage, no_quota};
use super::{Plan, Voortgang};

/// Messages of others that are stored before the first measurement; fewer when fewer are asked.
const BEGIN: usize = 10_000;
/// Messages of others in one case: its uitspraak, its koppeling, and bepalingen.
const PER_ZAAK: usize = 10;
/// Messages between two looks at how far it is.
const STAP: usize = 20_000;

/// What was measured.
#[derive(Debug, Serialize)]
pub struct AchterstandReport {
    /// `achterstand`.
    pub case: &'static str,
    /// The database of the hub.
    pub database: &'static str,
    /// Messages at once.
    pub in_flight: usize,
    /// Messages a second while delivery is measured.
    pub asked_per_second: f64,
    /// With few messages of others stored.
    pub few: Level,
    /// With many.
    pub many: Level,
    /// Messages a second while the others were filled.
    pub filled_per_second: f64,
    /// Rate of submit with many ÷ with few.
    pub ratio_rate: f64,
    /// 99th percentile of submit with many ÷ with few.
    pub ratio_p99: f64,
    /// 99th percentile until every recipient has it, with many ÷ with few.
    pub ratio_e2e_p99: f64,
    /// Rate of the echo at the time of many ÷ at the time of few: what the machine did meanwhile.
    pub ratio_machine: f64,
    /// The machine.
    pub machine: Machine,
}

/// One level of the backlog.
#[derive(Debug, Serialize)]
pub struct Level {
    /// Messages of others, whose bepalingen nobody read.
    pub stored: usize,
    /// Submit in a closed loop.
    pub submit: Figures,
    /// Until every recipient that reads has it, at a fixed rate.
    pub e2e: Figures,
    /// The raw mTLS echo.
    pub echo: Figures,
}

/// Measures.
pub(super) async fn achterstand(plan: &Plan, berichten: usize, rate: f64, voortgang: &dyn Voortgang) -> anyhow::Result<AchterstandReport> {
    voortgang.stap("starting");
    let mut stage = Stage::open(plan, &no_quota()).await?;
    voortgang.stap("preparing cases");
    let opstelling = Opstelling::prepare(plan, &stage).await?;
    let echo = stage.to_echo("gi", plan.connections).await?;
    let begin = stage.processes.cpu();
    let few = fill(plan, &stage, BEGIN.min(berichten), voortgang).await?;
    let few = level(plan, &mut stage, &opstelling, &echo, few, rate, voortgang).await?;
    let filling = std::time::Instant::now();
    let more = fill(plan, &stage, berichten.saturating_sub(few.stored), voortgang).await?;
    let filled_per_second = more as f64 / filling.elapsed().as_secs_f64();
    let many = level(plan, &mut stage, &opstelling, &echo, few.stored + more, rate, voortgang).await?;
    let machine = Machine::judge(stage.fsync_per_second, stage.processes.since(&begin));
    voortgang.klaar();
    let ratio = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    Ok(AchterstandReport {
        case: "achterstand",
        database: stage.database.soort,
        in_flight: plan.in_flight,
        asked_per_second: rate,
        filled_per_second,
        ratio_rate: many.submit.per_second / few.submit.per_second,
        ratio_p99: ratio(many.submit.p99_us, few.submit.p99_us),
        ratio_e2e_p99: ratio(many.e2e.p99_us, few.e2e.p99_us),
        ratio_machine: many.echo.per_second / few.echo.per_second,
        few,
        many,
        machine,
    })
}

/// Sends messages of others that nobody reads; returns how many.
async fn fill(plan: &Plan, stage: &Stage, berichten: usize, voortgang: &dyn Voortgang) -> anyhow::Result<usize> {
    let zaken = berichten / PER_ZAAK;
    if zaken == 0 {
        return Ok(0);
    }
    voortgang.stap("opening cases of others");
    let rechtbank = stage.to_hub(ANDEREN.rechtbank, plan.connections).await?;
    let gi = stage.to_hub(ANDEREN.gi, plan.connections).await?;
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

async fn level(
    plan: &Plan,
    stage: &mut Stage,
    opstelling: &Opstelling,
    echo: &Target,
    stored: usize,
    rate: f64,
    voortgang: &dyn Voortgang,
) -> anyhow::Result<Level> {
    let closed = Load { way: Way::Unary, pace: Pace::Closed, in_flight: plan.in_flight, duration: plan.duration, tolerant: false };
    let (mut submitted, mut delivered, mut echoed) = (Vec::new(), Vec::new(), Vec::new());
    for nr in 0..plan.rounds {
        voortgang.ronde(nr, plan.rounds);
        echoed.push(load::run(&closed, echo, &opstelling.maker).await?);
        submitted.push(load::run(&closed, &opstelling.hub, &opstelling.maker).await?);
        // What those who read still have to read of that is no part of what comes next.
        opstelling.lezers.bij().await?;
        delivered.push(opstelling.lezers.meet(&closed, rate, &opstelling.hub, &opstelling.maker).await?);
        stage.hub_runs()?;
    }
    Ok(Level {
        stored,
        submit: Figures::of(&submitted.iter().collect::<Vec<_>>())?,
        e2e: until(&delivered, |one| Some(&one.all))?,
        echo: Figures::of(&echoed.iter().collect::<Vec<_>>())?,
    })
}
