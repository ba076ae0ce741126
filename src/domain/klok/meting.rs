//! Reads the clocks off the messages of a case.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{self, Norm, OordeelPassendheid, RedenNietBeoordeeld, Rol, ToelichtbareNorm, UitkomstIntake};

use super::{Dossier, Klok, Koers, Koppelingen, Looptijd, Stand};
use crate::domain::beleid::{Beleid, Norm2Begin, Termijn};
use crate::domain::codes::is_verblijf;
use crate::domain::deelnemer::datum;
use crate::domain::zaak::{Tegenstrijdig, Voorziening, Zaak, datum_in_nederland, geldende};

/// What the messages of a case say that a clock looks at.
#[derive(Default)]
struct Waarneming {
    koppelingen: Koppelingen,
    koersen: Vec<(NaiveDate, Koers)>,
    eerder_koers: Option<NaiveDate>,
    eerder_hulp: Option<NaiveDate>,
    toegelicht_koers: Option<DateTime<Utc>>,
    toegelicht_hulp: Option<DateTime<Utc>>,
    machtigingen: Vec<(NaiveDate, Option<NaiveDate>)>,
    /// Of each voorziening: the latest judgement, and whether the doorbraakaanpak brought it about.
    passend: HashMap<(String, u32), (OordeelPassendheid, bool)>,
    gepland: HashMap<(String, u32), NaiveDate>,
    verzonden: Vec<(Norm, u32, u32)>,
    uitspraken: Vec<i64>,
}

/// Measures a case. Fails only on stored facts that contradict each other.
pub fn meet(dossier: &Dossier, beleid: &Beleid) -> Result<Stand, Tegenstrijdig> {
    let zaak = Zaak::vouw(dossier.id, &dossier.feiten)?;
    let gezien = waarneming(dossier);
    let mut klokken = Vec::new();
    let hulp = hulp(&zaak, &gezien);
    if !zaak.ingetrokken {
        let ontvangen = ontvangen(dossier, &gezien.uitspraken).map(datum_in_nederland);
        klokken = vec![kennisgeving(&zaak, ontvangen, beleid), norm1(&zaak, &gezien, ontvangen, beleid)];
        klokken.push(norm2(&zaak, &gezien, ontvangen, beleid));
        klokken.push(norm3(&zaak, &gezien, &hulp, beleid));
        let machtigingen = (1..).zip(&gezien.machtigingen);
        klokken.extend(machtigingen.map(|(nummer, (ingang, einde))| machtiging(&zaak, nummer, *ingang, *einde, beleid)));
    }
    Ok(Stand {
        klokken,
        koers: gezien.koersen.last().map(|(_, koers)| *koers),
        passende_hulp: !hulp.passend.is_empty(),
        koppelingen: gezien.koppelingen,
        verzonden: gezien.verzonden,
        geplande_starts: gezien.gepland.into_values().collect(),
        zaak,
    })
}

fn waarneming(dossier: &Dossier) -> Waarneming {
    let mut gezien = Waarneming::default();
    for (feit, inhoud) in geldende(&dossier.feiten) {
        match inhoud {
            Inhoud::Uitspraak(m) => {
                gezien.uitspraken.push(feit.volgnummer);
                let van = |m: &v1::Machtiging| Some((datum(&m.ingangsdatum)?, datum(&m.einddatum)));
                gezien.machtigingen.extend(m.machtigingen.iter().filter_map(van));
            }
            Inhoud::Koppeling(m) => gezien.koppelingen.neem_op(&feit.bericht.bericht_id, feit.afzender, m),
            Inhoud::Koers(m) => gezien.koers(m),
            Inhoud::Toelichting(m) => {
                let plaats = match m.norm() {
                    ToelichtbareNorm::Koers => &mut gezien.toegelicht_koers,
                    ToelichtbareNorm::PassendeHulp => &mut gezien.toegelicht_hulp,
                    ToelichtbareNorm::Unspecified => continue,
                };
                *plaats = plaats.or(Some(feit.op));
            }
            Inhoud::Intakeresultaat(m) => {
                let sleutel = (m.bepaling_id.clone(), m.voorziening_nr);
                match datum(&m.geplande_start) {
                    Some(dag) if m.uitkomst() == UitkomstIntake::GeschiktStartGepland => gezien.gepland.insert(sleutel, dag),
                    _ => gezien.gepland.remove(&sleutel),
                };
            }
            Inhoud::Passendheid(m) => {
                let sleutel = (m.bepaling_id.clone(), m.voorziening_nr);
                gezien.passend.insert(sleutel, (m.oordeel(), m.via_doorbraakaanpak));
            }
            Inhoud::Klokwaarschuwing(m) => gezien.verzonden.push((m.norm(), m.nummer, m.procent)),
            _ => {}
        }
    }
    gezien
}

