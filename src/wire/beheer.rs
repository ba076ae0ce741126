//! Operation of the hub: the register and its keys. For the operator alone, which sees no case.

use jeugdketen_proto::v1::beheer_service_server::BeheerService;
use jeugdketen_proto::v1::{
    ListSleutelsRequest, ListSleutelsResponse, OpvolgenRequest, OpvolgenResponse, PutDeelnemerRequest, PutDeelnemerResponse,
    Receiptsleutel, Rol, RoteerSleutelRequest, RoteerSleutelResponse, SetBewaartermijnRequest, SetBewaartermijnResponse, SetStatusRequest,
    SetStatusResponse, SoortSleutel, StatusDeelnemer,
};
use tonic::{Request, Response, Status};

use super::{Hub, status};
use crate::beheer::{self, Beheer, BeheerFout, Sleutelbeheer};
use crate::domain::deelnemer::{Deelnemer, datum};
use crate::domain::ids::Oin;

#[tonic::async_trait]
impl BeheerService for Hub {
    async fn put_deelnemer(&self, request: Request<PutDeelnemerRequest>) -> Result<Response<PutDeelnemerResponse>, Status> {
        let peer = self.peer_in(request.extensions(), &[Rol::Beheerder])?;
        let gevraagd = request.into_inner().deelnemer.unwrap_or_default();
        let deelnemer = Deelnemer::lees(&gevraagd).map_err(|faults| {
            let faults: Vec<_> = faults.into_iter().map(|fault| (format!("deelnemer.{}", fault.veld), fault.reden)).collect();
            status::velden(&faults)
        })?;
        let nu = self.beheer().zet(peer.oin(), deelnemer, gevraagd.status != 0).await.map_err(fout)?;
        Ok(Response::new(PutDeelnemerResponse { deelnemer: Some(nu.toon()) }))
    }

    async fn set_status(&self, request: Request<SetStatusRequest>) -> Result<Response<SetStatusResponse>, Status> {
        let peer = self.peer_in(request.extensions(), &[Rol::Beheerder])?;
        let vraag = request.into_inner();
        let oin = een_oin("oin", &vraag.oin)?;
        let stand = StatusDeelnemer::try_from(vraag.status).ok().filter(|stand| *stand != StatusDeelnemer::Unspecified);
        let stand = stand.ok_or_else(|| status::veld("status", "must be a known code"))?;
        let nu = self.beheer().zet_status(peer.oin(), oin, stand).await.map_err(fout)?;
        Ok(Response::new(SetStatusResponse { deelnemer: Some(nu.toon()) }))
    }

    async fn opvolgen(&self, request: Request<OpvolgenRequest>) -> Result<Response<OpvolgenResponse>, Status> {
        let peer = self.peer_in(request.extensions(), &[Rol::Beheerder])?;
        let vraag = request.into_inner();
        let (oin, opvolger) = (een_oin("oin", &vraag.oin)?, een_oin("opvolger_oin", &vraag.opvolger_oin)?);
        let per = datum(&vraag.per).ok_or_else(|| status::veld("per", "must be a date yyyy-mm-dd"))?;
        let nu = self.beheer().volg_op(peer.oin(), oin, opvolger, per).await.map_err(fout)?;
        Ok(Response::new(OpvolgenResponse { deelnemer: Some(nu.toon()) }))
    }

    async fn list_sleutels(&self, request: Request<ListSleutelsRequest>) -> Result<Response<ListSleutelsResponse>, Status> {
        self.peer_in(request.extensions(), &[Rol::Beheerder])?;
        let sleutels = self.beheer().sleutels().await.map_err(fout)?;
        let toon = |(sleutel_id, publiek): (String, Vec<u8>)| Receiptsleutel { sleutel_id, publieke_sleutel: publiek.into() };
        Ok(Response::new(ListSleutelsResponse { sleutels: sleutels.into_iter().map(toon).collect() }))
    }

    async fn roteer_sleutel(&self, request: Request<RoteerSleutelRequest>) -> Result<Response<RoteerSleutelResponse>, Status> {
        let peer = self.peer_in(request.extensions(), &[Rol::Beheerder])?;
        match request.into_inner().soort() {
            SoortSleutel::Unspecified | SoortSleutel::Receipt => {
                let nieuw = self.sleutelbeheer().nieuwe_receiptsleutel(peer.oin()).await.map_err(fout)?;
                let sleutel = Receiptsleutel { sleutel_id: nieuw.id().to_owned(), publieke_sleutel: nieuw.publiek().to_vec().into() };
                Ok(Response::new(RoteerSleutelResponse { sleutel: Some(sleutel), epoche: 0 }))
            }
            SoortSleutel::Pseudoniem => {
                let epoche = self.sleutelbeheer().nieuwe_epoche(peer.oin()).await.map_err(fout)?;
                Ok(Response::new(RoteerSleutelResponse { sleutel: None, epoche: u32::try_from(epoche).unwrap_or_default() }))
            }
        }
    }

    async fn set_bewaartermijn(&self, request: Request<SetBewaartermijnRequest>) -> Result<Response<SetBewaartermijnResponse>, Status> {
        let peer = self.peer_in(request.extensions(), &[Rol::Beheerder])?;
        let dagen = request.into_inner().dagen;
        if !(1..=3650).contains(&dagen) {
            return Err(status::veld("dagen", "must be 1 to 3650"));
        }
        self.sleutelbeheer().zet_bewaartermijn(peer.oin(), dagen).await.map_err(fout)?;
        Ok(Response::new(SetBewaartermijnResponse { dagen }))
    }
}

impl Hub {
    /// What changes to the register work with.
    pub(crate) fn beheer(&self) -> Beheer<'_> {
        Beheer {
            store: &self.store,
            register: &self.register,
            verbindingen: &self.verbindingen,
            clock: &self.clock,
            journaal: &self.journaal,
        }
    }
}

impl Hub {
    /// What changes to keys and terms work with.
    pub(crate) fn sleutelbeheer(&self) -> Sleutelbeheer<'_> {
        Sleutelbeheer {
            store: &self.store,
            kluis: &self.kluis,
            sleutel: &self.sleutel,
            receipt_key: &self.receipt_key,
            onderhoud: &self.onderhoud,
            journaal: &self.journaal,
            clock: &self.clock,
        }
    }
}

fn een_oin(veld: &'static str, text: &str) -> Result<Oin, Status> {
    Oin::parse(text).map_err(|_| status::veld(veld, "must be an OIN of 20 digits"))
}

fn fout(fout: BeheerFout) -> Status {
    match fout {
        beheer::BeheerFout::Onbekend => status::niet_gevonden(),
        beheer::BeheerFout::Toestand(reden, uitleg) => status::toestand(reden, uitleg),
        beheer::BeheerFout::Store(error) => status::store(&error),
        beheer::BeheerFout::Sleutel(error) => status::intern(&error),
    }
}
