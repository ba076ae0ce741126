//! What `{:?}` prints of a message that is full of personal data. It does not test the formatting of values that may be shown.

use jeugdketen_proto::{Kind, raw, v1};
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind as Type};

use crate::filled::{all_berichten, all_filled, all_messages, descriptor, everyone, leaves, ours, real_oneof, sentinels, zicht};
use crate::typed::through_type;

fn printed(message: &DynamicMessage) -> String {
    through_type(message).debug
}

/// A field of the protocol may be printed; of the others only what is ordinary and no text.
fn must_be_hidden(field: &FieldDescriptor) -> bool {
    let class = zicht(field).get_field_by_name("klasse").and_then(|value| value.as_enum_number());
    let text = matches!(field.kind(), Type::String | Type::Bytes);
    class != Some(v1::Klasse::Gewoon as i32) || (text && !everyone(field))
}

fn holds_contract_message(field: &FieldDescriptor) -> bool {
    matches!(field.kind(), Type::Message(inner) if ours(&inner))
}

fn assert_prints_nothing_personal(message: &DynamicMessage, text: &str) -> usize {
    let secret: Vec<_> = leaves(message).into_iter().filter(|leaf| must_be_hidden(&leaf.field)).collect();
    for leaf in &secret {
        for sentinel in leaf.value.iter().flat_map(sentinels) {
            assert!(!text.contains(&sentinel.text()), "{} is printed: {text}", leaf.path);
        }
    }
    secret.len()
}

#[test]
fn debug_of_a_full_bericht_prints_no_personal_value_and_no_free_text() {
    let mut checked = 0;
    for full in Kind::ALL.into_iter().flat_map(all_berichten) {
        checked += assert_prints_nothing_personal(&full, &printed(&full));
    }
    assert!(checked > 300, "only {checked} values were looked for; is the oracle blind?");
}

#[test]
fn debug_of_every_other_message_prints_no_personal_value_and_no_free_text() {
    for message in all_messages() {
        // A page of deliveries has thousands of combinations; the first hundred hold every kind.
        for full in all_filled(message).take(100) {
            assert_prints_nothing_personal(&full, &printed(&full));
        }
    }
}

#[test]
fn a_hidden_field_shows_that_it_is_there_and_nothing_of_its_value() {
    let mut checked = 0;
    for message in all_messages() {
        let name = message.name().to_owned();
        for full in all_filled(message.clone()).take(20) {
            for (field, value) in full.fields().filter(|(field, _)| must_be_hidden(field) && !holds_contract_message(field)) {
                let mut alone = DynamicMessage::new(message.clone());
                alone.set_field(&field, value.clone());
                let expected = match real_oneof(&field) {
                    Some(oneof) => format!("{name} {{ {}: {}(<afgeschermd>) }}", oneof.name(), camel(field.name())),
                    None => format!("{name} {{ {}: <afgeschermd> }}", field.name()),
                };
                assert_eq!(printed(&alone), expected);
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "only {checked} fields were hidden");
}

#[test]
fn debug_of_a_message_with_an_opaque_body_prints_nothing_of_it() {
    for full in all_filled(descriptor("Levering")).take(50) {
        let levering = raw::Levering::decode(full.encode_to_vec().as_slice()).expect("a twin decodes");
        assert_eq!(format!("{levering:?}"), "Levering { <afgeschermd> }");
        let page = raw::FetchResponse { leveringen: vec![levering], laatste_postvaknummer: 1 };
        assert_eq!(format!("{page:?}"), "FetchResponse { <afgeschermd> }");
    }
}

fn camel(name: &str) -> String {
    name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}
