//! The words of the pages: codes of the contract, days, moments and durations as people in the chain write them. Terms of the law and of the
//! contract stay as they are.

use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Amsterdam;
use jeugdketen_proto::v1::{Indicator, Norm, RedenNietBeoordeeld, Rol, StatusDeelnemer, UitkomstKlok};

/// A role.
pub(super) fn rol(rol: Rol) -> &'static str {
    match rol {
        Rol::Rechtbank => "rechtbank",
        Rol::Gi => "gecertificeerde instelling",
        Rol::Gemeente => "gemeente",
        Rol::Aanbieder => "jeugdhulpaanbieder",
        Rol::Expertteam => "expertteam",
        Rol::Inspectie => "inspectie",
        Rol::AccounthoudendeRegio => "accounthoudende regio",
        Rol::Rvdk => "Raad voor de Kinderbescherming",
        Rol::VeiligThuis => "Veilig Thuis",
        Rol::LokaalTeam => "lokaal team",
        Rol::Beheerder => "beheerder van de hub",
        Rol::Hub => "de hub",
        Rol::Unspecified => "onbekend",
    }
}

/// The standing of a participant.
pub(super) fn status(status: StatusDeelnemer) -> &'static str {
    match status {
        StatusDeelnemer::Unspecified | StatusDeelnemer::Actief => "actief",
        StatusDeelnemer::Geschorst => "geschorst",
        StatusDeelnemer::Beeindigingscertificaat => "beëindigingscertificaat",
        _ => "beëindigd",
    }
}

/// A norm.
pub(super) fn norm(norm: Norm) -> &'static str {
    match norm {
        Norm::Kennisgeving => "Kennisgeving",
        Norm::Jeugdbeschermer => "Norm 1, jeugdbeschermer",
        Norm::Koers => "Norm 2, koers",
        Norm::PassendeHulp => "Norm 3, passende hulp",
        Norm::Machtiging => "Machtiging uithuisplaatsing",
        Norm::Unspecified => "onbekend",
    }
}

/// What stops the clock of a norm.
pub(super) fn stopt(norm: Norm) -> &'static str {
    match norm {
        Norm::Kennisgeving => "de GI bevestigt de ontvangst van de uitspraak",
        Norm::Jeugdbeschermer => "een vaste jeugdbeschermer of een tijdelijk instroomteam is gekoppeld",
        Norm::Koers => "de koers is bepaald: doelen en noodzakelijke hulp",
        Norm::PassendeHulp => "passende hulp is echt gestart",
        Norm::Machtiging => "de machtiging is ten uitvoer gelegd",
        Norm::Unspecified => "",
    }
}

/// Where a clock stands.
pub(super) fn uitkomst(uitkomst: UitkomstKlok) -> &'static str {
    match uitkomst {
        UitkomstKlok::Loopt => "loopt",
        UitkomstKlok::Gehaald => "gehaald",
        UitkomstKlok::TeLaat => "te laat",
        UitkomstKlok::Verstreken => "verstreken",
        UitkomstKlok::Toegelicht => "toegelicht",
        UitkomstKlok::Doorbraak => "via doorbraakaanpak",
        UitkomstKlok::NietBeoordeeld => "niet beoordeeld",
        UitkomstKlok::Unspecified => "",
    }
}

/// An indicator.
pub(super) fn indicator(indicator: Indicator) -> &'static str {
    match indicator {
        Indicator::KennisgevingTijdig => "Kennisgeving tijdig",
        Indicator::JeugdbeschermerTijdig => "Norm 1: jeugdbeschermer tijdig",
        Indicator::JeugdbeschermerTijdigStrikt => "Norm 1: tijdig, strikt gelezen",
        Indicator::JeugdbeschermerVast => "Norm 1: jeugdbeschermer vast",
        Indicator::KoersUitgezet => "Norm 2: koers uitgezet",
        Indicator::KoersTijdig => "Norm 2: koers tijdig",
        Indicator::KoersGedragen => "Norm 2: koers gedragen",
        Indicator::HulpIngezet => "Norm 3: passende hulp ingezet",
        Indicator::HulpTijdig => "Norm 3: hulp tijdig",
        Indicator::MachtigingTijdig => "Machtiging tijdig benut",
        Indicator::Unspecified => "onbekend",
    }
}

/// Why something was not judged.
pub(super) fn niet_beoordeeld(reden: RedenNietBeoordeeld) -> String {
    match reden {
        RedenNietBeoordeeld::Unspecified => String::new(),
        anders => woorden(anders.as_str_name().trim_start_matches("REDEN_NIET_BEOORDEELD_")),
    }
}

/// A code of the contract in words: lower case, with spaces.
pub(super) fn woorden(code: &str) -> String {
    code.to_lowercase().replace('_', " ")
}

