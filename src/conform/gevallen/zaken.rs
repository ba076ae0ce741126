//! What messages say of each other, and what proves itself: corrections, withdrawals, late ones, views that were tampered with.

use std::sync::Arc;

use chrono::TimeDelta;
use jeugdketen_proto::raw;
use jeugdketen_proto::v1::{Bericht, Correctie, RedenCorrectie, RedenNietZichtbaar, Veldbewijs};
use prost::Message as _;
use uuid::{NoContext, Timestamp, Uuid};

use super::geval;
use super::levering::toon_niets;
use crate::conform::logboek::Melding;
use crate::conform::spel::{Oordeel, Spel, gezakt, is_verwerkt, meldingen};
use crate::conform::toneel::Verzonden;
use crate::conform::voorkant::Stap;
use crate::conform::{ALLE, Geval};
use crate::receipt::{Sleutel, herkomst_bewijs};

pub(super) const GEVALLEN: &[Geval] = &[
    geval!(
        "COR-01",
        Verplicht,
        ALLE,
        true,
        "Een correctie komt in de plaats van het bericht dat zij noemt.",
        "Een bericht wordt geleverd, en daarna zijn correctie.",
        "De client meldt CORRIGEERT met beide bericht_id's.",
        "bericht.proto: Correctie",
        cor_01
    ),
    geval!(
        "COR-02",
        Verplicht,
        ALLE,
        true,
        "Ook een tweede correctie telt; zij noemt het oorspronkelijke bericht.",
        "Een bericht wordt twee keer gecorrigeerd.",
        "De client meldt beide correcties.",
        "bericht.proto: Correctie.betreft_bericht_id",
        cor_02
    ),
    geval!(
        "COR-03",
        Verplicht,
        ALLE,
        false,
        "Een correctie van een bericht dat de client nooit zag, houdt hem niet op.",
        "Het oorspronkelijke bericht wordt niet getoond; dan volgen de correctie en een ander bericht.",
        "Het volgende bericht wordt verwerkt en alles wordt bevestigd.",
        "bericht.proto: Correctie; exchange_service.proto: RedenNietZichtbaar",
        cor_03
    ),
    geval!(
        "INT-01",
        Verplicht,
        ALLE,
        true,
        "Een ingetrokken bericht telt niet meer.",
        "Een bericht wordt geleverd, en daarna zijn intrekking.",
        "De client meldt TREKT_IN met beide bericht_id's.",
        "bericht.proto: Intrekking",
        int_01
    ),
    geval!(
        "INT-02",
        Verplicht,
        ALLE,
        false,
        "Een intrekking van een bericht dat de client nooit zag, houdt hem niet op.",
        "Het oorspronkelijke bericht wordt niet getoond; dan volgen de intrekking en een ander bericht.",
        "Het volgende bericht wordt verwerkt en alles wordt bevestigd.",
        "bericht.proto: Intrekking",
        int_02
    ),
    geval!(
        "INT-03",
        Verplicht,
        ALLE,
        true,
        "Een intrekking die wordt herhaald, wordt één keer uitgevoerd.",
        "De levering van de intrekking komt twee keer.",
        "De client meldt niet vaker dan één keer TREKT_IN.",
        "contract §4: effectively once",
        int_03
    ),
    geval!(
        "LAAT-01",
        Verplicht,
        ALLE,
        true,
        "Een bericht dat lang onderweg was, wordt verwerkt als elk ander.",
        "Van een levering ligt aangeboden_op drie weken terug.",
        "Zij wordt verwerkt.",
        "contract §4: nothing undelivered is ever dropped",
        laat_01
    ),
    geval!(
        "LAAT-02",
        Verplicht,
        ALLE,
        true,
        "De volgorde is die van het postvak, niet die van de bericht_id's.",
        "Na een bericht van nu komt er een waarvan het bericht_id een maand ouder is.",
        "Beide worden verwerkt.",
        "exchange_service.proto: Levering.postvaknummer",
        laat_02
    ),
    geval!(
        "LAAT-03",
        Verplicht,
        ALLE,
        true,
        "Een omgeleid bericht, dat eerder was aangeboden dan zijn voorganger, wordt verwerkt.",
        "Van de tweede levering ligt aangeboden_op voor die van de eerste.",
        "Beide worden verwerkt, in volgorde van nummer.",
        "contract §1: een opvolger neemt het postvak over",
        laat_03
    ),
    geval!(
        "BEW-01",
        Aanbevolen,
        ALLE,
        true,
        "Een bericht waar iets aan is veranderd, wordt niet voor echt aangezien.",
        "Onderweg wordt van een bericht een correctie gemaakt; het bewijs blijft staan.",
        "De client meldt ALARM BEWIJS en verwerkt het niet.",
        "decision 0010: field commitments",
        bew_01
    ),
    geval!(
        "BEW-02",
        Aanbevolen,
        ALLE,
        true,
        "Een bericht onder de naam van een ander wordt niet voor echt aangezien.",
        "De levering noemt een andere afzender dan het bewijs.",
        "De client meldt ALARM BEWIJS en verwerkt het niet.",
        "decision 0010: Herkomst.afzender_oin",
        bew_02
    ),
    geval!(
        "BEW-03",
        Aanbevolen,
        ALLE,
        true,
        "Een bewijs van een andere sleutel dan die van de hub geldt niet.",
        "De herkomst is met een vreemde sleutel ondertekend.",
        "De client meldt ALARM BEWIJS en verwerkt het niet.",
        "receipt.proto: Ondertekening",
        bew_03
    ),
];

