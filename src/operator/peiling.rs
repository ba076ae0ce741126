//! What is read when metrics are asked for: mailboxes, database, connections, certificates. The database is asked at most every few seconds,
//! and given up on soon: then the last answer stands, and says that it is old by saying that the database is away.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use tokio::time::{Instant, timeout};

use super::normen::Normen;
use crate::admission::leiding::Leiding;
use crate::identity::register::LiveRegister;
use crate::identity::tls::TlsStand;
use crate::identity::verbindingen::Verbindingen;
use crate::identity::weigering::{Reden, Tellers};
use crate::store::postvak::{self, Achterstand};
use crate::store::{Store, StoreError, lees_reeks, logboek};
use crate::telemetry::meters::{DAG, seconden};
use crate::time::Clock;

/// How old an answer of the database may be.
pub const OUD: Duration = Duration::from_secs(5);
/// How long is waited for it.
const GEDULD: Duration = Duration::from_secs(1);

/// Reads what the hub does not count.
#[derive(Debug)]
pub struct Peiling {
    /// The database.
    pub store: Store,
    /// The participants.
    pub register: LiveRegister,
    /// Live connections.
    pub verbindingen: Arc<Verbindingen>,
    /// Connections that were refused.
    pub tellers: Arc<Tellers>,
    /// Certificates and revocation lists in use.
    pub tls: Arc<ArcSwap<TlsStand>>,
    /// Whether this hub leads.
    pub leiding: Arc<Leiding>,
    /// The time.
    pub clock: Clock,
    /// What was read last.
    pub laatste: Laatste,
    /// The norm clocks.
    pub normen: Arc<Normen>,
    /// Whether there is an external logbook.
    pub logboek: bool,
}

/// What the database answered last.
#[derive(Debug, Default)]
pub struct Laatste {
    gelezen: Mutex<Gelezen>,
    /// When; held while it is asked.
    wanneer: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Clone, Debug, Default)]
struct Gelezen {
    database: bool,
    postvakken: Vec<Achterstand>,
    /// What the external logbook has not taken: how many records, and the moment of the oldest.
    logboek: (i64, Option<i64>),
}

impl Peiling {
    /// Asks the database again when its last answer is old. Who comes while it is asked gets the last answer.
    pub async fn ververs(&self) {
        let Ok(mut wanneer) = self.laatste.wanneer.try_lock() else { return };
        if wanneer.is_some_and(|wanneer| wanneer.elapsed() < OUD) {
            return;
        }
        let (normen, store, vandaag) = (Arc::clone(&self.normen), self.store.clone(), self.clock.today());
        // It may take longer than anybody waits, and goes on then.
        let _ = timeout(GEDULD, tokio::spawn(async move { normen.ververs(&store, vandaag).await })).await;
        let antwoord = timeout(GEDULD, self.lees()).await;
        let mut gelezen = self.gelezen();
        match antwoord {
            Ok(Ok(antwoord)) => *gelezen = antwoord,
            Ok(Err(_)) | Err(_) => gelezen.database = false,
        }
        *wanneer = Some(Instant::now());
    }

    async fn lees(&self) -> Result<Gelezen, StoreError> {
        let mut lezing = self.store.read().await?;
        let conn = &mut lezing.conn();
        let postvakken = postvak::achterstanden(conn, self.clock.today()).await?;
        // Without a logbook nothing waits for one.
        let wacht = if self.logboek { (logboek::achterstand(conn).await?, logboek::oudste(conn).await?) } else { (0, None) };
        Ok(Gelezen { database: true, postvakken, logboek: wacht })
    }

    /// Whether the database answers at this moment, and soon.
    pub async fn database_antwoordt(&self) -> bool {
        let vraag = async { lees_reeks(&mut self.store.read().await?.conn()).await };
        matches!(timeout(GEDULD, vraag).await, Ok(Ok(_)))
    }

    /// How many participants the register has.
    pub fn deelnemers(&self) -> usize {
        self.register.nu().alle().len()
    }

    fn gelezen(&self) -> MutexGuard<'_, Gelezen> {
        self.laatste.gelezen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the instruments that are read when they are asked for.
    pub fn meld_aan(self: &Arc<Self>, meter: &Meter) {
        self.meld_postvakken(meter);
        self.meld_logboek(meter);
        self.meld_database(meter);
        self.meld_verbindingen(meter);
        self.meld_certificaten(meter);
        self.normen.meld_aan(meter);
    }

    fn meld_postvakken(self: &Arc<Self>, meter: &Meter) {
        let (aantal, leeftijd) = (Arc::clone(self), Arc::clone(self));
        let postvak = |achterstand: &Achterstand| [KeyValue::new("oin", achterstand.oin.clone())];
        let _ = meter
            .u64_observable_gauge("ketenhub_unacknowledged")
            .with_description("Deliveries that a recipient has not acknowledged")
            .with_callback(move |kijker| {
                let gelezen = aantal.gelezen();
                gelezen.postvakken.iter().for_each(|a| kijker.observe(a.aantal.max(0).unsigned_abs(), &postvak(a)));
            })
            .build();
        let _ = meter
            .f64_observable_gauge("ketenhub_oldest_unacknowledged_age")
            .with_unit("s")
            .with_description("Age of the oldest delivery that a recipient has not acknowledged; 0 when there is none")
            .with_callback(move |kijker| {
                // The moment was read a while ago; the age is that of now.
                let nu = leeftijd.clock.micros();
                let leeftijd_van = |op: Option<i64>| seconden(op.map_or(0, |op| (nu - op).max(0)));
                leeftijd.gelezen().postvakken.iter().for_each(|a| kijker.observe(leeftijd_van(a.oudste_op), &postvak(a)));
            })
            .build();
    }

