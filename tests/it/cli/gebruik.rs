//! From making certificates to verified receipts, and the register.

use std::path::Path;

use serde_json::Value;

use super::{Als, gelukt, mislukt, schrijf};
use crate::support::berichten::{GI, GI_2, voorbeeld_tekst};
use crate::support::proces::{self, Proces, draai, programma, voer_uit, voorbeeld_certs};

#[tokio::test(flavor = "multi_thread")]
async fn certificates_a_hub_a_message_its_delivery_and_its_receipt() {
    let map = tempfile::tempdir().unwrap();
    let certs = map.path().join("pki");
    let gemaakt = gelukt(&voer_uit(&["certs", "--out", certs.to_str().unwrap()]).await);
    assert!(gemaakt.contains(" files in "), "{gemaakt}");
    let nog_eens = mislukt(&voer_uit(&["certs", "--out", certs.to_str().unwrap()]).await);
    assert!(nog_eens.contains("already exists"), "{nog_eens}");

    let hub = Proces::start(&proces::config(map.path(), &certs, "sqlite:hub.db", ""), &[]).await;
    let als = |wie: &str| Als::nieuw(&hub.address, &certs, wie);
    let (zitting, ander) = (voorbeeld_tekst("01-zittingsaankondiging.json", &[]), voorbeeld_tekst("01-zittingsaankondiging.json", &[]));
    let bericht = schrijf(map.path(), "zitting.json", &zitting);
    let ander = schrijf(map.path(), "ander.json", &ander);
    let receipt = gelukt(&als("rechtbank").doet(&["submit", bericht.to_str().unwrap()]).await);
    assert_eq!(gelukt(&als("rechtbank").doet(&["submit", bericht.to_str().unwrap()]).await), receipt, "repeating is safe");

    ontvangen(&als("gi")).await;
    let sleutels = gelukt(&als("beheerder").doet(&["receipt", "sleutels"]).await);
    let (id, sleutel) = sleutels.trim().split_once("  ").unwrap();
    assert_eq!((id.len(), sleutel.len()), (16, 64));
    let geweigerd = mislukt(&als("gi").doet(&["receipt", "sleutels"]).await);
    assert!(geweigerd.contains("PermissionDenied"), "{geweigerd}");
    verifieren(map.path(), &receipt, sleutel, &bericht, &ander).await;
}

async fn ontvangen(gi: &Als) {
    let een = gelukt(&gi.doet(&["receive"]).await);
    assert_eq!(een.lines().count(), 1);
    let levering: Value = serde_json::from_str(een.trim()).unwrap();
    assert_eq!(levering["bericht"]["zittingsaankondiging"]["jeugdige"]["bsn"], "999990019");
    // Each delivery is a step of its own in the trace.
    let zonder_stap = |tekst: &str| {
        let mut levering: Value = serde_json::from_str(tekst.trim()).unwrap();
        assert!(levering["traceparent"].take().is_string());
        levering
    };
    let weer = gelukt(&gi.doet(&["receive", "--bevestig"]).await);
    assert_eq!(zonder_stap(&weer), zonder_stap(&een), "it was not acknowledged before");
    assert_eq!(gelukt(&gi.doet(&["receive"]).await), "");
    assert_eq!(zonder_stap(&gelukt(&gi.doet(&["receive", "--na", "0"]).await)), zonder_stap(&een));
}

