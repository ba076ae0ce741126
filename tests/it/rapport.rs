//! The reports for supervision over the network, on cases that are played as they happen: the clock goes on between messages.

mod cijfers;
mod keten;
mod onderdrukking;
mod pagina;
mod uitvoer;
mod zicht;

use chrono::{NaiveDate, TimeDelta};
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::toezicht_service_client::ToezichtServiceClient;
use jeugdketen_proto::v1::{self, Bericht, GetNormcijfersRequest, GetNormcijfersResponse, Indicator, Normcijfer, SoortKoppeling};
use ketenhub::time::timestamp;
use tonic::Status;
use tonic::transport::Channel;

use crate::support::verhaal::{correctie_van, inhoud};
use crate::support::zaak::{Zaak, oin};

/// Several cases at one hub.
struct Toneel {
    zaak: Zaak,
}

/// A case: its id, and that of the uitspraak that opened it.
#[derive(Clone)]
struct Maatregel {
    id: String,
    uitspraak: String,
}

impl Toneel {
    async fn op_beide() -> [Toneel; 2] {
        Zaak::op_beide().await.map(|zaak| Toneel { zaak })
    }

    fn vandaag(&self) -> NaiveDate {
        self.zaak.clock.today()
    }

    fn dagen_later(&self, dagen: i64) {
        self.zaak.clock.advance(TimeDelta::days(dagen));
    }

    async fn toezicht(&self, wie: &str) -> ToezichtServiceClient<Channel> {
        ToezichtServiceClient::new(self.zaak.kanaal(wie).await)
    }

    /// Submits an example that was changed, in a case; it is accepted. Returns its id.
    async fn dien(&mut self, wie: &str, maatregel: &Maatregel, nr: &str, wijzig: impl FnOnce(&mut Bericht)) -> String {
        let mut bericht = self.zaak.nieuw(nr);
        bericht.maatregel_id.clone_from(&maatregel.id);
        wijzig(&mut bericht);
        self.zaak.dien(wie, &bericht).await.unwrap_or_else(|status| panic!("{nr} of {wie} was refused: {status:?}"));
        bericht.bericht_id
    }

    /// Today a rechtbank gives a GI a maatregel and a machtiging for a year, over a child of a gemeente.
    async fn open(&mut self, rechtbank: &str, gi: &str, gemeente: &str) -> Maatregel {
        let mut bericht = self.zaak.nieuw("02");
        let (nu, vandaag) = (timestamp(self.zaak.clock.micros()), self.vandaag());
        let m = inhoud!(bericht, Uitspraak);
        (m.gi_oin, m.woonplaats_gemeentecode, m.uitgesproken_op) = (oin(gi), gemeente.to_owned(), Some(nu));
        (m.ingangsdatum, m.einddatum) = (vandaag.to_string(), (vandaag + TimeDelta::days(364)).to_string());
        let machtiging = &mut m.machtigingen[0];
        (machtiging.ingangsdatum, machtiging.einddatum) = (m.ingangsdatum.clone(), m.einddatum.clone());
        bericht.maatregel_id.clear();
        let id = self.zaak.dien(rechtbank, &bericht).await.unwrap().maatregel_id;
        Maatregel { id, uitspraak: bericht.bericht_id }
    }

    async fn koppel(&mut self, gi: &str, maatregel: &Maatregel, soort: SoortKoppeling) -> String {
        let vandaag = self.vandaag().to_string();
        self.dien(gi, maatregel, "03", |bericht| {
            let m = inhoud!(bericht, Koppeling);
            m.set_soort(soort);
            (m.gekoppeld_op, m.actief_contact_sinds) = (vandaag.clone(), String::new());
            if soort == SoortKoppeling::Verdeellijst {
                m.actief_contact_sinds = vandaag;
            }
        })
        .await
    }

    async fn koers(&mut self, gi: &str, maatregel: &Maatregel) -> String {
        let vandaag = self.vandaag().to_string();
        self.dien(gi, maatregel, "04", |bericht| inhoud!(bericht, Koers).bepaald_op = vandaag).await
    }

