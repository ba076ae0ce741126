//! What one case works with: the stage, the client that is tried, and the log. Waiting is always for something, and never for longer than
//! the patience of the run.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jeugdketen_proto::v1::{Bericht, Rol};
use prost::Message as _;
use tokio::task::JoinHandle;

use super::Geval;
use super::berichten::{correctie, intrekking, nog_een};
use super::logboek::{Logboek, Melding, Regel, Waarneming};
use super::pki::{Toegang, Vertoon};
use super::proef::{Opdracht, Proef, Taak};
use super::toneel::{Toneel, Verzonden};
use crate::json;

/// Why a case did not succeed.
#[derive(Debug)]
pub enum Afkeuring {
    /// The client did something else than it should.
    Gezakt(String),
    /// The case says nothing of this client, or of this role.
    NietVanToepassing(String),
    /// The test itself failed.
    Kapot(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Afkeuring {
    fn from(fout: E) -> Afkeuring {
        Afkeuring::Kapot(fout.into())
    }
}

/// The judgement on one case.
pub type Oordeel = Result<(), Afkeuring>;

/// The client did not do as it should.
pub(super) fn gezakt<T>(reden: impl Into<String>) -> Result<T, Afkeuring> {
    Err(Afkeuring::Gezakt(reden.into()))
}

/// The case is not for this client.
pub(super) fn nvt<T>(reden: &str) -> Result<T, Afkeuring> {
    Err(Afkeuring::NietVanToepassing(reden.to_owned()))
}

/// The times of a run. Short ones make it quick; a client over a real line wants more.
#[derive(Clone, Copy, Debug)]
pub struct Tijden {
    /// How long anything that should happen may take.
    pub geduld: Duration,
    /// Between two heartbeats.
    pub hartslag: Duration,
    /// How long the hub asks a client to stay away.
    pub wegblijven: Duration,
    /// The least time between two attempts of a client that is not told when to come back.
    pub adem: Duration,
    /// How long something that should not happen gets to happen.
    pub stilte: Duration,
}

impl Default for Tijden {
    fn default() -> Tijden {
        Tijden {
            geduld: Duration::from_secs(15),
            hartslag: Duration::from_secs(2),
            wegblijven: Duration::from_secs(1),
            adem: Duration::from_millis(50),
            stilte: Duration::from_millis(500),
        }
    }
}

/// One case being played.
pub struct Spel {
    /// The stage.
    pub toneel: Arc<Toneel>,
    /// What happened.
    pub log: Logboek,
    /// The times.
    pub tijden: Tijden,
    /// The last number in the mailbox before the case.
    pub begin: u64,
    proef: Arc<dyn Proef>,
    geval: &'static Geval,
    berichten: PathBuf,
    client: Option<JoinHandle<()>>,
}

impl Drop for Spel {
    fn drop(&mut self) {
        self.stop_client();
        let _ = std::fs::remove_dir_all(&self.berichten);
    }
}

impl Spel {
    /// Makes the stage ready for a case: an empty mailbox, no connections, nothing disturbed.
    pub(super) async fn begin(toneel: &Arc<Toneel>, proef: &Arc<dyn Proef>, geval: &'static Geval, tijden: Tijden) -> anyhow::Result<Spel> {
        let tls = toneel.pki.server(Vertoon::Goed, Toegang::Certificaat)?;
        let begin = toneel.leeg_postvak().await?;
        let log = toneel.voorkant.opnieuw(tls, begin);
        let berichten = toneel.pki.map().join(format!("berichten-{}", toneel.clock.new_id()));
        let (toneel, proef) = (Arc::clone(toneel), Arc::clone(proef));
        Ok(Spel { toneel, log, tijden, begin, proef, geval, berichten, client: None })
    }

    /// Starts the client with a task, and lets it in.
    pub(super) fn start(&mut self, taak: Taak) -> anyhow::Result<()> {
        self.stop_client();
        let map = |bestand: &str| self.toneel.pki.map().join(bestand);
        let klant = self.toneel.pki.klant(self.toneel.speler());
        let opdracht = Opdracht {
            geval: self.geval.id,
            taak,
            endpoint: format!("localhost:{}", self.toneel.voorkant.adres.port()),
            ca: map("ca.pem"),
            crl: map("crl.pem"),
            cert: klant.certificaat,
            key: klant.sleutel,
            rol: rolnaam(self.toneel.rol),
            oin: self.toneel.oin().to_owned(),
            sleutel: self.toneel.sleutel(),
            hartslag: self.tijden.hartslag,
            berichten: self.berichten.clone(),
        };
        let (lopend, log) = (self.proef.start(opdracht, self.log.clone())?, self.log.clone());
        self.client = Some(tokio::spawn(async move {
            lopend.await;
            log.schrijf(Waarneming::Klaar);
        }));
        self.toneel.voorkant.open();
        Ok(())
    }

    /// Stops the client.
    pub(super) fn stop_client(&mut self) {
        if let Some(client) = self.client.take() {
            client.abort();
        }
    }

    /// Lets the client receive, and waits until it asks for its mailbox.
    pub(super) async fn ontvang(&mut self) -> Oordeel {
        self.start(Taak::Ontvang)?;
        self.vraagt_weer(1).await
    }

    /// Waits until the client has asked for its mailbox so many times.
    pub(super) async fn vraagt_weer(&self, keer: usize) -> Oordeel {
        self.tot("de client vraagt zijn postvak niet (opnieuw) op", |regels| (vragen(regels).count() >= keer).then_some(())).await
    }

    /// Lets the client submit messages and waits until it has ended, or has done with them as far as can be seen.
    pub(super) async fn verzend(&mut self, berichten: &[Bericht]) -> Oordeel {
        self.start_verzending(berichten)?;
        self.klaar().await
    }

    /// Lets the client submit messages.
    pub(super) fn start_verzending(&mut self, berichten: &[Bericht]) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.berichten)?;
        for (nr, bericht) in berichten.iter().enumerate() {
            std::fs::write(self.berichten.join(format!("{:02}.json", nr + 1)), json::write(bericht)?)?;
        }
        self.start(Taak::Verzend)
    }

