//! The audit log: one record for every act, written in the transaction of the act. No record, no act. Holds no person and no content. How
//! records are sealed is not decided here: `crate::audit` does that, and nobody else writes them.

use jeugdketen_proto::Kind;
use jeugdketen_proto::v1::{Handeling, Rol};
use sqlx::FromRow;
use uuid::Uuid;

use super::StoreError;
use super::statement::Conn;
use crate::domain::deelnemer::Deelnemer;
use crate::domain::ids::{MaatregelId, Oin};
use crate::domain::refusal::Refusal;
use crate::domain::spoor::Spoor;

/// What a record says, before it has a number.
#[derive(Clone, Debug)]
pub struct Aantekening {
    /// When the act began, in microseconds; none when it took no time.
    pub begonnen_op: Option<i64>,
    /// What was done.
    pub handeling: Handeling,
    /// Who did it; the hub for what it does by itself.
    pub wie: Oin,
    /// The role in which.
    pub rol: Rol,
    /// Number of the field in `Bericht.inhoud`, 0 when there is none.
    pub soort: i32,
    /// The message, or the last mailbox number that was acknowledged.
    pub nummer: Option<i64>,
    /// The stable reason of a refusal, or what was changed.
    pub reden: &'static str,
    /// Root over salted commitments, or a keyed digest, of what the act is about. Never a plain digest of content.
    pub verbintenis: Option<[u8; 32]>,
    /// The case.
    pub zaak: Option<MaatregelId>,
    /// Keyed pseudonym of the data subject.
    pub betrokkene: Option<[u8; 32]>,
    /// Trace context.
    pub spoor: Option<Spoor>,
    /// The gemeente that tried to question a bepaling, by itself or by who acts in its name; counted apart, and no part of the record.
    pub toetsingspoging: Option<Oin>,
}

impl Aantekening {
    /// Of an act of a participant in a role.
    pub fn nieuw(handeling: Handeling, wie: Oin, rol: Rol) -> Aantekening {
        Aantekening {
            begonnen_op: None,
            handeling,
            wie,
            rol,
            soort: 0,
            nummer: None,
            reden: "",
            verbintenis: None,
            zaak: None,
            betrokkene: None,
            spoor: None,
            toetsingspoging: None,
        }
    }

    /// A message was accepted.
    pub fn aanvaard(wie: (Oin, Rol), kind: Kind, volgnummer: i64) -> Aantekening {
        let nieuw = Aantekening::nieuw(Handeling::Aanvaard, wie.0, wie.1);
        Aantekening { soort: kind as i32, nummer: Some(volgnummer), ..nieuw }
    }

    /// A message was refused. An attempt to question counts for the gemeente that answers for the sender.
    pub fn geweigerd(wie: &Deelnemer, kind: Kind, refusal: &Refusal) -> Aantekening {
        let gemeente = wie.namens.unwrap_or(wie.oin);
        let toetsingspoging = matches!(refusal, Refusal::OngeoorloofdeToetsing(_)).then_some(gemeente);
        let nieuw = Aantekening::nieuw(Handeling::Geweigerd, wie.oin, wie.rol);
        Aantekening { soort: kind as i32, reden: refusal.code(), toetsingspoging, ..nieuw }
    }

    /// Something was refused of which not even the kind could be read.
    pub fn onleesbaar(wie: &Deelnemer, refusal: &Refusal) -> Aantekening {
        Aantekening { reden: refusal.code(), ..Aantekening::nieuw(Handeling::Geweigerd, wie.oin, wie.rol) }
    }

    /// Receipt was confirmed up to a mailbox number.
    pub fn bevestigd(wie: (Oin, Rol), nummer: i64) -> Aantekening {
        Aantekening { nummer: Some(nummer), ..Aantekening::nieuw(Handeling::Bevestigd, wie.0, wie.1) }
    }

    /// The register was changed.
    pub fn register(wie: (Oin, Rol), reden: &'static str) -> Aantekening {
        Aantekening { reden, ..Aantekening::nieuw(Handeling::Register, wie.0, wie.1) }
    }

