//! The rules for the content of a message by itself: each breach is named with the path of its field, and all of them at once. The tables
//! of messages about help stand beside this.

use jeugdketen_proto::v1::jeugdige::Identiteit;
use jeugdketen_proto::v1::{self, Bericht, Rol};
use ketenhub::domain::admit::lees;
use ketenhub::domain::refusal::Refusal;
use ketenhub::domain::zaak::datum_in_nederland;
use prost::Message as _;

use crate::support::chain::{begin, deelnemers, oin};
use crate::support::verhaal::{Verhaal, afzender, bericht, correctie_van, inhoud, intrekking_van, nieuw_id};

/// The role of a participant.
fn rol(naam: &str) -> Rol {
    deelnemers().iter().find(|deelnemer| deelnemer.oin == oin(naam)).expect("a participant").rol
}

/// An example of a kind, with a case that need not exist.
pub fn voorbeeld(nummer: &str) -> Bericht {
    bericht(&mut Verhaal { zaak: nieuw_id(), ..Verhaal::default() }, nummer)
}

/// The fields that the hub finds faulty.
pub fn velden(naam: &str, bericht: &Bericht) -> Vec<String> {
    let gelezen = lees(&bericht.encode_to_vec(), rol(naam), begin(), datum_in_nederland(begin()));
    match gelezen.and_then(|gelezen| gelezen.oordeel) {
        Ok(()) => Vec::new(),
        Err(Refusal::Inhoud(faults) | Refusal::OngeoorloofdeToetsing(faults)) => faults.into_iter().map(|fault| fault.veld).collect(),
        Err(other) => panic!("{other:?}"),
    }
}

/// One breach: what is done to a valid message, and the path of the field that is then faulty.
pub type Breuk<M> = (&'static str, fn(&mut M));

/// Each breach, made by itself in a valid example, is found, and nothing else is.
pub fn gevonden<M>(nummer: &str, neem: fn(&mut Bericht) -> &mut M, breuken: &[Breuk<M>]) {
    assert_eq!(velden(afzender(nummer), &voorbeeld(nummer)), Vec::<String>::new(), "example {nummer} is not valid");
    for (index, (veld, breek)) in breuken.iter().enumerate() {
        let mut bericht = voorbeeld(nummer);
        breek(neem(&mut bericht));
        let pad = format!("{}.{veld}", bericht.inhoud.as_ref().expect("content").kind().field());
        assert_eq!(velden(afzender(nummer), &bericht), [pad.trim_end_matches('.')], "breach {index} of example {nummer}");
    }
}

/// Text of so many characters, none of one byte.
pub fn lang(aantal: usize) -> String {
    "é".repeat(aantal)
}

/// A moment that many seconds after the clock of the hub.
fn over(seconden: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds: begin().timestamp() + seconden, nanos: 0 })
}

#[test]
fn faults_of_an_uitspraak_are_found() {
    let breuken: &[Breuk<v1::Uitspraak>] = &[
        ("soort", |m| m.soort = 0),
        ("soort", |m| m.soort = 99),
        ("vorm", |m| m.vorm = 0),
        ("vorm", |m| m.vorm = 2),
        ("maatregel", |m| m.maatregel = 0),
        ("maatregel", |m| m.maatregel = 99),
        ("zaaknummer", |m| m.zaaknummer.clear()),
        ("zaaknummer", |m| m.zaaknummer = lang(61)),
        ("zaaknummer", |m| m.zaaknummer = "C/09\u{0}".to_owned()),
        ("ecli", |m| m.ecli = lang(61)),
        ("uitgesproken_op", |m| m.uitgesproken_op = None),
        ("uitgesproken_op", |m| m.uitgesproken_op = over(301)),
        ("uitgesproken_op", |m| m.uitgesproken_op = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 })),
        ("uitgesproken_op", |m| m.uitgesproken_op = Some(prost_types::Timestamp { seconds: 0, nanos: -1 })),
        ("ingangsdatum", |m| m.ingangsdatum.clear()),
        ("ingangsdatum", |m| m.ingangsdatum = "2026-3-18".to_owned()),
        ("ingangsdatum", |m| m.ingangsdatum = "2026-02-30".to_owned()),
        ("ingangsdatum", |m| m.ingangsdatum = "1899-12-31".to_owned()),
        ("einddatum", |m| m.einddatum = "2026-03-17".to_owned()),
        ("einddatum", |m| m.einddatum.clear()),
        ("einddatum", |m| m.maatregel = v1::SoortMaatregel::Voogdij.into()),
        ("gi_oin", |m| m.gi_oin.clear()),
        ("gi_oin", |m| m.gi_oin = "0000009902000000100".to_owned()),
        ("woonplaats_gemeentecode", |m| m.woonplaats_gemeentecode.clear()),
        ("woonplaats_gemeentecode", |m| m.woonplaats_gemeentecode = "518".to_owned()),
        ("jeugdige", |m| m.jeugdige = None),
        ("gronden", |m| m.gronden = lang(20_001)),
        ("motivering", |m| m.motivering = lang(100_001)),
        ("tekst", |m| m.tekst = lang(100_001)),
        ("zittingsaankondiging_id", |m| m.zittingsaankondiging_id = "01".to_owned()),
        ("reden_einde", |m| m.reden_einde = 2),
        ("reden_einde", |m| m.soort = v1::SoortUitspraak::Opheffing.into()),
        ("reden_einde", |m| (m.soort, m.reden_einde) = (v1::SoortUitspraak::Beeindiging.into(), 99)),
        ("machtigingen", |m| m.machtigingen = vec![m.machtigingen[0].clone(); 6]),
        ("machtigingen[0].soort", |m| m.machtigingen[0].soort = 0),
        ("machtigingen[0].ingangsdatum", |m| m.machtigingen[0].ingangsdatum.clear()),
        ("machtigingen[0].einddatum", |m| m.machtigingen[0].einddatum.clear()),
        ("machtigingen[0].einddatum", |m| m.machtigingen[0].einddatum = "2026-03-17".to_owned()),
    ];
    gevonden("02", |bericht| inhoud!(bericht, Uitspraak), breuken);
    // A clock that runs five minutes ahead is no fault.
    let mut bericht = voorbeeld("02");
    inhoud!(bericht, Uitspraak).uitgesproken_op = over(300);
    assert_eq!(velden("rechtbank", &bericht), Vec::<String>::new());
}

