//! Content of the messages around an uitspraak.

use jeugdketen_proto::Path;
use jeugdketen_proto::v1::{self, SoortMaatregel, SoortUitspraak, VormUitspraak};

use super::Keuring;

pub(super) fn zittingsaankondiging(m: &v1::Zittingsaankondiging, pad: &Path<'_>, k: &mut Keuring) {
    k.oin(&pad.field("gi_oin"), &m.gi_oin);
    k.moment(&pad.field("zitting_op"), m.zitting_op.as_ref());
    k.tekst(&pad.field("zaaknummer"), &m.zaaknummer, 1..=60);
    k.code::<SoortMaatregel>(&pad.field("verzochte_maatregel"), m.verzochte_maatregel);
    k.jeugdige(&pad.field("jeugdige"), m.jeugdige.as_ref());
}

pub(super) fn uitspraak(m: &v1::Uitspraak, pad: &Path<'_>, k: &mut Keuring) {
    let soort = k.code::<SoortUitspraak>(&pad.field("soort"), m.soort);
    let vorm = k.code::<VormUitspraak>(&pad.field("vorm"), m.vorm);
    let maatregel = k.code::<SoortMaatregel>(&pad.field("maatregel"), m.maatregel);
    k.tekst(&pad.field("zaaknummer"), &m.zaaknummer, 1..=60);
    k.tekst(&pad.field("ecli"), &m.ecli, 0..=60);
    k.voorbij(&pad.field("uitgesproken_op"), m.uitgesproken_op.as_ref());
    let ingang = k.datum(&pad.field("ingangsdatum"), &m.ingangsdatum);
    let einde = k.optionele_datum(&pad.field("einddatum"), &m.einddatum);
    k.niet_voor(&pad.field("einddatum"), einde, ingang, "lies before ingangsdatum");
    k.oin(&pad.field("gi_oin"), &m.gi_oin);
    k.gemeentecode(&pad.field("woonplaats_gemeentecode"), &m.woonplaats_gemeentecode);
    k.jeugdige(&pad.field("jeugdige"), m.jeugdige.as_ref());
    k.tekst(&pad.field("gronden"), &m.gronden, 0..=20_000);
    k.tekst(&pad.field("motivering"), &m.motivering, 0..=100_000);
    k.tekst(&pad.field("tekst"), &m.tekst, 0..=100_000);
    k.optioneel_bericht_id(&pad.field("zittingsaankondiging_id"), &m.zittingsaankondiging_id);
    k.optionele_code::<v1::RedenEinde>(&pad.field("reden_einde"), m.reden_einde);
    let machtigingen = k.aantal(&pad.field("machtigingen"), &m.machtigingen, 0..=5, "at most 5");
    for (index, machtiging) in machtigingen.iter().enumerate() {
        let pad = &pad.element("machtigingen", index);
        k.code::<v1::SoortMachtiging>(&pad.field("soort"), machtiging.soort);
        let eerste = k.datum(&pad.field("ingangsdatum"), &machtiging.ingangsdatum);
        let laatste = k.datum(&pad.field("einddatum"), &machtiging.einddatum);
        k.niet_voor(&pad.field("einddatum"), laatste, eerste, "lies before ingangsdatum");
    }
    if let Some(soort) = soort {
        let eindigt = matches!(soort, SoortUitspraak::Opheffing | SoortUitspraak::Beeindiging);
        k.precies_als(&pad.field("reden_einde"), m.reden_einde != 0, eindigt);
        let loopt = matches!(soort, SoortUitspraak::Oplegging | SoortUitspraak::Verlenging);
        let begrensd = matches!(maatregel, Some(SoortMaatregel::Ots | SoortMaatregel::Vots));
        if loopt && begrensd && m.einddatum.is_empty() {
            k.fault(&pad.field("einddatum"), "required for OTS and VOTS");
        }
    }
    // BW 1 knows beschikkingen only; jeugdreclassering comes with a vonnis or, when it is voluntary, without. A voogdij has no last day.
    if let Some(maatregel) = maatregel {
        if vorm == Some(VormUitspraak::Vonnis) && !is_jeugdreclassering(maatregel) {
            k.fault(&pad.field("vorm"), "does not go with this maatregel");
        }
        if maatregel == SoortMaatregel::Voogdij && einde.is_some() {
            k.fault(&pad.field("einddatum"), "a voogdij has no last day");
        }
    }
}

pub(super) fn retour(m: &v1::Retour, pad: &Path<'_>, k: &mut Keuring) {
    k.bericht_id(&pad.field("uitspraak_id"), &m.uitspraak_id);
    k.code::<v1::RedenRetour>(&pad.field("reden"), m.reden);
}

fn is_jeugdreclassering(maatregel: SoortMaatregel) -> bool {
    maatregel as i32 >= SoortMaatregel::JrPreventief as i32
}
