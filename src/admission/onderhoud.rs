//! What the hub does by itself to what it keeps: destroys bodies that everybody has had long enough, destroys the facts of cases that are
//! over long enough, wraps keys anew with the current master key. A piece at a time, in the writer's own transaction, each act on record.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use jeugdketen_proto::v1::Rol;
use tokio::sync::Notify;
use uuid::Uuid;

use super::{Werkplaats, volgend_spoor};
use crate::config;
use crate::domain::ids::MaatregelId;
use crate::kluis::PSEUDONIEM;
use crate::store::audit::Aantekening;
use crate::store::{Conn, StoreError, bewaring, sleutels};
use crate::time::from_micros;

/// At most this many messages are looked at in one transaction.
const BLAD: i64 = 512;
/// At most this many keys are wrapped anew, or cases destroyed, in one transaction.
const GROEP: i64 = 256;
/// How often everything that could not be destroyed before is looked at again, in microseconds.
const RONDE: i64 = 3_600_000_000;

/// How far it has come. Only what can be found again is kept here: another hub, or this one after a restart, begins at the beginning.
#[derive(Debug)]
pub struct Onderhoud {
    /// Days that facts are kept after the last of their case.
    feiten_dagen: i64,
    /// Days after which pseudonyms get a new key.
    epoche_dagen: i64,
    /// Days that bodies are kept, as they were read last.
    dagen: AtomicI64,
    wekken: Notify,
    herverpakken: AtomicBool,
    gezien_tot: AtomicI64,
    ronde_op: AtomicI64,
    feiten_op: AtomicI64,
    /// Cases that were found to be over; looked at again before anything is destroyed.
    voorbij: Mutex<Vec<Uuid>>,
}

impl Onderhoud {
    /// Everything is still to be looked at.
    pub fn nieuw(config: &config::Kluis) -> Onderhoud {
        Onderhoud {
            // No year has more days: facts are never kept shorter than was set.
            feiten_dagen: i64::from(config.feiten_jaren) * 366,
            epoche_dagen: i64::from(config.epoche_dagen),
            dagen: AtomicI64::new(0),
            wekken: Notify::new(),
            herverpakken: AtomicBool::new(true),
            gezien_tot: AtomicI64::new(0),
            ronde_op: AtomicI64::new(0),
            feiten_op: AtomicI64::new(0),
            voorbij: Mutex::default(),
        }
    }

    /// The master keys were read again: the current one may be another.
    pub fn herverpak(&self) {
        self.herverpakken.store(true, Ordering::Release);
        self.wekken.notify_one();
    }

    /// The term was changed: look at everything again.
    pub fn begin_opnieuw(&self) {
        self.ronde_op.store(0, Ordering::Release);
        self.feiten_op.store(0, Ordering::Release);
        self.wekken.notify_one();
    }

    /// The term as it stands in the database: when another hub changed it, everything is looked at again.
    pub fn termijn(&self, dagen: i64) {
        let was = self.dagen.swap(dagen, Ordering::AcqRel);
        if was != 0 && was != dagen {
            self.begin_opnieuw();
        }
    }

    /// Waits until there is a reason to look at once.
    pub async fn gewekt(&self) {
        self.wekken.notified().await;
    }

