//! What supervision counts: pure functions over the dossiers of cases, fed one by one. Numbers only, never a person.

mod cijfers;
mod doorlooptijden;
mod kennisgevingen;
mod onderdrukking;
mod overdrachten;
mod percentiel;
mod periode;
mod regio;
mod tekorten;
mod wachtenden;

use chrono::NaiveDate;
use jeugdketen_proto::v1::Rol;

pub use cijfers::{Cijfers, INDICATOREN, Normregel, Telling, Vraag, procent};
pub use doorlooptijden::{Doorlooptijd, Doorlooptijden};
pub use kennisgevingen::{Kennisgeving, Kennisgevingen};
pub use onderdrukking::{KLEINSTE_CEL, Verborgen, Zicht, onderdruk};
pub use overdrachten::{Overdrachten, Overgenomen};
pub use percentiel::percentiel;
pub use periode::{Kwartaal, is_maandeinde, laatste_maandeinde};
pub use regio::{NOORD_HOLLAND_AMSTERDAM, ONBEKEND, kolom, regio_van};
pub use tekorten::{Tekort, Tekorten, Tekortregel};
pub use wachtenden::{Wachtenden, Wachtrij};

use super::ids::Oin;
use super::klok::{Dossier, middernacht};
use super::register::Register;

/// For whom a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kijker {
    /// Who.
    pub oin: Oin,
    /// In which role.
    pub rol: Rol,
    /// Today: what it took over by now, it knows.
    pub vandaag: NaiveDate,
}

impl Kijker {
    /// Whether nothing is hidden from it.
    pub fn ziet_alles(&self) -> bool {
        self.rol == Rol::Inspectie
    }

    /// Whether it is this participant, or took over from it.
    fn is(&self, oin: Oin, register: &Register) -> bool {
        register.opvolger(oin, self.vandaag) == self.oin
    }
}

/// A case as it was known at the end of a day; none when it was not known at all.
pub fn aan_het_einde_van(dossier: Dossier, dag: NaiveDate) -> Option<Dossier> {
    dossier.bekend_voor(middernacht(dag.succ_opt().unwrap_or(dag)))
}
