//! Load: so many calls at once (closed loop), or so many a second whatever becomes of them (open loop), unary or over streams, every
//! latency in one histogram. In an open loop a latency counts from the moment the call should have been sent, so that a server that
//! stalls shows in it and not in the number of calls.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use hdrhistogram::Histogram;
use http::uri::PathAndQuery;
use jeugdketen_proto::raw::{SubmitRequest, SubmitResponse, SubmitStreamRequest, SubmitStreamResponse, Uitkomst};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_stream::wrappers::{ReceiverStream, UnboundedReceiverStream};
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use super::berichten::Maker;
use crate::wire::client::uitleg;

/// How long calls that were sent may take to come back after the last was sent.
const AFTER: Duration = Duration::from_secs(120);

/// How a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A call each.
    Unary,
    /// On streams that stay open, one a connection.
    Stream,
}

/// How fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pace {
    /// This many at once, as fast as they are answered.
    Closed,
    /// This many a second.
    Open(f64),
}

/// What to send, how and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) way: Way,
    pub(super) pace: Pace,
    /// Calls at once; in an open loop the most that may be.
    pub(super) in_flight: usize,
    pub(super) duration: Duration,
    /// Whether a refusal with RESOURCE_EXHAUSTED is counted instead of failing the run, and what finds no place is not sent instead of waiting.
    pub(super) tolerant: bool,
}

/// A server with the connections to it.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) channels: Vec<Channel>,
    pub(super) unary: &'static str,
    pub(super) stream: &'static str,
}

/// The methods of the hub.
pub(super) const SUBMIT: &str = "/jeugdketen.hub.v1.ExchangeService/Submit";
/// The same, streamed.
pub(super) const SUBMIT_STREAM: &str = "/jeugdketen.hub.v1.ExchangeService/SubmitStream";

/// What one measurement gave.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    /// Calls that were answered well.
    pub(super) calls: u64,
    /// Calls that were refused for being too many.
    pub(super) refused: u64,
    /// Calls that were not sent, since as many as may be were open.
    pub(super) unsent: u64,
    pub(super) elapsed: Duration,
    /// In microseconds.
    pub(super) latencies: Histogram<u64>,
}

impl Measured {
    fn new() -> anyhow::Result<Measured> {
        Ok(Measured { calls: 0, refused: 0, unsent: 0, elapsed: Duration::ZERO, latencies: histogram()? })
    }

    pub(super) fn per_second(&self) -> f64 {
        self.calls as f64 / self.elapsed.as_secs_f64()
    }

    fn record(&mut self, latency: Duration) -> anyhow::Result<()> {
        self.calls += 1;
        record(&mut self.latencies, latency)
    }

    fn add(&mut self, other: &Measured) -> anyhow::Result<()> {
        self.calls += other.calls;
        self.refused += other.refused;
        self.unsent += other.unsent;
        Ok(self.latencies.add(&other.latencies)?)
    }
}

/// Latencies in microseconds, three digits, growing as needed.
pub(super) fn histogram() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new(3)?)
}

/// Puts a latency into a histogram.
pub(super) fn record(histogram: &mut Histogram<u64>, latency: Duration) -> anyhow::Result<()> {
    Ok(histogram.record(u64::try_from(latency.as_micros())?.max(1))?)
}

/// Runs the load. Any failed call fails the run: a rate with failures in it says nothing.
pub(super) async fn run(load: &Load, target: &Target, maker: &Arc<Maker>) -> anyhow::Result<Measured> {
    match (load.way, load.pace) {
        (Way::Unary, Pace::Closed) => closed_unary(load, target, maker).await,
        (Way::Stream, Pace::Closed) => closed_stream(load, target, maker).await,
        (Way::Unary, Pace::Open(rate)) => open_unary(load, rate, target, maker).await,
        (Way::Stream, Pace::Open(rate)) => open_stream(load, rate, target, maker).await,
    }
}

/// One call with the bytes of a message; the answer is the bytes of a receipt.
pub(super) async fn unary(grpc: &mut Grpc<Channel>, path: &'static str, bericht: Bytes) -> Result<Bytes, Status> {
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let request = Request::new(SubmitRequest { bericht: Some(bericht), ..Default::default() });
    let codec = ProstCodec::<SubmitRequest, SubmitResponse>::default();
    let answer = grpc.unary(request, PathAndQuery::from_static(path), codec).await?;
    Ok(answer.into_inner().receipt.unwrap_or_default())
}