#[test]
fn faults_in_who_the_jeugdige_is_are_found() {
    fn bsn(text: &str) -> Option<Identiteit> {
        Some(Identiteit::Bsn(text.to_owned()))
    }
    fn set(m: &mut v1::Jeugdige) -> &mut v1::Persoonsgegevens {
        match &mut m.identiteit {
            Some(Identiteit::Persoonsgegevens(set)) => set,
            _ => panic!("the example has no BSN"),
        }
    }
    fn adres(m: &mut v1::Jeugdige) -> &mut v1::GeheimAdres {
        m.geheim_adres.as_mut().expect("the example has a secret address")
    }
    let breuken: &[Breuk<v1::Jeugdige>] = &[
        ("jeugdige", |m| m.identiteit = None),
        ("jeugdige.bsn", |m| m.identiteit = bsn("")),
        ("jeugdige.bsn", |m| m.identiteit = bsn("999990018")),
        ("jeugdige.bsn", |m| m.identiteit = bsn("000000000")),
        ("jeugdige.persoonsgegevens.achternaam", |m| set(m).achternaam.clear()),
        ("jeugdige.persoonsgegevens.voornamen", |m| set(m).voornamen = lang(201)),
        ("jeugdige.persoonsgegevens.geboortedatum", |m| set(m).geboortedatum.clear()),
        ("jeugdige.persoonsgegevens.geboortedatum", |m| set(m).geboortedatum = "2026-07-02".to_owned()),
        ("jeugdige.persoonsgegevens.postcode", |m| set(m).postcode = "2511BT".to_owned()),
        ("jeugdige.persoonsgegevens.huisnummer", |m| set(m).huisnummer = "1".to_owned()),
        ("jeugdige.persoonsgegevens.postcode", |m| {
            m.geheim_adres = None;
            set(m).huisnummer = "1".to_owned();
        }),
        ("jeugdige.persoonsgegevens.huisnummer", |m| {
            m.geheim_adres = None;
            (set(m).postcode, set(m).huisnummer) = ("2511BT".to_owned(), lang(21));
        }),
        ("jeugdige.geheim_adres.postcode", |m| adres(m).postcode = "2511 BT".to_owned()),
        ("jeugdige.geheim_adres.huisnummer", |m| adres(m).huisnummer.clear()),
        ("jeugdige.geheim_adres.bereikbaar_via", |m| adres(m).bereikbaar_via = lang(1001)),
    ];
    gevonden("21", |bericht| inhoud!(bericht, Uitspraak).jeugdige.as_mut().expect("a jeugdige"), breuken);
}

