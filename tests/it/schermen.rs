//! The pages as people find them: a real browser without a head, through the window that `bekijk` opens, with the case of the examples
//! behind it. `BIJWERKEN=1` writes the screens of `docs/schermen/` anew.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use ketenhub::identity::client::ClientTls;
use ketenhub::paginas::klant::Klant;
use ketenhub::paginas::venster;
use ketenhub::wire::client::Adres;
use serde::Deserialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::browser::{als, wacht_op};
use crate::support::hub::CERTS;
use crate::support::zaak::Zaak;
use crate::support::{may_refresh, repository};

/// The most that all screens together may take, in bytes.
const SCHERMEN: u64 = 2_000_000;

/// One visit of `tests/paginas/bezoeken.json`: who goes where, and what is and is not to be found there. `ZAAK` is the id of the case.
#[derive(Debug, Deserialize)]
struct Bezoek {
    wie: String,
    pad: String,
    toont: Vec<String>,
    toont_niet: Vec<String>,
    scherm: bool,
}

impl Bezoek {
    fn alle() -> Vec<Bezoek> {
        serde_json::from_str(&fs::read_to_string(repository().join("tests/paginas/bezoeken.json")).unwrap()).unwrap()
    }

    /// The name of the visit, and of its screen.
    fn naam(&self) -> String {
        let pagina = self.pad.trim_start_matches('/').split('/').next().unwrap();
        format!("{}-{}", self.wie, if pagina.is_empty() { "begin" } else { pagina })
    }
}

#[derive(Debug, Deserialize)]
struct Gevonden {
    naam: String,
    code: u16,
    titel: String,
    tekst: String,
    tekst_dicht: String,
    tekst_zonder_script: String,
    te_breed: i64,
    scripts: usize,
    platen: Platen,
    fouten: Vec<Fout>,
    toetsenbord: Toetsenbord,
    klachten: Vec<String>,
    elders: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Platen {
    aantal: usize,
    zonder_tabel: usize,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "what a fault is, is read in the message of the test that fails")]
