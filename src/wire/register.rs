//! Looking up participants, room and contracted supply.

use chrono::NaiveDate;
use jeugdketen_proto::v1::register_service_server::RegisterService;
use jeugdketen_proto::v1::{
    Capaciteit, CapaciteitVanGi, ListAanbodRequest, ListAanbodResponse, ListCapaciteitRequest, ListCapaciteitResponse,
    ListDeelnemersRequest, ListDeelnemersResponse, Rol,
};
use jeugdketen_proto::{Projection as _, Reader};
use tonic::{Request, Response, Status};

use super::{Hub, status};
use crate::domain::codes::is_gemeentecode;
use crate::domain::deelnemer::{Deelnemer, datum};
use crate::domain::ids::Oin;
use crate::identity::register::Peer;
use crate::store::catalogus;

#[tonic::async_trait]
impl RegisterService for Hub {
    async fn list_deelnemers(&self, request: Request<ListDeelnemersRequest>) -> Result<Response<ListDeelnemersResponse>, Status> {
        self.peer(request.extensions())?;
        let rol = Rol::try_from(request.into_inner().rol).map_err(|_| status::veld("rol", "unknown code"))?;
        let register = self.register.nu();
        let gevraagd = register.alle().into_iter().filter(|deelnemer| rol == Rol::Unspecified || deelnemer.rol == rol);
        Ok(Response::new(ListDeelnemersResponse { deelnemers: gevraagd.map(Deelnemer::toon).collect() }))
    }

    async fn list_capaciteit(&self, request: Request<ListCapaciteitRequest>) -> Result<Response<ListCapaciteitResponse>, Status> {
        let peer = self.peer_in(request.extensions(), &[Rol::Rechtbank, Rol::Inspectie, Rol::AccounthoudendeRegio])?;
        let vraag = request.into_inner();
        let regels = self.capaciteit(&peer, &vraag.regio, self.dag(&vraag.op)?).await?;
        Ok(Response::new(ListCapaciteitResponse { regels }))
    }

    async fn list_aanbod(&self, request: Request<ListAanbodRequest>) -> Result<Response<ListAanbodResponse>, Status> {
        let peer = self.peer_in(request.extensions(), &[Rol::Gi])?;
        let vraag = request.into_inner();
        if !is_gemeentecode(&vraag.gemeentecode) {
            return Err(status::veld("gemeentecode", "must be a CBS gemeentecode of 4 digits"));
        }
        let dag = self.dag(&vraag.op)?;
        let register = self.register.nu();
        let gemeente = register.gemeente(&vraag.gemeentecode, dag).ok_or_else(status::niet_gevonden)?;
        let mut lezing = self.store.read().await.map_err(|error| status::store(&error))?;
        let regels = catalogus::aanbod(&mut lezing.conn(), gemeente.oin, &vraag.productcategorie, dag).await;
        let mut regels = regels.map_err(|error| status::store(&error))?;
        regels.iter_mut().for_each(|regel| regel.restrict(&Reader { role: peer.rol(), oin: peer.oin().as_str() }));
        Ok(Response::new(ListAanbodResponse { regels }))
    }
}

impl Hub {
    /// The room of GIs on a day as a reader may see it; in one region, or in all when it is empty.
    pub(super) async fn capaciteit(&self, peer: &Peer, regio: &str, dag: NaiveDate) -> Result<Vec<CapaciteitVanGi>, Status> {
        let mut lezing = self.store.read().await.map_err(|error| status::store(&error))?;
        let regels = catalogus::capaciteit(&mut lezing.conn(), regio, dag).await.map_err(|error| status::store(&error))?;
        let toon = |(gi, mut capaciteit): (Oin, Capaciteit)| {
            capaciteit.restrict(&Reader { role: peer.rol(), oin: peer.oin().as_str() });
            CapaciteitVanGi { gi_oin: gi.to_string(), capaciteit: Some(capaciteit) }
        };
        Ok(regels.into_iter().map(toon).collect())
    }

    /// The day that a question is about; today when it names none.
    pub(super) fn dag(&self, text: &str) -> Result<NaiveDate, Status> {
        if text.is_empty() {
            return Ok(self.clock.today());
        }
        datum(text).ok_or_else(|| status::veld("op", "must be a date yyyy-mm-dd"))
    }
}
