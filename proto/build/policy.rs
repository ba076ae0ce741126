//! The part of the build that can refuse: reads every `.proto` of a package and writes its descriptors, its policy and its privacy
//! matrix, or nothing. The build script and the tests of the contract both call it. It generates no types and no services.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use crate::contract::Contract;
use crate::{code, matrix};

/// A contract that leaves nothing open.
pub struct Sound {
    /// The encoded descriptors: they keep the custom options, which `prost_types` cannot hold.
    pub descriptors: Vec<u8>,
    pub contract: Contract,
}

/// Everything that a contract leaves open, a line each.
#[derive(Debug)]
pub struct Faults(pub Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Error for Faults {}

/// Compiles the package below `root` into `out`; an error names every field and message at fault.
pub fn compile(root: &Path, package: &str, out: &Path) -> Result<Sound, Box<dyn Error>> {
    let mut compiler = protox::Compiler::new([root])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(proto_files(&root.join(package.replace('.', "/")))?)?;

    let contract = Contract::read(&compiler.descriptor_pool(), package).map_err(Faults)?;
    let descriptors = compiler.encode_file_descriptor_set();
    fs::write(out.join("contract.binpb"), &descriptors)?;
    fs::write(out.join("policy.rs"), code::generate(&contract)?)?;
    fs::write(out.join("privacy-matrix.md"), matrix::render(&contract))?;
    Ok(Sound { descriptors, contract })
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
