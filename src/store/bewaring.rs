//! Retention: which bodies and cases have been kept long enough, and destroying them. How long that is was decided elsewhere.

use uuid::Uuid;

use super::StoreError;
use super::statement::Conn;
use crate::domain::ids::MaatregelId;

/// How long bodies are kept, and how far their destruction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Bewaring {
    /// Days after everybody acknowledged.
    pub dagen: i64,
    /// Every body up to here has been destroyed.
    pub vernietigd_tot: i64,
}

/// Sets the term to begin with, when none was set.
pub async fn begin(conn: &mut Conn<'_>, dagen: i64) -> Result<(), StoreError> {
    let sql = "-- bewaring::begin
        insert into bewaring (id, dagen, vernietigd_tot) values (1, $1, 0) on conflict do nothing";
    execute!(conn, sql, dagen)?;
    Ok(())
}

/// As it is now.
pub async fn lees(conn: &mut Conn<'_>) -> Result<Bewaring, StoreError> {
    let sql = "-- bewaring::lees
        select dagen, vernietigd_tot from bewaring where id = 1";
    Ok(fetch_one!(conn, Bewaring, sql)?)
}

/// Sets the term.
pub async fn zet_dagen(conn: &mut Conn<'_>, dagen: i64) -> Result<(), StoreError> {
    let sql = "-- bewaring::zet_dagen
        update bewaring set dagen = $1 where id = 1";
    execute!(conn, sql, dagen)?;
    Ok(())
}

/// Notes how far the destruction has come.
pub async fn zet_vernietigd_tot(conn: &mut Conn<'_>, tot: i64) -> Result<(), StoreError> {
    let sql = "-- bewaring::zet_vernietigd_tot
        update bewaring set vernietigd_tot = $1 where id = 1";
    execute!(conn, sql, tot)?;
    Ok(())
}

/// The number before the first message after `na` that still has its body; the last number when none has.
pub async fn tot_waar_vernietigd(conn: &mut Conn<'_>, na: i64) -> Result<i64, StoreError> {
    let sql = "-- bewaring::tot_waar_vernietigd
        select coalesce(
            (select volgnummer - 1 from berichten where volgnummer > $1 and inhoud is not null order by volgnummer limit 1),
            (select bericht from reeks where id = 1))";
    let (tot,): (i64,) = fetch_one!(conn, (i64,), sql, na)?;
    Ok(tot)
}

/// When a message was accepted, in microseconds; none when there is no such number.
pub async fn aanvaard_op(conn: &mut Conn<'_>, volgnummer: i64) -> Result<Option<i64>, StoreError> {
    let sql = "-- bewaring::aanvaard_op
        select aanvaard_op from berichten where volgnummer = $1";
    Ok(fetch_optional!(conn, (i64,), sql, volgnummer)?.map(|(op,)| op))
}

/// The last number up to and including `tot` that was accepted by this moment; 0 when there is none.
pub async fn laatste_tot(conn: &mut Conn<'_>, tot: i64, grens: i64) -> Result<i64, StoreError> {
    let sql = "-- bewaring::laatste_tot
        select volgnummer from berichten where volgnummer <= $1 and aanvaard_op <= $2 order by volgnummer desc limit 1";
    Ok(fetch_optional!(conn, (i64,), sql, tot, grens)?.map_or(0, |(volgnummer,)| volgnummer))
}

/// A message whose body has been kept long enough.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Rijp {
    /// Its place in the order of all messages.
    pub volgnummer: i64,
    /// Number of the field in `Bericht.inhoud`.
    pub soort: i32,
    /// The keys it is sealed with.
    pub sleutel: Uuid,
    /// Root over its commitments.
    pub verbintenis: Vec<u8>,
    maatregel_id: Option<Uuid>,
    pseudoniem: Option<Vec<u8>>,
}

impl Rijp {
    /// Its case.
    pub fn zaak(&self) -> Option<MaatregelId> {
        self.maatregel_id.map(MaatregelId)
    }

    /// The pseudonym of who it is about.
    pub fn betrokkene(&self) -> Option<[u8; 32]> {
        self.pseudoniem.as_deref()?.try_into().ok()
    }
}

/// Messages after `na` up to and including `tot` that every recipient acknowledged, or that had none, by the moment `grens`. What waits for
/// a participant that was succeeded waits for its successor, which has it in its own mailbox.
pub async fn rijp(conn: &mut Conn<'_>, na: i64, tot: i64, grens: i64, vandaag: &str) -> Result<Vec<Rijp>, StoreError> {
    let sql = "-- bewaring::rijp
        select b.volgnummer, b.soort, b.sleutel, b.verbintenis, b.maatregel_id, s.pseudoniem
        from berichten b left join zaaksleutels s on s.id = b.sleutel
        where b.volgnummer > $1 and b.volgnummer <= $2 and b.aanvaard_op <= $3 and b.inhoud is not null
            and not exists (
                select 1 from postvak p
                where p.volgnummer = b.volgnummer and (p.ontvangen_op is null or p.ontvangen_op > $3)
                    and not exists (
                        select 1 from deelnemers d join postvak q on q.ontvanger = d.opvolger and q.volgnummer = p.volgnummer
                        where d.oin = p.ontvanger and p.ontvangen_op is null and d.opvolging_per <= $4))
        order by b.volgnummer";
    Ok(fetch_all!(conn, Rijp, sql, na, tot, grens, vandaag)?)
}

