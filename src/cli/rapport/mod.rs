//! `rapport`: what supervision asks, for people, for a spreadsheet or for a programme.

mod tabel;
mod tekst;

use anyhow::Context as _;
use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};
use jeugdketen_proto::v1::toezicht_service_client::ToezichtServiceClient;
use jeugdketen_proto::v1::{
    GetNormcijfersRequest, GetOverdrachtenRequest, ListDoorlooptijdenRequest, ListKennisgevingenRequest, ListTekortenRequest,
    ListToetsingspogingenRequest, ListWachtendenRequest, Uitsplitsing,
};
use prost_types::Timestamp;
use tonic::transport::Channel;
use tonic::{Response, Status};

use super::client::{Naar, uitleg};
use super::uitvoer;
use crate::domain::deelnemer::datum;
use crate::domain::klok::middernacht;
use crate::json::{self, Named};
use crate::time::timestamp;

/// Which report.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// How often each norm was met.
    Normen {
        #[command(flatten)]
        periode: Periode,
        /// As known at the end of this day, yyyy-mm-dd; without it as known now.
        #[arg(long)]
        peildatum: Option<String>,
        /// How to divide.
        #[arg(long, value_enum)]
        per: Option<Per>,
        /// Only what this GI held, OIN.
        #[arg(long)]
        gi: Option<String>,
        /// Only this region.
        #[arg(long)]
        regio: Option<String>,
        /// Only cases opened by this rechtbank, OIN.
        #[arg(long)]
        rechtbank: Option<String>,
        #[command(flatten)]
        uitvoer: Uitvoer,
    },
    /// How long each rechtbank's uitspraken took to reach the GI.
    Kennisgeving {
        #[command(flatten)]
        periode: Periode,
        #[command(flatten)]
        uitvoer: Uitvoer,
    },
    /// Help that should run and did not start.
    Tekorten {
        /// On this day, yyyy-mm-dd; without it the latest that may be asked.
        #[arg(long)]
        peildatum: Option<String>,
        #[command(flatten)]
        uitvoer: Uitvoer,
    },
    /// Children without a jeugdbeschermer.
    Wachtenden {
        /// On this day, yyyy-mm-dd; without it today.
        #[arg(long)]
        peildatum: Option<String>,
        #[command(flatten)]
        uitvoer: Uitvoer,
    },
    /// What became of the maatregelen of a GI that stops.
    Overdrachten {
        /// OIN of the GI.
        #[arg(long)]
        gi: String,
        /// The day it stops, yyyy-mm-dd.
        #[arg(long, value_name = "DATUM")]
        per: String,
        #[command(flatten)]
        uitvoer: Uitvoer,
    },
    /// How long the steps of the chain take.
    Doorlooptijden {
        #[command(flatten)]
        periode: Periode,
        #[command(flatten)]
        uitvoer: Uitvoer,
    },
    /// How often each gemeente tried to question a bepaling.
    Toetsing {
        #[command(flatten)]
        periode: Periode,
        #[command(flatten)]
        uitvoer: Uitvoer,
    },
}

/// Which days.
#[derive(Debug, Args)]
pub(super) struct Periode {
    /// First day, yyyy-mm-dd; without it from the beginning.
    #[arg(long)]
    vanaf: Option<String>,
    /// Last day, yyyy-mm-dd; without it until now.
    #[arg(long)]
    tot: Option<String>,
}

/// How to print, and where to ask.
#[derive(Debug, Args)]
pub(super) struct Uitvoer {
    /// The answer as protobuf JSON.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// The lines as CSV (RFC 4180), with the names of the fields.
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    naar: Naar,
}

/// How figures are divided.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Per {
    /// By the GI that held the case when it was decided.
    Gi,
    /// By region of the gemeente of residence.
    Regio,
    /// By the rechtbank that opened the case.
    Rechtbank,
    /// By the gemeente of residence.
    Gemeente,
}

impl From<Per> for Uitsplitsing {
    fn from(per: Per) -> Uitsplitsing {
        match per {
            Per::Gi => Uitsplitsing::Gi,
            Per::Regio => Uitsplitsing::Regio,
            Per::Rechtbank => Uitsplitsing::Rechtbank,
            Per::Gemeente => Uitsplitsing::Gemeente,
        }
    }
}

