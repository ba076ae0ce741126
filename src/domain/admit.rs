//! Admission: every check a message must pass, in order, and what follows from accepting it. Pure; the caller loads what is looked at and
//! stores what comes out. `Admitted` can be made here only, so that nothing else can be stored.

mod hub;
mod regels;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{self, Bericht, Rol, SoortUitspraak, Waarschuwing, Zaakband};
use jeugdketen_proto::{Kind, NotCanonical, Projection as _, Reader, canonical_bericht};
use prost::Message as _;
use uuid::Uuid;

pub use hub::waarschuw;

use super::check;
use super::deelnemer::Deelnemer;
use super::ids::{BerichtId, MaatregelId, Oin};
use super::refusal::{Fault, Refusal, Toestand};
use super::register::Register;
use super::routing::{Ontvanger, Weg, genoemden};
use super::zaak::{Feit, Tegenstrijdig, Zaak};

/// A message as it was read, before anything of the hub's state was looked at.
pub struct Gelezen {
    /// The message.
    pub bericht: Bericht,
    /// Its canonical form; the bytes as they came when that form does not hold all of it.
    pub canonical: Vec<u8>,
    /// Its id.
    pub id: BerichtId,
    /// Its kind.
    pub kind: Kind,
    /// The case it names.
    pub maatregel: Option<MaatregelId>,
    /// The message it corrects or withdraws.
    pub betreft: Option<BerichtId>,
    /// The message projected for the hub: what is kept as a fact when it belongs to a case.
    pub feit: Arc<Bericht>,
    /// What its content alone says. Counts only when it is not a repetition of a message that was accepted before.
    pub oordeel: Result<(), Refusal>,
}

/// Without the body: that is nobody's to read in a log.
impl std::fmt::Debug for Gelezen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gelezen")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("maatregel", &self.maatregel)
            .field("betreft", &self.betreft)
            .field("oordeel", &self.oordeel)
            .finish_non_exhaustive()
    }
}

/// Reads a message and judges its content and whether the role may send it. Without an id and a kind there is nothing to record.
pub fn lees(bytes: &[u8], rol: Rol, nu: DateTime<Utc>, vandaag: NaiveDate) -> Result<Gelezen, Refusal> {
    let (bericht, canonical, onbekend) = match canonical_bericht(bytes) {
        Ok((bericht, canonical)) => (bericht, canonical, Vec::new()),
        Err(NotCanonical::Malformed) => return Err(Refusal::Onleesbaar),
        Err(NotCanonical::UnknownFields(paden)) => (Bericht::decode(bytes).map_err(|_| Refusal::Onleesbaar)?, bytes.to_vec(), paden),
    };
    let fault = |veld: &str, reden| Refusal::Inhoud(vec![Fault { veld: veld.to_owned(), reden }]);
    let reden_id = "must be a UUID version 7 in lower case with hyphens";
    let id = BerichtId::parse(&bericht.bericht_id).ok_or_else(|| fault("bericht_id", reden_id))?;
    let kind = bericht.inhoud.as_ref().map(Inhoud::kind).ok_or_else(|| fault("inhoud", "required"))?;
    let oordeel = beoordeel(&bericht, rol, onbekend, nu, vandaag);
    let betreft = match (&bericht.correctie, &bericht.inhoud) {
        (Some(correctie), _) => BerichtId::parse(&correctie.betreft_bericht_id),
        (None, Some(Inhoud::Intrekking(m))) => BerichtId::parse(&m.betreft_bericht_id),
        _ => None,
    };
    let maatregel = MaatregelId::parse(&bericht.maatregel_id);
    let mut feit = bericht.clone();
    feit.restrict(&Reader { role: Rol::Hub, oin: "" });
    Ok(Gelezen { bericht, canonical, id, kind, maatregel, betreft, feit: Arc::new(feit), oordeel })
}

