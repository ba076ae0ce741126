//! What a client does with deliveries: all of them, in order, once, and confirmed when they are processed and not before. Nothing breaks
//! here.

use std::sync::{Arc, Mutex, PoisonError};

use jeugdketen_proto::raw;
use jeugdketen_proto::v1::RedenNietZichtbaar;
use tonic::Status;

use super::geval;
use crate::conform::logboek::{Regel, Waarneming};
use crate::conform::spel::{Oordeel, Spel, gezakt, hoogste_bevestiging, is_verwerkt, nvt, vragen};
use crate::conform::voorkant::{Ingreep, Methode, Stap};
use crate::conform::{ALLE, Geval};

pub(super) const GEVALLEN: &[Geval] = &[
    geval!(
        "ONT-01",
        Verplicht,
        ALLE,
        false,
        "De client haalt op wat er al lag voordat hij verbond.",
        "Drie berichten gaan in het postvak voordat de client start.",
        "Alle drie worden verwerkt, in volgorde, zonder dat er een nieuw bericht bij komt.",
        "exchange_service.proto: SubscribeRequest.na",
        ont_01
    ),
    geval!(
        "ONT-02",
        Verplicht,
        ALLE,
        true,
        "De client verwerkt elke soort bericht die zijn rol kan krijgen.",
        "Terwijl de client verbonden is, komt van elke andere soort een bericht.",
        "Elk wordt verwerkt.",
        "bericht.proto: Bericht.inhoud; privacy-matrix",
        ont_02
    ),
    geval!(
        "ONT-03",
        Verplicht,
        ALLE,
        true,
        "Een hartslag is geen levering.",
        "Twee hartslagen in een leeg postvak, daarna een bericht.",
        "Er wordt niets verwerkt of bevestigd bij de hartslagen; het bericht wordt verwerkt.",
        "exchange_service.proto: Hartslag",
        ont_03
    ),
    geval!(
        "VOL-01",
        Verplicht,
        ALLE,
        true,
        "Leveringen worden verwerkt in de volgorde van hun postvaknummer.",
        "Zes berichten komen kort na elkaar.",
        "Zes verwerkingen, in volgorde van nummer.",
        "exchange_service.proto: Levering.postvaknummer",
        vol_01
    ),
    geval!(
        "DUB-01",
        Verplicht,
        ALLE,
        true,
        "Een levering die meteen wordt herhaald, wordt één keer verwerkt.",
        "De laatste van twee leveringen komt direct nog eens op dezelfde stroom.",
        "Elk bericht wordt één keer verwerkt.",
        "contract §4: delivery at-least-once, effectively once",
        dub_01
    ),
    geval!(
        "DUB-02",
        Verplicht,
        ALLE,
        true,
        "Wat voor een breuk was verwerkt en niet bevestigd, wordt daarna niet nog eens verwerkt.",
        "Twee leveringen; bij de bevestiging breekt de verbinding, en daarna komen ze opnieuw.",
        "Elk bericht wordt één keer verwerkt, en alsnog bevestigd.",
        "contract §4: delivery at-least-once, effectively once",
        dub_02
    ),
    geval!(
        "DUB-03",
        Verplicht,
        ALLE,
        true,
        "Een oude levering die lang na haar bevestiging terugkomt, wordt niet nog eens verwerkt.",
        "Na drie bevestigde leveringen komt de eerste nog eens, en dan een nieuwe.",
        "De oude wordt overgeslagen, de nieuwe verwerkt.",
        "contract §4: delivery at-least-once, effectively once",
        dub_03
    ),
    geval!(
        "DUB-04",
        Verplicht,
        ALLE,
        true,
        "Hetzelfde bericht_id van twee afzenders is twee berichten.",
        "Twee afzenders kiezen hetzelfde bericht_id.",
        "Beide worden verwerkt.",
        "bericht.proto: bericht_id is uniek per afzender",
        dub_04
    ),
    geval!(
        "BEV-01",
        Verplicht,
        ALLE,
        false,
        "De client bevestigt wat hij heeft verwerkt.",
        "Zeven berichten worden geleverd.",
        "Er komt een bevestiging tot en met het laatste.",
        "exchange_service.proto: Acknowledge, het moment van ontvangst",
        bev_01
    ),
    geval!(
        "BEV-02",
        Verplicht,
        ALLE,
        false,
        "De client bevestigt nooit meer dan hij heeft gekregen.",
        "Van drie berichten wordt er één geleverd; de andere komen pas later.",
        "Zolang alleen het eerste er is, gaat geen bevestiging daarbovenuit.",
        "exchange_service.proto: AcknowledgeRequest.tot_en_met",
        bev_02
    ),
    geval!(
        "BEV-03",
        Verplicht,
        ALLE,
        true,
        "De client verwerkt eerst en bevestigt daarna.",
        "Eén bericht wordt geleverd.",
        "Als de bevestiging komt, is de verwerking gemeld.",
        "contract §4: wat bevestigd is, is niet verloren",
        bev_03
    ),
    geval!(
        "BEV-04",
        Verplicht,
        ALLE,
        false,
        "Een bevestiging die niet aankwam, wordt herhaald.",
        "De eerste bevestiging wordt beantwoord met UNAVAILABLE; er komt geen nieuw bericht.",
        "De client bevestigt nog eens.",
        "architecture: errors, UNAVAILABLE met RetryInfo",
        bev_04
    ),
    geval!(
        "BEV-05",
        Verplicht,
        ALLE,
        true,
        "Gaat het antwoord op een bevestiging verloren, dan wordt er niets dubbel verwerkt.",
        "De bevestiging komt aan, maar de verbinding breekt voor het antwoord; daarna komt een nieuw bericht.",
        "Het oude bericht wordt één keer verwerkt, het nieuwe ook.",
        "contract §4: herhalen is veilig",
        bev_05
    ),
    geval!(
        "GAT-01",
        Verplicht,
        ALLE,
        false,
        "Een gat in de nummers wordt gezien.",
        "De middelste van drie leveringen blijft de eerste keer weg.",
        "De client gaat terug naar het laatste nummer dat hij had en verwerkt alle drie; de derde wordt niet bevestigd zolang de tweede ontbreekt.",
        "exchange_service.proto: nummers zonder gaten",
        gat_01
    ),
    geval!(
        "GAT-02",
        Verplicht,
        ALLE,
        false,
        "Een hartslag met een hoger nummer dan het laatste ontvangen bericht is een gat.",
        "Een levering blijft weg; de hartslag noemt haar nummer.",
        "De client vraagt zijn postvak opnieuw op en verwerkt haar.",
        "exchange_service.proto: Hartslag.laatste_postvaknummer",
        gat_02
    ),
    geval!(
        "GAT-03",
        Verplicht,
        ALLE,
        false,
        "Een nummer zonder bericht is geen gat.",
        "Van drie leveringen is de tweede niet meer zichtbaar: de relatie is beëindigd.",
        "De derde wordt verwerkt en alles wordt bevestigd.",
        "exchange_service.proto: RedenNietZichtbaar",
        gat_03
    ),
    geval!(
        "GAT-04",
        Verplicht,
        ALLE,
        false,
        "Een reden waarom er niets te zien is, die de client niet kent, houdt hem niet op.",
        "Van twee leveringen toont de eerste niets, met een reden uit een nieuwer contract.",
        "De tweede wordt verwerkt en bevestigd.",
        "exchange_service.proto: RedenNietZichtbaar; proto3: onbekende enum-waarden",
        gat_04
    ),
];

