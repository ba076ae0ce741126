//! Keys: public ones with which receipts verify, and wrapped ones that only the vault can open. A private key is never in the database.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::StoreError;
use super::statement::Conn;
use crate::kluis::{Hubsleutel, Kluis, KluisFout, Pseudoniem, Verpakt, Zaaksleutels};

/// Keeps a public key; one that is known stays as it is.
pub async fn bewaar(conn: &mut Conn<'_>, sleutel_id: &str, publiek: &[u8], sinds: i64) -> Result<(), StoreError> {
    let sql = "-- sleutels::bewaar
        insert into sleutels (sleutel_id, publieke_sleutel, sinds) values ($1, $2, $3) on conflict do nothing";
    execute!(conn, sql, sleutel_id, publiek, sinds)?;
    Ok(())
}

/// Every public key, the latest first.
pub async fn alle(conn: &mut Conn<'_>) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let sql = "-- sleutels::alle
        select sleutel_id, publieke_sleutel from sleutels order by sinds desc, sleutel_id";
    Ok(fetch_all!(conn, (String, Vec<u8>), sql)?)
}

/// The wrapped keys of a case as a row.
#[derive(Clone, sqlx::FromRow)]
pub(super) struct ZaaksleutelRij {
    pub(super) id: Uuid,
    pub(super) kek: String,
    pub(super) inhoud: Option<Vec<u8>>,
    pub(super) feiten: Vec<u8>,
    pub(super) sinds: i64,
    pub(super) pseudoniem: Option<Vec<u8>>,
    pub(super) pseudoniem_soort: Option<i16>,
    pub(super) epoche: Option<i16>,
}

impl ZaaksleutelRij {
    pub(super) fn verpakt(self) -> Result<Verpakt, StoreError> {
        let fout = || super::corrupt("zaaksleutels", "pseudoniem", self.id);
        let persoon = match (self.pseudoniem, self.pseudoniem_soort, self.epoche) {
            (Some(waarde), Some(soort), Some(epoche)) => Some(Pseudoniem { soort, epoche, waarde: waarde.try_into().map_err(|_| fout())? }),
            (None, None, None) => None,
            _ => return Err(fout()),
        };
        Ok(Verpakt { id: self.id, kek: self.kek, inhoud: self.inhoud, feiten: self.feiten, sinds: self.sinds, persoon })
    }
}

/// The keys of cases, opened; those that do not exist are absent.
pub async fn zaken(conn: &mut Conn<'_>, kluis: &Kluis, ids: &[Uuid]) -> Result<HashMap<Uuid, Zaaksleutels>, StoreError> {
    verpakt(conn, ids).await?.into_iter().map(|verpakt| Ok((verpakt.id, open(kluis, verpakt)?))).collect()
}

/// The keys of cases as they are kept; those that do not exist are absent.
pub(super) async fn verpakt(conn: &mut Conn<'_>, ids: &[Uuid]) -> Result<Vec<Verpakt>, StoreError> {
    let rijen = fetch_rows!(
        conn,
        ZaaksleutelRij,
        "-- zaaksleutels::lees
        select id, kek, inhoud, feiten, sinds, pseudoniem, pseudoniem_soort, epoche from zaaksleutels where id in (",
        ")",
        ids,
        |id| [*id]
    );
    rijen.into_iter().map(ZaaksleutelRij::verpakt).collect()
}

/// Opens the keys of a case. Keys that were altered are a row that should not exist.
pub(super) fn open(kluis: &Kluis, verpakt: impl Into<Arc<Verpakt>>) -> Result<Zaaksleutels, StoreError> {
    let verpakt = verpakt.into();
    let id = verpakt.id;
    kluis.open(verpakt).map_err(|fout| match fout {
        KluisFout::Onleesbaar => super::corrupt("zaaksleutels", "feiten", id),
        fout => fout.into(),
    })
}

/// Keeps the keys of cases in the place of what was kept.
pub async fn schrijf_zaken(conn: &mut Conn<'_>, verpakt: &[&Verpakt]) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- zaaksleutels::schrijf
        insert into zaaksleutels (id, kek, inhoud, feiten, sinds, pseudoniem, pseudoniem_soort, epoche)",
        "on conflict (id) do update set kek = excluded.kek, inhoud = excluded.inhoud, feiten = excluded.feiten,
            pseudoniem = excluded.pseudoniem, pseudoniem_soort = excluded.pseudoniem_soort, epoche = excluded.epoche",
        verpakt,
        |v| [
            v.id,
            v.kek.as_str(),
            v.inhoud.as_deref(),
            v.feiten.as_slice(),
            v.sinds,
            v.persoon.as_ref().map(|persoon| persoon.waarde.to_vec()),
            v.persoon.map(|persoon| persoon.soort),
            v.persoon.map(|persoon| persoon.epoche),
        ]
    );
    Ok(())
}

