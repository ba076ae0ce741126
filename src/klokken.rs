//! Rebuilds what is kept of the norm clocks from the messages alone, or proves that it equals them.

use crate::domain::beleid::Beleid;
use crate::domain::ids::MaatregelId;
use crate::domain::klok::meet;
use crate::kluis::Kluis;
use crate::store::klokken::Rij;
use crate::store::{Conn, Store, StoreError, corrupt, klokken, zaken};

/// How many cases are taken at a time.
const GROEP: i64 = 256;

/// What a rebuild or a check came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Herbouw {
    /// Cases that were measured.
    pub zaken: usize,
    /// Clocks that they have.
    pub klokken: usize,
    /// Cases of which something else was kept than was measured, and rows of no case.
    pub verschillen: Vec<MaatregelId>,
    /// Whether the policy was another than the one that is kept.
    pub ander_beleid: bool,
}

/// Measures every case and compares. With `schrijf` what differs is put right, a group of cases a transaction, so that the hub can go on.
pub async fn herbouw(store: &Store, kluis: &Kluis, beleid: &Beleid, schrijf: bool) -> Result<Herbouw, StoreError> {
    herbouw_met(store, kluis, beleid, schrijf, |_| {}).await
}

/// The same, for who wants to hear after each group how many cases were measured.
pub async fn herbouw_met(
    store: &Store,
    kluis: &Kluis,
    beleid: &Beleid,
    schrijf: bool,
    voortgang: impl Fn(usize),
) -> Result<Herbouw, StoreError> {
    let regel = beleid.to_string();
    let gehouden = klokken::beleid(&mut store.read().await?.conn()).await?;
    let mut uitkomst = Herbouw { ander_beleid: gehouden.as_ref() != Some(&regel), ..Herbouw::default() };
    let mut laatste = None;
    loop {
        // Other hubs write meanwhile: a group is read and compared under the lock that they take too.
        let (mut tx, _) = store.write().await?;
        let groep = zaken::na(&mut tx.conn(), laatste, GROEP).await?;
        let Some(einde) = groep.last() else { break };
        laatste = Some(*einde);
        een_groep(&mut tx.conn(), kluis, beleid, &groep, schrijf, &mut uitkomst).await?;
        tx.commit().await?;
        voortgang(uitkomst.zaken);
    }
    let (mut tx, _) = store.write().await?;
    uitkomst.verschillen.extend(klokken::zonder_zaak(&mut tx.conn()).await?);
    if schrijf {
        klokken::wis_zonder_zaak(&mut tx.conn()).await?;
        klokken::zet_beleid(&mut tx.conn(), &regel).await?;
    }
    tx.commit().await?;
    Ok(uitkomst)
}

/// Rebuilds when the hub starts with another policy than the one that what is kept follows.
pub async fn bij_start(store: &Store, kluis: &Kluis, beleid: &Beleid) -> Result<(), StoreError> {
    let gehouden = klokken::beleid(&mut store.read().await?.conn()).await?;
    if gehouden.as_deref() != Some(&*beleid.to_string()) {
        herbouw(store, kluis, beleid, true).await?;
    }
    Ok(())
}

async fn een_groep(
    conn: &mut Conn<'_>,
    kluis: &Kluis,
    beleid: &Beleid,
    groep: &[MaatregelId],
    schrijf: bool,
    uitkomst: &mut Herbouw,
) -> Result<(), StoreError> {
    let gehouden = klokken::lees(conn, groep).await?;
    let mut anders = Vec::new();
    for dossier in zaken::dossiers(conn, kluis, groep).await? {
        let stand = meet(&dossier, beleid).map_err(|_| corrupt("gebeurtenissen", "feit", dossier.id))?;
        uitkomst.zaken += 1;
        uitkomst.klokken += stand.klokken.len();
        let gemeten = Rij::van(&stand);
        if !gehouden.contains(&gemeten) {
            anders.push(gemeten);
        }
    }
    uitkomst.verschillen.extend(anders.iter().map(Rij::zaak));
    if schrijf {
        klokken::schrijf(conn, &anders).await?;
    }
    Ok(())
}
