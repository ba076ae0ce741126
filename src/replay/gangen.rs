//! Courses of events: how it can go with the jeugdbeschermer, the koers and the help of one child, as the people involved lived it. Each
//! draws its days from a sequence of choices.

use chrono::{DateTime, NaiveDate, Utc};
use jeugdketen_proto::v1::{
    ContraIndicatie, OordeelPassendheid, RedenEinde, RedenVertraging, RedenWisseling, Rol, SoortKoppeling, SoortSamenwerking,
    ToelichtbareNorm,
};

use super::agenda::{leesmoment, min_dagen, om, plus_dagen, plus_werkdagen, werkdag_tot, werkdag_vanaf};
use super::deelnemers::{Deelnemers, Hulpvorm};
use super::keuze::Keuze;
use super::verloop::{Daad, Deelname, Intake, Stap, Verloop};
use crate::domain::dagen::{plus_maanden, plus_weken};

/// How the gezin got a jeugdbeschermer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bescherming {
    /// Before the uitspraak: one who knew the gezin already.
    Vooraf,
    /// Within days of the kennisgeving.
    Meteen,
    /// First one of the instroomteam, later a permanent one.
    Instroomteam,
    /// First on a verdeellijst or with a limited offer, by somebody who did come; later a permanent one.
    MinimaleVariant,
    /// After more than a week.
    Laat,
    /// First on the list of wachtlijstbeheer.
    NaLijst,
    /// The GI read the uitspraak without confirming it, and linked somebody.
    Onbevestigd,
}

/// What became of the koers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Koersgang {
    /// It was there before the uitspraak, from a preventive trajectory.
    Vooraf,
    /// Set in the first weeks.
    Uitgezet(Deelname),
    /// Set after more than six weeks.
    Laat,
    /// Never set.
    Nooit,
    /// Not set yet, or never due.
    Nog,
}

/// What became of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hulpgang {
    /// Began in the first months.
    Begonnen,
    /// Began after a waiting list, months later.
    Laat,
    /// Began through expertteam and doorbraakaanpak.
    Doorbraak,
    /// Ran already when the maatregel was pronounced.
    Vooraf,
    /// On the waiting list after the intake, to this day.
    Wachtlijst,
    /// Refused by two aanbieders.
    Afgewezen,
    /// Something to bridge the wait, and nothing else.
    Overbrugging,
    /// Determined, and nobody came.
    Niets,
    /// Crisis help at once; the VOTS ended within six weeks.
    Crisis,
    /// Not begun yet.
    Nog,
}

/// Writes the history of one child.
pub(super) struct Opbouw<'a> {
    verloop: Verloop,
    spelers: &'a Deelnemers,
    keuze: &'a mut Keuze,
    /// The day of the uitspraak.
    uitspraak: NaiveDate,
    /// The day on which the GI read it.
    gelezen: NaiveDate,
    /// The last werkdag of the scenario but a few.
    einde: NaiveDate,
}

impl<'a> Opbouw<'a> {
    /// Begins with the oplegging, told to the hub at a moment.
    pub(super) fn new(
        mut verloop: Verloop,
        verzonden: DateTime<Utc>,
        einde: NaiveDate,
        spelers: &'a Deelnemers,
        keuze: &'a mut Keuze,
    ) -> Self {
        verloop.stappen.push(Stap { op: verzonden, daad: Daad::Oplegging });
        let (uitspraak, gelezen) = (verloop.uitgesproken.date_naive(), leesmoment(Rol::Gi, verzonden).date_naive());
        Opbouw { verloop, spelers, keuze, uitspraak, gelezen, einde }
    }

    /// The history, in order.
    pub(super) fn klaar(mut self) -> Verloop {
        self.verloop.stappen.sort_by_key(|stap| stap.op);
        self.verloop
    }

    fn stap(&mut self, dag: NaiveDate, uur: i64, daad: Daad) {
        self.verloop.stappen.push(Stap { op: om(dag, uur), daad });
    }

    fn koppel(&mut self, dag: NaiveDate, soort: SoortKoppeling, wisseling: Option<RedenWisseling>) -> NaiveDate {
        self.stap(dag, 15, Daad::Koppeling { soort, op: dag, actief_contact: None, wisseling });
        dag
    }

