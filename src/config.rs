//! The configuration of the hub: one TOML file, unknown keys refused, secrets only as paths to files. `ketenhub.example.toml` is its
//! annotated example, which a test loads. Values that would make the hub unsafe are refused at start.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

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

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {0}")]
    Read(PathBuf, #[source] std::io::Error),
    /// It is not TOML of this shape.
    #[error("{0}: {1}")]
    Parse(PathBuf, Box<toml::de::Error>),
    /// A value is unsafe.
    #[error("{0}")]
    Unsafe(String),
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

    /// Reads and checks a file. Paths in it are relative to its folder.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read(path.to_owned(), error))?;
        let mut config: Config = toml::from_str(&text).map_err(|error| ConfigError::Parse(path.to_owned(), Box::new(error)))?;
        config.resolve(path.parent().unwrap_or(Path::new("")));
        config.check()?;
        Ok(config)
    }

    fn resolve(&mut self, folder: &Path) {
        let tls = &mut self.tls;
        let files = [
            &mut self.receipt_key,
            &mut self.kluis.hoofdsleutels,
            &mut self.audit.key,
            &mut self.audit.stand,
            &mut tls.certificate,
            &mut tls.key,
            &mut tls.client_ca,
        ];
        let optional =
            [&mut self.register_seed, &mut self.beleid.aangewezen_dagen, &mut self.telemetrie.otlp_ca, &mut self.logboek.otlp_ca]
                .into_iter()
                .flatten();
        for file in files.into_iter().chain(&mut tls.crls).chain(optional) {
            *file = folder.join(&*file);
        }
        if let Some(path) = self.database.strip_prefix("sqlite:") {
            self.database = format!("sqlite:{}", folder.join(path).display());
        }
    }

    /// Every number that has bounds: its key, what it is, the least and the most.
    pub fn bounds(&self) -> [(&'static str, u64, u64, u64); 25] {
        let l = &self.limits;
        [
            ("tls.reload_s", self.tls.reload_s, 1, 5),
            ("limits.handshake_s", l.handshake_s, 1, 30),
            ("limits.handshakes", l.handshakes as u64, 1, 4096),
            ("limits.connections", l.connections as u64, 1, 100_000),
            ("limits.streams", u64::from(l.streams), 1, 1000),
            ("limits.local_resets", l.local_resets as u64, 1, 10_000),
            ("limits.pending_resets", l.pending_resets as u64, 1, 100),
            ("limits.header_bytes", u64::from(l.header_bytes), 1024, 65_536),
            ("limits.message_bytes", l.message_bytes as u64, 65_536, 4_194_304),
            ("limits.keepalive_s", l.keepalive_s, 5, 300),
            ("limits.keepalive_timeout_s", l.keepalive_timeout_s, 1, 60),
            ("limits.connection_age_s", l.connection_age_s, 60, 86_400),
            ("limits.connection_grace_s", l.connection_grace_s, 1, 600),
            ("limits.heartbeat_s", l.heartbeat_s, 1, 300),
            // A warning is sent within a minute of its moment, or of the return of the hub.
            ("limits.tik_s", l.tik_s, 1, 60),
            ("limits.kijk_s", l.kijk_s, 1, 5),
            ("limits.subscriptions", l.subscriptions as u64, 1, 1000),
            ("limits.quota_per_s", l.quota_per_s.into(), 1, QUOTA_MAX.into()),
            ("limits.quota_burst", l.quota_burst.into(), 1, QUOTA_MAX.into()),
            ("limits.shutdown_s", l.shutdown_s, 1, 300),
            ("kluis.bewaartermijn_dagen", u64::from(self.kluis.bewaartermijn_dagen), 1, 3650),
            ("kluis.feiten_jaren", u64::from(self.kluis.feiten_jaren), 1, 100),
            ("kluis.epoche_dagen", u64::from(self.kluis.epoche_dagen), 1, 3650),
            ("logboek.achterstand_max_s", self.logboek.achterstand_max_s, 0, 604_800),
            ("beleid.kennisgeving_werkdagen", u64::from(self.beleid.kennisgeving_werkdagen), 0, 10),
        ]
    }

    /// Refuses values that would make the hub unsafe, all at once.
    pub fn check(&self) -> Result<(), ConfigError> {
        let bounds = self.bounds();
        let outside = bounds.iter().filter(|(_, value, low, high)| !(low..=high).contains(&value));
        let mut faults: Vec<_> = outside.map(|(name, value, low, high)| format!("{name} is {value}; it must be {low} to {high}")).collect();
        if self.tls.crls.is_empty() {
            faults.push("tls.crls names no revocation list; without one a revoked certificate would be let in".to_owned());
        }
        if !self.database.starts_with("sqlite:") && !self.database.starts_with("postgres://") && !self.database.starts_with("postgresql://")
        {
            faults.push("database must begin with sqlite: or postgres://".to_owned());
        }
        if self.onveilig_duurzaamheid.as_deref().is_some_and(|gezegd| gezegd != ONVEILIG) {
            faults.push(format!("onveilig_duurzaamheid must be left out, or say {ONVEILIG:?}"));
        }
        let origin = &self.audit.origin;
        if origin.is_empty() || origin.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+') {
            faults.push("audit.origin must be a name without spaces and plus signs".to_owned());
        }
        let naam = &self.beleid.naam;
        let teken = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
        if !(1..=64).contains(&naam.len()) || !naam.chars().all(teken) {
            faults.push("beleid.naam must be 1 to 64 lower-case letters, digits, dots and hyphens".to_owned());
        }
        faults.extend(self.telemetrie.fouten());
        faults.extend(self.logboek.fouten());
        if self.paginas.listen.is_some_and(|listen| listen == self.listen && listen.port() != 0) {
            faults.push("paginas.listen must be another address than listen".to_owned());
        }
        if faults.is_empty() { Ok(()) } else { Err(ConfigError::Unsafe(faults.join("; "))) }
    }
}

