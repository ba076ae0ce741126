//! The pages: what a role may see, in a browser, rendered here and readable without a script. A port of its own behind the same certificates,
//! revocation lists and register as the port for messages. It changes nothing, decides nothing and projects nothing: it shows the views and
//! figures that the services give the same caller. `docs/paginas.md` describes them.

mod begin;
mod beheer;
mod dienst;
mod kader;
mod ketenbord;
pub mod klant;
mod normcijfers;
mod normklokken;
mod opname;
mod rechtbank;
mod svg;
mod taal;
mod traject;
pub mod venster;
mod wacht;

use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::routing::get;
use axum::{Router, middleware};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use opname::Opname;

use crate::config::seconds;
use crate::identity::Klok;
use crate::identity::acceptor::{Acceptor, AcceptorInstellingen, Protocol};
use crate::identity::tls::TlsStand;
use crate::wire::Hub;
use crate::wire::quota::Quotum;

/// What every page works with.
#[derive(Clone, Debug)]
struct Paginas {
    hub: Hub,
    opname: Opname,
    quotum: Arc<Quotum>,
}

/// Pages that are served.
#[derive(Debug)]
pub struct Dienst {
    /// Where, with the port it got.
    pub adres: SocketAddr,
    taak: JoinHandle<()>,
}

impl Dienst {
    /// Waits until what was open has ended, or was cut.
    pub async fn einde(self) {
        if self.taak.await.is_err() {
            tracing::error!("the pages ended by themselves");
        }
    }
}

/// Listens and serves until the token fires. Live connections are in the hub's register of them, so they are cut with all others.
pub async fn start(
    adres: SocketAddr,
    hub: Hub,
    tls: Arc<ArcSwap<TlsStand>>,
    klok: Klok,
    stop: CancellationToken,
) -> std::io::Result<Dienst> {
    let listener = TcpListener::bind(adres).await?;
    let adres = listener.local_addr()?;
    let limits = hub.limits.clone();
    let instellingen = AcceptorInstellingen {
        handshake_deadline: seconds(limits.handshake_s),
        max_handshakes: limits.handshakes,
        max_verbindingen: limits.connections,
        protocol: Protocol::Paginas,
    };
    let (verbindingen, _) = Acceptor::start(listener, tls, Arc::clone(&hub.verbindingen), klok, instellingen, stop.clone());
    let router = router(Paginas { hub, opname: Opname::default(), quotum: Arc::new(Quotum::nieuw(&limits)) });
    Ok(Dienst { adres, taak: tokio::spawn(dienst::dien(router, verbindingen, limits, stop)) })
}

/// Every page there is. What is refused before a page is reached is refused by `wacht`.
fn router(paginas: Paginas) -> Router {
    Router::new()
        .route("/", get(begin::toon))
        .route("/ketenbord", get(ketenbord::toon))
        .route("/normklokken", get(normklokken::toon))
        .route("/normcijfers", get(normcijfers::eigen))
        .route("/rechtbank", get(rechtbank::toon))
        .route("/deelnemers", get(beheer::deelnemers))
        .route("/audit", get(beheer::audit))
        .route("/traject", get(traject::zoek))
        .route("/traject/{maatregel}", get(traject::toon))
        .route(kader::stijl(), get(kader::geef_stijl))
        .route(kader::MERK, get(kader::geef_merk))
        .fallback(wacht::niet_gevonden)
        .layer(middleware::from_fn_with_state(paginas.clone(), wacht::bewaak))
        .with_state(paginas)
}
