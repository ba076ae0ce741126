//! How long the steps of the chain take, by who takes them (R41, R44, R55, R57, R68).

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::overleg::Uitkomst;
use jeugdketen_proto::v1::{self, Rol, Stap, UitkomstIntake};

use super::percentiel;
use crate::domain::deelnemer::datum;
use crate::domain::ids::Oin;
use crate::domain::klok::Dossier;
use crate::domain::zaak::{Feit, datum_in_nederland, geldende};

/// The steps whose end was accepted within a period.
#[derive(Debug)]
pub struct Doorlooptijden {
    vanaf: Option<NaiveDate>,
    tot_en_met: NaiveDate,
    duren: BTreeMap<(i32, Oin), Vec<u64>>,
}

/// How long one step takes one participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doorlooptijd {
    /// The step.
    pub stap: Stap,
    /// Who takes it.
    pub oin: Oin,
    /// How often.
    pub aantal: u64,
    /// Median, 95th percentile and maximum, in days.
    pub dagen: [u64; 3],
}

/// What was said before, in one case.
#[derive(Default)]
struct Eerder<'a> {
    koers: Option<NaiveDate>,
    bepaald: HashMap<&'a str, NaiveDate>,
    wacht_sinds: HashMap<(&'a str, u32), NaiveDate>,
}

impl Doorlooptijden {
    /// From one day up to and including another.
    pub fn new(vanaf: Option<NaiveDate>, tot_en_met: NaiveDate) -> Doorlooptijden {
        Doorlooptijden { vanaf, tot_en_met, duren: BTreeMap::new() }
    }

    /// Counts the steps of a case.
    pub fn neem(&mut self, dossier: &Dossier) {
        let mut eerder = Eerder::default();
        for (feit, inhoud) in geldende(&dossier.feiten) {
            let op = datum_in_nederland(feit.op);
            match inhoud {
                Inhoud::Koers(m) => eerder.koers = datum(&m.bepaald_op).or(eerder.koers),
                Inhoud::Jeugdhulpbepaling(m) => {
                    self.tel(Stap::KoersTotOverleg, feit.afzender, eerder.koers, gevoerd_op(m), op);
                    eerder.bepaald.insert(&feit.bericht.bericht_id, op);
                    self.tel_ontvangsten(dossier, feit, op);
                }
                Inhoud::Verwerking(m) => {
                    self.tel(Stap::BepalingTotVerwerking, feit.afzender, eerder.bepaald.get(m.bepaling_id.as_str()).copied(), Some(op), op);
                }
                Inhoud::Intakeresultaat(m) => self.tel_intake(&mut eerder, feit, m, op),
                Inhoud::HulpGestart(m) => {
                    let sinds = eerder.wacht_sinds.get(&(m.bepaling_id.as_str(), m.voorziening_nr)).copied();
                    self.tel(Stap::WachtlijstTotStart, feit.afzender, sinds, datum(&m.gestart_op), op);
                }
                _ => {}
            }
        }
    }

    fn tel_intake<'a>(&mut self, eerder: &mut Eerder<'a>, feit: &Feit, m: &'a v1::Intakeresultaat, op: NaiveDate) {
        self.tel(Stap::AanmeldingTotIntake, feit.afzender, datum(&m.aangemeld_op), datum(&m.intake_op), op);
        match m.uitkomst() {
            UitkomstIntake::NietPassend => {
                self.tel(Stap::BepalingTotAfwijzing, feit.afzender, eerder.bepaald.get(m.bepaling_id.as_str()).copied(), Some(op), op);
            }
            UitkomstIntake::GeschiktWachtlijst => {
                let sinds = datum(&m.wachtlijst_sinds);
                eerder.wacht_sinds.extend(sinds.map(|sinds| ((m.bepaling_id.as_str(), m.voorziening_nr), sinds)));
            }
            _ => {}
        }
    }

    /// Once for each aanbieder, however many voorzieningen it got.
    fn tel_ontvangsten(&mut self, dossier: &Dossier, feit: &Feit, bepaald: NaiveDate) {
        let ontvangen = dossier.ontvangsten.iter().filter(|o| o.rol == Rol::Aanbieder && o.volgnummer == feit.volgnummer);
        for ontvangst in ontvangen {
            let op = datum_in_nederland(ontvangst.op);
            self.tel(Stap::BepalingTotAanbieder, ontvangst.wie, Some(bepaald), Some(op), op);
        }
    }

    fn tel(&mut self, stap: Stap, wie: Oin, van: Option<NaiveDate>, tot: Option<NaiveDate>, aanvaard: NaiveDate) {
        let in_periode = self.vanaf.is_none_or(|vanaf| vanaf <= aanvaard) && aanvaard <= self.tot_en_met;
        if let (true, Some(van), Some(tot)) = (in_periode, van, tot) {
            let dagen = (tot - van).num_days().max(0).unsigned_abs();
            self.duren.entry((stap.into(), wie)).or_default().push(dagen);
        }
    }

    /// One line for each step and who takes it.
    pub fn regels(self) -> impl Iterator<Item = Doorlooptijd> {
        self.duren.into_iter().map(|((stap, oin), mut duren)| {
            duren.sort_unstable();
            let dagen = [50, 95, 100].map(|procent| percentiel(&duren, procent));
            Doorlooptijd { stap: Stap::try_from(stap).unwrap_or_default(), oin, aantal: duren.len() as u64, dagen }
        })
    }
}

fn gevoerd_op(m: &v1::Jeugdhulpbepaling) -> Option<NaiveDate> {
    match m.overleg.as_ref()?.uitkomst.as_ref()? {
        Uitkomst::GevoerdOp(dag) => datum(dag),
        Uitkomst::NietVereist(_) => None,
    }
}
