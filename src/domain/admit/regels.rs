//! The rules that the state of a case sets to a message, one function per kind of question. Content by itself is checked before.

use chrono::{Days, Months, NaiveDate};
use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{self, ContraIndicatie, Rol, SoortUitspraak};

use super::{Geen, Gelezen, Origineel};
use crate::domain::deelnemer::{Deelnemer, datum};
use crate::domain::ids::{BerichtId, Oin};
use crate::domain::refusal::{Fault, Refusal, Toestand};
use crate::domain::routing::Weg;
use crate::domain::zaak::{Feit, Voorziening, Zaak};

/// Whether the sender stands in the relation to the case that this kind of message asks. A role alone opens no case.
pub(super) fn staat_in_relatie(zaak: &Zaak, kind: Kind, weg: &Weg<'_>) -> bool {
    let eigen = weg.afzender.oin;
    let is = |oin: Oin| weg.register.opvolger(oin, weg.vandaag) == eigen;
    match weg.afzender.rol {
        Rol::Rechtbank => is(zaak.rechtbank),
        // After a vervanging the old GI has one thing left to do.
        Rol::Gi if kind == Kind::Overdracht => zaak.houders.iter().any(|houder| is(houder.gi)),
        Rol::Gi => is(zaak.houder_op(weg.vandaag)),
        Rol::Gemeente => is_woonplaats(zaak, eigen, weg),
        Rol::LokaalTeam => weg.afzender.namens.is_some_and(|gemeente| is_woonplaats(zaak, gemeente, weg)),
        Rol::Aanbieder => zaak.voorzieningen.iter().any(|v| is(v.aanbieder)),
        Rol::Expertteam => zaak.escalaties.iter().any(|(_, team)| is(*team)),
        _ => false,
    }
}

fn is_woonplaats(zaak: &Zaak, oin: Oin, weg: &Weg<'_>) -> bool {
    weg.register.gemeente(&zaak.woonplaats, weg.vandaag).is_some_and(|gemeente| gemeente.oin == oin)
}

/// An oplegging opens a case; every other uitspraak continues one, and so does the correction of an oplegging.
pub(super) fn oplegging_of_vervolg(inhoud: &Inhoud, heeft_zaak: bool, is_correctie: bool) -> Result<(), Refusal> {
    let Inhoud::Uitspraak(m) = inhoud else { return Ok(()) };
    let fault = |reden| Err(Refusal::Inhoud(vec![Fault { veld: "maatregel_id".to_owned(), reden }]));
    match (m.soort() == SoortUitspraak::Oplegging, heeft_zaak) {
        (true, true) if !is_correctie => fault("must be empty: an OPLEGGING opens a case"),
        (false, false) => fault("required: this uitspraak continues a case"),
        (true, false) if is_correctie => fault("required: a correction belongs to the case of the original"),
        _ => Ok(()),
    }
}

/// The original that a correction or withdrawal is about.
pub(super) fn origineel<'a>(
    gelezen: &Gelezen,
    betreft: BerichtId,
    afzender: &Deelnemer,
    zaak: Option<&Zaak>,
    origineel: Option<&'a Origineel>,
) -> Result<&'a Origineel, Refusal> {
    let Some(origineel) = origineel else {
        // Withdrawing what a GI determined is a way of questioning it.
        let van_gi = |zaak: &Zaak| zaak.stuk_van(Kind::Jeugdhulpbepaling, &betreft.to_string()).is_some();
        let toetst = matches!(afzender.rol, Rol::Gemeente | Rol::LokaalTeam) && zaak.is_some_and(van_gi);
        return Err(if toetst { Refusal::OngeoorloofdeToetsing(Vec::new()) } else { Refusal::NietGevonden });
    };
    let trekt_in = gelezen.kind == Kind::Intrekking;
    if trekt_in && gelezen.bericht.correctie.is_some() {
        return Err(Refusal::Toestand(Toestand::NietTeCorrigeren));
    }
    if let Some(zaak) = zaak {
        let stuk = zaak.stuk(afzender.oin, &betreft.to_string()).ok_or(Refusal::NietGevonden)?;
        if stuk.ingetrokken {
            return Err(Refusal::Toestand(Toestand::AlIngetrokken));
        }
    } else if origineel.kind.route().case != v1::Zaakband::Geen {
        return Err(Refusal::NietGevonden);
    }
    if trekt_in && (origineel.is_correctie || niet_in_te_trekken(origineel.kind)) {
        return Err(Refusal::Toestand(Toestand::NietTeCorrigeren));
    }
    if !trekt_in && (origineel.is_correctie || origineel.kind != gelezen.kind) {
        return Err(Refusal::Toestand(Toestand::CorrectieAndereSoort));
    }
    if !trekt_in && origineel.kind == Kind::Woonplaatsmelding {
        return Err(Refusal::Toestand(Toestand::NietTeCorrigeren));
    }
    Ok(origineel)
}

