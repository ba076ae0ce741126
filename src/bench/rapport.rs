//! What a run says: figures, ratios to the yardsticks of the same run, and whether it can be trusted. The names of the fields are those of
//! the JSON.

use hdrhistogram::Histogram;
use serde::Serialize;

use super::load::{self, Measured};
use super::machine::Spent;

/// Figures of one kind of call. The rate is the median of the rounds; latencies are over all rounds, in microseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Calls a second.
    pub per_second: f64,
    /// Median latency.
    pub p50_us: u64,
    /// 90th percentile.
    pub p90_us: u64,
    /// 99th percentile.
    pub p99_us: u64,
    /// 99.9th percentile.
    pub p999_us: u64,
    /// Longest.
    pub max_us: u64,
}

impl Figures {
    /// Of several measurements of the same.
    pub(super) fn of(measured: &[&Measured]) -> anyhow::Result<Figures> {
        let mut all = load::histogram()?;
        for one in measured {
            all.add(&one.latencies)?;
        }
        Ok(Figures::from(&all, median(measured.iter().map(|one| one.per_second()).collect())))
    }

    /// Of one histogram.
    pub(super) fn from(latencies: &Histogram<u64>, per_second: f64) -> Figures {
        let at = |quantile| latencies.value_at_quantile(quantile);
        Figures { per_second, p50_us: at(0.5), p90_us: at(0.9), p99_us: at(0.99), p999_us: at(0.999), max_us: latencies.max() }
    }
}

/// The machine during a run.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Writes of 4 KiB with fdatasync a second, before the run.
    pub fsync_per_second: f64,
    /// Share of one core that others took: not the hub, the yardsticks, the database server or the load generator.
    pub other_cpu: f64,
    /// Whether this programme was built for measuring.
    pub release: bool,
    /// Why the run cannot be trusted, when it cannot.
    pub distrust: Vec<String>,
}

impl Machine {
    /// Judges a run.
    pub(super) fn judge(fsync_per_second: f64, spent: Spent) -> Machine {
        let other_cpu = if spent.elapsed > 0.0 { spent.others / spent.elapsed } else { 0.0 };
        let release = !cfg!(debug_assertions);
        Machine { fsync_per_second, other_cpu, release, distrust: distrust(fsync_per_second, other_cpu, release) }
    }
}

fn distrust(fsync_per_second: f64, other_cpu: f64, release: bool) -> Vec<String> {
    let reasons = [
        (fsync_per_second < 2000.0, "an fsync takes more than 0.5 ms: the disk, or another load, decides"),
        (other_cpu > 0.15, "other processes took more than 15 % of a core"),
        (!release, "this is a debug build"),
    ];
    reasons.iter().filter(|(holds, _)| *holds).map(|(_, reason)| (*reason).to_owned()).collect()
}

/// Processor time of one message, in microseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Cpu {
    /// The hub.
    pub hub_us: f64,
    /// The PostgreSQL server with all its processes; 0 with SQLite, which is part of the hub.
    pub postgres_us: f64,
    /// The load generator.
    pub generator_us: f64,
}

impl Cpu {
    /// Of so many messages.
    pub(super) fn of(spent: Spent, messages: u64) -> Cpu {
        let each = |seconds: f64| if messages == 0 { 0.0 } else { seconds * 1e6 / messages as f64 };
        Cpu { hub_us: each(spent.hub), postgres_us: each(spent.postgres), generator_us: each(spent.generator) }
    }
}

/// Of each round the 99th percentile of one ÷ that of the other.
pub(super) fn ratios_p99<'a>(
    one: impl IntoIterator<Item = &'a Histogram<u64>>,
    other: impl IntoIterator<Item = &'a Histogram<u64>>,
) -> Vec<f64> {
    let p99 = |latencies: &Histogram<u64>| latencies.value_at_quantile(0.99).max(1) as f64;
    one.into_iter().zip(other).map(|(one, other)| p99(one) / p99(other)).collect()
}

/// The middle of some numbers; of an even number of them the upper of the two.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_on_a_slow_disk_or_a_busy_machine_is_not_trusted() {
        assert!(distrust(10_000.0, 0.10, true).is_empty());
        assert!(distrust(300.0, 0.10, true)[0].contains("fsync"));
        assert!(distrust(10_000.0, 0.16, true)[0].contains("15 %"));
        assert!(distrust(10_000.0, 0.0, false)[0].contains("debug"));
        let spent = Spent { others: 1.0, elapsed: 2.0, ..Spent::default() };
        assert!((Machine::judge(10_000.0, spent).other_cpu - 0.5).abs() < 1e-9);
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(Vec::new()) - 0.0).abs() < 1e-9);
    }
}
