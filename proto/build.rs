//! Compiles the contract without protoc: types and services, and from the same descriptors the projection per role, a `Debug`
//! that prints no personal value, the routing table and the privacy matrix. It does not decide policy: that stands in the `.proto`
//! files, and a field or message without it fails the build here.

#[path = "build/code.rs"]
mod code;
#[path = "build/contract.rs"]
mod contract;
#[path = "build/matrix.rs"]
mod matrix;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message as _;

const PACKAGE: &str = "jeugdketen.hub.v1";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed=jeugdketen");
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(proto_files(Path::new("jeugdketen/hub/v1"))?)?;

    // The encoded set keeps the custom options, which `prost_types` cannot hold.
    let encoded = compiler.encode_file_descriptor_set();
    fs::write(out.join("contract.binpb"), &encoded)?;
    let pool = compiler.descriptor_pool();

    let contract = contract::Contract::read(&pool, PACKAGE).map_err(|faults| {
        faults.iter().for_each(|fault| println!("cargo:error={fault}"));
        format!("the contract has {} fault(s)", faults.len())
    })?;
    fs::write(out.join("policy.rs"), code::generate(&contract)?)?;
    fs::write(out.join("privacy-matrix.md"), matrix::render(&contract))?;

    let descriptors = prost_types::FileDescriptorSet::decode(encoded.as_slice())?;
    types_and_services(descriptors.clone(), &contract, &out)?;
    hub_server(descriptors, &out)?;
    Ok(())
}

/// Message types, clients and servers for everybody.
fn types_and_services(set: prost_types::FileDescriptorSet, contract: &contract::Contract, out: &Path) -> Result<(), Box<dyn Error>> {
    tonic_prost_build::configure()
        .out_dir(out)
        .bytes(".")
        .skip_debug(contract.messages.keys().map(|name| format!(".{PACKAGE}.{name}")))
        .emit_rerun_if_changed(false)
        .compile_fds(set)?;
    Ok(())
}

/// The exchange service once more, with bodies left as bytes: the hub keeps what the sender sent and sends what the projection made.
fn hub_server(set: prost_types::FileDescriptorSet, out: &Path) -> Result<(), Box<dyn Error>> {
    let dir = out.join("hub");
    fs::create_dir_all(&dir)?;
    let mut builder = tonic_prost_build::configure().out_dir(&dir).build_client(false).emit_rerun_if_changed(false);
    for raw in code::RAW_MESSAGES {
        builder = builder.extern_path(format!(".{PACKAGE}.{raw}"), format!("crate::raw::{raw}"));
    }
    builder.extern_path(format!(".{PACKAGE}"), "crate::v1").compile_fds(set)?;
    Ok(())
}

fn proto_files(dir: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ext| ext == "proto") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
