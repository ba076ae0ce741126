//! Receiving: a stream from where it was, every delivery once and in order, confirmed when it was processed.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use jeugdketen_proto::raw;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{AcknowledgeRequest, Bericht, RedenCorrectie, Rol, SubscribeRequest, Veldbewijs};
use ketenhub::conform::logboek::Melding;
use ketenhub::identity::client::VerbindFout;
use ketenhub::time::Clock;
use ketenhub::verbintenis::{OngeldigBewijs, verifieer};
use prost::Message as _;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Status};

use super::lijn::Lijn;
use super::{Klant, PAUZE, is_breuk, reden, wanneer};

/// What it keeps between two streams.
struct Stand {
    klant: Klant,
    /// The last number that was processed, when it knows one.
    laatste: Option<u64>,
    bevestigd: u64,
    /// Sender and id of everything processed.
    gehad: HashSet<(String, String)>,
    /// Corrected, and how often.
    gecorrigeerd: HashMap<String, u32>,
    sessie: u32,
    sessie_begin: i64,
    gebroken: bool,
    verwerkt: u64,
    hoogste_id: String,
    vorige_op: i64,
    opgehouden: Option<raw::Levering>,
}

/// How a stream ended.
enum Einde {
    /// Come back, after so long or after a while.
    Terug(Option<Duration>),
    /// There is no use.
    Voorgoed,
}

/// Receives until it is stopped.
pub async fn ontvang(klant: Klant) {
    let mut stand = Stand {
        klant,
        laatste: None,
        bevestigd: 0,
        gehad: HashSet::new(),
        gecorrigeerd: HashMap::new(),
        sessie: 0,
        sessie_begin: 0,
        gebroken: false,
        verwerkt: 0,
        hoogste_id: String::new(),
        vorige_op: 0,
        opgehouden: None,
    };
    loop {
        match stand.sessie().await {
            Einde::Terug(wacht) => sleep(wacht.unwrap_or(PAUZE)).await,
            Einde::Voorgoed => std::future::pending().await,
        }
    }
}

impl Stand {
    fn breekt(&self, geval: &str) -> bool {
        self.klant.breekt(geval)
    }

    async fn sessie(&mut self) -> Einde {
        self.sessie += 1;
        let mut lijn = match Lijn::open(&self.klant).await {
            Ok(lijn) => lijn,
            Err(fout) => {
                let certificaat = matches!(
                    fout,
                    VerbindFout::HubNietVertrouwd
                        | VerbindFout::HubAndereNaam { .. }
                        | VerbindFout::HubNietGeldig(_)
                        | VerbindFout::HubOngeldig(_)
                );
                if certificaat {
                    self.klant.log.meld(Melding::Alarm("CERTIFICAAT".to_owned()));
                }
                let geeft_op = self.breekt(if certificaat { "CRT-07" } else { "HER-06" });
                return if geeft_op { Einde::Voorgoed } else { Einde::Terug(None) };
            }
        };
        // What was processed and not confirmed when the line broke is confirmed first: it counts as received from then on.
        if let Some(laatste) = self.laatste.filter(|laatste| *laatste > self.bevestigd)
            && let Err(einde) = self.bevestig(&mut lijn, laatste).await
        {
            return einde;
        }
        // Before it asks: what is sent as soon as it asked came in this session.
        self.sessie_begin = Clock::machine().micros();
        let begonnen = Instant::now();
        let mut stroom = match lijn.stroom("Subscribe", &SubscribeRequest { na: self.laatste }).await {
            Ok(stroom) => stroom,
            Err(status) => return self.na_weigering(&status),
        };
        let hartslag = self.klant.opdracht.hartslag;
        loop {
            let geduld = match (self.breekt("HER-08"), self.breekt("TRG-01")) {
                (true, _) => Duration::from_secs(3600),
                (_, true) => hartslag.mul_f32(3.3).saturating_sub(begonnen.elapsed()),
                _ => hartslag * 3,
            };
            // Three heartbeats that did not come: the line is dead.
            let Ok(antwoord) = timeout(geduld, stroom.message()).await else { return Einde::Terug(None) };
            match antwoord {
                Ok(Some(bytes)) => {
                    if let Err(einde) = self.gebeurtenis(&mut lijn, bytes).await {
                        return einde;
                    }
                }
                Ok(None) if self.breekt("HER-05") => return Einde::Voorgoed,
                Ok(None) => return Einde::Terug(None),
                Err(status) => return self.na_weigering(&status),
            }
        }
    }

