//! The scenarios of the source documents that turn on a clock, each by its number; those that do not stand in `admission::scenarios`.

use std::collections::{BTreeMap, BTreeSet};

use jeugdketen_proto::v1::{
    Bericht, Indicator, OordeelPassendheid, RedenWisseling, SoortKoppeling, SoortSignaal, StatusDeelnemer, ToelichtbareNorm, UitkomstKlok,
};
use ketenhub::domain::klok::Lezing;
use ketenhub::domain::refusal::Refusal;

use super::kind::{Kind, Norm, dag, klok, machtiging, ontvang_alles};
use super::waarschuwingen::{signalen, waarschuwingen};
use crate::support::chain::{both, oin};
use crate::support::verhaal::{bericht, inhoud, nieuw_id};

/// The judgement on an indicator today; none when it cannot be judged.
async fn oordeel(kind: &Kind<'_>, indicator: Indicator) -> Option<bool> {
    let stand = kind.stand().await;
    let gevonden = stand.beoordelingen(kind.chain.clock.today()).into_iter().find(|b| b.indicator == indicator);
    gevonden.expect("an indicator of every case").oordeel.ok()
}

/// Replaces the GI of a case from today on; returns the id of the uitspraak.
async fn vervang(kind: &mut Kind<'_>, gi: &'static str) -> String {
    let mut uitspraak = bericht(&mut kind.verhaal, "23");
    let m = inhoud!(uitspraak, Uitspraak);
    m.gi_oin = oin(gi).to_string();
    m.ingangsdatum = kind.chain.clock.today().to_string();
    m.uitgesproken_op = Some(ketenhub::time::timestamp(kind.chain.clock.micros()));
    let id = kind.zend("rechtbank", &uitspraak).await;
    kind.gi = gi;
    id
}

