//! The real programme in a process of its own, to signal and to kill. It is never left behind.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::berichten::GEDULD;
use super::repository;

/// A hub that runs.
pub struct Proces {
    /// Where it listens.
    pub address: String,
    child: Child,
    regels: mpsc::UnboundedReceiver<String>,
    /// Everything it wrote to standard error, whoever reads its lines.
    gezegd: Arc<Mutex<String>>,
}

impl Proces {
    /// Starts `serve` and waits until it listens.
    pub async fn start(config: &Path, omgeving: &[(&str, &str)]) -> Proces {
        Proces::luisterend(config, omgeving).await.0
    }

    /// The same, with the address of the operator's port.
    pub async fn start_met_operator(config: &Path) -> (Proces, String) {
        let (proces, velden) = Proces::luisterend(config, &[]).await;
        (proces, velden["operator"].as_str().unwrap().to_owned())
    }

    /// The same, for who goes on when it does not listen in time: what it said instead.
    pub async fn probeer(config: &Path, omgeving: &[(&str, &str)], binnen: Duration) -> Result<Proces, Vec<String>> {
        Proces::luistert(config, omgeving, binnen).await.map(|(proces, _)| proces)
    }

    async fn luisterend(config: &Path, omgeving: &[(&str, &str)]) -> (Proces, serde_json::Value) {
        Proces::luistert(config, omgeving, GEDULD).await.unwrap_or_else(|gezegd| panic!("it does not listen; it said {gezegd:#?}"))
    }

    async fn luistert(config: &Path, omgeving: &[(&str, &str)], binnen: Duration) -> Result<(Proces, serde_json::Value), Vec<String>> {
        let mut command = programma(&["serve", "--config"]);
        command.arg(config).envs(omgeving.iter().copied()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (zender, regels) = mpsc::unbounded_channel();
        let gezegd = Arc::new(Mutex::new(String::new()));
        let alles = gezegd.clone();
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).all(|regel| {
                *alles.lock().unwrap() += &format!("{regel}\n");
                zender.send(regel).is_ok()
            })
        });
        let mut proces = Proces { address: String::new(), child, regels, gezegd };
        let regel = proces.hoort("the hub listens", binnen).await?;
        let regel: serde_json::Value = serde_json::from_str(&regel).unwrap();
        proces.address = regel["fields"]["address"].as_str().unwrap().to_owned();
        Ok((proces, regel["fields"].clone()))
    }

    /// Waits until it writes a line with this text, and returns the line.
    pub async fn zegt(&mut self, wat: &str) -> String {
        let regel = self.hoort(wat, GEDULD).await;
        regel.unwrap_or_else(|gezegd| panic!("waited in vain for {wat:?}; it said {gezegd:#?}"))
    }

    /// The same, or what it said in that time instead.
    pub async fn hoort(&mut self, wat: &str, binnen: Duration) -> Result<String, Vec<String>> {
        let mut gezegd = Vec::new();
        let wachten = async {
            while let Some(regel) = self.regels.recv().await {
                if regel.contains(wat) {
                    return Some(regel);
                }
                gezegd.push(regel);
            }
            None
        };
        let regel = timeout(binnen, wachten).await.ok().flatten();
        regel.ok_or(gezegd)
    }

    /// What it wrote to standard error, also after it ended.
    pub fn gezegd(&self) -> Arc<Mutex<String>> {
        self.gezegd.clone()
    }

    /// SIGKILL: no chance to do anything more.
    pub fn dood(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal: `TERM`, `HUP`.
    pub fn sein(&self, naam: &str) {
        let status = Command::new("/bin/sh").args(["-c", "kill -s $0 $1", naam, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits until it has ended.
    pub async fn einde(mut self, binnen: Duration) -> ExitStatus {
        // Its standard error ends with it.
        let stil = async { while self.regels.recv().await.is_some() {} };
        timeout(binnen, stil).await.expect("the programme ends in time");
        self.child.wait().unwrap()
    }

    /// Its resident memory in bytes.
    pub fn geheugen(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let regel = status.lines().find_map(|regel| regel.strip_prefix("VmRSS:")).unwrap();
        regel.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Proces {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The programme with these arguments, in the repository and without settings of the surroundings. `KETENHUB_PROGRAMMA` names another build
/// of it: an optimised one for a long campaign.
pub fn programma(argumenten: &[&str]) -> Command {
    let gebouwd = std::env::var_os("KETENHUB_PROGRAMMA").unwrap_or_else(|| env!("CARGO_BIN_EXE_ketenhub").into());
    let mut command = Command::new(gebouwd);
    command.args(argumenten).current_dir(repository()).stdin(Stdio::null());
    for naam in ["KETENHUB_CONFIG", "KETENHUB_CERTS", "KETENHUB_ENDPOINT", "KETENHUB_HALT_AT", "RUST_LOG"] {
        command.env_remove(naam);
    }
    command
}

/// Runs a command of the programme to its end.
pub async fn voer_uit(argumenten: &[&str]) -> Output {
    draai(programma(argumenten)).await
}

/// Runs a command to its end; one that does not end is killed, and the test fails. Its standard input is empty unless it was given.
pub async fn draai(command: Command) -> Output {
    draai_binnen(command, Duration::from_secs(60)).await
}

/// The same, for one that has more to do.
pub async fn draai_binnen(mut command: Command, binnen: Duration) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts; ./test installs what it needs");
    let pid = child.id().to_string();
    let einde = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    match timeout(binnen, einde).await {
        Ok(uitvoer) => uitvoer.unwrap(),
        Err(_) => {
            let _ = Command::new("/bin/sh").args(["-c", "kill -s KILL $0", &pid]).status();
            panic!("the command does not end: {command:?}");
        }
    }
}

/// Writes a configuration in a folder, on the PKI of another; `limieten` are lines of `[limits]`.
pub fn config(map: &Path, certs: &Path, database: &str, limieten: &str) -> PathBuf {
    let register = repository().join("certs-example/deelnemers.json");
    let text = format!(
        "listen = \"127.0.0.1:0\"\ndatabase = \"{database}\"\nreceipt_key = \"receipt.key\"\nregister_seed = {register:?}\n\
         [tls]\ncertificate = {hub:?}\nkey = {key:?}\nclient_ca = {ca:?}\ncrls = [{crl:?}]\n[limits]\n{limieten}\n[log]\njson = true\n",
        hub = certs.join("hub.pem"),
        key = certs.join("hub.key"),
        ca = certs.join("ca.pem"),
        crl = certs.join("crl.pem"),
    );
    let pad = map.join("hub.toml");
    std::fs::write(&pad, text).unwrap();
    pad
}

/// The example certificates, as an absolute path.
pub fn voorbeeld_certs() -> PathBuf {
    repository().join("certs-example")
}
