//! The configuration of the hub: one TOML file, unknown keys refused, secrets only as paths to files. `ketenhub.example.toml` is its
//! annotated example, which a test loads. Values that would make the hub unsafe are refused at start.

mod laden;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use laden::ConfigError;
use serde::{Deserialize, Serialize};

/// What an operator says, letter for letter, to work with a database that may lose what was acknowledged.
pub const ONVEILIG: &str = "ik accepteer dat een ontvangstbewijs verloren kan gaan";

/// Everything the hub is told from outside.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// `sqlite:PATH` or `postgres://…`.
    pub database: String,
    /// The sentence [`ONVEILIG`], to work with a database that says "done" before it is on disk. Without it such a database is refused.
    #[serde(default)]
    pub onveilig_duurzaamheid: Option<String>,
    /// File with the Ed25519 key that signs receipts; made when it is not there.
    pub receipt_key: PathBuf,
    /// Participants to begin with, as a JSON array of `Deelnemer`; read only while the register is empty.
    #[serde(default)]
    pub register_seed: Option<PathBuf>,
    /// Whether gRPC reflection answers. Off by default; the contract is public, but a hub need not recite it.
    #[serde(default)]
    pub reflection: bool,
    /// Keys at rest, and how long what they seal is kept.
    #[serde(default)]
    pub kluis: Kluis,
    /// The audit log.
    #[serde(default)]
    pub audit: Audit,
    /// Certificates.
    pub tls: Tls,
    /// Limits; every one has a safe default.
    #[serde(default)]
    pub limits: Limits,
    /// Logging.
    #[serde(default)]
    pub log: Log,
    /// The policy of the norm clocks.
    #[serde(default)]
    pub beleid: Beleid,
    /// Traces and metrics.
    #[serde(default)]
    pub telemetrie: Telemetrie,
    /// The external logbook.
    #[serde(default)]
    pub logboek: Logboek,
    /// The pages.
    #[serde(default)]
    pub paginas: Paginas,
}

/// The pages, for who has a browser with its certificate. None unless it is said.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Paginas {
    /// Address and port of their own to listen on, with the certificates, revocation lists and limits of the port for messages.
    pub listen: Option<SocketAddr>,
}

/// Keys at rest, and how long what they seal is kept. Hubs on one database have the same master keys.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kluis {
    /// File with the master keys; made, with one, at the first start on an empty database.
    pub hoofdsleutels: PathBuf,
    /// A command that prints them, in the place of the file: the programme and its arguments.
    pub opdracht: Vec<String>,
    /// Days a body is kept after everybody acknowledged it, 1 to 3650. The operator changes it later with `SetBewaartermijn`.
    pub bewaartermijn_dagen: u32,
    /// Years the facts of a case are kept after the last of them, 1 to 100.
    pub feiten_jaren: u32,
    /// Days after which pseudonyms get a new key, 1 to 3650.
    pub epoche_dagen: u32,
}

impl Default for Kluis {
    fn default() -> Kluis {
        Kluis {
            hoofdsleutels: "data/hoofdsleutels".into(),
            opdracht: Vec::new(),
            bewaartermijn_dagen: 30,
            feiten_jaren: 20,
            epoche_dagen: 365,
        }
    }
}

/// The audit log: hubs on one database have the same origin and the same key.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Name of the log, as a URL without scheme: the first line of every checkpoint.
    pub origin: String,
    /// File with the Ed25519 key that signs checkpoints; made when it is not there.
    pub key: PathBuf,
    /// File outside the database with the last checkpoint, by which a database that was put back is noticed.
    pub stand: PathBuf,
}

impl Default for Audit {
    fn default() -> Audit {
        Audit { origin: "ketenhub.example/audit".to_owned(), key: "data/audit.key".into(), stand: "data/audit.stand".into() }
    }
}

/// Certificates, their revocation lists and how often they are looked at.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Certificate chain of the hub, PEM.
    pub certificate: PathBuf,
    /// Private key of the hub, PEM.
    pub key: PathBuf,
    /// Certificates of the issuers whose participants may connect, PEM.
    pub client_ca: PathBuf,
    /// Revocation lists of every issuer in the chain, PEM or DER.
    pub crls: Vec<PathBuf>,
    /// Seconds between two looks at these files, 1 to 5: a revoked certificate loses its connections within twice this time.
    #[serde(default = "default_reload_s")]
    pub reload_s: u64,
}

