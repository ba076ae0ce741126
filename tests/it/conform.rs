//! The conformance kit judges well: a client that does as it should passes every case, and for every case there is a client that fails it
//! and, unless it cannot be otherwise, no other; and so with hubs.

mod client;
mod document;
mod hub;
mod klanten;
mod uitslag;
