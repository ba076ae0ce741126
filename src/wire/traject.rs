//! The timeline of one case in the view of the caller. Whoever has no relation to the case gets the same answer as for no case.

use std::collections::HashMap;

use chrono::NaiveDate;
use jeugdketen_proto::v1::traject_service_server::TrajectService;
use jeugdketen_proto::v1::{
    Bericht, Bezorging, Gebeurtenis, GetInzageRequest, GetInzageResponse, GetTrajectRequest, GetTrajectResponse, Norm, Receipt, Rol,
};
use jeugdketen_proto::{Kind, Projection as _, Reader};
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::trace::traceparent;
use super::{Hub, klokken, status};
use crate::admission::volgend_spoor;
use crate::delivery::view::{View, open};
use crate::domain::ids::{MaatregelId, Oin};
use crate::domain::klok::{Klok, meet};
use crate::domain::register::Register;
use crate::domain::zaak::{Feit, Zaak};
use crate::identity::register::Peer;
use crate::kluis::{Plek, Zaaksleutels};
use crate::store::audit::Aantekening;
use crate::store::berichten::{self, Stuk};
use crate::store::{StoreError, corrupt, sleutels, zaken};
use crate::time::timestamp;

#[tonic::async_trait]
impl TrajectService for Hub {
    async fn get_traject(&self, request: Request<GetTrajectRequest>) -> Result<Response<GetTrajectResponse>, Status> {
        let peer = self.peer(request.extensions())?;
        let aanroep = (self.clock.micros(), traceparent(request.metadata()));
        self.raadpleeg(&peer, &request.into_inner().maatregel_id, aanroep).await.map(Response::new)
    }

    async fn get_inzage(&self, request: Request<GetInzageRequest>) -> Result<Response<GetInzageResponse>, Status> {
        self.inzage(request).await.map(Response::new)
    }
}

impl Hub {
    /// The timeline of a case for whoever asked for it, on record before it is shown: since when, and along which trace.
    pub(super) async fn raadpleeg(
        &self,
        peer: &Peer,
        maatregel: &str,
        (begonnen_op, spoor): (i64, String),
    ) -> Result<GetTrajectResponse, Status> {
        if !ziet_zaken(peer) {
            return Err(status::niet_gevonden());
        }
        let maatregel = MaatregelId::parse(maatregel).ok_or_else(status::niet_gevonden)?;
        let traject = self.traject(peer, maatregel).await.map_err(|error| status::store(&error))?;
        let wie = (peer.oin(), peer.rol());
        // A caller without relation has no messages, and neither has a case that does not exist.
        let ziet = !traject.gebeurtenissen.is_empty();
        let nieuw = if ziet { Aantekening::geraadpleegd(wie, "GET_TRAJECT") } else { Aantekening::poging(wie, "GET_TRAJECT") };
        let betrokkene = self.betrokkene(maatregel).await.map_err(|error| status::store(&error))?;
        let spoor = volgend_spoor(&spoor).map_err(|fout| status::store(&fout.into()))?;
        let aantekening =
            nieuw.in_zaak(betrokkene.is_some().then_some(maatregel)).over(betrokkene.flatten()).langs(Some(spoor)).sinds(begonnen_op);
        self.admission.leg_vast(vec![aantekening]).await.map_err(|gestaakt| status::gestaakt(&gestaakt))?;
        if ziet { Ok(traject) } else { Err(status::niet_gevonden()) }
    }

    /// The pseudonym of who a case is about; none when there is no such case, and none within when it is about nobody that is known.
    async fn betrokkene(&self, maatregel: MaatregelId) -> Result<Option<Option<[u8; 32]>>, StoreError> {
        let mut lezing = self.store.read().await?;
        let sleutels = sleutels::zaken(&mut lezing.conn(), &self.kluis, &[maatregel.0]).await?;
        Ok(sleutels.get(&maatregel.0).map(|sleutels| sleutels.persoon().map(|persoon| persoon.waarde)))
    }

