//! The canonical form of a message and the descriptors behind it. A message with a field that this contract does not know is refused
//! here: what has no visibility option can reach nobody.

use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};

use crate::v1::Bericht;

static DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/contract.binpb"));

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS).unwrap_or_default());

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
    /// They are not protobuf of this shape, or hold invalid UTF-8.
    Malformed,
    /// They hold fields that the contract does not know, at these paths (`uitspraak`, `jeugdhulpbepaling.voorzieningen[0]`).
    UnknownFields(Vec<String>),
}

/// Decodes a `Bericht` and returns it with its canonical form: fields in ascending order, minimal varints, no default values. Bytes in
/// another order or with explicit defaults are the same message; bytes with unknown fields are refused.
pub fn canonical_bericht(bytes: &[u8]) -> Result<(Bericht, Vec<u8>), NotCanonical> {
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
