//! One child in a test: its messages, made from the examples with the dates that matter.

use chrono::NaiveDate;
use jeugdketen_proto::v1::{
    Bericht, Machtiging, OordeelPassendheid, RedenWisseling, SoortKoppeling, SoortMachtiging, ToelichtbareNorm, UitkomstKlok,
};
use ketenhub::domain::klok::{Klok, Lezing, Stand};

use crate::support::chain::{Chain, oin};
use crate::support::verhaal::{Verhaal, bericht, inhoud, nieuw_id};

pub use jeugdketen_proto::v1::Norm;

/// A child whose case is held by one GI of the examples.
pub struct Kind<'a> {
    pub chain: &'a Chain,
    pub verhaal: Verhaal,
    pub gi: &'static str,
}

/// A date.
pub fn dag(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

impl<'a> Kind<'a> {
    /// A maatregel that is pronounced now, without machtiging.
    pub async fn met_uitspraak(chain: &'a Chain) -> Kind<'a> {
        Kind::met(chain, "gi", |_| {}).await
    }

    /// A maatregel that is pronounced now, given to a GI, with a change.
    pub async fn met(chain: &'a Chain, gi: &'static str, wijzig: impl FnOnce(&mut Bericht)) -> Kind<'a> {
        let mut kind = Kind { chain, verhaal: Verhaal::default(), gi };
        let mut uitspraak = bericht(&mut kind.verhaal, "02");
        let m = inhoud!(uitspraak, Uitspraak);
        let nu = chain.clock.now();
        m.uitgesproken_op = Some(ketenhub::time::timestamp(nu.timestamp_micros()));
        m.ingangsdatum = chain.clock.today().to_string();
        m.einddatum = (chain.clock.today() + chrono::TimeDelta::days(364)).to_string();
        m.gi_oin = oin(gi).to_string();
        m.machtigingen.clear();
        wijzig(&mut uitspraak);
        kind.verhaal.zaak = chain.aanvaard("rechtbank", &uitspraak).await.maatregel_id;
        kind
    }

    /// The GI acknowledges all it got.
    pub async fn ontvangen(&self) {
        ontvang_alles(self.chain, self.gi).await;
    }

    /// A link; returns its id.
    pub async fn koppeling(&mut self, soort: SoortKoppeling, op: &str) -> String {
        self.koppeling_met(soort, op, |_| {}).await
    }

    /// A link in the place of an earlier one.
    pub async fn wisseling(&mut self, soort: SoortKoppeling, op: &str, vervangt: &str, reden: RedenWisseling) -> String {
        let vervangt = vervangt.to_owned();
        self.koppeling_met(soort, op, |m| {
            (m.vervangt_koppeling_id, m.reden_wisseling) = (vervangt, reden.into());
        })
        .await
    }

    /// A link with a change.
    pub async fn koppeling_met(
        &mut self,
        soort: SoortKoppeling,
        op: &str,
        wijzig: impl FnOnce(&mut jeugdketen_proto::v1::Koppeling),
    ) -> String {
        let mut koppeling = bericht(&mut self.verhaal, "03");
        let m = inhoud!(koppeling, Koppeling);
        m.soort = soort.into();
        m.gekoppeld_op = op.to_owned();
        m.actief_contact_sinds.clear();
        wijzig(m);
        self.zend(self.gi, &koppeling).await
    }

    /// A koers in which everybody took part.
    pub async fn koers(&mut self, op: &str) -> String {
        self.koers_met(op, |_| {}).await
    }

    /// A koers with a change.
    pub async fn koers_met(&mut self, op: &str, wijzig: impl FnOnce(&mut jeugdketen_proto::v1::Koers)) -> String {
        let mut koers = bericht(&mut self.verhaal, "04");
        let m = inhoud!(koers, Koers);
        m.bepaald_op = op.to_owned();
        wijzig(m);
        self.zend(self.gi, &koers).await
    }

    /// Help is determined from a day on, three voorzieningen as in the example.
    pub async fn bepaling(&mut self, vanaf: &str) -> String {
        let mut bepaling = bericht(&mut self.verhaal, "05");
        let m = inhoud!(bepaling, Jeugdhulpbepaling);
        let vandaag = self.chain.clock.today().to_string();
        m.bepaald_op.clone_from(&vandaag);
        for voorziening in &mut m.voorzieningen {
            voorziening.ingangsdatum = vanaf.to_owned();
            voorziening.einddatum = (dag(vanaf) + chrono::TimeDelta::days(30)).to_string();
        }
        if let Some(overleg) = &mut m.overleg {
            overleg.uitkomst = Some(jeugdketen_proto::v1::overleg::Uitkomst::GevoerdOp(vandaag));
        }
        self.zend(self.gi, &bepaling).await
    }

    /// The first aanbieder puts the child on its waiting list.
    pub async fn intake_wachtlijst(&mut self, op: &str, verwacht: &str) -> String {
        let mut intake = bericht(&mut self.verhaal, "06");
        let m = inhoud!(intake, Intakeresultaat);
        m.aangemeld_op.clear();
        (m.intake_op, m.wachtlijst_sinds, m.verwachte_start) = (op.to_owned(), op.to_owned(), verwacht.to_owned());
        self.zend("aanbieder", &intake).await
    }

    /// The first aanbieder plans a start.
    pub async fn intake_gepland(&mut self, op: &str, gepland: &str) -> String {
        let mut intake = bericht(&mut self.verhaal, "08");
        let m = inhoud!(intake, Intakeresultaat);
        m.aangemeld_op.clear();
        m.voorziening_nr = 1;
        (m.intake_op, m.geplande_start) = (op.to_owned(), gepland.to_owned());
        self.zend("aanbieder", &intake).await
    }

    /// Ambulant help of the first aanbieder starts.
    pub async fn hulp(&mut self, op: &str) -> String {
        let mut hulp = bericht(&mut self.verhaal, "10");
        let m = inhoud!(hulp, HulpGestart);
        (m.voorziening_nr, m.productcategorie) = (1, "54".to_owned());
        m.gestart_op = op.to_owned();
        m.eerste_nacht.clear();
        m.uitvoerder_agb.clear();
        self.zend("aanbieder", &hulp).await
    }

    /// Verblijf at the third aanbieder starts; the first night is the day before.
    pub async fn verblijf(&mut self, op: &str) -> String {
        let mut hulp = bericht(&mut self.verhaal, "10");
        let m = inhoud!(hulp, HulpGestart);
        m.gestart_op = op.to_owned();
        m.eerste_nacht = (dag(op) - chrono::TimeDelta::days(1)).to_string();
        self.zend("aanbieder-3", &hulp).await
    }

    /// The GI judges the help of a voorziening.
    pub async fn passendheid(&mut self, nr: u32, op: &str, oordeel: OordeelPassendheid, doorbraak: bool) -> String {
        let mut passendheid = bericht(&mut self.verhaal, "11");
        let m = inhoud!(passendheid, Passendheid);
        m.voorziening_nr = nr;
        m.beoordeeld_op = op.to_owned();
        m.oordeel = oordeel.into();
        m.via_doorbraakaanpak = doorbraak;
        self.zend(self.gi, &passendheid).await
    }

    /// The GI explains.
    pub async fn toelichting(&mut self, norm: ToelichtbareNorm) -> String {
        let mut toelichting = bericht(&mut self.verhaal, "13");
        inhoud!(toelichting, Toelichting).norm = norm.into();
        self.zend(self.gi, &toelichting).await
    }

    /// Submits a message of the case, which is accepted; returns its id.
    pub async fn zend(&self, wie: &str, bericht: &Bericht) -> String {
        self.chain.aanvaard(wie, bericht).await;
        bericht.bericht_id.clone()
    }

    /// The clocks as they are measured.
    pub async fn stand(&self) -> Stand {
        self.chain.stand(&self.verhaal.zaak).await
    }

    /// Where a clock stands today, strict.
    pub async fn uitkomst(&self, norm: Norm) -> UitkomstKlok {
        let stand = self.stand().await;
        klok(&stand, norm).uitkomst(Lezing::Strikt, self.chain.clock.today()).0
    }
}

/// A participant acknowledges all it got.
pub async fn ontvang_alles(chain: &Chain, naam: &str) {
    let laatste = chain.postvak(naam).await.last().map_or(0, |levering| levering.nr);
    chain.bevestig(naam, laatste).await.expect("a number that was given out");
}

/// The clock of a norm.
pub fn klok(stand: &Stand, norm: Norm) -> &Klok {
    stand.klokken.iter().find(|klok| klok.norm == norm).expect("a clock of this norm")
}

/// A machtiging uithuisplaatsing for a year from a day.
pub fn machtiging(vanaf: &str) -> Machtiging {
    let einddatum = (dag(vanaf) + chrono::TimeDelta::days(364)).to_string();
    Machtiging { soort: SoortMachtiging::Uithuisplaatsing.into(), ingangsdatum: vanaf.to_owned(), einddatum }
}

/// An id that is nobody's.
pub fn onbekend_id() -> String {
    nieuw_id()
}
