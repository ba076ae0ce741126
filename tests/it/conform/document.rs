//! The published list of cases is that of the code, and the list is in order.

use std::collections::BTreeSet;

use ketenhub::conform::bij_hub::HUBGEVALLEN;
use ketenhub::conform::{document, gevallen};

use crate::support::{may_refresh, repository};

#[test]
fn the_published_cases_are_those_of_the_code() {
    let page = repository().join("docs/conformiteit.md");
    if may_refresh() {
        std::fs::write(&page, document::tekst()).expect("docs/conformiteit.md can be written");
    }
    assert!(
        std::fs::read_to_string(&page).unwrap_or_default() == document::tekst(),
        "docs/conformiteit.md is stale; refresh it with\n    BIJWERKEN=1 cargo test --workspace --test it conform::document\nand review the difference"
    );
}

#[test]
fn there_are_at_least_sixty_cases_and_no_id_is_used_twice() {
    let alle: Vec<_> = gevallen().map(|geval| geval.id).chain(HUBGEVALLEN.iter().map(|geval| geval.id)).collect();
    let verschillend: BTreeSet<_> = alle.iter().collect();
    assert!(alle.len() >= 60, "{}", alle.len());
    assert_eq!(verschillend.len(), alle.len());
}
