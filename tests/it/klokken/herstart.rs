//! The hub as a whole: it was down over the moment of a warning; its clocks on the timeline; and what it keeps, checked from the command
//! line.

use std::time::{Duration, Instant};

use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::levering::Inhoud as Getoond;
use jeugdketen_proto::v1::{Indicator, Klokwaarschuwing, Levering, Norm, RedenNietBeoordeeld, UitkomstKlok};
use ketenhub::hub::Running;

use crate::support::proces::{self, voer_uit, voorbeeld_certs};
use crate::support::zaak::Zaak;

fn waarschuwing(levering: &Levering) -> Option<(Klokwaarschuwing, i64)> {
    let Some(Getoond::Bericht(bericht)) = &levering.inhoud else { return None };
    match &bericht.inhoud {
        Some(Inhoud::Klokwaarschuwing(m)) => Some((m.clone(), levering.aangeboden_op?.seconds)),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_was_down_over_the_moment_warns_within_a_minute_of_its_return_with_the_true_time() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&["02"]).await;
        zaak.bevestig("gi").await;
        let (config, clock) = (zaak.hub.config.clone(), zaak.clock.clone());
        zaak.hub.running.stop().await.unwrap();
        clock.advance(chrono::TimeDelta::days(9));
        let terug = Instant::now();
        zaak.hub.running = Running::start(&config, clock.clone()).await.unwrap();
        zaak.vergeet("gi").await;
        let verwacht = [50, 75, 90, 100];
        let binnen = loop {
            let post = zaak.post("gi").await;
            let binnen: Vec<_> = post.iter().filter_map(waarschuwing).filter(|(m, _)| m.norm() == Norm::Jeugdbeschermer).collect();
            if binnen.len() >= verwacht.len() {
                break binnen;
            }
            assert!(terug.elapsed() < Duration::from_secs(60), "{binnen:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert!(binnen.iter().map(|(m, _)| m.procent).eq(verwacht));
        for (m, aangeboden) in &binnen {
            let bereikt = m.bereikt_op.unwrap().seconds;
            assert!(bereikt < *aangeboden && bereikt > aangeboden - 9 * 86_400, "the moment lies within the outage");
            assert_eq!(*aangeboden, clock.now().timestamp(), "the message is from now");
        }
        assert!(zaak.post("gi").await.iter().filter_map(waarschuwing).filter(|(m, _)| m.norm() == Norm::Jeugdbeschermer).count() == 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timeline_shows_the_clocks_to_the_gi_and_the_inspectie_and_the_kennisgeving_to_the_court() {
    let mut zaak = Zaak::leeg().await;
    zaak.speel(&["02", "03", "04", "05", "10", "11"]).await;
    zaak.bevestig("gi").await;
    let van = |klokken: &[jeugdketen_proto::v1::Klok], norm: Norm| klokken.iter().find(|klok| klok.norm() == norm).unwrap().clone();
    for wie in ["gi", "inspectie"] {
        let traject = zaak.traject(wie).await.unwrap();
        assert_eq!(traject.beleid, ketenhub::domain::beleid::Beleid::default().to_string());
        let normen: Vec<_> = traject.klokken.iter().map(|klok| klok.norm()).collect();
        assert_eq!(normen, [Norm::Kennisgeving, Norm::Jeugdbeschermer, Norm::Koers, Norm::PassendeHulp, Norm::Machtiging]);
        let norm1 = van(&traject.klokken, Norm::Jeugdbeschermer);
        assert_eq!((norm1.uitkomst(), norm1.uitkomst_inspectie()), (UitkomstKlok::Gehaald, UitkomstKlok::Gehaald));
        let norm2 = van(&traject.klokken, Norm::Koers);
        assert_eq!((norm2.start.as_str(), norm2.uiterlijk.as_str(), norm2.gestopt.as_str()), ("2026-03-18", "2026-04-29", "2026-04-09"));
        let norm3 = van(&traject.klokken, Norm::PassendeHulp);
        assert_eq!(
            (norm3.uiterlijk.as_str(), norm3.gestopt.as_str(), norm3.uitkomst()),
            ("2026-06-18", "2026-05-12", UitkomstKlok::Gehaald)
        );
        let machtiging = van(&traject.klokken, Norm::Machtiging);
        assert_eq!((machtiging.nummer, machtiging.gestopt.as_str()), (1, "2026-05-11"));
        assert_eq!(van(&traject.klokken, Norm::Kennisgeving).uitkomst(), UitkomstKlok::TeLaat);
        assert_eq!(traject.oordelen.len(), 10);
        assert!(traject.oordelen.iter().all(|oordeel| oordeel.gehaald == Some(oordeel.indicator() != Indicator::KennisgevingTijdig)));
    }
    let traject = zaak.traject("rechtbank").await.unwrap();
    assert!(traject.klokken.iter().map(|klok| klok.norm()).eq([Norm::Kennisgeving]) && traject.oordelen.is_empty());
    for wie in ["gemeente", "aanbieder-3"] {
        let traject = zaak.traject(wie).await.unwrap();
        assert!(traject.klokken.is_empty() && traject.oordelen.is_empty() && traject.beleid.is_empty(), "{wie}");
    }
    // What cannot be judged says why.
    let mut nieuw = Zaak::leeg().await;
    nieuw.speel(&["02"]).await;
    let traject = nieuw.traject("inspectie").await.unwrap();
    let norm1 = van(&traject.klokken, Norm::Jeugdbeschermer);
    assert_eq!((norm1.uitkomst(), norm1.start.as_str()), (UitkomstKlok::NietBeoordeeld, ""));
    assert_eq!(norm1.reden_niet_beoordeeld(), RedenNietBeoordeeld::GeenOntvangst);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_of_the_clocks_is_checked_and_put_right_from_the_command_line() {
    let mut zaak = Zaak::leeg().await;
    zaak.speel(&["02", "03", "04"]).await;
    // What is due is sent now: the hub would measure the case again when it begins to lead.
    while zaak.hub.running.hub.admission.tik().await.unwrap() > 0 {}
    let database = zaak.hub.config.database.clone();
    let map = tempfile::tempdir().unwrap();
    let config = proces::config(map.path(), &voorbeeld_certs(), &database, "");
    std::fs::create_dir(map.path().join("data")).unwrap();
    std::fs::copy(&zaak.hub.config.kluis.hoofdsleutels, map.path().join("data/hoofdsleutels")).unwrap();
    let config = config.to_str().unwrap();
    let controle = async || voer_uit(&["klokken", "rebuild", "--check", "--config", config]).await;
    let goed = controle().await;
    let tekst = String::from_utf8(goed.stdout).unwrap();
    assert!(goed.status.success() && tekst.contains("1 zaken, 5 klokken") && tekst.contains("bewaard en gemeten zijn gelijk"), "{tekst}");

    let (mut tx, _) = zaak.hub.running.hub.store.write().await.unwrap();
    let ketenhub::store::Conn::Sqlite(conn) = tx.conn() else { panic!("on SQLite") };
    sqlx::query("update klokken set volgende_op = coalesce(volgende_op, 4102444800000000) + 1").execute(conn).await.unwrap();
    tx.commit().await.unwrap();
    let fout = controle().await;
    assert_eq!(fout.status.code(), Some(1));
    assert!(String::from_utf8(fout.stdout).unwrap().contains(&format!("verschil: {}", zaak.maatregel)));
    assert!(String::from_utf8(fout.stderr).unwrap().contains("differs from the messages in 1 cases"));
    let hersteld = voer_uit(&["klokken", "rebuild", "--config", config]).await;
    assert!(hersteld.status.success() && String::from_utf8(hersteld.stdout).unwrap().contains("1 zaken hersteld"));
    assert!(controle().await.status.success());
}
