//! The participants as clients of the hub: one connection each, with its own certificate, opened when it is needed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use jeugdketen_proto::v1::exchange_service_client::ExchangeServiceClient;
use jeugdketen_proto::v1::{AcknowledgeRequest, Bericht, FetchRequest, Receipt, SubmitRequest};
use tokio::sync::OnceCell;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::deelnemers::Deelnemers;
use crate::identity::client::ClientTls;
use crate::receipt::verifieer;
use crate::wire::client::{Adres, kanaal, uitleg};

/// How often a call is repeated that the hub asks to repeat.
const POGINGEN: u32 = 5;

/// The connections.
pub(super) struct Klanten {
    adres: Adres,
    certs: PathBuf,
    kanalen: Vec<OnceCell<Channel>>,
    publiek: Vec<u8>,
    pub(super) spelers: Deelnemers,
}

impl Klanten {
    /// None is open yet. `publiek` is the key with which receipts of the hub verify.
    pub(super) fn new(adres: &str, certs: &Path, publiek: &[u8], spelers: Deelnemers) -> anyhow::Result<Klanten> {
        let adres = Adres::parse(adres).context("the address of the hub")?;
        let kanalen = spelers.alle().iter().map(|_| OnceCell::new()).collect();
        Ok(Klanten { adres, certs: certs.to_owned(), kanalen, publiek: publiek.to_vec(), spelers })
    }

    /// The connection of a participant.
    pub(super) async fn kanaal(&self, wie: usize) -> anyhow::Result<Channel> {
        self.kanalen[wie].get_or_try_init(|| self.verbind(wie)).await.cloned()
    }

    async fn verbind(&self, wie: usize) -> anyhow::Result<Channel> {
        let bestand = self.spelers.speler(wie).bestand();
        let file = |extension: &str| self.certs.join(format!("{bestand}.{extension}"));
        let tls = ClientTls { ca: self.certs.join("ca.pem"), certificaat: file("pem"), sleutel: file("key") };
        Ok(kanaal(&self.adres, tls.laad()?).await?)
    }

    async fn exchange(&self, wie: usize) -> anyhow::Result<ExchangeServiceClient<Channel>> {
        Ok(ExchangeServiceClient::new(self.kanaal(wie).await?))
    }

    /// Submits, and checks that the receipt is for this message and proves itself.
    pub(super) async fn dien_in(&self, wie: usize, bericht: &Bericht) -> anyhow::Result<Receipt> {
        let exchange = self.exchange(wie).await?;
        let vraag = SubmitRequest { bericht: Some(bericht.clone()), ..Default::default() };
        let antwoord = herhaal(|| {
            let (mut exchange, vraag) = (exchange.clone(), vraag.clone());
            async move { exchange.submit(vraag).await }
        });
        let antwoord = antwoord.await?;
        let receipt = antwoord.into_inner().receipt.context("an answer without a receipt")?;
        verifieer(&receipt, &self.publiek)?;
        if receipt.bericht_id != bericht.bericht_id || receipt.afzender_oin != self.spelers.speler(wie).oin.as_str() {
            bail!("a receipt for another message");
        }
        Ok(receipt)
    }

    /// Reads a mailbox to its end and returns the last number.
    pub(super) async fn lees(&self, wie: usize, mut na: u64) -> anyhow::Result<u64> {
        let exchange = self.exchange(wie).await?;
        loop {
            let vraag = FetchRequest { na: Some(na), maximaal: 500 };
            let blad = herhaal(|| {
                let mut exchange = exchange.clone();
                async move { exchange.fetch(vraag).await }
            });
            let blad = blad.await?.into_inner();
            na = blad.leveringen.last().map_or(na, |levering| levering.postvaknummer);
            if na >= blad.laatste_postvaknummer || blad.leveringen.is_empty() {
                return Ok(na);
            }
        }
    }

    /// Confirms a mailbox up to and including a number.
    pub(super) async fn bevestig(&self, wie: usize, tot_en_met: u64) -> anyhow::Result<()> {
        let exchange = self.exchange(wie).await?;
        let antwoord = herhaal(|| {
            let mut exchange = exchange.clone();
            async move { exchange.acknowledge(AcknowledgeRequest { tot_en_met }).await }
        });
        if antwoord.await?.into_inner().bevestigd_tot_en_met < tot_en_met {
            bail!("the hub confirmed less than was asked");
        }
        Ok(())
    }
}

/// Repeats what the hub is too busy for; every call of the exchange may be repeated.
async fn herhaal<T, F: Future<Output = Result<T, Status>>>(mut doe: impl FnMut() -> F) -> anyhow::Result<T> {
    let mut poging = 0;
    loop {
        match doe().await {
            Ok(antwoord) => return Ok(antwoord),
            Err(status) if poging < POGINGEN && matches!(status.code(), Code::Unavailable | Code::ResourceExhausted) => poging += 1,
            Err(status) => return Err(anyhow::Error::msg(uitleg(&status))),
        }
        tokio::time::sleep(Duration::from_millis(50 << poging)).await;
    }
}
