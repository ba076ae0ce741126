//! What the hub tells the inspectie is what a tally of its own makes of the dossiers; and the command as somebody runs it.

use std::process::Command;

use jeugdketen_proto::v1::Indicator;
use ketenhub::replay::Cijfers;

use super::telling::{Telling, inspectie};

fn paren(cijfers: &Cijfers) -> [(u64, u64); 7] {
    cijfers.alle().map(|breuk| (breuk.n, breuk.van))
}

#[test]
fn the_figures_of_the_hub_are_those_of_the_tally() {
    let inspectie = inspectie();
    let telling = Telling::over(&inspectie.dossiers, inspectie);
    let uitslag = &inspectie.uitslag;
    assert_eq!((uitslag.jeugdigen, uitslag.peildatum.as_str()), (400, "2021-03-01"));
    assert_eq!(paren(&uitslag.landelijk), telling.cijfers(""));
    let strikt = (uitslag.norm1_strikt.n, uitslag.norm1_strikt.van);
    assert_eq!(strikt, telling.van("", Indicator::JeugdbeschermerTijdigStrikt));
    assert_eq!(uitslag.per_gi.keys().collect::<Vec<_>>(), telling.gis());
    for (gi, cijfers) in &uitslag.per_gi {
        assert_eq!(paren(cijfers), telling.cijfers(gi), "{gi}");
    }
}

#[test]
fn the_command_tells_what_was_played_and_writes_the_figures() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cijfers.json");
    let database = format!("sqlite:{}", folder.path().join("replay.db").display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_ketenhub"));
    let arguments = ["replay", "landelijk-jaar", "--deel", "0.0005", "--database", &database, "--json"];
    let output = command.args(arguments).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    // Half a thousandth of 10,310, 5,015 and 18,000, each rounded up.
    for expected in ["landelijk-jaar: alles is aanvaard", "18 jeugdigen, 75 deelnemers", "berichten per seconde", "3 tijdig"] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    assert!(output.stderr.is_empty(), "no bar where there is no terminal: {}", String::from_utf8_lossy(&output.stderr));
    let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!((&json["scenario"], &json["peildatum"]), (&"landelijk-jaar".into(), &"2020-12-31".into()));
    // Those of last year, which are only extended, are not judged.
    assert_eq!(json["jeugdigen"], 9);
    assert_eq!(json["landelijk"]["norm1_vast"]["van"], 9);
    assert!(json["per_gi"].as_object().is_some_and(|gis| !gis.is_empty()));
}