async fn ont_01(spel: &mut Spel) -> Oordeel {
    let drie = spel.zet(3).await?;
    spel.ontvang().await?;
    for een in &drie {
        spel.verwerkt(een.nummer).await?;
    }
    spel.een_keer_in_volgorde(&drie)
}

async fn ont_02(spel: &mut Spel) -> Oordeel {
    let soorten = spel.toneel.andere_soorten()?;
    if soorten.is_empty() {
        return nvt("deze rol krijgt maar één soort bericht");
    }
    spel.ontvang().await?;
    let mut alle = Vec::new();
    for (van, bericht) in soorten {
        alle.push(spel.toneel.verzend(van, bericht).await?);
    }
    for een in &alle {
        spel.verwerkt(een.nummer).await?;
    }
    spel.een_keer_in_volgorde(&alle)
}

async fn ont_03(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    abonneert(spel)?;
    for _ in 0..2 {
        spel.toneel.voorkant.stuur(Stap::hartslag(spel.begin, &spel.toneel.clock)).await;
    }
    let een = spel.zet_een().await?;
    spel.verwerkt(een.nummer).await?;
    match spel.verwerkte() {
        gedaan if gedaan == [een.nummer] => Ok(()),
        gedaan => gezakt(format!("{} verwerkingen bij één bericht", gedaan.len())),
    }
}

