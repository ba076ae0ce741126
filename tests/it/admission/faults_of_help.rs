//! The rules for the content of messages about help: the bepaling, what a gemeente may say of it, intake, start, end, escalation. How
//! breaches are made and found stands in `faults`.

use jeugdketen_proto::v1::{self, overleg};

use super::faults::{Breuk, gevonden, lang, velden, voorbeeld};
use crate::support::verhaal::inhoud;

fn omvang(m: &mut v1::Jeugdhulpbepaling, index: usize) -> &mut v1::Omvang {
    m.voorzieningen[index].omvang.as_mut().expect("a volume")
}

fn uitkomst(m: &mut v1::Jeugdhulpbepaling) -> &mut Option<overleg::Uitkomst> {
    &mut m.overleg.as_mut().expect("a consultation").uitkomst
}

#[test]
fn faults_of_a_jeugdhulpbepaling_are_found() {
    let breuken: &[Breuk<v1::Jeugdhulpbepaling>] = &[
        ("jeugdige", |m| m.jeugdige = None),
        ("maatregel", |m| m.maatregel = 99),
        ("bepaald_op", |m| m.bepaald_op = "2026-07-02".to_owned()),
        ("voorzieningen", |m| m.voorzieningen.clear()),
        ("voorzieningen", |m| m.voorzieningen = (1..=21).map(|nr| v1::Voorziening { nr, ..m.voorzieningen[0].clone() }).collect()),
        ("voorzieningen[0].nr", |m| m.voorzieningen[0].nr = 0),
        ("voorzieningen[2].nr", |m| m.voorzieningen[2].nr = 1),
        ("voorzieningen[0].aanbieder_oin", |m| m.voorzieningen[0].aanbieder_oin.clear()),
        ("voorzieningen[0].productcategorie", |m| m.voorzieningen[0].productcategorie = "39".to_owned()),
        ("voorzieningen[0].productcode", |m| m.voorzieningen[0].productcode = "540020".to_owned()),
        ("voorzieningen[0].ingangsdatum", |m| m.voorzieningen[0].ingangsdatum.clear()),
        ("voorzieningen[0].einddatum", |m| m.voorzieningen[0].einddatum = "2026-04-19".to_owned()),
        ("voorzieningen[1].einddatum", |m| m.voorzieningen[1].einddatum.clear()),
        ("voorzieningen[0].omvang", |m| m.voorzieningen[0].omvang = None),
        ("voorzieningen[0].omvang.volume", |m| omvang(m, 0).volume = 0),
        ("voorzieningen[0].omvang.volume", |m| omvang(m, 0).volume = 100_000_000),
        ("voorzieningen[0].omvang.eenheid", |m| omvang(m, 0).eenheid = "02".to_owned()),
        ("voorzieningen[0].omvang.frequentie", |m| omvang(m, 0).frequentie = "3".to_owned()),
        ("voorzieningen[1].omvang.frequentie", |m| omvang(m, 1).frequentie = "1".to_owned()),
        ("voorzieningen[2].gewenste_onderaannemer_agb", |m| m.voorzieningen[2].gewenste_onderaannemer_agb = "0099001".to_owned()),
        ("overleg", |m| *uitkomst(m) = None),
        ("overleg.gevoerd_op", |m| *uitkomst(m) = Some(overleg::Uitkomst::GevoerdOp("2026-07-02".to_owned()))),
        ("overleg.niet_vereist", |m| *uitkomst(m) = Some(overleg::Uitkomst::NietVereist(9))),
        ("overleg.contactrol", |m| m.overleg.as_mut().expect("a consultation").contactrol = lang(101)),
        ("onderbouwing", |m| m.onderbouwing = lang(20_001)),
        ("problematiek", |m| m.problematiek = lang(20_001)),
        ("doelen", |m| m.doelen = vec!["doel".to_owned(); 21]),
        ("doelen[0]", |m| m.doelen[0] = lang(2001)),
        ("jeugdbeschermer", |m| m.jeugdbeschermer = None),
    ];
    gevonden("05", |bericht| inhoud!(bericht, Jeugdhulpbepaling), breuken);
}

