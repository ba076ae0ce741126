//! The rules of the chain, pure: what a valid message is, who may send it about which case, who gets it, what it does to the case.
//! Knows no network, no database, no clock and no randomness: those are passed in. Reads the types of the contract as plain data.

pub mod admit;
pub mod beleid;
pub mod check;
pub mod codes;
pub mod dagen;
pub mod deelnemer;
pub mod ids;
pub mod klok;
pub mod rapport;
pub mod refusal;
pub mod register;
pub mod routing;
pub mod spoor;
pub mod zaak;
