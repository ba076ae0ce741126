//! Plots as SVG: bars, a trend and a grid of regions. Looks are in the style sheet. Each plot is an image with a name; its numbers are in a
//! table beside it, on every page that shows one.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A value of a plot: its name, and how much of how much; none when it may not be shown or there is nothing.
pub(super) struct Waarde {
    pub(super) naam: String,
    pub(super) deel: Option<(u64, u64)>,
}

impl Waarde {
    /// In percent, not rounded.
    fn procent(&self) -> Option<f64> {
        self.deel.filter(|(_, geheel)| *geheel > 0).map(|(deel, geheel)| deel as f64 * 100.0 / geheel as f64)
    }

    fn label(&self) -> String {
        match (self.deel, self.procent()) {
            (Some((deel, geheel)), Some(procent)) => format!("{procent:.0}% ({deel}/{geheel})"),
            _ => "–".to_owned(),
        }
    }
}

/// Text as it may stand in SVG.
fn veilig(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn begin(titel: &str, breed: usize, hoog: usize) -> String {
    let titel = veilig(titel);
    format!("<svg class=\"plaat\" viewBox=\"0 0 {breed} {hoog}\" role=\"img\" aria-label=\"{titel}\" xmlns=\"http://www.w3.org/2000/svg\">")
}

/// A bar for each value, from nothing to all.
pub(super) fn staven(titel: &str, waarden: &[Waarde]) -> String {
    let mut svg = begin(titel, 640, waarden.len() * 26 + 4);
    for (nr, waarde) in waarden.iter().enumerate() {
        let y = nr * 26 + 2;
        let breed = waarde.procent().unwrap_or_default() * 2.6;
        let _ = write!(
            svg,
            "<text x=\"0\" y=\"{}\">{}</text><rect class=\"spoor\" x=\"230\" y=\"{y}\" width=\"260\" height=\"18\"/>\
             <rect class=\"staaf\" x=\"230\" y=\"{y}\" width=\"{breed:.1}\" height=\"18\"/><text x=\"498\" y=\"{}\">{}</text>",
            y + 14,
            veilig(&waarde.naam),
            y + 14,
            waarde.label(),
        );
    }
    svg + "</svg>"
}

/// A point for each value in turn, joined where they follow each other.
pub(super) fn verloop(titel: &str, waarden: &[Waarde]) -> String {
    let (stap, onder) = (600 / waarden.len().max(1), 150.0);
    let mut svg = begin(titel, 640, 180);
    for (hoogte, naam) in [(10.0, "100%"), (80.0, "50%"), (150.0, "0%")] {
        let _ =
            write!(svg, "<path class=\"as\" d=\"M36 {hoogte}H636\"/><text class=\"zacht\" x=\"0\" y=\"{}\">{naam}</text>", hoogte + 4.0);
    }
    let plek = |nr: usize, procent: f64| (36 + stap / 2 + nr * stap, onder - procent * 1.4);
    let mut vorige = None;
    for (nr, waarde) in waarden.iter().enumerate() {
        let x = plek(nr, 0.0).0;
        let _ = write!(svg, "<text class=\"zacht\" x=\"{x}\" y=\"174\" text-anchor=\"middle\">{}</text>", veilig(&waarde.naam));
        let hier = waarde.procent().map(|procent| plek(nr, procent));
        if let (Some((x1, y1)), Some((x2, y2))) = (vorige, hier) {
            let _ = write!(svg, "<path class=\"lijn\" d=\"M{x1} {y1:.1}L{x2} {y2:.1}\"/>");
        }
        if let Some((x, y)) = hier {
            let _ = write!(svg, "<circle class=\"punt\" cx=\"{x}\" cy=\"{y:.1}\" r=\"4\"/>");
        }
        vorige = hier;
    }
    svg + "</svg>"
}

/// Where regions lie, about as on a map: column, row, and how many columns wide. What some norms count as one, others count as two.
const LIGGING: [(&str, usize, usize, usize); 13] = [
    ("Friesland", 2, 0, 1),
    ("Groningen/Drenthe", 3, 0, 1),
    ("Noord-Holland/Amsterdam", 1, 1, 2),
    ("Noord-Holland", 1, 1, 1),
    ("Amsterdam", 2, 1, 1),
    ("Overijssel", 3, 1, 1),
    ("Zuid-West", 0, 2, 1),
    ("Rijnmond", 1, 2, 1),
    ("Utrecht/Flevoland", 2, 2, 1),
    ("Gelderland", 3, 2, 1),
    ("Zeeland", 0, 3, 1),
    ("Brabant", 1, 3, 1),
    ("Limburg", 2, 3, 1),
];

/// A tile for each region, the darker the more, also for one of which there is nothing; those that are on no map come below it.
pub(super) fn kaart(titel: &str, waarden: &[Waarde]) -> String {
    let (mut los, mut bezet, mut tegels) = (0, BTreeSet::new(), String::new());
    for waarde in waarden {
        let (kolom, rij, breed) = match LIGGING.iter().find(|(naam, ..)| *naam == waarde.naam) {
            Some((_, kolom, rij, breed)) => (*kolom, *rij, *breed),
            None => {
                los += 1;
                ((los - 1) % 4, 4 + (los - 1) / 4, 1)
            }
        };
        bezet.extend((kolom..kolom + breed).map(|kolom| (kolom, rij)));
        tegel(&mut tegels, (kolom, rij, breed), waarde);
    }
    for (naam, kolom, rij, breed) in LIGGING {
        let plek: Vec<_> = (kolom..kolom + breed).map(|kolom| (kolom, rij)).collect();
        if !plek.iter().any(|plek| bezet.contains(plek)) {
            bezet.extend(plek);
            tegel(&mut tegels, (kolom, rij, breed), &Waarde { naam: naam.to_owned(), deel: None });
        }
    }
    begin(titel, 640, (4 + usize::div_ceil(los, 4)) * 70 + 4) + &tegels + "</svg>"
}

fn tegel(svg: &mut String, (kolom, rij, breed): (usize, usize, usize), waarde: &Waarde) {
    let klasse = match waarde.procent() {
        None => "vak",
        Some(procent) if procent < 70.0 => "vak1",
        Some(procent) if procent < 80.0 => "vak2",
        Some(procent) if procent < 90.0 => "vak3",
        Some(_) => "vak4",
    };
    let (x, y) = (kolom * 160 + 2, rij * 70 + 2);
    let _ = write!(
        svg,
        "<rect class=\"{klasse}\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"64\" rx=\"4\"/>\
         <text x=\"{}\" y=\"{}\">{}</text><text x=\"{}\" y=\"{}\">{}</text>",
        breed * 160 - 6,
        x + 8,
        y + 24,
        veilig(&waarde.naam),
        x + 8,
        y + 46,
        waarde.label(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_shows_every_value_and_none_that_is_hidden() {
        let waarden = [("Zeeland", Some((3, 4))), ("Nergens <b>", None), ("Brabant", Some((0, 0)))];
        let waarden = waarden.map(|(naam, deel)| Waarde { naam: naam.to_owned(), deel });
        for plaat in [staven("een \"titel\"", &waarden), kaart("een \"titel\"", &waarden), verloop("een \"titel\"", &waarden)] {
            assert!(plaat.contains("aria-label=\"een &quot;titel&quot;\"") && plaat.contains("Nergens &lt;b&gt;"), "{plaat}");
            assert!(!plaat.contains("style"), "looks are in the style sheet");
        }
        assert_eq!(kaart("", &waarden).matches("75% (3/4)").count(), 1);
        assert_eq!(staven("", &waarden).matches('–').count(), 2, "nothing is no zero");
        assert_eq!(verloop("", &waarden).matches("<circle").count(), 1);
    }

    #[test]
    fn the_map_has_every_region_once_also_those_without_a_number() {
        let tegels = |namen: &[&str]| {
            let waarden: Vec<_> = namen.iter().map(|naam| Waarde { naam: (*naam).to_owned(), deel: Some((1, 2)) }).collect();
            let plaat = kaart("", &waarden);
            (plaat.matches("<rect").count(), plaat.matches("50% (1/2)").count())
        };
        assert_eq!(tegels(&[]), (11, 0));
        assert_eq!(tegels(&["Noord-Holland/Amsterdam"]), (11, 1));
        assert_eq!(tegels(&["Amsterdam"]), (12, 1), "a norm that counts two counts twelve");
        assert_eq!(tegels(&["Noord-Holland", "Amsterdam", "Zeeland"]), (12, 3));
        assert_eq!(tegels(&["Nergens"]), (12, 1));
    }
}