struct Fout {
    id: String,
    impact: Option<String>,
    kleuren: String,
    waar: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Toetsenbord {
    volgorde: Vec<Tabhalte>,
    bedienbaar: usize,
}

#[derive(Debug, Deserialize)]
struct Tabhalte {
    zichtbaar: bool,
    wat: String,
}

fn van(naam: &str) -> String {
    std::env::var(naam).unwrap_or_else(|_| panic!("{naam} is not set: run ./test, which installs the browser and sets it"))
}

async fn open(zaak: &Zaak, wie: &str, stop: &CancellationToken) -> SocketAddr {
    let bestand = |ending: &str| Path::new(CERTS).join(format!("{wie}.{ending}"));
    let tls = ClientTls { ca: Path::new(CERTS).join("ca.pem"), certificaat: bestand("pem"), sleutel: bestand("key") };
    let adres = Adres::parse(&zaak.hub.running.paginas.unwrap().to_string()).unwrap();
    let klant = Klant::nieuw(adres, tls.laad_voor_paginas().unwrap());
    venster::open(([127, 0, 0, 1], 0).into(), klant, stop.clone()).await.unwrap()
}

fn bezoek(opdracht: &serde_json::Value) -> Vec<Gevonden> {
    let mut command = Command::new(van("KETENHUB_NODE"));
    command.arg("tests/paginas/bezoek.mjs").current_dir(repository());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(opdracht.to_string().as_bytes()).unwrap();
    let uitvoer = child.wait_with_output().unwrap();
    assert!(uitvoer.status.success(), "{}", String::from_utf8_lossy(&uitvoer.stderr));
    serde_json::from_slice(&uitvoer.stdout).unwrap()
}

/// Opens a window for everybody, and sends the browser past all of them.
async fn alles(zaak: &Zaak, wat: &[Bezoek]) -> Vec<Gevonden> {
    let (stop, mut bezoeken) = (CancellationToken::new(), Vec::new());
    let geteld = |text: &str| !text.contains("worden geteld");
    for een in wat {
        let pad = een.pad.replace("ZAAK", &zaak.maatregel);
        wacht_op(&mut als(zaak, &een.wie).await, &pad, geteld).await;
        let adres = open(zaak, &een.wie, &stop).await;
        bezoeken.push(json!({ "naam": een.naam(), "url": format!("http://{adres}{pad}"), "scherm": een.scherm }));
    }
    let schermen = may_refresh().then(|| repository().join("docs/schermen"));
    let opdracht = json!({ "chromium": van("KETENHUB_CHROMIUM"), "schermen": schermen, "bezoeken": bezoeken });
    let gevonden = tokio::time::timeout(Duration::from_secs(300), tokio::task::spawn_blocking(move || bezoek(&opdracht)));
    let gevonden = gevonden.await.expect("the browser is done in time").unwrap();
    stop.cancel();
    gevonden
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_finds_what_is_theirs_in_a_browser_and_can_use_it_without_a_mouse_a_script_or_good_eyes() {
    let zaak = Zaak::heel().await;
    let bezoeken = Bezoek::alle();
    let gevonden = alles(&zaak, &bezoeken).await;
    assert!(bezoeken.len() >= 20 && gevonden.len() == bezoeken.len());
    for (een, wat) in gevonden.iter().zip(&bezoeken) {
        let waar = &een.naam;
        assert_eq!((een.code, waar), (200, &wat.naam()));
        assert!(een.titel.ends_with("Ketenhub"), "{waar}: {}", een.titel);
        for text in wat.toont.iter().map(|text| text.replace("ZAAK", &zaak.maatregel)) {
            assert!(een.tekst.contains(&text), "{waar} does not show {text:?}: {}", een.tekst);
        }
        for text in wat.toont_niet.iter().map(|text| text.replace("ZAAK", &zaak.maatregel).to_lowercase()) {
            assert!(!een.tekst.to_lowercase().contains(&text), "{waar} shows {text:?}");
        }
        zonder_hulp(een);
    }
    assert!(gevonden.iter().map(|een| een.platen.aantal).sum::<usize>() >= 3, "there are plots at all");
}

/// What holds of every page for every reader.
fn zonder_hulp(een: &Gevonden) {
    let waar = &een.naam;
    let woorden = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    assert_eq!(woorden(&een.tekst_dicht), woorden(&een.tekst_zonder_script), "{waar}: what is there with and without a script");
    assert_eq!((een.scripts, een.platen.zonder_tabel), (0, 0), "{waar}: {:?}", een.platen);
    assert!(een.te_breed <= 0, "{waar} is {} pixels wider than a telephone", een.te_breed);
    assert!(een.fouten.is_empty(), "{waar}: {:#?}", een.fouten);
    assert!(een.klachten.is_empty() && een.elders.is_empty(), "{waar}: {:?} {:?}", een.klachten, een.elders);
    let haltes = &een.toetsenbord.volgorde;
    assert_eq!(haltes.len(), een.toetsenbord.bedienbaar, "{waar}: what the keyboard reaches: {haltes:#?}");
    assert_eq!(haltes[0].wat, "Naar de inhoud", "{waar}");
    let onzichtbaar: Vec<_> = haltes.iter().filter(|halte| !halte.zichtbaar).collect();
    assert!(onzichtbaar.is_empty(), "{waar}: where the keyboard is cannot be seen: {onzichtbaar:?}");
}

/// Each page is shown in the documents, at a desk and on a telephone, and together they stay small.
#[test]
fn the_screens_in_the_documents_are_there_and_small() {
    let map = repository().join("docs/schermen");
    let mut som = 0;
    for een in Bezoek::alle().iter().filter(|een| een.scherm) {
        for ending in ["", "-telefoon"] {
            let pad = map.join(format!("{}{ending}.png", een.naam()));
            som += fs::metadata(&pad).unwrap_or_else(|_| panic!("{} is not there; BIJWERKEN=1 makes it", pad.display())).len();
        }
    }
    assert!(fs::read_dir(&map).unwrap().count() >= 16);
    assert!(som < SCHERMEN, "{som} bytes");
}
