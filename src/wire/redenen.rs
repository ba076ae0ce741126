//! Every "no" that a client can get, for who writes them down: made by the code that answers with them where it can be, and named here
//! where they come from the state of one hub. A test looks for reasons in the sources that are missing here.

use tonic::Code;

use super::status;
use super::uitleg::Uitleg;
use crate::domain::deelnemer::Onbevoegd;
use crate::domain::refusal::{Refusal, Toestand};

/// What comes from the state of a hub or a register: code, reason, sentence.
const VAN_DE_HUB: [(Code, &str, &str); 14] = [
    (Code::ResourceExhausted, "QUOTUM_OVERSCHREDEN", "this participant asks more than its quota; come back in a moment"),
    (Code::ResourceExhausted, "TE_VEEL_ABONNEMENTEN", "this participant has as many subscriptions as it may have"),
    (Code::ResourceExhausted, "WACHTRIJ_VOL", "too many requests wait; come back in a moment"),
    (Code::Unavailable, "DATABASE_NIET_BESCHIKBAAR", "the database is not available; repeat the call, that is safe"),
    (Code::Unavailable, "LOGBOEK_NIET_BEREIKBAAR", "the external logbook does not take records; repeat the call, that is safe"),
    (Code::Internal, "INTERNE_FOUT", "internal error; the sentence holds an id to quote to the operator of the hub"),
    (Code::FailedPrecondition, "EIGEN_STATUS", "an operator cannot change its own standing"),
    (Code::FailedPrecondition, "ANDERE_OPVOLGING", "the succession of a participant is set with Opvolgen"),
    (Code::FailedPrecondition, "ANDERE_ROL", "a participant keeps its role, and a successor has the same"),
    (Code::FailedPrecondition, "ANDERE_STATUS", "the standing of a participant is changed with SetStatus"),
    (Code::FailedPrecondition, "NAMENS_GEEN_GEMEENTE", "a lokaal team acts in the name of a gemeente in the register"),
    (Code::FailedPrecondition, "GEMEENTECODE_BEZET", "another gemeente has this gemeentecode"),
    (Code::FailedPrecondition, "AL_OPGEVOLGD", "the participant has a successor already, or would succeed itself"),
    (Code::FailedPrecondition, "NOG_NIET", "a succession is carried out on its day or after it"),
];

/// Every reason, those of messages first.
pub fn alle() -> Vec<Uitleg> {
    let van_een_bericht = [
        Refusal::Onleesbaar,
        Refusal::RolMagNiet,
        Refusal::OngeoorloofdeToetsing(Vec::new()),
        Refusal::NietGevonden,
        Refusal::Inhoud(Vec::new()),
        Refusal::AndereInhoud,
    ];
    let weigeringen = van_een_bericht.into_iter().chain(Toestand::ALLE.map(Refusal::Toestand));
    let statussen = weigeringen
        .map(|weigering| status::refusal(&weigering))
        .chain(Onbevoegd::ALLE.map(status::onbevoegd))
        .chain([status::rol_mag_niet(), status::stopt()]);
    let van_de_hub = VAN_DE_HUB.map(|(code, reden, zin)| {
        let opnieuw = matches!(code, Code::ResourceExhausted | Code::Unavailable);
        let na = opnieuw.then_some(status::OPNIEUW);
        Uitleg { code, reden: reden.to_owned(), zin: zin.to_owned(), velden: Vec::new(), na }
    });
    statussen.map(|status| Uitleg::van(&status)).chain(van_de_hub).collect()
}
