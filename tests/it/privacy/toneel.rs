//! A case in which every field of every message holds a value of its own, played through the hub in two acts: before and after the gemeente
//! and the GI are others. It catches what every participant can get to see, as bytes. It judges nothing.

use std::collections::HashMap;

use bytes::Bytes;
use jeugdketen_proto::pool;
use jeugdketen_proto::v1::{self, Rol};
use prost::Message as _;
use prost_reflect::{DynamicMessage, Value as Waarde};
use serde_json::Value;
use tonic::transport::Channel;

use crate::support::draad::{eenmaal_bytes, methoden, roep};
use crate::support::verhaal::nieuw_id;
use crate::support::zaak::{Zaak, oin};

/// A hub in which the case is played, as its participants reach it.
pub trait Speelveld {
    /// The connection of a participant.
    async fn kanaal(&self, wie: &str) -> Channel;
    /// The case; empty while there is none.
    fn maatregel(&self) -> &str;
    /// Notes which case was opened.
    fn zet_maatregel(&mut self, maatregel: String);
}

impl Speelveld for Zaak {
    async fn kanaal(&self, wie: &str) -> Channel {
        Zaak::kanaal(self, wie).await
    }

    fn maatregel(&self) -> &str {
        &self.maatregel
    }

    fn zet_maatregel(&mut self, maatregel: String) {
        self.maatregel = maatregel;
    }
}

/// One message and, by hand from the contract, who gets it and who may look it up.
pub struct Stuk {
    pub naam: String,
    pub van: String,
    pub bericht: DynamicMessage,
    /// Whether it belongs to the case.
    pub zaak: bool,
    /// Whether it is sent in the second act.
    pub daarna: bool,
    naar: Vec<String>,
    inzage: Vec<String>,
    houder: bool,
    laatste_van: String,
    register: Vec<String>,
}

/// Before and after residence and GI change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Akte {
    Eerste,
    Tweede,
}

impl Stuk {
    /// Whether it is in this mailbox, and then whether it is shown.
    pub fn in_postvak(&self, wie: &str, akte: Akte) -> Option<bool> {
        if self.daarna && akte == Akte::Eerste {
            return None;
        }
        let woonplaats = self.naar.iter().any(|naar| naar == "woonplaats");
        let als_woonplaats = woonplaats && ((wie == "gemeente" && !self.daarna) || (wie == "gemeente-2" && akte == Akte::Tweede));
        let gekregen = als_woonplaats || self.naar.iter().any(|naar| naar == wie);
        gekregen.then(|| !self.zaak || !uitgetreden(wie, akte) || self.laatste_van == wie)
    }

    /// Whether it is on the timeline of the case for this participant.
    pub fn op_tijdlijn(&self, wie: &str, akte: Akte) -> bool {
        let verzonden = self.zaak && !(self.daarna && akte == Akte::Eerste);
        let houder = if akte == Akte::Eerste { "gi" } else { "gi-3" };
        let betrokken = self.in_postvak(wie, akte).is_some() || self.van == wie || self.inzage.iter().any(|inzage| inzage == wie);
        verzonden && !uitgetreden(wie, akte) && (betrokken || (self.houder && wie == houder))
    }

    /// Whether it can be looked up in the register by this role.
    pub fn in_register(&self, rol: Rol) -> bool {
        self.register.iter().any(|naam| format!("ROL_{naam}") == rol.as_str_name())
    }
}

/// Who had a relation to the case, and has none any more.
fn uitgetreden(wie: &str, akte: Akte) -> bool {
    akte == Akte::Tweede && ["gi", "gemeente"].contains(&wie)
}

/// Makes values that occur nowhere else.
#[derive(Default)]
struct Vuller {
    teller: u32,
    bsn: u32,
    ids: HashMap<String, String>,
}

impl Vuller {
    fn vul(&mut self, waarde: &mut Value) {
        match waarde {
            Value::String(text) if text.starts_with('@') => *text = self.nieuw(text),
            Value::Array(elementen) => elementen.iter_mut().for_each(|element| self.vul(element)),
            Value::Object(velden) => velden.values_mut().for_each(|veld| self.vul(veld)),
            _ => {}
        }
    }

