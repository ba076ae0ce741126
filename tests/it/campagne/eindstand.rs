//! The final state, as the hub itself tells it: every message repeated, every mailbox read from its beginning, the records of acceptance and
//! acknowledgement, and what its own checks of log and clocks say. It judges only signatures.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use jeugdketen_proto::v1::{FetchRequest, Receipt, Rol, levering};
use ketenhub::receipt::verifieer;
use ketenhub::store::{Lezing, Store};
use prost::Message as _;

use super::geschiedenis::Geschiedenis;
use super::klanten::stroom;
use super::last::ONTVANGERS;
use super::opstelling::Opstelling;
use crate::support::berichten::Exchange;
use crate::support::hub::channel;
use crate::support::proces::{draai_binnen, programma, voorbeeld_certs};

/// How many messages are repeated over one stream.
const PER_STROOM: usize = 200;
/// The longest that a check of the hub may take.
const CONTROLE: Duration = Duration::from_secs(900);

/// One message in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InPostvak {
    /// Its id; of what shows no message, why.
    pub id: String,
    /// Whether the hub itself sent it.
    pub van_hub: bool,
}

/// One record of an acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aanvaard {
    /// Of which message.
    pub volgnummer: u64,
    /// Whether the hub itself sent it.
    pub van_hub: bool,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Eindstand {
    /// The receipt that repeating gives, by message id; not there when it was refused.
    pub herhaald: HashMap<String, Bytes>,
    /// Messages whose receipt is not signed by the hub.
    pub ongeldig: Vec<String>,
    /// What is delivered from number 0, by OIN and mailbox number.
    pub postvakken: BTreeMap<String, BTreeMap<u64, InPostvak>>,
    /// Up to where each mailbox is acknowledged.
    pub cursors: BTreeMap<String, u64>,
    /// The records of acceptance.
    pub aanvaard: Vec<Aanvaard>,
    /// How many records of acknowledgement there are, by OIN and number.
    pub bevestigd: BTreeMap<String, BTreeMap<u64, usize>>,
    /// What the checks of the hub itself found.
    pub zelfcontrole: Vec<String>,
    /// How many audit records there are.
    pub records: u64,
}

impl Eindstand {
    /// Reads it from the first hub, which runs, and then stops every hub.
    pub async fn lees(opstelling: &mut Opstelling, geschiedenis: &Geschiedenis) -> Eindstand {
        let mut einde = Eindstand::default();
        let adres = opstelling.hubs[0].voordeur.adres.clone();
        einde.records(&opstelling.url()).await;
        einde.herhaal(&adres, geschiedenis, &publiek(opstelling.map.path())).await;
        for (wie, oin) in ONTVANGERS {
            einde.postvak(&adres, wie, oin).await;
        }
        for plek in &mut opstelling.hubs {
            plek.stop().await;
        }
        let config = opstelling.hubs[0].config.clone();
        einde.controle(&config, &["audit", "fsck", "--json"]).await;
        einde.controle(&config, &["klokken", "rebuild", "--check"]).await;
        einde
    }

    async fn herhaal(&mut self, adres: &str, geschiedenis: &Geschiedenis, publiek: &[u8]) {
        let mut van: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for verzending in &geschiedenis.verzendingen {
            van.entry(verzending.wie).or_default().push(verzending);
        }
        for (wie, verzendingen) in van {
            let kanaal = channel(adres, &voorbeeld_certs(), wie).await;
            for stuk in verzendingen.chunks(PER_STROOM) {
                let (antwoorden, einde) = stroom(&kanaal, stuk.iter().map(|verzending| verzending.bericht.clone()).collect()).await;
                einde.expect("nothing fails any more");
                for (verzending, antwoord) in stuk.iter().zip(antwoorden) {
                    let Ok(receipt) = antwoord else { continue };
                    let geldig = Receipt::decode(receipt.clone()).is_ok_and(|receipt| {
                        verifieer(&receipt, publiek).is_ok() && receipt.digest == ketenhub::receipt::sha256(&verzending.bericht).as_slice()
                    });
                    if !geldig {
                        self.ongeldig.push(verzending.id.clone());
                    }
                    self.herhaald.insert(verzending.id.clone(), receipt);
                }
            }
        }
    }

