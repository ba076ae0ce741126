//! The sealed audit log: an RFC 6962 tree over the records of `store::audit`, in commit order, with a signed checkpoint after every
//! transaction. It writes nothing outside the transaction of the act, and takes no decision on what is an act.

pub mod bewijs;
pub mod hoofd;
mod journaal;
pub mod keuring;
mod record;
pub mod stand;

pub use journaal::Journaal;
pub use record::{Zegel, record_van_rij};
