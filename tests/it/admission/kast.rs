//! What the writer keeps of cases and ids: as long as nobody else writes it asks the database nothing, and what another changed counts.

use std::time::Duration;

use jeugdketen_proto::v1::Bericht;
use ketenhub::admission::{Antwoord, Gestaakt};
use ketenhub::domain::refusal::{Refusal, Toestand};
use ketenhub::store::StoreError;
use prost::Message as _;
use uuid::{NoContext, Timestamp, Uuid};

use super::vooruit::intrekking;
use crate::support::chain::{Chain, both};
use crate::support::verhaal::{Verhaal, bericht};

/// An id as somebody makes it whose clock is so many seconds ahead.
fn id_van_straks(chain: &Chain, seconden: u64) -> String {
    let nu = chain.clock.now().timestamp().unsigned_abs();
    Uuid::new_v7(Timestamp::from_unix(NoContext, nu + seconden, 0)).to_string()
}

fn is_corrupt(antwoord: Result<Antwoord, Gestaakt>) -> bool {
    matches!(antwoord, Err(Gestaakt::Store(error)) if matches!(*error, StoreError::Corrupt { .. }))
}

/// Another hub may destroy keys meanwhile. It waits as long as the hub does.
#[tokio::test]
async fn a_hub_that_does_not_write_forgets_cases_within_a_minute() {
    let chain = Chain::sqlite().await;
    let mut verhaal = Verhaal::default();
    chain.speel(&mut verhaal, &["02", "03", "04", "05"]).await;
    chain.knoei("update gebeurtenissen set feit = substr(feit, 2) where soort = 0").await;
    chain.speel(&mut verhaal, &["05"]).await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    let bytes = bericht(&mut verhaal, "05").encode_to_vec();
    assert!(is_corrupt(chain.hub.admission.dien_in(&chain.peer("gi"), bytes.as_slice()).await), "it is read again");
}

both! {
    async fn a_case_is_read_once_by_a_hub_that_writes_alone(chain: Chain) {
        let tweede = chain.tweede_hub().await;
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "03", "04", "05"]).await;
        chain.knoei("update gebeurtenissen set feit = substr(feit, 2) where soort = 0").await;
        chain.speel(&mut verhaal, &["05", "05"]).await;
        let bytes = bericht(&mut verhaal, "05").encode_to_vec();
        assert!(is_corrupt(tweede.admission.dien_in(&chain.peer("gi"), bytes.as_slice()).await), "the other must read it");
    }

    async fn what_another_hub_changed_in_a_case_counts_at_once_and_later(chain: Chain) {
        let tweede = chain.tweede_hub().await;
        let (mut verhaal, mut ander) = (Verhaal::default(), Verhaal::default());
        chain.speel(&mut verhaal, &["02", "03", "04"]).await;
        chain.speel(&mut ander, &["02", "03", "04"]).await;
        let gi = chain.peer("gi");
        for tussendoor in [&[][..], &["05"], &["05", "05", "05"]] {
            let bepaling = bericht(&mut verhaal, "05");
            for (hub, wat) in [(&chain.hub, &bepaling), (&tweede, &intrekking(&verhaal, &bepaling.bericht_id))] {
                hub.admission.dien_in(&gi, wat.encode_to_vec().as_slice()).await.expect("an answer").expect("a receipt");
            }
            chain.speel(&mut ander, tussendoor).await;
            let nogmaals = intrekking(&verhaal, &bepaling.bericht_id).encode_to_vec();
            let antwoord = chain.hub.admission.dien_in(&gi, nogmaals.as_slice()).await.expect("an answer");
            assert_eq!(antwoord, Err(Refusal::Toestand(Toestand::AlIngetrokken)));
            chain.speel(&mut verhaal, &["05", "05"]).await;
        }
    }

    async fn an_id_that_was_made_ahead_of_its_time_is_still_accepted_once(chain: Chain) {
        let tweede = chain.tweede_hub().await;
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "03", "04"]).await;
        let vroeg = Bericht { bericht_id: id_van_straks(&chain, 3_600), ..bericht(&mut verhaal, "05") }.encode_to_vec();
        let gi = chain.peer("gi");
        let eerste = tweede.admission.dien_in(&gi, vroeg.as_slice()).await.expect("an answer").expect("a receipt");
        // The hub writes alone from here on, and its time comes.
        chain.speel(&mut verhaal, &["05", "05", "05"]).await;
        chain.dagen_later(1);
        let post = chain.postvak("gemeente").await.len();
        let herhaald = chain.hub.admission.dien_in(&gi, vroeg.as_slice()).await.expect("an answer").expect("a receipt");
        assert_eq!(eerste, herhaald, "byte for byte");
        assert_eq!(chain.postvak("gemeente").await.len(), post);
        chain.speel(&mut verhaal, &["05"]).await;
    }
}
