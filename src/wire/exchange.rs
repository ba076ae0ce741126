//! Submit, SubmitStream, Subscribe, Fetch, Acknowledge. Bodies stay bytes: what the sender sent goes in, what the projection made goes out.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jeugdketen_proto::hub::exchange_service_server::ExchangeService;
use jeugdketen_proto::raw;
use jeugdketen_proto::v1::{AcknowledgeRequest, AcknowledgeResponse, Bericht, FetchRequest, Hartslag, SubscribeRequest};
use opentelemetry::trace::FutureExt as _;
use prost::Message as _;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};

use super::quota::Quotum;
use super::trace::traceparent;
use super::{Hub, status};
use crate::admission::{Antwoord, Gestaakt, Inzending};
use crate::delivery::{Gebeurtenis, Levering};
use crate::domain::ids::Oin;
use crate::identity::register::Peer;
use crate::telemetry::meters::Meters;
use crate::time::timestamp;

/// How many submissions of one stream may wait for their answer.
const ONDERWEG: usize = 256;
/// Page size when none is asked, and the largest that may be asked.
const PAGINA: (u32, u32) = (100, 500);
/// Bytes of one page: well within the 4 MiB that clients take by default.
const PAGINA_BYTES: usize = 3 * 1024 * 1024;

/// The service.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    hub: Hub,
    abonnementen: Arc<Mutex<HashMap<Oin, usize>>>,
    quotum: Arc<Quotum>,
}

