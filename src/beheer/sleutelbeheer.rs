//! Changes to keys and terms, each on record in the transaction of the change. Master keys are not among them: those are the operator's file.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use jeugdketen_proto::v1::Rol;

use super::BeheerFout;
use crate::admission::Onderhoud;
use crate::audit::Journaal;
use crate::domain::ids::Oin;
use crate::kluis::{Kluis, PSEUDONIEM};
use crate::receipt::Sleutel;
use crate::store::audit::Aantekening;
use crate::store::{Reeks, Store, StoreError, Tx, bewaring, schrijf_reeks, sleutels};
use crate::time::Clock;

/// What changes to keys and terms work with.
#[derive(Clone, Copy, Debug)]
pub struct Sleutelbeheer<'a> {
    /// The database.
    pub store: &'a Store,
    /// The vault.
    pub kluis: &'a Kluis,
    /// The key that signs receipts.
    pub sleutel: &'a ArcSwap<Sleutel>,
    /// The file it is in.
    pub receipt_key: &'a Path,
    /// What the hub does by itself to what it keeps.
    pub onderhoud: &'a Onderhoud,
    /// The audit log.
    pub journaal: &'a Journaal,
    /// The time.
    pub clock: &'a Clock,
}

impl Sleutelbeheer<'_> {
    /// Makes a new key that signs receipts from now on. Its public half is durable before anything is signed with it; that of every earlier
    /// key stays on record.
    pub async fn nieuwe_receiptsleutel(&self, wie: Oin) -> Result<Arc<Sleutel>, BeheerFout> {
        let nieuw = Arc::new(Sleutel::nieuw()?);
        let (mut tx, reeks) = self.store.write().await?;
        sleutels::bewaar(&mut tx.conn(), nieuw.id(), nieuw.publiek(), self.clock.micros()).await?;
        self.leg_vast(tx, reeks, wie, "NIEUWE_RECEIPTSLEUTEL", None).await?;
        nieuw.bewaar(self.receipt_key)?;
        self.sleutel.store(Arc::clone(&nieuw));
        tracing::info!(sleutel = nieuw.id(), door = %wie, "receipts are signed with a new key");
        Ok(nieuw)
    }

    /// Takes up the key that its file holds now, when another hub that signs with it made a new one. Its public half is durable first.
    pub async fn herlees_receiptsleutel(&self) -> Result<(), BeheerFout> {
        // In this order: whoever makes a new one here writes the file first.
        let huidige = self.sleutel.load_full();
        let gelezen = Sleutel::laad(self.receipt_key)?;
        if gelezen.id() == huidige.id() {
            return Ok(());
        }
        let (mut tx, _) = self.store.write().await?;
        sleutels::bewaar(&mut tx.conn(), gelezen.id(), gelezen.publiek(), self.clock.micros()).await?;
        tx.commit().await?;
        tracing::info!(sleutel = gelezen.id(), "receipts are signed with the key that was found in its file");
        self.sleutel.store(Arc::new(gelezen));
        Ok(())
    }

    /// Begins a new epoch of pseudonyms; returns its number.
    pub async fn nieuwe_epoche(&self, wie: Oin) -> Result<i16, BeheerFout> {
        let (mut tx, reeks) = self.store.write().await?;
        let hub = sleutels::hub(&mut tx.conn()).await?;
        let epoche = hub.iter().filter(|sleutel| sleutel.soort == PSEUDONIEM).map(|sleutel| sleutel.epoche).max().unwrap_or_default() + 1;
        let nieuw = self.kluis.nieuwe_epoche(epoche, self.clock.micros()).map_err(StoreError::from)?;
        sleutels::schrijf_hub(&mut tx.conn(), &[nieuw]).await?;
        let alle = sleutels::hub(&mut tx.conn()).await?;
        self.leg_vast(tx, reeks, wie, "NIEUWE_EPOCHE", Some(i64::from(epoche))).await?;
        self.kluis.ververs(&alle).map_err(StoreError::from)?;
        Ok(epoche)
    }

    /// Sets how many days bodies are kept after everybody acknowledged them.
    pub async fn zet_bewaartermijn(&self, wie: Oin, dagen: u32) -> Result<(), BeheerFout> {
        let (mut tx, reeks) = self.store.write().await?;
        bewaring::zet_dagen(&mut tx.conn(), i64::from(dagen)).await?;
        self.leg_vast(tx, reeks, wie, "BEWAARTERMIJN", Some(i64::from(dagen))).await?;
        self.onderhoud.begin_opnieuw();
        Ok(())
    }

    async fn leg_vast(&self, mut tx: Tx, mut reeks: Reeks, wie: Oin, wat: &'static str, nummer: Option<i64>) -> Result<(), StoreError> {
        let aantekening = Aantekening { nummer, ..Aantekening::sleutel((wie, Rol::Beheerder), wat) };
        self.journaal.boek(&mut tx.conn(), &mut reeks, self.clock.micros(), vec![aantekening]).await?;
        schrijf_reeks(&mut tx.conn(), &reeks).await?;
        tx.commit().await
    }
}
