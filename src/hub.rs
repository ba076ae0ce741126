//! Puts the parts together and takes them apart again: one hub from a configuration, for the command line, the demo and the tests. Every
//! start-up check is called from here, most stand in `begin`; it serves nothing before all of them passed.

mod begin;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::admission::leiding::{self, Dinger, Leiding};
use crate::admission::luisteraar::Luisteraar;
use crate::admission::wake::Wekker;
use crate::admission::{Admission, Onderhoud, Werkplaats};
use crate::audit::keuring::Keuring;
use crate::audit::{Journaal, stand};
use crate::config::{self, Config, seconds};
use crate::delivery::{Delivery, Onderdelen};
use crate::domain::dagen::GeenDatum;
use crate::domain::ids::Oin;
use crate::identity::acceptor::{Acceptor, AcceptorInstellingen, Protocol};
use crate::identity::herladen::{HerlaadInstellingen, Herlader};
use crate::identity::tls::{TlsBestanden, TlsFout, TlsStand};
use crate::identity::verbindingen::Verbindingen;
use crate::identity::weigering::Tellers;
use crate::klokken;
use crate::kluis::{Kluis, KluisFout};
use crate::logboek::{Logboek, LogboekFout};
use crate::operator;
use crate::operator::peiling::{self, Laatste, Peiling};
use crate::operator::tekens;
use crate::paginas;
use crate::receipt::{Sleutel, SleutelFout};
use crate::store::{Store, StoreError, bewaring, sleutels};
use crate::telemetry::uitvoer::{self, Uitvoer, UitvoerFout};
use crate::time::Clock;
use crate::wire::{self, Hub};

use begin::{begin_register, eigen_oin, keur_audit, weigering};
pub use begin::{beleid, journaal, kalender, lees_deelnemers, open_kluis, open_met_kluis, open_store};