fn beoordeel(bericht: &Bericht, rol: Rol, onbekend: Vec<String>, nu: DateTime<Utc>, vandaag: NaiveDate) -> Result<(), Refusal> {
    let Some(inhoud) = &bericht.inhoud else { return Err(Refusal::Onleesbaar) };
    let route = inhoud.kind().route();
    let mag = route.from.contains(&rol);
    let gemeente_over_bepaling = matches!(rol, Rol::Gemeente | Rol::LokaalTeam) && route.about_bepaling;
    // What a gemeente may say but its lokaal team may not is an attempt only when it says more than the gemeente could.
    let mag_de_gemeente = gemeente_over_bepaling && route.from.contains(&Rol::Gemeente);
    if !(mag || mag_de_gemeente) {
        return Err(if gemeente_over_bepaling { Refusal::OngeoorloofdeToetsing(Vec::new()) } else { Refusal::RolMagNiet });
    }
    let mut keuring = check::inhoud(bericht, inhoud, nu, vandaag);
    let buiten_contract = keuring.onbekende_code || !onbekend.is_empty();
    keuring.faults.extend(onbekend.into_iter().map(|veld| Fault { veld, reden: "holds fields that the contract does not know" }));
    match keuring.faults.is_empty() {
        // A reason or field outside the contract is how a gemeente would question a bepaling (R54, R59, R65).
        false if gemeente_over_bepaling && buiten_contract => Err(Refusal::OngeoorloofdeToetsing(keuring.faults)),
        _ if !mag => Err(Refusal::RolMagNiet),
        true => Ok(()),
        false => Err(Refusal::Inhoud(keuring.faults)),
    }
}

/// What the decision looks at besides the message.
pub struct Omgeving<'a> {
    /// The moment.
    pub nu: DateTime<Utc>,
    /// The date in the Netherlands.
    pub vandaag: NaiveDate,
    /// The participants.
    pub register: &'a Register,
    /// The OIN of the hub, as sender of signals.
    pub hub: Oin,
    /// The facts of the case that the message names, in order; empty when there is no such case.
    pub feiten: &'a [Feit],
    /// The message that it corrects or withdraws, when the sender sent it.
    pub origineel: Option<&'a Origineel>,
    /// Regions in which the named GI has an opnamestop today.
    pub opnamestops: &'a [String],
    /// Whether the message names another jeugdige than its case does, as far as that can be told.
    pub andere_jeugdige: bool,
    /// Gives a new UUID version 7.
    pub nieuw_id: &'a mut dyn FnMut() -> Uuid,
}

/// An earlier message of the sender.
#[derive(Clone, Debug)]
pub struct Origineel {
    /// Its kind.
    pub kind: Kind,
    /// Who got it.
    pub ontvangers: Vec<Ontvanger>,
    /// Whether it is itself a correction.
    pub is_correctie: bool,
}

/// A message that passed every check, and what follows from it.
#[derive(Debug)]
pub struct Admitted {
    gelezen: Arc<Gelezen>,
    afzender: Oin,
    rol: Rol,
    maatregel: Option<MaatregelId>,
    ontvangers: Vec<Ontvanger>,
    waarschuwingen: Vec<Waarschuwing>,
    relaties: Vec<Relatie>,
    omgeleid: Vec<Omleiding>,
}

/// A change in who stands in relation to the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relatie {
    /// From this day on the participant has no relation any more; this message is the last it sees.
    Eindigt(Oin, NaiveDate),
    /// The participant stands in relation (again).
    Herleeft(Oin),
}

/// An earlier message of the case that goes to one more recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Omleiding {
    /// Its place in the order of all messages.
    pub volgnummer: i64,
    /// Who gets it now.
    pub naar: Ontvanger,
}

impl Admitted {
    /// The message, as received in its canonical form.
    pub fn canonical(&self) -> &[u8] {
        &self.gelezen.canonical
    }

    /// Its id.
    pub fn id(&self) -> BerichtId {
        self.gelezen.id
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.gelezen.kind
    }

    /// Its content.
    pub fn bericht(&self) -> &Bericht {
        &self.gelezen.bericht
    }

    /// Who sent it, and in which role.
    pub fn afzender(&self) -> (Oin, Rol) {
        (self.afzender, self.rol)
    }

    /// Its case; new when this message opens one.
    pub fn maatregel(&self) -> Option<MaatregelId> {
        self.maatregel
    }

    /// Whether it opens its case: then the hub gave the id, and not the sender.
    pub fn opent_zaak(&self) -> bool {
        self.maatregel.is_some() && self.gelezen.maatregel.is_none()
    }

    /// Who gets it.
    pub fn ontvangers(&self) -> &[Ontvanger] {
        &self.ontvangers
    }

    /// What the sender should know.
    pub fn waarschuwingen(&self) -> &[Waarschuwing] {
        &self.waarschuwingen
    }

    /// The fact to keep of it, projected for the hub; none for a message apart from any case.
    pub fn feit(&self) -> Option<&Arc<Bericht>> {
        self.maatregel.map(|_| &self.gelezen.feit)
    }

    /// Changes in who stands in relation to the case.
    pub fn relaties(&self) -> &[Relatie] {
        &self.relaties
    }

    /// Earlier messages that go to one more recipient.
    pub fn omgeleid(&self) -> &[Omleiding] {
        &self.omgeleid
    }
}

