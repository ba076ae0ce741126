//! What PostgreSQL does with a statement when the tables are full. Nobody waits for such tables in a test, so they are filled by the server.

use ketenhub::domain::ids::MaatregelId;
use ketenhub::store::postvak;
use ketenhub::store::{Conn, paginas, zaken};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::support::chain::{Chain, oin};
use crate::support::verhaal::Verhaal;

/// Tens of thousands of messages, each in a mailbox of somebody who reads and of somebody who does not, and one GI of many whose
/// cases ended.
const VOL: &str = "
    insert into berichten (volgnummer, afzender, bericht_id, afzender_rol, soort, is_correctie, maatregel_id, aanvaard_op, kenmerk, verbintenis,
            sleutel, inhoud, receipt, traceparent)
        select nr, 'A', gen_random_uuid(), 1, 11, false, gen_random_uuid(), nr, '', '', gen_random_uuid(), repeat('x', 200)::bytea, '', ''
        from generate_series(1000, 60000) nr;
    insert into postvak (ontvanger, nr, rol, volgnummer, aangeboden_op)
        select oin, nr, 1, nr, nr from generate_series(1000, 60000) nr, unnest(array['LEEST', 'LEEST_NIET']) oin;
    insert into postvakken values ('LEEST', 60000, 59900), ('LEEST_NIET', 60000, 0);
    insert into relatie_einden select gen_random_uuid(), oin, '2026-01-01', nr from generate_series(1, 5000) nr, unnest(array['GI', 'A' || nr]) oin;
    insert into zaaksleutels (id, kek, feiten, sinds) select sleutel, '', '', 0 from berichten where volgnummer >= 1000;
    insert into gebeurtenissen (maatregel_id, volgnummer, soort, betrokkene, rol, op)
        select maatregel_id, volgnummer, 0, 'A', 1, 0 from berichten where volgnummer >= 1000;
    analyze;
";

/// The plan of every statement about messages that was prepared on this connection.
async fn plannen(conn: &mut Conn<'_>) -> Vec<(String, String)> {
    let Conn::Postgres(conn) = conn else { unreachable!("it is PostgreSQL") };
    let conn = conn.aan_de_beurt().await.unwrap();
    let vraag = "select name, statement, cardinality(parameter_types)::int from pg_prepared_statements
        where statement ~ '^(--|with)' and statement ~ 'postvak|berichten|gebeurtenissen'";
    let mut plannen = Vec::new();
    for rij in sqlx::query(vraag).fetch_all(&mut *conn).await.unwrap() {
        let (naam, tekst, aantal): (String, String, i32) = (rij.get(0), rij.get(1), rij.get(2));
        let nullen = vec!["null"; aantal as usize].join(", ");
        let waarden = if aantal == 0 { String::new() } else { format!("({nullen})") };
        let regels =
            sqlx::raw_sql(AssertSqlSafe(format!("explain (costs off) execute {naam}{waarden}"))).fetch_all(&mut *conn).await.unwrap();
        plannen.push((tekst, regels.iter().map(|regel| regel.get::<String, _>(0) + "\n").collect()));
    }
    plannen
}

#[tokio::test]
async fn what_is_read_and_confirmed_of_a_full_mailbox_is_found_by_key_and_in_order() {
    let chain = Chain::postgres().await;
    let mut verhaal = Verhaal::default();
    chain.speel(&mut verhaal, &["01", "02"]).await;
    let mut server = PgConnection::connect(&chain.url).await.unwrap();
    sqlx::raw_sql(VOL).execute(&mut server).await.unwrap();

    let (mut tx, _) = chain.hub.store.write().await.unwrap();
    let conn = &mut tx.conn();
    if let Conn::Postgres(conn) = conn {
        // As if the tables were larger still: from some size on the server reads them with several processes when it may.
        let groot = "set local min_parallel_table_scan_size = 0; set local parallel_setup_cost = 0; set local parallel_tuple_cost = 0";
        sqlx::raw_sql(groot).execute(conn.aan_de_beurt().await.unwrap()).await.unwrap();
    }
    let (zaak, kluis) = (MaatregelId::parse(&verhaal.zaak).unwrap(), &chain.hub.kluis);
    assert_eq!(postvak::pagina(conn, kluis, oin("gi"), 0, 100).await.unwrap().len(), 2);
    let alle = [(oin("gi"), 1), (oin("gi"), 2)];
    let bevestigd = postvak::te_bevestigen(conn, &alle).await.unwrap();
    assert_eq!(bevestigd.len(), 2);
    postvak::bevestig(conn, &bevestigd, 5).await.unwrap();
    assert_eq!(postvak::te_bevestigen(conn, &alle).await.unwrap(), []);
    paginas::kop(conn, oin("gi")).await.unwrap();
    paginas::laatste(conn, oin("gi"), 20).await.unwrap();
    assert_eq!(zaken::feiten(conn, kluis, &[zaak]).await.unwrap().len(), 1);

    let plannen = plannen(conn).await;
    assert!(plannen.len() > 6 && plannen.iter().any(|(tekst, _)| tekst.starts_with("with deel0")), "{plannen:?}");
    for (tekst, plan) in plannen {
        for fout in ["Gather", "Parallel", "Materialize", "Seq Scan", "Bitmap", "Hash Join", "Merge Join"] {
            assert!(!plan.contains(fout), "{tekst}\n{plan}");
        }
        let met_sleutel = plan.matches("Index Cond:").count();
        assert_eq!(plan.matches(" using ").count(), met_sleutel, "an index that is read whole\n{tekst}\n{plan}");
        assert!(!tekst.starts_with("-- postvak::pagina") || !plan.contains("Sort"), "{plan}");
    }
}
