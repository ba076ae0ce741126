//! The policy of the norm clocks as data: terms, starts and days. Every result is one of a policy, and names it. Source of the terms:
//! Bijlage 5 of the 2021 report of the inspectorates; BW 1:265c lid 3 for a machtiging.

use std::fmt;

use chrono::NaiveDate;
use jeugdketen_proto::v1::Norm;

use super::dagen::{Kalender, plus_maanden, plus_weken};

/// The policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beleid {
    /// Its name.
    pub naam: String,
    /// Werkdagen between uitspraak and kennisgeving.
    pub kennisgeving_werkdagen: u32,
    /// Werkdagen of norm 1.
    pub norm1_werkdagen: u32,
    /// Weeks of norm 2.
    pub norm2_weken: u32,
    /// Where norm 2 begins; the report names no start.
    pub norm2_begin: Norm2Begin,
    /// Months of norm 3.
    pub norm3_maanden: u32,
    /// Months in which a machtiging must be executed.
    pub machtiging_maanden: u32,
    /// Whether a term of norm 2 or 3 that ends on no werkdag is extended to the next one, as the Algemene termijnenwet does with statutory
    /// terms. The norms are policy, not statute: off by default.
    pub verleng: bool,
    /// Which days are werkdagen.
    pub kalender: Kalender,
}

/// Where norm 2 begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Norm2Begin {
    /// On the day the maatregel was pronounced.
    #[default]
    Uitgesproken,
    /// On the day the GI received the uitspraak.
    Ontvangen,
}

/// A term that was worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Termijn {
    /// The last day that is on time.
    pub uiterlijk: NaiveDate,
    /// That day as the Algemene termijnenwet would extend it; the same when it is a werkdag.
    pub verlengd: NaiveDate,
}

impl Default for Beleid {
    fn default() -> Beleid {
        Beleid {
            naam: "bijlage5-2021".to_owned(),
            kennisgeving_werkdagen: 1,
            norm1_werkdagen: 5,
            norm2_weken: 6,
            norm2_begin: Norm2Begin::default(),
            norm3_maanden: 3,
            machtiging_maanden: 3,
            verleng: false,
            kalender: Kalender::default(),
        }
    }
}

impl Beleid {
    /// The last day of a clock that starts on a day. The start day does not count.
    pub fn termijn(&self, norm: Norm, start: NaiveDate) -> Termijn {
        let strikt = match norm {
            Norm::Kennisgeving => self.kalender.plus_werkdagen(start, self.kennisgeving_werkdagen),
            Norm::Jeugdbeschermer => self.kalender.plus_werkdagen(start, self.norm1_werkdagen),
            Norm::Koers => plus_weken(start, self.norm2_weken),
            Norm::PassendeHulp => plus_maanden(start, self.norm3_maanden),
            Norm::Machtiging => plus_maanden(start, self.machtiging_maanden),
            Norm::Unspecified => start,
        };
        let verlengd = self.kalender.verleng(strikt);
        // A machtiging keeps its strict day whatever the switch says. The Termijnenwet may give it longer, for its art. 4 leaves out only what
        // is more than three months, but nobody should count on that. Werkdagen need no extension.
        let verlengbaar = matches!(norm, Norm::Koers | Norm::PassendeHulp);
        Termijn { uiterlijk: if self.verleng && verlengbaar { verlengd } else { strikt }, verlengd }
    }
}

/// Everything a result depends on, in one line: two policies with the same line are the same.
impl fmt::Display for Beleid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begin = match self.norm2_begin {
            Norm2Begin::Uitgesproken => "uitgesproken_op",
            Norm2Begin::Ontvangen => "ontvangen_op",
        };
        let Beleid { naam, kennisgeving_werkdagen, norm1_werkdagen, norm2_weken, norm3_maanden, machtiging_maanden, .. } = self;
        write!(f, "{naam}: kennisgeving {kennisgeving_werkdagen}wd, norm 1 {norm1_werkdagen}wd, norm 2 {norm2_weken}w vanaf {begin}, ")?;
        write!(f, "norm 3 {norm3_maanden}m, machtiging {machtiging_maanden}m, {}verlengd", if self.verleng { "" } else { "niet " })?;
        self.kalender.aangewezen().try_for_each(|dag| write!(f, ", vrij {dag}"))
    }
}
