//! RabbitMQ: a quorum queue, publisher confirms, a consumer that acknowledges explicitly.

use anyhow::{Context as _, ensure};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::tcp::{OwnedIdentity, OwnedTLSConfig};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use tokio_stream::StreamExt as _;

use super::Args;

/// Deliveries to the consumer that wait for their acknowledgement.
const UNACKNOWLEDGED: u16 = 1000;

/// Connections to a RabbitMQ server, with a channel each.
pub struct Rabbitmq {
    channels: Vec<Channel>,
    queue: String,
    _connections: Vec<Connection>,
}

impl Rabbitmq {
    pub async fn connect(args: &Args) -> anyhow::Result<Rabbitmq> {
        let read = |name: String| {
            let path = args.certs.join(name);
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let (pem, key) = (read(format!("{}.pem", args.als))?, read(format!("{}.key", args.als))?);
        let ca = String::from_utf8(read("ca.pem".to_owned())?)?;
        let uri = format!("amqps://guest:guest@{}/%2f", args.address);
        let (mut connections, mut channels) = (Vec::new(), Vec::new());
        for _ in 0..=args.connections {
            let identity = OwnedIdentity::PKCS8 { pem: pem.clone(), key: key.clone() };
            let tls = OwnedTLSConfig { identity: Some(identity), cert_chain: Some(ca.clone()) };
            let runtime = lapin::runtime::default_runtime()?;
            let connection = Connection::connect_with_config(&uri, ConnectionProperties::default(), tls, runtime).await?;
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            connections.push(connection);
            channels.push(channel);
        }
        let queue = format!("ketenhub-{}", std::process::id());
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString(LongString::from("quorum")));
        channels[0].queue_declare(queue.as_str().into(), QueueDeclareOptions::durable(), arguments).await?;
        Ok(Rabbitmq { channels, queue, _connections: connections })
    }

    pub async fn publish(&self, turn: usize, message: &[u8]) -> anyhow::Result<()> {
        // The last connection is the consumer's.
        let channel = &self.channels[turn % (self.channels.len() - 1)];
        let properties = BasicProperties::default().with_delivery_mode(2);
        let options = BasicPublishOptions::default();
        let confirmation = channel.basic_publish("".into(), self.queue.as_str().into(), options, message, properties).await?.await?;
        ensure!(confirmation.is_ack(), "the broker did not take a message");
        Ok(())
    }

    pub async fn consume(&self, at: impl Fn(&[u8]) + Send + 'static) -> anyhow::Result<()> {
        let channel = &self.channels[self.channels.len() - 1];
        // What the warm-up left is no part of what is measured.
        channel.queue_purge(self.queue.as_str().into(), lapin::options::QueuePurgeOptions::default()).await?;
        channel.basic_qos(UNACKNOWLEDGED, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let mut consumer = channel.basic_consume(self.queue.as_str().into(), "bench".into(), options, FieldTable::default()).await?;
        tokio::spawn(async move {
            while let Some(delivery) = consumer.next().await {
                match delivery {
                    Ok(delivery) => {
                        at(&delivery.data);
                        if let Err(error) = delivery.ack(BasicAckOptions::default()).await {
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
        self.channels[0].queue_delete(self.queue.as_str().into(), QueueDeleteOptions::default()).await?;
        Ok(())
    }
}
