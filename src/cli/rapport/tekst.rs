//! Reports as officials read them.

use chrono::DateTime;
use jeugdketen_proto::v1::{
    GetNormcijfersResponse, GetOverdrachtenResponse, Indicator, ListDoorlooptijdenResponse, ListKennisgevingenResponse,
    ListTekortenResponse, ListToetsingspogingenResponse, ListWachtendenResponse, Normcijfer, Stap,
};

use crate::cli::uitvoer::tabel;

/// What stands where a number is hidden.
const VERBORGEN: &str = "verborgen";

pub(super) fn normen(antwoord: &GetNormcijfersResponse) -> String {
    let rij = |regel: &Normcijfer| {
        let fijn = |getal: Option<u64>| getal.map_or_else(|| "-".to_owned(), |getal| getal.to_string());
        let cijfer = match (regel.onderdrukt, regel.procent) {
            (true, _) => VERBORGEN.to_owned(),
            (false, Some(procent)) => format!("{}/{} ({procent}%)", regel.gehaald, regel.beoordeeld),
            (false, None) => format!("{}/{}", regel.gehaald, regel.beoordeeld),
        };
        let naam = if regel.naam.is_empty() { &regel.groep } else { &regel.naam };
        let groep = if regel.groep.is_empty() { "Totaal".to_owned() } else { naam.clone() };
        let fijner = [regel.toegelicht, regel.doorbraak, regel.niet_beoordeeld, regel.loopt].map(fijn);
        [indicator(regel.indicator()).to_owned(), groep, cijfer].into_iter().chain(fijner).collect()
    };
    let rijen: Vec<_> = antwoord.regels.iter().map(rij).collect();
    let koppen = ["Indicator", "Groep", ">Gehaald", ">Toegelicht", ">Doorbraak", ">Niet beoordeeld", ">Waarvan lopend"];
    let zaken = antwoord.zaken.map_or_else(|| VERBORGEN.to_owned(), |zaken| zaken.to_string());
    let kop = format!("Peildatum  {}\nZaken      {zaken}\nBeleid     {}\n", antwoord.peildatum, antwoord.beleid);
    kop + &kleinste(antwoord.kleinste_cel) + "\n" + &tabel(&koppen, &rijen)
}

pub(super) fn kennisgevingen(antwoord: &ListKennisgevingenResponse) -> String {
    let rijen: Vec<Vec<String>> = antwoord
        .regels
        .iter()
        .map(|regel| {
            let vorm = if regel.vonnissen { "vonnis" } else { "beschikking" };
            let getallen = [regel.aantal, regel.open, regel.gi_niet_uitgenodigd].map(|getal| getal.to_string());
            let duren = [regel.p50_seconden, regel.p95_seconden, regel.max_seconden].map(duur);
            [regel.rechtbank_oin.clone(), vorm.to_owned()].into_iter().chain(getallen).chain(duren).collect()
        })
        .collect();
    tabel(&["Rechtbank", "Vorm", ">Uitspraken", ">Niet ontvangen", ">GI niet uitgenodigd", ">Mediaan", ">P95", ">Langst"], &rijen)
}

pub(super) fn tekorten(antwoord: &ListTekortenResponse) -> String {
    let rijen: Vec<Vec<String>> = antwoord
        .regels
        .iter()
        .map(|regel| {
            let regio = if regel.regio.is_empty() { "Landelijk" } else { &regel.regio };
            let cel = |verborgen: bool, anders: &str, getal: u64| if verborgen { anders.to_owned() } else { getal.to_string() };
            let grof = |getal| cel(regel.onderdrukt, VERBORGEN, getal);
            let fijn = |getal| cel(regel.bijzonderheden_onderdrukt, "-", getal);
            let getallen = [regel.aantal, regel.tot_zes_weken, regel.tot_drie_maanden, regel.langer].map(grof);
            let fijner = [regel.op_wachtlijst, regel.langste_wachttijd_dagen].map(fijn);
            [regel.productcategorie.clone(), regio.to_owned()].into_iter().chain(getallen).chain(fijner).collect()
        })
        .collect();
    let koppen = ["Categorie", "Regio", ">Wachtend", ">0-42 dagen", ">43-91 dagen", ">Langer", ">Op wachtlijst", ">Langst (dagen)"];
    format!("Peildatum  {}\n{}\n", antwoord.op, kleinste(antwoord.kleinste_cel)) + &tabel(&koppen, &rijen)
}

pub(super) fn wachtenden(antwoord: &ListWachtendenResponse) -> String {
    let rijen: Vec<Vec<String>> = antwoord
        .regels
        .iter()
        .map(|regel| {
            let getallen =
                [regel.aantal, regel.zonder_jeugdbeschermer, regel.op_lijst, regel.langste_dagen, regel.met_meer_jeugdbeschermers];
            [regel.gi_oin.clone(), regel.regio.clone()].into_iter().chain(getallen.map(|getal| getal.to_string())).collect()
        })
        .collect();
    let koppen = ["GI", "Regio", ">Maatregelen", ">Zonder jeugdbeschermer", ">Op een lijst", ">Langst (dagen)", ">Meer jeugdbeschermers"];
    tabel(&koppen, &rijen)
}

