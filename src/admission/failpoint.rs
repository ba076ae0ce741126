//! Named places at which a test can halt the hub, to kill it there. Only in debug builds; a release build holds none of it.
//!
//! `KETENHUB_HALT_AT` names the place: `after-commit` halts every time it is passed, `after-commit:37` the 37th time only.

/// Halts for ever at this place when the environment variable `KETENHUB_HALT_AT` names it, after saying so on standard error.
#[cfg(debug_assertions)]
pub async fn here(name: &str) {
    if halt::is_nu(name) {
        eprintln!("halted at {name}");
        std::future::pending::<()>().await;
    }
}

/// Nothing in a release build.
#[cfg(not(debug_assertions))]
pub async fn here(_name: &str) {}

#[cfg(debug_assertions)]
mod halt {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Where to halt, which time, and how often it was passed.
    struct Halt {
        plaats: String,
        keer: Option<u64>,
        voorbij: AtomicU64,
    }

    static HALT: LazyLock<Option<Halt>> = LazyLock::new(|| Halt::lees(&std::env::var("KETENHUB_HALT_AT").ok()?));

    impl Halt {
        fn lees(text: &str) -> Option<Halt> {
            let (plaats, keer) = match text.split_once(':') {
                Some((plaats, keer)) => (plaats, Some(keer.parse().ok()?)),
                None => (text, None),
            };
            Some(Halt { plaats: plaats.to_owned(), keer, voorbij: AtomicU64::new(0) })
        }

        fn is_nu(&self, name: &str) -> bool {
            self.plaats == name && self.keer.is_none_or(|keer| self.voorbij.fetch_add(1, Ordering::Relaxed) + 1 == keer)
        }
    }

    pub(super) fn is_nu(name: &str) -> bool {
        HALT.as_ref().is_some_and(|halt| halt.is_nu(name))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_place_halts_every_time_or_the_nth_time_only() {
            let keren = |text: &str| {
                let halt = Halt::lees(text).unwrap();
                (0..4).map(|_| (halt.is_nu("elders"), halt.is_nu("hier"))).collect::<Vec<_>>()
            };
            assert_eq!(keren("hier"), [(false, true); 4]);
            assert_eq!(keren("hier:3"), [(false, false), (false, false), (false, true), (false, false)]);
            assert!(Halt::lees("hier:x").is_none());
        }
    }
}
