//! Over the wire, on both databases: every view that a hub delivers proves itself to its reader, and a sender's own seal travels with it.

use jeugdketen_proto::v1::levering::Inhoud;
use jeugdketen_proto::v1::{SubmitRequest, Zegel};
use ketenhub::domain::ids::Oin;
use ketenhub::verbintenis::{verifieer, verifieer_zegel, verzegel, wortel};
use prost::Message as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tonic::Code;

use super::MAATREGEL;
use crate::support::repository;
use crate::support::zaak::{DEELNEMERS, HEEL, Zaak, oin};

#[tokio::test(flavor = "multi_thread")]
async fn every_view_of_a_whole_case_proves_itself_to_its_reader_and_to_no_other() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&HEEL).await;
        let publiek = zaak.hub.running.hub.sleutel.load().publiek().to_vec();
        let mut bewezen = 0;
        for wie in DEELNEMERS {
            let eigen = oin(wie);
            let register = zaak.hub.running.hub.register.nu();
            let Some(deelnemer) = register.zoek(Oin::parse(&eigen).unwrap()) else { continue };
            for levering in zaak.post(wie).await {
                let Some(Inhoud::Bericht(view)) = &levering.inhoud else { panic!("{wie} sees no message") };
                let bewijs = levering.bewijs.as_ref().expect("a proof");
                let herkomst = verifieer(&view.encode_to_vec(), deelnemer.rol, &eigen, bewijs, &publiek).unwrap();
                assert_eq!((herkomst.afzender_oin.as_str(), &herkomst.bericht_id), (levering.afzender_oin.as_str(), &view.bericht_id));
                let mut anders = view.clone();
                anders.maatregel_id = MAATREGEL.to_owned();
                // The case of the message that opened it was given by the hub, and is no field of the sender.
                let oordeel = verifieer(&anders.encode_to_vec(), deelnemer.rol, &eigen, bewijs, &publiek);
                assert_eq!(oordeel.is_ok(), herkomst.zaak_geopend);
                bewezen += 1;
            }
        }
        assert!(bewezen > 15, "{bewezen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_seals_its_message_and_whoever_reads_it_sees_that_and_a_wrong_seal_is_refused() {
    let mut zaak = Zaak::leeg().await;
    let map = repository().join("certs-example");
    let lees = |wie: &str| {
        let (pem, key) = (std::fs::read(map.join(format!("{wie}.pem"))).unwrap(), std::fs::read(map.join(format!("{wie}.key"))).unwrap());
        (CertificateDer::from_pem_slice(&pem).unwrap(), PrivateKeyDer::from_pem_slice(&key).unwrap())
    };
    let zaad = [9; 32];
    let vraag = |bericht: jeugdketen_proto::v1::Bericht, wie: &str, zaad_bij: &[u8]| {
        let (certificaat, sleutel) = lees(wie);
        let zegel = verzegel(&wortel(&bericht.encode_to_vec(), &zaad).unwrap(), &sleutel, &certificaat);
        SubmitRequest { bericht: Some(bericht), zegel, zaad: zaad_bij.to_vec().into() }
    };
    let mut rechtbank = zaak.exchange("rechtbank").await;
    let receipt = rechtbank.submit(vraag(zaak.nieuw("02"), "rechtbank", &zaad)).await.unwrap().into_inner().receipt.unwrap();
    let zegel: Zegel = receipt.zegel.clone().expect("the seal of the sender");
    assert_eq!(verifieer_zegel(&zegel, &receipt.verbintenis, &oin("rechtbank")), Ok(()));
    for wie in ["gi", "gemeente"] {
        let bewijs = zaak.post(wie).await.remove(0).bewijs.unwrap();
        assert_eq!(bewijs.zegel.as_ref(), Some(&zegel), "{wie}");
    }
    // The seal of somebody else, over another message, or without the seed that it was made with.
    let ander = vraag(zaak.nieuw("02"), "gi", &zaad);
    let verwisseld = SubmitRequest { zegel: Some(zegel), ..vraag(zaak.nieuw("02"), "rechtbank", &zaad) };
    let zonder_zaad = vraag(zaak.nieuw("02"), "rechtbank", &[]);
    for fout in [ander, verwisseld, zonder_zaad] {
        let status = rechtbank.submit(fout).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(crate::support::draad::velden(&status), ["zegel"]);
    }
}
