//! The pages, over real TLS with the certificates of participants: who gets in, what a browser may do with an answer, and what is on each.

mod kanarie;
mod ketenbord;
mod klokken;
mod rollen;
mod traject;
mod venster;
mod wacht;
