//! The external Logboek Dataverwerkingen: what it gets, and what happens when it is not there. And the local log, when it cannot be written.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use jeugdketen_proto::v1::SubmitRequest;
use ketenhub::config::Config;
use ketenhub::store::{Conn, logboek};
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::support::draad::reden;
use crate::support::postgres;
use crate::support::zaak::{HEEL, Zaak, oin};
use crate::telemetrie::ontvanger::{Ontvanger, attributen};
use crate::telemetrie::sporen::{gelekt, planten};

const REGISTER: &str = "https://register.example/verwerkingsactiviteiten";

/// A hub on each database that sends to a logbook, and the port where that will be. Nobody is there yet.
async fn hubs(achterstand_max_s: u64) -> Vec<(Zaak, std::net::SocketAddr)> {
    let mut alle = Vec::new();
    for op_postgres in [false, true] {
        let adres = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let url = if op_postgres { Some(postgres::database().await) } else { None };
        let met = |config: &mut Config| {
            config.database = url.unwrap_or(config.database.clone());
            config.logboek.otlp = Some(format!("http://{adres}"));
            config.logboek.register = Some(format!("{REGISTER}/"));
            config.logboek.achterstand_max_s = achterstand_max_s;
            config.telemetrie.metrics = Some(([127, 0, 0, 1], 0).into());
        };
        alle.push((Zaak::met(met).await, adres));
    }
    alle
}

