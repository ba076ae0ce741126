//! The messages that are sent: uitspraken that open cases, and jeugdhulpbepalingen with two recipients in cases that were prepared. A
//! message is encoded once; for each one sent only its ids are put into a copy, so that making it costs the generator next to nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use chrono::TimeDelta;
use jeugdketen_proto::v1::{self, Bericht, Receipt, SoortKoppeling, SoortMaatregel, SoortUitspraak, VormUitspraak, bericht::Inhoud};
use prost::Message as _;
use tokio::task::JoinSet;
use tonic::transport::Channel;

use super::load::{SUBMIT_STREAM, pump, share};
use crate::domain::ids::is_bsn;
use crate::time::{Clock, timestamp};

/// Who has to do with a case: certificates by the names of their files, and how messages name them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keten {
    pub(super) rechtbank: &'static str,
    pub(super) gi: &'static str,
    pub(super) gi_oin: &'static str,
    pub(super) aanbieder: &'static str,
    pub(super) aanbieder_oin: &'static str,
    pub(super) gemeente: &'static str,
    pub(super) gemeentecode: &'static str,
}

/// Those whose messages are measured.
pub(super) const GEMETEN: Keten = Keten {
    rechtbank: "rechtbank",
    gi: "gi",
    gi_oin: "00000099020000001000",
    aanbieder: "aanbieder",
    aanbieder_oin: "00000099040000001000",
    gemeente: "gemeente",
    gemeentecode: "0518",
};

/// Others, with no mailbox in common with those.
pub(super) const ANDEREN: Keten = Keten {
    rechtbank: "rechtbank-2",
    gi: "gi-2",
    gi_oin: "00000099020000002000",
    aanbieder: "aanbieder-2",
    aanbieder_oin: "00000099040000002000",
    gemeente: "gemeente-2",
    gemeentecode: "1916",
};

/// A case that was prepared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Zaak {
    maatregel: [u8; 36],
    bsn: [u8; 9],
}

/// What stands in a template where something else comes.
const BERICHT: &str = "00000000-0000-7000-8000-00000000000b";
const MAATREGEL: &str = "00000000-0000-7000-8000-00000000000c";
const BSN: &str = "999990019";

/// Makes messages of one kind, each under a new id and for the next case.
#[derive(Debug)]
pub(super) struct Maker {
    clock: Clock,
    template: Vec<u8>,
    bericht: usize,
    maatregel: Option<usize>,
    bsn: Option<usize>,
    zaken: Vec<Zaak>,
    turn: AtomicUsize,
}

impl Maker {
    /// `zaken` may be empty for messages that open a case.
    fn new(bericht: &Bericht, zaken: Vec<Zaak>, clock: &Clock) -> anyhow::Result<Arc<Maker>> {
        let template = bericht.encode_to_vec();
        let place = |text: &str| template.windows(text.len()).position(|window| window == text.as_bytes());
        let id = place(BERICHT).context("the template has no place for an id")?;
        let (maatregel, bsn) = (place(MAATREGEL), place(BSN));
        ensure!(maatregel.is_none() || !zaken.is_empty(), "there are no cases to send into");
        Ok(Arc::new(Maker { clock: clock.clone(), bericht: id, maatregel, bsn, template, zaken, turn: AtomicUsize::new(0) }))
    }

    /// Bytes of one message.
    pub(super) fn bytes(&self) -> usize {
        self.template.len()
    }

    /// The next message.
    pub(super) fn next(&self) -> Bytes {
        self.next_with_id().1
    }

    /// The next message with its id.
    pub(super) fn next_with_id(&self) -> (uuid::Uuid, Bytes) {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut bytes = self.template.clone();
        let id = self.clock.new_id();
        id.hyphenated().encode_lower(&mut bytes[self.bericht..self.bericht + 36]);
        let zaak = (!self.zaken.is_empty()).then(|| self.zaken[turn % self.zaken.len()]);
        let bsn = zaak.map_or_else(|| bsn(turn), |zaak| zaak.bsn);
        for (place, value) in [(self.maatregel, zaak.map(|zaak| zaak.maatregel).as_ref().map(|m| m.as_slice())), (self.bsn, Some(&bsn[..]))]
        {
            if let (Some(place), Some(value)) = (place, value) {
                bytes[place..place + value.len()].copy_from_slice(value);
            }
        }
        (id, bytes.into())
    }
}