    /// The jeugdbeschermer; the day of the last link.
    pub(super) fn bescherming(&mut self, gang: Bescherming) -> NaiveDate {
        let gepland = Some(RedenWisseling::VoorspelbaarMoment);
        let na = |werkdagen| plus_werkdagen(self.gelezen, werkdagen);
        match gang {
            Bescherming::Vooraf => {
                let op = min_dagen(self.uitspraak, self.keuze.tussen(3, 20));
                self.stap(self.gelezen, 14, Daad::Koppeling { soort: SoortKoppeling::Vast, op, actief_contact: None, wisseling: None });
                self.gelezen
            }
            Bescherming::Meteen | Bescherming::Onbevestigd => {
                let dag = na(self.keuze.tussen(1, 5));
                self.koppel(dag, SoortKoppeling::Vast, None)
            }
            Bescherming::Instroomteam => {
                let (eerst, dan) = (na(self.keuze.tussen(0, 4)), na(self.keuze.tussen(15, 25)));
                self.koppel(eerst, SoortKoppeling::TijdelijkInstroomteam, None);
                self.koppel(dan, SoortKoppeling::Vast, gepland)
            }
            Bescherming::MinimaleVariant => {
                let (eerst, dan) = (na(self.keuze.tussen(1, 4)), na(self.keuze.tussen(9, 20)));
                let soort = self.keuze.een_van(&[SoortKoppeling::Verdeellijst, SoortKoppeling::BeperktHulpaanbod]);
                self.stap(eerst, 15, Daad::Koppeling { soort, op: eerst, actief_contact: Some(eerst), wisseling: None });
                self.koppel(dan, SoortKoppeling::Vast, gepland)
            }
            Bescherming::Laat => {
                let dag = na(self.keuze.tussen(6, 12));
                self.koppel(dag, SoortKoppeling::Vast, None)
            }
            Bescherming::NaLijst => {
                let (eerst, dan) = (na(2), na(self.keuze.tussen(8, 13)));
                self.koppel(eerst, SoortKoppeling::Wachtlijstbeheer, None);
                self.koppel(dan, SoortKoppeling::Vast, gepland)
            }
        }
    }

    /// The jeugdbeschermer did not stay: others came after one another, or there was a desk for a while.
    pub(super) fn wisselingen(&mut self, sinds: NaiveDate) {
        let eerst = plus_werkdagen(sinds, self.keuze.tussen(10, 20));
        let dan = plus_werkdagen(eerst, self.keuze.tussen(8, 15));
        let (verloop, ziekte) = (Some(RedenWisseling::Verloop), Some(RedenWisseling::Ziekte));
        let tussendoor = self.keuze.een_van(&[
            SoortKoppeling::Vast,
            SoortKoppeling::Vast,
            SoortKoppeling::Bureaudienst,
            SoortKoppeling::Wachtlijstbeheer,
        ]);
        self.koppel(eerst, tussendoor, verloop);
        self.koppel(dan, SoortKoppeling::Vast, ziekte);
    }

    /// The koers.
    pub(super) fn koers(&mut self, gang: Koersgang) {
        let termijn = plus_weken(self.uitspraak, 6);
        match gang {
            Koersgang::Vooraf => {
                let op = min_dagen(self.uitspraak, self.keuze.tussen(10, 60));
                let dag = plus_werkdagen(self.gelezen, 1);
                self.stap(dag, 11, Daad::Koers { op, hulp_bepaald: true, deelname: Deelname::Allen });
            }
            Koersgang::Uitgezet(deelname) => {
                let vroegst = plus_dagen(self.gelezen, 8);
                let dag = werkdag_tot(plus_dagen(vroegst, self.keuze.tussen(0, (termijn - vroegst).num_days())));
                self.stap(dag, 11, Daad::Koers { op: dag, hulp_bepaald: true, deelname });
            }
            Koersgang::Laat => {
                let dag = werkdag_vanaf(plus_dagen(termijn, self.keuze.tussen(2, 20)));
                if self.keuze.kans(60) {
                    self.toelichting(werkdag_tot(termijn), ToelichtbareNorm::Koers);
                }
                self.stap(dag, 11, Daad::Koers { op: dag, hulp_bepaald: true, deelname: Deelname::Allen });
            }
            Koersgang::Nooit => {
                let dag = werkdag_tot(min_dagen(termijn, 3));
                if self.keuze.kans(40) {
                    self.toelichting(dag, ToelichtbareNorm::Koers);
                }
                if self.keuze.kans(40) {
                    // Goals without the help they need are no koers yet.
                    self.stap(dag, 12, Daad::Koers { op: dag, hulp_bepaald: false, deelname: Deelname::Allen });
                }
            }
            Koersgang::Nog => {}
        }
    }

