//! Children with a maatregel in force, and without a jeugdbeschermer (R16, R21).

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{Kijker, aan_het_einde_van, regio_van};
use crate::domain::beleid::Beleid;
use crate::domain::ids::Oin;
use crate::domain::klok::{Dossier, meet};
use crate::domain::register::Register;
use crate::domain::zaak::Tegenstrijdig;

/// The queues on a day, by GI and region.
#[derive(Debug)]
pub struct Wachtenden<'a> {
    /// The day.
    pub op: NaiveDate,
    /// For whom.
    pub kijker: Kijker,
    /// The participants.
    pub register: &'a Register,
    /// The policy.
    pub beleid: &'a Beleid,
    /// What was counted.
    pub rijen: BTreeMap<(Oin, String), Wachtrij>,
}

/// The children of one GI in one region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wachtrij {
    /// Maatregelen in force.
    pub aantal: u64,
    /// Of these, without a jeugdbeschermer.
    pub zonder_jeugdbeschermer: u64,
    /// Of these without, on a list of the GI.
    pub op_lijst: u64,
    /// Longest time on such a list, in days.
    pub langste_dagen: u64,
    /// Of all, with two or more jeugdbeschermers.
    pub met_meer_jeugdbeschermers: u64,
}

impl Wachtenden<'_> {
    /// Counts a case.
    pub fn neem(&mut self, dossier: Dossier) -> Result<(), Tegenstrijdig> {
        let Some(dossier) = aan_het_einde_van(dossier, self.op) else { return Ok(()) };
        let stand = meet(&dossier, self.beleid)?;
        let gi = stand.zaak.houder_op(self.op);
        let van_kijker = self.kijker.ziet_alles() || self.kijker.is(gi, self.register);
        if !stand.zaak.van_kracht_op(self.op) || !van_kijker {
            return Ok(());
        }
        let regio = regio_van(self.register, &stand.zaak.woonplaats, gi, self.op);
        let huidig = |oin: Oin| self.register.opvolger(oin, self.op);
        let is_gi = |oin: Oin| huidig(oin) == huidig(gi);
        let aantal = stand.koppelingen.jeugdbeschermers(is_gi);
        let op_lijst = stand.koppelingen.op_lijst_sinds(is_gi);
        let rij = self.rijen.entry((gi, regio)).or_default();
        rij.aantal += 1;
        rij.zonder_jeugdbeschermer += u64::from(aantal == 0);
        rij.met_meer_jeugdbeschermers += u64::from(aantal >= 2);
        if let Some(sinds) = op_lijst {
            rij.op_lijst += 1;
            rij.langste_dagen = rij.langste_dagen.max((self.op - sinds).num_days().max(0).unsigned_abs());
        }
        Ok(())
    }
}
