//! The parties on the stage: a channel each with the certificate of its own, and a subscription that acknowledges what it gets.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use jeugdketen_proto::v1::exchange_service_client::ExchangeServiceClient;
use jeugdketen_proto::v1::subscribe_response::Gebeurtenis;
use jeugdketen_proto::v1::traject_service_client::TrajectServiceClient;
use jeugdketen_proto::v1::{AcknowledgeRequest, Bericht, GetTrajectRequest, Klok, Levering, Receipt, SubmitRequest, SubscribeRequest};
use tokio::sync::mpsc;
use tonic::transport::Channel;

use super::super::client::uitleg;
use crate::identity::client::ClientTls;
use crate::wire::client::{Adres, kanaal};

/// Who plays, by the names of their certificates.
const SPELERS: [&str; 9] =
    ["rechtbank", "gi", "gemeente", "aanbieder", "aanbieder-2", "aanbieder-3", "expertteam", "inspectie", "accounthoudende-regio"];
/// How long a delivery may take before something is wrong.
const LANGST: Duration = Duration::from_secs(10);

/// A delivery as it came in: to which OIN, what, and when.
pub(super) struct Binnen {
    pub(super) oin: String,
    pub(super) levering: Levering,
    pub(super) na: Duration,
}

/// The stage.
pub(super) struct Toneel {
    spelers: HashMap<&'static str, ExchangeServiceClient<Channel>>,
    binnen: mpsc::UnboundedReceiver<(Instant, String, Levering)>,
    trajecten: HashMap<&'static str, TrajectServiceClient<Channel>>,
    oins: HashMap<String, &'static str>,
    bevestigt: Arc<AtomicBool>,
}

impl Toneel {
    /// Connects every party and opens its subscription.
    pub(super) async fn bouw(certs: &Path, address: SocketAddr) -> anyhow::Result<Toneel> {
        let (zender, binnen) = mpsc::unbounded_channel();
        let bevestigt = Arc::new(AtomicBool::new(true));
        let mut toneel = Toneel { spelers: HashMap::new(), binnen, trajecten: HashMap::new(), oins: HashMap::new(), bevestigt };
        let adres = Adres::parse(&address.to_string()).context("the address of the hub")?;
        let houders: Vec<serde_json::Value> = serde_json::from_str(include_str!("../../../certs-example/houders.json"))?;
        for speler in SPELERS {
            let file = |extension: &str| certs.join(format!("{speler}.{extension}"));
            let tls = ClientTls { ca: certs.join("ca.pem"), certificaat: file("pem"), sleutel: file("key") };
            let kanaal = kanaal(&adres, Arc::clone(&tls.laad()?)).await?;
            let exchange = ExchangeServiceClient::new(kanaal.clone());
            let houder = houders.iter().find(|houder| houder["bestand"] == speler);
            let oin = houder.and_then(|houder| houder["oin"].as_str()).context("the holders of the example")?.to_owned();
            toneel.oins.insert(oin.clone(), speler);
            volg(exchange.clone(), oin, zender.clone(), Arc::clone(&toneel.bevestigt)).await?;
            toneel.spelers.insert(speler, exchange);
            toneel.trajecten.insert(speler, TrajectServiceClient::new(kanaal));
        }
        Ok(toneel)
    }

    /// Submits as one of the parties.
    pub(super) async fn dien_in(&mut self, wie: &str, bericht: Bericht) -> anyhow::Result<Receipt> {
        let exchange = self.spelers.get_mut(wie).with_context(|| format!("{wie} does not play"))?;
        let antwoord =
            exchange.submit(SubmitRequest { bericht: Some(bericht), ..Default::default() }).await.map_err(|status| uitleg(&status))?;
        antwoord.into_inner().receipt.context("an answer without a receipt")
    }

    /// The clocks of a case as one of the parties sees them.
    pub(super) async fn klokken(&mut self, wie: &str, maatregel_id: &str) -> anyhow::Result<Vec<Klok>> {
        let traject = self.trajecten.get_mut(wie).with_context(|| format!("{wie} does not play"))?;
        let vraag = GetTrajectRequest { maatregel_id: maatregel_id.to_owned() };
        Ok(traject.get_traject(vraag).await.map_err(|status| uitleg(&status))?.into_inner().klokken)
    }

    /// From now on the cast looks on: what comes is not confirmed.
    pub(super) fn kijk_toe(&self) {
        self.bevestigt.store(false, Ordering::SeqCst);
    }

    /// What comes next, and to whom.
    pub(super) async fn volgende(&mut self) -> Option<(&'static str, Levering)> {
        let (_, oin, levering) = self.binnen.recv().await?;
        self.oins.get(&oin).map(|wie| (*wie, levering))
    }

    /// Waits until every recipient of a message that plays has it, in the order in which they had it.
    pub(super) async fn wacht_op(&mut self, receipt: &Receipt, sent: Instant) -> anyhow::Result<Vec<Binnen>> {
        let speelt = |oin: &str| self.oins.contains_key(oin);
        let mut open: Vec<_> = receipt.ontvangers.iter().filter(|o| speelt(&o.oin)).map(|o| (o.oin.clone(), o.postvaknummer)).collect();
        let mut gekomen = Vec::new();
        while !open.is_empty() {
            let Ok(Some((moment, oin, levering))) = tokio::time::timeout(LANGST, self.binnen.recv()).await else {
                bail!("a delivery did not come");
            };
            // What the hub itself has to say comes in between, and belongs to no scene.
            let Some(plaats) = open.iter().position(|wacht| *wacht == (oin.clone(), levering.postvaknummer)) else { continue };
            open.remove(plaats);
            gekomen.push(Binnen { oin, levering, na: moment.saturating_duration_since(sent) });
        }
        gekomen.sort_by_key(|binnen| binnen.na);
        Ok(gekomen)
    }
}

/// Opens a subscription and acknowledges each delivery when it is in.
async fn volg(
    mut exchange: ExchangeServiceClient<Channel>,
    oin: String,
    zender: mpsc::UnboundedSender<(Instant, String, Levering)>,
    bevestigt: Arc<AtomicBool>,
) -> anyhow::Result<()> {
    let stroom = exchange.subscribe(SubscribeRequest { na: None }).await.map_err(|status| uitleg(&status))?;
    let mut stroom = stroom.into_inner();
    tokio::spawn(async move {
        while let Ok(Some(antwoord)) = stroom.message().await {
            let Some(Gebeurtenis::Levering(levering)) = antwoord.gebeurtenis else { continue };
            let (gekomen, tot_en_met) = (Instant::now(), levering.postvaknummer);
            // Before it is told: whoever knows of it finds it confirmed.
            if bevestigt.load(Ordering::SeqCst) && exchange.acknowledge(AcknowledgeRequest { tot_en_met }).await.is_err() {
                return;
            }
            if zender.send((gekomen, oin.clone(), levering)).is_err() {
                return;
            }
        }
    });
    Ok(())
}