    fn meld_logboek(self: &Arc<Self>, meter: &Meter) {
        let (aantal, oudste) = (Arc::clone(self), Arc::clone(self));
        let _ = meter
            .u64_observable_gauge("ketenhub_logbook_backlog_records")
            .with_description("Records about a person that the external logbook has not taken")
            .with_callback(move |kijker| kijker.observe(aantal.gelezen().logboek.0.max(0).unsigned_abs(), &[]))
            .build();
        let _ = meter
            .f64_observable_gauge("ketenhub_logbook_oldest")
            .with_unit("s")
            .with_description("Age of the oldest record that the external logbook has not taken; 0 when there is none")
            .with_callback(move |kijker| {
                let op = oudste.gelezen().logboek.1;
                kijker.observe(seconden(op.map_or(0, |op| (oudste.clock.micros() - op).max(0))), &[]);
            })
            .build();
    }

    fn meld_database(self: &Arc<Self>, meter: &Meter) {
        let (antwoordt, verbindingen, leiding) = (Arc::clone(self), Arc::clone(self), Arc::clone(&self.leiding));
        let _ = meter
            .u64_observable_gauge("ketenhub_leader")
            .with_description("Whether this hub sends warnings and looks after what is kept, of all hubs on its database")
            .with_callback(move |kijker| kijker.observe(leiding.leidt().into(), &[]))
            .build();
        let _ = meter
            .u64_observable_gauge("ketenhub_database_up")
            .with_description("Whether the database answered when it was last asked")
            .with_callback(move |kijker| kijker.observe(antwoordt.gelezen().database.into(), &[]))
            .build();
        let _ = meter
            .u64_observable_gauge("ketenhub_database_connections")
            .with_description("Connections to the database, by pool and by whether they are idle or used")
            .with_callback(move |kijker| {
                for (pool, alle, vrij) in verbindingen.store.pools() {
                    let (alle, vrij) = (u64::from(alle), vrij as u64);
                    let staat = |staat: &'static str| [KeyValue::new("pool", pool), KeyValue::new("state", staat)];
                    kijker.observe(vrij, &staat("idle"));
                    kijker.observe(alle.saturating_sub(vrij), &staat("used"));
                }
            })
            .build();
    }

    fn meld_verbindingen(self: &Arc<Self>, meter: &Meter) {
        let (levend, aangenomen, geweigerd) = (Arc::clone(self), Arc::clone(self), Arc::clone(self));
        let _ = meter
            .u64_observable_gauge("ketenhub_connections")
            .with_description("Live connections of participants")
            .with_callback(move |kijker| kijker.observe(levend.verbindingen.aantal() as u64, &[]))
            .build();
        let _ = meter
            .u64_observable_counter("ketenhub_connections_accepted")
            .with_description("Connections that were accepted")
            .with_callback(move |kijker| kijker.observe(aangenomen.tellers.aangenomen(), &[]))
            .build();
        let _ = meter
            .u64_observable_counter("ketenhub_connections_refused")
            .with_description("Connections that were refused, by stable reason")
            .with_callback(move |kijker| {
                let tel = |reden: &Reden| kijker.observe(geweigerd.tellers.geweigerd(*reden), &[KeyValue::new("reason", reden.code())]);
                Reden::ALLE.iter().for_each(tel);
            })
            .build();
    }

    fn meld_certificaten(self: &Arc<Self>, meter: &Meter) {
        let (eigen, lijsten) = (Arc::clone(self), Arc::clone(self));
        let dagen =
            |op: chrono::DateTime<chrono::Utc>, clock: &Clock| seconden((op - clock.now()).num_microseconds().unwrap_or(i64::MAX)) / DAG;
        let _ = meter
            .f64_observable_gauge("ketenhub_certificate_remaining")
            .with_unit("d")
            .with_description("Days until the certificate of the hub ends")
            .with_callback(move |kijker| kijker.observe(dagen(eigen.tls.load().hub_niet_na(), &eigen.clock), &[]))
            .build();
        let _ = meter
            .f64_observable_gauge("ketenhub_crl_remaining")
            .with_unit("d")
            .with_description("Days until a revocation list ends and blocks the participants of its issuer, by file")
            .with_callback(move |kijker| {
                let stand = lijsten.tls.load();
                stand
                    .crl_eindes()
                    .into_iter()
                    .for_each(|(naam, einde)| kijker.observe(dagen(einde, &lijsten.clock), &[KeyValue::new("file", naam)]));
            })
            .build();
    }
}
