//! What the pages ask of the services: the same functions that answer a call, with the same checks and the same records. It knows no HTML,
//! and decides nothing that a call does not.

use chrono::NaiveDate;
use http::StatusCode;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{
    self, CapaciteitVanGi, GetNormcijfersRequest, GetTrajectResponse, Normcijfer, Rol, Toetsingspogingen, Uitsplitsing,
};
use tonic::{Code, Status};

use super::klokken::klok;
use super::toezicht::{toon, vraag};
use super::{Hub, status};
use crate::admission::volgend_spoor;
use crate::audit::record_van_rij;
use crate::domain::ids::{MaatregelId, Oin};
use crate::domain::klok::{Dossier, meet};
use crate::domain::rapport::{Cijfers, Kennisgevingen, Kijker};
use crate::domain::zaak::datum_in_nederland;
use crate::identity::register::Peer;
use crate::identity::verbinding::Identiteit;
use crate::store::audit::{self, Aantekening};
use crate::store::paginas::{self, Lopend, Uitspraak};
use crate::store::{StoreError, corrupt, lees_reeks, sleutels, toezicht, zaken};
use crate::time::from_micros;

/// A "no" as the pages say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nee {
    /// The HTTP status.
    pub code: StatusCode,
    /// The stable reason, or the name of the gRPC code.
    pub reden: String,
    /// What to quote to the operator; empty unless the hub itself failed.
    pub citeer: String,
}

impl From<Status> for Nee {
    fn from(nee: Status) -> Nee {
        let code = match nee.code() {
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::Unauthenticated | Code::PermissionDenied => StatusCode::FORBIDDEN,
            Code::InvalidArgument | Code::OutOfRange => StatusCode::BAD_REQUEST,
            Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let citeer = if code == StatusCode::INTERNAL_SERVER_ERROR { nee.message().to_owned() } else { String::new() };
        Nee { code, reden: status::reden(&nee), citeer }
    }
}

impl From<StoreError> for Nee {
    fn from(error: StoreError) -> Nee {
        status::store(&error).into()
    }
}

/// A case that a GI holds, with the clocks of it that have not stopped, the first to end first.
#[derive(Clone, Debug)]
pub struct LopendeZaak {
    /// Its place in the list.
    pub plek: Lopend,
    /// The form of the maatregel.
    pub soort: v1::SoortMaatregel,
    /// The day it was pronounced.
    pub uitgesproken: NaiveDate,
    /// The clocks; never empty.
    pub klokken: Vec<v1::Klok>,
}

/// The running clocks of a GI.
#[derive(Clone, Debug)]
pub struct LopendeKlokken {
    /// Cases, the first to end first.
    pub zaken: Vec<LopendeZaak>,
    /// After which the next page begins; none on the last.
    pub verder: Option<Lopend>,
    /// Cases whose first term is over, and those of which it ends within a week; both counted to [`TEL_TOT`].
    pub verstreken: i64,
    /// The latter.
    pub deze_week: i64,
}

/// How far cases are counted.
pub const TEL_TOT: i64 = 1000;

/// The figures of a quarter, each with its total.
#[derive(Clone, Debug)]
pub struct Kwartaalcijfers {
    /// First day.
    pub vanaf: NaiveDate,
    /// Last day.
    pub tot_en_met: NaiveDate,
    /// By region, as the inspectie sees them, as known now.
    pub inspectie: Vec<Normcijfer>,
    /// By GI, as the inspectie sees them and each GI its own, as known now.
    pub per_gi: Vec<Normcijfer>,
    /// By region, as an accounthoudende regio sees them, small cells hidden, on the one day it may; none while the quarter is not closed.
    pub regio: Option<Vec<Normcijfer>>,
}

/// What was counted over all cases.
#[derive(Clone, Debug)]
pub struct Landelijk {
    /// Quarters, as they were asked.
    pub kwartalen: Vec<Kwartaalcijfers>,
    /// How long uitspraken took to reach the GI, by rechtbank and form.
    pub kennisgevingen: Vec<v1::Kennisgevingen>,
    /// Attempts to question a bepaling, by gemeente.
    pub pogingen: Vec<Toetsingspogingen>,
}

impl Hub {
    /// Who asks for a page: its certificate was verified in the handshake, its competence is looked up now.
    pub fn bezoeker(&self, identiteit: &Identiteit) -> Result<Peer, Nee> {
        Ok(self.bevoegd(identiteit)?)
    }

