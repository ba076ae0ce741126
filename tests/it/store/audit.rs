//! The audit log: one record for every act, numbered without gaps; and the tally of attempts of a gemeente.

use ketenhub::domain::refusal::Refusal;
use ketenhub::store::toezicht;

use crate::support::chain::{HUB, both, oin};
use crate::support::verhaal::{Verhaal, bericht, inhoud};

both! {
    async fn every_act_has_one_record_and_the_numbers_have_no_gap(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05"]).await;
        chain.geweigerd("aanbieder-2", &bericht(&mut verhaal, "06")).await;
        chain.bevestig("gi", 1).await.expect("given out");
        chain.speel(&mut verhaal, &["06"]).await;
        chain.hub.delivery.blad(&chain.peer("gi"), None, 10, usize::MAX).await.expect("the mailbox is read");
        let records: Vec<(i64, String, String, i32, Option<i64>, String)> =
            chain.rijen("select nr, handeling, wie, soort, nummer, reden from audit order by nr").await;
        let record = |nr, handeling: &str, wie, soort, nummer, reden: &str| {
            (nr, handeling.to_owned(), oin(wie).to_string(), soort, nummer, reden.to_owned())
        };
        assert_eq!(
            records,
            [
                (1, "SLEUTEL".to_owned(), HUB.to_owned(), 0, None, "NIEUW".to_owned()),
                record(2, "AANVAARD", "rechtbank", 11, Some(1), ""),
                record(3, "AANVAARD", "gi", 16, Some(2), ""),
                record(4, "GEWEIGERD", "aanbieder-2", 19, None, "NIET_GEVONDEN"),
                record(5, "BEVESTIGD", "gi", 0, Some(1), ""),
                record(6, "AANVAARD", "aanbieder", 19, Some(3), ""),
                record(7, "GELEVERD", "gi", 19, Some(3), ""),
            ]
        );
        // A repetition is no act.
        let weer = bericht(&mut verhaal, "03");
        chain.aanvaard("gi", &weer).await;
        chain.aanvaard("gi", &weer).await;
        assert_eq!(chain.rijen::<(i64,)>("select max(nr) from audit").await, [(8,)]);
    }

    async fn attempts_are_counted_per_gemeente_and_period(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05"]).await;
        let begin = chain.clock.micros();
        for (gemeente, keer) in [("gemeente", 2), ("gemeente-2", 1)] {
            for _ in 0..keer {
                let mut poging = bericht(&mut verhaal, "28");
                inhoud!(poging, Woonplaatsmelding).reden = 7;
                let refusal = chain.geweigerd(gemeente, &poging).await;
                assert!(matches!(refusal, Refusal::OngeoorloofdeToetsing(_)), "{refusal:?}");
                chain.dagen_later(1);
            }
        }
        // An honest fault is no attempt.
        let mut fout = bericht(&mut verhaal, "28");
        inhoud!(fout, Woonplaatsmelding).gemeentecode.clear();
        assert!(matches!(chain.geweigerd("gemeente", &fout).await, Refusal::Inhoud(_)));
        let mut lezing = chain.hub.store.read().await.expect("a connection");
        let telling = toezicht::toetsingspogingen(&mut lezing.conn(), begin, chain.clock.micros()).await.expect("a tally");
        let telling: Vec<_> = telling.iter().map(|p| (p.gemeente.clone(), p.aantal)).collect();
        assert_eq!(telling, [(oin("gemeente").to_string(), 2), (oin("gemeente-2").to_string(), 1)]);
        let later = toezicht::toetsingspogingen(&mut lezing.conn(), begin + 1, chain.clock.micros()).await.expect("a tally");
        assert_eq!(later[0].aantal, 1);
    }
}
