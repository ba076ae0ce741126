//! `inzage`: who saw what of a child, for the GI that answers a request under AVG art. 15. It is given to parents: it speaks Dutch.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::get_inzage_request::Wie;
use jeugdketen_proto::v1::traject_service_client::TrajectServiceClient;
use jeugdketen_proto::v1::{GetInzageRequest, GetInzageResponse, Handeling, Inzageregel};

use super::client::{LARGEST_ANSWER, Naar, uitleg};
use super::uitvoer::{self, Vorm};
use crate::telemetry::meters::rol_naam;
use crate::time::from_micros;

/// Of which case or child, and how to show it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One case.
    #[arg(long, value_name = "ID", required_unless_present = "bsn_van", conflicts_with = "bsn_van")]
    maatregel: Option<String>,
    /// Every case of the child whose BSN is in this file; `-` is standard input. It is no argument: others can read those.
    #[arg(long, value_name = "FILE")]
    bsn_van: Option<PathBuf>,
    #[command(flatten)]
    vorm: Vorm,
    #[command(flatten)]
    naar: Naar,
}

/// Asks page after page and prints them.
pub(super) async fn run(args: &Args) -> anyhow::Result<()> {
    let wie = match (&args.maatregel, &args.bsn_van) {
        (Some(maatregel), _) => Wie::MaatregelId(maatregel.clone()),
        (None, Some(file)) => Wie::Bsn(lees_bsn(file)?),
        (None, None) => anyhow::bail!("say of whom: --maatregel or --bsn-van"),
    };
    let mut client = TrajectServiceClient::new(args.naar.kanaal().await?).max_decoding_message_size(LARGEST_ANSWER);
    let (mut na, mut rijen) = (0, Vec::new());
    loop {
        let vraag = GetInzageRequest { wie: Some(wie.clone()), na, maximaal: 0 };
        let blad: GetInzageResponse = client.get_inzage(vraag).await.map_err(|status| uitleg(&status))?.into_inner();
        if args.vorm.json {
            uitvoer::bericht_regel(&blad)?;
        }
        rijen.extend(blad.regels.iter().map(rij));
        na = blad.verder_na;
        if na == 0 {
            break;
        }
    }
    if args.vorm.json {
        return Ok(());
    }
    uitvoer::druk(&uitvoer::tabel(&["Wanneer (UTC)", "Wie", "Rol", "Wat", ">Bericht", "Soort", "Velden"], &rijen))
}

fn lees_bsn(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    match file == Path::new("-") {
        true => drop(std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?),
        false => text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?,
    }
    Ok(text.trim().to_owned())
}

fn rij(regel: &Inzageregel) -> Vec<String> {
    let op = regel.op.as_ref().map_or(0, |op| op.seconds.saturating_mul(1_000_000));
    let wie = if regel.naam.is_empty() { &regel.oin } else { &regel.naam };
    let kind = Kind::ALL.into_iter().find(|kind| *kind as i32 == regel.soort);
    let mut velden: Vec<_> = regel.velden.iter().map(|veld| format!("{} ({})", veld.pad, veld.grond)).collect();
    if regel.vernietigd {
        velden.insert(0, "sindsdien vernietigd; de rol mag zien:".to_owned());
    }
    vec![
        from_micros(op).format("%Y-%m-%d %H:%M:%S").to_string(),
        wie.clone(),
        rol_naam(regel.rol()).to_owned(),
        wat(regel).to_owned(),
        if regel.volgnummer == 0 { String::new() } else { regel.volgnummer.to_string() },
        kind.map_or("", Kind::name).to_owned(),
        velden.join(", "),
    ]
}

fn wat(regel: &Inzageregel) -> &'static str {
    match (regel.handeling(), &regel.bevestigd_op) {
        (Handeling::Aanvaard, _) => "verzond",
        (Handeling::Geleverd, Some(_)) => "kreeg, en bevestigde",
        (Handeling::Geleverd, None) => "kreeg",
        (Handeling::Geraadpleegd, _) => "raadpleegde",
        (Handeling::Vernietigd, _) => "vernietigde",
        _ => "",
    }
}
