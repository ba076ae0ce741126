//! Messages of the contract in which every field holds a value that can be recognised, made from the descriptors alone. It knows no
//! message by name except the envelope.

use jeugdketen_proto::{Kind, pool};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind as Type, MessageDescriptor, OneofDescriptor, ReflectMessage as _, Value};

/// OIN that the first element of a list kept per participant names.
pub const OWN_OIN: &str = "00000099000000004000";

/// A message of the contract.
pub fn descriptor(name: &str) -> MessageDescriptor {
    pool().get_message_by_name(&format!("jeugdketen.hub.v1.{name}")).expect("a message of the contract")
}

/// Every message of the contract that can travel: all but those that the options are made of.
pub fn all_messages() -> impl Iterator<Item = MessageDescriptor> {
    let own = pool().all_messages().filter(|message| message.package_name() == "jeugdketen.hub.v1");
    own.filter(|message| !["Zicht", "EigenDeel", "Route", "Bestemming"].contains(&message.name()))
}

/// Full messages of one type, until every combination of oneof members has occurred.
pub fn all_filled(descriptor: MessageDescriptor) -> impl Iterator<Item = DynamicMessage> {
    combinations(descriptor, None)
}

/// Full messages of one kind, until every combination of oneof members has occurred.
pub fn all_berichten(kind: Kind) -> impl Iterator<Item = DynamicMessage> {
    combinations(descriptor("Bericht"), Some(kind))
}

fn combinations(descriptor: MessageDescriptor, kind: Option<Kind>) -> impl Iterator<Item = DynamicMessage> {
    (0..).map_while(move |turn| {
        let mut filler = Filler { kind, choices: turn, next: 0 };
        let message = filler.message(&descriptor);
        (filler.choices == 0).then_some(message)
    })
}

struct Filler {
    kind: Option<Kind>,
    /// Choices of oneof members still to make, as digits of a number in mixed radix.
    choices: usize,
    next: u32,
}

impl Filler {
    fn message(&mut self, descriptor: &MessageDescriptor) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields().filter(|field| real_oneof(field).is_none()) {
            let value = self.field(&field);
            message.set_field(&field, value);
        }
        for oneof in descriptor.oneofs().filter(|oneof| oneof.fields().any(|field| real_oneof(&field).is_some())) {
            let field = self.choose(&oneof);
            let value = self.field(&field);
            message.set_field(&field, value);
        }
        message
    }

    fn choose(&mut self, oneof: &OneofDescriptor) -> FieldDescriptor {
        if let Some(kind) = self.kind.filter(|_| oneof.full_name() == "jeugdketen.hub.v1.Bericht.inhoud") {
            return oneof.fields().find(|field| field.name() == kind.field()).expect("the kind is a member");
        }
        let count = oneof.fields().len();
        let chosen = self.choices % count;
        self.choices /= count;
        oneof.fields().nth(chosen).expect("the number is below the count")
    }

    fn field(&mut self, field: &FieldDescriptor) -> Value {
        if !field.is_list() {
            return self.value(&field.kind());
        }
        let mut elements = vec![self.value(&field.kind()), self.value(&field.kind())];
        if let (Some(own), Some(Value::Message(first))) = (own_part(field), elements.first_mut()) {
            first.set_field_by_name(&own.1, Value::String(OWN_OIN.to_owned()));
        }
        Value::List(elements)
    }

    fn value(&mut self, kind: &Type) -> Value {
        self.next += 1;
        let number = 7_000_000 + self.next;
        match kind {
            Type::String => Value::String(format!("tekst{number}einde")),
            Type::Bytes => Value::Bytes(format!("bytes{number}einde").into()),
            Type::Bool => Value::Bool(true),
            Type::Enum(kind) => Value::EnumNumber(kind.values().last().expect("an enum has values").number()),
            Type::Message(message) => Value::Message(self.message(message)),
            Type::Uint32 => Value::U32(number),
            Type::Uint64 => Value::U64(number.into()),
            Type::Int32 => Value::I32(number.cast_signed()),
            Type::Int64 => Value::I64(number.into()),
            other => panic!("the contract has no {other:?} yet; say here how to fill it"),
        }
    }
}

/// One value in a message. A message of the contract has none of its own.
#[derive(Debug, PartialEq)]
pub struct Leaf {
    pub path: String,
    pub field: FieldDescriptor,
    pub value: Option<Value>,
}

