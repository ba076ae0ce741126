//! Traces: a span for each call and one for each batch of the writer. Spans are made here and nowhere else, and get only what these
//! functions take: nothing that is logged ends up in a trace, and the exporter cannot trace itself. Every call is recorded, whatever its
//! caller thought of sampling.

use std::sync::Arc;

use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::Rol;
use opentelemetry::trace::{Link, Span as _, SpanContext, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceState, Tracer as _};
use opentelemetry::{Context, KeyValue, SpanId, TraceId};
use opentelemetry_sdk::trace::SdkTracer;

use super::meters::rol_naam;
use crate::domain::spoor;

/// Makes spans; none at all when they have nowhere to go.
#[derive(Clone, Debug, Default)]
pub struct Sporen(Option<SdkTracer>);

/// A method of the contract, as spans and metrics name it. Made once, so that a call copies no text but the name of its span.
#[derive(Clone, Debug)]
pub struct Methode {
    /// `jeugdketen.hub.v1.ExchangeService/Submit`.
    pub naam: Arc<str>,
    /// The label of metrics.
    pub label: KeyValue,
    attributen: [KeyValue; 3],
}

impl Methode {
    /// A method by the names of its service and its own.
    pub fn new(service: &str, methode: &str) -> Methode {
        let naam: Arc<str> = if service.is_empty() { methode.into() } else { format!("{service}/{methode}").into() };
        let tekst = |tekst: &str| Arc::<str>::from(tekst);
        let attributen = [
            KeyValue::new("rpc.system", "grpc"),
            KeyValue::new("rpc.service", tekst(service)),
            KeyValue::new("rpc.method", tekst(methode)),
        ];
        Methode { label: KeyValue::new("method", Arc::clone(&naam)), naam, attributen }
    }
}

impl Sporen {
    /// Spans that go where the tracer sends them.
    pub(super) fn new(tracer: SdkTracer) -> Sporen {
        Sporen(Some(tracer))
    }

    /// Begins the span of a call, below its caller's when that sent a valid `traceparent`; empty is none.
    pub fn aanroep(&self, methode: &Methode, traceparent: &str) -> Option<Aanroep> {
        let tracer = self.0.as_ref()?;
        let builder = tracer.span_builder(methode.naam.to_string()).with_kind(SpanKind::Server).with_attributes(methode.attributen.clone());
        let boven = ouder(traceparent).map_or_else(Context::new, |ouder| Context::new().with_remote_span_context(ouder));
        Some(Aanroep(Context::new().with_span(builder.start_with_context(tracer, &boven))))
    }

    /// Begins the span of a batch, linked to the calls that asked for it.
    pub fn batch<'a>(&self, verzoeken: usize, aanroepen: impl Iterator<Item = &'a SpanContext>) -> Batch {
        let begin = |tracer: &SdkTracer| {
            let links = aanroepen.map(|aanroep| Link::new(aanroep.clone(), Vec::new(), 0)).collect();
            let grootte = KeyValue::new("ketenhub.batch.size", i64::try_from(verzoeken).unwrap_or(i64::MAX));
            let builder = tracer.span_builder("ketenhub batch").with_kind(SpanKind::Internal).with_links(links).with_attributes([grootte]);
            builder.start_with_context(tracer, &Context::new())
        };
        Batch(self.0.as_ref().map(begin))
    }
}

/// The span of a call. It ends with the call, not with the handler: a stream goes on after that.
#[derive(Clone, Debug)]
pub struct Aanroep(Context);

impl Aanroep {
    /// The context in which the call is handled.
    pub fn context(&self) -> Context {
        self.0.clone()
    }

    /// Ends it with a gRPC status code. Only what is the hub's fault is an error.
    pub fn einde(&self, code: i32) {
        let span = self.0.span();
        span.set_attribute(KeyValue::new("rpc.grpc.status_code", i64::from(code)));
        // UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
        if matches!(code, 2 | 4 | 12..=15) {
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// The span of a batch. It ends when it is dropped.
#[derive(Debug)]
pub struct Batch(Option<opentelemetry_sdk::trace::Span>);

impl Batch {
    /// How many messages of a kind it holds; asked only when somebody will read it.
    pub fn soorten(&mut self, soorten: impl FnOnce() -> Vec<(Kind, u64)>) {
        if let Some(span) = &mut self.0 {
            let aantal = |aantal: u64| i64::try_from(aantal).unwrap_or(i64::MAX);
            span.set_attributes(soorten().into_iter().map(|(kind, n)| KeyValue::new(format!("ketenhub.batch.{}", kind.name()), aantal(n))));
        }
    }

    /// Nothing of it happened.
    pub fn mislukt(&mut self) {
        if let Some(span) = &mut self.0 {
            span.set_status(Status::error(""));
        }
    }
}

/// Says in the span of the call that is handled here who calls.
pub fn beller(oin: impl std::fmt::Display, rol: Rol) {
    Context::map_current(|context| {
        let span = context.span();
        if span.is_recording() {
            span.set_attribute(KeyValue::new("ketenhub.participant.oin", oin.to_string()));
            span.set_attribute(KeyValue::new("ketenhub.participant.role", rol_naam(rol)));
        }
    });
}

/// The span of the call that is handled here.
pub fn huidig() -> Option<SpanContext> {
    Context::map_current(|context| Some(context.span().span_context()).filter(|span| span.is_valid()).cloned())
}

/// The caller's span in a `traceparent`.
fn ouder(traceparent: &str) -> Option<SpanContext> {
    let (trace, span) = spoor::lees(traceparent)?;
    Some(SpanContext::new(TraceId::from_bytes(trace), SpanId::from_bytes(span), TraceFlags::SAMPLED, true, TraceState::NONE))
}
