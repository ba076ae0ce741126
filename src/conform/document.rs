//! `docs/conformiteit.md`, made from the table of cases.

use super::bij_hub::HUBGEVALLEN;
use super::gevallen::ALLE_GROEPEN;
use super::spel::rolnaam;
use super::{ALLE, INZENDERS, gevallen};

/// What stands before the tables.
const BEGIN: &str = include_str!("begin.md");

/// The whole text.
pub fn tekst() -> String {
    let aantal = gevallen().count() + HUBGEVALLEN.len();
    let mut uit = BEGIN.replace("{{aantal}}", &aantal.to_string());
    for groep in ALLE_GROEPEN {
        uit.push_str(&format!("\n## {}\n", groep.titel));
        for geval in groep.gevallen {
            let wie = match geval.rollen {
                rollen if rollen == ALLE => "alle rollen".to_owned(),
                rollen if rollen == INZENDERS => "elke rol die inzendt".to_owned(),
                rollen => rollen.iter().map(|rol| rolnaam(*rol)).collect::<Vec<_>>().join(", "),
            };
            let gestart = if geval.opdracht { "; alleen met `--client`" } else { "" };
            uit.push_str(&format!("\n### {}: {}\n\n", geval.id, geval.titel));
            uit.push_str(&format!("- Gedaan: {}\n- Verwacht: {}\n", geval.handeling, geval.verwacht));
            uit.push_str(&format!("- Bron: {}\n- Weegt: {}; voor {wie}{gestart}\n", geval.bron, geval.gewicht.naam()));
        }
    }
    uit.push_str("\n## Tegen een hub\n");
    for geval in HUBGEVALLEN {
        uit.push_str(&format!("\n### {}: {}\n\n", geval.id, geval.titel));
        uit.push_str(&format!("- Gedaan: {}\n- Verwacht: {}\n- Bron: {}\n", geval.handeling, geval.verwacht, geval.bron));
    }
    uit
}
