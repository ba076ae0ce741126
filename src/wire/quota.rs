//! What one participant may ask of the hub: so many messages a second, and so many at once after a time of rest. Beyond it a single call is
//! refused before its body is read, and not at once, so that who asks again and again gains nothing; a stream is read slower. Pages have the
//! same quota, counted apart. It looks at no message, and says nothing of the register: who counts is who the certificate names.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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
/// And how much longer at most.
const SPREIDING: Duration = Duration::from_millis(500);
/// The calls that count for one each. What a stream of submissions brings is counted as it is read.
const TELLEN: [&str; 3] = [
    "/jeugdketen.hub.v1.ExchangeService/Submit",
    "/jeugdketen.hub.v1.ExchangeService/Fetch",
    "/jeugdketen.hub.v1.ExchangeService/Acknowledge",
];

/// What each participant has left, as the moment at which it will have everything again.
#[derive(Debug)]
pub(crate) struct Quotum {
    /// Between two messages.
    tussen: Duration,
    /// As far as a participant may be ahead.
    vooruit: Duration,
    begin: Instant,
    vol_op: Mutex<HashMap<Oin, Duration>>,
}

impl Quotum {
    pub(crate) fn nieuw(limits: &Limits) -> Quotum {
        let tussen = Duration::from_secs(1) / limits.quota_per_s;
        Quotum { tussen, vooruit: tussen * limits.quota_burst, begin: Instant::now(), vol_op: Mutex::default() }
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

    /// Takes one at a moment since the beginning, and says how long it is until it is there; takes none that is not there, unless `altijd`.
    fn tel(&self, oin: Oin, nu: Duration, altijd: bool) -> Duration {
        let mut vol_op = self.vol_op.lock().unwrap_or_else(PoisonError::into_inner);
        let vol_op = vol_op.entry(oin).or_default();
        let nieuw = nu.max(*vol_op) + self.tussen;
        let wachttijd = (nieuw - nu).saturating_sub(self.vooruit);
        if altijd || wachttijd.is_zero() {
            *vol_op = nieuw;
        }
        wachttijd
    }
}

/// Holds a refusal back, each for another while: those that came together would be answered together, come again together, and be a wave
/// that everybody else notices.
pub(crate) async fn houd_op() {
    static NR: AtomicU32 = AtomicU32::new(0);
    sleep(oponthoud(NR.fetch_add(1, Ordering::Relaxed))).await;
}

/// How long the refusal of a number is held back: steps of the golden section lie apart, however many there are.
fn oponthoud(nr: u32) -> Duration {
    TRAAG + SPREIDING.mul_f64(f64::from(nr.wrapping_mul(0x9E37_79B9)) / f64::from(u32::MAX))
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
        if wie.is_none_or(|oin| self.quotum.neem(oin)) {
            return Box::pin(self.inner.call(request));
        }
        Box::pin(async move {
            houd_op().await;
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
    fn refusals_that_come_together_are_answered_apart() {
        for begin in [0, 1000, u32::MAX - 50] {
            let mut duren: Vec<_> = (0..100).map(|nr: u32| oponthoud(begin.wrapping_add(nr)).as_millis()).collect();
            duren.sort_unstable();
            assert!(duren[0] >= 1000 && duren[99] <= 1500, "{duren:?}");
            // A hundred over half a second: nowhere more than a few at once, nowhere a gap.
            assert!(duren.windows(2).all(|paar| paar[1] - paar[0] <= 10), "{duren:?}");
            assert!(duren.windows(6).all(|zes| zes[5] - zes[0] >= 10), "{duren:?}");
        }
    }
}
