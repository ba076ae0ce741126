//! What is kept of the clocks equals what the messages say, at every moment, and can be built from nothing.

use jeugdketen_proto::v1::{OordeelPassendheid, SoortKoppeling, ToelichtbareNorm};
use ketenhub::domain::beleid::{Beleid, Norm2Begin};
use ketenhub::klokken::{Herbouw, bij_start, herbouw};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::kind::{Kind, Norm, klok, machtiging};
use crate::support::chain::{Chain, both};
use crate::support::verhaal::{bericht, correctie_van, inhoud, intrekking_van, nieuw_id};

/// Compares what is kept with the messages, changing nothing.
async fn vergelijk(chain: &Chain) -> Herbouw {
    herbouw(&chain.hub.store, &chain.hub.kluis, &Beleid::default(), false).await.expect("the database answers")
}

/// One thing that happens to a child; `n` chooses the day.
async fn gebeurt(kind: &mut Kind<'_>, wat: u8, n: i64, eerder: &mut Vec<String>) {
    let chain = kind.chain;
    let op = (chain.clock.today() - chrono::TimeDelta::days(n)).to_string();
    let vandaag = chain.clock.today().to_string();
    match wat {
        0 => eerder.push(kind.koppeling(SoortKoppeling::Vast, &op).await),
        1 => eerder.push(kind.koppeling(SoortKoppeling::Wachtlijstbeheer, &op).await),
        2 => eerder.push(kind.koers(&op).await),
        3 => kind.ontvangen().await,
        4 => drop(kind.toelichting(ToelichtbareNorm::Koers).await),
        5 if !kind.verhaal.ids.contains_key("05") => drop(kind.bepaling(&vandaag).await),
        6 if kind.verhaal.ids.contains_key("05") && !kind.verhaal.ids.contains_key("10") => {
            kind.hulp(&vandaag).await;
            kind.passendheid(1, &vandaag, OordeelPassendheid::ConformKoers, n % 2 == 0).await;
        }
        7 => {
            if let Some(id) = eerder.pop() {
                kind.zend("gi", &intrekking_van(&id, &kind.verhaal.zaak)).await;
            }
        }
        8 if kind.verhaal.ids.contains_key("04") && eerder.last() == kind.verhaal.ids.get("04") => {
            let mut correctie = correctie_van(&kind.verhaal.ids["04"].clone(), bericht(&mut kind.verhaal.clone(), "04"));
            correctie.bericht_id = nieuw_id();
            inhoud!(correctie, Koers).bepaald_op = vandaag;
            kind.zend("gi", &correctie).await;
        }
        9 => {
            chain.dagen_later(n % 20);
            chain.hub.admission.tik().await.expect("the hub answers");
        }
        _ => {}
    }
}

both! {
    async fn after_any_history_what_is_kept_is_what_is_measured(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        bij_start(&chain.hub.store, &chain.hub.kluis, &Beleid::default()).await.expect("the database answers");
        let runtime = tokio::runtime::Handle::current();
        let geschiedenis = prop::collection::vec((0_u8..10, 0_i64..40), 1..14);
        let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
        tokio::task::block_in_place(|| {
            runner
                .run(&geschiedenis, |geschiedenis| {
                    let uitkomst = runtime.block_on(async {
                        let mut kind = Kind::met(&chain, "gi", |b| {
                            let vandaag = chain.clock.today().to_string();
                            inhoud!(b, Uitspraak).machtigingen.push(machtiging(&vandaag));
                        })
                        .await;
                        chain.dagen_later(1);
                        let mut eerder = Vec::new();
                        for (wat, n) in geschiedenis {
                            gebeurt(&mut kind, wat, n, &mut eerder).await;
                        }
                        vergelijk(&chain).await
                    });
                    prop_assert_eq!(uitkomst.verschillen, []);
                    prop_assert!(!uitkomst.ander_beleid);
                    Ok(())
                })
                .expect("what is kept is what is measured");
        });
    }

    async fn a_correction_of_the_bepaling_that_help_rests_on_is_measured_too(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        bij_start(&chain.hub.store, &chain.hub.kluis, &Beleid::default()).await.expect("the database answers");
        let mut kind = Kind::met(&chain, "gi", |b| inhoud!(b, Uitspraak).machtigingen.push(machtiging("2020-11-02"))).await;
        let bepaling = kind.bepaling("2020-11-02").await;
        chain.ga_naar("2020-11-20 10:00");
        kind.verblijf("2020-11-10").await;
        let uitgevoerd = async |kind: &Kind<'_>| klok(&kind.stand().await, Norm::Machtiging).gestopt.is_some();
        assert!(uitgevoerd(&kind).await);
        // It was no verblijf after all.
        let mut correctie = correctie_van(&bepaling, bericht(&mut kind.verhaal, "05"));
        let m = inhoud!(correctie, Jeugdhulpbepaling);
        m.bepaald_op = "2020-11-02".to_owned();
        m.overleg = None;
        for voorziening in &mut m.voorzieningen {
            voorziening.ingangsdatum = "2020-11-02".to_owned();
            voorziening.einddatum = "2020-12-02".to_owned();
        }
        m.voorzieningen[2].productcategorie = "45".to_owned();
        m.voorzieningen[2].productcode = "45A08".to_owned();
        kind.zend("gi", &correctie).await;
        assert!(!uitgevoerd(&kind).await);
        assert_eq!(vergelijk(&chain).await.verschillen, []);
    }

    async fn a_difference_is_found_and_put_right_and_another_policy_builds_all_anew(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        bij_start(&chain.hub.store, &chain.hub.kluis, &Beleid::default()).await.expect("the database answers");
        let mut kind = Kind::met_uitspraak(&chain).await;
        kind.koers("2020-11-02").await;
        let ander = Kind::met_uitspraak(&chain).await;
        let gelijk = vergelijk(&chain).await;
        assert_eq!(gelijk, Herbouw { zaken: 2, klokken: 8, verschillen: Vec::new(), ander_beleid: false });
        for knoei in [
            "update klokken set stand = (select ander.stand from klokken ander order by ander.stand desc limit 1)",
            "update klokken set volgende_op = null",
            "delete from klokken",
        ] {
            chain.knoei(knoei).await;
            let anders = vergelijk(&chain).await;
            assert!(!anders.verschillen.is_empty(), "{knoei}");
            assert_eq!(vergelijk(&chain).await, anders, "comparing changes nothing");
            let hersteld = herbouw(&chain.hub.store, &chain.hub.kluis, &Beleid::default(), true).await.expect("the database answers");
            assert_eq!(hersteld.verschillen, anders.verschillen);
            assert_eq!(vergelijk(&chain).await, gelijk);
        }
        // With another policy everything is measured anew, once.
        let later = Beleid { norm2_begin: Norm2Begin::Ontvangen, ..Beleid::default() };
        assert!(herbouw(&chain.hub.store, &chain.hub.kluis, &later, false).await.expect("an answer").ander_beleid);
        bij_start(&chain.hub.store, &chain.hub.kluis, &later).await.expect("the database answers");
        let erna = herbouw(&chain.hub.store, &chain.hub.kluis, &later, false).await.expect("an answer");
        assert!(erna.verschillen.is_empty() && !erna.ander_beleid);
        assert_eq!(vergelijk(&chain).await.verschillen.len(), 2, "nothing was received, so norm 2 runs by the one policy only");
        drop(ander);
    }
}
