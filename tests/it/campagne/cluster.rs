//! A PostgreSQL server of a test's own, to be killed, started again, copied to a synchronous standby and promoted. It and its files go when
//! the test process ends. It knows no table.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::postgres::{program, programs};
use crate::support::shim::Shim;

/// Makes the databases, new or as a copy of a server that runs, and then does what it reads until its standard input ends; then it stops the
/// server and removes its files. Each word is answered with `ok` or `fout`.
const KEEPER: &str = r#"
set -u
programs=$1 home=$2 port=$3 bron=$4 omgeving=$5 basebackup=$6
if [ "$(id -u)" = 0 ]; then
    chown -R postgres "$home"
    run() { runuser -u postgres -- "$@"; }
else
    run() { "$@"; }
fi
finish() {
    run "$programs/pg_ctl" stop -s -m immediate -D "$home/data" >/dev/null 2>&1
    rm -rf "$home" 2>/dev/null
}
trap '' PIPE
trap 'exit 1' HUP INT TERM
trap finish EXIT
maak() {
    if [ -n "$bron" ]; then
        run "$basebackup" -h 127.0.0.1 -p "$bron" -U postgres -D "$home/data" -R -c fast --no-sync
    else
        run "$programs/initdb" -D "$home/data" -A trust -U postgres -E UTF8 --locale=C --no-sync
    fi
}
start() {
    # Nothing of the one before is left, but the name of its process may be when nobody waited for it.
    rm -f "$home/data/postmaster.pid"
    run env $omgeving "$programs/pg_ctl" start -s -w -t 60 -D "$home/data" -l "$home/log" \
        -o "-h 127.0.0.1 -p $port -k $home -c max_connections=100 -c restart_after_crash=on"
}
bevorder() { run "$programs/pg_ctl" promote -s -w -t 60 -D "$home/data"; }
while read -r woord; do
    if "$woord" >>"$home/keeper.log" 2>&1 </dev/null; then echo ok; else echo fout; fi
done
"#;

/// The database of the hub.
const DATABASE: &str = "ketenhub";
/// The longest that a server may take to be there again.
const TERUG: Duration = Duration::from_secs(60);

/// One server.
pub struct Cluster {
    port: u16,
    /// Its folder.
    pub home: PathBuf,
    /// What its processes are made to believe, when they are.
    pub shim: Option<Shim>,
    keeper: Child,
    invoer: Option<ChildStdin>,
    uitvoer: BufReader<ChildStdout>,
}

impl Cluster {
    /// One that runs, with an empty database.
    pub async fn nieuw() -> Cluster {
        Cluster::gestart(None, None).await
    }

    /// The same, of which the folder of the databases is a disk that can be full, and every sync takes longer.
    pub async fn met_shim(sync_ms: u64) -> Cluster {
        Cluster::gestart(None, Some(sync_ms)).await
    }

