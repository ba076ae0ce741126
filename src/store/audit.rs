//! The audit log: one record for every act, written in the transaction of the act. No record, no act. Holds no person and no content.

use jeugdketen_proto::Kind;

use super::StoreError;
use super::statement::Conn;
use crate::domain::deelnemer::Deelnemer;
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
    /// The gemeente that tried to question a bepaling, by itself or by who acts in its name; counted apart.
    pub toetsingspoging: Option<Oin>,
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
    let pogingen: Vec<_> = aantekeningen.iter().filter_map(|a| Some((a, a.toetsingspoging?))).collect();
    execute_rows!(
        conn,
        "-- toetsingspogingen::schrijf
        insert into toetsingspogingen (audit_nr, gemeente, op, soort)",
        "",
        &pogingen,
        |poging| [poging.0.nr, poging.1.to_string(), poging.0.op, poging.0.soort]
    );
    Ok(())
}

impl Aantekening {
    fn nieuw(handeling: Handeling, wie: Oin) -> Aantekening {
        Aantekening { nr: 0, op: 0, handeling, wie, soort: 0, nummer: None, reden: "", digest: None, toetsingspoging: None }
    }

    /// A message was accepted. Number and moment are given out when it is written.
    pub fn aanvaard(wie: Oin, kind: Kind, volgnummer: i64, digest: &[u8]) -> Aantekening {
        let nieuw = Aantekening::nieuw(Handeling::Aanvaard, wie);
        Aantekening { soort: kind as i32, nummer: Some(volgnummer), digest: Some(digest.to_vec()), ..nieuw }
    }

    /// A message was refused. An attempt to question counts for the gemeente that answers for the sender.
    pub fn geweigerd(wie: &Deelnemer, kind: Kind, refusal: &Refusal, digest: &[u8]) -> Aantekening {
        let gemeente = wie.namens.unwrap_or(wie.oin);
        let toetsingspoging = matches!(refusal, Refusal::OngeoorloofdeToetsing(_)).then_some(gemeente);
        let nieuw = Aantekening::nieuw(Handeling::Geweigerd, wie.oin);
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
