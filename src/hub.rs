//! Puts the parts together and takes them apart again: one hub from a configuration, for the command line, the demo and the tests. Every
//! start-up check is here or called from here; it serves nothing before all of them passed.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use jeugdketen_proto::v1;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::admission::leiding::{self, Dinger, Leiding};
use crate::admission::luisteraar::Luisteraar;
use crate::admission::wake::Wekker;
use crate::admission::{Admission, Onderhoud, Werkplaats};
use crate::audit::keuring::{Keuring, keur};
use crate::audit::{Journaal, stand};
use crate::config::{self, Config, seconds};
use crate::delivery::{Delivery, Onderdelen};
use crate::domain::beleid::{Beleid, Norm2Begin};
use crate::domain::dagen::{GeenDatum, Kalender};
use crate::domain::deelnemer::Deelnemer;
use crate::domain::ids::Oin;
use crate::domain::register::Register;
use crate::identity::acceptor::{Acceptor, AcceptorInstellingen, Protocol};
use crate::identity::certificaat::KlantCertificaat;
use crate::identity::herladen::{HerlaadInstellingen, Herlader};
use crate::identity::register::LiveRegister;
use crate::identity::tls::{TlsBestanden, TlsFout, TlsStand};
use crate::identity::verbindingen::Verbindingen;
use crate::identity::weigering::Tellers;
use crate::json;
use crate::klokken;
use crate::kluis::{self, Bron, KENMERK, Kluis, KluisFout, PSEUDONIEM, Ring};
use crate::logboek::{Logboek, LogboekFout};
use crate::operator;
use crate::operator::peiling::{self, Laatste, Peiling};
use crate::paginas;
use crate::receipt::{Sleutel, SleutelFout};
use crate::store::audit::Aantekening;
use crate::store::{Store, StoreError, bewaring, deelnemers, lees_reeks, schrijf_reeks, sleutels};
use crate::telemetry::uitvoer::{self, Uitvoer, UitvoerFout};
use crate::time::Clock;
use crate::wire::{self, Hub};

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

fn eigen_oin(files: &TlsBestanden) -> Result<Oin, HubFout> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let eigen = CertificateDer::from_pem_file(&files.certificaat).map_err(|_| HubFout::HubZonderOin)?;
    KlantCertificaat::lees(&eigen).map(|certificaat| certificaat.oin).map_err(|_| HubFout::HubZonderOin)
}

/// Opens the database and brings its schema up to date; makes the folder of a SQLite file.
pub async fn open_store(config: &Config) -> Result<Store, HubFout> {
    if let Some(folder) = config.database.strip_prefix("sqlite:").and_then(|path| Path::new(path).parent()) {
        std::fs::create_dir_all(folder).map_err(|error| HubFout::Io(format!("cannot make {}", folder.display()), error))?;
    }
    let store = match config.onveilig_duurzaamheid {
        None => Store::open(&config.database).await?,
        Some(_) => zonder_waarborg(&config.database).await?,
    };
    store.migrate().await?;
    Ok(store)
}

/// Opens a database that may lose what was acknowledged. The configuration says that this is accepted; the log says it again at each start.
async fn zonder_waarborg(url: &str) -> Result<Store, HubFout> {
    let (store, reden) = Store::open_zonder_waarborg(url).await?;
    match reden {
        Some(reden) => tracing::error!(
            reden,
            "RECEIPTS MAY BE LOST: the database says \"done\" before it is durable, and the configuration accepts it"
        ),
        None => tracing::warn!("onveilig_duurzaamheid is set and not needed: the database is durable; leave it out"),
    }
    Ok(store)
}

/// The audit log that a configuration names.
pub fn journaal(config: &Config) -> Result<Journaal, HubFout> {
    Ok(Journaal::nieuw(config.audit.origin.clone(), Sleutel::laad_of_maak(&config.audit.key)?))
}

/// The database of a configuration with what opens it, for work beside a hub.
pub async fn open_met_kluis(config: &Config) -> Result<(Store, Kluis), HubFout> {
    let store = open_store(config).await?;
    let hub = eigen_oin(&tls_bestanden(config))?;
    let kluis = open_kluis(&config.kluis, &store, &journaal(config)?, hub, &Clock::machine()).await?;
    Ok((store, kluis))
}

