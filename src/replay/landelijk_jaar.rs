//! A year of the whole country, 2020: as many maatregelen as CBS counted begin, the running ones are extended, and help is found for all.
//! Made child by child while it is played; a share of it can be played.

use chrono::NaiveDate;
use jeugdketen_proto::v1::{Rol, SoortMaatregel};

use super::Scenario;
use super::agenda::{min_dagen, om, plus_dagen, plus_werkdagen, werkdag_vanaf};
use super::deelnemers::Deelnemers;
use super::gangen::{Bescherming, Hulpgang, Koersgang, Opbouw};
use super::keuze::Keuze;
use super::verloop::{Daad, Deelname, Stap, Verloop};
use crate::domain::dagen::plus_maanden;

/// Seed of all choices.
const ZAAD: u64 = 2020;
/// Maatregelen that began in 2020: jeugdbescherming and jeugdreclassering (CBS, provisional, in the report of the inspectorates).
const BEGONNEN_JB: u32 = 10_310;
const BEGONNEN_JR: u32 = 5_015;
/// Running OTS that are extended in a year, and the share of all OTS that comes with a machtiging uithuisplaatsing: about 9,000 a year.
const VERLENGD: u32 = 18_000;
const MET_MACHTIGING: i64 = 33;

/// The scenario: `deel` of the year, above 0 and up to 1.
pub(super) fn scenario(deel: f64) -> anyhow::Result<Scenario> {
    anyhow::ensure!(deel > 0.0 && deel <= 1.0, "--deel must be above 0 and at most 1");
    let spelers = Deelnemers::van_2021()?;
    let (begin, peildatum) = (eerste_dag(), min_dagen(plus_maanden(eerste_dag(), 12), 1));
    let aandeel = |aantal: u32| (f64::from(aantal) * deel).ceil() as u32;
    let (jb, jr, verlengd) = (aandeel(BEGONNEN_JB), aandeel(BEGONNEN_JR), aandeel(VERLENGD));
    let maker = Maker { spelers: spelers.clone(), peildatum };
    let nieuw = jb + jr;
    let dagen = (peildatum - begin).num_days();
    let lopende = (0..verlengd).map({
        let maker = maker.clone();
        move |nr| maker.lopend(nr)
    });
    let instroom = (0..nieuw).map(move |nr| {
        let op = plus_dagen(begin, i64::from(nr) * dagen / i64::from(nieuw.max(1)));
        // Every third is jeugdreclassering, as in the year.
        let is_jr = u64::from(nr + 1) * u64::from(jr) / u64::from(nieuw) > u64::from(nr) * u64::from(jr) / u64::from(nieuw);
        maker.nieuw(verlengd + nr, op, is_jr)
    });
    let verlopen = Box::new(lopende.chain(instroom));
    Ok(Scenario { naam: "landelijk-jaar", begin, peildatum, vanaf: Some(begin), spelers, verlopen, stopt_bevestigen: Vec::new() })
}

fn eerste_dag() -> NaiveDate {
    NaiveDate::from_ymd_opt(2020, 1, 1).unwrap_or_default()
}

/// Makes children, each from its own number alone.
#[derive(Clone)]
struct Maker {
    spelers: Deelnemers,
    peildatum: NaiveDate,
}

impl Maker {
    /// An OTS of last year, which the court puts on the hub in the first days of January and extends on its day.
    fn lopend(&self, nr: u32) -> Verloop {
        let mut keuze = Keuze::new(ZAAD ^ u64::from(nr) << 20);
        let uitspraak = werkdag_vanaf(plus_dagen(min_dagen(eerste_dag(), 345), keuze.tussen(0, 330)));
        let mut verloop = self.begin(nr, uitspraak, SoortMaatregel::Ots, &mut keuze);
        let (vanaf, tot) = (plus_maanden(uitspraak, 12), min_dagen(plus_maanden(uitspraak, 24), 1));
        let op = om(plus_werkdagen(eerste_dag(), keuze.tussen(1, 5)), keuze.tussen(8, 15));
        let zitting = om(werkdag_vanaf(min_dagen(vanaf, 7)).max(plus_werkdagen(op.date_naive(), 1)), keuze.tussen(9, 15));
        let machtiging = keuze.kans(MET_MACHTIGING);
        verloop.stappen = vec![Stap { op, daad: Daad::Oplegging }, Stap { op: zitting, daad: Daad::Verlenging { vanaf, tot, machtiging } }];
        verloop
    }

