//! The clients of `clients/`, each as every role and over mutual TLS, on a line that loses answers and questions and is cut.

mod lijn;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use jeugdketen_proto::pool;
use jeugdketen_proto::v1::{FetchRequest, FetchResponse};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::support::berichten::{GEDULD, GI, dien_in, voorbeeld_tekst, zitting};
use crate::support::hub::{CERTS, TestHub};
use crate::support::repository;
use lijn::Lijn;

/// The most lines of one file of an example.
const REGELS: usize = 100;

/// A client.
#[derive(Clone, Copy, Debug)]
enum Klant {
    Python,
    TypeScript,
    Rust,
}

impl Klant {
    fn programma(self) -> Command {
        let van = |naam: &str| std::env::var(naam).unwrap_or_else(|_| panic!("{naam} is not set: run ./test, which installs it"));
        let (programma, script) = match self {
            Klant::Python => (PathBuf::from(van("KETENHUB_PYTHON")), Some("clients/python/klant.py")),
            Klant::TypeScript => (PathBuf::from(van("KETENHUB_NODE")), Some("clients/typescript/dist/klant.js")),
            // Built beside the hub with the rest of the workspace; only the programmes of its own package have a variable.
            Klant::Rust => (Path::new(env!("CARGO_BIN_EXE_ketenhub")).with_file_name("ketenhub-klant"), None),
        };
        assert!(programma.exists(), "{} is not there: run ./test, which builds it", programma.display());
        let mut command = Command::new(programma);
        command.args(script).current_dir(repository()).stdin(Stdio::null());
        command
    }
}

/// A client that runs, and what it wrote. It is never left behind.
struct Lopend {
    child: Child,
    uit: PathBuf,
    fout: PathBuf,
}

impl Lopend {
    fn regels(&self) -> Vec<Value> {
        regels(&self.uit)
    }

    fn fout(&self) -> String {
        fs::read_to_string(&self.fout).unwrap()
    }

    async fn zegt(&self, wat: &str) {
        tot(wat, async || self.fout().contains(wat)).await;
    }

    async fn einde(mut self) -> (ExitStatus, Vec<Value>, String) {
        let wachten = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        let status = timeout(2 * GEDULD, wachten).await.unwrap_or_else(|_| panic!("it does not end; it said {}", self.fout()));
        (status, self.regels(), self.fout())
    }

    async fn gelukt(self) -> Vec<Value> {
        let (status, regels, fout) = self.einde().await;
        assert!(status.success(), "{fout}");
        regels
    }
}

