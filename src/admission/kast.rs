//! Cases that were needed lately, kept as they are stored, and ids that were accepted lately: so that the next message in such a case asks the
//! database nothing. Sealed facts and wrapped keys only: without the master keys it says no more than a copy of the rows. Bounded, and shared
//! with what reads ahead.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::batch::Sleutel;
use super::geheugen::Geschreven;
use super::recent::Recent;
use crate::domain::ids::MaatregelId;
use crate::store::zaken::Bewaard;

/// About so many bytes are kept at most. A case of five messages takes some 2 kB.
const MEEST: usize = 128 << 20;

/// So long after the last transaction of this hub all of it is forgotten: another hub may be destroying keys meanwhile, of which only the next
/// transaction would hear.
const RUST: Duration = Duration::from_secs(60);

/// Of a case and of a fact, besides what is sealed.
const ZAAK: usize = 640;
const FEIT: usize = 128;

/// Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Kast(Arc<Mutex<Planken>>);

/// Two shelves: what is used moves to the first, and when that is full what lies on the second goes.
#[derive(Default)]
struct Planken {
    /// The number of the audit log at which all of it holds; none before the first transaction.
    stand: Option<i64>,
    /// The number up to which the log is durable. It is lower while a transaction is.
    duurzaam: i64,
    /// One that it holds for did not become durable.
    verworpen: bool,
    voor: HashMap<MaatregelId, Arc<Bewaard>>,
    achter: HashMap<MaatregelId, Arc<Bewaard>>,
    /// What lies in front.
    bytes: usize,
    /// When the cases are forgotten; none when there are none.
    vervalt: Option<Instant>,
    recent: Recent,
}

/// What is known, and what must be asked.
pub(super) struct Gevonden {
    /// The number of the audit log at which it holds; none before the first transaction, when nothing is known.
    pub stand: Option<i64>,
    /// The number up to which the log is durable: what is asked now is answered as it is then or later.
    pub duurzaam: i64,
    /// Cases.
    pub zaken: Vec<(MaatregelId, Arc<Bewaard>)>,
    /// The messages of which there may be an earlier one.
    pub vragen: Vec<Sleutel>,
}

impl Kast {
    /// What is known of these cases and submitted messages; `nu` in microseconds.
    pub(super) fn zoek(&self, zaken: &[MaatregelId], berichten: &[Sleutel], nu: i64) -> Gevonden {
        let mut planken = self.planken();
        let zaken = zaken.iter().filter_map(|id| Some((*id, planken.neem(*id)?))).collect();
        let vragen = berichten.iter().filter(|(_, id)| !planken.recent.is_nieuw(*id, nu)).copied().collect();
        Gevonden { stand: planken.stand, duurzaam: planken.duurzaam, zaken, vragen }
    }

    /// A transaction was prepared, with which the audit log goes up to `stand`: of the cases that it changes, what is not given anew does not
    /// hold any more.
    pub(super) fn werk_bij(&self, (stand, nu): (i64, i64), geschreven: &Geschreven, zaken: HashMap<MaatregelId, Arc<Bewaard>>) {
        let mut planken = self.planken();
        if geschreven.zaken.contains(&None) {
            planken.vergeet();
        }
        geschreven.zaken.iter().flatten().for_each(|id| planken.haal_weg(*id));
        zaken.into_iter().for_each(|(id, zaak)| planken.leg(id, zaak));
        planken.recent.neem_op(geschreven.berichten.iter().map(|(_, id)| *id), nu);
        (planken.stand, planken.vervalt) = (Some(stand), Some(Instant::now() + RUST));
    }

    /// Waits until it is time to forget, and forgets; for ever when there is nothing.
    pub(super) async fn verval(&self) {
        let vervalt = self.planken().vervalt;
        match vervalt {
            Some(op) => sleep_until(op).await,
            None => pending().await,
        }
        self.planken().vergeet();
    }

    /// The audit log is durable up to a number.
    pub(super) fn is_duurzaam(&self, nr: i64) {
        self.planken().duurzaam = nr;
    }

    /// A transaction that was prepared did not become durable, or nobody knows: nothing counts, also not what was read from it.
    pub(super) fn verwerp(&self) {
        *self.planken() = Planken { verworpen: true, ..Planken::default() };
    }

    /// Whether what was read from it does not count.
    pub(super) fn is_verworpen(&self) -> bool {
        self.planken().verworpen
    }

    fn planken(&self) -> MutexGuard<'_, Planken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Planken {
    fn neem(&mut self, id: MaatregelId) -> Option<Arc<Bewaard>> {
        if let Some(zaak) = self.voor.get(&id) {
            return Some(Arc::clone(zaak));
        }
        let zaak = self.achter.remove(&id)?;
        self.leg(id, Arc::clone(&zaak));
        Some(zaak)
    }

    fn leg(&mut self, id: MaatregelId, zaak: Arc<Bewaard>) {
        self.haal_weg(id);
        self.bytes += omvang(&zaak);
        self.voor.insert(id, zaak);
        if self.bytes > MEEST / 2 {
            (self.achter, self.bytes) = (std::mem::take(&mut self.voor), 0);
        }
    }

    /// Forgets every case.
    fn vergeet(&mut self) {
        let recent = std::mem::take(&mut self.recent);
        *self = Planken { stand: self.stand, duurzaam: self.duurzaam, verworpen: self.verworpen, recent, ..Planken::default() };
    }

    fn haal_weg(&mut self, id: MaatregelId) {
        self.achter.remove(&id);
        if let Some(zaak) = self.voor.remove(&id) {
            self.bytes -= omvang(&zaak);
        }
    }
}

