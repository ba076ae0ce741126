//! The acknowledgements of a batch: what each caller is told, and one confirmation a mailbox for all of them together, so that their number
//! costs no statements. It delivers nothing.

use std::collections::BTreeMap;

use jeugdketen_proto::v1::Rol;

use super::Opdracht;
use super::klokken::Klokken;
use super::telling::Telling;
use crate::domain::ids::Oin;
use crate::store::audit::Aantekening;
use crate::store::postvak::{self, Bevestiging};
use crate::store::{Conn, StoreError};

/// Confirms, in the order of the requests, and returns what goes on record. A lower number than before changes nothing; one that was never
/// given out is refused. What this batch gave out counts.
pub(super) async fn verwerk(
    conn: &mut Conn<'_>,
    klokken: &mut Klokken,
    telling: &mut Telling,
    opdrachten: &mut [Opdracht],
    op: i64,
) -> Result<Vec<Aantekening>, StoreError> {
    let bevestigers = opdrachten.iter().filter_map(|opdracht| match opdracht {
        Opdracht::Bevestig(bevestig, _) => Some(bevestig.peer.oin()),
        _ => None,
    });
    let mut wie: Vec<Oin> = bevestigers.collect();
    wie.sort_unstable();
    wie.dedup();
    let standen = postvak::standen(conn, &wie).await?;
    let mut nu: BTreeMap<Oin, (Rol, Bevestiging)> = BTreeMap::new();
    let mut aantekeningen = Vec::new();
    for opdracht in opdrachten {
        let Opdracht::Bevestig(bevestig, vraag) = opdracht else { continue };
        let (oin, rol) = (bevestig.peer.oin(), bevestig.peer.rol());
        let stand = standen.get(&oin).copied().unwrap_or_default();
        let bevestigd = (bevestig.tot <= stand.laatste_nr).then(|| {
            let van = stand.bevestigd_tot;
            let (_, nu) = nu.entry(oin).or_insert((rol, Bevestiging { oin, van, tot: van }));
            nu.tot = nu.tot.max(bevestig.tot);
            nu.tot
        });
        aantekeningen.extend(bevestigd.map(|nummer| Aantekening::bevestigd((oin, rol), nummer)));
        vraag.uitkomst = Some(bevestigd);
    }
    let verder: Vec<_> = nu.into_values().filter(|(_, nu)| nu.tot > nu.van).collect();
    let alle: Vec<Bevestiging> = verder.iter().map(|(_, nu)| *nu).collect();
    let van_gi: Vec<Bevestiging> = verder.iter().filter(|(rol, _)| *rol == Rol::Gi).map(|(_, nu)| *nu).collect();
    klokken.geraakt(postvak::uitspraken(conn, &van_gi).await?);
    telling.bevestigd.extend(postvak::bevestig(conn, &alle, op).await?);
    Ok(aantekeningen)
}
