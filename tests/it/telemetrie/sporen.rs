//! What the real programme sends to a collector.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use jeugdketen_proto::v1::{FetchRequest, SubmitRequest};
use opentelemetry_proto::tonic::trace::v1::Span;
use tonic::{Code, Request};

use super::ontvanger::{Ontvanger, attributen};
use super::vraag;
use crate::support::berichten::{Exchange, GI, dien_alle_in, voorbeeld, voorbeeld_tekst, zitting};
use crate::support::hub::channel;
use crate::support::proces::{self, Proces, voorbeeld_certs};

const SUBMIT: &str = "jeugdketen.hub.v1.ExchangeService/Submit";

/// A hub that sends to a collector and has an operator's port.
pub async fn hub(map: &Path, otlp: &str) -> (Proces, Exchange, String) {
    let (hub, operator) = start(map, otlp).await;
    let rechtbank = Exchange::new(channel(&hub.address, &voorbeeld_certs(), "rechtbank").await);
    (hub, rechtbank, operator)
}

async fn start(map: &Path, otlp: &str) -> (Proces, String) {
    let config = proces::config(map, &voorbeeld_certs(), "sqlite:hub.db", "shutdown_s = 2");
    let telemetrie = format!("[telemetrie]\notlp = \"{otlp}\"\nmetrics = \"127.0.0.1:0\"\n");
    let text = std::fs::read_to_string(&config).unwrap() + &telemetrie;
    std::fs::write(&config, text).unwrap();
    Proces::start_met_operator(&config).await
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn genaamd<'a>(spans: &'a [Span], naam: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name == naam).collect()
}

