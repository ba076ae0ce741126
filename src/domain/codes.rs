//! Code lists of iJw 3.2 that a bepaling uses. Lists of the contract itself are its enums.

/// Whether this is a productcategorie of list JZ020.
pub fn is_productcategorie(code: &str) -> bool {
    two_digits(code).is_some_and(|number| matches!(number, 31..=38 | 40..=55))
}

/// Whether help of this productcategorie is verblijf, for which the start is the day after the first night (CBS information protocol).
pub fn is_verblijf(productcategorie: &str) -> bool {
    matches!(productcategorie, "35" | "36" | "37" | "38" | "43" | "44")
}

/// Whether this is a unit of list WJ756.
pub fn is_eenheid(code: &str) -> bool {
    matches!(code, "01" | "04" | "14" | "16" | "82" | "83" | "84")
}

/// Whether this is a frequency of list WJ757.
pub fn is_frequentie(code: &str) -> bool {
    matches!(code, "1" | "2" | "4" | "6")
}

/// Whether unit and frequency go together (iJw CS338).
pub fn eenheid_past_bij_frequentie(eenheid: &str, frequentie: &str) -> bool {
    !matches!(eenheid, "14" | "16" | "83" | "84") || matches!(frequentie, "2" | "4" | "6")
}

/// The frequency per week, with which an einddatum is required (iJw CD076).
pub const PER_WEEK: &str = "2";

/// Whether this is a reason for the end of help of list JZ588.
pub fn is_reden_beeindiging(code: &str) -> bool {
    two_digits(code).is_some_and(|number| matches!(number, 2 | 20 | 31..=39))
}

/// Whether this is a CBS gemeentecode: 4 digits. Whether it is in use is a matter of the register.
pub fn is_gemeentecode(code: &str) -> bool {
    code.len() == 4 && code.bytes().all(|b| b.is_ascii_digit())
}

/// Whether this is an AGB-code: 8 digits.
pub fn is_agb(code: &str) -> bool {
    code.len() == 8 && code.bytes().all(|b| b.is_ascii_digit())
}

/// Whether this is a court code as in an ECLI: `RB` and 3 capitals.
pub fn is_rechtbankcode(code: &str) -> bool {
    code.len() == 5 && code.starts_with("RB") && code.bytes().all(|b| b.is_ascii_uppercase())
}

/// Whether this is a postcode: 4 digits, the first not 0, and 2 capitals.
pub fn is_postcode(code: &str) -> bool {
    let bytes = code.as_bytes();
    bytes.len() == 6 && bytes[0] != b'0' && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4..].iter().all(u8::is_ascii_uppercase)
}

fn two_digits(code: &str) -> Option<u32> {
    (code.len() == 2 && code.bytes().all(|b| b.is_ascii_digit())).then(|| code.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_lists_hold_exactly_their_codes() {
        let all = |test: fn(&str) -> bool| (0..100).filter(|n| test(&format!("{n:02}"))).collect::<Vec<_>>();
        assert_eq!(all(is_productcategorie), (31..=38).chain(40..=55).collect::<Vec<_>>());
        assert_eq!(all(is_eenheid), [1, 4, 14, 16, 82, 83, 84]);
        assert_eq!(all(is_reden_beeindiging), [2, 20, 31, 32, 33, 34, 35, 36, 37, 38, 39]);
        assert_eq!((0..10).filter(|n| is_frequentie(&n.to_string())).collect::<Vec<_>>(), [1, 2, 4, 6]);
        assert!(!is_productcategorie("+9") && !is_productcategorie("045"));
        assert!(is_postcode("2511BT") && !is_postcode("0511BT") && !is_postcode("2511 BT"));
    }
}
