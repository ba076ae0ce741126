//! A window on the pages for a browser without a certificate: plain HTTP on loopback in front, the certificate of one participant behind. It
//! is for who is at this machine. It refuses other addresses, other names for this one, and what another site makes the browser ask; whoever
//! else has an account on the machine it cannot tell apart.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::klant::Klant;
use super::wacht::van_eigen_pagina;

/// Headers that are about one connection and not about the page.
const VAN_DE_LIJN: [HeaderName; 4] =
    [header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE, HeaderName::from_static("keep-alive")];

/// What the window works with.
#[derive(Clone, Debug)]
struct Venster {
    klant: Klant,
    namen: [String; 3],
}

/// Listens; the address that it got is returned. It serves until the token fires. An address that others can reach is refused.
pub async fn open(listen: SocketAddr, klant: Klant, stop: CancellationToken) -> io::Result<SocketAddr> {
    if !listen.ip().is_loopback() {
        let reden = format!("{listen} can be reached by others, who would then be this participant; it must be on loopback");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reden));
    }
    let listener = TcpListener::bind(listen).await?;
    let adres = listener.local_addr()?;
    let poort = adres.port();
    let namen = ["127.0.0.1", "localhost", "[::1]"].map(|naam| format!("{naam}:{poort}"));
    let router = Router::new().fallback(geef_door).with_state(Venster { klant, namen });
    tokio::spawn(async move {
        let dienen = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = dienen.await {
            tracing::error!(%error, "the window ended by itself");
        }
    });
    Ok(adres)
}

async fn geef_door(State(venster): State<Venster>, vraag: Request) -> Response {
    if ![Method::GET, Method::HEAD].contains(vraag.method()) {
        return weiger(StatusCode::METHOD_NOT_ALLOWED, "Hier wordt alleen gelezen.");
    }
    if !is_hier(vraag.headers(), &venster.namen) {
        return weiger(StatusCode::MISDIRECTED_REQUEST, "Dit venster heet alleen 127.0.0.1, localhost of [::1].");
    }
    if !van_eigen_pagina(vraag.headers()) {
        return weiger(StatusCode::FORBIDDEN, "Deze vraag kwam van een andere site. Open de pagina zelf, in een nieuw tabblad.");
    }
    let pad = vraag.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    match venster.klant.haal(vraag.method().clone(), pad).await {
        Ok(mut antwoord) => {
            VAN_DE_LIJN.iter().for_each(|naam| drop(antwoord.headers_mut().remove(naam)));
            antwoord
        }
        Err(fout) => weiger(StatusCode::BAD_GATEWAY, &fout.to_string()),
    }
}

/// Whether the browser means this window by a name of its own: a site whose name leads here by trickery has another.
fn is_hier(headers: &HeaderMap, namen: &[String]) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    hosts.next().is_none() && host.is_some_and(|host| namen.iter().any(|naam| naam == host))
}

fn weiger(code: StatusCode, waarom: &str) -> Response {
    let koppen = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (code, koppen, format!("{waarom}\n")).into_response()
}
