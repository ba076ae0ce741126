//! Input that is wrong or contradicts itself: refused with a reason, or not judged with a reason; never guessed.

use jeugdketen_proto::v1::SoortKoppeling;
use ketenhub::domain::refusal::{Refusal, Toestand};

use super::kind::{Kind, onbekend_id};
use crate::support::chain::{both, oin};
use crate::support::verhaal::{bericht, correctie_van, inhoud, nieuw_id};

both! {
    async fn what_cannot_be_is_refused_with_its_reason(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        let ander = Kind::met(&chain, "gi-2", |_| {}).await;
        chain.ga_naar("2020-11-10 10:00");

        // A link for a child of another GI, and one in the place of a link that is not there.
        let mut koppeling = bericht(&mut kind.verhaal, "03");
        inhoud!(koppeling, Koppeling).gekoppeld_op = "2020-11-04".to_owned();
        inhoud!(koppeling, Koppeling).actief_contact_sinds.clear();
        let mut vreemd = koppeling.clone();
        vreemd.maatregel_id.clone_from(&ander.verhaal.zaak);
        assert_eq!(chain.geweigerd("gi", &vreemd).await, Refusal::NietGevonden);
        let mut vervangt_niets = koppeling.clone();
        let m = inhoud!(vervangt_niets, Koppeling);
        (m.vervangt_koppeling_id, m.reden_wisseling) = (onbekend_id(), 1);
        assert_eq!(chain.geweigerd("gi", &vervangt_niets).await, Refusal::NietGevonden);

        // Dates in the future.
        let mut morgen = koppeling.clone();
        inhoud!(morgen, Koppeling).gekoppeld_op = "2020-11-11".to_owned();
        assert_eq!(chain.geweigerd("gi", &morgen).await.faults()[0].veld, "koppeling.gekoppeld_op");
        let mut koers = bericht(&mut kind.verhaal, "04");
        inhoud!(koers, Koers).bepaald_op = "2020-11-11".to_owned();
        assert_eq!(chain.geweigerd("gi", &koers).await.faults()[0].veld, "koers.bepaald_op");
        let mut uitspraak = bericht(&mut kind.verhaal, "02");
        inhoud!(uitspraak, Uitspraak).uitgesproken_op = Some(ketenhub::time::timestamp(chain.clock.micros() + 3_600_000_000));
        assert_eq!(chain.geweigerd("rechtbank", &uitspraak).await.faults()[0].veld, "uitspraak.uitgesproken_op");

        // A correction of a correction: the original is corrected again, by its own id.
        let origineel = kind.koppeling(SoortKoppeling::Vast, "2020-11-04").await;
        let mut correctie = correctie_van(&origineel, koppeling.clone());
        correctie.bericht_id = nieuw_id();
        inhoud!(correctie, Koppeling).gekoppeld_op = "2020-11-05".to_owned();
        chain.aanvaard("gi", &correctie).await;
        let mut daarvan = correctie_van(&correctie.bericht_id, correctie.clone());
        daarvan.bericht_id = nieuw_id();
        chain.verboden("gi", &daarvan, Toestand::CorrectieAndereSoort).await;

        // An earlier deadline that is later than the norm moves nothing.
        let mut later = bericht(&mut kind.verhaal, "04");
        let m = inhoud!(later, Koers);
        (m.bepaald_op, m.eerdere_termijn_hulp, m.reden_eerdere_termijn) = ("2020-11-10".to_owned(), "2021-02-03".to_owned(), 1);
        assert_eq!(chain.geweigerd("gi", &later).await.faults()[0].veld, "koers.eerdere_termijn_hulp");

        // A maatregel that ended.
        let mut einde = bericht(&mut kind.verhaal, "25");
        let m = inhoud!(einde, Uitspraak);
        m.uitgesproken_op = Some(ketenhub::time::timestamp(chain.clock.micros()));
        (m.ingangsdatum, m.gi_oin) = ("2020-11-10".to_owned(), oin("gi").to_string());
        kind.zend("rechtbank", &einde).await;
        let mut na_einde = koppeling.clone();
        inhoud!(na_einde, Koppeling).gekoppeld_op = "2020-11-10".to_owned();
        chain.verboden("gi", &na_einde, Toestand::MaatregelBeeindigd).await;
        let mut bepaling = bericht(&mut kind.verhaal, "05");
        for voorziening in &mut inhoud!(bepaling, Jeugdhulpbepaling).voorzieningen {
            voorziening.ingangsdatum = "2020-11-11".to_owned();
        }
        inhoud!(bepaling, Jeugdhulpbepaling).bepaald_op = "2020-11-10".to_owned();
        inhoud!(bepaling, Jeugdhulpbepaling).overleg = None;
        assert!(chain.dien_in("gi", &bepaling).await.is_err());
    }

    async fn norm_1_cannot_be_explained_and_no_message_pauses_or_moves_a_clock(chain: Chain) {
        chain.ga_naar("2020-11-02 10:00");
        let mut kind = Kind::met_uitspraak(&chain).await;
        kind.ontvangen().await;
        let mut toelichting = bericht(&mut kind.verhaal, "13");
        inhoud!(toelichting, Toelichting).norm = 1;
        assert_eq!(chain.geweigerd("gi", &toelichting).await.faults()[0].veld, "toelichting.norm");
        // Whatever is sent, start and term of every clock stay, but for an earlier deadline.
        let termijnen = async |kind: &Kind<'_>| -> Vec<_> { kind.stand().await.klokken.iter().map(|klok| klok.looptijd).collect() };
        let voor = termijnen(&kind).await;
        chain.ga_naar("2020-11-20 10:00");
        kind.bepaling("2020-11-20").await;
        kind.intake_wachtlijst("2020-11-20", "2021-01-04").await;
        kind.koppeling(SoortKoppeling::Wachtlijstbeheer, "2020-11-20").await;
        kind.koers("2020-11-20").await;
        kind.ontvangen().await;
        assert_eq!(termijnen(&kind).await, voor);
    }
}
