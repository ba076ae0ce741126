//! The other direction: clients of ours, good and bad ones, against a hub. It sends what the role may send and what nobody may, and looks
//! at the answers. It changes nothing but the mailboxes of those it names, and uses example persons only.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::uri::PathAndQuery;
use jeugdketen_proto::raw;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{
    AcknowledgeRequest, AcknowledgeResponse, Bericht, FetchRequest, Receipt, Rol, SubscribeRequest, Veldbewijs, Zittingsaankondiging,
};
use prost::Message;
use rustls::ClientConfig;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_types::StatusExt as _;

use super::berichten::{self, intrekking, maak, nog_een};
use super::lijn::Bytecodec;
use super::loper::Bevinding;
use super::pki::zonder_certificaat;
use super::spel::{Afkeuring, Oordeel, gezakt, nvt};
use super::{ALLE, Gewicht, INZENDERS};
use crate::identity::client::ClientTls;
use crate::receipt::{sha256, verifieer};
use crate::time::Clock;
use crate::verbintenis;
use crate::wire::client::{Adres, kanaal};

/// Largest answer.
const GROOTSTE: usize = 64 * 1024 * 1024;
/// A text that must not come back.
const KANARIE: &str = "kanarie-in-de-kooi";

/// A case against a hub, being played.
pub type Toekomst<'a> = Pin<Box<dyn Future<Output = Oordeel> + Send + 'a>>;

/// One case against a hub.
#[derive(Debug)]
pub struct Hubgeval {
    /// Its id; it never means another case.
    pub id: &'static str,
    /// What it is about, in one Dutch sentence.
    pub titel: &'static str,
    /// What is done.
    pub handeling: &'static str,
    /// What is expected.
    pub verwacht: &'static str,
    /// Where that is written.
    pub bron: &'static str,
    /// As whom it can be played.
    pub rollen: &'static [Rol],
    speel: for<'a> fn(&'a Hubspel) -> Toekomst<'a>,
}

/// What the cases work with.
#[derive(Clone, Debug)]
pub struct Hubspel {
    /// Where the hub is.
    pub adres: Adres,
    /// The role of the certificate.
    pub rol: Rol,
    /// What to connect with.
    pub eigen: ClientTls,
    /// OIN of that certificate.
    pub oin: String,
    /// The same OIN in a certificate of an issuer that nobody knows.
    pub vreemd: ClientTls,
    /// A participant whose certificate was revoked.
    pub ingetrokken: Option<ClientTls>,
    /// A certificate of somebody who is not in the register.
    pub onbekend: Option<ClientTls>,
    /// The raw public key of the hub.
    pub sleutel: Option<Vec<u8>>,
    /// The time.
    pub clock: Clock,
    /// How long an answer may take.
    pub geduld: Duration,
    /// Within how long a quiet subscription has a heartbeat.
    pub hartslag: Duration,
}

macro_rules! hubgeval {
    ($id:literal, $rollen:expr, $titel:literal, $handeling:literal, $verwacht:literal, $bron:literal, $speel:ident) => {
        Hubgeval {
            id: $id,
            titel: $titel,
            handeling: $handeling,
            verwacht: $verwacht,
            bron: $bron,
            rollen: $rollen,
            speel: |spel| Box::pin($speel(spel)),
        }
    };
}

/// Those of whom a message apart from any case can be had.
const ZONDER_ZAAK: &[Rol] = &[Rol::Rechtbank, Rol::Gi, Rol::Gemeente, Rol::Aanbieder];

