//! One transaction for many requests. A refusal is a value and leaves its neighbours alone; whatever goes wrong otherwise, nothing of the
//! batch happened. Each message sees those before it in the same batch.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{self, Receipt};
use prost::Message as _;
use tokio::sync::watch;
use uuid::Uuid;

use super::geheugen::{Geheugen, Geschreven};
use super::kast::Kast;
use super::klokken::Klokken;
use super::nummering::{Aanvaard, nummer};
use super::telling::Telling;
use super::uitreiken::{self, Uitreiking};
use super::voorbereid::Voorbereid;
use super::vooruit::{Vooruit, Zaken};
use super::{Dien, Inzending, Opdracht, Werkplaats, bevestiging, failpoint, onderhoud};
use crate::domain::admit::{Admitted, Gelezen, Omgeving, Origineel, beslis, waarschuw};
use crate::domain::ids::{BerichtId, MaatregelId, Oin};
use crate::domain::klok::meet;
use crate::domain::refusal::{Refusal, Toestand};
use crate::domain::register::Register;
use crate::domain::routing::Ontvanger;
use crate::domain::zaak::{Feit, datum_in_nederland};
use crate::kluis::{Kluis, Persoon, Plek, Zaaksleutels, jeugdige};
use crate::store::audit::{self, Aantekening};
use crate::store::berichten::{self, Eerder, Genummerd};
use crate::store::zaken::{Bewaard, GeslotenFeit};
use crate::store::{Conn, Duurzaam, Reeks, StoreError, Tx, catalogus, corrupt, logboek, schrijf_reeks, sleutels};
use crate::time::from_micros;

/// What became of a submission, before numbers and receipts are known.
enum Besluit {
    Geweigerd(Refusal),
    /// Accepted before: the receipt of then.
    Herhaald(Bytes),
    /// Accepted in this batch, at this place.
    Aanvaard(usize),
}

pub(super) type Sleutel = (Oin, BerichtId);

/// The earlier messages that must be known to decide on this one: itself, and the one that it corrects.
fn sleutels_van(dien: &Dien) -> impl Iterator<Item = Sleutel> {
    let (afzender, gelezen) = (dien.afzender.oin, &dien.gelezen);
    std::iter::once(gelezen.id).chain(gelezen.betreft).map(move |id| (afzender, id))
}

/// A transaction of which everything is decided and nothing more is asked: it is still to be made durable.
pub(super) struct Gereed {
    tx: Tx,
    telling: Telling,
    genummerd: Vec<Genummerd>,
    kast: Kast,
    uitreikingen: Vec<Uitreiking>,
    /// The last number of the audit log with it.
    audit: i64,
    op: i64,
    duurzaam: watch::Sender<bool>,
}

impl Gereed {
    /// Tells who follows upon it when it is durable.
    pub(super) fn duurzaam(&self) -> Duurzaam {
        self.duurzaam.subscribe()
    }

    /// Makes it durable, after what it follows upon. After `StoreError::Verschoven` what was remembered did not hold: nothing happened.
    pub(super) async fn maak_duurzaam(mut self, werkplaats: &Werkplaats) -> Result<(), StoreError> {
        self.tx.volg().await?;
        failpoint::here("before-commit").await;
        let begin = Instant::now();
        self.tx.commit().await?;
        self.telling.commit = begin.elapsed();
        self.kast.is_duurzaam(self.audit);
        // Before what follows upon it can be, so that each stream gets its messages in order.
        self.uitreikingen.drain(..).for_each(Uitreiking::lever);
        self.duurzaam.send_replace(true);
        werkplaats.meters.checkpoint(self.audit.unsigned_abs(), self.op);
        self.telling.meld(&werkplaats.meters, &self.genummerd, self.op);
        failpoint::here("after-commit").await;
        self.genummerd.iter().for_each(|genummerd| werkplaats.wekker.wek_alle(genummerd));
        Ok(())
    }
}

