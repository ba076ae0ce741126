//! A PKI of a test's own, whose CA stays alive: certificates can be revoked and renewed while a hub runs on its files. Its names do not
//! begin with EXAMPLE. It starts no hub.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use chrono::TimeDelta;
use ketenhub::certs::{Aanvraag, CrlPlan, Doel, Geldigheid, Uitgegeven, Uitgever};
use ketenhub::config::Config;
use ketenhub::domain::ids::Oin;
use ketenhub::time::Clock;
use tempfile::TempDir;

/// The OIN of the hub.
const HUB: &str = "00000099120000001000";

/// A CA with the folder in which hub and clients find their files.
pub struct Pki {
    /// The folder.
    pub map: TempDir,
    ca: Uitgever,
    lijst: u64,
}

impl Pki {
    /// A CA, a hub and these holders: file name and OIN.
    pub fn nieuw(houders: &[(&str, &str)]) -> Pki {
        let pki = Pki { map: tempfile::tempdir().unwrap(), ca: ca("TEST CA"), lijst: 0 };
        pki.schrijf("ca.pem", &pki.ca.pem());
        pki.schrijf("crl.pem", &lijst(&pki.ca, 0, &[]));
        pki.nieuwe_hub();
        houders.iter().for_each(|(bestand, oin)| drop(pki.geef_uit(bestand, oin)));
        pki
    }

    /// Its folder.
    pub fn pad(&self) -> &Path {
        self.map.path()
    }

    /// Lets a hub run on it.
    pub fn voor(&self, config: &mut Config) {
        let tls = &mut config.tls;
        tls.certificate = self.pad().join("hub.pem");
        tls.key = self.pad().join("hub.key");
        tls.client_ca = self.pad().join("ca.pem");
        tls.crls = vec![self.pad().join("crl.pem")];
    }

    /// Gives a participant a new certificate and key.
    pub fn geef_uit(&self, bestand: &str, oin: &str) -> Uitgegeven {
        self.geef_uit_met(bestand, Aanvraag::voor(Oin::parse(oin).unwrap(), &format!("TEST {bestand}"), geldig(-1, 30)))
    }

    /// Gives a certificate that expired yesterday.
    pub fn geef_verlopen_uit(&self, bestand: &str, oin: &str) -> Uitgegeven {
        self.geef_uit_met(bestand, Aanvraag::voor(Oin::parse(oin).unwrap(), &format!("TEST {bestand}"), geldig(-9, -1)))
    }

    /// Gives the hub a new certificate and key, the one file after the other.
    pub fn nieuwe_hub(&self) {
        let aanvraag = Aanvraag::voor(Oin::parse(HUB).unwrap(), "TEST hub", geldig(-1, 30));
        let namen = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        self.geef_uit_met("hub", Aanvraag { namen, doelen: vec![Doel::Server], ..aanvraag });
    }

    /// Publishes a list with these certificates.
    pub fn trek_in(&mut self, ingetrokken: &[&Uitgegeven]) {
        self.lijst += 1;
        self.schrijf("crl.pem", &lijst(&self.ca, self.lijst, ingetrokken));
    }

    /// Writes a list of nobody to a file, made and promised anew at these moments.
    pub fn lijst_van(&self, bestand: &str, geldig: Geldigheid) {
        self.schrijf(bestand, &self.ca.crl(&CrlPlan { nummer: 1, geldig, ingetrokken: Vec::new() }).unwrap());
    }

    /// A CA that nobody here knows, PEM.
    pub fn vreemde_ca() -> String {
        ca("TEST other CA").pem()
    }

    /// Begins a new CA next to the one in use: both are trusted by hub and clients until [`Pki::vergeet`]. What is issued from now on comes
    /// from the new one.
    pub fn nieuwe_ca(&mut self) -> Uitgever {
        let oude = std::mem::replace(&mut self.ca, ca("TEST CA 2"));
        // The list first: an issuer without a list is not accepted.
        self.schrijf("crl.pem", &format!("{}{}", lijst(&oude, self.lijst, &[]), lijst(&self.ca, 0, &[])));
        self.schrijf("ca.pem", &format!("{}{}", oude.pem(), self.ca.pem()));
        oude
    }

    /// Trusts nobody but the CA in use.
    pub fn vergeet(&mut self, _oude: Uitgever) {
        self.schrijf("ca.pem", &self.ca.pem());
        self.schrijf("crl.pem", &lijst(&self.ca, 0, &[]));
    }

    /// Gives a certificate that is asked for letter by letter.
    pub fn geef_uit_met(&self, bestand: &str, aanvraag: Aanvraag) -> Uitgegeven {
        let uitgegeven = self.ca.geef_uit(&aanvraag).unwrap();
        self.schrijf(&format!("{bestand}.key"), &uitgegeven.sleutel_pem);
        self.schrijf(&format!("{bestand}.pem"), &uitgegeven.keten_pem);
        uitgegeven
    }

    /// Replaces a file in one step, as an operator should.
    fn schrijf(&self, naam: &str, inhoud: &str) {
        let nieuw = self.pad().join(format!("{naam}.new"));
        std::fs::write(&nieuw, inhoud).unwrap();
        if naam.ends_with(".key") {
            std::fs::set_permissions(&nieuw, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        std::fs::rename(nieuw, self.pad().join(naam)).unwrap();
    }
}

fn ca(naam: &str) -> Uitgever {
    Uitgever::nieuw(naam, geldig(-10, 300)).unwrap()
}

fn lijst(ca: &Uitgever, nummer: u64, ingetrokken: &[&Uitgegeven]) -> String {
    let ingetrokken = ingetrokken.iter().map(|een| een.serienummer.clone()).collect();
    ca.crl(&CrlPlan { nummer, geldig: geldig(-1, 30), ingetrokken }).unwrap()
}

/// From so many days from now until so many.
pub fn geldig(van_dagen: i64, tot_dagen: i64) -> Geldigheid {
    let nu = Clock::machine().now();
    Geldigheid { van: nu + TimeDelta::days(van_dagen), tot: nu + TimeDelta::days(tot_dagen) }
}