/// Why a decision could not be taken: the stored facts are corrupt. Not the sender's fault.
pub type Beslissing = Result<Result<Vec<Admitted>, Refusal>, Tegenstrijdig>;

/// Decides on a message that is not a repetition. The first of the result is the message itself, the others are signals of the hub that
/// follow from it.
pub fn beslis(gelezen: &Arc<Gelezen>, afzender: &Deelnemer, omgeving: &mut Omgeving<'_>) -> Beslissing {
    if let Err(refusal) = &gelezen.oordeel {
        return Ok(Err(refusal.clone()));
    }
    let Some(inhoud) = &gelezen.bericht.inhoud else { return Ok(Err(Refusal::Onleesbaar)) };
    let zaak = match gelezen.maatregel {
        Some(id) if !omgeving.feiten.is_empty() => Some(Zaak::vouw(id, omgeving.feiten)?),
        _ => None,
    };
    match weeg(gelezen, inhoud, afzender, zaak.as_ref(), omgeving) {
        Ok(weging) => neem_aan(gelezen, inhoud, afzender, zaak.as_ref(), weging, omgeving).map(Ok),
        Err(Geen::Weigering(refusal)) => Ok(Err(refusal)),
        Err(Geen::Tegenstrijdig(tegenstrijdig)) => Err(tegenstrijdig),
    }
}

/// The outcome of the checks: who gets it and what to warn for.
struct Weging {
    ontvangers: Vec<Ontvanger>,
    waarschuwingen: Vec<Waarschuwing>,
}

/// Why there is no outcome.
enum Geen {
    Weigering(Refusal),
    Tegenstrijdig(Tegenstrijdig),
}

impl From<Refusal> for Geen {
    fn from(refusal: Refusal) -> Geen {
        Geen::Weigering(refusal)
    }
}

impl From<Toestand> for Geen {
    fn from(toestand: Toestand) -> Geen {
        Geen::Weigering(Refusal::Toestand(toestand))
    }
}

impl From<Tegenstrijdig> for Geen {
    fn from(tegenstrijdig: Tegenstrijdig) -> Geen {
        Geen::Tegenstrijdig(tegenstrijdig)
    }
}

/// All checks that look at the state of the hub, in order: the case is there and the sender's, what it refers to is there, the state
/// allows it, everybody it names takes part.
fn weeg(gelezen: &Gelezen, inhoud: &Inhoud, afzender: &Deelnemer, zaak: Option<&Zaak>, omgeving: &Omgeving<'_>) -> Result<Weging, Geen> {
    if gelezen.maatregel.is_some() && zaak.is_none() {
        return Err(Refusal::NietGevonden.into());
    }
    let weg = Weg { register: omgeving.register, vandaag: omgeving.vandaag, afzender, zaak };
    if let Some(zaak) = zaak
        && !regels::staat_in_relatie(zaak, gelezen.kind, &weg)
    {
        return Err(Refusal::NietGevonden.into());
    }
    if gelezen.kind == Kind::Uitspraak {
        regels::oplegging_of_vervolg(inhoud, zaak.is_some(), gelezen.bericht.correctie.is_some())?;
    }
    // What the rechtbank corrects of its uitspraak may be just that.
    let corrigeert_uitspraak = gelezen.kind == Kind::Uitspraak && gelezen.bericht.correctie.is_some();
    if omgeving.andere_jeugdige && !corrigeert_uitspraak {
        return Err(Toestand::AndereJeugdige.into());
    }
    let origineel = match gelezen.betreft {
        Some(betreft) => Some(regels::origineel(gelezen, betreft, afzender, zaak, omgeving.origineel)?),
        None => None,
    };
    if let Some(zaak) = zaak {
        regels::toets(gelezen, inhoud, afzender, zaak, &weg, omgeving.feiten)?;
    } else {
        regels::toets_zonder_zaak(inhoud, afzender)?;
    }
    onbekende_genoemden(gelezen.kind, inhoud, omgeving.register)?;
    let ontvangers = match origineel {
        Some(origineel) => {
            let nieuw = weg.ontvangers(inhoud);
            let genoemd = |oin: &Oin| genoemden(inhoud).iter().any(|(_, naam)| Oin::parse(naam).as_ref() == Ok(oin));
            if nieuw.iter().any(|n| genoemd(&n.oin) && !origineel.ontvangers.iter().any(|o| o.oin == n.oin)) {
                return Err(Toestand::CorrectieAndereOntvangers.into());
            }
            let huidig = |o: &Ontvanger| Ontvanger { oin: omgeving.register.opvolger(o.oin, omgeving.vandaag), rol: o.rol };
            let mut alle: Vec<Ontvanger> = Vec::new();
            for ontvanger in origineel.ontvangers.iter().map(huidig).chain(nieuw).chain(weg.in_de_plaats(origineel.kind)) {
                if !alle.iter().any(|bekend| bekend.oin == ontvanger.oin) {
                    alle.push(ontvanger);
                }
            }
            alle
        }
        None => weg.ontvangers(inhoud),
    };
    let waarschuwingen = waarschuwingen(inhoud, &weg, &ontvangers, omgeving);
    Ok(Weging { ontvangers, waarschuwingen })
}

