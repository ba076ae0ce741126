//! What goes along with every call: request ids, trace context, health, reflection, and that nothing at all is said to who shows no
//! certificate. The handshake itself is tested in `tls`.

use std::collections::BTreeSet;

use std::sync::Arc;

use bytes::Bytes;
use jeugdketen_proto::v1::{self, Rol};
use ketenhub::wire::client::{Adres, kanaal};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::support::draad::{methoden, roep, roep_met};
use crate::support::hub::CERTS;
use crate::support::repository;
use crate::support::zaak::Zaak;

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn request_id(metadata: &tonic::metadata::MetadataMap) -> String {
    let id = metadata.get("x-request-id").unwrap_or_else(|| panic!("no request id in {metadata:?}")).to_str().unwrap().to_owned();
    assert!(uuid::Uuid::try_parse(&id).is_ok(), "{id}");
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_and_every_refusal_has_a_request_id_of_its_own() {
    let zaak = Zaak::leeg().await;
    let mut ids = Vec::new();
    for wie in ["gi", "beheerder", "onbekend"] {
        let kanaal = zaak.kanaal(wie).await;
        for methode in methoden().into_iter().map(|methode| methode.naam).chain(["GeenService/GeenMethode".to_owned()]) {
            match roep(&kanaal, &methode, vec![Bytes::new()]).await {
                Ok(antwoord) => ids.push(request_id(antwoord.metadata())),
                Err(status) => ids.push(request_id(status.metadata())),
            }
        }
    }
    let aantal = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), aantal), (aantal, 3 * (methoden().len() + 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn trace_context_comes_back_and_travels_with_the_message_and_anything_else_is_dropped() {
    let mut zaak = Zaak::leeg().await;
    for (header, verwacht) in [(Some(TRACEPARENT), TRACEPARENT), (Some("999990019"), ""), (Some("00-zz-zz-zz"), ""), (None, "")] {
        for stroom in [false, true] {
            let bericht = Some(zaak.nieuw("01"));
            let mut client = zaak.exchange("rechtbank").await;
            let headers = match stroom {
                false => {
                    let vraag = met_header(Request::new(v1::SubmitRequest { bericht, ..Default::default() }), header);
                    client.submit(vraag).await.unwrap().metadata().clone()
                }
                true => {
                    let vraag =
                        met_header(Request::new(tokio_stream::iter([v1::SubmitStreamRequest { bericht, ..Default::default() }])), header);
                    let antwoord = client.submit_stream(vraag).await.unwrap();
                    let headers = antwoord.metadata().clone();
                    assert!(antwoord.into_inner().message().await.unwrap().is_some());
                    headers
                }
            };
            assert_eq!(headers.get("traceparent").map_or("", |waarde| waarde.to_str().unwrap()), verwacht);
            let post = zaak.post("gi").await;
            let mut stappen = BTreeSet::from([vervolgt(&post.last().unwrap().traceparent, verwacht)]);
            let na = Some(post.len() as u64 - 1);
            let mut abonnement = zaak.exchange("gi").await.subscribe(v1::SubscribeRequest { na }).await.unwrap().into_inner();
            let Some(v1::subscribe_response::Gebeurtenis::Levering(levering)) = abonnement.message().await.unwrap().unwrap().gebeurtenis
            else {
                panic!("a delivery comes first")
            };
            stappen.insert(vervolgt(&levering.traceparent, verwacht));
            assert_eq!(stappen.len(), 2, "each delivery is a step of its own");
        }
    }
}

/// The step that a delivery names, which goes on from the caller's trace when there is one.
fn vervolgt(levering: &str, van: &str) -> [u8; 8] {
    let (trace, stap) = ketenhub::domain::spoor::lees(levering).expect("a valid traceparent");
    if let Some((van_trace, van_stap)) = ketenhub::domain::spoor::lees(van) {
        assert_eq!(trace, van_trace);
        assert_ne!(stap, van_stap);
    }
    stap
}

fn met_header<T>(mut vraag: Request<T>, traceparent: Option<&'static str>) -> Request<T> {
    if let Some(traceparent) = traceparent {
        vraag.metadata_mut().insert("traceparent", traceparent.parse().unwrap());
    }
    vraag
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_says_that_it_serves() {
    let zaak = Zaak::leeg().await;
    let mut health = HealthClient::new(zaak.kanaal("beheerder").await);
    for service in ["", "jeugdketen.hub.v1.ExchangeService"] {
        let antwoord = health.check(HealthCheckRequest { service: service.to_owned() }).await.unwrap().into_inner();
        assert_eq!(antwoord.status(), ServingStatus::Serving, "{service}");
    }
    let onbekend = health.check(HealthCheckRequest { service: "jeugdketen.hub.v1.Geen".to_owned() }).await.unwrap_err();
    assert_eq!(onbekend.code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_is_silent_unless_it_is_configured() {
    assert_eq!(diensten(&Zaak::leeg().await).await.unwrap_err(), Code::Unimplemented);
    let gevonden = diensten(&Zaak::met(|config| config.reflection = true).await).await.unwrap();
    for methode in methoden() {
        let dienst = format!("jeugdketen.hub.v1.{}", methode.naam.split('/').next().unwrap());
        assert!(gevonden.contains(&dienst), "{dienst} is not among {gevonden:?}");
    }
}

/// The services that reflection names.
async fn diensten(zaak: &Zaak) -> Result<Vec<String>, Code> {
    let vraag = ServerReflectionRequest { host: String::new(), message_request: Some(MessageRequest::ListServices(String::new())) };
    let mut client = ServerReflectionClient::new(zaak.kanaal("gi").await);
    let antwoorden = client.server_reflection_info(tokio_stream::iter([vraag])).await.map_err(|status| status.code())?;
    let antwoord = antwoorden.into_inner().message().await.map_err(|status| status.code())?.unwrap();
    let Some(MessageResponse::ListServicesResponse(lijst)) = antwoord.message_response else { panic!("no list of services") };
    Ok(lijst.service.into_iter().map(|service| service.name).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shows_no_certificate_gets_no_answer_to_anything() {
    let zaak = Zaak::met(|config| config.reflection = true).await;
    let adres = zaak.hub.running.address.to_string();
    for kanaal in [zonder_certificaat(&adres).await, zonder_tls(&adres).await] {
        // With TLS 1.3 a client can think for a moment that it is in.
        let Some(kanaal) = kanaal else { continue };
        HealthClient::new(kanaal.clone()).check(HealthCheckRequest::default()).await.expect_err("health is not for strangers");
        for methode in methoden().into_iter().map(|methode| methode.naam) {
            let vraag = Request::new(tokio_stream::iter([Bytes::new()]));
            let status = roep_met(&kanaal, &methode, vraag).await.expect_err(&methode);
            assert!(status.metadata().get("x-request-id").is_none() && status.details().is_empty(), "{methode}: {status:?}");
            assert!(matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal), "{methode}: {status:?}");
        }
    }
    // The hub is as it was: those with a certificate go on.
    assert!(zaak.post("gi").await.is_empty());
    assert_eq!(zaak.hub.running.hub.register.nu().bevoegde_in_rol(Rol::Gi, zaak.clock.today()).len(), 3);
}

async fn zonder_certificaat(adres: &str) -> Option<Channel> {
    let mut ca = rustls::RootCertStore::empty();
    ca.add(CertificateDer::from_pem_file(repository().join(CERTS).join("ca.pem")).unwrap()).unwrap();
    let voorziening = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(voorziening).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(ca).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    kanaal(&Adres::parse(adres).unwrap(), Arc::new(config)).await.ok()
}

async fn zonder_tls(adres: &str) -> Option<Channel> {
    Endpoint::from_shared(format!("http://{adres}")).unwrap().connect().await.ok()
}
