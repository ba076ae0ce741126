//! What holds for every kind of message and every reader: the view verifies, nothing else does, and the proof says nothing of what is
//! hidden.

use std::collections::BTreeSet;

use jeugdketen_proto::v1::groepbewijs::Inhoud;
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use super::*;

#[test]
fn every_view_of_every_kind_verifies_for_its_reader() {
    let mut views = 0;
    for kind in Kind::ALL {
        for bericht in berichten(kind, 60) {
            for rol in lezers(kind) {
                let geleverd = Geleverd::aan(&bericht, rol, OWN_OIN);
                assert_eq!(geleverd.oordeel(), Ok(()), "{kind:?} for {rol:?}");
                views += 1;
            }
        }
    }
    assert!(views > 70, "only {views} views");
}

#[test]
fn every_view_of_an_empty_message_verifies_too() {
    for kind in Kind::ALL {
        let vol = berichten(kind, 1).next().unwrap();
        let mut leeg = DynamicMessage::new(filled::descriptor("Bericht"));
        let veld = leeg.descriptor().get_field_by_name(kind.field()).unwrap();
        leeg.set_field(&veld, Value::default_value_for_field(&veld));
        let leeg = Bericht { bericht_id: vol.bericht_id, ..Bericht::decode(leeg.encode_to_vec().as_slice()).unwrap() };
        let leeg = Bericht { maatregel_id: vol.maatregel_id, ..leeg };
        for rol in lezers(kind) {
            assert_eq!(Geleverd::aan(&leeg, rol, OWN_OIN).oordeel(), Ok(()), "{kind:?} for {rol:?}");
        }
    }
}

#[test]
fn a_view_in_which_one_field_was_altered_added_or_removed_does_not_verify() {
    let mut pogingen = 0;
    for kind in Kind::ALL {
        for bericht in berichten(kind, 2) {
            for rol in lezers(kind) {
                let geleverd = Geleverd::aan(&bericht, rol, OWN_OIN);
                for vervalst in verandering::alle(&geleverd.view) {
                    assert!(geleverd.oordeel_over(&vervalst.encode_to_vec()).is_err(), "{kind:?} for {rol:?}: {vervalst:?}");
                    pogingen += 1;
                }
            }
        }
    }
    assert!(pogingen > 2000, "only {pogingen} changes");
}

#[test]
fn a_proof_says_nothing_of_what_is_hidden() {
    let mut verborgen = 0;
    for kind in Kind::ALL {
        let mut roots = BTreeSet::new();
        for bericht in berichten(kind, 2) {
            // Without its case a message would be another kind of submission, which the proof says openly.
            let anders: Vec<_> = verandering::alle(&bericht).into_iter().filter(|ander| !ander.maatregel_id.is_empty()).collect();
            for rol in lezers(kind) {
                let geleverd = Geleverd::aan(&bericht, rol, OWN_OIN);
                // All that differs must lie in what the reader does not see.
                for ander in anders.iter().filter(|ander| view(ander, rol, OWN_OIN) == geleverd.view) {
                    let ander = Geleverd::aan(ander, rol, OWN_OIN);
                    assert_eq!(ander.oordeel(), Ok(()), "{kind:?} for {rol:?}");
                    assert_ne!(verbintenis(&ander.bewijs), verbintenis(&geleverd.bewijs), "{kind:?} for {rol:?}");
                    assert_eq!(zonder_hashes(&ander.bewijs), zonder_hashes(&geleverd.bewijs), "{kind:?} for {rol:?}");
                    assert_eq!(ander.bewijs.encoded_len(), geleverd.bewijs.encoded_len(), "{kind:?} for {rol:?}");
                    verborgen += 1;
                }
                roots.insert(verbintenis(&geleverd.bewijs));
            }
        }
        assert!(!roots.is_empty(), "{kind:?}");
    }
    assert!(verborgen > 200, "only {verborgen} changes of hidden fields");
}

fn verbintenis(bewijs: &Veldbewijs) -> Vec<u8> {
    bewijs.herkomst.as_ref().unwrap().verbintenis.to_vec()
}

/// The proof with zeros for every hash and signature, and without the place by chance.
fn zonder_hashes(bewijs: &Veldbewijs) -> Veldbewijs {
    let mut bewijs = bewijs.clone();
    let nul = || vec![0; 32].into();
    bewijs.herkomst.as_mut().unwrap().verbintenis = nul();
    let ondertekening = bewijs.ondertekening.as_mut().unwrap();
    (ondertekening.sleutel_id, ondertekening.handtekening) = ("0".repeat(16), vec![0; 64].into());
    ondertekening.pad.iter_mut().for_each(|stap| *stap = nul());
    for groep in &mut bewijs.groepen {
        if let Some(Inhoud::Hash(hash)) = &mut groep.inhoud {
            *hash = nul();
        }
    }
    if let Some(deel) = &mut bewijs.eigen_deel {
        deel.plaats = deel.plaats.map(|_| 0);
        deel.pad.iter_mut().for_each(|stap| *stap = nul());
        deel.wortel = if deel.wortel.is_empty() { deel.wortel.clone() } else { nul() };
    }
    bewijs
}

