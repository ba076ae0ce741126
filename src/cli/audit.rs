//! `audit`: the checkpoint of a hub, proofs of records, their verification without the hub, and the check of a database. The witness is in
//! `getuige`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{ArgGroup, Args, Subcommand};
use jeugdketen_proto::v1::audit_service_client::AuditServiceClient;
use jeugdketen_proto::v1::get_inclusion_proof_request::Wat;
use jeugdketen_proto::v1::{
    GetCheckpointRequest, GetConsistencyProofRequest, GetConsistencyProofResponse, GetInclusionProofRequest, GetInclusionProofResponse,
};
use serde_json::json;
use tonic::transport::Channel;

use super::client::{Naar, uitleg};
use super::getuige;
use super::uitvoer::{self, Balk, Vorm};
use crate::audit::bewijs::{verifieer_consistentie, verifieer_inclusie};
use crate::audit::hoofd::{Hoofd, Logsleutel};
use crate::audit::keuring::{Keuring, keur};
use crate::audit::stand;
use crate::config::Config;
use crate::hub::journaal;
use crate::json;
use crate::store::Store;
use crate::time::Clock;

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the last signed checkpoint of a hub.
    Checkpoint {
        #[command(flatten)]
        vorm: Vorm,
        #[command(flatten)]
        naar: Naar,
    },
    /// Get the proof that a record is in the log, or that the log of then is the beginning of that of now; prints JSON.
    Prove(Prove),
    /// Verify a proof without the hub.
    Verify {
        /// File with a proof, as `prove` wrote it.
        file: PathBuf,
        /// Public key of the log, NAME+KEYID+KEY: `checkpoint --json` shows it. Compare it with what the operator published.
        #[arg(long, value_name = "KEY")]
        key: String,
        /// File with an earlier checkpoint, to see that a proof of consistency begins at it.
        #[arg(long, value_name = "FILE")]
        since: Option<PathBuf>,
        #[command(flatten)]
        vorm: Vorm,
    },
    /// Check every record of a database against its seal, and the messages against the records. The hub may go on meanwhile.
    Fsck {
        /// Configuration of the hub.
        #[arg(long, env = "KETENHUB_CONFIG")]
        config: PathBuf,
        #[command(flatten)]
        vorm: Vorm,
    },
    /// Cosign the checkpoint of a hub if, and only if, its log grew from what was seen last.
    Witness(getuige::Witness),
}

/// What to prove.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("wat").required(true))]
pub(super) struct Prove {
    /// The record of the acceptance of this message.
    #[arg(long, value_name = "N", group = "wat")]
    volgnummer: Option<u64>,
    /// The record of this number.
    #[arg(long, value_name = "N", group = "wat")]
    record: Option<u64>,
    /// That the log of this many records is the beginning of that of now.
    #[arg(long, value_name = "N", group = "wat")]
    since: Option<u64>,
    /// Write it to a file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    naar: Naar,
}

/// Runs one of them.
pub(super) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Checkpoint { vorm, naar } => checkpoint(vorm, &naar).await,
        Command::Prove(args) => prove(&args).await,
        Command::Verify { file, key, since, vorm } => verify(&file, &key, since.as_deref(), vorm),
        Command::Fsck { config, vorm } => fsck(&config, vorm).await,
        Command::Witness(args) => getuige::run(&args).await,
    }
}

/// Connects to the audit service.
pub(super) async fn audit(naar: &Naar) -> anyhow::Result<AuditServiceClient<Channel>> {
    Ok(AuditServiceClient::new(naar.kanaal().await?))
}

/// Reads the public key of a log.
pub(super) fn logsleutel(text: &str) -> anyhow::Result<Logsleutel> {
    Logsleutel::parse(text).with_context(|| format!("{text:?} is not the public key of a log, NAME+KEYID+KEY"))
}

async fn checkpoint(vorm: Vorm, naar: &Naar) -> anyhow::Result<()> {
    let antwoord = audit(naar).await?.get_checkpoint(GetCheckpointRequest {}).await.map_err(|status| uitleg(&status))?.into_inner();
    // A hub that signs what does not verify is told so here, not by the next reader.
    logsleutel(&antwoord.sleutel)?.verifieer(&antwoord.checkpoint)?;
    if vorm.json { uitvoer::bericht(&antwoord) } else { uitvoer::druk(&antwoord.checkpoint) }
}

async fn prove(args: &Prove) -> anyhow::Result<()> {
    let mut service = audit(&args.naar).await?;
    let tekst = match (args.volgnummer.map(Wat::Volgnummer).or(args.record.map(Wat::Nr)), args.since) {
        (None, Some(van)) => {
            let vraag = GetConsistencyProofRequest { van, tot: 0 };
            json::write(&service.get_consistency_proof(vraag).await.map_err(|status| uitleg(&status))?.into_inner())?
        }
        (wat, _) => {
            let vraag = GetInclusionProofRequest { wat };
            json::write(&service.get_inclusion_proof(vraag).await.map_err(|status| uitleg(&status))?.into_inner())?
        }
    };
    match &args.out {
        Some(file) => std::fs::write(file, tekst + "\n").with_context(|| format!("cannot write {}", file.display())),
        None => uitvoer::regel(tekst),
    }
}