fn paar(naam: &str, waarde: &str) -> (String, String) {
    (naam.to_owned(), waarde.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_one_span_below_its_caller_and_none_is_sampled_away() {
    let map = tempfile::tempdir().unwrap();
    let (ontvanger, otlp) = Ontvanger::start().await;
    let (hub, mut rechtbank, _) = hub(map.path(), &otlp).await;
    // Without a caller's trace, in one that is not sampled, and in something that is no trace.
    let mut ouders = BTreeMap::new();
    for nr in 0..60_u32 {
        let mut vraag = Request::new(SubmitRequest { bericht: Some(zitting(GI)), ..Default::default() });
        let (trace, ouder) = (format!("4bf92f3577b34da6a3ce929d{nr:08x}"), format!("00f067aa{:08x}", nr + 1));
        match nr % 3 {
            0 => {}
            1 => {
                vraag.metadata_mut().insert("traceparent", format!("00-{trace}-{ouder}-00").parse().unwrap());
                ouders.insert(trace, ouder);
            }
            _ => drop(vraag.metadata_mut().insert("traceparent", "999990019".parse().unwrap())),
        }
        rechtbank.submit(vraag).await.unwrap();
    }
    dien_alle_in(&mut rechtbank, (0..5).map(|_| zitting(GI)).collect()).await;
    let te_veel = rechtbank.fetch(FetchRequest { na: None, maximaal: 501 }).await.unwrap_err();
    assert_eq!(te_veel.code(), Code::InvalidArgument);
    drop(rechtbank);
    hub.sein("TERM");
    assert!(hub.einde(Duration::from_secs(8)).await.success());

    let spans = ontvanger.spans();
    let submits = genaamd(&spans, SUBMIT);
    assert_eq!(submits.len(), 60);
    let attributen_van = |methode: &str, code: &str| {
        [
            paar("ketenhub.participant.oin", "00000099010000001000"),
            paar("ketenhub.participant.role", "RECHTBANK"),
            paar("rpc.grpc.status_code", code),
            paar("rpc.method", methode),
            paar("rpc.service", "jeugdketen.hub.v1.ExchangeService"),
            paar("rpc.system", "grpc"),
        ]
    };
    let mut met_ouder = BTreeMap::new();
    for span in &submits {
        assert_eq!(attributen(span), attributen_van("Submit", "0"));
        assert_eq!(span.flags & 1, 1, "it is sampled");
        if !span.parent_span_id.is_empty() {
            met_ouder.insert(hex(&span.trace_id), hex(&span.parent_span_id));
        }
    }
    assert_eq!(met_ouder, ouders);
    let eigen: BTreeSet<_> = submits.iter().map(|span| &span.span_id).collect();
    assert_eq!(eigen.len(), 60);

    let stroom = genaamd(&spans, "jeugdketen.hub.v1.ExchangeService/SubmitStream");
    assert_eq!(stroom.iter().map(|span| attributen(span)).collect::<Vec<_>>(), [attributen_van("SubmitStream", "0")]);
    let geweigerd = genaamd(&spans, "jeugdketen.hub.v1.ExchangeService/Fetch");
    assert_eq!(geweigerd.iter().map(|span| attributen(span)).collect::<Vec<_>>(), [attributen_van("Fetch", "3")]);

    // Each call that submitted is linked to by the batch that took its message.
    let batches = genaamd(&spans, "ketenhub batch");
    let gelinkt: Vec<_> = batches.iter().flat_map(|batch| &batch.links).map(|link| link.span_id.clone()).collect();
    assert_eq!(gelinkt.len(), 65);
    assert!(submits.iter().chain(&stroom).all(|span| gelinkt.contains(&span.span_id)));
    let berichten = |span: &Span| {
        let soort = attributen(span).into_iter().find(|(naam, _)| naam == "ketenhub.batch.Zittingsaankondiging");
        soort.map_or(0, |(_, aantal)| aantal.parse().unwrap())
    };
    assert_eq!(batches.iter().map(|batch| berichten(batch)).sum::<u32>(), 65);
    // Nothing else: the sending of all this is not in it.
    let namen: BTreeSet<_> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(namen.len(), 4, "{namen:?}");
    assert!(ontvanger.metrics().iter().any(|naam| naam == "ketenhub_accepted"));
    assert!(ontvanger.metrics().iter().any(|naam| naam == "ketenhub_database_up"));
}

/// The texts of a message that could tell something of a case: all but the codes of the contract, and organisations.
pub fn planten(json: &serde_json::Value, gevonden: &mut BTreeSet<String>) {
    match json {
        serde_json::Value::String(tekst) => {
            let code = tekst.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            let organisatie = tekst.starts_with("00000099");
            if tekst.len() > 3 && !code && !organisatie {
                gevonden.insert(tekst.clone());
            }
        }
        serde_json::Value::Array(lijst) => lijst.iter().for_each(|een| planten(een, gevonden)),
        serde_json::Value::Object(velden) => velden.values().for_each(|een| planten(een, gevonden)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_message_is_in_a_span_or_a_metric() {
    let map = tempfile::tempdir().unwrap();
    let (ontvanger, otlp) = Ontvanger::start().await;
    let (hub, mut rechtbank, operator) = hub(map.path(), &otlp).await;
    let bericht = voorbeeld("02-uitspraak.json", &[]);
    let text = voorbeeld_tekst("02-uitspraak.json", &[]);
    let mut geplant = BTreeSet::from([bericht.bericht_id.clone()]);
    planten(&serde_json::from_str(&text).unwrap(), &mut geplant);
    assert!(geplant.len() > 10 && geplant.iter().any(|tekst| tekst.starts_with("99999")), "{geplant:?}");

    let vraag_in = SubmitRequest { bericht: Some(bericht.clone()), ..Default::default() };
    let receipt = rechtbank.submit(vraag_in.clone()).await.unwrap().into_inner().receipt.unwrap();
    geplant.insert(receipt.maatregel_id.clone());
    rechtbank.submit(vraag_in).await.expect("a repetition");
    // Refused, by content and by bytes; with a person where a method or a trace should be.
    let mut fout = bericht.clone();
    fout.maatregel_id = "999990019".to_owned();
    rechtbank.submit(SubmitRequest { bericht: Some(fout), ..Default::default() }).await.expect_err("a case that is none");
    let mut gi = Exchange::new(channel(&hub.address, &voorbeeld_certs(), "gi").await);
    let post = gi.fetch(FetchRequest::default()).await.unwrap().into_inner();
    assert!(!post.leveringen.is_empty());
    let (_, metrics) = vraag(&operator, "/metrics").await;
    drop((rechtbank, gi));
    hub.sein("TERM");
    assert!(hub.einde(Duration::from_secs(8)).await.success());

    let alles = ontvanger.alles() + &metrics;
    assert!(alles.contains(SUBMIT) && alles.contains("ketenhub_accepted"));
    assert_eq!(gelekt(&geplant, &alles), [""; 0]);
    assert_eq!(gelekt(&geplant, "0.0518 1051800 a0518f"), [""; 0]);
    assert_eq!(gelekt(&geplant, &format!("code=\"0518\" x{}x", bericht.bericht_id)).len(), 2);
}

/// Which planted texts are in this one. Digits in the midst of a longer number or a hexadecimal one are not: a moment has them by chance.
pub fn gelekt<'a>(geplant: &'a BTreeSet<String>, alles: &str) -> Vec<&'a str> {
    let los = |geplant: &str, plek: usize| {
        let (voor, na) = (&alles[..plek], &alles[plek + geplant.len()..]);
        !voor.ends_with(|teken: char| teken.is_ascii_alphanumeric() || teken == '.')
            && !na.starts_with(|teken: char| teken.is_ascii_alphanumeric())
    };
    let staat_er = |tekst: &&str| {
        let getal = tekst.bytes().all(|teken| teken.is_ascii_digit());
        alles.match_indices(*tekst).any(|(plek, _)| !getal || los(tekst, plek))
    };
    geplant.iter().map(String::as_str).filter(staat_er).collect()
}