    fn nieuw(&mut self, merk: &str) -> String {
        self.teller += 1;
        let n = self.teller;
        match merk.split_once(':') {
            Some(("@oin", wie)) => return oin(wie),
            Some(("@id", naam)) => return self.ids[naam].clone(),
            _ => {}
        }
        match merk {
            "@tekst" => format!("alleen voor wie dit lezen mag, nr {n:04}."),
            "@kort" => format!("kort-{n:04}-eind"),
            "@code" => format!("Q{n:04}"),
            "@agb" => format!("0098{n:04}"),
            "@postcode" => format!("4{n:03}QZ"),
            "@getal" => (71_000_000 + n * 1013).to_string(),
            "@bsn" => {
                self.bsn = (self.bsn.max(999_900_006) + 1..).find(|bsn| ketenhub::domain::ids::is_bsn(&bsn.to_string())).unwrap();
                self.bsn.to_string()
            }
            _ => panic!("{merk} means nothing"),
        }
    }
}

/// The case, ready to be played.
pub fn stukken() -> Vec<Stuk> {
    let regie: Vec<Value> = serde_json::from_str(include_str!("berichten.json")).unwrap();
    let mut vuller = Vuller::default();
    for stuk in &regie {
        vuller.ids.insert(stuk["naam"].as_str().unwrap().to_owned(), nieuw_id());
    }
    regie.into_iter().map(|stuk| lees(stuk, &mut vuller)).collect()
}

fn lees(mut stuk: Value, vuller: &mut Vuller) -> Stuk {
    let mut inhoud = stuk["inhoud"].take();
    inhoud["correctie"] = stuk["correctie"].take();
    vuller.vul(&mut inhoud);
    let naam = stuk["naam"].as_str().unwrap().to_owned();
    inhoud["bericht_id"] = vuller.ids[&naam].clone().into();
    let descriptor = pool().get_message_by_name("jeugdketen.hub.v1.Bericht").unwrap();
    let bericht = DynamicMessage::deserialize(descriptor, inhoud).unwrap_or_else(|error| panic!("{naam}: {error}"));
    let lijst =
        |veld: &str| -> Vec<String> { stuk[veld].as_array().into_iter().flatten().map(|naam| naam.as_str().unwrap().to_owned()).collect() };
    Stuk {
        van: stuk["van"].as_str().unwrap().to_owned(),
        naar: lijst("naar"),
        inzage: lijst("inzage"),
        register: lijst("register"),
        houder: stuk["houder"] == true,
        zaak: stuk["zaak"] != false,
        daarna: stuk["daarna"] == true,
        laatste_van: stuk["laatste_van"].as_str().unwrap_or_default().to_owned(),
        naam,
        bericht,
    }
}

/// Sends the messages of one act, and fills in the case as soon as there is one. Returns the answers, by who got them.
pub async fn speel(zaak: &mut impl Speelveld, stukken: &mut [Stuk], akte: Akte) -> Vec<(String, Bytes)> {
    let mut antwoorden = Vec::new();
    for stuk in stukken.iter_mut().filter(|stuk| stuk.daarna == (akte == Akte::Tweede)) {
        let opent = stuk.zaak && zaak.maatregel().is_empty();
        if stuk.zaak && !opent {
            stuk.bericht.set_field_by_name("maatregel_id", Waarde::String(zaak.maatregel().to_owned()));
        }
        let antwoord = dien(zaak, &stuk.van, stuk.bericht.encode_to_vec()).await;
        let antwoord = antwoord.unwrap_or_else(|status| panic!("{} is refused: {status:?}", stuk.naam));
        if opent {
            let receipt = v1::SubmitResponse::decode(antwoord.clone()).unwrap().receipt.unwrap();
            zaak.zet_maatregel(receipt.maatregel_id);
            // Who receives it learns from it which case it opened.
            stuk.bericht.set_field_by_name("maatregel_id", Waarde::String(zaak.maatregel().to_owned()));
        }
        antwoorden.push((stuk.naam.clone(), antwoord));
    }
    antwoorden
}

