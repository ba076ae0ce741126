//! The set-up of a campaign: one or two hub processes on one database, each behind a proxy with a fixed address and, on PostgreSQL, with a
//! proxy between it and the database. It kills and starts; it decides nothing.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::doorgang::Doorgang;
use crate::support::proces::{self, Proces, voorbeeld_certs};

/// How long a hub may take to listen: it reads its whole audit log first.
pub const START: Duration = Duration::from_secs(60);

/// One hub, whether it runs or not.
pub struct Plek {
    /// Its configuration.
    pub config: PathBuf,
    /// What clients connect to.
    pub voordeur: Doorgang,
    /// Between it and PostgreSQL.
    pub achterdeur: Option<Doorgang>,
    /// Environment of its process, beside what a start is given.
    pub omgeving: Vec<(String, String)>,
    proces: Option<Proces>,
    /// What each of its processes said.
    gezegd: Vec<Arc<Mutex<String>>>,
}

/// All of it.
pub struct Opstelling {
    /// The hubs.
    pub hubs: Vec<Plek>,
    /// The database itself, past every proxy.
    pub database: String,
    /// The folder of the hubs: their keys and, on SQLite, the database.
    pub map: TempDir,
}

impl Opstelling {
    /// So many hubs on a database, all running.
    pub async fn met(aantal: usize, database: &str) -> Opstelling {
        Opstelling::met_omgeving(aantal, database, |_, _| Vec::new()).await
    }

    /// The same, with an environment for each of their processes, from the folder and its number.
    pub async fn met_omgeving(aantal: usize, database: &str, omgeving: impl Fn(&Path, usize) -> Vec<(String, String)>) -> Opstelling {
        let map = tempfile::tempdir().unwrap();
        let mut opstelling = Opstelling { hubs: Vec::new(), database: database.to_owned(), map };
        for nr in 0..aantal {
            let achterdeur = match url_delen(database) {
                Some((_, adres, _)) => Some(Doorgang::naar(adres).await),
                None => None,
            };
            let url = achterdeur.as_ref().map_or_else(|| database.to_owned(), |deur| via(database, &deur.adres));
            let config = configuratie(opstelling.map.path(), &url, nr);
            let omgeving = omgeving(opstelling.map.path(), nr);
            let voordeur = Doorgang::naar("127.0.0.1:9").await;
            opstelling.hubs.push(Plek { config, voordeur, achterdeur, omgeving, proces: None, gezegd: Vec::new() });
            opstelling.hubs[nr].start(&[], START).await.unwrap_or_else(|gezegd| panic!("hub {nr} does not start: {gezegd:#?}"));
        }
        opstelling
    }

    /// Where clients find the hubs.
    pub fn adressen(&self) -> Vec<String> {
        self.hubs.iter().map(|plek| plek.voordeur.adres.clone()).collect()
    }

    /// The database as `sqlx` opens it from here.
    pub fn url(&self) -> String {
        match self.database.strip_prefix("sqlite:") {
            Some(bestand) => format!("sqlite:{}", self.map.path().join(bestand).display()),
            None => self.database.clone(),
        }
    }

    /// What the hubs logged of errors that they call internal, and of panics.
    pub fn interne_fouten(&self) -> Vec<String> {
        let erg = |regel: &&str| regel.contains("internal error") || regel.contains("panicked");
        let van = |gezegd: &Arc<Mutex<String>>| gezegd.lock().unwrap().lines().filter(erg).map(str::to_owned).collect::<Vec<_>>();
        self.hubs.iter().flat_map(|plek| &plek.gezegd).flat_map(van).collect()
    }

    /// From now on the database is elsewhere; connections to where it was end.
    pub fn verhuis(&mut self, database: &str) {
        database.clone_into(&mut self.database);
        let (_, adres, _) = url_delen(database).expect("PostgreSQL");
        for deur in self.hubs.iter().filter_map(|plek| plek.achterdeur.as_ref()) {
            deur.wijs(adres);
            deur.knip();
        }
    }
}

impl Plek {
    /// Starts it; what it said when it does not listen in time.
    pub async fn start(&mut self, omgeving: &[(&str, &str)], binnen: Duration) -> Result<(), Vec<String>> {
        let eigen = self.omgeving.iter().map(|(naam, waarde)| (naam.as_str(), waarde.as_str()));
        let omgeving: Vec<_> = eigen.chain(omgeving.iter().copied()).collect();
        let proces = Proces::probeer(&self.config, &omgeving, binnen).await?;
        self.voordeur.wijs(&proces.address);
        self.gezegd.push(proces.gezegd());
        self.proces = Some(proces);
        Ok(())
    }

    /// Starts it again until it listens: as a service manager does with one that ended because its database was away.
    pub async fn start_tot_het_lukt(&mut self, omgeving: &[(&str, &str)], binnen: Duration) {
        let begin = Instant::now();
        let mut gezegd = Vec::new();
        while let Some(rest) = binnen.checked_sub(begin.elapsed()) {
            match self.start(omgeving, rest).await {
                Ok(()) => return,
                Err(regels) => gezegd = regels,
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("it does not start again; it said {gezegd:#?}");
    }

    /// SIGKILL.
    pub fn dood(&mut self) {
        self.proces.take().expect("it runs").dood();
    }

    /// Its process.
    pub fn proces(&mut self) -> &mut Proces {
        self.proces.as_mut().expect("it runs")
    }

    /// Ends it in order, when it runs.
    pub async fn stop(&mut self) {
        if let Some(proces) = self.proces.take() {
            proces.sein("TERM");
            proces.einde(Duration::from_secs(30)).await;
        }
    }
}

/// Hubs on one database share their keys and not their memory of the last checkpoint.
fn configuratie(map: &Path, url: &str, nr: usize) -> PathBuf {
    let begin = proces::config(map, &voorbeeld_certs(), url, "heartbeat_s = 1\ntik_s = 2");
    let text = std::fs::read_to_string(begin).unwrap();
    let pad = map.join(format!("hub-{nr}.toml"));
    std::fs::write(&pad, format!("{text}filter = \"warn,ketenhub::hub=info\"\n[audit]\nstand = \"hub-{nr}.stand\"\n")).unwrap();
    pad
}

/// `postgres://WHO@`, `HOST:PORT` and `/DATABASE` of a URL of PostgreSQL.
fn url_delen(url: &str) -> Option<(&str, &str, &str)> {
    let plaats = url.find('@')? + 1;
    let einde = plaats + url[plaats..].find('/')?;
    Some((&url[..plaats], &url[plaats..einde], &url[einde..]))
}

fn via(url: &str, adres: &str) -> String {
    let (wie, _, database) = url_delen(url).expect("PostgreSQL");
    format!("{wie}{adres}{database}")
}
