//! New files while connections live: revocation, roll-back, damage, rotation.

use std::fs;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use ketenhub::certs::{Aanvraag, CrlPlan};
use ketenhub::identity::crl::CrlFout;
use ketenhub::identity::herladen::{HerlaadInstellingen, Ronde};
use ketenhub::identity::tls::{TlsFout, TlsStand};
use ketenhub::identity::weigering::Reden;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::opstelling::{GEDULD, Hub, OIN, aanvraag, ca, crl, geldig, verbind_met, wacht_tot};

#[tokio::test]
async fn a_revoked_certificate_loses_its_live_connection_within_ten_seconds() {
    let ca = ca("CA");
    let (goed, fout) = (ca.geef_uit(&aanvraag()).unwrap(), ca.geef_uit(&aanvraag()).unwrap());
    let mut hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    tokio::spawn(hub.herlader().draai(Arc::new(Notify::new()), hub.stop.clone()));
    let mut blijver = hub.verbind(hub.client(&goed)).await.unwrap();
    let mut lijn = hub.verbind(hub.client(&fout)).await.unwrap();
    assert!(lijn.leeft().await);
    hub.schrijf_crl(0, &crl(&ca, 2, &[&fout.serienummer]));
    lijn.dood().await;
    assert_eq!(timeout(GEDULD, hub.einden.recv()).await.unwrap(), Some(ErrorKind::ConnectionAborted));
    assert_eq!(hub.verbindingen.aantal(), 1, "a cut connection leaves the register");
    assert!(blijver.leeft().await, "its neighbour stays");
    hub.weigert(hub.client(&fout), Reden::CertificaatIngetrokken).await;
}

#[tokio::test]
async fn a_trigger_reloads_at_once() {
    let ca = ca("CA");
    let houder = ca.geef_uit(&aanvraag()).unwrap();
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let aanleiding = Arc::new(Notify::new());
    let nooit = HerlaadInstellingen { interval: Duration::from_secs(86_400), herverificatie: Duration::from_secs(86_400) };
    let mut lijn = hub.verbind(hub.client(&houder)).await.unwrap();
    tokio::spawn(hub.herlader_met(nooit).draai(aanleiding.clone(), hub.stop.clone()));
    hub.schrijf_crl(0, &crl(&ca, 2, &[&houder.serienummer]));
    aanleiding.notify_one();
    lijn.dood().await;
}

#[tokio::test]
async fn a_revoked_intermediate_loses_the_live_connections_below_it() {
    let ca = ca("CA");
    let tussen = ca.tussen("Intermediate", geldig(-100, 1000)).unwrap();
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[]), crl(&tussen, 1, &[])]).await;
    let mut lijn = hub.verbind(hub.client(&tussen.geef_uit(&aanvraag()).unwrap())).await.unwrap();
    hub.schrijf_crl(0, &crl(&ca, 2, &[tussen.serienummer()]));
    assert_eq!(hub.herlader().ronde(false).await, Ronde::Geladen { verbroken: 1, bezwaren: Vec::new() });
    lijn.dood().await;
}

#[tokio::test]
async fn a_removed_ca_loses_its_live_connections() {
    let (ca_a, ca_b) = (ca("CA A"), ca("CA B"));
    let hub = Hub::start(&[&ca_a, &ca_b], &[crl(&ca_a, 1, &[]), crl(&ca_b, 1, &[])]).await;
    let mut a = hub.verbind(hub.client(&ca_a.geef_uit(&aanvraag()).unwrap())).await.unwrap();
    let mut b = hub.verbind(hub.client(&ca_b.geef_uit(&aanvraag()).unwrap())).await.unwrap();
    hub.schrijf_cas(&[&ca_b]);
    assert_eq!(hub.herlader().ronde(false).await, Ronde::Geladen { verbroken: 1, bezwaren: Vec::new() });
    a.dood().await;
    assert!(b.leeft().await);
}

