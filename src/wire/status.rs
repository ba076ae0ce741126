//! One table from every "no" to its gRPC status, with `google.rpc` details. Never a value from a message; the cause of an internal error is
//! in the log only, under the id that the caller can quote.

use std::time::Duration;

use jeugdketen_proto::v1::{Veldfout, Weigering};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use crate::admission::Gestaakt;
use crate::domain::deelnemer::Onbevoegd;
use crate::domain::refusal::{Fault, Refusal};
use crate::store::StoreError;

/// The domain of `google.rpc.ErrorInfo`.
const DOMAIN: &str = "jeugdketen.hub.v1";
/// Bytes of the faults in a status: it travels as a header, and clients take 8 KiB of headers by default.
const FOUTEN_BYTES: usize = 4096;
/// When to come back after "too much" or "not now".
pub(super) const OPNIEUW: Duration = Duration::from_secs(1);

fn code(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::Onleesbaar | Refusal::Inhoud(_) => Code::InvalidArgument,
        Refusal::RolMagNiet => Code::PermissionDenied,
        Refusal::OngeoorloofdeToetsing(faults) if faults.is_empty() => Code::PermissionDenied,
        Refusal::OngeoorloofdeToetsing(_) => Code::InvalidArgument,
        Refusal::NietGevonden => Code::NotFound,
        Refusal::AndereInhoud => Code::AlreadyExists,
        Refusal::Toestand(_) => Code::FailedPrecondition,
    }
}

/// A refused message.
pub fn refusal(refusal: &Refusal) -> Status {
    // Not there and not yours are one answer, without any detail.
    if *refusal == Refusal::NietGevonden {
        return niet_gevonden();
    }
    let mut details = info(refusal.code());
    if !refusal.faults().is_empty() {
        details.set_bad_request(passend(refusal.faults()));
    }
    Status::with_error_details(code(refusal), refusal.uitleg(), details)
}

/// As many faults as fit, and a last line when that is not all of them.
fn passend(faults: &[Fault]) -> Vec<FieldViolation> {
    let mut bytes = 0;
    let past = |fault: &&Fault| {
        bytes += fault.veld.len() + fault.reden.len() + 8;
        bytes <= FOUTEN_BYTES
    };
    let mut lijst: Vec<_> = faults.iter().take_while(past).map(|fault| FieldViolation::new(fault.veld.as_str(), fault.reden)).collect();
    if lijst.len() < faults.len() {
        lijst.push(FieldViolation::new("", "there are more faults than fit in this list"));
    }
    lijst
}

/// A refused message inside a stream.
pub fn weigering(bericht_id: String, refusal: &Refusal) -> Weigering {
    let veldfout = |fault: &Fault| Veldfout { veld: fault.veld.clone(), reden: fault.reden.to_owned() };
    Weigering {
        bericht_id,
        code: code(refusal) as i32,
        reden: refusal.code().to_owned(),
        uitleg: refusal.uitleg().to_owned(),
        veldfouten: refusal.faults().iter().map(veldfout).collect(),
    }
}

/// Whether tonic said this, of bytes that it could not read. An internal error of the hub has details.
pub fn van_tonic(fout: &Status) -> bool {
    fout.code() == Code::Internal && fout.details().is_empty()
}

/// The stable reason of a refusal; for one without, such as "not found", the name of its code.
pub fn reden(fout: &Status) -> String {
    fout.get_details_error_info().map_or_else(|| format!("{:?}", fout.code()), |info| info.reason)
}

/// What tonic calls INTERNAL, as if the hub failed: the bytes of the caller are no message.
pub fn onleesbaar(fout: Status) -> Status {
    if van_tonic(&fout) { refusal(&Refusal::Onleesbaar) } else { fout }
}

/// An answer that could not be given inside a stream.
pub fn gestaakt_weigering(bericht_id: String, gestaakt: &Gestaakt) -> Weigering {
    let status = self::gestaakt(gestaakt);
    let reden = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    Weigering { bericht_id, code: status.code() as i32, reden, uitleg: status.message().to_owned(), veldfouten: Vec::new() }
}

