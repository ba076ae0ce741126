//! The guides of `docs/rollen/` say what the contract says: every message that a role may send, gets or may consult and no other, with the
//! JSON of `examples/` as the sender writes it and as the reader sees it. `BIJWERKEN=1` writes that JSON anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jeugdketen_proto::v1::{Bericht, Rol};
use jeugdketen_proto::{Kind, Projection as _, Reader};
use ketenhub::json;

use crate::support::chain::oin;
use crate::support::{may_refresh, repository};

/// Every role that sends, gets or may consult something, but the hub itself.
fn rollen() -> Vec<Rol> {
    let rollen = (1..).map_while(|nummer| Rol::try_from(nummer).ok()).filter(|rol| *rol != Rol::Hub);
    rollen.filter(|rol| [Deel::Stuurt, Deel::Krijgt, Deel::Inziet].iter().any(|deel| !deel.soorten(*rol).is_empty())).collect()
}

fn naam(rol: Rol) -> String {
    rol.as_str_name().trim_start_matches("ROL_").to_lowercase().replace('_', "-")
}

fn gids(rol: Rol) -> PathBuf {
    repository().join("docs/rollen").join(format!("{}.md", naam(rol)))
}

/// A part of a guide.
#[derive(Clone, Copy)]
enum Deel {
    Stuurt,
    Krijgt,
    Inziet,
}

impl Deel {
    fn kop(self) -> &'static str {
        match self {
            Deel::Stuurt => "Wat u stuurt",
            Deel::Krijgt => "Wat u krijgt",
            Deel::Inziet => "Wat u kunt inzien",
        }
    }

    /// What the contract says.
    fn soorten(self, rol: Rol) -> BTreeSet<String> {
        let hoort = |kind: &Kind| match self {
            Deel::Stuurt => kind.route().from.contains(&rol),
            Deel::Krijgt => kind.route().to.iter().any(|(naar, _)| *naar == rol),
            Deel::Inziet => kind.route().consult.contains(&rol),
        };
        Kind::ALL.into_iter().filter(hoort).map(|kind| kind.name().to_owned()).collect()
    }
}

/// The text below a heading, up to the next of its level.
fn onder<'a>(text: &'a str, teken: &str, kop: &str) -> &'a str {
    let begin = text.split_once(&format!("\n{teken} {kop}\n")).map_or("", |(_, rest)| rest);
    begin.split(&format!("\n{teken} ")).next().unwrap_or_default()
}

fn voorbeeld(naam: &str) -> String {
    let map = repository().join("examples");
    let pad = [map.join(format!("{naam}.json")), map.join("los").join(format!("{naam}.json"))].into_iter().find(|pad| pad.exists());
    fs::read_to_string(pad.unwrap_or_else(|| panic!("there is no example {naam}"))).unwrap().trim_end().to_owned()
}

/// What the first participant of a role sees of an example.
fn beeld(naam_voorbeeld: &str, rol: Rol) -> String {
    let mut bericht: Bericht = json::read(&voorbeeld(naam_voorbeeld)).unwrap();
    if bericht.maatregel_id.is_empty() && bericht.inhoud.as_ref().unwrap().kind() == Kind::Uitspraak {
        "{{maatregel_id}}".clone_into(&mut bericht.maatregel_id);
    }
    bericht.restrict(&Reader { role: rol, oin: &oin(&naam(rol)).to_string() });
    json::write(&bericht).unwrap()
}

/// The JSON that belongs below a mark, when it is not written by hand.
fn wordt(merk: &str, rol: Rol) -> Option<String> {
    match merk.split_once(' ').unwrap() {
        ("verzonden", naam) => Some(voorbeeld(naam)),
        ("ontvangen", naam) => Some(beeld(naam, rol)),
        ("bericht", _) => None,
        ander => panic!("an unknown mark: {ander:?}"),
    }
}

/// The marks of a text, each with its block of JSON and where that is.
fn blokken(text: &str) -> Vec<(String, std::ops::Range<usize>)> {
    let mut gevonden = Vec::new();
    for (begin, _) in text.match_indices("<!-- ") {
        let (merk, rest) =
            text[begin + 5..].split_once(" -->\n```json\n").unwrap_or_else(|| panic!("no JSON below {:?}", &text[begin..begin + 40]));
        let van = text.len() - rest.len();
        let lang = if rest.starts_with("```") { 0 } else { rest.find("\n```").unwrap() + 1 };
        gevonden.push((merk.to_owned(), van..van + lang));
    }
    gevonden
}

