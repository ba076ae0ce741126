//! What a client does with its own messages: it submits what it was given, repeats what may have been lost, gives up what was refused, and
//! keeps the receipt.

use std::time::Instant;

use jeugdketen_proto::raw;
use jeugdketen_proto::v1::{Bericht, Rol};
use jeugdketen_proto::v1::{Receipt, SubmitResponse};
use prost::Message as _;
use tonic::{Code, Status};

use super::geval;
use super::herstel::status;
use crate::conform::berichten::{self, maak, nog_een};
use crate::conform::logboek::{Melding, Regel, Waarneming};
use crate::conform::spel::{Afkeuring, Oordeel, Spel, gezakt, meldingen};
use crate::conform::voorkant::{Ingreep, Methode};
use crate::conform::{Geval, INZENDERS};

pub(super) const GEVALLEN: &[Geval] = &[
    geval!(
        "INZ-01",
        Verplicht,
        INZENDERS,
        true,
        "De client zendt in wat hem is gegeven, en niets anders.",
        "De client krijgt één bericht om in te zenden.",
        "Het komt aan zoals het was, met hetzelfde bericht_id.",
        "bericht.proto: bericht_id is van de afzender",
        inz_01
    ),
    geval!(
        "INZ-02",
        Verplicht,
        INZENDERS,
        true,
        "De client bewaart het ontvangstbewijs.",
        "De client krijgt één bericht om in te zenden.",
        "Hij meldt ONTVANGSTBEWIJS met het bericht_id en het volgnummer.",
        "receipt.proto: Receipt",
        inz_02
    ),
    geval!(
        "INZ-03",
        Verplicht,
        INZENDERS,
        true,
        "Is de hub er even niet, dan wordt de inzending herhaald.",
        "De eerste inzending wordt beantwoord met UNAVAILABLE en RetryInfo.",
        "De tweede slaagt.",
        "architecture: errors, UNAVAILABLE",
        inz_03
    ),
    geval!(
        "INZ-04",
        Verplicht,
        INZENDERS,
        true,
        "Gaat het antwoord verloren, dan wordt hetzelfde bericht herhaald.",
        "Het bericht wordt aanvaard; de verbinding breekt voordat het antwoord er is.",
        "De client herhaalt met hetzelfde bericht_id en dezelfde inhoud.",
        "exchange_service.proto: Submit is veilig te herhalen",
        inz_04
    ),
    geval!(
        "INZ-05",
        Verplicht,
        INZENDERS,
        true,
        "Zegt de hub wanneer de client terug mag komen, dan houdt hij zich daaraan.",
        "De eerste inzending wordt beantwoord met RESOURCE_EXHAUSTED en RetryInfo.",
        "De herhaling komt niet eerder dan gezegd.",
        "architecture: errors, RetryInfo",
        inz_05
    ),
    geval!(
        "INZ-06",
        Verplicht,
        INZENDERS,
        true,
        "Een herhaalde inzending is één bericht met één ontvangstbewijs.",
        "Het antwoord op de eerste inzending gaat verloren.",
        "De client meldt het ontvangstbewijs één keer.",
        "receipt.proto: dezelfde Receipt, voor altijd",
        inz_06
    ),
    geval!(
        "INZ-07",
        Verplicht,
        INZENDERS,
        true,
        "Een bericht met fouten wordt niet herhaald maar gemeld.",
        "De inzending wordt beantwoord met INVALID_ARGUMENT, ONGELDIGE_INHOUD.",
        "Eén inzending, en de melding GEWEIGERD met die reden.",
        "architecture: errors, INVALID_ARGUMENT",
        inz_07
    ),
    geval!(
        "INZ-08",
        Verplicht,
        INZENDERS,
        true,
        "Wat de rol niet mag, wordt niet herhaald maar gemeld.",
        "De inzending wordt beantwoord met PERMISSION_DENIED, ROL_MAG_NIET_VERZENDEN.",
        "Eén inzending, en de melding GEWEIGERD met die reden.",
        "architecture: errors, PERMISSION_DENIED",
        inz_08
    ),
    geval!(
        "INZ-09",
        Verplicht,
        INZENDERS,
        true,
        "Wat de stand van de zaak verbiedt, wordt niet herhaald maar gemeld.",
        "De inzending wordt beantwoord met FAILED_PRECONDITION, MAATREGEL_BEEINDIGD.",
        "Eén inzending, en de melding GEWEIGERD met die reden.",
        "architecture: errors, FAILED_PRECONDITION",
        inz_09
    ),
    geval!(
        "INZ-10",
        Verplicht,
        INZENDERS,
        true,
        "Een weigering zonder reden is ook een weigering.",
        "De inzending wordt beantwoord met NOT_FOUND, zonder detail.",
        "Eén inzending, en de melding GEWEIGERD.",
        "architecture: errors, not there and not yours are one answer",
        inz_10
    ),
    geval!(
        "INZ-11",
        Verplicht,
        INZENDERS,
        true,
        "Berichten worden ingezonden in de volgorde waarin zij zijn gegeven.",
        "Van twee berichten wordt het eerste de eerste keer beantwoord met UNAVAILABLE.",
        "Het tweede wordt pas ingezonden als het eerste is aanvaard.",
        "contract §2: een vervolg verwijst naar wat eraan voorafging",
        inz_11
    ),
    geval!(
        "INZ-12",
        Verplicht,
        INZENDERS,
        true,
        "Een traag antwoord is geen reden om iets anders in te zenden.",
        "Het antwoord op de eerste inzending laat op zich wachten.",
        "Alle inzendingen hebben hetzelfde bericht_id.",
        "exchange_service.proto: Submit is veilig te herhalen",
        inz_12
    ),
    geval!(
        "INZ-13",
        Verplicht,
        INZENDERS,
        true,
        "Een geweigerd bericht houdt de volgende niet op.",
        "Van twee berichten wordt het eerste geweigerd met INVALID_ARGUMENT.",
        "Het tweede wordt ingezonden en aanvaard.",
        "architecture: a refusal is a value",
        inz_13
    ),
    geval!(
        "AFW-01",
        Verplicht,
        INZENDERS,
        true,
        "Een bericht_id dat met andere inhoud is gebruikt, wordt gemeld en niet omzeild.",
        "De client krijgt een bericht waarvan het bericht_id al met andere inhoud is aanvaard.",
        "De client meldt GEWEIGERD met BERICHT_ID_MET_ANDERE_INHOUD en zendt niets in onder een ander bericht_id.",
        "exchange_service.proto: ALREADY_EXISTS",
        afw_01
    ),
    geval!(
        "AFW-02",
        Verplicht,
        INZENDERS,
        true,
        "Het ontvangstbewijs van toen geldt ook nu.",
        "De client krijgt een bericht dat al was aanvaard, en krijgt het oude ontvangstbewijs terug.",
        "Hij meldt dat ontvangstbewijs.",
        "receipt.proto: dezelfde Receipt, voor altijd",
        afw_02
    ),
    geval!(
        "BWS-01",
        Aanbevolen,
        INZENDERS,
        true,
        "Een ontvangstbewijs met een handtekening die niet klopt, is er geen.",
        "In de handtekening is een bit omgezet.",
        "De client meldt ALARM ONTVANGSTBEWIJS en geen ontvangstbewijs.",
        "receipt.proto: Ondertekening",
        bws_01
    ),
    geval!(
        "BWS-02",
        Aanbevolen,
        INZENDERS,
        true,
        "Een echt ontvangstbewijs van een ander bericht is er geen van dit.",
        "Het antwoord bevat het geldige ontvangstbewijs van een eerder bericht.",
        "De client meldt ALARM ONTVANGSTBEWIJS en geen ontvangstbewijs.",
        "receipt.proto: Receipt.digest",
        bws_02
    ),
    geval!(
        "BWS-03",
        Verplicht,
        &[Rol::Rechtbank],
        true,
        "Een waarschuwing op het ontvangstbewijs wordt doorgegeven.",
        "De rechtbank wijst een zaak toe aan een GI die niet meer bevoegd is.",
        "De client meldt WAARSCHUWING met WAARSCHUWING_GI_NIET_BEVOEGD.",
        "receipt.proto: Waarschuwing",
        bws_03
    ),
];

