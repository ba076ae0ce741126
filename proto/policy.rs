//! What the generated policy needs at run time: the reader, the path of a field, the projection. It decides nothing by itself.

use std::fmt;

use crate::v1;
use crate::v1::{Rol, Wie, Zaakband};

/// Who reads a message: its role decides the fields, its OIN the elements of lists that are kept per participant.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The role in which it reads.
    pub role: Rol,
    /// Its OIN.
    pub oin: &'a str,
}

impl Reader<'_> {
    fn sees(&self, readers: u32) -> bool {
        readers & (1 << self.role as u32) != 0
    }
}

/// A message that can be narrowed to what a reader may see.
pub trait Projection {
    /// Removes, at every depth, what the reader may not see.
    fn restrict(&mut self, reader: &Reader<'_>);
    /// Collects the paths of fields that hold a value which none of `roles` (a bit per role number) may see.
    fn unseen(&self, roles: u32, path: &Path<'_>, found: &mut Vec<String>);
}

/// Path of a field, built without allocating until it is printed: `jeugdhulpbepaling.voorzieningen[0].einddatum`.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    name: &'static str,
    index: Option<usize>,
}

impl<'a> Path<'a> {
    /// The message itself; prints as nothing.
    pub const ROOT: Path<'static> = Path { parent: None, name: "", index: None };

    /// A field below this one.
    pub fn field(&'a self, name: &'static str) -> Path<'a> {
        Path { parent: Some(self), name, index: None }
    }

    /// An element of a repeated field below this one.
    pub fn element(&'a self, name: &'static str, index: usize) -> Path<'a> {
        Path { parent: Some(self), name, index: Some(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent.filter(|parent| !parent.name.is_empty()) {
            write!(f, "{parent}.")?;
        }
        f.write_str(self.name)?;
        self.index.map_or(Ok(()), |index| write!(f, "[{index}]"))
    }
}

/// Routing of one kind of message.
#[derive(Debug)]
pub struct Route {
    /// Roles that may submit it.
    pub from: &'static [Rol],
    /// Who gets it: the role, and how they are found.
    pub to: &'static [(Rol, Wie)],
    /// Roles that may consult it without receiving it.
    pub consult: &'static [Rol],
    /// Its tie to a case.
    pub case: Zaakband,
    /// Whether it says something about a jeugdhulpbepaling.
    pub about_bepaling: bool,
    /// Bit per role number that receives or may consult it.
    pub audience: u32,
}

/// How the messages of one kind are divided for the commitment to their fields; see `Veldbewijs` in the contract.
#[derive(Debug)]
pub struct Commitment {
    /// Every set of readers that a field can have, a bit per role number, ascending.
    pub groups: &'static [u32],
    /// Bit of the role for which a list is narrowed to the elements that name the reader, when the kind has such a list.
    pub own: Option<u32>,
}

/// The fields of a message type, ascending by number.
#[derive(Debug)]
pub struct Layout {
    fields: &'static [LayoutField],
}

impl Layout {
    /// The envelope.
    pub const BERICHT: &'static Layout = &generated::LAYOUT_BERICHT;

    /// The field with this number.
    pub fn field(&self, number: u32) -> Option<&'static LayoutField> {
        let at = self.fields.binary_search_by_key(&number, |field| field.number).ok()?;
        self.fields.get(at)
    }
}

/// One field of a message type.
#[derive(Debug)]
pub struct LayoutField {
    /// Its number.
    pub number: u32,
    /// Bit per role number that may see it; all bits for a field of the protocol.
    pub readers: u32,
    /// What it is.
    pub part: Part,
}

/// What a field is for the commitment.
#[derive(Debug)]
pub enum Part {
    /// A value, whatever its type and however often it occurs.
    Value,
    /// One message of the contract, or a list of them.
    Message(&'static Layout),
    /// A list that one role sees the elements of that name the reader.
    Own {
        /// Type of the elements.
        element: &'static Layout,
        /// Bit of the role.
        role: u32,
        /// Number of the text field in an element that holds the OIN.
        owner: u32,
    },
}

struct Hidden;

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<afgeschermd>")
    }
}

const fn who(number: i32) -> Wie {
    match number {
        1 => Wie::Genoemd,
        2 => Wie::Houder,
        3 => Wie::Woonplaats,
        4 => Wie::Rechtbank,
        5 => Wie::AanbiederVanVoorziening,
        6 => Wie::Gebied,
        7 => Wie::Rol,
        8 => Wie::Accounthouder,
        9 => Wie::OntvangersOrigineel,
        _ => Wie::Unspecified,
    }
}

const fn case(number: i32) -> Zaakband {
    match number {
        1 => Zaakband::Geen,
        2 => Zaakband::Verplicht,
        3 => Zaakband::Opent,
        4 => Zaakband::AlsOrigineel,
        _ => Zaakband::Unspecified,
    }
}

pub use generated::Kind;

#[expect(clippy::all, reason = "generated")]
mod generated {
    use super::{Commitment, Hidden, Layout, LayoutField, Part, Path, Projection, Reader, Route, case, v1, who};

    include!(concat!(env!("OUT_DIR"), "/policy.rs"));
}
