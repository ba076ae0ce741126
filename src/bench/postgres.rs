//! A PostgreSQL cluster of its own for a run, with the durability that a hub asks for, and the processes of a server that is already there.
//! It knows no table of the hub.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};
use sqlx::{Connection as _, PgConnection};

use super::machine;

/// How the hub reaches the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weg {
    /// TCP on loopback.
    Tcp,
    /// A Unix socket.
    Socket,
}

/// Ports are guessed; another process may take one before the server does.
const ATTEMPTS: usize = 3;

/// Starts a server, says `ready`, and waits for its standard input to end. That happens whenever the load generator ends, also by SIGKILL,
/// and never before; then it stops the server and removes its files. What comes after the port is put into the surroundings of the server.
const KEEPER: &str = r#"
set -eu
programs=$1 home=$2 port=$3
shift 3
if [ "$(id -u)" = 0 ]; then
    chown postgres "$home"
    run() { runuser -u postgres -- "$@"; }
else
    run() { "$@"; }
fi
finish() {
    run "$programs/pg_ctl" stop -s -m immediate -D "$home/data" >/dev/null 2>&1 || true
    rm -rf "$home" 2>/dev/null
}
trap '' PIPE
trap 'exit 1' HUP INT TERM
trap finish EXIT
run "$programs/initdb" -D "$home/data" -A trust -U postgres -E UTF8 --locale=C --no-sync >&2
run env "$@" "$programs/pg_ctl" start -s -w -t 60 -D "$home/data" -l "$home/log" \
    -o "-h 127.0.0.1 -p $port -k $home -c max_connections=200 -c shared_buffers=512MB -c min_wal_size=2GB -c max_wal_size=4GB" >&2 \
    || { cat "$home/log" >&2; exit 1; }
echo ready
cat >/dev/null
"#;

/// A server writes its log into files that it has used before, once it has filled as many as it keeps, and that is how a hub finds it from its
/// first hours on. One that has just begun makes each file as it goes, while a commit waits for that. This fills 2 GiB of files.
const FILL_LOG: &str = "
do $$ begin
    for file in 1 .. 128 loop
        perform pg_create_restore_point('filled');
        perform pg_switch_wal();
    end loop;
end $$";

/// A server that lives as long as this value, and as this process.
#[derive(Debug)]
pub(super) struct Server {
    port: u16,
    home: PathBuf,
    keeper: Child,
}

impl Server {
    /// Starts one; `env` is put into its surroundings.
    pub(super) fn start(env: &[(String, String)]) -> anyhow::Result<Server> {
        let programs = programs().context("initdb, pg_ctl and postgres are neither in PATH nor in /usr/lib/postgresql/*/bin")?;
        let mut failure = None;
        for _ in 0..ATTEMPTS {
            match Server::start_in(&programs, env) {
                Ok(server) => return Ok(server),
                Err(reason) => failure = Some(reason),
            }
        }
        Err(failure.unwrap_or_else(|| anyhow::anyhow!("no attempt")))
    }

    fn start_in(programs: &Path, env: &[(String, String)]) -> anyhow::Result<Server> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let home = std::env::temp_dir().join(format!("ketenhub-bench-pg-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&home)?;
        let mut keeper = Command::new("/bin/sh")
            .args(["-c", KEEPER, "keeper"])
            .args([programs, &home])
            .arg(port.to_string())
            .args(env.iter().map(|(name, value)| format!("{name}={value}")))
            .current_dir("/")
            // An interrupt of the terminal ends the run; the keeper must outlive it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().context("the keeper has no output")?).read_line(&mut said)?;
        if said == "ready\n" {
            return Ok(Server { port, home, keeper });
        }
        let mut reason = String::new();
        let _ = keeper.stderr.take().map(|mut stderr| stderr.read_to_string(&mut reason));
        let _ = keeper.wait();
        bail!("the PostgreSQL server does not start: {reason}")
    }

    /// Leaves the server with a log whose files are used again, as one that has run for a while.
    pub(super) async fn fill_log(&self) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect(&self.url("postgres", Weg::Tcp)).await?;
        sqlx::raw_sql(FILL_LOG).execute(&mut connection).await?;
        // What lies before it is taken up again.
        sqlx::raw_sql("checkpoint").execute(&mut connection).await?;
        Ok(connection.close().await?)
    }

    /// Makes an empty database and returns its URL.
    pub(super) async fn database(&self, name: &'static str, weg: Weg) -> anyhow::Result<String> {
        let mut connection = PgConnection::connect(&self.url("postgres", Weg::Tcp)).await?;
        let create = sqlx::AssertSqlSafe(format!("create database {name} template template0"));
        sqlx::raw_sql(create).execute(&mut connection).await?;
        connection.close().await?;
        Ok(self.url(name, weg))
    }

    fn url(&self, database: &str, weg: Weg) -> String {
        match weg {
            Weg::Tcp => format!("postgres://postgres@127.0.0.1:{}/{database}", self.port),
            Weg::Socket => format!("postgres://postgres@localhost:{}/{database}?host={}", self.port, self.home.display()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The first process of the server behind a URL, when it runs on this machine.
pub(super) async fn first_process(url: &str) -> Option<u32> {
    let mut connection = PgConnection::connect(url).await.ok()?;
    let pid: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut connection).await.ok()?;
    let pid = u32::try_from(pid).ok()?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    let first = name.starts_with("postgres").then(|| machine::parent(pid)).flatten();
    let _ = connection.close().await;
    first
}

/// A program of PostgreSQL: beside the server, or else in `PATH`.
pub(super) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|dir| dir.join(name));
    programs().map(|dir| dir.join(name)).into_iter().chain(in_path).find(|file| file.is_file())
}

/// Where `initdb`, `pg_ctl` and `postgres` are: in `PATH`, or in the newest version that Debian installed beside it.
fn programs() -> Option<PathBuf> {
    let complete = |dir: &PathBuf| ["initdb", "pg_ctl", "postgres"].iter().all(|program| dir.join(program).is_file());
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(found) = std::env::split_paths(&path).find(complete) {
        return Some(found);
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let number = |dir: &PathBuf| dir.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let mut versions: Vec<_> = versions.filter(|dir| complete(&dir.join("bin"))).collect();
    versions.sort_by_key(number);
    versions.pop().map(|dir| dir.join("bin"))
}
