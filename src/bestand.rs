//! Files with secrets or state of the hub itself: readable by its owner only, and never half written.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Replaces a file whole: whoever reads it, also after a crash, finds the old bytes or the new.
pub fn vervang(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut naam = file.file_name().unwrap_or_default().to_owned();
    naam.push(".nieuw");
    let nieuw = file.with_file_name(naam);
    let mut open = geheim(OpenOptions::new().write(true).create(true).truncate(true)).open(&nieuw)?;
    open.write_all(bytes)?;
    open.sync_all()?;
    std::fs::rename(&nieuw, file)?;
    // The name is durable when its folder is.
    match file.parent() {
        Some(map) if !map.as_os_str().is_empty() => File::open(map)?.sync_all(),
        _ => Ok(()),
    }
}

/// Makes a file whole, unless somebody else just made it: then theirs stays. On one machine or on a shared disk.
pub fn maak(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut naam = file.file_name().unwrap_or_default().to_owned();
    naam.push(format!(".{}.nieuw", std::process::id()));
    let nieuw = file.with_file_name(naam);
    let mut open = geheim(OpenOptions::new().write(true).create(true).truncate(true)).open(&nieuw)?;
    open.write_all(bytes)?;
    open.sync_all()?;
    let gemaakt = std::fs::hard_link(&nieuw, file);
    std::fs::remove_file(&nieuw)?;
    match gemaakt {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    match file.parent() {
        Some(map) if !map.as_os_str().is_empty() => File::open(map)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn geheim(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn geheim(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_who_make_a_file_the_first_made_it_and_nothing_else_is_left() {
        let map = tempfile::tempdir().unwrap();
        let file = map.path().join("sleutel");
        for bytes in [b"een", b"twe"] {
            maak(&file, bytes).unwrap();
            assert_eq!(std::fs::read(&file).unwrap(), b"een");
        }
        assert_eq!(std::fs::read_dir(map.path()).unwrap().count(), 1);
    }
}
