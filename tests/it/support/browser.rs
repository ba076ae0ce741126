//! A client of the pages: HTTP/1.1 over the certificate of a participant, on a connection that stays open. It follows nothing and judges
//! nothing.

use std::path::Path;

use ketenhub::identity::client::{ClientTls, VerbindFout, verbind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::zaak::Zaak;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Antwoord {
    pub code: u16,
    /// Names in lower case, in order.
    pub koppen: Vec<(String, String)>,
    pub bytes: Vec<u8>,
}

impl Antwoord {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    /// The body as somebody reads it: with the characters that were escaped in it.
    pub fn gelezen(&self) -> String {
        let tekens = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
        tekens.iter().fold(self.text(), |text, (van, naar)| text.replace(van, naar))
    }

    /// A header; none when it is not there.
    pub fn kop(&self, naam: &str) -> Option<&str> {
        self.koppen.iter().find(|(kop, _)| kop == naam).map(|(_, waarde)| waarde.as_str())
    }

    /// All of it but the date, to compare.
    pub fn zonder_datum(mut self) -> Antwoord {
        self.koppen.retain(|(naam, _)| naam != "date");
        self
    }
}

/// One connection.
pub struct Browser {
    stroom: TlsStream<TcpStream>,
}

impl Browser {
    /// Connects to the pages of a hub, as a participant of a folder with certificates.
    pub async fn open(adres: &str, certs: &Path, wie: &str) -> Result<Browser, VerbindFout> {
        let bestand = |ending: &str| certs.join(format!("{wie}.{ending}"));
        let tls = ClientTls { ca: certs.join("ca.pem"), certificaat: bestand("pem"), sleutel: bestand("key") };
        Ok(Browser { stroom: verbind(adres, "127.0.0.1", tls.laad_voor_paginas()?).await? })
    }

    /// Asks for a page.
    pub async fn haal(&mut self, pad: &str) -> Antwoord {
        self.vraag("GET", pad, &[]).await.unwrap()
    }

    /// Asks, in whatever way; fails when the connection was cut.
    pub async fn vraag(&mut self, methode: &str, pad: &str, koppen: &[(&str, &str)]) -> std::io::Result<Antwoord> {
        let extra: String = koppen.iter().map(|(naam, waarde)| format!("{naam}: {waarde}\r\n")).collect();
        let vraag = format!("{methode} {pad} HTTP/1.1\r\nHost: 127.0.0.1\r\n{extra}\r\n");
        self.stroom.write_all(vraag.as_bytes()).await?;
        self.lees(methode != "HEAD").await
    }

    async fn lees(&mut self, met_inhoud: bool) -> std::io::Result<Antwoord> {
        let mut kop = Vec::new();
        while !kop.ends_with(b"\r\n\r\n") {
            kop.push(self.stroom.read_u8().await?);
        }
        let text = String::from_utf8(kop).unwrap();
        let mut regels = text.lines();
        let code = regels.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let koppen: Vec<_> =
            regels.filter_map(|regel| regel.split_once(": ")).map(|(naam, waarde)| (naam.to_lowercase(), waarde.to_owned())).collect();
        let lengte = koppen.iter().find(|(naam, _)| naam == "content-length").map_or(0, |(_, lengte)| lengte.parse().unwrap());
        let mut bytes = vec![0; if met_inhoud { lengte } else { 0 }];
        self.stroom.read_exact(&mut bytes).await?;
        Ok(Antwoord { code, koppen, bytes })
    }
}

/// The pages of the hub of a case, as a participant.
pub async fn als(zaak: &Zaak, wie: &str) -> Browser {
    let adres = zaak.hub.running.paginas.unwrap().to_string();
    Browser::open(&adres, Path::new(super::hub::CERTS), wie).await.unwrap()
}

/// What of the acts of consulting a case is on record after a number: what was done, by which call, and the case.
pub async fn raadplegingen(zaak: &Zaak, na: i64) -> Vec<(String, String, Option<String>)> {
    let mut lezing = zaak.hub.running.hub.store.read().await.unwrap();
    let records = ketenhub::store::audit::na(&mut lezing.conn(), na, 10_000).await.unwrap();
    let geraadpleegd = records.into_iter().filter(|rij| ["GERAADPLEEGD", "POGING"].contains(&rij.handeling.as_str()));
    geraadpleegd.map(|rij| (rij.handeling, rij.reden, rij.zaak.map(|id| id.to_string()))).collect()
}

/// One page, as a participant.
pub async fn pagina(zaak: &Zaak, wie: &str, pad: &str) -> Antwoord {
    als(zaak, wie).await.haal(pad).await
}

/// Asks for a page until it says what is waited for: what is counted beside the pages is there a little later.
pub async fn wacht_op(browser: &mut Browser, pad: &str, zegt: impl Fn(&str) -> bool) -> String {
    let begin = tokio::time::Instant::now();
    loop {
        let text = browser.haal(pad).await.gelezen();
        if zegt(&text) {
            return text;
        }
        assert!(begin.elapsed() < super::berichten::GEDULD, "{pad} never says it: {text}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
