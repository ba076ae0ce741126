//! The trace of a message across organisations (W3C Trace Context): which trace, and which step of it. Steps are made elsewhere.

/// One step of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoor {
    /// The trace, the same at every organisation.
    pub trace: [u8; 16],
    /// This step.
    pub span: [u8; 8],
    /// The step before it: of the caller, or of the hub itself.
    pub ouder: Option<[u8; 8]>,
}

impl Spoor {
    /// The step after the one that a `traceparent` names; the beginning of a trace of its own when it names none.
    pub fn na(traceparent: &str, trace: [u8; 16], span: [u8; 8]) -> Spoor {
        match lees(traceparent) {
            Some((trace, ouder)) => Spoor { trace, span, ouder: Some(ouder) },
            None => Spoor { trace, span, ouder: None },
        }
    }

    /// As `traceparent`, for who goes on from here. The flag says that it is recorded: everything is.
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-01", hex::encode(self.trace), hex::encode(self.span))
    }
}

/// Trace and step of a `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`, lower case, ids not all zeros.
pub fn lees(traceparent: &str) -> Option<([u8; 16], [u8; 8])> {
    let mut delen = traceparent.split('-');
    let (versie, trace, span, vlaggen) = (delen.next()?, delen.next()?, delen.next()?, delen.next()?);
    let (trace, span) = (octetten::<16>(trace)?, octetten::<8>(span)?);
    let geldig = versie == "00" && octetten::<1>(vlaggen).is_some() && delen.next().is_none() && trace != [0; 16] && span != [0; 8];
    geldig.then_some((trace, span))
}

/// Lower case only: the standard knows no other.
fn octetten<const N: usize>(tekst: &str) -> Option<[u8; N]> {
    let klein = !tekst.bytes().any(|byte| byte.is_ascii_uppercase());
    let mut uit = [0; N];
    hex::decode_to_slice(tekst, &mut uit).ok().filter(|()| klein)?;
    Some(uit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_keeps_the_trace_of_its_caller_and_begins_one_when_there_is_none() {
        let van = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
        let na = Spoor::na(van, [1; 16], [2; 8]);
        assert_eq!(na.traceparent(), "00-4bf92f3577b34da6a3ce929d0e0e4736-0202020202020202-01");
        assert_eq!(na.ouder, Some([0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]));
        assert_eq!(Spoor::na("", [1; 16], [2; 8]), Spoor { trace: [1; 16], span: [2; 8], ouder: None });
    }

    #[test]
    fn only_a_valid_traceparent_is_read() {
        for geweigerd in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-01",
            "999990019",
            "",
        ] {
            assert_eq!(lees(geweigerd), None, "{geweigerd}");
        }
    }
}
