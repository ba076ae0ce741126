//! What was received: a file with a delivery a line, in the order of the mailbox and each of them once.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::ensure;
use jeugdketen_proto::v1::subscribe_response::Gebeurtenis;
use jeugdketen_proto::v1::{AcknowledgeRequest, Levering, SubscribeRequest};
use tonic::Status;

use crate::contract::{self, Hub};
use crate::{again, bewijs};

/// The file, and the last mailbox number in it.
pub struct Inbox {
    file: File,
    last: u64,
}

impl Inbox {
    /// Opens it. What broke off in a crash was never confirmed, and is taken off.
    pub fn open(path: &Path) -> anyhow::Result<Inbox> {
        let mut file = File::options().read(true).append(true).create(true).open(path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        file.set_len(whole.try_into()?)?;
        let last = text[..whole].trim_ascii_end().rsplit(|byte| *byte == b'\n').next().filter(|entry| !entry.is_empty());
        let last = last.map(|entry| contract::read::<Levering>("Levering", std::str::from_utf8(entry)?)).transpose()?;
        Ok(Inbox { file, last: last.map_or(0, |levering| levering.postvaknummer) })
    }

    /// Receives until so many new ones have come; without a number for ever.
    pub async fn receive(mut self, hub: &mut Hub, aantal: Option<u64>, key: Option<&[u8]>) -> anyhow::Result<()> {
        let enough = aantal.map(|aantal| self.last + aantal);
        let mut pause = Duration::from_millis(500);
        while enough.is_none_or(|enough| self.last < enough) {
            match self.follow(hub, enough, key, &mut pause).await.map_err(anyhow::Error::downcast::<Status>) {
                Ok(()) => {}
                Err(Ok(lost)) => again(lost, &mut pause).await?,
                Err(Err(wrong)) => return Err(wrong),
            }
        }
        Ok(())
    }

    /// One subscription, from the last confirmed delivery onwards.
    async fn follow(&mut self, hub: &mut Hub, enough: Option<u64>, key: Option<&[u8]>, pause: &mut Duration) -> anyhow::Result<()> {
        let mut stream = hub.subscribe(SubscribeRequest { na: None }).await?.into_inner();
        while enough.is_none_or(|enough| self.last < enough) {
            let event = stream.message().await?.ok_or_else(|| Status::unavailable("the stream ended"))?;
            *pause = Duration::from_millis(500);
            let Some(Gebeurtenis::Levering(levering)) = event.gebeurtenis else { continue };
            if levering.postvaknummer <= self.last {
                eprintln!("{} was here already", levering.postvaknummer);
            } else {
                self.add(&levering, key)?;
            }
            hub.acknowledge(AcknowledgeRequest { tot_en_met: self.last }).await?;
        }
        Ok(())
    }

    /// First yours, then confirmed: never the other way round.
    fn add(&mut self, levering: &Levering, key: Option<&[u8]>) -> anyhow::Result<()> {
        ensure!(self.last == 0 || levering.postvaknummer == self.last + 1, "the hub left out number {}", self.last + 1);
        if let (Some(key), Some(_)) = (key, &levering.bewijs) {
            bewijs::origin(levering, key)?;
        }
        self.file.write_all((contract::line("Levering", levering)? + "\n").as_bytes())?;
        self.file.sync_data()?;
        self.last = levering.postvaknummer;
        Ok(())
    }
}
