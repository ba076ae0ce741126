//! The figures as a page: the numbers that the calls give the same role, no more.

use super::Toneel;
use super::zicht::kwartaal;
use crate::support::browser::{als, wacht_op};

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

        let regio = wacht_op(&mut als(&toneel.zaak, "accounthoudende-regio").await, pad, klaar).await;
        assert!(regio.contains("58% (18/31)"), "the total is not small");
        assert!(!regio.contains("4/12") && !regio.contains("14/19") && !regio.contains("33%") && !regio.contains("74%"));
        assert!(regio.matches("<td class=\"getal\">verborgen</td><td class=\"getal\">verborgen</td>").count() >= 2, "{regio}");
        assert!(!regio.contains("Van uitspraak tot ontvangst") && !regio.contains("Pogingen"));
        // A quarter that is not closed is the inspectie's alone.
        let open = "/normklokken?kwartaal=2027-K2";
        assert_eq!(als(&toneel.zaak, "inspectie").await.haal(open).await.code, 200);
        assert_eq!(als(&toneel.zaak, "accounthoudende-regio").await.haal(open).await.code, 400);
        for onleesbaar in ["/normklokken?kwartaal=1999-K1", "/normklokken?indicator=99", "/normklokken?indicator=x"] {
            assert_eq!(als(&toneel.zaak, "inspectie").await.haal(onleesbaar).await.code, 400, "{onleesbaar}");
        }
    }
}
