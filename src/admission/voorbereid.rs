//! What is worked out of a message before its transaction, many at once: digest, seed, commitment, trace. It decides nothing.

use aws_lc_rs::rand;
use jeugdketen_proto::v1::Zegel;

use super::Inzending;
use crate::domain::refusal::Fault;
use crate::domain::spoor::Spoor;
use crate::identity::certificaat::vingerafdruk;
use crate::identity::register::Peer;
use crate::kluis::{Kluis, KluisFout};
use crate::receipt::sha256;
use crate::verbintenis::{self, verifieer_zegel};

/// What goes with a message.
#[derive(Clone, Debug)]
pub(super) struct Voorbereid {
    /// SHA-256 over its canonical form, for its receipt.
    pub digest: [u8; 32],
    /// The same, keyed: what is stored of it.
    pub kenmerk: [u8; 32],
    /// The seed of its commitments.
    pub zaad: [u8; 32],
    /// The root over them; all zeros of a message that cannot be accepted anyhow.
    pub verbintenis: [u8; 32],
    /// The sender's own seal over it.
    pub zegel: Option<Zegel>,
    /// Its step in the trace.
    pub spoor: Spoor,
    /// When the hub began with it, in microseconds.
    pub begonnen_op: i64,
}

impl Voorbereid {
    /// Of a message in its canonical form, with what its sender gave with it.
    pub fn van(kluis: &Kluis, canonical: &[u8], bij: Inzending<'_>, begonnen_op: i64) -> Result<Voorbereid, KluisFout> {
        let digest = sha256(canonical);
        let mut toeval = [0_u8; 56];
        rand::fill(&mut toeval).map_err(|_| KluisFout::Toeval)?;
        let (mut nieuw_zaad, mut trace, mut span) = ([0; 32], [0; 16], [0; 8]);
        nieuw_zaad.copy_from_slice(&toeval[..32]);
        trace.copy_from_slice(&toeval[32..48]);
        span.copy_from_slice(&toeval[48..]);
        // The commitment that a sender sealed can be made again with its seed only.
        let zaad = bij.zaad.try_into().ok().filter(|_| bij.zegel.is_some()).unwrap_or(nieuw_zaad);
        let verbintenis = if kluis.beschermt() { verbintenis::wortel(canonical, &zaad).unwrap_or_default() } else { [0; 32] };
        let spoor = Spoor::na(bij.traceparent, trace, span);
        Ok(Voorbereid { digest, kenmerk: kluis.kenmerk(&digest), zaad, verbintenis, zegel: bij.zegel.cloned(), spoor, begonnen_op })
    }

    /// Whether the seal of the sender, when there is one, is over this commitment and made with the certificate of its connection.
    pub fn zegel_klopt(&self, peer: &Peer) -> Result<(), Fault> {
        let Some(zegel) = &self.zegel else { return Ok(()) };
        let fault = |reden| Fault { veld: "zegel".to_owned(), reden };
        if vingerafdruk(&zegel.certificaat) != *peer.certificaat() {
            return Err(fault("its certificate must be that of the connection"));
        }
        let geldig = verifieer_zegel(zegel, &self.verbintenis, peer.oin().as_str());
        geldig.map_err(|_| fault("must hold over the commitment to this message with the given seed"))
    }
}

/// A new step of the trace that a `traceparent` names.
pub fn volgend_spoor(traceparent: &str) -> Result<Spoor, KluisFout> {
    let mut toeval = [0_u8; 24];
    rand::fill(&mut toeval).map_err(|_| KluisFout::Toeval)?;
    let (mut trace, mut span) = ([0; 16], [0; 8]);
    trace.copy_from_slice(&toeval[..16]);
    span.copy_from_slice(&toeval[16..]);
    Ok(Spoor::na(traceparent, trace, span))
}
