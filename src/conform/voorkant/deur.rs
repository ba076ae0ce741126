//! The door: who is let in, when, and with which certificate shown. It knows nothing of calls.

use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::Staat;
use crate::conform::lijn::{Lijn, Wie};
use crate::conform::logboek::Waarneming;
use crate::identity::certificaat::KlantCertificaat;

pub(super) async fn luister_naar(
    listener: TcpListener,
    staat: Arc<Staat>,
    uit: mpsc::Sender<std::io::Result<Lijn>>,
    stop: CancellationToken,
) {
    let mut open = staat.open.subscribe();
    loop {
        let tcp = tokio::select! {
            () = stop.cancelled() => return,
            tcp = async {
                // Who comes while the front is closed waits in the queue of the kernel.
                open.wait_for(|open| *open).await.ok()?;
                listener.accept().await.ok()
            } => tcp,
        };
        let Some((tcp, _)) = tcp else { continue };
        if open.wait_for(|open| *open).await.is_err() {
            return;
        }
        let weg = {
            let mut haken = staat.haken();
            let weg = haken.weg_te_sturen > 0;
            haken.weg_te_sturen = haken.weg_te_sturen.saturating_sub(1);
            weg
        };
        if weg {
            staat.schrijf(Waarneming::Weggestuurd);
            continue;
        }
        let (staat, uit) = (Arc::clone(&staat), uit.clone());
        tokio::spawn(async move {
            if let Some(lijn) = neem_aan(tcp, &staat).await {
                // Failure means that the front stops.
                let _ = uit.send(Ok(lijn)).await;
            }
        });
    }
}

async fn neem_aan(tcp: TcpStream, staat: &Staat) -> Option<Lijn> {
    let (log, afbreken) = (staat.log.load_full(), staat.lijnen().clone());
    tcp.set_nodelay(true).ok()?;
    let handdruk = TlsAcceptor::from(staat.tls.load_full()).accept(tcp);
    let stroom = tokio::select! {
        () = afbreken.cancelled() => return None,
        stroom = handdruk => stroom,
    };
    match stroom {
        Ok(stroom) => {
            let blad = stroom.get_ref().1.peer_certificates().and_then(|keten| keten.first());
            let oin = blad.and_then(|blad| KlantCertificaat::lees(blad).ok()).map(|certificaat| certificaat.oin.to_string());
            log.schrijf(Waarneming::Verbonden);
            Some(Lijn::nieuw(stroom, afbreken, Wie(oin)))
        }
        Err(fout) => {
            log.schrijf(Waarneming::HanddrukMislukt(fout.to_string()));
            None
        }
    }
}
