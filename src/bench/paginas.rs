//! What a page costs with few and with many open cases: the answer of the server to one reader after another, over mutual TLS, at a hub in
//! this process. All cases are of one GI and one rechtbank, so that their pages have the most to choose from.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use axum::http::uri::PathAndQuery;
use axum::http::{Method, StatusCode};
use chrono::{DateTime, TimeDelta};
use serde::Serialize;

use super::klokken::{BEGIN, IN_FLIGHT, Last, peer};
use super::machine::{self, Processes};
use super::stage::Folder;
use crate::config::Config;
use crate::hub::Running;
use crate::identity::client::ClientTls;
use crate::paginas::klant::Klant;
use crate::time::Clock;
use crate::wire::client::Adres;

/// Answers measured of each page.
const KEER: usize = 200;
/// The largest page that is read.
const GROOTSTE: usize = 16 << 20;
/// How long the figures of the country may take to be there.
const GEDULD: Duration = Duration::from_secs(600);

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Paginarapport {
    /// Open cases in the first part and in the second.
    pub zaken: [usize; 2],
    /// Each page.
    pub paginas: Vec<Paginameting>,
    /// The largest ratio of all pages.
    pub verhouding: f64,
    /// Writes of 4 KiB with fsync a second, before the run.
    pub fsync_per_second: f64,
    /// Share of one core that other processes took during the run.
    pub other_cpu: f64,
    /// Whether this programme was built for measuring.
    pub release: bool,
}

/// One page, as one role.
#[derive(Debug, Serialize)]
pub struct Paginameting {
    /// As whom.
    pub wie: &'static str,
    /// Which; the id of the case is left out.
    pub pad: &'static str,
    /// Median of the answer, in microseconds, with few and with many cases.
    pub p50_us: [u64; 2],
    /// 95th percentile, the same.
    pub p95_us: [u64; 2],
    /// Size of the page in bytes, the same.
    pub bytes: [usize; 2],
    /// The latter p95 ÷ the former.
    pub verhouding: f64,
}

/// What is counted beside the pages and kept, and who sees all of it.
const GETELD: [(&str, &str); 2] = [("beheerder", "/ketenbord"), ("inspectie", "/normklokken")];

/// The pages, each as a role that has it.
const PAGINAS: [(&str, &str); 14] = [
    ("gi", "/"),
    ("gi", "/ketenbord"),
    ("gi", "/normklokken"),
    ("gi", "/normcijfers"),
    ("gi", "/traject/"),
    ("rechtbank", "/ketenbord"),
    ("rechtbank", "/rechtbank"),
    ("rechtbank", "/traject/"),
    ("gemeente", "/ketenbord"),
    ("inspectie", "/normklokken"),
    ("accounthoudende-regio", "/normklokken"),
    ("beheerder", "/ketenbord"),
    ("beheerder", "/deelnemers"),
    ("beheerder", "/audit"),
];

