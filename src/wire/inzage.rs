//! Who saw what of a child (AVG art. 15), for the GI that holds the case today: the acts of the audit log with the fields that were in each
//! view. It shows no value, and for everybody else a case and a child are as ones that do not exist.

use std::collections::{BTreeMap, HashMap};

use jeugdketen_proto::v1::get_inzage_request::Wie;
use jeugdketen_proto::v1::{Bezorging, GetInzageRequest, GetInzageResponse, Handeling, Inzageregel, Rol};
use prost_types::Timestamp;
use tonic::{Request, Status};

use super::trace::traceparent;
use super::traject::{Lezer, bezorgingen};
use super::velden::{gevuld, zichtbaar};
use super::{Hub, status};
use crate::admission::volgend_spoor;
use crate::audit::record_van_rij;
use crate::delivery::view::{View, open};
use crate::domain::ids::{MaatregelId, Oin, is_bsn};
use crate::domain::register::Register;
use crate::domain::zaak::{Feit, Zaak, datum_in_nederland};
use crate::identity::register::Peer;
use crate::kluis::{Persoon, Zaaksleutels};
use crate::store::audit::{self, Aantekening, Rij};
use crate::store::berichten::{self, Stuk};
use crate::store::{StoreError, corrupt, sleutels, zaken};
use crate::time::{from_micros, timestamp};

/// Records in one answer at most.
const GROOTSTE: u32 = 100;

impl Hub {
    pub(super) async fn inzage(&self, request: Request<GetInzageRequest>) -> Result<GetInzageResponse, Status> {
        let peer = self.peer(request.extensions())?;
        let (begonnen_op, spoor) = (self.clock.micros(), traceparent(request.metadata()));
        let vraag = request.into_inner();
        let na = vraag.na.cast_signed().max(0);
        if vraag.maximaal > GROOTSTE {
            return Err(status::veld("maximaal", "must be at most 100"));
        }
        let maximaal = if vraag.maximaal == 0 { GROOTSTE } else { vraag.maximaal };
        let bekend = self.gevraagde_zaken(vraag.wie).await?;
        let mut alle = self.dossiers_van(&bekend).await.map_err(|error| status::store(&error))?;
        let gevonden: Vec<_> = alle.iter().map(|inzage| (inzage.id, inzage.betrokkene())).collect();
        let vandaag = self.clock.today();
        let register = self.register.nu();
        alle.retain(|inzage| {
            let houder = inzage.zaak.houder_op(vandaag);
            peer.rol() == Rol::Gi && register.opvolger(houder, vandaag) == peer.oin()
        });
        let spoor = volgend_spoor(&spoor).map_err(|fout| status::store(&fout.into()))?;
        self.leg_inzage_vast(&peer, &gevonden, &alle, |nieuw| nieuw.langs(Some(spoor)).sinds(begonnen_op)).await?;
        if alle.is_empty() {
            return Err(status::niet_gevonden());
        }
        self.regels(&register, &alle, peer.oin(), na, maximaal as usize).await.map_err(|error| status::store(&error))
    }

    /// The cases that are asked for, whosever they are.
    async fn gevraagde_zaken(&self, wie: Option<Wie>) -> Result<Vec<MaatregelId>, Status> {
        match wie {
            None => Err(status::veld("wie", "must name a case or a child")),
            Some(Wie::MaatregelId(id)) => Ok(MaatregelId::parse(&id).into_iter().collect()),
            Some(Wie::Bsn(bsn)) if !is_bsn(&bsn) => Err(status::veld("bsn", "must be a BSN: 9 digits that pass the elfproef")),
            Some(Wie::Bsn(bsn)) => {
                let pseudoniemen = self.kluis.pseudoniemen(&Persoon::Bsn(&bsn));
                let mut lezing = self.store.read().await.map_err(|error| status::store(&error))?;
                let mut alle = Vec::new();
                for pseudoniem in pseudoniemen {
                    let van = sleutels::van_persoon(&mut lezing.conn(), &pseudoniem).await.map_err(|error| status::store(&error))?;
                    alle.extend(van.into_iter().map(MaatregelId));
                }
                Ok(alle)
            }
        }
    }

    async fn dossiers_van(&self, ids: &[MaatregelId]) -> Result<Vec<Inzage>, StoreError> {
        let mut lezing = self.store.read().await?;
        let dossiers = zaken::dossiers(&mut lezing.conn(), &self.kluis, ids).await?;
        let mut sleutels = sleutels::zaken(&mut lezing.conn(), &self.kluis, &ids.iter().map(|id| id.0).collect::<Vec<_>>()).await?;
        let mut alle = Vec::new();
        for dossier in dossiers {
            let fout = || corrupt("gebeurtenissen", "feit", dossier.id);
            let zaak = Zaak::vouw(dossier.id, &dossier.feiten).map_err(|_| fout())?;
            let sleutels = sleutels.remove(&dossier.id.0).ok_or_else(|| corrupt("zaaksleutels", "id", dossier.id))?;
            alle.push(Inzage { id: dossier.id, zaak, feiten: dossier.feiten, sleutels });
        }
        Ok(alle)
    }