impl Waarneming {
    fn koers(&mut self, m: &v1::Koers) {
        let vroegste = |bekend: Option<NaiveDate>, nieuw: &str| bekend.into_iter().chain(datum(nieuw)).min();
        self.eerder_koers = vroegste(self.eerder_koers, &m.eerdere_termijn_koers);
        self.eerder_hulp = vroegste(self.eerder_hulp, &m.eerdere_termijn_hulp);
        // A koers is goals and the help that is needed; the plan document does not matter (R32, R33).
        if let (true, true, Some(bepaald_op)) = (m.doelen_bepaald, m.noodzakelijke_hulp_bepaald, datum(&m.bepaald_op)) {
            let deelname = [m.met_jeugdige, m.met_ouders, m.met_netwerk, m.met_professionals];
            let gedragen = match deelname {
                _ if deelname.contains(&Some(false)) => Some(false),
                _ if deelname.contains(&None) => None,
                _ => Some(true),
            };
            self.koersen.push((bepaald_op, Koers { bepaald_op, gedragen }));
        }
    }
}

/// The first moment at which a GI acknowledged an uitspraak of the case.
fn ontvangen(dossier: &Dossier, uitspraken: &[i64]) -> Option<DateTime<Utc>> {
    let van_gi = dossier.ontvangsten.iter().filter(|o| o.rol == Rol::Gi && uitspraken.contains(&o.volgnummer));
    van_gi.map(|ontvangst| ontvangst.op).min()
}

fn klok(norm: Norm, zaak: &Zaak, looptijd: Option<Looptijd>, gestopt: Option<NaiveDate>) -> Klok {
    Klok {
        norm,
        nummer: 0,
        looptijd,
        gestopt,
        gestopt_inspectie: gestopt,
        toegelicht_op: None,
        doorbraak: false,
        bezwaar: None,
        einde: zaak.niet_meer_van_kracht(),
        uitgesproken: zaak.uitgesproken,
    }
}

fn looptijd(beleid: &Beleid, norm: Norm, start: NaiveDate, eerder: Option<NaiveDate>) -> Looptijd {
    let Termijn { uiterlijk, verlengd } = beleid.termijn(norm, start);
    match eerder.filter(|eerder| *eerder < uiterlijk) {
        // A deadline that was set for the sake of the child is not extended.
        Some(eerder) => Looptijd { start, uiterlijk: eerder, verlengd: eerder, eerder: true },
        None => Looptijd { start, uiterlijk, verlengd, eerder: false },
    }
}

fn kennisgeving(zaak: &Zaak, ontvangen: Option<NaiveDate>, beleid: &Beleid) -> Klok {
    klok(Norm::Kennisgeving, zaak, Some(looptijd(beleid, Norm::Kennisgeving, zaak.uitgesproken, None)), ontvangen)
}

fn norm1(zaak: &Zaak, gezien: &Waarneming, ontvangen: Option<NaiveDate>, beleid: &Beleid) -> Klok {
    let looptijd = ontvangen.map(|start| looptijd(beleid, Norm::Jeugdbeschermer, start, None));
    let strikt = gezien.koppelingen.eerste_jeugdbeschermer();
    let inspectie = strikt.into_iter().chain(gezien.koppelingen.eerste_minimale_variant()).min();
    Klok { gestopt_inspectie: inspectie, ..klok(Norm::Jeugdbeschermer, zaak, looptijd, strikt) }
}

