//! What can be checked without a hub: the own files. Every question is asked, also after one was answered badly, since they do not depend
//! on each other.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::verslag::{Controle, Verslag};
use crate::identity::client::ClientTls;
use crate::identity::onderzoek::{DoelFout, Dossier, Keteneinde, LijstFout};
use crate::time::Clock;

/// How long before its end a certificate is mentioned.
const BIJNA: TimeDelta = TimeDelta::days(14);

/// Checks the files; nothing when they cannot be read.
pub(super) fn keur(tls: &ClientTls, crl: Option<&Path>, clock: &Clock, verslag: &mut Verslag) -> Option<Dossier> {
    let dossier = match Dossier::lees(tls) {
        Ok(dossier) => dossier,
        Err(fout) => {
            verslag.fout(Controle::Files, fout.to_string(), "check path, permissions and contents: PEM, one or more certificates, one key");
            for controle in [Controle::Validity, Controle::Identity, Controle::Key, Controle::Usage, Controle::Chain] {
                verslag.over(controle, "not checked: the files cannot be read");
            }
            return None;
        }
    };
    bestanden(tls, &dossier, verslag);
    geldigheid(&dossier, clock.now(), verslag);
    match dossier.identiteit() {
        Ok(wie) => verslag.goed(Controle::Identity, format!("OIN {}, {}", wie.oin, wie.organisatie)),
        Err(fout) => verslag.fout(
            Controle::Identity,
            fout.to_string(),
            "ask your issuer for a certificate with your OIN as subject.serialNumber, once, an organizationName, and a strong key",
        ),
    }
    match dossier.sleutel_past() {
        Ok(()) => verslag.goed(Controle::Key, "the key belongs to the certificate"),
        Err(_) => verslag.fout(
            Controle::Key,
            format!("{} does not belong to the certificate", tls.sleutel.display()),
            "give the key that the certificate was requested with",
        ),
    }
    doel(&dossier, verslag);
    keten(&dossier, verslag);
    lijst(&dossier, crl, clock.now(), verslag);
    Some(dossier)
}

fn bestanden(tls: &ClientTls, dossier: &Dossier, verslag: &mut Verslag) {
    let naam = |pad: &Path| pad.file_name().unwrap_or(pad.as_os_str()).to_string_lossy().into_owned();
    let open = std::fs::metadata(&tls.sleutel).is_ok_and(|wat| wat.permissions().mode() & 0o077 != 0);
    // The keys of the example are public.
    let voorbeeld = dossier.identiteit().is_ok_and(|wie| wie.organisatie.starts_with("EXAMPLE "));
    if open && !voorbeeld {
        let doe = format!("chmod 600 {}", tls.sleutel.display());
        return verslag.letop(Controle::Files, "others on this machine can read the private key", doe);
    }
    let [ca, certificaat, sleutel] = [&tls.ca, &tls.certificaat, &tls.sleutel].map(|pad| naam(pad));
    verslag.goed(Controle::Files, format!("{ca}, {certificaat} and {sleutel} can be read"));
}

fn geldigheid(dossier: &Dossier, nu: DateTime<Utc>, verslag: &mut Verslag) {
    let (van, tot) = match dossier.geldig() {
        Ok(grenzen) => grenzen,
        Err(fout) => return verslag.fout(Controle::Validity, fout.to_string(), "ask your issuer for a new certificate"),
    };
    let minuut = |moment: DateTime<Utc>| moment.format("%Y-%m-%d %H:%M UTC").to_string();
    if nu < van {
        let gezien = format!("not valid before {}; this machine says it is {}", minuut(van), minuut(nu));
        return verslag.fout(
            Controle::Validity,
            gezien,
            "check the clock of this machine; if it is right, use the certificate before this one",
        );
    }
    if nu > tot {
        let gezien = format!("expired on {}; this machine says it is {}", minuut(tot), minuut(nu));
        return verslag.fout(Controle::Validity, gezien, "ask your issuer for a new certificate, and use it with its own key");
    }
    let gezien = format!("until {}, {} days", minuut(tot), (tot - nu).num_days());
    if tot - nu < BIJNA {
        return verslag.letop(Controle::Validity, gezien, "ask your issuer for the next certificate now");
    }
    verslag.goed(Controle::Validity, gezien);
}

fn doel(dossier: &Dossier, verslag: &mut Verslag) {
    match dossier.doel() {
        Ok(()) => verslag.goed(Controle::Usage, "meant for a client that signs"),
        Err(fout @ (DoelFout::GeenClient | DoelFout::GeenHandtekening | DoelFout::Onleesbaar)) => verslag.fout(
            Controle::Usage,
            fout.to_string(),
            "ask your issuer for a certificate with the key usage digitalSignature and the extended key usage clientAuth",
        ),
        Err(fout @ DoelFout::Ca) => {
            verslag.fout(Controle::Usage, fout.to_string(), "give the certificate of your organisation, not its issuer's")
        }
    }
}

fn keten(dossier: &Dossier, verslag: &mut Verslag) {
    match dossier.keten() {
        Ok(Keteneinde::Ca) => verslag.goed(Controle::Chain, "ends at a CA of the --ca file"),
        // Whether that is wrong only the hub can say.
        Ok(Keteneinde::Onbekend) => {
            verslag.over(Controle::Chain, "ends at an issuer that the --ca file does not hold; not asked of the hub")
        }
        Ok(Keteneinde::Vervalst) => verslag.fout(
            Controle::Chain,
            "the CA of the --ca file has the name of your issuer, but did not sign your certificate",
            "use the CA file and the certificate that belong together: the CA was made anew, or there are two of the same name",
        ),
        Ok(Keteneinde::Onderbroken) => verslag.fout(
            Controle::Chain,
            "the certificates in your certificate file do not follow each other",
            "put your own certificate first, then the one that issued it, and so on",
        ),
        Err(fout) => verslag.fout(Controle::Chain, fout.to_string(), "check that the certificate files are whole"),
    }
}

fn lijst(dossier: &Dossier, crl: Option<&Path>, nu: DateTime<Utc>, verslag: &mut Verslag) {
    let Some(pad) = crl else {
        verslag.over(Controle::Crl, "no --crl was given");
        return verslag.over(Controle::Revocation, "not checked: the hub was not reached, and no --crl was given");
    };
    let gevonden = match dossier.lijst(pad) {
        Ok(lijst) => lijst,
        Err(fout) => {
            let doe = match fout {
                LijstFout::AndereUitgever => "give the list of the issuer that your certificate names, or of your --ca file",
                _ => "fetch the list anew from where your issuer publishes it",
            };
            verslag.over(Controle::Revocation, "not checked: the list cannot be used");
            return verslag.fout(Controle::Crl, format!("{}: {fout}", pad.display()), doe);
        }
    };
    let (oud, einde) = (nu - gevonden.gemaakt_op, gevonden.einde.format("%Y-%m-%d %H:%M UTC"));
    let gezien = format!("made {} hours ago, the next was promised for {einde}", oud.num_hours());
    if nu > gevonden.einde {
        verslag.fout(Controle::Crl, gezien, "fetch the list anew; a hub with this one shuts out everybody of your issuer");
    } else {
        verslag.goed(Controle::Crl, gezien);
    }
    if gevonden.ingetrokken {
        verslag.fout(
            Controle::Revocation,
            "your certificate is on the list",
            "ask your issuer for a new certificate, and use it with its own key",
        );
    } else {
        verslag.goed(Controle::Revocation, "your certificate is not on the list");
    }
}
