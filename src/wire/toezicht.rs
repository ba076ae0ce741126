//! Numbers for supervision. Counting is done here, since it is small; norms are not judged.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::toezicht_service_server::ToezichtService;
use jeugdketen_proto::v1::{
    Bericht, GetNormcijfersRequest, GetNormcijfersResponse, GetOverdrachtenRequest, GetOverdrachtenResponse, Kennisgevingen,
    ListDoorlooptijdenRequest, ListDoorlooptijdenResponse, ListKennisgevingenRequest, ListKennisgevingenResponse, ListTekortenRequest,
    ListTekortenResponse, ListToetsingspogingenRequest, ListToetsingspogingenResponse, ListWachtendenRequest, ListWachtendenResponse, Rol,
    Tekort, Toetsingspogingen, VormUitspraak,
};
use prost::Message as _;
use prost_types::Timestamp;
use tonic::{Request, Response, Status};

use super::{Hub, status};
use crate::domain::ids::MaatregelId;
use crate::domain::zaak::Zaak;
use crate::store::toezicht::{self, Kennisgeving};
use crate::store::{StoreError, corrupt, zaken};
use crate::time::timestamp;

/// How many cases are read at a time.
const GROEP: usize = 256;

#[tonic::async_trait]
impl ToezichtService for Hub {
    async fn list_toetsingspogingen(
        &self,
        request: Request<ListToetsingspogingenRequest>,
    ) -> Result<Response<ListToetsingspogingenResponse>, Status> {
        self.peer_in(request.extensions(), &[Rol::Inspectie])?;
        let vraag = request.into_inner();
        let mut lezing = self.store.read().await.map_err(|error| status::store(&error))?;
        let pogingen = toezicht::toetsingspogingen(&mut lezing.conn(), begin(vraag.vanaf), einde(vraag.tot)).await;
        let toon = |p: toezicht::Pogingen| Toetsingspogingen {
            gemeente_oin: p.gemeente,
            aantal: p.aantal.unsigned_abs(),
            laatste_op: Some(timestamp(p.laatste_op)),
        };
        let regels = pogingen.map_err(|error| status::store(&error))?.into_iter().map(toon).collect();
        Ok(Response::new(ListToetsingspogingenResponse { regels }))
    }

    async fn list_kennisgevingen(
        &self,
        request: Request<ListKennisgevingenRequest>,
    ) -> Result<Response<ListKennisgevingenResponse>, Status> {
        let peer = self.peer_in(request.extensions(), &[Rol::Inspectie, Rol::Rechtbank])?;
        let vraag = request.into_inner();
        let mut lezing = self.store.read().await.map_err(|error| status::store(&error))?;
        let alle = toezicht::kennisgevingen(&mut lezing.conn(), begin(vraag.vanaf), einde(vraag.tot)).await;
        let mut alle = alle.map_err(|error| status::store(&error))?;
        alle.retain(|kennisgeving| peer.rol() == Rol::Inspectie || kennisgeving.rechtbank == peer.oin().as_str());
        let regels = tel_kennisgevingen(&alle).map_err(|error| status::store(&error))?;
        Ok(Response::new(ListKennisgevingenResponse { regels }))
    }

    async fn list_tekorten(&self, request: Request<ListTekortenRequest>) -> Result<Response<ListTekortenResponse>, Status> {
        self.peer_in(request.extensions(), &[Rol::Inspectie])?;
        let dag = self.dag(&request.into_inner().op)?;
        let regels = self.tekorten(dag).await.map_err(|error| status::store(&error))?;
        Ok(Response::new(ListTekortenResponse { regels, kleinste_cel: 0 }))
    }

    async fn get_normcijfers(&self, request: Request<GetNormcijfersRequest>) -> Result<Response<GetNormcijfersResponse>, Status> {
        self.peer_in(request.extensions(), &[Rol::Inspectie, Rol::Gi, Rol::AccounthoudendeRegio])?;
        Err(status::niet_in_deze_versie("this version of the hub runs no norm clocks"))
    }

    async fn list_wachtenden(&self, request: Request<ListWachtendenRequest>) -> Result<Response<ListWachtendenResponse>, Status> {
        self.peer_in(request.extensions(), &[Rol::Inspectie, Rol::Gi])?;
        Err(status::niet_in_deze_versie("this version of the hub runs no norm clocks"))
    }

    async fn get_overdrachten(&self, request: Request<GetOverdrachtenRequest>) -> Result<Response<GetOverdrachtenResponse>, Status> {
        self.peer_in(request.extensions(), &[Rol::Inspectie])?;
        Err(status::niet_in_deze_versie("this version of the hub runs no norm clocks"))
    }

    async fn list_doorlooptijden(
        &self,
        request: Request<ListDoorlooptijdenRequest>,
    ) -> Result<Response<ListDoorlooptijdenResponse>, Status> {
        self.peer_in(request.extensions(), &[Rol::Inspectie])?;
        Err(status::niet_in_deze_versie("this version of the hub runs no norm clocks"))
    }
}

