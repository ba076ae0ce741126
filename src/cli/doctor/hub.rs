//! What only the hub can say: whether it can be reached, lets this certificate in, tells the same time and knows the participant. Each step
//! needs the one before it; after the first that fails the rest says so. What the hub says of the certificate is told at the check of the
//! own files that it is about.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use jeugdketen_proto::v1::audit_service_client::AuditServiceClient;
use jeugdketen_proto::v1::register_service_client::RegisterServiceClient;
use jeugdketen_proto::v1::{Deelnemer, GetCheckpointRequest, ListDeelnemersRequest, Rol, StatusDeelnemer};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;

use super::verslag::{Controle, Verslag};
use crate::audit::hoofd::Logsleutel;
use crate::identity::client::{ClientTls, VerbindFout, bereik, handdruk, luister, zoek};
use crate::identity::onderzoek::{Dossier, Keteneinde, einde_en_uitgever};
use crate::telemetry::meters::rol_naam;
use crate::time::Clock;
use crate::wire::client::{Adres, Uitleg, kanaal};

/// The difference between two clocks that is mentioned, and the one that is wrong: what a hub stamps is then another minute than here.
const VERSCHIL_GEZIEN: TimeDelta = TimeDelta::seconds(5);
const VERSCHIL_FOUT: TimeDelta = TimeDelta::seconds(60);
/// The `date` header counts whole seconds: on average half of one has passed.
const HALVE_SECONDE: TimeDelta = TimeDelta::milliseconds(500);
/// How long before its end the hub's certificate is mentioned.
const BIJNA: TimeDelta = TimeDelta::days(7);
/// How often the round trip is made.
const KEREN: usize = 3;

/// Checks step by step, as far as it comes.
pub(super) async fn keur(endpoint: &str, tls: &ClientTls, dossier: Option<&Dossier>, clock: &Clock, verslag: &mut Verslag) {
    let eigen_goed = verslag.is_goed();
    Controle::van_de_hub().for_each(|stap| verslag.over(stap, "not checked: first put right what is wrong above"));
    let Some(adres) = Adres::parse(endpoint) else {
        return verslag.fout(Controle::Address, format!("{endpoint:?} is not HOST:PORT"), "give the address as hub.example.nl:443");
    };
    verslag.goed(Controle::Address, format!("{} as {}", adres.adres, adres.naam));
    let Some(tcp) = weg(&adres, verslag).await else { return };
    // Looking at the hub's certificate needs none of our own; one that is wrong must not hide what else is.
    let config = if eigen_goed { tls.laad() } else { tls.laad_zonder_certificaat() };
    let config = match config {
        Ok(config) => config,
        Err(_) => return verslag.over(Controle::Tls, "not checked: the --ca file cannot be read"),
    };
    let Some(mut stroom) = hubcertificaat(&adres, tcp, Arc::clone(&config), clock, verslag).await else { return };
    let Some(dossier) = dossier.filter(|_| eigen_goed) else { return };
    if let Err(fout) = luister(&adres.adres, &adres.naam, &mut stroom).await {
        return geweigerd(&fout, dossier, verslag);
    }
    toegelaten(dossier, verslag);
    drop(stroom);
    match kanaal(&adres, config).await {
        Ok(kanaal) => gesprek(kanaal, dossier, clock, verslag).await,
        Err(fout) => verslag.fout_zin(Controle::RoundTrip, &fout.to_string()),
    }
}

async fn weg(adres: &Adres, verslag: &mut Verslag) -> Option<TcpStream> {
    let gevonden = match zoek(&adres.adres).await {
        Ok(gevonden) => gevonden,
        Err(fout) => {
            verslag.fout_zin(Controle::Dns, &fout.to_string());
            return None;
        }
    };
    let ips: Vec<_> = gevonden.iter().map(|adres| adres.ip().to_string()).collect();
    verslag.goed(Controle::Dns, ips.join(", "));
    let begin = Instant::now();
    match bereik(&adres.adres, &gevonden).await {
        Ok(tcp) => {
            verslag.goed(Controle::Tcp, format!("connected in {}", duur(begin.elapsed())));
            Some(tcp)
        }
        Err(fout) => {
            verslag.fout_zin(Controle::Tcp, &fout.to_string());
            None
        }
    }
}

