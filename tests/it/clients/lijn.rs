//! A line between a client and a hub that can lose what goes one way, and be cut. It changes no byte.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What goes one way is lost from now on, until the line is cut.
#[derive(Debug, Default)]
pub struct Stil(AtomicBool);

#[derive(Debug, Default)]
struct Stand {
    heen: Stil,
    terug: Stil,
    verbindingen: AtomicUsize,
}

/// The line; it ends when it is dropped.
#[derive(Debug)]
pub struct Lijn {
    /// Where the client finds it, HOST:PORT.
    pub adres: String,
    stand: Arc<Stand>,
    beurt: Arc<watch::Sender<u64>>,
    luistert: JoinHandle<()>,
}

impl Lijn {
    /// A line to a hub.
    pub async fn naar(hub: SocketAddr) -> Lijn {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let adres = listener.local_addr().unwrap().to_string();
        let (stand, beurt) = (Arc::new(Stand::default()), Arc::new(watch::channel(0).0));
        let (deel, signaal) = (Arc::clone(&stand), Arc::clone(&beurt));
        let luistert = tokio::spawn(async move {
            while let Ok((klant, _)) = listener.accept().await {
                deel.verbindingen.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(verbind(klant, hub, Arc::clone(&deel), signaal.subscribe()));
            }
        });
        Lijn { adres, stand, beurt, luistert }
    }

    /// What the hub says is lost.
    pub fn verlies_antwoorden(&self) {
        self.stand.terug.0.store(true, Ordering::SeqCst);
    }

    /// What the client says is lost.
    pub fn verlies_vragen(&self) {
        self.stand.heen.0.store(true, Ordering::SeqCst);
    }

    /// Ends every connection of now; new ones lose nothing.
    pub fn knip(&self) {
        self.stand.heen.0.store(false, Ordering::SeqCst);
        self.stand.terug.0.store(false, Ordering::SeqCst);
        self.beurt.send_modify(|beurt| *beurt += 1);
    }

    /// How often somebody connected.
    pub fn verbindingen(&self) -> usize {
        self.stand.verbindingen.load(Ordering::SeqCst)
    }
}

impl Drop for Lijn {
    fn drop(&mut self) {
        self.luistert.abort();
        self.knip();
    }
}

async fn verbind(klant: TcpStream, hub: SocketAddr, stand: Arc<Stand>, mut beurt: watch::Receiver<u64>) {
    let Ok(hub) = TcpStream::connect(hub).await else { return };
    let ((van_klant, naar_klant), (van_hub, naar_hub)) = (klant.into_split(), hub.into_split());
    tokio::select! {
        () = draag(van_klant, naar_hub, &stand.heen) => {}
        () = draag(van_hub, naar_klant, &stand.terug) => {}
        _ = beurt.changed() => {}
    }
}

/// Carries bytes one way until either end closes; once silent it takes them and carries none.
async fn draag(mut van: OwnedReadHalf, mut naar: OwnedWriteHalf, stil: &Stil) {
    let (mut buffer, mut zwijgt) = (vec![0; 32 * 1024], false);
    while let Ok(gelezen @ 1..) = van.read(&mut buffer).await {
        zwijgt |= stil.0.load(Ordering::SeqCst);
        if !zwijgt && naar.write_all(&buffer[..gelezen]).await.is_err() {
            return;
        }
    }
}
