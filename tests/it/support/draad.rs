//! gRPC calls of bytes for bytes: any method of any service by its name, with what the hub really sent as the answer. It knows no message
//! of the contract.

use bytes::{Buf as _, BufMut as _, Bytes};
use jeugdketen_proto::pool;
use prost::Message;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};
use tonic_types::StatusExt as _;

/// A method of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Methode {
    /// `Service/Method`, without the package.
    pub naam: String,
    /// Whether the hub answers with a stream.
    pub stroom: bool,
}

/// Every method of every service in the contract.
pub fn methoden() -> Vec<Methode> {
    let services = pool().services().filter(|service| service.package_name() == "jeugdketen.hub.v1");
    let methode = |service: &str, naam: &str, stroom| Methode { naam: format!("{service}/{naam}"), stroom };
    services.flat_map(|s| s.methods().map(|m| methode(s.name(), m.name(), m.is_server_streaming())).collect::<Vec<_>>()).collect()
}

/// Calls a method with encoded messages and returns the stream of encoded answers.
pub async fn roep(kanaal: &Channel, methode: &str, vragen: Vec<Bytes>) -> Result<Response<Streaming<Bytes>>, Status> {
    roep_met(kanaal, methode, Request::new(tokio_stream::iter(vragen))).await
}

/// The same, with metadata.
pub async fn roep_met<S>(kanaal: &Channel, methode: &str, vraag: Request<S>) -> Result<Response<Streaming<Bytes>>, Status>
where
    S: tokio_stream::Stream<Item = Bytes> + Send + 'static,
{
    let path = PathAndQuery::try_from(format!("/jeugdketen.hub.v1.{methode}")).unwrap();
    let mut client = Grpc::new(kanaal.clone()).max_decoding_message_size(usize::MAX).max_encoding_message_size(usize::MAX);
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    client.streaming(vraag, path, Bytewijs).await
}

/// Calls a method that answers once.
pub async fn eenmaal(kanaal: &Channel, methode: &str, vraag: &impl Message) -> Result<Bytes, Status> {
    eenmaal_bytes(kanaal, methode, vraag.encode_to_vec().into()).await
}

/// Calls a method that answers once, with bytes that need not be a message.
pub async fn eenmaal_bytes(kanaal: &Channel, methode: &str, vraag: Bytes) -> Result<Bytes, Status> {
    let mut antwoord = roep(kanaal, methode, vec![vraag]).await?.into_inner();
    let eerste = antwoord.message().await?.ok_or_else(|| Status::data_loss("no answer"))?;
    assert!(antwoord.message().await?.is_none(), "one answer");
    Ok(eerste)
}

/// The stable reason of a refusal; empty when it has none.
pub fn reden(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// The paths of the faulty fields of a refusal.
pub fn velden(status: &Status) -> Vec<String> {
    let fouten = status.get_details_bad_request().map(|details| details.field_violations).unwrap_or_default();
    fouten.into_iter().map(|fout| fout.field).collect()
}

/// Everything of a refusal that is sent, but for what differs with every call: the date and the id of the request.
pub fn op_de_draad(status: &Status) -> (i32, Vec<u8>, Vec<u8>, Vec<String>) {
    (status.code() as i32, status.message().as_bytes().to_vec(), status.details().to_vec(), vaste_headers(status.metadata()))
}

fn vaste_headers(metadata: &MetadataMap) -> Vec<String> {
    let vast = metadata.as_ref().iter().filter(|(naam, _)| !["date", "x-request-id"].contains(&naam.as_str()));
    let mut vast: Vec<_> = vast.map(|(naam, waarde)| format!("{naam}: {waarde:?}")).collect();
    vast.sort();
    vast
}

/// Leaves messages as they are.
struct Bytewijs;

impl Codec for Bytewijs {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Bytewijs;
    type Decoder = Bytewijs;

    fn encoder(&mut self) -> Bytewijs {
        Bytewijs
    }

    fn decoder(&mut self) -> Bytewijs {
        Bytewijs
    }
}

impl Encoder for Bytewijs {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buf: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buf.put(item);
        Ok(())
    }
}

impl Decoder for Bytewijs {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buf.copy_to_bytes(buf.remaining())))
    }
}
