//! Plays histories through a hub on simulated time: hour by hour, everything of one hour at once, each message by its own sender. Whoever
//! gets a message reads and confirms its mailbox at its next hour of reading.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use jeugdketen_proto::v1::Receipt;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Scenario;
use super::agenda::{leesmoment, om, plus_dagen};
use super::klanten::Klanten;
use super::schrijver::Zaakstand;
use super::verloop::Verloop;
use crate::hub::Running;
use crate::time::Clock;

/// Calls at once.
const TEGELIJK: usize = 64;

/// What was played.
#[derive(Clone, Copy, Debug, Default)]
pub struct Telling {
    /// Children.
    pub jeugdigen: u64,
    /// Messages, each with a receipt.
    pub berichten: u64,
    /// Deliveries that were confirmed.
    pub bevestigingen: u64,
}

/// A child whose history has begun.
struct Lopend {
    verloop: Verloop,
    volgende: usize,
    zaak: Zaakstand,
}

/// The player.
pub(super) struct Motor<'a> {
    running: &'a Running,
    klanten: Arc<Klanten>,
    clock: Clock,
    plaatsen: Arc<Semaphore>,
    wachtrij: BTreeMap<DateTime<Utc>, Vec<Lopend>>,
    te_lezen: BTreeMap<DateTime<Utc>, BTreeSet<usize>>,
    gelezen: HashMap<usize, u64>,
    stopt_bevestigen: HashMap<usize, DateTime<Utc>>,
    telling: Telling,
}