    fn toelichting(&mut self, dag: NaiveDate, norm: ToelichtbareNorm) {
        let reden = self.keuze.een_van(match norm {
            ToelichtbareNorm::PassendeHulp => &[
                RedenVertraging::WachtlijstAanbieder,
                RedenVertraging::GeenPassendAanbod,
                RedenVertraging::ComplexeProblematiek,
                RedenVertraging::ToestemmingOntbreekt,
            ],
            _ => &[
                RedenVertraging::GezinNietBereikbaar,
                RedenVertraging::GeenJeugdbeschermer,
                RedenVertraging::ComplexeProblematiek,
                RedenVertraging::ToestemmingOntbreekt,
            ],
        });
        self.stap(dag, 14, Daad::Toelichting { norm, reden });
    }

    /// The help.
    pub(super) fn hulp(&mut self, gang: Hulpgang) {
        let termijn = plus_maanden(self.uitspraak, 3);
        match gang {
            Hulpgang::Begonnen => {
                let bepaald = self.bepaal(5, 12, self.vorm(), 1);
                let laatst = termijn.min(self.einde);
                let vroegst = plus_dagen(bepaald, 9);
                let start = werkdag_tot(plus_dagen(vroegst, self.keuze.tussen(0, (laatst - vroegst).num_days())));
                self.stap(werkdag_tot(plus_dagen(bepaald, 5)), 12, Daad::Intake { nr: 1, uitkomst: Intake::Gepland(start) });
                let oordeel = self.keuze.een_van(&[
                    OordeelPassendheid::ConformKoers,
                    OordeelPassendheid::ConformKoers,
                    OordeelPassendheid::AlternatiefAkkoord,
                ]);
                self.start(start, start, oordeel, false);
            }
            Hulpgang::Laat => {
                let bepaald = self.bepaal(15, 25, Hulpvorm::Ambulant, 1);
                let start = self.na_termijn(termijn);
                self.wachtlijst(bepaald, start);
                if self.keuze.kans(40) {
                    self.toelichting(werkdag_tot(min_dagen(termijn, 4)), ToelichtbareNorm::PassendeHulp);
                }
                self.start(start, start, OordeelPassendheid::ConformKoers, false);
            }
            Hulpgang::Doorbraak => {
                let bepaald = self.bepaal(15, 25, Hulpvorm::Ambulant, 1);
                self.wachtlijst(bepaald, plus_dagen(termijn, 60));
                self.stap(werkdag_tot(min_dagen(termijn, 14)), 11, Daad::Escalatie);
                let start = self.na_termijn(termijn);
                let aanbieder = self.keuze.een_van(&self.spelers.aanbieders(Hulpvorm::Ambulant));
                self.stap(werkdag_tot(min_dagen(termijn, 3)), 12, Daad::Inzetbesluit { aanbieder });
                self.start(start, start, OordeelPassendheid::ConformKoers, true);
            }
            Hulpgang::Vooraf => {
                let begonnen = min_dagen(self.uitspraak, self.keuze.tussen(5, 60));
                let bepaald = self.bepaal(2, 5, Hulpvorm::Ambulant, 1);
                self.start(plus_werkdagen(bepaald, 2), begonnen, OordeelPassendheid::ConformKoers, false);
            }
            Hulpgang::Wachtlijst => {
                let bepaald = self.bepaal(15, 30, self.vorm(), 1);
                let verwacht = plus_dagen(termijn, self.keuze.tussen(30, 200));
                self.wachtlijst(bepaald, verwacht);
                if self.keuze.kans(40) {
                    self.toelichting(werkdag_tot(min_dagen(termijn, 4)), ToelichtbareNorm::PassendeHulp);
                }
            }
            Hulpgang::Afgewezen => {
                let bepaald = self.bepaal(15, 30, Hulpvorm::Ambulant, 2);
                for (nr, na) in [(1, 10), (2, 18)] {
                    let (contra, samen) = self.keuze.een_van(&[
                        (ContraIndicatie::MeervoudigeProblematiek, SoortSamenwerking::GgzExpertise),
                        (ContraIndicatie::InstabieleSituatie, SoortSamenwerking::VeiligeVerblijfplek),
                        (ContraIndicatie::CognitiefNiveau, SoortSamenwerking::LvbExpertise),
                        (ContraIndicatie::Verslaving, SoortSamenwerking::Verslavingsexpertise),
                    ]);
                    self.stap(
                        werkdag_vanaf(plus_dagen(bepaald, na)),
                        12,
                        Daad::Intake { nr, uitkomst: Intake::NietPassend(contra, samen) },
                    );
                }
            }
            Hulpgang::Overbrugging => {
                let bepaald = self.bepaal(10, 20, Hulpvorm::Ambulant, 1);
                let start = plus_werkdagen(bepaald, self.keuze.tussen(5, 10));
                self.start(start, start, OordeelPassendheid::Overbrugging, false);
            }
            Hulpgang::Niets => {
                self.bepaal(15, 30, self.vorm(), 1);
            }
            Hulpgang::Crisis => {
                let bepaald = self.bepaal(0, 1, Hulpvorm::Crisis, 1);
                let start = plus_werkdagen(bepaald, self.keuze.tussen(1, 2));
                self.start(start, start, OordeelPassendheid::AlternatiefAkkoord, false);
            }
            Hulpgang::Nog => {}
        }
    }

