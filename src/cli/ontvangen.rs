//! `receive`: what is in the mailbox, printed or handed to a command. It keeps no cursor of its own: what is not acknowledged comes again.

use std::io::Write as _;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use jeugdketen_proto::v1::exchange_service_client::ExchangeServiceClient;
use jeugdketen_proto::v1::subscribe_response::Gebeurtenis;
use jeugdketen_proto::v1::{AcknowledgeRequest, FetchRequest, Levering, SubscribeRequest};
use tonic::Code;
use tonic::transport::Channel;

use super::client::{Naar, uitleg};
use super::uitvoer;
use crate::json;
use crate::wire::client::Uitleg;

/// The longest wait between two attempts.
const LANGSTE_WACHT: Duration = Duration::from_secs(60);

/// What to receive, and what to do with it.
#[derive(Debug, Args)]
pub(super) struct Receive {
    /// Begin after this mailbox number; without it after what was acknowledged.
    #[arg(long)]
    na: Option<u64>,
    /// Go on waiting for new deliveries, also after the connection was lost.
    #[arg(long)]
    volg: bool,
    /// Acknowledge what was printed.
    #[arg(long, conflicts_with = "exec")]
    bevestig: bool,
    /// Print nothing: run this command (`sh -c`) for each delivery, with its JSON on standard input and its number in
    /// KETENHUB_POSTVAKNUMMER. The delivery is acknowledged when the command exits 0, and given to it again otherwise; later ones wait.
    #[arg(long, value_name = "CMD")]
    exec: Option<String>,
    /// Attempts at one delivery before giving up with an error; 0 never gives up.
    #[arg(long, value_name = "N", default_value_t = 5, requires = "exec")]
    pogingen: u32,
    /// Seconds before the second attempt; each next wait is twice as long, to a minute.
    #[arg(long, value_name = "SECONDS", default_value_t = 1, requires = "exec")]
    wacht: u64,
    #[command(flatten)]
    naar: Naar,
}

/// Receives what is there, or follows what is there and what comes.
pub(super) async fn receive(args: &Receive) -> anyhow::Result<()> {
    let mut ontvanger = Ontvanger { args, exchange: args.naar.exchange().await?, na: args.na };
    if args.volg { ontvanger.volg().await } else { ontvanger.haal().await }
}

struct Ontvanger<'a> {
    args: &'a Receive,
    exchange: ExchangeServiceClient<Channel>,
    na: Option<u64>,
}

impl Ontvanger<'_> {
    /// Page after page, until the mailbox is empty.
    async fn haal(&mut self) -> anyhow::Result<()> {
        loop {
            let vraag = FetchRequest { na: self.na, maximaal: 0 };
            let pagina = self.exchange.fetch(vraag).await.map_err(|status| uitleg(&status))?.into_inner();
            let Some(laatste) = pagina.leveringen.last().map(|levering| levering.postvaknummer) else { return Ok(()) };
            for levering in &pagina.leveringen {
                self.verwerk(levering).await?;
            }
            // What was printed is acknowledged a page at a time; what a command did, at once.
            if self.args.bevestig {
                self.bevestig(laatste).await?;
            }
            self.na = Some(laatste);
        }
    }

    /// What is there and what comes, for ever. A hub that goes away, or ends a connection that grew old, is called again.
    async fn volg(&mut self) -> anyhow::Result<()> {
        let mut wacht = Duration::from_secs(1);
        loop {
            let begin = self.na;
            match self.stroom().await {
                Err(fout) if !opnieuw(&fout) => return Err(fout),
                Err(fout) => uitvoer::meld(format!("{fout:#}; again in {} s", wacht.as_secs())),
                Ok(()) => {}
            }
            if self.na != begin {
                wacht = Duration::from_secs(1);
            }
            tokio::time::sleep(wacht).await;
            wacht = (wacht * 2).min(LANGSTE_WACHT);
        }
    }

    async fn stroom(&mut self) -> anyhow::Result<()> {
        let mut stroom = self.exchange.subscribe(SubscribeRequest { na: self.na }).await.map_err(|status| uitleg(&status))?.into_inner();
        while let Some(antwoord) = stroom.message().await.map_err(|status| uitleg(&status))? {
            let Some(Gebeurtenis::Levering(levering)) = antwoord.gebeurtenis else { continue };
            self.verwerk(&levering).await?;
            if self.args.bevestig {
                self.bevestig(levering.postvaknummer).await?;
            }
            self.na = Some(levering.postvaknummer);
        }
        Ok(())
    }

    async fn verwerk(&mut self, levering: &Levering) -> anyhow::Result<()> {
        let Some(opdracht) = &self.args.exec else { return uitvoer::bericht_regel(levering) };
        self.geef_aan(opdracht, levering).await?;
        self.bevestig(levering.postvaknummer).await
    }

    /// Gives a delivery to the command until it takes it.
    async fn geef_aan(&self, opdracht: &str, levering: &Levering) -> anyhow::Result<()> {
        let nummer = levering.postvaknummer;
        let invoer = json::write_line(levering)? + "\n";
        let mut wacht = Duration::from_secs(self.args.wacht);
        for poging in 1.. {
            let (opdracht, invoer) = (opdracht.to_owned(), invoer.clone());
            let einde = tokio::task::spawn_blocking(move || voer_uit(&opdracht, nummer, poging, &invoer)).await?;
            let einde = einde.context("the command of --exec cannot be run")?;
            if einde.success() {
                return Ok(());
            }
            if poging == self.args.pogingen {
                bail!("delivery {nummer} was not acknowledged: the command of --exec ended with {einde}, {poging} times");
            }
            uitvoer::meld(format!("delivery {nummer}: the command ended with {einde}; again in {} s", wacht.as_secs()));
            tokio::time::sleep(wacht).await;
            wacht = (wacht * 2).min(LANGSTE_WACHT);
        }
        Ok(())
    }

    async fn bevestig(&mut self, tot_en_met: u64) -> anyhow::Result<()> {
        self.exchange.acknowledge(AcknowledgeRequest { tot_en_met }).await.map_err(|status| uitleg(&status))?;
        Ok(())
    }
}

/// Runs the command with the delivery on its standard input. One that does not read it is no error: it may know enough by the number.
fn voer_uit(opdracht: &str, nummer: u64, poging: u32, invoer: &str) -> std::io::Result<ExitStatus> {
    let mut kind = Command::new("/bin/sh")
        .args(["-c", opdracht])
        .env("KETENHUB_POSTVAKNUMMER", nummer.to_string())
        .env("KETENHUB_POGING", poging.to_string())
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = kind.stdin.take() {
        let _ = stdin.write_all(invoer.as_bytes());
    }
    kind.wait()
}

/// Whether calling again can help.
fn opnieuw(fout: &anyhow::Error) -> bool {
    // A connection that was cut is INTERNAL without a reason; an internal error of the hub has one.
    let Some(uitleg) = fout.downcast_ref::<Uitleg>() else { return false };
    match uitleg.code {
        Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Aborted => true,
        Code::Internal => uitleg.reden.is_empty(),
        _ => false,
    }
}