async fn hubcertificaat(
    adres: &Adres,
    tcp: TcpStream,
    config: Arc<ClientConfig>,
    clock: &Clock,
    verslag: &mut Verslag,
) -> Option<TlsStream<TcpStream>> {
    let fout = match handdruk(&adres.adres, &adres.naam, tcp, config).await {
        Ok(stroom) => {
            gezien(adres, &stroom, clock, verslag);
            return Some(stroom);
        }
        Err(fout) => fout,
    };
    let zin = fout.to_string();
    match fout {
        VerbindFout::HubNietVertrouwd | VerbindFout::HubNietGeldig(_) | VerbindFout::HubOngeldig(_) => {
            verslag.goed(Controle::Tls, "TLS 1.3");
            verslag.fout_zin(Controle::HubCertificate, &zin);
        }
        // The chain is verified before the name.
        VerbindFout::HubAndereNaam { .. } => {
            verslag.goed(Controle::Tls, "TLS 1.3");
            verslag.goed(Controle::HubCertificate, "issued by a CA of the --ca file");
            verslag.fout_zin(Controle::HubName, &zin);
        }
        VerbindFout::Naam(_) => verslag.fout_zin(Controle::HubName, &zin),
        _ => verslag.fout_zin(Controle::Tls, &zin),
    }
    None
}

fn gezien(adres: &Adres, stroom: &TlsStream<TcpStream>, clock: &Clock, verslag: &mut Verslag) {
    let verbinding = stroom.get_ref().1;
    let wijze = verbinding.negotiated_cipher_suite().map(|wijze| format!("{:?}", wijze.suite())).unwrap_or_default();
    verslag.goed(Controle::Tls, format!("TLS 1.3, {wijze}"));
    verslag.goed(Controle::HubName, format!("the certificate is for {}", adres.naam));
    let eerste = verbinding.peer_certificates().and_then(|keten| keten.first());
    let Some((einde, uitgever)) = eerste.and_then(einde_en_uitgever) else {
        return verslag.goed(Controle::HubCertificate, "issued by a CA of the --ca file");
    };
    let tekst = format!("issued by {uitgever}, until {}", einde.format("%Y-%m-%d"));
    if einde - clock.now() < BIJNA {
        return verslag.letop(Controle::HubCertificate, tekst, "tell the operator of the hub that its certificate ends");
    }
    verslag.goed(Controle::HubCertificate, tekst);
}

/// The hub sent an alert about our certificate.
fn geweigerd(fout: &VerbindFout, dossier: &Dossier, verslag: &mut Verslag) {
    let zin = fout.to_string();
    match fout {
        VerbindFout::Ingetrokken => verslag.fout_zin(Controle::Revocation, &zin),
        VerbindFout::Verlopen => verslag.fout(
            Controle::Clock,
            "the hub finds your certificate not valid now, and by the clock of this machine it is",
            "set the clock of this machine by a time server; if it is right, tell the operator of the hub",
        ),
        // Our issuer is the hub's own: it is its list that fails.
        VerbindFout::OnbekendeCa if dossier.keten() != Ok(Keteneinde::Ca) => verslag.fout(
            Controle::Chain,
            "the hub does not accept the issuer of your certificate",
            "use a certificate of a CA that the hub accepts, with every intermediate in the file",
        ),
        VerbindFout::VerkeerdDoel => verslag.fout_zin(Controle::Usage, &zin),
        VerbindFout::OinOngeldig => verslag.fout_zin(Controle::Identity, &zin),
        VerbindFout::CertificaatOngeldig(_) => verslag.fout_zin(Controle::Chain, &zin),
        _ => verslag.fout_zin(Controle::Accepted, &zin),
    }
}

fn toegelaten(dossier: &Dossier, verslag: &mut Verslag) {
    verslag.goed(Controle::Accepted, "the hub lets your certificate in");
    if dossier.keten() == Ok(Keteneinde::Onbekend) {
        verslag.goed(Controle::Chain, "ends at another CA than the hub's, which the hub accepts");
    }
    // A list that was given says it itself.
    verslag.goed_als_over(Controle::Revocation, "not on the list of the hub");
}

