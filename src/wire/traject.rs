//! The timeline of one case in the view of the caller. Whoever has no relation to the case gets the same answer as for no case.

use std::collections::HashMap;

use chrono::NaiveDate;
use jeugdketen_proto::v1::traject_service_server::TrajectService;
use jeugdketen_proto::v1::{Bericht, Bezorging, Gebeurtenis, GetTrajectRequest, GetTrajectResponse, Norm, Receipt, Rol};
use jeugdketen_proto::{Kind, Projection as _, Reader};
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::{Hub, klokken, status};
use crate::delivery::view::View;
use crate::domain::ids::{MaatregelId, Oin};
use crate::domain::klok::{Klok, meet};
use crate::domain::register::Register;
use crate::domain::zaak::{Feit, Zaak};
use crate::identity::register::Peer;
use crate::store::berichten::{self, Stuk};
use crate::store::{StoreError, corrupt, zaken};
use crate::time::timestamp;

#[tonic::async_trait]
impl TrajectService for Hub {
    async fn get_traject(&self, request: Request<GetTrajectRequest>) -> Result<Response<GetTrajectResponse>, Status> {
        let peer = self.peer(request.extensions())?;
        if !ziet_zaken(&peer) {
            return Err(status::niet_gevonden());
        }
        let maatregel = MaatregelId::parse(&request.into_inner().maatregel_id).ok_or_else(status::niet_gevonden)?;
        let traject = self.traject(&peer, maatregel).await.map_err(|error| status::store(&error))?;
        // A caller without relation has no messages, and neither has a case that does not exist.
        if traject.gebeurtenissen.is_empty() {
            return Err(status::niet_gevonden());
        }
        Ok(Response::new(traject))
    }
}

impl Hub {
    async fn traject(&self, peer: &Peer, maatregel: MaatregelId) -> Result<GetTrajectResponse, StoreError> {
        let mut lezing = self.store.read().await?;
        let dossier = zaken::dossiers(&mut lezing.conn(), &[maatregel]).await?.pop();
        let events = zaken::gebeurtenissen(&mut lezing.conn(), maatregel).await?;
        let einde = zaken::relatie_einde(&mut lezing.conn(), maatregel, peer.oin()).await?;
        let volgnummers: Vec<i64> = dossier.iter().flat_map(|dossier| &dossier.feiten).map(|feit| feit.volgnummer).collect();
        let stukken = berichten::lees(&mut lezing.conn(), &volgnummers).await?;
        drop(lezing);
        let vandaag = self.clock.today();
        let Some(dossier) = dossier.filter(|_| einde.is_none_or(|einde| vandaag.to_string() < einde.per)) else {
            return Ok(GetTrajectResponse::default());
        };
        let Ok(stand) = meet(&dossier, &self.beleid) else { return Err(corrupt("gebeurtenissen", "feit", maatregel)) };
        let bezorgd = bezorgingen(&stukken, &events)?;
        let register = self.register.nu();
        let lezer = Lezer { peer, register: &register, vandaag, zaak: &stand.zaak };
        let houder = lezer.is(stand.zaak.houder_op(vandaag));
        let mut tijdlijn = Vec::new();
        for (stuk, feit) in stukken.iter().zip(&dossier.feiten) {
            let lijst = bezorgd.get(&stuk.volgnummer).map_or(&[][..], Vec::as_slice);
            if let Some(view) = lezer.bekijk(houder, stuk, feit, lijst) {
                let ziet_alle = houder || lezer.schreef(feit.afzender);
                let eigen = lijst.iter().filter(|bezorging| ziet_alle || lezer.kreeg(bezorging));
                tijdlijn.push(Gebeurtenis {
                    volgnummer: stuk.volgnummer.unsigned_abs(),
                    afzender_oin: stuk.afzender.clone(),
                    afzender_rol: stuk.afzender_rol,
                    aanvaard_op: Some(timestamp(stuk.aanvaard_op)),
                    bezorgingen: eigen.cloned().collect(),
                    bericht: Some(view.into_bericht()),
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
fn ziet_zaken(peer: &Peer) -> bool {
    let mut bericht = Bericht { maatregel_id: "?".to_owned(), ..Bericht::default() };
    bericht.restrict(&Reader { role: peer.rol(), oin: peer.oin().as_str() });
    !bericht.maatregel_id.is_empty()
}

/// Who looks at a timeline: itself, and in the place of whom it succeeded.
struct Lezer<'a> {
    peer: &'a Peer,
    register: &'a Register,
    vandaag: NaiveDate,
    zaak: &'a Zaak,
}

impl Lezer<'_> {
    fn is(&self, oin: Oin) -> bool {
        self.register.opvolger(oin, self.vandaag) == self.peer.oin()
    }

    /// Whether it sent this, or answers for who sent it in its name.
    fn schreef(&self, afzender: Oin) -> bool {
        let namens = || self.register.zoek(afzender).and_then(|deelnemer| deelnemer.namens);
        self.is(afzender) || namens().is_some_and(|gemeente| self.is(gemeente))
    }

    fn kreeg(&self, bezorging: &Bezorging) -> bool {
        Oin::parse(&bezorging.oin).is_ok_and(|oin| self.is(oin))
    }

    /// The view of a message on the timeline: for a recipient, for a role that may consult this kind of message and is called in or
    /// supervises, for the GI that holds the maatregel, and for the sender, who wrote it.
    fn bekijk(&self, houder: bool, stuk: &Stuk, feit: &Feit, bezorgd: &[Bezorging]) -> Option<View> {
        let kind = feit.bericht.inhoud.as_ref().map(|inhoud| inhoud.kind())?;
        let rol = self.peer.rol();
        let betrokken = match rol {
            Rol::Inspectie => true,
            Rol::Expertteam => self.zaak.escalaties.iter().any(|(_, team)| self.is(*team)),
            _ => false,
        };
        let inzage = betrokken && kind.route().consult.contains(&rol);
        let ontvanger = bezorgd.iter().any(|bezorging| self.kreeg(bezorging));
        let eigen = self.schreef(feit.afzender);
        let als_houder = houder && ziet_als_houder(kind);
        (ontvanger || inzage || eigen || als_houder).then(|| View::van(&stuk.inhoud, Some(self.zaak.id), rol, self.peer.oin())).flatten()
    }
}

/// The GI that holds the maatregel may consult what was sent to a GI in the case, also before its time.
fn ziet_als_houder(kind: Kind) -> bool {
    kind.route().to.iter().any(|(rol, _)| *rol == Rol::Gi)
}

fn bezorgingen(stukken: &[Stuk], events: &[zaken::Gebeurtenis]) -> Result<HashMap<i64, Vec<Bezorging>>, StoreError> {
    let mut bezorgd: HashMap<i64, Vec<Bezorging>> = HashMap::new();
    for stuk in stukken {
        let receipt = Receipt::decode(stuk.receipt.as_slice()).map_err(|_| corrupt("berichten", "receipt", stuk.volgnummer))?;
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
