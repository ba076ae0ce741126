//! What a batch did, told to the meters once it is durable: counted by the batch, not by the message, so that it costs next to nothing. It
//! reads kinds, roles and moments; never whom a message is about.

use std::time::Duration;

use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::Rol;
use jeugdketen_proto::v1::bericht::Inhoud;

use super::Opdracht;
use crate::store::berichten::Genummerd;
use crate::store::postvak::Poststuk;
use crate::telemetry::meters::Meters;

/// What cannot be read off the messages that were accepted.
#[derive(Debug, Default)]
pub(super) struct Telling {
    /// Submissions that had been accepted before.
    pub(super) herhaald: u64,
    /// Deliveries that were acknowledged.
    pub(super) bevestigd: Vec<Poststuk>,
    /// Bodies that were destroyed.
    pub(super) vernietigd: u64,
    /// How long the commit took.
    pub(super) commit: Duration,
}

impl Telling {
    /// Tells it.
    pub(super) fn meld(self, meters: &Meters, genummerd: &[Genummerd], op: i64) {
        meters.commit(self.commit);
        meters.herhaald(self.herhaald);
        meters.vernietigd(self.vernietigd);
        for (kind, aantal) in per_soort(genummerd.iter().map(|g| g.admitted.kind())) {
            meters.aanvaard(kind, aantal);
        }
        for bericht in genummerd.iter().filter_map(|g| g.admitted.bericht().inhoud.as_ref()) {
            match bericht {
                Inhoud::Uitspraak(m) => {
                    if let Some(uitgesproken) = &m.uitgesproken_op {
                        meters.uitspraak(op - uitgesproken.seconds.saturating_mul(1_000_000));
                    }
                }
                Inhoud::Klokwaarschuwing(m) => meters.waarschuwing(m.norm(), m.procent),
                _ => {}
            }
        }
        for een in self.bevestigd {
            let kind = Kind::ALL.into_iter().find(|kind| *kind as i32 == een.soort);
            meters.bevestigd(kind, Rol::try_from(een.rol).unwrap_or_default(), op - een.aangeboden_op);
        }
    }
}

/// The kinds of messages that a batch was asked to accept, with how many of each.
pub(super) fn gevraagd(opdrachten: &[Opdracht]) -> Vec<(Kind, u64)> {
    per_soort(opdrachten.iter().filter_map(Opdracht::dien).map(|dien| dien.gelezen.kind))
}

/// Few kinds at a time: a list is quicker than a map.
fn per_soort(kinds: impl Iterator<Item = Kind>) -> Vec<(Kind, u64)> {
    let mut aantallen: Vec<(Kind, u64)> = Vec::new();
    for kind in kinds {
        match aantallen.iter_mut().find(|(bekend, _)| *bekend == kind) {
            Some((_, aantal)) => *aantal += 1,
            None => aantallen.push((kind, 1)),
        }
    }
    aantallen
}
