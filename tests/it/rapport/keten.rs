//! Queues, transfers and lead times.

use chrono::TimeDelta;
use jeugdketen_proto::v1::beheer_service_client::BeheerServiceClient;
use jeugdketen_proto::v1::{
    GetOverdrachtenRequest, GetOverdrachtenResponse, ListDoorlooptijdenRequest, ListWachtendenRequest, OpvolgenRequest, Overgenomen,
    SoortKoppeling, Stap, UitkomstIntake,
};

use super::{Maatregel, Toneel, velden, ziekte_vervangt};
use crate::support::verhaal::inhoud;
use crate::support::zaak::oin;

/// GI, region, in force, without, on a list, longest on it, with more than one.
async fn wachtenden(toneel: &Toneel, wie: &str, op: &str) -> Vec<(String, String, [u64; 5])> {
    let vraag = ListWachtendenRequest { op: op.to_owned() };
    let regels = toneel.toezicht(wie).await.list_wachtenden(vraag).await.unwrap().into_inner().regels;
    let getallen = |r: &jeugdketen_proto::v1::Wachtenden| {
        [r.aantal, r.zonder_jeugdbeschermer, r.op_lijst, r.langste_dagen, r.met_meer_jeugdbeschermers]
    };
    regels.into_iter().map(|regel| (regel.gi_oin.clone(), regel.regio.clone(), getallen(&regel))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_jeugdbeschermer_is_seen_by_gi_and_region_on_any_day() {
    for mut toneel in Toneel::op_beide().await {
        let lijst = toneel.open("rechtbank", "gi", "0518").await;
        let vast = toneel.open("rechtbank", "gi", "0518").await;
        toneel.open("rechtbank", "gi", "0518").await;
        toneel.open("rechtbank", "gi-2", "0599").await;
        let wacht = toneel.koppel("gi", &lijst, SoortKoppeling::Wachtlijstbeheer).await;
        toneel.koppel("gi", &vast, SoortKoppeling::Vast).await;
        toneel.koppel("gi", &vast, SoortKoppeling::Vast).await;
        toneel.dagen_later(9);
        let rij = |gi: &str, regio: &str, getallen| (oin(gi), regio.to_owned(), getallen);
        let toen = [rij("gi", "Zuid-West", [3, 2, 1, 9, 1]), rij("gi-2", "Rijnmond", [1, 1, 0, 0, 0])];
        assert_eq!(wachtenden(&toneel, "inspectie", "").await, toen);
        assert_eq!(wachtenden(&toneel, "gi", "").await, toen[..1], "a GI sees its own");
        assert_eq!(wachtenden(&toneel, "gi-2", "").await, toen[1..]);
        let dag = toneel.vandaag();
        toneel.dagen_later(1);
        let vandaag = toneel.vandaag().to_string();
        toneel
            .dien("gi", &lijst, "03", |bericht| {
                ziekte_vervangt(bericht, &wacht);
                let m = inhoud!(bericht, Koppeling);
                (m.gekoppeld_op, m.actief_contact_sinds) = (vandaag, String::new());
            })
            .await;
        assert_eq!(wachtenden(&toneel, "gi", "").await, [rij("gi", "Zuid-West", [3, 1, 0, 0, 1])]);
        assert_eq!(wachtenden(&toneel, "inspectie", &dag.to_string()).await, toen, "as was known then");
        assert_eq!(wachtenden(&toneel, "inspectie", "2026-11-19").await, []);
        toneel.dagen_later(365);
        assert_eq!(wachtenden(&toneel, "inspectie", "").await, [], "the maatregelen ended");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_jeugdbeschermer_of_who_took_over_from_a_gi_is_one_of_that_gi() {
    for mut toneel in Toneel::op_beide().await {
        let maatregel = toneel.open("rechtbank", "gi", "0518").await;
        let per = toneel.vandaag().to_string();
        let opvolgen = OpvolgenRequest { oin: oin("gi"), opvolger_oin: oin("gi-2"), per };
        BeheerServiceClient::new(toneel.zaak.kanaal("beheerder").await).opvolgen(opvolgen).await.unwrap();
        let rij = |zonder| [(oin("gi"), "Zuid-West".to_owned(), [1, zonder, 0, 0, 0])];
        assert_eq!(wachtenden(&toneel, "inspectie", "").await, rij(1));
        toneel.koppel("gi-2", &maatregel, SoortKoppeling::Vast).await;
        assert_eq!(wachtenden(&toneel, "inspectie", "").await, rij(0));
        assert_eq!(wachtenden(&toneel, "gi-2", "").await, rij(0), "it sees what it took over");
    }
}

async fn overdrachten(toneel: &Toneel, per: &str) -> GetOverdrachtenResponse {
    let vraag = GetOverdrachtenRequest { gi_oin: oin("gi"), per: per.to_owned() };
    toneel.toezicht("inspectie").await.get_overdrachten(vraag).await.unwrap().into_inner()
}

async fn vervang(toneel: &mut Toneel, maatregel: &Maatregel, gi: &str, per: &str) -> String {
    let nu = ketenhub::time::timestamp(toneel.zaak.clock.micros());
    toneel
        .dien("rechtbank", maatregel, "23", |bericht| {
            let m = inhoud!(bericht, Uitspraak);
            (m.gi_oin, m.ingangsdatum, m.uitgesproken_op) = (oin(gi), per.to_owned(), Some(nu));
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_maatregel_of_a_gi_that_stops_is_ended_or_elsewhere_or_still_there_and_none_is_double() {
    for mut toneel in Toneel::op_beide().await {
        let mut zaken = Vec::new();
        for _ in 0..5 {
            zaken.push(toneel.open("rechtbank", "gi", "0518").await);
        }
        toneel.open("rechtbank", "gi-2", "0518").await;
        toneel.dagen_later(5);
        let per = (toneel.vandaag() + TimeDelta::days(5)).to_string();
        let eerste = vervang(&mut toneel, &zaken[0], "gi-3", &per).await;
        let vandaag = toneel.vandaag().to_string();
        // One went elsewhere before, and came back; that is one maatregel, not two.
        vervang(&mut toneel, &zaken[1], "gi-2", &vandaag).await;
        vervang(&mut toneel, &zaken[1], "gi", &vandaag).await;
        toneel.dagen_later(5);
        toneel.zaak.bevestig("gi-3").await;
        toneel
            .dien("gi", &zaken[0], "24", |bericht| {
                let m = inhoud!(bericht, Overdracht);
                (m.uitspraak_id, m.overgedragen_op) = (eerste, per.clone());
                m.lopende_bepalingen.clear();
            })
            .await;
        toneel.koppel("gi-3", &zaken[0], SoortKoppeling::Vast).await;
        toneel.koppel("gi", &zaken[2], SoortKoppeling::Vast).await;
        vervang(&mut toneel, &zaken[2], "gi-2", &per).await;
        toneel.koppel("gi", &zaken[3], SoortKoppeling::Vast).await;
        toneel.dagen_later(1);
        let opheffing = (ketenhub::time::timestamp(toneel.zaak.clock.micros()), toneel.vandaag().to_string());
        toneel
            .dien("rechtbank", &zaken[4], "25", |bericht| {
                let m = inhoud!(bericht, Uitspraak);
                (m.uitgesproken_op, m.ingangsdatum) = (Some(opheffing.0), opheffing.1);
            })
            .await;

        let stand = overdrachten(&toneel, &per).await;
        assert_eq!((stand.aangeboden, stand.geeindigd, stand.zonder_andere_gi), (5, 1, 2));
        let regel = |gi: &str, alle: u64| Overgenomen {
            gi_oin: oin(gi),
            aantal: 1,
            ontvangen: alle,
            overgedragen: alle,
            met_jeugdbeschermer: alle,
        };
        assert_eq!(stand.regels, [regel("gi-2", 0), regel("gi-3", 1)]);
        let elders: u64 = stand.regels.iter().map(|regel| regel.aantal).sum();
        assert_eq!(stand.aangeboden, elders + stand.geeindigd + stand.zonder_andere_gi);
        let wacht = [(oin("gi-2"), "Zuid-West".to_owned(), [2, 2, 0, 0, 0])];
        assert_eq!(wachtenden(&toneel, "gi-2", "").await, wacht, "the jeugdbeschermer of another GI is none");
        assert_eq!(overdrachten(&toneel, "2026-11-20").await, GetOverdrachtenResponse::default(), "it held none on the day before");
        for (gi_oin, per, veld) in
            [(oin("gemeente"), "2026-11-20", "gi_oin"), (oin("gi"), "", "per"), (String::new(), "2026-11-20", "gi_oin")]
        {
            let vraag = GetOverdrachtenRequest { gi_oin, per: per.to_owned() };
            assert_eq!(velden(&toneel.toezicht("inspectie").await.get_overdrachten(vraag).await.unwrap_err()), [veld]);
        }
    }
}

/// Step, who, how often, and median, 95th percentile and longest in days.
async fn doorlooptijden(toneel: &Toneel, vanaf: &str, tot_en_met: &str) -> Vec<(Stap, String, [u64; 4])> {
    let vraag = ListDoorlooptijdenRequest { vanaf: vanaf.to_owned(), tot_en_met: tot_en_met.to_owned() };
    let regels = toneel.toezicht("inspectie").await.list_doorlooptijden(vraag).await.unwrap().into_inner().regels;
    regels.into_iter().map(|r| (r.stap(), r.oin.clone(), [r.aantal, r.p50_dagen, r.p95_dagen, r.max_dagen])).collect()
}

async fn intake(toneel: &mut Toneel, zaak: &Maatregel, bepaling: &str, aangemeld: i64, uitkomst: UitkomstIntake) {
    let (vandaag, aangemeld) = (toneel.vandaag().to_string(), (toneel.vandaag() - TimeDelta::days(aangemeld)).to_string());
    let nr = if uitkomst == UitkomstIntake::NietPassend { "07" } else { "06" };
    toneel
        .dien("aanbieder", zaak, nr, |bericht| {
            let m = inhoud!(bericht, Intakeresultaat);
            (m.bepaling_id, m.voorziening_nr) = (bepaling.to_owned(), 1);
            (m.aangemeld_op, m.intake_op) = (aangemeld, vandaag.clone());
            if uitkomst == UitkomstIntake::GeschiktWachtlijst {
                (m.wachtlijst_sinds, m.verwachte_start) = (vandaag, "2027-06-01".to_owned());
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_of_the_chain_are_timed_by_who_takes_them() {
    for mut toneel in Toneel::op_beide().await {
        for (nr, wacht) in [1, 2, 6].into_iter().enumerate() {
            let zaak = toneel.open("rechtbank", "gi", "0518").await;
            toneel.koers("gi", &zaak).await;
            toneel.dagen_later(wacht);
            let bepaling = toneel.bepaal("gi", &zaak).await;
            toneel.dagen_later(1);
            toneel.zaak.bevestig("aanbieder").await;
            let vandaag = toneel.vandaag().to_string();
            toneel
                .dien("gemeente", &zaak, "09", |bericht| {
                    let m = inhoud!(bericht, Verwerking);
                    (m.bepaling_id, m.voorziening_nr, m.verwerkt_op) = (bepaling.clone(), 1, vandaag);
                })
                .await;
            toneel.dagen_later(2);
            let uitkomst = if nr == 0 { UitkomstIntake::NietPassend } else { UitkomstIntake::GeschiktWachtlijst };
            intake(&mut toneel, &zaak, &bepaling, wacht, uitkomst).await;
            toneel.dagen_later(4 * wacht);
            if nr > 0 {
                toneel.start(&zaak, &bepaling).await;
            }
        }
        let rij = |stap, wie: &str, getallen| (stap, oin(wie), getallen);
        let alles = [
            rij(Stap::KoersTotOverleg, "gi", [3, 2, 6, 6]),
            rij(Stap::BepalingTotVerwerking, "gemeente", [3, 1, 1, 1]),
            rij(Stap::AanmeldingTotIntake, "aanbieder", [3, 2, 6, 6]),
            rij(Stap::WachtlijstTotStart, "aanbieder", [2, 8, 24, 24]),
            rij(Stap::BepalingTotAanbieder, "aanbieder", [3, 1, 1, 1]),
            rij(Stap::BepalingTotAfwijzing, "aanbieder", [1, 3, 3, 3]),
        ];
        assert_eq!(doorlooptijden(&toneel, "", "").await, alles);
        // The first case: koers on the 20th, bepaling on the 21st, received and processed on the 22nd, refused on the 24th.
        let tot_en_met_22 = [
            rij(Stap::KoersTotOverleg, "gi", [1, 1, 1, 1]),
            rij(Stap::BepalingTotVerwerking, "gemeente", [1, 1, 1, 1]),
            rij(Stap::BepalingTotAanbieder, "aanbieder", [1, 1, 1, 1]),
        ];
        assert_eq!(doorlooptijden(&toneel, "", "2026-11-22").await, tot_en_met_22);
        assert_eq!(doorlooptijden(&toneel, "2026-11-22", "2026-11-22").await, tot_en_met_22[1..]);
        assert_eq!(doorlooptijden(&toneel, "2026-11-23", "2026-11-23").await, []);
    }
}
