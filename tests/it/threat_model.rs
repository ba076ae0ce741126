//! Every test that `docs/threat-model.md` names is there. Whether it tests what it is named for is not read here.

use std::fs;
use std::path::Path;

use crate::support::repository;

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let mut sources = String::new();
    for folder in ["src", "tests", "proto/tests"] {
        collect(&repository().join(folder), &mut sources);
    }
    let model = fs::read_to_string(repository().join("docs/threat-model.md")).unwrap();
    let rows = model.lines().filter(|line| line.starts_with("| TM-"));
    let tests = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    let names: Vec<_> = tests.flat_map(named).collect();
    assert!(names.len() > 50, "{}", names.len());
    let missing: Vec<_> = names.into_iter().filter(|name| !sources.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// What a cell of a table names in backticks.
pub fn named(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn collect(path: &Path, sources: &mut String) {
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| collect(&entry.unwrap().path(), sources));
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        sources.push_str(&fs::read_to_string(path).unwrap());
    }
}
