//! A small share of the national year: everything is accepted, and everything that was sent is in the dossiers.

use chrono::NaiveDate;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{Indicator, Rol, SoortUitspraak};
use ketenhub::replay::{Telling, Welk, speel};

use super::telling::{beoordelingen, dossiers};

#[tokio::test(flavor = "multi_thread")]
async fn a_thousandth_of_the_year_is_accepted_in_whole() {
    let gespeeld = speel(Welk::LandelijkJaar, 0.001, None).await.unwrap();
    let dossiers = dossiers(&gespeeld.running.hub).await;
    let Telling { jeugdigen, berichten, bevestigingen } = gespeeld.telling;
    gespeeld.ruim_op().await.unwrap();

    // A thousandth of 10,310, 5,015 and 18,000, each rounded up.
    assert_eq!((jeugdigen, dossiers.len()), (11 + 6 + 18, 35));
    let van_deelnemers = || dossiers.iter().flat_map(|dossier| &dossier.feiten).filter(|feit| feit.rol != Rol::Hub);
    assert_eq!(berichten, van_deelnemers().count() as u64);
    let verlengd = van_deelnemers()
        .filter(|feit| matches!(&feit.bericht.inhoud, Some(Inhoud::Uitspraak(m)) if m.soort() == SoortUitspraak::Verlenging));
    assert_eq!(verlengd.count(), 18);
    assert!(bevestigingen > berichten, "most messages have more than one recipient");
    let ultimo = NaiveDate::from_ymd_opt(2020, 12, 31).unwrap();
    let tijdig = |dossier| beoordelingen(dossier, ultimo).iter().any(|b| b.indicator == Indicator::HulpTijdig && b.oordeel == Ok(true));
    assert!(dossiers.iter().any(tijdig));
}

#[tokio::test]
async fn a_share_of_nothing_or_of_more_than_a_year_is_refused() {
    for deel in [0.0, -1.0, 1.5, f64::NAN] {
        assert!(speel(Welk::LandelijkJaar, deel, None).await.is_err_and(|fout| fout.to_string().contains("--deel")), "{deel}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_holds_messages_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("replay.db").display());
    speel(Welk::LandelijkJaar, 0.0001, Some(&url)).await.unwrap().ruim_op().await.unwrap();
    let weer = speel(Welk::LandelijkJaar, 0.0001, Some(&url)).await;
    assert!(weer.is_err_and(|fout| fout.to_string().contains("empty database")));
}
