//! Who is at the other end of the line: TLS 1.3 with a client certificate, revocation, and the live connections. It deliberately
//! does not decide what a participant may do, and it does not know tonic.
//!
//! In reading order:
//!
//! | module | what |
//! |---|---|
//! | [`certificaat`] | what a client certificate says: OIN, organisation, serial number, a strong enough key |
//! | [`crl`] | revocation lists: reading, authenticity, no roll-back |
//! | `verifier` | what every handshake asks of a client's chain |
//! | [`tls`] | everything the hub needs for TLS, read from files as one consistent state |
//! | [`weigering`] | why a connection was refused, as a stable code, and how often |
//! | [`verbindingen`] | the register of live connections, and cutting them |
//! | [`verbinding`] | one accepted connection, which dies as soon as the register says so |
//! | [`acceptor`] | from listening socket to accepted connections |
//! | [`herladen`] | new files, new state, and a fresh look at every live connection |
//! | [`client`] | the other side: connecting to a hub, and explaining why that fails |
//! | [`onderzoek`] | what a client's own files say before any hub sees them, for `ketenhub doctor` |
//!
//! Invariants:
//!
//! * A connection exists only with a certificate that was verified against the state of that moment, and that is verified again
//!   against every later state. A connection that was accepted while the state changed is verified against the new one.
//! * There is no session resumption and no early data: every handshake verifies the certificate.
//! * A state without a revocation list does not exist: without one the verifier would skip the check altogether.
//! * A list that runs out blocks the certificates of its own issuer, and nobody else's.

use std::sync::Arc;

use rustls::pki_types::UnixTime;

pub mod acceptor;
pub mod certificaat;
pub mod client;
pub mod crl;
pub mod herladen;
pub mod onderzoek;
pub mod register;
pub mod tls;
pub mod verbinding;
pub mod verbindingen;
mod verifier;
pub mod weigering;

/// The source of time, passed in so that a test can move it.
pub type Klok = Arc<dyn Fn() -> UnixTime + Send + Sync>;
