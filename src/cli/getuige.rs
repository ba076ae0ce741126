//! `audit witness`: remembers the checkpoint it saw last, and cosigns a newer one only when it proves to have grown from that. It keeps its
//! memory when it does not, so that the proof of what went wrong is not lost.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use jeugdketen_proto::v1::{GetCheckpointRequest, GetConsistencyProofRequest};

use super::audit::{audit, logsleutel, read};
use super::client::{Naar, uitleg};
use super::uitvoer::{self, Vorm};
use crate::audit::hoofd::{Hoofd, getuige, medeondertekening};
use crate::audit::stand;
use crate::boom::{Hash, is_consistent};
use crate::receipt::Sleutel;
use crate::time::Clock;

/// Who witnesses which log.
#[derive(Debug, Args)]
pub(super) struct Witness {
    /// File with the checkpoint that was seen last; made at the first run. Keep it where the operator of the hub cannot write.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// File with the Ed25519 key of the witness, PKCS #8 DER; made when it is not there.
    #[arg(long, value_name = "FILE")]
    witness_key: PathBuf,
    /// Name of the witness, as a URL without scheme.
    #[arg(long, value_name = "NAME", default_value = "ketenhub.example/witness")]
    name: String,
    /// Public key of the log, NAME+KEYID+KEY, as its operator published it.
    #[arg(long, value_name = "KEY")]
    log: String,
    #[command(flatten)]
    vorm: Vorm,
    #[command(flatten)]
    naar: Naar,
}

/// Fetches, verifies, remembers, prints the checkpoint with the cosignature.
pub(super) async fn run(args: &Witness) -> anyhow::Result<()> {
    if args.name.is_empty() || args.name.contains(|c: char| c.is_whitespace() || c == '+') {
        bail!("--name must be a name without spaces and plus signs");
    }
    let log = logsleutel(&args.log)?;
    let sleutel = Sleutel::laad_of_maak(&args.witness_key)?;
    let toen = if args.state.exists() {
        let note = read(&args.state)?;
        Some(log.verifieer(&note).with_context(|| format!("the state {}", args.state.display()))?)
    } else {
        None
    };
    let mut service = audit(&args.naar).await?;
    let note = service.get_checkpoint(GetCheckpointRequest {}).await.map_err(|status| uitleg(&status))?.into_inner().checkpoint;
    let nu = log.verifieer(&note)?;
    if let Some(toen) = &toen {
        if nu.grootte < toen.grootte {
            bail!("NOT COSIGNED: the log has {} records and had {}: records were taken away", nu.grootte, toen.grootte);
        }
        let pad = if toen.grootte == nu.grootte {
            Vec::new()
        } else {
            let vraag = GetConsistencyProofRequest { van: toen.grootte, tot: nu.grootte };
            service.get_consistency_proof(vraag).await.map_err(|status| uitleg(&status))?.into_inner().pad
        };
        if !gegroeid(toen, &nu, &pad) {
            let (van, tot) = (toen.grootte, nu.grootte);
            bail!("NOT COSIGNED: the log of {tot} records did not grow from that of {van} that was seen before: its history was rewritten");
        }
    }
    let seconden = u64::try_from(Clock::machine().now().timestamp()).unwrap_or_default();
    let mede = note + &medeondertekening(&nu, &args.name, &sleutel, seconden);
    stand::schrijf(&args.state, &mede).with_context(|| format!("cannot write {}", args.state.display()))?;
    let wie = getuige(&args.name, &sleutel).to_string();
    uitvoer::meld(format!("cosigned {} records as {wie}", nu.grootte));
    args.vorm.toon(&serde_json::json!({ "checkpoint": mede, "records": nu.grootte, "witness": wie }), || mede.clone())
}

/// Whether the hub proved that the one log became the other. What it answers is compared with the roots that were signed, not with its own.
fn gegroeid(toen: &Hoofd, nu: &Hoofd, pad: &[bytes::Bytes]) -> bool {
    let pad: Option<Vec<Hash>> = pad.iter().map(|stap| Hash::try_from(stap.as_ref()).ok()).collect();
    pad.is_some_and(|pad| is_consistent((toen.grootte, &toen.wortel), (nu.grootte, &nu.wortel), &pad))
}
