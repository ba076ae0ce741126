//! The cases, in groups. Each says itself what is done and expected; the text of the documentation is here.

mod certificaat;
mod herstel;
mod inzenden;
mod levering;
mod nieuwer;
mod zaken;

use super::Geval;

/// Cases that belong together.
#[derive(Debug)]
pub struct Groep {
    /// What they are about, in Dutch.
    pub titel: &'static str,
    /// They.
    pub gevallen: &'static [Geval],
}

/// Every group, in the order of the documentation.
pub const ALLE_GROEPEN: &[Groep] = &[
    Groep { titel: "Ontvangen, in volgorde, precies één keer", gevallen: levering::GEVALLEN },
    Groep { titel: "Herstellen van een storing", gevallen: herstel::GEVALLEN },
    Groep { titel: "Correctie, intrekking, late levering en bewijs", gevallen: zaken::GEVALLEN },
    Groep { titel: "Een nieuwer contract", gevallen: nieuwer::GEVALLEN },
    Groep { titel: "Het certificaat van de hub", gevallen: certificaat::GEVALLEN },
    Groep { titel: "Inzenden en ontvangstbewijs", gevallen: inzenden::GEVALLEN },
];

/// A case: id, weight, roles, whether it needs a client that does as it is told; four texts; how it is played.
macro_rules! geval {
    ($id:literal, $gewicht:ident, $rollen:expr, $opdracht:expr, $titel:literal, $handeling:literal, $verwacht:literal, $bron:literal, $speel:ident) => {
        crate::conform::Geval {
            id: $id,
            titel: $titel,
            handeling: $handeling,
            verwacht: $verwacht,
            bron: $bron,
            gewicht: crate::conform::Gewicht::$gewicht,
            rollen: $rollen,
            opdracht: $opdracht,
            speel: |spel| Box::pin($speel(spel)),
        }
    };
}

use geval;
