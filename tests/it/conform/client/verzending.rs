//! Submitting: one message after another, each until there is a receipt for it or a refusal that is final.

use std::time::Duration;

use jeugdketen_proto::v1::bericht::Inhoud;
use jeugdketen_proto::v1::{Bericht, StandCapaciteit, SubmitRequest, SubmitResponse, Waarschuwing};
use ketenhub::conform::logboek::Melding;
use ketenhub::json;
use ketenhub::receipt::{sha256, verifieer};
use ketenhub::time::Clock;
use prost::Message as _;
use tokio::time::{sleep, timeout};
use tonic::{Code, Status};

use super::lijn::Lijn;
use super::{Klant, PAUZE, is_breuk, reden, wanneer};

/// What became of one message.
enum Afloop {
    Aanvaard,
    Geweigerd,
    Later,
}

/// Submits what lies in the folder, and ends.
pub async fn verzend(klant: Klant) {
    let mut bestanden: Vec<_> = std::fs::read_dir(&klant.opdracht.berichten).unwrap().map(|file| file.unwrap().path()).collect();
    bestanden.sort();
    let mut berichten: Vec<Bericht> =
        bestanden.iter().map(|file| json::read(&std::fs::read_to_string(file).unwrap()).unwrap()).rev().collect();
    while let Some(bericht) = berichten.pop() {
        match een(&klant, bericht.clone()).await {
            Afloop::Geweigerd if klant.breekt("INZ-13") => return,
            Afloop::Later => berichten.insert(0, bericht),
            Afloop::Aanvaard | Afloop::Geweigerd => {}
        }
    }
}

async fn een(klant: &Klant, mut bericht: Bericht) -> Afloop {
    if let (true, Some(Inhoud::Capaciteit(capaciteit))) = (klant.breekt("INZ-01"), &mut bericht.inhoud)
        && capaciteit.stand() == StandCapaciteit::Krap
    {
        capaciteit.set_stand(StandCapaciteit::Vol);
    }
    let mut pogingen = 0;
    loop {
        pogingen += 1;
        let status = match poging(klant, &bericht).await {
            Ok(bytes) => return bewijs(klant, &bericht, bytes, pogingen),
            Err(status) => status,
        };
        let nieuw_id = (klant.breekt("INZ-04") && is_breuk(&status))
            || (klant.breekt("INZ-12") && status.code() == Code::DeadlineExceeded)
            || (klant.breekt("AFW-01") && status.code() == Code::AlreadyExists);
        if nieuw_id {
            bericht.bericht_id = Clock::machine().new_id().to_string();
            continue;
        }
        let tijdelijk = is_breuk(&status) || matches!(status.code(), Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded);
        let geeft_op = klant.breekt("INZ-03") && reden(&status) == "DATABASE_NIET_BESCHIKBAAR";
        if tijdelijk && !geeft_op {
            if klant.breekt("INZ-11") && reden(&status) == "HUB_STOPT" {
                return Afloop::Later;
            }
            let wacht = if klant.breekt("INZ-05") { None } else { wanneer(&status) };
            sleep(wacht.unwrap_or(PAUZE)).await;
            continue;
        }
        if herhaalt_toch(klant, &status) && pogingen < 3 {
            continue;
        }
        klant.log.meld(Melding::Geweigerd { bericht_id: bericht.bericht_id, reden: reden(&status) });
        return Afloop::Geweigerd;
    }
}

/// What the broken client repeats although it was refused for good.
fn herhaalt_toch(klant: &Klant, status: &Status) -> bool {
    match status.code() {
        Code::InvalidArgument => klant.breekt("INZ-07"),
        Code::PermissionDenied => klant.breekt("INZ-08"),
        Code::FailedPrecondition => klant.breekt("INZ-09"),
        Code::NotFound => klant.breekt("INZ-10"),
        _ => false,
    }
}

async fn poging(klant: &Klant, bericht: &Bericht) -> Result<bytes::Bytes, Status> {
    let geduld = if klant.breekt("INZ-12") { Duration::from_millis(250) } else { Duration::from_secs(60) };
    let vraag = SubmitRequest { bericht: Some(bericht.clone()), ..Default::default() };
    let werk = async {
        let mut lijn = Lijn::open(klant).await.map_err(|fout| Status::from_error(Box::new(fout)))?;
        lijn.vraag("Submit", &vraag).await
    };
    timeout(geduld, werk).await.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer")))
}

/// Verifies the receipt, and keeps it.
fn bewijs(klant: &Klant, bericht: &Bericht, bytes: bytes::Bytes, pogingen: u32) -> Afloop {
    let antwoord = SubmitResponse::decode(bytes.clone()).unwrap();
    let vreemd = klant.breekt("VLD-06") && antwoord.encoded_len() != bytes.len();
    let receipt = antwoord.receipt.unwrap_or_default();
    let klopt = verifieer(&receipt, &klant.opdracht.sleutel).is_ok() || klant.breekt("BWS-01");
    let van_dit = receipt.bericht_id == bericht.bericht_id && receipt.digest == sha256(&bericht.encode_to_vec()).as_slice();
    let aanvaard_op = receipt.aanvaard_op.map_or(0, |op| op.seconds * 1_000_000 + i64::from(op.nanos) / 1000);
    let te_oud = klant.breekt("AFW-02") && aanvaard_op < klant.begin;
    if vreemd || te_oud || !klopt || !(van_dit || klant.breekt("BWS-02")) {
        klant.log.meld(Melding::Alarm("ONTVANGSTBEWIJS".to_owned()));
        return Afloop::Geweigerd;
    }
    for waarschuwing in receipt.waarschuwingen.iter().filter(|_| !klant.breekt("BWS-03")) {
        let naam = Waarschuwing::try_from(*waarschuwing).map_or("ONBEKEND", |waarschuwing| waarschuwing.as_str_name());
        klant.log.meld(Melding::Waarschuwing { bericht_id: bericht.bericht_id.clone(), waarschuwing: naam.to_owned() });
    }
    if klant.breekt("INZ-02") {
        return Afloop::Aanvaard;
    }
    let keer = if klant.breekt("INZ-06") { pogingen } else { 1 };
    for _ in 0..keer {
        klant.log.meld(Melding::Ontvangstbewijs { bericht_id: bericht.bericht_id.clone(), volgnummer: receipt.volgnummer });
    }
    Afloop::Aanvaard
}
