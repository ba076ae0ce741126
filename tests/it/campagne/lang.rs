//! The campaign: load, faults drawn from a seed, and the checker. Short in the ordinary tests; as long as `KETENHUB_CAMPAGNE_BERICHTEN` and
//! `KETENHUB_CAMPAGNE_DODEN` say by hand (docs/campagne.md).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::cluster::Cluster;
use super::doorgang::Knip;
use super::hubs::PLAATSEN;
use super::keurder::Telling;
use super::opstelling::{Opstelling, START};
use super::spel::Spel;
use super::toeval::Toeval;
use crate::support::shim::Shim;

/// A copy of the database takes its time: only a campaign of so many kills promotes standbys.
const MET_PROMOTIE: u64 = 50;
/// How long a hub that was told to halt somewhere may take to get there, before it is killed where it is.
const HALT: Duration = Duration::from_secs(3);
/// How long a disk is full.
const VOL: Duration = Duration::from_millis(400);
/// How far clocks jump, in milliseconds: not, an hour as at the change to and from summer time, a day, and less than a second.
const SPRONGEN: [i64; 6] = [0, 3_600_000, -3_600_000, 86_400_000, -86_400_000, -700];

/// What can go wrong, with how often of a hundred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fout {
    Hub,
    Plaats,
    Server,
    Backend,
    Promotie,
    KlantGeknipt,
    KlantBevroren,
    KlantHalfopen,
    DatabaseGeknipt,
    Commit,
    SchijfVol,
    Klok,
}

const KANSEN: [(Fout, u64); 12] = [
    (Fout::Hub, 47),
    (Fout::Plaats, 18),
    (Fout::Server, 4),
    (Fout::Backend, 4),
    (Fout::Promotie, 1),
    (Fout::KlantGeknipt, 5),
    (Fout::KlantBevroren, 2),
    (Fout::KlantHalfopen, 2),
    (Fout::DatabaseGeknipt, 5),
    (Fout::Commit, 6),
    (Fout::SchijfVol, 3),
    (Fout::Klok, 3),
];

impl Fout {
    fn trek(toeval: &mut Toeval) -> Fout {
        let mut rest = toeval.onder(KANSEN.iter().map(|(_, kans)| kans).sum());
        for (fout, kans) in KANSEN {
            match rest.checked_sub(kans) {
                Some(minder) => rest = minder,
                None => return fout,
            }
        }
        Fout::Hub
    }
}

/// How long a campaign is.
struct Omvang {
    zaad: u64,
    berichten: u64,
    doden: u64,
}

impl Omvang {
    /// As the environment says, or else so many messages and kills.
    fn uit_omgeving(berichten: u64, doden: u64) -> Omvang {
        let getal = |naam: &str, anders: u64| std::env::var(naam).map_or(anders, |waarde| waarde.parse().expect(naam));
        Omvang {
            zaad: getal("KETENHUB_CAMPAGNE_ZAAD", 2026),
            berichten: getal("KETENHUB_CAMPAGNE_BERICHTEN", berichten),
            doden: getal("KETENHUB_CAMPAGNE_DODEN", doden),
        }
    }
}

/// A campaign under way.
struct Campagne {
    omvang: Omvang,
    toeval: Toeval,
    cluster: Cluster,
    opstelling: Opstelling,
    spel: Spel,
    fouten: BTreeMap<Fout, u64>,
    gedood: u64,
}

impl Campagne {
    async fn begin(omvang: Omvang) -> Campagne {
        let cluster = Cluster::met_shim(0).await;
        let opstelling = Opstelling::met_omgeving(2, &cluster.url(), |map, _| Shim::in_map(map, map).omgeving()).await;
        let spel = Spel::begin(&opstelling, omvang.zaad);
        let toeval = Toeval::nieuw(omvang.zaad, 1);
        Campagne { omvang, toeval, cluster, opstelling, spel, fouten: BTreeMap::new(), gedood: 0 }
    }