/// Every case against a hub.
pub const HUBGEVALLEN: &[Hubgeval] = &[
    hubgeval!(
        "HUB-01",
        ZONDER_ZAAK,
        "Een aanvaard bericht krijgt een ontvangstbewijs dat zichzelf bewijst.",
        "Een geldig bericht wordt ingezonden.",
        "Het ontvangstbewijs noemt het bericht_id en de digest, en de handtekening klopt met de sleutel van de hub.",
        "receipt.proto: Receipt, Ondertekening",
        hub_01
    ),
    hubgeval!(
        "HUB-02",
        ZONDER_ZAAK,
        "Een herhaling krijgt hetzelfde ontvangstbewijs, byte voor byte.",
        "Hetzelfde bericht wordt twee keer ingezonden.",
        "Twee gelijke antwoorden.",
        "exchange_service.proto: Submit",
        hub_02
    ),
    hubgeval!(
        "HUB-03",
        ZONDER_ZAAK,
        "Een herhaling met andere inhoud wordt geweigerd.",
        "Onder een gebruikt bericht_id wordt iets anders ingezonden.",
        "ALREADY_EXISTS, BERICHT_ID_MET_ANDERE_INHOUD.",
        "architecture: errors",
        hub_03
    ),
    hubgeval!(
        "HUB-04",
        ZONDER_ZAAK,
        "Een onbekend veld wordt geweigerd.",
        "Een bericht met een veld dat niet in het contract staat wordt ingezonden.",
        "INVALID_ARGUMENT.",
        "contract §3: unknown fields never pass through",
        hub_04
    ),
    hubgeval!(
        "HUB-05",
        ALLE,
        "Wie geen certificaat toont, komt niet binnen.",
        "Een client zonder certificaat verbindt en doet een aanroep.",
        "De handdruk mislukt; er komt geen gRPC-antwoord.",
        "architecture: errors, the handshake fails",
        hub_05
    ),
    hubgeval!(
        "HUB-06",
        ALLE,
        "Een certificaat van een onbekende uitgever komt niet binnen.",
        "Een client toont het eigen OIN in een certificaat van een andere CA.",
        "De handdruk mislukt; er komt geen gRPC-antwoord.",
        "architecture: errors, the handshake fails",
        hub_06
    ),
    hubgeval!(
        "HUB-07",
        ALLE,
        "Wat de rol niet mag verzenden, wordt geweigerd.",
        "Een soort bericht van een andere rol wordt ingezonden.",
        "PERMISSION_DENIED, ROL_MAG_NIET_VERZENDEN.",
        "contract §2: from",
        hub_07
    ),
    hubgeval!(
        "HUB-08",
        ALLE,
        "Een te groot bericht wordt geweigerd.",
        "Een bericht van acht megabyte wordt ingezonden.",
        "OUT_OF_RANGE.",
        "architecture: errors, larger than a message may be",
        hub_08
    ),
    hubgeval!(
        "HUB-09",
        ZONDER_ZAAK,
        "Fouten worden aangewezen zonder dat een waarde terugkomt.",
        "Een bericht met een ongeldig bericht_id wordt ingezonden.",
        "INVALID_ARGUMENT met het pad van het veld, en de waarde nergens in het antwoord.",
        "architecture: errors, paths and reasons, no values",
        hub_09
    ),
    hubgeval!(
        "HUB-10",
        ALLE,
        "Wat geen bericht is, wordt geweigerd en is geen storing.",
        "Bytes die niet te lezen zijn worden ingezonden.",
        "INVALID_ARGUMENT, ONLEESBAAR.",
        "architecture: errors",
        hub_10
    ),
    hubgeval!(
        "HUB-11",
        INZENDERS,
        "Een zaak die niet bestaat en een zaak van een ander zijn één antwoord.",
        "Een intrekking in een onbekende zaak wordt ingezonden.",
        "NOT_FOUND, zonder detail.",
        "architecture: invariants, not there and not yours",
        hub_11
    ),
    hubgeval!(
        "HUB-12",
        ALLE,
        "Wat nooit is uitgegeven, kan niet worden bevestigd.",
        "Een bevestiging noemt een nummer ver voorbij het laatste.",
        "INVALID_ARGUMENT met het veld tot_en_met.",
        "exchange_service.proto: Acknowledge",
        hub_12
    ),
    hubgeval!(
        "HUB-13",
        ALLE,
        "Wie verder begint dan het postvak reikt, is de weg kwijt.",
        "Een abonnement begint na een nummer dat nooit is uitgegeven.",
        "INVALID_ARGUMENT met het veld na.",
        "exchange_service.proto: SubscribeRequest.na",
        hub_13
    ),
    hubgeval!(
        "HUB-14",
        ALLE,
        "Een pagina heeft een grens.",
        "Er wordt een pagina van 501 gevraagd.",
        "INVALID_ARGUMENT met het veld maximaal.",
        "exchange_service.proto: FetchRequest.maximaal",
        hub_14
    ),
    hubgeval!(
        "HUB-15",
        ALLE,
        "Een lagere bevestiging dan de vorige verandert niets.",
        "Alles wordt bevestigd, en daarna nummer nul.",
        "Het antwoord noemt beide keren hetzelfde nummer.",
        "exchange_service.proto: AcknowledgeRequest",
        hub_15
    ),
    hubgeval!(
        "HUB-16",
        ZONDER_ZAAK,
        "In een stroom is een weigering een antwoord en niet het einde.",
        "Op een stroom volgt op een bericht met fouten een goed bericht.",
        "Eerst een weigering, dan een ontvangstbewijs.",
        "exchange_service.proto: SubmitStream",
        hub_16
    ),
    hubgeval!(
        "HUB-17",
        ALLE,
        "Een stille stroom heeft een hartslag.",
        "Een abonnement na het laatste nummer.",
        "Binnen de tijd komt een hartslag met dat nummer.",
        "exchange_service.proto: Hartslag",
        hub_17
    ),
    hubgeval!(
        "HUB-18",
        ALLE,
        "De nummers van een postvak hebben geen gaten.",
        "Een pagina vanaf het begin.",
        "De nummers volgen op elkaar vanaf 1.",
        "exchange_service.proto: Levering.postvaknummer",
        hub_18
    ),
    hubgeval!(
        "HUB-19",
        ALLE,
        "Elk bericht komt met het bewijs dat zijn velden van de afzender zijn.",
        "Een pagina vanaf het begin, met de sleutel van de hub.",
        "Elk bewijs klopt.",
        "bewijs.proto: Veldbewijs",
        hub_19
    ),
    hubgeval!(
        "HUB-20",
        ALLE,
        "Een ingetrokken certificaat komt niet binnen.",
        "Een deelnemer met een ingetrokken certificaat verbindt en doet een aanroep.",
        "De handdruk mislukt; er komt geen gRPC-antwoord.",
        "threat model: revocation",
        hub_20
    ),
    hubgeval!(
        "HUB-21",
        ALLE,
        "Wie niet in het register staat, wordt geweigerd.",
        "Een houder van een geldig certificaat die niemand kent, vraagt een postvak op.",
        "UNAUTHENTICATED, DEELNEMER_ONBEKEND.",
        "architecture: errors",
        hub_21
    ),
];