/// Whether the client has the receipt of a message.
pub(super) fn ontvangt_bewijs(spel: &Spel, bericht: &Bericht) -> Oordeel {
    match bewijzen(spel, bericht) {
        0 => gezakt("het ontvangstbewijs is niet gemeld"),
        _ => Ok(()),
    }
}

fn bewijzen(spel: &Spel, bericht: &Bericht) -> usize {
    spel.gemeld(|melding| matches!(melding, Melding::Ontvangstbewijs { bericht_id, .. } if *bericht_id == bericht.bericht_id))
}

fn is_aanvaard(spel: &Spel) -> Oordeel {
    let aanvaard = spel.log.alles().iter().any(|regel| regel.wat == Waarneming::Aanvaard);
    if aanvaard { Ok(()) } else { gezakt("het bericht is niet aanvaard") }
}

/// Does something with the first submission.
fn bij_eerste(spel: &Spel, ingreep: impl FnOnce() -> Ingreep + Send + 'static) {
    let mut ingreep = Some(ingreep);
    spel.toneel.voorkant.bij(Methode::Submit, move |_| ingreep.take().map_or_else(Ingreep::geen, |ingreep| ingreep()));
}

async fn verzend_een(spel: &mut Spel) -> Result<Bericht, Afkeuring> {
    let bericht = spel.uitgaand()?;
    spel.verzend(std::slice::from_ref(&bericht)).await?;
    Ok(bericht)
}

