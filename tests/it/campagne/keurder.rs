//! The checker: reads histories and the final state and names everything that must never be. It asks nobody anything, so that it can be
//! checked itself.

mod toets;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use jeugdketen_proto::v1::Receipt;
use prost::Message as _;

use super::eindstand::Eindstand;
use super::geschiedenis::{Geschiedenis, Moment, Verzending, Waarneming};

/// One thing that must never be. Messages by their id, mailboxes by the OIN of their owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overtreding {
    /// There was a receipt, and what it says is not there.
    Verloren(String),
    /// There are two different receipts of one message.
    AndereReceipt(String),
    /// The receipt is not signed by this hub, not of this message or cannot be read.
    OngeldigeReceipt(String),
    /// Repeated at the end it gets no receipt.
    NietHerhaald(String),
    /// Two messages have one volgnummer.
    DubbelVolgnummer(u64),
    /// A message stands in a mailbox twice.
    DubbelGeleverd(String, String),
    /// A volgnummer was skipped.
    GatInVolgnummers(u64),
    /// A mailbox number was skipped.
    GatInPostvak(String, u64),
    /// A message has a later volgnummer than the next one in the mailbox.
    VolgordeInPostvak(String, u64),
    /// The second was sent after the receipt of the first came, and has a lower volgnummer.
    VolgordeInTijd(String, String),
    /// Another message than the receipts say, or one that nobody sent, has this number in the mailbox.
    AndersGeleverd(String, u64),
    /// While reading, a recipient saw another message under a number than there is in the end.
    AndersGezien(String, u64),
    /// While reading, a recipient did not see the numbers one after another.
    SprongGezien(String, u64),
    /// A recipient that acknowledged up to a number saw it again after resuming.
    GezienNaBevestiging(String, u64),
    /// A cursor stands before what was acknowledged, or after everything that was asked.
    Cursor(String, u64),
    /// The acceptance of a message is not on record once, or there is a record of one that nobody sent.
    AuditAanvaard(u64),
    /// An answered acknowledgement is not on record, or there are more records than were asked for.
    AuditBevestigd(String, u64),
    /// The log or the clocks do not pass the check of the hub itself.
    Zelfcontrole(String),
    /// An answer that no fault explains.
    Onverklaard(String),
}

/// How many there are of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Telling {
    /// Messages whose receipt does not hold.
    pub verloren: usize,
    /// What is there twice.
    pub dubbel: usize,
    /// Numbers that were skipped.
    pub gaten: usize,
    /// What is in another order than it was committed in.
    pub volgorde: usize,
    /// What was seen after it was acknowledged.
    pub na_bevestiging: usize,
    /// Acts that are not on record once.
    pub audit: usize,
    /// Anything else.
    pub overig: usize,
}

impl Telling {
    /// Counts.
    pub fn van(overtredingen: &[Overtreding]) -> Telling {
        let mut telling = Telling::default();
        for overtreding in overtredingen {
            *telling.van_soort(overtreding) += 1;
        }
        telling
    }

    fn van_soort(&mut self, overtreding: &Overtreding) -> &mut usize {
        use Overtreding as O;
        match overtreding {
            O::Verloren(_) | O::NietHerhaald(_) | O::AndersGeleverd(..) | O::AndersGezien(..) => &mut self.verloren,
            O::DubbelVolgnummer(_) | O::DubbelGeleverd(..) | O::AndereReceipt(_) => &mut self.dubbel,
            O::GatInVolgnummers(_) | O::GatInPostvak(..) | O::SprongGezien(..) => &mut self.gaten,
            O::VolgordeInPostvak(..) | O::VolgordeInTijd(..) => &mut self.volgorde,
            O::GezienNaBevestiging(..) | O::Cursor(..) => &mut self.na_bevestiging,
            O::AuditAanvaard(_) | O::AuditBevestigd(..) => &mut self.audit,
            O::OngeldigeReceipt(_) | O::Zelfcontrole(_) | O::Onverklaard(_) => &mut self.overig,
        }
    }
}