impl Drop for Lopend {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The whole lines of a file, each a JSON text.
fn regels(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.split_inclusive('\n').filter(|regel| regel.ends_with('\n')).map(|regel| serde_json::from_str(regel).unwrap()).collect()
}

async fn tot(wat: &str, mut waar: impl AsyncFnMut() -> bool) {
    let wachten = async {
        while !waar().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(GEDULD, wachten).await.unwrap_or_else(|_| panic!("waited in vain: {wat}"));
}

/// A hub, a line to it, and a client that plays every role.
struct Opstelling {
    klant: Klant,
    hub: TestHub,
    lijn: Lijn,
    sleutel: String,
}

impl Opstelling {
    async fn van(klant: Klant) -> Opstelling {
        let hub = TestHub::sqlite().await;
        let lijn = Lijn::naar(hub.running.address).await;
        let sleutel = hex::encode(hub.running.hub.sleutel.load().publiek());
        Opstelling { klant, hub, lijn, sleutel }
    }

    fn pad(&self, naam: &str) -> PathBuf {
        self.hub.folder.path().join(naam)
    }

    fn start(&self, wie: &str, sleutel: &str, argumenten: &[&str]) -> Lopend {
        let naam = self.hub.running.hub.clock.new_id().to_string();
        let (uit, fout) = (self.pad(&format!("{naam}.uit")), self.pad(&format!("{naam}.fout")));
        let mut command = self.klant.programma();
        command.args(["--endpoint", &self.lijn.adres, "--certs", CERTS, "--als", wie, "--sleutel", sleutel]).args(argumenten);
        command.stdout(fs::File::create(&uit).unwrap()).stderr(fs::File::create(&fout).unwrap());
        Lopend { child: command.spawn().unwrap(), uit, fout }
    }

    fn submit(&self, wie: &str, files: &[&Path]) -> Lopend {
        let files = files.iter().map(|file| file.to_str().unwrap());
        self.start(wie, &self.sleutel, &["submit"].into_iter().chain(files).collect::<Vec<_>>())
    }

    fn receive(&self, wie: &str, aantal: usize) -> Lopend {
        let inbox = self.inbox(wie);
        self.start(wie, &self.sleutel, &["receive", inbox.to_str().unwrap(), "--aantal", &aantal.to_string()])
    }

    fn inbox(&self, wie: &str) -> PathBuf {
        self.pad(&format!("{wie}.jsonl"))
    }

    /// The mailbox numbers in the inbox of a participant.
    fn nummers(&self, wie: &str) -> Vec<String> {
        regels(&self.inbox(wie)).iter().map(|levering| levering["postvaknummer"].as_str().unwrap().to_owned()).collect()
    }

    fn bericht(&self, voorbeeld: &str, vervang: &[(&str, &str)]) -> (PathBuf, String) {
        let text = voorbeeld_tekst(&format!("{voorbeeld}.json"), vervang);
        let file = self.pad(&format!("{voorbeeld}.json"));
        fs::write(&file, &text).unwrap();
        let bericht: Value = serde_json::from_str(&text).unwrap();
        (file, bericht["bericht_id"].as_str().unwrap().to_owned())
    }

    /// What the hub has in the mailbox of a participant, past a number or what was confirmed.
    async fn postvak(&self, wie: &str, na: Option<u64>) -> FetchResponse {
        self.hub.exchange(wie).await.fetch(FetchRequest { na, maximaal: 0 }).await.unwrap().into_inner()
    }

    async fn bevestigd(&self, wie: &str, nummer: u64) {
        tot("it confirms", async || {
            let postvak = self.postvak(wie, None).await;
            postvak.laatste_postvaknummer == nummer && postvak.leveringen.is_empty()
        })
        .await;
    }

    async fn zitting(&self) {
        dien_in(&mut self.hub.exchange("rechtbank").await, &zitting(GI)).await.unwrap();
    }
}

/// The rechtbank submits, and the hub's answer to its uitspraak is lost: the client repeats it and gets the receipt of then. Returns the case.
async fn rechtbank(o: &Opstelling) -> String {
    let (zitting, _) = o.bericht("01-zittingsaankondiging", &[]);
    let (uitspraak, id) = o.bericht("02-uitspraak", &[]);
    // The client waits at this file, with its connection open.
    let pijp = o.pad("pijp");
    assert!(Command::new("mkfifo").arg(&pijp).status().unwrap().success());
    let rechtbank = o.submit("rechtbank", &[&zitting, &pijp]);
    tot("the first receipt", async || rechtbank.regels().len() == 1).await;
    o.lijn.verlies_antwoorden();
    tokio::task::spawn_blocking(move || fs::write(pijp, fs::read(uitspraak).unwrap()).unwrap());
    tot("the uitspraak is accepted", async || o.postvak("gi", Some(0)).await.leveringen.len() == 2).await;
    assert_eq!(rechtbank.regels().len(), 1, "the answer is lost");
    o.lijn.knip();
    let receipts = rechtbank.gelukt().await;
    assert!(o.lijn.verbindingen() > 1, "it tried again");
    assert_eq!((receipts.len(), &receipts[1]["bericht_id"]), (2, &Value::from(id)));
    assert_eq!(receipts[1]["volgnummer"], "2");
    assert_eq!(o.postvak("gi", Some(0)).await.leveringen.len(), 2, "a repetition is no second message");
    receipts[1]["maatregel_id"].as_str().unwrap().to_owned()
}

/// The GI receives. Its confirmation is lost and it dies; later its line is cut. In its inbox is everything once.
async fn gi_ontvangt(o: &Opstelling) {
    let gi = o.receive("gi", 9);
    o.bevestigd("gi", 2).await;
    o.lijn.verlies_vragen();
    o.zitting().await;
    tot("the third arrives", async || o.nummers("gi").len() == 3).await;
    drop(gi);
    o.lijn.knip();
    assert_eq!(o.postvak("gi", None).await.leveringen.len(), 1, "its confirmation was lost");

    let gi = o.receive("gi", 1);
    gi.zegt("3 was here already").await;
    o.bevestigd("gi", 3).await;
    o.lijn.knip();
    gi.zegt("again in").await;
    o.zitting().await;
    gi.gelukt().await;
    o.bevestigd("gi", 4).await;
    assert_eq!(o.nummers("gi"), ["1", "2", "3", "4"]);
    assert_eq!(regels(&o.inbox("gi"))[1]["bericht"]["uitspraak"]["ecli"], "ECLI:NL:RBDHA:2026:99041");
}

async fn de_keten_rond(klant: Klant) {
    let o = Opstelling::van(klant).await;
    let zaak = rechtbank(&o).await;
    gi_ontvangt(&o).await;

    let zaak = ("{{maatregel_id}}", zaak.as_str());
    let (koppeling, _) = o.bericht("03-koppeling", &[zaak]);
    let (bepaling, bepaling_id) = o.bericht("05-jeugdhulpbepaling", &[zaak]);
    assert_eq!(o.submit("gi", &[&koppeling, &bepaling]).gelukt().await.len(), 2);

    o.receive("aanbieder", 1).gelukt().await;
    let opdracht = &regels(&o.inbox("aanbieder"))[0]["bericht"]["jeugdhulpbepaling"];
    assert_eq!(opdracht["voorzieningen"].as_array().unwrap().len(), 1, "its own");
    let verwijzing = [zaak, ("{{bericht_id:05}}", bepaling_id.as_str())];
    let (intake, _) = o.bericht("06-intakeresultaat-wachtlijst", &verwijzing);
    o.submit("aanbieder", &[&intake]).gelukt().await;

    o.receive("gemeente", 3).gelukt().await;
    let gemeente = regels(&o.inbox("gemeente"));
    let soorten = ["uitspraak", "koppeling", "jeugdhulpbepaling"];
    assert!(gemeente.iter().zip(soorten).all(|(levering, soort)| levering["bericht"][soort].is_object()), "{gemeente:?}");
    let (verwerking, _) = o.bericht("09-verwerking", &verwijzing);
    o.submit("gemeente", &[&verwerking]).gelukt().await;

    o.receive("gi", 2).gelukt().await;
    assert_eq!(o.nummers("gi").len(), 6);
    geweigerd(&o, &bepaling).await;
}

/// What the hub refuses, and what another hub signed.
async fn geweigerd(o: &Opstelling, bepaling: &Path) {
    let (status, receipts, gezegd) = o.submit("gemeente", &[bepaling]).einde().await;
    assert!(!status.success() && receipts.is_empty());
    let gezegd = gezegd.to_lowercase().replace('_', "");
    assert!(gezegd.lines().any(|regel| regel.starts_with("permissiondenied: ")), "{gezegd}");

    let (zitting, _) = o.bericht("01-zittingsaankondiging", &[]);
    let inbox = o.inbox("gi");
    for (wie, argumenten) in [("rechtbank", ["submit", zitting.to_str().unwrap()]), ("gi", ["receive", inbox.to_str().unwrap()])] {
        let (status, regels, gezegd) = o.start(wie, &"5a".repeat(32), &argumenten).einde().await;
        assert!(!status.success() && regels.is_empty());
        assert!(gezegd.contains("INVALID: the signature is not of this hub"), "{wie}: {gezegd}");
    }
    assert_eq!(o.nummers("gi").len(), 6, "what does not verify is not taken in");
    assert_eq!(o.postvak("gi", None).await.leveringen.len(), 1, "nor confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_plays_every_role_on_a_bad_line() {
    de_keten_rond(Klant::Python).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_client_plays_every_role_on_a_bad_line() {
    de_keten_rond(Klant::TypeScript).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rust_client_plays_every_role_on_a_bad_line() {
    de_keten_rond(Klant::Rust).await;
}

#[test]
fn no_file_of_a_client_is_longer_than_a_person_reads_at_once() {
    let mut gezien = 0;
    for map in ["python", "typescript", "rust/src", "java"] {
        for file in fs::read_dir(repository().join("clients").join(map)).unwrap().map(|file| file.unwrap().path()) {
            if file.extension().is_some_and(|soort| ["py", "ts", "rs", "java"].iter().any(|van| soort == *van)) {
                let regels = fs::read_to_string(&file).unwrap().lines().count();
                assert!(regels <= REGELS, "{} has {regels} lines", file.display());
                gezien += 1;
            }
        }
    }
    assert_eq!(gezien, 10);
}

/// gRPC says nothing of a name that does not exist, and then repeats nothing.
#[test]
fn the_service_config_names_methods_of_the_contract() {
    let config: Value = serde_json::from_str(&fs::read_to_string(repository().join("clients/service-config.json")).unwrap()).unwrap();
    let namen = config["methodConfig"].as_array().unwrap().iter().flat_map(|deel| deel["name"].as_array().unwrap());
    let mut aantal = 0;
    for naam in namen {
        let service = pool().get_service_by_name(naam["service"].as_str().unwrap()).expect("a service of the contract");
        if let Some(methode) = naam["method"].as_str() {
            assert!(service.methods().any(|van| van.name() == methode), "{methode}");
        }
        aantal += 1;
    }
    assert!(aantal >= 3);
}