fn steeds_hetzelfde(spel: &Spel, bericht: &Bericht) -> Oordeel {
    let anders = spel.ingezonden().iter().any(|ander| ander != bericht);
    if anders { gezakt("ingezonden is iets anders dan gegeven was") } else { Ok(()) }
}

async fn inz_01(spel: &mut Spel) -> Oordeel {
    let bericht = anders(spel)?;
    spel.verzend(std::slice::from_ref(&bericht)).await?;
    match spel.ingezonden().first() {
        Some(eerste) if *eerste == bericht => is_aanvaard(spel),
        Some(_) => gezakt("ingezonden is iets anders dan gegeven was"),
        None => gezakt("er is niets ingezonden"),
    }
}

async fn inz_02(spel: &mut Spel) -> Oordeel {
    let bericht = verzend_een(spel).await?;
    ontvangt_bewijs(spel, &bericht)
}

async fn inz_03(spel: &mut Spel) -> Oordeel {
    let adem = spel.tijden.adem;
    bij_eerste(spel, move || Ingreep::weiger(status(Code::Unavailable, "DATABASE_NIET_BESCHIKBAAR", Some(adem))));
    verzend_een(spel).await?;
    is_aanvaard(spel)
}

async fn inz_04(spel: &mut Spel) -> Oordeel {
    bij_eerste(spel, Ingreep::verlies);
    let bericht = verzend_een(spel).await?;
    if spel.ingezonden().len() < 2 {
        return gezakt("de inzending wordt niet herhaald");
    }
    steeds_hetzelfde(spel, &bericht)?;
    is_aanvaard(spel)
}

async fn inz_05(spel: &mut Spel) -> Oordeel {
    let wegblijven = spel.tijden.wegblijven;
    bij_eerste(spel, move || Ingreep::weiger(status(Code::ResourceExhausted, "QUOTUM_OVERSCHREDEN", Some(wegblijven))));
    verzend_een(spel).await?;
    let momenten: Vec<Instant> = inzendingen(&spel.log.alles()).collect();
    match momenten.as_slice() {
        [eerste, tweede, ..] if tweede.duration_since(*eerste) >= wegblijven.mul_f32(0.9) => is_aanvaard(spel),
        [_, _, ..] => gezakt("de client kwam terug voor de tijd die de hub noemde"),
        _ => gezakt("de inzending wordt niet herhaald"),
    }
}

fn inzendingen(regels: &[Regel]) -> impl Iterator<Item = Instant> {
    regels.iter().filter(|regel| matches!(regel.wat, Waarneming::Ingezonden(_))).map(|regel| regel.op)
}

async fn inz_06(spel: &mut Spel) -> Oordeel {
    bij_eerste(spel, Ingreep::verlies);
    let bericht = verzend_een(spel).await?;
    match bewijzen(spel, &bericht) {
        0 | 1 => Ok(()),
        keer => gezakt(format!("het ontvangstbewijs is {keer} keer gemeld")),
    }
}

