//! The contract of the youth-protection chain: messages, services, roles, routes and who may see which field. Partners' software can
//! depend on this crate alone. It holds no rules of the hub: only what the `.proto` files say.

mod canonical;
mod policy;
mod raw_messages;

pub use canonical::{NotCanonical, canonical_bericht, descriptor_set, pool};
pub use policy::{Commitment, Kind, Layout, LayoutField, Part, Path, Projection, Reader, Route};

/// Message types, clients and servers, generated from `jeugdketen.hub.v1`.
#[expect(clippy::all, clippy::allow_attributes, reason = "generated; the documentation stands in the contract")]
pub mod v1 {
    tonic::include_proto!("jeugdketen.hub.v1");
}

/// The exchange service as the hub serves it: the same wire format, with bodies left as bytes.
#[expect(clippy::allow_attributes, reason = "generated")]
pub mod hub {
    include!(concat!(env!("OUT_DIR"), "/hub/jeugdketen.hub.v1.rs"));
}

/// Messages of the exchange service that the hub reads and writes as bytes.
pub mod raw {
    pub use crate::raw_messages::*;
}

/// `docs/privacy-matrix.md` as the contract says it must be.
pub const PRIVACY_MATRIX: &str = include_str!(concat!(env!("OUT_DIR"), "/privacy-matrix.md"));
