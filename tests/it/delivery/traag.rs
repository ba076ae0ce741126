//! A reader that does not read costs the others nothing: the hub reads no further ahead than its window, and nobody waits.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes, BytesMut};
use h2::client::SendRequest;
use jeugdketen_proto::v1::subscribe_response::Gebeurtenis;
use jeugdketen_proto::v1::{Levering, SubscribeRequest, SubscribeResponse};
use ketenhub::store::{Conn, Store};
use prost::Message as _;
use tokio::time::timeout;

use crate::support::berichten::{GEDULD, GI, GI_2, abonneer, bytes, dien_alle_in, dien_ruw_in, volgende, zitting};
use crate::support::hub::{CERTS, TestHub};
use crate::support::proces::{self, Proces};
use crate::support::{postgres, ruw};

const VEEL: usize = 6_000;
/// The window that the slow reader gives: what HTTP/2 begins with.
const VENSTER: usize = 65_535;

/// A subscription over a connection of its own whose reader takes nothing until it is told to.
struct Trage {
    lichaam: h2::RecvStream,
    rest: BytesMut,
    // Held as long as the connection lives.
    _vragen: SendRequest<Bytes>,
}

impl Trage {
    async fn open(address: &str, certs: &Path, wie: &str) -> Trage {
        let tls = ruw::tls(address, certs, wie).await;
        let (vragen, verbinding) = h2::client::handshake(tls).await.unwrap();
        tokio::spawn(verbinding);
        let mut vragen = vragen.ready().await.unwrap();
        let vraag = ruw::vraag("/jeugdketen.hub.v1.ExchangeService/Subscribe");
        let (antwoord, mut zender) = vragen.send_request(vraag, false).unwrap();
        zender.send_data(ruw::verpakt(&SubscribeRequest { na: Some(0) }), true).unwrap();
        let lichaam = timeout(GEDULD, antwoord).await.expect("an answer").unwrap().into_body();
        Trage { lichaam, rest: BytesMut::new(), _vragen: vragen }
    }

    /// Waits until its window is full, so that the hub can send it nothing more.
    async fn is_vol(&mut self) {
        let wachten = async {
            while self.lichaam.flow_control().used_capacity() < VENSTER {
                tokio::task::yield_now().await;
            }
        };
        timeout(GEDULD, wachten).await.expect("the window fills");
    }

    async fn volgende(&mut self) -> Levering {
        loop {
            if self.rest.len() > 5 {
                let lengte = usize::try_from(u32::from_be_bytes([self.rest[1], self.rest[2], self.rest[3], self.rest[4]])).unwrap();
                if self.rest.len() >= 5 + lengte {
                    self.rest.advance(5);
                    let antwoord = SubscribeResponse::decode(self.rest.split_to(lengte).freeze()).unwrap();
                    match antwoord.gebeurtenis {
                        Some(Gebeurtenis::Levering(levering)) => return levering,
                        _ => continue,
                    }
                }
            }
            let stuk = timeout(GEDULD, self.lichaam.data()).await.expect("more in time").expect("more").unwrap();
            self.lichaam.flow_control().release_capacity(stuk.len()).unwrap();
            self.rest.extend_from_slice(&stuk);
        }
    }
}

async fn vul(hub: &TestHub) {
    let mut rechtbank = hub.exchange("rechtbank").await;
    let receipts = dien_alle_in(&mut rechtbank, (0..VEEL).map(|_| zitting(GI)).collect()).await;
    assert_eq!(receipts.len(), VEEL);
}

/// The median time from submission to delivery at a reader that reads, of a mailbox that stands at `vanaf`.
async fn mediaan(hub: &TestHub, wie: &str, oin: &str, vanaf: u64) -> Duration {
    let (rechtbank, mut lezer) = (hub.channel("rechtbank").await, hub.exchange(wie).await);
    let mut stroom = abonneer(&mut lezer, Some(vanaf)).await.unwrap();
    let mut tijden = Vec::new();
    for nr in vanaf + 1..=vanaf + 40 {
        let begin = Instant::now();
        let (receipt, levering) = tokio::join!(dien_ruw_in(&rechtbank, bytes(&zitting(oin))), async {
            let levering = volgende(&mut stroom).await.unwrap();
            tijden.push(begin.elapsed());
            levering
        });
        receipt.unwrap();
        assert_eq!(levering.postvaknummer, nr);
    }
    tijden.sort();
    tijden[tijden.len() / 2]
}

