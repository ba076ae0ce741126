//! The judgement of one case on every indicator. "Niet beoordeeld" is a value with a reason, never a gap.

use chrono::NaiveDate;
use jeugdketen_proto::v1::{Indicator, Norm, RedenNietBeoordeeld, UitkomstKlok};

use super::{Klok, Lezing, Stand};
use crate::domain::ids::Oin;

/// The judgement on one indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beoordeling {
    /// What was judged.
    pub indicator: Indicator,
    /// Whether it was met, or why it cannot be judged.
    pub oordeel: Result<bool, RedenNietBeoordeeld>,
    /// Where the clock behind it stands; unspecified when it is no matter of time.
    pub uitkomst: UitkomstKlok,
    /// The GI that held the case when it was decided.
    pub gi: Oin,
}

impl Stand {
    /// The judgements at the end of a day; one for each machtiging, none when the uitspraak was withdrawn.
    pub fn beoordelingen(&self, dag: NaiveDate) -> Vec<Beoordeling> {
        self.klokken.iter().flat_map(|klok| self.van_klok(klok, dag)).collect()
    }

    /// How often the gezin changed hands: another link, or another GI (R26, R27).
    pub fn overdrachtsmomenten(&self) -> usize {
        self.koppelingen.wisselingen() + self.zaak.houders.len() - 1
    }

    fn van_klok(&self, klok: &Klok, dag: NaiveDate) -> Vec<Beoordeling> {
        let beoordeling = |indicator, lezing| {
            let (uitkomst, reden) = klok.uitkomst(lezing, dag);
            let gi = self.zaak.houder_op(klok.beslist_op(lezing, dag));
            Beoordeling { indicator, oordeel: oordeel(uitkomst, reden), uitkomst, gi }
        };
        match klok.norm {
            Norm::Kennisgeving => vec![beoordeling(Indicator::KennisgevingTijdig, Lezing::Strikt)],
            Norm::Jeugdbeschermer => {
                let vast = self.koppelingen.vast().ok_or(RedenNietBeoordeeld::GeenJeugdbeschermer);
                let tijdig = beoordeling(Indicator::JeugdbeschermerTijdig, Lezing::Inspectie);
                // Once there is one, whether it is vast is no matter of time.
                let uitkomst = vast.map_or(tijdig.uitkomst, |_| UitkomstKlok::Unspecified);
                vec![
                    tijdig,
                    beoordeling(Indicator::JeugdbeschermerTijdigStrikt, Lezing::Strikt),
                    Beoordeling { indicator: Indicator::JeugdbeschermerVast, oordeel: vast, uitkomst, ..tijdig },
                ]
            }
            Norm::Koers => {
                let tijdig = beoordeling(Indicator::KoersTijdig, Lezing::Strikt);
                let uitgezet = Beoordeling { indicator: Indicator::KoersUitgezet, ..tijdig };
                let gedragen = Beoordeling { indicator: Indicator::KoersGedragen, ..tijdig };
                let Some(koers) = self.koers else { return vec![uitgezet, tijdig, gedragen] };
                // There is one: whenever it came, time is no part of these two.
                let oordeel = koers.gedragen.ok_or(RedenNietBeoordeeld::DeelnameOnbekend);
                let uitkomst = UitkomstKlok::Unspecified;
                vec![Beoordeling { oordeel: Ok(true), uitkomst, ..uitgezet }, tijdig, Beoordeling { oordeel, uitkomst, ..gedragen }]
            }
            Norm::PassendeHulp => {
                let tijdig = beoordeling(Indicator::HulpTijdig, Lezing::Strikt);
                let ingezet = if self.passende_hulp { Ok(true) } else { tijdig.oordeel };
                vec![Beoordeling { indicator: Indicator::HulpIngezet, oordeel: ingezet, ..tijdig }, tijdig]
            }
            Norm::Machtiging => vec![beoordeling(Indicator::MachtigingTijdig, Lezing::Strikt)],
            Norm::Unspecified => Vec::new(),
        }
    }
}

impl Klok {
    /// The day that decided, which is whose GI answers for it: the day it stopped or its last day, whichever came first.
    fn beslist_op(&self, lezing: Lezing, dag: NaiveDate) -> NaiveDate {
        let dagen = [self.gestopt(lezing), self.looptijd.map(|looptijd| looptijd.uiterlijk), Some(dag)];
        dagen.into_iter().flatten().min().unwrap_or(dag)
    }
}

fn oordeel(uitkomst: UitkomstKlok, reden: RedenNietBeoordeeld) -> Result<bool, RedenNietBeoordeeld> {
    match uitkomst {
        UitkomstKlok::Gehaald => Ok(true),
        UitkomstKlok::TeLaat | UitkomstKlok::Verstreken | UitkomstKlok::Toegelicht | UitkomstKlok::Doorbraak => Ok(false),
        UitkomstKlok::Loopt => Err(RedenNietBeoordeeld::LooptNog),
        UitkomstKlok::NietBeoordeeld | UitkomstKlok::Unspecified => Err(reden),
    }
}
