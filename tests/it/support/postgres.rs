//! One real PostgreSQL server for all tests of this process, with the durability a hub asks for, and an empty database for each that
//! wants one. It never skips: without PostgreSQL's programs the test fails and says so. It knows no table.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// Ports are guessed; another process may take one before the server does.
const ATTEMPTS: usize = 3;

/// Starts a server, says `ready`, and waits for its standard input to end. That happens whenever the test process ends, also by
/// SIGKILL, and never before; then it stops the server and removes its files.
const KEEPER: &str = r#"
set -eu
programs=$1 home=$2 port=$3 settings=$4
if [ "$(id -u)" = 0 ]; then
    chown -R postgres "$home"
    run() { runuser -u postgres -- "$@"; }
else
    run() { "$@"; }
fi
finish() {
    run "$programs/pg_ctl" stop -s -m immediate -D "$home/data" >/dev/null 2>&1 || true
    rm -rf "$home" 2>/dev/null
}
# A reader that is gone must not end this shell before it has cleaned up.
trap '' PIPE
trap 'exit 1' HUP INT TERM
trap finish EXIT
[ -d "$home/data" ] || run "$programs/initdb" -D "$home/data" -A trust -U postgres -E UTF8 --locale=C --no-sync >&2
run "$programs/pg_ctl" start -s -w -t 60 -D "$home/data" -l "$home/log" \
    -o "-h 127.0.0.1 -p $port -k $home -c max_connections=200 $settings" >&2 || { cat "$home/log" >&2; exit 1; }
echo ready
cat
"#;