/// Every value that is present, with the messages around them, so that an empty message counts too.
pub fn leaves(message: &DynamicMessage) -> Vec<Leaf> {
    let mut found = Vec::new();
    collect(message, "", &mut found);
    found
}

fn collect(message: &DynamicMessage, prefix: &str, found: &mut Vec<Leaf>) {
    for (field, value) in message.fields() {
        let path = if prefix.is_empty() { field.name().to_owned() } else { format!("{prefix}.{}", field.name()) };
        match value {
            Value::List(list) => {
                for (index, element) in list.iter().enumerate() {
                    leaf(&field, element, format!("{path}[{index}]"), found);
                }
            }
            value => leaf(&field, value, path, found),
        }
    }
}

fn leaf(field: &FieldDescriptor, value: &Value, path: String, found: &mut Vec<Leaf>) {
    let inner = value.as_message().filter(|message| ours(&message.descriptor()));
    let own = if inner.is_some() { None } else { Some(value.clone()) };
    found.push(Leaf { path: path.clone(), field: field.clone(), value: own });
    if let Some(inner) = inner {
        collect(inner, &path, found);
    }
}

/// Numbers and texts in a value that occur nowhere else in its message.
pub fn sentinels(value: &Value) -> Vec<Sentinel> {
    match value {
        Value::String(text) => vec![Sentinel::Text(text.clone())],
        Value::Bytes(bytes) => vec![Sentinel::Text(String::from_utf8_lossy(bytes).into_owned())],
        Value::Message(message) => message.fields().flat_map(|(_, value)| sentinels(value)).collect(),
        Value::U32(number) => vec![Sentinel::Number((*number).into())],
        Value::U64(number) => vec![Sentinel::Number(*number)],
        Value::I32(number) => vec![Sentinel::Number(number.cast_unsigned().into())],
        Value::I64(number) => vec![Sentinel::Number(number.cast_unsigned())],
        _ => Vec::new(),
    }
}

/// A value to look for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sentinel {
    Text(String),
    Number(u64),
}

impl Sentinel {
    /// How it looks on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Sentinel::Text(text) => text.clone().into_bytes(),
            Sentinel::Number(number) => {
                let mut bytes = Vec::new();
                prost::encoding::encode_varint(*number, &mut bytes);
                bytes
            }
        }
    }

    /// How it looks in print.
    pub fn text(&self) -> String {
        match self {
            Sentinel::Text(text) => text.clone(),
            Sentinel::Number(number) => number.to_string(),
        }
    }
}

/// Whether a message has visibility options; those of other packages are one value.
pub fn ours(message: &MessageDescriptor) -> bool {
    message.package_name() == "jeugdketen.hub.v1"
}

/// The oneof of a field, unless it only stands for `optional`.
pub fn real_oneof(field: &FieldDescriptor) -> Option<OneofDescriptor> {
    field.containing_oneof().filter(|_| !field.field_descriptor_proto().proto3_optional())
}

/// The visibility option of a field.
pub fn zicht(field: &FieldDescriptor) -> DynamicMessage {
    let extension = pool().get_extension_by_name("jeugdketen.hub.v1.zicht").expect("the contract declares the option");
    field.options().get_extension(&extension).as_message().expect("the option is a message").clone()
}

/// A flag of the visibility option.
pub fn everyone(field: &FieldDescriptor) -> bool {
    zicht(field).get_field_by_name("allen").and_then(|value| value.as_bool()).expect("a flag")
}

/// The roles that the visibility option names.
pub fn readers(field: &FieldDescriptor) -> Vec<i32> {
    let option = zicht(field);
    let list = option.get_field_by_name("lezers").expect("a list of roles");
    list.as_list().expect("a list").iter().filter_map(Value::as_enum_number).collect()
}

/// The role and the field by which a list is kept per participant.
pub fn own_part(field: &FieldDescriptor) -> Option<(i32, String)> {
    let option = zicht(field);
    if !option.has_field_by_name("eigen_deel") {
        return None;
    }
    let part = option.get_field_by_name("eigen_deel")?.as_message()?.clone();
    Some((part.get_field_by_name("rol")?.as_enum_number()?, part.get_field_by_name("veld")?.as_str()?.to_owned()))
}
