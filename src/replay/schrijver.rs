//! Turns a deed into the message that its sender submits. Persons are made up from the number of the child.

use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{
    self, Bericht, RedenNietGesproken, RedenVertraging, SoortMaatregel, SoortUitspraak, UitkomstIntake, VormUitspraak,
};

use super::deelnemers::Deelnemers;
use super::verloop::{Daad, Deelname, Intake, Stap, Verloop};
use crate::domain::codes::is_verblijf;
use crate::domain::ids::is_bsn;
use crate::time::timestamp;

/// What of a case later messages refer to.
#[derive(Debug, Default)]
pub(super) struct Zaakstand {
    /// The case, once it is known.
    pub(super) maatregel_id: String,
    koppeling_id: String,
    escalatie_id: String,
    hulp: Option<Hulp>,
}

/// The latest bepaling or inzetbesluit.
#[derive(Debug)]
struct Hulp {
    id: String,
    aanbieders: Vec<usize>,
    categorie: &'static str,
}

impl Zaakstand {
    /// Who sends a deed.
    pub(super) fn wie(&self, verloop: &Verloop, daad: &Daad) -> usize {
        let aanbieder = |nr: u32| {
            let hulp = self.hulp.as_ref();
            hulp.and_then(|hulp| hulp.aanbieders.get(nr as usize - 1)).copied().unwrap_or(verloop.gi)
        };
        match daad {
            Daad::Oplegging | Daad::Verlenging { .. } | Daad::Einde { .. } => verloop.rechtbank,
            Daad::Verwerking => verloop.gemeente,
            Daad::Intake { nr, .. } => aanbieder(*nr),
            Daad::Start { .. } => aanbieder(1),
            Daad::Inzetbesluit { .. } => verloop.expertteam,
            _ => verloop.gi,
        }
    }

    /// The message.
    pub(super) fn schrijf(&self, verloop: &Verloop, stap: &Stap, id: &str, spelers: &Deelnemers) -> Bericht {
        let maatregel_id = self.maatregel_id.clone();
        Bericht { bericht_id: id.to_owned(), maatregel_id, inhoud: Some(self.inhoud(verloop, stap, spelers)), ..Bericht::default() }
    }

    /// Keeps what later messages refer to.
    pub(super) fn onthoud(&mut self, daad: &Daad, id: String) {
        match daad {
            Daad::Koppeling { .. } => self.koppeling_id = id,
            Daad::Escalatie => self.escalatie_id = id,
            Daad::Bepaling { aanbieders, categorie, .. } => {
                self.hulp = Some(Hulp { id, aanbieders: aanbieders.clone(), categorie });
            }
            Daad::Inzetbesluit { aanbieder } => {
                let categorie = self.categorie();
                self.hulp = Some(Hulp { id, aanbieders: vec![*aanbieder], categorie });
            }
            _ => {}
        }
    }

