//! The examples under the help of every command, in one table, so that a test can find a command without any and can parse each of them.
//! It runs nothing.

use clap::Command;

/// Command, and its examples: a line each, with a remark behind two or more spaces. The backslash takes the spaces before the first.
const VOORBEELDEN: &[(&str, &str)] = &[
    (
        "",
        "\
  ketenhub demo                                  a hub with one whole case played through it
  ketenhub doctor --als GI                       why does this participant not get through?
  ketenhub submit --als RECHTBANK bericht.json   send a message, keep its receipt
  ketenhub receive --als GI                      what is in the mailbox",
    ),
    (
        "serve",
        "\
  ketenhub serve --config ketenhub.example.toml
  KETENHUB_CONFIG=/etc/ketenhub/ketenhub.toml ketenhub serve",
    ),
    (
        "migrate",
        "\
  ketenhub migrate --config /etc/ketenhub/ketenhub.toml   make a backup first",
    ),
    (
        "doctor",
        "\
  ketenhub doctor --als GI                        a hub here, with the example certificates
  ketenhub doctor --endpoint hub.example.nl:443 --ca ca.pem --cert gi.pem --key gi.key
  ketenhub doctor --als GI --crl crl.pem --json   for a programme that watches",
    ),
    (
        "klokken",
        "\
  ketenhub klokken rebuild --check --config ketenhub.toml",
    ),
    (
        "klokken rebuild",
        "\
  ketenhub klokken rebuild --check --config ketenhub.toml   what is kept equals the messages
  ketenhub klokken rebuild --config ketenhub.toml           put it right",
    ),
    (
        "kluis",
        "\
  ketenhub kluis stand --config ketenhub.toml",
    ),
    (
        "kluis nieuw",
        "\
  ketenhub kluis nieuw --config ketenhub.toml   then look with `kluis stand` how far it is",
    ),
    (
        "kluis stand",
        "\
  ketenhub kluis stand --config ketenhub.toml
  ketenhub kluis stand --config ketenhub.toml --json",
    ),
    (
        "kluis verdicht",
        "\
  ketenhub kluis verdicht --config ketenhub.toml",
    ),
    (
        "demo",
        "\
  ketenhub demo                    plays a case and leaves the hub running
  ketenhub demo --once --out DIR   every message and every view as JSON",
    ),
    (
        "replay",
        "\
  ketenhub replay inspectie-2021                        the figures of the report of 2021
  ketenhub replay landelijk-jaar --deel 0.01            a hundredth of a year of the whole country
  ketenhub replay landelijk-jaar --deel 0.01 --json -   the figures and nothing else",
    ),
    (
        "certs",
        "\
  ketenhub certs --out pki                            those of the example, with keys of your own
  ketenhub certs --out pki --hub hub.test --jaren 2   for a hub under another name",
    ),
    (
        "deelnemer",
        "\
  ketenhub deelnemer list --als GI",
    ),
    (
        "deelnemer list",
        "\
  ketenhub deelnemer list --als GI
  ketenhub deelnemer list --als GI --json   one participant a line",
    ),
    (
        "deelnemer add",
        "\
  ketenhub deelnemer add --als BEHEERDER deelnemer.json",
    ),
    (
        "deelnemer suspend",
        "\
  ketenhub deelnemer suspend --als BEHEERDER 00000099020000001000
  ketenhub deelnemer suspend --als BEHEERDER 00000099020000001000 --status actief   back again",
    ),
    (
        "deelnemer succeed",
        "\
  ketenhub deelnemer succeed 00000099030000001000 00000099030000002000 --per 2027-01-01",
    ),
    (
        "submit",
        "\
  ketenhub submit --als RECHTBANK bericht.json
  ketenhub submit --als RECHTBANK een.json twee.json   in this order; stops at the first refusal
  ketenhub submit --als RECHTBANK - < bericht.json     from standard input",
    ),
    (
        "receive",
        "\
  ketenhub receive --als GI                                   look, and acknowledge nothing
  ketenhub receive --als GI --bevestig >> postvak.jsonl       acknowledge what was written
  ketenhub receive --als GI --volg --exec ./verwerk           a hook: acknowledged when it exits 0
  ketenhub receive --als GI --na 0                            from the first number on",
    ),
    (
        "rapport",
        "\
  ketenhub rapport normen --als INSPECTIE --per regio",
    ),
    (
        "rapport normen",
        "\
  ketenhub rapport normen --als INSPECTIE --per regio
  ketenhub rapport normen --als INSPECTIE --vanaf 2026-01-01 --tot 2026-12-31 --per gi --csv",
    ),
    (
        "rapport kennisgeving",
        "\
  ketenhub rapport kennisgeving --als INSPECTIE --vanaf 2026-01-01",
    ),
    (
        "rapport tekorten",
        "\
  ketenhub rapport tekorten --als INSPECTIE --peildatum 2026-06-30",
    ),
    (
        "rapport wachtenden",
        "\
  ketenhub rapport wachtenden --als INSPECTIE",
    ),
    (
        "rapport overdrachten",
        "\
  ketenhub rapport overdrachten --als INSPECTIE --gi 00000099020000001000 --per 2026-07-01",
    ),
    (
        "rapport doorlooptijden",
        "\
  ketenhub rapport doorlooptijden --als INSPECTIE --vanaf 2026-01-01 --json",
    ),
    (
        "rapport toetsing",
        "\
  ketenhub rapport toetsing --als INSPECTIE --vanaf 2026-01-01",
    ),
    (
        "bench",
        "\
  ketenhub bench submit --postgres",
    ),
    (
        "conform",
        "\
  ketenhub conform --rol GI --client ./onze-client   starts the client for each case and judges what it does
  ketenhub conform --rol GEMEENTE --wacht 600        a client that somebody starts by hand
  ketenhub conform --hub 127.0.0.1:8443 --rol RECHTBANK --ca ca.pem --cert own.pem --key own.key",
    ),
    (
        "conform gevallen",
        "\
  ketenhub conform gevallen",
    ),
    (
        "conform verify",
        "\
  ketenhub conform verify uitslag.json",
    ),
    (
        "bench paginas",
        "\
  ketenhub bench paginas --zaken 10000 --json",
    ),
    (
        "bench klokken",
        "\
  ketenhub bench klokken --zaken 10000",
    ),
    (
        "termijn",
        "\
  ketenhub termijn --vanaf 2026-11-20
  ketenhub termijn --vanaf 2026-11-20 --json",
    ),
    (
        "receipt",
        "\
  ketenhub receipt sleutels --als BEHEERDER",
    ),
    (
        "receipt verify",
        "\
  ketenhub receipt verify receipt.json --sleutel HEX --bericht bericht.json",
    ),
    (
        "receipt sleutels",
        "\
  ketenhub receipt sleutels --als BEHEERDER",
    ),
    (
        "view",
        "\
  ketenhub view verify levering.json --sleutel HEX --rol AANBIEDER --oin 00000099040000001000",
    ),
    (
        "view verify",
        "\
  ketenhub view verify levering.json --sleutel HEX --rol AANBIEDER --oin 00000099040000001000
  ketenhub view verify view.json --sleutel HEX --rol GI --oin 00000099020000001000 --receipt r.json",
    ),
    (
        "inzage",
        "\
  ketenhub inzage --als GI --maatregel 01983b1e-7c2a-7d3e-9a41-5b6c7d8e9f01
  ketenhub inzage --als GI --bsn-van - < bsn   the BSN from standard input, not as an argument",
    ),
    (
        "audit",
        "\
  ketenhub audit fsck --config ketenhub.toml",
    ),
    (
        "audit checkpoint",
        "\
  ketenhub audit checkpoint --als GI
  ketenhub audit checkpoint --als GI --json   with the public key of the log",
    ),
    (
        "audit prove",
        "\
  ketenhub audit prove --als RECHTBANK --volgnummer 1 --out bewijs.json
  ketenhub audit prove --als GI --since 100   that the log of then is the beginning of that of now",
    ),
    (
        "audit verify",
        "\
  ketenhub audit verify bewijs.json --key NAME+KEYID+KEY
  ketenhub audit verify groei.json --key NAME+KEYID+KEY --since checkpoint.txt",
    ),
    (
        "audit fsck",
        "\
  ketenhub audit fsck --config ketenhub.toml
  ketenhub audit fsck --config ketenhub.toml --json",
    ),
    (
        "audit witness",
        "\
  ketenhub audit witness --als INSPECTIE --state stand.txt --witness-key w.key --log KEY",
    ),
    (
        "openbaar",
        "\
  ketenhub openbaar --out contract   then open contract/index.html",
    ),
    (
        "completions",
        "\
  ketenhub completions bash > /etc/bash_completion.d/ketenhub
  ketenhub completions zsh > \"${fpath[1]}/_ketenhub\"
  ketenhub completions fish > ~/.config/fish/completions/ketenhub.fish",
    ),
];