async fn meldt_correctie(spel: &Spel, correctie: &Verzonden, van: &Verzonden) -> Oordeel {
    let gezocht = Melding::Corrigeert { bericht_id: correctie.bericht.bericht_id.clone(), betreft: van.bericht.bericht_id.clone() };
    spel.tot("de correctie wordt niet als correctie gemeld", |regels| meldingen(regels).any(|m| *m == gezocht).then_some(())).await
}

fn trekt_in(intrekking: &Verzonden, van: &Verzonden) -> Melding {
    Melding::TrektIn { bericht_id: intrekking.bericht.bericht_id.clone(), betreft: van.bericht.bericht_id.clone() }
}

async fn cor_01(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    let correctie = spel.corrigeer(&een).await?;
    meldt_correctie(spel, &correctie, &een).await
}

async fn cor_02(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    let (eerste, tweede) = (spel.corrigeer(&een).await?, spel.corrigeer(&een).await?);
    meldt_correctie(spel, &eerste, &een).await?;
    meldt_correctie(spel, &tweede, &een).await
}

async fn cor_03(spel: &mut Spel) -> Oordeel {
    toon_niets(spel, spel.begin + 1, RedenNietZichtbaar::Vernietigd.into());
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    spel.corrigeer(&een).await?;
    gaat_verder(spel).await
}

async fn int_02(spel: &mut Spel) -> Oordeel {
    toon_niets(spel, spel.begin + 1, RedenNietZichtbaar::Vernietigd.into());
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    spel.trek_in(&een).await?;
    gaat_verder(spel).await
}

async fn gaat_verder(spel: &Spel) -> Oordeel {
    let volgende = spel.zet_een().await?;
    spel.verwerkt(volgende.nummer).await?;
    spel.bevestigd(volgende.nummer).await
}

async fn int_01(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    let intrekking = spel.trek_in(&een).await?;
    let gezocht = trekt_in(&intrekking, &een);
    spel.tot("de intrekking wordt niet als intrekking gemeld", |regels| meldingen(regels).any(|m| *m == gezocht).then_some(())).await
}

async fn int_03(spel: &mut Spel) -> Oordeel {
    let tweede = spel.begin + 2;
    spel.toneel.voorkant.bij_levering(move |levering| {
        let keer = if levering.postvaknummer == tweede { 2 } else { 1 };
        vec![Stap::levering(&levering); keer]
    });
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    let intrekking = spel.trek_in(&een).await?;
    let volgende = spel.zet_een().await?;
    spel.verwerkt(volgende.nummer).await?;
    let gezocht = trekt_in(&intrekking, &een);
    match spel.gemeld(|melding| *melding == gezocht) {
        0 | 1 => Ok(()),
        keer => gezakt(format!("de intrekking is {keer} keer uitgevoerd")),
    }
}

/// Offers one number earlier than it was.
fn eerder(spel: &Spel, nummer: u64, seconden: i64) {
    spel.toneel.voorkant.bij_levering(move |mut levering| {
        if let (true, Some(op)) = (levering.postvaknummer == nummer, levering.aangeboden_op.as_mut()) {
            op.seconds -= seconden;
        }
        vec![Stap::levering(&levering)]
    });
}

