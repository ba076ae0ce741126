//! What participants know: what each sent and when, every receipt that came, what each saw and acknowledged, in the order in which it
//! happened to them. It judges nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use bytes::Bytes;
use jeugdketen_proto::v1::Receipt;
use prost::Message as _;
use tokio::sync::watch;

/// Microseconds since the histories began; of one monotonic clock for all participants.
pub type Moment = u64;

/// One message of a sender.
#[derive(Clone, Debug)]
pub struct Verzending {
    /// Who sends it, by the name of its certificate.
    pub wie: &'static str,
    /// Its id.
    pub id: String,
    /// Its bytes.
    pub bericht: Bytes,
    /// When it was first sent.
    pub begin: Moment,
    /// Every receipt that came, and when; more than one when an answer came late.
    pub receipts: Vec<(Moment, Bytes)>,
}

/// One thing that happened to a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waarneming {
    /// It began to read, from its acknowledged cursor.
    Begin,
    /// It saw this message under this number.
    Gezien(u64, String),
    /// It asked to acknowledge up to here.
    Gevraagd(u64),
    /// The hub answered that it is acknowledged up to here.
    Bevestigd(u64),
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Geschiedenis {
    /// The messages, in the order in which they were first sent.
    pub verzendingen: Vec<Verzending>,
    /// What happened to each recipient, by its OIN.
    pub ontvangers: BTreeMap<String, Vec<Waarneming>>,
    /// Answers that no fault explains: a refusal of a sound message, an INTERNAL.
    pub onverklaard: Vec<String>,
}

impl Geschiedenis {
    /// The last mailbox number of each recipient, as the receipts say.
    pub fn laatste_nummers(&self) -> BTreeMap<String, u64> {
        let mut laatste = BTreeMap::new();
        let receipts = self.verzendingen.iter().filter_map(|verzending| Receipt::decode(verzending.receipts.first()?.1.clone()).ok());
        for ontvanger in receipts.flat_map(|receipt| receipt.ontvangers) {
            let nr: &mut u64 = laatste.entry(ontvanger.oin).or_default();
            *nr = ontvanger.postvaknummer.max(*nr);
        }
        laatste
    }

    /// Up to where each recipient heard that it is acknowledged.
    pub fn bevestigd(&self) -> BTreeMap<String, u64> {
        let tot = |waarneming: &Waarneming| match waarneming {
            Waarneming::Bevestigd(tot) => Some(*tot),
            _ => None,
        };
        let hoogste = |waarnemingen: &Vec<Waarneming>| waarnemingen.iter().filter_map(tot).max().unwrap_or_default();
        self.ontvangers.iter().map(|(oin, waarnemingen)| (oin.clone(), hoogste(waarnemingen))).collect()
    }
}

/// Where participants write it down.
pub struct Boek {
    begin: Instant,
    geschiedenis: Mutex<Geschiedenis>,
    beantwoord: watch::Sender<u64>,
}

impl Boek {
    /// Begins now.
    pub fn nieuw() -> Boek {
        Boek { begin: Instant::now(), geschiedenis: Mutex::default(), beantwoord: watch::channel(0).0 }
    }

    fn nu(&self) -> Moment {
        u64::try_from(self.begin.elapsed().as_micros()).unwrap()
    }

    fn open(&self) -> MutexGuard<'_, Geschiedenis> {
        self.geschiedenis.lock().unwrap()
    }

    /// A message is about to be sent; returns its place.
    pub fn verstuurt(&self, wie: &'static str, id: String, bericht: Bytes) -> usize {
        let mut geschiedenis = self.open();
        geschiedenis.verzendingen.push(Verzending { wie, id, bericht, begin: self.nu(), receipts: Vec::new() });
        geschiedenis.verzendingen.len() - 1
    }

    /// A receipt came for the message at a place.
    pub fn kreeg(&self, plaats: usize, receipt: Bytes) {
        let nu = self.nu();
        let mut geschiedenis = self.open();
        let receipts = &mut geschiedenis.verzendingen[plaats].receipts;
        receipts.push((nu, receipt));
        let eerste = receipts.len() == 1;
        drop(geschiedenis);
        if eerste {
            self.beantwoord.send_modify(|aantal| *aantal += 1);
        }
    }

    /// A message will get no receipt, and its sender goes on.
    pub fn opgegeven(&self) {
        self.beantwoord.send_modify(|aantal| *aantal += 1);
    }

    /// Something happened to a recipient.
    pub fn merkt(&self, oin: &str, wat: Waarneming) {
        self.open().ontvangers.entry(oin.to_owned()).or_default().push(wat);
    }

    /// An answer that no fault explains.
    pub fn onverklaard(&self, wat: String) {
        self.open().onverklaard.push(wat);
    }

    /// How many messages have a receipt, as it grows.
    pub fn beantwoord(&self) -> watch::Receiver<u64> {
        self.beantwoord.subscribe()
    }

    /// What is written down until now.
    pub fn lees<T>(&self, lees: impl FnOnce(&Geschiedenis) -> T) -> T {
        lees(&self.open())
    }
}