async fn closed_unary(load: &Load, target: &Target, maker: &Arc<Maker>) -> anyhow::Result<Measured> {
    let begin = Instant::now();
    let end = begin + load.duration;
    let mut workers = JoinSet::new();
    for channel in target.channels.iter().cycle().take(load.in_flight).cloned() {
        let (maker, path, tolerant) = (Arc::clone(maker), target.unary, load.tolerant);
        workers.spawn(async move {
            let mut grpc = Grpc::new(channel);
            let mut measured = Measured::new()?;
            while Instant::now() < end {
                let bericht = maker.next();
                let sent = Instant::now();
                match unary(&mut grpc, path, bericht).await {
                    Ok(_) => measured.record(sent.elapsed())?,
                    Err(status) if tolerant && status.code() == Code::ResourceExhausted => measured.refused += 1,
                    Err(status) => bail!("refused: {}", uitleg(&status)),
                }
            }
            anyhow::Ok(measured)
        });
    }
    gathered(workers, begin).await
}

async fn gathered(mut workers: JoinSet<anyhow::Result<Measured>>, begin: Instant) -> anyhow::Result<Measured> {
    let mut all = Measured::new()?;
    while let Some(measured) = workers.join_next().await {
        all.add(&measured??)?;
    }
    all.elapsed = begin.elapsed();
    Ok(all)
}

async fn closed_stream(load: &Load, target: &Target, maker: &Arc<Maker>) -> anyhow::Result<Measured> {
    let begin = Instant::now();
    let end = begin + load.duration;
    let mut workers = JoinSet::new();
    for (index, channel) in target.channels.iter().enumerate() {
        let (channel, path, maker) = (channel.clone(), target.stream, Arc::clone(maker));
        let window = share(load.in_flight, target.channels.len(), index).max(1);
        workers.spawn(async move {
            let mut measured = Measured::new()?;
            let next = || (Instant::now() < end).then(|| maker.next());
            pump(channel, path, window, next, |_, latency| measured.record(latency)).await?;
            Ok(measured)
        });
    }
    gathered(workers, begin).await
}

/// How many of a number one of several gets.
pub(super) fn share(number: usize, among: usize, index: usize) -> usize {
    number / among + usize::from(index < number % among)
}

/// Sends messages over one stream, so many at once, until there is no next; answers come in the order of the messages.
pub(super) async fn pump(
    channel: Channel,
    path: &'static str,
    window: usize,
    mut next: impl FnMut() -> Option<Bytes>,
    mut answered: impl FnMut(Bytes, Duration) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (sender, outgoing) = mpsc::channel(window);
    let mut sent = VecDeque::with_capacity(window);
    for bericht in std::iter::from_fn(&mut next).take(window) {
        sent.push_back(Instant::now());
        sender.try_send(request(bericht)).map_err(|_| anyhow::anyhow!("the stream is full"))?;
    }
    let mut incoming = open(channel, path, ReceiverStream::new(outgoing)).await?;
    while let Some(begin) = sent.pop_front() {
        let answer = incoming.message().await.map_err(|status| anyhow::anyhow!(uitleg(&status)))?;
        answered(receipt(answer)?, begin.elapsed())?;
        if let Some(bericht) = next() {
            sent.push_back(Instant::now());
            sender.send(request(bericht)).await.context("the stream broke")?;
        }
    }
    Ok(())
}

fn request(bericht: Bytes) -> SubmitStreamRequest {
    SubmitStreamRequest { bericht: Some(bericht), ..Default::default() }
}

fn receipt(answer: Option<SubmitStreamResponse>) -> anyhow::Result<Bytes> {
    match answer.and_then(|answer| answer.uitkomst) {
        Some(Uitkomst::Receipt(receipt)) => Ok(receipt),
        Some(Uitkomst::Weigering(weigering)) => bail!("refused: {} {}", weigering.reden, weigering.uitleg),
        None => bail!("the stream ended before every answer was there"),
    }
}

async fn open(
    channel: Channel,
    path: &'static str,
    outgoing: impl tokio_stream::Stream<Item = SubmitStreamRequest> + Send + 'static,
) -> anyhow::Result<tonic::Streaming<SubmitStreamResponse>> {
    let mut grpc = Grpc::new(channel);
    grpc.ready().await?;
    let codec = ProstCodec::<SubmitStreamRequest, SubmitStreamResponse>::default();
    let answer = grpc.streaming(Request::new(outgoing), PathAndQuery::from_static(path), codec).await;
    Ok(answer.map_err(|status| anyhow::anyhow!(uitleg(&status)))?.into_inner())
}

