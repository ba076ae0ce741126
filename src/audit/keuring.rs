//! Checks the whole audit log against its seals, and the messages against the log: at every start, and by `ketenhub audit fsck`. It repairs
//! nothing and passes over nothing: each fault is named by what it is and where.

use std::collections::BTreeMap;

use tokio::task::JoinHandle;

use super::hoofd::{Hoofd, HoofdFout, Logsleutel};
use super::record::{Zegel, record_van_rij};
use crate::boom::{Grens, Hash};
use crate::store::audit::{self, Rij};
use crate::store::{Lezing, Reeks, Store, StoreError, lees_reeks};

/// How many records are read at a time.
const PAGINA: i64 = 4096;
/// How many faults are named; beyond it they are counted.
const GENOEMD: usize = 100;
/// Messages are compared by this many volgnummers at a time.
const BERICHTEN: i64 = 16_384;

/// One thing that is not as it was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gebrek {
    /// A record, or its leaf hash, was altered.
    #[error("record {0} was altered: what it says is not what was sealed")]
    RecordGewijzigd(i64),
    /// Records are not there.
    #[error("records {0} to {1} are missing")]
    RecordsOntbreken(i64, i64),
    /// A record that the hub did not write.
    #[error("record {0} is not one that the hub wrote")]
    RecordTeVeel(i64),
    /// A kept node is not there, or is not that of its records.
    #[error("node {1} of level {0} of the tree is not that of records {2} to {3}")]
    Knoop(u32, u64, u64, u64),
    /// The frontier is not that of the records.
    #[error("the frontier of the tree in reeks is not that of the records")]
    Grens,
    /// The last checkpoint is not one of this log.
    #[error("the last checkpoint in reeks: {0}")]
    Hoofd(HoofdFout),
    /// The last checkpoint is of another number of records.
    #[error("the last checkpoint was signed over {0} records, and reeks counts {1}")]
    HoofdGrootte(u64, u64),
    /// The records give another root than was signed.
    #[error("the records give another root than the one that was signed over {0} records: one of them was altered and sealed anew")]
    HoofdWortel(u64),
    /// The checkpoint kept outside the database is not one of this log.
    #[error("the checkpoint kept outside the database: {0}")]
    Stand(HoofdFout),
    /// The database was put back.
    #[error("the database was put back to an earlier state: {0} records were signed, and it has {1}")]
    Teruggezet(u64, u64),
    /// The history is another one.
    #[error("the first {0} records give another root than was signed when there were as many: the history was rewritten")]
    Herschreven(u64),
    /// A message without its record.
    #[error("message {0} has no record of its acceptance")]
    BerichtZonderRecord(i64),
    /// A second record of one message.
    #[error("record {0} says once more that a message was accepted")]
    DubbelAanvaard(i64),
    /// A record without its message.
    #[error("message {0} was accepted and is not there")]
    BerichtOntbreekt(i64),
    /// A message that the hub did not accept.
    #[error("message {0} is not one that the hub accepted")]
    BerichtTeVeel(i64),
    /// The counters of a mailbox are not those of its entries. The mailbox is in the list beside it.
    #[error("the counters of a mailbox do not agree with its entries")]
    Postvak,
}

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Keuring {
    /// How many records were read.
    pub records: u64,
    /// What is wrong, in the order in which it was found; no more than the first hundred.
    pub gebreken: Vec<Gebrek>,
    /// How many more.
    pub meer: usize,
    /// OINs of mailboxes whose counters do not agree.
    pub postvakken: Vec<String>,
    /// What the records add up to.
    pub wortel: Option<Hash>,
}

impl Keuring {
    /// Whether nothing is wrong.
    pub fn is_goed(&self) -> bool {
        self.gebreken.is_empty()
    }

    fn meld(&mut self, gebrek: Gebrek) {
        if self.gebreken.len() < GENOEMD { self.gebreken.push(gebrek) } else { self.meer += 1 }
    }
}

