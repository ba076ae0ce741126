//! Recipients that read: each has a subscription, reads every delivery as a client does, and acknowledges as it goes. What is expected is
//! registered before it is sent, and its latency counts from the moment it should have been sent until it is in the hands of each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use hdrhistogram::Histogram;
use jeugdketen_proto::v1::exchange_service_client::ExchangeServiceClient;
use jeugdketen_proto::v1::levering::Inhoud;
use jeugdketen_proto::v1::subscribe_response::Gebeurtenis;
use jeugdketen_proto::v1::{AcknowledgeRequest, FetchRequest, Levering, SubscribeRequest, SubscribeResponse};
use tokio::sync::watch;
use tonic::transport::Channel;
use tonic::{Status, Streaming};
use uuid::Uuid;

use super::berichten::Maker;
use super::load::{self, Load, Measured, Places, Target, open_loop};
use super::stage::{Stage, Welke};
use crate::wire::client::uitleg;

/// How long the last deliveries may take after the last message was sent.
const AFTER: Duration = Duration::from_secs(60);
/// How long recipients may take to read what was sent as fast as it went.
const CATCH_UP: Duration = Duration::from_secs(600);
/// How long nothing may come in before everything is read.
const QUIET: Duration = Duration::from_millis(300);
/// Deliveries acknowledged at once of what was there before.
const BLAD: u64 = 500;

/// What was delivered of what was expected.
struct Ontvangst {
    /// When each message should have been sent, and how many recipients do not have it yet.
    open: HashMap<Uuid, (Instant, usize)>,
    each: Vec<Histogram<u64>>,
    all: Histogram<u64>,
    /// Deliveries that were read, expected or not.
    gelezen: u64,
    failure: Option<String>,
}

