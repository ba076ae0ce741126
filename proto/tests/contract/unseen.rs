//! Fields that nobody in an audience may see, as the generated code reports them, against a second reading of the options.

use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{Bericht, GeheimAdres, Jeugdhulpbepaling, Jeugdige, Rol, jeugdige::Identiteit};
use jeugdketen_proto::{Kind, Path, Projection as _};
use prost::Message as _;
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use crate::filled::{all_berichten, everyone, ours, readers};
use crate::projection::roles;

fn reported(bericht: &Bericht, audience: u32) -> Vec<String> {
    let mut found = Vec::new();
    bericht.unseen(audience, &Path::ROOT, &mut found);
    found.sort();
    found
}

/// Paths where the last role of the audience is lost; what lies below is not named again.
fn lost(message: &DynamicMessage, audience: &[i32], prefix: &str, found: &mut Vec<String>) {
    for (field, value) in message.fields() {
        let path = format!("{prefix}{}", field.name());
        let left: Vec<i32> = audience.iter().copied().filter(|role| everyone(&field) || readers(&field).contains(role)).collect();
        match value {
            Value::List(list) if list.iter().all(|element| contract_message(element).is_some()) => {
                for (index, element) in list.iter().enumerate() {
                    descend(element, &left, format!("{path}[{index}]"), found);
                }
            }
            value => descend(value, &left, path, found),
        }
    }
}

fn descend(value: &Value, left: &[i32], path: String, found: &mut Vec<String>) {
    if left.is_empty() {
        found.push(path);
    } else if let Some(inner) = contract_message(value) {
        lost(inner, left, &format!("{path}."), found);
    }
}

fn contract_message(value: &Value) -> Option<&DynamicMessage> {
    value.as_message().filter(|message| ours(&message.descriptor()))
}

#[test]
fn exactly_the_fields_that_no_role_of_the_audience_may_see_are_reported() {
    let mut reports = 0;
    for kind in Kind::ALL {
        let hub = 1 << Rol::Hub as u32;
        let alone = roles().map(|role| 1 << role as u32);
        let audiences: Vec<u32> = [kind.route().audience, kind.route().audience | hub].into_iter().chain(alone).collect();
        for full in all_berichten(kind) {
            let bericht = Bericht::decode(full.encode_to_vec().as_slice()).expect("a filled message decodes");
            for audience in &audiences {
                let members: Vec<i32> = (0..32).filter(|role| audience & (1 << role) != 0).collect();
                let mut expected = Vec::new();
                lost(&full, &members, "", &mut expected);
                expected.sort();
                assert_eq!(reported(&bericht, *audience), expected, "{kind:?} before {members:?}");
                reports += expected.len();
            }
        }
    }
    assert!(reports > 1_500, "only {reports} reports; is the oracle blind?");
}

#[test]
fn a_secret_address_in_a_jeugdhulpbepaling_is_refused_by_its_path() {
    let jeugdige = Jeugdige {
        identiteit: Some(Identiteit::Bsn("999990019".to_owned())),
        geheim_adres: Some(GeheimAdres { postcode: "1234AB".to_owned(), ..Default::default() }),
    };
    let bepaling = Jeugdhulpbepaling { jeugdige: Some(jeugdige), ..Default::default() };
    let bericht = Bericht { inhoud: Some(Inhoud::Jeugdhulpbepaling(bepaling)), ..Default::default() };
    let audience = Kind::Jeugdhulpbepaling.route().audience;
    assert_eq!(reported(&bericht, audience), ["jeugdhulpbepaling.jeugdige.geheim_adres"]);
}

#[test]
fn an_empty_message_has_nothing_unseen() {
    assert!(reported(&Bericht::default(), 0).is_empty());
}
