//! Numbers in mailboxes: without gaps and in the order of commits, also when two hubs write at once and readers look meanwhile.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ketenhub::delivery::Gebeurtenis;
use ketenhub::domain::refusal::Refusal;
use prost::Message as _;

use crate::support::chain::{Chain, both, oin};
use crate::support::verhaal::{Verhaal, bericht, inhoud};

const TAKEN: usize = 8;
const BERICHTEN: usize = 15;

/// Looks again and again until told to stop; every look finds 1..n, and no earlier number is gone.
async fn kijk(delivery: ketenhub::delivery::Delivery, peer: ketenhub::identity::register::Peer, klaar: Arc<AtomicBool>) -> usize {
    let mut gezien = 0;
    loop {
        let laatste_keer = klaar.load(Ordering::SeqCst);
        let (leveringen, stand) = delivery.blad(&peer, Some(0), 10_000, usize::MAX).await.expect("the mailbox is read");
        let nummers: Vec<i64> = leveringen.iter().map(|levering| levering.nr).collect();
        assert!(nummers.iter().copied().eq(1..=i64::try_from(nummers.len()).expect("a length")), "a gap: {nummers:?}");
        assert!(nummers.len() >= gezien && nummers.len() >= usize::try_from(stand.laatste_nr).expect("a number"));
        gezien = nummers.len();
        if laatste_keer {
            return gezien;
        }
        tokio::task::yield_now().await;
    }
}

async fn gaps(chain: &Chain) {
    let mut per_postvak: HashMap<String, Vec<(i64, i64)>> = HashMap::new();
    for (ontvanger, nr, volgnummer) in
        chain.rijen::<(String, i64, i64)>("select ontvanger, nr, volgnummer from postvak order by ontvanger, nr").await
    {
        per_postvak.entry(ontvanger).or_default().push((nr, volgnummer));
    }
    assert!(per_postvak.len() > 2);
    for post in per_postvak.values() {
        assert!(post.iter().map(|(nr, _)| *nr).eq(1..=i64::try_from(post.len()).expect("a length")));
        assert!(post.is_sorted_by_key(|(_, volgnummer)| volgnummer), "not in the order of all messages");
    }
    let volgnummers = chain.rijen::<(i64,)>("select volgnummer from berichten order by volgnummer").await;
    assert!(volgnummers.iter().map(|(nummer,)| *nummer).eq(1..=i64::try_from(volgnummers.len()).expect("a length")));
}

both! {
    async fn mailboxes_of_two_hubs_have_no_gap_and_are_in_the_order_of_all_messages(chain: Chain) {
        let tweede = chain.tweede_hub().await;
        let klaar = Arc::new(AtomicBool::new(false));
        let mut lezers = tokio::task::JoinSet::new();
        for (naam, delivery) in [("gi", &chain.hub.delivery), ("gemeente", &tweede.delivery)] {
            lezers.spawn(kijk(delivery.clone(), chain.peer(naam), Arc::clone(&klaar)));
        }
        let mut schrijvers = tokio::task::JoinSet::new();
        for taak in 0..2 * TAKEN {
            let hub = if taak % 2 == 0 { &chain.hub } else { &tweede };
            let (admission, rechtbank) = (hub.admission.clone(), chain.peer(if taak % 3 == 0 { "rechtbank-2" } else { "rechtbank" }));
            schrijvers.spawn(async move {
                for nummer in 0..BERICHTEN {
                    let mut bericht = bericht(&mut Verhaal::default(), if nummer % 3 == 0 { "01" } else { "02" });
                    if nummer % 3 == 1 {
                        inhoud!(bericht, Uitspraak).woonplaats_gemeentecode = "1916".to_owned();
                    }
                    admission.dien_in(&rechtbank, bericht.encode_to_vec().as_slice()).await.expect("an answer").expect("a receipt");
                }
            });
        }
        schrijvers.join_all().await;
        klaar.store(true, Ordering::SeqCst);
        assert!(lezers.join_all().await.contains(&(2 * TAKEN * BERICHTEN)));
        gaps(&chain).await;
    }

    async fn a_stream_brings_what_one_hub_accepts_in_order_and_then_a_heartbeat(chain: Chain) {
        let mut stroom = chain.hub.delivery.abonneer(chain.peer("gi"), None);
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["01", "02", "05", "06", "07", "08"]).await;
        let mut nummers = Vec::new();
        while nummers.len() < 5 {
            let gebeurtenis = tokio::time::timeout(std::time::Duration::from_secs(30), stroom.recv()).await.expect("in time");
            match gebeurtenis.expect("the stream goes on") {
                Gebeurtenis::Levering(levering) => nummers.push(levering.nr),
                Gebeurtenis::Hartslag(_) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(nummers, [1, 2, 3, 4, 5]);
    }

    async fn a_refusal_in_a_batch_leaves_its_neighbours_alone(chain: Chain) {
        let goed: Vec<_> = (0..10).map(|_| bericht(&mut Verhaal::default(), "02")).collect();
        let mut fout = bericht(&mut Verhaal::default(), "02");
        inhoud!(fout, Uitspraak).gi_oin = oin("gemeente").to_string();
        let (slot, _) = chain.hub.store.write().await.expect("a transaction");
        let mut taken = tokio::task::JoinSet::new();
        for bericht in goed.iter().chain([&fout]) {
            let (admission, peer, bytes) = (chain.hub.admission.clone(), chain.peer("rechtbank"), bericht.encode_to_vec());
            taken.spawn(async move { admission.dien_in(&peer, bytes.as_slice()).await.expect("an answer") });
        }
        drop(slot);
        let (aanvaard, geweigerd): (Vec<_>, Vec<_>) = taken.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(aanvaard.len(), 10);
        assert!(matches!(&geweigerd[..], [Err(Refusal::Inhoud(faults))] if faults[0].veld == "uitspraak.gi_oin"), "{geweigerd:?}");
        gaps_for_one(&chain).await;
    }
}

async fn gaps_for_one(chain: &Chain) {
    assert!(chain.postvak("gi").await.iter().map(|levering| levering.nr).eq(1..=10));
    assert_eq!(chain.rijen::<(i64,)>("select count(*) from audit where handeling = 'GEWEIGERD'").await, [(1,)]);
}
