//! What stands in `deploy/` fits the programme and what it needs, and is as closed as it says. Neither systemd nor a container runs here.

use std::collections::BTreeSet;
use std::process::Command;

use ketenhub::config::Limits;

use crate::support::repository;

fn lees(pad: &str) -> String {
    std::fs::read_to_string(repository().join(pad)).unwrap()
}

/// The settings of the unit, name and value, in their order.
fn instellingen() -> Vec<(String, String)> {
    let tekst = lees("deploy/ketenhub.service");
    let regels = tekst.lines().filter(|regel| !regel.starts_with('#'));
    regels.filter_map(|regel| regel.split_once('=')).map(|(naam, waarde)| (naam.to_owned(), waarde.to_owned())).collect()
}

fn waarde(naam: &str) -> String {
    let alle = instellingen();
    let gevonden: Vec<_> = alle.iter().filter(|(een, _)| een == naam).collect();
    assert_eq!(gevonden.len(), 1, "{naam}");
    gevonden[0].1.clone()
}

#[test]
fn the_unit_starts_the_programme_as_it_is_and_gives_it_time_files_and_folders() {
    let start = waarde("ExecStart");
    let woorden: Vec<&str> = start.split(' ').collect();
    assert_eq!(woorden[0], "/usr/local/bin/ketenhub");
    ketenhub::cli::opdrachten().try_get_matches_from(&woorden).unwrap();
    assert!(woorden.contains(&"/etc/ketenhub/ketenhub.toml") && waarde("ConfigurationDirectory") == "ketenhub");
    let limits = Limits::default();
    let getal = |naam: &str| waarde(naam).parse::<u64>().unwrap();
    assert!(getal("TimeoutStopSec") >= limits.shutdown_s + 20, "open calls, telemetry and the database end in time");
    assert!(getal("LimitNOFILE") >= limits.connections as u64 + 1000, "a file for each connection");
    assert_eq!((&*waarde("WorkingDirectory"), &*waarde("StateDirectory")), ("/var/lib/ketenhub", "ketenhub"));
    assert_eq!((&*waarde("ExecReload"), &*waarde("KillSignal")), ("/bin/kill -HUP $MAINPID", "SIGTERM"));
    assert_eq!((&*waarde("User"), &*waarde("UMask"), &*waarde("LimitCORE")), ("ketenhub", "0077", "0"));
}

#[test]
fn the_unit_closes_what_the_hub_does_not_use() {
    let dicht = instellingen();
    for nodig in [
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "PrivateUsers=yes",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "AmbientCapabilities=",
        "MemoryDenyWriteExecute=yes",
        "RestrictNamespaces=yes",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged @resources",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    ] {
        assert!(dicht.iter().any(|(naam, waarde)| format!("{naam}={waarde}") == nodig), "{nodig}");
    }
    // What systemd itself says of it, where there is one: that it understands every line, and how open it is (0 to 10).
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        return;
    }
    let map = tempfile::tempdir().unwrap();
    let unit = map.path().join("ketenhub.service");
    std::fs::write(&unit, lees("deploy/ketenhub.service").replace("/usr/local/bin/ketenhub", env!("CARGO_BIN_EXE_ketenhub"))).unwrap();
    for argumenten in [&["verify", "--man=no"][..], &["security", "--offline=true", "--threshold=15", "--no-pager"]] {
        let uitvoer = Command::new("systemd-analyze").args(argumenten).arg(&unit).output().unwrap();
        let gezegd = String::from_utf8_lossy(&uitvoer.stderr).into_owned();
        assert!(uitvoer.status.success(), "{argumenten:?}: {gezegd}{}", String::from_utf8_lossy(&uitvoer.stdout));
        assert!(argumenten[0] != "verify" || gezegd.is_empty(), "{gezegd}");
    }
}

#[test]
fn the_container_runs_the_programme_as_nobody_on_what_it_needs_and_nothing_else() {
    let tekst = lees("deploy/Containerfile");
    let regels: Vec<&str> = tekst.lines().filter(|regel| !regel.starts_with('#') && !regel.is_empty()).collect();
    let lagen: Vec<usize> = (0..regels.len()).filter(|nr| regels[*nr].starts_with("FROM ")).collect();
    assert_eq!(lagen.len(), 2, "one to build, one to run");
    let (bouw, draai) = (&regels[..lagen[1]], &regels[lagen[1]..]);
    let toolchain: toml::Table = lees("rust-toolchain.toml").parse().unwrap();
    let versie = toolchain["toolchain"]["channel"].as_str().unwrap();
    assert!(bouw[0].contains(&format!("/rust:{versie}-")), "{}", bouw[0]);
    assert!(bouw.contains(&&*format!("ENV RUSTUP_TOOLCHAIN={versie}")));
    assert!(bouw.iter().any(|regel| regel.contains("cargo build --release --locked")));
    let gebruiker = draai.iter().find_map(|regel| regel.strip_prefix("USER ")).unwrap();
    assert!(!gebruiker.starts_with('0') && gebruiker.starts_with(|c: char| c.is_ascii_digit()), "a number that is not root: {gebruiker}");
    assert!(!draai.iter().any(|regel| regel.starts_with("RUN ")), "nothing is made in the image that runs");
    let woorden = |naam: &str| -> Vec<String> {
        let regel = draai.iter().find_map(|regel| regel.strip_prefix(naam)).unwrap();
        serde_json::from_str(regel).unwrap()
    };
    let [begin, opdracht] = ["ENTRYPOINT ", "CMD "].map(woorden);
    assert_eq!(begin, ["/usr/local/bin/ketenhub"]);
    let config = draai.iter().find_map(|regel| regel.strip_prefix("ENV KETENHUB_CONFIG=")).unwrap();
    let alle: Vec<&str> = begin.iter().chain(&opdracht).map(String::as_str).chain(["--config", config]).collect();
    ketenhub::cli::opdrachten().try_get_matches_from(alle).unwrap();
    // Keys and databases of whoever builds it are not sent along.
    let buiten = lees(".dockerignore");
    for map in lees(".gitignore").lines().filter_map(|regel| regel.strip_prefix('/')) {
        assert!(buiten.lines().any(|regel| regel == map), "{map}");
    }
}

#[test]
fn the_programme_needs_no_library_but_those_of_the_c_compiler() {
    let uitvoer = Command::new("ldd").arg(env!("CARGO_BIN_EXE_ketenhub")).output().expect("ldd comes with the C library");
    let tekst = String::from_utf8(uitvoer.stdout).unwrap();
    let namen: BTreeSet<&str> = tekst.lines().filter_map(|regel| regel.trim().split([' ', '.']).next()).collect();
    assert!(namen.contains("libc"), "{tekst}");
    // The image that runs has these, and every Linux with glibc.
    let bekend =
        ["libc", "libgcc_s", "libm", "libpthread", "libdl", "librt", "linux-vdso", "/lib64/ld-linux-x86-64", "/lib/ld-linux-aarch64"];
    let vreemd: Vec<_> = namen.iter().filter(|naam| !bekend.contains(naam)).collect();
    assert!(vreemd.is_empty(), "{vreemd:?} in {tekst}");
}
