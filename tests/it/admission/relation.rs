//! Nobody speaks in a case but who stands in the right relation to it: every kind of message against every participant, refused unless it
//! is in the table. What a participant may read is decided at delivery.

use jeugdketen_proto::v1::{Rol, StatusDeelnemer};
use ketenhub::domain::refusal::{Refusal, Toestand};

use crate::support::chain::{Chain, oin};
use crate::support::verhaal::{Verhaal, bericht, correctie_van, inhoud, intrekking_van, nieuw_id};

/// Everybody, with the relation to the case of this test.
const WIE: [&str; 19] = [
    "rechtbank",             // opened it
    "rechtbank-2",           // another court
    "gi",                    // held it until 22 June
    "gi-2",                  // will hold it from August
    "gi-3",                  // holds it
    "gi-failliet",           // another GI, made to stand up again
    "gemeente",              // residence before
    "gemeente-2",            // residence
    "gemeente-3",            // another gemeente
    "aanbieder",             // named, voorziening 1
    "aanbieder-2",           // named, voorziening 2
    "aanbieder-3",           // named, voorziening 3
    "aanbieder-ingetrokken", // another aanbieder
    "expertteam",            // called in
    "expertteam-2",          // another expertteam
    "inspectie",
    "accounthoudende-regio",
    "accounthoudende-regio-2",
    "beheerder",
];

/// A kind by its example: the role that may send it, and the one participant of that role whose message passes.
const TABEL: [(&str, &[Rol], &str); 20] = [
    ("22", &[Rol::Rechtbank], "rechtbank"),
    ("23", &[Rol::Rechtbank], "rechtbank"),
    ("25", &[Rol::Rechtbank], "rechtbank"),
    ("27", &[Rol::Gi], "gi-3"),
    ("03", &[Rol::Gi], "gi-3"),
    ("04", &[Rol::Gi], "gi-3"),
    ("13", &[Rol::Gi], "gi-3"),
    ("05", &[Rol::Gi], "gi-3"),
    ("11", &[Rol::Gi], "gi-3"),
    ("12", &[Rol::Gi], "gi-3"),
    ("24", &[Rol::Gi], "gi"),
    ("09", &[Rol::Gemeente], "gemeente-2"),
    ("28", &[Rol::Gemeente], "gemeente-2"),
    ("06", &[Rol::Aanbieder], "aanbieder"),
    ("07", &[Rol::Aanbieder], "aanbieder-2"),
    ("10", &[Rol::Aanbieder], "aanbieder-2"),
    ("26", &[Rol::Aanbieder], "aanbieder-3"),
    ("29", &[Rol::Aanbieder], "aanbieder-3"),
    ("30", &[Rol::Expertteam], "expertteam"),
    ("33", &[Rol::Rechtbank, Rol::Gi, Rol::Gemeente, Rol::Aanbieder, Rol::Expertteam], "aanbieder-2"),
];

/// Kinds that say something about a bepaling: in the mouth of a gemeente that may not send them an attempt.
const OVER_BEPALING: [&str; 9] = ["05", "06", "07", "10", "11", "12", "26", "29", "30"];

/// A case with a past: another GI since 22 June and a third from August, another residence, help that started, an expertteam called in.
async fn zaak() -> (Chain, Verhaal) {
    let (chain, mut verhaal) = (Chain::sqlite().await, Verhaal::default());
    chain.wijzig("gi-failliet", |gi| (gi.status, gi.geldig_tot_en_met) = (StatusDeelnemer::Actief, None));
    chain.speel(&mut verhaal, &["02", "05", "07", "10", "12", "23", "28"]).await;
    let mut straks = bericht(&mut verhaal.clone(), "23");
    let m = inhoud!(straks, Uitspraak);
    (m.gi_oin, m.ingangsdatum, m.woonplaats_gemeentecode) = (oin("gi-2").to_string(), "2026-08-01".to_owned(), "1916".to_owned());
    chain.aanvaard("rechtbank", &straks).await;
    (chain, verhaal)
}

/// The example as it would pass in this case from the right sender.
fn passend(verhaal: &Verhaal, nummer: &str) -> jeugdketen_proto::v1::Bericht {
    let mut bericht = bericht(&mut verhaal.clone(), nummer);
    match nummer {
        "22" | "23" | "25" => {
            let m = inhoud!(bericht, Uitspraak);
            let gi = if nummer == "23" { "gi-3" } else { "gi-2" };
            (m.gi_oin, m.woonplaats_gemeentecode) = (oin(gi).to_string(), "1916".to_owned());
        }
        "28" => inhoud!(bericht, Woonplaatsmelding).gemeentecode = "0599".to_owned(),
        // Of the voorziening that has not started.
        "10" => {
            let m = inhoud!(bericht, HulpGestart);
            (m.voorziening_nr, m.productcategorie, m.eerste_nacht) = (2, "41".to_owned(), String::new());
        }
        _ => {}
    }
    bericht
}

