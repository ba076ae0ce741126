//! `demo`: a hub on loopback with the example certificates, and one whole case played through it by real clients, each with its own
//! certificate. What is printed is Dutch, for the people whose work this is. Nothing is simulated but the story.

mod toneel;
mod verhaal;
mod zandbak;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use jeugdketen_proto::v1::Bericht;

use super::tijd::SOCKET;
use crate::config::{Config, Log};
use crate::hub::Running;
use crate::json;
use crate::telemetry;
use crate::time::Clock;
use toneel::Toneel;
use verhaal::Verhaal;
use zandbak::Zandbak;

/// How to play it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Stop when the case has been played.
    #[arg(long)]
    once: bool,
    /// Write every submitted message and every delivered view to this folder, as protobuf JSON.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Folder with the example certificates.
    #[arg(long, value_name = "DIR", default_value = "certs-example", env = "KETENHUB_CERTS")]
    certs: PathBuf,
    /// Address to listen on; without it 127.0.0.1:8443, or any free port with --once.
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<SocketAddr>,
    /// A sandbox instead: open one case today, on a clock that you move (`+5d`, or `ketenhub tijd`), and see the warnings arrive.
    #[arg(long, conflicts_with = "once")]
    tijd: bool,
    /// Where the sandbox listens for `ketenhub tijd`.
    #[arg(long, value_name = "FILE", default_value = SOCKET, requires = "tijd")]
    socket: PathBuf,
}

/// Plays it.
pub(super) async fn run(args: &Args) -> anyhow::Result<()> {
    telemetry::start(&Log { filter: "warn".to_owned(), json: false });
    let clock = if args.tijd { zandbak::klok() } else { Clock::machine() };
    let folder = std::env::temp_dir().join(format!("ketenhub-demo-{}", clock.new_id()));
    let config = Config { reflection: true, ..Config::on_loopback(&args.certs, &folder, if args.once { 0 } else { 8443 }) };
    let mut config = Config { listen: args.listen.unwrap_or(config.listen), ..config };
    // Beside the port for messages; any free one when that is somewhere else than usual.
    config.paginas.listen = (!args.once).then(|| ([127, 0, 0, 1], if args.listen.is_none() { 8444 } else { 0 }).into());
    let running = Running::start(&config, clock.clone()).await.context("the demo cannot start; run it in the folder of the project")?;
    let address = running.address;

    println!("Ketenhub draait op {address}, met SQLite en de voorbeeldcertificaten uit {}.", args.certs.display());
    println!("Elke partij is een eigen client met een eigen certificaat (TLS 1.3, wederzijds).\n");
    let toneel = Toneel::bouw(&args.certs, address).await?;
    if args.tijd {
        let outcome = zandbak(toneel, &running, &clock, args).await;
        running.stop().await?;
        let _ = std::fs::remove_dir_all(&folder);
        return outcome;
    }
    let outcome = speel(toneel, &clock, args.out.as_deref()).await;
    if outcome.is_ok() && !args.once {
        hint(args, address, running.paginas);
        tokio::signal::ctrl_c().await?;
    }
    running.stop().await?;
    // What was played holds example data only; nothing of it needs to stay.
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

/// Plays the whole case. The cast looks on from then on: the mailboxes are for who tries it out.
async fn speel(mut toneel: Toneel, clock: &Clock, out: Option<&std::path::Path>) -> anyhow::Result<()> {
    let mut verhaal = Verhaal::new(out)?;
    let begin = Instant::now();
    for nr in 0..verhaal::SCENES.len() {
        scene(&mut toneel, &mut verhaal, nr, clock, Ok).await?;
    }
    verhaal.besluit(begin.elapsed());
    verhaal::toon_klokken(&toneel.klokken("gi", verhaal.maatregel()).await?);
    toneel.kijk_toe();
    Ok(())
}

/// Opens the case as of today, and leaves the rest to who moves the clock.
async fn zandbak(mut toneel: Toneel, running: &Running, clock: &Clock, args: &Args) -> anyhow::Result<()> {
    let mut verhaal = Verhaal::new(args.out.as_deref())?;
    for nr in 0..zandbak::OPENING {
        scene(&mut toneel, &mut verhaal, nr, clock, |text| zandbak::verschuif(&text, clock.today())).await?;
    }
    verhaal::toon_klokken(&toneel.klokken("gi", verhaal.maatregel()).await?);
    toneel.kijk_toe();
    Zandbak { running, clock: clock.clone(), toneel, socket: args.socket.clone() }.draai().await
}

async fn scene(
    toneel: &mut Toneel,
    verhaal: &mut Verhaal,
    nr: usize,
    clock: &Clock,
    maak: impl FnOnce(String) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    let scene = &verhaal::SCENES[nr];
    let bericht: Bericht = json::read(&maak(verhaal.vul(scene, clock))?)?;
    let sent = Instant::now();
    let receipt = toneel.dien_in(scene.wie, bericht.clone()).await.with_context(|| scene.bestand.to_owned())?;
    let accepted = sent.elapsed();
    let leveringen = toneel.wacht_op(&receipt, sent).await?;
    verhaal.toon(nr + 1, scene, &bericht, &receipt, accepted, &leveringen)
}

fn hint(args: &Args, address: SocketAddr, paginas: Option<SocketAddr>) {
    println!("De hub blijft draaien. Probeer in een ander venster, in deze map:\n");
    println!("  ketenhub receive --als GEMEENTE --endpoint {address} --na 0      wat de gemeente ziet");
    println!("  ketenhub receive --als AANBIEDER-3 --endpoint {address} --na 0   wat een aanbieder ziet");
    println!("  ketenhub receive --als ONBEKEND --endpoint {address}             wie er niet in hoort");
    println!("  ketenhub deelnemer list --als BEHEERDER --endpoint {address}     wie er meedoet");
    if let Some(paginas) = paginas {
        println!(
            "  ketenhub bekijk --als GI --paginas {paginas}             de pagina's van een GI, in uw browser op http://127.0.0.1:8080/"
        );
        println!("  ketenhub bekijk --als INSPECTIE --paginas {paginas} --listen 127.0.0.1:8081      en die van de inspectie daarnaast");
    }
    if args.out.is_none() {
        println!("  ketenhub demo --once --out DIR                              alles als JSON, om na te kijken");
    }
    println!("\n(met cargo: `cargo run --release -- receive --als …`). Stoppen met Ctrl-C.");
}
