//! Early warning: at 50, 75, 90 and 100 percent of a term, once each, at the true moment, to whom it concerns and without a person to the
//! others.

use chrono_tz::Europe::Amsterdam;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{Klokwaarschuwing, OordeelPassendheid, SoortKoppeling, SoortSignaal};

use ketenhub::admission::Gestaakt;

use super::kind::{Kind, Norm, machtiging};
use crate::support::chain::{Chain, both, oin};
use crate::support::verhaal::{correctie_van, inhoud, nieuw_id};

/// The warnings in a mailbox.
async fn alle(chain: &Chain, naam: &str) -> Vec<Klokwaarschuwing> {
    let van_hub = |bericht: jeugdketen_proto::v1::Bericht| match bericht.inhoud {
        Some(Inhoud::Klokwaarschuwing(m)) => Some(m),
        _ => None,
    };
    chain.ziet(naam).await.into_iter().filter_map(van_hub).collect()
}

/// The warnings in a mailbox: clock, percent and moment in the Netherlands.
pub async fn waarschuwingen(chain: &Chain, naam: &str) -> Vec<(Norm, u32, String)> {
    let moment = |m: &Klokwaarschuwing| {
        let op = m.bereikt_op.expect("a moment");
        let op = chrono::DateTime::from_timestamp(op.seconds, 0).expect("a moment");
        op.with_timezone(&Amsterdam).format("%Y-%m-%d %H:%M").to_string()
    };
    alle(chain, naam).await.iter().map(|m| (m.norm(), m.procent, moment(m))).collect()
}

/// The warnings of a case that its GI got.
async fn alle_van(chain: &Chain, zaak: &str) -> Vec<(Norm, u32)> {
    let van_hub = |bericht: jeugdketen_proto::v1::Bericht| match bericht.inhoud {
        Some(Inhoud::Klokwaarschuwing(m)) if bericht.maatregel_id == zaak => Some((m.norm(), m.procent)),
        _ => None,
    };
    chain.ziet("gi").await.into_iter().filter_map(van_hub).collect()
}

/// The signals in a mailbox: kind, clock and GI.
pub async fn signalen(chain: &Chain, naam: &str) -> Vec<(SoortSignaal, Norm, String)> {
    let van_hub = |bericht: jeugdketen_proto::v1::Bericht| match bericht.inhoud {
        Some(Inhoud::Signaal(m)) => Some((m.soort(), m.norm(), m.gi_oin)),
        _ => None,
    };
    chain.ziet(naam).await.into_iter().filter_map(van_hub).collect()
}

/// Time passes up to a moment, hour by hour.
async fn tot(chain: &Chain, moment: &str) {
    let begin = chain.clock.now();
    chain.ga_naar(moment);
    let einde = chain.clock.now();
    chain.clock.advance(begin - einde);
    while chain.clock.now() < einde {
        let stap = chrono::TimeDelta::hours(1).min(einde - chain.clock.now());
        chain.clock.advance(stap);
        chain.hub.admission.tik().await.expect("the hub answers");
    }
}