/// Opens the vault: reads the master keys, making one when the database is empty and they come from a file, and the keys of the hub.
pub async fn open_kluis(config: &config::Kluis, store: &Store, journaal: &Journaal, hub: Oin, clock: &Clock) -> Result<Kluis, HubFout> {
    let bron = match config.opdracht.is_empty() {
        true => Bron::Bestand(config.hoofdsleutels.clone()),
        false => Bron::Opdracht(config.opdracht.clone()),
    };
    let (mut tx, mut reeks) = store.write().await?;
    let mut hubsleutels = sleutels::hub(&mut tx.conn()).await?;
    // Only who has nothing yet gets a new master key: elsewhere it would open nothing.
    if let (Bron::Bestand(file), true) = (&bron, hubsleutels.is_empty())
        && !file.exists()
    {
        kluis::voeg_toe(file)?;
    }
    let ring = Ring::lees(&bron)?;
    bewaring::begin(&mut tx.conn(), i64::from(config.bewaartermijn_dagen)).await?;
    if hubsleutels.is_empty() {
        let nu = clock.micros();
        hubsleutels =
            [KENMERK, PSEUDONIEM].map(|soort| Kluis::nieuwe_hubsleutel(&ring, soort, 1, nu)).into_iter().collect::<Result<_, _>>()?;
        sleutels::schrijf_hub(&mut tx.conn(), &hubsleutels).await?;
        let aantekening = Aantekening::sleutel((hub, v1::Rol::Hub), "NIEUW");
        journaal.boek(&mut tx.conn(), &mut reeks, nu, vec![aantekening]).await?;
        schrijf_reeks(&mut tx.conn(), &reeks).await?;
    }
    tx.commit().await?;
    Ok(Kluis::nieuw(Some(bron), ring, &hubsleutels)?)
}

/// Refuses a database whose audit log is not as it was sealed. There is no way around it: what to do is for people to decide.
async fn keur_audit(config: &Config, store: &Store, journaal: &Journaal) -> Result<(), HubFout> {
    let pad = &config.audit.stand;
    let bewaard = stand::lees(pad).map_err(|error| HubFout::Io(format!("cannot read {}", pad.display()), error))?;
    let keuring = keur(store, &journaal.publiek(), bewaard.as_deref(), |_, _| ()).await?;
    if !keuring.is_goed() {
        return Err(HubFout::Audit(Box::new(keuring)));
    }
    if bewaard.is_none() && keuring.records > 0 {
        tracing::warn!(file = %pad.display(), "no checkpoint outside the database: whether it was put back cannot be seen this once");
    }
    tracing::info!(records = keuring.records, key = %journaal.publiek(), "the audit log is whole");
    Ok(())
}

fn weigering(keuring: &Keuring) -> String {
    let mut text = "the audit log is not as it was sealed, so the hub does not start".to_owned();
    for gebrek in keuring.gebreken.iter().take(10) {
        text.push_str(&format!("\n  {gebrek}"));
    }
    let meer = keuring.gebreken.len().saturating_sub(10) + keuring.meer;
    if meer > 0 {
        text.push_str(&format!("\n  and {meer} more; `ketenhub audit fsck` names them"));
    }
    text.push_str("\nkeep this database as it is for who investigates, and restore one that is whole and has every signed record");
    text
}

/// Reads the register, filling it from the seed while it is empty, and puts the public receipt key on record.
async fn begin_register(config: &Config, store: &Store, sleutel: &ArcSwap<Sleutel>, clock: &Clock) -> Result<LiveRegister, HubFout> {
    let (mut tx, _) = store.write().await?;
    let sleutel = sleutel.load();
    sleutels::bewaar(&mut tx.conn(), sleutel.id(), sleutel.publiek(), clock.micros()).await?;
    let mut alle = deelnemers::alle(&mut tx.conn()).await?;
    if let (true, Some(seed)) = (alle.is_empty(), &config.register_seed) {
        let shown = seed.display().to_string();
        let text = std::fs::read_to_string(seed).map_err(|error| HubFout::Io(format!("cannot read {shown}"), error))?;
        alle = lees_deelnemers(&text).map_err(|reden| HubFout::Register(shown, reden))?;
        deelnemers::schrijf(&mut tx.conn(), &alle).await?;
    }
    let versie = lees_reeks(&mut tx.conn()).await?.register;
    tx.commit().await?;
    if alle.is_empty() {
        tracing::warn!("the register is empty: nobody can use this hub; name a register_seed");
    }
    Ok(LiveRegister::new(versie, Register::new(alle)))
}

