//! Clients: the reference against every case in every role, and a broken one for each case.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jeugdketen_proto::v1::Rol;
use ketenhub::conform::gevallen::ALLE_GROEPEN;
use ketenhub::conform::loper::{Bevinding, Uitkomst, speel};
use ketenhub::conform::proef::Proef;
use ketenhub::conform::spel::{Tijden, rolnaam};
use ketenhub::conform::toneel::{Bouwplan, Toneel};
use ketenhub::conform::{ALLE, Geval, gevallen};
use ketenhub::time::Clock;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::client::Referentie;

/// How many stages there are at once.
const TEGELIJK: usize = 6;

/// What breaks with a case because it cannot be had without it.
const SAMEN: &[(&str, &[&str])] = &[
    // Who throws away what lay there has no backlog either.
    ("ONT-01", &["TRG-02"]),
    // Who confirms what did not come does so across a gap too.
    ("BEV-02", &["GAT-01"]),
    // Who confirms before it processes never processes what it could not confirm.
    ("BEV-03", &["BEV-05"]),
    // Who begins before what it processed when a confirmation is lost, processes it twice wherever one is lost.
    ("BEV-05", &["DUB-02"]),
    // Who knows no corrections knows no second one, and none with an unknown reason.
    ("COR-01", &["COR-02", "VLD-07"]),
    // Who keeps no receipt keeps that of a repetition neither, nor one beside which something unknown stands.
    ("INZ-02", &["AFW-02", "VLD-06"]),
];

/// What can break with a case of another group, by the moment at which a line breaks: seen with every case only.
const SOMS: &[(&str, &str)] = &[
    // The line may break while a confirmation is under way.
    ("BEV-05", "HER-02"),
    // What was not handed over yet when the line broke came, to this client, while it was away.
    ("HER-02", "DUB-02"),
];

fn tijden() -> Tijden {
    Tijden {
        geduld: Duration::from_secs(6),
        hartslag: Duration::from_millis(400),
        wegblijven: Duration::from_millis(300),
        adem: Duration::from_millis(55),
        stilte: Duration::from_millis(400),
    }
}

/// A stage for a client in a role.
pub(super) async fn toneel(rol: Rol) -> Arc<Toneel> {
    let plan = Bouwplan { rol, luister: ([127, 0, 0, 1], 0).into(), certs: None, hartslag: tijden().hartslag };
    Arc::new(Toneel::bouw(&plan, &Clock::machine()).await.unwrap())
}

async fn speel_alle(rol: Rol) -> Vec<Bevinding> {
    let (toneel, proef): (_, Arc<dyn Proef>) = (toneel(rol).await, Arc::new(Referentie(None)));
    let mut alle = Vec::new();
    for geval in gevallen() {
        alle.push(speel(&toneel, &proef, geval, tijden()).await);
    }
    alle
}

/// What a client that breaks a case fails.
fn verwacht(id: &str) -> BTreeSet<String> {
    let samen = SAMEN.iter().find(|(geval, _)| *geval == id).map_or(&[][..], |(_, samen)| samen);
    samen.iter().copied().chain([id]).map(str::to_owned).collect()
}

/// Cases against a broken client. On a machine that is busy a good deed can come too late: what should not fail is tried once more.
async fn speel_gebroken(rol: Rol, breuk: &'static str, tonelen: &Mutex<Vec<Arc<Toneel>>>) -> Vec<Bevinding> {
    let vrij = tonelen.lock().unwrap().pop_if(|vrij| vrij.rol == rol);
    let toneel = match vrij {
        Some(vrij) => vrij,
        None => toneel(rol).await,
    };
    let proef: Arc<dyn Proef> = Arc::new(Referentie(Some(breuk)));
    let mut alle = Vec::new();
    for geval in gevallen().filter(|geval| gaat_mee(geval, breuk)) {
        let mut bevinding = speel(&toneel, &proef, geval, tijden()).await;
        if bevinding.uitkomst == Uitkomst::Gezakt && !verwacht(breuk).contains(geval.id) {
            bevinding = speel(&toneel, &proef, geval, tijden()).await;
        }
        alle.push(bevinding);
    }
    tonelen.lock().unwrap().push(toneel);
    alle
}

/// Which cases a broken client is tried with: those of the group of the one that it breaks and those that break with it; with
/// `CONFORM_ALLES=1` every case, which takes some minutes. A backlog only where it matters.
fn gaat_mee(geval: &Geval, breuk: &str) -> bool {
    let groep = |id: &str| ALLE_GROEPEN.iter().position(|groep| groep.gevallen.iter().any(|geval| geval.id == id));
    let alles = std::env::var_os("CONFORM_ALLES").is_some_and(|waarde| waarde == "1");
    verwacht(breuk).contains(geval.id) || alles || (groep(geval.id) == groep(breuk) && geval.id != "TRG-02")
}

/// The cases that did not succeed.
pub(super) fn gezakt(bevindingen: &[Bevinding]) -> BTreeSet<String> {
    let niet_goed = |een: &&Bevinding| matches!(een.uitkomst, Uitkomst::Gezakt | Uitkomst::NietBeoordeeld);
    bevindingen.iter().filter(niet_goed).map(|een| een.id.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_as_it_should_passes_every_case_in_every_role() {
    let mut gespeeld = BTreeSet::new();
    for rol in ALLE {
        let bevindingen = speel_alle(*rol).await;
        let fout: Vec<_> = bevindingen.iter().filter(|een| matches!(een.uitkomst, Uitkomst::Gezakt | Uitkomst::NietBeoordeeld)).collect();
        assert!(fout.is_empty(), "{}: {fout:#?}", rolnaam(*rol));
        gespeeld.extend(bevindingen.into_iter().filter(|een| een.uitkomst == Uitkomst::Geslaagd).map(|een| een.id));
    }
    let alle: BTreeSet<_> = gevallen().map(|geval| geval.id.to_owned()).collect();
    assert_eq!(gespeeld, alle, "a case that nobody passes says nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn for_every_case_a_client_that_breaks_it_fails_that_case_and_no_other_of_its_group() {
    let (plaatsen, mut werk) = (Arc::new(Semaphore::new(TEGELIJK)), JoinSet::new());
    let tonelen: Arc<Mutex<Vec<Arc<Toneel>>>> = Arc::default();
    for geval in gevallen() {
        let tonelen = Arc::clone(&tonelen);
        let plaats = Arc::clone(&plaatsen).acquire_owned().await.unwrap();
        let hier = Handle::current();
        werk.spawn_blocking(move || {
            let _plaats = plaats;
            let rol = if geval.rollen.contains(&Rol::Gi) { Rol::Gi } else { geval.rollen[0] };
            (geval.id, hier.block_on(speel_gebroken(rol, geval.id, &tonelen)))
        });
    }
    let mut verkeerd = Vec::new();
    while let Some(klaar) = werk.join_next().await {
        let (id, bevindingen) = klaar.unwrap();
        let mut gevonden = gezakt(&bevindingen);
        gevonden.retain(|ander| !SOMS.contains(&(id, ander.as_str())));
        if gevonden != verwacht(id) {
            let redenen: Vec<_> = bevindingen.iter().filter(|een| gevonden.contains(&een.id)).map(|een| (&een.id, &een.reden)).collect();
            verkeerd.push(format!("{id}: expected {:?}, found {redenen:?}", verwacht(id)));
        }
    }
    assert!(verkeerd.is_empty(), "{}", verkeerd.join("\n"));
}
