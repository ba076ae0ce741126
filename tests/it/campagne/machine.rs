//! What a machine does to a hub and its database: a disk that is full, a disk that is slow, a clock that jumps.

use std::path::Path;
use std::time::{Duration, Instant};

use jeugdketen_proto::v1::Receipt;
use prost::Message as _;
use tokio::time::{sleep, timeout};
use tonic::Code;
use tonic::transport::Channel;

use super::cluster::Cluster;
use super::opstelling::{Opstelling, START};
use super::spel::{Spel, onder_last};
use crate::support::berichten::{GEDULD, GI, bytes, dien_ruw_in, zegt_wanneer, zitting};
use crate::support::hub::channel;
use crate::support::postgres;
use crate::support::proces::voorbeeld_certs;
use crate::support::shim::Shim;

async fn rechtbank(opstelling: &Opstelling) -> Channel {
    channel(&opstelling.hubs[0].voordeur.adres, &voorbeeld_certs(), "rechtbank").await
}

/// Participants are told to come back while the disk is full, and everything goes on by itself when there is room.
async fn schijf_vol(opstelling: &mut Opstelling, spel: &Spel, shim: &Shim) {
    let kanaal = rechtbank(opstelling).await;
    shim.vol(true);
    spel.veld.sta_toe(spel.beantwoord_nu() + 1000);
    let begin = Instant::now();
    let mut stil = (spel.beantwoord_nu(), Instant::now());
    // Until nothing was accepted for a while: then the disk is full for everybody.
    while stil.1.elapsed() < Duration::from_millis(1500) {
        let nu = spel.beantwoord_nu();
        if nu != stil.0 {
            stil = (nu, Instant::now());
        }
        assert!(begin.elapsed() < GEDULD, "everything is accepted with a full disk");
        sleep(Duration::from_millis(50)).await;
    }
    let status = timeout(GEDULD, dien_ruw_in(&kanaal, bytes(&zitting(GI)))).await.expect("an answer").unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(zegt_wanneer(&status), "{status:?}");
    shim.vol(false);
    let toen = spel.beantwoord_nu();
    timeout(GEDULD, spel.beantwoord(toen + 20)).await.expect("it goes on by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_full_disk_a_hub_on_sqlite_acknowledges_nothing_and_goes_on_when_there_is_room() {
    let shim = |map: &Path| Shim::in_map(map, &map.canonicalize().unwrap());
    let mut opstelling = Opstelling::met_omgeving(1, "sqlite:hub.db", |map, _| shim(map).omgeving()).await;
    let shim = shim(opstelling.map.path());
    onder_last(&mut opstelling, 29, 80, async |opstelling, spel| {
        schijf_vol(opstelling, spel, &shim).await;
        opstelling.hubs[0].dood();
        opstelling.hubs[0].start_tot_het_lukt(&[], START).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_full_disk_of_postgresql_nothing_is_acknowledged_and_hubs_go_on_when_there_is_room() {
    let mut cluster = Cluster::met_shim(0).await;
    let mut opstelling = Opstelling::met(2, &cluster.url()).await;
    let shim = cluster.shim.clone().unwrap();
    onder_last(&mut opstelling, 31, 80, async |opstelling, spel| {
        schijf_vol(opstelling, spel, &shim).await;
        cluster.dood();
        cluster.herstart().await;
    })
    .await;
}

/// How long one message takes at least, of a few.
async fn snelste(kanaal: &Channel) -> Duration {
    let mut snelste = GEDULD;
    for _ in 0..3 {
        let begin = Instant::now();
        dien_ruw_in(kanaal, bytes(&zitting(GI))).await.unwrap();
        snelste = snelste.min(begin.elapsed());
    }
    snelste
}

const TRAAG: Duration = Duration::from_millis(150);

/// A receipt waits for the disk, however slow that is.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_sync_is_waited_for_on_sqlite() {
    let traag = |map: &Path, _: usize| Shim::in_map(map, map).traag(u64::try_from(TRAAG.as_millis()).unwrap()).omgeving();
    let opstelling = Opstelling::met_omgeving(1, "sqlite:hub.db", traag).await;
    let duur = snelste(&rechtbank(&opstelling).await).await;
    assert!(duur >= TRAAG, "a receipt came after {duur:?}: before the disk had it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_sync_is_waited_for_on_postgresql() {
    let cluster = Cluster::met_shim(u64::try_from(TRAAG.as_millis()).unwrap()).await;
    let opstelling = Opstelling::met(1, &cluster.url()).await;
    let duur = snelste(&rechtbank(&opstelling).await).await;
    assert!(duur >= TRAAG, "a receipt came after {duur:?}: before the disk had it");
}

const UUR_MS: i64 = 3_600_000;
const DAG_MS: i64 = 24 * UUR_MS;

/// Two hubs with clocks of their own that jump, also back and by a day, and one that is killed meanwhile: numbers and order are those of the
/// commits, and clocks are what the messages make them (both are the checker's).
#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_jump_change_no_number_and_no_order() {
    let url = postgres::database().await;
    let eigen = |map: &Path, nr: usize| {
        let eigen = map.join(format!("klok-{nr}"));
        std::fs::create_dir_all(&eigen).unwrap();
        Shim::in_map(&eigen, map)
    };
    let mut opstelling = Opstelling::met_omgeving(2, &url, |map, nr| eigen(map, nr).omgeving()).await;
    let klokken = [0, 1].map(|nr| eigen(opstelling.map.path(), nr));
    let (geschiedenis, _) = onder_last(&mut opstelling, 37, 260, async |opstelling, spel| {
        for (nr, ms) in [(0, UUR_MS), (1, -UUR_MS), (0, -DAG_MS), (1, DAG_MS)] {
            klokken[nr].klok(ms);
            spel.nog(40).await;
        }
        opstelling.hubs[0].dood();
        klokken[0].klok(-700);
        opstelling.hubs[0].start_tot_het_lukt(&[], START).await;
        spel.nog(40).await;
    })
    .await;
    let aanvaard = geschiedenis.verzendingen.iter().filter_map(|verzending| Receipt::decode(verzending.receipts.first()?.1.clone()).ok());
    let mut op: Vec<_> = aanvaard.map(|receipt| (receipt.volgnummer, receipt.aanvaard_op.unwrap().seconds)).collect();
    op.sort_unstable();
    let sprongen = op.windows(2).filter(|paar| (paar[1].1 - paar[0].1).abs() > UUR_MS / 1000 / 2).count();
    assert!(sprongen >= 4, "the clocks did jump: {sprongen} times");
    let breedte = op.iter().map(|(_, op)| op).max().unwrap() - op.iter().map(|(_, op)| op).min().unwrap();
    assert!(breedte > DAG_MS / 1000, "and by a day: {breedte} s");
}