async fn open_unary(load: &Load, rate: f64, target: &Target, maker: &Arc<Maker>) -> anyhow::Result<Measured> {
    let turn = std::sync::atomic::AtomicUsize::new(0);
    let (channels, path, maker) = (target.channels.clone(), target.unary, Arc::clone(maker));
    let (tolerant, end) = (load.tolerant, Instant::now() + load.duration);
    let at_once = load.in_flight.max(AT_ONCE);
    let places = if tolerant { Places::OrNotAtAll(at_once) } else { Places::Wait(at_once) };
    open_loop(rate, load.duration, places, move |_| {
        let channel = channels[turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % channels.len()].clone();
        let bericht = maker.next();
        async move {
            let mut grpc = Grpc::new(channel);
            let call = unary(&mut grpc, path, bericht);
            // Who may be refused does not wait for it when everything is over.
            let answer = if tolerant { tokio::time::timeout_at(end.into(), call).await } else { Ok(call.await) };
            match answer {
                Ok(Ok(_)) => Ok(true),
                Ok(Err(status)) if tolerant && status.code() == Code::ResourceExhausted => Ok(false),
                Ok(Err(status)) => bail!("refused: {}", uitleg(&status)),
                Err(_) => Ok(false),
            }
        }
    })
    .await
}

/// Calls at once in an open loop.
pub(super) const AT_ONCE: usize = 1024;

/// What a call in an open loop does when so many are open.
#[derive(Clone, Copy, Debug)]
pub(super) enum Places {
    /// It waits for one of them to end; its waiting is counted.
    Wait(usize),
    /// It is not sent.
    OrNotAtAll(usize),
}

/// Calls so many times a second. Each latency counts from the moment its call should have begun. A call is told that moment; one that says
/// `false` was refused and is counted apart.
pub(super) async fn open_loop<F, C>(rate: f64, duration: Duration, places: Places, call: F) -> anyhow::Result<Measured>
where
    F: Fn(Instant) -> C + Send + Sync + 'static,
    C: Future<Output = anyhow::Result<bool>> + Send + 'static,
{
    let (results, mut gathered) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Handle::current();
    let begin = Instant::now();
    let sending = tokio::task::spawn_blocking(move || {
        let (call, mut unsent) = (Arc::new(call), 0);
        let (aantal, wait) = match places {
            Places::Wait(aantal) => (aantal, true),
            Places::OrNotAtAll(aantal) => (aantal, false),
        };
        let places = Arc::new(Semaphore::new(aantal));
        beat(begin, rate, duration, if wait { Duration::ZERO } else { GRAIN }, |intended| {
            let (call, places, results) = (Arc::clone(&call), Arc::clone(&places), results.clone());
            let place = places.clone().try_acquire_owned().ok();
            if !wait && place.is_none() {
                unsent += 1;
                return true;
            }
            runtime.spawn(async move {
                let place = match place {
                    Some(place) => Ok(place),
                    None => places.acquire_owned().await,
                };
                let answer = call(intended).await;
                drop((results.send((intended.elapsed(), answer)), place));
            });
            true
        });
        unsent
    });
    let gathering = async {
        let mut measured = Measured::new()?;
        while let Some((latency, answer)) = gathered.recv().await {
            if answer? { measured.record(latency)? } else { measured.refused += 1 }
        }
        anyhow::Ok(measured)
    };
    let gathered = tokio::time::timeout(duration + AFTER, gathering).await;
    let mut measured = gathered.context("the server did not catch up with the rate")??;
    measured.unsent = sending.await?;
    measured.elapsed = begin.elapsed();
    Ok(measured)
}

/// Who may not send most of what it would sends what is due so often, and does not wake up for each.
const GRAIN: Duration = Duration::from_millis(2);

/// Beats so many times a second on a thread of its own, whose sleep is finer than the timer of the runtime; of beats that are closer together
/// than `grain`, those that are due together. Ends early when told so.
fn beat(begin: Instant, rate: f64, duration: Duration, grain: Duration, mut at: impl FnMut(Instant) -> bool) {
    let beats = (rate * duration.as_secs_f64()).round().max(1.0) as u64;
    for nr in 0..beats {
        let intended = begin + Duration::from_secs_f64(nr as f64 / rate);
        if let Some(wait) = intended.checked_duration_since(Instant::now()) {
            std::thread::sleep(wait.max(grain));
        }
        if !at(intended) {
            return;
        }
    }
}

