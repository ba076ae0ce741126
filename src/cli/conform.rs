//! `conform`: tries a partner's client, or a hub, and says what came of it: a table here, a signed result and a page in files.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::{Args as ClapArgs, Subcommand};
use jeugdketen_proto::v1::Rol;
use serde_json::json;

use super::uitvoer::{self, Balk, Vorm};
use crate::config::Log;
use crate::conform::bij_hub::{self, HUBGEVALLEN, Hubspel};
use crate::conform::loper::{self, Bevinding, Uitkomst};
use crate::conform::pki::vreemde;
use crate::conform::proef::{Proef, Programma, Zelfstandig};
use crate::conform::spel::{Tijden, rolnaam};
use crate::conform::toneel::{Bouwplan, Toneel, speler};
use crate::conform::uitslag::{Uitslag, onderteken, verifieer};
use crate::conform::{ALLE, gevallen, pagina};
use crate::identity::client::ClientTls;
use crate::receipt::Sleutel;
use crate::telemetry;
use crate::time::Clock;
use crate::wire::client::Adres;

/// What to try, and how.
#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    doe: Option<Doe>,
    #[command(flatten)]
    proef: Proefargs,
}

/// What else there is.
#[derive(Debug, Subcommand)]
enum Doe {
    /// Name every case.
    Gevallen(Vorm),
    /// Check the signature under a result.
    Verify {
        /// The JSON file of a result.
        bestand: PathBuf,
        /// The public key it must be signed with, 64 hexadecimal digits; without it the one in the file.
        #[arg(long, value_name = "HEX")]
        sleutel: Option<String>,
        #[command(flatten)]
        vorm: Vorm,
    },
}

#[derive(Debug, ClapArgs)]
struct Proefargs {
    /// The role of the client: RECHTBANK, GI, GEMEENTE, AANBIEDER, EXPERTTEAM, INSPECTIE, ACCOUNTHOUDENDE_REGIO.
    #[arg(long, value_parser = rol)]
    rol: Option<Rol>,
    /// Command of the client, started anew for each case; docs/conformiteit.md says what it is told and what it tells.
    #[arg(long, value_name = "CMD", conflicts_with_all = ["wacht", "hub"])]
    client: Option<String>,
    /// The client runs by itself; seconds to wait for it in each case.
    #[arg(long, value_name = "SECONDS", conflicts_with = "hub")]
    wacht: Option<u64>,
    /// Try a hub instead, as a participant of the role.
    #[arg(long, value_name = "HOST:PORT", requires_all = ["ca", "cert", "key"])]
    hub: Option<String>,
    /// Issuer of the hub's certificate, PEM.
    #[arg(long, value_name = "FILE", requires = "hub")]
    ca: Option<PathBuf>,
    /// Own certificate at that hub, PEM.
    #[arg(long, value_name = "FILE", requires = "hub")]
    cert: Option<PathBuf>,
    /// Its private key, PEM.
    #[arg(long, value_name = "FILE", requires = "hub")]
    key: Option<PathBuf>,
    /// Certificate of a participant that was revoked, PEM, with its key beside it as .key.
    #[arg(long, value_name = "FILE", requires = "hub")]
    ingetrokken: Option<PathBuf>,
    /// Certificate of somebody who is not in the register, PEM, with its key beside it as .key.
    #[arg(long, value_name = "FILE", requires = "hub")]
    onbekend: Option<PathBuf>,
    /// The hub's public receipt key, 64 hexadecimal digits.
    #[arg(long, value_name = "HEX", requires = "hub")]
    hubsleutel: Option<String>,
    /// Play these cases only; can be given more than once.
    #[arg(long, value_name = "ID")]
    geval: Vec<String>,
    /// Address for the client to connect to; without it any free port of loopback.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    luister: SocketAddr,
    /// Folder to write the certificates for the client to; without it one that is gone afterwards.
    #[arg(long, value_name = "DIR")]
    certs: Option<PathBuf>,
    /// Folder for the result, its page and what the client writes on standard error.
    #[arg(long, value_name = "DIR", default_value = ".")]
    uit: PathBuf,
    /// File with the Ed25519 key that signs the result; made when it is not there. Without it conform.key in the folder of the result.
    #[arg(long, value_name = "FILE")]
    sleutel: Option<PathBuf>,
    /// Seconds that anything may take that should happen.
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    geduld: u64,
    /// Milliseconds between two heartbeats.
    #[arg(long, value_name = "MS", default_value_t = 2000)]
    hartslag: u64,
    #[command(flatten)]
    vorm: Vorm,
}

/// Does it.
pub(super) async fn run(args: &Args) -> anyhow::Result<()> {
    match &args.doe {
        Some(Doe::Gevallen(vorm)) => noem(*vorm),
        Some(Doe::Verify { bestand, sleutel, vorm }) => controleer(bestand, sleutel.as_deref(), *vorm),
        None => probeer(&args.proef).await,
    }
}

