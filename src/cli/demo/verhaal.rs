//! The story: which party says what, and how it is shown. The messages are those of `examples/`.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use jeugdketen_proto::v1::levering::Inhoud;
use jeugdketen_proto::v1::{Bericht, Klok, Norm, Receipt, UitkomstKlok};
use serde_json::Value;

use super::toneel::Binnen;
use crate::json;
use crate::time::Clock;

/// One scene: a party submits one message.
pub(super) struct Scene {
    /// Who.
    pub(super) wie: &'static str,
    /// The file of the message in `examples/`.
    pub(super) bestand: &'static str,
    /// What happens, for people.
    titel: &'static str,
    text: &'static str,
}

macro_rules! scene {
    ($wie:literal, $bestand:literal, $titel:literal) => {
        Scene { wie: $wie, bestand: $bestand, titel: $titel, text: include_str!(concat!("../../../examples/", $bestand, ".json")) }
    };
}

/// The case.
pub(super) const SCENES: [Scene; 13] = [
    scene!("rechtbank", "01-zittingsaankondiging", "De rechtbank kondigt de zitting aan"),
    scene!("rechtbank", "02-uitspraak", "De kinderrechter doet uitspraak: ondertoezichtstelling"),
    scene!("gi", "03-koppeling", "De GI koppelt een vaste jeugdbeschermer"),
    scene!("gi", "04-koers", "De koers is bepaald, met gezin en netwerk"),
    scene!("gi", "05-jeugdhulpbepaling", "De GI bepaalt de hulp: drie voorzieningen, geen beschikking nodig"),
    scene!("aanbieder", "06-intakeresultaat-wachtlijst", "Intake bij de eerste aanbieder: geschikt, maar op de wachtlijst"),
    scene!("aanbieder-2", "07-intakeresultaat-niet-passend", "Intake bij de tweede: niet passend, met een samenwerkingscriterium"),
    scene!("aanbieder-3", "08-intakeresultaat-start-gepland", "Intake bij de derde: de start is gepland"),
    scene!("gemeente", "09-verwerking", "De gemeente verwerkt administratief; niemand wachtte daarop"),
    scene!("aanbieder-3", "10-hulp-gestart", "De hulp is echt gestart"),
    scene!("gi", "11-passendheid", "De GI oordeelt dat de hulp past"),
    scene!("gi", "12-escalatie", "Voor de wachtende hulp schaalt de GI op naar het expertteam"),
    scene!("gi", "13-toelichting", "De GI licht de inspectie toe waarom het langer duurt"),
];

/// What was told so far.
pub(super) struct Verhaal {
    out: Option<PathBuf>,
    maatregel: String,
    ids: HashMap<String, String>,
    /// Per party: how many deliveries, and how long each took.
    hops: BTreeMap<String, Vec<Duration>>,
}

impl Verhaal {
    /// Begins; makes the folder when one is asked for.
    pub(super) fn new(out: Option<&Path>) -> anyhow::Result<Verhaal> {
        if let Some(out) = out {
            fs::create_dir_all(out.join("submitted")).with_context(|| format!("cannot make {}", out.display()))?;
        }
        Ok(Verhaal { out: out.map(Path::to_owned), maatregel: String::new(), ids: HashMap::new(), hops: BTreeMap::new() })
    }

    /// Fills the ids into the message of a scene.
    pub(super) fn vul(&mut self, scene: &Scene, clock: &Clock) -> String {
        let id = clock.new_id().to_string();
        let mut text = scene.text.replace("{{bericht_id}}", &id).replace("{{maatregel_id}}", &self.maatregel);
        for (nr, earlier) in &self.ids {
            text = text.replace(&format!("{{{{bericht_id:{nr}}}}}"), earlier);
        }
        self.ids.insert(scene.bestand[..2].to_owned(), id);
        text
    }

    /// Shows what became of a scene, and writes it down when asked.
    pub(super) fn toon(
        &mut self,
        nr: usize,
        scene: &Scene,
        bericht: &Bericht,
        receipt: &Receipt,
        accepted: Duration,
        leveringen: &[Binnen],
    ) -> anyhow::Result<()> {
        if self.maatregel.is_empty() {
            self.maatregel.clone_from(&receipt.maatregel_id);
        }
        let naam = soort(bericht);
        println!("{nr:>2}. {}", scene.titel);
        println!("    {:<22} → hub  {naam}, duurzaam aanvaard als nr. {} in {}", scene.wie, receipt.volgnummer, ms(accepted));
        for waarschuwing in receipt.waarschuwingen() {
            println!("    let op: {}", waarschuwing.as_str_name().trim_start_matches("WAARSCHUWING_"));
        }
        self.schrijf("submitted", &format!("{nr:02}-{naam}"), bericht)?;
        let gestuurd = velden(bericht)?;
        for binnen in leveringen {
            let rol = rol_van(receipt, &binnen.oin);
            let Some(Inhoud::Bericht(view)) = &binnen.levering.inhoud else { continue };
            let gezien = velden(view)?;
            let verborgen: Vec<_> = gestuurd.iter().filter(|veld| !gezien.contains(veld)).map(String::as_str).collect();
            println!("    hub → {:<22} in {:>8}   ziet {}", speler(&rol, &binnen.oin), ms(binnen.na), gezien.join(", "));
            if !verborgen.is_empty() {
                println!("          {:<22}      {:>8}   niet {}", "", "", verborgen.join(", "));
            }
            let folder = format!("{rol}-{}", binnen.oin);
            self.schrijf(&folder, &format!("{}-{naam}", binnen.levering.postvaknummer), view)?;
            self.hops.entry(speler(&rol, &binnen.oin)).or_default().push(binnen.na);
        }
        if leveringen.is_empty() {
            println!("    niemand krijgt dit bericht; het telt voor de normen");
        }
        println!();
        Ok(())
    }

