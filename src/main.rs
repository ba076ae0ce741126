//! The programme `ketenhub`. Everything it does stands in the library.

fn main() -> std::process::ExitCode {
    ketenhub::cli::run()
}
