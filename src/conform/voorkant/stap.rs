//! What a case can put in the way: what is done with one call, and the steps of a stream.

use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use jeugdketen_proto::raw;
use jeugdketen_proto::v1::Hartslag;
use prost::Message as _;
use tonic::Status;

use crate::time::{Clock, timestamp};

/// The calls that are answered once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Methode {
    /// Submits one message.
    Submit,
    /// Receives one page.
    Fetch,
    /// Confirms receipt.
    Acknowledge,
}

impl Methode {
    pub(super) fn pad(self) -> PathAndQuery {
        PathAndQuery::from_static(match self {
            Methode::Submit => "/jeugdketen.hub.v1.ExchangeService/Submit",
            Methode::Fetch => "/jeugdketen.hub.v1.ExchangeService/Fetch",
            Methode::Acknowledge => "/jeugdketen.hub.v1.ExchangeService/Acknowledge",
        })
    }
}

pub(super) const SUBSCRIBE: &str = "/jeugdketen.hub.v1.ExchangeService/Subscribe";

/// Changes an answer of the hub.
pub type Wijziging = Box<dyn FnOnce(Result<Bytes, Status>) -> Result<Bytes, Status> + Send>;

/// What the front does with one call. Nothing, unless it says so.
#[derive(Default)]
pub struct Ingreep {
    /// Answers this; the hub sees nothing of the call.
    pub weiger: Option<Status>,
    /// Sends this to the hub in the place of what was asked.
    pub vraag: Option<Bytes>,
    /// Changes the answer.
    pub antwoord: Option<Wijziging>,
    /// Cuts every connection when the hub has answered: what it did is durable, and nobody was told.
    pub verbreek: bool,
    /// Holds the answer back for so long.
    pub wacht: Duration,
}

impl Ingreep {
    /// Passes it on.
    pub fn geen() -> Ingreep {
        Ingreep::default()
    }

    /// Refuses in the place of the hub.
    pub fn weiger(status: Status) -> Ingreep {
        Ingreep { weiger: Some(status), ..Ingreep::default() }
    }

    /// Loses the answer.
    pub fn verlies() -> Ingreep {
        Ingreep { verbreek: true, ..Ingreep::default() }
    }

    /// Changes a good answer.
    pub fn verander(anders: impl FnOnce(Bytes) -> Bytes + Send + 'static) -> Ingreep {
        Ingreep { antwoord: Some(Box::new(move |antwoord| antwoord.map(anders))), ..Ingreep::default() }
    }
}

/// One call as it comes in.
pub struct Oproep<'a> {
    /// The how manieth of its method in this case, from 0.
    pub nr: u32,
    /// The request.
    pub bytes: &'a Bytes,
}

/// One step of a stream.
#[derive(Clone, Debug)]
pub enum Stap {
    /// A delivery, encoded.
    Levering(Bytes),
    /// Any other event: an encoded `SubscribeResponse`.
    Anders(Bytes),
    /// Every connection is cut.
    Verbreek,
    /// The stream ends with this status, or without one.
    Einde(Option<Status>),
}

impl Stap {
    /// A delivery as it is.
    pub fn levering(levering: &raw::Levering) -> Stap {
        Stap::Levering(levering.encode_to_vec().into())
    }

    /// A heartbeat that names a number.
    pub fn hartslag(laatste: u64, clock: &Clock) -> Stap {
        let hartslag = Hartslag { tijdstip: Some(timestamp(clock.micros())), laatste_postvaknummer: laatste };
        Stap::Anders(raw::SubscribeResponse { gebeurtenis: Some(raw::Gebeurtenis::Hartslag(hartslag)) }.encode_to_vec().into())
    }

    pub(super) fn bytes(self) -> Option<Bytes> {
        match self {
            // The event holds the delivery as its first field.
            Stap::Levering(bytes) => {
                let mut uit = Vec::with_capacity(bytes.len() + 6);
                prost::encoding::bytes::encode(1, &bytes, &mut uit);
                Some(uit.into())
            }
            Stap::Anders(bytes) => Some(bytes),
            Stap::Verbreek | Stap::Einde(_) => None,
        }
    }
}