/// The recipients of a run. They read as long as this lives.
pub(super) struct Lezers {
    ontvangst: Arc<Mutex<Ontvangst>>,
    aantal: usize,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// What one measurement gave.
pub(super) struct Geleverd {
    /// The receipts.
    pub(super) submit: Measured,
    /// Delivered to each recipient, in the order in which they were named.
    pub(super) each: Vec<Histogram<u64>>,
    /// Delivered to all of them.
    pub(super) all: Histogram<u64>,
}

impl Lezers {
    /// Opens a subscription for each; what was in their mailboxes before is acknowledged unread.
    pub(super) async fn start(stage: &Stage, welke: Welke, wie: &[&'static str]) -> anyhow::Result<Lezers> {
        let mut lezers = Lezers { ontvangst: Arc::new(Mutex::new(Ontvangst::leeg(wie.len())?)), aantal: wie.len(), tasks: Vec::new() };
        for (index, naam) in wie.iter().enumerate() {
            let channels = stage.to(welke, naam, 1).await?.channels;
            let mut exchange = ExchangeServiceClient::new(channels.into_iter().next().context("a connection")?);
            let na = begin(&mut exchange).await.map_err(|status| anyhow::anyhow!("{naam}: {}", uitleg(&status)))?;
            let stroom = exchange.subscribe(SubscribeRequest { na: Some(na) }).await;
            let stroom = stroom.map_err(|status| anyhow::anyhow!("{naam}: {}", uitleg(&status)))?.into_inner();
            let (gelezen, bevestigen) = watch::channel(na);
            let ontvangst = Arc::clone(&lezers.ontvangst);
            lezers.tasks.push(tokio::spawn(async move {
                let einde = lees(stroom, index, &ontvangst, &gelezen).await;
                nu(&ontvangst).failure.get_or_insert(format!("the subscription of a recipient ended: {einde}"));
            }));
            lezers.tasks.push(tokio::spawn(bevestig(exchange, bevestigen, Arc::clone(&lezers.ontvangst))));
        }
        Ok(lezers)
    }

    /// Sends at a rate and waits until every recipient has everything.
    pub(super) async fn meet(&self, load: &Load, rate: f64, target: &Target, maker: &Arc<Maker>) -> anyhow::Result<Geleverd> {
        *nu(&self.ontvangst) = Ontvangst::leeg(self.aantal)?;
        let (ontvangst, aantal) = (Arc::clone(&self.ontvangst), self.aantal);
        let (channels, path, maker) = (target.channels.clone(), target.unary, Arc::clone(maker));
        let turn = std::sync::atomic::AtomicUsize::new(0);
        let submit = open_loop(rate, load.duration, Places::Wait(load.in_flight.max(load::AT_ONCE)), move |intended| {
            let channel = channels[turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % channels.len()].clone();
            let (id, bericht) = maker.next_with_id();
            nu(&ontvangst).open.insert(id, (intended, aantal));
            async move {
                let answer = load::unary(&mut tonic::client::Grpc::new(channel), path, bericht).await;
                answer.map(|_| true).map_err(|status| anyhow::anyhow!("refused: {}", uitleg(&status)))
            }
        });
        let submit = submit.await?;
        self.alles_binnen().await?;
        let mut klaar = Ontvangst::leeg(self.aantal)?;
        std::mem::swap(&mut klaar, &mut nu(&self.ontvangst));
        Ok(Geleverd { submit, each: klaar.each, all: klaar.all })
    }

    /// Waits until those who read have read everything that was sent before.
    pub(super) async fn bij(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + CATCH_UP;
        loop {
            let before = nu(&self.ontvangst).gelezen;
            tokio::time::sleep(QUIET).await;
            if nu(&self.ontvangst).gelezen == before {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the recipients do not catch up");
        }
    }

    async fn alles_binnen(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + AFTER;
        loop {
            {
                let ontvangst = nu(&self.ontvangst);
                if let Some(failure) = &ontvangst.failure {
                    anyhow::bail!("{failure}");
                }
                if ontvangst.open.is_empty() {
                    return Ok(());
                }
                ensure!(Instant::now() < deadline, "{} messages were not delivered to everybody", ontvangst.open.len());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Lezers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

impl Ontvangst {
    fn leeg(aantal: usize) -> anyhow::Result<Ontvangst> {
        let each = (0..aantal).map(|_| load::histogram()).collect::<Result<_, _>>()?;
        Ok(Ontvangst { open: HashMap::new(), each, all: load::histogram()?, gelezen: 0, failure: None })
    }

    /// One recipient has it. What nobody waits for is passed by.
    fn binnen(&mut self, index: usize, id: Uuid) {
        self.gelezen += 1;
        let Some((intended, left)) = self.open.get_mut(&id) else { return };
        let latency = intended.elapsed();
        *left -= 1;
        let mut outcome = load::record(&mut self.each[index], latency);
        if *left == 0 {
            self.open.remove(&id);
            outcome = outcome.and(load::record(&mut self.all, latency));
        }
        if let Err(error) = outcome {
            self.failure.get_or_insert(error.to_string());
        }
    }
}

fn nu(ontvangst: &Mutex<Ontvangst>) -> MutexGuard<'_, Ontvangst> {
    ontvangst.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Acknowledges what is there, page by page, and returns the last number.
async fn begin(exchange: &mut ExchangeServiceClient<Channel>) -> Result<u64, Status> {
    let blad = exchange.fetch(FetchRequest { na: None, maximaal: 1 }).await?.into_inner();
    let laatste = blad.laatste_postvaknummer;
    let mut tot = blad.leveringen.first().map_or(laatste, |levering| levering.postvaknummer - 1);
    while tot < laatste {
        tot = (tot + BLAD).min(laatste);
        exchange.acknowledge(AcknowledgeRequest { tot_en_met: tot }).await?;
    }
    Ok(laatste)
}

/// Reads until the stream ends, and says how it ended.
async fn lees(
    mut stroom: Streaming<SubscribeResponse>,
    index: usize,
    ontvangst: &Mutex<Ontvangst>,
    gelezen: &watch::Sender<u64>,
) -> String {
    loop {
        let antwoord = match stroom.message().await {
            Ok(Some(antwoord)) => antwoord,
            Ok(None) => return "without a status".to_owned(),
            Err(status) => return uitleg(&status),
        };
        let Some(Gebeurtenis::Levering(levering)) = antwoord.gebeurtenis else { continue };
        let nummer = levering.postvaknummer;
        if let Some(id) = bericht_id(&levering) {
            nu(ontvangst).binnen(index, id);
        }
        gelezen.send_replace(nummer);
    }
}

fn bericht_id(levering: &Levering) -> Option<Uuid> {
    match &levering.inhoud {
        Some(Inhoud::Bericht(view)) => view.bericht_id.parse().ok(),
        _ => None,
    }
}

/// Acknowledges the last that was read whenever that is another one than was acknowledged last.
async fn bevestig(mut exchange: ExchangeServiceClient<Channel>, mut gelezen: watch::Receiver<u64>, ontvangst: Arc<Mutex<Ontvangst>>) {
    while gelezen.changed().await.is_ok() {
        let tot_en_met = *gelezen.borrow_and_update();
        if let Err(status) = exchange.acknowledge(AcknowledgeRequest { tot_en_met }).await {
            nu(&ontvangst).failure.get_or_insert(format!("an acknowledgement failed: {}", uitleg(&status)));
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_counts_when_the_last_recipient_has_it() {
        let mut ontvangst = Ontvangst::leeg(2).unwrap();
        let (id, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        ontvangst.open.insert(id, (Instant::now().checked_sub(Duration::from_millis(40)).unwrap(), 2));
        ontvangst.binnen(0, other);
        ontvangst.binnen(0, id);
        assert_eq!((ontvangst.each[0].len(), ontvangst.all.len(), ontvangst.open.len()), (1, 0, 1));
        ontvangst.binnen(1, id);
        assert_eq!((ontvangst.each[1].len(), ontvangst.all.len(), ontvangst.open.len()), (1, 1, 0));
        assert!(ontvangst.all.min() >= 40_000);
    }
}
