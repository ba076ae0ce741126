//! The scenarios that the source documents imply, each by its number, as far as they can be told without norm clocks and without the wire.

use std::sync::Arc;

use jeugdketen_proto::v1::jeugdige::Identiteit;
use jeugdketen_proto::v1::{Jeugdige, Waarschuwing};
use ketenhub::domain::refusal::{Refusal, Toestand};
use ketenhub::store::{toezicht, zaken};

use crate::support::chain::{Chain, both, oin};
use crate::support::verhaal::{Verhaal, bericht, correctie_van, inhoud, nieuw_id};

/// Everything a participant sees, printed as the bytes that leave the hub would hold it.
async fn tekst(chain: &Chain, naam: &str) -> String {
    let gezien = chain.ziet(naam).await;
    gezien.iter().map(|bericht| String::from_utf8_lossy(&prost::Message::encode_to_vec(bericht)).into_owned()).collect()
}

both! {
    async fn t2_a_vonnis_reaches_a_gi_that_was_not_invited_to_the_hearing(chain: Chain) {
        let mut vonnis = bericht(&mut Verhaal::default(), "21");
        assert!(!inhoud!(vonnis, Uitspraak).gi_uitgenodigd);
        chain.aanvaard("rechtbank", &vonnis).await;
        let mut gezien = chain.ziet("gi-2").await;
        let m = inhoud!(gezien[0], Uitspraak);
        assert!(!m.gi_uitgenodigd && m.tekst.starts_with("Een voorwaardelijke taakstraf"));
        // What the report of notices is made of.
        let mut lezing = chain.hub.store.read().await.expect("a connection");
        let zaken = zaken::na(&mut lezing.conn(), None, 1).await.expect("cases");
        let mut dossiers = zaken::dossiers(&mut lezing.conn(), &chain.hub.kluis, &zaken).await.expect("dossiers");
        let m = inhoud!(Arc::make_mut(&mut dossiers[0].feiten[0].bericht), Uitspraak);
        assert!(!m.gi_uitgenodigd && m.uitgesproken_op.is_some() && m.vorm == 2 && m.tekst.is_empty());
    }

    async fn t3_an_uitspraak_to_a_gi_with_an_opnamestop_is_delivered_with_a_warning_and_a_signal(chain: Chain) {
        let mut stop = bericht(&mut Verhaal::default(), "31");
        inhoud!(stop, Capaciteit).tot_en_met.clear();
        chain.aanvaard("gi", &stop).await;
        let receipt = chain.speel(&mut Verhaal::default(), &["02"]).await;
        assert_eq!(receipt.waarschuwingen, [Waarschuwing::GiHeeftOpnamestop as i32]);
        assert_eq!(chain.ziet("gi").await.len(), 1);
        let signaal = tekst(&chain, "accounthoudende-regio").await;
        assert!(signaal.contains(oin("gi").as_str()) && !signaal.contains("999990019") && !signaal.contains(&receipt.maatregel_id));
    }

    async fn t10_two_intakes_that_do_not_fit_do_not_stand_in_the_way_of_a_start_in_time(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05"]).await;
        let mut zonder = bericht(&mut verhaal, "07");
        inhoud!(zonder, Intakeresultaat).samenwerkingscriterium = None;
        assert_eq!(chain.geweigerd("aanbieder-2", &zonder).await.faults()[0].veld, "intakeresultaat.samenwerkingscriterium");
        chain.speel(&mut verhaal, &["07", "07"]).await;
        let mut start = bericht(&mut verhaal, "10");
        let m = inhoud!(start, HulpGestart);
        (m.voorziening_nr, m.productcategorie, m.eerste_nacht) = (2, "41".to_owned(), String::new());
        let receipt = chain.aanvaard("aanbieder-2", &start).await;
        assert_eq!(receipt.ontvangers.len(), 2);
    }

    async fn t11_a_gemeente_cannot_answer_a_bepaling_with_its_budget_or_an_opinion_on_care(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05"]).await;
        for reden in [2, 7] {
            let mut poging = bericht(&mut verhaal, "28");
            inhoud!(poging, Woonplaatsmelding).reden = reden;
            assert!(matches!(chain.geweigerd("gemeente", &poging).await, Refusal::OngeoorloofdeToetsing(_)));
        }
        let mut lezing = chain.hub.store.read().await.expect("a connection");
        let telling = toezicht::toetsingspogingen(&mut lezing.conn(), 0, i64::MAX).await.expect("a tally");
        assert_eq!((telling[0].gemeente.as_str(), telling[0].aantal), (oin("gemeente").as_str(), 2));
        // The bepaling works on.
        chain.speel(&mut verhaal, &["10"]).await;
    }

    async fn t12_another_residence_moves_the_payers_view_and_leaves_the_aanbieder_alone(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05"]).await;
        let aanbieder = chain.ziet("aanbieder-3").await;
        chain.speel(&mut verhaal, &["28"]).await;
        assert_eq!(chain.ziet("aanbieder-3").await, aanbieder);
        assert!(chain.ziet("gemeente").await.is_empty());
        assert_eq!(chain.ziet("gemeente-2").await.len(), 2);
        chain.speel(&mut verhaal, &["10"]).await;
        assert_eq!(chain.ziet("gemeente-2").await.len(), 3);
    }

    async fn t13_a_gemeente_reads_what_it_pays_for_and_no_reason_why(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["01", "02", "03", "04", "05", "06", "07", "08", "10", "11", "12", "13"]).await;
        let soorten: Vec<_> = chain.ziet("gemeente").await.iter().map(|b| b.inhoud.as_ref().expect("content").kind() as i32).collect();
        assert_eq!(soorten, [11, 13, 16, 20]);
        let tekst = tekst(&chain, "gemeente").await;
        assert!(tekst.contains("999990019") && tekst.contains("54002") && tekst.contains("S. Voorbeeld"));
        let uitspraak = ["De ouders zijn", "Hulp waar vader", "De kinderrechter stelt", "C/09/999041"];
        for woord in uitspraak.into_iter().chain(["tegelijk een plek", "Trauma-", "woont in een gezin"]) {
            assert!(!tekst.contains(woord), "{woord}");
        }
        let mut koppeling = chain.ziet("gemeente").await.remove(1);
        assert!(inhoud!(koppeling, Koppeling).gekoppeld_op.is_empty());
    }

    async fn t14_a_gi_without_a_maatregel_determines_no_help(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["01"]).await;
        verhaal.zaak = nieuw_id();
        assert_eq!(chain.geweigerd("gi", &bericht(&mut verhaal, "05")).await, Refusal::NietGevonden);
        chain.speel(&mut verhaal, &["02"]).await;
        assert_eq!(chain.geweigerd("gi-2", &bericht(&mut verhaal, "05")).await, Refusal::NietGevonden);
        let mut vroeg = bericht(&mut verhaal, "05");
        inhoud!(vroeg, Jeugdhulpbepaling).voorzieningen[0].ingangsdatum = "2026-03-17".to_owned();
        chain.verboden("gi", &vroeg, Toestand::MaatregelNietVanKracht).await;
        assert!(chain.ziet("aanbieder").await.is_empty() && chain.ziet("gemeente").await.len() == 1);
    }

    async fn t15_whoever_reaches_into_the_case_of_another_is_refused_and_on_record(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "04", "05"]).await;
        for (naam, nummer) in [("gi-2", "04"), ("rechtbank-2", "25"), ("aanbieder-ingetrokken", "06")] {
            assert_eq!(chain.geweigerd(naam, &bericht(&mut verhaal, nummer)).await, Refusal::NietGevonden);
        }
        assert_eq!(chain.geweigerd("rechtbank", &bericht(&mut verhaal, "04")).await, Refusal::RolMagNiet);
        let op_schrift: Vec<(String, String)> = chain.rijen("select wie, reden from audit where handeling = 'GEWEIGERD' order by nr").await;
        let verwacht = [
            ("gi-2", "NIET_GEVONDEN"),
            ("rechtbank-2", "NIET_GEVONDEN"),
            ("aanbieder-ingetrokken", "NIET_GEVONDEN"),
            ("rechtbank", "ROL_MAG_NIET_VERZENDEN"),
        ];
        assert_eq!(op_schrift, verwacht.map(|(naam, reden)| (oin(naam).to_string(), reden.to_owned())));
        // Nobody has anything of it that is not its own: no other GI, no koers at the rechtbank, no voorziening of another aanbieder.
        assert!(chain.postvak("gi-2").await.is_empty() && chain.postvak("rechtbank").await.is_empty());
        for (naam, eigen) in [("aanbieder", 1), ("aanbieder-2", 2), ("aanbieder-3", 3)] {
            let mut gezien = chain.ziet(naam).await;
            let nummers: Vec<_> = inhoud!(gezien[0], Jeugdhulpbepaling).voorzieningen.iter().map(|v| v.nr).collect();
            assert_eq!(nummers, [eigen]);
        }
    }

    async fn t18_a_jeugdige_without_bsn_is_known_by_name_and_a_secret_address_reaches_the_gi_alone(chain: Chain) {
        let mut verhaal = Verhaal::default();
        let receipt = chain.speel(&mut verhaal, &["21"]).await;
        assert_eq!(receipt.ontvangers.len(), 2);
        let mut bepaling = bericht(&mut verhaal, "05");
        let m = inhoud!(bepaling, Jeugdhulpbepaling);
        m.maatregel = 41;
        for voorziening in &mut m.voorzieningen {
            voorziening.ingangsdatum = "2026-06-04".to_owned();
        }
        let mut uitspraak = chain.ziet("gi-2").await.remove(0);
        assert_eq!(uitspraak.maatregel_id, verhaal.zaak, "who receives the opening uitspraak knows the case");
        let jeugdige = inhoud!(uitspraak, Uitspraak).jeugdige.clone().expect("a jeugdige");
        assert!(jeugdige.geheim_adres.as_ref().is_some_and(|adres| adres.postcode == "2500ZZ"));
        let Some(Identiteit::Persoonsgegevens(set)) = &jeugdige.identiteit else { panic!("the example has no BSN") };
        assert!(set.achternaam == "Voorbeeld" && set.postcode.is_empty());
        // With the address the bepaling is refused: nobody who gets it may see it.
        m.jeugdige = Some(jeugdige);
        assert_eq!(chain.geweigerd("gi-2", &bepaling).await.faults()[0].veld, "jeugdhulpbepaling.jeugdige.geheim_adres");
        inhoud!(bepaling, Jeugdhulpbepaling).jeugdige.as_mut().expect("a jeugdige").geheim_adres = None;
        bepaling.bericht_id = nieuw_id();
        chain.aanvaard("gi-2", &bepaling).await;
        for naam in ["gemeente", "aanbieder", "aanbieder-3"] {
            let tekst = tekst(&chain, naam).await;
            assert!(tekst.contains("Voorbeeld") && !tekst.contains("2500ZZ") && !tekst.contains("locatiemanager"), "{naam}");
        }
        // A BSN that comes later comes as a correction.
        let mut correctie = correctie_van(&bepaling.bericht_id.clone(), bepaling);
        correctie.bericht_id = nieuw_id();
        let bsn = Some(Identiteit::Bsn("999990019".to_owned()));
        inhoud!(correctie, Jeugdhulpbepaling).jeugdige = Some(Jeugdige { identiteit: bsn, geheim_adres: None });
        chain.aanvaard("gi-2", &correctie).await;
        assert!(tekst(&chain, "aanbieder").await.contains("999990019"));
    }
}
