//! The client that is tried: a programme of the partner, started for each case, or one that runs by itself. What it is told goes in as
//! environment variables; what it says comes out as lines of standard output. Nothing is known of how it is made.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::logboek::{Logboek, Melding};

/// What the client is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taak {
    /// Receive, process and confirm until it is stopped.
    Ontvang,
    /// Submit the messages of the folder in the order of their names, and end.
    Verzend,
}

impl Taak {
    /// As it stands in `KETENHUB_OPDRACHT`.
    pub fn naam(self) -> &'static str {
        match self {
            Taak::Ontvang => "ONTVANG",
            Taak::Verzend => "VERZEND",
        }
    }
}

/// Everything that a client is told.
#[derive(Clone, Debug)]
pub struct Opdracht {
    /// Id of the case.
    pub geval: &'static str,
    /// What to do.
    pub taak: Taak,
    /// `host:port` of the hub.
    pub endpoint: String,
    /// Issuer of the hub's certificate, PEM.
    pub ca: PathBuf,
    /// Revocation list of that issuer, PEM.
    pub crl: PathBuf,
    /// The client's certificate, PEM.
    pub cert: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    /// The role that it plays, without `ROL_`.
    pub rol: String,
    /// The OIN that it has.
    pub oin: String,
    /// The public key with which receipts and proofs verify, raw.
    pub sleutel: Vec<u8>,
    /// How often a subscription that is quiet has a heartbeat.
    pub hartslag: Duration,
    /// Folder with the messages to submit, protobuf JSON.
    pub berichten: PathBuf,
}

impl Opdracht {
    /// The environment variables, in the order of the documentation.
    pub fn omgeving(&self) -> Vec<(&'static str, String)> {
        let pad = |pad: &PathBuf| pad.display().to_string();
        vec![
            ("KETENHUB_GEVAL", self.geval.to_owned()),
            ("KETENHUB_OPDRACHT", self.taak.naam().to_owned()),
            ("KETENHUB_ENDPOINT", self.endpoint.clone()),
            ("KETENHUB_CA", pad(&self.ca)),
            ("KETENHUB_CRL", pad(&self.crl)),
            ("KETENHUB_CERT", pad(&self.cert)),
            ("KETENHUB_KEY", pad(&self.key)),
            ("KETENHUB_ROL", self.rol.clone()),
            ("KETENHUB_OIN", self.oin.clone()),
            ("KETENHUB_SLEUTEL", hex::encode(&self.sleutel)),
            ("KETENHUB_HARTSLAG_MS", self.hartslag.as_millis().to_string()),
            ("KETENHUB_BERICHTEN", pad(&self.berichten)),
        ]
    }
}

/// A client that is running. It ends by itself, or when it is dropped.
pub type Lopend = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A client that can be tried.
pub trait Proef: Send + Sync {
    /// Starts it for one case. What it says goes into the log.
    fn start(&self, opdracht: Opdracht, log: Logboek) -> anyhow::Result<Lopend>;

    /// Whether it says what it does, and does what it is told. One that runs by itself does neither.
    fn luistert(&self) -> bool {
        true
    }
}

/// A programme that is started for each case through the shell.
#[derive(Clone, Debug)]
pub struct Programma {
    opdracht: String,
    uitvoer: Option<PathBuf>,
}

impl Programma {
    /// A command for the shell; what it writes on standard error goes to a file in this folder, by the id of the case, or is dropped.
    pub fn new(opdracht: &str, uitvoer: Option<PathBuf>) -> Programma {
        Programma { opdracht: opdracht.to_owned(), uitvoer }
    }
}

impl Proef for Programma {
    fn start(&self, opdracht: Opdracht, log: Logboek) -> anyhow::Result<Lopend> {
        let fouten = match &self.uitvoer {
            Some(map) => Stdio::from(std::fs::File::create(map.join(format!("{}.log", opdracht.geval)))?),
            None => Stdio::null(),
        };
        // `exec`: what is stopped afterwards is the programme and not a shell around it.
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("exec {}", self.opdracht)).envs(opdracht.omgeving());
        let mut kind = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(fouten).spawn()?;
        let uit = kind.stdout.take();
        let kind = Kind(Arc::new(Mutex::new(kind)));
        let (klaar, einde) = oneshot::channel();
        let loopt = Arc::clone(&kind.0);
        std::thread::spawn(move || {
            for regel in uit.into_iter().flat_map(|uit| BufReader::new(uit).lines()).map_while(Result::ok) {
                if let Some(melding) = Melding::lees(&regel) {
                    log.meld(melding);
                }
            }
            // Its output is closed: it has ended, or is about to.
            let _ = loopt.lock().unwrap_or_else(PoisonError::into_inner).wait();
            let _ = klaar.send(());
        });
        Ok(Box::pin(async move {
            let _kind = kind;
            let _ = einde.await;
        }))
    }
}

struct Kind(Arc<Mutex<Child>>);

impl Drop for Kind {
    fn drop(&mut self) {
        // When the lock is taken, somebody is waiting for its end already.
        if let Ok(mut kind) = self.0.try_lock() {
            let _ = kind.kill();
        }
    }
}

/// A client that runs by itself. Somebody told it where to connect; what it does is judged by what comes over the line.
#[derive(Clone, Copy, Debug)]
pub struct Zelfstandig;

impl Proef for Zelfstandig {
    fn start(&self, _: Opdracht, _: Logboek) -> anyhow::Result<Lopend> {
        Ok(Box::pin(std::future::pending()))
    }

    fn luistert(&self) -> bool {
        false
    }
}