async fn gesprek(kanaal: Channel, dossier: &Dossier, clock: &Clock, verslag: &mut Verslag) {
    let van = clock.now();
    let antwoord = RegisterServiceClient::new(kanaal.clone()).list_deelnemers(ListDeelnemersRequest { rol: Rol::Unspecified.into() }).await;
    let midden = van + (clock.now() - van) / 2;
    let metadata = antwoord.as_ref().map_or_else(|status| status.metadata(), |antwoord| antwoord.metadata());
    klok(metadata, midden, verslag);
    let deelnemers = match antwoord {
        Ok(antwoord) => antwoord.into_inner().deelnemers,
        Err(status) => {
            let uitleg = Uitleg::van(&status);
            let controle = if uitleg.over_deelname() { Controle::Register } else { Controle::RoundTrip };
            return verslag.fout(controle, uitleg.kop(), uitleg.doe());
        }
    };
    let oin = dossier.identiteit().map(|wie| wie.oin.to_string()).unwrap_or_default();
    match deelnemers.iter().find(|deelnemer| deelnemer.oin == oin) {
        Some(deelnemer) => register(deelnemer, clock, verslag),
        None => verslag.fout(Controle::Register, format!("{oin} is not in the register"), "ask the operator of the hub to add you"),
    }
    heen_en_weer(kanaal, verslag).await;
}

fn klok(metadata: &MetadataMap, hier: DateTime<Utc>, verslag: &mut Verslag) {
    let datum = metadata.get("date").and_then(|datum| datum.to_str().ok());
    let Some(daar) = datum.and_then(|datum| DateTime::parse_from_rfc2822(datum).ok()) else {
        return verslag.over(Controle::Clock, "the hub does not say what time it is");
    };
    let verschil = daar.to_utc() + HALVE_SECONDE - hier;
    let richting = if verschil > TimeDelta::zero() { "behind" } else { "ahead of" };
    let gezien = format!("this machine is {} s {richting} the hub", verschil.abs().num_seconds());
    let doe = "set the clock of this machine by a time server (NTP); if it is right, tell the operator of the hub";
    match verschil.abs() {
        groot if groot > VERSCHIL_FOUT => verslag.fout(Controle::Clock, gezien, doe),
        groot if groot > VERSCHIL_GEZIEN => verslag.letop(Controle::Clock, gezien, doe),
        _ => verslag.goed(Controle::Clock, "this machine and the hub tell the same time"),
    }
}

fn register(deelnemer: &Deelnemer, clock: &Clock, verslag: &mut Verslag) {
    let wie = format!("{} {}", rol_naam(deelnemer.rol()), deelnemer.naam);
    if deelnemer.status() == StatusDeelnemer::Beeindigingscertificaat {
        let doe = "you go on with your cases; new ones come with a warning to the court (R12)";
        return verslag.letop(Controle::Register, format!("{wie}, with a wind-down certificate"), doe);
    }
    if !deelnemer.geldig_tot_en_met.is_empty() {
        let laatste = &deelnemer.geldig_tot_en_met;
        let bijna = laatste.parse().is_ok_and(|laatste: chrono::NaiveDate| laatste - clock.today() < TimeDelta::days(30));
        if bijna {
            let doe = "ask the operator of the hub whether that is meant";
            return verslag.letop(Controle::Register, format!("{wie}, until {laatste}"), doe);
        }
    }
    verslag.goed(Controle::Register, format!("{wie}, takes part"));
}

/// Asks for the last checkpoint of the audit log and verifies it: that goes to the database and back, and leaves nothing behind.
async fn heen_en_weer(kanaal: Channel, verslag: &mut Verslag) {
    let mut audit = AuditServiceClient::new(kanaal);
    let mut duren = Vec::new();
    for _ in 0..KEREN {
        let begin = Instant::now();
        let antwoord = match audit.get_checkpoint(GetCheckpointRequest {}).await {
            Ok(antwoord) => antwoord.into_inner(),
            Err(status) => {
                let uitleg = Uitleg::van(&status);
                return verslag.fout(Controle::RoundTrip, uitleg.kop(), uitleg.doe());
            }
        };
        duren.push(begin.elapsed());
        let sleutel = Logsleutel::parse(&antwoord.sleutel);
        if sleutel.and_then(|sleutel| sleutel.verifieer(&antwoord.checkpoint).ok()).is_none() {
            let doe = "ask the operator of the hub to look at its audit log";
            return verslag.fout(Controle::RoundTrip, "the hub answers with a checkpoint that does not verify", doe);
        }
    }
    duren.sort();
    verslag.goed(Controle::RoundTrip, format!("{} to the database of the hub and back", duur(duren[duren.len() / 2])));
}

fn duur(duur: Duration) -> String {
    format!("{:.1} ms", duur.as_secs_f64() * 1e3)
}