/// Some cases are about a stream; a client that only fetches pages has none.
pub(super) fn abonneert(spel: &Spel) -> Oordeel {
    let op_stroom = |regel: &Regel| matches!(regel.wat, Waarneming::Abonnement(_));
    if spel.log.alles().iter().any(op_stroom) { Ok(()) } else { nvt("de client haalt pagina's op en houdt geen stroom open") }
}

async fn vol_01(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    let zes = spel.zet(6).await?;
    for een in &zes {
        spel.verwerkt(een.nummer).await?;
    }
    spel.een_keer_in_volgorde(&zes)
}

async fn dub_01(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    let tweede = spel.begin + 2;
    spel.toneel.voorkant.bij_levering(move |levering| {
        let keer = if levering.postvaknummer == tweede { 2 } else { 1 };
        vec![Stap::levering(&levering); keer]
    });
    let mut alle = spel.zet(2).await?;
    spel.verwerkt(tweede).await?;
    // When a later one has been processed, what became of the repetition is known.
    alle.push(spel.zet_een().await?);
    spel.verwerkt(tweede + 1).await?;
    spel.een_keer_in_volgorde(&alle)
}

async fn dub_02(spel: &mut Spel) -> Oordeel {
    let begin = spel.begin;
    spel.toneel.voorkant.bij(Methode::Acknowledge, |oproep| match oproep.nr {
        // Not even the hub hears of it.
        0 => Ingreep { vraag: Some(bytes::Bytes::new()), ..Ingreep::verlies() },
        _ => Ingreep::geen(),
    });
    spel.toneel.voorkant.bij_cursor(move |nr, na| if nr == 1 { Some(begin) } else { na });
    spel.ontvang().await?;
    let mut alle = spel.zet(2).await?;
    spel.vraagt_weer(2).await?;
    alle.push(spel.zet_een().await?);
    spel.verwerkt(begin + 3).await?;
    spel.een_keer_in_volgorde(&alle)?;
    spel.bevestigd(begin + 3).await
}

async fn dub_03(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    let (vierde, mut eerste) = (spel.begin + 4, None);
    spel.toneel.voorkant.bij_levering(move |levering| {
        let stap = Stap::levering(&levering);
        let eerste = eerste.get_or_insert_with(|| stap.clone());
        if levering.postvaknummer == vierde { vec![eerste.clone(), stap] } else { vec![stap] }
    });
    let mut alle = spel.zet(3).await?;
    spel.bevestigd(spel.begin + 3).await?;
    alle.push(spel.zet_een().await?);
    spel.verwerkt(vierde).await?;
    spel.een_keer_in_volgorde(&alle)
}

async fn dub_04(spel: &mut Spel) -> Oordeel {
    let Some((ander, mut bericht)) = spel.toneel.van_een_ander()? else { return nvt("deze rol hoort maar één afzender") };
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    bericht.bericht_id.clone_from(&een.bericht.bericht_id);
    let twee = spel.toneel.verzend(ander, bericht).await?;
    let drie = spel.zet_een().await?;
    spel.verwerkt(drie.nummer).await?;
    spel.een_keer_in_volgorde(&[een, twee, drie])
}

async fn bev_01(spel: &mut Spel) -> Oordeel {
    spel.ontvang().await?;
    spel.zet(7).await?;
    spel.bevestigd(spel.begin + 7).await
}

async fn bev_02(spel: &mut Spel) -> Oordeel {
    let (eerste, opgehouden) = (spel.begin + 1, Arc::new(Mutex::new(Some(Vec::new()))));
    let hier = Arc::clone(&opgehouden);
    spel.toneel.voorkant.bij_levering(move |levering| {
        let mut hier = hier.lock().unwrap_or_else(PoisonError::into_inner);
        match hier.as_mut().filter(|_| levering.postvaknummer > eerste) {
            Some(opgehouden) => {
                opgehouden.push(Stap::levering(&levering));
                Vec::new()
            }
            None => vec![Stap::levering(&levering)],
        }
    });
    spel.ontvang().await?;
    let drie = spel.zet(3).await?;
    spel.verwerkt(eerste).await?;
    // Whoever confirms what is in the mailbox, and not what came, does so now.
    spel.stilte("bevestigd is meer dan er is geleverd", |regels| hoogste_bevestiging(regels) > eerste).await?;
    let opgehouden = opgehouden.lock().unwrap_or_else(PoisonError::into_inner).take();
    for stap in opgehouden.unwrap_or_default() {
        spel.toneel.voorkant.stuur(stap).await;
    }
    spel.verwerkt(eerste + 2).await?;
    spel.een_keer_in_volgorde(&drie)
}