/// Plays one case against a hub.
pub async fn speel(spel: &Hubspel, geval: &'static Hubgeval) -> Bevinding {
    let begin = Instant::now();
    let oordeel = match geval.rollen.contains(&spel.rol) {
        true => (geval.speel)(spel).await,
        false => nvt("niet voor deze rol"),
    };
    Bevinding::van(geval.id, geval.titel, Gewicht::Verplicht, oordeel, begin.elapsed())
}

/// A connection as somebody.
struct Klant(Grpc<Channel>);

impl Klant {
    async fn vraag<M: Message + Default>(&mut self, methode: &'static str, vraag: Bytes) -> Result<M, Status> {
        let bytes = self.unair(methode, vraag).await?;
        M::decode(bytes).map_err(|_| Status::internal("the answer cannot be read"))
    }

    async fn unair(&mut self, methode: &'static str, vraag: Bytes) -> Result<Bytes, Status> {
        self.klaar().await?;
        Ok(self.0.unary(Request::new(vraag), PathAndQuery::from_static(methode), Bytecodec).await?.into_inner())
    }

    async fn abonneer(&mut self, na: u64) -> Result<Streaming<Bytes>, Status> {
        self.klaar().await?;
        let vraag = Bytes::from(SubscribeRequest { na: Some(na) }.encode_to_vec());
        Ok(self.0.server_streaming(Request::new(vraag), PathAndQuery::from_static(SUBSCRIBE), Bytecodec).await?.into_inner())
    }

