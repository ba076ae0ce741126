//! Where the norm clocks of all cases stand, as a number for each norm and outcome. It reads what is kept of them and measures nothing. The
//! numbers are those of the whole hub, for its operator: it shows no case, no GI and no day, which are for the report.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::NaiveDate;
use jeugdketen_proto::v1::{Norm, UitkomstKlok};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use tokio::time::Instant;

use crate::domain::klok::Lezing;
use crate::store::{Store, StoreError, klokken};
use crate::telemetry::meters::norm_naam;

/// The time between two looks, at least.
const OUD: Duration = Duration::from_secs(60);
/// Of the time that goes by, at most this part is spent looking.
const DEEL: u32 = 100;
/// Cases that are read at a time; between them others get the connection.
const GROEP: i64 = 512;

/// How many clocks of a norm have an outcome today.
type Aantallen = BTreeMap<(Norm, UitkomstKlok), u64>;

/// The last look.
#[derive(Debug, Default)]
pub struct Normen {
    aantallen: Mutex<Aantallen>,
    /// When the next look may begin; held while it looks.
    volgende: tokio::sync::Mutex<Option<Instant>>,
}

impl Normen {
    /// Looks again when that is due. Who comes while it looks gets what was seen last.
    pub async fn ververs(&self, store: &Store, vandaag: NaiveDate) {
        let Ok(mut volgende) = self.volgende.try_lock() else { return };
        let begin = Instant::now();
        if volgende.is_some_and(|volgende| begin < volgende) {
            return;
        }
        match tel(store, vandaag).await {
            Ok(aantallen) => *self.aantallen.lock().unwrap_or_else(PoisonError::into_inner) = aantallen,
            Err(error) => tracing::warn!(error = %crate::telemetry::causes(&error), "the norm clocks could not be counted"),
        }
        *volgende = Some(begin + OUD.max(begin.elapsed() * DEEL));
    }

    /// Makes the instrument.
    pub fn meld_aan(self: &Arc<Self>, meter: &Meter) {
        let normen = Arc::clone(self);
        let _ = meter
            .u64_observable_gauge("ketenhub_clocks")
            .with_description("Norm clocks of all cases, by norm and by where they stand today in the strict reading")
            .with_callback(move |kijker| {
                for ((norm, uitkomst), aantal) in normen.aantallen.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                    let uitkomst = uitkomst.as_str_name().trim_start_matches("UITKOMST_KLOK_");
                    kijker.observe(*aantal, &[KeyValue::new("norm", norm_naam(*norm)), KeyValue::new("outcome", uitkomst)]);
                }
            })
            .build();
    }
}

async fn tel(store: &Store, vandaag: NaiveDate) -> Result<Aantallen, StoreError> {
    let (mut aantallen, mut laatste) = (Aantallen::new(), None);
    loop {
        let groep = klokken::na(&mut store.read().await?.conn(), laatste, GROEP).await?;
        let Some(einde) = groep.last() else { return Ok(aantallen) };
        laatste = Some(einde.zaak());
        for rij in &groep {
            for klok in rij.klokken()? {
                let (uitkomst, _) = klok.uitkomst(Lezing::Strikt, vandaag);
                *aantallen.entry((klok.norm, uitkomst)).or_default() += 1;
            }
        }
    }
}
