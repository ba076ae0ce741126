//! `completions`: what a shell needs to complete commands and options, made from the commands themselves.

use clap::ValueEnum;
use clap_complete::{Shell, generate};

use super::uitvoer;

/// For which shell.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell.
    #[arg(value_enum)]
    shell: Schil,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Schil {
    Bash,
    Zsh,
    Fish,
}

/// Prints it.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let shell = match args.shell {
        Schil::Bash => Shell::Bash,
        Schil::Zsh => Shell::Zsh,
        Schil::Fish => Shell::Fish,
    };
    let mut tekst = Vec::new();
    generate(shell, &mut super::opdrachten(), "ketenhub", &mut tekst);
    uitvoer::druk(&String::from_utf8(tekst)?)
}
