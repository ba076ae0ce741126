//! Help that should run and did not start, by productcategorie and region (R84–R87).

use std::collections::BTreeMap;
use std::ops::AddAssign;

use chrono::NaiveDate;
use jeugdketen_proto::v1::Rol;

use super::{KLEINSTE_CEL, Kijker, Zicht, aan_het_einde_van, onderdruk, regio_van};
use crate::domain::klok::Dossier;
use crate::domain::register::Register;
use crate::domain::zaak::{Tegenstrijdig, Voorziening, Zaak};

/// The shortage on a day.
#[derive(Debug)]
pub struct Tekorten<'a> {
    op: NaiveDate,
    kijker: Kijker,
    register: &'a Register,
    /// By productcategorie and region: all, and what the reader knows itself.
    regels: BTreeMap<String, BTreeMap<String, [Tekort; 2]>>,
}

/// Voorzieningen that wait for a start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tekort {
    /// Waiting at most 42 days, 43 to 91, and longer.
    pub klassen: [u64; 3],
    /// How many are on a waiting list of the aanbieder.
    pub op_wachtlijst: u64,
    /// The longest wait in days since the first day on which help should run.
    pub langste_dagen: u64,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tekortregel {
    /// Productcategorie of list JZ020.
    pub productcategorie: String,
    /// Region; empty for all together.
    pub regio: String,
    /// How much may be shown.
    pub zicht: Zicht,
    /// The numbers.
    pub tekort: Tekort,
}

impl Tekort {
    /// How many wait.
    pub fn aantal(&self) -> u64 {
        self.klassen.iter().sum()
    }

    fn een(voorziening: &Voorziening, dagen: u64) -> Tekort {
        let mut klassen = [0; 3];
        klassen[usize::from(dagen > 42) + usize::from(dagen > 91)] = 1;
        Tekort { klassen, op_wachtlijst: voorziening.op_wachtlijst.into(), langste_dagen: dagen }
    }

    fn zonder(&self, eigen: &Tekort) -> [u64; 3] {
        std::array::from_fn(|klasse| self.klassen[klasse] - eigen.klassen[klasse])
    }
}

impl AddAssign for Tekort {
    fn add_assign(&mut self, ander: Tekort) {
        self.klassen.iter_mut().zip(ander.klassen).for_each(|(som, ander)| *som += ander);
        self.op_wachtlijst += ander.op_wachtlijst;
        self.langste_dagen = self.langste_dagen.max(ander.langste_dagen);
    }
}

impl Tekorten<'_> {
    /// Of a day, for a reader.
    pub fn new(op: NaiveDate, kijker: Kijker, register: &Register) -> Tekorten<'_> {
        Tekorten { op, kijker, register, regels: BTreeMap::new() }
    }

    /// Counts the voorzieningen of a case that should run on this day and whose help has not started.
    pub fn neem(&mut self, dossier: Dossier) -> Result<(), Tegenstrijdig> {
        let Some(dossier) = aan_het_einde_van(dossier, self.op) else { return Ok(()) };
        let zaak = Zaak::vouw(dossier.id, &dossier.feiten)?;
        if !zaak.van_kracht_op(self.op) {
            return Ok(());
        }
        let regio = regio_van(self.register, &zaak.woonplaats, zaak.houder_op(self.op), self.op);
        for voorziening in &zaak.voorzieningen {
            let loopt = voorziening.einde.is_none_or(|einde| self.op <= einde) && voorziening.gestart_op.is_none();
            let Some(ingang) = voorziening.ingang.filter(|ingang| loopt && *ingang <= self.op) else { continue };
            let een = Tekort::een(voorziening, (self.op - ingang).num_days().unsigned_abs());
            let eigen = if self.is_eigen(&zaak, voorziening) { een } else { Tekort::default() };
            let regels = self.regels.entry(voorziening.productcategorie.clone()).or_default();
            let regel = regels.entry(regio.clone()).or_default();
            regel[0] += een;
            regel[1] += eigen;
        }
        Ok(())
    }

    fn is_eigen(&self, zaak: &Zaak, voorziening: &Voorziening) -> bool {
        match self.kijker.rol {
            Rol::Gi => self.kijker.is(zaak.houder_op(self.op), self.register),
            Rol::Aanbieder => self.kijker.is(voorziening.aanbieder, self.register),
            Rol::Gemeente => self.register.gemeente(&zaak.woonplaats, self.op).is_some_and(|gemeente| gemeente.oin == self.kijker.oin),
            _ => false,
        }
    }

    /// For each productcategorie all regions together, and then each.
    pub fn regels(self) -> Vec<Tekortregel> {
        let kijker = self.kijker;
        self.regels.into_iter().flat_map(|(categorie, regios)| tabel(&categorie, regios, kijker)).collect()
    }
}

fn tabel(productcategorie: &str, regios: BTreeMap<String, [Tekort; 2]>, kijker: Kijker) -> Vec<Tekortregel> {
    let anderen: Vec<_> = regios.values().map(|[alle, eigen]| alle.zonder(eigen)).collect();
    let verborgen = onderdruk(&anderen, if kijker.ziet_alles() { 0 } else { KLEINSTE_CEL });
    let mut totaal = [Tekort::default(); 2];
    regios.values().for_each(|[alle, eigen]| {
        totaal[0] += *alle;
        totaal[1] += *eigen;
    });
    let regel = |regio: &str, verborgen: bool, [alle, eigen]: [Tekort; 2]| {
        let zicht = Zicht::van(verborgen, kijker.ziet_alles() || alle == eigen);
        Tekortregel { productcategorie: productcategorie.to_owned(), regio: regio.to_owned(), zicht, tekort: alle }
    };
    let mut regels = vec![regel("", verborgen.totaal, totaal)];
    regels.extend(regios.iter().zip(&verborgen.regels).map(|((regio, tekort), verborgen)| regel(regio, *verborgen, *tekort)));
    regels
}
