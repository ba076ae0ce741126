//! A TCP proxy with a fixed address in front of something that moves: it passes bytes on, and cuts, stalls or half-opens connections when it
//! is told to. It can cut exactly while a COMMIT of PostgreSQL is on its way. It changes no byte.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// What sqlx sends to commit: a simple query, with its zero byte.
const COMMIT: &[u8] = b"commit\0";
/// How the text begins of a transaction that is one statement, after the name that it is prepared under.
const ENKEL: &[u8] = b"\0with slot as ";
/// How such names begin.
const NAAM: &[u8] = b"sqlx_s_";

/// Where to cut a COMMIT, or the one statement that a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knip {
    /// Before the server has it: nothing was committed.
    Vooraf,
    /// When the server has answered and nobody knows: it was.
    Achteraf,
}

#[derive(Debug)]
struct Binnen {
    doel: Mutex<String>,
    /// Goes up at every cut: a connection of a lower number ends.
    beurt: watch::Sender<u64>,
    /// As `beurt`, but the client's end is left open without anybody behind it.
    half: watch::Sender<u64>,
    /// As `beurt`, but both ends are left open and nothing passes any more.
    bevroren: watch::Sender<u64>,
    knip: Mutex<Option<Knip>>,
    geknipt: watch::Sender<u64>,
    /// What was cut last was a transaction of one statement.
    was_enkel: AtomicBool,
}

/// A running proxy; it ends when it is dropped.
#[derive(Debug)]
pub struct Doorgang {
    /// Where it listens, HOST:PORT.
    pub adres: String,
    binnen: Arc<Binnen>,
    luistert: JoinHandle<()>,
}

impl Doorgang {
    /// Starts one, to an address.
    pub async fn naar(doel: &str) -> Doorgang {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let adres = listener.local_addr().unwrap().to_string();
        let binnen = Arc::new(Binnen {
            doel: Mutex::new(doel.to_owned()),
            beurt: watch::channel(0).0,
            half: watch::channel(0).0,
            bevroren: watch::channel(0).0,
            knip: Mutex::default(),
            geknipt: watch::channel(0).0,
            was_enkel: AtomicBool::new(false),
        });
        let deel = Arc::clone(&binnen);
        let luistert = tokio::spawn(async move {
            loop {
                let Ok((klant, _)) = listener.accept().await else { continue };
                tokio::spawn(verbind(Arc::clone(&deel), klant));
            }
        });
        Doorgang { adres, binnen, luistert }
    }

    /// New connections go elsewhere from now on.
    pub fn wijs(&self, doel: &str) {
        *self.binnen.doel.lock().unwrap() = doel.to_owned();
    }

    /// Ends every connection of now.
    pub fn knip(&self) {
        self.binnen.beurt.send_modify(|beurt| *beurt += 1);
    }

    /// Ends the far side of every connection of now; the near side stays open and hears nothing more.
    pub fn halfopen(&self) {
        self.binnen.half.send_modify(|beurt| *beurt += 1);
    }

    /// Nothing passes on any connection of now, and both ends stay open: what a peer sees when a machine or a line is gone. New connections
    /// pass.
    pub fn bevries(&self) {
        self.binnen.bevroren.send_modify(|beurt| *beurt += 1);
    }

    /// Cuts the connection of the next COMMIT. What is returned says when that has happened.
    pub fn knip_bij_commit(&self, waar: Knip) -> watch::Receiver<u64> {
        let mut geknipt = self.binnen.geknipt.subscribe();
        geknipt.mark_unchanged();
        *self.binnen.knip.lock().unwrap() = Some(waar);
        geknipt
    }

    /// Whether what was cut last was a transaction of one statement.
    pub fn was_enkel(&self) -> bool {
        self.binnen.was_enkel.load(Ordering::SeqCst)
    }
}

impl Drop for Doorgang {
    fn drop(&mut self) {
        self.luistert.abort();
        self.knip();
    }
}

async fn verbind(binnen: Arc<Binnen>, mut klant: TcpStream) {
    let [mut beurt, mut half, mut bevroren] = [&binnen.beurt, &binnen.half, &binnen.bevroren].map(watch::Sender::subscribe);
    let doel = binnen.doel.lock().unwrap().clone();
    let Ok(Ok(mut server)) = timeout(Duration::from_secs(5), TcpStream::connect(&doel)).await else { return };
    for kant in [&klant, &server] {
        let _ = kant.set_nodelay(true);
    }
    let zwijg = AtomicBool::new(false);
    let blijft_open = {
        let (van_klant, naar_klant) = klant.split();
        let (van_server, naar_server) = server.split();
        tokio::select! {
            _ = async { tokio::try_join!(heen(&binnen, &zwijg, van_klant, naar_server), terug(&binnen, &zwijg, van_server, naar_klant)) } => false,
            _ = beurt.changed() => false,
            _ = half.changed() => true,
            _ = bevroren.changed() => {
                let _ = beurt.changed().await;
                false
            }
        }
    };
    drop(server);
    if blijft_open {
        let _ = beurt.changed().await;
    }
}

/// From client to server. An error ends the connection; the end of one way ends that way only, as in TCP.
async fn heen(binnen: &Binnen, zwijg: &AtomicBool, mut van: ReadHalf<'_>, mut naar: WriteHalf<'_>) -> io::Result<()> {
    let mut buffer = vec![0; 32 * 1024];
    let mut enkele: Vec<Vec<u8>> = Vec::new();
    loop {
        let gelezen = van.read(&mut buffer).await?;
        if gelezen == 0 {
            return naar.shutdown().await;
        }
        let stuk = &buffer[..gelezen];
        let enkel = enkele.iter().any(|naam| vind(stuk, naam).is_some());
        enkele.extend(voorbereid(stuk));
        if enkel || vind(stuk, COMMIT).is_some() {
            let waar = binnen.knip.lock().unwrap().take();
            if waar.is_some() {
                binnen.was_enkel.store(enkel, Ordering::SeqCst);
            }
            match waar {
                Some(Knip::Vooraf) => return Err(binnen.geknipt()),
                Some(Knip::Achteraf) => zwijg.store(true, Ordering::SeqCst),
                None => {}
            }
        }
        naar.write_all(stuk).await?;
    }
}

fn vind(stuk: &[u8], deel: &[u8]) -> Option<usize> {
    stuk.windows(deel.len()).position(|hier| hier == deel)
}

/// The name under which a transaction of one statement is prepared here, between zero bytes, as it is when it is bound.
fn voorbereid(stuk: &[u8]) -> Option<Vec<u8>> {
    let einde = vind(stuk, ENKEL)?;
    let begin = stuk[..einde].windows(NAAM.len()).rposition(|hier| hier == NAAM)?;
    Some([b"\0", &stuk[begin..einde], b"\0"].concat())
}

/// From server to client. What follows on a COMMIT that is to be cut is its answer: then the server is done.
async fn terug(binnen: &Binnen, zwijg: &AtomicBool, mut van: ReadHalf<'_>, mut naar: WriteHalf<'_>) -> io::Result<()> {
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let gelezen = van.read(&mut buffer).await?;
        if zwijg.load(Ordering::SeqCst) {
            return Err(binnen.geknipt());
        }
        if gelezen == 0 {
            return naar.shutdown().await;
        }
        naar.write_all(&buffer[..gelezen]).await?;
    }
}

impl Binnen {
    fn geknipt(&self) -> io::Error {
        self.geknipt.send_modify(|aantal| *aantal += 1);
        io::ErrorKind::ConnectionAborted.into()
    }
}