    async fn postvak(&mut self, adres: &str, wie: &str, oin: &str) {
        let mut exchange = Exchange::new(channel(adres, &voorbeeld_certs(), wie).await);
        let vak = self.postvakken.entry(oin.to_owned()).or_default();
        loop {
            let na = vak.last_key_value().map_or(0, |(nr, _)| *nr);
            let pagina = exchange.fetch(FetchRequest { na: Some(na), maximaal: 500 }).await.expect("a page").into_inner();
            if pagina.leveringen.is_empty() {
                return;
            }
            for levering in pagina.leveringen {
                let id = match levering.inhoud {
                    Some(levering::Inhoud::Bericht(bericht)) => bericht.bericht_id,
                    ander => format!("{ander:?}"),
                };
                vak.insert(levering.postvaknummer, InPostvak { id, van_hub: levering.afzender_rol == Rol::Hub as i32 });
            }
        }
    }

    /// What only the tables say, read before this test itself adds to them.
    async fn records(&mut self, url: &str) {
        let store = Store::open(url).await.expect("the database");
        let mut lezing = store.read().await.expect("a connection");
        let rijen: Vec<(i64, i32)> = vraag(&mut lezing, "select nummer, rol from audit where handeling = 'AANVAARD' order by nr").await;
        let van_hub = |rol: i32| rol == Rol::Hub as i32;
        self.aanvaard =
            rijen.into_iter().map(|(nummer, rol)| Aanvaard { volgnummer: nummer.unsigned_abs(), van_hub: van_hub(rol) }).collect();
        let sql = "select wie, nummer, count(*) from audit where handeling = 'BEVESTIGD' group by wie, nummer";
        for (wie, nummer, aantal) in vraag::<(String, i64, i64)>(&mut lezing, sql).await {
            self.bevestigd.entry(wie).or_default().insert(nummer.unsigned_abs(), usize::try_from(aantal).unwrap());
        }
        let rijen: Vec<(String, i64)> = vraag(&mut lezing, "select oin, bevestigd_tot from postvakken").await;
        self.cursors = rijen.into_iter().map(|(oin, tot)| (oin, tot.unsigned_abs())).collect();
        let rijen: Vec<(i64,)> = vraag(&mut lezing, "select count(*) from audit").await;
        self.records = rijen[0].0.unsigned_abs();
        drop(lezing);
        store.close().await;
    }

    /// A check of the hub itself, which must end well.
    async fn controle(&mut self, config: &Path, wat: &[&str]) {
        let mut command = programma(wat);
        command.arg("--config").arg(config);
        let uitvoer = draai_binnen(command, CONTROLE).await;
        if !uitvoer.status.success() {
            let gezegd = [uitvoer.stdout, uitvoer.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            self.zelfcontrole.push(format!("{}: {}", wat.join(" "), gezegd.concat()));
        }
    }
}

/// The hub's public key; made at its first start.
fn publiek(map: &Path) -> Vec<u8> {
    ketenhub::receipt::Sleutel::laad_of_maak(&map.join("receipt.key")).unwrap().publiek().to_vec()
}

async fn vraag<R>(lezing: &mut Lezing, sql: &'static str) -> Vec<R>
where
    R: Send + Unpin + for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
{
    match lezing {
        Lezing::Sqlite(conn) => sqlx::query_as(sql).fetch_all(&mut **conn).await.unwrap(),
        Lezing::Postgres(conn) => sqlx::query_as(sql).fetch_all(conn.aan_de_beurt().await.unwrap()).await.unwrap(),
    }
}
