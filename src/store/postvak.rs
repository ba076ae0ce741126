//! Mailboxes: where they stand, reading a page, confirming receipt. The row of a recipient holds the last number that was given out, in the
//! order of commits and without gaps.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use chrono::NaiveDate;
use uuid::Uuid;

use super::StoreError;
use super::sleutels::{self, ZaaksleutelRij};
use super::statement::Conn;
use crate::domain::ids::{MaatregelId, Oin};
use crate::kluis::{Kluis, Zaaksleutels};

/// Where a mailbox stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Stand {
    /// The last number given out.
    pub laatste_nr: i64,
    /// Everything up to this number was acknowledged.
    pub bevestigd_tot: i64,
}

/// Where a mailbox stands; all zeros when nothing was ever sent to it.
pub async fn stand(conn: &mut Conn<'_>, oin: Oin) -> Result<Stand, StoreError> {
    let sql = "-- postvak::stand
        select laatste_nr, bevestigd_tot from postvakken where oin = $1";
    Ok(fetch_optional!(conn, Stand, sql, oin.to_string())?.unwrap_or_default())
}

#[derive(sqlx::FromRow)]
struct StandRij {
    oin: String,
    #[sqlx(flatten)]
    stand: Stand,
}

/// Where mailboxes stand; those to which nothing was ever sent are absent.
pub async fn standen(conn: &mut Conn<'_>, wie: &[Oin]) -> Result<HashMap<Oin, Stand>, StoreError> {
    let rijen = fetch_rows!(
        conn,
        StandRij,
        "-- postvak::standen
        with nu (oin) as (",
        ") select p.oin, p.laatste_nr, p.bevestigd_tot from nu join postvakken p on p.oin = nu.oin",
        wie,
        |oin| [oin.as_str()]
    );
    let lees = |rij: StandRij| Oin::parse(&rij.oin).map(|oin| (oin, rij.stand)).map_err(|_| super::corrupt("postvakken", "oin", &rij.oin));
    rijen.into_iter().map(lees).collect()
}

/// Writes where mailboxes stand now.
pub async fn schrijf_standen(conn: &mut Conn<'_>, standen: &[(Oin, Stand)]) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- postvakken::schrijf
        insert into postvakken (oin, laatste_nr, bevestigd_tot)",
        "on conflict (oin) do update set laatste_nr = excluded.laatste_nr, bevestigd_tot = excluded.bevestigd_tot",
        standen,
        |een| [een.0.to_string(), een.1.laatste_nr, een.1.bevestigd_tot]
    );
    Ok(())
}

/// One entry of a mailbox with its message, as stored, and the keys that open it: the view is made by whoever delivers it.
pub struct Post {
    /// Its number in the mailbox.
    pub nr: i64,
    /// The role in which the recipient receives.
    pub rol: i32,
    /// The place of the message in the order of all.
    pub volgnummer: i64,
    /// The moment it was offered, in microseconds.
    pub aangeboden_op: i64,
    /// The sender.
    pub afzender: String,
    /// Its role.
    pub afzender_rol: i32,
    /// The moment it was accepted, in microseconds.
    pub aanvaard_op: i64,
    /// Number of the field in `Bericht.inhoud`.
    pub soort: i32,
    /// The keys that it is sealed with; none when they were destroyed.
    pub sleutels: Option<Arc<Zaaksleutels>>,
    /// The canonical form, sealed; none when the body was destroyed.
    pub inhoud: Option<Vec<u8>>,
    /// The signed receipt, sealed.
    pub receipt: Vec<u8>,
    /// W3C trace context of the submission.
    pub traceparent: String,
    /// First day without relation to the case, when there is one.
    pub einde_per: Option<String>,
    /// The last message that is seen all the same.
    pub einde_volgnummer: Option<i64>,
    /// The case.
    pub maatregel_id: Option<Uuid>,
}

impl Post {
    /// The case.
    pub fn zaak(&self) -> Option<MaatregelId> {
        self.maatregel_id.map(MaatregelId)
    }
}

