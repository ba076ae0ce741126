//! Identifiers of the chain as types of their own. A value that exists is well-formed; whether it is known to anybody is not said here.

use std::fmt;
use std::str::FromStr;

use uuid::{Uuid, Version};

/// Organisatie-identificatienummer, 20 digits (Logius OIN-stelsel).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oin([u8; 20]);

/// Text that is not an OIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an OIN has exactly 20 digits")]
pub struct OngeldigeOin;

impl Oin {
    /// Reads 20 ASCII digits.
    pub fn parse(text: &str) -> Result<Oin, OngeldigeOin> {
        let digits: [u8; 20] = text.as_bytes().try_into().map_err(|_| OngeldigeOin)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Oin(digits)) } else { Err(OngeldigeOin) }
    }

    /// The 20 digits.
    pub fn as_str(&self) -> &str {
        // Only digits can have been stored, so the fallback is never taken.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Oin {
    type Err = OngeldigeOin;

    fn from_str(text: &str) -> Result<Oin, OngeldigeOin> {
        Oin::parse(text)
    }
}

impl fmt::Display for Oin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Oin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The id of a message, chosen by its sender: UUID version 7 in lower case with hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BerichtId(pub Uuid);

impl BerichtId {
    /// Reads the one textual form that the contract allows.
    pub fn parse(text: &str) -> Option<BerichtId> {
        canonical_uuid(text).filter(|id| id.get_version() == Some(Version::SortRand)).map(BerichtId)
    }
}

impl fmt::Display for BerichtId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// The id of a case, handed out by the hub. Time-ordered with 74 random bits: it cannot be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaatregelId(pub Uuid);

impl MaatregelId {
    /// Reads a UUID in lower case with hyphens.
    pub fn parse(text: &str) -> Option<MaatregelId> {
        canonical_uuid(text).map(MaatregelId)
    }
}

impl fmt::Display for MaatregelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

fn canonical_uuid(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    let mut buffer = Uuid::encode_buffer();
    (id.hyphenated().encode_lower(&mut buffer) == text).then_some(id)
}

/// Whether this is a BSN: 9 digits that pass the elfproef with weights 9 to 2 and −1, and not all zeros (Wabb).
pub fn is_bsn(text: &str) -> bool {
    let digits = text.as_bytes();
    if digits.len() != 9 || !digits.iter().all(u8::is_ascii_digit) || text == "000000000" {
        return false;
    }
    let weights = [9, 8, 7, 6, 5, 4, 3, 2, -1];
    let sum: i32 = digits.iter().zip(weights).map(|(digit, weight)| i32::from(digit - b'0') * weight).sum();
    sum % 11 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bsn_passes_the_elfproef_and_is_not_all_zeros() {
        for valid in ["999990019", "999900006", "999999990", "999999011", "999993653"] {
            assert!(is_bsn(valid), "{valid}");
        }
        for invalid in ["999990018", "999999999", "000000000", "99990001", "9999900199", "99999001a", ""] {
            assert!(!is_bsn(invalid), "{invalid}");
        }
    }

    #[test]
    fn a_bericht_id_is_a_uuid_of_version_seven_in_its_one_form() {
        assert!(BerichtId::parse("01890a5d-ac96-774b-bcce-b302099a8057").is_some());
        for refused in [
            "01890A5D-AC96-774B-BCCE-B302099A8057",
            "01890a5dac96774bbcceb302099a8057",
            "{01890a5d-ac96-774b-bcce-b302099a8057}",
            "936da01f-9abd-4d9d-80c7-02af85c822a8",
            "",
        ] {
            assert!(BerichtId::parse(refused).is_none(), "{refused}");
        }
    }

    #[test]
    fn an_oin_has_twenty_digits() {
        assert_eq!(Oin::parse("00000099000000001000").map(|oin| oin.to_string()), Ok("00000099000000001000".to_owned()));
        for refused in ["0000009900000000100", "000000990000000010000", "0000009900000000100a", ""] {
            assert_eq!(Oin::parse(refused), Err(OngeldigeOin));
        }
    }
}
