//! Bodies are destroyed a term after everybody acknowledged them, key and all; what was not delivered is kept; facts have a term of their own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ketenhub::domain::refusal::{Refusal, Toestand};
use ketenhub::receipt;
use ketenhub::store::bewaring;
use prost::Message as _;
use sqlx::{Connection as _, PgConnection};

use crate::support::chain::{Chain, both};
use crate::support::verhaal::{Verhaal, bericht};

async fn onderhoud(chain: &Chain) {
    chain.hub.onderhoud.begin_opnieuw();
    chain.hub.admission.onderhoud().await.expect("the hub answers");
}

async fn bevestig_alles(chain: &Chain, wie: &str) {
    let laatste = chain.postvak(wie).await.last().map_or(0, |levering| levering.nr);
    chain.bevestig(wie, laatste).await.expect("it was given out");
}

/// The numbers of messages whose body is there.
async fn met_inhoud(chain: &Chain) -> Vec<i64> {
    let rijen = chain.rijen::<(i64,)>("select volgnummer from berichten where inhoud is not null order by volgnummer").await;
    rijen.into_iter().map(|(volgnummer,)| volgnummer).collect()
}

/// The files in which the database keeps its tables.
async fn bestanden(chain: &Chain) -> Vec<PathBuf> {
    if let Some(db) = chain.url.strip_prefix("sqlite:") {
        return ["", "-wal", "-shm"].map(|einde| PathBuf::from(format!("{db}{einde}"))).into_iter().filter(|file| file.exists()).collect();
    }
    let map = chain.rijen::<(String,)>("select current_setting('data_directory')").await.remove(0).0;
    let deze = chain.rijen::<(i64,)>("select oid::bigint from pg_database where datname = current_database()").await[0].0;
    let base = Path::new(&map).join("base").join(deze.to_string());
    std::fs::read_dir(base).expect("the files of the database").map(|file| file.expect("a file").path()).collect()
}

/// A transaction on PostgreSQL that sees the database as it is now for as long as it is kept.
async fn lezer(chain: &Chain) -> Option<PgConnection> {
    if !chain.url.starts_with("postgres") {
        return None;
    }
    let mut lezer = PgConnection::connect(&chain.url).await.expect("a connection");
    let begin = "begin isolation level repeatable read; select count(*) from deelnemers";
    sqlx::raw_sql(begin).execute(&mut lezer).await.expect("a transaction");
    Some(lezer)
}

/// Whether it is in one of them. A server removes files of its own at any moment.
fn bevat(files: &[PathBuf], wat: &[u8]) -> bool {
    let inhoud = |file| match std::fs::read(file) {
        Err(weg) if weg.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        gelezen => gelezen.expect("a file"),
    };
    files.iter().any(|file| inhoud(file).windows(wat.len()).any(|deel| deel == wat))
}