    fn voorbij(&self) -> MutexGuard<'_, Vec<Uuid>> {
        self.voorbij.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether there is anything to do: asked without a transaction, since mostly there is not.
pub(super) async fn is_nodig(werkplaats: &Werkplaats) -> Result<bool, StoreError> {
    let onderhoud = &werkplaats.onderhoud;
    let op = werkplaats.clock.micros();
    let mut lezing = werkplaats.store.read().await?;
    let conn = &mut lezing.conn();
    let kek = werkplaats.kluis.huidige_hoofdsleutel();
    if onderhoud.herverpakken.load(Ordering::Acquire) {
        if sleutels::per_hoofdsleutel(conn).await?.iter().any(|(ander, _)| *ander != kek) {
            return Ok(true);
        }
        onderhoud.herverpakken.store(false, Ordering::Release);
    }
    let bewaring = bewaring::lees(conn).await?;
    let na = if op - onderhoud.ronde_op.load(Ordering::Acquire) >= RONDE {
        bewaring::tot_waar_vernietigd(conn, bewaring.vernietigd_tot).await?
    } else {
        onderhoud.gezien_tot.load(Ordering::Acquire)
    };
    let rijp = bewaring::aanvaard_op(conn, na + 1).await?.is_some_and(|aanvaard_op| aanvaard_op <= grens(op, bewaring.dagen));
    // Looking through all cases takes its time, and twenty years are not over in an hour.
    let ronde = op - onderhoud.feiten_op.load(Ordering::Acquire) >= RONDE;
    let voorbij = if ronde { bewaring::voorbij(conn, grens(op, onderhoud.feiten_dagen), GROEP).await? } else { Vec::new() };
    if voorbij.is_empty() {
        onderhoud.feiten_op.fetch_max(if ronde { op } else { 0 }, Ordering::AcqRel);
    }
    let nodig = rijp || !voorbij.is_empty() || werkplaats.kluis.epoche().1 <= grens(op, onderhoud.epoche_dagen);
    *onderhoud.voorbij() = voorbij;
    Ok(nodig)
}

/// What was done in one piece.
#[derive(Default)]
pub(super) struct Gedaan {
    pub aantekeningen: Vec<Aantekening>,
    /// How many bodies were destroyed.
    pub vernietigd: u64,
    /// Whether there may be more to do at once.
    pub meer: bool,
}

pub(super) async fn voer_uit(conn: &mut Conn<'_>, werkplaats: &Werkplaats, op: i64) -> Result<Gedaan, StoreError> {
    let mut gedaan = Gedaan::default();
    herverpak(conn, werkplaats, &mut gedaan).await?;
    vernietig_inhoud(conn, werkplaats, op, &mut gedaan).await?;
    vernietig_feiten(conn, werkplaats, op, &mut gedaan).await?;
    epoches(conn, werkplaats, op, &mut gedaan).await?;
    Ok(gedaan)
}

async fn herverpak(conn: &mut Conn<'_>, werkplaats: &Werkplaats, gedaan: &mut Gedaan) -> Result<(), StoreError> {
    if !werkplaats.onderhoud.herverpakken.load(Ordering::Acquire) {
        return Ok(());
    }
    let kluis = &werkplaats.kluis;
    let mut hub = sleutels::hub(conn).await?;
    for sleutel in &mut hub {
        kluis.herverpak_hub(sleutel)?;
    }
    sleutels::schrijf_hub(conn, &hub).await?;
    let mut anders = sleutels::anders_verpakt(conn, &kluis.huidige_hoofdsleutel(), GROEP).await?;
    for verpakt in &mut anders {
        kluis.herverpak_zaak(verpakt)?;
    }
    sleutels::schrijf_zaken(conn, &anders.iter().collect::<Vec<_>>()).await?;
    if !anders.is_empty() {
        // The keys of the cases, in number: which ones says nothing that the rows do not.
        let nummer = i64::try_from(anders.len()).ok();
        gedaan.aantekeningen.push(Aantekening { nummer, ..Aantekening::sleutel((werkplaats.hub, Rol::Hub), "HERVERPAKT") });
        gedaan.meer = true;
    }
    Ok(())
}

async fn vernietig_inhoud(conn: &mut Conn<'_>, werkplaats: &Werkplaats, op: i64, gedaan: &mut Gedaan) -> Result<(), StoreError> {
    let onderhoud = &werkplaats.onderhoud;
    let bewaring = bewaring::lees(conn).await?;
    if op - onderhoud.ronde_op.load(Ordering::Acquire) >= RONDE {
        let begin = bewaring::tot_waar_vernietigd(conn, bewaring.vernietigd_tot).await?;
        bewaring::zet_vernietigd_tot(conn, begin).await?;
        onderhoud.gezien_tot.store(begin, Ordering::Release);
        onderhoud.ronde_op.store(op, Ordering::Release);
    }
    let grens = grens(op, bewaring.dagen);
    let na = onderhoud.gezien_tot.load(Ordering::Acquire);
    // Numbers follow moments: when the next message is too young, so is every later one.
    if bewaring::aanvaard_op(conn, na + 1).await?.is_none_or(|aanvaard_op| aanvaard_op > grens) {
        return Ok(());
    }
    let vandaag = from_micros(op).date_naive().to_string();
    let rijp = bewaring::rijp(conn, na, na + BLAD, grens, &vandaag).await?;
    bewaring::vernietig_inhoud(conn, &rijp).await?;
    let mut zaken: Vec<Uuid> = rijp.iter().map(|stuk| stuk.sleutel).collect();
    zaken.sort_unstable();
    zaken.dedup();
    gedaan.vernietigd = rijp.len() as u64;
    let leeg = bewaring::vernietig_sleutels(conn, &zaken).await?;
    for stuk in &rijp {
        let nieuw = Aantekening::vernietigd(werkplaats.hub, stuk.soort, stuk.volgnummer).in_zaak(stuk.zaak()).over(stuk.betrokkene());
        let nieuw = nieuw.langs(Some(volgend_spoor("")?));
        gedaan.aantekeningen.push(Aantekening { verbintenis: stuk.verbintenis.as_slice().try_into().ok(), ..nieuw });
    }
    if leeg > 0 {
        let nummer = i64::try_from(leeg).ok();
        gedaan.aantekeningen.push(Aantekening { nummer, ..Aantekening::sleutel((werkplaats.hub, Rol::Hub), "VERNIETIGD") });
    }
    onderhoud.gezien_tot.store(bewaring::laatste_tot(conn, na + BLAD, grens).await?.max(na + 1), Ordering::Release);
    gedaan.meer = true;
    Ok(())
}

async fn vernietig_feiten(conn: &mut Conn<'_>, werkplaats: &Werkplaats, op: i64, gedaan: &mut Gedaan) -> Result<(), StoreError> {
    let gevonden = std::mem::take(&mut *werkplaats.onderhoud.voorbij());
    // Something may have happened in one of them since.
    let voorbij = bewaring::nog_voorbij(conn, &gevonden, grens(op, werkplaats.onderhoud.feiten_dagen)).await?;
    if voorbij.is_empty() {
        return Ok(());
    }
    bewaring::vernietig_zaken(conn, &voorbij).await?;
    gedaan.aantekeningen.extend(voorbij.iter().map(|id| Aantekening::feiten_vernietigd(werkplaats.hub, MaatregelId(*id))));
    gedaan.meer = true;
    Ok(())
}

/// Gives pseudonyms a new key when the last is old, and destroys keys that nothing goes by any more.
async fn epoches(conn: &mut Conn<'_>, werkplaats: &Werkplaats, op: i64, gedaan: &mut Gedaan) -> Result<(), StoreError> {
    // What another hub did meanwhile counts.
    let hub = sleutels::hub(conn).await?;
    let Some(laatste) = hub.iter().filter(|sleutel| sleutel.soort == PSEUDONIEM).max_by_key(|sleutel| sleutel.epoche) else {
        return Ok(());
    };
    let sleutel = |reden| Aantekening::sleutel((werkplaats.hub, Rol::Hub), reden);
    if laatste.sinds <= grens(op, werkplaats.onderhoud.epoche_dagen) {
        sleutels::schrijf_hub(conn, &[werkplaats.kluis.nieuwe_epoche(laatste.epoche + 1, op)?]).await?;
        gedaan.aantekeningen.push(Aantekening { nummer: Some(i64::from(laatste.epoche) + 1), ..sleutel("NIEUWE_EPOCHE") });
    }
    let eerdere: Vec<i16> = hub.iter().filter(|s| s.soort == PSEUDONIEM && s.epoche < laatste.epoche).map(|s| s.epoche).collect();
    if eerdere.is_empty() || werkplaats.onderhoud.ronde_op.load(Ordering::Acquire) != op {
        return Ok(());
    }
    let gebruikt = sleutels::epoches_in_gebruik(conn).await?;
    for epoche in eerdere.into_iter().filter(|epoche| !gebruikt.contains(epoche)) {
        sleutels::vernietig_hub(conn, PSEUDONIEM, epoche).await?;
        gedaan.aantekeningen.push(Aantekening { nummer: Some(i64::from(epoche)), ..sleutel("EPOCHE_VERNIETIGD") });
    }
    Ok(())
}

/// So many days before a moment, in microseconds.
fn grens(op: i64, dagen: i64) -> i64 {
    op.saturating_sub(TimeDelta::try_days(dagen).and_then(|dagen| dagen.num_microseconds()).unwrap_or(i64::MAX))
}