/// Measures with a hundredth of so many open cases and then with all, with the example certificates in a folder.
pub async fn paginas(certs: &Path, database: Option<&str>, aantal: usize, progress: impl Fn(&str)) -> anyhow::Result<Paginarapport> {
    let clock = Clock::manual(DateTime::from_timestamp_micros(BEGIN).unwrap_or_default());
    let folder = Folder::new()?;
    let fsync_per_second = machine::fsync_rate(&folder.0)?;
    let mut config = Config::on_loopback(certs, &folder.0, 0);
    (config.limits.tik_s, config.paginas.listen) = (60, Some(([127, 0, 0, 1], 0).into()));
    if let Some(url) = database {
        url.clone_into(&mut config.database);
    }
    let running = Running::start(&config, clock.clone()).await?;
    let processes = Processes::default();
    let cpu = processes.cpu();
    let load = Last { admission: running.hub.admission.clone(), clock, in_flight: IN_FLIGHT };
    let rechtbank = peer(&running, "00000099010000001000")?;
    let weinig = aantal / 100;
    progress("a hundredth of the cases");
    let zaken = load.open(&rechtbank, weinig, TimeDelta::days(21)).await?;
    let mut geteld = [Vec::new(), Vec::new()];
    let eerst = meet(&running, certs, &zaken[0], &mut geteld).await?;
    progress("all cases");
    load.open(&rechtbank, aantal - weinig, TimeDelta::days(21)).await?;
    progress("measuring");
    let daarna = meet(&running, certs, &zaken[0], &mut geteld).await?;
    let spent = processes.since(&cpu);
    running.stop().await?;
    let naast = |((wie, pad), (eerst, daarna)): ((&'static str, &'static str), (Meting, Meting))| Paginameting {
        wie,
        pad,
        p50_us: [eerst.p50, daarna.p50],
        p95_us: [eerst.p95, daarna.p95],
        bytes: [eerst.bytes, daarna.bytes],
        verhouding: daarna.p95 as f64 / eerst.p95 as f64,
    };
    let paginas: Vec<_> = PAGINAS.into_iter().zip(eerst.into_iter().zip(daarna)).map(naast).collect();
    Ok(Paginarapport {
        zaken: [weinig, aantal],
        verhouding: paginas.iter().map(|pagina| pagina.verhouding).fold(0.0, f64::max),
        paginas,
        fsync_per_second,
        other_cpu: spent.others / spent.elapsed,
        release: !cfg!(debug_assertions),
    })
}

struct Meting {
    p50: u64,
    p95: u64,
    bytes: usize,
}

/// Page after page, round by round, so that what happens beside them falls on all alike.
async fn meet(running: &Running, certs: &Path, zaak: &str, geteld: &mut [Vec<u8>; 2]) -> anyhow::Result<Vec<Meting>> {
    let adres = running.paginas.context("the hub has pages")?.to_string();
    // What is counted is that of all cases: it is another page than before. From then on it is counted again as it is for any reader.
    let begin = Instant::now();
    for ((wie, pad), vorige) in GETELD.into_iter().zip(geteld) {
        let klant = klant(certs, wie, &adres)?;
        loop {
            let pagina = vraag(&klant, pad).await?;
            if pagina != *vorige && !pagina.windows(7).any(|woord| woord == b"geteld.") {
                *vorige = pagina;
                break;
            }
            ensure!(begin.elapsed() < GEDULD, "{pad} is not counted");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    let mut bezoeken = Vec::new();
    for (wie, pad) in PAGINAS {
        let klant = klant(certs, wie, &adres)?;
        let pad = if pad.ends_with("traject/") { format!("{pad}{zaak}") } else { pad.to_owned() };
        let bytes = vraag(&klant, &pad).await?.len();
        bezoeken.push((klant, pad, bytes, Vec::with_capacity(KEER)));
    }
    for _ in 0..KEER {
        for (klant, pad, _, duren) in &mut bezoeken {
            let begin = Instant::now();
            vraag(klant, pad).await?;
            duren.push(u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX));
        }
    }
    let meting = |(_, _, bytes, mut duren): (Klant, String, usize, Vec<u64>)| {
        duren.sort_unstable();
        Meting { p50: duren[KEER / 2 - 1], p95: duren[KEER * 95 / 100 - 1], bytes }
    };
    Ok(bezoeken.into_iter().map(meting).collect())
}

fn klant(certs: &Path, wie: &str, adres: &str) -> anyhow::Result<Klant> {
    let file = |ending: &str| certs.join(format!("{wie}.{ending}"));
    let tls = ClientTls { ca: certs.join("ca.pem"), certificaat: file("pem"), sleutel: file("key") };
    Ok(Klant::nieuw(Adres::parse(adres).context("an address")?, tls.laad_voor_paginas()?))
}

async fn vraag(klant: &Klant, pad: &str) -> anyhow::Result<Vec<u8>> {
    let antwoord = klant.haal(Method::GET, PathAndQuery::try_from(pad)?).await?;
    ensure!(antwoord.status() == StatusCode::OK, "{pad} answers {}", antwoord.status());
    Ok(axum::body::to_bytes(antwoord.into_body(), GROOTSTE).await?.to_vec())
}
