//! `docs/configuratie.md` is what `src/config.rs` says: every key with its comment, kind, default and bounds. Bounds are those that the hub
//! enforces, which is tried for each of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ketenhub::config::{Config, ONVEILIG};
use serde_json::Value;

use crate::support::{may_refresh, repository};

/// A configuration with what has no default, and nothing else.
const KLEINST: &str = r#"
listen = "127.0.0.1:8443"
database = "sqlite:ketenhub.db"
receipt_key = "receipt.key"
[tls]
certificate = "hub.pem"
key = "hub.key"
client_ca = "ca.pem"
crls = ["crl.pem"]
"#;

/// A struct or enum of the source.
#[derive(Default)]
struct Deel {
    uitleg: String,
    /// Name, kind, whether it has a default, comment.
    velden: Vec<(String, String, bool, String)>,
}

fn delen() -> BTreeMap<String, Deel> {
    let bron = std::fs::read_to_string(repository().join("src/config.rs")).unwrap();
    let bron = bron.split("#[cfg(test)]").next().unwrap();
    let mut delen: BTreeMap<String, Deel> = BTreeMap::new();
    let (mut huidig, mut uitleg, mut met_default, mut alle_default) = (None::<String>, Vec::new(), false, false);
    for regel in bron.lines() {
        let kaal = regel.trim();
        if let Some(tekst) = kaal.strip_prefix("///") {
            uitleg.push(tekst.trim().to_owned());
        } else if kaal.starts_with("#[serde(") {
            let noemt_default = kaal.contains("default");
            if huidig.is_some() { met_default = noemt_default } else { alle_default = noemt_default }
        } else if let Some(naam) = kaal.strip_prefix("pub struct ").or_else(|| kaal.strip_prefix("pub enum ")) {
            let naam = naam.split([' ', '(']).next().unwrap().to_owned();
            delen.insert(naam.clone(), Deel { uitleg: uitleg.join(" "), velden: Vec::new() });
            huidig = Some(naam);
            uitleg.clear();
        } else if regel == "}" {
            (huidig, alle_default) = (None, false);
        } else if let (Some(naam), false) = (&huidig, kaal.is_empty() || kaal.starts_with('#')) {
            let veld = kaal.trim_start_matches("pub ").trim_end_matches(',');
            let (veld, soort) = veld.split_once(": ").unwrap_or((veld, ""));
            let velden = &mut delen.get_mut(naam).unwrap().velden;
            velden.push((veld.to_owned(), soort.to_owned(), met_default || alle_default, uitleg.join(" ")));
            uitleg.clear();
            met_default = false;
        } else if !kaal.starts_with('#') {
            uitleg.clear();
        }
    }
    delen
}

/// `OntvangenOp` → `ontvangen_op`.
fn onderkast(naam: &str) -> String {
    let mut uit = String::new();
    for teken in naam.chars() {
        if teken.is_ascii_uppercase() && !uit.is_empty() {
            uit.push('_');
        }
        uit.push(teken.to_ascii_lowercase());
    }
    uit
}

fn soort(soort: &str, delen: &BTreeMap<String, Deel>) -> String {
    let binnen = soort.trim_start_matches("Option<").trim_end_matches('>');
    let naam = match binnen {
        "SocketAddr" => "address and port",
        "String" => "text",
        "PathBuf" => "file",
        "bool" => "true or false",
        "Vec<PathBuf" | "Vec<PathBuf>" => "files",
        "Vec<String" | "Vec<String>" => "texts",
        "u64" | "u32" | "usize" => "number",
        ander => {
            let keuzes = &delen.get(ander).unwrap_or_else(|| panic!("{ander} is of no kind that is known here")).velden;
            return keuzes.iter().map(|(naam, _, _, uitleg)| format!("`{}`: {uitleg}", onderkast(naam))).collect::<Vec<_>>().join(" ");
        }
    };
    naam.to_owned()
}

fn standaard(waarde: &Value, heeft: bool) -> String {
    match waarde {
        _ if !heeft => "**required**".to_owned(),
        Value::Null => "–".to_owned(),
        waarde => format!("`{waarde}`"),
    }
}

