//! Reading a configuration: paths become relative to its file, and whatever would make the hub unsafe is refused, all of it at once. What
//! may be set stands in `config`.

use std::path::{Path, PathBuf};

use super::{Config, ONVEILIG, QUOTA_MAX};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Audit, Beleid, Kluis, Limits, Log, Logboek, Telemetrie, default_reload_s};

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
