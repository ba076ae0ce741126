//! What the norm clocks cost: measuring one case, a message with few and with many open cases, and a tick over all of them when nothing,
//! something and much is due. Below the wire, since the wire has nothing to do with it; on a clock that is moved by hand.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta};
use jeugdketen_proto::v1::{self, Bericht, Receipt, SoortKoppeling, bericht::Inhoud};
use prost::Message as _;
use serde::Serialize;
use tokio::task::JoinSet;

use super::berichten::{GEMETEN, uitspraak};
use super::machine::{self, Processes};
use super::rapport::median;
use super::stage::Folder;
use crate::admission::Admission;
use crate::config::Config;
use crate::domain::ids::{MaatregelId, Oin};
use crate::domain::klok::meet;
use crate::hub::Running;
use crate::identity::register::Peer;
use crate::identity::verbinding::Identiteit;
use crate::klokken::herbouw;
use crate::store::zaken;
use crate::time::{Clock, timestamp};

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Klokkenrapport {
    /// Open cases at the end.
    pub zaken: usize,
    /// Measuring all clocks of one case, in microseconds.
    pub een_zaak_us: f64,
    /// Messages in that case.
    pub een_zaak_berichten: usize,
    /// Accepting a koppeling with a tenth of the cases open, a second.
    pub koppelingen_bij_weinig: f64,
    /// The same with all of them open.
    pub koppelingen_bij_veel: f64,
    /// The latter ÷ the former.
    pub verhouding: f64,
    /// A tick when nothing is due, in microseconds.
    pub tik_niets_us: f64,
    /// A tick when one case in a thousand is due, in milliseconds, and how many had a warning.
    pub tik_weinig_ms: f64,
    /// Cases of it.
    pub tik_weinig_zaken: usize,
    /// A tick when all are due, in milliseconds, and how many had a warning.
    pub tik_alles_ms: f64,
    /// Cases of it.
    pub tik_alles_zaken: usize,
    /// Measuring every case anew from what is stored and comparing it with what is kept, in milliseconds.
    pub herbouw_ms: f64,
    /// Writes of 4 KiB with fsync a second, before the run.
    pub fsync_per_second: f64,
    /// Share of one core that other processes took during the run.
    pub other_cpu: f64,
}

/// The first moment of the run; the example certificates are valid.
pub(super) const BEGIN: i64 = 1_796_112_000_000_000;

/// Messages at once.
pub(super) const IN_FLIGHT: usize = 256;

/// Measures with that many open cases, with the example certificates in a folder, on an empty database or a SQLite file of its own.
pub async fn klokken(certs: &Path, database: Option<&str>, aantal: usize, progress: impl Fn(&str)) -> anyhow::Result<Klokkenrapport> {
    let clock = Clock::manual(DateTime::from_timestamp_micros(BEGIN).unwrap_or_default());
    let folder = Folder::new()?;
    let fsync_per_second = machine::fsync_rate(&folder.0)?;
    let mut config = Config::on_loopback(certs, &folder.0, 0);
    config.limits.tik_s = 60;
    if let Some(url) = database {
        url.clone_into(&mut config.database);
    }
    let running = Running::start(&config, clock.clone()).await?;
    let processes = Processes::default();
    let cpu = processes.cpu();
    let load = Last { admission: running.hub.admission.clone(), clock: clock.clone(), in_flight: IN_FLIGHT };
    let rechtbank = peer(&running, "00000099010000001000")?;
    let gi = peer(&running, "00000099020000001000")?;

    // One in a thousand was pronounced so long ago that the first warnings are due half a day from now.
    let vroeg = TimeDelta::days(21);
    progress("a tenth of the cases");
    let weinig = load.open(&rechtbank, aantal / 10, vroeg).await?;
    let koppelingen_bij_weinig = load.koppel(&gi, &weinig).await?;
    progress("all cases");
    load.open(&rechtbank, aantal - aantal / 10, vroeg).await?;
    let koppelingen_bij_veel = load.koppel(&gi, &weinig).await?;
    // What was pronounced three weeks ago has told the court by now.
    tik(&running).await?;
    let tik_niets = median(nothing_due(&running).await?);
    progress("ticks");
    clock.advance(TimeDelta::hours(16));
    let (tik_weinig, tik_weinig_zaken) = tik(&running).await?;
    let (een_zaak_us, een_zaak_berichten) = een_zaak(&running, &weinig[0]).await?;
    clock.advance(TimeDelta::days(3));
    let (tik_alles, tik_alles_zaken) = tik(&running).await?;
    progress("measuring everything anew");
    let begin = Instant::now();
    let herbouwd = herbouw(&running.hub.store, &running.hub.kluis, &running.hub.beleid, false).await?;
    anyhow::ensure!(herbouwd.verschillen.is_empty(), "what is kept of the clocks differs from the messages");
    let herbouw_ms = millis(begin.elapsed());
    let spent = processes.since(&cpu);
    running.stop().await?;
    Ok(Klokkenrapport {
        zaken: herbouwd.zaken,
        een_zaak_us,
        een_zaak_berichten,
        koppelingen_bij_weinig,
        koppelingen_bij_veel,
        verhouding: koppelingen_bij_veel / koppelingen_bij_weinig,
        tik_niets_us: tik_niets,
        tik_weinig_ms: millis(tik_weinig),
        tik_weinig_zaken,
        tik_alles_ms: millis(tik_alles),
        tik_alles_zaken,
        herbouw_ms,
        fsync_per_second,
        other_cpu: spent.others / spent.elapsed,
    })
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

async fn tik(running: &Running) -> anyhow::Result<(Duration, usize)> {
    let begin = Instant::now();
    let zaken = running.hub.admission.tik().await?;
    Ok((begin.elapsed(), zaken))
}

async fn nothing_due(running: &Running) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..101 {
        let (time, zaken) = tik(running).await?;
        anyhow::ensure!(zaken == 0, "a warning was due");
        times.push(time.as_secs_f64() * 1e6);
    }
    Ok(times)
}

