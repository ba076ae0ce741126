//! An example PKI, or the operator's own small one: a root CA, the hub's certificate, one certificate per participant, and a
//! revocation list. It deliberately throws the CA's key away after use: nothing can be issued or revoked under it later, and
//! nobody can steal it. A PKI that must live on is the work of a real CA.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Months, Utc};

use crate::domain::ids::Oin;

mod uitgever;

pub use uitgever::{Aanvraag, CrlPlan, Doel, Geldigheid, Sleutel, Uitgegeven, Uitgever};

/// The longest name a certificate may hold (RFC 5280, ub-common-name and ub-organization-name).
const LANGSTE_NAAM: usize = 64;
/// The names under which a hub is always reached on its own machine.
const HUB_NAMEN: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PkiPlan {
    /// What stands before every name. `"EXAMPLE "` marks a PKI whose keys are public; a hub refuses to hide that.
    pub voorvoegsel: String,
    /// From when the certificates and the list are valid.
    pub van: DateTime<Utc>,
    /// For how many years.
    pub jaren: u32,
    /// The hub's own OIN.
    pub hub_oin: Oin,
    /// The hub's own name.
    pub hub_naam: String,
    /// Under which host names and IP addresses the hub is reached, besides this machine's own.
    pub hub_namen: Vec<String>,
    /// Who gets a client certificate.
    pub houders: Vec<Houder>,
    /// Which of those, by `bestand`, are on the revocation list.
    pub ingetrokken: Vec<String>,
}

/// A participant who gets a client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Houder {
    /// The name of its files, without extension: lower-case letters, digits, `-` and `_`.
    pub bestand: String,
    /// Its OIN.
    pub oin: Oin,
    /// Its name, to which the prefix is added.
    pub naam: String,
}

/// Why no PKI was made. Unless it says otherwise, nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum CertsFout {
    /// A file is already there; keys are never overwritten.
    #[error("{} already exists; choose an empty directory, or remove it first", .0.display())]
    BestaatAl(PathBuf),
    /// A file cannot be written. Files that were written before it are still there.
    #[error("{} cannot be written: {fout}", pad.display())]
    Schrijven {
        /// The file.
        pad: PathBuf,
        /// What the operating system says.
        fout: io::Error,
    },
    /// A file name that is not a plain name, or is used twice.
    #[error("{0:?} is not a usable file name: lower-case letters, digits, - and _, each name once, and not ca, hub or crl")]
    Bestandsnaam(String),
    /// A name that does not fit in a certificate.
    #[error("{0:?} does not fit in a certificate: a name has 1 to {LANGSTE_NAAM} characters, prefix included")]
    Naam(String),
    /// Somebody is to be revoked who gets no certificate.
    #[error("{0:?} is to be revoked but is not one of the holders")]
    OnbekendeHouder(String),
    /// The dates lie outside what a certificate can hold.
    #[error("the validity does not fit in a certificate: at least one year, and before the year 9999")]
    Geldigheid,
    /// There is no randomness, or the certificate library refuses.
    #[error("the certificate cannot be made: {0}")]
    Maken(String),
}

impl From<rcgen::Error> for CertsFout {
    fn from(fout: rcgen::Error) -> Self {
        Self::Maken(fout.to_string())
    }
}

