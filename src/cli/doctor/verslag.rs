//! What `doctor` found, check by check, and how it is shown. Every check has a line, also when it could not be done.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::ValueEnum;
use serde::Serialize;

use crate::cli::uitvoer::{self, Vorm};

/// A check, in the order in which they are shown. The name is stable, for programmes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Controle {
    /// The own files can be read.
    Files,
    /// The own chain is valid today.
    Validity,
    /// The subject names a participant.
    Identity,
    /// Certificate and key belong together.
    Key,
    /// The certificate is meant for a client.
    Usage,
    /// The chain ends at a CA that the hub accepts.
    Chain,
    /// The revocation list that was given is of today.
    Crl,
    /// The certificate was not revoked.
    Revocation,
    /// The address can be used.
    Address,
    /// Its name has an address.
    Dns,
    /// Something listens there.
    Tcp,
    /// It speaks TLS 1.3 and HTTP/2.
    Tls,
    /// Its certificate comes from a CA that is trusted, and is valid.
    HubCertificate,
    /// Its certificate is for the name it was called by.
    HubName,
    /// It lets this certificate in.
    Accepted,
    /// Both clocks tell the same time.
    Clock,
    /// The register knows the participant, and lets it take part today.
    Register,
    /// A call goes to the database of the hub and back.
    RoundTrip,
}

impl Controle {
    /// Those that need the hub, in the order in which they are done.
    pub(super) fn van_de_hub() -> impl Iterator<Item = Controle> {
        Controle::value_variants().iter().copied().filter(|controle| *controle >= Controle::Address)
    }

    fn naam(self) -> String {
        self.to_possible_value().map(|waarde| waarde.get_name().to_owned()).unwrap_or_default()
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Uitkomst {
    Ok,
    Warn,
    Fail,
    Skip,
}

#[derive(Clone, Debug, Serialize)]
struct Bevinding {
    result: Uitkomst,
    found: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    to_do: String,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Verslag(BTreeMap<Controle, Bevinding>);

#[derive(Serialize)]
struct Regel<'a> {
    check: String,
    #[serde(flatten)]
    bevinding: &'a Bevinding,
}

impl Verslag {
    /// It is as it should be.
    pub(super) fn goed(&mut self, controle: Controle, gezien: impl Into<String>) {
        self.zet(controle, Uitkomst::Ok, gezien.into(), String::new());
    }

    /// It works, but not for long or not as it should.
    pub(super) fn letop(&mut self, controle: Controle, gezien: impl Into<String>, doe: impl Into<String>) {
        self.zet(controle, Uitkomst::Warn, gezien.into(), doe.into());
    }

    /// It is wrong.
    pub(super) fn fout(&mut self, controle: Controle, gezien: impl Into<String>, doe: impl Into<String>) {
        self.zet(controle, Uitkomst::Fail, gezien.into(), doe.into());
    }

    /// It is wrong, in a sentence that ends in what to do.
    pub(super) fn fout_zin(&mut self, controle: Controle, zin: &str) {
        let (gezien, doe) = zin.split_once("; ").unwrap_or((zin, "ask the operator of the hub"));
        self.fout(controle, gezien, doe);
    }

    /// It is as it should be, which replaces only that it was not checked.
    pub(super) fn goed_als_over(&mut self, controle: Controle, gezien: &str) {
        if self.0.get(&controle).is_none_or(|een| een.result == Uitkomst::Skip) {
            self.goed(controle, gezien);
        }
    }

    /// It was not checked, and why not.
    pub(super) fn over(&mut self, controle: Controle, waarom: &str) {
        self.zet(controle, Uitkomst::Skip, waarom.to_owned(), String::new());
    }

    fn zet(&mut self, controle: Controle, result: Uitkomst, found: String, to_do: String) {
        self.0.insert(controle, Bevinding { result, found, to_do });
    }

    /// Whether nothing is wrong so far.
    pub(super) fn is_goed(&self) -> bool {
        self.mislukt().is_empty()
    }

    /// The names of what is wrong.
    pub(super) fn mislukt(&self) -> Vec<String> {
        self.0.iter().filter(|(_, een)| een.result == Uitkomst::Fail).map(|(controle, _)| controle.naam()).collect()
    }

    /// Prints every check.
    pub(super) fn toon(&self, endpoint: &str, vorm: Vorm) -> anyhow::Result<()> {
        let over = Bevinding { result: Uitkomst::Skip, found: "not checked".to_owned(), to_do: String::new() };
        let regel = |controle: &Controle| Regel { check: controle.naam(), bevinding: self.0.get(controle).unwrap_or(&over) };
        let regels: Vec<_> = Controle::value_variants().iter().map(regel).collect();
        if vorm.json {
            return uitvoer::json(&serde_json::json!({ "endpoint": endpoint, "ok": self.is_goed(), "checks": regels }));
        }
        let mut tekst = String::new();
        for Regel { check, bevinding } in regels {
            let teken = match bevinding.result {
                Uitkomst::Ok => uitvoer::goed("ok  "),
                Uitkomst::Warn => uitvoer::letop("warn"),
                Uitkomst::Fail => uitvoer::fout("FAIL"),
                Uitkomst::Skip => uitvoer::stil("-   "),
            };
            let found = if bevinding.result == Uitkomst::Skip { uitvoer::stil(&bevinding.found) } else { bevinding.found.clone() };
            let _ = writeln!(tekst, "{teken}  {check:15}  {found}");
            if !bevinding.to_do.is_empty() {
                let _ = writeln!(tekst, "      {:15}  to do: {}", "", bevinding.to_do);
            }
        }
        uitvoer::druk(&tekst)
    }
}
