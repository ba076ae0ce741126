//! The seal of a sender: every kind of key that a certificate may have seals, and nothing else verifies.

use ketenhub::verbintenis::{OngeldigZegel, verifieer_zegel, verzegel};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;
use crate::support::repository;

const WORTEL: [u8; 32] = [3; 32];

fn voorbeeld(wie: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let map = repository().join("certs-example");
    let lees = |soort: &str| std::fs::read(map.join(format!("{wie}.{soort}"))).unwrap();
    (CertificateDer::from_pem_slice(&lees("pem")).unwrap(), PrivateKeyDer::from_pem_slice(&lees("key")).unwrap())
}

/// A certificate for an OIN with a key of this kind.
fn gemaakt(soort: &'static rcgen::SignatureAlgorithm, oin: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let sleutel = rcgen::KeyPair::generate_for(soort).unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "Voorbeeld");
    params.distinguished_name.push(rcgen::DnType::CustomDnType(vec![2, 5, 4, 5]), oin);
    let certificaat = params.self_signed(&sleutel).unwrap();
    (certificaat.der().clone(), PrivateKeyDer::try_from(sleutel.serialize_der()).unwrap())
}

#[test]
fn a_key_of_every_kind_seals_and_its_seal_verifies_over_nothing_else() {
    let oin = "00000099010000001000";
    let soorten = [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ECDSA_P521_SHA512,
        &rcgen::PKCS_ED25519,
        &rcgen::PKCS_RSA_SHA256,
    ];
    for soort in soorten {
        let (certificaat, sleutel) = gemaakt(soort, oin);
        let zegel = verzegel(&WORTEL, &sleutel, &certificaat).unwrap();
        assert_eq!(verifieer_zegel(&zegel, &WORTEL, oin), Ok(()), "{soort:?}");
        assert_eq!(verifieer_zegel(&zegel, &[4; 32], oin), Err(OngeldigZegel::Handtekening), "{soort:?}");
        assert_eq!(verifieer_zegel(&zegel, &WORTEL, "00000099010000002000"), Err(OngeldigZegel::AndereAfzender), "{soort:?}");
        let (ander, _) = gemaakt(soort, oin);
        let onder_ander = jeugdketen_proto::v1::Zegel { certificaat: ander.to_vec().into(), ..zegel };
        assert_eq!(verifieer_zegel(&onder_ander, &WORTEL, oin), Err(OngeldigZegel::Handtekening), "{soort:?}");
    }
}

#[test]
fn a_seal_travels_with_the_proof_and_one_that_does_not_hold_is_no_proof() {
    let bericht = berichten(Kind::Koers, 1).next().unwrap();
    let rol = lezers(Kind::Koers).next().unwrap();
    let mut geleverd = Geleverd::aan(&bericht, rol, OWN_OIN);
    let herkomst = geleverd.bewijs.herkomst.clone().unwrap();
    let (certificaat, sleutel) = voorbeeld("rechtbank");
    let wortel = <[u8; 32]>::try_from(herkomst.verbintenis.as_ref()).unwrap();
    geleverd.bewijs.zegel = verzegel(&wortel, &sleutel, &certificaat);
    assert_eq!(geleverd.oordeel(), Ok(()));
    geleverd.bewijs.zegel = verzegel(&WORTEL, &sleutel, &certificaat);
    assert_eq!(geleverd.oordeel(), Err(OngeldigBewijs::Zegel(OngeldigZegel::Handtekening)));
}
