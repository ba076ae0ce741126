//! Accepted messages: writing them with all that belongs to them, and finding earlier ones of the same sender. What is written here was
//! admitted; nothing here is ever changed.

use uuid::Uuid;

use super::statement::Conn;
use super::{StoreError, corrupt};
use crate::domain::admit::{Admitted, Relatie};
use crate::domain::ids::{BerichtId, MaatregelId, Oin};
use crate::kluis::Gesloten;

/// An earlier message of a sender.
#[derive(Clone, Debug)]
pub struct Eerder {
    /// The sender.
    pub afzender: Oin,
    /// Its id.
    pub id: BerichtId,
    /// Number of the field in `Bericht.inhoud`.
    pub soort: i32,
    /// Whether it is a correction.
    pub is_correctie: bool,
    /// Keyed digest of its canonical form.
    pub kenmerk: Vec<u8>,
    /// Its place in the order of all messages.
    pub volgnummer: i64,
    /// The keys that its receipt is sealed with.
    pub sleutel: Uuid,
    /// The receipt as it was signed, sealed.
    pub receipt: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct EerderRij {
    afzender: String,
    bericht_id: Uuid,
    soort: i32,
    is_correctie: bool,
    kenmerk: Vec<u8>,
    volgnummer: i64,
    sleutel: Uuid,
    receipt: Vec<u8>,
}

/// Finds earlier messages by sender and id.
pub async fn zoek(conn: &mut Conn<'_>, sleutels: &[(Oin, BerichtId)]) -> Result<Vec<Eerder>, StoreError> {
    let rijen = fetch_rows!(
        conn,
        EerderRij,
        "-- berichten::zoek
        select afzender, bericht_id, soort, is_correctie, kenmerk, volgnummer, sleutel, receipt from berichten where (afzender, bericht_id) in (",
        ")",
        sleutels,
        |sleutel| [sleutel.0.as_str(), sleutel.1.0]
    );
    rijen
        .into_iter()
        .map(|rij| {
            let afzender = Oin::parse(&rij.afzender).map_err(|_| corrupt("berichten", "afzender", rij.bericht_id))?;
            Ok(Eerder {
                afzender,
                id: BerichtId(rij.bericht_id),
                soort: rij.soort,
                is_correctie: rij.is_correctie,
                kenmerk: rij.kenmerk,
                volgnummer: rij.volgnummer,
                sleutel: rij.sleutel,
                receipt: rij.receipt,
            })
        })
        .collect()
}

/// An admitted message with the numbers it got, and what is kept of it, sealed.
#[derive(Debug)]
pub struct Genummerd {
    /// The message.
    pub admitted: Admitted,
    /// Its place in the order of all messages.
    pub volgnummer: i64,
    /// The moment, in microseconds.
    pub aanvaard_op: i64,
    /// Keyed digest of its canonical form.
    pub kenmerk: [u8; 32],
    /// Root over the salted commitments to its fields.
    pub verbintenis: [u8; 32],
    /// W3C trace context that the hub gave it.
    pub traceparent: String,
    /// The mailbox number at each recipient, in the order of `Admitted::ontvangers`.
    pub postvaknummers: Vec<i64>,
    /// The mailbox number of each redirected message, in the order of `Admitted::omgeleid`.
    pub omgeleid: Vec<i64>,
    /// The keys that it is sealed with.
    pub sleutel: Uuid,
    /// The canonical form.
    pub inhoud: Gesloten,
    /// The signed receipt.
    pub receipt: Gesloten,
    /// The fact that is kept of it, when it belongs to a case.
    pub feit: Option<Gesloten>,
}

/// Writes messages with their mailbox entries, case events and relations.
pub async fn schrijf(conn: &mut Conn<'_>, genummerd: &[Genummerd]) -> Result<(), StoreError> {
    schrijf_berichten(conn, genummerd).await?;
    schrijf_postvak(conn, genummerd).await?;
    schrijf_gebeurtenissen(conn, genummerd).await?;
    schrijf_relaties(conn, genummerd).await
}

async fn schrijf_berichten(conn: &mut Conn<'_>, genummerd: &[Genummerd]) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- berichten::schrijf
        insert into berichten (volgnummer, afzender, bericht_id, afzender_rol, soort, is_correctie, maatregel_id, aanvaard_op, kenmerk,
            verbintenis, sleutel, inhoud, receipt, traceparent)",
        "",
        genummerd,
        |g| [
            g.volgnummer,
            g.admitted.afzender().0.to_string(),
            g.admitted.id().0,
            g.admitted.afzender().1 as i32,
            g.admitted.kind() as i32,
            g.admitted.bericht().correctie.is_some(),
            g.admitted.maatregel().map(|id| id.0),
            g.aanvaard_op,
            g.kenmerk.as_slice(),
            g.verbintenis.as_slice(),
            g.sleutel,
            g.inhoud.as_slice(),
            g.receipt.as_slice(),
            g.traceparent.as_str(),
        ]
    );
    Ok(())
}

struct PostvakRij {
    ontvanger: Oin,
    nr: i64,
    rol: i32,
    volgnummer: i64,
    aangeboden_op: i64,
}

async fn schrijf_postvak(conn: &mut Conn<'_>, genummerd: &[Genummerd]) -> Result<(), StoreError> {
    let mut rijen = Vec::new();
    for g in genummerd {
        for (ontvanger, nr) in g.admitted.ontvangers().iter().zip(&g.postvaknummers) {
            let (ontvanger, rol) = (ontvanger.oin, ontvanger.rol as i32);
            rijen.push(PostvakRij { ontvanger, nr: *nr, rol, volgnummer: g.volgnummer, aangeboden_op: g.aanvaard_op });
        }
        for (omleiding, nr) in g.admitted.omgeleid().iter().zip(&g.omgeleid) {
            let (ontvanger, rol) = (omleiding.naar.oin, omleiding.naar.rol as i32);
            rijen.push(PostvakRij { ontvanger, nr: *nr, rol, volgnummer: omleiding.volgnummer, aangeboden_op: g.aanvaard_op });
        }
    }
    execute_rows!(
        conn,
        "-- postvak::schrijf
        insert into postvak (ontvanger, nr, rol, volgnummer, aangeboden_op)",
        "",
        &rijen,
        |rij| [rij.ontvanger.to_string(), rij.nr, rij.rol, rij.volgnummer, rij.aangeboden_op]
    );
    Ok(())
}

struct GebeurtenisRij<'a> {
    maatregel: MaatregelId,
    volgnummer: i64,
    soort: i16,
    betrokkene: Oin,
    rol: i32,
    op: i64,
    feit: Option<&'a Gesloten>,
}