#[test]
fn faults_of_the_other_messages_of_a_rechtbank_are_found() {
    let breuken: &[Breuk<v1::Zittingsaankondiging>] = &[
        ("gi_oin", |m| m.gi_oin.clear()),
        ("zitting_op", |m| m.zitting_op = None),
        ("zaaknummer", |m| m.zaaknummer.clear()),
        ("verzochte_maatregel", |m| m.verzochte_maatregel = 0),
        ("jeugdige", |m| m.jeugdige = None),
    ];
    gevonden("01", |bericht| inhoud!(bericht, Zittingsaankondiging), breuken);
    let breuken: &[Breuk<v1::Retour>] = &[
        ("uitspraak_id", |m| m.uitspraak_id.clear()),
        ("uitspraak_id", |m| m.uitspraak_id = "936da01f-9abd-4d9d-80c7-02af85c822a8".to_owned()),
        ("reden", |m| m.reden = 0),
        ("reden", |m| m.reden = 2),
    ];
    gevonden("27", |bericht| inhoud!(bericht, Retour), breuken);
}

#[test]
fn faults_of_the_messages_about_the_work_of_a_gi_are_found() {
    fn wie(m: &mut v1::Koppeling) -> &mut v1::Jeugdbeschermer {
        m.jeugdbeschermer.as_mut().expect("a jeugdbeschermer")
    }
    let breuken: &[Breuk<v1::Koppeling>] = &[
        ("soort", |m| m.soort = 0),
        ("gekoppeld_op", |m| (m.gekoppeld_op, m.actief_contact_sinds) = ("2026-07-02".to_owned(), String::new())),
        ("actief_contact_sinds", |m| m.actief_contact_sinds = "2026-03-17".to_owned()),
        ("vervangt_koppeling_id", |m| (m.vervangt_koppeling_id, m.reden_wisseling) = ("x".to_owned(), 1)),
        ("reden_wisseling", |m| m.reden_wisseling = 1),
        ("reden_wisseling", |m| m.vervangt_koppeling_id = nieuw_id()),
        ("jeugdbeschermer", |m| m.jeugdbeschermer = None),
        ("jeugdbeschermer.naam", |m| wie(m).naam.clear()),
        ("jeugdbeschermer.telefoon", |m| wie(m).telefoon = lang(21)),
        ("jeugdbeschermer.email", |m| wie(m).email = lang(201)),
    ];
    gevonden("03", |bericht| inhoud!(bericht, Koppeling), breuken);
    let breuken: &[Breuk<v1::Koers>] = &[
        ("bepaald_op", |m| m.bepaald_op = "2026-07-02".to_owned()),
        ("reden_niet_gesproken", |m| m.reden_niet_gesproken = 1),
        ("reden_niet_gesproken", |m| m.jeugdige_gesproken = false),
        ("eerdere_termijn_hulp", |m| (m.eerdere_termijn_hulp, m.reden_eerdere_termijn) = ("mei".to_owned(), 1)),
        ("eerdere_termijn_koers", |m| (m.eerdere_termijn_koers, m.reden_eerdere_termijn) = ("mei".to_owned(), 1)),
        ("reden_eerdere_termijn", |m| m.reden_eerdere_termijn = 1),
        ("reden_eerdere_termijn", |m| m.eerdere_termijn_hulp = "2026-05-01".to_owned()),
    ];
    gevonden("04", |bericht| inhoud!(bericht, Koers), breuken);
    let breuken: &[Breuk<v1::Toelichting>] = &[
        // Norm 1 knows no explanation.
        ("norm", |m| m.norm = 1),
        ("reden", |m| m.reden = 0),
        ("tekst", |m| m.tekst.clear()),
        ("tekst", |m| m.tekst = lang(4001)),
    ];
    gevonden("13", |bericht| inhoud!(bericht, Toelichting), breuken);
    let breuken: &[Breuk<v1::Passendheid>] = &[
        ("bepaling_id", |m| m.bepaling_id.clear()),
        ("voorziening_nr", |m| m.voorziening_nr = 0),
        ("oordeel", |m| m.oordeel = 4),
        ("beoordeeld_op", |m| m.beoordeeld_op = "2026-07-02".to_owned()),
    ];
    gevonden("11", |bericht| inhoud!(bericht, Passendheid), breuken);
    let breuken: &[Breuk<v1::Capaciteit>] = &[
        ("stand", |m| m.stand = 0),
        ("regio", |m| m.regio.clear()),
        ("vanaf", |m| m.vanaf.clear()),
        ("tot_en_met", |m| m.tot_en_met = "2026-05-03".to_owned()),
        ("reden", |m| m.reden = 0),
        ("reden", |m| m.reden = 9),
    ];
    gevonden("31", |bericht| inhoud!(bericht, Capaciteit), breuken);
    let breuken: &[Breuk<v1::Overdracht>] = &[
        ("uitspraak_id", |m| m.uitspraak_id.clear()),
        ("overgedragen_op", |m| m.overgedragen_op.clear()),
        ("koers_bepaald_op", |m| m.koers_bepaald_op = "april".to_owned()),
        ("lopende_bepalingen", |m| m.lopende_bepalingen = vec![nieuw_id(); 101]),
        ("lopende_bepalingen[0]", |m| m.lopende_bepalingen[0].clear()),
        ("jeugdbeschermer.naam", |m| m.jeugdbeschermer = Some(v1::Jeugdbeschermer::default())),
        ("toelichting", |m| m.toelichting = lang(20_001)),
    ];
    gevonden("24", |bericht| inhoud!(bericht, Overdracht), breuken);
    let breuken: &[Breuk<v1::TaakNietUitvoerbaar>] = &[
        ("taak", |m| m.taak = 0),
        ("aantal_kinderen", |m| m.aantal_kinderen = 0),
        ("regio", |m| m.regio = lang(61)),
        ("sinds", |m| m.sinds.clear()),
        ("reden", |m| m.reden = 0),
    ];
    gevonden("32", |bericht| inhoud!(bericht, TaakNietUitvoerbaar), breuken);
}

