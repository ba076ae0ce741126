//! Nobody who has a table, what is hidden in it included, gives back a hidden number. The attacker is written apart from the rule.

use ketenhub::domain::rapport::{Verborgen, onderdruk};
use proptest::prelude::*;

type Regel = [u64; 2];

fn som(regels: impl Iterator<Item = Regel>) -> Regel {
    regels.fold([0, 0], |som, regel| [som[0] + regel[0], som[1] + regel[1]])
}

/// What the attacker knows of the hidden lines together: the total minus what is shown; nothing when the total is hidden.
fn rest(regels: &[Regel], verborgen: &Verborgen) -> Option<Regel> {
    let (totaal, zichtbaar) = (som(regels.iter().copied()), getoond(regels, verborgen));
    let zichtbaar = som(zichtbaar.into_iter());
    (!verborgen.totaal).then(|| [totaal[0] - zichtbaar[0], totaal[1] - zichtbaar[1]])
}

fn getoond(regels: &[Regel], verborgen: &Verborgen) -> Vec<Regel> {
    regels.iter().zip(&verborgen.regels).filter(|(_, verborgen)| !**verborgen).map(|(regel, _)| *regel).collect()
}

/// Every number that each of so many lines can have when they add up to a sum: tried out, one line after another.
fn mogelijk(aantal: usize, som: u64) -> Vec<Vec<u64>> {
    fn vul(over: usize, som: u64, begin: &mut Vec<u64>, gevonden: &mut [std::collections::BTreeSet<u64>]) {
        if over == 1 {
            begin.push(som);
            begin.iter().zip(gevonden.iter_mut()).for_each(|(waarde, set)| {
                set.insert(*waarde);
            });
            begin.pop();
            return;
        }
        for waarde in 0..=som {
            begin.push(waarde);
            vul(over - 1, som - waarde, begin, gevonden);
            begin.pop();
        }
    }
    let mut gevonden = vec![std::collections::BTreeSet::new(); aantal];
    if aantal > 0 {
        vul(aantal, som, &mut Vec::new(), &mut gevonden);
    }
    gevonden.into_iter().map(|set| set.into_iter().collect()).collect()
}

fn klein(getal: u64, kleinste: u32) -> bool {
    getal > 0 && getal < u64::from(kleinste)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_hidden_number_follows_from_what_is_shown(regels in prop::collection::vec([0_u64..30, 0_u64..30], 0..9)) {
        let verborgen = onderdruk(&regels, 10);
        prop_assert!(getoond(&regels, &verborgen).iter().flatten().all(|getal| !klein(*getal, 10)), "a small number is shown");
        let totaal = som(regels.iter().copied());
        let weg = verborgen.regels.iter().filter(|weg| **weg).count();
        if let Some(rest) = rest(&regels, &verborgen) {
            prop_assert!(totaal.iter().all(|getal| !klein(*getal, 10)), "a small total is shown");
            prop_assert!(weg != 1, "one hidden line is the total minus the others");
            for soort in 0..2 {
                prop_assert!(weg == 0 || totaal[soort] == 0 || rest[soort] >= 10, "the hidden ones are few together: {rest:?}");
            }
        }
        prop_assert!(regels.iter().zip(&verborgen.regels).all(|(regel, weg)| !(*weg && *regel == [0, 0])), "nothing is nothing to hide");
    }

    /// The same by trying out every table that shows the same, with a small threshold.
    #[test]
    fn every_hidden_number_can_be_many(regels in prop::collection::vec([0_u64..7, 0_u64..7], 2..5)) {
        let verborgen = onderdruk(&regels, 3);
        let totaal = som(regels.iter().copied());
        if let Some(rest) = rest(&regels, &verborgen) {
            let weg = verborgen.regels.iter().filter(|weg| **weg).count();
            for soort in (0..2).filter(|soort| totaal[*soort] > 0) {
                for waarden in mogelijk(weg, rest[soort]) {
                    prop_assert!(waarden.len() > 3, "{waarden:?}");
                }
            }
        }
    }
}

#[test]
fn a_line_is_hidden_with_as_few_children_as_it_takes() {
    let weg = |regels: &[Regel]| {
        let verborgen = onderdruk(regels, 10);
        (verborgen.totaal, verborgen.regels)
    };
    assert_eq!(weg(&[[20, 10], [30, 0], [0, 40]]), (false, vec![false; 3]), "none is small");
    assert_eq!(weg(&[[12, 3], [40, 12], [90, 20]]), (false, vec![true, true, false]), "three did not meet it; the next one hides them");
    assert_eq!(weg(&[[12, 3], [40, 0], [90, 20]]), (false, vec![true, true, true]), "one that has none hides nothing");
    assert_eq!(weg(&[[4, 0], [7, 0], [90, 0]]), (false, vec![true, true, false]), "two small ones hide each other");
    assert_eq!(weg(&[[4, 0], [5, 0], [90, 0]]), (false, vec![true, true, true]), "together they are nine");
    assert_eq!(weg(&[[4, 11], [0, 12]]), (true, vec![true, false]), "the total is small itself");
    assert_eq!(weg(&[[4, 0]]), (true, vec![true]));
    assert_eq!(weg(&[]), (false, vec![]));
    assert_eq!(onderdruk(&[[1, 1], [1, 0]], 0), Verborgen { totaal: false, regels: vec![false, false] }, "for the inspectie");
}
