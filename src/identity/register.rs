//! The register in memory, and the only maker of `Peer`: whoever holds one has a certificate that was verified and a competence that is in
//! force. Changes come from the database; this does not write.

use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::NaiveDate;
use jeugdketen_proto::v1::Rol;

use super::verbinding::Identiteit;
use crate::domain::deelnemer::{Deelnemer, Onbevoegd};
use crate::domain::ids::Oin;
use crate::domain::register::Register;

/// A caller whose certificate and competence were verified.
#[derive(Clone, Debug)]
pub struct Peer {
    deelnemer: Arc<Deelnemer>,
    certificaat: [u8; 32],
}

impl Peer {
    /// Its OIN.
    pub fn oin(&self) -> Oin {
        self.deelnemer.oin
    }

    /// Its role.
    pub fn rol(&self) -> Rol {
        self.deelnemer.rol
    }

    /// SHA-256 over its certificate in DER.
    pub fn certificaat(&self) -> &[u8; 32] {
        &self.certificaat
    }

    /// What the register says of it.
    pub fn deelnemer(&self) -> &Arc<Deelnemer> {
        &self.deelnemer
    }
}

/// The register as it stands, shared by all who look things up.
#[derive(Clone, Debug)]
pub struct LiveRegister {
    huidig: Arc<ArcSwap<Stand>>,
}

#[derive(Debug, Default)]
struct Stand {
    versie: i64,
    register: Arc<Register>,
}

impl LiveRegister {
    /// Starts from what the database holds.
    pub fn new(versie: i64, register: Register) -> LiveRegister {
        let stand = Stand { versie, register: Arc::new(register) };
        LiveRegister { huidig: Arc::new(ArcSwap::from_pointee(stand)) }
    }

    /// Replaces it by what the database holds now.
    pub fn vervang(&self, versie: i64, register: Register) {
        self.huidig.store(Arc::new(Stand { versie, register: Arc::new(register) }));
    }

    /// The version in the database that this is.
    pub fn versie(&self) -> i64 {
        self.huidig.load().versie
    }

    /// The register at this moment.
    pub fn nu(&self) -> Arc<Register> {
        Arc::clone(&self.huidig.load().register)
    }

    /// The caller behind a connection whose certificate was verified.
    pub fn identificeer(&self, identiteit: &Identiteit, vandaag: NaiveDate) -> Result<Peer, Onbevoegd> {
        let deelnemer = Arc::clone(self.nu().bevoegde(identiteit.oin, vandaag)?);
        Ok(Peer { deelnemer, certificaat: identiteit.certificaat })
    }
}
