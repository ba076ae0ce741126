//! Cases: their facts for admission, their events for the timeline. Folding facts into a case is done in `domain`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use jeugdketen_proto::v1::{Bericht, Rol};
use prost::Message as _;
use uuid::Uuid;

use super::statement::Conn;
use super::{StoreError, corrupt, sleutels};
use crate::domain::ids::{MaatregelId, Oin};
use crate::domain::klok::{Dossier, Ontvangst};
use crate::domain::zaak::Feit;
use crate::kluis::{Gesloten, Kluis, Plek, Verpakt, Zaaksleutels};

/// A case as it is stored: nothing in it can be read without the vault.
#[derive(Clone, Debug)]
pub struct Bewaard {
    /// Its keys, wrapped.
    pub sleutels: Arc<Verpakt>,
    /// Its facts, in the order of acceptance; never empty.
    pub feiten: Vec<GeslotenFeit>,
    /// Whether the relation of anybody to it ended.
    pub heeft_einden: bool,
}

/// One fact of a case as it is stored.
#[derive(Clone, Debug)]
pub struct GeslotenFeit {
    /// Place of the message in the order of all messages.
    pub volgnummer: i64,
    /// Who sent it.
    pub afzender: Oin,
    /// In which role.
    pub rol: Rol,
    /// The moment the hub accepted it.
    pub op: DateTime<Utc>,
    /// The message, projected for the hub, sealed.
    pub bericht: Gesloten,
}

impl Bewaard {
    /// Its keys and facts, opened.
    pub fn open(&self, kluis: &Kluis) -> Result<(Zaaksleutels, Vec<Feit>), StoreError> {
        let sleutels = sleutels::open(kluis, Arc::clone(&self.sleutels))?;
        let feiten = self.feiten.iter().map(|feit| feit.open(&sleutels)).collect::<Result<_, _>>()?;
        Ok((sleutels, feiten))
    }
}

impl GeslotenFeit {
    fn open(&self, sleutels: &Zaaksleutels) -> Result<Feit, StoreError> {
        let fout = || corrupt("gebeurtenissen", "feit", self.volgnummer);
        let bericht = sleutels.open(Plek::Feit(self.volgnummer), self.bericht.as_slice()).map_err(|_| fout())?;
        let bericht = Arc::new(Bericht::decode(bericht.as_slice()).map_err(|_| fout())?);
        Ok(Feit { volgnummer: self.volgnummer, afzender: self.afzender, rol: self.rol, op: self.op, bericht })
    }
}

