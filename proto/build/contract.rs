//! Reads the policy options of the contract into plain data and refuses a contract that leaves anything open. It generates nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value,
};

use crate::commitment;

/// The policy of a whole contract.
pub struct Contract {
    /// Names of the roles without prefix, by number.
    pub roles: BTreeMap<i32, String>,
    /// Every message of the package except the options themselves, by name.
    pub messages: BTreeMap<String, Message>,
    /// The kinds of message in the oneof `Bericht.inhoud`, in field order.
    pub kinds: Vec<KindOfMessage>,
}

/// One message type.
pub struct Message {
    pub name: String,
    pub fields: Vec<Field>,
    /// Whether it can occur inside a `Bericht`, and so must be projected.
    pub in_bericht: bool,
}

/// One field with its visibility.
pub struct Field {
    pub name: String,
    pub number: u32,
    pub shape: Shape,
    /// Bit per role number; all bits for a protocol field.
    pub readers: u32,
    pub everyone: bool,
    pub ground: String,
    pub class: String,
    /// Name of the oneof this field is in, when it is a real one.
    pub oneof: Option<String>,
    pub own_part: Option<OwnPart>,
}

/// Narrowing of a repeated field to the elements that name the reader.
pub struct OwnPart {
    pub role: i32,
    pub field: String,
}

/// What a field is, as far as generated code must know.
#[derive(Clone, PartialEq, Eq)]
pub enum Shape {
    /// A scalar, string or bytes with implicit presence.
    Plain { text: bool },
    /// An enum, by its name.
    Enum(String),
    /// A scalar, string, bytes or enum with explicit presence (`optional`).
    Optional { text: bool },
    /// A message of the contract.
    Message(String),
    /// A message of another package, such as Timestamp.
    Foreign,
    /// Repeated scalars, strings or bytes.
    RepeatedPlain,
    /// Repeated enums.
    RepeatedEnum,
    /// Repeated messages of the contract.
    RepeatedMessage(String),
}

/// A member of the oneof `Bericht.inhoud`, with its route.
pub struct KindOfMessage {
    pub field: String,
    pub number: u32,
    pub message: String,
    pub from: Vec<i32>,
    pub to: Vec<(i32, i32)>,
    pub consult: Vec<i32>,
    pub case: i32,
    pub about_bepaling: bool,
    pub comment: String,
}

impl Contract {
    /// Reads and checks; on faults returns every one of them.
    pub fn read(pool: &DescriptorPool, package: &str) -> Result<Contract, Vec<String>> {
        let mut reader = Reader { pool, package, faults: Vec::new() };
        let contract = reader.contract();
        match contract {
            Some(contract) if reader.faults.is_empty() => Ok(contract),
            _ => Err(reader.faults),
        }
    }

    /// Roles that can come to see a message of this kind: recipients and those who may consult it.
    pub fn audience(kind: &KindOfMessage) -> u32 {
        kind.to.iter().map(|(role, _)| role).chain(&kind.consult).fold(0, |bits, role| bits | 1 << role)
    }
}

struct Reader<'a> {
    pool: &'a DescriptorPool,
    package: &'a str,
    faults: Vec<String>,
}

