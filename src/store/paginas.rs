//! What the pages look up that no call asks for: a page of a GI's running clocks, the uitspraken of a rechtbank, what waits between two
//! participants. Each statement reads a page or one mailbox, whatever else the hub holds. It shows nothing: what of it may be seen is decided
//! where it is shown.

use chrono::NaiveDate;
use uuid::Uuid;

use super::StoreError;
use super::statement::Conn;
use crate::domain::ids::{MaatregelId, Oin};

/// A case whose clocks run, by the last day of the one that ends first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, sqlx::FromRow)]
pub struct Lopend {
    /// The last day that is on time, `yyyy-mm-dd`.
    pub eerste: String,
    /// The case.
    pub maatregel_id: Uuid,
}

impl Lopend {
    /// Before every other.
    pub fn begin() -> Lopend {
        Lopend { eerste: String::new(), maatregel_id: Uuid::nil() }
    }

    /// The case.
    pub fn zaak(&self) -> MaatregelId {
        MaatregelId(self.maatregel_id)
    }
}

/// The cases with running clocks that a GI holds on a day, after one, in order, at most `maximaal`.
pub async fn lopend(conn: &mut Conn<'_>, gi: Oin, na: &Lopend, dag: NaiveDate, maximaal: i64) -> Result<Vec<Lopend>, StoreError> {
    let sql = "-- paginas::lopend
        select eerste, maatregel_id from klokken
        where houder = $1 and eerste is not null and (eerste, maatregel_id) > ($2, $3)
            and (overgang is null or overgang <= $4) and (tot is null or tot > $4)
        order by eerste, maatregel_id limit $5";
    let dag = dag.to_string();
    let mut rijen: Vec<Lopend> =
        fetch_all!(&mut *conn, Lopend, sql, gi.to_string(), na.eerste.as_str(), na.maatregel_id, dag.as_str(), maximaal)?;
    let sql = "-- paginas::lopend_tot_overgang
        select eerste, maatregel_id from klokken
        where vorige_houder = $1 and overgang > $4 and eerste is not null and (eerste, maatregel_id) > ($2, $3)
            and (tot is null or tot > $4)
        order by eerste, maatregel_id limit $5";
    let vertrekt: Vec<Lopend> =
        fetch_all!(&mut *conn, Lopend, sql, gi.to_string(), na.eerste.as_str(), na.maatregel_id, dag.as_str(), maximaal)?;
    rijen.extend(vertrekt);
    rijen.sort();
    rijen.truncate(usize::try_from(maximaal).unwrap_or_default());
    Ok(rijen)
}

/// How many cases of a GI have a running clock whose last day is before a day; it counts no further than `hoogstens`.
pub async fn tel_lopend(conn: &mut Conn<'_>, gi: Oin, voor: NaiveDate, dag: NaiveDate, hoogstens: i64) -> Result<i64, StoreError> {
    let sql = "-- paginas::tel_lopend
        select count(*) from (select 1 as een from klokken
            where houder = $1 and eerste is not null and eerste < $2
                and (overgang is null or overgang <= $3) and (tot is null or tot > $3) limit $4) as geteld";
    Ok(fetch_one!(conn, (i64,), sql, gi.to_string(), voor.to_string(), dag.to_string(), hoogstens)?.0)
}

/// An uitspraak of a rechtbank, and whether a GI has it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Uitspraak {
    /// Its place in the order of all messages.
    pub volgnummer: i64,
    /// The case.
    pub maatregel_id: Uuid,
    /// The moment the hub accepted it, in microseconds.
    pub aanvaard_op: i64,
    /// Whether it corrects an earlier one.
    pub is_correctie: bool,
    /// The GI it was offered to; none when there was none.
    pub gi: Option<String>,
    /// The moment that GI confirmed receipt, in microseconds; none when it has not.
    pub ontvangen_op: Option<i64>,
}

