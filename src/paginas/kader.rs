//! What is around every page: title, who is looking, where it can go, the style sheet and the mark. Which role has which page stands here,
//! once.

use std::sync::OnceLock;

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use jeugdketen_proto::v1::Rol;

use super::taal;
use super::wacht::nee;
use crate::identity::register::Peer;
use crate::receipt::sha256;
use crate::wire::pagina::Nee;

const STIJL: &str = include_str!("stijl.css");
/// Where the mark is.
pub(super) const MERK: &str = "/merk.svg";
const MERK_SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"3\" fill=\"#1d4ed8\"/>\
    <path d=\"M8 1v4M8 11v4M1 8h4M11 8h4\" stroke=\"#1d4ed8\" stroke-width=\"2\"/></svg>\n";

/// A page of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plek {
    Begin,
    Ketenbord,
    Normklokken,
    Normcijfers,
    Traject,
    Rechtbank,
    Deelnemers,
    Audit,
}

use Rol::{Aanbieder, AccounthoudendeRegio, Beheerder, Expertteam, Gemeente, Gi, Inspectie, Rechtbank};

/// Every page: where it is, its name, what it is for, and which roles have it.
const PLEKKEN: [(Plek, &str, &str, &str, &[Rol]); 8] = [
    (Plek::Begin, "/", "Begin", "", &ALLEN),
    (Plek::Ketenbord, "/ketenbord", "Ketenbord", "Wat nog niet is aangekomen en hoe lang dat al duurt, per relatie.", &ALLEN),
    (
        Plek::Normklokken,
        "/normklokken",
        "Normklokken",
        "Voor een GI de klokken die lopen; voor inspectie en regio hoe vaak elke norm gehaald is.",
        &[Gi, Inspectie, AccounthoudendeRegio],
    ),
    (Plek::Normcijfers, "/normcijfers", "Normcijfers", "Hoe vaak uw instelling elke norm haalde, per kwartaal.", &[Gi]),
    (
        Plek::Traject,
        "/traject",
        "Traject",
        "Eén zaak als tijdlijn: wie wat wanneer stuurde, wanneer het aankwam, en waar de klokken staan.",
        &[Rechtbank, Gi, Gemeente, Aanbieder, Expertteam, Inspectie],
    ),
    (Plek::Rechtbank, "/rechtbank", "Rechtbank", "Of uw uitspraken bij de GI zijn, en welke GI ruimte heeft.", &[Rechtbank]),
    (Plek::Deelnemers, "/deelnemers", "Deelnemers", "Wie meedoet, met welk certificaat, en wie er het laatst was.", &[Beheerder]),
    (Plek::Audit, "/audit", "Audit", "De omvang, het checkpoint en de records van het auditlogboek.", &[Beheerder]),
];

const ALLEN: [Rol; 9] = [Rechtbank, Gi, Gemeente, Aanbieder, Expertteam, Inspectie, AccounthoudendeRegio, Beheerder, Rol::LokaalTeam];

impl Plek {
    /// Where it is.
    pub(super) fn pad(self) -> &'static str {
        PLEKKEN.iter().find(|(een, ..)| *een == self).map_or("/", |(_, pad, ..)| pad)
    }
}

/// A line of the menu.
pub(super) struct Menuregel {
    pub(super) pad: &'static str,
    pub(super) naam: &'static str,
    pub(super) uitleg: &'static str,
    pub(super) hier: bool,
}

/// What is around a page.
pub(super) struct Kader {
    pub(super) titel: String,
    pub(super) stijl: &'static str,
    pub(super) merk: &'static str,
    pub(super) naam: String,
    pub(super) rol: &'static str,
    pub(super) menu: Vec<Menuregel>,
}

impl Kader {
    /// Of a page for a visitor; none when its role does not have that page.
    pub(super) fn van(plek: Plek, peer: &Peer, titel: &str) -> Result<Kader, Nee> {
        let mag = |rollen: &[Rol]| rollen.contains(&peer.rol());
        if !PLEKKEN.iter().any(|(een, _, _, _, rollen)| *een == plek && mag(rollen)) {
            return Err(nee(StatusCode::FORBIDDEN, "ROL_MAG_NIET_AANROEPEN"));
        }
        let menu = PLEKKEN.iter().filter(|(.., rollen)| mag(rollen));
        Ok(Kader {
            titel: titel.to_owned(),
            stijl: stijl(),
            merk: MERK,
            naam: peer.deelnemer().naam.clone(),
            rol: taal::rol(peer.rol()),
            menu: menu.map(|(een, pad, naam, uitleg, _)| Menuregel { pad, naam, uitleg, hier: *een == plek }).collect(),
        })
    }
}

/// A rendered page.
pub(super) fn antwoord(pagina: &impl Template) -> Response {
    match pagina.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Where the style sheet is: another text has another path.
pub(super) fn stijl() -> &'static str {
    static PAD: OnceLock<String> = OnceLock::new();
    PAD.get_or_init(|| {
        let som = sha256(STIJL.as_bytes());
        format!("/stijl-{}.css", hex::encode(&som[..8]))
    })
}

/// The style sheet.
pub(super) async fn geef_stijl() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STIJL).into_response()
}

/// The mark.
pub(super) async fn geef_merk() -> Response {
    ([(header::CONTENT_TYPE, "image/svg+xml")], MERK_SVG).into_response()
}
