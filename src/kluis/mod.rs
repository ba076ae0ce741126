//! The vault: seals what is said about a child with keys of its case, and those keys with a master key that is never in the database. It
//! makes keyed pseudonyms and keyed digests too. It stores nothing: wrapped keys and sealed bytes go to the store and come from there.

mod dicht;
mod persoon;
mod ring;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use aws_lc_rs::rand;
use bytes::Bytes;
use uuid::Uuid;

use crate::mac;
use dicht::Context;
pub use persoon::{Persoon, Pseudoniem, jeugdige};
pub use ring::{Ring, voeg_toe};

/// Why something cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum KluisFout {
    /// The master keys cannot be read or written.
    #[error("the master keys cannot be read or written at {0}")]
    Bron(String, #[source] std::io::Error),
    /// The command that prints them failed.
    #[error("the command {0} that prints the master keys ended with {1}")]
    Opdracht(String, String),
    /// What was read holds no master keys.
    #[error("{0} holds no master keys: one a line, 64 hexadecimal digits, the current one first")]
    Vorm(String),
    /// Something is wrapped with a master key that was not given.
    #[error("the master key {0} is needed and is not among those given")]
    OnbekendeHoofdsleutel(String),
    /// It was altered, moved from its place, or sealed with another key.
    #[error("sealed bytes do not open: they were altered, moved or sealed with another key")]
    Onleesbaar,
    /// Its key was destroyed.
    #[error("the key was destroyed")]
    Vernietigd,
    /// The machine gave no random bytes.
    #[error("the machine gave no random bytes")]
    Toeval,
}

/// Where the master keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bron {
    /// A file.
    Bestand(PathBuf),
    /// What a command prints: the programme and its arguments.
    Opdracht(Vec<String>),
}

impl fmt::Display for Bron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bron::Bestand(file) => file.display().fmt(f),
            Bron::Opdracht(woorden) => f.write_str(woorden.first().map_or("", String::as_str)),
        }
    }
}

/// What is sealed, and of which message: bound to it, so that it opens nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plek {
    /// The body of the message with this number.
    Inhoud(i64),
    /// Its receipt.
    Receipt(i64),
    /// Its fact.
    Feit(i64),
}

impl Plek {
    fn context(self, sleutel: Uuid) -> Context {
        let (soort, nummer) = match self {
            Plek::Inhoud(nummer) => (1, nummer),
            Plek::Receipt(nummer) => (2, nummer),
            Plek::Feit(nummer) => (3, nummer),
        };
        context(soort, sleutel, nummer)
    }
}

fn context(soort: u8, sleutel: Uuid, nummer: i64) -> Context {
    let mut bytes = [soort; 25];
    bytes[1..17].copy_from_slice(sleutel.as_bytes());
    bytes[17..].copy_from_slice(&nummer.to_be_bytes());
    bytes
}

/// Bytes that were sealed here: nothing else is stored of a body, a receipt or a fact.
#[derive(Clone, PartialEq, Eq)]
pub struct Gesloten(Bytes);

impl Gesloten {
    /// What was sealed before and stored; whether it opens shows when it is.
    pub fn bewaard(bytes: Vec<u8>) -> Gesloten {
        Gesloten(bytes.into())
    }

    /// The sealed bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Gesloten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gesloten({} bytes)", self.0.len())
    }
}

/// The keys of a case as they are kept: wrapped.
#[derive(Clone, PartialEq, Eq)]
pub struct Verpakt {
    /// The case, or the message that stands apart.
    pub id: Uuid,
    /// The master key they are wrapped with.
    pub kek: String,
    /// Key of bodies; none when it was destroyed.
    pub inhoud: Option<Vec<u8>>,
    /// Key of facts and receipts.
    pub feiten: Vec<u8>,
    /// When they were made, in microseconds.
    pub sinds: i64,
    /// The jeugdige of the case.
    pub persoon: Option<Pseudoniem>,
}

impl fmt::Debug for Verpakt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verpakt").field("id", &self.id).field("kek", &self.kek).finish_non_exhaustive()
    }
}