both! {
    async fn t1_a_gi_that_was_away_for_ten_days_has_five_werkdagen_from_its_receipt_and_the_child_three_months_from_the_uitspraak(chain: Chain) {
        chain.ga_naar("2020-11-13 15:00");
        let kind = Kind::met_uitspraak(&chain).await;
        chain.ga_naar("2020-11-17 00:00");
        assert_eq!(chain.hub.admission.tik().await.expect("the hub answers"), 1);
        // The court is told that its uitspraak is not there yet, once.
        let alarm = waarschuwingen(&chain, "rechtbank").await;
        assert_eq!(alarm, [(Norm::Kennisgeving, 100, "2020-11-17 00:00".to_owned())]);
        assert_eq!(signalen(&chain, "inspectie").await, [(SoortSignaal::NormVerstreken, Norm::Kennisgeving, oin("gi").to_string())]);
        chain.ga_naar("2020-11-23 09:00");
        assert_eq!(chain.postvak("gi").await.len(), 1, "it waited, and is there once");
        kind.ontvangen().await;
        let stand = kind.stand().await;
        assert_eq!(klok(&stand, Norm::Kennisgeving).uitkomst(Lezing::Strikt, dag("2020-11-23")).0, UitkomstKlok::TeLaat);
        let norm1 = klok(&stand, Norm::Jeugdbeschermer).looptijd.expect("it runs");
        assert_eq!((norm1.start, norm1.uiterlijk), (dag("2020-11-23"), dag("2020-11-30")));
        let norm3 = klok(&stand, Norm::PassendeHulp).looptijd.expect("it runs");
        assert_eq!((norm3.start, norm3.uiterlijk, norm3.verlengd), (dag("2020-11-13"), dag("2021-02-13"), dag("2021-02-15")));
    }

    async fn t4_the_108_maatregelen_of_a_bankrupt_gi_go_to_two_others_and_none_is_lost_or_double(chain: Chain) {
        chain.wijzig("gi-failliet", |briedis| (briedis.status, briedis.geldig_tot_en_met) = (StatusDeelnemer::Actief, None));
        chain.ga_naar("2021-04-12 10:00");
        let mut kinderen = Vec::new();
        for _ in 0..108 {
            let mut kind = Kind::met(&chain, "gi-failliet", |_| {}).await;
            kind.bepaling("2021-04-12").await;
            kinderen.push(kind);
        }
        ontvang_alles(&chain, "gi-failliet").await;
        let starten: Vec<_> = starten_van(&kinderen).await;
        chain.ga_naar("2021-06-01 10:00");
        chain.wijzig("gi-failliet", |briedis| briedis.status = StatusDeelnemer::Beeindigingscertificaat);
        let mut houders: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (nr, kind) in kinderen.iter_mut().enumerate() {
            let oud = kind.gi;
            let nieuw = if nr % 3 == 0 { "gi" } else { "gi-3" };
            vervang(kind, nieuw).await;
            houders.entry(nieuw).or_default().insert(kind.verhaal.zaak.clone());
            let mut koers = bericht(&mut kind.verhaal, "04");
            inhoud!(koers, Koers).bepaald_op = "2021-06-01".to_owned();
            assert_eq!(chain.geweigerd(oud, &koers).await, Refusal::NietGevonden, "the old GI has lost it");
            // What was determined stays valid: the aanbieder may still begin, and the new GI hears of it.
            if nr < 5 {
                kind.hulp("2021-06-01").await;
                assert!(chain.ziet(nieuw).await.iter().any(|b| b.maatregel_id == kind.verhaal.zaak && matches!(b.inhoud, Some(jeugdketen_proto::v1::bericht::Inhoud::HulpGestart(_)))));
            }
        }
        assert_eq!(houders.values().map(BTreeSet::len).collect::<Vec<_>>(), [36, 72]);
        assert_eq!(houders["gi"].intersection(&houders["gi-3"]).count(), 0);
        for (gi, zaken) in &houders {
            let gekregen: BTreeSet<_> = chain.ziet(gi).await.into_iter().filter(|b| b.inhoud.as_ref().is_some_and(|i| i.kind() == jeugdketen_proto::Kind::Uitspraak)).map(|b| b.maatregel_id).collect();
            assert_eq!(gekregen, *zaken, "{gi} got exactly the cases that the judge gave it");
        }
        let erna = starten_van(&kinderen).await;
        assert_eq!(starten, erna, "every clock keeps its start");
        for kind in &kinderen {
            assert_eq!(kind.stand().await.zaak.houder_op(chain.clock.today()), oin(kind.gi));
        }
        // The old GI sees nothing of them any more but that they went.
        assert!(chain.ziet("gi-failliet").await.iter().all(|b| matches!(&b.inhoud, Some(jeugdketen_proto::v1::bericht::Inhoud::Uitspraak(m)) if m.soort == 5)));
    }

    async fn gemeenten_that_merge_move_no_clock_and_the_one_that_is_left_hears_of_the_help(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        kind.bepaling("2020-11-02").await;
        let termijnen = |stand: &ketenhub::domain::klok::Stand| stand.klokken.iter().map(|klok| klok.looptijd).collect::<Vec<_>>();
        let voor = termijnen(&kind.stand().await);
        chain.ga_naar("2021-01-04 10:00");
        chain.wijzig("gemeente", |oud| {
            (oud.status, oud.opvolging) = (StatusDeelnemer::Beeindigd, Some((oin("gemeente-2"), dag("2021-01-01"))));
        });
        let start = kind.hulp("2021-01-04").await;
        assert_eq!(termijnen(&kind.stand().await), voor);
        assert!(chain.ziet("gemeente-2").await.iter().any(|bericht| bericht.bericht_id == start));
        kind.passendheid(1, "2021-01-04", OordeelPassendheid::ConformKoers, false).await;
        assert_eq!(kind.uitkomst(Norm::PassendeHulp).await, UitkomstKlok::Gehaald);
    }

    async fn t5_waiting_list_management_on_day_two_is_no_jeugdbeschermer_and_day_nine_is_too_late(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        kind.ontvangen().await;
        chain.ga_naar("2020-11-04 10:00");
        let lijst = kind.koppeling(SoortKoppeling::Wachtlijstbeheer, "2020-11-04").await;
        assert_eq!(kind.uitkomst(Norm::Jeugdbeschermer).await, UitkomstKlok::Loopt);
        assert_eq!(kind.stand().await.koppelingen.op_lijst_sinds(|gi| gi == oin("gi")), Some(dag("2020-11-04")));
        chain.ga_naar("2020-11-13 10:00");
        assert_eq!(kind.uitkomst(Norm::Jeugdbeschermer).await, UitkomstKlok::Verstreken);
        kind.wisseling(SoortKoppeling::Vast, "2020-11-13", &lijst, RedenWisseling::VoorspelbaarMoment).await;
        assert_eq!(kind.uitkomst(Norm::Jeugdbeschermer).await, UitkomstKlok::TeLaat);
        assert_eq!(oordeel(&kind, Indicator::JeugdbeschermerTijdig).await, Some(false));
        assert_eq!(oordeel(&kind, Indicator::JeugdbeschermerVast).await, Some(true));
        assert_eq!(kind.stand().await.koppelingen.op_lijst_sinds(|gi| gi == oin("gi")), None);
    }

    async fn t6_two_changes_for_illness_leave_norm_1_in_time_but_not_vast(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        kind.ontvangen().await;
        chain.ga_naar("2021-01-04 10:00");
        let een = kind.koppeling(SoortKoppeling::Vast, "2020-11-03").await;
        let twee = kind.wisseling(SoortKoppeling::Vast, "2020-12-01", &een, RedenWisseling::Ziekte).await;
        assert_eq!(oordeel(&kind, Indicator::JeugdbeschermerVast).await, Some(true), "one is allowed");
        kind.wisseling(SoortKoppeling::Vast, "2021-01-04", &twee, RedenWisseling::Ziekte).await;
        assert_eq!(oordeel(&kind, Indicator::JeugdbeschermerTijdig).await, Some(true));
        assert_eq!(oordeel(&kind, Indicator::JeugdbeschermerVast).await, Some(false));
    }

    async fn t7_a_koers_on_day_40_meets_norm_2_whenever_the_plan_is_written(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        chain.ga_naar("2020-12-12 10:00");
        // Goals alone are no koers.
        kind.koers_met("2020-12-01", |m| m.noodzakelijke_hulp_bepaald = false).await;
        assert_eq!(kind.uitkomst(Norm::Koers).await, UitkomstKlok::Loopt);
        kind.koers("2020-12-12").await;
        chain.ga_naar("2021-01-01 10:00");
        assert_eq!(kind.uitkomst(Norm::Koers).await, UitkomstKlok::Gehaald);
        assert_eq!(oordeel(&kind, Indicator::KoersGedragen).await, Some(true));
    }

    async fn t8_a_koers_on_day_50_is_late_and_explained_only_when_somebody_explains(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut met = Kind::met_uitspraak(&chain).await;
        let mut zonder = Kind::met_uitspraak(&chain).await;
        chain.ga_naar("2020-12-14 10:00");
        assert_eq!(met.uitkomst(Norm::Koers).await, UitkomstKlok::Loopt, "the last day");
        chain.ga_naar("2020-12-22 10:00");
        met.toelichting(ToelichtbareNorm::Koers).await;
        assert_eq!((met.uitkomst(Norm::Koers).await, zonder.uitkomst(Norm::Koers).await), (UitkomstKlok::Toegelicht, UitkomstKlok::Verstreken));
        let toegelicht_op = klok(&met.stand().await, Norm::Koers).toegelicht_op;
        assert_eq!(toegelicht_op, Some(chain.clock.now()));
        chain.ga_naar("2020-12-22 16:00");
        met.toelichting(ToelichtbareNorm::Koers).await;
        assert_eq!(klok(&met.stand().await, Norm::Koers).toegelicht_op, toegelicht_op, "the first counts");
        met.koers("2020-12-22").await;
        zonder.koers("2020-12-22").await;
        assert_eq!((met.uitkomst(Norm::Koers).await, zonder.uitkomst(Norm::Koers).await), (UitkomstKlok::Toegelicht, UitkomstKlok::TeLaat));
        assert_eq!(oordeel(&met, Indicator::KoersTijdig).await, Some(false), "explained is not met");
        assert_eq!(met.uitkomst(Norm::PassendeHulp).await, UitkomstKlok::Loopt, "it explains the norm it names and no other");
    }

    async fn t9_an_intake_in_the_second_month_and_a_waiting_list_stop_no_clock(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        kind.bepaling("2020-11-20").await;
        chain.ga_naar("2021-02-03 10:00");
        kind.intake_wachtlijst("2020-12-15", "2021-02-20").await;
        assert_eq!(kind.uitkomst(Norm::PassendeHulp).await, UitkomstKlok::Verstreken);
        chain.ga_naar("2021-03-05 10:00");
        kind.hulp("2021-03-05").await;
        kind.passendheid(1, "2021-03-05", OordeelPassendheid::ConformKoers, false).await;
        assert_eq!(kind.uitkomst(Norm::PassendeHulp).await, UitkomstKlok::TeLaat);
        assert_eq!(oordeel(&kind, Indicator::HulpIngezet).await, Some(true));
        assert_eq!(oordeel(&kind, Indicator::HulpTijdig).await, Some(false));
    }

    async fn t10_two_refused_intakes_and_a_start_in_time_meet_norm_3(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        kind.bepaling("2020-11-20").await;
        chain.ga_naar("2021-01-20 10:00");
        for _ in 0..2 {
            let mut afwijzing = bericht(&mut kind.verhaal, "07");
            let m = inhoud!(afwijzing, Intakeresultaat);
            m.aangemeld_op.clear();
            m.intake_op = "2020-12-10".to_owned();
            kind.zend("aanbieder-2", &afwijzing).await;
            let mut zonder = afwijzing.clone();
            zonder.bericht_id = nieuw_id();
            inhoud!(zonder, Intakeresultaat).samenwerkingscriterium = None;
            assert_eq!(chain.geweigerd("aanbieder-2", &zonder).await.faults()[0].veld, "intakeresultaat.samenwerkingscriterium");
        }
        // The third intake in a row plans a start, which stops nothing yet.
        kind.intake_gepland("2021-01-12", "2021-01-20").await;
        assert_eq!(kind.uitkomst(Norm::PassendeHulp).await, UitkomstKlok::Loopt);
        kind.hulp("2021-01-20").await;
        kind.passendheid(1, "2021-01-20", OordeelPassendheid::AlternatiefAkkoord, false).await;
        chain.ga_naar("2021-03-01 10:00");
        assert_eq!(kind.uitkomst(Norm::PassendeHulp).await, UitkomstKlok::Gehaald);
    }

    async fn t16_help_through_the_doorbraakaanpak_after_the_deadline_is_a_class_of_its_own(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut laat = Kind::met_uitspraak(&chain).await;
        let mut vroeg = Kind::met_uitspraak(&chain).await;
        laat.bepaling("2020-11-20").await;
        vroeg.bepaling("2020-11-20").await;
        chain.ga_naar("2021-03-05 10:00");
        for (kind, op) in [(&mut laat, "2021-03-01"), (&mut vroeg, "2021-01-11")] {
            kind.hulp(op).await;
            kind.passendheid(1, "2021-03-05", OordeelPassendheid::ConformKoers, true).await;
        }
        assert_eq!((laat.uitkomst(Norm::PassendeHulp).await, vroeg.uitkomst(Norm::PassendeHulp).await), (UitkomstKlok::Doorbraak, UitkomstKlok::Gehaald));
        assert_eq!(oordeel(&laat, Indicator::HulpTijdig).await, Some(false), "never silently on time");
    }

    async fn t17_a_machtiging_that_is_not_executed_in_three_months_lapses_with_a_warning(chain: Chain) {
        chain.ga_naar("2020-11-30 10:00");
        let uhp = |b: &mut Bericht| inhoud!(b, Uitspraak).machtigingen.push(machtiging("2020-11-30"));
        let mut uitgevoerd = Kind::met(&chain, "gi", uhp).await;
        let kind = Kind::met(&chain, "gi", uhp).await;
        uitgevoerd.bepaling("2020-12-01").await;
        chain.ga_naar("2020-12-20 10:00");
        uitgevoerd.verblijf("2020-12-18").await;
        chain.ga_naar("2021-03-01 00:00");
        while chain.hub.admission.tik().await.expect("the hub answers") > 0 {}
        let van = |zaak: &str, alle: &[Bericht]| -> Vec<u32> {
            let van_zaak = alle.iter().filter(|b| b.maatregel_id == zaak);
            van_zaak.filter_map(|b| match &b.inhoud {
                Some(jeugdketen_proto::v1::bericht::Inhoud::Klokwaarschuwing(m)) if m.norm() == Norm::Machtiging => Some(m.procent),
                _ => None,
            }).collect()
        };
        let gezien = chain.ziet("gi").await;
        assert_eq!(van(&kind.verhaal.zaak, &gezien), [50, 75, 90, 100]);
        assert_eq!(van(&uitgevoerd.verhaal.zaak, &gezien), [0_u32; 0], "it was executed");
        assert_eq!(kind.uitkomst(Norm::Machtiging).await, UitkomstKlok::Verstreken);
        assert_eq!(klok(&kind.stand().await, Norm::Machtiging).looptijd.expect("a term").uiterlijk, dag("2021-02-28"));
        assert_eq!(klok(&uitgevoerd.stand().await, Norm::Machtiging).gestopt, Some(dag("2020-12-17")), "the first night");
    }
}

/// The starts of all clocks of children.
async fn starten_van(kinderen: &[Kind<'_>]) -> Vec<Vec<Option<chrono::NaiveDate>>> {
    let mut alle = Vec::new();
    for kind in kinderen {
        let stand = kind.stand().await;
        alle.push(stand.klokken.iter().map(|klok| klok.looptijd.map(|looptijd| looptijd.start)).collect());
    }
    alle
}