    /// Waits until the client has ended.
    pub(super) async fn klaar(&self) -> Oordeel {
        self.tot("de client komt niet tot een einde", |regels| regels.iter().any(|regel| regel.wat == Waarneming::Klaar).then_some(()))
            .await
    }

    /// The message that the client is to submit.
    pub(super) fn uitgaand(&self) -> Result<Bericht, Afkeuring> {
        match self.toneel.uitgaand()? {
            Some(bericht) => Ok(bericht),
            None => nvt("deze rol zendt niets in"),
        }
    }

    /// Lets partners send messages to the client.
    pub(super) async fn zet(&self, aantal: usize) -> Result<Vec<Verzonden>, Afkeuring> {
        let (van, eerste) = self.toneel.binnenkomend()?;
        let mut alle = Vec::with_capacity(aantal);
        for _ in 0..aantal {
            alle.push(self.toneel.verzend(van, nog_een(&eerste, &self.toneel.clock)).await?);
        }
        Ok(alle)
    }

    /// Lets a partner send one message to the client.
    pub(super) async fn zet_een(&self) -> Result<Verzonden, Afkeuring> {
        let (van, bericht) = self.toneel.binnenkomend()?;
        Ok(self.toneel.verzend(van, bericht).await?)
    }

    /// Lets the sender of a message correct it.
    pub(super) async fn corrigeer(&self, verzonden: &Verzonden) -> Result<Verzonden, Afkeuring> {
        let correctie = correctie(&verzonden.bericht, &verzonden.maatregel_id, &self.toneel.clock);
        Ok(self.toneel.verzend(verzonden.van, correctie).await?)
    }

    /// Lets the sender of a message withdraw it.
    pub(super) async fn trek_in(&self, verzonden: &Verzonden) -> Result<Verzonden, Afkeuring> {
        let intrekking = intrekking(&verzonden.bericht, &verzonden.maatregel_id, &self.toneel.clock);
        Ok(self.toneel.verzend(verzonden.van, intrekking).await?)
    }

    /// Waits until the log holds what is looked for; when it does not come, the client is to blame.
    pub(super) async fn tot<T>(&self, anders: &str, zoek: impl FnMut(&[Regel]) -> Option<T>) -> Result<T, Afkeuring> {
        match self.log.tot(self.tijden.geduld, zoek).await {
            Some(gevonden) => Ok(gevonden),
            None => gezakt(anders),
        }
    }

    /// Waits until the client has processed a message, or, when it does not say so, confirmed it.
    pub(super) async fn verwerkt(&self, nummer: u64) -> Oordeel {
        if !self.proef.luistert() {
            return self.bevestigd(nummer).await;
        }
        let anders = format!("levering {} wordt niet verwerkt", nummer - self.begin);
        self.tot(&anders, |regels| is_verwerkt(regels, nummer).then_some(())).await
    }

