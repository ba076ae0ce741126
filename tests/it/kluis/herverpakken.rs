//! The master key is changed under load, on both databases. Nothing fails, and the old one is not needed any more.

use std::path::PathBuf;

use ketenhub::hub::open_kluis;
use ketenhub::kluis::voeg_toe;
use ketenhub::store::sleutels;
use ketenhub::{config, receipt};
use prost::Message as _;

use crate::support::chain::{Chain, HUB, both};
use crate::support::verhaal::{Verhaal, bericht};

fn bestand(chain: &Chain) -> PathBuf {
    chain.map.path().join("hoofdsleutels")
}

async fn opent(chain: &Chain) -> Result<ketenhub::kluis::Kluis, ketenhub::hub::HubFout> {
    let config = config::Kluis { hoofdsleutels: bestand(chain), ..config::Kluis::default() };
    open_kluis(&config, &chain.hub.store, &chain.journaal, HUB.parse().expect("an OIN"), &chain.clock).await
}

both! {
    async fn a_new_master_key_is_taken_up_under_load_and_the_old_one_is_not_needed_any_more(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "03", "04", "05"]).await;
        let voor = chain.postvak("gi").await.len();
        let eerste = bericht(&mut Verhaal::default(), "02");
        let receipt = chain.aanvaard("rechtbank", &eerste).await;
        for _ in 0..300 {
            chain.aanvaard("rechtbank", &bericht(&mut Verhaal::default(), "02")).await;
        }
        let oud = chain.hub.kluis.huidige_hoofdsleutel();
        voeg_toe(&bestand(&chain)).expect("the file is written");

        let last = async {
            for _ in 0..60 {
                chain.aanvaard("rechtbank", &bericht(&mut Verhaal::default(), "02")).await;
                chain.postvak("gi").await;
            }
        };
        let wissel = async {
            chain.hub.kluis.herlaad(false).expect("the keys are read");
            chain.hub.onderhoud.herverpak();
            chain.hub.admission.onderhoud().await.expect("the keys are wrapped anew");
        };
        tokio::join!(last, wissel);
        let nieuw = chain.hub.kluis.huidige_hoofdsleutel();
        assert_ne!(oud, nieuw);
        let aantallen = sleutels::per_hoofdsleutel(&mut chain.hub.store.read().await.expect("a connection").conn()).await.expect("counts");
        assert_eq!(aantallen.len(), 1, "{aantallen:?}");
        assert_eq!(aantallen[0].0, nieuw);
        assert!(!chain.rijen::<(i64,)>("select nr from audit where handeling = 'SLEUTEL' and reden = 'HERVERPAKT'").await.is_empty());

        // The old one is thrown away; a hub that starts now has the new one only.
        let regels = std::fs::read_to_string(bestand(&chain)).expect("the file");
        std::fs::write(bestand(&chain), regels.lines().next().expect("a key")).expect("the file is written");
        let later = chain.tweede_hub().await;
        let (post, _) = later.delivery.blad(&chain.peer("gi"), Some(0), 1000, usize::MAX).await.expect("the mailbox opens");
        assert!(post.len() > voor && post.iter().all(|levering| levering.view.is_ok()));
        let weer = later.admission.dien_in(&chain.peer("rechtbank"), eerste.encode_to_vec().as_slice()).await.expect("an answer");
        assert_eq!(weer.expect("the receipt of then"), receipt.encode_to_vec());
        assert_eq!(receipt::verifieer(&receipt, chain.sleutel.load().publiek()), Ok(()));
    }

    async fn a_hub_without_the_master_key_of_its_database_does_not_start_and_makes_no_other(chain: Chain) {
        chain.speel(&mut Verhaal::default(), &["02"]).await;
        std::fs::rename(bestand(&chain), chain.map.path().join("weg")).expect("the file is moved");
        let fout = opent(&chain).await.expect_err("there is no file");
        assert!(format!("{:#}", anyhow::Error::from(fout)).contains("hoofdsleutels"));
        assert!(!bestand(&chain).exists());
        voeg_toe(&bestand(&chain)).expect("another key");
        let fout = format!("{:#}", anyhow::Error::from(opent(&chain).await.expect_err("another key opens nothing")));
        assert!(fout.contains(&format!("the master key {} is needed", chain.hub.kluis.huidige_hoofdsleutel())), "{fout}");
        std::fs::write(bestand(&chain), "geen sleutel\n").expect("the file is written");
        assert!(format!("{:#}", anyhow::Error::from(opent(&chain).await.expect_err("no key"))).contains("holds no master keys"));
    }
}
