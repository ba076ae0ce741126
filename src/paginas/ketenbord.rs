//! Whether anything is stuck: per relation what waits and since when, and how long confirmations take. The operator sees every relation, a
//! participant those it is in itself: what its receipts and its mailbox tell it anyhow, added up.

use std::collections::HashSet;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use jeugdketen_proto::v1::Rol;
use serde::Deserialize;

use super::kader::{Kader, Plek, antwoord};
use super::opname::Relatie;
use super::traject::naam;
use super::wacht::Gevraagd;
use super::{Paginas, taal};
use crate::domain::ids::Oin;
use crate::identity::register::Peer;
use crate::time::from_micros;
use crate::wire::pagina::Nee;

/// Lines on the page at most: those that wait longest.
const HOOGSTENS: usize = 200;
/// Waiting longer than this asks for attention, and longer than that is wrong: an hour and a day, in microseconds.
const LANG: [i64; 2] = [3_600_000_000, 86_400_000_000];
/// Handed out so often without a confirmation, a message holds its mailbox up: nothing behind it is confirmed before it is.
const BLIJFT_HANGEN: i64 = 5;
/// Seconds between two looks, for who wants that.
const VERVERS: &str = "30";

/// Whether the page comes again by itself.
#[derive(Debug, Deserialize)]
pub(super) struct Vraag {
    live: Option<String>,
}

#[derive(Template)]
#[template(path = "ketenbord.html")]
struct Ketenbord {
    kader: Kader,
    live: bool,
    stand_van: Option<String>,
    alle: usize,
    wachtend: String,
    oudste: String,
    regels: Vec<Regel>,
    blijft_hangen: usize,
    beheerder: bool,
}

struct Regel {
    van: String,
    naar: String,
    wachtend: String,
    leeftijd: String,
    klasse: &'static str,
    uitgereikt: Option<String>,
    duren: Option<(String, String, usize)>,
    bezorgd: String,
    bevestigd: String,
    verbonden: bool,
    teken: String,
}

/// Shows it.
pub(super) async fn toon(
    State(paginas): State<Paginas>,
    Extension(peer): Extension<Peer>,
    Gevraagd(vraag): Gevraagd<Vraag>,
) -> Result<Response, Nee> {
    let kader = Kader::van(Plek::Ketenbord, &peer, "Ketenbord")?;
    let geteld = paginas.opname.keten(&paginas.hub).await;
    let (register, vandaag, nu) = (paginas.hub.register.nu(), paginas.hub.clock.today(), paginas.hub.clock.micros());
    let beheerder = peer.rol() == Rol::Beheerder;
    let is_eigen = |oin: &str| Oin::parse(oin).is_ok_and(|oin| register.opvolger(oin, vandaag) == peer.oin());
    let hier: HashSet<String> = paginas.hub.verbindingen.overzicht().iter().map(|identiteit| identiteit.oin.to_string()).collect();
    // At another hub, when that noted it no longer than two heartbeats ago: one may have been missed.
    let vers = i64::try_from(paginas.hub.limits.heartbeat_s).unwrap_or(i64::MAX).saturating_mul(2_000_000);
    let teken = |oin: &str| geteld.as_ref().and_then(|geteld| geteld.wat.tekens.get(oin).copied());
    let verbonden = |oin: &str| hier.contains(oin) || teken(oin).is_some_and(|op| op > nu - vers);
    let alle = geteld.iter().flat_map(|geteld| &geteld.wat.relaties);
    let mut eigen: Vec<_> = alle.filter(|((van, naar), _)| beheerder || is_eigen(van) || is_eigen(naar)).collect();
    // What waits longest first, and then by name.
    eigen.sort_by_key(|(_, relatie)| relatie.oudste_op.unwrap_or(i64::MAX));
    let oudste = eigen.iter().filter_map(|(_, relatie)| relatie.oudste_op).min();
    let wie = |oin: &str| if register_kent(&register, oin) { naam(&register, oin) } else { "de hub".to_owned() };
    let regel =
        |((van, naar), relatie): &(&(String, String), &Relatie)| regel((wie(van), wie(naar)), relatie, nu, (verbonden(naar), teken(naar)));
    let live = vraag.live.is_some();
    let mut pagina = antwoord(&Ketenbord {
        kader,
        live,
        stand_van: geteld.as_ref().map(|geteld| taal::moment(geteld.op)),
        alle: eigen.len(),
        wachtend: taal::getal(eigen.iter().map(|(_, relatie)| relatie.wachtend.max(0).unsigned_abs()).sum()),
        oudste: oudste.map(|op| taal::duur(nu - op)).unwrap_or_default(),
        regels: eigen.iter().take(HOOGSTENS).map(regel).collect(),
        blijft_hangen: eigen.iter().filter(|(_, relatie)| relatie.uitgereikt >= BLIJFT_HANGEN).count(),
        beheerder,
    });
    if live {
        pagina.headers_mut().insert(header::REFRESH, HeaderValue::from_static(VERVERS));
    }
    Ok(pagina)
}

fn register_kent(register: &crate::domain::register::Register, oin: &str) -> bool {
    Oin::parse(oin).is_ok_and(|oin| register.zoek(oin).is_some())
}

fn regel((van, naar): (String, String), relatie: &Relatie, nu: i64, (verbonden, teken): (bool, Option<i64>)) -> Regel {
    let leeftijd = relatie.oudste_op.map(|op| nu - op);
    let moment = |op: Option<i64>| op.map(|op| taal::moment(from_micros(op))).unwrap_or_default();
    let [bezorgd, bevestigd] = relatie.laatste_op;
    let duur = |micros: u64| taal::duur(i64::try_from(micros).unwrap_or(i64::MAX));
    Regel {
        van,
        naar,
        wachtend: taal::getal(relatie.wachtend.max(0).unsigned_abs()),
        leeftijd: leeftijd.map(taal::duur).unwrap_or_else(|| "–".to_owned()),
        klasse: match leeftijd {
            Some(lang) if lang > LANG[1] => "fout",
            Some(lang) if lang > LANG[0] => "let-op",
            Some(_) => "gewoon",
            None => "goed",
        },
        uitgereikt: (relatie.uitgereikt >= BLIJFT_HANGEN).then(|| taal::getal(relatie.uitgereikt.unsigned_abs())),
        duren: (relatie.bevestigd > 0).then(|| (duur(relatie.duur[0]), duur(relatie.duur[1]), relatie.bevestigd)),
        bezorgd: moment(bezorgd),
        bevestigd: moment(bevestigd),
        verbonden,
        teken: moment(teken),
    }
}
