//! What the client needs around the contract: protobuf JSON, and a connection with mutual TLS.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use jeugdketen_proto::pool;
use jeugdketen_proto::v1::exchange_service_client::ExchangeServiceClient;
use prost::Message;
use prost_reflect::{DynamicMessage, SerializeOptions};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

/// The exchange service of a hub.
pub type Hub = ExchangeServiceClient<Channel>;

/// A message from protobuf JSON, by its name in the contract.
pub fn read<M: Message + Default>(name: &str, text: &str) -> anyhow::Result<M> {
    let descriptor = pool().get_message_by_name(&format!("jeugdketen.hub.v1.{name}")).context("not in the contract")?;
    Ok(DynamicMessage::deserialize(descriptor, &mut serde_json::Deserializer::from_str(text))?.transcode_to()?)
}

/// A message as protobuf JSON on one line.
pub fn line(name: &str, message: &impl Message) -> anyhow::Result<String> {
    let descriptor = pool().get_message_by_name(&format!("jeugdketen.hub.v1.{name}")).context("not in the contract")?;
    let message = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())?;
    let options = SerializeOptions::new().use_proto_field_name(true);
    Ok(message.serialize_with_options(serde_json::value::Serializer, &options)?.to_string())
}

/// Mutual TLS: `ca.pem`, and the certificate and key of `als`, in `certs`. It connects at the first call, and again when that was lost.
pub fn connect(endpoint: &str, certs: &Path, als: &str) -> anyhow::Result<Hub> {
    let pem = |name: String| std::fs::read(certs.join(&name)).with_context(|| format!("cannot read {name} in {}", certs.display()));
    let identity = Identity::from_pem(pem(format!("{als}.pem"))?, pem(format!("{als}.key"))?);
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem("ca.pem".to_owned())?)).identity(identity);
    let alive = Duration::from_secs(30);
    let endpoint = Endpoint::from_shared(format!("https://{endpoint}"))?.tls_config(tls)?.connect_timeout(alive);
    let endpoint = endpoint.http2_keep_alive_interval(alive).keep_alive_while_idle(true);
    Ok(ExchangeServiceClient::new(endpoint.connect_lazy()).max_decoding_message_size(64 * 1024 * 1024))
}
