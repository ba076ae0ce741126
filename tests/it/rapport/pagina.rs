//! The figures as a page: the numbers that the calls give the same role, no more.

use super::Toneel;
use super::zicht::kwartaal;
use crate::support::browser::{als, wacht_op};
use crate::support::chain;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_figures_shows_a_role_the_numbers_that_are_its_own_and_hides_the_small_ones() {
    for mut toneel in Toneel::op_beide().await {
        kwartaal(&mut toneel).await;
        let pad = "/normklokken?kwartaal=2026-K4&indicator=1";
        let klaar = |text: &str| text.contains("<caption>");
        let inspectie = wacht_op(&mut als(&toneel.zaak, "inspectie").await, pad, klaar).await;
        // In the plot and in the table beside it.
        for (regio, gehaald, beoordeeld, procent) in [("Rijnmond", 4, 12, 33), ("Zuid-West", 14, 19, 74)] {
            assert!(inspectie.contains(&format!("({gehaald}/{beoordeeld})")), "{regio}");
            let cellen = format!(
                "<th scope=\"row\">{regio}</th><td class=\"getal\">{gehaald}</td><td class=\"getal\">{beoordeeld}</td><td class=\"getal\">{procent}%</td>"
            );
            assert!(inspectie.contains(&cellen), "{regio}: {inspectie}");
        }
        assert!(inspectie.contains("58% (18/31)") && !inspectie.contains("verborgen"));
        assert!(inspectie.contains("Van uitspraak tot ontvangst") && inspectie.contains("Pogingen om een jeugdhulpbepaling te toetsen"));

        // Each GI beside the others for the inspectie, and one by itself, in every norm.
        let rij = |html: &str, naam: &str, (gehaald, beoordeeld): (u32, u32)| {
            html.contains(&format!("<th scope=\"row\">{naam}</th><td class=\"getal\">{gehaald}</td><td class=\"getal\">{beoordeeld}</td>"))
        };
        let naam = |wie: &str| toneel.zaak.hub.running.hub.register.nu().zoek(chain::oin(wie)).unwrap().naam.clone();
        for (gi, cijfer) in [("gi", (14, 14)), ("gi-2", (4, 15)), ("gi-3", (0, 2))] {
            assert!(rij(&inspectie, &naam(gi), cijfer), "{gi}: {inspectie}");
        }
        let van_gi_2 = als(&toneel.zaak, "inspectie").await.haal(&format!("{pad}&gi={}", chain::oin("gi-2"))).await.gelezen();
        assert!(rij(&van_gi_2, "2026-K4", (4, 15)) && !van_gi_2.contains("18/31") && !van_gi_2.contains("14/14"), "{van_gi_2}");
        assert!(van_gi_2.contains(&format!("Alle normen, {}, 2026-K4", naam("gi-2"))) && !van_gi_2.contains("Van uitspraak tot ontvangst"));

        // A GI has its own and nobody else's, whatever it asks.
        for vraag in [String::new(), format!("&gi={}", chain::oin("gi-2"))] {
            let pad = format!("/normcijfers?kwartaal=2026-K4&indicator=1{vraag}");
            let eigen = wacht_op(&mut als(&toneel.zaak, "gi").await, &pad, klaar).await;
            assert!(rij(&eigen, "2026-K4", (14, 14)), "{eigen}");
            for vreemd in ["4/15", "18/31", "14/19", "0/2", &naam("gi-2"), "Rijnmond", "Van uitspraak tot ontvangst", "Pogingen"] {
                assert!(!eigen.contains(vreemd), "{vreemd}: {eigen}");
            }
        }

        let regio = wacht_op(&mut als(&toneel.zaak, "accounthoudende-regio").await, pad, klaar).await;
        assert!(regio.contains("58% (18/31)"), "the total is not small");
        assert!(!regio.contains("4/12") && !regio.contains("14/19") && !regio.contains("33%") && !regio.contains("74%"));
        assert!(regio.matches("<td class=\"getal\">verborgen</td><td class=\"getal\">verborgen</td>").count() >= 2, "{regio}");
        assert!(!regio.contains("Van uitspraak tot ontvangst") && !regio.contains("Pogingen"));
        assert!(["gi", "gi-2", "gi-3"].iter().all(|gi| !regio.contains(&naam(gi))), "{regio}");
        let per_gi = format!("{pad}&gi={}", chain::oin("gi-2"));
        assert_eq!(als(&toneel.zaak, "accounthoudende-regio").await.haal(&per_gi).await.code, 400);
        let geen_gi = format!("{pad}&gi={}", chain::oin("gemeente"));
        assert_eq!(als(&toneel.zaak, "inspectie").await.haal(&geen_gi).await.code, 400);
        // A quarter that is not closed is the inspectie's alone.
        let open = "/normklokken?kwartaal=2027-K2";
        assert_eq!(als(&toneel.zaak, "inspectie").await.haal(open).await.code, 200);
        assert_eq!(als(&toneel.zaak, "accounthoudende-regio").await.haal(open).await.code, 400);
        for onleesbaar in ["/normklokken?kwartaal=1999-K1", "/normklokken?indicator=99", "/normklokken?indicator=x", "/normklokken?gi=x"] {
            assert_eq!(als(&toneel.zaak, "inspectie").await.haal(onleesbaar).await.code, 400, "{onleesbaar}");
        }
    }
}
