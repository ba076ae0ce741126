//! What a subscriber costs that has nothing to do: memory of the hub, beside a server that only holds a stream open, and processor time.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use http::uri::PathAndQuery;
use jeugdketen_proto::raw::SubmitRequest;
use jeugdketen_proto::v1::exchange_service_client::ExchangeServiceClient;
use jeugdketen_proto::v1::{SubscribeRequest, SubscribeResponse};
use serde::Serialize;
use tokio::task::JoinSet;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Request, Streaming};
use tonic_prost::ProstCodec;

use super::child::more_files;
use super::machine;
use super::rapport::Machine;
use super::stage::{Stage, no_quota};
use super::{Plan, Voortgang, echo};
use crate::wire::client::{Adres, kanaal, uitleg};

/// Who subscribes, by the names of their certificates.
const DEELNEMERS: [&str; 16] = [
    "gi",
    "gi-2",
    "gi-3",
    "gemeente",
    "gemeente-2",
    "gemeente-3",
    "aanbieder",
    "aanbieder-2",
    "aanbieder-3",
    "rechtbank",
    "rechtbank-2",
    "expertteam",
    "expertteam-2",
    "inspectie",
    "accounthoudende-regio",
    "accounthoudende-regio-2",
];
/// Subscriptions of one participant, the most that can be configured.
const ELK: usize = 1000;
/// Connections that are opened at once.
const TEGELIJK: usize = 64;

/// What was measured.
#[derive(Debug, Serialize)]
pub struct IdleReport {
    /// `idle`.
    pub case: &'static str,
    /// Open subscriptions, each on a connection of its own.
    pub subscribers: usize,
    /// Participants they are of.
    pub participants: usize,
    /// Resident memory of the hub before, in bytes.
    pub hub_before: u64,
    /// And with all of them.
    pub hub_after: u64,
    /// The difference for each.
    pub hub_each: f64,
    /// The same of a server that only holds a stream open.
    pub bare_each: f64,
    /// Hub ÷ bare.
    pub ratio: f64,
    /// Processor time of the hub while nothing happens but heartbeats, as a share of one core.
    pub hub_cpu: f64,
    /// Subscriptions opened a second.
    pub opened_per_second: f64,
    /// The machine.
    pub machine: Machine,
}

/// Measures.
pub(super) async fn idle(plan: &Plan, aantal: usize, voortgang: &dyn Voortgang) -> anyhow::Result<IdleReport> {
    ensure!((1..=DEELNEMERS.len() * ELK).contains(&aantal), "1 to {} subscribers", DEELNEMERS.len() * ELK);
    ensure!(plan.hub.is_none(), "the memory of a hub elsewhere cannot be seen");
    more_files();
    voortgang.stap("starting");
    let limits = format!("subscriptions = {ELK}\nconnections = {}\n{}", aantal + 1000, no_quota());
    let stage = Stage::open(plan, &limits).await?;
    let (hub, bare) = (stage.processes.hub.context("the hub")?, stage.processes.echo.context("the yardstick")?);
    let begin = stage.processes.cpu();

    voortgang.stap("opening streams that say nothing");
    let bare_before = settled(bare).await?;
    let streams = open(&stage, &stage.echo_adres()?, aantal, silence).await?;
    let bare_each = each(bare_before, settled(bare).await?, aantal);
    drop(streams);

    voortgang.stap("opening subscriptions");
    let hub_before = settled(hub).await?;
    let opening = std::time::Instant::now();
    let streams = open(&stage, &stage.hub_adres()?, aantal, subscribe).await?;
    let opened_per_second = aantal as f64 / opening.elapsed().as_secs_f64();
    let hub_after = settled(hub).await?;
    let hub_each = each(hub_before, hub_after, aantal);
    voortgang.stap("doing nothing");
    let quiet = stage.processes.cpu();
    tokio::time::sleep(plan.duration).await;
    let quiet = stage.processes.since(&quiet);
    drop(streams);
    voortgang.klaar();
    Ok(IdleReport {
        case: "idle",
        subscribers: aantal,
        participants: aantal.min(DEELNEMERS.len()),
        hub_before,
        hub_after,
        hub_each,
        bare_each,
        ratio: hub_each / bare_each,
        hub_cpu: quiet.hub / quiet.elapsed,
        opened_per_second,
        machine: Machine::judge(stage.fsync_per_second, stage.processes.since(&begin)),
    })
}

fn each(before: u64, after: u64, aantal: usize) -> f64 {
    after.saturating_sub(before) as f64 / aantal as f64
}

/// Resident memory of a process when it has stopped changing.
async fn settled(pid: u32) -> anyhow::Result<u64> {
    let mut before = machine::resident(pid).context("a process of the run is gone")?;
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = machine::resident(pid).context("a process of the run is gone")?;
        if now.abs_diff(before) * 500 <= before {
            return Ok(now);
        }
        before = now;
    }
    Ok(before)
}

/// Opens streams, each on a connection of its own, the participants in turn.
async fn open<S, F>(stage: &Stage, adres: &Adres, aantal: usize, stroom: fn(Channel) -> F) -> anyhow::Result<Vec<S>>
where
    S: Send + 'static,
    F: Future<Output = anyhow::Result<S>> + Send + 'static,
{
    let tls: Vec<_> = DEELNEMERS.iter().map(|wie| stage.tls(wie)).collect::<Result<_, _>>()?;
    let mut opening = JoinSet::new();
    let mut streams = Vec::with_capacity(aantal);
    for nr in 0..aantal {
        if opening.len() >= TEGELIJK {
            streams.extend(opening.join_next().await.transpose()?.transpose()?);
        }
        let (adres, tls) = (adres.clone(), Arc::clone(&tls[nr % tls.len()]));
        opening.spawn(async move { stroom(kanaal(&adres, tls).await?).await });
    }
    while let Some(stream) = opening.join_next().await {
        streams.push(stream??);
    }
    Ok(streams)
}

/// A subscription, with the connection that carries it.
async fn subscribe(channel: Channel) -> anyhow::Result<(Channel, Streaming<SubscribeResponse>)> {
    let stream = ExchangeServiceClient::new(channel.clone()).subscribe(SubscribeRequest { na: None }).await;
    Ok((channel, stream.map_err(|status| anyhow::anyhow!(uitleg(&status)))?.into_inner()))
}

/// A stream on which nothing comes.
async fn silence(channel: Channel) -> anyhow::Result<(Channel, Streaming<SubmitRequest>)> {
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await?;
    let codec = ProstCodec::<SubmitRequest, SubmitRequest>::default();
    let stream = grpc.server_streaming(Request::new(SubmitRequest::default()), PathAndQuery::from_static(echo::SILENCE), codec).await;
    Ok((channel, stream.map_err(|status| anyhow::anyhow!(uitleg(&status)))?.into_inner()))
}
