//! The programme `ketenhub`. Everything it does stands in the library.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    ketenhub::cli::run()
}
