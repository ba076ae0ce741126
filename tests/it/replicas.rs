//! Several hubs on one PostgreSQL, each a process of its own: they hear of each other, one of them leads, what is changed at one holds at
//! all, and another version may come and go beside them.

mod leiding;
mod migraties;
mod wekken;
mod wijzigingen;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::support::hub::channel;
use crate::support::proces::{Proces, voorbeeld_certs};
use crate::support::{berichten, postgres, repository};

/// Within which every change must be everywhere, and a lost leader replaced.
const TIEN_SECONDEN: Duration = Duration::from_secs(10);

/// What hubs on one database share: the database, the master keys and the audit key.
struct Samen {
    map: TempDir,
    certs: PathBuf,
    url: String,
}

impl Samen {
    async fn nieuw() -> Samen {
        Samen::met(&voorbeeld_certs()).await
    }

    async fn met(certs: &Path) -> Samen {
        Samen { map: tempfile::tempdir().unwrap(), certs: certs.to_owned(), url: postgres::database().await }
    }

    /// Writes the configuration of one hub; `kop` are lines above every section, `limieten` lines of `[limits]`.
    fn config(&self, naam: &str, kop: &str, limieten: &str) -> PathBuf {
        self.config_op(naam, &self.url, kop, limieten)
    }

    fn config_op(&self, naam: &str, url: &str, kop: &str, limieten: &str) -> PathBuf {
        let (map, certs) = (self.map.path(), &self.certs);
        let text = format!(
            "listen = \"127.0.0.1:0\"\ndatabase = {url:?}\nreceipt_key = {receipt:?}\nregister_seed = {register:?}\n{kop}\n\
             [kluis]\nhoofdsleutels = {hoofd:?}\n[audit]\nkey = {audit:?}\nstand = {stand:?}\n\
             [tls]\ncertificate = {hub:?}\nkey = {key:?}\nclient_ca = {ca:?}\ncrls = [{crl:?}]\n[limits]\n{limieten}\n\
             [telemetrie]\nmetrics = \"127.0.0.1:0\"\n[log]\njson = true\n",
            receipt = map.join("receipt.key"),
            register = repository().join("certs-example/deelnemers.json"),
            hoofd = map.join("hoofdsleutels"),
            audit = map.join("audit.key"),
            stand = map.join(format!("{naam}.stand")),
            hub = certs.join("hub.pem"),
            key = certs.join("hub.key"),
            ca = certs.join("ca.pem"),
            crl = certs.join("crl.pem"),
        );
        let pad = map.join(format!("{naam}.toml"));
        std::fs::write(&pad, text).unwrap();
        pad
    }

    /// Starts one; with the address of its operator's port.
    async fn hub(&self, naam: &str, limieten: &str) -> Hub {
        let (proces, operator) = Proces::start_met_operator(&self.config(naam, "", limieten)).await;
        Hub { proces, operator, certs: self.certs.clone() }
    }

    /// Two of them, that look as seldom as a configuration allows: what is sooner was heard.
    async fn twee(&self) -> [Hub; 2] {
        [self.hub("een", "kijk_s = 5").await, self.hub("twee", "kijk_s = 5").await]
    }

    /// Asks or changes the database behind the back of the hubs.
    async fn sql(&self, sql: &str) -> Vec<String> {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(&mut connection).await.unwrap()
    }

    async fn knoei(&self, sql: &str) {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    }
}

/// One of them.
struct Hub {
    proces: Proces,
    operator: String,
    certs: PathBuf,
}

impl Hub {
    async fn kanaal(&self, wie: &str) -> tonic::transport::Channel {
        channel(&self.proces.address, &self.certs, wie).await
    }

    async fn exchange(&self, wie: &str) -> berichten::Exchange {
        berichten::Exchange::new(self.kanaal(wie).await)
    }
}

/// Asks until the answer is the one that is waited for; how long that took.
async fn binnen<F: Future<Output = bool>>(termijn: Duration, wat: &str, mut vraag: impl FnMut() -> F) -> Duration {
    let begin = Instant::now();
    while !vraag().await {
        assert!(begin.elapsed() < termijn, "{wat}: not within {termijn:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begin.elapsed()
}