/// Destroys bodies.
pub async fn vernietig_inhoud(conn: &mut Conn<'_>, rijp: &[Rijp]) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- bewaring::vernietig_inhoud
        update berichten set inhoud = null where volgnummer in (",
        ")",
        rijp,
        |stuk| [stuk.volgnummer]
    );
    Ok(())
}

/// Destroys the keys of bodies of cases that have no body left; returns how many.
pub async fn vernietig_sleutels(conn: &mut Conn<'_>, zaken: &[Uuid]) -> Result<usize, StoreError> {
    let leeg: Vec<(Uuid,)> = fetch_rows!(
        conn,
        (Uuid,),
        "-- bewaring::vernietig_sleutels
        update zaaksleutels set inhoud = null where inhoud is not null and id in (",
        ") and not exists (
            select 1 from gebeurtenissen g join berichten b on b.volgnummer = g.volgnummer
            where g.maatregel_id = zaaksleutels.id and g.soort = 0 and b.inhoud is not null)
        returning id",
        zaken,
        |zaak| [*zaak]
    );
    Ok(leeg.len())
}

/// Cases, and messages apart from any, with no body left and nothing that happened since `grens`; at most `maximaal`.
pub async fn voorbij(conn: &mut Conn<'_>, grens: i64, maximaal: i64) -> Result<Vec<Uuid>, StoreError> {
    let sql = "-- bewaring::voorbij
        select s.id from zaaksleutels s
        where s.inhoud is null and s.sinds < $1
            and not exists (select 1 from gebeurtenissen g where g.maatregel_id = s.id and g.op >= $1)
        order by s.id limit $2";
    let rijen: Vec<(Uuid,)> = fetch_all!(conn, (Uuid,), sql, grens, maximaal)?;
    Ok(rijen.into_iter().map(|(id,)| id).collect())
}

/// Those of `zaken` of which that still holds.
pub async fn nog_voorbij(conn: &mut Conn<'_>, zaken: &[Uuid], grens: i64) -> Result<Vec<Uuid>, StoreError> {
    let mut voorbij = Vec::new();
    for zaak in zaken {
        let sql = "-- bewaring::nog_voorbij
            select s.id from zaaksleutels s
            where s.id = $1 and s.inhoud is null
                and not exists (select 1 from gebeurtenissen g where g.maatregel_id = s.id and g.op >= $2)";
        let rij: Option<(Uuid,)> = fetch_optional!(conn, (Uuid,), sql, *zaak, grens)?;
        voorbij.extend(rij.map(|(id,)| id));
    }
    Ok(voorbij)
}

/// Destroys the facts, clocks and keys of cases. Their receipts, sealed with a key that is gone, open nowhere any more.
pub async fn vernietig_zaken(conn: &mut Conn<'_>, zaken: &[Uuid]) -> Result<(), StoreError> {
    vernietig_klokken(conn, zaken).await?;
    vernietig_relaties(conn, zaken).await?;
    vernietig_gebeurtenissen(conn, zaken).await?;
    vernietig_zaaksleutels(conn, zaken).await
}

async fn vernietig_klokken(conn: &mut Conn<'_>, zaken: &[Uuid]) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- bewaring::vernietig_klokken
        delete from klokken where maatregel_id in (",
        ")",
        zaken,
        |zaak| [*zaak]
    );
    Ok(())
}

async fn vernietig_relaties(conn: &mut Conn<'_>, zaken: &[Uuid]) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- bewaring::vernietig_relaties
        delete from relatie_einden where maatregel_id in (",
        ")",
        zaken,
        |zaak| [*zaak]
    );
    Ok(())
}

async fn vernietig_gebeurtenissen(conn: &mut Conn<'_>, zaken: &[Uuid]) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- bewaring::vernietig_gebeurtenissen
        delete from gebeurtenissen where maatregel_id in (",
        ")",
        zaken,
        |zaak| [*zaak]
    );
    Ok(())
}

async fn vernietig_zaaksleutels(conn: &mut Conn<'_>, zaken: &[Uuid]) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- bewaring::vernietig_zaaksleutels
        delete from zaaksleutels where id in (",
        ")",
        zaken,
        |zaak| [*zaak]
    );
    Ok(())
}