fn norm2(zaak: &Zaak, gezien: &Waarneming, ontvangen: Option<NaiveDate>, beleid: &Beleid) -> Klok {
    let start = match beleid.norm2_begin {
        Norm2Begin::Uitgesproken => Some(zaak.uitgesproken),
        Norm2Begin::Ontvangen => ontvangen,
    };
    let looptijd = start.map(|start| looptijd(beleid, Norm::Koers, start, gezien.eerder_koers));
    let (gestopt, ervoor) = eerste_na(gezien.koersen.iter().map(|(dag, _)| *dag), zaak.uitgesproken);
    let bezwaar = ervoor.then_some(RedenNietBeoordeeld::VoorUitspraak);
    Klok { toegelicht_op: gezien.toegelicht_koers, bezwaar, ..klok(Norm::Koers, zaak, looptijd, gestopt) }
}

/// Help that started and fits, and whether there is help that started and nobody judged.
struct Hulp {
    passend: Vec<(NaiveDate, bool)>,
    onbeoordeeld: bool,
}

fn hulp(zaak: &Zaak, gezien: &Waarneming) -> Hulp {
    let mut hulp = Hulp { passend: Vec::new(), onbeoordeeld: false };
    for voorziening in &zaak.voorzieningen {
        let Some(gestart) = voorziening.gestart_op else { continue };
        match gezien.passend.get(&(voorziening.bepaling.to_string(), voorziening.nr)) {
            Some((OordeelPassendheid::ConformKoers | OordeelPassendheid::AlternatiefAkkoord, doorbraak)) => {
                hulp.passend.push((gestart, *doorbraak));
            }
            // Overbrugging is a judgement: this help does not count.
            Some(_) => {}
            None => hulp.onbeoordeeld = true,
        }
    }
    hulp
}

fn norm3(zaak: &Zaak, gezien: &Waarneming, hulp: &Hulp, beleid: &Beleid) -> Klok {
    let looptijd = looptijd(beleid, Norm::PassendeHulp, zaak.uitgesproken, gezien.eerder_hulp);
    let (gestopt, ervoor) = eerste_na(hulp.passend.iter().map(|(dag, _)| *dag), zaak.uitgesproken);
    let bezwaar = match (ervoor, hulp.onbeoordeeld) {
        (true, _) => Some(RedenNietBeoordeeld::VoorUitspraak),
        (false, true) => Some(RedenNietBeoordeeld::PassendheidOnbekend),
        (false, false) => None,
    };
    Klok {
        toegelicht_op: gezien.toegelicht_hulp,
        doorbraak: hulp.passend.iter().any(|(dag, doorbraak)| *doorbraak && Some(*dag) == gestopt),
        bezwaar,
        ..klok(Norm::PassendeHulp, zaak, Some(looptijd), gestopt)
    }
}

fn machtiging(zaak: &Zaak, nummer: u32, ingang: NaiveDate, einde: Option<NaiveDate>, beleid: &Beleid) -> Klok {
    let uitgevoerd = zaak.voorzieningen.iter().filter_map(|voorziening| verblijf_sinds(voorziening, ingang)).min();
    let looptijd = looptijd(beleid, Norm::Machtiging, ingang, None);
    let klok = klok(Norm::Machtiging, zaak, Some(looptijd), uitgevoerd);
    let verlopen = einde.and_then(|einde| einde.succ_opt());
    Klok { nummer, einde: klok.einde.into_iter().chain(verlopen).min(), ..klok }
}

/// The day from which a child lives elsewhere under a machtiging: its first night there, or the first day when it lived there already.
fn verblijf_sinds(voorziening: &Voorziening, ingang: NaiveDate) -> Option<NaiveDate> {
    let gestart = voorziening.gestart_op.filter(|_| is_verblijf(&voorziening.productcategorie))?;
    let voorbij = voorziening.beeindigd_op.is_some_and(|einde| einde < ingang);
    // For verblijf the help starts on the day after the first night.
    (!voorbij).then(|| gestart.pred_opt().unwrap_or(gestart).max(ingang))
}

/// The earliest day on or after the uitspraak; and whether there is one before it only.
fn eerste_na(dagen: impl Iterator<Item = NaiveDate>, uitgesproken: NaiveDate) -> (Option<NaiveDate>, bool) {
    let (ervoor, erna): (Vec<_>, Vec<_>) = dagen.partition(|dag| *dag < uitgesproken);
    let eerste = erna.into_iter().min();
    (eerste, eerste.is_none() && !ervoor.is_empty())
}
