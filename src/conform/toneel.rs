//! The stage: a real hub with SQLite in a folder of its own, the front before it, and the other partners as clients with certificates of
//! their own. It judges nothing.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use jeugdketen_proto::v1::exchange_service_client::ExchangeServiceClient;
use jeugdketen_proto::v1::{AcknowledgeRequest, Bericht, FetchRequest, Receipt, Rol, SubmitRequest};
use tonic::transport::Channel;

use super::berichten::{self, maak};
use super::bij_hub::Hubspel;
use super::pki::{Pki, Toegang, Vertoon, houders};
use super::voorkant::Voorkant;
use crate::config::{Config, Limits};
use crate::hub::Running;
use crate::time::Clock;
use crate::wire::client::{Adres, kanaal, uitleg};

/// A GI that is not the one of the cases.
const GI: &str = "00000099020000001000";
const GI_2: &str = "00000099020000002000";

/// The name of who plays a role in the example, and with it of its certificate.
pub fn speler(rol: Rol) -> Option<&'static str> {
    Some(match rol {
        Rol::Rechtbank => "rechtbank",
        Rol::Gi => "gi",
        Rol::Gemeente => "gemeente",
        Rol::Aanbieder => "aanbieder",
        Rol::Expertteam => "expertteam",
        Rol::Inspectie => "inspectie",
        Rol::AccounthoudendeRegio => "accounthoudende-regio",
        _ => return None,
    })
}

/// A message that a partner sent to the client.
#[derive(Clone, Debug)]
pub struct Verzonden {
    /// Who sent it.
    pub van: &'static str,
    /// What.
    pub bericht: Bericht,
    /// The case, or nothing.
    pub maatregel_id: String,
    /// Its number in the mailbox of the client.
    pub nummer: u64,
}

/// The stage.
pub struct Toneel {
    /// The role of the client.
    pub rol: Rol,
    /// The front.
    pub voorkant: Voorkant,
    /// The certificates.
    pub pki: Pki,
    /// The time.
    pub clock: Clock,
    running: Running,
    partners: HashMap<String, ExchangeServiceClient<Channel>>,
    oin: String,
    zaak: Zaak,
    _map: Map,
}

/// What the partners refer to.
#[derive(Clone, Debug, Default)]
struct Zaak {
    maatregel: String,
    /// The same child's other case, with another GI.
    andere_maatregel: String,
    uitspraak: String,
    bepaling: String,
    escalatie: String,
}

/// A folder that goes when the run is over, unless it is the user's.
#[derive(Debug)]
struct Map(PathBuf);

