//! What stands before every page: who asks, how, and from where; and behind it what a browser may do with the answer. Every answer passes
//! here, also one that refuses.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{FromRequestParts, MatchedPath, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::kader::{antwoord, stijl};
use super::{Paginas, taal};
use crate::identity::verbinding::Identiteit;
use crate::wire::pagina::Nee;

/// What goes with every answer. There is no script to allow, and nothing of another origin.
const KOPPEN: [(HeaderName, &str); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// The page of a "no". It says nothing of who asked or what for, so that what is not there and what is not the caller's are the same bytes.
#[derive(Template)]
#[template(path = "nee.html")]
struct NeePagina<'a> {
    stijl: &'a str,
    titel: &'a str,
    uitleg: &'a str,
    citeer: &'a str,
}

impl IntoResponse for Nee {
    fn into_response(self) -> Response {
        let (titel, uitleg) = taal::nee(self.code, &self.reden);
        (self.code, antwoord(&NeePagina { stijl: stijl(), titel, uitleg, citeer: &self.citeer })).into_response()
    }
}

/// A "no" of the pages themselves.
pub(super) fn nee(code: StatusCode, reden: &str) -> Nee {
    Nee { code, reden: reden.to_owned(), citeer: String::new() }
}

/// Not there; the same as not yours.
pub(super) async fn niet_gevonden() -> Nee {
    nee(StatusCode::NOT_FOUND, "NotFound")
}

/// What is asked after the question mark. What cannot be read is refused in our words, without a word of it.
pub(super) struct Gevraagd<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Gevraagd<T> {
    type Rejection = Nee;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Gevraagd<T>, Nee> {
        let gelezen = Query::from_request_parts(parts, state).await;
        gelezen.map(|Query(vraag)| Gevraagd(vraag)).map_err(|_| nee(StatusCode::BAD_REQUEST, "VRAAG"))
    }
}

/// Lets through who may ask, with who it is, and puts the headers on what comes back.
pub(super) async fn bewaak(
    State(paginas): State<Paginas>,
    Extension(identiteit): Extension<Arc<Identiteit>>,
    pagina: Option<MatchedPath>,
    mut vraag: Request,
    verder: Next,
) -> Response {
    let begin = Instant::now();
    let mut antwoord = match toegelaten(&paginas, &identiteit, &vraag) {
        Ok(peer) => {
            vraag.extensions_mut().insert(peer);
            verder.run(vraag).await
        }
        Err(nee) => {
            if nee.code == StatusCode::TOO_MANY_REQUESTS {
                paginas.quotum.houd_op(identiteit.oin).await;
            }
            nee.into_response()
        }
    };
    if antwoord.status() == StatusCode::METHOD_NOT_ALLOWED {
        antwoord.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    let naam = pagina.as_ref().map_or("-", MatchedPath::as_str);
    paginas.hub.meters.pagina(naam, antwoord.status().as_u16(), begin.elapsed());
    antwoord.headers_mut().extend(KOPPEN.map(|(naam, waarde)| (naam, HeaderValue::from_static(waarde))));
    antwoord
}

fn toegelaten(paginas: &Paginas, identiteit: &Identiteit, vraag: &Request) -> Result<crate::identity::register::Peer, Nee> {
    if ![Method::GET, Method::HEAD].contains(vraag.method()) {
        return Err(nee(StatusCode::METHOD_NOT_ALLOWED, "METHODE"));
    }
    if !van_eigen_pagina(vraag.headers()) {
        return Err(nee(StatusCode::FORBIDDEN, "ANDERE_HERKOMST"));
    }
    if !paginas.quotum.neem(identiteit.oin) {
        return Err(nee(StatusCode::TOO_MANY_REQUESTS, "QUOTUM_OVERSCHREDEN"));
    }
    paginas.hub.bezoeker(identiteit)
}

/// Whether a page of ours, or the person at the browser, asks: a certificate goes along with whatever another site makes the browser ask.
/// What is no browser does not say, and is let in: nobody makes it ask.
pub(super) fn van_eigen_pagina(headers: &HeaderMap) -> bool {
    let mut herkomsten = headers.get_all("sec-fetch-site").iter().peekable();
    herkomsten.peek().is_none() || herkomsten.all(|herkomst| herkomst == "same-origin" || herkomst == "none")
}
