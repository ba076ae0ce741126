//! The canonical form of a message and the descriptors behind it. A message with a field that this contract does not know is refused
//! here: what has no visibility option can reach nobody.

use std::sync::LazyLock;

use prost::Message as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost_reflect::{DescriptorPool, DynamicMessage, Value};

use crate::v1::Bericht;

static DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/contract.binpb"));

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS).unwrap_or_default());

/// Twice as many as the longest list of the contract, `Aanbod.regels`, has elements.
const MOST_FIELDS: usize = 2000;

/// The encoded descriptor set of the contract, custom options included.
pub fn descriptor_set() -> &'static [u8] {
    DESCRIPTORS
}

/// The descriptors, for reflection and the JSON mapping.
pub fn pool() -> &'static DescriptorPool {
    &POOL
}

/// Why bytes are not a message of this contract.
#[derive(Debug, PartialEq, Eq)]
pub enum NotCanonical {
    /// They are not protobuf of this shape, hold invalid UTF-8, or hold far more elements than the contract allows.
    Malformed,
    /// They hold fields that the contract does not know, at these paths (`uitspraak`, `jeugdhulpbepaling.voorzieningen[0]`).
    UnknownFields(Vec<String>),
}

/// Decodes a `Bericht` and returns it with its canonical form: fields in ascending order, minimal varints, no default values. Bytes in
/// another order or with explicit defaults are the same message; bytes with unknown fields are refused.
pub fn canonical_bericht(bytes: &[u8]) -> Result<(Bericht, Vec<u8>), NotCanonical> {
    if !few_fields(bytes).unwrap_or(false) {
        return Err(NotCanonical::Malformed);
    }
    let bericht = Bericht::decode(bytes).map_err(|_| NotCanonical::Malformed)?;
    let canonical = bericht.encode_to_vec();
    if canonical != bytes {
        let unknown = unknown_fields(bytes)?;
        if !unknown.is_empty() {
            return Err(NotCanonical::UnknownFields(unknown));
        }
    }
    Ok((bericht, canonical))
}

/// Whether there are no more fields in a message and directly in its parts than any message of the contract needs. An element of two bytes
/// becomes hundreds when it is decoded: a message within the size limit could take a hundred times its size. None when it is malformed.
fn few_fields(bytes: &[u8]) -> Option<bool> {
    let (mut rest, mut seen) = (bytes, 0);
    while let Some(part) = next_field(&mut rest)? {
        let (mut inner, mut well_formed) = (part, true);
        seen += 1;
        // A part that is text need not be readable as fields.
        while well_formed && !inner.is_empty() && seen <= MOST_FIELDS {
            well_formed = next_field(&mut inner).is_some();
            seen += 1;
        }
        if seen > MOST_FIELDS {
            return Some(false);
        }
    }
    Some(true)
}

/// Skips a field and returns its bytes, none of them when it is a number; `Some(None)` at the end.
fn next_field<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    if rest.is_empty() {
        return Some(None);
    }
    let (tag, wire_type) = decode_key(rest).ok()?;
    if wire_type != WireType::LengthDelimited {
        skip_field(wire_type, tag, rest, DecodeContext::default()).ok()?;
        return Some(Some(&[]));
    }
    let length = usize::try_from(decode_varint(rest).ok()?).ok()?;
    let (part, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(Some(part))
}

/// Paths of the messages that hold unknown fields; an empty path is the `Bericht` itself.
fn unknown_fields(bytes: &[u8]) -> Result<Vec<String>, NotCanonical> {
    let descriptor = POOL.get_message_by_name("jeugdketen.hub.v1.Bericht").ok_or(NotCanonical::Malformed)?;
    let message = DynamicMessage::decode(descriptor, bytes).map_err(|_| NotCanonical::Malformed)?;
    let mut found = Vec::new();
    collect_unknown(&message, String::new(), &mut found);
    Ok(found)
}

fn collect_unknown(message: &DynamicMessage, path: String, found: &mut Vec<String>) {
    if message.unknown_fields().next().is_some() {
        found.push(path.clone());
    }
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for (field, value) in message.fields() {
        match value {
            Value::Message(inner) => collect_unknown(inner, below(field.name()), found),
            Value::List(list) => {
                for (index, inner) in list.iter().enumerate() {
                    if let Value::Message(inner) = inner {
                        collect_unknown(inner, below(&format!("{}[{index}]", field.name())), found);
                    }
                }
            }
            _ => {}
        }
    }
}
