//! A whole hub in this process on a port of its own, with the example certificates and real mTLS clients. It fakes nothing.

use std::path::{Path, PathBuf};

use jeugdketen_proto::v1::exchange_service_client::ExchangeServiceClient;
use ketenhub::config::Config;
use ketenhub::hub::Running;
use ketenhub::identity::client::{ClientTls, VerbindFout};
use ketenhub::time::Clock;
use ketenhub::wire::client::{Adres, kanaal};
use tempfile::TempDir;
use tonic::transport::Channel;

use super::postgres;

/// The folder with the example certificates.
pub const CERTS: &str = "certs-example";

/// A hub and where it keeps its things; it is taken apart when this is dropped.
pub struct TestHub {
    /// The hub.
    pub running: Running,
    /// Its configuration, to start it again.
    pub config: Config,
    /// Its folder.
    pub folder: TempDir,
    certs: PathBuf,
}

impl TestHub {
    /// On SQLite.
    pub async fn sqlite() -> TestHub {
        TestHub::with(|_| {}).await
    }

    /// On PostgreSQL.
    pub async fn postgres() -> TestHub {
        let url = postgres::database().await;
        TestHub::with(|config| config.database = url).await
    }

    /// On SQLite, with a configuration of its own.
    pub async fn with(change: impl FnOnce(&mut Config)) -> TestHub {
        TestHub::with_clock(Clock::machine(), change).await
    }

    /// With a clock and a configuration of its own.
    pub async fn with_clock(clock: Clock, change: impl FnOnce(&mut Config)) -> TestHub {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path(), Path::new(CERTS));
        change(&mut config);
        let certs = config.tls.client_ca.parent().unwrap().to_owned();
        let running = Running::start(&config, clock).await.unwrap();
        TestHub { running, config, folder, certs }
    }

    /// Stops it in order and starts it again on what it kept, on another port.
    pub async fn restart(self) -> TestHub {
        self.running.stop().await.unwrap();
        let running = Running::start(&self.config, Clock::machine()).await.unwrap();
        TestHub { running, ..self }
    }

    /// A channel with the certificate of a participant, by the name of its file.
    pub async fn channel(&self, wie: &str) -> Channel {
        channel(&self.running.address.to_string(), &self.certs, wie).await
    }

    /// The exchange service as a participant.
    pub async fn exchange(&self, wie: &str) -> ExchangeServiceClient<Channel> {
        ExchangeServiceClient::new(self.channel(wie).await)
    }
}

/// A configuration for a hub in a folder with a PKI of a folder, on a free port of loopback.
pub fn config(folder: &Path, certs: &Path) -> Config {
    let register_seed = Some(Path::new(CERTS).join("deelnemers.json"));
    let mut config = Config { register_seed, ..Config::on_loopback(certs, folder, 0) };
    config.tls.reload_s = 1;
    config.limits.tik_s = 60;
    config
}

/// A channel to an address with the certificate of a participant in a folder.
pub async fn channel(address: &str, certs: &Path, wie: &str) -> Channel {
    connect(address, certs, wie).await.unwrap()
}

/// The same, for who goes on when it fails.
pub async fn connect(address: &str, certs: &Path, wie: &str) -> Result<Channel, VerbindFout> {
    let tls =
        ClientTls { ca: certs.join("ca.pem"), certificaat: certs.join(format!("{wie}.pem")), sleutel: certs.join(format!("{wie}.key")) };
    kanaal(&Adres::parse(address).unwrap(), tls.laad()?).await
}