fn onbekende_genoemden(kind: Kind, inhoud: &Inhoud, register: &Register) -> Result<(), Refusal> {
    let rollen = || kind.route().to.iter().filter(|(_, wie)| *wie == v1::Wie::Genoemd).map(|(rol, _)| *rol);
    let kent = |oin: &str| Oin::parse(oin).is_ok_and(|oin| rollen().any(|rol| register.zoek_rol(oin, rol).is_some()));
    let onbekend = genoemden(inhoud).into_iter().filter(|(_, oin)| !kent(oin));
    let reden = "not in the register in the role that this message needs";
    let faults: Vec<_> = onbekend.map(|(pad, _)| Fault { veld: format!("{}.{pad}", kind.field()), reden }).collect();
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Inhoud(faults)) }
}

fn waarschuwingen(inhoud: &Inhoud, weg: &Weg<'_>, ontvangers: &[Ontvanger], omgeving: &Omgeving<'_>) -> Vec<Waarschuwing> {
    let mut gevonden = Vec::new();
    if let Inhoud::Uitspraak(m) = inhoud
        && matches!(m.soort(), SoortUitspraak::Oplegging | SoortUitspraak::VervangingGi)
    {
        let gi = Oin::parse(&m.gi_oin).ok().and_then(|oin| weg.register.zoek(oin));
        if gi.is_some_and(|gi| !gi.neemt_nieuwe_zaken_op(weg.vandaag)) {
            gevonden.push(Waarschuwing::GiNietBevoegd);
        }
        // The regions in which this court works; a GI can have an opnamestop in one region and room in another.
        if omgeving.opnamestops.iter().any(|regio| weg.afzender.werkt_in(regio)) {
            gevonden.push(Waarschuwing::GiHeeftOpnamestop);
        }
    }
    let aan_woonplaats = inhoud.kind().route().to.iter().any(|(_, wie)| *wie == v1::Wie::Woonplaats);
    if aan_woonplaats && !ontvangers.iter().any(|ontvanger| ontvanger.rol == Rol::Gemeente) {
        gevonden.push(Waarschuwing::GemeenteNietAangesloten);
    }
    let inactief = |o: &&Ontvanger| weg.register.bevoegde(o.oin, weg.vandaag).is_err();
    if ontvangers.iter().filter(|o| o.rol == Rol::Aanbieder).any(|o| inactief(&o)) {
        gevonden.push(Waarschuwing::AanbiederNietActief);
    }
    gevonden
}

fn neem_aan(
    gelezen: &Arc<Gelezen>,
    inhoud: &Inhoud,
    afzender: &Deelnemer,
    zaak: Option<&Zaak>,
    weging: Weging,
    omgeving: &mut Omgeving<'_>,
) -> Result<Vec<Admitted>, Tegenstrijdig> {
    let opent = inhoud.kind().route().case == Zaakband::Opent && gelezen.maatregel.is_none();
    let maatregel = if opent { Some(MaatregelId((omgeving.nieuw_id)())) } else { gelezen.maatregel };
    let mut admitted = Admitted {
        gelezen: Arc::clone(gelezen),
        afzender: afzender.oin,
        rol: afzender.rol,
        maatregel,
        ontvangers: weging.ontvangers,
        waarschuwingen: weging.waarschuwingen,
        relaties: Vec::new(),
        omgeleid: Vec::new(),
    };
    let mut nieuw = None;
    if let (Some(feit), Some(id)) = (admitted.feit(), maatregel) {
        let mut feiten = omgeving.feiten.to_vec();
        let volgnummer = feiten.last().map_or(1, |laatste| laatste.volgnummer + 1);
        feiten.push(Feit { volgnummer, afzender: afzender.oin, rol: afzender.rol, op: omgeving.nu, bericht: Arc::clone(feit) });
        let erna = Zaak::vouw(id, &feiten)?;
        if let Some(zaak) = zaak {
            admitted.relaties = gewijzigde_relaties(zaak, &erna, omgeving);
            admitted.omgeleid = omleidingen(zaak, &erna, omgeving);
        }
        nieuw = Some(erna);
    }
    let signalen = hub::signalen(inhoud, &admitted.waarschuwingen, zaak, nieuw.as_ref());
    let mut alle = vec![admitted];
    alle.extend(signalen.into_iter().map(|(soort, gi)| hub::signaal(soort, gi, omgeving)));
    Ok(alle)
}