/// Whole seconds.
pub fn seconds(value: u64) -> Duration {
    Duration::from_secs(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_annotated_example_loads_and_spells_out_every_default() {
        let example = Config::load(Path::new("ketenhub.example.toml")).unwrap();
        assert_eq!(format!("{:?}", example.limits), format!("{:?}", Limits::default()));
        assert_eq!(format!("{:?}", example.log), format!("{:?}", Log::default()));
        assert_eq!(format!("{:?}", example.beleid), format!("{:?}", Beleid::default()));
        assert_eq!(format!("{:?}", example.kluis), format!("{:?}", Kluis::default()));
        assert_eq!(format!("{:?}", example.telemetrie), format!("{:?}", Telemetrie::default()));
        assert_eq!(format!("{:?}", example.logboek), format!("{:?}", Logboek::default()));
        let (audit, own) = (example.audit, Audit::default());
        assert_eq!((audit.origin, audit.key, audit.stand), (own.origin, own.key, own.stand));
        assert_eq!(example.tls.reload_s, default_reload_s());
    }

    #[test]
    fn the_annotated_example_names_every_key_of_telemetry() {
        let text = std::fs::read_to_string("ketenhub.example.toml").unwrap();
        let (_, deel) = text.split_once("[telemetrie]\n").unwrap();
        // Those without a default stand there as comments; as settings they load, and nothing is missing.
        let regels = deel.lines().map(|regel| regel.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(regel));
        let telemetrie: Telemetrie = toml::from_str(&regels.collect::<Vec<_>>().join("\n")).unwrap();
        let Telemetrie { otlp, otlp_ca, metrics, metrics_open } = telemetrie;
        assert!(otlp.is_some() && otlp_ca.is_some() && metrics.is_some() && !metrics_open);
    }

    #[test]
    fn telemetry_leaves_the_machine_only_when_that_is_said_and_safe() {
        let toets =
            |regels: &str| changed("[telemetrie]\n", &format!("[telemetrie]\n{regels}\n")).map(drop).map_err(|fout| fout.to_string());
        for goed in [
            "otlp = \"http://127.0.0.1:4317\"",
            "otlp = \"http://[::1]:4317\"",
            "otlp = \"https://collector.example:4317\"\notlp_ca = \"ca.pem\"",
            "metrics = \"127.0.0.1:9464\"",
        ] {
            assert_eq!(toets(goed), Ok(()), "{goed}");
        }
        for (fout, naam) in [
            ("otlp = \"http://collector.example:4317\"", "telemetrie.otlp must"),
            ("otlp = \"collector.example:4317\"", "telemetrie.otlp must"),
            ("otlp = \"https://collector.example:4317\"", "telemetrie.otlp_ca"),
            ("metrics = \"0.0.0.0:9464\"", "telemetrie.metrics"),
        ] {
            assert!(toets(fout).is_err_and(|gezegd| gezegd.contains(naam)), "{fout}");
        }
        let open = changed("metrics_open = false", "metrics_open = true\nmetrics = \"0.0.0.0:9464\"").unwrap();
        assert!(open.telemetrie.metrics_open);
    }

    #[test]
    fn records_leave_the_machine_only_to_a_logbook_that_is_named_whole_and_safe() {
        let register = "register = \"https://register.example/va\"";
        let toets = |regels: &str| changed("[logboek]\n", &format!("[logboek]\n{regels}\n")).map(drop).map_err(|fout| fout.to_string());
        for goed in [
            format!("otlp = \"http://127.0.0.1:4317\"\n{register}"),
            format!("otlp = \"https://logboek.example:4317\"\notlp_ca = \"ca.pem\"\n{register}"),
        ] {
            assert_eq!(toets(&goed), Ok(()), "{goed}");
        }
        for (fout, naam) in [
            (format!("otlp = \"http://logboek.example:4317\"\n{register}"), "logboek.otlp must"),
            (format!("otlp = \"https://logboek.example:4317\"\n{register}"), "logboek.otlp_ca"),
            ("otlp = \"http://127.0.0.1:4317\"".to_owned(), "logboek.register is needed"),
            ("register = \"hier\"".to_owned(), "logboek.register must"),
        ] {
            assert!(toets(&fout).is_err_and(|gezegd| gezegd.contains(naam)), "{fout}");
        }
        let zonder = changed("achterstand_max_s = 0", "achterstand_max_s = 60").unwrap_err();
        assert!(zonder.to_string().contains("logboek.achterstand_max_s"), "{zonder}");
    }

    #[test]
    fn pages_are_served_when_that_is_said_and_on_an_address_of_their_own() {
        assert_eq!(Config::load(Path::new("ketenhub.example.toml")).unwrap().paginas.listen, None);
        let op = |adres: &str| changed("# listen = \"127.0.0.1:8444\"", &format!("listen = \"{adres}\""));
        assert_eq!(op("127.0.0.1:8444").unwrap().paginas.listen, Some(([127, 0, 0, 1], 8444).into()));
        let refused = op("127.0.0.1:8443").unwrap_err();
        assert!(refused.to_string().contains("paginas.listen"), "{refused}");
    }

    fn changed(from: &str, to: &str) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string("ketenhub.example.toml").unwrap();
        assert!(text.contains(from), "{from}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text.replace(from, to)).unwrap();
        Config::load(file.path())
    }

    #[test]
    fn an_unknown_key_is_refused() {
        assert!(matches!(changed("streams = 200", "streams = 200\nstroom = 1"), Err(ConfigError::Parse(..))));
        // A term before now would destroy everything at once.
        for key in ["bewaartermijn_dagen = 30", "feiten_jaren = 20", "epoche_dagen = 365"] {
            let negative = key.replace("= ", "= -");
            assert!(matches!(changed(key, &negative), Err(ConfigError::Parse(..))), "{negative}");
        }
        // A norm is no setting.
        for key in ["norm1_werkdagen", "norm2_weken", "norm3_maanden", "machtiging_maanden"] {
            let refused = changed("[beleid]", &format!("[beleid]\n{key} = 9")).unwrap_err();
            assert!(refused.to_string().contains("unknown field"), "{refused}");
        }
    }

    #[test]
    fn values_that_would_make_the_hub_unsafe_are_refused_by_name() {
        for (from, to, name) in [
            ("streams = 200", "streams = 0", "limits.streams"),
            ("local_resets = 1024", "local_resets = 1000000", "limits.local_resets"),
            ("connection_grace_s = 60", "connection_grace_s = 0", "limits.connection_grace_s"),
            ("handshake_s = 5", "handshake_s = 3600", "limits.handshake_s"),
            ("message_bytes = 1048576", "message_bytes = 1073741824", "limits.message_bytes"),
            ("header_bytes = 16384", "header_bytes = 1000000", "limits.header_bytes"),
            ("crls = [\"certs-example/crl.pem\"]", "crls = []", "tls.crls"),
            ("reload_s = 5", "reload_s = 600", "tls.reload_s"),
            ("kijk_s = 2", "kijk_s = 60", "limits.kijk_s"),
            ("quota_per_s = 500", "quota_per_s = 0", "limits.quota_per_s"),
            ("quota_burst = 5000", "quota_burst = 0", "limits.quota_burst"),
            ("reflection = false", "reflection = false\nonveilig_duurzaamheid = \"ja\"", "onveilig_duurzaamheid"),
            ("kennisgeving_werkdagen = 1", "kennisgeving_werkdagen = 11", "beleid.kennisgeving_werkdagen"),
            ("bewaartermijn_dagen = 30", "bewaartermijn_dagen = 0", "kluis.bewaartermijn_dagen"),
            ("feiten_jaren = 20", "feiten_jaren = 0", "kluis.feiten_jaren"),
            ("epoche_dagen = 365", "epoche_dagen = 0", "kluis.epoche_dagen"),
            ("origin = \"ketenhub.example/audit\"", "origin = \"een log\"", "audit.origin"),
            ("naam = \"bijlage5-2021\"", "naam = \"\"", "beleid.naam"),
            ("naam = \"bijlage5-2021\"", "naam = \"a, norm 1 9wd\"", "beleid.naam"),
            ("database = \"sqlite:data/ketenhub.db\"", "database = \"mysql://x\"", "database"),
        ] {
            let refused = changed(from, to).unwrap_err();
            assert!(refused.to_string().contains(name), "{name}: {refused}");
        }
    }
}
