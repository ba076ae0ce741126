//! What the database must do for the hub, the same on SQLite and on PostgreSQL. Rules of the domain are tested elsewhere.

mod acknowledgement;
mod audit;
mod belofte;
mod failure;
mod idempotency;
mod order;
mod plannen;
mod schema;
mod uitstel;
mod verbindingen;
