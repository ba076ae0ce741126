//! A `bericht_id` is used once, for ever: a repetition gets the receipt of then, other content is refused and on record.

use jeugdketen_proto::v1::Receipt;
use ketenhub::domain::refusal::Refusal;
use ketenhub::receipt::{sha256, verifieer};
use prost::Message as _;

use crate::support::chain::both;
use crate::support::verhaal::{Verhaal, bericht, inhoud};

both! {
    async fn a_repetition_gets_the_receipt_of_then_byte_for_byte_also_a_year_later(chain: Chain) {
        let bericht = bericht(&mut Verhaal::default(), "02");
        let eerste = chain.dien_in("rechtbank", &bericht).await.expect("a receipt");
        assert_eq!(chain.dien_in("rechtbank", &bericht).await.expect("a receipt"), eerste);
        chain.dagen_later(365);
        assert_eq!(chain.dien_in("rechtbank", &bericht).await.expect("a receipt"), eerste);
        let (tweede, rechtbank) = (chain.tweede_hub().await, chain.peer("rechtbank"));
        let weer = tweede.admission.dien_in(&rechtbank, bericht.encode_to_vec().as_slice()).await.expect("an answer");
        assert_eq!(weer.expect("a receipt"), eerste);
        assert_eq!(chain.rijen::<(i64,)>("select count(*) from berichten").await, [(1,)]);
        assert_eq!(chain.postvak("gi").await.len(), 1);
    }

    async fn repetitions_in_one_batch_get_one_receipt_and_other_content_among_them_is_refused(chain: Chain) {
        let bericht = bericht(&mut Verhaal::default(), "02");
        let mut ander = bericht.clone();
        inhoud!(ander, Uitspraak).tekst = "anders".to_owned();
        // Held, so that all wait and then share one transaction.
        let (slot, _) = chain.hub.store.write().await.expect("a transaction");
        let vrijgeven = async {
            tokio::task::yield_now().await;
            drop(slot);
        };
        let (een, twee) = (chain.dien_in("rechtbank", &bericht), chain.dien_in("rechtbank", &ander));
        let (een, twee, drie, ()) = tokio::join!(een, twee, chain.dien_in("rechtbank", &bericht), vrijgeven);
        assert_eq!(een.as_ref().expect("a receipt"), drie.as_ref().expect("a receipt"));
        assert_eq!(twee.expect_err("other content"), Refusal::AndereInhoud);
        assert_eq!(chain.rijen::<(i64,)>("select count(*) from berichten").await, [(1,)]);
    }

    async fn other_content_under_a_used_id_is_refused_and_both_digests_are_on_record(chain: Chain) {
        let mut bericht = bericht(&mut Verhaal::default(), "02");
        let eerste = bericht.encode_to_vec();
        let receipt = chain.aanvaard("rechtbank", &bericht).await;
        inhoud!(bericht, Uitspraak).tekst = "anders".to_owned();
        assert_eq!(chain.geweigerd("rechtbank", &bericht).await, Refusal::AndereInhoud);
        // Also when the other content could not be accepted by itself.
        inhoud!(bericht, Uitspraak).soort = 99;
        assert_eq!(chain.geweigerd("rechtbank", &bericht).await, Refusal::AndereInhoud);
        let afdruk = |bytes: &[u8]| chain.hub.kluis.kenmerk(&sha256(bytes)).to_vec();
        let op_schrift: Vec<(String, String, Vec<u8>)> =
            chain.rijen("select handeling, reden, verbintenis from audit where handeling <> 'SLEUTEL' order by nr").await;
        assert_eq!(op_schrift[0], ("AANVAARD".to_owned(), String::new(), receipt.verbintenis.to_vec()));
        assert_eq!(chain.rijen::<(Vec<u8>,)>("select kenmerk from berichten").await, [(afdruk(&eerste),)]);
        assert_eq!(op_schrift[2].1, "BERICHT_ID_MET_ANDERE_INHOUD");
        assert_eq!(op_schrift[2].2, afdruk(&bericht.encode_to_vec()));
        assert_ne!(op_schrift[1].2, op_schrift[2].2);
    }

    async fn the_same_id_of_another_sender_is_another_message(chain: Chain) {
        let bericht = bericht(&mut Verhaal::default(), "02");
        let (een, ander) = (chain.aanvaard("rechtbank", &bericht).await, chain.aanvaard("rechtbank-2", &bericht).await);
        assert_ne!(een.maatregel_id, ander.maatregel_id);
    }

    async fn what_was_refused_may_be_sent_again_under_its_id(chain: Chain) {
        let mut bericht = bericht(&mut Verhaal::default(), "02");
        inhoud!(bericht, Uitspraak).zaaknummer.clear();
        chain.geweigerd("rechtbank", &bericht).await;
        inhoud!(bericht, Uitspraak).zaaknummer = "C/09/999041".to_owned();
        chain.aanvaard("rechtbank", &bericht).await;
    }

    async fn every_receipt_of_a_batch_proves_itself_and_is_what_the_database_holds(chain: Chain) {
        let berichten: Vec<_> = (0..40).map(|_| bericht(&mut Verhaal::default(), "02")).collect();
        let (slot, _) = chain.hub.store.write().await.expect("a transaction");
        let mut taken = tokio::task::JoinSet::new();
        for bericht in &berichten {
            let (admission, peer, bytes) = (chain.hub.admission.clone(), chain.peer("rechtbank"), bericht.encode_to_vec());
            taken.spawn(async move { admission.dien_in(&peer, bytes.as_slice()).await.expect("an answer").expect("a receipt") });
        }
        drop(slot);
        let receipts = taken.join_all().await;
        let mut grootste = 0;
        for bytes in &receipts {
            let receipt = Receipt::decode(bytes.as_ref()).expect("a receipt");
            assert_eq!(verifieer(&receipt, chain.sleutel.load().publiek()), Ok(()));
            let bericht = berichten.iter().find(|bericht| bericht.bericht_id == receipt.bericht_id).expect("the message");
            assert_eq!(receipt.digest, sha256(&bericht.encode_to_vec()).as_slice());
            grootste = grootste.max(receipt.ondertekening.expect("a signature").boomgrootte);
        }
        assert!(grootste > 1, "no two messages shared a batch");
        let mut bewaard = Vec::new();
        for bericht in &berichten {
            bewaard.push(chain.dien_in("rechtbank", bericht).await.expect("the receipt of then"));
        }
        let mut gekregen = receipts;
        bewaard.sort();
        gekregen.sort();
        assert_eq!(bewaard, gekregen);
    }
}