/// What was done with these cannot be undone by saying so, or a newer message of the kind replaces them by itself.
fn niet_in_te_trekken(kind: Kind) -> bool {
    matches!(kind, Kind::Intrekking | Kind::Woonplaatsmelding | Kind::Overdracht | Kind::Capaciteit | Kind::Aanbod)
}

/// The state of the case allows the message, and what it refers to is there.
pub(super) fn toets(
    gelezen: &Gelezen,
    inhoud: &Inhoud,
    afzender: &Deelnemer,
    zaak: &Zaak,
    weg: &Weg<'_>,
    feiten: &[Feit],
) -> Result<(), Geen> {
    if gelezen.kind == Kind::Intrekking {
        return Ok(());
    }
    if zaak.ingetrokken {
        return Err(Toestand::MaatregelBeeindigd.into());
    }
    let Some(correctie) = &gelezen.bericht.correctie else {
        return een_bericht(inhoud, afzender, zaak, weg);
    };
    // A correction is judged as if the original had not been sent. The oplegging itself cannot be thought away.
    let origineel = |feit: &&Feit| feit.afzender == afzender.oin && feit.bericht.bericht_id == correctie.betreft_bericht_id;
    if feiten.first().is_some_and(|eerste| origineel(&eerste)) {
        return correctie_van_oplegging(inhoud, zaak);
    }
    let zonder: Vec<Feit> = feiten.iter().filter(|feit| !origineel(feit)).cloned().collect();
    een_bericht(inhoud, afzender, &Zaak::vouw(zaak.id, &zonder)?, weg)
}

fn correctie_van_oplegging(inhoud: &Inhoud, zaak: &Zaak) -> Result<(), Geen> {
    let Inhoud::Uitspraak(m) = inhoud else { return Err(Toestand::CorrectieAndereSoort.into()) };
    if m.soort() != SoortUitspraak::Oplegging {
        return Err(Toestand::CorrectieAndereSoort.into());
    }
    if m.maatregel() != zaak.soort {
        return Err(Toestand::AndereMaatregel.into());
    }
    if Oin::parse(&m.gi_oin).ok() != zaak.houders.first().map(|houder| houder.gi) {
        return Err(Toestand::CorrectieAndereOntvangers.into());
    }
    Ok(())
}

