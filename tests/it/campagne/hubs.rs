//! Hubs killed: at named places around commit and acknowledgement, on both databases.

use super::opstelling::{Opstelling, START};
use super::spel::onder_last;
use crate::support::berichten::GEDULD;
use crate::support::postgres;

/// Places at which a hub can be told to halt (`admission::failpoint`), and how often each is soon passed under load.
pub const PLAATSEN: [(&str, u64); 4] = [("before-commit", 30), ("after-commit", 30), ("before-acknowledge", 6), ("after-acknowledge", 6)];

/// The first hub is killed at each place, at the third time it comes there.
async fn gedood_bij_plaatsen(hubs: usize, database: &str) {
    let mut opstelling = Opstelling::met(hubs, database).await;
    onder_last(&mut opstelling, 7, 80, async |opstelling, spel| {
        for (plaats, _) in PLAATSEN {
            let plek = &mut opstelling.hubs[0];
            plek.dood();
            plek.start(&[("KETENHUB_HALT_AT", &format!("{plaats}:3"))], START).await.unwrap_or_else(|gezegd| panic!("{gezegd:#?}"));
            spel.veld.sta_toe(spel.beantwoord_nu() + 120);
            // Whoever is at another hub comes here.
            opstelling.hubs[1..].iter().for_each(|ander| ander.voordeur.knip());
            let plek = &mut opstelling.hubs[0];
            let gezegd = plek.proces().hoort(&format!("halted at {plaats}"), GEDULD).await;
            gezegd.unwrap_or_else(|gezegd| panic!("it does not come to {plaats}; it said {gezegd:#?}"));
            plek.dood();
            plek.start(&[], START).await.unwrap_or_else(|gezegd| panic!("{gezegd:#?}"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_around_commits_and_acknowledgements_one_hub_on_sqlite_keeps_its_word() {
    gedood_bij_plaatsen(1, "sqlite:hub.db").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_around_commits_and_acknowledgements_one_of_two_hubs_on_postgresql_keeps_its_word() {
    gedood_bij_plaatsen(2, &postgres::database().await).await;
}
