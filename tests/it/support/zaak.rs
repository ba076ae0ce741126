//! Plays the messages of `examples/` over gRPC, each as its own sender, with ids of their own. It judges no answer but that it is there.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use jeugdketen_proto::v1::exchange_service_client::ExchangeServiceClient;
use jeugdketen_proto::v1::traject_service_client::TrajectServiceClient;
use jeugdketen_proto::v1::{
    AcknowledgeRequest, Bericht, FetchRequest, GetTrajectRequest, GetTrajectResponse, Levering, Receipt, SubmitRequest,
};
use ketenhub::config::Config;
use ketenhub::time::Clock;
use tokio::sync::Mutex;
use tonic::Status;
use tonic::transport::Channel;

use super::hub::TestHub;
use super::verhaal::{self, Verhaal};
use super::{chain, postgres};

/// The case of the examples, in order.
pub const HEEL: [&str; 13] = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13"];

/// The messages apart that leave everybody in the case where they are, in an order in which they can be accepted after the case.
pub const DAARNA: [&str; 8] = ["31", "32", "34", "27", "26", "30", "33", "29"];

/// Participants that take part, by the name of their certificate.
pub const DEELNEMERS: [&str; 17] = [
    "rechtbank",
    "rechtbank-2",
    "gi",
    "gi-2",
    "gi-3",
    "gemeente",
    "gemeente-2",
    "gemeente-3",
    "aanbieder",
    "aanbieder-2",
    "aanbieder-3",
    "expertteam",
    "expertteam-2",
    "inspectie",
    "accounthoudende-regio",
    "accounthoudende-regio-2",
    "beheerder",
];

