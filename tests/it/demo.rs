//! The demo as a newcomer runs it: the real programme, one whole case, and what it wrote down. Whether each view is right by the contract
//! is tested elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use chrono::{DateTime, Utc};
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::exchange_service_client::ExchangeServiceClient;
use jeugdketen_proto::v1::traject_service_client::TrajectServiceClient;
use jeugdketen_proto::v1::{Bericht, GetTrajectRequest, Klokwaarschuwing, Levering, Norm, SubscribeResponse, UitkomstKlok, levering};
use ketenhub::json;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use tonic::Streaming;

use crate::support::berichten::{GEDULD, abonneer, volgende};
use crate::support::hub::channel;
use crate::support::proces::{draai, programma, voer_uit, voorbeeld_certs};
use crate::support::repository;

fn play(out: &Path) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_ketenhub")).args(["demo", "--once", "--out"]).arg(out).current_dir(repository()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn the_demo_plays_a_whole_case_and_writes_down_who_saw_what() {
    let folder = tempfile::tempdir().unwrap();
    let told = play(folder.path());
    for expected in [
        "Uitspraak",
        "wachtlijst",
        "niet passend",
        "De hulp is echt gestart",
        "hub → GEMEENTE",
        " ms",
        "3 passende hulp              2026-03-18   2026-06-18   2026-05-12   gehaald",
    ] {
        assert!(told.contains(expected), "{expected}");
    }

    let parties = names(folder.path());
    for role in ["GI-", "GEMEENTE-", "AANBIEDER-", "EXPERTTEAM-", "INSPECTIE-", "ACCOUNTHOUDENDE_REGIO-"] {
        assert!(parties.iter().any(|party| party.starts_with(role)), "{role}");
    }
    assert_eq!(names(&folder.path().join("submitted")).len(), 13);

    for party in parties.iter().filter(|party| *party != "submitted") {
        let files = names(&folder.path().join(party));
        // Numbers of a mailbox begin at 1 and have no gaps.
        let numbers: BTreeSet<usize> = files.iter().map(|file| file.split('-').next().unwrap().parse().unwrap()).collect();
        assert_eq!(numbers, (1..=files.len()).collect(), "{party}");
        for file in files {
            let text = fs::read_to_string(folder.path().join(party).join(&file)).unwrap();
            let view: Bericht = json::read(&text).unwrap();
            let kind = view.inhoud.as_ref().unwrap().kind();
            assert!(file.ends_with(&format!("-{}.json", kind.name())), "{file}");
        }
    }
}

#[test]
fn no_text_of_the_demo_reaches_a_party_that_may_not_see_it() {
    let folder = tempfile::tempdir().unwrap();
    play(folder.path());
    let sent: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("submitted/05-Jeugdhulpbepaling.json")).unwrap()).unwrap();
    let order: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("submitted/02-Uitspraak.json")).unwrap()).unwrap();
    let hidden = [
        (order["uitspraak"]["motivering"].clone(), "GI-"),
        (order["uitspraak"]["gronden"].clone(), "GI-"),
        (sent["jeugdhulpbepaling"]["onderbouwing"].clone(), "AANBIEDER-"),
    ];
    for (text, may_see) in hidden {
        let text = text.as_str().unwrap().to_owned();
        let mut seen = 0;
        for party in names(folder.path()).iter().filter(|party| *party != "submitted") {
            let whole: String = names(&folder.path().join(party))
                .iter()
                .map(|file| fs::read_to_string(folder.path().join(party).join(file)).unwrap())
                .collect();
            let holds = whole.contains(&serde_json::to_string(&text).unwrap());
            assert!(!holds || party.starts_with(may_see), "{party}");
            seen += usize::from(holds);
        }
        assert!(seen > 0, "nobody saw it");
    }
}

/// A demo that runs, with or without a sandbox. It is never left behind.
struct Zandbak {
    map: TempDir,
    child: Child,
    adres: String,
}

impl Zandbak {
    async fn start() -> Zandbak {
        let map = tempfile::tempdir().unwrap();
        let uit = fs::File::create(map.path().join("uit")).unwrap();
        let mut command = programma(&["demo", "--tijd", "--listen", "127.0.0.1:0", "--socket"]);
        command.arg(map.path().join("tijd.sock")).stdin(Stdio::piped()).stdout(uit);
        let mut zandbak = Zandbak { map, child: command.spawn().unwrap(), adres: String::new() };
        zandbak.zegt("Stoppen met Ctrl-C").await;
        zandbak.adres = zandbak.adres();
        zandbak
    }

