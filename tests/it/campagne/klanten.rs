//! The participants: senders that repeat a message until they have its receipt, whichever hub gives it, and recipients that read, acknowledge
//! and read on from where they were. They write down what happens to them and judge nothing but what no fault explains.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use jeugdketen_proto::raw;
use jeugdketen_proto::v1::subscribe_response::Gebeurtenis;
use jeugdketen_proto::v1::{AcknowledgeRequest, Bericht, Receipt, levering};
use prost::Message as _;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use super::geschiedenis::{Boek, Waarneming};
use super::last;
use super::toeval::Toeval;
use crate::support::berichten::{Exchange, abonneer, bytes, dien_ruw_in};
use crate::support::hub::connect;
use crate::support::proces::voorbeeld_certs;

/// How long a client waits for an answer, and for a sign of life of a subscription, before it goes elsewhere.
const ANTWOORD: Duration = Duration::from_secs(3);
/// How long it waits before it connects again.
const ADEM: Duration = Duration::from_millis(30);
/// One in so many times a client goes to the other hub by itself, so that there is work at both.
const ZWERFT: u64 = 25;
/// Messages that a stream has under way.
const IN_STROOM: usize = 12;

/// What all participants of one campaign share.
pub struct Veld {
    /// Where the hubs are.
    pub adressen: Vec<String>,
    /// Where they write down what happens.
    pub boek: Boek,
    zaad: u64,
    genomen: AtomicU64,
    toegestaan: watch::Sender<u64>,
    /// Cases of which a GI has yet to send the koppeling.
    zaken: Mutex<HashMap<String, VecDeque<String>>>,
    klaar: CancellationToken,
}

impl Veld {
    /// One, for hubs at these addresses.
    pub fn nieuw(adressen: Vec<String>, zaad: u64) -> Arc<Veld> {
        Arc::new(Veld {
            adressen,
            boek: Boek::nieuw(),
            zaad,
            genomen: AtomicU64::new(0),
            toegestaan: watch::channel(0).0,
            zaken: Mutex::default(),
            klaar: CancellationToken::new(),
        })
    }

    /// So many messages may be sent, from the beginning on.
    pub fn sta_toe(&self, aantal: u64) {
        self.toegestaan.send_replace(aantal);
    }

    /// No more messages follow, and nobody needs to read on.
    pub fn klaar(&self) {
        self.klaar.cancel();
    }

    /// Takes a turn to send one, when there is any.
    fn beurt(&self) -> bool {
        let neem = |genomen: u64| (genomen < *self.toegestaan.borrow()).then_some(genomen + 1);
        self.genomen.fetch_update(Ordering::SeqCst, Ordering::SeqCst, neem).is_ok()
    }

    /// Gives a turn back.
    fn terug(&self) {
        self.genomen.fetch_sub(1, Ordering::SeqCst);
    }

    /// The next message of a sender: a koppeling when it is a GI with a case for it.
    fn bericht(&self, wie: &'static str, toeval: &mut Toeval) -> Option<Bericht> {
        let Some((_, oin)) = last::ONTVANGERS.iter().find(|(naam, _)| *naam == wie) else { return Some(last::van_rechtbank(toeval)) };
        let zaak = self.zaken.lock().unwrap().get_mut(*oin)?.pop_front()?;
        Some(last::koppeling(&zaak))
    }

    /// A message to send now, with the turn for it; none when it is nobody's turn or there is nothing to send.
    fn neem(&self, wie: &'static str, toeval: &mut Toeval) -> Option<Open> {
        if !self.beurt() {
            return None;
        }
        let Some(bericht) = self.bericht(wie, toeval) else {
            self.terug();
            return None;
        };
        let bytes = bytes(&bericht);
        let plaats = self.boek.verstuurt(wie, bericht.bericht_id, bytes.clone());
        Some(Open { wie, plaats, bericht: bytes })
    }

    /// Waits for one; none when there is none to come.
    async fn volgende(&self, wie: &'static str, toeval: &mut Toeval) -> Option<Open> {
        loop {
            if let Some(open) = self.neem(wie, toeval) {
                return Some(open);
            }
            tokio::select! {
                () = self.klaar.cancelled() => return None,
                // Another may have given back its turn, or opened a case.
                () = sleep(ADEM) => {}
            }
        }
    }

    /// A receipt came: of an uitspraak, the GI may go to work.
    fn kreeg(&self, open: &Open, receipt: Bytes) {
        self.boek.kreeg(open.plaats, receipt.clone());
        let Ok(receipt) = Receipt::decode(receipt) else { return };
        if open.wie.starts_with("rechtbank") && receipt.zaak_geopend {
            let mut zaken = self.zaken.lock().unwrap();
            for (_, oin) in
                last::ONTVANGERS.iter().filter(|(wie, oin)| wie.starts_with("gi") && receipt.ontvangers.iter().any(|o| o.oin == *oin))
            {
                zaken.entry((*oin).to_owned()).or_default().push_back(receipt.maatregel_id.clone());
            }
        }
    }
}

