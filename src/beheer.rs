//! Changes to the register: written with an audit record, then into memory, then live connections that lost their competence are cut.
//! Other hubs on the same database notice by the version of the register.

mod sleutelbeheer;

use chrono::NaiveDate;
use jeugdketen_proto::v1::{Rol, StatusDeelnemer};

use crate::audit::Journaal;
use crate::domain::deelnemer::{Deelnemer, Onbevoegd};
use crate::domain::ids::Oin;
use crate::domain::register::Register;
use crate::identity::register::LiveRegister;
use crate::identity::verbindingen::Verbindingen;
use crate::receipt::SleutelFout;
use crate::store::audit::Aantekening;
use crate::store::postvak::Stand;
use crate::store::{Reeks, Store, StoreError, Tx, deelnemers, lees_reeks, postvak, schrijf_reeks, sleutels, zaken};
use crate::time::Clock;

pub use sleutelbeheer::Sleutelbeheer;

/// Why the register was not changed.
#[derive(Debug, thiserror::Error)]
pub enum BeheerFout {
    /// No such participant.
    #[error("no such participant")]
    Onbekend,
    /// The state of the register forbids it: the stable reason and one sentence.
    #[error("{1}")]
    Toestand(&'static str, &'static str),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key could not be made or written.
    #[error(transparent)]
    Sleutel(#[from] SleutelFout),
}

/// An operator that could end its own standing could leave the hub without one.
const EIGEN_STATUS: BeheerFout = BeheerFout::Toestand("EIGEN_STATUS", "an operator cannot change its own standing");

/// What changes to the register work with.
#[derive(Clone, Copy, Debug)]
pub struct Beheer<'a> {
    /// The database.
    pub store: &'a Store,
    /// The register in memory.
    pub register: &'a LiveRegister,
    /// Live connections.
    pub verbindingen: &'a Verbindingen,
    /// The audit log.
    pub journaal: &'a Journaal,
    /// The time.
    pub clock: &'a Clock,
}