/// The uitspraken of a rechtbank before one, the latest first, at most `maximaal` rows: one for each GI that it went to. Cases that the
/// rechtbank may not see any more on a day are left out.
pub async fn uitspraken(
    conn: &mut Conn<'_>,
    rechtbank: Oin,
    voor: i64,
    dag: NaiveDate,
    maximaal: i64,
) -> Result<Vec<Uitspraak>, StoreError> {
    let sql = "-- paginas::uitspraken
        select b.volgnummer, b.maatregel_id, b.aanvaard_op, b.is_correctie, p.ontvanger as gi, p.ontvangen_op
        from berichten b left join postvak p on p.volgnummer = b.volgnummer and p.rol = $4
        where b.afzender = $1 and b.soort = 11 and b.volgnummer < $2 and b.maatregel_id is not null and not exists (
            select 1 from relatie_einden r where r.maatregel_id = b.maatregel_id and r.oin = $1 and r.per <= $3)
        order by b.volgnummer desc, p.ontvanger limit $5";
    let gi = i32::from(jeugdketen_proto::v1::Rol::Gi);
    Ok(fetch_all!(conn, Uitspraak, sql, rechtbank.to_string(), voor, dag.to_string(), gi, maximaal)?)
}

/// What one participant has from another and did not confirm.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Wachtend {
    /// The sender.
    pub afzender: String,
    /// How many.
    pub aantal: i64,
    /// The moment the oldest was offered, in microseconds.
    pub oudste_op: i64,
}

/// What waits in a mailbox, by sender.
pub async fn wachtend(conn: &mut Conn<'_>, ontvanger: Oin) -> Result<Vec<Wachtend>, StoreError> {
    let sql = "-- paginas::wachtend
        select b.afzender, count(*) as aantal, min(p.aangeboden_op) as oudste_op
        from postvakken v
        join postvak p on p.ontvanger = v.oin and p.nr > v.bevestigd_tot
        join berichten b on b.volgnummer = p.volgnummer
        where v.oin = $1 group by b.afzender order by b.afzender";
    Ok(fetch_all!(conn, Wachtend, sql, ontvanger.to_string())?)
}

/// The oldest message that a participant did not confirm, and how often a view of it was handed to it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Kop {
    /// The sender.
    pub afzender: String,
    /// How often, by the audit log; 0 for a message that belongs to no case.
    pub uitgereikt: i64,
}

/// The first message of a mailbox that was not confirmed; none when all were.
pub async fn kop(conn: &mut Conn<'_>, ontvanger: Oin) -> Result<Option<Kop>, StoreError> {
    let sql = "-- paginas::kop
        select b.afzender, (select count(*) from audit a
            where a.zaak = b.maatregel_id and a.handeling = 'GELEVERD' and a.nummer = b.volgnummer and a.wie = p.ontvanger) as uitgereikt
        from postvakken v
        join postvak p on p.ontvanger = v.oin and p.nr = v.bevestigd_tot + 1
        join berichten b on b.volgnummer = p.volgnummer
        where v.oin = $1";
    Ok(fetch_optional!(conn, Kop, sql, ontvanger.to_string())?)
}

/// One delivery: from whom, offered and confirmed when.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Bezorgd {
    /// The sender.
    pub afzender: String,
    /// The moment it was offered, in microseconds.
    pub aangeboden_op: i64,
    /// The moment receipt was confirmed, in microseconds; none when it was not.
    pub ontvangen_op: Option<i64>,
}

/// The last deliveries to a mailbox, the latest first, at most `maximaal`.
pub async fn laatste(conn: &mut Conn<'_>, ontvanger: Oin, maximaal: i64) -> Result<Vec<Bezorgd>, StoreError> {
    let sql = "-- paginas::laatste
        select b.afzender, p.aangeboden_op, p.ontvangen_op
        from postvak p join berichten b on b.volgnummer = p.volgnummer
        where p.ontvanger = $1 order by p.nr desc limit $2";
    Ok(fetch_all!(conn, Bezorgd, sql, ontvanger.to_string(), maximaal)?)
}
