//! Hands the records about a person to an external Logboek Dataverwerkingen over OTLP, in order, a page at a time; the cursor moves when the
//! other side acknowledged the page. So a record can arrive twice and never not at all. It writes no record: the log itself is `audit`.

use std::time::Duration;

use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::Handeling;
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};

use crate::domain::ids::Oin;
use crate::store::audit::{self, Rij, code};
use crate::store::{Store, StoreError, logboek};
use crate::telemetry::causes;

/// Records that are looked at for one page.
const BLAD: i64 = 512;
/// How long the other side has for a page.
const GEDULD: Duration = Duration::from_secs(10);
/// The time between two looks when there is nothing to send, or the other side does not take it.
const INTERVAL: Duration = Duration::from_millis(500);

/// Why a page was not handed over. It stays where it is and is tried again.
#[derive(Debug, thiserror::Error)]
pub enum LogboekFout {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The logbook did not answer, or refused.
    #[error("the external logbook did not take it")]
    Uitvoer(#[from] tonic::Status),
    /// The logbook acknowledged a part only.
    #[error("the external logbook rejected {0} records of a page")]
    Gedeeltelijk(i64),
    /// It cannot be addressed.
    #[error("the external logbook cannot be addressed")]
    Adres(#[from] tonic::transport::Error),
}

/// The way to an external logbook.
#[derive(Clone, Debug)]
pub struct Logboek {
    store: Store,
    client: TraceServiceClient<Channel>,
    vorm: Vorm,
}

impl Logboek {
    /// To the logbook at `otlp`, whose activities are named below `register`. It connects when there is something to send.
    pub fn nieuw(store: Store, hub: Oin, otlp: String, tls: Option<ClientTlsConfig>, register: &str) -> Result<Logboek, LogboekFout> {
        let endpoint = Endpoint::from_shared(otlp)?.timeout(GEDULD).connect_timeout(GEDULD);
        let endpoint = if let Some(tls) = tls { endpoint.tls_config(tls)? } else { endpoint };
        let vorm = Vorm { hub: hub.to_string(), register: register.trim_end_matches('/').to_owned() };
        Ok(Logboek { store, client: TraceServiceClient::new(endpoint.connect_lazy()), vorm })
    }

    /// Follows the audit log until the token fires. What is not sent by then is sent after the next start.
    pub async fn volg(mut self, stop: CancellationToken) {
        let mut bereikbaar = true;
        loop {
            let gedaan = tokio::select! {
                () = stop.cancelled() => return,
                gedaan = self.stuur() => gedaan,
            };
            match &gedaan {
                Ok(_) if !bereikbaar => tracing::info!("the external logbook takes records again"),
                Err(error) if bereikbaar => {
                    tracing::warn!(error = %causes(error), "records wait for the external logbook; they are sent again until it takes them");
                }
                _ => {}
            }
            bereikbaar = gedaan.is_ok();
            if !matches!(gedaan, Ok(true)) {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(INTERVAL) => {}
                }
            }
        }
    }

    /// Hands over the next page; whether there may be more at once.
    async fn stuur(&mut self) -> Result<bool, LogboekFout> {
        let mut lezing = self.store.read().await?;
        let van = logboek::tot(&mut lezing.conn()).await?;
        let rijen = audit::na(&mut lezing.conn(), van, BLAD).await?;
        drop(lezing);
        let Some(tot) = rijen.last().map(|rij| rij.nr) else { return Ok(false) };
        let vol = rijen.len() as i64 == BLAD;
        let spans: Vec<Span> = rijen.iter().filter_map(|rij| self.vorm.span(rij)).collect();
        if !spans.is_empty() {
            let antwoord = self.client.export(verzoek(spans)).await?.into_inner();
            if let Some(deel) = antwoord.partial_success.filter(|deel| deel.rejected_spans != 0) {
                return Err(LogboekFout::Gedeeltelijk(deel.rejected_spans));
            }
        }
        let (mut tx, _) = self.store.write().await?;
        // When another hub was first, what it sent was sent twice: that is allowed, a gap is not.
        if logboek::verzet(&mut tx.conn(), van, tot).await? {
            tx.commit().await?;
        }
        Ok(vol)
    }
}

fn verzoek(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let resource = Resource {
        attributes: vec![
            attribuut("service.name", "ketenhub".to_owned()),
            attribuut("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        ],
        ..Resource::default()
    };
    let scope = InstrumentationScope { name: "ketenhub.logboek".to_owned(), ..InstrumentationScope::default() };
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans, schema_url: String::new() }];
    ExportTraceServiceRequest { resource_spans: vec![ResourceSpans { resource: Some(resource), scope_spans, schema_url: String::new() }] }
}

/// What a record looks like in the logbook: the text of the LDV standard of October 2025.
#[derive(Clone, Debug)]
struct Vorm {
    hub: String,
    register: String,
}

impl Vorm {
    /// A record about a person; none for any other.
    fn span(&self, rij: &Rij) -> Option<Span> {
        let betrokkene = rij.betrokkene.as_deref()?;
        let activiteit = activiteit(rij);
        let mut attributes = vec![
            attribuut("dpl.core.processing_activity_id", format!("{}/{activiteit}", self.register)),
            attribuut("dpl.core.data_subject_id", hex::encode(betrokkene)),
            // The record does not say by what the person was identified, and the pseudonym must not either.
            attribuut("dpl.core.data_subject_id_type", "PSEUDONIEM".to_owned()),
        ];
        if rij.wie != self.hub {
            attributes.push(attribuut("dpl.core.foreign_operation.processor", format!("urn:oin:{}", rij.wie)));
            // What is above a delivery is the submission, a step of this hub; what is above a call is a step of the caller.
            let van_buiten = rij.handeling != code(Handeling::Geleverd);
            if let Some(ouder) = rij.ouder.as_deref().filter(|_| van_buiten) {
                attributes.push(attribuut("dpl.core.foreign_operation.span_id", hex::encode(ouder)));
            }
        }
        let geweigerd = [Handeling::Geweigerd, Handeling::Poging].map(code).contains(&rij.handeling.as_str());
        if geweigerd {
            attributes.push(attribuut("exception.type", rij.reden.clone()));
        }
        let code = if geweigerd { StatusCode::Error } else { StatusCode::Ok };
        // A record of before there was a trace for it gets the ids of its seal, the same each time it is sent.
        let eigen = |veld: &Option<Vec<u8>>, lengte: usize| veld.clone().unwrap_or_else(|| rij.blad.iter().copied().take(lengte).collect());
        Some(Span {
            trace_id: eigen(&rij.trace, 16),
            span_id: eigen(&rij.span, 8),
            parent_span_id: rij.ouder.clone().unwrap_or_default(),
            name: activiteit,
            kind: SpanKind::Internal.into(),
            start_time_unix_nano: nano(rij.begonnen_op),
            end_time_unix_nano: nano(rij.op),
            attributes,
            status: Some(Status { code: code.into(), message: String::new() }),
            ..Span::default()
        })
    }
}

/// The processing activity: the act, and the kind of message or what was called. `docs/decisions/0013-one-log.md` lists them.
fn activiteit(rij: &Rij) -> String {
    let soort = Kind::ALL.into_iter().find(|kind| *kind as i32 == rij.soort).map(Kind::field);
    let waarvan = soort.unwrap_or(&rij.reden);
    let naam = if waarvan.is_empty() { rij.handeling.clone() } else { format!("{}-{waarvan}", rij.handeling) };
    naam.to_lowercase().replace('_', "-")
}

fn nano(micros: i64) -> u64 {
    micros.max(0).unsigned_abs().saturating_mul(1000)
}

fn attribuut(naam: &str, waarde: String) -> KeyValue {
    KeyValue { key: naam.to_owned(), value: Some(AnyValue { value: Some(Value::StringValue(waarde)) }), ..KeyValue::default() }
}