impl Exchange {
    pub(super) fn new(hub: Hub, quotum: Arc<Quotum>) -> Exchange {
        Exchange { hub, abonnementen: Arc::default(), quotum }
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl ExchangeService for Exchange {
    async fn submit(&self, request: Request<raw::SubmitRequest>) -> Result<Response<raw::SubmitResponse>, Status> {
        let peer = self.hub.peer(request.extensions())?;
        let trace = traceparent(request.metadata());
        let raw::SubmitRequest { bericht, zegel, zaad } = request.into_inner();
        let bericht = bericht.unwrap_or_default();
        let inzending = Inzending { bericht: &bericht, traceparent: &trace, zegel: zegel.as_ref(), zaad: &zaad };
        match self.hub.admission.dien_in(&peer, inzending).await {
            Ok(Ok(receipt)) => Ok(Response::new(raw::SubmitResponse { receipt: Some(receipt) })),
            Ok(Err(refusal)) => Err(status::refusal(&refusal)),
            Err(gestaakt) => Err(status::gestaakt(&gestaakt)),
        }
    }

    type SubmitStreamStream = Answers<raw::SubmitStreamResponse>;

    async fn submit_stream(
        &self,
        request: Request<Streaming<raw::SubmitStreamRequest>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let peer = self.hub.peer(request.extensions())?;
        let trace = traceparent(request.metadata());
        let mut berichten = request.into_inner();
        let (onderweg, mut wachtend) = mpsc::channel(ONDERWEG);
        let (hub, quotum) = (self.hub.clone(), Arc::clone(&self.quotum));
        let (breuk, gebroken) = oneshot::channel();
        let inname = async move {
            while let Some(bericht) = berichten.next().await {
                let bericht = match bericht {
                    Ok(bericht) => bericht,
                    // A broken stream ends the submissions; what was queued is still answered, and then why.
                    Err(fout) => return drop(breuk.send(status::onleesbaar(fout))),
                };
                let raw::SubmitStreamRequest { bericht, zegel, zaad } = bericht;
                let bericht = bericht.unwrap_or_default();
                let inzending = Inzending { bericht: &bericht, traceparent: &trace, zegel: zegel.as_ref(), zaad: &zaad };
                let Ok(plaats) = onderweg.reserve().await else { return };
                // Beyond the quota the stream is read slower: the sender notices by its window.
                quotum.wacht(peer.oin()).await;
                plaats.send((bericht.clone(), hub.admission.zet(&peer, inzending).await));
            }
        };
        // The batches that take them up are linked to this call.
        tokio::spawn(inname.with_current_context());
        let (zender, antwoorden) = mpsc::channel(1);
        tokio::spawn(async move {
            while let Some((bericht, wacht)) = wachtend.recv().await {
                let antwoord = stroom_antwoord(&bericht, wacht.antwoord().await);
                if zender.send(Ok(antwoord)).await.is_err() {
                    return;
                }
            }
            if let Ok(fout) = gebroken.await {
                drop(zender.send(Err(fout)).await);
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(antwoorden))))
    }

    type SubscribeStream = Answers<raw::SubscribeResponse>;

    async fn subscribe(&self, request: Request<SubscribeRequest>) -> Result<Response<Self::SubscribeStream>, Status> {
        let peer = self.hub.peer(request.extensions())?;
        let plaats = self.abonnement(peer.oin())?;
        let na = self.cursor(&peer, request.into_inner().na).await?;
        let (clock, meters, rol) = (self.hub.clock.clone(), Arc::clone(&self.hub.meters), peer.rol());
        let gebeurtenissen = ReceiverStream::new(self.hub.delivery.abonneer(peer, na)).map(move |gebeurtenis| {
            // Held as long as the stream lives.
            let _ = &plaats;
            meters.geleverd(rol, u64::from(matches!(gebeurtenis, Gebeurtenis::Levering(_))));
            toon(gebeurtenis, &clock)
        });
        Ok(Response::new(Box::pin(gebeurtenissen)))
    }

    async fn fetch(&self, request: Request<FetchRequest>) -> Result<Response<raw::FetchResponse>, Status> {
        let peer = self.hub.peer(request.extensions())?;
        let vraag = request.into_inner();
        if vraag.maximaal > PAGINA.1 {
            return Err(status::veld("maximaal", "must be at most 500"));
        }
        let maximaal = if vraag.maximaal == 0 { PAGINA.0 } else { vraag.maximaal };
        let na = self.cursor(&peer, vraag.na).await?;
        let blad = self.hub.delivery.blad(&peer, na, i64::from(maximaal), PAGINA_BYTES).await;
        let (leveringen, stand) = blad.map_err(|gestaakt| status::gestaakt(&gestaakt))?;
        let leveringen: Vec<_> = leveringen.into_iter().map(toon_levering).collect();
        self.hub.meters.geleverd(peer.rol(), leveringen.len() as u64);
        let laatste = stand.laatste_nr.unsigned_abs().max(leveringen.last().map_or(0, |levering| levering.postvaknummer));
        Ok(Response::new(raw::FetchResponse { leveringen, laatste_postvaknummer: laatste }))
    }

    async fn acknowledge(&self, request: Request<AcknowledgeRequest>) -> Result<Response<AcknowledgeResponse>, Status> {
        let peer = self.hub.peer(request.extensions())?;
        let tot = i64::try_from(request.into_inner().tot_en_met).map_err(|_| status::gestaakt(&Gestaakt::OnbekendNummer))?;
        let bevestigd = self.hub.admission.bevestig(&peer, tot).await.map_err(|gestaakt| status::gestaakt(&gestaakt))?;
        Ok(Response::new(AcknowledgeResponse { bevestigd_tot_en_met: bevestigd.unsigned_abs() }))
    }
}

impl Exchange {
    /// Where to begin. A number that was never given out would skip what is still to come: a caller with such a cursor has lost its way.
    async fn cursor(&self, peer: &Peer, na: Option<u64>) -> Result<Option<i64>, Status> {
        let Some(na) = na else { return Ok(None) };
        let stand = self.hub.delivery.stand(peer).await.map_err(|error| status::store(&error))?;
        let na = i64::try_from(na).ok().filter(|na| *na <= stand.laatste_nr);
        na.map(Some).ok_or_else(|| status::veld("na", "was never given out in this mailbox"))
    }

    /// Takes one of the subscriptions a participant may hold; it is given back when the guard is dropped.
    fn abonnement(&self, oin: Oin) -> Result<Abonnement, Status> {
        let mut abonnementen = self.abonnementen.lock().unwrap_or_else(PoisonError::into_inner);
        let aantal = abonnementen.entry(oin).or_default();
        if *aantal >= self.hub.limits.subscriptions {
            return Err(status::te_veel("TE_VEEL_ABONNEMENTEN", "this participant has as many subscriptions as it may have"));
        }
        *aantal += 1;
        self.hub.meters.abonnement(1);
        Ok(Abonnement { oin, abonnementen: Arc::clone(&self.abonnementen), meters: Arc::clone(&self.hub.meters) })
    }
}

struct Abonnement {
    oin: Oin,
    abonnementen: Arc<Mutex<HashMap<Oin, usize>>>,
    meters: Arc<Meters>,
}

impl Drop for Abonnement {
    fn drop(&mut self) {
        self.meters.abonnement(-1);
        let mut abonnementen = self.abonnementen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(aantal) = abonnementen.get_mut(&self.oin) {
            *aantal -= 1;
        }
    }
}

fn stroom_antwoord(bericht: &Bytes, antwoord: Result<Antwoord, Gestaakt>) -> raw::SubmitStreamResponse {
    let uitkomst = match antwoord {
        Ok(Ok(receipt)) => raw::Uitkomst::Receipt(receipt),
        Ok(Err(refusal)) => raw::Uitkomst::Weigering(status::weigering(leesbaar_id(bericht), &refusal)),
        Err(gestaakt) => raw::Uitkomst::Weigering(status::gestaakt_weigering(leesbaar_id(bericht), &gestaakt)),
    };
    raw::SubmitStreamResponse { uitkomst: Some(uitkomst) }
}

/// The id of a refused message when it is one; never other text that a sender put there.
fn leesbaar_id(bericht: &Bytes) -> String {
    let id = Bericht::decode(bericht.clone()).ok().map(|bericht| bericht.bericht_id);
    id.filter(|id| crate::domain::ids::BerichtId::parse(id).is_some()).unwrap_or_default()
}

fn toon(gebeurtenis: Gebeurtenis, clock: &crate::time::Clock) -> Result<raw::SubscribeResponse, Status> {
    let gebeurtenis = match gebeurtenis {
        Gebeurtenis::Levering(levering) => raw::Gebeurtenis::Levering(toon_levering(*levering)),
        Gebeurtenis::Hartslag(laatste) => raw::Gebeurtenis::Hartslag(Hartslag {
            tijdstip: Some(timestamp(clock.micros())),
            laatste_postvaknummer: laatste.unsigned_abs(),
        }),
        Gebeurtenis::Fout(gestaakt) => return Err(status::gestaakt(&gestaakt)),
        Gebeurtenis::Stopt => return Err(status::stopt()),
    };
    Ok(raw::SubscribeResponse { gebeurtenis: Some(gebeurtenis) })
}

fn toon_levering(levering: Levering) -> raw::Levering {
    raw::Levering {
        postvaknummer: levering.nr.unsigned_abs(),
        afzender_oin: levering.afzender,
        afzender_rol: levering.afzender_rol,
        aangeboden_op: Some(timestamp(levering.aangeboden_op)),
        inhoud: Some(
            levering.view.map_or_else(|reden| raw::Inhoud::NietZichtbaar(reden as i32), |view| raw::Inhoud::Bericht(view.encode())),
        ),
        traceparent: levering.traceparent,
        bewijs: levering.bewijs.map(|bewijs| bewijs.encode_to_vec().into()),
    }
}
