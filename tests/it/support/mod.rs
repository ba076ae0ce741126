//! What tests need: files of the repository, a database, a hub with its participants, the example messages. It judges nothing.

pub mod berichten;
pub mod browser;
pub mod chain;
pub mod draad;
pub mod hub;
pub mod pki;
pub mod postgres;
pub mod proces;
pub mod ruw;
pub mod shim;
pub mod verhaal;
pub mod zaak;

use std::path::Path;

/// The top of the checkout.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether a test of a generated file rewrites it first: `BIJWERKEN=1`.
pub fn may_refresh() -> bool {
    std::env::var_os("BIJWERKEN").is_some_and(|value| value == "1")
}
