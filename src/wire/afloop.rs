//! How a call ends: with the status in its headers, in its trailers, or with nobody left to hear it. Told once, to its span and to the
//! meters. It reads no body.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tonic::Code;

use crate::telemetry::meters::Meters;
use crate::telemetry::sporen::{Aanroep, Methode};

/// What is known of a call until it ends. Told when it is dropped.
pub(super) struct Afloop {
    pub(super) methode: Arc<Methode>,
    pub(super) meters: Arc<Meters>,
    pub(super) aanroep: Option<Aanroep>,
    /// A call that is dropped before it had a status was cancelled by its caller.
    pub(super) code: Code,
}

impl Afloop {
    /// Takes over the status when these headers or trailers have one.
    pub(super) fn lees(&mut self, velden: &HeaderMap) {
        if let Some(code) = velden.get("grpc-status") {
            self.code = Code::from_bytes(code.as_bytes());
        }
    }
}

impl Drop for Afloop {
    fn drop(&mut self) {
        self.meters.aanroep(&self.methode.label, naam(self.code));
        if let Some(aanroep) = &self.aanroep {
            aanroep.einde(self.code.into());
        }
    }
}

/// The answer of a call, watched to its end.
pub(super) struct Gevolgd<B> {
    pub(super) body: B,
    pub(super) afloop: Afloop,
}

impl<B: Body + Unpin> Body for Gevolgd<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            self.afloop.lees(trailers);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The name of a status code in the gRPC specification.
fn naam(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