impl<'a> Motor<'a> {
    pub(super) fn new(running: &'a Running, klanten: Arc<Klanten>, clock: Clock) -> Motor<'a> {
        Motor {
            running,
            klanten,
            clock,
            plaatsen: Arc::new(Semaphore::new(TEGELIJK)),
            wachtrij: BTreeMap::new(),
            te_lezen: BTreeMap::new(),
            gelezen: HashMap::new(),
            stopt_bevestigen: HashMap::new(),
            telling: Telling::default(),
        }
    }

    /// Plays a scenario to the end of its last day.
    pub(super) async fn speel(mut self, scenario: &mut Scenario) -> anyhow::Result<Telling> {
        self.stopt_bevestigen = scenario.stopt_bevestigen.iter().copied().collect();
        let balk = balk(scenario);
        let mut dag = scenario.begin;
        let mut volgende = scenario.verlopen.next();
        while dag <= scenario.peildatum {
            self.zet_klok(om(dag, 5));
            self.running.hub.admission.tik().await?;
            while let Some(verloop) = volgende.take_if(|verloop| verloop.uitgesproken < om(plus_dagen(dag, 1), 0)) {
                self.telling.jeugdigen += 1;
                self.zet_klaar(Lopend { verloop, volgende: 0, zaak: Zaakstand::default() });
                volgende = scenario.verlopen.next();
            }
            self.speel_dag(dag).await?;
            balk.inc(1);
            balk.set_message(format!("{dag}: {} jeugdigen, {} berichten", self.telling.jeugdigen, self.telling.berichten));
            dag = plus_dagen(dag, 1);
        }
        self.zet_klok(om(scenario.peildatum, 21));
        self.running.hub.admission.tik().await?;
        balk.finish_and_clear();
        Ok(self.telling)
    }

    async fn speel_dag(&mut self, dag: NaiveDate) -> anyhow::Result<()> {
        let einde = om(plus_dagen(dag, 1), 0);
        loop {
            let eerste = self.wachtrij.keys().next().into_iter().chain(self.te_lezen.keys().next()).min();
            let Some(uur) = eerste.copied().filter(|uur| *uur < einde) else { return Ok(()) };
            self.zet_klok(uur);
            let lezers = self.te_lezen.remove(&uur).unwrap_or_default();
            self.lees(lezers, uur).await?;
            let lopende = self.wachtrij.remove(&uur).unwrap_or_default();
            self.dien_in(lopende, uur).await?;
        }
    }

    /// Time only goes on.
    fn zet_klok(&self, moment: DateTime<Utc>) {
        let stap = moment - self.clock.now();
        if stap > chrono::TimeDelta::zero() {
            self.clock.advance(stap);
        }
    }

    fn zet_klaar(&mut self, lopend: Lopend) {
        if let Some(stap) = lopend.verloop.stappen.get(lopend.volgende) {
            self.wachtrij.entry(stap.op).or_default().push(lopend);
        }
    }

    async fn lees(&mut self, lezers: BTreeSet<usize>, uur: DateTime<Utc>) -> anyhow::Result<()> {
        let mut taken = JoinSet::new();
        for wie in lezers {
            let (klanten, plaatsen) = (Arc::clone(&self.klanten), Arc::clone(&self.plaatsen));
            let na = self.gelezen.get(&wie).copied().unwrap_or_default();
            let bevestigt = self.stopt_bevestigen.get(&wie).is_none_or(|stopt| uur < *stopt);
            taken.spawn(async move {
                let _plaats = plaatsen.acquire().await?;
                let tot = klanten.lees(wie, na).await?;
                if bevestigt {
                    klanten.bevestig(wie, tot).await?;
                }
                anyhow::Ok((wie, tot, if bevestigt { tot - na } else { 0 }))
            });
        }
        while let Some(klaar) = taken.join_next().await {
            let (wie, tot, bevestigd) = klaar??;
            self.gelezen.insert(wie, tot);
            self.telling.bevestigingen += bevestigd;
        }
        Ok(())
    }

    async fn dien_in(&mut self, lopende: Vec<Lopend>, uur: DateTime<Utc>) -> anyhow::Result<()> {
        let mut taken = JoinSet::new();
        for mut lopend in lopende {
            let (klanten, plaatsen, clock) = (Arc::clone(&self.klanten), Arc::clone(&self.plaatsen), self.clock.clone());
            taken.spawn(async move {
                let _plaats = plaatsen.acquire().await?;
                let mut receipts = Vec::new();
                while lopend.verloop.stappen.get(lopend.volgende).is_some_and(|stap| stap.op <= uur) {
                    receipts.push(lopend.zet_stap(&klanten, &clock).await?);
                }
                anyhow::Ok((lopend, receipts))
            });
        }
        while let Some(klaar) = taken.join_next().await {
            let (lopend, receipts) = klaar??;
            for receipt in &receipts {
                self.bezorgd(receipt, uur);
            }
            self.telling.berichten += receipts.len() as u64;
            self.zet_klaar(lopend);
        }
        Ok(())
    }

    /// Who got a message reads it at its next hour.
    fn bezorgd(&mut self, receipt: &Receipt, uur: DateTime<Utc>) {
        let spelers = &self.klanten.spelers;
        for wie in receipt.ontvangers.iter().filter_map(|ontvanger| spelers.met_oin(&ontvanger.oin)) {
            self.te_lezen.entry(leesmoment(spelers.speler(wie).rol, uur)).or_default().insert(wie);
        }
    }
}

impl Lopend {
    /// Submits the next message of this child.
    async fn zet_stap(&mut self, klanten: &Klanten, clock: &Clock) -> anyhow::Result<Receipt> {
        let stap = &self.verloop.stappen[self.volgende];
        let id = clock.new_id().to_string();
        let bericht = self.zaak.schrijf(&self.verloop, stap, &id, &klanten.spelers);
        let wie = self.zaak.wie(&self.verloop, &stap.daad);
        let receipt = klanten.dien_in(wie, &bericht).await;
        let receipt =
            receipt.with_context(|| format!("jeugdige {}, {} van {}", self.verloop.nr, stap.daad.naam(), stap.op.date_naive()))?;
        self.zaak.maatregel_id.clone_from(&receipt.maatregel_id);
        self.zaak.onthoud(&stap.daad, id);
        self.volgende += 1;
        Ok(receipt)
    }
}

/// On the terminal only; nothing is drawn elsewhere.
fn balk(scenario: &Scenario) -> ProgressBar {
    let dagen = (scenario.peildatum - scenario.begin).num_days() + 1;
    let balk = ProgressBar::new(dagen.unsigned_abs());
    if let Ok(vorm) = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}  ({elapsed})") {
        balk.set_style(vorm);
    }
    balk
}