async fn open_stream(load: &Load, rate: f64, target: &Target, maker: &Arc<Maker>) -> anyhow::Result<Measured> {
    let begin = Instant::now();
    let (mut senders, mut workers) = (Vec::new(), JoinSet::new());
    for channel in target.channels.iter().cloned() {
        let (sender, outgoing) = mpsc::unbounded_channel();
        let (moments, mut intended) = mpsc::unbounded_channel::<Instant>();
        senders.push((sender, moments));
        let path = target.stream;
        workers.spawn(async move {
            let mut measured = Measured::new()?;
            let mut incoming = open(channel, path, UnboundedReceiverStream::new(outgoing)).await?;
            while let Some(moment) = intended.recv().await {
                let answer = incoming.message().await.map_err(|status| anyhow::anyhow!(uitleg(&status)))?;
                receipt(answer)?;
                measured.record(moment.elapsed())?;
            }
            anyhow::Ok(measured)
        });
    }
    let (maker, duration) = (Arc::clone(maker), load.duration);
    let sending = tokio::task::spawn_blocking(move || {
        let mut turn = 0;
        beat(begin, rate, duration, Duration::ZERO, |intended| {
            let (sender, moments) = &senders[turn % senders.len()];
            turn += 1;
            moments.send(intended).is_ok() && sender.send(request(maker.next())).is_ok()
        });
    });
    let measured = tokio::time::timeout(duration + AFTER, gathered(workers, begin)).await;
    let measured = measured.context("the server did not catch up with the rate")??;
    sending.await?;
    ensure!(measured.calls > 0, "nothing was sent");
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// A server that does one thing at a time and stands still once, for 300 ms of a second.
    #[tokio::test]
    async fn a_server_that_stalls_shows_in_the_latency_of_all_who_should_have_been_served() {
        let nr = Arc::new(AtomicU32::new(0));
        let call = move |_| {
            let nr = nr.fetch_add(1, Ordering::Relaxed);
            async move {
                if nr == 100 {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
                Ok(true)
            }
        };
        let measured = open_loop(500.0, Duration::from_secs(1), Places::Wait(1), call).await.unwrap();
        assert_eq!(measured.calls, 500);
        // One call in five hundred stood still; one in seven should have been served meanwhile.
        let at = |quantile| measured.latencies.value_at_quantile(quantile);
        assert!(at(0.99) > 250_000, "p99 is {} us", at(0.99));
        assert!(at(0.90) > 50_000, "p90 is {} us", at(0.90));
    }

    #[tokio::test]
    async fn a_refusal_is_counted_apart_and_a_failure_ends_the_run() {
        let nr = Arc::new(AtomicU32::new(0));
        let every_other = move |_| {
            let nr = nr.fetch_add(1, Ordering::Relaxed);
            async move { Ok(nr.is_multiple_of(2)) }
        };
        let measured = open_loop(1000.0, Duration::from_millis(100), Places::Wait(8), every_other).await.unwrap();
        assert_eq!((measured.calls, measured.refused), (50, 50));
        let failing = |_| async { bail!("no") };
        assert!(open_loop(1000.0, Duration::from_millis(100), Places::Wait(8), failing).await.is_err());
    }

    #[tokio::test]
    async fn what_finds_no_place_is_not_sent_when_that_was_asked() {
        let (open, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (counted, slow) = (Arc::clone(&most), move |_| {
            let open = Arc::clone(&open);
            most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            async move {
                tokio::time::sleep(Duration::from_millis(300)).await;
                open.fetch_sub(1, Ordering::SeqCst);
                Ok(true)
            }
        });
        let measured = open_loop(1000.0, Duration::from_millis(200), Places::OrNotAtAll(8), slow).await.unwrap();
        assert_eq!((measured.calls, measured.unsent, counted.load(Ordering::SeqCst)), (8, 192, 8));
    }

    #[test]
    fn shares_add_up() {
        assert_eq!((0..4).map(|index| share(256, 4, index)).sum::<usize>(), 256);
        assert_eq!((0..3).map(|index| share(10, 3, index)).collect::<Vec<_>>(), [4, 3, 3]);
    }
}
