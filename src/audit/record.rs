//! The leaf data of a record: the canonical form of `Auditrecord`, from what is about to be written and from what stands in the database.
//! The one must give the bytes of the other.

use bytes::Bytes;
use jeugdketen_proto::v1::{Auditrecord, Handeling};
use prost::Message as _;

use crate::boom::Hash;
use crate::mac::sha256;
use crate::store::audit::{Aantekening, Rij, code};
use crate::time::timestamp;

/// Gives records their leaf hash, one after the other, without a new buffer for each.
#[derive(Debug, Default)]
pub struct Zegel {
    data: Vec<u8>,
}

impl Zegel {
    /// The leaf hash of a record.
    pub fn blad(&mut self, record: &Auditrecord) -> Hash {
        self.data.clear();
        // The zero byte that makes it a leaf.
        self.data.push(0);
        // A vector grows, so this cannot fail.
        let _ = record.encode(&mut self.data);
        sha256(&[&self.data])
    }
}

/// The record of an act, with its number and moment.
pub(super) fn record(nr: i64, op: i64, van: &Aantekening) -> Auditrecord {
    let spoor = van.spoor.as_ref();
    Auditrecord {
        nr: nr.cast_unsigned(),
        op: Some(timestamp(op)),
        begonnen_op: Some(timestamp(van.begonnen_op.unwrap_or(op))),
        handeling: van.handeling.into(),
        wie: van.wie.as_str().to_owned(),
        rol: van.rol.into(),
        soort: van.soort,
        nummer: van.nummer.map(i64::cast_unsigned),
        reden: van.reden.to_owned(),
        verbintenis: van.verbintenis.as_ref().map(|v| Bytes::copy_from_slice(v)),
        maatregel_id: van.zaak.map(|zaak| zaak.to_string()),
        betrokkene: van.betrokkene.as_ref().map(|b| Bytes::copy_from_slice(b)),
        trace_id: spoor.map(|spoor| Bytes::copy_from_slice(&spoor.trace)),
        span_id: spoor.map(|spoor| Bytes::copy_from_slice(&spoor.span)),
        ouder_span_id: spoor.and_then(|spoor| spoor.ouder.as_ref()).map(|ouder| Bytes::copy_from_slice(ouder)),
    }
}

/// The record that a row holds now. Two rows that differ never give the same record.
pub fn record_van_rij(rij: Rij) -> Auditrecord {
    let bytes = |veld: Option<Vec<u8>>| veld.map(Bytes::from);
    Auditrecord {
        nr: rij.nr.cast_unsigned(),
        op: Some(timestamp(rij.op)),
        begonnen_op: Some(timestamp(rij.begonnen_op)),
        // A name that the contract does not have gives no act, which no sealed record has.
        handeling: handeling(&rij.handeling).into(),
        wie: rij.wie,
        rol: rij.rol,
        soort: rij.soort,
        nummer: rij.nummer.map(i64::cast_unsigned),
        reden: rij.reden,
        verbintenis: bytes(rij.verbintenis),
        maatregel_id: rij.zaak.map(|zaak| zaak.hyphenated().to_string()),
        betrokkene: bytes(rij.betrokkene),
        trace_id: bytes(rij.trace),
        span_id: bytes(rij.span),
        ouder_span_id: bytes(rij.ouder),
    }
}

fn handeling(naam: &str) -> Handeling {
    (1..).map_while(|nummer| Handeling::try_from(nummer).ok()).find(|handeling| code(*handeling) == naam).unwrap_or_default()
}
