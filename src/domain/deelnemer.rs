//! A participant of the chain as the register knows it. Its certificate is another matter: one can be valid without the other.

use chrono::NaiveDate;
use jeugdketen_proto::v1::{self, Rol, StatusDeelnemer};

use super::codes;
use super::ids::Oin;
use super::refusal::Fault;

/// A participant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deelnemer {
    /// Its OIN, the same as in its certificate.
    pub oin: Oin,
    /// The role in which it takes part.
    pub rol: Rol,
    /// Name of the organisation.
    pub naam: String,
    /// Court code, gemeentecode or AGB-code; empty for other roles.
    pub code: String,
    /// Jeugdbeschermingsregio's it works in.
    pub regios: Vec<String>,
    /// First day of its competence.
    pub geldig_vanaf: NaiveDate,
    /// Last day of its competence.
    pub geldig_tot_en_met: Option<NaiveDate>,
    /// Its standing.
    pub status: StatusDeelnemer,
    /// The accounthoudende regio of a GI.
    pub accounthoudende_regio: Option<Oin>,
    /// Whether an expertteam may place bindingly.
    pub mandaat: bool,
    /// Who took over mailbox and open matters, and from when.
    pub opvolging: Option<(Oin, NaiveDate)>,
    /// The gemeente in whose name a lokaal team acts.
    pub namens: Option<Oin>,
}

/// Why a participant may not use the hub, though its certificate is fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onbevoegd {
    /// Not in the register.
    Onbekend,
    /// Suspended by the operator.
    Geschorst,
    /// Its competence has ended, by standing or by date.
    Beeindigd,
    /// Its competence has not begun.
    NogNietBegonnen,
    /// The gemeente in whose name it acts may not use the hub.
    MandaatVervallen,
}

impl Onbevoegd {
    /// Every one of them, for who lists the reasons.
    pub const ALLE: [Onbevoegd; 5] =
        [Onbevoegd::Onbekend, Onbevoegd::Geschorst, Onbevoegd::Beeindigd, Onbevoegd::NogNietBegonnen, Onbevoegd::MandaatVervallen];

    /// The stable reason.
    pub fn code(self) -> &'static str {
        match self {
            Onbevoegd::Onbekend => "DEELNEMER_ONBEKEND",
            Onbevoegd::Geschorst => "DEELNEMER_GESCHORST",
            Onbevoegd::Beeindigd => "BEVOEGDHEID_BEEINDIGD",
            Onbevoegd::NogNietBegonnen => "BEVOEGDHEID_NOG_NIET_BEGONNEN",
            Onbevoegd::MandaatVervallen => "MANDAAT_VERVALLEN",
        }
    }

    /// The reason in one sentence, with what to do.
    pub fn uitleg(self) -> &'static str {
        match self {
            Onbevoegd::Onbekend => "your certificate is valid, but its OIN is not in the register; ask the operator of the hub to add you",
            Onbevoegd::Geschorst => "your certificate is valid, but your participation is suspended; ask the operator of the hub why",
            Onbevoegd::Beeindigd => "your certificate is valid, but your competence has ended according to the register",
            Onbevoegd::NogNietBegonnen => "your certificate is valid, but your competence has not begun according to the register",
            Onbevoegd::MandaatVervallen => "your certificate is valid, but the gemeente in whose name you act may not take part",
        }
    }
}

impl Deelnemer {
    /// The hub, as sender of what it says itself. It is in no register.
    pub fn hub(oin: Oin) -> Deelnemer {
        Deelnemer {
            oin,
            rol: Rol::Hub,
            naam: String::new(),
            code: String::new(),
            regios: Vec::new(),
            geldig_vanaf: NaiveDate::MIN,
            geldig_tot_en_met: None,
            status: StatusDeelnemer::Actief,
            accounthoudende_regio: None,
            mandaat: false,
            opvolging: None,
            namens: None,
        }
    }

    /// Whether it may use the hub on this day.
    pub fn bevoegd_op(&self, dag: NaiveDate) -> Result<(), Onbevoegd> {
        match self.status {
            StatusDeelnemer::Geschorst => return Err(Onbevoegd::Geschorst),
            StatusDeelnemer::Actief | StatusDeelnemer::Beeindigingscertificaat => {}
            _ => return Err(Onbevoegd::Beeindigd),
        }
        if dag < self.geldig_vanaf {
            return Err(Onbevoegd::NogNietBegonnen);
        }
        match self.geldig_tot_en_met {
            Some(laatste) if dag > laatste => Err(Onbevoegd::Beeindigd),
            _ => Ok(()),
        }
    }

    /// Whether a GI may get new cases on this day without a warning to the court (R12).
    pub fn neemt_nieuwe_zaken_op(&self, dag: NaiveDate) -> bool {
        self.status == StatusDeelnemer::Actief && self.bevoegd_op(dag).is_ok()
    }

    /// Whether it works in this region.
    pub fn werkt_in(&self, regio: &str) -> bool {
        self.regios.iter().any(|eigen| eigen == regio)
    }

