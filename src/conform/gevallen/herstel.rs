//! What a client does when something breaks or is slow: it comes back, at the right place, not too soon, and by itself.

use std::collections::HashMap;
use std::time::Duration;

use prost::encoding;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::geval;
use super::levering::abonneert;
use crate::conform::logboek::{Regel, Waarneming};
use crate::conform::spel::{Oordeel, Spel, gezakt, vragen};
use crate::conform::voorkant::{Ingreep, Methode, Stap};
use crate::conform::{ALLE, Geval};

pub(super) const GEVALLEN: &[Geval] = &[
    geval!(
        "HER-01",
        Verplicht,
        ALLE,
        false,
        "Na een verbroken verbinding komt de client uit zichzelf terug.",
        "De verbinding breekt terwijl het stil is; daarna wordt een bericht verzonden.",
        "De client verbindt opnieuw en verwerkt het.",
        "contract §4: delivery at-least-once",
        her_01
    ),
    geval!(
        "HER-02",
        Verplicht,
        ALLE,
        true,
        "Wat kwam terwijl de client weg was, wordt alsnog verwerkt.",
        "Na één levering breekt de verbinding; er komen twee berichten voordat de client weer binnen kan.",
        "Alle drie worden één keer verwerkt, in volgorde.",
        "exchange_service.proto: SubscribeRequest.na",
        her_02
    ),
    geval!(
        "HER-03",
        Verplicht,
        ALLE,
        false,
        "Zegt de hub wanneer de client terug mag komen, dan houdt hij zich daaraan.",
        "De eerste vraag om het postvak wordt beantwoord met UNAVAILABLE en RetryInfo.",
        "De volgende vraag komt niet eerder dan gezegd.",
        "architecture: errors, RetryInfo",
        her_03
    ),
    geval!(
        "HER-04",
        Verplicht,
        ALLE,
        false,
        "Een hub die stopt, is geen einde.",
        "De stroom eindigt met UNAVAILABLE, HUB_STOPT; daarna wordt een bericht verzonden.",
        "De client abonneert zich opnieuw en verwerkt het.",
        "architecture: errors, HUB_STOPT",
        her_04
    ),
    geval!(
        "HER-05",
        Verplicht,
        ALLE,
        false,
        "Een stroom die zonder fout eindigt, is niet het einde van het postvak.",
        "De stroom eindigt zonder status; daarna wordt een bericht verzonden.",
        "De client abonneert zich opnieuw en verwerkt het.",
        "exchange_service.proto: Subscribe is zonder einde",
        her_05
    ),
    geval!(
        "HER-06",
        Verplicht,
        ALLE,
        false,
        "Een hub die even onbereikbaar is, wordt opnieuw geprobeerd.",
        "De eerste drie verbindingen worden verbroken voordat er iets is gezegd.",
        "De vierde slaagt en een bericht wordt verwerkt.",
        "contract §4: delivery at-least-once",
        her_06
    ),
    geval!(
        "HER-07",
        Verplicht,
        ALLE,
        false,
        "De client overstelpt een hub die niet kan niet met pogingen.",
        "Vijf keer UNAVAILABLE zonder RetryInfo op de vraag om het postvak.",
        "Tussen twee pogingen zit steeds ten minste de adempauze van de proef.",
        "decision: wie het druk heeft, krijgt rust",
        her_07
    ),
    geval!(
        "HER-08",
        Verplicht,
        ALLE,
        false,
        "Een dode lijn wordt gemerkt.",
        "De stroom blijft open, maar er komt niets meer, ook geen hartslag.",
        "De client geeft de stroom op en vraagt zijn postvak opnieuw op, binnen vijf hartslagen.",
        "exchange_service.proto: Hartslag, teken van leven",
        her_08
    ),
    geval!(
        "HER-09",
        Verplicht,
        ALLE,
        false,
        "Te veel tegelijk is tijdelijk.",
        "De eerste vraag om het postvak wordt beantwoord met RESOURCE_EXHAUSTED.",
        "De client vraagt opnieuw en verwerkt een bericht.",
        "architecture: errors, RESOURCE_EXHAUSTED",
        her_09
    ),
    geval!(
        "HER-10",
        Verplicht,
        ALLE,
        true,
        "Wie niet meer bevoegd is, roept er mensen bij.",
        "De vraag om het postvak wordt beantwoord met PERMISSION_DENIED, DEELNEMER_GESCHORST.",
        "De client meldt ALARM BEVOEGDHEID.",
        "architecture: errors, suspended or ended",
        her_10
    ),
    geval!(
        "TRG-01",
        Verplicht,
        ALLE,
        false,
        "Een stille stroom met hartslagen blijft open.",
        "Vier hartslagen lang komt er geen bericht; dan één.",
        "De client blijft op dezelfde stroom en verwerkt het.",
        "exchange_service.proto: Hartslag",
        trg_01
    ),
    geval!(
        "TRG-02",
        Verplicht,
        ALLE,
        true,
        "Een achterstand wordt helemaal opgehaald.",
        "Er liggen 120 berichten, meer dan een pagina.",
        "Alle 120 worden één keer verwerkt, in volgorde.",
        "exchange_service.proto: FetchRequest.maximaal",
        trg_02
    ),
    geval!(
        "TRG-03",
        Verplicht,
        ALLE,
        false,
        "Een levering van een megabyte wordt ontvangen.",
        "De levering is aangevuld tot ruim 1 MiB.",
        "Zij wordt verwerkt.",
        "config: limits.message_bytes",
        trg_03
    ),
];

