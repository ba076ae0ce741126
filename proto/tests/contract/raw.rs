//! The twins with opaque bodies against the generated types: the same bytes for every shape. It does not serve anything.

use jeugdketen_proto::{raw, v1};
use prost::Message;

use crate::filled::{all_filled, descriptor};

/// Full messages, and the empty one, through both types in both directions.
fn same_on_the_wire<Typed: Message + Default + PartialEq, Twin: Message + Default>(name: &str) {
    let full = all_filled(descriptor(name)).take(200).map(|message| message.encode_to_vec());
    let mut shapes = 0;
    for bytes in full.chain([Vec::new()]) {
        let typed = Typed::decode(bytes.as_slice()).expect("the type decodes");
        let twin = Twin::decode(bytes.as_slice()).expect("the twin decodes");
        assert_eq!(typed.encode_to_vec(), twin.encode_to_vec(), "{name}");
        assert!(Typed::decode(twin.encode_to_vec().as_slice()).expect("what the twin wrote decodes") == typed, "{name}");
        shapes += 1;
    }
    assert!(shapes > 1, "{name} was only tried empty");
}

#[test]
fn every_twin_is_the_same_on_the_wire_as_its_type() {
    same_on_the_wire::<v1::SubmitRequest, raw::SubmitRequest>("SubmitRequest");
    same_on_the_wire::<v1::SubmitStreamRequest, raw::SubmitStreamRequest>("SubmitStreamRequest");
    same_on_the_wire::<v1::SubmitResponse, raw::SubmitResponse>("SubmitResponse");
    same_on_the_wire::<v1::SubmitStreamResponse, raw::SubmitStreamResponse>("SubmitStreamResponse");
    same_on_the_wire::<v1::SubscribeResponse, raw::SubscribeResponse>("SubscribeResponse");
    same_on_the_wire::<v1::FetchResponse, raw::FetchResponse>("FetchResponse");
    same_on_the_wire::<v1::Levering, raw::Levering>("Levering");
}

#[test]
fn an_empty_body_is_still_a_body() {
    let typed = v1::SubmitRequest { bericht: Some(v1::Bericht::default()), ..Default::default() };
    let twin = raw::SubmitRequest { bericht: Some(bytes::Bytes::new()), ..Default::default() };
    assert_eq!(typed.encode_to_vec(), twin.encode_to_vec());
    let typed = v1::Levering { inhoud: Some(v1::levering::Inhoud::Bericht(v1::Bericht::default())), ..Default::default() };
    let twin = raw::Levering { inhoud: Some(raw::Inhoud::Bericht(bytes::Bytes::new())), ..Default::default() };
    assert_eq!(typed.encode_to_vec(), twin.encode_to_vec());
    assert_ne!(twin.encode_to_vec(), raw::Levering::default().encode_to_vec());
}

#[test]
fn a_twin_carries_its_body_byte_for_byte() {
    let body = bytes::Bytes::from_static(&[0x52, 0x00, 0x0a, 0x01, b'x']);
    let sent = raw::SubmitRequest { bericht: Some(body.clone()), ..Default::default() }.encode_to_vec();
    let received = raw::SubmitRequest::decode(sent.as_slice()).expect("the twin decodes");
    assert_eq!(received.bericht, Some(body));
}