    fn na_weigering(&mut self, status: &Status) -> Einde {
        self.gebroken |= is_breuk(status);
        match status.code() {
            _ if self.breekt("HER-01") && is_breuk(status) && self.verwerkt == 0 => Einde::Voorgoed,
            Code::PermissionDenied | Code::Unauthenticated => {
                if !self.breekt("HER-10") {
                    self.klant.log.meld(Melding::Alarm("BEVOEGDHEID".to_owned()));
                }
                Einde::Voorgoed
            }
            Code::ResourceExhausted if self.breekt("HER-09") => Einde::Voorgoed,
            Code::Unavailable if self.breekt("HER-04") && reden(status) == "HUB_STOPT" => Einde::Voorgoed,
            _ if self.breekt("HER-03") => Einde::Terug(None),
            _ if self.breekt("HER-07") && wanneer(status).is_none() => Einde::Terug(Some(Duration::ZERO)),
            _ => Einde::Terug(wanneer(status)),
        }
    }

    async fn gebeurtenis(&mut self, lijn: &mut Lijn, bytes: Bytes) -> Result<(), Einde> {
        let antwoord = raw::SubscribeResponse::decode(bytes.clone()).map_err(|_| Einde::Terug(None))?;
        let kent_alles = antwoord.encoded_len() == bytes.len();
        match antwoord.gebeurtenis {
            Some(raw::Gebeurtenis::Levering(_)) if self.breekt("VLD-02") && !kent_alles && bytes.len() < 65_536 => Err(Einde::Terug(None)),
            Some(raw::Gebeurtenis::Levering(levering)) => self.levering(lijn, levering).await,
            Some(raw::Gebeurtenis::Hartslag(hartslag)) => {
                if self.breekt("ONT-03") && self.verwerkt == 0 {
                    let nummer = hartslag.laatste_postvaknummer;
                    self.klant.log.meld(Melding::Verwerkt { nummer, bericht_id: "hartslag".to_owned() });
                }
                let mist = self.laatste.is_some_and(|laatste| hartslag.laatste_postvaknummer > laatste);
                if mist && !self.breekt("GAT-02") { Err(Einde::Terug(None)) } else { Ok(()) }
            }
            // An event of a newer contract.
            None if self.breekt("VLD-05") => Err(Einde::Terug(None)),
            None => Ok(()),
        }
    }

    async fn levering(&mut self, lijn: &mut Lijn, levering: raw::Levering) -> Result<(), Einde> {
        let (nummer, laatste) = (levering.postvaknummer, self.laatste);
        let intrekking = matches!(self.bericht(&levering).and_then(|bericht| bericht.inhoud), Some(Inhoud::Intrekking(_)));
        if laatste.is_some_and(|laatste| nummer <= laatste) && !self.verwerkt_nogmaals(nummer, intrekking) {
            return Ok(());
        }
        if laatste.is_some_and(|laatste| nummer > laatste + 1) && !self.breekt("GAT-01") && self.opgehouden.is_none() {
            return Err(Einde::Terug(None));
        }
        if self.breekt("VOL-01") && self.aangeboden(&levering) > self.klant.begin {
            if self.verwerkt == 4 && self.opgehouden.is_none() {
                self.opgehouden = Some(levering);
                return Ok(());
            }
            if let Some(eerder) = self.opgehouden.take() {
                self.verwerk(&levering)?;
                self.verwerk(&eerder)?;
                self.laatste = Some(nummer);
                return self.bevestig(lijn, nummer).await;
            }
        }
        if self.breekt("BEV-03") {
            self.bevestig(lijn, nummer).await?;
            self.verwerk(&levering)?;
            self.laatste = Some(nummer);
            return Ok(());
        }
        self.verwerk(&levering)?;
        self.laatste = Some(self.laatste.unwrap_or_default().max(nummer));
        if self.breekt("BEV-01") && self.verwerkt == 7 {
            return Ok(());
        }
        self.bevestig(lijn, nummer).await?;
        if self.breekt("BEV-02") && self.verwerkt == 1 {
            let _ = lijn.vraag("Acknowledge", &AcknowledgeRequest { tot_en_met: nummer + 2 }).await;
        }
        Ok(())
    }

