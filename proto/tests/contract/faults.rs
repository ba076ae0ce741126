//! Small contracts with one thing wrong, each built by the very function the build script calls. They do not repeat the real contract.

use std::error::Error;
use std::fs;
use std::path::Path;

use crate::policy::{self, Faults, Sound};

const OPTIONS: &str = include_str!("../../jeugdketen/hub/v1/opties.proto");

const SOUND: &str = r#"
syntax = "proto3";
package klein.v1;
import "klein/v1/opties.proto";

message Bericht {
  string bericht_id = 1 [(zicht) = {allen: true, grond: "protocol", klasse: KLASSE_GEWOON}];
  oneof inhoud {
    Melding melding = 10 [(zicht) = {allen: true, grond: "protocol", klasse: KLASSE_GEWOON}];
  }
}

message Melding {
  option (route) = {van: [ROL_GI] naar: [{rol: ROL_GEMEENTE, wie: WIE_WOONPLAATS}] zaak: ZAAKBAND_VERPLICHT};
  string tekst = 1 [(zicht) = {lezers: [ROL_GEMEENTE], grond: "Jw 7.4.0", klasse: KLASSE_BIJZONDER}];
  repeated Deel delen = 2 [(zicht) = {lezers: [ROL_GEMEENTE], grond: "Jw 7.4.0", klasse: KLASSE_GEWOON, eigen_deel: {rol: ROL_GEMEENTE, veld: "oin"}}];
}

message Deel {
  string oin = 1 [(zicht) = {lezers: [ROL_GEMEENTE], grond: "Jw 7.4.0", klasse: KLASSE_GEWOON}];
  uint32 aantal = 2 [(zicht) = {lezers: [ROL_GEMEENTE], grond: "Jw 7.4.0", klasse: KLASSE_GEWOON}];
}
"#;

/// What the build script would do with this contract, in a directory of its own.
fn build(contract: &str, check: impl FnOnce(Result<Sound, Box<dyn Error>>, &Path)) {
    build_with(contract, &OPTIONS.replace("package jeugdketen.hub.v1;", "package klein.v1;"), check);
}

fn build_with(contract: &str, options: &str, check: impl FnOnce(Result<Sound, Box<dyn Error>>, &Path)) {
    let root = tempfile::tempdir().expect("a directory for the contract");
    let out = tempfile::tempdir().expect("a directory for what the build makes");
    let package = root.path().join("klein/v1");
    fs::create_dir_all(&package).expect("the package");
    fs::write(package.join("opties.proto"), options).expect("the options");
    fs::write(package.join("bericht.proto"), contract).expect("the contract");
    check(policy::compile(root.path(), "klein.v1", out.path()), out.path());
}

/// The faults of the sound contract after one change.
fn faults_after(from: &str, to: &str) -> Vec<String> {
    assert!(SOUND.contains(from), "the sound contract has no {from:?}");
    let mut found = Vec::new();
    build(&SOUND.replacen(from, to, 1), |built, _| {
        let error = built.err().expect("this contract must not build");
        found = error.downcast::<Faults>().unwrap_or_else(|other| panic!("refused for another reason: {other}")).0;
    });
    found
}

#[test]
fn a_sound_contract_builds() {
    build(SOUND, |built, out| {
        let sound = built.expect("it leaves nothing open");
        assert_eq!(sound.contract.kinds.len(), 1);
        assert_eq!(fs::read(out.join("contract.binpb")).expect("the descriptors were written"), sound.descriptors);
        let policy = fs::read_to_string(out.join("policy.rs")).expect("the policy was written");
        assert!(policy.contains("impl Projection for v1::Melding"));
        assert!(fs::read_to_string(out.join("privacy-matrix.md")).expect("the matrix was written").contains("| `delen[].oin` |"));
    });
}

#[test]
fn the_build_fails_on_a_field_without_visibility_and_names_it() {
    let silent = SOUND.replacen(
        "string tekst = 1 [(zicht) = {lezers: [ROL_GEMEENTE], grond: \"Jw 7.4.0\", klasse: KLASSE_BIJZONDER}]",
        "string tekst = 1",
        1,
    );
    build(&silent, |built, out| {
        let printed = built.err().expect("a field without visibility must not build").to_string();
        assert!(printed.lines().any(|line| line == "klein.v1.Melding.tekst: has no visibility option (zicht)"), "{printed}");
        assert_eq!(fs::read_dir(out).expect("the output directory").count(), 0, "nothing may be generated");
    });
}

