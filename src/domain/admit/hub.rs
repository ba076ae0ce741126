//! What the hub itself has to say: signals without a person, and warnings that a clock runs out.

use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{self, Bericht, Norm, Rol, SoortSignaal, Waarschuwing};
use prost::Message as _;
use std::sync::Arc;

use super::{Admitted, Gelezen, Omgeving};
use crate::domain::deelnemer::Deelnemer;
use crate::domain::ids::{BerichtId, Oin};
use crate::domain::klok::{self, Stand};
use crate::domain::routing::Weg;
use crate::domain::zaak::Zaak;

/// The warnings of a case whose moment has come, and the signals with them.
pub fn waarschuw(stand: &Stand, omgeving: &mut Omgeving<'_>) -> Vec<Admitted> {
    let mut alle = Vec::new();
    for w in stand.te_verzenden(omgeving.nu) {
        alle.push(van_hub(Inhoud::Klokwaarschuwing(waarschuwing(&w)), Some(&stand.zaak), omgeving));
        if w.procent == 100 {
            let gi = stand.zaak.houder_op(omgeving.vandaag);
            let rechtbank = if w.norm == Norm::Kennisgeving { stand.zaak.rechtbank.to_string() } else { String::new() };
            let m = v1::Signaal {
                soort: SoortSignaal::NormVerstreken.into(),
                gi_oin: gi.to_string(),
                aantal: 1,
                norm: w.norm.into(),
                rechtbank_oin: rechtbank,
            };
            alle.push(van_hub(Inhoud::Signaal(m), None, omgeving));
        }
    }
    alle
}

fn waarschuwing(w: &klok::Waarschuwing) -> v1::Klokwaarschuwing {
    v1::Klokwaarschuwing {
        norm: w.norm.into(),
        nummer: w.nummer,
        procent: w.procent,
        bereikt_op: Some(prost_types::Timestamp { seconds: w.bereikt_op.timestamp(), nanos: 0 }),
        start: w.looptijd.start.to_string(),
        uiterlijk: w.looptijd.uiterlijk.to_string(),
        escalatie_voorgesteld: w.escalatie,
    }
}

/// The signals that follow from accepting a message.
pub(super) fn signalen(inhoud: &Inhoud, warn: &[Waarschuwing], oud: Option<&Zaak>, nieuw: Option<&Zaak>) -> Vec<(SoortSignaal, Oin)> {
    let mut signalen = Vec::new();
    if let Inhoud::Uitspraak(m) = inhoud
        && let Ok(gi) = Oin::parse(&m.gi_oin)
    {
        signalen.extend(warn.iter().filter_map(bij_waarschuwing).map(|soort| (soort, gi)));
    }
    // There is never a good reason not to hear a child that may be placed out of home (R36).
    if let Some(nieuw) = nieuw
        && nieuw.uithuisplaatsing_ongehoord()
        && !oud.is_some_and(Zaak::uithuisplaatsing_ongehoord)
    {
        signalen.push((SoortSignaal::NietGesprokenBijUithuisplaatsing, nieuw.laatste_houder()));
    }
    signalen
}

fn bij_waarschuwing(waarschuwing: &Waarschuwing) -> Option<SoortSignaal> {
    match waarschuwing {
        Waarschuwing::GiHeeftOpnamestop => Some(SoortSignaal::UitspraakBijOpnamestop),
        Waarschuwing::GiNietBevoegd => Some(SoortSignaal::UitspraakBijOnbevoegdeGi),
        Waarschuwing::Unspecified | Waarschuwing::GemeenteNietAangesloten | Waarschuwing::AanbiederNietActief => None,
    }
}

/// A signal about one case of a GI.
pub(super) fn signaal(soort: SoortSignaal, gi: Oin, omgeving: &mut Omgeving<'_>) -> Admitted {
    let m = v1::Signaal { soort: soort.into(), gi_oin: gi.to_string(), aantal: 1, ..v1::Signaal::default() };
    van_hub(Inhoud::Signaal(m), None, omgeving)
}

fn van_hub(inhoud: Inhoud, zaak: Option<&Zaak>, omgeving: &mut Omgeving<'_>) -> Admitted {
    let id = BerichtId((omgeving.nieuw_id)());
    let hub = Deelnemer::hub(omgeving.hub);
    let ontvangers = Weg { register: omgeving.register, vandaag: omgeving.vandaag, afzender: &hub, zaak }.ontvangers(&inhoud);
    let kind: Kind = inhoud.kind();
    let maatregel = zaak.map(|zaak| zaak.id);
    let bericht = Bericht {
        bericht_id: id.to_string(),
        maatregel_id: maatregel.map(|id| id.to_string()).unwrap_or_default(),
        inhoud: Some(inhoud),
        correctie: None,
    };
    let gelezen = Gelezen {
        canonical: bericht.encode_to_vec(),
        feit: Arc::new(bericht.clone()),
        bericht,
        id,
        kind,
        maatregel,
        betreft: None,
        oordeel: Ok(()),
    };
    Admitted {
        gelezen: Arc::new(gelezen),
        afzender: omgeving.hub,
        rol: Rol::Hub,
        maatregel,
        ontvangers,
        waarschuwingen: Vec::new(),
        relaties: Vec::new(),
        omgeleid: Vec::new(),
    }
}
