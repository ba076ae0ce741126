//! The register of participants in the database. Look-ups during work use the copy in memory, not this.

use chrono::NaiveDate;
use jeugdketen_proto::v1::{Rol, StatusDeelnemer};

use super::statement::Conn;
use super::{StoreError, corrupt};
use crate::domain::deelnemer::{Deelnemer, datum};
use crate::domain::ids::Oin;

#[derive(sqlx::FromRow)]
struct Rij {
    oin: String,
    rol: i32,
    naam: String,
    code: String,
    regios: String,
    geldig_vanaf: String,
    geldig_tot_en_met: Option<String>,
    status: i32,
    accounthoudende_regio: Option<String>,
    mandaat: bool,
    opvolger: Option<String>,
    opvolging_per: Option<String>,
    namens: Option<String>,
}

/// Every participant.
pub async fn alle(conn: &mut Conn<'_>) -> Result<Vec<Deelnemer>, StoreError> {
    let sql = "-- deelnemers::alle
        select oin, rol, naam, code, regios, geldig_vanaf, geldig_tot_en_met, status, accounthoudende_regio, mandaat, opvolger,
            opvolging_per, namens
        from deelnemers order by oin";
    fetch_all!(conn, Rij, sql)?.into_iter().map(lees).collect()
}

fn lees(rij: Rij) -> Result<Deelnemer, StoreError> {
    let fout = |kolom| corrupt("deelnemers", kolom, &rij.oin);
    let een_oin = |text: &Option<String>, kolom| text.as_deref().map(Oin::parse).transpose().map_err(|_| fout(kolom));
    let een_datum = |text: &Option<String>, kolom| -> Result<Option<NaiveDate>, StoreError> {
        text.as_deref().map(|text| datum(text).ok_or_else(|| fout(kolom))).transpose()
    };
    Ok(Deelnemer {
        oin: Oin::parse(&rij.oin).map_err(|_| fout("oin"))?,
        rol: Rol::try_from(rij.rol).map_err(|_| fout("rol"))?,
        naam: rij.naam.clone(),
        code: rij.code.clone(),
        regios: rij.regios.lines().map(str::to_owned).collect(),
        geldig_vanaf: datum(&rij.geldig_vanaf).ok_or_else(|| fout("geldig_vanaf"))?,
        geldig_tot_en_met: een_datum(&rij.geldig_tot_en_met, "geldig_tot_en_met")?,
        status: StatusDeelnemer::try_from(rij.status).map_err(|_| fout("status"))?,
        accounthoudende_regio: een_oin(&rij.accounthoudende_regio, "accounthoudende_regio")?,
        mandaat: rij.mandaat,
        opvolging: een_oin(&rij.opvolger, "opvolger")?.zip(een_datum(&rij.opvolging_per, "opvolging_per")?),
        namens: een_oin(&rij.namens, "namens")?,
    })
}

/// Writes participants: adds the new ones, replaces the known ones.
pub async fn schrijf(conn: &mut Conn<'_>, deelnemers: &[Deelnemer]) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- deelnemers::schrijf
        insert into deelnemers (oin, rol, naam, code, regios, geldig_vanaf, geldig_tot_en_met, status, accounthoudende_regio, mandaat,
            opvolger, opvolging_per, namens)",
        "on conflict (oin) do update set rol = excluded.rol, naam = excluded.naam, code = excluded.code, regios = excluded.regios,
            geldig_vanaf = excluded.geldig_vanaf, geldig_tot_en_met = excluded.geldig_tot_en_met, status = excluded.status,
            accounthoudende_regio = excluded.accounthoudende_regio, mandaat = excluded.mandaat, opvolger = excluded.opvolger,
            opvolging_per = excluded.opvolging_per, namens = excluded.namens",
        deelnemers,
        |d| [
            d.oin.to_string(),
            d.rol as i32,
            d.naam.as_str(),
            d.code.as_str(),
            d.regios.join("\n"),
            d.geldig_vanaf.to_string(),
            d.geldig_tot_en_met.map(|dag| dag.to_string()),
            d.status as i32,
            d.accounthoudende_regio.map(|oin| oin.to_string()),
            d.mandaat,
            d.opvolging.map(|(oin, _)| oin.to_string()),
            d.opvolging.map(|(_, per)| per.to_string()),
            d.namens.map(|oin| oin.to_string()),
        ]
    );
    Ok(())
}
