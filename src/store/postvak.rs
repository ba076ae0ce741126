//! Mailboxes: handing out numbers, reading a page, confirming receipt. Numbers come from the counter row of the recipient, in the order of
//! commits and without gaps.

use jeugdketen_proto::Kind;
use uuid::Uuid;

use super::StoreError;
use super::statement::Conn;
use crate::domain::ids::{MaatregelId, Oin};

#[derive(sqlx::FromRow)]
struct Teller {
    oin: String,
    laatste_nr: i64,
}

/// Raises the counters of recipients by the given numbers and returns the last number of each, in no order.
pub async fn verhoog(conn: &mut Conn<'_>, aantallen: &[(Oin, i64)]) -> Result<Vec<(Oin, i64)>, StoreError> {
    let tellers = fetch_rows!(
        conn,
        Teller,
        "-- postvak::verhoog
        insert into postvakken (oin, laatste_nr, bevestigd_tot)",
        "on conflict (oin) do update set laatste_nr = postvakken.laatste_nr + excluded.laatste_nr returning oin, laatste_nr",
        aantallen,
        |aantal| [aantal.0.to_string(), aantal.1, 0_i64]
    );
    let lees = |teller: Teller| Oin::parse(&teller.oin).map(|oin| (oin, teller.laatste_nr));
    tellers.into_iter().map(|teller| lees(teller).map_err(|_| super::corrupt("postvakken", "oin", "?"))).collect()
}

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

/// One entry of a mailbox with its message, as stored: the view is made by whoever delivers it.
#[derive(Clone, sqlx::FromRow)]
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
    /// The canonical form.
    pub inhoud: Vec<u8>,
    /// W3C trace context of the submission.
    pub traceparent: String,
    /// First day without relation to the case, when there is one.
    pub einde_per: Option<String>,
    /// The last message that is seen all the same.
    pub einde_volgnummer: Option<i64>,
    /// The case.
    pub maatregel_id: Option<Uuid>,
}

/// Without the body: that is nobody's to read in a log.
impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").field("nr", &self.nr).field("rol", &self.rol).field("volgnummer", &self.volgnummer).finish_non_exhaustive()
    }
}

/// The entries after a number, in order, at most `maximaal`.
pub async fn pagina(conn: &mut Conn<'_>, oin: Oin, na: i64, maximaal: i64) -> Result<Vec<Post>, StoreError> {
    let sql = "-- postvak::pagina
        select p.nr, p.rol, p.volgnummer, p.aangeboden_op, b.afzender, b.afzender_rol, b.inhoud, b.traceparent, b.maatregel_id,
            r.per as einde_per, r.laatste_volgnummer as einde_volgnummer
        from postvak p
        join berichten b on b.volgnummer = p.volgnummer
        left join relatie_einden r on r.maatregel_id = b.maatregel_id and r.oin = p.ontvanger
        where p.ontvanger = $1 and p.nr > $2
        order by p.nr
        limit $3";
    Ok(fetch_all!(conn, Post, sql, oin.to_string(), na, maximaal)?)
}

/// Confirms receipt of the entries after `van` up to and including `tot`, with an event in each case concerned.
pub async fn bevestig(conn: &mut Conn<'_>, oin: Oin, van: i64, tot: i64, op: i64) -> Result<(), StoreError> {
    let oin = oin.to_string();
    let sql = "-- postvak::bevestig
        update postvak set ontvangen_op = $4 where ontvanger = $1 and nr > $2 and nr <= $3 and ontvangen_op is null";
    execute!(conn, sql, &oin, van, tot, op)?;
    let sql = "-- gebeurtenissen::bevestig
        insert into gebeurtenissen (maatregel_id, volgnummer, soort, betrokkene, rol, op)
        select b.maatregel_id, b.volgnummer, 1, p.ontvanger, p.rol, $4
        from postvak p
        join berichten b on b.volgnummer = p.volgnummer
        where p.ontvanger = $1 and p.nr > $2 and p.nr <= $3 and b.maatregel_id is not null
        on conflict do nothing";
    execute!(conn, sql, &oin, van, tot, op)?;
    let sql = "-- postvakken::bevestig
        update postvakken set bevestigd_tot = $2 where oin = $1";
    execute!(conn, sql, &oin, tot)?;
    Ok(())
}

/// The cases whose uitspraken are among the entries after `van` up to and including `tot`.
pub async fn uitspraken(conn: &mut Conn<'_>, oin: Oin, van: i64, tot: i64) -> Result<Vec<MaatregelId>, StoreError> {
    let sql = "-- postvak::uitspraken
        select distinct b.maatregel_id from postvak p join berichten b on b.volgnummer = p.volgnummer
        where p.ontvanger = $1 and p.nr > $2 and p.nr <= $3 and b.soort = $4 and b.maatregel_id is not null";
    let rijen: Vec<(Uuid,)> = fetch_all!(conn, (Uuid,), sql, oin.to_string(), van, tot, Kind::Uitspraak as i32)?;
    Ok(rijen.into_iter().map(|(id,)| MaatregelId(id)).collect())
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
