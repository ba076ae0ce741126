//! One case as its messages made it: who holds the maatregel, until when, which help was determined and what became of it. Built by
//! folding the facts (messages projected for `ROL_HUB`) in their order; nothing else is remembered, so it can be rebuilt from nothing.
//! Norm clocks are not kept here but in `klok`.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Amsterdam;
use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{self, Bericht, Rol, SoortMaatregel, SoortUitspraak};

use super::deelnemer::datum;
use super::ids::{BerichtId, MaatregelId, Oin};

/// One fact of a case: a message as the hub keeps it.
#[derive(Clone, Debug)]
pub struct Feit {
    /// Place of the message in the order of all messages.
    pub volgnummer: i64,
    /// Who sent it.
    pub afzender: Oin,
    /// In which role.
    pub rol: Rol,
    /// The moment the hub accepted it.
    pub op: DateTime<Utc>,
    /// The message, projected for the hub.
    pub bericht: Arc<Bericht>,
}

/// What counts in a case: each fact that is no correction and was not withdrawn, with its content as it was last corrected, in order.
pub fn geldende(feiten: &[Feit]) -> impl Iterator<Item = (&Feit, &Inhoud)> {
    let geldend = Geldend::bepaal(feiten);
    let tellen = feiten.iter().filter(|feit| feit.bericht.correctie.is_none());
    tellen.filter_map(move |feit| Some((feit, geldend.inhoud(feit).filter(|_| !geldend.is_ingetrokken(feit))?)))
}

/// A case.
#[derive(Clone, Debug)]
pub struct Zaak {
    /// Its id.
    pub id: MaatregelId,
    /// The rechtbank that opened it.
    pub rechtbank: Oin,
    /// The form of the maatregel; the same for the whole case.
    pub soort: SoortMaatregel,
    /// Who holds the maatregel from which day, in order; never empty.
    pub houders: Vec<Houder>,
    /// The gemeentecode of residence.
    pub woonplaats: String,
    /// The day the maatregel was pronounced, in Amsterdam.
    pub uitgesproken: NaiveDate,
    /// First day of the maatregel.
    pub ingang: NaiveDate,
    /// Last day of the maatregel, when it has one.
    pub einde: Option<NaiveDate>,
    /// The day from which it was lifted or ended.
    pub beeindigd_per: Option<NaiveDate>,
    /// Whether the uitspraak that opened it was withdrawn.
    pub ingetrokken: bool,
    /// Every message of the case, in order.
    pub stukken: Vec<Stuk>,
    /// Help that was determined by the GI or placed by an expertteam, without what was withdrawn.
    pub voorzieningen: Vec<Voorziening>,
    /// Expertteams that were called in, with the message that did.
    pub escalaties: Vec<(BerichtId, Oin)>,
    /// Whether the judge allowed that the jeugdige is placed out of home.
    pub uithuisplaatsing: bool,
    /// Whether the jeugdige was spoken to for the latest koers; none while there is no koers.
    pub gesproken: Option<bool>,
}

/// A GI that holds the maatregel from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Houder {
    /// First day.
    pub per: NaiveDate,
    /// The GI.
    pub gi: Oin,
    /// The uitspraak that made it so.
    pub uitspraak: BerichtId,
}

/// One message of the case.
#[derive(Clone, Debug)]
pub struct Stuk {
    /// Its id; unique per sender.
    pub id: BerichtId,
    /// Its kind.
    pub kind: Kind,
    /// Who sent it.
    pub afzender: Oin,
    /// Its place in the order of all messages.
    pub volgnummer: i64,
    /// Whether it is itself a correction.
    pub is_correctie: bool,
    /// Whether it was withdrawn.
    pub ingetrokken: bool,
}

/// One voorziening of a bepaling and what became of it.
#[derive(Clone, Debug)]
pub struct Voorziening {
    /// The Jeugdhulpbepaling, or the Inzetbesluit.
    pub bepaling: BerichtId,
    /// Number within it.
    pub nr: u32,
    /// The aanbieder.
    pub aanbieder: Oin,
    /// Productcategorie of list JZ020.
    pub productcategorie: String,
    /// First day.
    pub ingang: Option<NaiveDate>,
    /// Last day.
    pub einde: Option<NaiveDate>,
    /// The first day of help.
    pub gestart_op: Option<NaiveDate>,
    /// The last day of help.
    pub beeindigd_op: Option<NaiveDate>,
    /// Whether the latest intake put the jeugdige on a waiting list.
    pub op_wachtlijst: bool,
    /// Whether the GI names the subcontractor it wants.
    pub onderaannemer_gewenst: bool,
}

