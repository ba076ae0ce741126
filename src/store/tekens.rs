//! When participants last showed a sign of life at any hub. Nothing rests on it: it is there for people to look at.

use super::StoreError;
use super::statement::Conn;
use crate::domain::ids::Oin;

/// Notes that these are there at a moment, in microseconds. Each once, in order: several hubs may note the same ones.
pub async fn schrijf(conn: &mut Conn<'_>, wie: &[Oin], op: i64) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- tekens::schrijf
        insert into tekens (oin, op)",
        "on conflict (oin) do update set op = excluded.op where tekens.op < excluded.op",
        wie,
        |oin| [oin.to_string(), op]
    );
    Ok(())
}

/// Everybody's last sign: OIN and moment, in microseconds.
pub async fn lees(conn: &mut Conn<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "-- tekens::lees
        select oin, op from tekens order by oin";
    Ok(fetch_all!(conn, (String, i64), sql)?)
}
