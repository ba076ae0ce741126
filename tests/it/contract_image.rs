//! The committed image of the contract, against which later changes are judged, is that of the contract as it stands. Judging is the
//! work of `buf breaking`: a refresh here goes through it, so that a stale image cannot hide a breaking change.

use std::path::PathBuf;
use std::process::Command;

use jeugdketen_proto::pool;
use prost::Message as _;
use prost_reflect::DescriptorPool;

use crate::support::{may_refresh, repository};

const PACKAGE: &str = "jeugdketen.hub.v1";

/// Everything the wire, the policy and the callers depend on, a line each.
fn facts(pool: &DescriptorPool) -> Vec<String> {
    let mut facts = Vec::new();
    for message in pool.all_messages().filter(|message| message.package_name() == PACKAGE) {
        facts.push(format!("message {} {:02x?}", message.full_name(), message.options().encode_to_vec()));
        for field in message.fields() {
            let oneof = field.containing_oneof().map(|oneof| oneof.name().to_owned());
            let options = field.options().encode_to_vec();
            facts.push(format!(
                "field {} {} {:?} {:?} {oneof:?} {options:02x?}",
                field.full_name(),
                field.number(),
                field.kind(),
                field.cardinality()
            ));
        }
    }
    for kind in pool.all_enums().filter(|kind| kind.package_name() == PACKAGE) {
        facts.extend(kind.values().map(|value| format!("value {} {}", value.full_name(), value.number())));
    }
    for method in
        pool.services().filter(|service| service.package_name() == PACKAGE).flat_map(|service| service.methods().collect::<Vec<_>>())
    {
        let streams = (method.is_client_streaming(), method.is_server_streaming());
        facts.push(format!("method {} {} {} {streams:?}", method.full_name(), method.input().full_name(), method.output().full_name()));
    }
    facts.sort();
    facts
}

fn image() -> PathBuf {
    repository().join("proto/image.binpb")
}

fn buf(arguments: &[&str]) {
    let program = std::env::var("KETENHUB_BUF").expect("KETENHUB_BUF names buf; ./test sets it");
    let output = Command::new(program).args(arguments).current_dir(repository()).output().expect("buf runs");
    assert!(
        output.status.success(),
        "buf {} failed; a change that breaks partners on purpose is committed with an image built by hand\n{}{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_committed_image_is_that_of_the_contract() {
    if may_refresh() {
        if image().exists() {
            buf(&["breaking", "--against", "proto/image.binpb"]);
        }
        buf(&["build", "--exclude-source-info", "-o", "proto/image.binpb"]);
    }
    let bytes = std::fs::read(image()).expect("proto/image.binpb is committed");
    let committed = facts(&DescriptorPool::decode(bytes.as_slice()).expect("proto/image.binpb is a descriptor set"));
    let contract = facts(pool());
    assert!(contract.len() > 300, "only {} facts; is the comparison blind?", contract.len());
    let missing: Vec<_> = contract.iter().filter(|fact| !committed.contains(fact)).collect();
    let gone: Vec<_> = committed.iter().filter(|fact| !contract.contains(fact)).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "proto/image.binpb is stale; refresh it with\n    BIJWERKEN=1 ./test --test it contract_image\nnot in the image: {missing:#?}\nonly in the image: {gone:#?}"
    );
}