    /// A standby of this one. From when this returns, this one commits only what the standby has on its disk.
    pub async fn synchrone_standby(&self) -> Cluster {
        let standby = Cluster::gestart(Some(self.port), None).await;
        self.voer_uit("alter system set synchronous_standby_names = '*'").await;
        self.voer_uit("select pg_reload_conf()").await;
        let begin = Instant::now();
        while self.vraag("select count(*) from pg_stat_replication where sync_state = 'sync'").await != 1 {
            assert!(begin.elapsed() < TERUG, "the standby does not follow");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        standby
    }

    async fn gestart(bron: Option<u16>, sync_ms: Option<u64>) -> Cluster {
        let mut cluster = Cluster::bij_naam(bron, sync_ms);
        for woord in ["maak", "start"] {
            cluster.opdracht(woord).unwrap_or_else(|log| panic!("{woord}: {log}"));
        }
        if bron.is_none() {
            cluster.in_database("postgres", &format!("create database {DATABASE} template template0")).await;
        }
        cluster
    }

    fn bij_naam(bron: Option<u16>, sync_ms: Option<u64>) -> Cluster {
        let home = tempfile::Builder::new().prefix("ketenhub-pg-").tempdir().unwrap().keep();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let shim = sync_ms.map(|sync_ms| Shim::in_map(&home, &home.join("data")).traag(sync_ms));
        let omgeving = shim.iter().flat_map(Shim::omgeving).map(|(naam, waarde)| format!("{naam}={waarde}"));
        let mut keeper = Command::new("/bin/sh")
            .args(["-c", KEEPER, "keeper"])
            .args([&programs().unwrap(), &home])
            .args([port.to_string(), bron.map(|port| port.to_string()).unwrap_or_default(), omgeving.collect::<Vec<_>>().join(" ")])
            .arg(program("pg_basebackup"))
            .current_dir("/")
            // An interrupt of the terminal ends the tests; the keeper must outlive them.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (invoer, uitvoer) = (keeper.stdin.take(), BufReader::new(keeper.stdout.take().unwrap()));
        Cluster { port, home, shim, keeper, invoer, uitvoer }
    }

    /// Lets the keeper do something; the log when it fails.
    fn opdracht(&mut self, woord: &str) -> Result<(), String> {
        tokio::task::block_in_place(|| {
            writeln!(self.invoer.as_mut().unwrap(), "{woord}").unwrap();
            let mut antwoord = String::new();
            self.uitvoer.read_line(&mut antwoord).unwrap();
            if antwoord == "ok\n" { Ok(()) } else { Err(self.log()) }
        })
    }

    fn log(&self) -> String {
        let lees = |naam: &str| std::fs::read_to_string(self.home.join(naam)).unwrap_or_default();
        lees("keeper.log") + &lees("log")
    }

    /// The URL of the database of the hub.
    pub fn url(&self) -> String {
        self.url_van(DATABASE)
    }

    fn url_van(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The process that is the server.
    fn postmaster(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.home.join("data/postmaster.pid")).ok()?;
        let pid = text.lines().next()?.parse().ok()?;
        leeft(pid).then_some(pid)
    }

    /// SIGKILL of the server and of all its processes, as when the machine is gone; returns when none of them lives.
    pub fn dood(&self) {
        let postmaster = self.postmaster().expect("the server runs");
        let alle = [vec![postmaster], kinderen(postmaster)].concat();
        alle.iter().for_each(|pid| sein("KILL", *pid));
        let begin = Instant::now();
        while alle.iter().any(|pid| leeft(*pid)) {
            assert!(begin.elapsed() < TERUG, "SIGKILL ends every process");
            std::thread::yield_now();
        }
    }

    /// SIGKILL of one process that works for a hub: the server ends all others and recovers.
    pub async fn dood_backend(&self) {
        let sql = "select coalesce(max(pid), 0)::bigint from pg_stat_activity where application_name = 'ketenhub'";
        let pid = self.vraag(sql).await;
        if pid > 0 {
            sein("KILL", u32::try_from(pid).unwrap());
        }
    }

    /// Starts it again, when it does not run; it recovers first.
    pub async fn herstart(&mut self) {
        let begin = Instant::now();
        while self.postmaster().is_none() {
            // What was left of the one before may not be gone yet.
            if let Err(log) = self.opdracht("start") {
                assert!(begin.elapsed() < TERUG, "{log}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        while PgConnection::connect(&self.url()).await.is_err() {
            assert!(begin.elapsed() < TERUG, "{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The standby becomes the server.
    pub fn bevorder(&mut self) {
        self.opdracht("bevorder").unwrap_or_else(|log| panic!("{log}"));
    }

    /// A number that a query of one row says.
    pub async fn vraag(&self, sql: &'static str) -> i64 {
        let mut database = PgConnection::connect(&self.url()).await.expect("a connection");
        sqlx::query_scalar(sql).fetch_one(&mut database).await.expect("an answer")
    }

    async fn voer_uit(&self, sql: &str) {
        self.in_database(DATABASE, sql).await;
    }

    async fn in_database(&self, database: &str, sql: &str) {
        let mut database = PgConnection::connect(&self.url_van(database)).await.expect("a connection");
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut database).await.expect("it is done");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.invoer.take());
        let _ = self.keeper.wait();
    }
}

fn sein(naam: &str, pid: u32) {
    // A child may have ended with its server.
    let _ = Command::new("/bin/sh").args(["-c", "kill -s $0 $1 2>/dev/null", naam, &pid.to_string()]).status();
}

/// Whether a process runs; one that ended and that nobody waited for does not.
fn leeft(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// The processes that a process started and that live.
fn kinderen(ouder: u32) -> Vec<u32> {
    let lijst = std::fs::read_to_string(format!("/proc/{ouder}/task/{ouder}/children")).unwrap_or_default();
    lijst.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}