    /// Reads a participant from the contract; on faults returns all of them. An unset standing means active.
    pub fn lees(bron: &v1::Deelnemer) -> Result<Deelnemer, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut fault = |veld: &str, reden| faults.push(Fault { veld: veld.to_owned(), reden });
        let oin = Oin::parse(&bron.oin).ok();
        if oin.is_none() {
            fault("oin", "must be an OIN of 20 digits");
        }
        let rol = Rol::try_from(bron.rol).ok().filter(|rol| !matches!(rol, Rol::Unspecified | Rol::Hub));
        if rol.is_none() {
            fault("rol", "must be a role of a participant");
        }
        if bron.naam.is_empty() || bron.naam.chars().count() > 200 {
            fault("naam", "must have 1 to 200 characters");
        }
        let code_fits = match rol {
            Some(Rol::Rechtbank) => codes::is_rechtbankcode(&bron.code),
            Some(Rol::Gemeente) => codes::is_gemeentecode(&bron.code),
            Some(Rol::Aanbieder) => codes::is_agb(&bron.code),
            _ => bron.code.is_empty(),
        };
        if !code_fits {
            fault("code", "must be the court code, gemeentecode or AGB-code that goes with the role, and empty for other roles");
        }
        if bron.regios.len() > 50 || bron.regios.iter().any(|regio| regio.is_empty() || regio.chars().count() > 60) {
            fault("regios", "must be at most 50 names of 1 to 60 characters");
        }
        let vanaf = datum(&bron.geldig_vanaf);
        if vanaf.is_none() {
            fault("geldig_vanaf", "must be a date yyyy-mm-dd");
        }
        let tot = datum(&bron.geldig_tot_en_met);
        if tot.is_none() && !bron.geldig_tot_en_met.is_empty() {
            fault("geldig_tot_en_met", "must be a date yyyy-mm-dd or empty");
        }
        let status = StatusDeelnemer::try_from(bron.status).ok();
        if status.is_none() {
            fault("status", "unknown code");
        }
        let optional_oin = |text: &str| if text.is_empty() { Ok(None) } else { Oin::parse(text).map(Some) };
        let accounthouder = optional_oin(&bron.accounthoudende_regio_oin);
        if accounthouder.is_err() {
            fault("accounthoudende_regio_oin", "must be an OIN of 20 digits or empty");
        }
        let opvolger = optional_oin(&bron.opvolger_oin);
        let per = datum(&bron.opvolging_per);
        if opvolger.is_err() || opvolger.ok().flatten().is_some() != per.is_some() {
            fault("opvolger_oin", "must be an OIN of 20 digits together with `opvolging_per`, or both empty");
        }
        let namens = optional_oin(&bron.namens_oin);
        if namens.as_ref().map(Option::is_some) != Ok(rol == Some(Rol::LokaalTeam)) {
            fault("namens_oin", "must be an OIN of 20 digits for a lokaal team, and empty for other roles");
        }
        let (Some(oin), Some(rol), Some(geldig_vanaf), Some(status), true) = (oin, rol, vanaf, status, faults.is_empty()) else {
            return Err(faults);
        };
        Ok(Deelnemer {
            oin,
            rol,
            naam: bron.naam.clone(),
            code: bron.code.clone(),
            regios: bron.regios.clone(),
            geldig_vanaf,
            geldig_tot_en_met: tot,
            status: if status == StatusDeelnemer::Unspecified { StatusDeelnemer::Actief } else { status },
            accounthoudende_regio: accounthouder.ok().flatten(),
            mandaat: bron.mandaat,
            opvolging: opvolger.ok().flatten().zip(per),
            namens: namens.ok().flatten(),
        })
    }

    /// The participant in the words of the contract.
    pub fn toon(&self) -> v1::Deelnemer {
        let text = |dag: Option<NaiveDate>| dag.map(|dag| dag.to_string()).unwrap_or_default();
        let oin = |oin: Option<Oin>| oin.map(|oin| oin.to_string()).unwrap_or_default();
        v1::Deelnemer {
            oin: self.oin.to_string(),
            rol: self.rol.into(),
            naam: self.naam.clone(),
            code: self.code.clone(),
            regios: self.regios.clone(),
            geldig_vanaf: self.geldig_vanaf.to_string(),
            geldig_tot_en_met: text(self.geldig_tot_en_met),
            status: self.status.into(),
            accounthoudende_regio_oin: oin(self.accounthoudende_regio),
            mandaat: self.mandaat,
            opvolger_oin: oin(self.opvolging.map(|(opvolger, _)| opvolger)),
            opvolging_per: text(self.opvolging.map(|(_, per)| per)),
            namens_oin: oin(self.namens),
        }
    }
}

/// A date of the contract: `yyyy-mm-dd`, no other spelling, years 1900 to 2199.
pub fn datum(text: &str) -> Option<NaiveDate> {
    // Read by hand: every fact of a case has some, and a pattern that is worked out for each took a tenth of the writer's time.
    let &[a, b, c, d, b'-', e, f, b'-', g, h] = text.as_bytes() else { return None };
    let getal = |cijfers: &[u8]| {
        cijfers.iter().try_fold(0_u32, |getal, cijfer| cijfer.is_ascii_digit().then(|| getal * 10 + u32::from(cijfer - b'0')))
    };
    let jaar = i32::try_from(getal(&[a, b, c, d])?).ok().filter(|jaar| (1900..2200).contains(jaar))?;
    NaiveDate::from_ymd_opt(jaar, getal(&[e, f])?, getal(&[g, h])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_one_spelling() {
        for dag in ["1900-01-01", "2020-02-29", "2199-12-31"] {
            assert_eq!(datum(dag).unwrap().to_string(), dag);
        }
        for geen in ["2020- 2-29", "2020-02- 9", "2020-2-29", "+020-02-29", "2021-02-29", "29-02-2020", "1899-12-31", "2200-01-01", ""] {
            assert_eq!(datum(geen), None, "{geen}");
        }
    }
}