impl Drop for Map {
    fn drop(&mut self) {
        // What is left of an example is no loss.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How to build it.
#[derive(Clone, Debug)]
pub struct Bouwplan {
    /// The role of the client.
    pub rol: Rol,
    /// Address for the client to connect to.
    pub luister: SocketAddr,
    /// Where the certificates are written; a folder of the run without it.
    pub certs: Option<PathBuf>,
    /// Between two heartbeats.
    pub hartslag: Duration,
}

impl Toneel {
    /// Builds it, and brings the case so far that every role can get messages about it.
    pub async fn bouw(plan: &Bouwplan, clock: &Clock) -> anyhow::Result<Toneel> {
        let map = Map(std::env::temp_dir().join(format!("ketenhub-conform-{}", clock.new_id())));
        let pki = Pki::maak(plan.certs.as_deref().unwrap_or(&map.0.join("certs")), clock)?;
        let running = Running::start(&config(pki.map(), &map.0), clock.clone()).await.context("the hub does not start")?;
        let adres = Adres::parse(&running.address.to_string()).context("the address of the hub")?;
        let (mut partners, mut hub, mut oins) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (bestand, oin) in houders()?.into_iter().filter(|(bestand, _)| bestand != "aanbieder-ingetrokken") {
            let lijn = kanaal(&adres, pki.klant(&bestand).laad()?).await?;
            partners.insert(bestand.clone(), ExchangeServiceClient::new(lijn.clone()));
            hub.insert(oin.clone(), lijn);
            oins.insert(bestand, oin);
        }
        let tls = pki.server(Vertoon::Goed, Toegang::Certificaat)?;
        let voorkant = Voorkant::start(plan.luister, hub, tls, plan.hartslag, clock.clone()).await?;
        let oin = speler(plan.rol).and_then(|speler| oins.get(speler)).context("nobody plays this role")?.clone();
        let (clock, rol, zaak) = (clock.clone(), plan.rol, Zaak::default());
        let mut toneel = Toneel { rol, voorkant, pki, clock, running, partners, oin, zaak, _map: map };
        toneel.bereid_voor().await.context("the case cannot be prepared")?;
        Ok(toneel)
    }

    /// Stops the hub.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.voorkant.verbreek();
        drop(self.partners);
        drop(self.voorkant);
        Ok(self.running.stop().await?)
    }

    async fn bereid_voor(&mut self) -> anyhow::Result<()> {
        let uitspraak = self.maak(berichten::UITSPRAAK, &[])?;
        let receipt = self.dien_in("rechtbank", &uitspraak).await?;
        self.zaak = Zaak { maatregel: receipt.maatregel_id, uitspraak: uitspraak.bericht_id, ..Zaak::default() };
        let andere = self.maak(berichten::UITSPRAAK, &[(GI, GI_2)])?;
        self.zaak.andere_maatregel = self.dien_in("rechtbank", &andere).await?.maatregel_id;
        let bepaling = self.maak(berichten::BEPALING, &[])?;
        self.dien_in("gi", &bepaling).await?;
        self.zaak.bepaling = bepaling.bericht_id;
        let escalatie = self.maak(berichten::ESCALATIE, &[])?;
        self.dien_in("gi", &escalatie).await?;
        self.zaak.escalatie = escalatie.bericht_id;
        Ok(())
    }

    fn maak(&self, voorbeeld: &str, vervang: &[(&str, &str)]) -> anyhow::Result<Bericht> {
        let zaak = &self.zaak;
        let gewoon = [
            ("{{maatregel_id}}", zaak.maatregel.as_str()),
            ("{{bericht_id:02}}", zaak.uitspraak.as_str()),
            ("{{bericht_id:05}}", zaak.bepaling.as_str()),
            ("{{bericht_id:12}}", zaak.escalatie.as_str()),
        ];
        let alle: Vec<_> = vervang.iter().copied().chain(gewoon).collect();
        maak(voorbeeld, &self.clock, &alle)
    }

    /// Submits as one of the partners, at the hub itself.
    pub(super) async fn dien_in(&self, wie: &str, bericht: &Bericht) -> anyhow::Result<Receipt> {
        let mut partner = self.partners.get(wie).with_context(|| format!("{wie} does not play"))?.clone();
        let vraag = SubmitRequest { bericht: Some(bericht.clone()), ..Default::default() };
        let antwoord = partner.submit(vraag).await.map_err(|status| anyhow::Error::msg(uitleg(&status)))?;
        antwoord.into_inner().receipt.context("an answer without a receipt")
    }

    /// Lets a partner send something to the client.
    pub(super) async fn verzend(&self, van: &'static str, bericht: Bericht) -> anyhow::Result<Verzonden> {
        let receipt = self.dien_in(van, &bericht).await.with_context(|| format!("the message of {van}"))?;
        let nummer = receipt.ontvangers.iter().find(|ontvanger| ontvanger.oin == self.oin).map(|ontvanger| ontvanger.postvaknummer);
        let Some(nummer) = nummer else { bail!("the client is no recipient of the message of {van}") };
        Ok(Verzonden { van, bericht, maatregel_id: receipt.maatregel_id, nummer })
    }

    /// A message that a partner can send to the client whenever it is asked, and who that is.
    pub(super) fn binnenkomend(&self) -> anyhow::Result<(&'static str, Bericht)> {
        let (van, voorbeeld) = match self.rol {
            Rol::Rechtbank => ("gi", berichten::RETOUR),
            Rol::Gi => ("rechtbank", berichten::ZITTING),
            Rol::Gemeente => ("rechtbank", berichten::UITSPRAAK),
            Rol::Aanbieder => ("gi", berichten::BEPALING),
            Rol::Expertteam => ("gi", berichten::ESCALATIE),
            _ => ("gi", berichten::TAAK),
        };
        Ok((van, self.maak(voorbeeld, &[])?))
    }

    /// The same of another sender; none for a role that hears one sender only.
    pub(super) fn van_een_ander(&self) -> anyhow::Result<Option<(&'static str, Bericht)>> {
        let andere = [("{{maatregel_id}}", self.zaak.andere_maatregel.as_str())];
        Ok(match self.rol {
            Rol::Gi => Some(("rechtbank-2", self.maak(berichten::ZITTING, &[])?)),
            Rol::Gemeente => Some(("rechtbank-2", self.maak(berichten::UITSPRAAK, &[])?)),
            Rol::Rechtbank => Some(("gi-2", self.maak(berichten::CAPACITEIT, &[])?)),
            Rol::Aanbieder => Some(("gi-2", self.maak(berichten::BEPALING, &andere)?)),
            Rol::Inspectie => Some(("gi-2", self.maak(berichten::TAAK, &[])?)),
            _ => None,
        })
    }

    /// A message that the client can submit whenever it is asked; none for a role that submits nothing.
    pub(super) fn uitgaand(&self) -> anyhow::Result<Option<Bericht>> {
        match self.uitgaand_voorbeeld() {
            Some(voorbeeld) => self.maak(voorbeeld, &[]).map(Some),
            None => Ok(None),
        }
    }

    fn uitgaand_voorbeeld(&self) -> Option<&'static str> {
        match self.rol {
            Rol::Expertteam => Some(berichten::INZETBESLUIT),
            rol => berichten::los(rol),
        }
    }

