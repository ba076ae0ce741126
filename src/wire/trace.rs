//! A span for every call, with a request id and W3C trace context in and out. Names the method and the outcome; never a body.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue, Request, Response};
use tonic::Status;
use tonic::metadata::MetadataMap;
use tower::{Layer, Service};
use tracing::{Instrument as _, field, info_span};

use super::status::{onleesbaar, van_tonic};
use crate::time::Clock;

/// Header with the id of a request, for asking the operator about it.
const REQUEST_ID: &str = "x-request-id";
/// W3C Trace Context.
const TRACEPARENT: &str = "traceparent";
/// Methods of the health service, which is not in the contract.
const HEALTH: [&str; 2] = ["/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"];

/// Adds the span and the headers.
#[derive(Clone, Debug)]
pub(super) struct TraceLayer {
    clock: Clock,
    methods: Arc<HashSet<String>>,
}

impl TraceLayer {
    pub(super) fn new(clock: Clock) -> TraceLayer {
        let pool = jeugdketen_proto::pool();
        let method = |method: prost_reflect::MethodDescriptor| format!("/{}/{}", method.parent_service().full_name(), method.name());
        let own = pool.services().flat_map(|service| service.methods().map(method).collect::<Vec<_>>());
        let methods = own.chain(HEALTH.map(str::to_owned)).collect();
        TraceLayer { clock, methods: Arc::new(methods) }
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace { inner, clock: self.clock.clone(), methods: Arc::clone(&self.methods) }
    }
}

/// One service with its span and headers.
#[derive(Clone, Debug)]
pub(super) struct Trace<S> {
    inner: S,
    clock: Clock,
    methods: Arc<HashSet<String>>,
}

impl<S, B, R> Service<Request<B>> for Trace<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let id = self.clock.new_id();
        let context = valid_traceparent(request.headers()).unwrap_or_default();
        let oin = request.extensions().get::<super::server::Verbonden>().map(|verbonden| verbonden.0.oin);
        // Any other path is a stranger's text.
        let method = self.methods.get(request.uri().path()).map_or("unknown", String::as_str);
        let span = info_span!("call", method, request_id = %id, traceparent = context, oin = field::Empty);
        if let Some(oin) = oin {
            span.record("oin", field::display(oin));
        }
        let begin = self.clock.micros();
        let clock = self.clock.clone();
        let answer = self.inner.call(request);
        let work = async move {
            let mut answer = answer.await;
            if let Ok(response) = &mut answer {
                let headers = response.headers_mut();
                // An answer of headers alone is a refusal, by the hub or by tonic.
                if let Some(fout) = Status::from_header_map(headers).filter(van_tonic) {
                    // It was read from headers, so it fits in them.
                    let _ = onleesbaar(fout).add_header(headers);
                }
                headers.extend(HeaderValue::try_from(id.to_string()).ok().map(|value| (http::HeaderName::from_static(REQUEST_ID), value)));
                headers.extend(
                    HeaderValue::try_from(&context)
                        .ok()
                        .filter(|value| !value.is_empty())
                        .map(|value| (http::HeaderName::from_static(TRACEPARENT), value)),
                );
                let code = headers.get("grpc-status").and_then(|code| code.to_str().ok()).unwrap_or("0");
                tracing::debug!(code, micros = clock.micros() - begin, "answered");
            }
            answer
        };
        Box::pin(work.instrument(span))
    }
}

/// The trace context of a call; empty when there is none, or none that is valid.
pub(super) fn traceparent(metadata: &MetadataMap) -> String {
    valid_traceparent(metadata.as_ref()).unwrap_or_default()
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, ids not all zeros. Anything else is a stranger's text and is dropped.
fn valid_traceparent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(TRACEPARENT)?.to_str().ok()?;
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, parent, flags] = parts[..] else { return None };
    let hex = |part: &str, length| part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let zero = |part: &str| part.bytes().all(|b| b == b'0');
    let valid = version == "00" && hex(trace, 32) && !zero(trace) && hex(parent, 16) && !zero(parent) && hex(flags, 2);
    valid.then(|| text.to_owned())
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
