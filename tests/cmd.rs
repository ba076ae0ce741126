//! What the commands print, letter for letter: the help of every one of them, and the main results and errors. Refresh with
//! `BIJWERKEN=1 TRYCMD=overwrite cargo test --test cmd`, and review the difference.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use trycmd::TestCases;

/// The snapshots, with a terminal of one width and without what a user may have set.
fn snapshots(welke: &str) -> TestCases {
    let cases = TestCases::new();
    cases.default_bin_path(env!("CARGO_BIN_EXE_ketenhub")).register_bin("ketenhub", Path::new(env!("CARGO_BIN_EXE_ketenhub")));
    for (naam, waarde) in [("COLUMNS", "100"), ("NO_COLOR", "1"), ("CLICOLOR", "0"), ("TERM", "dumb"), ("RUST_BACKTRACE", "0")] {
        cases.env(naam, waarde);
    }
    cases.case(welke);
    cases
}

/// The paths of every command that help shows.
fn paden(opdracht: &clap::Command, pad: &str, gevonden: &mut Vec<String>) {
    gevonden.push(pad.trim().to_owned());
    for onder in opdracht.get_subcommands().filter(|onder| !onder.is_hide_set()) {
        paden(onder, &format!("{pad} {}", onder.get_name()), gevonden);
    }
}

#[test]
fn the_help_of_every_command_is_as_it_was_reviewed() {
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/help");
    let mut alle = Vec::new();
    paden(&ketenhub::cli::opdrachten(), "", &mut alle);
    let bestand = |pad: &String| map.join(format!("{}.trycmd", if pad.is_empty() { "ketenhub".to_owned() } else { pad.replace(' ', "-") }));
    let nodig: BTreeSet<PathBuf> = alle.iter().map(bestand).collect();
    assert!(nodig.len() > 45 && nodig.len() == alle.len(), "{}", nodig.len());
    if std::env::var_os("BIJWERKEN").is_some_and(|waarde| waarde == "1") {
        std::fs::create_dir_all(&map).unwrap();
        for (pad, bestand) in alle.iter().zip(alle.iter().map(bestand)).filter(|(_, bestand)| !bestand.exists()) {
            let opdracht = format!("ketenhub {pad}").trim().to_owned();
            std::fs::write(bestand, format!("```console\n$ {opdracht} --help\n\n```\n")).unwrap();
        }
    }
    let er: BTreeSet<PathBuf> = std::fs::read_dir(&map).unwrap().map(|een| een.unwrap().path()).collect();
    assert_eq!(er, nodig, "a snapshot for every command and no other; BIJWERKEN=1 makes those that are missing");
    for (pad, bestand) in alle.iter().zip(alle.iter().map(bestand)) {
        let opdracht = format!("$ ketenhub {pad}").trim().to_owned();
        let tekst = std::fs::read_to_string(&bestand).unwrap();
        assert!(tekst.contains(&format!("{opdracht} --help\n")), "{} is of another command", bestand.display());
    }
    snapshots("tests/cmd/help/*.trycmd").run();
}

#[test]
fn results_and_errors_are_as_they_were_reviewed() {
    snapshots("tests/cmd/*.trycmd").run();
}

#[test]
fn the_completions_of_every_shell_know_every_command() {
    let mut alle = Vec::new();
    paden(&ketenhub::cli::opdrachten(), "", &mut alle);
    for schil in ["bash", "zsh", "fish"] {
        let uitvoer = std::process::Command::new(env!("CARGO_BIN_EXE_ketenhub")).args(["completions", schil]).output().unwrap();
        let tekst = String::from_utf8(uitvoer.stdout).unwrap();
        for naam in alle.iter().filter_map(|pad| pad.split(' ').next_back()).filter(|naam| !naam.is_empty()) {
            assert!(tekst.contains(naam), "{schil} does not know {naam}");
        }
        assert!(tekst.contains("--bsn-van") || tekst.contains("bsn-van"), "{schil} does not know the options");
        // Where the shell is at hand it reads them.
        if let Ok(mut kind) = std::process::Command::new(schil).arg("-n").stdin(std::process::Stdio::piped()).spawn() {
            std::io::Write::write_all(&mut kind.stdin.take().unwrap(), tekst.as_bytes()).unwrap();
            assert!(kind.wait().unwrap().success(), "{schil}");
        }
    }
}
