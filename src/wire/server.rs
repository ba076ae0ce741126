//! Puts the services on the accepted connections with every limit set, and ends them in order: no new calls, open streams told, a last
//! deadline. Nothing listens here: connections come from `identity`.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use jeugdketen_proto::hub::exchange_service_server::ExchangeServiceServer;
use jeugdketen_proto::v1::audit_service_server::AuditServiceServer;
use jeugdketen_proto::v1::beheer_service_server::BeheerServiceServer;
use jeugdketen_proto::v1::register_service_server::RegisterServiceServer;
use jeugdketen_proto::v1::toezicht_service_server::ToezichtServiceServer;
use jeugdketen_proto::v1::traject_service_server::TrajectServiceServer;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic_health::ServingStatus;

use super::bundel::Bundel;
use super::exchange::Exchange;
use super::quota::{Quotum, QuotumLayer};
use super::{Hub, trace};
use crate::config::{Limits, seconds};
use crate::identity::verbinding::{Identiteit, Verbinding};

impl Connected for Verbinding {
    /// Who is behind it, for the handlers.
    type ConnectInfo = Arc<Identiteit>;

    fn connect_info(&self) -> Arc<Identiteit> {
        Arc::clone(self.identiteit())
    }
}

/// Room for the request around a message of the largest size.
const ENVELOPE: usize = 1024;
/// Largest answer; a page that would pass it is refused rather than sent.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// The size limits of one service; without them answers have none at all.
macro_rules! limited {
    ($service:expr, $limits:expr) => {
        $service.max_decoding_message_size($limits.message_bytes + ENVELOPE).max_encoding_message_size(LARGEST_ANSWER)
    };
}

/// Serves until `stop` fires and what was open has ended; after the last deadline connections are cut.
pub async fn serve(
    hub: Hub,
    reflection: bool,
    verbindingen: mpsc::Receiver<io::Result<Verbinding>>,
    stop: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    let l = hub.limits.clone();
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("", ServingStatus::Serving).await;
    health.set_service_status("jeugdketen.hub.v1.ExchangeService", ServingStatus::Serving).await;
    let quotum = Arc::new(Quotum::nieuw(&l));
    let mut routes = Routes::builder();
    routes
        .add_service(health_service)
        .add_service(limited!(ExchangeServiceServer::new(Exchange::new(hub.clone(), Arc::clone(&quotum))), l))
        .add_service(limited!(TrajectServiceServer::new(hub.clone()), l))
        .add_service(limited!(RegisterServiceServer::new(hub.clone()), l))
        .add_service(limited!(ToezichtServiceServer::new(hub.clone()), l))
        .add_service(limited!(AuditServiceServer::new(hub.clone()), l))
        .add_service(limited!(BeheerServiceServer::new(hub.clone()), l));
    if reflection {
        add_reflection(&mut routes);
    }

    let router = builder(&l)
        .layer(trace::TraceLayer::new(hub.clock.clone(), Arc::clone(&hub.meters), hub.sporen.clone()))
        .layer(QuotumLayer(quotum))
        .add_routes(routes.routes());

    let incoming = ReceiverStream::new(verbindingen).map(|verbinding| verbinding.map(Bundel::om));
    let serving = router.serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
    let deadline = async {
        stop.cancelled().await;
        health.set_service_status("", ServingStatus::NotServing).await;
        health.set_service_status("jeugdketen.hub.v1.ExchangeService", ServingStatus::NotServing).await;
        tokio::time::sleep(seconds(l.shutdown_s)).await;
        // A connection that never spoke HTTP/2, or whose client does not read, would keep the hub alive for ever.
        let cut = hub.verbindingen.verbreek_waar(|_| true);
        tracing::warn!(cut, "connections cut at the shutdown deadline");
        std::future::pending().await
    };
    tokio::select! {
        outcome = serving => outcome,
        () = deadline => Ok(()),
    }
}

/// Every limit on connections and streams.
fn builder(l: &Limits) -> Server {
    Server::builder()
        .max_concurrent_streams(l.streams)
        .http2_max_local_error_reset_streams(Some(l.local_resets))
        .http2_max_pending_accept_reset_streams(Some(l.pending_resets))
        .http2_max_header_list_size(l.header_bytes)
        .http2_keepalive_interval(Some(seconds(l.keepalive_s)))
        .http2_keepalive_timeout(Some(seconds(l.keepalive_timeout_s)))
        .max_connection_age(seconds(l.connection_age_s))
        .max_connection_age_grace(seconds(l.connection_grace_s))
}

/// Serves one service with the limits of the hub and nothing around it, for comparison: each answer is written as it comes.
pub async fn serve_bare<S>(
    service: S,
    limits: Limits,
    verbindingen: mpsc::Receiver<io::Result<Verbinding>>,
    stop: CancellationToken,
) -> Result<(), tonic::transport::Error>
where
    S: tower::Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    let incoming = ReceiverStream::new(verbindingen);
    builder(&limits).add_service(service).serve_with_incoming_shutdown(incoming, stop.cancelled_owned()).await
}

/// Generic clients ask either version.
fn add_reflection(routes: &mut RoutesBuilder) {
    let builder =
        || tonic_reflection::server::Builder::configure().register_encoded_file_descriptor_set(jeugdketen_proto::descriptor_set());
    match (builder().build_v1(), builder().build_v1alpha()) {
        (Ok(v1), Ok(v1alpha)) => drop(routes.add_service(v1).add_service(v1alpha)),
        (Err(error), _) | (_, Err(error)) => tracing::error!(%error, "reflection is off: the descriptors cannot be read"),
    }
}
