//! What is done before a hub serves: its database is opened and its audit log compared with its seal, the vault, the register and the
//! policy are read. Each step refuses by itself; their order is that of `hub`.

use std::path::Path;

use arc_swap::ArcSwap;
use jeugdketen_proto::v1;

use super::{HubFout, tls_bestanden};
use crate::audit::keuring::{Keuring, keur};
use crate::audit::{Journaal, stand};
use crate::config::{self, Config};
use crate::domain::beleid::{Beleid, Norm2Begin};
use crate::domain::dagen::Kalender;
use crate::domain::deelnemer::Deelnemer;
use crate::domain::ids::Oin;
use crate::domain::register::Register;
use crate::identity::certificaat::KlantCertificaat;
use crate::identity::register::LiveRegister;
use crate::identity::tls::TlsBestanden;
use crate::json;
use crate::kluis::{self, Bron, KENMERK, Kluis, PSEUDONIEM, Ring};
use crate::receipt::Sleutel;
use crate::store::audit::Aantekening;
use crate::store::{Store, bewaring, deelnemers, lees_reeks, schrijf_reeks, sleutels};
use crate::time::Clock;

pub(super) fn eigen_oin(files: &TlsBestanden) -> Result<Oin, HubFout> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let eigen = CertificateDer::from_pem_file(&files.certificaat).map_err(|_| HubFout::HubZonderOin)?;
    KlantCertificaat::lees(&eigen).map(|certificaat| certificaat.oin).map_err(|_| HubFout::HubZonderOin)
}

/// Opens the database and brings its schema up to date; makes the folder of a SQLite file.
pub async fn open_store(config: &Config) -> Result<Store, HubFout> {
    if let Some(folder) = config.database.strip_prefix("sqlite:").and_then(|path| Path::new(path).parent()) {
        std::fs::create_dir_all(folder).map_err(|error| HubFout::Io(format!("cannot make {}", folder.display()), error))?;
    }
    let store = match config.onveilig_duurzaamheid {
        None => Store::open(&config.database).await?,
        Some(_) => zonder_waarborg(&config.database).await?,
    };
    store.migrate().await?;
    Ok(store)
}

/// Opens a database that may lose what was acknowledged. The configuration says that this is accepted; the log says it again at each start.
async fn zonder_waarborg(url: &str) -> Result<Store, HubFout> {
    let (store, reden) = Store::open_zonder_waarborg(url).await?;
    match reden {
        Some(reden) => tracing::error!(
            reden,
            "RECEIPTS MAY BE LOST: the database says \"done\" before it is durable, and the configuration accepts it"
        ),
        None => tracing::warn!("onveilig_duurzaamheid is set and not needed: the database is durable; leave it out"),
    }
    Ok(store)
}

/// The audit log that a configuration names.
pub fn journaal(config: &Config) -> Result<Journaal, HubFout> {
    Ok(Journaal::nieuw(config.audit.origin.clone(), Sleutel::laad_of_maak(&config.audit.key)?))
}

/// The database of a configuration with what opens it, for work beside a hub.
pub async fn open_met_kluis(config: &Config) -> Result<(Store, Kluis), HubFout> {
    let store = open_store(config).await?;
    let hub = eigen_oin(&tls_bestanden(config))?;
    let kluis = open_kluis(&config.kluis, &store, &journaal(config)?, hub, &Clock::machine()).await?;
    Ok((store, kluis))
}