/// Decides on all of it, and remembers it as if it were durable. None when there was nothing to do.
pub(super) async fn bereid(
    werkplaats: &Werkplaats,
    geheugen: &mut Geheugen,
    opdrachten: &mut [Opdracht],
    vooruit: Vooruit,
    na: Option<Duurzaam>,
) -> Result<Option<Gereed>, StoreError> {
    // Asked before the transaction, also when others wait for it: looking for what is long past takes its time.
    let onderhoud = opdrachten.iter().any(|opdracht| matches!(opdracht, Opdracht::Onderhoud(_))) && onderhoud::is_nodig(werkplaats).await?;
    if !onderhoud && niets_te_doen(werkplaats, opdrachten).await? {
        opdrachten.iter_mut().for_each(Opdracht::niets_te_doen);
        return Ok(None);
    }
    // What the hub does by itself asks much that is not remembered.
    let verwacht = geheugen.verwacht().filter(|_| opdrachten.iter().all(Opdracht::van_een_deelnemer));
    let (mut tx, mut reeks) = werkplaats.store.write_na(verwacht, na).await?;
    let mut bekend = geheugen.neem(&reeks);
    let (na, op) = (reeks.audit, werkplaats.clock.micros());
    let vooruit = vooruit.geldig(&mut tx.lees(), reeks.audit, &bekend).await?;
    let mut batch = Batch::laad(werkplaats, &mut tx.lees(), opdrachten, (vooruit, &bekend.kast), (&reeks, op)).await?;
    let mut besluiten = Vec::with_capacity(opdrachten.len());
    for opdracht in opdrachten.iter_mut() {
        besluiten.push(match opdracht {
            Opdracht::Dien(dien, _) => Some(batch.besluit(dien)?),
            Opdracht::Tik(_, vraag) => {
                vraag.uitkomst = Some(batch.tik()?);
                None
            }
            Opdracht::Bevestig(..) | Opdracht::Leg(..) | Opdracht::Onderhoud(..) => None,
        });
    }
    let mut telling = Telling { herhaald: herhaald(&besluiten), ..Telling::default() };
    let mut aantekeningen = batch.aantekeningen(opdrachten, &besluiten);
    let verpakt: Vec<_> = batch.sleutels.values().filter_map(Zaaksleutels::gewijzigd).map(Arc::as_ref).collect();
    sleutels::schrijf_zaken(&mut tx.conn(), &verpakt).await?;
    let (aanvaard, vanaf) = (std::mem::take(&mut batch.aanvaard), (op, reeks.bericht + 1));
    let genummerd = nummer(&mut tx.lees(), &mut bekend.postvakken, werkplaats, &batch.sleutels, aanvaard, vanaf).await?;
    reeks.bericht += i64::try_from(genummerd.len()).unwrap_or(i64::MAX);
    let (receipts, genummerd): (Vec<_>, Vec<_>) = genummerd.into_iter().unzip();
    berichten::schrijf(&mut tx.conn(), &genummerd).await?;
    let sleutels: HashMap<_, _> = batch.sleutels.into_iter().map(|(id, sleutels)| (id, Arc::new(sleutels))).collect();
    let uitreikingen = uitreiken::bied_aan(&werkplaats.wekker, &genummerd, &batch.bewaard, &sleutels);
    aantekeningen.extend(uitreikingen.iter().map(Uitreiking::aantekening));
    for g in &genummerd {
        catalogus::schrijf(&mut tx.conn(), &g.admitted).await?;
    }
    aantekeningen.extend(bevestiging::verwerk(&mut tx, &mut bekend.postvakken, &mut batch.klokken, &mut telling, opdrachten, op).await?);
    bekend.postvakken.schrijf(&mut tx.conn()).await?;
    for (opdracht, besluit) in opdrachten.iter_mut().zip(besluiten) {
        match (opdracht, besluit) {
            (Opdracht::Dien(_, vraag), Some(besluit)) => {
                vraag.uitkomst = Some(match besluit {
                    Besluit::Aanvaard(plaats) => Ok(receipts[plaats].clone()),
                    Besluit::Herhaald(receipt) => Ok(receipt),
                    Besluit::Geweigerd(refusal) => Err(refusal),
                });
            }
            (Opdracht::Leg(gelegd, vraag), _) => {
                // They stay where they are: when this transaction fails they are put on record by the next.
                aantekeningen.extend(gelegd.iter().cloned());
                vraag.uitkomst = Some(());
            }
            (Opdracht::Onderhoud(vraag), _) if !onderhoud => vraag.uitkomst = Some(false),
            (Opdracht::Onderhoud(vraag), _) => {
                let gedaan = onderhoud::voer_uit(&mut tx.conn(), werkplaats, op).await?;
                vraag.uitkomst = Some(gedaan.meer);
                telling.vernietigd = gedaan.vernietigd;
                aantekeningen.extend(gedaan.aantekeningen);
            }
            (Opdracht::Dien(..) | Opdracht::Tik(..) | Opdracht::Bevestig(..), _) => {}
        }
    }
    batch.klokken.werk_bij(&mut tx, !telling.bevestigd.is_empty(), werkplaats, batch.feiten).await?;
    houd_logboek_bij(&mut tx.lees(), werkplaats, op, &aantekeningen).await?;
    let geraakt: Vec<_> = aantekeningen.iter().filter_map(audit::raakt).collect();
    werkplaats.journaal.boek(&mut tx.conn(), &mut reeks, op, aantekeningen).await?;
    schrijf_reeks(&mut tx.conn(), &reeks).await?;
    tx.voltooi().await?;
    // What was destroyed is forgotten, too.
    let bewaard = if onderhoud { HashMap::new() } else { bewaard_na(batch.bewaard, &sleutels, &genummerd) };
    let berichten = genummerd.iter().map(|g| (g.admitted.afzender().0, g.admitted.id())).collect();
    let geschreven = Geschreven { na, zaken: geraakt, berichten };
    bekend.kast.werk_bij((reeks.audit, op), &geschreven, bewaard);
    let (audit, kast) = (reeks.audit, bekend.kast.clone());
    bekend.onthoud(reeks, geschreven);
    *geheugen = bekend;
    Ok(Some(Gereed { tx, telling, genummerd, kast, uitreikingen, audit, op, duurzaam: watch::Sender::new(false) }))
}

