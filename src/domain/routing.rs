//! Who gets an accepted message: the routes of the contract made into participants. Which fields they see is decided at delivery.

use chrono::NaiveDate;
use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{Norm, Rol, Wie};

use super::deelnemer::Deelnemer;
use super::ids::Oin;
use super::register::Register;
use super::zaak::Zaak;

/// A participant that gets a message, in its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ontvanger {
    /// Its OIN.
    pub oin: Oin,
    /// The role in which it receives.
    pub rol: Rol,
}

/// What routing looks at.
#[derive(Clone, Copy, Debug)]
pub struct Weg<'a> {
    /// The participants.
    pub register: &'a Register,
    /// The date in the Netherlands.
    pub vandaag: NaiveDate,
    /// Who sends.
    pub afzender: &'a Deelnemer,
    /// The case before this message, when it belongs to one.
    pub zaak: Option<&'a Zaak>,
}

impl Weg<'_> {
    /// Every recipient once, in the order of the route. A gemeente of residence that is not connected is left out; the caller warns.
    pub fn ontvangers(&self, inhoud: &Inhoud) -> Vec<Ontvanger> {
        let mut gevonden: Vec<Ontvanger> = Vec::new();
        for (rol, wie) in inhoud.kind().route().to {
            for oin in self.zoek(inhoud, *rol, *wie) {
                let oin = self.register.opvolger(oin, self.vandaag);
                if !gevonden.iter().any(|ontvanger| ontvanger.oin == oin) {
                    gevonden.push(Ontvanger { oin, rol: *rol });
                }
            }
        }
        gevonden
    }

    fn zoek(&self, inhoud: &Inhoud, rol: Rol, wie: Wie) -> Vec<Oin> {
        match wie {
            // The kennisgeving is the court's to guard, every other clock the GI's.
            Wie::Houder | Wie::Rechtbank if !betreft_rol(inhoud, rol) => Vec::new(),
            Wie::Genoemd => genoemden(inhoud).into_iter().filter_map(|(_, oin)| Oin::parse(oin).ok()).collect(),
            Wie::Houder => self.houders(inhoud.kind()),
            Wie::Woonplaats => self.woonplaats(inhoud).map(|gemeente| gemeente.oin).into_iter().collect(),
            Wie::Rechtbank => self.zaak.map(|zaak| zaak.rechtbank).into_iter().collect(),
            Wie::AanbiederVanVoorziening => self.aanbieder(inhoud).into_iter().collect(),
            Wie::Gebied => self.in_regio(rol, regio(inhoud)),
            Wie::Rol => self.register.bevoegde_in_rol(rol, self.vandaag).iter().map(|deelnemer| deelnemer.oin).collect(),
            Wie::Accounthouder => self.accounthouders(inhoud),
            // The recipients of the original are on record, not computed.
            Wie::OntvangersOrigineel | Wie::Unspecified => Vec::new(),
        }
    }

    /// Who stands now where messages of this kind go by their relation to the case: it learns what becomes of an earlier one.
    pub fn in_de_plaats(&self, kind: Kind) -> Vec<Ontvanger> {
        let mut gevonden = Vec::new();
        for (rol, wie) in kind.route().to {
            let oins = match wie {
                Wie::Houder => self.houders(kind),
                Wie::Woonplaats => {
                    let gemeente = self.zaak.and_then(|zaak| self.register.gemeente(&zaak.woonplaats, self.vandaag));
                    gemeente.map(|gemeente| gemeente.oin).into_iter().collect()
                }
                _ => Vec::new(),
            };
            gevonden.extend(oins.into_iter().map(|oin| Ontvanger { oin: self.register.opvolger(oin, self.vandaag), rol: *rol }));
        }
        gevonden
    }

    fn houders(&self, kind: Kind) -> Vec<Oin> {
        let Some(zaak) = self.zaak else { return Vec::new() };
        match kind {
            Kind::Overdracht => vec![zaak.laatste_houder()],
            // A GI whose day has not come hears it when another comes in its place.
            Kind::Uitspraak => vec![zaak.houder_op(self.vandaag), zaak.laatste_houder()],
            _ => vec![zaak.houder_op(self.vandaag)],
        }
    }

    /// The gemeente that an uitspraak names, or else that of the case.
    pub fn woonplaats(&self, inhoud: &Inhoud) -> Option<&Deelnemer> {
        let code = match inhoud {
            Inhoud::Uitspraak(m) => m.woonplaats_gemeentecode.as_str(),
            _ => self.zaak?.woonplaats.as_str(),
        };
        self.register.gemeente(code, self.vandaag)
    }

    fn aanbieder(&self, inhoud: &Inhoud) -> Option<Oin> {
        match inhoud {
            Inhoud::Verwerking(m) => self.zaak?.voorziening(&m.bepaling_id, m.voorziening_nr).map(|v| v.aanbieder),
            _ => None,
        }
    }

    fn in_regio(&self, rol: Rol, regio: &str) -> Vec<Oin> {
        let alle = self.register.bevoegde_in_rol(rol, self.vandaag);
        alle.into_iter().filter(|deelnemer| deelnemer.werkt_in(regio)).map(|deelnemer| deelnemer.oin).collect()
    }

    fn accounthouders(&self, inhoud: &Inhoud) -> Vec<Oin> {
        let gi = match inhoud {
            Inhoud::Signaal(m) => Oin::parse(&m.gi_oin).ok().and_then(|oin| self.register.zoek(oin)),
            _ if self.afzender.rol == Rol::Gi => Some(self.afzender),
            _ => None,
        };
        match gi {
            Some(gi) => gi.accounthoudende_regio.into_iter().collect(),
            // An aanbieder has no accounthouder of its own: its region's are told.
            None => self.in_regio(Rol::AccounthoudendeRegio, regio(inhoud)),
        }
    }
}

/// The participants that a message names as recipients: the path below the content, and the OIN.
pub fn genoemden(inhoud: &Inhoud) -> Vec<(String, &str)> {
    match inhoud {
        Inhoud::Zittingsaankondiging(m) => vec![("gi_oin".to_owned(), &m.gi_oin)],
        Inhoud::Uitspraak(m) => vec![("gi_oin".to_owned(), &m.gi_oin)],
        Inhoud::Jeugdhulpbepaling(m) => {
            let pad = |index| format!("voorzieningen[{index}].aanbieder_oin");
            m.voorzieningen.iter().enumerate().map(|(index, v)| (pad(index), v.aanbieder_oin.as_str())).collect()
        }
        Inhoud::Escalatie(m) => vec![("expertteam_oin".to_owned(), &m.expertteam_oin)],
        Inhoud::Inzetbesluit(m) => vec![("aanbieder_oin".to_owned(), &m.aanbieder_oin)],
        _ => Vec::new(),
    }
}

/// Whether a warning is for this role; every other message is for all that its route names.
fn betreft_rol(inhoud: &Inhoud, rol: Rol) -> bool {
    match inhoud {
        Inhoud::Klokwaarschuwing(m) => (m.norm() == Norm::Kennisgeving) == (rol == Rol::Rechtbank),
        _ => true,
    }
}

fn regio(inhoud: &Inhoud) -> &str {
    match inhoud {
        Inhoud::Capaciteit(m) => &m.regio,
        Inhoud::TaakNietUitvoerbaar(m) => &m.regio,
        Inhoud::Escalatie(m) => &m.regio,
        _ => "",
    }
}
