//! Where traces and metrics go: to a collector over OTLP, to the operator's port, or nowhere. Each hub has its own, and nothing is global.
//! Sending is done by threads beside the hub, from queues that drop when they are full: nobody who submits waits for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::{Meter, MeterProvider as _, NoopMeterProvider};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::tonic_types::transport::{Certificate, ClientTlsConfig};
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, SpanExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider};
use prometheus::Registry;
use tokio::sync::oneshot;

use super::meters::Meters;
use super::sporen::Sporen;
use crate::config::Telemetrie;

/// How long one export may take.
const EXPORT: Duration = Duration::from_secs(2);
/// How long the last export may take, all in all.
const LAATSTE: Duration = Duration::from_secs(4);
/// Spans that wait to be sent; beyond it they are dropped.
const WACHTRIJ: usize = 16_384;
/// Spans in one export, and how long the first waits.
const SPANS: (usize, Duration) = (512, Duration::from_secs(1));
/// The time between two exports of metrics.
const METRICS: Duration = Duration::from_secs(15);
/// Links of a span: as many as a batch has requests.
const LINKS: u32 = 256;

/// Why traces and metrics cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum UitvoerFout {
    /// The issuers of the collector cannot be read.
    #[error("cannot read {0}")]
    Ca(PathBuf, #[source] std::io::Error),
    /// The collector cannot be addressed.
    #[error("the collector")]
    Otlp(#[from] ExporterBuildError),
    /// Metrics cannot be shown.
    #[error("the metrics")]
    Metrics(#[from] OTelSdkError),
}

/// The instruments of one hub and the way out for what they measure.
#[derive(Debug)]
pub struct Uitvoer {
    /// What is counted while messages pass.
    pub meters: Arc<Meters>,
    /// Spans.
    pub sporen: Sporen,
    /// For what is read when it is asked for.
    pub meter: Meter,
    /// What the operator's port shows; none when there is no such port.
    pub register: Option<Registry>,
    metrics: SdkMeterProvider,
    traces: Option<SdkTracerProvider>,
}

impl Uitvoer {
    /// Sets up what the configuration asks for. It connects to nobody yet: a collector that is not there is tried again with each export.
    pub fn start(config: &Telemetrie) -> Result<Uitvoer, UitvoerFout> {
        let resource = || {
            let versie = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
            Resource::builder().with_service_name("ketenhub").with_attribute(versie).build()
        };
        let mut metrics = SdkMeterProvider::builder().with_resource(resource());
        let mut register = None;
        if config.metrics.is_some() {
            let eigen = Registry::new();
            let lezer = opentelemetry_prometheus::exporter().with_registry(eigen.clone()).scope_info_enabled(false);
            metrics = metrics.with_reader(lezer.build()?);
            register = Some(eigen);
        }
        let mut traces = None;
        if let Some(otlp) = &config.otlp {
            let tls = tls(config.otlp_ca.as_deref())?;
            let exporter = MetricExporter::builder().with_tonic().with_endpoint(otlp).with_timeout(EXPORT);
            let exporter = if let Some(tls) = tls.clone() { exporter.with_tls_config(tls) } else { exporter };
            metrics = metrics.with_reader(PeriodicReader::builder(exporter.build()?).with_interval(METRICS).build());
            let exporter = SpanExporter::builder().with_tonic().with_endpoint(otlp).with_timeout(EXPORT);
            let exporter = if let Some(tls) = tls { exporter.with_tls_config(tls) } else { exporter };
            let (aantal, wachttijd) = SPANS;
            let config = BatchConfigBuilder::default().with_max_queue_size(WACHTRIJ).with_max_export_batch_size(aantal);
            let config = config.with_scheduled_delay(wachttijd).build();
            let processor = BatchSpanProcessor::builder(exporter.build()?).with_batch_config(config).build();
            let provider = SdkTracerProvider::builder().with_span_processor(processor).with_sampler(Sampler::AlwaysOn);
            traces = Some(provider.with_max_links_per_span(LINKS).with_resource(resource()).build());
        }
        let metrics = metrics.build();
        // Without anybody to read them, instruments that cost nothing.
        let gelezen = config.metrics.is_some() || config.otlp.is_some();
        let meter = if gelezen { metrics.meter("ketenhub") } else { NoopMeterProvider::new().meter("ketenhub") };
        let sporen = traces.as_ref().map(|traces| Sporen::new(traces.tracer("ketenhub"))).unwrap_or_default();
        Ok(Uitvoer { meters: Arc::new(Meters::new(&meter)), sporen, meter, register, metrics, traces })
    }

    /// Sends what is left and ends, within a few seconds whoever is at the other side.
    pub async fn stop(self) {
        let (klaar, wacht) = oneshot::channel();
        // A thread of its own: this blocks, and the last to leave must not be kept by a collector that does not answer.
        std::thread::spawn(move || {
            let traces = self.traces.map_or(Ok(()), |traces| traces.shutdown_with_timeout(EXPORT));
            let _ = klaar.send(traces.and(self.metrics.shutdown_with_timeout(EXPORT)));
        });
        match tokio::time::timeout(LAATSTE, wacht).await {
            Ok(Ok(Ok(()))) => {}
            _ => tracing::warn!("the last traces and metrics could not all be sent"),
        }
    }
}

/// Trusts only the issuers that the operator named.
pub fn tls(ca: Option<&Path>) -> Result<Option<ClientTlsConfig>, UitvoerFout> {
    let Some(ca) = ca else { return Ok(None) };
    let pem = std::fs::read(ca).map_err(|error| UitvoerFout::Ca(ca.to_owned(), error))?;
    Ok(Some(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem))))
}
