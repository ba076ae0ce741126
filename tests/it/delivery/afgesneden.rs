//! Who may not take part any more loses its open stream within ten seconds, and hears why when it comes back.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use jeugdketen_proto::v1::beheer_service_client::BeheerServiceClient;
use jeugdketen_proto::v1::register_service_client::RegisterServiceClient;
use jeugdketen_proto::v1::{ListDeelnemersRequest, PutDeelnemerRequest, Rol, SetStatusRequest, StatusDeelnemer};
use ketenhub::identity::client::{ClientTls, VerbindFout, verklaar};
use ketenhub::time::Clock;
use tokio::time::timeout;
use tonic::{Code, Status};

use crate::support::berichten::{GI, GI_2, abonneer, dien_in, einde, reden, volgende, zitting};
use crate::support::hub::TestHub;
use crate::support::pki::Pki;

/// The longest that a stream may outlive the right to it.
const TIEN_SECONDEN: Duration = Duration::from_secs(10);

/// What the participant hears when it comes back. A connection that is cut once more before its answer is tried again.
async fn hoort(hub: &TestHub, wie: &str) -> Status {
    let opnieuw = async {
        loop {
            let status = abonneer(&mut hub.exchange(wie).await, None).await.expect_err("it may not subscribe");
            if !reden(&status).is_empty() {
                return status;
            }
        }
    };
    timeout(TIEN_SECONDEN, opnieuw).await.expect("an explained answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_participant_that_is_suspended_or_ended_loses_its_stream_and_then_hears_why() {
    // The longest time between two looks at the register that a configuration may set.
    let hub = TestHub::with(|config| config.tls.reload_s = 5).await;
    let mut beheer = BeheerServiceClient::new(hub.channel("beheerder").await);
    for (stand, waarom) in [
        (StatusDeelnemer::Geschorst, "DEELNEMER_GESCHORST"),
        (StatusDeelnemer::Beeindigd, "BEVOEGDHEID_BEEINDIGD"),
        (StatusDeelnemer::Failliet, "BEVOEGDHEID_BEEINDIGD"),
    ] {
        let (mut gi, mut buur) = (hub.exchange("gi").await, hub.exchange("gi-2").await);
        let mut stroom = abonneer(&mut gi, Some(0)).await.unwrap();
        let mut blijver = abonneer(&mut buur, None).await.unwrap();
        beheer.set_status(SetStatusRequest { oin: GI.to_owned(), status: stand.into() }).await.unwrap();
        let status = einde(&mut stroom, TIEN_SECONDEN).await;
        assert_ne!(status.code(), Code::Ok);
        let status = hoort(&hub, "gi").await;
        assert_eq!((status.code(), &*reden(&status)), (Code::PermissionDenied, waarom));
        dien_in(&mut hub.exchange("rechtbank").await, &zitting(GI_2)).await.unwrap();
        volgende(&mut blijver).await.expect("its neighbour stays");
        beheer.set_status(SetStatusRequest { oin: GI.to_owned(), status: StatusDeelnemer::Actief.into() }).await.unwrap();
    }
    // Accepted while it was away, it waits.
    dien_in(&mut hub.exchange("rechtbank").await, &zitting(GI)).await.unwrap();
    let mut gi = hub.exchange("gi").await;
    assert_eq!(volgende(&mut abonneer(&mut gi, None).await.unwrap()).await.unwrap().postvaknummer, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_participant_whose_last_day_has_passed_loses_its_stream_and_then_hears_why() {
    let klok = Clock::manual(DateTime::from_timestamp(1_798_800_000, 0).unwrap());
    let hub = TestHub::with_clock(klok.clone(), |config| config.tls.reload_s = 5).await;
    let mut register = RegisterServiceClient::new(hub.channel("beheerder").await);
    let alle = register.list_deelnemers(ListDeelnemersRequest { rol: Rol::Gi.into() }).await.unwrap().into_inner().deelnemers;
    let mut gi = alle.into_iter().find(|deelnemer| deelnemer.oin == GI).unwrap();
    gi.geldig_tot_en_met = klok.today().to_string();
    let mut beheer = BeheerServiceClient::new(hub.channel("beheerder").await);
    beheer.put_deelnemer(PutDeelnemerRequest { deelnemer: Some(gi) }).await.unwrap();
    let mut exchange = hub.exchange("gi").await;
    let mut stroom = abonneer(&mut exchange, None).await.expect("the last day counts");
    klok.advance(TimeDelta::days(1));
    einde(&mut stroom, TIEN_SECONDEN).await;
    let status = hoort(&hub, "gi").await;
    assert_eq!((status.code(), &*reden(&status)), (Code::PermissionDenied, "BEVOEGDHEID_BEEINDIGD"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_revoked_loses_its_stream_and_its_neighbour_does_not() {
    let mut pki = Pki::nieuw(&[("rechtbank", "00000099010000001000"), ("gi-2", GI_2)]);
    let ingetrokken = pki.geef_uit("gi", GI);
    let hub = TestHub::with(|config| {
        pki.voor(config);
        config.tls.reload_s = 5;
    })
    .await;
    let (mut gi, mut buur) = (hub.exchange("gi").await, hub.exchange("gi-2").await);
    let mut stroom = abonneer(&mut gi, None).await.unwrap();
    let mut blijver = abonneer(&mut buur, None).await.unwrap();
    pki.trek_in(&[&ingetrokken]);
    assert_ne!(einde(&mut stroom, TIEN_SECONDEN).await.code(), Code::Ok);
    assert_eq!(uitleg(&hub, pki.pad(), "gi").await, Err(VerbindFout::Ingetrokken));
    dien_in(&mut hub.exchange("rechtbank").await, &zitting(GI_2)).await.unwrap();
    volgende(&mut blijver).await.expect("its neighbour stays");
    // The participant itself is not ended: with a new certificate it goes on where it was.
    pki.geef_uit("gi", GI);
    dien_in(&mut hub.exchange("rechtbank").await, &zitting(GI)).await.unwrap();
    let mut gi = hub.exchange("gi").await;
    assert_eq!(volgende(&mut abonneer(&mut gi, None).await.unwrap()).await.unwrap().postvaknummer, 1);
}

async fn uitleg(hub: &TestHub, certs: &Path, wie: &str) -> Result<(), VerbindFout> {
    let tls =
        ClientTls { ca: certs.join("ca.pem"), certificaat: certs.join(format!("{wie}.pem")), sleutel: certs.join(format!("{wie}.key")) };
    verklaar(&hub.running.address.to_string(), "127.0.0.1", tls.laad().unwrap()).await
}
