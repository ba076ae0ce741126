//! All participants, as a value to look things up in. Who changes it and how it reaches every connection is decided elsewhere.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use jeugdketen_proto::v1::Rol;

use super::deelnemer::{Deelnemer, Onbevoegd};
use super::ids::Oin;

/// The register at one moment.
#[derive(Clone, Debug, Default)]
pub struct Register {
    deelnemers: HashMap<Oin, Arc<Deelnemer>>,
    gemeenten: HashMap<String, Oin>,
}

/// No more steps than this are followed in a chain of successors, so that a circle cannot hang the hub.
const LANGSTE_OPVOLGING: usize = 16;

impl Register {
    /// Builds the look-ups. Of two gemeenten with one code the one that did not end wins.
    pub fn new(deelnemers: impl IntoIterator<Item = Deelnemer>) -> Register {
        let mut register = Register::default();
        for deelnemer in deelnemers {
            if deelnemer.rol == Rol::Gemeente {
                let known = register.gemeenten.get(&deelnemer.code).and_then(|oin| register.deelnemers.get(oin));
                if known.is_none_or(|known| known.opvolging.is_some()) {
                    register.gemeenten.insert(deelnemer.code.clone(), deelnemer.oin);
                }
            }
            register.deelnemers.insert(deelnemer.oin, Arc::new(deelnemer));
        }
        register
    }

    /// A participant, whatever its standing.
    pub fn zoek(&self, oin: Oin) -> Option<&Deelnemer> {
        self.deelnemers.get(&oin).map(Arc::as_ref)
    }

    /// A participant in this role, whatever its standing.
    pub fn zoek_rol(&self, oin: Oin, rol: Rol) -> Option<&Deelnemer> {
        self.zoek(oin).filter(|deelnemer| deelnemer.rol == rol)
    }

    /// The participant that may use the hub on this day with a certificate for this OIN.
    pub fn bevoegde(&self, oin: Oin, dag: NaiveDate) -> Result<&Arc<Deelnemer>, Onbevoegd> {
        let deelnemer = self.deelnemers.get(&oin).ok_or(Onbevoegd::Onbekend)?;
        deelnemer.bevoegd_op(dag)?;
        // A mandate does not outlive the competence of who gave it.
        let gever_mag = |gever| self.zoek(gever).is_some_and(|gever| gever.bevoegd_op(dag).is_ok());
        if deelnemer.namens.is_none_or(gever_mag) { Ok(deelnemer) } else { Err(Onbevoegd::MandaatVervallen) }
    }

    /// The participant that has taken over from this one by this day; itself when none has.
    pub fn opvolger(&self, oin: Oin, dag: NaiveDate) -> Oin {
        let mut huidig = oin;
        for _ in 0..LANGSTE_OPVOLGING {
            match self.zoek(huidig).and_then(|deelnemer| deelnemer.opvolging) {
                Some((opvolger, per)) if per <= dag => huidig = opvolger,
                _ => break,
            }
        }
        huidig
    }

    /// The gemeente with this code, or the one that has taken over from it by this day.
    pub fn gemeente(&self, code: &str, dag: NaiveDate) -> Option<&Deelnemer> {
        let oin = self.gemeenten.get(code)?;
        self.zoek(self.opvolger(*oin, dag))
    }

    /// Every participant, in the order of OINs.
    pub fn alle(&self) -> Vec<&Deelnemer> {
        let mut alle: Vec<_> = self.deelnemers.values().map(Arc::as_ref).collect();
        alle.sort_by_key(|deelnemer| deelnemer.oin);
        alle
    }

    /// The participants of a role that may use the hub on this day, in the order of OINs.
    pub fn bevoegde_in_rol(&self, rol: Rol, dag: NaiveDate) -> Vec<&Deelnemer> {
        let mut gevonden: Vec<_> = self
            .deelnemers
            .values()
            .map(Arc::as_ref)
            .filter(|deelnemer| deelnemer.rol == rol && deelnemer.bevoegd_op(dag).is_ok())
            .collect();
        gevonden.sort_by_key(|deelnemer| deelnemer.oin);
        gevonden
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.deelnemers.is_empty()
    }
}
