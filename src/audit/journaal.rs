//! Appends to the audit log, in the transaction of the act and under the lock of `reeks`: so the order of records is the order of commits,
//! whichever hub writes. One signature a transaction.

use super::hoofd::{Hoofd, Logsleutel};
use super::record::{Zegel, record};
use crate::boom::{Grens, Hash, leeg};
use crate::receipt::Sleutel;
use crate::store::audit::{self, Aantekening, Verzegeld};
use crate::store::{Conn, Reeks, StoreError, corrupt};

/// The audit log of a hub: its name and its key. All hubs on one database have the same.
#[derive(Debug)]
pub struct Journaal {
    origin: String,
    sleutel: Sleutel,
    /// False in one part of the benchmark only.
    zegelt: bool,
}

impl Journaal {
    /// With the name of the log and its key.
    pub fn nieuw(origin: String, sleutel: Sleutel) -> Journaal {
        Journaal { origin, sleutel, zegelt: true }
    }

    /// The same log, but nothing is sealed: for comparison in the benchmark; no configuration leads here.
    pub(crate) fn zonder_zegel(self) -> Journaal {
        Journaal { zegelt: false, ..self }
    }

    /// The public key with which its checkpoints verify.
    pub fn publiek(&self) -> Logsleutel {
        let mut publiek = Hash::default();
        publiek.copy_from_slice(self.sleutel.publiek());
        Logsleutel { naam: self.origin.clone(), publiek }
    }

    /// The checkpoint of a log: the last that was signed, or that of the empty log.
    pub fn hoofd(&self, reeks: &Reeks) -> String {
        let leeg = || Hoofd { origin: self.origin.clone(), grootte: 0, wortel: leeg() }.onderteken(&self.sleutel);
        if reeks.audit == 0 { leeg() } else { reeks.hoofd.clone() }
    }

    /// Numbers the records of one transaction, seals them in the tree and writes them. `reeks` is written by the caller.
    pub async fn boek(&self, conn: &mut Conn<'_>, reeks: &mut Reeks, op: i64, aantekeningen: Vec<Aantekening>) -> Result<(), StoreError> {
        if aantekeningen.is_empty() {
            return Ok(());
        }
        if !self.zegelt {
            return ongezegeld(conn, reeks, op, aantekeningen).await;
        }
        let mut grens = Grens::lees(reeks.audit.cast_unsigned(), &reeks.boom).ok_or_else(|| corrupt("reeks", "boom", reeks.audit))?;
        let verzegel = |(nr, aantekening)| {
            let blad = Zegel::default().blad(&record(nr, op, &aantekening));
            Verzegeld { nr, op, aantekening, blad }
        };
        let verzegeld: Vec<_> = (reeks.audit + 1..).zip(aantekeningen).map(verzegel).collect();
        let mut knopen = Vec::new();
        for Verzegeld { nr, blad, .. } in &verzegeld {
            reeks.audit = *nr;
            grens.voeg_toe(*blad, |knoop| knopen.push((knoop.niveau.cast_signed(), knoop.nr.cast_signed(), knoop.hash)));
        }
        let hoofd = Hoofd { origin: self.origin.clone(), grootte: grens.grootte(), wortel: grens.wortel() };
        (reeks.boom, reeks.hoofd) = (grens.bytes(), hoofd.onderteken(&self.sleutel));
        audit::schrijf(conn, &verzegeld).await?;
        audit::schrijf_knopen(conn, &knopen).await
    }
}

async fn ongezegeld(conn: &mut Conn<'_>, reeks: &mut Reeks, op: i64, aantekeningen: Vec<Aantekening>) -> Result<(), StoreError> {
    let eerste = reeks.audit + 1;
    reeks.audit += i64::try_from(aantekeningen.len()).unwrap_or(i64::MAX);
    let records: Vec<_> = (eerste..).zip(aantekeningen).map(|(nr, aantekening)| Verzegeld { nr, op, aantekening, blad: [0; 32] }).collect();
    audit::schrijf(conn, &records).await
}