/// Marks every stored message, so that a delivery shows whether it was read before or after this moment.
async fn merk(database: &str) {
    let store = Store::open(database).await.unwrap();
    let (mut tx, _) = store.write().await.unwrap();
    let sql = "update postvak set aangeboden_op = 0";
    match tx.conn() {
        Conn::Sqlite(conn) => drop(sqlx::raw_sql(sql).execute(conn).await.unwrap()),
        Conn::Postgres(conn) => drop(sqlx::raw_sql(sql).execute(conn.aan_de_beurt().await.unwrap()).await.unwrap()),
    }
    tx.commit().await.unwrap();
    store.close().await;
}

async fn een_trage_lezer_kost_niemand_iets(hub: TestHub) {
    vul(&hub).await;
    let mut trage = Trage::open(&hub.running.address.to_string(), Path::new(CERTS), "gi").await;
    trage.is_vol().await;
    for (wie, oin, vanaf) in [("gi-2", GI_2, 0), ("gi", GI, VEEL as u64)] {
        let mut beste = Duration::MAX;
        // Other tests on the same disk may cost a round its time.
        for ronde in 0..5 {
            if beste > Duration::from_millis(60) {
                beste = beste.min(mediaan(&hub, wie, oin, vanaf + ronde * 40).await);
            }
        }
        println!("beside a reader that does not read, {wie} has a median of {beste:?}");
        assert!(beste < Duration::from_millis(60), "the median is {beste:?}");
    }
    merk(&hub.config.database).await;
    let mut vooruit = 0;
    for nr in 1..=VEEL as u64 {
        let levering = trage.volgende().await;
        assert_eq!(levering.postvaknummer, nr);
        vooruit += usize::from(levering.aangeboden_op.unwrap().seconds != 0);
    }
    println!("the hub had read {vooruit} of {VEEL} messages");
    assert!(vooruit > 50, "the marks do not show what they should");
    assert!(vooruit < 600, "the hub had read {vooruit} messages for a reader that takes none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_read_costs_the_others_nothing_on_sqlite() {
    een_trage_lezer_kost_niemand_iets(TestHub::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_read_costs_the_others_nothing_on_postgresql() {
    een_trage_lezer_kost_niemand_iets(TestHub::postgres().await).await;
}

async fn geheugen_blijft_vlak(database: &str) {
    const TRAGEN: usize = 30;
    let map = tempfile::tempdir().unwrap();
    let certs = proces::voorbeeld_certs();
    let hub = Proces::start(&proces::config(map.path(), &certs, database, ""), &[]).await;
    let kanaal = crate::support::hub::channel(&hub.address, &certs, "rechtbank").await;
    let mut rechtbank = crate::support::berichten::Exchange::new(kanaal);
    dien_alle_in(&mut rechtbank, (0..VEEL).map(|_| zitting(GI)).collect()).await;
    let voor = hub.geheugen();
    let mut tragen = Vec::new();
    for _ in 0..TRAGEN {
        let mut trage = Trage::open(&hub.address, &certs, "gi").await;
        trage.is_vol().await;
        tragen.push(trage);
    }
    let erbij = hub.geheugen().saturating_sub(voor);
    println!("{TRAGEN} readers that do not read cost {} KiB", erbij / 1024);
    // All that waits for them is more than a hundred mebibytes.
    assert!(erbij < 40 << 20, "{TRAGEN} readers that do not read cost {erbij} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_readers_that_do_not_read_do_not_fill_the_memory_on_sqlite() {
    geheugen_blijft_vlak("sqlite:hub.db").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_readers_that_do_not_read_do_not_fill_the_memory_on_postgresql() {
    geheugen_blijft_vlak(&postgres::database().await).await;
}
