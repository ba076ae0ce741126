//! A chain to test with: a hub on a real database, the participants of `certs-example/`, and a clock that stands still. It speaks to the
//! hub below the wire, and judges nothing: that is for the tests.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Europe::Amsterdam;
use jeugdketen_proto::v1::{self, Bericht, Receipt};
use ketenhub::admission::wake::Wekker;
use ketenhub::admission::{Admission, Antwoord, Gestaakt, Onderhoud, Werkplaats};
use ketenhub::audit::Journaal;
use ketenhub::config;
use ketenhub::delivery::{Delivery, Levering, Onderdelen};
use ketenhub::domain::beleid::Beleid;
use ketenhub::domain::deelnemer::Deelnemer;
use ketenhub::domain::ids::{MaatregelId, Oin};
use ketenhub::domain::klok::{Stand, meet};
use ketenhub::domain::refusal::{Refusal, Toestand};
use ketenhub::domain::register::Register;
use ketenhub::hub::open_kluis;
use ketenhub::identity::register::{LiveRegister, Peer};
use ketenhub::identity::verbinding::Identiteit;
use ketenhub::kluis::Kluis;
use ketenhub::receipt::Sleutel;
use ketenhub::store::{Conn, Store, zaken};
use ketenhub::telemetry::sporen::Sporen;
use ketenhub::time::Clock;
use prost::Message as _;
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::postgres;
use super::verhaal::{Verhaal, afzender, bericht, uit_json};

/// The OIN of the hub, as sender of signals.
pub const HUB: &str = "00000099000000009000";

/// The clock of a new chain: later than every date of the examples but those that lie ahead on purpose.
pub fn begin() -> DateTime<Utc> {
    DateTime::from_timestamp(1_782_900_000, 0).expect("2026-07-01 10:00:00 UTC")
}

/// The OIN of a holder of `certs-example/houders.json`.
pub fn oin(naam: &str) -> Oin {
    static HOUDERS: LazyLock<HashMap<String, Oin>> = LazyLock::new(|| {
        let text = std::fs::read_to_string(super::repository().join("certs-example/houders.json")).expect("houders.json");
        let houders: Vec<HashMap<String, serde_json::Value>> = serde_json::from_str(&text).expect("houders.json is a list of objects");
        let text = |houder: &HashMap<String, serde_json::Value>, veld: &str| houder[veld].as_str().expect("text").to_owned();
        houders.iter().map(|houder| (text(houder, "bestand"), Oin::parse(&text(houder, "oin")).expect("an OIN"))).collect()
    });
    *HOUDERS.get(naam).unwrap_or_else(|| panic!("no holder is called {naam}"))
}

/// The participants of `certs-example/deelnemers.json`.
pub fn deelnemers() -> Vec<Deelnemer> {
    let text = std::fs::read_to_string(super::repository().join("certs-example/deelnemers.json")).expect("deelnemers.json");
    let list: Vec<serde_json::Value> = serde_json::from_str(&text).expect("deelnemers.json is a list");
    let lees =
        |json: &serde_json::Value| Deelnemer::lees(&uit_json::<v1::Deelnemer>("Deelnemer", &json.to_string())).expect("a participant");
    list.iter().map(lees).collect()
}

/// One hub on a database.
pub struct Hub {
    pub store: Store,
    pub kluis: Arc<Kluis>,
    pub onderhoud: Arc<Onderhoud>,
    pub admission: Admission,
    pub delivery: Delivery,
    _stop: DropGuard,
}

/// A hub, its database, the participants and the time.
pub struct Chain {
    pub hub: Hub,
    pub url: String,
    pub clock: Clock,
    pub register: LiveRegister,
    pub sleutel: Arc<ArcSwap<Sleutel>>,
    pub journaal: Arc<Journaal>,
    /// Where the master keys are, and the database when it is a file.
    pub map: TempDir,
}

impl Chain {
    /// On a SQLite file in a directory of its own.
    pub async fn sqlite() -> Chain {
        let dir = TempDir::new().expect("a temporary directory");
        Chain::op(format!("sqlite:{}", dir.path().join("hub.db").display()), dir).await
    }

    /// On a PostgreSQL database of its own.
    pub async fn postgres() -> Chain {
        Chain::op(postgres::database().await, TempDir::new().expect("a temporary directory")).await
    }

    async fn op(url: String, map: TempDir) -> Chain {
        let clock = Clock::manual(begin());
        let register = LiveRegister::new(1, Register::new(deelnemers()));
        let sleutel = Arc::new(ArcSwap::from_pointee(Sleutel::nieuw().expect("a key")));
        let journaal = Arc::new(Journaal::nieuw("ketenhub.example/audit".to_owned(), Sleutel::nieuw().expect("a key")));
        let hub = Hub::open(&url, map.path(), &clock, &register, &sleutel, &journaal).await;
        Chain { hub, url, clock, register, sleutel, journaal, map }
    }