#[test]
fn faults_of_the_envelope_are_found() {
    let mut zonder_zaak = voorbeeld("05");
    zonder_zaak.maatregel_id.clear();
    assert_eq!(velden("gi", &zonder_zaak), ["maatregel_id"]);
    let mut vreemde_zaak = voorbeeld("05");
    vreemde_zaak.maatregel_id = "1234".to_owned();
    assert_eq!(velden("gi", &vreemde_zaak), ["maatregel_id"]);
    let mut met_zaak = voorbeeld("31");
    met_zaak.maatregel_id = nieuw_id();
    assert_eq!(velden("gi", &met_zaak), ["maatregel_id"]);
    let mut correctie = correctie_van("x", voorbeeld("10"));
    correctie.correctie.as_mut().expect("a correction").reden = 9;
    assert_eq!(velden("aanbieder-3", &correctie), ["correctie.betreft_bericht_id", "correctie.reden"]);
    let mut intrekking = intrekking_van("", &nieuw_id());
    inhoud!(intrekking, Intrekking).reden = 0;
    assert_eq!(velden("gi", &intrekking), ["intrekking.betreft_bericht_id", "intrekking.reden"]);
}

#[test]
fn bytes_without_an_id_or_content_are_refused_before_anything_else() {
    let lees = |bytes: &[u8]| lees(bytes, Rol::Gi, begin(), datum_in_nederland(begin())).map(|_| "read").unwrap_err();
    assert_eq!(lees(b"\xff\xff\xff"), Refusal::Onleesbaar);
    let veld = |refusal: Refusal| refusal.faults().iter().map(|fault| fault.veld.clone()).collect::<Vec<_>>();
    let zonder_id = Bericht { bericht_id: "936da01f-9abd-4d9d-80c7-02af85c822a8".to_owned(), ..voorbeeld("04") };
    assert_eq!(veld(lees(&zonder_id.encode_to_vec())), ["bericht_id"]);
    let zonder_inhoud = Bericht { inhoud: None, ..voorbeeld("04") };
    assert_eq!(veld(lees(&zonder_inhoud.encode_to_vec())), ["inhoud"]);
}

#[test]
fn what_no_recipient_may_see_is_refused_with_the_path_of_the_field() {
    let mut bepaling = voorbeeld("05");
    let adres = v1::GeheimAdres { postcode: "2500ZZ".to_owned(), huisnummer: "1".to_owned(), bereikbaar_via: String::new() };
    inhoud!(bepaling, Jeugdhulpbepaling).jeugdige.as_mut().expect("a jeugdige").geheim_adres = Some(adres);
    assert_eq!(velden("gi", &bepaling), ["jeugdhulpbepaling.jeugdige.geheim_adres"]);
}

#[test]
fn all_faults_are_named_at_once() {
    let mut bericht = voorbeeld("05");
    bericht.maatregel_id.clear();
    let m = inhoud!(bericht, Jeugdhulpbepaling);
    m.maatregel = 0;
    m.voorzieningen[1].nr = 1;
    m.voorzieningen[2].aanbieder_oin.clear();
    m.overleg.as_mut().expect("a consultation").contactrol = lang(101);
    m.doelen[3].clear();
    let expected = [
        "maatregel_id",
        "jeugdhulpbepaling.maatregel",
        "jeugdhulpbepaling.voorzieningen[1].nr",
        "jeugdhulpbepaling.voorzieningen[2].aanbieder_oin",
        "jeugdhulpbepaling.overleg.contactrol",
        "jeugdhulpbepaling.doelen[3]",
    ];
    assert_eq!(velden("gi", &bericht), expected);
}
