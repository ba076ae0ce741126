//! Where a run takes place: a folder, a database, a hub and a yardstick in processes of their own, and what the machine does by itself.
//! Everything of it goes away with it, except a database that was given.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rustls::ClientConfig;
use tonic::transport::Channel;

use super::Plan;
use super::bare::Bare;
use super::child::Child;
use super::load::{SUBMIT, SUBMIT_STREAM, Target};
use super::machine::{self, Processes};
use super::postgres::{self, Server, Weg};
use super::{Opslag, echo};
use crate::config::{Config, Limits};
use crate::identity::client::ClientTls;
use crate::time::Clock;
use crate::wire::client::{Adres, kanaal};

/// A folder of a run; it goes away with this.
#[derive(Debug)]
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> anyhow::Result<Folder> {
        let path = std::env::temp_dir().join(format!("ketenhub-bench-{}", Clock::machine().new_id()));
        std::fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The database of a run.
#[derive(Debug)]
pub(super) struct Database {
    /// Where it is; none when the hub is elsewhere and nobody said where its database is.
    pub(super) url: Option<String>,
    /// How it is called in a report.
    pub(super) soort: &'static str,
    server: Option<Server>,
}

impl Database {
    /// Starts a server when that was asked.
    pub(super) async fn open(plan: &Plan, folder: &Path) -> anyhow::Result<Database> {
        let (url, server) = match &plan.opslag {
            Opslag::Folder if plan.hub.is_some() => (None, None),
            Opslag::Folder => (Some(format!("sqlite:{}", folder.join("ketenhub.db").display())), None),
            Opslag::Url(url) => (Some(url.clone()), None),
            Opslag::Postgres(weg) => {
                let env = plan.env.clone();
                let server = tokio::task::spawn_blocking(move || Server::start(&env)).await??;
                server.fill_log().await?;
                (Some(server.database("ketenhub", *weg).await?), Some(server))
            }
        };
        let soort = match (&url, &plan.opslag) {
            (None, _) => "elsewhere",
            (_, Opslag::Postgres(Weg::Socket)) => "PostgreSQL over a Unix socket",
            (Some(url), _) if url.starts_with("sqlite:") => "SQLite",
            _ => "PostgreSQL",
        };
        Ok(Database { url, soort, server })
    }

    /// One more database beside it, for a second hub.
    async fn second(&self, folder: &Path) -> anyhow::Result<String> {
        match (&self.server, &self.url) {
            (Some(server), Some(url)) => {
                let weg = if url.contains("host=") { Weg::Socket } else { Weg::Tcp };
                server.database(ERNAAST, weg).await
            }
            (None, Some(url)) if !url.starts_with("sqlite:") => Ok(format!("{url}_{ERNAAST}")),
            _ => Ok(format!("sqlite:{}", folder.join(format!("{ERNAAST}.db")).display())),
        }
    }
}

/// What the second hub and its database are called.
const ERNAAST: &str = "ernaast";

/// One of the hubs of a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Welke {
    /// The one that is measured.
    Gemeten,
    /// The second one, when it was started.
    Ernaast,
}

/// A run takes place here.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) clock: Clock,
    pub(super) database: Database,
    /// The yardstick of the database, or why there is none.
    pub(super) bare: Result<Bare, String>,
    pub(super) processes: Processes,
    /// Writes of 4 KiB with fdatasync a second, before the run.
    pub(super) fsync_per_second: f64,
    hub: Option<Child>,
    ernaast: Option<Child>,
    echo: Child,
    hub_address: String,
    certs: PathBuf,
    folder: Folder,
}