    async fn traject(&self, peer: &Peer, maatregel: MaatregelId) -> Result<GetTrajectResponse, StoreError> {
        let mut lezing = self.store.read().await?;
        let dossier = zaken::dossiers(&mut lezing.conn(), &self.kluis, &[maatregel]).await?.pop();
        let events = zaken::gebeurtenissen(&mut lezing.conn(), maatregel).await?;
        let einde = zaken::relatie_einde(&mut lezing.conn(), maatregel, peer.oin()).await?;
        let volgnummers: Vec<i64> = dossier.iter().flat_map(|dossier| &dossier.feiten).map(|feit| feit.volgnummer).collect();
        let stukken = berichten::lees(&mut lezing.conn(), &volgnummers).await?;
        let sleutels = sleutels::zaken(&mut lezing.conn(), &self.kluis, &[maatregel.0]).await?;
        drop(lezing);
        let vandaag = self.clock.today();
        let Some(dossier) = dossier.filter(|_| einde.is_none_or(|einde| vandaag.to_string() < einde.per)) else {
            return Ok(GetTrajectResponse::default());
        };
        let Ok(stand) = meet(&dossier, &self.beleid) else { return Err(corrupt("gebeurtenissen", "feit", maatregel)) };
        let Some(sleutels) = sleutels.get(&maatregel.0) else { return Err(corrupt("zaaksleutels", "id", maatregel)) };
        let bezorgd = bezorgingen(&stukken, sleutels, &events)?;
        let register = self.register.nu();
        let lezer = Lezer { oin: peer.oin(), rol: peer.rol(), register: &register, vandaag, zaak: &stand.zaak };
        let houder = lezer.is(stand.zaak.houder_op(vandaag));
        let mut tijdlijn = Vec::new();
        for (stuk, feit) in stukken.iter().zip(&dossier.feiten) {
            let lijst = bezorgd.get(&stuk.volgnummer).map_or(&[][..], Vec::as_slice);
            if lezer.mag(houder, feit, lijst) {
                let ziet_alle = houder || lezer.schreef(feit.afzender);
                let eigen = lijst.iter().filter(|bezorging| ziet_alle || lezer.kreeg(bezorging));
                tijdlijn.push(Gebeurtenis {
                    volgnummer: stuk.volgnummer.unsigned_abs(),
                    afzender_oin: stuk.afzender.clone(),
                    afzender_rol: stuk.afzender_rol,
                    aanvaard_op: Some(timestamp(stuk.aanvaard_op)),
                    bezorgingen: eigen.cloned().collect(),
                    bericht: lezer.bekijk(stuk, sleutels)?.map(View::into_bericht),
                });
            }
        }
        let ziet_klokken = houder || peer.rol() == Rol::Inspectie;
        let ziet_kennisgeving = lezer.is(stand.zaak.rechtbank);
        let zichtbaar = |klok: &&Klok| ziet_klokken || ziet_kennisgeving && klok.norm == Norm::Kennisgeving;
        let klokken: Vec<_> = stand.klokken.iter().filter(zichtbaar).map(|klok| klokken::klok(klok, vandaag)).collect();
        Ok(GetTrajectResponse {
            maatregel_id: maatregel.to_string(),
            gebeurtenissen: tijdlijn,
            overdrachtsmomenten: if ziet_klokken { u32::try_from(stand.overdrachtsmomenten()).unwrap_or(u32::MAX) } else { 0 },
            oordelen: if ziet_klokken { klokken::oordelen(&stand, vandaag) } else { Vec::new() },
            beleid: if klokken.is_empty() { String::new() } else { self.beleid.to_string() },
            klokken,
        })
    }
}

/// Whether the id of a case is this caller's to see; whoever may not see it cannot ask for a case either.
pub(super) fn ziet_zaken(peer: &Peer) -> bool {
    let mut bericht = Bericht { maatregel_id: "?".to_owned(), ..Bericht::default() };
    bericht.restrict(&Reader { role: peer.rol(), oin: peer.oin().as_str() });
    !bericht.maatregel_id.is_empty()
}

/// Who looks at a timeline: itself, and in the place of whom it succeeded.
pub(super) struct Lezer<'a> {
    pub oin: Oin,
    pub rol: Rol,
    pub register: &'a Register,
    /// The day on which it looks.
    pub vandaag: NaiveDate,
    pub zaak: &'a Zaak,
}

