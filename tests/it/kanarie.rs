//! A case whose every field holds a value that occurs nowhere else goes through the real programme, on either database. None of those values
//! is in anything that the hub leaves behind: its database and what its tools make of it, files, logs, traces, metrics and refusals.

mod opname;
mod speurder;

use std::collections::BTreeSet;

use jeugdketen_proto::v1::Rol;
use prost_reflect::{ReflectMessage as _, Value};

use crate::privacy::mag_vinden;
use crate::privacy::orakel::{Blad, bladen};
use crate::privacy::toneel::{Stuk, stukken};
use crate::support::repository;
use opname::{Database, Opname, speel_alles};
use speurder::{Kanarie, Speurder, Waarde, plant};

/// What may be readable in the database, by message and field, and why. Organisations, ids of messages and cases, numbers and moments of the
/// hub itself, and codes of the contract are no canaries to begin with. Days as numbers are three bytes and are not looked for: those of the
/// norm clocks are in `klokken.stand`.
const LEESBAAR: [(&str, &str, &str); 6] = [
    ("capaciteit", "capaciteit.vanaf", "room that a GI published; it names no child"),
    ("capaciteit", "capaciteit.tot_en_met", "room that a GI published; it names no child"),
    ("aanbod", "aanbod.regels[", "supply that a gemeente contracted; it names no child"),
    ("vervanging", "uitspraak.ingangsdatum", "relatie_einden.per: from when on a mailbox shows nothing more of the case, asked in SQL"),
    ("koers", "koers.eerdere_termijn_hulp", "klokken.eerste: the last day of a norm clock, by which the page of a GI is ordered in SQL"),
    ("opheffing", "uitspraak.ingangsdatum", "klokken.tot: from when on no page of running clocks shows the case, asked in SQL"),
];

/// What everybody finds in the register: the value is no canary.
fn openbaar() -> Vec<String> {
    let text = std::fs::read_to_string(repository().join("certs-example/deelnemers.json")).unwrap();
    let deelnemers: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let mut gevonden = Vec::new();
    for deelnemer in &deelnemers {
        gevonden.extend([&deelnemer["oin"], &deelnemer["code"]].into_iter().filter_map(|waarde| waarde.as_str().map(str::to_owned)));
        gevonden.extend(deelnemer["regios"].as_array().into_iter().flatten().filter_map(|regio| regio.as_str().map(str::to_owned)));
    }
    gevonden
}

fn kanarie(naam: &str, blad: &Blad, openbaar: &[String]) -> Option<Kanarie> {
    let waarde = match &blad.waarde {
        // Ids of messages and cases are known to whoever handles them, and say nothing by themselves.
        Value::String(text) if text.len() >= 5 && !openbaar.contains(text) && uuid::Uuid::try_parse(text).is_err() => {
            Waarde::Tekst(text.clone())
        }
        Value::U32(getal) if *getal > 1_000_000 => Waarde::Getal(*getal),
        Value::Message(moment) if moment.descriptor().name() == "Timestamp" => {
            Waarde::Moment(moment.get_field_by_name("seconds").unwrap().as_i64().unwrap())
        }
        _ => return None,
    };
    Some(Kanarie { waar: format!("{naam}: {}", blad.pad), waarde })
}

fn kanaries(stukken: &[Stuk], openbaar: &[String]) -> Vec<Kanarie> {
    stukken.iter().flat_map(|stuk| bladen(&stuk.bericht).into_iter().filter_map(|blad| kanarie(&stuk.naam, &blad, openbaar))).collect()
}

fn rol(wie: &str) -> Rol {
    let naam = wie.trim_end_matches(|c: char| c == '-' || c.is_ascii_digit()).replace('-', "_").to_uppercase();
    Rol::from_str_name(&format!("ROL_{naam}")).unwrap()
}

