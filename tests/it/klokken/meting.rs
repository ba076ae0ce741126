//! How the clocks are read off the messages: what stops them, what does not, what cannot be judged.

use jeugdketen_proto::v1::{Indicator, OordeelPassendheid, RedenNietBeoordeeld, SoortKoppeling, SoortUitspraak, UitkomstKlok};
use ketenhub::domain::beleid::{Beleid, Norm2Begin};
use ketenhub::domain::ids::MaatregelId;
use ketenhub::domain::klok::{Lezing, meet, middernacht};
use ketenhub::store::zaken;

use super::kind::{Kind, Norm, dag, klok, machtiging, ontvang_alles};
use crate::support::chain::{both, oin};
use crate::support::verhaal::{bericht, correctie_van, inhoud, intrekking_van, nieuw_id};

/// The judgement on an indicator at the end of a day, from what is known now.
async fn oordeel(kind: &Kind<'_>, indicator: Indicator, op: &str) -> Result<bool, RedenNietBeoordeeld> {
    let alle = kind.stand().await.beoordelingen(dag(op));
    alle.into_iter().find(|b| b.indicator == indicator).expect("an indicator of every case").oordeel
}

both! {
    async fn a_minimal_variant_counts_from_its_active_contact_in_the_reading_of_the_inspectorates_only(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        for (soort, telt) in [
            (SoortKoppeling::Verdeellijst, true),
            (SoortKoppeling::BeperktHulpaanbod, true),
            (SoortKoppeling::Wachtlijstbeheer, false),
            (SoortKoppeling::Bureaudienst, false),
        ] {
            chain.ga_naar("2020-11-02 10:00");
            let mut kind = Kind::met_uitspraak(&chain).await;
            kind.ontvangen().await;
            chain.ga_naar("2020-11-06 10:00");
            kind.koppeling_met(soort, "2020-11-03", |m| m.actief_contact_sinds = "2020-11-05".to_owned()).await;
            assert_eq!(oordeel(&kind, Indicator::JeugdbeschermerTijdig, "2020-11-10").await, Ok(telt), "{soort:?}");
            assert_eq!(oordeel(&kind, Indicator::JeugdbeschermerTijdigStrikt, "2020-11-10").await, Ok(false), "{soort:?}");
        }
        chain.ga_naar("2020-11-02 10:00");
        let mut zonder_contact = Kind::met_uitspraak(&chain).await;
        zonder_contact.ontvangen().await;
        chain.ga_naar("2020-11-06 10:00");
        zonder_contact.koppeling(SoortKoppeling::Verdeellijst, "2020-11-03").await;
        assert_eq!(oordeel(&zonder_contact, Indicator::JeugdbeschermerTijdig, "2020-11-10").await, Ok(false));
    }

    async fn a_jeugdbeschermer_by_the_day_of_the_uitspraak_is_in_time_whenever_the_gi_was_told(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let (mut ervoor, mut erna) = (Kind::met_uitspraak(&chain).await, Kind::met_uitspraak(&chain).await);
        let mut op_de_dag = Kind::met_uitspraak(&chain).await;
        chain.ga_naar("2020-11-03 10:00");
        ervoor.koppeling(SoortKoppeling::Vast, "2020-10-30").await;
        op_de_dag.koppeling(SoortKoppeling::Vast, "2020-11-02").await;
        erna.koppeling(SoortKoppeling::Vast, "2020-11-03").await;
        assert_eq!(oordeel(&ervoor, Indicator::JeugdbeschermerTijdig, "2020-11-03").await, Ok(true));
        assert_eq!(oordeel(&op_de_dag, Indicator::JeugdbeschermerTijdig, "2020-11-03").await, Ok(true));
        // Acting is not acknowledging: when this GI was told is not known, and is not guessed.
        assert_eq!(oordeel(&erna, Indicator::JeugdbeschermerTijdig, "2021-03-01").await, Err(RedenNietBeoordeeld::GeenOntvangst));
        assert_eq!(oordeel(&erna, Indicator::JeugdbeschermerVast, "2021-03-01").await, Ok(true));
        assert_eq!(klok(&erna.stand().await, Norm::Kennisgeving).uitkomst(Lezing::Strikt, dag("2021-03-01")).0, UitkomstKlok::Verstreken);
        // What the gemeente acknowledges says nothing of the GI.
        ontvang_alles(&chain, "gemeente").await;
        assert_eq!(oordeel(&erna, Indicator::JeugdbeschermerTijdig, "2021-03-01").await, Err(RedenNietBeoordeeld::GeenOntvangst));
        // A receipt that comes after all starts the clock; the link lies before it.
        erna.ontvangen().await;
        assert_eq!(oordeel(&erna, Indicator::JeugdbeschermerTijdig, "2021-03-01").await, Ok(true));
    }

    async fn a_koers_or_help_from_before_the_uitspraak_was_not_brought_about_for_it(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        kind.bepaling("2020-11-02").await;
        kind.koers("2020-10-15").await;
        kind.hulp("2020-10-20").await;
        kind.passendheid(1, "2020-11-02", OordeelPassendheid::ConformKoers, false).await;
        for (tijdig, is_er) in [(Indicator::KoersTijdig, Indicator::KoersUitgezet), (Indicator::HulpTijdig, Indicator::HulpIngezet)] {
            assert_eq!(oordeel(&kind, tijdig, "2021-03-01").await, Err(RedenNietBeoordeeld::VoorUitspraak));
            assert_eq!(oordeel(&kind, is_er, "2021-03-01").await, Ok(true));
        }
        chain.ga_naar("2020-11-20 10:00");
        kind.koers("2020-11-20").await;
        assert_eq!(oordeel(&kind, Indicator::KoersTijdig, "2021-03-01").await, Ok(true), "one that was set for it counts");
    }

    async fn help_that_nobody_judged_cannot_be_judged_and_bridging_help_does_not_count(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        kind.bepaling("2020-11-02").await;
        chain.ga_naar("2020-12-01 10:00");
        kind.hulp("2020-12-01").await;
        assert_eq!(oordeel(&kind, Indicator::HulpTijdig, "2021-02-02").await, Err(RedenNietBeoordeeld::LooptNog));
        assert_eq!(oordeel(&kind, Indicator::HulpTijdig, "2021-02-03").await, Err(RedenNietBeoordeeld::PassendheidOnbekend));
        assert_eq!(oordeel(&kind, Indicator::HulpIngezet, "2021-02-03").await, Err(RedenNietBeoordeeld::PassendheidOnbekend));
        kind.passendheid(1, "2020-12-01", OordeelPassendheid::Overbrugging, false).await;
        assert_eq!(oordeel(&kind, Indicator::HulpTijdig, "2021-02-03").await, Ok(false));
        // The latest judgement counts, and of several the first help that fits.
        kind.verblijf("2020-11-30").await;
        kind.passendheid(3, "2020-12-01", OordeelPassendheid::ConformKoers, false).await;
        assert_eq!(klok(&kind.stand().await, Norm::PassendeHulp).gestopt, Some(dag("2020-11-30")));
        kind.passendheid(1, "2020-12-01", OordeelPassendheid::AlternatiefAkkoord, false).await;
        kind.passendheid(3, "2020-12-01", OordeelPassendheid::Overbrugging, false).await;
        assert_eq!(klok(&kind.stand().await, Norm::PassendeHulp).gestopt, Some(dag("2020-12-01")));
    }

    async fn a_koers_is_gedragen_when_everybody_took_part_and_not_judged_when_that_is_not_stated(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        assert_eq!(oordeel(&kind, Indicator::KoersGedragen, "2020-11-02").await, Err(RedenNietBeoordeeld::LooptNog));
        assert_eq!(oordeel(&kind, Indicator::KoersGedragen, "2021-01-01").await, Ok(false), "no koers when there had to be one");
        for (netwerk, verwacht) in [(Some(true), Ok(true)), (Some(false), Ok(false)), (None, Err(RedenNietBeoordeeld::DeelnameOnbekend))] {
            kind.koers_met("2020-11-02", |m| m.met_netwerk = netwerk).await;
            assert_eq!(oordeel(&kind, Indicator::KoersGedragen, "2020-11-02").await, verwacht, "the latest counts");
        }
        kind.koers_met("2020-11-02", |m| (m.met_netwerk, m.met_ouders) = (None, Some(false))).await;
        assert_eq!(oordeel(&kind, Indicator::KoersGedragen, "2020-11-02").await, Ok(false), "one who did not is enough");
    }

    async fn a_maatregel_that_ends_within_a_term_cannot_be_judged_on_it_and_one_that_ends_after_it_can(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        kind.ontvangen().await;
        chain.ga_naar("2020-11-25 10:00");
        let mut einde = bericht(&mut kind.verhaal, "25");
        let m = inhoud!(einde, Uitspraak);
        m.uitgesproken_op = Some(ketenhub::time::timestamp(chain.clock.micros()));
        m.ingangsdatum = "2020-11-26".to_owned();
        m.gi_oin = oin("gi").to_string();
        assert_eq!(oordeel(&kind, Indicator::KoersTijdig, "2020-12-31").await, Ok(false));
        kind.zend("rechtbank", &einde).await;
        assert_eq!(oordeel(&kind, Indicator::KoersTijdig, "2020-12-31").await, Err(RedenNietBeoordeeld::MaatregelGeeindigd));
        assert_eq!(oordeel(&kind, Indicator::HulpTijdig, "2021-12-31").await, Err(RedenNietBeoordeeld::MaatregelGeeindigd));
        assert_eq!(oordeel(&kind, Indicator::JeugdbeschermerTijdig, "2020-12-31").await, Ok(false), "that term was over");
        chain.hub.admission.tik().await.expect("the hub answers");
        chain.ga_naar("2021-06-01 10:00");
        assert_eq!(chain.hub.admission.tik().await.expect("the hub answers"), 0, "nothing runs any more");
    }

    async fn a_maatregel_whose_last_day_lies_within_a_term_ends_by_itself(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let kind = Kind::met(&chain, "gi", |b| inhoud!(b, Uitspraak).einddatum = "2020-12-01".to_owned()).await;
        assert_eq!(oordeel(&kind, Indicator::KoersTijdig, "2020-12-01").await, Err(RedenNietBeoordeeld::LooptNog));
        assert_eq!(oordeel(&kind, Indicator::KoersTijdig, "2020-12-02").await, Err(RedenNietBeoordeeld::MaatregelGeeindigd));
    }

    async fn an_earlier_deadline_binds_and_no_later_message_relaxes_it(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        for termijn in ["2020-11-16", "2020-12-01"] {
            kind.koers_met("2020-11-02", |m| {
                (m.doelen_bepaald, m.eerdere_termijn_koers) = (false, termijn.to_owned());
                m.reden_eerdere_termijn = 1;
            })
            .await;
        }
        let looptijd = klok(&kind.stand().await, Norm::Koers).looptijd.expect("a term");
        assert_eq!((looptijd.uiterlijk, looptijd.eerder), (dag("2020-11-16"), true));
        assert_eq!(oordeel(&kind, Indicator::KoersTijdig, "2020-11-17").await, Ok(false));
    }

    async fn a_correction_counts_from_its_acceptance_and_what_was_known_before_stays(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        kind.ontvangen().await;
        chain.ga_naar("2020-11-16 10:00");
        let koppeling = kind.koppeling(SoortKoppeling::Vast, "2020-11-06").await;
        chain.ga_naar("2020-12-10 10:00");
        let mut correctie = correctie_van(&koppeling, bericht(&mut kind.verhaal, "03"));
        correctie.bericht_id = nieuw_id();
        let m = inhoud!(correctie, Koppeling);
        (m.gekoppeld_op, m.actief_contact_sinds) = ("2020-11-12".to_owned(), String::new());
        kind.zend("gi", &correctie).await;

        let id = MaatregelId::parse(&kind.verhaal.zaak).expect("a case");
        let mut lezing = chain.hub.store.read().await.expect("a connection");
        let dossier = zaken::dossiers(&mut lezing.conn(), &chain.hub.kluis, &[id]).await.expect("dossiers").remove(0);
        for (op, verwacht) in [
            ("2020-11-05", UitkomstKlok::Loopt),
            ("2020-11-10", UitkomstKlok::Verstreken),
            ("2020-11-20", UitkomstKlok::Gehaald),
            ("2020-12-20", UitkomstKlok::TeLaat),
        ] {
            let toen = dossier.clone().bekend_voor(middernacht(dag(op).succ_opt().expect("a day"))).expect("it was known");
            let stand = meet(&toen, &Beleid::default()).expect("facts that do not contradict each other");
            assert_eq!(klok(&stand, Norm::Jeugdbeschermer).uitkomst(Lezing::Strikt, dag(op)).0, verwacht, "as known on {op}");
        }
        assert!(dossier.bekend_voor(middernacht(dag("2020-11-02"))).is_none(), "before the uitspraak there was nothing to know");
    }

    async fn what_is_withdrawn_stops_nothing_and_a_case_that_was_never_there_has_no_clocks(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        let koers = kind.koers("2020-11-02").await;
        assert_eq!(kind.uitkomst(Norm::Koers).await, UitkomstKlok::Gehaald);
        kind.zend("gi", &intrekking_van(&koers, &kind.verhaal.zaak)).await;
        assert_eq!(kind.uitkomst(Norm::Koers).await, UitkomstKlok::Loopt);
        kind.zend("rechtbank", &intrekking_van(&kind.verhaal.ids["02"], &kind.verhaal.zaak)).await;
        let stand = kind.stand().await;
        assert!(stand.klokken.is_empty() && stand.beoordelingen(dag("2021-01-01")).is_empty());
    }

    async fn a_child_that_lives_elsewhere_already_when_the_machtiging_is_given_has_it_executed_at_once(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        kind.bepaling("2020-11-02").await;
        chain.ga_naar("2020-11-20 10:00");
        kind.verblijf("2020-11-10").await;
        let mut verlenging = bericht(&mut kind.verhaal, "22");
        let m = inhoud!(verlenging, Uitspraak);
        assert_eq!(m.soort(), SoortUitspraak::Verlenging);
        m.uitgesproken_op = Some(ketenhub::time::timestamp(chain.clock.micros()));
        (m.ingangsdatum, m.einddatum) = ("2021-11-02".to_owned(), "2022-11-01".to_owned());
        m.machtigingen = vec![machtiging("2020-11-20")];
        m.gi_oin = oin("gi").to_string();
        kind.zend("rechtbank", &verlenging).await;
        let stand = kind.stand().await;
        let gegeven = klok(&stand, Norm::Machtiging);
        assert_eq!((gegeven.nummer, gegeven.gestopt), (1, Some(dag("2020-11-20"))));
        // One that had gone home again by then does not.
        let mut einde = bericht(&mut kind.verhaal, "29");
        let m = inhoud!(einde, HulpBeeindigd);
        m.beeindigd_op = "2020-11-19".to_owned();
        kind.zend("aanbieder-3", &einde).await;
        assert_eq!(klok(&kind.stand().await, Norm::Machtiging).gestopt, None);
    }

    async fn norm_2_begins_where_the_policy_says_and_an_extended_term_is_shown_beside_the_strict_one(chain: Chain) {
        chain.ga_naar("2020-11-13 10:00");
        let kind = Kind::met_uitspraak(&chain).await;
        let id = MaatregelId::parse(&kind.verhaal.zaak).expect("a case");
        let mut lezing = chain.hub.store.read().await.expect("a connection");
        let voor = zaken::dossiers(&mut lezing.conn(), &chain.hub.kluis, &[id]).await.expect("dossiers").remove(0);
        chain.ga_naar("2020-11-23 10:00");
        kind.ontvangen().await;
        let na = zaken::dossiers(&mut lezing.conn(), &chain.hub.kluis, &[id]).await.expect("dossiers").remove(0);
        let ontvangen = Beleid { norm2_begin: Norm2Begin::Ontvangen, ..Beleid::default() };
        assert_eq!(klok(&meet(&voor, &ontvangen).expect("a case"), Norm::Koers).looptijd, None);
        assert_eq!(klok(&meet(&na, &ontvangen).expect("a case"), Norm::Koers).looptijd.expect("a term").uiterlijk, dag("2021-01-04"));
        let strikt = klok(&meet(&na, &Beleid::default()).expect("a case"), Norm::Koers).looptijd.expect("a term");
        assert_eq!((strikt.uiterlijk, strikt.verlengd), (dag("2020-12-25"), dag("2020-12-28")));
        let verlengd = Beleid { verleng: true, ..Beleid::default() };
        assert_eq!(klok(&meet(&na, &verlengd).expect("a case"), Norm::Koers).looptijd.expect("a term").uiterlijk, dag("2020-12-28"));
    }
}