#[test]
fn the_commitment_differs_with_the_seed_also_for_equal_and_empty_groups() {
    for kind in Kind::ALL {
        let bericht = berichten(kind, 1).next().unwrap();
        for rol in lezers(kind) {
            let [een, ander] = [ZAAD, [6; 32]].map(|zaad| Geleverd::met_zaad(&bericht, rol, OWN_OIN, zaad).bewijs);
            assert_ne!(verbintenis(&een), verbintenis(&ander));
            for (een, ander) in een.groepen.iter().zip(&ander.groepen) {
                assert!(een.inhoud != ander.inhoud, "{kind:?} {}", een.lezers);
            }
        }
    }
}

#[test]
fn a_proof_with_one_altered_byte_does_not_verify() {
    let bericht = berichten(Kind::Jeugdhulpbepaling, 1).next().unwrap();
    for rol in lezers(Kind::Jeugdhulpbepaling) {
        let mut geleverd = Geleverd::aan(&bericht, rol, OWN_OIN);
        let goed = geleverd.bewijs.clone();
        let bytes = goed.encode_to_vec();
        for plaats in 0..bytes.len() {
            let mut vervalst = bytes.clone();
            vervalst[plaats] ^= 1;
            let Ok(bewijs) = Veldbewijs::decode(vervalst.as_slice()) else { continue };
            // Another number for a field that nobody reads is the same proof.
            if bewijs == goed {
                continue;
            }
            geleverd.bewijs = bewijs;
            let oordeel = geleverd.oordeel();
            // Index and size of the tree are not signed; see docs/decisions/0003-receipt-tree.md.
            let mut gelijk = geleverd.bewijs.clone();
            let (o, g) = (gelijk.ondertekening.as_mut(), goed.ondertekening.as_ref());
            if let (Some(o), Some(g)) = (o, g) {
                (o.blad_index, o.boomgrootte) = (g.blad_index, g.boomgrootte);
            }
            assert!(oordeel.is_err() || gelijk == goed, "{rol:?}: byte {plaats} of {}", bytes.len());
        }
    }
}

#[test]
fn a_proof_is_for_one_reader_only() {
    for kind in Kind::ALL {
        let bericht = berichten(kind, 1).next().unwrap();
        for rol in lezers(kind) {
            for ander in lezers(kind).filter(|ander| *ander != rol) {
                let mut geleverd = Geleverd::aan(&bericht, rol, OWN_OIN);
                // Where two roles read the same, they are one reader.
                let (view_van_ander, eigen) = (view(&bericht, ander, OWN_OIN), geleverd.view.clone());
                let gelijk = geleverd.bewijs.groepen == Geleverd::aan(&bericht, ander, OWN_OIN).bewijs.groepen;
                if !gelijk {
                    geleverd.rol = ander;
                    assert!(geleverd.oordeel_over(&view_van_ander.encode_to_vec()).is_err(), "{kind:?}: {rol:?} as {ander:?}");
                    assert!(geleverd.oordeel_over(&eigen.encode_to_vec()).is_err(), "{kind:?}: {rol:?} as {ander:?}");
                }
            }
        }
    }
}

#[test]
fn the_case_that_the_hub_adds_to_an_opening_uitspraak_is_not_the_senders_and_everything_else_is() {
    for bericht in berichten(Kind::Uitspraak, 2) {
        let bericht = Bericht { maatregel_id: String::new(), ..bericht };
        for rol in lezers(Kind::Uitspraak) {
            let geleverd = Geleverd::aan(&bericht, rol, OWN_OIN);
            assert_eq!(geleverd.oordeel(), Ok(()), "{rol:?}");
            assert!(geleverd.bewijs.herkomst.as_ref().unwrap().zaak_geopend);
            for vervalst in verandering::alle(&geleverd.view) {
                let oordeel = geleverd.oordeel_over(&vervalst.encode_to_vec());
                let alleen_zaak = Bericht { maatregel_id: geleverd.view.maatregel_id.clone(), ..vervalst } == geleverd.view;
                assert_eq!(oordeel.is_ok(), alleen_zaak, "{rol:?}");
            }
        }
    }
}

#[test]
fn a_receipt_with_a_commitment_to_something_else_gives_no_proof() {
    let sleutel = Sleutel::nieuw().unwrap();
    let bericht = berichten(Kind::Koers, 1).next().unwrap();
    let mut receipt = receipt(&sleutel, &bericht, ZAAD);
    let rol = lezers(Kind::Koers).next().unwrap();
    assert!(verbintenis::bewijs(&receipt, &bericht.encode_to_vec(), rol, OWN_OIN).is_some());
    assert!(verbintenis::bewijs(&receipt, &bericht.encode_to_vec(), Rol::Beheerder, OWN_OIN).is_none(), "not for this role");
    receipt.zaad = vec![6; 32].into();
    assert!(verbintenis::bewijs(&receipt, &bericht.encode_to_vec(), rol, OWN_OIN).is_none());
}
