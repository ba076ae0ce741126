//! The published privacy matrix is the one that the contract says. It does not judge the policy itself.

use jeugdketen_proto::PRIVACY_MATRIX;

use crate::support::{may_refresh, repository};

#[test]
fn the_published_privacy_matrix_is_that_of_the_contract() {
    let page = repository().join("docs/privacy-matrix.md");
    if may_refresh() {
        std::fs::write(&page, PRIVACY_MATRIX).expect("docs/privacy-matrix.md can be written");
    }
    let published = std::fs::read_to_string(&page).unwrap_or_default();
    let stale = published.lines().zip(PRIVACY_MATRIX.lines()).position(|(published, contract)| published != contract);
    let line = stale.unwrap_or(published.lines().count().min(PRIVACY_MATRIX.lines().count())) + 1;
    assert!(
        published == PRIVACY_MATRIX,
        "docs/privacy-matrix.md is stale from line {line} on; refresh it with\n    BIJWERKEN=1 cargo test --workspace --test it privacy_matrix\nand review the difference"
    );
}