/// Opens the vault: reads the master keys, making one when the database is empty and they come from a file, and the keys of the hub.
pub async fn open_kluis(config: &config::Kluis, store: &Store, journaal: &Journaal, hub: Oin, clock: &Clock) -> Result<Kluis, HubFout> {
    let bron = match config.opdracht.is_empty() {
        true => Bron::Bestand(config.hoofdsleutels.clone()),
        false => Bron::Opdracht(config.opdracht.clone()),
    };
    let (mut tx, mut reeks) = store.write().await?;
    let mut hubsleutels = sleutels::hub(&mut tx.conn()).await?;
    // Only who has nothing yet gets a new master key: elsewhere it would open nothing.
    if let (Bron::Bestand(file), true) = (&bron, hubsleutels.is_empty())
        && !file.exists()
    {
        kluis::voeg_toe(file)?;
    }
    let ring = Ring::lees(&bron)?;
    bewaring::begin(&mut tx.conn(), i64::from(config.bewaartermijn_dagen)).await?;
    if hubsleutels.is_empty() {
        let nu = clock.micros();
        hubsleutels =
            [KENMERK, PSEUDONIEM].map(|soort| Kluis::nieuwe_hubsleutel(&ring, soort, 1, nu)).into_iter().collect::<Result<_, _>>()?;
        sleutels::schrijf_hub(&mut tx.conn(), &hubsleutels).await?;
        let aantekening = Aantekening::sleutel((hub, v1::Rol::Hub), "NIEUW");
        journaal.boek(&mut tx.conn(), &mut reeks, nu, vec![aantekening]).await?;
        schrijf_reeks(&mut tx.conn(), &reeks).await?;
    }
    tx.commit().await?;
    Ok(Kluis::nieuw(Some(bron), ring, &hubsleutels)?)
}

/// Refuses a database whose audit log is not as it was sealed. There is no way around it: what to do is for people to decide.
pub(super) async fn keur_audit(config: &Config, store: &Store, journaal: &Journaal) -> Result<(), HubFout> {
    let pad = &config.audit.stand;
    let bewaard = stand::lees(pad).map_err(|error| HubFout::Io(format!("cannot read {}", pad.display()), error))?;
    let keuring = keur(store, &journaal.publiek(), bewaard.as_deref(), |_, _| ()).await?;
    if !keuring.is_goed() {
        return Err(HubFout::Audit(Box::new(keuring)));
    }
    if bewaard.is_none() && keuring.records > 0 {
        tracing::warn!(file = %pad.display(), "no checkpoint outside the database: whether it was put back cannot be seen this once");
    }
    tracing::info!(records = keuring.records, key = %journaal.publiek(), "the audit log is whole");
    Ok(())
}

pub(super) fn weigering(keuring: &Keuring) -> String {
    let mut text = "the audit log is not as it was sealed, so the hub does not start".to_owned();
    for gebrek in keuring.gebreken.iter().take(10) {
        text.push_str(&format!("\n  {gebrek}"));
    }
    let meer = keuring.gebreken.len().saturating_sub(10) + keuring.meer;
    if meer > 0 {
        text.push_str(&format!("\n  and {meer} more; `ketenhub audit fsck` names them"));
    }
    text.push_str("\nkeep this database as it is for who investigates, and restore one that is whole and has every signed record");
    text
}

/// Reads the register, filling it from the seed while it is empty, and puts the public receipt key on record.
pub(super) async fn begin_register(
    config: &Config,
    store: &Store,
    sleutel: &ArcSwap<Sleutel>,
    clock: &Clock,
) -> Result<LiveRegister, HubFout> {
    let (mut tx, _) = store.write().await?;
    let sleutel = sleutel.load();
    sleutels::bewaar(&mut tx.conn(), sleutel.id(), sleutel.publiek(), clock.micros()).await?;
    let mut alle = deelnemers::alle(&mut tx.conn()).await?;
    if let (true, Some(seed)) = (alle.is_empty(), &config.register_seed) {
        let shown = seed.display().to_string();
        let text = std::fs::read_to_string(seed).map_err(|error| HubFout::Io(format!("cannot read {shown}"), error))?;
        alle = lees_deelnemers(&text).map_err(|reden| HubFout::Register(shown, reden))?;
        deelnemers::schrijf(&mut tx.conn(), &alle).await?;
    }
    let versie = lees_reeks(&mut tx.conn()).await?.register;
    tx.commit().await?;
    if alle.is_empty() {
        tracing::warn!("the register is empty: nobody can use this hub; name a register_seed");
    }
    Ok(LiveRegister::new(versie, Register::new(alle)))
}

