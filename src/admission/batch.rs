//! One transaction for many requests. A refusal is a value and leaves its neighbours alone; whatever goes wrong otherwise, nothing of the
//! batch happened. Each message sees those before it in the same batch.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{self, Receipt, Rol};
use prost::Message as _;
use uuid::Uuid;

use super::klokken::Klokken;
use super::{Dien, Opdracht, Werkplaats, failpoint};
use crate::domain::admit::{Admitted, Gelezen, Omgeving, Origineel, beslis, waarschuw};
use crate::domain::ids::{BerichtId, MaatregelId, Oin};
use crate::domain::klok::meet;
use crate::domain::refusal::Refusal;
use crate::domain::register::Register;
use crate::domain::routing::Ontvanger;
use crate::domain::zaak::{Feit, datum_in_nederland};
use crate::identity::register::Peer;
use crate::receipt::sha256;
use crate::store::audit::Aantekening;
use crate::store::berichten::{Eerder, Genummerd};
use crate::store::{Conn, Reeks, StoreError, audit, berichten, catalogus, corrupt, postvak, schrijf_reeks, zaken};
use crate::time::{from_micros, timestamp};

/// What became of a submission, before numbers and receipts are known.
enum Besluit {
    Geweigerd(Refusal),
    /// Accepted before: the receipt of then.
    Herhaald(Bytes),
    /// Accepted in this batch, at this place.
    Aanvaard(usize),
}

type Sleutel = (Oin, BerichtId);

pub(super) async fn voer_uit(werkplaats: &Werkplaats, opdrachten: &mut [Opdracht]) -> Result<(), StoreError> {
    if opdrachten.iter().all(|opdracht| matches!(opdracht, Opdracht::Tik(..))) && Klokken::aan_de_beurt_nu(werkplaats).await?.is_empty() {
        opdrachten.iter_mut().for_each(Opdracht::niets_te_doen);
        return Ok(());
    }
    let (mut tx, mut reeks) = werkplaats.store.write().await?;
    let op = werkplaats.clock.micros();
    let mut batch = Batch::laad(werkplaats, &mut tx.conn(), opdrachten, reeks, op).await?;
    let mut besluiten = Vec::with_capacity(opdrachten.len());
    for opdracht in opdrachten.iter_mut() {
        besluiten.push(match opdracht {
            Opdracht::Dien(dien, _) => Some(batch.besluit(dien)?),
            Opdracht::Tik(_, vraag) => {
                vraag.uitkomst = Some(batch.tik()?);
                None
            }
            Opdracht::Bevestig(..) => None,
        });
    }
    let mut aantekeningen = batch.aantekeningen(opdrachten, &besluiten);
    let genummerd = batch.nummer(&mut tx.conn()).await?;
    reeks.bericht += i64::try_from(genummerd.len()).unwrap_or(i64::MAX);
    berichten::schrijf(&mut tx.conn(), &genummerd).await?;
    for g in &genummerd {
        catalogus::schrijf(&mut tx.conn(), &g.admitted).await?;
    }
    for (opdracht, besluit) in opdrachten.iter_mut().zip(besluiten) {
        match (opdracht, besluit) {
            (Opdracht::Bevestig(bevestiging, vraag), _) => {
                let (wie, tot) = (bevestiging.peer.oin(), bevestiging.tot);
                let bevestigd = bevestig(&mut tx.conn(), &mut batch.klokken, &bevestiging.peer, tot, op).await?;
                aantekeningen.extend(bevestigd.map(|nummer| Aantekening::bevestigd(wie, nummer)));
                vraag.uitkomst = Some(bevestigd);
            }
            (Opdracht::Dien(_, vraag), Some(besluit)) => {
                vraag.uitkomst = Some(match besluit {
                    Besluit::Aanvaard(plaats) => Ok(Bytes::copy_from_slice(&genummerd[plaats].receipt)),
                    Besluit::Herhaald(receipt) => Ok(receipt),
                    Besluit::Geweigerd(refusal) => Err(refusal),
                });
            }
            (Opdracht::Dien(..) | Opdracht::Tik(..), _) => {}
        }
    }
    batch.klokken.werk_bij(&mut tx.conn(), &werkplaats.beleid, batch.feiten).await?;
    for aantekening in &mut aantekeningen {
        reeks.audit += 1;
        (aantekening.nr, aantekening.op) = (reeks.audit, op);
    }
    audit::schrijf(&mut tx.conn(), &aantekeningen).await?;
    schrijf_reeks(&mut tx.conn(), reeks).await?;
    failpoint::here("before-commit").await;
    tx.commit().await?;
    failpoint::here("after-commit").await;
    for g in &genummerd {
        let omgeleid = g.admitted.omgeleid().iter().map(|omleiding| omleiding.naar);
        g.admitted.ontvangers().iter().copied().chain(omgeleid).for_each(|ontvanger| werkplaats.wekker.wek(ontvanger.oin));
    }
    Ok(())
}

