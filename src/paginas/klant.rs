//! The other side of the pages: asks for them with the certificate of a participant. For the window on loopback and for measuring; it follows
//! no links and keeps nothing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::uri::PathAndQuery;
use axum::http::{Method, Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tower::Service;

use crate::identity::client::{VerbindFout, verbind};
use crate::wire::client::Adres;

/// A participant at the pages of a hub. Clones share connections.
#[derive(Clone, Debug)]
pub struct Klant {
    binnen: Client<Verbinder, Body>,
    verbinder: Verbinder,
}

#[derive(Clone, Debug)]
struct Verbinder {
    adres: Adres,
    tls: Arc<ClientConfig>,
}

/// A connection, as the client wants it.
#[derive(Debug)]
struct Lijn(tokio_rustls::client::TlsStream<TcpStream>);

impl Klant {
    /// Of the pages at an address; `tls` is made for them ([`crate::identity::client::ClientTls::laad_voor_paginas`]).
    pub fn nieuw(adres: Adres, tls: Arc<ClientConfig>) -> Klant {
        let verbinder = Verbinder { adres, tls };
        Klant { binnen: Client::builder(TokioExecutor::new()).build(verbinder.clone()), verbinder }
    }

    /// Asks for a page; when that fails it says why there is no connection.
    pub async fn haal(&self, methode: Method, pad: PathAndQuery) -> Result<Response<Body>, VerbindFout> {
        let fout = |reden: String| VerbindFout::Verbroken { adres: self.verbinder.adres.adres.clone(), reden };
        let uri =
            Uri::builder().scheme("http").authority("ketenhub").path_and_query(pad).build().map_err(|error| fout(error.to_string()))?;
        let mut vraag = Request::new(Body::empty());
        (*vraag.method_mut(), *vraag.uri_mut()) = (methode, uri);
        match self.binnen.request(vraag).await {
            Ok(antwoord) => Ok(antwoord.map(Body::new)),
            // The client hides what its connection said; asked again it says it.
            Err(error) => Err(self.waarom().await.err().unwrap_or_else(|| fout(error.to_string()))),
        }
    }

    /// Whether there is a connection, and otherwise why not.
    pub async fn waarom(&self) -> Result<(), VerbindFout> {
        let Verbinder { adres, tls } = &self.verbinder;
        crate::identity::client::verklaar(&adres.adres, &adres.naam, Arc::clone(tls)).await
    }
}

impl Service<Uri> for Verbinder {
    type Response = TokioIo<Lijn>;
    type Error = VerbindFout;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, VerbindFout>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), VerbindFout>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Verbinder { adres, tls } = self.clone();
        Box::pin(async move { verbind(&adres.adres, &adres.naam, tls).await.map(|stroom| TokioIo::new(Lijn(stroom))) })
    }
}

impl Connection for Lijn {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Lijn {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Lijn {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
