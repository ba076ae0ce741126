//! NATS JetStream: a stream in files, an acknowledgement for each message, a pull consumer that acknowledges explicitly.

use async_nats::ConnectOptions;
use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::{self, Context, stream};
use bytes::Bytes;
use tokio_stream::StreamExt as _;

use super::Args;

const SUBJECT: &str = "ketenhub.bench";

/// Connections to a NATS server.
pub struct Nats {
    contexts: Vec<Context>,
    stream: String,
}

impl Nats {
    pub async fn connect(args: &Args) -> anyhow::Result<Nats> {
        let mut contexts = Vec::new();
        for _ in 0..=args.connections {
            let file = |extension: &str| args.certs.join(format!("{}.{extension}", args.als));
            let options = ConnectOptions::new()
                .add_root_certificates(args.certs.join("ca.pem"))
                .add_client_certificate(file("pem"), file("key"))
                .require_tls(true);
            contexts.push(jetstream::new(options.connect(format!("tls://{}", args.address)).await?));
        }
        let stream = format!("KETENHUB-{}", std::process::id());
        let config = stream::Config {
            name: stream.clone(),
            subjects: vec![SUBJECT.to_owned()],
            storage: stream::StorageType::File,
            ..stream::Config::default()
        };
        contexts[0].create_stream(config).await?;
        Ok(Nats { contexts, stream })
    }

    pub async fn publish(&self, turn: usize, message: Bytes) -> anyhow::Result<()> {
        // The last connection is the consumer's.
        let context = &self.contexts[turn % (self.contexts.len() - 1)];
        context.publish(SUBJECT, message).await?.await?;
        Ok(())
    }

    pub async fn consume(&self, at: impl Fn(&[u8]) + Send + 'static) -> anyhow::Result<()> {
        let stream = self.contexts[self.contexts.len() - 1].get_stream(&self.stream).await?;
        let config = pull::Config {
            durable_name: Some("bench".to_owned()),
            ack_policy: AckPolicy::Explicit,
            deliver_policy: jetstream::consumer::DeliverPolicy::New,
            max_ack_pending: 10_000,
            ..pull::Config::default()
        };
        let mut messages = stream.create_consumer(config).await?.messages().await?;
        tokio::spawn(async move {
            while let Some(message) = messages.next().await {
                match message {
                    Ok(message) => {
                        at(&message.payload);
                        if let Err(error) = message.ack().await {
                            eprintln!("an acknowledgement failed: {error}");
                        }
                    }
                    // The queue goes at the end; before, what does not come in fails the run.
                    Err(_) => return,
                }
            }
        });
        Ok(())
    }

    pub async fn end(&self) -> anyhow::Result<()> {
        self.contexts[0].delete_stream(&self.stream).await?;
        Ok(())
    }
}
