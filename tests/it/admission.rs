//! What the hub lets in, from whom, about which case, and what follows from it. The store and the wire are tested elsewhere.

mod attempts;
mod correction;
mod faults;
mod faults_of_help;
mod fold;
mod kast;
mod opvolging;
mod relation;
mod replacement;
mod residence;
mod scenarios;
mod state;
mod uitreiken;
mod valid;
mod vooruit;
mod warnings;
