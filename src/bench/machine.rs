//! What the machine can do by itself, and what others took of it during a run. Linux only; elsewhere these figures are zero.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// Writes of 4 KiB with fsync a second, measured for half a second in a file of the folder.
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

/// Processor time since the machine and this process began, in clock ticks.
pub(super) struct Cpu {
    moment: Instant,
    machine: u64,
    own: u64,
}

/// Clock ticks a second, as the kernel reports them to programmes.
const TICKS: f64 = 100.0;

impl Cpu {
    pub(super) fn now() -> Cpu {
        Cpu { moment: Instant::now(), machine: machine_ticks().unwrap_or_default(), own: own_ticks().unwrap_or_default() }
    }

    /// Share of one core that others took since then. A database server beside the hub counts as another.
    pub(super) fn others(&self) -> f64 {
        let now = Cpu::now();
        let others = (now.machine - self.machine).saturating_sub(now.own - self.own);
        others as f64 / TICKS / self.moment.elapsed().as_secs_f64()
    }
}

/// user, nice, system, irq, softirq and steal of all cores.
fn machine_ticks() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let fields: Vec<u64> = text.lines().next()?.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    Some([0, 1, 2, 5, 6, 7].iter().filter_map(|index| fields.get(*index)).sum())
}

/// utime and stime of this process; the name before them can hold spaces.
fn own_ticks() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}
