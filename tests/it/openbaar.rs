//! The contract as a page: nothing of the descriptors is missing, every cell of the privacy matrix is that of the contract, every link leads
//! somewhere, and the page runs nothing.

use std::collections::{BTreeMap, BTreeSet};

use jeugdketen_proto::{PRIVACY_MATRIX, pool};
use prost_types::FileDescriptorProto;

use crate::support::proces::voer_uit;
use crate::support::repository;

const PACKAGE: &str = "jeugdketen.hub.v1";

fn pagina() -> String {
    ketenhub::openbaar::pagina().unwrap()
}

/// Text as it stands in HTML.
fn html(tekst: &str) -> String {
    tekst.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;").replace('\'', "&#39;")
}

/// The comment above something, as running text.
fn uitleg(bestand: &FileDescriptorProto, pad: &[i32]) -> String {
    let plaatsen = bestand.source_code_info.iter().flat_map(|info| &info.location);
    let gevonden = plaatsen.filter(|plaats| plaats.path == pad).find_map(|plaats| plaats.leading_comments.clone());
    gevonden.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every anchor that the contract needs, with the comment that must stand there.
fn nodig() -> Vec<(String, String)> {
    let mut nodig = Vec::new();
    for bericht in pool().all_messages().filter(|een| een.package_name() == PACKAGE) {
        let bestand = bericht.parent_file();
        nodig.push((bericht.name().to_owned(), uitleg(bestand.file_descriptor_proto(), bericht.path())));
        let veld = |veld: prost_reflect::FieldDescriptor| {
            (format!("{}.{}", bericht.name(), veld.name()), uitleg(bestand.file_descriptor_proto(), veld.path()))
        };
        nodig.extend(bericht.fields().map(veld));
    }
    for dienst in pool().services().filter(|een| een.package_name() == PACKAGE) {
        let bestand = dienst.parent_file();
        nodig.push((dienst.name().to_owned(), uitleg(bestand.file_descriptor_proto(), dienst.path())));
        let methode = |methode: prost_reflect::MethodDescriptor| {
            (format!("{}.{}", dienst.name(), methode.name()), uitleg(bestand.file_descriptor_proto(), methode.path()))
        };
        nodig.extend(dienst.methods().map(methode));
    }
    for opsomming in pool().all_enums().filter(|een| een.package_name() == PACKAGE) {
        let bestand = opsomming.parent_file();
        nodig.push((opsomming.name().to_owned(), uitleg(bestand.file_descriptor_proto(), opsomming.path())));
        let waarde =
            |waarde: prost_reflect::EnumValueDescriptor| (waarde.name().to_owned(), uitleg(bestand.file_descriptor_proto(), waarde.path()));
        nodig.extend(opsomming.values().map(waarde));
    }
    nodig
}

#[test]
fn every_message_field_method_and_value_is_in_the_page_with_its_comment() {
    let pagina = pagina();
    let nodig = nodig();
    assert!(nodig.len() > 600, "only {}; is the comparison blind?", nodig.len());
    for (anker, uitleg) in nodig {
        let plaats = format!("id=\"{anker}\"");
        assert_eq!(pagina.matches(&plaats).count(), 1, "{anker}");
        assert!(!uitleg.is_empty(), "{anker} has no comment");
        let (_, vanaf) = pagina.split_once(&plaats).unwrap();
        // Before the next thing begins.
        let eigen = vanaf.split(" id=\"").next().unwrap();
        assert!(eigen.contains(&html(&uitleg)), "{anker}: {uitleg}");
    }
}

/// The tables of the published matrix: kind, path of the field, cells.
fn matrix(markdown: &str) -> BTreeMap<(String, String), Vec<String>> {
    let mut cellen = BTreeMap::new();
    for deel in markdown.split("\n## ").skip(2) {
        let soort = deel.lines().next().unwrap().to_owned();
        for regel in deel.lines().filter(|regel| regel.starts_with("| `")) {
            let rij: Vec<String> = regel.trim_matches('|').split('|').map(|cel| cel.trim().to_owned()).collect();
            cellen.insert((soort.clone(), rij[0].trim_matches('`').to_owned()), rij[1..].to_vec());
        }
    }
    cellen
}

/// The text of each cell of a row of HTML.
fn cellen(rij: &str) -> Vec<String> {
    let tekst = |cel: &str| {
        let mut uit = String::new();
        let mut binnen = false;
        for teken in cel.chars() {
            match teken {
                '<' => binnen = true,
                '>' => binnen = false,
                teken if !binnen => uit.push(teken),
                _ => {}
            }
        }
        uit
    };
    rij.split("<td").skip(1).map(|cel| tekst(&format!("<td{}", cel.split("</td>").next().unwrap()))).collect()
}

#[test]
fn every_cell_of_the_matrix_is_that_of_the_contract() {
    let pagina = pagina();
    let gepubliceerd = matrix(PRIVACY_MATRIX);
    assert!(gepubliceerd.len() > 200, "{}", gepubliceerd.len());
    let mut getoond = BTreeMap::new();
    let (_, deel) = pagina.split_once("<h2 id=\"matrix\">").unwrap();
    let deel = deel.split("<h2 id=\"berichten\">").next().unwrap();
    for sectie in deel.split("<h3 id=\"matrix-").skip(1) {
        let soort = sectie.split('"').next().unwrap().to_owned();
        for rij in sectie.split("<tr><th scope=\"row\">").skip(1) {
            let pad = rij.split("<code>").nth(1).unwrap().split("</code>").next().unwrap().to_owned();
            getoond.insert((soort.clone(), pad), cellen(rij));
        }
    }
    for (waar, rij) in &gepubliceerd {
        assert_eq!(getoond.get(waar), Some(rij), "{waar:?}");
    }
    assert_eq!(getoond.len(), gepubliceerd.len());
}

#[test]
fn who_sends_what_to_whom_is_that_of_the_contract() {
    let pagina = pagina();
    let (_, deel) = PRIVACY_MATRIX.split_once("## Who sends what to whom").unwrap();
    let deel = deel.split("\n## ").next().unwrap();
    let mut gezien = 0;
    for regel in deel.lines().filter(|regel| regel.starts_with("| ") && !regel.starts_with("| Message")) {
        let rij: Vec<&str> = regel.trim_matches('|').split('|').map(str::trim).collect();
        let (_, html) = pagina.split_once(&format!("id=\"route-{}\"", rij[0])).unwrap();
        let getoond = cellen(html.split("</tr>").next().unwrap());
        let naar: BTreeSet<&str> = getoond[1].split(", ").map(|een| een.split(' ').next().unwrap()).collect();
        let verwacht: BTreeSet<&str> = rij[2].split(", ").collect();
        assert_eq!((&*getoond[0], naar, &*getoond[2]), (rij[1], verwacht, rij[3]), "{}", rij[0]);
        gezien += 1;
    }
    assert!(gezien > 20, "{gezien}");
}

/// Every reason that some source can answer with.
fn redenen() -> BTreeSet<String> {
    let lees = |pad: &str| std::fs::read_to_string(repository().join(pad)).unwrap();
    let mut gevonden = BTreeSet::new();
    let is_reden = |woord: &str| woord.len() > 5 && woord.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    for pad in ["src/domain/refusal.rs", "src/domain/deelnemer.rs"] {
        gevonden.extend(
            lees(pad).split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()).filter(|woord| is_reden(woord)).map(str::to_owned),
        );
    }
    let bestanden = std::fs::read_dir(repository().join("src/wire")).unwrap().map(|een| een.unwrap().path());
    let wire = bestanden.filter(|pad| pad.extension().is_some_and(|extensie| extensie == "rs") && !pad.ends_with("redenen.rs"));
    let bronnen = wire.map(|pad| std::fs::read_to_string(pad).unwrap()).chain([lees("src/beheer.rs")]);
    for bron in bronnen {
        let bron = bron.split("#[cfg(test)]\nmod ").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        for aanroep in ["info(", "toestand(", "Toestand(", "te_veel(", "opnieuw("] {
            for (plaats, _) in bron.match_indices(aanroep) {
                let rest = &bron[plaats + aanroep.len()..];
                let argument = rest.split(')').next().unwrap();
                gevonden.extend(argument.split('"').skip(1).step_by(2).filter(|woord| is_reden(woord)).map(str::to_owned));
            }
        }
    }
    gevonden
}