/// A message under way.
#[derive(Clone)]
struct Open {
    wie: &'static str,
    plaats: usize,
    bericht: Bytes,
}

/// A connection to one of the hubs, and to the other when that one does not answer.
struct Lijn {
    veld: Arc<Veld>,
    wie: &'static str,
    nu: usize,
    kanaal: Option<Channel>,
}

impl Lijn {
    fn nieuw(veld: &Arc<Veld>, wie: &'static str, nr: usize) -> Lijn {
        Lijn { veld: Arc::clone(veld), wie, nu: nr, kanaal: None }
    }

    /// The connection; tries until there is one.
    async fn kanaal(&mut self) -> Channel {
        loop {
            if let Some(kanaal) = &self.kanaal {
                return kanaal.clone();
            }
            let adres = &self.veld.adressen[self.nu % self.veld.adressen.len()];
            match timeout(ANTWOORD, connect(adres, &voorbeeld_certs(), self.wie)).await {
                Ok(Ok(kanaal)) => self.kanaal = Some(kanaal),
                _ => self.wissel().await,
            }
        }
    }

    /// Goes to the other hub.
    async fn wissel(&mut self) {
        self.kanaal = None;
        self.nu += 1;
        sleep(ADEM).await;
    }

    /// Goes there now and then without a reason.
    fn zwerf(&mut self, toeval: &mut Toeval) {
        if self.veld.adressen.len() > 1 && toeval.onder(ZWERFT) == 0 {
            self.kanaal = None;
            self.nu += 1;
        }
    }

    /// After a status: goes elsewhere. One that no fault explains is written down; false when repeating will not help either.
    async fn na(&mut self, status: &Status, waarvan: &str) -> bool {
        let verklaard = verklaard(status);
        if !verklaard {
            self.veld.boek.onverklaard(format!("{} at {waarvan}: {:?} {}", self.wie, status.code(), status.message()));
        }
        self.wissel().await;
        verklaard || status.code() == Code::Internal
    }
}

/// Whether a hub that is dead, dying or without its database gives this answer. An INTERNAL of the hub has details; what tonic calls
/// INTERNAL of a broken connection has none.
fn verklaard(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::Unknown | Code::Cancelled | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Aborted => true,
        Code::Internal => status.details().is_empty(),
        _ => false,
    }
}

/// Sends messages one at a time for as long as there are turns.
pub async fn zend(veld: Arc<Veld>, wie: &'static str, nr: usize) {
    let mut toeval = Toeval::nieuw(veld.zaad, 100 + nr as u64);
    let mut lijn = Lijn::nieuw(&veld, wie, nr);
    while let Some(open) = veld.volgende(wie, &mut toeval).await {
        lijn.zwerf(&mut toeval);
        loop {
            let kanaal = lijn.kanaal().await;
            let antwoord = timeout(ANTWOORD, dien_ruw_in(&kanaal, open.bericht.clone())).await;
            match antwoord {
                Ok(Ok(receipt)) => {
                    veld.kreeg(&open, receipt);
                    break;
                }
                Ok(Err(status)) if !lijn.na(&status, "Submit").await => {
                    veld.boek.opgegeven();
                    break;
                }
                Ok(Err(_)) => {}
                Err(_) => lijn.wissel().await,
            }
        }
    }
}

/// Sends messages over streams, several under way on each.
pub async fn zend_stromend(veld: Arc<Veld>, wie: &'static str, nr: usize) {
    let mut toeval = Toeval::nieuw(veld.zaad, 100 + nr as u64);
    let mut lijn = Lijn::nieuw(&veld, wie, nr);
    while let Some(eerste) = veld.volgende(wie, &mut toeval).await {
        lijn.zwerf(&mut toeval);
        let mut open = VecDeque::from([eerste]);
        while open.len() < IN_STROOM {
            let Some(volgende) = veld.neem(wie, &mut toeval) else { break };
            open.push_back(volgende);
        }
        while !open.is_empty() {
            let kanaal = lijn.kanaal().await;
            let berichten: Vec<_> = open.iter().map(|open| open.bericht.clone()).collect();
            let (antwoorden, einde) = stroom(&kanaal, berichten).await;
            for antwoord in antwoorden {
                let Some(vraag) = open.pop_front() else { break };
                match antwoord {
                    Ok(receipt) => veld.kreeg(&vraag, receipt),
                    Err(status) if verklaard(&status) => open.push_back(vraag),
                    Err(status) => {
                        veld.boek.onverklaard(format!("{wie} in a stream: {:?} {}", status.code(), status.message()));
                        match status.code() {
                            Code::Internal => open.push_back(vraag),
                            _ => veld.boek.opgegeven(),
                        }
                    }
                }
            }
            if let Err(status) = einde {
                lijn.na(&status, "SubmitStream").await;
            }
        }
    }
}