/// Wrapped keys that another master key than this one wraps, in order; at most `maximaal`. Looks at every row when there are few.
pub async fn anders_verpakt(conn: &mut Conn<'_>, kek: &str, maximaal: i64) -> Result<Vec<Verpakt>, StoreError> {
    let sql = "-- zaaksleutels::anders_verpakt
        select id, kek, inhoud, feiten, sinds, pseudoniem, pseudoniem_soort, epoche from zaaksleutels where kek <> $1 order by id limit $2";
    let rijen = fetch_all!(conn, ZaaksleutelRij, sql, kek, maximaal)?;
    rijen.into_iter().map(ZaaksleutelRij::verpakt).collect()
}

/// How many rows each master key wraps, keys of the hub included.
pub async fn per_hoofdsleutel(conn: &mut Conn<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "-- sleutels::per_hoofdsleutel
        select kek, count(*) from (select kek from zaaksleutels union all select kek from hubsleutels) as alle group by kek order by kek";
    Ok(fetch_all!(conn, (String, i64), sql)?)
}

/// Cases that are about a person, by its pseudonym.
pub async fn van_persoon(conn: &mut Conn<'_>, pseudoniem: &Pseudoniem) -> Result<Vec<Uuid>, StoreError> {
    let sql = "-- zaaksleutels::van_persoon
        select id from zaaksleutels where pseudoniem = $1 and pseudoniem_soort = $2 and epoche = $3 order by id";
    let rijen: Vec<(Uuid,)> = fetch_all!(conn, (Uuid,), sql, pseudoniem.waarde.as_slice(), pseudoniem.soort, pseudoniem.epoche)?;
    Ok(rijen.into_iter().map(|(id,)| id).collect())
}

/// Epochs of pseudonyms that some case still uses.
pub async fn epoches_in_gebruik(conn: &mut Conn<'_>) -> Result<Vec<i16>, StoreError> {
    let sql = "-- zaaksleutels::epoches_in_gebruik
        select distinct epoche from zaaksleutels where pseudoniem is not null";
    let rijen: Vec<(i16,)> = fetch_all!(conn, (i16,), sql)?;
    Ok(rijen.into_iter().map(|(epoche,)| epoche).collect())
}

#[derive(sqlx::FromRow)]
struct HubsleutelRij {
    soort: i16,
    epoche: i16,
    kek: String,
    verpakt: Vec<u8>,
    sinds: i64,
}

/// The wrapped keys of the hub.
pub async fn hub(conn: &mut Conn<'_>) -> Result<Vec<Hubsleutel>, StoreError> {
    let sql = "-- hubsleutels::alle
        select soort, epoche, kek, verpakt, sinds from hubsleutels order by soort, epoche";
    let rijen = fetch_all!(conn, HubsleutelRij, sql)?;
    let lees =
        |rij: HubsleutelRij| Hubsleutel { soort: rij.soort, epoche: rij.epoche, kek: rij.kek, verpakt: rij.verpakt, sinds: rij.sinds };
    Ok(rijen.into_iter().map(lees).collect())
}

/// Keeps wrapped keys of the hub in the place of what was kept.
pub async fn schrijf_hub(conn: &mut Conn<'_>, sleutels: &[Hubsleutel]) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- hubsleutels::schrijf
        insert into hubsleutels (soort, epoche, kek, verpakt, sinds)",
        "on conflict (soort, epoche) do update set kek = excluded.kek, verpakt = excluded.verpakt",
        sleutels,
        |s| [s.soort, s.epoche, s.kek.as_str(), s.verpakt.as_slice(), s.sinds]
    );
    Ok(())
}

/// Destroys a key of the hub.
pub async fn vernietig_hub(conn: &mut Conn<'_>, soort: i16, epoche: i16) -> Result<(), StoreError> {
    let sql = "-- hubsleutels::vernietig
        delete from hubsleutels where soort = $1 and epoche = $2";
    execute!(conn, sql, soort, epoche)?;
    Ok(())
}
