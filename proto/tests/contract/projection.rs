//! The generated projection against a second reading of the options: every kind, every role, every field, every member of a oneof.
//! It does not look at routes; who receives at all is the hub's business.

use std::collections::BTreeSet;

use jeugdketen_proto::v1::{Bericht, Jeugdhulpbepaling, Jeugdige, Overleg, Rol, Voorziening, bericht::Inhoud, jeugdige::Identiteit};
use jeugdketen_proto::{Kind, Projection, Reader};
use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind as Type, MessageDescriptor, ReflectMessage as _, Value};

use crate::filled::{self, Leaf, OWN_OIN, Sentinel, all_berichten, all_filled, descriptor, leaves, ours, own_part, readers, sentinels};

/// Every role that the contract names.
pub fn roles() -> impl Iterator<Item = Rol> {
    (1..32).filter_map(|number| Rol::try_from(number).ok())
}

/// The message with only what the options grant this reader, worked out from the descriptors.
fn granted(message: &DynamicMessage, role: Rol, oin: &str) -> DynamicMessage {
    let mut view = DynamicMessage::new(message.descriptor());
    for (field, value) in message.fields().filter(|(field, _)| grants(field, role)) {
        let value = match value {
            Value::List(list) => Value::List(
                list.iter().filter(|element| is_own(&field, element, role, oin)).map(|element| inside(element, role, oin)).collect(),
            ),
            value => inside(value, role, oin),
        };
        view.set_field(&field, value);
    }
    view
}

fn inside(value: &Value, role: Rol, oin: &str) -> Value {
    match value {
        Value::Message(message) if ours(&message.descriptor()) => Value::Message(granted(message, role, oin)),
        value => value.clone(),
    }
}

fn grants(field: &FieldDescriptor, role: Rol) -> bool {
    filled::everyone(field) || readers(field).contains(&(role as i32))
}

fn is_own(field: &FieldDescriptor, element: &Value, role: Rol, oin: &str) -> bool {
    own_part(field).is_none_or(|(narrowed, name)| {
        let owner = element.as_message().and_then(|message| message.get_field_by_name(&name).map(|value| value.into_owned()));
        narrowed != role as i32 || owner == Some(Value::String(oin.to_owned()))
    })
}

fn found_in(leaves: &[Leaf]) -> BTreeSet<Sentinel> {
    leaves.iter().flat_map(|leaf| &leaf.value).flat_map(sentinels).collect()
}

