//! What a client does with a contract that is newer than its own: fields, codes, events and kinds of message that it does not know.

use jeugdketen_proto::raw;
use jeugdketen_proto::v1::Bericht;
use prost::Message as _;
use prost::encoding::{self, WireType};

use super::geval;
use super::inzenden::ontvangt_bewijs;
use super::levering::abonneert;
use crate::conform::logboek::Melding;
use crate::conform::spel::{Oordeel, Spel, gezakt, meldingen, vragen};
use crate::conform::voorkant::{Ingreep, Methode, Stap};
use crate::conform::{ALLE, Geval, INZENDERS};

pub(super) const GEVALLEN: &[Geval] = &[
    geval!(
        "VLD-01",
        Verplicht,
        ALLE,
        false,
        "Een onbekend veld in een bericht houdt de client niet op.",
        "Het bericht heeft een veld van een nieuwer contract.",
        "Het wordt verwerkt en bevestigd.",
        "decision 0001; proto3: onbekende velden",
        vld_01
    ),
    geval!(
        "VLD-02",
        Verplicht,
        ALLE,
        false,
        "Een onbekend veld in een levering houdt de client niet op.",
        "De levering heeft een veld uit de reservering voor wat nog bewezen kan worden.",
        "Zij wordt verwerkt en bevestigd.",
        "exchange_service.proto: Levering, reserved 21 to 29",
        vld_02
    ),
    geval!(
        "VLD-03",
        Verplicht,
        ALLE,
        false,
        "Een rol die de client niet kent, houdt hem niet op.",
        "De afzender heeft een rol uit een nieuwer contract.",
        "De levering wordt verwerkt en bevestigd.",
        "opties.proto: Rol; proto3: onbekende enum-waarden",
        vld_03
    ),
    geval!(
        "VLD-04",
        Verplicht,
        ALLE,
        true,
        "Een soort bericht die de client niet kent, wordt gemeld en houdt hem niet op.",
        "De inhoud van een bericht is een soort uit een nieuwer contract; daarna komt een gewoon bericht.",
        "De client meldt ALARM ONBEKEND en verwerkt het volgende.",
        "bericht.proto: Bericht.inhoud",
        vld_04
    ),
    geval!(
        "VLD-05",
        Verplicht,
        ALLE,
        false,
        "Een gebeurtenis die de client niet kent, wordt overgeslagen.",
        "Op de stroom komt een gebeurtenis uit een nieuwer contract, en dan een bericht.",
        "De client blijft op de stroom en verwerkt het bericht.",
        "exchange_service.proto: SubscribeResponse",
        vld_05
    ),
    geval!(
        "VLD-06",
        Verplicht,
        INZENDERS,
        true,
        "Een onbekend veld in het antwoord op een inzending houdt de client niet op.",
        "Naast het ontvangstbewijs staat een veld van een nieuwer contract.",
        "Het ontvangstbewijs wordt bewaard en gemeld.",
        "exchange_service.proto: SubmitResponse",
        vld_06
    ),
    geval!(
        "VLD-07",
        Verplicht,
        ALLE,
        true,
        "Een code die de client niet kent, houdt hem niet op.",
        "Een correctie komt met een reden uit een nieuwer contract.",
        "De client meldt CORRIGEERT.",
        "bericht.proto: RedenCorrectie; proto3: onbekende enum-waarden",
        vld_07
    ),
];

/// A number that no message of the contract has.
const ONBEKEND: u32 = 999;

fn met_veld(bytes: &[u8], nummer: u32) -> Vec<u8> {
    let mut uit = bytes.to_vec();
    encoding::encode_key(nummer, WireType::Varint, &mut uit);
    encoding::encode_varint(1, &mut uit);
    uit
}

/// Changes what a delivery shows. Its proof is for what the sender wrote under the newer contract: an older reader gets none.
fn verander(spel: &Spel, mut anders: impl FnMut(u64, &[u8]) -> Option<Vec<u8>> + Send + 'static) {
    spel.toneel.voorkant.bij_levering(move |mut levering| {
        let nieuw = match &levering.inhoud {
            Some(raw::Inhoud::Bericht(bytes)) => anders(levering.postvaknummer, bytes),
            _ => None,
        };
        if let Some(nieuw) = nieuw {
            levering.inhoud = Some(raw::Inhoud::Bericht(nieuw.into()));
            levering.bewijs = None;
        }
        vec![Stap::levering(&levering)]
    });
}

async fn een_wordt_verwerkt(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    spel.verwerkt(een.nummer).await?;
    spel.bevestigd(een.nummer).await
}

async fn vld_01(spel: &mut Spel) -> Oordeel {
    verander(spel, |_, bericht| Some(met_veld(bericht, ONBEKEND)));
    een_wordt_verwerkt(spel).await
}

async fn vld_02(spel: &mut Spel) -> Oordeel {
    spel.toneel.voorkant.bij_levering(|levering| vec![Stap::Levering(met_veld(&levering.encode_to_vec(), 21).into())]);
    een_wordt_verwerkt(spel).await
}

async fn vld_03(spel: &mut Spel) -> Oordeel {
    spel.toneel.voorkant.bij_levering(|mut levering| {
        levering.afzender_rol = 99;
        vec![Stap::levering(&levering)]
    });
    een_wordt_verwerkt(spel).await
}

async fn vld_04(spel: &mut Spel) -> Oordeel {
    let eerste = spel.begin + 1;
    verander(spel, move |nummer, bytes| {
        let bericht = Bericht::decode(bytes).ok().filter(|_| nummer == eerste)?;
        let mut nieuw = Bericht { inhoud: None, ..bericht }.encode_to_vec();
        encoding::bytes::encode(40, &vec![8_u8, 1], &mut nieuw);
        Some(nieuw)
    });
    spel.ontvang().await?;
    spel.zet(2).await?;
    spel.verwerkt(eerste + 1).await?;
    spel.alarm("ONBEKEND").await
}

async fn vld_05(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    abonneert(spel)?;
    let mut gebeurtenis = Vec::new();
    encoding::bytes::encode(3, &vec![8_u8, 1], &mut gebeurtenis);
    spel.toneel.voorkant.stuur(Stap::Anders(gebeurtenis.into())).await;
    let een = spel.zet_een().await?;
    spel.verwerkt(een.nummer).await?;
    if vragen(&spel.log.alles()).count() > 1 { gezakt("de client gaf de stroom op") } else { Ok(()) }
}

async fn vld_06(spel: &mut Spel) -> Oordeel {
    let bericht = spel.uitgaand()?;
    spel.toneel.voorkant.bij(Methode::Submit, |_| Ingreep::verander(|antwoord| met_veld(&antwoord, ONBEKEND).into()));
    spel.verzend(std::slice::from_ref(&bericht)).await?;
    ontvangt_bewijs(spel, &bericht)
}

async fn vld_07(spel: &mut Spel) -> Oordeel {
    verander(spel, |_, bytes| {
        let mut bericht = Bericht::decode(bytes).ok()?;
        bericht.correctie.as_mut()?.reden = 9;
        Some(bericht.encode_to_vec())
    });
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    let correctie = spel.corrigeer(&een).await?;
    let gezocht = Melding::Corrigeert { bericht_id: correctie.bericht.bericht_id, betreft: een.bericht.bericht_id };
    spel.tot("de correctie wordt niet gemeld", |regels| meldingen(regels).any(|melding| *melding == gezocht).then_some(())).await
}