    /// The VOTS ends within six weeks. Whatever was to come after that does not.
    pub(super) fn einde_vots(&mut self) {
        let dag = werkdag_tot(plus_dagen(self.uitspraak, self.keuze.tussen(30, 39)));
        self.verloop.stappen.retain(|stap| stap.op < om(dag, 0));
        let reden =
            self.keuze.een_van(&[RedenEinde::VotsWerdOts, RedenEinde::VotsWerdOts, RedenEinde::VotsWerdOts, RedenEinde::NietVerlengd]);
        self.stap(dag, 12, Daad::Einde { per: dag, reden });
    }

    /// A place to live when the judge allowed it, and help at home or at a practice otherwise.
    fn vorm(&self) -> Hulpvorm {
        if self.verloop.machtiging { Hulpvorm::Verblijf } else { Hulpvorm::Ambulant }
    }

    /// The GI determines the help, some werkdagen after it read the uitspraak; the day.
    fn bepaal(&mut self, van: i64, tot: i64, vorm: Hulpvorm, aantal: usize) -> NaiveDate {
        let dag = plus_werkdagen(self.gelezen, self.keuze.tussen(van, tot));
        let mut aanbieders = self.spelers.aanbieders(vorm);
        self.keuze.schud(&mut aanbieders);
        aanbieders.truncate(aantal);
        self.stap(dag, 14, Daad::Bepaling { aanbieders, categorie: vorm.categorie(), ingang: dag });
        if self.keuze.kans(70) {
            let later = plus_werkdagen(dag, self.keuze.tussen(2, 4));
            self.stap(later, 9, Daad::Verwerking);
        }
        dag
    }

    fn wachtlijst(&mut self, bepaald: NaiveDate, verwacht: NaiveDate) {
        let dag = werkdag_vanaf(plus_dagen(bepaald, self.keuze.tussen(7, 12)));
        self.stap(dag, 12, Daad::Intake { nr: 1, uitkomst: Intake::Wachtlijst { verwacht } });
    }

    /// A day after the term, and before the scenario ends.
    fn na_termijn(&mut self, termijn: NaiveDate) -> NaiveDate {
        let dagen = (self.einde - termijn).num_days().min(30);
        werkdag_vanaf(plus_dagen(termijn, self.keuze.tussen(1, dagen)))
    }

    /// Help that began on a day is told, and judged some days later.
    fn start(&mut self, gemeld: NaiveDate, op: NaiveDate, oordeel: OordeelPassendheid, doorbraak: bool) {
        self.stap(gemeld, 15, Daad::Start { op });
        let beoordeeld = plus_werkdagen(gemeld, self.keuze.tussen(1, 3));
        self.stap(beoordeeld, 10, Daad::Passend { oordeel, doorbraak });
    }
}
