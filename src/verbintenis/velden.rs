//! Walks the wire form of a message and names every field with its path and its readers, by the layouts of the contract. It decodes no
//! value and hashes nothing.

use jeugdketen_proto::{Kind, Layout, Part};
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, encode_varint, skip_field};

/// One field of the commitment.
pub(super) struct Veld<'a, 'pad> {
    /// Whether it lies in a list that is kept per participant, and for whom it counts there.
    pub deel: Deel<'a>,
    /// A bit per role that may read it.
    pub lezers: u32,
    /// Numbers and indices from the message downwards.
    pub pad: &'pad [u8],
    /// The bytes that are committed to.
    pub waarde: &'a [u8],
}

/// Every field in a list that is kept per participant occurs twice.
#[derive(Clone, Copy)]
pub(super) enum Deel<'a> {
    /// Outside such a list.
    Gewoon,
    /// In it, for who reads the whole list.
    Lijst,
    /// In it, for the participant that the element names.
    Eigen(&'a [u8]),
}

/// The kind of a message.
pub(super) fn kind(bericht: &[u8]) -> Option<Kind> {
    let mut rest = bericht;
    while let Some(stuk) = volgende(&mut rest)? {
        if let Some(kind) = Kind::ALL.into_iter().find(|kind| u32::from((*kind as i16).unsigned_abs()) == stuk.nummer) {
            return Some(kind);
        }
    }
    None
}

/// Calls `bij` for every field, in the order of the canonical form. None when the bytes are no message of the contract in ascending order,
/// or when `bij` says so.
pub(super) fn doorloop<'a>(bericht: &'a [u8], kind: Kind, bij: &mut dyn FnMut(&Veld<'a, '_>) -> Option<()>) -> Option<()> {
    let mut wandeling = Wandeling { pad: Vec::with_capacity(16), bij };
    wandeling.bericht(bericht, Layout::BERICHT, kind.route().audience, Deel::Gewoon)
}

struct Wandeling<'a, 'b> {
    pad: Vec<u8>,
    bij: &'b mut dyn FnMut(&Veld<'a, '_>) -> Option<()>,
}

impl<'a> Wandeling<'a, '_> {
    fn bericht(&mut self, bericht: &'a [u8], layout: &Layout, lezers: u32, deel: Deel<'a>) -> Option<()> {
        let (mut rest, mut vorige, mut index) = (bericht, 0, 0);
        let mut eigenaren: Vec<&[u8]> = Vec::new();
        while let Some(stuk) = volgende(&mut rest)? {
            if stuk.nummer < vorige {
                return None;
            }
            index = if stuk.nummer == vorige { index + 1 } else { 0 };
            vorige = stuk.nummer;
            let veld = layout.field(stuk.nummer)?;
            let lezers = lezers & veld.readers;
            match veld.part {
                Part::Value => self.veld(&stuk, index, |wandeling| wandeling.meld(deel, lezers, stuk.geheel))?,
                Part::Message(inner) => self.deelbericht(&stuk, index, inner, lezers, deel)?,
                Part::Own { element, role, owner } => {
                    let eigenaar = tekst(stuk.inhoud?, owner)?;
                    let eigen_index = eigenaren.iter().filter(|eerder| **eerder == eigenaar).count() as u64;
                    eigenaren.push(eigenaar);
                    self.deelbericht(&stuk, index, element, lezers & !role, Deel::Lijst)?;
                    self.deelbericht(&stuk, eigen_index, element, lezers & role, Deel::Eigen(eigenaar))?;
                }
            }
        }
        Some(())
    }

    fn deelbericht(&mut self, stuk: &Stuk<'a>, index: u64, layout: &Layout, lezers: u32, deel: Deel<'a>) -> Option<()> {
        let inhoud = stuk.inhoud?;
        self.veld(stuk, index, |wandeling| {
            wandeling.meld(deel, lezers, stuk.tag)?;
            wandeling.bericht(inhoud, layout, lezers, deel)
        })
    }

    /// With one more step in the path.
    fn veld(&mut self, stuk: &Stuk<'a>, index: u64, binnen: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let lengte = self.pad.len();
        encode_varint(stuk.nummer.into(), &mut self.pad);
        encode_varint(index, &mut self.pad);
        let gelukt = binnen(self);
        self.pad.truncate(lengte);
        gelukt
    }

    fn meld(&mut self, deel: Deel<'a>, lezers: u32, waarde: &'a [u8]) -> Option<()> {
        (self.bij)(&Veld { deel, lezers, pad: &self.pad, waarde })
    }
}

/// One field as it stands on the wire.
struct Stuk<'a> {
    nummer: u32,
    tag: &'a [u8],
    geheel: &'a [u8],
    /// What is in it, when it has a length.
    inhoud: Option<&'a [u8]>,
}

/// The next field; `Some(None)` at the end, none when there is no field to be read.
fn volgende<'a>(rest: &mut &'a [u8]) -> Option<Option<Stuk<'a>>> {
    if rest.is_empty() {
        return Some(None);
    }
    let begin = *rest;
    let (nummer, vorm) = decode_key(rest).ok()?;
    let tag = &begin[..begin.len() - rest.len()];
    let mut inhoud = None;
    if vorm == WireType::LengthDelimited {
        let lengte = usize::try_from(decode_varint(rest).ok()?).ok()?;
        let (binnen, daarna) = rest.split_at_checked(lengte)?;
        (inhoud, *rest) = (Some(binnen), daarna);
    } else {
        skip_field(vorm, nummer, rest, DecodeContext::default()).ok()?;
    }
    Some(Some(Stuk { nummer, tag, geheel: &begin[..begin.len() - rest.len()], inhoud }))
}

/// The text in a field of a message, empty when it is not there.
fn tekst(bericht: &[u8], nummer: u32) -> Option<&[u8]> {
    let mut rest = bericht;
    while let Some(stuk) = volgende(&mut rest)? {
        if stuk.nummer == nummer {
            return stuk.inhoud;
        }
    }
    Some(&[])
}
