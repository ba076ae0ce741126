//! The schema and its statements: each runs on both databases, and a database that is not fit for use is refused. Nothing is said here of
//! what the statements mean.

use std::collections::{BTreeMap, BTreeSet};

use ketenhub::domain::ids::{BerichtId, MaatregelId};
use ketenhub::store::{
    Store, StoreError, audit, bel, berichten, bewaring, catalogus, deelnemers, klokken, lees_reeks, leiding, logboek, paginas, postvak,
    sleutels, tekens, toezicht, zaken,
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::chain::{both, oin};
use crate::support::verhaal::Verhaal;
use crate::support::{postgres, repository};

/// Every statement of the store, by the name in its first line.
fn statements() -> BTreeSet<String> {
    let files = std::fs::read_dir(repository().join("src/store")).expect("src/store").map(|file| file.expect("a file").path());
    let text: String = files.map(|file| std::fs::read_to_string(file).expect("a source")).collect();
    let names = text.lines().filter_map(|line| line.split_once("\"-- ")).map(|(_, name)| name.trim().to_owned());
    names.collect()
}

#[test]
fn every_statement_of_the_store_is_run_by_the_test_below() {
    let run_by_admission = [
        "audit::schrijf",
        "toetsingspogingen::schrijf",
        "boomknopen::schrijf",
        "berichten::zoek",
        "berichten::schrijf",
        "postvak::schrijf",
        "gebeurtenissen::schrijf",
        "relaties::eindigt",
        "relaties::herleeft",
        "capaciteiten::schrijf",
        "capaciteiten::opnamestops",
        "aanbod::wis",
        "aanbod::schrijf",
        "postvak::stand",
        "postvak::standen",
        "postvak::pagina",
        "postvak::bevestig",
        "gebeurtenissen::bevestig",
        "postvakken::schrijf",
        "postvak::te_bevestigen",
        "zaken::feiten",
        "zaken::ontvangsten",
        "klokken::schrijf",
        "zaaksleutels::lees",
        "zaaksleutels::schrijf",
        "bewaring::begin",
        "hubsleutels::schrijf",
        "klokken::aan_de_beurt",
        "reeks_op_slot",
        "reeks_onveranderd",
        "schrijf_reeks",
    ];
    let run_by_hand = [
        "audit::na",
        "audit::in_zaak",
        "audit::vernietigd_in_zaak",
        "logboek::tot",
        "logboek::verzet",
        "logboek::oudste",
        "logboek::achterstand",
        "audit::hoogste",
        "audit::geraakt_na",
        "audit::nr_van_aanvaarding",
        "audit::afzender",
        "audit::bladeren",
        "audit::berichten_na",
        "audit::scheve_postvakken",
        "boomknopen::lees",
        "deelnemers::schrijf",
        "deelnemers::alle",
        "capaciteiten::lees",
        "aanbod::lees",
        "berichten::lees",
        "postvak::achterstanden",
        "postvak::onbevestigd",
        "postvak::neem_over",
        "zaken::gebeurtenissen",
        "zaken::na",
        "zaken::ontvangsten",
        "zaken::relatie_einde",
        "zaken::erf_relatie_einden",
        "zaken::na",
        "klokken::lees",
        "klokken::na",
        "klokken::beleid",
        "klokken::zet_beleid",
        "klokken::zonder_zaak",
        "klokken::wis_zonder_zaak",
        "toezicht::toetsingspogingen",
        "sleutels::bewaar",
        "sleutels::per_hoofdsleutel",
        "zaaksleutels::anders_verpakt",
        "zaaksleutels::van_persoon",
        "zaaksleutels::epoches_in_gebruik",
        "hubsleutels::alle",
        "hubsleutels::vernietig",
        "bewaring::lees",
        "bewaring::zet_dagen",
        "bewaring::zet_vernietigd_tot",
        "bewaring::tot_waar_vernietigd",
        "bewaring::aanvaard_op",
        "bewaring::laatste_tot",
        "bewaring::rijp",
        "bewaring::vernietig_inhoud",
        "bewaring::vernietig_sleutels",
        "bewaring::voorbij",
        "bewaring::nog_voorbij",
        "bewaring::vernietig_klokken",
        "bewaring::vernietig_relaties",
        "bewaring::vernietig_gebeurtenissen",
        "bewaring::vernietig_zaaksleutels",
        "sleutels::alle",
        "lees_reeks",
        "paginas::lopend",
        "paginas::lopend_tot_overgang",
        "paginas::tel_lopend",
        "paginas::uitspraken",
        "paginas::wachtend",
        "paginas::laatste",
        "paginas::kop",
        "tekens::schrijf",
        "tekens::lees",
        "bel::stand",
        "bel::postvakken",
        "leiding::lees",
        "leiding::zet",
    ];
    let known: BTreeSet<_> = run_by_admission.into_iter().chain(run_by_hand).map(str::to_owned).collect();
    assert_eq!(statements(), known);
}

both! {
    async fn every_statement_runs(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["01", "02", "03", "04", "31", "34", "05", "09", "22"]).await;
        chain.speel(&mut verhaal, &["28"]).await;
        let mut poging = crate::support::verhaal::bericht(&mut verhaal, "05");
        poging.maatregel_id.clear();
        chain.geweigerd("gemeente", &poging).await;
        chain.bevestig("gi", 3).await.expect("a number that was given out");
        assert!(chain.hub.admission.tik().await.expect("the hub answers") > 0);

        let (mut tx, reeks) = chain.hub.store.write().await.expect("a transaction");
        let alle: Vec<_> = chain.register.nu().alle().into_iter().cloned().collect();
        deelnemers::schrijf(&mut tx.conn(), &alle).await.expect("new participants");
        deelnemers::schrijf(&mut tx.conn(), &alle).await.expect("known participants");
        let onbevestigd = postvak::onbevestigd(&mut tx.conn(), oin("gemeente")).await.expect("unacknowledged entries");
        assert!(!onbevestigd.is_empty());
        let stand = postvak::Stand { laatste_nr: 4, bevestigd_tot: 0 };
        postvak::schrijf_standen(&mut tx.conn(), &[(oin("gemeente-3"), stand)]).await.expect("numbers");
        assert_eq!(postvak::stand(&mut tx.conn(), oin("gemeente-3")).await.expect("where it stands"), stand);
        postvak::neem_over(&mut tx.conn(), oin("gemeente-3"), 1, &onbevestigd[..1], 5).await.expect("entries are taken over");
        zaken::erf_relatie_einden(&mut tx.conn(), oin("gemeente"), oin("gi-2")).await.expect("ended relations are inherited");
        let dag = "2026-07-01".parse().expect("a date");
        let achterstanden = postvak::achterstanden(&mut tx.conn(), dag).await.expect("what waits");
        let van = |naam: &str| achterstanden.iter().find(|achterstand| achterstand.oin == oin(naam).to_string());
        assert_eq!(van("gemeente").map(|a| (a.aantal, a.oudste_op)), Some((onbevestigd.len() as i64, Some(chain.clock.micros()))));
        let zaak = MaatregelId::parse(&verhaal.zaak).expect("a case");
        assert_eq!(zaken::na(&mut tx.conn(), None, 10).await.expect("cases"), [zaak]);
        assert_eq!(zaken::na(&mut tx.conn(), Some(zaak), 10).await.expect("cases"), []);
        assert!(klokken::lees(&mut tx.conn(), &[zaak]).await.expect("clocks").len() == 1);
        assert_eq!(klokken::na(&mut tx.conn(), None, 9).await.expect("clocks").len(), 1);
        assert_eq!(klokken::na(&mut tx.conn(), Some(zaak), 9).await.expect("clocks"), []);
        assert_eq!(klokken::beleid(&mut tx.conn()).await.expect("an answer"), None);
        for regel in ["een", "ander"] {
            klokken::zet_beleid(&mut tx.conn(), regel).await.expect("the policy is noted");
            assert_eq!(klokken::beleid(&mut tx.conn()).await.expect("an answer").as_deref(), Some(regel));
        }
        assert_eq!(klokken::zonder_zaak(&mut tx.conn()).await.expect("an answer"), []);
        klokken::wis_zonder_zaak(&mut tx.conn()).await.expect("nothing to remove");
        assert!(logboek::verzet(&mut tx.conn(), 0, 0).await.expect("the cursor stays"));
        for (id, publiek, sinds) in [("een", [1; 32], 1), ("twee", [2; 32], 2), ("een", [3; 32], 3)] {
            sleutels::bewaar(&mut tx.conn(), id, &publiek, sinds).await.expect("a key is kept");
        }
        tx.commit().await.expect("it is durable");

        let mut lezing = chain.hub.store.read().await.expect("a connection");
        let conn = &mut lezing.conn();
        assert_eq!(deelnemers::alle(conn).await.expect("participants"), alle);
        let bekend = [("twee".to_owned(), vec![2; 32]), ("een".to_owned(), vec![1; 32])];
        assert_eq!(sleutels::alle(conn).await.expect("keys"), bekend, "a known key stays as it is");
        let dag = "2026-05-10".parse().expect("a date");
        let capaciteit = catalogus::capaciteit(conn, "Zuid-West", dag).await.expect("room");
        assert_eq!(capaciteit.len(), 1);
        assert_eq!(catalogus::capaciteit(conn, "", dag).await.expect("room"), capaciteit);
        assert_eq!(catalogus::capaciteit(conn, "Rijnmond", dag).await.expect("room"), []);
        assert_eq!(catalogus::opnamestops(conn, dag).await.expect("stops"), [(oin("gi"), "Zuid-West".to_owned())]);
        assert_eq!(catalogus::aanbod(conn, oin("gemeente"), "", dag).await.expect("supply").len(), 4);
        assert_eq!(catalogus::aanbod(conn, oin("gemeente"), "41", dag).await.expect("supply").len(), 1);
        assert_eq!(berichten::lees(conn, &[2, 3]).await.expect("messages").len(), 2);
        assert!(zaken::gebeurtenissen(conn, zaak).await.expect("events").len() > 6);
        let einde = zaken::relatie_einde(conn, zaak, oin("gemeente")).await.expect("an answer").expect("the end of a relation");
        assert_eq!(einde.per, "2026-07-01");
        assert_eq!(zaken::relatie_einde(conn, zaak, oin("gi-2")).await.expect("an answer"), Some(einde));
        assert_eq!(zaken::relatie_einde(conn, zaak, oin("gi")).await.expect("an answer"), None);
        assert_eq!(zaken::na(conn, None, 2).await.expect("cases"), [zaak]);
        assert_eq!(zaken::na(conn, Some(zaak), 2).await.expect("no more cases"), []);
        assert!(!zaken::ontvangsten(conn, &[zaak]).await.expect("acknowledgements")[&zaak].is_empty());
        assert_eq!(toezicht::toetsingspogingen(conn, 0, i64::MAX).await.expect("a tally").len(), 1);
        let begin = paginas::Lopend::begin();
        let lopend = paginas::lopend(conn, oin("gi"), &begin, dag, 9).await.expect("running clocks");
        assert_eq!(lopend.iter().map(paginas::Lopend::zaak).collect::<Vec<_>>(), [zaak]);
        assert_eq!(paginas::lopend(conn, oin("gi"), &lopend[0], dag, 9).await.expect("no more"), []);
        assert_eq!(paginas::lopend(conn, oin("gi-2"), &begin, dag, 9).await.expect("of another"), []);
        let ver = "2030-01-01".parse().expect("a date");
        assert_eq!(paginas::tel_lopend(conn, oin("gi"), ver, dag, 9).await.expect("a count"), 1);
        assert_eq!(paginas::tel_lopend(conn, oin("gi"), ver, dag, 0).await.expect("a count"), 0, "no further than that");
        let uitspraken = paginas::uitspraken(conn, oin("rechtbank"), i64::MAX, dag, 9).await.expect("uitspraken");
        assert!(uitspraken.iter().all(|uitspraak| uitspraak.maatregel_id == zaak.0) && uitspraken.is_sorted_by(|a, b| a.volgnummer > b.volgnummer));
        let eerste = uitspraken.last().expect("one");
        assert_eq!((eerste.volgnummer, eerste.gi.as_deref()), (2, Some(oin("gi").as_str())));
        assert_eq!(eerste.ontvangen_op, Some(chain.clock.micros()), "confirmed above");
        assert_eq!(paginas::uitspraken(conn, oin("rechtbank"), 2, dag, 9).await.expect("none before"), []);
        assert_eq!(paginas::uitspraken(conn, oin("rechtbank-2"), i64::MAX, dag, 9).await.expect("none"), []);
        let wacht = paginas::wachtend(conn, oin("gemeente-3")).await.expect("what waits");
        assert!(wacht.iter().map(|rij| rij.aantal).sum::<i64>() > 0);
        let kop = paginas::kop(conn, oin("gemeente")).await.expect("the first that waits").expect("one");
        assert_eq!((kop.afzender, kop.uitgereikt), (oin("rechtbank").to_string(), 0));
        assert_eq!(paginas::kop(conn, oin("rechtbank-2")).await.expect("nothing waits"), None);
        let laatste = paginas::laatste(conn, oin("gi"), 3).await.expect("deliveries");
        assert_eq!(laatste.len(), 3);
        assert_eq!(audit::nr_van_aanvaarding(conn, 2).await.expect("an answer"), Some(3), "after the key of the hub and the first");
        assert_eq!(audit::afzender(conn, 2).await.expect("an answer"), Some(oin("rechtbank").to_string()));
        assert_eq!(audit::in_zaak(conn, zaak, oin("gi"), 0, 5).await.expect("records of the case").len(), 5);
        assert_eq!(audit::vernietigd_in_zaak(conn, zaak).await.expect("none"), []);
        assert_eq!(logboek::tot(conn).await.expect("a cursor"), 0);
        assert!(logboek::achterstand(conn).await.expect("a count") > 6);
        assert_eq!(logboek::oudste(conn).await.expect("a moment"), Some(chain.clock.micros()));
        let bladeren = audit::bladeren(conn, 1, 3).await.expect("leaf hashes");
        assert_eq!(bladeren.iter().map(|(index, blad)| (*index, blad.len())).collect::<Vec<_>>(), [(1, 32), (2, 32)]);
        assert_eq!(audit::hoogste(conn).await.expect("a number"), reeks.audit);
        assert!(!audit::geraakt_na(conn, 0).await.expect("cases").is_empty());
        assert!(audit::geraakt_na(conn, reeks.audit).await.expect("cases").is_empty());
        assert_eq!(audit::berichten_na(conn, 2, 3).await.expect("numbers"), [3, 4, 5]);
        assert_eq!(audit::scheve_postvakken(conn).await.expect("an answer"), [oin("gemeente-3").to_string()], "it was given numbers by hand");
        assert_eq!(audit::knopen(conn, 1, 0, 9).await.expect("nodes"), []);
        assert_eq!(audit::na(conn, 0, 3).await.expect("records").len(), 3);
        let nu = lees_reeks(conn).await.expect("the numbers");
        assert_eq!(nu, reeks);
        let onbekend = BerichtId::parse(&crate::support::verhaal::nieuw_id()).expect("an id");
        assert!(berichten::zoek(conn, &[(oin("gi"), onbekend)]).await.expect("a search").is_empty());
    }

    async fn every_statement_of_keys_and_retention_runs(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "03", "04"]).await;
        let zaak = MaatregelId::parse(&verhaal.zaak).expect("a case").0;
        let (mut tx, _) = chain.hub.store.write().await.expect("a transaction");
        let conn = &mut tx.conn();
        let kek = chain.hub.kluis.huidige_hoofdsleutel();
        assert_eq!(sleutels::per_hoofdsleutel(conn).await.expect("counts"), [(kek.clone(), 3)]);
        assert_eq!(sleutels::anders_verpakt(conn, &kek, 9).await.expect("keys"), []);
        assert_eq!(sleutels::anders_verpakt(conn, "een andere", 9).await.expect("keys").len(), 1);
        let wie = *sleutels::zaken(conn, &chain.hub.kluis, &[zaak]).await.expect("keys")[&zaak].persoon().expect("a jeugdige");
        assert_eq!(sleutels::van_persoon(conn, &wie).await.expect("cases"), [zaak]);
        assert_eq!(sleutels::epoches_in_gebruik(conn).await.expect("epochs"), [1]);
        let hub = sleutels::hub(conn).await.expect("keys");
        assert_eq!(hub.iter().map(|sleutel| (sleutel.soort, sleutel.epoche)).collect::<Vec<_>>(), [(1, 1), (2, 1)]);
        sleutels::vernietig_hub(conn, 2, 1).await.expect("a key is destroyed");
        assert_eq!(sleutels::hub(conn).await.expect("keys").len(), 1);
        bewaring::zet_dagen(conn, 7).await.expect("the term is set");
        bewaring::zet_vernietigd_tot(conn, 0).await.expect("it is noted");
        assert_eq!(bewaring::lees(conn).await.expect("an answer"), bewaring::Bewaring { dagen: 7, vernietigd_tot: 0 });
        assert_eq!(bewaring::tot_waar_vernietigd(conn, 0).await.expect("an answer"), 0);
        let nu = chain.clock.micros();
        assert_eq!(bewaring::aanvaard_op(conn, 1).await.expect("an answer"), Some(nu));
        assert_eq!(bewaring::aanvaard_op(conn, 4).await.expect("an answer"), None);
        assert_eq!(bewaring::laatste_tot(conn, 512, nu).await.expect("an answer"), 3);
        let rijp = bewaring::rijp(conn, 0, 512, nu, "2026-07-01").await.expect("messages");
        assert_eq!(rijp.iter().map(|stuk| (stuk.volgnummer, stuk.zaak().expect("a case").0)).collect::<Vec<_>>(), [(3, zaak)]);
        bewaring::vernietig_inhoud(conn, &rijp).await.expect("bodies are destroyed");
        assert_eq!(bewaring::vernietig_sleutels(conn, &[zaak]).await.expect("an answer"), 0, "other bodies need the key");
        assert!(bewaring::voorbij(conn, nu + 1, 9).await.expect("cases").is_empty(), "there are bodies");
        assert!(bewaring::nog_voorbij(conn, &[zaak], nu + 1).await.expect("cases").is_empty(), "there are bodies");
        bewaring::vernietig_zaken(conn, &[zaak]).await.expect("a case is destroyed");
        assert_eq!(zaken::na(conn, None, 9).await.expect("cases"), []);
        assert!(sleutels::zaken(conn, &chain.hub.kluis, &[zaak]).await.expect("keys").is_empty());
    }

    async fn every_statement_of_replicas_runs(chain: Chain) {
        chain.speel(&mut Verhaal::default(), &["02"]).await;
        let mut eigen = chain.hub.store.eigen("ketenhub-toets").await.expect("a connection of its own");
        let conn = &mut eigen.conn();
        assert_eq!(bel::stand(conn).await.expect("numbers"), (1, 0));
        assert!(bel::postvakken(conn).await.expect("mailboxes").contains(&(oin("gi"), 1)));
        let niemand = leiding::lees(conn).await.expect("who leads");
        assert_eq!((&*niemand.houder, niemand.slag), ("", 0));
        assert!(leiding::zet(conn, "een", &niemand).await.expect("an answer"), "nobody led");
        assert!(!leiding::zet(conn, "twee", &niemand).await.expect("an answer"), "another was first");
        let een = leiding::lees(conn).await.expect("who leads");
        assert_eq!((&*een.houder, een.slag), ("een", 1));
        for (wie, op) in [(["gemeente", "gi"], 5), (["gemeente", "gi"], 3), (["gi", "gi-2"], 7)] {
            tekens::schrijf(conn, &wie.map(oin), op).await.expect("signs of life");
        }
        let tekens: BTreeMap<_, _> = tekens::lees(conn).await.expect("signs of life").into_iter().collect();
        let van = |wie: &str| tekens.get(oin(wie).as_str()).copied();
        assert_eq!(["gemeente", "gi", "gi-2", "gi-3"].map(van), [Some(5), Some(7), Some(7), None], "the latest of each");
        eigen.sluit().await.expect("it closes");
    }

    async fn migrating_twice_is_harmless(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02"]).await;
        chain.hub.store.migrate().await.expect("nothing to do");
        let again = chain.tweede_hub().await;
        let reeks = lees_reeks(&mut again.store.read().await.expect("a connection").conn()).await.expect("the numbers");
        assert_eq!((reeks.bericht, reeks.audit), (1, 2));
    }

    async fn messages_of_before_the_log_was_sealed_are_refused_and_an_empty_database_is_not(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02"]).await;
        // As if it were of then.
        chain.knoei("delete from _sqlx_migrations where version > 3").await;
        let error = chain.hub.store.migrate().await.expect_err("there is a message");
        assert!(matches!(&error, StoreError::Unfit(reason) if reason.contains("version 3") && reason.contains("sealed")), "{error:?}");
    }

    async fn a_schema_that_is_newer_than_the_programme_is_refused(chain: Chain) {
        let later = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
            values (9999, 'later', true, 'x', 1)";
        chain.knoei(later).await;
        let error = chain.hub.store.migrate().await.expect_err("the schema is newer");
        assert!(matches!(&error, StoreError::Unfit(reason) if reason.contains("9999") && reason.contains("newer")), "{error:?}");
    }
}

