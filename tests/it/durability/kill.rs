//! SIGKILL at random moments under load: nothing that was answered is lost, nothing is doubled, no number is skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use jeugdketen_proto::v1::{FetchRequest, Receipt};
use ketenhub::receipt::verifieer;
use prost::Message as _;
use tokio::sync::watch;
use tokio::time::timeout;

use super::hervat::publiek;
use crate::support::berichten::{Exchange, GEDULD, GI, GI_2, bericht_id, bytes, dien_ruw_in, zitting};
use crate::support::hub::channel;
use crate::support::postgres;
use crate::support::proces::{self, Proces, voorbeeld_certs};

const RONDEN: usize = 10;
const ZENDERS: [&str; 6] = ["rechtbank", "rechtbank-2", "rechtbank", "rechtbank-2", "rechtbank", "rechtbank-2"];

/// Numbers that look random and are the same in every run (xorshift64*).
struct Toeval(u64);

impl Toeval {
    fn onder(&mut self, grens: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % grens
    }
}

/// What the senders know: their messages, and the receipts that came.
#[derive(Default)]
struct Boek {
    verstuurd: Vec<(&'static str, Bytes)>,
    receipts: BTreeMap<Bytes, Bytes>,
}

/// Sends without pause until the hub is gone.
async fn zend(adres: String, wie: &'static str, boek: Arc<Mutex<Boek>>, geteld: Arc<watch::Sender<u64>>) {
    let kanaal = channel(&adres, &voorbeeld_certs(), wie).await;
    for oin in [GI, GI_2].into_iter().cycle() {
        let bericht = bytes(&zitting(oin));
        boek.lock().unwrap().verstuurd.push((wie, bericht.clone()));
        let Ok(receipt) = dien_ruw_in(&kanaal, bericht.clone()).await else { return };
        boek.lock().unwrap().receipts.insert(bericht, receipt);
        geteld.send_modify(|aantal| *aantal += 1);
    }
}

async fn gedood_onder_last(database: &str) {
    let (map, certs) = (tempfile::tempdir().unwrap(), voorbeeld_certs());
    let config = proces::config(map.path(), &certs, database, "");
    let boek = Arc::new(Mutex::new(Boek::default()));
    let mut toeval = Toeval(0x9e37_79b9_7f4a_7c15);
    for _ in 0..RONDEN {
        let hub = Proces::start(&config, &[]).await;
        let (geteld, mut gezien) = watch::channel(0);
        let geteld = Arc::new(geteld);
        let zenders = ZENDERS.map(|wie| tokio::spawn(zend(hub.address.clone(), wie, boek.clone(), geteld.clone())));
        let doel = 5 + toeval.onder(40);
        timeout(GEDULD, gezien.wait_for(|aantal| *aantal >= doel)).await.expect("the load goes on").unwrap();
        // Not only right after an answer: somewhere in the work that follows.
        tokio::time::sleep(Duration::from_micros(toeval.onder(15_000))).await;
        hub.dood();
        for zender in zenders {
            timeout(GEDULD, zender).await.expect("the sender notices").unwrap();
        }
    }

    let hub = Proces::start(&config, &[]).await;
    let boek = std::mem::take(&mut *boek.lock().unwrap());
    let (verstuurd, beantwoord) = (boek.verstuurd.len(), boek.receipts.len());
    println!("{verstuurd} messages in {RONDEN} rounds, {beantwoord} answered before a kill");
    assert!(beantwoord > RONDEN * 5 && beantwoord < verstuurd, "the kills came while there was work");
    let publiek = publiek(&map);
    let mut kanalen = BTreeMap::new();
    let (mut nummers, mut postvakken) = (BTreeSet::new(), BTreeMap::<String, BTreeMap<u64, String>>::new());
    for (wie, bericht) in &boek.verstuurd {
        if !kanalen.contains_key(wie) {
            kanalen.insert(wie, channel(&hub.address, &certs, wie).await);
        }
        let nu = dien_ruw_in(&kanalen[wie], bericht.clone()).await.expect("repeating is accepted");
        if let Some(toen) = boek.receipts.get(bericht) {
            assert_eq!(&nu, toen, "the receipt of before the kill, byte for byte");
        }
        let receipt = Receipt::decode(nu).unwrap();
        assert_eq!(verifieer(&receipt, &publiek), Ok(()));
        assert!(nummers.insert(receipt.volgnummer), "number {} was given twice", receipt.volgnummer);
        for ontvanger in &receipt.ontvangers {
            let vak = postvakken.entry(ontvanger.oin.clone()).or_default();
            assert_eq!(vak.insert(ontvanger.postvaknummer, receipt.bericht_id.clone()), None, "a mailbox number was given twice");
        }
    }
    assert!(nummers.into_iter().eq(1..=verstuurd as u64), "every number once, without gaps");
    for (wie, oin) in [("gi", GI), ("gi-2", GI_2)] {
        let mut exchange = Exchange::new(channel(&hub.address, &certs, wie).await);
        let mut geleverd = BTreeMap::new();
        loop {
            let na = geleverd.last_key_value().map_or(0, |(nr, _)| *nr);
            let pagina = exchange.fetch(FetchRequest { na: Some(na), maximaal: 500 }).await.unwrap().into_inner();
            if pagina.leveringen.is_empty() {
                break;
            }
            for levering in &pagina.leveringen {
                assert_eq!(geleverd.insert(levering.postvaknummer, bericht_id(levering)), None);
            }
        }
        assert!(geleverd.keys().copied().eq(1..=geleverd.len() as u64), "a mailbox without gaps");
        assert_eq!(geleverd, postvakken[oin], "what is delivered is what the receipts say");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_under_load_the_hub_loses_and_doubles_nothing_on_sqlite() {
    gedood_onder_last("sqlite:hub.db").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_under_load_the_hub_loses_and_doubles_nothing_on_postgresql() {
    gedood_onder_last(&postgres::database().await).await;
}
