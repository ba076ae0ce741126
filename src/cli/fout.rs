//! An error on one screen: what went wrong, every faulty field, and what to do. It prints on standard error and holds no value of a
//! message: the errors it shows hold none.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::process::ExitCode;

use super::uitvoer;
use crate::config::ConfigError;
use crate::identity::client::VerbindFout;
use crate::json::JsonError;
use crate::store::StoreError;
use crate::wire::client::Uitleg;

/// What a shell calls it when who reads the output went away: 128 and the number of SIGPIPE.
const LEZER_WEG: u8 = 141;

/// Prints it and returns the exit code.
pub(super) fn fail(error: &anyhow::Error) -> ExitCode {
    if lezer_weg(error) {
        return ExitCode::from(LEZER_WEG);
    }
    uitvoer::meld(scherm(error).trim_end());
    ExitCode::FAILURE
}

/// The whole screen.
fn scherm(error: &anyhow::Error) -> String {
    let uitleg = zoek::<Uitleg>(error);
    let verbinding = zoek::<VerbindFout>(error);
    let zin = match (uitleg, verbinding) {
        (Some(uitleg), _) => met_context(error, &uitleg.kop()),
        (None, Some(fout)) => met_context(error, gesplitst(fout).0.as_str()),
        (None, None) => format!("{error:#}"),
    };
    let mut scherm = format!("{} {zin}\n", uitvoer::fout("error:"));
    for (veld, fout) in uitleg.map(|uitleg| uitleg.velden.as_slice()).unwrap_or_default() {
        let _ = writeln!(scherm, "  field: {veld}: {fout}");
    }
    if let Some(doe) = remedie(error) {
        let _ = writeln!(scherm, "  {} {doe}", uitvoer::letop("to do:"));
    }
    scherm
}

/// What stands above the cause, such as the name of a file.
fn met_context(error: &anyhow::Error, kop: &str) -> String {
    let boven: Vec<String> =
        error.chain().take_while(|een| !een.is::<Uitleg>() && !een.is::<VerbindFout>()).map(ToString::to_string).collect();
    boven.into_iter().chain([kop.to_owned()]).collect::<Vec<_>>().join(": ")
}

/// The sentence of a connection that failed: what is wrong, and what to do.
fn gesplitst(fout: &VerbindFout) -> (String, Option<String>) {
    let zin = fout.to_string();
    match zin.split_once("; ") {
        Some((wat, doe)) => (wat.to_owned(), Some(doe.to_owned())),
        None => (zin, None),
    }
}

/// What to do, as far as that can be said.
fn remedie(error: &anyhow::Error) -> Option<String> {
    if let Some(uitleg) = zoek::<Uitleg>(error) {
        return Some(uitleg.doe());
    }
    if let Some(fout) = zoek::<VerbindFout>(error) {
        let stappen = "`ketenhub doctor` with the same options checks step by step";
        return Some(gesplitst(fout).1.map_or_else(|| stappen.to_owned(), |doe| format!("{doe}; {stappen}")));
    }
    let vast = match (zoek::<ConfigError>(error), zoek::<JsonError>(error), zoek::<StoreError>(error)) {
        (Some(ConfigError::Parse(..) | ConfigError::Unsafe(_)), ..) => "docs/configuratie.md names every key with its bounds",
        (_, Some(JsonError::Shape { .. }), _) => {
            "compare it with the messages in examples/; `ketenhub openbaar` writes every field on a page"
        }
        (.., Some(StoreError::Unavailable(_))) => "check that the database runs and that the configuration names it as it is",
        (.., Some(StoreError::Unfit(_))) => "docs/operations.md says how to upgrade, and how to go back",
        (.., Some(StoreError::Corrupt { .. })) => "let no hub work on it; docs/operations.md says how to restore",
        _ => return zoek::<std::io::Error>(error).and_then(|io| remedie_io(io.kind())).map(str::to_owned),
    };
    Some(vast.to_owned())
}

fn remedie_io(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::NotFound => {
            Some("check the path; it is relative to the folder you are in, and in a configuration to the folder of its file")
        }
        ErrorKind::PermissionDenied => Some("run it as the user that owns the file, or change its permissions"),
        ErrorKind::AlreadyExists => Some("choose another name; nothing is overwritten"),
        ErrorKind::AddrInUse => Some("another programme listens there: choose another port, or stop it"),
        ErrorKind::StorageFull => Some("make room on the disk"),
        _ => None,
    }
}

fn lezer_weg(error: &anyhow::Error) -> bool {
    zoek::<std::io::Error>(error).is_some_and(|io| io.kind() == ErrorKind::BrokenPipe)
}

fn zoek<E: std::error::Error + 'static>(error: &anyhow::Error) -> Option<&E> {
    error.chain().find_map(|een| een.downcast_ref::<E>())
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};
    use tonic::{Code, Status};
    use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

    use super::*;

    fn zonder_kleur(error: &anyhow::Error) -> String {
        anstream::adapter::strip_str(&scherm(error)).to_string()
    }

    #[test]
    fn a_refusal_names_the_file_the_reason_every_field_and_what_to_do() {
        let mut details = ErrorDetails::new();
        details.set_error_info("ONGELDIGE_INHOUD", "jeugdketen.hub.v1", std::collections::HashMap::new());
        details.set_bad_request(vec![FieldViolation::new("koers.datum", "must be a date"), FieldViolation::new("koers.doel", "is needed")]);
        let status = Status::with_error_details(Code::InvalidArgument, "the message has faults", details);
        let error = anyhow::Error::new(Uitleg::van(&status)).context("bericht.json");
        let verwacht = "\
error: bericht.json: InvalidArgument ONGELDIGE_INHOUD: the message has faults
  field: koers.datum: must be a date
  field: koers.doel: is needed
  to do: put right every field that is named, and send it again; nothing of it was kept
";
        assert_eq!(zonder_kleur(&error), verwacht);
    }

    #[test]
    fn a_delay_that_the_hub_asks_for_is_told() {
        let mut details = ErrorDetails::new();
        details.set_error_info("WACHTRIJ_VOL", "jeugdketen.hub.v1", std::collections::HashMap::new());
        details.set_retry_info(Some(std::time::Duration::from_millis(2500)));
        let status = Status::with_error_details(Code::ResourceExhausted, "too many requests wait", details);
        let scherm = zonder_kleur(&anyhow::Error::new(Uitleg::van(&status)));
        assert!(scherm.ends_with("  to do: repeat the call after 3 s; that is safe\n"), "{scherm}");
    }

    #[test]
    fn what_is_wrong_and_what_to_do_are_two_lines_also_without_a_hub() {
        let error = anyhow::Error::new(VerbindFout::Geweigerd("hub:1".to_owned()));
        let scherm = zonder_kleur(&error);
        assert!(scherm.starts_with("error: hub:1 refuses the connection: nothing listens there\n  to do: check the address"), "{scherm}");
        let bestand = std::fs::read_to_string("/nergens").context("cannot read /nergens").unwrap_err();
        assert!(zonder_kleur(&bestand).contains("\n  to do: check the path"), "{}", zonder_kleur(&bestand));
        // Where nothing can be said nothing is said.
        assert_eq!(zonder_kleur(&anyhow!("say of whom")), "error: say of whom\n");
    }
}