    fn adres(&self) -> String {
        self.text().split("draait op ").nth(1).and_then(|rest| rest.split(',').next()).unwrap().to_owned()
    }

    fn socket(&self) -> PathBuf {
        self.map.path().join("tijd.sock")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.map.path().join("uit")).unwrap()
    }

    async fn zegt(&self, wat: &str) {
        let wachten = async {
            while !self.text().contains(wat) {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(GEDULD, wachten).await.unwrap_or_else(|_| panic!("waited in vain for {wat:?}; it said {}", self.text()));
    }

    async fn tijd(&self, argumenten: &[&str]) -> Output {
        let socket = self.socket();
        voer_uit(&[&["tijd", "--socket", socket.to_str().unwrap()], argumenten].concat()).await
    }
}

impl Drop for Zandbak {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn moment(tijdstip: Option<prost_types::Timestamp>) -> DateTime<Utc> {
    DateTime::from_timestamp(tijdstip.unwrap().seconds, 0).unwrap()
}

/// Reads a stream up to the warning that a norm is so many percent over, and returns the warnings with their deliveries.
async fn waarschuwingen(stroom: &mut Streaming<SubscribeResponse>, norm: Norm, procent: u32) -> Vec<(Levering, Klokwaarschuwing)> {
    let mut gekomen = Vec::new();
    loop {
        let levering = volgende(stroom).await.unwrap();
        let Some(levering::Inhoud::Bericht(Bericht { inhoud: Some(Inhoud::Klokwaarschuwing(w)), .. })) = levering.inhoud.clone() else {
            panic!("no warning: {levering:?}");
        };
        let laatste = (w.norm(), w.procent) == (norm, procent);
        gekomen.push((levering, w));
        if laatste {
            return gekomen;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_sandbox_time_is_moved_and_the_warnings_and_the_breach_arrive_at_the_gi() {
    let mut zandbak = Zandbak::start().await;
    let kanaal = channel(&zandbak.adres, &voorbeeld_certs(), "gi").await;
    let mut gi = abonneer(&mut ExchangeServiceClient::new(kanaal.clone()), None).await.unwrap();

    let gezegd = zandbak.tijd(&["+10d", "--json"]).await;
    assert!(gezegd.status.success(), "{}", String::from_utf8_lossy(&gezegd.stderr));
    let gezegd: serde_json::Value = serde_json::from_slice(&gezegd.stdout).unwrap();
    assert!(gezegd["gewaarschuwd"].as_u64().unwrap() >= 4, "{gezegd}");

    let gekomen = waarschuwingen(&mut gi, Norm::Jeugdbeschermer, 100).await;
    let norm1 = gekomen.iter().filter(|(_, w)| w.norm() == Norm::Jeugdbeschermer);
    assert_eq!(norm1.map(|(_, w)| w.procent).collect::<Vec<_>>(), [50, 75, 90, 100]);
    for (levering, w) in &gekomen {
        let na = moment(levering.aangeboden_op) - moment(w.bereikt_op);
        assert!((0..=3600).contains(&na.num_seconds()), "each comes when it is due, not when the clock has arrived: {na}");
    }
    zandbak.zegt("TERMIJN VERSTREKEN: 1 vaste jeugdbeschermer").await;

    // The same at the prompt, on to the end of norm 2.
    let toetsen = zandbak.child.stdin.as_mut().unwrap();
    toetsen.write_all(b"+5w\nmorgen\n").unwrap();
    waarschuwingen(&mut gi, Norm::Koers, 100).await;
    zandbak.zegt("\"morgen\" is geen stap").await;

    let Some(levering::Inhoud::Bericht(laatste)) = gekomen.last().unwrap().0.inhoud.clone() else { unreachable!() };
    let vraag = GetTrajectRequest { maatregel_id: laatste.maatregel_id };
    let klokken = TrajectServiceClient::new(kanaal).get_traject(vraag).await.unwrap().into_inner().klokken;
    let verstreken = klokken.iter().filter(|klok| klok.uitkomst() == UitkomstKlok::Verstreken).map(|klok| klok.norm());
    assert_eq!(verstreken.collect::<Vec<_>>(), [Norm::Jeugdbeschermer, Norm::Koers]);

    let terug = zandbak.tijd(&["tot", "2020-01-01"]).await;
    assert_eq!(terug.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&terug.stderr).contains("de tijd gaat alleen vooruit"));
    let ver = zandbak.tijd(&["tot", "2199-01-01"]).await;
    assert!(!ver.status.success() && String::from_utf8_lossy(&ver.stderr).contains("gaat de zandbak niet"));

    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(fs::metadata(zandbak.socket()).unwrap().permissions().mode() & 0o777, 0o600, "for who started it");
    let sein = Command::new("/bin/sh").args(["-c", "kill -s INT $0", &zandbak.child.id().to_string()]).status().unwrap();
    assert!(sein.success());
    let klaar = async {
        loop {
            if let Some(status) = zandbak.child.try_wait().unwrap() {
                return status;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(timeout(GEDULD, klaar).await.expect("it ends").success());
    assert!(!zandbak.socket().exists());
}

/// The commands of the README for the first message in Python, as they stand there but for the interpreter, the port and where files go.
#[tokio::test(flavor = "multi_thread")]
async fn every_step_to_the_first_own_message_in_the_readme_is_true() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let stappen = readme.split("python3 -m venv .venv\n").nth(1).unwrap().split("```").next().unwrap();
    let map = tempfile::tempdir().unwrap();
    let uit = map.path().join("uit");
    let mut command = programma(&["demo", "--listen", "127.0.0.1:0"]);
    let demo = Zandbak { child: command.stdout(fs::File::create(&uit).unwrap()).spawn().unwrap(), map, adres: String::new() };
    demo.zegt("Stoppen met Ctrl-C").await;
    let adres = demo.adres();
    let python = std::env::var("KETENHUB_PYTHON").expect("./test installs it");
    let mut gezegd = Vec::new();
    for stap in stappen.lines().filter(|stap| !stap.contains("pip install")) {
        let stap =
            stap.replace(".venv/bin/python clients/python/klant.py", &format!("{python} clients/python/klant.py --endpoint {adres}"));
        let stap = ["first.json", "gi.jsonl"]
            .iter()
            .fold(stap, |stap, file| stap.replace(file, &demo.map.path().join(file).display().to_string()));
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &stap]).current_dir(repository());
        let uitvoer = draai(command).await;
        assert!(uitvoer.status.success(), "{stap}: {}", String::from_utf8_lossy(&uitvoer.stderr));
        gezegd.push(String::from_utf8(uitvoer.stdout).unwrap());
    }
    assert_eq!(gezegd.len(), 3);
    let receipt: serde_json::Value = serde_json::from_str(&gezegd[1]).unwrap();
    assert_eq!(receipt["bericht_id"], "01983b1e-7c2a-7d3e-9a41-5b6c7d8e9f01");
    let levering: serde_json::Value = serde_json::from_str(&fs::read_to_string(demo.map.path().join("gi.jsonl")).unwrap()).unwrap();
    assert_eq!((&levering["bericht"]["bericht_id"], &levering["afzender_rol"]), (&receipt["bericht_id"], &"ROL_RECHTBANK".into()));
}

/// A clock that can be moved is made for a sandbox, a replay and a measurement. No configuration gives it to a hub of `serve`.
#[test]
fn only_a_sandbox_a_replay_a_trial_and_a_measurement_have_a_clock_that_can_be_moved() {
    fn bestanden(map: &Path, gevonden: &mut Vec<PathBuf>) {
        for pad in fs::read_dir(map).unwrap().map(|entry| entry.unwrap().path()) {
            if pad.is_dir() {
                bestanden(&pad, gevonden);
            } else {
                gevonden.push(pad);
            }
        }
    }
    let (mut alle, src) = (Vec::new(), repository().join("src"));
    bestanden(&src, &mut alle);
    let verzetbaar = alle.iter().filter(|pad| {
        let text = fs::read_to_string(pad).unwrap();
        text.split("#[cfg(test)]").next().unwrap().contains("Clock::manual")
    });
    let verzetbaar: BTreeSet<_> = verzetbaar.map(|pad| pad.strip_prefix(&src).unwrap().display().to_string()).collect();
    let mag = |pad: &String| {
        pad.starts_with("bench/") || pad.starts_with("conform/") || ["cli/demo/zandbak.rs", "replay/mod.rs"].contains(&pad.as_str())
    };
    assert!(verzetbaar.iter().all(mag), "{verzetbaar:?}");
    assert!(verzetbaar.contains("cli/demo/zandbak.rs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_sandbox_there_is_no_clock_to_move() {
    let map = tempfile::tempdir().unwrap();
    let uitvoer = voer_uit(&["tijd", "+5d", "--socket", map.path().join("niets.sock").to_str().unwrap()]).await;
    assert_eq!(uitvoer.status.code(), Some(1));
    let gezegd = String::from_utf8_lossy(&uitvoer.stderr);
    assert!(gezegd.contains("no sandbox at") && gezegd.contains("ketenhub demo --tijd"), "{gezegd}");
}
