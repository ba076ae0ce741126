//! Why a connection was refused: one stable code per reason, for logs, metrics and operators, and a count of each. It
//! deliberately holds no word of what the peer sent.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use rustls::{CertificateError, Error};

use super::certificaat::CertificaatFout;

/// Declares the reasons once: the enum, the list of all of them, and their codes.
macro_rules! redenen {
    ($($(#[doc = $uitleg:literal])+ $naam:ident = $code:literal,)+) => {
        /// Why a connection was refused or cut.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reden { $($(#[doc = $uitleg])+ $naam,)+ }

        impl Reden {
            /// Every reason, in the order of the enum.
            pub const ALLE: &'static [Self] = &[$(Self::$naam,)+];

            /// The stable code, for logs and metrics.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$naam => $code,)+ }
            }
        }
    };
}

redenen! {
    /// The client sent no certificate.
    GeenCertificaat = "geen_certificaat",
    /// A certificate in the chain is on its issuer's revocation list.
    CertificaatIngetrokken = "certificaat_ingetrokken",
    /// A certificate in the chain has expired.
    CertificaatVerlopen = "certificaat_verlopen",
    /// A certificate in the chain is not valid yet.
    CertificaatNogNietGeldig = "certificaat_nog_niet_geldig",
    /// A certificate in the chain cannot be read, or has a bad signature.
    CertificaatOngeldig = "certificaat_ongeldig",
    /// The certificate is not meant for clients (extended key usage).
    CertificaatVerkeerdDoel = "certificaat_verkeerd_doel",
    /// The chain does not end at one of the hub's client CAs.
    OnbekendeCa = "onbekende_ca",
    /// The issuer's revocation list is past its `nextUpdate`.
    CrlVerlopen = "crl_verlopen",
    /// The hub has no revocation list of the issuer.
    CrlOntbreekt = "crl_ontbreekt",
    /// The issuer's revocation list does not verify.
    CrlOngeldig = "crl_ongeldig",
    /// The subject holds no usable OIN, or no usable organisation name.
    OinOngeldig = "oin_ongeldig",
    /// The certificate's key is too weak, or of a kind that is not accepted.
    SleutelTeZwak = "sleutel_te_zwak",
    /// The client does not speak TLS 1.3.
    TlsVersie = "tls_versie",
    /// The client did not ask for HTTP/2 in ALPN.
    GeenH2 = "geen_h2",
    /// The client broke off with a TLS alert: mostly because it does not trust the hub's certificate.
    ClientWeigert = "client_weigert",
    /// The handshake was not finished within the deadline.
    HandshakeTeTraag = "handshake_te_traag",
    /// The connection was lost during the handshake.
    Verbroken = "verbroken",
    /// The hub holds as many connections as it may.
    TeVeelVerbindingen = "te_veel_verbindingen",
    /// The bytes are not TLS, or break its rules.
    Protocolfout = "protocolfout",
}

impl From<&Error> for Reden {
    fn from(fout: &Error) -> Self {
        match fout {
            Error::NoCertificatesPresented => Self::GeenCertificaat,
            Error::InvalidCertificate(certificaat) => Self::from(certificaat),
            Error::InvalidCertRevocationList(_) => Self::CrlOngeldig,
            Error::PeerIncompatible(_) => Self::TlsVersie,
            Error::NoApplicationProtocol => Self::GeenH2,
            Error::AlertReceived(_) => Self::ClientWeigert,
            _ => Self::Protocolfout,
        }
    }
}

impl From<&CertificateError> for Reden {
    fn from(fout: &CertificateError) -> Self {
        use CertificateError as F;
        match fout {
            F::Revoked => Self::CertificaatIngetrokken,
            F::Expired | F::ExpiredContext { .. } => Self::CertificaatVerlopen,
            F::NotValidYet | F::NotValidYetContext { .. } => Self::CertificaatNogNietGeldig,
            F::UnknownIssuer => Self::OnbekendeCa,
            F::ExpiredRevocationList | F::ExpiredRevocationListContext { .. } => Self::CrlVerlopen,
            F::UnknownRevocationStatus => Self::CrlOntbreekt,
            F::InvalidPurpose | F::InvalidPurposeContext { .. } => Self::CertificaatVerkeerdDoel,
            F::Other(ander) => ander.0.downcast_ref::<CertificaatFout>().map_or(Self::CertificaatOngeldig, Self::from),
            _ => Self::CertificaatOngeldig,
        }
    }
}

impl From<&CertificaatFout> for Reden {
    fn from(fout: &CertificaatFout) -> Self {
        use CertificaatFout as F;
        match fout {
            F::Onleesbaar => Self::CertificaatOngeldig,
            F::OinOntbreekt | F::OinDubbel | F::OinMisvormd => Self::OinOngeldig,
            F::OrganisatieOntbreekt | F::OrganisatieMisvormd => Self::OinOngeldig,
            F::SleutelTeZwak | F::SleutelOnbekend => Self::SleutelTeZwak,
        }
    }
}

impl From<&io::Error> for Reden {
    /// A TLS error travels inside an I/O error; anything else is a lost connection.
    fn from(fout: &io::Error) -> Self {
        fout.get_ref().and_then(|binnen| binnen.downcast_ref::<Error>()).map_or(Self::Verbroken, Self::from)
    }
}

/// How many connections were accepted, and how many were refused for which reason, since the start.
#[derive(Debug)]
pub struct Tellers {
    aangenomen: AtomicU64,
    geweigerd: [AtomicU64; Reden::ALLE.len()],
}

impl Default for Tellers {
    fn default() -> Self {
        Self { aangenomen: AtomicU64::new(0), geweigerd: std::array::from_fn(|_| AtomicU64::new(0)) }
    }
}

impl Tellers {
    /// The connections that were accepted.
    #[must_use]
    pub fn aangenomen(&self) -> u64 {
        self.aangenomen.load(Ordering::Relaxed)
    }

    /// The connections that were refused for this reason.
    #[must_use]
    pub fn geweigerd(&self, reden: Reden) -> u64 {
        self.geweigerd[reden as usize].load(Ordering::Relaxed)
    }

    pub(super) fn tel_aangenomen(&self) {
        self.aangenomen.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn tel_geweigerd(&self, reden: Reden) {
        self.geweigerd[reden as usize].fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_code_and_counter() {
        let tellers = Tellers::default();
        for (plaats, reden) in Reden::ALLE.iter().enumerate() {
            assert_eq!(*reden as usize, plaats);
            assert_eq!(Reden::ALLE.iter().filter(|ander| ander.code() == reden.code()).count(), 1);
            tellers.tel_geweigerd(*reden);
            assert_eq!(tellers.geweigerd(*reden), 1);
        }
    }
}