/// An answer that could not be given.
pub fn gestaakt(gestaakt: &Gestaakt) -> Status {
    match gestaakt {
        Gestaakt::Vol => opnieuw(Code::ResourceExhausted, "WACHTRIJ_VOL", "too many requests wait; come back in a moment"),
        Gestaakt::Stopt => stopt(),
        Gestaakt::OnbekendNummer => veld("tot_en_met", "was never given out in this mailbox"),
        Gestaakt::Store(error) => store(error),
    }
}

/// The database did not do it.
pub fn store(error: &StoreError) -> Status {
    if let StoreError::Unavailable(_) = error {
        tracing::warn!(error = %crate::telemetry::causes(error), "the database is not available");
        return opnieuw(Code::Unavailable, "DATABASE_NIET_BESCHIKBAAR", "the database is not available; repeat the call, that is safe");
    }
    if let StoreError::LogboekAchter = error {
        return opnieuw(
            Code::Unavailable,
            "LOGBOEK_NIET_BEREIKBAAR",
            "the external logbook does not take records; repeat the call, that is safe",
        );
    }
    intern(error)
}

/// Anything else: an id to quote, and the cause in the log only.
pub fn intern(error: &dyn std::error::Error) -> Status {
    let id = format!("{:016x}", rand_id());
    tracing::error!(id, error = %crate::telemetry::causes(error), "internal error");
    Status::with_error_details(Code::Internal, format!("internal error; quote {id} to the operator of the hub"), info("INTERNE_FOUT"))
}

fn rand_id() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness the id is 0, which still says that there was an error.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// The hub is stopping.
pub fn stopt() -> Status {
    opnieuw(Code::Unavailable, "HUB_STOPT", "the hub is stopping; connect again")
}

/// The certificate is fine, the competence is not.
pub fn onbevoegd(reden: Onbevoegd) -> Status {
    let code = if reden == Onbevoegd::Onbekend { Code::Unauthenticated } else { Code::PermissionDenied };
    Status::with_error_details(code, reden.uitleg(), info(reden.code()))
}

/// This role may not call this.
pub fn rol_mag_niet() -> Status {
    Status::with_error_details(Code::PermissionDenied, "this role may not call this", info("ROL_MAG_NIET_AANROEPEN"))
}

/// Not there, or not yours: the same answer.
pub fn niet_gevonden() -> Status {
    Status::not_found("not found")
}

/// One faulty field of a request.
pub fn veld(veld: &str, reden: &str) -> Status {
    velden(&[(veld.to_owned(), reden)])
}

/// Faulty fields of a request.
pub fn velden(faults: &[(String, &str)]) -> Status {
    let mut details = info("ONGELDIGE_INHOUD");
    details.set_bad_request(faults.iter().map(|(veld, reden)| FieldViolation::new(veld.as_str(), *reden)).collect::<Vec<_>>());
    Status::with_error_details(Code::InvalidArgument, "the request has faults; every one is listed", details)
}

/// The state of the register forbids it.
pub fn toestand(reden: &str, uitleg: &str) -> Status {
    Status::with_error_details(Code::FailedPrecondition, uitleg, info(reden))
}

/// Too much of something that is counted per participant.
pub fn te_veel(reden: &str, uitleg: &str) -> Status {
    opnieuw(Code::ResourceExhausted, reden, uitleg)
}

fn opnieuw(code: Code, reden: &str, uitleg: &str) -> Status {
    let mut details = info(reden);
    details.set_retry_info(Some(OPNIEUW));
    Status::with_error_details(code, uitleg, details)
}

fn info(reden: &str) -> ErrorDetails {
    let mut details = ErrorDetails::new();
    details.set_error_info(reden, DOMAIN, std::collections::HashMap::new());
    details
}
