//! Writes what the commitment to the fields of a message needs: the layout of every message that can occur in a `Bericht`, and which sets of
//! readers each kind has. It hashes nothing and knows no message by name but the envelope.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use crate::code::snake;
use crate::contract::{Contract, Field, KindOfMessage, Message, Shape};

/// What a kind of message is committed to with.
pub struct Commitment {
    /// Every set of readers that a field can have, ascending.
    pub groups: BTreeSet<u32>,
    /// The lists that are kept per participant, as `Message.field`.
    pub own_parts: Vec<String>,
    /// The role that such a list is narrowed for.
    pub own_role: Option<i32>,
}

/// The commitment of one kind.
pub fn of(contract: &Contract, kind: &KindOfMessage) -> Commitment {
    let mut walk =
        Walk { contract, found: Commitment { groups: BTreeSet::new(), own_parts: Vec::new(), own_role: None }, seen: BTreeSet::new() };
    if let Some(bericht) = contract.messages.get("Bericht") {
        let fields = bericht.fields.iter().filter(|field| field.oneof.as_deref() != Some("inhoud") || field.name == kind.field);
        fields.for_each(|field| walk.field("Bericht", field, Contract::audience(kind)));
    }
    walk.found
}

struct Walk<'a> {
    contract: &'a Contract,
    found: Commitment,
    /// Messages with their readers: a message can hold itself.
    seen: BTreeSet<(String, u32)>,
}

impl Walk<'_> {
    fn field(&mut self, message: &str, field: &Field, readers: u32) {
        let mut readers = readers & field.readers;
        if let Some(own) = &field.own_part {
            readers &= !(1 << own.role);
            self.found.own_role = Some(own.role);
            let path = format!("{message}.{}", field.name);
            if !self.found.own_parts.contains(&path) {
                self.found.own_parts.push(path);
            }
        }
        self.found.groups.insert(readers);
        if let Shape::Message(inner) | Shape::RepeatedMessage(inner) = &field.shape
            && self.seen.insert((inner.clone(), readers))
            && let Some(message) = self.contract.messages.get(inner)
        {
            message.fields.iter().for_each(|field| self.field(&message.name, field, readers));
        }
    }
}

/// Layouts and groups as Rust.
pub fn generate(contract: &Contract) -> TokenStream {
    let layouts = contract.messages.values().filter(|message| message.in_bericht).map(|message| layout(contract, message));
    let kinds = contract.kinds.iter().map(|kind| Ident::new(&kind.message, Span::call_site()));
    let commitments = contract.kinds.iter().map(|kind| {
        let found = of(contract, kind);
        let groups = found.groups.iter().map(|readers| Literal::u32_unsuffixed(*readers));
        let own = found.own_role.map_or_else(
            || quote!(None),
            |role| {
                let role = Literal::u32_unsuffixed(1 << role);
                quote!(Some(#role))
            },
        );
        quote! { Commitment { groups: &[#(#groups),*], own: #own } }
    });
    quote! {
        #(#layouts)*

        impl Kind {
            /// How the fields of a message of this kind are divided for the commitment to them.
            pub fn commitment(self) -> &'static Commitment { match self { #(Kind::#kinds => const { &#commitments },)* } }
        }
    }
}

fn layout(contract: &Contract, message: &Message) -> TokenStream {
    let name = layout_name(&message.name);
    let fields = message.fields.iter().map(|field| {
        let (number, readers) = (Literal::u32_unsuffixed(field.number), Literal::u32_unsuffixed(field.readers));
        let part = match &field.shape {
            Shape::Message(inner) | Shape::RepeatedMessage(inner) => {
                let element = layout_name(inner);
                match own_part(contract, field, inner) {
                    Some((role, owner)) => quote! { Part::Own { element: &#element, role: #role, owner: #owner } },
                    None => quote! { Part::Message(&#element) },
                }
            }
            _ => quote! { Part::Value },
        };
        quote! { LayoutField { number: #number, readers: #readers, part: #part } }
    });
    quote! { pub(crate) static #name: Layout = Layout { fields: &[#(#fields),*] }; }
}

/// Bit of the role and number of the field that names the owner.
fn own_part(contract: &Contract, field: &Field, element: &str) -> Option<(Literal, Literal)> {
    let own = field.own_part.as_ref()?;
    let owner = contract.messages.get(element)?.fields.iter().find(|field| field.name == own.field)?;
    Some((Literal::u32_unsuffixed(1 << own.role), Literal::u32_unsuffixed(owner.number)))
}

fn layout_name(message: &str) -> Ident {
    Ident::new(&format!("LAYOUT_{}", snake(message).to_uppercase()), Span::call_site())
}
