//! On PostgreSQL: a base backup and an archive of its write-ahead log.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::time::{Instant, timeout};

use super::{Last, Opstelling, bevestig, dien, staat_in_het_draaiboek};
use crate::support::berichten::GEDULD;
use crate::support::postgres::{Server, program};
use crate::support::proces::draai;

const ARCHIVEER: &str = "test ! -f ARCHIVE/%f && cp %p ARCHIVE/.%f && mv ARCHIVE/.%f ARCHIVE/%f";
const HAAL_TERUG: &str = "cp ARCHIVE/%f %p";
const BASIS: [&str; 3] = ["--pgdata=BASE", "--checkpoint=fast", "--wal-method=stream"];

/// Where copies go: a folder that the server, which is another user, may write in.
fn opslag() -> TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let map = tempfile::tempdir().unwrap();
    for pad in [map.path().to_owned(), map.path().join("archief")] {
        std::fs::create_dir_all(&pad).unwrap();
        std::fs::set_permissions(&pad, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    map
}

async fn vraag(url: &str, sql: &'static str) -> String {
    let mut conn = PgConnection::connect(url).await.unwrap();
    let antwoord = sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    antwoord
}

async fn tot(wat: &str, klaar: impl AsyncFn() -> bool) {
    let wachten = async {
        while !klaar().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(GEDULD, wachten).await.unwrap_or_else(|_| panic!("waited in vain until {wat}"));
}

async fn basisbackup(server: &Server, naar: &Path) {
    let mut command = Command::new(program("pg_basebackup"));
    command.args(BASIS.map(|woord| woord.replace("BASE", naar.to_str().unwrap())));
    command.args(["-h", "127.0.0.1", "-U", "postgres", "-p", &server.port().to_string()]);
    let uitvoer = draai(command).await;
    assert!(uitvoer.status.success(), "{}", String::from_utf8_lossy(&uitvoer.stderr));
}

/// A server on the base backup that recovers from an archive to its end; `wal` is what the old one had not archived yet.
async fn herstel(basis: &Path, archief: &Path, wal: Option<&Path>) -> Server {
    let (basis, archief, wal) = (basis.to_owned(), archief.to_owned(), wal.map(Path::to_owned));
    let server = tokio::task::spawn_blocking(move || {
        Server::hersteld(&basis, |data| {
            if let Some(wal) = &wal {
                let klaar = Command::new("cp").args(["-a", "--no-clobber"]).arg(wal.join(".")).arg(data.join("pg_wal")).status()?;
                assert!(klaar.success());
            }
            let haal = HAAL_TERUG.replace("ARCHIVE", archief.to_str().unwrap());
            let auto = data.join("postgresql.auto.conf");
            let text = std::fs::read_to_string(&auto)?;
            std::fs::write(&auto, format!("{text}\nrestore_command = '{haal}'\n"))?;
            std::fs::write(data.join("recovery.signal"), "")
        })
    });
    let server = server.await.unwrap().expect("the restored server starts");
    let url = server.url("postgres");
    tot("recovery is at its end", async || vraag(&url, "select pg_is_in_recovery()::text").await == "false").await;
    server
}

fn segmenten(archief: &Path) -> Vec<PathBuf> {
    let alle = std::fs::read_dir(archief).unwrap().map(|file| file.unwrap().path());
    let segment = |pad: &PathBuf| pad.file_name().and_then(|naam| naam.to_str()).is_some_and(|naam| naam.len() == 24);
    let mut alle: Vec<_> = alle.filter(segment).collect();
    alle.sort();
    alle
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_backup_and_its_archive_give_back_everything_and_without_the_last_segment_the_hub_refuses() {
    BASIS
        .into_iter()
        .chain([ARCHIVEER, HAAL_TERUG, "recovery.signal", "select pg_switch_wal()"])
        .for_each(|opdracht| staat_in_het_draaiboek("Backup and restore", opdracht));
    let opslag = opslag();
    let (archief, basis) = (opslag.path().join("archief"), opslag.path().join("basis"));
    let archiveer = ARCHIVEER.replace("ARCHIVE", archief.to_str().unwrap());
    let settings = format!("-c wal_level=replica -c archive_mode=on -c \"archive_command={archiveer}\"");
    let server = tokio::task::spawn_blocking(move || Server::met_instellingen(&settings)).await.unwrap().expect("a server that archives");
    let url = server.url("postgres");
    let opstelling = Opstelling::nieuw(&url);
    let hub = opstelling.hub().await;
    let mut boek = dien(&hub, 10).await;
    bevestig(&hub).await;

    // While it serves.
    let last = Last::begin(&hub).await;
    let begin = Instant::now();
    basisbackup(&server, &basis).await;
    println!("base backup: {:?}", begin.elapsed());
    boek.extend(last.einde().await);
    boek.extend(dien(&hub, 10).await);
    bevestig(&hub).await;
    let segment = vraag(&url, "select pg_walfile_name(pg_current_wal_lsn())").await;
    vraag(&url, "select pg_switch_wal()::text").await;
    tot("the segment is in the archive", async || archief.join(&segment).exists()).await;
    // What is not in the archive yet is on the disk of the old server only.
    let alleen_gearchiveerd = opstelling.keur().await;
    boek.extend(dien(&hub, 5).await);
    let log = opstelling.keur().await;
    assert_eq!(log.records, alleen_gearchiveerd.records + 5);
    opstelling.stand_is_bij(log.records).await;
    hub.dood();
    server.dood();
    opstelling.geen_sleutel_in(&[&basis, &archief]);
    println!("{} messages, {} segments in the archive", boek.len(), segmenten(&archief).len());

    // Too old: the archive as it was before its last segment, and nothing of the disk.
    let kort = opslag.path().join("kort");
    std::fs::create_dir(&kort).unwrap();
    let alle = segmenten(&archief);
    for segment in &alle[..alle.len() - 1] {
        std::fs::copy(segment, kort.join(segment.file_name().unwrap())).unwrap();
    }
    // The server reads it as another user.
    assert!(Command::new("chmod").args(["-R", "a+rX"]).arg(&kort).status().unwrap().success());
    let te_oud = herstel(&basis, &kort, None).await;
    opstelling.zet_database(&te_oud.url("postgres"));
    opstelling.weigert_te_oud(&log).await;
    te_oud.ruim_op();

    // All of it.
    let begin = Instant::now();
    let heel = herstel(&basis, &archief, Some(&server.home.join("data/pg_wal"))).await;
    println!("restore to the end of the log: {:?}", begin.elapsed());
    opstelling.zet_database(&heel.url("postgres"));
    assert_eq!(opstelling.keur().await, log, "the checkpoint of before the crash");
    println!("with the check: {:?}", begin.elapsed());
    opstelling.weigert_zonder_sleutels().await;
    opstelling.herhaalt_alles(&boek, &log).await;
    heel.ruim_op();
    server.ruim_op();
}
