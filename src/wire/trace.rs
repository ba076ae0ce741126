//! A span for every call, in the log and in the trace, with a request id and W3C trace context in and out. Names the method and the outcome;
//! never a body.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use http::{HeaderMap, HeaderValue, Request, Response};
use opentelemetry::trace::FutureExt as _;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::{Instrument as _, field, info_span};

use super::afloop::{Afloop, Gevolgd};
use super::status::{onleesbaar, reden, van_tonic};
use crate::domain::spoor;
use crate::identity::verbinding::Identiteit;
use crate::telemetry::meters::Meters;
use crate::telemetry::sporen::{Methode, Sporen};
use crate::time::Clock;

/// Header with the id of a request, for asking the operator about it.
const REQUEST_ID: &str = "x-request-id";
/// W3C Trace Context.
const TRACEPARENT: &str = "traceparent";
/// The health service, which is not in the contract.
const HEALTH: (&str, [&str; 2]) = ("grpc.health.v1.Health", ["Check", "Watch"]);

/// Adds the spans and the headers.
#[derive(Clone, Debug)]
pub(super) struct TraceLayer {
    clock: Clock,
    meters: Arc<Meters>,
    sporen: Sporen,
    methods: Arc<Methods>,
    datum: Arc<Datum>,
}

/// The time of the hub as a `date` header, by which a client sees that its clock differs. Written out once a second.
#[derive(Debug)]
struct Datum(ArcSwap<(i64, HeaderValue)>);

impl Datum {
    fn nu(&self, clock: &Clock) -> HeaderValue {
        let nu = clock.now();
        let laatste = self.0.load();
        if laatste.0 == nu.timestamp() {
            return laatste.1.clone();
        }
        let tekst = nu.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let datum = HeaderValue::try_from(tekst).unwrap_or_else(|_| HeaderValue::from_static(""));
        self.0.store(Arc::new((nu.timestamp(), datum.clone())));
        datum
    }
}

/// The methods by their path.
#[derive(Debug)]
struct Methods {
    known: HashMap<String, Arc<Methode>>,
    unknown: Arc<Methode>,
}

impl TraceLayer {
    pub(super) fn new(clock: Clock, meters: Arc<Meters>, sporen: Sporen) -> TraceLayer {
        let pool = jeugdketen_proto::pool();
        let names = |method: prost_reflect::MethodDescriptor| (method.parent_service().full_name().to_owned(), method.name().to_owned());
        let own = pool.services().flat_map(|service| service.methods().map(names).collect::<Vec<_>>());
        let (service, methods) = HEALTH;
        let all = own.chain(methods.map(|method| (service.to_owned(), method.to_owned())));
        let known = all.map(|(service, method)| (format!("/{service}/{method}"), Arc::new(Methode::new(&service, &method)))).collect();
        let methods = Methods { known, unknown: Arc::new(Methode::new("", "unknown")) };
        // No moment of a hub is this one.
        let datum = Datum(ArcSwap::from_pointee((i64::MIN, HeaderValue::from_static(""))));
        TraceLayer { clock, meters, sporen, methods: Arc::new(methods), datum: Arc::new(datum) }
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace { inner, layer: self.clone() }
    }
}

/// One service with its span and headers.
#[derive(Clone, Debug)]
pub(super) struct Trace<S> {
    inner: S,
    layer: TraceLayer,
}

impl<S, B, R> Service<Request<B>> for Trace<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = Response<Gevolgd<R>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let TraceLayer { clock, meters, sporen, methods, datum } = &self.layer;
        let id = clock.new_id();
        let context = valid_traceparent(request.headers()).unwrap_or_default();
        let oin = request.extensions().get::<Arc<Identiteit>>().map(|identiteit| identiteit.oin);
        // Any other path is a stranger's text.
        let methode = Arc::clone(methods.known.get(request.uri().path()).unwrap_or(&methods.unknown));
        // All at once: what is added to a span later is read and written anew with all that it had.
        let span = info_span!("call", method = &*methode.naam, request_id = %id, traceparent = context, oin = oin.map(field::display));
        let begin = clock.micros();
        let (clock, datum) = (clock.clone(), Arc::clone(datum));
        let aanroep = sporen.aanroep(&methode, &context);
        let trace = aanroep.as_ref().map(|aanroep| aanroep.context());
        let mut afloop = Afloop { methode, meters: Arc::clone(meters), aanroep, code: Code::Cancelled };
        let answer = self.inner.call(request);
        let work = async move {
            answer.await.map(|mut response| {
                let headers = response.headers_mut();
                // An answer of headers alone is a refusal, by the hub or by tonic.
                if let Some(mut fout) = Status::from_header_map(headers) {
                    if van_tonic(&fout) {
                        fout = onleesbaar(fout);
                        // It was read from headers, so it fits in them.
                        let _ = fout.add_header(headers);
                    }
                    if fout.code() != Code::Ok {
                        afloop.meters.aanroep_geweigerd(&afloop.methode.label, reden(&fout));
                    }
                }
                afloop.lees(headers);
                headers.extend(HeaderValue::try_from(id.to_string()).ok().map(|value| (http::HeaderName::from_static(REQUEST_ID), value)));
                headers.extend(
                    HeaderValue::try_from(&context)
                        .ok()
                        .filter(|value| !value.is_empty())
                        .map(|value| (http::HeaderName::from_static(TRACEPARENT), value)),
                );
                headers.insert(http::header::DATE, datum.nu(&clock));
                let code = headers.get("grpc-status").and_then(|code| code.to_str().ok()).unwrap_or("0");
                tracing::debug!(code, micros = clock.micros() - begin, "answered");
                response.map(|body| Gevolgd { body, afloop })
            })
        };
        match trace {
            Some(trace) => Box::pin(work.instrument(span).with_context(trace)),
            None => Box::pin(work.instrument(span)),
        }
    }
}

/// The trace context of a call; empty when there is none, or none that is valid.
pub(super) fn traceparent(metadata: &MetadataMap) -> String {
    valid_traceparent(metadata.as_ref()).unwrap_or_default()
}

/// A `traceparent` that can be read. Anything else is a stranger's text and is dropped.
fn valid_traceparent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(TRACEPARENT)?.to_str().ok()?;
    spoor::lees(text).map(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::try_from(text).unwrap());
        valid_traceparent(&headers)
    }

    #[test]
    fn the_date_is_that_of_the_clock_of_the_hub() {
        let clock = Clock::manual(crate::time::from_micros(784_111_777_900_000));
        let datum = Datum(ArcSwap::from_pointee((i64::MIN, HeaderValue::from_static(""))));
        assert_eq!(datum.nu(&clock), "Sun, 06 Nov 1994 08:49:37 GMT");
        clock.advance(chrono::TimeDelta::milliseconds(50));
        assert_eq!(datum.nu(&clock), "Sun, 06 Nov 1994 08:49:37 GMT");
        clock.advance(chrono::TimeDelta::milliseconds(50));
        assert_eq!(datum.nu(&clock), "Sun, 06 Nov 1994 08:49:38 GMT");
    }

    #[test]
    fn only_a_valid_traceparent_is_taken_over() {
        let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(read(valid).as_deref(), Some(valid));
        for refused in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "999990019",
            "",
        ] {
            assert_eq!(read(refused), None, "{refused}");
        }
    }
}
