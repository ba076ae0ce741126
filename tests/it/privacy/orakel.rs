//! What the options of the contract grant a reader, worked out from the descriptors by themselves, and the values to look for. It knows
//! nothing of the code that was generated from the same options.

use std::collections::BTreeMap;

use jeugdketen_proto::pool;
use jeugdketen_proto::v1::Rol;
use prost_reflect::{DynamicMessage, FieldDescriptor, ReflectMessage as _, Value};

/// One value in a message: its path, the full name and the number of its field, and the value.
#[derive(Clone, Debug, PartialEq)]
pub struct Blad {
    pub pad: String,
    pub veld: String,
    pub nummer: u32,
    pub waarde: Value,
}

/// Every value of a message, at every depth. A moment is one value.
pub fn bladen(message: &DynamicMessage) -> Vec<Blad> {
    let mut gevonden = Vec::new();
    verzamel(message, "", &mut gevonden);
    gevonden
}

fn verzamel(message: &DynamicMessage, voor: &str, gevonden: &mut Vec<Blad>) {
    for (field, value) in message.fields() {
        let pad = if voor.is_empty() { field.name().to_owned() } else { format!("{voor}.{}", field.name()) };
        match value {
            Value::List(list) => {
                list.iter().enumerate().for_each(|(nr, element)| blad(&field, element, format!("{pad}[{nr}]"), gevonden));
            }
            value => blad(&field, value, pad, gevonden),
        }
    }
}

fn blad(field: &FieldDescriptor, value: &Value, pad: String, gevonden: &mut Vec<Blad>) {
    match value.as_message().filter(|message| message.descriptor().package_name() == "jeugdketen.hub.v1") {
        Some(inner) => verzamel(inner, &pad, gevonden),
        None => gevonden.push(Blad { pad, veld: field.full_name().to_owned(), nummer: field.number(), waarde: value.clone() }),
    }
}

/// The message with what its options grant a reader in this role, and nothing else.
pub fn vergund(message: &DynamicMessage, rol: Rol, oin: &str) -> DynamicMessage {
    let mut view = DynamicMessage::new(message.descriptor());
    for (field, value) in message.fields().filter(|(field, _)| mag(field, rol)) {
        let value = match value {
            Value::List(list) => {
                let eigen = list.iter().filter(|element| is_eigen(&field, element, rol, oin));
                Value::List(eigen.map(|element| binnen(element, rol, oin)).collect())
            }
            value => binnen(value, rol, oin),
        };
        view.set_field(&field, value);
    }
    view
}

fn binnen(value: &Value, rol: Rol, oin: &str) -> Value {
    match value {
        Value::Message(message) if message.descriptor().package_name() == "jeugdketen.hub.v1" => Value::Message(vergund(message, rol, oin)),
        value => value.clone(),
    }
}

fn zicht(field: &FieldDescriptor) -> DynamicMessage {
    let extension = pool().get_extension_by_name("jeugdketen.hub.v1.zicht").unwrap();
    field.options().get_extension(&extension).as_message().unwrap().clone()
}

fn mag(field: &FieldDescriptor, rol: Rol) -> bool {
    let zicht = zicht(field);
    let lezers = zicht.get_field_by_name("lezers").unwrap();
    zicht.get_field_by_name("allen").unwrap().as_bool().unwrap()
        || lezers.as_list().unwrap().iter().any(|lezer| lezer.as_enum_number() == Some(rol as i32))
}

fn is_eigen(field: &FieldDescriptor, element: &Value, rol: Rol, oin: &str) -> bool {
    let zicht = zicht(field);
    if !zicht.has_field_by_name("eigen_deel") {
        return true;
    }
    let deel = zicht.get_field_by_name("eigen_deel").unwrap().as_message().unwrap().clone();
    let naam = deel.get_field_by_name("veld").unwrap().as_str().unwrap().to_owned();
    let van = element.as_message().unwrap().get_field_by_name(&naam).unwrap().as_str().unwrap().to_owned();
    deel.get_field_by_name("rol").unwrap().as_enum_number() != Some(rol as i32) || van == oin
}

/// A value as it looks on the wire when it can be told from all others there; none for what anybody may know or what occurs everywhere. A
/// number goes with its key: four bytes alone are in a signature or a hash by chance, once in some hundred runs.
pub fn spoor(blad: &Blad, openbaar: &[String]) -> Option<Vec<u8>> {
    match &blad.waarde {
        Value::String(text) if text.len() >= 5 && !openbaar.contains(text) => Some(text.clone().into_bytes()),
        Value::U32(getal) if *getal > 1_000_000 => Some([varint((blad.nummer << 3).into()), varint((*getal).into())].concat()),
        Value::Message(moment) => moment.get_field_by_name("seconds")?.as_i64().map(|seconden| varint(seconden.cast_unsigned())),
        _ => None,
    }
}

fn varint(getal: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(getal, &mut bytes);
    bytes
}

/// A value as it looks in print, with the path of where it stands.
pub fn sporen(bladen: &[Blad], openbaar: &[String]) -> BTreeMap<Vec<u8>, String> {
    bladen.iter().filter_map(|blad| spoor(blad, openbaar).map(|spoor| (spoor, blad.pad.clone()))).collect()
}

/// Bytes to look in, many times. Kept as text in which every byte is a character, since looking in text is fast.
pub struct Hooiberg(String);

impl Hooiberg {
    pub fn van(bytes: &[u8]) -> Hooiberg {
        Hooiberg(bytes.iter().map(|byte| char::from(*byte)).collect())
    }

    /// Whether these bytes occur in it.
    pub fn bevat(&self, naald: &[u8]) -> bool {
        let naald: String = naald.iter().map(|byte| char::from(*byte)).collect();
        self.0.contains(&naald)
    }
}
