//! `docs/requirements.md` forgets no requirement and names nothing that is not there. Whether a test shows what it is named for is not read
//! here.

use std::collections::HashMap;
use std::fs;

use jeugdketen_proto::pool;

use crate::support::repository;
use crate::threat_model::named;

struct Row {
    nr: String,
    home: String,
    shown: String,
}

fn rows() -> Vec<Row> {
    let table = fs::read_to_string(repository().join("docs/requirements.md")).unwrap();
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        let [nr, asked, home, shown] = cells.try_into().unwrap_or_else(|cells| panic!("four cells: {cells:?}"));
        assert!(!asked.is_empty() && !home.is_empty(), "{nr} says what is asked and where it is");
        Row { nr, home, shown }
    };
    table.lines().filter(|line| line.starts_with("| R") && !line.starts_with("| R |")).map(row).collect()
}

#[test]
fn every_requirement_has_one_row() {
    let found: Vec<_> = rows().into_iter().map(|row| row.nr).collect();
    let all: Vec<_> = (1..=99).map(|nr| format!("R{nr}")).collect();
    assert_eq!(found, all);
}

#[test]
fn every_row_is_shown_by_tests_that_exist_or_says_why_not() {
    let mut sources = HashMap::new();
    for row in rows() {
        let tests: Vec<_> = named(&row.shown).collect();
        let reason = row.shown.starts_with("not the hub's, because ") || row.shown.starts_with("not yet: ");
        assert!(!tests.is_empty() || reason, "{} has neither test nor reason: {}", row.nr, row.shown);
        for test in tests {
            assert!(is_test(test, &mut sources), "{} names no test: {test}", row.nr);
        }
    }
}

/// Whether a path such as `klokken::vast::name` is that of a test in the file of its module.
fn is_test(path: &str, sources: &mut HashMap<String, String>) -> bool {
    let Some((module, name)) = path.rsplit_once("::") else { return false };
    let source = sources.entry(module.to_owned()).or_insert_with(|| {
        let file = format!("{}.rs", module.replace("::", "/"));
        ["tests/it", "proto/tests"].iter().filter_map(|dir| fs::read_to_string(repository().join(dir).join(&file)).ok()).collect()
    });
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let here = lines.iter().position(|line| line.contains(&format!("fn {name}(")));
    // With the attribute of a test above it, or in the shape that the macro for both databases takes.
    here.is_some_and(|nr| lines[nr].ends_with("(chain: Chain) {") || lines[..nr].last().is_some_and(|above| above.contains("test")))
}

#[test]
fn every_home_is_in_the_contract_or_in_the_repository() {
    let pool = pool();
    let package = |name: &str| format!("jeugdketen.hub.v1.{name}");
    let message = |name: &str| pool.get_message_by_name(&package(name));
    let service = |name: &str| pool.services().find(|service| service.name() == name && service.package_name() == "jeugdketen.hub.v1");
    let code = |name: &str| pool.all_enums().any(|codes| codes.values().any(|value| value.name() == name));
    let exists = |name: &str| match name.split_once('.') {
        _ if name.contains('/') => repository().join(name).exists(),
        Some((of, member)) => {
            let field = message(of).is_some_and(|message| message.get_field_by_name(member).is_some());
            field || service(of).is_some_and(|service| service.methods().any(|method| method.name() == member))
        }
        None => message(name).is_some() || pool.get_enum_by_name(&package(name)).is_some() || code(name) || service(name).is_some(),
    };
    let mut count = 0;
    for row in rows() {
        for name in named(&row.home) {
            assert!(exists(name), "{}: {name} is nowhere", row.nr);
            count += 1;
        }
    }
    assert!(count > 100, "{count} names looked at");
}