/// Makes a PKI in the directory `uit` and returns the files, in order of writing: `ca.pem`, `crl.pem`, `hub.pem`, `hub.key`, and
/// `<bestand>.pem` and `<bestand>.key` for every holder. Keys are readable by their owner only.
pub fn maak(uit: &Path, plan: &PkiPlan) -> Result<Vec<PathBuf>, CertsFout> {
    toets_namen(plan)?;
    let tot = plan.van.checked_add_months(Months::new(plan.jaren.saturating_mul(12)));
    let tot = tot.filter(|tot| *tot > plan.van && tot.format("%Y").to_string().len() == 4).ok_or(CertsFout::Geldigheid)?;
    let geldig = Geldigheid { van: plan.van, tot };
    let met = |naam: &str| naam_met(&plan.voorvoegsel, naam);

    let ca = Uitgever::nieuw(&met("Ketenhub Root CA")?, geldig)?;
    let mut namen: Vec<String> = HUB_NAMEN.iter().map(|&naam| naam.to_owned()).collect();
    namen.extend(plan.hub_namen.iter().filter(|naam| !HUB_NAMEN.contains(&naam.as_str())).cloned());
    let hub = ca.geef_uit(&Aanvraag {
        namen,
        doelen: vec![Doel::Server, Doel::Client],
        ..Aanvraag::voor(plan.hub_oin, &met(&plan.hub_naam)?, geldig)
    })?;

    let mut bestanden = vec![("hub".to_owned(), hub)];
    let mut ingetrokken = Vec::new();
    for houder in &plan.houders {
        let uitgegeven = ca.geef_uit(&Aanvraag::voor(houder.oin, &met(&houder.naam)?, geldig))?;
        if plan.ingetrokken.contains(&houder.bestand) {
            ingetrokken.push(uitgegeven.serienummer.clone());
        }
        bestanden.push((houder.bestand.clone(), uitgegeven));
    }
    let crl = ca.crl(&CrlPlan { nummer: 1, geldig, ingetrokken })?;

    let mut te_schrijven = vec![("ca.pem".to_owned(), ca.pem(), false), ("crl.pem".to_owned(), crl, false)];
    for (bestand, uitgegeven) in bestanden {
        te_schrijven.push((format!("{bestand}.pem"), uitgegeven.keten_pem, false));
        te_schrijven.push((format!("{bestand}.key"), uitgegeven.sleutel_pem, true));
    }
    schrijf(uit, te_schrijven)
}

fn toets_namen(plan: &PkiPlan) -> Result<(), CertsFout> {
    let mut bezet: BTreeSet<&str> = ["ca", "hub", "crl"].into();
    for Houder { bestand, .. } in &plan.houders {
        let gewoon = |teken: char| teken.is_ascii_lowercase() || teken.is_ascii_digit() || matches!(teken, '-' | '_');
        if bestand.is_empty() || !bestand.chars().all(gewoon) || !bezet.insert(bestand) {
            return Err(CertsFout::Bestandsnaam(bestand.clone()));
        }
    }
    match plan.ingetrokken.iter().find(|naam| !plan.houders.iter().any(|houder| houder.bestand == **naam)) {
        Some(onbekend) => Err(CertsFout::OnbekendeHouder(onbekend.clone())),
        None => Ok(()),
    }
}

fn naam_met(voorvoegsel: &str, naam: &str) -> Result<String, CertsFout> {
    let vol = format!("{voorvoegsel}{naam}");
    if naam.trim().is_empty() || vol.chars().count() > LANGSTE_NAAM || vol.chars().any(char::is_control) {
        return Err(CertsFout::Naam(vol));
    }
    Ok(vol)
}

fn schrijf(uit: &Path, bestanden: Vec<(String, String, bool)>) -> Result<Vec<PathBuf>, CertsFout> {
    fs::create_dir_all(uit).map_err(|fout| CertsFout::Schrijven { pad: uit.to_owned(), fout })?;
    if let Some((naam, ..)) = bestanden.iter().find(|(naam, ..)| uit.join(naam).exists()) {
        return Err(CertsFout::BestaatAl(uit.join(naam)));
    }
    let mut geschreven = Vec::with_capacity(bestanden.len());
    for (naam, inhoud, geheim) in bestanden {
        let pad = uit.join(naam);
        // The mode is set at creation: a key is at no moment readable by others.
        let mode = if geheim { 0o600 } else { 0o644 };
        let resultaat = OpenOptions::new().write(true).create_new(true).mode(mode).open(&pad);
        resultaat
            .and_then(|mut bestand| bestand.write_all(inhoud.as_bytes()))
            .map_err(|fout| CertsFout::Schrijven { pad: pad.clone(), fout })?;
        geschreven.push(pad);
    }
    Ok(geschreven)
}