/// The policy of the norm clocks: what the operator sets of it, and the norms as they are.
pub fn beleid(config: &Config) -> Result<Beleid, HubFout> {
    let gezet = &config.beleid;
    Ok(Beleid {
        naam: gezet.naam.clone(),
        kennisgeving_werkdagen: gezet.kennisgeving_werkdagen,
        norm2_begin: match gezet.norm2_begin {
            config::Norm2Begin::UitgesprokenOp => Norm2Begin::Uitgesproken,
            config::Norm2Begin::OntvangenOp => Norm2Begin::Ontvangen,
        },
        verleng: gezet.verleng_bij_weekend_feestdag,
        kalender: kalender(gezet.aangewezen_dagen.as_deref())?,
        ..Beleid::default()
    })
}

/// The calendar with the equated days of a file, one a line.
pub fn kalender(aangewezen: Option<&Path>) -> Result<Kalender, HubFout> {
    let Some(file) = aangewezen else { return Ok(Kalender::default()) };
    let text = std::fs::read_to_string(file).map_err(|error| HubFout::Io(format!("cannot read {}", file.display()), error))?;
    Kalender::lees(&text).map_err(|fout| HubFout::Dagen(file.to_owned(), fout))
}

/// Reads participants from a JSON array.
pub fn lees_deelnemers(text: &str) -> Result<Vec<Deelnemer>, String> {
    let lijst: Vec<v1::Deelnemer> = json::read_list(text).map_err(|error| error.to_string())?;
    let lees = |(index, deelnemer): (usize, &v1::Deelnemer)| {
        Deelnemer::lees(deelnemer).map_err(|faults| {
            let faults: Vec<_> = faults.iter().map(|fault| format!("{}: {}", fault.veld, fault.reden)).collect();
            format!("participant {index}: {}", faults.join("; "))
        })
    };
    lijst.iter().enumerate().map(lees).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(beleid: config::Beleid) -> Config {
        Config { beleid, ..Config::on_loopback(Path::new("certs-example"), Path::new("data"), 0) }
    }

    #[test]
    fn a_configuration_that_sets_nothing_gives_the_policy_of_the_report() {
        assert_eq!(beleid(&met(config::Beleid::default())).unwrap(), Beleid::default());
    }

    #[test]
    fn every_setting_of_the_policy_is_in_force() {
        let map = tempfile::tempdir().unwrap();
        let toml = "naam = \"proef-2026\"\nkennisgeving_werkdagen = 2\nnorm2_begin = \"ontvangen_op\"\n\
            verleng_bij_weekend_feestdag = true\naangewezen_dagen = \"dagen.txt\"\n";
        let voorbeeld = std::fs::read_to_string("ketenhub.example.toml").unwrap();
        let (andere, _) = voorbeeld.split_once("[beleid]").unwrap();
        let file = map.path().join("hub.toml");
        std::fs::write(&file, format!("{andere}[beleid]\n{toml}")).unwrap();
        // The path is relative to the configuration.
        std::fs::write(map.path().join("dagen.txt"), "2021-05-14 # Friday after Hemelvaart\n").unwrap();
        let wordt = Beleid {
            naam: "proef-2026".to_owned(),
            kennisgeving_werkdagen: 2,
            norm2_begin: Norm2Begin::Ontvangen,
            verleng: true,
            kalender: Kalender::new(chrono::NaiveDate::from_ymd_opt(2021, 5, 14)),
            ..Beleid::default()
        };
        assert_eq!(beleid(&Config::load(&file).unwrap()).unwrap(), wordt);
    }

    #[test]
    fn a_file_of_equated_days_that_cannot_be_used_is_named_with_its_line() {
        let map = tempfile::tempdir().unwrap();
        let file = map.path().join("dagen.txt");
        let config = met(config::Beleid { aangewezen_dagen: Some(file.clone()), ..config::Beleid::default() });
        let shown = file.display();
        assert_eq!(beleid(&config).unwrap_err().to_string(), format!("cannot read {shown}"));
        std::fs::write(&file, "2021-05-14\n\n14-05-2021\n").unwrap();
        assert_eq!(beleid(&config).unwrap_err().to_string(), format!("{shown}: line 3 is no date yyyy-mm-dd"));
    }
}
