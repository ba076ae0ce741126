//! The clock, passed to whoever needs the time, and the one place where the machine's own clock is read. Instants are whole
//! microseconds, as in both databases. It makes ids too, since those are time-ordered.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::{ContextV7, Timestamp, Uuid};

use crate::domain::zaak::datum_in_nederland;

/// Tells the time. Clones tell the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Machine,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The clock of the machine.
    pub fn machine() -> Clock {
        Clock(Source::Machine)
    }

    /// A clock that stands still at a moment until it is moved.
    pub fn manual(start: DateTime<Utc>) -> Clock {
        Clock(Source::Manual(Arc::new(AtomicI64::new(start.timestamp_micros()))))
    }

    /// Moves a manual clock; the clock of the machine cannot be moved.
    pub fn advance(&self, step: TimeDelta) {
        if let (Source::Manual(micros), Some(step)) = (&self.0, step.num_microseconds()) {
            micros.fetch_add(step, Ordering::SeqCst);
        }
    }

    /// Now, in whole microseconds.
    pub fn now(&self) -> DateTime<Utc> {
        from_micros(self.micros())
    }

    /// Now, in microseconds since 1970 UTC.
    pub fn micros(&self) -> i64 {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place where the clock of the machine is read")]
            Source::Machine => Utc::now().timestamp_micros(),
            Source::Manual(micros) => micros.load(Ordering::SeqCst),
        }
    }

    /// Today in the Netherlands.
    pub fn today(&self) -> NaiveDate {
        datum_in_nederland(self.now())
    }

    /// A new UUID version 7, in the order of making.
    pub fn new_id(&self) -> Uuid {
        static CONTEXT: std::sync::Mutex<ContextV7> = std::sync::Mutex::new(ContextV7::new());
        let now = self.now();
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        let context = CONTEXT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*context, seconds, now.timestamp_subsec_nanos()))
    }
}

/// The moment that many microseconds after 1970 UTC; the nearest one that exists when that is out of range.
pub fn from_micros(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or(if micros < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC })
}

/// Microseconds since 1970 UTC as a protobuf Timestamp.
pub fn timestamp(micros: i64) -> prost_types::Timestamp {
    let nanos = i32::try_from(micros.rem_euclid(1_000_000)).unwrap_or_default() * 1000;
    prost_types::Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_it_is_moved() {
        let clock = Clock::manual(from_micros(1_700_000_000_000_000));
        let same = clock.clone();
        assert_eq!(clock.now(), same.now());
        clock.advance(TimeDelta::days(1));
        assert_eq!(same.micros(), 1_700_086_400_000_000);
    }

    #[test]
    fn today_is_the_day_in_the_netherlands() {
        // 23:30 UTC in summer is the next day in Amsterdam.
        assert_eq!(Clock::manual(from_micros(1_783_985_400_000_000)).today().to_string(), "2026-07-14");
    }

    #[test]
    fn ids_are_version_seven_and_ordered_within_one_moment() {
        let clock = Clock::manual(from_micros(1_700_000_000_000_000));
        let ids: Vec<_> = (0..100).map(|_| clock.new_id()).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }
}