    /// One fault, at a random moment while participants work.
    async fn ronde(&mut self) {
        let per_dode = (self.omvang.berichten / self.omvang.doden).max(1);
        let grens = (per_dode * (self.gedood + 1)).min(self.omvang.berichten);
        self.spel.veld.sta_toe(grens);
        let nu = self.spel.beantwoord_nu();
        self.spel.beantwoord((nu + self.toeval.onder(per_dode)).min(grens.saturating_sub(per_dode / 8))).await;
        sleep(Duration::from_micros(self.toeval.onder(20_000))).await;
        let fout = match Fout::trek(&mut self.toeval) {
            Fout::Promotie if self.omvang.doden < MET_PROMOTIE => Fout::Server,
            fout => fout,
        };
        let i = usize::try_from(self.toeval.onder(2)).unwrap();
        let gedood = self.doe(fout, i).await;
        *self.fouten.entry(fout).or_default() += 1;
        self.gedood += gedood;
        if self.fouten.values().sum::<u64>() % 25 == 0 {
            println!(
                "{} of {} kills, {} messages with a receipt: {:?}",
                self.gedood,
                self.omvang.doden,
                self.spel.beantwoord_nu(),
                self.fouten
            );
        }
    }

    /// Does it to one of the hubs or to the database; returns how many processes it killed.
    async fn doe(&mut self, fout: Fout, i: usize) -> u64 {
        let Campagne { toeval, cluster, opstelling, .. } = self;
        let plek = &mut opstelling.hubs[i];
        let achterdeur = plek.achterdeur.as_ref().expect("PostgreSQL");
        match fout {
            Fout::Hub => {
                plek.dood();
                plek.start_tot_het_lukt(&[], START).await;
                return 1;
            }
            Fout::Plaats => {
                let (plaats, meest) = toeval.kies(&PLAATSEN);
                let halt = format!("{plaats}:{}", 1 + toeval.onder(meest));
                plek.dood();
                plek.start_tot_het_lukt(&[("KETENHUB_HALT_AT", &halt)], START).await;
                // When it does not come there in time it is killed where it is.
                let _ = plek.proces().hoort("halted at", HALT).await;
                plek.dood();
                plek.start_tot_het_lukt(&[], START).await;
                return 2;
            }
            Fout::Server => {
                cluster.dood();
                cluster.herstart().await;
                return 1;
            }
            Fout::Backend => {
                cluster.dood_backend().await;
                cluster.herstart().await;
                return 1;
            }
            Fout::Promotie => {
                let mut standby = cluster.synchrone_standby().await;
                sleep(VOL).await;
                cluster.dood();
                standby.bevorder();
                opstelling.verhuis(&standby.url());
                *cluster = standby;
                return 1;
            }
            Fout::KlantGeknipt => plek.voordeur.knip(),
            Fout::KlantBevroren => plek.voordeur.bevries(),
            Fout::KlantHalfopen => plek.voordeur.halfopen(),
            Fout::DatabaseGeknipt => achterdeur.knip(),
            Fout::Commit => drop(achterdeur.knip_bij_commit(toeval.kies(&[Knip::Vooraf, Knip::Achteraf]))),
            Fout::SchijfVol => {
                if let Some(shim) = cluster.shim.clone() {
                    shim.vol(true);
                    sleep(VOL).await;
                    shim.vol(false);
                    cluster.herstart().await;
                }
            }
            Fout::Klok => Shim::in_map(opstelling.map.path(), opstelling.map.path()).klok(toeval.kies(&SPRONGEN)),
        }
        0
    }

    async fn einde(mut self, begin: Instant) {
        self.spel.veld.sta_toe(self.omvang.berichten);
        let (overtredingen, einde) = self.spel.einde(&mut self.opstelling, self.omvang.berichten).await;
        let fouten: Vec<_> =
            self.fouten.iter().map(|(fout, aantal)| format!("\"{}\":{aantal}", format!("{fout:?}").to_lowercase())).collect();
        println!(
            "{{\"zaad\":{},\"berichten\":{},\"gedood\":{},{},\"fouten\":{{{}}},\"records\":{},\"seconden\":{}}}",
            self.omvang.zaad,
            self.omvang.berichten,
            self.gedood,
            Telling::van(&overtredingen),
            fouten.join(","),
            einde.records,
            begin.elapsed().as_secs(),
        );
        let aantal = overtredingen.len();
        assert!(aantal == 0, "{aantal} violations, the first of them {:#?}", &overtredingen[..aantal.min(20)]);
    }
}

/// Two hubs on one PostgreSQL, and everything goes wrong that can.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_nothing_is_lost_doubled_skipped_or_reordered() {
    let begin = Instant::now();
    let mut campagne = Campagne::begin(Omvang::uit_omgeving(480, 8)).await;
    while campagne.gedood < campagne.omvang.doden {
        campagne.ronde().await;
    }
    campagne.einde(begin).await;
}