impl Reader<'_> {
    fn contract(&mut self) -> Option<Contract> {
        let roles = self.enum_named("Rol")?;
        let roles = roles.values().map(|value| (value.number(), short_name("ROL_", value.name()))).collect();
        let mut messages = BTreeMap::new();
        let options = self.option_messages();
        let descriptors: Vec<_> = self
            .pool
            .all_messages()
            .filter(|message| message.package_name() == self.package && !message.is_map_entry())
            .filter(|message| !options.contains(message.full_name()))
            .collect();
        for descriptor in &descriptors {
            let message = self.message(descriptor);
            messages.insert(message.name.clone(), message);
        }
        let kinds = self.kinds(&descriptors);
        let mut contract = Contract { roles, messages, kinds };
        self.mark_reachable(&mut contract);
        self.check_audience(&contract);
        self.check_own_parts(&contract);
        self.check_one_own_part(&contract);
        Some(contract)
    }

    fn enum_named(&mut self, name: &str) -> Option<EnumDescriptor> {
        let found = self.pool.get_enum_by_name(&format!("{}.{name}", self.package));
        if found.is_none() {
            self.faults.push(format!("the contract has no enum {name}"));
        }
        found
    }

    /// Full names of the messages that the options themselves are made of; they never travel.
    fn option_messages(&self) -> BTreeSet<String> {
        let extension = |name| self.pool.get_extension_by_name(&format!("{}.{name}", self.package));
        let mut waiting: Vec<Kind> = ["zicht", "route"].into_iter().filter_map(extension).map(|option| option.kind()).collect();
        let mut found = BTreeSet::new();
        while let Some(kind) = waiting.pop() {
            let Kind::Message(message) = kind else { continue };
            if found.insert(message.full_name().to_owned()) {
                waiting.extend(message.fields().map(|field| field.kind()));
            }
        }
        found
    }

    fn option(&self, options: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
        let extension = self.pool.get_extension_by_name(&format!("{}.{name}", self.package))?;
        if !options.has_extension(&extension) {
            return None;
        }
        options.get_extension(&extension).as_message().cloned()
    }

    fn message(&mut self, descriptor: &MessageDescriptor) -> Message {
        self.check_order(descriptor);
        let fields = descriptor.fields().map(|field| self.field(&field)).collect();
        Message { name: descriptor.name().to_owned(), fields, in_bericht: false }
    }

    /// The canonical form has fields in ascending order, but an encoder writes a oneof in one place, whichever member is set.
    fn check_order(&mut self, descriptor: &MessageDescriptor) {
        for oneof in descriptor.oneofs() {
            let members: Vec<u32> = oneof.fields().map(|field| field.number()).collect();
            let (Some(first), Some(last)) = (members.iter().min(), members.iter().max()) else { continue };
            for field in descriptor.fields().filter(|field| (*first..*last).contains(&field.number()) && !members.contains(&field.number()))
            {
                self.faults.push(format!("{}: its number lies between those of the oneof `{}`", field.full_name(), oneof.name()));
            }
        }
    }

    fn field(&mut self, descriptor: &FieldDescriptor) -> Field {
        let path = descriptor.full_name().to_owned();
        let option = self.option(&descriptor.options(), "zicht");
        if option.is_none() {
            self.faults.push(format!("{path}: has no visibility option (zicht)"));
        }
        let everyone = option.as_ref().is_some_and(|o| boolean(o, "allen"));
        let roles = option.as_ref().map(|o| numbers(o, "lezers")).unwrap_or_default();
        let ground = option.as_ref().map(|o| text(o, "grond")).unwrap_or_default();
        let class = option.as_ref().map(|o| enum_name(o, "klasse")).unwrap_or_default();
        if option.is_some() {
            if everyone != roles.is_empty() {
                self.faults.push(format!("{path}: needs either `allen` or `lezers`"));
            }
            if ground.is_empty() {
                self.faults.push(format!("{path}: has no legal ground (grond)"));
            }
            if class.is_empty() || class == "KLASSE_UNSPECIFIED" {
                self.faults.push(format!("{path}: has no class (klasse)"));
            }
            if roles.contains(&0) {
                self.faults.push(format!("{path}: names ROL_UNSPECIFIED as a reader"));
            }
        }
        Field {
            name: descriptor.name().to_owned(),
            number: descriptor.number(),
            shape: self.shape(descriptor),
            readers: if everyone { u32::MAX } else { roles.iter().fold(0, |bits, role| bits | 1 << role) },
            everyone,
            ground,
            class,
            oneof: real_oneof(descriptor),
            own_part: option.as_ref().and_then(own_part),
        }
    }

    fn shape(&mut self, descriptor: &FieldDescriptor) -> Shape {
        if descriptor.is_map() || matches!(descriptor.cardinality(), Cardinality::Required) {
            self.faults.push(format!("{}: maps and required fields have no projection", descriptor.full_name()));
        }
        let own = |message: &MessageDescriptor| message.package_name() == self.package;
        match (descriptor.kind(), descriptor.is_list()) {
            (Kind::Message(message), false) if own(&message) => Shape::Message(message.name().to_owned()),
            (Kind::Message(message), true) if own(&message) => Shape::RepeatedMessage(message.name().to_owned()),
            (Kind::Message(_), false) => Shape::Foreign,
            (Kind::Message(_), true) => {
                self.faults.push(format!("{}: repeated foreign messages have no projection", descriptor.full_name()));
                Shape::Foreign
            }
            (Kind::Enum(_), true) => Shape::RepeatedEnum,
            (_, true) => Shape::RepeatedPlain,
            (_, false) if descriptor.supports_presence() && real_oneof(descriptor).is_none() => {
                Shape::Optional { text: matches!(descriptor.kind(), Kind::String | Kind::Bytes) }
            }
            (Kind::Enum(kind), false) => Shape::Enum(kind.name().to_owned()),
            (Kind::String | Kind::Bytes, false) => Shape::Plain { text: true },
            _ => Shape::Plain { text: false },
        }
    }

    fn kinds(&mut self, descriptors: &[MessageDescriptor]) -> Vec<KindOfMessage> {
        let Some(bericht) = descriptors.iter().find(|message| message.name() == "Bericht") else {
            self.faults.push("the contract has no message Bericht".to_owned());
            return Vec::new();
        };
        let members = bericht.fields().filter(|field| real_oneof(field).as_deref() == Some("inhoud"));
        members.filter_map(|field| self.kind(&field)).collect()
    }

    fn kind(&mut self, field: &FieldDescriptor) -> Option<KindOfMessage> {
        let Kind::Message(message) = field.kind() else {
            self.faults.push(format!("{}: a member of `inhoud` must be a message", field.full_name()));
            return None;
        };
        let Some(route) = self.option(&message.options(), "route") else {
            self.faults.push(format!("{}: has no route", message.full_name()));
            return None;
        };
        let to = route.get_field_by_name("naar").map(|list| destinations(&list)).unwrap_or_default();
        let kind = KindOfMessage {
            field: field.name().to_owned(),
            number: field.number(),
            message: message.name().to_owned(),
            from: numbers(&route, "van"),
            to,
            consult: numbers(&route, "inzage"),
            case: number(&route, "zaak"),
            about_bepaling: boolean(&route, "over_bepaling"),
            comment: message_comment(&message),
        };
        if kind.from.is_empty() || kind.from.contains(&0) {
            self.faults.push(format!("{}: its route names no sender", message.full_name()));
        }
        if kind.to.iter().any(|(role, who)| *role == 0 || *who == 0) || kind.case == 0 {
            self.faults.push(format!("{}: its route leaves a recipient or the tie to a case open", message.full_name()));
        }
        if kind.to.is_empty() && kind.consult.is_empty() {
            self.faults.push(format!("{}: its route reaches nobody", message.full_name()));
        }
        Some(kind)
    }

    fn mark_reachable(&mut self, contract: &mut Contract) {
        let mut waiting = vec!["Bericht".to_owned()];
        let mut seen = BTreeSet::new();
        while let Some(name) = waiting.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let Some(message) = contract.messages.get_mut(&name) else { continue };
            message.in_bericht = true;
            for field in &message.fields {
                if let Shape::Message(inner) | Shape::RepeatedMessage(inner) = &field.shape {
                    waiting.push(inner.clone());
                }
            }
        }
    }

    /// A field that nobody in the audience of its message may see could never be sent.
    fn check_audience(&mut self, contract: &Contract) {
        for kind in &contract.kinds {
            let audience = Contract::audience(kind);
            let Some(message) = contract.messages.get(&kind.message) else { continue };
            for field in message.fields.iter().filter(|field| field.readers & audience == 0) {
                self.faults.push(format!("{}.{}: no role in its route may see it", kind.message, field.name));
            }
        }
    }

    fn check_own_parts(&mut self, contract: &Contract) {
        for message in contract.messages.values() {
            for field in &message.fields {
                let Some(own) = &field.own_part else { continue };
                let path = format!("{}.{}", message.name, field.name);
                let Shape::RepeatedMessage(element) = &field.shape else {
                    self.faults.push(format!("{path}: `eigen_deel` needs a repeated message"));
                    continue;
                };
                let known = contract
                    .messages
                    .get(element)
                    .is_some_and(|element| element.fields.iter().any(|f| f.name == own.field && f.shape == Shape::Plain { text: true }));
                if !known {
                    self.faults.push(format!("{path}: `eigen_deel` names no string field of {element}"));
                }
            }
        }
    }

    /// The commitment to the fields of a message keeps one list per participant apart, not more.
    fn check_one_own_part(&mut self, contract: &Contract) {
        for kind in &contract.kinds {
            let lists = commitment::of(contract, kind).own_parts;
            if lists.len() > 1 {
                self.faults.push(format!("{}: has more than one list with `eigen_deel`: {}", kind.message, lists.join(", ")));
            }
        }
    }
}

