//! The result of a run: dated, signed, and checked again without anything but the file. What is signed are the bytes of the result as they
//! stand in the file. It judges no case.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::loper::{Bevinding, Uitkomst};
use crate::receipt::Sleutel;

/// What is signed begins with this text and one zero byte, so that the key can never be made to sign something else.
const CONTEXT: &[u8] = b"ketenhub-conform-v1\0";

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uitslag {
    /// Version of the kit.
    pub versie: String,
    /// What was tried: `client` or `hub`.
    pub richting: String,
    /// The role, without `ROL_`.
    pub rol: String,
    /// The client or the hub, as it was named on the command line.
    pub beproefd: String,
    /// When the run began, UTC.
    pub begonnen_op: DateTime<Utc>,
    /// Milliseconds that it took.
    pub duur_ms: u64,
    /// Case by case.
    pub bevindingen: Vec<Bevinding>,
}

impl Uitslag {
    /// How many cases ended so.
    pub fn aantal(&self, uitkomst: Uitkomst) -> usize {
        self.bevindingen.iter().filter(|bevinding| bevinding.uitkomst == uitkomst).count()
    }

    /// The mandatory cases that did not succeed though they apply.
    pub fn tekort(&self) -> usize {
        let schort = |een: &&Bevinding| een.gewicht == "verplicht" && matches!(een.uitkomst, Uitkomst::Gezakt | Uitkomst::NietBeoordeeld);
        self.bevindingen.iter().filter(schort).count()
    }

    /// Whether it may be connected: something was tried, and nothing mandatory is amiss.
    pub fn voldoet(&self) -> bool {
        self.tekort() == 0 && self.aantal(Uitkomst::Geslaagd) > 0
    }
}

/// A result with its signature, as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bestand<'a> {
    #[serde(borrow)]
    uitslag: &'a RawValue,
    publieke_sleutel: String,
    handtekening: String,
}

/// Why a file proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OngeldigeUitslag {
    /// It is no result.
    #[error("the file is not a result of a conformance run")]
    Vorm,
    /// It was signed with another key.
    #[error("the result was signed with another key than the one given")]
    AndereSleutel,
    /// It was altered.
    #[error("the signature does not hold: the result was altered")]
    Handtekening,
}

/// Writes a result with its signature.
pub fn onderteken(uitslag: &Uitslag, sleutel: &Sleutel) -> serde_json::Result<String> {
    let tekst = serde_json::to_string_pretty(uitslag)?;
    let handtekening = hex::encode(sleutel.teken(&[CONTEXT, tekst.as_bytes()].concat()));
    let uitslag: &RawValue = serde_json::from_str(&tekst)?;
    serde_json::to_string_pretty(&Bestand { uitslag, publieke_sleutel: hex::encode(sleutel.publiek()), handtekening })
}

/// Checks the signature of a file, by the public key in it, which must be the given one. Returns the result and the public key.
pub fn verifieer(tekst: &str, sleutel: Option<&str>) -> Result<(Uitslag, String), OngeldigeUitslag> {
    let bestand: Bestand<'_> = serde_json::from_str(tekst).map_err(|_| OngeldigeUitslag::Vorm)?;
    if sleutel.is_some_and(|sleutel| !sleutel.eq_ignore_ascii_case(&bestand.publieke_sleutel)) {
        return Err(OngeldigeUitslag::AndereSleutel);
    }
    let (publiek, handtekening) = (hex::decode(&bestand.publieke_sleutel), hex::decode(&bestand.handtekening));
    let (Ok(publiek), Ok(handtekening)) = (publiek, handtekening) else { return Err(OngeldigeUitslag::Vorm) };
    let getekend = [CONTEXT, bestand.uitslag.get().as_bytes()].concat();
    UnparsedPublicKey::new(&ED25519, publiek).verify(&getekend, &handtekening).map_err(|_| OngeldigeUitslag::Handtekening)?;
    let uitslag = serde_json::from_str(bestand.uitslag.get()).map_err(|_| OngeldigeUitslag::Vorm)?;
    Ok((uitslag, bestand.publieke_sleutel))
}