/// A key that seals and opens.
#[derive(Debug)]
enum Slot {
    Sleutel(RandomizedNonceKey),
    /// Only in a vault that protects nothing, for comparison in the benchmark.
    Open,
}

impl Slot {
    fn sluit(&self, context: Context, inhoud: &[u8]) -> Result<Vec<u8>, KluisFout> {
        match self {
            Slot::Sleutel(sleutel) => dicht::sluit(sleutel, context, inhoud),
            Slot::Open => Ok(inhoud.to_vec()),
        }
    }

    fn open(&self, context: Context, gesloten: &[u8]) -> Result<Vec<u8>, KluisFout> {
        match self {
            Slot::Sleutel(sleutel) => dicht::open(sleutel, context, gesloten),
            Slot::Open => Ok(gesloten.to_vec()),
        }
    }
}

/// The keys of a case, opened.
#[derive(Debug)]
pub struct Zaaksleutels {
    verpakt: Arc<Verpakt>,
    inhoud: Option<Slot>,
    feiten: Slot,
    /// Whether they differ from what is kept.
    gewijzigd: bool,
}

impl Zaaksleutels {
    /// The case, or the message that stands apart.
    pub fn id(&self) -> Uuid {
        self.verpakt.id
    }

    /// The jeugdige of the case.
    pub fn persoon(&self) -> Option<&Pseudoniem> {
        self.verpakt.persoon.as_ref()
    }

    /// Notes who the case is about.
    pub fn zet_persoon(&mut self, persoon: Pseudoniem) {
        self.gewijzigd |= self.verpakt.persoon.as_ref() != Some(&persoon);
        Arc::make_mut(&mut self.verpakt).persoon = Some(persoon);
    }

    /// As they must be kept, when that differs from what is.
    pub fn gewijzigd(&self) -> Option<&Arc<Verpakt>> {
        self.gewijzigd.then_some(&self.verpakt)
    }

    /// Seals.
    pub fn sluit(&self, plek: Plek, inhoud: &[u8]) -> Result<Gesloten, KluisFout> {
        self.slot(plek)?.sluit(plek.context(self.id()), inhoud).map(Gesloten::bewaard)
    }

    /// Opens.
    pub fn open(&self, plek: Plek, gesloten: &[u8]) -> Result<Vec<u8>, KluisFout> {
        self.slot(plek)?.open(plek.context(self.id()), gesloten)
    }

    fn slot(&self, plek: Plek) -> Result<&Slot, KluisFout> {
        match plek {
            Plek::Inhoud(_) => self.inhoud.as_ref().ok_or(KluisFout::Vernietigd),
            Plek::Receipt(_) | Plek::Feit(_) => Ok(&self.feiten),
        }
    }
}

/// Context of wrapped keys, after those of `Plek`.
const SLEUTEL_INHOUD: u8 = 16;
const SLEUTEL_FEITEN: u8 = 17;
const SLEUTEL_HUB: u8 = 18;

/// A key of the hub itself, wrapped, as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Hubsleutel {
    /// 1: keyed digests; 2: pseudonyms.
    pub soort: i16,
    /// Which of its kind.
    pub epoche: i16,
    /// The master key it is wrapped with.
    pub kek: String,
    /// The wrapped key.
    pub verpakt: Vec<u8>,
    /// Since when, in microseconds.
    pub sinds: i64,
}

impl fmt::Debug for Hubsleutel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hubsleutel").field("soort", &self.soort).field("epoche", &self.epoche).finish_non_exhaustive()
    }
}

/// Kind of a key for keyed digests.
pub const KENMERK: i16 = 1;
/// Kind of a key for pseudonyms.
pub const PSEUDONIEM: i16 = 2;

#[derive(Debug)]
struct Epoche {
    nummer: i16,
    sinds: i64,
    sleutel: mac::Sleutel,
}

#[derive(Debug)]
struct HmacSleutels {
    kenmerk: mac::Sleutel,
    /// The latest last; never empty.
    pseudoniemen: Vec<Epoche>,
}

