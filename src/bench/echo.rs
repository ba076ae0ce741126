//! The yardstick: a server that sends a message back, behind the same acceptor with the same certificates and HTTP/2 settings as the hub,
//! and with nothing else behind it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use jeugdketen_proto::raw::SubmitRequest;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::config::{Config, seconds};
use crate::hub::{klok, tls_bestanden};
use crate::identity::acceptor::{Acceptor, AcceptorInstellingen};
use crate::identity::tls::TlsStand;
use crate::time::Clock;
use crate::wire;

/// The path of the one method.
pub(super) const PATH: &str = "/ketenhub.bench.Echo/Echo";

/// An echo server that runs.
pub(super) struct Echo {
    pub(super) address: SocketAddr,
    stop: CancellationToken,
}

impl Echo {
    pub(super) fn stop(self) {
        self.stop.cancel();
    }
}

/// Starts it on a free port.
pub(super) async fn start(config: &Config, clock: &Clock) -> anyhow::Result<Echo> {
    let klok = klok(clock);
    let stand = Arc::new(ArcSwap::from_pointee(TlsStand::laad(&tls_bestanden(config), &klok, None)?));
    let listener = TcpListener::bind(config.listen).await?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let settings = AcceptorInstellingen {
        handshake_deadline: seconds(config.limits.handshake_s),
        max_handshakes: config.limits.handshakes,
        max_verbindingen: config.limits.connections,
    };
    let (connections, _) = Acceptor::start(listener, stand, Arc::default(), klok, settings, stop.clone());
    let serving = wire::serve_bare(EchoService, config.limits.clone(), connections, stop.clone());
    tokio::spawn(serving);
    Ok(Echo { address, stop })
}

#[derive(Clone)]
struct EchoService;

impl NamedService for EchoService {
    const NAME: &'static str = "ketenhub.bench.Echo";
}

impl tower::Service<http::Request<Body>> for EchoService {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move { Ok(Grpc::new(ProstCodec::<SubmitRequest, SubmitRequest>::default()).unary(SendBack, request).await) })
    }
}

struct SendBack;

impl UnaryService<SubmitRequest> for SendBack {
    type Response = SubmitRequest;
    type Future = std::future::Ready<Result<Response<SubmitRequest>, Status>>;

    fn call(&mut self, request: Request<SubmitRequest>) -> Self::Future {
        std::future::ready(Ok(Response::new(request.into_inner())))
    }
}
