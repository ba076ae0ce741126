//! Small numbers are hidden: a number of few children in a known place and time points at them. And as many more as it takes, because a
//! total minus the lines that are shown gives back what is not. Why, and what is not protected: `docs/decisions/0007-small-cells.md`.

/// The smallest number of children that is shown.
pub const KLEINSTE_CEL: u32 = 10;

/// How much of a line is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zicht {
    /// All of it.
    Alles,
    /// The numbers that hiding reckoned with; no finer ones.
    Grof,
    /// No number.
    Niets,
}

impl Zicht {
    /// Of a line that is hidden or not, and that is about the reader alone or not.
    pub fn van(verborgen: bool, alleen_eigen: bool) -> Zicht {
        match (verborgen, alleen_eigen) {
            (true, _) => Zicht::Niets,
            (false, true) => Zicht::Alles,
            (false, false) => Zicht::Grof,
        }
    }
}

/// What is hidden of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verborgen {
    /// Whether the total is.
    pub totaal: bool,
    /// Whether each line is.
    pub regels: Vec<bool>,
}

/// Decides what to hide of lines of disjoint numbers that add up to a total. The lines are without what their reader knows itself.
///
/// A line is hidden when one of its numbers is small. If the total is shown, so many are hidden that together they have at least `kleinste`
/// of each number: then in any of them it can be anything from nothing to that. A number that is zero in the total is zero everywhere, and
/// says so itself. A small total is hidden, and then nothing can be subtracted.
pub fn onderdruk<const N: usize>(regels: &[[u64; N]], kleinste: u32) -> Verborgen {
    let klein = |cellen: &[u64; N]| cellen.iter().any(|cel| *cel > 0 && *cel < u64::from(kleinste));
    let alles = som(regels.iter());
    let mut verborgen = Verborgen { totaal: klein(&alles), regels: regels.iter().map(klein).collect() };
    // The smallest first, so that most children stay visible. A line of zeros hides nothing.
    let mut volgorde: Vec<usize> = (0..regels.len()).filter(|index| regels[*index] != [0; N]).collect();
    volgorde.sort_by_key(|index| (regels[*index].iter().sum::<u64>(), *index));
    for index in volgorde {
        if verborgen.totaal || is_veilig(regels, &verborgen.regels, &alles, kleinste) {
            break;
        }
        verborgen.regels[index] = true;
    }
    verborgen
}

/// Whether of each number enough is hidden. Then it is of two lines or more, since one alone has a small number.
fn is_veilig<const N: usize>(regels: &[[u64; N]], verborgen: &[bool], alles: &[u64; N], kleinste: u32) -> bool {
    let weg = som(regels.iter().zip(verborgen).filter(|(_, verborgen)| **verborgen).map(|(regel, _)| regel));
    let genoeg = weg.iter().zip(alles).all(|(weg, alles)| *alles == 0 || *weg >= u64::from(kleinste));
    genoeg || !verborgen.contains(&true)
}

fn som<'a, const N: usize>(regels: impl Iterator<Item = &'a [u64; N]>) -> [u64; N] {
    regels.fold([0; N], |mut som, regel| {
        som.iter_mut().zip(regel).for_each(|(som, cel)| *som += cel);
        som
    })
}
