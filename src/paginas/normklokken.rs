//! The clocks that run in the cases of a GI, the first to end first, with what stops each. Codes and days; no person, who is on the page of
//! the case.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use jeugdketen_proto::v1::{self, Rol};
use serde::Deserialize;

use super::kader::{Kader, Plek, antwoord};
use super::traject::{klasse, norm_met_nummer};
use super::wacht::{Gevraagd, nee};
use super::{Paginas, normcijfers, taal};
use crate::domain::deelnemer::datum;
use crate::domain::ids::MaatregelId;
use crate::identity::register::Peer;
use crate::store::paginas::Lopend;
use crate::wire::pagina::{LopendeZaak, Nee, TEL_TOT};

/// Cases on a page.
const PER_PAGINA: usize = 25;

/// What is asked: after which case the page begins, or which figures.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Vraag {
    na: Option<String>,
    /// A quarter, `2026-K3`.
    pub(super) kwartaal: Option<String>,
    /// Number of an indicator.
    pub(super) indicator: Option<i32>,
    /// OIN of a GI; empty for the country.
    pub(super) gi: Option<String>,
}

#[derive(Template)]
#[template(path = "normklokken.html")]
struct Normklokken {
    kader: Kader,
    vandaag: String,
    verstreken: String,
    deze_week: String,
    zaken: Vec<Zaak>,
    verder: Option<String>,
    eerste_pagina: bool,
}

struct Zaak {
    id: String,
    soort: String,
    uitgesproken: String,
    eerste: Klok,
    verder: Vec<Klok>,
}

struct Klok {
    norm: String,
    uiterlijk: String,
    dagen: String,
    klasse: &'static str,
    stopt: &'static str,
}

/// Shows what the visitor's role has here: clocks, or figures.
pub(super) async fn toon(
    State(paginas): State<Paginas>,
    Extension(peer): Extension<Peer>,
    Gevraagd(vraag): Gevraagd<Vraag>,
) -> Result<Response, Nee> {
    if peer.rol() != Rol::Gi {
        return normcijfers::toon(&paginas, &peer, Plek::Normklokken, &vraag).await;
    }
    let kader = Kader::van(Plek::Normklokken, &peer, "Normklokken")?;
    let na = match vraag.na.as_deref() {
        None => Lopend::begin(),
        Some(text) => lees(text).ok_or_else(|| nee(axum::http::StatusCode::BAD_REQUEST, "na"))?,
    };
    let lopend = paginas.hub.lopende_klokken(&peer, &na, PER_PAGINA).await?;
    let vandaag = paginas.hub.clock.today();
    Ok(antwoord(&Normklokken {
        kader,
        vandaag: taal::dag(vandaag),
        verstreken: tot(lopend.verstreken),
        deze_week: tot(lopend.deze_week),
        zaken: lopend.zaken.iter().filter_map(|zaak| toon_zaak(zaak, vandaag)).collect(),
        verder: lopend.verder.map(|plek| format!("{}_{}", plek.eerste, plek.zaak())),
        eerste_pagina: na == Lopend::begin(),
    }))
}

/// The place in the list that a link names.
fn lees(text: &str) -> Option<Lopend> {
    let (eerste, zaak) = text.split_once('_')?;
    Some(Lopend { eerste: datum(eerste)?.to_string(), maatregel_id: MaatregelId::parse(zaak)?.0 })
}

/// A number that was counted no further than this.
fn tot(aantal: i64) -> String {
    let geteld = taal::getal(aantal.clamp(0, TEL_TOT).unsigned_abs());
    if aantal >= TEL_TOT { format!("{geteld} of meer") } else { geteld }
}

fn toon_zaak(zaak: &LopendeZaak, vandaag: NaiveDate) -> Option<Zaak> {
    let mut klokken = zaak.klokken.iter().map(|klok| toon_klok(klok, vandaag));
    Some(Zaak {
        id: zaak.plek.zaak().to_string(),
        soort: taal::woorden(zaak.soort.as_str_name().trim_start_matches("SOORT_MAATREGEL_")),
        uitgesproken: taal::dag(zaak.uitgesproken),
        eerste: klokken.next()?,
        verder: klokken.collect(),
    })
}

fn toon_klok(klok: &v1::Klok, vandaag: NaiveDate) -> Klok {
    let over = datum(&klok.uiterlijk).map(|dag| (dag - vandaag).num_days());
    let dagen = |aantal: i64| if aantal == 1 { "1 dag".to_owned() } else { format!("{aantal} dagen") };
    Klok {
        norm: norm_met_nummer(klok),
        uiterlijk: taal::dag_uit(&klok.uiterlijk),
        dagen: match over {
            None => String::new(),
            Some(0) => "vandaag".to_owned(),
            Some(over) if over < 0 => format!("{} te laat", dagen(-over)),
            Some(over) => dagen(over),
        },
        klasse: match over {
            Some(0..=7) => "let-op",
            Some(8..) => "gewoon",
            _ => klasse(klok.uitkomst()),
        },
        stopt: taal::stopt(klok.norm()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_place_in_the_list_is_taken_from_a_link() {
        let plek = Lopend { eerste: "2026-11-20".to_owned(), maatregel_id: "01983b1e-7c2a-7d3e-9a41-5b6c7d8e9f01".parse().unwrap() };
        assert_eq!(lees("2026-11-20_01983b1e-7c2a-7d3e-9a41-5b6c7d8e9f01"), Some(plek));
        for geen in ["", "_", "2026-11-20", "2026-11-20_", "x_01983b1e-7c2a-7d3e-9a41-5b6c7d8e9f01", "2026-11-20_' or 1=1 --"] {
            assert_eq!(lees(geen), None, "{geen}");
        }
        assert_eq!((tot(0), tot(999), tot(1000)), ("0".to_owned(), "999".to_owned(), "1.000 of meer".to_owned()));
    }
}