    fn categorie(&self) -> &'static str {
        self.hulp.as_ref().map_or("45", |hulp| hulp.categorie)
    }

    fn hulp_id(&self) -> String {
        self.hulp.as_ref().map(|hulp| hulp.id.clone()).unwrap_or_default()
    }

    fn inhoud(&self, verloop: &Verloop, stap: &Stap, spelers: &Deelnemers) -> Inhoud {
        let vandaag = stap.op.date_naive().to_string();
        match &stap.daad {
            Daad::Oplegging | Daad::Verlenging { .. } | Daad::Einde { .. } => Inhoud::Uitspraak(uitspraak(verloop, stap, spelers)),
            Daad::Koppeling { soort, op, actief_contact, wisseling } => Inhoud::Koppeling(v1::Koppeling {
                soort: (*soort).into(),
                gekoppeld_op: op.to_string(),
                actief_contact_sinds: actief_contact.map(|dag| dag.to_string()).unwrap_or_default(),
                vervangt_koppeling_id: wisseling.map(|_| self.koppeling_id.clone()).unwrap_or_default(),
                reden_wisseling: wisseling.map_or(0, i32::from),
                jeugdbeschermer: Some(jeugdbeschermer()),
                ..v1::Koppeling::default()
            }),
            Daad::Koers { op, hulp_bepaald, deelname } => Inhoud::Koers(koers(op.to_string(), *hulp_bepaald, *deelname)),
            Daad::Bepaling { aanbieders, categorie, ingang } => {
                let voorziening = |(nr, aanbieder): (u32, &usize)| v1::Voorziening {
                    nr,
                    aanbieder_oin: spelers.speler(*aanbieder).oin.to_string(),
                    productcategorie: (*categorie).to_owned(),
                    ingangsdatum: ingang.to_string(),
                    ..v1::Voorziening::default()
                };
                Inhoud::Jeugdhulpbepaling(v1::Jeugdhulpbepaling {
                    jeugdige: Some(jeugdige(verloop.nr)),
                    maatregel: verloop.maatregel.into(),
                    bepaald_op: vandaag,
                    voorzieningen: (1..).zip(aanbieders).map(voorziening).collect(),
                    onderbouwing: "Deze hulp volgt uit de koers die met het gezin is uitgezet.".to_owned(),
                    jeugdbeschermer: Some(jeugdbeschermer()),
                    ..v1::Jeugdhulpbepaling::default()
                })
            }
            Daad::Verwerking => Inhoud::Verwerking(v1::Verwerking {
                bepaling_id: self.hulp_id(),
                voorziening_nr: 1,
                toewijzingnummer: (verloop.nr + 1).to_string(),
                verwerkt_op: vandaag,
            }),
            Daad::Intake { nr, uitkomst } => Inhoud::Intakeresultaat(self.intake(*nr, *uitkomst, vandaag)),
            Daad::Start { op } => {
                let nacht = op.pred_opt().filter(|_| is_verblijf(self.categorie()));
                Inhoud::HulpGestart(v1::HulpGestart {
                    bepaling_id: self.hulp_id(),
                    voorziening_nr: 1,
                    gestart_op: op.to_string(),
                    productcategorie: self.categorie().to_owned(),
                    eerste_nacht: nacht.map(|nacht| nacht.to_string()).unwrap_or_default(),
                    ..v1::HulpGestart::default()
                })
            }
            Daad::Passend { oordeel, doorbraak } => Inhoud::Passendheid(v1::Passendheid {
                bepaling_id: self.hulp_id(),
                voorziening_nr: 1,
                oordeel: (*oordeel).into(),
                via_doorbraakaanpak: *doorbraak,
                beoordeeld_op: vandaag,
            }),
            Daad::Escalatie => Inhoud::Escalatie(v1::Escalatie {
                expertteam_oin: spelers.speler(verloop.expertteam).oin.to_string(),
                jeugdige: Some(jeugdige(verloop.nr)),
                bepaling_id: self.hulp_id(),
                reden: RedenVertraging::WachtlijstAanbieder.into(),
                productcategorie: self.categorie().to_owned(),
                regio: spelers.speler(verloop.gemeente).regios.first().copied().unwrap_or_default().to_owned(),
                jeugdbeschermer: Some(jeugdbeschermer()),
                ..v1::Escalatie::default()
            }),
            Daad::Inzetbesluit { aanbieder } => Inhoud::Inzetbesluit(v1::Inzetbesluit {
                escalatie_id: self.escalatie_id.clone(),
                aanbieder_oin: spelers.speler(*aanbieder).oin.to_string(),
                jeugdige: Some(jeugdige(verloop.nr)),
                productcategorie: self.categorie().to_owned(),
                ingangsdatum: vandaag,
                motivering: "De norm is verstreken en deze aanbieder heeft plaats.".to_owned(),
            }),
            Daad::Toelichting { norm, reden } => Inhoud::Toelichting(v1::Toelichting {
                norm: (*norm).into(),
                reden: (*reden).into(),
                tekst: "Waarom het langer duurt, is met het gezin besproken.".to_owned(),
            }),
        }
    }

    fn intake(&self, nr: u32, uitkomst: Intake, vandaag: String) -> v1::Intakeresultaat {
        let mut m = v1::Intakeresultaat {
            bepaling_id: self.hulp_id(),
            voorziening_nr: nr,
            intake_op: vandaag.clone(),
            ..v1::Intakeresultaat::default()
        };
        match uitkomst {
            Intake::Gepland(start) => {
                m.uitkomst = UitkomstIntake::GeschiktStartGepland.into();
                m.geplande_start = start.to_string();
            }
            Intake::Wachtlijst { verwacht } => {
                m.uitkomst = UitkomstIntake::GeschiktWachtlijst.into();
                m.wachtlijst_sinds = vandaag;
                m.verwachte_start = verwacht.to_string();
            }
            Intake::NietPassend(contra, samen) => {
                m.uitkomst = UitkomstIntake::NietPassend.into();
                m.contra_indicatie = contra.into();
                let toelichting = "Met deze partner erbij kan de hulp wel beginnen.".to_owned();
                m.samenwerkingscriterium = Some(v1::Samenwerkingscriterium { soort: samen.into(), toelichting });
            }
        }
        m
    }
}