#[tokio::test]
async fn a_certificate_that_expires_loses_its_live_connection() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let kort = ca.geef_uit(&Aanvraag { geldig: geldig(-1, 1), ..aanvraag() }).unwrap();
    let mut lijn = hub.verbind(hub.client(&kort)).await.unwrap();
    let mut herlader = hub.herlader_met(HerlaadInstellingen { herverificatie: Duration::ZERO, ..Default::default() });
    assert_eq!(herlader.ronde(false).await, Ronde::Ongewijzigd { verbroken: 0 });
    hub.zet_klok(2);
    assert_eq!(herlader.ronde(false).await, Ronde::Ongewijzigd { verbroken: 1 });
    lijn.dood().await;
}

#[tokio::test]
async fn a_list_that_runs_out_cuts_the_connections_of_its_own_issuer_only() {
    let (ca_a, ca_b) = (ca("CA A"), ca("CA B"));
    let kort = ca_a.crl(&CrlPlan { nummer: 1, geldig: geldig(-2, 1), ingetrokken: Vec::new() }).unwrap();
    let hub = Hub::start(&[&ca_a, &ca_b], &[kort, crl(&ca_b, 1, &[])]).await;
    let mut a = hub.verbind(hub.client(&ca_a.geef_uit(&aanvraag()).unwrap())).await.unwrap();
    let mut b = hub.verbind(hub.client(&ca_b.geef_uit(&aanvraag()).unwrap())).await.unwrap();
    hub.zet_klok(2);
    assert_eq!(hub.herlader().ronde(true).await, Ronde::Ongewijzigd { verbroken: 1 });
    a.dood().await;
    assert!(b.leeft().await);
}

#[tokio::test]
async fn a_damaged_list_keeps_the_previous_one_and_does_not_hold_back_another_issuers_revocations() {
    let (ca_a, ca_b) = (ca("CA A"), ca("CA B"));
    let (goed_a, fout_a) = (ca_a.geef_uit(&aanvraag()).unwrap(), ca_a.geef_uit(&aanvraag()).unwrap());
    let b = ca_b.geef_uit(&aanvraag()).unwrap();
    let lijst_a = crl(&ca_a, 1, &[&fout_a.serienummer]);
    let hub = Hub::start(&[&ca_a, &ca_b], &[lijst_a.clone(), crl(&ca_b, 1, &[])]).await;
    let mut lijn = hub.verbind(hub.client(&b)).await.unwrap();
    let mut herlader = hub.herlader();
    for schade in ["", "garbage", &lijst_a[..lijst_a.len() / 2], "\u{30}\u{3}abc"] {
        hub.schrijf_crl(0, schade);
        let Ronde::Geladen { bezwaren, .. } = herlader.ronde(false).await else { panic!("the rest is loaded") };
        assert!(matches!(&bezwaren[..], [TlsFout::Crl { fout: CrlFout::Onleesbaar | CrlFout::Leeg, .. }]), "{bezwaren:?}");
        hub.verbind(hub.client(&goed_a)).await.unwrap();
        hub.weigert(hub.client(&fout_a), Reden::CertificaatIngetrokken).await;
    }
    hub.schrijf_crl(1, &crl(&ca_b, 2, &[&b.serienummer]));
    assert!(matches!(herlader.ronde(false).await, Ronde::Geladen { verbroken: 1, .. }));
    lijn.dood().await;
    assert_eq!(herlader.ronde(false).await, Ronde::Ongewijzigd { verbroken: 0 }, "the damage is reported once");
    hub.zet_klok(31);
    hub.weigert(hub.client(&goed_a), Reden::CrlVerlopen).await;
}

#[tokio::test]
async fn a_hub_does_not_start_with_damaged_files() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    for bestand in [&hub.bestanden.crls[0], &hub.bestanden.client_ca, &hub.bestanden.certificaat, &hub.bestanden.sleutel] {
        let goed = fs::read(bestand).unwrap();
        fs::write(bestand, "garbage").unwrap();
        assert!(TlsStand::laad(&hub.bestanden, &hub.klok, None).is_err(), "{}", bestand.display());
        fs::remove_file(bestand).unwrap();
        assert!(TlsStand::laad(&hub.bestanden, &hub.klok, None).is_err(), "{}", bestand.display());
        fs::write(bestand, goed).unwrap();
    }
    let mut zonder = hub.bestanden.clone();
    zonder.crls.clear();
    assert_eq!(TlsStand::laad(&zonder, &hub.klok, None).unwrap_err(), TlsFout::GeenCrl);
}

