//! The TLS identity against real clients over loopback. `opstelling` holds the hub and the clients; the others hold the tests, by
//! subject.

mod acceptor;
mod herladen;
mod opstelling;
mod uitleg;
mod weigeren;