/// The vault.
#[derive(Debug)]
pub struct Kluis {
    bron: Option<Bron>,
    ring: ArcSwap<Ring>,
    hub: ArcSwap<HmacSleutels>,
    beschermt: bool,
}

impl Kluis {
    /// A vault with these master keys and the keys of the hub as they are kept, at least one of each kind.
    pub fn nieuw(bron: Option<Bron>, ring: Ring, hubsleutels: &[Hubsleutel]) -> Result<Kluis, KluisFout> {
        let hub = hmac_sleutels(&ring, hubsleutels)?;
        Ok(Kluis { bron, ring: ArcSwap::from_pointee(ring), hub: ArcSwap::from_pointee(hub), beschermt: true })
    }

    /// The same vault, but it protects nothing: what it seals stays readable. For comparison in the benchmark; no configuration leads here.
    pub fn zonder_bescherming(self) -> Kluis {
        Kluis { beschermt: false, ..self }
    }

    /// Whether it protects; false in one part of the benchmark only.
    pub fn beschermt(&self) -> bool {
        self.beschermt
    }

    /// Reads the master keys again, from a command only when that was asked. When they cannot be read those of before stay.
    pub fn herlaad(&self, gevraagd: bool) -> Result<(), KluisFout> {
        match &self.bron {
            Some(bron @ Bron::Bestand(_)) => self.ring.store(Arc::new(Ring::lees(bron)?)),
            Some(bron @ Bron::Opdracht(_)) if gevraagd => self.ring.store(Arc::new(Ring::lees(bron)?)),
            _ => {}
        }
        Ok(())
    }

    /// Takes over the keys of the hub as they are kept now, also by another hub.
    pub fn ververs(&self, hubsleutels: &[Hubsleutel]) -> Result<(), KluisFout> {
        self.hub.store(Arc::new(hmac_sleutels(&self.ring.load(), hubsleutels)?));
        Ok(())
    }

    /// The id of the master key that wraps what is new.
    pub fn huidige_hoofdsleutel(&self) -> String {
        self.ring.load().huidig().id.clone()
    }

    /// The ids of the master keys, the current one first.
    pub fn hoofdsleutels(&self) -> Vec<String> {
        self.ring.load().ids().map(str::to_owned).collect()
    }

    /// New keys for a case, or for a message that stands apart.
    pub fn nieuwe_sleutels(&self, id: Uuid, sinds: i64) -> Result<Zaaksleutels, KluisFout> {
        let ring = self.ring.load();
        let (inhoud, inhoud_verpakt) = self.nieuw_slot(&ring, SLEUTEL_INHOUD, id)?;
        let (feiten, feiten_verpakt) = self.nieuw_slot(&ring, SLEUTEL_FEITEN, id)?;
        let kek = ring.huidig().id.clone();
        let verpakt = Verpakt { id, kek, inhoud: Some(inhoud_verpakt), feiten: feiten_verpakt, sinds, persoon: None };
        Ok(Zaaksleutels { verpakt: Arc::new(verpakt), inhoud: Some(inhoud), feiten, gewijzigd: true })
    }

    /// Opens the keys of a case.
    pub fn open(&self, verpakt: impl Into<Arc<Verpakt>>) -> Result<Zaaksleutels, KluisFout> {
        let verpakt = verpakt.into();
        let ring = self.ring.load();
        let slot = |soort, sleutel: &[u8]| self.open_slot(&ring, &verpakt.kek, context(soort, verpakt.id, 0), sleutel);
        let inhoud = verpakt.inhoud.as_deref().map(|sleutel| slot(SLEUTEL_INHOUD, sleutel)).transpose()?;
        let feiten = slot(SLEUTEL_FEITEN, &verpakt.feiten)?;
        Ok(Zaaksleutels { verpakt, inhoud, feiten, gewijzigd: false })
    }

    /// Gives a case whose bodies were all destroyed a new key for the next.
    pub fn vernieuw(&self, sleutels: &mut Zaaksleutels) -> Result<(), KluisFout> {
        if sleutels.inhoud.is_none() {
            let ring = self.ring.load();
            // Both keys of a row are wrapped with one master key.
            let bewaard = Arc::make_mut(&mut sleutels.verpakt);
            self.herverpak(&ring, bewaard)?;
            let (inhoud, verpakt) = self.nieuw_slot(&ring, SLEUTEL_INHOUD, bewaard.id)?;
            (sleutels.inhoud, bewaard.inhoud, sleutels.gewijzigd) = (Some(inhoud), Some(verpakt), true);
        }
        Ok(())
    }