impl Hub {
    async fn tekorten(&self, dag: NaiveDate) -> Result<Vec<Tekort>, StoreError> {
        let mut lezing = self.store.read().await?;
        let ids: Vec<_> = toezicht::zaken(&mut lezing.conn()).await?.into_iter().map(MaatregelId).collect();
        let mut regels: BTreeMap<String, Tekort> = BTreeMap::new();
        for groep in ids.chunks(GROEP) {
            for (id, feiten) in zaken::feiten(&mut lezing.conn(), groep).await? {
                let Ok(zaak) = Zaak::vouw(id, &feiten) else { return Err(corrupt("gebeurtenissen", "feit", id)) };
                tel_tekorten(&zaak, dag, &mut regels);
            }
        }
        Ok(regels.into_values().collect())
    }
}

/// Voorzieningen that should run on this day and whose help has not started. The wait counts from the first day they should.
fn tel_tekorten(zaak: &Zaak, dag: NaiveDate, regels: &mut BTreeMap<String, Tekort>) {
    if !zaak.van_kracht_op(dag) {
        return;
    }
    for voorziening in &zaak.voorzieningen {
        let loopt = voorziening.ingang.is_some_and(|ingang| ingang <= dag) && voorziening.einde.is_none_or(|einde| dag <= einde);
        let (true, None, Some(ingang)) = (loopt, voorziening.gestart_op, voorziening.ingang) else { continue };
        let regel = regels.entry(voorziening.productcategorie.clone()).or_default();
        regel.productcategorie.clone_from(&voorziening.productcategorie);
        regel.aantal += 1;
        regel.op_wachtlijst += u64::from(voorziening.op_wachtlijst);
        regel.langste_wachttijd_dagen = regel.langste_wachttijd_dagen.max((dag - ingang).num_days().unsigned_abs());
    }
}

fn tel_kennisgevingen(alle: &[Kennisgeving]) -> Result<Vec<Kennisgevingen>, StoreError> {
    let mut groepen: BTreeMap<(String, bool), (Kennisgevingen, Vec<u64>)> = BTreeMap::new();
    for kennisgeving in alle {
        let fout = || corrupt("gebeurtenissen", "feit", &kennisgeving.rechtbank);
        let Some(Inhoud::Uitspraak(m)) = Bericht::decode(kennisgeving.feit.as_slice()).map_err(|_| fout())?.inhoud else { continue };
        let uitgesproken = m.uitgesproken_op.as_ref().map(micros).ok_or_else(fout)?;
        let vonnissen = m.vorm() == VormUitspraak::Vonnis;
        let (regel, duren) = groepen.entry((kennisgeving.rechtbank.clone(), vonnissen)).or_default();
        (regel.rechtbank_oin, regel.vonnissen) = (kennisgeving.rechtbank.clone(), vonnissen);
        regel.aantal += 1;
        regel.gi_niet_uitgenodigd += u64::from(!m.gi_uitgenodigd);
        match kennisgeving.ontvangen_op {
            Some(ontvangen) => duren.push((ontvangen - uitgesproken).max(0).unsigned_abs() / 1_000_000),
            None => regel.open += 1,
        }
    }
    let voltooi = |(mut regel, mut duren): (Kennisgevingen, Vec<u64>)| {
        duren.sort_unstable();
        (regel.p50_seconden, regel.p95_seconden) = (percentiel(&duren, 50), percentiel(&duren, 95));
        regel.max_seconden = duren.last().copied().unwrap_or_default();
        regel
    };
    Ok(groepen.into_values().map(voltooi).collect())
}

/// The smallest value that at least this part of the values does not exceed (nearest rank).
fn percentiel(gesorteerd: &[u64], procent: usize) -> u64 {
    let rang = (gesorteerd.len() * procent).div_ceil(100);
    gesorteerd.get(rang.saturating_sub(1)).copied().unwrap_or_default()
}

fn micros(moment: &Timestamp) -> i64 {
    moment.seconds.saturating_mul(1_000_000).saturating_add(i64::from(moment.nanos) / 1000)
}

fn begin(moment: Option<Timestamp>) -> i64 {
    moment.as_ref().map_or(i64::MIN, micros)
}

fn einde(moment: Option<Timestamp>) -> i64 {
    moment.as_ref().map_or(i64::MAX, micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::zaak::datum_in_nederland;
    use crate::time::from_micros;

    #[test]
    fn a_percentile_is_a_value_that_occurred() {
        let values: Vec<u64> = (1..=10).collect();
        assert_eq!((percentiel(&values, 50), percentiel(&values, 95), percentiel(&[], 50), percentiel(&[7], 95)), (5, 10, 0, 7));
    }

    #[test]
    fn the_day_of_a_moment_is_that_of_the_netherlands() {
        // 23:30 UTC in summer is the next day in Amsterdam.
        assert_eq!(datum_in_nederland(from_micros(1_783_985_400_000_000)).to_string(), "2026-07-14");
    }
}