both! {
    async fn each_part_of_a_term_is_told_once_at_its_moment(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let kind = Kind::met_uitspraak(&chain).await;
        kind.ontvangen().await;
        tot(&chain, "2021-02-10 12:00").await;
        // Norm 1: from the end of 2 November to the end of 9 November, seven days.
        let verwacht = [
            (Norm::Jeugdbeschermer, 50, "2020-11-06 12:00"),
            (Norm::Jeugdbeschermer, 75, "2020-11-08 06:00"),
            (Norm::Jeugdbeschermer, 90, "2020-11-09 07:12"),
            (Norm::Jeugdbeschermer, 100, "2020-11-10 00:00"),
            (Norm::Koers, 50, "2020-11-24 00:00"),
            (Norm::Koers, 75, "2020-12-04 12:00"),
            (Norm::Koers, 90, "2020-12-10 19:12"),
            (Norm::Koers, 100, "2020-12-15 00:00"),
            (Norm::PassendeHulp, 50, "2020-12-19 00:00"),
            (Norm::PassendeHulp, 75, "2021-01-11 00:00"),
            (Norm::PassendeHulp, 90, "2021-01-24 19:12"),
            (Norm::PassendeHulp, 100, "2021-02-03 00:00"),
        ];
        assert_eq!(waarschuwingen(&chain, "gi").await, verwacht.map(|(norm, procent, op)| (norm, procent, op.to_owned())));
        // When a term is over the accounthoudende regio and the inspectie hear it too: a GI and a number.
        let gi = oin("gi").to_string();
        let voorbij = [Norm::Jeugdbeschermer, Norm::Koers, Norm::PassendeHulp].map(|norm| (SoortSignaal::NormVerstreken, norm, gi.clone()));
        assert_eq!(signalen(&chain, "inspectie").await, voorbij);
        assert_eq!(signalen(&chain, "accounthoudende-regio").await, voorbij);
        assert_eq!(signalen(&chain, "accounthoudende-regio-2").await, []);
        for naam in ["inspectie", "accounthoudende-regio"] {
            for mut bericht in chain.ziet(naam).await {
                assert_eq!(inhoud!(bericht, Signaal).aantal, 1);
                assert_eq!(bericht.maatregel_id, "", "{naam} learns of no case");
            }
        }
        assert!(alle(&chain, "rechtbank").await.is_empty() && alle(&chain, "gemeente").await.is_empty());
    }

    async fn a_hub_that_was_away_tells_on_its_return_what_it_missed_with_the_true_moment(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let kind = Kind::met_uitspraak(&chain).await;
        kind.ontvangen().await;
        chain.ga_naar("2020-11-09 08:00");
        let tweede = chain.tweede_hub().await;
        // Whichever hub is first, each part is told once.
        let (een, twee) = tokio::join!(chain.hub.admission.tik(), tweede.admission.tik());
        assert_eq!((een.expect("an answer") + twee.expect("an answer"), chain.hub.admission.tik().await.expect("an answer")), (1, 0));
        let momenten = ["2020-11-06 12:00", "2020-11-08 06:00", "2020-11-09 07:12"].map(str::to_owned);
        let verwacht: Vec<_> = [50, 75, 90].into_iter().zip(momenten).map(|(procent, op)| (Norm::Jeugdbeschermer, procent, op)).collect();
        assert_eq!(waarschuwingen(&chain, "gi").await, verwacht);
        let ontvangen = chain.postvak("gi").await.last().expect("a delivery").aangeboden_op;
        assert_eq!(ontvangen, chain.clock.micros(), "the message itself is from now");
    }

    async fn a_clock_that_stopped_warns_no_more_and_one_that_is_corrected_warns_from_where_it_stands(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        kind.ontvangen().await;
        tot(&chain, "2020-11-07 10:00").await;
        let koppeling = kind.koppeling(SoortKoppeling::Vast, "2020-11-06").await;
        tot(&chain, "2020-11-20 10:00").await;
        assert_eq!(waarschuwingen(&chain, "gi").await.iter().map(|w| (w.0, w.1)).collect::<Vec<_>>(), [(Norm::Jeugdbeschermer, 50)]);
        // It turns out to have been waiting-list management: the parts that had passed are told now.
        let mut correctie = correctie_van(&koppeling, crate::support::verhaal::bericht(&mut kind.verhaal, "03"));
        correctie.bericht_id = nieuw_id();
        let m = inhoud!(correctie, Koppeling);
        (m.soort, m.gekoppeld_op) = (SoortKoppeling::Wachtlijstbeheer.into(), "2020-11-06".to_owned());
        m.actief_contact_sinds.clear();
        chain.aanvaard("gi", &correctie).await;
        chain.hub.admission.tik().await.expect("the hub answers");
        let van_norm1: Vec<_> = waarschuwingen(&chain, "gi").await.into_iter().filter(|w| w.0 == Norm::Jeugdbeschermer).map(|w| w.1).collect();
        assert_eq!(van_norm1, [50, 75, 90, 100]);
    }

    async fn an_earlier_deadline_moves_what_is_still_to_be_told(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        tot(&chain, "2020-11-10 10:00").await;
        kind.koers_met("2020-11-10", |m| {
            m.eerdere_termijn_hulp = "2020-11-20".to_owned();
            m.reden_eerdere_termijn = 1;
        })
        .await;
        tot(&chain, "2020-11-30 10:00").await;
        let hulp: Vec<_> = alle(&chain, "gi").await.into_iter().filter(|m| m.norm() == Norm::PassendeHulp).collect();
        assert_eq!(hulp.iter().map(|m| m.procent).collect::<Vec<_>>(), [50, 75, 90, 100]);
        assert!(hulp.iter().all(|m| m.uiterlijk == "2020-11-20" && m.start == "2020-11-02"));
    }

    async fn the_expertteam_is_proposed_from_three_quarters_on_unless_a_start_is_planned_within_the_term(chain: Chain) {
        let voorstel = async |chain: &Chain, zaak: &str| -> Vec<bool> {
            let gezien = chain.ziet("gi").await;
            let van_zaak = gezien.into_iter().filter(|bericht| bericht.maatregel_id == zaak);
            let hulp = van_zaak.filter_map(|bericht| match bericht.inhoud {
                Some(Inhoud::Klokwaarschuwing(m)) if m.norm() == Norm::PassendeHulp => Some(m.escalatie_voorgesteld),
                _ => None,
            });
            hulp.collect()
        };
        chain.ga_naar("2020-11-02 10:00");
        let mut gepland = Kind::met_uitspraak(&chain).await;
        let mut te_laat = Kind::met_uitspraak(&chain).await;
        let mut wachtlijst = Kind::met_uitspraak(&chain).await;
        let mut overbrugging = Kind::met_uitspraak(&chain).await;
        for kind in [&mut gepland, &mut te_laat, &mut wachtlijst, &mut overbrugging] {
            kind.bepaling("2020-11-10").await;
        }
        chain.ga_naar("2020-12-01 10:00");
        gepland.intake_gepland("2020-12-01", "2021-02-02").await;
        te_laat.intake_gepland("2020-12-01", "2021-02-03").await;
        wachtlijst.intake_wachtlijst("2020-12-01", "2021-01-15").await;
        overbrugging.hulp("2020-12-01").await;
        overbrugging.passendheid(1, "2020-12-01", OordeelPassendheid::Overbrugging, false).await;
        chain.ga_naar("2021-01-30 10:00");
        chain.hub.admission.tik().await.expect("the hub answers");
        assert_eq!(voorstel(&chain, &gepland.verhaal.zaak).await, [false, false, false]);
        for kind in [&te_laat, &wachtlijst, &overbrugging] {
            assert_eq!(voorstel(&chain, &kind.verhaal.zaak).await, [false, true, true]);
        }
    }

    async fn a_case_whose_facts_are_corrupt_silences_no_other(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let kapot = Kind::met_uitspraak(&chain).await;
        chain.knoei("update gebeurtenissen set betrokkene = 'nobody'").await;
        let gaaf = Kind::met_uitspraak(&chain).await;
        gaaf.ontvangen().await;
        chain.ga_naar("2020-11-30 10:00");
        let uitkomst = chain.hub.admission.tik().await;
        assert!(matches!(uitkomst, Err(Gestaakt::Store(_))), "the operator hears of it: {uitkomst:?}");
        let gewaarschuwd: Vec<_> = alle_van(&chain, &gaaf.verhaal.zaak).await;
        assert_eq!(gewaarschuwd, [(Norm::Jeugdbeschermer, 50), (Norm::Jeugdbeschermer, 75), (Norm::Jeugdbeschermer, 90), (Norm::Jeugdbeschermer, 100), (Norm::Koers, 50)]);
        assert_eq!(alle_van(&chain, &kapot.verhaal.zaak).await, []);
    }

    async fn a_child_that_may_be_placed_out_of_home_and_was_not_heard_is_a_signal_once(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met(&chain, "gi", |b| inhoud!(b, Uitspraak).machtigingen.push(machtiging("2020-11-02"))).await;
        chain.ga_naar("2020-11-20 10:00");
        for _ in 0..2 {
            kind.koers_met("2020-11-20", |m| {
                (m.jeugdige_gesproken, m.met_jeugdige) = (false, Some(false));
                m.reden_niet_gesproken = 4;
            })
            .await;
        }
        let signaal = (SoortSignaal::NietGesprokenBijUithuisplaatsing, Norm::Unspecified, oin("gi").to_string());
        assert_eq!(signalen(&chain, "inspectie").await, [signaal]);
        // Without such a machtiging it is none.
        let mut thuis = Kind::met_uitspraak(&chain).await;
        thuis
            .koers_met("2020-11-20", |m| {
                (m.jeugdige_gesproken, m.met_jeugdige) = (false, Some(false));
                m.reden_niet_gesproken = 1;
            })
            .await;
        assert_eq!(signalen(&chain, "inspectie").await.len(), 1);
    }
}
