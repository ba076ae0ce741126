//! Content of the jeugdhulpbepaling and of what a gemeente may say about it.

use jeugdketen_proto::Path;
use jeugdketen_proto::v1::{self, overleg};

use super::Keuring;
use crate::domain::codes;

pub(super) fn jeugdhulpbepaling(m: &v1::Jeugdhulpbepaling, pad: &Path<'_>, k: &mut Keuring) {
    k.jeugdige(&pad.field("jeugdige"), m.jeugdige.as_ref());
    k.code::<v1::SoortMaatregel>(&pad.field("maatregel"), m.maatregel);
    k.verleden(&pad.field("bepaald_op"), &m.bepaald_op);
    let voorzieningen = k.aantal(&pad.field("voorzieningen"), &m.voorzieningen, 1..=20, "must have 1 to 20 elements");
    for (index, voorziening) in voorzieningen.iter().enumerate() {
        let pad = &pad.element("voorzieningen", index);
        if voorzieningen[..index].iter().any(|eerder| eerder.nr == voorziening.nr) {
            k.fault(&pad.field("nr"), "must be unique within the bepaling");
        }
        een_voorziening(voorziening, pad, k);
    }
    if let Some(overleg) = &m.overleg {
        een_overleg(overleg, &pad.field("overleg"), k);
    }
    k.tekst(&pad.field("onderbouwing"), &m.onderbouwing, 0..=20_000);
    k.tekst(&pad.field("problematiek"), &m.problematiek, 0..=20_000);
    let doelen = k.aantal(&pad.field("doelen"), &m.doelen, 0..=20, "at most 20");
    for (index, doel) in doelen.iter().enumerate() {
        k.tekst(&pad.element("doelen", index), doel, 1..=2000);
    }
    k.jeugdbeschermer(&pad.field("jeugdbeschermer"), m.jeugdbeschermer.as_ref());
}

fn een_voorziening(m: &v1::Voorziening, pad: &Path<'_>, k: &mut Keuring) {
    if m.nr == 0 {
        k.fault(&pad.field("nr"), "required");
    }
    k.oin(&pad.field("aanbieder_oin"), &m.aanbieder_oin);
    k.productcategorie(&pad.field("productcategorie"), &m.productcategorie);
    k.tekst(&pad.field("productcode"), &m.productcode, 0..=5);
    let ingang = k.datum(&pad.field("ingangsdatum"), &m.ingangsdatum);
    let einde = k.optionele_datum(&pad.field("einddatum"), &m.einddatum);
    k.niet_voor(&pad.field("einddatum"), einde, ingang, "lies before ingangsdatum (iJw CS003)");
    k.optionele_agb(&pad.field("gewenste_onderaannemer_agb"), &m.gewenste_onderaannemer_agb);
    let Some(omvang) = &m.omvang else {
        if !m.productcode.is_empty() {
            k.fault(&pad.field("omvang"), "required with a productcode (iJw CD041)");
        }
        return;
    };
    let eigen = &pad.field("omvang");
    if !(1..=99_999_999).contains(&omvang.volume) {
        k.fault(&eigen.field("volume"), "must be 1 to 99999999");
    }
    k.lijst(&eigen.field("eenheid"), &omvang.eenheid, codes::is_eenheid, "not in iJw code list WJ756");
    k.lijst(&eigen.field("frequentie"), &omvang.frequentie, codes::is_frequentie, "not in iJw code list WJ757");
    if !codes::eenheid_past_bij_frequentie(&omvang.eenheid, &omvang.frequentie) {
        k.fault(&eigen.field("frequentie"), "does not go with this eenheid (iJw CS338)");
    }
    if omvang.frequentie == codes::PER_WEEK && m.einddatum.is_empty() {
        k.fault(&pad.field("einddatum"), "required with a frequency per week (iJw CD076)");
    }
}

fn een_overleg(m: &v1::Overleg, pad: &Path<'_>, k: &mut Keuring) {
    match &m.uitkomst {
        None => k.fault(pad, "needs gevoerd_op or niet_vereist"),
        Some(overleg::Uitkomst::GevoerdOp(dag)) => {
            k.verleden(&pad.field("gevoerd_op"), dag);
        }
        Some(overleg::Uitkomst::NietVereist(grond)) => {
            k.code::<v1::GrondGeenOverleg>(&pad.field("niet_vereist"), *grond);
        }
    }
    k.tekst(&pad.field("contactrol"), &m.contactrol, 0..=100);
}

pub(super) fn verwerking(m: &v1::Verwerking, pad: &Path<'_>, k: &mut Keuring) {
    k.voorziening(pad, &m.bepaling_id, m.voorziening_nr);
    let nummer = &m.toewijzingnummer;
    if !(1..=9).contains(&nummer.len()) || !nummer.bytes().all(|b| b.is_ascii_digit()) {
        k.fault(&pad.field("toewijzingnummer"), "must be 1 to 9 digits");
    }
    k.verleden(&pad.field("verwerkt_op"), &m.verwerkt_op);
}

pub(super) fn woonplaatsmelding(m: &v1::Woonplaatsmelding, pad: &Path<'_>, k: &mut Keuring) {
    k.bericht_id(&pad.field("bepaling_id"), &m.bepaling_id);
    k.code::<v1::RedenWoonplaats>(&pad.field("reden"), m.reden);
    k.gemeentecode(&pad.field("gemeentecode"), &m.gemeentecode);
    k.code::<v1::WoonplaatsGrond>(&pad.field("grond"), m.grond);
}

pub(super) fn aanbod(m: &v1::Aanbod, pad: &Path<'_>, k: &mut Keuring) {
    let regels = k.aantal(&pad.field("regels"), &m.regels, 0..=1000, "at most 1000");
    for (index, regel) in regels.iter().enumerate() {
        let pad = &pad.element("regels", index);
        k.oin(&pad.field("aanbieder_oin"), &regel.aanbieder_oin);
        k.productcategorie(&pad.field("productcategorie"), &regel.productcategorie);
        let vanaf = k.datum(&pad.field("vanaf"), &regel.vanaf);
        let tot = k.optionele_datum(&pad.field("tot_en_met"), &regel.tot_en_met);
        k.niet_voor(&pad.field("tot_en_met"), tot, vanaf, "lies before vanaf");
    }
}