/// Checks a log with its public key. `stand` is the checkpoint that was kept outside the database. What other hubs append meanwhile is left
/// for the next time. `voortgang` hears how many records were read, and of how many.
pub async fn keur(store: &Store, sleutel: &Logsleutel, stand: Option<&str>, voortgang: impl Fn(u64, u64)) -> Result<Keuring, StoreError> {
    let mut lezing = store.read().await?;
    let reeks = lees_reeks(&mut lezing.conn()).await?;
    let mut gang = Gang::nieuw(&reeks, stand, sleutel);
    let totaal = reeks.audit.max(0).cast_unsigned();
    let mut pagina = lees(lezing, i64::MIN);
    loop {
        let (lezing, rijen) = uit(pagina).await?;
        let Some(laatste) = rijen.last().map(|rij| rij.nr).filter(|_| rijen[0].nr <= reeks.audit) else { break };
        // The next page is read while this one is hashed.
        pagina = lees(lezing, laatste);
        rijen.into_iter().take_while(|rij| rij.nr <= reeks.audit).for_each(|rij| gang.neem(rij));
        voortgang(gang.keuring.records, totaal);
    }
    let mut lezing = store.read().await?;
    gang.besluit(&reeks, sleutel);
    gang.vergelijk_knopen(&mut lezing).await?;
    gang.vergelijk_berichten(&mut lezing, reeks.bericht).await?;
    // In this order: what another hub appends meanwhile is counted by the time it is looked for.
    let hoogste = audit::hoogste(&mut lezing.conn()).await?;
    if hoogste > lees_reeks(&mut lezing.conn()).await?.audit {
        gang.keuring.meld(Gebrek::RecordTeVeel(hoogste));
    }
    gang.keuring.postvakken = audit::scheve_postvakken(&mut lezing.conn()).await?;
    if !gang.keuring.postvakken.is_empty() {
        gang.keuring.meld(Gebrek::Postvak);
    }
    Ok(gang.keuring)
}

type Pagina = JoinHandle<Result<(Lezing, Vec<Rij>), StoreError>>;

fn lees(mut lezing: Lezing, na: i64) -> Pagina {
    tokio::spawn(async move {
        let rijen = audit::na(&mut lezing.conn(), na, PAGINA).await?;
        Ok((lezing, rijen))
    })
}

async fn uit(pagina: Pagina) -> Result<(Lezing, Vec<Rij>), StoreError> {
    pagina.await.unwrap_or_else(|error| Err(StoreError::Unfit(format!("reading the audit log: {error}"))))
}

/// The walk over the records.
struct Gang {
    keuring: Keuring,
    zegel: Zegel,
    grens: Grens,
    /// The number that comes next.
    nr: i64,
    /// Whether records are missing: then nothing can be said of the tree.
    gaten: bool,
    /// The volgnummer whose acceptance comes next.
    bericht: i64,
    /// Nodes that must be kept, by level.
    knopen: BTreeMap<u32, Vec<Hash>>,
    stand: Option<Hoofd>,
}

impl Gang {
    fn nieuw(reeks: &Reeks, stand: Option<&str>, sleutel: &Logsleutel) -> Gang {
        let mut keuring = Keuring::default();
        let stand = stand.and_then(|note| sleutel.verifieer(note).map_err(|fout| keuring.meld(Gebrek::Stand(fout))).ok());
        let nu = reeks.audit.max(0).cast_unsigned();
        if let Some(toen) = stand.as_ref().filter(|stand| stand.grootte > nu) {
            keuring.meld(Gebrek::Teruggezet(toen.grootte, nu));
        }
        let (zegel, grens) = (Zegel::default(), Grens::default());
        Gang { keuring, zegel, grens, nr: 1, gaten: false, bericht: 1, knopen: BTreeMap::new(), stand }
    }

    fn neem(&mut self, rij: Rij) {
        if rij.nr < self.nr {
            return self.keuring.meld(Gebrek::RecordTeVeel(rij.nr));
        }
        self.keuring.records += 1;
        if rij.nr > self.nr {
            self.keuring.meld(Gebrek::RecordsOntbreken(self.nr, rij.nr - 1));
            self.gaten = true;
        }
        let nr = rij.nr;
        self.nr = nr + 1;
        let aanvaard = (rij.handeling == "AANVAARD").then_some(rij.nummer);
        // The tree is followed by what was sealed, so that an altered record is named and does not make every node wrong.
        let verzegeld = Hash::try_from(rij.blad.as_slice()).unwrap_or_default();
        if self.zegel.blad(&record_van_rij(rij)) != verzegeld {
            self.keuring.meld(Gebrek::RecordGewijzigd(nr));
        }
        if let Some(volgnummer) = aanvaard {
            self.neem_aanvaard(nr, volgnummer);
        }
        if !self.gaten {
            let knopen = &mut self.knopen;
            self.grens.voeg_toe(verzegeld, |knoop| knopen.entry(knoop.niveau).or_default().push(knoop.hash));
            if self.stand.as_ref().is_some_and(|stand| stand.grootte == self.grens.grootte() && stand.wortel != self.grens.wortel()) {
                self.keuring.meld(Gebrek::Herschreven(self.grens.grootte()));
            }
        }
    }

