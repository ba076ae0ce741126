//! The one integration-test binary of the hub, so that one PostgreSQL server serves all tests. They use real sockets, databases, files and
//! certificates. Tests of the contract alone are in `proto/`.
#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod admission;
mod afwijzing;
mod architecture;
mod audit;
mod authz;
mod beheer;
mod bench;
mod campagne;
mod cli;
mod clients;
mod contract_image;
mod delivery;
mod demo;
mod durability;
mod errors;
mod exchange;
mod foreign_clients;
mod herstel;
mod inzage;
mod kanarie;
mod klokken;
mod kluis;
mod limits;
mod logboek;
mod mandaat;
mod paginas;
mod pki;
mod privacy;
mod privacy_matrix;
mod rapport;
mod replay;
mod replicas;
mod requirements;
mod rondom;
mod store;
mod support;
mod telemetrie;
mod termijnen;
mod threat_model;
mod tls;
mod toezicht;
mod verbintenis;