#[test]
fn a_message_in_inhoud_without_a_route_is_a_fault() {
    let route = "option (route) = {van: [ROL_GI] naar: [{rol: ROL_GEMEENTE, wie: WIE_WOONPLAATS}] zaak: ZAAKBAND_VERPLICHT};";
    assert_eq!(faults_after(route, ""), ["klein.v1.Melding: has no route"]);
}

#[test]
fn a_member_of_inhoud_that_is_no_message_is_a_fault() {
    assert_eq!(
        faults_after("Melding melding = 10", "string melding = 10"),
        ["klein.v1.Bericht.melding: a member of `inhoud` must be a message"]
    );
}

#[test]
fn a_contract_without_bericht_is_a_fault() {
    assert_eq!(faults_after("message Bericht", "message Brief"), ["the contract has no message Bericht"]);
}

#[test]
fn both_allen_and_lezers_is_a_fault() {
    assert_eq!(
        faults_after("uint32 aantal = 2 [(zicht) = {", "uint32 aantal = 2 [(zicht) = {allen: true, "),
        ["klein.v1.Deel.aantal: needs either `allen` or `lezers`"]
    );
}

#[test]
fn neither_allen_nor_lezers_is_a_fault() {
    assert_eq!(
        faults_after("uint32 aantal = 2 [(zicht) = {lezers: [ROL_GEMEENTE], ", "uint32 aantal = 2 [(zicht) = {"),
        ["klein.v1.Deel.aantal: needs either `allen` or `lezers`"]
    );
}

#[test]
fn a_field_without_legal_ground_is_a_fault() {
    let ground = r#"uint32 aantal = 2 [(zicht) = {lezers: [ROL_GEMEENTE], grond: "Jw 7.4.0", "#;
    assert_eq!(
        faults_after(ground, "uint32 aantal = 2 [(zicht) = {lezers: [ROL_GEMEENTE], "),
        ["klein.v1.Deel.aantal: has no legal ground (grond)"]
    );
}

#[test]
fn a_field_without_class_is_a_fault() {
    assert_eq!(faults_after(", klasse: KLASSE_BIJZONDER", ""), ["klein.v1.Melding.tekst: has no class (klasse)"]);
    assert_eq!(faults_after("KLASSE_BIJZONDER", "KLASSE_UNSPECIFIED"), ["klein.v1.Melding.tekst: has no class (klasse)"]);
}

#[test]
fn an_unspecified_reader_is_a_fault() {
    assert_eq!(
        faults_after(
            "string tekst = 1 [(zicht) = {lezers: [ROL_GEMEENTE]",
            "string tekst = 1 [(zicht) = {lezers: [ROL_GEMEENTE, ROL_UNSPECIFIED]"
        ),
        ["klein.v1.Melding.tekst: names ROL_UNSPECIFIED as a reader"]
    );
}

#[test]
fn a_map_is_a_fault() {
    assert_eq!(
        faults_after("uint32 aantal = 2", "map<string, string> aantal = 2"),
        ["klein.v1.Deel.aantal: maps and required fields have no projection"]
    );
}

