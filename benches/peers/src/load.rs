//! The load, counted as `ketenhub bench` counts it: a closed loop, and an open loop in which every latency counts from the moment the
//! message should have been sent.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Broker;

/// How long the last messages may take after they were sent.
const AFTER: Duration = Duration::from_secs(60);

/// Figures; the rate is the median of the rounds, latencies are over all rounds, in microseconds.
#[derive(Serialize)]
pub struct Figures {
    per_second: f64,
    p50_us: u64,
    p90_us: u64,
    p99_us: u64,
    p999_us: u64,
    max_us: u64,
}

/// What one measurement gave.
pub struct Measured {
    elapsed: Duration,
    latencies: Histogram<u64>,
}

impl Measured {
    /// Messages a second.
    pub fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// Figures of several measurements of the same.
pub fn figures(measured: &[Measured]) -> anyhow::Result<Figures> {
    let mut all = Histogram::<u64>::new(3)?;
    for one in measured {
        all.add(&one.latencies)?;
    }
    let mut rates: Vec<_> = measured.iter().map(Measured::per_second).collect();
    rates.sort_by(f64::total_cmp);
    let at = |quantile| all.value_at_quantile(quantile);
    let per_second = rates.get(rates.len() / 2).copied().unwrap_or_default();
    Ok(Figures { per_second, p50_us: at(0.5), p90_us: at(0.9), p99_us: at(0.99), p999_us: at(0.999), max_us: all.max() })
}

fn record(histogram: &mut Histogram<u64>, latency: Duration) -> anyhow::Result<()> {
    Ok(histogram.record(u64::try_from(latency.as_micros())?.max(1))?)
}

/// So many at once, as fast as they are acknowledged.
pub async fn closed(broker: &'static Broker, message: &[u8], in_flight: usize, duration: Duration) -> anyhow::Result<Measured> {
    let begin = Instant::now();
    let end = begin + duration;
    let mut workers = JoinSet::new();
    for turn in 0..in_flight {
        let message = Bytes::copy_from_slice(message);
        workers.spawn(async move {
            let mut latencies = Histogram::<u64>::new(3)?;
            while Instant::now() < end {
                // A copy each, as a sender with something new to say makes.
                let message = Bytes::copy_from_slice(&message);
                let sent = Instant::now();
                broker.publish(turn, message).await?;
                record(&mut latencies, sent.elapsed())?;
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Histogram::<u64>::new(3)?;
    while let Some(some) = workers.join_next().await {
        latencies.add(some??)?;
    }
    Ok(Measured { elapsed: begin.elapsed(), latencies })
}

/// When the messages of a round should be sent: its number, its begin, and how many a second.
#[derive(Clone, Copy)]
struct Round {
    begin: Instant,
    rate: f64,
    first: u64,
}

/// A consumer that reads and acknowledges everything.
pub struct Consumer {
    round: Arc<Mutex<Option<(Round, Histogram<u64>)>>>,
    next: AtomicUsize,
}

impl Consumer {
    /// Begins to consume. What was published before is passed by.
    pub async fn start(broker: &'static Broker) -> anyhow::Result<Consumer> {
        let round: Arc<Mutex<Option<(Round, Histogram<u64>)>>> = Arc::default();
        let seen = Arc::clone(&round);
        let at = move |bytes: &[u8]| {
            let mut number = [0; 8];
            number.copy_from_slice(&bytes[..8]);
            let number = u64::from_be_bytes(number);
            let mut round = seen.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((round, latencies)) = round.as_mut()
                && let Some(nr) = number.checked_sub(round.first).filter(|nr| *nr < u64::from(u32::MAX))
            {
                let intended = round.begin + Duration::from_secs_f64(nr as f64 / round.rate);
                let _ = record(latencies, intended.elapsed());
            }
        };
        broker.consume(at).await?;
        Ok(Consumer { round, next: AtomicUsize::new(1) })
    }
}

/// So many a second, whatever becomes of them: until the acknowledgement, and until the consumer has each.
pub async fn open(
    broker: &'static Broker,
    consumer: &Consumer,
    message: &[u8],
    rate: f64,
    duration: Duration,
) -> anyhow::Result<(Measured, Measured)> {
    let total = (rate * duration.as_secs_f64()).round().max(1.0) as u64;
    let first = consumer.next.fetch_add(usize::try_from(total)?, Ordering::Relaxed) as u64;
    let round = Round { begin: Instant::now(), rate, first };
    *consumer.round.lock().unwrap_or_else(PoisonError::into_inner) = Some((round, Histogram::new(3)?));
    let (results, mut acknowledged) = mpsc::unbounded_channel();
    let (runtime, message) = (tokio::runtime::Handle::current(), message.to_vec());
    let sending = tokio::task::spawn_blocking(move || {
        for nr in 0..total {
            let intended = round.begin + Duration::from_secs_f64(nr as f64 / rate);
            if let Some(wait) = intended.checked_duration_since(Instant::now()) {
                std::thread::sleep(wait);
            }
            let mut message = message.clone();
            message[..8].copy_from_slice(&(first + nr).to_be_bytes());
            let results = results.clone();
            runtime.spawn(async move {
                let outcome = broker.publish(nr as usize, message.into()).await;
                drop(results.send((intended.elapsed(), outcome)));
            });
        }
    });
    let mut latencies = Histogram::<u64>::new(3)?;
    while let Some((latency, outcome)) = acknowledged.recv().await {
        outcome?;
        record(&mut latencies, latency)?;
    }
    sending.await?;
    let elapsed = round.begin.elapsed();
    let deadline = Instant::now() + AFTER;
    loop {
        let mut seen = consumer.round.lock().unwrap_or_else(PoisonError::into_inner);
        let count = seen.as_ref().map_or(0, |(_, latencies)| latencies.len());
        if count >= total {
            let (_, consumed) = seen.take().context("a round")?;
            return Ok((Measured { elapsed, latencies }, Measured { elapsed, latencies: consumed }));
        }
        drop(seen);
        ensure!(Instant::now() < deadline, "{} of {total} messages were not consumed", total - count);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
