//! The example PKI: what is written, and that a hub can run on it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use ketenhub::certs::{CertsFout, Houder, PkiPlan, maak};
use ketenhub::domain::ids::Oin;
use ketenhub::identity::Klok;
use ketenhub::identity::certificaat::KlantCertificaat;
use ketenhub::identity::tls::{TlsBestanden, TlsStand};
use ketenhub::identity::weigering::Reden;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};

#[test]
fn an_example_pki_is_one_that_a_hub_can_run_on() {
    let map = tempfile::tempdir().unwrap();
    let geschreven = maak(map.path(), &plan()).unwrap();
    let namen: BTreeSet<_> = geschreven.iter().map(|pad| pad.file_name().unwrap().to_str().unwrap()).collect();
    let verwacht = ["ca.pem", "crl.pem", "hub.pem", "hub.key", "rechtbank.pem", "rechtbank.key", "gi-1.pem", "gi-1.key"];
    assert_eq!(namen, verwacht.into());
    let stand = laad(map.path());
    assert!(stand.voorbeeld_pki());
    assert_eq!(stand.eerste_crl_einde(), Some(stand.hub_niet_na()));
    assert_eq!(stand.hub_niet_na().to_string(), "2028-02-29 00:00:00 UTC");
    stand.verifieer(&keten(map.path(), "rechtbank.pem"), nu()).unwrap();
    let fout = stand.verifieer(&keten(map.path(), "gi-1.pem"), nu()).unwrap_err();
    assert_eq!(Reden::from(&fout), Reden::CertificaatIngetrokken);
    let houder = KlantCertificaat::lees(&keten(map.path(), "rechtbank.pem")[0]).unwrap();
    assert_eq!((houder.oin.as_str(), &*houder.organisatie), ("00000001000000000010", "EXAMPLE Rechtbank"));
    assert_eq!(houder.serienummer.len(), 20);
    let hub = keten(map.path(), "hub.pem");
    for naam in ["localhost", "127.0.0.1", "::1", "hub.example"] {
        assert!(heeft_naam(&hub[0], naam), "{naam}");
    }
}

#[test]
fn an_operators_own_pki_is_not_an_example() {
    let map = tempfile::tempdir().unwrap();
    maak(map.path(), &PkiPlan { voorvoegsel: "Regio Noord ".to_owned(), ..plan() }).unwrap();
    assert!(!laad(map.path()).voorbeeld_pki());
}

#[test]
fn keys_are_readable_by_their_owner_only_and_never_overwritten() {
    let map = tempfile::tempdir().unwrap();
    let geschreven = maak(map.path(), &plan()).unwrap();
    for pad in geschreven.iter().filter(|pad| pad.extension().is_some_and(|e| e == "key")) {
        assert_eq!(fs::metadata(pad).unwrap().permissions().mode() & 0o777, 0o600, "{}", pad.display());
    }
    let voor = fs::read(map.path().join("hub.key")).unwrap();
    assert!(matches!(maak(map.path(), &plan()), Err(CertsFout::BestaatAl(_))));
    assert_eq!(fs::read(map.path().join("hub.key")).unwrap(), voor);
}

#[test]
fn a_plan_that_cannot_be_carried_out_writes_nothing() {
    let map = tempfile::tempdir().unwrap();
    let uit = map.path().join("pki");
    let met_bestand = |bestand: &str| {
        let mut plan = plan();
        plan.houders[0].bestand = bestand.to_owned();
        plan
    };
    for bestand in ["", "../buiten", "hub", "ca", "crl", "gi-1", "Rechtbank", "a.b"] {
        assert!(matches!(maak(&uit, &met_bestand(bestand)), Err(CertsFout::Bestandsnaam(_))), "{bestand:?}");
    }
    let lang = PkiPlan { hub_naam: "x".repeat(64), ..plan() };
    assert!(matches!(maak(&uit, &lang), Err(CertsFout::Naam(_))));
    let wie = PkiPlan { ingetrokken: vec!["niemand".to_owned()], ..plan() };
    assert!(matches!(maak(&uit, &wie), Err(CertsFout::OnbekendeHouder(_))));
    for jaren in [0, 8000, u32::MAX] {
        assert!(matches!(maak(&uit, &PkiPlan { jaren, ..plan() }), Err(CertsFout::Geldigheid)), "{jaren}");
    }
    assert!(!uit.exists());
}

fn plan() -> PkiPlan {
    let houder =
        |bestand: &str, oin: &str, naam: &str| Houder { bestand: bestand.to_owned(), oin: Oin::parse(oin).unwrap(), naam: naam.to_owned() };
    PkiPlan {
        voorvoegsel: "EXAMPLE ".to_owned(),
        van: "2024-02-29T00:00:00Z".parse::<DateTime<Utc>>().unwrap(),
        jaren: 4,
        hub_oin: Oin::parse("00000001000000000001").unwrap(),
        hub_naam: "Ketenhub".to_owned(),
        hub_namen: vec!["hub.example".to_owned(), "localhost".to_owned()],
        houders: vec![
            houder("rechtbank", "00000001000000000010", "Rechtbank"),
            houder("gi-1", "00000001000000000020", "Gecertificeerde instelling"),
        ],
        ingetrokken: vec!["gi-1".to_owned()],
    }
}

fn nu() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(1_750_000_000))
}

fn laad(map: &Path) -> TlsStand {
    let klok: Klok = Arc::new(nu);
    let bestanden = TlsBestanden {
        certificaat: map.join("hub.pem"),
        sleutel: map.join("hub.key"),
        client_ca: map.join("ca.pem"),
        crls: vec![map.join("crl.pem")],
    };
    TlsStand::laad(&bestanden, &klok, None).unwrap()
}

fn keten(map: &Path, naam: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(map.join(naam)).unwrap().map(Result::unwrap).collect()
}

fn heeft_naam(certificaat: &CertificateDer<'_>, naam: &str) -> bool {
    use rustls::client::verify_server_name;
    let certificaat = rustls::server::ParsedCertificate::try_from(certificaat).unwrap();
    verify_server_name(&certificaat, &naam.try_into().unwrap()).is_ok()
}