    /// Wraps the keys of a case with the current master key; says whether they were wrapped with another.
    pub fn herverpak_zaak(&self, verpakt: &mut Verpakt) -> Result<bool, KluisFout> {
        self.herverpak(&self.ring.load(), verpakt)
    }

    /// The same for a key of the hub itself.
    pub fn herverpak_hub(&self, sleutel: &mut Hubsleutel) -> Result<bool, KluisFout> {
        let ring = self.ring.load();
        if sleutel.kek == ring.huidig().id {
            return Ok(false);
        }
        let bytes = pak_uit(&ring, &sleutel.kek, hub_context(sleutel), &sleutel.verpakt)?;
        sleutel.verpakt = verpak(&ring, hub_context(sleutel), &bytes)?;
        sleutel.kek.clone_from(&ring.huidig().id);
        Ok(true)
    }

    fn herverpak(&self, ring: &Ring, verpakt: &mut Verpakt) -> Result<bool, KluisFout> {
        if verpakt.kek == ring.huidig().id {
            return Ok(false);
        }
        if self.beschermt {
            let opnieuw = |soort, sleutel: &[u8]| {
                let context = context(soort, verpakt.id, 0);
                verpak(ring, context, &pak_uit(ring, &verpakt.kek, context, sleutel)?)
            };
            let inhoud = verpakt.inhoud.as_deref().map(|sleutel| opnieuw(SLEUTEL_INHOUD, sleutel)).transpose()?;
            (verpakt.feiten, verpakt.inhoud) = (opnieuw(SLEUTEL_FEITEN, &verpakt.feiten)?, inhoud);
        }
        verpakt.kek.clone_from(&ring.huidig().id);
        Ok(true)
    }

    fn nieuw_slot(&self, ring: &Ring, soort: u8, id: Uuid) -> Result<(Slot, Vec<u8>), KluisFout> {
        if !self.beschermt {
            return Ok((Slot::Open, Vec::new()));
        }
        let mut bytes = [0_u8; 32];
        rand::fill(&mut bytes).map_err(|_| KluisFout::Toeval)?;
        Ok((slot(&bytes)?, verpak(ring, context(soort, id, 0), &bytes)?))
    }

    fn open_slot(&self, ring: &Ring, kek: &str, context: Context, verpakt: &[u8]) -> Result<Slot, KluisFout> {
        if self.beschermt { slot(&pak_uit(ring, kek, context, verpakt)?) } else { Ok(Slot::Open) }
    }

    /// The keyed digest of content: the same for the same content, and nobody without the key can tell what it was.
    pub fn kenmerk(&self, digest: &[u8]) -> [u8; 32] {
        if !self.beschermt {
            return digest.try_into().unwrap_or_default();
        }
        hmac_bytes(&self.hub.load().kenmerk, &[digest])
    }

    /// The pseudonym of a person under the key of today.
    pub fn pseudoniem(&self, persoon: &Persoon<'_>) -> Option<Pseudoniem> {
        let hub = self.hub.load();
        hub.pseudoniemen.last().filter(|_| self.beschermt).map(|epoche| onder(epoche, persoon))
    }

    /// The pseudonyms of a person under every key there is: a look-up finds it under whichever it was noted.
    pub fn pseudoniemen(&self, persoon: &Persoon<'_>) -> Vec<Pseudoniem> {
        self.hub.load().pseudoniemen.iter().map(|epoche| onder(epoche, persoon)).collect()
    }

    /// Whether this is the person with that pseudonym; none when it cannot be told: another way of identifying, or a key that is gone.
    pub fn is_dezelfde(&self, bekend: &Pseudoniem, persoon: &Persoon<'_>) -> Option<bool> {
        let hub = self.hub.load();
        let epoche = hub.pseudoniemen.iter().find(|epoche| epoche.nummer == bekend.epoche)?;
        let gevraagd = onder(epoche, persoon);
        (gevraagd.soort == bekend.soort).then(|| gevraagd.waarde == bekend.waarde)
    }

