//! On SQLite: a copy by SQLite itself while the hub serves.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::time::Instant;

use super::{Last, Opstelling, bevestig, dien, staat_in_het_draaiboek};

const KOPIE: &str = "vacuum into 'COPY'";

/// What the command line of SQLite does with the same text: a connection of its own, beside the hub.
async fn kopieer(van: &Path, naar: &Path) {
    let mut conn = SqliteConnectOptions::new().filename(van).connect().await.unwrap();
    let sql = KOPIE.replace("COPY", naar.to_str().unwrap());
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.expect("a copy while the hub serves");
    conn.close().await.unwrap();
}

/// The disk is gone; the copy comes in its place.
fn zet_terug(kopie: &Path, database: &Path) {
    let naam = database.to_str().unwrap();
    for bestand in [naam.to_owned(), format!("{naam}-wal"), format!("{naam}-shm")] {
        let _ = std::fs::remove_file(bestand);
    }
    std::fs::copy(kopie, database).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_while_the_hub_serves_gives_back_everything_and_an_older_one_is_refused() {
    [KOPIE, "hub.db-wal", "hub.db-shm"].into_iter().for_each(|opdracht| staat_in_het_draaiboek("Backup and restore", opdracht));
    let opstelling = Opstelling::nieuw("sqlite:hub.db");
    let database = opstelling.map.path().join("hub.db");
    let opslag = tempfile::tempdir().unwrap();
    let (oud, nieuw, stand) = (opslag.path().join("oud.db"), opslag.path().join("nieuw.db"), opslag.path().join("audit.stand"));
    let hub = opstelling.hub().await;
    let mut boek = dien(&hub, 10).await;
    bevestig(&hub).await;
    let voor = opstelling.keur().await.records;
    opstelling.stand_is_bij(voor).await;
    std::fs::copy(opstelling.data("audit.stand"), &stand).unwrap();

    let last = Last::begin(&hub).await;
    let begin = Instant::now();
    kopieer(&database, &oud).await;
    println!("copy: {:?}", begin.elapsed());
    boek.extend(last.einde().await);
    boek.extend(dien(&hub, 5).await);
    bevestig(&hub).await;
    kopieer(&database, &nieuw).await;
    let log = opstelling.keur().await;
    opstelling.stand_is_bij(log.records).await;
    hub.dood();
    opstelling.geen_sleutel_in(&[&oud, &nieuw]);

    zet_terug(&oud, &database);
    opstelling.weigert_te_oud(&log).await;

    let begin = Instant::now();
    zet_terug(&nieuw, &database);
    assert_eq!(opstelling.keur().await, log, "the checkpoint of before the crash");
    println!("restore with the check: {:?}", begin.elapsed());
    opstelling.weigert_zonder_sleutels().await;
    opstelling.herhaalt_alles(&boek, &log).await;

    // Whoever must go on with the older one all the same does so with the checkpoint that was kept with it, and loses what came later.
    zet_terug(&oud, &database);
    std::fs::copy(&stand, opstelling.data("audit.stand")).unwrap();
    let over = opstelling.keur().await.records;
    assert!((voor..log.records).contains(&over), "{over} records");
    let hub = opstelling.hub().await;
    assert_eq!(dien(&hub, 1).await.len(), 1);
}