/// Limits that keep one participant from costing the others, and strangers from costing anybody.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Seconds a client has to finish its TLS handshake, 1 to 30.
    pub handshake_s: u64,
    /// Handshakes at once, 1 to 4096.
    pub handshakes: usize,
    /// Live connections, 1 to 100000.
    pub connections: usize,
    /// Streams at once on one connection (HTTP/2 SETTINGS_MAX_CONCURRENT_STREAMS), 1 to 1000.
    pub streams: u32,
    /// Streams the hub resets on one connection before it closes it, 1 to 10000 (MadeYouReset, CVE-2025-8671).
    pub local_resets: usize,
    /// Streams a client may reset before they are accepted, 1 to 100 (Rapid Reset, CVE-2023-44487).
    pub pending_resets: usize,
    /// Bytes of request headers, 1024 to 65536.
    pub header_bytes: u32,
    /// Bytes of one message, 65536 to 4194304.
    pub message_bytes: usize,
    /// Seconds of silence after which a connection is asked for a sign of life, 5 to 300.
    pub keepalive_s: u64,
    /// Seconds it has to give one, 1 to 60.
    pub keepalive_timeout_s: u64,
    /// Seconds a connection may live, 60 to 86400. Its client connects again and meets the certificates of that moment.
    pub connection_age_s: u64,
    /// Seconds a connection has to finish when its age is up, 1 to 600.
    pub connection_grace_s: u64,
    /// Seconds of quiet after which a subscription gets a heartbeat, 1 to 300.
    pub heartbeat_s: u64,
    /// Seconds between two looks for clock warnings that are due, 1 to 60.
    pub tik_s: u64,
    /// Seconds between two looks at what other hubs on the database accepted, 1 to 5. One look a hub, however many subscriptions there are.
    pub kijk_s: u64,
    /// Subscriptions at once of one participant, 1 to 1000.
    pub subscriptions: usize,
    /// Messages a second that one participant may submit, and calls to Fetch and Acknowledge with them, 1 to 1000000.
    pub quota_per_s: u32,
    /// How many of them it may ask at once after a time of rest, 1 to 1000000.
    pub quota_burst: u32,
    /// Seconds that open calls have to finish when the hub stops, 1 to 300.
    pub shutdown_s: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            handshake_s: 5,
            handshakes: 512,
            connections: 20_000,
            streams: 200,
            local_resets: 1024,
            pending_resets: 20,
            header_bytes: 16 * 1024,
            message_bytes: 1024 * 1024,
            keepalive_s: 30,
            keepalive_timeout_s: 10,
            connection_age_s: 3600,
            connection_grace_s: 60,
            heartbeat_s: 15,
            tik_s: 10,
            kijk_s: 2,
            subscriptions: 32,
            quota_per_s: 500,
            quota_burst: 5000,
            shutdown_s: 10,
        }
    }
}

/// How the hub logs.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// A filter as of `tracing`, such as `info` or `info,ketenhub::admission=debug`.
    pub filter: String,
    /// Whether each line is JSON.
    pub json: bool,
}

impl Default for Log {
    fn default() -> Log {
        Log { filter: "info".to_owned(), json: false }
    }
}

/// What an operator may set of the norm clocks. The terms of the norms and of a machtiging are no setting: nobody moves a clock.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Beleid {
    /// Name of the policy, which every result carries: 1 to 64 lower-case letters, digits, dots and hyphens.
    pub naam: String,
    /// Werkdagen between uitspraak and kennisgeving, 0 to 10.
    pub kennisgeving_werkdagen: u32,
    /// Where norm 2 begins.
    pub norm2_begin: Norm2Begin,
    /// Whether a term of norm 2 or 3 that ends on no werkdag is extended to the next one.
    pub verleng_bij_weekend_feestdag: bool,
    /// File with days equated with a public holiday by royal decree.
    pub aangewezen_dagen: Option<PathBuf>,
}

/// Where norm 2 begins.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Norm2Begin {
    /// On the day the maatregel was pronounced.
    UitgesprokenOp,
    /// On the day the GI received the uitspraak.
    OntvangenOp,
}

impl Default for Beleid {
    fn default() -> Beleid {
        Beleid {
            naam: "bijlage5-2021".to_owned(),
            kennisgeving_werkdagen: 1,
            norm2_begin: Norm2Begin::UitgesprokenOp,
            verleng_bij_weekend_feestdag: false,
            aangewezen_dagen: None,
        }
    }
}

/// Where traces and metrics go. Nowhere unless it is said: they hold no person, but who deals with whom and how much.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetrie {
    /// Collector that gets traces and metrics over OTLP (gRPC): `https://…`, or `http://…` on loopback.
    pub otlp: Option<String>,
    /// Certificates of the issuers that the collector may have its certificate from, PEM. Needed with `https`; the certificates of the
    /// machine are not trusted.
    pub otlp_ca: Option<PathBuf>,
    /// Address of the operator's port, with `/metrics` and `/health`, in clear text and open to whoever reaches it.
    pub metrics: Option<SocketAddr>,
    /// Whether the operator's port may be on an address that others can reach.
    pub metrics_open: bool,
}