    /// A view of a message was handed to `wie`.
    pub fn geleverd(wie: (Oin, Rol), soort: i32, volgnummer: i64) -> Aantekening {
        let nieuw = Aantekening::nieuw(Handeling::Geleverd, wie.0, wie.1);
        Aantekening { soort, nummer: Some(volgnummer), ..nieuw }
    }

    /// A case or figures were consulted; `reden` says by which call.
    pub fn geraadpleegd(wie: (Oin, Rol), reden: &'static str) -> Aantekening {
        Aantekening { reden, ..Aantekening::nieuw(Handeling::Geraadpleegd, wie.0, wie.1) }
    }

    /// The hub destroyed the body of a message.
    pub fn vernietigd(hub: Oin, soort: i32, volgnummer: i64) -> Aantekening {
        let nieuw = Aantekening::nieuw(Handeling::Vernietigd, hub, Rol::Hub);
        Aantekening { soort, nummer: Some(volgnummer), reden: "INHOUD", ..nieuw }
    }

    /// The hub destroyed the facts and keys of a case.
    pub fn feiten_vernietigd(hub: Oin, zaak: MaatregelId) -> Aantekening {
        Aantekening { reden: "FEITEN", zaak: Some(zaak), ..Aantekening::nieuw(Handeling::Vernietigd, hub, Rol::Hub) }
    }

    /// A key was made, used outside the ordinary way, re-wrapped, rotated or destroyed; `reden` says which.
    pub fn sleutel(wie: (Oin, Rol), reden: &'static str) -> Aantekening {
        Aantekening { reden, ..Aantekening::nieuw(Handeling::Sleutel, wie.0, wie.1) }
    }

    /// A call that was not the caller's to make; `reden` says which.
    pub fn poging(wie: (Oin, Rol), reden: &'static str) -> Aantekening {
        Aantekening { reden, ..Aantekening::nieuw(Handeling::Poging, wie.0, wie.1) }
    }

    /// The same, in a case.
    pub fn in_zaak(self, zaak: Option<MaatregelId>) -> Aantekening {
        Aantekening { zaak, ..self }
    }

    /// The same, about a data subject.
    pub fn over(self, betrokkene: Option<[u8; 32]>) -> Aantekening {
        Aantekening { betrokkene, ..self }
    }

    /// The same, with a commitment or keyed digest.
    pub fn met(self, verbintenis: [u8; 32]) -> Aantekening {
        Aantekening { verbintenis: Some(verbintenis), ..self }
    }

    /// The same, with its trace context.
    pub fn langs(self, spoor: Option<Spoor>) -> Aantekening {
        Aantekening { spoor, ..self }
    }

    /// The same, of an act that began earlier.
    pub fn sinds(self, begonnen_op: i64) -> Aantekening {
        Aantekening { begonnen_op: Some(begonnen_op), ..self }
    }
}

/// One record as it is stored, so that it may be what somebody made of it: nothing of it is trusted before its leaf hash was compared.
#[derive(Clone, Debug, FromRow)]
pub struct Rij {
    /// Its number, without gaps.
    pub nr: i64,
    /// The moment, in microseconds.
    pub op: i64,
    /// When the act began, in microseconds.
    pub begonnen_op: i64,
    /// What was done.
    pub handeling: String,
    /// OIN of who acted.
    pub wie: String,
    /// The role in which.
    pub rol: i32,
    /// Number of the field in `Bericht.inhoud`, or 0.
    pub soort: i32,
    /// The message, or a mailbox number.
    pub nummer: Option<i64>,
    /// The stable reason.
    pub reden: String,
    /// Commitment or keyed digest.
    pub verbintenis: Option<Vec<u8>>,
    /// The case.
    pub zaak: Option<Uuid>,
    /// Pseudonym of the data subject.
    pub betrokkene: Option<Vec<u8>>,
    /// Trace id.
    pub trace: Option<Vec<u8>>,
    /// Span id.
    pub span: Option<Vec<u8>>,
    /// Span id of the parent.
    pub ouder: Option<Vec<u8>>,
    /// The leaf hash.
    pub blad: Vec<u8>,
}

/// A record with its number, moment and leaf hash.
#[derive(Clone, Debug)]
pub struct Verzegeld {
    /// Its number.
    pub nr: i64,
    /// The moment, in microseconds.
    pub op: i64,
    /// What it says.
    pub aantekening: Aantekening,
    /// Its leaf hash.
    pub blad: [u8; 32],
}

