//! The command line end to end: the real programme against a hub that is the real programme too.

mod audit;
mod doctor;
mod gebruik;
mod inzage;
mod ontvangen;
mod termijn;
mod weigering;

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::proces::{self, voer_uit};

/// The options that say where to and with whose certificate of a folder.
struct Als {
    opties: Vec<String>,
}

impl Als {
    fn nieuw(address: &str, certs: &Path, wie: &str) -> Als {
        let pad = |naam: String| certs.join(naam).display().to_string();
        let opties = [
            ("--endpoint", address.to_owned()),
            ("--ca", pad("ca.pem".to_owned())),
            ("--cert", pad(format!("{wie}.pem"))),
            ("--key", pad(format!("{wie}.key"))),
        ];
        Als { opties: opties.into_iter().flat_map(|(naam, waarde)| [naam.to_owned(), waarde]).collect() }
    }

    /// Runs a command with these options.
    async fn doet(&self, argumenten: &[&str]) -> Output {
        let alle: Vec<&str> = argumenten.iter().copied().chain(self.opties.iter().map(String::as_str)).collect();
        voer_uit(&alle).await
    }
}

/// What a command that must succeed wrote.
fn gelukt(uitvoer: &Output) -> String {
    assert!(uitvoer.status.success(), "{}", String::from_utf8_lossy(&uitvoer.stderr));
    String::from_utf8(uitvoer.stdout.clone()).unwrap()
}

/// What a command that must fail said. It writes nothing on standard output.
fn mislukt(uitvoer: &Output) -> String {
    let gezegd = String::from_utf8(uitvoer.stderr.clone()).unwrap();
    assert_eq!(uitvoer.status.code(), Some(1), "{gezegd}");
    assert!(uitvoer.stdout.is_empty(), "{}", String::from_utf8_lossy(&uitvoer.stdout));
    assert!(gezegd.starts_with("error: "), "{gezegd}");
    gezegd
}

fn schrijf(map: &Path, naam: &str, inhoud: &str) -> PathBuf {
    let pad = map.join(naam);
    std::fs::write(&pad, inhoud).unwrap();
    pad
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_explains_itself() {
    let mut te_doen: Vec<Vec<String>> = vec![Vec::new()];
    let mut gezien = 0;
    while let Some(pad) = te_doen.pop() {
        let argumenten: Vec<&str> = pad.iter().map(String::as_str).chain(["--help"]).collect();
        let hulp = gelukt(&proces::voer_uit(&argumenten).await);
        assert!(hulp.contains("Usage: ketenhub"), "{pad:?}: {hulp}");
        gezien += 1;
        let onder = hulp.split_once("Commands:\n").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap());
        // A command begins at the second column; what goes on below it is indented further.
        for regel in onder.lines().filter(|regel| regel.starts_with("  ") && !regel.starts_with("   ")) {
            let naam = regel.split_whitespace().next().unwrap();
            if naam != "help" {
                te_doen.push(pad.iter().cloned().chain([naam.to_owned()]).collect());
            }
        }
    }
    assert!(gezien >= 14, "only {gezien} commands were found");
    assert!(gelukt(&proces::voer_uit(&["--version"]).await).starts_with("ketenhub "));
}