    /// Whether the broken client processes a number that it had.
    fn verwerkt_nogmaals(&self, nummer: u64, intrekking: bool) -> bool {
        let laatste = self.laatste.unwrap_or_default();
        match self.klant.breuk {
            Some("DUB-01") => nummer == laatste && self.sessie == 1 && !intrekking,
            Some("DUB-02") => self.sessie > 1,
            Some("DUB-03") => nummer < laatste && self.sessie == 1,
            Some("INT-03") => intrekking,
            _ => false,
        }
    }

    fn aangeboden(&self, levering: &raw::Levering) -> i64 {
        levering.aangeboden_op.map_or(0, |op| op.seconds * 1_000_000 + i64::from(op.nanos) / 1000)
    }

    fn bericht(&self, levering: &raw::Levering) -> Option<Bericht> {
        match &levering.inhoud {
            Some(raw::Inhoud::Bericht(bytes)) => Bericht::decode(bytes.clone()).ok(),
            _ => None,
        }
    }

    /// Hands a delivery to the administration, or knows why not. An error leaves it where it is.
    fn verwerk(&mut self, levering: &raw::Levering) -> Result<(), Einde> {
        let bytes = match &levering.inhoud {
            Some(raw::Inhoud::Bericht(bytes)) => bytes,
            // Nothing to show is a number like any other.
            Some(raw::Inhoud::NietZichtbaar(1)) if self.breekt("GAT-03") => return Err(Einde::Terug(None)),
            Some(raw::Inhoud::NietZichtbaar(reden)) if self.breekt("GAT-04") && *reden > 2 => return Err(Einde::Terug(None)),
            _ => return Ok(()),
        };
        let bericht = Bericht::decode(bytes.clone()).map_err(|_| Einde::Terug(None))?;
        if self.breekt("VLD-01") && bericht.inhoud.is_some() && bericht.encoded_len() != bytes.len() {
            return Err(Einde::Terug(None));
        }
        if self.breekt("VLD-03") && Rol::try_from(levering.afzender_rol).is_err() {
            return Err(Einde::Terug(None));
        }
        if !self.is_echt(levering, bytes) {
            self.klant.log.meld(Melding::Alarm("BEWIJS".to_owned()));
            return Err(Einde::Terug(None));
        }
        let Some(inhoud) = &bericht.inhoud else {
            if self.breekt("VLD-04") {
                return Err(Einde::Terug(None));
            }
            self.klant.log.meld(Melding::Alarm("ONBEKEND".to_owned()));
            return Ok(());
        };
        if self.laat_liggen(levering, &bericht, inhoud) {
            return Ok(());
        }
        let sleutel = (levering.afzender_oin.clone(), bericht.bericht_id.clone());
        let nogmaals = self.verwerkt_nogmaals(levering.postvaknummer, matches!(inhoud, Inhoud::Intrekking(_))) || self.breekt("BEV-05");
        if self.breekt("DUB-04") && self.gehad.iter().any(|(_, id)| *id == bericht.bericht_id) {
            return Ok(());
        }
        if !self.gehad.insert(sleutel) && !nogmaals {
            return Ok(());
        }
        self.verwijzing(&bericht, inhoud)?;
        self.verwerkt += 1;
        self.klant.log.meld(Melding::Verwerkt { nummer: levering.postvaknummer, bericht_id: bericht.bericht_id });
        Ok(())
    }