    /// One more hub on the same database.
    pub async fn tweede_hub(&self) -> Hub {
        Hub::open(&self.url, self.map.path(), &self.clock, &self.register, &self.sleutel, &self.journaal).await
    }

    /// Moves the clock.
    pub fn dagen_later(&self, dagen: i64) {
        self.clock.advance(TimeDelta::days(dagen));
    }

    /// Sets the clock to a moment in the Netherlands, `yyyy-mm-dd hh:mm`.
    pub fn ga_naar(&self, moment: &str) {
        let lokaal = NaiveDateTime::parse_from_str(moment, "%Y-%m-%d %H:%M").expect("a moment");
        let moment = Amsterdam.from_local_datetime(&lokaal).earliest().expect("a moment that exists").to_utc();
        self.clock.advance(moment - self.clock.now());
    }

    /// The clocks of a case as they are measured from what is stored.
    pub async fn stand(&self, zaak: &str) -> Stand {
        let id = MaatregelId::parse(zaak).expect("a case");
        let mut lezing = self.hub.store.read().await.expect("a connection");
        let dossier = zaken::dossiers(&mut lezing.conn(), &self.hub.kluis, &[id]).await.expect("dossiers").remove(0);
        meet(&dossier, &Beleid::default()).expect("facts that do not contradict each other")
    }

    /// Changes what the register says of one participant.
    pub fn wijzig(&self, naam: &str, wijziging: impl FnOnce(&mut Deelnemer)) {
        let mut alle: Vec<Deelnemer> = self.register.nu().alle().into_iter().cloned().collect();
        wijziging(alle.iter_mut().find(|deelnemer| deelnemer.oin == oin(naam)).expect("a participant"));
        self.register.vervang(self.register.versie() + 1, Register::new(alle));
    }

    /// A participant as it is identified behind its connection.
    pub fn peer(&self, naam: &str) -> Peer {
        let identiteit = Identiteit {
            oin: oin(naam),
            organisatie: naam.to_owned(),
            serienummer: "01".to_owned(),
            niet_na: self.clock.now() + TimeDelta::days(365),
            certificaat: [0; 32],
            peer: SocketAddr::from(([127, 0, 0, 1], 1)),
            verbinding_id: 1,
        };
        self.register.identificeer(&identiteit, self.clock.today()).expect("a participant in good standing")
    }

    /// Submits a message.
    pub async fn dien_in(&self, naam: &str, bericht: &Bericht) -> Antwoord {
        self.dien_bytes_in(naam, &bericht.encode_to_vec()).await.expect("the hub answers")
    }

    /// Submits bytes.
    pub async fn dien_bytes_in(&self, naam: &str, bytes: &[u8]) -> Result<Antwoord, Gestaakt> {
        self.hub.admission.dien_in(&self.peer(naam), bytes).await
    }

