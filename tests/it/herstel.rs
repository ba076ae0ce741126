//! The drill of docs/operations.md, "Backup and restore", on the real programs: a backup while the hub serves, a crash, a restore. What was
//! answered with a receipt is there, byte for byte; a backup that is too old, or that lacks its keys, is refused in so many words.

mod postgresql;
mod sqlite;
mod standby;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use aho_corasick::AhoCorasick;
use bytes::Bytes;
use jeugdketen_proto::v1::{AcknowledgeRequest, FetchRequest};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::berichten::{Exchange, GEDULD, GI, bytes, dien_ruw_in, zitting};
use crate::support::hub::channel;
use crate::support::proces::{self, Proces, voer_uit, voorbeeld_certs};
use crate::support::repository;

/// What a sender keeps: each message and the receipt that came for it.
type Boek = Vec<(Bytes, Bytes)>;

/// What the check says of a log that is whole.
#[derive(Debug, PartialEq, Eq)]
struct Log {
    records: u64,
    wortel: String,
}

/// The folder of a hub outside its database: configuration, keys, and the checkpoint of `audit.stand`.
struct Opstelling {
    map: TempDir,
    config: PathBuf,
}

impl Opstelling {
    fn nieuw(database: &str) -> Opstelling {
        let map = tempfile::tempdir().unwrap();
        let config = proces::config(map.path(), &voorbeeld_certs(), database, "");
        Opstelling { map, config }
    }

    /// The one setting that a restore changes.
    fn zet_database(&self, database: &str) {
        proces::config(self.map.path(), &voorbeeld_certs(), database, "");
    }

    fn data(&self, naam: &str) -> PathBuf {
        self.map.path().join("data").join(naam)
    }

    async fn hub(&self) -> Proces {
        Proces::start(&self.config, &[]).await
    }

    async fn doet(&self, woorden: &[&str]) -> Output {
        voer_uit(&[woorden, &["--config", self.config.to_str().unwrap()]].concat()).await
    }

    /// `ketenhub audit fsck` exits 0: what it says of the log.
    async fn keur(&self) -> Log {
        let uitvoer = self.doet(&["audit", "fsck", "--json"]).await;
        let gezegd = String::from_utf8_lossy(&uitvoer.stdout);
        assert!(uitvoer.status.success(), "{gezegd} {}", String::from_utf8_lossy(&uitvoer.stderr));
        let uitkomst: serde_json::Value = serde_json::from_str(&gezegd).unwrap();
        assert_eq!(uitkomst["stand"], true, "it knows the checkpoint outside the database");
        Log { records: uitkomst["records"].as_u64().unwrap(), wortel: uitkomst["wortel"].as_str().unwrap().to_owned() }
    }

    /// The hub does not start: what it says instead.
    async fn start_niet(&self) -> String {
        let uitvoer = self.doet(&["serve"]).await;
        let gezegd = String::from_utf8(uitvoer.stderr).unwrap();
        assert_eq!(uitvoer.status.code(), Some(1), "{gezegd}");
        gezegd
    }

