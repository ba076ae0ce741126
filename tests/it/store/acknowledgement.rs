//! Confirming receipt: once, upwards, and only of what was given out. The three moments of a message stay apart.

use chrono::TimeDelta;
use jeugdketen_proto::v1::Bericht;
use ketenhub::admission::Gestaakt;
use ketenhub::domain::ids::MaatregelId;
use ketenhub::store::zaken;

use crate::support::chain::{begin, both, oin};
use crate::support::verhaal::Verhaal;

both! {
    async fn receipt_is_noted_once_and_a_lower_number_changes_nothing(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["01", "02", "05", "06"]).await;
        chain.dagen_later(1);
        assert_eq!(chain.bevestig("gi", 2).await.expect("given out"), 2);
        chain.dagen_later(1);
        assert_eq!(chain.bevestig("gi", 1).await.expect("given out"), 2);
        assert_eq!(chain.rijen::<(i64,)>("select bevestigd_tot from postvakken where oin = '00000099020000001000'").await, [(2,)]);
        assert_eq!(chain.bevestig("gi", 2).await.expect("given out"), 2);
        assert_eq!(chain.bevestig("gi", 3).await.expect("given out"), 3);
        let dag = TimeDelta::days(1).num_microseconds().expect("a day");
        let begin = begin().timestamp_micros();
        let post: Vec<(i64, Option<i64>)> =
            chain.rijen("select nr, ontvangen_op from postvak where ontvanger = '00000099020000001000' order by nr").await;
        assert_eq!(post, [(1, Some(begin + dag)), (2, Some(begin + dag)), (3, Some(begin + 2 * dag))]);
        let (leveringen, stand) = chain.hub.delivery.blad(&chain.peer("gi"), None, 10, usize::MAX).await.expect("a page");
        assert!(leveringen.is_empty() && stand.bevestigd_tot == 3);
        // Nobody else's mailbox moved.
        assert_eq!(chain.rijen::<(i64,)>("select count(*) from postvak where ontvangen_op is not null").await, [(3,)]);
    }

    async fn a_number_that_was_never_given_out_is_refused(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02"]).await;
        for (naam, nummer) in [("gi", 2), ("gi", i64::MAX), ("gemeente-3", 1)] {
            let uitkomst = chain.bevestig(naam, nummer).await;
            assert!(matches!(uitkomst, Err(Gestaakt::OnbekendNummer)), "{naam} {nummer}: {uitkomst:?}");
        }
        assert_eq!(chain.rijen::<(i64,)>("select count(*) from audit where handeling = 'BEVESTIGD'").await, [(0,)]);
    }

    async fn a_year_of_mail_is_confirmed_at_once_and_taken_in_parts(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02"]).await;
        // The same message 2,500 times, as no hub would deliver it.
        chain.knoei(
            "insert into postvak (ontvanger, nr, rol, volgnummer, aangeboden_op)
             with recursive n(nr) as (select 2 union all select nr + 1 from n where nr < 2500)
             select ontvanger, n.nr, rol, volgnummer, aangeboden_op from postvak join n on true where ontvanger = '00000099020000001000' and postvak.nr = 1",
        ).await;
        chain.knoei("update postvakken set laatste_nr = 2500 where oin = '00000099020000001000'").await;
        // By a hub that wrote nothing yet, and so remembers no mailbox.
        let hub = chain.tweede_hub().await;
        assert_eq!(hub.admission.bevestig(&chain.peer("gi"), 2300).await.expect("given out"), 2300);
        let bevestigd = chain.rijen::<(i64, i64)>("select count(*), max(nr) from postvak where ontvangen_op is not null").await;
        assert_eq!(bevestigd, [(2300, 2300)]);
        let aantekeningen = "select nummer from audit where handeling = 'BEVESTIGD' order by nr";
        assert_eq!(chain.rijen::<(i64,)>(aantekeningen).await, [(1000,), (2000,), (2300,)]);
    }

    async fn pronounced_offered_and_received_are_three_moments(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02"]).await;
        chain.dagen_later(10);
        chain.bevestig("gi", 1).await.expect("given out");
        let zaak = MaatregelId::parse(&verhaal.zaak).expect("a case");
        let mut lezing = chain.hub.store.read().await.expect("a connection");
        let events = zaken::gebeurtenissen(&mut lezing.conn(), zaak).await.expect("events");
        let [aangeboden, ontvangen] = &events[..] else { panic!("{events:?}") };
        assert_eq!((aangeboden.soort, aangeboden.op), (0, begin().timestamp_micros()));
        assert_eq!((ontvangen.soort, ontvangen.betrokkene.as_str()), (1, oin("gi").as_str()));
        assert_eq!(ontvangen.op, (begin() + TimeDelta::days(10)).timestamp_micros());
        let feiten = zaken::feiten(&mut lezing.conn(), &chain.hub.kluis, &[zaak]).await.expect("facts");
        let mut uitspraak = Bericht::clone(&feiten[&zaak][0].bericht);
        let uitgesproken = crate::support::verhaal::inhoud!(uitspraak, Uitspraak).uitgesproken_op;
        assert_eq!(uitgesproken.map(|moment| moment.seconds), Some(1_773_828_900), "2026-03-18 10:15:00 UTC");
        let dossiers = zaken::dossiers(&mut lezing.conn(), &chain.hub.kluis, &[zaak]).await.expect("dossiers");
        assert_eq!(dossiers[0].ontvangsten[0].op.timestamp_micros(), ontvangen.op);
    }
}
