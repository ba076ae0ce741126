//! Looks for values in bytes in every encoding in use, all at once. It knows no message and no hub.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use ketenhub::receipt::sha256;

/// A value that occurs nowhere but in one field of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kanarie {
    /// The message and the path of its field.
    pub waar: String,
    pub waarde: Waarde,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waarde {
    Tekst(String),
    Getal(u32),
    /// Seconds since 1970.
    Moment(i64),
}

impl Waarde {
    /// As somebody would write it.
    pub fn tekst(&self) -> String {
        match self {
            Waarde::Tekst(text) => text.clone(),
            Waarde::Getal(getal) => getal.to_string(),
            Waarde::Moment(seconden) => seconden.to_string(),
        }
    }

    /// Every form in which it could be recognised, by the name of the form.
    fn vormen(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut vormen = tekstvormen(self.tekst().as_bytes());
        let som = sha256(self.tekst().as_bytes());
        vormen.push(("sha-256", som.to_vec()));
        vormen.push(("sha-256 hex", hex::encode(som).into_bytes()));
        vormen.push(("SHA-256 HEX", hex::encode(som).to_uppercase().into_bytes()));
        vormen.extend(base64_vormen(&som).map(|vorm| ("sha-256 base64", vorm)));
        match self {
            Waarde::Tekst(_) => {}
            Waarde::Getal(getal) => {
                vormen.push(("varint", varint((*getal).into())));
                vormen.extend([("big endian", getal.to_be_bytes().to_vec()), ("little endian", getal.to_le_bytes().to_vec())]);
            }
            Waarde::Moment(seconden) => {
                let moment = chrono::DateTime::from_timestamp(*seconden, 0).unwrap();
                vormen.push(("varint", varint(seconden.cast_unsigned())));
                vormen.push(("rfc 3339", moment.format("%Y-%m-%dT%H:%M:%S").to_string().into_bytes()));
                vormen.push(("sql", moment.format("%Y-%m-%d %H:%M:%S").to_string().into_bytes()));
                let kort = u32::try_from(*seconden).unwrap();
                vormen.extend([("big endian", kort.to_be_bytes().to_vec()), ("little endian", kort.to_le_bytes().to_vec())]);
                // The store keeps microseconds; the millisecond and the nanosecond are what others keep.
                for (naam, fijner) in [("milliseconds", seconden * 1_000), ("microseconds", seconden * 1_000_000)] {
                    // SQLite keeps a number in as few bytes as it needs: 6 for these.
                    vormen.extend([(naam, fijner.to_be_bytes()[2..].to_vec()), (naam, fijner.to_le_bytes()[..6].to_vec())]);
                    vormen.extend([(naam, varint(fijner.cast_unsigned())), (naam, fijner.to_string().into_bytes())]);
                }
            }
        }
        vormen
    }
}

fn tekstvormen(text: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let als_tekst = String::from_utf8_lossy(text).into_owned();
    let breed = |eenheid: fn(u16) -> [u8; 2]| als_tekst.encode_utf16().flat_map(eenheid).collect::<Vec<u8>>();
    let mut vormen = vec![
        ("utf-8", text.to_vec()),
        ("hex", hex::encode(text).into_bytes()),
        ("HEX", hex::encode(text).to_uppercase().into_bytes()),
        ("utf-16 little endian", breed(u16::to_le_bytes)),
        ("utf-16 big endian", breed(u16::to_be_bytes)),
        ("percent", procent(text, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))),
        ("percent, all", procent(text, |_| false)),
        ("json escapes", als_tekst.encode_utf16().flat_map(|eenheid| format!("\\u{eenheid:04x}").into_bytes()).collect()),
        ("octal escapes", text.iter().flat_map(|byte| format!("\\{byte:03o}").into_bytes()).collect()),
        ("list of numbers", text.iter().map(u8::to_string).collect::<Vec<_>>().join(", ").into_bytes()),
        ("reversed", text.iter().rev().copied().collect()),
    ];
    vormen.extend(base64_vormen(text).map(|vorm| ("base64", vorm)));
    vormen
}

fn procent(text: &[u8], laat: impl Fn(u8) -> bool) -> Vec<u8> {
    text.iter().flat_map(|byte| if laat(*byte) { vec![*byte] } else { format!("%{byte:02X}").into_bytes() }).collect()
}

/// What is certain of the base64 of these bytes when 0, 1 or 2 others come before them and some come after them, in both alphabets.
fn base64_vormen(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..3).flat_map(move |ervoor| {
        let met = [&[0; 3][..ervoor], bytes].concat();
        let (van, tot) = ((ervoor * 8).div_ceil(6), met.len() * 8 / 6);
        [STANDARD, URL_SAFE].map(|alfabet| alfabet.encode(&met).as_bytes()[van..tot].to_vec())
    })
}

