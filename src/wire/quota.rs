//! What one participant may ask of the hub: so many messages a second, and so many at once after a time of rest. Beyond it a single call is
//! refused before its body is read, and not at once, so that who asks again and again gains nothing and is no work; a stream is read slower.
//! Pages have the same quota, counted apart. It looks at no message, and says nothing of the register: who counts is who the certificate names.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use tokio::time::{Instant, sleep};
use tonic::body::Body;
use tower::{Layer, Service};

use super::status;
use crate::config::Limits;
use crate::domain::ids::Oin;
use crate::identity::verbinding::Identiteit;

/// How long a refusal is held back at least. A connection has so many calls open and no more, so this is what bounds the work of refusing.
const TRAAG: Duration = Duration::from_secs(1);
/// And at most, which is less than a client should wait for an answer (`clients/service-config.json`).
const TRAAGST: Duration = Duration::from_secs(15);
/// The refusals of one participant are no further apart than this, however small its quota.
const UITEEN: Duration = Duration::from_millis(10);
/// The calls that count for one each. What a stream of submissions brings is counted as it is read.
const TELLEN: [&str; 3] = [
    "/jeugdketen.hub.v1.ExchangeService/Submit",
    "/jeugdketen.hub.v1.ExchangeService/Fetch",
    "/jeugdketen.hub.v1.ExchangeService/Acknowledge",
];

/// What each participant has left.
#[derive(Debug)]
pub(crate) struct Quotum {
    /// Between two messages.
    tussen: Duration,
    /// As far as a participant may be ahead.
    vooruit: Duration,
    begin: Instant,
    standen: Mutex<HashMap<Oin, Stand>>,
}

/// Of one participant; moments since the beginning.
#[derive(Debug, Default)]
struct Stand {
    /// When it will have everything again.
    vol_op: Duration,
    /// When its last refusal is answered.
    geweigerd_op: Duration,
}

impl Quotum {
    pub(crate) fn nieuw(limits: &Limits) -> Quotum {
        let tussen = Duration::from_secs(1) / limits.quota_per_s;
        Quotum { tussen, vooruit: tussen * limits.quota_burst, begin: Instant::now(), standen: Mutex::default() }
    }

    /// Takes one, when there is one left.
    pub(crate) fn neem(&self, oin: Oin) -> bool {
        self.tel(oin, self.begin.elapsed(), false).is_zero()
    }

    /// Takes one, and waits for it when there is none left.
    pub(super) async fn wacht(&self, oin: Oin) {
        let wachttijd = self.tel(oin, self.begin.elapsed(), true);
        if !wachttijd.is_zero() {
            sleep(wachttijd).await;
        }
    }

    /// Holds a refusal back. Those of one participant are answered one after the other, no faster than it may send: answered together they
    /// would come again together, and be a wave that everybody else notices.
    pub(crate) async fn houd_op(&self, oin: Oin) {
        sleep(self.oponthoud(oin, self.begin.elapsed())).await;
    }

    /// How long a refusal of this moment is held back. When that would be too long, it begins anew beside those that wait already.
    fn oponthoud(&self, oin: Oin, nu: Duration) -> Duration {
        let mut standen = self.standen();
        let Stand { geweigerd_op, .. } = standen.entry(oin).or_default();
        let eerst = nu + TRAAG;
        let daarna = *geweigerd_op + self.tussen.min(UITEEN);
        *geweigerd_op = if daarna <= nu + TRAAGST { daarna.max(eerst) } else { eerst };
        *geweigerd_op - nu
    }

    /// Takes one at a moment since the beginning, and says how long it is until it is there; takes none that is not there, unless `altijd`.
    fn tel(&self, oin: Oin, nu: Duration, altijd: bool) -> Duration {
        let mut standen = self.standen();
        let Stand { vol_op, .. } = standen.entry(oin).or_default();
        let nieuw = nu.max(*vol_op) + self.tussen;
        let wachttijd = (nieuw - nu).saturating_sub(self.vooruit);
        if altijd || wachttijd.is_zero() {
            *vol_op = nieuw;
        }
        wachttijd
    }

