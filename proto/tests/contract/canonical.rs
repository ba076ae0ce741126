//! The canonical form of a message, and the bytes that are refused because they have none. It does not test what a message means.

use jeugdketen_proto::{Kind, NotCanonical, canonical_bericht};
use proptest::prelude::*;
use prost::Message as _;
use prost::encoding::{decode_varint, encode_varint};
use prost_reflect::{DynamicMessage, Kind as Type, MessageDescriptor, ReflectMessage as _, Value};

use crate::filled::{all_berichten, descriptor};

/// One field as it stands on the wire.
struct Record {
    number: u32,
    wire: u8,
    payload: Vec<u8>,
}

impl Record {
    fn read_all(mut bytes: &[u8]) -> Vec<Record> {
        let mut records = Vec::new();
        while !bytes.is_empty() {
            let key = decode_varint(&mut bytes).expect("a key");
            let (number, wire) = (u32::try_from(key >> 3).expect("a field number"), (key & 7) as u8);
            let before = bytes;
            let payload = match wire {
                0 => {
                    decode_varint(&mut bytes).expect("a number");
                    before[..before.len() - bytes.len()].to_vec()
                }
                2 => {
                    let length = usize::try_from(decode_varint(&mut bytes).expect("a length")).expect("a short one");
                    let (payload, rest) = bytes.split_at(length);
                    bytes = rest;
                    payload.to_vec()
                }
                other => panic!("the contract has no fields of wire type {other} yet"),
            };
            records.push(Record { number, wire, payload });
        }
        records
    }

    fn write(&self, out: &mut Vec<u8>) {
        encode_varint(u64::from(self.number << 3) | u64::from(self.wire), out);
        if self.wire == 2 {
            encode_varint(self.payload.len() as u64, out);
        }
        out.extend_from_slice(&self.payload);
    }
}

fn written(records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    records.iter().for_each(|record| record.write(&mut out));
    out
}

/// A field that holds `payload`, which may itself be a message.
fn holding(number: u32, payload: &[u8]) -> Vec<u8> {
    written(&[Record { number, wire: 2, payload: payload.to_vec() }])
}

/// Applies a change to the records of a message and of every message inside it.
fn rewritten(message: &MessageDescriptor, bytes: &[u8], change: fn(&MessageDescriptor, Vec<Record>) -> Vec<Record>) -> Vec<u8> {
    let mut records = Record::read_all(bytes);
    for record in &mut records {
        if let Some(Type::Message(inner)) = message.get_field(record.number).map(|field| field.kind()) {
            record.payload = rewritten(&inner, &record.payload, change);
        }
    }
    written(&change(message, records))
}

/// Fields from the highest number down; elements of one list keep their order.
fn descending(_message: &MessageDescriptor, mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by_key(|record| std::cmp::Reverse(record.number));
    records
}

/// Every absent scalar without presence is written out with its default.
fn with_defaults(message: &MessageDescriptor, mut records: Vec<Record>) -> Vec<Record> {
    for field in message.fields().filter(|field| !field.supports_presence() && !field.is_list()) {
        if records.iter().all(|record| record.number != field.number()) {
            let text = matches!(field.kind(), Type::String | Type::Bytes);
            records.push(Record { number: field.number(), wire: if text { 2 } else { 0 }, payload: if text { vec![] } else { vec![0] } });
        }
    }
    records
}

/// The message with its structure but without any scalar that could be written as a default.
fn hollow(message: &DynamicMessage) -> DynamicMessage {
    let mut out = DynamicMessage::new(message.descriptor());
    for (field, value) in message.fields().filter(|(field, _)| field.supports_presence() || field.is_list()) {
        let value = match value {
            Value::Message(inner) => Value::Message(hollow(inner)),
            Value::List(list) if matches!(field.kind(), Type::Message(_)) => {
                Value::List(list.iter().filter_map(Value::as_message).map(|inner| Value::Message(hollow(inner))).collect())
            }
            value => value.clone(),
        };
        out.set_field(&field, value);
    }
    out
}

fn full(kind: Kind) -> DynamicMessage {
    all_berichten(kind).next().expect("one filled message")
}

/// A jeugdhulpbepaling with these bytes inside.
fn bepaling(inside: &[u8]) -> Vec<u8> {
    holding(16, inside)
}

/// A field that the contract does not have.
const UNKNOWN: [u8; 3] = [0xb8, 0x3e, 0x01];

fn unknown_at(paths: &[&str]) -> NotCanonical {
    NotCanonical::UnknownFields(paths.iter().map(|path| (*path).to_owned()).collect())
}

fn refusal(bytes: &[u8]) -> NotCanonical {
    canonical_bericht(bytes).expect_err("these bytes must be refused")
}

