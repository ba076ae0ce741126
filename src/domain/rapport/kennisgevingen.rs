//! How long uitspraken took to reach the GI, which is what a court controls.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{Rol, VormUitspraak};

use super::percentiel;
use crate::domain::ids::Oin;
use crate::domain::klok::Dossier;
use crate::domain::zaak::geldende;

/// The latencies, by rechtbank and form.
#[derive(Debug)]
pub struct Kennisgevingen {
    vanaf: Option<DateTime<Utc>>,
    tot: Option<DateTime<Utc>>,
    groepen: BTreeMap<(Oin, bool), (Kennisgeving, Vec<u64>)>,
}

/// Latency from pronouncement to receipt at the GI, of one rechtbank and one form of decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kennisgeving {
    /// Uitspraken that opened a maatregel.
    pub aantal: u64,
    /// Of these, not yet received.
    pub open: u64,
    /// Of these, where the GI was not invited.
    pub gi_niet_uitgenodigd: u64,
    /// Median, 95th percentile and maximum, in seconds.
    pub seconden: [u64; 3],
}

impl Kennisgevingen {
    /// Of uitspraken accepted from one moment up to another.
    pub fn new(vanaf: Option<DateTime<Utc>>, tot: Option<DateTime<Utc>>) -> Kennisgevingen {
        Kennisgevingen { vanaf, tot, groepen: BTreeMap::new() }
    }

    /// Counts a case. One whose uitspraak was withdrawn does not count.
    pub fn neem(&mut self, dossier: &Dossier) {
        let Some((feit, Inhoud::Uitspraak(m))) = geldende(&dossier.feiten).next() else { return };
        let in_periode = self.vanaf.is_none_or(|vanaf| vanaf <= feit.op) && self.tot.is_none_or(|tot| feit.op < tot);
        let eerste = dossier.feiten.first().is_some_and(|eerste| eerste.volgnummer == feit.volgnummer);
        let Some(uitgesproken) = m.uitgesproken_op.as_ref().filter(|_| in_periode && eerste) else { return };
        let (regel, duren) = self.groepen.entry((feit.afzender, m.vorm() == VormUitspraak::Vonnis)).or_default();
        regel.aantal += 1;
        regel.gi_niet_uitgenodigd += u64::from(!m.gi_uitgenodigd);
        let van_gi = dossier.ontvangsten.iter().filter(|o| o.rol == Rol::Gi && o.volgnummer == feit.volgnummer);
        match van_gi.map(|ontvangst| ontvangst.op).min() {
            Some(ontvangen) => {
                let sinds = ontvangen.timestamp_micros() - (uitgesproken.seconds * 1_000_000 + i64::from(uitgesproken.nanos) / 1000);
                duren.push(sinds.max(0).unsigned_abs() / 1_000_000);
            }
            None => regel.open += 1,
        }
    }

    /// One line for each rechtbank and form; true for vonnissen.
    pub fn regels(self) -> impl Iterator<Item = (Oin, bool, Kennisgeving)> {
        self.groepen.into_iter().map(|((rechtbank, vonnissen), (mut regel, mut duren))| {
            duren.sort_unstable();
            regel.seconden = [50, 95, 100].map(|procent| percentiel(&duren, procent));
            (rechtbank, vonnissen, regel)
        })
    }
}
