//! The hub remembers of a person a keyed pseudonym and nothing else. By it a message that names another child is noticed.

use jeugdketen_proto::v1::jeugdige::Identiteit;
use jeugdketen_proto::v1::{Jeugdige, Persoonsgegevens};
use ketenhub::domain::refusal::Toestand;
use ketenhub::kluis::{PSEUDONIEM, Persoon};
use ketenhub::store::sleutels;

use crate::support::chain::{Chain, both};
use crate::support::verhaal::{Verhaal, bericht, correctie_van, inhoud};

const KIND: &str = "999990019";
const ANDER: &str = "999993653";

fn met_bsn(bsn: &str) -> Option<Jeugdige> {
    Some(Jeugdige { identiteit: Some(Identiteit::Bsn(bsn.to_owned())), geheim_adres: None })
}

async fn zaken_van(chain: &Chain, bsn: &str) -> Vec<String> {
    let mut lezing = chain.hub.store.read().await.expect("a connection");
    let mut zaken = Vec::new();
    for pseudoniem in chain.hub.kluis.pseudoniemen(&Persoon::Bsn(bsn)) {
        zaken.extend(sleutels::van_persoon(&mut lezing.conn(), &pseudoniem).await.expect("cases"));
    }
    zaken.iter().map(ToString::to_string).collect()
}

both! {
    async fn a_message_that_names_another_child_than_its_case_is_refused(chain: Chain) {
        let mut verhaal = Verhaal::default();
        let uitspraak = bericht(&mut verhaal, "02");
        verhaal.zaak = chain.aanvaard("rechtbank", &uitspraak).await.maatregel_id;
        let mut bepaling = bericht(&mut verhaal, "05");
        inhoud!(bepaling, Jeugdhulpbepaling).jeugdige = met_bsn(ANDER);
        chain.verboden("gi", &bepaling, Toestand::AndereJeugdige).await;
        // Identified otherwise it cannot be told, and is left to the people.
        let gegevens = Persoonsgegevens {
            achternaam: "Voorbeeld".to_owned(),
            voornamen: "Kim".to_owned(),
            geboortedatum: "2014-03-01".to_owned(),
            postcode: "2511AB".to_owned(),
            huisnummer: "1".to_owned(),
        };
        inhoud!(bepaling, Jeugdhulpbepaling).jeugdige =
            Some(Jeugdige { identiteit: Some(Identiteit::Persoonsgegevens(gegevens)), geheim_adres: None });
        chain.aanvaard("gi", &bepaling).await;
        // The rechtbank may have named the wrong child, and says so.
        let mut hersteld = bericht(&mut verhaal, "02");
        hersteld.maatregel_id.clone_from(&verhaal.zaak);
        inhoud!(hersteld, Uitspraak).jeugdige = met_bsn(ANDER);
        chain.aanvaard("rechtbank", &correctie_van(&uitspraak.bericht_id, hersteld)).await;
        let mut bepaling = bericht(&mut verhaal, "05");
        inhoud!(bepaling, Jeugdhulpbepaling).jeugdige = met_bsn(ANDER);
        chain.aanvaard("gi", &bepaling).await;
        chain.verboden("gi", &bericht(&mut verhaal, "05"), Toestand::AndereJeugdige).await;
    }

    async fn a_person_is_found_under_every_key_its_cases_were_noted_with_and_by_nothing_else(chain: Chain) {
        let een = chain.aanvaard("rechtbank", &bericht(&mut Verhaal::default(), "02")).await.maatregel_id;
        assert_eq!(zaken_van(&chain, KIND).await, std::slice::from_ref(&een));
        assert!(zaken_van(&chain, ANDER).await.is_empty());
        // A year later pseudonyms get another key.
        chain.dagen_later(366);
        chain.hub.admission.onderhoud().await.expect("a new epoch");
        let hub = sleutels::hub(&mut chain.hub.store.read().await.expect("a connection").conn()).await.expect("keys");
        assert_eq!(hub.iter().filter(|sleutel| sleutel.soort == PSEUDONIEM).map(|sleutel| sleutel.epoche).collect::<Vec<_>>(), [1, 2]);
        chain.hub.kluis.ververs(&hub).expect("the keys open");
        let twee = chain.aanvaard("rechtbank", &bericht(&mut Verhaal::default(), "02")).await.maatregel_id;
        assert_eq!(zaken_van(&chain, KIND).await, [een.clone(), twee]);
        let noot = "select pseudoniem from zaaksleutels where pseudoniem is not null";
        let pseudoniemen = chain.rijen::<(Vec<u8>,)>(noot).await;
        assert_ne!(pseudoniemen[0], pseudoniemen[1], "one child under two keys is two pseudonyms");
        // The child of a case of before is still told from another.
        let mut verhaal = Verhaal { zaak: een, ..Verhaal::default() };
        let mut bepaling = bericht(&mut verhaal, "05");
        inhoud!(bepaling, Jeugdhulpbepaling).jeugdige = met_bsn(ANDER);
        chain.verboden("gi", &bepaling, Toestand::AndereJeugdige).await;
    }
}
