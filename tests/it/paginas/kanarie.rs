//! A value of its own in every field of every message: on no page of anybody is one that the options of the contract and the relation to the
//! case do not grant. What they grant is worked out apart from the code that shows it.

use std::collections::BTreeSet;

use jeugdketen_proto::v1::Rol;
use prost_reflect::Value;

use crate::privacy::mag_vinden;
use crate::privacy::orakel::{Blad, bladen};
use crate::privacy::toneel::{Akte, Stuk, speel, stukken};
use crate::support::browser::als;
use crate::support::zaak::{DEELNEMERS, Zaak};

const PAGINAS: [&str; 8] = ["/", "/ketenbord", "/normklokken", "/normcijfers", "/traject", "/rechtbank", "/deelnemers", "/audit"];

/// The texts among values that nobody finds in the register, and that are no ids.
fn teksten(bladen: Vec<Blad>, openbaar: &BTreeSet<String>) -> BTreeSet<String> {
    let tekst = |blad: Blad| match blad.waarde {
        Value::String(text) if text.len() >= 5 && !openbaar.contains(&text) && uuid::Uuid::try_parse(&text).is_err() => Some(text),
        _ => None,
    };
    bladen.into_iter().filter_map(tekst).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_holds_a_value_that_its_reader_may_not_see() {
    let mut zaak = Zaak::leeg().await;
    let mut stukken = stukken();
    speel(&mut zaak, &mut stukken, Akte::Eerste).await;
    let register = zaak.hub.running.hub.register.nu();
    let openbaar: BTreeSet<String> =
        register.alle().into_iter().flat_map(|d| [vec![d.oin.to_string(), d.code.clone()], d.regios.clone()].concat()).collect();
    let alle: BTreeSet<String> = stukken.iter().flat_map(|stuk: &Stuk| teksten(bladen(&stuk.bericht), &openbaar)).collect();
    assert!(alle.len() > 100, "{}", alle.len());
    let (mut gezien, mut bytes) = (BTreeSet::new(), 0);
    for wie in DEELNEMERS {
        let rol: Rol = register.zoek(crate::support::chain::oin(wie)).unwrap().rol;
        let mag: BTreeSet<String> = stukken.iter().flat_map(|stuk| teksten(mag_vinden(stuk, wie, rol, Akte::Eerste), &openbaar)).collect();
        let mut browser = als(&zaak, wie).await;
        let traject = format!("/traject/{}", zaak.maatregel);
        for pad in PAGINAS.into_iter().chain([traject.as_str()]) {
            let antwoord = browser.haal(pad).await;
            let (ruw, leesbaar) = (antwoord.text(), antwoord.gelezen());
            bytes += ruw.len();
            for waarde in &alle {
                if ruw.contains(waarde) || leesbaar.contains(waarde) {
                    assert!(mag.contains(waarde), "{waarde} is on {pad} of {wie}");
                    gezien.insert((wie, waarde.clone()));
                }
            }
        }
    }
    assert!(gezien.len() > 100 && bytes > 100_000, "what may be seen is: {} values in {bytes} bytes", gezien.len());
}