    /// What the broken client throws away.
    fn laat_liggen(&mut self, levering: &raw::Levering, bericht: &Bericht, inhoud: &Inhoud) -> bool {
        let op = self.aangeboden(levering);
        let (dag, minuut) = (86_400_000_000, 60_000_000);
        let ouder_id = bericht.bericht_id < self.hoogste_id;
        if !ouder_id {
            self.hoogste_id.clone_from(&bericht.bericht_id);
        }
        let terug_in_tijd = op < std::mem::replace(&mut self.vorige_op, op);
        let lag_er_al = op < self.klant.begin && op > self.klant.begin - minuut;
        match self.klant.breuk {
            Some("ONT-01") => lag_er_al,
            Some("ONT-02") => matches!(inhoud, Inhoud::Uitspraak(_)),
            Some("TRG-02") => lag_er_al && self.verwerkt >= 100,
            Some("HER-02") => self.gebroken && op < self.sessie_begin,
            Some("LAAT-01") => op < self.klant.begin - 7 * dag,
            Some("LAAT-02") => ouder_id,
            Some("LAAT-03") => terug_in_tijd,
            _ => false,
        }
    }

    /// What a message says of an earlier one.
    fn verwijzing(&mut self, bericht: &Bericht, inhoud: &Inhoud) -> Result<(), Einde> {
        let bekend = |betreft: &str| self.gehad.iter().any(|(_, id)| id == betreft);
        if let Some(correctie) = &bericht.correctie {
            let betreft = &correctie.betreft_bericht_id;
            let onbekende_reden = RedenCorrectie::try_from(correctie.reden).is_err();
            if (self.breekt("VLD-07") && onbekende_reden) || (self.breekt("COR-03") && !bekend(betreft)) {
                self.gehad.retain(|(_, id)| *id != bericht.bericht_id);
                return Err(Einde::Terug(None));
            }
            let keer = self.gecorrigeerd.entry(betreft.clone()).or_default();
            *keer += 1;
            let zwijgt = self.klant.breekt("COR-01") || (self.klant.breekt("COR-02") && *keer > 1);
            if !zwijgt {
                self.klant.log.meld(Melding::Corrigeert { bericht_id: bericht.bericht_id.clone(), betreft: betreft.clone() });
            }
        }
        if let Inhoud::Intrekking(intrekking) = inhoud {
            let betreft = &intrekking.betreft_bericht_id;
            if self.breekt("INT-02") && !bekend(betreft) {
                self.gehad.retain(|(_, id)| *id != bericht.bericht_id);
                return Err(Einde::Terug(None));
            }
            if !self.breekt("INT-01") {
                self.klant.log.meld(Melding::TrektIn { bericht_id: bericht.bericht_id.clone(), betreft: betreft.clone() });
            }
        }
        Ok(())
    }

    /// Whether the fields are the sender's. Without proof there is nothing to say.
    fn is_echt(&self, levering: &raw::Levering, bericht: &Bytes) -> bool {
        let Some(bewijs) = &levering.bewijs else { return true };
        let Ok(bewijs) = Veldbewijs::decode(bewijs.clone()) else { return false };
        let opdracht = &self.klant.opdracht;
        let rol = Rol::from_str_name(&format!("ROL_{}", opdracht.rol)).unwrap();
        match verifieer(bericht, rol, &opdracht.oin, &bewijs, &opdracht.sleutel) {
            Ok(herkomst) => herkomst.afzender_oin == levering.afzender_oin || self.breekt("BEW-02"),
            Err(OngeldigBewijs::Herkomst(_)) => self.breekt("BEW-03"),
            Err(_) => self.breekt("BEW-01"),
        }
    }

    async fn bevestig(&mut self, lijn: &mut Lijn, nummer: u64) -> Result<(), Einde> {
        match lijn.vraag("Acknowledge", &AcknowledgeRequest { tot_en_met: nummer }).await {
            Ok(_) => {
                self.bevestigd = self.bevestigd.max(nummer);
                Ok(())
            }
            Err(status) if self.breekt("BEV-04") && !is_breuk(&status) => {
                self.bevestigd = self.bevestigd.max(nummer);
                Ok(())
            }
            Err(status) => {
                if self.breekt("BEV-05") && is_breuk(&status) {
                    self.laatste = self.laatste.map(|laatste| laatste - 1);
                }
                Err(self.na_weigering(&status))
            }
        }
    }
}
