//! Hubs: the real one passes every case, and for each case there is a front before it that breaks exactly that.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use jeugdketen_proto::raw;
use jeugdketen_proto::v1::{AcknowledgeRequest, AcknowledgeResponse, Bericht, FetchRequest, Rol, SubmitRequest, SubmitResponse};
use ketenhub::conform::bij_hub::{HUBGEVALLEN, speel};
use ketenhub::conform::loper::{Bevinding, Uitkomst};
use ketenhub::conform::pki::Toegang;
use ketenhub::conform::toneel::Toneel;
use ketenhub::conform::voorkant::{Ingreep, Methode, Stap, Voorkant};
use prost::Message as _;
use tonic::{Code, Status};

use super::klanten::{gezakt, toneel};

/// What breaks with a case because it cannot be had without it.
const SAMEN: &[(&str, &[&str])] = &[];

/// With nothing broken it is the hub itself that is tried.
async fn speel_alle(toneel: &Toneel, breuk: Option<&str>) -> Vec<Bevinding> {
    let toegang = match breuk {
        Some("HUB-05") => Toegang::Iedereen,
        Some("HUB-06") => Toegang::ElkeUitgever,
        Some("HUB-20") => Toegang::OokIngetrokken,
        _ => Toegang::Certificaat,
    };
    let mut spel = toneel.hubspel(toegang, Duration::from_secs(6), Duration::from_secs(3)).unwrap();
    if breuk.is_none() {
        spel.adres = toneel.hub().unwrap();
    }
    breek(&toneel.voorkant, breuk.unwrap_or_default());
    let mut alle = Vec::new();
    for geval in HUBGEVALLEN {
        alle.push(speel(&spel, geval).await);
    }
    alle
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_passes_every_case_in_every_role_and_each_case_is_played() {
    let mut gespeeld = BTreeSet::new();
    for rol in ketenhub::conform::ALLE {
        let bevindingen = speel_alle(&*toneel(*rol).await, None).await;
        let fout: Vec<_> = bevindingen.iter().filter(|een| gezakt(std::slice::from_ref(*een)).contains(&een.id)).collect();
        assert!(fout.is_empty(), "{rol:?}: {fout:#?}");
        gespeeld.extend(bevindingen.into_iter().filter(|een| een.uitkomst == Uitkomst::Geslaagd).map(|een| een.id));
    }
    assert_eq!(gespeeld, HUBGEVALLEN.iter().map(|geval| geval.id.to_owned()).collect::<BTreeSet<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn for_every_case_a_hub_that_breaks_it_fails_that_case_and_no_other() {
    let toneel = toneel(Rol::Gi).await;
    let mut verkeerd = Vec::new();
    for geval in HUBGEVALLEN {
        let bevindingen = speel_alle(&toneel, Some(geval.id)).await;
        let samen = SAMEN.iter().find(|(id, _)| *id == geval.id).map_or(&[][..], |(_, samen)| samen);
        let verwacht: BTreeSet<_> = samen.iter().chain([&geval.id]).map(|&id| id.to_owned()).collect();
        let gevonden = gezakt(&bevindingen);
        if gevonden != verwacht {
            let redenen: Vec<_> = bevindingen.iter().filter(|een| gevonden.contains(&een.id)).map(|een| (&een.id, &een.reden)).collect();
            verkeerd.push(format!("{}: found {redenen:?}", geval.id));
        }
    }
    assert!(verkeerd.is_empty(), "{}", verkeerd.join("\n"));
}

fn antwoord(anders: impl FnOnce(Result<Bytes, Status>) -> Result<Bytes, Status> + Send + 'static) -> Ingreep {
    Ingreep { antwoord: Some(Box::new(anders)), ..Ingreep::geen() }
}

/// In the place of one refusal another answer.
fn in_plaats_van(code: Code, anders: Result<Bytes, Status>) -> Ingreep {
    antwoord(move |gekregen| match gekregen {
        Err(status) if status.code() == code => anders,
        gekregen => gekregen,
    })
}

fn ingezonden(bytes: &Bytes) -> Option<Bericht> {
    SubmitRequest::decode(bytes.clone()).ok()?.bericht
}

fn anders_getekend(bytes: Bytes) -> Bytes {
    let mut antwoord = SubmitResponse::decode(bytes).unwrap();
    let ondertekening = antwoord.receipt.as_mut().unwrap().ondertekening.as_mut().unwrap();
    let mut handtekening = ondertekening.handtekening.to_vec();
    handtekening[0] ^= 1;
    ondertekening.handtekening = handtekening.into();
    antwoord.encode_to_vec().into()
}

/// A hub that accepts what it should refuse gives some receipt.
fn bewijs() -> Bytes {
    SubmitResponse { receipt: Some(Default::default()) }.encode_to_vec().into()
}

fn breek(voorkant: &Voorkant, geval: &str) {
    use Methode::{Acknowledge, Fetch, Submit};
    match geval {
        "HUB-01" => voorkant.bij(Submit, |_| Ingreep::verander(anders_getekend)),
        "HUB-02" => {
            let mut gezien = BTreeSet::new();
            voorkant.bij(Submit, move |oproep| {
                let id = ingezonden(oproep.bytes).map(|bericht| bericht.bericht_id);
                if gezien.insert(id) { Ingreep::geen() } else { Ingreep::verander(anders_getekend) }
            });
        }
        "HUB-03" => voorkant.bij(Submit, |_| in_plaats_van(Code::AlreadyExists, Ok(bewijs()))),
        "HUB-04" => voorkant.bij(Submit, |oproep| {
            // What is decoded and written again has lost what was unknown.
            let vraag = ingezonden(oproep.bytes).map(|bericht| SubmitRequest { bericht: Some(bericht), ..Default::default() });
            Ingreep { vraag: vraag.map(|vraag| vraag.encode_to_vec().into()), ..Ingreep::geen() }
        }),
        "HUB-07" => voorkant.bij(Submit, |_| in_plaats_van(Code::PermissionDenied, Ok(bewijs()))),
        "HUB-08" => voorkant.bij(Submit, |_| in_plaats_van(Code::OutOfRange, Err(Status::internal("too large")))),
        "HUB-09" => voorkant.bij(Submit, |oproep| {
            let id = ingezonden(oproep.bytes).map(|bericht| bericht.bericht_id).unwrap_or_default();
            antwoord(move |gekregen| {
                gekregen.map_err(|status| {
                    Status::with_details(status.code(), format!("{id}: {}", status.message()), status.details().to_vec().into())
                })
            })
        }),
        "HUB-10" => voorkant.bij(Submit, |oproep| {
            let leesbaar = ingezonden(oproep.bytes).is_some();
            antwoord(move |gekregen| if leesbaar { gekregen } else { Err(Status::internal("cannot be read")) })
        }),
        "HUB-11" => voorkant.bij(Submit, |_| in_plaats_van(Code::NotFound, Err(Status::failed_precondition("not your case")))),
        "HUB-12" => voorkant.bij(Acknowledge, |oproep| {
            let AcknowledgeRequest { tot_en_met } = AcknowledgeRequest::decode(oproep.bytes.clone()).unwrap();
            let gedaan = AcknowledgeResponse { bevestigd_tot_en_met: tot_en_met };
            in_plaats_van(Code::InvalidArgument, Ok(gedaan.encode_to_vec().into()))
        }),
        "HUB-13" => voorkant.bij_cursor(|_, na| na.filter(|na| *na < 1_000_000)),
        "HUB-14" => voorkant.bij(Fetch, |oproep| {
            let vraag = FetchRequest::decode(oproep.bytes.clone()).unwrap();
            let vraag = FetchRequest { maximaal: vraag.maximaal.min(500), ..vraag };
            Ingreep { vraag: Some(vraag.encode_to_vec().into()), ..Ingreep::geen() }
        }),
        "HUB-15" => voorkant.bij(Acknowledge, |oproep| {
            let AcknowledgeRequest { tot_en_met } = AcknowledgeRequest::decode(oproep.bytes.clone()).unwrap();
            let gedaan = AcknowledgeResponse { bevestigd_tot_en_met: tot_en_met };
            Ingreep::verander(move |_| gedaan.encode_to_vec().into())
        }),
        "HUB-16" => voorkant.zonder_stroom(),
        "HUB-17" => voorkant.zonder_hartslag(),
        "HUB-18" => voorkant.bij_levering(|mut levering| {
            levering.postvaknummer += 1;
            vec![Stap::levering(&levering)]
        }),
        "HUB-19" => voorkant.bij_levering(|mut levering| {
            if let Some(raw::Inhoud::Bericht(bytes)) = &levering.inhoud {
                let mut bericht = Bericht::decode(bytes.clone()).unwrap();
                bericht.correctie = Some(Default::default());
                levering.inhoud = Some(raw::Inhoud::Bericht(bericht.encode_to_vec().into()));
            }
            vec![Stap::levering(&levering)]
        }),
        "HUB-21" => voorkant.bij(Fetch, |_| in_plaats_van(Code::Unauthenticated, Ok(Bytes::new()))),
        _ => {}
    }
}