    /// Submits a message that is accepted.
    #[track_caller]
    pub fn aanvaard<'a>(&'a self, naam: &'a str, bericht: &'a Bericht) -> impl Future<Output = Receipt> + 'a {
        let hier = std::panic::Location::caller();
        async move {
            let bytes = self.dien_in(naam, bericht).await.unwrap_or_else(|refusal| panic!("{naam} is refused at {hier}: {refusal:?}"));
            Receipt::decode(bytes).expect("a receipt")
        }
    }

    /// Submits a message that is refused.
    #[track_caller]
    pub fn geweigerd<'a>(&'a self, naam: &'a str, bericht: &'a Bericht) -> impl Future<Output = Refusal> + 'a {
        let hier = std::panic::Location::caller();
        async move { self.dien_in(naam, bericht).await.map(|_| panic!("{naam} is accepted at {hier}")).unwrap_err() }
    }

    /// Submits a message that the state of its case forbids.
    #[track_caller]
    pub fn verboden<'a>(&'a self, naam: &'a str, bericht: &'a Bericht, toestand: Toestand) -> impl Future<Output = ()> + 'a {
        let (hier, refusal) = (std::panic::Location::caller(), self.geweigerd(naam, bericht));
        async move { assert_eq!(refusal.await, Refusal::Toestand(toestand), "at {hier}") }
    }

    /// Submits examples, each as its own sender; all are accepted. Returns the last receipt.
    pub async fn speel(&self, verhaal: &mut Verhaal, nummers: &[&str]) -> Receipt {
        let mut laatste = Receipt::default();
        for nummer in nummers {
            laatste = self.aanvaard(afzender(nummer), &bericht(verhaal, nummer)).await;
            if !laatste.maatregel_id.is_empty() {
                verhaal.zaak.clone_from(&laatste.maatregel_id);
            }
        }
        laatste
    }

    /// The whole mailbox of a participant as it is delivered now.
    pub async fn postvak(&self, naam: &str) -> Vec<Levering> {
        let (leveringen, stand) = self.hub.delivery.blad(&self.peer(naam), Some(0), 10_000, usize::MAX).await.expect("the mailbox is read");
        // What comes in between two questions is on the page.
        assert!(stand.laatste_nr <= leveringen.last().map_or(0, |levering| levering.nr));
        leveringen
    }

    /// What a participant sees in its mailbox now.
    pub async fn ziet(&self, naam: &str) -> Vec<Bericht> {
        self.postvak(naam).await.into_iter().filter_map(|levering| Some(levering.view.ok()?.into_bericht())).collect()
    }

    /// Confirms receipt.
    pub async fn bevestig(&self, naam: &str, tot: i64) -> Result<i64, Gestaakt> {
        self.hub.admission.bevestig(&self.peer(naam), tot).await
    }

    /// Asks the database for rows.
    pub async fn rijen<T>(&self, sql: &'static str) -> Vec<T>
    where
        T: Send + Unpin + for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
    {
        let mut lezing = self.hub.store.read().await.expect("a connection");
        let gevonden = match lezing.conn() {
            Conn::Sqlite(conn) => sqlx::query_as(sql).fetch_all(conn).await,
            Conn::Postgres(conn) => sqlx::query_as(sql).fetch_all(conn.aan_de_beurt().await.unwrap()).await,
        };
        gevonden.expect("the question is answered")
    }

    /// Changes the database behind the back of the hub.
    pub async fn knoei(&self, sql: &'static str) {
        let (mut tx, _) = self.hub.store.write().await.expect("a transaction");
        let gedaan = match tx.conn() {
            Conn::Sqlite(conn) => sqlx::raw_sql(sql).execute(conn).await.map(|done| done.rows_affected()),
            Conn::Postgres(conn) => sqlx::raw_sql(sql).execute(conn.aan_de_beurt().await.unwrap()).await.map(|done| done.rows_affected()),
        };
        assert_ne!(gedaan.expect("the statement runs"), 0, "nothing was changed");
        tx.commit().await.expect("it is durable");
    }
}

impl Hub {
    async fn open(
        url: &str,
        map: &Path,
        clock: &Clock,
        register: &LiveRegister,
        sleutel: &Arc<ArcSwap<Sleutel>>,
        journaal: &Arc<Journaal>,
    ) -> Hub {
        let store = Store::open(url).await.expect("the database opens");
        store.migrate().await.expect("the schema is brought up to date");
        let oin = Oin::parse(HUB).expect("an OIN");
        let config = config::Kluis { hoofdsleutels: map.join("hoofdsleutels"), ..config::Kluis::default() };
        let kluis = Arc::new(open_kluis(&config, &store, journaal, oin, clock).await.expect("the vault opens"));
        let onderhoud = Arc::new(Onderhoud::nieuw(&config));
        let (wekker, stop) = (Wekker::default(), CancellationToken::new());
        let werkplaats = Werkplaats {
            store: store.clone(),
            register: register.clone(),
            clock: clock.clone(),
            sleutel: Arc::clone(sleutel),
            kluis: Arc::clone(&kluis),
            onderhoud: Arc::clone(&onderhoud),
            journaal: Arc::clone(journaal),
            wekker: wekker.clone(),
            hub: oin,
            beleid: Arc::new(Beleid::default()),
            achterstand_max: None,
            meters: Arc::default(),
            sporen: Sporen::default(),
        };
        let (admission, _) = Admission::start(werkplaats, stop.clone());
        let delen =
            Onderdelen { store: store.clone(), kluis: Arc::clone(&kluis), admission: admission.clone(), wekker, clock: clock.clone() };
        let delivery = Delivery::new(delen, Duration::from_secs(15), stop.clone());
        Hub { store, kluis, onderhoud, admission, delivery, _stop: stop.drop_guard() }
    }
}

/// Runs each test on SQLite and on PostgreSQL, as `…::on_sqlite` and `…::on_postgres`.
macro_rules! both {
    ($(async fn $name:ident($chain:ident: Chain) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn holds($chain: crate::support::chain::Chain) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                holds(crate::support::chain::Chain::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                holds(crate::support::chain::Chain::postgres().await).await;
            }
        }
    )+};
}

pub(crate) use both;
