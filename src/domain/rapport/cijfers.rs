//! How often each norm was met, by group. Every indicator has a denominator of its own: what cannot be judged is counted beside it.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use chrono::NaiveDate;
use jeugdketen_proto::v1::{Indicator, UitkomstKlok, Uitsplitsing};

use super::{KLEINSTE_CEL, Kijker, Zicht, aan_het_einde_van, kolom, onderdruk, regio_van};
use crate::domain::beleid::Beleid;
use crate::domain::ids::Oin;
use crate::domain::klok::{Beoordeling, Dossier, meet};
use crate::domain::register::Register;
use crate::domain::zaak::{Tegenstrijdig, Zaak};

/// Every indicator, in the order of the reports.
pub const INDICATOREN: [Indicator; 10] = [
    Indicator::KennisgevingTijdig,
    Indicator::JeugdbeschermerTijdig,
    Indicator::JeugdbeschermerTijdigStrikt,
    Indicator::JeugdbeschermerVast,
    Indicator::KoersUitgezet,
    Indicator::KoersTijdig,
    Indicator::KoersGedragen,
    Indicator::HulpIngezet,
    Indicator::HulpTijdig,
    Indicator::MachtigingTijdig,
];

/// Which figures.
#[derive(Clone, Debug)]
pub struct Vraag {
    /// Only what this GI held when it was decided.
    pub gi: Option<Oin>,
    /// Only this column; empty for all.
    pub regio: String,
    /// Only cases opened by this rechtbank.
    pub rechtbank: Option<Oin>,
    /// Pronounced from this day.
    pub vanaf: Option<NaiveDate>,
    /// Up to and including this one.
    pub tot_en_met: NaiveDate,
    /// As known at the end of this day.
    pub peildatum: NaiveDate,
    /// How to divide.
    pub per: Uitsplitsing,
}

/// How often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Telling {
    /// Cases that met it.
    pub gehaald: u64,
    /// Cases that could be judged.
    pub beoordeeld: u64,
    /// Of the judged that did not meet it: explained.
    pub toegelicht: u64,
    /// Of the judged that did not meet it in time: by the doorbraakaanpak.
    pub doorbraak: u64,
    /// Cases that could not be judged.
    pub niet_beoordeeld: u64,
    /// Of these, still running.
    pub loopt: u64,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normregel {
    /// What of which norm.
    pub indicator: Indicator,
    /// OIN, column or gemeentecode; empty for the total.
    pub groep: String,
    /// Its name.
    pub naam: String,
    /// How much may be shown.
    pub zicht: Zicht,
    /// The numbers.
    pub telling: Telling,
}

/// What was counted.
#[derive(Debug)]
pub struct Cijfers<'a> {
    vraag: Vraag,
    kijker: Kijker,
    register: &'a Register,
    beleid: &'a Beleid,
    /// Cases: all, and those in which everything is the reader's own.
    zaken: [u64; 2],
    /// By indicator and group: the name, all, and what the reader knows itself.
    groepen: BTreeMap<(i32, String), (String, [Telling; 2])>,
    totalen: BTreeMap<i32, [Telling; 2]>,
}

/// The part of a whole in percent, rounded half up; none of nothing.
pub fn procent(deel: u64, geheel: u64) -> Option<u32> {
    let deel = u128::from(deel) * 200 + u128::from(geheel);
    deel.checked_div(u128::from(geheel) * 2).and_then(|procent| u32::try_from(procent).ok())
}

impl Telling {
    fn van(beoordeling: &Beoordeling) -> Telling {
        let mis = beoordeling.oordeel == Ok(false);
        let uitkomst = |uitkomst| beoordeling.uitkomst == uitkomst;
        Telling {
            gehaald: (beoordeling.oordeel == Ok(true)).into(),
            beoordeeld: beoordeling.oordeel.is_ok().into(),
            toegelicht: (mis && uitkomst(UitkomstKlok::Toegelicht)).into(),
            doorbraak: (mis && uitkomst(UitkomstKlok::Doorbraak)).into(),
            niet_beoordeeld: beoordeling.oordeel.is_err().into(),
            loopt: (beoordeling.oordeel.is_err() && uitkomst(UitkomstKlok::Loopt)).into(),
        }
    }

    /// Met and not met, of others than the reader.
    fn zonder(&self, eigen: &Telling) -> [u64; 2] {
        let mis = |telling: &Telling| telling.beoordeeld - telling.gehaald;
        [self.gehaald - eigen.gehaald, mis(self) - mis(eigen)]
    }
}

impl AddAssign for Telling {
    fn add_assign(&mut self, ander: Telling) {
        self.gehaald += ander.gehaald;
        self.beoordeeld += ander.beoordeeld;
        self.toegelicht += ander.toegelicht;
        self.doorbraak += ander.doorbraak;
        self.niet_beoordeeld += ander.niet_beoordeeld;
        self.loopt += ander.loopt;
    }
}