async fn een_zaak(running: &Running, zaak: &str) -> anyhow::Result<(f64, usize)> {
    let id = MaatregelId::parse(zaak).ok_or_else(|| anyhow::anyhow!("the id of a case"))?;
    let dossiers = zaken::dossiers(&mut running.hub.store.read().await?.conn(), &running.hub.kluis, &[id]).await?;
    let begin = Instant::now();
    let keer = 20_000;
    for _ in 0..keer {
        std::hint::black_box(meet(std::hint::black_box(&dossiers[0]), &running.hub.beleid)?);
    }
    Ok((begin.elapsed().as_secs_f64() * 1e6 / f64::from(keer), dossiers[0].feiten.len()))
}

pub(super) fn peer(running: &Running, oin: &str) -> anyhow::Result<Peer> {
    let identiteit = Identiteit {
        oin: Oin::parse(oin)?,
        organisatie: String::new(),
        serienummer: String::new(),
        niet_na: DateTime::from_timestamp_micros(i64::MAX).unwrap_or_default(),
        certificaat: [0; 32],
        peer: SocketAddr::from(([127, 0, 0, 1], 1)),
        verbinding_id: 0,
    };
    let vandaag = running.hub.clock.today();
    running.hub.register.identificeer(&identiteit, vandaag).map_err(|reden| anyhow::anyhow!("{}", reden.uitleg()))
}

/// Who sends, and how many at once.
#[derive(Clone)]
pub(super) struct Last {
    pub(super) admission: Admission,
    pub(super) clock: Clock,
    pub(super) in_flight: usize,
}

impl Last {
    /// Opens cases; one in a thousand was pronounced earlier. Returns their ids.
    pub(super) async fn open(&self, rechtbank: &Peer, aantal: usize, vroeg: TimeDelta) -> anyhow::Result<Vec<String>> {
        let voorbeeld = uitspraak(&GEMETEN, &self.clock);
        let berichten = (0..aantal).map(|nr| {
            let mut bericht = Bericht { bericht_id: self.clock.new_id().to_string(), ..voorbeeld.clone() };
            if let Some(Inhoud::Uitspraak(m)) = &mut bericht.inhoud {
                let eerder = if nr % 1000 == 0 { vroeg } else { TimeDelta::hours(1) };
                m.uitgesproken_op = Some(timestamp((self.clock.now() - eerder).timestamp_micros()));
            }
            bericht
        });
        let (ids, _) = self.zend(rechtbank, berichten).await?;
        Ok(ids)
    }

    /// Sends a koppeling into each case; returns how many a second.
    async fn koppel(&self, gi: &Peer, zaken: &[String]) -> anyhow::Result<f64> {
        let berichten = zaken.iter().map(|zaak| {
            let m = v1::Koppeling {
                soort: SoortKoppeling::Wachtlijstbeheer.into(),
                gekoppeld_op: self.clock.today().to_string(),
                ..v1::Koppeling::default()
            };
            let bericht_id = self.clock.new_id().to_string();
            Bericht { bericht_id, maatregel_id: zaak.clone(), inhoud: Some(Inhoud::Koppeling(m)), ..Bericht::default() }
        });
        let (_, duration) = self.zend(gi, berichten).await?;
        Ok(zaken.len() as f64 / duration.as_secs_f64())
    }

    /// Sends messages, some at once; any refusal fails the run. Returns the ids of their cases, in no order.
    async fn zend(&self, peer: &Peer, berichten: impl Iterator<Item = Bericht>) -> anyhow::Result<(Vec<String>, Duration)> {
        let begin = Instant::now();
        let mut onderweg = JoinSet::new();
        let mut ids = Vec::new();
        for bericht in berichten {
            if onderweg.len() >= self.in_flight {
                ids.extend(onderweg.join_next().await.transpose()?.transpose()?);
            }
            let (admission, peer) = (self.admission.clone(), peer.clone());
            onderweg.spawn(async move { een(&admission, &peer, &bericht).await });
        }
        while let Some(id) = onderweg.join_next().await {
            ids.push(id??);
        }
        Ok((ids, begin.elapsed()))
    }
}

async fn een(admission: &Admission, peer: &Peer, bericht: &Bericht) -> anyhow::Result<String> {
    let antwoord = admission.dien_in(peer, bericht.encode_to_vec().as_slice()).await?;
    let receipt = antwoord.map_err(|refusal| anyhow::anyhow!("refused: {}", refusal.code()))?;
    Ok(Receipt::decode(receipt)?.maatregel_id)
}
