//! `ketenhub rapport`: the real programme against a hub, for people, for a spreadsheet and for a programme.

use jeugdketen_proto::v1::SoortKoppeling;
use serde_json::Value;

use super::Toneel;
use crate::support::proces::voer_uit;
use crate::support::zaak::oin;

/// Runs a report as a participant; what it writes, or what it says when it fails.
async fn rapport(toneel: &Toneel, wie: &str, argumenten: &[&str]) -> Result<String, String> {
    let address = toneel.zaak.hub.running.address.to_string();
    let alle = [&["rapport"], argumenten, &["--als", wie, "--endpoint", &address]].concat();
    let uitvoer = voer_uit(&alle).await;
    let tekst = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    if uitvoer.status.success() { Ok(tekst(&uitvoer.stdout)) } else { Err(tekst(&uitvoer.stderr)) }
}

async fn toneel() -> Toneel {
    let [mut toneel, _] = Toneel::op_beide().await;
    let zaak = toneel.open("rechtbank", "gi", "0518").await;
    toneel.open("rechtbank", "gi-2", "0599").await;
    toneel.zaak.bevestig("gi").await;
    toneel.koppel("gi", &zaak, SoortKoppeling::Vast).await;
    toneel.koers("gi", &zaak).await;
    toneel.bepaal("gi", &zaak).await;
    toneel.dagen_later(140);
    toneel
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_printed_for_people_for_a_spreadsheet_and_for_a_programme() {
    let toneel = toneel().await;
    let tekst = rapport(&toneel, "INSPECTIE", &["normen", "--per", "regio"]).await.unwrap();
    let regels: Vec<_> = tekst.lines().collect();
    assert_eq!(regels[..2], ["Peildatum  2027-04-09", "Zaken      2"]);
    assert!(regels[2].starts_with("Beleid     bijlage5-2021: kennisgeving 1wd"), "{tekst}");
    let kop = "Indicator                                Groep         Gehaald  Toegelicht  Doorbraak  Niet beoordeeld  Waarvan lopend";
    assert_eq!(regels[4], kop);
    let kennisgeving = [
        "Kennisgeving: tijdig                     Totaal      1/2 (50%)           0          0                0               0",
        "Kennisgeving: tijdig                     Rijnmond     0/1 (0%)           0          0                0               0",
        "Kennisgeving: tijdig                     Zuid-West  1/1 (100%)           0          0                0               0",
    ];
    assert_eq!(regels[5..8], kennisgeving.map(|regel| regel.to_owned()));
    assert!(tekst.contains("Machtiging: tijdig uitgevoerd            Totaal       0/2 (0%) "), "{tekst}");

    let kwartaal = ["normen", "--vanaf", "2026-10-01", "--tot", "2026-12-31"];
    let van_gi = rapport(&toneel, "GI", &kwartaal).await.unwrap();
    assert!(van_gi.contains("Peildatum  2027-03-31\nZaken      verborgen\n"), "{van_gi}");
    assert!(van_gi.contains("\nVerborgen  aantallen van 1 tot en met 9, en wat die zou verraden\n"), "{van_gi}");
    assert!(van_gi.contains("Norm 2: koers tijdig                     Totaal   verborgen           -"), "{van_gi}");

    let csv = rapport(&toneel, "INSPECTIE", &["normen", "--per", "gi", "--csv"]).await.unwrap();
    let regels: Vec<_> = csv.split("\r\n").collect();
    let velden = "norm,gehaald,beoordeeld,indicator,groep,naam,procent,toegelicht,doorbraak,niet_beoordeeld,loopt,onderdrukt";
    assert_eq!(regels[0], velden);
    assert_eq!(regels[1], "NORM_KENNISGEVING,1,2,INDICATOR_KENNISGEVING_TIJDIG,,,50,0,0,0,0,false");
    let west = format!("NORM_KENNISGEVING,1,1,INDICATOR_KENNISGEVING_TIJDIG,{},EXAMPLE Jeugdbescherming west,100,0,0,0,0,false", oin("gi"));
    assert_eq!(regels[2], west);
    assert_eq!(regels.last(), Some(&""), "every line ends in CR LF");
    let csv = rapport(&toneel, "GI", &[&kwartaal[..], &["--csv"]].concat()).await.unwrap();
    assert!(csv.contains("NORM_KOERS,0,0,INDICATOR_KOERS_TIJDIG,,,,,,,,true\r\n"), "{csv}");

    let json: Value = serde_json::from_str(&rapport(&toneel, "INSPECTIE", &["normen", "--json"]).await.unwrap()).unwrap();
    assert_eq!((&json["zaken"], &json["regels"][0]["beoordeeld"]), (&"2".into(), &"2".into()));

    let geweigerd = rapport(&toneel, "GI", &["normen"]).await.unwrap_err();
    assert!(geweigerd.contains("InvalidArgument ONGELDIGE_INHOUD") && geweigerd.contains("vanaf: "), "{geweigerd}");
    let geweigerd = rapport(&toneel, "AANBIEDER", &["normen"]).await.unwrap_err();
    assert!(geweigerd.contains("PermissionDenied ROL_MAG_NIET_AANROEPEN"), "{geweigerd}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_other_report_is_printed_too() {
    let toneel = toneel().await;
    let inspectie = async |argumenten: &[&str]| rapport(&toneel, "INSPECTIE", argumenten).await.unwrap();
    let gi = oin("gi");
    let verwacht: [(&[&str], &str); 6] = [
        (
            &["kennisgeving"],
            "Vorm         Uitspraken  Niet ontvangen  GI niet uitgenodigd  Mediaan  P95  Langst\n00000099010000001000  beschikking           2               1",
        ),
        (
            &["tekorten"],
            "Peildatum  2027-04-09\n\nCategorie  Regio      Wachtend  0-42 dagen  43-91 dagen  Langer  Op wachtlijst  Langst (dagen)\n54         Landelijk         1           0            0       1              0             140\n",
        ),
        (&["wachtenden"], "00000099020000001000  Zuid-West            1                       0             0"),
        (
            &["overdrachten", "--gi", &gi, "--per", "2027-01-01"],
            "Aangeboden        1\nOvergenomen       0\nGeëindigd         0\nZonder andere GI  1\n",
        ),
        (&["doorlooptijden"], "Koers tot overleg  00000099020000001000       1                0            0               0\n"),
        (&["toetsing"], "Gemeente  Pogingen  Laatste\n"),
    ];
    for (argumenten, deel) in verwacht {
        let tekst = inspectie(argumenten).await;
        assert!(tekst.contains(deel), "{argumenten:?}:\n{tekst}");
        let json: Value = serde_json::from_str(&inspectie(&[argumenten, &["--json"]].concat()).await).unwrap();
        assert!(json.is_object());
        let csv = inspectie(&[argumenten, &["--csv"]].concat()).await;
        assert!(csv.lines().next().unwrap().split(',').count() >= 3, "{csv}");
    }
    let leeg = inspectie(&["kennisgeving", "--vanaf", "2026-11-21", "--csv"]).await;
    assert_eq!(leeg.lines().count(), 1, "a header, and no uitspraak from the day after");
    assert_eq!(inspectie(&["kennisgeving", "--vanaf", "2026-11-20", "--tot", "2026-11-20", "--csv"]).await.lines().count(), 2);
    assert_eq!(inspectie(&["kennisgeving", "--tot", "2026-11-19", "--csv"]).await.lines().count(), 1);
    let fout = rapport(&toneel, "INSPECTIE", &["kennisgeving", "--tot", "gisteren"]).await.unwrap_err();
    assert!(fout.contains("--tot must be a date yyyy-mm-dd"), "{fout}");
}