#[test]
fn every_reason_that_the_sources_answer_with_is_in_the_page_with_what_to_do() {
    let pagina = pagina();
    let redenen = redenen();
    assert!(redenen.len() > 35, "{redenen:?}");
    for reden in &redenen {
        let (_, rij) = pagina.split_once(&format!("<tr id=\"reden-{reden}\">")).unwrap_or_else(|| panic!("{reden} is not in the page"));
        let cellen = cellen(rij.split("</tr>").next().unwrap());
        assert!(cellen.len() == 3 && cellen.iter().all(|cel| cel.len() > 5), "{reden}: {cellen:?}");
    }
    assert_eq!(pagina.matches("<tr id=\"reden-").count(), redenen.len(), "and no other");
}

#[test]
fn every_link_leads_to_something_in_the_page_and_nothing_runs_or_is_fetched() {
    let pagina = pagina();
    let ankers: Vec<&str> = pagina.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let verschillende: BTreeSet<&str> = ankers.iter().copied().collect();
    assert_eq!(verschillende.len(), ankers.len(), "an anchor stands there once");
    let schakels: Vec<&str> = pagina.split(" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(schakels.len() > 1000, "{}", schakels.len());
    for schakel in schakels {
        assert!(schakel.strip_prefix('#').is_some_and(|anker| verschillende.contains(anker)), "{schakel}");
    }
    for geen in ["<script", "javascript:", " style=\"", " src=\"", "@import", "url(", "http://", "https://", "<iframe", "<form", "<link"] {
        assert!(!pagina.contains(geen), "{geen}");
    }
    let met_gebeurtenis = pagina.split('<').filter(|stuk| stuk.split('>').next().unwrap().contains(" on"));
    assert_eq!(met_gebeurtenis.count(), 0, "no event handlers");
    // The policy names the look by its digest: a changed look without a changed digest would not be shown.
    let (_, stijl) = pagina.split_once("<style>").unwrap();
    let stijl = stijl.split("</style>").next().unwrap();
    let som = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, stijl.as_bytes());
    let som = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, som);
    assert!(pagina.contains(&format!("content=\"default-src 'none'; style-src 'sha256-{som}'; base-uri 'none'; form-action 'none'\"")));
    for nodig in ["prefers-color-scheme: dark", "@media print", "lang=\"en\"", "<main", "<nav aria-label"] {
        assert!(pagina.contains(nodig), "{nodig}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_writes_that_page_to_a_folder() {
    let map = tempfile::tempdir().unwrap();
    let uit = map.path().join("nieuw/contract");
    let uitvoer = voer_uit(&["openbaar", "--out", uit.to_str().unwrap()]).await;
    assert!(uitvoer.status.success(), "{}", String::from_utf8_lossy(&uitvoer.stderr));
    assert_eq!(std::fs::read_to_string(uit.join("index.html")).unwrap(), pagina());
}