fn bij(pad: &Path, rol: Rol) -> String {
    let mut text = fs::read_to_string(pad).unwrap_or_else(|_| panic!("{} is not there", pad.display()));
    if may_refresh() {
        for (merk, waar) in blokken(&text).into_iter().rev() {
            if let Some(wordt) = wordt(&merk, rol) {
                text.replace_range(waar, &(wordt + "\n"));
            }
        }
        fs::write(pad, &text).unwrap();
    }
    text
}

#[test]
fn every_role_of_the_contract_has_a_guide_with_its_messages_and_no_other() {
    assert!(rollen().len() >= 8);
    for rol in rollen() {
        let text = bij(&gids(rol), rol);
        for deel in [Deel::Stuurt, Deel::Krijgt, Deel::Inziet] {
            let koppen = onder(&text, "##", deel.kop()).lines().filter_map(|regel| regel.strip_prefix("### "));
            assert_eq!(koppen.map(str::to_owned).collect::<BTreeSet<_>>(), deel.soorten(rol), "{rol:?}: {}", deel.kop());
        }
    }
}

#[test]
fn the_json_of_every_guide_is_that_of_the_examples_as_its_reader_sees_it() {
    let mut gezien = 0;
    for rol in rollen() {
        let text = bij(&gids(rol), rol);
        assert_eq!(text.matches("```json").count(), blokken(&text).len(), "{rol:?}: a block of JSON without a mark");
        for (merk, waar) in blokken(&text) {
            let staat = text[waar].trim_end();
            if let Some(wordt) = wordt(&merk, rol) {
                assert_eq!(staat, wordt, "{rol:?}: {merk}; BIJWERKEN=1 writes it anew");
            }
            gezien += 1;
        }
    }
    assert!(gezien >= 50);
}

/// Each message that is sent or received is shown at least once, under its own heading.
#[test]
fn every_message_of_a_guide_is_shown_and_below_its_own_heading() {
    for rol in rollen() {
        let text = bij(&gids(rol), rol);
        for (deel, merk) in [(Deel::Stuurt, "verzonden"), (Deel::Krijgt, "ontvangen")] {
            for soort in deel.soorten(rol) {
                let stuk = onder(onder(&text, "##", deel.kop()), "###", &soort);
                // The first heading of a part has no line before it.
                let blokken = blokken(stuk);
                assert!(!blokken.is_empty(), "{rol:?}: {soort} is not shown");
                for (van, waar) in blokken {
                    assert!(van.starts_with(merk) || van == format!("bericht {soort}"), "{rol:?}: {van} below {soort}");
                    let bericht: Bericht = json::read(&stuk[waar]).unwrap();
                    assert_eq!(bericht.inhoud.unwrap().kind().name(), soort, "{rol:?}");
                }
            }
        }
    }
}

#[test]
fn every_reason_in_a_guide_is_one_that_the_hub_gives() {
    fn bronnen(map: &Path, text: &mut String) {
        for pad in fs::read_dir(map).unwrap().map(|entry| entry.unwrap().path()) {
            match pad.is_dir() {
                true => bronnen(&pad, text),
                false => text.push_str(&fs::read_to_string(pad).unwrap()),
            }
        }
    }
    let mut bron = String::new();
    bronnen(&repository().join("src"), &mut bron);
    let mut gezien = 0;
    for pad in rollen().into_iter().map(gids).chain([repository().join("docs/rollen/README.md")]) {
        let text = fs::read_to_string(&pad).unwrap();
        let fouten = onder(&text, "##", "Fouten");
        for regel in fouten.lines().filter(|regel| regel.starts_with("| `")) {
            for reden in regel.split('|').nth(1).unwrap().split('`').filter(|deel| !deel.trim().is_empty()) {
                assert!(bron.contains(&format!("\"{reden}\"")), "{}: {reden}", pad.display());
                gezien += 1;
            }
        }
    }
    assert!(gezien >= 40);
}
