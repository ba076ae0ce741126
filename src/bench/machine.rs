//! What the machine can do by itself, and which process took how much of it. Linux only; elsewhere these figures are zero.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// Writes of 4 KiB with fdatasync a second, measured for half a second in a file of the folder.
pub(super) fn fsync_rate(folder: &Path) -> std::io::Result<f64> {
    let path = folder.join("fsync");
    let mut file = File::create(&path)?;
    let block = [0_u8; 4096];
    let begin = Instant::now();
    let mut count = 0_u32;
    while begin.elapsed() < Duration::from_millis(500) {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&block)?;
        file.sync_data()?;
        count += 1;
    }
    std::fs::remove_file(path)?;
    Ok(f64::from(count) / begin.elapsed().as_secs_f64())
}

/// The processes of a run besides this one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Processes {
    /// The hub.
    pub(super) hub: Option<u32>,
    /// The hub that runs beside it.
    pub(super) ernaast: Option<u32>,
    /// The yardstick.
    pub(super) echo: Option<u32>,
    /// The first process of the PostgreSQL server.
    pub(super) postgres: Option<u32>,
}

/// Processor time that was used so far, in clock ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cpu {
    moment: Instant,
    machine: u64,
    own: u64,
    ended_children: u64,
    hub: u64,
    ernaast: u64,
    echo: u64,
    postgres: u64,
}

/// Processor time between two moments, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    /// The hub.
    pub(super) hub: f64,
    /// The PostgreSQL server with all its processes.
    pub(super) postgres: f64,
    /// This process.
    pub(super) generator: f64,
    /// Everybody who is no part of the run, and what the machine beneath this one took.
    pub(super) others: f64,
    /// Time that passed.
    pub(super) elapsed: f64,
}

impl std::ops::Add for Spent {
    type Output = Spent;

    fn add(self, other: Spent) -> Spent {
        Spent {
            hub: self.hub + other.hub,
            postgres: self.postgres + other.postgres,
            generator: self.generator + other.generator,
            others: self.others + other.others,
            elapsed: self.elapsed + other.elapsed,
        }
    }
}

/// Clock ticks a second, as the kernel reports them to programmes.
const TICKS: f64 = 100.0;

impl Processes {
    /// What was used so far.
    pub(super) fn cpu(&self) -> Cpu {
        let own = Stat::of("self").unwrap_or_default();
        let of = |pid: Option<u32>| pid.and_then(|pid| Stat::of(&pid.to_string())).unwrap_or_default();
        Cpu {
            moment: Instant::now(),
            machine: machine_ticks().unwrap_or_default(),
            own: own.used,
            ended_children: own.ended_children,
            hub: of(self.hub).used,
            ernaast: of(self.ernaast).used,
            echo: of(self.echo).used,
            postgres: self.postgres.map(family).unwrap_or_default(),
        }
    }

    /// What was used since an earlier moment.
    pub(super) fn since(&self, earlier: &Cpu) -> Spent {
        let now = self.cpu();
        let part = |later: u64, earlier: u64| later.saturating_sub(earlier);
        let hub = part(now.hub, earlier.hub);
        let postgres = part(now.postgres, earlier.postgres);
        let own = part(now.own, earlier.own);
        let rest = part(now.ended_children, earlier.ended_children) + part(now.ernaast, earlier.ernaast) + part(now.echo, earlier.echo);
        let others = part(now.machine, earlier.machine).saturating_sub(hub + postgres + own + rest);
        let seconds = |ticks: u64| ticks as f64 / TICKS;
        Spent {
            hub: seconds(hub),
            postgres: seconds(postgres),
            generator: seconds(own),
            others: seconds(others),
            elapsed: earlier.moment.elapsed().as_secs_f64(),
        }
    }

    /// Waits, a second at most, until the server has no more processes than so many. What a process used is counted with its parent when it
    /// has ended, so that one that is about to end would be found with whatever is measured next.
    pub(super) async fn until_postgres_has(&self, processes: usize) {
        for _ in 0..100 {
            if self.of_postgres() <= processes {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How many processes the server has.
    pub(super) fn of_postgres(&self) -> usize {
        self.postgres.map_or(0, |first| children(first).count())
    }
}

/// Resident memory of a process in bytes.
pub(super) fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()? * 1024)
}

/// The parent of a process.
pub(super) fn parent(pid: u32) -> Option<u32> {
    Stat::of(&pid.to_string()).map(|stat| stat.parent)
}

/// What /proc says of one process.
#[derive(Clone, Copy, Debug, Default)]
struct Stat {
    parent: u32,
    /// utime and stime.
    used: u64,
    /// cutime and cstime: of children that ended and were waited for.
    ended_children: u64,
}

impl Stat {
    fn of(pid: &str) -> Option<Stat> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name of the programme can hold spaces.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Stat { parent: fields.get(1)?.parse().ok()?, used: ticks(11)? + ticks(12)?, ended_children: ticks(13)? + ticks(14)? })
    }
}

/// Ticks of a server and of its processes, also those that ended.
fn family(first: u32) -> u64 {
    let head = Stat::of(&first.to_string()).unwrap_or_default();
    head.used + head.ended_children + children(first).map(|child| child.used).sum::<u64>()
}

fn children(of: u32) -> impl Iterator<Item = Stat> {
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| Stat::of(entry.file_name().to_str()?)).filter(move |stat| stat.parent == of)
}

/// user, nice, system, irq, softirq and steal of all cores.
fn machine_ticks() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let fields: Vec<u64> = text.lines().next()?.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    Some([0, 1, 2, 5, 6, 7].iter().filter_map(|index| fields.get(*index)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_process_uses_is_not_counted_as_others() {
        let none = Processes::default();
        let before = none.cpu();
        let begin = Instant::now();
        let mut count = 0_u64;
        while begin.elapsed() < Duration::from_millis(300) {
            count = std::hint::black_box(count + 1);
        }
        let spent = none.since(&before);
        assert!(spent.generator > 0.02, "{spent:?}");
        // The machine has few cores: what others can have taken is what is left of them.
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        assert!(spent.others <= cores * spent.elapsed - spent.generator + 0.05, "{spent:?}");
        assert!(resident(std::process::id()).is_some_and(|bytes| bytes > 1 << 20));
    }

    #[tokio::test]
    async fn a_process_that_is_about_to_end_is_waited_for() {
        // It starts a process and then has none, whatever other tests start.
        let mut first = std::process::Command::new("/bin/sh").args(["-c", "sleep 0.3; exec sleep 60"]).spawn().unwrap();
        let server = Processes { postgres: Some(first.id()), ..Processes::default() };
        let begin = Instant::now();
        while server.of_postgres() == 0 {
            assert!(begin.elapsed() < Duration::from_secs(10), "it starts none");
        }
        server.until_postgres_has(0).await;
        let left = server.of_postgres();
        first.kill().unwrap();
        first.wait().unwrap();
        assert_eq!(left, 0);
    }
}
