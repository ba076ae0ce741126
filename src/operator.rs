//! The operator's port: `/metrics` for Prometheus and `/health` for whoever keeps the hub running. It shows numbers about organisations and
//! changes nothing; who may reach it is decided by its address, which is loopback unless the operator says otherwise.

pub mod normen;
pub mod peiling;
pub mod tekens;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::{Registry, TEXT_FORMAT, TextEncoder};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use peiling::Peiling;

/// What the port shows.
#[derive(Clone, Debug)]
struct Zicht {
    register: Registry,
    peiling: Arc<Peiling>,
}

/// Listens; the port that it got is returned. It serves until the token fires.
pub async fn start(adres: SocketAddr, register: Registry, peiling: Arc<Peiling>, stop: CancellationToken) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(adres).await?;
    let adres = listener.local_addr()?;
    let router = Router::new().route("/metrics", get(metrics)).route("/health", get(health)).with_state(Zicht { register, peiling });
    tokio::spawn(async move {
        // A reader that does not let go must not keep the hub alive: when the token fires the port is gone.
        tokio::select! {
            () = stop.cancelled() => {}
            outcome = axum::serve(listener, router) => if let Err(error) = outcome {
                tracing::error!(%error, "the operator's port ended by itself");
            }
        }
    });
    Ok(adres)
}

async fn metrics(State(zicht): State<Zicht>) -> Response {
    zicht.peiling.ververs().await;
    match TextEncoder::new().encode_to_string(&zicht.register.gather()) {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Ready when the database answers and somebody is in the register: without either no call can succeed.
async fn health(State(zicht): State<Zicht>) -> Response {
    let (database, deelnemers) = (zicht.peiling.database_antwoordt().await, zicht.peiling.deelnemers());
    let klaar = database && deelnemers > 0;
    let text = format!("{{\"ready\":{klaar},\"database\":{database},\"participants\":{deelnemers}}}\n");
    let code = if klaar { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}
