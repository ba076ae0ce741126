//! The register of live connections: who is connected now, and how to cut them. Of the past it keeps one thing: of each organisation the
//! connection that began last.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::pki_types::{CertificateDer, UnixTime};
use tokio_util::sync::CancellationToken;

use super::certificaat::KlantCertificaat;
use super::tls::TlsStand;
use super::verbinding::Identiteit;
use super::weigering::Reden;
use crate::domain::ids::Oin;

/// A client's chain, leaf first, as it was presented.
pub(super) type Keten = Arc<[CertificateDer<'static>]>;

/// All live connections.
#[derive(Debug, Default)]
pub struct Verbindingen {
    volgende_id: AtomicU64,
    levend: Mutex<HashMap<u64, Levend>>,
    laatste: Mutex<HashMap<Oin, Gezien>>,
}

/// The connection of an organisation that began last, since the hub started.
#[derive(Clone, Debug)]
pub struct Gezien {
    /// Who, and with which certificate.
    pub identiteit: Arc<Identiteit>,
    /// When it began.
    pub op: UnixTime,
}

#[derive(Clone, Debug)]
struct Levend {
    identiteit: Arc<Identiteit>,
    keten: Keten,
    afbreken: CancellationToken,
}

/// A place in the register, given back on drop.
#[derive(Debug)]
pub(super) struct Inschrijving {
    register: Arc<Verbindingen>,
    pub(super) identiteit: Arc<Identiteit>,
    pub(super) afbreken: CancellationToken,
}

impl Verbindingen {
    /// Cuts every connection of this organisation and says how many.
    pub fn verbreek_oin(&self, oin: &Oin) -> usize {
        self.verbreek_waar(|identiteit| identiteit.oin == *oin)
    }

    /// Cuts every connection for which the question is answered with yes, and says how many. The question is asked outside the
    /// lock.
    pub fn verbreek_waar(&self, mut vraag: impl FnMut(&Identiteit) -> bool) -> usize {
        let treffers = self.momentopname().into_iter().filter(|levend| vraag(&levend.identiteit));
        treffers.map(|levend| levend.afbreken.cancel()).count()
    }

    /// Verifies every live connection's chain again and cuts those that would not be accepted now: revoked, expired, an issuer that
    /// is no longer trusted, a revocation list that ran out. Says how many were cut. Every distinct chain is verified once; this is
    /// work for a blocking thread when there are many.
    pub fn herverifieer(&self, stand: &TlsStand, nu: UnixTime) -> usize {
        let levend = self.momentopname();
        let mut oordelen: HashMap<&[CertificateDer<'static>], Option<Reden>> = HashMap::new();
        let mut verbroken = 0;
        for een in &levend {
            let oordeel = *oordelen.entry(&een.keten).or_insert_with(|| stand.verifieer(&een.keten, nu).err().as_ref().map(Reden::from));
            if let Some(reden) = oordeel {
                een.afbreken.cancel();
                verbroken += 1;
                een.identiteit.meld_verbroken(reden);
            }
        }
        verbroken
    }

    /// The number of live connections.
    #[must_use]
    pub fn aantal(&self) -> usize {
        self.slot().len()
    }

    /// Who is connected now, in order of arrival.
    #[must_use]
    pub fn overzicht(&self) -> Vec<Arc<Identiteit>> {
        let mut allen: Vec<_> = self.slot().values().map(|levend| levend.identiteit.clone()).collect();
        allen.sort_by_key(|identiteit| identiteit.verbinding_id);
        allen
    }

    /// Of each organisation the connection that began last. There is one for every OIN that an issuer gave a certificate, and no more.
    #[must_use]
    pub fn laatst_gezien(&self) -> HashMap<Oin, Gezien> {
        self.laatste.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes a place, unless there are `maximum` already.
    pub(super) fn schrijf_in(
        self: &Arc<Self>,
        certificaat: KlantCertificaat,
        (peer, op): (SocketAddr, UnixTime),
        keten: Keten,
        maximum: usize,
    ) -> Option<Inschrijving> {
        let verbinding_id = self.volgende_id.fetch_add(1, Ordering::Relaxed);
        let identiteit = Arc::new(Identiteit::nieuw(certificaat, peer, verbinding_id));
        let afbreken = CancellationToken::new();
        let levend = Levend { identiteit: identiteit.clone(), keten, afbreken: afbreken.clone() };
        let mut slot = self.slot();
        if slot.len() >= maximum {
            return None;
        }
        slot.insert(verbinding_id, levend);
        drop(slot);
        let gezien = Gezien { identiteit: Arc::clone(&identiteit), op };
        self.laatste.lock().unwrap_or_else(PoisonError::into_inner).insert(identiteit.oin, gezien);
        Some(Inschrijving { register: self.clone(), identiteit, afbreken })
    }

    /// What lives now and was not cut yet.
    fn momentopname(&self) -> Vec<Levend> {
        self.slot().values().filter(|levend| !levend.afbreken.is_cancelled()).cloned().collect()
    }

    /// The lock is held for single map operations only, which leave the map whole; a poisoned one is as good as any.
    fn slot(&self) -> MutexGuard<'_, HashMap<u64, Levend>> {
        self.levend.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inschrijving {
    fn drop(&mut self) {
        self.register.slot().remove(&self.identiteit.verbinding_id);
    }
}
