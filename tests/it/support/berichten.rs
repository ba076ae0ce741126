//! Messages for tests, and the calls that carry them over the wire. It judges no answer.

use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use jeugdketen_proto::raw;
use jeugdketen_proto::v1::exchange_service_client::ExchangeServiceClient;
use jeugdketen_proto::v1::subscribe_response::Gebeurtenis;
use jeugdketen_proto::v1::{
    Bericht, Hartslag, Levering, Receipt, SubmitRequest, SubmitStreamRequest, SubscribeRequest, SubscribeResponse, levering,
    submit_stream_response::Uitkomst,
};
use ketenhub::time::Clock;
use prost::Message as _;
use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

/// The first two GI's of the example.
pub const GI: &str = "00000099020000001000";
pub const GI_2: &str = "00000099020000002000";
/// The longest that anything may take before a test fails.
pub const GEDULD: Duration = Duration::from_secs(20);

/// A client of the exchange service.
pub type Exchange = ExchangeServiceClient<Channel>;

/// A new message id.
pub fn nieuw_id() -> String {
    Clock::machine().new_id().to_string()
}

/// A message of `examples/` with a new id; `{{bericht_id:NN}}` and the rest are replaced by what is given.
pub fn voorbeeld(bestand: &str, vervang: &[(&str, &str)]) -> Bericht {
    ketenhub::json::read(&voorbeeld_tekst(bestand, vervang)).unwrap()
}

/// The same as text.
pub fn voorbeeld_tekst(bestand: &str, vervang: &[(&str, &str)]) -> String {
    let text = std::fs::read_to_string(super::repository().join("examples").join(bestand)).unwrap();
    let text = text.replace("{{bericht_id}}", &nieuw_id()).replace("{{bericht_id:01}}", &nieuw_id());
    vervang.iter().fold(text, |text, (van, naar)| text.replace(van, naar))
}

/// The announcement of a hearing to a GI: the smallest message that needs no case. Sent by a rechtbank.
pub fn zitting(gi: &str) -> Bericht {
    voorbeeld("01-zittingsaankondiging.json", &[(GI, gi)])
}

/// Submits.
pub async fn dien_in(exchange: &mut Exchange, bericht: &Bericht) -> Result<Receipt, Status> {
    let antwoord = exchange.submit(SubmitRequest { bericht: Some(bericht.clone()), ..Default::default() }).await?;
    Ok(antwoord.into_inner().receipt.unwrap())
}

/// Submits bytes and returns the receipt as the bytes that came over the wire.
pub async fn dien_ruw_in(channel: &Channel, bericht: impl Into<Bytes>) -> Result<Bytes, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let codec: ProstCodec<raw::SubmitRequest, raw::SubmitResponse> = ProstCodec::default();
    let pad = PathAndQuery::from_static("/jeugdketen.hub.v1.ExchangeService/Submit");
    let antwoord = grpc.unary(Request::new(raw::SubmitRequest { bericht: Some(bericht.into()), ..Default::default() }), pad, codec).await?;
    Ok(antwoord.into_inner().receipt.unwrap())
}

/// Submits many at once over one stream; every one must be accepted.
pub async fn dien_alle_in(exchange: &mut Exchange, berichten: Vec<Bericht>) -> Vec<Receipt> {
    let vragen =
        tokio_stream::iter(berichten.into_iter().map(|bericht| SubmitStreamRequest { bericht: Some(bericht), ..Default::default() }));
    let mut antwoorden = exchange.submit_stream(vragen).await.unwrap().into_inner();
    let mut receipts = Vec::new();
    while let Some(antwoord) = timeout(GEDULD, antwoorden.message()).await.expect("an answer").unwrap() {
        match antwoord.uitkomst {
            Some(Uitkomst::Receipt(receipt)) => receipts.push(receipt),
            ander => panic!("refused: {ander:?}"),
        }
    }
    receipts
}

/// Opens a subscription.
pub async fn abonneer(exchange: &mut Exchange, na: Option<u64>) -> Result<Streaming<SubscribeResponse>, Status> {
    Ok(exchange.subscribe(SubscribeRequest { na }).await?.into_inner())
}

/// The next delivery of a subscription, past any heartbeats.
pub async fn volgende(stroom: &mut Streaming<SubscribeResponse>) -> Result<Levering, Status> {
    let wachten = async {
        loop {
            let antwoord = stroom.message().await?.ok_or_else(|| Status::unknown("the stream ended without a status"))?;
            if let Some(Gebeurtenis::Levering(levering)) = antwoord.gebeurtenis {
                return Ok(levering);
            }
        }
    };
    timeout(GEDULD, wachten).await.expect("a delivery in time")
}

/// The next heartbeat of a subscription, before which nothing may be delivered.
pub async fn hartslag(stroom: &mut Streaming<SubscribeResponse>) -> Hartslag {
    match timeout(GEDULD, stroom.message()).await.expect("a heartbeat in time").unwrap().unwrap().gebeurtenis {
        Some(Gebeurtenis::Hartslag(hartslag)) => hartslag,
        ander => panic!("not a heartbeat: {ander:?}"),
    }
}

/// How a subscription ends; what is still delivered is passed by.
pub async fn einde(stroom: &mut Streaming<SubscribeResponse>, binnen: Duration) -> Status {
    let wachten = async {
        loop {
            match stroom.message().await {
                Ok(Some(_)) => {}
                Ok(None) => return Status::ok("ended without a status"),
                Err(status) => return status,
            }
        }
    };
    timeout(binnen, wachten).await.expect("the stream ends in time")
}

/// The id of the message that was delivered.
pub fn bericht_id(levering: &Levering) -> String {
    match &levering.inhoud {
        Some(levering::Inhoud::Bericht(bericht)) => bericht.bericht_id.clone(),
        ander => panic!("no message: {ander:?}"),
    }
}

/// The canonical bytes of a message.
pub fn bytes(bericht: &Bericht) -> Bytes {
    bericht.encode_to_vec().into()
}

/// The stable reason of a refusal.
pub fn reden(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// Whether a refusal says when to come back.
pub fn zegt_wanneer(status: &Status) -> bool {
    use tonic_types::StatusExt as _;
    status.get_details_retry_info().is_some()
}
