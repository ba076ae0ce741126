//! `/metrics` and `/health`.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use ketenhub::store::Store;

use super::{hub_na_het_verhaal, vraag};
use crate::support::berichten::{abonneer, volgende};
use crate::support::zaak::{Zaak, oin};

/// The value of a series, by its name and labels as Prometheus shows them.
fn waarde(metrics: &str, reeks: &str) -> f64 {
    let gevonden = metrics.lines().find_map(|regel| regel.strip_prefix(reeks)?.strip_prefix(' '));
    gevonden.unwrap_or_else(|| panic!("no {reeks} in {metrics}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_sees_what_was_accepted_refused_repeated_delivered_and_acknowledged() {
    let (zaak, operator) = hub_na_het_verhaal().await;
    let mut gemeente = zaak.exchange("gemeente").await;
    let mut stroom = abonneer(&mut gemeente, Some(0)).await.unwrap();
    volgende(&mut stroom).await.unwrap();
    zaak.clock.advance(TimeDelta::hours(3));
    let (status, metrics) = vraag(&operator, "/metrics").await;
    assert_eq!(status, "HTTP/1.1 200 OK");
    let is = |reeks: &str, verwacht: f64| assert_eq!(waarde(&metrics, reeks), verwacht, "{reeks}");
    is("ketenhub_accepted_total{soort=\"Uitspraak\"}", 2.0);
    is("ketenhub_accepted_total{soort=\"Intakeresultaat\"}", 3.0);
    is("ketenhub_repeated_total", 1.0);
    is("ketenhub_refused_total{reason=\"ONGEOORLOOFDE_TOETSING\",soort=\"Jeugdhulpbepaling\"}", 1.0);
    is("ketenhub_delivered_total{rol=\"GI\"}", 7.0);
    is("ketenhub_acknowledged_total{rol=\"GI\"}", 7.0);
    is("ketenhub_subscriptions", 1.0);
    is("ketenhub_receipt_wait_seconds_count{rol=\"GI\",soort=\"Uitspraak\"}", 1.0);
    is("ketenhub_uitspraak_delay_days_count", 2.0);
    // The thirteen, the repetition and the second uitspraak.
    let methode = "method=\"jeugdketen.hub.v1.ExchangeService/Submit\"";
    is(&format!("ketenhub_calls_total{{code=\"OK\",{methode}}}"), 15.0);
    is(&format!("ketenhub_calls_refused_total{{{methode},reason=\"ONGEOORLOOFDE_TOETSING\"}}"), 1.0);
    is("ketenhub_database_up", 1.0);
    is("ketenhub_connections_refused_total{reason=\"crl_verlopen\"}", 0.0);
    assert!(waarde(&metrics, "ketenhub_certificate_remaining_days") > 1.0);
    assert!(waarde(&metrics, "ketenhub_crl_remaining_days{file=\"crl.pem\"}") > 1.0);
    assert!(waarde(&metrics, "ketenhub_connections") >= 6.0);
    // Who did not acknowledge has waited since; the clock of the hub moved three hours, and not before.
    let wie = |wie: &str| format!("{{oin=\"{}\"}}", oin(wie));
    is(&format!("ketenhub_oldest_unacknowledged_age_seconds{}", wie("gemeente")), 3.0 * 3600.0);
    assert!(waarde(&metrics, &format!("ketenhub_unacknowledged{}", wie("gemeente"))) >= 1.0);
    // The case of the story was in time but for what had been explained; with the second case nobody did anything.
    is("ketenhub_clock_warnings_total{norm=\"KOERS\",percent=\"100\"}", 1.0);
    is("ketenhub_clocks{norm=\"KOERS\",outcome=\"GEHAALD\"}", 1.0);
    is("ketenhub_clocks{norm=\"KOERS\",outcome=\"VERSTREKEN\"}", 1.0);
    // A page is named as the hub names it, never as it was asked.
    is("ketenhub_page_duration_seconds_count{code=\"200\",page=\"/traject/{maatregel}\"}", 1.0);
    assert!(!metrics.contains(&zaak.maatregel));
    assert!(metrics.contains("service_name=\"ketenhub\"") && !metrics.contains("otel_scope"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hubs_in_one_process_count_apart() {
    let (_zaak, operator) = hub_na_het_verhaal().await;
    let ander = Zaak::met(|config| config.telemetrie.metrics = Some(([127, 0, 0, 1], 0).into())).await;
    let (_, metrics) = vraag(&ander.hub.running.operator.unwrap().to_string(), "/metrics").await;
    assert!(!metrics.contains("ketenhub_accepted_total{"), "{metrics}");
    assert!(vraag(&operator, "/metrics").await.1.contains("ketenhub_accepted_total{"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_audit_tree_and_destroyed_bodies_are_shown() {
    let zaak = Zaak::met(|config| config.telemetrie.metrics = Some(([127, 0, 0, 1], 0).into())).await;
    let operator = zaak.hub.running.operator.unwrap().to_string();
    let voor = vraag(&operator, "/metrics").await.1;
    assert!(!voor.contains("ketenhub_audit_tree_size"), "there is no tree yet");
    assert_eq!(waarde(&voor, "ketenhub_destroyed_total"), 0.0);
    let meters = &zaak.hub.running.hub.meters;
    meters.checkpoint(42, 1_700_000_000_000_000);
    meters.vernietigd(3);
    let na = vraag(&operator, "/metrics").await.1;
    assert_eq!(waarde(&na, "ketenhub_audit_tree_size"), 42.0);
    assert_eq!(waarde(&na, "ketenhub_audit_checkpoint_timestamp_seconds"), 1_700_000_000.0);
    assert_eq!(waarde(&na, "ketenhub_destroyed_total"), 3.0);
}

/// Takes every connection for reading, so that who asks next waits.
async fn bezet(store: &Store) -> Vec<ketenhub::store::Lezing> {
    let mut bezet = Vec::new();
    for _ in 0..4 {
        bezet.push(store.read().await.unwrap());
    }
    bezet
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_answer_holds_no_scrape_up_and_the_hub_is_not_ready() {
    let (zaak, operator) = hub_na_het_verhaal().await;
    let bezet = bezet(&zaak.hub.running.hub.store).await;
    let begin = Instant::now();
    let (status, metrics) = vraag(&operator, "/metrics").await;
    assert_eq!((&*status, waarde(&metrics, "ketenhub_database_up")), ("HTTP/1.1 200 OK", 0.0));
    let (status, health) = vraag(&operator, "/health").await;
    assert_eq!(status, "HTTP/1.1 503 Service Unavailable");
    assert!(health.contains("\"ready\":false,\"database\":false"), "{health}");
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    drop(bezet);
    let (status, health) = vraag(&operator, "/health").await;
    assert_eq!(status, "HTTP/1.1 200 OK");
    let health: serde_json::Value = serde_json::from_str(&health).unwrap();
    assert_eq!(health["ready"], true);
    assert!(health["participants"].as_u64().unwrap() > 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_with_an_empty_register_is_not_ready() {
    let zaak = Zaak::met(|config| {
        config.register_seed = None;
        config.telemetrie.metrics = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    let (status, health) = vraag(&zaak.hub.running.operator.unwrap().to_string(), "/health").await;
    assert_eq!(status, "HTTP/1.1 503 Service Unavailable");
    assert_eq!(health, "{\"ready\":false,\"database\":true,\"participants\":0}\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_not_told_to_has_no_operators_port() {
    assert_eq!(Zaak::leeg().await.hub.running.operator, None);
}
