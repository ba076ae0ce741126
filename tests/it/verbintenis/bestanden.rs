//! Receipts and deliveries as files, verified by the programme and by Python, which shares no code with it. No hub runs.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use jeugdketen_proto::v1::{Levering, levering};
use ketenhub::json;
use tempfile::TempDir;

use super::*;
use crate::support::proces::{draai, voer_uit};
use crate::support::repository;

/// A message as it was sent, its receipt and the deliveries to its readers, as files.
struct Bestanden {
    map: TempDir,
    sleutel: Sleutel,
    receipt: Receipt,
    bericht: Bericht,
}

impl Bestanden {
    fn maak(bericht: Bericht) -> Bestanden {
        let sleutel = Sleutel::nieuw().unwrap();
        let receipt = receipt(&sleutel, &bericht, ZAAD);
        Bestanden { map: tempfile::tempdir().unwrap(), sleutel, receipt, bericht }
    }

    fn schrijf<M: json::Named>(&self, naam: &str, bericht: &M) -> String {
        let pad: PathBuf = self.map.path().join(naam);
        std::fs::write(&pad, json::write(bericht).unwrap()).unwrap();
        pad.display().to_string()
    }

    fn publiek(&self) -> String {
        hex::encode(self.sleutel.publiek())
    }

    fn levering(&self, rol: Rol, oin: &str) -> Levering {
        Levering {
            postvaknummer: 1,
            afzender_oin: self.receipt.afzender_oin.clone(),
            inhoud: Some(levering::Inhoud::Bericht(view(&self.bericht, rol, oin))),
            bewijs: verbintenis::bewijs(&self.receipt, &self.bericht.encode_to_vec(), rol, oin),
            ..Levering::default()
        }
    }
}

async fn python(argumenten: &[&str]) -> Output {
    let programma = std::env::var("KETENHUB_PYTHON").expect("KETENHUB_PYTHON is set by ./test");
    let mut command = Command::new(programma);
    command.current_dir(repository()).stdin(Stdio::null()).arg("tests/python/client.py").args(argumenten);
    draai(command).await
}

fn gezegd(uitvoer: &Output) -> String {
    String::from_utf8_lossy(&[uitvoer.stdout.as_slice(), uitvoer.stderr.as_slice()].concat()).into_owned()
}

fn rol_naam(rol: Rol) -> &'static str {
    rol.as_str_name().trim_start_matches("ROL_")
}

fn altered(levering: &Levering) -> Levering {
    let Some(levering::Inhoud::Bericht(view)) = &levering.inhoud else { panic!("a view") };
    let anders = verandering::alle(view).into_iter().rfind(|anders| anders.bericht_id == view.bericht_id).unwrap();
    Levering { inhoud: Some(levering::Inhoud::Bericht(anders)), ..levering.clone() }
}

/// The bepaling, whose list is kept per participant, and an uitspraak that opens a case.
fn voorbeelden() -> [Bericht; 2] {
    let uitspraak = berichten(Kind::Uitspraak, 1).next().unwrap();
    [berichten(Kind::Jeugdhulpbepaling, 1).next().unwrap(), Bericht { maatregel_id: String::new(), ..uitspraak }]
}