/// The name of a kind of message in words: `HulpGestart` becomes "Hulp gestart".
pub(super) fn soort(naam: &str) -> String {
    let mut woorden = String::new();
    for (nr, teken) in naam.chars().enumerate() {
        if nr > 0 && teken.is_uppercase() {
            woorden.push(' ');
            woorden.extend(teken.to_lowercase());
        } else {
            woorden.push(teken);
        }
    }
    woorden
}

/// A day.
pub(super) fn dag(dag: NaiveDate) -> String {
    dag.format("%d-%m-%Y").to_string()
}

/// A day of the contract, `yyyy-mm-dd`; empty when it is none.
pub(super) fn dag_uit(text: &str) -> String {
    text.parse().map(dag).unwrap_or_default()
}

/// A moment in the Netherlands, to the second.
pub(super) fn moment(moment: DateTime<Utc>) -> String {
    moment.with_timezone(&Amsterdam).format("%d-%m-%Y %H:%M:%S").to_string()
}

/// A moment of the contract.
pub(super) fn tijdstip(moment: Option<&prost_types::Timestamp>) -> Option<String> {
    let moment = moment?;
    DateTime::from_timestamp(moment.seconds, u32::try_from(moment.nanos).ok()?).map(self::moment)
}

/// A duration in microseconds, in the two largest units that say something.
pub(super) fn duur(micros: i64) -> String {
    let micros = micros.max(0);
    let (ms, s) = (micros / 1_000, micros / 1_000_000);
    match s {
        0 if ms == 0 => format!("{micros} µs"),
        0 => format!("{ms} ms"),
        1..60 => format!("{s},{} s", ms % 1_000 / 100),
        60..3_600 => format!("{} min {} s", s / 60, s % 60),
        3_600..86_400 => format!("{} u {} min", s / 3_600, s % 3_600 / 60),
        _ => format!("{} d {} u", s / 86_400, s % 86_400 / 3_600),
    }
}

/// A number with a point at every thousand.
pub(super) fn getal(getal: u64) -> String {
    let cijfers = getal.to_string();
    let mut uit = String::new();
    for (nr, cijfer) in cijfers.chars().enumerate() {
        if nr > 0 && (cijfers.len() - nr).is_multiple_of(3) {
            uit.push('.');
        }
        uit.push(cijfer);
    }
    uit
}

/// The title and the sentence of a "no".
pub(super) fn nee(code: StatusCode, reden: &str) -> (&'static str, &'static str) {
    match (code, reden) {
        (StatusCode::NOT_FOUND, _) => ("Niet gevonden", "Deze pagina of zaak is er niet, of is niet voor u."),
        (_, "DEELNEMER_ONBEKEND") => (
            "Geen toegang",
            "Uw certificaat is geldig, maar uw organisatie staat niet in het register. Vraag de beheerder van de hub om aanmelding.",
        ),
        (_, "DEELNEMER_GESCHORST") => ("Geen toegang", "Uw deelname is geschorst. Vraag de beheerder van de hub waarom."),
        (_, "BEVOEGDHEID_BEEINDIGD" | "BEVOEGDHEID_NOG_NIET_BEGONNEN" | "MANDAAT_VERVALLEN") => {
            ("Geen toegang", "Volgens het register bent u vandaag niet bevoegd.")
        }
        (_, "ANDERE_HERKOMST") => ("Geweigerd", "Deze vraag kwam van een andere site. Open de pagina zelf, in een nieuw tabblad."),
        (_, "METHODE") => ("Geweigerd", "Op deze pagina's wordt alleen gelezen."),
        (StatusCode::FORBIDDEN, _) => ("Niet voor uw rol", "Deze pagina is er voor een andere rol."),
        (StatusCode::BAD_REQUEST, _) => ("Onleesbare vraag", "Het adres van deze pagina klopt niet."),
        (StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS, _) => {
            ("Even niet beschikbaar", "De hub kan nu niet antwoorden. Probeer het over een ogenblik opnieuw; dat is veilig.")
        }
        _ => ("Er ging iets mis", "De hub kon deze pagina niet maken."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_read_is_written_as_they_write_it() {
        assert_eq!((getal(0), getal(999), getal(1_234_567)), ("0".to_owned(), "999".to_owned(), "1.234.567".to_owned()));
        assert_eq!((soort("HulpGestart"), soort("Uitspraak")), ("Hulp gestart".to_owned(), "Uitspraak".to_owned()));
        for (micros, text) in [(999, "999 µs"), (12_345, "12 ms"), (1_250_000, "1,2 s"), (61_000_000, "1 min 1 s")] {
            assert_eq!(duur(micros), text);
        }
        assert_eq!((duur(7_260_000_000), duur(90_000_000_000)), ("2 u 1 min".to_owned(), "1 d 1 u".to_owned()));
        let moment_van = |seconden| moment(DateTime::from_timestamp(seconden, 0).unwrap());
        assert_eq!(moment_van(1_783_985_400), "14-07-2026 01:30:00", "in the Netherlands");
    }
}
