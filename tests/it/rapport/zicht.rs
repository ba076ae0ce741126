//! Who sees how much: the inspectie everything, an organisation its own, and others no small number.

use jeugdketen_proto::v1::beheer_service_client::BeheerServiceClient;
use jeugdketen_proto::v1::{GetNormcijfersRequest, Indicator, ListTekortenRequest, OpvolgenRequest, SoortKoppeling, Tekort, Uitsplitsing};

use super::{Toneel, getallen, regel, velden};
use crate::support::zaak::oin;

/// A quarter: 12 cases of gi-2 in Rijnmond and 3 in Zuid-West, 14 of gi and 2 of gi-3 in Zuid-West; all received in time but those of gi-3 and
/// 11 of gi-2. Then everything is long past.
pub(super) async fn kwartaal(toneel: &mut Toneel) {
    for _ in 0..4 {
        toneel.open("rechtbank", "gi-2", "0599").await;
    }
    toneel.zaak.bevestig("gi-2").await;
    for (gi, gemeente, aantal) in [("gi-2", "0599", 8), ("gi-2", "0518", 3), ("gi", "0518", 14), ("gi-3", "0518", 2)] {
        for _ in 0..aantal {
            toneel.open("rechtbank", gi, gemeente).await;
        }
    }
    toneel.zaak.bevestig("gi").await;
    toneel.dagen_later(140);
}