impl Stage {
    /// Starts everything. `limits` are lines of `[limits]` in the configuration of the hub.
    pub(super) async fn open(plan: &Plan, limits: &str) -> anyhow::Result<Stage> {
        let folder = Folder::new()?;
        let certs = std::fs::canonicalize(&plan.certs).with_context(|| format!("the certificates in {}", plan.certs.display()))?;
        let fsync_per_second = machine::fsync_rate(&folder.0)?;
        let database = Database::open(plan, &folder.0).await?;
        let url = database.url.clone();
        let config = hub_config(&folder.0, "hub", &certs, url.as_deref().unwrap_or("sqlite:none"), limits)?;
        let echo = Child::start(&["bench", "yardstick"], &config, &[]).await?;
        let hub = match &plan.hub {
            Some(_) => None,
            None => Some(Child::start(&["serve"], &config, &plan.env).await?),
        };
        let hub_address = plan.hub.clone().or_else(|| hub.as_ref().map(|hub| hub.address.clone())).unwrap_or_default();
        let bare = match &url {
            Some(url) => Bare::prepare(url, &folder.0, plan.bytes).await.map_err(|error| format!("{error:#}")),
            None => Err("the database of a hub elsewhere is not known; name it with --database".to_owned()),
        };
        let first_process = async {
            let url = url.as_deref().filter(|url| !url.starts_with("sqlite:"))?;
            postgres::first_process(url).await
        };
        let processes =
            Processes { hub: hub.as_ref().map(Child::pid), ernaast: None, echo: Some(echo.pid()), postgres: first_process.await };
        let clock = Clock::machine();
        Ok(Stage { clock, database, bare, processes, fsync_per_second, hub, ernaast: None, echo, hub_address, certs, folder })
    }

    /// Starts a second hub, on a database of its own beside that of the first.
    pub(super) async fn start_ernaast(&mut self, plan: &Plan, limits: &str, beschermd: bool) -> anyhow::Result<()> {
        let url = self.database.second(&self.folder.0).await?;
        let config = hub_config(&self.folder.0, ERNAAST, &self.certs, &url, limits)?;
        let command: &[&str] = if beschermd { &["serve"] } else { &["bench", "unprotected"] };
        let hub = Child::start(command, &config, &plan.env).await?;
        self.processes.ernaast = Some(hub.pid());
        self.ernaast = Some(hub);
        Ok(())
    }

    /// Ends the hub in order and starts it again on what it kept, with other lines of `[limits]`. A hub elsewhere stays as it is.
    pub(super) async fn restart(&mut self, plan: &Plan, limits: &str) -> anyhow::Result<()> {
        let (Some(hub), Some(url)) = (self.hub.take(), self.database.url.as_deref()) else { return Ok(()) };
        tokio::task::spawn_blocking(move || hub.end()).await??;
        let config = hub_config(&self.folder.0, "hub", &self.certs, url, limits)?;
        let hub = Child::start(&["serve"], &config, &plan.env).await?;
        self.hub_address.clone_from(&hub.address);
        self.processes.hub = Some(hub.pid());
        self.hub = Some(hub);
        Ok(())
    }

    /// Connections to the hub that is measured, with the certificate of a participant.
    pub(super) async fn to_hub(&self, wie: &str, connections: usize) -> anyhow::Result<Target> {
        self.to(Welke::Gemeten, wie, connections).await
    }

    /// Connections to one of the hubs, with the certificate of a participant.
    pub(super) async fn to(&self, welke: Welke, wie: &str, connections: usize) -> anyhow::Result<Target> {
        let address = match welke {
            Welke::Gemeten => Some(self.hub_address.as_str()),
            Welke::Ernaast => self.ernaast.as_ref().map(|hub| hub.address.as_str()),
        };
        let channels = self.connect(address.context("that hub does not run")?, wie, connections).await?;
        Ok(Target { channels, unary: SUBMIT, stream: SUBMIT_STREAM })
    }

    /// Connections to the yardstick.
    pub(super) async fn to_echo(&self, wie: &str, connections: usize) -> anyhow::Result<Target> {
        let channels = self.connect(&self.echo.address, wie, connections).await?;
        Ok(Target { channels, unary: echo::ECHO, stream: echo::ECHO_STREAM })
    }

    async fn connect(&self, address: &str, wie: &str, connections: usize) -> anyhow::Result<Vec<Channel>> {
        let (adres, tls) = (adres(address)?, self.tls(wie)?);
        let mut channels = Vec::with_capacity(connections);
        for _ in 0..connections {
            channels.push(kanaal(&adres, Arc::clone(&tls)).await?);
        }
        Ok(channels)
    }

    /// Where the hub listens.
    pub(super) fn hub_adres(&self) -> anyhow::Result<Adres> {
        adres(&self.hub_address)
    }