impl<'a> Cijfers<'a> {
    /// For a question of a reader.
    pub fn new(vraag: Vraag, kijker: Kijker, register: &'a Register, beleid: &'a Beleid) -> Cijfers<'a> {
        let totalen = INDICATOREN.into_iter().map(|indicator| (indicator.into(), Default::default())).collect();
        Cijfers { vraag, kijker, register, beleid, zaken: [0; 2], groepen: BTreeMap::new(), totalen }
    }

    /// Counts a case as it was known at the end of the day.
    pub fn neem(&mut self, dossier: Dossier) -> Result<(), Tegenstrijdig> {
        let Some(dossier) = aan_het_einde_van(dossier, self.vraag.peildatum) else { return Ok(()) };
        let stand = meet(&dossier, self.beleid)?;
        let zaak = &stand.zaak;
        let in_periode = self.vraag.vanaf.is_none_or(|vanaf| vanaf <= zaak.uitgesproken) && zaak.uitgesproken <= self.vraag.tot_en_met;
        if !in_periode || self.vraag.rechtbank.is_some_and(|rechtbank| rechtbank != zaak.rechtbank) {
            return Ok(());
        }
        let (mut geteld, mut eigen) = (false, true);
        for beoordeling in stand.beoordelingen(self.vraag.peildatum) {
            let regio = regio_van(self.register, &zaak.woonplaats, beoordeling.gi, self.vraag.peildatum);
            let kolom = kolom(beoordeling.indicator, &regio);
            let gevraagd =
                self.vraag.gi.is_none_or(|gi| gi == beoordeling.gi) && (self.vraag.regio.is_empty() || self.vraag.regio == kolom);
            if gevraagd {
                geteld = true;
                eigen &= self.tel(zaak, &beoordeling, kolom);
            }
        }
        self.zaken[0] += u64::from(geteld);
        self.zaken[1] += u64::from(geteld && eigen);
        Ok(())
    }

    /// Counts a judgement; whether it is about the reader itself.
    fn tel(&mut self, zaak: &Zaak, beoordeling: &Beoordeling, kolom: &str) -> bool {
        let eigen = self.kijker.is(beoordeling.gi, self.register);
        let telling = Telling::van(beoordeling);
        let tellingen = [telling, if eigen { telling } else { Telling::default() }];
        let indicator = beoordeling.indicator.into();
        tel_op(self.totalen.entry(indicator).or_default(), &tellingen);
        if let Some((groep, naam)) = self.groep(zaak, beoordeling, kolom) {
            tel_op(&mut self.groepen.entry((indicator, groep)).or_insert((naam, Default::default())).1, &tellingen);
        }
        eigen
    }

    fn groep(&self, zaak: &Zaak, beoordeling: &Beoordeling, kolom: &str) -> Option<(String, String)> {
        let deelnemer = |oin: Oin| {
            let naam = self.register.zoek(oin).map(|deelnemer| deelnemer.naam.clone()).unwrap_or_default();
            Some((oin.to_string(), naam))
        };
        match self.vraag.per {
            Uitsplitsing::Unspecified => None,
            Uitsplitsing::Gi => deelnemer(beoordeling.gi),
            Uitsplitsing::Rechtbank => deelnemer(zaak.rechtbank),
            Uitsplitsing::Regio => Some((kolom.to_owned(), kolom.to_owned())),
            Uitsplitsing::Gemeente => {
                let gemeente = self.register.gemeente(&zaak.woonplaats, self.vraag.peildatum);
                let bekend = gemeente.map(|gemeente| (gemeente.code.clone(), gemeente.naam.clone()));
                Some(bekend.unwrap_or_else(|| (zaak.woonplaats.clone(), String::new())))
            }
        }
    }

    /// Number of cases; none when it is not only about the reader.
    pub fn zaken(&self) -> Option<u64> {
        (self.kijker.ziet_alles() || self.zaken[0] == self.zaken[1]).then_some(self.zaken[0])
    }

    /// For each indicator the total, and then each group.
    pub fn regels(&self) -> Vec<Normregel> {
        INDICATOREN.into_iter().flat_map(|indicator| self.tabel(indicator)).collect()
    }

    fn tabel(&self, indicator: Indicator) -> Vec<Normregel> {
        let sleutel = i32::from(indicator);
        let groepen: Vec<_> =
            self.groepen.iter().filter(|((van, _), _)| *van == sleutel).map(|((_, groep), regel)| (groep, regel)).collect();
        let totaal = self.totalen.get(&sleutel).copied().unwrap_or_default();
        let mut anderen: Vec<_> = groepen.iter().map(|(_, (_, [alle, eigen]))| alle.zonder(eigen)).collect();
        if anderen.is_empty() {
            anderen.push(totaal[0].zonder(&totaal[1]));
        }
        let verborgen = onderdruk(&anderen, if self.kijker.ziet_alles() { 0 } else { KLEINSTE_CEL });
        let regel = |groep: &str, naam: &str, verborgen: bool, [alle, eigen]: [Telling; 2]| {
            let zicht = Zicht::van(verborgen, self.kijker.ziet_alles() || alle == eigen);
            Normregel { indicator, groep: groep.to_owned(), naam: naam.to_owned(), zicht, telling: alle }
        };
        let mut regels = vec![regel("", "", verborgen.totaal, totaal)];
        regels.extend(groepen.iter().zip(&verborgen.regels).map(|((groep, (naam, t)), verborgen)| regel(groep, naam, *verborgen, *t)));
        regels
    }
}

fn tel_op(som: &mut [Telling; 2], erbij: &[Telling; 2]) {
    som.iter_mut().zip(erbij).for_each(|(som, erbij)| *som += *erbij);
}

#[cfg(test)]
mod tests {
    use super::procent;

    #[test]
    fn half_a_percent_is_rounded_up() {
        let gedrukt = [(307, 354, 87), (367, 400, 92), (262, 283, 93), (230, 258, 89), (249, 278, 90), (284, 366, 78), (239, 357, 67)];
        for (deel, geheel, afgerond) in gedrukt {
            assert_eq!(procent(deel, geheel), Some(afgerond), "{deel}/{geheel} as printed in the report of 2021");
        }
        assert_eq!((procent(1, 8), procent(25, 200), procent(49, 9_800), procent(1, 200)), (Some(13), Some(13), Some(1), Some(1)));
        assert_eq!((procent(124, 1_000), procent(0, 7), procent(7, 7), procent(0, 0)), (Some(12), Some(0), Some(100), None));
        assert_eq!(procent(u64::MAX, u64::MAX), Some(100));
    }
}
