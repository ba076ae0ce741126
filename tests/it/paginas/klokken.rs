//! The running clocks of a GI: all of its own and no other's, in order, a page at a time, on either database.

use std::collections::BTreeSet;

use jeugdketen_proto::v1::bericht::Inhoud;
use ketenhub::store::paginas::{Lopend, lopend};

use crate::support::browser::{als, pagina, raadplegingen};
use crate::support::chain::{both, oin};
use crate::support::verhaal::Verhaal;
use crate::support::zaak::{self, Zaak};

/// The cases on a page, in order, and where the next one is.
fn gelezen(text: &str) -> (Vec<String>, Option<String>) {
    let zaken = text.split("href=\"/traject/").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    let verder = text.split("href=\"/normklokken?na=").nth(1).map(|rest| format!("/normklokken?na={}", rest.split('"').next().unwrap()));
    (zaken, verder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gi_reads_all_its_running_clocks_once_the_first_to_end_first_and_each_case_is_on_record() {
    for mut hub in Zaak::op_beide().await {
        let (mut eigen, mut andere) = (BTreeSet::new(), BTreeSet::new());
        for nr in 0..60 {
            let mut uitspraak = hub.nieuw("02");
            let Some(Inhoud::Uitspraak(m)) = &mut uitspraak.inhoud else { panic!("02 is an uitspraak") };
            // Not in the order in which they end.
            let dag = 1 + (nr * 7) % 20;
            m.uitgesproken_op = Some(prost_types::Timestamp { seconds: zaak::nu().timestamp() - i64::from(dag) * 86_400, nanos: 0 });
            if nr % 4 == 0 {
                m.gi_oin = zaak::oin("gi-2");
            }
            let maatregel = hub.dien("rechtbank", &uitspraak).await.unwrap().maatregel_id;
            if nr % 4 == 0 {
                andere.insert(maatregel)
            } else {
                eigen.insert(maatregel)
            };
        }
        let (mut gi, mut verder, mut gezien) = (als(&hub, "gi").await, Some("/normklokken".to_owned()), Vec::new());
        while let Some(pad) = verder {
            let antwoord = gi.haal(&pad).await;
            assert_eq!(antwoord.code, 200);
            let (zaken, volgende) = gelezen(&antwoord.text());
            assert!(zaken.len() <= 25 && !zaken.is_empty());
            gezien.extend(zaken);
            verder = volgende;
        }
        assert_eq!(gezien.len(), 45);
        assert_eq!(gezien.iter().cloned().collect::<BTreeSet<_>>(), eigen);
        assert_eq!(gelezen(&pagina(&hub, "gi-2", "/normklokken").await.text()).0.into_iter().collect::<BTreeSet<_>>(), andere);
        let geraadpleegd: Vec<_> = raadplegingen(&hub, 0).await.into_iter().filter(|(_, reden, _)| reden == "PAGINA_NORMKLOKKEN").collect();
        assert_eq!(geraadpleegd.len(), 60, "one record for each case that was shown, each time");
        assert_eq!(geraadpleegd.iter().filter_map(|(.., zaak)| zaak.clone()).collect::<BTreeSet<_>>(), &eigen | &andere);

        // In order: of each case the first term, which the page names.
        let mut laatste = 0;
        for maatregel in &gezien {
            hub.maatregel.clone_from(maatregel);
            let klokken = hub.traject("gi").await.unwrap().klokken;
            let lopend = klokken.iter().filter(|klok| klok.gestopt.is_empty() && !klok.uiterlijk.is_empty());
            let eerste = lopend.map(|klok| klok.uiterlijk.replace('-', "").parse::<u32>().unwrap()).min().unwrap();
            assert!(laatste <= eerste, "{laatste} {eerste}");
            laatste = eerste;
        }
        assert_eq!(gi.haal("/normklokken?na=gisteren").await.code, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_stopped_is_not_on_the_list_and_what_stops_the_others_is() {
    let mut zaak = Zaak::met_voorbeelden(&["02"]).await;
    let text = pagina(&zaak, "gi", "/normklokken").await.gelezen();
    for stopt in ["de GI bevestigt de ontvangst van de uitspraak", "Norm 2, koers", "Norm 3, passende hulp"] {
        assert!(text.contains(stopt), "{stopt}: {text}");
    }
    assert!(text.contains("te laat"), "the examples are of long before the clock of this test");
    zaak.bevestig("gi").await;
    zaak.speel(&["03", "04", "05", "06", "07", "08", "09", "10", "11"]).await;
    let text = pagina(&zaak, "gi", "/normklokken").await.gelezen();
    assert!(!text.contains("Norm 1, jeugdbeschermer") && !text.contains("Norm 2, koers"), "{text}");
}

both! {
    async fn a_case_is_on_the_list_of_the_gi_that_holds_it_that_day(chain: Chain) {
        chain.speel(&mut Verhaal::default(), &["02", "23"]).await;
        let mut lezing = chain.hub.store.read().await.expect("a connection");
        let mut van = async |gi: &str, dag: &str| {
            let dag = dag.parse().expect("a date");
            lopend(&mut lezing.conn(), oin(gi), &Lopend::begin(), dag, 9).await.expect("running clocks").len()
        };
        // The judge let gi-3 take over on the 22nd.
        assert_eq!((van("gi", "2026-06-21").await, van("gi-3", "2026-06-21").await), (1, 0));
        assert_eq!((van("gi", "2026-06-22").await, van("gi-3", "2026-06-22").await), (0, 1));
        assert_eq!(van("gi-3", "2099-01-01").await, 0, "when the maatregel has ended nothing runs");
    }
}
