//! Whether a client looks at the certificate of who says to be the hub. A client that does not, hands a child's file to anybody.

use super::geval;
use crate::conform::logboek::{Regel, Waarneming};
use crate::conform::pki::{Toegang, Vertoon};
use crate::conform::proef::Taak;
use crate::conform::spel::{Oordeel, Spel, gezakt, vragen};
use crate::conform::{ALLE, Geval};

pub(super) const GEVALLEN: &[Geval] = &[
    geval!(
        "CRT-01",
        Verplicht,
        ALLE,
        false,
        "Een verlopen certificaat van de hub wordt geweigerd.",
        "De hub toont een certificaat dat gisteren is verlopen.",
        "De client doet geen enkele aanroep.",
        "threat model: TLS; PKIoverheid",
        crt_01
    ),
    geval!(
        "CRT-02",
        Verplicht,
        ALLE,
        false,
        "Een certificaat van een andere uitgever wordt geweigerd.",
        "De hub toont een certificaat van een CA die de client niet kreeg.",
        "De client doet geen enkele aanroep.",
        "threat model: TLS; PKIoverheid",
        crt_02
    ),
    geval!(
        "CRT-03",
        Verplicht,
        ALLE,
        false,
        "Een certificaat op een andere naam wordt geweigerd.",
        "De hub toont een certificaat voor elders.example.",
        "De client doet geen enkele aanroep.",
        "threat model: TLS; RFC 9525",
        crt_03
    ),
    geval!(
        "CRT-04",
        Verplicht,
        ALLE,
        false,
        "Een certificaat dat nog niet geldt, wordt geweigerd.",
        "De hub toont een certificaat dat pas morgen geldig wordt.",
        "De client doet geen enkele aanroep.",
        "threat model: TLS; RFC 5280",
        crt_04
    ),
    geval!(
        "CRT-05",
        Verplicht,
        ALLE,
        false,
        "Een certificaat dat alleen voor clients is, wordt geweigerd.",
        "De hub toont een certificaat met alleen clientAuth: dat van een deelnemer die zich voor hub uitgeeft.",
        "De client doet geen enkele aanroep.",
        "threat model: TLS; RFC 5280",
        crt_05
    ),
    geval!(
        "CRT-06",
        Aanbevolen,
        ALLE,
        false,
        "Een ingetrokken certificaat van de hub wordt geweigerd.",
        "Het certificaat van de hub staat op de lijst van ingetrokken certificaten die de client kreeg.",
        "De client doet geen enkele aanroep.",
        "threat model: revocation; PKIoverheid",
        crt_06
    ),
    geval!(
        "CRT-07",
        Verplicht,
        ALLE,
        false,
        "Is het certificaat hersteld, dan komt de client uit zichzelf terug.",
        "De hub toont eerst een verkeerd en daarna een goed certificaat.",
        "Het bericht dat wachtte wordt verwerkt.",
        "contract §4: delivery at-least-once",
        crt_07
    ),
];

fn toon(spel: &Spel, vertoon: Vertoon) -> anyhow::Result<()> {
    spel.toneel.voorkant.vertoon(spel.toneel.pki.server(vertoon, Toegang::Certificaat)?);
    Ok(())
}

async fn weigert(spel: &mut Spel, vertoon: Vertoon) -> Oordeel {
    toon(spel, vertoon)?;
    spel.start(Taak::Ontvang)?;
    let belt = |regels: &[Regel]| vragen(regels).next().is_some();
    let kwam = spel
        .tot("de client probeert niet te verbinden", |regels| {
            regels.iter().find(|regel| matches!(regel.wat, Waarneming::HanddrukMislukt(_) | Waarneming::Verbonden)).map(|r| r.wat.clone())
        })
        .await?;
    if kwam == Waarneming::Verbonden {
        // Some look at the name only when the handshake is over, and then say nothing.
        spel.stilte("de client gebruikt een hub met een certificaat dat niet deugt", belt).await?;
    }
    if belt(&spel.log.alles()) { gezakt("de client gebruikt een hub met een certificaat dat niet deugt") } else { Ok(()) }
}

async fn crt_01(spel: &mut Spel) -> Oordeel {
    weigert(spel, Vertoon::Verlopen).await
}

async fn crt_02(spel: &mut Spel) -> Oordeel {
    weigert(spel, Vertoon::VreemdeUitgever).await
}

async fn crt_03(spel: &mut Spel) -> Oordeel {
    weigert(spel, Vertoon::AndereNaam).await
}

async fn crt_04(spel: &mut Spel) -> Oordeel {
    weigert(spel, Vertoon::NogNietGeldig).await
}

async fn crt_05(spel: &mut Spel) -> Oordeel {
    weigert(spel, Vertoon::VerkeerdDoel).await
}

async fn crt_06(spel: &mut Spel) -> Oordeel {
    weigert(spel, Vertoon::Ingetrokken).await
}

async fn crt_07(spel: &mut Spel) -> Oordeel {
    toon(spel, Vertoon::VreemdeUitgever)?;
    spel.start(Taak::Ontvang)?;
    let geprobeerd = |regels: &[Regel]| regels.iter().any(|r| matches!(r.wat, Waarneming::HanddrukMislukt(_) | Waarneming::Verbonden));
    spel.tot("de client probeert niet te verbinden", |regels| geprobeerd(regels).then_some(())).await?;
    let een = spel.zet_een().await?;
    toon(spel, Vertoon::Goed)?;
    spel.verwerkt(een.nummer).await
}
