//! Ketenhub: a mutually authenticated data-exchange hub between the chain partners of Dutch youth protection.
//!
//! The modules in the order in which a message travels: wire → identity → admission → store → delivery, with the pure rules in
//! `domain` beside them. `docs/architecture.md` is the map.

pub mod domain;
