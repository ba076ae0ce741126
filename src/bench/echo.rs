//! The yardstick of the wire: a server that sends a message back, one by one or over a stream, or that leaves a stream open and says
//! nothing; behind the same acceptor with the same certificates and HTTP/2 settings as the hub, and with nothing else behind it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use jeugdketen_proto::raw::{SubmitRequest, SubmitStreamRequest, SubmitStreamResponse, Uitkomst};
use tokio::net::TcpListener;
use tokio_stream::StreamExt as _;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, ServerStreamingService, StreamingService, UnaryService};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::config::{Config, seconds};
use crate::hub::{klok, tls_bestanden};
use crate::identity::acceptor::{Acceptor, AcceptorInstellingen, Protocol};
use crate::identity::tls::TlsStand;
use crate::time::Clock;
use crate::wire;

/// Sends one message back.
pub(super) const ECHO: &str = "/ketenhub.bench.Echo/Echo";
/// Sends every message of a stream back.
pub(super) const ECHO_STREAM: &str = "/ketenhub.bench.Echo/EchoStream";
/// Opens a stream on which nothing comes.
pub(super) const SILENCE: &str = "/ketenhub.bench.Echo/Silence";

/// Serves until `stop` fires; says where on standard error.
pub(super) async fn serve(config: &Config, stop: CancellationToken) -> anyhow::Result<()> {
    let klok = klok(&Clock::machine());
    let stand = Arc::new(ArcSwap::from_pointee(TlsStand::laad(&tls_bestanden(config), &klok, None)?));
    let listener = TcpListener::bind(config.listen).await?;
    let address = listener.local_addr()?;
    let settings = AcceptorInstellingen {
        handshake_deadline: seconds(config.limits.handshake_s),
        max_handshakes: config.limits.handshakes,
        max_verbindingen: config.limits.connections,
        protocol: Protocol::Grpc,
    };
    let (connections, _) = Acceptor::start(listener, stand, Arc::default(), klok, settings, stop.clone());
    eprintln!("the yardstick listens on {address}");
    Ok(wire::serve_bare(EchoService, config.limits.clone(), connections, stop).await?)
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
        Box::pin(async move {
            Ok(match request.uri().path() {
                ECHO_STREAM => {
                    let codec = ProstCodec::<SubmitStreamResponse, SubmitStreamRequest>::default();
                    Grpc::new(codec).streaming(SendBack, request).await
                }
                SILENCE => Grpc::new(ProstCodec::<SubmitRequest, SubmitRequest>::default()).server_streaming(SendBack, request).await,
                _ => Grpc::new(ProstCodec::<SubmitRequest, SubmitRequest>::default()).unary(SendBack, request).await,
            })
        })
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

type Answers<T> = Pin<Box<dyn tokio_stream::Stream<Item = Result<T, Status>> + Send>>;

impl StreamingService<SubmitStreamRequest> for SendBack {
    type Response = SubmitStreamResponse;
    type ResponseStream = Answers<SubmitStreamResponse>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<SubmitStreamRequest>>) -> Self::Future {
        let back =
            |request: SubmitStreamRequest| SubmitStreamResponse { uitkomst: Some(Uitkomst::Receipt(request.bericht.unwrap_or_default())) };
        let answers = request.into_inner().map(move |request| request.map(back));
        std::future::ready(Ok(Response::new(Box::pin(answers))))
    }
}

impl ServerStreamingService<SubmitRequest> for SendBack {
    type Response = SubmitRequest;
    type ResponseStream = Answers<SubmitRequest>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, _: Request<SubmitRequest>) -> Self::Future {
        std::future::ready(Ok(Response::new(Box::pin(tokio_stream::pending()))))
    }
}
