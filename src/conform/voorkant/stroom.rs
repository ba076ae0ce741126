//! One stream of deliveries: what comes from the hub, what a case puts in, and heartbeats, until it ends or its line is cut.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use jeugdketen_proto::raw;
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::{Staat, Stap};
use crate::conform::logboek::Waarneming;

/// One stream of deliveries to a client.
pub(super) struct Stroom {
    pub(super) staat: Arc<Staat>,
    pub(super) zender: mpsc::Sender<Result<Bytes, Status>>,
    /// The cut of its connection: what comes from the hub afterwards is for the next.
    pub(super) afgebroken: CancellationToken,
}

impl Stroom {
    pub(super) async fn draai(self, mut van_hub: tonic::Streaming<Bytes>, mut ingevoerd: mpsc::Receiver<Stap>) {
        let log = self.staat.log.load_full();
        loop {
            let stappen = tokio::select! {
                biased;
                () = self.afgebroken.cancelled() => {
                    // A line that breaks ends no stream: that would be an answer.
                    return self.zender.closed().await;
                }
                () = self.zender.closed() => return log.schrijf(Waarneming::Opgezegd),
                Some(stap) = ingevoerd.recv() => vec![stap],
                antwoord = van_hub.message() => match antwoord {
                    Ok(Some(bytes)) => self.van_hub(bytes),
                    Ok(None) => vec![Stap::Einde(None)],
                    Err(status) => vec![Stap::Einde(Some(status))],
                },
                () = tokio::time::sleep(self.staat.hartslag) => match self.staat.haken().stil {
                    true => Vec::new(),
                    false => vec![Stap::hartslag(self.staat.laatste.load(Ordering::Relaxed), &self.staat.clock)],
                },
            };
            for stap in stappen {
                if !self.zet(stap).await {
                    return;
                }
            }
        }
    }

    /// What the hub's own heartbeats say is said by those of the front.
    fn van_hub(&self, bytes: Bytes) -> Vec<Stap> {
        match raw::SubscribeResponse::decode(bytes).ok().and_then(|antwoord| antwoord.gebeurtenis) {
            Some(raw::Gebeurtenis::Levering(levering)) => {
                self.staat.laatste.fetch_max(levering.postvaknummer, Ordering::Relaxed);
                self.staat.stappen(levering)
            }
            _ => Vec::new(),
        }
    }

    /// Whether the stream goes on.
    async fn zet(&self, stap: Stap) -> bool {
        match &stap {
            Stap::Levering(bytes) => self.staat.schrijf_geleverd(bytes),
            Stap::Anders(bytes) => {
                if let Ok(raw::SubscribeResponse { gebeurtenis: Some(raw::Gebeurtenis::Hartslag(hartslag)) }) =
                    raw::SubscribeResponse::decode(bytes.clone())
                {
                    self.staat.schrijf(Waarneming::Hartslag(hartslag.laatste_postvaknummer));
                }
            }
            Stap::Verbreek => {
                self.staat.verbreek();
                return false;
            }
            Stap::Einde(None) => return false,
            Stap::Einde(Some(status)) => {
                // The client may be gone already.
                let _ = self.zender.send(Err(status.clone())).await;
                return false;
            }
        }
        match stap.bytes() {
            Some(bytes) => self.zender.send(Ok(bytes)).await.is_ok(),
            None => true,
        }
    }
}