    /// Waits until the checkpoint outside the database is that of so many records.
    async fn stand_is_bij(&self, records: u64) {
        let wachten = async {
            let telt = |note: String| note.lines().nth(1) == Some(&records.to_string());
            while !std::fs::read_to_string(self.data("audit.stand")).is_ok_and(telt) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(GEDULD, wachten).await.expect("audit.stand follows the database");
    }

    /// Nothing that opens or signs anything is in what was made of the database alone.
    fn geen_sleutel_in(&self, kopieen: &[&Path]) {
        let hoofd = std::fs::read_to_string(self.data("hoofdsleutels")).unwrap().trim().to_owned();
        // Ed25519 as PKCS #8: the seed is 32 bytes after the first 16.
        let zaad = |pad: &Path| std::fs::read(pad).unwrap()[16..48].to_vec();
        let geheimen =
            [hex::decode(&hoofd).unwrap(), hoofd.into_bytes(), zaad(&self.data("audit.key")), zaad(&self.map.path().join("receipt.key"))];
        let zoeker = AhoCorasick::new(geheimen).unwrap();
        let mut gelezen = 0;
        let mut te_doen: Vec<PathBuf> = kopieen.iter().map(|pad| pad.to_path_buf()).collect();
        while let Some(pad) = te_doen.pop() {
            if pad.is_dir() {
                te_doen.extend(std::fs::read_dir(&pad).unwrap().map(|kind| kind.unwrap().path()));
                continue;
            }
            let inhoud = std::fs::read(&pad).unwrap();
            gelezen += inhoud.len();
            assert!(!zoeker.is_match(&inhoud), "a key is in the backup of the database: {}", pad.display());
        }
        assert!(gelezen > 10_000, "there was something to look through");
    }

    /// Every message again: the receipt of before, byte for byte; nothing is added to the log by it.
    async fn herhaalt_alles(&self, boek: &Boek, log: &Log) {
        let hub = self.hub().await;
        let rechtbank = channel(&hub.address, &voorbeeld_certs(), "rechtbank").await;
        for (bericht, receipt) in boek {
            assert_eq!(&dien_ruw_in(&rechtbank, bericht.clone()).await.expect("repeating is accepted"), receipt, "byte for byte");
        }
        assert_eq!(&self.keur().await, log, "the log is the one of before");
        // And it goes on.
        let nieuw = dien(&hub, 1).await;
        assert_eq!(self.keur().await.records, log.records + nieuw.len() as u64);
    }

    /// Without what opens and signs, or with something else in its place, the restored database is of no use, and the hub says of what.
    async fn weigert_zonder_sleutels(&self) {
        let hoofd = self.data("hoofdsleutels");
        let echt = std::fs::read(&hoofd).unwrap();
        std::fs::remove_file(&hoofd).unwrap();
        let gezegd = self.start_niet().await;
        assert!(gezegd.contains("the master keys cannot be read or written at") && gezegd.contains("hoofdsleutels"), "{gezegd}");
        assert!(!hoofd.exists(), "a new one would open nothing");
        std::fs::write(&hoofd, "00".repeat(32)).unwrap();
        let gezegd = self.start_niet().await;
        assert!(gezegd.contains("is needed and is not among those given"), "{gezegd}");
        std::fs::write(&hoofd, echt).unwrap();

        let (audit, weg) = (self.data("audit.key"), self.data("audit.weg"));
        std::fs::rename(&audit, &weg).unwrap();
        let gezegd = self.start_niet().await;
        assert!(gezegd.contains("the last checkpoint in reeks: ") && gezegd.contains("so the hub does not start"), "{gezegd}");
        std::fs::rename(&weg, &audit).unwrap();
    }

    /// A backup that is older than what was signed is refused, by the check and by the start, and it is said what to do.
    async fn weigert_te_oud(&self, log: &Log) {
        let keuring = self.doet(&["audit", "fsck"]).await;
        let terug = format!("the database was put back to an earlier state: {} records were signed, and it has ", log.records);
        assert!(!keuring.status.success() && String::from_utf8_lossy(&keuring.stdout).contains(&terug), "{keuring:?}");
        let gezegd = self.start_niet().await;
        assert!(gezegd.contains(&terug) && gezegd.contains("restore one that is whole and has every signed record"), "{gezegd}");
    }
}

/// Sends so many messages, each after the receipt of the one before.
async fn dien(hub: &Proces, aantal: usize) -> Boek {
    let rechtbank = channel(&hub.address, &voorbeeld_certs(), "rechtbank").await;
    let mut boek = Boek::new();
    for _ in 0..aantal {
        let bericht = bytes(&zitting(GI));
        let receipt = dien_ruw_in(&rechtbank, bericht.clone()).await.expect("a receipt");
        boek.push((bericht, receipt));
    }
    boek
}

/// The receiver takes what there is and confirms it.
async fn bevestig(hub: &Proces) {
    let mut gi = Exchange::new(channel(&hub.address, &voorbeeld_certs(), "gi").await);
    let pagina = gi.fetch(FetchRequest { na: None, maximaal: 500 }).await.unwrap().into_inner();
    let laatste = pagina.leveringen.last().expect("something to confirm").postvaknummer;
    gi.acknowledge(AcknowledgeRequest { tot_en_met: laatste }).await.unwrap();
}

/// Sends without pause until it is told to stop: what makes a backup one of a hub that serves.
struct Last {
    genoeg: CancellationToken,
    taak: JoinHandle<Boek>,
}

impl Last {
    async fn begin(hub: &Proces) -> Last {
        let rechtbank = channel(&hub.address, &voorbeeld_certs(), "rechtbank").await;
        let genoeg = CancellationToken::new();
        let stop = genoeg.clone();
        let taak = tokio::spawn(async move {
            let mut boek = Boek::new();
            while !stop.is_cancelled() {
                let bericht = bytes(&zitting(GI));
                let receipt = dien_ruw_in(&rechtbank, bericht.clone()).await.expect("a receipt, also during the backup");
                boek.push((bericht, receipt));
            }
            boek
        });
        Last { genoeg, taak }
    }

    async fn einde(self) -> Boek {
        self.genoeg.cancel();
        let boek = timeout(GEDULD, self.taak).await.expect("the sender stops").unwrap();
        assert!(!boek.is_empty(), "there was work during the backup");
        boek
    }
}

/// What the drill does is what the document tells an operator to do.
fn staat_in_het_draaiboek(deel: &str, opdracht: &str) {
    let text = std::fs::read_to_string(repository().join("docs/operations.md")).unwrap();
    let draaiboek = text.split(&format!("\n## {deel}\n")).nth(1).expect("the section is there");
    let draaiboek = draaiboek.split("\n## ").next().unwrap();
    assert!(draaiboek.contains(opdracht), "docs/operations.md does not say {opdracht:?}");
}