fn verwacht(nummer: &str, rollen: &[Rol], rol: Rol) -> Refusal {
    match (rollen.contains(&rol), rol == Rol::Gemeente && OVER_BEPALING.contains(&nummer)) {
        (true, _) => Refusal::NietGevonden,
        (false, true) => Refusal::OngeoorloofdeToetsing(Vec::new()),
        (false, false) => Refusal::RolMagNiet,
    }
}

#[tokio::test]
async fn only_the_cells_of_the_table_pass() {
    let (mut geweigerd, mut aanvaard, mut onbestaand) = (0, 0, 0);
    for (nummer, rollen, mag) in TABEL {
        let (chain, verhaal) = zaak().await;
        for naam in WIE.into_iter().filter(|naam| *naam != mag) {
            let bericht = passend(&verhaal, nummer);
            let refusal = chain.geweigerd(naam, &bericht).await;
            // The holder and the one to come are in the case, but were not replaced by this uitspraak.
            if nummer == "24" && ["gi-2", "gi-3"].contains(&naam) {
                assert_eq!(refusal, Refusal::Toestand(Toestand::GeenVervanging), "{nummer} {naam}");
            } else {
                assert_eq!(refusal, verwacht(nummer, rollen, chain.peer(naam).rol()), "{nummer} {naam}");
            }
            geweigerd += 1;
            if refusal == Refusal::NietGevonden {
                // What is not there looks the same.
                let weg = jeugdketen_proto::v1::Bericht { maatregel_id: nieuw_id(), bericht_id: nieuw_id(), ..bericht };
                assert_eq!(chain.geweigerd(naam, &weg).await, refusal, "{nummer} {naam}");
                onbestaand += 1;
            }
        }
        chain.aanvaard(mag, &passend(&verhaal, nummer)).await;
        aanvaard += 1;
    }
    assert_eq!((aanvaard, geweigerd, onbestaand), (20, 20 * 18, 59));
}

#[tokio::test]
async fn messages_apart_from_any_case_ask_for_the_role_alone() {
    let (chain, verhaal) = zaak().await;
    let tabel: [(&str, &[&str]); 5] = [
        ("01", &["rechtbank", "rechtbank-2"]),
        ("02", &["rechtbank", "rechtbank-2"]),
        ("31", &["gi", "gi-2", "gi-3"]),
        ("32", &["gi", "gi-2", "gi-3", "aanbieder", "aanbieder-2", "aanbieder-3", "aanbieder-ingetrokken"]),
        ("34", &["gemeente", "gemeente-2", "gemeente-3"]),
    ];
    let mut cellen = 0;
    for (nummer, mogen) in tabel {
        for naam in WIE.into_iter().filter(|naam| *naam != "gi-failliet") {
            let bericht = bericht(&mut verhaal.clone(), nummer);
            cellen += 1;
            if mogen.contains(&naam) {
                chain.aanvaard(naam, &bericht).await;
            } else {
                assert_eq!(chain.geweigerd(naam, &bericht).await, Refusal::RolMagNiet, "{nummer} {naam}");
            }
        }
    }
    assert_eq!(cellen, 5 * 18);
}

#[tokio::test]
async fn a_correction_or_withdrawal_is_for_the_sender_of_the_original_alone() {
    let (chain, verhaal) = zaak().await;
    for naam in ["aanbieder", "aanbieder-3", "gi-3", "gemeente-2", "expertteam", "rechtbank"] {
        let intrekking = intrekking_van(&verhaal.ids["07"], &verhaal.zaak);
        assert_eq!(chain.geweigerd(naam, &intrekking).await, Refusal::NietGevonden, "{naam}");
    }
    let correctie = correctie_van(&verhaal.ids["07"], bericht(&mut verhaal.clone(), "06"));
    assert_eq!(chain.geweigerd("aanbieder", &correctie).await, Refusal::NietGevonden);
    // The old GI may not touch what it sent.
    assert_eq!(chain.geweigerd("gi", &intrekking_van(&verhaal.ids["05"], &verhaal.zaak)).await, Refusal::NietGevonden);
}
