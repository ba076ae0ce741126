//! Who takes part in a replay: the organisations of 2021 with OINs and AGB-codes that exist for tests only.

use std::path::Path;

use anyhow::Context as _;
use jeugdketen_proto::v1::{self, Rol, StatusDeelnemer};

use crate::certs::{self, Houder, PkiPlan};
use crate::domain::ids::Oin;
use crate::json;

/// A code and the name that goes with it.
type Gecodeerd = (&'static str, &'static str);

/// The jeugdbeschermingsregio's as norms 1 and 2 divide them, with their rechtbank and two of their gemeenten.
const REGIOS: [(&str, &str, [Gecodeerd; 2]); 12] = [
    ("Friesland", "RBNNE", [("0080", "Leeuwarden"), ("0090", "Smallingerland")]),
    ("Groningen/Drenthe", "RBNNE", [("0014", "Groningen"), ("0114", "Emmen")]),
    ("Overijssel", "RBOVE", [("0193", "Zwolle"), ("0153", "Enschede")]),
    ("Gelderland", "RBGEL", [("0202", "Arnhem"), ("0200", "Apeldoorn")]),
    ("Utrecht/Flevoland", "RBMNE", [("0344", "Utrecht"), ("0034", "Almere")]),
    ("Noord-Holland", "RBNHO", [("0392", "Haarlem"), ("0361", "Alkmaar")]),
    ("Amsterdam", "RBAMS", [("0363", "Amsterdam"), ("0479", "Zaanstad")]),
    ("Zuid-West", "RBDHA", [("0518", "'s-Gravenhage"), ("0546", "Leiden")]),
    ("Rijnmond", "RBROT", [("0599", "Rotterdam"), ("0606", "Schiedam")]),
    ("Zeeland", "RBZWB", [("0687", "Middelburg"), ("0664", "Goes")]),
    ("Brabant", "RBOBR", [("0772", "Eindhoven"), ("0758", "Breda")]),
    ("Limburg", "RBLIM", [("0935", "Maastricht"), ("0983", "Venlo")]),
];

const RECHTBANKEN: [Gecodeerd; 11] = [
    ("RBAMS", "Rechtbank Amsterdam"),
    ("RBDHA", "Rechtbank Den Haag"),
    ("RBGEL", "Rechtbank Gelderland"),
    ("RBLIM", "Rechtbank Limburg"),
    ("RBMNE", "Rechtbank Midden-Nederland"),
    ("RBNHO", "Rechtbank Noord-Holland"),
    ("RBNNE", "Rechtbank Noord-Nederland"),
    ("RBOBR", "Rechtbank Oost-Brabant"),
    ("RBOVE", "Rechtbank Overijssel"),
    ("RBROT", "Rechtbank Rotterdam"),
    ("RBZWB", "Rechtbank Zeeland-West-Brabant"),
];

/// The fifteen GIs of 2021 by the short names of the report; without a region they work everywhere.
const GIS: [(&str, &[&str]); 15] = [
    ("Regiecentrum", &["Friesland"]),
    ("JB Noord", &["Groningen/Drenthe"]),
    ("JbOV", &["Overijssel"]),
    ("JB Gelderland", &["Gelderland"]),
    ("SVMN", &["Utrecht/Flevoland"]),
    ("DJGB", &["Noord-Holland"]),
    ("JBRA", &["Amsterdam"]),
    ("JB west", &["Zuid-West"]),
    ("JBRR", &["Rijnmond"]),
    ("Intervence", &["Zeeland"]),
    ("JB Brabant", &["Brabant"]),
    ("BJZ Limburg", &["Limburg"]),
    ("Briedis", &["Brabant", "Noord-Holland", "Amsterdam", "Gelderland"]),
    ("LJ&R", &[]),
    ("WSS", &[]),
];

/// The aanbieders, by what they do: ambulant, verblijf, or crisis.
const AANBIEDERS: [(&str, Hulpvorm); 8] = [
    ("Ambulant Noord", Hulpvorm::Ambulant),
    ("Ambulant Zuid", Hulpvorm::Ambulant),
    ("Jeugd-ggz De Linde", Hulpvorm::Ambulant),
    ("Behandelgroep De Vaart", Hulpvorm::Ambulant),
    ("Gezinshuizen De Terp", Hulpvorm::Verblijf),
    ("Pleegzorg Oost", Hulpvorm::Verblijf),
    ("Crisisdienst West", Hulpvorm::Crisis),
    ("Crisisdienst Oost", Hulpvorm::Crisis),
];

/// What an aanbieder offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hulpvorm {
    /// Help at home or at a practice.
    Ambulant,
    /// A place to live.
    Verblijf,
    /// Help at once.
    Crisis,
}

impl Hulpvorm {
    /// Its productcategorie (iJw JZ020).
    pub(super) fn categorie(self) -> &'static str {
        match self {
            Hulpvorm::Ambulant => "45",
            Hulpvorm::Verblijf => "44",
            Hulpvorm::Crisis => "46",
        }
    }
}

/// A participant.
#[derive(Clone, Debug)]
pub struct Speler {
    /// Its OIN.
    pub oin: Oin,
    /// Its role.
    pub rol: Rol,
    /// Its name.
    pub naam: String,
    /// Its code in the register.
    code: String,
    /// The regions in which it works.
    pub(super) regios: Vec<&'static str>,
    accounthouder: Option<Oin>,
}

impl Speler {
    /// The name of its certificate files.
    pub(super) fn bestand(&self) -> String {
        format!("d{}", self.oin)
    }
}

/// All participants. They are known by their place in this list.
#[derive(Clone, Debug)]
pub struct Deelnemers(Vec<Speler>);

