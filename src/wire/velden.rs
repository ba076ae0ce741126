//! The fields of a message by path, with their ground and class from the options of the contract: those that are filled, and those that a
//! role may see. It shows no value.

use std::collections::BTreeMap;

use jeugdketen_proto::pool;
use jeugdketen_proto::v1::{Inzageveld, Rol};
use prost_reflect::{DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor, Value};

/// Fields by their path.
pub(super) type Velden = BTreeMap<String, Inzageveld>;

/// The fields that a message holds; none when the bytes are no message.
pub(super) fn gevuld(bericht: &[u8]) -> Option<Velden> {
    let mut velden = Velden::new();
    let bericht = DynamicMessage::decode(pool().get_message_by_name("jeugdketen.hub.v1.Bericht")?, bericht).ok()?;
    loop_door(&bericht, "", &zicht()?, &mut velden);
    Some(velden)
}

/// The fields of a kind of message that a role may see; without a role all of them.
pub(super) fn zichtbaar(soort: i32, rol: Option<Rol>) -> Velden {
    let mut velden = Velden::new();
    if let (Some(bericht), Some(zicht)) = (pool().get_message_by_name("jeugdketen.hub.v1.Bericht"), zicht()) {
        loop_door_contract(&bericht, "", &zicht, (Some(soort), rol), &mut velden);
    }
    velden
}

fn zicht() -> Option<ExtensionDescriptor> {
    pool().get_extension_by_name("jeugdketen.hub.v1.zicht")
}

fn loop_door(bericht: &DynamicMessage, boven: &str, zicht: &ExtensionDescriptor, velden: &mut Velden) {
    for (field, waarde) in bericht.fields() {
        let pad = pad(boven, &field);
        if !is_bericht(&field) {
            velden.insert(pad.clone(), veld(pad, &field, zicht));
            continue;
        }
        match waarde {
            Value::Message(deel) => loop_door(deel, &pad, zicht, velden),
            Value::List(delen) => delen.iter().filter_map(Value::as_message).for_each(|deel| loop_door(deel, &pad, zicht, velden)),
            _ => {}
        }
    }
}

/// The fields of a type that a role may see; of the envelope those of one kind.
fn loop_door_contract(
    bericht: &MessageDescriptor,
    boven: &str,
    zicht: &ExtensionDescriptor,
    (soort, rol): (Option<i32>, Option<Rol>),
    velden: &mut Velden,
) {
    for field in bericht.fields() {
        let andere_soort = soort.is_some_and(|soort| field.containing_oneof().is_some() && field.number().cast_signed() != soort);
        if andere_soort || rol.is_some_and(|rol| !mag(&field, zicht, rol)) {
            continue;
        }
        let pad = pad(boven, &field);
        match field.kind() {
            Kind::Message(deel) if is_bericht(&field) => loop_door_contract(&deel, &pad, zicht, (None, rol), velden),
            _ => drop(velden.insert(pad.clone(), veld(pad, &field, zicht))),
        }
    }
}

/// Whether it is a message of the contract, of which the fields count; a moment is a value.
fn is_bericht(field: &FieldDescriptor) -> bool {
    matches!(field.kind(), Kind::Message(deel) if deel.package_name() == "jeugdketen.hub.v1")
}

fn pad(boven: &str, field: &FieldDescriptor) -> String {
    if boven.is_empty() { field.name().to_owned() } else { format!("{boven}.{}", field.name()) }
}

fn mag(field: &FieldDescriptor, zicht: &ExtensionDescriptor, rol: Rol) -> bool {
    let allen = optie(field, zicht, "allen").and_then(|allen| allen.as_bool()).unwrap_or_default();
    let is_rol = |lezer: &Value| lezer.as_enum_number() == Some(rol as i32);
    allen || optie(field, zicht, "lezers").is_some_and(|lezers| lezers.as_list().is_some_and(|lezers| lezers.iter().any(is_rol)))
}

fn veld(pad: String, field: &FieldDescriptor, zicht: &ExtensionDescriptor) -> Inzageveld {
    let grond = optie(field, zicht, "grond").and_then(|grond| grond.as_str().map(str::to_owned)).unwrap_or_default();
    let klasse = optie(field, zicht, "klasse").and_then(|klasse| klasse.as_enum_number()).unwrap_or_default();
    Inzageveld { pad, grond, klasse }
}

fn optie(field: &FieldDescriptor, zicht: &ExtensionDescriptor, naam: &str) -> Option<Value> {
    let options = field.options();
    Some(options.get_extension(zicht).as_message()?.get_field_by_name(naam)?.into_owned())
}