impl Telemetrie {
    fn fouten(&self) -> Vec<String> {
        let mut fouten = Vec::new();
        if let Some(metrics) = self.metrics.filter(|metrics| !metrics.ip().is_loopback() && !self.metrics_open) {
            fouten.push(format!(
                "telemetrie.metrics is {metrics}, which others can reach; it must be on loopback unless metrics_open is true"
            ));
        }
        fouten.extend(otlp_fout("telemetrie", self.otlp.as_deref(), self.otlp_ca.is_some()));
        fouten
    }
}

/// Where the records about a person go besides the audit log: to an external Logboek Dataverwerkingen. Nowhere unless it is said.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Logboek {
    /// Logbook that gets them over OTLP (gRPC): `https://…`, or `http://…` on loopback.
    pub otlp: Option<String>,
    /// Certificates of the issuers that the logbook may have its certificate from, PEM. Needed with `https`.
    pub otlp_ca: Option<PathBuf>,
    /// URI below which the processing activities stand in the Register van Verwerkingsactiviteiten. Needed with `otlp`.
    pub register: Option<String>,
    /// Seconds that the oldest record may wait for the logbook, to 604800; beyond it every act about a person is refused. 0: any time.
    pub achterstand_max_s: u64,
}

impl Logboek {
    fn fouten(&self) -> Vec<String> {
        let mut fouten: Vec<_> = otlp_fout("logboek", self.otlp.as_deref(), self.otlp_ca.is_some()).into_iter().collect();
        let register = self.register.as_ref().map(|register| register.parse::<http::Uri>().is_ok_and(|uri| uri.scheme().is_some()));
        match register {
            Some(false) => fouten.push("logboek.register must be a URI".to_owned()),
            None if self.otlp.is_some() => fouten.push("logboek.register is needed with logboek.otlp".to_owned()),
            _ => {}
        }
        if self.achterstand_max_s > 0 && self.otlp.is_none() {
            fouten.push("logboek.achterstand_max_s is of no use without logboek.otlp".to_owned());
        }
        fouten
    }
}

/// What is wrong with the address of something that takes OTLP.
fn otlp_fout(deel: &str, otlp: Option<&str>, ca: bool) -> Option<String> {
    let uri = otlp?.parse::<http::Uri>().ok();
    match uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.host()?))) {
        Some(("http", "127.0.0.1" | "[::1]" | "localhost")) => None,
        Some(("https", _)) if ca => None,
        Some(("https", _)) => Some(format!("{deel}.otlp_ca is needed when {deel}.otlp is https")),
        _ => Some(format!("{deel}.otlp must be https://HOST:PORT, or http:// on loopback")),
    }
}

/// The largest quota: none, for one participant that plays many.
const QUOTA_MAX: u32 = 1_000_000;

fn default_reload_s() -> u64 {
    5
}

impl Config {
    /// A hub on loopback with the certificates and register of one folder and everything of its own in another: for the demo, measurements
    /// and tests. Port 0 takes any free one.
    pub fn on_loopback(certs: &Path, folder: &Path, port: u16) -> Config {
        Config {
            listen: ([127, 0, 0, 1], port).into(),
            database: format!("sqlite:{}", folder.join("ketenhub.db").display()),
            onveilig_duurzaamheid: None,
            receipt_key: folder.join("receipt.key"),
            register_seed: Some(certs.join("deelnemers.json")),
            reflection: false,
            kluis: Kluis { hoofdsleutels: folder.join("hoofdsleutels"), ..Kluis::default() },
            audit: Audit { key: folder.join("audit.key"), stand: folder.join("audit.stand"), ..Audit::default() },
            tls: Tls {
                certificate: certs.join("hub.pem"),
                key: certs.join("hub.key"),
                client_ca: certs.join("ca.pem"),
                crls: vec![certs.join("crl.pem")],
                reload_s: default_reload_s(),
            },
            // One participant plays many, as fast as it goes.
            limits: Limits { quota_per_s: QUOTA_MAX, quota_burst: QUOTA_MAX, ..Limits::default() },
            log: Log::default(),
            beleid: Beleid::default(),
            telemetrie: Telemetrie::default(),
            logboek: Logboek::default(),
            paginas: Paginas::default(),
        }
    }
}

/// Whole seconds.
pub fn seconds(value: u64) -> Duration {
    Duration::from_secs(value)
}
