//! Proofs from what is kept: a proof of any size reads one block of at most 256 hashes on each level of the tree beside the one at its right
//! edge, and never scans. And the verification of what a hub answered, without the hub. It does not say who may see a record.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jeugdketen_proto::v1::{GetConsistencyProofResponse, GetInclusionProofResponse};

use super::hoofd::{Hoofd, HoofdFout, Logsleutel};
use super::record::Zegel;
use crate::boom::{self, Bereik, Hash, Vol, vouw};
use crate::store::{Conn, StoreError, audit, corrupt};

/// Logarithm of the number of hashes in a block.
const BLOK: u32 = 8;

/// The inclusion path of a leaf in the tree of a size; none when the leaf is not in it.
pub async fn inclusie(conn: &mut Conn<'_>, index: u64, grootte: u64) -> Result<Option<Vec<Hash>>, StoreError> {
    let Some(stappen) = boom::inclusie(index, grootte) else { return Ok(None) };
    wortels(conn, &stappen).await.map(Some)
}

/// The consistency path between two sizes; none when the second is smaller.
pub async fn consistentie(conn: &mut Conn<'_>, van: u64, tot: u64) -> Result<Option<Vec<Hash>>, StoreError> {
    let Some(stappen) = boom::consistentie(van, tot) else { return Ok(None) };
    wortels(conn, &stappen).await.map(Some)
}

/// The root at a size.
pub async fn wortel(conn: &mut Conn<'_>, grootte: u64) -> Result<Hash, StoreError> {
    let alle = wortels(conn, &[Bereik { van: 0, tot: grootte }]).await?;
    Ok(alle.first().copied().unwrap_or_else(boom::leeg))
}

/// The block of a full subtree: its level, and its place among the blocks there.
fn blok(vol: Vol) -> (u32, u64) {
    (vol.hoogte / BLOK, (vol.nr << (vol.hoogte % BLOK)) >> BLOK)
}

async fn wortels(conn: &mut Conn<'_>, bereiken: &[Bereik]) -> Result<Vec<Hash>, StoreError> {
    let volle: Vec<Vec<Vol>> = bereiken.iter().map(|bereik| bereik.volle()).collect();
    let nodig: BTreeSet<_> = volle.iter().flatten().map(|vol| blok(*vol)).collect();
    let mut blokken = BTreeMap::new();
    for (niveau, nr) in nodig {
        let (van, tot) = ((nr << BLOK).cast_signed(), ((nr + 1) << BLOK).cast_signed());
        let rijen = match niveau {
            0 => audit::bladeren(conn, van, tot).await?,
            _ => audit::knopen(conn, niveau.cast_signed(), van, tot).await?,
        };
        blokken.insert((niveau, nr), rijen.into_iter().collect::<BTreeMap<i64, Vec<u8>>>());
    }
    let hash = |vol: &Vol| {
        let kinderen = 1_u64 << (vol.hoogte % BLOK);
        let eerste = vol.nr * kinderen;
        let hashes = (eerste..eerste + kinderen).map(|nr| {
            let bytes = blokken.get(&blok(*vol)).and_then(|blok| blok.get(&nr.cast_signed()));
            bytes.and_then(|bytes| Hash::try_from(bytes.as_slice()).ok()).ok_or_else(|| match vol.hoogte / BLOK {
                0 => corrupt("audit", "blad", nr + 1),
                niveau => corrupt("boomknopen", "hash", format!("{niveau}, {nr}")),
            })
        });
        let lagen = boom::lagen(hashes.collect::<Result<_, StoreError>>()?);
        Ok(lagen.last().and_then(|laag| laag.first()).copied().unwrap_or_default())
    };
    volle.iter().map(|volle| Ok(vouw(&volle.iter().map(hash).collect::<Result<Vec<_>, StoreError>>()?))).collect()
}

/// Why an answer proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ongeldig {
    /// Its checkpoint does not hold.
    #[error("{0}")]
    Hoofd(#[from] HoofdFout),
    /// It lacks something, or a hash has another length.
    #[error("the proof is incomplete")]
    Vorm,
    /// It is of another tree than its checkpoint.
    #[error("the proof is of another number of records than its checkpoint")]
    Grootte,
    /// The record is not at that place in that tree.
    #[error("the record is not in the log that was signed, or was altered")]
    Inclusie,
    /// The one tree is not the beginning of the other.
    #[error("the log of then is not the beginning of the log that was signed: its history was rewritten")]
    Consistentie,
}

/// Verifies that a record is in the log that was signed.
pub fn verifieer_inclusie(bewijs: &GetInclusionProofResponse, sleutel: &Logsleutel) -> Result<Hoofd, Ongeldig> {
    let hoofd = sleutel.verifieer(&bewijs.checkpoint)?;
    let record = bewijs.record.as_ref().ok_or(Ongeldig::Vorm)?;
    if hoofd.grootte != bewijs.boomgrootte {
        return Err(Ongeldig::Grootte);
    }
    let blad = Zegel::default().blad(record);
    let wortel = boom::wortel_uit_pad(blad, bewijs.blad_index, hoofd.grootte, &hashes(&bewijs.pad)?);
    if wortel != Some(hoofd.wortel) || record.nr.checked_sub(1) != Some(bewijs.blad_index) {
        return Err(Ongeldig::Inclusie);
    }
    Ok(hoofd)
}

/// Verifies that the log of then is the beginning of the log that was signed.
pub fn verifieer_consistentie(bewijs: &GetConsistencyProofResponse, sleutel: &Logsleutel) -> Result<Hoofd, Ongeldig> {
    let hoofd = sleutel.verifieer(&bewijs.checkpoint)?;
    let van = Hash::try_from(bewijs.wortel_van.as_ref()).map_err(|_| Ongeldig::Vorm)?;
    if hoofd.grootte != bewijs.tot {
        return Err(Ongeldig::Grootte);
    }
    let consistent = boom::is_consistent((bewijs.van, &van), (hoofd.grootte, &hoofd.wortel), &hashes(&bewijs.pad)?);
    if consistent { Ok(hoofd) } else { Err(Ongeldig::Consistentie) }
}

fn hashes(pad: &[Bytes]) -> Result<Vec<Hash>, Ongeldig> {
    pad.iter().map(|stap| Hash::try_from(stap.as_ref()).map_err(|_| Ongeldig::Vorm)).collect()
}
