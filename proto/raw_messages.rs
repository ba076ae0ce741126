//! Hand-written twins of six messages of the exchange service, equal on the wire, in which bodies stay bytes: the hub stores what the
//! sender sent, sends what the projection made and repeats a receipt byte for byte. No other message has a twin.

use bytes::Bytes;
use prost_types::Timestamp;

use crate::v1::{Hartslag, Weigering, Zegel};

/// `SubmitRequest` with the `Bericht` as received.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct SubmitRequest {
    /// The encoded `Bericht`.
    #[prost(bytes = "bytes", optional, tag = "1")]
    pub bericht: Option<Bytes>,
    /// The seal of the sender.
    #[prost(message, optional, tag = "2")]
    pub zegel: Option<Zegel>,
    /// The seed of the commitment that it sealed.
    #[prost(bytes = "bytes", tag = "3")]
    pub zaad: Bytes,
}

/// `SubmitStreamRequest` with the `Bericht` as received.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct SubmitStreamRequest {
    /// The encoded `Bericht`.
    #[prost(bytes = "bytes", optional, tag = "1")]
    pub bericht: Option<Bytes>,
    /// The seal of the sender.
    #[prost(message, optional, tag = "2")]
    pub zegel: Option<Zegel>,
    /// The seed of the commitment that it sealed.
    #[prost(bytes = "bytes", tag = "3")]
    pub zaad: Bytes,
}

/// `SubmitResponse` with the `Receipt` as signed and stored.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct SubmitResponse {
    /// The encoded `Receipt`.
    #[prost(bytes = "bytes", optional, tag = "1")]
    pub receipt: Option<Bytes>,
}

/// `SubmitStreamResponse` with the `Receipt` as signed and stored.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct SubmitStreamResponse {
    /// Accepted or refused.
    #[prost(oneof = "Uitkomst", tags = "1, 2")]
    pub uitkomst: Option<Uitkomst>,
}

/// The answer to one streamed submission.
#[derive(Clone, PartialEq, prost::Oneof)]
#[prost(skip_debug)]
pub enum Uitkomst {
    /// The encoded `Receipt`.
    #[prost(bytes = "bytes", tag = "1")]
    Receipt(Bytes),
    /// Refused.
    #[prost(message, tag = "2")]
    Weigering(Weigering),
}

/// `SubscribeResponse` with the view as projected.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct SubscribeResponse {
    /// A delivery or a heartbeat.
    #[prost(oneof = "Gebeurtenis", tags = "1, 2")]
    pub gebeurtenis: Option<Gebeurtenis>,
}

/// One event of a subscription.
#[derive(Clone, PartialEq, prost::Oneof)]
#[prost(skip_debug)]
pub enum Gebeurtenis {
    /// A message.
    #[prost(message, tag = "1")]
    Levering(Levering),
    /// It is quiet.
    #[prost(message, tag = "2")]
    Hartslag(Hartslag),
}

/// `FetchResponse` with the views as projected.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct FetchResponse {
    /// The deliveries.
    #[prost(message, repeated, tag = "1")]
    pub leveringen: Vec<Levering>,
    /// The last mailbox number given out.
    #[prost(uint64, tag = "2")]
    pub laatste_postvaknummer: u64,
}

/// `Levering` with the view as projected.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct Levering {
    /// Number in the mailbox.
    #[prost(uint64, tag = "1")]
    pub postvaknummer: u64,
    /// OIN of the sender.
    #[prost(string, tag = "2")]
    pub afzender_oin: String,
    /// Role of the sender.
    #[prost(enumeration = "crate::v1::Rol", tag = "3")]
    pub afzender_rol: i32,
    /// The moment it became available.
    #[prost(message, optional, tag = "4")]
    pub aangeboden_op: Option<Timestamp>,
    /// The view, or why there is none.
    #[prost(oneof = "Inhoud", tags = "5, 6")]
    pub inhoud: Option<Inhoud>,
    /// W3C `traceparent` of the submission.
    #[prost(string, tag = "7")]
    pub traceparent: String,
    /// The encoded `Veldbewijs`.
    #[prost(bytes = "bytes", optional, tag = "20")]
    pub bewijs: Option<Bytes>,
}

/// What a delivery shows.
#[derive(Clone, PartialEq, prost::Oneof)]
#[prost(skip_debug)]
pub enum Inhoud {
    /// The encoded view.
    #[prost(bytes = "bytes", tag = "5")]
    Bericht(Bytes),
    /// Why there is none.
    #[prost(enumeration = "crate::v1::RedenNietZichtbaar", tag = "6")]
    NietZichtbaar(i32),
}

macro_rules! opaque_debug {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), " { <afgeschermd> }"))
            }
        }
    )*};
}

opaque_debug!(
    SubmitRequest,
    SubmitStreamRequest,
    SubmitResponse,
    SubmitStreamResponse,
    Uitkomst,
    SubscribeResponse,
    Gebeurtenis,
    FetchResponse,
    Levering,
    Inhoud
);