fn occurs(needle: &Sentinel, bytes: &[u8]) -> bool {
    let needle = needle.bytes();
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// Projects one message for one role and compares with the oracle. Returns how many values were shown and hidden.
fn compare<Typed: Message + Default + Projection>(full: &DynamicMessage, role: Rol) -> (usize, usize) {
    let name = full.descriptor().name().to_owned();
    let everything = leaves(full);
    let expected = leaves(&granted(full, role, OWN_OIN));
    let mut typed = Typed::decode(full.encode_to_vec().as_slice()).expect("a filled message decodes");
    typed.restrict(&Reader { role, oin: OWN_OIN });
    let bytes = typed.encode_to_vec();
    let view = DynamicMessage::decode(full.descriptor(), bytes.as_slice()).expect("a view decodes");

    assert_eq!(leaves(&view), expected, "{name} for {role:?}");
    for secret in found_in(&everything).difference(&found_in(&expected)) {
        assert!(!occurs(secret, &bytes), "{secret:?} of a hidden field is in the bytes of {name} for {role:?}");
    }
    (expected.len(), everything.len() - expected.len())
}

#[test]
fn every_role_gets_exactly_the_fields_whose_options_name_it() {
    let (mut shown, mut hidden) = (0, 0);
    for full in Kind::ALL.into_iter().flat_map(all_berichten) {
        for role in roles() {
            let (seen, unseen) = compare::<Bericht>(&full, role);
            shown += seen;
            hidden += unseen;
        }
    }
    assert!(shown > 2_000, "only {shown} fields were shown; is the oracle blind?");
    assert!(hidden > 3_000, "only {hidden} fields were hidden; is the oracle blind?");
}

/// In the contract of today whoever sees one of these messages sees all members of its oneof; the projection may not rest on that.
#[test]
fn a_member_of_a_oneof_is_hidden_like_any_other_field() {
    let mut hidden = 0;
    for role in roles() {
        let jeugdigen = all_filled(descriptor("Jeugdige")).map(|full| compare::<Jeugdige>(&full, role).1);
        let overleggen = all_filled(descriptor("Overleg")).map(|full| compare::<Overleg>(&full, role).1);
        hidden += jeugdigen.sum::<usize>() + overleggen.sum::<usize>();
    }
    assert!(hidden > 100, "only {hidden} fields were hidden; is the oracle blind?");

    let mut jeugdige = Jeugdige { identiteit: Some(Identiteit::Bsn("999990019".to_owned())), geheim_adres: None };
    jeugdige.restrict(&Reader { role: Rol::Inspectie, oin: OWN_OIN });
    assert!(jeugdige == Jeugdige::default());
}

#[test]
fn the_filled_messages_leave_no_field_of_the_contract_out() {
    let mut reachable = BTreeSet::new();
    let mut waiting = vec![filled::descriptor("Bericht")];
    while let Some(message) = waiting.pop() {
        for field in message.fields() {
            let new = reachable.insert(field.full_name().to_owned());
            if let Type::Message(inner) = field.kind()
                && new
                && ours(&inner)
            {
                waiting.push(inner);
            }
        }
    }
    let all = Kind::ALL.into_iter().flat_map(all_berichten).flat_map(|full| leaves(&full));
    let filled: BTreeSet<_> = all.map(|leaf| leaf.field.full_name().to_owned()).collect();
    assert_eq!(filled, reachable);
}

#[test]
fn a_view_seen_through_the_same_eyes_again_is_the_same() {
    for kind in Kind::ALL {
        let full = all_berichten(kind).next().expect("one filled message");
        for role in roles() {
            let reader = Reader { role, oin: OWN_OIN };
            let mut once = Bericht::decode(full.encode_to_vec().as_slice()).expect("a filled message decodes");
            once.restrict(&reader);
            let mut twice = once.clone();
            twice.restrict(&reader);
            assert!(once == twice, "{kind:?} for {role:?}");
        }
    }
}

#[test]
fn nobody_without_a_role_sees_more_than_the_protocol() {
    let protocol = |message: &MessageDescriptor| message.fields().filter(filled::everyone).count();
    for kind in Kind::ALL {
        let full = all_berichten(kind).next().expect("one filled message");
        let mut typed = Bericht::decode(full.encode_to_vec().as_slice()).expect("a filled message decodes");
        typed.restrict(&Reader { role: Rol::Unspecified, oin: OWN_OIN });
        let view = DynamicMessage::decode(full.descriptor(), typed.encode_to_vec().as_slice()).expect("a view decodes");
        let content = view.get_field_by_name(kind.field()).expect("the kind stays visible").into_owned();
        let content = content.as_message().expect("a message");
        assert_eq!(content.fields().count(), protocol(&content.descriptor()), "{kind:?}");
    }
}

#[test]
fn an_aanbieder_sees_only_its_own_voorzieningen() {
    let voorziening = |nr, oin: &str, agb: &str| Voorziening {
        nr,
        aanbieder_oin: oin.to_owned(),
        gewenste_onderaannemer_agb: agb.to_owned(),
        ..Default::default()
    };
    let (ours, theirs) = ("00000099000000004001", "00000099000000004002");
    let voorzieningen = vec![voorziening(1, ours, "11111111"), voorziening(2, theirs, "22222222"), voorziening(3, ours, "33333333")];
    let bepaling = Jeugdhulpbepaling { voorzieningen, ..Default::default() };
    let bericht = Bericht { inhoud: Some(Inhoud::Jeugdhulpbepaling(bepaling)), ..Default::default() };

    let seen_by = |role, oin| {
        let mut view = bericht.clone();
        view.restrict(&Reader { role, oin });
        let bytes = String::from_utf8_lossy(&view.encode_to_vec()).into_owned();
        let Some(Inhoud::Jeugdhulpbepaling(bepaling)) = view.inhoud else { panic!("a bepaling stays a bepaling") };
        (bepaling.voorzieningen.iter().map(|voorziening| voorziening.nr).collect::<Vec<_>>(), bytes)
    };
    let (numbers, bytes) = seen_by(Rol::Aanbieder, ours);
    assert_eq!(numbers, [1, 3]);
    assert!(!bytes.contains(theirs) && !bytes.contains("22222222"));
    assert_eq!(seen_by(Rol::Aanbieder, theirs).0, [2]);
    assert!(seen_by(Rol::Aanbieder, "00000099000000004003").0.is_empty());
    assert!(seen_by(Rol::Aanbieder, "").0.is_empty());
    assert_eq!(seen_by(Rol::Gemeente, "00000099000000003000").0, [1, 2, 3]);
}
