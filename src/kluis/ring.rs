//! The master keys: read from a file or from what a command prints, never from the database. Which one is current is the operator's to
//! say, by putting it first.

use std::path::Path;
use std::process::Command;

use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use aws_lc_rs::{digest, rand};

use super::{Bron, KluisFout};

/// Master keys, the current one first.
#[derive(Debug)]
pub struct Ring(Vec<Hoofdsleutel>);

/// One master key.
#[derive(Debug)]
pub struct Hoofdsleutel {
    /// The first 16 hexadecimal digits of SHA-256 over a fixed text and the key: says which, and nothing of it.
    pub id: String,
    pub(super) sleutel: RandomizedNonceKey,
}

impl Ring {
    /// Reads the master keys: one a line, 64 hexadecimal digits, `#` begins a comment, the current one first.
    pub fn lees(bron: &Bron) -> Result<Ring, KluisFout> {
        let text = match bron {
            Bron::Bestand(file) => std::fs::read_to_string(file).map_err(|error| KluisFout::Bron(file.display().to_string(), error))?,
            Bron::Opdracht(woorden) => uitvoer(woorden)?,
        };
        Ring::uit(&text).ok_or_else(|| KluisFout::Vorm(bron.to_string()))
    }

    fn uit(text: &str) -> Option<Ring> {
        let regels = text.lines().map(|regel| regel.split('#').next().unwrap_or_default().trim()).filter(|regel| !regel.is_empty());
        let sleutels: Option<Vec<_>> = regels.map(Hoofdsleutel::uit_hex).collect();
        sleutels.filter(|sleutels| !sleutels.is_empty()).map(Ring)
    }

    /// A ring of one new key that is nowhere else: for measurements and tests of one process.
    pub fn nieuw() -> Result<Ring, KluisFout> {
        Ring::uit(&nieuwe_regel()?).ok_or(KluisFout::Toeval)
    }

    /// The key that wraps what is new.
    pub fn huidig(&self) -> &Hoofdsleutel {
        &self.0[0]
    }

    /// The key with this id.
    pub fn zoek(&self, id: &str) -> Result<&Hoofdsleutel, KluisFout> {
        self.0.iter().find(|sleutel| sleutel.id == id).ok_or_else(|| KluisFout::OnbekendeHoofdsleutel(id.to_owned()))
    }

    /// The ids, the current one first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|sleutel| sleutel.id.as_str())
    }
}

impl Hoofdsleutel {
    fn uit_hex(tekst: &str) -> Option<Hoofdsleutel> {
        let bytes = hex::decode(tekst).ok().filter(|bytes| bytes.len() == 32)?;
        let som = digest::digest(&digest::SHA256, &[b"ketenhub-hoofdsleutel\0", bytes.as_slice()].concat());
        let id = hex::encode(&som.as_ref()[..8]);
        Some(Hoofdsleutel { id, sleutel: RandomizedNonceKey::new(&AES_256_GCM, &bytes).ok()? })
    }
}

/// Puts a new key before those in a file, or makes the file, readable by its owner only. The file is replaced whole.
pub fn voeg_toe(file: &Path) -> Result<(), KluisFout> {
    let fout = |error| KluisFout::Bron(file.display().to_string(), error);
    let eerder = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(fout(error)),
    };
    if let Some(map) = file.parent() {
        std::fs::create_dir_all(map).map_err(fout)?;
    }
    crate::bestand::vervang(file, format!("{}\n{eerder}", nieuwe_regel()?).as_bytes()).map_err(fout)
}

fn nieuwe_regel() -> Result<String, KluisFout> {
    let mut bytes = [0_u8; 32];
    rand::fill(&mut bytes).map_err(|_| KluisFout::Toeval)?;
    Ok(hex::encode(bytes))
}

fn uitvoer(woorden: &[String]) -> Result<String, KluisFout> {
    let shown = || woorden.first().cloned().unwrap_or_default();
    let (programma, rest) = woorden.split_first().ok_or_else(|| KluisFout::Vorm("an empty command".to_owned()))?;
    let gedaan = Command::new(programma).args(rest).output().map_err(|error| KluisFout::Bron(shown(), error))?;
    // What it wrote to standard error is the operator's to look up: it could hold a key.
    if !gedaan.status.success() {
        return Err(KluisFout::Opdracht(shown(), gedaan.status.to_string()));
    }
    String::from_utf8(gedaan.stdout).map_err(|_| KluisFout::Vorm(shown()))
}
