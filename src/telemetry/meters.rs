//! What is counted and timed while messages pass: one set of instruments for each hub. Labels are roles, kinds, norms, stable reasons and
//! methods of the contract; it deliberately has no way to pass a person, a case or a message. What only the database or another part knows
//! is not here: that is read when it is asked for, in `operator::peiling`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::{Norm, Rol};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter, MeterProvider as _, NoopMeterProvider, UpDownCounter};

/// Bounds of what takes a transaction, in seconds.
const SNEL: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Bounds of what waits for a participant, in seconds: from a moment to a month.
const TRAAG: [f64; 12] = [0.1, 1.0, 10.0, 60.0, 600.0, 3_600.0, 14_400.0, 43_200.0, 86_400.0, 259_200.0, 604_800.0, 2_592_000.0];
/// Seconds in a day.
pub const DAG: f64 = 86_400.0;
/// Bounds of what waits for an organisation, in days.
const DAGEN: [f64; 9] = [0.25, 1.0, 2.0, 3.0, 5.0, 7.0, 14.0, 42.0, 91.0];
/// Bounds of a batch, in requests.
const BATCH: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// The instruments of one hub. Without a place to send to they do nothing.
#[derive(Debug)]
pub struct Meters {
    aanvaard: Counter<u64>,
    geweigerd: Counter<u64>,
    herhaald: Counter<u64>,
    geleverd: Counter<u64>,
    bevestigd: Counter<u64>,
    waarschuwingen: Counter<u64>,
    aanroepen: Counter<u64>,
    aanroepen_geweigerd: Counter<u64>,
    vernietigd: Counter<u64>,
    abonnementen: UpDownCounter<i64>,
    aanname: Histogram<f64>,
    commit: Histogram<f64>,
    batch: Histogram<u64>,
    ontvangst: Histogram<f64>,
    uitspraak: Histogram<f64>,
    pagina: Histogram<f64>,
    checkpoint: Arc<Checkpoint>,
}

/// The last checkpoint of the audit tree; no size means that there was none.
#[derive(Debug, Default)]
struct Checkpoint {
    grootte: AtomicU64,
    op: AtomicI64,
}

impl Default for Meters {
    /// Instruments that do nothing.
    fn default() -> Meters {
        Meters::new(&NoopMeterProvider::new().meter("ketenhub"))
    }
}

impl Meters {
    /// Makes the instruments.
    pub fn new(meter: &Meter) -> Meters {
        let teller = |naam, uitleg| meter.u64_counter(naam).with_description(uitleg).build();
        let duur = |naam, grenzen: &[f64], eenheid, uitleg| {
            meter.f64_histogram(naam).with_unit(eenheid).with_boundaries(grenzen.to_vec()).with_description(uitleg).build()
        };
        let batch = meter.u64_histogram("ketenhub_batch_size").with_boundaries(BATCH.to_vec());
        let abonnementen = meter.i64_up_down_counter("ketenhub_subscriptions");
        let meters = Meters {
            aanvaard: teller("ketenhub_accepted", "Messages that became durable, by kind; those of the hub itself too"),
            geweigerd: teller("ketenhub_refused", "Messages that were refused, by kind and stable reason"),
            herhaald: teller("ketenhub_repeated", "Messages that had been accepted before and got the receipt of then"),
            geleverd: teller("ketenhub_delivered", "Deliveries handed out, by role of the recipient; one that is asked again counts again"),
            bevestigd: teller("ketenhub_acknowledged", "Deliveries that were acknowledged, by role of the recipient"),
            waarschuwingen: teller("ketenhub_clock_warnings", "Clock warnings sent, by norm and percentage of the term"),
            aanroepen: teller("ketenhub_calls", "gRPC calls that ended, by method and status code"),
            aanroepen_geweigerd: teller("ketenhub_calls_refused", "gRPC calls that were refused at once, by method and stable reason"),
            vernietigd: teller("ketenhub_destroyed", "Bodies that were destroyed with their key"),
            abonnementen: abonnementen.with_description("Open subscriptions").build(),
            aanname: duur("ketenhub_accept_duration", &SNEL, "s", "From the bytes of a message to its durable answer"),
            commit: duur("ketenhub_commit_duration", &SNEL, "s", "The commit of a batch"),
            batch: batch.with_description("Requests that shared a transaction").build(),
            ontvangst: duur("ketenhub_receipt_wait", &TRAAG, "s", "From aangeboden_op to ontvangen_op, by kind and role of the recipient"),
            uitspraak: duur("ketenhub_uitspraak_delay", &DAGEN, "d", "From uitgesproken_op to aanvaard_op of an uitspraak"),
            pagina: duur("ketenhub_page_duration", &SNEL, "s", "From the request of a page to its answer, by page and HTTP status"),
            checkpoint: Arc::default(),
        };
        // A counter that is there from the start shows its first step as a step.
        [&meters.herhaald, &meters.vernietigd].iter().for_each(|teller| teller.add(0, &[]));
        meters.abonnementen.add(0, &[]);
        meters.meld_checkpoint(meter);
        meters
    }