impl fmt::Display for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Telling { verloren, dubbel, gaten, volgorde, na_bevestiging, audit, overig } = self;
        write!(
            f,
            "\"verloren\":{verloren},\"dubbel\":{dubbel},\"gaten\":{gaten},\"volgordebreuken\":{volgorde},\
             \"gezien_na_bevestiging\":{na_bevestiging},\"auditgaten\":{audit},\"overig\":{overig}"
        )
    }
}

/// Names everything.
pub fn keur(geschiedenis: &Geschiedenis, einde: &Eindstand) -> Vec<Overtreding> {
    let mut gevonden: Vec<_> = geschiedenis.onverklaard.iter().cloned().map(Overtreding::Onverklaard).collect();
    gevonden.extend(einde.zelfcontrole.iter().cloned().map(Overtreding::Zelfcontrole));
    gevonden.extend(einde.ongeldig.iter().cloned().map(Overtreding::OngeldigeReceipt));
    let mut berichten = Vec::new();
    for verzending in &geschiedenis.verzendingen {
        match bericht(verzending, einde) {
            Ok(bericht) => berichten.push(bericht),
            Err(overtreding) => gevonden.push(overtreding),
        }
    }
    volgnummers(&berichten, einde, &mut gevonden);
    in_tijd(&berichten, &mut gevonden);
    postvakken(&berichten, einde, &mut gevonden);
    for (oin, waarnemingen) in &geschiedenis.ontvangers {
        ontvanger(oin, waarnemingen, einde, &mut gevonden);
    }
    gevonden
}

/// A message with the receipt that it has in the end.
struct Bericht<'a> {
    verzending: &'a Verzending,
    receipt: Receipt,
}

/// Every receipt that came is the one that repeating gives.
fn bericht<'a>(verzending: &'a Verzending, einde: &Eindstand) -> Result<Bericht<'a>, Overtreding> {
    let id = || verzending.id.clone();
    let toen = verzending.receipts.first().map(|(_, receipt)| receipt);
    if verzending.receipts.iter().any(|(_, receipt)| Some(receipt) != toen) {
        return Err(Overtreding::AndereReceipt(id()));
    }
    let Some(nu) = einde.herhaald.get(&verzending.id) else {
        return Err(if toen.is_some() { Overtreding::Verloren(id()) } else { Overtreding::NietHerhaald(id()) });
    };
    let receipt = Receipt::decode(nu.clone()).map_err(|_| Overtreding::OngeldigeReceipt(id()))?;
    match toen {
        // Another number than it was given: the message of then is not there, and this is a new one.
        Some(toen) if toen != nu => {
            let zelfde_nummer = Receipt::decode(toen.clone()).is_ok_and(|toen| toen.volgnummer == receipt.volgnummer);
            Err(if zelfde_nummer { Overtreding::AndereReceipt(id()) } else { Overtreding::Verloren(id()) })
        }
        _ if receipt.bericht_id != verzending.id => Err(Overtreding::OngeldigeReceipt(id())),
        _ => Ok(Bericht { verzending, receipt }),
    }
}