#[test]
fn an_identity_without_bsn_has_a_whole_address_or_none_when_it_is_secret() {
    let set = |postcode: &str, huisnummer: &str| {
        let (achternaam, voornamen, geboortedatum) = ("Voorbeeld".to_owned(), "Bas".to_owned(), "2010-11-05".to_owned());
        let (postcode, huisnummer) = (postcode.to_owned(), huisnummer.to_owned());
        let set = v1::Persoonsgegevens { achternaam, voornamen, geboortedatum, postcode, huisnummer };
        Some(v1::Jeugdige { identiteit: Some(v1::jeugdige::Identiteit::Persoonsgegevens(set)), geheim_adres: None })
    };
    let mut bepaling = voorbeeld("05");
    for (postcode, huisnummer, fout) in
        [("", "", None), ("2511BT", "1", None), ("2511BT", "", Some("huisnummer")), ("", "1", Some("postcode"))]
    {
        inhoud!(bepaling, Jeugdhulpbepaling).jeugdige = set(postcode, huisnummer);
        let verwacht: Vec<_> = fout.map(|veld| format!("jeugdhulpbepaling.jeugdige.persoonsgegevens.{veld}")).into_iter().collect();
        assert_eq!(velden("gi", &bepaling), verwacht);
    }
}

#[test]
fn consultation_is_recorded_and_never_asked_for() {
    let mut bericht = voorbeeld("05");
    inhoud!(bericht, Jeugdhulpbepaling).overleg = None;
    assert_eq!(velden("gi", &bericht), Vec::<String>::new());
}

#[test]
fn faults_of_the_messages_of_a_gemeente_are_found() {
    let breuken: &[Breuk<v1::Verwerking>] = &[
        ("bepaling_id", |m| m.bepaling_id = "05".to_owned()),
        ("voorziening_nr", |m| m.voorziening_nr = 0),
        ("toewijzingnummer", |m| m.toewijzingnummer.clear()),
        ("toewijzingnummer", |m| m.toewijzingnummer = "1234567890".to_owned()),
        ("toewijzingnummer", |m| m.toewijzingnummer = "afgewezen".to_owned()),
        ("verwerkt_op", |m| m.verwerkt_op = "2026-07-02".to_owned()),
    ];
    gevonden("09", |bericht| inhoud!(bericht, Verwerking), breuken);
    let breuken: &[Breuk<v1::Woonplaatsmelding>] = &[
        ("bepaling_id", |m| m.bepaling_id.clear()),
        ("reden", |m| m.reden = 0),
        ("gemeentecode", |m| m.gemeentecode = "191".to_owned()),
        ("grond", |m| m.grond = 0),
    ];
    gevonden("28", |bericht| inhoud!(bericht, Woonplaatsmelding), breuken);
    let breuken: &[Breuk<v1::Aanbod>] = &[
        ("regels", |m| m.regels = vec![m.regels[0].clone(); 1001]),
        ("regels[0].aanbieder_oin", |m| m.regels[0].aanbieder_oin.clear()),
        ("regels[1].productcategorie", |m| m.regels[1].productcategorie.clear()),
        ("regels[2].vanaf", |m| m.regels[2].vanaf.clear()),
        ("regels[2].tot_en_met", |m| m.regels[2].tot_en_met = "2026-03-01".to_owned()),
    ];
    gevonden("34", |bericht| inhoud!(bericht, Aanbod), breuken);
}