#[derive(sqlx::FromRow)]
struct PostRij {
    nr: i64,
    rol: i32,
    volgnummer: i64,
    aangeboden_op: i64,
    afzender: String,
    afzender_rol: i32,
    aanvaard_op: i64,
    soort: i32,
    sleutel: Uuid,
    inhoud: Option<Vec<u8>>,
    receipt: Vec<u8>,
    traceparent: String,
    einde_per: Option<String>,
    einde_volgnummer: Option<i64>,
    maatregel_id: Option<Uuid>,
    kek: Option<String>,
    sleutel_inhoud: Option<Vec<u8>>,
    sleutel_feiten: Option<Vec<u8>>,
    sleutel_sinds: Option<i64>,
    pseudoniem: Option<Vec<u8>>,
    pseudoniem_soort: Option<i16>,
    epoche: Option<i16>,
}

impl PostRij {
    /// The wrapped keys that it is sealed with; none when they were destroyed.
    fn verpakt(&mut self) -> Option<ZaaksleutelRij> {
        Some(ZaaksleutelRij {
            id: self.sleutel,
            kek: self.kek.take()?,
            inhoud: self.sleutel_inhoud.take(),
            feiten: self.sleutel_feiten.take()?,
            sinds: self.sleutel_sinds?,
            pseudoniem: self.pseudoniem.take(),
            pseudoniem_soort: self.pseudoniem_soort,
            epoche: self.epoche,
        })
    }
}

/// Without the body: that is nobody's to read in a log.
impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").field("nr", &self.nr).field("rol", &self.rol).field("volgnummer", &self.volgnummer).finish_non_exhaustive()
    }
}

/// The entries after a number, in order, at most `maximaal`.
pub async fn pagina(conn: &mut Conn<'_>, kluis: &Kluis, oin: Oin, na: i64, maximaal: i64) -> Result<Vec<Post>, StoreError> {
    let sql = "-- postvak::pagina
        select p.nr, p.rol, p.volgnummer, p.aangeboden_op, b.afzender, b.afzender_rol, b.aanvaard_op, b.soort, b.sleutel, b.inhoud,
            b.receipt, b.traceparent, b.maatregel_id, r.per as einde_per, r.laatste_volgnummer as einde_volgnummer,
            s.kek, s.inhoud as sleutel_inhoud, s.feiten as sleutel_feiten, s.sinds as sleutel_sinds, s.pseudoniem, s.pseudoniem_soort,
            s.epoche
        from postvak p
        join berichten b on b.volgnummer = p.volgnummer
        left join zaaksleutels s on s.id = b.sleutel
        left join relatie_einden r on r.maatregel_id = b.maatregel_id and r.oin = p.ontvanger
        where p.ontvanger = $1 and p.nr > $2
        order by p.nr
        limit $3";
    let mut rijen = fetch_all!(conn, PostRij, sql, oin.to_string(), na, maximaal)?;
    let mut sleutels: HashMap<Uuid, Option<Arc<Zaaksleutels>>> = HashMap::new();
    for rij in &mut rijen {
        if let Entry::Vacant(plaats) = sleutels.entry(rij.sleutel) {
            let open = |rij: ZaaksleutelRij| sleutels::open(kluis, rij.verpakt()?);
            plaats.insert(rij.verpakt().map(open).transpose()?.map(Arc::new));
        }
    }
    let post = |rij: PostRij| Post {
        sleutels: sleutels.get(&rij.sleutel).cloned().flatten(),
        nr: rij.nr,
        rol: rij.rol,
        volgnummer: rij.volgnummer,
        aangeboden_op: rij.aangeboden_op,
        afzender: rij.afzender,
        afzender_rol: rij.afzender_rol,
        aanvaard_op: rij.aanvaard_op,
        soort: rij.soort,
        inhoud: rij.inhoud,
        receipt: rij.receipt,
        traceparent: rij.traceparent,
        einde_per: rij.einde_per,
        einde_volgnummer: rij.einde_volgnummer,
        maatregel_id: rij.maatregel_id,
    };
    Ok(rijen.into_iter().map(post).collect())
}

/// In `gebeurtenissen`: receipt of a message was confirmed.
const ONTVANGEN: i16 = 1;

/// An entry of a mailbox, with what confirming it needs to know of its message.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Poststuk {
    /// The recipient.
    pub ontvanger: String,
    /// Its number in the mailbox.
    pub nr: i64,
    /// The place of the message in the order of all.
    pub volgnummer: i64,
    /// The role in which it was received.
    pub rol: i32,
    /// The moment it was offered, in microseconds.
    pub aangeboden_op: i64,
    /// The kind of the message, as stored.
    pub soort: i32,
    /// Its case; none for a message that belongs to no case.
    pub maatregel_id: Option<Uuid>,
}

