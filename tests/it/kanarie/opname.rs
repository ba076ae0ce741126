//! Plays the whole case at the real programme, with repetitions, refusals, a kill and a restart, and takes everything that it left behind
//! anywhere. It judges nothing but that what should be accepted is.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use jeugdketen_proto::v1::{self, SoortSleutel};
use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};
use tempfile::TempDir;
use tokio::sync::Mutex;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::privacy::orakel::bladen;
use crate::privacy::toneel::{Akte, Speelveld, Stuk, Vangst, dien, speel, vang};
use crate::privacy::{bederf, tegelijk};
use crate::support::draad::{eenmaal, eenmaal_bytes, methoden, roep, roep_met};
use crate::support::hub::channel;
use crate::support::postgres::{self, Server};
use crate::support::proces::{self, Proces, draai, voorbeeld_certs};
use crate::support::zaak::DEELNEMERS;
use crate::telemetrie::ontvanger::Ontvanger;
use crate::telemetrie::vraag;

/// Where something was written down, and what.
pub struct Bron {
    pub naam: String,
    /// Whether it is the database: its files or a dump of it.
    pub database: bool,
    pub bytes: Vec<u8>,
}

impl Bron {
    fn nieuw(naam: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Bron {
        Bron { naam: naam.into(), database: false, bytes: bytes.into() }
    }

    fn database(naam: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Bron {
        Bron { database: true, ..Bron::nieuw(naam, bytes) }
    }
}

/// What was caught.
pub struct Opname {
    /// Everything that was written down, in which nothing may be.
    pub bronnen: Vec<Bron>,
    /// What each participant got to see, in which things must be.
    pub vangsten: Vec<(Akte, &'static str, Vangst)>,
}

/// The database that the hub runs on.
pub enum Database {
    Sqlite(PathBuf),
    Postgres(Server),
}

impl Database {
    pub fn sqlite(map: &Path) -> Database {
        Database::Sqlite(map.join("hub.db"))
    }

    pub fn postgres() -> Database {
        Database::Postgres(Server::start().expect("this test needs PostgreSQL"))
    }

    fn url(&self) -> String {
        match self {
            Database::Sqlite(_) => "sqlite:hub.db".to_owned(),
            Database::Postgres(server) => server.url("postgres"),
        }
    }

    /// Its files as they are on disk at this moment.
    fn bestanden(&self, wanneer: &str) -> Vec<Bron> {
        match self {
            // In the folder of the hub, which is taken whole.
            Database::Sqlite(_) => Vec::new(),
            Database::Postgres(server) => {
                // 1 and 4 are the templates, which no hub touches.
                let sjabloon = |pad: &Path| ["base/1", "base/4"].iter().any(|map| pad.ends_with(map));
                bestanden(&server.home, &sjabloon)
                    .into_iter()
                    .map(|(pad, bytes)| Bron::database(format!("{pad} {wanneer}"), bytes))
                    .collect()
            }
        }
    }

    /// Everything in it as text and as its own tools dump it, and then its files after a checkpoint.
    async fn uitgeput(&self) -> Vec<Bron> {
        let mut bronnen = Vec::new();
        match self {
            Database::Sqlite(file) => {
                let mut conn = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
                bronnen.push(Bron::database("dump", stort(&mut conn).await));
                sqlx::raw_sql("pragma wal_checkpoint(truncate)").execute(&mut conn).await.unwrap();
                bronnen.push(Bron::database("hub.db after a checkpoint", std::fs::read(file).unwrap()));
                conn.close().await.unwrap();
            }
            Database::Postgres(server) => {
                for opties in [&["-Fp"][..], &["-Fp", "--inserts"], &["-Fc", "-Z0"]] {
                    let mut command = Command::new(postgres::program("pg_dump"));
                    command.args(opties).arg(server.url("postgres"));
                    let uitvoer = draai(command).await;
                    assert!(uitvoer.status.success(), "{}", String::from_utf8_lossy(&uitvoer.stderr));
                    assert!(uitvoer.stdout.len() > 50_000, "little was dumped");
                    bronnen.push(Bron::database(format!("pg_dump {}", opties.join(" ")), uitvoer.stdout));
                }
                let mut conn = PgConnection::connect(&server.url("postgres")).await.unwrap();
                sqlx::raw_sql("checkpoint").execute(&mut conn).await.unwrap();
                bronnen.extend(self.bestanden("after a checkpoint"));
            }
        }
        bronnen
    }
}

/// Every value of every table of a SQLite database, as SQL would write it.
async fn stort(conn: &mut SqliteConnection) -> String {
    let mut uit = String::new();
    let tabellen =
        sqlx::query_scalar::<_, String>("select name from sqlite_master where type = 'table'").fetch_all(&mut *conn).await.unwrap();
    assert!(tabellen.len() > 10, "{tabellen:?}");
    for tabel in tabellen {
        let kolommen =
            sqlx::query_scalar::<_, String>("select name from pragma_table_info($1)").bind(&tabel).fetch_all(&mut *conn).await.unwrap();
        let kolommen: Vec<_> = kolommen.iter().map(|kolom| format!("quote(\"{kolom}\")")).collect();
        let sql = AssertSqlSafe(format!("select {} from \"{tabel}\"", kolommen.join(" || ',' || ")));
        for rij in sqlx::query(sql).fetch_all(&mut *conn).await.unwrap() {
            uit += &format!("insert into {tabel} values ({});\n", rij.get::<String, _>(0));
        }
    }
    uit
}

/// Every file below a folder. One that is gone in the meantime was no file to keep.
fn bestanden(map: &Path, sla_over: &dyn Fn(&Path) -> bool) -> Vec<(String, Vec<u8>)> {
    let mut gevonden = Vec::new();
    for pad in std::fs::read_dir(map).into_iter().flatten().flatten().map(|entry| entry.path()).filter(|pad| !sla_over(pad)) {
        if pad.is_dir() {
            gevonden.extend(bestanden(&pad, sla_over));
        } else if pad.is_file() {
            gevonden.extend(std::fs::read(&pad).ok().map(|bytes| (pad.display().to_string(), bytes)));
        }
    }
    gevonden
}

/// The hub that runs and its participants.
struct Hub {
    proces: Proces,
    operator: String,
    kanalen: Mutex<HashMap<String, Channel>>,
    maatregel: String,
    bronnen: Vec<Bron>,
}

impl Speelveld for Hub {
    async fn kanaal(&self, wie: &str) -> Channel {
        let mut kanalen = self.kanalen.lock().await;
        if !kanalen.contains_key(wie) {
            kanalen.insert(wie.to_owned(), channel(&self.proces.address, &voorbeeld_certs(), wie).await);
        }
        kanalen[wie].clone()
    }

    fn maatregel(&self) -> &str {
        &self.maatregel
    }

    fn zet_maatregel(&mut self, maatregel: String) {
        self.maatregel = maatregel;
    }
}

impl Hub {
    async fn start(config: &Path, maatregel: String) -> Hub {
        let (proces, operator) = Proces::start_met_operator(config).await;
        Hub { proces, operator, kanalen: Mutex::default(), maatregel, bronnen: Vec::new() }
    }

    /// Keeps everything that a refusal says.
    fn geweigerd(&mut self, wat: &str, status: &Status) {
        let gezegd = [status.message().as_bytes(), status.details(), format!("{:?}", status.metadata()).as_bytes()].concat();
        self.bronnen.push(Bron::nieuw(format!("refusal of {wat}: {:?}", status.code()), gezegd));
    }

    async fn moet_weigeren(&mut self, wat: &str, wie: &str, bericht: Vec<u8>) -> Code {
        let status = dien(self, wie, bericht).await.expect_err(wat);
        self.geweigerd(wat, &status);
        status.code()
    }

    async fn herhaal(&mut self, stukken: &[Stuk], receipts: &[(String, bytes::Bytes)]) {
        for (naam, receipt) in receipts {
            let stuk = stukken.iter().find(|stuk| stuk.naam == *naam).unwrap();
            // Who opened the case did not name it.
            let mut bericht = stuk.bericht.clone();
            if naam == "oplegging" {
                bericht.clear_field_by_name("maatregel_id");
            }
            assert_eq!(dien(self, &stuk.van, bericht.encode_to_vec()).await.expect(naam), *receipt, "the receipt of before");
        }
    }

    async fn meters(&mut self) {
        for pad in ["/metrics", "/health", "/999900018"] {
            let (status, inhoud) = vraag(&self.operator, pad).await;
            self.bronnen.push(Bron::nieuw(format!("{pad} of the operator's port"), format!("{status}\n{inhoud}")));
        }
    }

    /// Everybody looks at everything and acknowledges it.
    async fn vang(&self, akte: Akte, vangsten: &mut Vec<(Akte, &'static str, Vangst)>) {
        for (wie, vangst) in DEELNEMERS.into_iter().zip(tegelijk(DEELNEMERS.map(|wie| vang(self, wie))).await) {
            let pagina = v1::FetchResponse::decode(vangst.pagina.clone()).unwrap();
            if let Some(laatste) = pagina.leveringen.last() {
                let vraag = v1::AcknowledgeRequest { tot_en_met: laatste.postvaknummer };
                eenmaal(&self.kanaal(wie).await, "ExchangeService/Acknowledge", &vraag).await.unwrap();
            }
            vangsten.push((akte, wie, vangst));
        }
    }
}

/// Plays it all.
pub async fn speel_alles(database: &Database, map: &TempDir, stukken: &mut [Stuk]) -> Opname {
    let (ontvanger, otlp) = Ontvanger::start().await;
    let config = proces::config(map.path(), &voorbeeld_certs(), &database.url(), "tik_s = 1\nheartbeat_s = 1\nshutdown_s = 5");
    let rest = format!("filter = \"debug,ketenhub=trace\"\n[telemetrie]\notlp = \"{otlp}\"\nmetrics = \"127.0.0.1:0\"\n");
    std::fs::write(&config, std::fs::read_to_string(&config).unwrap() + &rest).unwrap();
    let mut vangsten = Vec::new();

    let mut hub = Hub::start(&config, String::new()).await;
    let eerste = speel(&mut hub, stukken, Akte::Eerste).await;
    hub.herhaal(stukken, &eerste).await;
    weiger(&mut hub, stukken).await;
    stroom(&hub, stukken).await;
    hub.vang(Akte::Eerste, &mut vangsten).await;
    beheer(&mut hub).await;
    hub.meters().await;
    let mut bronnen = std::mem::take(&mut hub.bronnen);
    bronnen.extend(neem(database, map, "while it runs"));
    let (maatregel, log) = (hub.maatregel.clone(), hub.proces.gezegd());
    hub.proces.dood();
    bronnen.extend(neem(database, map, "after the kill"));
    bronnen.push(Bron::nieuw("log until the kill", log.lock().unwrap().as_bytes()));

    let mut hub = Hub::start(&config, maatregel).await;
    hub.herhaal(stukken, &eerste).await;
    let tweede = speel(&mut hub, stukken, Akte::Tweede).await;
    hub.herhaal(stukken, &tweede).await;
    hub.vang(Akte::Tweede, &mut vangsten).await;
    beheer(&mut hub).await;
    hub.meters().await;
    bronnen.append(&mut hub.bronnen);
    let log = hub.proces.gezegd();
    hub.kanalen.lock().await.clear();
    hub.proces.sein("TERM");
    assert!(hub.proces.einde(Duration::from_secs(15)).await.success());
    let log = log.lock().unwrap().clone();
    assert!(log.len() > 50_000 && log.contains("\"DEBUG\""), "little was logged: {} bytes", log.len());
    bronnen.push(Bron::nieuw("log after the kill", log));
    bronnen.extend(neem(database, map, "after it stopped"));
    bronnen.extend(database.uitgeput().await);
    let gestuurd = ontvanger.bytes();
    assert!(gestuurd.len() > 20_000, "little was exported");
    bronnen.push(Bron::nieuw("traces and metrics over OTLP", gestuurd));
    bronnen.push(Bron::nieuw("traces and metrics over OTLP, as text", ontvanger.alles()));
    let gewaarschuwd = vangsten.iter().any(|(_, _, vangst)| {
        let pagina = v1::FetchResponse::decode(vangst.pagina.clone()).unwrap();
        let berichten = pagina.leveringen.into_iter().filter_map(|levering| levering.inhoud);
        berichten.into_iter().any(|inhoud| {
            matches!(inhoud, v1::levering::Inhoud::Bericht(bericht) if matches!(bericht.inhoud, Some(v1::bericht::Inhoud::Klokwaarschuwing(_))))
        })
    });
    assert!(gewaarschuwd, "no clock ran out");
    Opname { bronnen, vangsten }
}

/// All files of the hub and of its database.
fn neem(database: &Database, map: &TempDir, wanneer: &str) -> Vec<Bron> {
    let eigen = bestanden(map.path(), &|_| false).into_iter();
    let eigen = eigen.map(|(pad, bytes)| Bron { database: pad.contains("hub.db"), ..Bron::nieuw(format!("{pad} {wanneer}"), bytes) });
    eigen.chain(database.bestanden(wanneer)).collect()
}

/// Everything that can be refused, with values in it.
async fn weiger(hub: &mut Hub, stukken: &[Stuk]) {
    for stuk in stukken.iter().filter(|stuk| !stuk.daarna) {
        for blad in bladen(&stuk.bericht).into_iter().filter(|blad| matches!(blad.waarde, Value::String(_))) {
            let mut bericht = stuk.bericht.clone();
            bederf(&mut bericht, &blad.pad, "GEHEIM-\u{1}-bedorven");
            let wat = format!("{} spoiled at {}", stuk.naam, blad.pad);
            hub.moet_weigeren(&wat, &stuk.van, bericht.encode_to_vec()).await;
        }
        let mut nieuw = stuk.bericht.clone();
        nieuw.set_field_by_name("bericht_id", Value::String(crate::support::verhaal::nieuw_id()));
        let wat = format!("{} by somebody else", stuk.naam);
        assert_eq!(hub.moet_weigeren(&wat, "inspectie", nieuw.encode_to_vec()).await, Code::PermissionDenied);
        // A field that no contract has, and bytes that are no message, with what was in the message.
        let bytes = stuk.bericht.encode_to_vec();
        let vreemd = [&bytes[..], &[0xfa, 0xff, 0x03, 3, b'a', b'b', b'c']].concat();
        hub.moet_weigeren(&format!("{} with a field too many", stuk.naam), &stuk.van, vreemd).await;
        hub.moet_weigeren(&format!("half of {}", stuk.naam), &stuk.van, bytes[..bytes.len() - 3].to_vec()).await;
    }
    // The content of one message under the id of another.
    let met_id_van = |een: &str, ander: &str| {
        let zoek = |naam: &str| stukken.iter().find(|stuk| stuk.naam == naam).unwrap().bericht.clone();
        let mut bericht: DynamicMessage = zoek(een);
        bericht.set_field_by_name("bericht_id", zoek(ander).get_field_by_name("bericht_id").unwrap().into_owned());
        bericht.encode_to_vec()
    };
    for (een, ander, wie) in [("koppeling", "wisseling", "gi"), ("escalatie", "bepaling", "gi"), ("gestart", "beeindigd", "aanbieder-3")] {
        assert_eq!(hub.moet_weigeren("other content", wie, met_id_van(een, ander)).await, Code::AlreadyExists);
    }
    // A person where a case, a method, a trace or a number should be.
    let vraag = v1::GetTrajectRequest { maatregel_id: "999900018".to_owned() };
    let status = eenmaal(&hub.kanaal("gi").await, "TrajectService/GetTraject", &vraag).await.unwrap_err();
    hub.geweigerd("a case that is a person", &status);
    let status = roep(&hub.kanaal("gi").await, "ExchangeService/999900018", vec![]).await.unwrap_err();
    hub.geweigerd("a method that is a person", &status);
    let mut vraag = Request::new(tokio_stream::iter([bytes::Bytes::from_static(b"\x0a\x05kapot")]));
    for naam in ["traceparent", "tracestate", "x-request-id", "user-agent"] {
        vraag.metadata_mut().insert(naam, "999900018".parse().unwrap());
    }
    let status = roep_met(&hub.kanaal("gi").await, "ExchangeService/Submit", vraag).await.unwrap_err();
    hub.geweigerd("headers that are a person", &status);
}

/// Everything once more over one stream, and something that is refused.
async fn stroom(hub: &Hub, stukken: &[Stuk]) {
    for wie in ["gi", "aanbieder-3", "rechtbank"] {
        let van = stukken.iter().filter(|stuk| stuk.van == wie && !stuk.daarna);
        let mut vragen = vec![bytes::Bytes::from_static(&[0x0a, 2, 0xff, 0xff])];
        vragen.extend(van.map(|stuk| {
            jeugdketen_proto::raw::SubmitStreamRequest { bericht: Some(stuk.bericht.encode_to_vec().into()), ..Default::default() }
                .encode_to_vec()
                .into()
        }));
        let aantal = vragen.len();
        let mut antwoorden = roep(&hub.kanaal(wie).await, "ExchangeService/SubmitStream", vragen).await.unwrap().into_inner();
        let mut gekregen = 0;
        while antwoorden.message().await.unwrap().is_some() {
            gekregen += 1;
        }
        assert_eq!(gekregen, aantal);
    }
}

/// Every call that answers once, by those who may do most; and what the operator does.
async fn beheer(hub: &mut Hub) {
    for wie in ["beheerder", "inspectie", "gi", "rechtbank"] {
        for methode in methoden().into_iter().filter(|methode| !methode.stroom && !methode.naam.ends_with("Acknowledge")) {
            if let Err(status) = eenmaal_bytes(&hub.kanaal(wie).await, &methode.naam, bytes::Bytes::new()).await {
                hub.geweigerd(&methode.naam, &status);
            }
        }
    }
    let kanaal = hub.kanaal("beheerder").await;
    eenmaal(&kanaal, "BeheerService/SetBewaartermijn", &v1::SetBewaartermijnRequest { dagen: 31 }).await.unwrap();
    for soort in [SoortSleutel::Receipt, SoortSleutel::Pseudoniem] {
        eenmaal(&kanaal, "BeheerService/RoteerSleutel", &v1::RoteerSleutelRequest { soort: soort.into() }).await.unwrap();
    }
}