fn verify(file: &Path, key: &str, since: Option<&Path>, vorm: Vorm) -> anyhow::Result<()> {
    let sleutel = logsleutel(key)?;
    let tekst = read(file)?;
    let inclusie = serde_json::from_str::<serde_json::Value>(&tekst).is_ok_and(|json| json.get("record").is_some());
    if inclusie {
        if since.is_some() {
            bail!("--since is for a proof of consistency, and {} proves one record", file.display());
        }
        let bewijs: GetInclusionProofResponse = json::read(&tekst)?;
        let hoofd = verifieer_inclusie(&bewijs, &sleutel)?;
        let record = bewijs.record.unwrap_or_default();
        if vorm.json {
            let uitkomst = json!({ "holds": true, "records": hoofd.grootte, "origin": hoofd.origin, "record": json::to_value(&record)? });
            return uitvoer::json(&uitkomst);
        }
        uitvoer::regel(format!("the proof holds: record {} is in the log of {} records of {}", record.nr, hoofd.grootte, hoofd.origin))?;
        return uitvoer::bericht_regel(&record);
    }
    let bewijs: GetConsistencyProofResponse = json::read(&tekst)?;
    let hoofd = verifieer_consistentie(&bewijs, &sleutel)?;
    if let Some(file) = since {
        let toen = sleutel.verifieer(&read(file)?)?;
        if (toen.grootte, &toen.wortel[..]) != (bewijs.van, bewijs.wortel_van.as_ref()) {
            bail!("the proof holds, but it does not begin at the checkpoint of {}", file.display());
        }
    }
    let toen = Hoofd { grootte: bewijs.van, wortel: bewijs.wortel_van.as_ref().try_into().unwrap_or_default(), ..hoofd.clone() };
    let wortel = hex::encode(toen.wortel);
    let uitkomst = json!({ "holds": true, "records": hoofd.grootte, "origin": hoofd.origin, "since": toen.grootte, "root_since": wortel });
    vorm.toon(&uitkomst, || {
        format!("the proof holds: the log of {} records, root {wortel}, is the beginning of that of {}\n", toen.grootte, hoofd.grootte)
    })
}

async fn fsck(config: &Path, vorm: Vorm) -> anyhow::Result<()> {
    let config = Config::load(config)?;
    // A check makes nothing: no database, no key.
    let bestand = config.database.strip_prefix("sqlite:").map(Path::new);
    for nodig in bestand.into_iter().chain([config.audit.key.as_path()]) {
        if !nodig.exists() {
            bail!("there is no {}", nodig.display());
        }
    }
    let sleutel = journaal(&config)?.publiek();
    let store = Store::open(&config.database).await?;
    let bewaard = stand::lees(&config.audit.stand).with_context(|| format!("cannot read {}", config.audit.stand.display()))?;
    let balk = Balk::telt("records");
    let begin = Clock::machine();
    let van = begin.micros();
    let keuring = keur(&store, &sleutel, bewaard.as_deref(), |gelezen, totaal| balk.stand(gelezen, totaal)).await?;
    let seconden = (begin.micros() - van) as f64 / 1e6;
    drop(balk);
    store.close().await;
    toon(&keuring, bewaard.is_some(), seconden, vorm)?;
    if keuring.is_goed() { Ok(()) } else { bail!("the audit log is not as it was sealed") }
}

fn toon(keuring: &Keuring, met_stand: bool, seconden: f64, vorm: Vorm) -> anyhow::Result<()> {
    let wortel = keuring.wortel.map(hex::encode).unwrap_or_default();
    let gebreken: Vec<String> = keuring.gebreken.iter().map(ToString::to_string).collect();
    let uitkomst = json!({
        "records": keuring.records,
        "wortel": wortel,
        "gebreken": gebreken,
        "meer": keuring.meer,
        "postvakken": keuring.postvakken,
        "stand": met_stand,
        "seconden": seconden,
    });
    vorm.toon(&uitkomst, || {
        let mut regels = vec![format!("{} records, root {wortel}; {:.0} a second", keuring.records, keuring.records as f64 / seconden)];
        if !met_stand {
            regels.push("there is no checkpoint outside the database: whether it was put back cannot be seen".to_owned());
        }
        regels.extend(gebreken.iter().map(|gebrek| format!("{} {gebrek}", uitvoer::fout("fault:"))));
        regels.extend(keuring.postvakken.iter().map(|oin| format!("mailbox: {oin}")));
        match keuring.meer {
            0 if gebreken.is_empty() => regels.push("every record is as it was sealed, and every message has its own".to_owned()),
            0 => {}
            meer => regels.push(format!("and {meer} more")),
        }
        regels.join("\n") + "\n"
    })
}

/// Reads a file as text.
pub(super) fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