    /// The timeline of a case in the view of who asks, as GetTraject gives it and on the same record.
    pub async fn toon_traject(&self, peer: &Peer, maatregel: &str) -> Result<GetTrajectResponse, Nee> {
        Ok(self.raadpleeg(peer, maatregel, (self.clock.micros(), String::new())).await?)
    }

    /// A page of the clocks that run in cases that a GI holds today, as GetTraject would show them, each case on record before it is shown.
    pub async fn lopende_klokken(&self, gi: &Peer, na: &Lopend, maximaal: usize) -> Result<LopendeKlokken, Nee> {
        let (begonnen_op, vandaag) = (self.clock.micros(), self.clock.today());
        let meer = i64::try_from(maximaal).unwrap_or(i64::MAX).saturating_add(1);
        let mut lezing = self.store.read().await?;
        let (mut plekken, mut verstreken, mut deze_week) = (Vec::new(), 0, 0);
        for oin in self.zelf_en_voorgangers(gi) {
            let conn = &mut lezing.conn();
            plekken.extend(paginas::lopend(conn, oin, na, vandaag, meer).await?);
            verstreken += paginas::tel_lopend(conn, oin, vandaag, vandaag, TEL_TOT).await?;
            deze_week += paginas::tel_lopend(conn, oin, vandaag + chrono::Days::new(8), vandaag, TEL_TOT).await?;
        }
        plekken.sort();
        let verder = plekken.get(maximaal).and(plekken.get(maximaal.saturating_sub(1))).cloned();
        plekken.truncate(maximaal);
        let ids: Vec<_> = plekken.iter().map(Lopend::zaak).collect();
        let dossiers = zaken::dossiers(&mut lezing.conn(), &self.kluis, &ids).await?;
        drop(lezing);
        let mut lopend = Vec::new();
        for plek in plekken {
            let Some(dossier) = dossiers.iter().find(|dossier| dossier.id == plek.zaak()) else { continue };
            lopend.extend(self.lopende_zaak(gi, plek, dossier, vandaag)?);
        }
        self.leg_getoond_vast(gi, "PAGINA_NORMKLOKKEN", lopend.iter().map(|zaak| zaak.plek.zaak()), begonnen_op).await?;
        Ok(LopendeKlokken { zaken: lopend, verder, verstreken, deze_week: deze_week - verstreken })
    }

    /// What of a case is on the list of a GI: it holds the case today, and a clock of it runs.
    fn lopende_zaak(&self, gi: &Peer, plek: Lopend, dossier: &Dossier, vandaag: NaiveDate) -> Result<Option<LopendeZaak>, StoreError> {
        let stand = meet(dossier, &self.beleid).map_err(|_| corrupt("gebeurtenissen", "feit", dossier.id))?;
        let houder = self.register.nu().opvolger(stand.zaak.houder_op(vandaag), vandaag);
        let loopt = |klok: &&crate::domain::klok::Klok| {
            klok.gestopt.is_none() && klok.looptijd.is_some() && klok.einde.is_none_or(|einde| vandaag < einde)
        };
        let mut klokken: Vec<_> = stand.klokken.iter().filter(loopt).map(|een| klok(een, vandaag)).collect();
        if houder != gi.oin() || klokken.is_empty() {
            return Ok(None);
        }
        klokken.sort_by(|een, ander| een.uiterlijk.cmp(&ander.uiterlijk));
        Ok(Some(LopendeZaak { plek, soort: stand.zaak.soort, uitgesproken: stand.zaak.uitgesproken, klokken }))
    }

