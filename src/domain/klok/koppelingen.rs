//! Who was linked to the gezin, and whether that was vast (norm 1, Bijlage 5; R19–R28).

use chrono::NaiveDate;
use jeugdketen_proto::v1::{self, RedenWisseling, SoortKoppeling};

use crate::domain::deelnemer::datum;
use crate::domain::ids::Oin;

/// Every link of a case, in the order of the messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Koppelingen(Vec<Koppeling>);

/// One link.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Koppeling {
    id: String,
    gi: Oin,
    soort: SoortKoppeling,
    op: NaiveDate,
    actief_contact: Option<NaiveDate>,
    vervangt: String,
    reden: RedenWisseling,
}

impl Koppelingen {
    pub(super) fn neem_op(&mut self, id: &str, gi: Oin, m: &v1::Koppeling) {
        if let Some(op) = datum(&m.gekoppeld_op) {
            self.0.push(Koppeling {
                id: id.to_owned(),
                gi,
                soort: m.soort(),
                op,
                actief_contact: datum(&m.actief_contact_sinds),
                vervangt: m.vervangt_koppeling_id.clone(),
                reden: m.reden_wisseling(),
            });
        }
    }

    /// The first day with a jeugdbeschermer, in the strict reading.
    pub(super) fn eerste_jeugdbeschermer(&self) -> Option<NaiveDate> {
        self.0.iter().filter(|koppeling| koppeling.is_jeugdbeschermer()).map(|koppeling| koppeling.op).min()
    }

    /// The first day on which somebody really worked with the gezin under a minimal variant (R20).
    pub(super) fn eerste_minimale_variant(&self) -> Option<NaiveDate> {
        self.0.iter().filter_map(Koppeling::minimale_variant_sinds).min()
    }

    /// Whether the jeugdbeschermer is vast: at most one change for verloop or illness, and no change that left the gezin with less than it
    /// had: a list, a desk, or the intake team again. None when nobody was ever linked.
    pub fn vast(&self) -> Option<bool> {
        let ooit = self.0.iter().any(Koppeling::telt);
        let onvoorzien = |k: &&Koppeling| matches!(k.reden, RedenWisseling::Verloop | RedenWisseling::Ziekte);
        let wisselingen = self.0.iter().filter(|koppeling| !koppeling.vervangt.is_empty()).filter(onvoorzien).count();
        let houvast = |tot: usize| lopende(&self.0[..tot]).map(Koppeling::houvast).max();
        let teruggevallen = (1..self.0.len()).any(|tot| houvast(tot + 1) < houvast(tot));
        ooit.then_some(wisselingen <= 1 && !teruggevallen)
    }

    /// How often the gezin went from one link to another.
    pub fn wisselingen(&self) -> usize {
        self.0.iter().filter(|koppeling| !koppeling.vervangt.is_empty()).count()
    }

    /// How many jeugdbeschermers of this GI the gezin has now. Those of a GI that lost the case went with it; those of one that it took over
    /// from, or that took over from it, are its own: the caller knows the register.
    pub fn jeugdbeschermers(&self, is_gi: impl Fn(Oin) -> bool) -> usize {
        self.lopende_van(is_gi).filter(|koppeling| koppeling.telt()).count()
    }

    /// Since when the gezin has been on a list of this GI, when it has no jeugdbeschermer of it.
    pub fn op_lijst_sinds(&self, is_gi: impl Fn(Oin) -> bool) -> Option<NaiveDate> {
        if self.jeugdbeschermers(&is_gi) > 0 { None } else { self.lopende_van(is_gi).map(|koppeling| koppeling.op).min() }
    }

    fn lopende_van(&self, is_gi: impl Fn(Oin) -> bool) -> impl Iterator<Item = &Koppeling> {
        lopende(&self.0).filter(move |koppeling| is_gi(koppeling.gi))
    }
}

impl Koppeling {
    /// How much hold it gives the gezin.
    fn houvast(&self) -> u8 {
        match self.soort {
            SoortKoppeling::Vast => 2,
            SoortKoppeling::TijdelijkInstroomteam => 1,
            _ => 0,
        }
    }

    fn is_jeugdbeschermer(&self) -> bool {
        self.houvast() > 0
    }

    fn minimale_variant_sinds(&self) -> Option<NaiveDate> {
        let minimaal = matches!(self.soort, SoortKoppeling::Verdeellijst | SoortKoppeling::BeperktHulpaanbod);
        self.actief_contact.filter(|_| minimaal)
    }

    fn telt(&self) -> bool {
        self.is_jeugdbeschermer() || self.minimale_variant_sinds().is_some()
    }
}

/// The links that no later one replaced.
fn lopende(alle: &[Koppeling]) -> impl Iterator<Item = &Koppeling> {
    alle.iter().filter(|koppeling| !alle.iter().any(|later| later.vervangt == koppeling.id))
}
