//! Sends messages to NATS JetStream or to a quorum queue of RabbitMQ, with mutual TLS and waiting for the acknowledgement of each, to compare
//! with `ketenhub bench`: the same size, the same number at once, the same way of counting. It starts no server; `run` does.

mod load;
mod nats;
mod rabbitmq;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;
use bytes::Bytes;
use clap::{Parser, ValueEnum};
use load::{Figures, Measured, figures};
use serde::Serialize;

/// Sends messages to a broker and waits for the acknowledgement of each.
#[derive(Parser)]
#[command(after_help = "benches/peers/run starts the broker, runs this and stops it.")]
struct Args {
    /// To which broker.
    #[arg(value_enum)]
    peer: Peer,
    /// `localhost:PORT`; the name must stand in its certificate.
    #[arg(long)]
    address: String,
    /// Folder with ca.pem, and the certificate and key of the client.
    #[arg(long, default_value = "certs-example")]
    certs: PathBuf,
    /// Name of the files of the client's certificate and key.
    #[arg(long, default_value = "gi")]
    als: String,
    /// Messages at once.
    #[arg(long, default_value_t = 64)]
    in_flight: usize,
    /// Connections.
    #[arg(long, default_value_t = 4)]
    connections: usize,
    /// Seconds of one measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Measurements.
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// Bytes of a message.
    #[arg(long, default_value_t = 1024)]
    bytes: usize,
    /// Open loop: so many messages a second, and the latency until a consumer has each, who acknowledges explicitly.
    #[arg(long)]
    per_second: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Peer {
    Nats,
    Rabbitmq,
}

/// Connections to one broker.
enum Broker {
    Nats(nats::Nats),
    Rabbitmq(rabbitmq::Rabbitmq),
}

impl Broker {
    async fn publish(&self, turn: usize, message: Bytes) -> anyhow::Result<()> {
        match self {
            Broker::Nats(nats) => nats.publish(turn, message).await,
            Broker::Rabbitmq(rabbitmq) => rabbitmq.publish(turn, &message).await,
        }
    }

    /// Calls with the first bytes of every message that comes in, before it acknowledges it.
    async fn consume(&self, at: impl Fn(&[u8]) + Send + 'static) -> anyhow::Result<()> {
        match self {
            Broker::Nats(nats) => nats.consume(at).await,
            Broker::Rabbitmq(rabbitmq) => rabbitmq.consume(at).await,
        }
    }

    async fn end(&self) -> anyhow::Result<()> {
        match self {
            Broker::Nats(nats) => nats.end().await,
            Broker::Rabbitmq(rabbitmq) => rabbitmq.end().await,
        }
    }
}

/// What was measured; the fields are those of `ketenhub bench`.
#[derive(Serialize)]
struct Report {
    /// `publish` or `e2e`.
    case: &'static str,
    peer: Peer,
    in_flight: usize,
    connections: usize,
    asked_per_second: Option<f64>,
    bytes: usize,
    rounds: usize,
    /// Until the acknowledgement of the broker.
    publish: Figures,
    /// Until a consumer has it; in an open loop only.
    consumed: Option<Figures>,
    /// Messages a second of each round.
    per_round: Vec<f64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    ensure!(args.in_flight > 0 && args.connections > 0 && args.rounds > 0 && args.bytes >= 8, "a number is too small");
    // Both clients bring a provider; they may not choose by chance.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let broker = match args.peer {
        Peer::Nats => Broker::Nats(nats::Nats::connect(&args).await?),
        Peer::Rabbitmq => Broker::Rabbitmq(rabbitmq::Rabbitmq::connect(&args).await?),
    };
    let broker: &'static Broker = Box::leak(Box::new(broker));
    let duration = Duration::from_secs(args.seconds.max(1));
    let message = vec![b'm'; args.bytes];
    // What is allocated and prepared at the first use is not measured.
    load::closed(broker, &message, args.in_flight, Duration::from_millis(500)).await?;
    let (mut published, mut consumed) = (Vec::new(), Vec::new());
    match args.per_second {
        None => {
            for _ in 0..args.rounds {
                published.push(load::closed(broker, &message, args.in_flight, duration).await?);
            }
        }
        Some(rate) => {
            let consumer = load::Consumer::start(broker).await?;
            for _ in 0..args.rounds {
                let (publish, consume) = load::open(broker, &consumer, &message, rate, duration).await?;
                published.push(publish);
                consumed.push(consume);
            }
        }
    }
    broker.end().await?;
    let report = Report {
        case: if args.per_second.is_some() { "e2e" } else { "publish" },
        peer: args.peer,
        in_flight: args.in_flight,
        connections: args.connections,
        asked_per_second: args.per_second,
        bytes: args.bytes,
        rounds: args.rounds,
        per_round: published.iter().map(Measured::per_second).collect(),
        publish: figures(&published)?,
        consumed: if consumed.is_empty() { None } else { Some(figures(&consumed)?) },
    };
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}
