//! The last checkpoint in a file outside the database, so that a database that was put back is noticed. It is a memory, not a proof: whoever
//! can write the file can also put it back. Witnesses elsewhere are the proof.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::bestand;
use crate::store::{Store, StoreError, lees_reeks};

/// How often the file follows the database.
const INTERVAL: Duration = Duration::from_secs(1);

/// Reads it; none when there is no such file.
pub fn lees(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(note) => Ok(Some(note)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes it whole or not at all.
pub fn schrijf(path: &Path, note: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    bestand::vervang(path, note.as_bytes())
}

/// Follows the database in the background; after the token fires it is written a last time by `bij`.
pub async fn volg(store: Store, path: PathBuf, stop: CancellationToken) {
    let mut tick = tokio::time::interval(INTERVAL);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut laatste = String::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        bij(&store, &path, &mut laatste).await;
    }
}

/// Writes the checkpoint of now when it is another than the last that was written. A file that cannot be written is no reason to stop: it is
/// said, and tried again.
pub async fn bij(store: &Store, path: &Path, laatste: &mut String) {
    let note = match nu(store).await {
        Ok(note) if note.is_empty() || note == *laatste => return,
        Ok(note) => note,
        Err(error) => return tracing::warn!(%error, "the checkpoint of now cannot be read"),
    };
    // The disk takes milliseconds, which nobody else should wait for.
    let (bestand, nieuw) = (path.to_owned(), note.clone());
    match spawn_blocking(move || volg_op(&bestand, &nieuw)).await.unwrap_or_else(|error| Err(io::Error::other(error))) {
        Ok(true) => *laatste = note,
        Ok(false) => {
            tracing::error!(file = %path.display(), "the database holds a shorter audit log than it did: it was put back, or is a standby that was behind; stop this hub and look");
        }
        Err(error) => tracing::warn!(%error, file = %path.display(), "the checkpoint outside the database cannot be written"),
    }
}

/// Puts a checkpoint in the place of the one before, and never in that of one of a longer log: that is what a database looks like that was
/// put back under a running hub, and the file is the evidence. Then it says false.
fn volg_op(path: &Path, note: &str) -> io::Result<bool> {
    let mag = !lees(path).ok().flatten().is_some_and(|bewaard| is_korter(note, &bewaard));
    if mag {
        schrijf(path, note)?;
    }
    Ok(mag)
}

async fn nu(store: &Store) -> Result<String, StoreError> {
    Ok(lees_reeks(&mut store.read().await?.conn()).await?.hoofd)
}

/// Whether the log of a checkpoint has fewer records than that of another. The number stands on the second line of a checkpoint.
fn is_korter(note: &str, dan: &str) -> bool {
    let grootte = |note: &str| note.lines().nth(1)?.parse::<u64>().ok();
    grootte(note) < grootte(dan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_of_fewer_records_is_shorter() {
        let note = |grootte: &str| format!("ketenhub.example/audit\n{grootte}\nAAAA\n\n\u{2014} name sig\n");
        assert!(is_korter(&note("9"), &note("10")));
        assert!(!is_korter(&note("10"), &note("10")));
        assert!(!is_korter(&note("11"), &note("10")));
        assert!(!is_korter(&note("11"), "nothing that can be read"));
    }
}