fn noem(vorm: Vorm) -> anyhow::Result<()> {
    let van_hub = HUBGEVALLEN.iter().map(|geval| (geval.id, geval.titel));
    let alle: Vec<_> = gevallen().map(|geval| (geval.id, geval.titel)).chain(van_hub).collect();
    let waarde: Vec<_> = alle.iter().map(|(id, titel)| json!({ "id": id, "titel": titel })).collect();
    let rijen: Vec<_> = alle.iter().map(|(id, titel)| vec![(*id).to_owned(), (*titel).to_owned()]).collect();
    vorm.toon(&waarde, || uitvoer::tabel(&["geval", "wat"], &rijen))
}

fn controleer(bestand: &Path, sleutel: Option<&str>, vorm: Vorm) -> anyhow::Result<()> {
    let tekst = std::fs::read_to_string(bestand).with_context(|| format!("cannot read {}", bestand.display()))?;
    let (uitslag, sleutel) = verifieer(&tekst, sleutel)?;
    let (voldoet, op) = (uitslag.voldoet(), uitslag.begonnen_op.format("%Y-%m-%d").to_string());
    let waarde = json!({ "beproefd": uitslag.beproefd, "rol": uitslag.rol, "op": op, "voldoet": voldoet, "sleutel": sleutel });
    vorm.toon(&waarde, || {
        let oordeel = if voldoet { "voldoet" } else { "voldoet niet" };
        format!("the result holds: {} as {} on {op}: {oordeel}\nsigned with {sleutel}\n", uitslag.beproefd, uitslag.rol)
    })
}

async fn probeer(args: &Proefargs) -> anyhow::Result<()> {
    telemetry::start(&Log { filter: "error".to_owned(), json: false });
    let rol = args.rol.context("say in which role: --rol GEMEENTE, or another")?;
    std::fs::create_dir_all(&args.uit).with_context(|| format!("cannot make {}", args.uit.display()))?;
    let (clock, begin) = (Clock::machine(), Instant::now());
    let begonnen_op = clock.now();
    let (richting, beproefd, bevindingen) = match (&args.hub, &args.client, args.wacht) {
        (Some(hub), ..) => ("hub", hub.clone(), tegen_hub(args, rol, hub, clock).await?),
        (None, Some(client), _) => {
            let proef = Programma::new(client, Some(args.uit.clone()));
            ("client", client.clone(), tegen_client(args, rol, Arc::new(proef), &clock).await?)
        }
        (None, None, Some(_)) => ("client", "(draait zelf)".to_owned(), tegen_client(args, rol, Arc::new(Zelfstandig), &clock).await?),
        (None, None, None) => bail!("say what to try: --client CMD, --wacht SECONDS, or --hub HOST:PORT"),
    };
    let duur_ms = u64::try_from(begin.elapsed().as_millis())?;
    let versie = env!("CARGO_PKG_VERSION").to_owned();
    let uitslag = Uitslag { versie, richting: richting.to_owned(), rol: rolnaam(rol), beproefd, begonnen_op, duur_ms, bevindingen };
    let tekst = bewaar(args, &uitslag)?;
    if args.vorm.json {
        uitvoer::regel(&tekst)?
    } else {
        uitvoer::druk(&toon(&uitslag))?
    }
    match uitslag.tekort() {
        0 if uitslag.voldoet() => Ok(()),
        0 => bail!("no case applied; there is nothing to conclude"),
        tekort => bail!("{tekort} mandatory cases did not succeed"),
    }
}

fn gekozen(args: &Proefargs, id: &str) -> bool {
    args.geval.is_empty() || args.geval.iter().any(|gekozen| gekozen.eq_ignore_ascii_case(id))
}

async fn tegen_client(args: &Proefargs, rol: Rol, proef: Arc<dyn Proef>, clock: &Clock) -> anyhow::Result<Vec<Bevinding>> {
    let hartslag = Duration::from_millis(args.hartslag);
    let plan = Bouwplan { rol, luister: args.luister, certs: args.certs.clone(), hartslag };
    let toneel = Arc::new(Toneel::bouw(&plan, clock).await?);
    if args.wacht.is_some() {
        let (map, wie) = (toneel.pki.map().display(), toneel.speler());
        uitvoer::meld(format_args!("Laat de client verbinden met {} als {wie}:", toneel.voorkant.adres));
        uitvoer::meld(format_args!("  {map}/ca.pem, {map}/crl.pem, {map}/{wie}.pem en {map}/{wie}.key"));
    }
    let tijden = Tijden { geduld: Duration::from_secs(args.wacht.unwrap_or(args.geduld)), hartslag, ..Tijden::default() };
    let gekozen: Vec<_> = gevallen().filter(|geval| gekozen(args, geval.id)).collect();
    let (balk, mut bevindingen) = (Balk::telt("gevallen"), Vec::new());
    for geval in &gekozen {
        balk.zegt(geval.id);
        balk.stand(bevindingen.len() as u64, gekozen.len() as u64);
        bevindingen.push(loper::speel(&toneel, &proef, geval, tijden).await);
    }
    balk.wis();
    if let Some(toneel) = Arc::into_inner(toneel) {
        toneel.stop().await?;
    }
    Ok(bevindingen)
}