static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The URL of a fresh, empty database on the one server of this process.
pub async fn database() -> String {
    let server = match SERVER.get_or_init(Server::start) {
        Ok(server) => server,
        Err(reason) => panic!("this test needs PostgreSQL: {reason}"),
    };
    let name = format!("t_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let mut connection = PgConnection::connect(&server.url("postgres")).await.expect("the server takes connections");
    let create = AssertSqlSafe(format!("create database {name} template template0"));
    sqlx::raw_sql(create).execute(&mut connection).await.expect("a database is created");
    connection.close().await.expect("the connection closes");
    server.url(&name)
}

/// A running server. It lives as long as its keeper's standard input is open: as long as this process.
pub struct Server {
    port: u16,
    /// Its folder: `data` is that of the databases, `log` what it said.
    pub home: PathBuf,
    keeper: Child,
}

impl Server {
    /// Starts one; it stops and takes its files along when this process ends.
    pub fn start() -> Result<Server, String> {
        Server::start_with("", |_| Ok(()))
    }

    /// The same with settings of its own, `-c name=value`.
    pub fn met_instellingen(settings: &str) -> Result<Server, String> {
        Server::start_with(settings, |_| Ok(()))
    }

    /// One on the files of another: `data` in its new folder is a copy of this folder, changed as the caller says.
    pub fn hersteld(kopie: &Path, wijzig: impl Fn(&Path) -> std::io::Result<()>) -> Result<Server, String> {
        let kopieer = |home: &Path| {
            let klaar = Command::new("cp").arg("-a").arg(kopie).arg(home.join("data")).status()?;
            if klaar.success() { wijzig(&home.join("data")) } else { Err(std::io::Error::other("the copy fails")) }
        };
        Server::start_with("", kopieer)
    }

    fn start_with(settings: &str, prepare: impl Fn(&Path) -> std::io::Result<()>) -> Result<Server, String> {
        let programs = programs()?;
        let mut failure = String::new();
        for _ in 0..ATTEMPTS {
            match Server::start_in(&programs, settings, &prepare) {
                Ok(server) => return Ok(server),
                Err(reason) => failure = reason,
            }
        }
        Err(failure)
    }

    fn start_in(programs: &Path, settings: &str, prepare: impl Fn(&Path) -> std::io::Result<()>) -> Result<Server, String> {
        let because = |what: &'static str| move |error: std::io::Error| format!("{what}: {error}");
        let home = tempfile::Builder::new().prefix("ketenhub-pg-").tempdir().map_err(because("no temporary directory"))?.keep();
        prepare(&home).map_err(because("the folder cannot be made ready"))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(because("no free port"))?;
        let port = listener.local_addr().map_err(because("no free port"))?.port();
        drop(listener);

        let mut keeper = Command::new("/bin/sh")
            .args(["-c", KEEPER, "keeper"])
            .args([programs, &home])
            .arg(port.to_string())
            .arg(settings)
            .current_dir("/")
            // An interrupt of the terminal ends the tests; the keeper must outlive them.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(because("no shell"))?;
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().ok_or("the keeper has no output")?)
            .read_line(&mut said)
            .map_err(because("the keeper is silent"))?;
        if said == "ready\n" {
            return Ok(Server { port, home, keeper });
        }
        let mut reason = String::new();
        let _ = keeper.stderr.take().map(|mut stderr| stderr.read_to_string(&mut reason));
        let _ = keeper.wait();
        Err(format!("the server does not start: {reason}"))
    }

    /// SIGKILL to every process of it at once, as when the machine stops. Its files stay as they are.
    pub fn dood(&self) {
        let script = r#"
            p=$(head -n1 "$0")
            kill -s KILL "$p" $(cat "/proc/$p/task/$p/children") 2>/dev/null
            while [ -d "/proc/$p" ] && ! grep -q "^State:.Z" "/proc/$p/status"; do sleep 0.01; done"#;
        let status = Command::new("/bin/sh").args(["-c", script]).arg(self.home.join("data/postmaster.pid")).status();
        assert!(status.expect("a shell").success(), "the server is killed");
    }

    /// Stops it and takes its files along.
    pub fn ruim_op(mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database of it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

/// A program of PostgreSQL: beside the server, where Debian installed it, or else as `PATH` finds it.
pub fn program(name: &str) -> PathBuf {
    let beside = programs().expect("PostgreSQL is installed").join(name);
    let places = [Some(beside), newest(|dir| dir.join(name).is_file()).map(|dir| dir.join(name))];
    places.into_iter().flatten().find(|place| place.is_file()).unwrap_or_else(|| name.into())
}

/// Where `initdb`, `pg_ctl` and `postgres` are: in `PATH`, or in the newest version that Debian installed beside it.
pub fn programs() -> Result<PathBuf, String> {
    let complete = |dir: &PathBuf| ["initdb", "pg_ctl", "postgres"].iter().all(|program| dir.join(program).is_file());
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(found) = std::env::split_paths(&path).find(complete) {
        return Ok(found);
    }
    newest(complete)
        .ok_or_else(|| "initdb, pg_ctl and postgres are neither in PATH nor in /usr/lib/postgresql/*/bin; ./test installs them".to_owned())
}

/// The programs of the newest version that Debian installed and that will do.
fn newest(will_do: impl Fn(&PathBuf) -> bool) -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let number = |dir: &PathBuf| dir.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let mut versions: Vec<_> = versions.filter(|dir| will_do(&dir.join("bin"))).collect();
    versions.sort_by_key(number);
    versions.pop().map(|dir| dir.join("bin"))
}

async fn answer(url: &str, question: &'static str) -> String {
    let mut connection = PgConnection::connect(url).await.expect("the database takes connections");
    sqlx::query_scalar(question).fetch_one(&mut connection).await.expect("the database answers")
}

#[tokio::test]
async fn the_server_of_the_tests_is_a_durable_postgresql() {
    let url = database().await;
    assert!(answer(&url, "select version()").await.starts_with("PostgreSQL "));
    for setting in ["show fsync", "show synchronous_commit", "show full_page_writes"] {
        assert_eq!(answer(&url, setting).await, "on", "{setting}");
    }
}

#[tokio::test]
async fn every_test_has_a_database_of_its_own() {
    let (one, other) = (database().await, database().await);
    assert_ne!(one, other);
    let mut connection = PgConnection::connect(&one).await.expect("the database takes connections");
    sqlx::raw_sql("create table bewaard (nr integer); insert into bewaard values (7)").execute(&mut connection).await.expect("a row");
    assert_eq!(answer(&one, "select nr::text from bewaard").await, "7");
    assert_eq!(answer(&other, "select count(*)::text from pg_tables where tablename = 'bewaard'").await, "0");
}

#[tokio::test]
async fn the_server_stops_when_its_test_process_is_gone() {
    let stopped = tokio::task::spawn_blocking(|| {
        let mut server = Server::start().expect("a second server");
        assert!(std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).is_ok());
        // All that its keeper notices of the end of a process.
        drop(server.keeper.stdin.take());
        server.keeper.wait().expect("the keeper ends");
        !server.home.exists() && std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).is_err()
    });
    let stopped = tokio::time::timeout(std::time::Duration::from_secs(60), stopped).await;
    assert!(stopped.expect("it stops within a minute").expect("the task ends"), "the server or its files are still there");
}
