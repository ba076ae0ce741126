//! Tests of the contract: that a contract which leaves something open does not build, and that what the build generates for the real
//! one does what its options say. They hold no rules of the hub.

#[path = "../../build/code.rs"]
mod code;
#[path = "../../build/commitment.rs"]
mod commitment;
#[path = "../../build/contract.rs"]
mod contract;
#[path = "../../build/matrix.rs"]
mod matrix;
#[path = "../../build/policy.rs"]
mod policy;

mod canonical;
mod debug;
mod faults;
mod filled;
mod projection;
mod raw;
mod routes;
mod typed;
mod unseen;