fn uitspraak(verloop: &Verloop, stap: &Stap, spelers: &Deelnemers) -> v1::Uitspraak {
    let jr = verloop.maatregel == SoortMaatregel::JrToezichtGedwongen;
    let jaar = verloop.uitgesproken.format("%y");
    let uitgesproken = if matches!(stap.daad, Daad::Oplegging) { verloop.uitgesproken } else { stap.op };
    let mut m = v1::Uitspraak {
        soort: SoortUitspraak::Oplegging.into(),
        vorm: if jr { VormUitspraak::Vonnis } else { VormUitspraak::Beschikking }.into(),
        maatregel: verloop.maatregel.into(),
        zaaknummer: format!("C/99/{:06} / JE RK {jaar}-{}", verloop.nr, verloop.nr),
        uitgesproken_op: Some(timestamp(uitgesproken.timestamp_micros())),
        ingangsdatum: verloop.uitgesproken.date_naive().to_string(),
        einddatum: verloop.einddatum.to_string(),
        gi_oin: spelers.speler(verloop.gi).oin.to_string(),
        woonplaats_gemeentecode: spelers.speler(verloop.gemeente).code().to_owned(),
        jeugdige: Some(jeugdige(verloop.nr)),
        gi_uitgenodigd: !jr,
        tekst: "De maatregel zoals uitgesproken.".to_owned(),
        ..v1::Uitspraak::default()
    };
    match &stap.daad {
        Daad::Verlenging { vanaf, tot, .. } => {
            m.soort = SoortUitspraak::Verlenging.into();
            (m.ingangsdatum, m.einddatum) = (vanaf.to_string(), tot.to_string());
        }
        Daad::Einde { per, reden } => {
            m.soort = SoortUitspraak::Beeindiging.into();
            m.reden_einde = (*reden).into();
            (m.ingangsdatum, m.einddatum) = (per.to_string(), String::new());
        }
        _ => {}
    }
    let machtiging = match &stap.daad {
        Daad::Verlenging { machtiging, .. } => *machtiging,
        Daad::Oplegging => verloop.machtiging,
        _ => false,
    };
    if machtiging {
        let soort = v1::SoortMachtiging::Uithuisplaatsing.into();
        m.machtigingen.push(v1::Machtiging { soort, ingangsdatum: m.ingangsdatum.clone(), einddatum: m.einddatum.clone() });
    }
    m
}

fn koers(bepaald_op: String, hulp_bepaald: bool, deelname: Deelname) -> v1::Koers {
    let (jeugdige, netwerk) = match deelname {
        Deelname::Allen => (Some(true), Some(true)),
        Deelname::ZonderJeugdige => (Some(false), Some(true)),
        Deelname::ZonderNetwerk => (Some(true), Some(false)),
        Deelname::JeugdigeOnbekend => (None, Some(true)),
        Deelname::NetwerkOnbekend => (Some(true), None),
    };
    let gesproken = jeugdige == Some(true);
    v1::Koers {
        bepaald_op,
        doelen_bepaald: true,
        noodzakelijke_hulp_bepaald: hulp_bepaald,
        met_jeugdige: jeugdige,
        met_ouders: Some(true),
        met_netwerk: netwerk,
        met_professionals: Some(true),
        jeugdige_gesproken: gesproken,
        reden_niet_gesproken: if gesproken { 0 } else { RedenNietGesproken::NogNietGedaan.into() },
        ..v1::Koers::default()
    }
}

fn jeugdbeschermer() -> v1::Jeugdbeschermer {
    v1::Jeugdbeschermer { naam: "J. Voorbeeld".to_owned(), ..v1::Jeugdbeschermer::default() }
}

/// A BSN of the range for tests, by the number of the child. A very large scenario uses them again.
fn jeugdige(nr: u32) -> v1::Jeugdige {
    let vanaf = 999_900_006 + nr % 8_000 * 11;
    let bsn = (vanaf..=999_999_990).map(|getal| getal.to_string()).find(|bsn| is_bsn(bsn)).unwrap_or_default();
    v1::Jeugdige { identiteit: Some(v1::jeugdige::Identiteit::Bsn(bsn)), ..v1::Jeugdige::default() }
}
