//! The exchange service with its messages as bytes: which call it is, and from whom. What is done with it stands in `voorkant`.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, ServerStreamingService, UnaryService};
use tonic::{Request, Response, Status};

use super::stap::SUBSCRIBE;
use super::{GROOTSTE, Methode, Staat};
use crate::conform::lijn::{Bytecodec, Wie};

/// The exchange service as bytes.
#[derive(Clone)]
pub(super) struct Dienst(pub(super) Arc<Staat>);

impl NamedService for Dienst {
    const NAME: &'static str = "jeugdketen.hub.v1.ExchangeService";
}

type Toekomst<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl tower::Service<http::Request<Body>> for Dienst {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Toekomst<Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, vraag: http::Request<Body>) -> Self::Future {
        let staat = Arc::clone(&self.0);
        Box::pin(async move {
            let mut grpc = Grpc::new(Bytecodec).max_decoding_message_size(GROOTSTE);
            let methode = match vraag.uri().path() {
                SUBSCRIBE => return Ok(grpc.server_streaming(Stromend(staat), vraag).await),
                pad => [Methode::Submit, Methode::Fetch, Methode::Acknowledge].into_iter().find(|methode| methode.pad().path() == pad),
            };
            Ok(match methode {
                Some(methode) => grpc.unary(Unair(staat, methode), vraag).await,
                None => staat.door(vraag).await.unwrap_or_else(Status::into_http),
            })
        })
    }
}

fn wie<T>(vraag: &Request<T>) -> Wie {
    vraag.extensions().get::<Wie>().cloned().unwrap_or(Wie(None))
}

struct Unair(Arc<Staat>, Methode);

impl UnaryService<Bytes> for Unair {
    type Response = Bytes;
    type Future = Toekomst<Result<Response<Bytes>, Status>>;

    fn call(&mut self, vraag: Request<Bytes>) -> Self::Future {
        let (staat, methode, wie) = (Arc::clone(&self.0), self.1, wie(&vraag));
        Box::pin(async move { staat.unair(&wie, methode, vraag.into_inner()).await.map(Response::new) })
    }
}

struct Stromend(Arc<Staat>);

impl ServerStreamingService<Bytes> for Stromend {
    type Response = Bytes;
    type ResponseStream = ReceiverStream<Result<Bytes, Status>>;
    type Future = Toekomst<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, vraag: Request<Bytes>) -> Self::Future {
        let (staat, wie) = (Arc::clone(&self.0), wie(&vraag));
        Box::pin(async move { staat.abonneer(wie, vraag.into_inner()).await.map(Response::new) })
    }
}