#[test]
fn a_canonical_message_is_its_own_canonical_form() {
    for message in Kind::ALL.into_iter().flat_map(all_berichten) {
        let bytes = message.encode_to_vec();
        let (bericht, canonical) = canonical_bericht(&bytes).expect("a filled message is known");
        assert_eq!(canonical, bytes);
        assert_eq!(bericht.encode_to_vec(), bytes);
        let numbers: Vec<u32> = Record::read_all(&canonical).iter().map(|record| record.number).collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
}

#[test]
fn the_order_of_fields_does_not_change_the_canonical_form() {
    for message in Kind::ALL.into_iter().flat_map(all_berichten) {
        let bytes = message.encode_to_vec();
        let shuffled = rewritten(&descriptor("Bericht"), &bytes, descending);
        assert_ne!(shuffled, bytes);
        assert_eq!(canonical_bericht(&shuffled).expect("nothing is unknown").1, bytes);
    }
}

#[test]
fn defaults_written_out_do_not_change_the_canonical_form() {
    for message in Kind::ALL.into_iter().flat_map(all_berichten) {
        let bytes = hollow(&message).encode_to_vec();
        let explicit = rewritten(&descriptor("Bericht"), &bytes, with_defaults);
        assert!(explicit.len() > bytes.len());
        assert_eq!(canonical_bericht(&explicit).expect("nothing is unknown").1, bytes);
    }
}

#[test]
fn a_number_written_longer_than_needed_does_not_change_the_canonical_form() {
    let bepaling_with_soort = |varint: &[u8]| bepaling(&[&[0x10], varint].concat());
    let (_, short) = canonical_bericht(&bepaling_with_soort(&[11])).expect("a known enum");
    let (_, long) = canonical_bericht(&bepaling_with_soort(&[0x8b, 0x80, 0x00])).expect("the same enum");
    assert_eq!(short, long);
    assert_eq!(short, bepaling_with_soort(&[11]));
}

#[test]
fn a_field_that_is_sent_twice_counts_once() {
    let twice = [holding(1, b"eerste"), holding(1, b"tweede")].concat();
    let (bericht, canonical) = canonical_bericht(&twice).expect("nothing is unknown");
    assert_eq!((bericht.bericht_id.as_str(), canonical), ("tweede", holding(1, b"tweede")));
}

#[test]
fn an_unknown_field_is_refused_with_its_path_at_every_depth() {
    let voorziening = [[0x08, 0x01].as_slice(), &UNKNOWN].concat();
    let list = [holding(4, &[0x08, 0x01]), holding(4, &voorziening)].concat();
    assert_eq!(refusal(&UNKNOWN), unknown_at(&[""]));
    assert_eq!(refusal(&bepaling(&UNKNOWN)), unknown_at(&["jeugdhulpbepaling"]));
    assert_eq!(refusal(&bepaling(&holding(1, &UNKNOWN))), unknown_at(&["jeugdhulpbepaling.jeugdige"]));
    assert_eq!(refusal(&bepaling(&list)), unknown_at(&["jeugdhulpbepaling.voorzieningen[1]"]));
    assert_eq!(refusal(&[bepaling(&list), UNKNOWN.to_vec()].concat()), unknown_at(&["", "jeugdhulpbepaling.voorzieningen[1]"]));
    assert_eq!(refusal(&holding(11, &holding(6, &UNKNOWN))), unknown_at(&["uitspraak.uitgesproken_op"]), "in a Timestamp too");
}

#[test]
fn an_unknown_field_is_found_in_a_message_out_of_order() {
    let bytes = full(Kind::Uitspraak).encode_to_vec();
    let shuffled = rewritten(&descriptor("Bericht"), &bytes, descending);
    assert_eq!(refusal(&[UNKNOWN.to_vec(), shuffled].concat()), unknown_at(&[""]));
}

#[test]
fn a_member_of_inhoud_that_a_later_one_replaces_leaves_no_trace() {
    let last = holding(11, &holding(4, b"zaak"));
    let (_, canonical) = canonical_bericht(&[bepaling(&UNKNOWN), last.clone()].concat()).expect("the last member counts");
    assert_eq!(canonical, last);
}

#[test]
fn text_that_is_not_utf8_is_malformed() {
    assert_eq!(refusal(&holding(1, &[0xff, 0xfe])), NotCanonical::Malformed);
    assert_eq!(refusal(&bepaling(&holding(8, &[0xc3, 0x28]))), NotCanonical::Malformed);
}

#[test]
fn a_message_that_breaks_off_is_malformed_or_ends_between_fields() {
    let bytes = full(Kind::Jeugdhulpbepaling).encode_to_vec();
    let ends: Vec<usize> = (1..bytes.len()).filter(|end| canonical_bericht(&bytes[..*end]).is_ok()).collect();
    assert!(ends.len() <= 3, "bericht_id, maatregel_id and correctie end at {ends:?}");
    assert!((1..bytes.len()).filter(|end| !ends.contains(end)).all(|end| refusal(&bytes[..end]) == NotCanonical::Malformed));
}

#[test]
fn deep_garbage_is_malformed() {
    let opened = [0xbb, 0x3e].repeat(10_000);
    assert_eq!(refusal(&opened), NotCanonical::Malformed, "groups that are never closed");
    let closed = [opened, [0xbc, 0x3e].repeat(10_000)].concat();
    assert_eq!(refusal(&closed), NotCanonical::Malformed, "groups nested deeper than any message");
    assert_eq!(refusal(&[0x0b; 400]), NotCanonical::Malformed, "a text that claims to be a group");
    assert_eq!(refusal(&[0x00; 8]), NotCanonical::Malformed, "field number zero");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic_and_a_canonical_form_is_stable(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok((_, canonical)) = canonical_bericht(&bytes) {
            prop_assert_eq!(canonical_bericht(&canonical).expect("a canonical form is a message").1, canonical);
        }
    }

    #[test]
    fn a_damaged_message_never_panics_and_its_canonical_form_is_stable(
        kind in prop::sample::select(Kind::ALL.to_vec()),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = full(kind).encode_to_vec();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Ok((_, canonical)) = canonical_bericht(&bytes) {
            prop_assert_eq!(canonical_bericht(&canonical).expect("a canonical form is a message").1, canonical);
        }
    }
}