/// Why a hub does not start or run.
#[derive(Debug, thiserror::Error)]
pub enum HubFout {
    /// The database.
    #[error("the database")]
    Store(#[from] StoreError),
    /// The certificates.
    #[error("the certificates")]
    Tls(#[from] TlsFout),
    /// The receipt key.
    #[error(transparent)]
    Sleutel(#[from] SleutelFout),
    /// The master keys.
    #[error("the master keys")]
    Kluis(#[from] KluisFout),
    /// The hub's own certificate names no OIN.
    #[error("the hub's certificate has no OIN in its serialNumber")]
    HubZonderOin,
    /// The example certificates on an address that others can reach.
    #[error("the example certificates are public: the hub serves them on loopback only, not on {0}")]
    VoorbeeldBuitenLoopback(IpAddr),
    /// The register to begin with cannot be used.
    #[error("the register seed {0}: {1}")]
    Register(String, String),
    /// The file of equated days has a line that is no date.
    #[error("{0}: {1}")]
    Dagen(PathBuf, GeenDatum),
    /// A file or the address cannot be used.
    #[error("{0}")]
    Io(String, #[source] std::io::Error),
    /// The audit log is not as it was sealed.
    #[error("{}", weigering(.0))]
    Audit(Box<Keuring>),
    /// Traces and metrics.
    #[error("traces and metrics")]
    Telemetrie(#[from] UitvoerFout),
    /// The external logbook.
    #[error("the external logbook")]
    Logboek(#[from] LogboekFout),
    /// Serving failed.
    #[error("serving failed")]
    Serve(#[from] tonic::transport::Error),
}

/// A hub that runs.
#[derive(Debug)]
pub struct Running {
    /// The address it listens on, with the port it got.
    pub address: SocketAddr,
    /// The address of the operator's port, when it has one.
    pub operator: Option<SocketAddr>,
    /// The address of the pages, when it has them.
    pub paginas: Option<SocketAddr>,
    /// What its services work with.
    pub hub: Hub,
    /// Makes it look at its certificate files at once.
    pub reload: Arc<Notify>,
    hoofdsleutels_nu: Arc<Notify>,
    stop: CancellationToken,
    serving: JoinHandle<Result<(), tonic::transport::Error>>,
    paginadienst: Option<paginas::Dienst>,
    writer: JoinHandle<()>,
    writer_stop: CancellationToken,
    dinger: JoinHandle<()>,
    stand: PathBuf,
    uitvoer: Uitvoer,
}

impl Running {
    /// Starts a hub. When this returns it accepts connections.
    pub async fn start(config: &Config, clock: Clock) -> Result<Running, HubFout> {
        Running::start_met(config, clock, |kluis| kluis, |journaal| journaal).await
    }

    /// The same with nothing sealed and nothing committed to, to measure what that costs. Only for measurements: what it stores is readable.
    pub(crate) async fn start_zonder_bescherming(config: &Config, clock: Clock) -> Result<Running, HubFout> {
        Running::start_met(config, clock, Kluis::zonder_bescherming, Journaal::zonder_zegel).await
    }

    async fn start_met(
        config: &Config,
        clock: Clock,
        kluis: impl FnOnce(Kluis) -> Kluis,
        zegel: impl FnOnce(Journaal) -> Journaal,
    ) -> Result<Running, HubFout> {
        let klok = klok(&clock);
        let files = tls_bestanden(config);
        let stand = TlsStand::laad(&files, &klok, None)?;
        let adressen = [Some(config.listen), config.paginas.listen].into_iter().flatten();
        if let (true, Some(buiten)) = (stand.voorbeeld_pki(), adressen.map(|adres| adres.ip()).find(|ip| !ip.is_loopback())) {
            return Err(HubFout::VoorbeeldBuitenLoopback(buiten));
        }
        let hub_oin = eigen_oin(&files)?;
        let sleutel = Arc::new(ArcSwap::from_pointee(Sleutel::laad_of_maak(&config.receipt_key)?));
        let journaal = Arc::new(zegel(journaal(config)?));
        let store = open_store(config).await?;
        keur_audit(config, &store, &journaal).await?;
        let kluis = Arc::new(kluis(open_kluis(&config.kluis, &store, &journaal, hub_oin, &clock).await?));
        let register = begin_register(config, &store, &sleutel, &clock).await?;
        let beleid = Arc::new(beleid(config)?);
        // After everything that can be refused: an exporter that is dropped again says so in the log.
        let uitvoer = Uitvoer::start(&config.telemetrie)?;
        klokken::bij_start(&store, &kluis, &beleid).await?;
        let listener =
            TcpListener::bind(config.listen).await.map_err(|error| HubFout::Io(format!("cannot listen on {}", config.listen), error))?;
        let address = listener.local_addr().map_err(|error| HubFout::Io("cannot listen".to_owned(), error))?;

        let (stop, writer_stop) = (CancellationToken::new(), CancellationToken::new());
        let (wekker, reload, hoofdsleutels_nu) = (Wekker::default(), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let verbindingen = Arc::new(Verbindingen::default());
        let stand = Arc::new(ArcSwap::from_pointee(stand));
        let limits = &config.limits;
        let onderhoud = Arc::new(Onderhoud::nieuw(&config.kluis));
        let werkplaats = Werkplaats {
            store: store.clone(),
            register: register.clone(),
            clock: clock.clone(),
            sleutel: Arc::clone(&sleutel),
            kluis: Arc::clone(&kluis),
            journaal: Arc::clone(&journaal),
            onderhoud: Arc::clone(&onderhoud),
            wekker: wekker.clone(),
            hub: hub_oin,
            beleid: Arc::clone(&beleid),
            achterstand_max: achterstand_max(&config.logboek),
            meters: Arc::clone(&uitvoer.meters),
            sporen: uitvoer.sporen.clone(),
        };
        let (admission, writer) = Admission::start(werkplaats, writer_stop.clone());
        let delen = Onderdelen {
            store: store.clone(),
            kluis: Arc::clone(&kluis),
            admission: admission.clone(),
            wekker: wekker.clone(),
            clock: clock.clone(),
        };
        let hub = Hub {
            admission,
            delivery: Delivery::new(delen, seconds(limits.heartbeat_s), stop.clone()),
            kluis,
            onderhoud,
            receipt_key: config.receipt_key.clone(),
            store,
            register,
            verbindingen: Arc::clone(&verbindingen),
            sleutel,
            journaal,
            clock,
            beleid,
            limits: limits.clone(),
            meters: Arc::clone(&uitvoer.meters),
            sporen: uitvoer.sporen.clone(),
        };
        let interval = seconds(config.tls.reload_s);
        let herlaad = HerlaadInstellingen { interval, herverificatie: seconds(60) };
        let herlader = Herlader::nieuw(files, Arc::clone(&stand), Arc::clone(&verbindingen), klok.clone(), herlaad);
        if let Some(logboek) = logboek(&config.logboek, &hub.store, hub_oin)? {
            tokio::spawn(logboek.volg(stop.clone()));
        }
        tokio::spawn(stand::volg(hub.store.clone(), config.audit.stand.clone(), stop.clone()));
        tokio::spawn(herlader.draai(Arc::clone(&reload), stop.clone()));
        tokio::spawn(hoofdsleutels(hub.clone(), interval, Arc::clone(&hoofdsleutels_nu), stop.clone()));
        let (leiding, register_nu) = (Arc::new(Leiding::default()), Arc::new(Notify::new()));
        let (store, naam) = (hub.store.clone(), hub.clock.new_id().to_string());
        let dinger = tokio::spawn(Dinger { store: store.clone(), naam, leiding: Arc::clone(&leiding) }.draai(stop.clone()));
        let luisteraar = Luisteraar { store, wekker, kijk: seconds(limits.kijk_s), register: Arc::clone(&register_nu) };
        tokio::spawn(luisteraar.draai(stop.clone()));
        let (admission, onderhoud) = (hub.admission.clone(), Arc::clone(&hub.onderhoud));
        tokio::spawn(leiding::werk(admission, onderhoud, Arc::clone(&leiding), seconds(limits.tik_s), stop.clone()));
        let slag = seconds(limits.heartbeat_s);
        tokio::spawn(tekens::noteer(hub.store.clone(), Arc::clone(&hub.verbindingen), hub.clock.clone(), slag, stop.clone()));
        tokio::spawn(ververs_register(hub.clone(), interval, register_nu, stop.clone()));
        let accept = AcceptorInstellingen {
            handshake_deadline: seconds(limits.handshake_s),
            max_handshakes: limits.handshakes,
            max_verbindingen: limits.connections,
            protocol: Protocol::Grpc,
        };
        let paginadienst = match config.paginas.listen {
            None => None,
            Some(adres) => Some(
                paginas::start(adres, hub.clone(), Arc::clone(&stand), klok.clone(), stop.clone())
                    .await
                    .map_err(|error| HubFout::Io(format!("cannot listen on {adres} (paginas.listen)"), error))?,
            ),
        };
        let paginas = paginadienst.as_ref().map(|dienst| dienst.adres);
        let tls = Arc::clone(&stand);
        let (connections, tellers) = Acceptor::start(listener, stand, verbindingen, klok, accept, stop.clone());
        let operator = operator(config, &hub, (tls, tellers, leiding), &uitvoer, &stop).await?;
        let serving = tokio::spawn(wire::serve(hub.clone(), config.reflection, connections, stop.clone()));
        tracing::info!(%address, oin = %hub_oin, operator = operator.map(tracing::field::display), paginas = paginas.map(tracing::field::display), "the hub listens");
        let stand = config.audit.stand.clone();
        Ok(Running {
            address,
            operator,
            paginas,
            hub,
            reload,
            hoofdsleutels_nu,
            stop,
            serving,
            paginadienst,
            writer,
            writer_stop,
            dinger,
            stand,
            uitvoer,
        })
    }

    /// Ends in order: no new connections and calls, open streams are told, what was queued is answered, the database is closed.
    pub async fn stop(self) -> Result<(), HubFout> {
        self.stop.cancel();
        // Another hub need not wait until this one has finished.
        let _ = self.dinger.await;
        let served = self.serving.await;
        if let Some(dienst) = self.paginadienst {
            dienst.einde().await;
        }
        self.writer_stop.cancel();
        if self.writer.await.is_err() {
            tracing::error!("the writer ended by itself");
        }
        stand::bij(&self.hub.store, &self.stand, &mut String::new()).await;
        self.hub.store.close().await;
        self.uitvoer.stop().await;
        tracing::info!("the hub has stopped");
        Ok(served.unwrap_or(Ok(()))?)
    }

    /// Makes it look at everything that it reads from outside at once: certificates, revocation lists, master keys.
    pub fn herlaad(&self) {
        self.reload.notify_one();
        self.hoofdsleutels_nu.notify_one();
    }

    /// Waits until serving ends by itself, which it does only on an error.
    pub async fn ended(&mut self) -> Result<(), HubFout> {
        Ok((&mut self.serving).await.unwrap_or(Ok(()))?)
    }
}

/// The certificate files that a configuration names.
pub fn tls_bestanden(config: &Config) -> TlsBestanden {
    TlsBestanden {
        certificaat: config.tls.certificate.clone(),
        sleutel: config.tls.key.clone(),
        client_ca: config.tls.client_ca.clone(),
        crls: config.tls.crls.clone(),
    }
}

/// The time as the TLS library wants it.
pub fn klok(clock: &Clock) -> crate::identity::Klok {
    let clock = clock.clone();
    Arc::new(move || {
        let since = std::time::Duration::from_micros(u64::try_from(clock.micros()).unwrap_or_default());
        rustls::pki_types::UnixTime::since_unix_epoch(since)
    })
}

/// Reads the master keys again, from a file now and then and from a command when it is told to: what is wrapped with another than the
/// first is wrapped anew.
async fn hoofdsleutels(hub: Hub, interval: std::time::Duration, nu: Arc<Notify>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(interval);
    loop {
        let gevraagd = tokio::select! {
            () = stop.cancelled() => return,
            () = nu.notified() => true,
            _ = tick.tick() => false,
        };
        let voor = hub.kluis.huidige_hoofdsleutel();
        if let Err(error) = hub.kluis.herlaad(gevraagd) {
            tracing::error!(error = %crate::telemetry::causes(&error), "the master keys could not be read; those of before stay in use");
        } else if hub.kluis.huidige_hoofdsleutel() != voor {
            tracing::info!("the current master key is another; keys are wrapped anew");
            hub.onderhoud.herverpak();
        }
    }
}

/// The way to the external logbook, when the operator named one.
fn logboek(config: &config::Logboek, store: &Store, hub: Oin) -> Result<Option<Logboek>, HubFout> {
    let (Some(otlp), Some(register)) = (&config.otlp, &config.register) else { return Ok(None) };
    let tls = uitvoer::tls(config.otlp_ca.as_deref())?;
    Ok(Some(Logboek::nieuw(store.clone(), hub, otlp.clone(), tls, register)?))
}

/// How long a record may wait for the external logbook, in microseconds.
fn achterstand_max(config: &config::Logboek) -> Option<i64> {
    let seconden = i64::try_from(config.achterstand_max_s).unwrap_or(i64::MAX);
    (seconden > 0 && config.otlp.is_some()).then(|| seconden.saturating_mul(1_000_000))
}

/// Begins to read what is not counted, and to show all of it on the operator's port when there is one.
async fn operator(
    config: &Config,
    hub: &Hub,
    (tls, tellers, leiding): (Arc<ArcSwap<TlsStand>>, Arc<Tellers>, Arc<Leiding>),
    uitvoer: &Uitvoer,
    stop: &CancellationToken,
) -> Result<Option<SocketAddr>, HubFout> {
    let peiling = Arc::new(Peiling {
        store: hub.store.clone(),
        register: hub.register.clone(),
        verbindingen: Arc::clone(&hub.verbindingen),
        tellers,
        tls,
        leiding,
        clock: hub.clock.clone(),
        laatste: Laatste::default(),
        normen: Arc::default(),
        logboek: config.logboek.otlp.is_some(),
    });
    peiling.meld_aan(&uitvoer.meter);
    if config.telemetrie.otlp.is_some() {
        tokio::spawn(peil(Arc::clone(&peiling), stop.clone()));
    }
    let (Some(adres), Some(register)) = (config.telemetrie.metrics, &uitvoer.register) else { return Ok(None) };
    let adres = operator::start(adres, register.clone(), peiling, stop.clone()).await;
    adres.map(Some).map_err(|error| HubFout::Io("cannot listen on telemetrie.metrics".to_owned(), error))
}

/// A collector does not ask: what is sent to it is read beforehand.
async fn peil(peiling: Arc<Peiling>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(peiling::OUD);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => peiling.ververs().await,
        }
    }
}

/// Notices what other hubs changed, and dates that passed.
async fn ververs_register(hub: Hub, interval: std::time::Duration, nu: Arc<Notify>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(interval);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = nu.notified() => {}
            _ = tick.tick() => {}
        }
        let beheer = hub.beheer();
        if let Err(error) = beheer.ververs().await {
            tracing::warn!(error = %crate::telemetry::causes(&error), "the register could not be read; the last one stays in force");
        }
        beheer.verbreek_onbevoegden();
        if let Err(error) = ververs_kluis(&hub).await {
            tracing::error!(error = %crate::telemetry::causes(&error), "the keys of the hub could not be read; those of before stay in use");
        }
        if let Err(error) = hub.sleutelbeheer().herlees_receiptsleutel().await {
            tracing::error!(error = %crate::telemetry::causes(&error), "the receipt key could not be read; that of before stays in use");
        }
    }
}

/// Notices a new epoch of pseudonyms and another term for bodies, also those that another hub set.
async fn ververs_kluis(hub: &Hub) -> Result<(), StoreError> {
    let mut lezing = hub.store.read().await?;
    hub.onderhoud.termijn(bewaring::lees(&mut lezing.conn()).await?.dagen);
    let hubsleutels = sleutels::hub(&mut lezing.conn()).await?;
    Ok(hub.kluis.ververs(&hubsleutels)?)
}