/// Submits messages over one stream; the answers that came, in order, and how it ended.
pub async fn stroom(kanaal: &Channel, berichten: Vec<Bytes>) -> (Vec<Result<Bytes, Status>>, Result<(), Status>) {
    let mut antwoorden = Vec::new();
    let einde = vraag_stroom(kanaal, berichten, &mut antwoorden).await;
    (antwoorden, einde)
}

async fn vraag_stroom(kanaal: &Channel, berichten: Vec<Bytes>, antwoorden: &mut Vec<Result<Bytes, Status>>) -> Result<(), Status> {
    let verlopen = |_| Status::deadline_exceeded("no answer in time");
    let mut grpc = tonic::client::Grpc::new(kanaal.clone());
    timeout(ANTWOORD, grpc.ready()).await.map_err(verlopen)?.map_err(|error| Status::unavailable(error.to_string()))?;
    let codec: ProstCodec<raw::SubmitStreamRequest, raw::SubmitStreamResponse> = ProstCodec::default();
    let pad = PathAndQuery::from_static("/jeugdketen.hub.v1.ExchangeService/SubmitStream");
    let vragen =
        tokio_stream::iter(berichten.into_iter().map(|bericht| raw::SubmitStreamRequest { bericht: Some(bericht), ..Default::default() }));
    let stroom = timeout(ANTWOORD, grpc.streaming(Request::new(vragen), pad, codec)).await.map_err(verlopen)??;
    let mut stroom = stroom.into_inner();
    while let Some(antwoord) = timeout(ANTWOORD, stroom.message()).await.map_err(verlopen)?? {
        antwoorden.push(match antwoord.uitkomst {
            Some(raw::Uitkomst::Receipt(receipt)) => Ok(receipt),
            Some(raw::Uitkomst::Weigering(weigering)) => Err(Status::new(Code::from_i32(weigering.code), weigering.reden)),
            None => Err(Status::data_loss("an answer without an outcome")),
        });
    }
    Ok(())
}

/// Reads a mailbox from its acknowledged cursor and acknowledges now and then, until `klaar` and it has read everything.
pub async fn ontvang(veld: Arc<Veld>, wie: &'static str, oin: &'static str, nr: usize) {
    let mut toeval = Toeval::nieuw(veld.zaad, 200 + nr as u64);
    let mut lijn = Lijn::nieuw(&veld, wie, nr);
    while !veld.klaar.is_cancelled() {
        let mut exchange = Exchange::new(lijn.kanaal().await);
        tokio::select! {
            () = veld.klaar.cancelled() => return,
            einde = lees(&veld, &mut exchange, oin, &mut toeval) => match einde {
                Err(status) => drop(lijn.na(&status, "Subscribe").await),
                Ok(()) => lijn.wissel().await,
            },
        }
    }
}

async fn lees(veld: &Veld, exchange: &mut Exchange, oin: &str, toeval: &mut Toeval) -> Result<(), Status> {
    let verlopen = |_| Status::deadline_exceeded("no sign of life");
    veld.boek.merkt(oin, Waarneming::Begin);
    let mut stroom = timeout(ANTWOORD, abonneer(exchange, None)).await.map_err(verlopen)??;
    let (mut gezien, mut bevestigd, mut tot) = (0, 0, 1 + toeval.onder(40));
    loop {
        let antwoord = timeout(ANTWOORD, stroom.message()).await.map_err(verlopen)??;
        let stil = match antwoord.map(|antwoord| antwoord.gebeurtenis) {
            Some(Some(Gebeurtenis::Levering(levering))) => {
                gezien = levering.postvaknummer;
                let id = match levering.inhoud {
                    Some(levering::Inhoud::Bericht(bericht)) => bericht.bericht_id,
                    ander => format!("{ander:?}"),
                };
                veld.boek.merkt(oin, Waarneming::Gezien(gezien, id));
                false
            }
            Some(_) => true,
            None => return Ok(()),
        };
        if gezien > bevestigd && (stil || gezien >= bevestigd + tot) {
            veld.boek.merkt(oin, Waarneming::Gevraagd(gezien));
            let antwoord = timeout(ANTWOORD, exchange.acknowledge(AcknowledgeRequest { tot_en_met: gezien })).await.map_err(verlopen)??;
            veld.boek.merkt(oin, Waarneming::Bevestigd(antwoord.into_inner().bevestigd_tot_en_met));
            (bevestigd, tot) = (gezien, 1 + toeval.onder(40));
            if veld.adressen.len() > 1 && toeval.onder(ZWERFT) == 0 {
                return Ok(());
            }
        }
    }
}