    /// The same with other content, valid as well.
    pub(super) fn uitgaand_anders(&self) -> anyhow::Result<Option<Bericht>> {
        match self.uitgaand_voorbeeld() {
            Some(voorbeeld) => self.maak(voorbeeld, berichten::ANDERS).map(Some),
            None => Ok(None),
        }
    }

    /// One message of every other kind that the client can receive, with who sends it.
    pub(super) fn andere_soorten(&self) -> anyhow::Result<Vec<(&'static str, Bericht)>> {
        let eigen_voorziening = [("\"voorziening_nr\": 3", "\"voorziening_nr\": 1")];
        let soorten: &[(&str, &str)] = match self.rol {
            Rol::Rechtbank => &[("gi", berichten::CAPACITEIT)],
            Rol::Gi => &[("rechtbank", berichten::UITSPRAAK), ("gemeente", berichten::VERWERKING), ("aanbieder", berichten::INTAKE)],
            Rol::Gemeente => &[("gi", berichten::KOPPELING), ("gi", berichten::BEPALING)],
            Rol::Aanbieder => &[("gemeente", berichten::VERWERKING)],
            Rol::Inspectie => &[("gi", berichten::TOELICHTING)],
            Rol::AccounthoudendeRegio => &[("gi", berichten::CAPACITEIT), ("gi", berichten::ESCALATIE)],
            _ => &[],
        };
        soorten.iter().map(|(van, voorbeeld)| Ok((*van, self.maak(voorbeeld, &eigen_voorziening)?))).collect()
    }

    /// The name of the client in the example.
    pub fn speler(&self) -> &'static str {
        speler(self.rol).unwrap_or_default()
    }

    /// Its OIN.
    pub fn oin(&self) -> &str {
        &self.oin
    }

    /// Where the hub itself is, without the front.
    pub fn hub(&self) -> anyhow::Result<Adres> {
        Adres::parse(&self.running.address.to_string()).context("the address of the hub")
    }

    /// The raw public key of the hub.
    pub fn sleutel(&self) -> Vec<u8> {
        self.running.hub.sleutel.load().publiek().to_vec()
    }

    /// What plays clients of ours, in the role of the client, against the front and the hub behind it. The front lets in whom it is told.
    pub fn hubspel(&self, toegang: Toegang, geduld: Duration, hartslag: Duration) -> anyhow::Result<Hubspel> {
        self.voorkant.opnieuw(self.pki.server(Vertoon::Goed, toegang)?, 0);
        self.voorkant.open();
        let adres = Adres::parse(&format!("localhost:{}", self.voorkant.adres.port())).context("the address of the front")?;
        Ok(Hubspel {
            adres,
            rol: self.rol,
            eigen: self.pki.klant(self.speler()),
            oin: self.oin.clone(),
            vreemd: self.pki.buitenstaander("buitenstaander", &self.oin)?,
            ingetrokken: Some(self.pki.klant("aanbieder-ingetrokken")),
            onbekend: Some(self.pki.klant("onbekend")),
            sleutel: Some(self.sleutel()),
            clock: self.clock.clone(),
            geduld,
            hartslag,
        })
    }

    /// Confirms for the client whatever lies in its mailbox, so that a case begins with none. Returns the last number.
    pub(super) async fn leeg_postvak(&self) -> anyhow::Result<u64> {
        let mut client = self.partners.get(self.speler()).context("the client does not play")?.clone();
        let laatste = client.fetch(FetchRequest { na: None, maximaal: 1 }).await?.into_inner().laatste_postvaknummer;
        Ok(client.acknowledge(AcknowledgeRequest { tot_en_met: laatste }).await?.into_inner().bevestigd_tot_en_met)
    }
}

fn config(certs: &Path, map: &Path) -> Config {
    // The ticks of the norm clocks would bring messages that no case asked for.
    let limits = Limits { tik_s: 86_400, heartbeat_s: 1, ..Config::on_loopback(certs, map, 0).limits };
    Config { limits, ..Config::on_loopback(certs, map, 0) }
}