pub(super) fn overdrachten(antwoord: &GetOverdrachtenResponse) -> String {
    let rijen: Vec<Vec<String>> = antwoord
        .regels
        .iter()
        .map(|regel| {
            let getallen = [regel.aantal, regel.ontvangen, regel.overgedragen, regel.met_jeugdbeschermer];
            std::iter::once(regel.gi_oin.clone()).chain(getallen.map(|getal| getal.to_string())).collect()
        })
        .collect();
    let overgenomen: u64 = antwoord.regels.iter().map(|regel| regel.aantal).sum();
    let kop = format!(
        "Aangeboden        {}\nOvergenomen       {overgenomen}\nGeëindigd         {}\nZonder andere GI  {}\n\n",
        antwoord.aangeboden, antwoord.geeindigd, antwoord.zonder_andere_gi
    );
    kop + &tabel(&["GI", ">Overgenomen", ">Uitspraak ontvangen", ">Overgedragen", ">Met jeugdbeschermer"], &rijen)
}

pub(super) fn doorlooptijden(antwoord: &ListDoorlooptijdenResponse) -> String {
    let rijen: Vec<Vec<String>> = antwoord
        .regels
        .iter()
        .map(|regel| {
            let getallen = [regel.aantal, regel.p50_dagen, regel.p95_dagen, regel.max_dagen].map(|getal| getal.to_string());
            [stap(regel.stap()).to_owned(), regel.oin.clone()].into_iter().chain(getallen).collect()
        })
        .collect();
    tabel(&["Stap", "Organisatie", ">Aantal", ">Mediaan (dagen)", ">P95 (dagen)", ">Langst (dagen)"], &rijen)
}

pub(super) fn toetsing(antwoord: &ListToetsingspogingenResponse) -> String {
    let rijen: Vec<Vec<String>> = antwoord
        .regels
        .iter()
        .map(|regel| {
            let laatste = regel.laatste_op.as_ref().and_then(|moment| DateTime::from_timestamp(moment.seconds, 0));
            vec![regel.gemeente_oin.clone(), regel.aantal.to_string(), laatste.map(|moment| moment.to_rfc3339()).unwrap_or_default()]
        })
        .collect();
    tabel(&["Gemeente", ">Pogingen", "Laatste"], &rijen)
}

fn kleinste(cel: u32) -> String {
    if cel == 0 { String::new() } else { format!("Verborgen  aantallen van 1 tot en met {}, en wat die zou verraden\n", cel - 1) }
}

/// Days, hours, minutes and seconds, from the first that is not zero.
fn duur(seconden: u64) -> String {
    let (dagen, uren, minuten) = (seconden / 86_400, seconden / 3_600 % 24, seconden / 60 % 60);
    match (dagen, uren, minuten) {
        (0, 0, 0) => format!("{seconden}s"),
        (0, 0, _) => format!("{minuten}m{:02}s", seconden % 60),
        (0, ..) => format!("{uren}u{minuten:02}m"),
        _ => format!("{dagen}d{uren:02}u"),
    }
}

fn indicator(indicator: Indicator) -> &'static str {
    match indicator {
        Indicator::Unspecified => "",
        Indicator::KennisgevingTijdig => "Kennisgeving: tijdig",
        Indicator::JeugdbeschermerTijdig => "Norm 1: tijdig een jeugdbeschermer",
        Indicator::JeugdbeschermerTijdigStrikt => "Norm 1: tijdig, zonder minimale variant",
        Indicator::JeugdbeschermerVast => "Norm 1: vaste jeugdbeschermer",
        Indicator::KoersUitgezet => "Norm 2: koers uitgezet",
        Indicator::KoersTijdig => "Norm 2: koers tijdig",
        Indicator::KoersGedragen => "Norm 2: koers gedragen",
        Indicator::HulpIngezet => "Norm 3: passende hulp ingezet",
        Indicator::HulpTijdig => "Norm 3: passende hulp tijdig",
        Indicator::MachtigingTijdig => "Machtiging: tijdig uitgevoerd",
    }
}

fn stap(stap: Stap) -> &'static str {
    match stap {
        Stap::Unspecified => "",
        Stap::KoersTotOverleg => "Koers tot overleg",
        Stap::BepalingTotVerwerking => "Bepaling tot verwerking",
        Stap::AanmeldingTotIntake => "Aanmelding tot intake",
        Stap::WachtlijstTotStart => "Wachtlijst tot start",
        Stap::BepalingTotAanbieder => "Bepaling tot aanbieder",
        Stap::BepalingTotAfwijzing => "Bepaling tot afwijzing",
    }
}