fn varint(getal: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(getal, &mut bytes);
    bytes
}

/// A canary that was found: which, and in what form.
pub type Vondst = (String, &'static str);

/// Looks for all canaries in one pass.
pub struct Speurder {
    patronen: Vec<(String, &'static str, usize)>,
    automaat: AhoCorasick,
}

impl Speurder {
    pub fn nieuw(kanaries: &[Kanarie]) -> Speurder {
        let vormen =
            kanaries.iter().flat_map(|kanarie| kanarie.waarde.vormen().into_iter().map(|(vorm, bytes)| (&kanarie.waar, vorm, bytes)));
        let alle: Vec<_> = vormen.collect();
        let automaat = AhoCorasick::new(alle.iter().map(|(_, _, bytes)| bytes)).unwrap();
        let patronen = alle.into_iter().map(|(waar, vorm, bytes)| (waar.clone(), vorm, bytes.len())).collect();
        Speurder { patronen, automaat }
    }

    /// Every form of every canary that is in these bytes. Forms of four bytes come apart: in megabytes of sealed bytes one of them is there
    /// by chance once in some hundreds of runs.
    pub fn zoek(&self, hooiberg: &[u8]) -> (BTreeSet<Vondst>, BTreeSet<Vondst>) {
        let gevonden: BTreeSet<_> = self.automaat.find_overlapping_iter(hooiberg).map(|vondst| vondst.pattern()).collect();
        let (zeker, kort): (Vec<_>, Vec<_>) = gevonden.into_iter().map(|nr| &self.patronen[nr]).partition(|(_, _, lengte)| *lengte > 4);
        let vondst = |(waar, vorm, _): &(String, &'static str, usize)| (waar.clone(), *vorm);
        (zeker.into_iter().map(vondst).collect(), kort.into_iter().map(vondst).collect())
    }

    /// All it can find.
    pub fn alles(&self) -> BTreeSet<Vondst> {
        self.patronen.iter().map(|(waar, vorm, _)| (waar.clone(), *vorm)).collect()
    }
}

/// The same value as others would write it, in every form that is looked for, among other bytes.
pub fn plant(waarde: &Waarde) -> Vec<u8> {
    let text = waarde.tekst();
    let som = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()).as_ref().to_vec();
    let mut uit = Vec::new();
    for bytes in [text.as_bytes(), &som] {
        let klein: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let groot: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        uit.extend([&b"["[..], bytes, b"]", klein.as_bytes(), b"]", groot.as_bytes(), b"]"].concat());
        for ervoor in ["", "a", "bc"] {
            let zin = [ervoor.as_bytes(), bytes, b"daarna"].concat();
            uit.extend([STANDARD.encode(&zin), URL_SAFE.encode(&zin)].join(" ").into_bytes());
        }
    }
    for eenheid in text.encode_utf16() {
        uit.extend(eenheid.to_le_bytes());
    }
    uit.extend(b"--");
    for eenheid in text.encode_utf16() {
        uit.extend(eenheid.to_be_bytes());
    }
    uit.extend(b"--");
    let in_url: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-._~".contains(c) { c.to_string() } else { format!("%{:02X}", c as u32) })
        .collect();
    let helemaal: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let json: String = text.chars().map(|c| format!("\\u{:04x}", c as u32)).collect();
    let octaal: String = text.bytes().map(|byte| format!("\\{byte:03o}")).collect();
    let om: String = text.chars().rev().collect();
    uit.extend([in_url, helemaal, json, octaal, format!("{:?}", text.as_bytes()), om].join(" ").into_bytes());
    match waarde {
        Waarde::Tekst(_) => {}
        Waarde::Getal(getal) => {
            prost::encoding::uint32::encode(3, getal, &mut uit);
            uit.extend([i64::from(*getal).to_be_bytes(), i64::from(*getal).to_le_bytes()].concat());
        }
        Waarde::Moment(seconden) => {
            let moment = chrono::DateTime::from_timestamp(*seconden, 0).unwrap();
            prost::encoding::int64::encode(3, seconden, &mut uit);
            uit.extend(format!("{} {moment}", moment.to_rfc3339()).into_bytes());
            for getal in [*seconden, moment.timestamp_millis(), moment.timestamp_micros()] {
                uit.extend([getal.to_be_bytes(), getal.to_le_bytes()].concat());
                uit.extend(format!("[{getal}]").into_bytes());
                prost::encoding::int64::encode(3, &getal, &mut uit);
            }
        }
    }
    uit
}
