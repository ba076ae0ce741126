//! A view: a message with the fields that are the reader's, and no other. It can be made here only, by the projection of the contract, and
//! only views leave the hub.

use bytes::Bytes;
use jeugdketen_proto::v1::{Bericht, Receipt, Rol, Veldbewijs};
use jeugdketen_proto::{Projection as _, Reader};
use prost::Message as _;

use crate::domain::ids::{MaatregelId, Oin};
use crate::kluis::{Plek, Zaaksleutels};
use crate::store::postvak::Post;
use crate::store::{StoreError, corrupt};
use crate::verbintenis;

/// Opens a stored body; none when it was destroyed.
pub fn open(sleutels: &Zaaksleutels, volgnummer: i64, gesloten: Option<&[u8]>) -> Result<Option<Vec<u8>>, StoreError> {
    let open = |gesloten| sleutels.open(Plek::Inhoud(volgnummer), gesloten);
    gesloten.map(open).transpose().map_err(|_| corrupt("berichten", "inhoud", volgnummer))
}

/// A projected message.
#[derive(Clone, PartialEq)]
pub struct View(Bericht);

impl View {
    /// Projects a stored message for the participant that receives it, with the proof that its fields are the sender's; none when its body
    /// was destroyed.
    pub fn maak(post: &Post, oin: Oin) -> Result<Option<(View, Option<Veldbewijs>)>, StoreError> {
        let fout = |kolom| corrupt("postvak", kolom, post.volgnummer);
        let rol = Rol::try_from(post.rol).map_err(|_| fout("rol"))?;
        let Some(sleutels) = &post.sleutels else { return Ok(None) };
        let Some(canonical) = open(sleutels, post.volgnummer, post.inhoud.as_deref())? else { return Ok(None) };
        let receipt = sleutels.open(Plek::Receipt(post.volgnummer), &post.receipt).map_err(|_| fout("receipt"))?;
        let receipt = Receipt::decode(receipt.as_slice()).map_err(|_| fout("receipt"))?;
        let bewijs = verbintenis::bewijs(&receipt, &canonical, rol, oin.as_str());
        let view = View::van(&canonical, post.maatregel_id.map(MaatregelId), rol, oin).ok_or_else(|| fout("inhoud"))?;
        Ok(Some((view, bewijs)))
    }

    /// Projects a message of a case in its canonical form; none when the bytes are no message.
    pub fn van(canonical: &[u8], maatregel: Option<MaatregelId>, rol: Rol, oin: Oin) -> Option<View> {
        let mut bericht = Bericht::decode(canonical).ok()?;
        // The uitspraak that opens a case cannot hold its id; whoever may read it must know the case.
        bericht.maatregel_id = maatregel.map(|id| id.to_string()).unwrap_or_default();
        bericht.restrict(&Reader { role: rol, oin: oin.as_str() });
        Some(View(bericht))
    }

    /// Its canonical form.
    pub fn encode(&self) -> Bytes {
        self.0.encode_to_vec().into()
    }

    /// The size of its canonical form.
    pub fn omvang(&self) -> usize {
        self.0.encoded_len()
    }

    /// The message.
    pub fn into_bericht(self) -> Bericht {
        self.0
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("View")
    }
}
