//! The fault campaign: hubs, PostgreSQL, connections, disk and clock fail while participants work, and a checker reads what each of them
//! saw. Every fault has a short test of its own; `lang` draws all of them from a seed, as long as it is told to (docs/campagne.md).

mod cluster;
mod doorgang;
mod eindstand;
mod geschiedenis;
mod hubs;
mod keurder;
mod klanten;
mod lang;
mod last;
mod lijnen;
mod machine;
mod opstelling;
mod servers;
mod spel;
mod toeval;