fn real_oneof(field: &FieldDescriptor) -> Option<String> {
    let proto3_optional = field.field_descriptor_proto().proto3_optional();
    field.containing_oneof().filter(|_| !proto3_optional).map(|oneof| oneof.name().to_owned())
}

fn destinations(list: &Value) -> Vec<(i32, i32)> {
    let entries = list.as_list().unwrap_or_default();
    entries.iter().filter_map(Value::as_message).map(|entry| (number(entry, "rol"), number(entry, "wie"))).collect()
}

fn own_part(option: &DynamicMessage) -> Option<OwnPart> {
    if !option.has_field_by_name("eigen_deel") {
        return None;
    }
    let part = option.get_field_by_name("eigen_deel")?.as_message()?.clone();
    Some(OwnPart { role: number(&part, "rol"), field: text(&part, "veld") })
}

fn field<'a>(message: &'a DynamicMessage, name: &str) -> Option<Cow<'a, Value>> {
    message.get_field_by_name(name)
}

fn boolean(message: &DynamicMessage, name: &str) -> bool {
    field(message, name).and_then(|value| value.as_bool()).unwrap_or_default()
}

fn text(message: &DynamicMessage, name: &str) -> String {
    field(message, name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn number(message: &DynamicMessage, name: &str) -> i32 {
    field(message, name).and_then(|value| value.as_enum_number()).unwrap_or_default()
}

fn numbers(message: &DynamicMessage, name: &str) -> Vec<i32> {
    let list = field(message, name);
    let values = list.as_ref().and_then(|value| value.as_list()).unwrap_or_default();
    values.iter().filter_map(Value::as_enum_number).collect()
}

fn enum_name(message: &DynamicMessage, name: &str) -> String {
    let number = number(message, name);
    let Some(Kind::Enum(kind)) = message.descriptor().get_field_by_name(name).map(|field| field.kind()) else {
        return String::new();
    };
    kind.get_value(number).map(|value| value.name().to_owned()).unwrap_or_default()
}

/// `ROL_GI` → `GI`.
pub fn short_name(prefix: &str, name: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}

fn message_comment(message: &MessageDescriptor) -> String {
    leading_comment(message.parent_file().file_descriptor_proto(), message.path())
}

fn leading_comment(file: &prost_types::FileDescriptorProto, path: &[i32]) -> String {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let found = locations.filter(|location| location.path == path).find_map(|location| location.leading_comments.clone());
    found.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}
