//! The scenario of 2021, played once for all tests, and a tally of its own over the stored dossiers.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chrono::NaiveDate;
use jeugdketen_proto::v1::{Indicator, RedenNietBeoordeeld};
use ketenhub::domain::beleid::Beleid;
use ketenhub::domain::klok::{Beoordeling, Dossier, meet};
use ketenhub::replay::{Gespeeld, Uitslag, Welk, speel};
use ketenhub::store::zaken;
use ketenhub::wire::Hub;

/// The figures of the report, in its order.
pub const CIJFERS: [Indicator; 7] = [
    Indicator::JeugdbeschermerTijdig,
    Indicator::JeugdbeschermerVast,
    Indicator::KoersUitgezet,
    Indicator::KoersTijdig,
    Indicator::KoersGedragen,
    Indicator::HulpIngezet,
    Indicator::HulpTijdig,
];

/// What was played.
pub struct Inspectie {
    /// The dossiers as they were stored.
    pub dossiers: Vec<Dossier>,
    /// The GIs by OIN.
    pub namen: BTreeMap<String, String>,
    /// At the end of which day is looked.
    pub peildatum: NaiveDate,
    /// What the hub told the inspectie.
    pub uitslag: Uitslag,
}

/// The scenario, played in whole through a hub on SQLite; once.
pub fn inspectie() -> &'static Inspectie {
    static GESPEELD: OnceLock<Inspectie> = OnceLock::new();
    GESPEELD.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let gespeeld = speel(Welk::Inspectie2021, 1.0, None).await.unwrap();
            let uit = lees(&gespeeld).await;
            gespeeld.ruim_op().await.unwrap();
            uit
        })
    })
}

async fn lees(gespeeld: &Gespeeld) -> Inspectie {
    let namen = gespeeld.spelers.alle().iter().map(|speler| (speler.oin.to_string(), speler.naam.clone()));
    Inspectie {
        dossiers: dossiers(&gespeeld.running.hub).await,
        namen: namen.collect(),
        peildatum: gespeeld.peildatum,
        uitslag: gespeeld.uitslag().await.unwrap(),
    }
}

/// Every dossier of a store, page by page.
pub async fn dossiers(hub: &Hub) -> Vec<Dossier> {
    let mut lezing = hub.store.read().await.unwrap();
    let (mut alle, mut na) = (Vec::new(), None);
    loop {
        let blad = zaken::na(&mut lezing.conn(), na, 100).await.unwrap();
        let Some(laatste) = blad.last() else { return alle };
        na = Some(*laatste);
        alle.extend(zaken::dossiers(&mut lezing.conn(), &hub.kluis, &blad).await.unwrap());
    }
}

/// The judgements on one dossier.
pub fn beoordelingen(dossier: &Dossier, peildatum: NaiveDate) -> Vec<Beoordeling> {
    meet(dossier, &Beleid::default()).unwrap().beoordelingen(peildatum)
}

/// How often an indicator was met, of how many judged, by indicator and GI; the country under the empty name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Telling(BTreeMap<(String, i32), (u64, u64)>);

impl Telling {
    /// Over these dossiers.
    pub fn over<'a>(dossiers: impl IntoIterator<Item = &'a Dossier>, inspectie: &Inspectie) -> Telling {
        let mut telling = Telling::default();
        for beoordeling in dossiers.into_iter().flat_map(|dossier| beoordelingen(dossier, inspectie.peildatum)) {
            let naam = inspectie.namen[&beoordeling.gi.to_string()].clone();
            for groep in [String::new(), naam] {
                let plaats = telling.0.entry((groep, beoordeling.indicator as i32)).or_default();
                plaats.0 += u64::from(beoordeling.oordeel == Ok(true));
                plaats.1 += u64::from(beoordeling.oordeel.is_ok());
            }
        }
        telling
    }

    /// Met and judged; of a GI, or of the country under the empty name.
    pub fn van(&self, groep: &str, indicator: Indicator) -> (u64, u64) {
        self.0.get(&(groep.to_owned(), indicator as i32)).copied().unwrap_or_default()
    }

    /// The seven figures of the report.
    pub fn cijfers(&self, groep: &str) -> [(u64, u64); 7] {
        CIJFERS.map(|indicator| self.van(groep, indicator))
    }

    /// The GIs that were judged, in order of name.
    pub fn gis(&self) -> Vec<&str> {
        let mut namen: Vec<_> = self.0.keys().map(|(groep, _)| groep.as_str()).filter(|groep| !groep.is_empty()).collect();
        namen.dedup();
        namen
    }
}

/// Why an indicator could not be judged, with how many children each.
pub fn redenen(inspectie: &Inspectie, indicator: Indicator) -> BTreeMap<RedenNietBeoordeeld, usize> {
    let mut redenen = BTreeMap::new();
    for beoordeling in inspectie.dossiers.iter().flat_map(|dossier| beoordelingen(dossier, inspectie.peildatum)) {
        if let (true, Err(reden)) = (beoordeling.indicator == indicator, beoordeling.oordeel) {
            *redenen.entry(reden).or_default() += 1;
        }
    }
    redenen
}