/// A BSN of the range for tests.
fn bsn(nr: usize) -> [u8; 9] {
    let begin = 999_900_006 + nr % 8_000 * 11;
    let found = (begin..=999_999_990).map(|number| number.to_string()).find(|text| is_bsn(text));
    let mut bsn = [b'9'; 9];
    bsn.copy_from_slice(found.as_deref().unwrap_or(BSN).as_bytes());
    bsn
}

/// Uitspraken of about this size that each open a case with a GI and a gemeente.
pub(super) fn uitspraken(keten: &Keten, bytes: usize, clock: &Clock) -> anyhow::Result<Arc<Maker>> {
    let met = |tekst: String| {
        let mut bericht = uitspraak(keten, clock);
        if let Some(Inhoud::Uitspraak(m)) = &mut bericht.inhoud {
            m.motivering = tekst;
        }
        bericht
    };
    Maker::new(&met(vulling(bytes, |tekst| met(tekst).encoded_len())), Vec::new(), clock)
}

/// Jeugdhulpbepalingen of about this size, each to one aanbieder and the gemeente, in these cases in turn.
pub(super) fn bepalingen(keten: &Keten, bytes: usize, zaken: Vec<Zaak>, clock: &Clock) -> anyhow::Result<Arc<Maker>> {
    let met = |tekst: String| {
        let mut bericht = bepaling(keten, clock);
        if let Some(Inhoud::Jeugdhulpbepaling(m)) = &mut bericht.inhoud {
            m.onderbouwing = tekst;
        }
        bericht
    };
    Maker::new(&met(vulling(bytes, |tekst| met(tekst).encoded_len())), zaken, clock)
}

/// Text that makes a message this long, give or take nothing unless it is shorter than the message without.
fn vulling(bytes: usize, len: impl Fn(String) -> usize) -> String {
    let tekst = |aantal: usize| "m".repeat(aantal);
    let eerst = bytes.saturating_sub(len(String::new()));
    // What stands before the text grows with it.
    let te_veel = len(tekst(eerst)).saturating_sub(bytes);
    tekst(eerst.saturating_sub(te_veel))
}

pub(super) fn uitspraak(keten: &Keten, clock: &Clock) -> Bericht {
    let uitgesproken = clock.now() - TimeDelta::hours(1);
    let dag = uitgesproken.date_naive();
    let m = v1::Uitspraak {
        soort: SoortUitspraak::Oplegging.into(),
        vorm: VormUitspraak::Beschikking.into(),
        maatregel: SoortMaatregel::Ots.into(),
        zaaknummer: "C/09/999001 / JE RK 26-9001".to_owned(),
        uitgesproken_op: Some(timestamp(uitgesproken.timestamp_micros())),
        ingangsdatum: dag.to_string(),
        einddatum: (dag + TimeDelta::days(364)).to_string(),
        gi_oin: keten.gi_oin.to_owned(),
        woonplaats_gemeentecode: keten.gemeentecode.to_owned(),
        jeugdige: Some(jeugdige()),
        gi_uitgenodigd: true,
        ..v1::Uitspraak::default()
    };
    Bericht { bericht_id: BERICHT.to_owned(), inhoud: Some(Inhoud::Uitspraak(m)), ..Bericht::default() }
}

fn koppeling(clock: &Clock) -> Bericht {
    let dag = clock.today().to_string();
    let m = v1::Koppeling {
        soort: SoortKoppeling::Vast.into(),
        gekoppeld_op: dag.clone(),
        actief_contact_sinds: dag,
        jeugdbeschermer: Some(jeugdbeschermer()),
        ..v1::Koppeling::default()
    };
    in_zaak(Inhoud::Koppeling(m))
}

