//! A collector in this process that takes traces and metrics over OTLP and keeps them. It judges nothing.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{MetricsService, MetricsServiceServer};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use crate::support::berichten::GEDULD;

/// What came in.
#[derive(Clone, Default)]
pub struct Ontvanger {
    traces: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    metrics: Arc<Mutex<Vec<ExportMetricsServiceRequest>>>,
    /// How many spans of the next exports it says it rejected; negative: it is away.
    weigert: Arc<AtomicI64>,
    geweigerd: Arc<AtomicI64>,
    kwam: Arc<Notify>,
}

impl Ontvanger {
    /// Starts one; returns it with its address as a URL.
    pub async fn start() -> (Ontvanger, String) {
        Ontvanger::op(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// The same on an address.
    pub fn op(listener: TcpListener) -> (Ontvanger, String) {
        let ontvanger = Ontvanger::default();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Server::builder().add_service(TraceServiceServer::new(ontvanger.clone()));
        let server = server.add_service(MetricsServiceServer::new(ontvanger.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        (ontvanger, url)
    }

    /// From now on it says of an export that so many spans of it were rejected; negative: that it is away.
    pub fn weiger(&self, aantal: i64) {
        self.weigert.store(aantal, Ordering::SeqCst);
    }

    /// How many exports it rejected, whole or in part.
    pub fn geweigerd(&self) -> i64 {
        self.geweigerd.load(Ordering::SeqCst)
    }

    /// Waits until what came in is as it should be.
    pub async fn wacht(&self, goed: impl Fn(&[Span]) -> bool) -> Vec<Span> {
        let wacht = async {
            loop {
                let kwam = self.kwam.notified();
                let spans = self.spans();
                if goed(&spans) {
                    return spans;
                }
                kwam.await;
            }
        };
        timeout(GEDULD, wacht).await.unwrap_or_else(|_| panic!("not all came in: {} spans", self.spans().len()))
    }

    /// Every span that came in.
    pub fn spans(&self) -> Vec<Span> {
        let traces = self.traces.lock().unwrap();
        let spans = traces.iter().flat_map(|verzoek| &verzoek.resource_spans).flat_map(|resource| &resource.scope_spans);
        spans.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// Everything that came in, as text.
    pub fn alles(&self) -> String {
        format!("{:?}{:?}", self.traces.lock().unwrap(), self.metrics.lock().unwrap())
    }

    /// Everything that came in, as bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let traces = self.traces.lock().unwrap().iter().flat_map(prost::Message::encode_to_vec).collect::<Vec<_>>();
        let metrics = self.metrics.lock().unwrap().iter().flat_map(prost::Message::encode_to_vec).collect::<Vec<_>>();
        [traces, metrics].concat()
    }

    /// The names of all metrics that came in.
    pub fn metrics(&self) -> Vec<String> {
        let metrics = self.metrics.lock().unwrap();
        let scopes = metrics.iter().flat_map(|verzoek| &verzoek.resource_metrics).flat_map(|resource| &resource.scope_metrics);
        scopes.flat_map(|scope| scope.metrics.iter().map(|metric| metric.name.clone())).collect()
    }
}

/// The attributes of a span as text, in the order of their names.
pub fn attributen(span: &Span) -> Vec<(String, String)> {
    let waarde = |waarde: &Value| match waarde {
        Value::StringValue(tekst) => tekst.clone(),
        Value::IntValue(getal) => getal.to_string(),
        ander => panic!("an attribute of another type: {ander:?}"),
    };
    let attribuut = |kv: &opentelemetry_proto::tonic::common::v1::KeyValue| {
        (kv.key.clone(), waarde(kv.value.as_ref().unwrap().value.as_ref().unwrap()))
    };
    let mut alle: Vec<_> = span.attributes.iter().map(attribuut).collect();
    alle.sort();
    alle
}

#[tonic::async_trait]
impl TraceService for Ontvanger {
    async fn export(&self, request: Request<ExportTraceServiceRequest>) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let rejected_spans = self.weigert.load(Ordering::SeqCst);
        if rejected_spans != 0 {
            self.geweigerd.fetch_add(1, Ordering::SeqCst);
            self.kwam.notify_waiters();
        }
        if rejected_spans < 0 {
            return Err(Status::unavailable("away"));
        }
        if rejected_spans > 0 {
            let deel = ExportTracePartialSuccess { rejected_spans, ..ExportTracePartialSuccess::default() };
            return Ok(Response::new(ExportTraceServiceResponse { partial_success: Some(deel) }));
        }
        self.traces.lock().unwrap().push(request.into_inner());
        self.kwam.notify_waiters();
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Ontvanger {
    async fn export(&self, request: Request<ExportMetricsServiceRequest>) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.metrics.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
