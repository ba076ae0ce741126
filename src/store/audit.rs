//! The audit log: one record for every act, written in the transaction of the act. No record, no act. Holds no person and no content.

use jeugdketen_proto::Kind;

use super::StoreError;
use super::statement::Conn;
use crate::domain::ids::Oin;
use crate::domain::refusal::Refusal;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handeling {
    /// A message was accepted.
    Aanvaard,
    /// A message was refused.
    Geweigerd,
    /// Receipt was confirmed.
    Bevestigd,
    /// The register was changed.
    Register,
}

impl Handeling {
    fn code(self) -> &'static str {
        match self {
            Handeling::Aanvaard => "AANVAARD",
            Handeling::Geweigerd => "GEWEIGERD",
            Handeling::Bevestigd => "BEVESTIGD",
            Handeling::Register => "REGISTER",
        }
    }
}

/// One record.
#[derive(Clone, Debug)]
pub struct Aantekening {
    /// Its number, without gaps.
    pub nr: i64,
    /// The moment, in microseconds.
    pub op: i64,
    /// What was done.
    pub handeling: Handeling,
    /// Who did it.
    pub wie: Oin,
    /// Number of the field in `Bericht.inhoud`, 0 when there is none.
    pub soort: i32,
    /// The message, or the last mailbox number that was acknowledged.
    pub nummer: Option<i64>,
    /// The stable reason of a refusal, or what was changed in the register.
    pub reden: &'static str,
    /// SHA-256 over what was submitted.
    pub digest: Option<Vec<u8>>,
    /// Whether a gemeente tried to question a bepaling; counted apart.
    pub toetsingspoging: bool,
}

/// Appends records.
pub async fn schrijf(conn: &mut Conn<'_>, aantekeningen: &[Aantekening]) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- audit::schrijf
        insert into audit (nr, op, handeling, wie, soort, nummer, reden, digest)",
        "",
        aantekeningen,
        |a| [a.nr, a.op, a.handeling.code(), a.wie.to_string(), a.soort, a.nummer, a.reden, a.digest.as_deref()]
    );
    let pogingen: Vec<_> = aantekeningen.iter().filter(|a| a.toetsingspoging).collect();
    execute_rows!(
        conn,
        "-- toetsingspogingen::schrijf
        insert into toetsingspogingen (audit_nr, gemeente, op, soort)",
        "",
        &pogingen,
        |a| [a.nr, a.wie.to_string(), a.op, a.soort]
    );
    Ok(())
}

impl Aantekening {
    fn nieuw(handeling: Handeling, wie: Oin) -> Aantekening {
        Aantekening { nr: 0, op: 0, handeling, wie, soort: 0, nummer: None, reden: "", digest: None, toetsingspoging: false }
    }

    /// A message was accepted. Number and moment are given out when it is written.
    pub fn aanvaard(wie: Oin, kind: Kind, volgnummer: i64, digest: &[u8]) -> Aantekening {
        let nieuw = Aantekening::nieuw(Handeling::Aanvaard, wie);
        Aantekening { soort: kind as i32, nummer: Some(volgnummer), digest: Some(digest.to_vec()), ..nieuw }
    }

    /// A message was refused.
    pub fn geweigerd(wie: Oin, kind: Kind, refusal: &Refusal, digest: &[u8]) -> Aantekening {
        let toetsingspoging = matches!(refusal, Refusal::OngeoorloofdeToetsing(_));
        let nieuw = Aantekening::nieuw(Handeling::Geweigerd, wie);
        Aantekening { soort: kind as i32, reden: refusal.code(), digest: Some(digest.to_vec()), toetsingspoging, ..nieuw }
    }

    /// Receipt was confirmed up to a mailbox number.
    pub fn bevestigd(wie: Oin, nummer: i64) -> Aantekening {
        Aantekening { nummer: Some(nummer), ..Aantekening::nieuw(Handeling::Bevestigd, wie) }
    }

    /// The register was changed.
    pub fn register(wie: Oin, reden: &'static str) -> Aantekening {
        Aantekening { reden, ..Aantekening::nieuw(Handeling::Register, wie) }
    }
}
