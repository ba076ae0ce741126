//! The conformance kit: it plays a hub and the other partners against a partner's own client, disturbs as lines and hubs do, and says per
//! case whether the client did as it should; and it plays clients, good and bad ones, against a hub. The table of cases is here and in
//! `gevallen`; `docs/conformiteit.md` is made from it. It holds no rules of the chain: those are the hub's, and the hub is a real one.

mod berichten;
pub mod bij_hub;
pub mod document;
pub mod gevallen;
pub mod lijn;
pub mod logboek;
pub mod loper;
pub mod pagina;
pub mod pki;
pub mod proef;
pub mod spel;
pub mod toneel;
pub mod uitslag;
pub mod voorkant;

use std::pin::Pin;

use jeugdketen_proto::v1::Rol;

use spel::{Oordeel, Spel};

/// How heavily a case weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gewicht {
    /// Who fails it may not be connected.
    Verplicht,
    /// Who fails it does without what the hub offers.
    Aanbevolen,
}

impl Gewicht {
    /// In Dutch.
    pub fn naam(self) -> &'static str {
        match self {
            Gewicht::Verplicht => "verplicht",
            Gewicht::Aanbevolen => "aanbevolen",
        }
    }
}

/// A case against a client, being played.
pub type Toekomst<'a> = Pin<Box<dyn Future<Output = Oordeel> + Send + 'a>>;

/// One case.
#[derive(Debug)]
pub struct Geval {
    /// Its id; it never means another case.
    pub id: &'static str,
    /// What it is about, in one Dutch sentence.
    pub titel: &'static str,
    /// What is done.
    pub handeling: &'static str,
    /// What is expected.
    pub verwacht: &'static str,
    /// Where that is written.
    pub bron: &'static str,
    /// How heavily it weighs.
    pub gewicht: Gewicht,
    /// For whom it is.
    pub rollen: &'static [Rol],
    /// Whether it can only be judged by what the client says and does as it is told.
    pub opdracht: bool,
    /// Plays it.
    pub speel: for<'a> fn(&'a mut Spel) -> Toekomst<'a>,
}

/// Everybody who receives.
pub const ALLE: &[Rol] =
    &[Rol::Rechtbank, Rol::Gi, Rol::Gemeente, Rol::Aanbieder, Rol::Expertteam, Rol::Inspectie, Rol::AccounthoudendeRegio];
/// Everybody who submits.
pub const INZENDERS: &[Rol] = &[Rol::Rechtbank, Rol::Gi, Rol::Gemeente, Rol::Aanbieder, Rol::Expertteam];

/// Every case against a client, in the order of the documentation.
pub fn gevallen() -> impl Iterator<Item = &'static Geval> {
    gevallen::ALLE_GROEPEN.iter().flat_map(|groep| groep.gevallen.iter())
}
