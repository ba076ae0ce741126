//! The whole contract as one page that a browser shows without anything else: services, kinds of message and their routes, the privacy
//! matrix, every message and field, enums, refusals. It is made from the descriptors and their options; it holds no list of its own.

mod contract;

use anyhow::Context as _;
use askama::Template;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jeugdketen_proto::pool;

use crate::wire::redenen;
use contract::{Bericht, Contract, Dienst, Opsomming, Rolnaam, Soort};

/// The look of the page, inside it: there is one file to keep, to mail and to print.
const STIJL: &str = include_str!("../../templates/openbaar.css");

/// What the template shows.
#[derive(Template)]
#[template(path = "openbaar.html")]
struct Pagina<'a> {
    versie: &'a str,
    stijl: &'a str,
    /// SHA-256 of the look in base64: the page allows itself this look and nothing else, no script at all.
    stijl_som: String,
    kolommen: Vec<Rolnaam>,
    diensten: Vec<Dienst>,
    soorten: Vec<Soort>,
    berichten: Vec<Bericht>,
    opsommingen: Vec<Opsomming>,
    redenen: Vec<Reden>,
}

/// A refusal, as the page shows it.
struct Reden {
    naam: String,
    code: String,
    zin: String,
    doe: String,
}

/// The page, HTML.
pub fn pagina() -> anyhow::Result<String> {
    let Contract { kolommen, diensten, soorten, berichten, opsommingen } = Contract::lees(pool()).context("the contract cannot be read")?;
    let som = BASE64_STANDARD.encode(digest::digest(&digest::SHA256, STIJL.as_bytes()));
    let redenen = redenen::alle().into_iter().map(|uitleg| Reden {
        // "Not found" has no reason: not there and not yours are one answer.
        naam: if uitleg.reden.is_empty() { "NIET_GEVONDEN".to_owned() } else { uitleg.reden.clone() },
        code: format!("{:?}", uitleg.code),
        doe: uitleg.doe(),
        zin: uitleg.zin,
    });
    let pagina = Pagina {
        versie: env!("CARGO_PKG_VERSION"),
        stijl: STIJL,
        stijl_som: som,
        kolommen,
        diensten,
        soorten,
        berichten,
        opsommingen,
        redenen: redenen.collect(),
    };
    Ok(pagina.render()?)
}