/// That the search sees: what each participant may see is found in what it got.
fn ziet_wat_mag(opname: &Opname, stukken: &[Stuk], openbaar: &[String]) {
    let mut gevonden = BTreeSet::new();
    for (akte, wie, vangst) in &opname.vangsten {
        let mag = |stuk: &Stuk| {
            mag_vinden(stuk, wie, rol(wie), *akte).into_iter().filter_map(|blad| kanarie(&stuk.naam, &blad, openbaar)).collect::<Vec<_>>()
        };
        let mag: Vec<Kanarie> = stukken.iter().flat_map(mag).collect();
        let (zeker, kort) = Speurder::nieuw(&mag).zoek(&vangst.alles);
        let gezien: BTreeSet<_> = zeker.into_iter().chain(kort).map(|(waar, _)| waar).collect();
        for kanarie in mag {
            assert!(gezien.contains(&kanarie.waar), "{} is not found at {wie} in the {akte:?}", kanarie.waar);
            gevonden.insert(kanarie.waar);
        }
    }
    assert!(gevonden.len() > 150, "only {} values are seen by anybody", gevonden.len());
}

#[test]
fn a_planted_value_is_found_in_every_form() {
    let openbaar = openbaar();
    let kanaries = kanaries(&stukken(), &openbaar);
    assert!(kanaries.len() > 150, "{}", kanaries.len());
    let speurder = Speurder::nieuw(&kanaries);
    let hooiberg: Vec<u8> = kanaries.iter().flat_map(|kanarie| plant(&kanarie.waarde)).collect();
    let map = tempfile::tempdir().unwrap();
    std::fs::write(map.path().join("geplant"), hooiberg).unwrap();
    let (zeker, kort) = speurder.zoek(&std::fs::read(map.path().join("geplant")).unwrap());
    let gevonden: BTreeSet<_> = zeker.into_iter().chain(kort).collect();
    let gemist: Vec<_> = speurder.alles().difference(&gevonden).cloned().collect();
    assert!(gemist.is_empty(), "{gemist:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_of_a_message_is_in_anything_that_the_hub_leaves_behind() {
    let openbaar = openbaar();
    let mut korte = Vec::new();
    for op_postgres in [false, true] {
        let map = tempfile::tempdir().unwrap();
        let database = if op_postgres { Database::postgres() } else { Database::sqlite(map.path()) };
        let mut stukken = stukken();
        let opname = speel_alles(&database, &map, &mut stukken).await;
        ziet_wat_mag(&opname, &stukken, &openbaar);
        let mut kanaries = kanaries(&stukken, &openbaar);
        for bedorven in ["GEHEIM", "bedorven", "999900018"] {
            kanaries.push(Kanarie { waar: format!("refused: {bedorven}"), waarde: Waarde::Tekst(bedorven.to_owned()) });
        }
        let speurder = Speurder::nieuw(&kanaries);
        let (mut gelekt, mut kort, mut gelezen) = (BTreeSet::new(), BTreeSet::new(), 0);
        for bron in &opname.bronnen {
            let (zeker, weinig) = speurder.zoek(&bron.bytes);
            gelekt.extend(
                zeker
                    .into_iter()
                    .filter(|(waar, _)| !(bron.database && leesbaar(waar)))
                    .map(|(waar, vorm)| (waar, vorm, bron.naam.clone())),
            );
            kort.extend(weinig.into_iter().filter(|(waar, _)| !(bron.database && leesbaar(waar))));
            gelezen += bron.bytes.len();
        }
        println!("{} values in {} places, {} bytes", kanaries.len(), opname.bronnen.len(), gelezen);
        assert!(gelekt.is_empty(), "{} leaks: {gelekt:#?}", gelekt.len());
        korte.push(kort);
    }
    // By chance a form of four bytes is in the sealed bytes of one database, but not in those of both.
    let gelekt: Vec<_> = korte[0].intersection(&korte[1]).collect();
    assert!(gelekt.is_empty(), "{gelekt:#?}");
}

/// Whether this may be readable in the database.
fn leesbaar(waar: &str) -> bool {
    LEESBAAR
        .iter()
        .any(|(stuk, veld, _)| waar.strip_prefix(stuk).and_then(|rest| rest.strip_prefix(": ")).is_some_and(|pad| pad.starts_with(veld)))
}