fn bepaling(keten: &Keten, clock: &Clock) -> Bericht {
    let dag = clock.today();
    let voorziening = v1::Voorziening {
        nr: 1,
        aanbieder_oin: keten.aanbieder_oin.to_owned(),
        productcategorie: "45".to_owned(),
        ingangsdatum: dag.to_string(),
        ..v1::Voorziening::default()
    };
    in_zaak(Inhoud::Jeugdhulpbepaling(v1::Jeugdhulpbepaling {
        jeugdige: Some(jeugdige()),
        maatregel: SoortMaatregel::Ots.into(),
        bepaald_op: dag.to_string(),
        voorzieningen: vec![voorziening],
        jeugdbeschermer: Some(jeugdbeschermer()),
        ..v1::Jeugdhulpbepaling::default()
    }))
}

fn in_zaak(inhoud: Inhoud) -> Bericht {
    Bericht { bericht_id: BERICHT.to_owned(), maatregel_id: MAATREGEL.to_owned(), inhoud: Some(inhoud), ..Bericht::default() }
}

fn jeugdige() -> v1::Jeugdige {
    v1::Jeugdige { identiteit: Some(v1::jeugdige::Identiteit::Bsn(BSN.to_owned())), geheim_adres: None }
}

fn jeugdbeschermer() -> v1::Jeugdbeschermer {
    v1::Jeugdbeschermer { naam: "J. Voorbeeld".to_owned(), ..v1::Jeugdbeschermer::default() }
}

/// Messages at once while cases are prepared.
const VOORAF: usize = 256;

/// Opens cases and gives each a koppeling, over streams. The channels are those of the rechtbank and of the GI.
pub(super) async fn bereid_voor(
    keten: &Keten,
    rechtbank: &[Channel],
    gi: &[Channel],
    aantal: usize,
    clock: &Clock,
) -> anyhow::Result<Vec<Zaak>> {
    let geopend = stuur(rechtbank, &Maker::new(&uitspraak(keten, clock), Vec::new(), clock)?, aantal, true).await?;
    let mut zaken = Vec::with_capacity(aantal);
    for (bsn, receipt) in geopend {
        let receipt = Receipt::decode(receipt)?;
        let mut maatregel = [0; 36];
        ensure!(receipt.maatregel_id.len() == maatregel.len(), "the id of a case");
        maatregel.copy_from_slice(receipt.maatregel_id.as_bytes());
        zaken.push(Zaak { maatregel, bsn });
    }
    stuur(gi, &Maker::new(&koppeling(clock), zaken.clone(), clock)?, aantal, false).await?;
    Ok(zaken)
}

/// Sends so many messages over streams and waits for every receipt.
pub(super) async fn vul(channels: &[Channel], maker: &Arc<Maker>, aantal: usize) -> anyhow::Result<()> {
    stuur(channels, maker, aantal, false).await.map(drop)
}

/// Sends so many messages over streams; returns, when they are kept, each receipt with the BSN that its message held.
async fn stuur(channels: &[Channel], maker: &Arc<Maker>, aantal: usize, bewaar: bool) -> anyhow::Result<Vec<([u8; 9], Bytes)>> {
    let mut workers = JoinSet::new();
    for (index, channel) in channels.iter().enumerate() {
        let (channel, maker) = (channel.clone(), Arc::clone(maker));
        let mut left = share(aantal, channels.len(), index);
        let window = share(VOORAF, channels.len(), index).max(1);
        workers.spawn(async move {
            let (mut bsns, mut receipts) = (Vec::new(), Vec::new());
            let next = || {
                left = left.checked_sub(1)?;
                let bericht = maker.next();
                if let (true, Some(place)) = (bewaar, maker.bsn) {
                    let mut bsn = [0; 9];
                    bsn.copy_from_slice(&bericht[place..place + 9]);
                    bsns.push(bsn);
                }
                Some(bericht)
            };
            let answered = |receipt: Bytes, _: Duration| {
                // Of millions of messages nobody keeps the receipts.
                if bewaar {
                    receipts.push(receipt);
                }
                Ok(())
            };
            pump(channel, SUBMIT_STREAM, window, next, answered).await?;
            anyhow::Ok(bsns.into_iter().zip(receipts).collect::<Vec<_>>())
        });
    }
    let mut all = Vec::new();
    while let Some(some) = workers.join_next().await {
        all.extend(some??);
    }
    Ok(all)
}