#[test]
fn eigen_deel_that_names_no_string_field_is_a_fault() {
    let fault = ["Melding.delen: `eigen_deel` names no string field of Deel"];
    assert_eq!(faults_after(r#"veld: "oin""#, r#"veld: "agb""#), fault);
    assert_eq!(faults_after(r#"veld: "oin""#, r#"veld: "aantal""#), fault);
}

#[test]
fn eigen_deel_on_a_field_that_is_no_list_of_messages_is_a_fault() {
    assert_eq!(faults_after("repeated Deel delen", "Deel delen"), ["Melding.delen: `eigen_deel` needs a repeated message"]);
}

#[test]
fn a_second_list_with_eigen_deel_in_a_kind_is_a_fault() {
    let first = "repeated Deel delen = 2";
    let second = r#"repeated Deel meer = 3 [(zicht) = {lezers: [ROL_GEMEENTE], grond: "Jw 7.4.0", klasse: KLASSE_GEWOON, eigen_deel: {rol: ROL_GEMEENTE, veld: "oin"}}];
  repeated Deel delen = 2"#;
    let fault = ["Melding: has more than one list with `eigen_deel`: Melding.delen, Melding.meer"];
    assert_eq!(faults_after(first, second), fault);
}

#[test]
fn a_field_that_nobody_in_its_route_may_see_is_a_fault() {
    assert_eq!(
        faults_after("string tekst = 1 [(zicht) = {lezers: [ROL_GEMEENTE]", "string tekst = 1 [(zicht) = {lezers: [ROL_AANBIEDER]"),
        ["Melding.tekst: no role in its route may see it"]
    );
}

#[test]
fn a_route_without_sender_is_a_fault() {
    let fault = ["klein.v1.Melding: its route names no sender"];
    assert_eq!(faults_after("van: [ROL_GI] ", ""), fault);
    assert_eq!(faults_after("van: [ROL_GI]", "van: [ROL_UNSPECIFIED]"), fault);
}

#[test]
fn a_route_that_leaves_recipient_or_case_open_is_a_fault() {
    let fault = ["klein.v1.Melding: its route leaves a recipient or the tie to a case open"];
    assert_eq!(faults_after(", wie: WIE_WOONPLAATS", ""), fault);
    assert_eq!(faults_after(" zaak: ZAAKBAND_VERPLICHT", ""), fault);
}

#[test]
fn a_route_that_reaches_nobody_is_a_fault() {
    let faults = faults_after("naar: [{rol: ROL_GEMEENTE, wie: WIE_WOONPLAATS}] ", "");
    assert!(faults.contains(&"klein.v1.Melding: its route reaches nobody".to_owned()), "{faults:?}");
}

#[test]
fn every_fault_is_reported_at_once() {
    let twice = SOUND.replace("KLASSE_BIJZONDER", "KLASSE_UNSPECIFIED").replace("van: [ROL_GI] ", "");
    build(&twice, |built, _| {
        let printed = built.err().expect("two things are open").to_string();
        assert_eq!(printed.lines().count(), 2, "{printed}");
    });
}

#[test]
fn a_number_between_those_of_a_oneof_is_a_fault() {
    let field = "string traceparent = 11 [(zicht) = {allen: true, grond: \"protocol\", klasse: KLASSE_GEWOON}];";
    let member = "Deel deel = 12 [(zicht) = {allen: true, grond: \"protocol\", klasse: KLASSE_GEWOON}];";
    let faults = faults_after("oneof inhoud {", &format!("{field} oneof inhoud {{ {member}"));
    assert!(faults.contains(&"klein.v1.Bericht.traceparent: its number lies between those of the oneof `inhoud`".to_owned()), "{faults:?}");
}

#[test]
fn an_optional_text_is_hidden_from_debug_like_any_other() {
    let text = "uint32 aantal = 2 [(zicht) = {lezers: [ROL_GEMEENTE], grond: \"Jw 7.4.0\", klasse: KLASSE_GEWOON}];";
    build(
        &SOUND.replace(
            text,
            &format!(
                "{text}\n optional string naam = 3 [(zicht) = {{lezers: [ROL_GEMEENTE], grond: \"Jw 7.4.0\", klasse: KLASSE_GEWOON}}];"
            ),
        ),
        |built, out| {
            built.expect("a sound contract");
            let policy = fs::read_to_string(out.join("policy.rs")).expect("the policy was written");
            assert!(policy.contains(r#"shown.field("naam", &Hidden);"#));
            assert!(policy.contains(r#"shown.field("aantal", &self.aantal);"#));
        },
    );
}

#[test]
fn a_message_beside_the_options_is_checked_too() {
    let hidden = format!("{OPTIONS}\nmessage Verstopt {{ string bsn = 1; }}\n").replace("package jeugdketen.hub.v1;", "package klein.v1;");
    build_with(SOUND, &hidden, |built, _| {
        let printed = built.err().expect("no file is exempt").to_string();
        assert_eq!(printed, "klein.v1.Verstopt.bsn: has no visibility option (zicht)");
    });
}
