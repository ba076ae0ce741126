//! Numbers for supervision. Parses the question, lets the domain count case by case, renders what it counted.

pub(super) mod toon;
pub(super) mod vraag;

use std::collections::BTreeMap;

use jeugdketen_proto::v1::toezicht_service_server::ToezichtService;
use jeugdketen_proto::v1::{
    GetNormcijfersRequest, GetNormcijfersResponse, GetOverdrachtenRequest, GetOverdrachtenResponse, ListDoorlooptijdenRequest,
    ListDoorlooptijdenResponse, ListKennisgevingenRequest, ListKennisgevingenResponse, ListTekortenRequest, ListTekortenResponse,
    ListToetsingspogingenRequest, ListToetsingspogingenResponse, ListWachtendenRequest, ListWachtendenResponse, Rol,
};
use tonic::{Request, Response, Status};

use super::{Hub, status};
use crate::domain::klok::Dossier;
use crate::domain::rapport::{Cijfers, Doorlooptijden, KLEINSTE_CEL, Kennisgevingen, Kijker, Overdrachten, Tekorten, Wachtenden};
use crate::domain::zaak::Tegenstrijdig;
use crate::identity::register::Peer;
use crate::store::{corrupt, toezicht, zaken};

/// How many cases are read at a time: a few milliseconds of work, after which whoever else waits has its turn.
const GROEP: i64 = 64;

/// Who may ask for shortages: whoever can do something about them.
const BIJ_TEKORTEN: [Rol; 5] = [Rol::Inspectie, Rol::Gi, Rol::Gemeente, Rol::Aanbieder, Rol::AccounthoudendeRegio];

#[tonic::async_trait]
impl ToezichtService for Hub {
    async fn list_toetsingspogingen(
        &self,
        request: Request<ListToetsingspogingenRequest>,
    ) -> Result<Response<ListToetsingspogingenResponse>, Status> {
        self.peer_in(request.extensions(), &[Rol::Inspectie])?;
        let vraag = request.into_inner();
        let (vanaf, tot) = (vraag::moment("vanaf", vraag.vanaf)?, vraag::moment("tot", vraag.tot)?);
        let micros = |moment: Option<chrono::DateTime<chrono::Utc>>, anders| moment.map_or(anders, |moment| moment.timestamp_micros());
        let mut lezing = self.store.read().await.map_err(|error| status::store(&error))?;
        let pogingen = toezicht::toetsingspogingen(&mut lezing.conn(), micros(vanaf, i64::MIN), micros(tot, i64::MAX)).await;
        let regels = pogingen.map_err(|error| status::store(&error))?.into_iter().map(toon::pogingen).collect();
        Ok(Response::new(ListToetsingspogingenResponse { regels }))
    }

    async fn list_kennisgevingen(
        &self,
        request: Request<ListKennisgevingenRequest>,
    ) -> Result<Response<ListKennisgevingenResponse>, Status> {
        let peer = self.peer_in(request.extensions(), &[Rol::Inspectie, Rol::Rechtbank])?;
        let vraag = request.into_inner();
        let mut telling = Kennisgevingen::new(vraag::moment("vanaf", vraag.vanaf)?, vraag::moment("tot", vraag.tot)?);
        self.elk_dossier(|dossier| {
            telling.neem(&dossier);
            Ok(())
        })
        .await?;
        let van_peer = telling.regels().filter(|(rechtbank, ..)| peer.rol() == Rol::Inspectie || *rechtbank == peer.oin());
        Ok(Response::new(ListKennisgevingenResponse { regels: van_peer.map(toon::kennisgeving).collect() }))
    }

    async fn list_tekorten(&self, request: Request<ListTekortenRequest>) -> Result<Response<ListTekortenResponse>, Status> {
        let kijker = self.kijker(&self.peer_in(request.extensions(), &BIJ_TEKORTEN)?);
        let op = vraag::peildag(&request.into_inner().op, kijker)?;
        let register = self.register.nu();
        let mut telling = Tekorten::new(op, kijker, &register);
        self.elk_dossier(|dossier| telling.neem(dossier)).await?;
        let regels = telling.regels().into_iter().map(toon::tekort).collect();
        let kleinste_cel = if kijker.ziet_alles() { 0 } else { KLEINSTE_CEL };
        Ok(Response::new(ListTekortenResponse { regels, kleinste_cel, op: op.to_string() }))
    }