impl Lezer<'_> {
    /// Whether this is a participant, or has succeeded it.
    pub(super) fn is(&self, oin: Oin) -> bool {
        self.register.opvolger(oin, self.vandaag) == self.oin
    }

    /// Whether it sent this, or answers for who sent it in its name.
    fn schreef(&self, afzender: Oin) -> bool {
        let namens = || self.register.zoek(afzender).and_then(|deelnemer| deelnemer.namens);
        self.is(afzender) || namens().is_some_and(|gemeente| self.is(gemeente))
    }

    fn kreeg(&self, bezorging: &Bezorging) -> bool {
        Oin::parse(&bezorging.oin).is_ok_and(|oin| self.is(oin))
    }

    /// Whether a message is on the timeline: for a recipient, for a role that may consult this kind of message and is called in or
    /// supervises, for the GI that holds the maatregel, and for the sender, who wrote it.
    pub(super) fn mag(&self, houder: bool, feit: &Feit, bezorgd: &[Bezorging]) -> bool {
        let Some(kind) = feit.bericht.inhoud.as_ref().map(|inhoud| inhoud.kind()) else { return false };
        let rol = self.rol;
        let betrokken = match rol {
            Rol::Inspectie => true,
            Rol::Expertteam => self.zaak.escalaties.iter().any(|(_, team)| self.is(*team)),
            _ => false,
        };
        let inzage = betrokken && kind.route().consult.contains(&rol);
        let ontvanger = bezorgd.iter().any(|bezorging| self.kreeg(bezorging));
        ontvanger || inzage || self.schreef(feit.afzender) || houder && ziet_als_houder(kind)
    }

    /// The view of a message; none when its body was destroyed.
    fn bekijk(&self, stuk: &Stuk, sleutels: &Zaaksleutels) -> Result<Option<View>, StoreError> {
        let Some(canonical) = open(sleutels, stuk.volgnummer, stuk.inhoud.as_deref())? else { return Ok(None) };
        let view = View::van(&canonical, Some(self.zaak.id), self.rol, self.oin);
        view.map(Some).ok_or_else(|| corrupt("berichten", "inhoud", stuk.volgnummer))
    }
}

/// The GI that holds the maatregel may consult what was sent to a GI in the case, also before its time.
fn ziet_als_houder(kind: Kind) -> bool {
    kind.route().to.iter().any(|(rol, _)| *rol == Rol::Gi)
}

/// What became of each message at each recipient.
pub(super) fn bezorgingen(
    stukken: &[Stuk],
    sleutels: &Zaaksleutels,
    events: &[zaken::Gebeurtenis],
) -> Result<HashMap<i64, Vec<Bezorging>>, StoreError> {
    let mut bezorgd: HashMap<i64, Vec<Bezorging>> = HashMap::new();
    for stuk in stukken {
        let fout = || corrupt("berichten", "receipt", stuk.volgnummer);
        let receipt = sleutels.open(Plek::Receipt(stuk.volgnummer), &stuk.receipt).map_err(|_| fout())?;
        let receipt = Receipt::decode(receipt.as_slice()).map_err(|_| fout())?;
        let lijst = bezorgd.entry(stuk.volgnummer).or_default();
        lijst.extend(receipt.ontvangers.into_iter().map(|ontvanger| aangeboden(ontvanger.oin, stuk.aanvaard_op)));
    }
    for event in events {
        let lijst = bezorgd.entry(event.volgnummer).or_default();
        let bestaand = lijst.iter_mut().find(|bezorging| bezorging.oin == event.betrokkene);
        match (event.soort, bestaand) {
            (1, Some(bezorging)) => bezorging.ontvangen_op = Some(timestamp(event.op)),
            (2, None) => lijst.push(aangeboden(event.betrokkene.clone(), event.op)),
            _ => {}
        }
    }
    // An acknowledgement of a redirected message comes after its redirection, but is sorted before it.
    for event in events.iter().filter(|event| event.soort == 1 && Oin::parse(&event.betrokkene).is_ok()) {
        let lijst = bezorgd.entry(event.volgnummer).or_default();
        if let Some(bezorging) = lijst.iter_mut().find(|bezorging| bezorging.oin == event.betrokkene) {
            bezorging.ontvangen_op = Some(timestamp(event.op));
        }
    }
    Ok(bezorgd)
}

fn aangeboden(oin: String, op: i64) -> Bezorging {
    Bezorging { oin, aangeboden_op: Some(timestamp(op)), ontvangen_op: None }
}