#[tokio::test(flavor = "multi_thread")]
async fn python_verifies_every_view_from_the_documented_format_and_no_altered_one() {
    for bericht in voorbeelden() {
        let kind = bericht.inhoud.as_ref().unwrap().kind();
        let bestanden = Bestanden::maak(bericht);
        let publiek = bestanden.publiek();
        for rol in lezers(kind) {
            let levering = bestanden.levering(rol, OWN_OIN);
            let goed = bestanden.schrijf("levering.json", &levering);
            let uitvoer = python(&["view", &goed, &publiek, rol_naam(rol), OWN_OIN]).await;
            assert_eq!(gezegd(&uitvoer).trim(), "geldig", "{kind:?} for {rol:?}");
            let vervalst = bestanden.schrijf("vervalst.json", &altered(&levering));
            let uitvoer = python(&["view", &vervalst, &publiek, rol_naam(rol), OWN_OIN]).await;
            assert!(gezegd(&uitvoer).starts_with("ONGELDIG") && !uitvoer.status.success(), "{kind:?} for {rol:?}: {}", gezegd(&uitvoer));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn python_computes_the_commitment_in_a_receipt_from_what_was_sent() {
    for bericht in voorbeelden() {
        let bestanden = Bestanden::maak(bericht);
        let bericht = bestanden.schrijf("bericht.json", &bestanden.bericht);
        let goed = bestanden.schrijf("receipt.json", &bestanden.receipt);
        assert_eq!(gezegd(&python(&["verify", &goed, &bestanden.publiek(), "--bericht", &bericht]).await).trim(), "geldig");
        let ander_zaad = Receipt { zaad: vec![6; 32].into(), ..bestanden.receipt.clone() };
        let vervalst = bestanden.schrijf("vervalst.json", &ander_zaad);
        let uitvoer = python(&["verify", &vervalst, &bestanden.publiek(), "--bericht", &bericht]).await;
        assert!(gezegd(&uitvoer).contains("its commitment is to something else"), "{}", gezegd(&uitvoer));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programme_verifies_views_and_receipts_from_files_alone() {
    let [bericht, ander] = voorbeelden();
    let (bestanden, ander) = (Bestanden::maak(bericht), Bestanden::maak(ander));
    let publiek = bestanden.publiek();
    let levering = bestanden.levering(Rol::Aanbieder, OWN_OIN);
    let bestand = bestanden.schrijf("levering.json", &levering);
    let receipt = bestanden.schrijf("receipt.json", &bestanden.receipt);
    let view = |bestand: String, rol: &'static str, oin: &'static str, rest: Vec<String>| {
        let publiek = publiek.clone();
        async move {
            let mut argumenten = vec!["view", "verify", &bestand, "--key", &publiek, "--rol", rol, "--oin", oin];
            argumenten.extend(rest.iter().map(String::as_str));
            gezegd(&voer_uit(&argumenten).await)
        }
    };
    let met = |naam: &str, receipt: &Receipt| vec!["--receipt".to_owned(), bestanden.schrijf(naam, receipt)];
    let goed = view(bestand.clone(), "AANBIEDER", OWN_OIN, vec!["--receipt".to_owned(), receipt.clone()]).await;
    assert!(goed.starts_with("the view holds: message "), "{goed}");

    let vervalst = bestanden.schrijf("vervalst.json", &altered(&levering));
    let zonder = bestanden.schrijf("zonder.json", &Levering { bewijs: None, ..levering.clone() });
    let onder_andere_naam = Levering { afzender_oin: "00000099010000002000".to_owned(), ..levering };
    let onder_andere_naam = bestanden.schrijf("afzender.json", &onder_andere_naam);
    let mut buur = [Receipt { bericht_id: "ander".to_owned(), ..bestanden.receipt.clone() }];
    bestanden.sleutel.onderteken(&mut buur);
    for (uitvoer, zin) in [
        (view(vervalst, "AANBIEDER", OWN_OIN, vec![]).await, "something was altered, added or removed"),
        (view(bestand.clone(), "gemeente", OWN_OIN, vec![]).await, "not those of this kind of message for this reader"),
        (view(bestand.clone(), "AANBIEDER", "00000099000000004009", vec![]).await, "not for this reader"),
        (view(zonder, "AANBIEDER", OWN_OIN, vec![]).await, "holds no proof"),
        (view(onder_andere_naam, "AANBIEDER", OWN_OIN, vec![]).await, "names another sender"),
        (view(bestand.clone(), "AANBIEDER", OWN_OIN, met("buur.json", &buur[0])).await, "it is for another message than"),
        (view(bestand.clone(), "AANBIEDER", OWN_OIN, met("ander.json", &ander.receipt)).await, "signed with another key"),
    ] {
        assert!(uitvoer.starts_with("error: ") && uitvoer.contains(zin), "{uitvoer}");
    }

    let bericht = bestanden.schrijf("bericht.json", &bestanden.bericht);
    let verify = async |receipt: &str| gezegd(&voer_uit(&["receipt", "verify", receipt, "--key", &publiek, "--bericht", &bericht]).await);
    assert!(verify(&receipt).await.starts_with("the receipt holds: message "));
    let te_tonen = bestanden.schrijf("te_tonen.json", &Receipt { zaad: bytes::Bytes::new(), ..bestanden.receipt.clone() });
    assert!(verify(&te_tonen).await.starts_with("the receipt holds: message "), "a receipt can be shown without its seed");
    let ander_zaad = bestanden.schrijf("zaad.json", &Receipt { zaad: vec![6; 32].into(), ..bestanden.receipt.clone() });
    assert!(verify(&ander_zaad).await.contains("its commitment is to something else than"));
}
