//! The client as it is called. What it does with a hub is tested beside the hub.

use std::process::Command;

#[test]
fn it_says_how_it_is_called() {
    let output = Command::new(env!("CARGO_BIN_EXE_ketenhub-klant")).arg("--help").output().expect("it runs");
    let help = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && help.contains("submit") && help.contains("receive"), "{help}");
}