    async fn klaar(&mut self) -> Result<(), Status> {
        self.0.ready().await.map_err(|fout| Status::from_error(Box::new(fout)))
    }

    async fn dien_in(&mut self, bericht: Vec<u8>) -> Result<Bytes, Status> {
        let vraag = raw::SubmitRequest { bericht: Some(bericht.into()), ..Default::default() };
        self.unair(SUBMIT, vraag.encode_to_vec().into()).await
    }

    async fn pagina(&mut self, na: u64, maximaal: u32) -> Result<raw::FetchResponse, Status> {
        self.vraag(FETCH, FetchRequest { na: Some(na), maximaal }.encode_to_vec().into()).await
    }

    async fn bevestig(&mut self, tot_en_met: u64) -> Result<AcknowledgeResponse, Status> {
        self.vraag(ACKNOWLEDGE, AcknowledgeRequest { tot_en_met }.encode_to_vec().into()).await
    }
}

const SUBMIT: &str = "/jeugdketen.hub.v1.ExchangeService/Submit";
const SUBMIT_STREAM: &str = "/jeugdketen.hub.v1.ExchangeService/SubmitStream";
const SUBSCRIBE: &str = "/jeugdketen.hub.v1.ExchangeService/Subscribe";
const FETCH: &str = "/jeugdketen.hub.v1.ExchangeService/Fetch";
const ACKNOWLEDGE: &str = "/jeugdketen.hub.v1.ExchangeService/Acknowledge";

impl Hubspel {
    async fn klant(&self) -> Result<Klant, Afkeuring> {
        self.als(self.eigen.laad()?).await.map_err(|fout| Afkeuring::Kapot(fout.context("connecting to the hub")))
    }

    async fn als(&self, tls: Arc<ClientConfig>) -> anyhow::Result<Klant> {
        let lijn = kanaal(&self.adres, tls).await?;
        Ok(Klant(Grpc::new(lijn).max_decoding_message_size(GROOTSTE)))
    }

    fn bericht(&self) -> Result<Bericht, Afkeuring> {
        match berichten::los(self.rol) {
            Some(voorbeeld) => Ok(maak(voorbeeld, &self.clock, &[])?),
            None => nvt("deze rol zendt niets in buiten een zaak"),
        }
    }

    /// Nobody with this may come in: an answer of the hub, whatever it says, is one too many.
    async fn komt_niet_binnen(&self, tls: Arc<ClientConfig>) -> Oordeel {
        // In TLS 1.3 a client hears that it was refused after its own handshake: at the first call.
        let Ok(mut klant) = self.als(tls).await else { return Ok(()) };
        match timeout(self.geduld, klant.pagina(0, 1)).await {
            Ok(Err(status)) if std::error::Error::source(&status).is_some() => Ok(()),
            Ok(_) => gezakt("de hub antwoordt"),
            Err(_) => gezakt("de hub antwoordt niet, maar verbreekt ook niet"),
        }
    }
}

/// The answer must be this refusal.
fn is_weigering<T>(antwoord: Result<T, Status>, code: Code, reden: Option<&str>) -> Result<Status, Afkeuring> {
    let Err(status) = antwoord else { return gezakt("de hub aanvaardt het") };
    if status.code() != code {
        return gezakt(format!("de hub antwoordt {:?}, verwacht {code:?}", status.code()));
    }
    let gevonden = status.get_details_error_info().map(|info| info.reason);
    if reden.is_some() && gevonden.as_deref() != reden {
        return gezakt(format!("de reden is niet {}", reden.unwrap_or_default()));
    }
    Ok(status)
}

fn wijst_aan(status: &Status, veld: &str) -> Oordeel {
    let velden = status.get_details_bad_request().map(|fouten| fouten.field_violations).unwrap_or_default();
    if velden.iter().any(|fout| fout.field.ends_with(veld)) { Ok(()) } else { gezakt(format!("het veld {veld} wordt niet aangewezen")) }
}