fn een_bericht(inhoud: &Inhoud, afzender: &Deelnemer, zaak: &Zaak, weg: &Weg<'_>) -> Result<(), Geen> {
    let gevonden = |aanwezig: bool| if aanwezig { Ok(()) } else { Err(Geen::from(Refusal::NietGevonden)) };
    let is = |oin: Oin| weg.register.opvolger(oin, weg.vandaag) == afzender.oin;
    match inhoud {
        Inhoud::Uitspraak(m) => uitspraak(m, zaak, weg),
        Inhoud::Retour(m) => gevonden(zaak.stuk_van(Kind::Uitspraak, &m.uitspraak_id).is_some()),
        Inhoud::Koppeling(m) => {
            gevonden(m.vervangt_koppeling_id.is_empty() || zaak.stuk_van(Kind::Koppeling, &m.vervangt_koppeling_id).is_some())?;
            niet_na_einde(zaak, &m.gekoppeld_op)
        }
        Inhoud::Koers(m) => {
            niet_na_einde(zaak, &m.bepaald_op)?;
            eerdere_termijnen(m, zaak)
        }
        Inhoud::Jeugdhulpbepaling(m) => bepaling(m, zaak),
        Inhoud::Verwerking(m) => gevonden(zaak.voorziening(&m.bepaling_id, m.voorziening_nr).is_some()),
        Inhoud::Woonplaatsmelding(m) => {
            gevonden(zaak.stuk_van(Kind::Jeugdhulpbepaling, &m.bepaling_id).is_some())?;
            andere_gemeente(&m.gemeentecode, weg)
        }
        Inhoud::Intakeresultaat(m) => {
            let voorziening = eigen(zaak, &m.bepaling_id, m.voorziening_nr, is)?;
            if voorziening.gestart_op.is_some() {
                return Err(Toestand::HulpAlGestart.into());
            }
            let weigert = m.contra_indicatie() == ContraIndicatie::OnderaannemerGeweigerd;
            if weigert && !voorziening.onderaannemer_gewenst {
                return Err(fault("intakeresultaat.contra_indicatie", "the voorziening names no subcontractor that could be refused"));
            }
            Ok(())
        }
        Inhoud::HulpGestart(m) => {
            let voorziening = eigen(zaak, &m.bepaling_id, m.voorziening_nr, is)?;
            if voorziening.gestart_op.is_some() {
                return Err(Toestand::HulpAlGestart.into());
            }
            if voorziening.productcategorie != m.productcategorie {
                return Err(Toestand::AndereProductcategorie.into());
            }
            // The end can be known already when a start is corrected.
            let na_einde = voorziening.beeindigd_op.zip(datum(&m.gestart_op)).is_some_and(|(einde, dag)| dag > einde);
            if na_einde { Err(fault("hulp_gestart.gestart_op", "lies after the end of the help")) } else { Ok(()) }
        }
        Inhoud::HulpBeeindigd(m) => {
            let voorziening = eigen(zaak, &m.bepaling_id, m.voorziening_nr, is)?;
            match (voorziening.gestart_op, voorziening.beeindigd_op) {
                (None, _) => Err(Toestand::HulpNietGestart.into()),
                (_, Some(_)) => Err(Toestand::HulpAlGestart.into()),
                (Some(gestart), None) if datum(&m.beeindigd_op).is_some_and(|dag| dag < gestart) => {
                    Err(fault("hulp_beeindigd.beeindigd_op", "lies before the start of the help"))
                }
                _ => Ok(()),
            }
        }
        Inhoud::Passendheid(m) => {
            let voorziening = zaak.voorziening(&m.bepaling_id, m.voorziening_nr).ok_or(Refusal::NietGevonden)?;
            if voorziening.gestart_op.is_none() { Err(Toestand::HulpNietGestart.into()) } else { Ok(()) }
        }
        Inhoud::Escalatie(m) => {
            gevonden(m.bepaling_id.is_empty() || zaak.stuk_van(Kind::Jeugdhulpbepaling, &m.bepaling_id).is_some())?;
            eigen_regio(&m.regio, afzender)
        }
        Inhoud::Inzetbesluit(m) => {
            let escalatie = BerichtId::parse(&m.escalatie_id);
            gevonden(zaak.escalaties.iter().any(|(id, team)| Some(*id) == escalatie && is(*team)))?;
            if afzender.mandaat { Ok(()) } else { Err(Toestand::GeenMandaat.into()) }
        }
        Inhoud::Overdracht(m) => overdracht(m, zaak, is),
        Inhoud::Toelichting(_)
        | Inhoud::Zittingsaankondiging(_)
        | Inhoud::Capaciteit(_)
        | Inhoud::TaakNietUitvoerbaar(_)
        | Inhoud::Intrekking(_)
        | Inhoud::Aanbod(_)
        | Inhoud::Signaal(_)
        | Inhoud::Klokwaarschuwing(_) => Ok(()),
    }
}

/// What can be asked of a message apart from any case: that it speaks of the sender's own region.
pub(super) fn toets_zonder_zaak(inhoud: &Inhoud, afzender: &Deelnemer) -> Result<(), Geen> {
    match inhoud {
        Inhoud::Capaciteit(m) => eigen_regio(&m.regio, afzender),
        Inhoud::TaakNietUitvoerbaar(m) => eigen_regio(&m.regio, afzender),
        _ => Ok(()),
    }
}