/// The hub refuses for good: one submission, and people are told why.
async fn geweigerd(spel: &mut Spel, weigering: Status, reden: Option<&str>) -> Oordeel {
    spel.toneel.voorkant.bij(Methode::Submit, move |_| Ingreep::weiger(weigering.clone()));
    let bericht = spel.uitgaand()?;
    spel.start_verzending(std::slice::from_ref(&bericht))?;
    let anders = "de weigering wordt niet gemeld";
    let gemeld = spel
        .tot(anders, |regels| {
            let gemeld = meldingen(regels).find_map(|melding| match melding {
                Melding::Geweigerd { bericht_id, reden } if *bericht_id == bericht.bericht_id => Some(Some(reden.clone())),
                _ => None,
            });
            // Who repeats it will not report it any more.
            if inzendingen(regels).count() > 1 { Some(None) } else { gemeld }
        })
        .await?;
    match (gemeld, reden) {
        (None, _) => gezakt("wat geweigerd is, wordt herhaald"),
        (Some(gemeld), Some(reden)) if gemeld != reden => gezakt(format!("gemeld is een andere reden dan {reden}")),
        _ => Ok(()),
    }
}

async fn inz_07(spel: &mut Spel) -> Oordeel {
    geweigerd(spel, status(Code::InvalidArgument, "ONGELDIGE_INHOUD", None), Some("ONGELDIGE_INHOUD")).await
}

async fn inz_08(spel: &mut Spel) -> Oordeel {
    geweigerd(spel, status(Code::PermissionDenied, "ROL_MAG_NIET_VERZENDEN", None), Some("ROL_MAG_NIET_VERZENDEN")).await
}

async fn inz_09(spel: &mut Spel) -> Oordeel {
    geweigerd(spel, status(Code::FailedPrecondition, "MAATREGEL_BEEINDIGD", None), Some("MAATREGEL_BEEINDIGD")).await
}

async fn inz_10(spel: &mut Spel) -> Oordeel {
    geweigerd(spel, Status::not_found("not found"), None).await
}

/// Two messages to submit one after the other.
fn twee(spel: &Spel) -> Result<[Bericht; 2], Afkeuring> {
    let eerste = spel.uitgaand()?;
    let tweede = nog_een(&eerste, &spel.toneel.clock);
    Ok([eerste, tweede])
}

async fn inz_11(spel: &mut Spel) -> Oordeel {
    let [eerste, tweede] = twee(spel)?;
    let adem = spel.tijden.adem;
    bij_eerste(spel, move || Ingreep::weiger(status(Code::Unavailable, "HUB_STOPT", Some(adem))));
    spel.verzend(&[eerste.clone(), tweede.clone()]).await?;
    let ingezonden: Vec<_> = spel.ingezonden().into_iter().map(|bericht| bericht.bericht_id).collect();
    let laatste_eerste = ingezonden.iter().rposition(|id| *id == eerste.bericht_id);
    let eerste_tweede = ingezonden.iter().position(|id| *id == tweede.bericht_id);
    match (laatste_eerste, eerste_tweede) {
        (Some(voor), Some(na)) if voor < na => Ok(()),
        (_, None) => gezakt("het tweede bericht is niet ingezonden"),
        _ => gezakt("het tweede bericht is ingezonden voordat het eerste was aanvaard"),
    }
}

async fn inz_12(spel: &mut Spel) -> Oordeel {
    let traag = spel.tijden.stilte;
    bij_eerste(spel, move || Ingreep { wacht: traag, ..Ingreep::geen() });
    let bericht = verzend_een(spel).await?;
    steeds_hetzelfde(spel, &bericht)
}

async fn inz_13(spel: &mut Spel) -> Oordeel {
    let beide = twee(spel)?;
    bij_eerste(spel, || Ingreep::weiger(status(Code::InvalidArgument, "ONGELDIGE_INHOUD", None)));
    spel.verzend(&beide).await?;
    let ingezonden = spel.ingezonden().iter().any(|bericht| *bericht == beide[1]);
    if ingezonden { is_aanvaard(spel) } else { gezakt("het tweede bericht is niet ingezonden") }
}

/// Submits for the client, as if it had done so before.
async fn eerder_ingezonden(spel: &Spel, bericht: &Bericht) -> Result<Receipt, Afkeuring> {
    Ok(spel.toneel.dien_in(spel.toneel.speler(), bericht).await?)
}