/// Cases as they are stored now, from what they were and what was written.
fn bewaard_na(
    mut zaken: HashMap<MaatregelId, Arc<Bewaard>>,
    sleutels: &HashMap<Uuid, Arc<Zaaksleutels>>,
    genummerd: &[Genummerd],
) -> HashMap<MaatregelId, Arc<Bewaard>> {
    for g in genummerd {
        let Some((id, bericht)) = g.admitted.maatregel().zip(g.feit.clone()) else { continue };
        // A case that was opened just now is read when it is needed.
        let Some(zaak) = zaken.get_mut(&id).map(Arc::make_mut) else { continue };
        let (afzender, rol) = g.admitted.afzender();
        zaak.feiten.push(GeslotenFeit { volgnummer: g.volgnummer, afzender, rol, op: from_micros(g.aanvaard_op), bericht });
        if let Some(gewijzigd) = sleutels.get(&g.sleutel).and_then(|sleutels| sleutels.gewijzigd()) {
            zaak.sleutels = Arc::clone(gewijzigd);
        }
        // Who stands in relation to it is read when it is needed.
        if !g.admitted.relaties().is_empty() {
            zaken.remove(&id);
        }
    }
    zaken
}

/// Refuses acts about a person while the external logbook is further behind than the operator allows.
async fn houd_logboek_bij(conn: &mut Conn<'_>, werkplaats: &Werkplaats, op: i64, alle: &[Aantekening]) -> Result<(), StoreError> {
    let Some(max) = werkplaats.achterstand_max.filter(|_| alle.iter().any(|aantekening| aantekening.betrokkene.is_some())) else {
        return Ok(());
    };
    match logboek::oudste(conn).await? {
        Some(oudste) if op - oudste > max => Err(StoreError::LogboekAchter),
        _ => Ok(()),
    }
}

/// Whether nobody asks anything, and time has brought nothing to do.
async fn niets_te_doen(werkplaats: &Werkplaats, opdrachten: &[Opdracht]) -> Result<bool, StoreError> {
    let vraagt_iets = opdrachten.iter().any(Opdracht::van_een_deelnemer);
    Ok(!vraagt_iets && Klokken::aan_de_beurt_nu(werkplaats).await?.is_empty())
}

