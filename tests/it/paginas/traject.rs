//! The page of a case is what GetTraject answers the same caller, on the same record.

use std::collections::BTreeSet;

use jeugdketen_proto::v1::bericht::Inhoud;

use crate::support::browser::{als, pagina, raadplegingen};
use crate::support::zaak::{DEELNEMERS, Zaak};

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_shown_to_whom_get_traject_shows_it_and_to_others_it_does_not_exist() {
    let zaak = Zaak::heel().await;
    let echt = zaak.maatregel.clone();
    let (mut nergens, mut gezien) = (BTreeSet::new(), 0);
    for wie in DEELNEMERS {
        let (verzonnen, mut browser) = (zaak.id(), als(&zaak, wie).await);
        let antwoord = browser.haal(&format!("/traject/{echt}")).await;
        let geen = browser.haal(&format!("/traject/{verzonnen}")).await;
        let traject = zaak.traject(wie).await;
        if ["accounthoudende-regio", "accounthoudende-regio-2", "beheerder"].contains(&wie) {
            assert_eq!((antwoord.code, geen.code), (403, 403), "{wie} has no such page");
            continue;
        }
        assert_eq!(geen.code, 404, "{wie}");
        nergens.insert(format!("{:?}", geen.zonder_datum()));
        match traject {
            Ok(traject) => {
                assert_eq!(antwoord.code, 200, "{wie}");
                let text = antwoord.text();
                for gebeurtenis in &traject.gebeurtenissen {
                    assert!(text.contains(&format!("bericht {}<", gebeurtenis.volgnummer)), "{wie} misses {}", gebeurtenis.volgnummer);
                }
                assert_eq!(text.matches("· bericht ").count(), traject.gebeurtenissen.len(), "{wie}");
                gezien += 1;
            }
            Err(_) => {
                assert_eq!(antwoord.code, 404, "{wie}");
                nergens.insert(format!("{:?}", antwoord.zonder_datum()));
            }
        }
    }
    assert_eq!(nergens.len(), 1, "not there and not yours are one answer, byte for byte: {nergens:?}");
    assert_eq!(gezien, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_on_record_before_it_is_shown_and_so_is_who_tried() {
    let zaak = Zaak::met_voorbeelden(&["02", "03"]).await;
    assert_eq!(pagina(&zaak, "gi", &format!("/traject/{}", zaak.maatregel)).await.code, 200);
    assert_eq!(pagina(&zaak, "gi-2", &format!("/traject/{}", zaak.maatregel)).await.code, 404);
    let record = |handeling: &str| (handeling.to_owned(), "GET_TRAJECT".to_owned(), Some(zaak.maatregel.clone()));
    assert_eq!(raadplegingen(&zaak, 0).await, [record("GERAADPLEEGD"), record("POGING")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_looked_for_by_its_number() {
    let zaak = Zaak::met_voorbeelden(&["02"]).await;
    let mut gi = als(&zaak, "gi").await;
    assert!(gi.haal("/traject").await.text().contains("<label for=\"maatregel\">"));
    let gevonden = gi.haal(&format!("/traject?maatregel=%20{}", zaak.maatregel)).await;
    assert_eq!((gevonden.code, gevonden.kop("location")), (303, Some(format!("/traject/{}", zaak.maatregel).as_str())));
    let ongeldig = gi.haal("/traject?maatregel=%3Cscript%3Ealert(1)").await;
    assert_eq!(ongeldig.code, 200);
    assert!(ongeldig.text().contains("geen nummer van een maatregel") && !ongeldig.text().contains("alert(1)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_message_says_is_text_on_the_page_whatever_it_looks_like() {
    let mut zaak = Zaak::leeg().await;
    let mut uitspraak = zaak.bericht("02");
    let Some(Inhoud::Uitspraak(m)) = &mut uitspraak.inhoud else { panic!("02 is an uitspraak") };
    m.motivering = "<script>alert(1)</script> & <img src=x onerror='alert(2)'> \"".to_owned();
    zaak.maatregel = zaak.dien("rechtbank", &uitspraak).await.unwrap().maatregel_id;
    let antwoord = pagina(&zaak, "gi", &format!("/traject/{}", zaak.maatregel)).await;
    assert!(
        antwoord.gelezen().contains("<script>alert(1)</script> & <img src=x onerror='alert(2)'> \""),
        "the reader sees it as it was written"
    );
    assert!(!antwoord.text().contains("<script") && !antwoord.text().contains("<img"));
}
