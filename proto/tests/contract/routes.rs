//! The generated table of kinds and routes against a second reading of the options. It does not test who is found at a destination.

use jeugdketen_proto::{Kind, pool};
use prost_reflect::{DynamicMessage, Value};

use crate::filled::descriptor;

fn option(kind: Kind) -> DynamicMessage {
    let extension = pool().get_extension_by_name("jeugdketen.hub.v1.route").expect("the contract declares the option");
    descriptor(kind.name()).options().get_extension(&extension).as_message().expect("the option is a message").clone()
}

fn number(message: &DynamicMessage, name: &str) -> i32 {
    message.get_field_by_name(name).and_then(|value| value.as_enum_number()).expect("an enum")
}

fn list(message: &DynamicMessage, name: &str) -> Vec<Value> {
    message.get_field_by_name(name).and_then(|value| value.as_list().map(<[Value]>::to_vec)).expect("a list")
}

#[test]
fn every_route_is_the_one_that_the_contract_says() {
    for kind in Kind::ALL {
        let (route, option) = (kind.route(), option(kind));
        let numbers = |name| list(&option, name).iter().filter_map(Value::as_enum_number).collect::<Vec<_>>();
        let to = list(&option, "naar");
        let to: Vec<_> = to.iter().filter_map(Value::as_message).map(|to| (number(to, "rol"), number(to, "wie"))).collect();
        assert_eq!(route.from.iter().map(|role| *role as i32).collect::<Vec<_>>(), numbers("van"), "{kind:?}");
        assert_eq!(route.to.iter().map(|(role, who)| (*role as i32, *who as i32)).collect::<Vec<_>>(), to, "{kind:?}");
        assert_eq!(route.consult.iter().map(|role| *role as i32).collect::<Vec<_>>(), numbers("inzage"), "{kind:?}");
        assert_eq!(route.case as i32, number(&option, "zaak"), "{kind:?}");
        assert_eq!(Some(route.about_bepaling), option.get_field_by_name("over_bepaling").and_then(|value| value.as_bool()), "{kind:?}");
    }
}

#[test]
fn the_audience_of_a_route_is_its_recipients_and_those_who_may_consult() {
    for kind in Kind::ALL {
        let route = kind.route();
        let members = route.to.iter().map(|(role, _)| role).chain(route.consult);
        assert_eq!(route.audience, members.fold(0, |bits, role| bits | 1 << *role as u32), "{kind:?}");
    }
}

#[test]
fn the_kinds_are_the_members_of_inhoud() {
    let oneof = descriptor("Bericht").oneofs().find(|oneof| oneof.name() == "inhoud").expect("the oneof");
    let members: Vec<_> = oneof.fields().map(|field| (field.name().to_owned(), field.number())).collect();
    let kinds: Vec<_> = Kind::ALL.iter().map(|kind| (kind.field().to_owned(), *kind as u32)).collect();
    assert_eq!(kinds, members);
}