async fn ontvanger_op(adres: std::net::SocketAddr) -> Ontvanger {
    Ontvanger::op(TcpListener::bind(adres).await.unwrap()).0
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Number, act, who, kind, reason, pseudonym, trace, span and parent of a record about a person.
type Record = (i64, String, String, i32, String, Vec<u8>, Vec<u8>, Vec<u8>, Option<Vec<u8>>);

async fn records(zaak: &Zaak) -> Vec<Record> {
    let sql = "select nr, handeling, wie, soort, reden, betrokkene, trace, span, ouder from audit where betrokkene is not null order by nr";
    match zaak.hub.running.hub.store.read().await.unwrap().conn() {
        Conn::Sqlite(conn) => sqlx::query_as(sql).fetch_all(conn).await.unwrap(),
        Conn::Postgres(conn) => sqlx::query_as(sql).fetch_all(conn.aan_de_beurt().await.unwrap()).await.unwrap(),
    }
}

async fn alles_kwam(zaak: &Zaak, ontvanger: &Ontvanger) -> Vec<Span> {
    let verwacht: BTreeSet<Vec<u8>> = records(zaak).await.into_iter().map(|record| record.7).collect();
    let kwam = |spans: &[Span]| spans.iter().map(|span| span.span_id.clone()).collect::<BTreeSet<_>>();
    let spans = ontvanger.wacht(|spans| kwam(spans).is_superset(&verwacht)).await;
    assert_eq!(kwam(&spans), verwacht, "and nothing else");
    spans
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_about_a_person_arrives_also_when_the_logbook_was_away_or_took_a_part() {
    for (mut zaak, adres) in hubs(0).await {
        zaak.speel(&HEEL).await;
        zaak.post("gi").await;
        zaak.traject("gi").await.unwrap();
        zaak.traject("gemeente-3").await.expect_err("not its case");
        // A submission in the trace of its sender, and one that the state of the case forbids.
        let mut vraag = Request::new(SubmitRequest { bericht: Some(zaak.nieuw("22")), ..Default::default() });
        vraag.metadata_mut().insert("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00".parse().unwrap());
        zaak.exchange("rechtbank").await.submit(vraag).await.unwrap();
        let nog_eens = zaak.nieuw("10");
        assert_eq!(reden(&zaak.dien("aanbieder-3", &nog_eens).await.unwrap_err()), "HULP_AL_GESTART");

        let ontvanger = ontvanger_op(adres).await;
        let spans = alles_kwam(&zaak, &ontvanger).await;
        for record in records(&zaak).await {
            let span = spans.iter().find(|span| span.span_id == record.7).unwrap();
            klopt(&record, span, &zaak);
        }
        let van_de_beller = spans.iter().find(|span| hex(&span.trace_id) == "4bf92f3577b34da6a3ce929d0e0e4736").unwrap();
        assert_eq!(van_de_beller.name, "aanvaard-uitspraak");
        assert!(attributen(van_de_beller).contains(&("dpl.core.foreign_operation.span_id".to_owned(), "00f067aa0ba902b7".to_owned())));
        let namen: BTreeSet<_> = spans.iter().map(|span| &*span.name).collect();
        for naam in ["geweigerd-hulp-gestart", "geleverd-intakeresultaat", "geraadpleegd-get-traject", "poging-get-traject"] {
            assert!(namen.contains(naam), "{naam} in {namen:?}");
        }

        // Away, and then there but not taking all: the page comes again.
        for weigert in [-1, 1] {
            ontvanger.weiger(weigert);
            zaak.traject("gi").await.unwrap();
            let al = ontvanger.geweigerd();
            // Twice: the page comes again.
            ontvanger.wacht(|_| ontvanger.geweigerd() > al + 1).await;
            ontvanger.weiger(0);
            alles_kwam(&zaak, &ontvanger).await;
        }

        let mut geplant = BTreeSet::new();
        for nr in ["02-uitspraak", "05-jeugdhulpbepaling", "03-koppeling", "10-hulp-gestart"] {
            let text = std::fs::read_to_string(format!("examples/{nr}.json")).unwrap();
            planten(&serde_json::from_str(&text).unwrap(), &mut geplant);
        }
        geplant.retain(|tekst| !tekst.contains("{{"));
        geplant.insert(zaak.maatregel.clone());
        assert!(geplant.len() > 30);
        assert_eq!(gelekt(&geplant, &ontvanger.alles()), [""; 0]);
    }
}

/// Whether a span says what its record says, as the standard asks.
fn klopt(record: &Record, span: &Span, zaak: &Zaak) {
    let (_, handeling, wie, _, reden, betrokkene, trace, _, ouder) = record;
    assert_eq!((&span.trace_id, &span.parent_span_id), (trace, &ouder.clone().unwrap_or_default()));
    let mut verwacht = vec![
        ("dpl.core.data_subject_id", hex(betrokkene)),
        ("dpl.core.data_subject_id_type", "PSEUDONIEM".to_owned()),
        ("dpl.core.processing_activity_id", format!("{REGISTER}/{}", span.name)),
    ];
    if *wie != "00000099000000009000" {
        verwacht.push(("dpl.core.foreign_operation.processor", format!("urn:oin:{wie}")));
        if let Some(ouder) = ouder.as_ref().filter(|_| handeling != "GELEVERD") {
            verwacht.push(("dpl.core.foreign_operation.span_id", hex(ouder)));
        }
    }
    let fout = ["GEWEIGERD", "POGING"].contains(&handeling.as_str());
    if fout {
        verwacht.push(("exception.type", reden.clone()));
    }
    verwacht.sort();
    let verwacht: Vec<_> = verwacht.into_iter().map(|(naam, waarde)| (naam.to_owned(), waarde)).collect();
    assert_eq!(attributen(span), verwacht, "{}", span.name);
    // 1 is Ok, 2 is Error.
    assert_eq!(span.status.as_ref().unwrap().code, if fout { 2 } else { 1 });
    let nu = zaak.clock.micros().unsigned_abs() * 1000;
    assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (nu, nu), "its moments, to the nanosecond");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logbook_that_is_away_refuses_nothing_until_the_bound_that_the_operator_set_and_then_everything_about_a_person() {
    for (mut zaak, adres) in hubs(60).await {
        zaak.speel(&["02", "03"]).await;
        zaak.clock.advance(TimeDelta::seconds(60));
        zaak.speel(&["04"]).await;
        zaak.clock.advance(TimeDelta::seconds(1));
        let (rijen, koers) = (zaak.rijen().await, zaak.nieuw("04"));
        let vol = |status: Status| {
            assert_eq!((status.code(), reden(&status).as_str()), (Code::Unavailable, "LOGBOEK_NIET_BEREIKBAAR"));
            assert!(status.get_details_retry_info().is_some());
        };
        vol(zaak.dien("gi", &koers).await.expect_err("a record that nobody takes"));
        vol(zaak.exchange("gi").await.fetch(jeugdketen_proto::v1::FetchRequest::default()).await.expect_err("a delivery"));
        vol(zaak.traject("gi").await.expect_err("a timeline"));
        assert_eq!(zaak.rijen().await, rijen);
        // What is about nobody goes on.
        zaak.post("aanbieder").await;
        let (_, metrics) = crate::telemetrie::vraag(&zaak.hub.running.operator.unwrap().to_string(), "/metrics").await;
        let aantal = records(&zaak).await.len();
        assert!(
            metrics
                .lines()
                .any(|r| r.starts_with("ketenhub_logbook_backlog_records{") || r == format!("ketenhub_logbook_backlog_records {aantal}")),
            "{metrics}"
        );
        assert!(metrics.contains("ketenhub_logbook_oldest_seconds 61"), "{metrics}");

        let ontvanger = ontvanger_op(adres).await;
        alles_kwam(&zaak, &ontvanger).await;
        let wordt_aanvaard = async { while zaak.dien("gi", &koers).await.is_err() {} };
        tokio::time::timeout(crate::support::berichten::GEDULD, wordt_aanvaard).await.expect("acts go on");
        assert_eq!(zaak.post("gi").await.len(), 1);
        alles_kwam(&zaak, &ontvanger).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hubs_the_second_moves_no_cursor_that_the_first_moved() {
    for (zaak, _) in hubs(0).await {
        let (mut tx, _) = zaak.hub.running.hub.store.write().await.unwrap();
        let conn = &mut tx.conn();
        let tot = logboek::tot(conn).await.unwrap();
        assert!(logboek::verzet(conn, tot, tot + 3).await.unwrap());
        assert!(!logboek::verzet(conn, tot, tot + 9).await.unwrap(), "it was moved meanwhile");
        assert_eq!(logboek::tot(conn).await.unwrap(), tot + 3);
    }
}

/// Forbids records of some acts, behind the back of the hub; or allows them again.
async fn geen_records(zaak: &Zaak, waar: Option<&str>) {
    let (mut tx, _) = zaak.hub.running.hub.store.write().await.unwrap();
    let (weg, waar) = (waar.is_none(), waar.unwrap_or_default());
    match tx.conn() {
        Conn::Sqlite(conn) => {
            let sql = match weg {
                true => "drop trigger weiger".to_owned(),
                false => format!("create trigger weiger before insert on audit when {waar} begin select raise(abort, 'no'); end"),
            };
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(conn).await.unwrap();
        }
        Conn::Postgres(conn) => {
            let sql = match weg {
                true => "drop trigger weiger on audit".to_owned(),
                false => format!(
                    "create or replace function weiger() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
                    create trigger weiger before insert on audit for each row when ({waar}) execute function weiger()"
                ),
            };
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(conn.aan_de_beurt().await.unwrap()).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_log_that_cannot_be_written_accepts_nothing_and_shows_nothing() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&["02"]).await;
        geen_records(&zaak, Some("new.nr > 0")).await;
        let (rijen, koers) = (zaak.rijen().await, zaak.nieuw("04"));
        let intern = |status: Status| assert_eq!((status.code(), reden(&status).as_str()), (Code::Internal, "INTERNE_FOUT"));
        intern(zaak.dien("gi", &koers).await.expect_err("no record, no act"));
        intern(zaak.exchange("gi").await.fetch(jeugdketen_proto::v1::FetchRequest::default()).await.expect_err("nor a delivery"));
        intern(zaak.traject("gi").await.expect_err("nor a timeline"));
        assert_eq!(zaak.rijen().await, rijen);
        geen_records(&zaak, None).await;
        zaak.dien("gi", &koers).await.expect("the log can be written");
        assert_eq!(zaak.post("gi").await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_is_on_record_also_when_the_record_of_a_neighbour_in_its_batch_fails() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&["02"]).await;
        geen_records(&zaak, Some("new.handeling = 'AANVAARD'")).await;
        let mut geleverd = 0;
        for _ in 0..20 {
            let (een, ander) = (zaak.nieuw("04"), zaak.nieuw("04"));
            let (eerste, post, tweede) = tokio::join!(zaak.dien("gi", &een), zaak.post("gi"), zaak.dien("gi", &ander));
            assert!(eerste.is_err() && tweede.is_err());
            geleverd += post.len();
        }
        assert_eq!(records(&zaak).await.iter().filter(|record| record.1 == "GELEVERD").count(), geleverd);
        assert_eq!(geleverd, 20);
        assert_eq!(records(&zaak).await[0].2, oin("rechtbank"));
    }
}
