//! What was read ahead for a batch while another was written: it is never believed when the case moved on meanwhile. Who reads it first and
//! when is not tested here; that depends on the machine.

use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{Bericht, Intrekking, RedenIntrekking};
use ketenhub::admission::Inzending;
use ketenhub::domain::refusal::{Refusal, Toestand};
use prost::Message as _;

use crate::support::chain::both;
use crate::support::verhaal::{Verhaal, bericht, nieuw_id};

/// Groups of three messages that all depend on the one before: a bepaling, its withdrawal, and its withdrawal once more.
const GROEPEN: usize = 150;

pub(super) fn intrekking(verhaal: &Verhaal, van: &str) -> Bericht {
    let m = Intrekking { betreft_bericht_id: van.to_owned(), reden: RedenIntrekking::NieuwBesluit.into() };
    Bericht { bericht_id: nieuw_id(), maatregel_id: verhaal.zaak.clone(), inhoud: Some(Inhoud::Intrekking(m)), ..Bericht::default() }
}

both! {
    async fn messages_of_one_case_sent_without_waiting_are_judged_by_all_that_came_before_them(chain: Chain) {
        let mut verhaal = Verhaal::default();
        chain.speel(&mut verhaal, &["02", "03", "04"]).await;
        let mut berichten = Vec::new();
        for _ in 0..GROEPEN {
            let bepaling = bericht(&mut verhaal, "05");
            let weg = [intrekking(&verhaal, &bepaling.bericht_id), intrekking(&verhaal, &bepaling.bericht_id)];
            berichten.push(bepaling);
            berichten.extend(weg);
        }
        let gi = chain.peer("gi");
        let mut wachtend = Vec::new();
        for bericht in &berichten {
            wachtend.push(chain.hub.admission.zet(&gi, Inzending::from(bericht.encode_to_vec().as_slice())).await);
        }
        for (nr, wachtend) in wachtend.into_iter().enumerate() {
            let antwoord = wachtend.antwoord().await.expect("the hub answers");
            if nr % 3 == 2 {
                assert_eq!(antwoord, Err(Refusal::Toestand(Toestand::AlIngetrokken)), "message {nr}");
            } else {
                assert!(antwoord.is_ok(), "message {nr}: {antwoord:?}");
            }
        }
    }
}
