//! A refusal of the hub as the other side reads it: code, stable reason, sentence, every faulty field, when to come back, and what to do.
//! It decides nothing about repeating: whoever calls does.

use std::fmt;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// The reasons that are about taking part, whatever is asked.
const DEELNAME: [&str; 5] =
    ["DEELNEMER_ONBEKEND", "DEELNEMER_GESCHORST", "BEVOEGDHEID_BEEINDIGD", "BEVOEGDHEID_NOG_NIET_BEGONNEN", "MANDAAT_VERVALLEN"];

/// A status with its `google.rpc` details, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uitleg {
    /// The gRPC code.
    pub code: Code,
    /// The stable reason of `google.rpc.ErrorInfo`; empty when there is none, as with "not found".
    pub reden: String,
    /// The sentence of the hub.
    pub zin: String,
    /// Path and fault of every faulty field.
    pub velden: Vec<(String, String)>,
    /// After which time the call may be repeated, when the hub says so.
    pub na: Option<Duration>,
}

impl Uitleg {
    /// Reads a status.
    pub fn van(status: &Status) -> Uitleg {
        let velden = status.get_details_bad_request().map(|request| request.field_violations).unwrap_or_default();
        Uitleg {
            code: status.code(),
            reden: status.get_details_error_info().map(|info| info.reason).unwrap_or_default(),
            zin: status.message().to_owned(),
            velden: velden.into_iter().map(|veld| (veld.field, veld.description)).collect(),
            na: status.get_details_retry_info().and_then(|info| info.retry_delay),
        }
    }

    /// Code, reason and sentence on one line.
    pub fn kop(&self) -> String {
        let reden = if self.reden.is_empty() { String::new() } else { format!(" {}", self.reden) };
        format!("{:?}{reden}: {}", self.code, self.zin)
    }

    /// Whether it is about taking part: no other call would be answered either.
    pub fn over_deelname(&self) -> bool {
        DEELNAME.contains(&&*self.reden)
    }

    /// What to do, in one sentence.
    pub fn doe(&self) -> String {
        if let Some(na) = self.na {
            return format!("repeat the call after {:.0} s; that is safe", na.as_secs_f64().max(1.0).ceil());
        }
        let vast = match (&*self.reden, self.code) {
            ("DEELNEMER_ONBEKEND", _) => "ask the operator of the hub to put your OIN into the register",
            ("DEELNEMER_GESCHORST", _) => "ask the operator of the hub why, and when you take part again",
            ("BEVOEGDHEID_BEEINDIGD", _) => "ask the operator of the hub whether that is right, and who succeeds you",
            ("BEVOEGDHEID_NOG_NIET_BEGONNEN", _) => {
                "wait for the first day of your competence; ask the operator of the hub which day that is"
            }
            ("MANDAAT_VERVALLEN", _) => "ask the gemeente in whose name you act, or the operator of the hub",
            ("ONGEOORLOOFDE_TOETSING", _) => "process the bepaling as it is; questions about the care go to the GI, outside the hub",
            (_, Code::InvalidArgument) if !self.velden.is_empty() => {
                "put right every field that is named, and send it again; nothing of it was kept"
            }
            (_, Code::InvalidArgument) => "compare it with the contract: `ketenhub openbaar` writes it as a page",
            (_, Code::NotFound) => "check the number or id; what is not there and what is not yours get the same answer",
            (_, Code::AlreadyExists) => "give other content a `bericht_id` of its own; the same content may be repeated as it was",
            (_, Code::FailedPrecondition) => {
                "the message is well formed, but things do not stand as it needs; look at the case, and send what fits it"
            }
            (_, Code::PermissionDenied) => "act as a role that may do this: docs/privacy-matrix.md says which",
            (_, Code::Unauthenticated) => "`ketenhub doctor` checks certificate and register",
            (_, Code::ResourceExhausted) => "ask less at once; what is sent over one stream is slowed and not refused",
            (_, Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded | Code::Aborted) => {
                "repeat the call in a moment, that is safe; if it stays so, `ketenhub doctor` says where it ends"
            }
            (_, Code::Unimplemented) => "the hub is of another version, or is no hub: compare `ketenhub --version` with its operator",
            _ => "quote the sentence above to the operator of the hub, whose log has the cause",
        };
        vast.to_owned()
    }
}

impl fmt::Display for Uitleg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kop())?;
        self.velden.iter().try_for_each(|(veld, fout)| write!(f, "\n  {veld}: {fout}"))?;
        if self.na.is_some() { f.write_str("\n  repeat the call in a moment; that is safe") } else { Ok(()) }
    }
}

impl std::error::Error for Uitleg {}

#[cfg(test)]
mod tests {
    use tonic_types::{ErrorDetails, FieldViolation};

    use super::*;
    use crate::domain::deelnemer::Onbevoegd;
    use crate::wire::status;

    #[test]
    fn everything_that_a_status_holds_is_read_back() {
        let mut details = ErrorDetails::new();
        details.set_error_info("ONGELDIGE_INHOUD", "jeugdketen.hub.v1", std::collections::HashMap::new());
        details.set_bad_request(vec![FieldViolation::new("koers.datum", "must be a date")]);
        let gelezen = Uitleg::van(&Status::with_error_details(Code::InvalidArgument, "the message has faults", details));
        assert_eq!(gelezen.to_string(), "InvalidArgument ONGELDIGE_INHOUD: the message has faults\n  koers.datum: must be a date");
        assert!(gelezen.doe().starts_with("put right every field"));
        let stopt = Uitleg::van(&status::stopt());
        assert_eq!((stopt.na, &*stopt.doe()), (Some(Duration::from_secs(1)), "repeat the call after 1 s; that is safe"));
    }

    #[test]
    fn whoever_may_not_take_part_is_told_what_to_do_about_that() {
        use Onbevoegd as O;
        let alle = [O::Onbekend, O::Geschorst, O::Beeindigd, O::NogNietBegonnen, O::MandaatVervallen];
        let gedaan: std::collections::BTreeSet<_> = alle
            .map(|reden| {
                let uitleg = Uitleg::van(&status::onbevoegd(reden));
                assert!(uitleg.over_deelname(), "{reden:?}");
                uitleg.doe()
            })
            .into();
        assert_eq!(gedaan.len(), alle.len(), "each has a remedy of its own");
        assert!(!Uitleg::van(&status::rol_mag_niet()).over_deelname());
    }
}