async fn bev_03(spel: &mut Spel) -> Oordeel {
    let stilte = spel.tijden.stilte;
    // Who processes after the answer has not done so while it waits for one.
    spel.toneel.voorkant.bij(Methode::Acknowledge, move |_| Ingreep { wacht: stilte, ..Ingreep::geen() });
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    spel.bevestigd(een.nummer).await?;
    // A line on standard output may be a moment behind a call over the network.
    let gemeld = spel.log.tot(stilte / 2, |regels| is_verwerkt(regels, een.nummer).then_some(())).await;
    if gemeld.is_some() { Ok(()) } else { gezakt("er is bevestigd voordat er was verwerkt") }
}

async fn bev_04(spel: &mut Spel) -> Oordeel {
    spel.toneel.voorkant.bij(Methode::Acknowledge, |oproep| match oproep.nr {
        0 => Ingreep::weiger(Status::unavailable("come back in a moment")),
        _ => Ingreep::geen(),
    });
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    let bevestigingen = |regels: &[Regel]| regels.iter().filter(|regel| regel.wat == Waarneming::Bevestigd(een.nummer)).count();
    spel.tot("de bevestiging wordt niet herhaald", |regels| (bevestigingen(regels) >= 2).then_some(())).await
}

async fn bev_05(spel: &mut Spel) -> Oordeel {
    spel.toneel.voorkant.bij(Methode::Acknowledge, |oproep| match oproep.nr {
        0 => Ingreep::verlies(),
        _ => Ingreep::geen(),
    });
    spel.ontvang().await?;
    let een = spel.zet_een().await?;
    spel.vraagt_weer(2).await?;
    let twee = spel.zet_een().await?;
    spel.verwerkt(twee.nummer).await?;
    spel.een_keer_in_volgorde(&[een, twee])
}

/// Lets one number stay away the first time it should be delivered.
fn houd_weg(spel: &Spel, nummer: u64) {
    let mut geweest = false;
    spel.toneel.voorkant.bij_levering(move |levering| {
        if levering.postvaknummer == nummer && !std::mem::replace(&mut geweest, true) {
            return Vec::new();
        }
        vec![Stap::levering(&levering)]
    });
}

async fn gat_01(spel: &mut Spel) -> Oordeel {
    let tweede = spel.begin + 2;
    houd_weg(spel, tweede);
    spel.ontvang().await?;
    let drie = spel.zet(3).await?;
    let terug = |regels: &[Regel]| vragen(regels).count() >= 2;
    let bevestigd = |regels: &[Regel]| hoogste_bevestiging(regels) > tweede;
    spel.tot("het gat wordt niet gezien", |regels| (terug(regels) || bevestigd(regels)).then_some(())).await?;
    if bevestigd(&spel.log.alles()) {
        return gezakt("bevestigd is over het gat heen");
    }
    spel.verwerkt(tweede + 1).await?;
    spel.een_keer_in_volgorde(&drie)
}

async fn gat_02(spel: &mut Spel) -> Oordeel {
    houd_weg(spel, spel.begin + 2);
    spel.ontvang().await?;
    abonneert(spel)?;
    let twee = spel.zet(2).await?;
    spel.verwerkt(spel.begin + 1).await?;
    spel.toneel.voorkant.stuur(Stap::hartslag(spel.begin + 2, &spel.toneel.clock)).await;
    spel.verwerkt(spel.begin + 2).await?;
    spel.een_keer_in_volgorde(&twee)
}

/// Shows nothing under a number.
pub(super) fn toon_niets(spel: &Spel, nummer: u64, reden: i32) {
    spel.toneel.voorkant.bij_levering(move |mut levering| {
        if levering.postvaknummer == nummer {
            levering.inhoud = Some(raw::Inhoud::NietZichtbaar(reden));
            levering.bewijs = None;
        }
        vec![Stap::levering(&levering)]
    });
}

async fn gat_03(spel: &mut Spel) -> Oordeel {
    toon_niets(spel, spel.begin + 2, RedenNietZichtbaar::RelatieBeeindigd.into());
    spel.ontvang().await?;
    spel.zet(3).await?;
    spel.verwerkt(spel.begin + 3).await?;
    spel.bevestigd(spel.begin + 3).await
}

async fn gat_04(spel: &mut Spel) -> Oordeel {
    toon_niets(spel, spel.begin + 1, 77);
    spel.ontvang().await?;
    spel.zet(2).await?;
    spel.verwerkt(spel.begin + 2).await?;
    spel.bevestigd(spel.begin + 2).await
}