    /// Where the yardstick listens.
    pub(super) fn echo_adres(&self) -> anyhow::Result<Adres> {
        adres(&self.echo.address)
    }

    /// The certificate of a participant.
    pub(super) fn tls(&self, wie: &str) -> anyhow::Result<Arc<ClientConfig>> {
        let file = |extension: &str| self.certs.join(format!("{wie}.{extension}"));
        Ok(ClientTls { ca: self.certs.join("ca.pem"), certificaat: file("pem"), sleutel: file("key") }.laad()?)
    }

    /// How the database was measured without a hub, or why not.
    pub(super) fn bare_how(&self) -> String {
        self.bare.as_ref().map_or_else(Clone::clone, Bare::how)
    }

    /// An error when a hub ended by itself.
    pub(super) fn hub_runs(&mut self) -> anyhow::Result<()> {
        let runs = [&mut self.hub, &mut self.ernaast].into_iter().all(|hub| hub.as_mut().is_none_or(Child::runs));
        anyhow::ensure!(runs, "the hub ended during the run");
        Ok(())
    }

    /// Rows a second that the database makes durable without a hub.
    pub(super) async fn bare_rate(&mut self, duration: Duration) -> anyhow::Result<Option<f64>> {
        match &mut self.bare {
            Ok(bare) => {
                let processes = self.processes.of_postgres();
                let rate = bare.measure(duration).await?;
                self.processes.until_postgres_has(processes).await;
                Ok(Some(rate))
            }
            Err(_) => Ok(None),
        }
    }
}

fn adres(address: &str) -> anyhow::Result<Adres> {
    Adres::parse(address).with_context(|| format!("{address} is no address"))
}

/// Writes the configuration of a hub.
fn hub_config(folder: &Path, naam: &str, certs: &Path, database: &str, limits: &str) -> anyhow::Result<PathBuf> {
    let file = |name: &str| certs.join(name);
    let mut text = String::new();
    writeln!(text, "listen = \"127.0.0.1:0\"\ndatabase = {database:?}\nreceipt_key = \"{naam}-receipt.key\"")?;
    writeln!(text, "register_seed = {:?}", file("deelnemers.json"))?;
    writeln!(text, "[kluis]\nhoofdsleutels = \"{naam}-hoofdsleutels\"")?;
    writeln!(text, "[audit]\nkey = \"{naam}-audit.key\"\nstand = \"{naam}-audit.stand\"")?;
    writeln!(text, "[tls]\ncertificate = {:?}\nkey = {:?}\nclient_ca = {:?}", file("hub.pem"), file("hub.key"), file("ca.pem"))?;
    writeln!(text, "crls = [{:?}]", file("crl.pem"))?;
    writeln!(text, "[limits]\nstreams = 1000\ntik_s = 60\nconnection_age_s = 86400\n{limits}")?;
    writeln!(text, "[log]\nfilter = \"info\"\njson = true")?;
    let path = folder.join(format!("{naam}.toml"));
    std::fs::write(&path, text)?;
    Ok(path)
}

/// Lines of `[limits]` by which a participant may send so many messages a second; none when this hub has no such limit.
///
/// THE ONE PLACE to change when the keys of the quota get other names, bounds or meanings.
pub(super) fn quota(per_second: u64) -> String {
    let lines = format!("quota_per_s = {per_second}\nquota_burst = {per_second}");
    if quota_exists() { lines } else { String::new() }
}

/// Whether this hub has a quota for each participant.
pub(super) fn quota_exists() -> bool {
    toml::from_str::<Limits>("quota_per_s = 1000\nquota_burst = 1000").is_ok()
}

/// Lines of `[limits]` by which nobody is held back: what is measured is the hub and not its quota.
pub(super) fn no_quota() -> String {
    let allowed = [1_000_000_000, 1_000_000, 100_000, 10_000].into_iter().find(|most| {
        let mut config = Config::on_loopback(Path::new(""), Path::new(""), 0);
        let limits = toml::from_str(&quota(*most));
        limits.is_ok_and(|limits| {
            config.limits = limits;
            config.check().is_ok()
        })
    });
    allowed.map(quota).unwrap_or_default()
}