async fn verifieren(map: &Path, receipt: &str, sleutel: &str, bericht: &Path, ander: &Path) {
    let goed = schrijf(map, "receipt.json", receipt);
    let verifieer = async |bestand: &Path, sleutel: &str, bericht: &Path| {
        let (bestand, bericht) = (bestand.to_str().unwrap(), bericht.to_str().unwrap());
        voer_uit(&["receipt", "verify", bestand, "--sleutel", sleutel, "--bericht", bericht]).await
    };
    assert!(gelukt(&verifieer(&goed, sleutel, bericht).await).starts_with("the receipt holds: message "));
    let mut vervalst: Value = serde_json::from_str(receipt).unwrap();
    vervalst["aanvaard_op"] = "2020-01-01T00:00:00Z".into();
    let vervalst = schrijf(map, "vervalst.json", &vervalst.to_string());
    for (uitvoer, zin) in [
        (verifieer(&vervalst, sleutel, bericht).await, "the receipt is not the hub's, or was altered"),
        (verifieer(&goed, sleutel, ander).await, "it is for another message than"),
        (verifieer(&goed, &"ab".repeat(32), bericht).await, "signed with another key"),
        (verifieer(&goed, "geen-hex", bericht).await, "must be 64 hexadecimal digits"),
        (verifieer(bericht, sleutel, bericht).await, "not the protobuf JSON of a Receipt"),
    ] {
        let gezegd = mislukt(&uitvoer);
        assert!(gezegd.contains(zin), "{gezegd}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_certificates_are_chosen_by_role_and_messages_come_from_standard_input() {
    let map = tempfile::tempdir().unwrap();
    let hub = Proces::start(&proces::config(map.path(), &voorbeeld_certs(), "sqlite:hub.db", ""), &[]).await;
    let mut command = programma(&["submit", "-", "--als", "RECHTBANK"]);
    let bericht = schrijf(map.path(), "zitting.json", &voorbeeld_tekst("01-zittingsaankondiging.json", &[(GI, GI_2)]));
    // The address comes from the surroundings.
    command.env("KETENHUB_ENDPOINT", &hub.address).stdin(std::fs::File::open(bericht).unwrap());
    gelukt(&draai(command).await);
    let als = async |wie: &str| voer_uit(&["receive", "--endpoint", &hub.address, "--als", wie]).await;
    assert_eq!(gelukt(&als("GI-2").await).lines().count(), 1);
    assert_eq!(gelukt(&als("gi_2").await).lines().count(), 1);
    assert_eq!(gelukt(&als("GI").await), "");
    let onbekend = mislukt(&als("NIEMAND").await);
    assert!(onbekend.contains("there is no example certificate") && onbekend.contains("README.md"), "{onbekend}");
    let zonder = mislukt(&voer_uit(&["receive", "--endpoint", &hub.address]).await);
    assert!(zonder.contains("say as whom"), "{zonder}");
    let dubbel = voer_uit(&["receive", "--als", "GI", "--ca", "x", "--cert", "x", "--key", "x"]).await;
    assert_eq!(dubbel.status.code(), Some(2), "one way to say as whom");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_adds_suspends_and_succeeds_participants_and_everybody_can_list_them() {
    const NIEUW: &str = "00000099030000009000";
    const TEAM: &str = "00000099100000001000";
    let map = tempfile::tempdir().unwrap();
    let certs = voorbeeld_certs();
    let hub = Proces::start(&proces::config(map.path(), &certs, "sqlite:hub.db", ""), &[]).await;
    let (beheerder, gi) = (Als::nieuw(&hub.address, &certs, "beheerder"), Als::nieuw(&hub.address, &certs, "gi"));
    let regel = async |oin: &str| {
        let lijst = gelukt(&gi.doet(&["deelnemer", "list"]).await);
        lijst.lines().find(|regel| regel.starts_with(oin)).map(str::to_owned)
    };
    assert_eq!(regel(NIEUW).await, None);
    let deelnemer = format!(
        r#"{{"oin": "{NIEUW}", "rol": "ROL_GEMEENTE", "naam": "EXAMPLE Gemeente Delft", "code": "0503", "geldig_vanaf": "2015-01-01",
            "status": "STATUS_DEELNEMER_ACTIEF"}}"#
    );
    let bestand = schrijf(map.path(), "deelnemer.json", &deelnemer);
    let geweigerd = mislukt(&gi.doet(&["deelnemer", "add", bestand.to_str().unwrap()]).await);
    assert!(geweigerd.contains("ROL_MAG_NIET_AANROEPEN"), "{geweigerd}");
    gelukt(&beheerder.doet(&["deelnemer", "add", bestand.to_str().unwrap()]).await);
    assert!(regel(NIEUW).await.unwrap().contains("ACTIEF"));

    let team = deelnemer.replace("ROL_GEMEENTE", "ROL_LOKAAL_TEAM").replace(r#""code": "0503""#, &format!(r#""namens_oin": "{NIEUW}""#));
    let team = schrijf(map.path(), "team.json", &team.replacen(NIEUW, TEAM, 1));
    gelukt(&beheerder.doet(&["deelnemer", "add", team.to_str().unwrap()]).await);
    assert!(regel(TEAM).await.unwrap().ends_with(&format!("namens {NIEUW}")));

    let geschorst = gelukt(&beheerder.doet(&["deelnemer", "suspend", NIEUW]).await);
    assert!(geschorst.contains("STATUS_DEELNEMER_GESCHORST"), "{geschorst}");
    assert!(regel(NIEUW).await.unwrap().contains("GESCHORST"));
    gelukt(&beheerder.doet(&["deelnemer", "suspend", NIEUW, "--status", "actief"]).await);
    let gemeente = "00000099030000002000";
    let opgevolgd = gelukt(&beheerder.doet(&["deelnemer", "succeed", NIEUW, gemeente, "--per", "2026-01-01"]).await);
    assert!(opgevolgd.contains(&format!("\"opvolger_oin\": \"{gemeente}\"")), "{opgevolgd}");
    let nog_eens = mislukt(&beheerder.doet(&["deelnemer", "succeed", NIEUW, gemeente, "--per", "2026-01-01"]).await);
    assert!(nog_eens.contains("FailedPrecondition AL_OPGEVOLGD"), "{nog_eens}");
    let json = gelukt(&gi.doet(&["deelnemer", "list", "--json"]).await);
    assert!(json.lines().all(|regel| serde_json::from_str::<Value>(regel).is_ok_and(|regel| regel["oin"].is_string())));

    gelukt(&beheerder.doet(&["deelnemer", "suspend", GI]).await);
    let gezegd = mislukt(&gi.doet(&["receive"]).await);
    assert!(gezegd.contains("PermissionDenied DEELNEMER_GESCHORST: your certificate is valid, but"), "{gezegd}");
}
