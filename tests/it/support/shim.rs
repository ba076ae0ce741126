//! `tests/shim/shim.c` compiled once for all tests of this process, and what it is told: a full disk, slow syncs, a clock that jumps. What
//! each does stands in the C file.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

static GEBOUWD: OnceLock<TempDir> = OnceLock::new();

/// The library; it can be read by every user.
fn bibliotheek() -> PathBuf {
    let map = GEBOUWD.get_or_init(|| {
        let map = tempfile::tempdir().expect("a folder");
        let bron = super::repository().join("tests/shim/shim.c");
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
        let mut command = Command::new(&compiler);
        command.args(["-shared", "-fPIC", "-O2", "-o"]).arg(map.path().join("shim.so")).arg(bron).arg("-ldl");
        let uitvoer = command.output().unwrap_or_else(|error| panic!("{compiler}, which cargo needs too, does not start: {error}"));
        assert!(uitvoer.status.success(), "{}", String::from_utf8_lossy(&uitvoer.stderr));
        map
    });
    map.path().join("shim.so")
}

/// What one process is made to believe. The files by which it is told are in its own folder, which the user of the process can read.
#[derive(Clone, Debug)]
pub struct Shim {
    map: PathBuf,
    vol_map: PathBuf,
    sync_ms: u64,
}

impl Shim {
    /// With its library and its files in a folder; the disk that can be full is a folder too.
    pub fn in_map(map: &Path, vol_map: &Path) -> Shim {
        let map = map.canonicalize().unwrap();
        // Never over one that a process has in its memory.
        if !map.join("shim.so").exists() {
            std::fs::copy(bibliotheek(), map.join("shim.so")).unwrap();
        }
        Shim { map, vol_map: vol_map.to_owned(), sync_ms: 0 }
    }

    /// The same with slow syncs.
    pub fn traag(self, sync_ms: u64) -> Shim {
        Shim { sync_ms, ..self }
    }

    /// The environment of the process.
    pub fn omgeving(&self) -> Vec<(String, String)> {
        let pad = |naam: &str| self.map.join(naam).display().to_string();
        [
            ("LD_PRELOAD", pad("shim.so")),
            ("KETENHUB_SHIM_VOL_MAP", self.vol_map.display().to_string()),
            ("KETENHUB_SHIM_VOL", pad("vol")),
            ("KETENHUB_SHIM_KLOK", pad("klok")),
            ("KETENHUB_SHIM_SYNC_MS", self.sync_ms.to_string()),
        ]
        .map(|(naam, waarde)| (naam.to_owned(), waarde))
        .to_vec()
    }

    /// The disk is full from now on, or no more.
    pub fn vol(&self, is_vol: bool) {
        let pad = self.map.join("vol");
        if is_vol { std::fs::write(pad, "").unwrap() } else { std::fs::remove_file(pad).unwrap() }
    }

    /// The clock is so many milliseconds ahead of the real one from now on.
    pub fn klok(&self, ms: i64) {
        std::fs::write(self.map.join("klok"), ms.to_string()).unwrap();
    }
}
