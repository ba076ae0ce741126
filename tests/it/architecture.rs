//! The table "What may use what" of `docs/architecture.md` is the whole truth: a module uses what its row says, all of it and nothing else.
//! Test code inside the sources does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::repository;

type Uses = BTreeMap<String, BTreeSet<String>>;

#[test]
fn every_module_uses_what_the_table_allows_and_nothing_else() {
    let dependencies = dependencies();
    let mut used = Uses::new();
    for entry in fs::read_dir(repository().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !matches!(module.as_str(), "main" | "lib") {
            collect(&path, &module, &dependencies, used.entry(module.clone()).or_default());
        }
    }
    let allowed = table();
    assert!(allowed.len() > 10, "the table was not found");
    assert_eq!(used, allowed);
}

#[test]
fn a_use_outside_the_table_is_noticed() {
    let dependencies = BTreeSet::from(["sqlx".to_owned()]);
    let mut found = BTreeSet::new();
    read("use crate::store::Store;\nfn f() { sqlx::query(\"\"); }\n// crate::wire::x\n", "domain", &dependencies, &mut found);
    assert_eq!(found, BTreeSet::from(["sqlx".to_owned(), "store".to_owned()]));
}

/// The dependencies of the programme, as they are written in code.
fn dependencies() -> BTreeSet<String> {
    let manifest: toml::Table = fs::read_to_string(repository().join("Cargo.toml")).unwrap().parse().unwrap();
    manifest["dependencies"].as_table().unwrap().keys().map(|name| name.replace('-', "_")).collect()
}

fn collect(path: &Path, module: &str, dependencies: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), module, dependencies, found);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        read(&fs::read_to_string(path).unwrap(), module, dependencies, found);
    }
}

fn read(source: &str, module: &str, dependencies: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    let code = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    for line in code.lines().map(|line| line.split("//").next().unwrap_or_default()) {
        for (at, _) in line.match_indices("::") {
            let head = line[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            let before = line[..at - head.len()].ends_with("::");
            if head == "crate" {
                let rest = line[at + 2..].split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                if !rest.is_empty() && rest != module {
                    found.insert(rest.to_owned());
                }
            } else if !before && dependencies.contains(head) {
                found.insert(head.to_owned());
            }
        }
    }
}

/// The rows of the table: module, from the house, from outside.
fn table() -> Uses {
    let text = fs::read_to_string(repository().join("docs/architecture.md")).unwrap();
    let section = text.split("## What may use what").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    let words =
        |cell: &str| cell.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty() && word != "–").collect::<Vec<_>>();
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').collect();
        (cells[0].trim().to_owned(), words(cells[1]).into_iter().chain(words(cells[2])).collect())
    })
    .collect()
}
