//! Serves accepted connections, HTTP/1.1 and HTTP/2, with a limit on everything that a caller can make long, and ends them in order. It knows
//! no page.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Layer as _;

use crate::config::{Limits, seconds};
use crate::identity::verbinding::Verbinding;

/// How long the headers of a request may take.
const KOPPEN: Duration = Duration::from_secs(10);

/// Serves until the token fires and what was open has ended.
pub(super) async fn dien(
    router: Router,
    mut verbindingen: mpsc::Receiver<io::Result<Verbinding>>,
    limits: Limits,
    stop: CancellationToken,
) {
    let taken = TaskTracker::new();
    let builder = Arc::new(bouw(&limits));
    while let Some(verbinding) = verbindingen.recv().await {
        let Ok(verbinding) = verbinding else { continue };
        taken.spawn(een(Arc::clone(&builder), router.clone(), verbinding, limits.clone(), stop.clone()));
    }
    taken.close();
    if timeout(seconds(limits.shutdown_s), taken.wait()).await.is_err() {
        tracing::warn!(open = taken.len(), "connections to pages were still open at the shutdown deadline");
    }
}

fn bouw(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // hyper refuses to read headers into less than 8 KiB.
    let koppen = (limits.header_bytes as usize).max(8 * 1024);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(KOPPEN).max_buf_size(koppen);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_local_error_reset_streams(limits.local_resets)
        .max_pending_accept_reset_streams(limits.pending_resets)
        .max_header_list_size(limits.header_bytes)
        .keep_alive_interval(seconds(limits.keepalive_s))
        .keep_alive_timeout(seconds(limits.keepalive_timeout_s));
    builder
}

/// One connection: the identity behind it goes with each of its requests. It ends when its age is up, as those for messages do.
async fn een(builder: Arc<Builder<TokioExecutor>>, router: Router, verbinding: Verbinding, limits: Limits, stop: CancellationToken) {
    let dienst = Extension(Arc::clone(verbinding.identiteit())).layer(router);
    let mut open = std::pin::pin!(builder.serve_connection(TokioIo::new(verbinding), TowerToHyperService::new(dienst)));
    tokio::select! {
        _ = open.as_mut() => return,
        () = stop.cancelled() => {}
        () = sleep(seconds(limits.connection_age_s)) => {}
    }
    open.as_mut().graceful_shutdown();
    let genade = if stop.is_cancelled() { limits.shutdown_s } else { limits.connection_grace_s };
    // What went wrong on a connection is its client's to know.
    let _ = timeout(seconds(genade), open).await;
}
