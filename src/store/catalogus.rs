//! What GIs and gemeenten published to be looked up: room and contracted supply, the last word of each.

use chrono::NaiveDate;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{Aanbodregel, Capaciteit, StandCapaciteit};
use prost::Message as _;

use super::statement::Conn;
use super::{StoreError, corrupt};
use crate::domain::admit::Admitted;
use crate::domain::ids::Oin;

/// Keeps what an admitted message publishes; most publish nothing.
pub async fn schrijf(conn: &mut Conn<'_>, admitted: &Admitted) -> Result<(), StoreError> {
    match &admitted.bericht().inhoud {
        Some(Inhoud::Capaciteit(m)) => schrijf_capaciteit(conn, admitted.afzender().0, m).await,
        Some(Inhoud::Aanbod(m)) => schrijf_aanbod(conn, admitted.afzender().0, &m.regels).await,
        _ => Ok(()),
    }
}

async fn schrijf_capaciteit(conn: &mut Conn<'_>, gi: Oin, m: &Capaciteit) -> Result<(), StoreError> {
    let sql = "-- capaciteiten::schrijf
        insert into capaciteiten (gi, regio, stand, vanaf, tot_en_met, inhoud) values ($1, $2, $3, $4, $5, $6)
        on conflict (gi, regio) do update set stand = excluded.stand, vanaf = excluded.vanaf, tot_en_met = excluded.tot_en_met,
            inhoud = excluded.inhoud";
    let tot = Some(m.tot_en_met.as_str()).filter(|tot| !tot.is_empty());
    execute!(conn, sql, gi.to_string(), m.regio.as_str(), m.stand, m.vanaf.as_str(), tot, m.encode_to_vec())?;
    Ok(())
}

async fn schrijf_aanbod(conn: &mut Conn<'_>, gemeente: Oin, regels: &[Aanbodregel]) -> Result<(), StoreError> {
    let sql = "-- aanbod::wis
        delete from aanbod where gemeente = $1";
    execute!(conn, sql, gemeente.to_string())?;
    let rijen: Vec<_> = (0_i32..).zip(regels).collect();
    execute_rows!(
        conn,
        "-- aanbod::schrijf
        insert into aanbod (gemeente, regel, aanbieder, productcategorie, vanaf, tot_en_met)",
        "",
        &rijen,
        |rij| [
            gemeente.to_string(),
            rij.0,
            rij.1.aanbieder_oin.as_str(),
            rij.1.productcategorie.as_str(),
            rij.1.vanaf.as_str(),
            Some(rij.1.tot_en_met.as_str()).filter(|tot| !tot.is_empty()),
        ]
    );
    Ok(())
}

/// Regions in which GIs have an opnamestop on a day.
pub async fn opnamestops(conn: &mut Conn<'_>, dag: NaiveDate) -> Result<Vec<(Oin, String)>, StoreError> {
    let sql = "-- capaciteiten::opnamestops
        select gi, regio from capaciteiten where stand = $1 and vanaf <= $2 and (tot_en_met is null or tot_en_met >= $2)";
    let rijen: Vec<(String, String)> = fetch_all!(conn, (String, String), sql, StandCapaciteit::Opnamestop as i32, dag.to_string())?;
    let lees = |(gi, regio): (String, String)| Oin::parse(&gi).map(|oin| (oin, regio)).map_err(|_| corrupt("capaciteiten", "gi", gi));
    rijen.into_iter().map(lees).collect()
}

/// The room GIs published, in force on a day; for one region, or for all when it is empty.
pub async fn capaciteit(conn: &mut Conn<'_>, regio: &str, dag: NaiveDate) -> Result<Vec<(Oin, Capaciteit)>, StoreError> {
    let sql = "-- capaciteiten::lees
        select gi, inhoud from capaciteiten
        where ($1 = '' or regio = $1) and vanaf <= $2 and (tot_en_met is null or tot_en_met >= $2)
        order by gi, regio";
    let rijen: Vec<(String, Vec<u8>)> = fetch_all!(conn, (String, Vec<u8>), sql, regio, dag.to_string())?;
    let lees = |(gi, inhoud): (String, Vec<u8>)| {
        let oin = Oin::parse(&gi).map_err(|_| corrupt("capaciteiten", "gi", &gi))?;
        Ok((oin, Capaciteit::decode(inhoud.as_slice()).map_err(|_| corrupt("capaciteiten", "inhoud", gi))?))
    };
    rijen.into_iter().map(lees).collect()
}

#[derive(sqlx::FromRow)]
struct AanbodRij {
    aanbieder: String,
    productcategorie: String,
    vanaf: String,
    tot_en_met: Option<String>,
}

/// The supply a gemeente published, in force on a day; of one productcategorie, or of all when it is empty.
pub async fn aanbod(conn: &mut Conn<'_>, gemeente: Oin, categorie: &str, dag: NaiveDate) -> Result<Vec<Aanbodregel>, StoreError> {
    let sql = "-- aanbod::lees
        select aanbieder, productcategorie, vanaf, tot_en_met from aanbod
        where gemeente = $1 and ($2 = '' or productcategorie = $2) and vanaf <= $3 and (tot_en_met is null or tot_en_met >= $3)
        order by regel";
    let rijen = fetch_all!(conn, AanbodRij, sql, gemeente.to_string(), categorie, dag.to_string())?;
    let toon = |rij: AanbodRij| Aanbodregel {
        aanbieder_oin: rij.aanbieder,
        productcategorie: rij.productcategorie,
        vanaf: rij.vanaf,
        tot_en_met: rij.tot_en_met.unwrap_or_default(),
    };
    Ok(rijen.into_iter().map(toon).collect())
}
