//! Handing out at once: a stream at this hub that has had everything gets a message when the transaction is durable that holds it, with the
//! record of that delivery in the same transaction. What cannot be handed out so is read from the mailbox, as ever. It knows who to ask;
//! what is shown to whom is for `delivery`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use super::wake::Wekker;
use crate::domain::ids::MaatregelId;
use crate::domain::routing::Ontvanger;
use crate::kluis::Zaaksleutels;
use crate::store::audit::Aantekening;
use crate::store::berichten::Genummerd;
use crate::store::postvak::Post;
use crate::store::zaken::Bewaard;

/// A larger batch is not handed out at once: views are made outside the transaction then, many at a time.
const WEINIG: usize = 32;

/// A stream that can be handed a message before it looked for it.
pub trait Toehoorder: Send + Sync {
    /// Prepares to hand out an entry of its mailbox, when that is the next and nothing is in its way.
    fn bied_aan(self: Arc<Self>, post: &Post) -> Option<Uitreiking>;
}

/// A message that is handed out when it is durable; dropped, it is not.
pub struct Uitreiking {
    /// What goes on record of it.
    aantekening: Aantekening,
    lever: Box<dyn FnOnce() + Send>,
}

impl Uitreiking {
    /// Promised by a stream; `lever` hands it out.
    pub fn nieuw(aantekening: Aantekening, lever: impl FnOnce() + Send + 'static) -> Uitreiking {
        Uitreiking { aantekening, lever: Box::new(lever) }
    }

    /// What goes on record of it, in the transaction of the message.
    pub(super) fn aantekening(&self) -> Aantekening {
        self.aantekening.clone()
    }

    /// Hands it out: it is durable.
    pub(super) fn lever(self) {
        (self.lever)();
    }
}

/// Asks the streams of the recipients of these messages, in order. A case of which a relation ended is left alone: what its recipients may
/// see is read with the entry.
pub(super) fn bied_aan(
    wekker: &Wekker,
    genummerd: &[Genummerd],
    bewaard: &HashMap<MaatregelId, Arc<Bewaard>>,
    sleutels: &HashMap<Uuid, Arc<Zaaksleutels>>,
) -> Vec<Uitreiking> {
    if genummerd.len() > WEINIG {
        return Vec::new();
    }
    let wijzigt: HashSet<_> =
        genummerd.iter().filter(|g| !g.admitted.relaties().is_empty()).filter_map(|g| g.admitted.maatregel()).collect();
    let is_gewoon = |id: MaatregelId| !wijzigt.contains(&id) && bewaard.get(&id).is_none_or(|zaak| !zaak.heeft_einden);
    let mut alle = Vec::new();
    for g in genummerd.iter().filter(|g| g.admitted.maatregel().is_none_or(is_gewoon)) {
        for (ontvanger, nr) in g.admitted.ontvangers().iter().zip(&g.postvaknummers) {
            let Some(toehoorder) = wekker.enige(ontvanger.oin) else { continue };
            alle.extend(toehoorder.bied_aan(&post(g, ontvanger, *nr, sleutels.get(&g.sleutel).cloned())));
        }
    }
    alle
}

/// The entry as it would be read.
fn post(g: &Genummerd, ontvanger: &Ontvanger, nr: i64, sleutels: Option<Arc<Zaaksleutels>>) -> Post {
    let (afzender, rol) = g.admitted.afzender();
    Post {
        nr,
        rol: ontvanger.rol.into(),
        volgnummer: g.volgnummer,
        aangeboden_op: g.aanvaard_op,
        afzender: afzender.to_string(),
        afzender_rol: rol.into(),
        aanvaard_op: g.aanvaard_op,
        soort: g.admitted.kind() as i32,
        sleutels,
        inhoud: Some(g.inhoud.as_slice().to_vec()),
        receipt: g.receipt.as_slice().to_vec(),
        traceparent: g.traceparent.clone(),
        einde_per: None,
        einde_volgnummer: None,
        maatregel_id: g.admitted.maatregel().map(|id| id.0),
    }
}