/// A moment after everything in the examples, at which the example certificates are valid.
pub fn nu() -> DateTime<Utc> {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// The OIN of a participant.
pub fn oin(wie: &str) -> String {
    chain::oin(wie).to_string()
}

/// One case being played at a hub, and the connections of its players.
pub struct Zaak {
    /// The hub.
    pub hub: TestHub,
    /// Its time.
    pub clock: Clock,
    /// The case, once 02 was accepted.
    pub maatregel: String,
    /// What the hub gave, by the number of the example.
    pub receipts: HashMap<String, Receipt>,
    /// What was sent, by the number of the example.
    pub berichten: HashMap<String, Bericht>,
    verhaal: Verhaal,
    kanalen: Mutex<HashMap<String, Channel>>,
}

impl Zaak {
    /// A hub in which nothing happened.
    pub async fn leeg() -> Zaak {
        Zaak::met(|_| {}).await
    }

    /// The same, with a configuration of its own.
    pub async fn met(change: impl FnOnce(&mut Config)) -> Zaak {
        let clock = Clock::manual(nu());
        let met_paginas = |config: &mut Config| {
            config.paginas.listen = Some(([127, 0, 0, 1], 0).into());
            change(config);
        };
        let hub = TestHub::with_clock(clock.clone(), met_paginas).await;
        Zaak {
            hub,
            clock,
            maatregel: String::new(),
            receipts: HashMap::new(),
            berichten: HashMap::new(),
            verhaal: Verhaal::default(),
            kanalen: Mutex::default(),
        }
    }

    /// The same on PostgreSQL.
    pub async fn op_postgres() -> Zaak {
        let url = postgres::database().await;
        Zaak::met(|config| config.database = url).await
    }

    /// One on either database.
    pub async fn op_beide() -> [Zaak; 2] {
        [Zaak::leeg().await, Zaak::op_postgres().await]
    }

    /// A hub in which these examples were played.
    pub async fn met_voorbeelden(nummers: &[&str]) -> Zaak {
        let mut zaak = Zaak::leeg().await;
        zaak.speel(nummers).await;
        zaak
    }

    /// A hub in which the whole case of the examples was played.
    pub async fn heel() -> Zaak {
        Zaak::met_voorbeelden(&HEEL).await
    }

    /// Plays examples, in this order, each as its sender.
    pub async fn speel(&mut self, nummers: &[&str]) {
        for nr in nummers {
            let bericht = self.bericht(nr);
            let receipt = self.dien(verhaal::afzender(nr), &bericht).await.unwrap_or_else(|status| panic!("{nr} was refused: {status:?}"));
            if self.maatregel.is_empty() {
                self.maatregel.clone_from(&receipt.maatregel_id);
                self.verhaal.zaak.clone_from(&receipt.maatregel_id);
            }
            self.receipts.insert((*nr).to_owned(), receipt);
            self.berichten.insert((*nr).to_owned(), bericht);
        }
    }

    /// The example of a number, under an id by which others refer to it from now on.
    pub fn bericht(&mut self, nr: &str) -> Bericht {
        verhaal::bericht(&mut self.verhaal, nr)
    }

    /// The example of a number under an id that nobody refers to.
    pub fn nieuw(&mut self, nr: &str) -> Bericht {
        let eerder = self.verhaal.ids.get(nr).cloned();
        let bericht = self.bericht(nr);
        if let Some(eerder) = eerder {
            self.verhaal.ids.insert(nr.to_owned(), eerder);
        }
        bericht
    }

    /// A new id for a message.
    pub fn id(&self) -> String {
        verhaal::nieuw_id()
    }

    /// Submits a message as a participant.
    pub async fn dien(&self, wie: &str, bericht: &Bericht) -> Result<Receipt, Status> {
        let vraag = SubmitRequest { bericht: Some(bericht.clone()), ..Default::default() };
        self.exchange(wie).await.submit(vraag).await.map(|antwoord| antwoord.into_inner().receipt.unwrap())
    }

    /// Everything in the mailbox of a participant.
    pub async fn post(&self, wie: &str) -> Vec<Levering> {
        self.exchange(wie).await.fetch(FetchRequest { na: Some(0), maximaal: 500 }).await.unwrap().into_inner().leveringen
    }

    /// Confirms receipt of everything in the mailbox of a participant.
    pub async fn bevestig(&self, wie: &str) {
        let tot_en_met = self.post(wie).await.last().map_or(0, |levering| levering.postvaknummer);
        self.exchange(wie).await.acknowledge(AcknowledgeRequest { tot_en_met }).await.unwrap();
    }

    /// The timeline of the case as a participant sees it.
    pub async fn traject(&self, wie: &str) -> Result<GetTrajectResponse, Status> {
        let vraag = GetTrajectRequest { maatregel_id: self.maatregel.clone() };
        TrajectServiceClient::new(self.kanaal(wie).await).get_traject(vraag).await.map(tonic::Response::into_inner)
    }

    /// The exchange service as a participant.
    pub async fn exchange(&self, wie: &str) -> ExchangeServiceClient<Channel> {
        ExchangeServiceClient::new(self.kanaal(wie).await)
    }

    /// The connection of a participant; one for the whole test.
    pub async fn kanaal(&self, wie: &str) -> Channel {
        let mut kanalen = self.kanalen.lock().await;
        if let Some(kanaal) = kanalen.get(wie) {
            return kanaal.clone();
        }
        let kanaal = self.hub.channel(wie).await;
        kanalen.insert(wie.to_owned(), kanaal.clone());
        kanaal
    }

    /// Forgets the connection of a participant, because the hub cut it.
    pub async fn vergeet(&self, wie: &str) {
        self.kanalen.lock().await.remove(wie);
    }

    /// How many rows each table of the hub has that a refusal must leave alone; the audit log and the tally are not among them.
    pub async fn rijen(&self) -> Vec<(&'static str, i64)> {
        let mut lezing = self.hub.running.hub.store.read().await.unwrap();
        let mut aantallen = Vec::new();
        for tabel in ["berichten", "postvakken", "postvak", "gebeurtenissen", "relatie_einden", "capaciteiten", "aanbod", "deelnemers"] {
            aantallen.push((tabel, tel(&mut lezing, tabel).await));
        }
        aantallen
    }

    /// How many rows a table of the hub has.
    pub async fn aantal(&self, tabel: &str) -> i64 {
        tel(&mut self.hub.running.hub.store.read().await.unwrap(), tabel).await
    }
}

async fn tel(lezing: &mut ketenhub::store::Lezing, tabel: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("select count(*) from {tabel}"));
    match lezing {
        ketenhub::store::Lezing::Sqlite(conn) => sqlx::query_scalar(sql).fetch_one(&mut **conn).await.unwrap(),
        ketenhub::store::Lezing::Postgres(conn) => sqlx::query_scalar(sql).fetch_one(conn.aan_de_beurt().await.unwrap()).await.unwrap(),
    }
}