    async fn get_normcijfers(&self, request: Request<GetNormcijfersRequest>) -> Result<Response<GetNormcijfersResponse>, Status> {
        let kijker = self.kijker(&self.peer_in(request.extensions(), &[Rol::Inspectie, Rol::Gi, Rol::AccounthoudendeRegio])?);
        let vraag = vraag::normcijfers(&request.into_inner(), kijker)?;
        let vrij = kijker.ziet_alles() || vraag.gi == Some(kijker.oin);
        let (register, peildatum) = (self.register.nu(), vraag.peildatum.to_string());
        let mut telling = Cijfers::new(vraag, kijker, &register, &self.beleid);
        self.elk_dossier(|dossier| telling.neem(dossier)).await?;
        Ok(Response::new(GetNormcijfersResponse {
            regels: telling.regels().into_iter().map(toon::normregel).collect(),
            zaken: telling.zaken(),
            peildatum,
            beleid: self.beleid.to_string(),
            kleinste_cel: if vrij { 0 } else { KLEINSTE_CEL },
        }))
    }

    async fn list_wachtenden(&self, request: Request<ListWachtendenRequest>) -> Result<Response<ListWachtendenResponse>, Status> {
        let kijker = self.kijker(&self.peer_in(request.extensions(), &[Rol::Inspectie, Rol::Gi])?);
        let op = vraag::dag("op", &request.into_inner().op, kijker)?.unwrap_or(kijker.vandaag);
        let register = self.register.nu();
        let mut telling = Wachtenden { op, kijker, register: &register, beleid: &self.beleid, rijen: BTreeMap::new() };
        self.elk_dossier(|dossier| telling.neem(dossier)).await?;
        Ok(Response::new(ListWachtendenResponse { regels: telling.rijen.into_iter().map(toon::wachtrij).collect() }))
    }

    async fn get_overdrachten(&self, request: Request<GetOverdrachtenRequest>) -> Result<Response<GetOverdrachtenResponse>, Status> {
        self.peer_in(request.extensions(), &[Rol::Inspectie])?;
        let register = self.register.nu();
        let (gi, per) = vraag::overdrachten(&request.into_inner(), &register)?;
        let mut telling = Overdrachten::new(gi, per, self.clock.today(), &register, &self.beleid);
        self.elk_dossier(|dossier| telling.neem(&dossier)).await?;
        Ok(Response::new(toon::overdrachten(telling)))
    }

    async fn list_doorlooptijden(
        &self,
        request: Request<ListDoorlooptijdenRequest>,
    ) -> Result<Response<ListDoorlooptijdenResponse>, Status> {
        let kijker = self.kijker(&self.peer_in(request.extensions(), &[Rol::Inspectie])?);
        let vraag = request.into_inner();
        let vanaf = vraag::dag("vanaf", &vraag.vanaf, kijker)?;
        let tot_en_met = vraag::dag("tot_en_met", &vraag.tot_en_met, kijker)?.unwrap_or(kijker.vandaag);
        let mut telling = Doorlooptijden::new(vanaf, tot_en_met);
        self.elk_dossier(|dossier| {
            telling.neem(&dossier);
            Ok(())
        })
        .await?;
        Ok(Response::new(ListDoorlooptijdenResponse { regels: telling.regels().map(toon::doorlooptijd).collect() }))
    }
}

impl Hub {
    pub(super) fn kijker(&self, peer: &Peer) -> Kijker {
        Kijker { oin: peer.oin(), rol: peer.rol(), vandaag: self.clock.today() }
    }

    /// Shows every case once, in the order of ids; never more than a few at a time are in memory.
    pub(super) async fn elk_dossier(&self, mut neem: impl FnMut(Dossier) -> Result<(), Tegenstrijdig> + Send) -> Result<(), Status> {
        let mut lezing = self.store.read().await.map_err(|error| status::store(&error))?;
        let mut na = None;
        loop {
            let ids = zaken::na(&mut lezing.conn(), na, GROEP).await.map_err(|error| status::store(&error))?;
            let Some(laatste) = ids.last().copied() else { return Ok(()) };
            for dossier in zaken::dossiers(&mut lezing.conn(), &self.kluis, &ids).await.map_err(|error| status::store(&error))? {
                let id = dossier.id;
                neem(dossier).map_err(|_| status::store(&corrupt("gebeurtenissen", "feit", id)))?;
            }
            na = Some(laatste);
            tokio::task::yield_now().await;
        }
    }
}
