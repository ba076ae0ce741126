//! New files, new TLS state, and a fresh look at every live connection. It deliberately polls: a Kubernetes secret changes by
//! swapping a symbolic link, which file notifications miss; the contents never lie.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::Klok;
use super::tls::{Invoer, TlsBestanden, TlsFout, TlsStand, Vingerafdruk};
use super::verbindingen::Verbindingen;

/// How often to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HerlaadInstellingen {
    /// The time between two looks at the files. A revoked certificate loses its connections within twice this time.
    pub interval: Duration,
    /// The time between two looks at every live connection when no file changed: certificates and lists also run out by themselves.
    pub herverificatie: Duration,
}

impl Default for HerlaadInstellingen {
    fn default() -> Self {
        Self { interval: Duration::from_secs(5), herverificatie: Duration::from_secs(60) }
    }
}

/// What one look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ronde {
    /// The files are as they were.
    Ongewijzigd {
        /// The connections that were cut because something ran out.
        verbroken: usize,
    },
    /// There is a new state.
    Geladen {
        /// The connections that the new state does not accept.
        verbroken: usize,
        /// The parts that are unusable and therefore still as they were.
        bezwaren: Vec<TlsFout>,
    },
    /// The files changed but give no usable state; the previous one stays.
    Mislukt {
        /// Why.
        fout: TlsFout,
        /// The connections that were cut because something ran out.
        verbroken: usize,
    },
}

/// Looks at the files, and keeps the state and the live connections in step with them.
pub struct Herlader {
    bestanden: TlsBestanden,
    stand: Arc<ArcSwap<TlsStand>>,
    verbindingen: Arc<Verbindingen>,
    klok: Klok,
    instellingen: HerlaadInstellingen,
    /// The files as they were when last tried, good or bad: a bad set is reported once, not at every look.
    laatst_geprobeerd: Vingerafdruk,
    laatst_geverifieerd: Instant,
}

impl Herlader {
    /// A reloader for the state that was made of these files.
    #[must_use]
    pub fn nieuw(
        bestanden: TlsBestanden,
        stand: Arc<ArcSwap<TlsStand>>,
        verbindingen: Arc<Verbindingen>,
        klok: Klok,
        instellingen: HerlaadInstellingen,
    ) -> Self {
        let laatst_geprobeerd = stand.load().vingerafdruk();
        let laatst_geverifieerd = Instant::now();
        Self { bestanden, stand, verbindingen, klok, instellingen, laatst_geprobeerd, laatst_geverifieerd }
    }

    /// Looks at every interval, and at once when `aanleiding` is notified, until `stop` fires.
    pub async fn draai(mut self, aanleiding: Arc<Notify>, stop: CancellationToken) {
        // Not at once: the state was made a moment ago.
        let mut wekker = interval_at(Instant::now() + self.instellingen.interval, self.instellingen.interval);
        wekker.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let gevraagd = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = aanleiding.notified() => true,
                _ = wekker.tick() => false,
            };
            let ronde = self.ronde(gevraagd).await;
            meld(&ronde);
        }
    }

    /// Looks once. Live connections are verified again when the files changed, when that was long ago, or when `gevraagd`.
    pub async fn ronde(&mut self, gevraagd: bool) -> Ronde {
        let (bestanden, stand, klok, geprobeerd) =
            (self.bestanden.clone(), self.stand.load_full(), self.klok.clone(), self.laatst_geprobeerd);
        // Reading and parsing lists of megabytes is not for a thread that serves connections.
        let gelezen = spawn_blocking(move || {
            let invoer = Invoer::lees(&bestanden);
            let vingerafdruk = invoer.vingerafdruk();
            (vingerafdruk, (vingerafdruk != geprobeerd).then(|| TlsStand::bouw(&invoer, &klok, Some(&stand))))
        });
        let nieuw = match gelezen.await {
            Ok((vingerafdruk, nieuw)) => {
                self.laatst_geprobeerd = vingerafdruk;
                nieuw
            }
            Err(fout) => Some(Err(TlsFout::Opbouw(fout.to_string()))),
        };
        match nieuw {
            None => {
                let toe = gevraagd || self.laatst_geverifieerd.elapsed() >= self.instellingen.herverificatie;
                Ronde::Ongewijzigd { verbroken: if toe { self.herverifieer().await } else { 0 } }
            }
            Some(Err(fout)) => Ronde::Mislukt { fout, verbroken: self.herverifieer().await },
            Some(Ok(stand)) => {
                let bezwaren = stand.bezwaren().to_vec();
                // Store first, visit the register then: see `Acceptor::schrijf_in` for the other half.
                self.stand.store(Arc::new(stand));
                Ronde::Geladen { verbroken: self.herverifieer().await, bezwaren }
            }
        }
    }

    async fn herverifieer(&mut self) -> usize {
        self.laatst_geverifieerd = Instant::now();
        let (verbindingen, stand, nu) = (self.verbindingen.clone(), self.stand.load_full(), (self.klok)());
        let werk = spawn_blocking(move || verbindingen.herverifieer(&stand, nu));
        werk.await.unwrap_or_else(|fout| {
            // Not knowing who may stay, nobody does.
            tracing::error!(%fout, "verifying live connections failed; all are cut");
            self.verbindingen.verbreek_waar(|_| true)
        })
    }
}

fn meld(ronde: &Ronde) {
    match ronde {
        Ronde::Ongewijzigd { verbroken: 0 } => {}
        Ronde::Ongewijzigd { verbroken } => tracing::info!(verbroken, "live connections verified again"),
        Ronde::Geladen { verbroken, bezwaren } => {
            for fout in bezwaren {
                tracing::error!(%fout, "part of the TLS files is unusable; what was loaded before stays in use");
            }
            tracing::info!(verbroken, bezwaren = bezwaren.len(), "TLS files loaded");
        }
        Ronde::Mislukt { fout, verbroken } => {
            tracing::error!(%fout, verbroken, "the TLS files are unusable; what was loaded before stays in use");
        }
    }
}
