//! The front: it stands before a real hub, passes everything on as bytes, writes down what comes by, and disturbs where a case asks it to:
//! it cuts connections, loses answers, repeats and withholds deliveries, and shows other certificates. What it does not disturb is the
//! hub's own. It judges nothing.

mod deur;
mod dienst;
mod stap;
mod stroom;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use bytes::Bytes;
use http::uri::PathAndQuery;
use jeugdketen_proto::raw;
use jeugdketen_proto::v1::{AcknowledgeRequest, FetchRequest, SubscribeRequest};
use prost::Message as _;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::client::Grpc as Klant;
use tonic::transport::{Channel, Server};
use tonic::{Request, Status};
use tower::ServiceExt as _;

use super::lijn::{Bytecodec, Wie};
use super::logboek::{Logboek, Waarneming};
use crate::time::Clock;
use deur::luister_naar;
use dienst::Dienst;
use stap::SUBSCRIBE;
pub use stap::{Ingreep, Methode, Oproep, Stap, Wijziging};
use stroom::Stroom;

/// Largest message that passes.
const GROOTSTE: usize = 64 * 1024 * 1024;
/// How many steps of a stream may wait.
const ONDERWEG: usize = 64;

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