    /// Waits until the client has confirmed up to a number.
    pub(super) async fn bevestigd(&self, nummer: u64) -> Oordeel {
        let anders = format!("levering {} wordt niet bevestigd", nummer - self.begin);
        self.tot(&anders, |regels| (hoogste_bevestiging(regels) >= nummer).then_some(())).await
    }

    /// Waits until the client called people.
    pub(super) async fn alarm(&self, waarover: &str) -> Oordeel {
        let alarm = Melding::Alarm(waarover.to_owned());
        self.tot(&format!("de client meldt geen ALARM {waarover}"), |regels| meldingen(regels).any(|m| *m == alarm).then_some(())).await
    }

    /// Gives what should not happen a moment to happen.
    pub(super) async fn stilte(&self, anders: &str, mut verkeerd: impl FnMut(&[Regel]) -> bool) -> Oordeel {
        match self.log.tot(self.tijden.stilte, |regels| verkeerd(regels).then_some(())).await {
            Some(()) => gezakt(anders),
            None => Ok(()),
        }
    }

    /// How often each message was processed, in order of the first time.
    pub(super) fn verwerkte(&self) -> Vec<u64> {
        let regels = self.log.alles();
        meldingen(&regels)
            .filter_map(|melding| match melding {
                Melding::Verwerkt { nummer, .. } => Some(*nummer),
                _ => None,
            })
            .collect()
    }

    /// Each of these was processed once, and in their order.
    pub(super) fn een_keer_in_volgorde(&self, verzonden: &[Verzonden]) -> Oordeel {
        if !self.proef.luistert() {
            return Ok(());
        }
        let verwacht: Vec<u64> = verzonden.iter().map(|een| een.nummer).collect();
        let gedaan: Vec<u64> = self.verwerkte().into_iter().filter(|nummer| verwacht.contains(nummer)).collect();
        let tel = |nummers: &[u64]| nummers.iter().map(|nummer| (nummer - self.begin).to_string()).collect::<Vec<_>>().join(", ");
        if gedaan == verwacht {
            return Ok(());
        }
        gezakt(format!("verwerkt zijn de leveringen {}, verwacht {}", tel(&gedaan), tel(&verwacht)))
    }

    /// The submissions until now, as messages.
    pub(super) fn ingezonden(&self) -> Vec<Bericht> {
        let regels = self.log.alles();
        regels
            .iter()
            .filter_map(|regel| match &regel.wat {
                Waarneming::Ingezonden(bytes) => Bericht::decode(bytes.clone()).ok(),
                _ => None,
            })
            .collect()
    }

    /// Whether the client said this.
    pub(super) fn gemeld(&self, zoek: impl Fn(&Melding) -> bool) -> usize {
        meldingen(&self.log.alles()).filter(|melding| zoek(melding)).count()
    }
}

/// What the client said.
pub(super) fn meldingen(regels: &[Regel]) -> impl Iterator<Item = &Melding> {
    regels.iter().filter_map(|regel| match &regel.wat {
        Waarneming::Gemeld(melding) => Some(melding),
        _ => None,
    })
}

/// Whether the client said that it processed a number.
pub(super) fn is_verwerkt(regels: &[Regel], nummer: u64) -> bool {
    meldingen(regels).any(|melding| matches!(melding, Melding::Verwerkt { nummer: n, .. } if *n == nummer))
}

/// The times at which the client asked for its mailbox, by either way.
pub(super) fn vragen(regels: &[Regel]) -> impl Iterator<Item = (std::time::Instant, Option<u64>)> {
    regels.iter().filter_map(|regel| match regel.wat {
        Waarneming::Abonnement(na) | Waarneming::Opgehaald(na) => Some((regel.op, na)),
        _ => None,
    })
}

/// The highest number that was confirmed.
pub(super) fn hoogste_bevestiging(regels: &[Regel]) -> u64 {
    let bevestigd = regels.iter().filter_map(|regel| match regel.wat {
        Waarneming::Bevestigd(nummer) => Some(nummer),
        _ => None,
    });
    bevestigd.max().unwrap_or_default()
}

/// The name of a role as people type it.
pub fn rolnaam(rol: Rol) -> String {
    rol.as_str_name().trim_start_matches("ROL_").to_owned()
}
