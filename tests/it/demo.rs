//! The demo as a newcomer runs it: the real programme, one whole case, and what it wrote down. Whether each view is right by the contract
//! is tested elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use jeugdketen_proto::v1::Bericht;
use ketenhub::json;

use crate::support::repository;

fn play(out: &Path) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_ketenhub")).args(["demo", "--once", "--out"]).arg(out).current_dir(repository()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn the_demo_plays_a_whole_case_and_writes_down_who_saw_what() {
    let folder = tempfile::tempdir().unwrap();
    let told = play(folder.path());
    for expected in [
        "Uitspraak",
        "wachtlijst",
        "niet passend",
        "De hulp is echt gestart",
        "hub → GEMEENTE",
        " ms",
        "3 passende hulp              2026-03-18   2026-06-18   2026-05-12   gehaald",
    ] {
        assert!(told.contains(expected), "{expected}");
    }

    let parties = names(folder.path());
    for role in ["GI-", "GEMEENTE-", "AANBIEDER-", "EXPERTTEAM-", "INSPECTIE-", "ACCOUNTHOUDENDE_REGIO-"] {
        assert!(parties.iter().any(|party| party.starts_with(role)), "{role}");
    }
    assert_eq!(names(&folder.path().join("submitted")).len(), 13);

    for party in parties.iter().filter(|party| *party != "submitted") {
        let files = names(&folder.path().join(party));
        // Numbers of a mailbox begin at 1 and have no gaps.
        let numbers: BTreeSet<usize> = files.iter().map(|file| file.split('-').next().unwrap().parse().unwrap()).collect();
        assert_eq!(numbers, (1..=files.len()).collect(), "{party}");
        for file in files {
            let text = fs::read_to_string(folder.path().join(party).join(&file)).unwrap();
            let view: Bericht = json::read(&text).unwrap();
            let kind = view.inhoud.as_ref().unwrap().kind();
            assert!(file.ends_with(&format!("-{}.json", kind.name())), "{file}");
        }
    }
}

#[test]
fn no_text_of_the_demo_reaches_a_party_that_may_not_see_it() {
    let folder = tempfile::tempdir().unwrap();
    play(folder.path());
    let sent: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("submitted/05-Jeugdhulpbepaling.json")).unwrap()).unwrap();
    let order: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("submitted/02-Uitspraak.json")).unwrap()).unwrap();
    let hidden = [
        (order["uitspraak"]["motivering"].clone(), "GI-"),
        (order["uitspraak"]["gronden"].clone(), "GI-"),
        (sent["jeugdhulpbepaling"]["onderbouwing"].clone(), "AANBIEDER-"),
    ];
    for (text, may_see) in hidden {
        let text = text.as_str().unwrap().to_owned();
        let mut seen = 0;
        for party in names(folder.path()).iter().filter(|party| *party != "submitted") {
            let whole: String = names(&folder.path().join(party))
                .iter()
                .map(|file| fs::read_to_string(folder.path().join(party).join(file)).unwrap())
                .collect();
            let holds = whole.contains(&serde_json::to_string(&text).unwrap());
            assert!(!holds || party.starts_with(may_see), "{party}");
            seen += usize::from(holds);
        }
        assert!(seen > 0, "nobody saw it");
    }
}
