//! Clients: the reference against every case in every role, and a broken one for each case.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jeugdketen_proto::v1::Rol;
use ketenhub::conform::loper::{Bevinding, Uitkomst, speel};
use ketenhub::conform::proef::Proef;
use ketenhub::conform::spel::{Tijden, rolnaam};
use ketenhub::conform::toneel::{Bouwplan, Toneel};
use ketenhub::conform::{ALLE, gevallen};
use ketenhub::time::Clock;
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
    // Who begins before what it processed when a confirmation is lost, processes it twice wherever one is lost.
    ("BEV-05", &["DUB-02"]),
    // Who knows no corrections knows no second one, and none with an unknown reason.
    ("COR-01", &["COR-02", "VLD-07"]),
    // Who keeps no receipt keeps that of a repetition neither, nor one beside which something unknown stands.
    ("INZ-02", &["AFW-02", "VLD-06"]),
];

fn tijden() -> Tijden {
    Tijden {
        geduld: Duration::from_secs(6),
        hartslag: Duration::from_millis(400),
        wegblijven: Duration::from_millis(300),
        adem: Duration::from_millis(40),
        stilte: Duration::from_millis(400),
    }
}

async fn toneel(rol: Rol) -> Arc<Toneel> {
    let plan = Bouwplan { rol, luister: ([127, 0, 0, 1], 0).into(), certs: None, hartslag: tijden().hartslag };
    Arc::new(Toneel::bouw(&plan, &Clock::machine()).await.unwrap())
}

async fn speel_alle(rol: Rol, breuk: Option<&'static str>) -> Vec<Bevinding> {
    let toneel = toneel(rol).await;
    let proef: Arc<dyn Proef> = Arc::new(Referentie(breuk));
    let mut alle = Vec::new();
    for geval in gevallen() {
        alle.push(speel(&toneel, &proef, geval, tijden()).await);
    }
    alle
}

fn gezakt(bevindingen: &[Bevinding]) -> BTreeSet<String> {
    let niet_goed = |een: &&Bevinding| matches!(een.uitkomst, Uitkomst::Gezakt | Uitkomst::NietBeoordeeld);
    bevindingen.iter().filter(niet_goed).map(|een| een.id.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_as_it_should_passes_every_case_in_every_role() {
    let mut gespeeld = BTreeSet::new();
    for rol in ALLE {
        let bevindingen = speel_alle(*rol, None).await;
        let fout: Vec<_> = bevindingen.iter().filter(|een| matches!(een.uitkomst, Uitkomst::Gezakt | Uitkomst::NietBeoordeeld)).collect();
        assert!(fout.is_empty(), "{}: {fout:#?}", rolnaam(*rol));
        gespeeld.extend(bevindingen.into_iter().filter(|een| een.uitkomst == Uitkomst::Geslaagd).map(|een| een.id));
        let traag: u64 = 0;
        let _ = traag;
    }
    let alle: BTreeSet<_> = gevallen().map(|geval| geval.id.to_owned()).collect();
    assert_eq!(gespeeld, alle, "a case that nobody passes says nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn for_every_case_a_client_that_breaks_it_fails_that_case_and_no_other() {
    let plaatsen = Arc::new(Semaphore::new(TEGELIJK));
    let mut werk = JoinSet::new();
    for geval in gevallen() {
        let plaatsen = Arc::clone(&plaatsen);
        werk.spawn(async move {
            let _plaats = plaatsen.acquire().await.unwrap();
            let rol = if geval.rollen.contains(&Rol::Gi) { Rol::Gi } else { geval.rollen[0] };
            (geval.id, speel_alle(rol, Some(geval.id)).await)
        });
    }
    let mut verkeerd = Vec::new();
    while let Some(klaar) = werk.join_next().await {
        let (id, bevindingen) = klaar.unwrap();
        let samen = SAMEN.iter().find(|(geval, _)| *geval == id).map_or(&[][..], |(_, samen)| samen);
        let verwacht: BTreeSet<_> = samen.iter().chain([&id]).map(|&id| id.to_owned()).collect();
        let gevonden = gezakt(&bevindingen);
        if gevonden != verwacht {
            let redenen: Vec<_> = bevindingen.iter().filter(|een| gevonden.contains(&een.id)).map(|een| (&een.id, &een.reden)).collect();
            verkeerd.push(format!("{id}: expected {verwacht:?}, found {redenen:?}"));
        }
    }
    assert!(verkeerd.is_empty(), "{}", verkeerd.join("\n"));
}
