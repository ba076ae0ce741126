//! What is on the pages of each role, and on those of no other.

use crate::support::browser::{als, pagina, raadplegingen};
use crate::support::zaak::{DEELNEMERS, Zaak, oin};

const PAGINAS: [&str; 7] = ["/ketenbord", "/normklokken", "/normcijfers", "/traject", "/rechtbank", "/deelnemers", "/audit"];

/// Which pages a role has.
fn van(wie: &str) -> &'static [&'static str] {
    match wie.trim_end_matches(|c: char| c == '-' || c.is_ascii_digit()) {
        "rechtbank" => &["/ketenbord", "/traject", "/rechtbank"],
        "gi" => &["/ketenbord", "/normklokken", "/normcijfers", "/traject"],
        "inspectie" => &["/ketenbord", "/normklokken", "/traject"],
        "gemeente" | "aanbieder" | "expertteam" => &["/ketenbord", "/traject"],
        "accounthoudende-regio" => &["/ketenbord", "/normklokken"],
        "beheerder" => &["/ketenbord", "/deelnemers", "/audit"],
        wie => panic!("{wie}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_has_its_own_pages_which_hold_no_script_and_no_style_of_their_own() {
    let zaak = Zaak::heel().await;
    let mut cellen = 0;
    for wie in DEELNEMERS {
        let mut browser = als(&zaak, wie).await;
        let begin = browser.haal("/").await.text();
        for pad in PAGINAS {
            let (heeft, antwoord) = (van(wie).contains(&pad), browser.haal(pad).await);
            assert_eq!(antwoord.code, if heeft { 200 } else { 403 }, "{pad} for {wie}");
            assert_eq!(begin.contains(&format!("href=\"{pad}\"")), heeft, "{pad} for {wie}");
            welgevormd(&antwoord.text(), &format!("{pad} for {wie}"));
            cellen += 1;
        }
        welgevormd(&begin, wie);
    }
    for wie in ["gi", "rechtbank", "aanbieder", "inspectie"] {
        welgevormd(&pagina(&zaak, wie, &format!("/traject/{}", zaak.maatregel)).await.text(), wie);
    }
    assert_eq!(cellen, 17 * 7);
}

/// What a strict policy and a reader without eyes or mouse need of any page.
fn welgevormd(html: &str, waar: &str) {
    let klein = html.to_lowercase();
    for verboden in ["<script", "<style", " style=", "javascript:", "http-equiv", "<iframe", "<object", "<base"] {
        assert!(!klein.contains(verboden), "{verboden} in {waar}");
    }
    assert!(!klein.split('<').any(|tag| tag.split('>').next().is_some_and(|tag| tag.contains(" on"))), "a handler in {waar}");
    assert!(klein.starts_with("<!doctype html>\n<html lang=\"nl\">"), "{waar}");
    assert_eq!((klein.matches("<h1>").count(), klein.matches("<main id=\"inhoud\"").count()), (1, 1), "{waar}");
    assert_eq!(klein.matches("<table>").count(), klein.matches("<caption>").count(), "{waar}");
    assert_eq!(klein.matches("<th ").count() + klein.matches("<th>").count(), klein.matches("<th scope=").count(), "{waar}");
    assert!(klein.matches("<svg").count() <= klein.matches("<table>").count(), "a plot without a table in {waar}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rechtbank_sees_whether_its_uitspraak_is_with_the_gi_and_who_has_room() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&["01", "02", "31"]).await;
        let text = pagina(&zaak, "rechtbank", "/rechtbank").await.gelezen();
        assert!(text.contains(&zaak.maatregel) && text.contains("nog niet ontvangen"), "{text}");
        assert!(!pagina(&zaak, "rechtbank-2", "/rechtbank").await.text().contains(&zaak.maatregel));
        zaak.bevestig("gi").await;
        let text = pagina(&zaak, "rechtbank", "/rechtbank").await.gelezen();
        assert!(text.contains("bij de GI sinds 20-11-2026 13:00:00") && !text.contains("nog niet ontvangen"), "{text}");
        let record = ("GERAADPLEEGD".to_owned(), "PAGINA_RECHTBANK".to_owned(), Some(zaak.maatregel.clone()));
        assert_eq!(raadplegingen(&zaak, 0).await, [record.clone(), record]);
        assert_eq!(pagina(&zaak, "rechtbank", "/rechtbank?voor=1").await.code, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_sees_who_takes_part_and_what_is_on_record_but_no_case() {
    let zaak = Zaak::heel().await;
    pagina(&zaak, "gi", &format!("/traject/{}", zaak.maatregel)).await;
    let mut browser = als(&zaak, "beheerder").await;
    let deelnemers = browser.haal("/deelnemers").await.gelezen();
    for wie in DEELNEMERS {
        assert!(deelnemers.contains(&oin(wie)), "{wie}");
    }
    assert!(deelnemers.contains("nog niet gezien") && deelnemers.contains("nu verbonden, sinds"), "{deelnemers}");
    // The hub adds records of its own meanwhile.
    let voor = zaak.aantal("audit").await;
    let audit = browser.haal("/audit").await.gelezen();
    let omvang = audit.split("telt <strong>").nth(1).unwrap().split('<').next().unwrap().replace('.', "").parse::<i64>().unwrap();
    assert!((voor..=zaak.aantal("audit").await).contains(&omvang), "{omvang}");
    assert!(audit.contains("get traject"), "{audit}");
    assert!(audit.contains("ketenhub.example/audit"), "the checkpoint");
    assert!(!audit.contains(&zaak.maatregel), "a record says here nothing of its case");
    let eerder = browser.haal("/audit?tot=3").await.gelezen();
    assert!(eerder.contains("<th scope=\"row\" class=\"getal\">3</th>") && !eerder.contains("class=\"getal\">4</th>"), "{eerder}");
}
