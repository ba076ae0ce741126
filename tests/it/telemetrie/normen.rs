//! What is counted of the norm clocks is what is measured of them.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use ketenhub::domain::klok::Lezing;
use ketenhub::store::{klokken, postvak};

use crate::support::chain::{both, oin};
use crate::support::verhaal::Verhaal;

both! {
    async fn a_kept_clock_has_on_every_day_the_outcome_of_the_measured_one(chain: Chain) {
        // One in time, one explained, one lifted, one that nobody took up.
        for nummers in [&["02", "03", "04", "05", "10", "11", "12", "13"][..], &["02", "13"], &["02", "25"], &["02"]] {
            chain.speel(&mut Verhaal::default(), nummers).await;
        }
        chain.bevestig("gi", 1).await.expect("a number that was given out");
        let rijen = klokken::na(&mut chain.hub.store.read().await.expect("a connection").conn(), None, 10).await.expect("clocks");
        assert_eq!(rijen.len(), 4);
        let mut uitkomsten = BTreeSet::new();
        for rij in rijen {
            let (bewaard, gemeten) = (rij.klokken().expect("clocks that can be read"), chain.stand(&rij.zaak().to_string()).await.klokken);
            assert_eq!(bewaard.len(), gemeten.len());
            for (bewaard, gemeten) in bewaard.iter().zip(&gemeten) {
                for dag in (0..400).map(|dagen| gemeten.uitgesproken + TimeDelta::days(dagen)) {
                    for lezing in [Lezing::Strikt, Lezing::Inspectie] {
                        assert_eq!(bewaard.uitkomst(lezing, dag), gemeten.uitkomst(lezing, dag), "{:?} {dag}", gemeten.norm);
                        uitkomsten.insert(gemeten.uitkomst(lezing, dag).0);
                    }
                }
            }
        }
        assert!(uitkomsten.len() >= 5, "{uitkomsten:?}");
    }

    async fn the_mailbox_of_a_participant_that_was_succeeded_waits_for_nobody(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02"]).await;
        let morgen = chain.clock.today() + TimeDelta::days(1);
        let mut gi = chain.register.nu().alle().into_iter().find(|deelnemer| deelnemer.oin == oin("gi")).expect("the GI").clone();
        gi.opvolging = Some((oin("gi-2"), morgen));
        let (mut tx, _) = chain.hub.store.write().await.expect("a transaction");
        ketenhub::store::deelnemers::schrijf(&mut tx.conn(), &[gi]).await.expect("the succession");
        tx.commit().await.expect("it is durable");
        let mut lezing = chain.hub.store.read().await.expect("a connection");
        for (dag, wacht) in [(chain.clock.today(), true), (morgen, false)] {
            let achterstanden = postvak::achterstanden(&mut lezing.conn(), dag).await.expect("what waits");
            assert_eq!(achterstanden.iter().any(|achterstand| achterstand.oin == oin("gi").to_string()), wacht, "{dag}");
        }
    }
}
