//! The first page: what the visitor's role has. It shows nothing itself.

use askama::Template;
use axum::Extension;
use axum::response::Response;

use super::kader::{Kader, Plek, antwoord};
use crate::identity::register::Peer;
use crate::wire::pagina::Nee;

#[derive(Template)]
#[template(path = "begin.html")]
struct Begin {
    kader: Kader,
}

/// Shows it.
pub(super) async fn toon(Extension(peer): Extension<Peer>) -> Result<Response, Nee> {
    Ok(antwoord(&Begin { kader: Kader::van(Plek::Begin, &peer, "Begin")? }))
}