/// Submits bytes as a participant.
pub async fn dien(zaak: &impl Speelveld, wie: &str, bericht: Vec<u8>) -> Result<Bytes, tonic::Status> {
    let vraag = jeugdketen_proto::raw::SubmitRequest { bericht: Some(bericht.into()), ..Default::default() };
    eenmaal_bytes(&zaak.kanaal(wie).await, "ExchangeService/Submit", vraag.encode_to_vec().into()).await
}

/// Everything that one participant can get out of the hub.
#[derive(Default)]
pub struct Vangst {
    /// One page of its mailbox.
    pub pagina: Bytes,
    /// The timeline of the case; none when there is none for it.
    pub tijdlijn: Option<Bytes>,
    /// The clocks in it.
    pub klokken: Vec<v1::Klok>,
    /// The judgements in it.
    pub oordelen: Vec<v1::Oordeel>,
    /// All bytes that came, the above among them, and what was said when it was refused.
    pub alles: Vec<u8>,
}

/// Subscribes from the beginning until it is quiet, fetches, asks for the timeline, and asks every list of the register and of supervision.
pub async fn vang(zaak: &impl Speelveld, wie: &str) -> Vangst {
    let mut vangst = Vangst::default();
    let kanaal = zaak.kanaal(wie).await;
    let vraag = v1::SubscribeRequest { na: Some(0) }.encode_to_vec();
    let mut stroom = roep(&kanaal, "ExchangeService/Subscribe", vec![vraag.into()]).await.unwrap().into_inner();
    loop {
        let gebeurtenis = stroom.message().await.unwrap().unwrap();
        vangst.alles.extend(&gebeurtenis);
        if let Some(v1::subscribe_response::Gebeurtenis::Hartslag(_)) = v1::SubscribeResponse::decode(gebeurtenis).unwrap().gebeurtenis {
            break;
        }
    }
    let pagina = v1::FetchRequest { na: Some(0), maximaal: 500 }.encode_to_vec();
    vangst.pagina = eenmaal_bytes(&kanaal, "ExchangeService/Fetch", pagina.into()).await.unwrap();
    vangst.alles.extend(&vangst.pagina);
    let vraag = v1::GetTrajectRequest { maatregel_id: zaak.maatregel().to_owned() }.encode_to_vec();
    let mut traject = Vec::new();
    vangst.tijdlijn = vang_een(&kanaal, "TrajectService/GetTraject", vraag, &mut traject).await;
    if let Some(bytes) = &vangst.tijdlijn {
        // The clocks repeat dates on purpose, to whom they are for; the rest of the answer is searched for every value.
        let mut antwoord = v1::GetTrajectResponse::decode(bytes.clone()).unwrap();
        vangst.klokken = std::mem::take(&mut antwoord.klokken);
        vangst.oordelen = std::mem::take(&mut antwoord.oordelen);
        traject = antwoord.encode_to_vec();
    }
    vangst.alles.extend(traject);
    for methode in methoden().into_iter().filter(|m| m.naam.starts_with("RegisterService") || m.naam.starts_with("ToezichtService")) {
        let aanbod = v1::ListAanbodRequest { gemeentecode: "0518".to_owned(), ..Default::default() }.encode_to_vec();
        let vraag = if methode.naam.ends_with("ListAanbod") { aanbod } else { Vec::new() };
        vang_een(&kanaal, &methode.naam, vraag, &mut vangst.alles).await;
    }
    vangst
}

async fn vang_een(kanaal: &tonic::transport::Channel, methode: &str, vraag: Vec<u8>, alles: &mut Vec<u8>) -> Option<Bytes> {
    match eenmaal_bytes(kanaal, methode, vraag.into()).await {
        Ok(antwoord) => {
            alles.extend(&antwoord);
            Some(antwoord)
        }
        Err(status) => {
            alles.extend(status.message().as_bytes());
            alles.extend(status.details());
            None
        }
    }
}
