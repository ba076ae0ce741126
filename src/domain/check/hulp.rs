//! Content of the messages about intake, start and end of help, and about help that does not get going.

use jeugdketen_proto::Path;
use jeugdketen_proto::v1::{self, UitkomstIntake};

use super::Keuring;
use crate::domain::codes;

pub(super) fn intakeresultaat(m: &v1::Intakeresultaat, pad: &Path<'_>, k: &mut Keuring) {
    k.voorziening(pad, &m.bepaling_id, m.voorziening_nr);
    let aangemeld = k.optionele_datum(&pad.field("aangemeld_op"), &m.aangemeld_op);
    let intake = k.verleden(&pad.field("intake_op"), &m.intake_op);
    k.niet_voor(&pad.field("intake_op"), intake, aangemeld, "lies before aangemeld_op");
    let uitkomst = k.code::<UitkomstIntake>(&pad.field("uitkomst"), m.uitkomst);
    let gepland = k.optionele_datum(&pad.field("geplande_start"), &m.geplande_start);
    let sinds = k.optionele_datum(&pad.field("wachtlijst_sinds"), &m.wachtlijst_sinds);
    let verwacht = k.optionele_datum(&pad.field("verwachte_start"), &m.verwachte_start);
    k.niet_voor(&pad.field("geplande_start"), gepland, intake, "lies before intake_op");
    k.niet_voor(&pad.field("verwachte_start"), verwacht, sinds, "lies before wachtlijst_sinds");
    k.optionele_code::<v1::ContraIndicatie>(&pad.field("contra_indicatie"), m.contra_indicatie);
    if let Some(criterium) = &m.samenwerkingscriterium {
        let pad = &pad.field("samenwerkingscriterium");
        k.code::<v1::SoortSamenwerking>(&pad.field("soort"), criterium.soort);
        k.tekst(&pad.field("toelichting"), &criterium.toelichting, 1..=2000);
    }
    let Some(uitkomst) = uitkomst else { return };
    let (gepland, wacht, past_niet) = (
        uitkomst == UitkomstIntake::GeschiktStartGepland,
        uitkomst == UitkomstIntake::GeschiktWachtlijst,
        uitkomst == UitkomstIntake::NietPassend,
    );
    k.precies_als(&pad.field("geplande_start"), !m.geplande_start.is_empty(), gepland);
    k.precies_als(&pad.field("wachtlijst_sinds"), !m.wachtlijst_sinds.is_empty(), wacht);
    k.precies_als(&pad.field("verwachte_start"), !m.verwachte_start.is_empty(), wacht);
    k.precies_als(&pad.field("contra_indicatie"), m.contra_indicatie != 0, past_niet);
    k.precies_als(&pad.field("samenwerkingscriterium"), m.samenwerkingscriterium.is_some(), past_niet);
}

pub(super) fn hulp_gestart(m: &v1::HulpGestart, pad: &Path<'_>, k: &mut Keuring) {
    k.voorziening(pad, &m.bepaling_id, m.voorziening_nr);
    let gestart = k.verleden(&pad.field("gestart_op"), &m.gestart_op);
    k.productcategorie(&pad.field("productcategorie"), &m.productcategorie);
    let nacht = k.optionele_datum(&pad.field("eerste_nacht"), &m.eerste_nacht);
    k.precies_als(&pad.field("eerste_nacht"), !m.eerste_nacht.is_empty(), codes::is_verblijf(&m.productcategorie));
    if nacht.zip(gestart).is_some_and(|(nacht, gestart)| nacht.succ_opt() != Some(gestart)) {
        k.fault(&pad.field("gestart_op"), "for verblijf the start is the day after the first night");
    }
    k.optionele_agb(&pad.field("uitvoerder_agb"), &m.uitvoerder_agb);
}

pub(super) fn hulp_beeindigd(m: &v1::HulpBeeindigd, pad: &Path<'_>, k: &mut Keuring) {
    k.voorziening(pad, &m.bepaling_id, m.voorziening_nr);
    k.verleden(&pad.field("beeindigd_op"), &m.beeindigd_op);
    k.lijst(&pad.field("reden"), &m.reden, codes::is_reden_beeindiging, "not in iJw code list JZ588");
    k.tekst(&pad.field("toelichting"), &m.toelichting, 0..=4000);
}

pub(super) fn escalatie(m: &v1::Escalatie, pad: &Path<'_>, k: &mut Keuring) {
    k.oin(&pad.field("expertteam_oin"), &m.expertteam_oin);
    k.jeugdige(&pad.field("jeugdige"), m.jeugdige.as_ref());
    k.optioneel_bericht_id(&pad.field("bepaling_id"), &m.bepaling_id);
    k.code::<v1::RedenVertraging>(&pad.field("reden"), m.reden);
    k.productcategorie(&pad.field("productcategorie"), &m.productcategorie);
    k.tekst(&pad.field("regio"), &m.regio, 1..=60);
    k.tekst(&pad.field("toelichting"), &m.toelichting, 0..=20_000);
    k.jeugdbeschermer(&pad.field("jeugdbeschermer"), m.jeugdbeschermer.as_ref());
}

pub(super) fn inzetbesluit(m: &v1::Inzetbesluit, pad: &Path<'_>, k: &mut Keuring) {
    k.bericht_id(&pad.field("escalatie_id"), &m.escalatie_id);
    k.oin(&pad.field("aanbieder_oin"), &m.aanbieder_oin);
    k.jeugdige(&pad.field("jeugdige"), m.jeugdige.as_ref());
    k.productcategorie(&pad.field("productcategorie"), &m.productcategorie);
    k.datum(&pad.field("ingangsdatum"), &m.ingangsdatum);
    k.tekst(&pad.field("motivering"), &m.motivering, 0..=4000);
}
