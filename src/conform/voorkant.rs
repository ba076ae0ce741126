//! The front: it stands before a real hub, passes everything on as bytes, writes down what comes by, and disturbs where a case asks it to:
//! it cuts connections, loses answers, repeats and withholds deliveries, and shows other certificates. What it does not disturb is the
//! hub's own. It judges nothing.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use bytes::Bytes;
use http::uri::PathAndQuery;
use jeugdketen_proto::raw;
use jeugdketen_proto::v1::{AcknowledgeRequest, FetchRequest, Hartslag, SubscribeRequest};
use prost::Message as _;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::client::Grpc as Klant;
use tonic::server::{Grpc, NamedService, ServerStreamingService, UnaryService};
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status};
use tower::ServiceExt as _;

use super::lijn::{Bytecodec, Lijn, Wie};
use super::logboek::{Logboek, Waarneming};
use crate::identity::certificaat::KlantCertificaat;
use crate::time::{Clock, timestamp};

/// Largest message that passes.
const GROOTSTE: usize = 64 * 1024 * 1024;
/// How many steps of a stream may wait.
const ONDERWEG: usize = 64;

/// The calls that are answered once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Methode {
    /// Submits one message.
    Submit,
    /// Receives one page.
    Fetch,
    /// Confirms receipt.
    Acknowledge,
}

impl Methode {
    fn pad(self) -> PathAndQuery {
        PathAndQuery::from_static(match self {
            Methode::Submit => "/jeugdketen.hub.v1.ExchangeService/Submit",
            Methode::Fetch => "/jeugdketen.hub.v1.ExchangeService/Fetch",
            Methode::Acknowledge => "/jeugdketen.hub.v1.ExchangeService/Acknowledge",
        })
    }
}

const SUBSCRIBE: &str = "/jeugdketen.hub.v1.ExchangeService/Subscribe";

/// Changes an answer of the hub.
pub type Wijziging = Box<dyn FnOnce(Result<Bytes, Status>) -> Result<Bytes, Status> + Send>;

/// What the front does with one call. Nothing, unless it says so.
#[derive(Default)]
pub struct Ingreep {
    /// Answers this; the hub sees nothing of the call.
    pub weiger: Option<Status>,
    /// Sends this to the hub in the place of what was asked.
    pub vraag: Option<Bytes>,
    /// Changes the answer.
    pub antwoord: Option<Wijziging>,
    /// Cuts every connection when the hub has answered: what it did is durable, and nobody was told.
    pub verbreek: bool,
    /// Holds the answer back for so long.
    pub wacht: Duration,
}

impl Ingreep {
    /// Passes it on.
    pub fn geen() -> Ingreep {
        Ingreep::default()
    }

    /// Refuses in the place of the hub.
    pub fn weiger(status: Status) -> Ingreep {
        Ingreep { weiger: Some(status), ..Ingreep::default() }
    }

    /// Loses the answer.
    pub fn verlies() -> Ingreep {
        Ingreep { verbreek: true, ..Ingreep::default() }
    }

    /// Changes a good answer.
    pub fn verander(anders: impl FnOnce(Bytes) -> Bytes + Send + 'static) -> Ingreep {
        Ingreep { antwoord: Some(Box::new(move |antwoord| antwoord.map(anders))), ..Ingreep::default() }
    }
}

/// One call as it comes in.
pub struct Oproep<'a> {
    /// The how manieth of its method in this case, from 0.
    pub nr: u32,
    /// The request.
    pub bytes: &'a Bytes,
}

/// One step of a stream.
#[derive(Clone, Debug)]
pub enum Stap {
    /// A delivery, encoded.
    Levering(Bytes),
    /// Any other event: an encoded `SubscribeResponse`.
    Anders(Bytes),
    /// Every connection is cut.
    Verbreek,
    /// The stream ends with this status, or without one.
    Einde(Option<Status>),
}

impl Stap {
    /// A delivery as it is.
    pub fn levering(levering: &raw::Levering) -> Stap {
        Stap::Levering(levering.encode_to_vec().into())
    }

    /// A heartbeat that names a number.
    pub fn hartslag(laatste: u64, clock: &Clock) -> Stap {
        let hartslag = Hartslag { tijdstip: Some(timestamp(clock.micros())), laatste_postvaknummer: laatste };
        Stap::Anders(raw::SubscribeResponse { gebeurtenis: Some(raw::Gebeurtenis::Hartslag(hartslag)) }.encode_to_vec().into())
    }