    fn meld_checkpoint(&self, meter: &Meter) {
        let (grootte, moment) = (Arc::clone(&self.checkpoint), Arc::clone(&self.checkpoint));
        let _ = meter
            .u64_observable_gauge("ketenhub_audit_tree_size")
            .with_description("Records under the last checkpoint of the audit tree")
            .with_callback(move |kijker| match grootte.grootte.load(Ordering::Relaxed) {
                0 => {}
                grootte => kijker.observe(grootte, &[]),
            })
            .build();
        let _ = meter
            .f64_observable_gauge("ketenhub_audit_checkpoint_timestamp")
            .with_unit("s")
            .with_description("The moment of the last checkpoint of the audit tree, in seconds since 1970 UTC")
            .with_callback(move |kijker| match moment.op.load(Ordering::Relaxed) {
                0 => {}
                op => kijker.observe(seconden(op), &[]),
            })
            .build();
    }

    /// Messages of one kind became durable.
    pub fn aanvaard(&self, kind: Kind, aantal: u64) {
        self.aanvaard.add(aantal, &[soort(Some(kind))]);
    }

    /// A message was refused; `kind` is none when it could not be read, `reden` the stable reason.
    pub fn geweigerd(&self, kind: Option<Kind>, reden: &'static str) {
        self.geweigerd.add(1, &[soort(kind), KeyValue::new("reason", reden)]);
    }

    /// Messages got the receipt of an earlier acceptance.
    pub fn herhaald(&self, aantal: u64) {
        if aantal > 0 {
            self.herhaald.add(aantal, &[]);
        }
    }

    /// Deliveries were handed out.
    pub fn geleverd(&self, aan: Rol, aantal: u64) {
        if aantal > 0 {
            self.geleverd.add(aantal, &[rol(aan)]);
        }
    }

    /// A delivery was acknowledged, so many microseconds after it was offered; `kind` is none when its number is no kind of this version.
    pub fn bevestigd(&self, kind: Option<Kind>, door: Rol, micros: i64) {
        self.bevestigd.add(1, &[rol(door)]);
        self.ontvangst.record(seconden(micros.max(0)), &[soort(kind), rol(door)]);
    }

    /// An uitspraak was accepted, so many microseconds after it was pronounced.
    pub fn uitspraak(&self, micros: i64) {
        self.uitspraak.record(seconden(micros.max(0)) / DAG, &[]);
    }

    /// A clock warning was sent.
    pub fn waarschuwing(&self, norm: Norm, procent: u32) {
        self.waarschuwingen.add(1, &[KeyValue::new("norm", norm_naam(norm)), KeyValue::new("percent", i64::from(procent))]);
    }

    /// A message was answered so long after its bytes were there.
    pub fn aanname(&self, duur: Duration) {
        self.aanname.record(duur.as_secs_f64(), &[]);
    }

    /// A batch of so many requests was committed.
    pub fn batch(&self, verzoeken: usize) {
        self.batch.record(verzoeken as u64, &[]);
    }

    /// A commit took so long.
    pub fn commit(&self, duur: Duration) {
        self.commit.record(duur.as_secs_f64(), &[]);
    }

    /// A call ended; the labels come from the table of methods, `code` from that of gRPC.
    pub fn aanroep(&self, methode: &KeyValue, code: &'static str) {
        self.aanroepen.add(1, &[methode.clone(), KeyValue::new("code", code)]);
    }

    /// A call was refused, for a reason that is one of the hub's own.
    pub fn aanroep_geweigerd(&self, methode: &KeyValue, reden: String) {
        self.aanroepen_geweigerd.add(1, &[methode.clone(), KeyValue::new("reason", reden)]);
    }

    /// A page was answered; it is one of those there are, whatever was asked.
    pub fn pagina(&self, pagina: &str, code: u16, duur: Duration) {
        self.pagina.record(duur.as_secs_f64(), &[KeyValue::new("page", pagina.to_owned()), KeyValue::new("code", i64::from(code))]);
    }

    /// A subscription was opened (1) or closed (-1).
    pub fn abonnement(&self, verschil: i64) {
        self.abonnementen.add(verschil, &[]);
    }

    /// The audit tree was sealed over so many records, at a moment in microseconds since 1970 UTC.
    pub fn checkpoint(&self, grootte: u64, op: i64) {
        self.checkpoint.grootte.store(grootte, Ordering::Relaxed);
        self.checkpoint.op.store(op, Ordering::Relaxed);
    }

    /// Bodies were destroyed with their key.
    pub fn vernietigd(&self, aantal: u64) {
        self.vernietigd.add(aantal, &[]);
    }
}

/// Microseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "a metric; microseconds of three centuries fit in the 53 bits of a double")]
pub fn seconden(micros: i64) -> f64 {
    micros as f64 / 1e6
}

fn soort(kind: Option<Kind>) -> KeyValue {
    KeyValue::new("soort", kind.map_or("onbekend", Kind::name))
}

fn rol(rol: Rol) -> KeyValue {
    KeyValue::new("rol", rol_naam(rol))
}

/// The name of a role, as it is in labels and attributes.
pub fn rol_naam(rol: Rol) -> &'static str {
    rol.as_str_name().trim_start_matches("ROL_")
}

/// The name of a norm, as it is in labels.
pub fn norm_naam(norm: Norm) -> &'static str {
    norm.as_str_name().trim_start_matches("NORM_")
}
