//! Every way to change one thing in a message, made from the descriptors. It knows no message by name.

use jeugdketen_proto::v1::Bericht;
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind as Type, ReflectMessage as _, Value};

use super::filled;

/// The message with one field altered, added or removed, one for each way; none equals the message.
pub fn alle(bericht: &Bericht) -> Vec<Bericht> {
    let mut bron = DynamicMessage::new(filled::descriptor("Bericht"));
    let bytes = bericht.encode_to_vec();
    bron.merge(bytes.as_slice()).unwrap();
    let anders = van_bericht(&bron).into_iter().map(|anders| anders.encode_to_vec()).filter(|anders| *anders != bytes);
    anders.map(|anders| Bericht::decode(anders.as_slice()).unwrap()).collect()
}

fn van_bericht(bron: &DynamicMessage) -> Vec<DynamicMessage> {
    let mut gevonden = Vec::new();
    for veld in bron.descriptor().fields() {
        // Another kind of message is another message altogether.
        if veld.containing_oneof().is_some_and(|oneof| oneof.full_name() == "jeugdketen.hub.v1.Bericht.inhoud") && !bron.has_field(&veld) {
            continue;
        }
        for waarde in van_veld(bron, &veld) {
            let mut anders = bron.clone();
            match waarde {
                Some(waarde) => anders.set_field(&veld, waarde),
                None => anders.clear_field(&veld),
            }
            gevonden.push(anders);
        }
    }
    gevonden
}

/// Other values for a field; none is its absence.
fn van_veld(bron: &DynamicMessage, veld: &FieldDescriptor) -> Vec<Option<Value>> {
    let is_inhoud = veld.containing_oneof().is_some_and(|oneof| oneof.full_name() == "jeugdketen.hub.v1.Bericht.inhoud");
    let waarde = bron.get_field(veld).into_owned();
    if !bron.has_field(veld) {
        let nieuw = gevuld(veld);
        return vec![Some(if veld.is_list() { Value::List(vec![nieuw]) } else { nieuw })];
    }
    let mut gevonden: Vec<Option<Value>> = if is_inhoud { Vec::new() } else { vec![None] };
    match waarde {
        Value::List(lijst) => {
            for plaats in 0..lijst.len() {
                let mut korter = lijst.clone();
                let element = korter.remove(plaats);
                gevonden.push(Some(Value::List(korter)));
                let mut langer = lijst.clone();
                langer.insert(plaats, element.clone());
                gevonden.push(Some(Value::List(langer)));
                for ander in van_waarde(&element, &veld.kind()) {
                    let mut anders = lijst.clone();
                    anders[plaats] = ander;
                    gevonden.push(Some(Value::List(anders)));
                }
            }
            gevonden.push(Some(Value::List(lijst.into_iter().rev().collect())));
        }
        waarde => gevonden.extend(van_waarde(&waarde, &veld.kind()).into_iter().map(Some)),
    }
    gevonden
}

fn van_waarde(waarde: &Value, soort: &Type) -> Vec<Value> {
    match waarde {
        Value::String(tekst) => vec![Value::String(format!("{tekst}x")), Value::String(tekst.chars().skip(1).collect())],
        Value::Bytes(bytes) => vec![Value::Bytes(bytes.slice(1..))],
        Value::Bool(ja) => vec![Value::Bool(!ja)],
        Value::U32(getal) => vec![Value::U32(getal + 1), Value::U32(0)],
        Value::U64(getal) => vec![Value::U64(getal + 1)],
        Value::I32(getal) => vec![Value::I32(getal + 1)],
        Value::I64(getal) => vec![Value::I64(getal + 1)],
        Value::EnumNumber(nummer) => {
            let Type::Enum(soort) = soort else { panic!("an enum") };
            soort.values().map(|waarde| waarde.number()).filter(|ander| ander != nummer).take(2).map(Value::EnumNumber).collect()
        }
        Value::Message(bericht) => van_bericht(bericht).into_iter().map(Value::Message).collect(),
        ander => panic!("the contract has no {ander:?} yet; say here how to change it"),
    }
}

fn gevuld(veld: &FieldDescriptor) -> Value {
    match veld.kind() {
        Type::String => Value::String("nieuw".to_owned()),
        Type::Bytes => Value::Bytes("nieuw".into()),
        Type::Bool => Value::Bool(true),
        Type::Uint32 => Value::U32(3),
        Type::Uint64 => Value::U64(3),
        Type::Int32 => Value::I32(3),
        Type::Int64 => Value::I64(3),
        Type::Enum(soort) => Value::EnumNumber(soort.values().last().unwrap().number()),
        Type::Message(soort) => Value::Message(DynamicMessage::new(soort)),
        ander => panic!("the contract has no {ander:?} yet; say here how to fill it"),
    }
}