    fn standen(&self) -> MutexGuard<'_, HashMap<Oin, Stand>> {
        self.standen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses single calls beyond the quota.
#[derive(Clone, Debug)]
pub(super) struct QuotumLayer(pub(super) Arc<Quotum>);

impl<S> Layer<S> for QuotumLayer {
    type Service = Bewaakt<S>;

    fn layer(&self, inner: S) -> Bewaakt<S> {
        Bewaakt { inner, quotum: Arc::clone(&self.0) }
    }
}

/// A service behind it.
#[derive(Clone, Debug)]
pub(super) struct Bewaakt<S> {
    inner: S,
    quotum: Arc<Quotum>,
}

impl<S, B> Service<Request<B>> for Bewaakt<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
    B: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let telt = TELLEN.contains(&request.uri().path());
        let wie = request.extensions().get::<Arc<Identiteit>>().filter(|_| telt).map(|identiteit| identiteit.oin);
        let Some(oin) = wie.filter(|oin| !self.quotum.neem(*oin)) else { return Box::pin(self.inner.call(request)) };
        let quotum = Arc::clone(&self.quotum);
        Box::pin(async move {
            quotum.houd_op(oin).await;
            // Its body was never read; what waits of it in the connection waited with it.
            drop(request);
            Ok(status::te_veel("QUOTUM_OVERSCHREDEN", "this participant asks more than its quota; come back in a moment").into_http())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_participant_gets_its_burst_and_then_its_rate_and_nobody_anothers() {
        let quotum = Quotum::nieuw(&Limits { quota_per_s: 10, quota_burst: 5, ..Limits::default() });
        let oin = |tekst: &str| Oin::parse(tekst).unwrap();
        let (een, ander) = (oin("00000099020000001000"), oin("00000099020000002000"));
        let neemt = |wie, millis, aantal: usize| {
            let nu = Duration::from_millis(millis);
            (0..aantal).filter(|_| quotum.tel(wie, nu, false).is_zero()).count()
        };
        assert_eq!(neemt(een, 0, 9), 5);
        assert_eq!(neemt(een, 99, 1), 0, "a refusal costs nothing");
        assert_eq!((neemt(een, 100, 9), neemt(ander, 100, 9)), (1, 5));
        assert_eq!(neemt(een, 400, 9), 3);
        assert_eq!(neemt(een, 3_600_000, 9), 5, "rest makes no more than the burst");
        let wacht = (0..3).map(|_| quotum.tel(een, Duration::from_millis(3_600_000), true).as_millis());
        assert!(wacht.eq([100, 200, 300]), "who reads a stream waits its turn");
    }

    #[test]
    fn refusals_that_come_together_are_answered_apart_and_no_faster_than_the_quota() {
        let quotum = |per_s| Quotum::nieuw(&Limits { quota_per_s: per_s, quota_burst: 5, ..Limits::default() });
        let oin = |tekst: &str| Oin::parse(tekst).unwrap();
        let (een, ander) = (oin("00000099020000001000"), oin("00000099020000002000"));
        let houdt = |quotum: &Quotum, wie, seconden: u64, aantal: usize| -> Vec<_> {
            (0..aantal).map(|_| quotum.oponthoud(wie, Duration::from_secs(seconden)).as_millis()).collect()
        };
        let snel = quotum(500);
        assert_eq!(houdt(&snel, een, 0, 4), [1000, 1002, 1004, 1006]);
        assert_eq!(houdt(&snel, ander, 0, 1), [1000], "nobody waits for another");
        assert_eq!(houdt(&snel, een, 1, 2), [1000, 1002], "after those before it");
        let traag = quotum(1);
        assert_eq!(houdt(&traag, een, 0, 3), [1000, 1010, 1020], "a small quota is no reason to wait long");
        // More than can be answered in time begin anew beside those that wait.
        let alle = houdt(&traag, ander, 0, 2 * 1401);
        assert_eq!((alle[1400], alle[1401], alle[2801]), (15_000, 1000, 15_000));
    }
}