    fn bytes(self) -> Option<Bytes> {
        match self {
            // The event holds the delivery as its first field.
            Stap::Levering(bytes) => {
                let mut uit = Vec::with_capacity(bytes.len() + 6);
                prost::encoding::bytes::encode(1, &bytes, &mut uit);
                Some(uit.into())
            }
            Stap::Anders(bytes) => Some(bytes),
            Stap::Verbreek | Stap::Einde(_) => None,
        }
    }
}

type OpOproep = Box<dyn FnMut(Oproep<'_>) -> Ingreep + Send>;
type OpLevering = Box<dyn FnMut(raw::Levering) -> Vec<Stap> + Send>;
type OpAbonnement = Box<dyn FnMut(u32) -> Option<Status> + Send>;
/// Makes another cursor of the one that was asked for.
type OpCursor = Box<dyn FnMut(u32, Option<u64>) -> Option<u64> + Send>;

/// What a case put in the way.
#[derive(Default)]
struct Haken {
    oproep: HashMap<Methode, OpOproep>,
    levering: Option<OpLevering>,
    abonnement: Option<OpAbonnement>,
    cursor: Option<OpCursor>,
    /// Calls until now, per method; subscriptions.
    geteld: HashMap<Methode, u32>,
    abonnementen: u32,
    /// Whether heartbeats are withheld.
    stil: bool,
    /// Whether streams of submissions are refused.
    zonder_stroom: bool,
    /// Connections to send away at once.
    weg_te_sturen: u32,
}

struct Staat {
    log: ArcSwap<Logboek>,
    haken: Mutex<Haken>,
    tls: ArcSwap<ServerConfig>,
    open: watch::Sender<bool>,
    lijnen: Mutex<CancellationToken>,
    /// The connections to the hub, by the OIN for which they are.
    hub: HashMap<String, Channel>,
    hartslag: Duration,
    clock: Clock,
    /// The last number given out in the mailbox, as far as it came by.
    laatste: AtomicU64,
    /// Where a case puts events into the stream that is open.
    invoer: Mutex<Option<mpsc::Sender<Stap>>>,
}

/// The front. It stops when it is dropped.
pub struct Voorkant {
    /// Where it listens.
    pub adres: SocketAddr,
    staat: Arc<Staat>,
    stop: CancellationToken,
}

impl Drop for Voorkant {
    fn drop(&mut self) {
        self.stop.cancel();
        self.staat.verbreek();
    }
}

impl Voorkant {
    /// Listens on an address, before connections to a hub by OIN. It lets nobody in yet.
    pub(super) async fn start(
        luister: SocketAddr,
        hub: HashMap<String, Channel>,
        tls: Arc<ServerConfig>,
        hartslag: Duration,
        clock: Clock,
    ) -> anyhow::Result<Voorkant> {
        let listener = TcpListener::bind(luister).await.with_context(|| format!("cannot listen on {luister}"))?;
        let adres = listener.local_addr()?;
        let staat = Arc::new(Staat {
            log: ArcSwap::default(),
            haken: Mutex::default(),
            tls: ArcSwap::new(tls),
            open: watch::Sender::new(false),
            lijnen: Mutex::default(),
            hub,
            hartslag,
            clock,
            laatste: AtomicU64::new(0),
            invoer: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let (uit, binnen) = mpsc::channel(ONDERWEG);
        tokio::spawn(luister_naar(listener, Arc::clone(&staat), uit, stop.clone()));
        let dienst = Dienst(Arc::clone(&staat));
        let server = Server::builder().add_service(dienst);
        tokio::spawn(server.serve_with_incoming_shutdown(ReceiverStream::new(binnen), stop.clone().cancelled_owned()));
        Ok(Voorkant { adres, staat, stop })
    }

    /// Begins anew: nobody is connected, nothing is disturbed, and what comes now is written in a log of its own.
    /// `laatste` is the last number given out in the mailbox of the client.
    pub fn opnieuw(&self, tls: Arc<ServerConfig>, laatste: u64) -> Logboek {
        self.dicht();
        self.staat.verbreek();
        *self.staat.haken() = Haken::default();
        *self.staat.invoer() = None;
        self.staat.tls.store(tls);
        self.staat.laatste.store(laatste, Ordering::Relaxed);
        let log = Logboek::default();
        self.staat.log.store(Arc::new(log.clone()));
        log
    }

    /// Lets clients in.
    pub fn open(&self) {
        self.staat.open.send_replace(true);
    }

    /// Lets nobody in; who comes waits.
    pub(super) fn dicht(&self) {
        self.staat.open.send_replace(false);
    }

    /// Shows another certificate to who connects from now on.
    pub(super) fn vertoon(&self, tls: Arc<ServerConfig>) {
        self.staat.tls.store(tls);
    }

    /// Cuts every connection.
    pub(super) fn verbreek(&self) {
        self.staat.verbreek();
    }

    /// Sends so many connections away before a word is said.
    pub(super) fn stuur_weg(&self, aantal: u32) {
        self.staat.haken().weg_te_sturen = aantal;
    }

    /// Withholds heartbeats.
    pub fn zonder_hartslag(&self) {
        self.staat.haken().stil = true;
    }

    /// Refuses streams of submissions.
    pub fn zonder_stroom(&self) {
        self.staat.haken().zonder_stroom = true;
    }

    /// Puts something in the way of a method.
    pub fn bij(&self, methode: Methode, haak: impl FnMut(Oproep<'_>) -> Ingreep + Send + 'static) {
        self.staat.haken().oproep.insert(methode, Box::new(haak));
    }

    /// Does something else with each delivery of the hub than pass it on.
    pub fn bij_levering(&self, haak: impl FnMut(raw::Levering) -> Vec<Stap> + Send + 'static) {
        self.staat.haken().levering = Some(Box::new(haak));
    }

    /// Refuses a subscription; its number in this case, from 0, decides.
    pub fn bij_abonnement(&self, haak: impl FnMut(u32) -> Option<Status> + Send + 'static) {
        self.staat.haken().abonnement = Some(Box::new(haak));
    }

    /// Subscribes at the hub with another cursor than was asked for.
    pub fn bij_cursor(&self, haak: impl FnMut(u32, Option<u64>) -> Option<u64> + Send + 'static) {
        self.staat.haken().cursor = Some(Box::new(haak));
    }

    /// Puts a step into the stream that is open. Nothing, when there is none.
    pub(super) async fn stuur(&self, stap: Stap) {
        let invoer = self.staat.invoer().clone();
        if let Some(invoer) = invoer {
            // It may just have ended; then the client comes back by itself.
            let _ = invoer.send(stap).await;
        }
    }
}

impl Staat {
    fn haken(&self) -> MutexGuard<'_, Haken> {
        self.haken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn invoer(&self) -> MutexGuard<'_, Option<mpsc::Sender<Stap>>> {
        self.invoer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lijnen(&self) -> MutexGuard<'_, CancellationToken> {
        self.lijnen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn schrijf(&self, wat: Waarneming) {
        self.log.load().schrijf(wat);
    }

    /// Cuts every connection there is; those that come later live.
    fn verbreek(&self) {
        std::mem::take(&mut *self.lijnen()).cancel();
    }

    fn hub(&self, wie: &Wie) -> Result<Klant<Channel>, Status> {
        let kanaal = wie.0.as_ref().and_then(|oin| self.hub.get(oin)).ok_or_else(|| Status::unauthenticated("no participant"))?;
        Ok(Klant::new(kanaal.clone()).max_decoding_message_size(GROOTSTE))
    }

    /// What no case disturbs goes to the hub as it is.
    async fn door(&self, vraag: http::Request<Body>) -> Result<http::Response<Body>, Status> {
        if self.haken().zonder_stroom {
            return Err(Status::unimplemented("no streams"));
        }
        let oin = vraag.extensions().get::<Wie>().and_then(|wie| wie.0.clone());
        let kanaal = oin.and_then(|oin| self.hub.get(&oin)).ok_or_else(|| Status::unauthenticated("no participant"))?;
        let antwoord = kanaal.clone().oneshot(vraag).await;
        antwoord.map_err(|fout| Status::unavailable(fout.to_string()))
    }

    async fn unair(&self, wie: &Wie, methode: Methode, bytes: Bytes) -> Result<Bytes, Status> {
        self.schrijf(waarneming(methode, &bytes));
        let ingreep = self.ingreep(methode, &bytes);
        tokio::time::sleep(ingreep.wacht).await;
        if let Some(status) = ingreep.weiger {
            return Err(status);
        }
        let log = self.log.load_full();
        let antwoord = self.vraag_hub(wie, methode, ingreep.vraag.unwrap_or(bytes)).await;
        let antwoord = match ingreep.antwoord {
            Some(wijziging) => wijziging(antwoord),
            None => antwoord,
        };
        if ingreep.verbreek {
            self.verbreek();
            return Err(Status::unavailable("cut"));
        }
        if methode == Methode::Submit && antwoord.is_ok() {
            log.schrijf(Waarneming::Aanvaard);
        }
        antwoord
    }

    fn ingreep(&self, methode: Methode, bytes: &Bytes) -> Ingreep {
        let mut haken = self.haken();
        let geteld = haken.geteld.entry(methode).or_default();
        let nr = *geteld;
        *geteld += 1;
        haken.oproep.get_mut(&methode).map_or_else(Ingreep::geen, |haak| haak(Oproep { nr, bytes }))
    }

    async fn vraag_hub(&self, wie: &Wie, methode: Methode, bytes: Bytes) -> Result<Bytes, Status> {
        let mut hub = self.hub(wie)?;
        hub.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let antwoord = hub.unary(Request::new(bytes), methode.pad(), Bytecodec).await?.into_inner();
        if methode == Methode::Fetch { self.pagina(antwoord) } else { Ok(antwoord) }
    }

    /// A page, with each delivery on it done with as on a stream.
    fn pagina(&self, bytes: Bytes) -> Result<Bytes, Status> {
        let pagina = raw::FetchResponse::decode(bytes).map_err(|_| Status::internal("no page"))?;
        self.laatste.fetch_max(pagina.laatste_postvaknummer, Ordering::Relaxed);
        let mut uit = Vec::new();
        for levering in pagina.leveringen {
            for stap in self.stappen(levering) {
                match stap {
                    Stap::Levering(bytes) => {
                        self.schrijf_geleverd(&bytes);
                        prost::encoding::bytes::encode(1, &bytes, &mut uit);
                    }
                    Stap::Anders(_) => {}
                    Stap::Verbreek => {
                        self.verbreek();
                        return Err(Status::unavailable("cut"));
                    }
                    Stap::Einde(status) => return Err(status.unwrap_or_else(|| Status::unavailable("ended"))),
                }
            }
        }
        prost::encoding::uint64::encode(2, &pagina.laatste_postvaknummer, &mut uit);
        Ok(uit.into())
    }

    fn stappen(&self, levering: raw::Levering) -> Vec<Stap> {
        match &mut self.haken().levering {
            Some(haak) => haak(levering),
            None => vec![Stap::levering(&levering)],
        }
    }

    fn schrijf_geleverd(&self, levering: &Bytes) {
        if let Ok(levering) = raw::Levering::decode(levering.clone()) {
            self.schrijf(Waarneming::Geleverd(levering.postvaknummer));
        }
    }

    async fn abonneer(self: Arc<Staat>, wie: Wie, vraag: Bytes) -> Result<ReceiverStream<Result<Bytes, Status>>, Status> {
        let SubscribeRequest { na } = SubscribeRequest::decode(vraag).map_err(|_| Status::invalid_argument("no request"))?;
        let gevraagd = Waarneming::Abonnement(na);
        let (weiger, na) = {
            let mut haken = self.haken();
            let nr = haken.abonnementen;
            haken.abonnementen += 1;
            let weiger = haken.abonnement.as_mut().and_then(|haak| haak(nr));
            (weiger, haken.cursor.as_mut().map_or(na, |haak| haak(nr, na)))
        };
        if let Some(status) = weiger {
            self.schrijf(gevraagd);
            return Err(status);
        }
        // Before the subscription is seen: what a case puts in at once waits until the stream is there.
        let (invoer, ingevoerd) = mpsc::channel(ONDERWEG);
        *self.invoer() = Some(invoer);
        self.schrijf(gevraagd);
        let mut hub = self.hub(&wie)?;
        hub.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let vraag = Bytes::from(SubscribeRequest { na }.encode_to_vec());
        let van_hub = hub.server_streaming(Request::new(vraag), PathAndQuery::from_static(SUBSCRIBE), Bytecodec).await?.into_inner();
        let (zender, uit) = mpsc::channel(ONDERWEG);
        let afgebroken = self.lijnen().clone();
        tokio::spawn(Stroom { staat: self, zender, afgebroken }.draai(van_hub, ingevoerd));
        Ok(ReceiverStream::new(uit))
    }
}

fn waarneming(methode: Methode, bytes: &Bytes) -> Waarneming {
    match methode {
        Methode::Submit => {
            let bericht = raw::SubmitRequest::decode(bytes.clone()).ok().and_then(|vraag| vraag.bericht);
            Waarneming::Ingezonden(bericht.unwrap_or_default())
        }
        Methode::Fetch => Waarneming::Opgehaald(FetchRequest::decode(bytes.clone()).ok().and_then(|vraag| vraag.na)),
        Methode::Acknowledge => {
            Waarneming::Bevestigd(AcknowledgeRequest::decode(bytes.clone()).map(|vraag| vraag.tot_en_met).unwrap_or_default())
        }
    }
}

/// One stream of deliveries to a client.
struct Stroom {
    staat: Arc<Staat>,
    zender: mpsc::Sender<Result<Bytes, Status>>,
    /// The cut of its connection: what comes from the hub afterwards is for the next.
    afgebroken: CancellationToken,
}

impl Stroom {
    async fn draai(self, mut van_hub: tonic::Streaming<Bytes>, mut ingevoerd: mpsc::Receiver<Stap>) {
        let log = self.staat.log.load_full();
        loop {
            let stappen = tokio::select! {
                biased;
                () = self.afgebroken.cancelled() => {
                    // A line that breaks ends no stream: that would be an answer.
                    return self.zender.closed().await;
                }
                () = self.zender.closed() => return log.schrijf(Waarneming::Opgezegd),
                Some(stap) = ingevoerd.recv() => vec![stap],
                antwoord = van_hub.message() => match antwoord {
                    Ok(Some(bytes)) => self.van_hub(bytes),
                    Ok(None) => vec![Stap::Einde(None)],
                    Err(status) => vec![Stap::Einde(Some(status))],
                },
                () = tokio::time::sleep(self.staat.hartslag) => match self.staat.haken().stil {
                    true => Vec::new(),
                    false => vec![Stap::hartslag(self.staat.laatste.load(Ordering::Relaxed), &self.staat.clock)],
                },
            };
            for stap in stappen {
                if !self.zet(stap).await {
                    return;
                }
            }
        }
    }

    /// What the hub's own heartbeats say is said by those of the front.
    fn van_hub(&self, bytes: Bytes) -> Vec<Stap> {
        match raw::SubscribeResponse::decode(bytes).ok().and_then(|antwoord| antwoord.gebeurtenis) {
            Some(raw::Gebeurtenis::Levering(levering)) => {
                self.staat.laatste.fetch_max(levering.postvaknummer, Ordering::Relaxed);
                self.staat.stappen(levering)
            }
            _ => Vec::new(),
        }
    }

    /// Whether the stream goes on.
    async fn zet(&self, stap: Stap) -> bool {
        match &stap {
            Stap::Levering(bytes) => self.staat.schrijf_geleverd(bytes),
            Stap::Anders(bytes) => {
                if let Ok(raw::SubscribeResponse { gebeurtenis: Some(raw::Gebeurtenis::Hartslag(hartslag)) }) =
                    raw::SubscribeResponse::decode(bytes.clone())
                {
                    self.staat.schrijf(Waarneming::Hartslag(hartslag.laatste_postvaknummer));
                }
            }
            Stap::Verbreek => {
                self.staat.verbreek();
                return false;
            }
            Stap::Einde(None) => return false,
            Stap::Einde(Some(status)) => {
                // The client may be gone already.
                let _ = self.zender.send(Err(status.clone())).await;
                return false;
            }
        }
        match stap.bytes() {
            Some(bytes) => self.zender.send(Ok(bytes)).await.is_ok(),
            None => true,
        }
    }
}

async fn luister_naar(listener: TcpListener, staat: Arc<Staat>, uit: mpsc::Sender<std::io::Result<Lijn>>, stop: CancellationToken) {
    let mut open = staat.open.subscribe();
    loop {
        let tcp = tokio::select! {
            () = stop.cancelled() => return,
            tcp = async {
                // Who comes while the front is closed waits in the queue of the kernel.
                open.wait_for(|open| *open).await.ok()?;
                listener.accept().await.ok()
            } => tcp,
        };
        let Some((tcp, _)) = tcp else { continue };
        if open.wait_for(|open| *open).await.is_err() {
            return;
        }
        let weg = {
            let mut haken = staat.haken();
            let weg = haken.weg_te_sturen > 0;
            haken.weg_te_sturen = haken.weg_te_sturen.saturating_sub(1);
            weg
        };
        if weg {
            staat.schrijf(Waarneming::Weggestuurd);
            continue;
        }
        let (staat, uit) = (Arc::clone(&staat), uit.clone());
        tokio::spawn(async move {
            if let Some(lijn) = neem_aan(tcp, &staat).await {
                // Failure means that the front stops.
                let _ = uit.send(Ok(lijn)).await;
            }
        });
    }
}

async fn neem_aan(tcp: TcpStream, staat: &Staat) -> Option<Lijn> {
    let (log, afbreken) = (staat.log.load_full(), staat.lijnen().clone());
    tcp.set_nodelay(true).ok()?;
    let handdruk = TlsAcceptor::from(staat.tls.load_full()).accept(tcp);
    let stroom = tokio::select! {
        () = afbreken.cancelled() => return None,
        stroom = handdruk => stroom,
    };
    match stroom {
        Ok(stroom) => {
            let blad = stroom.get_ref().1.peer_certificates().and_then(|keten| keten.first());
            let oin = blad.and_then(|blad| KlantCertificaat::lees(blad).ok()).map(|certificaat| certificaat.oin.to_string());
            log.schrijf(Waarneming::Verbonden);
            Some(Lijn::nieuw(stroom, afbreken, Wie(oin)))
        }
        Err(fout) => {
            log.schrijf(Waarneming::HanddrukMislukt(fout.to_string()));
            None
        }
    }
}

/// The exchange service as bytes.
#[derive(Clone)]
struct Dienst(Arc<Staat>);

impl NamedService for Dienst {
    const NAME: &'static str = "jeugdketen.hub.v1.ExchangeService";
}

type Toekomst<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl tower::Service<http::Request<Body>> for Dienst {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Toekomst<Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, vraag: http::Request<Body>) -> Self::Future {
        let staat = Arc::clone(&self.0);
        Box::pin(async move {
            let mut grpc = Grpc::new(Bytecodec).max_decoding_message_size(GROOTSTE);
            let methode = match vraag.uri().path() {
                SUBSCRIBE => return Ok(grpc.server_streaming(Stromend(staat), vraag).await),
                pad => [Methode::Submit, Methode::Fetch, Methode::Acknowledge].into_iter().find(|methode| methode.pad().path() == pad),
            };
            Ok(match methode {
                Some(methode) => grpc.unary(Unair(staat, methode), vraag).await,
                None => staat.door(vraag).await.unwrap_or_else(Status::into_http),
            })
        })
    }
}

fn wie<T>(vraag: &Request<T>) -> Wie {
    vraag.extensions().get::<Wie>().cloned().unwrap_or(Wie(None))
}

struct Unair(Arc<Staat>, Methode);

impl UnaryService<Bytes> for Unair {
    type Response = Bytes;
    type Future = Toekomst<Result<Response<Bytes>, Status>>;

    fn call(&mut self, vraag: Request<Bytes>) -> Self::Future {
        let (staat, methode, wie) = (Arc::clone(&self.0), self.1, wie(&vraag));
        Box::pin(async move { staat.unair(&wie, methode, vraag.into_inner()).await.map(Response::new) })
    }
}

struct Stromend(Arc<Staat>);

impl ServerStreamingService<Bytes> for Stromend {
    type Response = Bytes;
    type ResponseStream = ReceiverStream<Result<Bytes, Status>>;
    type Future = Toekomst<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, vraag: Request<Bytes>) -> Self::Future {
        let (staat, wie) = (Arc::clone(&self.0), wie(&vraag));
        Box::pin(async move { staat.abonneer(wie, vraag.into_inner()).await.map(Response::new) })
    }
}