#[tokio::test]
async fn an_older_list_is_not_taken_back() {
    let ca = ca("CA");
    let houder = ca.geef_uit(&aanvraag()).unwrap();
    let hub = Hub::start(&[&ca], &[crl(&ca, 300, &[&houder.serienummer])]).await;
    let mut herlader = hub.herlader();
    hub.schrijf_crl(0, &crl(&ca, 299, &[]));
    let pad = hub.bestanden.crls[0].clone();
    let bezwaren = vec![TlsFout::Crl { pad: pad.clone(), fout: CrlFout::Teruggedraaid }];
    assert_eq!(herlader.ronde(false).await, Ronde::Geladen { verbroken: 0, bezwaren: bezwaren.clone() });
    hub.weigert(hub.client(&houder), Reden::CertificaatIngetrokken).await;
    // Nor by a detour: first another list in its place, then the old one.
    let ander = super::opstelling::ca("Another CA");
    hub.schrijf_crl(0, &crl(&ander, 1, &[]));
    assert_eq!(herlader.ronde(false).await, Ronde::Geladen { verbroken: 0, bezwaren: Vec::new() });
    hub.weigert(hub.client(&houder), Reden::CrlOntbreekt).await;
    hub.schrijf_crl(0, &crl(&ca, 299, &[]));
    assert_eq!(herlader.ronde(false).await, Ronde::Geladen { verbroken: 0, bezwaren });
    // A newer one that takes the revocation back is the issuer's right.
    hub.schrijf_crl(0, &crl(&ca, 301, &[]));
    assert_eq!(herlader.ronde(false).await, Ronde::Geladen { verbroken: 0, bezwaren: Vec::new() });
    hub.verbind(hub.client(&houder)).await.unwrap();
}

#[tokio::test]
async fn a_forged_list_is_not_used() {
    let (ca, nep) = (ca("CA"), ca("CA"));
    let houder = ca.geef_uit(&aanvraag()).unwrap();
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[&houder.serienummer])]).await;
    hub.schrijf_crl(0, &crl(&nep, 2, &[]));
    let bezwaren = vec![TlsFout::Crl { pad: hub.bestanden.crls[0].clone(), fout: CrlFout::Vervalst }];
    assert_eq!(hub.herlader().ronde(false).await, Ronde::Geladen { verbroken: 0, bezwaren });
    hub.weigert(hub.client(&houder), Reden::CertificaatIngetrokken).await;
}

#[tokio::test]
async fn of_two_versions_of_a_list_the_newest_counts_in_whatever_order() {
    let ca = ca("CA");
    let houder = ca.geef_uit(&aanvraag()).unwrap();
    let (oud, nieuw) = (crl(&ca, 1, &[]), crl(&ca, 2, &[&houder.serienummer]));
    for lijsten in [[oud.clone(), nieuw.clone()], [nieuw, oud]] {
        let hub = Hub::start(&[&ca], &lijsten).await;
        hub.weigert(hub.client(&houder), Reden::CertificaatIngetrokken).await;
    }
}

