//! Closed-loop load: a fixed number of calls at once for a fixed time, every latency in one histogram.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use http::uri::PathAndQuery;
use jeugdketen_proto::raw::SubmitRequest as RawRequest;
use jeugdketen_proto::v1::exchange_service_client::ExchangeServiceClient;
use jeugdketen_proto::v1::{Bericht, SubmitRequest};
use prost::Message as _;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;

use super::{Plan, echo};
use crate::time::Clock;

/// What to call.
#[derive(Clone)]
pub(super) enum Call {
    /// The echo, with the message.
    Echo(Bericht),
    /// Submit, with the message under a new id each time.
    Submit(Bericht, Clock),
}

/// What one measurement gave.
pub(super) struct Measured {
    calls: u64,
    elapsed: Duration,
    latencies: Histogram<u64>,
}

impl Measured {
    pub(super) fn per_second(&self) -> f64 {
        self.calls as f64 / self.elapsed.as_secs_f64()
    }
}

/// The latencies of several measurements in one histogram.
pub(super) fn merged(measured: &[&Measured]) -> anyhow::Result<Histogram<u64>> {
    let mut all = histogram()?;
    for m in measured {
        all.add(&m.latencies)?;
    }
    Ok(all)
}

/// Latencies in microseconds, three digits, growing as needed.
fn histogram() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new(3)?)
}

/// Runs the load. Any failed call fails the run: a rate with failures in it says nothing.
pub(super) async fn run(plan: &Plan, channels: &[Channel], call: Call) -> anyhow::Result<Measured> {
    let begin = Instant::now();
    let end = begin + plan.duration;
    let mut workers = tokio::task::JoinSet::new();
    for channel in channels.iter().cycle().take(plan.in_flight).cloned() {
        workers.spawn(worker(channel, call.clone(), end));
    }
    let mut measured = Measured { calls: 0, elapsed: Duration::ZERO, latencies: histogram()? };
    while let Some(latencies) = workers.join_next().await {
        let latencies = latencies??;
        measured.calls += latencies.len();
        measured.latencies.add(&latencies)?;
    }
    measured.elapsed = begin.elapsed();
    Ok(measured)
}

async fn worker(channel: Channel, call: Call, end: Instant) -> anyhow::Result<Histogram<u64>> {
    let mut latencies = histogram()?;
    let mut exchange = ExchangeServiceClient::new(channel.clone());
    let mut grpc = Grpc::new(channel);
    let bytes = match &call {
        Call::Echo(bericht) | Call::Submit(bericht, _) => bytes::Bytes::from(bericht.encode_to_vec()),
    };
    while Instant::now() < end {
        let begin;
        match &call {
            Call::Echo(_) => {
                begin = Instant::now();
                grpc.ready().await?;
                let request = tonic::Request::new(RawRequest { bericht: Some(bytes.clone()), ..Default::default() });
                let codec = ProstCodec::<RawRequest, RawRequest>::default();
                grpc.unary(request, PathAndQuery::from_static(echo::PATH), codec).await?;
            }
            Call::Submit(bericht, clock) => {
                let bericht = Bericht { bericht_id: clock.new_id().to_string(), ..bericht.clone() };
                begin = Instant::now();
                exchange.submit(SubmitRequest { bericht: Some(bericht), ..Default::default() }).await?;
            }
        }
        latencies.record(u64::try_from(begin.elapsed().as_micros())?.max(1))?;
    }
    Ok(latencies)
}
