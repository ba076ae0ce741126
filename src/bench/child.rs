//! The programme itself in processes of their own: the hub and the yardstick, so that the processor time and memory of each can be told
//! apart. A child is never left behind.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child as Process, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use anyhow::{Context as _, bail};

/// The longest that a hub may take to listen; one on a database with much in it checks its audit log first.
const PATIENCE: Duration = Duration::from_secs(600);
/// Open files of a child: a connection is one.
const FILES: u32 = 65_536;

/// What stands before an address in the line by which a child says where it listens. The hub says it in JSON.
const SAYS: [&str; 2] = ["\"address\":\"", "listens on "];

/// A child that listens.
#[derive(Debug)]
pub(super) struct Child {
    process: Process,
    /// Where.
    pub(super) address: String,
}

impl Child {
    /// Starts this programme with these arguments and waits until it listens.
    pub(super) async fn start(arguments: &[&str], config: &Path, env: &[(String, String)]) -> anyhow::Result<Child> {
        // As many open files as the machine allows up to what is needed; less is enough for most.
        let script = format!("ulimit -n {FILES} 2>/dev/null || ulimit -n $(ulimit -Hn); exec \"$@\"");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &script, "child"]).arg(programme()?).args(arguments).arg("--config").arg(config);
        command.env_remove("RUST_LOG").envs(env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().context("the child does not start")?;
        let stderr = process.stderr.take().context("the child has no standard error")?;
        let (sender, address) = mpsc::channel();
        let last: Arc<Mutex<VecDeque<String>>> = Arc::default();
        let lines = Arc::clone(&last);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some(address) = listens(&line) {
                    let _ = sender.send(address);
                }
                let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                lines.push_back(line);
                while lines.len() > 10 {
                    lines.pop_front();
                }
            }
        });
        let mut child = Child { process, address: String::new() };
        let heard = tokio::task::spawn_blocking(move || address.recv_timeout(PATIENCE)).await?;
        let Ok(address) = heard else {
            let said: Vec<_> = last.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
            bail!("{} does not listen: {}", arguments.join(" "), said.join("\n"));
        };
        child.address = address;
        Ok(child)
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Ends it in order.
    pub(super) fn end(mut self) -> anyhow::Result<()> {
        Command::new("/bin/sh").args(["-c", "kill -s TERM $0", &self.pid().to_string()]).status()?;
        self.process.wait()?;
        Ok(())
    }

    /// Whether it still runs.
    pub(super) fn runs(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The file of this programme.
fn programme() -> anyhow::Result<std::path::PathBuf> {
    std::env::current_exe().context("the file of this programme is not known")
}

fn listens(line: &str) -> Option<String> {
    let rest = SAYS.iter().find_map(|says| line.split_once(says))?.1;
    let address: String = rest.chars().take_while(|c| !matches!(c, '"' | ' ')).collect();
    address.contains(':').then_some(address)
}

/// Lets this process have as many open files as it may, for runs with many connections. Without `prlimit`, `ulimit -n` before the run does
/// the same.
pub(super) fn more_files() {
    let own = std::process::id().to_string();
    let files = format!("--nofile={FILES}:");
    let _ = Command::new("prlimit").args(["--pid", &own, &files]).stdin(Stdio::null()).stderr(Stdio::null()).status();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_what_a_child_says() {
        let hub = r#"{"timestamp":"…","level":"INFO","fields":{"message":"the hub listens","address":"127.0.0.1:8443","oin":"1"}}"#;
        assert_eq!(listens(hub).as_deref(), Some("127.0.0.1:8443"));
        assert_eq!(listens("the yardstick listens on 127.0.0.1:1").as_deref(), Some("127.0.0.1:1"));
        assert_eq!(listens("error: the database"), None);
    }
}