    /// Today the GI determines help by one aanbieder that should run from today; it was talked over with the gemeente today.
    async fn bepaal(&mut self, gi: &str, maatregel: &Maatregel) -> String {
        let vandaag = self.vandaag().to_string();
        self.dien(gi, maatregel, "05", |bericht| {
            let m = inhoud!(bericht, Jeugdhulpbepaling);
            m.voorzieningen.truncate(1);
            m.voorzieningen[0].ingangsdatum.clone_from(&vandaag);
            m.voorzieningen[0].einddatum = "2027-10-31".to_owned();
            m.bepaald_op.clone_from(&vandaag);
            m.overleg.as_mut().unwrap().uitkomst = Some(v1::overleg::Uitkomst::GevoerdOp(vandaag));
        })
        .await
    }

    /// Today the help starts, and the GI judges that it fits.
    async fn start_passend(&mut self, gi: &str, maatregel: &Maatregel, bepaling: &str, doorbraak: bool) {
        let vandaag = self.vandaag().to_string();
        self.start(maatregel, bepaling).await;
        self.dien(gi, maatregel, "11", |bericht| {
            let m = inhoud!(bericht, Passendheid);
            (m.bepaling_id, m.voorziening_nr, m.beoordeeld_op) = (bepaling.to_owned(), 1, vandaag);
            m.via_doorbraakaanpak = doorbraak;
        })
        .await;
    }

    async fn start(&mut self, maatregel: &Maatregel, bepaling: &str) {
        let vandaag = self.vandaag().to_string();
        self.dien("aanbieder", maatregel, "10", |bericht| {
            let m = inhoud!(bericht, HulpGestart);
            (m.bepaling_id, m.voorziening_nr, m.gestart_op) = (bepaling.to_owned(), 1, vandaag);
            (m.productcategorie, m.eerste_nacht) = ("54".to_owned(), String::new());
        })
        .await;
    }

    async fn corrigeer(&mut self, gi: &str, maatregel: &Maatregel, koppeling: &str, gekoppeld_op: &str) {
        self.dien(gi, maatregel, "03", |bericht| {
            let m = inhoud!(bericht, Koppeling);
            (m.gekoppeld_op, m.actief_contact_sinds) = (gekoppeld_op.to_owned(), String::new());
            *bericht = correctie_van(koppeling, bericht.clone());
        })
        .await;
    }

    async fn normcijfers(&self, wie: &str, vraag: GetNormcijfersRequest) -> Result<GetNormcijfersResponse, Status> {
        self.toezicht(wie).await.get_normcijfers(vraag).await.map(tonic::Response::into_inner)
    }
}

/// The line of an indicator and a group.
fn regel(antwoord: &GetNormcijfersResponse, indicator: Indicator, groep: &str) -> Normcijfer {
    let gevonden = antwoord.regels.iter().filter(|regel| regel.indicator() == indicator && regel.groep == groep);
    let [regel] = gevonden.collect::<Vec<_>>()[..] else { panic!("not one line for {indicator:?} {groep:?}") };
    regel.clone()
}

/// Met, judged, explained, doorbraak, not judged, still running.
fn getallen(regel: &Normcijfer) -> [u64; 6] {
    let fijn = [regel.toegelicht, regel.doorbraak, regel.niet_beoordeeld, regel.loopt].map(Option::unwrap);
    [regel.gehaald, regel.beoordeeld, fijn[0], fijn[1], fijn[2], fijn[3]]
}

/// The fields that a refusal names.
fn velden(status: &Status) -> Vec<String> {
    use tonic_types::StatusExt as _;
    assert_eq!(status.code(), tonic::Code::InvalidArgument, "{status:?}");
    status.get_details_bad_request().unwrap().field_violations.into_iter().map(|violation| violation.field).collect()
}

fn ziekte_vervangt(bericht: &mut Bericht, vorige: &str) {
    let Some(Inhoud::Koppeling(m)) = &mut bericht.inhoud else { panic!("a koppeling") };
    m.vervangt_koppeling_id = vorige.to_owned();
    m.set_reden_wisseling(v1::RedenWisseling::Ziekte);
}
