//! The protobuf JSON mapping of the contract's messages, for files and the command line. Field names are those of the contract; both
//! spellings are read.

use jeugdketen_proto::pool;
use prost::Message;
use prost_reflect::{DeserializeOptions, DynamicMessage, SerializeOptions};
use serde_json::Deserializer;

/// A message type with its name in the contract.
pub trait Named: Message + Default {
    /// The name within `jeugdketen.hub.v1`.
    const NAME: &'static str;
}

macro_rules! named {
    ($($name:ident),*) => {$(impl Named for jeugdketen_proto::v1::$name { const NAME: &'static str = stringify!($name); })*};
}

named!(Bericht, Deelnemer, Levering, Receipt, GetTrajectResponse, GetInzageResponse);
named!(GetNormcijfersResponse, ListKennisgevingenResponse, ListTekortenResponse, ListWachtendenResponse, GetOverdrachtenResponse);
named!(ListDoorlooptijdenResponse, ListToetsingspogingenResponse, Normcijfer, Kennisgevingen, Tekort, Wachtenden, Overgenomen);
named!(Doorlooptijd, Toetsingspogingen);
named!(Auditrecord, GetCheckpointResponse, GetInclusionProofResponse, GetConsistencyProofResponse);

/// Why text is not the JSON of a message. Says where, never which value.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// It is no JSON, or not of this message.
    #[error("line {line}, column {column}: not the protobuf JSON of a {name}")]
    Shape {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The message.
        name: &'static str,
    },
    /// The contract does not hold the message.
    #[error("the contract has no message {0}")]
    Unknown(&'static str),
}

/// Reads one message.
pub fn read<M: Named>(text: &str) -> Result<M, JsonError> {
    let name = format!("jeugdketen.hub.v1.{}", M::NAME);
    let descriptor = pool().get_message_by_name(&name).ok_or(JsonError::Unknown(M::NAME))?;
    let mut source = Deserializer::from_str(text);
    let shape = |error: serde_json::Error| JsonError::Shape { line: error.line(), column: error.column(), name: M::NAME };
    let message = DynamicMessage::deserialize_with_options(descriptor, &mut source, &DeserializeOptions::new()).map_err(shape)?;
    source.end().map_err(shape)?;
    message.transcode_to().map_err(|_| JsonError::Unknown(M::NAME))
}

/// Reads a JSON array of messages.
pub fn read_list<M: Named>(text: &str) -> Result<Vec<M>, JsonError> {
    let shape = |error: serde_json::Error| JsonError::Shape { line: error.line(), column: error.column(), name: M::NAME };
    let elements: Vec<&serde_json::value::RawValue> = serde_json::from_str(text).map_err(shape)?;
    elements.into_iter().map(|element| read(element.get())).collect()
}

/// Writes one message, on many lines.
pub fn write<M: Named>(message: &M) -> Result<String, JsonError> {
    to_value(message).map(|value| format!("{value:#}"))
}

/// Writes one message, on one line.
pub fn write_line<M: Named>(message: &M) -> Result<String, JsonError> {
    to_value(message).map(|value| value.to_string())
}

/// The names of the fields of a message, in their order.
pub fn header<M: Named>() -> Result<Vec<String>, JsonError> {
    let descriptor = pool().get_message_by_name(&format!("jeugdketen.hub.v1.{}", M::NAME)).ok_or(JsonError::Unknown(M::NAME))?;
    Ok(descriptor.fields().map(|field| field.name().to_owned()).collect())
}

/// The fields of a flat message as text, in the order of `header`; empty for what is absent.
pub fn row<M: Named>(message: &M) -> Result<Vec<String>, JsonError> {
    let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(false);
    let value = with_options(message, &options)?;
    let text = |name: String| match &value[&name] {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Ok(header::<M>()?.into_iter().map(text).collect())
}

/// A message as a JSON value.
pub fn to_value<M: Named>(message: &M) -> Result<serde_json::Value, JsonError> {
    with_options(message, &SerializeOptions::new().use_proto_field_name(true))
}

fn with_options<M: Named>(message: &M, options: &SerializeOptions) -> Result<serde_json::Value, JsonError> {
    let name = format!("jeugdketen.hub.v1.{}", M::NAME);
    let descriptor = pool().get_message_by_name(&name).ok_or(JsonError::Unknown(M::NAME))?;
    let mut dynamic = DynamicMessage::new(descriptor);
    dynamic.transcode_from(message).map_err(|_| JsonError::Unknown(M::NAME))?;
    dynamic.serialize_with_options(serde_json::value::Serializer, options).map_err(|_| JsonError::Unknown(M::NAME))
}
