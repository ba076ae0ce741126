//! gRPC: the only code that knows tonic. Each service parses, calls one function and renders; no rule is decided here. Every call begins
//! by identifying its caller, and a call that does not cannot reach anything: the functions behind it ask for a `Peer`.

mod afloop;
mod audit;
mod beheer;
mod bundel;
pub mod client;
mod exchange;
mod inzage;
mod klokken;
pub mod pagina;
pub(crate) mod quota;
pub mod redenen;
mod register;
mod server;
mod status;
mod toezicht;
mod trace;
mod traject;
mod uitleg;
mod velden;

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tonic::{Extensions, Status};

use crate::admission::{Admission, Onderhoud};
use crate::audit::Journaal;
use crate::config::Limits;
use crate::delivery::Delivery;
use crate::domain::beleid::Beleid;
use crate::identity::register::{LiveRegister, Peer};
use crate::identity::verbinding::Identiteit;
use crate::identity::verbindingen::Verbindingen;
use crate::kluis::Kluis;
use crate::receipt::Sleutel;
use crate::store::Store;
use crate::telemetry::meters::Meters;
use crate::telemetry::sporen::{self, Sporen};
use crate::time::Clock;

pub use jeugdketen_proto::v1::Rol;
pub use server::{serve, serve_bare};

/// What the services work with. Clones share it.
#[derive(Clone, Debug)]
pub struct Hub {
    /// The way in.
    pub admission: Admission,
    /// The way out.
    pub delivery: Delivery,
    /// The database.
    pub store: Store,
    /// The participants.
    pub register: LiveRegister,
    /// Live connections.
    pub verbindingen: Arc<Verbindingen>,
    /// The key that signs receipts.
    pub sleutel: Arc<ArcSwap<Sleutel>>,
    /// The file it is in.
    pub receipt_key: PathBuf,
    /// What opens bodies, facts and receipts.
    pub kluis: Arc<Kluis>,
    /// What the hub does by itself to what it keeps.
    pub onderhoud: Arc<Onderhoud>,
    /// The audit log.
    pub journaal: Arc<Journaal>,
    /// The time.
    pub clock: Clock,
    /// The policy of the norm clocks.
    pub beleid: Arc<Beleid>,
    /// Limits.
    pub limits: Limits,
    /// What is counted.
    pub meters: Arc<Meters>,
    /// Spans.
    pub sporen: Sporen,
}

impl Hub {
    /// The caller: its certificate was verified in the handshake, its competence is looked up now.
    fn peer(&self, extensions: &Extensions) -> Result<Peer, Status> {
        let identiteit = extensions.get::<Arc<Identiteit>>().ok_or_else(|| Status::unauthenticated("no client certificate"))?;
        let peer = self.bevoegd(identiteit)?;
        sporen::beller(peer.oin(), peer.rol());
        Ok(peer)
    }

    /// Who is behind a connection, when the register lets it in today.
    fn bevoegd(&self, identiteit: &Identiteit) -> Result<Peer, Status> {
        self.register.identificeer(identiteit, self.clock.today()).map_err(status::onbevoegd)
    }

    /// The caller, in one of the roles that may call this.
    fn peer_in(&self, extensions: &Extensions, rollen: &[Rol]) -> Result<Peer, Status> {
        let peer = self.peer(extensions)?;
        if rollen.contains(&peer.rol()) { Ok(peer) } else { Err(status::rol_mag_niet()) }
    }
}
