//! The audit log: checkpoints, and proofs of records for who may see them. For everybody else a record is as one that does not exist.

use bytes::Bytes;
use jeugdketen_proto::v1::audit_service_server::AuditService;
use jeugdketen_proto::v1::get_inclusion_proof_request::Wat;
use jeugdketen_proto::v1::{
    Auditrecord, GetCheckpointRequest, GetCheckpointResponse, GetConsistencyProofRequest, GetConsistencyProofResponse,
    GetInclusionProofRequest, GetInclusionProofResponse, Handeling, Rol,
};
use tonic::{Request, Response, Status};

use super::traject::ziet_zaken;
use super::{Hub, status};
use crate::audit::{bewijs, record_van_rij};
use crate::domain::ids::Oin;
use crate::identity::register::Peer;
use crate::store::{Conn, StoreError, audit, lees_reeks};

#[tonic::async_trait]
impl AuditService for Hub {
    async fn get_checkpoint(&self, request: Request<GetCheckpointRequest>) -> Result<Response<GetCheckpointResponse>, Status> {
        self.peer(request.extensions())?;
        let mut lezing = self.store.read().await.map_err(|error| status::store(&error))?;
        let reeks = lees_reeks(&mut lezing.conn()).await.map_err(|error| status::store(&error))?;
        let (checkpoint, sleutel) = (self.journaal.hoofd(&reeks), self.journaal.publiek().to_string());
        Ok(Response::new(GetCheckpointResponse { checkpoint, sleutel }))
    }

    async fn get_inclusion_proof(&self, request: Request<GetInclusionProofRequest>) -> Result<Response<GetInclusionProofResponse>, Status> {
        let peer = self.peer(request.extensions())?;
        let wat = request.into_inner().wat.ok_or_else(status::niet_gevonden)?;
        let mut lezing = self.store.read().await.map_err(|error| status::store(&error))?;
        let antwoord = self.inclusie(&mut lezing.conn(), &peer, &wat).await.map_err(|error| status::store(&error))?;
        antwoord.map(Response::new).ok_or_else(status::niet_gevonden)
    }

    async fn get_consistency_proof(
        &self,
        request: Request<GetConsistencyProofRequest>,
    ) -> Result<Response<GetConsistencyProofResponse>, Status> {
        self.peer(request.extensions())?;
        let GetConsistencyProofRequest { van, tot } = request.into_inner();
        let mut lezing = self.store.read().await.map_err(|error| status::store(&error))?;
        let conn = &mut lezing.conn();
        let reeks = lees_reeks(conn).await.map_err(|error| status::store(&error))?;
        let nu = reeks.audit.max(0).cast_unsigned();
        let tot = if tot == 0 { nu } else { tot };
        if tot > nu {
            return Err(status::veld("tot", "is more than the log has"));
        }
        let pad = bewijs::consistentie(conn, van, tot).await.map_err(|error| status::store(&error))?;
        let pad = pad.ok_or_else(|| status::veld("van", "is more than tot"))?;
        let wortel_van = bewijs::wortel(conn, van).await.map_err(|error| status::store(&error))?;
        let wortel_tot = bewijs::wortel(conn, tot).await.map_err(|error| status::store(&error))?;
        let [wortel_van, wortel_tot] = [wortel_van, wortel_tot].map(|wortel| Bytes::copy_from_slice(&wortel));
        let checkpoint = self.journaal.hoofd(&reeks);
        Ok(Response::new(GetConsistencyProofResponse {
            van,
            tot,
            wortel_van,
            wortel_tot,
            pad: pad.iter().map(bytes).collect(),
            checkpoint,
        }))
    }
}

fn bytes(hash: &[u8; 32]) -> Bytes {
    Bytes::copy_from_slice(hash)
}

impl Hub {
    async fn inclusie(&self, conn: &mut Conn<'_>, peer: &Peer, wat: &Wat) -> Result<Option<GetInclusionProofResponse>, StoreError> {
        let nr = match *wat {
            Wat::Nr(nr) => Some(nr.cast_signed()),
            Wat::Volgnummer(volgnummer) => audit::nr_van_aanvaarding(conn, volgnummer.cast_signed()).await?,
        };
        // The checkpoint first: what is appended meanwhile is not in its tree.
        let reeks = lees_reeks(conn).await?;
        let Some(nr) = nr.filter(|nr| (1..=reeks.audit).contains(nr)) else { return Ok(None) };
        let Some(rij) = audit::na(conn, nr - 1, 1).await?.pop().filter(|rij| rij.nr == nr) else { return Ok(None) };
        let record = record_van_rij(rij);
        if !self.mag_zien(conn, peer, &record).await? {
            return Ok(None);
        }
        let (blad_index, boomgrootte) = (record.nr - 1, reeks.audit.cast_unsigned());
        let Some(pad) = bewijs::inclusie(conn, blad_index, boomgrootte).await? else { return Ok(None) };
        Ok(Some(GetInclusionProofResponse {
            record: Some(record),
            blad_index,
            boomgrootte,
            pad: pad.iter().map(bytes).collect(),
            checkpoint: self.journaal.hoofd(&reeks),
        }))
    }

    /// Whether a record is this caller's to see: what it did, and what is about a message that it sent.
    async fn mag_zien(&self, conn: &mut Conn<'_>, peer: &Peer, record: &Auditrecord) -> Result<bool, StoreError> {
        if matches!(peer.rol(), Rol::Beheerder | Rol::Inspectie) {
            return Ok(true);
        }
        // An attempt on a case names it when there is one: that is not for who tried.
        if record.handeling() == Handeling::Poging {
            return Ok(false);
        }
        let (register, vandaag) = (self.register.nu(), self.clock.today());
        let is_peer = |oin: &str| Oin::parse(oin).is_ok_and(|oin| register.opvolger(oin, vandaag) == peer.oin());
        let over_bericht = matches!(record.handeling(), Handeling::Aanvaard | Handeling::Geleverd | Handeling::Vernietigd);
        if let (true, Some(volgnummer)) = (over_bericht, record.nummer)
            && audit::afzender(conn, volgnummer.cast_signed()).await?.is_some_and(|afzender| is_peer(&afzender))
        {
            return Ok(true);
        }
        // A view that hid the case does not give it away here. A sender named the case itself.
        let zelf_genoemd = matches!(record.handeling(), Handeling::Aanvaard | Handeling::Geweigerd);
        Ok(is_peer(&record.wie) && (zelf_genoemd || record.maatregel_id.is_none() || ziet_zaken(peer)))
    }
}
