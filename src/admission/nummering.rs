//! Gives accepted messages their numbers, signs their receipts, and seals what is kept of them. It decides nothing.

use std::collections::HashMap;

use bytes::Bytes;
use jeugdketen_proto::v1::{self, Receipt};
use prost::Message as _;
use uuid::Uuid;

use super::Werkplaats;
use super::postvakken::Postvakken;
use super::voorbereid::Voorbereid;
use crate::domain::admit::Admitted;
use crate::domain::routing::Ontvanger;
use crate::kluis::{Plek, Zaaksleutels};
use crate::store::berichten::Genummerd;
use crate::store::postvak::Poststuk;
use crate::store::{Conn, StoreError, corrupt};
use crate::time::timestamp;

/// A message that was accepted in this batch.
pub(super) struct Aanvaard {
    pub admitted: Admitted,
    pub voorbereid: Voorbereid,
    /// The keys that it is sealed with.
    pub sleutel: Uuid,
}

/// Gives out mailbox numbers, in the order of the messages, signs the receipts and seals all of it. Each with its receipt for the sender.
pub(super) async fn nummer(
    conn: &mut Conn<'_>,
    postvakken: &mut Postvakken,
    werkplaats: &Werkplaats,
    sleutels: &HashMap<Uuid, Zaaksleutels>,
    aanvaard: Vec<Aanvaard>,
    (op, eerste): (i64, i64),
) -> Result<Vec<(Bytes, Genummerd)>, StoreError> {
    let omgeleid = aanvaard.iter().flat_map(|aanvaard| aanvaard.admitted.omgeleid()).map(|omleiding| omleiding.naar.oin);
    let eigen = aanvaard.iter().flat_map(|aanvaard| aanvaard.admitted.ontvangers()).map(|ontvanger| ontvanger.oin);
    postvakken.lees(conn, omgeleid.chain(eigen)).await?;
    let mut nummers = Vec::with_capacity(aanvaard.len());
    for (volgnummer, Aanvaard { admitted, .. }) in (eerste..).zip(&aanvaard) {
        // A redirected message comes before the one that redirected it: the new recipient reads the case in its order.
        let omgeleid: Vec<i64> = admitted.omgeleid().iter().map(|omleiding| postvakken.volgende(omleiding.naar.oin)).collect();
        let mut geef = |ontvanger: &Ontvanger| {
            let nr = postvakken.volgende(ontvanger.oin);
            postvakken.onthoud(
                ontvanger.oin,
                Poststuk {
                    ontvanger: ontvanger.oin.to_string(),
                    nr,
                    volgnummer,
                    rol: ontvanger.rol as i32,
                    aangeboden_op: op,
                    soort: admitted.kind() as i32,
                    maatregel_id: admitted.maatregel().map(|id| id.0),
                },
            );
            nr
        };
        let eigen: Vec<i64> = admitted.ontvangers().iter().map(&mut geef).collect();
        nummers.push((omgeleid, eigen));
    }
    let met_nummer = (eerste..).zip(aanvaard.iter().zip(&nummers));
    let mut receipts: Vec<Receipt> =
        met_nummer.map(|(volgnummer, (aanvaard, (_, eigen)))| receipt(aanvaard, volgnummer, op, eigen)).collect();
    werkplaats.sleutel.load().onderteken(&mut receipts);
    let stuks = (eerste..).zip(aanvaard).zip(nummers).zip(receipts);
    let verzegel = |(((volgnummer, aanvaard), (omgeleid, postvaknummers)), receipt): (((i64, Aanvaard), _), Receipt)| {
        let sleutels = sleutels.get(&aanvaard.sleutel).ok_or_else(|| corrupt("zaaksleutels", "id", aanvaard.sleutel))?;
        let voor_de_afzender = Bytes::from(receipt.encode_to_vec());
        let Aanvaard { admitted, voorbereid, sleutel } = aanvaard;
        let feit = admitted.feit().map(|feit| sleutels.sluit(Plek::Feit(volgnummer), &feit.encode_to_vec())).transpose()?;
        let genummerde = Genummerd {
            volgnummer,
            aanvaard_op: op,
            kenmerk: voorbereid.kenmerk,
            verbintenis: voorbereid.verbintenis,
            traceparent: voorbereid.spoor.traceparent(),
            postvaknummers,
            omgeleid,
            sleutel,
            inhoud: sleutels.sluit(Plek::Inhoud(volgnummer), admitted.canonical())?,
            receipt: sleutels.sluit(Plek::Receipt(volgnummer), &voor_de_afzender)?,
            feit,
            admitted,
        };
        Ok((voor_de_afzender, genummerde))
    };
    stuks.map(verzegel).collect()
}

fn receipt(aanvaard: &Aanvaard, volgnummer: i64, op: i64, postvaknummers: &[i64]) -> Receipt {
    let Aanvaard { admitted, voorbereid, .. } = aanvaard;
    let ontvanger = |(ontvanger, nr): (&Ontvanger, &i64)| v1::Ontvanger {
        oin: ontvanger.oin.to_string(),
        rol: ontvanger.rol.into(),
        postvaknummer: nr.unsigned_abs(),
    };
    Receipt {
        afzender_oin: admitted.afzender().0.to_string(),
        bericht_id: admitted.id().to_string(),
        volgnummer: volgnummer.unsigned_abs(),
        aanvaard_op: Some(timestamp(op)),
        maatregel_id: admitted.maatregel().map(|id| id.to_string()).unwrap_or_default(),
        digest: voorbereid.digest.to_vec().into(),
        ontvangers: admitted.ontvangers().iter().zip(postvaknummers).map(ontvanger).collect(),
        waarschuwingen: admitted.waarschuwingen().iter().map(|waarschuwing| *waarschuwing as i32).collect(),
        verbintenis: Bytes::copy_from_slice(&voorbereid.verbintenis),
        zaad: Bytes::copy_from_slice(&voorbereid.zaad),
        zaak_geopend: admitted.opent_zaak(),
        zegel: voorbereid.zegel.clone(),
        ..Receipt::default()
    }
}