/// Facts that cannot be: what is stored contradicts what admission lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored facts of a case contradict each other: {0}")]
pub struct Tegenstrijdig(pub &'static str);

impl Zaak {
    /// Folds the facts of one case, in order. A correction takes the place of what it corrects; what was withdrawn does not count.
    pub fn vouw(id: MaatregelId, feiten: &[Feit]) -> Result<Zaak, Tegenstrijdig> {
        let geldend = Geldend::bepaal(feiten);
        let mut opening = feiten.iter();
        let eerste = opening.next().ok_or(Tegenstrijdig("no facts"))?;
        let Some(Inhoud::Uitspraak(uitspraak)) = geldend.inhoud(eerste) else {
            return Err(Tegenstrijdig("the first fact is not an uitspraak"));
        };
        let mut zaak = Zaak::open(id, eerste, uitspraak)?;
        zaak.noteer(eerste, &geldend)?;
        for feit in opening {
            zaak.noteer(feit, &geldend)?;
            if feit.bericht.correctie.is_none()
                && !geldend.is_ingetrokken(feit)
                && let Some(inhoud) = geldend.inhoud(feit)
            {
                zaak.verwerk(feit, inhoud)?;
            }
        }
        zaak.ingetrokken = geldend.is_ingetrokken(eerste);
        Ok(zaak)
    }

    fn open(id: MaatregelId, feit: &Feit, uitspraak: &v1::Uitspraak) -> Result<Zaak, Tegenstrijdig> {
        let ingang = datum(&uitspraak.ingangsdatum).ok_or(Tegenstrijdig("an uitspraak without ingangsdatum"))?;
        let gi = Oin::parse(&uitspraak.gi_oin).map_err(|_| Tegenstrijdig("an uitspraak without GI"))?;
        let uitgesproken = uitspraak.uitgesproken_op.as_ref().and_then(|moment| DateTime::from_timestamp(moment.seconds, 0));
        let uitgesproken = uitgesproken.ok_or(Tegenstrijdig("an uitspraak without uitgesproken_op"))?;
        Ok(Zaak {
            id,
            rechtbank: feit.afzender,
            soort: uitspraak.maatregel(),
            houders: vec![Houder { per: ingang, gi, uitspraak: bericht_id(feit)? }],
            woonplaats: uitspraak.woonplaats_gemeentecode.clone(),
            uitgesproken: datum_in_nederland(uitgesproken),
            ingang,
            einde: datum(&uitspraak.einddatum),
            beeindigd_per: None,
            ingetrokken: false,
            stukken: Vec::new(),
            voorzieningen: Vec::new(),
            escalaties: Vec::new(),
            uithuisplaatsing: !uitspraak.machtigingen.is_empty(),
            gesproken: None,
        })
    }

    fn noteer(&mut self, feit: &Feit, geldend: &Geldend<'_>) -> Result<(), Tegenstrijdig> {
        let kind = feit.bericht.inhoud.as_ref().map(Inhoud::kind).ok_or(Tegenstrijdig("a fact without content"))?;
        self.stukken.push(Stuk {
            id: bericht_id(feit)?,
            kind,
            afzender: feit.afzender,
            volgnummer: feit.volgnummer,
            is_correctie: feit.bericht.correctie.is_some(),
            ingetrokken: geldend.is_ingetrokken(feit),
        });
        Ok(())
    }

    fn verwerk(&mut self, feit: &Feit, inhoud: &Inhoud) -> Result<(), Tegenstrijdig> {
        match inhoud {
            Inhoud::Uitspraak(m) => self.verwerk_uitspraak(feit, m)?,
            Inhoud::Jeugdhulpbepaling(m) => self.verwerk_bepaling(feit, m)?,
            Inhoud::Woonplaatsmelding(m) => self.woonplaats.clone_from(&m.gemeentecode),
            Inhoud::Koers(m) => self.gesproken = Some(m.jeugdige_gesproken),
            Inhoud::Intakeresultaat(m) => {
                let wacht = m.uitkomst() == v1::UitkomstIntake::GeschiktWachtlijst;
                self.bij(&m.bepaling_id, m.voorziening_nr, |voorziening| voorziening.op_wachtlijst = wacht);
            }
            Inhoud::HulpGestart(m) => {
                let dag = datum(&m.gestart_op);
                self.bij(&m.bepaling_id, m.voorziening_nr, |voorziening| voorziening.gestart_op = dag);
            }
            Inhoud::HulpBeeindigd(m) => {
                let dag = datum(&m.beeindigd_op);
                self.bij(&m.bepaling_id, m.voorziening_nr, |voorziening| voorziening.beeindigd_op = dag);
            }
            Inhoud::Escalatie(m) => {
                let team = Oin::parse(&m.expertteam_oin).map_err(|_| Tegenstrijdig("an escalatie without expertteam"))?;
                self.escalaties.push((bericht_id(feit)?, team));
            }
            Inhoud::Inzetbesluit(m) => {
                self.voorzieningen.push(Voorziening {
                    bepaling: bericht_id(feit)?,
                    nr: 1,
                    aanbieder: Oin::parse(&m.aanbieder_oin).map_err(|_| Tegenstrijdig("an inzetbesluit without aanbieder"))?,
                    productcategorie: m.productcategorie.clone(),
                    ingang: datum(&m.ingangsdatum),
                    einde: None,
                    gestart_op: None,
                    beeindigd_op: None,
                    op_wachtlijst: false,
                    onderaannemer_gewenst: false,
                });
            }
            // These change nothing that rules or routing look at; the clocks read them from the facts themselves.
            Inhoud::Zittingsaankondiging(_)
            | Inhoud::Retour(_)
            | Inhoud::Koppeling(_)
            | Inhoud::Toelichting(_)
            | Inhoud::Verwerking(_)
            | Inhoud::Passendheid(_)
            | Inhoud::Capaciteit(_)
            | Inhoud::Overdracht(_)
            | Inhoud::TaakNietUitvoerbaar(_)
            | Inhoud::Intrekking(_)
            | Inhoud::Aanbod(_)
            | Inhoud::Signaal(_)
            | Inhoud::Klokwaarschuwing(_) => {}
        }
        Ok(())
    }

    fn verwerk_uitspraak(&mut self, feit: &Feit, m: &v1::Uitspraak) -> Result<(), Tegenstrijdig> {
        let per = datum(&m.ingangsdatum).ok_or(Tegenstrijdig("an uitspraak without ingangsdatum"))?;
        match m.soort() {
            SoortUitspraak::Verlenging => self.einde = datum(&m.einddatum),
            SoortUitspraak::Opheffing | SoortUitspraak::Beeindiging => self.beeindigd_per = Some(per),
            SoortUitspraak::VervangingGi => {
                let gi = Oin::parse(&m.gi_oin).map_err(|_| Tegenstrijdig("an uitspraak without GI"))?;
                self.houders.push(Houder { per, gi, uitspraak: bericht_id(feit)? });
            }
            SoortUitspraak::Oplegging | SoortUitspraak::Unspecified => return Err(Tegenstrijdig("a second oplegging in one case")),
        }
        self.woonplaats.clone_from(&m.woonplaats_gemeentecode);
        self.uithuisplaatsing |= !m.machtigingen.is_empty();
        Ok(())
    }

    fn verwerk_bepaling(&mut self, feit: &Feit, m: &v1::Jeugdhulpbepaling) -> Result<(), Tegenstrijdig> {
        let bepaling = bericht_id(feit)?;
        for voorziening in &m.voorzieningen {
            self.voorzieningen.push(Voorziening {
                bepaling,
                nr: voorziening.nr,
                aanbieder: Oin::parse(&voorziening.aanbieder_oin).map_err(|_| Tegenstrijdig("a voorziening without aanbieder"))?,
                productcategorie: voorziening.productcategorie.clone(),
                ingang: datum(&voorziening.ingangsdatum),
                einde: datum(&voorziening.einddatum),
                gestart_op: None,
                beeindigd_op: None,
                op_wachtlijst: false,
                onderaannemer_gewenst: !voorziening.gewenste_onderaannemer_agb.is_empty(),
            });
        }
        Ok(())
    }

    fn bij(&mut self, bepaling: &str, nr: u32, doe: impl FnOnce(&mut Voorziening)) {
        let Some(bepaling) = BerichtId::parse(bepaling) else { return };
        // The bepaling can have been withdrawn since: then there is nothing to note.
        if let Some(voorziening) = self.voorzieningen.iter_mut().find(|v| v.bepaling == bepaling && v.nr == nr) {
            doe(voorziening);
        }
    }

    /// The GI that holds the maatregel on a day. Before the first day it is the first holder: there is exactly one at any moment.
    pub fn houder_op(&self, dag: NaiveDate) -> Oin {
        let geldend = self.houders.iter().rev().find(|houder| houder.per <= dag);
        geldend.unwrap_or(&self.houders[0]).gi
    }

    /// The GI that was appointed last, also when its day has not come.
    pub fn laatste_houder(&self) -> Oin {
        self.houders[self.houders.len() - 1].gi
    }

    /// Whether the maatregel is in force on a day.
    pub fn van_kracht_op(&self, dag: NaiveDate) -> bool {
        !self.ingetrokken && self.ingang <= dag && self.niet_meer_van_kracht().is_none_or(|einde| dag < einde)
    }

    /// Whether a koers was set without hearing a jeugdige who may be placed out of home.
    pub fn uithuisplaatsing_ongehoord(&self) -> bool {
        self.uithuisplaatsing && self.gesproken == Some(false) && !self.ingetrokken
    }

    /// The first day on which the maatregel is no longer in force, as far as is known.
    pub fn niet_meer_van_kracht(&self) -> Option<NaiveDate> {
        self.einde.and_then(|einde| einde.succ_opt()).into_iter().chain(self.beeindigd_per).min()
    }

    /// GIs that held the maatregel and lose or lost it, with the first day on which they have no relation to the case any more.
    pub fn gewezen_houders(&self) -> Vec<(Oin, NaiveDate)> {
        // Of each term: whether there was one at all, and its end. A GI that is appointed later for an earlier day leaves less, or nothing.
        let mut gewezen: Vec<(Oin, (bool, NaiveDate))> = Vec::new();
        for (index, houder) in self.houders.iter().enumerate() {
            let Some(tot) = self.houders[index + 1..].iter().map(|later| later.per).min() else { continue };
            let termijn = (index == 0 || houder.per < tot, tot);
            match gewezen.iter_mut().find(|(gi, _)| *gi == houder.gi) {
                Some((_, laatste)) => *laatste = termijn.max(*laatste),
                None => gewezen.push((houder.gi, termijn)),
            }
        }
        gewezen.retain(|(gi, _)| *gi != self.laatste_houder());
        gewezen.into_iter().map(|(gi, (_, tot))| (gi, tot)).collect()
    }

    /// A voorziening by its reference.
    pub fn voorziening(&self, bepaling: &str, nr: u32) -> Option<&Voorziening> {
        let bepaling = BerichtId::parse(bepaling)?;
        self.voorzieningen.iter().find(|v| v.bepaling == bepaling && v.nr == nr)
    }

    /// A message of this sender by its id.
    pub fn stuk(&self, afzender: Oin, id: &str) -> Option<&Stuk> {
        let id = BerichtId::parse(id)?;
        self.stukken.iter().find(|stuk| stuk.afzender == afzender && stuk.id == id)
    }

    /// A message of a kind by its id, whoever sent it; not when it was withdrawn.
    pub fn stuk_van(&self, kind: Kind, id: &str) -> Option<&Stuk> {
        let id = BerichtId::parse(id)?;
        self.stukken.iter().find(|stuk| stuk.kind == kind && stuk.id == id && !stuk.ingetrokken)
    }
}

/// The date in the Netherlands at a moment.
pub fn datum_in_nederland(moment: DateTime<Utc>) -> NaiveDate {
    moment.with_timezone(&Amsterdam).date_naive()
}

fn bericht_id(feit: &Feit) -> Result<BerichtId, Tegenstrijdig> {
    BerichtId::parse(&feit.bericht.bericht_id).ok_or(Tegenstrijdig("a fact without bericht_id"))
}

/// What counts after corrections and withdrawals.
struct Geldend<'a> {
    correcties: HashMap<(Oin, &'a str), &'a Inhoud>,
    ingetrokken: Vec<(Oin, &'a str)>,
}

impl<'a> Geldend<'a> {
    fn bepaal(feiten: &'a [Feit]) -> Geldend<'a> {
        let mut geldend = Geldend { correcties: HashMap::new(), ingetrokken: Vec::new() };
        for feit in feiten {
            if let (Some(correctie), Some(inhoud)) = (&feit.bericht.correctie, &feit.bericht.inhoud) {
                geldend.correcties.insert((feit.afzender, correctie.betreft_bericht_id.as_str()), inhoud);
            }
            if let Some(Inhoud::Intrekking(m)) = &feit.bericht.inhoud {
                geldend.ingetrokken.push((feit.afzender, m.betreft_bericht_id.as_str()));
            }
        }
        geldend
    }

    fn inhoud(&self, feit: &'a Feit) -> Option<&'a Inhoud> {
        let gecorrigeerd = self.correcties.get(&(feit.afzender, feit.bericht.bericht_id.as_str())).copied();
        gecorrigeerd.or(feit.bericht.inhoud.as_ref())
    }

    fn is_ingetrokken(&self, feit: &Feit) -> bool {
        self.ingetrokken.contains(&(feit.afzender, feit.bericht.bericht_id.as_str()))
    }
}
