//! Compiles the contract without protoc: types and services, and from the same descriptors the projection per role, a `Debug`
//! that prints no personal value, the routing table and the privacy matrix. It does not decide policy: that stands in the `.proto`
//! files, and a field or message without it fails the build here.

#[path = "build/code.rs"]
mod code;
#[path = "build/commitment.rs"]
mod commitment;
#[path = "build/contract.rs"]
mod contract;
#[path = "build/matrix.rs"]
mod matrix;
#[path = "build/policy.rs"]
mod policy;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FileDescriptorSet};

const PACKAGE: &str = "jeugdketen.hub.v1";

/// Messages that the hub reads and writes as bytes; see `raw` in the library.
const RAW_MESSAGES: [&str; 6] =
    ["SubmitRequest", "SubmitResponse", "SubmitStreamRequest", "SubmitStreamResponse", "SubscribeResponse", "FetchResponse"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed=jeugdketen");
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let sound = policy::compile(Path::new("."), PACKAGE, &out).inspect_err(|faults| {
        faults.to_string().lines().for_each(|fault| println!("cargo:error={fault}"));
    })?;
    let mut descriptors = FileDescriptorSet::decode(sound.descriptors.as_slice())?;
    say_that_lists_are_packed(&mut descriptors);
    types_and_services(descriptors.clone(), &sound.contract, &out)?;
    hub_server(descriptors, &out)?;
    Ok(())
}

/// Proto3 packs lists of numbers and enums. The generator forgets it for a field that has any option at all, so here it is said; else
/// the canonical form would not be the one that every other implementation writes.
fn say_that_lists_are_packed(set: &mut FileDescriptorSet) {
    let mut messages: Vec<&mut DescriptorProto> = set.file.iter_mut().flat_map(|file| &mut file.message_type).collect();
    while let Some(message) = messages.pop() {
        for field in message.field.iter_mut().filter(|field| field.label() == Label::Repeated) {
            let packable = !matches!(field.r#type(), Type::String | Type::Bytes | Type::Message | Type::Group);
            if let Some(options) = field.options.as_mut().filter(|_| packable) {
                options.packed.get_or_insert(true);
            }
        }
        messages.extend(&mut message.nested_type);
    }
}

/// Message types, clients and servers for everybody.
fn types_and_services(set: FileDescriptorSet, contract: &contract::Contract, out: &Path) -> Result<(), Box<dyn Error>> {
    tonic_prost_build::configure()
        .out_dir(out)
        .bytes(".")
        .skip_debug(contract.messages.keys().map(|name| format!(".{PACKAGE}.{name}")))
        .emit_rerun_if_changed(false)
        .compile_fds(set)?;
    Ok(())
}

/// The exchange service once more, with bodies left as bytes: the hub keeps what the sender sent and sends what the projection made.
fn hub_server(set: FileDescriptorSet, out: &Path) -> Result<(), Box<dyn Error>> {
    let dir = out.join("hub");
    fs::create_dir_all(&dir)?;
    let mut builder = tonic_prost_build::configure().out_dir(&dir).build_client(false).emit_rerun_if_changed(false);
    for raw in RAW_MESSAGES {
        builder = builder.extern_path(format!(".{PACKAGE}.{raw}"), format!("crate::raw::{raw}"));
    }
    builder.extern_path(format!(".{PACKAGE}"), "crate::v1").compile_fds(set)?;
    Ok(())
}