/// Confirms from where the recipient was up to `tot`. A lower number than before changes nothing.
async fn bevestig(conn: &mut Conn<'_>, klokken: &mut Klokken, peer: &Peer, tot: i64, op: i64) -> Result<Option<i64>, StoreError> {
    let wie = peer.oin();
    let stand = postvak::stand(conn, wie).await?;
    if tot > stand.laatste_nr {
        return Ok(None);
    }
    if tot > stand.bevestigd_tot {
        postvak::bevestig(conn, wie, stand.bevestigd_tot, tot, op).await?;
        if peer.rol() == Rol::Gi {
            klokken.geraakt(postvak::uitspraken(conn, wie, stand.bevestigd_tot, tot).await?);
        }
    }
    Ok(Some(tot.max(stand.bevestigd_tot)))
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
    /// Accepted in this batch: the message, its digest and its trace context.
    aanvaard: Vec<(Admitted, Vec<u8>, String)>,
    plaatsen: HashMap<Sleutel, usize>,
    klokken: Klokken,
}

impl<'a> Batch<'a> {
    async fn laad(
        werkplaats: &'a Werkplaats,
        conn: &mut Conn<'_>,
        opdrachten: &[Opdracht],
        reeks: Reeks,
        op: i64,
    ) -> Result<Batch<'a>, StoreError> {
        let mut sleutels: Vec<Sleutel> = Vec::new();
        let mut maatregelen: Vec<MaatregelId> = Vec::new();
        let mut uitspraken = false;
        for opdracht in opdrachten {
            if let Opdracht::Dien(Dien { afzender, gelezen, .. }, _) = opdracht {
                sleutels.push((afzender.oin, gelezen.id));
                sleutels.extend(gelezen.betreft.map(|betreft| (afzender.oin, betreft)));
                maatregelen.extend(gelezen.maatregel);
                uitspraken |= gelezen.kind == Kind::Uitspraak;
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
        let eerder = berichten::zoek(conn, &sleutels).await?;
        let vandaag = datum_in_nederland(from_micros(op));
        Ok(Batch {
            werkplaats,
            register: werkplaats.register.nu(),
            op,
            volgnummer: reeks.bericht,
            eerder: eerder.into_iter().map(|eerder| ((eerder.afzender, eerder.id), eerder)).collect(),
            feiten: zaken::feiten(conn, &maatregelen).await?,
            opnamestops: if uitspraken { catalogus::opnamestops(conn, vandaag).await? } else { Vec::new() },
            aanvaard: Vec::new(),
            plaatsen: HashMap::new(),
            klokken,
        })
    }

    fn besluit(&mut self, dien: &Dien) -> Result<Besluit, StoreError> {
        let Dien { afzender, gelezen, digest, traceparent } = dien;
        let sleutel = (afzender.oin, gelezen.id);
        if let Some(eerder) = self.eerder.get(&sleutel) {
            let zelfde = eerder.digest == digest;
            let receipt = || Besluit::Herhaald(Bytes::copy_from_slice(&eerder.receipt));
            return Ok(if zelfde { receipt() } else { Besluit::Geweigerd(Refusal::AndereInhoud) });
        }
        if let Some(plaats) = self.plaatsen.get(&sleutel) {
            let zelfde = self.aanvaard[*plaats].1 == digest;
            return Ok(if zelfde { Besluit::Aanvaard(*plaats) } else { Besluit::Geweigerd(Refusal::AndereInhoud) });
        }
        let origineel = gelezen.betreft.map(|betreft| self.origineel((afzender.oin, betreft))).transpose()?.flatten();
        let opnamestops = self.opnamestops_van(gelezen);
        let feiten = gelezen.maatregel.and_then(|id| self.feiten.get(&id)).map_or(&[][..], Vec::as_slice);
        let clock = &self.werkplaats.clock;
        let nieuw_id = &mut || clock.new_id();
        let mut omgeving = Omgeving { feiten, origineel: origineel.as_ref(), opnamestops: &opnamestops, ..self.omgeving(nieuw_id) };
        let sleutel_van_zaak = || gelezen.maatregel.map(|id| id.to_string()).unwrap_or_default();
        match beslis(gelezen, afzender, &mut omgeving).map_err(|_| corrupt("gebeurtenissen", "feit", sleutel_van_zaak()))? {
            Err(refusal) => Ok(Besluit::Geweigerd(refusal)),
            Ok(admitted) => Ok(Besluit::Aanvaard(self.neem_op(admitted, Some(digest), traceparent))),
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
        alle.into_iter().for_each(|admitted| {
            self.neem_op(admitted, None, "");
        });
        Ok(dossiers.len())
    }

    /// Keeps accepted messages for the rest of the batch and returns the place of the first, whose digest can be known.
    fn neem_op(&mut self, admitted: Vec<Admitted>, digest: Option<&[u8; 32]>, traceparent: &str) -> usize {
        let eerste = self.aanvaard.len();
        for admitted in admitted {
            self.volgnummer += 1;
            let (afzender, rol) = admitted.afzender();
            if let (Some(maatregel), Some(feit)) = (admitted.maatregel(), admitted.feit()) {
                let op = from_micros(self.op);
                let feit = Feit { volgnummer: self.volgnummer, afzender, rol, op, bericht: feit.clone() };
                self.feiten.entry(maatregel).or_default().push(feit);
                self.klokken.kwam_bij(maatregel, &admitted);
            }
            if let Some(Inhoud::Capaciteit(m)) = &admitted.bericht().inhoud {
                self.noteer_capaciteit(afzender, m);
            }
            self.plaatsen.insert((afzender, admitted.id()), self.aanvaard.len());
            let bekend = digest.filter(|_| self.aanvaard.len() == eerste);
            let digest = bekend.map_or_else(|| sha256(admitted.canonical()).to_vec(), |digest| digest.to_vec());
            self.aanvaard.push((admitted, digest, traceparent.to_owned()));
        }
        eerste
    }

    fn origineel(&self, sleutel: Sleutel) -> Result<Option<Origineel>, StoreError> {
        if let Some(plaats) = self.plaatsen.get(&sleutel) {
            let admitted = &self.aanvaard[*plaats].0;
            let is_correctie = admitted.bericht().correctie.is_some();
            return Ok(Some(Origineel { kind: admitted.kind(), ontvangers: admitted.ontvangers().to_vec(), is_correctie }));
        }
        let Some(eerder) = self.eerder.get(&sleutel) else { return Ok(None) };
        let fout = |kolom| corrupt("berichten", kolom, eerder.id);
        let receipt = Receipt::decode(eerder.receipt.as_slice()).map_err(|_| fout("receipt"))?;
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
        let mut aantekeningen: Vec<_> = (eerste..)
            .zip(&self.aanvaard)
            .map(|(volgnummer, (admitted, digest, _))| Aantekening::aanvaard(admitted.afzender().0, admitted.kind(), volgnummer, digest))
            .collect();
        for (opdracht, besluit) in opdrachten.iter().zip(besluiten) {
            if let (Opdracht::Dien(Dien { afzender, gelezen, digest, .. }, _), Some(Besluit::Geweigerd(refusal))) = (opdracht, besluit) {
                aantekeningen.push(Aantekening::geweigerd(afzender, gelezen.kind, refusal, digest));
            }
        }
        aantekeningen
    }

    /// Gives out mailbox numbers, in the order of the messages, and signs the receipts.
    async fn nummer(&mut self, conn: &mut Conn<'_>) -> Result<Vec<Genummerd>, StoreError> {
        let mut aantallen: BTreeMap<Oin, i64> = BTreeMap::new();
        for (admitted, _, _) in &self.aanvaard {
            let omgeleid = admitted.omgeleid().iter().map(|omleiding| omleiding.naar.oin);
            admitted.ontvangers().iter().map(|o| o.oin).chain(omgeleid).for_each(|oin| *aantallen.entry(oin).or_default() += 1);
        }
        let gevraagd: Vec<(Oin, i64)> = aantallen.iter().map(|(oin, aantal)| (*oin, *aantal)).collect();
        let mut volgende: HashMap<Oin, i64> = HashMap::new();
        for (oin, laatste) in postvak::verhoog(conn, &gevraagd).await? {
            volgende.insert(oin, laatste - aantallen.get(&oin).copied().unwrap_or_default() + 1);
        }
        let mut neem = |oin: Oin| {
            let volgende = volgende.entry(oin).or_insert(1);
            *volgende += 1;
            *volgende - 1
        };
        let eerste = self.volgnummer - i64::try_from(self.aanvaard.len()).unwrap_or_default() + 1;
        let mut genummerd = Vec::with_capacity(self.aanvaard.len());
        for (volgnummer, (admitted, digest, traceparent)) in (eerste..).zip(std::mem::take(&mut self.aanvaard)) {
            // A redirected message comes before the one that redirected it: the new recipient reads the case in its order.
            let omgeleid = admitted.omgeleid().iter().map(|omleiding| neem(omleiding.naar.oin)).collect();
            let postvaknummers = admitted.ontvangers().iter().map(|ontvanger| neem(ontvanger.oin)).collect();
            let aanvaard_op = self.op;
            genummerd.push(Genummerd {
                admitted,
                volgnummer,
                aanvaard_op,
                digest,
                traceparent,
                postvaknummers,
                omgeleid,
                receipt: Vec::new(),
            });
        }
        let mut receipts: Vec<Receipt> = genummerd.iter().map(receipt).collect();
        self.werkplaats.sleutel.onderteken(&mut receipts);
        for (g, receipt) in genummerd.iter_mut().zip(receipts) {
            g.receipt = receipt.encode_to_vec();
        }
        Ok(genummerd)
    }
}

fn receipt(g: &Genummerd) -> Receipt {
    let ontvanger = |(ontvanger, nr): (&Ontvanger, &i64)| v1::Ontvanger {
        oin: ontvanger.oin.to_string(),
        rol: ontvanger.rol.into(),
        postvaknummer: nr.unsigned_abs(),
    };
    Receipt {
        afzender_oin: g.admitted.afzender().0.to_string(),
        bericht_id: g.admitted.id().to_string(),
        volgnummer: g.volgnummer.unsigned_abs(),
        aanvaard_op: Some(timestamp(g.aanvaard_op)),
        maatregel_id: g.admitted.maatregel().map(|id| id.to_string()).unwrap_or_default(),
        digest: g.digest.clone().into(),
        ontvangers: g.admitted.ontvangers().iter().zip(&g.postvaknummers).map(ontvanger).collect(),
        waarschuwingen: g.admitted.waarschuwingen().iter().map(|waarschuwing| *waarschuwing as i32).collect(),
        ondertekening: None,
    }
}
