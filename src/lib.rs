//! Ketenhub: a mutually authenticated data-exchange hub between the chain partners of Dutch youth protection.
//!
//! The modules in the order in which a message travels: wire → identity → admission → store → delivery, with the pure rules in
//! `domain` beside them. `docs/architecture.md` is the map.

pub mod admission;
pub mod audit;
pub mod beheer;
pub mod bench;
pub mod bestand;
pub mod boom;
pub mod certs;
pub mod cli;
pub mod config;
pub mod conform;
pub mod delivery;
pub mod domain;
pub mod hub;
pub mod identity;
pub mod json;
pub mod klokken;
pub mod kluis;
pub mod logboek;
mod mac;
pub mod openbaar;
pub mod operator;
pub mod paginas;
pub mod receipt;
pub mod replay;
pub mod store;
pub mod telemetry;
pub mod time;
pub mod verbintenis;
pub mod wire;
