//! A case is the fold of its facts: whatever order or part of them it is given, it answers; and on every day exactly one GI holds it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chrono::{DateTime, Days, NaiveDate};
use jeugdketen_proto::v1::{Bericht, Rol};
use jeugdketen_proto::{Projection as _, Reader};
use ketenhub::domain::ids::{MaatregelId, Oin};
use ketenhub::domain::zaak::{Feit, Zaak};
use proptest::prelude::*;

use crate::support::chain::{HUB, oin};
use crate::support::verhaal::{Verhaal, afzender, bericht, inhoud, intrekking_van, nieuw_id};

const GIS: [&str; 4] = ["gi", "gi-2", "gi-3", "gi-failliet"];

fn feit(naam: &str, mut bericht: Bericht) -> Feit {
    bericht.restrict(&Reader { role: Rol::Hub, oin: HUB });
    Feit { volgnummer: 0, afzender: oin(naam), rol: Rol::Hub, op: DateTime::UNIX_EPOCH, bericht: bericht.into() }
}

/// The facts of a case in which everything happened that can, with a correction and a withdrawal.
static FEITEN: LazyLock<Vec<Feit>> = LazyLock::new(|| {
    let mut verhaal = Verhaal { zaak: nieuw_id(), ..Verhaal::default() };
    let nummers = [
        "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "22", "23", "24", "26", "27", "28", "29", "30", "33", "25",
    ];
    let mut feiten: Vec<_> = nummers.iter().map(|nummer| feit(afzender(nummer), bericht(&mut verhaal, nummer))).collect();
    feiten.push(feit("gi", intrekking_van(&verhaal.ids["05"], &verhaal.zaak)));
    feiten.push(feit("rechtbank", intrekking_van(&verhaal.ids["23"], &verhaal.zaak)));
    feiten.push(feit("rechtbank", intrekking_van(&verhaal.ids["02"], &verhaal.zaak)));
    feiten
});

fn genummerd(feiten: impl IntoIterator<Item = Feit>) -> Vec<Feit> {
    (1..).zip(feiten).map(|(volgnummer, feit)| Feit { volgnummer, ..feit }).collect()
}

fn dag(na: u64) -> NaiveDate {
    "2026-03-01".parse::<NaiveDate>().expect("a date") + Days::new(na)
}

fn zaak_van(vervangingen: &[(usize, u64)]) -> Zaak {
    let mut verhaal = Verhaal { zaak: nieuw_id(), ..Verhaal::default() };
    let mut feiten = vec![feit("rechtbank", bericht(&mut verhaal, "02"))];
    for (gi, na) in vervangingen {
        let mut vervanging = bericht(&mut verhaal, "23");
        let m = inhoud!(vervanging, Uitspraak);
        (m.gi_oin, m.ingangsdatum) = (oin(GIS[*gi]).to_string(), dag(*na).to_string());
        feiten.push(feit("rechtbank", vervanging));
    }
    Zaak::vouw(MaatregelId::parse(&verhaal.zaak).expect("an id"), &genummerd(feiten)).expect("a case")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_order_and_no_part_of_the_facts_makes_the_fold_fall_over(
        keuze in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
        met_opening in any::<bool>(),
        na in 0_u64..600,
    ) {
        let opening = met_opening.then(|| FEITEN[0].clone());
        let feiten = genummerd(opening.into_iter().chain(keuze.iter().map(|index| index.get(&FEITEN).clone())));
        let Ok(zaak) = Zaak::vouw(MaatregelId::parse(&nieuw_id()).expect("an id"), &feiten) else { return Ok(()) };
        prop_assert_eq!(zaak.stukken.len(), feiten.len());
        prop_assert!(zaak.houders.iter().any(|houder| houder.gi == zaak.houder_op(dag(na))));
        prop_assert!(!zaak.ingetrokken || !zaak.van_kracht_op(dag(na)));
        prop_assert!(zaak.gewezen_houders().iter().all(|(gi, _)| *gi != zaak.laatste_houder()));
    }

    #[test]
    fn on_every_day_exactly_one_gi_holds_the_case_and_nobody_else_keeps_it(
        vervangingen in proptest::collection::vec((0_usize..4, 0_u64..60), 0..8),
    ) {
        // A vervanging names another GI than the one that was appointed last.
        let mut laatste = 0;
        let vervangingen: Vec<_> = vervangingen.into_iter().filter(|(gi, _)| std::mem::replace(&mut laatste, *gi) != *gi).collect();
        let zaak = zaak_van(&vervangingen);
        // The uitspraak that came last decides from its day on; nothing else does.
        let houder = |na: u64| vervangingen.iter().rev().find(|(_, per)| *per <= na).map_or("gi", |(gi, _)| GIS[*gi]);
        let alle: BTreeSet<Oin> = zaak.houders.iter().map(|houder| houder.gi).collect();
        let gewezen = zaak.gewezen_houders();
        for na in 18..70 {
            prop_assert_eq!(zaak.houder_op(dag(na)), oin(houder(na)));
        }
        for gi in &alle {
            let einde = gewezen.iter().find(|(ander, _)| ander == gi).map(|(_, per)| *per);
            let laatste_dag = (0..70).rev().find(|na| oin(houder(*na)) == *gi);
            match (einde, laatste_dag) {
                // It holds the case to the last, or will.
                (None, _) => prop_assert_eq!(*gi, zaak.laatste_houder()),
                (Some(einde), Some(laatste)) => prop_assert_eq!(einde, dag(laatste + 1)),
                // It never got the case.
                (Some(einde), None) => prop_assert!(einde <= dag(60)),
            }
        }
    }
}
