//! Who a message is about, and the keyed pseudonym that is all the hub remembers of it. It keeps no name and no number.

use std::fmt;

use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::jeugdige::Identiteit;
use jeugdketen_proto::v1::{Jeugdige, Persoonsgegevens};

/// A person as a message identifies it.
pub enum Persoon<'a> {
    /// By burgerservicenummer.
    Bsn(&'a str),
    /// By the set of Jw 7.2.4, in lower case: it is typed by hand.
    Gegevens(String, String, &'a str),
}

impl<'a> Persoon<'a> {
    /// The person, when the message identifies one.
    pub fn van(jeugdige: &'a Jeugdige) -> Option<Persoon<'a>> {
        match jeugdige.identiteit.as_ref()? {
            Identiteit::Bsn(bsn) => Some(Persoon::Bsn(bsn)),
            Identiteit::Persoonsgegevens(Persoonsgegevens { achternaam, voornamen, geboortedatum, .. }) => {
                Some(Persoon::Gegevens(achternaam.trim().to_lowercase(), voornamen.trim().to_lowercase(), geboortedatum))
            }
        }
    }

    pub(super) fn soort(&self) -> i16 {
        match self {
            Persoon::Bsn(_) => 1,
            Persoon::Gegevens(..) => 2,
        }
    }

    pub(super) fn delen(&self) -> Vec<&[u8]> {
        match self {
            Persoon::Bsn(bsn) => vec![bsn.as_bytes()],
            Persoon::Gegevens(achternaam, voornamen, geboortedatum) => {
                vec![achternaam.as_bytes(), voornamen.as_bytes(), geboortedatum.as_bytes()]
            }
        }
    }
}

impl fmt::Debug for Persoon<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Persoon")
    }
}

/// The keyed pseudonym of a person: HMAC-SHA256 with the key of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pseudoniem {
    /// How the person was identified: 1 BSN, 2 the set of Jw 7.2.4.
    pub soort: i16,
    /// Which key.
    pub epoche: i16,
    /// The pseudonym.
    pub waarde: [u8; 32],
}

/// The jeugdige that a message identifies.
pub fn jeugdige(inhoud: &Inhoud) -> Option<&Jeugdige> {
    match inhoud {
        Inhoud::Zittingsaankondiging(m) => m.jeugdige.as_ref(),
        Inhoud::Uitspraak(m) => m.jeugdige.as_ref(),
        Inhoud::Jeugdhulpbepaling(m) => m.jeugdige.as_ref(),
        Inhoud::Escalatie(m) => m.jeugdige.as_ref(),
        Inhoud::Inzetbesluit(m) => m.jeugdige.as_ref(),
        _ => None,
    }
}
