//! The fault campaign: hubs, PostgreSQL, connections, disk and clock fail while participants work, and a checker reads what each of them
//! saw. Every fault has a short test of its own; `lang` draws all of them from a seed, as long as it is told to (docs/campagne.md).

mod doorgang;
mod eindstand;
mod geschiedenis;
mod keurder;
mod klanten;
mod lang;
mod last;
mod opstelling;
mod toeval;