impl Periode {
    /// The moments at which it begins and has ended.
    fn momenten(&self) -> anyhow::Result<[Option<Timestamp>; 2]> {
        let dag = |optie: &str, text: &Option<String>| {
            let lees = |text: &String| datum(text).with_context(|| format!("--{optie} must be a date yyyy-mm-dd"));
            text.as_ref().map(lees).transpose()
        };
        let begin = |dag: NaiveDate| timestamp(middernacht(dag).timestamp_micros());
        let (vanaf, tot) = (dag("vanaf", &self.vanaf)?, dag("tot", &self.tot)?);
        Ok([vanaf.map(begin), tot.map(|tot| begin(tot.succ_opt().unwrap_or(tot)))])
    }
}

impl Uitvoer {
    async fn toezicht(&self) -> anyhow::Result<ToezichtServiceClient<Channel>> {
        Ok(ToezichtServiceClient::new(self.naar.kanaal().await?).max_decoding_message_size(super::client::LARGEST_ANSWER))
    }

    /// Prints an answer: as it is, as its lines, or as people read it.
    fn toon<A, R>(&self, antwoord: Result<Response<A>, Status>, regels: fn(&A) -> &[R], tekst: fn(&A) -> String) -> anyhow::Result<()>
    where
        A: Named,
        R: Named,
    {
        let antwoord = antwoord.map_err(|status| uitleg(&status))?.into_inner();
        if self.json {
            uitvoer::bericht(&antwoord)
        } else if self.csv {
            let rijen = regels(&antwoord).iter().map(json::row).collect::<Result<Vec<_>, _>>()?;
            uitvoer::druk(&tabel::csv(&json::header::<R>()?, &rijen))
        } else {
            uitvoer::druk(&tekst(&antwoord))
        }
    }
}

/// Asks for one of them and prints it.
pub(super) async fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Normen { periode, peildatum, per, gi, regio, rechtbank, uitvoer } => {
            let vraag = GetNormcijfersRequest {
                gi_oin: gi.clone().unwrap_or_default(),
                regio: regio.clone().unwrap_or_default(),
                rechtbank_oin: rechtbank.clone().unwrap_or_default(),
                vanaf: periode.vanaf.clone().unwrap_or_default(),
                tot_en_met: periode.tot.clone().unwrap_or_default(),
                peildatum: peildatum.clone().unwrap_or_default(),
                uitsplitsing: per.map_or(Uitsplitsing::Unspecified, Uitsplitsing::from).into(),
            };
            uitvoer.toon(uitvoer.toezicht().await?.get_normcijfers(vraag).await, |a| &a.regels, tekst::normen)
        }
        Command::Kennisgeving { periode, uitvoer } => {
            let [vanaf, tot] = periode.momenten()?;
            let vraag = ListKennisgevingenRequest { vanaf, tot };
            uitvoer.toon(uitvoer.toezicht().await?.list_kennisgevingen(vraag).await, |a| &a.regels, tekst::kennisgevingen)
        }
        Command::Tekorten { peildatum, uitvoer } => {
            let vraag = ListTekortenRequest { op: peildatum.clone().unwrap_or_default() };
            uitvoer.toon(uitvoer.toezicht().await?.list_tekorten(vraag).await, |a| &a.regels, tekst::tekorten)
        }
        Command::Wachtenden { peildatum, uitvoer } => {
            let vraag = ListWachtendenRequest { op: peildatum.clone().unwrap_or_default() };
            uitvoer.toon(uitvoer.toezicht().await?.list_wachtenden(vraag).await, |a| &a.regels, tekst::wachtenden)
        }
        Command::Overdrachten { gi, per, uitvoer } => {
            let vraag = GetOverdrachtenRequest { gi_oin: gi.clone(), per: per.clone() };
            uitvoer.toon(uitvoer.toezicht().await?.get_overdrachten(vraag).await, |a| &a.regels, tekst::overdrachten)
        }
        Command::Doorlooptijden { periode, uitvoer } => {
            let (vanaf, tot_en_met) = (periode.vanaf.clone().unwrap_or_default(), periode.tot.clone().unwrap_or_default());
            let vraag = ListDoorlooptijdenRequest { vanaf, tot_en_met };
            uitvoer.toon(uitvoer.toezicht().await?.list_doorlooptijden(vraag).await, |a| &a.regels, tekst::doorlooptijden)
        }
        Command::Toetsing { periode, uitvoer } => {
            let [vanaf, tot] = periode.momenten()?;
            let vraag = ListToetsingspogingenRequest { vanaf, tot };
            uitvoer.toon(uitvoer.toezicht().await?.list_toetsingspogingen(vraag).await, |a| &a.regels, tekst::toetsing)
        }
    }
}