    fn neem_aanvaard(&mut self, nr: i64, volgnummer: Option<i64>) {
        let Some(volgnummer) = volgnummer.filter(|volgnummer| *volgnummer >= self.bericht) else {
            return self.keuring.meld(Gebrek::DubbelAanvaard(nr));
        };
        for zonder in (self.bericht..volgnummer).take(GENOEMD) {
            self.keuring.meld(Gebrek::BerichtZonderRecord(zonder));
        }
        self.bericht = volgnummer.saturating_add(1);
    }

    /// After the last record: does all of it add up to what was signed?
    fn besluit(&mut self, reeks: &Reeks, sleutel: &Logsleutel) {
        if self.nr <= reeks.audit {
            self.keuring.meld(Gebrek::RecordsOntbreken(self.nr, reeks.audit));
            self.gaten = true;
        }
        let geteld = reeks.audit.max(0).cast_unsigned();
        if !self.gaten {
            self.keuring.wortel = Some(self.grens.wortel());
            if self.grens.bytes() != reeks.boom {
                self.keuring.meld(Gebrek::Grens);
            }
        }
        if geteld == 0 && reeks.hoofd.is_empty() {
            return;
        }
        match sleutel.verifieer(&reeks.hoofd) {
            Err(fout) => self.keuring.meld(Gebrek::Hoofd(fout)),
            Ok(hoofd) if hoofd.grootte != geteld => self.keuring.meld(Gebrek::HoofdGrootte(hoofd.grootte, geteld)),
            Ok(hoofd) if !self.gaten && hoofd.wortel != self.grens.wortel() => self.keuring.meld(Gebrek::HoofdWortel(geteld)),
            Ok(_) => {}
        }
    }

    async fn vergelijk_knopen(&mut self, lezing: &mut Lezing) -> Result<(), StoreError> {
        for (niveau, hashes) in std::mem::take(&mut self.knopen) {
            let aantal = i64::try_from(hashes.len()).unwrap_or(i64::MAX);
            let bewaard: BTreeMap<i64, Vec<u8>> =
                audit::knopen(&mut lezing.conn(), niveau.cast_signed(), 0, aantal).await?.into_iter().collect();
            for (nr, hash) in (0_u64..).zip(hashes) {
                if bewaard.get(&nr.cast_signed()).is_none_or(|bewaard| *bewaard != hash) {
                    let breedte = 1 << (8 * niveau);
                    self.keuring.meld(Gebrek::Knoop(niveau, nr, nr * breedte + 1, (nr + 1) * breedte));
                }
            }
        }
        Ok(())
    }

    async fn vergelijk_berichten(&mut self, lezing: &mut Lezing, laatste: i64) -> Result<(), StoreError> {
        if !self.gaten {
            for zonder in (self.bericht..=laatste).take(GENOEMD) {
                self.keuring.meld(Gebrek::BerichtZonderRecord(zonder));
            }
        }
        // The records count, whatever number reeks says was given out last.
        let laatste = laatste.max(self.bericht - 1);
        let (mut volgende, mut na) = (1, i64::MIN);
        loop {
            let volgnummers = audit::berichten_na(&mut lezing.conn(), na, BERICHTEN).await?;
            for volgnummer in volgnummers.iter().copied().take_while(|volgnummer| *volgnummer <= laatste) {
                if volgnummer < volgende {
                    self.keuring.meld(Gebrek::BerichtTeVeel(volgnummer));
                    continue;
                }
                (volgende..volgnummer).take(GENOEMD).for_each(|weg| self.keuring.meld(Gebrek::BerichtOntbreekt(weg)));
                volgende = volgnummer + 1;
            }
            match volgnummers.last() {
                Some(verder) if volgende <= laatste => na = *verder,
                _ => break,
            }
        }
        (volgende..=laatste).take(GENOEMD).for_each(|weg| self.keuring.meld(Gebrek::BerichtOntbreekt(weg)));
        let boven = audit::berichten_na(&mut lezing.conn(), laatste, 1).await?;
        if let Some(boven) = boven.first().copied()
            && boven > lees_reeks(&mut lezing.conn()).await?.bericht
        {
            self.keuring.meld(Gebrek::BerichtTeVeel(boven));
        }
        Ok(())
    }
}