impl Deelnemers {
    /// The organisations of 2021.
    pub(super) fn van_2021() -> anyhow::Result<Deelnemers> {
        let alle_regios = || REGIOS.iter().map(|(regio, ..)| *regio).collect::<Vec<_>>();
        let mut lijst = Deelnemers(Vec::new());
        for (code, naam) in RECHTBANKEN {
            let regios = REGIOS.iter().filter(|(_, rechtbank, _)| *rechtbank == code).map(|(regio, ..)| *regio).collect();
            lijst.neem_op(Rol::Rechtbank, naam, code, regios, None)?;
        }
        for (naam, regios) in GIS {
            let regios = if regios.is_empty() { alle_regios() } else { regios.to_vec() };
            let accounthouder = lijst.neem_op(Rol::AccounthoudendeRegio, &format!("Accounthouder {naam}"), "", regios.clone(), None)?;
            lijst.neem_op(Rol::Gi, naam, "", regios, Some(accounthouder))?;
        }
        for (regio, _, gemeenten) in REGIOS {
            for (code, naam) in gemeenten {
                lijst.neem_op(Rol::Gemeente, &format!("Gemeente {naam}"), code, vec![regio], None)?;
            }
        }
        for (index, (naam, _)) in AANBIEDERS.iter().enumerate() {
            lijst.neem_op(Rol::Aanbieder, naam, &format!("0099{:04}", index + 1), alle_regios(), None)?;
        }
        lijst.neem_op(Rol::Expertteam, "Expertteam", "", alle_regios(), None)?;
        lijst.neem_op(Rol::Inspectie, "Inspectie", "", Vec::new(), None)?;
        Ok(lijst)
    }

    fn neem_op(&mut self, rol: Rol, naam: &str, code: &str, regios: Vec<&'static str>, houder: Option<Oin>) -> anyhow::Result<Oin> {
        let nummer = self.0.iter().filter(|speler| speler.rol == rol).count() + 1;
        let oin = Oin::parse(&format!("00000099{:02}{nummer:07}000", rol as i32)).context("an OIN")?;
        self.0.push(Speler { oin, rol, naam: naam.to_owned(), code: code.to_owned(), regios, accounthouder: houder });
        Ok(oin)
    }

    /// All, in order.
    pub fn alle(&self) -> &[Speler] {
        &self.0
    }

    /// One.
    pub(super) fn speler(&self, plaats: usize) -> &Speler {
        &self.0[plaats]
    }

    /// Where a participant stands in the list.
    pub(super) fn met_oin(&self, oin: &str) -> Option<usize> {
        self.0.iter().position(|speler| speler.oin.as_str() == oin)
    }

    /// The GI of this name.
    pub(super) fn gi(&self, naam: &str) -> anyhow::Result<usize> {
        self.0.iter().position(|speler| speler.rol == Rol::Gi && speler.naam == naam).with_context(|| format!("no GI {naam}"))
    }

    /// Those in a role that work in a region.
    pub(super) fn in_regio(&self, rol: Rol, regio: &str) -> Vec<usize> {
        self.waar(|speler| speler.rol == rol && speler.regios.contains(&regio))
    }

    /// The aanbieders of a kind of help.
    pub(super) fn aanbieders(&self, vorm: Hulpvorm) -> Vec<usize> {
        self.waar(|speler| AANBIEDERS.iter().any(|(naam, wat)| speler.rol == Rol::Aanbieder && *naam == speler.naam && *wat == vorm))
    }

    /// The first in a role.
    pub(super) fn in_rol(&self, rol: Rol) -> anyhow::Result<usize> {
        self.0.iter().position(|speler| speler.rol == rol).with_context(|| format!("nobody in the role {}", rol.as_str_name()))
    }

    fn waar(&self, vraag: impl Fn(&Speler) -> bool) -> Vec<usize> {
        (0..self.0.len()).filter(|plaats| vraag(&self.0[*plaats])).collect()
    }

    /// Writes the certificates and the register to begin with to a folder. Valid for the clock of the hub, which is in 2020, and for the
    /// clock of this machine, by which the clients judge the hub.
    pub(super) fn schrijf(&self, folder: &Path) -> anyhow::Result<()> {
        let houders = self.0.iter().map(|speler| Houder { bestand: speler.bestand(), oin: speler.oin, naam: speler.naam.clone() });
        let plan = PkiPlan {
            voorvoegsel: "EXAMPLE ".to_owned(),
            van: "2019-01-01T00:00:00Z".parse()?,
            jaren: 30,
            hub_oin: Oin::parse("00000099120000001000")?,
            hub_naam: "Ketenhub".to_owned(),
            hub_namen: Vec::new(),
            houders: houders.collect(),
            ingetrokken: Vec::new(),
        };
        certs::maak(folder, &plan)?;
        let register: Result<Vec<_>, _> = self.0.iter().map(|speler| json::write(&speler.in_register())).collect();
        std::fs::write(folder.join("deelnemers.json"), format!("[{}]", register?.join(",\n")))?;
        Ok(())
    }
}

impl Speler {
    /// The code by which it is known in a message.
    pub(super) fn code(&self) -> &str {
        &self.code
    }

    fn in_register(&self) -> v1::Deelnemer {
        v1::Deelnemer {
            oin: self.oin.to_string(),
            rol: self.rol.into(),
            naam: self.naam.clone(),
            code: self.code.clone(),
            regios: self.regios.iter().map(|&regio| regio.to_owned()).collect(),
            geldig_vanaf: "2015-01-01".to_owned(),
            status: StatusDeelnemer::Actief.into(),
            accounthoudende_regio_oin: self.accounthouder.map(|oin| oin.to_string()).unwrap_or_default(),
            mandaat: self.rol == Rol::Expertteam,
            ..v1::Deelnemer::default()
        }
    }
}