#[tokio::test]
async fn the_hubs_certificate_changes_under_live_connections() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let config = Arc::new(hub.client(&ca.geef_uit(&aanvraag()).unwrap()));
    let mut oud = hub.verbind(config.clone()).await.unwrap();
    let sleutel = fs::read(&hub.bestanden.sleutel).unwrap();
    hub.vernieuw_hubcertificaat();
    let nieuwe_sleutel = fs::read(&hub.bestanden.sleutel).unwrap();
    let mut herlader = hub.herlader();
    // Halfway: the new certificate is there, the new key is not.
    fs::write(&hub.bestanden.sleutel, sleutel).unwrap();
    let Ronde::Geladen { verbroken: 0, bezwaren } = herlader.ronde(false).await else { panic!("the rest is loaded") };
    assert!(matches!(&bezwaren[..], [TlsFout::HubCertificaat { .. }]), "{bezwaren:?}");
    let halverwege = hub.verbind(config.clone()).await.unwrap();
    assert_eq!(hubcertificaat(&halverwege), hubcertificaat(&oud));
    fs::write(&hub.bestanden.sleutel, nieuwe_sleutel).unwrap();
    assert_eq!(herlader.ronde(false).await, Ronde::Geladen { verbroken: 0, bezwaren: Vec::new() });
    let nieuw = hub.verbind(config).await.unwrap();
    assert_ne!(hubcertificaat(&nieuw), hubcertificaat(&oud));
    assert!(oud.leeft().await);
}

#[tokio::test]
async fn a_new_certificate_of_the_same_organisation_has_the_same_identity() {
    let ca = ca("CA");
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let _oud = hub.verbind(hub.client(&ca.geef_uit(&aanvraag()).unwrap())).await.unwrap();
    let _nieuw = hub.verbind(hub.client(&ca.geef_uit(&aanvraag()).unwrap())).await.unwrap();
    let [oud, nieuw] = &hub.verbindingen.overzicht()[..] else { panic!("two connections") };
    assert_eq!(oud.oin, nieuw.oin);
    assert_ne!(oud.serienummer, nieuw.serienummer);
    assert_ne!(oud.verbinding_id, nieuw.verbinding_id);
    assert_eq!(hub.verbindingen.verbreek_oin(&OIN.parse().unwrap()), 2);
    wacht_tot("both have left the register", || hub.verbindingen.aantal() == 0).await;
}

#[tokio::test]
async fn a_revocation_during_the_handshake_is_not_missed() {
    let ca = ca("CA");
    let houder = ca.geef_uit(&aanvraag()).unwrap();
    let hub = Hub::start(&[&ca], &[crl(&ca, 1, &[])]).await;
    let (adres, vastgehouden, laat_los) = tussenpersoon(hub.adres.clone()).await;
    let config = hub.client(&houder);
    let verbinden = tokio::spawn(async move { verbind_met(&adres, config).await });
    vastgehouden.await.unwrap();
    hub.schrijf_crl(0, &crl(&ca, 2, &[&houder.serienummer]));
    assert_eq!(hub.herlader().ronde(false).await, Ronde::Geladen { verbroken: 0, bezwaren: Vec::new() });
    laat_los.send(()).unwrap();
    assert!(verbinden.await.unwrap().is_err());
    wacht_tot("it is refused as revoked", || hub.tellers.geweigerd(Reden::CertificaatIngetrokken) == 1).await;
    assert_eq!((hub.tellers.aangenomen(), hub.verbindingen.aantal()), (0, 0));
}

fn hubcertificaat(lijn: &super::opstelling::Lijn) -> Vec<u8> {
    lijn.0.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

/// Passes on everything between a client and the hub, but holds the client's second flight, in which its certificate is, until it
/// may go.
async fn tussenpersoon(hub: String) -> (String, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let deur = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let adres = deur.local_addr().unwrap().to_string();
    let (meld, vastgehouden) = oneshot::channel();
    let (laat_los, los) = oneshot::channel();
    tokio::spawn(async move {
        let (mut van_client, mut naar_client) = deur.accept().await.unwrap().0.into_split();
        let (mut van_hub, mut naar_hub) = TcpStream::connect(hub).await.unwrap().into_split();
        tokio::spawn(async move { copy(&mut van_hub, &mut naar_client).await });
        let mut vlucht = vec![0; 1 << 16];
        let n = van_client.read(&mut vlucht).await.unwrap();
        naar_hub.write_all(&vlucht[..n]).await.unwrap();
        let n = van_client.read(&mut vlucht).await.unwrap();
        meld.send(()).unwrap();
        los.await.unwrap();
        naar_hub.write_all(&vlucht[..n]).await.unwrap();
        copy(&mut van_client, &mut naar_hub).await
    });
    (adres, vastgehouden, laat_los)
}