    /// Puts the call on record: in each case that is shown, or else in each that was asked for.
    async fn leg_inzage_vast(
        &self,
        peer: &Peer,
        gevonden: &[(MaatregelId, Option<[u8; 32]>)],
        getoond: &[Inzage],
        met: impl Fn(Aantekening) -> Aantekening,
    ) -> Result<(), Status> {
        let wie = (peer.oin(), peer.rol());
        let poging = || met(Aantekening::poging(wie, "GET_INZAGE"));
        let raadpleging =
            |inzage: &Inzage| met(Aantekening::geraadpleegd(wie, "GET_INZAGE")).in_zaak(Some(inzage.id)).over(inzage.betrokkene());
        let alle: Vec<_> = match (getoond.is_empty(), gevonden.is_empty()) {
            (false, _) => getoond.iter().map(raadpleging).collect(),
            (true, false) => gevonden.iter().map(|(id, betrokkene)| poging().in_zaak(Some(*id)).over(*betrokkene)).collect(),
            (true, true) => vec![poging()],
        };
        self.admission.leg_vast(alle).await.map_err(|gestaakt| status::gestaakt(&gestaakt))
    }

    async fn regels(
        &self,
        register: &Register,
        alle: &[Inzage],
        vrager: Oin,
        na: i64,
        maximaal: usize,
    ) -> Result<GetInzageResponse, StoreError> {
        let mut lezing = self.store.read().await?;
        let mut rijen: Vec<(&Inzage, Rij)> = Vec::new();
        let mut stukken: HashMap<MaatregelId, Stukken> = HashMap::new();
        for inzage in alle {
            // One more than is shown tells whether there is more.
            let aantal = i64::try_from(maximaal).unwrap_or(i64::MAX).saturating_add(1);
            let van = audit::in_zaak(&mut lezing.conn(), inzage.id, vrager, na, aantal).await?;
            rijen.extend(van.into_iter().map(|rij| (inzage, rij)));
            let volgnummers: Vec<i64> = inzage.feiten.iter().map(|feit| feit.volgnummer).collect();
            let berichten = berichten::lees(&mut lezing.conn(), &volgnummers).await?;
            let events = zaken::gebeurtenissen(&mut lezing.conn(), inzage.id).await?;
            let vernietigd = audit::vernietigd_in_zaak(&mut lezing.conn(), inzage.id).await?.into_iter().collect();
            stukken.insert(inzage.id, Stukken { berichten, events, vernietigd });
        }
        drop(lezing);
        rijen.sort_by_key(|(_, rij)| rij.nr);
        let meer = rijen.len() > maximaal;
        rijen.truncate(maximaal);
        let verder_na = rijen.last().filter(|_| meer).map_or(0, |(_, rij)| rij.nr.cast_unsigned());
        let mut regels = Vec::new();
        for (inzage, rij) in rijen {
            let Some(stukken) = stukken.get(&inzage.id) else { continue };
            regels.extend(inzage.regels(register, stukken, rij)?);
        }
        Ok(GetInzageResponse { regels, verder_na })
    }
}

/// One case that is looked into.
struct Inzage {
    id: MaatregelId,
    zaak: Zaak,
    feiten: Vec<Feit>,
    sleutels: Zaaksleutels,
}

/// The messages of a case, and what became of them.
struct Stukken {
    berichten: Vec<Stuk>,
    events: Vec<zaken::Gebeurtenis>,
    /// By which record the body of a message was destroyed.
    vernietigd: HashMap<i64, i64>,
}

impl Inzage {
    fn betrokkene(&self) -> Option<[u8; 32]> {
        self.sleutels.persoon().map(|persoon| persoon.waarde)
    }