fn receipt(bytes: &Bytes) -> Result<Receipt, Afkeuring> {
    let antwoord = jeugdketen_proto::v1::SubmitResponse::decode(bytes.clone()).ok().and_then(|antwoord| antwoord.receipt);
    antwoord.ok_or_else(|| Afkeuring::Gezakt("het antwoord bevat geen ontvangstbewijs".to_owned()))
}

fn aanvaard(antwoord: Result<Bytes, Status>) -> Result<Bytes, Afkeuring> {
    antwoord.map_err(|status| Afkeuring::Gezakt(format!("een geldig bericht wordt geweigerd met {:?}", status.code())))
}

async fn hub_01(spel: &Hubspel) -> Oordeel {
    let bytes = spel.bericht()?.encode_to_vec();
    let receipt = receipt(&aanvaard(spel.klant().await?.dien_in(bytes.clone()).await)?)?;
    if receipt.digest != sha256(&bytes).as_slice() {
        return gezakt("de digest is niet die van het bericht");
    }
    match &spel.sleutel {
        Some(sleutel) => verifieer(&receipt, sleutel).map_err(|fout| Afkeuring::Gezakt(fout.to_string())),
        None if receipt.ondertekening.is_none() => gezakt("het ontvangstbewijs is niet ondertekend"),
        None => Ok(()),
    }
}

async fn hub_02(spel: &Hubspel) -> Oordeel {
    let (bytes, mut klant) = (spel.bericht()?.encode_to_vec(), spel.klant().await?);
    let eerste = aanvaard(klant.dien_in(bytes.clone()).await)?;
    let tweede = aanvaard(klant.dien_in(bytes).await)?;
    if eerste == tweede { Ok(()) } else { gezakt("het ontvangstbewijs van de herhaling is een ander") }
}

async fn hub_03(spel: &Hubspel) -> Oordeel {
    let (bericht, mut klant) = (spel.bericht()?, spel.klant().await?);
    aanvaard(klant.dien_in(bericht.encode_to_vec()).await)?;
    let Some(voorbeeld) = berichten::los(spel.rol) else { return nvt("deze rol zendt niets in buiten een zaak") };
    let anders = Bericht { bericht_id: bericht.bericht_id, ..maak(voorbeeld, &spel.clock, berichten::ANDERS)? };
    let antwoord = klant.dien_in(anders.encode_to_vec()).await;
    is_weigering(antwoord, Code::AlreadyExists, Some("BERICHT_ID_MET_ANDERE_INHOUD")).map(drop)
}

async fn hub_04(spel: &Hubspel) -> Oordeel {
    let mut bytes = spel.bericht()?.encode_to_vec();
    prost::encoding::bytes::encode(999, &vec![1_u8], &mut bytes);
    is_weigering(spel.klant().await?.dien_in(bytes).await, Code::InvalidArgument, None).map(drop)
}

async fn hub_05(spel: &Hubspel) -> Oordeel {
    spel.komt_niet_binnen(zonder_certificaat(&spel.eigen)?).await
}

async fn hub_06(spel: &Hubspel) -> Oordeel {
    spel.komt_niet_binnen(spel.vreemd.laad()?).await
}

async fn hub_07(spel: &Hubspel) -> Oordeel {
    // Only a rechtbank announces hearings; to a rechtbank, only a GI has capacity.
    let voorbeeld = if spel.rol == Rol::Rechtbank { berichten::CAPACITEIT } else { berichten::ZITTING };
    let bericht = maak(voorbeeld, &spel.clock, &[])?;
    let antwoord = spel.klant().await?.dien_in(bericht.encode_to_vec()).await;
    is_weigering(antwoord, Code::PermissionDenied, Some("ROL_MAG_NIET_VERZENDEN")).map(drop)
}

