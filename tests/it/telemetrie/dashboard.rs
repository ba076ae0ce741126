//! The dashboard and the manual for operators are held to what a hub really shows.

use std::collections::BTreeSet;

use super::{hub_na_het_verhaal, vraag};
use crate::support::repository;

/// The names of metrics in a text, as Prometheus knows them.
fn namen(tekst: &str) -> BTreeSet<String> {
    let woorden = tekst.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    woorden.filter(|woord| woord.starts_with("ketenhub_")).map(str::to_owned).collect()
}

/// Every `expr` below a value.
fn uitdrukkingen(json: &serde_json::Value, gevonden: &mut Vec<String>) {
    match json {
        serde_json::Value::Array(lijst) => lijst.iter().for_each(|een| uitdrukkingen(een, gevonden)),
        serde_json::Value::Object(velden) => {
            gevonden.extend(velden.get("expr").and_then(|expr| expr.as_str()).map(str::to_owned));
            velden.values().for_each(|een| uitdrukkingen(een, gevonden));
        }
        _ => {}
    }
}

/// The names of the series that a hub shows, without the endings of a histogram; and with them.
async fn getoond() -> (BTreeSet<String>, BTreeSet<String>) {
    let (zaak, operator) = hub_na_het_verhaal().await;
    zaak.hub.running.hub.meters.checkpoint(1, 1);
    let (_, metrics) = vraag(&operator, "/metrics").await;
    let families = metrics.lines().filter_map(|regel| regel.strip_prefix("# TYPE ")?.split(' ').next().map(str::to_owned));
    let reeksen = metrics.lines().filter(|regel| !regel.starts_with('#')).filter_map(|regel| regel.split(['{', ' ']).next());
    let eigen = |naam: &String| naam.starts_with("ketenhub_");
    (families.filter(eigen).collect(), reeksen.map(str::to_owned).filter(eigen).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_of_the_dashboard_is_shown_by_a_hub_that_carried_the_story() {
    let text = std::fs::read_to_string(repository().join("docs/grafana/ketenhub.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut alle = Vec::new();
    uitdrukkingen(&dashboard, &mut alle);
    assert!(alle.len() >= 15, "{}", alle.len());
    let (_, reeksen) = getoond().await;
    for expr in &alle {
        let namen = namen(expr);
        assert!(!namen.is_empty(), "{expr}");
        let verzonnen: Vec<_> = namen.difference(&reeksen).collect();
        assert!(verzonnen.is_empty(), "{verzonnen:?} in {expr}");
    }
}

#[test]
fn every_metric_of_the_manual_has_a_panel_and_no_panel_lies_on_another() {
    let lees = |pad: &str| std::fs::read_to_string(repository().join(pad)).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&lees("docs/grafana/ketenhub.json")).unwrap();
    let mut alle = Vec::new();
    uitdrukkingen(&dashboard, &mut alle);
    let op_het_bord: BTreeSet<String> = alle.iter().flat_map(|expr| namen(expr)).collect();
    let handboek = lees("docs/operations.md");
    let uitgelegd: BTreeSet<String> = handboek
        .lines()
        .filter(|regel| regel.starts_with("| `ketenhub_"))
        .flat_map(|regel| namen(regel.split('|').nth(1).unwrap()))
        .collect();
    assert!(uitgelegd.len() >= 30, "{}", uitgelegd.len());
    for metriek in uitgelegd {
        let reeks = |einde: &&str| op_het_bord.contains(&format!("{metriek}{einde}"));
        assert!(["", "_bucket", "_sum", "_count"].iter().any(reeks), "{metriek} has no panel");
    }
    let mut bezet = BTreeSet::new();
    for paneel in dashboard["panels"].as_array().unwrap() {
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|maat| paneel["gridPos"][maat].as_u64().unwrap());
        assert!(x + w <= 24, "{}", paneel["title"]);
        for plaats in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(bezet.insert(plaats), "{} lies on another", paneel["title"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manual_for_operators_explains_every_metric_and_no_other() {
    let text = std::fs::read_to_string(repository().join("docs/operations.md")).unwrap();
    let (families, _) = getoond().await;
    let regels = text.lines().filter(|regel| regel.starts_with("| `ketenhub_"));
    let uitgelegd: BTreeSet<_> = regels.flat_map(|regel| namen(regel.split('|').nth(1).unwrap())).collect();
    assert_eq!(uitgelegd, families);
}