/// The name of an act as it is stored: that of the contract without its prefix.
pub fn code(handeling: Handeling) -> &'static str {
    handeling.as_str_name().trim_start_matches("HANDELING_")
}

/// Appends records.
pub async fn schrijf(conn: &mut Conn<'_>, records: &[Verzegeld]) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- audit::schrijf
        insert into audit (nr, op, begonnen_op, handeling, wie, rol, soort, nummer, reden, verbintenis, zaak, betrokkene, trace, span,
            ouder, blad)",
        "",
        records,
        |r| [
            r.nr,
            r.op,
            r.aantekening.begonnen_op.unwrap_or(r.op),
            code(r.aantekening.handeling),
            r.aantekening.wie.as_str(),
            r.aantekening.rol as i32,
            r.aantekening.soort,
            r.aantekening.nummer,
            r.aantekening.reden,
            r.aantekening.verbintenis.as_ref().map(|v| v.as_slice()),
            r.aantekening.zaak.map(|zaak| zaak.0),
            r.aantekening.betrokkene.as_ref().map(|b| b.as_slice()),
            r.aantekening.spoor.as_ref().map(|spoor| spoor.trace.as_slice()),
            r.aantekening.spoor.as_ref().map(|spoor| spoor.span.as_slice()),
            r.aantekening.spoor.as_ref().and_then(|spoor| spoor.ouder.as_ref()).map(|ouder| ouder.as_slice()),
            r.blad.as_slice(),
        ]
    );
    let pogingen: Vec<_> = records.iter().filter_map(|r| Some((r, r.aantekening.toetsingspoging?))).collect();
    execute_rows!(
        conn,
        "-- toetsingspogingen::schrijf
        insert into toetsingspogingen (audit_nr, gemeente, op, soort)",
        "",
        &pogingen,
        |poging| [poging.0.nr, poging.1.to_string(), poging.0.op, poging.0.aantekening.soort]
    );
    Ok(())
}

/// Keeps hashes of full subtrees: level, number and hash.
pub async fn schrijf_knopen(conn: &mut Conn<'_>, knopen: &[(i32, i64, [u8; 32])]) -> Result<(), StoreError> {
    execute_rows!(
        conn,
        "-- boomknopen::schrijf
        insert into boomknopen (niveau, nr, hash)",
        "",
        knopen,
        |knoop| [knoop.0, knoop.1, knoop.2.as_slice()]
    );
    Ok(())
}

/// Records after a number, in order, at most `aantal`.
pub async fn na(conn: &mut Conn<'_>, na: i64, aantal: i64) -> Result<Vec<Rij>, StoreError> {
    let sql = "-- audit::na
        select nr, op, begonnen_op, handeling, wie, rol, soort, nummer, reden, verbintenis, zaak, betrokkene, trace, span, ouder, blad
        from audit where nr > $1 order by nr limit $2";
    Ok(fetch_all!(conn, Rij, sql, na, aantal)?)
}

/// Records of a case of acts by which a message was given, shown or destroyed, after a number, in order, at most `aantal`. That somebody
/// asked for these is among them, but for its own asking: reading page after page would never end.
pub async fn in_zaak(conn: &mut Conn<'_>, zaak: MaatregelId, vrager: Oin, na: i64, aantal: i64) -> Result<Vec<Rij>, StoreError> {
    let sql = "-- audit::in_zaak
        select nr, op, begonnen_op, handeling, wie, rol, soort, nummer, reden, verbintenis, zaak, betrokkene, trace, span, ouder, blad
        from audit where zaak = $1 and nr > $2 and handeling in ('AANVAARD', 'GELEVERD', 'GERAADPLEEGD', 'VERNIETIGD')
            and not (reden = 'GET_INZAGE' and wie = $3)
        order by nr limit $4";
    Ok(fetch_all!(conn, Rij, sql, zaak.0, na, vrager.as_str(), aantal)?)
}

