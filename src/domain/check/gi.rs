//! Content of the messages that a GI sends about its own work.

use jeugdketen_proto::Path;
use jeugdketen_proto::v1::{self, SoortKoppeling, StandCapaciteit};

use super::Keuring;

pub(super) fn koppeling(m: &v1::Koppeling, pad: &Path<'_>, k: &mut Keuring) {
    let soort = k.code::<SoortKoppeling>(&pad.field("soort"), m.soort);
    let gekoppeld = k.verleden(&pad.field("gekoppeld_op"), &m.gekoppeld_op);
    let actief = k.optionele_datum(&pad.field("actief_contact_sinds"), &m.actief_contact_sinds);
    k.niet_voor(&pad.field("actief_contact_sinds"), actief, gekoppeld, "lies before gekoppeld_op");
    k.optioneel_bericht_id(&pad.field("vervangt_koppeling_id"), &m.vervangt_koppeling_id);
    k.optionele_code::<v1::RedenWisseling>(&pad.field("reden_wisseling"), m.reden_wisseling);
    k.precies_als(&pad.field("reden_wisseling"), m.reden_wisseling != 0, !m.vervangt_koppeling_id.is_empty());
    let naam_nodig = matches!(soort, Some(SoortKoppeling::Vast | SoortKoppeling::TijdelijkInstroomteam));
    if naam_nodig || m.jeugdbeschermer.is_some() {
        k.jeugdbeschermer(&pad.field("jeugdbeschermer"), m.jeugdbeschermer.as_ref());
    }
}

pub(super) fn koers(m: &v1::Koers, pad: &Path<'_>, k: &mut Keuring) {
    k.verleden(&pad.field("bepaald_op"), &m.bepaald_op);
    k.optionele_code::<v1::RedenNietGesproken>(&pad.field("reden_niet_gesproken"), m.reden_niet_gesproken);
    k.precies_als(&pad.field("reden_niet_gesproken"), m.reden_niet_gesproken != 0, !m.jeugdige_gesproken);
    k.optionele_datum(&pad.field("eerdere_termijn_hulp"), &m.eerdere_termijn_hulp);
    k.optionele_datum(&pad.field("eerdere_termijn_koers"), &m.eerdere_termijn_koers);
    k.optionele_code::<v1::RedenEerdereTermijn>(&pad.field("reden_eerdere_termijn"), m.reden_eerdere_termijn);
    let eerder = !m.eerdere_termijn_hulp.is_empty() || !m.eerdere_termijn_koers.is_empty();
    k.precies_als(&pad.field("reden_eerdere_termijn"), m.reden_eerdere_termijn != 0, eerder);
}

pub(super) fn toelichting(m: &v1::Toelichting, pad: &Path<'_>, k: &mut Keuring) {
    k.code::<v1::ToelichtbareNorm>(&pad.field("norm"), m.norm);
    k.code::<v1::RedenVertraging>(&pad.field("reden"), m.reden);
    k.tekst(&pad.field("tekst"), &m.tekst, 1..=4000);
}

pub(super) fn passendheid(m: &v1::Passendheid, pad: &Path<'_>, k: &mut Keuring) {
    k.voorziening(pad, &m.bepaling_id, m.voorziening_nr);
    k.code::<v1::OordeelPassendheid>(&pad.field("oordeel"), m.oordeel);
    k.verleden(&pad.field("beoordeeld_op"), &m.beoordeeld_op);
}

pub(super) fn capaciteit(m: &v1::Capaciteit, pad: &Path<'_>, k: &mut Keuring) {
    let stand = k.code::<StandCapaciteit>(&pad.field("stand"), m.stand);
    k.tekst(&pad.field("regio"), &m.regio, 1..=60);
    let vanaf = k.datum(&pad.field("vanaf"), &m.vanaf);
    let tot = k.optionele_datum(&pad.field("tot_en_met"), &m.tot_en_met);
    k.niet_voor(&pad.field("tot_en_met"), tot, vanaf, "lies before vanaf");
    k.optionele_code::<v1::RedenCapaciteit>(&pad.field("reden"), m.reden);
    if stand == Some(StandCapaciteit::Opnamestop) && m.reden == 0 {
        k.fault(&pad.field("reden"), "required for an opnamestop");
    }
}

pub(super) fn overdracht(m: &v1::Overdracht, pad: &Path<'_>, k: &mut Keuring) {
    k.bericht_id(&pad.field("uitspraak_id"), &m.uitspraak_id);
    k.datum(&pad.field("overgedragen_op"), &m.overgedragen_op);
    k.optionele_datum(&pad.field("koers_bepaald_op"), &m.koers_bepaald_op);
    let lopende = k.aantal(&pad.field("lopende_bepalingen"), &m.lopende_bepalingen, 0..=100, "at most 100");
    for (index, bepaling) in lopende.iter().enumerate() {
        k.bericht_id(&pad.element("lopende_bepalingen", index), bepaling);
    }
    if m.jeugdbeschermer.is_some() {
        k.jeugdbeschermer(&pad.field("jeugdbeschermer"), m.jeugdbeschermer.as_ref());
    }
    k.tekst(&pad.field("toelichting"), &m.toelichting, 0..=20_000);
}

pub(super) fn taak_niet_uitvoerbaar(m: &v1::TaakNietUitvoerbaar, pad: &Path<'_>, k: &mut Keuring) {
    k.code::<v1::WettelijkeTaak>(&pad.field("taak"), m.taak);
    if m.aantal_kinderen == 0 {
        k.fault(&pad.field("aantal_kinderen"), "required");
    }
    k.tekst(&pad.field("regio"), &m.regio, 1..=60);
    k.verleden(&pad.field("sinds"), &m.sinds);
    k.code::<v1::RedenCapaciteit>(&pad.field("reden"), m.reden);
}
