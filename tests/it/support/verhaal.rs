//! The messages of `examples/` as values, with ids filled in so that they refer to each other. It submits nothing.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use jeugdketen_proto::pool;
use jeugdketen_proto::v1::Bericht;
use jeugdketen_proto::v1::bericht::Inhoud;
use ketenhub::time::Clock;
use prost::Message;
use prost_reflect::DynamicMessage;

use super::chain::begin;

/// Every example, by its number.
static VOORBEELDEN: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let files =
        |dir: &str| std::fs::read_dir(super::repository().join(dir)).expect("the examples").map(|file| file.expect("a file").path());
    let nummer = |path: &PathBuf| path.file_name().expect("a name").to_string_lossy()[..2].to_owned();
    let json = files("examples").chain(files("examples/los")).filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    json.map(|path| (nummer(&path), std::fs::read_to_string(&path).expect("an example"))).collect()
});

/// One telling of the examples: which message got which id, and which case they are about.
#[derive(Clone, Debug, Default)]
pub struct Verhaal {
    /// The ids, by the number of the example.
    pub ids: HashMap<String, String>,
    /// The case; empty until the hub gave it out.
    pub zaak: String,
}

/// A new id, as a sender makes it.
pub fn nieuw_id() -> String {
    Clock::manual(begin()).new_id().to_string()
}

/// Reads protobuf JSON of a message of the contract.
pub fn uit_json<M: Message + Default>(naam: &str, json: &str) -> M {
    let descriptor = pool().get_message_by_name(&format!("jeugdketen.hub.v1.{naam}")).expect("a message of the contract");
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let message = DynamicMessage::deserialize(descriptor, &mut deserializer).expect("protobuf JSON");
    M::decode(message.encode_to_vec().as_slice()).expect("a message")
}

/// The numbers of all examples, in order.
pub fn nummers() -> Vec<&'static str> {
    let mut nummers: Vec<_> = VOORBEELDEN.keys().map(String::as_str).collect();
    nummers.sort_unstable();
    nummers
}

/// Example `nummer` with an id of its own, which it has in this telling from now on.
pub fn bericht(verhaal: &mut Verhaal, nummer: &str) -> Bericht {
    let mut json = VOORBEELDEN.get(nummer).unwrap_or_else(|| panic!("there is no example {nummer}")).clone();
    verhaal.ids.insert(nummer.to_owned(), nieuw_id());
    json = json.replace("{{bericht_id}}", &verhaal.ids[nummer]);
    json = json.replace("{{maatregel_id}}", &verhaal.zaak);
    for ander in nummers() {
        let plek = format!("{{{{bericht_id:{ander}}}}}");
        if json.contains(&plek) {
            json = json.replace(&plek, verhaal.ids.entry(ander.to_owned()).or_insert_with(nieuw_id));
        }
    }
    uit_json("Bericht", &json)
}

/// Who sends an example, as named in `certs-example/houders.json`.
pub fn afzender(nummer: &str) -> &'static str {
    match nummer {
        "01" | "02" | "21" | "22" | "23" | "25" => "rechtbank",
        "06" => "aanbieder",
        "07" | "33" => "aanbieder-2",
        "08" | "10" | "26" | "29" => "aanbieder-3",
        "09" | "28" | "34" => "gemeente",
        "30" => "expertteam",
        _ => "gi",
    }
}

/// What must be accepted before an example can be.
pub fn vooraf(nummer: &str) -> &'static [&'static str] {
    match nummer {
        "01" | "02" | "21" | "31" | "32" | "34" => &[],
        "06" | "07" | "08" | "09" | "10" | "12" | "28" => &["02", "05"],
        "11" | "26" | "29" => &["02", "05", "10"],
        "24" => &["02", "05", "23"],
        "30" => &["02", "05", "12"],
        "33" => &["02", "05", "07"],
        _ => &["02"],
    }
}

/// Makes an example the correction of an earlier message of the same sender.
pub fn correctie_van(betreft: &str, mut bericht: Bericht) -> Bericht {
    let reden = jeugdketen_proto::v1::RedenCorrectie::Registratiefout.into();
    bericht.correctie = Some(jeugdketen_proto::v1::Correctie { betreft_bericht_id: betreft.to_owned(), reden });
    bericht
}

/// Withdraws an earlier message of the same sender.
pub fn intrekking_van(betreft: &str, zaak: &str) -> Bericht {
    let reden = jeugdketen_proto::v1::RedenIntrekking::TenOnrechteVerzonden.into();
    let intrekking = jeugdketen_proto::v1::Intrekking { betreft_bericht_id: betreft.to_owned(), reden };
    Bericht { bericht_id: nieuw_id(), maatregel_id: zaak.to_owned(), correctie: None, inhoud: Some(Inhoud::Intrekking(intrekking)) }
}

/// The content of a message, to change it: `inhoud!(bericht, Uitspraak)`.
macro_rules! inhoud {
    ($bericht:expr, $kind:ident) => {
        match &mut $bericht.inhoud {
            Some(jeugdketen_proto::v1::bericht::Inhoud::$kind(inhoud)) => inhoud,
            _ => panic!("not this kind of message"),
        }
    };
}

pub(crate) use inhoud;