    /// The case.
    pub(super) fn maatregel(&self) -> &str {
        &self.maatregel
    }

    /// Ends the story with the hops.
    pub(super) fn besluit(&self, duur: Duration) {
        println!("De hele zaak, {} berichten, in {}.\n", self.ids.len(), ms(duur));
        println!("    {:<28} {:>9}  {:>10}  {:>10}", "ontvanger", "berichten", "mediaan", "langste");
        for (wie, tijden) in &self.hops {
            let mut tijden = tijden.clone();
            tijden.sort_unstable();
            let (mediaan, langste) = (tijden[tijden.len() / 2], tijden[tijden.len() - 1]);
            println!("    {wie:<28} {:>9}  {:>10}  {:>10}", tijden.len(), ms(mediaan), ms(langste));
        }
        if let Some(out) = &self.out {
            println!("\nWat is ingediend staat in {}, wat elke partij zag ernaast.", out.join("submitted").display());
        }
        println!();
    }

    fn schrijf(&self, folder: &str, naam: &str, bericht: &Bericht) -> anyhow::Result<()> {
        let Some(out) = &self.out else { return Ok(()) };
        let folder = out.join(folder);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let file = folder.join(format!("{naam}.json"));
        fs::write(&file, json::write(bericht)? + "\n").with_context(|| format!("cannot write {}", file.display()))
    }
}

/// Shows where the norm clocks stand.
pub(super) fn toon_klokken(klokken: &[Klok]) {
    println!("De normklokken van de zaak, zoals GI en inspectie ze zien:\n");
    println!("    {:<28} {:<12} {:<12} {:<12} uitkomst", "norm", "vanaf", "uiterlijk", "gestopt");
    for klok in klokken {
        let gestopt = if klok.gestopt.is_empty() { "–" } else { &klok.gestopt };
        println!("    {:<28} {:<12} {:<12} {gestopt:<12} {}", norm(klok.norm()), klok.start, klok.uiterlijk, uitkomst(klok.uitkomst()));
    }
    println!();
}

/// The name of a norm.
pub(super) fn norm(norm: Norm) -> &'static str {
    match norm {
        Norm::Kennisgeving => "kennisgeving aan de GI",
        Norm::Jeugdbeschermer => "1 vaste jeugdbeschermer",
        Norm::Koers => "2 gedragen koers",
        Norm::PassendeHulp => "3 passende hulp",
        Norm::Machtiging => "machtiging uitgevoerd",
        Norm::Unspecified => "",
    }
}

fn uitkomst(uitkomst: UitkomstKlok) -> &'static str {
    match uitkomst {
        UitkomstKlok::Loopt => "loopt",
        UitkomstKlok::Gehaald => "gehaald",
        UitkomstKlok::TeLaat => "te laat",
        UitkomstKlok::Verstreken => "verstreken",
        UitkomstKlok::Toegelicht => "te laat, toegelicht",
        UitkomstKlok::Doorbraak => "te laat, via doorbraakaanpak",
        UitkomstKlok::NietBeoordeeld | UitkomstKlok::Unspecified => "niet beoordeeld",
    }
}

fn soort(bericht: &Bericht) -> &'static str {
    bericht.inhoud.as_ref().map_or("Bericht", |inhoud| inhoud.kind().name())
}

/// The fields of the content that hold something.
fn velden(bericht: &Bericht) -> anyhow::Result<Vec<String>> {
    let value = json::to_value(bericht)?;
    let inhoud = bericht.inhoud.as_ref().and_then(|inhoud| value.get(inhoud.kind().field()));
    Ok(inhoud.and_then(Value::as_object).map(|fields| fields.keys().cloned().collect()).unwrap_or_default())
}

fn rol_van(receipt: &Receipt, oin: &str) -> String {
    let rol = receipt.ontvangers.iter().find(|ontvanger| ontvanger.oin == oin).map(|ontvanger| ontvanger.rol());
    rol.map(|rol| rol.as_str_name().trim_start_matches("ROL_").to_owned()).unwrap_or_default()
}

/// The role with the number of the participant within it, from the scheme of the example OINs.
fn speler(rol: &str, oin: &str) -> String {
    let nummer = oin.get(10..17).and_then(|nummer| nummer.parse::<u32>().ok()).unwrap_or(1);
    if nummer > 1 { format!("{rol}-{nummer}") } else { rol.to_owned() }
}

fn ms(duur: Duration) -> String {
    format!("{:.1} ms", duur.as_secs_f64() * 1000.0).replace('.', ",")
}