fn vraag(per: Uitsplitsing) -> GetNormcijfersRequest {
    let (vanaf, tot_en_met) = ("2026-10-01".to_owned(), "2026-12-31".to_owned());
    GetNormcijfersRequest { vanaf, tot_en_met, uitsplitsing: per.into(), ..Default::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn others_see_no_small_number_and_none_that_gives_one_back() {
    for mut toneel in Toneel::op_beide().await {
        kwartaal(&mut toneel).await;
        let zien = async |wie: &str, per| {
            let antwoord = toneel.normcijfers(wie, vraag(per)).await.unwrap();
            let lijnen = antwoord.regels.iter().filter(|regel| regel.indicator() == Indicator::KennisgevingTijdig);
            let cijfer = |regel: &jeugdketen_proto::v1::Normcijfer| (!regel.onderdrukt).then_some((regel.gehaald, regel.beoordeeld));
            (antwoord.kleinste_cel, antwoord.zaken, lijnen.map(cijfer).collect::<Vec<_>>())
        };
        // In order: the total, gi, gi-2, gi-3.
        let alles = vec![Some((18, 31)), Some((14, 14)), Some((4, 15)), Some((0, 2))];
        assert_eq!(zien("inspectie", Uitsplitsing::Gi).await, (0, Some(31), alles));
        // Without its own: 4 met it of 17. That is small, so the total would say it.
        assert_eq!(zien("gi", Uitsplitsing::Gi).await, (10, None, vec![None, Some((14, 14)), None, None]));
        // Without its own: 14 met it and 2 did not.
        assert_eq!(zien("gi-2", Uitsplitsing::Gi).await, (10, None, vec![None, Some((14, 14)), Some((4, 15)), None]));
        // Without its own nothing is small in the total: 18 met it, 11 did not. To hide 4 of 15, and 14 of 14 with it.
        assert_eq!(zien("gi-3", Uitsplitsing::Gi).await, (10, None, vec![Some((18, 31)), None, None, Some((0, 2))]));
        // In order: the total, Rijnmond (4 of 12), Zuid-West (14 of 19).
        let regios = vec![Some((18, 31)), Some((4, 12)), Some((14, 19))];
        assert_eq!(zien("inspectie", Uitsplitsing::Regio).await.2, regios);
        assert_eq!(zien("accounthoudende-regio", Uitsplitsing::Regio).await, (10, None, vec![Some((18, 31)), None, None]));
        assert_eq!(zien("accounthoudende-regio", Uitsplitsing::Unspecified).await.2, [Some((18, 31))]);

        let antwoord = toneel.normcijfers("gi-3", vraag(Uitsplitsing::Gi)).await.unwrap();
        let totaal = regel(&antwoord, Indicator::KennisgevingTijdig, "");
        assert_eq!((totaal.procent, totaal.toegelicht, totaal.niet_beoordeeld), (Some(58), None, None), "no finer numbers of others");
        assert_eq!(getallen(&regel(&antwoord, Indicator::KennisgevingTijdig, &oin("gi-3"))), [0, 2, 0, 0, 0, 0], "all of its own");
        let verborgen = regel(&antwoord, Indicator::KennisgevingTijdig, &oin("gi-2"));
        assert_eq!((verborgen.gehaald, verborgen.beoordeeld, verborgen.procent), (0, 0, None));
        assert_eq!(antwoord.peildatum, "2027-03-31");

        // Whoever takes over from a GI knows its cases too.
        let per = toneel.vandaag().to_string();
        let opvolgen = OpvolgenRequest { oin: oin("gi-3"), opvolger_oin: oin("gi"), per };
        BeheerServiceClient::new(toneel.zaak.kanaal("beheerder").await).opvolgen(opvolgen).await.unwrap();
        assert_eq!(zien("gi", Uitsplitsing::Gi).await.2, [None, Some((14, 14)), None, Some((0, 2))]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_the_inspectie_asks_only_what_cannot_be_subtracted() {
    let [mut toneel, _] = Toneel::op_beide().await;
    toneel.open("rechtbank", "gi", "0518").await;
    let goed = || vraag(Uitsplitsing::Unspecified);
    let geweigerd = async |wie: &str, vraag| velden(&toneel.normcijfers(wie, vraag).await.unwrap_err()).join(" ");
    assert_eq!(geweigerd("gi", goed()).await, "tot_en_met", "the quarter is not over");
    toneel.dagen_later(131);
    assert_eq!(toneel.vandaag().to_string(), "2027-03-31");
    let vroeg = GetNormcijfersRequest { tot_en_met: "2026-12-31".to_owned(), ..goed() };
    assert_eq!(geweigerd("gi", vroeg).await, "tot_en_met", "nor is the day on which it is looked at");
    toneel.dagen_later(1);
    for wie in ["gi", "accounthoudende-regio"] {
        assert_eq!(toneel.normcijfers(wie, goed()).await.unwrap().peildatum, "2027-03-31");
        let dag = |dag: &str| dag.to_owned();
        assert_eq!(geweigerd(wie, GetNormcijfersRequest::default()).await, "vanaf");
        assert_eq!(geweigerd(wie, GetNormcijfersRequest { vanaf: dag("2026-10-02"), ..goed() }).await, "vanaf");
        assert_eq!(geweigerd(wie, GetNormcijfersRequest { tot_en_met: dag("2026-12-30"), ..goed() }).await, "vanaf");
        assert_eq!(geweigerd(wie, GetNormcijfersRequest { peildatum: dag("2027-03-30"), ..goed() }).await, "peildatum");
        assert!(toneel.normcijfers(wie, GetNormcijfersRequest { peildatum: dag("2027-03-31"), ..goed() }).await.is_ok());
        assert_eq!(geweigerd(wie, GetNormcijfersRequest { gi_oin: oin("gi-2"), ..goed() }).await, "gi_oin");
        assert_eq!(geweigerd(wie, GetNormcijfersRequest { regio: dag("Rijnmond"), ..goed() }).await, "regio");
        assert_eq!(geweigerd(wie, GetNormcijfersRequest { rechtbank_oin: oin("rechtbank"), ..goed() }).await, "rechtbank_oin");
        for per in [Uitsplitsing::Rechtbank, Uitsplitsing::Gemeente] {
            assert_eq!(geweigerd(wie, vraag(per)).await, "uitsplitsing");
        }
    }
    assert_eq!(geweigerd("gi", vraag(Uitsplitsing::Regio)).await, "uitsplitsing");
    assert_eq!(geweigerd("accounthoudende-regio", vraag(Uitsplitsing::Gi)).await, "uitsplitsing");
    // A GI that names itself asks what it likes, and sees all of it.
    let eigen = GetNormcijfersRequest { gi_oin: oin("gi"), peildatum: "2026-12-24".to_owned(), uitsplitsing: 4, ..Default::default() };
    let antwoord = toneel.normcijfers("gi", eigen).await.unwrap();
    assert_eq!((antwoord.kleinste_cel, antwoord.zaken), (0, Some(1)));
    assert_eq!(getallen(&regel(&antwoord, Indicator::KoersTijdig, "0518")), [0, 0, 0, 0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shortage_is_shown_by_region_and_class_of_waiting_without_small_numbers() {
    let [mut toneel, _] = Toneel::op_beide().await;
    for (gi, gemeente, aantal) in [("gi", "0518", 12), ("gi-2", "0599", 4)] {
        for _ in 0..aantal {
            let zaak = toneel.open("rechtbank", gi, gemeente).await;
            toneel.koppel(gi, &zaak, SoortKoppeling::Vast).await;
            toneel.bepaal(gi, &zaak).await;
        }
    }
    toneel.dagen_later(12);
    let zien = async |wie: &str, op: &str| {
        let antwoord = toneel.toezicht(wie).await.list_tekorten(ListTekortenRequest { op: op.to_owned() }).await;
        antwoord.map(tonic::Response::into_inner)
    };
    let klassen = |r: &Tekort| (!r.onderdrukt).then_some([r.aantal, r.tot_zes_weken, r.tot_drie_maanden, r.langer]);
    // In order: all regions, Rijnmond, Zuid-West.
    let alles = [Some([16, 16, 0, 0]), Some([4, 4, 0, 0]), Some([12, 12, 0, 0])];
    let cellen = |antwoord: &jeugdketen_proto::v1::ListTekortenResponse| antwoord.regels.iter().map(klassen).collect::<Vec<_>>();
    let inspectie = zien("inspectie", "").await.unwrap();
    assert_eq!((cellen(&inspectie), inspectie.kleinste_cel, inspectie.op.as_str()), (alles.to_vec(), 0, "2026-12-02"));
    assert_eq!(inspectie.regels[0].langste_wachttijd_dagen, 12);
    let regios: Vec<_> = inspectie.regels.iter().map(|regel| regel.regio.as_str()).collect();
    assert_eq!(regios, ["", "Rijnmond", "Zuid-West"]);

    let regio = zien("accounthoudende-regio", "").await.unwrap();
    assert_eq!((cellen(&regio), regio.kleinste_cel, regio.op.as_str()), (vec![alles[0], None, None], 10, "2026-11-30"));
    assert!(regio.regels.iter().all(|regel| regel.bijzonderheden_onderdrukt && regel.langste_wachttijd_dagen == 0));
    // What each knows itself is subtracted: for gi the 4 are left, also in the total; for the aanbieder of all of it nothing is left.
    assert_eq!(cellen(&zien("gi", "").await.unwrap()), [None, None, alles[2]]);
    assert_eq!(cellen(&zien("gi-2", "").await.unwrap()), alles);
    assert_eq!(cellen(&zien("gemeente", "").await.unwrap()), [None, None, alles[2]]);
    let aanbieder = zien("aanbieder", "").await.unwrap();
    assert!(cellen(&aanbieder) == alles && aanbieder.regels.iter().all(|regel| !regel.bijzonderheden_onderdrukt));
    assert_eq!(cellen(&zien("aanbieder-2", "").await.unwrap()), [alles[0], None, None]);
    for (wie, dag) in [("gi", "2026-12-01"), ("gi", "2026-12-31"), ("inspectie", "2026-12-31"), ("inspectie", "gisteren")] {
        assert_eq!(velden(&zien(wie, dag).await.unwrap_err()), ["op"], "{wie} {dag}");
    }

    toneel.dagen_later(31);
    assert_eq!(cellen(&zien("inspectie", "").await.unwrap())[0], Some([16, 0, 16, 0]), "43 days");
    assert_eq!(cellen(&zien("inspectie", "2027-01-01").await.unwrap())[0], Some([16, 16, 0, 0]), "42 days");
    toneel.dagen_later(49);
    assert_eq!(cellen(&zien("inspectie", "2027-02-19").await.unwrap())[0], Some([16, 0, 16, 0]), "91 days");
    assert_eq!(cellen(&zien("inspectie", "").await.unwrap())[0], Some([16, 0, 0, 16]), "92 days");
}
