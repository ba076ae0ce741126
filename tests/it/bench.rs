//! The load generator, each case for a moment on small numbers: whether it works and says what it measured, not how fast anything is.
//! Figures mean nothing here; that they are there and belong together does.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use crate::support::postgres;
use crate::support::proces::programma;

/// The longest that a case may take here.
const GEDULD: Duration = Duration::from_secs(240);

/// Runs a case and returns its report.
async fn bench(argumenten: &[&str]) -> Value {
    let mut command = programma(&["bench"]);
    command.args(argumenten).args(["--seconds", "1", "--rounds", "1", "--zaken", "20", "--json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let einde = timeout(GEDULD, tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()));
    let uitvoer = einde.await.expect("a run of a second ends").unwrap();
    assert!(uitvoer.status.success(), "{argumenten:?}: {}", String::from_utf8_lossy(&uitvoer.stderr));
    serde_json::from_slice(&uitvoer.stdout).expect("a report in JSON")
}

/// Figures of calls that were made, of which each percentile is at least the one before.
fn gemeten(figures: &Value) {
    assert!(figures["per_second"].as_f64().unwrap() > 0.0, "{figures}");
    let namen = ["p50_us", "p90_us", "p99_us", "p999_us", "max_us"];
    let waarden: Vec<_> = namen.iter().map(|naam| figures[naam].as_u64().unwrap()).collect();
    assert!(waarden[0] > 0 && waarden.is_sorted(), "{figures}");
}

/// A debug build is never trusted.
fn niet_te_vertrouwen(report: &Value) {
    let redenen = report["machine"]["distrust"].as_array().unwrap();
    assert!(redenen.iter().any(|reden| reden == "this is a debug build"), "{redenen:?}");
    assert!(report["machine"]["fsync_per_second"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn submit_is_measured_beside_an_echo_and_bare_inserts_and_one_at_a_time() {
    let report = bench(&["submit", "--in-flight", "8", "--vergelijk-een", "--onbeschermd"]).await;
    for deel in ["hub", "echo", "one", "unprotected"] {
        gemeten(&report[deel]);
    }
    for ratio in ["ratio_echo", "ratio_bare", "ratio_one", "ratio_unprotected"] {
        assert!(report[ratio].as_f64().unwrap() > 0.0, "{ratio}");
    }
    assert_eq!((&report["case"], &report["soort"], &report["database"]), (&"submit".into(), &"bepaling".into(), &"SQLite".into()));
    assert_eq!((&report["bytes"], &report["zaken"]), (&1024.into(), &20.into()));
    assert!(report["berichten_per_zaak"].as_f64().unwrap() > 2.0);
    // The hub is a process of its own: what it uses is not the generator's.
    assert!(report["cpu"]["hub_us"].as_f64().unwrap() > 0.0 && report["cpu"]["postgres_us"] == 0.0, "{}", report["cpu"]);
    assert_eq!(report["per_round"].as_array().unwrap().len(), 1);
    niet_te_vertrouwen(&report);
}

#[tokio::test]
async fn streams_are_measured_on_a_postgresql_that_the_run_starts_beside_pgbench() {
    let report = bench(&["stream", "--postgres=socket", "--in-flight", "16", "--connections", "2"]).await;
    gemeten(&report["hub"]);
    gemeten(&report["echo"]);
    assert!(report["bare_per_second"].as_f64().unwrap() > 0.0, "{}", report["bare_how"]);
    assert!(report["bare_how"].as_str().unwrap().starts_with("pgbench"));
    assert!(report["cpu"]["postgres_us"].as_f64().unwrap() > 0.0, "{}", report["cpu"]);
    assert_eq!(report["database"], "PostgreSQL over a Unix socket");
}

#[tokio::test]
async fn an_open_loop_asks_a_rate_and_has_no_ratios() {
    let url = postgres::database().await;
    let report = bench(&["submit", "--per-second", "20", "--bericht", "uitspraak", "--database", &url]).await;
    gemeten(&report["hub"]);
    assert_eq!((&report["asked_per_second"], &report["ratio_echo"]), (&20.0.into(), &Value::Null));
    assert_eq!(report["soort"], "uitspraak");
    let stream = bench(&["stream", "--per-second", "20"]).await;
    gemeten(&stream["hub"]);
}

#[tokio::test]
async fn delivery_is_measured_until_every_recipient_has_it() {
    let report = bench(&["e2e", "--per-second", "20"]).await;
    for deel in ["everybody", "aanbieder", "gemeente", "receipt", "echo"] {
        gemeten(&report[deel]);
    }
    assert_eq!(report["messages"], 20);
    // Nobody has it before the last has it, and it is not seen before it was sent.
    assert!(report["everybody"]["max_us"].as_u64() >= report["aanbieder"]["max_us"].as_u64());
    assert!(report["everybody"]["max_us"].as_u64() >= report["gemeente"]["max_us"].as_u64());
}

#[tokio::test]
async fn idle_subscribers_are_weighed_beside_bare_streams() {
    let report = bench(&["idle", "--abonnees", "40"]).await;
    assert_eq!((&report["subscribers"], &report["participants"]), (&40.into(), &16.into()));
    assert!(report["hub_after"].as_u64() > report["hub_before"].as_u64(), "{report}");
    assert!(report["bare_each"].as_f64().unwrap() > 0.0 && report["ratio"].as_f64().unwrap() > 0.0, "{report}");
    niet_te_vertrouwen(&report);
}

#[tokio::test]
async fn a_backlog_of_others_is_measured_beside_a_hub_without_it() {
    let report = bench(&["achterstand", "--berichten", "60", "--weinig", "20", "--per-second", "20", "--in-flight", "4"]).await;
    for deel in ["few", "many"] {
        for wat in ["submit", "e2e"] {
            gemeten(&report[deel][wat]);
        }
    }
    gemeten(&report["echo"]);
    assert_eq!((&report["few"]["stored"], &report["many"]["stored"]), (&20.into(), &60.into()));
    for ratio in ["ratio_rate", "ratio_p99", "ratio_e2e_p99"] {
        assert!(report[ratio].as_f64().unwrap() > 0.0, "{report}");
    }
}

#[tokio::test]
async fn a_neighbour_that_sends_too_much_is_measured_beside_others() {
    let report = bench(&["buurman", "--quota", "100", "--buurman-per-second", "40", "--per-second", "20"]).await;
    gemeten(&report["without"]);
    gemeten(&report["with"]);
    let van_buurman = ["neighbour_accepted", "neighbour_refused", "neighbour_unsent"].map(|wat| report[wat].as_u64().unwrap());
    assert_eq!(van_buurman.iter().sum::<u64>(), 60, "{report}");
    assert_eq!(report["ratio_p99"], report["ratios_p99"][0], "{report}");
}

#[tokio::test]
async fn a_part_of_the_national_year_is_played() {
    let report = bench(&["jaar", "--deel", "0.0002"]).await;
    assert_eq!(report["refused"], 0);
    assert!(report["messages"].as_u64().unwrap() > 0 && report["times_faster"].as_f64().unwrap() > 1.0, "{report}");
}

#[tokio::test]
async fn a_hub_that_runs_elsewhere_is_measured_through_its_address() {
    let hub = crate::support::hub::TestHub::sqlite().await;
    let adres = hub.running.address.to_string();
    let report = bench(&["submit", "--in-flight", "4", "--hub", &adres]).await;
    gemeten(&report["hub"]);
    assert_eq!((&report["database"], &report["bare_per_second"]), (&"elsewhere".into(), &Value::Null));
    assert_eq!(report["cpu"]["hub_us"], 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_measured_with_few_and_with_many_cases() {
    let certs = std::path::Path::new(crate::support::hub::CERTS);
    let report = timeout(GEDULD, ketenhub::bench::paginas(certs, None, 200, |_| {})).await.expect("it ends").unwrap();
    assert_eq!(report.zaken, [2, 200]);
    assert!(!report.release && report.verhouding > 0.0);
    assert_eq!(report.paginas.len(), 14);
    for pagina in &report.paginas {
        assert!((0..2).all(|deel| pagina.p50_us[deel] > 0 && pagina.p50_us[deel] <= pagina.p95_us[deel]), "{pagina:?}");
    }
    let lijst = report.paginas.iter().find(|pagina| pagina.wie == "gi" && pagina.pad == "/normklokken").unwrap();
    assert!(lijst.bytes[1] > lijst.bytes[0], "more cases fill the page");
    let begin = report.paginas.iter().find(|pagina| pagina.pad == "/").unwrap();
    assert_eq!(begin.bytes[0], begin.bytes[1]);
}