async fn hub_08(spel: &Hubspel) -> Oordeel {
    let zaaknummer = "x".repeat(8 * 1024 * 1024);
    let zitting = Zittingsaankondiging { zaaknummer, ..Default::default() };
    let bericht =
        Bericht { bericht_id: spel.clock.new_id().to_string(), inhoud: Some(Inhoud::Zittingsaankondiging(zitting)), ..Default::default() };
    is_weigering(spel.klant().await?.dien_in(bericht.encode_to_vec()).await, Code::OutOfRange, None).map(drop)
}

async fn hub_09(spel: &Hubspel) -> Oordeel {
    let bericht = Bericht { bericht_id: KANARIE.to_owned(), ..spel.bericht()? };
    let antwoord = spel.klant().await?.dien_in(bericht.encode_to_vec()).await;
    let status = is_weigering(antwoord, Code::InvalidArgument, None)?;
    let details = String::from_utf8_lossy(status.details()).contains(KANARIE);
    if details || status.message().contains(KANARIE) {
        return gezakt("de waarde van het veld staat in het antwoord");
    }
    wijst_aan(&status, "bericht_id")
}

async fn hub_10(spel: &Hubspel) -> Oordeel {
    let antwoord = spel.klant().await?.dien_in(vec![0xff; 16]).await;
    is_weigering(antwoord, Code::InvalidArgument, Some("ONLEESBAAR")).map(drop)
}

async fn hub_11(spel: &Hubspel) -> Oordeel {
    let onbekend = Bericht { bericht_id: spel.clock.new_id().to_string(), ..Default::default() };
    let bericht = intrekking(&onbekend, &spel.clock.new_id().to_string(), &spel.clock);
    let antwoord = spel.klant().await?.dien_in(bericht.encode_to_vec()).await;
    let status = is_weigering(antwoord, Code::NotFound, None)?;
    if status.details().is_empty() { Ok(()) } else { gezakt("het antwoord heeft details") }
}

async fn hub_12(spel: &Hubspel) -> Oordeel {
    let mut klant = spel.klant().await?;
    let laatste = klant.pagina(0, 1).await?.laatste_postvaknummer;
    let status = is_weigering(klant.bevestig(laatste + 1_000_000).await, Code::InvalidArgument, None)?;
    wijst_aan(&status, "tot_en_met")
}

async fn hub_13(spel: &Hubspel) -> Oordeel {
    let mut klant = spel.klant().await?;
    let laatste = klant.pagina(0, 1).await?.laatste_postvaknummer;
    let status = is_weigering(klant.abonneer(laatste + 1_000_000).await, Code::InvalidArgument, None)?;
    wijst_aan(&status, "na")
}

async fn hub_14(spel: &Hubspel) -> Oordeel {
    let status = is_weigering(spel.klant().await?.pagina(0, 501).await, Code::InvalidArgument, None)?;
    wijst_aan(&status, "maximaal")
}

async fn hub_15(spel: &Hubspel) -> Oordeel {
    let mut klant = spel.klant().await?;
    let laatste = klant.pagina(0, 1).await?.laatste_postvaknummer;
    if laatste == 0 {
        return nvt("het postvak is leeg");
    }
    let hoog = klant.bevestig(laatste).await?.bevestigd_tot_en_met;
    let laag = klant.bevestig(0).await?.bevestigd_tot_en_met;
    if hoog == laag { Ok(()) } else { gezakt("een lagere bevestiging haalt een hogere weg") }
}