fn gewijzigde_relaties(oud: &Zaak, nieuw: &Zaak, omgeving: &Omgeving<'_>) -> Vec<Relatie> {
    let (voor, na) = (oud.gewezen_houders(), nieuw.gewezen_houders());
    let mut relaties: Vec<_> = na.iter().filter(|paar| !voor.contains(paar)).map(|(gi, per)| Relatie::Eindigt(*gi, *per)).collect();
    let herleeft = voor.iter().filter(|(gi, _)| !na.iter().any(|(ander, _)| ander == gi));
    relaties.extend(herleeft.map(|(gi, _)| Relatie::Herleeft(*gi)));
    // Who held or was to hold the case by an uitspraak that was withdrawn has no relation to it any more, until it is appointed again.
    let weg = oud.houders.iter().filter(|houder| !nieuw.houders.iter().any(|ander| ander.gi == houder.gi));
    relaties.extend(weg.map(|houder| Relatie::Eindigt(houder.gi, omgeving.vandaag)));
    if oud.laatste_houder() != nieuw.laatste_houder() {
        relaties.push(Relatie::Herleeft(nieuw.laatste_houder()));
    }
    // Who took over from one of them stands in its place, unless it holds the case itself.
    let huidig = |oin: Oin| omgeving.register.opvolger(oin, omgeving.vandaag);
    let van_opvolger = |relatie: &Relatie| match *relatie {
        Relatie::Eindigt(gi, per) if huidig(gi) != huidig(nieuw.laatste_houder()) => Relatie::Eindigt(huidig(gi), per),
        Relatie::Eindigt(gi, per) => Relatie::Eindigt(gi, per),
        Relatie::Herleeft(gi) => Relatie::Herleeft(huidig(gi)),
    };
    let opvolgers: Vec<_> = relaties.iter().map(van_opvolger).filter(|relatie| !relaties.contains(relatie)).collect();
    relaties.extend(opvolgers);
    if oud.woonplaats != nieuw.woonplaats {
        let gemeente = |code: &str| omgeving.register.gemeente(code, omgeving.vandaag).map(|gemeente| gemeente.oin);
        relaties.extend(gemeente(&oud.woonplaats).map(|oin| Relatie::Eindigt(oin, omgeving.vandaag)));
        relaties.extend(gemeente(&nieuw.woonplaats).map(Relatie::Herleeft));
    }
    relaties
}

/// After a change of residence the new gemeente gets what a gemeente of residence gets, from the beginning; the aanbieder notices nothing.
fn omleidingen(oud: &Zaak, nieuw: &Zaak, omgeving: &Omgeving<'_>) -> Vec<Omleiding> {
    let gemeente = |code: &str| omgeving.register.gemeente(code, omgeving.vandaag).map(|gemeente| gemeente.oin);
    // Two codes can be one gemeente, after a merger.
    let Some(oin) = gemeente(&nieuw.woonplaats).filter(|oin| gemeente(&oud.woonplaats) != Some(*oin)) else { return Vec::new() };
    let naar = Ontvanger { oin, rol: Rol::Gemeente };
    let voor_gemeente = |kind: Kind| kind.route().to.contains(&(Rol::Gemeente, v1::Wie::Woonplaats));
    let stukken = oud.stukken.iter().filter(|stuk| !stuk.ingetrokken && voor_gemeente(stuk.kind));
    stukken.map(|stuk| Omleiding { volgnummer: stuk.volgnummer, naar }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_shows_nothing_of_its_body() {
        let m = v1::Toelichting { tekst: "geheim".to_owned(), ..v1::Toelichting::default() };
        let bericht_id = "01890a5d-ac96-774b-bcce-b302099a8057".to_owned();
        let bericht = Bericht { bericht_id, inhoud: Some(Inhoud::Toelichting(m)), ..Bericht::default() };
        let gelezen =
            lees(&bericht.encode_to_vec(), Rol::Gi, DateTime::UNIX_EPOCH, NaiveDate::MIN).map_err(|refusal| refusal.code()).unwrap();
        let shown = format!("{gelezen:?}");
        let bytes = format!("{:?}", b"geheim").trim_matches(['[', ']']).to_owned();
        assert!(shown.contains("Toelichting") && !shown.contains("geheim") && !shown.contains(&bytes), "{shown}");
    }
}