#[tokio::test]
async fn an_earlier_schema_without_messages_is_brought_up_to_date() {
    let folder = tempfile::tempdir().expect("a folder");
    let sqlite = format!("sqlite:{}", folder.path().join("hub.db").display());
    drop(Store::open(&sqlite).await.expect("a database"));
    let mut toen = sqlx::migrate!("migrations/sqlite");
    toen.migrations.to_mut().retain(|migration| migration.version < 4);
    toen.run(&mut sqlx::SqliteConnection::connect(&sqlite).await.expect("a connection")).await.expect("the schema of then");
    let postgres = postgres::database().await;
    let mut toen = sqlx::migrate!("migrations/postgres");
    toen.migrations.to_mut().retain(|migration| migration.version < 4);
    toen.run(&mut PgConnection::connect(&postgres).await.expect("a connection")).await.expect("the schema of then");
    for url in [sqlite, postgres] {
        let store = Store::open(&url).await.expect("the database opens");
        store.migrate().await.expect("it is brought up to date");
        let reeks = lees_reeks(&mut store.read().await.expect("a connection").conn()).await.expect("the numbers");
        assert_eq!((reeks.audit, reeks.boom, reeks.hoofd), (0, Vec::new(), String::new()));
    }
}

#[tokio::test]
async fn a_database_that_says_done_before_it_is_durable_is_refused() {
    let url = postgres::database().await;
    let name = url.rsplit('/').next().expect("a name").to_owned();
    let mut connection = PgConnection::connect(&url).await.expect("a connection");
    let sql = AssertSqlSafe(format!("alter database {name} set synchronous_commit = off"));
    sqlx::raw_sql(sql).execute(&mut connection).await.expect("the setting is changed");
    let error = Store::open(&url).await.expect_err("it is not durable");
    assert!(matches!(&error, StoreError::Unfit(reason) if reason.contains("synchronous_commit is off")), "{error:?}");
}