    /// The uitspraken of a rechtbank before one, the latest first, and whether the GI has each: what GetTraject shows their sender, on record.
    pub async fn uitspraken_van(&self, rechtbank: &Peer, voor: i64, maximaal: usize) -> Result<Vec<Uitspraak>, Nee> {
        let (begonnen_op, vandaag) = (self.clock.micros(), self.clock.today());
        let meer = i64::try_from(maximaal).unwrap_or(i64::MAX);
        let mut uitspraken = Vec::new();
        let mut lezing = self.store.read().await?;
        for oin in self.zelf_en_voorgangers(rechtbank) {
            uitspraken.extend(paginas::uitspraken(&mut lezing.conn(), oin, voor, vandaag, meer).await?);
        }
        drop(lezing);
        uitspraken.sort_by_key(|uitspraak| std::cmp::Reverse(uitspraak.volgnummer));
        uitspraken.truncate(maximaal);
        let mut ids: Vec<_> = uitspraken.iter().map(|uitspraak| MaatregelId(uitspraak.maatregel_id)).collect();
        ids.sort();
        ids.dedup();
        self.leg_getoond_vast(rechtbank, "PAGINA_RECHTBANK", ids.into_iter(), begonnen_op).await?;
        Ok(uitspraken)
    }

    /// The room that GIs published, as ListCapaciteit gives it today.
    pub async fn toon_capaciteit(&self, peer: &Peer) -> Result<Vec<CapaciteitVanGi>, Nee> {
        Ok(self.capaciteit(peer, "", self.clock.today()).await?)
    }

    /// The size of the audit log, its last checkpoint, and the records up to a number, the latest first.
    pub async fn auditlogboek(&self, tot: Option<i64>, maximaal: i64) -> Result<(i64, String, Vec<v1::Auditrecord>), Nee> {
        let mut lezing = self.store.read().await?;
        let reeks = lees_reeks(&mut lezing.conn()).await?;
        let tot = tot.unwrap_or(reeks.audit).clamp(0, reeks.audit);
        let van = (tot - maximaal).max(0);
        let mut rijen = audit::na(&mut lezing.conn(), van, tot - van).await?;
        rijen.reverse();
        Ok((reeks.audit, self.journaal.hoofd(&reeks), rijen.into_iter().map(record_van_rij).collect()))
    }

