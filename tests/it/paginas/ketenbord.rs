//! Whether anything is stuck, and who is there.

use ketenhub::hub::Running;

use crate::support::browser::{als, wacht_op};
use crate::support::chain;
use crate::support::hub::{CERTS, channel};
use crate::support::zaak::Zaak;

/// The row of a relation, up to its cells.
fn rij(zaak: &Zaak, van: &str, naar: &str) -> String {
    let naam = |wie: &str| zaak.hub.running.hub.register.nu().zoek(chain::oin(wie)).unwrap().naam.clone();
    format!("<th scope=\"row\">{}</th><td>{}</td>", naam(van), naam(naar))
}

/// The cells of a relation.
fn cellen(text: &str, rij: &str) -> String {
    text.split(rij).nth(1).unwrap_or_default().split("</tr>").next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ketenbord_shows_a_participant_its_own_relations_and_the_operator_all() {
    let zaak = Zaak::heel().await;
    let naam = |wie: &str| zaak.hub.running.hub.register.nu().zoek(chain::oin(wie)).unwrap().naam.clone();
    let rij = |van: &str, naar: &str| format!("<th scope=\"row\">{}</th><td>{}</td>", naam(van), naam(naar));
    let klaar = |text: &str| text.contains("Stand van");
    let gi = wacht_op(&mut als(&zaak, "gi").await, "/ketenbord", klaar).await;
    assert!(gi.contains(&rij("rechtbank", "gi")) && gi.contains(&rij("gi", "gemeente")) && gi.contains(&rij("aanbieder", "gi")), "{gi}");
    let aanbieder = wacht_op(&mut als(&zaak, "aanbieder").await, "/ketenbord", klaar).await;
    assert!(aanbieder.contains(&rij("gi", "aanbieder")) && aanbieder.contains(&rij("aanbieder", "gi")));
    assert!(!aanbieder.contains(&naam("rechtbank")) && !aanbieder.contains(&rij("gi", "gemeente")), "{aanbieder}");
    let vreemd = wacht_op(&mut als(&zaak, "gi-2").await, "/ketenbord", klaar).await;
    assert!(vreemd.contains("Er is nog niets uitgewisseld"), "{vreemd}");
    let beheerder = wacht_op(&mut als(&zaak, "beheerder").await, "/ketenbord", klaar).await;
    assert!(beheerder.contains(&rij("rechtbank", "gi")) && beheerder.contains(&rij("gi", "gemeente")));

    // What was confirmed does not wait any more, and its time is there.
    let mut browser = als(&zaak, "rechtbank").await;
    let regel = |text: &str| text.split(&rij("rechtbank", "gi")).nth(1).unwrap().split("</tr>").next().unwrap().to_owned();
    assert!(!regel(&browser.haal("/ketenbord").await.gelezen()).starts_with("<td class=\"getal\">0</td>"));
    zaak.bevestig("gi").await;
    let text = wacht_op(&mut browser, "/ketenbord", |text| regel(text).starts_with("<td class=\"getal\">0</td>")).await;
    assert!(regel(&text).contains("(n=") && regel(&text).contains('–'), "{}", regel(&text));
    let live = browser.haal("/ketenbord?live=1").await;
    assert_eq!((live.kop("refresh"), browser.haal("/ketenbord").await.kop("refresh")), (Some("30"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_handed_out_again_and_again_and_never_confirmed_is_said_to_be_stuck() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&["01", "02", "03", "04", "05"]).await;
        for _ in 0..4 {
            zaak.post("gemeente").await;
        }
        let klaar = |text: &str| text.contains("Stand van");
        let mut beheerder = als(&zaak, "beheerder").await;
        let text = wacht_op(&mut beheerder, "/ketenbord", klaar).await;
        assert!(!text.contains("hangen"), "four times is no more than a bad day: {text}");
        zaak.post("gemeente").await;
        let text = wacht_op(&mut beheerder, "/ketenbord", |text| text.contains("hangen")).await;
        assert_eq!(text.matches("blijft hangen, 5 keer uitgereikt").count(), 1, "{text}");
        assert!(cellen(&text, &rij(&zaak, "rechtbank", "gemeente")).contains("blijft hangen"), "the oldest is its uitspraak: {text}");
        assert!(text.contains("Er blijft <strong class=\"fout\">één bericht</strong> hangen"), "{text}");
        zaak.bevestig("gemeente").await;
        wacht_op(&mut beheerder, "/ketenbord", |text| klaar(text) && !text.contains("hangen")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_connected_to_another_hub_is_there_and_who_left_was() {
    let url = crate::support::postgres::database().await;
    let mut zaak = Zaak::met(|config| {
        config.database = url;
        config.limits.heartbeat_s = 1;
    })
    .await;
    zaak.speel(&["01", "02", "03", "04"]).await;
    let mut config = zaak.hub.config.clone();
    config.audit.stand = zaak.hub.folder.path().join("stand-2");
    let tweede = Running::start(&config, zaak.clock.clone()).await.unwrap();
    let mut beheerder = als(&zaak, "beheerder").await;
    let gi_gemeente = rij(&zaak, "gi", "gemeente");
    let van = |text: &str| cellen(text, &gi_gemeente);
    let text = wacht_op(&mut beheerder, "/ketenbord", |text| !van(text).is_empty()).await;
    assert!(van(&text).ends_with("<td>niet gezien</td>"), "{}", van(&text));
    let kanaal = channel(&tweede.address.to_string(), CERTS.as_ref(), "gemeente").await;
    wacht_op(&mut beheerder, "/ketenbord", |text| van(text).ends_with("<td>verbonden</td>")).await;
    let eigen = wacht_op(&mut als(&zaak, "gi").await, "/ketenbord", |text| van(text).ends_with("<td>verbonden</td>")).await;
    assert!(eigen.contains(&rij(&zaak, "rechtbank", "gi")), "the other end of a relation sees it too: {eigen}");

    // Gone, and said with the moment at which it was there last.
    drop(kanaal);
    wacht_op(&mut beheerder, "/ketenbord", |_| tweede.hub.verbindingen.aantal() == 0).await;
    zaak.clock.advance(chrono::TimeDelta::hours(1));
    wacht_op(&mut beheerder, "/ketenbord", |text| van(text).ends_with("<td>20-11-2026 13:00:00</td>")).await;
    let deelnemers = beheerder.haal("/deelnemers").await.gelezen();
    assert!(deelnemers.contains("<td>20-11-2026 13:00:00</td>"), "{deelnemers}");
    tweede.stop().await.unwrap();
}