    /// Number and beginning, in microseconds, of the epoch of pseudonyms of today.
    pub fn epoche(&self) -> (i16, i64) {
        self.hub.load().pseudoniemen.last().map_or((0, 0), |epoche| (epoche.nummer, epoche.sinds))
    }

    /// Makes a key of the hub, wrapped, to be kept.
    pub fn nieuwe_hubsleutel(ring: &Ring, soort: i16, epoche: i16, sinds: i64) -> Result<Hubsleutel, KluisFout> {
        let mut bytes = [0_u8; 32];
        rand::fill(&mut bytes).map_err(|_| KluisFout::Toeval)?;
        let mut sleutel = Hubsleutel { soort, epoche, kek: ring.huidig().id.clone(), verpakt: Vec::new(), sinds };
        sleutel.verpakt = verpak(ring, hub_context(&sleutel), &bytes)?;
        Ok(sleutel)
    }

    /// A key for a new epoch of pseudonyms, wrapped with the master key of this vault.
    pub fn nieuwe_epoche(&self, epoche: i16, sinds: i64) -> Result<Hubsleutel, KluisFout> {
        Kluis::nieuwe_hubsleutel(&self.ring.load(), PSEUDONIEM, epoche, sinds)
    }
}

fn slot(bytes: &[u8]) -> Result<Slot, KluisFout> {
    RandomizedNonceKey::new(&AES_256_GCM, bytes).map(Slot::Sleutel).map_err(|_| KluisFout::Onleesbaar)
}

fn verpak(ring: &Ring, context: Context, bytes: &[u8]) -> Result<Vec<u8>, KluisFout> {
    dicht::sluit(&ring.huidig().sleutel, context, bytes)
}

fn pak_uit(ring: &Ring, kek: &str, context: Context, verpakt: &[u8]) -> Result<Vec<u8>, KluisFout> {
    dicht::open(&ring.zoek(kek)?.sleutel, context, verpakt)
}

fn hub_context(sleutel: &Hubsleutel) -> Context {
    context(SLEUTEL_HUB, Uuid::nil(), i64::from(sleutel.soort) << 16 | i64::from(sleutel.epoche))
}

fn hmac_sleutels(ring: &Ring, hubsleutels: &[Hubsleutel]) -> Result<HmacSleutels, KluisFout> {
    let open = |sleutel: &Hubsleutel| {
        let bytes = pak_uit(ring, &sleutel.kek, hub_context(sleutel), &sleutel.verpakt)?;
        Ok(Epoche { nummer: sleutel.epoche, sinds: sleutel.sinds, sleutel: mac::Sleutel::van(&bytes) })
    };
    let van_soort = |soort: i16| hubsleutels.iter().filter(move |sleutel| sleutel.soort == soort).map(open);
    let kenmerk = van_soort(KENMERK).next().ok_or(KluisFout::Vernietigd)??.sleutel;
    let mut pseudoniemen = van_soort(PSEUDONIEM).collect::<Result<Vec<_>, KluisFout>>()?;
    pseudoniemen.sort_by_key(|epoche| epoche.nummer);
    Ok(HmacSleutels { kenmerk, pseudoniemen })
}

fn onder(epoche: &Epoche, persoon: &Persoon<'_>) -> Pseudoniem {
    let waarde = hmac_bytes(&epoche.sleutel, &persoon.delen());
    Pseudoniem { soort: persoon.soort(), epoche: epoche.nummer, waarde }
}

/// Each part with its length before it, so that no two lists of parts are the same bytes.
fn hmac_bytes(sleutel: &mac::Sleutel, delen: &[&[u8]]) -> [u8; 32] {
    let bytes = delen.iter().flat_map(|deel| [&(deel.len() as u64).to_be_bytes(), *deel].concat()).collect::<Vec<u8>>();
    sleutel.over(&[&bytes])
}