/// A status as the hub gives it: with a reason, and when to come back.
pub(super) fn status(code: Code, reden: &str, terug: Option<Duration>) -> Status {
    let mut details = ErrorDetails::with_error_info(reden, "jeugdketen.hub.v1", HashMap::new());
    if terug.is_some() {
        details.set_retry_info(terug);
    }
    Status::with_error_details(code, "refused by the conformance test", details)
}

/// Refuses the first questions for the mailbox, by either way.
fn weiger_vragen(spel: &Spel, aantal: u32, status: Status) {
    let pagina = status.clone();
    spel.toneel.voorkant.bij_abonnement(move |nr| (nr < aantal).then(|| status.clone()));
    spel.toneel.voorkant.bij(Methode::Fetch, move |oproep| match oproep.nr < aantal {
        true => Ingreep::weiger(pagina.clone()),
        false => Ingreep::geen(),
    });
}

/// The times between questions for the mailbox.
fn tussenpozen(spel: &Spel) -> Vec<Duration> {
    let momenten: Vec<_> = vragen(&spel.log.alles()).map(|(op, _)| op).collect();
    momenten.windows(2).map(|paar| paar[1].duration_since(paar[0])).collect()
}

/// Breaks a quiet connection in some way; the client must be back for the next message.
async fn komt_terug(spel: &mut Spel) -> Oordeel {
    spel.vraagt_weer(2).await?;
    let een = spel.zet_een().await?;
    spel.verwerkt(een.nummer).await
}

async fn her_01(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    spel.toneel.voorkant.verbreek();
    komt_terug(spel).await
}

async fn her_02(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    let mut alle = spel.zet(1).await?;
    spel.bevestigd(spel.begin + 1).await?;
    spel.toneel.voorkant.dicht();
    spel.toneel.voorkant.verbreek();
    alle.extend(spel.zet(2).await?);
    spel.toneel.voorkant.open();
    spel.verwerkt(spel.begin + 3).await?;
    spel.een_keer_in_volgorde(&alle)
}

async fn her_03(spel: &mut Spel) -> Oordeel {
    let wegblijven = spel.tijden.wegblijven;
    weiger_vragen(spel, 1, status(Code::Unavailable, "DATABASE_NIET_BESCHIKBAAR", Some(wegblijven)));
    spel.ontvang().await?;
    spel.vraagt_weer(2).await?;
    // The clocks of two processes are read a little apart.
    let te_vroeg = tussenpozen(spel).first().is_some_and(|eerste| *eerste < wegblijven.mul_f32(0.9));
    if te_vroeg { gezakt("de client kwam terug voor de tijd die de hub noemde") } else { Ok(()) }
}