/// Every volgnummer was given once, without gaps, and each has its record: of a participant's message one, of the hub's own one.
fn volgnummers(berichten: &[Bericht<'_>], einde: &Eindstand, gevonden: &mut Vec<Overtreding>) {
    let mut van_klanten = BTreeSet::new();
    for bericht in berichten {
        if !van_klanten.insert(bericht.receipt.volgnummer) {
            gevonden.push(Overtreding::DubbelVolgnummer(bericht.receipt.volgnummer));
        }
    }
    let mut geboekt: BTreeMap<u64, usize> = BTreeMap::new();
    let mut van_hub = BTreeSet::new();
    for aanvaard in &einde.aanvaard {
        *geboekt.entry(aanvaard.volgnummer).or_default() += 1;
        if aanvaard.van_hub {
            van_hub.insert(aanvaard.volgnummer);
        }
    }
    let hoogste = van_klanten.iter().chain(&van_hub).max().copied().unwrap_or_default();
    for nummer in 1..=hoogste {
        let (klant, hub) = (van_klanten.contains(&nummer), van_hub.contains(&nummer));
        if !klant && !hub && !geboekt.contains_key(&nummer) {
            gevonden.push(Overtreding::GatInVolgnummers(nummer));
        }
        if (klant && hub) || ((klant || hub) && geboekt.get(&nummer) != Some(&1)) {
            gevonden.push(Overtreding::AuditAanvaard(nummer));
        }
    }
    let onbekend = geboekt.keys().filter(|nummer| !van_klanten.contains(nummer) && !van_hub.contains(nummer));
    gevonden.extend(onbekend.map(|nummer| Overtreding::AuditAanvaard(*nummer)));
}

/// What was sent after a receipt came has a higher number than that receipt.
fn in_tijd(berichten: &[Bericht<'_>], gevonden: &mut Vec<Overtreding>) {
    let beantwoord = |bericht: &Bericht<'_>| bericht.verzending.receipts.first().map(|(moment, _)| *moment);
    let mut af: Vec<(Moment, &Bericht<'_>)> = berichten.iter().filter_map(|bericht| Some((beantwoord(bericht)?, bericht))).collect();
    af.sort_by_key(|(moment, _)| *moment);
    let mut begonnen: Vec<_> = berichten.iter().collect();
    begonnen.sort_by_key(|bericht| bericht.verzending.begin);
    let (mut af, mut hoogste) = (af.into_iter().peekable(), None::<&Bericht<'_>>);
    for bericht in begonnen {
        while let Some((_, eerder)) = af.next_if(|(moment, _)| *moment < bericht.verzending.begin) {
            if hoogste.is_none_or(|hoogste| hoogste.receipt.volgnummer < eerder.receipt.volgnummer) {
                hoogste = Some(eerder);
            }
        }
        if let Some(eerder) = hoogste.filter(|eerder| eerder.receipt.volgnummer > bericht.receipt.volgnummer) {
            gevonden.push(Overtreding::VolgordeInTijd(eerder.verzending.id.clone(), bericht.verzending.id.clone()));
        }
    }
}

/// What is delivered is what the receipts say, without gaps, once, in the order of commit.
fn postvakken(berichten: &[Bericht<'_>], einde: &Eindstand, gevonden: &mut Vec<Overtreding>) {
    let mut volgens_receipts: HashMap<&str, BTreeMap<u64, (&str, u64)>> = HashMap::new();
    for bericht in berichten {
        for ontvanger in &bericht.receipt.ontvangers {
            let vak = volgens_receipts.entry(&ontvanger.oin).or_default();
            let wat = (bericht.verzending.id.as_str(), bericht.receipt.volgnummer);
            if vak.insert(ontvanger.postvaknummer, wat).is_some() {
                gevonden.push(Overtreding::AndersGeleverd(ontvanger.oin.clone(), ontvanger.postvaknummer));
            }
        }
    }
    let leeg = BTreeMap::new();
    for (oin, vak) in &einde.postvakken {
        let verwacht = volgens_receipts.remove(oin.as_str()).unwrap_or_default();
        postvak(oin, vak, &verwacht, gevonden);
    }
    for (oin, verwacht) in &volgens_receipts {
        postvak(oin, &leeg, verwacht, gevonden);
    }
}

fn postvak(
    oin: &str,
    vak: &BTreeMap<u64, super::eindstand::InPostvak>,
    verwacht: &BTreeMap<u64, (&str, u64)>,
    gevonden: &mut Vec<Overtreding>,
) {
    let mut gehad = BTreeSet::new();
    let mut vorige: Option<(u64, u64)> = None;
    let laatste = vak.keys().chain(verwacht.keys()).max().copied().unwrap_or_default();
    for nr in 1..=laatste {
        match (vak.get(&nr), verwacht.get(&nr)) {
            (None, Some((id, _))) => gevonden.push(Overtreding::Verloren((*id).to_owned())),
            (None, None) => gevonden.push(Overtreding::GatInPostvak(oin.to_owned(), nr)),
            (Some(is), hoort) => {
                if !gehad.insert(&is.id) {
                    gevonden.push(Overtreding::DubbelGeleverd(oin.to_owned(), is.id.clone()));
                } else if !is.van_hub && hoort.is_none_or(|(id, _)| *id != is.id) {
                    gevonden.push(Overtreding::AndersGeleverd(oin.to_owned(), nr));
                }
            }
        }
        if let Some((_, volgnummer)) = verwacht.get(&nr) {
            if let Some((eerder, _)) = vorige.filter(|(_, vorige)| vorige > volgnummer) {
                gevonden.push(Overtreding::VolgordeInPostvak(oin.to_owned(), eerder));
            }
            vorige = Some((nr, *volgnummer));
        }
    }
}

/// One after another from the acknowledged cursor, the same as in the end, never again after it was acknowledged; and on record.
fn ontvanger(oin: &str, waarnemingen: &[Waarneming], einde: &Eindstand, gevonden: &mut Vec<Overtreding>) {
    let leeg = BTreeMap::new();
    let vak = einde.postvakken.get(oin).unwrap_or(&leeg);
    let (mut bevestigd, mut gevraagd, mut vorige, mut bij_begin) = (0, 0, None, 0);
    let (mut alle_gevraagd, mut alle_bevestigd) = (BTreeMap::<u64, usize>::new(), BTreeMap::<u64, usize>::new());
    for waarneming in waarnemingen {
        match waarneming {
            Waarneming::Begin => (vorige, bij_begin) = (None, bevestigd),
            Waarneming::Gezien(nr, id) => {
                if *nr <= bij_begin {
                    gevonden.push(Overtreding::GezienNaBevestiging(oin.to_owned(), *nr));
                } else if vorige.is_some_and(|vorige| *nr != vorige + 1) || (vorige.is_none() && *nr > gevraagd.max(bevestigd) + 1) {
                    gevonden.push(Overtreding::SprongGezien(oin.to_owned(), *nr));
                }
                if vak.get(nr).is_none_or(|is| is.id != *id) {
                    gevonden.push(Overtreding::AndersGezien(oin.to_owned(), *nr));
                }
                vorige = Some(*nr);
            }
            Waarneming::Gevraagd(nr) => {
                gevraagd = gevraagd.max(*nr);
                *alle_gevraagd.entry(*nr).or_default() += 1;
            }
            Waarneming::Bevestigd(nr) => {
                bevestigd = bevestigd.max(*nr);
                *alle_bevestigd.entry(*nr).or_default() += 1;
            }
        }
    }
    let cursor = einde.cursors.get(oin).copied().unwrap_or_default();
    if cursor < bevestigd || cursor > gevraagd {
        gevonden.push(Overtreding::Cursor(oin.to_owned(), cursor));
    }
    let geboekt = einde.bevestigd.get(oin).cloned().unwrap_or_default();
    let te_veel = geboekt.values().sum::<usize>() > alle_gevraagd.values().sum();
    let nummers: BTreeSet<_> = geboekt.keys().chain(alle_bevestigd.keys()).copied().collect();
    for nr in nummers {
        let is = geboekt.get(&nr).copied().unwrap_or_default();
        let (minst, meest) = (alle_bevestigd.get(&nr).copied().unwrap_or_default(), alle_gevraagd.get(&nr).copied().unwrap_or_default());
        // One that came late, after a higher one, is recorded under the higher number: too many of one number is wrong only when there are
        // too many of all.
        if is < minst || meest == 0 || (te_veel && is > meest) {
            gevonden.push(Overtreding::AuditBevestigd(oin.to_owned(), nr));
        }
    }
}