    /// Counts over all cases, each once: for who keeps the outcome, since it takes as long as there are cases.
    pub async fn tel_landelijk(&self, kwartalen: &[(NaiveDate, NaiveDate)]) -> Result<Landelijk, Nee> {
        let register = self.register.nu();
        let vandaag = self.clock.today();
        let telling = |rol, per: Uitsplitsing, (vanaf, tot_en_met): (NaiveDate, NaiveDate)| {
            // Who supervises has no cases of its own, so that what one may see all of its role may; without any, nobody asks.
            let kijker = Kijker { oin: register.bevoegde_in_rol(rol, vandaag).first()?.oin, rol, vandaag };
            let vraag = GetNormcijfersRequest {
                vanaf: vanaf.to_string(),
                tot_en_met: tot_en_met.min(if rol == Rol::Inspectie { vandaag } else { tot_en_met }).to_string(),
                uitsplitsing: per.into(),
                ..GetNormcijfersRequest::default()
            };
            // What a role may ask is decided where its call is read.
            let vraag = vraag::normcijfers(&vraag, kijker).ok()?;
            Some(Cijfers::new(vraag, kijker, &register, &self.beleid))
        };
        let wie =
            [(Rol::Inspectie, Uitsplitsing::Regio), (Rol::Inspectie, Uitsplitsing::Gi), (Rol::AccounthoudendeRegio, Uitsplitsing::Regio)];
        let mut per_kwartaal: Vec<_> = kwartalen.iter().map(|dagen| (*dagen, wie.map(|(rol, per)| telling(rol, per, *dagen)))).collect();
        let mut kennisgevingen = Kennisgevingen::new(None, None);
        self.elk_dossier(|dossier| {
            kennisgevingen.neem(&dossier);
            let uitspraken = uitspraakdagen(&dossier);
            for ((vanaf, tot), tellingen) in &mut per_kwartaal {
                if !uitspraken.iter().any(|dag| (*vanaf..=*tot).contains(dag)) {
                    continue;
                }
                for telling in tellingen.iter_mut().flatten() {
                    telling.neem(dossier.clone())?;
                }
            }
            Ok(())
        })
        .await?;
        let mut lezing = self.store.read().await?;
        let pogingen = toezicht::toetsingspogingen(&mut lezing.conn(), i64::MIN, i64::MAX).await?;
        let regels = |telling: Cijfers<'_>| telling.regels().into_iter().map(toon::normregel).collect();
        let cijfers = |((vanaf, tot_en_met), tellingen): ((NaiveDate, NaiveDate), [Option<Cijfers<'_>>; 3])| {
            let [inspectie, per_gi, regio] = tellingen.map(|telling| telling.map(regels));
            Kwartaalcijfers { vanaf, tot_en_met, inspectie: inspectie.unwrap_or_default(), per_gi: per_gi.unwrap_or_default(), regio }
        };
        Ok(Landelijk {
            kwartalen: per_kwartaal.into_iter().map(cijfers).collect(),
            kennisgevingen: kennisgevingen.regels().map(toon::kennisgeving).collect(),
            pogingen: pogingen.into_iter().map(toon::pogingen).collect(),
        })
    }

    /// A participant, and those whom it succeeded by today.
    fn zelf_en_voorgangers(&self, peer: &Peer) -> Vec<Oin> {
        let (register, vandaag) = (self.register.nu(), self.clock.today());
        let alle = register.alle().into_iter().map(|deelnemer| deelnemer.oin);
        alle.filter(|oin| register.opvolger(*oin, vandaag) == peer.oin()).collect()
    }

    /// Puts on record of which cases something was shown, to whom and on which page. No record, no page.
    async fn leg_getoond_vast(
        &self,
        peer: &Peer,
        pagina: &'static str,
        zaken: impl Iterator<Item = MaatregelId>,
        begonnen_op: i64,
    ) -> Result<(), Nee> {
        let spoor = volgend_spoor("").map_err(|fout| status::store(&fout.into()))?;
        let zaken: Vec<_> = zaken.collect();
        let ids: Vec<_> = zaken.iter().map(|zaak| zaak.0).collect();
        let sleutels = sleutels::zaken(&mut self.store.read().await?.conn(), &self.kluis, &ids).await?;
        let record = |zaak: &MaatregelId| {
            let betrokkene = sleutels.get(&zaak.0).and_then(|sleutels| sleutels.persoon().map(|persoon| persoon.waarde));
            let record = Aantekening::geraadpleegd((peer.oin(), peer.rol()), pagina).in_zaak(Some(*zaak));
            record.over(betrokkene).langs(Some(spoor)).sinds(begonnen_op)
        };
        let records = zaken.iter().map(record).collect();
        Ok(self.admission.leg_vast(records).await.map_err(|gestaakt| status::gestaakt(&gestaakt))?)
    }
}

/// The days that any of the uitspraken of a case names; the day it counts with on whatever date is among them.
fn uitspraakdagen(dossier: &Dossier) -> Vec<NaiveDate> {
    let van = |inhoud: &Inhoud| match inhoud {
        Inhoud::Uitspraak(m) => m.uitgesproken_op.as_ref().map(|op| datum_in_nederland(from_micros(op.seconds.saturating_mul(1_000_000)))),
        _ => None,
    };
    dossier.feiten.iter().filter_map(|feit| van(feit.bericht.inhoud.as_ref()?)).collect()
}