    /// The lines of one record: of the message it names, or of each that the timeline showed then.
    fn regels(&self, register: &Register, stukken: &Stukken, rij: Rij) -> Result<Vec<Inzageregel>, StoreError> {
        let op = rij.op;
        let record = record_van_rij(rij);
        let wie = Oin::parse(&record.wie).map_err(|_| corrupt("audit", "wie", record.nr))?;
        let rol = record.rol();
        let kop = Inzageregel {
            nr: record.nr,
            op: record.op,
            maatregel_id: self.id.to_string(),
            handeling: record.handeling,
            naam: register.zoek(wie).map(|deelnemer| deelnemer.naam.clone()).unwrap_or_default(),
            oin: record.wie.clone(),
            rol: record.rol,
            volgnummer: record.nummer.unwrap_or_default(),
            soort: record.soort,
            reden: record.reden.clone(),
            ..Inzageregel::default()
        };
        let bericht = |volgnummer: i64| {
            let feit = self.feiten.iter().find(|feit| feit.volgnummer == volgnummer)?;
            Some((stukken.berichten.iter().find(|stuk| stuk.volgnummer == volgnummer)?, feit))
        };
        match (record.handeling(), record.nummer.and_then(|nummer| bericht(nummer.cast_signed()))) {
            (Handeling::Aanvaard, Some((stuk, feit))) => Ok(vec![self.regel(kop, stuk, feit, None)?]),
            (Handeling::Geleverd, Some((stuk, feit))) => {
                let bevestigd =
                    |event: &&zaken::Gebeurtenis| (event.soort, event.volgnummer, &event.betrokkene) == (1, stuk.volgnummer, &record.wie);
                let bevestigd_op: Option<Timestamp> = stukken.events.iter().find(bevestigd).map(|event| timestamp(event.op));
                Ok(vec![self.regel(Inzageregel { bevestigd_op, ..kop }, stuk, feit, Some((rol, wie)))?])
            }
            (Handeling::Geraadpleegd, _) if record.reden == "GET_TRAJECT" => {
                let tijdlijn = self.tijdlijn(register, stukken, (wie, rol), op)?;
                let regel = |(stuk, feit): (&Stuk, &Feit)| {
                    let mut regel = self.regel(kop.clone(), stuk, feit, Some((rol, wie)))?;
                    // Of a body that was destroyed before it looked it saw nothing.
                    if stukken.vernietigd.get(&stuk.volgnummer).is_some_and(|nr| nr.unsigned_abs() < record.nr) {
                        regel.velden.clear();
                    }
                    Ok(regel)
                };
                tijdlijn.into_iter().map(regel).collect()
            }
            _ => Ok(vec![kop]),
        }
    }

    /// The messages that were on the timeline of a reader at a moment.
    fn tijdlijn<'a>(
        &'a self,
        register: &Register,
        stukken: &'a Stukken,
        (oin, rol): (Oin, Rol),
        op: i64,
    ) -> Result<Vec<(&'a Stuk, &'a Feit)>, StoreError> {
        let toen: Vec<_> = stukken.events.iter().filter(|event| event.op <= op).cloned().collect();
        let bezorgd = bezorgingen(&stukken.berichten, &self.sleutels, &toen)?;
        let vandaag = datum_in_nederland(from_micros(op));
        let lezer = Lezer { oin, rol, register, vandaag, zaak: &self.zaak };
        let houder = lezer.is(self.zaak.houder_op(vandaag));
        let alle = stukken.berichten.iter().zip(&self.feiten).filter(|(stuk, _)| stuk.aanvaard_op <= op);
        let lijst = |stuk: &Stuk| bezorgd.get(&stuk.volgnummer).map_or(&[][..], Vec::as_slice) as &[Bezorging];
        Ok(alle.filter(|(stuk, feit)| lezer.mag(houder, feit, lijst(stuk))).collect())
    }

    /// The line of a message: what was in the view of a reader, or, without one, what its sender gave.
    fn regel(&self, kop: Inzageregel, stuk: &Stuk, feit: &Feit, lezer: Option<(Rol, Oin)>) -> Result<Inzageregel, StoreError> {
        let soort = feit.bericht.inhoud.as_ref().map(|inhoud| inhoud.kind() as i32).unwrap_or_default();
        let canonical = open(&self.sleutels, stuk.volgnummer, stuk.inhoud.as_deref())?;
        let fout = || corrupt("berichten", "inhoud", stuk.volgnummer);
        let velden: BTreeMap<_, _> = match (&canonical, lezer) {
            (Some(canonical), Some((rol, oin))) => {
                let view = View::van(canonical, Some(self.id), rol, oin).ok_or_else(fout)?;
                gevuld(&view.encode()).ok_or_else(fout)?
            }
            (Some(canonical), None) => gevuld(canonical).ok_or_else(fout)?,
            (None, lezer) => zichtbaar(soort, lezer.map(|(rol, _)| rol)),
        };
        let velden = velden.into_values().collect();
        Ok(Inzageregel { volgnummer: stuk.volgnummer.unsigned_abs(), soort, vernietigd: canonical.is_none(), velden, ..kop })
    }
}