/// Those of these entries, by mailbox and number, that are not confirmed yet. They are named one by one, since of a range in a join PostgreSQL
/// believes that it holds a ninth of the table.
pub async fn te_bevestigen(conn: &mut Conn<'_>, nummers: &[(Oin, i64)]) -> Result<Vec<Poststuk>, StoreError> {
    Ok(fetch_rows!(
        conn,
        Poststuk,
        "-- postvak::te_bevestigen
        with nu (oin, nr) as (",
        ") select p.ontvanger, p.nr, p.volgnummer, p.rol, p.aangeboden_op, b.soort, b.maatregel_id
        from nu
        join postvak p on p.ontvanger = nu.oin and p.nr = nu.nr
        join berichten b on b.volgnummer = p.volgnummer
        where p.ontvangen_op is null",
        nummers,
        |nummer| [nummer.0.as_str(), nummer.1]
    ))
}

/// Confirms receipt of these entries, with an event in each case concerned. How far a mailbox is confirmed is written with where it stands.
pub async fn bevestig(conn: &mut Conn<'_>, bevestigd: &[Poststuk], op: i64) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- postvak::bevestig
        with nu (oin, nr, op) as (",
        ") update postvak set ontvangen_op = nu.op from nu where ontvanger = nu.oin and postvak.nr = nu.nr",
        bevestigd,
        |een| [&*een.ontvanger, een.nr, op]
    );
    let in_zaken: Vec<_> = bevestigd.iter().filter_map(|een| Some((een.maatregel_id?, een))).collect();
    execute_rows!(
        conn,
        "-- gebeurtenissen::bevestig
        insert into gebeurtenissen (maatregel_id, volgnummer, soort, betrokkene, rol, op)",
        "on conflict do nothing",
        &in_zaken,
        |een| [een.0, een.1.volgnummer, ONTVANGEN, &*een.1.ontvanger, een.1.rol, op]
    );
    Ok(())
}

/// What waits in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Achterstand {
    /// The recipient.
    pub oin: String,
    /// How many entries it has not acknowledged.
    pub aantal: i64,
    /// The moment the oldest of them was offered, in microseconds; none when there are none.
    pub oudste_op: Option<i64>,
}

/// What waits in every mailbox, but for those of participants whose successor has taken over by `vandaag`, which nobody reads any more.
pub async fn achterstanden(conn: &mut Conn<'_>, vandaag: NaiveDate) -> Result<Vec<Achterstand>, StoreError> {
    let sql = "-- postvak::achterstanden
        select v.oin, v.laatste_nr - v.bevestigd_tot as aantal, p.aangeboden_op as oudste_op
        from postvakken v
        left join postvak p on p.ontvanger = v.oin and p.nr = v.bevestigd_tot + 1
        where not exists (select 1 from deelnemers d where d.oin = v.oin and d.opvolger is not null and d.opvolging_per <= $1)
        order by v.oin";
    Ok(fetch_all!(conn, Achterstand, sql, vandaag.to_string())?)
}

/// An entry that a successor takes over.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Onbevestigd {
    /// The role in which it is received.
    pub rol: i32,
    /// The message.
    pub volgnummer: i64,
}

/// What a participant has not acknowledged, in order.
pub async fn onbevestigd(conn: &mut Conn<'_>, oin: Oin) -> Result<Vec<Onbevestigd>, StoreError> {
    let sql = "-- postvak::onbevestigd
        select p.rol, p.volgnummer from postvak p join postvakken v on v.oin = p.ontvanger
        where p.ontvanger = $1 and p.nr > v.bevestigd_tot order by p.nr";
    Ok(fetch_all!(conn, Onbevestigd, sql, oin.to_string())?)
}

/// Puts entries of a predecessor at the end of a mailbox, from number `eerste` on.
pub async fn neem_over(conn: &mut Conn<'_>, oin: Oin, eerste: i64, post: &[Onbevestigd], op: i64) -> Result<(), StoreError> {
    let rijen: Vec<_> = (eerste..).zip(post).collect();
    execute_rows!(
        conn,
        "-- postvak::neem_over
        insert into postvak (ontvanger, nr, rol, volgnummer, aangeboden_op)",
        "",
        &rijen,
        |rij| [oin.to_string(), rij.0, rij.1.rol, rij.1.volgnummer, op]
    );
    Ok(())
}