async fn hub_16(spel: &Hubspel) -> Oordeel {
    let goed = spel.bericht()?;
    let fout = Bericht { bericht_id: String::new(), ..nog_een(&goed, &spel.clock) };
    let regel = |bericht: &Bericht| {
        let vraag = raw::SubmitStreamRequest { bericht: Some(bericht.encode_to_vec().into()), ..Default::default() };
        Bytes::from(vraag.encode_to_vec())
    };
    let mut klant = spel.klant().await?;
    klant.klaar().await?;
    let vraag = Request::new(tokio_stream::iter(vec![regel(&fout), regel(&goed)]));
    let antwoorden = klant.0.streaming(vraag, PathAndQuery::from_static(SUBMIT_STREAM), Bytecodec).await;
    let mut antwoorden =
        antwoorden.map_err(|status| Afkeuring::Gezakt(format!("de stroom wordt geweigerd met {:?}", status.code())))?.into_inner();
    let mut gezien = Vec::new();
    while let Ok(Some(bytes)) = antwoorden.message().await {
        let antwoord = raw::SubmitStreamResponse::decode(bytes).ok().and_then(|antwoord| antwoord.uitkomst);
        gezien.push(matches!(antwoord, Some(raw::Uitkomst::Receipt(_))));
    }
    if gezien == [false, true] { Ok(()) } else { gezakt("de antwoorden zijn niet een weigering en een ontvangstbewijs") }
}

async fn hub_17(spel: &Hubspel) -> Oordeel {
    let mut klant = spel.klant().await?;
    let laatste = klant.pagina(0, 1).await?.laatste_postvaknummer;
    let mut stroom = klant.abonneer(laatste).await?;
    let hartslag = async {
        while let Ok(Some(bytes)) = stroom.message().await {
            let gebeurtenis = raw::SubscribeResponse::decode(bytes).ok().and_then(|antwoord| antwoord.gebeurtenis);
            if let Some(raw::Gebeurtenis::Hartslag(hartslag)) = gebeurtenis {
                return Some(hartslag.laatste_postvaknummer);
            }
        }
        None
    };
    match timeout(spel.hartslag, hartslag).await {
        Ok(Some(nummer)) if nummer >= laatste => Ok(()),
        Ok(Some(_)) => gezakt("de hartslag noemt een lager nummer dan is uitgegeven"),
        _ => gezakt("er komt geen hartslag"),
    }
}

async fn hub_18(spel: &Hubspel) -> Oordeel {
    let pagina = spel.klant().await?.pagina(0, 500).await?;
    if pagina.leveringen.is_empty() {
        return nvt("het postvak is leeg");
    }
    let nummers = pagina.leveringen.iter().map(|levering| levering.postvaknummer);
    if nummers.eq(1..=pagina.leveringen.len() as u64) { Ok(()) } else { gezakt("de nummers volgen niet op elkaar") }
}

async fn hub_19(spel: &Hubspel) -> Oordeel {
    let Some(sleutel) = &spel.sleutel else { return nvt("de sleutel van de hub is niet gegeven (--sleutel)") };
    let pagina = spel.klant().await?.pagina(0, 500).await?;
    let mut bewezen = 0;
    for levering in pagina.leveringen {
        let (Some(raw::Inhoud::Bericht(bericht)), Some(bewijs)) = (levering.inhoud, levering.bewijs) else { continue };
        let bewijs = Veldbewijs::decode(bewijs).map_err(|_| Afkeuring::Gezakt("een bewijs is niet te lezen".to_owned()))?;
        let herkomst = verbintenis::verifieer(&bericht, spel.rol, &spel.oin, &bewijs, sleutel);
        match herkomst {
            Ok(herkomst) if herkomst.afzender_oin == levering.afzender_oin => bewezen += 1,
            _ => return gezakt(format!("het bewijs van levering {} klopt niet", levering.postvaknummer)),
        }
    }
    if bewezen > 0 { Ok(()) } else { nvt("er is geen bericht met bewijs") }
}

async fn hub_20(spel: &Hubspel) -> Oordeel {
    match &spel.ingetrokken {
        Some(tls) => spel.komt_niet_binnen(tls.laad()?).await,
        None => nvt("er is geen ingetrokken certificaat om te tonen"),
    }
}

async fn hub_21(spel: &Hubspel) -> Oordeel {
    let Some(tls) = &spel.onbekend else { return nvt("er is geen certificaat van een onbekende om te tonen") };
    let mut klant = spel.als(tls.laad()?).await?;
    is_weigering(klant.pagina(0, 1).await, Code::Unauthenticated, Some("DEELNEMER_ONBEKEND")).map(drop)
}