/// The policy of the norm clocks: what the operator sets of it, and the norms as they are.
pub fn beleid(config: &Config) -> Result<Beleid, HubFout> {
    let gezet = &config.beleid;
    Ok(Beleid {
        naam: gezet.naam.clone(),
        kennisgeving_werkdagen: gezet.kennisgeving_werkdagen,
        norm2_begin: match gezet.norm2_begin {
            config::Norm2Begin::UitgesprokenOp => Norm2Begin::Uitgesproken,
            config::Norm2Begin::OntvangenOp => Norm2Begin::Ontvangen,
        },
        verleng: gezet.verleng_bij_weekend_feestdag,
        kalender: kalender(gezet.aangewezen_dagen.as_deref())?,
        ..Beleid::default()
    })
}

/// The calendar with the equated days of a file, one a line.
pub fn kalender(aangewezen: Option<&Path>) -> Result<Kalender, HubFout> {
    let Some(file) = aangewezen else { return Ok(Kalender::default()) };
    let text = std::fs::read_to_string(file).map_err(|error| HubFout::Io(format!("cannot read {}", file.display()), error))?;
    Kalender::lees(&text).map_err(|fout| HubFout::Dagen(file.to_owned(), fout))
}

/// Reads participants from a JSON array.
pub fn lees_deelnemers(text: &str) -> Result<Vec<Deelnemer>, String> {
    let lijst: Vec<v1::Deelnemer> = json::read_list(text).map_err(|error| error.to_string())?;
    let lees = |(index, deelnemer): (usize, &v1::Deelnemer)| {
        Deelnemer::lees(deelnemer).map_err(|faults| {
            let faults: Vec<_> = faults.iter().map(|fault| format!("{}: {}", fault.veld, fault.reden)).collect();
            format!("participant {index}: {}", faults.join("; "))
        })
    };
    lijst.iter().enumerate().map(lees).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn met(beleid: config::Beleid) -> Config {
        Config { beleid, ..Config::on_loopback(Path::new("certs-example"), Path::new("data"), 0) }
    }

    #[test]
    fn a_configuration_that_sets_nothing_gives_the_policy_of_the_report() {
        assert_eq!(beleid(&met(config::Beleid::default())).unwrap(), Beleid::default());
    }

    #[test]
    fn every_setting_of_the_policy_is_in_force() {
        let map = tempfile::tempdir().unwrap();
        let toml = "naam = \"proef-2026\"\nkennisgeving_werkdagen = 2\nnorm2_begin = \"ontvangen_op\"\n\
            verleng_bij_weekend_feestdag = true\naangewezen_dagen = \"dagen.txt\"\n";
        let voorbeeld = std::fs::read_to_string("ketenhub.example.toml").unwrap();
        let (andere, _) = voorbeeld.split_once("[beleid]").unwrap();
        let file = map.path().join("hub.toml");
        std::fs::write(&file, format!("{andere}[beleid]\n{toml}")).unwrap();
        // The path is relative to the configuration.
        std::fs::write(map.path().join("dagen.txt"), "2021-05-14 # Friday after Hemelvaart\n").unwrap();
        let wordt = Beleid {
            naam: "proef-2026".to_owned(),
            kennisgeving_werkdagen: 2,
            norm2_begin: Norm2Begin::Ontvangen,
            verleng: true,
            kalender: Kalender::new(chrono::NaiveDate::from_ymd_opt(2021, 5, 14)),
            ..Beleid::default()
        };
        assert_eq!(beleid(&Config::load(&file).unwrap()).unwrap(), wordt);
    }

    #[test]
    fn a_file_of_equated_days_that_cannot_be_used_is_named_with_its_line() {
        let map = tempfile::tempdir().unwrap();
        let file = map.path().join("dagen.txt");
        let config = met(config::Beleid { aangewezen_dagen: Some(file.clone()), ..config::Beleid::default() });
        let shown = file.display();
        assert_eq!(beleid(&config).unwrap_err().to_string(), format!("cannot read {shown}"));
        std::fs::write(&file, "2021-05-14\n\n14-05-2021\n").unwrap();
        assert_eq!(beleid(&config).unwrap_err().to_string(), format!("{shown}: line 3 is no date yyyy-mm-dd"));
    }
}
