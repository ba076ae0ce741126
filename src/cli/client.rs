//! Which hub to talk to, and as whom: options that the client commands share.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use jeugdketen_proto::v1::exchange_service_client::ExchangeServiceClient;
use tonic::Status;
use tonic::transport::Channel;

use crate::identity::client::{ClientTls, verklaar};
use crate::wire::client::{Adres, Uitleg, kanaal};

/// Largest answer a client takes.
pub(super) const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// With which certificate.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct Wie {
    /// Act with the example certificate of a role: GI, GI-2, RECHTBANK, GEMEENTE, AANBIEDER-3, BEHEERDER …
    #[arg(long, value_name = "ROL", conflicts_with_all = ["ca", "cert", "key"])]
    als: Option<String>,
    /// Folder with the example certificates, for `--als`.
    #[arg(long, value_name = "DIR", default_value = "certs-example", env = "KETENHUB_CERTS")]
    certs: PathBuf,
    /// Issuer of the hub's certificate, PEM.
    #[arg(long, value_name = "FILE", requires_all = ["cert", "key"])]
    ca: Option<PathBuf>,
    /// Own certificate, PEM.
    #[arg(long, value_name = "FILE", requires_all = ["ca", "key"])]
    cert: Option<PathBuf>,
    /// Own private key, PEM.
    #[arg(long, value_name = "FILE", requires_all = ["ca", "cert"])]
    key: Option<PathBuf>,
}

/// Where to, and with which certificate.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct Naar {
    #[command(flatten)]
    wie: Wie,
    /// Address of the hub.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8443", env = "KETENHUB_ENDPOINT")]
    endpoint: String,
}

impl Naar {
    /// Connects; a certificate that the hub refuses is explained in words.
    pub(super) async fn kanaal(&self) -> anyhow::Result<Channel> {
        let tls = self.wie.tls()?;
        let adres =
            Adres::parse(&self.endpoint).with_context(|| format!("{:?} is not HOST:PORT; give it as hub.example.nl:443", self.endpoint))?;
        let config = tls.laad()?;
        // In TLS 1.3 a client learns only after its handshake that its certificate was refused: look first.
        verklaar(&adres.adres, &adres.naam, Arc::clone(&config)).await?;
        Ok(kanaal(&adres, config).await?)
    }

    /// Connects to the exchange service.
    pub(super) async fn exchange(&self) -> anyhow::Result<ExchangeServiceClient<Channel>> {
        Ok(ExchangeServiceClient::new(self.kanaal().await?).max_decoding_message_size(LARGEST_ANSWER))
    }

    /// Where to.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The files of whom it acts as; they need not be there.
    pub(super) fn tls(&self) -> anyhow::Result<ClientTls> {
        self.wie.tls()
    }
}

impl Wie {
    /// The files of the certificate.
    pub(super) fn tls(&self) -> anyhow::Result<ClientTls> {
        match (&self.als, &self.ca, &self.cert, &self.key) {
            (Some(rol), ..) => {
                let naam = rol.to_lowercase().replace('_', "-");
                let file = |extension: &str| self.certs.join(format!("{naam}.{extension}"));
                if !file("pem").exists() {
                    bail!("there is no example certificate {}; see {}", file("pem").display(), self.certs.join("README.md").display());
                }
                Ok(ClientTls { ca: self.certs.join("ca.pem"), certificaat: file("pem"), sleutel: file("key") })
            }
            (None, Some(ca), Some(cert), Some(key)) => Ok(ClientTls { ca: ca.clone(), certificaat: cert.clone(), sleutel: key.clone() }),
            _ => bail!("say as whom: --als ROL for the example certificates, or --ca, --cert and --key"),
        }
    }
}

/// A refusal of the hub as an error.
pub(super) fn uitleg(status: &Status) -> anyhow::Error {
    anyhow::Error::new(Uitleg::van(status))
}