fn bladzijde() -> String {
    let delen = delen();
    let config: Config = toml::from_str(KLEINST).unwrap();
    let waarden = serde_json::to_value(&config).unwrap();
    let grenzen: BTreeMap<_, _> = config.bounds().into_iter().map(|(naam, _, laag, hoog)| (naam, (laag, hoog))).collect();
    let mut tekst = String::from(
        "# Configuration\n\nGenerated from `src/config.rs`; do not edit. A test fails when this page is stale.\n\n\
         One TOML file, named with `--config` or in `KETENHUB_CONFIG`. A key that is not here is refused, so that a typing error is no setting, \
         and so is a value out of bounds: all of them at once. Paths are relative to the folder of the file. Secrets stand in files of their \
         own, never in this one. [`ketenhub.example.toml`](../ketenhub.example.toml) spells out every default.\n",
    );
    let mut gezien = 0;
    let mut schrijf = |kop: &str, voor: &str, deel: &Deel, waarden: &Value| {
        let _ = write!(tekst, "\n## {kop}\n\n{}\n\n| key | kind | default | bounds | what it is |\n|---|---|---|---|---|\n", deel.uitleg);
        for (naam, type_, heeft, uitleg) in
            deel.velden.iter().filter(|veld| !delen.get(&veld.1).is_some_and(|deel| deel.velden.iter().any(|veld| !veld.1.is_empty())))
        {
            let grens = grenzen.get(format!("{voor}{naam}").as_str()).map_or("–".to_owned(), |(laag, hoog)| format!("{laag} to {hoog}"));
            let uitleg = uitleg.replace("[`ONVEILIG`]", &format!("`{ONVEILIG}`"));
            let _ = writeln!(tekst, "| `{naam}` | {} | {} | {grens} | {uitleg} |", soort(type_, &delen), standaard(&waarden[naam], *heeft));
            gezien += 1;
        }
    };
    let boven = &delen["Config"];
    schrijf("Without a heading", "", boven, &waarden);
    for (naam, type_, ..) in &boven.velden {
        let sectie = delen.get(type_).filter(|deel| deel.velden.iter().any(|veld| !veld.1.is_empty()));
        if let Some(deel) = sectie {
            schrijf(&format!("`[{naam}]`"), &format!("{naam}."), deel, &waarden[naam]);
        }
    }
    assert!(gezien > 45, "only {gezien} keys were found");
    tekst
}

#[test]
fn the_reference_of_the_configuration_is_what_the_source_says() {
    let pad = repository().join("docs/configuratie.md");
    let bladzijde = bladzijde();
    if may_refresh() {
        std::fs::write(&pad, &bladzijde).unwrap();
    }
    let er = std::fs::read_to_string(&pad).unwrap_or_default();
    let anders = er.lines().zip(bladzijde.lines()).find(|(er, moet)| er != moet);
    assert!(
        er == bladzijde,
        "docs/configuratie.md is stale, first at {anders:#?}; refresh it with\n    BIJWERKEN=1 cargo test --test it configuratie\nand review the difference"
    );
}

#[test]
fn every_key_that_the_hub_reads_is_in_the_reference_with_its_default() {
    let bladzijde = bladzijde();
    let config: Config = toml::from_str(KLEINST).unwrap();
    let waarden = serde_json::to_value(&config).unwrap();
    let mut sleutels = 0;
    for (naam, waarde) in waarden.as_object().unwrap() {
        let onder: Vec<_> = waarde.as_object().map_or_else(|| vec![(naam, waarde)], |velden| velden.iter().collect());
        let kop = if waarde.is_object() { format!("\n## `[{naam}]`\n") } else { "\n## Without a heading\n".to_owned() };
        let (_, deel) = bladzijde.split_once(&kop).unwrap_or_else(|| panic!("no part {naam}"));
        let deel = deel.split("\n## ").next().unwrap();
        for (naam, waarde) in onder {
            let regel =
                deel.lines().find(|regel| regel.starts_with(&format!("| `{naam}` | "))).unwrap_or_else(|| panic!("{naam} is missing"));
            let cellen: Vec<&str> = regel.split(" | ").collect();
            assert!(cellen.len() == 5 && cellen[4].len() > 12, "{regel}");
            assert!(cellen[2] == "**required**" || cellen[2] == "–" && waarde.is_null() || cellen[2] == format!("`{waarde}`"), "{regel}");
            sleutels += 1;
        }
    }
    assert_eq!(bladzijde.matches("\n| `").count(), sleutels, "and no other");
}

/// The configuration with another number at a key.
fn met(sleutel: &str, waarde: u64) -> Result<(), String> {
    let mut tabel: toml::Table = toml::from_str(KLEINST).unwrap();
    let (deel, naam) = sleutel.split_once('.').unwrap();
    let deel = tabel.entry(deel).or_insert_with(|| toml::Table::new().into()).as_table_mut().unwrap();
    deel.insert(naam.to_owned(), i64::try_from(waarde).unwrap().into());
    if sleutel == "logboek.achterstand_max_s" {
        deel.insert("otlp".to_owned(), "http://127.0.0.1:4317".into());
        deel.insert("register".to_owned(), "https://register.example/va".into());
    }
    let config: Config = toml::from_str(&toml::to_string(&tabel).unwrap()).unwrap();
    config.check().map_err(|fout| fout.to_string())
}

#[test]
fn the_bounds_of_the_reference_are_those_that_the_hub_enforces() {
    let config: Config = toml::from_str(KLEINST).unwrap();
    for (sleutel, waarde, laag, hoog) in config.bounds() {
        assert!((laag..=hoog).contains(&waarde), "the default of {sleutel}");
        assert_eq!((met(sleutel, laag), met(sleutel, hoog)), (Ok(()), Ok(())), "{sleutel}");
        for buiten in [laag.checked_sub(1), Some(hoog + 1)].into_iter().flatten() {
            assert!(met(sleutel, buiten).is_err_and(|fout| fout.contains(sleutel)), "{sleutel} = {buiten}");
        }
    }
}