fn omvang(zaak: &Bewaard) -> usize {
    ZAAK + zaak.feiten.iter().map(|feit| FEIT + feit.bericht.as_slice().len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use jeugdketen_proto::v1::Rol;
    use uuid::Uuid;

    use super::*;
    use crate::domain::ids::{BerichtId, Oin};
    use crate::kluis::{Gesloten, Verpakt};
    use crate::store::zaken::GeslotenFeit;

    fn id(nr: u128) -> MaatregelId {
        MaatregelId(Uuid::from_u128(nr))
    }

    fn zaken(nrs: &[u128], bericht: &Gesloten) -> HashMap<MaatregelId, Arc<Bewaard>> {
        let afzender = Oin::parse("00000099000000000001").unwrap();
        let feit = GeslotenFeit { volgnummer: 1, afzender, rol: Rol::Gi, op: DateTime::UNIX_EPOCH, bericht: bericht.clone() };
        let zaak = |nr: &u128| {
            let sleutels = Verpakt { id: id(*nr).0, kek: String::new(), inhoud: None, feiten: Vec::new(), sinds: 0, persoon: None }.into();
            (id(*nr), Arc::new(Bewaard { sleutels, feiten: vec![feit.clone()], heeft_einden: false }))
        };
        nrs.iter().map(zaak).collect()
    }

    fn geschreven(nrs: &[Option<u128>]) -> Geschreven {
        Geschreven { na: 0, zaken: nrs.iter().map(|nr| nr.map(id)).collect(), berichten: Vec::new() }
    }

    fn bekend(kast: &Kast, tot: u128) -> Vec<u128> {
        let alle: Vec<_> = (0..tot).map(id).collect();
        kast.zoek(&alle, &[], 0).zaken.into_iter().map(|(id, _)| id.0.as_u128()).collect()
    }

    #[test]
    fn what_was_changed_is_gone_unless_it_is_given_anew() {
        let (kast, klein) = (Kast::default(), Gesloten::bewaard(vec![0; 100]));
        assert_eq!(kast.zoek(&[], &[], 0).stand, None);
        kast.werk_bij((7, 0), &geschreven(&[]), zaken(&[0, 1, 2, 3], &klein));
        assert_eq!((kast.zoek(&[], &[], 0).stand, bekend(&kast, 9)), (Some(7), vec![0, 1, 2, 3]));
        kast.werk_bij((9, 0), &geschreven(&[Some(1), Some(2), Some(8)]), zaken(&[2, 5], &klein));
        assert_eq!((kast.zoek(&[], &[], 0).stand, bekend(&kast, 9)), (Some(9), vec![0, 2, 3, 5]));
        kast.werk_bij((10, 0), &geschreven(&[None]), zaken(&[6], &klein));
        assert_eq!(bekend(&kast, 9), [6], "all keys are others");
    }

    #[test]
    fn it_tells_how_far_the_log_is_durable_and_counts_for_nothing_when_it_does_not_become_so() {
        let (kast, klein) = (Kast::default(), Gesloten::bewaard(vec![0; 100]));
        kast.werk_bij((7, 0), &geschreven(&[]), zaken(&[0], &klein));
        kast.is_duurzaam(7);
        kast.werk_bij((9, 0), &geschreven(&[None]), zaken(&[1], &klein));
        let gevonden = kast.zoek(&[], &[], 0);
        assert_eq!((gevonden.stand, gevonden.duurzaam), (Some(9), 7));
        let ander = kast.clone();
        assert!(!ander.is_verworpen());
        kast.verwerp();
        assert!(ander.is_verworpen() && bekend(&ander, 9).is_empty() && ander.zoek(&[], &[], 0).stand.is_none());
        ander.planken().vergeet();
        assert!(ander.is_verworpen());
    }

    #[test]
    fn what_is_not_used_makes_room() {
        let (kast, groot) = (Kast::default(), Gesloten::bewaard(vec![0; MEEST / 16]));
        for nr in 0..40 {
            kast.werk_bij((1, 0), &geschreven(&[]), zaken(&[nr], &groot));
            assert!(bekend(&kast, 1) == [0], "it is used all the time");
            let planken = kast.planken();
            let stuks = planken.voor.len() + planken.achter.len();
            assert!(planken.bytes <= MEEST / 2 && stuks <= 16 && stuks > 6.min(nr as usize), "{nr}: {stuks}");
        }
        kast.werk_bij((2, 0), &geschreven(&[Some(39), Some(0)]), HashMap::new());
        let tel = |planken: &HashMap<_, Arc<Bewaard>>| planken.values().map(|zaak| omvang(zaak)).sum::<usize>();
        let planken = kast.planken();
        assert_eq!(planken.bytes, tel(&planken.voor));
    }

    #[tokio::test]
    async fn cases_are_forgotten_after_a_while_and_ids_are_not() {
        let kast = Kast::default();
        let bericht = BerichtId(Uuid::from_u64_pair(9_000 << 16 | 0x7000, 1));
        let sleutel = [(Oin::parse("00000099000000000001").unwrap(), bericht)];
        kast.werk_bij((1, 0), &geschreven(&[]), zaken(&[4], &Gesloten::bewaard(vec![0; 100])));
        assert_eq!(kast.zoek(&[], &sleutel, 10_000_000).vragen, []);
        kast.planken().vervalt = Some(Instant::now());
        kast.verval().await;
        assert_eq!(bekend(&kast, 9), [0_u128; 0]);
        let gevonden = kast.zoek(&[], &sleutel, 10_000_000);
        assert!(gevonden.stand == Some(1) && gevonden.vragen.is_empty());
        assert!(tokio::time::timeout(Duration::from_millis(20), kast.verval()).await.is_err(), "there is nothing more to forget");
    }
}