/// The commands with their examples.
pub(super) fn met_voorbeelden(opdracht: Command) -> Command {
    VOORBEELDEN.iter().fold(opdracht, |opdracht, (pad, tekst)| {
        let delen: Vec<&str> = pad.split_whitespace().collect();
        bij(opdracht, &delen, tekst)
    })
}

fn bij(opdracht: Command, pad: &[&str], tekst: &str) -> Command {
    match pad {
        [] => opdracht.after_help(format!("Examples:\n  {tekst}")),
        [naam, rest @ ..] => opdracht.mut_subcommand(*naam, |onder| bij(onder, rest, tekst)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::opdrachten;

    /// Every command that help shows, by its path.
    fn alle<'a>(opdracht: &'a Command, pad: &str, gevonden: &mut Vec<(String, &'a Command)>) {
        gevonden.push((pad.trim().to_owned(), opdracht));
        for onder in opdracht.get_subcommands().filter(|onder| !onder.is_hide_set()) {
            alle(onder, &format!("{pad} {}", onder.get_name()), gevonden);
        }
    }

    /// The words of an example, as a shell would give them.
    fn woorden(regel: &str) -> Vec<String> {
        let regel = regel.trim();
        // A remark, redirections and settings of the surroundings are not for the programme.
        let opdracht = regel.split("  ").next().unwrap_or_default().split(' ').collect::<Vec<_>>();
        let begin = opdracht.iter().position(|woord| *woord == "ketenhub").expect("an example begins with the programme");
        let eigen = opdracht[begin..].iter().take_while(|woord| !matches!(**woord, "<" | ">" | ">>" | "then"));
        eigen.map(|woord| (*woord).to_owned()).collect()
    }

    #[test]
    fn every_command_has_examples_and_every_example_is_one_that_the_programme_takes() {
        let opdrachten = opdrachten();
        let mut gevonden = Vec::new();
        alle(&opdrachten, "", &mut gevonden);
        assert!(gevonden.len() > 45, "{}", gevonden.len());
        for (pad, opdracht) in gevonden {
            let hulp = opdracht.get_after_help().map(ToString::to_string).unwrap_or_default();
            let (_, voorbeelden) = hulp.split_once("Examples:\n").unwrap_or_else(|| panic!("`{pad}` has no examples"));
            for regel in voorbeelden.lines().filter(|regel| regel.contains("ketenhub ")) {
                let woorden = woorden(regel);
                assert!(woorden[1..].join(" ").starts_with(pad.as_str()), "`{pad}` has an example of another: {regel}");
                // Those that begin in the surroundings name no configuration.
                if regel.contains("KETENHUB_CONFIG=") {
                    continue;
                }
                let taken = opdrachten.clone().try_get_matches_from(&woorden);
                assert!(taken.is_ok(), "{regel}: {}", taken.unwrap_err());
            }
        }
    }

    #[test]
    fn every_example_is_of_a_command_that_there_is() {
        let opdrachten = opdrachten();
        let mut gevonden = Vec::new();
        alle(&opdrachten, "", &mut gevonden);
        for (pad, _) in VOORBEELDEN {
            assert!(gevonden.iter().any(|(bestaand, _)| bestaand == pad), "{pad}");
        }
    }
}