both! {
    async fn a_body_is_destroyed_a_term_after_the_last_recipient_acknowledged_it_and_not_before(chain: Chain) {
        let mut verhaal = Verhaal::default();
        let uitspraak = bericht(&mut verhaal, "02");
        let receipt = chain.aanvaard("rechtbank", &uitspraak).await;
        verhaal.zaak.clone_from(&receipt.maatregel_id);
        chain.speel(&mut verhaal, &["03", "04"]).await;
        let stand = chain.stand(&verhaal.zaak).await.klokken;
        chain.dagen_later(400);
        onderhoud(&chain).await;
        assert_eq!(met_inhoud(&chain).await, [1, 2], "a koers has no recipient; nothing undelivered is destroyed by time");
        bevestig_alles(&chain, "gi").await;
        chain.dagen_later(31);
        onderhoud(&chain).await;
        assert_eq!(met_inhoud(&chain).await, [1, 2], "the gemeente has acknowledged neither");
        bevestig_alles(&chain, "gemeente").await;
        chain.dagen_later(29);
        onderhoud(&chain).await;
        assert_eq!(met_inhoud(&chain).await, [1, 2], "the term runs from the last acknowledgement");
        chain.dagen_later(2);
        onderhoud(&chain).await;
        assert_eq!(met_inhoud(&chain).await, [] as [i64; 0]);

        assert_eq!(chain.rijen::<(i64,)>("select count(*) from zaaksleutels where inhoud is not null").await, [(0,)]);
        let records = "select nummer from audit where handeling = 'VERNIETIGD' and reden = 'INHOUD' order by nummer";
        assert_eq!(chain.rijen::<(i64,)>(records).await, [(1,), (2,), (3,)]);
        assert_eq!(chain.rijen::<(i64,)>("select nummer from audit where handeling = 'SLEUTEL' and reden = 'VERNIETIGD'").await, [(1,)]);
        // The number stays, the facts stay, and so does the receipt.
        let post = chain.postvak("gi").await;
        assert_eq!(post[0].view.as_ref().err(), Some(&jeugdketen_proto::v1::RedenNietZichtbaar::Vernietigd));
        assert_eq!(chain.dien_in("rechtbank", &uitspraak).await.expect("the receipt of then"), receipt.encode_to_vec());
        assert_eq!(receipt::verifieer(&receipt, chain.sleutel.load().publiek()), Ok(()));
        // All but the first clock, which the acknowledgement stopped, stand as they did.
        let nu = chain.stand(&verhaal.zaak).await.klokken;
        assert_eq!(nu[1..].iter().map(|klok| klok.gestopt).collect::<Vec<_>>(), stand[1..].iter().map(|klok| klok.gestopt).collect::<Vec<_>>());
        // A case goes on after its bodies: what comes has a key of its own.
        chain.aanvaard("gi", &bericht(&mut verhaal, "03")).await;
        assert!(chain.postvak("gemeente").await.last().expect("the koppeling").view.is_ok());
    }

    async fn destruction_under_load_fails_no_call_and_leaves_nothing_in_the_files(chain: Chain) {
        chain.speel(&mut Verhaal::default(), &["02"]).await;
        for _ in 0..80 {
            chain.aanvaard("rechtbank", &bericht(&mut Verhaal::default(), "02")).await;
        }
        let (inhoud, sleutel) = chain
            .rijen::<(Vec<u8>, Vec<u8>)>("select b.inhoud, s.inhoud from berichten b join zaaksleutels s on s.id = b.sleutel where volgnummer = 1")
            .await
            .remove(0);
        for wie in ["gi", "gemeente"] {
            bevestig_alles(&chain, wie).await;
        }
        chain.dagen_later(31);
        // Who began before and may still read what will be destroyed keeps it from being removed.
        let lezer = lezer(&chain).await;
        let last = async {
            for _ in 0..60 {
                chain.aanvaard("rechtbank", &bericht(&mut Verhaal::default(), "02")).await;
                chain.postvak("gi").await;
            }
        };
        tokio::join!(last, onderhoud(&chain));
        assert_eq!(met_inhoud(&chain).await, (82..=141).collect::<Vec<_>>(), "the first 81 are gone, the new ones are there");
        let gaat_weg = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(lezer);
        };
        let (verdicht, ()) = tokio::join!(chain.hub.store.verdicht(), gaat_weg);
        verdicht.expect("space is given back");
        let files = bestanden(&chain).await;
        assert!(!bevat(&files, &inhoud[..64.min(inhoud.len())]), "the body, sealed as it was");
        assert!(!bevat(&files, &sleutel), "its key, wrapped as it was");
        let over = chain.rijen::<(Vec<u8>,)>("select inhoud from berichten where volgnummer = 100").await.remove(0).0;
        assert!(bevat(&files, &over[..32]), "the search finds what is there");
    }

    async fn what_waits_for_a_participant_that_was_succeeded_waits_for_its_successor(chain: Chain) {
        chain.speel(&mut Verhaal::default(), &["02"]).await;
        let conn_rijp = async || {
            let mut lezing = chain.hub.store.read().await.expect("a connection");
            bewaring::rijp(&mut lezing.conn(), 0, 9, i64::MAX, "2026-07-01").await.expect("messages").len()
        };
        bevestig_alles(&chain, "gi").await;
        assert_eq!(conn_rijp().await, 0);
        chain.knoei(
            "insert into deelnemers (oin, rol, naam, code, regios, geldig_vanaf, status, mandaat, opvolger, opvolging_per)
             select ontvanger, 3, 'oud', '0599', '', '2020-01-01', 3, false, '00000099030000009000', '2026-01-01' from postvak where rol = 3",
        )
        .await;
        assert_eq!(conn_rijp().await, 0, "the successor does not have it yet");
        chain.knoei("insert into postvak (ontvanger, nr, rol, volgnummer, aangeboden_op) values ('00000099030000009000', 1, 3, 1, 0)").await;
        assert_eq!(conn_rijp().await, 0, "the successor did not acknowledge it");
        chain.knoei("update postvak set ontvangen_op = 5 where ontvanger = '00000099030000009000'").await;
        assert_eq!(conn_rijp().await, 1);
    }

    async fn the_facts_of_a_case_are_destroyed_with_their_key_twenty_years_after_the_last_and_its_receipts_open_no_more(chain: Chain) {
        let mut verhaal = Verhaal::default();
        let uitspraak = bericht(&mut verhaal, "02");
        verhaal.zaak = chain.aanvaard("rechtbank", &uitspraak).await.maatregel_id;
        let los = bericht(&mut Verhaal::default(), "01");
        chain.aanvaard("rechtbank", &los).await;
        for wie in ["gi", "gemeente"] {
            bevestig_alles(&chain, wie).await;
        }
        chain.dagen_later(40);
        onderhoud(&chain).await;
        chain.dagen_later(20 * 366 - 41);
        onderhoud(&chain).await;
        assert_eq!(chain.rijen::<(i64,)>("select count(*) from zaaksleutels").await, [(2,)]);
        chain.dagen_later(60);
        onderhoud(&chain).await;
        for leeg in ["gebeurtenissen", "klokken", "zaaksleutels"] {
            let aantal: Vec<(i64,)> = match leeg {
                "gebeurtenissen" => chain.rijen("select count(*) from gebeurtenissen").await,
                "klokken" => chain.rijen("select count(*) from klokken").await,
                _ => chain.rijen("select count(*) from zaaksleutels").await,
            };
            assert_eq!(aantal, [(0,)], "{leeg}");
        }
        assert_eq!(chain.rijen::<(i64,)>("select count(*) from audit where handeling = 'VERNIETIGD' and reden = 'FEITEN'").await, [(2,)]);
        for bericht in [&uitspraak, &los] {
            assert_eq!(chain.geweigerd("rechtbank", bericht).await, Refusal::Toestand(Toestand::ReceiptVernietigd));
        }
        // The key of the pseudonyms of then is not needed any more.
        let epoches = chain.rijen::<(i16,)>("select epoche from hubsleutels where soort = 2 order by epoche").await;
        assert!(!epoches.contains(&(1,)), "{epoches:?}");
    }
}