fn uitspraak(m: &v1::Uitspraak, zaak: &Zaak, weg: &Weg<'_>) -> Result<(), Geen> {
    // Only the correction of a later uitspraak can get here with it.
    if m.soort() == SoortUitspraak::Oplegging {
        return Err(Toestand::CorrectieAndereSoort.into());
    }
    if m.maatregel() != zaak.soort {
        return Err(Toestand::AndereMaatregel.into());
    }
    if zaak.beeindigd_per.is_some() {
        return Err(Toestand::MaatregelBeeindigd.into());
    }
    let huidig = |oin: Oin| weg.register.opvolger(oin, weg.vandaag);
    let zelfde_gi = Oin::parse(&m.gi_oin).is_ok_and(|gi| huidig(gi) == huidig(zaak.laatste_houder()));
    match (m.soort() == SoortUitspraak::VervangingGi, zelfde_gi) {
        (true, true) => Err(Toestand::GiIsAlHouder.into()),
        (false, false) => Err(Toestand::AndereGi.into()),
        _ => Ok(()),
    }
}

/// A bepaling rests on a maatregel that is in force when the help begins (Jw 3.5, T14).
fn bepaling(m: &v1::Jeugdhulpbepaling, zaak: &Zaak) -> Result<(), Geen> {
    if m.maatregel() != zaak.soort {
        return Err(Toestand::AndereMaatregel.into());
    }
    let van_kracht = |v: &v1::Voorziening| datum(&v.ingangsdatum).is_some_and(|dag| zaak.van_kracht_op(dag));
    if m.voorzieningen.iter().all(van_kracht) { Ok(()) } else { Err(Toestand::MaatregelNietVanKracht.into()) }
}

/// An earlier deadline can only be earlier than norm 2 (6 weeks) and norm 3 (3 months), counted from the uitspraak.
fn eerdere_termijnen(m: &v1::Koers, zaak: &Zaak) -> Result<(), Geen> {
    let norm2 = zaak.uitgesproken.checked_add_days(Days::new(42));
    let norm3 = zaak.uitgesproken.checked_add_months(Months::new(3));
    let later = |termijn: &str, norm: Option<NaiveDate>| datum(termijn).zip(norm).is_some_and(|(termijn, norm)| termijn > norm);
    if later(&m.eerdere_termijn_koers, norm2) {
        return Err(fault("koers.eerdere_termijn_koers", "later than norm 2 allows"));
    }
    if later(&m.eerdere_termijn_hulp, norm3) {
        return Err(fault("koers.eerdere_termijn_hulp", "later than norm 3 allows"));
    }
    Ok(())
}

fn overdracht(m: &v1::Overdracht, zaak: &Zaak, is: impl Fn(Oin) -> bool) -> Result<(), Geen> {
    let uitspraak = BerichtId::parse(&m.uitspraak_id);
    let paren = zaak.houders.windows(2);
    if !paren.into_iter().any(|paar| is(paar[0].gi) && Some(paar[1].uitspraak) == uitspraak) {
        return Err(Toestand::GeenVervanging.into());
    }
    let bekend = |id: &String| zaak.stuk_van(Kind::Jeugdhulpbepaling, id).is_some();
    if m.lopende_bepalingen.iter().all(bekend) { Ok(()) } else { Err(Refusal::NietGevonden.into()) }
}

fn andere_gemeente(code: &str, weg: &Weg<'_>) -> Result<(), Geen> {
    match weg.register.gemeente(code, weg.vandaag) {
        None => Err(fault("woonplaatsmelding.gemeentecode", "no gemeente in the register has this code")),
        Some(gemeente) if gemeente.oin == weg.afzender.oin => Err(fault("woonplaatsmelding.gemeentecode", "is the gemeente that reports")),
        Some(_) => Ok(()),
    }
}

fn eigen<'a>(zaak: &'a Zaak, bepaling: &str, nr: u32, is: impl Fn(Oin) -> bool) -> Result<&'a Voorziening, Refusal> {
    zaak.voorziening(bepaling, nr).filter(|voorziening| is(voorziening.aanbieder)).ok_or(Refusal::NietGevonden)
}

fn eigen_regio(regio: &str, afzender: &Deelnemer) -> Result<(), Geen> {
    if afzender.werkt_in(regio) { Ok(()) } else { Err(Toestand::AndereRegio.into()) }
}

fn niet_na_einde(zaak: &Zaak, dag: &str) -> Result<(), Geen> {
    let na = zaak.beeindigd_per.zip(datum(dag)).is_some_and(|(einde, dag)| dag >= einde);
    if na { Err(Toestand::MaatregelBeeindigd.into()) } else { Ok(()) }
}

fn fault(veld: &str, reden: &'static str) -> Geen {
    Refusal::Inhoud(vec![Fault { veld: veld.to_owned(), reden }]).into()
}