/// The messages of a case of which the body was destroyed, each with the number of the record of that.
pub async fn vernietigd_in_zaak(conn: &mut Conn<'_>, zaak: MaatregelId) -> Result<Vec<(i64, i64)>, StoreError> {
    let sql = "-- audit::vernietigd_in_zaak
        select nummer, nr from audit where zaak = $1 and handeling = 'VERNIETIGD' and nummer is not null order by nr";
    Ok(fetch_all!(conn, (i64, i64), sql, zaak.0)?)
}

/// The number of the record of the acceptance of a message.
pub async fn nr_van_aanvaarding(conn: &mut Conn<'_>, volgnummer: i64) -> Result<Option<i64>, StoreError> {
    let sql = "-- audit::nr_van_aanvaarding
        select nr from audit where nummer = $1 and handeling = 'AANVAARD'";
    Ok(fetch_optional!(conn, (i64,), sql, volgnummer)?.map(|rij| rij.0))
}

/// Who sent the message of a volgnummer.
pub async fn afzender(conn: &mut Conn<'_>, volgnummer: i64) -> Result<Option<String>, StoreError> {
    let sql = "-- audit::afzender
        select afzender from berichten where volgnummer = $1";
    Ok(fetch_optional!(conn, (String,), sql, volgnummer)?.map(|rij| rij.0))
}

/// Leaf hashes from an index on and before another, with their numbers, in order.
pub async fn bladeren(conn: &mut Conn<'_>, van: i64, tot: i64) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    let sql = "-- audit::bladeren
        select nr - 1, blad from audit where nr > $1 and nr <= $2 order by nr";
    Ok(fetch_all!(conn, (i64, Vec<u8>), sql, van, tot)?)
}

/// The highest number of any record; 0 without one.
pub async fn hoogste(conn: &mut Conn<'_>) -> Result<i64, StoreError> {
    let sql = "-- audit::hoogste
        select coalesce(max(nr), 0) from audit";
    Ok(fetch_one!(conn, (i64,), sql)?.0)
}

/// Numbers of messages after a number, in order, at most `aantal`.
pub async fn berichten_na(conn: &mut Conn<'_>, na: i64, aantal: i64) -> Result<Vec<i64>, StoreError> {
    let sql = "-- audit::berichten_na
        select volgnummer from berichten where volgnummer > $1 order by volgnummer limit $2";
    Ok(fetch_all!(conn, (i64,), sql, na, aantal)?.into_iter().map(|rij| rij.0).collect())
}

/// Mailboxes whose last number is not that of their last entry.
pub async fn scheve_postvakken(conn: &mut Conn<'_>) -> Result<Vec<String>, StoreError> {
    let sql = "-- audit::scheve_postvakken
        select oin from postvakken
        where laatste_nr <> coalesce((select max(nr) from postvak where ontvanger = oin), 0) or bevestigd_tot > laatste_nr
        order by oin";
    Ok(fetch_all!(conn, (String,), sql)?.into_iter().map(|rij| rij.0).collect())
}

/// Cases whose facts or keys were changed by acts with a record after a number, as often as they were; none for what changed the keys of
/// cases that the record does not name.
pub async fn geraakt_na(conn: &mut Conn<'_>, na: i64) -> Result<Vec<Option<MaatregelId>>, StoreError> {
    let sql = "-- audit::geraakt_na
        select zaak from audit where nr > $1 and (handeling = 'SLEUTEL' or handeling in ('AANVAARD', 'VERNIETIGD') and zaak is not null)";
    Ok(fetch_all!(conn, (Option<Uuid>,), sql, na)?.into_iter().map(|rij| rij.0.map(MaatregelId)).collect())
}

/// The same of one record, before it is written: none when it changes no facts or keys.
pub fn raakt(aantekening: &Aantekening) -> Option<Option<MaatregelId>> {
    match aantekening.handeling {
        Handeling::Sleutel => Some(aantekening.zaak),
        Handeling::Aanvaard | Handeling::Vernietigd => aantekening.zaak.map(Some),
        _ => None,
    }
}

/// Kept hashes of one level, from a number on and before another, in order.
pub async fn knopen(conn: &mut Conn<'_>, niveau: i32, van: i64, tot: i64) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    let sql = "-- boomknopen::lees
        select nr, hash from boomknopen where niveau = $1 and nr >= $2 and nr < $3 order by nr";
    Ok(fetch_all!(conn, (i64, Vec<u8>), sql, niveau, van, tot)?)
}