async fn tegen_hub(args: &Proefargs, rol: Rol, hub: &str, clock: Clock) -> anyhow::Result<Vec<Bevinding>> {
    let adres = Adres::parse(hub).with_context(|| format!("{hub:?} is not HOST:PORT"))?;
    let (Some(ca), Some(cert), Some(key)) = (&args.ca, &args.cert, &args.key) else { bail!("give --ca, --cert and --key") };
    let eigen = ClientTls { ca: ca.clone(), certificaat: cert.clone(), sleutel: key.clone() };
    let met_sleutel = |pem: &PathBuf| ClientTls { ca: ca.clone(), certificaat: pem.clone(), sleutel: pem.with_extension("key") };
    let map = std::env::temp_dir().join(format!("ketenhub-conform-{}", clock.new_id()));
    let (vreemd, oin) = vreemde(&eigen, &map, &clock)?;
    let sleutel = args.hubsleutel.as_ref().map(hex::decode).transpose().context("--hubsleutel must be hexadecimal")?;
    let spel = Hubspel {
        adres,
        rol,
        vreemd,
        oin,
        ingetrokken: args.ingetrokken.as_ref().map(met_sleutel),
        onbekend: args.onbekend.as_ref().map(met_sleutel),
        sleutel,
        clock,
        geduld: Duration::from_secs(args.geduld),
        hartslag: Duration::from_secs(args.geduld.max(30)),
        eigen,
    };
    let gekozen: Vec<_> = HUBGEVALLEN.iter().filter(|geval| gekozen(args, geval.id)).collect();
    let (balk, mut bevindingen) = (Balk::telt("gevallen"), Vec::new());
    for geval in &gekozen {
        balk.zegt(geval.id);
        balk.stand(bevindingen.len() as u64, gekozen.len() as u64);
        bevindingen.push(bij_hub::speel(&spel, geval).await);
    }
    balk.wis();
    // Certificates that nobody accepts.
    let _ = std::fs::remove_dir_all(&map);
    Ok(bevindingen)
}

/// Writes the signed result and its page; returns the result as it was written.
fn bewaar(args: &Proefargs, uitslag: &Uitslag) -> anyhow::Result<String> {
    let sleutel = Sleutel::laad_of_maak(args.sleutel.as_ref().unwrap_or(&args.uit.join("conform.key")))?;
    let tekst = onderteken(uitslag, &sleutel)?;
    let naam = format!("conform-{}-{}", uitslag.rol, uitslag.richting);
    let schrijf = |einde: &str, inhoud: &str| {
        let file = args.uit.join(format!("{naam}.{einde}"));
        std::fs::write(&file, inhoud).with_context(|| format!("cannot write {}", file.display()))?;
        anyhow::Ok(file)
    };
    let json = schrijf("json", &tekst)?;
    let html = schrijf("html", &pagina::schrijf(uitslag, &hex::encode(sleutel.publiek()))?)?;
    uitvoer::meld(format_args!("{} en {}", json.display(), html.display()));
    Ok(tekst)
}

fn toon(uitslag: &Uitslag) -> String {
    let mut tekst = String::new();
    for een in &uitslag.bevindingen {
        let naam = format!("{:<15}", een.uitkomst.naam());
        let naam = match een.uitkomst {
            Uitkomst::Geslaagd => uitvoer::goed(&naam),
            Uitkomst::NietVanToepassing => uitvoer::stil(&naam),
            Uitkomst::Gezakt | Uitkomst::NietBeoordeeld => uitvoer::fout(&naam),
        };
        let _ = writeln!(tekst, "{:<8} {naam} {}", een.id, een.titel);
        if !een.reden.is_empty() {
            let _ = writeln!(tekst, "{:24} {}", "", uitvoer::stil(&een.reden));
        }
    }
    let oordeel = if uitslag.voldoet() { uitvoer::goed("voldoet") } else { uitvoer::fout("voldoet niet") };
    let (goed, fout) = (uitslag.aantal(Uitkomst::Geslaagd), uitslag.aantal(Uitkomst::Gezakt) + uitslag.aantal(Uitkomst::NietBeoordeeld));
    let _ = writeln!(tekst, "\n{}: {goed} geslaagd, {fout} niet, in {} ms: {oordeel}", uitslag.rol, uitslag.duur_ms);
    tekst
}

fn rol(naam: &str) -> Result<Rol, String> {
    let gevonden = Rol::from_str_name(&format!("ROL_{}", naam.to_uppercase().replace('-', "_")));
    gevonden.filter(|rol| ALLE.contains(rol) && speler(*rol).is_some()).ok_or_else(|| "no role that receives messages".to_owned())
}