/// Cases as they are stored. One that does not exist is absent.
pub async fn bewaard(conn: &mut Conn<'_>, maatregelen: &[MaatregelId]) -> Result<HashMap<MaatregelId, Bewaard>, StoreError> {
    let ids: Vec<Uuid> = maatregelen.iter().map(|id| id.0).collect();
    let mut sleutels: HashMap<Uuid, Verpakt> =
        sleutels::verpakt(conn, &ids).await?.into_iter().map(|sleutels| (sleutels.id, sleutels)).collect();
    let rijen = fetch_rows!(
        conn,
        (Uuid, i64, String, i32, i64, Option<Vec<u8>>, bool),
        "-- zaken::feiten
        select maatregel_id, volgnummer, betrokkene, rol, op, feit,
            exists (select 1 from relatie_einden r where r.maatregel_id = gebeurtenissen.maatregel_id)
        from gebeurtenissen where soort = 0 and maatregel_id in (",
        ") order by maatregel_id, volgnummer",
        maatregelen,
        |maatregel| [maatregel.0]
    );
    let mut zaken: HashMap<MaatregelId, Bewaard> = HashMap::new();
    for (id, volgnummer, betrokkene, rol, op, feit, heeft_einden) in rijen {
        let fout = |kolom| corrupt("gebeurtenissen", kolom, volgnummer);
        let feit = GeslotenFeit {
            volgnummer,
            afzender: Oin::parse(&betrokkene).map_err(|_| fout("betrokkene"))?,
            rol: Rol::try_from(rol).map_err(|_| fout("rol"))?,
            op: moment(op).ok_or_else(|| fout("op"))?,
            bericht: Gesloten::bewaard(feit.ok_or_else(|| fout("feit"))?),
        };
        match zaken.entry(MaatregelId(id)) {
            Entry::Occupied(mut zaak) => zaak.get_mut().feiten.push(feit),
            Entry::Vacant(zaak) => {
                let sleutels = sleutels.remove(&id).ok_or_else(|| corrupt("zaaksleutels", "id", id))?;
                zaak.insert(Bewaard { sleutels: Arc::new(sleutels), feiten: vec![feit], heeft_einden });
            }
        }
    }
    Ok(zaken)
}

/// The facts of cases, each in the order of acceptance. A case that does not exist is absent.
pub async fn feiten(
    conn: &mut Conn<'_>,
    kluis: &Kluis,
    maatregelen: &[MaatregelId],
) -> Result<HashMap<MaatregelId, Vec<Feit>>, StoreError> {
    bewaard(conn, maatregelen).await?.into_iter().map(|(id, zaak)| Ok((id, zaak.open(kluis)?.1))).collect()
}

fn moment(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
}

#[derive(sqlx::FromRow)]
struct OntvangstRij {
    maatregel_id: Uuid,
    volgnummer: i64,
    betrokkene: String,
    rol: i32,
    op: i64,
}

/// The dossiers of cases: facts and acknowledgements. A case that does not exist is absent.
pub async fn dossiers(conn: &mut Conn<'_>, kluis: &Kluis, maatregelen: &[MaatregelId]) -> Result<Vec<Dossier>, StoreError> {
    let feiten = feiten(conn, kluis, maatregelen).await?;
    let mut ontvangsten = ontvangsten(conn, maatregelen).await?;
    let mut dossiers: Vec<_> =
        feiten.into_iter().map(|(id, feiten)| Dossier { id, feiten, ontvangsten: ontvangsten.remove(&id).unwrap_or_default() }).collect();
    dossiers.sort_by_key(|dossier| dossier.id);
    Ok(dossiers)
}

/// The acknowledgements in cases, in no order.
pub async fn ontvangsten(conn: &mut Conn<'_>, maatregelen: &[MaatregelId]) -> Result<HashMap<MaatregelId, Vec<Ontvangst>>, StoreError> {
    let rijen = fetch_rows!(
        conn,
        OntvangstRij,
        "-- zaken::ontvangsten
        select maatregel_id, volgnummer, betrokkene, rol, op from gebeurtenissen where soort = 1 and maatregel_id in (",
        ")",
        maatregelen,
        |maatregel| [maatregel.0]
    );
    let mut zaken: HashMap<MaatregelId, Vec<Ontvangst>> = HashMap::new();
    for rij in rijen {
        let fout = |kolom| corrupt("gebeurtenissen", kolom, rij.volgnummer);
        zaken.entry(MaatregelId(rij.maatregel_id)).or_default().push(Ontvangst {
            volgnummer: rij.volgnummer,
            wie: Oin::parse(&rij.betrokkene).map_err(|_| fout("betrokkene"))?,
            rol: Rol::try_from(rij.rol).map_err(|_| fout("rol"))?,
            op: moment(rij.op).ok_or_else(|| fout("op"))?,
        });
    }
    Ok(zaken)
}

/// The ids of at most `maximaal` cases after this one, in order.
pub async fn na(conn: &mut Conn<'_>, na: Option<MaatregelId>, maximaal: i64) -> Result<Vec<MaatregelId>, StoreError> {
    let sql = "-- zaken::na
        select distinct maatregel_id from gebeurtenissen where maatregel_id > $1 order by maatregel_id limit $2";
    let rijen: Vec<(Uuid,)> = fetch_all!(conn, (Uuid,), sql, na.map_or(Uuid::nil(), |id| id.0), maximaal)?;
    Ok(rijen.into_iter().map(|(id,)| MaatregelId(id)).collect())
}

/// One event of a case; see the schema.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Gebeurtenis {
    /// The message it is about.
    pub volgnummer: i64,
    /// 0 accepted and offered, 1 acknowledged, 2 offered to one more recipient.
    pub soort: i16,
    /// The sender for 0, the recipient otherwise.
    pub betrokkene: String,
    /// The moment, in microseconds.
    pub op: i64,
}

/// Every event of a case, in order.
pub async fn gebeurtenissen(conn: &mut Conn<'_>, maatregel: MaatregelId) -> Result<Vec<Gebeurtenis>, StoreError> {
    let sql = "-- zaken::gebeurtenissen
        select volgnummer, soort, betrokkene, op from gebeurtenissen where maatregel_id = $1 order by volgnummer, soort, op";
    Ok(fetch_all!(conn, Gebeurtenis, sql, maatregel.0)?)
}

/// Until when a participant whose relation to a case ends may read it: the first day without, and the one message it still sees.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct RelatieEinde {
    /// First day without relation, `yyyy-mm-dd`.
    pub per: String,
    /// The message that ended it.
    pub laatste_volgnummer: i64,
}

/// The end of the relation of a participant to a case, when there is one.
pub async fn relatie_einde(conn: &mut Conn<'_>, maatregel: MaatregelId, oin: Oin) -> Result<Option<RelatieEinde>, StoreError> {
    let sql = "-- zaken::relatie_einde
        select per, laatste_volgnummer from relatie_einden where maatregel_id = $1 and oin = $2";
    Ok(fetch_optional!(conn, RelatieEinde, sql, maatregel.0, oin.to_string())?)
}

/// Lets a successor inherit the ended relations of its predecessor: what that one could not read any more, neither can it. Not in a case
/// where the successor has mail of its own: there its own relation counts.
pub async fn erf_relatie_einden(conn: &mut Conn<'_>, van: Oin, naar: Oin) -> Result<(), StoreError> {
    let sql = "-- zaken::erf_relatie_einden
        insert into relatie_einden (maatregel_id, oin, per, laatste_volgnummer)
        select r.maatregel_id, $2, r.per, r.laatste_volgnummer from relatie_einden r
        where r.oin = $1 and not exists (
            select 1 from gebeurtenissen g join postvak p on p.volgnummer = g.volgnummer
            where g.maatregel_id = r.maatregel_id and g.soort = 0 and p.ontvanger = $2)
        on conflict (maatregel_id, oin) do nothing";
    execute!(conn, sql, van.to_string(), naar.to_string())?;
    Ok(())
}
