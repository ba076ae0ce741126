//! New certificates under load: the hub's own, then a whole new CA. A client that connects again now and then loses no call.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ketenhub::identity::client::{ClientTls, VerbindFout, verklaar};
use tokio::sync::watch;
use tokio::time::timeout;
use tonic::transport::Channel;

use crate::support::berichten::{Exchange, GEDULD, GI, dien_in, zitting};
use crate::support::hub::{TestHub, connect};
use crate::support::pki::Pki;

const RECHTBANKEN: [(&str, &str); 2] = [("rechtbank", "00000099010000001000"), ("rechtbank-2", "00000099010000002000")];

/// Clients that submit without pause, each over a new connection every few calls.
struct Last {
    verzonden: Arc<AtomicUsize>,
    klaar: Arc<AtomicBool>,
    gezien: watch::Receiver<usize>,
    taken: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

impl Last {
    fn begin(adres: &str, certs: PathBuf) -> Last {
        let (verzonden, klaar) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (meld, gezien) = watch::channel(0);
        let meld = Arc::new(meld);
        let taken = (0..4).map(|nr: usize| {
            let (adres, certs, wie) = (adres.to_owned(), certs.clone(), RECHTBANKEN[nr % 2].0);
            let (verzonden, klaar, meld) = (verzonden.clone(), klaar.clone(), meld.clone());
            tokio::spawn(async move {
                let mut mislukt = Vec::new();
                while !klaar.load(Ordering::SeqCst) {
                    let mut exchange = Exchange::new(verbind(&adres, &certs, wie).await);
                    for _ in 0..5 {
                        match dien_in(&mut exchange, &zitting(GI)).await {
                            Ok(_) => drop(meld.send_replace(verzonden.fetch_add(1, Ordering::SeqCst) + 1)),
                            Err(status) => mislukt.push(format!("{status:?}")),
                        }
                    }
                }
                mislukt
            })
        });
        let taken = taken.collect();
        Last { verzonden, klaar, gezien, taken }
    }

    /// Waits until that many more calls were answered.
    async fn nog(&mut self, aantal: usize) {
        let doel = self.verzonden.load(Ordering::SeqCst) + aantal;
        timeout(GEDULD, self.gezien.wait_for(|verzonden| *verzonden >= doel)).await.expect("the load goes on").unwrap();
    }

    async fn einde(self) -> Vec<String> {
        self.klaar.store(true, Ordering::SeqCst);
        let mut mislukt = Vec::new();
        for taak in self.taken {
            mislukt.extend(timeout(GEDULD, taak).await.expect("the load ends").unwrap());
        }
        mislukt
    }
}

/// Connects with a certificate and key that belong together; between the writing of the one and the other they do not.
async fn verbind(adres: &str, certs: &Path, wie: &str) -> Channel {
    loop {
        match connect(adres, certs, wie).await {
            Ok(channel) => return channel,
            Err(fout) => assert!(matches!(fout, VerbindFout::EigenSleutel(_)), "{fout}"),
        }
    }
}

/// The certificate that the hub shows now.
async fn getoond(hub: &TestHub, pki: &Pki) -> Vec<u8> {
    let stroom = crate::support::ruw::tls(&hub.running.address.to_string(), pki.pad(), "rechtbank").await;
    stroom.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

async fn toont_nieuw(hub: &TestHub, pki: &Pki, oud: &[u8]) {
    let wachten = async { while getoond(hub, pki).await == oud {} };
    timeout(GEDULD, wachten).await.expect("the hub shows its new certificate");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hubs_certificate_and_then_its_ca_are_replaced_under_load_without_one_failed_call() {
    let mut pki = Pki::nieuw(&RECHTBANKEN);
    let hub = TestHub::with(|config| pki.voor(config)).await;
    let mut last = Last::begin(&hub.running.address.to_string(), pki.pad().to_owned());
    last.nog(50).await;
    for _ in 0..2 {
        let oud = getoond(&hub, &pki).await;
        pki.nieuwe_hub();
        toont_nieuw(&hub, &pki, &oud).await;
        last.nog(50).await;
    }
    // A new CA: trusted first, then in use by hub and clients, and only then alone.
    let oude = pki.nieuwe_ca();
    hub.running.reload.notify_one();
    last.nog(50).await;
    let oud = getoond(&hub, &pki).await;
    pki.nieuwe_hub();
    toont_nieuw(&hub, &pki, &oud).await;
    let achterblijver = kopie(&pki);
    for (wie, oin) in RECHTBANKEN {
        pki.geef_uit(wie, oin);
    }
    last.nog(100).await;
    pki.vergeet(oude);
    hub.running.reload.notify_one();
    last.nog(100).await;
    let adres = hub.running.address.to_string();
    let mislukt = last.einde().await;
    assert!(mislukt.is_empty(), "{} calls failed: {:#?}", mislukt.len(), mislukt.first());
    let config = achterblijver.0.laad().unwrap();
    assert_eq!(verklaar(&adres, "127.0.0.1", config).await, Err(VerbindFout::OnbekendeCa), "the old CA is forgotten");
}

/// The files of a client that does not move to the new CA.
fn kopie(pki: &Pki) -> (ClientTls, tempfile::TempDir) {
    let map = tempfile::tempdir().unwrap();
    for naam in ["ca.pem", "rechtbank.pem", "rechtbank.key"] {
        std::fs::copy(pki.pad().join(naam), map.path().join(naam)).unwrap();
    }
    let pad = |naam: &str| map.path().join(naam);
    (ClientTls { ca: pad("ca.pem"), certificaat: pad("rechtbank.pem"), sleutel: pad("rechtbank.key") }, map)
}
