//! `deelnemer`: the register, through the Beheer service.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};
use jeugdketen_proto::v1::beheer_service_client::BeheerServiceClient;
use jeugdketen_proto::v1::register_service_client::RegisterServiceClient;
use jeugdketen_proto::v1::{
    Deelnemer, ListDeelnemersRequest, OpvolgenRequest, PutDeelnemerRequest, Rol, SetStatusRequest, StatusDeelnemer,
};

use super::client::{Naar, uitleg};
use super::uitvoer::{self, Vorm};
use crate::json;

/// What to do with the register.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List every participant.
    List {
        #[command(flatten)]
        vorm: Vorm,
        #[command(flatten)]
        naar: Naar,
    },
    /// Add a participant, or change name, code, regions or validity of one.
    Add {
        /// File with a Deelnemer as protobuf JSON.
        file: PathBuf,
        #[command(flatten)]
        naar: Naar,
    },
    /// Change the standing of a participant; one that may not take part any more loses its live connections within 10 seconds.
    Suspend {
        /// OIN of the participant.
        oin: String,
        /// Its new standing.
        #[arg(long, value_enum, default_value = "geschorst")]
        status: Stand,
        #[command(flatten)]
        naar: Naar,
    },
    /// Let one participant take over from another, such as after a herindeling.
    Succeed {
        /// OIN of the participant that ends.
        oin: String,
        /// OIN of its successor.
        opvolger: String,
        /// First day, yyyy-mm-dd.
        #[arg(long)]
        per: String,
        #[command(flatten)]
        naar: Naar,
    },
}

/// Standings that can be given.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Stand {
    /// Takes part (again).
    Actief,
    /// Suspended.
    Geschorst,
    /// Ended.
    Beeindigd,
    /// Bankrupt.
    Failliet,
    /// Wind-down certificate.
    Beeindigingscertificaat,
}

impl From<Stand> for StatusDeelnemer {
    fn from(stand: Stand) -> StatusDeelnemer {
        match stand {
            Stand::Actief => StatusDeelnemer::Actief,
            Stand::Geschorst => StatusDeelnemer::Geschorst,
            Stand::Beeindigd => StatusDeelnemer::Beeindigd,
            Stand::Failliet => StatusDeelnemer::Failliet,
            Stand::Beeindigingscertificaat => StatusDeelnemer::Beeindigingscertificaat,
        }
    }
}

/// Runs one of them.
pub(super) async fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::List { vorm, naar } => list(*vorm, naar).await,
        Command::Add { file, naar } => {
            let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            let deelnemer = Some(json::read::<Deelnemer>(&text)?);
            let antwoord = beheer(naar).await?.put_deelnemer(PutDeelnemerRequest { deelnemer }).await;
            print(antwoord.map_err(|status| uitleg(&status))?.into_inner().deelnemer)
        }
        Command::Suspend { oin, status, naar } => {
            let vraag = SetStatusRequest { oin: oin.clone(), status: StatusDeelnemer::from(*status).into() };
            print(beheer(naar).await?.set_status(vraag).await.map_err(|status| uitleg(&status))?.into_inner().deelnemer)
        }
        Command::Succeed { oin, opvolger, per, naar } => {
            let vraag = OpvolgenRequest { oin: oin.clone(), opvolger_oin: opvolger.clone(), per: per.clone() };
            print(beheer(naar).await?.opvolgen(vraag).await.map_err(|status| uitleg(&status))?.into_inner().deelnemer)
        }
    }
}

async fn beheer(naar: &Naar) -> anyhow::Result<BeheerServiceClient<tonic::transport::Channel>> {
    Ok(BeheerServiceClient::new(naar.kanaal().await?))
}

fn print(deelnemer: Option<Deelnemer>) -> anyhow::Result<()> {
    uitvoer::bericht(&deelnemer.unwrap_or_default())
}

async fn list(vorm: Vorm, naar: &Naar) -> anyhow::Result<()> {
    let mut register = RegisterServiceClient::new(naar.kanaal().await?);
    let vraag = ListDeelnemersRequest { rol: Rol::Unspecified.into() };
    let deelnemers = register.list_deelnemers(vraag).await.map_err(|status| uitleg(&status))?.into_inner().deelnemers;
    if vorm.json {
        return deelnemers.iter().try_for_each(uitvoer::bericht_regel);
    }
    let rij = |deelnemer: &Deelnemer| {
        let rol = deelnemer.rol().as_str_name().trim_start_matches("ROL_").to_owned();
        let status = deelnemer.status().as_str_name().trim_start_matches("STATUS_DEELNEMER_").to_owned();
        let namens = if deelnemer.namens_oin.is_empty() { String::new() } else { format!("namens {}", deelnemer.namens_oin) };
        vec![deelnemer.oin.clone(), rol, status, deelnemer.naam.clone(), namens]
    };
    let rijen: Vec<_> = deelnemers.iter().map(rij).collect();
    uitvoer::druk(&uitvoer::tabel(&["OIN", "Rol", "Status", "Naam", ""], &rijen))
}