async fn her_04(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    abonneert(spel)?;
    let stopt = status(Code::Unavailable, "HUB_STOPT", Some(spel.tijden.adem));
    spel.toneel.voorkant.stuur(Stap::Einde(Some(stopt))).await;
    komt_terug(spel).await
}

async fn her_05(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    abonneert(spel)?;
    spel.toneel.voorkant.stuur(Stap::Einde(None)).await;
    komt_terug(spel).await
}

async fn her_06(spel: &mut Spel) -> Oordeel {
    spel.toneel.voorkant.stuur_weg(3);
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    spel.verwerkt(een.nummer).await
}

async fn her_07(spel: &mut Spel) -> Oordeel {
    weiger_vragen(spel, 5, Status::unavailable("not now"));
    spel.ontvang().await?;
    spel.vraagt_weer(6).await?;
    let adem = spel.tijden.adem;
    let kortste = tussenpozen(spel).into_iter().min().unwrap_or_default();
    if kortste < adem { gezakt(format!("{} ms tussen twee pogingen", kortste.as_millis())) } else { Ok(()) }
}

async fn her_08(spel: &mut Spel) -> Oordeel {
    spel.toneel.voorkant.zonder_hartslag();
    spel.ontvang().await?;
    abonneert(spel)?;
    let binnen = spel.tijden.hartslag * 5;
    let terug = spel.log.tot(binnen, |regels| (vragen(regels).count() >= 2).then_some(())).await;
    if terug.is_some() { Ok(()) } else { gezakt("de client wacht op een stroom waar niets meer komt") }
}

async fn her_09(spel: &mut Spel) -> Oordeel {
    weiger_vragen(spel, 1, status(Code::ResourceExhausted, "TE_VEEL_ABONNEMENTEN", Some(spel.tijden.adem)));
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    spel.verwerkt(een.nummer).await
}

async fn her_10(spel: &mut Spel) -> Oordeel {
    weiger_vragen(spel, u32::MAX, status(Code::PermissionDenied, "DEELNEMER_GESCHORST", None));
    spel.ontvang().await?;
    spel.alarm("BEVOEGDHEID").await
}

async fn trg_01(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    abonneert(spel)?;
    let hartslagen = |regels: &[Regel]| regels.iter().filter(|regel| matches!(regel.wat, Waarneming::Hartslag(_))).count();
    let binnen = spel.tijden.hartslag * 4 + spel.tijden.geduld;
    let gezien = spel.log.tot(binnen, |regels| (hartslagen(regels) >= 4 || vragen(regels).count() > 1).then_some(())).await;
    if gezien.is_none() || vragen(&spel.log.alles()).count() > 1 {
        return gezakt("de client geeft een stroom op waarop hartslagen komen");
    }
    let een = spel.zet_een().await?;
    spel.verwerkt(een.nummer).await?;
    if vragen(&spel.log.alles()).count() > 1 { gezakt("de client is van stroom gewisseld") } else { Ok(()) }
}

async fn trg_02(spel: &mut Spel) -> Oordeel {
    let alle = spel.zet(120).await?;
    spel.ontvang().await?;
    // Patience for each, not for all together.
    for een in &alle {
        spel.verwerkt(een.nummer).await?;
    }
    spel.een_keer_in_volgorde(&alle)
}

async fn trg_03(spel: &mut Spel) -> Oordeel {
    spel.toneel.voorkant.bij_levering(|levering| {
        let Stap::Levering(bytes) = Stap::levering(&levering) else { return Vec::new() };
        let mut groot = bytes.to_vec();
        encoding::bytes::encode(25, &vec![7_u8; 1024 * 1024 + 4096], &mut groot);
        vec![Stap::Levering(groot.into())]
    });
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    spel.verwerkt(een.nummer).await
}