    /// A maatregel that begins.
    fn nieuw(&self, nr: u32, op: NaiveDate, is_jr: bool) -> Verloop {
        let mut keuze = Keuze::new(ZAAD ^ u64::from(nr) << 20);
        let vots = !is_jr && keuze.kans(20);
        let maatregel = match (is_jr, vots) {
            (true, _) => SoortMaatregel::JrToezichtGedwongen,
            (_, true) => SoortMaatregel::Vots,
            _ => SoortMaatregel::Ots,
        };
        let verloop = self.begin(nr, werkdag_vanaf(op), maatregel, &mut keuze);
        let verzonden = match keuze.tussen(0, 99) {
            0..90 => verloop.uitgesproken + chrono::TimeDelta::hours(keuze.tussen(1, 3)),
            _ => om(plus_werkdagen(verloop.uitgesproken.date_naive(), keuze.tussen(1, 10)), 10),
        };
        let (bescherming, koers, hulp) = gangen(vots, &mut keuze);
        // Histories run on after the year; what lies beyond it is not played.
        let einde = plus_maanden(self.peildatum, 6);
        let mut opbouw = Opbouw::new(verloop, verzonden, einde, &self.spelers, &mut keuze);
        opbouw.bescherming(bescherming);
        opbouw.koers(koers);
        opbouw.hulp(hulp);
        if vots {
            opbouw.einde_vots();
        }
        opbouw.klaar()
    }

    fn begin(&self, nr: u32, uitspraak: NaiveDate, maatregel: SoortMaatregel, keuze: &mut Keuze) -> Verloop {
        let gis: Vec<usize> = (0..self.spelers.alle().len()).filter(|plaats| self.spelers.speler(*plaats).rol == Rol::Gi).collect();
        let gi = keuze.een_van(&gis);
        let regio = keuze.een_van(&self.spelers.speler(gi).regios);
        let maanden = if maatregel == SoortMaatregel::Vots { 3 } else { 12 };
        Verloop {
            nr,
            rechtbank: keuze.een_van(&self.spelers.in_regio(Rol::Rechtbank, regio)),
            gi,
            gemeente: keuze.een_van(&self.spelers.in_regio(Rol::Gemeente, regio)),
            expertteam: self.spelers.in_rol(Rol::Expertteam).unwrap_or(gi),
            maatregel,
            uitgesproken: om(uitspraak, keuze.tussen(8, 11)),
            einddatum: min_dagen(plus_maanden(uitspraak, maanden), 1),
            machtiging: maatregel == SoortMaatregel::Ots && keuze.kans(MET_MACHTIGING),
            stappen: Vec::new(),
        }
    }
}

fn gangen(vots: bool, keuze: &mut Keuze) -> (Bescherming, Koersgang, Hulpgang) {
    let bescherming = match keuze.tussen(0, 99) {
        0..8 => Bescherming::Laat,
        8..13 => Bescherming::NaLijst,
        13..23 => Bescherming::Instroomteam,
        23..26 => Bescherming::MinimaleVariant,
        26..36 => Bescherming::Vooraf,
        _ => Bescherming::Meteen,
    };
    if vots {
        return (bescherming, Koersgang::Nog, Hulpgang::Crisis);
    }
    let koers = match keuze.tussen(0, 99) {
        0..8 => Koersgang::Nooit,
        8..11 => Koersgang::Laat,
        11..20 => Koersgang::Vooraf,
        20..24 => Koersgang::Uitgezet(Deelname::ZonderNetwerk),
        _ => Koersgang::Uitgezet(Deelname::Allen),
    };
    let hulp = match keuze.tussen(0, 99) {
        0..15 => Hulpgang::Wachtlijst,
        15..22 => Hulpgang::Afgewezen,
        22..26 => Hulpgang::Overbrugging,
        26..30 => Hulpgang::Niets,
        30..42 => Hulpgang::Laat,
        42..44 => Hulpgang::Doorbraak,
        44..47 => Hulpgang::Vooraf,
        _ => Hulpgang::Begonnen,
    };
    (bescherming, koers, hulp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_happens_after_the_end_and_children_come_in_the_order_of_their_day() {
        let alle: Vec<Verloop> = scenario(0.05).unwrap().verlopen.collect();
        for verloop in &alle {
            let einde = verloop.stappen.iter().position(|stap| matches!(stap.daad, Daad::Einde { .. }));
            assert!(einde.is_none_or(|plaats| plaats + 1 == verloop.stappen.len()), "jeugdige {}", verloop.nr);
            assert!(verloop.stappen.is_sorted_by_key(|stap| stap.op), "jeugdige {}", verloop.nr);
        }
        let instroom: Vec<_> = alle.iter().map(|verloop| verloop.uitgesproken.date_naive()).filter(|dag| *dag >= eerste_dag()).collect();
        assert!(instroom.len() > 700 && instroom.is_sorted());
    }
}