async fn afw_01(spel: &mut Spel) -> Oordeel {
    let toen = spel.uitgaand()?;
    eerder_ingezonden(spel, &toen).await?;
    let nu = Bericht { bericht_id: toen.bericht_id.clone(), ..anders(spel)? };
    spel.verzend(std::slice::from_ref(&nu)).await?;
    if spel.ingezonden().iter().any(|bericht| bericht.bericht_id != toen.bericht_id) {
        return gezakt("het bericht is onder een ander bericht_id ingezonden");
    }
    let gezocht = Melding::Geweigerd { bericht_id: toen.bericht_id, reden: "BERICHT_ID_MET_ANDERE_INHOUD".to_owned() };
    if spel.gemeld(|melding| *melding == gezocht) > 0 { Ok(()) } else { gezakt("de weigering is niet gemeld") }
}

/// Content that differs from what the role submits otherwise.
fn anders(spel: &Spel) -> Result<Bericht, Afkeuring> {
    match spel.toneel.uitgaand_anders()? {
        Some(bericht) => Ok(bericht),
        None => Err(Afkeuring::NietVanToepassing("deze rol zendt niets in".to_owned())),
    }
}

async fn afw_02(spel: &mut Spel) -> Oordeel {
    let bericht = spel.uitgaand()?;
    let toen = eerder_ingezonden(spel, &bericht).await?;
    spel.verzend(std::slice::from_ref(&bericht)).await?;
    let gezocht = Melding::Ontvangstbewijs { bericht_id: bericht.bericht_id, volgnummer: toen.volgnummer };
    if spel.gemeld(|melding| *melding == gezocht) > 0 { Ok(()) } else { gezakt("het ontvangstbewijs van toen is niet gemeld") }
}

/// An answer with a receipt that proves nothing about the message: the client calls people and says that it has none.
async fn geen_bewijs(spel: &mut Spel, bericht: &Bericht) -> Oordeel {
    spel.start_verzending(std::slice::from_ref(bericht))?;
    let alarm = Melding::Alarm("ONTVANGSTBEWIJS".to_owned());
    spel.tot("de client meldt geen ALARM ONTVANGSTBEWIJS", |regels| {
        let klaar = regels.iter().any(|regel| regel.wat == Waarneming::Klaar);
        (klaar || meldingen(regels).any(|melding| *melding == alarm)).then_some(())
    })
    .await?;
    if bewijzen(spel, bericht) > 0 {
        return gezakt("een ontvangstbewijs dat niets bewijst, is aangenomen");
    }
    if spel.gemeld(|melding| *melding == alarm) > 0 { Ok(()) } else { gezakt("de client meldt geen ALARM ONTVANGSTBEWIJS") }
}

async fn bws_01(spel: &mut Spel) -> Oordeel {
    let bericht = spel.uitgaand()?;
    spel.toneel.voorkant.bij(Methode::Submit, |_| {
        Ingreep::verander(|antwoord| {
            let Ok(mut antwoord) = SubmitResponse::decode(antwoord) else { return bytes::Bytes::new() };
            if let Some(ondertekening) = antwoord.receipt.as_mut().and_then(|receipt| receipt.ondertekening.as_mut()) {
                let mut handtekening = ondertekening.handtekening.to_vec();
                handtekening.iter_mut().take(1).for_each(|byte| *byte ^= 1);
                ondertekening.handtekening = handtekening.into();
            }
            antwoord.encode_to_vec().into()
        })
    });
    geen_bewijs(spel, &bericht).await
}

async fn bws_02(spel: &mut Spel) -> Oordeel {
    let eerder = eerder_ingezonden(spel, &spel.uitgaand()?).await?;
    let bericht = spel.uitgaand()?;
    spel.toneel.voorkant.bij(Methode::Submit, move |_| {
        let antwoord = raw::SubmitResponse { receipt: Some(eerder.encode_to_vec().into()) };
        Ingreep::verander(move |_| antwoord.encode_to_vec().into())
    });
    geen_bewijs(spel, &bericht).await
}

async fn bws_03(spel: &mut Spel) -> Oordeel {
    let gis = [("00000099020000001000", "00000099020000004000")];
    let bericht = maak(berichten::UITSPRAAK, &spel.toneel.clock, &gis)?;
    spel.verzend(std::slice::from_ref(&bericht)).await?;
    let gezocht = Melding::Waarschuwing { bericht_id: bericht.bericht_id, waarschuwing: "WAARSCHUWING_GI_NIET_BEVOEGD".to_owned() };
    if spel.gemeld(|melding| *melding == gezocht) > 0 { Ok(()) } else { gezakt("de waarschuwing is niet gemeld") }
}
