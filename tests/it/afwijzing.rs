//! What an aanbieder refuses is on record with what would make it possible, and so is a GI that finds that help should start all the same.

use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{self, ContraIndicatie, SoortSamenwerking, levering};
use ketenhub::domain::refusal::Refusal;

use crate::support::chain::{both, oin};
use crate::support::verhaal::{Verhaal, bericht, inhoud};
use crate::support::zaak::Zaak;

fn escalaties(gezien: impl IntoIterator<Item = v1::Bericht>) -> Vec<v1::Escalatie> {
    let escalatie = |bericht: v1::Bericht| match bericht.inhoud {
        Some(Inhoud::Escalatie(m)) => Some(m),
        _ => None,
    };
    gezien.into_iter().filter_map(escalatie).collect()
}

async fn in_postvak(zaak: &Zaak, wie: &str) -> Vec<v1::Escalatie> {
    escalaties(zaak.post(wie).await.into_iter().filter_map(|levering| match levering.inhoud {
        Some(levering::Inhoud::Bericht(bericht)) => Some(bericht),
        _ => None,
    }))
}

async fn op_tijdlijn(zaak: &Zaak, wie: &str) -> Vec<v1::Escalatie> {
    escalaties(zaak.traject(wie).await.unwrap().gebeurtenissen.into_iter().filter_map(|gebeurtenis| gebeurtenis.bericht))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gi_that_finds_a_start_advisable_in_an_unstable_situation_is_on_record_for_expertteam_and_inspectie_alone() {
    for mut zaak in Zaak::op_beide().await {
        zaak.speel(&["02", "05"]).await;
        let mut afwijzing = zaak.bericht("07");
        inhoud!(afwijzing, Intakeresultaat).contra_indicatie = ContraIndicatie::InstabieleSituatie.into();
        zaak.dien("aanbieder-2", &afwijzing).await.unwrap();
        let mut escalatie = zaak.bericht("12");
        inhoud!(escalatie, Escalatie).gi_acht_start_raadzaam = true;
        zaak.dien("gi", &escalatie).await.unwrap();
        for gezien in [in_postvak(&zaak, "expertteam").await, op_tijdlijn(&zaak, "expertteam").await, op_tijdlijn(&zaak, "inspectie").await]
        {
            assert_eq!(gezien.iter().map(|m| m.gi_acht_start_raadzaam).collect::<Vec<_>>(), [true]);
        }
        let regio = in_postvak(&zaak, "accounthoudende-regio").await;
        assert_eq!(regio.iter().map(|m| (m.regio.as_str(), m.gi_acht_start_raadzaam)).collect::<Vec<_>>(), [("Zuid-West", false)]);
        for gezien in [in_postvak(&zaak, "gemeente").await, op_tijdlijn(&zaak, "gemeente").await, in_postvak(&zaak, "aanbieder-2").await] {
            assert_eq!(gezien, [], "they hear of no escalatie at all");
        }
    }
}

both! {
    async fn a_hoofdaannemer_that_refuses_the_subcontractor_that_was_asked_for_is_on_record_at_the_gi_at_once(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "05"]).await;
        // Voorziening 3 names a subcontractor, voorziening 2 does not.
        for (nr, naam, mag) in [(2, "aanbieder-2", false), (3, "aanbieder-3", true)] {
            let mut afwijzing = bericht(&mut verhaal, "07");
            let m = inhoud!(afwijzing, Intakeresultaat);
            m.voorziening_nr = nr;
            m.contra_indicatie = ContraIndicatie::OnderaannemerGeweigerd.into();
            m.samenwerkingscriterium.as_mut().expect("a criterium").soort = SoortSamenwerking::AndereOnderaannemer.into();
            if !mag {
                let Refusal::Inhoud(faults) = chain.geweigerd(naam, &afwijzing).await else { panic!("{naam}") };
                assert_eq!(faults.iter().map(|fault| fault.veld.as_str()).collect::<Vec<_>>(), ["intakeresultaat.contra_indicatie"]);
                continue;
            }
            let receipt = chain.aanvaard(naam, &afwijzing).await;
            assert_eq!(receipt.ontvangers.iter().map(|o| o.oin.as_str()).collect::<Vec<_>>(), [oin("gi").as_str()]);
            let Some(Inhoud::Intakeresultaat(m)) = chain.ziet("gi").await.pop().and_then(|bericht| bericht.inhoud) else { panic!("{naam}") };
            let criterium = m.samenwerkingscriterium.as_ref().map(v1::Samenwerkingscriterium::soort);
            assert_eq!((m.contra_indicatie(), criterium), (ContraIndicatie::OnderaannemerGeweigerd, Some(SoortSamenwerking::AndereOnderaannemer)));
        }
    }
}