async fn laat_01(spel: &mut Spel) -> Oordeel {
    eerder(spel, spel.begin + 1, 21 * 86_400);
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    spel.verwerkt(een.nummer).await
}

async fn laat_02(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    let (van, bericht) = spel.toneel.binnenkomend()?;
    let toen = spel.toneel.clock.now() - TimeDelta::days(30);
    let ouder = Uuid::new_v7(Timestamp::from_unix(NoContext, toen.timestamp().unsigned_abs(), 0));
    let oud = spel.toneel.verzend(van, Bericht { bericht_id: ouder.to_string(), ..bericht }).await?;
    let drie = spel.zet_een().await?;
    spel.verwerkt(drie.nummer).await?;
    spel.een_keer_in_volgorde(&[een, oud, drie])
}

async fn laat_03(spel: &mut Spel) -> Oordeel {
    eerder(spel, spel.begin + 2, 3600);
    spel.ontvang().await?;
    let drie = spel.zet(3).await?;
    spel.verwerkt(spel.begin + 3).await?;
    spel.een_keer_in_volgorde(&drie)
}

/// Tampers with a delivery that has a proof; the client must call people and not process it.
async fn knoei(spel: &mut Spel, mut knoei: impl FnMut(&mut raw::Levering) -> Option<()> + Send + 'static) -> Oordeel {
    spel.toneel.voorkant.bij_levering(move |mut levering| {
        // What cannot be tampered with is withheld: then the client has nothing to call people for, and the case does not succeed.
        knoei(&mut levering).map_or_else(Vec::new, |()| vec![Stap::levering(&levering)])
    });
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    let verwerkt = spel
        .tot("de client meldt geen ALARM BEWIJS", |regels| {
            let alarm = meldingen(regels).any(|melding| *melding == Melding::Alarm("BEWIJS".to_owned()));
            let verwerkt = is_verwerkt(regels, een.nummer);
            (alarm || verwerkt).then_some(verwerkt)
        })
        .await?;
    if verwerkt { gezakt("verwerkt is wat niet echt is") } else { Ok(()) }
}

async fn bew_01(spel: &mut Spel) -> Oordeel {
    let betreft_bericht_id = spel.toneel.clock.new_id().to_string();
    knoei(spel, move |levering| {
        let Some(raw::Inhoud::Bericht(bytes)) = &levering.inhoud else { return None };
        let mut bericht = Bericht::decode(bytes.clone()).ok()?;
        let reden = RedenCorrectie::Registratiefout.into();
        bericht.correctie = Some(Correctie { betreft_bericht_id: betreft_bericht_id.clone(), reden });
        levering.inhoud = Some(raw::Inhoud::Bericht(bericht.encode_to_vec().into()));
        Some(())
    })
    .await
}

async fn bew_02(spel: &mut Spel) -> Oordeel {
    knoei(spel, |levering| {
        let ander = if levering.afzender_oin.ends_with("1000") { "2000" } else { "1000" };
        let begin = levering.afzender_oin.len().checked_sub(4)?;
        levering.afzender_oin.replace_range(begin.., ander);
        Some(())
    })
    .await
}

async fn bew_03(spel: &mut Spel) -> Oordeel {
    let vreemd = Arc::new(Sleutel::nieuw()?);
    knoei(spel, move |levering| {
        let mut bewijs = Veldbewijs::decode(levering.bewijs.clone()?).ok()?;
        let herkomst = bewijs.herkomst.clone()?;
        let mut receipts = [jeugdketen_proto::v1::Receipt {
            afzender_oin: herkomst.afzender_oin,
            bericht_id: herkomst.bericht_id,
            volgnummer: herkomst.volgnummer,
            aanvaard_op: herkomst.aanvaard_op,
            verbintenis: herkomst.verbintenis,
            zaak_geopend: herkomst.zaak_geopend,
            ..Default::default()
        }];
        vreemd.onderteken(&mut receipts);
        let (_, ondertekening) = herkomst_bewijs(&receipts[0])?;
        bewijs.ondertekening = Some(ondertekening);
        levering.bewijs = Some(bewijs.encode_to_vec().into());
        Some(())
    })
    .await
}