/// A message was accepted and offered.
const BERICHT: i16 = 0;
/// It was offered to one more recipient.
const OMGELEID: i16 = 2;

async fn schrijf_gebeurtenissen(conn: &mut Conn<'_>, genummerd: &[Genummerd]) -> Result<(), StoreError> {
    let mut rijen = Vec::new();
    for g in genummerd {
        let Some(maatregel) = g.admitted.maatregel() else { continue };
        let (betrokkene, rol) = g.admitted.afzender();
        let feit = g.feit.as_ref();
        let (volgnummer, op) = (g.volgnummer, g.aanvaard_op);
        rijen.push(GebeurtenisRij { maatregel, volgnummer, soort: BERICHT, betrokkene, rol: rol as i32, op, feit });
        for omleiding in g.admitted.omgeleid() {
            let (betrokkene, rol) = (omleiding.naar.oin, omleiding.naar.rol as i32);
            let volgnummer = omleiding.volgnummer;
            rijen.push(GebeurtenisRij { maatregel, volgnummer, soort: OMGELEID, betrokkene, rol, op, feit: None });
        }
    }
    // A message that goes to the same gemeente a second time, after the residence moved there and back, is one event.
    execute_rows!(
        conn,
        "-- gebeurtenissen::schrijf
        insert into gebeurtenissen (maatregel_id, volgnummer, soort, betrokkene, rol, op, feit)",
        "on conflict do nothing",
        &rijen,
        |rij| [rij.maatregel.0, rij.volgnummer, rij.soort, rij.betrokkene.to_string(), rij.rol, rij.op, rij.feit.map(Gesloten::as_slice)]
    );
    Ok(())
}

async fn schrijf_relaties(conn: &mut Conn<'_>, genummerd: &[Genummerd]) -> Result<(), StoreError> {
    for g in genummerd {
        let Some(maatregel) = g.admitted.maatregel() else { continue };
        for relatie in g.admitted.relaties() {
            match relatie {
                Relatie::Eindigt(oin, per) => {
                    let sql = "-- relaties::eindigt
                        insert into relatie_einden (maatregel_id, oin, per, laatste_volgnummer) values ($1, $2, $3, $4)
                        on conflict (maatregel_id, oin) do update set per = excluded.per, laatste_volgnummer = excluded.laatste_volgnummer";
                    execute!(conn, sql, maatregel.0, oin.to_string(), per.to_string(), g.volgnummer)?;
                }
                Relatie::Herleeft(oin) => {
                    let sql = "-- relaties::herleeft
                        delete from relatie_einden where maatregel_id = $1 and oin = $2";
                    execute!(conn, sql, maatregel.0, oin.to_string())?;
                }
            }
        }
    }
    Ok(())
}

/// What is kept of messages, by their place in the order.
#[derive(sqlx::FromRow)]
pub struct Stuk {
    /// Its place.
    pub volgnummer: i64,
    /// The sender.
    pub afzender: String,
    /// Its role.
    pub afzender_rol: i32,
    /// The moment, in microseconds.
    pub aanvaard_op: i64,
    /// The keys that it is sealed with.
    pub sleutel: Uuid,
    /// The canonical form, sealed; none when the body was destroyed.
    pub inhoud: Option<Vec<u8>>,
    /// The signed receipt, sealed.
    pub receipt: Vec<u8>,
}

/// Without the body: that is nobody's to read in a log.
impl std::fmt::Debug for Stuk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stuk").field("volgnummer", &self.volgnummer).field("afzender_rol", &self.afzender_rol).finish_non_exhaustive()
    }
}

/// Reads messages by their place in the order; `volgnummers` ascend.
pub async fn lees(conn: &mut Conn<'_>, volgnummers: &[i64]) -> Result<Vec<Stuk>, StoreError> {
    Ok(fetch_rows!(
        conn,
        Stuk,
        "-- berichten::lees
        select volgnummer, afzender, afzender_rol, aanvaard_op, sleutel, inhoud, receipt from berichten where volgnummer in (",
        ") order by volgnummer",
        volgnummers,
        |volgnummer| [volgnummer]
    ))
}