/// How many got a receipt without being accepted now: they were before, or stand twice in this batch.
fn herhaald(besluiten: &[Option<Besluit>]) -> u64 {
    let mut plaatsen = HashSet::new();
    let eerder = |besluit: &&Besluit| match besluit {
        Besluit::Geweigerd(_) => false,
        Besluit::Herhaald(_) => true,
        Besluit::Aanvaard(plaats) => !plaatsen.insert(*plaats),
    };
    besluiten.iter().flatten().filter(eerder).count() as u64
}

/// The state of the hub as far as a batch looks at it, changing as its messages are accepted.
struct Batch<'a> {
    werkplaats: &'a Werkplaats,
    register: Arc<Register>,
    op: i64,
    volgnummer: i64,
    eerder: HashMap<Sleutel, Eerder>,
    feiten: HashMap<MaatregelId, Vec<Feit>>,
    opnamestops: Vec<(Oin, String)>,
    /// The keys of the cases concerned, and of what stands apart.
    sleutels: HashMap<Uuid, Zaaksleutels>,
    /// The cases concerned, as they were stored when it began.
    bewaard: HashMap<MaatregelId, Arc<Bewaard>>,
    /// Accepted in this batch.
    aanvaard: Vec<Aanvaard>,
    plaatsen: HashMap<Sleutel, usize>,
    klokken: Klokken,
}

