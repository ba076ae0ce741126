//! A gemeente has no say over a jeugdhulpbepaling (Jw 3.5): whatever it tries is refused as such and counted. What it may say is tested
//! elsewhere.

use jeugdketen_proto::v1::Bericht;
use ketenhub::domain::refusal::Refusal;
use prost::Message as _;

use crate::support::chain::{Chain, both};
use crate::support::verhaal::{Verhaal, bericht, inhoud};

async fn pogingen(chain: &Chain) -> i64 {
    chain.rijen::<(i64,)>("select count(*) from toetsingspogingen").await[0].0
}

/// The message with one more field, of a number that the contract does not know, inside its content.
fn met_onbekend_veld(bericht: &Bericht) -> Vec<u8> {
    let nummer = bericht.inhoud.as_ref().expect("content").kind() as u64;
    let mut bytes = bericht.encode_to_vec();
    prost::encoding::encode_varint(nummer << 3 | 2, &mut bytes);
    // Field 99, text of one character: a second occurrence of a message is merged with the first.
    bytes.extend([4, 0x9a, 0x06, 1, b'x']);
    bytes
}

both! {
    async fn reasons_that_the_law_does_not_leave_to_a_gemeente_cannot_be_said_and_are_counted(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05"]).await;
        for reden in [1, 2, 3, 4, 6, 7, 9] {
            let mut poging = bericht(&mut verhaal, "28");
            inhoud!(poging, Woonplaatsmelding).reden = reden;
            let Refusal::OngeoorloofdeToetsing(faults) = chain.geweigerd("gemeente", &poging).await else { panic!("reason {reden}") };
            assert_eq!(faults.iter().map(|fault| fault.veld.as_str()).collect::<Vec<_>>(), ["woonplaatsmelding.reden"]);
        }
        assert_eq!(pogingen(&chain).await, 7);
        // The other two are what a gemeente may say.
        for reden in [5, 8] {
            let mut verhaal = Verhaal::default();
            chain.speel(&mut verhaal, &["02", "05"]).await;
            let mut melding = bericht(&mut verhaal, "28");
            inhoud!(melding, Woonplaatsmelding).reden = reden;
            chain.aanvaard("gemeente", &melding).await;
        }
        assert_eq!(pogingen(&chain).await, 7);
    }

    async fn a_field_of_its_own_making_is_an_attempt_of_a_gemeente_and_a_fault_of_anybody_else(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05"]).await;
        let poging = met_onbekend_veld(&bericht(&mut verhaal, "09"));
        let refusal = chain.dien_bytes_in("gemeente", &poging).await.expect("an answer").expect_err("a field of its own");
        let Refusal::OngeoorloofdeToetsing(faults) = refusal else { panic!("{refusal:?}") };
        assert_eq!(faults[0].veld, "verwerking");
        let mut boven = bericht(&mut verhaal, "09").encode_to_vec();
        boven.extend([0x9a, 0x06, 1, b'x']);
        let refusal = chain.dien_bytes_in("gemeente", &boven).await.expect("an answer").expect_err("a field of its own");
        assert!(matches!(refusal, Refusal::OngeoorloofdeToetsing(_)), "{refusal:?}");
        assert_eq!(pogingen(&chain).await, 2);
        for (naam, nummer) in [("aanbieder", "06"), ("gi", "03"), ("gemeente", "34")] {
            let fout = met_onbekend_veld(&bericht(&mut verhaal, nummer));
            let refusal = chain.dien_bytes_in(naam, &fout).await.expect("an answer").expect_err("a field of its own");
            assert!(matches!(refusal, Refusal::Inhoud(_)), "{naam} {nummer}: {refusal:?}");
        }
        assert_eq!(pogingen(&chain).await, 2);
    }

    async fn the_words_of_a_gi_or_an_aanbieder_about_a_bepaling_are_an_attempt_in_the_mouth_of_a_gemeente(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05", "10"]).await;
        let over_de_bepaling = ["05", "06", "10", "11", "12", "29", "30"];
        for nummer in over_de_bepaling {
            let poging = bericht(&mut verhaal, nummer);
            assert_eq!(chain.geweigerd("gemeente", &poging).await, Refusal::OngeoorloofdeToetsing(Vec::new()), "{nummer}");
        }
        assert_eq!(pogingen(&chain).await, 7);
        for nummer in ["01", "02", "03", "04", "13", "24", "27", "31", "32"] {
            assert_eq!(chain.geweigerd("gemeente", &bericht(&mut verhaal, nummer)).await, Refusal::RolMagNiet, "{nummer}");
        }
        assert_eq!(pogingen(&chain).await, 7);
        let soorten: Vec<(i32, i64)> = chain.rijen("select soort, count(*) from toetsingspogingen group by soort order by soort").await;
        assert_eq!(soorten, [(16, 1), (19, 1), (20, 1), (21, 1), (22, 1), (23, 1), (24, 1)]);
    }
}
