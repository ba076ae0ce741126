//! What the front saw a client do in one case, in order and with its moment. It judges nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::timeout_at;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Waarneming {
    /// The client came, and was sent away before anything was said.
    Weggestuurd,
    /// The handshake was finished: the client took the certificate that it was shown.
    Verbonden,
    /// The handshake failed; what the client said of it.
    HanddrukMislukt(String),
    /// A message was submitted; its bytes.
    Ingezonden(Bytes),
    /// The call that submitted a message was answered well.
    Aanvaard,
    /// A subscription began, after this number or after the last that was confirmed.
    Abonnement(Option<u64>),
    /// The client left a subscription that could have gone on.
    Opgezegd,
    /// A page was asked for.
    Opgehaald(Option<u64>),
    /// A delivery went out, with its number.
    Geleverd(u64),
    /// A heartbeat went out.
    Hartslag(u64),
    /// Receipt was confirmed up to and including this number.
    Bevestigd(u64),
    /// The client said something of what it did.
    Gemeld(Melding),
    /// The client ended by itself.
    Klaar,
}

/// What a client says of what it did: a line on standard output, a word and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Melding {
    /// `VERWERKT NUMMER BERICHT_ID`: handed to the own administration.
    Verwerkt {
        /// The mailbox number.
        nummer: u64,
        /// The message.
        bericht_id: String,
    },
    /// `CORRIGEERT BERICHT_ID BETREFT`: this message was put in the place of that one.
    Corrigeert {
        /// The correction.
        bericht_id: String,
        /// What it corrects.
        betreft: String,
    },
    /// `TREKT_IN BERICHT_ID BETREFT`: that message counts no more.
    TrektIn {
        /// The withdrawal.
        bericht_id: String,
        /// What it withdraws.
        betreft: String,
    },
    /// `ONTVANGSTBEWIJS BERICHT_ID VOLGNUMMER`: the receipt was verified and kept.
    Ontvangstbewijs {
        /// The message.
        bericht_id: String,
        /// Its number in the order of all messages.
        volgnummer: u64,
    },
    /// `GEWEIGERD BERICHT_ID REDEN`: the hub said no for good; people must look at it.
    Geweigerd {
        /// The message.
        bericht_id: String,
        /// The stable reason.
        reden: String,
    },
    /// `WAARSCHUWING BERICHT_ID WAARSCHUWING`: what the receipt warned of was shown.
    Waarschuwing {
        /// The message.
        bericht_id: String,
        /// Name of the warning in the contract.
        waarschuwing: String,
    },
    /// `ALARM WAAROVER`: people were called: GAT, BEWIJS, ONTVANGSTBEWIJS, CERTIFICAAT, ONBEKEND.
    Alarm(String),
}

impl Melding {
    /// Reads a line; what is no report is none of ours.
    pub fn lees(regel: &str) -> Option<Melding> {
        let woorden: Vec<&str> = regel.split_whitespace().collect();
        let tekst = |woord: &str| woord.to_owned();
        Some(match woorden.as_slice() {
            ["VERWERKT", nummer, id] => Melding::Verwerkt { nummer: nummer.parse().ok()?, bericht_id: tekst(id) },
            ["CORRIGEERT", id, betreft] => Melding::Corrigeert { bericht_id: tekst(id), betreft: tekst(betreft) },
            ["TREKT_IN", id, betreft] => Melding::TrektIn { bericht_id: tekst(id), betreft: tekst(betreft) },
            ["ONTVANGSTBEWIJS", id, nummer] => Melding::Ontvangstbewijs { bericht_id: tekst(id), volgnummer: nummer.parse().ok()? },
            ["GEWEIGERD", id, reden] => Melding::Geweigerd { bericht_id: tekst(id), reden: tekst(reden) },
            ["WAARSCHUWING", id, naam] => Melding::Waarschuwing { bericht_id: tekst(id), waarschuwing: tekst(naam) },
            ["ALARM", waarover] => Melding::Alarm(tekst(waarover)),
            _ => return None,
        })
    }
}

/// A line of the log.
#[derive(Clone, Debug)]
pub struct Regel {
    /// When.
    pub op: Instant,
    /// What.
    pub wat: Waarneming,
}

/// The log of one case. Clones are the same log.
#[derive(Clone, Debug, Default)]
pub struct Logboek(Arc<Binnen>);

#[derive(Debug, Default)]
struct Binnen {
    regels: Mutex<Vec<Regel>>,
    nieuw: Notify,
}

impl Logboek {
    /// Writes a line.
    pub fn schrijf(&self, wat: Waarneming) {
        self.regels().push(Regel { op: Instant::now(), wat });
        self.0.nieuw.notify_waiters();
    }

    /// Writes what a client said.
    pub fn meld(&self, melding: Melding) {
        self.schrijf(Waarneming::Gemeld(melding));
    }

    /// Everything until now.
    pub fn alles(&self) -> Vec<Regel> {
        self.regels().clone()
    }

    /// Looks at the log whenever something is added, until it holds what is looked for or the patience is over.
    pub(super) async fn tot<T>(&self, geduld: Duration, mut zoek: impl FnMut(&[Regel]) -> Option<T>) -> Option<T> {
        let einde = tokio::time::Instant::now() + geduld;
        loop {
            let mut nieuw = std::pin::pin!(self.0.nieuw.notified());
            nieuw.as_mut().enable();
            if let Some(gevonden) = zoek(&self.regels()) {
                return Some(gevonden);
            }
            timeout_at(einde, nieuw).await.ok()?;
        }
    }

    fn regels(&self) -> MutexGuard<'_, Vec<Regel>> {
        self.0.regels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