impl Beheer<'_> {
    /// Adds a participant or changes one. Standing and succession have calls of their own: they stay as they are.
    pub async fn zet(&self, wie: Oin, gevraagd: Deelnemer, met_status: bool) -> Result<Deelnemer, BeheerFout> {
        let (tx, reeks, register) = self.begin().await?;
        let bekend = register.zoek(gevraagd.oin);
        if gevraagd.opvolging.is_some() && gevraagd.opvolging != bekend.and_then(|bekend| bekend.opvolging) {
            return Err(BeheerFout::Toestand("ANDERE_OPVOLGING", "the succession of a participant is set with Opvolgen"));
        }
        let nieuw = match bekend {
            None => Deelnemer { opvolging: None, ..gevraagd },
            Some(bekend) if bekend.rol != gevraagd.rol => {
                return Err(BeheerFout::Toestand("ANDERE_ROL", "a participant keeps its role; end it and add another"));
            }
            Some(bekend) if met_status && bekend.status != gevraagd.status => {
                return Err(BeheerFout::Toestand("ANDERE_STATUS", "the standing of a participant is changed with SetStatus"));
            }
            Some(bekend) => Deelnemer { status: bekend.status, opvolging: bekend.opvolging, ..gevraagd },
        };
        if nieuw.oin == wie && nieuw.bevoegd_op(self.clock.today()).is_err() {
            return Err(EIGEN_STATUS);
        }
        if nieuw.namens.is_some_and(|gemeente| register.zoek_rol(gemeente, Rol::Gemeente).is_none()) {
            return Err(BeheerFout::Toestand("NAMENS_GEEN_GEMEENTE", "a lokaal team acts in the name of a gemeente in the register"));
        }
        // The code of a gemeente that was succeeded is free for its successor alone: the cases there are go by it.
        let zelfde_code = |ander: &&Deelnemer| ander.code == nieuw.code && register.opvolger(ander.oin, NaiveDate::MAX) != nieuw.oin;
        if nieuw.rol == Rol::Gemeente
            && register.alle().into_iter().filter(|ander| ander.rol == Rol::Gemeente).any(|ander| zelfde_code(&ander))
        {
            return Err(BeheerFout::Toestand("GEMEENTECODE_BEZET", "another gemeente has this gemeentecode"));
        }
        self.schrijf(tx, reeks, wie, nieuw, "PUT").await
    }

    /// Changes the standing of a participant.
    pub async fn zet_status(&self, wie: Oin, oin: Oin, status: StatusDeelnemer) -> Result<Deelnemer, BeheerFout> {
        let (tx, reeks, register) = self.begin().await?;
        let bekend = register.zoek(oin).ok_or(BeheerFout::Onbekend)?.clone();
        if oin == wie {
            return Err(EIGEN_STATUS);
        }
        self.schrijf(tx, reeks, wie, Deelnemer { status, ..bekend }, "STATUS").await
    }

    /// Ends a participant in favour of a successor, which gets everything that was not acknowledged.
    pub async fn volg_op(&self, wie: Oin, oin: Oin, opvolger: Oin, per: NaiveDate) -> Result<Deelnemer, BeheerFout> {
        let (mut tx, reeks, register) = self.begin().await?;
        let bekend = register.zoek(oin).ok_or(BeheerFout::Onbekend)?.clone();
        let nieuw = register.zoek(opvolger).ok_or(BeheerFout::Onbekend)?;
        if oin == wie {
            return Err(EIGEN_STATUS);
        }
        if nieuw.rol != bekend.rol {
            return Err(BeheerFout::Toestand("ANDERE_ROL", "a successor has the same role"));
        }
        if bekend.opvolging.is_some() || register.opvolger(opvolger, NaiveDate::MAX) == oin || oin == opvolger {
            return Err(BeheerFout::Toestand("AL_OPGEVOLGD", "the participant has a successor already, or would succeed itself"));
        }
        // The mailbox moves in this transaction, so the day must have come.
        if per > self.clock.today() {
            return Err(BeheerFout::Toestand("NOG_NIET", "a succession is carried out on its day or after it"));
        }
        // Before the mail moves, which would look like mail of its own.
        zaken::erf_relatie_einden(&mut tx.conn(), oin, opvolger).await?;
        let post = postvak::onbevestigd(&mut tx.conn(), oin).await?;
        let aantal = i64::try_from(post.len()).unwrap_or(i64::MAX);
        if aantal > 0 {
            let stand = postvak::stand(&mut tx.conn(), opvolger).await?;
            postvak::neem_over(&mut tx.conn(), opvolger, stand.laatste_nr + 1, &post, self.clock.micros()).await?;
            let nu = Stand { laatste_nr: stand.laatste_nr + aantal, ..stand };
            postvak::schrijf_standen(&mut tx.conn(), &[(opvolger, nu)]).await?;
        }
        let opgevolgd = Deelnemer { status: StatusDeelnemer::Beeindigd, opvolging: Some((opvolger, per)), ..bekend };
        self.schrijf(tx, reeks, wie, opgevolgd, "OPVOLGING").await
    }

    /// The public keys with which receipts verify, the latest first.
    pub async fn sleutels(&self) -> Result<Vec<(String, Vec<u8>)>, BeheerFout> {
        Ok(sleutels::alle(&mut self.store.read().await?.conn()).await?)
    }

    /// Notices changes that another hub made: reads the register when its version moved.
    pub async fn ververs(&self) -> Result<(), StoreError> {
        let mut lezing = self.store.read().await?;
        let versie = lees_reeks(&mut lezing.conn()).await?.register;
        if versie != self.register.versie() {
            let register = Register::new(deelnemers::alle(&mut lezing.conn()).await?);
            self.register.vervang(versie, register);
            self.verbreek_onbevoegden();
        }
        Ok(())
    }

    /// Cuts the live connections of whoever may not use the hub any more, also because a date passed.
    pub fn verbreek_onbevoegden(&self) {
        let (register, vandaag) = (self.register.nu(), self.clock.today());
        self.verbindingen.verbreek_waar(|identiteit| {
            // A stranger to the register has no calls to lose; it gets its explanation.
            register.bevoegde(identiteit.oin, vandaag).is_err_and(|reden| reden != Onbevoegd::Onbekend)
        });
    }

    async fn begin(&self) -> Result<(Tx, Reeks, Register), BeheerFout> {
        let (mut tx, reeks) = self.store.write().await?;
        let register = Register::new(deelnemers::alle(&mut tx.conn()).await?);
        Ok((tx, reeks, register))
    }

    async fn schrijf(&self, mut tx: Tx, mut reeks: Reeks, wie: Oin, nieuw: Deelnemer, wat: &'static str) -> Result<Deelnemer, BeheerFout> {
        deelnemers::schrijf(&mut tx.conn(), std::slice::from_ref(&nieuw)).await?;
        reeks.register += 1;
        let aantekening = Aantekening::register((wie, Rol::Beheerder), wat);
        self.journaal.boek(&mut tx.conn(), &mut reeks, self.clock.micros(), vec![aantekening]).await?;
        schrijf_reeks(&mut tx.conn(), &reeks).await?;
        tx.commit().await?;
        self.ververs().await?;
        tracing::info!(oin = %nieuw.oin, door = %wie, wat, "register changed");
        Ok(nieuw)
    }
}
