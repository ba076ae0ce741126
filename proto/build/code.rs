//! Writes Rust from the policy: projection, refusal of unseen fields, redacting `Debug`, and the table of kinds and routes. Every rule
//! comes from the contract; there is no list of fields or roles here.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use crate::commitment;
use crate::contract::{Contract, Field, KindOfMessage, Message, Shape};

/// The whole file.
pub fn generate(contract: &Contract) -> Result<String, syn::Error> {
    let mut tokens = TokenStream::new();
    for message in contract.messages.values() {
        tokens.extend(debug(message));
        if message.in_bericht {
            tokens.extend(projection(message));
        }
    }
    tokens.extend(kinds(contract));
    tokens.extend(commitment::generate(contract));
    Ok(prettyplease::unparse(&syn::parse2(tokens)?))
}

fn projection(message: &Message) -> TokenStream {
    let name = ident(&message.name);
    let restrict = message.fields.iter().map(|field| restrict_field(message, field));
    let unseen = message.fields.iter().map(|field| unseen_field(message, field));
    quote! {
        impl Projection for v1::#name {
            fn restrict(&mut self, reader: &Reader<'_>) { #(#restrict)* }
            fn unseen(&self, roles: u32, path: &Path<'_>, found: &mut Vec<String>) { #(#unseen)* }
        }
    }
}

fn restrict_field(message: &Message, field: &Field) -> TokenStream {
    let (name, mask) = (ident(&field.name), mask(field));
    if let Some(oneof) = &field.oneof {
        let (slot, variant) = (ident(oneof), variant(message, oneof, field));
        let inner = match field.shape {
            Shape::Message(_) => quote! { if let Some(#variant(inner)) = &mut self.#slot { inner.restrict(reader); } },
            _ => TokenStream::new(),
        };
        return quote! {
            if matches!(self.#slot, Some(#variant(_))) && !reader.sees(#mask) { self.#slot = None; }
            #inner
        };
    }
    let hide = match field.shape {
        Shape::Optional { .. } | Shape::Message(_) | Shape::Foreign => quote! { self.#name = None; },
        _ => quote! { self.#name = Default::default(); },
    };
    let inner = match &field.shape {
        Shape::Message(_) => quote! { if let Some(inner) = &mut self.#name { inner.restrict(reader); } },
        Shape::RepeatedMessage(_) => {
            let own = field.own_part.as_ref().map(|own| {
                let (role, owner) = (Literal::i32_unsuffixed(own.role), ident(&own.field));
                quote! { if reader.role as i32 == #role { self.#name.retain(|inner| inner.#owner == reader.oin); } }
            });
            quote! { #own for inner in &mut self.#name { inner.restrict(reader); } }
        }
        _ => TokenStream::new(),
    };
    quote! { if !reader.sees(#mask) { #hide } #inner }
}

fn unseen_field(message: &Message, field: &Field) -> TokenStream {
    let (name, label, mask) = (ident(&field.name), &field.name, mask(field));
    if let Some(oneof) = &field.oneof {
        let (slot, variant) = (ident(oneof), variant(message, oneof, field));
        let inner = match field.shape {
            Shape::Message(_) => quote! { else { inner.unseen(roles & #mask, &path.field(#label), found); } },
            _ => TokenStream::new(),
        };
        let bound = if inner.is_empty() { quote!(_) } else { quote!(inner) };
        return quote! {
            if let Some(#variant(#bound)) = &self.#slot {
                if roles & #mask == 0 { found.push(path.field(#label).to_string()); } #inner
            }
        };
    }
    let set = is_set(field);
    match &field.shape {
        Shape::Message(_) => quote! {
            if let Some(inner) = &self.#name {
                if roles & #mask == 0 { found.push(path.field(#label).to_string()); }
                else { inner.unseen(roles & #mask, &path.field(#label), found); }
            }
        },
        Shape::RepeatedMessage(_) => quote! {
            for (index, inner) in self.#name.iter().enumerate() {
                if roles & #mask == 0 { found.push(path.element(#label, index).to_string()); }
                else { inner.unseen(roles & #mask, &path.element(#label, index), found); }
            }
        },
        _ => quote! { if #set && roles & #mask == 0 { found.push(path.field(#label).to_string()); } },
    }
}

fn debug(message: &Message) -> TokenStream {
    let name = ident(&message.name);
    let label = &message.name;
    let fields = message.fields.iter().filter(|field| field.oneof.is_none()).map(debug_field);
    let mut oneofs: Vec<&String> = message.fields.iter().filter_map(|field| field.oneof.as_ref()).collect();
    oneofs.dedup();
    let slots = oneofs.iter().map(|oneof| {
        let slot = ident(oneof);
        quote! { if let Some(inner) = &self.#slot { shown.field(#oneof, inner); } }
    });
    let enums = oneofs.iter().map(|oneof| debug_oneof(message, oneof));
    quote! {
        impl ::core::fmt::Debug for v1::#name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut shown = f.debug_struct(#label);
                #(#fields)* #(#slots)*
                shown.finish()
            }
        }
        #(#enums)*
    }
}

fn debug_field(field: &Field) -> TokenStream {
    let (name, label) = (ident(&field.name), &field.name);
    let set = is_set(field);
    if shown(field) {
        quote! { if #set { shown.field(#label, &self.#name); } }
    } else {
        quote! { if #set { shown.field(#label, &Hidden); } }
    }
}

fn debug_oneof(message: &Message, oneof: &str) -> TokenStream {
    let module = ident(&snake(&message.name));
    let kind = ident(&camel(oneof));
    let arms = message.fields.iter().filter(|field| field.oneof.as_deref() == Some(oneof)).map(|field| {
        let (variant, label) = (variant(message, oneof, field), camel(&field.name));
        if shown(field) {
            quote! { #variant(inner) => f.debug_tuple(#label).field(inner).finish(), }
        } else {
            quote! { #variant(_) => f.debug_tuple(#label).field(&Hidden).finish(), }
        }
    });
    quote! {
        impl ::core::fmt::Debug for v1::#module::#kind {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self { #(#arms)* }
            }
        }
    }
}

/// Messages hide their own leaves; a leaf shows when it belongs to the protocol, or is an ordinary value that is not free text.
fn shown(field: &Field) -> bool {
    match field.shape {
        Shape::Message(_) | Shape::RepeatedMessage(_) => true,
        _ if field.everyone => field.class == "KLASSE_GEWOON",
        Shape::Plain { text: true } | Shape::Optional { text: true } | Shape::RepeatedPlain => false,
        _ => field.class == "KLASSE_GEWOON",
    }
}

fn is_set(field: &Field) -> TokenStream {
    let name = ident(&field.name);
    match &field.shape {
        Shape::Plain { text: true } | Shape::RepeatedPlain | Shape::RepeatedEnum | Shape::RepeatedMessage(_) => {
            quote! { !self.#name.is_empty() }
        }
        Shape::Plain { text: false } => quote! { self.#name != Default::default() },
        Shape::Enum(_) => quote! { self.#name != 0 },
        Shape::Optional { .. } | Shape::Message(_) | Shape::Foreign => quote! { self.#name.is_some() },
    }
}

fn kinds(contract: &Contract) -> TokenStream {
    let variants: Vec<_> = contract.kinds.iter().map(|kind| ident(&kind.message)).collect();
    let docs = contract.kinds.iter().map(|kind| &kind.comment);
    let names = contract.kinds.iter().map(|kind| &kind.message);
    let fields = contract.kinds.iter().map(|kind| &kind.field);
    let numbers = contract.kinds.iter().map(|kind| Literal::i16_unsuffixed(kind.number as i16));
    let routes = contract.kinds.iter().map(|kind| route(contract, kind));
    let members = contract.kinds.iter().map(|kind| ident(&camel(&kind.field)));
    let count = Literal::usize_unsuffixed(variants.len());
    quote! {
        /// The kinds of message in `Bericht.inhoud`; the number is that of the field.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { #(#[doc = #docs] #variants = #numbers,)* }

        impl Kind {
            /// Every kind, in the order of the contract.
            pub const ALL: [Kind; #count] = [#(Kind::#variants),*];
            /// The name of the message.
            pub fn name(self) -> &'static str { match self { #(Kind::#variants => #names,)* } }
            /// The name of the field in `Bericht`.
            pub fn field(self) -> &'static str { match self { #(Kind::#variants => #fields,)* } }
            /// Who may send it, and to whom it goes.
            pub fn route(self) -> &'static Route { match self { #(Kind::#variants => const { &#routes },)* } }
        }

        impl v1::bericht::Inhoud {
            /// Which kind of message this is.
            pub fn kind(&self) -> Kind { match self { #(v1::bericht::Inhoud::#members(_) => Kind::#variants,)* } }
        }
    }
}

fn route(contract: &Contract, kind: &KindOfMessage) -> TokenStream {
    let role = |number: &i32| {
        let name = ident(&camel(&contract.roles[number].to_lowercase()));
        quote! { v1::Rol::#name }
    };
    let (from, consult) = (kind.from.iter().map(role), kind.consult.iter().map(role));
    let to = kind.to.iter().map(|(to, who)| {
        let (to, who) = (role(to), Literal::i32_unsuffixed(*who));
        quote! { (#to, who(#who)) }
    });
    let (case, about) = (Literal::i32_unsuffixed(kind.case), kind.about_bepaling);
    let audience = Literal::u32_unsuffixed(Contract::audience(kind));
    quote! {
        Route {
            from: &[#(#from),*], to: &[#(#to),*], consult: &[#(#consult),*],
            case: case(#case), about_bepaling: #about, audience: #audience,
        }
    }
}

fn variant(message: &Message, oneof: &str, field: &Field) -> TokenStream {
    let (module, kind, member) = (ident(&snake(&message.name)), ident(&camel(oneof)), ident(&camel(&field.name)));
    quote! { v1::#module::#kind::#member }
}

fn mask(field: &Field) -> Literal {
    Literal::u32_unsuffixed(field.readers)
}

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

fn camel(name: &str) -> String {
    let capitalise = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    name.split('_').map(capitalise).collect()
}

/// `GeheimAdres` → `geheim_adres`.
pub fn snake(name: &str) -> String {
    let mut out = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_uppercase() && index > 0 {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}
