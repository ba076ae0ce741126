//! What became of the maatregelen of a GI that stops (R13). Each is counted exactly once: ended, with another GI, or still there.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use jeugdketen_proto::v1::bericht::Inhoud;

use crate::domain::beleid::Beleid;
use crate::domain::ids::Oin;
use crate::domain::klok::{Dossier, meet};
use crate::domain::register::Register;
use crate::domain::zaak::{Tegenstrijdig, geldende};

/// The maatregelen that a GI held on the day before it stops, and where they are now.
#[derive(Debug)]
pub struct Overdrachten<'a> {
    /// The GI that stops.
    pub gi: Oin,
    /// The day it stops.
    pub per: NaiveDate,
    /// Today.
    pub vandaag: NaiveDate,
    /// The participants.
    pub register: &'a Register,
    /// The policy.
    pub beleid: &'a Beleid,
    /// Maatregelen in force that it held on the day before.
    pub aangeboden: u64,
    /// Of these, ended since.
    pub geeindigd: u64,
    /// Of these, still there.
    pub zonder_andere_gi: u64,
    /// Of these, with another GI.
    pub overgenomen: BTreeMap<Oin, Overgenomen>,
}

/// What one GI took over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overgenomen {
    /// Maatregelen that the judge gave it.
    pub aantal: u64,
    /// Of these, with the uitspraak acknowledged.
    pub ontvangen: u64,
    /// Of these, with the case facts handed over.
    pub overgedragen: u64,
    /// Of these, with a jeugdbeschermer of the new GI.
    pub met_jeugdbeschermer: u64,
}

impl<'a> Overdrachten<'a> {
    /// Of a GI that stops on a day.
    pub fn new(gi: Oin, per: NaiveDate, vandaag: NaiveDate, register: &'a Register, beleid: &'a Beleid) -> Overdrachten<'a> {
        Overdrachten { gi, per, vandaag, register, beleid, aangeboden: 0, geeindigd: 0, zonder_andere_gi: 0, overgenomen: BTreeMap::new() }
    }

    /// Counts a case.
    pub fn neem(&mut self, dossier: &Dossier) -> Result<(), Tegenstrijdig> {
        let stand = meet(dossier, self.beleid)?;
        let zaak = &stand.zaak;
        let ervoor = self.per.pred_opt().unwrap_or(self.per);
        if !zaak.van_kracht_op(ervoor) || zaak.houder_op(ervoor) != self.gi {
            return Ok(());
        }
        self.aangeboden += 1;
        let nieuw = zaak.laatste_houder();
        if zaak.niet_meer_van_kracht().is_some_and(|einde| einde <= self.vandaag.max(self.per)) {
            self.geeindigd += 1;
        } else if nieuw == self.gi {
            self.zonder_andere_gi += 1;
        } else {
            let huidig = |oin: Oin| self.register.opvolger(oin, self.vandaag);
            let is_nieuw = |oin: Oin| huidig(oin) == huidig(nieuw);
            let met_jeugdbeschermer = stand.koppelingen.jeugdbeschermers(is_nieuw) > 0;
            let uitspraak = zaak.houders.last().map(|houder| houder.uitspraak);
            let volgnummer = zaak.stukken.iter().find(|stuk| Some(stuk.id) == uitspraak).map(|stuk| stuk.volgnummer);
            let ontvangen = dossier.ontvangsten.iter().any(|o| is_nieuw(o.wie) && Some(o.volgnummer) == volgnummer);
            let uitspraak = uitspraak.map(|id| id.to_string());
            let overgedragen = geldende(&dossier.feiten)
                .any(|(_, inhoud)| matches!(inhoud, Inhoud::Overdracht(m) if Some(&m.uitspraak_id) == uitspraak.as_ref()));
            let regel = self.overgenomen.entry(nieuw).or_default();
            regel.aantal += 1;
            regel.ontvangen += u64::from(ontvangen);
            regel.overgedragen += u64::from(overgedragen);
            regel.met_jeugdbeschermer += u64::from(met_jeugdbeschermer);
        }
        Ok(())
    }
}