impl<'a> Batch<'a> {
    async fn laad(
        werkplaats: &'a Werkplaats,
        conn: &mut Conn<'_>,
        opdrachten: &[Opdracht],
        (vooruit, kast): (Vooruit, &Kast),
        (reeks, op): (&Reeks, i64),
    ) -> Result<Batch<'a>, StoreError> {
        let mut sleutels: Vec<Sleutel> = Vec::new();
        let mut maatregelen: Vec<MaatregelId> = Vec::new();
        let mut uitspraken = false;
        for opdracht in opdrachten {
            if let Opdracht::Dien(dien, _) = opdracht {
                sleutels.extend(sleutels_van(dien));
                maatregelen.extend(dien.gelezen.maatregel);
                uitspraken |= dien.gelezen.kind == Kind::Uitspraak;
            }
        }
        let tik = opdrachten.iter().find_map(|opdracht| match opdracht {
            Opdracht::Tik(zaak, _) => Some(*zaak),
            _ => None,
        });
        let klokken = Klokken::laad(conn, tik, op).await?;
        maatregelen.extend(klokken.aan_de_beurt());
        sleutels.sort_unstable();
        sleutels.dedup();
        maatregelen.sort_unstable();
        maatregelen.dedup();
        let Vooruit { mut zaken, gezocht, mut eerder, .. } = vooruit;
        sleutels.retain(|sleutel| !gezocht.contains(sleutel));
        eerder.extend(berichten::zoek(conn, &sleutels).await?);
        maatregelen.retain(|maatregel| !zaken.bewaard.contains_key(maatregel));
        let bekend = kast.zoek(&maatregelen, &[], op);
        if bekend.stand == Some(reeks.audit) {
            zaken.neem_op(&werkplaats.kluis, bekend.zaken)?;
        }
        zaken.lees(conn, &werkplaats.kluis, &maatregelen).await?;
        let Zaken { sleutels: mut bekend, feiten, bewaard } = zaken;
        // Of what stands apart, and of a case that a repetition is in but that it does not name.
        let mut stukken: Vec<Uuid> = eerder.iter().map(|eerder| eerder.sleutel).filter(|id| !bekend.contains_key(id)).collect();
        stukken.sort_unstable();
        stukken.dedup();
        bekend.extend(sleutels::zaken(conn, &werkplaats.kluis, &stukken).await?);
        let vandaag = datum_in_nederland(from_micros(op));
        Ok(Batch {
            werkplaats,
            register: werkplaats.register.nu(),
            op,
            volgnummer: reeks.bericht,
            eerder: eerder.into_iter().map(|eerder| ((eerder.afzender, eerder.id), eerder)).collect(),
            feiten,
            opnamestops: if uitspraken { catalogus::opnamestops(conn, vandaag).await? } else { Vec::new() },
            sleutels: bekend,
            bewaard,
            aanvaard: Vec::new(),
            plaatsen: HashMap::new(),
            klokken,
        })
    }

    fn besluit(&mut self, dien: &Dien) -> Result<Besluit, StoreError> {
        let Dien { afzender, gelezen, voorbereid, .. } = dien;
        let sleutel = (afzender.oin, gelezen.id);
        if let Some(eerder) = self.eerder.get(&sleutel) {
            let zelfde = eerder.kenmerk == voorbereid.kenmerk;
            return if zelfde { self.herhaal(eerder) } else { Ok(Besluit::Geweigerd(Refusal::AndereInhoud)) };
        }
        if let Some(plaats) = self.plaatsen.get(&sleutel) {
            let zelfde = self.aanvaard[*plaats].voorbereid.kenmerk == voorbereid.kenmerk;
            return Ok(if zelfde { Besluit::Aanvaard(*plaats) } else { Besluit::Geweigerd(Refusal::AndereInhoud) });
        }
        let origineel = gelezen.betreft.map(|betreft| self.origineel((afzender.oin, betreft))).transpose()?.flatten();
        let opnamestops = self.opnamestops_van(gelezen);
        let feiten = gelezen.maatregel.and_then(|maatregel| self.feiten.get(&maatregel)).map_or(&[][..], Vec::as_slice);
        let clock = &self.werkplaats.clock;
        let mut nieuw_id = || clock.new_id();
        let mut omgeving = Omgeving {
            feiten,
            origineel: origineel.as_ref(),
            opnamestops: &opnamestops,
            andere_jeugdige: self.andere_jeugdige(gelezen),
            ..self.omgeving(&mut nieuw_id)
        };
        match beslis(gelezen, afzender, &mut omgeving) {
            Err(_) => Err(corrupt("gebeurtenissen", "feit", gelezen.maatregel.map_or_else(String::new, |id| id.to_string()))),
            Ok(Err(refusal)) => Ok(Besluit::Geweigerd(refusal)),
            Ok(Ok(admitted)) => self.neem_op(admitted, Some(voorbereid)).map(Besluit::Aanvaard),
        }
    }

    /// The receipt of then, byte for byte.
    fn herhaal(&self, eerder: &Eerder) -> Result<Besluit, StoreError> {
        let vernietigd = Besluit::Geweigerd(Refusal::Toestand(Toestand::ReceiptVernietigd));
        Ok(self.receipt_van(eerder)?.map_or(vernietigd, |receipt| Besluit::Herhaald(receipt.into())))
    }

    /// The receipt of an earlier message; none when its key was destroyed with the facts of its case.
    fn receipt_van(&self, eerder: &Eerder) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(sleutels) = self.sleutels.get(&eerder.sleutel) else { return Ok(None) };
        let open = sleutels.open(Plek::Receipt(eerder.volgnummer), &eerder.receipt);
        open.map(Some).map_err(|_| corrupt("berichten", "receipt", eerder.id))
    }

    /// Whether a message names another jeugdige than its case, as far as the pseudonym tells.
    fn andere_jeugdige(&self, gelezen: &Gelezen) -> bool {
        let bekend = gelezen.maatregel.and_then(|id| self.sleutels.get(&id.0)?.persoon());
        let genoemd = gelezen.bericht.inhoud.as_ref().and_then(jeugdige).and_then(Persoon::van);
        match (bekend, genoemd) {
            (Some(bekend), Some(genoemd)) => self.werkplaats.kluis.is_dezelfde(bekend, &genoemd) == Some(false),
            _ => false,
        }
    }

    fn omgeving<'b>(&'b self, nieuw_id: &'b mut dyn FnMut() -> Uuid) -> Omgeving<'b> {
        Omgeving {
            nu: from_micros(self.op),
            vandaag: datum_in_nederland(from_micros(self.op)),
            register: &self.register,
            hub: self.werkplaats.hub,
            feiten: &[],
            origineel: None,
            opnamestops: &[],
            andere_jeugdige: false,
            nieuw_id,
        }
    }

    /// Takes up the warnings that are due and returns how many cases had one. A second tick of one batch finds nothing.
    fn tik(&mut self) -> Result<usize, StoreError> {
        let dossiers = self.klokken.neem_aan_de_beurt(&self.feiten);
        let clock = &self.werkplaats.clock;
        let mut alle = Vec::new();
        for dossier in &dossiers {
            let stand = meet(dossier, &self.werkplaats.beleid).map_err(|_| corrupt("gebeurtenissen", "feit", dossier.id))?;
            alle.push(waarschuw(&stand, &mut self.omgeving(&mut || clock.new_id())));
        }
        // A case is measured again even when nothing was due after all: then what was kept of it was not right.
        self.klokken.geraakt(dossiers.iter().map(|dossier| dossier.id));
        for admitted in alle {
            self.neem_op(admitted, None)?;
        }
        Ok(dossiers.len())
    }

    /// Keeps accepted messages for the rest of the batch and returns the place of the first, of which the rest can be worked out already.
    fn neem_op(&mut self, admitted: Vec<Admitted>, voorbereid: Option<&Voorbereid>) -> Result<usize, StoreError> {
        let eerste = self.aanvaard.len();
        for admitted in admitted {
            self.volgnummer += 1;
            let (afzender, rol) = admitted.afzender();
            if let (Some(maatregel), Some(feit)) = (admitted.maatregel(), admitted.feit()) {
                let op = from_micros(self.op);
                let feit = Feit { volgnummer: self.volgnummer, afzender, rol, op, bericht: Arc::clone(feit) };
                self.feiten.entry(maatregel).or_default().push(feit);
                self.klokken.kwam_bij(maatregel, &admitted);
            }
            if let Some(Inhoud::Capaciteit(m)) = &admitted.bericht().inhoud {
                self.noteer_capaciteit(afzender, m);
            }
            self.plaatsen.insert((afzender, admitted.id()), self.aanvaard.len());
            let kluis = &self.werkplaats.kluis;
            let bekend = voorbereid.filter(|_| self.aanvaard.len() == eerste).cloned();
            let van_de_hub = || Voorbereid::van(kluis, admitted.canonical(), Inzending::default(), self.op);
            let voorbereid = bekend.map_or_else(van_de_hub, Ok)?;
            let sleutel = admitted.maatregel().map_or_else(|| self.werkplaats.clock.new_id(), |id| id.0);
            sleutels_voor(kluis, &mut self.sleutels, sleutel, &admitted, self.op)?;
            self.aanvaard.push(Aanvaard { admitted, voorbereid, sleutel });
        }
        Ok(eerste)
    }

    fn origineel(&self, sleutel: Sleutel) -> Result<Option<Origineel>, StoreError> {
        if let Some(plaats) = self.plaatsen.get(&sleutel) {
            let admitted = &self.aanvaard[*plaats].admitted;
            let is_correctie = admitted.bericht().correctie.is_some();
            return Ok(Some(Origineel { kind: admitted.kind(), ontvangers: admitted.ontvangers().to_vec(), is_correctie }));
        }
        let Some(eerder) = self.eerder.get(&sleutel) else { return Ok(None) };
        let fout = |kolom| corrupt("berichten", kolom, eerder.id);
        let Some(receipt) = self.receipt_van(eerder)? else { return Ok(None) };
        let receipt = Receipt::decode(receipt.as_slice()).map_err(|_| fout("receipt"))?;
        let ontvanger = |o: &v1::Ontvanger| Oin::parse(&o.oin).map(|oin| Ontvanger { oin, rol: o.rol() }).map_err(|_| fout("receipt"));
        Ok(Some(Origineel {
            kind: Kind::ALL.into_iter().find(|kind| *kind as i32 == eerder.soort).ok_or_else(|| fout("soort"))?,
            ontvangers: receipt.ontvangers.iter().map(ontvanger).collect::<Result<_, _>>()?,
            is_correctie: eerder.is_correctie,
        }))
    }

    /// A newer capaciteit for a region replaces the earlier one, also for the uitspraken that follow it in the batch.
    fn noteer_capaciteit(&mut self, gi: Oin, m: &v1::Capaciteit) {
        self.opnamestops.retain(|(ander, regio)| *ander != gi || *regio != m.regio);
        let vandaag = datum_in_nederland(from_micros(self.op)).to_string();
        let geldt = m.vanaf <= vandaag && (m.tot_en_met.is_empty() || m.tot_en_met >= vandaag);
        if m.stand() == v1::StandCapaciteit::Opnamestop && geldt {
            self.opnamestops.push((gi, m.regio.clone()));
        }
    }

    fn opnamestops_van(&self, gelezen: &Gelezen) -> Vec<String> {
        let Some(Inhoud::Uitspraak(m)) = &gelezen.bericht.inhoud else { return Vec::new() };
        self.opnamestops.iter().filter(|(gi, _)| gi.as_str() == m.gi_oin).map(|(_, regio)| regio.clone()).collect()
    }

    fn aantekeningen(&self, opdrachten: &[Opdracht], besluiten: &[Option<Besluit>]) -> Vec<Aantekening> {
        let eerste = self.volgnummer - i64::try_from(self.aanvaard.len()).unwrap_or_default() + 1;
        let mut aantekeningen: Vec<_> =
            (eerste..).zip(&self.aanvaard).map(|(volgnummer, aanvaard)| self.aanvaard(volgnummer, aanvaard)).collect();
        for (opdracht, besluit) in opdrachten.iter().zip(besluiten) {
            if let (Opdracht::Dien(dien, _), Some(Besluit::Geweigerd(refusal))) = (opdracht, besluit) {
                let Dien { afzender, gelezen, voorbereid, .. } = &**dien;
                // Only who stands in the case hears of its state; for anybody else it is not said whether there is such a case.
                let zaak = gelezen.maatregel.filter(|_| matches!(refusal, Refusal::Toestand(_)));
                let persoon = zaak.and_then(|zaak| self.sleutels.get(&zaak.0)?.persoon()).map(|persoon| persoon.waarde);
                let nieuw = Aantekening::geweigerd(afzender, gelezen.kind, refusal).in_zaak(gelezen.maatregel).over(persoon);
                let nieuw = nieuw.met(voorbereid.kenmerk);
                aantekeningen.push(nieuw.langs(Some(voorbereid.spoor)).sinds(voorbereid.begonnen_op));
            }
        }
        aantekeningen
    }

    fn aanvaard(&self, volgnummer: i64, aanvaard: &Aanvaard) -> Aantekening {
        let Aanvaard { admitted, voorbereid, sleutel } = aanvaard;
        let persoon = self.sleutels.get(sleutel).and_then(|sleutels| sleutels.persoon()).map(|persoon| persoon.waarde);
        let nieuw = Aantekening::aanvaard(admitted.afzender(), admitted.kind(), volgnummer).in_zaak(admitted.maatregel()).over(persoon);
        nieuw.met(voorbereid.verbintenis).langs(Some(voorbereid.spoor)).sinds(voorbereid.begonnen_op)
    }
}

/// Sees to it that there are keys to seal a message with, and notes who its case is about: as the uitspraak says that opens it, or a
/// correction of that.
fn sleutels_voor(kluis: &Kluis, alle: &mut HashMap<Uuid, Zaaksleutels>, id: Uuid, admitted: &Admitted, op: i64) -> Result<(), StoreError> {
    use std::collections::hash_map::Entry;
    let sleutels = match alle.entry(id) {
        Entry::Occupied(bekend) => bekend.into_mut(),
        Entry::Vacant(nieuw) => nieuw.insert(kluis.nieuwe_sleutels(id, op)?),
    };
    kluis.vernieuw(sleutels)?;
    let bericht = admitted.bericht();
    let bepaalt = sleutels.persoon().is_none() || admitted.kind() == Kind::Uitspraak && bericht.correctie.is_some();
    let persoon = bericht.inhoud.as_ref().filter(|_| bepaalt).and_then(jeugdige).and_then(Persoon::van);
    if let Some(pseudoniem) = persoon.and_then(|persoon| kluis.pseudoniem(&persoon)) {
        sleutels.zet_persoon(pseudoniem);
    }
    Ok(())
}
