//! The acknowledgements of a batch: what each caller is told, and one confirmation a mailbox for all of them together, so that their number
//! costs no statements. Of a mailbox a batch confirms no more than a part, so that nobody waits for who confirms a year of mail at once. It
//! delivers nothing.

use std::collections::BTreeMap;

use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::Rol;

use super::Opdracht;
use super::klokken::Klokken;
use super::postvakken::Postvakken;
use super::telling::Telling;
use crate::domain::ids::{MaatregelId, Oin};
use crate::store::audit::Aantekening;
use crate::store::postvak::{self, Poststuk};
use crate::store::{StoreError, Tx};

/// Entries of one mailbox that a batch confirms at most.
const HOOGSTENS: i64 = 1_000;

/// Confirms, in the order of the requests, and returns what goes on record. A lower number than before changes nothing; one that was never
/// given out is refused. What this batch gave out counts. Each is told how far it is, which is less than it asked when that was too much.
pub(super) async fn verwerk(
    tx: &mut Tx,
    postvakken: &mut Postvakken,
    klokken: &mut Klokken,
    telling: &mut Telling,
    opdrachten: &mut [Opdracht],
    op: i64,
) -> Result<Vec<Aantekening>, StoreError> {
    let bevestigers = opdrachten.iter().filter_map(|opdracht| match opdracht {
        Opdracht::Bevestig(bevestig, _) => Some(bevestig.peer.oin()),
        _ => None,
    });
    postvakken.lees(&mut tx.lees(), bevestigers).await?;
    let mut nu: BTreeMap<Oin, i64> = BTreeMap::new();
    let mut aantekeningen = Vec::new();
    for opdracht in opdrachten {
        let Opdracht::Bevestig(bevestig, vraag) = opdracht else { continue };
        let (oin, rol) = (bevestig.peer.oin(), bevestig.peer.rol());
        let stand = postvakken.stand(oin);
        let bevestigd = (bevestig.tot <= stand.laatste_nr).then(|| {
            let tot = nu.entry(oin).or_insert(stand.bevestigd_tot);
            *tot = (*tot).max(bevestig.tot.min(stand.bevestigd_tot + HOOGSTENS));
            *tot
        });
        aantekeningen.extend(bevestigd.map(|nummer| Aantekening::bevestigd((oin, rol), nummer)));
        vraag.uitkomst = Some(bevestigd);
    }
    let bevestigd = poststukken(tx, postvakken, &nu).await?;
    let uitspraken = bevestigd.iter().filter(|een| een.rol == Rol::Gi as i32 && een.soort == Kind::Uitspraak as i32);
    klokken.geraakt(uitspraken.filter_map(|een| een.maatregel_id).map(MaatregelId));
    postvak::bevestig(&mut tx.conn(), &bevestigd, op).await?;
    nu.into_iter().for_each(|(oin, tot)| postvakken.bevestig(oin, tot));
    telling.bevestigd.extend(bevestigd);
    Ok(aantekeningen)
}

/// The entries that are confirmed when mailboxes are up to these numbers: as they are remembered, and the others as they are stored.
async fn poststukken(tx: &mut Tx, postvakken: &Postvakken, tot: &BTreeMap<Oin, i64>) -> Result<Vec<Poststuk>, StoreError> {
    // What this very batch gave out can only be read in its transaction.
    let in_de_batch = tot.iter().any(|(oin, tot)| *tot > postvakken.opgeslagen(*oin));
    let (mut bevestigd, mut onbekend) = (Vec::new(), Vec::new());
    for (oin, tot) in tot {
        for nr in postvakken.stand(*oin).bevestigd_tot + 1..=*tot {
            match postvakken.gegeven(*oin, nr).filter(|_| !in_de_batch) {
                Some(gegeven) => bevestigd.push(gegeven.clone()),
                None => onbekend.push((*oin, nr)),
            }
        }
    }
    let mut conn = if in_de_batch { tx.conn() } else { tx.lees() };
    bevestigd.extend(postvak::te_bevestigen(&mut conn, &onbekend).await?);
    Ok(bevestigd)
}
