//! When people work and read their mail, in simulated time. Everything happens on a whole hour UTC within a Dutch working day, so that the
//! date is the same in both.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use jeugdketen_proto::v1::Rol;

use crate::domain::dagen::Kalender;

/// The hours at which a GI reads its mailbox, on werkdagen; the others read at the first of them.
const LEESUREN: [i64; 2] = [7, 13];

/// A day at an hour.
pub(super) fn om(dag: NaiveDate, uur: i64) -> DateTime<Utc> {
    dag.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::hours(uur)
}

/// The first moment after this one at which a participant in this role reads.
pub(super) fn leesmoment(rol: Rol, na: DateTime<Utc>) -> DateTime<Utc> {
    let uren = if rol == Rol::Gi { &LEESUREN[..] } else { &LEESUREN[..1] };
    let mut dag = werkdag_vanaf(na.date_naive());
    loop {
        if let Some(moment) = uren.iter().map(|uur| om(dag, *uur)).find(|moment| *moment > na) {
            return moment;
        }
        dag = plus_werkdagen(dag, 1);
    }
}

/// This day, or the first werkdag after it.
pub(super) fn werkdag_vanaf(dag: NaiveDate) -> NaiveDate {
    Kalender::default().verleng(dag)
}

/// This day, or the last werkdag before it.
pub(super) fn werkdag_tot(dag: NaiveDate) -> NaiveDate {
    let kalender = Kalender::default();
    (0..14).map(|terug| min_dagen(dag, terug)).find(|dag| kalender.is_werkdag(*dag)).unwrap_or(dag)
}

/// So many werkdagen later.
pub(super) fn plus_werkdagen(dag: NaiveDate, aantal: i64) -> NaiveDate {
    Kalender::default().plus_werkdagen(dag, u32::try_from(aantal).unwrap_or_default())
}

/// So many days later.
pub(super) fn plus_dagen(dag: NaiveDate, aantal: i64) -> NaiveDate {
    dag.checked_add_days(Days::new(aantal.unsigned_abs())).unwrap_or(dag)
}

/// So many days earlier.
pub(super) fn min_dagen(dag: NaiveDate, aantal: i64) -> NaiveDate {
    dag.checked_sub_days(Days::new(aantal.unsigned_abs())).unwrap_or(dag)
}
