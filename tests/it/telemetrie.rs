//! Traces, metrics and the operator's port, as a collector, Prometheus and Grafana meet them. That nothing of a message is in them is tested
//! with values that were planted.

mod dashboard;
mod metrics;
mod normen;
pub mod ontvanger;
pub mod sporen;
mod uitval;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::berichten::GEDULD;
use crate::support::zaak::{HEEL, Zaak};

/// Asks the operator's port for something; the status line and the body.
pub async fn vraag(adres: &str, pad: &str) -> (String, String) {
    let mut tcp = TcpStream::connect(adres).await.unwrap();
    tcp.write_all(format!("GET {pad} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut antwoord = String::new();
    timeout(GEDULD, tcp.read_to_string(&mut antwoord)).await.expect("an answer in time").unwrap();
    let (kop, inhoud) = antwoord.split_once("\r\n\r\n").unwrap();
    (kop.lines().next().unwrap().to_owned(), inhoud.to_owned())
}

/// A hub with an operator's port in which the story of the demo was told, with an acknowledgement, a repetition, a refusal and a
/// second uitspraak, with which nobody does anything.
async fn hub_na_het_verhaal() -> (Zaak, String) {
    let mut zaak = Zaak::met(|config| config.telemetrie.metrics = Some(([127, 0, 0, 1], 0).into())).await;
    zaak.speel(&HEEL).await;
    zaak.bevestig("gi").await;
    zaak.dien("rechtbank", &zaak.berichten["02"].clone()).await.expect("a repetition gets its receipt");
    zaak.dien("gemeente", &zaak.berichten["05"].clone()).await.expect_err("a gemeente sends no bepaling");
    // One more uitspraak, with which nobody did anything: its clocks run out.
    let tweede = zaak.nieuw("02");
    zaak.dien("rechtbank", &tweede).await.expect("another case");
    while zaak.hub.running.hub.admission.tik().await.expect("warnings are sent") > 0 {}
    crate::support::browser::pagina(&zaak, "expertteam", &format!("/traject/{}", zaak.maatregel)).await;
    let operator = zaak.hub.running.operator.expect("an operator's port").to_string();
    (zaak, operator)
}
