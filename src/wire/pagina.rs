//! What the pages ask of the services: the same functions that answer a call, with the same checks and the same records. It knows no HTML,
//! and decides nothing that a call does not.

use http::StatusCode;
use jeugdketen_proto::v1::GetTrajectResponse;
use tonic::{Code, Status};

use super::{Hub, status};
use crate::identity::register::Peer;
use crate::identity::verbinding::Identiteit;

/// A "no" as the pages say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nee {
    /// The HTTP status.
    pub code: StatusCode,
    /// The stable reason, or the name of the gRPC code.
    pub reden: String,
    /// What to quote to the operator; empty unless the hub itself failed.
    pub citeer: String,
}

impl From<Status> for Nee {
    fn from(nee: Status) -> Nee {
        let code = match nee.code() {
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::Unauthenticated | Code::PermissionDenied => StatusCode::FORBIDDEN,
            Code::InvalidArgument | Code::OutOfRange => StatusCode::BAD_REQUEST,
            Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let citeer = if code == StatusCode::INTERNAL_SERVER_ERROR { nee.message().to_owned() } else { String::new() };
        Nee { code, reden: status::reden(&nee), citeer }
    }
}

impl Hub {
    /// Who asks for a page: its certificate was verified in the handshake, its competence is looked up now.
    pub fn bezoeker(&self, identiteit: &Identiteit) -> Result<Peer, Nee> {
        Ok(self.bevoegd(identiteit)?)
    }

    /// The timeline of a case in the view of who asks, as GetTraject gives it and on the same record.
    pub async fn toon_traject(&self, peer: &Peer, maatregel: &str) -> Result<GetTrajectResponse, Nee> {
        Ok(self.raadpleeg(peer, maatregel, (self.clock.micros(), String::new())).await?)
    }
}
