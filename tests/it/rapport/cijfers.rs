//! How often each norm was met: every outcome, the denominators, the columns, and what was known when.

use jeugdketen_proto::v1::{GetNormcijfersRequest, Indicator, SoortKoppeling, ToelichtbareNorm, Uitsplitsing};
use ketenhub::domain::rapport::{NOORD_HOLLAND_AMSTERDAM, ONBEKEND};

use super::{Maatregel, Toneel, getallen, regel, velden};
use crate::support::verhaal::{inhoud, intrekking_van};
use crate::support::zaak::oin;

/// Four cases: one in which all goes well; one with a minimale variant, a toelichting and a doorbraak; one of which the GI never hears; and one
/// that has only begun.
async fn vier(toneel: &mut Toneel) -> [Maatregel; 4] {
    let goed = toneel.open("rechtbank", "gi", "0518").await;
    let moeizaam = toneel.open("rechtbank", "gi", "0518").await;
    let ongehoord = toneel.open("rechtbank-2", "gi-2", "0599").await;
    toneel.zaak.bevestig("gi").await;
    toneel.dagen_later(3);
    toneel.koppel("gi", &goed, SoortKoppeling::Vast).await;
    toneel.koppel("gi", &moeizaam, SoortKoppeling::Verdeellijst).await;
    toneel.dagen_later(7);
    toneel.koers("gi", &goed).await;
    let bepalingen = [toneel.bepaal("gi", &goed).await, toneel.bepaal("gi", &moeizaam).await];
    toneel.dagen_later(20);
    toneel.start_passend("gi", &goed, &bepalingen[0], false).await;
    toneel.dagen_later(40);
    toneel.dien("gi", &moeizaam, "13", |bericht| inhoud!(bericht, Toelichting).set_norm(ToelichtbareNorm::Koers)).await;
    toneel.dagen_later(30);
    toneel.start_passend("gi", &moeizaam, &bepalingen[1], true).await;
    let begonnen = toneel.open("rechtbank", "gi", "1916").await;
    toneel.zaak.bevestig("gi").await;
    toneel.dagen_later(1);
    [goed, moeizaam, ongehoord, begonnen]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_indicator_has_its_own_denominator_and_what_cannot_be_judged_is_not_in_it() {
    for mut toneel in Toneel::op_beide().await {
        let zaken = vier(&mut toneel).await;
        let antwoord = toneel.normcijfers("inspectie", GetNormcijfersRequest::default()).await.unwrap();
        assert_eq!((antwoord.zaken, antwoord.kleinste_cel, antwoord.peildatum), (Some(4), 0, toneel.vandaag().to_string()));
        assert!(antwoord.beleid.starts_with("bijlage5-2021: "), "{}", antwoord.beleid);
        let antwoord = toneel.normcijfers("inspectie", GetNormcijfersRequest::default()).await.unwrap();
        let verwacht = [
            (Indicator::KennisgevingTijdig, [3, 4, 0, 0, 0, 0], Some(75)),
            (Indicator::JeugdbeschermerTijdig, [2, 2, 0, 0, 2, 1], Some(100)),
            (Indicator::JeugdbeschermerTijdigStrikt, [1, 2, 0, 0, 2, 1], Some(50)),
            (Indicator::JeugdbeschermerVast, [2, 2, 0, 0, 2, 1], Some(100)),
            (Indicator::KoersUitgezet, [1, 3, 1, 0, 1, 1], Some(33)),
            (Indicator::KoersTijdig, [1, 3, 1, 0, 1, 1], Some(33)),
            (Indicator::KoersGedragen, [1, 3, 1, 0, 1, 1], Some(33)),
            (Indicator::HulpIngezet, [2, 3, 0, 0, 1, 1], Some(67)),
            (Indicator::HulpTijdig, [1, 3, 0, 1, 1, 1], Some(33)),
            (Indicator::MachtigingTijdig, [0, 3, 0, 0, 1, 1], Some(0)),
        ];
        assert_eq!(antwoord.regels.len(), verwacht.len(), "the total only");
        for (indicator, cijfers, procent) in verwacht {
            let regel = regel(&antwoord, indicator, "");
            assert_eq!((getallen(&regel), regel.procent), (cijfers, procent), "{indicator:?}");
        }
        uitgesplitst(&toneel).await;
        ingetrokken(&mut toneel, &zaken[2]).await;
    }
}

async fn uitgesplitst(toneel: &Toneel) {
    let per = async |uitsplitsing: Uitsplitsing| {
        let vraag = GetNormcijfersRequest { uitsplitsing: uitsplitsing.into(), ..Default::default() };
        let antwoord = toneel.normcijfers("inspectie", vraag).await.unwrap();
        let kennis = antwoord.regels.into_iter().filter(|regel| regel.indicator() == Indicator::KennisgevingTijdig);
        kennis.map(|regel| (regel.groep, regel.naam, regel.gehaald, regel.beoordeeld)).collect::<Vec<_>>()
    };
    let rij = |groep: &str, naam: &str, gehaald, n| (groep.to_owned(), naam.to_owned(), gehaald, n);
    let totaal = rij("", "", 3, 4);
    let (west, schrikker) = ("EXAMPLE Jeugdbescherming west", "EXAMPLE William Schrikker Stichting Jeugdbescherming & Jeugdreclassering");
    assert_eq!(per(Uitsplitsing::Gi).await, [totaal.clone(), rij(&oin("gi"), west, 3, 3), rij(&oin("gi-2"), schrikker, 0, 1)]);
    let (den_haag, rotterdam) = ("EXAMPLE Rechtbank Den Haag", "EXAMPLE Rechtbank Rotterdam");
    let rechtbanken = [rij(&oin("rechtbank"), den_haag, 3, 3), rij(&oin("rechtbank-2"), rotterdam, 0, 1)];
    assert_eq!(per(Uitsplitsing::Rechtbank).await[1..], rechtbanken);
    assert_eq!(per(Uitsplitsing::Regio).await[1..], [rij("Rijnmond", "Rijnmond", 0, 1), rij("Zuid-West", "Zuid-West", 3, 3)]);
    let gemeenten = [("0518", "EXAMPLE Gemeente 's-Gravenhage", 2, 2), ("0599", "EXAMPLE Gemeente Rotterdam", 0, 1)];
    assert_eq!(per(Uitsplitsing::Gemeente).await[1..3], gemeenten.map(|(code, naam, gehaald, n)| rij(code, naam, gehaald, n)));

    let gefilterd = async |vraag| toneel.normcijfers("inspectie", vraag).await.unwrap().zaken;
    assert_eq!(gefilterd(GetNormcijfersRequest { gi_oin: oin("gi-2"), ..Default::default() }).await, Some(1));
    assert_eq!(gefilterd(GetNormcijfersRequest { regio: "Zuid-West".to_owned(), ..Default::default() }).await, Some(3));
    assert_eq!(gefilterd(GetNormcijfersRequest { rechtbank_oin: oin("rechtbank-2"), ..Default::default() }).await, Some(1));
    let begin = "2026-11-20".to_owned();
    assert_eq!(gefilterd(GetNormcijfersRequest { tot_en_met: begin, ..Default::default() }).await, Some(3));
    assert_eq!(gefilterd(GetNormcijfersRequest { vanaf: "2026-11-21".to_owned(), ..Default::default() }).await, Some(1));
}

async fn ingetrokken(toneel: &mut Toneel, maatregel: &Maatregel) {
    let intrekking = intrekking_van(&maatregel.uitspraak, &maatregel.id);
    toneel.zaak.dien("rechtbank-2", &intrekking).await.unwrap();
    let antwoord = toneel.normcijfers("inspectie", GetNormcijfersRequest::default()).await.unwrap();
    assert_eq!((antwoord.zaken, getallen(&regel(&antwoord, Indicator::KoersTijdig, ""))), (Some(3), [1, 2, 1, 0, 1, 1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_changes_a_figure_from_its_acceptance_on_and_never_before() {
    for mut toneel in Toneel::op_beide().await {
        let zaak = toneel.open("rechtbank", "gi", "0518").await;
        toneel.zaak.bevestig("gi").await;
        toneel.dagen_later(10);
        let laat = toneel.koppel("gi", &zaak, SoortKoppeling::Vast).await;
        toneel.dagen_later(2);
        let ervoor = toneel.vandaag();
        // From noon to midnight in the Netherlands, to the microsecond: the day before has ended.
        toneel.zaak.clock.advance(chrono::TimeDelta::hours(11));
        toneel.corrigeer("gi", &zaak, &laat, "2026-11-23").await;
        let erop = toneel.vandaag();
        toneel.dagen_later(30);
        let op = async |dag: &str| {
            let vraag = GetNormcijfersRequest { peildatum: dag.to_owned(), ..Default::default() };
            let antwoord = toneel.normcijfers("inspectie", vraag).await.unwrap();
            let regel = regel(&antwoord, Indicator::JeugdbeschermerTijdig, "");
            (antwoord.zaken.unwrap(), regel.gehaald, regel.beoordeeld)
        };
        assert_eq!(op("2026-11-19").await, (0, 0, 0), "the case was not known");
        assert_eq!(op("2026-11-27").await, (1, 0, 0), "it was the last day, and it ran");
        assert_eq!(op("2026-11-28").await, (1, 0, 1), "overdue");
        assert_eq!(op(&ervoor.to_string()).await, (1, 0, 1), "late, as was known on the day before");
        assert_eq!(op(&erop.to_string()).await, (1, 1, 1), "in time, as is known since");
        assert_eq!(op("").await, (1, 1, 1));
        let morgen = (toneel.vandaag() + chrono::TimeDelta::days(1)).to_string();
        let status = toneel.normcijfers("inspectie", GetNormcijfersRequest { peildatum: morgen, ..Default::default() }).await.unwrap_err();
        assert_eq!(velden(&status), ["peildatum"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn norms_one_and_two_have_twelve_columns_and_norm_three_has_eleven() {
    let [mut toneel, _] = Toneel::op_beide().await;
    let regios = [
        "Friesland",
        "Groningen/Drenthe",
        "Overijssel",
        "Gelderland",
        "Utrecht/Flevoland",
        "Noord-Holland",
        "Amsterdam",
        "Zuid-West",
        "Rijnmond",
        "Zeeland",
        "Brabant",
        "Limburg",
    ];
    let mut beheer = jeugdketen_proto::v1::beheer_service_client::BeheerServiceClient::new(toneel.zaak.kanaal("beheerder").await);
    for (nr, regio) in (1..).zip(regios) {
        let deelnemer = jeugdketen_proto::v1::Deelnemer {
            oin: format!("000000990300001{nr:02}000"),
            rol: 3,
            naam: format!("EXAMPLE Gemeente in {regio}"),
            code: format!("98{nr:02}"),
            regios: vec![regio.to_owned(), "Elders".to_owned()],
            geldig_vanaf: "2015-01-01".to_owned(),
            ..Default::default()
        };
        let vraag = jeugdketen_proto::v1::PutDeelnemerRequest { deelnemer: Some(deelnemer) };
        beheer.put_deelnemer(vraag).await.unwrap();
        toneel.open("rechtbank", "gi-2", &format!("98{nr:02}")).await;
    }
    let kolommen = async |toneel: &Toneel, indicator: Indicator| {
        let vraag = GetNormcijfersRequest { uitsplitsing: Uitsplitsing::Regio.into(), ..Default::default() };
        let regels = toneel.normcijfers("inspectie", vraag).await.unwrap().regels;
        let groepen = regels.into_iter().filter(|regel| regel.indicator() == indicator && !regel.groep.is_empty());
        groepen.map(|regel| regel.groep).collect::<Vec<_>>()
    };
    for indicator in [Indicator::KennisgevingTijdig, Indicator::JeugdbeschermerVast, Indicator::KoersTijdig] {
        let twaalf = kolommen(&toneel, indicator).await;
        assert!(twaalf.len() == 12 && regios.iter().all(|regio| twaalf.iter().any(|kolom| kolom == regio)), "{twaalf:?}");
    }
    for indicator in [Indicator::HulpIngezet, Indicator::HulpTijdig, Indicator::MachtigingTijdig] {
        let elf = kolommen(&toneel, indicator).await;
        assert!(elf.len() == 11 && elf.iter().any(|kolom| kolom == NOORD_HOLLAND_AMSTERDAM), "{elf:?}");
    }
    // Where the register does not know the gemeente: the only region of the GI, or none.
    toneel.open("rechtbank", "gi", "0001").await;
    toneel.open("rechtbank", "gi-3", "0001").await;
    let met_onbekend = kolommen(&toneel, Indicator::KoersTijdig).await;
    assert_eq!((met_onbekend.len(), met_onbekend.iter().filter(|kolom| *kolom == ONBEKEND).count()), (13, 1));
}