#[test]
fn faults_of_an_intakeresultaat_are_found() {
    let gepland: &[Breuk<v1::Intakeresultaat>] = &[
        ("bepaling_id", |m| m.bepaling_id.clear()),
        ("voorziening_nr", |m| m.voorziening_nr = 0),
        ("aangemeld_op", |m| m.aangemeld_op = "april".to_owned()),
        ("intake_op", |m| m.aangemeld_op = "2026-04-30".to_owned()),
        ("intake_op", |m| m.intake_op.clear()),
        ("uitkomst", |m| m.uitkomst = 0),
        ("uitkomst", |m| m.uitkomst = 4),
        ("geplande_start", |m| m.geplande_start.clear()),
        ("geplande_start", |m| m.geplande_start = "2026-04-28".to_owned()),
        ("wachtlijst_sinds", |m| m.wachtlijst_sinds = "2026-04-29".to_owned()),
        ("verwachte_start", |m| m.verwachte_start = "2026-05-12".to_owned()),
        ("contra_indicatie", |m| m.contra_indicatie = 1),
    ];
    gevonden("08", |bericht| inhoud!(bericht, Intakeresultaat), gepland);
    let wachtlijst: &[Breuk<v1::Intakeresultaat>] = &[
        ("wachtlijst_sinds", |m| m.wachtlijst_sinds.clear()),
        ("verwachte_start", |m| m.verwachte_start.clear()),
        ("verwachte_start", |m| m.verwachte_start = "2026-04-21".to_owned()),
        ("geplande_start", |m| m.geplande_start = "2026-06-29".to_owned()),
    ];
    gevonden("06", |bericht| inhoud!(bericht, Intakeresultaat), wachtlijst);
    fn criterium(m: &mut v1::Intakeresultaat) -> &mut v1::Samenwerkingscriterium {
        m.samenwerkingscriterium.as_mut().expect("a criterion")
    }
    let past_niet: &[Breuk<v1::Intakeresultaat>] = &[
        ("contra_indicatie", |m| m.contra_indicatie = 0),
        ("contra_indicatie", |m| m.contra_indicatie = 11),
        ("samenwerkingscriterium", |m| m.samenwerkingscriterium = None),
        ("samenwerkingscriterium.soort", |m| criterium(m).soort = 0),
        ("samenwerkingscriterium.toelichting", |m| criterium(m).toelichting.clear()),
    ];
    gevonden("07", |bericht| inhoud!(bericht, Intakeresultaat), past_niet);
}

#[test]
fn faults_of_the_start_and_the_end_of_help_are_found() {
    let breuken: &[Breuk<v1::HulpGestart>] = &[
        ("bepaling_id", |m| m.bepaling_id.clear()),
        ("voorziening_nr", |m| m.voorziening_nr = 0),
        ("gestart_op", |m| (m.gestart_op, m.eerste_nacht) = ("2026-07-02".to_owned(), "2026-07-01".to_owned())),
        // Verblijf counts from the day after the first night.
        ("gestart_op", |m| m.gestart_op = "2026-05-11".to_owned()),
        ("eerste_nacht", |m| m.eerste_nacht.clear()),
        ("eerste_nacht", |m| m.productcategorie = "54".to_owned()),
        ("uitvoerder_agb", |m| m.uitvoerder_agb = "AGB".to_owned()),
    ];
    gevonden("10", |bericht| inhoud!(bericht, HulpGestart), breuken);
    let breuken: &[Breuk<v1::HulpBeeindigd>] = &[
        ("bepaling_id", |m| m.bepaling_id.clear()),
        ("voorziening_nr", |m| m.voorziening_nr = 0),
        ("beeindigd_op", |m| m.beeindigd_op = "2026-07-02".to_owned()),
        ("reden", |m| m.reden.clear()),
        ("reden", |m| m.reden = "30".to_owned()),
        ("toelichting", |m| m.toelichting = lang(4001)),
    ];
    gevonden("29", |bericht| inhoud!(bericht, HulpBeeindigd), breuken);
}

#[test]
fn faults_of_an_escalatie_and_an_inzetbesluit_are_found() {
    let breuken: &[Breuk<v1::Escalatie>] = &[
        ("expertteam_oin", |m| m.expertteam_oin.clear()),
        ("jeugdige", |m| m.jeugdige = None),
        ("bepaling_id", |m| m.bepaling_id = "05".to_owned()),
        ("reden", |m| m.reden = 10),
        ("productcategorie", |m| m.productcategorie.clear()),
        ("regio", |m| m.regio.clear()),
        ("toelichting", |m| m.toelichting = lang(20_001)),
        ("jeugdbeschermer", |m| m.jeugdbeschermer = None),
    ];
    gevonden("12", |bericht| inhoud!(bericht, Escalatie), breuken);
    let breuken: &[Breuk<v1::Inzetbesluit>] = &[
        ("escalatie_id", |m| m.escalatie_id.clear()),
        ("aanbieder_oin", |m| m.aanbieder_oin = "1".to_owned()),
        ("jeugdige", |m| m.jeugdige = None),
        ("productcategorie", |m| m.productcategorie = "99".to_owned()),
        ("ingangsdatum", |m| m.ingangsdatum.clear()),
        ("motivering", |m| m.motivering = lang(4001)),
    ];
    gevonden("30", |bericht| inhoud!(bericht, Inzetbesluit), breuken);
}
